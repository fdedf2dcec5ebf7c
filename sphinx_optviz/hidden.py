"""What a figure hides: extrema between its points, structure that its scale flattens, a search that is not sure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sphinx_optviz.model import DEFAULT_COUNTS, Where
from sphinx_optviz.runs import Failure
from sphinx_optviz.spots import coordinates, spots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sphinx_optviz.critical import CriticalPoints
    from sphinx_optviz.landscapes import Function
    from sphinx_optviz.plan import Panel, Plot, Series
    from sphinx_optviz.runs import Axis, Outcome, Result
    from sphinx_optviz.spots import Spot

# A plot that misses a minimum or maximum by more than this part of its height does not show it, by the number of
# variables: colours tell heights less well than a curve does.
_MISSED = {1: 0.02, 2: 0.08}

# More points along an axis are not advised, by the number of variables.
_MOST = {1: 100_000, 2: 1000}

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

    if panel.view == "slices":
        return
    shape = tuple(axis.count for axis in series.axes)
    values = numpy.frombuffer(result.arrays["values", function].data, dtype="<f8").reshape(shape)
    finite = values[numpy.isfinite(values)]
    if not finite.size:
        return
    if missed := _missed(series, values, critical):
        yield f"{series.landscape.name}: {missed}"
    elif flat := _flat(panel, finite, critical):
        yield f"{series.landscape.name}: {flat}"


def _flat(panel: Panel, finite: Any, critical: CriticalPoints) -> str:
    """Which small part of the height most of the function lies in; "" if it is no small one, or nobody minds."""
    import numpy

    height = float(finite.max() - finite.min())
    low, high = numpy.percentile(finite, [5, 95])
    minded = panel.view == "curve" or (panel.view != "contour" and len(spots(critical, "critical point")) > 1)
    if not height or high - low >= _FLAT * height or not minded:
        return ""
    part = f"{100 * (high - low) / height:.2g} % of its height, from {finite.min():.4g} to {finite.max():.4g}"
    advice = "" if panel.view == "curve" else ", or take the view contour"
    return f"nine tenths of the {panel.view} lie within {part}, and look flat; narrow the domain{advice}"


def _missed(series: Series, values: Any, critical: CriticalPoints) -> str:
    """Which minima and maxima lie between the points of a plot, out of sight; "" if none."""
    import numpy

    extrema = [spot for kind in ("minimum", "maximum") for spot in spots(critical, kind)]
    finite = values[numpy.isfinite(values)].tolist() + [spot.value for spot in extrema]
    height = max(finite) - min(finite)
    off = [abs(_between(series.axes, values, spot.at) - spot.value) for spot in extrema]
    off = [distance if math.isfinite(distance) else 0.0 for distance in off]
    bad = [distance for distance in off if distance > _MISSED[len(series.axes)] * height]
    if not bad:
        return ""
    worst = extrema[off.index(max(off))]
    counts = " × ".join(str(axis.count) for axis in series.axes)
    return (
        f"{counts} points are too few: the {'curve' if len(series.axes) == 1 else 'figure'} misses {len(bad)} of "
        f"{len(extrema)} minima and maxima, the {worst.kind} at {coordinates(worst.at)} by "
        f"{100 * max(off) / height:.2g} % of its height; {_advice(series.axes, extrema, max(off) / height, height)}"
    )


def _between(axes: Sequence[Axis], values: Any, at: Sequence[float]) -> float:
    """What the plot shows at *at*: linear along each axis between the points of its grid."""
    import numpy

    for axis, x in zip(axes, at, strict=True):
        place = (x - axis.low) / (axis.high - axis.low) * (axis.count - 1)
        first = min(max(int(place), 0), axis.count - 2)
        with numpy.errstate(invalid="ignore"):
            values = values[first] * (first + 1 - place) + values[first + 1] * (place - first)
    return float(values)


def _advice(axes: Sequence[Axis], extrema: Sequence[Spot], off: float, height: float) -> str:
    """How many points are enough, by how sharp the minima and maxima are; *off* is what is missed now, of *height*."""
    wanted = []
    missed = _MISSED[len(axes)] / 2
    for number, (axis, name) in enumerate(zip(axes, "xy", strict=False)):
        # A parabola is missed by an eighth of its second derivative, times the square of the distance of two points.
        bends = [_bend(spot, number) for spot in extrema]
        enough = (axis.high - axis.low) * math.sqrt(max(bends) * len(axes) / (8 * missed * height))
        if any(spot.point is None for spot in extrema):  # with a kink it is in proportion to the distance
            enough = max(enough, axis.count * off / missed)
        count = max(int(enough) + 2, axis.count + axis.count // 2, DEFAULT_COUNTS[len(axes)])
        if count > _MOST[len(axes)]:
            return "narrow the domain"
        wanted.append(f":{name}: {axis.low:g} : {axis.high:g} : {count}")
    return f"write {' and '.join(wanted)}, or narrow the domain"


def _bend(spot: Spot, number: int) -> float:
    """The size of the second derivative along one axis, at most."""
    vectors = spot.point.eigenvectors if spot.point else ()
    return sum(abs(value) * vector[number] ** 2 for value, vector in zip(spot.eigenvalues, vectors, strict=False))
