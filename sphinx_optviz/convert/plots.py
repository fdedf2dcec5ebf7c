"""Matplotlib's ``.. plot::`` in a page of reStructuredText as ``optplot``; all else stays as it is, byte for byte."""

from __future__ import annotations

import ast
import doctest
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sphinx_optviz.convert.cells import Block, Cell, optplot, trimmed
from sphinx_optviz.convert.findings import Finding, kept_as_comment
from sphinx_optviz.parity import names_in

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_optviz.convert.plot_settings import PlotSettings

_PLOT = re.compile(r"([ \t]*(?:[-*+] +)*)\.\. +plot ?::[ \t]*(.*)$", re.IGNORECASE)
_OPTION = re.compile(r"[ \t]*:([\w-]+):(?: +(.*))?$")
# What holds text that is no reStructuredText.
_VERBATIM = re.compile(
    r"\s*(?:[-*+] +)*\.\. +(?:code(?:-block|-cell)?|sourcecode|parsed-literal|literalinclude|highlight|raw|math|"
    r"doctest|testcode|testoutput|testsetup|testcleanup|ipython|prompt|graphviz|mermaid|jupyter-execute|optplot)::"
)
_COMMENT = re.compile(r"\s*\.\.(?:$| ++(?![_\[|]|[\w:.+-]+ ?::))")

_PRE_CODE = "import numpy as np\nfrom matplotlib import pyplot as plt"
_SETTINGS_CHANGED = re.compile(r"\brcParams\b|\bstyle\.use\(|\brc\(|\bxkcd\(\)|\bset_theme\(|\bsns\.set\(")
_NEW_FIGURE = re.compile(r"\b(?:figure|subplots?|subplot_mosaic|clf|close)\(")

_AS_IT_IS = ("alt", "width", "class", "caption", "name")
_WITHOUT_MEANING = ("show-source-link", "encoding", "format", "include-source", "nofigs", "context")


@dataclass(slots=True)
class _Plot:
    """One directive, as it stands in the page."""

    line: int
    lead: str  # what stands before it in its line
    argument: str
    options: dict[str, str] = field(default_factory=dict)
    content: str = ""
    source: list[str] = field(default_factory=list)


class _LostError(ValueError):
    """The directive stays as a comment; the message is for the author."""


class PlotPage:
    """Converts one page."""

    def __init__(self, path: Path, settings: PlotSettings) -> None:
        self.findings: list[Finding] = []
        self._path = path
        self._settings = settings
        self._defined: set[str] = set()
        self._is_first = True
        self._had_context = False

    def text(self, source: str) -> str:
        """The page *source*, converted."""
        ending = "\r\n" if "\r\n" in source else "\n"
        lines = source.split(ending)
        written: list[str] = []
        number = 0
        while number < len(lines):
            found = _PLOT.match(lines[number])
            if found:
                plot, number = _read(lines, number, found)
                written += self._written(plot)
                continue
            end = _end_of_verbatim(lines, number)
            written += lines[number:end]
            number = end
        return ending.join(written)

    def _tell(self, line: int, message: str) -> None:
        self.findings.append(Finding(self._path, line, message))

    def _written(self, plot: _Plot) -> list[str]:
        indent = re.sub(r"[-*+]", " ", plot.lead)
        empty = []
        while not plot.source[-1].strip():
            empty.append(plot.source.pop())
        try:
            cell, before = self._cell(plot)
        except _LostError as error:
            self._tell(plot.line, f"{error}; it is kept as a comment")
            lines = kept_as_comment(textwrap.dedent("\n".join(plot.source)).split("\n"), "a plot")
        else:
            lines = [*before, *optplot(cell, has_tabs=False)]
        # The first line stands where the directive's did, behind the sign of a list item.
        lines = [f"{indent}{line}" if line else "" for line in lines]
        lines[0] = plot.lead + lines[0].lstrip()
        return [*lines, *reversed(empty)]

    def _cell(self, plot: _Plot) -> tuple[Cell, list[str]]:
        """The cell for *plot*, and the lines of the one that has to stand before it."""
        options = self._options(plot)
        if plot.argument:
            code = self._from_file(plot.argument)
            if plot.content.strip():
                options.setdefault("caption", " ".join(plot.content.split()))
        else:
            code, has_prose = _without_prompts(plot.content, plot.options.get("format", ""))
            if has_prose and "hide-code" not in options:
                self._tell(plot.line, "the text in this session is comments of its code now: move it out of the cell")
        code = trimmed(code)
        if not code:
            raise _LostError("there is no code in this plot")
        names = names_in(code)
        before = self._set_up(names.used - self._defined)
        self._check_state(plot, code)
        self._defined |= names.defined
        return Cell([Block(("numpy",), _silenced(code))], options), before

    def _set_up(self, missing: set[str] | frozenset[str]) -> list[str]:
        """Before the first plot, the imports that Matplotlib's directive makes by itself, if they are needed."""
        pre_code = self._settings.pre_code
        code = trimmed(_PRE_CODE if pre_code is None else pre_code)
        needed = code and (pre_code is not None or missing & {"np", "plt"})
        if not needed or names_in(code).defined <= self._defined:
            return []
        self._defined |= names_in(code).defined
        return [*optplot(Cell([Block(("numpy",), code)], {"hide-code": ""}), has_tabs=False), ""]

    def _options(self, plot: _Plot) -> dict[str, str]:
        given = plot.options
        options = {name: given[name] for name in _AS_IT_IS if given.get(name)}
        if given.get("align") in {"left", "center", "right"}:
            options["align"] = given["align"]
        shown = self._settings.include_source
        if "include-source" in given:
            shown = given["include-source"].strip().lower() not in {"no", "n", "false", "f", "0"}
        if not shown:
            options["hide-code"] = ""
        if "nofigs" in given:
            options["figure"] = "none"
        known = {*_AS_IT_IS, *_WITHOUT_MEANING, *(["align"] if "align" in options else [])}
        for name in given:
            if name not in known:
                value = f":{name}: {given[name]}".rstrip()
                self._tell(plot.line, f"'{value}' of this plot has no equal: it is left out")
        return options

    def _check_state(self, plot: _Plot, code: str) -> None:
        """Tell of what the next plots would see of this one, and of what this one would not see of those before."""
        context = plot.options.get("context")
        if context is not None and "reset" not in context and "close-figs" not in context:
            if self._had_context and not _NEW_FIGURE.search(code):
                self._tell(plot.line, "this plot may go on with a figure of an earlier one: each cell begins a new one")
            self._had_context = True
        elif context is not None:
            self._had_context = True
        if context is None and _SETTINGS_CHANGED.search(code) and "rc_context(" not in code:
            self._tell(
                plot.line,
                "settings of Matplotlib stay up to the end of the page: put them into 'with plt.rc_context():'",
            )

    def _from_file(self, argument: str) -> str:
        name, _, function = argument.partition(" ")
        path = self._settings.find(name, self._path)
        if path is None:
            raise _LostError(f"the file {name} of this plot is not there")
        code = path.read_text(encoding="utf-8")
        return f"{code.rstrip()}\n\n{function.strip()}()" if function.strip() else code


def _read(lines: list[str], start: int, found: re.Match[str]) -> tuple[_Plot, int]:
    """The directive that begins at the line *start*, and the number of the line behind it."""
    lead = found[1]
    indent = len(lead.expandtabs(8))
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _width(lines[end]) > indent):
        end += 1
    plot = _Plot(start + 1, lead, found[2].strip(), source=lines[start:end])
    body = lines[start + 1 : end]
    while body and body[0].strip() and not _OPTION.match(body[0]):
        plot.argument = f"{plot.argument} {body.pop(0).strip()}".strip()
    last = ""
    while body and body[0].strip():
        option = _OPTION.match(body[0])
        if option:
            last = option[1]
            plot.options[last] = option[2] or ""
        elif last:
            plot.options[last] = f"{plot.options[last]} {body[0].strip()}".strip()
        body.pop(0)
    plot.content = textwrap.dedent("\n".join(line.expandtabs(8) for line in body)).strip("\n")
    return plot, end


def _end_of_verbatim(lines: list[str], start: int) -> int:
    """The number of the line behind *start*, or, if it begins a block of verbatim text, behind that."""
    line = lines[start]
    is_directive = re.match(r"\s*(?:[-*+] +)*\.\. ", line)
    is_literal = not is_directive and line.rstrip().endswith("::")
    if not (is_literal or _VERBATIM.match(line) or _COMMENT.match(line)):
        return start + 1
    width = _width(line)
    end = start + 1
    # A comment goes on without an empty line; an empty one has nothing in it.
    if line.strip() == ".." and (end == len(lines) or not lines[end].strip()):
        return end
    while end < len(lines) and (not lines[end].strip() or _width(lines[end]) > width):
        end += 1
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return end


def _width(line: str) -> int:
    line = line.expandtabs(8)
    return len(line) - len(line.lstrip(" "))


def _without_prompts(content: str, form: str) -> tuple[str, bool]:
    """The code of *content*; of a session, what was typed, and whether there is text in it."""
    if form == "python" or (form != "doctest" and not re.search(r"^\s*>>>", content, re.MULTILINE)):
        return content, False
    try:
        parts = doctest.DocTestParser().parse(content)
    except ValueError as error:
        raise _LostError(f"the session of this plot cannot be read: {error}") from error
    typed = ""
    has_prose = False
    for part in parts:
        if isinstance(part, doctest.Example):
            typed += part.source
        else:
            has_prose |= bool(part.strip())
            typed += "".join(f"# {line}\n" if line.strip() else "\n" for line in part.splitlines())
    return typed, has_prose


def _silenced(code: str) -> str:
    """*code* with a semicolon behind its last expression: Matplotlib's directive shows no values."""
    try:
        body = ast.parse(code).body
    except SyntaxError:
        return code
    if not body or not isinstance(body[-1], ast.Expr):
        return code
    lines = code.split("\n")
    row, column = (body[-1].end_lineno or 1) - 1, body[-1].end_col_offset or 0
    encoded = lines[row].encode()
    rest = encoded[column:].decode()
    if rest.lstrip().startswith(";") or re.search(r"\bshow\(\)$", encoded[:column].decode()):
        return code
    lines[row] = f"{encoded[:column].decode()};{rest}"
    return "\n".join(lines)
