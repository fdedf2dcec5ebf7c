"""From the records of all documents to what each page shows: once a build, in the main process, after reading.

This is where the stages meet: PLAN, EXECUTE and DRAW work on plain values and report problems as values; here these
become warnings with a place, progress on the terminal, and the names of the pages that have to be written again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sphinx_optviz import log
from sphinx_optviz.agreement import Judge
from sphinx_optviz.cell_build import CellBuild
from sphinx_optviz.claims import check_at_place, check_at_spots, check_points, height_of, quantities_at
from sphinx_optviz.config import conf_py
from sphinx_optviz.downloadable import plot_download
from sphinx_optviz.draw import DrawingPool, FigureMaker, missing
from sphinx_optviz.execute import look_up, run_all
from sphinx_optviz.expressions import ExpressionError
from sphinx_optviz.figure_words import figure_words
from sphinx_optviz.hidden import hidden
from sphinx_optviz.inline import inline_landscape
from sphinx_optviz.landscapes import Catalogue, LandscapeError
from sphinx_optviz.marks import marked
from sphinx_optviz.model import CellRecord, Placement, PlotRecord, image_type
from sphinx_optviz.optval import answer, question
from sphinx_optviz.plan import PlanError, plan, series_named
from sphinx_optviz.report import Report
from sphinx_optviz.runs import Failure, Result
from sphinx_optviz.shown import placement
from sphinx_optviz.spots import coordinates
from sphinx_optviz.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

    from sphinx_optviz.agreement import Finding, Verdict
    from sphinx_optviz.critical import CriticalPoints
    from sphinx_optviz.domain import OptvizDomain
    from sphinx_optviz.draw import Figure
    from sphinx_optviz.landscapes import Landscape
    from sphinx_optviz.log import Subtype
    from sphinx_optviz.model import Claim, Number, Place, PlotSpec, Settings
    from sphinx_optviz.optval import Question
    from sphinx_optviz.plan import Plot
    from sphinx_optviz.runs import Outcome, Run


@dataclass(frozen=True, slots=True)
class Warned:
    """What the author was warned of."""

    subtype: str
    message: str
    location: str


@dataclass(frozen=True, slots=True)
class Check:
    """A claim, or a number in the prose, and what is wrong with it, "" if nothing."""

    document: str
    kind: str  # "claim" or "optval"
    text: str
    source: str
    line: int
    wrong: str


@dataclass
class Work:
    """What is known of one directive so far."""

    record: PlotRecord
    plot: Plot | None = None
    problems: list[str] = field(default_factory=list)
    found: dict[tuple[str, str], CriticalPoints] = field(default_factory=dict)  # by landscape and function
    drawn_from: str = ""  # the framework whose numbers the shared figure shows; "" if there are none
    rescued: bool = False  # NumPy was asked for numbers, because no framework gave any
    verdict: Verdict | None = None
    findings: list[Finding] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)  # by framework

    @property
    def location(self) -> str:
        return self.record.location

    def location_of(self, line: int) -> str:
        return f"{self.record.source}:{line}"


class Build:
    """One build's way from records to placements."""

    def __init__(self, builder: Builder, env: BuildEnvironment, settings: Settings, verbosity: int = 0) -> None:
        self.settings = settings
        self.folder = Path(builder.doctreedir, "optviz")  # what can be made again lies beside the doctrees
        self.figures = self.folder / "figures"
        self.mime = image_type(builder)
        self.store = Store(settings.store)
        self.catalogue = Catalogue(settings.landscape_path)
        self.warnings: list[Warned] = []
        self.checks: list[Check] = []
        self.report = Report(self.folder / "errors", self._warn)
        self.conf_py = conf_py(Path(builder.confdir))
        self.verbosity = verbosity
        self.outcomes: dict[str, Outcome] = {}
        self.seconds: dict[str, float] = {}  # by key of run: how long those took that ran now
        self.undrawn: dict[Path, str] = {}
        self.numbers: dict[tuple[str, str], Number] = {}  # by document and expression
        domain = cast("OptvizDomain", env.get_domain("optviz"))
        placed = domain.placed.items()
        self.works = {place: Work(record) for place, record in placed if isinstance(record, PlotRecord)}
        cells = {place: record for place, record in placed if isinstance(record, CellRecord)}
        sources = {docname: Path(env.doc2path(docname)) for docname in domain.records}
        self.cells = CellBuild(cells, sources, settings, self.store, self._warn)
        self.asked = domain.questions
        self.questions: dict[tuple[str, str], Question] = {}  # those of them that can be answered

    def run(self) -> dict[Place, Placement]:
        """What each directive shows."""
        self.plan()
        pool = DrawingPool(self.settings.jobs)
        try:
            self.execute(pool)
            self.cells.execute(self.verbosity)
            self.tell()
            self.cells.tell(self.folder / "errors")
            self.compare()
            self.cells.compare()
            self.cells.check_parity()
            self.check()
            self._draw(pool)
        finally:
            pool.close()
        plots = {place: self._placement(work) for place, work in self.works.items()}
        return plots | self.cells.placements(self.figures, self.mime)

    @property
    def is_complete(self) -> bool:
        """Whether everything ran and nothing was wrong."""
        outcomes = [*self.outcomes.values(), *self.cells.outcomes.values()]
        return not self.warnings and not any(isinstance(outcome, Failure) for outcome in outcomes)

    @property
    def files(self) -> list[Path]:
        """What this build has written, or could have: entries of the store, and figures."""
        drawn = [figure for work in self.works.values() for figure in work.figures.values()]
        figures = [path for figure in drawn for path in (figure.path, figure.code)]
        return [*map(self.store.path, self.wanted), *figures, *self.cells.files]

    def _warn(self, subtype: Subtype, message: str, *, location: str) -> None:
        self.warnings.append(Warned(subtype, message, location))
        log.warn(subtype, message, location=location)

    # ---- PLAN

    def plan(self) -> None:
        """Give each work its plot, or a problem."""
        told: set[str] = set()
        for place, work in self.works.items():
            if not work.record.spec.landscapes:
                continue
            try:
                work.plot = plan(work.record.spec, self.settings, self._landscapes(place, work.record.spec))
            except LandscapeError as error:
                message = str(error)
                if error.path is None:
                    self._warn("landscape", message, location=work.location)
                else:
                    if (where := f"{error.path}:{max(error.line, 1)}") not in told:
                        self._warn("landscape", f"{message} (asked for at {work.location})", location=where)
                    told.add(where)
                    message = f"{error.path.parent.name}/{error.path.name}: {message}"
                work.problems.append(message)
            except PlanError as error:
                self._warn("directive", str(error), location=work.location)
                work.problems.append(str(error))
            else:
                for problem in work.plot.problems:
                    self._warn("directive", problem, location=work.location)
                work.problems.extend(work.plot.problems)
        for asked, (source, line) in self.asked.items():
            self._plan_question(asked, f"{source}:{line}")

    def _landscapes(self, place: Place, spec: PlotSpec) -> tuple[Landscape, ...]:
        """Those that a directive names. Raises LandscapeError."""
        if spec.of_page:
            return (inline_landscape(spec.landscapes, self.cells.before(place), spec),)
        return self.catalogue.get_all(spec.landscapes)

    def _plan_question(self, place: tuple[str, str], location: str) -> None:
        try:
            self.questions[place] = question(place[1], location, self.settings, self.catalogue)
        except (ExpressionError, LandscapeError) as error:
            source, line = self.asked[place]
            self.checks.append(Check(place[0], "optval", place[1], source, line, str(error)))
            self._warn("claim", f"optval {place[1]!r}: {error}", location=location)

    # ---- EXECUTE

    @property
    def planned(self) -> list[tuple[Work, Plot]]:
        """The works that have a plot."""
        return [(work, work.plot) for work in self.works.values() if work.plot]

    @property
    def wanted(self) -> list[Run]:
        """Each run that the plots and the numbers in the prose want, once."""
        runs = [run for _, plot in self.planned for name in plot.involved for run in plot.all_runs(name)]
        runs += [run for question in self.questions.values() for run in question.runs]
        return list({run.key: run for run in runs}.values())

    def execute(self, pool: DrawingPool | None = None) -> None:
        """Get the outcomes of all runs that the plots want; *pool* is warmed up when there is something to run."""
        # Where slices go is known only when the critical points are.
        sliced = {run.key for _, plot in self.planned for name in plot.involved for run in plot.slices(name)}
        self._run([run for run in self.wanted if run.key not in sliced], pool)
        for work, plot in self.planned:
            work.found = self._found(plot)
            elsewhere = self._critical([series.search(plot.drawn_from) for series in plot.wider])
            work.plot, problems = marked(plot, work.found, elsewhere)
            for problem in problems:
                self._warn(
                    problem.subtype, problem.message, location=work.location_of(problem.line or work.record.line)
                )
                work.problems.append(problem.message)
        self._run(self.wanted, pool)
        for work, plot in self.planned:
            work.drawn_from = self._source_of_numbers(plot)
            work.rescued = self._numpy_can_help(work, plot)
        rescued = [(work, plot) for work, plot in self.planned if work.rescued]
        self._run([run for _, plot in rescued for run in (*plot.runs("numpy"), *plot.searches("numpy"))], pool)
        for work, plot in rescued:
            if self.failure(plot, "numpy") is None:
                work.drawn_from = "numpy"
                work.found = self._found(plot, "numpy")
                work.plot, _ = marked(plot, work.found, {})

    def _found(self, plot: Plot, *instead: str) -> dict[tuple[str, str], CriticalPoints]:
        """The critical points by the framework whose numbers are drawn or, if it has none, by the next that has."""
        for name in instead or dict.fromkeys([plot.drawn_from, *plot.involved]):
            if found := self._critical(plot.searches(name)):
                return found
        return {}

    def _critical(self, runs: Sequence[Run]) -> dict[tuple[str, str], CriticalPoints]:
        """What *runs* have found, by landscape and function; nothing if one of them failed."""
        results = {run.label: self.outcomes[run.key] for run in runs}
        if any(isinstance(result, Failure) for result in results.values()):
            return {}
        found = {label: result.critical for label, result in results.items() if isinstance(result, Result)}
        return {(label, function): critical for label, its in found.items() for function, critical in its.items()}

    def tell(self, *, drawn: bool = True) -> None:
        """Warn of what failed, and, where figures are *drawn*, of results without which there is none."""
        for work, plot in self.planned:
            for name in plot.involved:
                shown = drawn and work.record.spec.figure == "shared"
                needed = shown and name == plot.drawn_from and not work.drawn_from
                others = [run for run in plot.all_runs(name) if run not in plot.runs(name)]
                self.report.add(plot.runs(name), others, work.location, needed=needed)
            if work.rescued:
                self.report.add(plot.runs("numpy"), plot.searches("numpy"), work.location, needed=False)
        for asked in self.questions.values():
            self.report.add((), asked.runs, asked.location, needed=False)
        self.report.warn(self.outcomes)
        for problem in self.store.problems:
            self._warn("store", problem.message, location=f"{problem.path}:1")

    def _run(self, runs: Iterable[Run], pool: DrawingPool | None) -> None:
        new = [run for run in runs if run.key not in self.outcomes]
        known, to_run = look_up(new, self.settings, self.store)
        self.outcomes |= known
        if to_run:
            self.run_now(to_run, pool)

    def run_now(self, to_run: Sequence[Run], pool: DrawingPool | None = None) -> None:
        """Run all of *to_run*, whatever the store has."""
        if pool is not None and self.mime and self.settings.jobs > 1:
            # The import of Matplotlib takes longer than most runs: let it go on beside them.
            pool.warm_up(min(len(to_run), len(self.works)))
        progress = log.Progress("running landscapes", len(to_run), self.verbosity)
        for ran in run_all(to_run, self.settings, self.store):
            purpose = " for critical points" if ran.run.searches else " to compare" if ran.run.samples else ""
            progress.step(f"{ran.run.label} ({ran.run.framework}){purpose}")
            self.outcomes[ran.run.key] = ran.outcome
            self.seconds[ran.run.key] = ran.seconds
        progress.end()

    def failure(self, plot: Plot, framework: str) -> tuple[Run, Failure] | None:
        """The first run that *plot* is drawn from in *framework* and that gave nothing, and why."""
        for run in plot.runs(framework):
            outcome = self.outcomes[run.key]
            if isinstance(outcome, Failure):
                return run, outcome
        return None

    def _absent(self, plot: Plot, framework: str) -> bool:
        """Whether the framework is to blame, or the settings, and not the code."""
        failed = self.failure(plot, framework)
        return failed is not None and not failed[1].path

    def _source_of_numbers(self, plot: Plot) -> str:
        """Whose numbers to draw: whose they should be; if that one is absent, the first tab's that ran."""
        if self.failure(plot, plot.drawn_from) is None:
            return plot.drawn_from
        if not self._absent(plot, plot.drawn_from):
            return ""
        return next((name for name in plot.frameworks if self.failure(plot, name) is None), "")

    def _numpy_can_help(self, work: Work, plot: Plot) -> bool:
        """Whether no tab gave numbers to draw, through no fault of the code, and NumPy has not been asked yet."""
        if work.drawn_from or "numpy" in plot.involved or work.record.spec.figure != "shared":
            return False
        return self._absent(plot, plot.drawn_from) and plot.has_code("numpy")

    def compare(self) -> None:
        """Give each work its verdict on the frameworks."""
        judge = self.judge = Judge(self.outcomes, self.settings.tolerances, self.folder / "compared.json")
        for work, plot in self.planned:
            work.verdict = judge.verdict(plot)
            work.findings = judge.findings(plot)
            for finding in work.findings:
                self.report.disagreement(finding, work.location)
        judge.remember()

    def check(self) -> None:
        """Warn of claims that are false, and of plots that hide what they should show; answer the prose's questions."""
        planned = [(document, work, work.plot) for (document, _), work in self.works.items() if work.plot]
        for document, work, plot in planned:
            for claim in work.record.spec.claims:
                wrong = self._check_claim(claim, work, plot)
                self.checks.append(Check(document, "claim", claim.text, work.record.source, claim.line, wrong))
                if wrong:
                    message = f"claim {claim.text!r} does not hold: {wrong}"
                    self._warn("claim", message, location=work.location_of(claim.line))
            for message in hidden(plot, work.drawn_from, work.found, self.outcomes):
                self._warn("domain", message, location=work.location)
        for place, asked in self.questions.items():
            self.numbers[place], wrong = answer(asked, self.outcomes)
            source, line = self.asked[place]
            unknown = wrong or ("no result" if self.numbers[place].text == "?" else "")
            self.checks.append(Check(place[0], "optval", place[1], source, line, unknown))
            if wrong:
                self._warn("claim", wrong, location=asked.location)

    def _check_claim(self, claim: Claim, work: Work, plot: Plot) -> str:
        """What is wrong with it; "" also where there is no result to check it by, which is told elsewhere."""
        try:
            series, function = series_named(claim.where.of, plot.searched)
        except PlanError as error:
            return str(error)
        critical = work.found.get((series.landscape.name, function))
        widths = [axis.high - axis.low for axis in series.axes]
        if claim.subject == "points":
            return "" if critical is None else check_points(claim, critical, widths)
        if claim.where.kind != "place":
            return "" if critical is None else check_at_spots(claim, critical)
        if len(claim.where.near) != len(series.axes):
            return f"{coordinates(claim.where.near)} is no point of a function of {len(series.axes)} variable(s)"
        outcome = self.outcomes[series.at(plot.drawn_from, claim.where.near).key]
        return (
            ""
            if isinstance(outcome, Failure)
            else check_at_place(claim, quantities_at(outcome, function, height_of(critical)), critical, widths)
        )

    # ---- DRAW

    def _draw(self, pool: DrawingPool) -> None:
        if not self.mime:
            return
        self._name_figures()
        to_draw = missing(figure for work in self.works.values() for figure in work.figures.values())
        if not to_draw:
            return
        progress = log.Progress("drawing figures", len(to_draw), self.verbosity)
        refused: dict[str, str] = {}
        for figure, error, its_refused in pool.draw(to_draw):
            progress.step(figure.label)
            refused |= its_refused
            if error:
                self.undrawn[figure.path] = error
        progress.end()
        for name, reason in sorted(refused.items()):
            self._warn("config", f"optviz_rcparams[{name!r}] is not used: {reason}", location=self.conf_py)
        for work in self.works.values():
            for path in {figure.path for figure in work.figures.values()} & self.undrawn.keys():
                self._warn("drawing", f"the figure could not be drawn: {self.undrawn[path]}", location=work.location)

    def _name_figures(self) -> None:
        maker = FigureMaker(self.figures, self.mime, self.settings.rcparams, figure_words())
        for work, plot in self.planned:
            figure = work.record.spec.figure
            names = [work.drawn_from] if figure == "shared" and work.drawn_from else []
            if figure == "each":
                names = [name for name in plot.frameworks if self.failure(plot, name) is None]
            for name in names:
                work.figures[name] = maker.figure(plot, name, self.outcomes)  # type: ignore[arg-type]

    # ---- PLACE

    def _placement(self, work: Work) -> Placement:
        problems = (*work.record.problems, *work.problems)
        if work.plot is None or work.verdict is None:
            return Placement(problems=problems)
        undrawn = {name: self.undrawn.get(figure.path, "") for name, figure in work.figures.items()}
        drawings = {name: figure.code.name for name, figure in work.figures.items() if not undrawn[name]}
        placed = placement(
            work.record,
            work.plot,
            problems=problems,
            drawn_from=work.drawn_from,
            images={name: figure.path.name for name, figure in work.figures.items() if not undrawn[name]},
            undrawn=undrawn,
            failures={name: self.failure(work.plot, name) for name in work.plot.involved},
            verdict=work.verdict,
            found=work.found,
        )
        return replace(placed, download=plot_download(work.plot, drawings)) if self.settings.downloads else placed
