"""What a critical point is: by its Hessian or, where that is singular, by the values around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.groups import Group

# Around a point where the Hessian tells nothing: how far away the values are looked at, in units of the box, and in how
# many directions.
_FARTHEST = 1e-2
_DIRECTIONS = 48

_GOLDEN = (3 - 5**0.5) / 2

# By so much the gradient is larger close to a pole.
_POLE = 1000.0

# Around a kink: how far away its surroundings are looked at, in units of the box.
_CLOSE = 1e-4


class Surroundings(NamedTuple):
    """How a function behaves around a point, without its Hessian."""

    kind: str  # "minimum", "maximum", "saddle", "inflection", or "" if that cannot be told
    valleys: int = 0  # how many ways lead down from a saddle: 2 for the usual one, 3 for the monkey's


def kind_by_hessian(hessian: Array) -> str:
    """Of a matrix, shape (d, d), that is not singular."""
    signs = numpy.linalg.eigvalsh(hessian) > 0
    return "minimum" if signs.all() else "saddle" if signs.any() else "maximum"


def surroundings(box: Field, at: Array, farthest: float, noise: Array) -> Surroundings:
    """Of the point *at*, shape (d,), with no other critical point within *farthest*; *noise* of the gradient, (d,).

    Found on rings of smaller and smaller radius, until two say the same.
    """
    last = None
    for step in range(9):
        found = _on_a_ring(box, at, min(_FARTHEST, farthest) / 3.0**step, noise)
        if found is not None and found == last:
            return found
        last = found
    return Surroundings("")


def _on_a_ring(box: Field, at: Array, radius: float, noise: Array) -> Surroundings | None:
    """None if rounding hides what is higher and what is lower."""
    found, ways = _rises_around(box, at, radius)
    tolerance = 20 * radius * (numpy.abs(ways) @ noise)
    if not box.is_exact:  # these gradients were made of values, and know no more than they do
        tolerance = tolerance + 100 * numpy.finfo(float).eps * numpy.abs(box.value(at[None]))
    known = numpy.isfinite(found)
    decided = known & (numpy.abs(found) > tolerance)
    if not decided.any() or decided.sum() < 0.9 * known.sum():
        return None
    higher = found[decided] > 0
    if _may_be_level(known, decided, higher):
        return None
    if higher.all() or not higher.any():
        return Surroundings("minimum" if higher.all() else "maximum")
    if box.variables == 1:
        return Surroundings("inflection")
    whole = known.all()
    changes = int((higher != numpy.roll(higher, 1)).sum() if whole else (higher[1:] != higher[:-1]).sum())
    # On the edge only a part of the ring is there, and the same part has half as many changes.
    valleys = changes // 2 if whole else (changes + 1) // 2 + 1
    return Surroundings("inflection") if valleys < 2 else Surroundings("saddle", valleys)


def _may_be_level(known: Array, decided: Array, higher: Array) -> bool:
    """Whether there are ways between two up or two down that lead neither up nor down, as far as rounding lets see."""
    last = numpy.cumsum(decided[known]) - 1  # of those that are decided, the one before; the last one before the first
    before, after = higher[last], higher[(last + 1) % len(higher)]
    return bool((~decided[known] & (before == after)).any())


def _rises_around(box: Field, at: Array, radius: float) -> tuple[Array, Array]:
    """By how much the function is higher *radius* away, NaN outside the box, shape (N,), and the directions, (N, d)."""
    return all_ways(box.variables, lambda ways: rises(box, at, radius, ways))


def all_ways(variables: int, rise: Callable[[Array], Array]) -> tuple[Array, Array]:
    """The *rise*, shape (N,), along directions that matter, and these, (N, d).

    In two variables once around, with the highest and the lowest places between the directions found: a valley that is
    much narrower than two directions are apart still has two sides.
    """
    if variables == 1:
        ways = numpy.array([[-1.0], [1.0]])
        return rise(ways), ways
    angles = numpy.arange(_DIRECTIONS) * 2 * numpy.pi / _DIRECTIONS
    found = rise(_ways(angles))
    before, after = numpy.roll(found, 1), numpy.roll(found, -1)
    extreme = ((found > 0) & (found <= before) & (found <= after)) | (
        (found < 0) & (found >= before) & (found >= after)
    )
    if not extreme.any():
        return found, _ways(angles)
    sign = numpy.sign(found[extreme])
    low, high = angles[extreme] - 2 * numpy.pi / _DIRECTIONS, angles[extreme] + 2 * numpy.pi / _DIRECTIONS
    for _ in range(36):  # the golden section, of a degree's millionth in the end
        left, right = low + _GOLDEN * (high - low), high - _GOLDEN * (high - low)
        both = rise(_ways(numpy.concatenate([left, right]))).reshape(2, -1) * sign
        lower_left = both[0] <= both[1]
        low, high = numpy.where(lower_left, low, left), numpy.where(lower_left, right, high)
    middle = (low + high) / 2
    angles, order = numpy.unique(numpy.concatenate([angles, middle % (2 * numpy.pi)]), return_index=True)
    return numpy.concatenate([found, rise(_ways(middle))])[order], _ways(angles)


def _ways(angles: Array) -> Array:
    ways = numpy.stack([numpy.cos(angles), numpy.sin(angles)], axis=-1)
    # Along an axis exactly: the cosine of a right angle in floating point is not 0.
    return numpy.where(numpy.abs(ways) < 1e-15, 0.0, ways)


def rises(box: Field, at: Array, radius: float, ways: Array) -> Array:
    """By how much the function is higher *radius* away along each of *ways*, (N, d), from *at*, (d,) or (N, d).

    NaN outside the box. The integral of the gradient along the way, by Gauss and Legendre: the difference of two values
    would be lost in their rounding.
    """
    nodes, weights = numpy.polynomial.legendre.leggauss(8)
    along = (nodes + 1) / 2 * radius
    points = numpy.broadcast_to(at, ways.shape)[:, None, :] + along[None, :, None] * ways[:, None, :]
    slopes = box.gradient(points.reshape(-1, box.variables)).reshape(points.shape)
    found = numpy.einsum("wnd,wd,n->w", slopes, ways, weights / 2 * radius)
    ends = at + radius * ways
    return numpy.where((numpy.abs(ends - 0.5) <= 0.5 + 1e-12).all(axis=1), found, numpy.nan)


def point_in(box: Field, group: Group) -> Array | None:
    """The point where the gradient vanishes in a group of cells, shape (d,); None if it does not."""
    low, high = group.centres.min(axis=0) - group.size, group.centres.max(axis=0) + group.size
    noise = float(group.noise.max())
    corners = numpy.array([low, high, (low + high) / 2])
    largest = float(numpy.nanmax(numpy.abs(box.gradient(corners))))
    found = _by_halving(box, low, high) if box.variables == 1 else None
    if found is None:
        found = _by_newton(box, group)
    left = numpy.abs(box.gradient(found[None])).max()
    return found if left <= max(20 * noise, 1e-3 * largest) else None


def _by_halving(box: Field, low: Array, high: Array) -> Array | None:
    """Where the slope of one variable changes its sign or, if it does not, where it is extreme."""
    for slope in (box.gradient, lambda u: box.jacobian(u)[:, 0]):
        ends = numpy.stack([low, high])
        signs = numpy.sign(slope(ends)[:, 0])
        if signs[0] * signs[1] >= 0:
            continue
        for _ in range(60):
            middle = ends.mean(axis=0)
            sign = numpy.sign(slope(middle[None])[0, 0])
            if sign == 0 or not numpy.isfinite(sign):
                return numpy.asarray(middle)
            ends[0 if sign == signs[0] else 1] = middle
        return numpy.asarray(ends.mean(axis=0))
    return None


def _by_newton(box: Field, group: Group) -> Array:
    """By steps of least length, which go on where the Hessian is singular, and get shorter where they do not help."""
    these = numpy.unique(numpy.linspace(0, len(group.centres) - 1, 32).astype(int))
    best = group.centres[these]
    least = numpy.full(len(best), numpy.inf)
    step = numpy.zeros_like(best)
    for _ in range(90):
        u = best + step
        size = numpy.abs(box.gradient(u)).max(axis=1)
        better = size < least
        best[better], least[better] = u[better], size[better]
        step[~better] /= 2
        if not better.any() and float(numpy.abs(step).max()) < box.rounding:
            break
        if better.any():
            g, j = box.gradient(best[better]), box.jacobian(best[better])
            j = numpy.where(numpy.isfinite(j), j, 0.0)
            way = -numpy.einsum("mij,mj->mi", numpy.linalg.pinv(j, rcond=1e-25, hermitian=True), g)
            step[better] = numpy.clip(way, -2 * group.size, 2 * group.size)
    found: Array = best[least.argmin()]
    return found


def is_kink(box: Field, at: Array, size: float) -> bool:
    """Whether the gradient does not get smaller towards *at*, down to *size* away: it has no limit there."""
    return size <= _CLOSE / 100 and 0.2 < _growth(box, at, size) < _POLE


def is_pole(box: Field, at: Array, size: float) -> bool:
    """Whether the gradient gets so much larger towards *at*, down to *size* away, that the function has no limit."""
    return size <= _CLOSE / 100 and not _growth(box, at, size) < _POLE


def _growth(box: Field, at: Array, size: float) -> float:
    """How much larger the gradient is four times *size* away than it is further away from *at*."""
    ways = numpy.array([[-1.0], [1.0]]) if box.variables == 1 else _ways(numpy.arange(16) * numpy.pi / 8 + 0.1)
    rings = at + numpy.array([4 * size, _CLOSE])[:, None, None] * ways
    inside = (numpy.abs(rings - 0.5) <= 0.5).all(axis=2)
    g = numpy.abs(box.gradient(rings.reshape(-1, box.variables))).max(axis=1).reshape(inside.shape)
    near, far = (float(numpy.nanmax(numpy.where(inside[ring], g[ring], 0.0))) for ring in (0, 1))
    return near / far if far else 0.0
