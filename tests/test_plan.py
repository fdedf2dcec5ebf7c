"""From what an author wrote to what has to be run, shown and drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import settings_with

from sphinx_optviz.critical import CriticalPoints, Extremum, Plateau
from sphinx_optviz.description import alt_text
from sphinx_optviz.landscapes import Catalogue, LandscapeError
from sphinx_optviz.marks import marked
from sphinx_optviz.model import Annotation, Claim, Interval, PlotSpec, Where
from sphinx_optviz.plan import PlanError, Plot, plan, series_named
from sphinx_optviz.runs import Axis

if TYPE_CHECKING:
    from pathlib import Path

Planner = Callable[..., Plot]

# name: title, formula, domain, further lines, frameworks
LANDSCAPES = {
    "line": ("Line", "f(x) = x", "x = [0, 1]", "", "pytorch jax numpy"),
    "wave": ("Wave", r"f(t) = \sin t", "t = [-3, 3, 7]", "", "pytorch numpy"),
    "numpy_only": ("Only", "f(x) = 1", "x = [0, 2]", "", "numpy"),
    "bowl": ("Bowl", "f(x, y) = x^2 + y^2", "x = [-1, 3, 5]\ny = [-2, 2, 9]", "", "pytorch jax"),
    "ridge": ("Ridge", "f(u, v) = u", "u = [0, 1]\nv = [0, 1]", 'view = "surface"', "pytorch"),
    "two": ("Two", "f, g", "x = [0, 1]", "[functions.f]\n[functions.g]", "pytorch"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("landscapes")
    for name, (title, formula, domain, more, frameworks) in LANDSCAPES.items():
        place = folder / name
        place.mkdir()
        view, functions = (more, "") if more.startswith("view") else ("", more)
        text = f"title = '{title}'\nformula = '{formula}'\n{view}\n[domain]\n{domain}\n{functions}\n"
        (place / "landscape.toml").write_text(text, encoding="utf-8")
        for framework in frameworks.split():
            (place / f"{framework}.py").write_text(f"# {name}, {framework}\n", encoding="utf-8")
    return folder


@pytest.fixture
def plot_of(folder: Path) -> Planner:
    def plot_of(
        names: str,
        *,
        default: str = "pytorch",
        tabs: str = "pytorch mxnet jax tensorflow",
        agreement: str = "warn",
        **fields: Any,
    ) -> Plot:
        settings = settings_with(
            frameworks=tuple(tabs.split()), default_framework=default, landscape_path=(folder,), agreement=agreement
        )
        return plan(
            PlotSpec(landscapes=tuple(names.split()), **fields), settings, Catalogue([folder]).get_all(names.split())
        )

    return plot_of


def shape(plot: Plot) -> list[tuple[str, list[str]]]:
    """Each panel's view and the landscapes of its series."""
    return [(panel.view, [series.landscape.name for series in panel.series]) for panel in plot.panels]


# ---- tabs


@pytest.mark.parametrize(
    ("names", "tabs"),
    [
        ("line", ("pytorch", "jax")),
        ("wave", ("pytorch",)),
        ("line wave", ("pytorch",)),
        ("line bowl", ("pytorch", "jax")),
    ],
)
def test_tabs_are_the_frameworks_that_have_code_for_all_landscapes(
    plot_of: Planner, names: str, tabs: tuple[str, ...]
) -> None:
    plot = plot_of(names)
    assert plot.frameworks == tabs
    assert plot.problems == ()


def test_directive_chooses_tabs_and_their_order(plot_of: Planner) -> None:
    assert plot_of("line", frameworks=("numpy", "tensorflow", "pytorch")).frameworks == ("numpy", "pytorch")


def test_settings_choose_tabs_and_their_order(plot_of: Planner) -> None:
    assert plot_of("line", tabs="jax pytorch").frameworks == ("jax", "pytorch")


@pytest.mark.parametrize(
    ("names", "fields", "message"),
    [
        ("numpy_only", {}, "no framework of pytorch, mxnet, jax, tensorflow has code for numpy_only"),
        ("numpy_only bowl", {"frameworks": ("numpy",)}, "no framework of numpy has code for numpy_only, bowl"),
    ],
)
def test_plot_without_a_tab_is_an_error(plot_of: Planner, names: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        plot_of(names, **fields)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("default", "frameworks", "drawn", "open_tab"),
    [
        ("pytorch", (), "pytorch", "pytorch"),
        ("jax", (), "jax", "jax"),
        ("jax", ("pytorch", "jax"), "jax", "jax"),
        ("pytorch", ("jax", "numpy"), "jax", "jax"),
        ("numpy", (), "numpy", "pytorch"),
        ("tensorflow", (), "pytorch", "pytorch"),
    ],
)
def test_default_framework_is_drawn_and_open_and_else_the_first_tab(
    plot_of: Planner, default: str, frameworks: tuple[str, ...], drawn: str, open_tab: str
) -> None:
    plot = plot_of("line", default=default, frameworks=frameworks)
    assert (plot.drawn_from, plot.open_tab) == (drawn, open_tab)


def test_plot_knows_who_has_code_beyond_its_tabs(plot_of: Planner) -> None:
    plot = plot_of("line wave")
    assert [name for name in ("pytorch", "jax", "numpy") if plot.has_code(name)] == ["pytorch", "numpy"]


# ---- landscapes


def test_unknown_landscape_is_an_error(plot_of: Planner) -> None:
    with pytest.raises(LandscapeError, match="unknown landscape 'lin'"):
        plot_of("line lin")


def test_landscape_named_twice_is_there_once(plot_of: Planner) -> None:
    assert shape(plot_of("line line")) == [("curve", ["line"])]


# ---- panels


@pytest.mark.parametrize(
    ("names", "views", "panels"),
    [
        ("line", (), [("curve", ["line"])]),
        ("line wave", (), [("curve", ["line", "wave"])]),
        ("bowl", (), [("contour", ["bowl"])]),
        ("ridge", (), [("surface", ["ridge"])]),
        ("bowl ridge", (), [("contour", ["bowl"]), ("surface", ["ridge"])]),
        ("bowl", ("heatmap", "wireframe"), [("heatmap", ["bowl"]), ("wireframe", ["bowl"])]),
        ("bowl", ("slices",), [("slices", ["bowl", "bowl"])]),
        (
            "bowl ridge",
            ("surface", "contour"),
            [("surface", ["bowl"]), ("contour", ["bowl"]), ("surface", ["ridge"]), ("contour", ["ridge"])],
        ),
        ("line bowl wave", (), [("curve", ["line", "wave"]), ("contour", ["bowl"])]),
        ("bowl line wave", (), [("contour", ["bowl"]), ("curve", ["line", "wave"])]),
        ("bowl line", ("heatmap",), [("heatmap", ["bowl"]), ("curve", ["line"])]),
        ("bowl line", ("curve",), [("contour", ["bowl"]), ("curve", ["line"])]),
        ("line", ("curve",), [("curve", ["line"])]),
    ],
)
def test_curves_share_a_panel_and_everything_else_has_its_own(
    plot_of: Planner, names: str, views: tuple[str, ...], panels: list[tuple[str, list[str]]]
) -> None:
    plot = plot_of(names, views=views)
    assert shape(plot) == panels
    assert plot.problems == ()


@pytest.mark.parametrize(
    ("names", "views", "message"),
    [
        ("line", ("contour",), "view contour cannot show a function of one variable; these can: curve"),
        (
            "line wave",
            ("heatmap", "slices"),
            "view heatmap, slices cannot show functions of one variable; these can: curve",
        ),
        (
            "bowl",
            ("curve",),
            (
                "view curve cannot show a function of two variables; "
                "these can: contour, surface, wireframe, heatmap, slices"
            ),
        ),
    ],
)
def test_plot_whose_views_all_do_not_fit_is_an_error(
    plot_of: Planner, names: str, views: tuple[str, ...], message: str
) -> None:
    with pytest.raises(PlanError) as caught:
        plot_of(names, views=views)
    assert str(caught.value) == message


def test_view_that_does_not_fit_beside_one_that_does_is_a_problem(plot_of: Planner) -> None:
    plot = plot_of("bowl", views=("curve", "heatmap"))
    assert shape(plot) == [("heatmap", ["bowl"])]
    assert plot.problems == ("view curve fits none of the landscapes, and is left out",)


# ---- points


@pytest.mark.parametrize(
    ("names", "fields", "axes"),
    [
        ("line", {}, [Axis("x", 0.0, 1.0, 201)]),
        ("wave", {}, [Axis("t", -3.0, 3.0, 7)]),
        ("wave", {"x": Interval(0.0, 9.0)}, [Axis("t", 0.0, 9.0, 7)]),
        ("wave", {"x": Interval(0.0, 9.0, 50)}, [Axis("t", 0.0, 9.0, 50)]),
        ("bowl", {}, [Axis("x", -1.0, 3.0, 5), Axis("y", -2.0, 2.0, 9)]),
        ("bowl", {"x": Interval(0.0, 1.0)}, [Axis("x", 0.0, 1.0, 5), Axis("y", -2.0, 2.0, 9)]),
        ("bowl", {"y": Interval(0.0, 1.0, 2)}, [Axis("x", -1.0, 3.0, 5), Axis("y", 0.0, 1.0, 2)]),
        (
            "ridge",
            {"x": Interval(5.0, 6.0, 3), "y": Interval(7.0, 8.0, 4)},
            [Axis("u", 5.0, 6.0, 3), Axis("v", 7.0, 8.0, 4)],
        ),
    ],
)
def test_points_are_the_landscapes_unless_the_author_says_otherwise(
    plot_of: Planner, names: str, fields: dict[str, Any], axes: list[Axis]
) -> None:
    plot = plot_of(names, **fields)
    assert list(plot.panels[0].series[0].axes) == axes
    assert plot.problems == ()


@pytest.mark.parametrize(("count", "allowed"), [(2000, True), (2001, False)])
def test_there_are_not_more_points_than_a_figure_can_show(plot_of: Planner, count: int, *, allowed: bool) -> None:
    def plot() -> Plot:
        return plot_of("ridge", x=Interval(0.0, 1.0, count), y=Interval(0.0, 1.0, 2000))

    if allowed:
        assert plot().panels[0].series[0].axes[0].count == count
    else:
        with pytest.raises(PlanError, match="4002000 points are too many"):
            plot()


def test_x_is_of_all_landscapes(plot_of: Planner) -> None:
    plot = plot_of("line bowl", x=Interval(0.25, 0.5))
    assert [(panel.series[0].axes[0].low, panel.series[0].axes[0].high) for panel in plot.panels] == [(0.25, 0.5)] * 2


@pytest.mark.parametrize(("names", "problems"), [("line wave", 1), ("line bowl", 0)])
def test_y_for_functions_of_one_variable_alone_is_a_problem(plot_of: Planner, names: str, problems: int) -> None:
    plot = plot_of(names, y=Interval(0.0, 1.0))
    assert plot.problems == (":y: needs a function of two variables, and is left out",) * problems


def test_slices_go_through_the_middle_with_as_many_points_as_a_curve(plot_of: Planner) -> None:
    (panel,) = plot_of("bowl", views=("slices",)).panels
    assert [series.axes for series in panel.series] == [
        (Axis("x", -1.0, 3.0, 201), Axis("y", 0.0, 0.0, 1)),
        (Axis("x", 1.0, 1.0, 1), Axis("y", -2.0, 2.0, 201)),
    ]


def test_slices_go_through_the_middle_of_what_the_author_chose(plot_of: Planner) -> None:
    (panel,) = plot_of("bowl", views=("slices",), x=Interval(10.0, 20.0, 999)).panels
    assert [series.axes[0] for series in panel.series] == [Axis("x", 10.0, 20.0, 999), Axis("x", 15.0, 15.0, 1)]


def test_slices_have_the_number_of_points_that_the_author_wrote(plot_of: Planner) -> None:
    (panel,) = plot_of("bowl", views=("slices",), x=Interval(10.0, 20.0, 30)).panels
    assert panel.series[0].axes[0].count == 30


# ---- runs


def test_runs_are_of_the_values_that_are_drawn(plot_of: Planner) -> None:
    (run,) = plot_of("two").runs("pytorch")
    assert (run.framework, run.functions, run.operations) == ("pytorch", ("f", "g"), ("values",))
    assert (run.source.text, run.label) == ("# two, pytorch\n", "two")
    assert run.axes == (Axis("x", 0.0, 1.0, 201),)


def test_panels_on_the_same_grid_share_a_run(plot_of: Planner) -> None:
    keys = [run.key for run in plot_of("bowl", views=("contour", "surface", "slices")).runs("jax")]
    assert len(keys) == 4
    assert len(set(keys)) == 3


# ---- what frameworks are compared by


@pytest.mark.parametrize(
    ("names", "fields", "involved", "landscapes"),
    [
        ("line", {}, ("pytorch", "jax"), ["line"]),
        ("line wave", {"frameworks": ("pytorch", "numpy")}, ("pytorch", "numpy"), ["line", "wave"]),
        ("line line", {}, ("pytorch", "jax"), ["line"]),
        ("wave", {}, ("pytorch",), []),
        ("wave", {"default": "numpy"}, ("pytorch", "numpy"), ["wave"]),
        ("line", {"frameworks": ("numpy",)}, ("numpy",), []),
        ("line", {"agreement": "off"}, ("pytorch", "jax"), []),
        ("bowl", {"views": ("contour", "slices")}, ("pytorch", "jax"), ["bowl"]),
    ],
    ids=["tabs", "two-landscapes", "twice", "one-tab", "drawn-from-another", "one-chosen", "off", "two-views"],
)
def test_landscapes_are_compared_where_several_frameworks_are_involved(
    plot_of: Planner, names: str, fields: dict[str, Any], involved: tuple[str, ...], landscapes: list[str]
) -> None:
    plot = plot_of(names, **fields)
    assert plot.involved == involved
    assert [series.landscape.name for series in plot.compared] == landscapes
    assert [run.label for run in plot.comparisons("pytorch")] == landscapes


def test_comparison_is_of_all_quantities_on_the_grid_and_beside_it(plot_of: Planner) -> None:
    (run,) = plot_of("bowl").comparisons("jax")
    assert run.operations == ("values", "gradients", "hessians")
    assert run.axes == (Axis("x", -1.0, 3.0, 5), Axis("y", -2.0, 2.0, 9))
    assert run.samples == 1000
    assert run.framework == "jax"
    assert run.key not in {other.key for other in plot_of("bowl").runs("jax")}


def test_comparison_is_where_the_author_has_moved_the_plot(plot_of: Planner) -> None:
    (run,) = plot_of("line", x=Interval(5.0, 6.0, 11)).comparisons("jax")
    assert run.axes == (Axis("x", 5.0, 6.0, 11),)


@pytest.mark.parametrize(
    ("names", "count", "compared"),
    [
        ("line", 2, 2),
        ("line", 1001, 1001),
        ("line", 1002, 1001),  # 1001 intervals are no multiple of a number from 501 to 1000
        ("line", 2001, 1001),
        ("line", 3001, 1001),
        ("line", 2017, 673),
        ("bowl", 2, 2),
        ("bowl", 21, 21),
        ("bowl", 22, 21),
        ("bowl", 41, 21),
        ("bowl", 101, 21),
        ("bowl", 33, 17),
    ],
)
def test_derivatives_are_compared_at_every_second_or_third_point_of_a_fine_grid(
    plot_of: Planner, names: str, count: int, compared: int
) -> None:
    interval = Interval(0.0, 1.0, count)
    plot = plot_of(names, x=interval)
    (run,) = plot.comparisons("jax")
    assert run.axes[0] == Axis("x", 0.0, 1.0, compared)
    assert plot.runs("jax")[0].axes[0].count == count


# ---- critical points


CLAIM = Claim(text="1 minimum", line=1, subject="points", where=Where("minimum"), count=1)


@pytest.mark.parametrize(
    ("fields", "needed"),
    [
        ({}, True),
        ({"alt": "A line."}, False),
        ({"figure": "none"}, False),
        ({"figure": "each"}, True),
        ({"figure": "each", "alt": "A line."}, False),
        ({"alt": "A line.", "critical_points": ("all",)}, True),
        ({"alt": "A line.", "annotations": (Annotation("here", (0.5,)),)}, False),
        ({"alt": "A line.", "annotations": (Annotation("here", Where("minimum")),)}, True),
        ({"alt": "A line.", "claims": (CLAIM,)}, True),
        ({"figure": "none", "claims": (CLAIM,)}, True),
    ],
)
def test_critical_points_are_looked_for_where_something_depends_on_them(
    plot_of: Planner, fields: dict[str, Any], *, needed: bool
) -> None:
    """The alternative text and the description do."""
    assert [series.landscape.name for series in plot_of("line", **fields).searched] == ["line"] * needed


def test_slices_need_critical_points(plot_of: Planner) -> None:
    assert len(plot_of("bowl", views=("slices",), alt="Two lines.").searched) == 1
    assert len(plot_of("bowl", views=("contour",), alt="Lines.").searched) == 0


def test_search_is_in_the_box_of_the_plot_whatever_its_points(plot_of: Planner) -> None:
    (run,) = plot_of("bowl", x=Interval(0.0, 1.0, 50)).searches("jax")
    assert run.operations == ("critical_points",)
    assert run.searches
    assert [(axis.name, axis.low, axis.high) for axis in run.axes] == [("x", 0.0, 1.0), ("y", -2.0, 2.0)]
    (other,) = plot_of("bowl", x=Interval(0.0, 1.0, 77), views=("surface",)).searches("jax")
    assert other.key == run.key


def test_every_framework_searches_where_they_are_compared_and_else_the_one_that_is_drawn(plot_of: Planner) -> None:
    compared, alone = plot_of("line"), plot_of("line", agreement="off")
    assert [len(compared.searches(name)) for name in ("pytorch", "jax")] == [1, 1]
    assert [len(alone.searches(name)) for name in ("pytorch", "jax")] == [1, 0]


def test_claim_about_a_place_wants_a_run_there_from_the_framework_that_is_drawn(plot_of: Planner) -> None:
    claim = Claim(text="value @ 0.5 = 1", line=1, subject="value", where=Where("place", "", (0.5,)), numbers=("1",))
    plot = plot_of("line", claims=(claim,))
    (run,) = (run for run in plot.all_runs("pytorch") if run.axes[0].count == 1)
    assert (run.axes, run.operations) == ((Axis("x", 0.5, 0.5, 1),), ("values", "gradients", "hessians"))
    assert all(run.axes[0].count > 1 for run in plot.all_runs("jax"))


@pytest.mark.parametrize("where", [Where("place", "", (0.5, 0.5)), Where("place", "other", (0.5,))])
def test_claim_about_a_place_that_there_is_not_wants_no_run(plot_of: Planner, where: Where) -> None:
    claim = Claim(text="", line=1, subject="value", where=where, numbers=("1",))
    assert plot_of("line", claims=(claim,)).places == ()


@pytest.mark.parametrize(
    ("name", "landscape", "function"),
    [
        ("", "line", "f"),
        ("line", "line", "f"),
        ("f", "line", "f"),
        ("g", "two", "g"),
        ("two", "two", "f"),
        ("two.f", "two", "f"),
        ("two.g", "two", "g"),
    ],
)
def test_function_has_its_name_alone_or_its_landscapes_before_it(
    plot_of: Planner, name: str, landscape: str, function: str
) -> None:
    series, found = series_named(name, plot_of("line two").searched)
    assert (series.landscape.name, found) == (landscape, function)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("twoo", "there is no function 'twoo'. Did you mean 'two'?"),
        ("line.g", "there is no function 'line.g'. Did you mean 'line.f'?"),
        ("bowl", "there is no function 'bowl'. There are: f, line.f, line, two.f, g, two.g, two."),
    ],
)
def test_function_that_there_is_not_is_an_error(plot_of: Planner, name: str, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        series_named(name, plot_of("line two").searched)
    assert str(caught.value) == message


# ---- annotations


def notes_of(plot: Plot) -> tuple[list[list[str]], list[str]]:
    """The labels of each panel, and what the author is told."""
    placed, problems = marked(plot, {}, {})
    return [[label.text for label in panel.labels] for panel in placed.panels], [item.message for item in problems]


@pytest.mark.parametrize(
    ("names", "views", "at", "panels"),
    [
        ("line", (), (0.5,), [True]),
        ("line", (), (0.0,), [True]),
        ("line", (), (1.0,), [True]),
        ("line", (), (1.01,), [False]),
        ("line", (), (-0.01,), [False]),
        ("line", (), (0.5, 7.0), [True]),
        ("line wave", (), (0.5,), [True]),
        ("line wave", (), (-2.0,), [False]),
        ("bowl", (), (3.0, -2.0), [True]),
        ("bowl", (), (3.1, -2.0), [False]),
        ("bowl", (), (3.0, -2.1), [False]),
        ("bowl", (), (0.0,), [False]),
        ("bowl", ("contour", "slices", "surface"), (0.0, 0.0), [True, False, True]),
        ("bowl", ("slices",), (0.0, 0.0), [False]),
        ("bowl ridge", (), (0.5, 0.5), [True, False]),
        ("bowl line", (), (0.5,), [False, False]),
        ("line bowl", (), (0.5, 0.5), [True, False]),
    ],
)
def test_annotation_is_in_the_panels_of_the_first_landscape_that_can_show_it(
    plot_of: Planner, names: str, views: tuple[str, ...], at: tuple[float, ...], panels: list[bool]
) -> None:
    plot = plot_of(names, views=views, annotations=(Annotation("here", at),))
    labels, problems = notes_of(plot)
    assert labels == [["here"] if shown else [] for shown in panels]
    assert len(problems) == (0 if any(panels) else 1)


def test_annotation_that_no_panel_can_show_is_a_problem_that_names_it(plot_of: Planner) -> None:
    notes = (Annotation("here", (0.5,)), Annotation("beyond", (4.0,)), Annotation("there", (0.25,)))
    plot = plot_of("line", annotations=notes)
    labels, problems = notes_of(plot)
    assert labels == [["here", "there"]]
    assert problems == ["annotation 'beyond': 4 is no point of the plot, and is left out"]


def test_annotation_may_stand_where_the_author_has_moved_the_plot(plot_of: Planner) -> None:
    plot = plot_of("line", x=Interval(5.0, 6.0), annotations=(Annotation("here", (5.5,)),))
    assert notes_of(plot) == ([["here"]], [])


# ---- what the figure says to those who do not see it


@pytest.mark.parametrize(
    ("names", "fields", "text"),
    [
        ("line", {}, "Curve of Line, f(x) = x; x from 0 to 1."),
        ("line", {"x": Interval(-0.5, 2.25)}, "Curve of Line, f(x) = x; x from −0.5 to 2.25."),
        (
            "line",
            {"annotations": (Annotation("start", (0.0,)), Annotation("top", (1.0, 3.0)))},
            "Curve of Line, f(x) = x; x from 0 to 1. Marked: start at 0; top at (1, 3).",
        ),
        (
            "line two",
            {},
            "Curve of Line, f(x) = x and Two, f, g; x from 0 to 1.",
        ),
        ("bowl", {}, "Contour plot of Bowl, f(x, y) = x^2 + y^2; x from −1 to 3, y from −2 to 2."),
        (
            "bowl",
            {"views": ("slices",), "x": Interval(1.0, 2.0)},
            (
                "Slices of Bowl, f(x, y) = x^2 + y^2; x from 1 to 2, y from −2 to 2. "
                "The slices go through (1.5, 0), along x and y."
            ),
        ),
        (
            "bowl line",
            {"views": ("surface", "contour"), "annotations": (Annotation("middle", (0.0, 0.0)),)},
            (
                "(a) Surface of Bowl, f(x, y) = x^2 + y^2; x from −1 to 3, y from −2 to 2. Marked: middle at (0, 0). "
                "(b) Contour plot of Bowl, f(x, y) = x^2 + y^2; x from −1 to 3, y from −2 to 2. "
                "Marked: middle at (0, 0). "
                "(c) Curve of Line, f(x) = x; x from 0 to 1."
            ),
        ),
    ],
    ids=["curve", "x", "annotations", "two-curves", "contour", "slices", "panels"],
)
def test_alternative_text(plot_of: Planner, names: str, fields: dict[str, Any], text: str) -> None:
    assert alt_text(marked(plot_of(names, **fields), {}, {})[0], {}) == text


def test_alternative_text_tells_the_range_that_is_drawn_when_curves_differ_in_theirs(plot_of: Planner) -> None:
    """The axes of the figure reach from the lowest to the highest point of all curves."""
    assert "from −3 to 3" in alt_text(plot_of("line wave"), {})


# ---- marks


def extremum(at: tuple[float, ...], kind: str) -> Extremum:
    return Extremum(at=at, kind=kind, value=1.0)


def critical_points(**more: Any) -> CriticalPoints:
    empty = CriticalPoints(points=(), lines=(), plateaus=(), kinks=(), edges=(), doubts=())
    return replace(empty, **more)


ON_LINE = critical_points(
    plateaus=(Plateau(low=(0.2,), high=(0.4,), inside=(0.3,), boxes=(), known_to=(0.0,), part=0.2, value=1.0),),
    kinks=(extremum((0.2,), ""), extremum((0.6,), "minimum")),
    edges=(extremum((0.0,), "minimum"), extremum((1.0,), "maximum")),
)


@pytest.mark.parametrize(
    ("kinds", "marks", "bands"),
    [
        (("all",), [("minimum", 0.6)], 1),
        (("kink",), [("kink", 0.2), ("kink", 0.6)], 0),
        (("minimum", "kink"), [("minimum", 0.6), ("kink", 0.2)], 0),
        (("edge minimum",), [("edge minimum", 0.0)], 0),
        (("edge minimum", "edge maximum"), [("edge minimum", 0.0), ("edge maximum", 1.0)], 0),
        (("plateau",), [], 1),
        ((), [], 0),
    ],
    ids=str,
)
def test_kinds_that_are_named_are_marked(
    plot_of: Planner, kinds: tuple[str, ...], marks: list[tuple[str, float]], bands: int
) -> None:
    plot, problems = marked(plot_of("line", critical_points=kinds), {("line", "f"): ON_LINE}, {})
    (panel,) = plot.panels
    assert [(mark.kind, mark.at[0]) for mark in panel.marks] == marks
    assert [(line.kind, line.at) for line in panel.lines] == [("plateau", ((0.2, 1.0), (0.4, 1.0)))] * bands
    assert problems == []


@pytest.mark.parametrize(
    ("views", "kinds", "problem"),
    [
        ("contour", ("plateau",), "plateaus cannot be marked in the view contour: put a label there"),
        ("surface heatmap", ("kink", "minimum"), "kinks cannot be marked in the view surface, heatmap: "),
        ("slices", ("valley",), "valleys cannot be marked in the view slices: add the view contour"),
        ("slices", ("edge maximum",), "edge maxima cannot be marked in the view slices: add the view contour"),
        ("slices contour", ("valley", "edge maximum"), ""),
        ("slices", ("saddle",), ""),
    ],
)
def test_kind_that_no_view_can_mark_is_a_problem(
    plot_of: Planner, views: str, kinds: tuple[str, ...], problem: str
) -> None:
    plot = plot_of("bowl", views=tuple(views.split()), critical_points=kinds, lines={"critical-points": 7})
    kinks = critical_points(kinks=(extremum((0.0, 0.0), ""),))
    plot, problems = marked(plot, {("bowl", "f"): kinks}, {})
    assert all(panel.marks == () for panel in plot.panels)
    if not problem:
        assert problems == []
        return
    ((subtype, message, line),) = [(each.subtype, each.message, each.line) for each in problems]
    assert (subtype, line) == ("directive", 7)
    assert message.startswith(f":critical-points: {problem}")
