"""Where the gradient jumps: at single places, along creases, and what the function does there."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.curves import _LEAST_POINTS
    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.groups import Group
    from sphinx_optviz.critical_points.hull import may_balance
    from sphinx_optviz.critical_points.kinds import _CLOSE, _ways, all_ways, is_kink
    from sphinx_optviz.critical_points.lines import joined, walks
    from sphinx_optviz.critical_points.search import _ASIDE, _NO_MORE, _Look, _of, distinct, look_at, strays

# Cells in which a jump is looked for, by the number of variables: those in which the gradient strays most.
_MOST_JUMPS = {1: 64, 2: 2048}

# Kinks that are alone are found to this, in units of the box.
_KINK_KNOWN_TO = 2.0**-44


class Jumps(NamedTuple):
    """Between two points each: where the gradient changes most."""

    at: Array  # (M, d)
    is_jump: Array  # whether it jumps there, (M,)
    sides: Array  # the points that the halving has come to on both sides, (2, M, d)


def halved(box: Field, ends: list[Array], slopes: list[Array], steps: int) -> Jumps:
    """By halving between *ends*, each (M, d), with the gradients *slopes*."""
    first = numpy.abs(slopes[1] - slopes[0]).max(axis=1)
    for _ in range(steps):
        middle = (ends[0] + ends[1]) / 2
        slope = box.gradient(middle)
        with numpy.errstate(all="ignore"):
            left = numpy.abs(slope - slopes[0]).max(axis=1)
            right = numpy.abs(slopes[1] - slope).max(axis=1)
        # Where there is no gradient in the middle, the jump is there: stay close to it.
        nowhere = ~numpy.isfinite(left)
        if nowhere.any():
            off = middle + (ends[1] - ends[0]) * 0.01
            middle = numpy.where(nowhere[:, None], off, middle)
            slope = numpy.where(nowhere[:, None], box.gradient(middle), slope)
            left = numpy.where(nowhere, numpy.abs(slope - slopes[0]).max(axis=1), left)
            right = numpy.where(nowhere, numpy.abs(slopes[1] - slope).max(axis=1), right)
        go_left = (left >= right)[:, None]
        ends = [numpy.where(go_left, ends[0], middle), numpy.where(go_left, middle, ends[1])]
        slopes = [numpy.where(go_left, slopes[0], slope), numpy.where(go_left, slope, slopes[1])]
    last = numpy.abs(slopes[1] - slopes[0]).max(axis=1)
    return Jumps((ends[0] + ends[1]) / 2, (last > 0.2 * first) & (first > 0), numpy.stack(ends))


def _finest(box: Field) -> float:
    """How close to a kink points can be told apart from it, in units of the box."""
    return max(_KINK_KNOWN_TO, 64 * box.rounding)


def steps_from(box: Field, size: float) -> int:
    """How often what is *size* apart can be halved before rounding hides the rest."""
    return max(4, math.ceil(math.log2(size / _finest(box))))


def locate_jumps(box: Field, look: _Look) -> Jumps:
    """In each cell, between the two of its points where the gradients differ most."""
    everywhere = look.points
    g = numpy.concatenate([look.g[:, None], look.g_samples], axis=1)
    change = numpy.abs(g[:, :, None] - g[:, None]).max(axis=3)
    change = numpy.where(numpy.isfinite(change), change, -1.0)
    rows = numpy.arange(len(g))
    one, other = numpy.divmod(change.reshape(len(g), -1).argmax(axis=1), g.shape[1])
    ends = [everywhere[rows, one], everywhere[rows, other]]
    return halved(box, ends, [g[rows, one], g[rows, other]], steps_from(box, look.size))


def kinks_in(box: Field, look: _Look) -> tuple[list[Array], list[Array]]:
    """Of a *look* at the whole box: single places, shape (d,), where the gradient jumps; and creases, (N, 2) each.

    In the cells in which it strays most from a linear model.
    """
    furthest = strays(look).max(axis=1)
    slope = numpy.maximum(numpy.abs(look.j).max(axis=(1, 2)), numpy.abs(look.j_samples).max(axis=(1, 2, 3)))
    suspicious = numpy.flatnonzero(furthest > 0.5 * slope)
    these = suspicious[numpy.argsort(-furthest[suspicious], kind="stable")[: _MOST_JUMPS[box.variables]]]
    # Rounding makes steps too, where a function like tanh comes to its end.
    rounding = numpy.maximum(
        _NO_MORE * box.noise(look.centres[these] + numpy.array(_ASIDE[: box.variables]) * look.size).max(axis=1),
        1e-12 * numpy.abs(look.g[numpy.isfinite(look.g)]).max(initial=0.0),
    )
    these = these[furthest[these] > rounding]
    if not len(these):
        return [], []
    found = locate_jumps(box, _of(look, these))
    places = distinct(found.at[found.is_jump], look.size / 2)
    if box.variables == 1:
        return list(places), []
    singles, creases = [], []
    for walk in joined(walks(places, 3 * look.size), 8 * look.size):
        if len(walk) < _LEAST_POINTS:
            singles += list(walk)
        else:
            creases.append(walk)
    return singles, creases


def kink_at(box: Field, group: Group) -> dict[str, Any] | None:
    """Where the gradient jumps in a group of cells around one point, in plain values; None if it does not."""
    look = look_at(box, group.centres, group.size)
    if not (numpy.isfinite(look.g_samples).mean() > 0.6):
        return None  # the edge of where the function is defined, or a pole
    found = locate_jumps(box, look)
    if box.variables == 1 and not found.is_jump.any():
        return None
    at = found.at[found.is_jump][0] if box.variables == 1 else _balanced(box, group)
    at = _improved(box, numpy.clip(at, 0.0, 1.0), group.extent)[None]
    value = float(box.value(at)[0])
    if not numpy.isfinite(value) or not is_kink(box, at[0], 2.0**-27):
        return None
    kind = kind_by_values(box, at[0])
    if kind is None:
        return None
    where = box.told(at, group.extent)
    told = float(box.value((numpy.array(where) - box.low) / box.width)[0])
    return {"at": where[0], "kind": kind, "value": told if numpy.isfinite(told) else value}


def _balanced(box: Field, group: Group) -> Array:
    """The middle of where the gradients of a group balance, (d,): its cells are divided as far as that is told."""
    centres, size = group.centres, group.size
    parts = numpy.array(list(itertools.product((-0.25, 0.25), repeat=box.variables)))
    while size > _finest(box) and len(centres) <= _MOST_JUMPS[2]:
        finer = (centres[:, None, :] + parts * size).reshape(-1, box.variables)
        keep = may_balance(box, finer, size / 2, numpy.zeros_like(finer))
        if not keep.any():
            break
        centres, size = finer[keep], size / 2
    return numpy.asarray((centres.min(axis=0) + centres.max(axis=0)) / 2)


def _improved(box: Field, at: Array, reach: float) -> Array:
    """*at*, (d,), or the place within *reach* of it at which the function is lowest or highest, if it is so there.

    Along a crease, to where its slope vanishes. At a cusp by steps along the axes and between them, each half as long
    as the one before: gradients tell less there.
    """
    if box.variables == 2:
        at = _along_crease(box, at, reach)
    if kind_by_values(box, at) != "":
        return at
    ways = numpy.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=box.variables)))
    for kind, sign in (("minimum", 1.0), ("maximum", -1.0)):
        best, step = at, reach
        while step > box.rounding:
            places = numpy.concatenate([best[None], numpy.clip(best + step * ways, 0.0, 1.0)])
            best = places[(sign * box.value(places)).argmin()]
            step /= 2
        if kind_by_values(box, best) == kind:
            return best
    return at


def _along_crease(box: Field, at: Array, reach: float) -> Array:
    """The place of the crease through *at*, (2,), at which its slope vanishes; *at* if there is none within *reach*."""
    sides = box.gradient(at + 4 * reach * _ways(numpy.arange(16) * numpy.pi / 8 + 0.1))
    jump = sides[numpy.linalg.norm(sides - sides[0], axis=1).argmax()] - sides[0]
    length = float(numpy.linalg.norm(jump))
    if not numpy.isfinite(length) or not length:
        return at
    across = jump / length
    way = numpy.array([-across[1], across[0]])

    def slope(along: float) -> tuple[float, Array]:
        """Of the crease, *along* its tangent from *at*; and the place, on the crease again."""
        ends = at + along * way + 4 * reach * numpy.array([[-1.0], [1.0]]) * across
        found = halved(box, list(ends[:, None]), list(box.gradient(ends)[:, None]), steps_from(box, 8 * reach))
        one, other = box.gradient(found.sides[:, 0] + 2.0**-40 * numpy.array([[-1.0], [1.0]]) * across)
        # Both sides rise alike along the crease, whose direction is across what they differ by.
        tangent = numpy.array([one[1] - other[1], other[0] - one[0]])
        tangent = tangent / max(float(numpy.linalg.norm(tangent)), 1e-300)
        return float(one @ tangent) * float(numpy.sign(tangent @ way) or 1.0), found.at[0]

    before, after = -reach, reach
    low, high = slope(before)[0], slope(after)[0]
    for _ in range(30):
        if not low or not high or low == high or not numpy.isfinite(high):
            break
        before, after = after, after - high * (after - before) / (high - low)
        if abs(after) > 4 * reach:
            return at
        low, (high, place) = high, slope(after)
        if abs(after - before) < 64 * box.rounding:
            return numpy.clip(place, 0.0, 1.0)
    return at


def kind_by_values(box: Field, at: Array) -> str | None:
    """Of the point *at*, shape (d,), where there is no gradient; "" for neither kind, None where values are missing."""
    value = box.value(at[None])[0]

    def rise(ways: Array) -> Array:
        ends = at + _CLOSE * ways
        inside = (numpy.abs(ends - 0.5) <= 0.5).all(axis=1)
        found: Array = numpy.where(inside, box.value(numpy.clip(ends, 0.0, 1.0)) - value, 0.0)
        return numpy.where(inside & ~numpy.isfinite(found), numpy.nan, found)

    # Around a place on a crease the function may go down along the crease alone, which is between most directions.
    found, ways = all_ways(box.variables, rise)
    inside = (numpy.abs(at + _CLOSE * ways - 0.5) <= 0.5).all(axis=1)
    found = found[inside]
    if not numpy.isfinite(found).all():
        return None
    return "minimum" if (found > 0).all() else "maximum" if (found < 0).all() else ""
