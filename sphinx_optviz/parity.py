"""Whether the tabs of a page go together: the same frameworks everywhere, names that exist, blocks in their places.

By the text of the code alone, so that it works for frameworks that are not there.
"""

from __future__ import annotations

import builtins
import symtable
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_optviz.frameworks import framework

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

# What is there without anybody having defined it.
_ALWAYS = {*dir(builtins), "__name__", "__file__", "display", "get_ipython", "In", "Out", "_"}


@dataclass(frozen=True, slots=True)
class Names:
    """Of one cell in one framework: what it defines, what it uses and does not define itself, and all that it uses."""

    defined: frozenset[str]
    used: frozenset[str]
    mentioned: frozenset[str] = frozenset()
    is_open: bool = False  # it may define anything: a star import, or code that cannot be read


@dataclass(frozen=True, slots=True)
class Group:
    """One cell with tabs: where it is told of, and its code by framework."""

    index: int
    code: dict[str, str]


def without_magics(code: str) -> str:
    """*code* with nothing in the lines that only IPython knows."""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in code.split("\n"))


def names_in(code: str) -> Names:
    """The names of a cell's top level."""
    plain = without_magics(code)
    try:
        top = symtable.symtable(plain, "cell", "exec")
    except (SyntaxError, ValueError):
        return Names(frozenset(), frozenset(), is_open=True)
    symbols = top.get_symbols()
    defined = {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
    mentioned = {symbol.get_name() for symbol in symbols if symbol.is_referenced()} | set(_globals_of(top))
    used = mentioned - defined
    is_open = any(
        line.lstrip().startswith("from ") and line.rstrip().endswith("import *") for line in plain.split("\n")
    )
    return Names(frozenset(defined), frozenset(used - _ALWAYS), frozenset(mentioned), is_open)


def _globals_of(table: symtable.SymbolTable) -> Iterator[str]:
    """Names that functions and classes below *table* take from the top level."""
    for child in table.get_children():
        yield from (
            symbol.get_name() for symbol in child.get_symbols() if symbol.is_global() and symbol.is_referenced()
        )
        yield from _globals_of(child)


def lacking(groups: Sequence[Group]) -> Iterator[tuple[int, str]]:
    """Groups of a page without a framework that others have: index, and the message."""
    counts = Counter(name for group in groups for name in group.code)
    for group in groups:
        for name, count in counts.items():
            if name not in group.code:
                cells = f"{count} of the {len(groups)} cells with tabs on this page have"
                yield group.index, f"there is no code for {framework(name).label}, which {cells}"


def undefined(cells: Sequence[tuple[int, str]], of: Collection[int], name: str) -> Iterator[tuple[int, str]]:
    """Names that no earlier cell defines: for the cells of the framework *name* on a page whose index is among *of*.

    *cells* are all of them, in order, as index and code.
    """
    known: set[str] = set()
    everywhere = set().union(*(names_in(code).defined for _, code in cells))
    for index, code in cells:
        names = names_in(code)
        known |= names.defined
        if names.is_open:
            return
        missing = sorted(names.used - known)
        if missing and index in of:
            listed = ", ".join(missing)
            comes_late = len(missing) == 1 and missing[0] in everywhere
            said = f"{listed} is defined by a later cell only" if comes_late else f"no earlier cell defines {listed}"
            yield index, f"{framework(name).label}: {said}"


def shifted(groups: Sequence[Group]) -> Iterator[tuple[int, str]]:
    """Blocks that define what the other frameworks define in the group before or after: index, and the message."""
    defined = [{name: names_in(code).defined for name, code in group.code.items()} for group in groups]
    for number, group in enumerate(groups):
        for name, mine in defined[number].items():
            fellows = _common(defined[number], name)
            if not mine or not fellows or mine & fellows:
                continue
            for other in (number - 1, number + 1):
                if 0 <= other < len(groups) and mine & _common(defined[other], name):
                    listed = ", ".join(sorted(mine & _common(defined[other], name)))
                    where = "before" if other < number else "after"
                    label = framework(name).label
                    yield group.index, f"{label} defines {listed} here, and the others in the cell {where}"
                    break


def _common(defined: dict[str, frozenset[str]], without: str) -> frozenset[str]:
    """What at least two other frameworks define."""
    counts = Counter(item for name, names in defined.items() if name != without for item in names)
    return frozenset(item for item, count in counts.items() if count > 1)
