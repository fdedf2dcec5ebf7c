"""The critical points of a function in a box, as plain values: what the search in the child found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Point = tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CriticalPoint:
    """One point where the gradient vanishes, alone in its surroundings."""

    at: Point
    value: float
    kind: str  # "minimum", "maximum", "saddle" or "inflection"
    degenerate: bool  # its Hessian is singular: the kind comes from the values around it
    valleys: int  # of a saddle: how many ways lead down from it, 2 but for the monkey's and its like
    eigenvalues: Point  # of the Hessian, ascending; () where it is not finite
    eigenvectors: tuple[Point, ...]  # of length 1, in the order of the eigenvalues


@dataclass(frozen=True, kw_only=True, slots=True)
class CriticalLine:
    """A curve of critical points or, if it is not smooth, of kinks."""

    kind: str  # "valley", "ridge", "inflection", or "" if it is not the same all along
    smooth: bool
    at: tuple[Point, ...]  # points on it, as one walks along; the first once more if it is closed
    value: float

    @property
    def is_closed(self) -> bool:
        """Whether it comes back to where it begins."""
        return self.at[0] == self.at[-1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plateau:
    """A region without any slope, and the box around it."""

    low: Point
    high: Point
    inside: Point  # well away from its border
    boxes: tuple[tuple[Point, Point], ...]  # what it takes, about, by the corners of boxes side by side
    known_to: Point  # how far its border may be outside of these boxes, along each axis
    part: float  # of the domain that it takes
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Extremum:
    """A place that is no critical point: a kink, or one on the edge of the domain."""

    at: Point
    kind: str  # "minimum", "maximum", or, of a kink, "" for neither
    value: float
    ends: tuple[Point, ...] = ()  # of a part of the edge along which the function is the same; "at" is its middle


@dataclass(frozen=True, kw_only=True, slots=True)
class CriticalPoints:
    """All that was found of one function."""

    points: tuple[CriticalPoint, ...]
    lines: tuple[CriticalLine, ...]
    plateaus: tuple[Plateau, ...]
    kinks: tuple[Extremum, ...]  # single places where the function is not differentiable
    edges: tuple[Extremum, ...]  # where it would go on falling, or rising, beyond the edge
    doubts: tuple[str, ...]  # why something may be missing
    creases: tuple[tuple[Point, ...], ...] = ()  # points along curves where it is not differentiable, as one walks
    jumps: tuple[Point, ...] = ()  # places where the function jumps, or has a pole
    beyond: tuple[Point, ...] = ()  # places where it is lower, or higher, than at all that was found
    defined: bool = True  # whether it is finite everywhere, but for these
    exact: bool = True  # whether the framework differentiates by itself

    @property
    def knows_extremes(self) -> bool:
        """Whether the lowest and the highest of what was found are those of the function."""
        return self.defined and not self.jumps and not self.beyond

    @classmethod
    def from_plain(cls, found: Mapping[str, Any]) -> CriticalPoints:
        """From what the child sends, or JSON. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            points=tuple(
                CriticalPoint(
                    at=_point(item["at"]),
                    value=float(item["value"]),
                    kind=str(item["kind"]),
                    degenerate=bool(item["degenerate"]),
                    valleys=int(item["valleys"]),
                    eigenvalues=_point(item["eigenvalues"]),
                    eigenvectors=tuple(map(_point, item["eigenvectors"])),
                )
                for item in found["points"]
            ),
            lines=tuple(
                CriticalLine(
                    kind=str(item["kind"]),
                    smooth=bool(item["smooth"]),
                    at=tuple(map(_point, item["at"])),
                    value=float(item["value"]),
                )
                for item in found["lines"]
            ),
            plateaus=tuple(
                Plateau(
                    low=_point(item["low"]),
                    high=_point(item["high"]),
                    part=float(item["part"]),
                    value=float(item["value"]),
                    inside=_point(item["inside"]),
                    known_to=_point(item["known_to"]),
                    boxes=tuple((_point(low), _point(high)) for low, high in item["boxes"]),
                )
                for item in found["plateaus"]
            ),
            kinks=tuple(map(_extremum, found["kinks"])),
            edges=tuple(map(_extremum, found["edges"])),
            creases=tuple(tuple(map(_point, crease)) for crease in found["creases"]),
            doubts=tuple(map(str, found["doubts"])),
            jumps=tuple(map(_point, found["jumps"])),
            beyond=tuple(map(_point, found["beyond"])),
            defined=bool(found["defined"]),
            exact=bool(found["exact"]),
        )


def _point(numbers: Any) -> Point:
    return tuple(float(number) for number in numbers)


def _extremum(item: Mapping[str, Any]) -> Extremum:
    ends = tuple(map(_point, item.get("ends", ())))
    return Extremum(at=_point(item["at"]), kind=str(item["kind"]), value=float(item["value"]), ends=ends)
