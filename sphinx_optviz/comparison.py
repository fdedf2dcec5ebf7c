"""Compare what two frameworks computed at the same points. Plain numbers: nothing here knows a plot, or runs code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from sphinx_optviz.critical_comparison import difference_of_points
from sphinx_optviz.frameworks import framework
from sphinx_optviz.model import TOLERANCES
from sphinx_optviz.points import cell_count, cells_of, points_of, with_neighbours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy

    from sphinx_optviz.runs import Operation, Result, Run

    Numbers = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

_OPERATIONS: tuple[Operation, ...] = ("values", "gradients", "hessians")


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """How a function of one framework differs from the reference, in the first quantity that does."""

    function: str
    kind: Literal["numbers", "not_finite", "precision", "critical_points"]
    operation: Operation
    points: int  # how many of them differ
    total: int
    where: tuple[float, ...] = ()  # the coordinates at which they differ most
    numbers: tuple[float, float] = (0.0, 0.0)  # there: of this framework, of the reference
    also: tuple[Operation, ...] = ()  # other quantities that differ
    hint: str = ""
    dtype: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What comparing one framework with the reference gave."""

    largest: Mapping[Operation, float]  # the largest difference of finite numbers, by what was compared
    disagreements: tuple[Disagreement, ...]
    uncompared: tuple[Operation, ...] = ()  # of which differences told too little

    @property
    def is_clean(self) -> bool:
        """Whether there are no other numbers; there may be fewer digits."""
        return all(item.kind == "precision" for item in self.disagreements)


@dataclass(frozen=True, slots=True)
class Pair:
    """One run's results in both frameworks; the two runs differ in the framework and its code alone."""

    run: Run
    result: Result
    reference: Result
    reference_framework: str = ""


def compare(pairs: Sequence[Pair], tolerances: Mapping[str, float]) -> Comparison:
    """Compare all that *pairs*, runs of one landscape, have in common; the last one knows its noise, if any does."""
    import numpy

    largest: dict[Operation, float] = {}
    uncompared: set[Operation] = set()
    disagreements = []
    context = pairs[-1]
    tasks = [(operation, pair) for operation in _OPERATIONS for pair in pairs if operation in pair.run.operations]
    for function in pairs[0].run.functions:
        found: list[Disagreement] = []
        for operation, pair in tasks:
            with numpy.errstate(all="ignore"):  # any numbers are compared: infinities, and what overflows to them
                difference, is_compared, disagreement = _compare(function, operation, pair, context, tolerances)
            largest[operation] = max(largest.get(operation, 0.0), difference)
            uncompared |= set() if is_compared else {operation}
            found += [disagreement] if disagreement else []
        if found:
            others = dict.fromkeys(item.operation for item in found if item.operation != found[0].operation)
            disagreements.append(replace(found[0], also=tuple(others)))
        elif other := next(filter(None, (_points(function, pair) for pair in pairs if pair.run.searches)), None):
            disagreements.append(other)
        elif lowered := _lowered(function, pairs[0], tolerances):
            disagreements.append(lowered)
    return Comparison(largest=largest, uncompared=tuple(sorted(uncompared)), disagreements=tuple(disagreements))


def _points(function: str, pair: Pair) -> Disagreement | None:
    """How the critical points differ."""
    hint = difference_of_points(function, pair)
    counts = [len(result.critical[function].points) for result in (pair.result, pair.reference)]
    if not hint:
        return None
    return Disagreement(
        function=function,
        kind="critical_points",
        operation="critical_points",
        points=counts[0],
        total=counts[1],
        hint=hint,
    )


def lowered_precision(run: Run, result: Result, tolerances: Mapping[str, float]) -> tuple[Disagreement, ...]:
    """Functions that were computed in fewer digits than their framework was asked for."""
    pair = Pair(run, result, result)
    found = (_lowered(function, pair, tolerances) for function in run.functions)
    return tuple(item for item in found if item is not None)


def _lowered(function: str, pair: Pair, tolerances: Mapping[str, float]) -> Disagreement | None:
    """A tolerance that the author gives for the lower dtype says that it is meant."""
    dtype = pair.result.dtypes[function]
    precision = framework(pair.run.framework).precision
    if not dtype.startswith(("float", "bfloat")) or dtype == precision or dtype in tolerances:
        return None
    return Disagreement(function=function, kind="precision", operation="values", points=0, total=0, dtype=dtype)


def _numbers(result: Result, operation: Operation, function: str, run: Run) -> Numbers:
    """One row a point: 1, d or d² numbers for d variables."""
    import numpy

    variables = len(run.axes)
    width = {"values": 1, "gradients": variables, "hessians": variables**2}[operation]
    return numpy.frombuffer(result.arrays[operation, function].data, dtype="<f8").reshape(-1, width)


# By so many times the noise of rounding may libraries differ: their functions are right to a few units in the last
# place. By so many times that of the rougher one, as far as that is less than a cast to float32 would leave. By so many
# units in the last place in any case. And the cubes of smaller numbers, of which second derivatives are made, are zero.
_NOISES = 1024
_GRANTED = 2.0**-40
_UNITS = 16 * 2.0**-52
_SMALLEST = 1e-100

# Where nothing is known of rounding: relative to the largest number.
_UNKNOWN = 1e-13

# Derivatives that differ at so few points of the grid, and at none of the random ones, are taken where there is none.
_FEW = 0.02

# Differences that may be off by so much of the largest number say nothing.
_USELESS = 1e-3


def _compare(
    function: str, operation: Operation, pair: Pair, context: Pair, tolerances: Mapping[str, float]
) -> tuple[float, bool, Disagreement | None]:
    """The largest difference of finite numbers, whether the comparison means anything, and the disagreement if any.

    *context* is the pair that knows how rough the function is.
    """
    import numpy

    mine = _numbers(pair.result, operation, function, pair.run)
    reference = _numbers(pair.reference, operation, function, pair.run)
    columns = points_of(pair.run)
    errors = _errors(pair.result, operation, function) + _errors(pair.reference, operation, function)
    finite = numpy.isfinite(mine) & numpy.isfinite(reference)
    difference = numpy.abs(mine - reference)
    allowed = _tolerance(function, pair, tolerances) * numpy.abs(reference) + errors
    allowed += _slack(function, operation, pair, context)
    one_sided = infinitely_apart(mine, reference)
    if operation != "values":
        values = [_numbers(result, "values", function, pair.run) for result in (pair.result, pair.reference)]
        finite &= ~_kinks(function, operation, pair)[:, None] & numpy.isfinite(values).all(axis=0)
        one_sided &= numpy.isfinite(values).all(axis=0)
        # Differences step over a point without a derivative; and the chain rule may multiply 0 by infinity at a point.
        if (operation, function) in {**pair.result.errors, **pair.reference.errors}:
            one_sided[:] = False
        one_sided[: len(one_sided) - pair.run.samples] = False
    wrong = finite & (difference > allowed)
    if operation != "values":
        bad = (wrong | one_sided).any(axis=1)
        on_grid = len(bad) - pair.run.samples
        if not bad[on_grid:].any() and bad.sum() <= max(1, _FEW * on_grid):
            wrong[:] = False
    useful = errors <= _USELESS * _scale(function, operation, context)
    telling = finite & useful
    largest = float(difference[telling].max()) if telling.any() else 0.0
    is_compared = bool(useful.mean() > 0.5)
    if not wrong.any() and not one_sided.any():
        return largest, is_compared, None
    at = int(numpy.argmax(one_sided if one_sided.any() else numpy.where(wrong, difference, -1.0)))
    row = at // mine.shape[1]
    disagreement = Disagreement(
        function=function,
        kind="not_finite" if one_sided.any() else "numbers",
        operation=operation,
        points=int((wrong | one_sided).any(axis=1).sum()),
        total=len(mine),
        where=tuple(float(column[row]) for column in columns),
        numbers=(float(mine.ravel()[at]), float(reference.ravel()[at])),
        hint=_hint(function, pair, context, wrong[:, 0], allowed[:, 0]) if operation == "values" else "",
        dtype=pair.result.dtypes[function],
    )
    return largest, is_compared, disagreement


def infinitely_apart(mine: Numbers, reference: Numbers) -> Any:
    """Where one number is finite and the other is not, or both are infinities of opposite sign."""
    import numpy

    apart = numpy.isfinite(mine) != numpy.isfinite(reference)
    return apart | (numpy.isinf(mine) & numpy.isinf(reference) & (mine != reference))


def _slack(function: str, operation: Operation, pair: Pair, context: Pair) -> Any:
    """How far two frameworks may be apart at each point, as a column, because numbers are rounded on the way.

    Where large terms cancel, that is more than the result shows: the noise that was measured counts. Of two frameworks
    the one with less of it, so that nobody is excused by a cast in the middle; unless one is known to compute in fewer
    digits. And an argument may be off by a unit in the last place, which changes f by |x f'(x)| units: Higham,
    "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002), section 1.6.
    """
    import numpy

    own = _sizes(function, operation, pair)
    if len(context.run.operations) < len(_OPERATIONS):
        return (_UNKNOWN * own.max() + _SMALLEST) * numpy.ones((len(own), 1))
    columns = points_of(pair.run)
    nearest = slice(None) if pair is context else _nearest(context.run, columns)
    values, gradients, hessians = (_sizes(function, name, context)[nearest] for name in _OPERATIONS)
    # A third derivative in the manner of a wave, of which every derivative is as much larger as the one before.
    waves = numpy.fmin(hessians / gradients, numpy.sqrt(hessians / values)) * hessians
    third = numpy.fmax(waves, hessians / values * gradients)
    change = {"values": gradients, "gradients": hessians, "hessians": numpy.where(numpy.isfinite(third), third, 0.0)}
    others = {"values": (gradients, hessians), "gradients": (values, hessians), "hessians": (values, gradients)}
    size = own + numpy.minimum(1.0, numpy.max(others[operation], axis=0))
    # Near 0 a coordinate is exact, but not what is added to it: a phase, say.
    tenths = numpy.array([[(axis.high - axis.low) / 10] for axis in context.run.axes])
    coordinates = numpy.maximum(numpy.abs(columns), tenths).max(axis=0)
    slack = _UNITS * size + _UNITS * coordinates * change[operation]
    cells = cells_of(context.run.axes, columns)
    noises = [result.noise.get((operation, function)) for result in (context.result, context.reference)]
    if measured := [with_neighbours(context.run.axes, numpy.array(noise))[cells] for noise in noises if noise]:
        most = _NOISES * numpy.max(measured, axis=0)
        if {context.result.dtypes[function], context.reference.dtypes[function]} == {"float64"}:
            most = numpy.maximum(_NOISES * numpy.min(measured, axis=0), numpy.minimum(most, _GRANTED))
        # Where the function passes through zero, what it is made of does not.
        slack = slack + most * numpy.maximum(size, _typical(function, operation, context)[cells])
    return slack[:, None] + _SMALLEST


def _sizes(function: str, operation: Operation, pair: Pair) -> Any:
    """By point, the largest of the reference's numbers; 0 where there is none."""
    import numpy

    rows = numpy.abs(_numbers(pair.reference, operation, function, pair.run))
    return numpy.where(numpy.isfinite(rows), rows, 0.0).max(axis=1)


def _typical(function: str, operation: Operation, context: Pair) -> Any:
    """The median of the sizes of *operation* in each cell."""
    import numpy

    sizes = _sizes(function, operation, context)
    cells = cells_of(context.run.axes, points_of(context.run))
    found = numpy.zeros(cell_count(context.run.axes))
    for cell in numpy.unique(cells):
        found[cell] = numpy.median(sizes[cells == cell])
    return found


def _nearest(run: Run, columns: Sequence[Any]) -> Any:
    """For each point of *columns* the number of the nearest one of *run*, with the domain as a unit cube."""
    import numpy
    from scipy.spatial import cKDTree

    widths = [(axis.high - axis.low) or 1.0 for axis in run.axes]

    def scaled(points: Sequence[Any]) -> Any:
        return numpy.stack(
            [(column - axis.low) / width for column, axis, width in zip(points, run.axes, widths, strict=True)], axis=-1
        )

    return cKDTree(scaled(points_of(run))).query(scaled(columns))[1]


def _scale(function: str, operation: Operation, context: Pair) -> float:
    """What is large for *operation*: its own numbers, or those of a lower order by the width of the domain."""
    import numpy

    width = numpy.float64(min(axis.high - axis.low for axis in context.run.axes) or 1.0)
    lower = _OPERATIONS[: _OPERATIONS.index(operation) + 1]
    sizes = [
        _sizes(function, name, context).max(initial=0.0) / width ** (len(lower) - 1 - order)
        for order, name in enumerate(lower)
        if name in context.run.operations
    ]
    return float(max(sizes, default=0.0))


def _errors(result: Result, operation: Operation, function: str) -> Any:
    """By point, as a column; 0 where numbers are exact."""
    import numpy

    errors = result.errors.get((operation, function))
    return numpy.zeros((1, 1)) if errors is None else numpy.frombuffer(errors.data, dtype="<f8")[:, None]


def _tolerance(function: str, pair: Pair, tolerances: Mapping[str, float]) -> float:
    """That of the less precise of both."""
    known = {**TOLERANCES, **tolerances}
    dtypes = {pair.result.dtypes[function], pair.reference.dtypes[function]}
    # Whole numbers are exact.
    return max(known.get(dtype, known["float64"]) for dtype in dtypes)


# A jump of the gradient of which the Hessians leave so much unexplained is a kink, or a grid too coarse to tell.
_KINK = 0.04


def _kinks(function: str, operation: Operation, pair: Pair) -> Any:
    """For each point whether the derivative jumps there: frameworks choose any of its one-sided limits, or NaN.

    Judged on the grid, by the reference: across a point of the grid the gradient changes by more than the Hessians on
    both sides account for. The random points are compared in any case; on a kink they lie with probability zero.
    """
    import numpy

    grid = tuple(axis.count for axis in pair.run.axes)
    total = int(numpy.prod(grid))
    mask = numpy.zeros(total + pair.run.samples, dtype=bool)
    if "hessians" not in pair.run.operations or "gradients" not in pair.run.operations:
        return mask
    gradients = _numbers(pair.reference, "gradients", function, pair.run)[:total]
    hessians = _numbers(pair.reference, "hessians", function, pair.run)[:total].reshape(total, len(grid), len(grid))
    on_grid = numpy.zeros(grid, dtype=bool)
    for index, axis in enumerate(pair.run.axes):
        jumps = numpy.moveaxis(on_grid, index, 0)
        # Beyond an end nothing is known; two points are nothing but ends.
        jumps[[0, -1]] = True
        step = (axis.high - axis.low) / (axis.count - 1)
        first = numpy.moveaxis(gradients.reshape(*grid, -1), index, 0)
        second = numpy.moveaxis(hessians[:, :, index].reshape(*grid, -1), index, 0)
        jump = first[2:] - first[:-2]
        unexplained = numpy.abs(jump - step * (second[2:] + second[:-2])) > _KINK * numpy.abs(jump)
        found = unexplained & (numpy.abs(jump) > 0)
        if operation == "hessians":
            turn = numpy.abs(second[2:] - second[:-2])
            found |= turn > 0.5 * numpy.maximum(numpy.abs(second[2:]), numpy.abs(second[:-2]))
        jumps[1:-1] |= found.any(axis=-1)
    mask[:total] = on_grid.ravel()
    return mask


# A cast to float32 makes numbers rougher by 2**29.
_ROUGHER = 1e6


def _hint(function: str, pair: Pair, context: Pair, wrong: Any, allowed: Any) -> str:
    """What kind of mistake makes the values what they are; "" if it is none of the usual ones."""
    import numpy

    label = framework(pair.run.framework).label
    mine = _numbers(pair.result, "values", function, pair.run)[:, 0]
    reference = _numbers(pair.reference, "values", function, pair.run)[:, 0]
    finite = numpy.isfinite(mine) & numpy.isfinite(reference)

    def same(other: Any, where: Any) -> bool:
        return bool((numpy.abs(mine - other) <= allowed)[finite & where].all())

    noises = [result.noise.get(("values", function), ()) for result in (context.result, context.reference)]
    if all(noises) and numpy.median(noises[0]) > _ROUGHER * numpy.median(noises[1]) > 0:
        return f"{label}'s values are as rough as those of fewer digits: look for a cast, or for a constant in float32"
    grid = tuple(axis.count for axis in pair.run.axes)
    square = len({(axis.low, axis.high, axis.count) for axis in pair.run.axes}) == 1
    turned = reference.copy()
    turned[: prod(grid)] = reference[: prod(grid)].reshape(grid).T.ravel()
    on_grid = numpy.arange(len(mine)) < prod(grid)
    if len(grid) == 2 and square and wrong[on_grid].any() and same(turned, on_grid):
        variables = " and ".join(axis.name for axis in pair.run.axes)
        return f"{label}'s grid is the transpose: {variables} are exchanged"
    if not finite.any() or wrong[finite].mean() < 0.5:
        return ""
    nonzero = finite & (reference != 0)
    if nonzero.any():
        factor = float(numpy.median(mine[nonzero] / reference[nonzero]))
        if same(factor * reference, finite):
            return f"{label}'s values are {factor:.10g} times the others everywhere"
    shift = float(numpy.median(mine[finite] - reference[finite]))
    if same(reference + shift, finite):
        return f"{label}'s values are {'larger' if shift > 0 else 'smaller'} by {abs(shift):.10g} everywhere"
    return ""
