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
    blocks = [(kind, block) for kind, block in blocks if block]
    for number, (kind, block) in enumerate(blocks):
        after = blocks[number + 1][0] if number + 1 < len(blocks) else ""
        if kind == "hr" and {before, after} & {"", "heading", "hr"}:
            continue  # a transition may stand between blocks of a section only
        is_open = before not in {"paragraph", "heading"} or bool(lines and lines[-1].startswith(".. "))
        is_read_as_one = kind == before if kind in _LISTS else kind == "blockquote" and is_open
        lines += [""] if lines else []
        lines += ["..", ""] if is_read_as_one else []
        lines += block
        before = kind
    return lines
