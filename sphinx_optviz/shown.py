"""What readers see of one directive, in words: tabs, figures, notes and errors, without paths of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.locale import get_translation

from sphinx_optviz.frameworks import framework
from sphinx_optviz.log import CATALOG
from sphinx_optviz.model import Placement, Tab
from sphinx_optviz.plan import grid_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_optviz.agreement import Verdict
    from sphinx_optviz.model import Annotation, PlotRecord, PlotSpec
    from sphinx_optviz.plan import Panel, Plot
    from sphinx_optviz.runs import Failure, Run

_ = get_translation(CATALOG)

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def placement(
    record: PlotRecord,
    plot: Plot,
    *,
    problems: Sequence[str],
    drawn_from: str,
    images: Mapping[str, str],
    undrawn: Mapping[str, str],
    failures: Mapping[str, tuple[Run, Failure] | None],
    verdict: Verdict,
) -> Placement:
    """All that the page shows.

    *drawn_from* is the framework whose numbers the shared figure shows, or "". *images* and *undrawn* are, by
    framework, names of image files and reasons why there are none. *failures* are the first run of each framework
    that gave nothing, and why.
    """
    spec = record.spec
    image, image_error, notes = "", "", []
    if spec.figure == "shared":
        image, image_error = images.get(drawn_from, ""), _not_drawn(undrawn.get(drawn_from, ""))
        if drawn_from and drawn_from != plot.drawn_from:
            names = {"used": framework(drawn_from).label, "wanted": framework(plot.drawn_from).label}
            notes.append(_("The figure shows the numbers of %(used)s, because %(wanted)s was not run.") % names)
        elif not drawn_from:
            failed = failures[plot.drawn_from]
            assert failed is not None
            image_error = _("There is no figure: %s") % _reason(plot.drawn_from, *failed)
    tabs = []
    for name in plot.frameworks:
        label = framework(name).label
        code = tuple(landscape.sources[name].text.rstrip() for landscape in plot.landscapes)
        shown = () if spec.code == "hidden" else code
        failed = failures[name]
        if failed is None:
            own = spec.figure == "each"
            error = _not_drawn(undrawn.get(name, "")) if own else ""
            tabs.append(Tab(name, label, shown, image=images.get(name, "") if own else "", error=error))
        elif failed[1].path:
            tabs.append(Tab(name, label, shown, error=_reason(name, *failed)))
        else:
            note = _("%s: this code was not run when the page was built.") % label
            tabs.append(Tab(name, label, shown, note=note))
    notes += sentences(verdict)
    return Placement(
        tabs=tuple(tabs),
        open_tab=_open_tab(plot, failures),
        image=image,
        image_error=image_error,
        alt=spec.alt or alt_text(plot),
        notes=tuple(notes),
        problems=tuple(problems),
    )


def _open_tab(plot: Plot, failures: Mapping[str, tuple[Run, Failure] | None]) -> str:
    """With a figure in every tab, one that has a figure: on paper the open one is all there is."""
    ran = [name for name in plot.frameworks if failures[name] is None]
    failed = failures[plot.open_tab]
    if plot.spec.figure == "each" and ran and failed is not None and not failed[1].path:
        return ran[0]
    return plot.open_tab


def _not_drawn(reason: str) -> str:
    return _("The figure could not be drawn: %s") % reason if reason else ""


def _reason(name: str, run: Run, failure: Failure) -> str:
    """Why there are no numbers of the framework *name*."""
    label = framework(name).label
    if not failure.path:
        return _("%s was not run.") % label
    words = {"landscape": run.label, "framework": label, "message": failure.message}
    if failure.line > 1:
        words |= {"line": str(failure.line), "file": run.source.path.name}
        return _("%(landscape)s failed in %(framework)s, line %(line)s of %(file)s: %(message)s") % words
    return _("%(landscape)s failed in %(framework)s: %(message)s") % words


def sentences(verdict: Verdict) -> list[str]:
    """Whether the frameworks agree: one short paragraph, or nothing where there is one framework alone."""
    found = list(filter(None, [_who_agrees(verdict), *_exceptions(verdict)]))
    return [" ".join(found)] if found else []


def _who_agrees(verdict: Verdict) -> str:
    if not verdict.agreeing:
        return ""
    order = [name for name in verdict.versions if name == verdict.reference or name in verdict.agreeing]
    words = {"frameworks": _listed([_with_version(name, verdict) for name in order])}
    words["difference"] = _number(verdict.largest)
    return _("%(frameworks)s agree (largest difference %(difference)s).") % words


def _exceptions(verdict: Verdict) -> list[str]:
    found = []
    if verdict.disagreeing:
        words = {
            "frameworks": _listed([_with_version(name, verdict) for name in verdict.disagreeing]),
            "reference": _with_version(verdict.reference, verdict),
        }
        one = len(verdict.disagreeing) == 1
        found.append(
            (
                _("%(frameworks)s disagrees with %(reference)s.")
                if one
                else _("%(frameworks)s disagree with %(reference)s.")
            )
            % words
        )
    if verdict.values_only:
        found.append(_("The derivatives of %s were not compared.") % _listed(_labels(verdict.values_only)))
    if verdict.failed and (verdict.agreeing or verdict.disagreeing or verdict.absent):
        found.append(_("The code for %s failed.") % _listed(_labels(verdict.failed)))
    if verdict.absent:
        one = len(verdict.absent) == 1
        found.append((_("%s was not run.") if one else _("%s were not run.")) % _listed(_labels(verdict.absent)))
    return found


def _labels(names: Sequence[str]) -> list[str]:
    return [framework(name).label for name in names]


def _with_version(name: str, verdict: Verdict) -> str:
    """``PyTorch 2.13``: a third part of the version that is zero says nothing."""
    version = verdict.versions[name]
    short = version.removesuffix(".0") if version.count(".") >= 2 else version
    return f"{framework(name).label} {short}"


def _listed(items: Sequence[str]) -> str:
    if len(items) == 1:
        return items[0]
    return _("%(first)s and %(last)s") % {"first": _(", ").join(items[:-1]), "last": items[-1]}


def _number(value: float) -> str:
    """One digit and a power of ten: ``2·10⁻¹⁶``."""
    if not value:
        return "0"
    digit, _e, exponent = f"{value:.0e}".partition("e")
    return f"{digit}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def alt_text(plot: Plot) -> str:
    """What the figure shows, for those who cannot see it, from the landscapes' data."""
    parts = [_alt_of_panel(panel, plot.spec) for panel in plot.panels]
    if len(parts) == 1:
        return parts[0] + "."
    return " ".join(f"({chr(ord('a') + index)}) {part}." for index, part in enumerate(parts))


def _alt_of_panel(panel: Panel, spec: PlotSpec) -> str:
    shown: list[str] = []
    domains: list[str] = []
    for landscape in dict.fromkeys(series.landscape.name for series in panel.series):
        its = next(series.landscape for series in panel.series if series.landscape.name == landscape)
        shown.append(f"{its.title}, {its.formula}")
        domains.append(", ".join(f"{axis.name} from {axis.low:g} to {axis.high:g}" for axis in grid_of(its, spec)))
    if len(set(domains)) == 1:
        text = f"{panel.view.capitalize()} of {' and '.join(shown)}; {domains[0]}"
    else:
        pairs = zip(shown, domains, strict=True)
        text = f"{panel.view.capitalize()} of {' and '.join(f'{what} ({domain})' for what, domain in pairs)}"
    marks = [f"{note.text} at {_coordinates(note)}" for note in panel.annotations]
    return f"{text}. Marked: {'; '.join(marks)}" if marks else text


def _coordinates(annotation: Annotation) -> str:
    values = ", ".join(f"{value:g}" for value in annotation.at)
    return values if len(annotation.at) == 1 else f"({values})"
