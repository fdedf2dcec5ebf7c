"""Imports go downward only, hidden ones counted, and what is heavy is imported where it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import sphinx_optviz
from sphinx_optviz.frameworks import BUILT_IN, FINDER_TEXTS

PACKAGE = "sphinx_optviz"
ROOT = Path(sphinx_optviz.__file__).parent

# From the bottom up. A folder stands for all modules in it; the package itself is "".
LAYERS = [
    ["model", "critical", "runs", "cell_runs", "log", "nodes", "files", "tables", "printable"],
    [
        *("frameworks", "landscapes", "environments", "store", "cell_entries", "domain", "processes", "points"),
        *("critical_points", "cells", "interpreters"),
    ],
    [
        *(
            "config",
            "options",
            "plot_directive",
            "cell_directive",
            "directive",
            "grammar",
            "roles",
            "plan",
            "inline",
            "spots",
            "marks",
            "claims",
            "optval",
            "hidden",
            "description",
            "figure_words",
            "execute",
            "comparison",
            "critical_comparison",
            "agreement",
            "draw",
            "downloadable",
            "downloads",
            "shown",
            "place",
            "references",
            "tabs",
            "report",
        ),
        *("staleness", "pages", "memory", "notebooks", "cell_execute", "cell_agreement", "cell_shown", "output_nodes"),
        *("check_report", "cell_check", "parity", "randomness", "absent", "expressions", "targets"),
    ],
    ["pipeline", "cell_build"],
    ["update", "check", "convert"],
    ["extension", "cli"],
    [""],
]

# Within a layer a module imports from another only where it says so here.
SIDEWAYS = {
    ("runs", "model"),  # digests
    ("cell_runs", "model"),
    ("cell_entries", "store"),  # the lines of an entry
    ("landscapes", "frameworks"),  # the files that may lie in a landscape's folder
    ("environments", "frameworks"),  # what to install
    ("log", "printable"),  # what strangers wrote
    ("interpreters", "environments"),  # those that setup has made
    ("interpreters", "frameworks"),  # the module to look for
    ("expressions", "grammar"),  # coordinates, and kinds of points
    ("absent", "staleness"),  # what an entry says of itself
    ("roles", "expressions"),  # whether it is a matrix
    ("optval", "expressions"),
    ("comparison", "critical_comparison"),
    ("critical_comparison", "spots"),  # places in words
    ("agreement", "comparison"),  # numbers are compared without knowing a plot
    ("plot_directive", "grammar"),  # what an option's line says
    ("cell_directive", "grammar"),
    ("plot_directive", "options"),  # what the directives share
    ("cell_directive", "options"),
    ("directive", "options"),
    ("directive", "plot_directive"),
    ("directive", "cell_directive"),
    ("cell_execute", "execute"),  # interpreters, and why they do not start
    ("place", "output_nodes"),
    ("cell_agreement", "agreement"),  # the form of a verdict
    ("cell_agreement", "comparison"),  # numbers that are not finite
    ("cell_shown", "description"),  # lists in words
    ("cell_shown", "cell_execute"),  # why a cell was not run
    ("cell_shown", "shown"),  # the sentences of a verdict
    ("cell_check", "check_report"),  # a row
    ("pipeline", "cell_build"),
    ("downloads", "draw"),  # what figures look like
    ("downloads", "parity"),  # what cells define and use
    ("randomness", "parity"),  # the lines of a cell that are Python
    ("inline", "parity"),  # what a statement defines and uses
    ("marks", "plan"),  # what is found becomes part of a plot
    ("marks", "spots"),  # points by their names
    ("claims", "spots"),
    ("hidden", "spots"),
    ("optval", "spots"),
    ("optval", "claims"),  # the value, gradient and Hessian at a point
    ("optval", "plan"),  # runs on a landscape
    ("description", "spots"),
    ("description", "plan"),  # the domain of a plot
    ("shown", "description"),
}

HEAVY = ["execnet", "matplotlib", "mpl_toolkits", "cycler", "numpy", "scipy"]
FRAMEWORKS = ["torch", "mxnet", "jax", "jaxlib", "optax", "tensorflow", "keras"]
ADAPTERS = {
    "pytorch": ["torch"],
    "mxnet": ["mxnet"],
    "jax": ["jax"],
    "tensorflow": ["tensorflow", "keras"],
    "numpy": [],
}

# Sent to an interpreter that has nothing of ours.
SENT_AS_TEXT = [
    *("processes.loop", "frameworks.evaluate", "frameworks.differences", "frameworks.noise"),
    *(f"cells.{name}" for name in ("outputs", "artists", "figures", "results", "plain", "ipython", "page")),
    *(f"critical_points.{name}" for name in FINDER_TEXTS),
    *(f"frameworks.{name}" for name in ADAPTERS),
]
# Run in a child that can import this package.
DRAWING = [
    f"draw.{name}"
    for name in (
        *("canvas", "finer", "labels", "layout", "levels", "literals", "looks", "marks", "panels", "script", "space"),
        *("style", "svg", "views"),
    )
]
WITHOUT_SPHINX = [
    *("model", "runs", "files", "landscapes", "frameworks", "environments", "store", "processes", "points"),
    *("plan", "execute", "comparison", "critical_comparison", "agreement", "staleness", "memory", "draw"),
    *("critical", "grammar", "spots", "marks", "claims", "optval", "hidden"),
    *("cell_runs", "cell_entries", "cells", "notebooks", "cell_execute", "cell_agreement", "parity", "inline"),
    *("downloadable", "randomness"),
]


@dataclass(frozen=True)
class Import:
    """An import that runs, wherever in the file it stands."""

    name: str  # of the module, dotted
    at_top: bool  # and not in a function
    line: int


def name_of(path: Path) -> str:
    """The module's name below the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_landscape(path: Path) -> bool:
    """Whether it is the code of a landscape, which is read as text."""
    return path.parent.parent == ROOT / "landscapes"


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py")) if not is_landscape(path)}
HOST = [name for name in MODULES if name not in {*SENT_AS_TEXT, *DRAWING}]


class Finder(ast.NodeVisitor):
    """Collects the imports of one module, except those for type checkers."""

    def __init__(self, module: str, *, is_package: bool) -> None:
        self.module = module
        self.is_package = is_package
        self.at_top = True
        self.found: list[Import] = []

    def visit_If(self, node: ast.If) -> None:
        only_for_types = ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for child in node.orelse if only_for_types else [node.test, *node.body, *node.orelse]:
            self.visit(child)

    def visit_FunctionDef(self, node: ast.AST) -> None:
        outer, self.at_top = self.at_top, False
        self.generic_visit(node)
        self.at_top = outer

    def visit_AsyncFunctionDef(self, node: ast.AST) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.AST) -> None:
        self.visit_FunctionDef(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.found.extend(Import(alias.name, self.at_top, node.lineno) for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            here = [PACKAGE, *filter(None, self.module.split("."))]
            up = node.level - 1 if self.is_package else node.level
            base = ".".join([*here[: len(here) - up], *filter(None, [base])])
        for alias in node.names:
            # "from sphinx_optviz import config" imports a module as much as "import sphinx_optviz.config" does.
            full = f"{base}.{alias.name}"
            name = full if full.removeprefix(f"{PACKAGE}.") in MODULES else base
            self.found.append(Import(name, self.at_top, node.lineno))

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func) in ("__import__", "importlib.import_module"):
            first = node.args[0]
            assert isinstance(first, ast.Constant), f"{self.module}: what does line {node.lineno} import?"
            self.found.append(Import(str(first.value), self.at_top, node.lineno))
        self.generic_visit(node)


def imports_in(text: str, module: str, *, is_package: bool = False) -> list[Import]:
    """All imports of *text*, the code of *module*, except those for type checkers."""
    finder = Finder(module, is_package=is_package)
    finder.visit(ast.parse(text))
    return finder.found


@cache
def imports_of(module: str) -> list[Import]:
    path = MODULES[module]
    return imports_in(path.read_text(encoding="utf-8"), module, is_package=path.name == "__init__.py")


def outside(module: str, names: list[str], *, at_top: bool = False) -> list[Import]:
    """The imports of *module* that belong to one of the packages *names*."""
    return [
        found for found in imports_of(module) if found.name.partition(".")[0] in names and (found.at_top or not at_top)
    ]


def layer_of(module: str) -> tuple[int, str]:
    """The layer's number, and the file or folder."""
    part = module.partition(".")[0]
    return next(number for number, parts in enumerate(LAYERS) if part in parts), part


def edges() -> set[tuple[str, str]]:
    """(importer, imported) by file or folder of the package."""
    found = set()
    for module in MODULES:
        for item in imports_of(module):
            if item.name.partition(".")[0] == PACKAGE:
                target = item.name.removeprefix(PACKAGE).removeprefix(".")
                pair = (layer_of(module)[1], layer_of(target)[1])
                found |= {pair} if pair[0] != pair[1] else set()
    return found


# ---- the tools of this file


@pytest.mark.parametrize(
    ("text", "module", "expected"),
    [
        ("import a.b, c", "plan", [("a.b", True), ("c", True)]),
        ("from a.b import c", "plan", [("a.b", True)]),
        ("def f():\n    import a", "plan", [("a", False)]),
        ("class C:\n    import a\n    def f(self):\n        from b import c", "plan", [("a", True), ("b", False)]),
        ("try:\n    import a\nexcept ImportError:\n    import b", "plan", [("a", True), ("b", True)]),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", "plan", [("b", True)]),
        ("from sphinx_optviz import config", "plan", [("sphinx_optviz.config", True)]),
        ("from sphinx_optviz import __version__", "plan", [("sphinx_optviz", True)]),
        ("from . import config", "plan", [("sphinx_optviz.config", True)]),
        ("from .draw import style", "plan", [("sphinx_optviz.draw.style", True)]),
        ("from .. import config", "draw.views", [("sphinx_optviz.config", True)]),
        ("from .style import INK", "draw.views", [("sphinx_optviz.draw.style", True)]),
        ("import importlib\nimportlib.import_module('a')", "plan", [("importlib", True), ("a", True)]),
    ],
)
def test_all_kinds_of_imports_are_found(text: str, module: str, expected: list[tuple[str, bool]]) -> None:
    assert [(found.name, found.at_top) for found in imports_in(text, module)] == expected


def test_every_module_is_in_a_layer_and_every_name_is_a_module() -> None:
    assert sorted({module.partition(".")[0] for module in MODULES}) == sorted(
        name for layer in LAYERS for name in layer
    )
    assert set(SENT_AS_TEXT) & set(MODULES) >= {"processes.loop", "frameworks.evaluate", "frameworks.numpy"}
    assert set(DRAWING) <= set(MODULES)
    assert set(WITHOUT_SPHINX) <= set(MODULES)


# ---- the order


def test_imports_go_downward() -> None:
    upward = {(importer, imported) for importer, imported in edges() if layer_of(imported)[0] > layer_of(importer)[0]}
    assert upward == set()


def test_imports_within_a_layer_are_those_listed() -> None:
    level = {(importer, imported) for importer, imported in edges() if layer_of(imported)[0] == layer_of(importer)[0]}
    assert level == SIDEWAYS


@pytest.mark.parametrize("module", [name for name in MODULES if name.partition(".")[0] in WITHOUT_SPHINX])
def test_what_has_nothing_to_do_with_sphinx_does_not_import_it(module: str) -> None:
    assert outside(module, ["sphinx", "docutils", "sphinx_tabs"]) == []


@pytest.mark.parametrize("module", MODULES)
def test_frameworks_are_imported_by_their_adapters_alone(module: str) -> None:
    folder, _, name = module.partition(".")
    own = ADAPTERS.get(name, []) if folder == "frameworks" else []
    assert outside(module, [framework for framework in FRAMEWORKS if framework not in own]) == []


@pytest.mark.parametrize("module", HOST)
def test_the_host_imports_nothing_heavy_before_it_needs_it(module: str) -> None:
    assert outside(module, HEAVY, at_top=True) == []


@pytest.mark.parametrize("module", [name for name in SENT_AS_TEXT if name in MODULES])
def test_what_is_sent_to_other_interpreters_imports_nothing_of_this_package(module: str) -> None:
    assert outside(module, [PACKAGE]) == []


def test_the_child_that_draws_imports_of_this_package_what_draws_alone() -> None:
    names = {found.name for module in DRAWING for found in outside(module, [PACKAGE])}
    assert names <= {f"{PACKAGE}.{module}" for module in DRAWING}


# ---- what really happens


def imported_by(statement: str) -> set[str]:
    """The packages that another interpreter has imported after *statement*."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_importing_the_extension_imports_nothing_heavy() -> None:
    found = imported_by(f"import {PACKAGE}.extension, {PACKAGE}.pipeline, {PACKAGE}.cli")
    assert PACKAGE in found
    assert found & {*HEAVY, *FRAMEWORKS} == set()


def test_importing_the_package_imports_not_even_sphinx() -> None:
    """A theme or tool that asks for the version should not pay for more."""
    assert imported_by(f"import {PACKAGE}") & {"sphinx", "docutils"} == set()


@pytest.mark.parametrize("texts", [known.programs() for known in BUILT_IN.values()], ids=list(BUILT_IN))
def test_texts_that_share_a_namespace_in_the_child_share_no_name(texts: list[tuple[str, str]]) -> None:
    homes: dict[str, set[str]] = {}
    for name, text in texts:
        for node in ast.parse(text).body:
            targets = node.targets if isinstance(node, ast.Assign) else [node]
            for target in targets:
                if isinstance(target, ast.FunctionDef | ast.ClassDef | ast.Name):
                    homes.setdefault(getattr(target, "name", "") or getattr(target, "id", ""), set()).add(name)
    assert {name: home for name, home in homes.items() if len(home) > 1} == {}


def test_the_documentation_has_the_layers_as_they_are() -> None:
    text = (ROOT.parent / "docs/how-it-works.rst").read_text(encoding="utf-8")
    block = text.partition("groups above it:\n\n.. code-block:: text\n\n")[2].partition("\nWithin a group")[0]
    shown = [sorted(group.split()) for group in block.strip().split("\n\n")]
    assert shown == [sorted(name or "__init__" for name in layer) for layer in LAYERS]
