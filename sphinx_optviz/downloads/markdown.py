"""A document tree as Markdown, as notebooks read it. Knows nothing of plots and cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar

from docutils import nodes
from sphinx import addnodes
from sphinx_tabs.tabs import SphinxTabsPanel, SphinxTabsTab, SphinxTabsTablist

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

_SILENT = (
    *(nodes.comment, nodes.system_message, nodes.pending, nodes.substitution_definition, nodes.target, nodes.meta),
    *(addnodes.index, addnodes.toctree, addnodes.tabular_col_spec, addnodes.highlightlang, nodes.decoration),
)

# Where a sign would mean something: around words, or as the beginning of a tag, a character or a link.
_SIGNS = re.compile(r"[\\`*$]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!])|&(?=#?\w+;)|\](?=[(\[])|~~")
# And at the beginning of a line.
_STARTS = re.compile(r"(?m)^( *\d*)([.)](?<=\d.)|[-+>](?=\s|$)|#{1,6}(?=\s|$)|[-=]+$)(?=\s|[-=>+#]|$)")

_FENCE = re.compile(r"`{3,}")
_TICKS = re.compile(r"`+")

# What displayed formulas have if their environment is their own.
_ENVIRONMENT = re.compile(r"\s*\\begin\{(?!split|aligned|cases|[pbv]?matrix|array)")


class Writer(Generic[T]):
    """Turns a tree into texts, parted by what stands where the caller wants something else."""

    def __init__(
        self,
        *,
        instead: Callable[[nodes.Element], T | None],
        number: Callable[[nodes.Element], str],
        image: Callable[[nodes.image], str],
        titles: Mapping[str, str],
    ) -> None:
        """*instead* gives what comes in the place of a node, or None for its text.

        *number* gives what a figure, a table or a formula is called ("" if it has no number), *image* the address of
        an image, *titles* the headings of admonitions, by the names of their nodes.
        """
        self._instead = instead
        self._number = number
        self._image = image
        self._titles = titles
        self._depth = 0

    def write(self, root: nodes.Element) -> list[str | T]:
        """All of *root*; a text ends before each heading."""
        found: list[str | T] = []
        begun: list[str] = []
        for block in self._blocks(root.children):
            is_heading = isinstance(block, str) and block.startswith("#")
            if begun and (is_heading or not isinstance(block, str)):
                found.append("\n\n".join(begun))
                begun = []
            if isinstance(block, str):
                begun.append(block)
            else:
                found.append(block)
        return [*found, "\n\n".join(begun)] if begun else found

    # ---- blocks

    def _blocks(self, children: list[nodes.Node]) -> list[str | T]:
        found: list[str | T] = []
        for child in children:
            if isinstance(child, nodes.Element):
                instead = self._instead(child)
                found += self._block(child) if instead is None else [instead]
            elif child.astext().strip():
                found.append(self._text(child.astext()))
        return [block for block in found if block != ""]

    def _inner(self, children: list[nodes.Node]) -> tuple[str, list[str | T]]:
        """The text of what stands inside another block, and what cannot stand there."""
        blocks = self._blocks(children)
        return "\n\n".join(block for block in blocks if isinstance(block, str)), [
            block for block in blocks if not isinstance(block, str)
        ]

    def _block(self, node: nodes.Element) -> list[str | T]:  # noqa: C901,PLR0912 - one branch a kind
        if isinstance(node, _SILENT) or (isinstance(node, nodes.topic) and "contents" in node["classes"]):
            return []
        if isinstance(node, nodes.section):
            self._depth += 1
            blocks = self._blocks(node.children)
            self._depth -= 1
            return blocks
        if isinstance(node, nodes.title | nodes.subtitle):
            return [f"{'#' * min(max(self._depth, 1), 6)} {_one_line(self._inline(node))}"]
        if isinstance(node, nodes.rubric | nodes.caption):
            return [f"**{_one_line(self._inline(node))}**" if node.children else ""]
        if isinstance(node, nodes.math_block):
            return [self._formula(node)]
        if isinstance(node, nodes.literal_block | nodes.doctest_block):
            return [_fenced(node.astext(), str(node.get("language", "")))]
        if any(isinstance(child, SphinxTabsTablist) for child in node.children):
            return self._tabs(node)
        if isinstance(node, nodes.raw):
            return [node.astext() if "html" in node.get("format", "").split() else ""]
        if isinstance(node, nodes.image):
            return [self._picture(node)]
        if isinstance(node, nodes.figure):
            return self._figure(node)
        if isinstance(node, nodes.bullet_list | nodes.enumerated_list):
            return self._list(node)
        if isinstance(node, nodes.definition_list | nodes.field_list | nodes.option_list):
            return self._terms(node)
        if isinstance(node, nodes.transition):
            return ["---"]
        if isinstance(node, nodes.line_block):
            return ["  \n".join(self._lines(node, ""))]
        if isinstance(node, nodes.table):
            return self._table(node)
        if isinstance(node, nodes.footnote | nodes.citation):
            label = next((child.astext() for child in node.children if isinstance(child, nodes.label)), "")
            rest = [child for child in node.children if not isinstance(child, nodes.label)]
            text, others = self._inner(rest)
            return [f"[{label}] {text}", *others]
        if isinstance(node, nodes.Admonition | nodes.topic | nodes.sidebar | nodes.system_message):
            return self._admonition(node)
        if isinstance(node, nodes.block_quote):
            text, others = self._inner(node.children)
            return [_quoted(text), *others]
        if isinstance(node, nodes.attribution):
            return [f"— {self._inline(node)}"]
        if isinstance(node, addnodes.desc_signature):
            return [_code(_one_line(node.astext()))]
        if isinstance(node, nodes.TextElement):
            return [_STARTS.sub(r"\1\\\2", self._inline(node).strip())]
        return self._blocks(node.children)

    def _formula(self, node: nodes.math_block) -> str:
        text = node.astext().strip()
        parts = [text] if node.get("nowrap") or node.get("no-wrap") else re.split(r"\n\s*\n", text)
        if not _ENVIRONMENT.match(text):
            parts = [f"\\begin{{aligned}}\n{part}\n\\end{{aligned}}" if "\\\\" in part else part for part in parts]
            text = "\n".join(parts)
            if len(parts) > 1:
                text = "\\begin{gathered}\n" + " \\\\\n".join(parts) + "\n\\end{gathered}"
        number = self._number(node)
        tag = " \\tag{" + number + "}" if number else ""
        return f"$$\n{text}{tag}\n$$"

    def _figure(self, node: nodes.figure) -> list[str | T]:
        found: list[str | T] = []
        for child in node.children:
            if isinstance(child, nodes.caption):
                number = self._number(node)
                found.append(f"{f'**{number}** ' if number else ''}{self._inline(child)}")
            else:
                found += self._blocks([child])
        return found

    def _list(self, node: nodes.Element) -> list[str | T]:
        lines: list[str] = []
        others: list[str | T] = []
        start = int(node.get("start", 1))
        loose = False
        for number, item in enumerate(node.children, start):
            assert isinstance(item, nodes.Element)
            mark = "-"
            if isinstance(node, nodes.enumerated_list):
                kind = node.get("enumtype", "arabic")
                mark = f"{number}." if kind == "arabic" else f"- {_numeral(number, kind)}{node.get('suffix', '.')}"
            text, its = self._inner(item.children)
            others += its
            loose = loose or "\n\n" in text
            indent = " " * (2 if mark.startswith("-") else len(mark) + 1)
            lines.append(f"{mark} " + text.replace("\n", f"\n{indent}").replace(f"\n{indent}\n", "\n\n"))
        return [("\n\n" if loose else "\n").join(lines), *others]

    def _terms(self, node: nodes.Element) -> list[str | T]:
        lines: list[str] = []
        others: list[str | T] = []
        for item in node.children:
            assert isinstance(item, nodes.Element)
            heads = [child for child in item.children if not _is_body(child)]
            body = [child for child in item.children if _is_body(child)]
            head = " ".join(_one_line(self._inline(child)) for child in heads if isinstance(child, nodes.Element))
            text, its = self._inner(body)
            others += its
            lines.append(
                f"- **{head}**" + (f"\n\n{text}" if text else "").replace("\n", "\n  ").replace("\n  \n", "\n\n")
            )
        return ["\n".join(lines), *others]

    def _lines(self, node: nodes.Element, indent: str) -> list[str]:
        found = []
        for child in node.children:
            assert isinstance(child, nodes.Element)
            if isinstance(child, nodes.line_block):
                found += self._lines(child, indent + "&emsp;")
            else:
                found.append(indent + _one_line(self._inline(child)))
        return found

    def _admonition(self, node: nodes.Element) -> list[str | T]:
        heads = [child for child in node.children if isinstance(child, nodes.title)]
        rest = [child for child in node.children if not isinstance(child, nodes.title)]
        title = _one_line(self._inline(heads[0])) if heads else self._titles.get(node.tagname, "")
        text, others = self._inner(rest)
        return [_quoted("\n\n".join(filter(None, [f"**{title}**" if title else "", text]))), *others]

    def _tabs(self, node: nodes.Element) -> list[str | T]:
        """All tabs, one below the other, each with its name above it."""
        names = [tab.astext().strip() for tab in node.findall(SphinxTabsTab)]
        panels = [self._blocks(panel.children) for panel in node.findall(SphinxTabsPanel) if panel.parent is node]
        found: list[str | T] = []
        for name, panel in zip(names, panels, strict=False):
            found += [f"**{self._text(name)}**", *panel]
        return found

    def _table(self, node: nodes.table) -> list[str | T]:
        rows: list[list[str]] = []
        heads = 0
        number = self._number(node)
        start = f"**{number}** " if number else ""
        found: list[str | T] = [start + _one_line(self._inline(title)) for title in node.findall(nodes.title)]
        for row in node.findall(nodes.row):
            heads += isinstance(row.parent, nodes.thead)
            cells: list[str] = []
            for entry in row.children:
                assert isinstance(entry, nodes.Element)
                text, others = self._inner(entry.children)
                found += others
                cell = _one_line(text.replace("\n\n", "<br>")).replace("|", "\\|")
                cells += [cell, *[""] * entry.get("morecols", 0)]
            rows.append(cells)
        width = max(map(len, rows), default=0)
        rows = [[*row, *[""] * (width - len(row))] for row in rows]
        if not heads:
            rows = [[""] * width, *rows]
        first, *others_rows = rows
        lines = [first, ["---"] * width, *others_rows]
        return [*found, "\n".join(f"| {' | '.join(cells)} |" for cells in lines)]

    # ---- inside a line

    def _inline(self, node: nodes.Element) -> str:
        return "".join(self._part(child) for child in node.children)

    def _part(self, node: nodes.Node) -> str:  # noqa: C901 - one branch a kind
        if isinstance(node, nodes.Text):
            return self._text(node.astext())
        if not isinstance(node, nodes.Element) or isinstance(node, _SILENT):
            return ""
        if isinstance(node, nodes.math):
            return f"${node.astext().strip()}$"
        if isinstance(node, nodes.literal):
            return _code(node.astext())
        if isinstance(node, nodes.image):
            return self._picture(node)
        if isinstance(node, nodes.raw):
            return node.astext() if "html" in node.get("format", "").split() else ""
        text = self._inline(node)
        if isinstance(node, nodes.emphasis | nodes.title_reference | addnodes.literal_emphasis):
            return _marked(text, "*")
        if isinstance(node, nodes.strong | addnodes.literal_strong):
            return _marked(text, "**")
        if isinstance(node, nodes.subscript | nodes.superscript):
            tag = "sub" if isinstance(node, nodes.subscript) else "sup"
            return f"<{tag}>{text}</{tag}>"
        if isinstance(node, nodes.footnote_reference | nodes.citation_reference):
            return f"[{text}]"
        uri = node.get("refuri", "")
        if isinstance(node, nodes.reference) and ":" in uri and not node.get("internal"):
            return f"[{text}](<{uri}>)" if re.search(r"[\s()]", uri) else f"[{text}]({uri})"
        return text

    def _text(self, text: str) -> str:
        return _SIGNS.sub(lambda sign: "\\" + sign[0], text)

    def _picture(self, node: nodes.image) -> str:
        alt = _one_line(self._text(str(node.get("alt", "")))).replace("[", "\\[").replace("]", "\\]")
        address = self._image(node)
        return f"![{alt}]({address})" if address else f"[{alt}]" if alt else ""


def _is_body(node: nodes.Node) -> bool:
    return isinstance(node, nodes.definition | nodes.field_body | nodes.description)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _marked(text: str, sign: str) -> str:
    """Signs have to touch the words."""
    inside = text.strip()
    if not inside:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{sign}{inside}{sign}{after}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _code(text: str) -> str:
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{blank}{text}{blank}{ticks}" if text else ""


def _fenced(text: str, language: str) -> str:
    fence = "`" * max([3, *(len(run) + 1 for run in _FENCE.findall(text))])
    language = "" if language in ("none", "default") else language
    return f"{fence}{language}\n{text}\n{fence}"


def _numeral(number: int, kind: str) -> str:
    if "alpha" in kind:
        letter = chr(ord("a") + (number - 1) % 26)
        return letter.upper() if kind == "upperalpha" else letter
    text = ""
    for value, sign in ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")):
        text, number = text + sign * (number // value), number % value
    return text.upper() if kind == "upperroman" else text
