"""What authors write in one line: places, claims. Form only; nothing here knows whether a claim is true."""

from __future__ import annotations

import math
import re

from sphinx_optviz.frameworks import did_you_mean
from sphinx_optviz.model import KINDS, MAX_COORDINATE, Annotation, Claim, Where

# Other words for the same.
_SYNONYMS = {
    "saddle point": "saddle",
    "saddle points": "saddles",
    "inflection point": "inflection",
    "inflection points": "inflections",
    "degenerate point": "degenerate",
    "degenerate critical point": "degenerate",
    "degenerate critical points": "degenerate points",
    "minimums": "minima",
    "maximums": "maxima",
    "plateaux": "plateaus",
}
_SINGULAR = {plural: kind for kind, plural in KINDS.items()}
_QUANTITIES = {
    "value": "value",
    "gradient": "gradient",
    "grad": "gradient",
    "slope": "gradient",
    "hessian": "hessian",
    "hess": "hessian",
    "curvature": "hessian",
    "eigenvalues": "eigenvalues",
    "eigenvalue": "eigenvalues",
}
_NUMBER = r"[-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+−]?\d+)?"
_TOLERANCE = re.compile(rf"^(.*?)\s*(?:±|\+-|\+/-)\s*({_NUMBER})$")
_COUNT = re.compile(r"^(\d+|no|one|two|three|four|five|six|seven|eight|nine|ten)\s+(.*)$", re.IGNORECASE)
_WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def number(text: str) -> float:
    """A finite number that can be a coordinate. Raises ValueError."""
    try:
        found = float(text.strip().replace("−", "-"))
    except ValueError:
        raise ValueError(f"{text.strip()!r} is not a number") from None
    if not math.isfinite(found):
        raise ValueError(f"{text.strip()!r} is not a finite number")
    if abs(found) > MAX_COORDINATE:
        raise ValueError(f"{text.strip()!r} is not a number of at most {MAX_COORDINATE:g}")
    return found


def coordinates(text: str) -> tuple[float, ...]:
    """``x``, ``(x)`` or ``(x, y)``. Raises ValueError."""
    return tuple(number(part) for part in _written_coordinates(text))


def _written_coordinates(text: str) -> tuple[str, ...]:
    bare = text.strip()
    bare = bare[1:-1] if bare.startswith("(") and bare.endswith(")") else bare
    parts = tuple(part.strip() for part in bare.split(","))
    if len(parts) > 2:
        raise ValueError(f"{text.strip()!r} has more than two coordinates")
    for part in parts:
        number(part)
    return parts


def kind_named(text: str) -> str:
    """The kind of points that *text* means, in singular or plural. Raises ValueError."""
    word = " ".join(text.lower().split())
    word = _SYNONYMS.get(word, word)
    word = _SINGULAR.get(word, word)
    if word not in KINDS:
        raise ValueError(f"unknown kind of point {text.strip()!r}. {did_you_mean(word, list(KINDS))}")
    return word


def kinds_named(text: str) -> tuple[str, ...]:
    """Kinds separated by commas; "all" when there is none. Raises ValueError."""
    names = [name for name in text.split(",") if name.strip()]
    return tuple(dict.fromkeys(kind_named(name) for name in names if name.strip().lower() != "all")) or ("all",)


def where(text: str) -> Where:
    """``KIND [of NAME] [near PLACE]``. Raises ValueError."""
    rest, near_word, near = text.strip().partition(" near ")
    kind, of_word, of = rest.partition(" of ")
    if of_word and not re.fullmatch(r"[\w.-]+", of.strip()):
        raise ValueError(f"{of.strip()!r} is not the name of a function or a landscape")
    return Where(kind_named(kind), of.strip(), coordinates(near) if near_word else ())


def place(text: str) -> Where | tuple[float, ...]:
    """Coordinates, or points by what they are. Raises ValueError."""
    words = set(re.findall(r"[^\W\d_]{2,}", text.lower()))
    if words - {"nan", "inf", "infinity"}:  # numbers to Python, if not to us
        return where(text)
    return coordinates(text)


def through(text: str) -> Where:
    """A critical point by what it is, or the one nearest to some coordinates. Raises ValueError."""
    found = place(text)
    return found if isinstance(found, Where) else Where("critical point", "", found)


def annotation(text: str, line: int) -> Annotation:
    """``TEXT @ PLACE``, which stands on *line*. Raises ValueError."""
    label, at, at_what = text.rpartition("@")
    if not at or not label.strip():
        raise ValueError(f"{text!r} is not of the form 'TEXT @ x', 'TEXT @ (x, y)' or 'TEXT @ global minimum'")
    return Annotation(label.strip(), place(at_what), line)


def claim(text: str, line: int) -> Claim:
    """One claim that stands on *line*. Raises ValueError.

    ``KIND [of NAME] @ PLACE``, ``COUNT KINDS [of NAME]``, or ``QUANTITY [of NAME] @ PLACE = NUMBERS``; each may end in
    ``± TOLERANCE``.
    """
    whole = " ".join(text.split())
    body, tolerance = whole, None
    if with_tolerance := _TOLERANCE.match(whole):
        body, tolerance = with_tolerance[1], number(with_tolerance[2])
        if tolerance < 0:
            raise ValueError(f"{whole!r} is not valid: a tolerance is not negative")
    left, at, right = body.partition("@")
    if not at:
        return _count_claim(whole, body, line, tolerance)
    subject, of_word, of = left.strip().partition(" of ")
    quantity = _QUANTITIES.get(subject.strip().lower())
    if quantity is None:
        at_what = _written_coordinates(right)
        return Claim(text=whole, line=line, subject="points", where=where(left), numbers=at_what, tolerance=tolerance)
    spot, equals, numbers = right.partition("=")
    if not equals:
        raise ValueError(f"{whole!r} says no number: write '{subject.strip()} @ PLACE = NUMBER'")
    found = place(spot)
    found = found if isinstance(found, Where) else Where("place", "", found)
    if of_word:
        found = Where(found.kind, of.strip(), found.near)
    written = tuple(filter(None, re.split(r"[\s,;()\[\]]+", numbers)))
    for part in written:
        number(part)
    if not written:
        raise ValueError(f"{whole!r} says no number after '='")
    return Claim(text=whole, line=line, subject=quantity, where=found, numbers=written, tolerance=tolerance)


def _count_claim(whole: str, body: str, line: int, tolerance: float | None) -> Claim:
    counted = _COUNT.match(body.strip())
    if counted is None or tolerance is not None:
        raise ValueError(
            f"{whole!r} is no claim: write 'KIND @ PLACE', 'COUNT KINDS', or 'value @ PLACE = NUMBER'; "
            "instead of 'value' also 'gradient', 'Hessian' or 'eigenvalues'"
        )
    many = counted[1].lower()
    count = _WORDS.index(many) if many in _WORDS else int(many)
    return Claim(text=whole, line=line, subject="points", where=where(counted[2]), count=count)
