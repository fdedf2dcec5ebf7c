"""Wiring: the one file that tells Sphinx of all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_optviz import config
from sphinx_optviz.directive import OptplotDirective
from sphinx_optviz.domain import OptvizDomain
from sphinx_optviz.place import PlacePlots
from sphinx_optviz.tabs import ArrangeTabs

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


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


def execute(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Run and draw what the pages need; name those that must be written again."""
    # gettext, linkcheck, dummy and their like have no output format: they write no pages, and nothing is run for them.
    if not app.builder.format:
        return []
    # Imported here because a build that has no plots should not pay for it.
    from sphinx_optviz.pipeline import Build

    build = Build(app, env)
    changed = build.run()

    def finished(_: Sphinx, exception: Exception | None) -> None:
        if exception is None:
            build.remember()

    app.connect("build-finished", finished)
    return changed
