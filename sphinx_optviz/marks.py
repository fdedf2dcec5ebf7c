"""Where the build puts an author's words: annotations and marks at critical points, slices through one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sphinx_optviz.model import DEFAULT_COUNTS, KINDS, Annotation, Where
from sphinx_optviz.plan import Label, Line, Mark, PlanError, Series, grid_of, series_named
from sphinx_optviz.runs import Axis
from sphinx_optviz.spots import coordinates, labelled, lowest, name_of, spots, unknown_extremes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_optviz.critical import CriticalPoints
    from sphinx_optviz.plan import Panel, Plot
    from sphinx_optviz.spots import Spot

# One text is put to so many points at most.
_MOST_LABELS = 6

# What is marked only where an author names it, for it is no critical point.
_NAMED = ("kink", "edge minimum", "edge maximum")

_PLANES = ("contour", "heatmap", "surface", "wireframe")
# Which views can mark what is no single critical point, and what an author can do where none of them is there.
_MARKING: Mapping[str, tuple[Sequence[str], str]] = {
    "plateau": (["curve"], "put a label there, as ':annotate: flat @ plateau' does in the view contour"),
    "kink": (["curve"], "there they are lines; minima and maxima are marked, those without a gradient too"),
    **dict.fromkeys(["valley", "ridge"], (["curve", *_PLANES], "add the view contour")),  # on a curve there is none
    **dict.fromkeys(["edge minimum", "edge maximum"], (["curve", *_PLANES], "add the view contour")),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What the author has to be told: a wrong directive, or a domain that hides what the text names."""

    subtype: Literal["directive", "domain"]
    message: str
    line: int  # of the option or of the label; 0 if it is not known


def marked(
    plot: Plot, found: Mapping[tuple[str, str], CriticalPoints], elsewhere: Mapping[tuple[str, str], CriticalPoints]
) -> tuple[Plot, list[Problem]]:
    """*plot* with everything in place that depends on critical points.

    They are *found* in its domain; *elsewhere* are those of landscapes that the author has moved it away from.
    """
    problems = _unmarked(plot)
    panels = [_sliced(panel, plot, found, problems) for panel in plot.panels]
    panels = [replace(panel, marks=_marks(panel, plot, found), lines=_lines(panel, plot, found)) for panel in panels]
    labels: list[list[Label]] = [[] for _ in panels]
    for annotation in plot.spec.annotations:
        _place(annotation, plot, panels, labels, (found, elsewhere), problems)
    panels = [replace(panel, labels=tuple(its)) for panel, its in zip(panels, labels, strict=True)]
    return replace(plot, panels=tuple(panels)), problems


# ---- annotations


def _place(
    annotation: Annotation,
    plot: Plot,
    panels: Sequence[Panel],
    labels: Sequence[list[Label]],
    known: tuple[Mapping[tuple[str, str], CriticalPoints], Mapping[tuple[str, str], CriticalPoints]],
    problems: list[Problem],
) -> None:
    """Add to *labels*, panel by panel, what one annotation becomes."""
    at = annotation.at
    if not isinstance(at, Where):
        if not _place_coordinates(annotation.text, at, panels, labels):
            message = f"annotation {annotation.text!r}: {coordinates(at)} is no point of the plot, and is left out"
            problems.append(Problem("directive", message, annotation.line))
        return
    try:
        series, function = series_named(at.of, plot.searched)
    except PlanError as error:
        problems.append(Problem("directive", f"annotation {annotation.text!r}: {error}", annotation.line))
        return
    critical, beyond = (found.get((series.landscape.name, function)) for found in known)
    if critical is None:
        return  # its search failed, which is told elsewhere
    its = labelled(critical, at.kind, at.near)
    if not its:
        why = _why_none(at.kind, series, critical)
        if beyond is not None and (hidden := spots(beyond, at.kind)):
            why += f"; it has one at {coordinates(hidden[0].at)}, which the domain hides"
        problems.append(Problem("domain", f"annotation {annotation.text!r}: {why}", annotation.line))
    elif len(its) > _MOST_LABELS:
        message = (
            f"annotation {annotation.text!r}: there are {len(its)} {KINDS[at.kind]}; "
            f"say which, as in '{at.kind} near {coordinates(its[0].at)}'"
        )
        problems.append(Problem("directive", message, annotation.line))
    else:
        for spot in its:
            _place_spot(annotation.text, spot, series, panels, labels)


def _why_none(kind: str, series: Series, critical: CriticalPoints) -> str:
    """Why there is no point of *kind*, for the author."""
    box = ", ".join(f"{axis.name} from {axis.low:g} to {axis.high:g}" for axis in series.axes)
    if kind.startswith("global ") and (unknown := unknown_extremes(critical)):
        return f"the {kind} of {series.landscape.name} cannot be told: {unknown}"
    why = f"{series.landscape.name} has no {kind} in its domain, {box}"
    best = kind.removeprefix("global ")
    if kind.startswith("global ") and (other := lowest(critical, best)) is not None:
        height = "lowest" if best == "minimum" else "highest"
        what = f" ({name_of(other, critical)})" if other.kind != "plateau" else " (plateau)"
        why += f": it is {height} at {coordinates(other.at)}{what}"
    return why


def _place_spot(text: str, spot: Spot, series: Series, panels: Sequence[Panel], labels: Sequence[list[Label]]) -> None:
    for panel, its in zip(panels, labels, strict=True):
        if panel.view == "slices" or series.landscape not in [item.landscape for item in panel.series]:
            continue
        # On a curve a point has a height, so that it may lie on any of several curves.
        at = (*spot.at, spot.value) if panel.view == "curve" else spot.at
        its.append(Label(text, at))


def _place_coordinates(
    text: str, at: tuple[float, ...], panels: Sequence[Panel], labels: Sequence[list[Label]]
) -> bool:
    """Put *text* into the panels of the first landscape that can show the point; False if there is none."""
    first = panels[0].series[0].landscape.name
    used = False
    for panel, its in zip(panels, labels, strict=True):
        series = panel.series[0]
        sizes = (1, 2) if panel.view == "curve" else (2,)
        if panel.view == "slices" or series.landscape.name != first or len(at) not in sizes:
            continue
        count = 1 if panel.view == "curve" else 2
        if all(axis.low <= value <= axis.high for axis, value in zip(series.axes[:count], at, strict=False)):
            its.append(Label(text, at))
            used = True
    return used


# ---- marks


def _unmarked(plot: Plot) -> list[Problem]:
    """The kinds that an author names and no panel can mark."""
    views = {panel.view for panel in plot.panels}
    names = ", ".join(dict.fromkeys(panel.view for panel in plot.panels))
    problems = []
    for kind in plot.spec.critical_points:
        marking, advice = _MARKING.get(kind, (views, ""))
        if not views & set(marking):
            message = f":critical-points: {KINDS[kind]} cannot be marked in the view {names}: {advice}"
            problems.append(Problem("directive", message, plot.spec.lines.get("critical-points", 0)))
    return problems


def _wanted(plot: Plot, spot: Spot, critical: CriticalPoints) -> bool:
    kinds = plot.spec.critical_points
    return "all" in kinds or any(spot in spots(critical, kind) for kind in kinds)


def _marks(panel: Panel, plot: Plot, found: Mapping[tuple[str, str], CriticalPoints]) -> tuple[Mark, ...]:
    if not plot.spec.critical_points:
        return ()
    marks: list[Mark] = []
    for curve, (series, function) in enumerate(_functions(panel)):
        critical = found.get((series.landscape.name, function))
        if critical is not None:
            marks += _marks_of(critical, plot, panel.view, curve)
    return tuple(marks)


def _functions(panel: Panel) -> list[tuple[Series, str]]:
    """Those that a panel shows: a plane, and slices of it, the first alone."""
    if panel.view == "curve":
        return [(series, function.name) for series in panel.series for function in series.landscape.functions]
    return [(panel.series[0], panel.series[0].landscape.functions[0].name)]


def _marks_of(critical: CriticalPoints, plot: Plot, view: str, curve: int) -> list[Mark]:
    marks = []
    globally = [*spots(critical, "global minimum"), *spots(critical, "global maximum")]
    for spot in [*spots(critical, "critical point"), *_kinks(critical)]:
        if _wanted(plot, spot, critical):
            degenerate = spot.point is None or spot.point.degenerate
            smooth = spot.point is not None
            marks.append(Mark(spot.kind, degenerate, smooth, spot in globally, spot.at, spot.value, curve))
    taken = [mark.at for mark in marks]  # a kink may be a minimum or maximum
    kinds = [kind for kind in plot.spec.critical_points if kind in _NAMED and view in _MARKING[kind][0]]
    named = [spot for kind in kinds for spot in spots(critical, kind)]
    for spot in [spot for spot in named if spot.at not in taken]:
        mark = Mark(
            spot.kind, degenerate=False, smooth=True, is_global=False, at=spot.at, value=spot.value, curve=curve
        )
        marks.append(mark)
    return marks


def _kinks(critical: CriticalPoints) -> list[Spot]:
    """The minima and maxima where there is no gradient."""
    both = [*spots(critical, "minimum"), *spots(critical, "maximum")]
    return [spot for spot in both if spot.point is None]


def _lines(panel: Panel, plot: Plot, found: Mapping[tuple[str, str], CriticalPoints]) -> tuple[Line, ...]:
    """The lines of critical points in a plane, or the plateaus of curves."""
    kinds = plot.spec.critical_points
    lines: list[Line] = []
    for series, function in _functions(panel) if panel.view != "slices" else []:
        critical = found.get((series.landscape.name, function))
        if critical is None:
            continue
        lines += [Line(line.kind, line.at) for line in critical.lines if "all" in kinds or line.kind in kinds]
        if panel.view == "curve" and ("all" in kinds or "plateau" in kinds):
            lines += [
                Line("plateau", tuple((*at, part.value) for at in (part.low, part.high))) for part in critical.plateaus
            ]
    return tuple(lines)


# ---- slices


def _sliced(
    panel: Panel, plot: Plot, found: Mapping[tuple[str, str], CriticalPoints], problems: list[Problem]
) -> Panel:
    """The slices along the Hessian's eigenvectors through a critical point; as they are if there is none."""
    if panel.view != "slices":
        return panel
    landscape = panel.series[0].landscape
    critical = found.get((landscape.name, landscape.functions[0].name))
    through = plot.spec.through
    spot = _to_slice(critical, through) if critical else None
    if critical and through and spot is None:
        why = _why_none(through.kind, Series(landscape, grid_of(landscape, plot.spec)), critical)
        problems.append(Problem("domain", f":through: {why}", plot.spec.lines.get("through", 0)))
        spot = _to_slice(critical, None)
    if spot is None or spot.point is None or not spot.point.eigenvectors:
        return panel
    grid = grid_of(landscape, plot.spec)
    lines = []
    for index, direction in enumerate(spot.point.eigenvectors):
        low, high = _inside(grid, spot.at, direction)
        axis = Axis("t", low, high, max(DEFAULT_COUNTS[1], *(axis.count for axis in grid)))
        name = f"$v_{index + 1}$, $\\lambda_{index + 1} = {_shown(spot.eigenvalues[index])}$"
        lines.append(Series(landscape, (axis,), through=(spot.at, direction), name=name))
    return replace(panel, series=tuple(lines))


def _to_slice(critical: CriticalPoints, through: Where | None) -> Spot | None:
    """The point that the author names or, if he names none, a saddle, the lowest minimum, whatever there is."""
    kinds = [through.kind] if through else ["saddle", "global minimum", "critical point"]
    for kind in kinds:
        found = spots(critical, kind, through.near if through else ())
        if found:
            return found[0]
    return None


def _shown(number: float) -> str:
    return "0" if abs(number) < 1e-12 else f"{number:.4g}"


def _inside(grid: Sequence[Axis], at: Sequence[float], direction: Sequence[float]) -> tuple[float, float]:
    """From which distance to which the line through *at* lies in the domain."""
    lows, highs = [], []
    for axis, x, step in zip(grid, at, direction, strict=True):
        if abs(step) > 1e-12:
            ends = sorted([(axis.low - x) / step, (axis.high - x) / step])
            lows.append(ends[0])
            highs.append(ends[1])
    return max(lows), min(highs)
