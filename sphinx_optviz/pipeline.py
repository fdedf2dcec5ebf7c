"""From the records of all documents to what each page shows: once a build, in the main process, after reading.

This is where the stages meet: PLAN, EXECUTE and DRAW work on plain values and report problems as values; here these
become warnings with a place, progress on the terminal, and the names of the pages that have to be written again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sphinx_optviz.config import conf_py, settings_of
from sphinx_optviz.draw import FORMATS, DrawingPool, FigureMaker, missing
from sphinx_optviz.execute import look_up, run_all
from sphinx_optviz.frameworks import FRAMEWORKS
from sphinx_optviz.landscapes import Catalogue, LandscapeError
from sphinx_optviz.log import Progress, warn
from sphinx_optviz.model import Placement, Tab, digest_of
from sphinx_optviz.pages import PageMemory
from sphinx_optviz.plan import PlanError, alt_text, plan
from sphinx_optviz.report import Report
from sphinx_optviz.runs import Failure
from sphinx_optviz.store import Store

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

    from sphinx_optviz.domain import OptvizDomain
    from sphinx_optviz.draw import Figure
    from sphinx_optviz.model import PlotRecord
    from sphinx_optviz.plan import Plot
    from sphinx_optviz.runs import Outcome, Run

Place = tuple[str, int]  # docname, index in the document


@dataclass
class _Work:
    """What is known of one directive so far."""

    record: PlotRecord
    plot: Plot | None = None
    problems: list[str] = field(default_factory=list)
    drawn_from: str = ""  # the framework whose numbers the shared figure shows; "" if there are none
    figures: dict[str, Figure] = field(default_factory=dict)  # by framework

    @property
    def location(self) -> str:
        return f"{self.record.source}:{self.record.line}"


class Build:
    """One build's way from records to placements."""

    def __init__(self, app: Sphinx, env: BuildEnvironment) -> None:
        self.app = app
        self.domain = cast("OptvizDomain", env.get_domain("optviz"))
        self.settings = settings_of(app)
        self.folder = Path(app.doctreedir, "optviz")  # what can be made again lies beside the doctrees
        self.store = Store(self.settings.store)
        self.report = Report(self.folder / "errors", self.settings.default_framework)
        self.memory = PageMemory(self.folder, app.builder)
        self.outcomes: dict[str, Outcome] = {}
        self.undrawn: dict[Path, str] = {}
        self.shown: dict[str, str] = {}  # document -> digest of what it shows
        records = self.domain.records
        self.works: dict[Place, _Work] = {
            (docname, index): _Work(record)
            for docname in sorted(records)
            for index, record in enumerate(records[docname])
        }
        supported = app.builder.supported_image_types
        self.mime = next((mime for mime in supported if mime in FORMATS), "")
        self.domain.figures = (self.folder / "figures", self.mime)

    def run(self) -> list[str]:
        """Fill the domain's placements; return the documents whose pages no longer show what they should."""
        self._plan()
        pool = DrawingPool(self.settings.jobs)
        try:
            self._execute(pool)
            self._draw(pool)
        finally:
            pool.close()
        for problem in self.store.problems:
            warn("store", problem.message, location=f"{problem.path}:1")
        self.domain.placements = {place: self._placement(work) for place, work in self.works.items()}
        self.shown = self._shown()
        return self.memory.changed(self.shown)

    def finish(self) -> None:
        """Call when all pages have been written."""
        self.memory.remember(self.shown)

    # ---- PLAN

    def _plan(self) -> None:
        catalogue = Catalogue(self.settings.landscape_path)
        told: set[str] = set()
        for work in self.works.values():
            if not work.record.spec.landscapes:
                continue
            try:
                work.plot = plan(work.record.spec, self.settings, catalogue)
            except LandscapeError as error:
                message = str(error)
                if error.path is None:
                    warn("landscape", message, location=work.location)
                else:
                    if (where := f"{error.path}:{max(error.line, 1)}") not in told:
                        warn("landscape", f"{message} (asked for at {work.location})", location=where)
                    told.add(where)
                    message = f"{error.path.parent.name}/{error.path.name}: {message}"
                work.problems.append(message)
            except PlanError as error:
                warn("directive", str(error), location=work.location)
                work.problems.append(str(error))
            else:
                for problem in work.plot.problems:
                    warn("directive", problem, location=work.location)
                work.problems.extend(work.plot.problems)

    # ---- EXECUTE

    def _execute(self, pool: DrawingPool) -> None:
        wanted = [
            (work, name)
            for work in self.works.values()
            if work.plot
            for name in dict.fromkeys([*work.plot.frameworks, work.plot.drawn_from])
        ]
        self._run_for(wanted, pool)
        shared = [work for work in self.works.values() if work.plot and work.record.spec.figure == "shared"]
        for work in shared:
            work.drawn_from = self._source_of_numbers(work)
        rescue = [(work, "numpy") for work in shared if self._numpy_can_help(work)]
        self._run_for(rescue, pool)
        for work, name in rescue:
            if work.plot and self._ran(work.plot, name):
                work.drawn_from = name
        for work, name in wanted + rescue:
            if work.plot:
                needed = work.record.spec.figure == "shared" and name == work.plot.drawn_from and not work.drawn_from
                self.report.add(work.plot.runs(name), work.location, needed=needed)
        self.report.warn(self.outcomes)

    def _run_for(self, wanted: list[tuple[_Work, str]], pool: DrawingPool) -> None:
        runs = [run for work, name in wanted if work.plot for run in work.plot.runs(name)]
        known, to_run = look_up(runs, self.settings, self.store)
        self.outcomes |= known
        if not to_run:
            return
        if self.mime and self.settings.jobs > 1:
            # The import of Matplotlib takes longer than most runs: let it go on beside them.
            pool.warm_up(min(len(to_run), len(self.works)))
        progress = Progress("running landscapes", len(to_run), self.app.verbosity)
        for run, outcome in run_all(to_run, self.settings, self.store):
            progress.step(f"{run.label} ({run.framework})")
            self.outcomes[run.key] = outcome
        progress.end()

    def _ran(self, plot: Plot, framework: str) -> bool:
        return not any(isinstance(self.outcomes.get(run.key), Failure | None) for run in plot.runs(framework))

    def _failure(self, plot: Plot, framework: str) -> tuple[Run, Failure] | None:
        """The first run of *plot* that failed in *framework*, and why."""
        for run in plot.runs(framework):
            outcome = self.outcomes[run.key]
            if isinstance(outcome, Failure):
                return run, outcome
        return None

    def _absent(self, plot: Plot, framework: str) -> bool:
        """Whether the framework is to blame, or the settings, and not the code."""
        failed = self._failure(plot, framework)
        return failed is not None and failed[1].subtype in ("framework_missing", "framework_broken", "not_run")

    def _source_of_numbers(self, work: _Work) -> str:
        """Whose numbers to draw: whose they should be; if that one is absent, the first tab's that ran."""
        assert work.plot is not None
        plot = work.plot
        if self._ran(plot, plot.drawn_from):
            return plot.drawn_from
        if not self._absent(plot, plot.drawn_from):
            return ""
        return next((name for name in plot.frameworks if self._ran(plot, name)), "")

    def _numpy_can_help(self, work: _Work) -> bool:
        """Whether no tab gave numbers, through no fault of the code, and NumPy has not been asked yet."""
        plot = work.plot
        if plot is None or work.drawn_from or "numpy" in plot.frameworks:
            return False
        return self._absent(plot, plot.drawn_from) and plot.has_code("numpy")

    # ---- DRAW

    def _draw(self, pool: DrawingPool) -> None:
        if not self.mime:
            return
        self._name_figures()
        to_draw = missing(figure for work in self.works.values() for figure in work.figures.values())
        if not to_draw:
            return
        progress = Progress("drawing figures", len(to_draw), self.app.verbosity)
        refused: dict[str, str] = {}
        for figure, error, its_refused in pool.draw(to_draw):
            progress.step(figure.label)
            refused |= its_refused
            if error:
                self.undrawn[figure.path] = error
        progress.end()
        for name, reason in sorted(refused.items()):
            warn("config", f"optviz_rcparams[{name!r}] is not used: {reason}", location=conf_py(self.app))
        for work in self.works.values():
            for path in {figure.path for figure in work.figures.values()} & self.undrawn.keys():
                warn("drawing", f"the figure could not be drawn: {self.undrawn[path]}", location=work.location)

    def _name_figures(self) -> None:
        maker = FigureMaker(self.domain.figures[0], self.mime, self.settings.rcparams)
        for work in self.works.values():
            if work.plot is None:
                continue
            names = [work.drawn_from] if work.drawn_from else []
            if work.record.spec.figure == "each":
                names = [name for name in work.plot.frameworks if self._ran(work.plot, name)]
            for name in names:
                work.figures[name] = maker.figure(work.plot, name, self.outcomes)  # type: ignore[arg-type]

    # ---- PLACE

    def _placement(self, work: _Work) -> Placement:
        problems = (*work.record.problems, *work.problems)
        plot = work.plot
        if plot is None:
            return Placement(problems=problems)
        image, image_error, note = "", "", ""
        if work.record.spec.figure == "shared":
            image, image_error = self._image(work, work.drawn_from)
            if work.drawn_from and work.drawn_from != plot.drawn_from:
                wanted, used = FRAMEWORKS[plot.drawn_from].label, FRAMEWORKS[work.drawn_from].label
                note = f"The figure shows the numbers of {used}, because {wanted} was not run."
            elif not work.drawn_from:
                image_error = f"There is no figure: {self._reason(plot, plot.drawn_from)}"
        return Placement(
            tabs=tuple(self._tab(work, plot, name) for name in plot.frameworks),
            open_tab=self._open_tab(work, plot),
            image=image,
            image_error=image_error,
            alt=work.record.spec.alt or alt_text(plot),
            note=note,
            problems=problems,
        )

    def _open_tab(self, work: _Work, plot: Plot) -> str:
        """With a figure in every tab, one that has a figure: on paper the open one is all there is."""
        ran = [name for name in plot.frameworks if self._ran(plot, name)]
        if work.record.spec.figure == "each" and ran and plot.open_tab not in ran and self._absent(plot, plot.open_tab):
            return ran[0]
        return plot.open_tab

    def _image(self, work: _Work, framework: str) -> tuple[str, str]:
        """The file's name, and what to say instead."""
        figure = work.figures.get(framework)
        if figure is None:
            return "", ""
        if figure.path in self.undrawn:
            return "", f"The figure could not be drawn: {self.undrawn[figure.path]}"
        return figure.path.name, ""

    def _reason(self, plot: Plot, framework: str) -> str:
        """Why there are no numbers of *framework*, without paths of the machine that builds."""
        failed = self._failure(plot, framework)
        assert failed is not None
        run, failure = failed
        label = FRAMEWORKS[framework].label
        if not failure.path:
            return f"{label} was not run."
        where = f", line {failure.line} of {run.source.path.name}" if failure.line > 1 else ""
        return f"{run.label} failed in {label}{where}: {failure.message}"

    def _tab(self, work: _Work, plot: Plot, name: str) -> Tab:
        code = tuple(landscape.sources[name].text.rstrip() for landscape in plot.landscapes)
        shown = () if work.record.spec.code == "hidden" else code
        label = FRAMEWORKS[name].label
        if self._ran(plot, name):
            image, error = self._image(work, name) if work.record.spec.figure == "each" else ("", "")
            return Tab(name, label, shown, image=image, error=error)
        if self._absent(plot, name):
            return Tab(name, label, shown, note=f"{label}: this code was not run when the page was built.")
        return Tab(name, label, shown, error=self._reason(plot, name))

    def _shown(self) -> dict[str, str]:
        """What each document shows, as a digest."""
        of_document: dict[str, list[object]] = defaultdict(list)
        for (docname, _), placement in (self.domain.placements or {}).items():
            of_document[docname].append(asdict(placement))
        return {docname: digest_of(placements) for docname, placements in of_document.items()}
