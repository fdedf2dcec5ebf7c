"""The house style: legible at the width of a text column and in print, for every kind of colour vision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import matplotlib
from cycler import cycler

from sphinx_optviz.draw import looks

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIXED = ("svg.hashsalt", "svg.id")

_RCPARAMS: dict[str, Any] = {
    **looks.RCPARAMS,
    "axes.prop_cycle": cycler(color=looks.COLOURS) + cycler(linestyle=looks.LINES),
    "pdf.fonttype": 42,  # TrueType, so that text in a PDF can be searched
    "savefig.dpi": 200,
    "svg.fonttype": "path",  # the reader's fonts are not ours
    "svg.hashsalt": "optviz",  # ids would differ from build to build without it
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
