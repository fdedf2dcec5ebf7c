"""A Markdown page's blocks as reStructuredText."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils.utils import column_width

from sphinx_optviz.convert.code_blocks import code_block
from sphinx_optviz.convert.escaping import joined, paragraph, target
from sphinx_optviz.convert.findings import Finding, kept_as_comment, noted
from sphinx_optviz.convert.inlines import Inlines, footnote_name, plain_text
from sphinx_optviz.convert.labels import Labels
from sphinx_optviz.convert.lines import apart, indented, lines_of
from sphinx_optviz.convert.notebook import Code, Notebook, fence_of
from sphinx_optviz.convert.others import Others
from sphinx_optviz.frameworks import UnknownFrameworkError, framework

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from markdown_it.tree import SyntaxTreeNode

    from sphinx_optviz.convert.book import Book

_LEVELS = "=-~^\"'"
_CAPTION = re.compile(r"(?:Table)?: *(?![\w:]+:`)")
_OWN_LINES = re.compile(r"\\begin\{(?:align|alignat|eqnarray|equation|flalign|gather|multline)\*?\}")
_SIZE = re.compile(r"[0-9.]+ *(?:px|pt|em|ex|cm|mm|in|pc|%)?$")

Lines = list[str]


class Page:
    """Writes one page. It is written twice: first only to learn the labels of all pages."""

    def __init__(self, path: Path, tree: SyntaxTreeNode, book: Book, framework_of_unmarked: str) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self._tree = tree
        self._book = book
        self._inlines = Inlines(path, book, self._tell)
        self._depth = 0  # how many titles lie open
        self._is_repeated = False  # what is written was written before
        self._nested = 0  # in how many blocks that may hold no title
        self._title = ""
        self._others = Others(path, book, self._tell)
        self._labels = Labels(path, book, lambda message: self._tell(self._inlines.line, message))
        cells = [_code(node) for node in tree.walk() if _is_cell(node)]
        self._notebook = Notebook(cells, framework_of_unmarked, self._tell)

    def text(self) -> str:
        """The whole page."""
        lines = self._blocks(self._tree.children)
        for image in self._inlines.images:
            lines += ["", *image]
        if self._inlines.cites and not self._book.has_bibliography:
            lines += ["", ".. rubric:: References", "", ".. footbibliography::"]
        if self._book.root_page and self.path not in self._book.in_toc | {self._book.root_page}:
            self._tell(1, "no table of contents that is converted leads to this page: it is marked as an orphan")
            lines = [":orphan:", "", *lines]
        return "\n".join(lines).strip("\n") + "\n"

    def _tell(self, line: int, message: str) -> None:
        if not self._is_repeated:
            self.findings.append(Finding(self.path, line, message))

    # ---- blocks

    def _blocks(self, nodes: Sequence[SyntaxTreeNode]) -> Lines:
        """The blocks, with what belongs together joined: cells, tabs, captions and marks."""
        found: list[tuple[str, Lines]] = []
        position = 0
        while position < len(nodes):
            node = nodes[position]
            self._inlines.line = (node.map or (0, 0))[0] + 1
            position += 1
            if _is_cell(node):
                cells = [node]
                while position < len(nodes) and _is_cell(nodes[position]):
                    cells.append(nodes[position])
                    position += 1
                found += [("cell", lines) for lines in self._notebook.written([_code(cell) for cell in cells])]
                continue
            if node.type == "tab":
                tabs = [node]
                while position < len(nodes) and nodes[position].type == "tab":
                    tabs.append(nodes[position])
                    position += 1
                found.append(("tab", self._tabs(tabs)))
                continue
            caption = None
            marks: list[tuple[str, str]] = list(node.meta["marks"]) if node.type == "mark" else []
            at = _table_of_caption(node, nodes, position)
            if at is not None:
                marks = [mark for other in nodes[position:at] for mark in other.meta["marks"]]
                caption, node, position = node, nodes[at], at + 1
            while position < len(nodes) and nodes[position].type == "mark":
                marks += nodes[position].meta["marks"]
                position += 1
            is_below = position < len(nodes) and _is_caption(nodes[position]) and node.type == "table"
            if is_below and caption is None:
                after = nodes[position + 1].type if position + 1 < len(nodes) else ""
                if after != "table":
                    caption = nodes[position]
                    position += 1
            lines = self._block(node, marks, caption)
            kind = node.type if _lone_image(node) is None else "figure"
            found.append((kind, [*lines, *self._noted()]))
            found += [
                ("bibliography", self._others.bibliography(value, self._inlines.line))
                for name, value in marks
                if name == "bibliography"
            ]
        return apart(found)

    def _block(self, node: SyntaxTreeNode, marks: list[tuple[str, str]], caption: SyntaxTreeNode | None) -> Lines:
        """One block, with the *marks* below it."""
        values = dict(marks)
        labels = [value for name, value in marks if name in {"label", "eqlabel"}]
        image = _lone_image(node)
        match node.type:
            case "heading":
                return self._heading(node, labels)
            case "table":
                return self._table(node, caption, labels)
            case "math_block" | "math_block_label":
                return self._equation(node.content, labels)
            case "hr":
                return [] if self._nested else ["----"]
            case _ if image is not None:
                return self._figure(image, labels, values, _marks_in(node))
        lines = getattr(self, f"_{node.type}", self._unknown)(node)
        labels += self._inlines.labels
        self._inlines.labels = []
        return [*self._labels.targets(labels, "other", self._title), *lines]

    def _noted(self) -> Lines:
        lost, self._inlines.lost = self._inlines.lost, []
        return noted(lost)

    def _nest(self, nodes: Sequence[SyntaxTreeNode]) -> Lines:
        self._nested += 1
        lines = self._blocks(nodes)
        self._nested -= 1
        return lines

    def _inline(self, node: SyntaxTreeNode) -> str:
        """The inline content of *node*, which has one child for it at most."""
        children = node.children[0].children if node.children else []
        return joined(self._inlines.pieces(children))

    def _one_line(self, node: SyntaxTreeNode) -> str:
        return " ".join(self._inline(node).split())

    def _paragraph(self, node: SyntaxTreeNode) -> Lines:
        children = list(node.children[0].children) if node.children else []
        formula = next((number for number, child in enumerate(children) if child.type == "math_inline_double"), None)
        if formula is None:
            return self._text(children)
        before, after = self._text(children[:formula]), self._text(children[formula + 1 :])
        # Its label may stand in the text behind it.
        labels, self._inlines.labels = self._inlines.labels, []
        return apart([("", before), ("", self._equation(children[formula].content, labels)), ("", after)])

    def _text(self, children: Sequence[SyntaxTreeNode]) -> Lines:
        parts = [joined(group) for group in _lines_apart(self._inlines.pieces(children))]
        if len(parts) > 1:
            return [f"| {' '.join(part.split())}".rstrip() for part in parts]
        lines = paragraph(parts[0])
        return lines if lines != [""] else []

    def _heading(self, node: SyntaxTreeNode, labels: list[str]) -> Lines:
        text = self._one_line(node) or "\\ "
        labels = [*labels, *self._inlines.labels]
        self._inlines.labels = []
        self._title = " ".join(plain_text(node.children[0].children if node.children else []).split())
        if self._nested:
            return [*self._labels.targets(labels, "other", self._title), f".. rubric:: {text}"]
        self._depth = min(int(node.tag[1:]), self._depth + 1)
        text = paragraph(text)[0]
        rule = _LEVELS[min(self._depth, len(_LEVELS)) - 1] * max(column_width(text), 3)
        return [*self._labels.targets(labels, "section", self._title), text, rule]

    def _bullet_list(self, node: SyntaxTreeNode) -> Lines:
        return self._items(node, ["-"] * len(node.children))

    def _ordered_list(self, node: SyntaxTreeNode) -> Lines:
        start = int(node.attrs.get("start", 1))
        return self._items(node, [f"{start + number}." for number in range(len(node.children))])

    def _items(self, node: SyntaxTreeNode, signs: list[str]) -> Lines:
        lines: Lines = []
        for item, sign in zip(node.children, signs, strict=True):
            content = self._nest(item.children) or ["\\ "]
            width = max(len(each) for each in signs) + 1
            first, *rest = content
            lines += [""] if lines and (len(content) > 1 or lines[-1].startswith(" ")) else []
            lines += [f"{sign:<{width}}{first}", *(" " * width + line if line else "" for line in rest)]
        return lines

    def _blockquote(self, node: SyntaxTreeNode) -> Lines:
        return indented(self._nest(node.children))

    def _fence(self, node: SyntaxTreeNode) -> Lines:
        fence = fence_of(node.info)
        content: Lines = node.content.rstrip("\n").split("\n")
        if fence.language == "toc":
            return self._others.toc(content, self._inlines.line + 1)
        if fence.language == "eval_rst":
            return self._others.restructured(content, self._inlines.line)
        if fence.rest:
            self._tell(self._inlines.line, f"{fence.rest} of this code is not known: it is shown, and not run")
        return code_block(content, fence.language)

    def _code_block(self, node: SyntaxTreeNode) -> Lines:
        return code_block(node.content.rstrip("\n").split("\n"), "")

    def _html_block(self, node: SyntaxTreeNode) -> Lines:
        content = node.content.strip("\n").split("\n")
        if content[0].startswith("<!--") and content[-1].rstrip().endswith("-->"):
            return ["..", *indented(content)]
        return [".. raw:: html", "", *indented(content)]

    def _footnote_block(self, node: SyntaxTreeNode) -> Lines:
        lines: Lines = []
        for note in node.children:
            content = self._nest([child for child in note.children if child.type != "footnote_anchor"]) or ["\\ "]
            lines += [""] if lines else []
            lines += [f".. [#{footnote_name(note.meta)}] {content[0]}", *indented(content[1:])]
        return lines

    def _mark(self, _node: SyntaxTreeNode) -> Lines:
        return []

    def _unknown(self, node: SyntaxTreeNode) -> Lines:
        self._tell(self._inlines.line, f"{node.type} is not known: it is kept as a comment")
        return kept_as_comment(node.content.split("\n"), node.type)

    # ---- what has a number

    def _equation(self, tex: str, labels: list[str]) -> Lines:
        # An empty line would begin another equation.
        lines = [line.rstrip() for line in tex.strip().split("\n") if line.strip()]
        if not lines:
            return []
        mine = self._labels.defined(labels, "equation", "")
        options = [f"   :label: {mine[0]}"] if mine else []
        for label in mine[1:]:
            self._tell(self._inlines.line, f"an equation has one label: {label} is left out")
        options += ["   :nowrap:"] if _OWN_LINES.match(lines[0]) else []
        return [".. math::", *options, "", *(f"   {line}" for line in lines)]

    def _figure(
        self, image: SyntaxTreeNode, labels: list[str], values: dict[str, str], inner: list[tuple[str, str]]
    ) -> Lines:
        values = dict(inner) | values
        labels = labels + [value for name, value in inner if name == "label"]
        address = self._inlines.image_address(image)
        caption = " ".join(joined(self._inlines.pieces(image.children)).split())
        if address is None:
            self._inlines.lost += [f":{name}:`{value}`" for name, value in values.items()]
            return paragraph(caption) if caption else []
        has_number = bool(caption)
        mine = self._labels.defined(labels, "figure" if has_number else "other", plain_text(image.children))
        options = [f"   :{name}: {values[name]}" for name in ("width", "height") if _SIZE.match(values.get(name, ""))]
        targets = lines_of(target(label) for label in (mine[1:] if has_number else mine))
        options += [f"   :name: {mine[0]}"] if mine and has_number else []
        kind = "figure" if has_number else "image"
        return [*targets, f".. {kind}:: {address}", *options, *(["", f"   {paragraph(caption)[0]}"] if caption else [])]

    def _table(self, node: SyntaxTreeNode, caption: SyntaxTreeNode | None, labels: list[str]) -> Lines:
        title = ""
        if caption is not None:
            pieces = self._inlines.pieces(caption.children[0].children)
            title = paragraph(_CAPTION.sub("", " ".join(joined(pieces).split()), count=1))[0]
        mine = self._labels.defined(labels, "table" if title else "other", self._title)
        rows = [row for part in node.children for row in part.children]
        head = sum(len(part.children) for part in node.children if part.type == "thead")
        head = head if len(rows) > head else 0  # docutils wants a body
        targets = lines_of(target(label) for label in (mine[1:] if title else mine))
        lines = [*targets, f".. list-table:: {title}".rstrip(), f"   :header-rows: {head}"]
        lines += [f"   :name: {mine[0]}"] if mine and title else []
        lines += [""]
        for row in rows:
            for number, cell in enumerate(row.children):
                text = paragraph(self._one_line(cell))[0]
                lines.append(f"   {'*' if number == 0 else ' '} - {text}".rstrip())
        return lines

    # ---- what d2lbook has beside Markdown

    def _tabs(self, nodes: Sequence[SyntaxTreeNode]) -> Lines:
        lines = [".. tabs::"]
        for node in nodes:
            for number, name in enumerate(node.meta["frameworks"]):
                # The same for each framework, but for labels, which the first one has.
                self._is_repeated = number > 0
                content = self._nest(node.children)
                self._is_repeated = False
                try:
                    label = framework(name).label
                except UnknownFrameworkError:
                    label = name
                if content:
                    lines += ["", f"   .. group-tab:: {label}", "", *indented(indented(content))]
        return lines if len(lines) > 1 else []


def _is_cell(node: SyntaxTreeNode) -> bool:
    return node.type == "fence" and fence_of(node.info).is_cell


def _code(node: SyntaxTreeNode) -> Code:
    return Code((node.map or (0, 0))[0] + 2, node.content.rstrip("\n"))


def _table_of_caption(node: SyntaxTreeNode, nodes: Sequence[SyntaxTreeNode], position: int) -> int | None:
    """Where the table is that *node*, with nothing but marks behind it from *position* on, is the caption of."""
    if not _is_caption(node):
        return None
    at = next((number for number in range(position, len(nodes)) if nodes[number].type != "mark"), len(nodes))
    return at if at < len(nodes) and nodes[at].type == "table" else None


def _is_caption(node: SyntaxTreeNode) -> bool:
    return node.type == "paragraph" and bool(node.children) and bool(_CAPTION.match(node.children[0].content))


def _lone_image(node: SyntaxTreeNode) -> SyntaxTreeNode | None:
    """The image of a paragraph that has nothing else but marks."""
    if node.type != "paragraph" or not node.children:
        return None
    children = node.children[0].children
    images = [child for child in children if child.type == "image"]
    rest = "".join(child.content for child in children if child.type in {"text", "softbreak"})
    others = [child for child in children if child.type not in {"image", "text", "softbreak", "code_inline"}]
    only_marks = not re.sub(r":(?:width|height|label):", "", rest).strip()
    return images[0] if len(images) == 1 and not others and only_marks else None


def _marks_in(node: SyntaxTreeNode) -> list[tuple[str, str]]:
    children = node.children[0].children
    names = re.findall(r":(width|height|label):", "".join(child.content for child in children if child.type == "text"))
    return list(zip(names, [child.content for child in children if child.type == "code_inline"], strict=False))


def _lines_apart(pieces: list) -> list[list]:  # type: ignore[type-arg]
    """The pieces of each line of a paragraph that has lines."""
    groups: list[list] = [[]]  # type: ignore[type-arg]
    for piece in pieces:
        if piece.text == "\n\n" and not piece.is_markup:
            groups.append([])
        else:
            groups[-1].append(piece)
    while len(groups) > 1 and not groups[-1]:
        groups.pop()
    return groups
