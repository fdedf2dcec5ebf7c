"""d2lbook's ``if tab.selected(...)``: which lines of a cell are a framework's."""

from __future__ import annotations

import ast
import re

_MARK = re.compile(r"\btab\.selected\b")
_OLD_MARK = re.compile(r"\bd2l\.USE_(\w+)")


class BranchError(ValueError):
    """A condition that cannot be decided; the message is for the author."""


def has_branches(code: str) -> bool:
    """Whether *code* asks which framework is selected."""
    return bool(_MARK.search(code) or _OLD_MARK.search(code))


def for_framework(code: str, name: str) -> str:
    """The lines of *code* that are for the framework *name*, conditions left out. Raises BranchError."""
    lines = code.split("\n")
    # Lines that only IPython knows have no part in the syntax.
    plain = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)
    try:
        tree = ast.parse(plain)
    except SyntaxError as error:
        raise BranchError(f"the code cannot be read: {error.msg} in line {error.lineno} of the cell") from error
    kept: list[str | None] = list(lines)
    _Selection(kept, name, _inside_texts(tree)).visit(tree)
    selected = "\n".join(line for line in kept if line is not None)
    if has_branches(selected):
        raise BranchError("it asks for the framework elsewhere than in an 'if' of its own")
    return selected


def _inside_texts(tree: ast.AST) -> set[int]:
    """The lines that begin inside of a text, whose blanks are a part of it."""
    return {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
        for number in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
    }


class _Selection(ast.NodeVisitor):
    """Takes out the lines of branches that are not the framework's, and the conditions."""

    def __init__(self, lines: list[str | None], name: str, fixed: set[int]) -> None:
        """*fixed* are the numbers of lines that stay as they are."""
        self.lines = lines
        self.name = name
        self.fixed = fixed

    def visit_If(self, node: ast.If) -> None:
        chosen = _decided(node.test, self.name)
        if chosen is None:
            if has_branches(ast.unparse(node.test)):
                raise BranchError(f"'if {ast.unparse(node.test)}' mixes the framework with other conditions")
            self.generic_visit(node)
            return
        header = max(node.test.end_lineno or 0, node.lineno)
        body_end = self._end(node.body, node.col_offset)
        self._drop(node.lineno, header)
        self._branch(node, node.body, (header, body_end), chosen=chosen)
        if not node.orelse:
            return
        end = self._end(node.orelse, node.col_offset)
        if chosen:
            self._drop(body_end + 1, end)
        elif isinstance(node.orelse[0], ast.If) and node.orelse[0].col_offset == node.col_offset:
            self.visit(node.orelse[0])  # its line says elif
        else:
            lines = range(body_end + 1, end + 1)
            header = next(number for number in lines if (self.lines[number - 1] or "").lstrip().startswith("else"))
            self._drop(header, header)
            self._branch(node, node.orelse, (header, end), chosen=True)

    def _branch(self, node: ast.If, body: list[ast.stmt], between: tuple[int, int], *, chosen: bool) -> None:
        """Keep or drop the lines behind the first and up to the second of two line numbers, which are *body*."""
        header, end = between
        if body[0].lineno <= header:
            raise BranchError("a branch stands on the line of its condition")
        if not chosen:
            self._drop(header + 1, end)
            return
        width = body[0].col_offset - node.col_offset
        for number in range(header, end):
            line = self.lines[number]
            if line is not None and number + 1 not in self.fixed:
                self.lines[number] = line[width:] if not line[:width].strip() else line.lstrip(" ")
        for child in body:
            self.visit(child)

    def _end(self, body: list[ast.stmt], column: int) -> int:
        """The last line of a branch, with the comments that end it."""
        end = body[-1].end_lineno or body[-1].lineno
        last = end
        for number, line in enumerate(self.lines[end:], end + 1):
            text = line or ""
            if not text.strip():
                continue
            if not text.lstrip().startswith("#") or len(text) - len(text.lstrip()) <= column:
                break
            last = number
        return last

    def _drop(self, first: int, last: int) -> None:
        self.lines[first - 1 : last] = [None] * (last - first + 1)


def _decided(test: ast.expr, name: str) -> bool | None:
    """What a condition on the framework alone comes to; None for another one."""
    match test:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="tab"), attr="selected"), args=arguments):
            found: list[str] = []
            for argument in arguments:
                for item in argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument]:
                    if not isinstance(item, ast.Constant):
                        return None
                    found.append(str(item.value).lower())
            return name in found
        case ast.Attribute(value=ast.Name(id="d2l"), attr=attribute) if attribute.startswith("USE_"):
            return attribute.removeprefix("USE_").lower() == name
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _decided(operand, name)
            return None if inner is None else not inner
        case ast.BoolOp(op=operator, values=values):
            parts = [_decided(value, name) for value in values]
            if None in parts:
                return None
            return any(parts) if isinstance(operator, ast.Or) else all(parts)
    return None
