"""Numbers in the prose: what an expression of the role ``optval`` asks for, and the answer.

``LANDSCAPE[.FUNCTION].QUANTITY[(PLACE)] [| FORMAT]``, over the landscape's own domain, by the default framework.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from sphinx_optviz.claims import height_of, quantities_at, quantities_of
from sphinx_optviz.critical import CriticalPoint
from sphinx_optviz.expressions import BEST, Attribute, Call, ExpressionError, Index, Name, Points, parse
from sphinx_optviz.frameworks import did_you_mean, framework
from sphinx_optviz.model import KINDS, Number
from sphinx_optviz.plan import Series
from sphinx_optviz.runs import Failure
from sphinx_optviz.spots import Spot, best, is_kink, spots, unknown_extremes, with_article

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_optviz.claims import Quantities
    from sphinx_optviz.critical import CriticalPoints
    from sphinx_optviz.expressions import Node
    from sphinx_optviz.landscapes import Catalogue, Landscape
    from sphinx_optviz.model import Settings
    from sphinx_optviz.runs import Outcome, Run

T = TypeVar("T")

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
_QUANTITIES = [*_AT, *_POINTS, *BEST]
_PARTS = ["count", "at", "value", "eigenvalues", "x", "y"]
_COORDINATES = ("x", "y")

_DEFAULT_FORMAT, _DEFAULT_OF_COUNT = ".4g", "d"

# What is smaller than this part of the numbers that it comes from is rounding.
_ROUNDING = 1e-12

# Letters of a number.
_LONGEST = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """An expression that is understood, and the runs that answer it."""

    expression: str
    location: str
    function: str
    quantity: str
    points: Points | None  # those that are asked for, or at which a quantity is; None for a place
    trailers: tuple[int | str, ...]  # behind the quantity: indices and parts
    format: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of a landscape is asked for: in turn its function, a quantity, the place of that, and a part."""

    landscape: Landscape
    function: str = ""
    quantity: str = ""
    place: tuple[float, ...] | Points | None = None
    trailers: tuple[int | str, ...] = ()


def question(expression: str, location: str, settings: Settings, catalogue: Catalogue) -> Question:
    """Raises ExpressionError or LandscapeError."""
    text, _, wanted_format = expression.partition("|")
    asked = _resolved(parse(text), catalogue)
    if not asked.quantity:
        raise ExpressionError(f"{text.strip()!r} is a function: ask for a quantity of it, as in 'saddle.value(1, 2)'")
    is_count = asked.trailers[-1:] == ("count",)
    wanted_format = wanted_format.strip() or (_DEFAULT_OF_COUNT if is_count else _DEFAULT_FORMAT)
    _check_format(wanted_format, 2 if is_count else 1.5)
    landscape = asked.landscape
    points, at = _place(asked)
    _check_trailers(asked)
    series = Series(landscape, landscape.axes)
    preferred = [settings.default_framework, *settings.frameworks, "numpy"]
    names = [name for name in dict.fromkeys(preferred) if name in landscape.sources]
    if not names:
        raise ExpressionError(f"no framework of {', '.join(dict.fromkeys(preferred))} has code for {landscape.name}")
    name = names[0]
    return Question(
        expression=expression,
        location=location,
        function=asked.function or landscape.functions[0].name,
        quantity=asked.quantity,
        points=points,
        trailers=asked.trailers,
        format=wanted_format,
        # Whether there is a gradient at a place, its number there does not tell.
        runs=(
            *([series.at(name, at)] if at else []),
            *([series.search(name)] if not at or asked.quantity != "value" else []),
        ),
    )


def _resolved(node: Node, catalogue: Catalogue, then: str = "") -> _Asked:
    """What *node* means, where the name *then* follows it. Raises ExpressionError or LandscapeError."""
    if isinstance(node, Name):
        return _Asked(catalogue.get(node.text))
    asked = _resolved(node.of, catalogue, node.name if isinstance(node, Attribute) else "")
    if isinstance(node, Call):
        if not asked.quantity or asked.trailers or asked.place is not None:
            raise ExpressionError("a place in parentheses stands behind a quantity, as in 'saddle.value(1, 2)'")
        return replace(asked, place=node.place)
    if asked.quantity:
        return replace(asked, trailers=(*asked.trailers, node.name if isinstance(node, Attribute) else node.number))
    if isinstance(node, Index):
        raise ExpressionError(f"an index stands behind a quantity, as in 'himmelblau.minima[{node.number}]'")
    functions = [function.name for function in asked.landscape.functions]
    if node.name in _QUANTITIES:
        return replace(asked, quantity=node.name)
    if asked.function or (then not in _QUANTITIES and node.name not in functions):
        raise ExpressionError(f"unknown quantity {node.name!r}. {did_you_mean(node.name, _QUANTITIES)}")
    if node.name not in functions:
        name = asked.landscape.name
        raise ExpressionError(f"{name} has no function {node.name!r}. {did_you_mean(node.name, functions)}")
    return replace(asked, function=node.name)


def _check_format(text: str, sample: float) -> None:
    try:
        formatted = format(sample, text)
        if len(formatted) > _LONGEST:
            raise ValueError("it makes numbers too long")
        if not re.search(r"\d", formatted):
            raise ValueError("it shows no digits")
    except ValueError as error:
        raise ExpressionError(f"the format {text!r} is not valid: {error}") from error


def _place(asked: _Asked) -> tuple[Points | None, tuple[float, ...]]:
    """The points, or the coordinates, at which a quantity is asked for. Raises ExpressionError."""
    quantity, place, variables = asked.quantity, asked.place, len(asked.landscape.axes)
    if quantity in _POINTS or quantity in BEST:
        if place is not None:
            raise ExpressionError(f"{quantity} takes no place")
        return Points(_POINTS.get(quantity) or f"global {BEST[quantity]}"), ()
    if not place:
        raise ExpressionError(f"{quantity} of what point? Write '{quantity}(0, 0)' or '{quantity}(argmin)'")
    if isinstance(place, Points):
        return place, ()
    if len(place) != variables:
        found = ", ".join(f"{x:g}" for x in place)
        raise ExpressionError(f"the function has {variables} variable(s), and ({found}) has {len(place)} coordinate(s)")
    return None, place


def _check_trailers(asked: _Asked) -> None:
    """Raises ExpressionError for parts that the quantity cannot have, wherever the function's points are."""
    sample = _sample(asked)
    for trailer in asked.trailers:
        if isinstance(sample, list):
            sample = sample[0] if trailer != "count" else 0
            if isinstance(trailer, int) or trailer == "count":
                continue
        sample = _part(sample, trailer, asked.quantity)


def _sample(asked: _Asked) -> Value:
    """A value as *asked* has it before its trailers."""
    zeros = (0.0,) * len(asked.landscape.axes)
    if asked.quantity in _POINTS or asked.quantity.startswith("arg"):
        point = CriticalPoint(
            at=zeros, value=0.0, kind="minimum", degenerate=False, valleys=0, eigenvalues=zeros, eigenvectors=()
        )
        return [Spot("minimum", zeros, 0.0, point)]
    shapes: dict[str, Value] = {
        "gradient": _Vector(zeros, "component"),
        "hessian": _Matrix((zeros,) * len(zeros)),
        "eigenvalues": _Vector(zeros, "eigenvalue", listed=True),
    }
    return shapes.get(_AT.get(asked.quantity, ""), 0.0)


def answer(asked: Question, outcomes: Mapping[str, Outcome]) -> tuple[Number, str]:
    """What to show, and what is wrong ("" if nothing); where there is no answer, a question mark is shown."""
    outcome = outcomes[asked.runs[0].key]
    unknown = Number("?", "?")
    if isinstance(outcome, Failure):
        if outcome.subtype.startswith("framework"):  # reported once for the whole book
            return unknown, ""
        label = framework(asked.runs[0].framework).label
        return unknown, f"optval {asked.expression!r} has no value: {label} gave no result: {outcome.message}"
    try:
        if asked.points is None:
            _check_gradient(asked, outcomes)
            value = _quantity(quantities_at(outcome, asked.function), asked.quantity)
        else:
            value = _of_points(outcome.critical[asked.function], asked, asked.points)
        return _shown(_followed(value, asked), asked), ""
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


# ---- values


@dataclass(frozen=True, slots=True)
class _Vector:
    """Numbers in a row: a point, a gradient, or a list of eigenvalues."""

    numbers: tuple[float, ...]
    noun: str  # what each of them is
    listed: bool = False  # shown without parentheses


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Rows of a Hessian."""

    rows: tuple[tuple[float, ...], ...]


# A number, a count, a vector, a matrix, a point, or several points.
Value = float | int | _Vector | _Matrix | Spot | list[Spot]


def _quantity(true: Quantities, quantity: str) -> Value:
    """The value, gradient, Hessian or eigenvalues at a point. Raises ExpressionError where there is none."""
    if quantity == "value":
        if not math.isfinite(true.value):
            raise ExpressionError(f"the function is not finite there: {true.value}")
        return true.value
    name = _AT[quantity]
    numbers = {"gradient": true.gradient, "hessian": true.hessian, "eigenvalues": true.eigenvalues}[name]
    if not numbers:
        raise ExpressionError(f"there is no {name} at this point")
    if name == "gradient":
        return _Vector(numbers, "component")
    numbers = _zeroed(numbers, max(map(abs, true.hessian)))
    if name == "eigenvalues":
        return _Vector(numbers, "eigenvalue", listed=True)
    size = math.isqrt(len(numbers))
    return _Matrix(tuple(numbers[start : start + size] for start in range(0, len(numbers), size)))


def _of_points(critical: CriticalPoints, asked: Question, points: Points) -> Value:
    """Points, or a quantity at one of them. Raises ExpressionError where nothing can be said of them."""
    if asked.quantity in BEST:
        return _best(critical, asked)
    height = height_of(critical)
    found = [_without_rounding(spot, height, asked) for spot in _in_order(spots(critical, points.kind))]
    why = unknown_extremes(critical)
    if why and points.kind.startswith("global"):
        raise ExpressionError(f"that cannot be told: {why}")
    if asked.trailers[:1] == ("count",):
        if critical.doubts:
            raise ExpressionError(f"that cannot be told for certain: {'; '.join(critical.doubts)}")
        return found
    if not found:
        raise ExpressionError(f"there is no {points.kind} in the landscape's domain")
    if asked.quantity not in _AT:
        return found
    if points.index is None and len(found) > 1:
        words = KINDS.get(points.kind, points.kind).replace(" ", "_")
        raise ExpressionError(
            f"there are {len(found)} points of kind {points.kind!r}: pick one, as in '{asked.quantity}({words}[0])'"
        )
    return _quantity(quantities_of(_picked(found, points.index or 0)), asked.quantity)


def _in_order(found: list[Spot]) -> list[Spot]:
    """From left to right, as critical points are in any case."""
    return found if any(spot.point for spot in found) else sorted(found, key=lambda spot: spot.at)


def _without_rounding(spot: Spot, height: float, asked: Question) -> Spot:
    """*spot* with zeros for what is small in the domain, against the function's *height*, and among eigenvalues."""
    at = tuple(_zeroed([x], axis.high - axis.low)[0] for x, axis in zip(spot.at, asked.runs[0].axes, strict=True))
    value = _zeroed([spot.value], height)[0]
    point = spot.point
    if point is not None:
        point = replace(point, eigenvalues=_zeroed(point.eigenvalues, max(map(abs, point.eigenvalues), default=0.0)))
    return replace(spot, at=at, value=value, point=point)


def _zeroed(numbers: Sequence[float], scale: float) -> tuple[float, ...]:
    least = _ROUNDING * scale if math.isfinite(scale) else 0.0
    return tuple(0.0 if abs(number) < least else number for number in numbers)


def _best(critical: CriticalPoints, asked: Question) -> Value:
    """The lowest (or highest) value, or where it is. Raises ExpressionError where that is not known."""
    if why := unknown_extremes(critical):
        raise ExpressionError(f"that cannot be told: {why}")
    height = height_of(critical)
    found = [_without_rounding(spot, height, asked) for spot in best(critical, BEST[asked.quantity])]
    if not found:
        raise ExpressionError("nothing is known of where the function is highest and lowest")
    if not asked.quantity.startswith("arg"):
        return found[0].value
    extended = next((spot.kind.split()[0] for spot in found if spot.extended), "")
    if extended:
        raise ExpressionError(f"it is reached all along {with_article(extended)}, and not at a point")
    return found


# ---- parts of values


def _followed(value: Value, asked: Question) -> Value:
    """*value* with the trailers of the question. Raises ExpressionError."""
    for trailer in asked.trailers:
        if isinstance(value, list) and trailer == "count":
            value = len(value)
        elif isinstance(value, list) and isinstance(trailer, int):
            value = _picked(value, trailer)
        elif isinstance(value, list) and value[0].extended and trailer != "value":
            raise _no_point(value[0])
        elif isinstance(value, list) and len(value) > 1:
            what = asked.points.kind if asked.points and asked.quantity not in BEST else asked.quantity
            raise ExpressionError(f"there are {len(value)} points of kind {what!r}: pick one, the first is [0]")
        else:
            value = _part(value[0] if isinstance(value, list) else value, trailer, asked.quantity)
    return value


def _picked(found: Sequence[Spot], index: int) -> Spot:
    if not -len(found) <= index < len(found):
        raise ExpressionError(f"there are {len(found)}, and the first is [0]")
    return found[index]


def _part(value: Value, trailer: int | str, quantity: str) -> Value:
    """One component or property of *value*. Raises ExpressionError."""
    if isinstance(value, Spot):
        return _part_of_point(value, trailer, quantity)
    if isinstance(trailer, int) and isinstance(value, _Matrix):
        return _Vector(_component(value.rows, trailer, "row"), "column")
    if isinstance(trailer, int) and isinstance(value, _Vector):
        return _component(value.numbers, trailer, value.noun)
    if isinstance(trailer, int):
        raise ExpressionError(f"{quantity} is one number: leave out [{trailer}]")
    if isinstance(value, _Vector) and trailer in _COORDINATES and not value.listed:
        return _coordinate(value.numbers, trailer)
    known = list(_COORDINATES) if isinstance(value, _Vector) and not value.listed else []
    hint = f" {did_you_mean(trailer, known)}" if known else ""
    raise ExpressionError(f"{quantity} has no {trailer!r}.{hint}")


def _component(parts: Sequence[T], index: int, noun: str) -> T:
    if not -len(parts) <= index < len(parts):
        number = f"is 1 {noun}" if len(parts) == 1 else f"are {len(parts)} {noun}s"
        raise ExpressionError(f"there {number}, and the first is [0]")
    return parts[index]


def _coordinate(numbers: Sequence[float], name: str) -> float:
    index = _COORDINATES.index(name)
    if index >= len(numbers):
        raise ExpressionError("the function has one variable")
    return numbers[index]


def _no_point(spot: Spot) -> ExpressionError:
    return ExpressionError(f"{with_article(spot.kind)} is not a point: ask for its value, or for the count")


def _part_of_point(spot: Spot, part: int | str, quantity: str) -> Value:
    if isinstance(part, int):
        raise ExpressionError(f"it is one point: for a coordinate write '.x' or '.y' and not [{part}]")
    if part not in _PARTS:
        raise ExpressionError(f"{quantity} has no {part!r}. {did_you_mean(part, _PARTS)}")
    if spot.extended and part != "value":
        raise ExpressionError(
            f"{with_article(spot.kind.split()[-1])} is not a point: ask for its value, or for the count"
        )
    if part == "value":
        if math.isnan(spot.value):
            raise ExpressionError("it is not the same all along the line of kinks")
        return spot.value
    if part == "eigenvalues":
        if not spot.eigenvalues:
            raise ExpressionError("there are no eigenvalues at this point")
        return _Vector(spot.eigenvalues, "eigenvalue", listed=True)
    if part == "at":
        return _Vector(spot.at, "coordinate")
    return _coordinate(spot.at, part)


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


def _shown(value: Value, asked: Question) -> Number:
    """*value* as text and mathematics. Raises ExpressionError for what is no point."""
    spec = asked.format
    if isinstance(value, int | float):
        return _number(value, spec)
    if isinstance(value, _Matrix):
        return _matrix(value.rows, spec) if len(value.rows) > 1 else _number(value.rows[0][0], spec)
    if isinstance(value, _Vector):
        shown = [_number(number, spec) for number in value.numbers]
        return _listed(shown) if value.listed else _vector(shown)
    points = [value] if isinstance(value, Spot) else value
    if extended := next((spot for spot in points if spot.extended), None):
        raise _no_point(extended)
    return _listed([_vector([_number(x, spec) for x in spot.at]) for spot in points])


def _vector(shown: Sequence[Number]) -> Number:
    if len(shown) == 1:
        return shown[0]
    return Number(f"({', '.join(part.text for part in shown)})", f"({', '.join(part.latex for part in shown)})")


def _listed(shown: Sequence[Number]) -> Number:
    return Number(", ".join(part.text for part in shown), ",\\ ".join(part.latex for part in shown))


def _matrix(rows: Sequence[Sequence[float]], spec: str) -> Number:
    shown = [[_number(number, spec) for number in row] for row in rows]
    text = ", ".join(f"[{', '.join(part.text for part in row)}]" for row in shown)
    latex = r" \\ ".join(" & ".join(part.latex for part in row) for row in shown)
    return Number(f"[{text}]", rf"\begin{{pmatrix}} {latex} \end{{pmatrix}}", is_matrix=True)
