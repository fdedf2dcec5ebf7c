"""Marks of critical points: what each kind looks like, in every view and in the key of a figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from sphinx_optviz.draw import looks
from sphinx_optviz.draw.labels import text_size
from sphinx_optviz.draw.panels import Panel, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.figure import Figure

Points = np.ndarray[Any, np.dtype[np.float64]]

# Shape and colour of points, in the order in which they are drawn: what matters more lies above.
_POINTS = {
    "kink": ("s", "#E69F00"),  # on curves
    "edge maximum": ("^", "#CC79A7"),
    "edge minimum": ("v", "#D55E00"),
    "saddle": ("X", "#222222"),
    "inflection": ("D", "#009E73"),
    "maximum": ("^", "#CC79A7"),
    "minimum": ("v", "#D55E00"),
}
_LINES: dict[str, tuple[str, Any, str]] = {
    "valley": ("valley", (0, (4, 2)), "#D55E00"),
    "ridge": ("ridge", (0, (6, 2, 1, 2)), "#CC79A7"),
    "inflection": ("line of inflection", (0, (1, 1.5)), "#009E73"),
    "": ("line of critical points", (0, (3, 1, 1, 1, 1, 1)), looks.INK),  # of one kind here, of another there
}
# On a curve a plateau is a band behind it.
_PLATEAU = "plateau"
_BAND: dict[str, Any] = {
    "color": "#E69F00",
    "alpha": 0.5,
    "linestyle": "solid",
    "linewidth": 8,
    "solid_capstyle": "butt",
}

# Of a mark, in points: where there are few, and at least.
_SIZE, _SMALLEST = 8.0, 3.2
_SMALLEST_GLOBAL = 7.0  # readers look for these

_SAME = 1e-6  # of an axis: what is so close to a point is meant to be the point

_PALE = 0.4  # what a surface hides

_ROW = 0.17  # inches


@dataclass(frozen=True, slots=True)
class _Look:
    """Points that look the same."""

    kind: str
    degenerate: bool
    is_global: bool
    smooth: bool

    def name(self, panel: Panel) -> str:
        words = told(panel, "global " * self.is_global + self.kind)
        if not self.smooth:
            return told(panel, "%s (no gradient)") % words
        # An inflection point of a function of one variable is degenerate in any case.
        is_plain = not self.degenerate or self.kind == "inflection"
        return words if is_plain else told(panel, "%s (degenerate)") % words

    def style(self, size: float) -> dict[str, Any]:
        shape, colour = _POINTS[self.kind]
        size = max(1.2 * size, _SMALLEST_GLOBAL) if self.is_global else size
        on_edge = self.kind.startswith("edge ")  # half full
        return {
            "marker": shape,
            "linestyle": "none",
            "markersize": size,
            "fillstyle": "left" if on_edge else "full",
            "markerfacecolor": "white" if self.degenerate else colour,
            "markerfacecoloralt": "white",
            "markeredgecolor": colour if self.degenerate or on_edge else looks.INK if self.is_global else "white",
            "markeredgewidth": size / (5 if self.degenerate else 7 if self.is_global else 10),
        }


def points_of(panel: Panel) -> list[dict[str, Any]]:
    """The points of a panel that it can show: finite ones, and on slices those that these go through."""
    points = [point for point in panel.get("points", ()) if math.isfinite(point["value"])]
    if panel["view"] == "slices":
        through = [series["along"]["at"] for series in panel["series"] if "along" in series]
        points = [point for point in points if list(point["at"]) in through]
    return points


def lines_of(panel: Panel) -> list[dict[str, Any]]:
    """The curves of critical points of a panel."""
    return list(panel.get("lines", ()))


def standing_at(places: Points, at: Sequence[float], span: Points) -> Points:
    """Those of *places* that *at* means in axes of the width and height *span*: as exact as they are known."""
    found: Points = places[(np.abs(places[:, : len(at)] - at) <= _SAME * span[: len(at)]).all(axis=1)]
    return found


def size_for(count: int) -> float:
    """The size in points of a mark that is one of *count*."""
    return min(_SIZE, max(_SMALLEST, 60 / math.sqrt(max(count, 1))))


def radius_for(count: int) -> float:
    """How far the marks reach."""
    return size_for(count) * 0.6


def _look(point: dict[str, Any]) -> _Look:
    return _Look(point["kind"], bool(point["degenerate"]), bool(point["global"]), bool(point.get("smooth", True)))


def _by_look(points: Sequence[dict[str, Any]]) -> Iterable[tuple[_Look, list[int]]]:
    """The numbers of the points of each look, those first that others may cover."""
    groups: dict[_Look, list[int]] = {}
    for number, point in enumerate(points):
        groups.setdefault(_look(point), []).append(number)
    kinds = list(_POINTS)
    return sorted(
        groups.items(), key=lambda group: (group[0].is_global, kinds.index(group[0].kind), group[0].degenerate)
    )


def draw_points(
    axes: Any, points: Sequence[dict[str, Any]], places: Points, *, size: float = 0.0, pale: bool = False
) -> None:
    """Mark *points* at *places*, shape (N, 2) or, in space, (N, 3)."""
    size = size or size_for(len(points))
    for look, numbers in _by_look(points):
        alpha = _PALE if pale else 1.0
        axes.plot(*places[numbers].T, **look.style(size), alpha=alpha, zorder=15, clip_on=False)


def draw_lines(axes: Any, lines: Sequence[dict[str, Any]], places: Sequence[Points], *, pale: bool = False) -> None:
    """Mark *lines* through *places*, shape (N, 2) or, in space, (N, 3) each."""
    for line, its in zip(lines, places, strict=True):
        if line["kind"] == _PLATEAU:
            axes.plot(*its.T, **_BAND, zorder=1.5)
            continue
        _, dashes, colour = _LINES[line["kind"]]
        if not pale:
            axes.plot(*its.T, color="white", linestyle="solid", linewidth=2.6, alpha=0.8, zorder=13)
        axes.plot(*its.T, color=colour, linestyle=dashes, linewidth=1.5, alpha=_PALE if pale else 1.0, zorder=14)


def key_of(panels: Sequence[Panel]) -> list[Line2D]:
    """A sample with its name for each look that occurs in *panels*."""
    looks = {look for panel in panels for look, _ in _by_look(points_of(panel))}
    kinds = list(_POINTS)[::-1]
    order = sorted(
        looks, key=lambda look: (kinds.index(look.kind), not look.is_global, look.degenerate, not look.smooth)
    )
    samples = [Line2D([], [], label=look.name(panels[0]), **look.style(7.0)) for look in order]
    for kind in [kind for kind in _LINES if any(line["kind"] == kind for panel in panels for line in lines_of(panel))]:
        name, dashes, colour = _LINES[kind]
        samples.append(Line2D([], [], label=told(panels[0], name), color=colour, linestyle=dashes, linewidth=1.5))
    if any(line["kind"] == _PLATEAU for panel in panels for line in lines_of(panel)):
        samples.append(Line2D([], [], label=told(panels[0], _PLATEAU), **_BAND))
    return samples


def key_rows(samples: Sequence[Line2D], width: float) -> int:
    """In how many rows *samples* fit into *width* inches."""
    widths = [text_size(str(sample.get_label()), looks.KEY["fontsize"])[0] + 28 for sample in samples]
    for rows in range(1, len(samples)):
        columns = math.ceil(len(samples) / rows)
        # A legend is filled column by column.
        if sum(max(widths[i * rows : (i + 1) * rows], default=0) for i in range(columns)) <= 72 * width:
            return rows
    return len(samples)


def key_height(rows: int) -> float:
    """Inches that *rows* of the key take."""
    return _ROW * rows


def draw_key(figure: Figure, samples: Sequence[Line2D], rows: int, below: float) -> None:
    """Put *samples* in *rows* under what ends *below* inches from the top of *figure*."""
    height = figure.get_size_inches()[1]
    figure.legend(
        handles=list(samples),
        bbox_to_anchor=(0.5, 1 - (below + 0.05) / height),
        ncols=math.ceil(len(samples) / rows),
        **looks.KEY,
    )
