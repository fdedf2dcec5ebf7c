"""Adapter for hyperduals: float64 arrays, exact derivatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hyperduals
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS = {"gradients": "hyper-dual numbers", "hessians": "hyper-dual numbers"}


def version() -> str:
    return hyperduals.__version__


def prepare() -> None:
    np.random.seed(0)  # noqa: NPY002 - the generator that the code of a landscape is likely to use


def _call(f: Callable[..., Any], columns: list[hyperduals.Array]) -> hyperduals.Dual:
    count, unit = len(columns), np.eye(len(columns))
    zero = np.zeros((columns[0].size, count, count))
    result = f(*(hyperduals.Dual(column, zero[:, 0] + row, zero) for column, row in zip(columns, unit, strict=True)))
    if not isinstance(result, hyperduals.Dual):
        raise TypeError(f"expected a hyperduals.Dual from the function, got {type(result).__name__}")
    return result


def values(f: Callable[..., Any], columns: list[hyperduals.Array]) -> Any:
    return _call(f, columns).value


def gradients(f: Callable[..., Any], columns: list[hyperduals.Array]) -> tuple[Any, None]:
    return _call(f, columns).gradient, None


def hessians(f: Callable[..., Any], columns: list[hyperduals.Array]) -> tuple[Any, None]:
    return _call(f, columns).hessian, None
