"""Plain tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils.utils import column_width

if TYPE_CHECKING:
    from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table: its columns as wide as they need, in terminal cells; the last one is not padded."""
    lines = [list(head), *map(list, rows)]
    widths = [max(column_width(line[index]) for line in lines) for index in range(len(head))]
    padded = [
        "  ".join(cell + " " * (width - column_width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return [padded[0], "  ".join("-" * width for width in widths), *padded[1:]]
