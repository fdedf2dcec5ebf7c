"""A page in one framework as the cells of a notebook: prose, the author's code, landscapes and their figures."""

from __future__ import annotations

import ast
import builtins
import keyword
import textwrap
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING

from sphinx_optviz.downloads.first_cell import CAN_EVALUATE, HAS_PRECISION, Needs, first_cell
from sphinx_optviz.downloads.renaming import renamed, top_names
from sphinx_optviz.draw.literals import DOUBLED, EVALUATE, IN_BOOK_STYLE, PLOT, function
from sphinx_optviz.parity import names_in, without_magics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sphinx_optviz.model import Download

_HELPERS = ("evaluate", "evaluate_numpy", "in_book_style", "set_seed", "double_precision", "doubled")


@dataclass(frozen=True, kw_only=True, slots=True)
class NotebookCell:
    """One cell: Markdown, or code."""

    text: str
    is_code: bool = False
    is_authors: bool = False  # code with the habits of notebooks: its last value is shown, it may have magics
    draws: bool = False  # it leaves figures to be shown
    raises: bool = False  # it is meant to fail


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What one download is made of: the texts of the page, and between them what stands there."""

    framework: str
    parts: Sequence[str | Download]
    folder: str  # of the page, as seen from conf.py
    rcparams: Mapping[str, object]
    drawing: Callable[[str], str]  # the content of a file that holds the code of a figure; "" if it is not there
    module: Callable[[str], str | None]  # the content of a local module, by its path as seen from conf.py
    file: Callable[[str], bytes | None]  # likewise of what a cell depends on, by its path from the page's folder


def notebook_cells(page: Page) -> list[NotebookCell]:
    """All cells, in the order of the page."""
    return _Composer(page).cells()


@dataclass
class _Names:
    """What the names of the notebook stand for: an import, as ``top_names`` gives it, or something else ("")."""

    owners: dict[str, str] = field(default_factory=lambda: dict.fromkeys(dir(builtins), ""))

    def add(self, names: Mapping[str, str]) -> None:
        """Note what *names* stand for."""
        for name, what in names.items():
            self.owners[name] = what if self.owners.get(name, what) == what else ""

    def fits(self, name: str, what: str) -> bool:
        """Whether *name* can stand for *what*."""
        return name not in self.owners or bool(what and self.owners[name] == what)

    def free(self, wanted: str, *, beside: Collection[str] = ()) -> str:
        """A name that nothing has yet, nor one of those *beside* it; it is taken then."""
        name = "".join(sign if sign.isalnum() else "_" for sign in wanted)
        name = name if name.isidentifier() and not keyword.iskeyword(name) else f"_{name}"
        number = 1
        base = name
        while name in self.owners or name in beside:
            number += 1
            name = f"{base}_{number}"
        self.owners[name] = ""
        return name


class _Composer:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.names = _Names()
        self.defined: dict[tuple[str, str], dict[str, str]] = {}  # by landscape and code: what its names became
        self.evaluated: set[str] = set()
        self.has_figures = self.has_finer = False

    def cells(self) -> list[NotebookCell]:
        page = self.page
        authors = [part for part in page.parts if not isinstance(part, str) and not part.landscapes]
        codes = [part.code[page.framework][0] for part in authors if page.framework in part.code]
        for code in map(without_magics, codes):
            self.names.add(top_names(code))
            known = names_in(code)
            self.names.add(dict.fromkeys(known.used - self.names.owners.keys(), ""))
        helpers = {name: self.names.free(name) for name in _HELPERS}
        self.helpers = helpers
        found: list[NotebookCell] = []
        for part in page.parts:
            if isinstance(part, str):
                found.append(NotebookCell(text=part))
            elif part.landscapes:
                found += self._plot(part)
            elif page.framework in part.code:
                found += self._authors(part, is_first=not any(cell.is_authors for cell in found))
        modules = {
            path: text
            for part in authors
            for path, _ in part.modules.get(page.framework, ())
            if not path.startswith("..") and (text := page.module(path)) is not None
        }
        names = dict.fromkeys(path for part in authors for path, _ in part.files)
        files = {path: page.file(path) for path in names if normpath(f"{page.folder}/{path}") not in modules}
        needs = Needs(
            framework=page.framework,
            names=helpers,
            modules=dict(sorted(modules.items())),
            files=dict(sorted(files.items())),
            folders=tuple(dict.fromkeys([page.folder, "."])),
            has_cells=bool(codes),
            cells_draw=any("matplotlib" in code for code in codes) or any(part.draws for part in authors),
            has_default_rng=any("default_rng" in code for code in [*codes, *modules.values()]),
            evaluated=frozenset(self.evaluated),
            has_figures=self.has_figures,
            has_finer=self.has_finer,
            rcparams=page.rcparams,
        )
        first = next((number for number, cell in enumerate(found) if cell.is_code), len(found))
        if text := first_cell(needs):
            found.insert(first, NotebookCell(text=text, is_code=True))
        return found

    # ---- the author's code

    def _authors(self, part: Download, *, is_first: bool) -> list[NotebookCell]:
        found = []
        seed = part.seeds.get(self.page.framework)
        if seed is not None and not (is_first and seed == 0):
            found.append(NotebookCell(text=f"{self.helpers['set_seed']}({seed})\n", is_code=True))
        text = part.code[self.page.framework][0]
        if text.strip():
            found.append(
                NotebookCell(text=text, is_code=True, is_authors=True, draws=part.draws, raises=part.expects_error)
            )
        return found

    # ---- landscapes

    def _plot(self, part: Download) -> list[NotebookCell]:
        """The landscapes' own code where it was not given before, and what draws the figure."""
        name = next((one for one in (self.page.framework, "numpy") if one in part.code and one in CAN_EVALUATE), "")
        if not name:
            return []
        found = []
        functions: dict[str, str] = {}
        for (landscape, wanted), code in zip(part.landscapes, part.code[name], strict=True):
            is_there = part.of_page and name == self.page.framework
            new = dict.fromkeys(wanted) if is_there else self.defined.get((landscape, code))
            if new is None:
                new, text = self._definition(landscape, wanted, code, name)
                found.append(NotebookCell(text=text, is_code=True))
            functions |= {function(landscape, one): new.get(one) or one for one in wanted}
        drawing = part.drawings.get(name) or next(iter(part.drawings.values()), "")
        if text := self.page.drawing(drawing) if drawing else "":
            self.has_figures = True
            self.has_finer |= DOUBLED in text
            self.evaluated.add(name)
            helper = "evaluate" if name == self.page.framework else "evaluate_numpy"
            plot = self.names.free("plot_" + "_".join(landscape for landscape, _ in part.landscapes))
            tokens = {
                **functions,
                EVALUATE: self.helpers[helper],
                IN_BOOK_STYLE: self.helpers["in_book_style"],
                DOUBLED: self.helpers["doubled"],
                PLOT: plot,
            }
            for token, meant in tokens.items():
                text = text.replace(token, meant)
            found.append(NotebookCell(text=text, is_code=True))
        return found

    def _definition(self, landscape: str, wanted: Sequence[str], code: str, name: str) -> tuple[dict[str, str], str]:
        """What the names of a landscape's code become, and this code with them."""
        bound = top_names(code)
        changed: dict[str, str] = {}
        for own, what in bound.items():
            is_only_function = wanted == (own,) == ("f",)
            if is_only_function:
                changed[own] = self.names.free(landscape, beside=bound)
            elif not self.names.fits(own, what):
                changed[own] = self.names.free(f"{landscape}_{own}", beside=bound)
        try:
            text = renamed(code, changed) if changed else code
        except ValueError:  # then its names are those of others too
            changed, text = {}, code
        self.names.add({own: what for own, what in bound.items() if own not in changed})
        self.defined[landscape, code] = changed
        if name in HAS_PRECISION and _computes(code):
            self.evaluated.add(name)
            text = f"with {self.helpers['double_precision']}():\n{textwrap.indent(text, '    ')}"
        return changed, text


def _computes(code: str) -> bool:
    """Whether the top level makes anything whose type could be another one, beyond functions and plain numbers."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):
        return False
    plain = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    calls = [
        call for node in body if not isinstance(node, plain) for call in ast.walk(node) if isinstance(call, ast.Call)
    ]
    return any(not ast.unparse(call.func).startswith("math.") for call in calls)


def folder_of(docname: str, prefix: str) -> str:
    """The folder of a page, as seen from conf.py; *prefix* is that of the sources."""
    return str(PurePosixPath(prefix, docname).parent)
