"""PARSE: the expressions of the role ``optval`` as a syntax tree. Form only: what the names mean is decided later.

::

    expression: NAME trailer*
    trailer:    "." NAME | "[" INTEGER "]" | "(" place ")"
    place:      coordinates | KIND | KIND "[" INTEGER "]"
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sphinx_optviz.grammar import coordinates, kind_named

_EXAMPLES = "write it as 'saddle.value(1, 2)', 'saddle.hess(0, 0)' or 'local_minima.argmin'"

_LANDSCAPE = re.compile(r"[\w-]+")
_ATTRIBUTE = re.compile(r"\s*\.\s*([^\W\d]\w*)")
_SUBSCRIPT = re.compile(r"\s*\[([^\[\]]*)\]")
_CALL = re.compile(r"\s*\(([^()]*)\)")
_INTEGER = re.compile(r"\s*[-+−]?\d+\s*")
_POINTS = re.compile(r"(?P<words>[^\[\]]*[^\W\d_]{2,}[^\[\]]*)(?:\[(?P<index>[^\[\]]*)\])?")

# Numbers to Python, if not to us.
_NO_NUMBERS = ("nan", "inf", "infinity")

# The points where a function is lowest and highest, as quantities have them.
BEST = {"argmin": "minimum", "min": "minimum", "argmax": "maximum", "max": "maximum"}


class ExpressionError(Exception):
    """An expression that means nothing; the message is for the author."""


@dataclass(frozen=True, slots=True)
class Name:
    """The name at the beginning."""

    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """``of.name``."""

    of: Node
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """``of[number]``; negative numbers count from the end."""

    of: Node
    number: int


@dataclass(frozen=True, slots=True)
class Points:
    """Points by what they are, one of ``model.KINDS``, or with *index* one of them."""

    kind: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """``of(place)``; the place is ``()`` where none is given."""

    of: Node
    place: tuple[float, ...] | Points


Node = Name | Attribute | Index | Call


def parse(text: str) -> Node:
    """The syntax tree of an expression without its format. Raises ExpressionError."""
    text = text.strip()
    start = _LANDSCAPE.match(text)
    if start is None:
        raise ExpressionError(_EXAMPLES)
    node: Node = Name(start[0])
    at = start.end()
    while at < len(text):
        if found := _ATTRIBUTE.match(text, at):
            node = Attribute(node, found[1])
        elif found := _SUBSCRIPT.match(text, at):
            node = Index(node, _integer(found[1]))
        elif found := _CALL.match(text, at):
            node = Call(node, _place(found[1].strip()))
        else:
            raise ExpressionError(f"{text[at:].strip()!r} cannot be read; {_EXAMPLES}")
        at = found.end()
    if isinstance(node, Name):
        raise ExpressionError(_EXAMPLES)
    return node


def is_matrix(node: Node) -> bool:
    """Whether the value is a matrix, if the function has more than one variable."""
    return isinstance(node, Call) and isinstance(node.of, Attribute) and node.of.name in ("hess", "hessian")


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ExpressionError(f"[{text}] is not an index: it is a whole number, and the first is [0]")
    return int(text.replace("−", "-"))


def _place(text: str) -> tuple[float, ...] | Points:
    try:
        found = _POINTS.fullmatch(text)
        if found and found["words"].strip().lower() not in _NO_NUMBERS:
            word = found["words"].strip()
            kind = f"global {BEST[word]}" if word in BEST else kind_named(word.replace("_", " "))
            return Points(kind, None if found["index"] is None else _integer(found["index"]))
        return coordinates(text) if text else ()
    except ValueError as error:
        raise ExpressionError(str(error)) from error
