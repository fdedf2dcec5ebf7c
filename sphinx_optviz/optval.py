"""Numbers in the prose: what an expression of the role ``optval`` asks for, and the answer.

``LANDSCAPE[.FUNCTION].QUANTITY[(PLACE)] [| FORMAT]``, over the landscape's own domain, by the default framework.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sphinx_optviz.claims import height_of, quantities_at, quantities_of
from sphinx_optviz.frameworks import did_you_mean, framework
from sphinx_optviz.grammar import coordinates, kind_named
from sphinx_optviz.model import KINDS, Number
from sphinx_optviz.plan import Series
from sphinx_optviz.runs import Failure
from sphinx_optviz.spots import best, is_kink, spots, unknown_extremes, with_article

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_optviz.claims import Quantities
    from sphinx_optviz.critical import CriticalPoints
    from sphinx_optviz.landscapes import Catalogue
    from sphinx_optviz.model import Settings
    from sphinx_optviz.runs import Outcome, Run
    from sphinx_optviz.spots import Spot

# At a place in parentheses.
_AT = {
    "value": "value",
    "grad": "gradient",
    "gradient": "gradient",
    "hess": "hessian",
    "hessian": "hessian",
    "eigenvalues": "eigenvalues",
}
# Points, by what they are: "minima", "global_minima", "critical_points" and so on.
_POINTS = {plural.replace(" ", "_"): kind for kind, plural in KINDS.items()} | {"degenerate": "degenerate"}
_BEST = {"argmin": "minimum", "min": "minimum", "argmax": "maximum", "max": "maximum"}
_QUANTITIES = [*_AT, *_POINTS, *_BEST]
_PARTS = ["count", "at", "value", "eigenvalues", "x", "y"]

_EXPRESSION = re.compile(
    rf"(?P<landscape>[\w-]+)\.(?:(?P<function>(?!(?:{'|'.join(_QUANTITIES)})\b)\w+)\.)?(?P<quantity>\w+)"
    r"\s*(?:\((?P<place>[^()]*)\))?\s*(?:\[(?P<index>-?\d+)\])?\s*(?:\.(?P<part>\w+)(?:\[(?P<part_index>\d+)\])?)?"
)

_DEFAULT_FORMAT, _DEFAULT_OF_COUNT = ".4g", "d"

# What is smaller than this part of the numbers that it comes from is rounding.
_ROUNDING = 1e-12

# Letters of a number.
_LONGEST = 60


class ExpressionError(Exception):
    """An expression that means nothing; the message is for the author."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """An expression that is understood, and the runs that answer it: the first that succeeds does."""

    expression: str
    location: str
    function: str
    quantity: str
    kind: str  # of the points that are asked for, or at which a quantity is; "" for a place
    index: int | None
    part: str
    part_index: int | None
    format: str
    runs: tuple[Run, ...]


def question(expression: str, location: str, settings: Settings, catalogue: Catalogue) -> Question:
    """Raises ExpressionError or LandscapeError."""
    text, _, wanted_format = expression.partition("|")
    found = _EXPRESSION.fullmatch(text.strip())
    if found is None:
        raise ExpressionError("write it as 'saddle.value(1, 2)', 'saddle.hess(0, 0)' or 'local_minima.argmin'")
    is_count = found["part"] == "count"
    wanted_format = wanted_format.strip() or (_DEFAULT_OF_COUNT if is_count else _DEFAULT_FORMAT)
    _check_format(wanted_format, 2 if is_count else 1.5)
    landscape = catalogue.get(found["landscape"])
    functions = [function.name for function in landscape.functions]
    function = found["function"] or functions[0]
    if function not in functions:
        raise ExpressionError(f"{landscape.name} has no function {function!r}. {did_you_mean(function, functions)}")
    quantity = found["quantity"]
    if quantity not in _QUANTITIES:
        raise ExpressionError(f"unknown quantity {quantity!r}. {did_you_mean(quantity, _QUANTITIES)}")
    if found["part"] and (quantity not in _POINTS or found["part"] not in _PARTS):
        raise ExpressionError(f"{quantity} has no {found['part']!r}. {did_you_mean(found['part'], _PARTS)}")
    kind, at = _place(quantity, found["place"], len(landscape.axes))
    series = Series(landscape, landscape.axes)
    preferred = [settings.default_framework, *settings.frameworks, "numpy"]
    names = [name for name in dict.fromkeys(preferred) if name in landscape.sources]
    if not names:
        raise ExpressionError(f"no framework of {', '.join(dict.fromkeys(preferred))} has code for {landscape.name}")
    name = names[0]
    return Question(
        expression=expression,
        location=location,
        function=function,
        quantity=quantity,
        kind=kind,
        index=int(found["index"]) if found["index"] else None,
        part=found["part"] or "",
        part_index=int(found["part_index"]) if found["part_index"] else None,
        format=wanted_format,
        # Whether there is a gradient at a place, its number there does not tell.
        runs=(
            *([series.at(name, at)] if at else []),
            *([series.search(name)] if not at or quantity != "value" else []),
        ),
    )


def _check_format(text: str, sample: float) -> None:
    try:
        formatted = format(sample, text)
        if len(formatted) > _LONGEST:
            raise ValueError("it makes numbers too long")
        if not re.search(r"\d", formatted):
            raise ValueError("it shows no digits")
    except ValueError as error:
        raise ExpressionError(f"the format {text!r} is not valid: {error}") from error


def _place(quantity: str, place: str | None, variables: int) -> tuple[str, tuple[float, ...]]:
    """The kind of points, or the coordinates, at which *quantity* is asked for."""
    if quantity in _POINTS or quantity in _BEST:
        if place is not None:
            raise ExpressionError(f"{quantity} takes no place")
        return _POINTS.get(quantity) or f"global {_BEST[quantity]}", ()
    if not place or not place.strip():
        raise ExpressionError(f"{quantity} of what point? Write '{quantity}(0, 0)' or '{quantity}(argmin)'")
    word = place.strip()
    if word in _BEST:
        return f"global {_BEST[word]}", ()
    try:
        if re.search(r"[^\W\d_]{2,}", word):
            return kind_named(word.replace("_", " ")), ()
        at = coordinates(word)
    except ValueError as error:
        raise ExpressionError(str(error)) from error
    if len(at) != variables:
        raise ExpressionError(f"the function has {variables} variable(s), and ({word}) has {len(at)} coordinate(s)")
    return "", at


def answer(asked: Question, outcomes: Mapping[str, Outcome]) -> tuple[Number, str]:
    """What to show, and what is wrong ("" if nothing); where there is no answer, a question mark is shown."""
    outcome = outcomes[asked.runs[0].key]
    unknown = Number("?", "?")
    if isinstance(outcome, Failure):
        label = framework(asked.runs[0].framework).label
        return unknown, f"optval {asked.expression!r} has no value: {label} gave no result: {outcome.message}"
    try:
        if not asked.kind:
            _check_gradient(asked, outcomes)
            return _shown_quantity(quantities_at(outcome, asked.function), asked), ""
        return _of_points(outcome.critical[asked.function], asked), ""
    except ExpressionError as error:
        return unknown, f"optval {asked.expression!r}: {error}"


def _check_gradient(asked: Question, outcomes: Mapping[str, Outcome]) -> None:
    """Raises ExpressionError where the gradient jumps at the place that is asked for."""
    place, *searches = asked.runs
    at, widths = [axis.low for axis in place.axes], [axis.high - axis.low for run in searches for axis in run.axes]
    for run in searches:
        outcome = outcomes[run.key]
        if not isinstance(outcome, Failure) and is_kink(outcome.critical[asked.function], at, widths):
            raise ExpressionError(f"there is no {asked.quantity} at this point: the gradient jumps there")


def _of_points(critical: CriticalPoints, asked: Question) -> Number:
    found = [_without_rounding(spot, critical, asked) for spot in _in_order(spots(critical, asked.kind))]
    why = unknown_extremes(critical)
    if why and asked.kind.startswith("global"):
        raise ExpressionError(f"that cannot be told: {why}")
    if asked.part == "count":
        if critical.doubts:
            raise ExpressionError(f"that cannot be told for certain: {'; '.join(critical.doubts)}")
        return _number(len(found), asked.format)
    if asked.quantity in _BEST:
        return _best(critical, asked)
    if not found:
        raise ExpressionError(f"there is no {asked.kind} in the landscape's domain")
    if asked.quantity in _AT:
        if asked.index is not None and len(found) > 1:
            return _shown_quantity(quantities_of(_pick(found, asked)), replace(asked, index=None))
        return _shown_quantity(quantities_of(_single(found, asked)), asked)
    if any(spot.extended for spot in found) and asked.part != "value":
        raise ExpressionError(f"{with_article(asked.kind)} is not a point: ask for its value, or for the count")
    if asked.index is None and not asked.part:
        return _listed([_vector(spot.at, asked.format) for spot in found])
    spot = _single(found, asked) if asked.index is None else _pick(found, asked)
    return _part_of(spot, asked)


def _in_order(found: list[Spot]) -> list[Spot]:
    """From left to right, as critical points are in any case."""
    return found if any(spot.point for spot in found) else sorted(found, key=lambda spot: spot.at)


def _without_rounding(spot: Spot, critical: CriticalPoints, asked: Question) -> Spot:
    """*spot* with zeros for what is small in the domain, against the function's height, and among eigenvalues."""
    at = tuple(_zeroed([x], axis.high - axis.low)[0] for x, axis in zip(spot.at, asked.runs[0].axes, strict=True))
    value = _zeroed([spot.value], height_of(critical))[0]
    point = spot.point
    if point is not None:
        point = replace(point, eigenvalues=_zeroed(point.eigenvalues, max(map(abs, point.eigenvalues), default=0.0)))
    return replace(spot, at=at, value=value, point=point)


def _zeroed(numbers: Sequence[float], scale: float) -> tuple[float, ...]:
    least = _ROUNDING * scale if math.isfinite(scale) else 0.0
    return tuple(0.0 if abs(number) < least else number for number in numbers)


def _best(critical: CriticalPoints, asked: Question) -> Number:
    """The lowest (or highest) value, or where it is."""
    found = [_without_rounding(spot, critical, asked) for spot in best(critical, _BEST[asked.quantity])]
    if not found:
        raise ExpressionError("nothing is known of where the function is highest and lowest")
    if not asked.quantity.startswith("arg"):
        return _number(found[0].value, asked.format)
    extended = next((spot.kind.split()[0] for spot in found if spot.extended), "")
    if extended:
        raise ExpressionError(f"it is reached all along {with_article(extended)}, and not at a point")
    return _listed(
        [_vector(spot.at, asked.format) for spot in ([_pick(found, asked)] if asked.index is not None else found)]
    )


def _pick(found: Sequence[Spot], asked: Question) -> Spot:
    assert asked.index is not None
    if not -len(found) <= asked.index < len(found):
        raise ExpressionError(f"there are {len(found)}, and the first is [0]")
    return found[asked.index]


def _single(found: Sequence[Spot], asked: Question) -> Spot:
    if len(found) > 1:
        raise ExpressionError(f"there are {len(found)} points of kind {asked.kind!r}: pick one, the first is [0]")
    return found[0]


def _part_of(spot: Spot, asked: Question) -> Number:
    if asked.part in ("x", "y"):
        index = "xy".index(asked.part)
        if index >= len(spot.at):
            raise ExpressionError("the function has one variable")
        return _number(spot.at[index], asked.format)
    if asked.part == "value":
        if math.isnan(spot.value):
            raise ExpressionError("it is not the same all along the line of kinks")
        return _number(spot.value, asked.format)
    if asked.part == "eigenvalues":
        numbers = spot.eigenvalues
        if not numbers:
            raise ExpressionError("there are no eigenvalues at this point")
        if asked.part_index is not None:
            if asked.part_index >= len(numbers):
                raise ExpressionError(f"there are {len(numbers)} eigenvalues, and the first is [0]")
            return _number(numbers[asked.part_index], asked.format)
        return _listed([_number(number, asked.format) for number in numbers])
    return _vector(spot.at, asked.format)


def _shown_quantity(true: Quantities, asked: Question) -> Number:
    if asked.quantity == "value":
        if not math.isfinite(true.value):
            raise ExpressionError(f"the function is not finite there: {true.value}")
        return _number(true.value, asked.format)
    name = _AT[asked.quantity]
    numbers = {"gradient": true.gradient, "hessian": true.hessian, "eigenvalues": true.eigenvalues}[name]
    if not numbers:
        raise ExpressionError(f"there is no {name} at this point")
    if name != "gradient":
        numbers = _zeroed(numbers, max(map(abs, true.hessian)))
    if name == "eigenvalues":
        if asked.index is not None:
            if not -len(numbers) <= asked.index < len(numbers):
                raise ExpressionError(f"there are {len(numbers)}, and the first is [0]")
            return _number(numbers[asked.index], asked.format)
        return _listed([_number(number, asked.format) for number in numbers])
    if len(numbers) == 4:
        return _matrix(numbers, asked.format)
    return _vector(numbers, asked.format)


# ---- how numbers look


def _number(number: float, spec: str) -> Number:
    """With a real minus sign, and powers of ten as people write them."""
    number = number or abs(number)  # no negative zero
    text = format(number, spec)
    if float_is_zero(text):
        text = text.replace("-", "")
    mantissa, e, exponent = text.lower().partition("e")
    if not e:
        # In mathematics a comma is followed by a space, unless it stands in braces.
        return Number(text.replace("-", "−"), text.replace("%", r"\%").replace(",", "{,}"))
    power = str(int(exponent))
    plain = f"{mantissa}·10{power.translate(_SUPERSCRIPTS)}".replace("-", "−")
    return Number(plain, f"{mantissa} \\cdot 10^{{{power}}}")


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def float_is_zero(text: str) -> bool:
    """Whether a formatted number shows no digit but 0."""
    return not re.search(r"[1-9]", text.lower().partition("e")[0]) and not re.search(r"[a-df-z]", text.lower())


def _vector(numbers: Sequence[float], spec: str) -> Number:
    shown = [_number(number, spec) for number in numbers]
    if len(shown) == 1:
        return shown[0]
    return Number(f"({', '.join(part.text for part in shown)})", f"({', '.join(part.latex for part in shown)})")


def _listed(shown: Sequence[Number]) -> Number:
    return Number(", ".join(part.text for part in shown), ",\\ ".join(part.latex for part in shown))


def _matrix(numbers: Sequence[float], spec: str) -> Number:
    a, b, c, d = (_number(number, spec) for number in numbers)
    text = f"[[{a.text}, {b.text}], [{c.text}, {d.text}]]"
    latex = rf"\begin{{pmatrix}} {a.latex} & {b.latex} \\ {c.latex} & {d.latex} \end{{pmatrix}}"
    return Number(text, latex, is_matrix=True)
