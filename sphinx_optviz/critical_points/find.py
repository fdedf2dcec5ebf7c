"""All critical points of a function of one or two variables in a box, in plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx_optviz.critical_points.breaks import beyond_all, breaks_in, values_of
    from sphinx_optviz.critical_points.edges import edge_extrema
    from sphinx_optviz.critical_points.field import Array, Columns, Field
    from sphinx_optviz.critical_points.groups import Group, borders_on, single_places
    from sphinx_optviz.critical_points.kinds import is_kink, is_pole, kind_by_hessian, point_in, surroundings
    from sphinx_optviz.critical_points.kinks import kind_by_values, kink_at
    from sphinx_optviz.critical_points.lines import critical_lines
    from sphinx_optviz.critical_points.plateaus import plateaus_of
    from sphinx_optviz.critical_points.search import _SMALLEST_KINK, Search, look_at, search, strays

# Points along each side of the box at which the turning of the gradient is followed.
_AROUND = 1024

# Around a single point no more than some dozen of the smallest cells are left. What is so much larger, in units of the
# box, is no point.
_UNRESOLVED = 2.0**-18

# So near to a line of critical points, in units of the box, none is alone: its points are told so far apart.
_ON_A_LINE = 2e-3

# Places where the Hessian is singular that are looked at one by one.
_MOST_GROUPS = 150


def critical_points(
    values: Callable[[Columns], Array],
    gradients: Callable[[Columns], tuple[Array, Array | None]],
    hessians: Callable[[Columns], tuple[Array, Array | None]],
    low: Sequence[float],
    high: Sequence[float],
    sizes: Sequence[int] = (),
) -> dict[str, Any]:
    """What there is in the box from *low* to *high*: see ``sphinx_optviz.critical`` for the fields.

    *sizes* are numbers of points that calls are rounded up to, for frameworks that compile anew for each.
    """
    box = Field(values, gradients, hessians, low, high, sizes)
    with numpy.errstate(all="ignore"):
        found = search(box)
        plateaus, small, unresolved = plateaus_of(box, found)
        groups = single_places(box, found, small)
        points, kinks = _regular_points(box, found.roots)
        unclear = []
        lines = critical_lines(box, [curve for curve in found.curves if not borders_on(curve.points, found, 0.01, 0.5)])
        points, kinks = (_not_on(lines, items, box) for items in (points, kinks))
        groups = [group for group in groups if not _is_on(lines, group, box)]
        if len(groups) > _MOST_GROUPS:
            found.doubts.append("there are too many places where the Hessian is singular to look at them all")
        for group in groups[:_MOST_GROUPS]:
            if group.size < _SMALLEST_KINK and group.extent > _UNRESOLVED and not _is_resolved(box, group):
                unresolved.append(group.centres.mean(axis=0))
                continue
            unclear += _add_isolated(box, group, groups, found, points, kinks)
        if unresolved:
            found.doubts.append(f"it changes too fast to be searched around {_in_words(box.told(unresolved))}")
        if unclear:
            places = _in_words(box.told(unclear))
            found.doubts.append(f"what is critical at {places} cannot be told from the values around it")
        creases = [box.told(crease) for crease in found.creases]
        kinks += _other_kinks(box, found, kinks, lines)
        if not (lines or plateaus or kinks or creases or found.doubts or found.poles):
            found.doubts += _turning_doubts(box, points)
        edges = edge_extrema(box)
        assert found.first_look is not None
        sampled = values_of(box, found.first_look)
        breaks = breaks_in(box, found.first_look, sampled)
        poles = [{"at": at} for at in box.told(found.poles, 1e-7)] if found.poles else []
        jumps = [*breaks.jumps, *(pole["at"] for pole in _not_at(breaks.jumps, poles, box))]
        points, kinks = (_not_at(jumps, items, box) for items in (points, kinks))
        known = [item["value"] for item in (*points, *lines, *plateaus, *kinks, *edges)]
        beyond = beyond_all(box, found.first_look, sampled, known)
        if beyond and breaks.defined and not jumps:  # a continuous function has its extrema in the box
            found.doubts.append(f"it goes beyond all that was found at {_in_words(beyond)}")
    # In the order in which one reads them: rounding does not tell which of two is further to the left.
    points.sort(key=lambda point: [round(x / width, 9) for x, width in zip(point["at"], box.width, strict=True)])
    return {
        "points": points,
        "lines": lines,
        "plateaus": plateaus,
        "kinks": kinks,
        "creases": creases,
        "edges": edges,
        "doubts": sorted(set(found.doubts)),
        "jumps": jumps,
        "beyond": beyond,
        "defined": breaks.defined,
        "exact": box.is_exact,
    }


def _not_at(jumps: list[list[float]], items: list[dict[str, Any]], box: Field) -> list[dict[str, Any]]:
    """Those of *items* that do not lie where the function jumps: its gradient says nothing there."""
    if not jumps:
        return items
    there = numpy.array(jumps)
    return [item for item in items if (numpy.abs(there - item["at"]) / box.width).max(axis=1).min() > 1e-7]


def _off(lines: list[dict[str, Any]], at: Sequence[float], box: Field) -> float:
    """How far a place is from the nearest of some lines, in units of the box; infinite if there are none."""
    gaps = [numpy.abs((numpy.array(line["at"]) - at) / box.width).max(axis=1).min() for line in lines]
    return float(min(gaps, default=numpy.inf))


def _not_on(lines: list[dict[str, Any]], items: list[dict[str, Any]], box: Field) -> list[dict[str, Any]]:
    """Those of *items* that do not lie on one of some lines, where Newton's method may end anywhere."""
    return [item for item in items if _off(lines, item["at"], box) > _ON_A_LINE]


def _is_on(lines: list[dict[str, Any]], group: Group, box: Field) -> bool:
    """Whether a group of cells is but a part of a line, or its end."""
    return _off(lines, box.points(group.centres.mean(axis=0)[None])[0].tolist(), box) < max(_ON_A_LINE, group.extent)


def _regular_points(box: Field, u: Array) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The points with a Hessian that is not singular; and kinks, which differences take for such points."""
    if not len(u):
        return [], []
    hessians, known = box.hessian(u), box.is_smooth(u)
    values, at = box.value(u), box.told(u)
    points, kinks = [], []
    for index in range(len(u)):
        if known[index]:
            kind = kind_by_hessian(hessians[index])
            points.append(point_record(at[index], values[index], hessians[index], kind))
        else:
            kinks.append({"at": at[index], "kind": kind_by_values(box, u[index]), "value": float(values[index])})
    return points, kinks


def point_record(
    at: list[float], value: float, hessian: Array, kind: str, *, degenerate: bool = False, valleys: int = 0
) -> dict[str, Any]:
    """One point in plain values."""
    eigenvalues: list[float] = []
    eigenvectors: list[list[float]] = []
    if numpy.isfinite(hessian).all():
        found, columns = numpy.linalg.eigh(hessian)
        eigenvalues = [float(number) for number in found]
        # The sign of an eigenvector is chance: the largest component is positive.
        vectors = [vector * numpy.sign(vector[numpy.abs(vector).argmax()]) for vector in columns.T]
        eigenvectors = [[float(number) for number in vector] for vector in vectors]
    return {
        "at": at,
        "value": float(value),
        "kind": kind,
        "degenerate": degenerate,
        "valleys": valleys or (2 if kind == "saddle" else 0),
        "eigenvalues": eigenvalues,
        "eigenvectors": eigenvectors,
    }


def _is_resolved(box: Field, group: Group) -> bool:
    """Whether the gradient is linear but for rounding in most cells of a group."""
    these = numpy.unique(numpy.linspace(0, len(group.centres) - 1, 200).astype(int))
    look = look_at(box, group.centres[these], group.size)
    most = numpy.maximum(1000 * group.noise.max(), 0.01 * numpy.abs(look.j).max(axis=(1, 2)))
    return bool((strays(look).max(axis=1) <= most).mean() > 0.5)


def _add_isolated(
    box: Field,
    group: Group,
    groups: list[Group],
    found: Search,
    points: list[dict[str, Any]],
    kinks: list[dict[str, Any]],
) -> list[Array]:
    """Add what a group of cells around one point holds, if anything; give the point if its kind cannot be told."""
    at = point_in(box, group)
    at = None if at is None else numpy.clip(at, 0.0, 1.0)
    middle = numpy.clip(group.centres.mean(axis=0), 0.0, 1.0)
    if is_pole(box, middle, max(group.size, 2.0**-27)):
        found.poles.append(middle)
        return []
    smooth = at is not None and bool(box.is_smooth(at[None])[0])
    if at is None or not smooth or is_kink(box, at, max(group.size, 2.0**-27)):
        kink = kink_at(box, group)
        if kink is not None:
            kinks.append(kink)
        if at is None or not smooth or kink is not None:
            return []
    others = [found.roots, *(other.centres for other in groups if other is not group)]
    apart = numpy.concatenate([numpy.abs(other - at).max(axis=1) for other in others if len(other)] or [[1.0]])
    if not numpy.isfinite(box.value(at[None])[0]):
        return []  # a pole
    around = surroundings(box, at, 0.4 * float(apart.min()), group.noise.max(axis=0))
    if not around.kind:
        return [at]
    record = point_record(
        box.told(at[None])[0],
        float(box.value(at[None])[0]),
        box.hessian(at[None])[0],
        around.kind,
        degenerate=True,
        valleys=around.valleys,
    )
    points.append(record)
    return []


def _in_words(places: Sequence[Sequence[float]]) -> str:
    """The first three of some places."""
    words = [", ".join(f"{number:.6g}" for number in at) for at in places[:3]]
    named = ", ".join(f"({word})" if "," in word else word for word in words)
    return named if len(places) <= len(words) else f"{named} and {len(places) - len(words)} more places"


def _other_kinks(
    box: Field, found: Search, kinks: list[dict[str, Any]], lines: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Places where the gradient jumps without passing zero; not those that are known already."""
    known = [numpy.array([kink["at"] for kink in kinks])] if kinks else []
    known += [numpy.array(line["at"]) for line in lines if not line["smooth"]]
    known += [box.points(crease) for crease in found.creases]
    others = []
    for u in found.kinks:
        at = box.told(u[None])[0]
        near = [numpy.abs((points - at) / box.width).max(axis=1).min() < 0.02 for points in known]
        value = float(box.value((numpy.array([at]) - box.low) / box.width)[0])
        if not any(near) and numpy.isfinite(value):
            others.append({"at": at, "kind": "", "value": value})
    return others


def _turning_doubts(box: Field, points: list[dict[str, Any]]) -> list[str]:
    """What is amiss in two variables by the index theorem of Poincaré and Hopf.

    On the way along the border the gradient turns once around for each minimum and each maximum inside, and once back
    for each saddle.
    """
    if box.variables == 1:
        return []
    inside = numpy.array([point["at"] for point in points]).reshape(-1, 2)
    if len(inside) and (numpy.abs((inside - box.low) / box.width - 0.5) > 0.5 - 1e-6).any():
        return []
    s = numpy.arange(_AROUND) / _AROUND
    zero, one = numpy.zeros(_AROUND), numpy.ones(_AROUND)
    border = numpy.concatenate(
        [numpy.stack(side, axis=-1) for side in ((s, zero), (one, s), (1 - s, one), (zero, 1 - s))]
    )
    g = box.gradient(border)
    angle = numpy.arctan2(g[:, 1], g[:, 0])
    turns = (numpy.diff(numpy.append(angle, angle[0])) + numpy.pi) % (2 * numpy.pi) - numpy.pi
    if not numpy.isfinite(turns).all() or numpy.abs(turns).max() > 2.0:
        return []
    index = {"minimum": 1, "maximum": 1, "inflection": 0}
    expected = sum(index.get(point["kind"], 1 - point["valleys"]) for point in points)
    turned = round(float(turns.sum()) / (2 * numpy.pi))
    if turned == expected:
        return []
    turning = f"the gradient turns {turned} times along the border of the domain"
    return [f"{turning}, and {expected} times around the points found: some were missed"]
