"""d2lbook's code cells: which fences they are, whose they are, and what is left of them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_optviz.convert.branches import BranchError, for_framework, has_branches
from sphinx_optviz.convert.cells import Block, Cell, grouped, optplot, trimmed
from sphinx_optviz.convert.findings import kept_as_comment
from sphinx_optviz.frameworks import BUILT_IN, framework_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_TAB = re.compile(r"^[ \t]*(?:# *@|%% *)tab +([\w, ]+?) *$", re.MULTILINE)
_SELECT = re.compile(r"tab\.interact_select\((.*)\)", re.DOTALL)
_ATTRIBUTE = re.compile(r"\.([\w-]+)|([\w-]+)=(\S+)")
_HIDDEN = {"# hide outputs": "hide-output", "# hide code": "hide-code"}


@dataclass(frozen=True, slots=True)
class Fence:
    """What the line of a fence says: the language, whether it is a cell, and what it says beside that."""

    language: str
    is_cell: bool
    rest: str


@dataclass(frozen=True, slots=True)
class Code:
    """A cell as it stands in the page."""

    line: int
    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """The frameworks that it is marked with, or ``all``; none if it has no mark."""
        found = _TAB.search(self.text)
        return tuple(dict.fromkeys(name for name in re.split(r"[, ]+", found[1].lower()) if name)) if found else ()

    @property
    def is_set_up(self) -> bool:
        """Whether it is there for d2lbook alone."""
        return "d2lbook.tab" in self.text and "load_ext" in self.text


def fence_of(info: str) -> Fence:
    """What the *info* of a fence says."""
    info = info.strip()
    if not info.startswith("{"):
        return Fence(info.split()[0] if info else "", is_cell=False, rest="")
    attributes = _ATTRIBUTE.findall(info.strip("{}"))
    classes = [name for name, _, _ in attributes if name]
    others = [f"{key}={value}" for _, key, value in attributes if key and key not in {"n", "id"}]
    language = next((name for name in classes if name != "input"), "")
    rest = [*others, *(f".{name}" for name in classes if name not in {"input", language})]
    return Fence(language, is_cell="input" in classes and language == "python", rest=" ".join(rest))


class Notebook:
    """The cells of one page."""

    def __init__(self, cells: Iterable[Code], default: str, tell: Callable[[int, str], None]) -> None:
        """*default* is whose the cells without a mark are, if it is known; *tell* gets what cannot be converted."""
        cells = list(cells)
        self._tell = tell
        self._known = framework_names()
        real = [cell for cell in cells if not cell.is_set_up]
        marked = {name for cell in real for name in cell.names} - {"all"}
        self.default = default or _guessed([cell.text for cell in real if not cell.names], marked)
        used = marked | ({self.default} if any(not cell.names for cell in real) else set())
        if not used or any(cell.names == ("all",) for cell in real):
            selected = next((found[1] for cell in cells if (found := _SELECT.search(cell.text))), "")
            used |= set(re.findall(r"[\"'](\w+)[\"']", selected.lower()))
        if not used and real:
            used = {self.default}
        self.frameworks = tuple(name for name in self._known if name in used)
        self._seen: set[str] = set()

    @property
    def has_tabs(self) -> bool:
        """Whether its cells have tabs."""
        return len(self.frameworks) > 1

    def written(self, cells: Sequence[Code]) -> list[list[str]]:
        """Cells that stand next to each other, as directives."""
        blocks: list[Block] = []
        hidden: dict[Block, frozenset[str]] = {}
        lines: dict[Block, int] = {}
        lost: list[list[str]] = []
        for cell in cells:
            if cell.is_set_up:
                continue
            found = self._blocks(cell, lost)
            options = frozenset(option for mark, option in _HIDDEN.items() if mark in cell.text.lower())
            hidden |= dict.fromkeys(found, options)
            blocks += found
            lines |= dict.fromkeys(found, cell.line)
        directives = []
        for group in grouped(blocks):
            options = frozenset.intersection(*(hidden[block] for block in group))
            for block in group:
                for name in sorted(hidden[block] - options):
                    self._tell(lines[block], f"':{name}:' is for all frameworks of a cell: it is left out")
            shown = Cell([self._short(block) for block in group], dict.fromkeys(sorted(options), ""))
            directives.append(optplot(shown, has_tabs=self.has_tabs))
            self._seen |= {name for block in group for name in block.frameworks}
        return [*directives, *lost]

    def _short(self, block: Block) -> Block:
        """``all`` is for all that the page has had so far: where these are all that it has, it says the same."""
        everything = set(self.frameworks)
        is_all = self.has_tabs and everything == set(block.frameworks) == self._seen
        return Block(("all",), block.code) if is_all else block

    def _blocks(self, cell: Code, lost: list[list[str]]) -> list[Block]:
        names = self.frameworks if cell.names == ("all",) else (cell.names or (self.default,))
        unknown = [name for name in names if name not in self._known]
        if unknown:
            self._tell(
                cell.line,
                f"there is no framework {' or '.join(unknown)}: the code is kept as a comment; a package can add one",
            )
            lost.append(kept_as_comment(cell.text.split("\n"), f"code for {', '.join(unknown)}"))
        mine = [name for name in self._known if name in names]
        code = trimmed(_TAB.sub("", cell.text, count=1))
        if not has_branches(code):
            return [Block(tuple(mine), code)] if mine and code.strip() else []
        try:
            by_code: dict[str, list[str]] = {}
            for name in mine:
                by_code.setdefault(trimmed(for_framework(code, name)), []).append(name)
        except BranchError as error:
            self._tell(cell.line, f"{error}: the cell is kept as a comment; write framework blocks")
            lost.append(kept_as_comment(cell.text.split("\n"), "a cell with tab.selected"))
            return []
        found = []
        for text, its in by_code.items():
            if not text.strip():
                continue
            if not _is_whole(text):
                self._tell(cell.line, f"nothing is left of a branch for {', '.join(its)}: write what it does there")
            found.append(Block(tuple(its), text))
        return found


def _is_whole(code: str) -> bool:
    plain = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in code.split("\n"))
    try:
        ast.parse(plain)
    except SyntaxError:
        return False
    return True


def _guessed(unmarked: Sequence[str], marked: set[str]) -> str:
    """Whose cells without a mark are: those of the framework that they import."""
    text = "\n".join(unmarked)
    for name, known in BUILT_IN.items():
        module = re.escape(known.module)
        if name != "numpy" and re.search(rf"^\s*(?:import|from) +(?:d2l +import +)?{module}\b", text, re.MULTILINE):
            return name
    # d2lbook's first framework was MXNet; a page without marks and imports needs none.
    return "mxnet" if marked and "mxnet" not in marked else "numpy"
