"""The views: each draws one panel of a job into axes, and returns what annotates it.

Annotations come last because they are placed in points on the page, and the axes get their place on the page only when
it is known how wide their tick labels are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.ticker import MaxNLocator

from sphinx_optviz.draw import style
from sphinx_optviz.draw.labels import place_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from mpl_toolkits.mplot3d import Axes3D

Panel = dict[str, Any]
Array = np.ndarray[Any, np.dtype[np.float64]]
Annotate = Callable[[], None]

_STEPS = [1, 2, 5, 10]  # between ticks and between levels

_LINES = 21  # of a wireframe, each way
_FACES = 40  # of a surface, each way: more makes the SVG heavy and no smoother to the eye


def points_of(axis: list[Any]) -> Array:
    """The points of ``[name, low, high, count]``."""
    _, low, high, count = axis
    return np.linspace(low, high, count)


def values_of(series: dict[str, Any]) -> list[Array]:
    """One array for each function, of the grid's shape."""
    shape = [axis[3] for axis in series["axes"]]
    return [np.frombuffer(data, dtype="<f8").reshape(shape) for data in series["values"]]


@dataclass(frozen=True, slots=True)
class Label:
    """What an axis is called. Mathematics is set in an italic font: mathtext would take longer than the curves."""

    text: str
    is_maths: bool

    @property
    def style(self) -> dict[str, Any]:
        """For the methods of Matplotlib that set a label."""
        return style.MATHS if self.is_maths else {}

    def inline(self) -> str:
        """For a text that has other words too."""
        return f"${self.text}$" if self.is_maths else self.text


def variable(name: str) -> Label:
    """A variable's name."""
    is_maths = len(name) == 1 and name.isalpha()
    return Label(name if is_maths else name.replace("_", " "), is_maths)


def value_label(series: dict[str, Any]) -> Label:
    """What the function's value is called."""
    if series["labels"][0]:
        return Label(str(series["labels"][0]), is_maths=False)
    words = [variable(name) for name in (series["functions"][0], *(axis[0] for axis in series["axes"]))]
    if all(word.is_maths for word in words):
        return Label(f"{words[0].text}({', '.join(word.text for word in words[1:])})", is_maths=True)
    return words[0]


def _call(set_label: Callable[..., Any], label: Label, **more: Any) -> None:
    set_label(label.text, **label.style, **more)


def _nothing() -> None:
    """Annotate nothing."""


def _nothing_finite(axes: Axes, arrays: list[Array]) -> bool:
    if any(np.isfinite(array).any() for array in arrays):
        return False
    axes.text(0.5, 0.5, "no finite values", ha="center", va="center", transform=axes.transAxes)
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
    _call(axes.set_xlabel, variable(first["axes"][0][0]))
    if not many:
        _call(axes.set_ylabel, value_label(first))
    axes.set_xlim(min(float(x[0]) for x, _ in lines), max(float(x[-1]) for x, _ in lines))
    notes = []
    for text, at in panel["annotations"]:
        x, values = lines[0]
        tip = (at[0], at[1]) if len(at) == 2 else (at[0], float(np.interp(at[0], x, values)))
        if np.isfinite(tip[1]):
            notes.append((text, tip))
    axes.margins(y=0.16 if notes else 0.06)
    if _nothing_finite(axes, [values for _, values in lines]):
        return _nothing
    for _, tip in notes:
        axes.plot(*tip, "o", color=style.INK, markersize=4, zorder=5)
    axes.autoscale_view()
    _legend(axes, legend, len(lines))
    return lambda: place_labels(axes, notes, np.concatenate([np.column_stack(line) for line in lines]))


def slices(axes: Axes, panel: Panel, legend: str) -> Annotate:
    """The first function along each variable, through the middle of the domain."""
    drawn = []
    for number, series in enumerate(panel["series"]):
        name = variable(series["axes"][number][0]).inline()
        fixed = [axis for i, axis in enumerate(series["axes"]) if i != number]
        others = ", ".join(f"{variable(axis[0]).inline()} = {axis[1]:g}" for axis in fixed)
        values = values_of(series)[0].ravel()
        axes.plot(points_of(series["axes"][number]), values, label=f"along {name}, {others}")
        drawn.append(values)
    names = [variable(axis[0]) for axis in panel["series"][0]["axes"]]
    _call(axes.set_xlabel, Label(", ".join(name.text for name in names), all(name.is_maths for name in names)))
    _call(axes.set_ylabel, value_label(panel["series"][0]))
    if not _nothing_finite(axes, drawn):
        _legend(axes, legend, len(drawn))
    return _nothing


def _plane(panel: Panel) -> tuple[Array, Array, Array]:
    """x, y, and the first function's values with rows along y, as Matplotlib's 2-D plots want them; NaN masked."""
    series = panel["series"][0]
    x, y = (points_of(axis) for axis in series["axes"])
    return x, y, np.ma.masked_invalid(values_of(series)[0].T)


def _axis_labels(axes: Any, panel: Panel) -> None:
    x, y = panel["series"][0]["axes"]
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=_STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=_STEPS))
    _call(axes.set_xlabel, variable(x[0]))
    _call(axes.set_ylabel, variable(y[0]))


def _marks(axes: Axes, panel: Panel) -> Annotate:
    notes = [(text, (at[0], at[1])) for text, at in panel["annotations"]]
    for _, tip in notes:
        axes.plot(*tip, "o", color="white", markeredgecolor=style.INK, markersize=5, zorder=5)
    return lambda: place_labels(axes, notes, np.array([tip for _, tip in notes]).reshape(-1, 2))


def _colour_bar(axes: Axes, panel: Panel, mappable: Any) -> None:
    bar = axes.figure.colorbar(mappable, cax=axes.inset_axes((1.03, 0, 0.045, 1)))
    bar.locator = MaxNLocator(6, steps=_STEPS)
    bar.update_ticks()
    _call(bar.set_label, value_label(panel["series"][0]))
    bar.outline.set_visible(False)


def contour(axes: Axes, panel: Panel, legend: str) -> Annotate:
    """Filled contours between round levels, with a thin line at each."""
    x, y, z = _plane(panel)
    _axis_labels(axes, panel)
    axes.grid(visible=False)
    if _nothing_finite(axes, [np.ma.filled(z, np.nan)]):
        return _nothing
    if float(z.min()) == float(z.max()):
        return heatmap(axes, panel, legend)  # a constant has no contours
    levels = MaxNLocator(12, steps=_STEPS).tick_values(float(z.min()), float(z.max()))
    filled = axes.contourf(x, y, z, levels=levels)
    axes.contour(x, y, z, levels=levels, colors="white", linewidths=0.5, linestyles="solid")
    _colour_bar(axes, panel, filled)
    return _marks(axes, panel)


def heatmap(axes: Axes, panel: Panel, legend: str) -> Annotate:  # noqa: ARG001 - all views have one signature
    """One coloured cell a point."""
    x, y, z = _plane(panel)
    _axis_labels(axes, panel)
    axes.grid(visible=False)
    if _nothing_finite(axes, [np.ma.filled(z, np.nan)]):
        return _nothing
    extent = (float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))
    # "none" keeps the picture in the SVG as small as the grid; pcolormesh would write one path a cell.
    image = axes.imshow(z, extent=extent, origin="lower", aspect="auto", interpolation="none")
    _colour_bar(axes, panel, image)
    return _marks(axes, panel)


def _thinned(panel: Panel, most: int) -> tuple[Array, Array, Array]:
    """X, Y and Z as 2-D arrays on at most *most* lines each way, the edges of the domain among them."""
    series = panel["series"][0]
    x, y = (points_of(axis) for axis in series["axes"])
    rows = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
    columns = np.unique(np.linspace(0, len(y) - 1, min(most, len(y))).round().astype(int))
    grid_x, grid_y = np.meshgrid(x[rows], y[columns], indexing="ij")
    values = values_of(series)[0][np.ix_(rows, columns)]
    return grid_x, grid_y, np.where(np.isfinite(values), values, np.nan)


def _solid(axes: Axes3D, panel: Panel, z: Array) -> bool:
    """What wireframe and surface share; False when there is nothing to draw."""
    _axis_labels(axes, panel)
    _call(axes.set_zlabel, value_label(panel["series"][0]), labelpad=2)
    axes.xaxis.labelpad = axes.yaxis.labelpad = 1
    axes.view_init(elev=26, azim=-58)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(5, steps=_STEPS))
        axis.set_pane_color((1, 1, 1, 0))
    axes.tick_params(labelsize=8, pad=0)
    if np.isfinite(z).any():
        return True
    axes.text2D(0.5, 0.5, "no finite values", ha="center", va="center", transform=axes.transAxes)
    return False


def _marks_in_space(axes: Axes3D, panel: Panel, drawn: tuple[Array, Array, Array]) -> None:
    if not panel["annotations"]:
        return
    from mpl_toolkits.mplot3d import proj3d

    series = panel["series"][0]
    x, y = (points_of(axis) for axis in series["axes"])
    values = values_of(series)[0]
    notes = []
    for text, at in panel["annotations"]:
        # Bilinear: the point of the surface that is drawn.
        along_y = [np.interp(at[1], y, row) for row in values]
        z = float(np.interp(at[0], x, along_y))
        if not np.isfinite(z):
            continue
        axes.plot([at[0]], [at[1]], [z], "o", color=style.COLOURS[1], markersize=5, zorder=10)
        flat_x, flat_y, _ = proj3d.proj_transform(at[0], at[1], z, axes.get_proj())
        notes.append((text, (float(flat_x), float(flat_y))))
    flat = proj3d.proj_transform(*(array.ravel() for array in drawn), axes.get_proj())
    place_labels(axes, notes, np.column_stack(flat[:2]))


def wireframe(axes: Any, panel: Panel, legend: str) -> Annotate:  # noqa: ARG001
    """Lines of constant x and of constant y on the surface."""
    x, y, z = _thinned(panel, _LINES)
    if not _solid(axes, panel, z):
        return _nothing
    axes.plot_wireframe(x, y, z, rstride=1, cstride=1, linewidth=0.8, color=style.COLOURS[0])
    return lambda: _marks_in_space(axes, panel, (x, y, z))


def surface(axes: Any, panel: Panel, legend: str) -> Annotate:  # noqa: ARG001
    """The surface, coloured by its height."""
    x, y, z = _thinned(panel, _FACES + 1)
    if not _solid(axes, panel, z):
        return _nothing
    axes.plot_surface(
        x, y, z, rstride=1, cstride=1, cmap=matplotlib.rcParams["image.cmap"], linewidth=0.2, edgecolor="white"
    )
    return lambda: _marks_in_space(axes, panel, (x, y, z))


DRAW: dict[str, Callable[[Any, Panel, str], Annotate]] = {
    "curve": curve,
    "slices": slices,
    "contour": contour,
    "heatmap": heatmap,
    "wireframe": wireframe,
    "surface": surface,
}
IN_SPACE = ("wireframe", "surface")
