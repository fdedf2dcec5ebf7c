"""Minima and maxima on the edge of the box, where the function would go on falling or rising beyond it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Border, Field
    from sphinx_optviz.critical_points.groups import Group, single_places
    from sphinx_optviz.critical_points.kinds import _CLOSE, _ways, point_in, rises, surroundings
    from sphinx_optviz.critical_points.kinks import kink_at
    from sphinx_optviz.critical_points.plateaus import plateaus_of
    from sphinx_optviz.critical_points.search import Search, search

# Cells along an edge to begin with.
_CELLS_OF_AN_EDGE = 256

# Points along a stretch of an edge at which it is looked inwards.
_ALONG_A_STRETCH = 257

# So far inside, in units of the box, it is looked at how the function goes on.
_INWARDS = 2.0**-30


def edge_extrema(box: Field) -> list[dict[str, Any]]:
    """In plain values. Not those where the gradient vanishes: these are critical points."""
    corners = numpy.array(list(itertools.product((0.0, 1.0), repeat=box.variables)))
    found = list(zip(corners, _kinds_of_corners(box, corners), strict=True))
    level = []
    if box.variables == 2:
        border = Border(box)
        search_of_it = search(border, 1 / (8 * _CELLS_OF_AN_EDGE), border.cells(_CELLS_OF_AN_EDGE))
        plateaus, small, _ = plateaus_of(border, search_of_it)
        found += _on_border(border, _extrema_of(border, search_of_it, small))
        for plateau in plateaus:
            level += _on_level(border, plateau["low"][0], plateau["high"][0])
    records = []
    for at, kind, ends in [*((at, kind, corners[:0]) for at, kind in found), *level]:
        value = float(box.value(at[None])[0])
        if kind and numpy.isfinite(value):
            records.append(
                {
                    "at": box.told(at[None], 1e-6 if len(ends) else 1e-12)[0],
                    "kind": kind,
                    "value": value,
                    "ends": box.told(ends, 1e-6),
                }
            )
    return sorted(records, key=lambda record: record["at"])


def _kinds_of_corners(box: Field, corners: Array) -> list[str]:
    """The kind of each corner, "" if it is no extremum or a critical point."""
    angles = numpy.linspace(0, numpy.pi / 2, 9)
    kinds = []
    for corner in corners:
        ways = numpy.ones((1, 1)) if box.variables == 1 else _ways(angles)
        ways = numpy.where(corner == 0.0, 1.0, -1.0) * ways
        noise = 20 * float(box.noise((corner + _CLOSE * ways[len(ways) // 3])[None]).max())
        rising = rises(box, corner, _CLOSE, ways)
        kind = "minimum" if (rising > _CLOSE * noise).all() else "maximum" if (rising < -_CLOSE * noise).all() else ""
        vanishes = (numpy.abs(box.gradient(corner[None])) <= noise).all()
        kinds.append("" if vanishes else kind)
    return kinds


def _on_level(border: Border, low: float, high: float) -> list[tuple[Array, str, Array]]:
    """The parts of a stretch along which the function is the same that are extrema: the middle, the kind, the ends."""
    u = numpy.linspace(low, high, _ALONG_A_STRETCH)[:, None]
    kinds = numpy.zeros(len(u), dtype=int)
    for sign, kind in ((1, "minimum"), (-1, "maximum")):
        kinds[_looks_inwards(border, u, [kind] * len(u))] = sign
    parts = []
    for part in numpy.split(numpy.arange(len(u)), numpy.flatnonzero(numpy.diff(kinds)) + 1):
        if kinds[part[0]] and len(part) > 1:
            ends = u[[max(part[0] - 1, 0), min(part[-1] + 1, len(u) - 1)]]
            middle = border.embedded(ends.mean(axis=0)[None])[0]
            parts.append((middle, "minimum" if kinds[part[0]] > 0 else "maximum", border.embedded(ends)))
    return parts


def _extrema_of(border: Border, found: Search, small: list[Group]) -> list[tuple[Array, str]]:
    """The places, shape (1,), at which the function along the border has a minimum or a maximum, and which."""
    groups = single_places(border, found, small)
    # Differences are as blind to kinks along an edge as they are to waves that are much shorter than it.
    smooth = border.is_smooth(found.roots) if border.is_exact else numpy.ones(len(found.roots), dtype=bool)
    extrema = [
        (root, "minimum" if border.jacobian(root[None])[0, 0, 0] > 0 else "maximum") for root in found.roots[smooth]
    ]
    for group in groups:
        point = point_in(border, group)
        kink = None
        if point is None or (border.is_exact and not border.is_smooth(point[None])[0]):
            kink = kink_at(border, group)
            kind = kink["kind"] if kink else ""
            point = numpy.array(kink["at"]) if kink else point
        else:
            kind = surroundings(border, point, 1e-3, group.noise.max(axis=0)).kind
        if point is not None and kind in ("minimum", "maximum"):
            extrema.append((point, kind))
    return extrema


def _on_border(border: Border, extrema: list[tuple[Array, str]]) -> list[tuple[Array, str]]:
    """The points of the box, shape (2,), that are *extrema* of an edge and, looking inwards, of the box too."""
    if not extrema:
        return []
    u = numpy.array([at for at, _ in extrema])
    fits = _looks_inwards(border, u, [kind for _, kind in extrema])
    inside = border.embedded(u)
    return [(at, kind) for at, (_, kind), fit in zip(inside, extrema, fits.tolist(), strict=True) if fit]


def _looks_inwards(border: Border, u: Array, kinds: list[str]) -> Array:
    """Whether the function rises inwards from each of *u*, (M, 1), for a minimum, or falls for a maximum; (M,)."""
    axis, end, along = border.edge(u)
    inside = border.embedded(u)
    rows = numpy.arange(len(u))
    inwards = numpy.zeros_like(inside)
    inwards[rows, 1 - axis] = numpy.where(end == 0, 1.0, -1.0)
    # A little inside: on a kink of the edge there is no slope.
    inward = numpy.einsum("md,md->m", border.box.gradient(inside + _INWARDS * inwards), inwards)
    wanted = numpy.where(numpy.array(kinds) == "minimum", 1, -1)
    noise = 20 * border.box.noise(inside + _INWARDS * inwards)[rows, 1 - axis]
    fits: Array = (inward * wanted > noise) & (along > 1e-9) & (along < 1 - 1e-9)
    return fits
