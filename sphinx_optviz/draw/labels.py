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

_DISTANCES = (22.0, 34.0, 50.0, 70.0, 95.0)  # points from the tip of the arrow to the middle of the text's nearest edge
_DIRECTIONS = [2 * math.pi * step / 16 for step in range(16)]


def text_size(text: str, size: float) -> tuple[float, float]:
    """Width and height of *text* in points at the font *size*, without a renderer."""
    lines = [
        text_to_path.get_text_width_height_descent(line, FontProperties(size=size), is_math_text(line))
        for line in text.split("\n")
    ]
    return max(line[0] for line in lines), 1.25 * size * len(lines)


def place_labels(axes: Axes, notes: list[tuple[str, tuple[float, float]]], obstacles: np.ndarray[Any, Any]) -> None:
    """Draw each (text, tip) of *notes*, in data coordinates; the text should not cover *obstacles*, shape (N, 2)."""
    figure = axes.figure
    scale = 72.0 / figure.dpi  # pixels to points
    to_points = axes.transData
    frame = axes.get_window_extent()
    low, high = np.array([frame.x0, frame.y0]) * scale, np.array([frame.x1, frame.y1]) * scale
    blocked = to_points.transform(obstacles) * scale if len(obstacles) else np.empty((0, 2))
    blocked = blocked[np.isfinite(blocked).all(axis=1)]
    placed: list[_Placed] = []
    size = 9.0
    for text, tip in notes:
        at = to_points.transform(tip) * scale
        half = np.array(text_size(text, size)) / 2 + 2
        best = None
        for distance in _DISTANCES:
            for angle in _DIRECTIONS:
                way = np.array([math.cos(angle), math.sin(angle)])
                middle = at + way * (distance + np.abs(way) @ half * 0.6)
                candidate = _Placed(at, middle, half)
                cost = _cost(candidate, (low, high), blocked, placed) + 0.02 * distance
                if best is None or cost < best[0]:
                    best = (cost, candidate)
        assert best is not None
        placed.append(best[1])
        axes.annotate(
            text,
            xy=tip,
            xytext=tuple(best[1].middle - at),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            arrowprops={"arrowstyle": "-|>", "color": "#222222", "linewidth": 0.9, "shrinkA": 1, "shrinkB": 0.5},
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
            zorder=6,
            annotation_clip=False,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """A text's box around *middle* and its arrow to *tip*, in points on the page."""

    tip: Any
    middle: Any
    half: Any

    def along_arrow(self) -> Any:
        """Points on the arrow between box and tip, shape (N, 2)."""
        parts = np.linspace(0.12, 1, 24)[:, None]
        points = self.tip + parts * (self.middle - self.tip)
        return points[(np.abs(points - self.middle) > self.half).any(axis=1)]

    def holds(self, points: Any) -> Any:
        """Which of *points* lie in the box."""
        return (np.abs(points - self.middle) < self.half).all(axis=1)


def _cost(candidate: _Placed, frame: tuple[Any, Any], blocked: Any, placed: list[_Placed]) -> float:
    """How bad a place is; 0 is perfect."""
    low, high = candidate.middle - candidate.half, candidate.middle + candidate.half
    cost = 20.0 * float(np.maximum(0, frame[0] - low).sum() + np.maximum(0, high - frame[1]).sum())
    arrow = candidate.along_arrow()
    if len(blocked):
        cost += 4.0 * float(candidate.holds(blocked).sum())
        near = np.abs(arrow[:, None, :] - blocked[None, :, :]).max(axis=2) < 2
        cost += 1.5 * float(near.any(axis=1).sum())
    for other in placed:
        if (np.abs(candidate.middle - other.middle) < candidate.half + other.half).all():
            cost += 200.0
        cost += 50.0 * float(candidate.holds(other.along_arrow()).any() + other.holds(arrow).any())
        close = np.abs(arrow[:, None, :] - other.along_arrow()[None, :, :]).max(axis=2) < 3
        cost += 20.0 * float(close.any())
    return cost
