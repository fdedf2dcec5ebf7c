"""Marks of critical points: what they look like, where they stand, and the key that explains them."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from test_draw import job, panel, series

from sphinx_optviz.draw import canvas, marks, style

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

Job = dict[str, Any]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

KINDS = ("minimum", "maximum", "saddle", "inflection")
IN_PLANE = ("contour", "heatmap")
IN_SPACE = ("wireframe", "surface")


@pytest.fixture(autouse=True)
def house_style(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(canvas, "_answered_style", [None, {}])
    with mpl.rc_context():
        style.apply({})
        yield


def point(
    kind: str, at: tuple[float, ...], value: float = 0.0, *, is_global: bool = False, degenerate: bool = False
) -> Job:
    return {"kind": kind, "degenerate": degenerate, "global": is_global, "at": list(at), "value": value}


def marked(view: str, *points: Job, lines: tuple[Job, ...] = (), notes: tuple[Any, ...] = ()) -> Job:
    return {**panel(view, notes=notes), "points": list(points), "lines": list(lines)}


def marks_in(axes: Any) -> list[Any]:
    """The artists that mark points."""
    return [line for line in axes.lines if line.get_marker() not in ("None", "none", "", None)]


def place_of(line: Any) -> list[float]:
    """The only point of *line*, also in space."""
    data = line.get_data_3d() if hasattr(line, "get_data_3d") else line.get_data()
    return [float(np.asarray(values)[0]) for values in data]


def key_of(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


# ---- looks


def looks(*points: Job) -> list[Any]:
    (axes,) = canvas.make_figure(job(marked("contour", *points))).axes
    return marks_in(axes)


def test_kinds_differ_in_shape_and_in_colour() -> None:
    drawn = looks(*(point(kind, (0.0, 0.0)) for kind in KINDS))
    assert len(drawn) == 4
    for one, other in combinations(drawn, 2):
        assert one.get_marker() != other.get_marker()
        # Also for those who see no colours: in lightness, or else in shape alone.
        assert to_hex(one.get_markerfacecolor()) != to_hex(other.get_markerfacecolor())


def test_marks_are_seen_on_any_ground() -> None:
    """Fill and edge differ so much in lightness that one of them differs from whatever is behind."""
    for degenerate in (False, True):
        for is_global in (False, True):
            for kind in KINDS[:2] if is_global else KINDS:
                (mark,) = looks(point(kind, (0.0, 0.0), is_global=is_global, degenerate=degenerate))
                fill, edge = (
                    np.dot(to_rgb(colour), [0.2126, 0.7152, 0.0722])
                    for colour in (mark.get_markerfacecolor(), mark.get_markeredgecolor())
                )
                assert abs(fill - edge) > 0.2
                assert mark.get_markeredgewidth() > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_degenerate_points_are_hollow(kind: str) -> None:
    (plain,), (hollow,) = looks(point(kind, (0.0, 0.0))), looks(point(kind, (0.0, 0.0), degenerate=True))
    assert hollow.get_marker() == plain.get_marker()
    assert to_hex(hollow.get_markerfacecolor()) == "#ffffff"
    assert to_hex(hollow.get_markeredgecolor()) == to_hex(plain.get_markerfacecolor())


def test_global_points_are_larger_and_above_the_others() -> None:
    drawn = looks(point("minimum", (0.0, 0.0), is_global=True), point("minimum", (0.1, 0.0)), point("saddle", (0, 0.1)))
    assert [mark.get_marker() for mark in drawn] == ["X", "v", "v"]
    assert drawn[2].get_markersize() > drawn[1].get_markersize() == drawn[0].get_markersize()


@pytest.mark.parametrize(("count", "smallest", "largest"), [(1, 7, 9), (9, 7, 9), (100, 4, 7), (441, 2.5, 4)])
def test_many_marks_are_smaller(count: int, smallest: float, largest: float) -> None:
    places = np.random.default_rng(0).uniform(-1, 1, size=(count, 2))
    (drawn,) = looks(*(point("saddle", tuple(at)) for at in places.tolist()))
    assert smallest < drawn.get_markersize() < largest
    assert len(drawn.get_xdata()) == count


def test_global_points_are_seen_among_many() -> None:
    others = [point("minimum", (x, 0.0)) for x in np.linspace(-1, 1, 440).tolist()]
    drawn = looks(*others, point("minimum", (0.0, 0.1), is_global=True))
    assert [mark.get_markersize() for mark in drawn] == [3.2, 7.0]


# ---- places


def test_marks_of_a_curve_stand_at_their_values() -> None:
    """Exactly: the curve is drawn through the points of a grid, of which they are none."""
    (axes,) = canvas.make_figure(job(marked("curve", point("minimum", (0.57735,), -0.3849)))).axes
    assert [place_of(mark) for mark in marks_in(axes)] == [[0.57735, -0.3849]]


@pytest.mark.parametrize("view", IN_PLANE)
def test_marks_of_a_plane_stand_at_their_points_and_leave_the_axes(view: str) -> None:
    points = [point("saddle", (0.1, -0.3)), point("minimum", (-1.0, 1.0))]
    (axes,) = canvas.make_figure(job(marked(view, *points))).axes
    assert [place_of(mark) for mark in marks_in(axes)] == [[0.1, -0.3], [-1.0, 1.0]]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-1.0, 1.0), (-1.0, 1.0))
    assert not any(mark.get_clip_on() for mark in marks_in(axes))  # a mark at the edge is whole


@pytest.mark.parametrize("view", IN_SPACE)
def test_marks_of_a_surface_stand_at_their_values(view: str) -> None:
    (axes,) = canvas.make_figure(job(marked(view, point("saddle", (0.1, -0.3), 0.25)))).axes
    assert [place_of(mark) for mark in marks_in(axes)] == [[0.1, -0.3, 0.25]]


def test_axes_reach_to_a_minimum_that_the_grid_misses() -> None:
    (axes,) = canvas.make_figure(job(marked("curve", point("minimum", (0.5,), -5.0)))).axes
    assert axes.get_ylim()[0] < -5
    (space,) = canvas.make_figure(job(marked("surface", point("minimum", (0.5, 0.5), -5.0)))).axes
    assert space.get_zlim()[0] <= -5  # type: ignore[attr-defined]


def test_marks_that_the_surface_hides_are_pale() -> None:
    """Behind the ridge of a saddle, and on this side of it."""
    points = [point("minimum", (-0.3, 0.9), -0.72), point("minimum", (0.3, -0.9), -0.72)]
    pale: dict[float, Any] = {}
    clear: dict[float, Any] = {}
    for view, found in (("surface", pale), ("wireframe", clear)):
        (axes,) = canvas.make_figure(job(marked(view, *points))).axes
        for mark in marks_in(axes):
            for x in mark.get_data_3d()[0]:
                found[float(x)] = mark.get_alpha()
    assert pale[-0.3] < 0.6
    assert pale[0.3] == 1.0
    assert clear == {-0.3: 1.0, 0.3: 1.0}


def test_dot_of_an_annotation_is_there_only_if_there_is_no_mark() -> None:
    for view, at in (("curve", (0.1,)), ("contour", (0.1, 0.2)), ("surface", (0.1, 0.2)), ("wireframe", (0.1, 0.2))):
        notes = (("here", at),)
        (dotted,) = canvas.make_figure(job(marked(view, notes=notes))).axes
        (both,) = canvas.make_figure(job(marked(view, point("minimum", at, 0.3), notes=notes))).axes
        (elsewhere,) = canvas.make_figure(job(marked(view, point("minimum", (-0.5, 0.5)[: len(at)]), notes=notes))).axes
        assert [len(marks_in(axes)) for axes in (dotted, both, elsewhere)] == [1, 1, 2]


# ---- lines


LINE = {"kind": "valley", "at": [[0.0, t] for t in np.linspace(-1, 1, 21).tolist()]}


@pytest.mark.parametrize("view", [*IN_PLANE, *IN_SPACE])
def test_lines_of_critical_points_are_dashed_on_white(view: str) -> None:
    (axes,) = canvas.make_figure(job(marked(view, lines=(LINE,)))).axes
    *_, ground, line = axes.lines
    assert ground.get_linestyle() == "-"
    assert to_hex(ground.get_color()) == "#ffffff"
    assert line.is_dashed()
    assert line.get_linewidth() < ground.get_linewidth()
    assert line.get_zorder() > ground.get_zorder() > 5
    np.testing.assert_array_equal(np.asarray(line.get_xdata()).shape, (21,))


def test_line_is_pale_where_the_surface_hides_it() -> None:
    across = {"kind": "ridge", "at": [[-0.3, t] for t in np.linspace(-1, 1, 41).tolist()]}
    (axes,) = canvas.make_figure(job(marked("surface", lines=(across,)))).axes
    hidden, ground, seen = (np.isfinite(np.asarray(line.get_data_3d()[2])) for line in axes.lines)  # type: ignore[attr-defined]
    assert 0 < hidden.sum() < 41
    assert (seen == ~hidden).all()
    assert (ground == seen).all()
    assert hidden[-5:].all()
    assert seen[:5].all()


@pytest.mark.parametrize(
    ("kind", "name"),
    [("valley", "valley"), ("ridge", "ridge"), ("inflection", "line of inflection"), ("", "line of critical points")],
)
def test_every_kind_of_line_has_its_look_and_its_name(kind: str, name: str) -> None:
    figure = canvas.make_figure(job(marked("contour", lines=({**LINE, "kind": kind},))))
    assert key_of(figure) == [name]


def test_extrema_on_the_edge_and_kinks_have_looks_and_names_of_their_own() -> None:
    kinds = ["edge minimum", "edge maximum", "kink"]
    figure = canvas.make_figure(job(marked("curve", *(point(kind, (0.0,)) for kind in [*KINDS, *kinds]))))
    drawn = marks_in(figure.axes[0])
    looks = {(line.get_marker(), line.get_fillstyle(), to_hex(line.get_markeredgecolor())) for line in drawn}
    assert len(looks) == len(drawn) == 7
    assert key_of(figure)[-3:] == kinds


def test_plateau_is_a_band_behind_the_curve() -> None:
    band = {"kind": "plateau", "at": [[-1.0, 0.5], [0.2, 0.5]]}
    figure = canvas.make_figure(job(marked("curve", lines=(band,))))
    curve, drawn = figure.axes[0].lines
    assert drawn.get_linewidth() > 3 * curve.get_linewidth()
    assert drawn.get_zorder() < curve.get_zorder()
    np.testing.assert_array_equal(drawn.get_xydata(), band["at"])
    assert key_of(figure) == ["plateau"]


@pytest.mark.parametrize("kind", ["edge minimum", "edge maximum", "kink"])
def test_levels_are_those_of_critical_points(kind: str) -> None:
    saddle, other = point("saddle", (0.0, 0.0)), point(kind, (0.5, 0.5), 0.3)
    one, both = (canvas.make_figure(job(marked("contour", *points))) for points in ([saddle], [saddle, other]))
    np.testing.assert_array_equal(one.axes[0].collections[0].get_array(), both.axes[0].collections[0].get_array())


# ---- the key


def test_key_names_what_occurs() -> None:
    points = [
        *(point("saddle", (0.0, 0.0)), point("maximum", (0.1, 0.0), degenerate=True)),
        *(point("minimum", (0.2, 0.0)), point("minimum", (0.3, 0.0)), point("minimum", (0.4, 0.0), is_global=True)),
        *(point("minimum", (0.5, 0.0), is_global=True, degenerate=True), point("maximum", (0.6, 0.0), is_global=True)),
        point("inflection", (0.7, 0.0), degenerate=True),
    ]
    figure = canvas.make_figure(job(marked("contour", *points, lines=(LINE,)), size=[9.0, 4.0]))
    assert key_of(figure) == [
        *("global minimum", "global minimum (degenerate)", "minimum", "global maximum", "maximum (degenerate)"),
        *("inflection", "saddle", "valley"),
    ]


def test_key_does_not_name_what_is_nowhere_in_the_axes() -> None:
    figure = canvas.make_figure(job(marked("curve", point("minimum", (0.0,)), point("inflection", (0.1,), np.inf))))
    assert key_of(figure) == ["minimum"]
    assert len(marks_in(figure.axes[0])) == 1


GERMAN = {
    "global minimum": "globales Minimum",
    "%s (degenerate)": "%s (entartet)",
    "valley": "Tal",
    "distance from (%s)": "Abstand von (%s)",
    "no finite values": "keine endlichen Werte",
}


def test_words_are_those_of_the_language() -> None:
    drawn = point("minimum", (0.0, 0.0), is_global=True, degenerate=True)
    figure = canvas.make_figure(job(marked("contour", drawn, lines=(LINE,)), words=GERMAN))
    assert key_of(figure) == ["globales Minimum (entartet)", "Tal"]
    assert canvas.make_figure(job(sliced(), words=GERMAN)).axes[0].get_xlabel() == "Abstand von (1, 2)"
    for view, count in (("contour", 2), ("surface", 2), ("curve", 1)):
        axes = [["x", -1, 1, 3], ["y", -1, 1, 3]][:count]
        empty = {**panel(view), "series": [series(axes, np.full((3,) * count, np.nan))]}
        (text,) = canvas.make_figure(job(empty, words=GERMAN)).axes[0].texts
        assert text.get_text() == "keine endlichen Werte"


def test_words_stay_english_where_the_fonts_lack_a_letter() -> None:
    words = {"saddle": "鞍点"}
    saddle = marked("contour", point("saddle", (0.0, 0.0)))
    assert key_of(canvas.make_figure(job(saddle, words=words))) == ["saddle"]


@pytest.mark.parametrize(("legend", "shown"), [("", True), ("upper left", True), ("none", False)])
def test_key_is_there_unless_the_author_wants_none(legend: str, *, shown: bool) -> None:
    figure = canvas.make_figure(job(marked("contour", point("saddle", (0.0, 0.0))), legend=legend))
    assert key_of(figure) == ["saddle"] * shown
    assert not canvas.make_figure(job(marked("contour"))).legends


def test_several_panels_have_one_key() -> None:
    one, other = marked("contour", point("saddle", (0.0, 0.0))), marked("surface", point("minimum", (0.0, 0.0)))
    assert key_of(canvas.make_figure(job(one, other))) == ["minimum", "saddle"]


@pytest.mark.parametrize("title", ["", "Title"])
@pytest.mark.parametrize("size", [None, [3.0, 2.0], [7.0, 3.0]], ids=str)
@pytest.mark.parametrize("view", ["curve", "contour", "surface"])
def test_key_is_between_title_and_axes_and_inside_the_figure(view: str, size: list[float] | None, title: str) -> None:
    points = [point(kind, (number / 5, 0.0)[: 1 if view == "curve" else 2]) for number, kind in enumerate(KINDS)]
    figure = canvas.make_figure(job(marked(view, *points), size=size, title=title))
    agg = FigureCanvasAgg(figure)
    agg.draw()  # type: ignore[no-untyped-call]
    renderer = agg.get_renderer()  # type: ignore[no-untyped-call]
    key = figure.legends[0].get_window_extent(renderer)
    assert figure.bbox.x0 <= key.x0 < key.x1 <= figure.bbox.x1
    assert key.y1 <= figure.bbox.y1
    (axes,) = figure.axes
    assert axes.get_position(original=True).y1 * figure.bbox.height <= key.y0 + 1
    if title:
        assert figure._suptitle.get_window_extent(renderer).y0 >= key.y1 - 1  # type: ignore[attr-defined]


def test_key_makes_a_figure_higher_and_leaves_the_axes_as_they_are() -> None:
    plain, key = (
        canvas.make_figure(job(drawn)) for drawn in (marked("contour"), marked("contour", point("saddle", (0, 0))))
    )
    heights = [figure.axes[0].get_position().height * figure.get_size_inches()[1] for figure in (plain, key)]
    assert key.get_size_inches()[1] > plain.get_size_inches()[1]
    assert heights[0] == pytest.approx(heights[1])


def test_key_takes_rows_as_it_needs() -> None:
    samples = marks.key_of([marked("contour", *(point(kind, (0.0, 0.0)) for kind in KINDS))])
    assert [marks.key_rows(samples, width) for width in (9.0, 2.5, 0.5)] == [1, 2, 4]


# ---- slices


def sliced(*points: Job) -> Job:
    t = np.linspace(-2.0, 1.0, 31)
    along = [
        {**series([["t", -2.0, 1.0, 31]], values), "along": {"at": [1.0, 2.0], "direction": way, "name": name}}
        for values, way, name in ((t**2, [1.0, 0.0], "$v_1$, λ = 2"), (-(t**2), [0.0, 1.0], "$v_2$, λ = −2"))
    ]
    return {"view": "slices", "series": along, "annotations": [], "points": list(points)}


def test_key_of_slices_names_the_point_that_they_go_through_alone() -> None:
    figure = canvas.make_figure(job(sliced(point("minimum", (1.0, 2.0)), point("saddle", (0.0, 0.0)))))
    assert key_of(figure) == ["minimum"]
    assert key_of(canvas.make_figure(job(sliced(point("saddle", (0.0, 0.0)))))) == []


def test_slices_through_a_point_have_the_distance_along_x() -> None:
    (axes,) = canvas.make_figure(job(sliced())).axes
    assert [line.get_label() for line in axes.lines] == ["$v_1$, λ = 2", "$v_2$, λ = −2"]
    assert axes.get_xlabel() == "distance from (1, 2)"
    assert axes.get_ylabel() == "f"
    assert axes.get_xlim() == (-2.0, 1.0)
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), -(np.linspace(-2.0, 1.0, 31) ** 2))
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["$v_1$, λ = 2", "$v_2$, λ = −2"]


def test_slices_mark_the_point_that_they_go_through_and_no_other() -> None:
    points = [point("minimum", (0.0, 0.0), 7.0), point("saddle", (1.0, 2.0), 0.0)]
    (axes,) = canvas.make_figure(job(sliced(*points))).axes
    assert [(mark.get_marker(), place_of(mark)) for mark in marks_in(axes)] == [("X", [0.0, 0.0])]


def test_slices_through_no_critical_point_have_no_mark() -> None:
    (axes,) = canvas.make_figure(job(marked("slices", point("saddle", (0.0, 0.0))))).axes
    assert marks_in(axes) == []
    assert [line.get_label() for line in axes.lines] == ["along $x$, $y$ = 0", "along $y$, $x$ = 0"]


# ---- files


@pytest.mark.parametrize("view", ["curve", "slices", "contour", "heatmap", "wireframe", "surface"])
def test_job_without_marks_may_leave_them_out(tmp_path: Path, view: str) -> None:
    contents = []
    for name, drawn in (("one", panel(view)), ("two", marked(view))):
        path = tmp_path / f"{name}.svg"
        canvas.answer(job(drawn, path=path))
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


@pytest.mark.parametrize("view", ["curve", *IN_PLANE, *IN_SPACE])
def test_order_of_points_of_the_same_look_is_all_that_changes_a_file(tmp_path: Path, view: str) -> None:
    size = 1 if view == "curve" else 2
    points = [point(kind, (number / 8, 0.25)[:size], number / 9) for number, kind in enumerate(KINDS)]
    contents = []
    for name, drawn in (("one", points), ("two", points[::-1])):
        path = tmp_path / f"{name}.svg"
        canvas.answer(job(marked(view, *drawn), path=path))
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


def around_zero(value: float, values: Numbers) -> Numbers:
    return np.where(np.abs(values) < 0.5, value, values)


@pytest.mark.parametrize("view", ["curve", *IN_PLANE, *IN_SPACE])
def test_missing_values_around_marks_are_drawn_without_a_warning(tmp_path: Path, view: str) -> None:
    at = (0.1, 0.1)[: 1 if view == "curve" else 2]
    lines = () if view == "curve" else (LINE,)
    drawn = marked(view, point("minimum", at, 0.5), lines=lines, notes=(("here", at),))
    for value in (np.nan, np.inf):
        broken = panel(view, partial(around_zero, value))
        canvas.answer(job({**drawn, "series": broken["series"]}, path=tmp_path / "figure.svg"))
        assert (tmp_path / "figure.svg").stat().st_size > 1000
