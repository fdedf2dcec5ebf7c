"""Labels: where they are drawn, measured with a renderer, in every view and for many curves, points and texts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
from conftest import sampled
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.path import Path as Outline
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from test_draw import job, series

from sphinx_optviz.draw import canvas, style
from sphinx_optviz.draw.labels import text_size, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

Job = dict[str, Any]
Numbers = np.ndarray[Any, np.dtype[np.float64]]


# ---- what is where on a drawn figure, in points


@dataclass(frozen=True)
class Label:
    """One label as it is drawn."""

    text: str
    box: Bbox  # of its white ground
    arrow: Numbers  # its two ends: at the text's ground, and at the tip
    tip: Numbers  # the point that is meant


@dataclass(frozen=True)
class Panel:
    """The axes of one panel with what texts have to keep off."""

    frame: Bbox
    labels: list[Label]
    words: list[Bbox]  # numbers and names at the axes, the legend
    marks: Numbers  # shape (N, 2)
    curves: list[Outline]


def as_any(thing: Any) -> Any:
    """Matplotlib's hints do not know what axes in space have."""
    return thing


def measured(figure: Figure) -> list[Panel]:
    """Draw *figure* and tell where everything is."""
    agg = FigureCanvasAgg(figure)
    agg.draw()  # type: ignore[no-untyped-call]
    renderer = agg.get_renderer()  # type: ignore[no-untyped-call]
    scale = 72 / figure.dpi

    def box_of(artist: Any) -> Bbox:
        return Bbox(artist.get_window_extent(renderer).get_points() * scale)

    panels = []
    for axes in map(as_any, figure.axes):
        in_space = hasattr(axes, "get_zlim")
        place = axes.get_position(original=True)
        frame = Bbox(place.get_points() * figure.get_size_inches() * 72)
        words = []
        for axis in (axes.xaxis, axes.yaxis, *([axes.zaxis] if in_space else [])):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            words += [box_of(text) for text in (*(tick.label1 for tick in ticks), axis.label) if text.get_text()]
        words += [box_of(legend) for legend in (axes.get_legend(), *figure.legends) if legend]
        its = []
        for note in axes.texts:
            if isinstance(note, Annotation):
                # The middle line of the arrow, from the edge of the text's ground.
                start, end = as_any(note.arrow_patch)._get_path_in_displaycoord()[0][0].vertices[[0, -1]] * scale
                tip = axes.transData.transform(note.xy) * scale
                its.append(Label(note.get_text(), box_of(note.get_bbox_patch()), np.array([start, end]), tip))
        marks, curves = [np.zeros((0, 2))], []
        for line in axes.lines:
            points = axes.transData.transform(np.asarray(line.get_xydata(), dtype=float)) * scale
            if line.get_marker() not in ("None", None, "none", ""):
                marks.append(points[np.isfinite(points).all(axis=1)])
            elif not in_space:
                curves.append(Outline(points))
        panels.append(Panel(frame, its, words, np.concatenate(marks), curves))
    return panels


def problems(panel: Panel) -> list[str]:
    """What is over what in *panel*, and what is outside."""
    found = [f"{label.text!r} is {problem}" for label in panel.labels for problem in problems_of_box(panel, label.box)]
    for one, other in combinations(panel.labels, 2):
        if one.box.overlaps(other.box):
            found.append(f"{one.text!r} is over {other.text!r}")
    for one, other in permutations(panel.labels, 2):
        if Outline(one.arrow).intersects_bbox(other.box, filled=False):
            found.append(f"the arrow of {one.text!r} goes through {other.text!r}")
    return found


def problems_of_box(panel: Panel, box: Bbox) -> Iterator[str]:
    if not (panel.frame.x0 <= box.x0 and box.x1 <= panel.frame.x1):
        yield "beside the axes"
    if not (panel.frame.y0 <= box.y0 and box.y1 <= panel.frame.y1):
        yield "above or below the axes"
    if any(box.overlaps(other) for other in panel.words):
        yield "over words"
    if any(box.contains(*mark) for mark in panel.marks):
        yield "over a mark"
    if any(curve.intersects_bbox(box, filled=False) for curve in panel.curves):
        yield "over a curve"


# ---- figures with labels


@pytest.fixture(autouse=True)
def house_style() -> Iterator[None]:
    with mpl.rc_context():
        style.apply({})
        yield


LONG = "global minimum of the empirical risk"
WORDS = [
    *("local minimum", "a", LONG, "saddle", "$x^2 - y^2$", "here it is flat"),
    *("start", "vanishing gradient", "maximum", "ridge point", "plateau", "x = 3"),
]
KINDS = ["minimum", "maximum", "saddle"]
X = np.linspace(-1.0, 1.0, 201)
Y = np.linspace(-1.0, 1.0, 41)


def some_curve(rng: np.random.Generator) -> Numbers:
    values = np.zeros_like(X)
    for _ in range(rng.integers(1, 4)):
        values += rng.normal() * np.sin(rng.uniform(0.5, 6) * X + rng.uniform(0, 6))
    return values


def some_panel(view: str, count: int, seed: int, *, marked: bool, curves: int = 1) -> Job:
    """A panel of *view* with *count* labels, of all widths, at places at random."""
    rng = np.random.default_rng([seed, count])
    texts = [WORDS[i] for i in rng.permutation(len(WORDS))[:count]]
    if view == "curve":
        values = [some_curve(rng) for _ in range(curves)]
        drawn = series([["x", -1.0, 1.0, len(X)]], *values, labels=("risk", "empirical risk")[:curves])
        where = np.sort(rng.choice(len(X), count, replace=False))
        places, heights = X[where, None], values[0][where]
    else:
        bends = rng.normal(size=5)

        def height(x: Numbers, y: Numbers) -> Numbers:
            one, two, three, four, five = bends
            values: Numbers = one * x * x + two * y * y + three * np.sin(3 * x * y) + four * x + five * y
            return values

        drawn = series([["x", -1.0, 1.0, len(Y)], ["y", -1.0, 1.0, len(Y)]], height(Y[:, None], Y))
        places = rng.uniform(-1, 1, size=(count, 2))
        heights = height(*places.T)
    points = [
        {"kind": KINDS[i % 3], "degenerate": False, "global": False, "at": at, "value": value}
        for i, (at, value) in enumerate(zip(places.tolist(), heights.tolist(), strict=True))
    ]
    notes = [[text, at] for text, at in zip(texts, places.tolist(), strict=True)]
    return {"view": view, "series": [drawn], "annotations": notes, "points": points if marked else []}


def problems_of(drawn: Job, **more: Any) -> list[str]:
    (panel,) = measured(canvas.make_figure(job(drawn, **more)))
    assert len(panel.labels) == len(drawn["annotations"])
    return problems(panel)


FEW_AND_MANY = [(1, 0), (4, 0), (12, 0)]  # how many labels, and which of the panels with so many


@pytest.mark.parametrize(("count", "seed"), sampled(product((1, 2, 4, 8, 12), range(4)), FEW_AND_MANY))
@pytest.mark.parametrize("marked", [False, True], ids=["unmarked", "marked"])
@pytest.mark.parametrize("view", ["curve", "contour", "heatmap", "wireframe", "surface"])
def test_labels_are_over_nothing_and_inside(view: str, count: int, seed: int, *, marked: bool) -> None:
    assert problems_of(some_panel(view, count, seed, marked=marked)) == []


@pytest.mark.parametrize("seed", sampled(range(3), [0]))
@pytest.mark.parametrize("count", [1, 3, 6])
@pytest.mark.parametrize("legend", ["", "upper right", "lower left", "center"])
def test_labels_of_two_curves_keep_off_the_legend(legend: str, count: int, seed: int) -> None:
    assert problems_of(some_panel("curve", count, seed, marked=True, curves=2), legend=legend) == []


@pytest.mark.parametrize(("count", "seed"), sampled(product((1, 2, 3), range(5)), [(1, 0), (1, 1), (3, 0), (3, 1)]))
@pytest.mark.parametrize("view", ["curve", "contour", "surface"])
def test_labels_of_a_small_figure_are_over_nothing_and_inside(view: str, count: int, seed: int) -> None:
    assert problems_of(some_panel(view, count, seed, marked=seed % 2 > 0), size=[3.0, 2.0]) == []


def test_labels_of_several_panels_stay_in_their_own() -> None:
    views = ["surface", "contour", "curve", "wireframe"]
    drawn = [some_panel(view, 3, 0, marked=True) for view in views]
    assert [problems(panel) for panel in measured(canvas.make_figure(job(*drawn, title="Title")))] == [[]] * 4


@pytest.mark.parametrize("count", [2, 3, 4])
def test_labels_of_one_point_are_over_nothing(count: int) -> None:
    drawn = some_panel("curve", 1, 0, marked=True)
    (_, at), *_ = drawn["annotations"]
    drawn["annotations"] = [[f"label {number}", at] for number in range(count)]
    assert problems_of(drawn) == []


def test_label_keeps_off_a_curve_between_its_points() -> None:
    """Two neighbours may be further apart on the page than a text is high."""
    drawn = series([["x", -1.0, 1.0, 5]], np.array([-1.0, 1.0, -1.0, 1.0, -1.0]))
    for text in ("a rather long text", "short"):
        notes = [[f"{text} {number}", [x, 0.0]] for number, x in enumerate((-0.75, -0.25, 0.25, 0.75))]
        assert problems_of({"view": "curve", "series": [drawn], "annotations": notes}) == []


def test_labels_keep_off_valleys() -> None:
    drawn = some_panel("contour", 4, 0, marked=False)
    lines = [{"kind": "valley", "at": [[x, t] for t in Y.tolist()]} for x in (-0.5, 0.0, 0.5)]
    (panel,) = measured(canvas.make_figure(job({**drawn, "lines": lines})))
    assert len(panel.curves) == 6  # each has a white ground
    assert problems(panel) == []


# ---- arrows


@pytest.mark.parametrize("marked", [False, True], ids=["unmarked", "marked"])
@pytest.mark.parametrize("view", ["curve", "contour", "heatmap", "wireframe", "surface"])
def test_arrows_touch_their_points(view: str, *, marked: bool) -> None:
    (panel,) = measured(canvas.make_figure(job(some_panel(view, 5, 1, marked=marked))))
    for label in panel.labels:
        # The mark is there, and the arrow ends at its edge: it is some 8 points wide, that of a label alone 4 or 5.
        assert np.hypot(*(panel.marks - label.tip).T).min() < 0.01
        assert np.hypot(*(label.arrow[1] - label.tip)) < (6.5 if marked else 4.0)
        assert np.hypot(*(label.arrow[1] - label.arrow[0])) > 3


def test_arrow_at_a_number_ends_at_the_exact_critical_point() -> None:
    """Not at the curve between the points of its grid."""
    x = np.linspace(-1.0, 1.0, 4)
    point = {"kind": "minimum", "degenerate": False, "global": True, "at": [0.1], "value": -0.7, "curve": 0}
    drawn = {"view": "curve", "series": [series([["x", -1.0, 1.0, 4]], x**2)], "annotations": [["here", [0.1]]]}
    (axes,) = canvas.make_figure(job({**drawn, "points": [point]})).axes
    (note,) = axes.texts
    assert isinstance(note, Annotation)
    assert note.xy == (0.1, -0.7)
    assert len(axes.lines) == 2  # the curve and the mark: no dot of the label's own


def test_arrow_at_a_number_ends_at_the_first_curve() -> None:
    points = [
        {"kind": "minimum", "degenerate": False, "global": True, "at": [0.0], "value": value, "curve": curve}
        for curve, value in ((1, -1.0), (0, 0.0))
    ]
    drawn = series([["x", -1.0, 1.0, 201]], X**2, X**2 - 1)
    figure = canvas.make_figure(
        job({"view": "curve", "series": [drawn], "annotations": [["here", [0.0]]], "points": points})
    )
    (note,) = figure.axes[0].texts
    assert isinstance(note, Annotation)
    assert note.xy == (0.0, 0.0)


# ---- texts


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("local minimum of the risk", ["local minimum", "of the risk"]),
        ("short", ["short"]),
        ("unbreakablewordthatistoolong", ["unbreakablewordthatistoolong"]),
        ("two\nlines", ["two", "lines"]),
        ("of $x^2 - 2 x y$ at the point 0", ["of $x^2 - 2 x y$ at", "the point 0"]),
        ("$x^2 - 2 x y + y^2 - 3 x + 4 y + 5$ here", ["$x^2 - 2 x y + y^2 - 3 x + 4 y + 5$", "here"]),
        ("costs $5 or more, or not", ["costs $5 or", "more, or not"]),
        ("", [""]),
    ],
)
def test_texts_are_broken_at_blanks_outside_formulas(text: str, lines: list[str]) -> None:
    assert wrapped(text, 9.0, 72.0).split("\n") == lines


def test_text_that_is_too_wide_is_broken() -> None:
    drawn = some_panel("contour", 1, 0, marked=False)
    drawn["annotations"] = [["a text that is far too wide for the axes of this small figure", [0.0, 0.0]]]
    (panel,) = measured(canvas.make_figure(job(drawn, size=[4.0, 3.0])))
    assert panel.labels[0].text.count("\n") >= 2
    assert problems(panel) == []


def test_text_that_has_room_is_not_broken_and_not_small() -> None:
    drawn = some_panel("contour", 3, 0, marked=True)
    drawn["annotations"] = [["local minimum", at] for _, at in drawn["annotations"]]
    (axes,) = canvas.make_figure(job(drawn)).axes
    assert [(text.get_text(), text.get_fontsize()) for text in axes.texts] == [("local minimum", 9.0)] * 3


def test_letters_become_smaller_where_there_is_no_room() -> None:
    drawn = some_panel("contour", 1, 0, marked=False)
    drawn["annotations"] = [[f"quite a long text {n}", [0.0, n / 5]] for n in range(-2, 3)]
    (axes,) = (figure := canvas.make_figure(job(drawn, size=[3.0, 2.4], aspect="auto"))).axes
    assert {text.get_fontsize() for text in axes.texts} <= {7.0, 8.0}
    assert [problems(panel) for panel in measured(figure)] == [[]]


def test_small_curves_give_more_room_to_labels() -> None:
    drawn = some_panel("curve", 3, 10, marked=True, curves=2)
    large, small = (canvas.make_figure(job(drawn, size=size)).axes[0] for size in ([5.0, 4.0], [3.0, 2.0]))
    assert as_any(large).margins()[1] < as_any(small).margins()[1]


@pytest.mark.parametrize("text", ["$\\dfrac{a}{b}$", "one\ntwo\nthree", "$x^2$ and more"])
def test_size_of_a_text_is_that_which_is_drawn(text: str) -> None:
    drawn = {**some_panel("contour", 1, 0, marked=False), "annotations": [[text, [0.0, 0.0]]]}
    (panel,) = measured(canvas.make_figure(job(drawn)))
    ground = 2 * 0.15 * 9
    width, height = text_size(text, 9.0)
    # Letters fitted to pixels are some per cent wider.
    assert width - 1 < panel.labels[0].box.width - ground < 1.06 * width + 1
    assert panel.labels[0].box.height - ground < height + 2


def test_same_labels_are_at_the_same_places_each_time() -> None:
    drawn = job(some_panel("curve", 8, 3, marked=True, curves=2))
    offsets = [[text.get_position() for text in canvas.make_figure(drawn).axes[0].texts] for _ in range(2)]
    assert offsets[0] == offsets[1]


# Where the legend is: its middle is left or right, below or above the middle of the axes.
CORNERS = {"upper left": (-1, 1), "upper right": (1, 1), "lower left": (-1, -1), "lower right": (1, -1)}


@pytest.mark.parametrize("place", CORNERS)
def test_legend_is_where_the_author_wants_it_beside_labels_too(place: str) -> None:
    for seed in range(3):
        drawn = some_panel("curve", 3, seed, marked=True, curves=2)
        figure = canvas.make_figure(job(drawn, legend=place))
        agg = FigureCanvasAgg(figure)
        agg.draw()  # type: ignore[no-untyped-call]
        legend = figure.axes[0].get_legend()
        assert legend is not None
        box, axes = legend.get_window_extent(), figure.axes[0].get_window_extent()
        middle = np.array([(box.x0 + box.x1) - (axes.x0 + axes.x1), (box.y0 + box.y1) - (axes.y0 + axes.y1)])
        assert tuple(np.sign(middle)) == CORNERS[place]
