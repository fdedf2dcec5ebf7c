"""Which pages have to be written again because what they show has changed, though their source has not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sphinx_optviz.files import write_file
from sphinx_optviz.model import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sphinx.builders import Builder


class PageMemory:
    """What the pages of one builder and output folder showed when they were last written.

    Sphinx compares the time of a page with that of its source only. Where several builders share their doctrees, it
    also tells only the first of them which documents were read again.
    """

    def __init__(self, folder: Path, builder: Builder) -> None:
        self._path = folder / f"shown-{builder.name}-{digest_of(str(builder.outdir))[:12]}.json"

    def changed(self, shown: Mapping[str, str], all_documents: Iterable[str]) -> list[str]:
        """Those documents of *shown*, docname to digest, that do not show what was last written.

        *all_documents* if that is not known: a build that was killed may have left any page half written, and Sphinx
        would take it for up to date.
        """
        try:
            written = dict(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return sorted(all_documents)
        return sorted(docname for docname, digest in shown.items() if written.get(docname) != digest)

    def forget(self) -> None:
        """Call before pages are written."""
        self._path.unlink(missing_ok=True)

    def remember(self, shown: Mapping[str, str]) -> None:
        """Keep *shown* for the next build: all pages have been written."""
        write_file(self._path, json.dumps(dict(shown), indent=0, sort_keys=True).encode())
