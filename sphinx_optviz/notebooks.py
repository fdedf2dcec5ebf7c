"""PLAN and EXECUTE of cells: those of one page and framework are a notebook, run from top to bottom in a fresh child.

Knows nothing of Sphinx.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sphinx_optviz.cell_entries import LONGEST, pack_cell, unpack_cell
from sphinx_optviz.cell_runs import FIGURE_FORMATS, CellResult, CellRun
from sphinx_optviz.execute import interpreter_of, not_runnable, start_failure
from sphinx_optviz.frameworks import framework
from sphinx_optviz.model import digest_of
from sphinx_optviz.processes import ChildError, Pool, Program
from sphinx_optviz.runs import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sphinx_optviz.model import CellRecord, CellSpec, Place, Settings
    from sphinx_optviz.processes import Child, Message
    from sphinx_optviz.store import Store

CellOutcome = CellResult | Failure

AFTER_A_FAILURE = "an earlier cell of its page failed"

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


# ---- EXECUTE


def look_up_cells(
    notebooks: Iterable[Notebook], settings: Settings, store: Store
) -> tuple[dict[str, CellOutcome], list[Notebook]]:
    """What is known without running anything, by key, and the notebooks that have to run."""
    known: dict[str, CellOutcome] = {}
    to_run = []
    modules = _Digests(settings.store.parent)
    blocked = cache(partial(not_runnable, settings=settings))
    for notebook in notebooks:
        found: dict[str, CellOutcome] = {}
        for _, run in notebook.cells:
            result = None if settings.execute == "force" else store.load(run, LONGEST, partial(unpack_cell, run))
            if result is not None and modules.are(result.modules) and (result.error is None or run.expects_error):
                found[run.key] = result
        missing = [run for _, run in notebook.cells if run.key not in found]
        if missing:
            failure = blocked(notebook.framework)
            if failure is None:
                to_run.append(notebook)
                continue
            found |= {run.key: failure for run in missing}
        known |= found
    return known, to_run


class _Digests:
    """Of local modules as they are now, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, str] = {}

    def are(self, modules: Iterable[tuple[str, str]]) -> bool:
        return all(self._of(path) == digest for path, digest in modules)

    def _of(self, path: str) -> str:
        if path not in self._known:
            try:
                self._known[path] = hashlib.sha256((self._root / path).read_bytes()).hexdigest()
            except OSError:
                self._known[path] = ""
        return self._known[path]


@dataclass(frozen=True, slots=True)
class RanCell:
    """What became of a cell, and how many seconds its code took."""

    notebook: Notebook
    run: CellRun
    outcome: CellOutcome
    seconds: float = 0.0


def run_notebooks(notebooks: Sequence[Notebook], settings: Settings, store: Store) -> Iterator[list[RanCell]]:
    """Run each of *notebooks* in a child of its own, several at once; store what succeeds."""
    programs = {
        name: Program(texts=framework(name).cell_programs(), interpreter=interpreter_of(name, settings).spec)
        for name in sorted({notebook.framework for notebook in notebooks})
    }
    pool: Pool[Notebook] = Pool(programs, ask=lambda child, job: _converse(child, job, settings), limit=settings.jobs)
    for answer in pool.run([(notebook.framework, notebook) for notebook in notebooks]):
        notebook = answer.job
        answers: list[Any] = answer.message["answers"] if answer.message else []
        error = answer.message["error"] if answer.message else answer.error
        ran = []
        failed = False
        for number, (_, run) in enumerate(notebook.cells):
            seconds = 0.0
            outcome: CellOutcome
            if number < len(answers):
                outcome = _outcome(run, answer.version, answers[number], settings, store)
                seconds = answers[number]["seconds"]
            elif not answer.started:
                assert answer.error is not None
                outcome = start_failure(run.framework, answer.error, settings)
            elif failed:
                outcome = Failure(subtype="not_run", message=AFTER_A_FAILURE)
            else:
                assert error is not None
                outcome = _ended(run, error)
            failed = failed or isinstance(outcome, Failure)
            ran.append(RanCell(notebook, run, outcome, seconds))
        yield ran


def _converse(child: Child, notebook: Notebook, settings: Settings) -> Message:
    """Ask for one cell after the other, up to the first that fails; the child has to end afterwards."""
    answers: list[Message] = []
    error: ChildError | None = None
    for _, run in notebook.cells:
        request = {
            "code": run.code,
            "name": run.name,
            "path": list(notebook.path),
            "folder": str(notebook.folder),
            "seed": run.seed,
            "formats": list(run.formats),
            "rcparams": dict(settings.rcparams),
        }
        try:
            answer = child.request(request, run.timeout)
        except ChildError as raised:
            error = raised
            break
        if answer["kind"] == "failure":  # of our own code, or an exit that it could not stop
            error = ChildError(answer["message"], details=answer["details"])
            break
        answers.append(answer)
        if answer["error"] is not None and not run.expects_error:
            break
    return {"answers": answers, "error": error, "spoilt": True}


def _outcome(run: CellRun, version: str, answer: Message, settings: Settings, store: Store) -> CellOutcome:
    failed = answer["error"]
    if failed is not None and not run.expects_error:
        return _failure(run, failed["line"], failed["message"], details=failed["whole"], short=failed["short"])
    root = settings.store.parent
    modules = [(os.path.relpath(path, root).replace(os.sep, "/"), digest) for path, digest in answer["modules"]]
    try:
        result, content = pack_cell(run, version, answer, modules)
    except (KeyError, TypeError, ValueError) as error:
        return _failure(run, 1, str(error))
    store.save(run, content)
    return result


def _failure(run: CellRun, line: int, message: str, *, details: str = "", short: str = "") -> Failure:
    """At a line of a cell."""
    path, number = run.place(line)
    return Failure(subtype="execution", message=message, path=path, line=number, details=details, short=short)


def _ended(run: CellRun, error: ChildError) -> Failure:
    """Of a child that ended, or had to be ended, in a cell; its faulthandler may have written where."""
    frame = re.search(rf'File "{re.escape(run.name)}", line (\d+)', error.details)
    line = int(frame[1]) if frame else 1
    if not error.timed_out:
        return _failure(run, line, str(error), details=error.details)
    message = f"still running after {run.timeout:g} seconds (optviz_timeout, or :timeout:), and was ended"
    return replace(_failure(run, line, message, details=error.details), subtype="timeout")
