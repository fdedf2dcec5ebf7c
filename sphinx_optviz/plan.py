"""PLAN: what an author wrote, and the landscapes it names, become a plot: what to run, to show and to draw.

Content only: nothing here knows Sphinx, runs code or draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING

from sphinx_optviz.frameworks import did_you_mean
from sphinx_optviz.model import DEFAULT_COUNTS, VIEWS, Where
from sphinx_optviz.runs import Axis, Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_optviz.landscapes import Landscape
    from sphinx_optviz.model import PlotSpec, Settings


# On one grid: a 2-D plot of that many has 2000 on each axis, more than any figure can show.
_MAX_POINTS = 4_000_000


# Where frameworks are compared: at random points, and on a grid of at most so many points an axis, by the number of
# variables. Values are compared on the plot's whole grid too; derivatives would make an entry of the store too large.
_SAMPLES = 1000
_COMPARED_COUNTS = {1: 1001, 2: 21}


def _thinned(count: int, variables: int) -> int:
    """How many points of *count* to compare at: every one or, if these are too many, every second, third and so on."""
    limit = _COMPARED_COUNTS[variables]
    if count <= limit:
        return count
    steps = next((steps for steps in range(limit - 1, limit // 2, -1) if (count - 1) % steps == 0), limit - 1)
    return steps + 1


class PlanError(Exception):
    """A directive that cannot become a plot; the message is for the author."""


@dataclass(frozen=True, slots=True)
class Series:
    """A landscape's functions on one grid, or, for a slice, on a line of it."""

    landscape: Landscape
    axes: tuple[Axis, ...]
    through: tuple[tuple[float, ...], tuple[float, ...]] | None = None  # of a slice: a point on it, and its direction
    name: str = ""  # of a slice, for the legend

    _runs: dict[str, tuple[Run, Run]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def run(self, framework: str) -> Run:
        """The run that gives the values to draw."""
        return self._both(framework)[0]

    def comparison(self, framework: str) -> Run:
        """The run that gives what frameworks are compared by: the grid, thinned, and random points between."""
        return self._both(framework)[1]

    def search(self, framework: str) -> Run:
        """The run that finds all critical points in the box of the axes."""
        box = tuple(replace(axis, count=2) for axis in self.axes)
        return replace(self.run(framework), operations=("critical_points",), axes=box)

    def at(self, framework: str, point: Sequence[float]) -> Run:
        """The run that gives the value, the gradient and the Hessian at one *point*."""
        axes = tuple(replace(axis, low=x, high=x, count=1) for axis, x in zip(self.axes, point, strict=True))
        return replace(self.run(framework), operations=("values", "gradients", "hessians"), axes=axes)

    def _both(self, framework: str) -> tuple[Run, Run]:
        if framework not in self._runs:  # making one means hashing
            drawn = Run(
                framework=framework,
                source=self.landscape.sources[framework],
                functions=tuple(function.name for function in self.landscape.functions),
                operations=("values",),
                axes=self.axes,
                through=self.through,
                label=self.landscape.name,
            )
            compared = replace(
                drawn,
                operations=("values", "gradients", "hessians"),
                axes=tuple(replace(axis, count=_thinned(axis.count, len(self.axes))) for axis in self.axes),
                samples=_SAMPLES,
            )
            self._runs[framework] = drawn, compared
        return self._runs[framework]


@dataclass(frozen=True, slots=True)
class Label:
    """A text, and the point that its arrow points at."""

    text: str
    at: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A critical point as a panel shows it, or a kink, or a minimum or maximum on the edge."""

    kind: str
    degenerate: bool  # or without a gradient
    smooth: bool
    is_global: bool
    at: tuple[float, ...]
    value: float
    curve: int  # on which it lies, in a panel of curves


@dataclass(frozen=True, slots=True)
class Line:
    """A curve of critical points in a plane, or a plateau of a curve, with its height."""

    kind: str
    at: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair (or, in 3-D, triple) of axes. All series of a curve share it; any other view has one landscape.

    Labels, marks and lines depend on what is found; ``marks.py`` adds them.
    """

    view: str
    series: tuple[Series, ...]
    labels: tuple[Label, ...] = ()
    marks: tuple[Mark, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """A directive with everything decided that does not need numbers."""

    spec: PlotSpec
    landscapes: tuple[Landscape, ...]
    frameworks: tuple[str, ...]  # the tabs, in order; each landscape has code for each of them
    drawn_from: str  # the framework whose numbers the shared figure shows
    open_tab: str
    panels: tuple[Panel, ...]
    compared: tuple[Series, ...]  # what frameworks are compared on; () if they are not
    searched: tuple[Series, ...]  # where critical points are looked for
    wider: tuple[Series, ...]  # the landscapes' own domains, where an author has moved the plot and names points
    places: tuple[tuple[Series, tuple[float, ...]], ...]  # single points that claims are about
    problems: tuple[str, ...]

    def runs(self, framework: str) -> tuple[Run, ...]:
        """All runs that the panels need from *framework*, in the order of the series; two may be the same."""
        return tuple(series.run(framework) for panel in self.panels for series in panel.series)

    def slices(self, framework: str) -> tuple[Run, ...]:
        """Those of ``runs`` that depend on critical points."""
        sliced = [panel for panel in self.panels if panel.view == "slices"]
        return tuple(series.run(framework) for panel in sliced for series in panel.series)

    def comparisons(self, framework: str) -> tuple[Run, ...]:
        """The runs that *framework* is compared by, one for each of ``compared``."""
        return tuple(series.comparison(framework) for series in self.compared)

    def searches(self, framework: str) -> tuple[Run, ...]:
        """The runs that find critical points, one for each of ``searched``; in all frameworks if they are compared."""
        wanted = self.searched if self.compared or framework == self.drawn_from else ()
        return tuple(series.search(framework) for series in wanted)

    def all_runs(self, framework: str) -> tuple[Run, ...]:
        """Everything that *framework* is asked for."""
        places, wider = (self.places, self.wider) if framework == self.drawn_from else ((), ())
        return (
            *self.runs(framework),
            *self.comparisons(framework),
            *self.searches(framework),
            *(series.search(framework) for series in wider),
            *(series.at(framework, point) for series, point in places),
        )

    @property
    def involved(self) -> tuple[str, ...]:
        """The frameworks whose numbers are wanted: those of the tabs, and the one to draw from."""
        return tuple(dict.fromkeys([*self.frameworks, self.drawn_from]))

    def has_code(self, framework: str) -> bool:
        """Whether every landscape can be run in *framework*."""
        return _have_code(self.landscapes, framework)


def _have_code(landscapes: tuple[Landscape, ...], framework: str) -> bool:
    return all(framework in landscape.sources for landscape in landscapes)


def plan(spec: PlotSpec, settings: Settings, landscapes: tuple[Landscape, ...]) -> Plot:
    """The plot of the *landscapes* that *spec* names. Raises PlanError; lesser problems are left out and listed."""
    problems: list[str] = []
    wanted = spec.frameworks or settings.frameworks
    frameworks = tuple(name for name in wanted if _have_code(landscapes, name))
    if not frameworks:
        names = ", ".join(landscape.name for landscape in landscapes)
        raise PlanError(f"no framework of {', '.join(wanted)} has code for {names}")
    preferred = settings.default_framework
    open_tab = preferred if preferred in frameworks else frameworks[0]
    # Outside the tabs the default framework is still the one to draw from, unless the author chose others here.
    drawn_from = preferred if _have_code(landscapes, preferred) and not spec.frameworks else open_tab
    grids = tuple(Series(landscape, grid_of(landscape, spec)) for landscape in landscapes)
    plot = Plot(
        spec=spec,
        landscapes=landscapes,
        frameworks=frameworks,
        drawn_from=drawn_from,
        open_tab=open_tab,
        panels=_panels(spec, landscapes, problems),
        compared=grids,
        searched=grids if _needs_critical_points(spec) else (),
        wider=_wider(spec, landscapes),
        places=_places(spec, grids),
        problems=(),
    )
    if settings.agreement == "off" or len(plot.involved) == 1:
        plot = replace(plot, compared=())
    points = max(prod(axis.count for axis in series.axes) for panel in plot.panels for series in panel.series)
    if points > _MAX_POINTS:
        raise PlanError(f"{points} points are too many; {_MAX_POINTS} are allowed")
    return replace(plot, problems=tuple(problems))


def _needs_critical_points(spec: PlotSpec) -> bool:
    """Whether anything that is shown or checked depends on them; the alternative text does, unless it is given."""
    named = any(isinstance(annotation.at, Where) for annotation in spec.annotations)
    described = spec.figure != "none" and spec.alt is None
    return bool(described or named or spec.critical_points or spec.claims or "slices" in spec.views)


def _wider(spec: PlotSpec, landscapes: tuple[Landscape, ...]) -> tuple[Series, ...]:
    moved = spec.x is not None or spec.y is not None
    named = any(isinstance(annotation.at, Where) for annotation in spec.annotations)
    return tuple(Series(landscape, landscape.axes) for landscape in landscapes) if moved and named else ()


def series_named(name: str, grids: Sequence[Series]) -> tuple[Series, str]:
    """The series and the function that *name* means: ``FUNCTION``, ``LANDSCAPE`` or ``LANDSCAPE.FUNCTION``.

    "" means the first function of the first landscape. Raises PlanError.
    """
    names = []
    for series in grids:
        landscape = series.landscape
        functions = [function.name for function in landscape.functions]
        for function in functions:
            names += [function, f"{landscape.name}.{function}"]
            if name in (function, f"{landscape.name}.{function}"):
                return series, function
        names.append(landscape.name)
        if name in ("", landscape.name):
            return series, functions[0]
    raise PlanError(f"there is no function {name!r}. {did_you_mean(name, list(dict.fromkeys(names)))}")


def _places(spec: PlotSpec, grids: tuple[Series, ...]) -> tuple[tuple[Series, tuple[float, ...]], ...]:
    """The points by coordinates at which claims say something."""
    found = []
    for claim in spec.claims:
        if claim.where.kind != "place":
            continue
        try:
            series, _ = series_named(claim.where.of, grids)
        except PlanError:
            continue  # said when the claim is checked
        if len(series.axes) == len(claim.where.near):
            found.append((series, claim.where.near))
    return tuple(found)


def _panels(spec: PlotSpec, landscapes: tuple[Landscape, ...], problems: list[str]) -> tuple[Panel, ...]:
    dimensions = {len(landscape.axes) for landscape in landscapes}
    unfit = [view for view in spec.views if VIEWS[view] not in dimensions]
    if unfit and len(unfit) == len(spec.views):
        plural = "functions" if len(landscapes) > 1 else "a function"
        fitting = ", ".join(view for view, variables in VIEWS.items() if variables in dimensions)
        raise PlanError(
            f"view {', '.join(unfit)} cannot show {plural} of {_variables(dimensions)}; these can: {fitting}"
        )
    if unfit:
        problems.append(f"view {', '.join(unfit)} fits none of the landscapes, and is left out")
    if spec.through is not None and "slices" not in spec.views and all(item.view != "slices" for item in landscapes):
        problems.append(":through: needs the view slices, and is left out")
    if spec.y is not None and dimensions == {1}:
        problems.append(":y: needs a function of two variables, and is left out")

    curves = tuple(Series(landscape, grid_of(landscape, spec)) for landscape in landscapes if len(landscape.axes) == 1)
    panels: list[Panel] = []
    for landscape in landscapes:
        if len(landscape.axes) == 1:
            if not any(panel.view == "curve" for panel in panels):
                panels.append(Panel("curve", curves))
            continue
        for view in [view for view in spec.views if VIEWS[view] == 2] or [landscape.view]:
            grid = grid_of(landscape, spec)
            series = (
                tuple(Series(landscape, line) for line in _slices(grid, spec))
                if view == "slices"
                else (Series(landscape, grid),)
            )
            panels.append(Panel(view, series))
    return tuple(panels)


def _variables(dimensions: set[int]) -> str:
    return " and ".join("one variable" if count == 1 else "two variables" for count in sorted(dimensions))


def grid_of(landscape: Landscape, spec: PlotSpec) -> tuple[Axis, ...]:
    """The landscape's domain; ``:x:`` replaces its first variable's interval, ``:y:`` the second's."""
    return tuple(
        axis if interval is None else Axis(axis.name, interval.low, interval.high, interval.count or axis.count)
        for axis, interval in zip(landscape.axes, (spec.x, spec.y), strict=False)
    )


def _slices(grid: tuple[Axis, ...], spec: PlotSpec) -> list[tuple[Axis, ...]]:
    """For each variable the line through the middle of the domain along it, with as many points as a curve has."""
    middle = [replace(axis, low=(axis.low + axis.high) / 2, high=(axis.low + axis.high) / 2, count=1) for axis in grid]
    lines = []
    for index, (axis, interval) in enumerate(zip(grid, (spec.x, spec.y), strict=True)):
        wanted = interval.count if interval else None
        line = list(middle)
        line[index] = replace(axis, count=wanted or max(axis.count, DEFAULT_COUNTS[1]))
        lines.append(tuple(line))
    return lines
