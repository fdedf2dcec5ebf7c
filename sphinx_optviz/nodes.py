"""The nodes between parsing and writing. Only the last of them reaches a writer, that of HTML."""

from __future__ import annotations

from typing import Any

from docutils import nodes


class optplot_image(nodes.image):  # noqa: N801 - docutils names nodes like tags
    """Where the figure will be. Replaced by an ``image`` in ``PlacePlots``.

    An ``image`` itself, so that Sphinx translates an ``alt`` that the author wrote. Carries ``docname``,
    ``index`` and ``group``: in singlehtml the environment's docname is the root's.
    """


class optplot_code(nodes.General, nodes.Element):  # noqa: N801
    """Where the code will be. Replaced by ``framework_tabs`` in ``PlacePlots``. Carries ``docname`` and ``index``."""


class framework_block(nodes.literal_block):  # noqa: N801
    """Code for some frameworks, on its way to the cell around it, which takes it out. Carries ``block``.

    A ``literal_block`` itself, so that it is seen where there is no cell around it.
    """


class framework_tabs(nodes.General, nodes.Element):  # noqa: N801
    """A group of ``framework_tab``. Replaced by what the builder can show in ``ArrangeTabs``.

    Carries ``group``, a part of ids that no other group of the book has, and ``open``, the framework to show first.
    """


class framework_tab(nodes.Part, nodes.Element):  # noqa: N801
    """One framework's blocks. Carries ``framework`` and ``label``."""


class disclosure(nodes.General, nodes.Element):  # noqa: N801
    """What opens in HTML when the reader wants it: a ``summary`` to click on, and what is under it."""


def visit_disclosure(translator: Any, node: nodes.Element) -> None:
    """For HTML's writer."""
    summary = translator.encode(node["summary"])
    translator.body.append(f'<details class="{" ".join(node["classes"])}"><summary>{summary}</summary>\n')


def depart_disclosure(translator: Any, _node: nodes.Element) -> None:
    """For HTML's writer."""
    translator.body.append("</details>\n")
