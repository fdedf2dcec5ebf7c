"""The way of all cells from records to placements, beside that of the plots in ``pipeline``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sphinx_optviz import log
from sphinx_optviz.cell_agreement import judge_cell
from sphinx_optviz.cell_execute import AFTER_A_FAILURE, look_up_cells, run_notebooks
from sphinx_optviz.cell_runs import CellResult
from sphinx_optviz.cell_shown import cell_placement
from sphinx_optviz.downloadable import cell_download
from sphinx_optviz.draw.svg import shortened, without_doctype
from sphinx_optviz.files import file_name, write_file
from sphinx_optviz.model import IMAGE_FORMATS
from sphinx_optviz.notebooks import plan_cells
from sphinx_optviz.parity import Group, lacking, shifted, undefined
from sphinx_optviz.randomness import at_random
from sphinx_optviz.report import save_details
from sphinx_optviz.runs import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sphinx_optviz.cell_agreement import CellVerdict
    from sphinx_optviz.cell_execute import CellOutcome
    from sphinx_optviz.cell_runs import CellRun
    from sphinx_optviz.model import CellRecord, Place, Placement, Settings
    from sphinx_optviz.notebooks import Notebook
    from sphinx_optviz.store import Store


class CellBuild:
    """What is known of the cells of one build."""

    def __init__(
        self,
        records: Mapping[Place, CellRecord],
        sources: Mapping[str, Path],
        settings: Settings,
        store: Store,
        warn: Callable[..., None],
    ) -> None:
        """*sources* are the files of the documents; *warn* is ``log.warn``, or does what it does."""
        self.records = records
        self._settings = settings
        self._store = store
        self._warn = warn
        self.cells = plan_cells(records, settings, sources)
        self.outcomes: dict[str, CellOutcome] = {}
        self.seconds: dict[str, float] = {}
        self.problems: dict[Place, list[str]] = {}
        self.verdicts: dict[Place, CellVerdict] = {}
        self._images: list[Path] = []
        for place, message in self.cells.problems:
            self._problem(place, message)

    def before(self, place: Place) -> dict[str, list[CellRun]]:
        """The cells of a page that stand before a *place*, by framework."""
        docname, index = place
        return {
            notebook.framework: [run for number, run in notebook.cells if number < index]
            for notebook in self.cells.notebooks
            if notebook.docname == docname
        }

    @property
    def files(self) -> list[Path]:
        """What the cells have written, or could have: entries of the store, and images."""
        return [*map(self._store.path, self.cells.runs.values()), *self._images]

    @property
    def read(self) -> list[Path]:
        """The files that cells say they read, and the local modules that they import."""
        root = self._settings.store.parent
        results = [outcome for outcome in self.outcomes.values() if isinstance(outcome, CellResult)]
        named = [
            notebook.folder / name
            for notebook in self.cells.notebooks
            for _, run in notebook.cells
            for name, _ in run.depends
        ]
        return [*named, *(root / path for result in results for path, _ in result.modules)]

    def _problem(self, place: Place, message: str) -> None:
        self._warn("directive", message, location=self.records[place].location)
        self.problems.setdefault(place, []).append(message)

    def execute(self, verbosity: int = 0) -> None:
        """Get the outcomes of all cells."""
        known, to_run = look_up_cells(self.cells.notebooks, self._settings, self._store)
        self.outcomes |= known
        if not to_run:
            return
        progress = log.Progress("running cells", len(to_run), verbosity)
        for ran in run_notebooks(to_run, known, self._settings, self._store):
            progress.step(ran[0].notebook.label)
            for one in ran:
                self.outcomes[one.run.key] = one.outcome
                self.seconds[one.run.key] = one.seconds
        progress.end()

    def tell(self, folder: Path) -> None:
        """Warn of what failed; tracebacks go to *folder*."""
        told: set[tuple[str, ...]] = set()
        for (docname, index, name), run in self.cells.runs.items():
            outcome = self.outcomes[run.key]
            location = self.records[docname, index].location
            if isinstance(outcome, CellResult):
                self._tell_code_warnings(run, outcome)
                if run.expects_error and outcome.error is None:
                    self._warn(
                        "execution",
                        f"{run.name} ({name}): no error was raised, though one is expected",
                        location=location,
                    )
                continue
            if outcome.path:
                details = save_details(folder, outcome, run.name[:80], name, run.key)
                message = f"{run.name} ({name}): {outcome.message}{details}"
                self._warn(outcome.subtype, message, location=f"{outcome.path}:{outcome.line}")
            elif outcome.subtype != "not_run" and (outcome.subtype, name) not in told:
                told.add((outcome.subtype, name))
                self._warn(outcome.subtype, outcome.message, location=location)
            elif outcome.subtype == "not_run" and self._settings.execute == "never":
                self._warn("not_run", f"{run.name} ({name}): {outcome.message}", location=location)

    def _tell_code_warnings(self, run: CellRun, result: CellResult) -> None:
        wanted = self._settings.code_warnings
        for warning in result.warnings:
            if warning.category in wanted or "all" in wanted:
                source, line = run.place(warning.line)
                message = f"{run.name} ({run.framework}): {warning.category}: {warning.message}"
                self._warn("code_warning", message, location=f"{source}:{line}")

    def check_parity(self) -> None:
        """Warn of tabs that do not go together."""
        for docname in sorted({docname for docname, _ in self.records}):
            groups = [
                Group(index, {name: self.cells.runs[docname, index, name].code for name in tabs.frameworks})
                for (its, index), tabs in self.cells.tabs.items()
                if its == docname and self.records[its, index].spec.has_tabs
            ]
            found = [*lacking(groups), *shifted(groups)]
            for notebook in self.cells.notebooks:
                if notebook.docname == docname:
                    # Where the code runs, a name that is missing is an error of its own.
                    not_run = [index for index, run in notebook.cells if self._was_not_run(run)]
                    code = [(index, run.code) for index, run in notebook.cells]
                    found += undefined(code, not_run, notebook.framework)
            for index, message in sorted(found):
                self._warn("parity", message, location=self.records[docname, index].location)

    def _was_not_run(self, run: CellRun) -> bool:
        outcome = self.outcomes[run.key]
        return isinstance(outcome, Failure) and not outcome.path and outcome.message != AFTER_A_FAILURE

    def compare(self) -> None:
        """Give each cell its verdict on the frameworks."""
        by_chance = {
            (notebook.docname, index, notebook.framework)
            for notebook in self.cells.notebooks
            for index in at_random([(index, run.code) for index, run in notebook.cells], self._drew(notebook))
        }
        for place, record in self.records.items():
            tabs = self.cells.tabs[place]
            compared = self._settings.agreement == "warn" and record.spec.agreement
            chance = {name for name in tabs.frameworks if (*place, name) in by_chance}
            outcomes = self.outcomes_at(place)
            verdict = judge_cell(tabs, outcomes, self._settings.tolerances, compared=compared, chance=chance)
            self.verdicts[place] = verdict
            for name, message in verdict.wrong:
                run = self.cells.runs[(*place, name)]
                self._warn("agreement", f"{run.name} ({name}): {message}", location=record.location)

    def _drew(self, notebook: Notebook) -> set[int]:
        """The cells of *notebook* in which random numbers were drawn."""
        results = ((index, self.outcomes[run.key]) for index, run in notebook.cells)
        return {index for index, result in results if isinstance(result, CellResult) and result.random}

    def outcomes_at(self, place: Place) -> dict[str, CellOutcome]:
        """Of one cell, by framework."""
        return {name: self.outcomes[self.cells.runs[(*place, name)].key] for name in self.cells.tabs[place].frameworks}

    # ---- PLACE

    def placements(self, figures: Path, mime: str) -> dict[Place, Placement]:
        """What each cell shows; the images go to the folder *figures*, for a builder that takes *mime*."""
        suffix = IMAGE_FORMATS.get(mime, "")

        def name_of(run: CellRun, result: CellResult, number: int) -> str:
            if not suffix or not (name := _written(run, result, number, figures, suffix)):
                return ""
            self._images.append(figures / name)
            return name

        found = {}
        for place, record in self.records.items():
            tabs = self.cells.tabs[place]
            runs = {name: self.cells.runs[(*place, name)] for name in tabs.frameworks}
            placed = cell_placement(
                record.spec,
                tabs,
                runs,
                self.outcomes,
                name_of,
                problems=(*record.problems, *self.problems.get(place, ())),
                verdict=self.verdicts[place],
            )
            if (
                record.spec.is_captioned
                and record.spec.figure != "none"
                and not _has_images(placed)
                and tabs.frameworks
            ):
                drawn = self.outcomes[runs[tabs.drawn_from].key]
                if isinstance(drawn, CellResult):
                    self._warn("directive", "the cell has a caption and draws no figure", location=record.location)
            if self._settings.downloads:
                placed = replace(placed, download=cell_download(record.spec, runs, self.outcomes))
            found[place] = placed
        return found


def _has_images(placed: Placement) -> bool:
    return bool(placed.images) or any(shown.kind == "image" for tab in placed.tabs for shown in tab.outputs)


# What becomes of a form when it is written: Matplotlib's drawings are known well enough to make them smaller.
_FITTED = {"svg": shortened, "image/svg+xml": without_doctype}


def _written(run: CellRun, result: CellResult, number: int, figures: Path, suffix: str) -> str:
    """The name of the file of an image, one of the outputs of *result*; it is written if it is not there."""
    forms = result.outputs[number].forms
    form = next((form for form in (suffix, "png", "image/svg+xml", "image/png") if form in forms), "")
    if not form:
        return ""
    ending = {"image/svg+xml": "svg", "image/png": "png"}.get(form, form)
    page = file_name(run.name.partition(" of ")[2])[:80]
    path = figures / f"{page}-{run.framework}-{result.digest[:16]}-{number + 1}.{ending}"
    if not path.is_file():
        content = forms[form]
        if form in _FITTED:
            content = _FITTED[form](content.decode("utf-8", "replace")).encode()
        write_file(path, content)
    return path.name
