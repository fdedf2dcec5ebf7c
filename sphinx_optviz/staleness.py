"""Why the store has no result for a run: what its entries that nothing uses any more say of themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sphinx_optviz.runs import RUN_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from sphinx_optviz.runs import Run

# Bytes of an entry that hold its first two lines.
_START = 100_000


def unused_entries(folder: Path, used: Collection[str]) -> list[Path]:
    """The entries in the store *folder* whose keys are not among *used*; other files are none of ours."""
    entries = (path for path in folder.glob("*.jsonl") if _is_key(path.stem) and not path.is_dir())
    return sorted(path for path in entries if path.stem not in used)


def _is_key(name: str) -> bool:
    return len(name) == 32 and set(name) <= set("0123456789abcdef")


def descriptions(paths: Sequence[Path]) -> list[Mapping[str, Any]]:
    """What the entries say they are: their first two lines in one. For people; nothing in it is trusted."""
    return [found for path in paths if (found := description(path)) is not None]


def description(path: Path) -> Mapping[str, Any] | None:
    """What one entry says it is; None where nothing can be read."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            first, second, *_ = file.read(_START).split(b"\n")
        return {**json.loads(second), **json.loads(first)}
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def reason(run: Run, unused: Sequence[Mapping[str, Any]]) -> str:
    """Why there is no result of *run*, by the entries that nothing uses; "never run" if none explains it."""
    arguments = {
        "functions": list(run.functions),
        "operations": list(run.operations),
        "axes": [[axis.low, axis.high, axis.count] for axis in run.axes],
        "through": run.through and [list(part) for part in run.through],
        "samples": run.samples,
    }
    same_framework = [entry for entry in unused if entry.get("framework") == run.framework]
    for entry in same_framework:
        if entry.get("optviz") != RUN_SCHEMA and entry.get("axes") == arguments["axes"]:
            return f"schema changed: stored in format {entry.get('optviz')}, this version needs {RUN_SCHEMA}"
    mine = [entry for entry in same_framework if entry.get("optviz") == RUN_SCHEMA]
    of_landscape = [entry for entry in mine if entry.get("landscape") == run.label]
    if any(all(entry.get(name) == value for name, value in arguments.items()) for entry in of_landscape):
        return "source changed"
    # An entry of the other kind, to draw or to compare, is no earlier form of this one.
    alike = [entry for entry in mine if entry.get("operations") == arguments["operations"]]
    for entry in alike:
        if entry.get("source") == run.source.digest:
            return f"arguments changed: {_differences(entry, arguments)}"
    if any(entry.get("landscape") == run.label for entry in alike):
        return "source and arguments changed"
    return "never run"


def _differences(entry: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    changed = [name for name, value in arguments.items() if entry.get(name) != value]
    return ", ".join(f"{name} {json.dumps(entry.get(name))}, now {json.dumps(arguments[name])}" for name in changed)
