"""Cells as a script in the percent format, which editors take for a notebook and Python runs from top to bottom."""

from __future__ import annotations

import ast
import re
import textwrap
from typing import TYPE_CHECKING

from sphinx_optviz.parity import without_magics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_optviz.downloads.notebook import NotebookCell

_IMAGE = re.compile(r"!\[((?:\\.|[^\]\\])*)\]\(attachment:[^)]*\)")

_DISPLAYED = re.compile(r"(?<![.\w])display\(")

_SHOW_VALUE = '''\
def show_value(value):
    """As a notebook shows the last value of a cell."""
    if value is not None:
        print(repr(value))
'''


_DISPLAY = '''\
try:
    display
except NameError:
    def display(*values):
        """As in a notebook, where there is none."""
        for value in values:
            print(repr(value))
'''


def percent(cells: Sequence[NotebookCell]) -> bytes:
    """The file."""
    uses_display = any(cell.is_authors and _DISPLAYED.search(cell.text) for cell in cells)
    future: dict[str, None] = {}
    texts = [_code(cell, future) if cell.is_code else _prose(cell.text) for cell in cells]
    if future:
        texts.insert(0, "# %%\n" + "".join(f"{line}\n" for line in future))
    helpers = [_SHOW_VALUE] if any("show_value(" in text for text in texts) else []
    helpers += [_DISPLAY] if uses_display else []
    if helpers:
        first = next(number for number, cell in enumerate(cells) if cell.is_code) + bool(future)
        texts.insert(first, "# %%\n" + "\n\n".join(helpers))
    return ("\n".join(texts)).encode("utf-8", "replace")


def _prose(text: str) -> str:
    text = _IMAGE.sub(lambda image: f"[{image[1]}]", text)
    return "# %% [markdown]\n" + "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n"))


def _code(cell: NotebookCell, future: dict[str, None]) -> str:
    text = cell.text.rstrip("\n") + "\n"
    if cell.is_authors:
        text = _without_future(_for_python(text), future)
        text = _guarded(text) if cell.raises else _with_last_value(_readable(text))
        if cell.draws:
            text += "plt.show()\n"
    return f"# %%\n{text}"


def _without_future(code: str, future: dict[str, None]) -> str:
    """*code* without imports from ``__future__``: these have to begin a file, and go to *future*."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):
        return code
    lines = code.split("\n")
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__" and node.lineno == node.end_lineno:
            future[ast.unparse(node)] = None
            lines[node.lineno - 1] = ""
    return "\n".join(lines)


def _for_python(code: str) -> str:
    """*code* with what only IPython knows as comments."""
    if re.match(r"\s*%%(?!time|capture)", code):
        return "# IPython alone runs this cell.\n" + _commented(code)
    lines = []
    for line, plain in zip(code.split("\n"), _without_magics(code), strict=True):
        indent = line[: len(line) - len(line.lstrip())]
        timed = re.fullmatch(r"\s*%time(?:it)? +(?!-)(.*)", line)
        if line == plain:
            lines.append(line)
        elif timed:
            lines.append(f"{indent}{timed[1]}")
        else:
            lines.append(f"{indent}{'pass  ' if indent else ''}# IPython alone knows: {line.strip()}")
    return "\n".join(lines)


def _without_magics(code: str) -> list[str]:
    """The lines of *code*, empty where they are magic; a percent sign inside brackets or a text is an operator."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        lines = without_magics(code).split("\n")
        return ["" if re.match(r"\s*\w+ = [!%]|\s*\?{0,2}[\w.]+\?{1,2}\s*$", line) else line for line in lines]
    return code.split("\n")


def _commented(code: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in code.rstrip("\n").split("\n"))


def _readable(code: str) -> str:
    """*code*, as a comment if Python cannot read it."""
    try:
        _compiled(code)
    except (SyntaxError, ValueError):
        return "# Python alone cannot read this cell.\n" + _commented(code)
    return code


def _compiled(code: str) -> None:
    """Raises SyntaxError or ValueError; more of them than parsing does: for an ``await`` or ``return`` outside."""
    compile(code, "cell", "exec", dont_inherit=True)


def _guarded(code: str) -> str:
    """*code*, which fails, so that what comes after it runs."""
    try:
        _compiled(code)
    except (SyntaxError, ValueError) as error:
        return f"# {type(error).__name__}: {error}\n" + _commented(code)
    inside = textwrap.indent(code.rstrip("\n"), "    ")
    return f'try:\n{inside}\nexcept Exception as error:\n    print(f"{{type(error).__name__}}: {{error}}")\n'


def _with_last_value(code: str) -> str:
    """*code* that prints its last value, unless a semicolon ends it, or it is a call that gives none."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):
        return code
    if not body or not isinstance(body[-1], ast.Expr):
        return code
    last = body[-1]
    if isinstance(last.value, ast.Call) and ast.unparse(last.value.func) in ("print", "display"):
        return code
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    opening, closing = (b"show_value((", b"))") if isinstance(last.value, ast.Tuple) else (b"show_value(", b")")
    lines = [line.encode() for line in code.split("\n")]
    end = lines[last.end_lineno - 1]
    behind = end[last.end_col_offset :].strip()
    if behind.startswith(b";"):
        return code
    # Brackets of its own: two values with a comma between would be two arguments.
    lines[last.end_lineno - 1] = end[: last.end_col_offset] + closing + end[last.end_col_offset :]
    start = lines[last.lineno - 1]
    lines[last.lineno - 1] = start[: last.col_offset] + opening + start[last.col_offset :]
    return b"\n".join(lines).decode()
