"""Plateaus: regions without any slope."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.groups import Group, connected
    from sphinx_optviz.critical_points.search import _LEVEL, Search

# A flat region that rounding makes is a point if it is smaller than this, in units of the box.
_A_POINT = 2.0**-6

# Between two parts of a plateau there may be a place where the function is not defined, of this size.
_A_GAP = 2.0**-24

# Rounding of more than this part of the steepest slope leaves nothing to be seen.
_LOST = 1e-3

# Along each axis of a plateau: by so many boxes its shape is known.
_RASTER = 96

# More cells than this are not compared one with another.
_MOST_CELLS = 3000


def plateaus_of(box: Field, found: Search) -> tuple[list[dict[str, Any]], list[Group], list[Array]]:
    """The regions without slope in plain values; and two that are none.

    Those so small that they are points with much rounding; and the middle of those where rounding is all that there
    is, though the function is steep elsewhere.
    """
    cells = [(centre, size) for centres, size in found.flat for centre in centres]
    if not cells:
        return [], [], []
    centres = numpy.array([centre for centre, _ in cells])
    sizes = numpy.array([size for _, size in cells])
    values = box.value(centres)
    plateaus, small, unresolved = [], [], []
    for its in _touching(centres, sizes, values):
        low = (centres[its] - sizes[its, None] / 2).min(axis=0)
        high = (centres[its] + sizes[its, None] / 2).max(axis=0)
        noise = box.noise(centres[its][:50])
        if noise.max() > _LOST * found.steepest > 0:
            unresolved.append((low + high) / 2)
            continue
        if (high - low).max() < _A_POINT and noise.max() > 0:
            small.append(Group(numpy.array([(low + high) / 2]), float((high - low).max()), noise.max(axis=0)[None]))
            continue
        inside, boxes, known_to = (low + high) / 2, numpy.array([[low, high]]), numpy.zeros(box.variables)
        if box.variables == 2:
            inside, boxes, known_to = _filled(centres[its], sizes[its], low, high)
        plateaus.append(
            {
                "low": box.told(low[None], 1e-7)[0],
                "high": box.told(high[None], 1e-7)[0],
                "inside": box.told(inside[None], 1e-7)[0],
                "known_to": (known_to * box.width).tolist(),
                "boxes": [box.told(corners, 1e-7) for corners in boxes],
                "part": float((sizes[its] ** box.variables).sum()),
                "value": float(numpy.median(values[its])),
            }
        )
    return plateaus, small, unresolved


def _filled(centres: Array, sizes: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """A point well inside of some cells, shape (2,), and the boxes that they fill, (K, 2, 2), as a raster has them.

    And how wide the squares of the raster are, (2,): those that are filled as a whole are told.
    """
    pitch = (high - low) / _RASTER
    knots = low + numpy.linspace(1e-6, _RASTER - 1e-6, 2 * _RASTER + 1)[:, None] * pitch
    flat = numpy.zeros((len(knots), len(knots)), dtype=bool)
    for size in numpy.unique(sizes):
        own = {tuple(cell) for cell in numpy.floor(centres[sizes == size] / size).astype(int).tolist()}
        x, y = numpy.floor(knots / size).astype(int).T.tolist()
        flat |= numpy.array([[(column, row) in own for row in y] for column in x])
    filled = numpy.ones((_RASTER, _RASTER), dtype=bool)
    for column, row in itertools.product((0, 1, 2), repeat=2):
        filled &= flat[column : len(knots) - 2 + column : 2, row : len(knots) - 2 + row : 2]
    if not filled.any():  # narrower than the raster
        boxes = numpy.stack([centres - sizes[:, None] / 2, centres + sizes[:, None] / 2], axis=1)
        return centres[sizes.argmax()], boxes, pitch
    corners: list[list[Array]] = []
    before: list[tuple[int, int]] = []
    for column in range(_RASTER):
        ends = numpy.flatnonzero(numpy.diff(filled[column].astype(int), prepend=0, append=0))
        runs = list(zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True))
        if runs and runs == before:
            for box in corners[-len(runs) :]:
                box[1] = numpy.array([column + 1, box[1][1]])
        else:
            corners += [[numpy.array([column, start]), numpy.array([column + 1, end])] for start, end in runs]
        before = runs
    inner = filled
    while True:  # peel off its border till nothing would be left
        padded = numpy.pad(inner, 1)
        peeled = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:] & inner
        if not peeled.any():
            break
        inner = peeled
    left = numpy.argwhere(inner)
    middle = left[numpy.abs(left - left.mean(axis=0)).sum(axis=1).argmin()]
    return low + (middle + 0.5) * pitch, low + numpy.array(corners) * pitch, pitch


def _touching(centres: Array, sizes: Array, values: Array) -> list[Array]:
    """The positions of each group of cells, of several sizes, that touch and in which the function is the same."""
    order = numpy.argsort(values, kind="stable")
    most = _LEVEL * float(numpy.abs(values).max())
    levels = numpy.split(order, numpy.flatnonzero(numpy.diff(values[order]) > most) + 1)
    return [level[its] for level in levels for its in _connected(centres[level], sizes[level])]


def _connected(centres: Array, sizes: Array) -> list[Array]:
    """The positions of each group of cells, of several sizes, that touch."""
    if len(centres) > _MOST_CELLS:  # as if they all were of the largest size
        grid, of_cell = numpy.unique(numpy.floor(centres / sizes.max()).astype(int), axis=0, return_inverse=True)
        return [numpy.flatnonzero(numpy.isin(of_cell.ravel(), its)) for its in connected(grid)]
    left = numpy.arange(len(centres))
    groups = []
    while len(left):
        group, fresh, left = [left[:1]], left[:1], left[1:]
        while len(fresh) and len(left):
            reach = (sizes[fresh][:, None] + sizes[left]) * 0.51 + _A_GAP
            near = (numpy.abs(centres[fresh][:, None] - centres[left]).max(axis=2) <= reach).any(axis=0)
            fresh, left = left[near], left[~near]
            group.append(fresh)
        groups.append(numpy.concatenate(group))
    return groups
