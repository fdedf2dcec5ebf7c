"""Cells along curves: of critical points, or of kinks at which the function is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.groups import borders_on, connected
    from sphinx_optviz.critical_points.kinks import locate_jumps
    from sphinx_optviz.critical_points.search import Search, _Look, _of, distinct

# Cells of a connected group along an axis from which on it is no single point: around a point of order k some
# 2k are left, whatever their size.
_EXTENDED = 16

# What is shorter than this, in units of the box, is no line of kinks: close to a minimum every crease is level.
_SHORTEST = 2.0**-8

# Fewer points than this are no line.
_LEAST_POINTS = 6

# Of the cells of a group: if no more lead to a curve, there is none. Where two of them cross, cells do not.
_FOLLOWING = 0.3

# A way along which the gradient changes by less than this part of what it does across is along the curve.
_SOFT = 1e-2

# A step towards a curve has to make the gradient smaller by this: where it is a cube, Newton's steps make it a third.
_BETTER = 0.8

# So many cells away from a curve the gradient may still be too small to rule one out.
_ASTRAY = 8

# At most so many cells of a group are looked at.
_MOST_OF_A_GROUP = 3000

# The function is the same along a crease if it differs by no more than this part of its values, and of what it would
# differ by from one side of the box to the other.
_SAME_ALONG = 1e-10


class Curve(NamedTuple):
    """Points of one or several curves, not in order."""

    points: Array  # (N, 2)
    size: float  # of the cells in which they were found: about how far apart they are
    most: float  # what rounding leaves of the gradient there; of a crease's values
    smooth: bool  # critical points, or kinks


def settle_groups(box: Field, index: Array, look: _Look, noise: Array, found: Search) -> Array:
    """Which cells are done with, (M,): those of a curve of critical points or of kinks, which is added to *found*."""
    held = numpy.zeros(len(index), dtype=bool)
    small = []
    for its in connected(index):
        extent = int(numpy.ptp(index[its], axis=0).max()) + 1
        if extent < _EXTENDED:
            small.append(its)
            continue
        part = _of(look, its)
        if not numpy.isfinite(part.g_samples).all(axis=(1, 2)).mean() > 0.1:
            held[its] = True  # the edge of where the function is defined
            continue
        if borders_on(part.centres, found, 4 * look.size, 0.9):
            held[its] = True
            continue
        curve, along = _smooth_curve_in(box, part, noise[its])
        if curve is not None:
            found.curves.append(curve)
            held[its] = along
            continue
        crease = _crease_in(box, part) if extent * look.size >= _SHORTEST else None
        if crease is not None:
            found.curves += crease
            held[its] = True
    if small and any(curve.smooth for curve in found.curves):
        rest = numpy.concatenate(small)
        held[rest] = _ends_on_a_curve(box, _of(look, rest), noise[rest], found.curves)
    return held


def _smooth_curve_in(box: Field, look: _Look, noise: Array) -> tuple[Curve | None, Array]:
    """The curve of critical points that the cells follow, None if they follow none; and which of them do, (M,)."""
    u, there, most = _led_to(box, look, noise)
    nothing = None, numpy.zeros(len(there), dtype=bool)
    if there.mean() < _FOLLOWING or float(numpy.ptp(u[there], axis=0).max()) < _EXTENDED * look.size / 2:
        return nothing
    sizes = numpy.linalg.svd(box.jacobian(u[there]), compute_uv=False)
    if numpy.median(sizes[:, 1] / numpy.maximum(sizes[:, 0], 1e-300)) > 1e-4:
        return nothing  # many single points, close together
    if _has_jumps(box, u[there], look.size):
        return nothing
    points = distinct(u[there & (numpy.abs(u - 0.5) <= 0.5 + 1e-9).all(axis=1)], look.size / 4)
    return (Curve(points, look.size, most, smooth=True), there) if len(points) >= _EXTENDED / 2 else nothing


def _ends_on_a_curve(box: Field, look: _Look, noise: Array, curves: list[Curve]) -> Array:
    """Whether each cell is but a place beside a curve that is known, shape (M,)."""
    u, there, _ = _led_to(box, look, noise)
    for row in numpy.flatnonzero(there):
        there[row] = any(gap_from(u[row], curve.points) < 2 * curve.size for curve in curves if curve.smooth)
    return there


def _led_to(box: Field, look: _Look, noise: Array) -> tuple[Array, Array, float]:
    """Where steps of least length lead from the cells, (M, 2); whether to a critical point close by, (M,).

    And what rounding may leave of the gradient there.
    """
    centres = look.centres
    most = numpy.maximum(20 * noise, 1e-10 * numpy.abs(look.g_samples).max(axis=1))
    u = numpy.clip(centres, 0.0, 1.0)
    least, in_vain = numpy.full(len(u), numpy.inf), numpy.zeros(len(u), dtype=int)
    for _ in range(60):
        g = numpy.abs(box.gradient(u))
        in_vain = numpy.where(g.max(axis=1) < _BETTER * least, 0, in_vain + 1)
        least = numpy.fmin(least, g.max(axis=1))
        far = (g > most).any(axis=1) & (in_vain < 3)
        if not far.any():
            break
        step = _least_step(box, u[far])
        u[far] += numpy.clip(numpy.where(numpy.isfinite(step), step, 0.0), -look.size, look.size)
    there = (numpy.abs(box.gradient(u)) <= most).all(axis=1)
    there &= numpy.abs(u - centres).max(axis=1) <= _ASTRAY * look.size
    return u, there, float(most.max())


def _has_jumps(box: Field, u: Array, size: float) -> bool:
    """Whether the gradient beside most of *u*, (N, 2), does not get smaller towards them: it is 0 by a rule only."""
    some = u[numpy.unique(numpy.linspace(0, len(u) - 1, 40).astype(int))]
    aside = numpy.array([0.6, -0.8])
    near, far = (numpy.abs(box.gradient(some + part * size * aside)).max(axis=1) for part in (1e-3, 0.1))
    return bool((near > 0.5 * far).mean() > 0.5) and float(far.max()) > 0


def gap_from(at: Array, line: Array) -> float:
    """How far a point, (2,), is from the nearest of a line's, (N, 2)."""
    return float(numpy.linalg.norm(line - at, axis=1).min())


def _least_step(box: Field, u: Array) -> Array:
    """Newton's steps, shape (N, d), but for their part along the curve."""
    g, j = box.gradient(u), box.jacobian(u)
    steps = numpy.full(u.shape, numpy.nan)
    known = numpy.isfinite(j).all(axis=(1, 2))
    steps[known] = -numpy.einsum("mij,mj->mi", numpy.linalg.pinv(j[known], rcond=_SOFT, hermitian=True), g[known])
    return steps


def _crease_in(box: Field, look: _Look) -> list[Curve] | None:
    """The crease that the cells follow, if the function is the same along it; [] where it jumps; None for neither."""
    these = numpy.unique(numpy.linspace(0, len(look.centres) - 1, _MOST_OF_A_GROUP).astype(int))
    found = locate_jumps(box, _of(look, these))
    if not found.is_jump.mean() > 0.5:
        return None
    sides = [box.value(side[found.is_jump]) for side in found.sides]
    same = _SAME_ALONG * float(numpy.abs(sides[0]).max() + numpy.abs(look.g_samples[these]).max())
    if (numpy.abs(sides[1] - sides[0]) > 100 * same).mean() > 0.5:
        return []
    level = float(numpy.median(sides[0]))
    along = numpy.abs(sides[0] - level) <= same
    if not along.mean() > 0.5:
        return None
    u = distinct(found.at[found.is_jump][along], look.size / 4)
    if len(u) < _LEAST_POINTS or float(numpy.ptp(u, axis=0).max()) < _EXTENDED * look.size / 2:
        return None
    return [Curve(u, look.size, same, smooth=False)]
