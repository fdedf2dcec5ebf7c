"""Which cells depend on random numbers: those that draw some, and those that use what these have made."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from sphinx_optviz.parity import names_in, without_magics

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


def at_random(cells: Sequence[tuple[int, str]], drew: Collection[int]) -> set[int]:
    """The indices of *cells*, in the order of the page as index and code, that random numbers have a part in.

    *drew* are those in which numbers were drawn. Of the others the text is looked at: a cell that mentions a name
    which such a cell has defined, or changed, depends on chance too.
    """
    found: set[int] = set()
    if not drew:
        return found
    by_chance: set[str] = set()
    imported: set[str] = set()
    for index, code in cells:
        try:
            tree = ast.parse(without_magics(code))
        except (SyntaxError, ValueError):  # whatever it does
            found |= {index} if by_chance or index in drew else set()
            continue
        imported |= set(_imported(tree))
        names = names_in(code)
        if index in drew or names.mentioned & by_chance:
            found.add(index)
            by_chance |= (names.defined | set(_changed(tree))) - imported
        else:
            by_chance -= names.defined
    return found


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


def _changed(tree: ast.AST) -> Iterator[str]:
    """Names of what may be changed in place: an item or an attribute is set, or a method is called."""
    for node in ast.walk(tree):
        target: ast.AST | None = None
        if isinstance(node, ast.Call):
            target = node.func
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            target = node
        while isinstance(target, ast.Subscript | ast.Attribute | ast.Call):
            target = target.func if isinstance(target, ast.Call) else target.value
        if isinstance(target, ast.Name):
            yield target.id
