"""Where a gradient that jumps can balance: cells in which 0 is a mean of the gradients on all sides.

At a minimum on a crease no gradient vanishes; 0 is a weighted mean of those beside it (Clarke's stationary points:
F. H. Clarke, Optimization and Nonsmooth Analysis, 1983, section 2.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Field

# Points that are looked at in a cell and close to it, and how far from its centre they lie, in halves of the cell.
_HULL_SAMPLES = 24
_HULL_REACH = 1.6

# The two numbers of a sequence that fills a square evenly and shares no line with creases (M. Roberts' R2).
_HULL_STEPS = (0.7548776662466927, 0.5698402909980532)

# Points on a circle around it, and its radius: between two creases that cross at a small angle there is a piece of the
# function that no point close by may be in.
_HULL_RING = 64
_HULL_RADIUS = 3.5

# Of the largest gradient: two that are opposite are so but for rounding.
_HULL_ROUNDING = 1e-12


def offsets_around(variables: int) -> Array:
    """Offsets in halves of a cell, shape (S, d)."""
    steps = numpy.arange(1, _HULL_SAMPLES + 1)[:, None] * numpy.array(_HULL_STEPS[:variables])
    offsets: Array = _HULL_REACH * (2 * (steps % 1.0) - 1)
    if variables == 1:
        return offsets
    angles = (numpy.arange(_HULL_RING) + 0.3) * 2 * numpy.pi / _HULL_RING
    ring = _HULL_RADIUS * numpy.stack([numpy.cos(angles), numpy.sin(angles)], axis=-1)
    return numpy.concatenate([offsets, ring])


def may_balance(box: Field, centres: Array, size: float, noise: Array) -> Array:
    """False where all gradients in and around a cell point to one side, shape (M,).

    *centres*, shape (M, d), of cells of that *size*; *noise* of the gradient, (M, d).
    """
    u = centres[:, None, :] + offsets_around(box.variables) * size / 2
    u = numpy.where(u > 1, 2 - u, numpy.abs(u))
    shape = u.shape[:2]
    points = u.reshape(-1, box.variables)
    g = box.gradient(points).reshape(*shape, box.variables)
    j = box.jacobian(points).reshape(*shape, box.variables, box.variables) * size / 2
    known = numpy.isfinite(g).all(axis=(1, 2)) & numpy.isfinite(j).all(axis=(1, 2, 3))
    balanced = numpy.ones(len(centres), dtype=bool)
    for side in _sides(g[known]):
        lowest = numpy.einsum("md,msd->ms", side, g[known])
        lowest -= numpy.abs(numpy.einsum("md,msde->mse", side, j[known])).sum(axis=2)
        lowest -= _HULL_ROUNDING * numpy.abs(g[known]).max(axis=(1, 2))[:, None]
        lowest -= 10 * numpy.einsum("md,md->m", numpy.abs(side), noise[known])[:, None]
        balanced[known] &= ~(lowest.min(axis=1) > 0)
    return balanced


def _sides(g: Array) -> list[Array]:
    """Two directions each to which all of some vectors, shape (M, S, d), may point, of length 1, shape (M, d)."""
    if g.shape[2] == 1:
        return [numpy.sign(g[:, 0])]
    rows = numpy.arange(len(g))
    angles = numpy.arctan2(g[:, :, 1], g[:, :, 0])
    order = numpy.argsort(angles, axis=1)
    angles = numpy.take_along_axis(angles, order, axis=1)
    gaps = numpy.diff(angles, axis=1, append=angles[:, :1] + 2 * numpy.pi)
    # The middle of the widest angle that they leave open is behind all of them.
    widest = gaps.argmax(axis=1)
    behind = angles[rows, widest] + gaps[rows, widest] / 2
    one, other = (g[rows, order[rows, at % g.shape[1]]] for at in (widest, widest + 1))
    chord = other - one
    across = numpy.stack([-chord[:, 1], chord[:, 0]], axis=-1)
    across *= numpy.sign((across * (one + other)).sum(axis=1))[:, None]
    length = numpy.linalg.norm(across, axis=1)
    across /= numpy.where(length > 0, length, 1.0)[:, None]
    return [-numpy.stack([numpy.cos(behind), numpy.sin(behind)], axis=-1), across]
