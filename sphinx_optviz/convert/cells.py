"""Code of other tools as the text of ``optplot`` directives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Block:
    """Code for some frameworks; ``("all",)`` for all of the page."""

    frameworks: tuple[str, ...]
    code: str


@dataclass(slots=True)
class Cell:
    """One ``optplot``: its blocks, no framework in two of them, and its options."""

    blocks: list[Block] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


def grouped(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks that stand next to each other, by cell: each framework's keep their order, and no cell has two of them.

    The first block of each framework belongs to the first cell, its second one to the second, as readers pair them.
    """
    cells: list[list[Block]] = []
    following: dict[str, int] = {}
    for block in blocks:
        number = max((following.get(name, 0) for name in block.frameworks), default=0)
        following |= dict.fromkeys(block.frameworks, number + 1)
        cells += [[]] if number == len(cells) else []
        cells[number].append(block)
    return cells


def optplot(cell: Cell, *, has_tabs: bool) -> list[str]:
    """The directive for *cell*; without tabs it has one block, for one framework."""
    options = dict(cell.options)
    content: list[str] = []
    if has_tabs:
        for block in cell.blocks:
            content += ["", f".. framework:: {', '.join(block.frameworks)}", "", *_indented(block.code)]
    else:
        [block] = cell.blocks
        options = {"framework": block.frameworks[0]} | options
        content = ["", *block.code.split("\n")]
    head = [".. optplot::", *_options(options)]
    return [*head, *(f"   {line}" if line.strip() else "" for line in content)]


def _options(options: Mapping[str, str]) -> list[str]:
    return [f"   :{name}: {value}".rstrip() for name, value in options.items()]


def _indented(code: str) -> list[str]:
    return [f"   {line}" if line.strip() else "" for line in code.split("\n")]


def trimmed(code: str) -> str:
    """*code* without empty lines at its ends."""
    lines = code.split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    return "\n".join(lines)
