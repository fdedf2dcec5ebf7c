"""Minima and maxima on the edge of the box, where the function would go on falling or rising beyond it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Edge, Field
    from sphinx_optviz.critical_points.kinds import point_in, surroundings
    from sphinx_optviz.critical_points.search import search
    from sphinx_optviz.critical_points.sets import plateaus_of, single_places, told

# Cells along an edge to begin with.
_BASE_OF_AN_EDGE = 256


def edge_extrema(box: Field) -> list[dict[str, Any]]:
    """In plain values. Not those where the gradient vanishes: these are critical points."""
    corners = numpy.array(list(itertools.product((0.0, 1.0), repeat=box.variables)))
    found = list(corners)
    kinds = _by_slopes(box, corners, corners == 0.0)
    if box.variables == 2:
        for along, end in itertools.product((0, 1), (0, 1)):
            edge = Edge(box, along, end)
            its, its_kinds = _along(edge)
            if not len(its):
                continue
            its = edge.embedded(its)
            inward = box.gradient(its)[:, 1 - along] * (1 if end == 0 else -1)
            wanted = numpy.where(numpy.array(its_kinds) == "minimum", 1, -1)
            noise = 20 * box.noise(its)[:, 1 - along]
            for u, kind, fits in zip(its, its_kinds, inward * wanted > noise, strict=True):
                found.append(u)
                kinds.append(kind if fits else "")
    values = box.value(numpy.array(found))
    records = []
    for u, kind, value in zip(found, kinds, values, strict=True):
        if kind and numpy.isfinite(value):
            records.append({"at": told(box, u[None])[0], "kind": kind, "value": float(value)})
    return sorted(records, key=lambda record: record["at"])


def _by_slopes(box: Field, corners: Array, at_low: Array) -> list[str]:
    """The kind of each corner, "" if it is no extremum."""
    inward = numpy.where(at_low, 1.0, -1.0) * box.gradient(corners)
    noise = 20 * box.noise(corners)
    rises, falls = numpy.all(inward > noise, axis=1), numpy.all(inward < -noise, axis=1)
    return [
        "minimum" if up else "maximum" if down else "" for up, down in zip(rises.tolist(), falls.tolist(), strict=True)
    ]


def _along(edge: Edge) -> tuple[Array, list[str]]:
    """The minima and maxima along an edge but for its ends, shape (N, 1), and their kinds."""
    found = search(edge, _BASE_OF_AN_EDGE)
    groups = single_places(edge, found, plateaus_of(edge, found)[1])
    at = [*found.roots]
    kinds = ["minimum" if curve > 0 else "maximum" for curve in edge.jacobian(found.roots)[:, 0, 0]] if at else []
    for group in groups:
        point = point_in(edge, group)
        if point is not None:
            kind = surroundings(edge, point, 1e-3, group.noise.max(axis=0)).kind
            if kind in ("minimum", "maximum"):
                at.append(point)
                kinds.append(kind)
    inner = [1e-9 < float(point[0]) < 1 - 1e-9 for point in at]
    kept = [index for index, is_inner in enumerate(inner) if is_inner]
    return numpy.array([at[index] for index in kept]).reshape(-1, 1), [kinds[index] for index in kept]
