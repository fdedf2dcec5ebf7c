"""Cells that do not get smaller: those that touch in groups, each around one point."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.search import Search

# So near, in units of the box, to a plateau a point is a part of it.
_A_BORDER = 1e-7

# So near, in units of the box, to a point where the Hessian is singular differences are nothing but rounding.
_BLURRED = 2.0**-13


class Group(NamedTuple):
    """Connected cells that are left: their centres, shape (M, d), and their size."""

    centres: Array
    size: float
    noise: Array  # of the gradient, shape (M, d)

    @property
    def extent(self) -> float:
        """The longest side of the box around them."""
        return float(numpy.ptp(self.centres, axis=0).max()) + self.size


def connected(index: Array) -> list[Array]:
    """The positions in *index* of each group of cells that touch, corners included."""
    if not len(index):
        return []
    variables = index.shape[1]
    keys = index[:, 0] if variables == 1 else index[:, 0] * (1 << 31) + index[:, 1]
    order = numpy.argsort(keys)
    parent = list(range(len(index)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for way in itertools.product((-1, 0, 1), repeat=variables):
        if way <= (0,) * variables:
            continue
        moved = keys + (way[0] if variables == 1 else way[0] * (1 << 31) + way[1])
        at = numpy.minimum(numpy.searchsorted(keys, moved, sorter=order), len(keys) - 1)
        for one in numpy.flatnonzero(keys[order[at]] == moved):
            parent[root(int(one))] = root(int(order[at[one]]))
    roots = numpy.array([root(item) for item in range(len(index))])
    return [numpy.flatnonzero(roots == item) for item in numpy.unique(roots)]


def single_places(box: Field, found: Search, small: list[Group]) -> list[Group]:
    """The groups of cells that may hold one critical point each, the *small* flat ones among them.

    Around a point where the Hessian is singular rounding can break one group into many, and make roots between them:
    these are joined again, and such roots taken out of *found*.
    """
    blurred = 0.0 if box.is_exact else _BLURRED
    for centres, size in found.flat:  # the gradient vanishes at the end of a plateau, too
        if len(centres) and len(found.roots):
            found.roots = found.roots[gap_to(found.roots, centres, size) > _A_BORDER]
    joined: list[Group] = []
    for group in [*small, *(group for group in found.isolated if not _touches(group, found))]:
        near = [other for other in joined if _apart(group, other) < max(4 * group.extent, 4 * other.extent, blurred)]
        joined = [other for other in joined if not any(other is one for one in near)]
        joined.append(_joined([group, *near]) if near else group)
    return [group for group in joined if not _has_regular_root(box, group, found, blurred)]


def _has_regular_root(box: Field, group: Group, found: Search, blurred: float) -> bool:
    """Whether a group only surrounds a root that is known; roots that rounding made there are taken out of *found*."""
    middle = (group.centres.min(axis=0) + group.centres.max(axis=0)) / 2
    reach = max(4 * group.extent, blurred)
    close = numpy.abs(found.roots - middle).max(axis=1) < reach
    if not close.any():
        return False
    slopes = numpy.linalg.svd(box.jacobian(found.roots[close]), compute_uv=False).min(axis=1)
    regular = slopes * reach > 1000 * group.noise.max()
    close[close] = ~regular & box.is_smooth(found.roots[close])
    found.roots = found.roots[~close]
    return bool(regular.any())


def _touches(group: Group, found: Search) -> bool:
    """Whether a group is but the end of a plateau."""
    gaps = [gap_to(group.centres, *flat).min() for flat in found.flat if len(flat[0])]
    return bool(gaps) and float(min(gaps)) < 8 * group.size


def gap_to(u: Array, centres: Array, size: float) -> Array:
    """How far each of *u* is from the nearest of some cells, shape (N,)."""
    gap: Array = (numpy.abs(u[:, None, :] - centres).max(axis=2) - size / 2).min(axis=1)
    return gap


def borders_on(u: Array, found: Search, within: float, part: float) -> bool:
    """Whether more than a *part* of the points *u*, (N, d), lie *within* so much of a plateau: they are its border."""
    some = u[numpy.unique(numpy.linspace(0, len(u) - 1, 200).astype(int))]
    gaps = [gap_to(some, *flat) for flat in found.flat if len(flat[0])]
    return bool(gaps) and float((numpy.min(gaps, axis=0) < within).mean()) > part


def _apart(one: Group, other: Group) -> float:
    """The gap between the boxes around two groups."""
    low = numpy.maximum(one.centres.min(axis=0), other.centres.min(axis=0))
    high = numpy.minimum(one.centres.max(axis=0), other.centres.max(axis=0))
    return float((low - high).max()) - (one.size + other.size) / 2


def _joined(groups: list[Group]) -> Group:
    return Group(
        numpy.concatenate([group.centres for group in groups]),
        max(group.size for group in groups),
        numpy.concatenate([group.noise for group in groups]),
    )
