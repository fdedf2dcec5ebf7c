"""What a figure shows, in words, for those who cannot see it: a short alternative text, and a longer description."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx.locale import get_translation

from sphinx_optviz.log import CATALOG
from sphinx_optviz.plan import grid_of
from sphinx_optviz.spots import Spot, lowest, spots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_optviz.critical import CriticalPoints, Plateau
    from sphinx_optviz.landscapes import Function, Landscape
    from sphinx_optviz.plan import Panel, Plot
    from sphinx_optviz.runs import Axis

    Found = Mapping[tuple[str, str], CriticalPoints]  # by landscape and function

_ = get_translation(CATALOG)

# So many points are told one by one.
_MOST = 12


def _view(name: str) -> str:
    return {
        "curve": _("Curve"),
        "contour": _("Contour plot"),
        "surface": _("Surface"),
        "wireframe": _("Wireframe"),
        "heatmap": _("Heat map"),
        "slices": _("Slices"),
    }[name]


def _kind(name: str, count: int) -> str:
    one, more = {
        "minimum": (_("minimum"), _("minima")),
        "maximum": (_("maximum"), _("maxima")),
        "saddle": (_("saddle"), _("saddles")),
        "inflection": (_("flat inflection"), _("flat inflections")),
        "valley": (_("valley"), _("valleys")),
        "ridge": (_("ridge"), _("ridges")),
        "plateau": (_("plateau"), _("plateaus")),
        "": (_("line of critical points"), _("lines of critical points")),
    }[name]
    return one if count == 1 else more


def listed(items: Sequence[str]) -> str:
    """``a, b and c``."""
    if len(items) == 1:
        return items[0]
    return _("%(first)s and %(last)s") % {"first": _(", ").join(items[:-1]), "last": items[-1]}


def _number(value: float, span: float = 0.0, part: float = 1e-3) -> str:
    """*value* in four digits or, if numbers within *span* then look the same, in those that tell *part* of it apart."""
    value = value if abs(value) >= 1e-12 * (span or 1.0) else 0.0
    digits, size = 4, math.floor(math.log10(abs(value))) if value else 0
    if span > 1e-12 * abs(value) and 10.0 ** (size - 3) > 1.001e-3 * span:
        digits = min(size - math.floor(math.log10(part * span)) + 1, 15)
    return f"{value:.{digits}g}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class _Scale:
    """How fine the numbers of a function have to be: its axes and, 0 if it is not known, how far its values reach."""

    axes: Sequence[Axis]
    height: float

    @classmethod
    def of(cls, critical: CriticalPoints | None, axes: Sequence[Axis]) -> _Scale:
        """From all that was found."""
        high, low = (lowest(critical, kind) if critical else None for kind in ("maximum", "minimum"))
        height = high.value - low.value if high and low else 0.0
        return cls(axes, height if math.isfinite(height) else 0.0)

    def value(self, value: float) -> str:
        return _number(value, self.height)

    def place(self, at: Sequence[float]) -> str:
        """Coordinates; on a curve the height may follow."""
        numbers = [_number(x, axis.high - axis.low, 1e-4) for x, axis in zip(at, self.axes, strict=False)]
        return _in_parentheses([*numbers, *map(self.value, at[len(numbers) :])])


def _in_parentheses(numbers: Sequence[str]) -> str:
    return numbers[0] if len(numbers) == 1 else f"({', '.join(numbers)})"


# ---- the alternative text


def alt_text(plot: Plot, found: Found) -> str:
    """One or two sentences; several panels have letters."""
    parts = [_alt_of_panel(panel, plot, found) for panel in plot.panels]
    if len(parts) == 1:
        return parts[0]
    return " ".join(f"({chr(ord('a') + index)}) {part}" for index, part in enumerate(parts))


def _alt_of_panel(panel: Panel, plot: Plot, found: Found) -> str:
    landscapes = list({series.landscape.name: series.landscape for series in panel.series}.values())
    shown = [", ".join(filter(None, [landscape.title, landscape.formula])) for landscape in landscapes]
    domains = [_domain(grid_of(landscape, plot.spec)) for landscape in landscapes]
    if len(set(domains)) == 1:
        words = {"view": _view(panel.view), "functions": listed(shown), "domain": domains[0]}
        sentences = [_("%(view)s of %(functions)s; %(domain)s.") % words]
    else:
        pairs = [f"{what} ({domain})" for what, domain in zip(shown, domains, strict=True)]
        sentences = [_("%(view)s of %(functions)s.") % {"view": _view(panel.view), "functions": listed(pairs)}]
    functions = [(landscape, function) for landscape in landscapes for function in landscape.functions]
    for landscape, function in functions if panel.view == "curve" else functions[:1]:
        critical = found.get((landscape.name, function.name))
        if critical is not None and (counted := _counted(critical)):
            name = (function.label or _name_of(landscape, function)) if len(functions) > 1 else ""
            sentences.append(f"{name}: {_full_stop(counted)}" if name else _full_stop(_sentence(counted)))
    if panel.view == "slices":
        sentences.append(_of_slices(panel, plot))
    if panel.labels:
        scale = _Scale.of(found.get((landscapes[0].name, functions[0][1].name)), grid_of(landscapes[0], plot.spec))
        marks = [
            _("%(text)s at %(place)s") % {"text": label.text, "place": scale.place(label.at)} for label in panel.labels
        ]
        sentences.append(_("Marked: %s.") % "; ".join(marks))
    return " ".join(sentences)


def _of_slices(panel: Panel, plot: Plot) -> str:
    """Which point they go through, and along what: a direction each or, through the middle, a variable."""
    axes = grid_of(panel.series[0].landscape, plot.spec)
    through = [series.through for series in panel.series if series.through is not None]
    if through:
        at = through[0][0]
        along = [_direction(way) for _, way in through]
    else:
        at = tuple((axis.low + axis.high) / 2 for axis in axes)
        along = [axis.name for axis in axes]
    words = {"point": _Scale(axes, 0.0).place(at), "directions": listed(along)}
    return _("The slices go through %(point)s, along %(directions)s.") % words


def _direction(way: Sequence[float]) -> str:
    return _in_parentheses([_number(step) for step in way])


def _name_of(landscape: Landscape, function: Function) -> str:
    """Of a function without a label: its landscape's, if it is the only one of it."""
    return landscape.title if len(landscape.functions) == 1 else function.name


def _domain(axes: Sequence[Axis]) -> str:
    return _(", ").join(
        _("%(variable)s from %(low)s to %(high)s")
        % {"variable": axis.name, "low": scale.place([axis.low]), "high": scale.place([axis.high])}
        for axis, scale in [(axis, _Scale([axis], 0.0)) for axis in axes]
    )


def _counted(critical: CriticalPoints) -> str:
    """``4 minima, 4 saddles and 1 maximum``; ``at least``, if there may be more."""
    kinds = [spot.kind for kind in ("minimum", "maximum", "saddle", "inflection") for spot in spots(critical, kind)]
    kinds += [line.kind for line in critical.lines] + ["plateau"] * len(critical.plateaus)
    counts = {kind: kinds.count(kind) for kind in kinds}
    parts = [f"{count} {_kind(kind, count)}" for kind, count in counts.items()]
    if not parts:
        return "" if critical.doubts else _("no critical points")
    return _("at least %s") % listed(parts) if critical.doubts else listed(parts)


# ---- the description


def description(plot: Plot, found: Found) -> tuple[str, ...]:
    """A heading, then sentences on each function that is shown; nothing if nothing is known."""
    told: list[str] = []
    functions, slices = {}, {}
    for panel in plot.panels:
        if panel.view == "slices":
            first = panel.series[0].landscape
            slices[first.name, first.functions[0].name] = _of_slices(panel, plot)
        for series in panel.series:
            its = series.landscape.functions if panel.view == "curve" else series.landscape.functions[:1]
            functions.update({(series.landscape.name, function.name): (series.landscape, function) for function in its})
    for key, (landscape, function) in functions.items():
        critical = found.get(key)
        if critical is None:
            continue
        sentences = [*filter(None, [slices.get(key)]), *_of_function(critical, grid_of(landscape, plot.spec))]
        if len(functions) > 1:
            sentences = [f"{function.label or landscape.title}:", *sentences]
        told.append(" ".join(sentences))
    return (_("Description of the figure"), *told) if any(told) else ()


def _of_function(critical: CriticalPoints, axes: Sequence[Axis]) -> list[str]:
    scale = _Scale.of(critical, axes)
    sentences = _breaks(critical, scale)
    walk = _walk(critical, scale) if critical.knows_extremes and len(axes) == 1 else []
    if critical.knows_extremes:
        sentences = walk or _extremes(critical, scale)
    points = spots(critical, "critical point")
    kinks = [spot for kind in ("minimum", "maximum") for spot in spots(critical, kind) if spot.point is None]
    for spot in points if len(points) <= _MOST else _best_of(critical):
        sentences.append(_of_point(spot, critical, scale))
    if len(points) > _MOST:
        more = _("There are at least %s critical points in all.")
        sentences.append((more if critical.doubts else _("There are %s critical points in all.")) % len(points))
    for line in critical.lines:
        words = {"kind": _sentence(_kind(line.kind, 1)), "start": scale.place(line.at[0])}
        words["end"] = scale.place(line.at[-1])
        way = _("%(kind)s, closed, through %(start)s") if line.is_closed else _("%(kind)s from %(start)s to %(end)s")
        sentences.append(way % words + _value(scale.value(line.value)))
    if not walk:
        sentences += [_of_plateau(plateau, scale) for plateau in critical.plateaus]
    for spot in kinks:
        words = {"kind": _sentence(_named(spot, critical)), "place": scale.place(spot.at)}
        sentences.append(
            _("%(kind)s at %(place)s, where there is no derivative") % words + _value(scale.value(spot.value))
        )
    sentences += _other_kinks(critical, scale)
    if not (points or critical.lines or critical.plateaus or kinks or critical.doubts):
        sentences.append(_("The gradient vanishes nowhere."))
    return sentences


def _of_plateau(plateau: Plateau, scale: _Scale) -> str:
    words = {"start": scale.place(plateau.low), "end": scale.place(plateau.high)}
    box = math.prod(
        (high - low) / (axis.high - axis.low)
        for low, high, axis in zip(plateau.low, plateau.high, scale.axes, strict=True)
    )
    flat = (
        _("Flat from %(start)s to %(end)s")
        if plateau.part > 0.98 * box
        else _("Flat in a region between %(start)s and %(end)s")
    )
    return flat % words + _value(scale.value(plateau.value))


def _other_kinks(critical: CriticalPoints, scale: _Scale) -> list[str]:
    """Those that are no extrema: on a curve where they are, elsewhere only that there are some."""
    others = [kink for kink in critical.kinks if kink.kind == ""]
    if len(scale.axes) == 1 and 0 < len(others) <= _MOST:
        places = listed([scale.place(kink.at) for kink in others])
        return [(_("It has a kink at %s.") if len(others) == 1 else _("It has kinks at %s.")) % places]
    if others or critical.creases or any(not line.smooth for line in critical.lines):
        return [_("It is not differentiable everywhere.")]
    return []


def _value(value: str) -> str:
    return _(", value %s.") % value


def _best_of(critical: CriticalPoints) -> list[Spot]:
    """Of many points those that stand out."""
    best = [spot for kind in ("global minimum", "global maximum") for spot in spots(critical, kind)[:3]]
    return [spot for spot in best if spot.point is not None]


def _walk(critical: CriticalPoints, scale: _Scale) -> list[str]:
    """How a function of one variable rises and falls between its plateaus, from left to right; [] if that is long."""
    extrema = [spot for kind in ("minimum", "maximum") for spot in spots(critical, kind)]
    ends = [Spot(edge.kind, edge.at, edge.value) for edge in critical.edges]
    # From where to where, the value, and what is told of it.
    way = [(spot.at, spot.at, spot.value, "") for spot in [*extrema, *ends]]
    way += [(flat.low, flat.high, flat.value, _of_plateau(flat, scale)) for flat in critical.plateaus]
    way.sort(key=lambda part: part[:2])
    if not 2 <= len(way) <= _MOST:
        return []
    sentences = [way[0][3]]
    for (_low, start, value, _flat), (end, _high, next_value, flat) in itertools.pairwise(way):
        if value == next_value:
            return []  # something between them was not found
        words = {
            "variable": scale.axes[0].name,
            "start": scale.place(start),
            "end": scale.place(end),
            "low": scale.value(value),
            "high": scale.value(next_value),
        }
        rises = _("From %(variable)s = %(start)s to %(end)s it rises, from %(low)s to %(high)s.")
        falls = _("From %(variable)s = %(start)s to %(end)s it falls, from %(low)s to %(high)s.")
        sentences += [(rises if next_value > value else falls) % words, flat]
    return list(filter(None, sentences))


def _breaks(critical: CriticalPoints, scale: _Scale) -> list[str]:
    """Where the function jumps, or is not defined: then it cannot be told how it rises and falls."""
    sentences = []
    if critical.jumps:
        places = listed([scale.place(at) for at in critical.jumps[:3]])
        more = len(critical.jumps) > 3
        sentences.append(
            (_("It jumps, or has a pole, at %s and elsewhere.") if more else _("It jumps, or has a pole, at %s."))
            % places
        )
    if not critical.defined:
        sentences.append(_("It is not defined everywhere in the domain."))
    return sentences


def _extremes(critical: CriticalPoints, scale: _Scale) -> list[str]:
    """Where a function is highest and where lowest in its domain."""
    high, low = lowest(critical, "maximum"), lowest(critical, "minimum")
    if high is None or low is None or high.value == low.value:
        return []
    words = {
        "high": scale.value(high.value),
        "high_place": scale.place(high.at),
        "low": scale.value(low.value),
        "low_place": scale.place(low.at),
    }
    return [
        _("It falls from its highest value, %(high)s, at %(high_place)s to its lowest, %(low)s, at %(low_place)s.")
        % words
    ]


def _of_point(spot: Spot, critical: CriticalPoints, scale: _Scale) -> str:
    """One critical point with its value, its eigenvalues and, for a saddle, where it leads."""
    assert spot.point is not None
    words = {"kind": _sentence(_named(spot, critical)), "place": scale.place(spot.at)}
    words["value"] = scale.value(spot.value)
    text = _("%(kind)s at %(place)s, value %(value)s") % words
    if spot.point.degenerate:
        return text + _(", where the Hessian is singular.")
    if len(spot.at) == 1:
        return text + _(", second derivative %s.") % _number(spot.eigenvalues[0])
    text += _(", eigenvalues %s") % listed(
        [_number(value, max(map(abs, spot.eigenvalues))) for value in spot.eigenvalues]
    )
    if spot.kind == "saddle":
        directions = zip(("down", "up"), spot.point.eigenvectors, strict=True)
        words = {name: _direction(way) for name, way in directions}
        text += _("; it falls along %(down)s and rises along %(up)s") % words
    return _full_stop(text)


def _named(spot: Spot, critical: CriticalPoints) -> str:
    """What it is, a global extremum by that name."""
    if spot.point is not None and spot.point.valleys == 3:
        return _("monkey saddle")
    if spot in spots(critical, "global minimum"):
        return _("global minimum")
    return _("global maximum") if spot in spots(critical, "global maximum") else _kind(spot.kind, 1)


def _full_stop(text: str) -> str:
    return _("%s.") % text


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
