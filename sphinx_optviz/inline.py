"""PLAN: a function that cells of the page define becomes a landscape, with as much of their code as it needs."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_optviz.landscapes import Function, Landscape, LandscapeError
from sphinx_optviz.model import DEFAULT_COUNTS
from sphinx_optviz.parity import names_in, without_magics
from sphinx_optviz.runs import Axis, Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_optviz.cell_runs import CellRun
    from sphinx_optviz.model import PlotSpec


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement of a cell's top level, with what it defines and uses, and where it stands in the book."""

    text: str
    node: ast.stmt
    defined: frozenset[str]
    used: frozenset[str]
    place: tuple[str, int]


def inline_landscape(names: Sequence[str], cells: Mapping[str, Sequence[CellRun]], spec: PlotSpec) -> Landscape:
    """The functions *names* of a page as one landscape; *cells* are those before the plot, by framework.

    Raises LandscapeError where no framework has them all, or the domain is not given.
    """
    sources: dict[str, Source] = {}
    arguments: tuple[str, ...] = ()
    for framework, runs in cells.items():
        statements = [statement for run in runs for statement in _statements(run)]
        found = [_arguments(name, statements) for name in names]
        if not all(found):
            continue
        if len({len(given) for given in found}) > 1 or len(found[0]) > 2:
            raise LandscapeError(
                f"the functions {', '.join(names)} have to take the same number of variables, one or two"
            )
        arguments = arguments or found[0]
        needed = _needed(names, statements)
        sources[framework] = _source(needed)
    if not sources:
        raise LandscapeError(f"no cell of this page before it defines the function {', '.join(names)}")
    given = [interval for interval in (spec.x, spec.y) if interval is not None]
    if len(given) != len(arguments):
        options = " and ".join(f":{letter}:" for letter in "xy"[: len(arguments)])
        raise LandscapeError(f"a function of the page has no domain of its own: give {options}")
    axes = tuple(
        Axis(name, interval.low, interval.high, interval.count or DEFAULT_COUNTS[len(arguments)])
        for name, interval in zip(arguments, given, strict=True)
    )
    return Landscape(
        name="-".join(names),
        title=", ".join(names),
        formula="",
        axes=axes,
        view="curve" if len(axes) == 1 else "surface",
        functions=tuple(Function(name, name if len(names) > 1 else "") for name in names),
        sources=sources,
    )


def _statements(run: CellRun) -> list[_Statement]:
    """Those of one cell; none if Python cannot read it."""
    code = without_magics(run.code)
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return []
    lines = code.split("\n")
    found = []
    for node in tree.body:
        first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
        text = "\n".join(lines[first - 1 : node.end_lineno])
        names = names_in(ast.unparse(node))
        found.append(_Statement(text, node, names.defined, names.used, run.place(first)))
    return found


def _arguments(name: str, statements: Sequence[_Statement]) -> tuple[str, ...]:
    """The variables of the function *name* as it was last defined; () if it is none."""
    for statement in reversed(statements):
        node = statement.node
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _required(node.args)
        if name in statement.defined and isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            return _required(node.value.args)
    return ()


def _required(arguments: ast.arguments) -> tuple[str, ...]:
    every = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    return tuple(every[: len(every) - len(arguments.defaults)])


def _needed(names: Sequence[str], statements: Sequence[_Statement]) -> list[_Statement]:
    """What defines *names*, and what that uses, in order; definitions that a later one replaces are kept."""
    wanted = set(names)
    kept: set[int] = set()
    grew = True
    while grew:
        grew = False
        for number, statement in enumerate(statements):
            if number not in kept and statement.defined & wanted:
                kept.add(number)
                wanted |= statement.used
                grew = True
    return [statements[number] for number in sorted(kept)]


def _source(statements: Sequence[_Statement]) -> Source:
    """One text, which knows where each of its lines stands in the book."""
    texts = [statement.text for statement in statements]
    places = [
        (statement.place[0], statement.place[1] + offset)
        for statement in statements
        for offset in range(statement.text.count("\n") + 1)
    ]
    return Source(Path(places[0][0]), "\n".join(texts) + "\n", tuple(places))
