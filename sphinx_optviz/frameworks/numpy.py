"""Adapter for NumPy: values as they are; derivatives by central differences, for NumPy has none of its own."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Columns = list[np.ndarray[Any, np.dtype[np.float64]]]
    Function = Callable[..., Any]

METHOD = "central differences of sixth order"

# First derivative on -3h ... 3h, error O(h^6): Fornberg, "Generation of finite difference formulas on arbitrarily
# spaced grids", Math. Comp. 51 (1988), table 1. The step balances that error against rounding for functions whose
# scale is about 1.
_OFFSETS = (-3, -2, -1, 1, 2, 3)
_WEIGHTS = (-1 / 60, 3 / 20, -3 / 4, 3 / 4, -3 / 20, 1 / 60)
_STEP = 2e-3


def version() -> str:
    return np.__version__


def prepare() -> None:
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")  # NumPy's own defaults
    np.random.seed(0)  # noqa: NPY002 - the generator that the code of a landscape is likely to use
    random.seed(0)


def values(f: Function, columns: Columns) -> Any:
    return f(*(column.copy() for column in columns))  # code may work in place


def _difference(f: Callable[[Columns], Any], columns: Columns, variable: int) -> Any:
    """The derivative of *f* by one variable at every point; any shape that *f* returns."""
    step = _STEP * np.maximum(1.0, np.abs(columns[variable]))
    total: Any = 0.0
    for offset, weight in zip(_OFFSETS, _WEIGHTS, strict=True):
        moved = list(columns)
        moved[variable] = columns[variable] + offset * step
        total = total + weight * np.asarray(f(moved), dtype=np.float64)
    return (total.T / step).T


def gradients(f: Function, columns: Columns) -> Any:
    """Shape (N, d)."""
    derivatives = [_difference(lambda c: values(f, c), columns, i) for i in range(len(columns))]
    return np.stack(derivatives, axis=-1)


def hessians(f: Function, columns: Columns) -> Any:
    """Shape (N, d, d), made symmetric."""
    rows = [_difference(lambda c: gradients(f, c), columns, i) for i in range(len(columns))]
    matrices = np.stack(rows, axis=1)
    return (matrices + matrices.swapaxes(1, 2)) / 2
