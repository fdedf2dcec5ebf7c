"""PLAN of cells: those of one page and framework are a notebook, which runs from top to bottom in a fresh child.

Knows nothing of Sphinx.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sphinx_optviz.cell_runs import FIGURE_FORMATS, CellRun
from sphinx_optviz.model import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sphinx_optviz.model import CellRecord, CellSpec, Place, Settings

# Without a seed of the author's: builds do not differ.
_SEED = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Notebook:
    """The cells of one page in one framework, in the order of the page."""

    docname: str
    framework: str
    folder: Path  # of the page: where its code runs
    path: tuple[str, ...]  # from where it can import
    cells: tuple[tuple[int, CellRun], ...]  # each with the index of its directive

    @property
    def label(self) -> str:
        return f"{self.docname} ({self.framework})"


@dataclass(frozen=True, slots=True)
class Tabs:
    """The frameworks of one cell, in the order of its tabs; the one whose figures are shown."""

    frameworks: tuple[str, ...]
    drawn_from: str


@dataclass(frozen=True, slots=True)
class Cells:
    """All cells of a book: their tabs, by document and index; and the notebooks that they make up."""

    tabs: Mapping[Place, Tabs]
    notebooks: tuple[Notebook, ...]
    problems: tuple[tuple[Place, str], ...] = ()
    runs: dict[tuple[str, int, str], CellRun] = field(default_factory=dict)  # by document, index and framework


def plan_cells(records: Mapping[Place, CellRecord], settings: Settings, sources: Mapping[str, Path]) -> Cells:
    """What all cells of the book have to run; *sources* are the documents' files."""
    tabs: dict[Place, Tabs] = {}
    problems: list[tuple[Place, str]] = []
    runs: dict[tuple[str, int, str], CellRun] = {}
    seen: dict[str, set[str]] = defaultdict(set)  # by document, the frameworks of its tabs so far
    joined: dict[tuple[str, str], list[tuple[int, CellRun]]] = defaultdict(list)  # by document and framework
    for (docname, index), record in records.items():
        spec = record.spec
        names = _frameworks(spec, seen[docname], settings)
        seen[docname].update(names if spec.has_tabs else ())
        preferred = settings.default_framework
        drawn_from = preferred if preferred in names else next(iter(names), "")
        tabs[docname, index] = Tabs(names, drawn_from)
        depends, missing = _files(spec, sources[docname].parent)
        problems += [((docname, index), text) for text in missing]
        for name in names:
            before = joined[docname, name]
            shows_figures = spec.figure == "each" or (spec.figure == "shared" and name == drawn_from)
            formats = FIGURE_FORMATS if shows_figures else ()
            run = _run(spec, name, before, depends, formats, settings, f"cell {len(before) + 1} of {docname}")
            before.append((index, run))
            runs[docname, index, name] = run
    notebooks = []
    for (docname, name), cells in joined.items():
        folder = sources[docname].parent
        path = (str(folder), str(settings.confdir))
        notebooks.append(Notebook(docname=docname, framework=name, folder=folder, path=path, cells=tuple(cells)))
    return Cells(tabs, tuple(notebooks), tuple(problems), runs)


def _frameworks(spec: CellSpec, seen: set[str], settings: Settings) -> tuple[str, ...]:
    """The tabs of a cell: those it names; with ``all``, also all that tabs of the page have had so far."""
    if not spec.has_tabs:
        return spec.frameworks[:1] or (settings.default_framework,)
    named = {name for block in spec.blocks for name in block.frameworks if name != "all"}
    if any("all" in block.frameworks for block in spec.blocks):
        named |= seen or (set() if named else set(settings.frameworks))
    order = spec.frameworks or (*settings.frameworks, *sorted(named))
    return tuple(name for name in dict.fromkeys(order) if name in named)


def _files(spec: CellSpec, folder: Path) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Name and digest of each file that the cell says it reads; and what is wrong with them."""
    found, missing = [], []
    for name in spec.depends:
        try:
            found.append((name, hashlib.sha256((folder / name).read_bytes()).hexdigest()))
        except OSError as error:
            missing.append(f":depends: {name!r} cannot be read: {error.strerror or error}")
    return tuple(found), missing


def _run(
    spec: CellSpec,
    name: str,
    before: Sequence[tuple[int, CellRun]],
    depends: tuple[tuple[str, str], ...],
    formats: tuple[str, ...],
    settings: Settings,
    label: str,
) -> CellRun:
    blocks = [block for block in spec.blocks if not spec.has_tabs or {name, "all"} & set(block.frameworks)]
    lines = [line for block in blocks for line in block.lines]
    places = [(block.source, block.first_line + number) for block in blocks for number in range(len(block.lines))]
    seed = spec.seed if spec.seed is not None else None if before else _SEED
    return CellRun(
        framework=name,
        code="\n".join(lines) + "\n",
        before=before[-1][1].chain if before else digest_of(dict(settings.rcparams)),
        seed=seed,
        depends=depends,
        formats=formats,
        timeout=spec.timeout or settings.timeout,
        expects_error=spec.expect_error,
        name=label,
        lines=tuple(places) or (("", 1),),
    )
