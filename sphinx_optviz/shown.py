"""What readers see of one directive, in words: tabs, figures, notes and errors, without paths of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.locale import get_translation

from sphinx_optviz.description import alt_text, description, listed
from sphinx_optviz.frameworks import framework
from sphinx_optviz.log import CATALOG
from sphinx_optviz.model import Placement, Tab

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_optviz.agreement import Verdict
    from sphinx_optviz.critical import CriticalPoints
    from sphinx_optviz.model import PlotRecord
    from sphinx_optviz.plan import Plot
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
    found: Mapping[tuple[str, str], CriticalPoints],
) -> Placement:
    """All that the page shows.

    *drawn_from* is the framework whose numbers the shared figure shows, or "". *images* and *undrawn* are, by
    framework, names of image files and reasons why there are none. *failures* are the first run of each framework
    that gave nothing, and why. *found* are critical points, by landscape and function.
    """
    spec = record.spec
    image_error, notes = "", []
    if spec.figure == "shared":
        image_error = _not_drawn(undrawn.get(drawn_from, ""))
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
            tabs.append(Tab(name, label, shown, image=images.get(name, "") if own else None, error=error))
        elif failed[1].path:
            tabs.append(Tab(name, label, shown, error=_reason(name, *failed)))
        else:
            note = _("%s: this code was not run when the page was built.") % label
            tabs.append(Tab(name, label, shown, note=note))
    notes += sentences(verdict)
    return Placement(
        tabs=tuple(tabs),
        open_tab=_open_tab(plot, failures),
        images=(images.get(drawn_from, ""),) if spec.figure == "shared" else (),
        image_error=image_error,
        alt=spec.alt or alt_text(plot, found),
        description=description(plot, found) if spec.figure != "none" else (),
        panels=len(plot.panels),
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
    words = {"frameworks": listed([_with_version(name, verdict) for name in order])}
    words["difference"] = _number(verdict.largest)
    return _("%(frameworks)s agree (largest difference %(difference)s).") % words


def _exceptions(verdict: Verdict) -> list[str]:
    found = []
    if verdict.disagreeing:
        words = {
            "frameworks": listed([_with_version(name, verdict) for name in verdict.disagreeing]),
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
        found.append(_("The derivatives of %s were not compared.") % listed(_labels(verdict.values_only)))
    if verdict.failed and (verdict.agreeing or verdict.disagreeing or verdict.absent):
        found.append(_("The code for %s failed.") % listed(_labels(verdict.failed)))
    if verdict.absent:
        one = len(verdict.absent) == 1
        found.append((_("%s was not run.") if one else _("%s were not run.")) % listed(_labels(verdict.absent)))
    return found


def _labels(names: Sequence[str]) -> list[str]:
    return [framework(name).label for name in names]


def _with_version(name: str, verdict: Verdict) -> str:
    """``PyTorch 2.13``: a third part of the version that is zero says nothing."""
    version = verdict.versions[name]
    short = version.removesuffix(".0") if version.count(".") >= 2 else version
    return f"{framework(name).label} {short}"


def _number(value: float) -> str:
    """One digit and a power of ten: ``2·10⁻¹⁶``."""
    if not value:
        return "0"
    digit, _e, exponent = f"{value:.0e}".partition("e")
    return f"{digit}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
