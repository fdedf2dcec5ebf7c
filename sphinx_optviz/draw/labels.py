"""Where the text of an annotation goes: near its point, inside the axes, off the curves and off the other labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Where a text may be tried: in points from the tip of the arrow, more or less to the text's edge.
_DISTANCES = np.repeat((22.0, 34.0, 50.0, 70.0, 95.0), 16)
_WAYS = np.tile([(math.cos(step * math.pi / 8), math.sin(step * math.pi / 8)) for step in range(16)], (5, 1))

Points = np.ndarray[Any, Any]


def text_size(text: str, size: float) -> tuple[float, float]:
    """Width and height of *text* in points at the font *size*, without a renderer."""
    lines = [
        text_to_path.get_text_width_height_descent(line, FontProperties(size=size), is_math_text(line))
        for line in text.split("\n")
    ]
    return max(line[0] for line in lines), 1.25 * size * len(lines)


class _Crowd:
    """How many of some points lie in a box, for many boxes at once, by sums over a grid of one point on the page."""

    def __init__(self, points: Points, size: Points) -> None:
        width, height = (int(length) + 1 for length in size)
        cells = np.floor(points).astype(int)
        cells = cells[((cells >= 0) & (cells < (width, height))).all(axis=1)]
        counts = np.zeros((width + 1, height + 1))
        np.add.at(counts, (cells[:, 0] + 1, cells[:, 1] + 1), 1)
        self._sums = counts.cumsum(axis=0).cumsum(axis=1)

    def inside(self, low: Points, high: Points) -> Points:
        """The counts for boxes from *low* to *high*, shapes (..., 2)."""
        end = np.array(self._sums.shape) - 1
        x0, y0 = np.moveaxis(np.clip(np.floor(low), 0, end).astype(int), -1, 0)
        x1, y1 = np.moveaxis(np.clip(np.ceil(high), 0, end).astype(int), -1, 0)
        counts: Points = self._sums[x1, y1] - self._sums[x0, y1] - self._sums[x1, y0] + self._sums[x0, y0]
        return counts


@dataclass(frozen=True, slots=True, eq=False)
class _Boxes:
    """Texts of one half-size around each of *middles*, and their arrows to *tip*; in points, *middles* (N, 2)."""

    tip: Points
    middles: Points
    half: Points

    def arrows(self) -> Points:
        """Points on the arrows, shape (N, 24, 2); NaN where the text hides them."""
        parts = np.linspace(0.12, 1, 24)[:, None]
        points = self.tip + parts * (self.middles - self.tip)[:, None, :]
        hidden = (np.abs(points - self.middles[:, None, :]) < self.half).all(axis=-1)
        return np.where(hidden[..., None], np.nan, points)

    def costs(self, frame: tuple[Points, Points], crowd: _Crowd, placed: list[_Boxes]) -> Points:
        """How bad each place is; 0 is perfect. *placed* hold one box each."""
        low, high = self.middles - self.half, self.middles + self.half
        arrows = self.arrows()
        seen = np.nan_to_num(arrows, nan=-100.0)  # outside the page
        cost: Points = 20.0 * (np.maximum(0, frame[0] - low) + np.maximum(0, high - frame[1])).sum(axis=1)
        cost += 4.0 * crowd.inside(low, high)
        cost += 1.5 * (crowd.inside(seen - 2, seen + 2) > 0).sum(axis=1)
        for other in placed:
            arrow = other.arrows()[0]
            cost += 200.0 * (np.abs(self.middles - other.middles) < self.half + other.half).all(axis=1)
            across = (np.abs(arrow - self.middles[:, None, :]) < self.half).all(axis=-1).any(axis=1)
            across |= (np.abs(arrows - other.middles) < other.half).all(axis=-1).any(axis=1)
            close = (np.abs(arrows[:, :, None, :] - arrow) < 3).all(axis=-1).any(axis=2).any(axis=1)
            cost += 50.0 * across + 20.0 * close
        return cost


def place_labels(axes: Axes, notes: list[tuple[str, tuple[float, float]]], obstacles: Points) -> None:
    """Draw each (text, tip) of *notes*, in data coordinates; the text should not cover *obstacles*, shape (N, 2)."""
    if not notes:
        return
    scale = 72.0 / axes.figure.dpi  # pixels to points
    to_page = axes.transData
    box = axes.get_window_extent()
    frame = np.array([box.x0, box.y0]) * scale, np.array([box.x1, box.y1]) * scale
    on_page = to_page.transform(obstacles) * scale
    on_page = on_page[np.isfinite(on_page).all(axis=1)]
    crowd = _Crowd(on_page, frame[1])
    size = 9.0
    placed: list[_Boxes] = []
    for text, tip in notes:
        at = to_page.transform(tip) * scale
        half = np.array(text_size(text, size)) / 2 + 2
        middles = at + _WAYS * (_DISTANCES + np.abs(_WAYS) @ half * 0.6)[:, None]
        costs = _Boxes(at, middles, half).costs(frame, crowd, placed) + 0.02 * _DISTANCES
        best = middles[costs.argmin()]
        placed.append(_Boxes(at, best[None, :], half))
        axes.annotate(
            text,
            xy=tip,
            xytext=tuple(best - at),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            arrowprops={"arrowstyle": "-|>", "color": "#222222", "linewidth": 0.9, "shrinkA": 1, "shrinkB": 0.5},
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
            zorder=6,
            annotation_clip=False,
        )
