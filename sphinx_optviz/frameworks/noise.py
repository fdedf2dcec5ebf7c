"""How far rounding makes computed numbers jump about; shares its namespace in the child with ``evaluate.py``."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from collections.abc import Callable

# The 7 points of a stencil lie so far apart, in units of the domain: near enough for any function that can be drawn to
# be a polynomial of degree 4 there, but for rounding. The wider ones are for functions that do not change at all over
# the narrower, because what changes is lost beside a large term.
_STENCILS = (2.0**-20, 2.0**-16, 2.0**-12)
_ORDER = 5
_SPREAD = math.factorial(_ORDER) ** 2 / math.factorial(2 * _ORDER)


def noise(evaluate: Callable[[Any], Any], columns: Any, cells: Any, count: int) -> Any:
    """For each of *count* cells of the domain the median of the noise at its points; 0 where there is none to tell.

    *evaluate* gives an array with one row a point for columns such as *columns*; *cells* is the number of each point's
    cell. The noise is the standard deviation that differences of order 5 show: Moré and Wild, "Estimating computational
    noise", SIAM J. Sci. Comput. 33 (2011). The median, because a point on a kink or a jump has differences that are no
    rounding.
    """
    found = numpy.zeros(count)
    for stencil in _STENCILS:
        at_points = _noise_at_points(evaluate, columns, stencil)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of medians of nothing
            medians = numpy.array([numpy.nanmedian(at_points[cells == cell]) for cell in range(count)])
        found = numpy.where((found == 0.0) & numpy.isfinite(medians), medians, found)
        if found.all():
            break
    return found


def _noise_at_points(evaluate: Callable[[Any], Any], columns: Any, stencil: float) -> Any:
    """Shape (N,); not a number where a function value is none."""
    widths = [float(numpy.ptp(column)) for column in columns]
    steps = [2.0 ** math.floor(math.log2(width * stencil)) if width > 0 else 0.0 for width in widths]
    rows = []
    for j in range(-3, 4):
        # A direction along none of the lines that functions are often symmetric about.
        moved = [column + j * step * (1 + 2 * i) for i, (column, step) in enumerate(zip(columns, steps, strict=True))]
        rows.append(numpy.asarray(evaluate(moved), dtype=numpy.float64).reshape(len(columns[0]), -1))
    with numpy.errstate(all="ignore"):
        differences = numpy.diff(numpy.stack(rows), n=_ORDER, axis=0)
        # Two differences: hypot, because the square of a large one overflows.
        at_points = (math.sqrt(_SPREAD / 2) * numpy.hypot(*differences)).max(axis=1)
        at_points[~numpy.isfinite(at_points)] = numpy.nan
    return at_points
