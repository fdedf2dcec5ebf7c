"""The child's side of drawing: a job in plain values becomes one image file, the same bytes every time."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator

from sphinx_optviz.draw import marks, style
from sphinx_optviz.draw.labels import drawable, text_size
from sphinx_optviz.draw.script import script
from sphinx_optviz.draw.space import BOX, surface, wireframe
from sphinx_optviz.draw.svg import shortened
from sphinx_optviz.draw.views import BAR_END, contour, curve, heatmap, slices

_DRAW = {
    "curve": curve,
    "slices": slices,
    "contour": contour,
    "heatmap": heatmap,
    "wireframe": wireframe,
    "surface": surface,
}
_IN_SPACE = ("wireframe", "surface")

# No date and no program's name in the files: they would differ from day to day.
_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}

# Inches around the axes of a panel: left of the tick labels, right, bottom, top.
_MARGINS = {
    "plane": (0.36, 0.14, 0.5, 0.14),
    "bar": (0.36, 0.98, 0.5, 0.14),
    "space": (0.0, 0.34, 0.14, 0.0),
}
_KIND = {"contour": "bar", "heatmap": "bar", "wireframe": "space", "surface": "space"}
_LETTER = 0.24  # inches for "(a)" under a panel
_TITLE = 0.3
_LOWEST, _HIGHEST = 2.2, 4.6  # inches: heights of a figure of one panel
_WIDE = 3.4
_BESIDE_BAR = 0.42  # right of a colour bar, without its numbers
_TICK_LABEL = 0.35  # about the width of one

_answered_style: list[object] = [None, {}]


def version() -> str:
    return matplotlib.__version__


def default_size(views: list[str], shape: float | None = None) -> tuple[float, float]:
    """Width and height in inches; a text column is about 6.5 wide. *shape* is that of the axes, where it is fixed."""
    if len(views) == 1 and shape is not None:
        left, right, bottom, above = _MARGINS["bar"]
        wanted = bottom + above + shape * (4.8 - left - _TICK_LABEL - right)
        return 4.8, min(max(wanted, _LOWEST), _HIGHEST)
    if len(views) == 1:
        return (4.8, 2.9) if _KIND.get(views[0], "plane") == "plane" else (4.8, 3.6)
    rows = math.ceil(len(views) / 2)
    return 7.0, 3.1 * rows


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Draw *job* and write its file, and the code that draws it; tell which of the author's rcParams were refused."""
    if _answered_style[0] != job["rcparams"]:
        _answered_style[:] = [job["rcparams"], style.apply(job["rcparams"])]
    figure = make_figure(job)
    path = Path(job["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(temporary, format=job["format"], metadata=_METADATA[job["format"]])
        if job["format"] == "svg":
            temporary.write_text(shortened(temporary.read_text(encoding="utf-8")), encoding="utf-8")
        code = temporary.with_suffix(".code")
        code.write_text(script(job, figure), encoding="utf-8")
        code.replace(path.with_suffix(".py"))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return {"kind": "drawn", "refused": _answered_style[1]}


def make_figure(job: dict[str, Any]) -> Figure:
    """The figure, all panels in place."""
    words = drawable(job.get("words", {}))
    panels = [{**panel, "words": words} for panel in job["panels"]]
    shapes = [_shape(panel, job.get("aspect")) for panel in panels]
    width, height = job["size"] or default_size([panel["view"] for panel in panels], shapes[0])
    samples = [] if job["legend"] == "none" else marks.key_of(panels)
    key_rows = marks.key_rows(samples, width)
    if not job["size"]:
        height += marks.key_height(key_rows)
    figure = Figure(figsize=(width, height))
    columns = min(len(panels), max(1, round(width / 3.2)))
    title = _TITLE if job["title"] else 0.0
    top = title + marks.key_height(key_rows)
    letter = _LETTER if len(panels) > 1 else 0.0
    cell_width, cell_height = width / columns, (height - top) / math.ceil(len(panels) / columns)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        x0, y0 = column * cell_width, height - top - (row + 1) * cell_height
        kind: dict[str, Any] = {"projection": "3d"} if panel["view"] in _IN_SPACE else {}
        axes = figure.add_axes((0, 0, 1, 1), **kind)
        # Labels are placed for the size that the axes have: first fill and fit, then annotate.
        annotate = _DRAW[panel["view"]](axes, panel, job["legend"])
        cell = (x0, y0 + letter, cell_width, cell_height - letter)
        _fit(axes, panel["view"], cell, shapes[index], lift=0.0 if letter else 0.5)
        annotate()
        if letter:
            middle, below = (x0 + cell_width / 2) / width, (y0 + 0.06) / height
            figure.text(middle, below, f"({chr(ord('a') + index)})", ha="center", va="bottom", fontsize=10)
    if samples:
        marks.draw_key(figure, samples, key_rows, title)
    if job["title"]:
        figure.suptitle(job["title"], y=1 - 0.08 / height, va="top", fontsize=11)
    return figure


def _shape(panel: dict[str, Any], aspect: str | float | None) -> float | None:
    """Height of the axes by their width, None where it is free.

    *aspect* is how long a unit of the second variable is, by one of the first: a number, "equal", "auto" for what fills
    the figure, or None for equal where neither range is more than twice the other.
    """
    if _KIND.get(panel["view"]) != "bar" or aspect == "auto":
        return None
    (_, x_low, x_high, _), (_, y_low, y_high, _) = panel["series"][0]["axes"]
    ratio = float((y_high - y_low) / (x_high - x_low))
    if aspect is None:
        return ratio if 0.5 <= ratio <= 2 else None
    return ratio if aspect == "equal" else ratio * float(aspect)


def _fit(axes: Any, view: str, cell: tuple[float, float, float, float], shape: float | None, *, lift: float) -> None:
    """Put *axes* into *cell*, in inches, with room for what stands around them.

    Where the *shape* of the axes leaves room, the part *lift* of it stays below them.
    """
    left, right, bottom, above = _MARGINS[_KIND.get(view, "plane")]
    if view in _IN_SPACE:
        # What stands around the box keeps its size: in a narrow cell the box gives way.
        axes.zoom = 1.0 if cell[2] >= _WIDE else 0.88  # Matplotlib keeps it only as a part of another number
        axes.set_box_aspect(BOX, zoom=axes.zoom)
        _put(axes, cell, (left, right, bottom, above))
    else:
        # How many ticks there are depends on the size of the axes, and that on the width of the ticks' labels.
        _put(axes, cell, (left + _TICK_LABEL, right, bottom, above), shape, lift)
        _settle_ticks(axes.xaxis)
        for bar in axes.child_axes:
            beside = _BESIDE_BAR + _settle_ticks(bar.yaxis) / 72
            # The bar is as much wider as the axes are.
            right = max(right, (beside + BAR_END * (cell[2] - left)) / (1 + BAR_END))
        _put(axes, cell, (left + _settle_ticks(axes.yaxis) / 72, right, bottom, above), shape, lift)


def _put(
    axes: Any,
    cell: tuple[float, float, float, float],
    margins: tuple[float, float, float, float],
    shape: float | None = None,
    lift: float = 0.5,
) -> None:
    """Leave *margins* of *cell* free: left, right, bottom, above; on a very small figure they give way."""
    x0, y0, cell_width, cell_height = cell
    left, right, bottom, above = margins
    give_x = min(1.0, 0.6 * cell_width / (left + right))
    give_y = min(1.0, 0.6 * cell_height / (bottom + above))
    box_width = max(0.05, cell_width - (left + right) * give_x)
    box_height = max(0.05, cell_height - (bottom + above) * give_y)
    x0, y0 = x0 + left * give_x, y0 + bottom * give_y
    if shape is not None:
        free_width, free_height = box_width, box_height
        box_width, box_height = min(box_width, box_height / shape), min(box_height, box_width * shape)
        x0, y0 = x0 + (free_width - box_width) / 2, y0 + (free_height - box_height) * lift
    width, height = axes.figure.get_size_inches()
    axes.set_position((x0 / width, y0 / height, box_width / width, box_height / height))


def _settle_ticks(axis: Any) -> float:
    """Let *axis* find its ticks once instead of at each of a dozen looks; return their widest label in points."""
    formatter = axis.get_major_formatter()
    low, high = sorted(axis.get_view_interval())
    ticks = axis.get_major_locator()()
    texts = formatter.format_ticks(ticks)
    slack = 1e-9 * (high - low)
    shown = [(tick, text) for tick, text in zip(ticks, texts, strict=True) if low - slack <= tick <= high + slack]
    axis.set_major_locator(FixedLocator([tick for tick, _ in shown]))
    fixed = FixedFormatter([text for _, text in shown])
    fixed.set_offset_string(formatter.get_offset())
    axis.set_major_formatter(fixed)
    return max((text_size(text, matplotlib.rcParams["font.size"])[0] for _, text in shown), default=0.0)
