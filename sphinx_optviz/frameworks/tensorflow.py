"""Adapter for TensorFlow: float64 tensors, derivatives by ``tf.GradientTape``."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

# Before the import. The C++ core writes dozens of lines about the processor; oneDNN's kernels give other digits from
# one processor to the next; and all of a graphics card's memory would be taken at once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable

    Columns = list[np.ndarray[Any, np.dtype[np.float64]]]
    Function = Callable[..., Any]

METHODS = {"gradients": "tf.GradientTape", "hessians": "tf.GradientTape"}

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)


def version() -> str:
    return str(tf.__version__)


def prepare() -> None:
    if not tf.executing_eagerly():
        raise RuntimeError("TensorFlow was switched to graphs, and cannot be switched back")
    tf.debugging.disable_check_numerics()
    tf.random.set_seed(0)
    tf.random.set_global_generator(tf.random.Generator.from_seed(0))
    np.random.seed(0)  # noqa: NPY002 - the generator that the code of a landscape is likely to use
    random.seed(0)


def _tensors(columns: Columns) -> list[Any]:
    return [tf.constant(column, dtype=tf.float64) for column in columns]


def _call(f: Function, tensors: list[Any]) -> Any:
    result = f(*tensors)
    if not isinstance(result, tf.Tensor):
        raise TypeError(f"expected a tf.Tensor from the function, got {type(result).__name__}")
    return result


def values(f: Function, columns: Columns) -> Any:
    return _call(f, _tensors(columns)).numpy()


def gradients(f: Function, columns: Columns) -> tuple[Any, None]:
    """Shape (N, d). The tape sums what it differentiates: the pointwise derivative, for *f* works elementwise."""
    tensors = _tensors(columns)
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = _call(f, tensors)
    return tf.stack(_derivatives(tape, result, tensors), axis=-1).numpy(), None


def hessians(f: Function, columns: Columns) -> tuple[Any, None]:
    """Shape (N, d, d)."""
    tensors = _tensors(columns)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(tensors)
        with tf.GradientTape() as inner:
            inner.watch(tensors)
            result = _call(f, tensors)
        first = _derivatives(inner, result, tensors)
    rows = [tf.stack(_derivatives(outer, gradient, tensors), axis=-1) for gradient in first]
    return tf.stack(rows, axis=1).numpy(), None


def _derivatives(tape: Any, result: Any, tensors: list[Any]) -> list[Any]:
    found = tape.gradient(result, tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return [tf.convert_to_tensor(gradient) for gradient in found]  # tf.gather's gradient is sparse
