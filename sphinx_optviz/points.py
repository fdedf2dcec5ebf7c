"""The points at which functions are computed. The host makes them, so that all frameworks get the very same numbers."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy

    from sphinx_optviz.runs import Axis, Run

    Column = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

# Changing it changes the points, and needs a new RUN_SCHEMA.
_SEED = 20261125


# Parts of a domain along each axis, by the number of variables: how rough a function is, is told for each cell.
_CELLS = {1: 20, 2: 10}


def cell_count(axes: Sequence[Axis]) -> int:
    """How many cells the box of *axes* has."""
    return int(_CELLS[len(axes)] ** len(axes))


def cells_of(axes: Sequence[Axis], columns: Sequence[Column]) -> Any:
    """The number of the cell of the box of *axes* that each point lies in; the last axis' cells are consecutive."""
    import numpy

    count = _CELLS[len(axes)]
    number = numpy.zeros(len(columns[0]), dtype=int)
    for axis, column in zip(axes, columns, strict=True):
        along = (column - axis.low) / ((axis.high - axis.low) or 1.0) * count
        number = number * count + numpy.clip(along, 0, count - 1).astype(int)
    return number


def with_neighbours(axes: Sequence[Axis], by_cell: Column) -> Column:
    """For each cell the largest number of itself and those around it."""
    import numpy

    count, variables = _CELLS[len(axes)], len(axes)
    padded = numpy.pad(by_cell.reshape((count,) * variables), 1)
    for axis in range(variables):
        ends = [numpy.take(padded, range(start, padded.shape[axis] - 2 + start), axis=axis) for start in (0, 1, 2)]
        padded = numpy.maximum(numpy.maximum(ends[0], ends[1]), ends[2])
    return padded.ravel()


@cache
def _random(seed: int, count: int) -> tuple[float, ...]:
    """*count* numbers from 0 to 1, always the same."""
    # Python promises the same numbers for the same seed in all its versions; NumPy's newer generators do not.
    generator = random.Random(seed)  # noqa: S311 - nothing secret
    return tuple(generator.random() for _ in range(count))


def columns_of(axes: Sequence[Axis], samples: int) -> list[Column]:
    """One array of shape (N,) for each axis: the grid, its last axis fastest, then *samples* points at random.

    The random points are uniform in the box of *axes*, and always the same.
    """
    import numpy

    lines = [numpy.linspace(axis.low, axis.high, axis.count) for axis in axes]
    grid = [column.ravel() for column in numpy.meshgrid(*lines, indexing="ij")]
    drawn = numpy.array(_random(_SEED, samples * len(axes))).reshape(samples, len(axes))
    return [
        numpy.concatenate([column, axis.low + (axis.high - axis.low) * drawn[:, index]])
        for index, (axis, column) in enumerate(zip(axes, grid, strict=True))
    ]


def points_of(run: Run) -> list[Column]:
    """The points of *run*: one array of shape (N,) for each variable of its functions."""
    columns = columns_of(run.axes, run.samples)
    if run.through is None:
        return columns
    return [x + columns[0] * step for x, step in zip(*run.through, strict=True)]
