"""What readers see of one cell: code and outputs in tabs, figures, notes and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.locale import get_translation

from sphinx_optviz.cell_execute import AFTER_A_FAILURE
from sphinx_optviz.cell_runs import CellResult
from sphinx_optviz.description import listed
from sphinx_optviz.frameworks import framework
from sphinx_optviz.log import CATALOG
from sphinx_optviz.model import Placement, Shown, Tab
from sphinx_optviz.shown import sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sphinx_optviz.cell_agreement import CellVerdict
    from sphinx_optviz.cell_execute import CellOutcome
    from sphinx_optviz.cell_runs import CellRun
    from sphinx_optviz.model import CellSpec
    from sphinx_optviz.notebooks import Tabs

    NamedImage = Callable[[CellRun, CellResult, int], str]

_ = get_translation(CATALOG)

_IMAGES = ("image/svg+xml", "image/png")


def cell_placement(
    spec: CellSpec,
    tabs: Tabs,
    runs: Mapping[str, CellRun],
    outcomes: Mapping[str, CellOutcome],
    name_of: NamedImage,
    *,
    problems: Sequence[str],
    verdict: CellVerdict,
) -> Placement:
    """All that the page shows; *runs* by framework, *outcomes* by key; *name_of* gives the file of an image output."""
    shown = []
    images: tuple[str, ...] = ()
    alt = spec.alt or ""
    for name in tabs.frameworks:
        run, outcome = runs[name], outcomes[runs[name].key]
        outputs = _outputs(run, outcome, name_of) if isinstance(outcome, CellResult) else []
        if name == tabs.drawn_from:
            alt = alt or _alt(outcome)
            if spec.has_image and (spec.is_figure or not spec.hide_output):
                images = tuple(form for output in outputs if output.kind == "image" for _, form in output.forms)
        if spec.has_image or spec.figure == "none":
            outputs = [output for output in outputs if output.kind != "image"]
        if spec.hide_output:
            outputs = [output for output in outputs if output.kind == "image" and spec.is_figure]
        shown.append(_tab(spec, name, run, outcome, outputs))
    return Placement(
        tabs=tuple(shown),
        open_tab=tabs.drawn_from,
        images=images,
        alt=alt if images or not spec.has_image else "",
        notes=(*sentences(verdict.verdict), *_at_random(verdict)),
        problems=tuple(problems),
    )


def _tab(spec: CellSpec, name: str, run: CellRun, outcome: CellOutcome, outputs: list[Shown]) -> Tab:
    label = framework(name).label
    code = () if spec.code == "hidden" else (run.code.rstrip("\n"),)
    if isinstance(outcome, CellResult):
        if outcome.error is not None:
            outputs = [*outputs, Shown("error", (("text/plain", outcome.error.short),))]
        return Tab(name, label, code, outputs=tuple(outputs))
    if outcome.message == AFTER_A_FAILURE:
        return Tab(name, label, code, note=_("%s: this code was not run, because an earlier cell failed.") % label)
    if not outcome.path:
        return Tab(name, label, code, note=_("%s: this code was not run when the page was built.") % label)
    words = {"framework": label, "message": outcome.message}
    error = _("This code failed in %(framework)s: %(message)s") % words
    traceback = (Shown("error", (("text/plain", outcome.short),)),) if outcome.short else ()
    return Tab(name, label, code, error=error, outputs=traceback)


def _outputs(run: CellRun, outcome: CellResult, name_of: NamedImage) -> list[Shown]:
    found = []
    for number, output in enumerate(outcome.outputs):
        if output.kind == "figure":
            if output.forms:
                found.append(Shown("image", (("image", name_of(run, outcome, number)),)))
        else:
            forms = [
                (mime, name_of(run, outcome, number) if mime in _IMAGES else data.decode("utf-8", "replace"))
                for mime, data in output.forms.items()
            ]
            found.append(Shown(output.kind, tuple(forms)))
    if outcome.dropped.get("text"):
        found.append(_dropped(_("… and %s characters more."), outcome.dropped["text"]))
    if outcome.dropped.get("figures"):
        found.append(_dropped(_("… and %s figures more."), outcome.dropped["figures"]))
    return found


def _dropped(words: str, count: int) -> Shown:
    return Shown("text", (("text/plain", words % count),))


def _at_random(verdict: CellVerdict) -> list[str]:
    if not verdict.at_random:
        return []
    names = listed([framework(name).label for name in verdict.at_random])
    return [_("Random numbers were drawn: the results of %s were not compared.") % names]


def _alt(outcome: CellOutcome) -> str:
    """What was drawn, for those who cannot see it: "" if that is nothing."""
    if not isinstance(outcome, CellResult):
        return ""
    names = list(dict.fromkeys(artist.name for artist in outcome.artists))
    if not any(output.kind == "figure" for output in outcome.outputs):
        return ""
    return _("Plot with %s.") % listed(names[:8]) if names else _("Plot.")
