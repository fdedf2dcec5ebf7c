"""What figures look like, in plain values: for what draws them, and for the code that readers download."""

from __future__ import annotations

from typing import Any

# Okabe and Ito, "Color universal design" (2008), in an order whose neighbours differ in lightness too. The line styles
# tell curves apart without any colour.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
LINES: list[Any] = ["-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 2))]

INK = "#222222"

# A variable or a function of one letter, as labels of axes have them; this font too comes with Matplotlib.
MATHS: dict[str, Any] = {"family": "STIXGeneral", "style": "italic", "size": 12}

# Parameters of Matplotlib; the colours and the lines above make up one more of them, "axes.prop_cycle".
RCPARAMS: dict[str, Any] = {
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 11,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.facecolor": "white",
    "font.family": ["DejaVu Sans"],  # the font that Matplotlib brings with it, so the same everywhere
    "font.size": 9,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "image.cmap": "viridis",  # perceptually uniform
    "legend.fontsize": 9,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "#cccccc",
    "lines.linewidth": 1.8,
    "mathtext.fontset": "cm",
    "text.color": INK,
    "xtick.color": "#555555",
    "xtick.labelcolor": INK,
    "ytick.color": "#555555",
    "ytick.labelcolor": INK,
}

# Of a text that points at something: the text, the ground under it, its arrow, and what the arrow is drawn on.
NOTE: dict[str, Any] = {
    "textcoords": "offset points",
    "ha": "center",
    "va": "center",
    "multialignment": "center",
    "zorder": 16,
    "annotation_clip": False,
}
PAD = 0.15  # of the ground, in sizes of its letters
GROUND: dict[str, Any] = {"boxstyle": f"round,pad={PAD}", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
ARROW: dict[str, Any] = {"arrowstyle": "-|>", "color": INK, "linewidth": 0.9, "shrinkA": 1}
HALO: dict[str, Any] = {"linewidth": 2.2, "foreground": "white"}

# Of the key under the title that explains marks.
KEY: dict[str, Any] = {
    "loc": "upper center",
    "fontsize": 8.0,
    "frameon": False,
    "borderpad": 0,
    "borderaxespad": 0,
    "handlelength": 1.4,
    "handletextpad": 0.4,
    "columnspacing": 1.4,
    "labelspacing": 0.25,
}
