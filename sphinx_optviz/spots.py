"""Points of a function by what authors call them: "global minimum", "saddle" and so on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import dist, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sphinx_optviz.critical import CriticalPoint, CriticalPoints, Extremum, Plateau, Point

# Two places are the same if they are no further apart than this part of the domain.
_SAME_PLACE = 1e-9

# Two values are the same if they differ by no more than this part of all that the values span.
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that has a name."""

    kind: str  # as in model.KINDS, without "local" and "global"
    at: Point
    value: float  # NaN where it is not the same all along
    point: CriticalPoint | None = None  # if it is a critical point, alone in its surroundings
    extended: bool = False  # it is anywhere on a line, in a region or along an edge
    known_to: Point = ()  # how far the border of a region may be outside of what is known, along each axis

    @property
    def eigenvalues(self) -> Point:
        """Of the Hessian, ascending; () where there is none."""
        return self.point.eigenvalues if self.point else ()


def spots(critical: CriticalPoints, kind: str, near: Sequence[float] = ()) -> list[Spot]:
    """All points of *kind*; the one nearest to *near*, if that is given."""
    if kind == "kink":
        found = _kinks(critical, near)
    elif named := _OF_KIND.get(kind):
        found = named(critical)
    else:
        found = [spot for spot in _all(critical, near) if spot.kind == kind]
    if near and found:
        fitting = [spot for spot in found if len(spot.at) == len(near)]
        return [min(fitting, key=lambda spot: dist(spot.at, near))] if fitting else []
    return found


def labelled(critical: CriticalPoints, kind: str, near: Sequence[float] = ()) -> list[Spot]:
    """Those that a label means: "local minimum" says that it is no global one, if there is another."""
    found = spots(critical, kind, near)
    if kind.startswith("local ") and not near:
        globally = spots(critical, kind.replace("local", "global"))
        return [spot for spot in found if spot not in globally] or found
    return found


def _points(critical: CriticalPoints) -> list[Spot]:
    return [Spot(point.kind, point.at, point.value, point) for point in critical.points]


def _all(critical: CriticalPoints, near: Sequence[float] = ()) -> list[Spot]:
    """Everything; of a line and of a plateau the point nearest to *near*, or one in the middle."""
    return [
        *_points(critical),
        *(Spot(line.kind, _on_line(line.at, near), line.value, extended=True) for line in critical.lines),
        *(
            Spot("plateau", _in_plateau(plateau, near), plateau.value, extended=True, known_to=plateau.known_to)
            for plateau in critical.plateaus
        ),
        *(Spot("kink", kink.at, kink.value) for kink in critical.kinks),
        *(
            Spot(f"edge {edge.kind}", _on_edge(edge, near), edge.value, extended=bool(edge.ends))
            for edge in critical.edges
        ),
    ]


def _kinks(critical: CriticalPoints, near: Sequence[float] = ()) -> list[Spot]:
    """Single kinks and creases; those of a crease are one with it."""
    alone = [kink for kink in critical.kinks if not any(_is_on(kink.at, crease) for crease in critical.creases)]
    return [
        *(Spot("kink", kink.at, kink.value) for kink in alone),
        *(Spot("kink", _on_line(crease, near), nan, extended=True) for crease in critical.creases),
    ]


def _is_on(at: Point, crease: Sequence[Point]) -> bool:
    """Whether a kink is a point of a crease, as far as the distance of its points tells."""
    return dist(at, _on_line(crease, at)) < 0.5 * dist(crease[0], crease[1])


def _on_line(line: Sequence[Point], near: Sequence[float]) -> Point:
    """Between two of its points, too, along the straight way."""
    if len(near) != len(line[0]):
        return line[len(line) // 2]
    best = line[0]
    for one, other in pairwise(line):
        way = [b - a for a, b in zip(one, other, strict=True)]
        length = sum(step * step for step in way)
        part = sum((x - a) * step for x, a, step in zip(near, one, way, strict=True)) / length if length else 0.0
        here = tuple(a + min(max(part, 0.0), 1.0) * step for a, step in zip(one, way, strict=True))
        best = min(best, here, key=lambda at: dist(at, near))
    return best


def _on_edge(edge: Extremum, near: Sequence[float]) -> Point:
    return _on_line((edge.ends[0], edge.at, edge.ends[1]), near) if edge.ends else edge.at


def _in_plateau(plateau: Plateau, near: Sequence[float]) -> Point:
    """The point of it nearest to *near*, or one well inside."""
    if len(near) != len(plateau.inside):
        return plateau.inside
    nearest = (
        tuple(min(max(x, low), high) for x, low, high in zip(near, *corners, strict=True)) for corners in plateau.boxes
    )
    return min(nearest, key=lambda at: dist(at, near))


def _local(critical: CriticalPoints, kind: str) -> list[Spot]:
    """Minima (or maxima) inside the domain: where the gradient vanishes, and where it jumps."""
    kinks = [Spot(kind, kink.at, kink.value) for kink in critical.kinks if kink.kind == kind]
    return sorted([*(spot for spot in _points(critical) if spot.kind == kind), *kinks], key=lambda spot: spot.at)


def _global(critical: CriticalPoints, kind: str) -> list[Spot]:
    """The lowest minima inside, if the function is nowhere lower: not on the edge, nor in a valley."""
    found = lowest(critical, kind)
    if found is None or not critical.knows_extremes:
        return []
    return [spot for spot in _local(critical, kind) if _same(spot.value, found.value, critical)]


def unknown_extremes(critical: CriticalPoints) -> str:
    """Why it cannot be told where the function is lowest and highest; "" if it can."""
    if critical.jumps:
        more = f" and {len(critical.jumps) - 1} more places" if len(critical.jumps) > 1 else ""
        return f"the function jumps, or has a pole, at {coordinates(critical.jumps[0])}{more}"
    if not critical.defined:
        return "the function is not finite everywhere in the domain"
    if critical.beyond:
        return f"the function goes beyond all that was found at {coordinates(critical.beyond[0])}"
    return ""


def _same(one: float, other: float, critical: CriticalPoints) -> bool:
    """Whether two values differ by rounding only."""
    values = [spot.value for spot in _all(critical)]
    return abs(one - other) <= _SAME * max(max(values) - min(values), abs(other) * 1e-3)


def best(critical: CriticalPoints, kind: str) -> list[Spot]:
    """All that are as good as the best for a "minimum" (or "maximum"), wherever they lie."""
    found = lowest(critical, kind)
    if found is None:
        return []
    return sorted(
        (spot for spot in _all(critical) if _same(spot.value, found.value, critical)), key=lambda spot: spot.at
    )


def lowest(critical: CriticalPoints, kind: str) -> Spot | None:
    """The best of all that is known for a "minimum" (or "maximum"), wherever it lies; None if nothing is."""
    everything = _all(critical)
    if not everything:
        return None
    return (min if kind == "minimum" else max)(everything, key=lambda spot: spot.value)


def is_kink(critical: CriticalPoints, at: Sequence[float], widths: Sequence[float]) -> bool:
    """Whether the gradient jumps at a place, in a domain of such *widths*: what a framework gives there is a rule."""
    places = [kink.at for kink in critical.kinks] + [_on_line(crease, at) for crease in critical.creases]
    return any(
        all(abs(x - y) <= _SAME_PLACE * width for x, y, width in zip(at, place, widths, strict=True))
        for place in places
    )


def _degenerate(critical: CriticalPoints) -> list[Spot]:
    return [spot for spot in _points(critical) if spot.point and spot.point.degenerate]


def _monkeys(critical: CriticalPoints) -> list[Spot]:
    return [spot for spot in _points(critical) if spot.point and spot.point.valleys == 3]


def _inflections(critical: CriticalPoints) -> list[Spot]:
    return [spot for spot in _points(critical) if spot.kind == "inflection"]


_OF_KIND = {
    "critical point": _points,
    "minimum": lambda critical: _local(critical, "minimum"),
    "local minimum": lambda critical: _local(critical, "minimum"),
    "global minimum": lambda critical: _global(critical, "minimum"),
    "maximum": lambda critical: _local(critical, "maximum"),
    "local maximum": lambda critical: _local(critical, "maximum"),
    "global maximum": lambda critical: _global(critical, "maximum"),
    "degenerate": _degenerate,
    "monkey saddle": _monkeys,
    "inflection": _inflections,
}


def name_of(spot: Spot, critical: CriticalPoints) -> str:
    """What *spot* is, in words: "global minimum", "monkey saddle (degenerate)" and so on."""
    kind = spot.kind
    if kind in ("minimum", "maximum"):
        kind = f"global {kind}" if spot in _global(critical, kind) else f"local {kind}"
    point = spot.point
    if point is None:
        return kind
    if point.valleys == 3:
        kind = "monkey saddle"
    return f"degenerate {kind}" if point.degenerate and kind != "inflection" else kind


def coordinates(at: Iterable[float]) -> str:
    """As texts for authors have them."""
    numbers = [f"{number:.6g}" for number in at]
    return numbers[0] if len(numbers) == 1 else f"({', '.join(numbers)})"


def with_article(noun: str) -> str:
    """*noun* with "a" or "an"."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
