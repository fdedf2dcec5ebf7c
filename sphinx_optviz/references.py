"""PLACE: references to one panel of a figure: ``:numref:`fig-two-a``` is Fig. 3(a), if ``fig-two`` has two panels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from docutils import nodes

from sphinx_optviz.nodes import optplot_code, optplot_image

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.domains.std import StandardDomain
    from sphinx.environment import BuildEnvironment

    from sphinx_optviz.domain import OptvizDomain

_PANEL = re.compile(r"(?P<figure>.+)-(?P<letter>[a-z])")


def resolve_panel(app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element) -> nodes.Node | None:
    """At ``missing-reference``: None unless it is a ``numref`` to a panel that there is."""
    found = _PANEL.fullmatch(node.get("reftarget", ""))
    if node.get("refdomain") != "std" or node.get("reftype") != "numref" or found is None:
        return None
    std = cast("StandardDomain", env.get_domain("std"))
    label = std.anonlabels.get(found["figure"]) or std.labels.get(found["figure"])
    if label is None:
        return None
    docname, ids = label[:2]
    panels = _panels_of(env, docname, ids)
    if panels < 2 or ord(found["letter"]) - ord("a") >= panels:  # a single panel has no letter
        return None
    # With %s or {number} in it: the letter stands behind the number, wherever the author wants that.
    title = contnode.astext() if node.get("refexplicit") else app.config.numfig_format["figure"]
    for place in ("%s", "{number}"):
        title = title.replace(place, f"{place}({found['letter']})")
    panel = node.deepcopy()
    panel["refexplicit"] = True
    shown = nodes.inline(title, title, classes=list(contnode["classes"]))
    return std.resolve_xref(env, node["refdoc"], app.builder, "numref", found["figure"], panel, shown)


def _panels_of(env: BuildEnvironment, docname: str, labelid: str) -> int:
    """How many panels the figure has; 0 if it is none of ours."""
    domain = cast("OptvizDomain", env.get_domain("optviz"))
    figure = env.get_doctree(docname).ids.get(labelid)
    if figure is None:
        return 0
    for placeholder in figure.findall(nodes.Element):
        if not isinstance(placeholder, optplot_image | optplot_code):
            continue
        place = (placeholder["docname"], placeholder["index"])
        if domain.placements is None:
            return 26  # nobody will see the number
        return domain.placements[place].panels if place in domain.placements else 0
    return 0
