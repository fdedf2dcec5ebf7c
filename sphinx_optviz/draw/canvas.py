"""The child's side of drawing: a job in plain values becomes one image file, the same bytes every time."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from sphinx_optviz.draw import style
from sphinx_optviz.draw.views import DRAW, IN_SPACE

# No date and no program's name in the files: they would differ from day to day.
_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
_PATH = re.compile(r'(?<= d=")[^"]*')
_LONG_NUMBER = re.compile(r"(\.\d\d)\d+")

# Inches around the axes of a panel: left, right, bottom, top.
_MARGINS = {
    "plane": (0.68, 0.14, 0.5, 0.12),
    "bar": (0.62, 0.95, 0.5, 0.12),
    "space": (0.02, 0.3, 0.12, 0.0),
}
_KIND = {"contour": "bar", "heatmap": "bar", "wireframe": "space", "surface": "space"}
_LETTER = 0.24  # inches for "(a)" under a panel
_TITLE = 0.3

_answered_style: list[object] = [None, {}]


def version() -> str:
    return matplotlib.__version__


def default_size(views: list[str]) -> tuple[float, float]:
    """Width and height in inches; a text column is about 6.5 wide."""
    if len(views) == 1:
        return (4.8, 2.9) if _KIND.get(views[0], "plane") == "plane" else (4.8, 3.6)
    rows = math.ceil(len(views) / 2)
    return 7.0, 3.1 * rows


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Draw *job* and write its file; tell which of the author's rcParams were refused."""
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
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return {"kind": "drawn", "refused": _answered_style[1]}


def make_figure(job: dict[str, Any]) -> Figure:
    """The figure, all panels in place."""
    panels = job["panels"]
    width, height = job["size"] or default_size([panel["view"] for panel in panels])
    figure = Figure(figsize=(width, height))
    columns = min(len(panels), 2) if not job["size"] or len(panels) < 3 else min(len(panels), math.ceil(width / 3))
    rows = math.ceil(len(panels) / columns)
    top = _TITLE if job["title"] else 0.0
    letter = _LETTER if len(panels) > 1 else 0.0
    cell_width, cell_height = width / columns, (height - top) / rows
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        left, right, bottom, above = _MARGINS[_KIND.get(panel["view"], "plane")]
        # On a very small figure the margins give way.
        give_x = min(1.0, 0.6 * cell_width / (left + right))
        give_y = min(1.0, 0.6 * cell_height / (bottom + above + letter))
        x0 = column * cell_width + left * give_x
        y0 = height - top - (row + 1) * cell_height + (bottom + letter) * give_y
        box_width = cell_width - (left + right) * give_x
        box_height = cell_height - (bottom + above + letter) * give_y
        box = (x0 / width, y0 / height, box_width / width, box_height / height)
        kind: dict[str, Any] = {"projection": "3d"} if panel["view"] in IN_SPACE else {}
        axes = figure.add_axes(box, **kind)
        DRAW[panel["view"]](axes, panel, job["legend"])
        if letter:
            middle = (column + 0.5) * cell_width / width
            below = (height - top - (row + 1) * cell_height + 0.06) / height
            figure.text(middle, below, f"({chr(ord('a') + index)})", ha="center", va="bottom", fontsize=10)
    if job["title"]:
        figure.suptitle(job["title"], y=1 - 0.08 / height, va="top", fontsize=11)
    return figure


def shortened(svg: str) -> str:
    """*svg* with the coordinates of paths cut to a hundredth of a point: a third less to transfer, nothing to see."""
    return _PATH.sub(lambda path: _LONG_NUMBER.sub(r"\1", path[0]), svg)
