"""Where the gradient jumps: single kinks, and the places along a curve of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.search import _ASIDE, _ROUNDING, _Look, _of, distinct, strays


def kinks_in(box: Field, look: _Look) -> list[Array]:
    """Where the gradient jumps, in the cells in which it strays most from a linear model."""
    furthest = strays(look).max(axis=1)
    slope = numpy.maximum(numpy.abs(look.j).max(axis=(1, 2)), numpy.abs(look.j_samples).max(axis=(1, 2, 3)))
    suspicious = numpy.flatnonzero(furthest > 0.5 * slope)
    these = suspicious[numpy.argsort(-furthest[suspicious], kind="stable")[:64]]
    # Rounding makes steps too, where a function like tanh comes to its end.
    rounding = numpy.maximum(
        _ROUNDING * box.noise(look.centres[these] + _ASIDE * look.size).max(axis=1),
        1e-12 * numpy.abs(look.g[numpy.isfinite(look.g)]).max(initial=0.0),
    )
    these = these[furthest[these] > rounding]
    if not len(these):
        return []
    points, jump = locate_jumps(box, _of(look, these))
    return list(distinct(points[jump], look.size / 2))


def jumps_in(box: Field, look: _Look) -> Array | None:
    """The places in the cells where the gradient jumps; None if it does not, in most of them."""
    these = numpy.unique(numpy.linspace(0, len(look.centres) - 1, 100).astype(int))
    part = _of(look, these)
    points, jump = locate_jumps(box, part)
    return distinct(points[jump], look.size / 2) if jump.mean() > 0.5 else None


def locate_jumps(box: Field, look: _Look) -> tuple[Array, Array]:
    """In each cell, by halving: where the gradient changes most, shape (M, d), and whether it jumps there, (M,)."""
    everywhere = look.points
    g = numpy.concatenate([look.g[:, None], look.g_samples], axis=1)
    change = numpy.abs(g[:, :, None] - g[:, None]).max(axis=3)
    change = numpy.where(numpy.isfinite(change), change, -1.0)
    rows = numpy.arange(len(g))
    one, other = numpy.divmod(change.reshape(len(g), -1).argmax(axis=1), g.shape[1])
    ends = [everywhere[rows, one], everywhere[rows, other]]
    slopes = [g[rows, one], g[rows, other]]
    first = change.reshape(len(g), -1).max(axis=1)
    steps = max(4, math.ceil(math.log2(look.size / max(2.0**-44, 64 * box.rounding))))
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
    return (ends[0] + ends[1]) / 2, (last > 0.2 * first) & (first > 0)
