"""PARSE: a label before a directive is the label of its figure, though the code may stand first."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

from sphinx_optviz.nodes import optplot_code, optplot_image


class MoveTargets(SphinxTransform):
    """Give a figure the labels that docutils has given to the code above it."""

    # Right after docutils has passed labels on to the next node, at 260.
    default_priority = 261

    def apply(self, **_: Any) -> None:
        """Before Sphinx collects labels."""
        figures = {
            image["index"]: image.parent
            for image in self.document.findall(optplot_image)
            if isinstance(image.parent, nodes.figure)
        }
        for code in self.document.findall(optplot_code):
            figure = figures.get(code["index"])
            if figure is None or not code["ids"]:
                continue
            for attribute in ("ids", "names", "dupnames"):
                figure[attribute] += [name for name in code[attribute] if name not in figure[attribute]]
                code[attribute] = []
            for name in figure["ids"]:
                self.document.ids[name] = figure
