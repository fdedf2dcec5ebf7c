"""The lines of blocks of reStructuredText, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LISTS = {"bullet_list", "ordered_list"}


def lines_of(lines: Iterable[str]) -> list[str]:
    """*lines* that are blocks of their own, with an empty line behind each."""
    return [each for line in lines for each in (line, "")]


def indented(lines: Iterable[str]) -> list[str]:
    """*lines* three further to the right."""
    return [f"   {line}" if line.strip() else "" for line in lines]


def apart(blocks: Sequence[tuple[str, list[str]]]) -> list[str]:
    """The blocks, each with what it is, below one another.

    A comment parts what would otherwise be read as one: two lists, or a quotation and what can have a content.
    """
    lines: list[str] = []
    before = ""
    for kind, block in blocks:
        if not block:
            continue
        is_open = before not in {"paragraph", "heading"} or bool(lines and lines[-1].startswith(".. "))
        is_read_as_one = kind == before if kind in _LISTS else kind == "blockquote" and is_open
        lines += [""] if lines else []
        lines += ["..", ""] if is_read_as_one else []
        lines += block
        before = kind
    return lines
