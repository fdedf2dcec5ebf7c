"""What a figure hides: extrema between its points, structure that its scale flattens, a search that is not sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx_optviz.model import DEFAULT_COUNTS, Where
from sphinx_optviz.runs import Failure
from sphinx_optviz.spots import coordinates, spots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sphinx_optviz.critical import CriticalPoints
    from sphinx_optviz.landscapes import Function
    from sphinx_optviz.plan import Panel, Plot, Series
    from sphinx_optviz.runs import Outcome, Result

# A curve that misses a minimum or maximum by more than this part of its height does not show it.
_MISSED = 0.02

# If nine tenths of the points lie within this part of the height, nothing of them is seen.
_FLAT = 0.01


def hidden(
    plot: Plot,
    framework: str,
    found: Mapping[tuple[str, str], CriticalPoints],
    outcomes: Mapping[str, Outcome],
) -> Iterator[str]:
    """A message for the author for each thing that *plot*, drawn from *framework*, does not show."""
    told = set()
    for panel in plot.panels if framework and plot.spec.figure != "none" else ():
        for series in panel.series:
            result = outcomes[series.run(framework).key]
            for function in _shown(panel, series):
                critical = found.get((series.landscape.name, function.name))
                if isinstance(result, Failure) or critical is None:
                    continue
                for message in _of_function(panel, series, function.name, critical, result):
                    if message not in told:
                        told.add(message)
                        yield message
    asked = any(isinstance(annotation.at, Where) for annotation in plot.spec.annotations)
    if plot.spec.critical_points or plot.spec.claims or asked:
        for (landscape, name), critical in found.items():
            for doubt in critical.doubts:
                yield f"{landscape}: not all critical points of {name} may have been found: {doubt}"


def _shown(panel: Panel, series: Series) -> tuple[Function, ...]:
    """A plane shows the first function alone."""
    functions = series.landscape.functions
    return functions if panel.view == "curve" else functions[:1]


def _of_function(
    panel: Panel, series: Series, function: str, critical: CriticalPoints, result: Result
) -> Iterator[str]:
    import numpy

    shape = tuple(axis.count for axis in series.axes)
    values = numpy.frombuffer(result.arrays["values", function].data, dtype="<f8").reshape(shape)
    finite = values[numpy.isfinite(values)]
    if not finite.size or finite.min() == finite.max():
        return
    height = float(finite.max() - finite.min())
    if panel.view == "curve":
        missed = _missed(series, values, critical, height)
        if missed:
            yield f"{series.landscape.name}: {missed}"
    if panel.view in ("curve", "surface", "wireframe", "heatmap"):
        low, high = numpy.percentile(finite, [5, 95])
        if high - low < _FLAT * height and (panel.view == "curve" or len(spots(critical, "critical point")) > 1):
            part = f"{100 * (high - low) / height:.2g} % of its height, from {finite.min():.4g} to {finite.max():.4g}"
            advice = "" if panel.view == "curve" else ", or take the view contour"
            yield (
                f"{series.landscape.name}: nine tenths of the {panel.view} lie within {part}, and look flat; "
                f"narrow the domain{advice}"
            )


def _missed(series: Series, values: Any, critical: CriticalPoints, height: float) -> str:
    """Which minima and maxima lie between two points of a curve, out of sight; "" if none."""
    import numpy

    axis = series.axes[0]
    x = numpy.linspace(axis.low, axis.high, axis.count)
    extrema = [spot for kind in ("minimum", "maximum") for spot in spots(critical, kind)]
    if not extrema:
        return ""
    off = numpy.array([abs(float(numpy.interp(spot.at[0], x, values)) - spot.value) for spot in extrema])
    off = numpy.where(numpy.isfinite(off), off, 0.0)
    bad = int((off > _MISSED * height).sum())
    if not bad:
        return ""
    worst = extrema[int(off.argmax())]
    width = axis.high - axis.low
    gap = min(numpy.diff(sorted(spot.at[0] for spot in extrema)), default=width)
    advice = min(max(int(16 * width / gap), 4 * axis.count, DEFAULT_COUNTS[1]), 100_000)
    return (
        f"{axis.count} points are too few: the curve misses {bad} of {len(extrema)} minima and maxima, "
        f"the {worst.kind} at {coordinates(worst.at)} by {100 * float(off.max()) / height:.2g} % of its height; "
        f"write :x: {axis.low:g} : {axis.high:g} : {advice}, or narrow the domain"
    )
