"""From the points of curves to lines: followed to their ends, and parted where their kind changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_optviz.critical_points.curves import _BETTER, _LEAST_POINTS, Curve, gap_from
    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.kinds import rises
    from sphinx_optviz.critical_points.kinks import halved, steps_from

# At most so many points of a line are told.
_POINTS_OF_A_LINE = 200

# The cosine of the angle by which a curve bends from one point to the next, at least.
_STRAIGHT = 0.7

# How far from a crease its sides are looked at, in units of the box.
_BESIDE = 1e-9

# Steps by which a curve is followed beyond the cells that were left.
_MOST_STEPS = 1500


def critical_lines(box: Field, curves: list[Curve]) -> list[dict[str, Any]]:
    """The lines through the points of *curves*, each of one kind, in plain values."""
    told: list[dict[str, Any]] = []
    known: list[tuple[Array, float]] = []
    for curve in sorted(curves, key=lambda curve: -curve.size):
        fresh = [at for at in curve.points if all(gap_from(at, line) > 4 * step for line, step in known)]
        for line in _followed(box, curve._replace(points=numpy.array(fresh).reshape(-1, 2))):
            if len(line) < _LEAST_POINTS:
                continue
            known.append((line, curve.size))
            for kind, part in (piece for level in _levels(box, line, curve) for piece in _by_kind(box, level, curve)):
                # A line of kinks that is neither valley nor ridge is a border, and nothing critical.
                if curve.smooth or kind in ("valley", "ridge"):
                    rows = numpy.unique(numpy.linspace(0, len(part) - 1, _POINTS_OF_A_LINE).astype(int))
                    value = float(numpy.median(box.value(part[rows])))
                    at = box.told(part[rows], 1e-7)
                    told.append({"kind": kind, "smooth": curve.smooth, "at": at, "value": value})
    return told


def walks(u: Array, reach: float) -> list[Array]:
    """The points *u*, shape (N, 2), in the order in which one walks along the curves that they lie on.

    To the next within *reach*, straight on where there are several.
    """
    left = numpy.ones(len(u), dtype=bool)
    found = []
    while left.any():
        start = int(left.argmax())
        left[start] = False
        way = [start]
        for _ in range(2):
            while (follower := _next(u, way, left, reach)) is not None:
                way.append(follower)
            way.reverse()
        found.append(u[way])
    return found


def joined(parts: list[Array], reach: float) -> list[Array]:
    """Walks put together where one goes straight on within *reach* of the end of another, across a gap."""
    left = sorted((part for part in parts if len(part) > 1), key=len, reverse=True)
    alone = [part for part in parts if len(part) == 1]
    found = []
    while left:
        line = left.pop(0)
        for _ in range(2):
            while (after := _ahead(line, left, reach)) is not None:
                line = numpy.concatenate([line, after])
            line = line[::-1]
        found.append(line)
    return [*found, *alone]


def _ahead(line: Array, others: list[Array], reach: float) -> Array | None:
    """The one of *others* that goes on where *line* ends, from there on; it is taken out of them. None for none."""
    here, heading = line[-1], _heading(line)
    ahead = [
        (-float((other[end] - here) @ heading) / float(numpy.linalg.norm(other[end] - here)), at, end)
        for at, other in enumerate(others)
        for end in (0, -1)
        if _is_ahead(other[end], here, heading, reach)
    ]
    if not ahead:
        return None
    _, at, end = min(ahead)
    return others.pop(at)[:: 1 if end == 0 else -1]


def _heading(line: Sequence[Array] | Array) -> Array:
    """The direction in which a line goes where it ends, of length 1."""
    way = line[-1] - line[max(0, len(line) - 4)]
    heading: Array = way / numpy.linalg.norm(way)
    return heading


def _next(u: Array, way: list[int], left: Array, reach: float) -> int | None:
    """The point after the last one of *way*; those that are passed on the way to it are no longer *left*."""
    here = u[way[-1]]
    offsets = u - here
    away = numpy.linalg.norm(offsets, axis=1)
    near = left & (away <= reach)
    if len(way) > 1:
        straight = offsets @ _heading(u[way[-4:]]) / numpy.maximum(away, 1e-300)
        beside = near & (straight < _STRAIGHT) & (away < reach / 3)
        left[beside] = False
        near &= straight >= _STRAIGHT
        away = away * (2 - straight)
    if not near.any():
        return None
    found = int(numpy.where(near, away, numpy.inf).argmin())
    left[found] = False
    return found


def _followed(box: Field, curve: Curve) -> list[Array]:
    """The curves as a whole: followed beyond where cells are missing, to their ends or till they close."""
    open_walks = sorted(walks(curve.points, 3 * curve.size), key=len, reverse=True)
    open_walks = [walk for walk in open_walks if len(walk) > 1]
    lines: list[Array] = []
    while open_walks:
        line = open_walks.pop(0)
        for _ in range(2):
            line = _extended(box, curve, line, open_walks, lines)[::-1]
            if (line[0] == line[-1]).all():
                break
        lines.append(line)
    return lines


def _extended(box: Field, curve: Curve, line: Array, others: list[Array], known: list[Array]) -> Array:
    """*line* beyond its last point; those of *others* that it meets become a part of it."""
    points = list(line)
    step, beside = curve.size, 0
    for _ in range(_MOST_STEPS):
        here, heading = points[-1], _heading(points)
        if len(points) > 2 * _LEAST_POINTS and _is_ahead(points[0], here, heading, 2 * step):
            return numpy.array([*points, points[0]])
        joining = _ahead(numpy.array(points[-4:]), others, 3 * step)
        if joining is not None:
            points += list(joining)
            continue
        after = _after(box, curve, here, heading, step)
        if after is None:
            if step < curve.size * 2.0**-17:
                break
            step /= 2
            continue
        points.append(after)
        beside = beside + 1 if any(gap_from(after, other) < curve.size / 2 for other in known) else 0
        if beside > 4:  # along a line that is known
            del points[-beside:]
            break
        if (numpy.abs(after - 0.5) >= 0.5).any():
            break
    return numpy.array(points)


def _is_ahead(at: Array, here: Array, heading: Array, reach: float) -> bool:
    way = at - here
    length = float(numpy.linalg.norm(way))
    return 0 < length <= reach and float(way @ heading) > _STRAIGHT * length


def _after(box: Field, curve: Curve, here: Array, heading: Array, step: float) -> Array | None:
    """The point of the curve a *step* further on, or on the edge of the box; None if there is none."""
    room = numpy.where(heading > 0, 1 - here, here) / numpy.maximum(numpy.abs(heading), 1e-300)
    side = int(room.argmin())
    if room[side] > step:
        across = numpy.array([-heading[1], heading[0]])
        return _corrected(box, curve, here + step * heading, across, step)
    if room[side] <= 1e-12:
        return None
    edge = here + room[side] * heading
    edge[side] = numpy.round(edge[side])
    return _corrected(box, curve, edge, numpy.eye(2)[1 - side], step)


def _corrected(box: Field, curve: Curve, at: Array, across: Array, step: float) -> Array | None:
    """The point of the curve beside *at*, in the direction *across*; None if there is none."""
    if not curve.smooth:
        ends = numpy.array([at - step / 2 * across, at + step / 2 * across])
        found = halved(box, list(ends[:, None]), list(box.gradient(ends)[:, None]), steps_from(box, step))
        level = box.value(curve.points[:1])[0]
        fits = found.is_jump[0] and abs(box.value(found.at)[0] - level) <= curve.most
        return numpy.clip(found.at[0], 0.0, 1.0) if fits else None
    u, last = at, numpy.inf
    for _ in range(40):
        g = box.gradient(u[None])[0]
        size = float(numpy.abs(g).max())
        if not size < _BETTER * last:
            return None
        last = size
        if (numpy.abs(g) <= curve.most).all():
            return numpy.clip(u, 0.0, 1.0)
        bend = float(across @ box.jacobian(u[None])[0] @ across)
        if not bend or not numpy.isfinite(bend):
            return None
        u = u - float(across @ g) / bend * across
        if float(numpy.linalg.norm(u - at)) > step / 2:
            return None
    return None


# ---- the kinds of a line


def _levels(box: Field, line: Array, curve: Curve) -> list[Array]:
    """The parts of *line*, (N, 2), along which the function does not jump."""
    values = box.value(line)
    jumps = numpy.abs(numpy.diff(values)) > 1e-9 * numpy.abs(values).max() + 10 * curve.most
    return [part for part in numpy.split(line, numpy.flatnonzero(jumps) + 1) if len(part) >= _LEAST_POINTS]


def _by_kind(box: Field, line: Array, curve: Curve) -> list[tuple[str, Array]]:
    """The parts of *line*, (N, 2), that are of one kind each: "valley", "ridge", "inflection" or "" for none."""
    names, across = _kinds_along(box, line, curve)
    closed = bool((line[0] == line[-1]).all())
    cuts = [at for at in range(1, len(line)) if names[at] != names[at - 1]]
    if not cuts:
        return [(names[0], line)]
    if closed:  # begin where the kind changes
        line = numpy.concatenate([line[cuts[0] : -1], line[: cuts[0] + 1]])
        names, across = _kinds_along(box, line, curve)
        cuts = [at for at in range(1, len(line)) if names[at] != names[at - 1]]
    parts = []
    start = line[:1]
    for first, last in zip([0, *cuts], [*cuts, len(line)], strict=True):
        end = _turning_point(box, curve, line[last - 1 : last + 1], across[last - 1]) if last < len(line) else line[:0]
        parts.append((names[first], numpy.concatenate([start[: 1 if first else 0], line[first:last], end])))
        start = end
    return parts


def _kinds_along(box: Field, line: Array, curve: Curve) -> tuple[list[str], Array]:
    """The kind at each point by the values across the line, and the directions across it, (N, 2)."""
    tangents = numpy.gradient(line, axis=0)
    length = numpy.linalg.norm(tangents, axis=1)
    across = numpy.stack([-tangents[:, 1], tangents[:, 0]], axis=-1) / numpy.maximum(length, 1e-300)[:, None]
    if curve.smooth:
        one, other = (rises(box, line, 1e-3, sign * across) for sign in (-1.0, 1.0))
        # Where the Hessian tells it, nothing that is a thousandth of the box away matters.
        bend = numpy.einsum("ni,nij,nj->n", across, box.jacobian(line), across)
        clear = numpy.abs(bend) > 1e-3 * numpy.nanmax(numpy.abs(bend))
        one, other = numpy.where(clear, bend, one), numpy.where(clear, bend, other)
    else:
        sides = (box.gradient(line + sign * _BESIDE * across) for sign in (-1.0, 1.0))
        one, other = (sign * (g * across).sum(axis=1) for sign, g in zip((-1.0, 1.0), sides, strict=True))
    noise = 1e-13 * numpy.nanmax(numpy.abs([one, other]), initial=0.0)
    names = numpy.where(one * other < 0, "inflection", "?")
    names = numpy.where((one > noise) & (other > noise), "valley", names)
    names = numpy.where((one < -noise) & (other < -noise), "ridge", names)
    return _smoothed(names.tolist()), across


def _smoothed(names: list[str]) -> list[str]:
    """What cannot be told, and what is too short, as it is before and after."""
    runs: list[list[Any]] = []
    for name in names:
        if runs and runs[-1][0] == name:
            runs[-1][1] += 1
        else:
            runs.append([name, 1])
    kept = [run for run in runs if run[0] != "?" and run[1] >= _LEAST_POINTS]
    if not kept:
        return [""] * len(names)
    found: list[str] = []
    last = kept[0][0]
    for name, count in runs:
        last = name if name != "?" and count >= _LEAST_POINTS else last
        found += [last] * count
    return found


def _turning_point(box: Field, curve: Curve, ends: Array, across: Array) -> Array:
    """Where between two points of a line, (2, 2), its kind changes; shape (1, 2), or (0, 2) if that cannot be seen."""

    def sides(u: Array) -> list[float]:
        if curve.smooth:
            return [float(numpy.sign(across @ box.jacobian(u[None])[0] @ across))]
        close = numpy.array([u - _BESIDE * across, u + _BESIDE * across])
        return [float(sign) for sign in numpy.sign(box.gradient(close) @ across)]

    low, high = ends
    first = sides(low)
    if first == sides(high):
        return ends[:0]
    for _ in range(45):
        middle = (low + high) / 2
        on_it = _corrected(box, curve, middle, across, float(numpy.linalg.norm(ends[1] - ends[0])))
        middle = middle if on_it is None else on_it
        if sides(middle) == first:
            low = middle
        else:
            high = middle
    return numpy.asarray((low + high) / 2)[None]
