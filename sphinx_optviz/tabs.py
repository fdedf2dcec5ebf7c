"""PLACE: groups of framework tabs become what the builder can show: live tabs, labelled blocks, or one framework."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_tabs.tabs import SphinxTabsPanel, SphinxTabsTab, SphinxTabsTablist, get_compatible_builders

from sphinx_optviz.nodes import framework_tabs

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from sphinx_optviz.domain import OptvizDomain
    from sphinx_optviz.model import TabStyle
    from sphinx_optviz.nodes import framework_tab


def tab_style(app: Sphinx) -> TabStyle:
    """What the builder can show: live tabs, all frameworks with their names, or, on paper, the open one alone."""
    if app.builder.name in get_compatible_builders(app):
        return "live"
    return "open" if app.builder.format == "latex" else "labelled"


class ArrangeTabs(SphinxPostTransform):
    """Replace every ``framework_tabs``.

    Not done by the directives of sphinx-tabs: these look at the builder while reading, so that doctrees made for LaTeX
    would have no tabs in HTML, and parse a panel twice for every builder that is not HTML.
    """

    # After PlacePlots has filled the tabs, before Sphinx's own look at images begins at 100.
    default_priority = 95

    def run(self, **_: Any) -> None:
        style = cast("OptvizDomain", self.env.get_domain("optviz")).tab_style
        for group in list(self.document.findall(framework_tabs)):
            tabs: list[framework_tab] = list(group.children)  # type: ignore[arg-type]
            if style == "open":
                self._only_the_open_one(group, tabs)
            elif len(tabs) == 1:
                group.replace_self(tabs[0].children)
            elif style == "live":
                group.replace_self(self._live(group, tabs))
            else:
                group.replace_self(_labelled(tabs))

    def _live(self, group: nodes.Element, tabs: list[framework_tab]) -> nodes.container:
        """The nodes that sphinx-tabs' own directives build for ``group-tab`` with a code block."""
        bar = SphinxTabsTablist()
        bar["role"] = "tablist"
        bar["aria-label"] = "Framework"
        if not self.config.sphinx_tabs_disable_tab_closing:
            bar["classes"].append("closeable")
        box = nodes.container("", bar, type="tab-element", classes=["sphinx-tabs", "optviz-tabs"])
        box.source, box.line = group.source, group.line
        for tab in tabs:
            # The name is what sphinx-tabs synchronises by, so a hand-written `group-tab:: JAX` follows along.
            name = base64.b64encode(tab["label"].encode()).decode()
            shown = tab["framework"] == group["open"]
            ids = {kind: f"{group['group']}-{kind}-{tab['framework']}" for kind in ("tab", "panel")}
            button = SphinxTabsTab("", tab["label"], classes=["sphinx-tabs-tab", "group-tab"], ids=[ids["tab"]])
            button["role"] = "tab"
            button["name"] = name
            button["tabindex"] = "0" if shown else "-1"
            button["aria-selected"] = "true" if shown else "false"
            button["aria-controls"] = ids["panel"]
            bar += button
            panel = SphinxTabsPanel("", *tab.children, ids=[ids["panel"]])
            panel["classes"] = ["sphinx-tabs-panel", "group-tab", "code-tab"]
            panel["role"] = "tabpanel"
            panel["name"] = name
            panel["tabindex"] = "0"
            panel["aria-labelledby"] = ids["tab"]
            if not shown:
                panel["hidden"] = "true"
            box += panel
        return box

    def _only_the_open_one(self, group: nodes.Element, tabs: list[framework_tab]) -> None:
        """One framework is enough on paper; its code may not stand in a float, which cannot be broken over pages."""
        shown = next(tab for tab in tabs if tab["framework"] == group["open"])
        blocks = [_label(shown), *shown.children] if len(tabs) > 1 else list(shown.children)
        if isinstance(group.parent, nodes.figure):
            images = [block for block in blocks if isinstance(block, nodes.image)]
            figure = group.parent
            at = figure.parent.index(figure)
            figure.parent[at:at] = [block for block in blocks if block not in images]
            group.replace_self(images)
        else:
            group.replace_self(blocks)


def _labelled(tabs: list[framework_tab]) -> nodes.container:
    """Every framework's name and blocks, one after the other."""
    blocks = [block for tab in tabs for block in (_label(tab), *tab.children)]
    return nodes.container("", *blocks, classes=["optviz-tabs"])


def _label(tab: framework_tab) -> nodes.paragraph:
    return nodes.paragraph("", "", nodes.strong("", tab["label"]), classes=["optviz-framework"])
