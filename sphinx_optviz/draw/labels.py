"""Where the text of an annotation goes: near its point, inside the axes, off the curves and off the other labels."""

from __future__ import annotations

import math
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
    taken: list[tuple[Any, Any]] = []
    size = 9.0
    for text, tip in notes:
        at = to_points.transform(tip) * scale
        half = np.array(text_size(text, size)) / 2 + 2
        best, best_cost = None, math.inf
        for distance in _DISTANCES:
            for angle in _DIRECTIONS:
                way = np.array([math.cos(angle), math.sin(angle)])
                middle = at + way * (distance + np.abs(way) @ half * 0.6)
                cost = _cost(middle, half, at, (low, high), blocked, taken) + 0.02 * distance
                if cost < best_cost:
                    best, best_cost = middle, cost
        assert best is not None
        taken.append((best - half, best + half))
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


def _cost(
    middle: Any, half: Any, tip: Any, frame: tuple[Any, Any], blocked: Any, taken: list[tuple[Any, Any]]
) -> float:
    """How bad it is to put a box of half-size *half* at *middle*; 0 is perfect."""
    low, high = middle - half, middle + half
    cost = 20.0 * float(np.maximum(0, frame[0] - low).sum() + np.maximum(0, high - frame[1]).sum())
    if len(blocked):
        inside = ((blocked > low) & (blocked < high)).all(axis=1)
        cost += 4.0 * float(inside.sum())
        # The arrow should not run along or across a curve either: test points on it, away from the tip.
        for part in (0.35, 0.6):
            point = tip + part * (middle - tip)
            cost += 3.0 * float((np.abs(blocked - point).max(axis=1) < 3).any())
    for other_low, other_high in taken:
        if (low < other_high).all() and (high > other_low).all():
            cost += 200.0
    return cost
