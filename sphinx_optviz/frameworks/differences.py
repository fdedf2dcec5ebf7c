"""Central differences, for what a framework cannot differentiate; adapters share this namespace in the child."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from collections.abc import Callable

    Columns = list[numpy.ndarray[Any, numpy.dtype[numpy.float64]]]
    # Of some columns: any array with one row a point, and how far its numbers may be off, or None for exact ones.
    Rows = Callable[[Columns], tuple[Any, Any]]

DIFFERENCES = "central differences of sixth order"

# First derivative on h, 2h, 3h and their opposites: Fornberg, "Generation of finite difference formulas on arbitrarily
# spaced grids", Math. Comp. 51 (1988), table 1.
_WEIGHTS = (3 / 4, -3 / 20, 1 / 60)

# The step balances the error of order six against rounding, for functions that change over lengths of about 1, or over
# a good part of the domain.
_STEP = 2e-3

# Further steps, in units of the first, to judge it by: irrational, so that no period of a function hides from all.
_OTHERS = ((3 - 5**0.5) / 2, (5**0.5 - 1) / 2)

# If the steps differ by more, relative to the derivative, they step over something: a kink, a pole, many periods.
_SANE = 1e-3

# Rounding, in units of the last place.
_ROUNDING = 5


def difference(f: Rows, columns: Columns, variable: int) -> tuple[Any, Any]:
    """The derivative of *f* by one variable, and how far it may be off at each point: shapes as *f* gives, and (N,)."""
    column = columns[variable]
    width = float(numpy.ptp(column)) or 1.0
    step = _STEP * numpy.minimum(numpy.maximum(1.0, numpy.abs(column)), width)
    steps = [_exact(step * part, column) for part in (1.0, *_OTHERS)]
    derivative, error = _one_difference(f, columns, variable, steps[0])
    found = [derivative, *(_one_difference(f, columns, variable, other)[0] for other in steps[1:])]
    with numpy.errstate(invalid="ignore", over="ignore"):
        change = numpy.max([_largest(one - other) for one, other in itertools.combinations(found, 2)], axis=0)
        is_sane = change <= _SANE * _largest(derivative) + 10 * error
        # Rounding may be small at a point by chance, and is not at its neighbours.
        error = error + 4 * change + 10 * numpy.median(change)
        return derivative, numpy.where(is_sane, error, numpy.inf)


def _exact(step: Any, column: Any) -> Any:
    """*step* so rounded that what is added to each coordinate is exactly the step, three times over."""
    unit = numpy.spacing(numpy.abs(column) + 3 * step)
    return numpy.maximum(numpy.round(step / unit), 1.0) * unit


def _one_difference(f: Rows, columns: Columns, variable: int, step: Any) -> tuple[Any, Any]:
    """With the *step* of each point: the derivative, and what the errors of *f* and rounding may add to it."""
    total: Any = 0.0
    size = numpy.zeros(len(step))
    inherited = numpy.zeros(len(step))
    unit = 0.0
    with numpy.errstate(invalid="ignore", over="ignore"):  # infinity minus infinity, at a pole
        for index, weight in enumerate(_WEIGHTS, 1):
            ends = []
            for sign in (1, -1):
                moved = list(columns)
                moved[variable] = columns[variable] + sign * index * step
                rows, errors = f(moved)
                rows = numpy.asarray(rows)
                unit = numpy.finfo(rows.dtype).eps if rows.dtype.kind == "f" else 0.0
                ends.append(rows.astype(numpy.float64))
                size = numpy.maximum(size, _largest(ends[-1]))
                inherited = numpy.maximum(inherited, 0.0 if errors is None else errors)
            total = total + weight * (ends[0] - ends[1])
        derivative = (total.T / step).T
        size = size + numpy.abs(columns[variable]) * _largest(derivative)
        return derivative, (2 * inherited + _ROUNDING * unit * size) / step


def _largest(rows: Any) -> Any:
    """The largest absolute value in each row; infinity where one is not a number."""
    largest = numpy.abs(rows).reshape(len(rows), -1).max(axis=1)
    return numpy.where(numpy.isnan(largest), numpy.inf, largest)
