"""Figures that are run at build time, and framework tabs, for Sphinx books that teach optimisation.

Four stages, in this order and with no way back:

1. PARSE (``directive``): an author's options become a ``PlotSpec`` and a placeholder.
2. PLAN (``domain``, ``plan``): the specs of all documents; what each needs to have run and drawn.
3. EXECUTE (``execute``, ``store``, ``draw``, joined in ``pipeline``): once a build, runs become results and figures.
4. PLACE (``place``, ``tabs``): placeholders become images and tabs, for each builder in its own way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

__version__ = "0.1.0"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension with Sphinx."""
    from sphinx_optviz import extension

    extension.setup(app)
    return {
        "version": __version__,
        # Bump it when the shape of anything that is pickled with the environment or a doctree changes.
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
