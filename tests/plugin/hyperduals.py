"""Numbers that carry their gradient and Hessian along: forward-mode automatic differentiation on NumPy's arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

__version__ = "1.0"

Array = np.ndarray[Any, np.dtype[Any]]


class Dual:
    """A value at each of N points, shape (N,), with its derivatives by d variables, shapes (N, d) and (N, d, d)."""

    __array_ufunc__ = None  # a NumPy array at the left leaves the operation to us

    def __init__(self, value: Array, gradient: Array, hessian: Array) -> None:
        self.value, self.gradient, self.hessian = value, gradient, hessian

    def chain(self, value: Any, first: Any, second: Any) -> Dual:
        """g(self), by g and its two derivatives at the value."""
        first, second = (np.broadcast_to(part, self.value.shape) for part in (first, second))
        outer = self.gradient[:, :, None] * self.gradient[:, None, :]
        hessian = first[:, None, None] * self.hessian + second[:, None, None] * outer
        return Dual(value, first[:, None] * self.gradient, hessian)

    def astype(self, dtype: str) -> Dual:
        return Dual(self.value.astype(dtype), self.gradient.astype(dtype), self.hessian.astype(dtype))

    def __add__(self, other: Dual | Array | float) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value + other, self.gradient, self.hessian)
        return Dual(self.value + other.value, self.gradient + other.gradient, self.hessian + other.hessian)

    def __mul__(self, other: Dual | Array | float) -> Dual:
        if not isinstance(other, Dual):
            return self.chain(self.value * other, other, 0.0)
        gradient = self.value[:, None] * other.gradient + other.value[:, None] * self.gradient
        outer = self.gradient[:, :, None] * other.gradient[:, None, :]
        hessian = self.value[:, None, None] * other.hessian + other.value[:, None, None] * self.hessian
        return Dual(self.value * other.value, gradient, hessian + outer + outer.swapaxes(1, 2))

    def __pow__(self, power: float) -> Dual:
        second = 0.0 if power in (0, 1) else power * (power - 1) * self.value ** (power - 2)
        return self.chain(self.value**power, power * self.value ** (power - 1) if power else 0.0, second)

    def __neg__(self) -> Dual:
        return self * -1.0

    def __sub__(self, other: Dual | float) -> Dual:
        return self + -other

    def __rsub__(self, other: Array | float) -> Dual:
        return -self + other

    def __truediv__(self, other: Dual | float) -> Dual:
        return self * other**-1.0

    def __rtruediv__(self, other: Array | float) -> Dual:
        return self**-1.0 * other

    __radd__ = __add__
    __rmul__ = __mul__


def sin(x: Dual) -> Dual:
    return x.chain(np.sin(x.value), np.cos(x.value), -np.sin(x.value))


def cos(x: Dual) -> Dual:
    return x.chain(np.cos(x.value), -np.sin(x.value), -np.cos(x.value))


def exp(x: Dual) -> Dual:
    return x.chain(np.exp(x.value), np.exp(x.value), np.exp(x.value))


def log(x: Dual) -> Dual:
    return x.chain(np.log(x.value), 1 / x.value, -1 / x.value**2)


def tanh(x: Dual) -> Dual:
    slope = 1 / np.cosh(x.value) ** 2
    return x.chain(np.tanh(x.value), slope, -2 * np.tanh(x.value) * slope)


def where(condition: Array, x: Dual, y: Dual) -> Dual:
    masks = condition, condition[:, None], condition[:, None, None]
    parts = zip(masks, (x.value, x.gradient, x.hessian), (y.value, y.gradient, y.hessian), strict=True)
    return Dual(*(np.where(*part) for part in parts))


def stop_gradient(x: Dual) -> Dual:
    return Dual(x.value, 0 * x.gradient, 0 * x.hessian)
