"""Names of a piece of code changed in its text, everything else left as it was written."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_Scoped = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def top_names(code: str) -> dict[str, str]:
    """The names that *code* binds at its top level; of one that an import binds, this import; otherwise "".

    None of them if Python cannot read it.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, str] = {}
    for node, name in _bound(tree.body):
        one = ast.unparse(node) if isinstance(node, ast.Import | ast.ImportFrom) else ""
        if isinstance(node, ast.ImportFrom | ast.Import):
            one = next(text for alias, text in _aliases(node) if alias == name)
        found[name] = one if found.get(name, one) == one else ""
    return found


def _aliases(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Each name that an import binds, and the import of it alone, however it was written."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
        else:
            whole = alias.asname is not None
            yield alias.asname or alias.name.partition(".")[0], alias.name if whole else alias.name.partition(".")[0]


def renamed(code: str, names: Mapping[str, str]) -> str:
    """*code* with the *names* of its top level changed, wherever they mean it.

    Raises ValueError where that cannot be done in the text, as in a formatted string.
    """
    tree = ast.parse(code)
    lines = [line.encode() for line in code.split("\n")]
    edits = sorted(set(_edits(tree, names, lines)), reverse=True)
    for line, column, old, new in edits:
        text = lines[line - 1]
        end = column + len(old.encode())
        if text[column:end] != old.encode():
            raise ValueError(f"the name {old!r} cannot be changed")
        lines[line - 1] = text[:column] + new.encode() + text[end:]
    changed = b"\n".join(lines).decode()
    back = {new: old for old, new in names.items()}
    if _plain(ast.parse(changed), back) != _plain(tree, {}):
        raise ValueError("the names cannot be changed")
    return changed


def _plain(tree: ast.AST, back: Mapping[str, str]) -> str:
    """*tree* as text, names changed back."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = back.get(node.id, node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.name = back.get(node.name, node.name)
        elif isinstance(node, ast.alias):
            node.asname = back.get(node.asname or node.name, node.asname or node.name)
    return ast.dump(tree)


def _edits(tree: ast.Module, names: Mapping[str, str], lines: list[bytes]) -> Iterator[tuple[int, int, str, str]]:
    """Line, column in bytes, the old text and the new one. Raises ValueError."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global) and set(node.names) & names.keys():
            raise ValueError(f"the names {node.names} cannot be changed")
    for node, name in _bound(tree.body):
        if name in names and not isinstance(node, ast.Name):
            yield _binding(node, name, names[name], lines)
    for use in _free(tree.body, frozenset()):
        if use.id in names:
            yield use.lineno, use.col_offset, use.id, names[use.id]


def _binding(node: ast.AST, name: str, new: str, lines: list[bytes]) -> tuple[int, int, str, str]:
    """Where a definition or an import binds *name*."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        found = re.compile(rf"\b(?:def|class)\s+(?={name}\b)".encode()).search(lines[node.lineno - 1])
        if found is not None:
            return node.lineno, found.end(), name, new
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            if (alias.asname or alias.name) == name:
                written = f"{alias.name} as {name}" if alias.asname else name
                return alias.lineno, alias.col_offset, written, f"{alias.name} as {new}"
    raise ValueError(f"the name {name!r} cannot be changed")


def _bound(body: Iterable[ast.AST]) -> Iterator[tuple[ast.AST, str]]:
    """The names that statements bind in their own scope, each with the node that does."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node, node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((node, name) for name, _ in _aliases(node))
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store | ast.Del):
                yield node, node.id
        elif isinstance(node, _Comprehension):
            yield from _bound(child for child in ast.walk(node) if isinstance(child, ast.NamedExpr))
        elif not isinstance(node, ast.Lambda):
            if isinstance(node, ast.ExceptHandler) and node.name:
                yield node, node.name
            yield from _bound(ast.iter_child_nodes(node))


def _free(body: Iterable[ast.AST], hidden: frozenset[str]) -> Iterator[ast.Name]:
    """The uses of names of the top level; *hidden* are those that mean something else here."""
    for node in body:
        if isinstance(node, ast.Name):
            if node.id not in hidden:
                yield node
        elif isinstance(node, _Scoped):
            yield from _free(_outer(node), hidden)
            inside: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
            own = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
            own |= {name for _, name in _bound(inside)}
            yield from _free(inside, hidden | own)
        elif isinstance(node, ast.ClassDef):
            yield from _free([*node.decorator_list, *node.bases, *node.keywords], hidden)
            inner = hidden | {name for _, name in _bound(node.body)}
            for item in node.body:  # its methods do not see its names
                yield from _free([item], hidden if isinstance(item, _Scoped) else inner)
        elif isinstance(node, _Comprehension):
            targets = [target for generator in node.generators for target in ast.walk(generator.target)]
            own = {target.id for target in targets if isinstance(target, ast.Name)}
            yield from _free(ast.iter_child_nodes(node), hidden | own)
        else:
            yield from _free(ast.iter_child_nodes(node), hidden)


def _outer(node: _Scoped) -> list[ast.AST]:
    """What of a function is computed outside of it."""
    given: list[ast.AST] = [*node.args.defaults, *(item for item in node.args.kw_defaults if item is not None)]
    given += [item.annotation for item in ast.walk(node.args) if isinstance(item, ast.arg) and item.annotation]
    if not isinstance(node, ast.Lambda):
        given += [*node.decorator_list, *([node.returns] if node.returns else [])]
    return given
