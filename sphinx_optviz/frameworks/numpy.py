"""Adapter for NumPy: values as they are; derivatives by central differences, for NumPy has none of its own."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_optviz.frameworks.differences import DIFFERENCES, difference

    Columns = list[np.ndarray[Any, np.dtype[np.float64]]]
    Function = Callable[..., Any]

METHODS = {"gradients": DIFFERENCES, "hessians": DIFFERENCES}


def version() -> str:
    return np.__version__


def prepare() -> None:
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")  # NumPy's own defaults
    np.random.seed(0)  # noqa: NPY002 - the generator that the code of a landscape is likely to use
    random.seed(0)


def values(f: Function, columns: Columns) -> Any:
    return f(*(column.copy() for column in columns))  # code may work in place


def gradients(f: Function, columns: Columns) -> tuple[Any, Any]:
    """Shape (N, d), and the errors."""
    found = [difference(lambda c: (values(f, c), None), columns, i) for i in range(len(columns))]
    return np.stack([derivative for derivative, _ in found], axis=-1), np.max([error for _, error in found], axis=0)


def hessians(f: Function, columns: Columns) -> tuple[Any, Any]:
    """Shape (N, d, d), made symmetric, and the errors."""
    found = [difference(lambda c: gradients(f, c), columns, i) for i in range(len(columns))]
    matrices = np.stack([row for row, _ in found], axis=1)
    return (matrices + matrices.swapaxes(1, 2)) / 2, np.max([error for _, error in found], axis=0)
