"""Whether what an author claims is true: each claim against what the build has computed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from sphinx_optviz.model import KINDS
from sphinx_optviz.spots import coordinates, is_kink, lowest, name_of, spots, unknown_extremes, with_article

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_optviz.critical import CriticalPoints
    from sphinx_optviz.model import Claim
    from sphinx_optviz.runs import Operation, Result
    from sphinx_optviz.spots import Spot

_OPERATIONS: tuple[Operation, ...] = ("values", "gradients", "hessians")

# A number that is written without rounding has to be right to this part of itself, or of the domain; a value to less.
_EXACT = 1e-6
_EXACT_VALUE = 1e-7

# Of the domain: so far from a bent line may be what lies on it, for it is known at some two hundred points.
_LINE = 5e-4

# What rounding leaves of the numbers that a result is made of, at most.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantities:
    """What a function is at one point: the gradient has one number a variable, the Hessian its square, row by row."""

    value: float
    gradient: tuple[float, ...]
    hessian: tuple[float, ...]
    eigenvalues: tuple[float, ...]  # ascending
    height: float = 0.0  # of the function in its domain, as far as that is known: against it a value is small


def tolerance_of(written: str, scale: float, part: float = _EXACT) -> float:
    """How far the true number may be from one that is *written* so, where numbers differ by the size *scale*.

    Half a unit of the last digit, for a number with at least two decimals, or a decimal point and three digits: it may
    have been rounded. A coarser one, such as 2 or 1.1, is meant as it stands.
    """
    mantissa, _, exponent = written.lower().replace("−", "-").partition("e")
    decimals = len(mantissa.partition(".")[2])
    digits = len(re.sub(r"\D", "", mantissa).lstrip("0"))
    exact = part * scale
    if decimals >= 2 or (decimals == 1 and digits >= 3):
        return max(0.5000001 * 10.0 ** (int(exponent or 0) - decimals), exact)
    return exact


def _number(written: str) -> float:
    return float(written.replace("−", "-"))


def check_points(claim: Claim, critical: CriticalPoints, widths: Sequence[float]) -> str:
    """What is wrong with a claim about critical points, "" if nothing; *widths* of the domain."""
    kind = claim.where.kind
    if kind.startswith("global") and (why := unknown_extremes(critical)):
        return f"that cannot be told: {why}"
    found = spots(critical, kind, claim.where.near)
    if claim.count is not None:
        return _check_count(claim.count, kind, found, critical)
    if len(claim.numbers) != len(widths):
        variables = "one variable" if len(widths) == 1 else "two variables"
        return f"the function has {variables}, and {coordinates(map(_number, claim.numbers))} is no point of it"
    if not claim.where.near and any(spot.extended for spot in found):
        found = spots(critical, kind, [_number(text) for text in claim.numbers])
    for spot in found:
        if _is_at(claim, spot, widths):
            return ""
    border = next((spot for spot in found if spot.known_to and _is_at(claim, spot, widths, spot.known_to)), None)
    if border is not None:
        return f"that cannot be told: the plateau's border is known to {coordinates(border.known_to)} only"
    return _unsure(critical) or _instead(claim, kind, found, critical, widths)


def _is_at(claim: Claim, spot: Spot, widths: Sequence[float], blur: Sequence[float] = ()) -> bool:
    """Whether *spot* is where the claim says, to the claim's tolerance or to a *blur* along each axis."""
    least = _LINE if spot.extended and spot.kind != "plateau" else 0.0
    return all(
        abs(_number(text) - x) <= max(_allowed(claim, text, width), least * width, more)
        for text, x, width, more in zip(claim.numbers, spot.at, widths, blur or [0.0] * len(widths), strict=True)
    )


def _unsure(critical: CriticalPoints) -> str:
    return f"that cannot be told: {'; '.join(critical.doubts)}" if critical.doubts else ""


def _allowed(claim: Claim, written: str, scale: float) -> float:
    part = _EXACT_VALUE if claim.subject == "value" else _EXACT
    return claim.tolerance if claim.tolerance is not None else tolerance_of(written, scale, part)


def _check_count(count: int, kind: str, found: Sequence[Spot], critical: CriticalPoints) -> str:
    if critical.doubts:
        return _unsure(critical)
    if len(found) == count:
        return ""
    if not found:
        return f"there is no {kind}{_whole(critical)}"
    told = f"there {'is 1 ' + kind if len(found) == 1 else f'are {len(found)} {KINDS[kind]}'}"
    return f"{told}: {_listed(found)}"


def _listed(found: Sequence[Spot]) -> str:
    places = [coordinates(spot.at) for spot in found[:9]]
    return ", ".join(places) + (f" and {len(found) - 9} more" if len(found) > 9 else "")


def _whole(critical: CriticalPoints) -> str:
    """What there is instead of critical points that are alone."""
    parts = []
    for line in critical.lines:
        what = line.kind or "line of critical points"
        where = (
            f", closed, through {coordinates(line.at[0])}"
            if line.is_closed
            else (f" from {coordinates(line.at[0])} to {coordinates(line.at[-1])}")
        )
        parts += [f"a {what}{where}"]
    for plateau in critical.plateaus:
        parts.append(f"a plateau from {coordinates(plateau.low)} to {coordinates(plateau.high)}")
    return f"; there is {' and '.join(parts[:4])}" if parts else ""


def _instead(claim: Claim, kind: str, found: Sequence[Spot], critical: CriticalPoints, widths: Sequence[float]) -> str:
    """The truth, where no point of *kind* is where the author says."""
    place = [_number(text) for text in claim.numbers]
    everything = [*spots(critical, "critical point"), *spots(critical, "kink", place)]
    everything += [*spots(critical, "edge minimum"), *spots(critical, "edge maximum")]
    here = [
        spot
        for spot in everything
        if all(
            abs(x - y) <= max(_allowed(claim, text, width), 1e-3 * width)
            for x, y, text, width in zip(spot.at, place, claim.numbers, widths, strict=True)
        )
    ]
    if found:
        many = len(found) > 1
        truth = f"the {KINDS[kind] if many else kind} {'are' if many else 'is'} at {_listed(found)}"
    else:
        truth = f"there is no {kind}{_whole(critical)}"
    if here and here[0] not in found:
        truth += f"; at {coordinates(here[0].at)} there is {with_article(name_of(here[0], critical))}"
        if here[0].eigenvalues:
            truth += (
                f", with the eigenvalue{'s' if len(here[0].eigenvalues) > 1 else ''} {_numbers(here[0].eigenvalues)}"
            )
    return truth


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.6g}" if abs(value) < 1e5 else f"{value:.12g}" for value in values)


def check_at_place(claim: Claim, true: Quantities, critical: CriticalPoints | None, widths: Sequence[float]) -> str:
    """What is wrong with a claim about a number at a place, "" if nothing."""
    if critical and claim.subject != "value" and is_kink(critical, claim.where.near, widths):
        return f"there is no {'Hessian' if claim.subject == 'eigenvalues' else claim.subject}: the gradient jumps there"
    return check_quantity(claim, true)


def check_quantity(claim: Claim, true: Quantities) -> str:
    """What is wrong with a claim about a number, "" if nothing."""
    numbers = {
        "value": (true.value,),
        "gradient": true.gradient,
        "hessian": true.hessian,
        "eigenvalues": true.eigenvalues,
    }[claim.subject]
    what = {"hessian": "Hessian", "eigenvalues": "eigenvalues" if len(numbers) > 1 else "eigenvalue"}
    name = what.get(claim.subject, claim.subject)
    verb = "are" if name == "eigenvalues" else "is"
    if len(claim.numbers) != len(numbers):
        return f"the {name} {verb} {_numbers(numbers)}, and not {len(claim.numbers)} number(s)"
    wanted = list(zip(claim.numbers, numbers, strict=True))
    if claim.subject == "eigenvalues":  # in any order
        wanted = list(zip(sorted(claim.numbers, key=_number), sorted(numbers), strict=True))
    # Rounding leaves 1e-17 where a number is zero: against what it comes from, that is nothing.
    others = {"value": (true.height, *true.gradient), "gradient": true.hessian}.get(claim.subject, true.hessian)
    rounding = _ROUNDING * max(map(abs, (*numbers, *others)), default=0.0)
    if claim.subject == "gradient":  # it vanishes at a place that can be written with so many digits only
        rounding *= 1000
    scale = max(map(abs, numbers), default=0.0)
    if claim.subject == "value" and true.height:
        scale = min(scale, true.height)
    if all(abs(_number(text) - number) <= max(_allowed(claim, text, scale), rounding) for text, number in wanted):
        return ""
    return f"the {name} {verb} {_numbers(numbers)}"


def check_at_spots(claim: Claim, critical: CriticalPoints) -> str:
    """What is wrong with a claim about a number at points by their kind, "" if nothing; all of them must have it."""
    if claim.where.kind.startswith("global") and (why := unknown_extremes(critical)):
        return f"that cannot be told: {why}"
    found = spots(critical, claim.where.kind, claim.where.near)
    if not found:
        return f"there is no {claim.where.kind}{_whole(critical)}"
    for spot in found:
        if isnan(spot.value):
            return f"it is not the same all along the {spot.kind}s through {coordinates(spot.at)}"
        if wrong := check_quantity(claim, quantities_of(spot, height_of(critical))):
            return f"at {coordinates(spot.at)} {wrong}"
    return ""


def height_of(critical: CriticalPoints | None) -> float:
    """By how much the values of all that was found differ; 0 if nothing was."""
    highest, lowest_ = (lowest(critical, kind) if critical else None for kind in ("maximum", "minimum"))
    return highest.value - lowest_.value if highest and lowest_ else 0.0


def quantities_of(spot: Spot, height: float = 0.0) -> Quantities:
    """At a critical point: the Hessian is put together from its eigenvalues and eigenvectors."""
    vectors = spot.point.eigenvectors if spot.point else ()
    variables = range(len(spot.at))
    hessian = tuple(
        sum(value * vector[i] * vector[j] for value, vector in zip(spot.eigenvalues, vectors, strict=True))
        for i in variables
        for j in variables
    )
    gradient = tuple(0.0 for _ in variables) if spot.point else ()
    return Quantities(
        value=spot.value,
        gradient=gradient,
        hessian=hessian if vectors else (),
        eigenvalues=spot.eigenvalues,
        height=height,
    )


def quantities_at(result: Result, function: str, height: float = 0.0) -> Quantities:
    """Of a run at a single point."""
    import numpy

    value, gradient, hessian = (
        numpy.frombuffer(result.arrays[operation, function].data, dtype="<f8") for operation in _OPERATIONS
    )
    size = len(gradient)
    finite = bool(numpy.isfinite(hessian).all())
    eigenvalues = numpy.linalg.eigvalsh(hessian.reshape(size, size)) if finite else ()
    return Quantities(
        value=float(value[0]),
        gradient=tuple(map(float, gradient)),
        hessian=tuple(map(float, hessian)),
        eigenvalues=tuple(map(float, eigenvalues)),
        height=height,
    )
