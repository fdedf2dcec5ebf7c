"""EXECUTE of cells: from the store, or by running the notebooks that have to run. Knows nothing of Sphinx."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sphinx_optviz.cell_entries import LONGEST, pack_cell, unpack_cell
from sphinx_optviz.cell_runs import FIGURE_FORMATS, CellResult
from sphinx_optviz.execute import not_runnable, start_failure
from sphinx_optviz.frameworks import framework
from sphinx_optviz.interpreters import interpreter_of
from sphinx_optviz.processes import ChildError, Pool, Program
from sphinx_optviz.runs import Failure

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sphinx_optviz.cell_runs import CellRun
    from sphinx_optviz.model import Settings
    from sphinx_optviz.notebooks import Notebook
    from sphinx_optviz.processes import Answer, Child, Message
    from sphinx_optviz.store import Store

CellOutcome = CellResult | Failure

# What cells use. A figure is drawn because Matplotlib looks for fonts, and imports what draws, with the first one.
_FOR_CELLS = f"""
import IPython.core.interactiveshell
import io
import matplotlib.pyplot
figure = matplotlib.figure.Figure()
figure.add_subplot(title="0")
for name in {FIGURE_FORMATS}:
    figure.savefig(io.BytesIO(), format=name, bbox_inches="tight")
"""

AFTER_A_FAILURE = "an earlier cell of its page failed"


def look_up_cells(
    notebooks: Iterable[Notebook], settings: Settings, store: Store
) -> tuple[dict[str, CellOutcome], list[Notebook]]:
    """What is known without running anything, by key, and the notebooks that have to run, what is known of them too."""
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
            else:
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


def run_notebooks(
    notebooks: Sequence[Notebook], known: Mapping[str, CellOutcome], settings: Settings, store: Store
) -> Iterator[list[RanCell]]:
    """Run each of *notebooks* in a child of its own, several at once; store what succeeds.

    A cell whose outcome is *known* runs for the sake of those after it, and shows nothing.
    """
    names = sorted({notebook.framework for notebook in notebooks})
    programs = {name: _program(name, settings) for name in names}
    pool: Pool[Notebook] = Pool(
        programs, ask=lambda child, notebook: _converse(child, notebook, known, settings), limit=settings.jobs
    )
    for answer in pool.run([(notebook.framework, notebook) for notebook in notebooks]):
        yield _ran(answer, known, settings, store)


def _program(name: str, settings: Settings) -> Program:
    texts = framework(name).cell_programs()
    # The first one imports the framework.
    return Program(texts=texts, interpreter=interpreter_of(name, settings).spec, imports=texts[0][1] + _FOR_CELLS)


def _ran(answer: Answer[Notebook], known: Mapping[str, CellOutcome], settings: Settings, store: Store) -> list[RanCell]:
    """What became of each cell of a notebook."""
    notebook = answer.job
    answers: list[Any] = answer.message["answers"] if answer.message else []
    error = answer.message["error"] if answer.message else answer.error
    ran = []
    failed = False
    for number, (_, run) in enumerate(notebook.cells):
        seconds = 0.0
        outcome: CellOutcome
        if number < len(answers):
            outcome = _outcome(run, answer.version, answers[number], known.get(run.key), settings, store)
            seconds = answers[number]["seconds"]
        elif not answer.started:
            assert answer.error is not None
            outcome = known.get(run.key) or start_failure(run.framework, answer.error, settings)
        elif failed:
            outcome = Failure(subtype="not_run", message=AFTER_A_FAILURE)
        else:
            assert error is not None
            outcome = _ended(run, error)
        failed = failed or isinstance(outcome, Failure)
        ran.append(RanCell(notebook, run, outcome, seconds))
    return ran


def _converse(child: Child, notebook: Notebook, known: Container[str], settings: Settings) -> Message:
    """Ask for one cell after the other, up to the first that fails; the child has to end afterwards.

    Nothing is drawn for those whose key is *known*.
    """
    answers: list[Message] = []
    error: ChildError | None = None
    for _, run in notebook.cells:
        request = {
            "code": run.code,
            "name": run.name,
            "path": list(notebook.path),
            "folder": str(notebook.folder),
            "seed": run.seed,
            "draws": run.key not in known,
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


def _outcome(
    run: CellRun, version: str, answer: Message, known: CellOutcome | None, settings: Settings, store: Store
) -> CellOutcome:
    failed = answer["error"]
    if failed is not None and not run.expects_error:
        return _failure(run, failed["line"], failed["message"], details=failed["whole"], short=failed["short"])
    if known is not None:
        return known
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
