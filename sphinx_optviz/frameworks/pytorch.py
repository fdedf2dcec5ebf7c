"""Adapter for PyTorch: float64 tensors, derivatives by ``torch.autograd``."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    Columns = list[np.ndarray[Any, np.dtype[np.float64]]]
    Function = Callable[..., Any]

METHODS = {"gradients": "torch.autograd", "hessians": "torch.autograd"}

torch.set_num_threads(1)


def version() -> str:
    # "2.13.0+cpu" and "2.13.0+cu130" compute the same here.
    return str(torch.__version__).split("+")[0]


def prepare() -> None:
    # With float32 as default, torch.tensor(math.pi) in a landscape would cost eight digits.
    torch.set_default_dtype(torch.float64)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.set_flush_denormal(False)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - the generator that the code of a landscape is likely to use
    random.seed(0)


def _call(f: Function, columns: Columns, *, track: bool) -> tuple[list[torch.Tensor], torch.Tensor]:
    tensors = [torch.from_numpy(column.copy()).requires_grad_(track) for column in columns]
    result = f(*tensors)
    if not isinstance(result, torch.Tensor):
        raise TypeError(f"expected a torch.Tensor from the function, got {type(result).__name__}")
    return tensors, result


def values(f: Function, columns: Columns) -> Any:
    _, result = _call(f, columns, track=False)
    return result.detach().numpy()


def _derivatives(result: torch.Tensor, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """Of an elementwise *result*, by each tensor: the gradient of the sum is the pointwise derivative."""
    if not result.requires_grad:  # a constant, as far as autograd can tell
        return [torch.zeros_like(tensor) for tensor in tensors]
    found = torch.autograd.grad(result.sum(), tensors, create_graph=True, allow_unused=True)
    pairs = zip(found, tensors, strict=True)
    return [torch.zeros_like(tensor) if grad is None else grad for grad, tensor in pairs]


def gradients(f: Function, columns: Columns) -> tuple[Any, None]:
    """Shape (N, d)."""
    tensors, result = _call(f, columns, track=True)
    return torch.stack(_derivatives(result, tensors), dim=-1).detach().numpy(), None


def hessians(f: Function, columns: Columns) -> tuple[Any, None]:
    """Shape (N, d, d)."""
    tensors, result = _call(f, columns, track=True)
    rows = [torch.stack(_derivatives(first, tensors), dim=-1) for first in _derivatives(result, tensors)]
    return torch.stack(rows, dim=1).detach().numpy(), None
