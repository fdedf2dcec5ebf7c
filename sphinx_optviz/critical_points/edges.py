"""Minima and maxima on the edge of the box, where the function would go on falling or rising beyond it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Border, Field
    from sphinx_optviz.critical_points.kinds import point_in, surroundings
    from sphinx_optviz.critical_points.search import search
    from sphinx_optviz.critical_points.sets import plateaus_of, single_places, told

# Cells along an edge to begin with.
_CELLS_OF_AN_EDGE = 256


def edge_extrema(box: Field) -> list[dict[str, Any]]:
    """In plain values. Not those where the gradient vanishes: these are critical points."""
    corners = numpy.array(list(itertools.product((0.0, 1.0), repeat=box.variables)))
    u, kinds = corners, _kinds_of_corners(box, corners)
    if box.variables == 2:
        inner, its_kinds = _along(Border(box))
        u, kinds = numpy.concatenate([corners, inner]), kinds + its_kinds
    values = box.value(u)
    places = zip(told(box, u), kinds, values.tolist(), strict=True)
    records = [{"at": at, "kind": kind, "value": value} for at, kind, value in places if kind and numpy.isfinite(value)]
    return sorted(records, key=lambda record: record["at"])


def _kinds_of_corners(box: Field, corners: Array) -> list[str]:
    """The kind of each corner, "" if it is no extremum."""
    inward = numpy.where(corners == 0.0, 1.0, -1.0) * box.gradient(corners)
    noise = 20 * box.noise(corners)
    rises, falls = numpy.all(inward > noise, axis=1), numpy.all(inward < -noise, axis=1)
    return [
        "minimum" if up else "maximum" if down else "" for up, down in zip(rises.tolist(), falls.tolist(), strict=True)
    ]


def _along(border: Border) -> tuple[Array, list[str]]:
    """The points of the box, shape (N, 2), that are minima or maxima of an edge, and what they are of the box."""
    found = search(border, 1 / (8 * _CELLS_OF_AN_EDGE), border.cells(_CELLS_OF_AN_EDGE))
    groups = single_places(border, found, plateaus_of(border, found)[1])
    places = list(found.roots)
    kinds = ["minimum" if curve > 0 else "maximum" for curve in border.jacobian(found.roots)[:, 0, 0]] if places else []
    for group in groups:
        point = point_in(border, group)
        kind = "" if point is None else surroundings(border, point, 1e-3, group.noise.max(axis=0)).kind
        if point is not None and kind in ("minimum", "maximum"):
            places.append(point)
            kinds.append(kind)
    if not places:
        return numpy.zeros((0, 2)), []
    u = numpy.array(places)
    axis, end, along = border.edge(u)
    inside = border.embedded(u)
    inward = border.box.gradient(inside)[numpy.arange(len(u)), 1 - axis] * numpy.where(end == 0, 1, -1)
    wanted = numpy.where(numpy.array(kinds) == "minimum", 1, -1)
    noise = 20 * border.box.noise(inside)[numpy.arange(len(u)), 1 - axis]
    fits = (inward * wanted > noise) & (along > 1e-9) & (along < 1 - 1e-9)
    return inside[fits], [kind for kind, fit in zip(kinds, fits.tolist(), strict=True) if fit]
