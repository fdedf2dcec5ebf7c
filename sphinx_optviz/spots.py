"""Points of a function by what authors call them: "global minimum", "saddle" and so on."""

from __future__ import annotations

from dataclasses import dataclass
from math import dist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sphinx_optviz.critical import CriticalPoint, CriticalPoints, Point

# Two values are the same if they differ by no more than this part of all that the values span.
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that has a name."""

    kind: str  # as in model.KINDS, without "local" and "global"
    at: Point
    value: float
    point: CriticalPoint | None = None  # if it is a critical point, alone in its surroundings

    @property
    def eigenvalues(self) -> Point:
        """Of the Hessian, ascending; () where there is none."""
        return self.point.eigenvalues if self.point else ()


def spots(critical: CriticalPoints, kind: str, near: Sequence[float] = ()) -> list[Spot]:
    """All points of *kind*; the one nearest to *near*, if that is given."""
    found = _OF_KIND[kind](critical) if kind in _OF_KIND else [spot for spot in _all(critical) if spot.kind == kind]
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


def _all(critical: CriticalPoints) -> list[Spot]:
    lines = [Spot(line.kind, line.at[len(line.at) // 2], line.value) for line in critical.lines]
    middles = [
        (plateau, tuple((low + high) / 2 for low, high in zip(plateau.low, plateau.high, strict=True)))
        for plateau in critical.plateaus
    ]
    return [
        *_points(critical),
        *lines,
        *(Spot("plateau", at, plateau.value) for plateau, at in middles),
        *(Spot("kink", kink.at, kink.value) for kink in critical.kinks),
        *(Spot(f"edge {edge.kind}", edge.at, edge.value) for edge in critical.edges),
    ]


def _local(critical: CriticalPoints, kind: str) -> list[Spot]:
    """Minima (or maxima) inside the domain: where the gradient vanishes, and where it jumps."""
    kinks = [Spot(kind, kink.at, kink.value) for kink in critical.kinks if kink.kind == kind]
    return sorted([*(spot for spot in _points(critical) if spot.kind == kind), *kinks], key=lambda spot: spot.at)


def _global(critical: CriticalPoints, kind: str) -> list[Spot]:
    """The lowest minima inside, if the function is nowhere lower: not on the edge, nor in a valley."""
    found = lowest(critical, kind)
    if found is None:
        return []
    return [spot for spot in _local(critical, kind) if _same(spot.value, found.value, critical)]


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
