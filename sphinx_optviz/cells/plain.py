"""Run a cell as a notebook would where there is no IPython: with the few habits of notebooks that need no library."""

from __future__ import annotations

import ast
import builtins
import sys
import tokenize
import types
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx_optviz.cells.results import REPRESENTATIONS, returned, show


class PlainShell:
    """Runs code in one namespace."""

    def __init__(self) -> None:
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.names: dict[str, Any] = vars(module)
        builtins.display = self.display  # type: ignore[attr-defined]

    def display(self, *things: Any) -> None:
        """As IPython's function of that name."""
        for thing in things:
            show(thing, _represented(thing))

    def run(self, code: str, path: str) -> BaseException | None:
        """Run a cell; what it raised, if it did."""
        try:
            tree = ast.parse(_without_magics(code), path)
            last = tree.body[-1] if tree.body else None
            shown = isinstance(last, ast.Expr) and not _is_silenced(code)
            value = tree.body.pop() if shown else None
            exec(compile(tree, path, "exec"), self.names)
            if isinstance(value, ast.Expr):
                result = eval(compile(ast.Expression(value.value), path, "eval"), self.names)  # noqa: S307
                if result is not None:
                    self.names["_"] = result
                    returned(result)
                    show(result, _represented(result))
        except BaseException as error:  # noqa: BLE001 - SystemExit too: the page has to go on
            return error
        return None


def _without_magics(code: str) -> str:
    """*code* without the lines that only IPython knows. Raises SyntaxError for those that it would need to run."""
    lines = code.split("\n")
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith(("%%time", "%%capture", "%matplotlib", "%config", "%load_ext", "%autoreload", "%pylab")):
            lines[number] = ""
        elif text.startswith(("%time ", "%timeit ")):
            lines[number] = line[: len(line) - len(line.lstrip())] + text.partition(" ")[2]
        elif text.startswith(("%%", "!")) or (text.startswith("%") and not _continues(lines, number)):
            word = text.split()[0]
            raise SyntaxError(f"{word} needs IPython, which this interpreter does not have", ("", number + 1, 1, line))
    return "\n".join(lines)


def _continues(lines: list[str], number: int) -> bool:
    """Whether a line stands inside of brackets or a text, where a percent sign is an operator."""
    try:
        ast.parse("\n".join(lines[:number]))
    except SyntaxError:
        return True
    return False


def _is_silenced(code: str) -> bool:
    """Whether a semicolon ends the cell, comments aside."""
    last = ""
    try:
        for token in tokenize.generate_tokens(StringIO(code).readline):
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER):
                last = token.string
    except (tokenize.TokenError, SyntaxError):
        return False
    return last == ";"


def _represented(thing: Any) -> dict[str, Any]:
    """By MIME type: how *thing* shows itself."""
    found: dict[str, Any] = {"text/plain": repr(thing)}
    if isinstance(thing, type):
        return found
    for mime, name in REPRESENTATIONS.items():
        try:
            given = getattr(thing, name)()
        except Exception:  # noqa: BLE001,S112 - it has none, or a faulty one: there is always the text
            continue
        if given is not None:
            found[mime] = given[0] if isinstance(given, tuple) else given
    return found
