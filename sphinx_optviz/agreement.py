"""What the comparison of its frameworks says of a plot: a verdict for readers, findings for the author."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sphinx_optviz.comparison import Comparison, Disagreement, Pair, compare, lowered_precision
from sphinx_optviz.files import write_file
from sphinx_optviz.model import TOLERANCES, digest_of
from sphinx_optviz.runs import Failure, Outcome, Result, Run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sphinx_optviz.plan import Plot, Series

# In the memory of comparisons: bump it when the same numbers may be judged in another way.
_JUDGEMENT = 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A disagreement, and between whom."""

    disagreement: Disagreement
    run: Run  # of the framework that differs
    reference: Run  # the same object where a framework differs from nobody, and only has too few digits
    outvoted: tuple[str, ...] = ()  # the frameworks that agree with each other against the reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of the frameworks of one plot. Frameworks are named in the order of the tabs."""

    reference: str = ""  # whose numbers the others are compared with; "" if nothing ran
    versions: Mapping[str, str] = field(default_factory=dict)  # of those that ran
    agreeing: tuple[str, ...] = ()  # with the reference
    disagreeing: tuple[str, ...] = ()
    values_only: tuple[str, ...] = ()  # their derivatives could not be compared
    absent: tuple[str, ...] = ()  # not run, through no fault of the code
    failed: tuple[str, ...] = ()
    largest: float = 0.0  # difference between values, among those that agree

    def standing(self, name: str) -> str:
        """Of the framework *name*, in a word for people; "" where it was compared with none."""
        known = {self.reference: "reference"} if len(self.versions) > 1 else {}
        known |= dict.fromkeys(self.agreeing, "agrees") | dict.fromkeys(self.disagreeing, "disagrees")
        return known.get(name, "")


class Judge:
    """Compares the frameworks of plots, each pair of results once; remembers from build to build what came of it."""

    def __init__(self, outcomes: Mapping[str, Outcome], tolerances: Mapping[str, float], memory: Path) -> None:
        """*outcomes* by key of run; *tolerances* are the author's own; *memory* is a file that may be missing."""
        self._outcomes = outcomes
        self._tolerances = tolerances
        self._memory = memory
        self._known: dict[str, Comparison] = {}
        self._used: dict[str, Comparison] = {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._known = {key: _comparison(item) for key, item in json.loads(memory.read_text("utf-8")).items()}

    def remember(self) -> None:
        """Keep the comparisons of this build for the next one."""
        if self._used.keys() != self._known.keys():
            content = {key: asdict(self._used[key]) for key in sorted(self._used)}
            with contextlib.suppress(OSError):
                write_file(self._memory, json.dumps(content, indent=0).encode())

    def verdict(self, plot: Plot) -> Verdict:
        """What to say of the frameworks of *plot*."""
        if not plot.compared:
            return Verdict()
        failed = {name: self._failure(plot.runs(name)) for name in plot.involved}
        reference = self._reference(plot)
        agreeing, disagreeing, values_only, largest = [], [], [], 0.0
        for name in plot.involved:
            if failed[name] is not None:
                continue
            comparisons = self._comparisons(plot, name, reference) if name != reference else []
            if self._failure(plot.comparisons(name)) is not None:
                values_only.append(name)
            elif any(item.uncompared for item in comparisons):
                inexact = any(self._result(run).errors for run in plot.comparisons(name))
                values_only.append(name if inexact else reference)
            if name == reference:
                continue
            if not all(comparison.is_clean for comparison in comparisons):
                disagreeing.append(name)
            else:
                agreeing.append(name)
                largest = max([largest, *(comparison.largest.get("values", 0.0) for comparison in comparisons)])
        absent = tuple(name for name, failure in failed.items() if failure is not None and not failure.path)
        return Verdict(
            reference=reference,
            versions={name: self._result(plot.runs(name)[0]).version for name in plot.involved if not failed[name]},
            agreeing=tuple(agreeing),
            disagreeing=tuple(disagreeing),
            values_only=tuple(dict.fromkeys(values_only)) if agreeing or disagreeing else (),
            absent=absent,
            failed=tuple(name for name, failure in failed.items() if failure is not None and failure.path),
            largest=largest,
        )

    def findings(self, plot: Plot) -> list[Finding]:
        """All that the author of *plot* should know."""
        if not plot.compared:
            return []
        found = []
        verdict = self.verdict(plot)
        outvoted = self._outvoted(plot, verdict)
        for name in verdict.versions:
            for index, series in enumerate(plot.compared):
                run, reference = series.run(name), series.run(verdict.reference)
                if name != verdict.reference:
                    comparison = self._comparisons(plot, name, verdict.reference)[index]
                    differing = comparison.disagreements
                else:
                    drawn = self._pairs(plot, series, name, name)[0]
                    differing = lowered_precision(drawn.run, drawn.result, self._tolerances)
                found += [
                    Finding(disagreement=item, run=run, reference=reference, outvoted=outvoted) for item in differing
                ]
        return found

    def of(self, plot: Plot, name: str) -> list[Comparison]:
        """How the framework *name* compares with the reference; nothing if it is the reference, or did not run."""
        reference = self._reference(plot)
        if not plot.compared or name == reference or self._failure(plot.runs(name)) is not None or not reference:
            return []
        return self._comparisons(plot, name, reference)

    def _outvoted(self, plot: Plot, verdict: Verdict) -> tuple[str, ...]:
        """Those that all differ from the reference and do not differ from each other; one alone proves nothing."""
        if verdict.agreeing or len(verdict.disagreeing) < 2:
            return ()
        first, *others = verdict.disagreeing
        same = all(comparison.is_clean for name in others for comparison in self._comparisons(plot, name, first))
        return verdict.disagreeing if same else ()

    def _reference(self, plot: Plot) -> str:
        ran = [name for name in plot.involved if self._failure(plot.runs(name)) is None]
        return plot.drawn_from if plot.drawn_from in ran else next(iter(ran), "")

    def _failure(self, runs: Sequence[Run]) -> Failure | None:
        outcomes = (self._outcomes[run.key] for run in runs)
        return next((outcome for outcome in outcomes if isinstance(outcome, Failure)), None)

    def _result(self, run: Run) -> Result:
        outcome = self._outcomes[run.key]
        assert isinstance(outcome, Result)
        return outcome

    def _comparisons(self, plot: Plot, name: str, reference: str) -> list[Comparison]:
        """One for each landscape of *plot*; both frameworks have run."""
        return [self._comparison(self._pairs(plot, series, name, reference)) for series in plot.compared]

    def _pairs(self, plot: Plot, series: Series, name: str, reference: str) -> list[Pair]:
        """All runs that both frameworks have of the landscape of *series*."""
        places = [item for panel in plot.panels for item in panel.series if item.landscape == series.landscape]
        runs = dict.fromkeys((item.run(name), item.run(reference)) for item in places)
        optional = [(series.search(name), series.search(reference))] if series in plot.searched else []
        optional.append((series.comparison(name), series.comparison(reference)))
        known = [pair for pair in optional if all(run.key in self._outcomes for run in pair)]
        both = [*runs, *(pair for pair in known if self._failure(pair) is None)]
        return [Pair(run, self._result(run), self._result(other), reference) for run, other in both]

    def _comparison(self, pairs: Sequence[Pair]) -> Comparison:
        content = [
            _JUDGEMENT,
            {**TOLERANCES, **self._tolerances},
            sorted(self._tolerances),
            [[pair.result.digest, pair.reference.digest] for pair in pairs],
        ]
        key = digest_of(content)[:32]
        if key not in self._used:
            self._used[key] = self._known.get(key) or compare(pairs, self._tolerances)
        return self._used[key]


def _comparison(item: dict[str, Any]) -> Comparison:
    """From what ``asdict`` makes of one, after its way through JSON."""
    disagreements = []
    for fields in item["disagreements"]:
        sequences = {name: tuple(fields[name]) for name in ("where", "numbers", "also")}
        disagreements.append(Disagreement(**{**fields, **sequences}))
    uncompared = tuple(item["uncompared"])
    return Comparison(largest=dict(item["largest"]), disagreements=tuple(disagreements), uncompared=uncompared)
