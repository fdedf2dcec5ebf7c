"""``sphinx-build -b optcheck``: what ran, what the store holds and why it does not, and whether frameworks agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sphinx.builders import Builder
from sphinx.util import logging

from sphinx_optviz.absent import without_absent
from sphinx_optviz.check_report import HEAD, Row, as_json, as_junit, cells_of, summary
from sphinx_optviz.config import settings_of
from sphinx_optviz.files import write_file
from sphinx_optviz.frameworks import framework
from sphinx_optviz.log import warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from docutils import nodes

    from sphinx_optviz.check_report import Status
    from sphinx_optviz.domain import OptvizDomain
    from sphinx_optviz.pipeline import Build, Work
    from sphinx_optviz.plan import Plot
    from sphinx_optviz.runs import Outcome, Result, Run

logger = logging.getLogger(__name__)


class CheckBuilder(Builder):
    """Runs what the store lacks and compares; draws nothing and writes no pages."""

    name = "optcheck"
    epilog = "The results of the check are in %(outdir)s: optcheck.json, and optcheck.xml for JUnit's readers."
    supported_image_types: ClassVar[list[str]] = []
    allow_parallel = True

    def get_outdated_docs(self) -> str:
        return "all plots"

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:  # noqa: ARG002 - Sphinx's interface
        return docname

    def prepare_writing(self, docnames: AbstractSet[str]) -> None:
        """Nothing to prepare."""

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        """No pages."""

    def write_documents(self, docnames: AbstractSet[str]) -> None:  # noqa: ARG002 - Sphinx's interface
        """Check all plots of the book, and report."""
        # Imported here because every build imports this module.
        from sphinx_optviz.cell_check import cell_rows
        from sphinx_optviz.pipeline import Build, Warned
        from sphinx_optviz.staleness import descriptions, unused_entries
        from sphinx_optviz.tables import table

        settings, left_out = without_absent(settings_of(self.config, Path(self.confdir)))
        if left_out:
            logger.info("%s", left_out)
        build = Build(self, self.env, settings)
        build.plan()
        # Whether entries can be told to be unused: not while a directive does not say what it needs.
        problems = [problem for work in build.works.values() for problem in (*work.record.problems, *work.problems)]
        problems += [problem for record in build.cells.records.values() for problem in record.problems]
        self.complete = not problems and not build.cells.problems
        before = set(unused_entries(build.store.folder, ()))
        build.execute()
        build.cells.execute()
        # Only now: where slices go is known when the critical points are.
        self.used = _used(build)
        unused = [path for path in unused_entries(build.store.folder, self.used) if path in before]
        described = descriptions(unused)
        reasons = _reasons(build, described, before)
        reasons |= _run_again_for_version(build)
        build.tell(drawn=False)
        build.cells.tell(build.folder / "errors")
        build.compare()
        build.cells.compare()
        build.cells.check_parity()
        build.check()
        rows = [row for place, work in build.works.items() for row in _rows(place[0], work, build, reasons)]
        rows += cell_rows(build.cells, described, _stored(build, before))
        rows.sort(key=lambda row: (row.document, row.source, row.line))
        lacking: set[Status] = {"stale", "missing"} if build.settings.execute == "never" else set()
        for row in rows:
            if row.status in lacking:
                message = f"{' '.join(row.landscapes)} ({row.framework}): {row.why}"
                warn("not_run", message, location=f"{row.source}:{row.line}")
        logger.info("")
        if rows:
            for line in table(HEAD, [cells_of(row, Path(self.srcdir)) for row in rows]):
                logger.info("%s", line)
        logger.info("%s", summary(rows, build.checks, unused))
        folder = Path(self.srcdir)
        domain = cast("OptvizDomain", self.env.get_domain("optviz"))
        warnings = [*(Warned("directive", *problem) for problem in domain.problems), *build.warnings]
        write_file(Path(self.outdir, "optcheck.json"), as_json(rows, build.checks, unused, folder))
        junit = as_junit(rows, build.checks, warnings, {"failed", *lacking}, folder)
        write_file(Path(self.outdir, "optcheck.xml"), junit)


def _used(build: Build) -> set[str]:
    """The keys of all entries that the book can use; NumPy may have to stand in for others."""
    names = [(plot, {*plot.involved, *(["numpy"] if plot.has_code("numpy") else [])}) for _, plot in build.planned]
    of_plots = {run.key for plot, frameworks in names for name in frameworks for run in plot.all_runs(name)}
    of_cells = {run.key for run in build.cells.cells.runs.values()}
    return of_plots | of_cells | {run.key for question in build.questions.values() for run in question.runs}


def _stored(build: Build, before: AbstractSet[Path]) -> set[str]:
    """The keys that had entries *before*; none of them counts where all has to run."""
    return set() if build.settings.execute == "force" else {path.stem for path in before}


def _reasons(build: Build, unused: Sequence[Mapping[str, Any]], before: AbstractSet[Path]) -> dict[str, str]:
    """By key, why a run has no result in the store, or is not taken from there; *before* are the entries that were."""
    from sphinx_optviz.staleness import reason

    reasons = {}
    for run in build.wanted:
        path = build.store.path(run)
        if path not in before:
            reasons[run.key] = reason(run, unused)
        elif build.settings.execute == "force":
            reasons[run.key] = "optviz_execute is 'force'"
        else:
            reasons[run.key] = "the stored result is damaged"  # said only if it is run
    return reasons


def _run_again_for_version(build: Build) -> dict[str, str]:
    """Run what was recorded with another version of its framework than is here; return why, by key."""
    from sphinx_optviz.execute import try_out
    from sphinx_optviz.runs import Failure

    if build.settings.execute == "never":
        return {}
    stored = [run for run in build.wanted if run.key not in build.seconds and _result(build.outcomes[run.key])]
    here = {run.framework: _version(build, run) for run in build.wanted if run.key in build.seconds}
    to_ask = sorted({run.framework for run in stored} - {name for name, version in here.items() if version})
    for name, outcome in try_out(to_ask, build.settings).items():
        here[name] = "" if isinstance(outcome, Failure) else outcome.version
    reasons = {}
    for run in stored:
        recorded, now = _version(build, run), here.get(run.framework, "")
        if now and recorded != now:
            reasons[run.key] = f"recorded with {framework(run.framework).label} {recorded}, this is {now}"
    again = [run for run in stored if run.key in reasons]
    if again:
        build.run_now(again)
    return reasons


def _result(outcome: Outcome) -> Result | None:
    from sphinx_optviz.runs import Failure

    return None if isinstance(outcome, Failure) else outcome


def _version(build: Build, run: Run) -> str:
    result = _result(build.outcomes[run.key])
    return result.version if result else ""


# ---- rows


def _rows(document: str, work: Work, build: Build, reasons: dict[str, str]) -> list[Row]:
    """One for each framework that the directive could show."""
    plot = work.plot
    if plot is None:
        return []
    start: dict[str, Any] = {
        "document": document,
        "source": work.record.source,
        "line": work.record.line,
        "landscapes": tuple(landscape.name for landscape in plot.landscapes),
    }
    wanted = work.record.spec.frameworks or build.settings.frameworks
    rows = []
    for name in dict.fromkeys([*plot.involved, *wanted]):
        if name not in plot.involved:
            without = [landscape.name for landscape in plot.landscapes if name not in landscape.sources]
            why = f"{', '.join(without)} has no {name}.py"
            rows.append(Row(**start, framework=name, status="no code", why=why))
        else:
            rows.append(_row(start, name, work, plot, build, reasons))
    return rows


def _row(start: dict[str, Any], name: str, work: Work, plot: Plot, build: Build, reasons: dict[str, str]) -> Row:
    from sphinx_optviz.report import describe

    runs = {run.key: run for run in plot.all_runs(name)}
    outcomes = [build.outcomes[key] for key in runs]
    results = [result for result in map(_result, outcomes) if result]
    ran = [key for key in runs if key in build.seconds]
    status, why = _status(runs, build, reasons)
    comparisons = build.judge.of(plot, name)
    differences: dict[str, float] = {}
    for comparison in comparisons:
        for operation, largest in comparison.largest.items():
            differences[operation] = max(differences.get(operation, 0.0), largest)
    findings = [describe(finding) for finding in work.findings if finding.run.framework == name]
    dtypes = {dtype for result in results for dtype in result.dtypes.values()}
    return Row(
        **start,
        framework=name,
        status=status,
        why=why,
        version=results[0].version if results else "",
        dtype=", ".join(sorted(dtypes)),
        agreement=work.verdict.standing(name) if work.verdict else "",
        differences=differences or None,
        finding="; ".join(findings),
        seconds=round(sum(build.seconds[key] for key in ran), 3) if ran else None,
    )


def _status(runs: Mapping[str, Run], build: Build, reasons: dict[str, str]) -> tuple[Status, str]:
    """Of all runs of one framework for one plot, the worst, and why."""
    from sphinx_optviz.runs import Failure

    failures = [build.outcomes[key] for key in runs if isinstance(build.outcomes[key], Failure)]
    lacking = [key for key in runs if key in build.seconds or isinstance(build.outcomes[key], Failure)]
    # What keeps values from being known keeps critical points from it too, in other words.
    told = [key for key in lacking if not runs[key].searches] or lacking
    why = "; ".join(dict.fromkeys(reasons[key] for key in told))
    if not failures:
        return ("ran" if lacking else "stored"), why
    failure = cast("Failure", failures[0])
    if failure.path or failure.subtype == "framework_broken":
        return "failed", failure.message
    stale = why not in ("never run", "")
    return ("stale" if stale else "missing"), f"{why}; {failure.message}" if why else failure.message
