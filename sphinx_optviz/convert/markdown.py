"""Markdown with d2lbook's marks, parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_optviz.convert.marks import d2l_plugin, display_formula, without_slides

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode


def parsed(text: str) -> SyntaxTreeNode:
    """The tree of a page. Raises ImportError where the parser is not installed."""
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_labels=False, allow_space=True, allow_digits=True, double_inline=True)
    # The plugin's formulas begin after an empty line; pandoc's, which d2lbook uses, end the paragraph above.
    parser.block.ruler.at("math_block", display_formula, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.use(footnote_plugin, inline=False)
    parser.use(d2l_plugin)
    return SyntaxTreeNode(parser.parse(without_slides(text)))
