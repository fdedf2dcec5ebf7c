"""Failed runs and values that are not finite become warnings: one for each cause, at the line that is to blame."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sphinx_optviz.files import write_file
from sphinx_optviz.frameworks import FRAMEWORKS
from sphinx_optviz.log import warn
from sphinx_optviz.runs import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sphinx_optviz.runs import NonFinite, Outcome, Run


@dataclass
class _Use:
    """A run and where it is asked for."""

    run: Run
    locations: list[str] = field(default_factory=list)
    needed_at: list[str] = field(default_factory=list)  # where there is no figure without it


class Report:
    """Collects who uses which run; then tells the author what became of them."""

    def __init__(self, folder: Path, default_framework: str) -> None:
        """*folder* takes one file for each failure, with the traceback and what the code printed."""
        self._folder = folder
        self._default_framework = default_framework
        self._uses: dict[str, _Use] = {}
        self._absent: set[tuple[str, str]] = set()

    def add(self, runs: Iterable[Run], location: str, *, needed: bool) -> None:
        """Note that the directive at *location* uses *runs*."""
        for run in runs:
            use = self._uses.setdefault(run.key, _Use(run))
            use.locations.append(location)
            if needed:
                use.needed_at.append(location)

    def warn(self, outcomes: Mapping[str, Outcome]) -> None:
        """Warn of all that went wrong."""
        for key, use in self._uses.items():
            outcome = outcomes[key]
            if not isinstance(outcome, Failure):
                for bad in outcome.non_finite:
                    self._not_finite(use, bad)
            elif outcome.path:
                self._failed(use, outcome)
            elif outcome.subtype == "not_run":
                for location in use.needed_at:
                    message = f"{use.run.label} ({use.run.framework}): {outcome.message}"
                    warn("not_run", message, location=location)
            else:
                self._framework_absent(use, outcome)

    def _not_finite(self, use: _Use, bad: NonFinite) -> None:
        run = use.run
        at = ", ".join(f"{axis.name} = {value:g}" for axis, value in zip(run.axes, bad.first, strict=True))
        message = (
            f"{run.label} ({run.framework}): {bad.function} is not finite at {bad.count} of {bad.total} points, "
            f"the first at {at}; drawn with a gap there (used at {use.locations[0]})"
        )
        warn("not_finite", message, location=f"{run.source.path}:{bad.line}")

    def _failed(self, use: _Use, failure: Failure) -> None:
        message = f"{use.run.label} ({use.run.framework}): {failure.message} (used at {use.locations[0]})"
        message += self._save_details(use.run, failure)
        warn(failure.subtype, message, location=f"{failure.path}:{failure.line}")

    def _framework_absent(self, use: _Use, failure: Failure) -> None:
        """Once for each framework. One that this version cannot run is news only when its numbers should be drawn."""
        name = use.run.framework
        if (name, failure.message) in self._absent:
            return
        if FRAMEWORKS[name].has_adapter or name == self._default_framework:
            self._absent.add((name, failure.message))
            warn(failure.subtype, failure.message + self._save_details(use.run, failure), location=use.locations[0])

    def _save_details(self, run: Run, failure: Failure) -> str:
        """Write them to a file; return the end of the sentence that names it."""
        if not failure.details.strip():
            return ""
        name = re.sub(r"[^\w-]", "_", run.label)
        path = self._folder / f"{name}-{run.framework}-{run.key[:8]}.txt"
        try:
            write_file(path, failure.details.encode("utf-8", "replace"))
        except OSError:
            return ""
        return f"; details in {path}"
