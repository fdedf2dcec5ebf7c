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

    from sphinx_optviz.pipeline import Check, Warned

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


def summary(rows: Sequence[Row], checks: Sequence[Check], unused: Sequence[Path]) -> str:
    """One line: how many of each status, and what else there is."""
    statuses = [row.status for row in rows]
    parts = [f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses)]
    disagreeing = sum(row.agreement == "disagrees" for row in rows)
    parts += [f"{disagreeing} disagree"] if disagreeing else []
    text = f"{len(rows)} results of {len({(row.document, row.line) for row in rows})} plots: {', '.join(parts)}."
    if not rows:
        text = "The book has no plots."
    if checks:
        wrong = sum(bool(check.wrong) for check in checks)
        text += f" {len(checks)} claims and numbers in the prose, {wrong} of them wrong."
    if unused:
        text += f" {len(unused)} entries of the store are used by no page ('sphinx-optviz prune' removes them)."
    return text


def as_json(rows: Sequence[Row], checks: Sequence[Check], unused: Sequence[Path], folder: Path) -> bytes:
    """The file for programs; paths are relative to the book's *folder*."""
    content = {
        "format": _FORMAT,
        "rows": [{**asdict(row), "source": _relative(row.source, folder)} for row in rows],
        "checks": [{**asdict(check), "source": _relative(check.source, folder)} for check in checks],
        "unused_entries": [path.name for path in unused],
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"


def _relative(source: str, folder: Path) -> str:
    path = Path(source)
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case: *failure* and *skipped* say why, "" if it is not so."""

    document: str
    name: str
    failure: str = ""
    skipped: str = ""
    output: str = ""
    seconds: float = 0.0


# What a row or a check says already.
_SAID = ("agreement", "claim", "execution", "timeout", "framework_missing", "framework_broken", "not_run")


def as_junit(
    rows: Sequence[Row],
    checks: Sequence[Check],
    warnings: Sequence[Warned],
    failures: AbstractSet[Status],
    folder: Path,
) -> bytes:
    """One suite a document, in the form that servers read; what was warned of is a failure.

    A case for each row, each claim, each number in the prose, and for each other warning.
    """
    cases = [_case_of_row(row, failures) for row in rows]
    cases += [_Case(check.document, f"{check.kind}: {check.text}", failure=check.wrong) for check in checks]
    for warned in warnings:
        if warned.subtype not in _SAID:
            source = warned.location.rpartition(":")[0]
            document = _relative(source, folder).rpartition(".")[0] or source
            cases.append(_Case(document, f"no warning: {warned.subtype}", failure=warned.message))
    suites = ElementTree.Element("testsuites", name="optcheck")
    for document in dict.fromkeys(case.document for case in cases):
        its = [case for case in cases if case.document == document]
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=printable(document),
            tests=str(len(its)),
            failures=str(sum(bool(case.failure) for case in its)),
            errors="0",
            skipped=str(sum(bool(case.skipped) for case in its)),
        )
        taken: dict[str, int] = {}
        for case in its:
            taken[case.name] = number = taken.get(case.name, 0) + 1
            # Servers follow a case from build to build by its name, so no line numbers.
            name = printable(case.name if number == 1 else f"{case.name} [{number}]")
            element = ElementTree.SubElement(suite, "testcase", classname=printable(document), name=name)
            element.set("time", f"{case.seconds:.3f}")
            if case.failure:
                ElementTree.SubElement(element, "failure", message=printable(case.failure))
            elif case.skipped:
                ElementTree.SubElement(element, "skipped", message=printable(case.skipped))
            elif case.output:
                ElementTree.SubElement(element, "system-out").text = printable(case.output)
    return cast("bytes", ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case_of_row(row: Row, failures: AbstractSet[Status]) -> _Case:
    failed = row.status in failures or row.finding
    lacks = row.status in ("missing", "stale", "no code")
    return _Case(
        row.document,
        f"{' '.join(row.landscapes)} ({row.framework})",
        failure=(row.finding or row.why or row.status) if failed else "",
        skipped=f"{row.status}: {row.why}" if lacks and not failed else "",
        output=row.why,
        seconds=row.seconds or 0.0,
    )
