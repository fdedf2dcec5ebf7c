"""Levels of contours and the colours that go with them, so that the structure shows wherever it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, np.dtype[np.float64]]

STEPS = [1, 2, 5, 10]  # between ticks and between levels

_BANDS = 12  # between levels, about
_CROWD = (0.7, 0.2)  # so much of the area with values in so much of their range is a crowd
_EDGE = 0.1  # of the range, where a crowd is one at the minimum or at the maximum
_LOW = 0.06  # of the range, where critical points are too close to the minimum or the maximum for even levels
_SMALL = 0.01  # of the area is nearer to the crowd's value than the first level
_FINE, _COARSE = 1e-6, 1e-3  # of the range: the first level is no nearer, around an extremum or where there is none
_SIGNS = {"low": (1.0,), "high": (-1.0,), "middle": (-1.0, 1.0)}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SADDLES = 6
_TOO_CLOSE = 0.15  # between levels, in units of their distance
_DECADES = 300


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Increasing *values* that reach over all of the function's, those of them that are round, and colours."""

    values: Array
    ticks: Array
    through: Array  # those at which the lines through saddles lie
    norm: Normalize | None  # None for even levels


def levels_of(z: Array, saddles: Sequence[float] = (), others: Sequence[float] = ()) -> Levels:
    """The levels for *z* on a grid, finite or masked and not all equal, with critical values *saddles* and *others*.

    Round and evenly spaced, if the values are spread. Not so if 70 % of the area has values within a fifth of their
    range, or if all critical points differ by less than 6 % of it from the minimum or from the maximum: then the
    distances of the levels from there grow as 1, 2, 5, 10, or as powers of ten where there are many. Values crowded
    elsewhere have such levels on both sides of their median. The first distance is less than that of 99 % of the area,
    and not below a millionth of the range; a thousandth, where no extremum lies inside the domain.

    A flat top or bottom, as clamping makes it, is no crowd.

    Levels through up to six saddles are put between, or take the place of a level that is close by.
    """
    low, high = float(z.min()), float(z.max())
    slopes = _without_flats(np.ma.compressed(z))
    where = _crowd(slopes, low, high, [*saddles, *others])
    if where is None:
        round_ones: Array = np.asarray(MaxNLocator(_BANDS, steps=STEPS).tick_values(low, high))
        values = np.concatenate([[min(round_ones[0], low)], round_ones[1:-1], [max(round_ones[-1], high)]])
    else:
        round_ones = _growing(z, slopes, where, saddles)
        values = np.concatenate([[low], round_ones, [high]])
    values, through = _with_saddles(values, saddles)
    return Levels(values, round_ones, through, None if where is None else _norm(values))


def number(value: float, digits: int = 6) -> str:
    """A round *value* as people write it."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        text = f"{value:.{digits}g}"
    else:
        factor, power = f"{value:.{digits - 1}e}".split("e")
        factor = factor.rstrip("0").rstrip(".")
        text = f"{factor}·10{str(int(power)).translate(_RAISED)}"
        text = text.replace("1·10", "10") if factor in ("1", "-1") else text
    return text.replace("-", "\N{MINUS SIGN}")


def digits_for(values: Sequence[float]) -> int:
    """So many that :func:`number` writes no two of *values* alike."""
    return next(
        (digits for digits in range(6, 17) if len({number(value, digits) for value in values}) == len(values)), 17
    )


def _without_flats(z: Array) -> Array:
    """The values but for those of a flat top and a flat bottom; all, if the rest does not spread."""
    flat = [value for value in (z.min(), z.max()) if (z == value).mean() > _SMALL]
    rest: Array = z[~np.isin(z, flat)]
    return rest if rest.size and np.ptp(rest) > _COARSE * np.ptp(z) else z


def _crowd(z: Array, low: float, high: float, critical: Sequence[float]) -> str | None:
    """At which values most of the area is: "low", "high", "middle", or None for nowhere."""
    span = high - low
    if not math.isfinite(span) or span < 1e-280:
        return None
    inside = [value for value in critical if low - span <= value <= high + span]
    if max(inside, default=low) > min(inside, default=low) + 1e-6 * span:
        if max(inside) < low + _LOW * span:
            return "low"
        if min(inside) > high - _LOW * span:
            return "high"
    parts = (np.quantile(z, np.linspace(0, 1, 41)) - low) / span
    many = round(_CROWD[0] * 40)
    widths = parts[many:] - parts[:-many]
    first = int(widths.argmin())
    if widths[first] > _CROWD[1]:
        return None
    if parts[first] < _EDGE:
        return "low"
    return "high" if parts[first + many] > 1 - _EDGE else "middle"


def _growing(z: Array, slopes: Array, where: str, saddles: Sequence[float]) -> Array:
    """Round levels at growing distances from the minimum, from the maximum, or on both sides of the median.

    *slopes* are the values of *z* that are worth levels.
    """
    low, high = float(z.min()), float(z.max())
    base = {"low": low, "middle": float(np.median(slopes)), "high": high}[where]
    distances = np.abs(slopes - base)
    span = float(distances.max())
    # The least that is worth a level, and what the area and the saddles want.
    is_inside = where != "middle" and bool((np.ma.filled(z[1:-1, 1:-1], np.nan) == base).any())
    least = max(float(np.quantile(distances, _SMALL)), (_FINE if is_inside else _COARSE) * span)
    near = [abs(value - base) for value in saddles if abs(value - base) > _FINE * span]
    steps = _steps(min([least, *near]), span, _BANDS // len(_SIGNS[where]))
    units = 10.0 ** np.floor(np.log10(steps) + 1e-9)
    values = np.unique([np.round((base + sign * steps) / units) * units for sign in _SIGNS[where]]) + 0.0
    return values[(values > low) & (values < high)]


def _steps(least: float, most: float, count: int) -> Array:
    """Round numbers that grow in proportion, from under *least* to *most*, some *count* of them."""
    first, last = math.floor(math.log10(least)), math.floor(math.log10(most))
    powers = 10.0 ** np.arange(first, last + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        steps = np.outer(powers, factors).ravel()
        steps = steps[steps <= most]
        steps = steps[max(0, int(np.searchsorted(steps, least, side="right")) - 1) :]
        if len(steps) <= count + 1:
            return steps
    return steps[:: -(-len(steps) // count)]


def _with_saddles(values: Array, saddles: Sequence[float]) -> tuple[Array, Array]:
    """*values* with those of the saddles, if these are few, and these."""
    inside: list[float] = []
    for value in sorted(saddles):
        # Symmetric points have values that rounding alone tells apart.
        is_new = not inside or value - inside[-1] > 1e-9 * (values[-1] - values[0])
        if is_new and values[0] < value < values[-1]:
            inside.append(value)
    through: list[float] = []
    for value in inside if len(inside) <= _SADDLES else []:
        place = float(np.interp(value, values, np.arange(len(values))))
        near = round(place)
        if abs(place - near) >= _TOO_CLOSE or near in (0, len(values) - 1):
            values = np.insert(values, math.ceil(place), value)
        elif float(values[near]) not in through:
            values = np.concatenate([values[:near], [value], values[near + 1 :]])
        else:
            continue
        through.append(value)
    return values, np.array(through)


def _norm(values: Array) -> Normalize:
    """Colours that change by the same step from each of *values* to the next."""
    parts = np.linspace(0.0, 1.0, len(values))
    return FuncNorm(
        (
            lambda z: np.where(np.isfinite(z), np.interp(z, values, parts), np.nan),
            lambda part: np.interp(part, parts, values),
        ),
        vmin=float(values[0]),
        vmax=float(values[-1]),
    )
