"""What has to run and what came of it, as plain values. Not in ``model``, so that parsing does not pay for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Literal

from sphinx_optviz.model import digest_of, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sphinx_optviz.critical import CriticalPoints

Operation = Literal["values", "gradients", "hessians", "critical_points"]

# In every key: bump it when the same code and arguments may give other numbers, or numbers laid out differently.
RUN_SCHEMA = 2

# Likewise, of searches for critical points alone.
_SEARCH_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Axis:
    """*count* equally spaced points from *low* to *high*, both included; one point lies at *low*."""

    name: str
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file of a landscape."""

    path: Path
    text: str
    places: tuple[tuple[str, int], ...] = field(default=(), compare=False)  # of its lines, if it is made of others
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest())

    def place(self, line: int) -> tuple[str, int]:
        """File and line, for people, of the *line* of the text."""
        if not self.places:
            return str(self.path), line
        return place_of(line, self.places)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One piece of code run once in one framework. Two runs with the same key are the same run.

    With ``through`` the one axis is the distance along a line, and the operation gives values.
    """

    framework: str
    source: Source
    functions: tuple[str, ...]
    operations: tuple[Operation, ...]
    axes: tuple[Axis, ...]
    through: tuple[tuple[float, ...], tuple[float, ...]] | None = None  # a line instead: a point, and its direction
    samples: int = 0  # points at random in the box of the axes, beside the grid
    label: str = field(compare=False)  # for people: the landscape's name
    key: str = field(init=False)

    def __post_init__(self) -> None:
        content: list[object] = [
            RUN_SCHEMA,
            self.framework,
            self.source.digest,
            self.functions,
            self.operations,
            [[axis.low, axis.high, axis.count] for axis in self.axes],
            self.samples,
        ]
        if self.through is not None:
            content.append(self.through)
        if self.searches:
            content.append(_SEARCH_SCHEMA)
        object.__setattr__(self, "key", digest_of(content)[:32])

    @property
    def searches(self) -> bool:
        """Whether it looks for all critical points in the box of the axes."""
        return "critical_points" in self.operations

    def shape(self, operation: Operation) -> tuple[int, ...]:
        """Of the array that *operation* gives: the grid's, or one row a point when there are random ones too."""
        variables = len(self.axes)
        tails: dict[Operation, tuple[int, ...]]
        tails = {"values": (), "gradients": (variables,), "hessians": (variables, variables)}
        grid = tuple(axis.count for axis in self.axes)
        return (*((prod(grid) + self.samples,) if self.samples else grid), *tails[operation])


@dataclass(frozen=True, slots=True)
class Array:
    """A float64 array as its shape and its little-endian bytes, so that the host needs no NumPy."""

    shape: tuple[int, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class NonFinite:
    """How many points of a function's values are NaN or infinite, the first of them, and the function's line."""

    function: str
    count: int
    total: int
    first: tuple[float, ...]
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a run gave."""

    version: str  # of the framework
    dtypes: Mapping[str, str]  # by function: in which the framework computed it
    methods: Mapping[Operation, str]  # how derivatives were taken
    errors: Mapping[tuple[Operation, str], Array]  # by point, how far differences may be off
    noise: Mapping[tuple[Operation, str], tuple[float, ...]]  # of rounding, relative, by cell; see frameworks/noise.py
    arrays: Mapping[tuple[Operation, str], Array]  # by operation and function
    non_finite: tuple[NonFinite, ...]
    critical: Mapping[str, CriticalPoints] = field(default_factory=dict)  # by function, if they were asked for
    digest: str  # of everything above


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a run gave nothing."""

    subtype: Literal["framework_missing", "framework_broken", "execution", "timeout", "not_run"]
    message: str
    path: str = ""  # of the code file, when a line of it is to blame
    line: int = 0
    details: str = ""  # traceback and the end of what the code printed
    short: str = ""  # of a cell: the part of the traceback that the page shows


Outcome = Result | Failure
