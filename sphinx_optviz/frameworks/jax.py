"""Adapter for JAX: float64 arrays, derivatives by ``jax.grad``."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

# Before the import: JAX would take most of a graphics card's memory at once, and other frameworks run beside it.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax
import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Columns = list[np.ndarray[Any, np.dtype[np.float64]]]
    Function = Callable[..., Any]

# What code may have changed, and every run starts from. Without the first, JAX computes in float32.
_CONFIG = {
    "jax_enable_x64": True,
    "jax_debug_nans": False,
    "jax_debug_infs": False,
    "jax_disable_jit": False,
    "jax_numpy_dtype_promotion": "standard",
    "jax_numpy_rank_promotion": "allow",
}

METHODS = {"gradients": "jax.grad", "hessians": "jax.grad"}

# JAX compiles every operation anew for each number of points: a search asks for few different ones.
SIZES = (1024, 16384)


def version() -> str:
    return str(jax.__version__)


def prepare() -> None:
    for name, value in _CONFIG.items():
        jax.config.update(name, value)
    np.random.seed(0)  # noqa: NPY002 - the generator that the code of a landscape is likely to use
    random.seed(0)


def _call(f: Function, arrays: Any) -> jax.Array:
    result = f(*arrays)
    if not isinstance(result, jax.Array):
        raise TypeError(f"expected a jax.Array from the function, got {type(result).__name__}")
    return result


def _arrays(columns: Columns) -> list[jax.Array]:
    return [jnp.asarray(column, dtype=jnp.float64) for column in columns]


def values(f: Function, columns: Columns) -> Any:
    return np.asarray(_call(f, _arrays(columns)))


def gradients(f: Function, columns: Columns) -> tuple[Any, None]:
    """Shape (N, d). The gradient of the sum is the pointwise derivative, for *f* works elementwise."""
    arrays = _arrays(columns)
    found = jax.grad(lambda *a: _call(f, a).sum(), argnums=tuple(range(len(arrays))))(*arrays)
    return np.stack([np.asarray(column) for column in found], axis=-1), None


def hessians(f: Function, columns: Columns) -> tuple[Any, None]:
    """Shape (N, d, d)."""
    arrays = _arrays(columns)
    variables = tuple(range(len(arrays)))

    def first(variable: int) -> Callable[..., Any]:
        gradient = jax.grad(lambda *a: _call(f, a).sum(), argnums=variable)
        return lambda *a: gradient(*a).sum()

    rows = [jax.grad(first(variable), argnums=variables)(*arrays) for variable in variables]
    return np.stack([np.stack([np.asarray(column) for column in row], axis=-1) for row in rows], axis=1), None


def compiled(f: Function, variables: int) -> tuple[Callable[[Columns], Any], Callable[[Columns], Any]]:
    """``gradients`` and ``hessians`` of *f* for the many calls of a search, compiled once for each number of points.

    Operation by operation each call would take ten times as long. Code that JAX cannot compile, because it asks for
    the numbers in its arrays, is run so all the same.
    """
    arguments = tuple(range(variables))

    def first(*arrays: Any) -> Any:
        return jnp.stack(jax.grad(lambda *a: _call(f, a).sum(), argnums=arguments)(*arrays), axis=-1)

    def second(*arrays: Any) -> Any:
        rows = [jax.grad(lambda *a, i=i: first(*a)[:, i].sum(), argnums=arguments)(*arrays) for i in arguments]
        return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=1)

    def either(compiled: Any, plain: Any) -> Callable[[Columns], Any]:
        def derivatives(columns: Columns) -> Any:
            try:
                return np.asarray(compiled(*_arrays(columns))), None
            except jax.errors.JAXTypeError:
                return plain(f, columns)

        return derivatives

    return either(jax.jit(first), gradients), either(jax.jit(second), hessians)
