"""Critical points that are not alone: valleys and ridges, plateaus; and kinks, where there is no gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.jumps import locate_jumps
    from sphinx_optviz.critical_points.kinds import _CLOSE, _ways, is_kink, rises
    from sphinx_optviz.critical_points.search import Group, Search, _groups, least_step, look_at

# A flat region that rounding makes is a point if it is smaller than this, in units of the box.
_A_POINT = 2.0**-6

# Rounding of more than this part of the steepest slope leaves nothing to be seen.
_LOST = 1e-3

# At most so many points of a line are told.
_POINTS_OF_A_LINE = 200

# So near, in units of the box, to a point where the Hessian is singular differences are nothing but rounding.
_BLURRED = 2.0**-13

# More cells than this are not compared one with another.
_MOST_CELLS = 3000

# Fewer points than this are no line.
_FEWEST = 6


def critical_lines(box: Field, u: Array, *, is_smooth: bool) -> list[dict[str, Any]]:
    """The curves of critical points (or of kinks) through the points *u*, shape (N, 2), in plain values."""
    u = _in_order(u)
    steps = numpy.linalg.norm(numpy.diff(u, axis=0), axis=1)
    parts = numpy.split(u, numpy.flatnonzero(steps > 6 * numpy.median(steps)) + 1)
    lines = []
    for part in parts:
        if len(part) < _FEWEST:
            continue
        rows = numpy.unique(numpy.linspace(0, len(part) - 1, _POINTS_OF_A_LINE).astype(int))
        kind = _kind_of_line(box, part[rows])
        line = _with_ends(box, part, is_smooth=is_smooth)
        rows = numpy.append(rows, numpy.arange(rows[-1] + 1, len(line)))
        # A line of kinks that is neither valley nor ridge is a border, and nothing critical.
        if is_smooth or kind in ("valley", "ridge"):
            values = box.value(line[rows])
            at = told(box, line[rows])
            lines.append({"kind": kind, "smooth": is_smooth, "at": at, "value": float(numpy.median(values))})
    return lines


def told(box: Field, u: Sequence[Array] | Array, known_to: float = 1e-12) -> list[list[float]]:
    """The points *u*, shape (N, d), as they are told: 0 where nothing but rounding keeps a coordinate from it.

    They are *known_to* that, in units of the box, or worse where derivatives are differences.
    """
    at = box.points(numpy.asarray(u))
    at = numpy.where(numpy.abs(at) < max(known_to, 0.0 if box.is_exact else 1e-8) * box.width, 0.0, at)
    return [[float(number) for number in point] for point in at]


def _in_order(u: Array) -> Array:
    """As one walks along them: from an end, or anywhere on a closed curve, always to the nearest that is left."""
    far = numpy.linalg.norm(u - u.mean(axis=0), axis=1).argmax()
    left = numpy.ones(len(u), dtype=bool)
    order = [int(far)]
    left[far] = False
    for _ in range(len(u) - 1):
        away = numpy.where(left, numpy.abs(u - u[order[-1]]).sum(axis=1), numpy.inf)
        order.append(int(away.argmin()))
        left[order[-1]] = False
    return u[order]


def _with_ends(box: Field, line: Array, *, is_smooth: bool) -> Array:
    """*line*, shape (N, 2), up to the edge of the box where it comes that close, or closed if its ends meet."""
    step = float(numpy.median(numpy.linalg.norm(numpy.diff(line, axis=0), axis=1)))
    if numpy.linalg.norm(line[-1] - line[0]) <= 3 * step:
        return numpy.concatenate([line, line[:1]])
    for _ in range(2):
        way = line[-1] - line[-4]
        gap = numpy.where(way > 0, 1 - line[-1], line[-1]) / numpy.where(way == 0, numpy.nan, numpy.abs(way))
        reach = float(numpy.nanmin(gap))
        if 0 < reach * numpy.linalg.norm(way) <= 5 * step:
            end = (line[-1] + reach * way)[None]
            if is_smooth:
                end = end + least_step(box, end, 1e-6)
            line = numpy.concatenate([line, numpy.clip(end, 0.0, 1.0)])
        line = line[::-1]
    return line


def _kind_of_line(box: Field, u: Array) -> str:
    """By the values across it: "valley", "ridge", "inflection", or "" where it is not the same all along."""
    inner = numpy.linspace(0, len(u) - 1, 22).astype(int)[1:-1]
    tangents = numpy.gradient(u, axis=0)[inner]
    across = numpy.stack([-tangents[:, 1], tangents[:, 0]], axis=-1) / numpy.linalg.norm(tangents, axis=1)[:, None]
    one, other = (rises(box, u[inner], 1e-3, sign * across) for sign in (-1.0, 1.0))
    known = numpy.isfinite(one) & numpy.isfinite(other)
    for kind, fits in (
        ("valley", (one > 0) & (other > 0)),
        ("ridge", (one < 0) & (other < 0)),
        ("inflection", one * other < 0),
    ):
        if known.any() and fits[known].mean() > 0.9:
            return kind
    return ""


def single_places(box: Field, found: Search, small: list[Group]) -> list[Group]:
    """The groups of cells that may hold one critical point each, the *small* flat ones among them.

    Around a point where the Hessian is singular rounding can break one group into many, and make roots between them:
    these are joined again, and such roots taken out of *found*.
    """
    blurred = 0.0 if box.is_exact else _BLURRED
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
    plateaus, small, unresolved = [], [], []
    for its in _touching(centres, sizes):
        low = (centres[its] - sizes[its, None] / 2).min(axis=0)
        high = (centres[its] + sizes[its, None] / 2).max(axis=0)
        noise = box.noise(centres[its][:50])
        if noise.max() > _LOST * found.steepest > 0:
            unresolved.append((low + high) / 2)
            continue
        if (high - low).max() < _A_POINT and noise.max() > 0:
            small.append(Group(numpy.array([(low + high) / 2]), float((high - low).max()), noise.max(axis=0)[None]))
            continue
        values = box.value(centres[its])
        plateaus.append(
            {
                "low": told(box, low[None], 1e-7)[0],
                "high": told(box, high[None], 1e-7)[0],
                "part": float((sizes[its] ** box.variables).sum()),
                "value": float(numpy.median(values)),
                "level": bool(numpy.ptp(values) <= 1e-9 * max(1e-300, float(numpy.abs(values).max()))),
            }
        )
    return plateaus, small, unresolved


def _touching(centres: Array, sizes: Array) -> list[Array]:
    """The positions of each group of cells, of several sizes, that touch."""
    if len(centres) > _MOST_CELLS:  # as if they all were of the largest size
        grid, of_cell = numpy.unique(numpy.floor(centres / sizes.max()).astype(int), axis=0, return_inverse=True)
        return [numpy.flatnonzero(numpy.isin(of_cell.ravel(), its)) for its in _groups(grid)]
    left = numpy.arange(len(centres))
    groups = []
    while len(left):
        group, fresh, left = [left[:1]], left[:1], left[1:]
        while len(fresh) and len(left):
            reach = (sizes[fresh][:, None] + sizes[left]) * 0.51
            near = (numpy.abs(centres[fresh][:, None] - centres[left]).max(axis=2) <= reach).any(axis=0)
            fresh, left = left[near], left[~near]
            group.append(fresh)
        groups.append(numpy.concatenate(group))
    return groups


def kink_at(box: Field, group: Group) -> dict[str, Any] | None:
    """Where the gradient jumps in a group of cells around one point, in plain values; None if it does not."""
    look = look_at(box, group.centres, group.size)
    if not (numpy.isfinite(look.g_samples).mean() > 0.6):
        return None  # the edge of where the function is defined, or a pole
    u, jumps = locate_jumps(box, look)
    at = u[jumps][:1] if box.variables == 1 and jumps.any() else group.centres.mean(axis=0)[None]
    at = numpy.clip(at, 0.0, 1.0)
    value = float(box.value(at)[0])
    if not numpy.isfinite(value) or not is_kink(box, at[0], 2.0**-27):
        return None
    kind = kind_by_values(box, at[0])
    if kind is None:
        return None
    where = told(box, at, group.extent)
    value = float(box.value((numpy.array(where) - box.low) / box.width)[0])
    return {"at": where[0], "kind": kind, "value": value}


def kind_by_values(box: Field, at: Array) -> str | None:
    """Of the point *at*, shape (d,), where there is no gradient; "" for neither kind, None where values are missing."""
    ways = numpy.array([[-1.0], [1.0]]) if box.variables == 1 else _ways(numpy.arange(48) * numpy.pi / 24)
    around = at + _CLOSE * ways
    around = around[(numpy.abs(around - 0.5) <= 0.5).all(axis=1)]
    value, values = box.value(at[None])[0], box.value(around)
    if not numpy.isfinite(values).all():
        return None
    return "minimum" if (values > value).all() else "maximum" if (values < value).all() else ""
