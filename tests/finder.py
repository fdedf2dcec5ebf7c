"""The finder of critical points, run here instead of in a child."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from duals import PLUGIN

import sphinx_optviz
from sphinx_optviz.critical import CriticalPoints
from sphinx_optviz.frameworks import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Array = np.ndarray[Any, np.dtype[np.float64]]
    Columns = list[Array]

ROOT = Path(sphinx_optviz.__file__).parent


@cache
def programs() -> dict[str, Any]:
    """What a child that runs NumPy's adapter has loaded."""
    namespace: dict[str, Any] = {"__name__": "__optviz__"}
    for name, text in BUILT_IN["numpy"].programs():
        exec(compile(text, name, "exec"), namespace)
    return namespace


def find(
    values: Callable[[Columns], Array],
    gradients: Callable[[Columns], Array],
    hessians: Callable[[Columns], Array],
    low: Sequence[float],
    high: Sequence[float],
) -> CriticalPoints:
    """All critical points of a function with exact derivatives, in the box from *low* to *high*."""
    found = programs()["critical_points"](
        values, lambda columns: (gradients(columns), None), lambda columns: (hessians(columns), None), low, high
    )
    return CriticalPoints.from_plain(found)


def _hyperduals() -> Any:
    spec = importlib.util.spec_from_file_location("hyperduals", PLUGIN / "hyperduals.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hd = _hyperduals()


def absolute(x: Any) -> Any:
    return x.chain(np.abs(x.value), np.sign(x.value), 0.0)


def relu(x: Any) -> Any:
    return x.chain(np.maximum(x.value, 0.0), (x.value > 0) * 1.0, 0.0)


def floor(x: Any) -> Any:
    return x.chain(np.floor(x.value), 0.0, 0.0)


def sqrt(x: Any) -> Any:
    return x**0.5


def search(f: Callable[..., Any], low: Sequence[float], high: Sequence[float]) -> CriticalPoints:
    """What is found of *f*, whose derivatives are exact."""

    def called(columns: list[Any]) -> Any:
        unit = np.eye(len(columns))
        zero = np.zeros((len(columns[0]), len(columns), len(columns)))
        with np.errstate(all="ignore"):
            found = f(*(hd.Dual(x, zero[:, 0] + row, zero) for x, row in zip(columns, unit, strict=True)))
        return found if isinstance(found, hd.Dual) else hd.Dual(columns[0] * 0 + found, zero[:, 0], zero)

    return find(
        lambda columns: called(columns).value,
        lambda columns: called(columns).gradient,
        lambda columns: called(columns).hessian,
        low,
        high,
    )
