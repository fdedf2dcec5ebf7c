"""PLACE: placeholders become images, code and messages. Runs nothing; what is shown was decided before."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from sphinx_optviz.model import IMAGE_FORMATS, Number, Placement
from sphinx_optviz.nodes import disclosure, framework_tab, framework_tabs, optplot_code, optplot_image
from sphinx_optviz.output_nodes import output_node

if TYPE_CHECKING:
    from sphinx_optviz.domain import OptvizDomain
    from sphinx_optviz.model import Tab

# Where an expression has no value; the author has been warned.
_UNKNOWN = Number("?", "?")

# A power of ten as ``shown`` writes it.
_POWER = re.compile("(\\d)·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class FillNumbers(SphinxPostTransform):
    """Put the number where ``optval`` asks for it: as mathematics where the builder can show it."""

    default_priority = 88

    def run(self, **_: Any) -> None:
        domain = cast("OptvizDomain", self.env.get_domain("optviz"))
        if domain.placements is None:
            return
        for kind in (nodes.inline, nodes.math):
            for node in list(self.document.findall(kind)):
                if "optval" in node:
                    number = domain.numbers.get((node["docname"], node["optval"]), _UNKNOWN)
                    node.parent.replace(node, _number_node(number, domain))


def _number_node(number: Number, domain: OptvizDomain) -> nodes.Node:
    # An EPUB has no script that would set mathematics, and LaTeX's fonts lack the signs of a plain text.
    has_mathematics = domain.output[0] == "html" and domain.output[1] != "epub"
    if domain.tab_style == "open" or (number.is_matrix and has_mathematics):
        return nodes.math(number.latex, number.latex)
    return nodes.Text(number.text)


class PlacePlots(SphinxPostTransform):
    """Fill every placeholder of the document, or of all documents that singlehtml and LaTeX have joined into one."""

    # Before 100, where Sphinx begins with images: download, data URIs, conversion.
    default_priority = 90

    def run(self, **_: Any) -> None:
        domain = cast("OptvizDomain", self.env.get_domain("optviz"))
        told: set[tuple[str, int]] = set()
        # Images first: where there is one, the messages go with it.
        for kind in (optplot_image, optplot_code):
            for node in cast("list[nodes.Element]", list(self.document.findall(kind))):
                if domain.placements is None:  # a builder that writes no pages
                    if kind is optplot_image:
                        node["candidates"] = {}  # gettext wants its alt; linkcheck must find no address in it
                    continue
                where = (node["docname"], node["index"])
                placement = domain.placements.get(where, Placement())
                if where not in told:
                    told.add(where)
                    self._tell(node, placement)
                    self._add_notes(node, placement)
                if kind is optplot_image:
                    self._place_image(node, placement)
                else:
                    self._place_code(node, placement)

    def _tell(self, node: nodes.Element, placement: Placement) -> None:
        """Put what was wrong in the directive before whatever it has become."""
        if placement.problems and placement.alt:
            outermost = node.parent if isinstance(node.parent, nodes.figure) else node
            outermost.parent.insert(outermost.parent.index(outermost), _error(*placement.problems))
        elif placement.problems:
            # Nothing has become of it. In its place, for docutils leaves a caption open that has no sibling.
            node.parent.insert(node.parent.index(node), _error(*placement.problems))

    def _add_notes(self, node: nodes.Element, placement: Placement) -> None:
        """Put them under the figure or, where there is none, under the code."""
        above = node.parent if isinstance(node.parent, nodes.figure) else node
        at = above.parent.index(above) + 1
        above.parent[at:at] = [*map(self._note, placement.notes), *self._description(placement)]

    def _description(self, placement: Placement) -> list[nodes.Node]:
        """For those who cannot see the figure; on paper there is none, for want of a place where nobody minds it."""
        output = cast("OptvizDomain", self.env.get_domain("optviz")).output[0]
        if not placement.description or output == "latex":
            return []
        heading, *sentences = placement.description
        paragraphs = [nodes.paragraph("", text) for text in sentences]
        if output == "html":
            return [disclosure("", *paragraphs, summary=heading, classes=["optviz-description"])]
        return [nodes.container("", *paragraphs, classes=["optviz-description"])]

    def _place_image(self, node: nodes.Element, placement: Placement) -> None:
        figure = node.parent
        if not placement.alt:
            figure.remove(node)
        elif placement.image_error:
            node.replace_self(_error(placement.image_error))
        else:
            shape = {name: node[name] for name in ("width", "align", "classes") if name in node}
            alt = node.get("alt") or placement.alt
            node.replace_self([self._image(node["docname"], name, alt, shape) for name in placement.images])

    def _place_code(self, node: nodes.Element, placement: Placement) -> None:
        if not placement.tabs:
            node.parent.remove(node)
            return
        group = framework_tabs(group=node["group"], open=placement.open_tab)
        group.source, group.line = node.source, node.line
        for tab in placement.tabs:
            group += self._panel(node, tab, placement)
        if all(panel.children == [] for panel in group.children):
            node.parent.remove(node)
        else:
            node.replace_self(group)

    def _panel(self, node: nodes.Element, tab: Tab, placement: Placement) -> framework_tab:
        """One tab with all that is in it."""
        panel = framework_tab(framework=tab.framework, label=tab.label)
        shape = dict(node["image"]) if "image" in node else {}
        alt = shape.pop("alt", placement.alt)
        code: list[nodes.Element] = []
        for text in tab.code:
            # "force": a text that Python cannot parse is reported where it runs, not by the highlighter.
            block = nodes.literal_block(text, text, language="python", force=True, **node.get("highlighting", {}))
            block.source, block.line = node.source, node.line
            code.append(block)
        output = cast("OptvizDomain", self.env.get_domain("optviz")).output[0]
        if node.get("fold") and code and output == "html":
            code = [disclosure("", *code, summary=node["fold"], classes=["optviz-fold"])]
        panel += code
        for shown in tab.outputs:
            panel += output_node(shown, output, lambda name: self._image(node["docname"], name, alt, shape))
        if tab.error:
            panel += _error(tab.error)
        elif tab.image is not None:
            panel += self._image(node["docname"], tab.image, alt, shape)
        if tab.note:
            panel += self._note(tab.note)
        return panel

    def _image(self, docname: str, name: str, alt: str, shape: dict[str, Any]) -> nodes.image:
        """An image as Sphinx's own collector would have left it; the builder copies the file."""
        folder, mime = cast("OptvizDomain", self.env.get_domain("optviz")).figures
        if not name:  # the builder takes no images, and shows the alternative text
            return nodes.image(uri="optviz", candidates={}, alt=alt, **shape)
        uri = str(folder / name)
        self.env.images.add_file(docname, uri)
        mime = next((mime for mime, suffix in IMAGE_FORMATS.items() if suffix == Path(name).suffix[1:]), mime)
        return nodes.image(uri=uri, candidates={mime: uri}, alt=alt, **shape)

    def _note(self, message: str) -> nodes.paragraph:
        """A paragraph for readers. LaTeX's fonts lack superscript signs, and have mathematics instead."""
        paragraph = nodes.paragraph("", "", classes=["optviz-note"])
        on_paper = cast("OptvizDomain", self.env.get_domain("optviz")).tab_style == "open"
        at = 0
        for power in _POWER.finditer(message) if on_paper else ():
            formula = f"{power[1]} \\cdot 10^{{{power[2].translate(_PLAIN)}}}"
            paragraph += [nodes.Text(message[at : power.start()]), nodes.math("", formula)]
            at = power.end()
        paragraph += nodes.Text(message[at:])
        return paragraph


def _error(*messages: str) -> nodes.error:
    paragraphs: list[nodes.Element] = [nodes.paragraph("", message) for message in messages]
    if len(paragraphs) > 1:  # the text builder runs the paragraphs of an admonition together
        paragraphs = [nodes.bullet_list("", *(nodes.list_item("", paragraph) for paragraph in paragraphs))]
    return nodes.error("", *paragraphs, classes=["optviz-error"])
