"""PARSE: ``optplot`` with code, a cell, and ``framework``, which says for whom a part of it is. Runs nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import parselinenos
from sphinx.util.docutils import SphinxDirective

from sphinx_optviz import grammar
from sphinx_optviz.frameworks import framework_name
from sphinx_optviz.model import Block, CellRecord, CellSpec
from sphinx_optviz.nodes import framework_block, optplot_code
from sphinx_optviz.options import FIGURE_OPTIONS, RecordingDirective, choice, framework_list, parse_names, some_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from docutils.statemachine import StringList
    from sphinx.application import Sphinx

    from sphinx_optviz.domain import OptvizDomain

# How a part of a cell begins, in reStructuredText and in Markdown.
_BLOCK = re.compile(r"\.\. +framework::|(`{3,}|~{3,}|:{3,})\{framework\}")

# How a directive begins in Markdown.
_FENCE = re.compile(r"\s*(`{3,}|~{3,}|:{3,})")

_MAX_SEED = 2**32 - 1


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _MAX_SEED:
        raise ValueError(f"it is a whole number from 0 to {_MAX_SEED}")
    return int(text)


def _seconds(text: str) -> float:
    number = grammar.number(text)
    if number <= 0:
        raise ValueError("it is a number of seconds, more than 0")
    return number


def _line_numbers(text: str) -> tuple[int, ...]:
    return tuple(number + 1 for number in parselinenos(text, 1_000_000))


def _flag(text: str) -> bool:
    if text.strip():
        raise ValueError("it takes no value")
    return True


def _files(text: str) -> tuple[str, ...]:
    names = parse_names(text)
    if not names:
        raise ValueError("name at least one file, relative to the page")
    return names


# What becomes part of the CellSpec: option -> (field, check).
_CELL_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "framework": ("frameworks", framework_list),
    "frameworks": ("frameworks", framework_list),
    "code": ("code", choice("above", "below", "hidden")),
    "figure": ("figure", choice("shared", "each", "none")),
    "alt": ("alt", some_text),
    "hide-output": ("hide_output", _flag),
    "code-fold": ("fold", lambda text: " ".join(text.split()) or "Code"),
    "lineno-start": ("first_number", directives.nonnegative_int),
    "emphasize-lines": ("emphasized", _line_numbers),
    "expect-error": ("expect_error", _flag),
    "timeout": ("timeout", _seconds),
    "seed": ("seed", _seed),
    "depends": ("depends", _files),
}

CELL_OPTIONS = (*FIGURE_OPTIONS, *_CELL_OPTIONS, "caption", "hide-code", "no-agreement")


class CellDirective(RecordingDirective):
    """Becomes a placeholder for code and outputs, and, if it is captioned or named, a figure with another one."""

    known_options = CELL_OPTIONS

    def run(self) -> list[nodes.Node]:
        self.problems = []
        fields = self.fields(_CELL_OPTIONS)
        if "no-agreement" in self.options and self.checked("no-agreement", _flag):
            fields["agreement"] = False
        if "hide-code" in self.options and self.checked("hide-code", _flag):
            fields["code"] = "hidden"
        has_tabs = any(_BLOCK.match(line) for line in self.content)
        if "framework" in self.options and (has_tabs or len(fields.get("frameworks", ())) > 1):
            self.problem("':framework:' is for one framework and code without framework blocks", "framework")
        blocks, rest = self._blocks() if has_tabs else ((_block((), self.content, self),), [])
        caption = self._caption()
        shape = self.shape()
        spec = CellSpec(
            blocks=blocks, has_tabs=has_tabs, is_captioned=bool(caption), is_named="name" in shape, **fields
        )
        built, placeholders = self._build(spec, shape, caption)
        source, line = self.get_source_info()
        record = CellRecord(spec=spec, line=line, source=source, problems=tuple(self.problems))
        return [*self.note(record, built, placeholders), *rest]

    def _blocks(self) -> tuple[tuple[Block, ...], list[nodes.Node]]:
        """The ``framework`` blocks in the content, and whatever else stands there."""
        blocks, rest = [], []
        for node in self.parse_content_to_nodes():
            if isinstance(node, framework_block):
                blocks.append(node["block"])
            elif not isinstance(node, nodes.comment):
                rest.append(node)
        if rest:
            self.problem("beside framework blocks there may be nothing else in a cell; it is shown below")
        return tuple(blocks), rest

    def _caption(self) -> list[nodes.Node]:
        if "caption" not in self.options:
            return []
        text = self.checked("caption", some_text)
        if text is None:
            return []
        children, messages = self.parse_inline(text, lineno=self.lineno + self.offset("caption"))
        caption = nodes.caption(text, "", *children)
        self.set_source_info(caption)
        return [caption, *messages]

    def _build(
        self, spec: CellSpec, shape: dict[str, Any], caption: list[nodes.Node]
    ) -> tuple[list[nodes.Node], list[nodes.Element]]:
        """The nodes to return, and those among them that ``PlacePlots`` replaces."""
        code = optplot_code(each=not spec.has_image)
        code["highlighting"] = _highlighting(spec)
        code["fold"] = spec.fold
        code["image"] = {name: shape[name] for name in ("width",) if name in shape} | {
            "classes": shape.get("class", [])
        }
        self.set_source_info(code)
        if spec.is_figure and spec.figure == "each":
            figure = self.figure_around(code, shape)
            figure += caption
            return [figure], [code]
        if "align" in shape:
            code["image"]["align"] = shape["align"]
        if not spec.has_image:
            # As with plots: what would be the caption of a figure is a paragraph where there is none.
            text: list[nodes.Node] = [nodes.paragraph("", "", *node.children) for node in caption[:1]]
            container = self._container(shape, code, *text, *caption[1:])
            self.set_name(container, shape)
            return [container], [code]
        image = self.image("cell", spec.alt, shape)
        if not spec.is_figure:
            if "align" in shape:
                image["align"] = shape["align"]
            both: list[nodes.Node] = [image, code] if spec.code == "below" else [code, image]
            return [self._container(shape, *both)], [code, image]
        figure = self.figure_around(image, shape)
        figure += caption
        order: list[nodes.Node] = [figure, code] if spec.code == "below" else [code, figure]
        return order, [code, image]

    def _container(self, shape: dict[str, Any], *children: nodes.Node) -> nodes.container:
        return nodes.container("", *children, classes=["optviz-cell", *shape.get("figclass", [])])


def _highlighting(spec: CellSpec) -> dict[str, Any]:
    """As Sphinx's own code blocks have it."""
    found: dict[str, Any] = {}
    more: dict[str, Any] = {}
    if spec.first_number is not None:
        found["linenos"], more["linenostart"] = True, spec.first_number
    if spec.emphasized:
        more["hl_lines"] = list(spec.emphasized)
    return found | ({"highlight_args": more} if more else {})


class FrameworkDirective(SphinxDirective):
    """A part of a cell; it becomes a node that the cell around it takes."""

    has_content = True
    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        names: list[str] = []
        for name in parse_names(self.arguments[0]) if self.arguments else ():
            try:
                names.append("all" if name == "all" else framework_name(name))
            except ValueError as error:
                self._warn(str(error))
        if not self.arguments:
            self._warn("name one or more frameworks, or all, as in '.. framework:: pytorch'")
        text = "\n".join(self.content)
        node = framework_block(text, text, language="python")
        node["block"] = _block(("all",) if "all" in names else tuple(names), self.content, self)
        self.set_source_info(node)
        return [node]

    def _warn(self, message: str) -> None:
        source, line = self.get_source_info()
        cast("OptvizDomain", self.env.get_domain("optviz")).report(self.env.docname, message, f"{source}:{line}")


def report_blocks_outside(app: Sphinx, doctree: nodes.document) -> None:
    """At ``doctree-read``: a block that no cell has taken is code that does not run."""
    for node in doctree.findall(framework_block):
        message = (
            "this framework block is in no cell: its code is shown and does not run; indent it below '.. optplot::'"
        )
        domain = cast("OptvizDomain", app.env.get_domain("optviz"))
        domain.report(app.env.docname, message, f"{node.source}:{node.line}")


def _block(frameworks: tuple[str, ...], content: StringList, directive: SphinxDirective) -> Block:
    """The lines of *content* with their place, empty ones at both ends left out."""
    lines = list(content)
    source, line = directive.get_source_info()
    if not lines:
        return Block(frameworks, (), str(source), line)
    above = next((number for number, text in enumerate(lines) if text.strip()), 0)
    if _FENCE.match(directive.block_text):
        # MyST-Parser does not tell the lines of a content: it ends where the block does, before the closing fence.
        line += len(directive.block_text.splitlines()) - 1 - len(lines) + above
    else:
        known, offset = content.info(above)
        source, line = known or source, (offset or 0) + 1
    return Block(frameworks, tuple("\n".join(lines).strip("\n").split("\n")), str(source), line)
