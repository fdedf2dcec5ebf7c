"""The nodes between parsing and writing. None of them reaches a writer: the post-transforms replace them all."""

from __future__ import annotations

from docutils import nodes


class optplot_image(nodes.image):  # noqa: N801 - docutils names nodes like tags
    """Where the figure will be. Replaced by an ``image`` in ``PlacePlots``.

    An ``image`` itself, so that Sphinx translates an ``alt`` that the author wrote. Carries ``docname``,
    ``index`` and ``group``: in singlehtml the environment's docname is the root's.
    """


class optplot_code(nodes.General, nodes.Element):  # noqa: N801
    """Where the code will be. Replaced by ``framework_tabs`` in ``PlacePlots``. Carries ``docname`` and ``index``."""


class framework_tabs(nodes.General, nodes.Element):  # noqa: N801
    """A group of ``framework_tab``. Replaced by what the builder can show in ``ArrangeTabs``.

    Carries ``group``, a part of ids that no other group of the book has, and ``open``, the framework to show first.
    """


class framework_tab(nodes.Part, nodes.Element):  # noqa: N801
    """One framework's blocks. Carries ``framework`` and ``label``."""
