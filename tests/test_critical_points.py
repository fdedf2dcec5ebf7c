"""What is known exactly about functions is what the search finds: their points, kinds, valleys, plateaus and kinks."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import ALL_FRAMEWORKS, outcomes_of, sampled, settings_with
from finder import absolute, find, hd, programs, search, sqrt
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_optviz.landscapes import Catalogue
from sphinx_optviz.plan import Series
from sphinx_optviz.runs import Result
from sphinx_optviz.spots import spots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sphinx_optviz.critical import CriticalPoint, CriticalPoints

PI = math.pi
approx: Any = pytest.approx


def kinds(found: CriticalPoints) -> dict[str, int]:
    return dict(Counter(point.kind for point in found.points))


def at(points: Iterable[Any], kind: str = "") -> list[tuple[float, ...]]:
    return [point.at for point in points if kind in ("", point.kind)]


def nothing_but(found: CriticalPoints, *fields: str) -> None:
    """Assert that all other parts are empty."""
    others = {"points", "lines", "plateaus", "kinks", "edges", "doubts"} - set(fields)
    assert {name: getattr(found, name) for name in others} == dict.fromkeys(others, ())


def only(found: CriticalPoints, *, edges: bool = True) -> CriticalPoint:
    """The only thing that was found, but for edges."""
    nothing_but(found, "points", *(["edges"] if edges else []))
    (point,) = found.points
    return point


# ---- one variable: the chapter


def local_minima(x: Any) -> Any:
    return x * hd.cos(PI * x)


def test_minima_of_the_chapter() -> None:
    found = search(local_minima, [-1], [2])
    nothing_but(found, "points", "edges")
    assert np.ravel(at(found.points, "minimum")) == approx([-0.2738526868033, 1.0904082219360], abs=1e-9)
    assert np.ravel(at(found.points, "maximum")) == approx([0.2738526868033], abs=1e-9)
    assert [spot.at for spot in spots(found, "global minimum")] == [found.points[-1].at]
    assert [(edge.at, edge.kind) for edge in found.edges] == [((-1.0,), "maximum"), ((2.0,), "maximum")]


def test_empirical_risk_of_the_chapter() -> None:
    found = search(lambda x: x * hd.cos(PI * x) + 0.2 * hd.cos(5 * PI * x), [0.5], [1.5])
    (lowest,) = spots(found, "global minimum")
    assert lowest.at[0] == approx(1.0169834031, abs=1e-9)
    risk = search(local_minima, [0.5], [1.5])
    assert at(risk.points) == [approx([1.090408221936], abs=1e-9)]


def test_inflection_of_the_chapter() -> None:
    point = only(search(lambda x: x**3, [-2], [2]))
    assert (point.kind, point.degenerate) == ("inflection", True)
    assert point.at[0] == approx(0.0, abs=1e-9)


def test_saddle_of_the_chapter() -> None:
    point = only(search(lambda x, y: x**2 - y**2, [-1, -1], [1, 1]))
    assert (point.kind, point.degenerate, point.valleys) == ("saddle", False, 2)
    assert point.at == approx((0, 0), abs=1e-9)
    assert point.eigenvalues == approx((-2, 2), abs=1e-9)
    assert np.abs(point.eigenvectors) == approx(np.array([[0, 1], [1, 0]]), abs=1e-9)


def test_gradient_that_only_gets_small_vanishes_nowhere() -> None:
    found = search(hd.tanh, [-2], [5])
    nothing_but(found, "edges")
    assert [(edge.at, edge.kind) for edge in found.edges] == [((-2.0,), "minimum"), ((5.0,), "maximum")]


# ---- one variable: special points


@pytest.mark.parametrize(
    ("f", "low", "high", "where", "kind", "degenerate"),
    [
        (lambda x: (x - 0.1) ** 2, -1, 1, 0.1, "minimum", False),
        (lambda x: 1e-9 * (x - 0.1) ** 2, -1, 1, 0.1, "minimum", False),
        (lambda x: 1e9 + (x - 0.1) ** 2, -1, 1, 0.1, "minimum", False),
        (lambda x: x**4, -1, 1, 0.0, "minimum", True),
        (lambda x: (x - 0.1) ** 4, -1, 1, 0.1, "minimum", True),
        (lambda x: -((x - 0.1) ** 6), -1, 1, 0.1, "maximum", True),
        (lambda x: (x - 0.1) ** 3, -1, 1, 0.1, "inflection", True),
        (lambda x: x**5, -1, 1, 0.0, "inflection", True),
        (lambda x: hd.exp(-(x**2)), -25, 26, 0.0, "maximum", False),
        (lambda x: x**2, -1e-9, 2e-9, 0.0, "minimum", False),
        (lambda x: x**2, -1e9, 2e9, 0.0, "minimum", False),
        (lambda x: (x - 1e6) ** 2, 1e6 - 1, 1e6 + 2, 1e6, "minimum", False),
    ],
    ids=[
        *("square", "shallow", "high up", "fourth", "fourth aside", "sixth", "cubic", "fifth", "far tails"),
        *("tiny domain", "huge domain", "far from 0"),
    ],
)
def test_the_only_point(
    f: Callable[[Any], Any], low: float, high: float, where: float, kind: str, *, degenerate: bool
) -> None:
    point = only(search(f, [low], [high]))
    # Where the second derivative vanishes, too, rounding moves the point.
    assert point.at[0] == approx(where, abs=(1e-3 if degenerate else 1e-9) * (high - low))
    assert (point.kind, point.degenerate) == (kind, degenerate)


def test_points_on_the_edge_are_points() -> None:
    found = search(hd.cos, [0], [PI])
    nothing_but(found, "points")
    assert [(point.at, point.kind) for point in found.points] == [((0.0,), "maximum"), ((PI,), "minimum")]


def test_edge_is_told_where_the_function_would_go_on() -> None:
    found = search(lambda x: x**2, [1], [2])
    nothing_but(found, "edges")
    assert [(edge.at, edge.kind, edge.value) for edge in found.edges] == [
        ((1.0,), "minimum", 1.0),
        ((2.0,), "maximum", 4.0),
    ]
    assert spots(found, "global minimum") == []


def test_many_points() -> None:
    found = search(hd.sin, [0], [1000])
    nothing_but(found, "points", "edges")
    expected = [(k + 0.5) * PI for k in range(318)]
    assert np.ravel(at(found.points)) == approx(expected, abs=1e-9)
    assert {point.kind for point in found.points[::2]} == {"maximum"}
    assert {point.kind for point in found.points[1::2]} == {"minimum"}


def test_points_that_are_close_together_are_two() -> None:
    found = search(lambda x: x**3 - 3e-8 * x, [-1], [1])
    nothing_but(found, "points", "edges")
    assert np.ravel(at(found.points)) == approx([-1e-4, 1e-4], abs=1e-9)
    assert [point.kind for point in found.points] == ["maximum", "minimum"]


# ---- one variable: not smooth, not defined


def test_kink_that_is_a_minimum_is_no_point() -> None:
    found = search(absolute, [-1], [2])
    nothing_but(found, "kinks", "edges")
    ((where,),) = at(found.kinks)
    assert where == approx(0.0, abs=1e-7)
    assert found.kinks[0].kind == "minimum"
    assert [spot.at for spot in spots(found, "global minimum")] == [found.kinks[0].at]


def test_kink_that_is_none() -> None:
    found = search(lambda x: absolute(x) + 3 * x, [-1], [2])
    nothing_but(found, "kinks", "edges")
    assert [(approx(kink.at[0], abs=1e-6), kink.kind) for kink in found.kinks] == [(0.0, "")]


@pytest.mark.parametrize(
    ("f", "low", "high"),
    [
        (lambda x: hd.sin(x) / hd.cos(x), -2, 2),
        (lambda x: 1 / x, -1, 2),
        (lambda x: 1 / (x - 0.123), -1, 2),
        (hd.log, 1e-3, 2),
    ],
    ids=["tangent", "hyperbola", "hyperbola aside", "logarithm"],
)
def test_pole_is_no_point(f: Callable[[Any], Any], low: float, high: float) -> None:
    found = search(f, [low], [high])
    assert found.points == ()
    assert [kink for kink in found.kinks if kink.kind] == []


def test_function_that_is_not_defined_everywhere() -> None:
    found = search(lambda x: sqrt(x) * (x - 3), [-1], [4])
    assert found.points == (approx(found.points[0]),)
    assert at(found.points) == [approx((1.0,), abs=1e-9)]
    assert found.points[0].kind == "minimum"
    assert found.doubts == ()


def test_function_that_is_defined_nowhere() -> None:
    found = search(sqrt, [-2], [-1])
    nothing_but(found, "doubts")


def test_constant_is_a_plateau() -> None:
    found = search(lambda x: 0 * x + 3, [-1], [2])
    nothing_but(found, "plateaus")
    (plateau,) = found.plateaus
    assert (plateau.low, plateau.high, plateau.value) == ((-1.0,), (2.0,), 3.0)
    assert plateau.part == approx(1.0)


def test_plateau_ends_where_the_function_begins_to_rise() -> None:
    found = search(lambda x: hd.where(x.value < 0, 0 * x, x**2), [-1], [1])
    (plateau,) = found.plateaus
    assert plateau.low == approx((-1.0,), abs=1e-9)
    assert plateau.high == approx((0.0,), abs=2e-3)
    assert plateau.part == approx(0.5, abs=2e-3)
    assert found.doubts == ()


@pytest.mark.parametrize("pace", sampled([0.1, 1.0], [0.1]))
@pytest.mark.parametrize(
    ("f", "low", "high"),
    [
        (lambda x, pace: hd.sin(pace / x), -1, 1),
        (lambda x, pace: hd.sin(pace / x), -1, 1.1),
        (lambda x, pace: hd.sin(pace / x), -1, 1.3),
        (lambda x, pace: hd.sin(pace / x), 1e-6, 1),
        (lambda x, pace: x**2 * hd.sin(pace / x), -1, 1.1),
    ],
)
def test_function_that_changes_too_fast_in_a_place_leaves_doubts(
    f: Callable[[Any, float], Any], low: float, high: float, pace: float
) -> None:
    """There are the fewer points, the slower it is, and always too many around 0."""
    doubts = search(lambda x: f(x, pace), [low], [high]).doubts
    assert [doubt for doubt in doubts if doubt.startswith("it changes too fast to be searched around")]


A_PART = 200_000  # of what a search may cost


@pytest.mark.parametrize("budget", sampled([A_PART, programs()["_BUDGET"]], [A_PART]))
@pytest.mark.parametrize(
    ("f", "low", "high"),
    [
        (lambda x: hd.sin(1e7 * x), [-1], [1]),
        (lambda x: hd.sin(1e7 * x), [-1.1], [1.3]),
        (lambda x, y: hd.sin(3e4 * x) * hd.sin(3e4 * y), [-1, -1], [1, 1]),
    ],
    ids=["one variable", "not a period", "two variables"],
)
def test_too_many_points_leave_doubts(
    monkeypatch: pytest.MonkeyPatch, f: Callable[..., Any], low: list[float], high: list[float], budget: int
) -> None:
    monkeypatch.setitem(programs(), "_BUDGET", budget)
    assert "it changes too fast to be searched completely" in search(f, low, high).doubts


@pytest.mark.parametrize("most", sampled([10, programs()["_MOST_GROUPS"]], [10]))
def test_too_many_singular_points_leave_doubts(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setitem(programs(), "_MOST_GROUPS", most)
    fits, too_many = (search(lambda x: hd.sin(x) ** 4, [0.5], [count * PI + 1]) for count in (most, most + 1))
    assert fits.doubts == ()
    assert too_many.doubts == ("there are too many places where the Hessian is singular to look at them all",)


# ---- where a function is not continuous


def step(x: Any) -> Any:
    return hd.where(x.value < 1, x**2, x**2 - 3)


@pytest.mark.parametrize(
    ("f", "low", "high", "jumps"),
    [
        (step, -2, 2, [1.0]),
        (lambda x: hd.where(x.value < 0.3, x, x - 0.01), -1, 1.2, [0.3]),
        (lambda x: x**2 + 1 / (x - 0.333), -3, 3.01, [0.333]),
        (lambda x: 1 / x, -1, 1.01, [0.0]),
        (lambda x: hd.sin(x) / hd.cos(x), -2, 2.1, [-PI / 2, PI / 2]),
    ],
    ids=["step", "small step", "pole", "hyperbola", "tangent"],
)
def test_jumps_and_poles_are_found(f: Callable[[Any], Any], low: float, high: float, jumps: list[float]) -> None:
    found = search(f, [low], [high])
    assert np.ravel(found.jumps) == approx(jumps, abs=1e-9)
    assert not found.knows_extremes
    assert spots(found, "global minimum") == spots(found, "global maximum") == []


def test_point_where_the_function_jumps_is_none() -> None:
    found = search(lambda x: hd.where(x.value < 0, 0 * x - 1, 0 * x + 1) + 0.1 * x**2, [-2], [2])
    assert np.ravel(found.jumps) == approx([0], abs=1e-9)
    assert found.points == ()


def test_pole_that_is_symmetric_goes_beyond_all_that_is_found() -> None:
    found = search(lambda x: 1 / (x - 0.3) ** 2, [-1], [1.2])
    assert found.beyond[0][0] == approx(0.3, abs=2e-3)
    assert not found.knows_extremes


@pytest.mark.parametrize("f", [sqrt, hd.log, lambda x: 0 * sqrt(x) + hd.sin(3 * x) + x])
def test_function_that_is_not_defined_everywhere_is_not_known(f: Callable[[Any], Any]) -> None:
    found = search(f, [-1], [2.5])
    assert not found.defined
    assert not found.knows_extremes


def test_jump_along_a_line() -> None:
    found = search(lambda x, y: hd.where(x.value < 1, x**2 + y**2, x**2 + y**2 - 3), [-2, -2], [2, 2.1])
    assert len(found.jumps) > 3
    assert np.array(found.jumps)[:, 0] == approx(1, abs=1e-9)


@pytest.mark.parametrize(
    "f", [absolute, hd.exp, lambda x: hd.tanh(1e4 * (x - 0.2)), lambda x: hd.sin(300 * x), lambda x: 0 * x + 3]
)
def test_continuous_function_is_known(f: Callable[[Any], Any]) -> None:
    assert search(f, [-1], [2]).knows_extremes


# ---- two variables


def himmelblau(x: Any, y: Any) -> Any:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def camel(x: Any, y: Any) -> Any:
    return (4 - 2.1 * x**2 + x**4 * (1 / 3)) * x**2 + x * y + (-4 + 4 * y**2) * y**2


def rastrigin(x: Any, y: Any) -> Any:
    return 20 + x**2 - 10 * hd.cos(2 * PI * x) + y**2 - 10 * hd.cos(2 * PI * y)


def test_himmelblau() -> None:
    found = search(himmelblau, [-5, -5], [5, 5])
    nothing_but(found, "points", "edges")
    assert kinds(found) == {"minimum": 4, "saddle": 4, "maximum": 1}
    assert [point.value for point in found.points if point.kind == "minimum"] == approx([0] * 4, abs=1e-18)
    assert (3.0, 2.0) in [tuple(round(x, 9) for x in where) for where in at(found.points, "minimum")]
    assert at(found.points, "maximum") == [approx((-0.27084459, -0.92303856), abs=1e-8)]
    assert len(spots(found, "global minimum")) == 4


def test_six_hump_camel() -> None:
    found = search(camel, [-2, -1.1], [2, 1.1])
    nothing_but(found, "points", "edges")
    assert len(found.points) == 15
    assert kinds(found)["minimum"] == 6
    lowest = spots(found, "global minimum")
    assert [spot.at for spot in lowest] == [
        approx((-0.0898420131003, 0.7126564030207), abs=1e-9),
        approx((0.0898420131003, -0.7126564030207), abs=1e-9),
    ]
    assert [spot.value for spot in lowest] == approx([-1.0316284534899] * 2, abs=1e-12)


def test_rastrigin_takes_little_work() -> None:
    """Of all its 441 points: few evaluations, and little processor time beside them.

    It takes 164 000 points and, beside evaluating the function there, 12 times as long as that does. The least of
    several runs counts: what else the machine does only adds to it.
    """
    asked: list[int] = []
    spent: list[float] = []

    def counted(f: Callable[..., Any]) -> Callable[..., Any]:
        def run(columns: list[Any]) -> Any:
            start = time.process_time()
            found = f(columns)
            spent.append(time.process_time() - start)
            asked.append(len(columns[0]))
            return found

        return run

    values, gradients, hessians = map(counted, _exact_rastrigin())
    beside = []
    for _ in range(3):
        asked.clear()
        spent.clear()
        start = time.process_time()
        found = find(values, gradients, hessians, [-5.12, -5.12], [5.12, 5.12])
        own = time.process_time() - start - sum(spent)
        beside.append(own / sum(spent))
        nothing_but(found, "points", "edges")
        assert kinds(found) == {"minimum": 121, "maximum": 100, "saddle": 220}
        assert sum(asked) < 500_000
    assert min(beside) < 120


def _exact_rastrigin() -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    def hessians(columns: list[Any]) -> Any:
        found = np.zeros((len(columns[0]), 2, 2))
        for index, x in enumerate(columns):
            found[:, index, index] = 2 + 40 * PI**2 * np.cos(2 * PI * x)
        return found

    return (
        lambda columns: 20 + sum(x**2 - 10 * np.cos(2 * PI * x) for x in columns),
        lambda columns: np.stack([2 * x + 20 * PI * np.sin(2 * PI * x) for x in columns], axis=-1),
        hessians,
    )


SPECIAL: dict[str, tuple[Any, ...]] = {
    "monkey saddle": (lambda x, y: x**3 - 3 * x * y**2, (0.0, 0.0), "saddle", 3),
    "dog saddle": (lambda x, y: x**4 - 6 * x**2 * y**2 + y**4, (0.0, 0.0), "saddle", 4),
    "square minus fourth": (lambda x, y: x**2 - y**4, (0.0, 0.0), "saddle", 2),
    "aside": (lambda x, y: (x - 0.1) ** 2 - (y - 0.3) ** 4, (0.1, 0.3), "saddle", 2),
    "square plus fourth": (lambda x, y: x**2 + y**4, (0.0, 0.0), "minimum", 0),
    "both fourth": (lambda x, y: -(x**4) - (y - 0.1) ** 4, (0.0, 0.1), "maximum", 0),
    "cubic plus square": (lambda x, y: x**3 + y**2, (0.0, 0.0), "inflection", 0),
    "bent valley": (lambda x, y: (y - x**2) ** 2 + x**4, (0.0, 0.0), "minimum", 0),
    "peano": (lambda x, y: (y - x**2) * (y - 3 * x**2), (0.0, 0.0), "saddle", 2),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_point_with_a_singular_hessian(name: str) -> None:
    f, where, kind, valleys = SPECIAL[name]
    point = only(search(f, [-1, -1.2], [1.1, 1]))
    assert point.at == approx(where, abs=2e-3)
    assert (point.kind, point.degenerate, point.valleys) == (kind, True, valleys)
    assert point.value == approx(f(*where), abs=1e-9)


def test_valley_is_a_line() -> None:
    found = search(lambda x, y: x**2 + 0 * y, [-1, -2], [1, 3])
    nothing_but(found, "lines", "edges")
    (line,) = found.lines
    assert (line.kind, line.smooth, line.value) == ("valley", True, approx(0, abs=1e-18))
    places = np.array(line.at)
    assert np.abs(places[:, 0]).max() < 1e-9
    assert sorted([line.at[0][1], line.at[-1][1]]) == approx([-2, 3], abs=1e-12)
    assert not line.is_closed
    steps = np.diff(places[:, 1])
    assert (steps > 0).all() or (steps < 0).all(), "as one walks along"


def test_ridge_is_a_line() -> None:
    found = search(lambda x, y: -((x + y) ** 2), [-1, -1], [1, 1])
    (line,) = found.lines
    assert (line.kind, found.points, found.plateaus, found.doubts) == ("ridge", (), (), ())


def test_valley_that_ends_inside() -> None:
    """Its ends are where it gets too steep or too flat to be a line: nothing is added."""
    found = search(lambda x, y: y**2 + hd.where(x.value < 0, 0 * x, x**4), [-1, -1], [1, 1.2])
    (line,) = found.lines
    assert line.kind == "valley"
    assert min(at[0] for at in line.at) == approx(-1, abs=1e-9)
    assert max(at[0] for at in line.at) < 0.1
    assert np.array(line.at)[:, 1] == approx(0, abs=1e-9)


def test_valley_that_is_a_circle_around_a_maximum() -> None:
    found = search(lambda x, y: (x**2 + y**2 - 1) ** 2, [-1.5, -1.5], [1.5, 1.5])
    nothing_but(found, "points", "lines", "edges")
    assert [(point.at, point.kind) for point in found.points] == [(approx((0, 0), abs=1e-9), "maximum")]
    (line,) = found.lines
    assert line.kind == "valley"
    assert np.hypot(*np.array(line.at).T) == approx(1, abs=1e-9)
    angles = np.unwrap(np.arctan2(*np.array(line.at).T))
    assert abs(angles[-1] - angles[0]) == approx(2 * PI), "all the way around"
    assert line.is_closed


def test_valleys_that_cross() -> None:
    found = search(lambda x, y: x**2 * y**2, [-1, -1], [1, 1])
    assert found.lines
    assert {line.kind for line in found.lines} <= {"valley", ""}
    assert (found.plateaus, found.kinks, found.doubts) == ((), (), ())
    assert [point for point in found.points if point.kind != "minimum"] == []
    for line in found.lines:
        assert np.abs(np.array(line.at)).min(axis=1).max() < 2e-3


def test_crease_with_a_minimum() -> None:
    found = search(lambda x, y: absolute(x) + 0.1 * y**2, [-1, -1], [1, 1.2])
    assert (found.points, found.plateaus, found.doubts) == ((), (), ())
    assert [(kink.at, kink.kind) for kink in found.kinks if kink.kind] == [(approx((0, 0), abs=1e-6), "minimum")]
    assert [line.smooth for line in found.lines] == [False] * len(found.lines)
    (lowest,) = spots(found, "global minimum")
    assert lowest.at == found.kinks[0].at


def test_tip_of_a_cone_is_a_kink() -> None:
    found = search(lambda x, y: sqrt(x**2 + y**2), [-1, -1], [1, 1.2])
    nothing_but(found, "kinks", "edges")
    assert [(kink.at, kink.kind) for kink in found.kinks] == [(approx((0, 0), abs=1e-6), "minimum")]


def test_constant_of_two_variables_is_a_plateau() -> None:
    found = search(lambda x, y: 0 * x * y - 2, [-1, 0], [1, 3])
    nothing_but(found, "plateaus")
    (plateau,) = found.plateaus
    assert (plateau.low, plateau.high, plateau.value) == ((-1.0, 0.0), (1.0, 3.0), -2.0)


def test_bell_with_far_tails_has_one_point() -> None:
    point = only(search(lambda x, y: hd.exp(-(x**2) - y**2), [-18, -18], [18, 17]))
    assert (point.at, point.kind, point.degenerate) == (approx((0, 0), abs=1e-8), "maximum", False)


def test_tails_that_are_lost_in_rounding_are_plateaus_and_the_point_is_found_all_the_same() -> None:
    found = search(lambda x: hd.exp(-(x**2)), [-100], [100])
    nothing_but(found, "points", "plateaus")
    assert [(point.at, point.kind) for point in found.points] == [(approx((0,), abs=1e-7), "maximum")]
    assert [plateau.value for plateau in found.plateaus] == [0.0, 0.0]
    assert [plateau.high[0] for plateau in found.plateaus] == approx([-27.3, 100], abs=0.1)


def test_edges_in_two_variables() -> None:
    found = search(lambda x, y: (x - 2) ** 2 + y**2, [-1, -1], [1, 1])
    nothing_but(found, "edges")
    assert [(edge.at, edge.kind) for edge in found.edges] == [
        (approx((-1, -1)), "maximum"),
        (approx((-1, 1)), "maximum"),
        (approx((1, 0), abs=1e-9), "minimum"),
    ]


def test_plain_values_are_told_in_a_fixed_order() -> None:
    once, again = (search(camel, [-2, -1.1], [2, 1.1]) for _ in range(2))
    assert once == again
    assert at(once.points) == sorted(at(once.points))
    for point in once.points:
        assert list(point.eigenvalues) == sorted(point.eigenvalues)
        for vector in point.eigenvectors:
            assert math.hypot(*vector) == approx(1)
            assert max(vector, key=abs) > 0


# ---- units and places do not matter

SCALES = st.floats(-6, 6).map(lambda power: 10**power)
SHIFTS = st.floats(-3, 3)


@cache
def where_it_is(f: Callable[..., Any], low: tuple[float, ...], high: tuple[float, ...]) -> CriticalPoints:
    """What is found of a function that is not moved."""
    return search(f, low, high)


@settings(max_examples=30, deadline=None)
@given(scale=SCALES, height=SCALES, shift=SHIFTS, turned=st.booleans())
def test_points_move_with_the_axis(scale: float, height: float, shift: float, *, turned: bool) -> None:
    """The points of f((x - b) / a) are those of f, moved."""
    factor = -scale if turned else scale
    base = where_it_is(local_minima, (-1,), (2,))
    ends = sorted([-factor + shift * scale, 2 * factor + shift * scale])
    found = search(lambda x: height * local_minima((x - shift * scale) * (1 / factor)), ends[:1], ends[1:])
    expected = sorted((point.at[0] * factor + shift * scale, point.kind) for point in base.points)
    nothing_but(found, "points", "edges")
    assert [kind for _, kind in expected] == [point.kind for point in found.points]
    where = [place for place, _ in expected]
    assert np.ravel(at(found.points)) == approx(where, abs=1e-9 * 3 * scale)


@settings(max_examples=12, deadline=None)
@given(SCALES, SCALES, SCALES, SHIFTS)
def test_points_move_with_both_axes(x_scale: float, y_scale: float, height: float, shift: float) -> None:
    base = where_it_is(camel, (-2, -1.1), (2, 1.1))
    found = search(
        lambda x, y: height * camel(x * (1 / x_scale) - shift, y * (1 / y_scale)),
        [(shift - 2) * x_scale, -1.1 * y_scale],
        [(shift + 2) * x_scale, 1.1 * y_scale],
    )
    nothing_but(found, "points", "edges")
    assert len(found.points) == len(base.points)
    for mine, its in zip(found.points, base.points, strict=True):
        assert mine.kind == its.kind
        assert mine.at[0] / x_scale - shift == approx(its.at[0], abs=4e-9)
        assert mine.at[1] / y_scale == approx(its.at[1], abs=4e-9)


@pytest.mark.parametrize("angle", [0.1, 0.7, PI / 4, 1.3])
def test_points_turn_with_the_plane(angle: float) -> None:
    c, s = math.cos(angle), math.sin(angle)
    found = search(lambda x, y: himmelblau(c * x - s * y, s * x + c * y), [-6, -6], [6, 6])
    nothing_but(found, "points", "edges")
    base = where_it_is(himmelblau, (-8, -8), (8, 8))
    turned = [(c * x + s * y, c * y - s * x, point.kind) for point in base.points for x, y in [point.at]]
    inside = sorted(item for item in turned if max(abs(item[0]), abs(item[1])) < 6)
    assert [item[2] for item in inside] == [point.kind for point in found.points]
    assert np.array(at(found.points)) == approx(np.array([item[:2] for item in inside]), abs=1e-8)


# ---- the landscapes that come with the extension

GALLERY = Path(__file__).parent / "data" / "gallery_points.json"
POINTS: dict[str, list[list[Any]]] = json.loads(GALLERY.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def searched(gallery: Path) -> Callable[[str, str], CriticalPoints]:
    """What a framework finds of a landscape's first function; all landscapes are searched in one go."""
    known: dict[tuple[str, str], CriticalPoints] = {}

    def searched(framework: str, name: str) -> CriticalPoints:
        if (framework, name) not in known:
            landscapes = [Catalogue([]).get(item) for item in POINTS]
            runs = [Series(landscape, landscape.axes).search(framework) for landscape in landscapes]
            outcomes = outcomes_of(runs, settings_with(timeout=300.0), gallery)
            for run in runs:
                outcome = outcomes[run.key]
                assert isinstance(outcome, Result), outcome
                (found,) = outcome.critical.values()
                known[framework, run.label] = found
        return known[framework, name]

    return searched


def wrong_with(found: CriticalPoints, name: str) -> list[str]:
    """How *found* differs from what is known, but for points that are not regular."""
    landscape = Catalogue([]).get(name)
    widths = [axis.high - axis.low for axis in landscape.axes]
    wrong = []
    rest = list(found.points)
    for *where, kind, flags in POINTS[name]:
        allowed = [(1e-3 if "degenerate" in flags else 1e-9) * width for width in widths]
        near = [
            point
            for point in rest
            if all(abs(x - y) <= off for x, y, off in zip(point.at, where, allowed, strict=True))
        ]
        if not near:
            wrong.append(f"missed: {kind} at {where} {flags}")
            continue
        rest.remove(near[0])
        if (near[0].kind, near[0].degenerate) != (kind, "degenerate" in flags):
            wrong.append(f"{near[0].kind}, {near[0].degenerate=} instead of {kind} at {where} {flags}")
    return wrong + [f"invented: {point.kind} at {point.at}" for point in rest] + list(found.doubts)


REGULAR = sorted(set(POINTS) - {"ackley", "ravine", "michalewicz"})


@pytest.mark.framework
@pytest.mark.parametrize("framework", ALL_FRAMEWORKS)
@pytest.mark.parametrize("name", REGULAR)
def test_points_of_a_built_in_landscape(
    needs: Callable[[str], None], searched: Callable[[str, str], CriticalPoints], name: str, framework: str
) -> None:
    needs(framework)
    found = searched(framework, name)
    assert wrong_with(found, name) == []
    assert (found.lines, found.plateaus, found.kinks) == ((), (), ())


@pytest.mark.framework
@pytest.mark.parametrize("framework", ALL_FRAMEWORKS)
def test_points_of_ackleys_function(
    needs: Callable[[str], None], searched: Callable[[str, str], CriticalPoints], framework: str
) -> None:
    """In the middle, at the global minimum, it is a cone."""
    needs(framework)
    found = searched(framework, "ackley")
    (kink,) = found.kinks
    assert (kink.at, kink.kind) == (approx((0, 0), abs=1e-6), "minimum")
    assert [spot.at for spot in spots(found, "global minimum")] == [kink.at]
    assert [line for line in wrong_with(found, "ackley") if "minimum at [0.0, 0.0]" not in line] == []
    assert (found.lines, found.plateaus) == ((), ())


@pytest.mark.framework
@pytest.mark.parametrize("framework", ALL_FRAMEWORKS)
def test_points_of_the_ravine(
    needs: Callable[[str], None], searched: Callable[[str, str], CriticalPoints], framework: str
) -> None:
    """All along it there is no gradient."""
    needs(framework)
    found = searched(framework, "ravine")
    assert (found.points, found.plateaus, found.doubts) == ((), (), ())
    assert [(kink.at, kink.kind) for kink in found.kinks if kink.kind] == [(approx((0, 0), abs=1e-6), "minimum")]


@pytest.mark.framework
@pytest.mark.parametrize("framework", ALL_FRAMEWORKS)
def test_points_of_michalewicz_function(
    needs: Callable[[str], None], searched: Callable[[str, str], CriticalPoints], framework: str
) -> None:
    """Its minimum and its saddle; elsewhere it is flat to the last bit."""
    needs(framework)
    found = searched(framework, "michalewicz")
    regular = [item for item in POINTS["michalewicz"] if not item[3]]
    assert regular
    for *where, kind, _ in regular:
        assert any(
            point.kind == kind and not point.degenerate and point.at == approx(where, abs=1e-9 * 3.14)
            for point in found.points
        ), (where, kind)
    known = [tuple(item[:2]) for item in POINTS["michalewicz"]]
    flat = found.plateaus
    for point in found.points:
        near = any(point.at == approx(where, abs=3e-3) for where in known)
        in_flat = any(all(low <= x <= high for low, x, high in zip(p.low, point.at, p.high, strict=True)) for p in flat)
        assert near or in_flat, f"invented: {point}"


def test_every_new_landscape_is_held_against_what_is_known() -> None:
    assert set(POINTS) | {"cubic", "local_minima", "risk", "saddle", "vanishing_gradient"} == set(Catalogue([]).names())
