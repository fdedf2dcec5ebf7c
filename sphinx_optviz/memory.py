"""What the last build came to, for the next one if nothing has changed: then nothing needs to be looked at again.

A build that warned of anything is not kept, so that it warns again. "Changed" is judged by time, size and inode of each
file, as version control does; the store's entries are checked by content whenever one of these differs.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sphinx_optviz.files import write_file
from sphinx_optviz.model import Download, Number, Place, Placement, Shown, Tab

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# Bump it when the shape of the file changes.
_FORMAT = 5

# Clocks of file systems tick up to this often, in nanoseconds: a file can change twice within one tick.
_TICK = 20_000_000

Placements = dict[Place, Placement]
Numbers = dict[tuple[str, str], Number]


class BuildMemory:
    """One file among the doctrees, for builders that take figures of the same format."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._path = folder / f"last-{suffix or 'without'}.json"
        self._started = time.time_ns()

    def recall(self, asked: str) -> tuple[Placements, Numbers, dict[str, str]] | None:
        """What pages show, by directive and expression, and its digests by document; None if anything may be different.

        *asked* is a digest of all that the build depends on and that is no file.
        """
        try:
            kept = json.loads(self._path.read_bytes())
            if kept["format"] != _FORMAT or kept["asked"] != asked:
                return None
            if any(_stamp(path) != stamp for path, stamp in kept["files"].items()):
                return None
            placements = {(docname, index): _placement(fields) for docname, index, fields in kept["placements"]}
            numbers = {(docname, asked_for): Number(**fields) for docname, asked_for, fields in kept["numbers"]}
            return placements, numbers, dict(kept["shown"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def keep(
        self,
        asked: str,
        placements: Mapping[Place, Placement],
        numbers: Mapping[tuple[str, str], Number],
        shown: Mapping[str, str],
        *,
        read: Iterable[str],
        written: Iterable[str],
    ) -> None:
        """Keep what *placements* and *numbers* show, and the files behind it, those that must not be there included.

        Nothing is kept if a file that was *read* may have changed since; *written* are this build's own.
        """
        files = {path: _stamp(path) for path in read}
        if any(stamp and max(stamp[:2]) > self._started - _TICK for stamp in files.values()):
            return
        files |= {path: _stamp(path) for path in written}
        content = {
            "format": _FORMAT,
            "asked": asked,
            "files": files,
            "placements": [[*place, asdict(placement)] for place, placement in placements.items()],
            "numbers": [[*place, asdict(number)] for place, number in numbers.items()],
            "shown": dict(shown),
        }
        with contextlib.suppress(OSError):
            write_file(self._path, json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    def forget(self) -> None:
        """The next build looks at everything."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _stamp(path: str) -> list[int] | None:
    """What changes when a file does; None if there is none. Strings: thousands of these make a build."""
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib takes longer than the system
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


def _placement(fields: dict[str, Any]) -> Placement:
    tabs = tuple(_tab(tab) for tab in fields["tabs"])
    sequences = {name: tuple(fields[name]) for name in ("images", "description", "notes", "problems")}
    download = fields["download"] and _download(fields["download"])
    return Placement(**{**fields, **sequences, "tabs": tabs, "download": download})


def _download(fields: dict[str, Any]) -> Download:
    code = {name: tuple(texts) for name, texts in fields["code"].items()}
    landscapes = tuple((name, tuple(functions)) for name, functions in fields["landscapes"])
    modules = {name: tuple(map(tuple, found)) for name, found in fields["modules"].items()}
    files = tuple(map(tuple, fields["files"]))
    return Download(**{**fields, "code": code, "landscapes": landscapes, "modules": modules, "files": files})


def _tab(fields: dict[str, Any]) -> Tab:
    outputs = tuple(Shown(output["kind"], tuple(map(tuple, output["forms"]))) for output in fields["outputs"])
    return Tab(**{**fields, "code": tuple(fields["code"]), "outputs": outputs})
