"""Whether the frameworks of one cell agree: what each drew and returned, held against what the default's did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_optviz.agreement import Verdict
from sphinx_optviz.cell_runs import CellResult
from sphinx_optviz.comparison import infinitely_apart
from sphinx_optviz.frameworks import framework
from sphinx_optviz.model import TOLERANCES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sphinx_optviz.cell_execute import CellOutcome
    from sphinx_optviz.cell_runs import Artist
    from sphinx_optviz.notebooks import Tabs
    from sphinx_optviz.runs import Array

# Cells compute in float32 unless they ask for more.
_DTYPE = "float32"


@dataclass(frozen=True, slots=True)
class CellVerdict:
    """What became of the frameworks of one cell."""

    verdict: Verdict
    wrong: tuple[tuple[str, str], ...] = ()  # framework, and how it differs
    at_random: tuple[str, ...] = ()  # frameworks that differ, where random numbers were drawn


def judge_cell(
    tabs: Tabs,
    outcomes: Mapping[str, CellOutcome],
    tolerances: Mapping[str, float],
    *,
    compared: bool,
    chance: Collection[str],
) -> CellVerdict:
    """*outcomes* by framework; nothing is *compared* where the author wants it so.

    *chance* are the frameworks in which random numbers have a part in what the cell gives.
    """
    ran = {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, CellResult)}
    # With numbers drawn by chance nothing can be compared: another framework's are the reference, if there is one.
    candidates = [name for name in dict.fromkeys([tabs.drawn_from, *tabs.frameworks]) if name in ran]
    reference = next((name for name in candidates if name not in chance), next(iter(candidates), ""))
    if not compared or not reference or len(tabs.frameworks) < 2:
        return CellVerdict(Verdict())
    tolerance = tolerances.get(_DTYPE, TOLERANCES[_DTYPE])
    agreeing, disagreeing, wrong, at_random = [], [], [], []
    largest = 0.0
    says_something = bool(ran[reference].artists or ran[reference].returned)
    for name in tabs.frameworks:
        if name == reference or name not in ran:
            continue
        off, difference = _difference(ran[name], ran[reference], tolerance, framework(reference).label)
        if off and (name in chance or reference in chance):
            at_random.append(name)
        elif off:
            disagreeing.append(name)
            wrong.append((name, off))
        elif says_something:
            agreeing.append(name)
            largest = max(largest, difference)
    verdict = Verdict(
        reference=reference,
        versions={name: ran[name].version for name in tabs.frameworks if name in ran},
        agreeing=tuple(agreeing),
        disagreeing=tuple(disagreeing),
        largest=largest,
    )
    return CellVerdict(verdict, tuple(wrong), tuple(at_random))


def _difference(mine: CellResult, its: CellResult, tolerance: float, label: str) -> tuple[str, float]:
    """How *mine* differs, "" if it does not, and by how much at most."""
    largest = 0.0
    for one, other in zip(mine.artists, its.artists, strict=False):
        where = f"{one.name} of {_axes(one)}"
        if (one.figure, one.axes, one.kind) != (other.figure, other.axes, other.kind):
            return f"{where} is where {label} has {other.name} of {_axes(other)}", largest
        if one.name != other.name:
            return f"{where} is called {other.name} with {label}", largest
        found, difference = _of_arrays(one.arrays, other.arrays, tolerance, label, of_line=one.kind == "line")
        if found:
            return f"{where}: {found}", largest
        largest = max(largest, difference)
    if len(mine.artists) != len(its.artists):
        return f"it draws {_count(mine.artists, 'artist')}, and {label} {_count(its.artists, 'artist')}", largest
    if its.returned or mine.returned:
        found, difference = _of_arrays(mine.returned, its.returned, tolerance, label)
        if found:
            return f"the value it returns: {found}", largest
        largest = max(largest, difference)
    return "", largest


def _axes(artist: Artist) -> str:
    return f"axes {artist.axes + 1} of figure {artist.figure + 1}"


def _count(things: Sequence[object], name: str) -> str:
    return {0: f"no {name}", 1: f"1 {name}"}.get(len(things), f"{len(things)} {name}s")


def _of_arrays(
    mine: Sequence[Array], its: Sequence[Array], tolerance: float, label: str, *, of_line: bool = False
) -> tuple[str, float]:
    """How some arrays differ from others, "" if they do not, and by how much at most."""
    import numpy

    if len(mine) != len(its):
        return f"{_count(mine, 'array')}, and {_count(its, 'array')} with {label}", 0.0
    largest = 0.0
    for number, (one, other) in enumerate(zip(mine, its, strict=True)):
        if tuple(filter(_is_not_one, one.shape)) != tuple(filter(_is_not_one, other.shape)):
            return f"shape {one.shape}, and {other.shape} with {label}", largest
        a, b = (numpy.frombuffer(array.data, dtype="<f8") for array in (one, other))
        scale = float(numpy.abs(b[numpy.isfinite(b)]).max(initial=0.0))
        with numpy.errstate(invalid="ignore"):
            off = numpy.abs(a - b)
        differs = infinitely_apart(a, b) | (numpy.isfinite(off) & (off > tolerance * scale))
        if differs.any():
            at = int(numpy.where(differs, numpy.nan_to_num(off, nan=numpy.inf), -1.0).argmax())
            where = _place(mine[0], at) if of_line and number == 1 else f"at number {at + 1}"
            count = f"{int(differs.sum())} of {a.size} numbers differ"
            return f"{count}, most of all {where}: {a[at]:.6g}, and {b[at]:.6g} with {label}", largest
        finite = off[numpy.isfinite(off)]
        largest = max(largest, float(finite.max(initial=0.0)))
    return "", largest


def _is_not_one(size: int) -> bool:
    return size != 1


def _place(x: Array, at: int) -> str:
    """Of the number *at* of a line, whose first coordinates are *x*."""
    import numpy

    return f"at x = {numpy.frombuffer(x.data, dtype='<f8')[at]:.6g}"
