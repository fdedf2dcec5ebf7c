"""A function's gradient over the unit box; all texts of this folder share a namespace in the child."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx_optviz.frameworks.noise import jumps_of

    Array = numpy.ndarray[Any, Any]
    Columns = list[Array]

# In units of the box, for derivatives of a gradient that is exact to rounding: the cube root of that.
_JACOBIAN_STEP = 2.0**-17

# Distance of the points that tell rounding noise, in units of the box.
_NOISE_STENCIL = 2.0**-36

# Distance at which a gradient that vanishes at a point has to be small, in units of the box.
_NEAR = 2.0**-20

# Points that one call computes at most: more would need much memory and be no faster.
_AT_ONCE = 16000


class Field:
    """The gradient G and its Jacobian J in coordinates u from 0 to 1 along each axis of the box.

    Scaled as u is: G = f'(x) * width, so that nothing here depends on the units of an axis.
    """

    def __init__(
        self,
        values: Callable[[Columns], Array],
        gradients: Callable[[Columns], tuple[Array, Array | None]],
        hessians: Callable[[Columns], tuple[Array, Array | None]],
        low: Sequence[float],
        high: Sequence[float],
        sizes: Sequence[int] = (),
    ) -> None:
        """Calls compute as many points as one of *sizes*, for frameworks that compile anew for each new size."""
        self._sizes = sizes
        self._values, self._gradients, self._hessians = values, gradients, hessians
        self.low = numpy.array(low, dtype=float)
        self.width = numpy.array(high, dtype=float) - self.low
        self.variables = len(self.low)
        # How far rounding of a coordinate moves a point, in units of the box.
        largest = numpy.maximum(numpy.abs(self.low), numpy.abs(self.low + self.width))
        self.rounding = float(numpy.max(largest / self.width)) * numpy.finfo(float).eps
        self._has_hessians = True
        self.spent = 0  # points at which the gradient was asked for

    def points(self, u: Array) -> Array:
        """Where the points *u*, shape (N, d), are; the same shape."""
        found: Array = self.low + u * self.width
        return found

    def told(self, u: Sequence[Array] | Array, known_to: float = 1e-12) -> list[list[float]]:
        """The points *u*, shape (N, d), as they are told: 0 where nothing but rounding keeps a coordinate from it.

        They are *known_to* that, in units of the box, or worse where derivatives are differences.
        """
        at = self.points(numpy.asarray(u))
        at = numpy.where(numpy.abs(at) < max(known_to, 0.0 if self.is_exact else 1e-8) * self.width, 0.0, at)
        return [[float(number) for number in point] for point in at]

    def _columns(self, u: Array) -> Columns:
        return list(numpy.ascontiguousarray(self.points(u).T))

    def _padded(self, u: Array) -> Array:
        """*u* with two corners of the box behind it, and its last point repeated up to one of the sizes.

        Differences take their steps from how far apart all points are.
        """
        ends = numpy.array([[0.0] * self.variables, [1.0] * self.variables])
        size = next((size for size in self._sizes if size >= len(u) + 2), len(u) + 2)
        return numpy.concatenate([u, numpy.repeat(u[-1:], size - len(u) - 2, axis=0), ends])

    @property
    def is_exact(self) -> bool:
        """Whether the framework gives derivatives to rounding, as far as is known."""
        return self._has_hessians

    def value(self, u: Array) -> Array:
        """Shape (N,)."""
        return numpy.asarray(self._values(self._columns(self._padded(u))), dtype=float)[: len(u)]

    def gradient(self, u: Array) -> Array:
        """Shape (N, d)."""
        parts = [self._gradient(part) for part in _parts(u)]
        return numpy.concatenate(parts)

    def _gradient(self, u: Array) -> Array:
        self.spent += len(u)
        found: Array = numpy.asarray(self._gradients(self._columns(self._padded(u)))[0], dtype=float)[: len(u)]
        scaled: Array = found * self.width
        return scaled

    def jacobian(self, u: Array) -> Array:
        """Shape (N, d, d): the framework's Hessians or, where it has none, differences of its gradients."""
        return numpy.concatenate([self._jacobian(part) for part in _parts(u)])

    def _jacobian(self, u: Array) -> Array:
        if self._has_hessians:
            found, errors = self._hessians(self._columns(self._padded(u)))
            # One point would do to learn it; from then on the cheaper differences below are taken.
            self._has_hessians = errors is None
            scaled: Array = numpy.asarray(found, dtype=float)[: len(u)] * self.width[:, None] * self.width
            return scaled
        rows = []
        for variable in range(self.variables):
            step = numpy.zeros(self.variables)
            step[variable] = _JACOBIAN_STEP
            rows.append((self._gradient(u + step) - self._gradient(u - step)) / (2 * _JACOBIAN_STEP))
        matrices = numpy.stack(rows, axis=1)
        return (matrices + matrices.swapaxes(1, 2)) / 2

    def hessian(self, u: Array) -> Array:
        """The framework's Hessians in the function's own units, shape (N, d, d), for what is told."""
        return numpy.asarray(self._hessians(self._columns(self._padded(u)))[0], dtype=float)[: len(u)]

    def is_smooth(self, u: Array) -> Array:
        """Whether the function is flat around each of *u*, where its gradient seems to vanish. Shape (N,).

        Differences of values give a gradient of 0 on a kink too. There the values grow as the distance does, and not as
        its square.
        """
        if not len(u):
            return numpy.zeros(0, dtype=bool)
        if self._has_hessians:
            return self._has_no_jump(u)
        ways = numpy.array([*numpy.eye(self.variables), -numpy.ones(self.variables)])
        rings = u[:, None, None, :] + numpy.array([1e-4, 1e-2])[:, None, None] * ways
        middle = self.value(u)[:, None, None]
        changes = numpy.abs(self.value(rings.reshape(-1, self.variables)).reshape(rings.shape[:3]) - middle).max(axis=2)
        lost = changes[:, 0] <= 100 * numpy.finfo(float).eps * numpy.abs(middle[:, 0, 0])
        smooth: Array = lost | (changes[:, 0] < 3e-3 * changes[:, 1])
        return smooth

    def _has_no_jump(self, u: Array) -> Array:
        """Whether the gradient near each of *u*, where it is 0, is small too: it may be 0 on a kink by a rule only."""
        ways = _NEAR * numpy.array([[0.6, -0.8], [0.8, 0.6], [-0.6, 0.8], [-0.8, -0.6]])[:, : self.variables]
        near = (u[:, None, :] + ways).reshape(-1, self.variables)
        g = numpy.abs(self.gradient(near)).reshape(len(u), len(ways), -1)
        bend = numpy.abs(self.jacobian(near)).reshape(len(u), len(ways), -1).max(axis=2)
        most = 4 * _NEAR * bend + 100 * self.noise(near).reshape(g.shape).max(axis=2).min(axis=1)[:, None]
        smooth: Array = ~(g.max(axis=2) > most).any(axis=1)
        return smooth

    def noise(self, u: Array) -> Array:
        """How far rounding makes each component of the gradient jump about, shape (N, d)."""
        if not len(u):
            return numpy.zeros((0, self.variables))
        columns = list(numpy.ascontiguousarray(u.T))
        steps = [_NOISE_STENCIL] * self.variables
        jumps = jumps_of(lambda moved: self.gradient(numpy.stack(moved, axis=-1)), columns, steps)
        return numpy.where(numpy.isfinite(jumps), jumps, 0.0)


def _parts(u: Array) -> list[Array]:
    return [u[start : start + _AT_ONCE] for start in range(0, max(len(u), 1), _AT_ONCE)]


class Border(Field):
    """The four edges of a box of two variables, one after the other: the function along them.

    Edge k lies from 2k/8 to (2k + 1)/8, so that the ends of two edges are no neighbours.
    """

    def __init__(self, box: Field) -> None:
        self.box = box
        self.spent = 0
        self.variables = 1
        self.low, self.width = numpy.zeros(1), numpy.ones(1)
        self.rounding = 8 * box.rounding
        self._has_hessians = box.is_exact

    def cells(self, each: int) -> Array:
        """The numbers of *each* cells an edge, of eight times as many from 0 to 1. Shape (N, 1)."""
        return numpy.concatenate([2 * edge * each + numpy.arange(each) for edge in range(4)])[:, None]

    def edge(self, u: Array) -> tuple[Array, Array, Array]:
        """Of each point: along which axis its edge goes, at which end of the other, and how far along. Shape (N,)."""
        along = 8 * u[:, 0]
        edge = numpy.clip(numpy.floor((along + 0.5) / 2), 0, 3).astype(int)
        return edge // 2, edge % 2, along - 2 * edge

    def embedded(self, u: Array) -> Array:
        """The points of the box, shape (N, 2)."""
        axis, end, along = self.edge(u)
        rows = numpy.arange(len(u))
        inside = numpy.empty((len(u), 2))
        inside[rows, axis], inside[rows, 1 - axis] = along, end
        return inside

    def value(self, u: Array) -> Array:
        return self.box.value(self.embedded(u))

    def gradient(self, u: Array) -> Array:
        self.spent += len(u)
        axis, _, _ = self.edge(u)
        found: Array = 8 * self.box.gradient(self.embedded(u))[numpy.arange(len(u)), axis]
        return found[:, None]

    def jacobian(self, u: Array) -> Array:
        axis, _, _ = self.edge(u)
        found: Array = 64 * self.box.jacobian(self.embedded(u))[numpy.arange(len(u)), axis, axis]
        return found[:, None, None]
