"""Results of cells: how they show themselves, and the numbers in them."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.cells.artists import packed
    from sphinx_optviz.cells.figures import show_figure
    from sphinx_optviz.cells.outputs import MOST_TEXT, PRINTED, without_chance

# What a result can look like, the best first; the page takes what its builder can show.
REPRESENTATIONS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "text/latex": "_repr_latex_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
}

# Characters of one representation.
_MOST = 500_000

# Of the values that cells return, so many numbers are compared.
_MOST_NUMBERS = 100_000


def show(thing: Any, represented: dict[str, Any]) -> None:
    """Add a result to the outputs, a figure as a figure."""
    if _is_figure(thing):
        show_figure(thing)
        return
    kept = {mime: given for mime, given in represented.items() if mime in ("text/plain", *REPRESENTATIONS)}
    plain = str(kept.pop("text/plain", ""))
    kept = {mime: given for mime, given in kept.items() if isinstance(given, (str, bytes)) and len(given) <= _MOST}
    if plain:
        more = f"\n... and {len(plain) - MOST_TEXT} characters more" if len(plain) > MOST_TEXT else ""
        kept["text/plain"] = without_chance(plain[:MOST_TEXT]) + more
    if kept:
        PRINTED.outputs.add({"kind": "result", "data": kept})


def _is_figure(thing: Any) -> bool:
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(thing, module.Figure)


RETURNED: list[list[Any]] = []  # of the cell that runs, as ``packed`` gives it


def returned(value: Any) -> None:
    """Note the numbers of a cell's last value."""
    RETURNED[:] = [packed(array) for array in _numbers_in(value)]


def _numbers_in(value: Any) -> list[Any]:
    """The arrays in *value*: itself, or those of a tuple, list or dictionary; whatever is none is left out."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (str, bytes, types.ModuleType, type)) or callable(value):
        return []
    for name in ("detach", "asnumpy", "numpy"):
        method = getattr(value, name, None)
        if callable(method):
            value = method()
    try:
        array = numpy.asarray(value)
    except Exception:  # noqa: BLE001 - of unequal lengths, or anything else that is no array
        array = numpy.asarray(None)
    if array.dtype.kind in "fiub" and array.size <= _MOST_NUMBERS:
        return [array.astype(float)]
    if isinstance(value, (tuple, list)) and len(value) <= 100:
        return [array for item in value for array in _numbers_in(item)]
    return []
