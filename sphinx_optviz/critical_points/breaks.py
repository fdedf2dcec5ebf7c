"""Where a function jumps, has a pole or is not defined: nothing that its gradient tells holds beyond such a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.search import _Look, _offsets, distinct

# Pairs of samples that are looked at: those where the values fit their gradients least.
_MOST_PAIRS = 64

# Of what the function spans in the box: what values may be off that fit.
_FITS = 1e-6


# So far from a place without a value, in units of the box, the function has to have one.
_CLOSE_BY = 2.0**-30


class Breaks(NamedTuple):
    """What keeps a function from being continuous in the box."""

    jumps: list[list[float]]  # places where it jumps, or has a pole
    defined: bool  # whether it is finite everywhere, but for these


def values_of(box: Field, look: _Look) -> Array:
    """At the points of *look*, shape (M, 1 + S)."""
    points = look.points
    return box.value(points.reshape(-1, box.variables)).reshape(points.shape[:2])


def breaks_in(box: Field, look: _Look, values: Array) -> Breaks:
    """By the *values* of a *look* that covers the box: from a centre to its samples they rise as gradients say."""
    offsets = _offsets(box.variables)
    finite = numpy.isfinite(values)
    if not finite.any():
        return Breaks([], defined=False)
    # Half a cell's way by the trapezoid's rule of Euler and Maclaurin: gradients and Hessians at both ends are known.
    slopes = numpy.einsum("msi,si->ms", look.g[:, None] + look.g_samples, offsets) * look.size / 4
    bends = numpy.einsum("si,msij,sj->ms", offsets, look.j[:, None] - look.j_samples, offsets) * look.size / 24
    rise = values[:, 1:] - values[:, :1]
    expected = slopes + bends
    off = numpy.abs(rise - expected)
    height = float(numpy.ptp(values[finite]))
    least = max(_FITS * height, 1e-9 * float(numpy.abs(values[finite]).max()))
    suspicious = ~(off <= numpy.maximum(0.1 * numpy.maximum(numpy.abs(rise), numpy.abs(expected)), least))
    suspicious &= finite[:, 1:] & finite[:, :1]
    cells, which = numpy.nonzero(suspicious)
    order = numpy.argsort(-numpy.nan_to_num(off[cells, which], nan=numpy.inf), kind="stable")[:_MOST_PAIRS]
    cells, which = cells[order], which[order]
    jumps = _located(box, look.centres[cells], look.points[cells, 1 + which])
    alone, poles = _undefined_places(box, look.points[~finite], height, 2 * float(numpy.abs(values[finite]).max()))
    jumps = numpy.concatenate([jumps, poles])
    return Breaks(box.told(distinct(jumps, look.size)) if len(jumps) else [], defined=alone)


def _undefined_places(box: Field, u: Array, height: float, most: float) -> tuple[bool, Array]:
    """Of points *u*, (N, d), where there is no value: whether each is alone with that; and those that are poles.

    At these the function jumps by a part of its *height*, or is beyond the *most* that it is at other places.
    """
    if not len(u):
        return True, u
    ways = _CLOSE_BY * numpy.concatenate([numpy.eye(box.variables), -numpy.eye(box.variables)])
    around = u[:, None, :] + ways
    inside = (numpy.abs(around - 0.5) <= 0.5).all(axis=2)
    values = box.value(around.reshape(-1, box.variables)).reshape(inside.shape)
    alone = (numpy.isfinite(values) | ~inside).all(axis=1)
    lowest = numpy.where(inside, values, numpy.inf).min(axis=1)
    highest = numpy.where(inside, values, -numpy.inf).max(axis=1)
    poles = alone & ((highest - lowest > 0.01 * height) | (numpy.maximum(-lowest, highest) > most))
    return bool(alone.all()), u[poles]


def _located(box: Field, one: Array, other: Array) -> Array:
    """The places, shape (K, d), between *one* and *other*, (M, d), at which the values still differ after halving."""
    if not len(one):
        return one
    ends = [one, other]
    values = [box.value(one), box.value(other)]
    first = numpy.abs(values[1] - values[0])
    broken = numpy.zeros(len(one), dtype=bool)
    for _ in range(42):
        middle = (ends[0] + ends[1]) / 2
        value = box.value(middle)
        broken |= ~numpy.isfinite(value)
        left = numpy.abs(value - values[0]) >= numpy.abs(values[1] - value)
        left |= ~numpy.isfinite(value)
        ends = [numpy.where(left[:, None], ends[0], middle), numpy.where(left[:, None], middle, ends[1])]
        value = numpy.where(numpy.isfinite(value), value, values[1])
        values = [numpy.where(left, values[0], value), numpy.where(left, value, values[1])]
    broken |= (numpy.abs(values[1] - values[0]) > 0.2 * first) & (first > 0)
    return ((ends[0] + ends[1]) / 2)[broken]


def beyond_all(box: Field, look: _Look, values: Array, known: list[float]) -> list[list[float]]:
    """The lowest and the highest point of *look* where its value lies beyond all *known* ones: there is more."""
    finite = numpy.isfinite(values)
    everywhere, values = look.points[finite], values[finite]
    if not len(values) or not known:
        return []
    slack = _FITS * float(numpy.ptp(values))
    found = []
    if values.min() < min(known) - slack:
        found.append(everywhere[values.argmin()])
    if values.max() > max(known) + slack:
        found.append(everywhere[values.argmax()])
    return box.told(found) if found else []
