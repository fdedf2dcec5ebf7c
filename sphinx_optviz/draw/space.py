"""The views in space: the graph of a function of two variables, as lines or as a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.ticker import MaxNLocator

from sphinx_optviz.draw import looks, marks
from sphinx_optviz.draw.labels import Note, Surroundings, place_labels
from sphinx_optviz.draw.levels import STEPS
from sphinx_optviz.draw.panels import Array, Panel, points_of, told, value_label, values_of
from sphinx_optviz.draw.views import Annotate, axis_labels, call, levels_for, nothing

if TYPE_CHECKING:
    from matplotlib.colors import Normalize
    from mpl_toolkits.mplot3d import Axes3D

Bits = np.ndarray[Any, np.dtype[np.bool_]]

LINES = 21  # of a wireframe, each way
FACES = 40  # of a surface, each way: more makes the SVG heavy and no smoother to the eye
WIRES: dict[str, Any] = {"linewidth": 0.8, "color": looks.COLOURS[0]}
SURFACE: dict[str, Any] = {"linewidth": 0.2, "edgecolor": "white"}
BOX = (1, 1, 0.75)  # the sides of a space
_DOT = 5.0  # size in points of the mark at an annotation's point that has no other
_RAY = 120  # places where it is looked whether the surface hides a point
_THICK = 0.02  # of the box: so close to a point the surface is what it lies on


def kept(count: int, most: int) -> np.ndarray[Any, np.dtype[np.int_]]:
    """At most *most* indices of *count* points, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))


def _thinned(panel: Panel, most: int) -> tuple[Array, Array, Array]:
    """X, Y and Z as 2-D arrays on at most *most* lines each way, the edges of the domain among them."""
    series = panel["series"][0]
    x, y = (points_of(axis) for axis in series["axes"])
    rows, columns = kept(len(x), most), kept(len(y), most)
    grid_x, grid_y = np.meshgrid(x[rows], y[columns], indexing="ij")
    values = values_of(series)[0][np.ix_(rows, columns)]
    return grid_x, grid_y, np.where(np.isfinite(values), values, np.nan)


def _solid(axes: Axes3D, panel: Panel, z: Array) -> bool:
    """What wireframe and surface share; False when there is nothing to draw."""
    axis_labels(axes, panel)
    call(axes.set_zlabel, value_label(panel["series"][0]), labelpad=2)
    axes.xaxis.labelpad = axes.yaxis.labelpad = 1
    axes.view_init(elev=26, azim=-58)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(5, steps=STEPS))
        axis.set_pane_color((1, 1, 1, 0))
    axes.tick_params(labelsize=8, pad=0)
    if np.isfinite(z).any():
        return True
    axes.text2D(0.5, 0.5, told(panel, "no finite values"), ha="center", va="center", transform=axes.transAxes)
    return False


def _height(panel: Panel, at: Array) -> Array:
    """The function at places, shape (N, 2), bilinear between the points of the grid."""
    series = panel["series"][0]
    indices = []
    for number, axis in enumerate(series["axes"]):
        _, low, high, count = axis
        place = np.clip((at[:, number] - low) / (high - low) * (count - 1), 0, count - 1)
        first = np.minimum(place.astype(int), count - 2)
        indices.append((first, place - first))
    (i, s), (j, t) = indices
    z = values_of(series)[0]
    with np.errstate(invalid="ignore"):
        lower, upper = z[i, j] * (1 - s) + z[i + 1, j] * s, z[i, j + 1] * (1 - s) + z[i + 1, j + 1] * s
        height: Array = lower * (1 - t) + upper * t
    return height


def _hidden(axes: Axes3D, panel: Panel, places: Array) -> Bits:
    """Whether the surface lies between the reader and each of *places*, shape (N, 3)."""
    from mpl_toolkits.mplot3d import proj3d

    projection = axes.get_proj()
    flat = np.array(proj3d.proj_transform(*places.T, projection))
    closer = flat - [[0.0], [0.0], [1e-3]]
    ends = np.array(proj3d.inv_transform(*closer, np.linalg.inv(projection))).T
    low, high = np.array([axes.get_xlim(), axes.get_ylim(), axes.get_zlim()]).T
    way = (ends - places) / (high - low)
    way /= np.abs(way).max(axis=1, keepdims=True)
    parts = np.linspace(_THICK, 1.0, _RAY)[:, None]
    there = np.isfinite(way).all(axis=1)
    places, way = places[there], way[there]
    ray = places[:, None, :] + parts * (way * (high - low))[:, None, :]
    above = ray[..., 2] - _height(panel, ray[..., :2].reshape(-1, 2)).reshape(ray.shape[:2])
    inside = ((ray >= low) & (ray <= high)).all(axis=-1) & np.isfinite(above)
    side = np.where(inside, np.sign(above), 0)
    hidden: Bits = np.full(len(there), fill_value=False)
    hidden[there] = (side > 0).any(axis=1) & (side < 0).any(axis=1)
    return hidden


def _marks(axes: Axes3D, panel: Panel, drawn: tuple[Array, Array, Array], *, solid: bool) -> None:
    """Mark and annotate what is on the surface *drawn*; if it is *solid*, what it hides is pale."""
    points, lines = marks.points_of(panel), marks.lines_of(panel)
    if not (points or lines or panel["annotations"]):
        return
    from mpl_toolkits.mplot3d import proj3d

    places = np.array([[*point["at"], point["value"]] for point in points]).reshape(-1, 3)
    curves = [np.array(line["at"]) for line in lines]
    curves = [np.column_stack([curve, _height(panel, curve)]) for curve in curves]
    curves = [np.where(np.isfinite(curve).all(axis=1, keepdims=True), curve, np.nan) for curve in curves]
    if points:
        axes.auto_scale_xyz(*places.T, had_data=True)
    axes.autoscale(enable=False)
    for line, curve in zip(lines, curves, strict=True):
        hidden = _hidden(axes, panel, curve) if solid else np.full(len(curve), fill_value=False)
        for pale, shown in ((True, hidden), (False, ~hidden)):
            marks.draw_lines(axes, [line], [np.where(shown[:, None], curve, np.nan)], pale=pale)
    hidden = _hidden(axes, panel, places) if solid else np.full(len(places), fill_value=False)
    for pale, shown in ((True, hidden), (False, ~hidden)):
        its = [point for point, one in zip(points, shown, strict=True) if one]
        marks.draw_points(axes, its, places[shown], size=marks.size_for(len(points)), pale=pale)

    radius = marks.radius_for(len(points))
    axes.apply_aspect()
    projection = axes.get_proj()
    notes = []
    for text, at in panel["annotations"]:
        known = marks.standing_at(places, at, np.array([np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())]))
        is_marked = len(known) > 0
        z = float(known[0, 2] if is_marked else _height(panel, np.array([at]))[0])
        if not np.isfinite(z):
            continue
        if not is_marked:
            axes.plot([at[0]], [at[1]], [z], "o", color=looks.COLOURS[1], markersize=_DOT, zorder=15)
        flat_x, flat_y, _ = proj3d.proj_transform(at[0], at[1], z, projection)
        notes.append(Note(text, (float(flat_x), float(flat_y)), radius if is_marked else _DOT / 2))
    if not notes:
        return
    flat = np.stack(proj3d.proj_transform(*(array.ravel() for array in drawn), projection)[:2], axis=-1)
    grid = np.ma.filled(flat, np.nan).reshape(*drawn[0].shape, 2)
    seen = np.stack(proj3d.proj_transform(*places.T, projection)[:2], axis=-1).reshape(-1, 2)
    place_labels(axes, notes, Surroundings([*grid, *grid.swapaxes(0, 1)], seen, radius, strict=False))


def wireframe(axes: Any, panel: Panel, legend: str) -> Annotate:  # noqa: ARG001 - all views have one signature
    """Lines of constant x and of constant y on the surface."""
    x, y, z = _thinned(panel, LINES)
    if not _solid(axes, panel, z):
        return nothing
    axes.plot_wireframe(x, y, z, rstride=1, cstride=1, **WIRES)
    return lambda: _marks(axes, panel, (x, y, z), solid=False)


def surface(axes: Any, panel: Panel, legend: str) -> Annotate:  # noqa: ARG001
    """The surface, coloured by its height."""
    x, y, z = _thinned(panel, FACES + 1)
    if not _solid(axes, panel, z):
        return nothing
    axes.plot_surface(
        x,
        y,
        z,
        rstride=1,
        cstride=1,
        cmap=matplotlib.rcParams["image.cmap"],
        norm=_norm(panel),
        **SURFACE,
    )
    return lambda: _marks(axes, panel, (x, y, z), solid=True)


def _norm(panel: Panel) -> Normalize | None:
    """The colours that contours have."""
    z = np.ma.masked_invalid(values_of(panel["series"][0])[0])
    return None if z.min() == z.max() else levels_for(panel, z).norm
