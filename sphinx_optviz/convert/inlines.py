"""Markdown's inline tokens, and d2lbook's marks among them, as pieces of reStructuredText."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sphinx_optviz.convert.escaping import Piece, escaped, formula, link, literal, role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from markdown_it.tree import SyntaxTreeNode

    from sphinx_optviz.convert.book import Book

# In Chinese and Japanese there is no space before a mark.
_MARK_END = re.compile(r"(?:(?<![\w`])|(?=:(?:num|eq)?ref:|:cite[pt]?:)):([A-Za-z][\w:.-]*):$")
_CITATIONS = {"cite": "p", "citep": "p", "cite:p": "p", "citet": "t", "cite:t": "t"}
_REFERENCES = ("ref", "numref", "eqref")
_PYTHON = ("func", "class", "mod", "meth")

# An address that leads out of the book.
_OUTSIDE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


class Inlines:
    """Writes the inline tokens of one page."""

    def __init__(self, page: Path, book: Book, tell: Callable[[int, str], None]) -> None:
        self._page = page
        self._book = book
        self._tell = tell
        self.line = 0  # of the block that is being written
        self.cites = False
        self.labels: list[str] = []  # that stood in the text; the block takes them
        self.lost: list[str] = []  # what is plain text now, as it was written; the block keeps it in a comment
        self.images: list[list[str]] = []  # substitutions, to be defined at the end of the page

    def pieces(self, nodes: Sequence[SyntaxTreeNode], style: str = "") -> list[Piece]:
        """What *nodes* say."""
        found: list[Piece] = []
        for node, name, value in _with_marks(nodes):
            if name:
                found += self._mark(name, value)
            else:
                found += getattr(self, f"_{node.type}", self._unknown)(node, style)
        return found

    # ---- text

    def _text(self, node: SyntaxTreeNode, style: str) -> Iterator[Piece]:
        yield from _styled(node.content, style)

    def _text_special(self, node: SyntaxTreeNode, style: str) -> Iterator[Piece]:
        yield from _styled(node.content, style)

    def _softbreak(self, _node: SyntaxTreeNode, _style: str) -> Iterator[Piece]:
        self.line += 1
        yield Piece("\n")

    def _hardbreak(self, _node: SyntaxTreeNode, _style: str) -> Iterator[Piece]:
        self.line += 1
        yield Piece("\n\n")

    def _code_inline(self, node: SyntaxTreeNode, _style: str) -> Iterator[Piece]:
        yield Piece(literal(node.content), is_markup=True)

    def _math_inline(self, node: SyntaxTreeNode, _style: str) -> Iterator[Piece]:
        yield Piece(formula(node.content), is_markup=True)

    _math_inline_double = _math_inline

    def _em(self, node: SyntaxTreeNode, style: str) -> list[Piece]:
        return self.pieces(node.children, style or "*")

    def _strong(self, node: SyntaxTreeNode, _style: str) -> list[Piece]:
        return self.pieces(node.children, "**")

    def _s(self, node: SyntaxTreeNode, style: str) -> list[Piece]:
        self._tell(self.line, "text that is struck out has no equal: it is left as it is")
        return self.pieces(node.children, style)

    def _html_inline(self, node: SyntaxTreeNode, _style: str) -> Iterator[Piece]:
        tag = node.content
        if re.match(r"<br\s*/?>$", tag, re.IGNORECASE):
            yield Piece("\n\n")
        elif not tag.startswith(("<!--", "</")):
            self._tell(self.line, f"{tag} is left out, what it holds stays: there is no HTML within a line")

    def _footnote_ref(self, node: SyntaxTreeNode, _style: str) -> Iterator[Piece]:
        yield Piece(f"[#{footnote_name(node.meta)}]_", is_markup=True)

    def _unknown(self, node: SyntaxTreeNode, style: str) -> Iterator[Piece]:
        self._tell(self.line, f"{node.type} is not known: its text is kept")
        yield from _styled(node.content, style)

    # ---- links and images

    def _link(self, node: SyntaxTreeNode, style: str) -> list[Piece]:
        address = str(node.attrs.get("href", ""))
        text = plain_text(node.children)
        if _OUTSIDE.match(address):
            return [Piece(link(text, address), is_markup=True)]
        # markdown-it writes all but plain letters as percent signs and numbers.
        path, _, part = unquote(address).partition("#")
        if path:
            name = self._book.page_at(self._page, path)
            if name is None and path.endswith((".ipynb", ".html")):
                name = self._book.page_at(self._page, re.sub(r"\.\w+$", ".md", path))
            if name is not None:
                return [Piece(role("doc", name, text), is_markup=True)]
            file = self._book.file_at(self._page, path)
            if file is not None:
                return [Piece(role("download", file, text), is_markup=True)]
        elif part and part in self._book.labels:
            return [Piece(role("ref", part, text), is_markup=True)]
        self._tell(self.line, f"the link to {address or 'nowhere'} is plain text now: it leads to no page or file here")
        self.lost.append(f"[{' '.join(text.split())}]({address})")
        return self.pieces(node.children, style)

    def _image(self, node: SyntaxTreeNode, style: str) -> Iterator[Piece]:
        address = self.image_address(node)
        if address is None:
            yield from self.pieces(node.children, style)
            return
        name = f"image {len(self.images) + 1}"
        alt = " ".join(plain_text(node.children).split())
        self.images.append([f".. |{name}| image:: {address}", *([f"   :alt: {escaped(alt)}"] if alt else [])])
        yield Piece(f"|{name}|", is_markup=True)

    def image_address(self, node: SyntaxTreeNode) -> str | None:
        """What the directive for an image names; None, and a finding, if it is not there."""
        address = str(node.attrs.get("src", ""))
        if _OUTSIDE.match(address):
            return address
        found = self._book.file_at(self._page, unquote(address))
        if found is None:
            self._tell(
                self.line,
                f"the image {address} is not below {self._book.root.name or 'the root'}, which is converted: "
                "its caption is plain text now",
            )
            self.lost.append(f"![{' '.join(plain_text(node.children).split())}]({address})")
        return found and re.sub(r"(\s)", r"\\\1", found)

    # ---- d2lbook's marks

    def _mark(self, name: str, value: str) -> list[Piece]:
        if name in _REFERENCES:
            return [self._reference(name, value)]
        if name in _CITATIONS:
            return self._citation(name, value)
        if name in {"label", "eqlabel"}:
            self.labels.append(value)
            return []
        if name in {"width", "height"}:
            return []
        if name in _PYTHON:
            return [Piece(literal(value), is_markup=True)]
        self._tell(self.line, f"the mark :{name}: is not known: it is left as text")
        return [Piece(f":{name}:"), Piece(literal(value), is_markup=True)]

    def _reference(self, name: str, value: str) -> Piece:
        label = self._book.labels.get(value)
        if label is None:
            self._tell(self.line, f"nothing here has the label {value}: the reference to it is plain text now")
            self.lost.append(f":{name}:`{value}`")
            return Piece(literal(value), is_markup=True)
        if label.kind == "equation":
            return Piece(role("eq", value), is_markup=True)
        # Only what has a caption has a number for sure; sections have titles.
        if label.kind in {"figure", "table"}:
            return Piece(role("numref", value), is_markup=True)
        return Piece(role("ref", value, "" if label.kind == "section" else label.title or value), is_markup=True)

    def _citation(self, name: str, value: str) -> list[Piece]:
        keys = [key.strip() for key in value.split(",") if key.strip()]
        known = [key for key in keys if key in self._book.keys]
        missing = [key for key in keys if key not in self._book.keys]
        found: list[Piece] = []
        if known:
            self.cites = True
            domain = "cite" if self._book.has_bibliography else "footcite"
            found.append(Piece(role(f"{domain}:{_CITATIONS[name]}", ",".join(known)), is_markup=True))
        if missing:
            self._tell(self.line, f"no bibliography here has {', '.join(missing)}: the citation is plain text now")
            self.lost.append(f":{name}:`{','.join(missing)}`")
            found.append(Piece(f"{' ' if known else ''}[{', '.join(missing)}]"))
        return found


def footnote_name(meta: Any) -> str:
    """The label of a footnote, from the token's *meta*."""
    return f"footnote-{meta['id'] + 1}"


def plain_text(nodes: Sequence[SyntaxTreeNode]) -> str:
    """What *nodes* say, without markup."""
    parts = []
    for node in nodes:
        if node.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        elif node.children:
            parts.append(plain_text(node.children))
        elif node.type != "html_inline":
            parts.append(node.content)
    return "".join(parts)


def _with_marks(nodes: Sequence[SyntaxTreeNode]) -> Iterator[tuple[Any, str, str]]:
    """Each node; of a text that ends in a mark and the code behind it, the text, and then name and value."""
    position = 0
    while position < len(nodes):
        node = nodes[position]
        following = nodes[position + 1] if position + 1 < len(nodes) else None
        found = _MARK_END.search(node.content) if node.type == "text" else None
        if found and following is not None and following.type == "code_inline":
            before = node.content[: found.start()]
            if before:
                yield _Text(before), "", ""
            yield following, found[1], following.content.strip()
            position += 2
            continue
        yield node, "", ""
        position += 1


class _Text:
    """A text node with another content: the tree's own cannot be changed."""

    type = "text"
    children = ()

    def __init__(self, content: str) -> None:
        self.content = content


def _styled(text: str, style: str) -> Iterator[Piece]:
    inner = text.strip()
    if not style or not inner:
        yield Piece(text)
        return
    begin, _, end = text.partition(inner)
    yield Piece(begin)
    yield Piece(f"{style}{escaped(inner)}{style}", is_markup=True)
    yield Piece(end)
