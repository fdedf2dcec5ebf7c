"""The views in a plane: each draws one panel of a job into axes, and returns what annotates it.

Annotations come last because they are placed in points on the page, and the axes get their place on the page only when
it is known how wide their tick labels are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.ticker import FuncFormatter, Locator, MaxNLocator

from sphinx_optviz.draw import looks, marks
from sphinx_optviz.draw.finer import doubled
from sphinx_optviz.draw.labels import Note, Surroundings, place_labels
from sphinx_optviz.draw.levels import STEPS, Levels, digits_for, levels_of, number
from sphinx_optviz.draw.panels import Array, Label, Panel, points_of, told, value_label, values_of, variable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

Annotate = Callable[[], None]

# Right of the axes, in parts of their width: where the colour bar begins and ends.
BAR_BEGIN, BAR_END = 0.03, 0.075

_DOT = 4.0  # size in points of the mark at an annotation's point that has no other
_COARSE = 150  # points of a grid each way, below which contours that lie close together need some between


def call(set_label: Callable[..., Any], label: Label, **more: Any) -> None:
    """Call an axis *label*."""
    set_label(label.alone, **label.style, **more)


def nothing() -> None:
    """Annotate nothing."""


def _nothing_finite(axes: Axes, panel: Panel, arrays: list[Array]) -> bool:
    if any(np.isfinite(array).any() for array in arrays):
        return False
    axes.text(0.5, 0.5, told(panel, "no finite values"), ha="center", va="center", transform=axes.transAxes)
    return True


def _legend(axes: Any, legend: str, curves: int) -> None:
    if legend != "none" and (legend or curves > 1):
        axes.legend(loc=legend or "best")


def curve(axes: Axes, panel: Panel, legend: str) -> Annotate:
    """All functions of all series over one variable."""
    lines: list[tuple[Array, Array]] = []
    many = sum(len(series["functions"]) for series in panel["series"]) > 1
    for series in panel["series"]:
        x = points_of(series["axes"][0])
        for name, label, values in zip(series["functions"], series["labels"], values_of(series), strict=True):
            plain = series["title"] if len(series["functions"]) == 1 else name.replace("_", " ")
            axes.plot(x, values, label=label or plain)
            lines.append((x, values))
    first = panel["series"][0]
    call(axes.set_xlabel, variable(first["axes"][0][0]))
    if not many:
        call(axes.set_ylabel, value_label(first))
    axes.set_xlim(min(float(x[0]) for x, _ in lines), max(float(x[-1]) for x, _ in lines))
    points = marks.points_of(panel)
    places = np.array([[point["at"][0], point["value"]] for point in points]).reshape(-1, 2)
    notes = []
    for text, at in panel["annotations"]:
        tip = _tip(at, lines[0], places[[point.get("curve", 0) == 0 for point in points]])
        if np.isfinite(tip[1]):
            notes.append((text, tip))
    axes.margins(y=0.18 if notes else 0.06)
    if _nothing_finite(axes, panel, [values for _, values in lines]):
        return nothing
    bands = marks.lines_of(panel)
    marks.draw_lines(axes, bands, [np.array(band["at"]) for band in bands])
    marks.draw_points(axes, points, places)
    pointed = _pointed(axes, notes, places, marks.radius_for(len(points)), color=looks.INK, markersize=_DOT)
    axes.autoscale_view()
    _legend(axes, legend, len(lines))
    around = Surroundings(
        [np.column_stack(line) for line in lines],
        places,
        marks.radius_for(len(points)),
        legend_at="" if legend in ("best", "none") else legend,
        growing=True,
    )
    return lambda: place_labels(axes, pointed, around)


def _tip(at: list[float], line: tuple[Array, Array], places: Array) -> tuple[float, float]:
    """The point of a curve that an author means by *at*; *places* are its critical points."""
    if len(at) == 2:
        return at[0], at[1]
    known = marks.standing_at(places, at, np.array([np.ptp(line[0])]))
    return at[0], float(known[0, 1] if len(known) else np.interp(at[0], *line))


def _pointed(
    axes: Axes, notes: list[tuple[str, tuple[float, float]]], places: Array, radius: float, **look: Any
) -> list[Note]:
    """*notes* with what their arrows end at: a mark at one of *places*, or a dot, which this draws."""
    span = np.ptp(axes.dataLim.get_points(), axis=0)
    pointed = []
    for text, tip in notes:
        is_marked = len(marks.standing_at(places, tip, span)) > 0
        if not is_marked:
            axes.plot(*tip, "o", zorder=15, **look)
        pointed.append(Note(text, tip, radius if is_marked else look["markersize"] / 2))
    return pointed


def slices(axes: Axes, panel: Panel, legend: str) -> Annotate:
    """The first function along lines: through a point in some directions, or through the middle along each variable."""
    drawn = []
    for index, series in enumerate(panel["series"]):
        values = values_of(series)[0].ravel()
        if "along" in series:
            axes.plot(points_of(series["axes"][0]), values, label=series["along"]["name"])
        else:
            name = variable(series["axes"][index][0]).inline()
            fixed = [axis for i, axis in enumerate(series["axes"]) if i != index]
            others = ", ".join(f"{variable(axis[0]).inline()} = {axis[1]:g}" for axis in fixed)
            words = {"variable": name, "others": others}
            axes.plot(
                points_of(series["axes"][index]), values, label=told(panel, "along %(variable)s, %(others)s") % words
            )
        drawn.append(values)
    first = panel["series"][0]
    if "along" in first:
        at = ", ".join(f"{value:.3g}" for value in first["along"]["at"])
        call(axes.set_xlabel, Label(told(panel, "distance from (%s)") % at, is_maths=False))
        axes.margins(x=0)
    else:
        names = [variable(axis[0]) for axis in first["axes"]]
        call(axes.set_xlabel, Label(", ".join(name.text for name in names), all(name.is_maths for name in names)))
    call(axes.set_ylabel, value_label(first))
    if not _nothing_finite(axes, panel, drawn):
        _mark_origin(axes, panel)
        _legend(axes, legend, len(drawn))
    return nothing


def _mark_origin(axes: Axes, panel: Panel) -> None:
    points = marks.points_of(panel)
    marks.draw_points(axes, points, np.array([[0.0, point["value"]] for point in points]).reshape(-1, 2))


def _plane(panel: Panel) -> tuple[Array, Array, Array]:
    """x, y, and the first function's values with rows along y, as Matplotlib's 2-D plots want them; NaN masked."""
    series = panel["series"][0]
    x, y = (points_of(axis) for axis in series["axes"])
    return x, y, np.ma.masked_invalid(values_of(series)[0].T)


def axis_labels(axes: Any, panel: Panel) -> None:
    """Ticks and names of the two variables."""
    x, y = panel["series"][0]["axes"]
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
    call(axes.set_xlabel, variable(x[0]))
    call(axes.set_ylabel, variable(y[0]))


def levels_for(panel: Panel, z: Array) -> Levels:
    """The levels for the panel's values *z*, finite or masked, and its critical points."""
    points = marks.points_of(panel)
    saddles = [point["value"] for point in points if point["kind"] == "saddle"]
    others = [point["value"] for point in points if point["kind"] in ("minimum", "maximum", "inflection")]
    return levels_of(z, saddles, others)


def is_coarse(shape: tuple[int, ...]) -> bool:
    """Whether contours that lie close together need points between those of a grid of the *shape*."""
    return max(shape) <= _COARSE


def _marks(axes: Axes, panel: Panel) -> Annotate:
    points, lines = marks.points_of(panel), marks.lines_of(panel)
    places = np.array([point["at"] for point in points]).reshape(-1, 2)
    curves = [np.array(line["at"]) for line in lines]
    marks.draw_lines(axes, lines, curves)
    marks.draw_points(axes, points, places)
    radius = marks.radius_for(len(points))
    notes = [(text, (at[0], at[1])) for text, at in panel["annotations"]]
    pointed = _pointed(axes, notes, places, radius, color="white", markeredgecolor=looks.INK, markersize=5)
    return lambda: place_labels(axes, pointed, Surroundings(curves, places, radius))


class _LevelTicks(Locator):
    """The round levels, or every second, third ... of them, as there is room along *axes*, beside which the bar is."""

    def __init__(self, axes: Axes, ticks: Array, norm: Normalize) -> None:
        self._axes = axes
        self._ticks = ticks
        self._parts = np.asarray(norm(ticks))

    def __call__(self) -> list[float]:
        """Where the ticks are."""
        height = self._axes.get_window_extent().height * 72 / self._axes.figure.dpi
        apart = 1.25 * matplotlib.rcParams["font.size"] / height
        for step in range(1, len(self._ticks)):
            first = _first(self._ticks, step)
            if np.diff(self._parts[first::step]).min(initial=1.0) > apart:
                return [float(tick) for tick in self._ticks[first::step]]
        return [float(tick) for tick in self._ticks[:1]]

    def tick_values(self, vmin: float, vmax: float) -> list[float]:  # noqa: ARG002 - as Matplotlib wants it
        """Where the ticks are, whatever is shown."""
        return self()


def _first(ticks: Array, step: int) -> int:
    """From which on every *step*-th has the most powers of ten."""
    powers = [f"{abs(tick):e}".startswith("1.000000e") for tick in ticks]
    return max(range(step), key=lambda first: (sum(powers[first::step]), -first))


def _colour_bar(axes: Axes, panel: Panel, mappable: Any, levels: Levels | None) -> None:
    even = levels is None or levels.norm is None
    spacing = "proportional" if even else "uniform"
    place = axes.inset_axes((1 + BAR_BEGIN, 0, BAR_END - BAR_BEGIN, 1))
    bar = axes.figure.colorbar(mappable, cax=place, spacing=spacing)
    if levels is None or levels.norm is None:
        bar.locator = MaxNLocator(6, steps=STEPS)
    else:
        bar.locator = _LevelTicks(axes, levels.ticks, levels.norm)
        digits = digits_for(levels.ticks.tolist())
        bar.formatter = FuncFormatter(lambda tick, _: number(tick, digits))
    bar.update_ticks()
    bar.minorticks_off()
    call(bar.set_label, value_label(panel["series"][0]))
    bar.outline.set_visible(False)


def contour(axes: Axes, panel: Panel, legend: str) -> Annotate:
    """Filled contours, with a thin line at each level."""
    x, y, z = _plane(panel)
    axis_labels(axes, panel)
    axes.grid(visible=False)
    if _nothing_finite(axes, panel, [np.ma.filled(z, np.nan)]):
        return nothing
    if float(z.min()) == float(z.max()):
        return heatmap(axes, panel, legend)  # a constant has no contours
    levels = levels_for(panel, z)
    if levels.norm is not None and is_coarse(z.shape):
        z = np.ma.masked_invalid(doubled(np.ma.filled(z, np.nan)))
        x, y = (np.linspace(line[0], line[-1], 2 * len(line) - 1) for line in (x, y))
    filled = axes.contourf(x, y, z, levels=levels.values, norm=levels.norm)
    widths = np.where(np.isin(levels.values, levels.through), 1.0, 0.5)
    axes.contour(x, y, z, levels=levels.values, colors="white", linewidths=widths, linestyles="solid")
    _colour_bar(axes, panel, filled, levels)
    return _marks(axes, panel)


def heatmap(axes: Axes, panel: Panel, legend: str) -> Annotate:  # noqa: ARG001 - all views have one signature
    """One coloured cell a point."""
    x, y, z = _plane(panel)
    axis_labels(axes, panel)
    axes.grid(visible=False)
    if _nothing_finite(axes, panel, [np.ma.filled(z, np.nan)]):
        return nothing
    extent = (float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))
    levels = None if float(z.min()) == float(z.max()) else levels_for(panel, z)
    # "none" keeps the picture in the SVG as small as the grid; pcolormesh would write one path a cell.
    image = axes.imshow(
        z,
        norm=levels.norm if levels else None,
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="none",
    )
    _colour_bar(axes, panel, image, levels)
    return _marks(axes, panel)
