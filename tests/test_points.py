"""The points at which functions are computed: the same for all frameworks, on any machine, in any version."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_optviz import points
from sphinx_optviz.model import MAX_COORDINATE
from sphinx_optviz.points import cell_count, cells_of, columns_of, with_neighbours
from sphinx_optviz.runs import Axis

LINE = [Axis("x", -1.0, 1.0, 5)]
PLANE = [Axis("x", 0.0, 2.0, 3), Axis("y", 10.0, 11.0, 2)]


def axis_between(ends: tuple[float, float], count: int) -> Axis:
    return Axis("x", min(ends), max(ends), count)


COORDINATES = st.floats(-MAX_COORDINATE, MAX_COORDINATE)
AXES = st.lists(
    st.builds(axis_between, st.tuples(COORDINATES, COORDINATES), st.integers(1, 30)), min_size=1, max_size=2
)


def test_line_is_a_grid_with_both_ends() -> None:
    (column,) = columns_of(LINE, 0)
    assert column.tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_plane_is_a_grid_whose_last_axis_is_the_fastest() -> None:
    x, y = columns_of(PLANE, 0)
    assert x.tolist() == [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]
    assert y.tolist() == [10.0, 11.0] * 3


def test_axis_of_one_point_lies_at_its_lower_end() -> None:
    x, y = columns_of([Axis("x", 3.0, 3.0, 1), Axis("y", 0.0, 1.0, 3)], 2)
    assert x.tolist() == [3.0] * 5
    assert y[:3].tolist() == [0.0, 0.5, 1.0]


@given(AXES, st.integers(0, 50))
def test_columns_have_one_number_a_point_in_the_box(axes: list[Axis], samples: int) -> None:
    columns = columns_of(axes, samples)
    assert len(columns) == len(axes)
    total = int(np.prod([axis.count for axis in axes])) + samples
    for axis, column in zip(axes, columns, strict=True):
        assert (str(column.dtype), column.shape) == ("float64", (total,))
        assert np.isfinite(column).all()
        # Rounding may step over an end by as much as one unit in the last place.
        room = 2 * np.spacing(max(abs(axis.low), abs(axis.high)))
        assert axis.low - room <= column.min() <= column.max() <= axis.high + room


@given(AXES, st.integers(0, 50))
def test_points_are_the_same_each_time(axes: list[Axis], samples: int) -> None:
    first = columns_of(axes, samples)
    random.seed()
    np.random.seed(None)  # noqa: NPY002 - what code of others may use
    for one, other in zip(first, columns_of(axes, samples), strict=True):
        np.testing.assert_array_equal(one, other)


def test_making_points_leaves_the_generators_of_others_alone() -> None:
    random.seed(3)
    expected = random.random()
    random.seed(3)
    columns_of(PLANE, 100)
    assert random.random() == expected


def test_points_are_the_same_on_every_machine_and_in_every_version() -> None:
    """Stored results rest on it: a change of this digest needs another RUN_SCHEMA."""
    data = b"".join(column.astype("<f8").tobytes() for column in columns_of(PLANE, 1000))
    assert hashlib.sha256(data).hexdigest() == "aa8a9afbb34e5fda6fa52f35371413036fc304fe4f2c87ce161e5c1e97f12b5e"


@pytest.mark.parametrize("axes", [LINE, PLANE], ids=["one-variable", "two-variables"])
def test_grid_does_not_depend_on_the_random_points(axes: list[Axis]) -> None:
    for alone, more in zip(columns_of(axes, 0), columns_of(axes, 7), strict=True):
        assert more.size == alone.size + 7
        np.testing.assert_array_equal(more[: alone.size], alone)


def test_random_points_are_spread_over_the_box_and_lie_on_no_line() -> None:
    x, y = (column[6:] for column in columns_of(PLANE, 1000))
    for column, axis in ((x, PLANE[0]), (y, PLANE[1])):
        counts, _ = np.histogram(column, bins=10, range=(axis.low, axis.high))
        assert counts.min() > 60
        assert len(set(column)) == 1000
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.1


def test_random_points_do_not_lie_on_the_grid() -> None:
    (column,) = columns_of([Axis("x", -1.0, 1.0, 1001)], 1000)
    assert set(column[:1001]) & set(column[1001:]) == set()


def test_another_seed_gives_other_points(monkeypatch: pytest.MonkeyPatch) -> None:
    before = columns_of(LINE, 5)[0]
    monkeypatch.setattr(points, "_SEED", points._SEED + 1)
    after = columns_of(LINE, 5)[0]
    assert (before[:5] == after[:5]).all()
    assert (before[5:] != after[5:]).all()


# ---- cells


@given(AXES, st.integers(0, 50))
def test_every_point_lies_in_a_cell(axes: list[Axis], samples: int) -> None:
    columns = columns_of(axes, samples)
    cells = cells_of(axes, columns)
    assert cells.shape == columns[0].shape
    assert 0 <= cells.min() <= cells.max() < cell_count(axes)


def test_cells_of_a_line_are_equal_parts_of_it() -> None:
    axes = [Axis("x", -1.0, 1.0, 41)]
    assert cell_count(axes) == 20
    cells = cells_of(axes, columns_of(axes, 0)).tolist()
    # Rounding decides where a border belongs.
    assert cells[1::2] == list(range(20))
    assert (cells[0], cells[-1]) == (0, 19)
    assert cells == sorted(cells)


def test_cells_of_a_plane_are_numbered_along_the_last_axis() -> None:
    assert cell_count(PLANE) == 100
    x, y = np.array([0.01, 0.01, 0.21, 1.99]), np.array([10.01, 10.11, 10.01, 10.99])
    assert cells_of(PLANE, [x, y]).tolist() == [0, 1, 10, 99]


def test_neighbours_of_a_cell_are_those_around_it() -> None:
    line = np.zeros(20)
    line[[0, 7]] = 3.0, 2.0
    assert np.flatnonzero(with_neighbours(LINE, line)).tolist() == [0, 1, 6, 7, 8]
    assert with_neighbours(LINE, line)[[0, 1, 6, 7, 8]].tolist() == [3.0, 3.0, 2.0, 2.0, 2.0]
    plane = np.zeros((10, 10))
    plane[4, 9] = 1.0
    around = with_neighbours(PLANE, plane.ravel()).reshape(10, 10)
    assert around.sum() == 6
    assert (around[3:6, 8:10] == 1).all()


@given(st.lists(st.floats(0, 1e300), min_size=20, max_size=20))
def test_neighbourhood_is_never_smaller_than_the_cell(by_cell: list[float]) -> None:
    found = with_neighbours(LINE, np.array(by_cell))
    assert (found >= np.array(by_cell)).all()
    assert found.max() == max(by_cell)
