"""What the check builder reports: a row for each framework of each plot and cell, on the terminal and in files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast
from xml.etree import ElementTree

from sphinx_optviz.frameworks import framework
from sphinx_optviz.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

# In optcheck.json: bump it when a field changes its meaning.
_FORMAT = 1

Status = Literal["ran", "stored", "stale", "missing", "failed", "no code"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One framework of one plot or cell."""

    document: str
    source: str  # the file that holds the directive
    line: int
    landscapes: tuple[str, ...]  # or the name of the cell
    framework: str
    status: Status
    why: str = ""  # it is stale, missing or failed, or was run again
    version: str = ""
    dtype: str = ""
    agreement: str = ""  # "reference", "agrees", "disagrees", or "" where nothing was compared
    differences: dict[str, float] | None = None  # the largest ones, by quantity
    finding: str = ""  # what is wrong with its numbers
    seconds: float | None = None  # of what ran now


HEAD = ("plot", "landscape", "framework", "version", "status", "agreement", "seconds", "why")


def cells_of(row: Row, folder: Path) -> list[str]:
    """Of the table on the terminal; *folder* is the book's."""
    path = Path(row.source)
    where = path.relative_to(folder) if path.is_relative_to(folder) else path
    agreement = row.agreement
    if row.differences and agreement == "agrees":
        largest = row.differences["values"]
        agreement += f" ({largest:.0e})" if largest else " exactly"
    cells = [
        f"{where}:{row.line}",
        " ".join(row.landscapes),
        framework(row.framework).label,
        row.version or "-",
        row.status,
        agreement or "-",
        "-" if row.seconds is None else f"{row.seconds:.2f}",
        row.why,
    ]
    return [printable(cell) for cell in cells]


def summary(rows: Sequence[Row], unused: Sequence[Path]) -> str:
    """One line: how many of each status, and what else there is."""
    statuses = [row.status for row in rows]
    parts = [f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses)]
    disagreeing = sum(row.agreement == "disagrees" for row in rows)
    parts += [f"{disagreeing} disagree"] if disagreeing else []
    text = f"{len(rows)} results of {len({(row.document, row.line) for row in rows})} plots: {', '.join(parts)}."
    if not rows:
        text = "The book has no plots."
    if unused:
        text += f" {len(unused)} entries of the store are used by no page ('sphinx-optviz prune' removes them)."
    return text


def as_json(rows: Sequence[Row], unused: Sequence[Path]) -> bytes:
    """The file for programs."""
    content = {
        "format": _FORMAT,
        "rows": [asdict(row) for row in rows],
        "unused_entries": [path.name for path in unused],
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"


def as_junit(rows: Sequence[Row], failures: AbstractSet[Status]) -> bytes:
    """One suite a document, one case a row, in the form that servers read; what was warned of is a failure."""
    suites = ElementTree.Element("testsuites", name="optcheck")
    for document in dict.fromkeys(row.document for row in rows):
        its = [row for row in rows if row.document == document]
        failed = [row for row in its if row.status in failures or row.finding]
        skipped = [row for row in its if row.status in ("missing", "stale", "no code") and row not in failed]
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=document,
            tests=str(len(its)),
            failures=str(len(failed)),
            errors="0",
            skipped=str(len(skipped)),
        )
        for row in its:
            name = f"line {row.line}: {' '.join(row.landscapes)} ({row.framework})"
            case = ElementTree.SubElement(suite, "testcase", classname=document, name=name)
            case.set("time", f"{row.seconds or 0:.3f}")
            if row in failed:
                ElementTree.SubElement(case, "failure", message=printable(row.finding or row.why))
            elif row in skipped:
                ElementTree.SubElement(case, "skipped", message=printable(f"{row.status}: {row.why}"))
            elif row.why:
                ElementTree.SubElement(case, "system-out").text = printable(row.why)
    return cast("bytes", ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"
