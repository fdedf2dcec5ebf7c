"""Whether two frameworks have found the same critical points of one function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_optviz.frameworks import framework
from sphinx_optviz.spots import coordinates, with_article

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_optviz.comparison import Pair
    from sphinx_optviz.critical import CriticalPoint, CriticalPoints


def difference_of_points(function: str, pair: Pair) -> str:
    """The first critical point that one framework has and the other has not, or has of another kind; "" for none."""
    mine, its = pair.result.critical[function], pair.reference.critical[function]
    dtypes = {pair.result.dtypes[function], pair.reference.dtypes[function]}
    if mine.doubts or its.doubts or dtypes != {"float64"}:
        return ""  # in fewer digits, points are told apart less well than that
    labels = framework(pair.run.framework).label, framework(pair.reference_framework).label
    widths = [axis.high - axis.low for axis in pair.run.axes]
    exact = mine.exact and its.exact
    hint = ""
    for (one, other), (label, other_label) in (((mine, its), labels), ((its, mine), labels[::-1])):
        has_others = _has_others(other)
        for point in one.points:
            # Differences of values see neither kinks nor how flat it is around a point.
            told_apart = exact or not (point.degenerate or has_others)
            if told_apart and not _has_partner(point, other, widths, exact=exact):
                place = coordinates(point.at)
                hint = hint or f"{label} has {with_article(point.kind)} at {place}, and {other_label} has none there"
    counts = [(len(item.points), sorted(line.kind for line in item.lines), len(item.plateaus)) for item in (mine, its)]
    if not hint and exact and counts[0] != counts[1]:
        return "their valleys, ridges or plateaus differ"
    return hint


def _has_others(found: CriticalPoints) -> bool:
    """Whether there is more than regular points."""
    return bool(found.lines or found.plateaus or found.kinks) or any(point.degenerate for point in found.points)


def _has_partner(point: CriticalPoint, other: CriticalPoints, widths: Sequence[float], *, exact: bool) -> bool:
    """Whether the *other* framework has the same point."""
    # Where the Hessian is singular, rounding moves a point by the root of what it moves others by.
    apart = 1e-3 if point.degenerate else 1e-6 if exact else 1e-4
    return any(
        all(abs(x - y) <= apart * width for x, y, width in zip(point.at, found.at, widths, strict=True))
        and (found.kind, found.valleys) == (point.kind, point.valleys)
        for found in other.points
    )
