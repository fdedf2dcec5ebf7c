"""Rows of the check builder for cells: what ran, what the store holds and why it does not, who agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx_optviz.cell_entries import about
from sphinx_optviz.cell_runs import CellResult
from sphinx_optviz.check_report import Row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sphinx_optviz.cell_build import CellBuild
    from sphinx_optviz.cell_runs import CellRun
    from sphinx_optviz.check_report import Status


def cell_rows(build: CellBuild, unused: Sequence[Mapping[str, Any]], stored: Collection[str]) -> list[Row]:
    """One for each framework of each cell.

    *unused* are descriptions of entries that nothing uses any more; *stored* the keys that had entries before.
    """
    rows = []
    for (docname, index, name), run in build.cells.runs.items():
        record = build.records[docname, index]
        outcome = build.outcomes[run.key]
        judged = build.verdicts[docname, index]
        seconds = build.seconds.get(run.key)
        why = "" if seconds is None and isinstance(outcome, CellResult) else _reason(run, unused, stored)
        status: Status
        if isinstance(outcome, CellResult):
            status = "stored" if seconds is None else "ran"
        elif outcome.path or outcome.subtype == "framework_broken":
            status, why = "failed", outcome.message
        else:
            status, why = ("missing" if why == "never run" else "stale"), f"{why}; {outcome.message}"
        rows.append(
            Row(
                document=docname,
                source=record.source,
                line=record.line,
                landscapes=(run.name.partition(" of ")[0],),
                framework=name,
                status=status,
                why=why,
                version=outcome.version if isinstance(outcome, CellResult) else "",
                agreement="random" if name in judged.at_random else judged.verdict.standing(name),
                finding="; ".join(message for framework, message in judged.wrong if framework == name),
                seconds=None if seconds is None else round(seconds, 3),
            )
        )
    return rows


def _reason(run: CellRun, unused: Sequence[Mapping[str, Any]], stored: Collection[str]) -> str:
    """Why a cell was run, or would have to be."""
    if run.key in stored:
        return "another cell of its page, or a module that it uses, has changed"
    mine = about(run)
    if any(entry.get("code") == mine["code"] and entry.get("framework") == run.framework for entry in unused):
        return "a cell before it, a file that it depends on, or its seed has changed"
    return "never run"
