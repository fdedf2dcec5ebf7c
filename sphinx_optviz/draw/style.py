"""The house style: legible at the width of a text column and in print, for every kind of colour vision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import matplotlib
from cycler import cycler

if TYPE_CHECKING:
    from collections.abc import Mapping

# Okabe and Ito, "Color universal design" (2008), in an order whose neighbours differ in lightness too. The line styles
# tell curves apart without any colour.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
LINES = ["-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 2))]

INK = "#222222"

# A variable or a function of one letter, as labels of axes have them; this font too comes with Matplotlib.
MATHS: dict[str, Any] = {"family": "STIXGeneral", "style": "italic", "size": 12}

_FIXED = ("svg.hashsalt", "svg.id")

_RCPARAMS: dict[str, Any] = {
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 11,
    "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=LINES),
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
    "pdf.fonttype": 42,  # TrueType, so that text in a PDF can be searched
    "savefig.dpi": 200,
    "svg.fonttype": "path",  # the reader's fonts are not ours
    "svg.hashsalt": "optviz",  # ids would differ from build to build without it
    "text.color": INK,
    "xtick.color": "#555555",
    "xtick.labelcolor": INK,
    "ytick.color": "#555555",
    "ytick.labelcolor": INK,
}


def apply(changes: Mapping[str, object]) -> dict[str, str]:
    """Set the house style with an author's *changes*; return those that Matplotlib refuses, with its reason."""
    matplotlib.rcdefaults()
    # Its type hints want every name to be a literal.
    current = cast("dict[str, Any]", matplotlib.rcParams)
    current.update(_RCPARAMS)
    refused = {}
    for name, value in changes.items():
        if name in _FIXED:
            refused[name] = "it has to stay as it is, or files would differ from build to build"
            continue
        try:
            current[name] = value
        except KeyError:
            refused[name] = "Matplotlib has no such parameter"
        except Exception as error:  # noqa: BLE001 - its checks raise whatever a wrong type makes them raise
            refused[name] = str(error) or type(error).__name__
    return refused
