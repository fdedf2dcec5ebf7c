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
_STENCILS = (2.0**-36, 2.0**-24, 2.0**-12)
_FEWEST = 8  # units in the last place of a coordinate between two points
_ORDER = 5
_SPREAD = math.factorial(_ORDER) ** 2 / math.factorial(2 * _ORDER)


def noise(evaluate: Callable[[Any], Any], columns: Any, sizes: Any, cells: Any, count: int) -> Any:
    """For each of *count* cells of the domain the median of the noise at its points, relative to the *sizes* there.

    *evaluate* gives an array with one row a point for columns such as *columns*; *cells* is the number of each point's
    cell. The noise is the standard deviation that differences of order 5 show: Moré and Wild, "Estimating computational
    noise", SIAM J. Sci. Comput. 33 (2011). The median, because a point on a kink or a jump has differences that are no
    rounding. 0 where there is no noise to tell.
    """
    found = numpy.zeros(count)
    for stencil in _STENCILS:
        with warnings.catch_warnings(), numpy.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of medians of nothing
            relative = jumps_of(evaluate, columns, _steps(columns, stencil)).max(axis=1) / sizes
            relative[~numpy.isfinite(relative)] = numpy.nan
            medians = numpy.array([numpy.nanmedian(relative[cells == cell]) for cell in range(count)])
        found = numpy.where((found == 0.0) & numpy.isfinite(medians), medians, found)
        if found.all():
            break
    return found


def _steps(columns: Any, stencil: float) -> list[float]:
    """The distance between two points of a stencil, for each variable."""
    steps = []
    for column in columns:
        least = _FEWEST * float(numpy.spacing(numpy.abs(column).max()))
        steps.append(2.0 ** math.floor(math.log2(max(float(numpy.ptp(column)) * stencil, least))))
    return steps


def jumps_of(evaluate: Callable[[Any], Any], columns: Any, steps: list[float]) -> Any:
    """How far rounding makes each number of a row jump about, by seven points *steps* apart around each point.

    Shape (N, numbers in a row).
    """
    # A direction along none of the lines that functions are often symmetric about.
    ways = [step * (1 + 2 * i) for i, step in enumerate(steps)]
    moved = [
        numpy.concatenate([column + j * way for j in range(-3, 4)]) for column, way in zip(columns, ways, strict=True)
    ]
    rows = numpy.asarray(evaluate(moved), dtype=numpy.float64).reshape(7, len(columns[0]), -1)
    with numpy.errstate(all="ignore"):
        differences = numpy.diff(rows, n=_ORDER, axis=0)
        # Two differences: hypot, because the square of a large one overflows.
        return math.sqrt(_SPREAD / 2) * numpy.hypot(*differences)


def sizes_of(rows: Any, others: Any) -> Any:
    """By point, what the rounding of *rows* is relative to: their size and, up to 1, that of the *others*.

    A function, its gradient and its Hessian are made of the same terms, and of constants of about 1 that may cancel.
    """
    size, *rest = (numpy.abs(item).reshape(len(item), -1).max(axis=1) for item in (rows, *others))
    return size + numpy.minimum(1.0, numpy.nanmax([numpy.zeros(len(size)), *rest], axis=0))
