"""Levels: that they show what textbook functions do, at any scale, and what the colour bar says."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.contour import QuadContourSet
from matplotlib.ticker import MaxNLocator
from test_draw import job, series

from sphinx_optviz.draw import canvas, style
from sphinx_optviz.draw.finer import doubled
from sphinx_optviz.draw.levels import Levels, digits_for, levels_of, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Job = dict[str, Any]
Numbers = np.ndarray[Any, np.dtype[np.float64]]


@pytest.fixture(autouse=True)
def house_style() -> Iterator[None]:
    with mpl.rc_context():
        style.apply({})
        yield


def rosenbrock(x: Numbers, y: Numbers) -> Numbers:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def himmelblau(x: Numbers, y: Numbers) -> Numbers:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def beale(x: Numbers, y: Numbers) -> Numbers:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def goldstein_price(x: Numbers, y: Numbers) -> Numbers:
    one = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    other = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return one * other


def easom(x: Numbers, y: Numbers) -> Numbers:
    values: Numbers = -np.cos(x) * np.cos(y) * np.exp(-((x - np.pi) ** 2) - (y - np.pi) ** 2)
    return values


def two_bumps(x: Numbers, y: Numbers) -> Numbers:
    values: Numbers = x * np.exp(-(x**2) - y**2)
    return values


SKEWED: dict[str, tuple[Any, list[float]]] = {
    "rosenbrock": (rosenbrock, [-2, 2, -1, 3]),
    "himmelblau": (himmelblau, [-5, 5, -5, 5]),
    "beale": (beale, [-4.5, 4.5, -4.5, 4.5]),
    "goldstein_price": (goldstein_price, [-2, 2, -2, 2]),
    "easom": (easom, [0, 6, 0, 6]),
    "two_bumps": (two_bumps, [-6, 6, -6, 6]),
}
SPREAD: dict[str, tuple[Any, list[float]]] = {
    "bowl": (lambda x, y: x**2 + y**2, [-1, 1, -1, 1]),
    "saddle": (lambda x, y: x**2 - y**2, [-1, 1, -1, 1]),
    "valley": (lambda x, y: x**2 + 0 * y, [-1, 1, -1, 1]),
    "plane": (lambda x, y: 3 * x - y, [-1, 1, -1, 1]),
    "waves": (lambda x, y: np.sin(x) * np.sin(y), [-3, 3, -3, 3]),
    "rastrigin": (
        lambda x, y: 20 + x**2 + y**2 - 10 * np.cos(2 * np.pi * x) - 10 * np.cos(2 * np.pi * y),
        [-5.12, 5.12, -5.12, 5.12],
    ),
}
HIMMELBLAU_SADDLES = [13.3119, 67.7192, 104.0152, 178.3372]


def grid_of(name: str) -> Numbers:
    function, (x0, x1, y0, y1) = (SKEWED | SPREAD)[name]
    values: Numbers = function(np.linspace(x0, x1, 101)[:, None], np.linspace(y0, y1, 101))
    return values


def panel(view: str, name: str, saddles: tuple[float, ...] = ()) -> Job:
    _, (x0, x1, y0, y1) = (SKEWED | SPREAD)[name]
    points = [
        {"kind": "saddle", "degenerate": False, "global": False, "at": [(x0 + x1) / 2, (y0 + y1) / 2], "value": value}
        for value in saddles
    ]
    drawn = series([["x", x0, x1, 101], ["y", y0, y1, 101]], grid_of(name))
    return {"view": view, "series": [drawn], "annotations": [], "points": points}


def parts_of(z: Numbers, levels: Levels) -> Numbers:
    """How much of the area is in each band."""
    return np.histogram(z, levels.values)[0] / z.size


# ---- which levels


@pytest.mark.parametrize("name", SPREAD)
def test_values_that_are_spread_have_even_round_levels(name: str) -> None:
    z = grid_of(name)
    levels = levels_of(z)
    assert levels.norm is None
    np.testing.assert_allclose(levels.values, MaxNLocator(12, steps=[1, 2, 5, 10]).tick_values(z.min(), z.max()))


@pytest.mark.parametrize("name", SKEWED)
def test_values_that_are_crowded_have_more_levels_where_they_are(name: str) -> None:
    z = grid_of(name)
    levels = levels_of(z)
    assert levels.norm is not None
    assert 8 <= len(levels.values) <= 18
    even = np.histogram(z, MaxNLocator(12, steps=[1, 2, 5, 10]).tick_values(z.min(), z.max()))[0] / z.size
    # Easom's function and the bumps are flat nearly everywhere: no level can divide that.
    if name not in ("easom", "two_bumps"):
        assert parts_of(z, levels).max() < 0.4
        assert np.sort(parts_of(z, levels))[-2:].sum() < 0.8 * np.sort(even)[-2:].sum()


def test_levels_of_rosenbrock_are_1_2_5() -> None:
    assert [number(tick) for tick in levels_of(grid_of("rosenbrock")).ticks] == [
        *("0.5", "1", "2", "5", "10", "20", "50", "100", "200", "500", "1000", "2000")
    ]


def test_levels_over_many_powers_of_ten_are_fewer() -> None:
    ticks = levels_of(grid_of("goldstein_price")).ticks
    assert set(np.round(ticks[ticks > 100] / 10.0 ** np.floor(np.log10(ticks[ticks > 100])), 6)) == {1.0, 3.0}


def test_levels_of_a_needle_downward_are_measured_from_the_maximum() -> None:
    values = levels_of(-np.exp(-(np.linspace(-6, 6, 101)[:, None] ** 2) - np.linspace(-6, 6, 101) ** 2)).values
    steps = np.diff(values)
    assert (steps[:-1] >= steps[1:] - 1e-12).all()
    assert values[0] == pytest.approx(-1)
    assert -2e-3 < values[-2] < -4e-4  # it reaches zero at the edge only, and falls by a millionth far from the needle


def test_levels_of_hills_and_hollows_in_a_plain_are_on_both_sides_of_it() -> None:
    ticks = levels_of(grid_of("two_bumps")).ticks
    np.testing.assert_allclose(ticks, -ticks[::-1])


def test_flat_top_or_bottom_is_no_crowd() -> None:
    x = np.linspace(-3, 3, 101)
    bowl = x[:, None] ** 2 + x**2
    for z in (np.minimum(bowl, 2), np.clip(bowl, 0.5, 2), np.maximum(-bowl, -2)):
        levels = levels_of(z)
        assert levels.norm is None
        assert len({number(tick) for tick in levels.ticks}) == len(levels.ticks) >= 5
    assert levels_of(np.minimum(np.exp(3 * bowl), 1e9)).norm is not None, "what is not flat may be crowded"


def test_numbers_have_the_digits_that_tell_them_apart() -> None:
    x = np.linspace(-3, 3, 101)
    ticks = levels_of(1000 + 1e-3 * np.exp(-30 * (x[:, None] ** 2 + x**2))).ticks.tolist()
    assert len({number(tick) for tick in ticks}) < len(ticks)
    assert len({number(tick, digits_for(ticks)) for tick in ticks}) == len(ticks)
    assert digits_for([0.1, 0.2, 1e-5]) == 6


def test_critical_points_that_are_close_to_the_minimum_are_told_apart() -> None:
    """The area alone does not show it: most of it is far up."""
    x = np.linspace(-3, 3, 101)
    z = (x[:, None] ** 2 - 1) ** 2 + 10 * x**2
    assert levels_of(z).norm is None
    levels = levels_of(z, [1.0], [0.0, 0.0])
    assert levels.norm is not None
    assert ((levels.values > 0) & (levels.values < 1)).sum() >= 1
    mirrored = levels_of(-z, [-1.0], [0.0, 0.0])
    np.testing.assert_allclose(mirrored.values, -levels.values[::-1])


# ---- levels through saddles


def test_levels_go_through_few_saddles_and_are_not_crowded() -> None:
    z = grid_of("himmelblau")
    levels = levels_of(z, HIMMELBLAU_SADDLES, [0.0, 181.6165])
    assert list(levels.through) == HIMMELBLAU_SADDLES
    assert set(HIMMELBLAU_SADDLES) <= set(levels.values)
    assert (np.diff(levels.values) / levels.values[1:] > 0.03).all()
    # 100 gave way to the saddle at 104, and keeps its number at the bar.
    assert not np.isin(100.0, levels.values)
    assert 100.0 in levels.ticks


def test_levels_do_not_go_through_many_saddles() -> None:
    z = grid_of("rastrigin")
    saddles = [float(value) for value in np.linspace(11.3, 71.7, 7)]
    assert list(levels_of(z, saddles).values) == list(levels_of(z).values)
    assert list(levels_of(z, saddles[:6]).through) == saddles[:6]


def test_saddles_of_the_same_height_are_one() -> None:
    z = grid_of("rastrigin")
    assert list(levels_of(z, [11.3, np.nextafter(11.3, 12)] * 4).through) == [11.3]


def test_saddle_between_two_others_that_took_a_level_is_left_out() -> None:
    levels = levels_of(grid_of("bowl"), [0.99, 1.0, 1.01])
    assert list(levels.through) == [0.99]
    assert len(levels.values) == len(levels_of(grid_of("bowl")).values)


def test_saddle_at_the_end_of_all_levels_leaves_the_end_where_it_is() -> None:
    z = grid_of("bowl")
    levels = levels_of(z, [0.001, 1.999])
    assert levels.values[[0, 1, -2, -1]].tolist() == [0.0, 0.001, 1.999, 2.0]


# ---- any numbers


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from(["plain", "up", "down", "middle", "steps"]),
    st.integers(-300, 280),
    st.sampled_from([0.0, 1.0, -1e6, 1e12]),
    st.integers(2, 30),
    st.integers(0, 8),
)
def test_levels_increase_and_reach_over_all_values(
    seed: int, kind: str, power: int, shift: float, count: int, saddles: int
) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(count, 5))
    change: dict[str, Callable[[Numbers], Numbers]] = {
        "plain": np.asarray,
        "up": lambda z: np.exp(4 * z),
        "down": lambda z: -np.exp(4 * z),
        "middle": lambda z: z**7,
        "steps": np.round,
    }
    z = change[kind](z) * 10.0**power + shift
    if z.min() == z.max():
        return
    levels = levels_of(np.ma.masked_invalid(z), rng.choice(z.ravel(), saddles).tolist(), [float(z.min())])
    assert (np.diff(levels.values) > 0).all()
    assert levels.values[0] <= z.min()
    assert levels.values[-1] >= z.max()
    assert len(levels.values) <= 30
    assert np.isin(levels.through, levels.values).all()
    if levels.norm is not None:
        np.testing.assert_allclose(levels.norm(levels.values), np.linspace(0, 1, len(levels.values)), atol=1e-9)
        np.testing.assert_allclose(levels.norm.inverse(np.array([0.0, 1.0])), levels.values[[0, -1]])


# ---- what is drawn


def mappable_of(axes: Any) -> ScalarMappable:
    return next(item for item in axes.get_children() if isinstance(item, ScalarMappable))


def lines_of(axes: Any) -> Any:
    return next(item for item in axes.get_children() if isinstance(item, QuadContourSet) and not item.filled)


@pytest.mark.parametrize("name", SKEWED)
def test_colours_of_contours_change_by_the_same_step(name: str) -> None:
    (axes,) = canvas.make_figure(job(panel("contour", name))).axes
    filled: Any = mappable_of(axes)
    parts = np.asarray(filled.norm(filled.layers))
    np.testing.assert_allclose(parts, (np.arange(len(parts)) + 0.5) / len(parts), atol=1e-9)


@pytest.mark.parametrize("name", SKEWED)
def test_all_views_have_the_same_colours(name: str) -> None:
    levels = levels_of(grid_of(name)).values
    for view in ("contour", "heatmap", "surface"):
        (axes,) = canvas.make_figure(job(panel(view, name))).axes
        parts = np.asarray(mappable_of(axes).norm(levels))
        np.testing.assert_allclose(parts, np.linspace(0, 1, len(levels)), atol=1e-9)


def test_heights_of_a_surface_stay_even() -> None:
    (axes,) = canvas.make_figure(job(panel("surface", "rosenbrock"))).axes
    assert axes.get_zlim()[1] > 2000  # type: ignore[attr-defined]
    assert axes.get_zscale() == "linear"  # type: ignore[attr-defined]


def test_lines_through_saddles_are_stronger() -> None:
    (axes,) = canvas.make_figure(job(panel("contour", "himmelblau", (104.0152,)))).axes
    lines = lines_of(axes)
    widths = dict(zip(lines.levels.tolist(), np.asarray(lines.get_linewidth()).tolist(), strict=True))
    assert widths[104.0152] > widths[50.0]


def test_infinite_and_missing_values_stay_blank() -> None:
    drawn = panel("heatmap", "rosenbrock")
    z = grid_of("rosenbrock")
    z[10:20, 10:20], z[40:50, 40:50] = np.inf, np.nan
    drawn["series"][0]["values"] = [z.astype("<f8").tobytes()]
    (axes,) = canvas.make_figure(job(drawn)).axes
    image: Any = mappable_of(axes)
    colours = image.to_rgba(image.get_array())
    blank = colours[..., 3] == 0
    assert blank.sum() == 200


@pytest.mark.parametrize("size", [None, [3.0, 2.0], [7.0, 6.0]], ids=str)
@pytest.mark.parametrize("name", [*SKEWED, "saddle"])
def test_numbers_at_the_bar_are_apart_and_in_the_figure(name: str, size: list[float] | None) -> None:
    figure = canvas.make_figure(job(panel("contour", name), size=size))
    agg = FigureCanvasAgg(figure)
    agg.draw()  # type: ignore[no-untyped-call]
    renderer = agg.get_renderer()  # type: ignore[no-untyped-call]
    (bar,) = figure.axes[0].child_axes
    low, high = sorted(bar.yaxis.get_view_interval())
    ticks = [tick for tick in bar.yaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    boxes = [tick.label2.get_window_extent(renderer) for tick in ticks]
    assert len(boxes) >= 3
    assert all(one.y1 <= other.y0 for one, other in pairwise(sorted(boxes, key=lambda box: float(box.y0))))
    name_box = bar.yaxis.label.get_window_extent(renderer)
    assert name_box.x1 <= figure.bbox.x1 or size == [3.0, 2.0]
    assert all(box.x1 <= name_box.x0 for box in boxes)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-0.5, "−0.5"),
        (0.30000000000000004, "0.3"),
        (2000.0, "2000"),
        (1e4, "10⁴"),
        (3e5, "3·10⁵"),
        (-1e5, "−10⁵"),
        (2e-4, "2·10⁻⁴"),
        (1.5e-300, "1.5·10⁻³⁰⁰"),
    ],
)
def test_numbers_are_written_as_people_do(value: float, text: str) -> None:
    assert number(value) == text


# ---- between the points of a grid


def test_doubled_grid_keeps_its_numbers_and_bends_like_the_function() -> None:
    x = np.linspace(-1, 1, 11)
    z = 3 * x[:, None] ** 2 - x**2 + x[:, None] * x
    fine = np.linspace(-1, 1, 21)
    twice = doubled(z)
    assert twice.shape == (21, 21)
    np.testing.assert_array_equal(twice[::2, ::2], z)
    inner = slice(3, -3)
    exact = 3 * fine[:, None] ** 2 - fine**2 + fine[:, None] * fine
    np.testing.assert_allclose(twice[inner, inner], exact[inner, inner], atol=1e-12)


def test_doubled_grid_does_not_swing_over() -> None:
    step = np.array([-5.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 5.0])[:, None] + np.zeros(6)
    for z in (step, step.T):
        twice = doubled(z)
        assert twice.min() == -5
        assert twice.max() == 5
        middle = twice[2:-2] if z is step else twice[:, 2:-2]
        assert middle.min() == 0
        assert middle.max() == 1


def test_doubled_grid_is_within_the_levels() -> None:
    """Between two points at the bottom of a bowl it would be lower than at any."""
    z = np.linspace(-1, 1, 12)[:, None] ** 2 + np.linspace(-1, 1, 12) ** 2
    assert doubled(z).min() == z.min()


def test_doubled_grid_is_missing_values_beside_missing_ones_only() -> None:
    z = np.ones((9, 9))
    z[4, 4] = np.nan
    missing = np.argwhere(np.isnan(doubled(z)))
    assert (np.abs(missing - 8) <= 1).all()
    assert len(missing) == 9


def test_thin_valley_is_one_piece() -> None:
    """Rosenbrock's is narrower than the grid's cells."""
    (axes,) = canvas.make_figure(job(panel("contour", "rosenbrock"))).axes
    lines = lines_of(axes)
    index = lines.levels.tolist().index(1.0)
    assert len(lines.get_paths()[index].to_polygons(closed_only=False)) == 1
