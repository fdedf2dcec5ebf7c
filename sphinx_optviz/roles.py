"""PARSE: the role ``optval``. It records what the author asks for and leaves a node that ``PlacePlots`` fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from docutils import nodes
from sphinx.util.docutils import SphinxRole

from sphinx_optviz.expressions import ExpressionError, is_matrix, parse

if TYPE_CHECKING:
    from docutils.nodes import Node, system_message

    from sphinx_optviz.domain import OptvizDomain


class OptvalRole(SphinxRole):
    """A number that the build computes: ``:optval:`tanh.grad(4)```."""

    def run(self) -> tuple[list[Node], list[system_message]]:
        expression = " ".join(self.text.split())
        source, line = self.get_source_info()
        domain = cast("OptvizDomain", self.env.get_domain("optviz"))
        domain.ask(self.env.docname, expression, source, line)
        shape = {"optval": expression, "docname": self.env.docname, "classes": ["optval"]}
        # Pages load what shows mathematics if there is any when Sphinx reads them.
        if _may_be_matrix(expression):
            return [nodes.math(self.rawtext, expression, **shape)], []
        # Writers know it, also where no post-transform comes by: in tables of contents.
        return [nodes.inline(self.rawtext, expression, **shape)], []


def _may_be_matrix(expression: str) -> bool:
    try:
        return is_matrix(parse(expression.partition("|")[0]))
    except ExpressionError:  # reported when it is to be answered
        return False
