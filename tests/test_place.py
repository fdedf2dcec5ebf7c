"""The doctree after reading, the same for every builder, and after the post-transforms of each kind of builder."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import pytest
from docutils import nodes

if TYPE_CHECKING:
    from conftest import Book
    from sphinx.testing.util import SphinxTestApp

# JAX is a tab that is not run, wherever the tests run.
pytestmark = pytest.mark.usefixtures("only_numpy")
CONF = "copyright = '2026'\nversion = '1'\nsuppress_warnings = ['optviz.framework_missing']\n"

PAGE = """\
.. optplot:: saddle
   :name: fig-saddle
   :align: left
   :width: 80%
   :figclass: wide
   :frameworks: numpy, jax

   Caption.

   Legend.
"""

EACH = """\
.. optplot:: cubic
   :figure: each
   :frameworks: numpy, jax

   Caption.
"""

NONE = """\
.. optplot:: cubic
   :figure: none
   :name: the-code
   :frameworks: numpy

   Text.
"""


def outline(node: nodes.Node, depth: int = 0) -> str:
    """A tree as indented names with classes; texts are left out below paragraphs and code."""
    names: list[str] = node.get("classes", []) if isinstance(node, nodes.Element) else []
    classes = "".join(f".{name}" for name in names)
    lines = [f"{'  ' * depth}{type(node).__name__}{classes}"]
    if not isinstance(node, nodes.TextElement):
        lines += [outline(child, depth + 1) for child in node.children]
    return "\n".join(lines)


def body(document: nodes.document) -> str:
    """The outlines of what stands below the page's title."""
    section = next(document.findall(nodes.section))
    return "\n".join(outline(child) for child in section.children[1:])


def resolved(app: SphinxTestApp) -> nodes.document:
    """The page's doctree as the builder writes it."""
    resolve: Any = app.env.get_and_resolve_doctree
    more = {"tags": app.tags} if "tags" in inspect.signature(resolve).parameters else {}  # since Sphinx 9
    document: nodes.document = resolve("index", app.builder, **more)
    return document


READ = """\
optplot_code
figure.optviz.wide
  optplot_image
  caption
  legend
    paragraph"""

LIVE = """\
container.sphinx-tabs.optviz-tabs
  SphinxTabsTablist.closeable
    SphinxTabsTab.sphinx-tabs-tab.group-tab
    SphinxTabsTab.sphinx-tabs-tab.group-tab
  SphinxTabsPanel.sphinx-tabs-panel.group-tab.code-tab
    literal_block
  SphinxTabsPanel.sphinx-tabs-panel.group-tab.code-tab
    literal_block
    paragraph.optviz-note
figure.optviz.wide
  image
  caption
  legend
    paragraph
paragraph.optviz-note
disclosure.optviz-description
  paragraph"""

LABELLED = """\
container.optviz-tabs
  paragraph.optviz-framework
  literal_block
  paragraph.optviz-framework
  literal_block
  paragraph.optviz-note
figure.optviz.wide
  image
  caption
  legend
    paragraph
paragraph.optviz-note
disclosure.optviz-description
  paragraph"""

OPEN = """\
paragraph.optviz-framework
literal_block
figure.optviz.wide
  image
  caption
  legend
    paragraph
paragraph.optviz-note"""

EACH_READ = """\
figure.optviz
  optplot_code
  caption"""

EACH_LIVE = """\
figure.optviz
  container.sphinx-tabs.optviz-tabs
    SphinxTabsTablist.closeable
      SphinxTabsTab.sphinx-tabs-tab.group-tab
      SphinxTabsTab.sphinx-tabs-tab.group-tab
    SphinxTabsPanel.sphinx-tabs-panel.group-tab.code-tab
      literal_block
      image
    SphinxTabsPanel.sphinx-tabs-panel.group-tab.code-tab
      literal_block
      paragraph.optviz-note
  caption
paragraph.optviz-note
disclosure.optviz-description
  paragraph"""

EACH_OPEN = """\
paragraph.optviz-framework
literal_block
figure.optviz
  image
  caption
paragraph.optviz-note"""

NONE_READ = """\
container.optviz
  optplot_code
  paragraph"""

NONE_ALL = """\
container.optviz
  literal_block
  paragraph"""


@pytest.mark.parametrize(
    ("page", "builder", "read", "placed"),
    [
        (PAGE, "html", READ, LIVE),
        (PAGE, "epub", READ, LABELLED),
        (PAGE, "text", READ, LABELLED.replace("disclosure.optviz-description", "container.optviz-description")),
        (PAGE, "latex", READ, OPEN),
        (EACH, "html", EACH_READ, EACH_LIVE),
        (EACH, "latex", EACH_READ, EACH_OPEN),
        (NONE, "html", NONE_READ, NONE_ALL),
        (NONE, "latex", NONE_READ, NONE_ALL),
        (
            PAGE.replace(":name:", ":code: below\n   :name:"),
            "latex",
            "\n".join([*READ.splitlines()[1:], READ.splitlines()[0]]),
            None,
        ),
        (PAGE.replace(":name:", ":code: hidden\n   :name:"), "latex", "\n".join(READ.splitlines()[1:]), None),
    ],
)
def test_the_doctree_before_and_after(make_book: Any, page: str, builder: str, read: str, placed: str | None) -> None:
    book: Book = make_book(page=page, conf=CONF)
    app = book.build(builder, optviz_downloads=False).app
    assert body(app.env.get_doctree("index")) == read
    if placed is not None:
        assert body(resolved(app)) == placed


def test_options_of_the_figure_reach_it(make_book: Any) -> None:
    app = make_book(page=PAGE, conf=CONF).build().app
    document = resolved(app)
    (figure,) = document.findall(nodes.figure)
    (image,) = figure.findall(nodes.image)
    assert (figure["align"], figure["ids"], image["width"]) == ("left", ["fig-saddle"], "80%")
    assert image["alt"] == "Wireframe of Saddle, f(x, y) = x^2 - y^2; x from −1 to 1, y from −1 to 1. 1 saddle."


def test_hand_written_tabs_follow_ours(make_book: Any) -> None:
    groups = "   .. group-tab:: NumPy\n\n      A\n\n   .. group-tab:: JAX\n\n      B\n"
    page = f".. optplot:: cubic\n   :frameworks: numpy, jax\n\n.. tabs::\n\n{groups}"
    html = make_book(page=page, conf=CONF).build().read("index.html")
    assert html.count('name="TnVtUHk="') == 4, "base64 of NumPy, on two tabs and two panels"


def test_a_plot_in_a_hand_written_tab(make_book: Any) -> None:
    page = ".. tabs::\n\n   .. tab:: One\n\n      .. optplot:: cubic\n\n         Caption.\n"
    book: Book = make_book(page=page)
    built = book.build("text")  # where sphinx-tabs parses the panel twice
    assert built.runs == ["cubic (numpy)"]
    assert book.build("html").read("index.html").count("<img") >= 1


def test_the_style_sheet_is_linked_where_there_are_plots(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n")
    book.write("plain.rst", ":orphan:\n\nPlain\n=====\n")
    built = book.build()
    assert "optviz.css" in built.read("index.html")
    assert "optviz.css" not in built.read("plain.html")
    assert built.files("_static/optviz.css") == ["optviz.css"]


def test_several_problems_of_a_plot_are_told_apart(make_book: Any) -> None:
    page = ".. optplot:: saddle\n   :frameworks: numpy\n   :annotate:\n      a @ minimum\n      b @ maximum\n"
    book: Book = make_book(page=page, conf=CONF)
    text = book.build("text", warnings=True).read("index.txt")
    assert re.findall(r"^ *\* annotation '(.)': ", text, re.MULTILINE) == ["a", "b"]
