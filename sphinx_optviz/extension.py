"""Wiring: the one file that tells Sphinx of all the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sphinx_optviz import config
from sphinx_optviz.directive import OptplotDirective
from sphinx_optviz.domain import OptvizDomain
from sphinx_optviz.place import PlacePlots
from sphinx_optviz.tabs import ArrangeTabs, tab_style

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_STATIC = Path(__file__).parent / "static"


def setup(app: Sphinx) -> None:
    app.setup_extension("sphinx_tabs.tabs")
    config.add_values(app)
    app.connect("config-inited", config.check_values)
    # PARSE and PLAN
    app.add_directive("optplot", OptplotDirective)
    app.add_domain(OptvizDomain)
    # EXECUTE
    app.connect("env-updated", execute)
    # PLACE
    app.add_post_transform(PlacePlots)
    app.add_post_transform(ArrangeTabs)
    app.connect("builder-inited", add_static_folder)
    app.connect("html-page-context", add_style)


def execute(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Run and draw what the pages need; name those that must be written again."""
    domain = cast("OptvizDomain", env.get_domain("optviz"))
    # gettext, linkcheck, dummy and their like have no output format: they write no pages, and nothing is run for them.
    if not app.builder.format or not domain.records:
        return []
    # Imported here because a build that has no plots should not pay for it.
    from sphinx_optviz.pipeline import Build

    domain.tab_style = tab_style(app)
    build = Build(app, env)
    changed = build.run()

    def finished(_: Sphinx, exception: Exception | None) -> None:
        if exception is None:
            build.finish()

    app.connect("build-finished", finished)
    return changed


def add_static_folder(app: Sphinx) -> None:
    """Let HTML builders copy the style sheet."""
    if app.builder.format == "html":
        app.config.html_static_path.append(str(_STATIC))


def add_style(app: Sphinx, pagename: str, _template: str, _context: dict[str, Any], doctree: object) -> None:
    """Link the style sheet where there is a plot; singlehtml joins all documents in the root."""
    domain = cast("OptvizDomain", app.env.get_domain("optviz"))
    if doctree is not None and (pagename in domain.records or (pagename == app.config.root_doc and domain.records)):
        app.add_css_file("optviz.css")
