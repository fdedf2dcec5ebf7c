"""Whether frameworks agree: rounding is no disagreement, mistakes are, and the author is told which number is whose."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import settings_with
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sphinx_optviz import agreement
from sphinx_optviz.agreement import Judge, Verdict
from sphinx_optviz.comparison import Comparison, Disagreement, Pair, compare, lowered_precision
from sphinx_optviz.frameworks import BUILT_IN
from sphinx_optviz.landscapes import Catalogue
from sphinx_optviz.model import PlotSpec
from sphinx_optviz.plan import plan
from sphinx_optviz.points import cell_count, cells_of, columns_of
from sphinx_optviz.report import describe
from sphinx_optviz.runs import Axis, Failure, Result, Run, Source
from sphinx_optviz.store import pack_result, places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_optviz.plan import Plot
    from sphinx_optviz.runs import Operation, Outcome

Test = Callable[..., None]
Numbers = np.ndarray[Any, np.dtype[np.float64]]
Quantities = dict["Operation", Numbers]  # one row a point

OPERATIONS: tuple[Operation, ...] = ("values", "gradients", "hessians")
LINE = (Axis("x", -1.0, 1.0, 201),)
PLANE = (Axis("x", -1.0, 1.0, 21), Axis("y", -0.5, 2.0, 21))
SQUARE = (Axis("x", -1.0, 1.0, 21), Axis("y", -1.0, 1.0, 21))
SAMPLES = 1000
NOTHING: dict[str, Any] = {
    **{name: [] for name in ("points", "lines", "plateaus", "kinks", "edges", "creases", "doubts", "jumps", "beyond")},
    "defined": True,
    "exact": True,
}
ULP = 2.0**-52


# ---- made-up results


def run_on(axes: Sequence[Axis], *, framework: str = "jax", drawn: bool = False, samples: int = SAMPLES) -> Run:
    """A run to compare by or, if *drawn*, one of values alone."""
    return Run(
        framework=framework,
        source=Source(Path(f"made_up/{framework}.py"), "def f(x): ...\n"),
        functions=("f",),
        operations=("values",) if drawn else OPERATIONS,
        axes=tuple(axes),
        samples=0 if drawn else samples,
        label="made_up",
    )


def result_of(
    run: Run,
    numbers: Mapping[Operation, Numbers],
    *,
    dtype: str = "float64",
    errors: Mapping[Operation, float | Numbers] | None = None,
    noise: Mapping[Operation, Numbers] | None = None,
    critical: Mapping[str, Any] | None = None,
    version: str = "1.2.3",
) -> Result:
    """A result with these numbers, as if a child had given them; *errors* are those of differences."""
    points = math.prod(run.shape("values"))
    off = {operation: np.broadcast_to(error, (points,)) for operation, error in (errors or {}).items()}
    message = {
        "arrays": [[operation, name, numbers[operation].astype("<f8").tobytes()] for operation, name in places(run)],
        "dtypes": [["f", dtype]],
        "methods": [[operation, "made up"] for operation in run.operations if operation in ("gradients", "hessians")],
        "errors": [[operation, "f", error.astype("<f8").tobytes()] for operation, error in off.items()],
        "noise": [[operation, "f", cells.astype("<f8").tobytes()] for operation, cells in (noise or {}).items()],
        "critical": [["f", {**NOTHING, **(critical or {})}]] if run.searches else [],
        "non_finite": [],
    }
    return pack_result(run, version=version, message=message).result


def pair_of(
    mine: Quantities, reference: Quantities, axes: Sequence[Axis] = LINE, noise: Quantities | None = None, **more: Any
) -> Pair:
    """Both results of one run to compare by, with the same *noise*; *more* is of the first one."""
    run = run_on(axes)
    other = result_of(replace(run, framework="pytorch"), reference, noise=noise)
    return Pair(run, result_of(run, mine, noise=noise, **more), other, "pytorch")


def judged(mine: Quantities, reference: Quantities, axes: Sequence[Axis] = LINE, **more: Any) -> Comparison:
    return compare([pair_of(mine, reference, axes, **more)], {})


def only(comparison: Comparison) -> Disagreement:
    (found,) = comparison.disagreements
    return found


@dataclass(frozen=True)
class Formula:
    """A function with its derivatives: a value, d and d times d numbers at each point."""

    value: Callable[..., Any]
    gradient: Callable[..., list[Any]]
    hessian: Callable[..., list[list[Any]]]

    def __call__(self, axes: Sequence[Axis] = LINE, samples: int = SAMPLES) -> Quantities:
        return self.at(columns_of(axes, samples))

    def at(self, columns: Sequence[Numbers]) -> Quantities:
        with np.errstate(all="ignore"):
            return {
                "values": self.value(*columns) + 0 * columns[0],
                "gradients": np.stack([item + 0 * columns[0] for item in self.gradient(*columns)], axis=-1),
                "hessians": np.stack(
                    [np.stack([item + 0 * columns[0] for item in row], axis=-1) for row in self.hessian(*columns)],
                    axis=-2,
                ),
            }

    def noise(self, axes: Sequence[Axis] = LINE) -> Quantities:
        """As the child measures it."""
        return noise_of(self, tuple(axes))


@cache
def noise_of(formula: Formula, axes: tuple[Axis, ...]) -> Quantities:
    columns = columns_of(axes, SAMPLES)
    cells, count = cells_of(axes, columns), cell_count(axes)
    measure, sizes_of = child_code()["noise"], child_code()["sizes_of"]
    exact = formula.at(columns)

    def relative(operation: Operation) -> Numbers:
        sizes = sizes_of(exact[operation], [exact[other] for other in OPERATIONS if other != operation])
        found: Numbers = measure(lambda moved: formula.at(moved)[operation], columns, sizes, cells, count)
        return found

    return {operation: relative(operation) for operation in OPERATIONS}


@cache
def child_code() -> dict[str, Any]:
    """What a child for NumPy knows, here."""
    space: dict[str, Any] = {"__name__": "__optviz__"}
    for _, text in BUILT_IN["numpy"].programs():
        exec(text, space)
    return space


EXP = Formula(np.exp, lambda x: [np.exp(x)], lambda x: [[np.exp(x)]])
EXP_XY = Formula(
    lambda x, y: np.exp(x + 2 * y),
    lambda x, y: [np.exp(x + 2 * y), 2 * np.exp(x + 2 * y)],
    lambda x, y: [[np.exp(x + 2 * y), 2 * np.exp(x + 2 * y)], [2 * np.exp(x + 2 * y), 4 * np.exp(x + 2 * y)]],
)
COSINE = Formula(
    lambda x: np.cos(1000 * x), lambda x: [-1000 * np.sin(1000 * x)], lambda x: [[-1e6 * np.cos(1000 * x)]]
)


def waves(terms: Sequence[tuple[float, float, float, float]], scale: float, width: float) -> Formula:
    """A sum of a sin(u x + v y + p), in units in which an interval of length 2 has the length *width*."""

    def inner(term: tuple[float, ...], columns: tuple[Any, ...]) -> Any:
        return sum(slope * column * 2 / width for slope, column in zip(term[1:3], columns, strict=False)) + term[3]

    def value(*columns: Any) -> Any:
        return sum((scale * term[0] * np.sin(inner(term, columns)) for term in terms), 0 * columns[0])

    def gradient(*columns: Any) -> list[Any]:
        return [
            sum(scale * term[0] * term[1 + i] * 2 / width * np.cos(inner(term, columns)) for term in terms)
            for i in range(len(columns))
        ]

    def hessian(*columns: Any) -> list[list[Any]]:
        return [
            [
                sum(
                    -scale * term[0] * term[1 + i] * term[1 + k] * (2 / width) ** 2 * np.sin(inner(term, columns))
                    for term in terms
                )
                for k in range(len(columns))
            ]
            for i in range(len(columns))
        ]

    return Formula(value, gradient, hessian)


NUMBER = st.integers(-300, 300).map(lambda number: number / 100)
TERMS = st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), min_size=1, max_size=4).filter(
    lambda terms: sum(abs(term[0]) for term in terms) > 0.1
)
POWERS = st.sampled_from([1e-30, 1e-12, 1e-3, 1.0, 1e6, 1e30])
WIDTHS = st.sampled_from([1e-6, 1e-2, 2.0, 1e4])


def box(variables: int, width: float, centre: float = 0.0) -> tuple[Axis, ...]:
    count = 101 if variables == 1 else 11
    return tuple(Axis(name, centre - width / 2, centre + width / 2, count) for name in "xy"[:variables])


def noisy(
    numbers: Quantities, terms: Sequence[tuple[float, ...]], axes: Sequence[Axis], ulps: float, seed: int
) -> Quantities:
    """What another library could compute: each term is off by some units in the last place."""
    generator = np.random.default_rng(seed)
    width = axes[0].high - axes[0].low
    found: Quantities = {}
    for rank, operation in enumerate(OPERATIONS):
        slopes = [max(abs(slope) for slope in term[1:3]) * 2 / width for term in terms]
        unit = ULP * sum(abs(term[0]) * slope**rank for term, slope in zip(terms, slopes, strict=True))
        found[operation] = numbers[operation] + ulps * unit * generator.uniform(-1, 1, numbers[operation].shape)
    return found


def few_and_many(examples: Callable[[Test], Test], check: Test, *, most: int = 100) -> tuple[Test, Test]:
    """Two tests of *check*: one with some of the *examples*, and a slow one with all of them."""
    few, many = (settings(deadline=None, max_examples=count)(examples(check)) for count in (most // 8, most))
    return few, pytest.mark.slow(many)


# ---- rounding is no disagreement


def check_rounding(
    terms: list[tuple[float, float, float, float]], scale: float, width: float, variables: int, seed: int
) -> None:
    axes = box(variables, width)
    reference = waves(terms, scale, width)(axes)
    # The terms do not cancel each other, nor are their derivatives zero.
    assume(
        all(np.abs(reference[name]).max() > 0.1 * scale / (width / 2) ** rank for rank, name in enumerate(OPERATIONS))
    )
    formula = waves(terms, 1.0, width)
    mine = noisy(formula(axes), terms, axes, 2, seed)
    noise = waves(terms, scale, width).noise(axes)
    comparison = judged({operation: scale * mine[operation] for operation in OPERATIONS}, reference, axes, noise=noise)
    assert comparison.disagreements == ()
    assert set(comparison.largest) == set(OPERATIONS)


test_rounding_is_silent_whatever_the_scale, test_rounding_is_silent_in_many_examples = few_and_many(
    given(TERMS, POWERS, WIDTHS, st.sampled_from([1, 2]), st.integers(0, 2**32)), check_rounding
)


def off_by_ulps(formula: Formula, axes: Sequence[Axis]) -> tuple[Quantities, Quantities]:
    """The numbers at points that are one unit in the last place off, as by rounding in the code, and the right ones."""
    moved = [column * (1 + ULP * (-1) ** np.arange(column.size)) for column in columns_of(axes, SAMPLES)]
    return formula.at(moved), formula(axes)


POLE = Formula(lambda x: 1 / x, lambda x: [-1 / x**2], lambda x: [[2 / x**3]])
TANGENT = Formula(np.tan, lambda x: [1 / np.cos(x) ** 2], lambda x: [[2 * np.tan(x) / np.cos(x) ** 2]])
STEEP = Formula(lambda x: np.exp(20 * x), lambda x: [20 * np.exp(20 * x)], lambda x: [[400 * np.exp(20 * x)]])
LOGARITHM = Formula(np.log, lambda x: [1 / x], lambda x: [[-1 / x**2]])
ROOT = Formula(np.sqrt, lambda x: [0.5 / np.sqrt(x)], lambda x: [[-0.25 / x**1.5]])
HIGH_POWER = Formula(lambda x: x**20, lambda x: [20 * x**19], lambda x: [[380 * x**18]])
BELL = Formula(
    lambda x: np.exp(-(x**2)), lambda x: [-2 * x * np.exp(-(x**2))], lambda x: [[(4 * x**2 - 2) * np.exp(-(x**2))]]
)
ROSENBROCK = Formula(
    lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    lambda x, y: [-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)],
    lambda x, y: [[2 - 400 * (y - 3 * x**2), -400 * x], [-400 * x, 200 + 0 * x]],
)


@pytest.mark.parametrize(
    ("formula", "axes"),
    [
        (COSINE, LINE),
        (COSINE, [Axis("x", 100.0, 101.0, 201)]),
        (COSINE, [Axis("x", 1e6, 1e6 + 1, 201)]),
        (STEEP, [Axis("x", -5.0, 5.0, 201)]),
        (POLE, LINE),
        (POLE, [Axis("x", -1.0, 1.0, 200)]),
        (TANGENT, [Axis("x", -3.0, 3.0, 201)]),
        (LOGARITHM, [Axis("x", 0.0, 1.0, 201)]),
        (LOGARITHM, LINE),
        (ROOT, [Axis("x", 0.0, 1.0, 201)]),
        (HIGH_POWER, [Axis("x", -3.0, 3.0, 201)]),
        (BELL, [Axis("x", -50.0, 50.0, 201)]),
        (ROSENBROCK, [Axis("x", -2.0, 2.0, 21), Axis("y", -1.0, 3.0, 21)]),
        (ROSENBROCK, [Axis("x", 0.999, 1.001, 21), Axis("y", 0.999, 1.001, 21)]),
        (EXP_XY, PLANE),
    ],
    ids=lambda value: "" if isinstance(value, Formula) else f"{value[0].low:g} to {value[0].high:g}",
)
def test_rounding_of_arguments_is_silent(formula: Formula, axes: Sequence[Axis]) -> None:
    """Where a function is badly conditioned, each library is as far off as its arguments' last digits make it."""
    mine, reference = off_by_ulps(formula, axes)
    assert judged(mine, reference, axes, noise=formula.noise(axes)).disagreements == ()


def lifted(by: float) -> Formula:
    """sin x, with the digits of a number near 1e8."""
    return Formula(lambda x: (1e8 + by + np.sin(x)) - 1e8 - by, lambda x: [np.cos(x)], lambda x: [[-np.sin(x)]])


def test_rounding_of_terms_that_cancel_is_silent_if_both_have_it() -> None:
    """Libraries sum in another order, and keep the error of the largest term."""
    mine, reference = lifted(0.3), lifted(0.0)
    run = run_on(LINE)
    both = Pair(run, result_of(run, mine(), noise=mine.noise()), result_of(run, reference(), noise=reference.noise()))
    assert np.abs(mine()["values"] - reference()["values"]).max() > 1e-9
    assert compare([both], {}).disagreements == ()
    exact = Formula(np.sin, reference.gradient, reference.hessian)
    one = replace(both, reference=result_of(run, exact(), noise=exact.noise()))
    assert only(compare([one], {})).operation == "values"


ANY = st.floats(width=64) | st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.7e308, -1.7e308])
FEW = (Axis("x", -1.0, 1.0, 4),)


def some(draw: Callable[..., Any], axes: Sequence[Axis]) -> Quantities:
    count = math.prod(axis.count for axis in axes) + 3
    shapes = {operation: (count, *(len(axes),) * rank) for rank, operation in enumerate(OPERATIONS)}
    return {
        operation: np.array(draw(st.lists(ANY, min_size=math.prod(shape), max_size=math.prod(shape)))).reshape(shape)
        for operation, shape in shapes.items()
    }


def check_any_numbers(data: st.DataObject) -> None:
    axes = data.draw(st.sampled_from([FEW, (Axis("x", 0.0, 1e-300, 3), Axis("y", -1e300, 1e300, 2))]))
    run = run_on(axes, samples=3)
    results = [result_of(run, some(data.draw, axes)) for _ in range(2)]
    comparison = compare([Pair(run, results[0], results[1])], {})
    for found in comparison.disagreements:
        assert 0 < found.points <= found.total
    assert compare([Pair(run, results[0], results[0])], {}).disagreements == ()
    assert json.loads(json.dumps(found_as_plain(comparison))) is not None


test_any_numbers_can_be_compared_without_a_warning_of_numpy, test_many_numbers_can_be_compared = few_and_many(
    given(st.data()), check_any_numbers
)


def found_as_plain(comparison: Comparison) -> list[Any]:
    return [[item.operation, item.points, *map(str, item.numbers)] for item in comparison.disagreements]


def check_itself(data: st.DataObject) -> None:
    numbers = some(data.draw, FEW)
    run = run_on(FEW, samples=3)
    with np.errstate(all="ignore"):  # a test of its own looks for warnings
        comparison = compare([Pair(run, result_of(run, numbers), result_of(run, numbers))], {})
    assert comparison.disagreements == ()
    assert set(comparison.largest.values()) == {0.0}


test_a_result_agrees_with_itself_exactly, test_many_results_agree_with_themselves = few_and_many(
    given(st.data()), check_itself
)


# ---- mistakes are


def inside(axes: Sequence[Axis]) -> Any:
    """The points that are not on the box's border, where a derivative may be that of a kink."""
    columns = columns_of(axes, SAMPLES)
    return np.flatnonzero(
        np.all([(axis.low < column) & (column < axis.high) for axis, column in zip(axes, columns, strict=True)], axis=0)
    )


def check_one_wrong_number(
    operation: Operation, variables: int, scale: float, place: float, part: int, change: float
) -> None:
    """Values on the grid too, derivatives at random points; whatever the scale."""
    formula, axes = (EXP, LINE) if variables == 1 else (EXP_XY, PLANE)
    reference = {name: scale * numbers for name, numbers in formula(axes).items()}
    mine = {name: numbers.copy() for name, numbers in reference.items()}
    rows = (
        inside(axes)
        if operation == "values"
        else np.arange(math.prod(axis.count for axis in axes), len(mine["values"]))
    )
    row = int(rows[int(place * len(rows))])
    entries = mine[operation].reshape(len(mine[operation]), -1)
    entry = part % entries.shape[1]
    # Relative to the largest of its kind: the smallest numbers here are a hundredth of it or less.
    entries[row, entry] += change * np.abs(entries).max()
    found = only(judged(mine, reference, axes))
    assert (found.function, found.kind, found.operation) == ("f", "numbers", operation)
    assert (found.points, found.total) == (1, len(entries))
    assert found.where == tuple(float(column[row]) for column in columns_of(axes, SAMPLES))
    before = reference[operation].reshape(entries.shape)[row, entry]
    assert found.numbers == (entries[row, entry], before)
    assert (found.also, found.dtype) == ((), "float64")


test_one_wrong_number_is_found_and_named, test_many_wrong_numbers_are_found = few_and_many(
    given(
        st.sampled_from(OPERATIONS),
        st.sampled_from([1, 2]),
        POWERS,
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 3),
        st.sampled_from([1e-9, -1e-9, 0.5, -3.0]),
    ),
    check_one_wrong_number,
)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_relative_difference_of_a_billionth_is_found(operation: Operation) -> None:
    reference = EXP()
    mine = {**reference, operation: reference[operation].copy()}
    mine[operation][-7] *= 1 + 1e-9
    assert only(judged(mine, reference)).points == 1


def test_the_largest_of_several_differences_is_named() -> None:
    reference = EXP()
    values = reference["values"].copy()
    values[3] += 1e-3
    values[150] += 1e-2
    values[700] -= 1e-4
    found = only(judged({**reference, "values": values}, reference))
    assert found.points == 3
    assert found.where == (float(columns_of(LINE, SAMPLES)[0][150]),)
    assert found.numbers[0] - found.numbers[1] == pytest.approx(1e-2)


def test_quantities_that_differ_too_are_named() -> None:
    reference = EXP()
    double = {operation: 2 * reference[operation] for operation in OPERATIONS}
    found = only(judged(double, reference))
    assert (found.operation, found.also) == ("values", ("gradients", "hessians"))
    found = only(judged({**double, "values": reference["values"]}, reference))
    assert (found.operation, found.also) == ("gradients", ("hessians",))


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (math.nan, 1.0, True),
        (1.0, math.nan, True),
        (math.inf, 1.0, True),
        (1.0, -math.inf, True),
        (math.inf, -math.inf, True),
        (-math.inf, math.inf, True),
        (math.inf, math.inf, False),
        (-math.inf, -math.inf, False),
        (math.nan, math.nan, False),
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("row", [5, 1100], ids=["grid", "random"])
def test_value_that_is_not_finite_differs_from_one_that_is(
    operation: Operation, one: float, other: float, row: int, *, differ: bool
) -> None:
    reference = EXP()
    mine = {name: numbers.copy() for name, numbers in reference.items()}
    mine[operation][row] = one
    theirs = {**reference, operation: reference[operation].copy()}
    theirs[operation][row] = other
    comparison = judged(mine, theirs)
    # The chain rule may multiply 0 by infinity at a point of the grid, in one framework and not in another.
    if not differ or (operation != "values" and row == 5):
        assert comparison.disagreements == ()
        return
    found = only(comparison)
    assert (found.kind, found.operation, found.points) == ("not_finite", operation, 1)
    assert found.where == (float(columns_of(LINE, SAMPLES)[0][row]),)
    assert [str(number) for number in found.numbers] == [str(one), str(other)]


def test_all_pairs_of_a_landscape_are_compared() -> None:
    """The values on the whole grid of the plot, and the rest where there are less points."""
    drawn = run_on([Axis("x", -1.0, 1.0, 2001)], drawn=True)
    numbers = EXP(drawn.axes, 0)
    wrong: Quantities = {"values": numbers["values"].copy()}
    wrong["values"][1] += 1e-6
    right = pair_of(EXP(), EXP())
    pairs = [Pair(drawn, result_of(drawn, wrong), result_of(drawn, numbers)), right]
    found = only(compare(pairs, {}))
    assert (found.points, found.total, found.where) == (1, 2001, (-0.999,))
    assert compare([right], {}).disagreements == ()


def test_largest_difference_is_told_by_quantity() -> None:
    reference = EXP()
    mine = {**reference, "gradients": reference["gradients"] + 1e-15, "values": reference["values"] - 3e-15}
    mine["values"][4] = reference["values"][4] = math.inf
    largest = judged(mine, reference).largest
    assert largest["values"] == pytest.approx(3e-15, rel=0.2)
    assert largest["gradients"] == pytest.approx(1e-15, rel=0.2)
    assert largest["hessians"] == 0


def test_functions_of_a_landscape_are_judged_one_by_one() -> None:
    run = replace(run_on(LINE, drawn=True), functions=("f", "g"))
    values = EXP(LINE, 0)["values"]

    def result(**functions: Numbers) -> Result:
        message = {
            "arrays": [["values", name, numbers.tobytes()] for name, numbers in functions.items()],
            "dtypes": [[name, "float64"] for name in functions],
            "methods": [],
            "errors": [],
            "noise": [],
            "non_finite": [],
        }
        return pack_result(run, version="1", message=message).result

    comparison = compare([Pair(run, result(f=values, g=2 * values), result(f=values, g=values))], {})
    assert only(comparison).function == "g"


# ---- hints


ASYMMETRIC = Formula(
    lambda x, y: np.sin(3 * x) + y**3 / 2 + x * y**2,
    lambda x, y: [3 * np.cos(3 * x) + y**2, 1.5 * y**2 + 2 * x * y],
    lambda x, y: [[-9 * np.sin(3 * x), 2 * y], [2 * y, 3 * y + 2 * x]],
)


def hint_of(change: Callable[[Numbers], Numbers], formula: Formula, axes: Sequence[Axis]) -> str:
    """What is said of values that are changed on the grid that is drawn."""
    run, right = run_on(axes, drawn=True), formula(axes)
    values = formula(axes, 0)["values"]
    drawn = Pair(run, result_of(run, {"values": change(values)}), result_of(run, {"values": values}))
    found = only(compare([drawn, pair_of(right, right, axes, noise=formula.noise(axes))], {}))
    assert found.operation == "values"
    return found.hint


@cache
def scaled(formula: Formula, scale: float) -> Formula:
    def times(numbers: Any) -> Any:
        return [times(item) for item in numbers] if isinstance(numbers, list) else scale * numbers

    return Formula(
        *(
            lambda *columns, part=part: times(part(*columns))
            for part in (formula.value, formula.gradient, formula.hessian)
        )
    )


def transposed(values: Numbers) -> Numbers:
    return values.reshape(21, 21).T.ravel()


def test_transposed_grid_has_its_hint() -> None:
    assert hint_of(transposed, ASYMMETRIC, SQUARE) == "JAX's grid is the transpose: x and y are exchanged"


def test_transposed_grid_has_no_hint_where_the_axes_differ() -> None:
    assert hint_of(transposed, ASYMMETRIC, PLANE) == ""


@pytest.mark.parametrize("factor", [2.0, -1.0, 0.5, 1e6, 1 + 1e-6, math.pi])
@pytest.mark.parametrize("scale", [1.0, 1e-20, 1e20])
def test_constant_factor_has_its_hint(factor: float, scale: float) -> None:
    hint = hint_of(lambda values: factor * values, scaled(ASYMMETRIC, scale), PLANE)
    assert hint == f"JAX's values are {factor:.10g} times the others everywhere"


@pytest.mark.parametrize("shift", [2.0, -1.0, 1e-6])
def test_constant_offset_has_its_hint(shift: float) -> None:
    word = "larger" if shift > 0 else "smaller"
    hint = hint_of(lambda values: values + shift, ASYMMETRIC, PLANE)
    assert hint == f"JAX's values are {word} by {abs(shift):.10g} everywhere"


def test_hints_are_given_where_some_values_are_not_finite() -> None:
    assert hint_of(lambda values: 2 * values, LOGARITHM, LINE) == "JAX's values are 2 times the others everywhere"


def one(value: float) -> Callable[[Numbers], Numbers]:
    return lambda values: np.where(np.arange(values.size) == 7, value, values)


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values**2,
        lambda values: values + 1e-6 * np.sin(1e5 * np.arange(values.size)),
        lambda values: values * np.nan,
        one(9.0),
        one(math.nan),
        one(math.inf),
        one(-math.inf),
    ],
    ids=["square", "noise", "all NaN", "one", "one NaN", "one infinite", "one infinite below"],
)
def test_other_mistakes_have_no_hint(change: Callable[[Numbers], Numbers]) -> None:
    assert hint_of(change, ASYMMETRIC, PLANE) == ""


def test_values_as_rough_as_float32_have_their_hint_though_they_are_float64() -> None:
    """A constant or a cast in the middle: 0.1 in float32 is another number."""
    reference = waves([(1.0, 2.0, 0.0, 0.3)], 1.0, 2.0)
    rough = Formula(
        lambda x: reference.value(x).astype(np.float32).astype(np.float64), reference.gradient, reference.hessian
    )
    run = run_on(LINE)
    pair = Pair(
        run,
        result_of(run, rough(), noise=rough.noise()),
        result_of(run, reference(), noise=reference.noise()),
    )
    assert "look for a cast" in only(compare([pair], {})).hint


# ---- kinks


def one_sided(choice: float, at: Numbers, left: Any, right: Any) -> Any:
    """A derivative that jumps where *at* is 0; there it is *choice* of the way from left to right."""
    between = left + choice * (right - left)
    return np.where(at < 0, left, np.where(at > 0, right, between))


def absolute(choice: float, at: float = 0.0, bend: float = 0.0, steepness: float = 1.0) -> Formula:
    """|x - at|, on a parabola."""
    return Formula(
        lambda x: steepness * np.abs(x - at) + bend * x**2,
        lambda x: [steepness * one_sided(choice, x - at, -1.0, 1.0) + 2 * bend * x],
        lambda x: [[2 * bend + 0 * x]],
    )


def relu(choice: float, at: float = 0.0, power: int = 1) -> Formula:
    """With a jump in the derivative of order *power*."""

    def derivative(order: int) -> Callable[[Any], Any]:
        def of(x: Any) -> Any:
            right = math.perm(power, order) * np.maximum(x - at, 0) ** max(power - order, 0)
            return right if order < power else one_sided(choice if order == power else 0.0, x - at, 0 * x, right)

        return of

    first, second = derivative(1), derivative(2)
    return Formula(derivative(0), lambda x: [first(x)], lambda x: [[second(x)]])


def huber(choice: float) -> Formula:
    return Formula(
        lambda x: np.where(np.abs(x) < 0.5, x**2 / 2, 0.5 * (np.abs(x) - 0.25)),
        lambda x: [np.clip(x, -0.5, 0.5)],
        lambda x: [[one_sided(choice, np.abs(x) - 0.5, 1 + 0 * x, 0 * x)]],
    )


def larger(choice: float) -> Formula:
    """max(x, y)."""
    return Formula(
        np.maximum,
        lambda x, y: [one_sided(choice, x - y, 0 * x, 1 + 0 * x), one_sided(1 - choice, y - x, 0 * x, 1 + 0 * x)],
        lambda x, y: [[0 * x, 0 * y], [0 * x, 0 * y]],
    )


def l1(choice: float) -> Formula:
    return Formula(
        lambda x, y: np.abs(x) + np.abs(y),
        lambda x, y: [one_sided(choice, x, -1 + 0 * x, 1 + 0 * x), one_sided(choice, y, -1 + 0 * x, 1 + 0 * x)],
        lambda x, y: [[0 * x, 0 * y], [0 * x, 0 * y]],
    )


KINKS: dict[str, tuple[Callable[[float], Formula], Sequence[Axis]]] = {
    "abs": (absolute, LINE),
    "abs, coarse": (absolute, [Axis("x", -1.0, 1.0, 5)]),
    "abs, three points": (absolute, [Axis("x", -1.0, 1.0, 3)]),
    "abs, at an end": (absolute, [Axis("x", 0.0, 1.0, 201)]),
    "abs, beside a point": (lambda choice: absolute(choice, at=0.5 - 1e-17), LINE),
    "abs on a parabola": (lambda choice: absolute(choice, bend=3.0), LINE),
    "small abs on a large parabola": (lambda choice: absolute(choice, bend=1000.0), LINE),
    "large abs": (lambda choice: absolute(choice, steepness=1e20), LINE),
    "small abs": (lambda choice: absolute(choice, steepness=1e-20), LINE),
    "relu": (relu, LINE),
    "relu, at an end": (relu, [Axis("x", 0.0, 1.0, 201)]),
    "relu, at the other end": (relu, [Axis("x", -1.0, 0.0, 201)]),
    "squared relu": (lambda choice: relu(choice, power=2), LINE),
    "cubed relu": (lambda choice: relu(choice, power=3), LINE),
    "huber": (huber, LINE),
    "max": (larger, SQUARE),
    "max, no square": (larger, [Axis("x", -1.0, 1.0, 21), Axis("y", -0.5, 0.5, 11)]),
    "l1": (l1, SQUARE),
    "l1, a quarter": (l1, [Axis("x", 0.0, 1.0, 21), Axis("y", 0.0, 1.0, 21)]),
}


@pytest.mark.parametrize(("mine", "reference"), [(0.0, 1.0), (0.5, 0.0), (1.0, 0.5), (0.5, math.nan), (math.nan, 0.0)])
@pytest.mark.parametrize("name", KINKS)
def test_frameworks_may_choose_any_derivative_on_a_kink(name: str, mine: float, reference: float) -> None:
    formula, axes = KINKS[name]
    assert judged(formula(mine)(axes), formula(reference)(axes), axes).disagreements == ()


@pytest.mark.parametrize("name", [name for name in KINKS if name != "relu, at the other end"])  # nothing but zeros
def test_wrong_derivative_of_a_function_with_kinks_is_found(name: str) -> None:
    formula, axes = KINKS[name]
    reference = formula(0.5)(axes)
    gradients = reference["gradients"].copy()
    gradients[-7] += 0.01 * max(1.0, np.abs(gradients).max())
    found = only(judged({**reference, "gradients": gradients}, reference, axes))
    assert (found.operation, found.points) == ("gradients", 1)
    gradients = 1.001 * reference["gradients"]
    if name not in ("cubed relu", "squared relu"):
        assert only(judged({**reference, "gradients": gradients}, reference, axes)).points > 100


def test_derivatives_are_compared_on_the_grid_too() -> None:
    """A single point may be one where there is no derivative; a twentieth of them is not."""
    for formula, axes in ((EXP, LINE), (EXP_XY, PLANE), (ASYMMETRIC, PLANE), (BELL, LINE), (ROSENBROCK, SQUARE)):
        reference = formula(axes)
        rows = inside(axes)
        rows = rows[rows < math.prod(axis.count for axis in axes)]
        for operation in OPERATIONS[1:]:
            sizes = np.abs(reference[operation][rows].reshape(len(rows), -1)).max(axis=1)
            largest = rows[np.argsort(-sizes)]  # not where it passes through zero
            for part, found in ((1, False), (len(rows) // 20, True)):
                wrong = {**reference, operation: reference[operation].copy()}
                wrong[operation][largest[:part]] *= 1.1
                comparison = judged(wrong, reference, axes)
                assert [item.operation for item in comparison.disagreements] == ([operation] if found else [])


# ---- derivatives by differences


def by_differences(run: Run, formula: Formula) -> Result:
    """What NumPy makes of the formula's values."""
    adapter, columns = child_code(), columns_of(run.axes, run.samples)
    found: Quantities = {}
    errors: dict[Operation, float | Numbers] = {}
    with np.errstate(all="ignore"):
        found["values"] = adapter["values"](formula.value, columns) + 0 * columns[0]
        found["gradients"], errors["gradients"] = adapter["gradients"](formula.value, columns)
        found["hessians"], errors["hessians"] = adapter["hessians"](formula.value, columns)
    return result_of(run, found, errors=errors, noise={"values": formula.noise(run.axes)["values"]})


def judged_both_ways(formula: Formula, axes: Sequence[Axis]) -> list[Comparison]:
    """NumPy's differences against exact numbers, and these against NumPy's."""
    run = run_on(axes, framework="numpy")
    differences, exact = by_differences(run, formula), result_of(run, formula(axes), noise=formula.noise(axes))
    pairs = [Pair(run, differences, exact), Pair(replace(run, framework="jax"), exact, differences)]
    return [compare([pair], {}) for pair in pairs]


def assert_silent(comparisons: Sequence[Comparison]) -> None:
    assert [item for comparison in comparisons for item in comparison.disagreements] == []


def check_differences_of_a_smooth_function(
    terms: list[tuple[float, float, float, float]], scale: float, variables: int
) -> None:
    assert_silent(judged_both_ways(waves(terms, scale, 2.0), box(variables, 2.0)))


test_differences_of_smooth_functions_agree_with_the_derivatives, test_differences_agree_in_many_examples = few_and_many(
    given(TERMS, POWERS, st.sampled_from([1, 2])), check_differences_of_a_smooth_function, most=50
)


@pytest.mark.parametrize("width", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("centre", [0.0, 1e3, -1e6])
def test_differences_agree_whatever_the_domain(width: float, centre: float) -> None:
    """A function that swings once over the domain, be it small, large or far away."""
    formula = waves([(1.0, 3.0, 0.0, 0.5)], 1.0, width)
    assert_silent(judged_both_ways(formula, box(1, width, centre)))


@pytest.mark.parametrize(
    ("formula", "axes"),
    [
        (STEEP, [Axis("x", -5.0, 5.0, 201)]),
        (BELL, [Axis("x", -50.0, 50.0, 201)]),
        (HIGH_POWER, [Axis("x", -3.0, 3.0, 201)]),
        (ROSENBROCK, [Axis("x", -2.0, 2.0, 21), Axis("y", -1.0, 3.0, 21)]),
        (LOGARITHM, [Axis("x", 0.0, 1.0, 201)]),
        (LOGARITHM, LINE),
        (ROOT, [Axis("x", 0.0, 1.0, 201)]),
        (POLE, LINE),
        (TANGENT, [Axis("x", -3.0, 3.0, 201)]),
        (COSINE, LINE),
    ],
    ids=[
        *("steep", "bell", "power", "Rosenbrock", "log", "log with NaN", "root", "pole", "tangent", "oscillating"),
    ],
)
def test_differences_agree_with_the_derivatives(formula: Formula, axes: Sequence[Axis]) -> None:
    assert_silent(judged_both_ways(formula, axes))


@pytest.mark.parametrize("name", KINKS)
def test_differences_over_a_kink_are_no_disagreement(name: str) -> None:
    formula, axes = KINKS[name]
    comparisons = judged_both_ways(formula(0.5), axes)
    assert_silent(comparisons)
    assert [comparison.uncompared for comparison in comparisons] == [(), ()]


@pytest.mark.parametrize("name", ["abs", "relu", "huber", "max", "l1"])
def test_derivative_that_is_wrong_everywhere_is_found_by_differences(name: str) -> None:
    formula, axes = KINKS[name]
    exact = formula(0.5)(axes)
    run = run_on(axes)
    wrong = result_of(run, {**exact, "gradients": 1.1 * exact["gradients"]}, noise=formula(0.5).noise(axes))
    disagreement = only(compare([Pair(run, wrong, by_differences(run, formula(0.5)))], {}))
    assert disagreement.operation == "gradients"


def test_derivative_that_is_detached_is_found_by_differences() -> None:
    """The usual mistake: the graph is cut, and the derivative of a part is 0."""
    exact = ASYMMETRIC(PLANE)
    run = run_on(PLANE)
    cut = exact["gradients"].copy()
    cut[:, 1] = 0
    result = result_of(run, {**exact, "gradients": cut}, noise=ASYMMETRIC.noise(PLANE))
    disagreement = only(compare([Pair(run, result, by_differences(run, ASYMMETRIC))], {}))
    assert disagreement.operation == "gradients"
    assert disagreement.points > 1000


def test_differences_that_say_too_little_are_told() -> None:
    """Their error is too large at most points."""
    reference = EXP()
    telling = judged(reference, reference, errors={"hessians": 1e-6})
    assert telling.uncompared == ()
    vague = judged(reference, reference, errors={"gradients": 1e-6, "hessians": 10.0})
    assert vague.uncompared == ("hessians",)
    assert vague.largest["hessians"] == 0


@pytest.mark.parametrize("operation", ["gradients", "hessians"])
@pytest.mark.parametrize("side", ["mine", "reference"])
def test_stated_error_is_allowed_and_no_more(operation: Operation, side: str) -> None:
    reference = EXP()
    run = run_on(LINE)
    off = {**reference, operation: reference[operation] + 1e-4}
    for error, agree in ((1.1e-4, True), (0.5e-4, False)):
        results = {
            "mine": result_of(run, off, errors={operation: error if side == "mine" else 1e-30}),
            "reference": result_of(run, reference, errors={operation: error if side == "reference" else 1e-30}),
        }
        comparison = compare([Pair(run, results["mine"], results["reference"])], {})
        assert (comparison.disagreements == ()) == agree


def test_stated_error_of_a_derivative_excuses_no_value() -> None:
    reference = EXP()
    mine = {**reference, "values": reference["values"] + 1e-6}
    found = only(judged(mine, reference, errors={"gradients": 1.0, "hessians": 1.0}))
    assert found.operation == "values"


# ---- fewer digits


def in_float32(numbers: Quantities) -> Quantities:
    return {operation: array.astype(np.float32).astype(np.float64) for operation, array in numbers.items()}


def test_float32_is_told_once_although_its_numbers_fit() -> None:
    found = only(judged(in_float32(EXP()), EXP(), dtype="float32"))
    assert (found.kind, found.dtype, found.points) == ("precision", "float32", 0)


def test_float32_is_not_told_where_the_author_gives_it_a_tolerance() -> None:
    pair = pair_of(in_float32(EXP()), EXP(), dtype="float32")
    assert compare([pair], {"float32": 1e-4}).disagreements == ()
    found = only(compare([pair], {"float32": 1e-9}))
    assert (found.kind, found.dtype) == ("numbers", "float32")


def test_float32_that_is_wrong_is_a_wrong_number_before_all() -> None:
    mine = {operation: array * 1.01 for operation, array in in_float32(EXP()).items()}
    found = only(judged(mine, EXP(), dtype="float32"))
    assert (found.kind, found.dtype) == ("numbers", "float32")


def test_float32_of_the_reference_counts_as_much() -> None:
    run = run_on(LINE)
    pair = Pair(run, result_of(run, EXP()), result_of(run, in_float32(EXP()), dtype="float32"))
    assert compare([pair], {}).disagreements == ()


@pytest.mark.parametrize(
    ("dtype", "told"), [("float64", 0), ("float32", 1), ("float16", 1), ("int64", 0), ("int32", 0)]
)
def test_lowered_precision_is_told_of_real_numbers_alone(dtype: str, told: int) -> None:
    run = run_on(LINE)
    found = lowered_precision(run, result_of(run, EXP(), dtype=dtype), {})
    assert [item.dtype for item in found] == [dtype] * told


def test_whole_numbers_are_compared_as_exact_ones() -> None:
    run = run_on(LINE, drawn=True)
    whole = np.arange(201.0)
    close = result_of(run, {"values": whole + 1e-6}, dtype="float64")
    pair = Pair(run, result_of(run, {"values": whole}, dtype="int64"), close)
    assert only(compare([pair], {})).kind == "numbers"


def test_tolerance_of_the_author_is_used() -> None:
    reference = EXP()
    mine = {**reference, "values": reference["values"] * (1 + 1e-6)}
    pair = pair_of(mine, reference)
    assert only(compare([pair], {})).points > 1000
    assert compare([pair], {"float64": 1e-5}).disagreements == ()
    assert only(compare([pair], {"float32": 1e-5})).points > 1000


def test_tolerance_is_the_larger_one_of_both() -> None:
    """One of the two frameworks computes in float32, and the author is more generous with float64."""
    reference = EXP()
    mine = {**in_float32(reference), "values": reference["values"] * (1 + 5e-3)}
    pair = pair_of(mine, reference, dtype="float32")
    assert compare([pair], {"float64": 1e-2, "float32": 1e-4}).disagreements == ()


# ---- critical points


def critical_point(*at: float, kind: str = "minimum", degenerate: bool = False, valleys: int = 0) -> dict[str, Any]:
    vectors = [[float(i == j) for j in range(len(at))] for i in range(len(at))]
    return {
        "at": list(at),
        "value": 0.0,
        "kind": kind,
        "degenerate": degenerate,
        "valleys": valleys,
        "eigenvalues": [1.0] * len(at),
        "eigenvectors": vectors,
    }


LINE_OF_POINTS = {"kind": "valley", "smooth": True, "at": [[0.0, 0.0], [0.0, 1.0]], "value": 0.0}
PLATEAU = {"low": [0.0], "high": [1.0], "inside": [0.5], "boxes": [], "known_to": [0.0], "part": 0.5, "value": 0.0}


def searches(mine: Mapping[str, Any], reference: Mapping[str, Any], axes: Sequence[Axis] = LINE) -> Pair:
    """What two frameworks found, beside numbers that agree."""
    run = replace(run_on(axes), operations=("critical_points",), samples=0)
    other = replace(run, framework="pytorch")
    return Pair(run, result_of(run, {}, critical=mine), result_of(other, {}, critical=reference), "pytorch")


@pytest.mark.parametrize(
    ("mine", "reference"),
    [
        ({}, {}),
        ({"points": [critical_point(0.25)]}, {"points": [critical_point(0.25)]}),
        ({"points": [critical_point(0.25)]}, {"points": [critical_point(0.25 + 1.9e-6)]}),
        ({"points": [critical_point(0.25, degenerate=True)]}, {"points": [critical_point(0.2515, degenerate=True)]}),
        ({"points": [critical_point(0.25)]}, {"doubts": ["too fast"]}),
        ({"doubts": ["too fast"]}, {"points": [critical_point(0.25)]}),
        ({"plateaus": [PLATEAU]}, {"plateaus": [{**PLATEAU, "high": [1.01]}]}),
    ],
    ids=["nothing", "the same", "rounding", "degenerate", "doubts there", "doubts here", "plateaus"],
)
def test_critical_points_that_agree(mine: dict[str, Any], reference: dict[str, Any]) -> None:
    assert compare([pair_of(EXP(), EXP()), searches(mine, reference)], {}).disagreements == ()


@pytest.mark.parametrize(
    ("mine", "reference", "hint"),
    [
        (
            {"points": [critical_point(0.25)]},
            {"points": []},
            "JAX has a minimum at 0.25, and PyTorch has none there",
        ),
        (
            {"points": []},
            {"points": [critical_point(0.25)]},
            "PyTorch has a minimum at 0.25, and JAX has none there",
        ),
        (
            {"points": [critical_point(0.25), critical_point(0.5)]},
            {"points": [critical_point(0.25), critical_point(0.5 + 2.2e-6)]},
            "JAX has a minimum at 0.5, and PyTorch has none there",
        ),
        (
            {"points": [critical_point(0.25, kind="maximum")]},
            {"points": [critical_point(0.25)]},
            "JAX has a maximum at 0.25, and PyTorch has none there",
        ),
        (
            {"points": [critical_point(0.25, degenerate=True)]},
            {"points": [critical_point(0.253, degenerate=True)]},
            "JAX has a minimum at 0.25, and PyTorch has none there",
        ),
        ({"lines": [LINE_OF_POINTS]}, {}, "their valleys, ridges or plateaus differ"),
        (
            {"lines": [LINE_OF_POINTS]},
            {"lines": [{**LINE_OF_POINTS, "kind": "ridge"}]},
            "their valleys, ridges or plateaus differ",
        ),
        ({"plateaus": [PLATEAU]}, {}, "their valleys, ridges or plateaus differ"),
    ],
    ids=["more", "fewer", "elsewhere", "kind", "degenerate", "line", "kind of line", "plateau"],
)
def test_critical_points_that_differ(mine: dict[str, Any], reference: dict[str, Any], hint: str) -> None:
    disagreement = only(compare([pair_of(EXP(), EXP()), searches(mine, reference)], {}))
    assert (disagreement.kind, disagreement.operation) == ("critical_points", "critical_points")
    assert disagreement.hint == hint


def test_saddles_of_two_and_three_valleys_differ() -> None:
    two, three = ({"points": [critical_point(0.0, 0.0, kind="saddle", valleys=count)]} for count in (2, 3))
    assert only(compare([pair_of(EXP_XY(PLANE), EXP_XY(PLANE), PLANE), searches(two, three, PLANE)], {})).hint


def test_numbers_that_differ_are_told_and_not_their_points() -> None:
    wrong = searches({"points": [critical_point(0.25)]}, {})
    assert only(compare([pair_of(COSINE(), EXP()), wrong], {})).operation == "values"


# ---- the judge


CODE = "def f(x): ...\n"
FRAMEWORKS = ("pytorch", "jax", "tensorflow")


@pytest.fixture
def plot(tmp_path: Path) -> Plot:
    return plot_in(tmp_path)


def plot_in(
    folder: Path, *names: str, frameworks: Sequence[str] = FRAMEWORKS, default: str = "", **fields: Any
) -> Plot:
    names = names or ("exponential",)
    for name in names:
        (folder / name).mkdir(exist_ok=True)
        toml = f"title = '{name}'\nformula = 'f(x)'\n[domain]\nx = [-1, 1]\n"
        (folder / name / "landscape.toml").write_text(toml, encoding="utf-8")
        for framework in ("pytorch", "jax", "tensorflow", "numpy"):
            (folder / name / f"{framework}.py").write_text(f"# {name}\n{CODE}", encoding="utf-8")
    settings = settings_with(frameworks=tuple(frameworks), default_framework=default or frameworks[0])
    return plan(PlotSpec(landscapes=names, **fields), settings, Catalogue([folder]).get_all(names))


MISSING = Failure(subtype="framework_missing", message="not installed")
RAISED = Failure(subtype="execution", message="ValueError", path="f.py", line=3)


def outcomes_of(plot: Plot, **changes: Any) -> dict[str, Outcome]:
    """What the frameworks of *plot* give: the exponential function, unless *changes* say otherwise, by framework.

    A change is a factor for all numbers, a failure of all runs, or a pair: the outcome to draw, the one to compare.
    """
    found: dict[str, Outcome] = {}
    for name in plot.involved:
        change = changes.get(name, 1.0)
        drawn, compared = change if isinstance(change, tuple) else (change, change)
        derived = [*plot.comparisons(name), *plot.searches(name)]
        for run, item in [(run, drawn) for run in plot.runs(name)] + [(run, compared) for run in derived]:
            numbers = {
                operation: (item if isinstance(item, float) else 1.0) * array
                for operation, array in EXP(run.axes, run.samples).items()
            }
            dtype = "float32" if item == "float32" else "float64"
            version = {"pytorch": "2.13.0", "jax": "0.10.2"}.get(name, "1.0")
            found[run.key] = (
                item if isinstance(item, Failure) else result_of(run, numbers, version=version, dtype=dtype)
            )
    return found


def judge_of(outcomes: Mapping[str, Outcome], folder: Path, **tolerances: float) -> Judge:
    return Judge(outcomes, tolerances, folder / "compared.json")


def test_frameworks_that_agree(plot: Plot, tmp_path: Path) -> None:
    outcomes = outcomes_of(plot, jax=1.0 + 4 * ULP)
    judge = judge_of(outcomes, tmp_path)
    assert judge.findings(plot) == []
    verdict = judge.verdict(plot)
    assert verdict.largest == pytest.approx(4 * ULP * math.e, rel=0.5)
    assert verdict == Verdict(
        reference="pytorch",
        versions={"pytorch": "2.13.0", "jax": "0.10.2", "tensorflow": "1.0"},
        agreeing=("jax", "tensorflow"),
        largest=verdict.largest,
    )


@pytest.mark.parametrize("default", ["jax", "numpy"])
def test_reference_is_the_framework_that_is_drawn_from(tmp_path: Path, default: str) -> None:
    """Also where it is not the first tab, or none at all."""
    plot = plot_in(tmp_path, default=default)
    verdict = judge_of(outcomes_of(plot), tmp_path).verdict(plot)
    assert verdict.reference == default
    assert verdict.agreeing == tuple(name for name in plot.involved if name != default)


def test_framework_that_disagrees(plot: Plot, tmp_path: Path) -> None:
    judge = judge_of(outcomes_of(plot, jax=2.0), tmp_path)
    verdict = judge.verdict(plot)
    assert (verdict.agreeing, verdict.disagreeing, verdict.largest) == (("tensorflow",), ("jax",), 0.0)
    (finding,) = judge.findings(plot)
    assert (finding.run.framework, finding.reference.framework) == ("jax", "pytorch")
    assert finding.disagreement.hint == "JAX's values are 2 times the others everywhere"
    assert finding.outvoted == ()


def test_critical_points_that_differ_are_a_finding_of_their_own(plot: Plot, tmp_path: Path) -> None:
    outcomes = outcomes_of(plot)
    (run,) = plot.searches("jax")
    outcomes[run.key] = result_of(run, {}, critical={"points": [critical_point(0.25)]})
    judge = judge_of(outcomes, tmp_path)
    (finding,) = judge.findings(plot)
    assert (finding.run.framework, judge.verdict(plot).disagreeing) == ("jax", ("jax",))
    assert describe(finding).startswith(
        "exponential (jax): the critical points of f disagree: JAX has a minimum at 0.25, and PyTorch has none there"
    )
    judge.remember()
    assert judge_of(outcomes, tmp_path).findings(plot) == [finding]


@pytest.mark.parametrize("name", ["jax", "pytorch"])
def test_search_that_failed_leaves_the_numbers(plot: Plot, tmp_path: Path, name: str) -> None:
    outcomes = outcomes_of(plot)
    (run,) = plot.searches(name)
    outcomes[run.key] = RAISED
    judge = judge_of(outcomes, tmp_path)
    assert judge.findings(plot) == []
    assert judge.verdict(plot).agreeing == ("jax", "tensorflow")


def test_reference_that_all_others_differ_from_is_outvoted(plot: Plot, tmp_path: Path) -> None:
    judge = judge_of(outcomes_of(plot, jax=2.0, tensorflow=2.0), tmp_path)
    assert judge.verdict(plot).disagreeing == ("jax", "tensorflow")
    assert [finding.outvoted for finding in judge.findings(plot)] == [("jax", "tensorflow")] * 2


def test_reference_is_not_outvoted_by_frameworks_that_differ_among_themselves(plot: Plot, tmp_path: Path) -> None:
    judge = judge_of(outcomes_of(plot, jax=2.0, tensorflow=3.0), tmp_path)
    assert [finding.outvoted for finding in judge.findings(plot)] == [()] * 2


def test_reference_is_not_outvoted_by_one_framework(tmp_path: Path) -> None:
    plot = plot_in(tmp_path, frameworks=("pytorch", "jax"))
    (finding,) = judge_of(outcomes_of(plot, jax=2.0), tmp_path).findings(plot)
    assert finding.outvoted == ()


@pytest.mark.parametrize("failure", [MISSING, RAISED], ids=["missing", "failed"])
def test_next_framework_is_the_reference_where_the_first_did_not_run(
    plot: Plot, tmp_path: Path, failure: Failure
) -> None:
    judge = judge_of(outcomes_of(plot, pytorch=failure), tmp_path)
    verdict = judge.verdict(plot)
    assert verdict.reference == "jax"
    assert list(verdict.versions) == ["jax", "tensorflow"]
    assert verdict.agreeing == ("tensorflow",)
    assert verdict.absent == (("pytorch",) if failure is MISSING else ())
    assert verdict.failed == (("pytorch",) if failure is RAISED else ())
    assert judge.findings(plot) == []


def test_there_is_no_reference_where_nothing_ran(plot: Plot, tmp_path: Path) -> None:
    judge = judge_of(outcomes_of(plot, pytorch=MISSING, jax=RAISED, tensorflow=MISSING), tmp_path)
    assert judge.verdict(plot) == Verdict(absent=("pytorch", "tensorflow"), failed=("jax",))
    assert judge.findings(plot) == []


def test_one_framework_alone_agrees_with_nobody(plot: Plot, tmp_path: Path) -> None:
    judge = judge_of(outcomes_of(plot, jax=MISSING, tensorflow=MISSING), tmp_path)
    verdict = judge.verdict(plot)
    assert (verdict.reference, verdict.agreeing, verdict.absent) == ("pytorch", (), ("jax", "tensorflow"))


def test_values_alone_are_compared_where_derivatives_failed(plot: Plot, tmp_path: Path) -> None:
    judge = judge_of(outcomes_of(plot, jax=(1.0, RAISED)), tmp_path)
    verdict = judge.verdict(plot)
    assert (verdict.agreeing, verdict.values_only, verdict.failed) == (("jax", "tensorflow"), ("jax",), ())
    wrong = judge_of(outcomes_of(plot, jax=(2.0, RAISED)), tmp_path)
    assert wrong.verdict(plot).disagreeing == ("jax",)
    assert [finding.disagreement.also for finding in wrong.findings(plot)] == [()]


def test_derivatives_of_the_reference_that_failed_leave_the_values_of_all(plot: Plot, tmp_path: Path) -> None:
    verdict = judge_of(outcomes_of(plot, pytorch=(1.0, RAISED)), tmp_path).verdict(plot)
    assert verdict.reference == "pytorch"
    assert verdict.agreeing == ("jax", "tensorflow")
    assert "pytorch" in verdict.values_only


def test_framework_of_few_digits_agrees_and_is_told(plot: Plot, tmp_path: Path) -> None:
    judge = judge_of(outcomes_of(plot, jax="float32"), tmp_path)
    assert judge.verdict(plot).agreeing == ("jax", "tensorflow")
    (finding,) = judge.findings(plot)
    assert (finding.disagreement.kind, finding.run.framework) == ("precision", "jax")
    assert judge_of(outcomes_of(plot, jax="float32"), tmp_path, float32=1e-4).findings(plot) == []


def test_reference_of_few_digits_is_told(plot: Plot, tmp_path: Path) -> None:
    (finding,) = judge_of(outcomes_of(plot, pytorch="float32"), tmp_path).findings(plot)
    assert finding.disagreement.kind == "precision"
    assert finding.run == finding.reference
    assert finding.run.framework == "pytorch"


def test_two_frameworks_of_few_digits_outvote_a_wrong_reference_all_the_same(plot: Plot, tmp_path: Path) -> None:
    outcomes = outcomes_of(plot, jax="float32", tensorflow="float32", pytorch=2.0)
    findings = judge_of(outcomes, tmp_path).findings(plot)
    assert [finding.outvoted for finding in findings] == [("jax", "tensorflow")] * 2


def test_each_landscape_of_a_plot_is_judged(tmp_path: Path) -> None:
    plot = plot_in(tmp_path, "one", "two", frameworks=("pytorch", "jax"))
    outcomes = outcomes_of(plot)
    (first, second) = plot.compared
    outcomes[second.run("jax").key] = result_of(second.run("jax"), {"values": 0 * EXP(LINE, 0)["values"]})
    judge = judge_of(outcomes, tmp_path)
    assert judge.verdict(plot).disagreeing == ("jax",)
    (finding,) = judge.findings(plot)
    assert (finding.run.label, first.landscape.name) == ("two", "one")


def test_plot_that_is_not_compared_has_nothing_to_say(plot: Plot, tmp_path: Path) -> None:
    judge = judge_of({}, tmp_path)
    alone = replace(plot, compared=())
    assert judge.verdict(alone) == Verdict()
    assert judge.findings(alone) == []


# ---- its memory


@pytest.fixture
def no_comparing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on a comparison is an error."""

    def stop() -> None:
        def compare(*_: object) -> None:
            raise AssertionError("compared again")

        monkeypatch.setattr(agreement, "compare", compare)

    return stop


def test_comparison_is_made_once_in_a_build_and_once_for_all_builds(
    plot: Plot, tmp_path: Path, no_comparing: Callable[[], None]
) -> None:
    outcomes = outcomes_of(plot, jax=2.0, tensorflow=1.0 + ULP)
    judge = judge_of(outcomes, tmp_path)
    verdict, findings = judge.verdict(plot), judge.findings(plot)
    judge.remember()
    no_comparing()
    assert (judge.verdict(plot), judge.findings(plot)) == (verdict, findings)
    again = judge_of(outcomes, tmp_path)
    assert (again.verdict(plot), again.findings(plot)) == (verdict, findings)


def test_memory_with_numbers_that_are_not_finite_comes_back_as_it_was(
    plot: Plot, tmp_path: Path, no_comparing: Callable[[], None]
) -> None:
    outcomes = outcomes_of(plot, jax=math.inf)
    judge = judge_of(outcomes, tmp_path)
    findings = judge.findings(plot)
    assert findings[0].disagreement.kind == "not_finite"
    judge.remember()
    no_comparing()
    assert judge_of(outcomes, tmp_path).findings(plot) == findings


@pytest.mark.parametrize("change", ["result", "reference", "tolerance", "own tolerance"])
def test_memory_does_not_answer_for_other_numbers(plot: Plot, tmp_path: Path, change: str) -> None:
    judge = judge_of(outcomes_of(plot), tmp_path)
    assert judge.verdict(plot).agreeing == ("jax", "tensorflow")
    judge.remember()
    changed = {"jax": 1.001} if change == "result" else {"pytorch": 1.001} if change == "reference" else {}
    tolerances = {"tolerance": {"float64": 0.1}, "own tolerance": {"float32": 1e-4}}.get(change, {})
    calls = []
    real = compare

    def counted(pairs: Sequence[Pair], given: Mapping[str, float]) -> Comparison:
        calls.append(pairs)
        return real(pairs, given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agreement, "compare", counted)
        judge_of(outcomes_of(plot, **changed), tmp_path, **tolerances).verdict(plot)
    assert len(calls) == (1 if change == "result" else 2)


def test_memory_forgets_what_is_no_longer_used(plot: Plot, tmp_path: Path) -> None:
    for factor in (1.0, 1.5, 2.0):
        judge = judge_of(outcomes_of(plot, jax=factor), tmp_path)
        judge.verdict(plot)
        judge.remember()
    assert len(json.loads((tmp_path / "compared.json").read_text(encoding="utf-8"))) == 2


def test_memory_is_written_only_when_it_changes(plot: Plot, tmp_path: Path) -> None:
    outcomes, stamps = outcomes_of(plot), []
    for _ in range(2):
        judge = judge_of(outcomes, tmp_path)
        judge.verdict(plot)
        judge.remember()
        stamps.append((tmp_path / "compared.json").stat().st_ino)
    assert stamps[0] == stamps[1]


DAMAGED = {
    "empty": b"",
    "no JSON": b"{",
    "not UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "a number": b"3",
    "nested": b"[" * 200_000,
    "another layout": b'{"KEY": {"largest": {}}}',
    "a number in place of an entry": b'{"KEY": 3}',
    "null": b'{"KEY": null}',
    "unknown field": b'{"KEY": {"largest": {}, "disagreements": [{"function": "f", "colour": "red"}]}}',
    "text in place of a number": b'{"KEY": {"largest": {"values": "much"}, "disagreements": []}}',
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_memory_is_no_memory(plot: Plot, tmp_path: Path, name: str) -> None:
    outcomes = outcomes_of(plot, jax=2.0)
    judge = judge_of(outcomes, tmp_path)
    verdict, findings = judge.verdict(plot), judge.findings(plot)
    judge.remember()
    file = tmp_path / "compared.json"
    right = file.read_bytes()
    keys = json.loads(right)
    entry = DAMAGED[name].partition(b": ")[2][:-1]
    file.write_bytes(
        b"{" + b", ".join(f'"{key}": '.encode() + entry for key in keys) + b"}"
        if b"KEY" in DAMAGED[name]
        else DAMAGED[name]
    )
    again = judge_of(outcomes, tmp_path)
    assert (again.verdict(plot), again.findings(plot)) == (verdict, findings)


def test_damaged_memory_is_mended(plot: Plot, tmp_path: Path) -> None:
    (tmp_path / "compared.json").write_bytes(b"[")
    judge = judge_of(outcomes_of(plot), tmp_path)
    judge.verdict(plot)
    judge.remember()
    assert len(json.loads((tmp_path / "compared.json").read_text(encoding="utf-8"))) == 2


@pytest.mark.parametrize("obstacle", ["folder in its place", "file in place of its folder"])
def test_memory_that_cannot_be_written_is_done_without(plot: Plot, tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "build"
    if obstacle.startswith("folder"):
        (folder / "compared.json").mkdir(parents=True)
    else:
        folder.write_bytes(b"")
    judge = judge_of(outcomes_of(plot), folder)
    assert judge.verdict(plot).agreeing == ("jax", "tensorflow")
    judge.remember()


def test_memory_is_the_same_bytes_whatever_the_order_of_plots(tmp_path: Path) -> None:
    plots = [plot_in(tmp_path, name) for name in ("one", "two", "three")]
    outcomes = {key: outcome for plot in plots for key, outcome in outcomes_of(plot, jax=2.0).items()}
    contents = []
    for order in (plots, plots[::-1]):
        judge = judge_of(outcomes, tmp_path)
        for plot in order:
            judge.verdict(plot)
        judge.remember()
        contents.append((tmp_path / "compared.json").read_bytes())
        (tmp_path / "compared.json").unlink()
    assert contents[0] == contents[1]
