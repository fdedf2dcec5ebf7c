"""Wiring: the one file that tells Sphinx of all the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sphinx_optviz import config
from sphinx_optviz.cell_directive import FrameworkDirective, report_blocks_outside
from sphinx_optviz.check import CheckBuilder
from sphinx_optviz.directive import OptplotDirective
from sphinx_optviz.domain import OptvizDomain
from sphinx_optviz.downloads.placing import PlaceDownloads, tidy
from sphinx_optviz.log import CATALOG
from sphinx_optviz.nodes import depart_disclosure, disclosure, visit_disclosure
from sphinx_optviz.place import FillNumbers, PlacePlots
from sphinx_optviz.references import resolve_panel
from sphinx_optviz.roles import OptvalRole
from sphinx_optviz.tabs import ArrangeTabs
from sphinx_optviz.targets import MoveTargets
from sphinx_optviz.update import update

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_HERE = Path(__file__).parent


def setup(app: Sphinx) -> None:
    app.setup_extension("sphinx_tabs.tabs")
    app.add_message_catalog(CATALOG, str(_HERE / "locales"))
    config.add_values(app)
    app.connect("config-inited", config.check_values)
    # PARSE and PLAN
    app.add_directive("optplot", OptplotDirective)
    app.add_directive("framework", FrameworkDirective)
    app.add_role("optval", OptvalRole())
    app.add_domain(OptvizDomain)
    app.add_transform(MoveTargets)
    app.add_builder(CheckBuilder)
    app.connect("doctree-read", report_blocks_outside)
    # EXECUTE
    app.connect("env-updated", update)
    # PLACE
    app.add_post_transform(FillNumbers)
    app.add_post_transform(PlaceDownloads)
    app.add_post_transform(PlacePlots)
    app.add_post_transform(ArrangeTabs)
    app.add_node(disclosure, html=(visit_disclosure, depart_disclosure))
    app.connect("missing-reference", resolve_panel)
    app.connect("builder-inited", add_static_folder)
    app.connect("html-page-context", add_style)
    app.connect("build-finished", tidy)


def add_static_folder(app: Sphinx) -> None:
    """Let HTML builders copy the style sheet."""
    if app.builder.format == "html":
        app.config.html_static_path = [*app.config.html_static_path, str(_HERE / "static")]


def add_style(app: Sphinx, pagename: str, _template: str, _context: dict[str, Any], doctree: object) -> None:
    """Link the style sheet where there is a plot; singlehtml joins all documents in the root."""
    domain = cast("OptvizDomain", app.env.get_domain("optviz"))
    if doctree is not None and (pagename in domain.records or (pagename == app.config.root_doc and domain.records)):
        app.add_css_file("optviz.css")
