"""Values and calls as Python text that people read: short numbers, double quotes, lines that fit a notebook."""

from __future__ import annotations

import json
import math

_WIDTH = 84

# Names that whoever shows the code of a figure puts in: of its own function, and of the helpers that it calls.
PLOT, EVALUATE, IN_BOOK_STYLE, DOUBLED = "«plot»", "«evaluate»", "«in_book_style»", "«doubled»"


def function(landscape: str, name: str) -> str:
    """What stands for a function of a landscape, likewise."""
    return f"«{landscape}.{name}»"


class Code(str):
    """A piece of Python, to be taken as it is."""

    __slots__ = ()


def number(value: float) -> str:
    """*value* in as few digits as give it back."""
    if not math.isfinite(value):
        return f"np.{value}" if value > 0 or math.isnan(value) else "-np.inf"
    return next(text for text in (f"{value:.6g}", f"{value:.12g}", repr(float(value))) if float(text) == value)


def literal(value: object) -> str:
    """*value* as Python text: a plain value, or plain values in lists, tuples, dictionaries and arrays."""
    if isinstance(value, Code) or value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if hasattr(value, "tolist"):  # of NumPy, which the host does not import for this
        return literal(value.tolist())
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    assert isinstance(value, int | float), value
    return number(float(value))


def call(name: str, /, *arguments: object, **options: object) -> str:
    """A call, on as many lines as it takes."""
    parts = [*map(literal, arguments), *(f"{key}={literal(value)}" for key, value in options.items())]
    return bracketed(f"{name}(", parts, ")")


def bracketed(start: str, parts: list[str], end: str) -> str:
    """*parts* between brackets; on lines of their own if they are too long for one."""
    whole = f"{start}{', '.join(parts)}{end}"
    if len(whole) <= _WIDTH and "\n" not in whole:
        return whole
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) > _WIDTH - 8:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{part},"
    body = "\n".join(f"    {inner}" for line in lines for inner in _broken(line).split("\n"))
    return f"{start}\n{body}\n{end}"


def _broken(line: str) -> str:
    """*line* with breaks behind commas where it is much too long, as lists of numbers are."""
    if len(line) <= 1.4 * _WIDTH or '"' in line:
        return line
    lines = [""]
    for word in line.split(" "):
        if len(lines[-1]) + len(word) > _WIDTH - 8:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return "\n    ".join(lines)
