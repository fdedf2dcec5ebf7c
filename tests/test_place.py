"""The doctree after reading, the same for every builder, and after the post-transforms of each kind of builder."""

from __future__ import annotations

import inspect
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from conftest import numpy_alone, page
from docutils import nodes

if TYPE_CHECKING:
    from conftest import Book, Built, MakeBook
    from sphinx.testing.util import SphinxTestApp

# JAX is a tab that is not run, wherever the tests run.
pytestmark = [pytest.mark.oldest_sphinx, pytest.mark.usefixtures("only_numpy")]
CONF = "copyright = '2026'\nversion = '1'\nsuppress_warnings = ['optviz.framework_missing']\n"

SHARED = """\
.. optplot:: saddle
   :name: fig-shared
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


PAGES = {
    "shared": SHARED,
    "each": EACH,
    "none": NONE,
    "below": SHARED.replace(":name: fig-shared", ":code: below\n   :name: fig-below"),
    "hidden": SHARED.replace(":name: fig-shared", ":code: hidden\n   :name: fig-hidden"),
    "tabs": """\
.. optplot:: cubic
   :frameworks: numpy, jax

.. tabs::

   .. group-tab:: NumPy

      A

   .. group-tab:: JAX

      B
""",
    "problems": ".. optplot:: saddle\n   :frameworks: numpy\n   :annotate:\n      a @ minimum\n      b @ maximum\n",
    "plain": "No plot.\n",
}


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


def resolved(app: SphinxTestApp, name: str) -> nodes.document:
    """A page's doctree as the builder writes it."""
    resolve: Any = app.env.get_and_resolve_doctree
    more = {"tags": app.tags} if "tags" in inspect.signature(resolve).parameters else {}  # since Sphinx 9
    document: nodes.document = resolve(name, app.builder, **more)
    return document


@pytest.fixture(scope="module")
def book(make_shared_book: MakeBook) -> Book:
    """A page for each place that a figure or code can have."""
    made = make_shared_book(page=".. toctree::\n   :glob:\n\n   *\n", conf=CONF)
    for name, text in PAGES.items():
        made.write(f"{name}.rst", page(text))
    return made


def built_afresh(book: Book, builder: str, **config: Any) -> Built:
    """A build that reads all pages: nothing is left of those before but the store and what they have written."""
    shutil.rmtree(book.folder / "_build" / "doctrees", ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        numpy_alone(patch, book.folder.parent / "no environments")
        built = book.build(builder, warnings=True, **config)
    assert {message.file for message in built.messages} == {"problems.rst"}
    return built


@dataclass
class Trees:
    """What a builder has made of the pages."""

    built: Built
    read: dict[str, nodes.document]  # after reading, which each builder does itself
    placed: dict[str, nodes.document]  # as they are written


@pytest.fixture(scope="module")
def trees(book: Book) -> dict[str, Trees]:
    """For each builder."""
    found = {}
    for builder in ("html", "epub", "text", "latex"):
        built = built_afresh(book, builder, optviz_downloads=False)
        read = {name: built.app.env.get_doctree(name) for name in PAGES}
        found[builder] = Trees(built, read, {name: resolved(built.app, name) for name in PAGES})
    return found


@pytest.fixture(scope="module")
def as_html(book: Book) -> Built:
    """The book as it is by default."""
    return built_afresh(book, "html")


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


PLACES = [
    ("shared", "html", READ, LIVE),
    ("shared", "epub", READ, LABELLED),
    ("shared", "text", READ, LABELLED.replace("disclosure.optviz-description", "container.optviz-description")),
    ("shared", "latex", READ, OPEN),
    ("each", "html", EACH_READ, EACH_LIVE),
    ("each", "latex", EACH_READ, EACH_OPEN),
    ("none", "html", NONE_READ, NONE_ALL),
    ("none", "latex", NONE_READ, NONE_ALL),
    ("below", "latex", "\n".join([*READ.splitlines()[1:], READ.splitlines()[0]]), None),
    ("hidden", "latex", "\n".join(READ.splitlines()[1:]), None),
]


@pytest.mark.parametrize(
    ("name", "builder", "read", "placed"), PLACES, ids=[f"{name} in {builder}" for name, builder, *_ in PLACES]
)
def test_the_doctree_before_and_after(
    trees: dict[str, Trees], name: str, builder: str, read: str, placed: str | None
) -> None:
    assert body(trees[builder].read[name]) == read
    if placed is not None:
        assert body(trees[builder].placed[name]) == placed


def test_options_of_the_figure_reach_it(as_html: Built) -> None:
    document = resolved(as_html.app, "shared")
    (figure,) = document.findall(nodes.figure)
    (image,) = figure.findall(nodes.image)
    assert (figure["align"], figure["ids"], image["width"]) == ("left", ["fig-shared"], "80%")
    assert image["alt"] == "Wireframe of Saddle, f(x, y) = x^2 - y^2; x from −1 to 1, y from −1 to 1. 1 saddle."


def test_hand_written_tabs_follow_ours(as_html: Built) -> None:
    of_numpy = as_html.page("tabs.html").all('[name="TnVtUHk="]')
    assert len(of_numpy) == 4, "base64 of NumPy, on two tabs and two panels"


def test_a_plot_in_a_hand_written_tab(make_book: Any) -> None:
    page = ".. tabs::\n\n   .. tab:: One\n\n      .. optplot:: cubic\n\n         Caption.\n"
    book: Book = make_book(page=page)
    built = book.build("text")  # where sphinx-tabs parses the panel twice
    assert built.runs == ["cubic (numpy)"]
    assert len(book.build("html").page().alts) >= 1


def test_the_style_sheet_is_linked_where_there_are_plots(as_html: Built) -> None:
    ours = 'link[rel="stylesheet"][href*="optviz.css"]'
    assert len(as_html.page("shared.html").all(ours)) == 1
    assert as_html.page("plain.html").all(ours) == []
    assert as_html.files("_static/optviz.css") == ["optviz.css"]


def test_several_problems_of_a_plot_are_told_apart(trees: dict[str, Trees]) -> None:
    text = trees["text"].built.read("problems.txt")
    assert re.findall(r"^ *\* annotation '(.)': ", text, re.MULTILINE) == ["a", "b"]
