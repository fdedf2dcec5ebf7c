"""Once a build, after reading: what every page shows, from the memory of the last build or by running and drawing."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from docutils import nodes

from sphinx_optviz.absent import without_absent
from sphinx_optviz.config import settings_of
from sphinx_optviz.log import logger, warn
from sphinx_optviz.memory import BuildMemory
from sphinx_optviz.model import IMAGE_FORMATS, digest_of, image_type
from sphinx_optviz.pages import PageMemory
from sphinx_optviz.tabs import tab_style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

    from sphinx_optviz.domain import OptvizDomain
    from sphinx_optviz.memory import Placements
    from sphinx_optviz.model import Number, Place, Placement, Settings
    from sphinx_optviz.pipeline import Build

_PACKAGE = Path(__file__).parent


def update(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """At ``env-updated``: fill the domain's placements; return the documents whose pages must be written again."""
    domain = cast("OptvizDomain", env.get_domain("optviz"))
    for message, location in domain.problems:
        warn("directive", message, location=location)
    # gettext, linkcheck, dummy and their like have no output format: they write no pages, and nothing is run for them.
    if not app.builder.format or not (domain.records or domain.questions):
        return []
    settings, left_out = without_absent(settings_of(app.config, Path(app.confdir)))
    if left_out:
        logger.info("%s", left_out)
    folder = Path(app.doctreedir, "optviz")
    mime = image_type(app.builder)
    domain.figures = (folder / "figures", mime)
    domain.tab_style = tab_style(app)
    domain.output = (app.builder.format, app.builder.name)
    domain.settings = settings
    domain.downloads = Path(app.outdir, "_downloads")
    memory = BuildMemory(folder, IMAGE_FORMATS.get(mime, ""))
    asked = _asked(domain, settings, app.config.language)
    recalled = None if settings.execute == "force" else memory.recall(asked)
    if recalled is not None:
        domain.placements, domain.numbers, shown = recalled
    else:
        # Imported here because a build that has nothing to do should not pay for it.
        from sphinx_optviz.pipeline import Build

        build = Build(app.builder, env, settings, app.verbosity)
        placements = domain.placements = build.run()
        domain.numbers = build.numbers
        shown = _shown(placements, build.numbers, settings)
        _keep(memory, asked, build, placements, shown)

    _name_in_titles(env, domain.numbers)
    _name_in_labels(env, domain.numbers)
    pages = PageMemory(folder, app.builder)
    changed = pages.changed(shown, env.found_docs)
    pages.forget()

    def finished(_: Sphinx, exception: Exception | None) -> None:
        if exception is None:
            pages.remember(shown)

    app.connect("build-finished", finished)
    return changed


def _asked(domain: OptvizDomain, settings: Settings, language: str) -> str:
    """A digest of all that decides what pages show and is no file."""
    specs = [(docname, record.spec, record.problems) for (docname, _), record in domain.placed.items()]
    return digest_of([sys.executable, sys.prefix, language, repr(settings), repr(specs), sorted(domain.questions)])


def _name_in_labels(env: BuildEnvironment, numbers: Mapping[tuple[str, str], Number]) -> None:
    """Put numbers into what ``ref`` shows of a section: the text of its title, as it was read."""
    labels = env.domaindata["std"]["labels"]
    for name, (docname, ids, title) in list(labels.items()):
        for (its_docname, expression), number in numbers.items():
            if its_docname == docname and expression in title:
                title = title.replace(expression, number.text)  # noqa: PLW2901 - several may stand in it
        labels[name] = (docname, ids, title)


def _name_in_titles(env: BuildEnvironment, numbers: Mapping[tuple[str, str], Number]) -> None:
    """Put numbers into titles as tables of contents have them, which no post-transform sees."""
    for tree in [*env.tocs.values(), *env.titles.values(), *env.longtitles.values()]:
        for node in tree.findall(nodes.Element):
            if "optval" in node and (node["docname"], node["optval"]) in numbers:
                text = numbers[node["docname"], node["optval"]].text
                node[:] = [nodes.Text(text)]


def _keep(memory: BuildMemory, asked: str, build: Build, placements: Placements, shown: Mapping[str, str]) -> None:
    if not build.is_complete:
        memory.forget()
        return
    drawn_by = find_spec("matplotlib")  # not imported: the version's file is enough
    assert drawn_by is not None
    assert drawn_by.origin is not None
    code = [*_PACKAGE.rglob("*.py"), *_PACKAGE.rglob("*.mo"), Path(drawn_by.origin).with_name("_version.py")]
    read = [*map(str, build.catalogue.paths()), *map(str, build.cells.read), *map(str, code)]
    memory.keep(asked, placements, build.numbers, shown, read=read, written=map(str, build.files))


def _shown(
    placements: Mapping[Place, Placement], numbers: Mapping[tuple[str, str], Number], settings: Settings
) -> dict[str, str]:
    """What each document shows, as a digest."""
    of_all = [settings.colab_base, dict(settings.rcparams)]  # in each page's downloads and links
    of_document: dict[str, list[object]] = defaultdict(list)
    for (docname, _), shown in placements.items():
        of_document[docname] += [asdict(shown), *([] if shown.download is None else of_all)]
    for (docname, expression), number in numbers.items():
        of_document[docname].append([expression, number.text])
    return {docname: digest_of(found) for docname, found in of_document.items()}
