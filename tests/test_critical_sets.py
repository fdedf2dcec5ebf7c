"""Critical points that are not alone, and those where there is no gradient: lines, plateaus, creases, steps, poles."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import sampled
from finder import absolute, floor, hd, programs, relu, search

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_optviz.critical import CriticalPoints

PI = math.pi
approx: Any = pytest.approx

LOW, HIGH = (-3.0, -3.0), (3.0, 3.0)


def plane(f: Callable[[Any, Any], Any]) -> CriticalPoints:
    found = search(f, LOW, HIGH)
    assert not found.doubts
    return found


# ---- minima on creases


@pytest.mark.parametrize(
    ("f", "at", "value"),
    [
        (lambda x, y: relu(1 - x - y) + 0.1 * (x**2 + y**2), (0.5, 0.5), 0.05),
        (lambda x, y: relu(1 - x - y) + (x**2 + y**2) / 2, (0.5, 0.5), 0.25),
        (lambda x, y: relu(1 - 2 * x - y) + 0.3 * (x**2 + y**2), (0.4, 0.2), 0.06),
        (lambda x, y: absolute(x - y) + x**2 + y**2, (0, 0), 0),
        (lambda x, y: absolute(y - x**2) + (1 - x) ** 2, (1, 1), 0),
        (lambda x, y: absolute(y - hd.sin(x)) + 0.1 * (x - 1) ** 2, (1, math.sin(1)), 0),
        # Where creases cross, and where the gradient is 0 by a rule of the framework only.
        (lambda x, y: relu(1 - x - y) + relu(1 + x - y) + (x**2 + y**2) / 2, (0, 1), 0.5),
        (lambda x, y: relu(x + y) + x**2 + y**2, (0, 0), 0),
        (lambda x, y: absolute(x - 1.3) + 2 * absolute(y - x) + 0.5 * (x + y) ** 2, (1 / 4, 1 / 4), 1.175),
    ],
)
def test_minimum_on_a_crease(f: Callable[[Any, Any], Any], at: tuple[float, float], value: float) -> None:
    found = plane(f)
    assert [(kink.kind, kink.at) for kink in found.kinks if kink.kind] == [("minimum", approx(at, abs=1e-9))]
    assert found.kinks[0].value == approx(value, abs=1e-9)
    assert not found.points
    assert not found.lines
    assert found.knows_extremes


@pytest.mark.parametrize("slope", sampled([0.5, 0.1], [0.5]))  # the flatter it is, the longer it takes
def test_crease_that_is_lowest_where_the_function_falls_across_it_is_no_minimum(slope: float) -> None:
    found = plane(lambda x, y: absolute(x**2 + y**2 - 1) + slope * x)
    assert sorted((kink.at[0], kink.kind) for kink in found.kinks) == [
        (approx(-1, abs=1e-9), "minimum"),
        (approx(1, abs=1e-9), ""),
    ]


Kind = tuple[int, int]  # how many creases there are, and how many go through a minimum at most; -1: no minimum


@dataclass(frozen=True)
class Random:
    """A function that is drawn at random, and its minima."""

    f: Callable[[Any, Any], Any]
    minima: list[tuple[float, float]]
    kind: Kind
    lowest: float = math.nan


def convex(seed: int) -> Random:
    """A quadratic with creases. Its minimum is the lowest of all points that can be one.

    Those are the minima of the quadratic between the creases, on one, and on two of them.
    """
    random = np.random.default_rng([5, seed])
    count = int(random.integers(1, 4))
    angles, offsets = random.uniform(0, PI, count), random.uniform(-1.5, 1.5, count)
    heights = random.uniform(0.1, 2.0, count)
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    middle, bends = random.uniform(-1.5, 1.5, 2), random.uniform(0.05, 1.0, 2)

    def f(x: Any, y: Any) -> Any:
        total = bends[0] * (x - middle[0]) ** 2 + bends[1] * (y - middle[1]) ** 2
        for height, normal, offset in zip(heights, normals, offsets, strict=True):
            total = total + height * absolute(normal[0] * x + normal[1] * y - offset)
        return total

    quadratic = 2 * np.diag(bends)
    places = []
    for signs in itertools.product((-1, 0, 1), repeat=count):
        rows = [index for index, sign in enumerate(signs) if not sign]
        pull = quadratic @ middle - sum(
            (sign * heights[index] * normals[index] for index, sign in enumerate(signs)), np.zeros(2)
        )
        size = 2 + len(rows)
        matrix, right = np.zeros((size, size)), np.zeros(size)
        matrix[:2, :2], right[:2] = quadratic, pull
        for at, row in enumerate(rows):
            matrix[2 + at, :2] = matrix[:2, 2 + at] = normals[row]
            right[2 + at] = offsets[row]
        places.append(np.linalg.lstsq(matrix, right, rcond=None)[0][:2])
    value = [float(bends @ (place - middle) ** 2 + heights @ np.abs(normals @ place - offsets)) for place in places]
    best = places[int(np.argmin(value))]
    through = int((np.abs(normals @ best - offsets) < 1e-9).sum())
    return Random(f, [tuple(best)], (count, through), min(value))


def network(seed: int) -> Random:
    """A bowl and some rectified units. Its minima are where no direction leads down.

    By the exact directional derivatives, at all places that can be a minimum.
    """
    random = np.random.default_rng([7, seed])
    count = int(random.integers(2, 5))
    angles, offsets = random.uniform(0, 2 * PI, count), random.uniform(-1.5, 1.5, count)
    weights, middle = random.uniform(-1.5, 1.5, count), random.uniform(-1, 1, 2)
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=-1)

    def f(x: Any, y: Any) -> Any:
        total = 0.25 * ((x - middle[0]) ** 2 + (y - middle[1]) ** 2)
        for weight, normal, offset in zip(weights, normals, offsets, strict=True):
            total = total + weight * relu(normal[0] * x + normal[1] * y - offset)
        return total

    around = np.linspace(0, 2 * PI, 721)
    circle = np.stack([np.cos(around), np.sin(around)], axis=-1)

    def steepest_way_down(at: Any, active: list[int]) -> float:
        on = [index for index in range(count) if index not in active and normals[index] @ at > offsets[index]]
        along = normals[active] @ [[0.0, 1.0], [-1.0, 0.0]]
        ways = np.concatenate([circle, along, -along])
        slopes = ways @ (0.5 * (at - middle) + weights[on] @ normals[on])
        return float((slopes + np.maximum(ways @ normals[active].T, 0.0) @ weights[active]).min())

    minima, through = [], -1
    for signs in itertools.product((-1, 0, 1), repeat=count):
        active = [index for index, sign in enumerate(signs) if not sign]
        on = [index for index, sign in enumerate(signs) if sign > 0]
        if len(active) > 2:
            continue
        pull = middle - 2 * sum((weights[index] * normals[index] for index in on), np.zeros(2))
        held = normals[active]
        at = pull + np.linalg.pinv(held) @ (offsets[active] - held @ pull)
        sides = normals @ at - offsets
        if any(sign * side < 1e-9 for sign, side in zip(signs, sides, strict=True) if sign):
            continue
        if steepest_way_down(at, active) > -1e-9 and np.abs(at).max() < 3:
            minima.append(tuple(at))
            through = max(through, len(active))
    return Random(f, sorted(minima), (count, through))


SEEDS = range(40)
SOME_CONVEX: dict[Kind, int] = {
    (1, 0): 35,
    (1, 1): 29,
    (2, 0): 14,
    (2, 1): 34,
    (2, 2): 17,
    (3, 0): 22,
    (3, 1): 0,
    (3, 2): 39,
}
SOME_NETWORKS: dict[Kind, int] = {
    (2, 0): 36,
    (2, 1): 24,
    (3, -1): 38,
    (3, 0): 19,
    (3, 1): 4,
    (4, -1): 21,
    (4, 0): 0,
    (4, 1): 10,
    (4, 2): 11,
}


@pytest.mark.parametrize(("draw", "sample"), [(convex, SOME_CONVEX), (network, SOME_NETWORKS)])
def test_sample_has_a_random_function_of_each_kind(draw: Callable[[int], Random], sample: dict[Kind, int]) -> None:
    assert {draw(seed).kind: seed for seed in sample.values()} == sample
    assert {draw(seed).kind for seed in SEEDS} == set(sample)


@pytest.mark.parametrize("seed", sampled(SEEDS, SOME_CONVEX.values()))
def test_minimum_of_a_random_convex_function_with_creases(seed: int) -> None:
    drawn = convex(seed)
    (best,) = drawn.minima
    found = plane(drawn.f)
    minima = [(point.at, point.value) for point in found.points if point.kind == "minimum"]
    minima += [(kink.at, kink.value) for kink in found.kinks if kink.kind == "minimum"]
    assert minima == [(approx(best, abs=1e-7), approx(drawn.lowest, abs=1e-9))]
    assert [point.kind for point in found.points if point.kind != "minimum"] == []
    assert not found.lines


@pytest.mark.parametrize("seed", sampled(SEEDS, SOME_NETWORKS.values()))
def test_minima_of_a_random_network_of_rectified_units(seed: int) -> None:
    drawn = network(seed)
    found = plane(drawn.f)
    its = [point.at for point in found.points if point.kind == "minimum"]
    its += [kink.at for kink in found.kinks if kink.kind == "minimum"]
    assert sorted(its) == [approx(at, abs=1e-7) for at in drawn.minima]


@pytest.mark.parametrize(
    ("planes", "at", "value"),
    [
        ([(1, 1, 0), (-2, 1, 0.5), (-0.3, -1, 0)], (1 / 6, -0.65 / 6), 0.35 / 6),
        ([(1, 1, 0), (-2, 1, 0.4), (-0.3, -1, 0)], (0.4 / 3, -0.26 / 3), 0.14 / 3),
        ([(2, 0.7, -0.3), (-1, 1, 0), (-0.2, -1.5, 0.1)], (13 / 121, 9 / 121), -4 / 121),
    ],
)
def test_lowest_corner_of_planes(planes: list[tuple[float, ...]], at: tuple[float, float], value: float) -> None:
    def f(x: Any, y: Any) -> Any:
        first, *others = [a * x + b * y + c for a, b, c in planes]
        for other in others:
            first = first + relu(other - first)
        return first

    found = search(f, (-2, -2), (2, 2))
    assert [(kink.kind, kink.at) for kink in found.kinks] == [("minimum", approx(at, abs=1e-9))]
    assert found.kinks[0].value == approx(value, abs=1e-9)


def test_each_of_three_creases_that_cross_is_one() -> None:
    assert len(plane(lambda x, y: absolute(x) + absolute(y) + absolute(x + y - 1)).creases) == 3


@pytest.mark.parametrize(
    ("low", "high", "creases", "between"),
    [
        ((-0.2, -1.0), (1.3, 1.0), (2, 2), (1, 1)),
        pytest.param(LOW, HIGH, (5, 4), (6, 3), marks=pytest.mark.slow),
    ],
    ids=["2 x 2", "5 x 4"],
)
def test_kinks_of_a_lattice_are_all_found(
    low: tuple[float, float], high: tuple[float, float], creases: tuple[int, int], between: tuple[int, int]
) -> None:
    """Minima are where creases cross, maxima between them; on a crease there is a saddle between two others."""
    found = search(lambda x, y: absolute(hd.sin(3 * x)) + absolute(hd.cos(2 * y)), low, high)
    assert not found.doubts
    kinds = Counter(kink.kind for kink in found.kinks)
    assert kinds == {"minimum": creases[0] * creases[1], "": creases[0] * between[1] + between[0] * creases[1]}
    assert Counter(point.kind for point in found.points) == {"maximum": between[0] * between[1]}


@pytest.mark.parametrize(
    ("steepness", "most"),
    [
        pytest.param(5, {1: 64, 2: 100}, id="a bound that a less steep one reaches"),
        pytest.param(100, programs()["_MOST_JUMPS"], id="steep", marks=pytest.mark.slow),
    ],
)
def test_minimum_on_a_steep_bent_crease(monkeypatch: pytest.MonkeyPatch, steepness: int, most: dict[int, int]) -> None:
    """Cells along it cannot be divided down to rounding: they get too many."""
    monkeypatch.setitem(programs(), "_MOST_JUMPS", most)
    found = search(lambda x, y: (1 - x) ** 2 + steepness * absolute(y - x**2), (-2, -1), (2, 3))
    assert [(kink.kind, kink.at) for kink in found.kinks] == [("minimum", approx((1, 1), abs=1e-8))]


def test_narrow_valley_that_falls_a_little_all_along_is_no_line() -> None:
    def sigmoid(x: Any) -> Any:
        return (1 + hd.exp(-1 * x)) ** -1.0

    found = search(lambda x, y: (sigmoid(x * y) - 0.9) ** 2 + (sigmoid(x - y) - 0.2) ** 2, (-6, -6), (6, 6))
    assert Counter(point.kind for point in found.points) == {"minimum": 2, "saddle": 1}
    assert not found.lines
    assert not found.doubts


# ---- lines


@pytest.mark.parametrize("level", [-0.3, -0.1, 0.1, 0.2, 0.3, 1.0, 2.0])
def test_both_branches_of_a_hyperbola_are_whole(level: float) -> None:
    found = plane(lambda x, y: (x * y - level) ** 2)
    assert [(point.kind, point.at) for point in found.points] == [("saddle", approx((0, 0), abs=1e-9))]
    assert [line.kind for line in found.lines] == ["valley", "valley"]
    for line in found.lines:
        x, y = np.array(line.at).T
        assert x * y == approx(level, abs=1e-9)
        assert np.abs(line.at[0]).max() == np.abs(line.at[-1]).max() == approx(3, abs=1e-9)


def test_line_ends_where_its_kind_changes() -> None:
    found = plane(lambda x, y: x**4 / 4 - x**2 / 2 + x**2 * y**2)
    lines = sorted((sorted([line.at[0][1], line.at[-1][1]]), line.kind) for line in found.lines)
    turn = math.sqrt(0.5)
    assert lines == [
        ([-3, approx(-turn, abs=1e-6)], "valley"),
        ([approx(-turn, abs=1e-6), approx(turn, abs=1e-6)], "ridge"),
        ([approx(turn, abs=1e-6), 3], "valley"),
    ]


@pytest.mark.parametrize(
    ("f", "count"),
    [
        (lambda x, y: x**2 * y**2, 2),
        (lambda x, y: (x**2 - y**2) ** 2, 2),
        (lambda x, y: absolute(x * y), 2),
        (lambda x, y: (x**2 * y - 1) ** 2, 4),
        (lambda x, y: absolute(x - y), 1),
        (lambda x, y: absolute(x**2 + y**2 - 1), 1),
    ],
)
def test_lines_that_cross_go_straight_on(f: Callable[[Any, Any], Any], count: int) -> None:
    found = plane(f)
    assert len(found.lines) == count
    assert {line.kind for line in found.lines} <= {"valley", "ridge"}


def test_line_of_kinks_is_none_where_the_function_changes_along_it() -> None:
    found = plane(lambda x, y: absolute(x - y) + (x + y) / 10)
    assert not found.lines
    (crease,) = found.creases
    assert np.ptp(np.array(crease), axis=0) == approx([6, 6], abs=0.3)


def test_line_is_parted_where_the_function_steps() -> None:
    found = search(lambda x, y: floor(x) + y**2, LOW, HIGH)
    assert [line.value for line in found.lines] == approx([-3, -2, -1, 0, 1, 2])


# ---- plateaus


def test_steps_are_a_plateau_each_and_end_where_they_end() -> None:
    found = search(floor, [-3.0], [2.5])
    assert [(plateau.low[0], plateau.high[0], plateau.value) for plateau in found.plateaus] == [
        (approx(start, abs=1e-6), approx(min(start + 1, 2.5), abs=1e-6), start) for start in range(-3, 3)
    ]
    assert np.ravel(found.jumps) == approx([-2, -1, 0, 1, 2], abs=1e-9)


def test_plateau_is_where_it_is_and_not_in_the_box_around_it() -> None:
    found = plane(lambda x, y: -relu(2 - x**2 - y**2))
    (plateau,) = found.plateaus
    assert (plateau.low, plateau.high, plateau.value) == (LOW, HIGH, 0)

    def contains(x: float, y: float) -> bool:
        return any(low[0] <= x <= high[0] and low[1] <= y <= high[1] for low, high in plateau.boxes)

    assert contains(*plateau.inside)
    assert math.hypot(*plateau.inside) > 1.7
    for radius, inside in ((0.0, False), (1.3, False), (1.55, True), (2.9, True)):
        for angle in np.linspace(0, 6, 13):
            assert contains(radius * math.cos(angle), radius * math.sin(angle)) is inside, (radius, angle)


def test_border_of_a_plateau_is_nothing_critical() -> None:
    found = plane(lambda x, y: relu(x + y))
    assert [plateau.value for plateau in found.plateaus] == [0]
    assert not found.kinks
    assert not found.lines


# ---- poles, and edges along which the function is the same


@pytest.mark.parametrize("f", [lambda x: x**-1.0, lambda x: x + x**-1.0, lambda x: x - x**-1.0, lambda x: x**-2.0])
def test_pole_at_a_sample_is_no_point(f: Callable[[Any], Any]) -> None:
    found = search(f, [-3.0], [3.0])
    assert np.ravel(found.jumps) == approx([0], abs=1e-9)
    assert all(math.isfinite(point.value) for point in found.points)
    assert not any(point.at == (0,) for point in found.points)


def test_edge_along_which_the_function_is_the_same() -> None:
    found = plane(lambda x, y: x**2 + 0 * y)
    assert [(edge.kind, edge.at, edge.value) for edge in found.edges] == [
        ("maximum", (-3, 0), 9),
        ("maximum", (3, 0), 9),
    ]
    assert sorted(found.edges[0].ends) == [approx((-3, -3)), approx((-3, 3))]
    assert found.knows_extremes


def test_corner_at_which_the_slope_vanishes_along_an_edge() -> None:
    found = search(lambda x, y: x**3 - 3 * x * y**2, (-1, -1), (1, 1))
    assert [(edge.kind, edge.at) for edge in found.edges if min(map(abs, edge.at)) == 1] == [
        *(("maximum", (-1, y)) for y in (-1, 1)),
        *(("minimum", (1, y)) for y in (-1, 1)),
    ]
    assert found.knows_extremes


def test_part_of_an_edge_along_which_the_function_is_the_same() -> None:
    found = search(lambda x, y: hd.sin(x) * hd.sin(y), (0, 0), (2 * PI, 2 * PI))
    stretches = [(edge.kind, *(approx(at, abs=0.05) for at in edge.ends)) for edge in found.edges if edge.at[0] == 0]
    assert stretches == [("minimum", (0, 0), (0, PI)), ("maximum", (0, PI), (0, 2 * PI))]
    once = search(lambda x, y: x + relu(y - 0.5) ** 2, (0, 0), (1, 1))
    assert [(edge.kind, edge.at) for edge in once.edges if edge.at[0] == 0] == [("minimum", (0, approx(0.25)))]


def test_poles_between_samples_are_no_points() -> None:
    found = search(lambda x: (x - 0.3333) ** -2.0, [-1.0], [2.0])
    assert np.ravel(found.jumps) == approx([0.3333], abs=1e-6)

    def near(x: Any, y: Any, a: float, b: float) -> Any:
        return ((x - a) ** 2 + (y - b) ** 2) ** -0.5

    both = plane(lambda x, y: near(x, y, 0.913, 0.177) + near(x, y, -1.037, -0.311))
    assert [point.kind for point in both.points] == ["saddle"]
    assert sorted(both.jumps) == [approx((-1.037, -0.311), abs=1e-6), approx((0.913, 0.177), abs=1e-6)]


def test_curve_that_crosses_itself_is_followed_around() -> None:
    found = search(lambda x, y: ((x**2 + y**2) ** 2 - 2 * (x**2 - y**2)) ** 2, (-2, -2), (2, 2))
    assert [line.kind for line in found.lines] == ["valley"]
    assert [point.kind for point in found.points] == ["maximum", "maximum"]
    assert not found.doubts
