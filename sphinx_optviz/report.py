"""Failed runs, values that are not finite and numbers that disagree become warnings, each at the line to blame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sphinx_optviz.files import file_name, write_file
from sphinx_optviz.frameworks import framework
from sphinx_optviz.runs import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from sphinx_optviz.agreement import Finding
    from sphinx_optviz.comparison import Disagreement
    from sphinx_optviz.runs import NonFinite, Outcome, Run


@dataclass
class _Use:
    """A run and where it is asked for."""

    run: Run
    locations: list[str] = field(default_factory=list)
    needed_at: list[str] = field(default_factory=list)  # where there is no figure without it
    drawn: bool = False  # and not only compared


class Report:
    """Collects who uses which run; then tells the author what became of them."""

    def __init__(self, folder: Path, warn: Callable[..., None]) -> None:
        """*folder* takes one file for each failure, with the traceback and what the code printed.

        *warn* is ``log.warn``, or does what it does.
        """
        self._folder = folder
        self._warn = warn
        self._uses: dict[str, _Use] = {}
        self._told: set[tuple[str, ...]] = set()

    def add(self, drawn: Iterable[Run], compared: Iterable[Run], location: str, *, needed: bool) -> None:
        """Note that the directive at *location* draws from some runs, and compares frameworks by others."""
        for run in drawn:
            use = self._uses.setdefault(run.key, _Use(run))
            use.locations.append(location)
            use.drawn = True
            if needed:
                use.needed_at.append(location)
        for run in compared:
            self._uses.setdefault(run.key, _Use(run)).locations.append(location)

    def warn(self, outcomes: Mapping[str, Outcome]) -> None:
        """Warn of all that went wrong."""
        # What is drawn first: the same code fails in the same way when it is compared.
        for use in sorted(self._uses.values(), key=lambda use: not use.drawn):
            outcome = outcomes[use.run.key]
            if not isinstance(outcome, Failure):
                for bad in outcome.non_finite if use.drawn else ():
                    self._not_finite(use, bad)
            elif outcome.path:
                self._failed(use, outcome)
            elif outcome.subtype == "not_run":
                for location in use.needed_at:
                    message = f"{use.run.label} ({use.run.framework}): {outcome.message}"
                    self._warn("not_run", message, location=location)
            elif self._is_news(use.run.framework, outcome.message):
                self._warn(
                    outcome.subtype, outcome.message + self._save_details(use.run, outcome), location=use.locations[0]
                )

    def _is_news(self, *what: str) -> bool:
        """Whether this has not been told yet; from now on it has."""
        if what in self._told:
            return False
        self._told.add(what)
        return True

    def _not_finite(self, use: _Use, bad: NonFinite) -> None:
        run = use.run
        at = _at([axis.name for axis in run.axes], bad.first)
        message = (
            f"{run.label} ({run.framework}): {bad.function} is not finite at {bad.count} of {bad.total} points, "
            f"the first at {at}; drawn with a gap there (used at {use.locations[0]})"
        )
        path, line = run.source.place(bad.line)
        self._warn("not_finite", message, location=f"{path}:{line}")

    def _failed(self, use: _Use, failure: Failure) -> None:
        location = f"{failure.path}:{failure.line}"
        # The same code fails in the same way where it is compared, if in other words: for another number of points.
        is_news = self._is_news("failed", use.run.framework, use.run.source.digest)
        if not use.drawn and not is_news:
            return
        message = f"{use.run.label} ({use.run.framework}): {failure.message} (used at {use.locations[0]})"
        if not use.drawn:
            message += "; its numbers are drawn, and nothing is known of its derivatives"
        self._warn(failure.subtype, message + self._save_details(use.run, failure), location=location)

    def _save_details(self, run: Run, failure: Failure) -> str:
        return save_details(self._folder, failure, run.label, run.framework, run.key)

    def disagreement(self, finding: Finding, location: str) -> None:
        """Warn of numbers that differ, at the directive."""
        run, item = finding.run, finding.disagreement
        if self._is_news(run.label, run.key, finding.reference.key, item.function):
            self._warn("agreement", describe(finding), location=location)


def save_details(folder: Path, failure: Failure, label: str, framework: str, key: str) -> str:
    """Write the details of a run's failure to a file; return the end of the sentence that names it."""
    if not failure.details.strip():
        return ""
    path = folder / f"{file_name(label)}-{framework}-{key[:8]}.txt"
    try:
        write_file(path, failure.details.encode("utf-8", "replace"))
    except OSError:
        return ""
    return f"; details in {path}"


def describe(finding: Finding) -> str:
    """A disagreement in a sentence or two, for the author."""
    run, item = finding.run, finding.disagreement
    start = f"{run.label} ({run.framework}): "
    if item.kind == "precision":
        precision = framework(run.framework).precision
        return (
            f"{start}{item.function} is computed in {item.dtype}, though its points are {precision}. If that is meant, "
            f"give a tolerance for it: optviz_tolerances = {{{item.dtype!r}: ...}} ({run.source.path})"
        )
    if item.kind == "critical_points":
        return f"{start}the critical points of {item.function} disagree: {item.hint} ({run.source.path})"
    message = start + _difference(item, run, finding.reference, [axis.name for axis in run.axes])
    if finding.outvoted:
        label = framework(finding.reference.framework).label
        message += f". The frameworks that differ from {label} agree with each other, so look at {label} first"
    return message


def _difference(item: Disagreement, run: Run, reference: Run, variables: Sequence[str]) -> str:
    other = framework(reference.framework).label
    mine, its = (f"{number:.17g}" for number in item.numbers)
    at = _at(variables, item.where)
    if item.kind == "not_finite":
        what = f"at {at} it is {mine}, and {other}'s is {its}"
    else:
        largest = abs(item.numbers[0] - item.numbers[1])
        what = f"the largest difference, {largest:.3g}, is at {at}, where it is {mine} and {other}'s is {its}"
    message = (
        f"{_SINGULAR[item.operation]} of {item.function} disagrees with {other}'s "
        f"at {item.points} of {item.total} points: {what}"
    )
    if item.also:
        message += f"; {' and '.join(_PLURAL[operation] for operation in item.also)} disagree too"
    if item.hint:
        message += f"; {item.hint}"
    return f"{message} ({run.source.path} against {reference.source.path.name})"


_SINGULAR = {"values": "the value", "gradients": "the gradient", "hessians": "the Hessian"}
_PLURAL = {"values": "values", "gradients": "gradients", "hessians": "Hessians"}


def _at(variables: Sequence[str], where: Sequence[float]) -> str:
    return ", ".join(f"{name} = {value:g}" for name, value in zip(variables, where, strict=True))
