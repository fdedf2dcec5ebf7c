"""Adapter for MXNet: float64 arrays, gradients by ``mxnet.autograd``, Hessians by differences of these.

MXNet 1.9.1, its last release, can differentiate hardly any operation twice.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import mxnet
import numpy as np
from mxnet import autograd, npx

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_optviz.frameworks.differences import DIFFERENCES, difference

    Columns = list[np.ndarray[Any, np.dtype[np.float64]]]
    Function = Callable[..., Any]

METHODS = {"gradients": "mxnet.autograd", "hessians": f"{DIFFERENCES} of mxnet.autograd's gradients"}


def version() -> str:
    return str(mxnet.__version__)


def prepare() -> None:
    npx.set_np()
    mxnet.random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the generator that the code of a landscape is likely to use
    random.seed(0)


def _call(f: Function, arrays: list[Any]) -> Any:
    result = f(*arrays)
    if not isinstance(result, mxnet.np.ndarray):
        raise TypeError(f"expected an mxnet.np.ndarray from the function, got {type(result).__name__}")
    return result


def _arrays(columns: Columns) -> list[Any]:
    return [mxnet.np.array(column, dtype="float64") for column in columns]


def values(f: Function, columns: Columns) -> Any:
    return _call(f, _arrays(columns)).asnumpy()


def gradients(f: Function, columns: Columns) -> tuple[Any, None]:
    """Shape (N, d). ``backward`` sums what it differentiates: the pointwise derivative, for *f* works elementwise."""
    arrays = _arrays(columns)
    for array in arrays:
        array.attach_grad()  # with zeros, which stay where the result does not depend on it
    with autograd.record():
        result = _call(f, arrays)
    try:
        result.backward()
    except mxnet.MXNetError as error:
        if "not in a computational graph" not in str(error):  # a constant, as far as autograd can tell
            raise
    return np.stack([array.grad.asnumpy() for array in arrays], axis=-1), None


def hessians(f: Function, columns: Columns) -> tuple[Any, Any]:
    """Shape (N, d, d), made symmetric, and the errors."""
    found = [difference(lambda c: gradients(f, c), columns, i) for i in range(len(columns))]
    matrices = np.stack([row for row, _ in found], axis=1)
    return (matrices + matrices.swapaxes(1, 2)) / 2, np.max([error for _, error in found], axis=0)
