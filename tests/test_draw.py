"""Drawing: what names a figure, and what the child makes of every view, format and kind of number."""

from __future__ import annotations

import copy
import importlib.metadata
import math
import re
import shutil
import struct
import time
from dataclasses import replace
from io import BytesIO
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from conftest import page, sampled, settings_with
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.text import Annotation as DrawnNote
from PIL import Image

from sphinx_optviz import draw
from sphinx_optviz.draw import DrawingPool, Figure, FigureMaker, canvas, missing, style
from sphinx_optviz.draw.svg import shortened
from sphinx_optviz.landscapes import Catalogue
from sphinx_optviz.marks import marked
from sphinx_optviz.model import IMAGE_FORMATS, VIEWS, Annotation, Interval, PlotSpec
from sphinx_optviz.plan import Plot, plan
from sphinx_optviz.runs import Array, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conftest import MakeBook
    from matplotlib.figure import Figure as DrawnFigure
    from matplotlib.transforms import Bbox

Job = dict[str, Any]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

COUNT = 21
LINE = np.linspace(-1.0, 1.0, COUNT)
FLAT = [view for view, variables in VIEWS.items() if variables == 2 and view != "slices"]
SUFFIXES = tuple(IMAGE_FORMATS.values())


@pytest.fixture(autouse=True)
def fresh_style(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins like a child that has not drawn yet, and leaves Matplotlib as it was."""
    monkeypatch.setattr(canvas, "_answered_style", [None, {}])
    with mpl.rc_context():
        yield


# ---- jobs as children get them


def series(
    axes: list[list[Any]], *values: Numbers, labels: tuple[str, ...] = (), functions: tuple[str, ...] = ()
) -> Job:
    return {
        "axes": axes,
        "functions": list(functions or [f"f{number}" if number else "f" for number in range(len(values))]),
        "labels": list(labels or [""] * len(values)),
        "title": "Title",
        "landscape": "mine",
        "values": [np.asarray(item, dtype="<f8").tobytes() for item in values],
    }


def panel(view: str, change: Callable[[Numbers], Numbers] = np.asarray, notes: tuple[Any, ...] = ()) -> Job:
    """A panel of *view* with the values of an ordinary function, changed."""
    x = ["x", -1.0, 1.0, COUNT]
    y = ["y", -1.0, 1.0, COUNT]
    if view == "curve":
        drawn = [series([x], change(LINE**3 - LINE))]
    elif view == "slices":
        at_zero = [["x", 0.0, 0.0, 1], ["y", 0.0, 0.0, 1]]
        drawn = [series([x, at_zero[1]], change(LINE**2)), series([at_zero[0], y], change(-(LINE**2)))]
    else:
        drawn = [series([x, y], change(LINE[:, None] ** 2 - LINE**2))]
    return {"view": view, "series": drawn, "annotations": [[text, list(at)] for text, at in notes]}


def job(*panels: Job, path: Path = Path("unused"), **changes: Any) -> Job:
    plain: Job = {"format": "svg", "rcparams": {}, "size": None, "title": "", "legend": "", "path": str(path)}
    return {**plain, "panels": list(panels), **changes}


def rendered(figure: DrawnFigure) -> FigureCanvasAgg:
    """A canvas on which everything has its final place."""
    drawn = FigureCanvasAgg(figure)
    drawn.draw()  # type: ignore[no-untyped-call]
    return drawn


# ---- names


@pytest.fixture
def plot() -> Plot:
    """Two panels with an annotation."""
    return plot_of("saddle", views=("contour", "surface"), annotations=(Annotation("saddle", (0.0, 0.0)),))


def plot_of(*names: str, **fields: Any) -> Plot:
    settings = settings_with(frameworks=("pytorch", "jax"), default_framework="pytorch")
    plot, _ = marked(plan(PlotSpec(landscapes=names, **fields), settings, Catalogue([]).get_all(names)), {}, {})
    return plot


def results_of(plot: Plot, framework: str = "pytorch", digest: str = "0") -> dict[str, Result]:
    """Zeros for everything that *plot* needs."""
    return {
        run.key: result_with(
            {name: Array(run.shape("values"), bytes(8 * math.prod(run.shape("values")))) for name in run.functions},
            digest,
        )
        for run in plot.runs(framework)
    }


def result_with(values: dict[str, Array], digest: str = "") -> Result:
    """Drawing asks for no more of a result."""
    return Result(
        version="1",
        dtypes=dict.fromkeys(values, "float64"),
        methods={},
        errors={},
        noise={},
        arrays={("values", name): array for name, array in values.items()},
        critical={},
        non_finite=(),
        digest=digest,
    )


def name_of(
    plot: Plot,
    *,
    framework: str = "pytorch",
    mime: str = "image/svg+xml",
    rcparams: Mapping[str, object] | None = None,
    words: Mapping[str, str] | None = None,
    digest: str = "0",
) -> str:
    maker = FigureMaker(Path("figures"), mime, rcparams or {}, words or {})
    return maker.figure(plot, framework, results_of(plot, framework, digest)).path.name


def test_name_begins_with_what_people_look_for(plot: Plot) -> None:
    name = name_of(plot)
    assert name.startswith("saddle-pytorch-")
    assert name.endswith(".svg")
    assert name == name_of(copy.deepcopy(plot))


def test_name_of_many_landscapes_is_still_a_name_of_a_file() -> None:
    plot = plot_of("cubic", "local_minima", "risk", "vanishing_gradient")
    many = replace(plot, landscapes=plot.landscapes * 20)
    assert len(name_of(many)) < 120


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Title"},
        {"legend": "none"},
        {"figsize": (5.0, 4.0)},
        {"views": ("surface", "contour")},
        {"views": ("contour",)},
        {"annotations": ()},
        {"annotations": (Annotation("Saddle", (0.0, 0.0)),)},
        {"annotations": (Annotation("saddle", (0.0, 0.1)),)},
        {"x": Interval(-1.0, 1.5)},
        {"y": Interval(-1.0, 1.0, 50)},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_name_changes_with_what_the_author_wrote(plot: Plot, fields: dict[str, Any]) -> None:
    spec = {"views": plot.spec.views, "annotations": plot.spec.annotations} | fields
    assert name_of(plot_of("saddle", **spec)) != name_of(plot)


@pytest.mark.parametrize(
    "change",
    [
        {"mime": "application/pdf"},
        {"mime": "image/png"},
        {"digest": "1"},
        {"rcparams": {"lines.linewidth": 3}},
    ],
    ids=["pdf", "png", "numbers", "rcparams"],
)
def test_name_changes_with_numbers_style_and_format(plot: Plot, change: dict[str, Any]) -> None:
    """The suffix is not what tells them apart."""
    assert Path(name_of(plot, **change)).stem != Path(name_of(plot)).stem


def test_name_tells_whose_numbers_are_drawn(plot: Plot) -> None:
    assert name_of(plot, framework="jax").startswith("saddle-jax-")


def test_name_changes_with_the_numbers_of_any_panel() -> None:
    several = plot_of("saddle", views=("contour", "slices"))
    results = results_of(several)
    maker = FigureMaker(Path("figures"), "image/svg+xml", {}, {})
    names = {maker.figure(several, "pytorch", results).path.name}
    for key in results:
        changed = {**results, key: replace(results[key], digest="1")}
        names.add(maker.figure(several, "pytorch", changed).path.name)
    assert len(names) == 1 + len(results) == 4


@pytest.mark.parametrize("part", ["title", "label", "function"])
def test_name_changes_with_what_the_landscape_calls_things(plot: Plot, part: str) -> None:
    landscape = plot.landscapes[0]
    (function,) = landscape.functions
    renamed = {
        "title": replace(landscape, title="Another"),
        "label": replace(landscape, functions=(replace(function, label="Another"),)),
        "function": replace(landscape, functions=(replace(function, name="g"),)),
    }[part]
    panels = tuple(
        replace(panel, series=tuple(replace(series, landscape=renamed) for series in panel.series))
        for panel in plot.panels
    )
    assert name_of(replace(plot, landscapes=(renamed,), panels=panels)) != name_of(plot)


@pytest.mark.parametrize(
    "fields",
    [
        {"alt": "Another text"},
        {"code": "hidden"},
        {"figure": "each"},
        {"frameworks": ("jax", "pytorch")},
        {"frameworks": ("pytorch",)},
    ],
    ids=["alt", "code", "figure", "order-of-tabs", "tabs"],
)
def test_name_stays_when_the_picture_does(plot: Plot, fields: dict[str, Any]) -> None:
    spec = {"views": plot.spec.views, "annotations": plot.spec.annotations} | fields
    assert name_of(plot_of("saddle", **spec)) == name_of(plot)


def test_name_changes_with_the_language_of_the_words(plot: Plot) -> None:
    assert len({name_of(plot), name_of(plot, words={"kink": "Knick"}), name_of(plot, words={"kink": "折"})}) == 3


def test_name_changes_with_the_version_of_matplotlib(plot: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
    before = name_of(plot)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"{name} 1.0")
    assert name_of(plot) != before


def test_name_changes_with_the_code_that_draws(plot: Plot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = name_of(plot)
    folder = Path(shutil.copytree(Path(draw.__file__).parent, tmp_path / "draw"))
    monkeypatch.setattr(draw, "_HERE", folder)
    assert name_of(plot) == before
    (folder / "views.py").write_text("# changed\n", encoding="utf-8")
    assert name_of(plot) != before


def test_message_holds_the_numbers_of_each_function_in_its_place() -> None:
    plot = plot_of("risk")
    (run,) = plot.runs("pytorch")
    arrays = {name: Array((201,), struct.pack("<d", index) * 201) for index, name in enumerate(run.functions)}
    figure = FigureMaker(Path("figures"), "image/png", {}, {}).figure(plot, "pytorch", {run.key: result_with(arrays)})
    message = figure.message()
    (drawn,) = message["panels"][0]["series"]
    assert drawn["functions"] == ["risk", "empirical_risk"]
    assert drawn["values"] == [arrays["risk"].data, arrays["empirical_risk"].data]
    assert (message["path"], message["format"]) == (str(figure.path), "png")
    assert "values" not in figure.job["panels"][0]["series"][0]


def test_missing_figures_are_those_without_a_file_each_once(tmp_path: Path) -> None:
    figures = [Figure(tmp_path / name, name, {}, {}) for name in ("b.svg", "a.svg", "there.svg", "b.svg")]
    for name in ("there.svg", "there.py", "a.py", "b.svg"):
        (tmp_path / name).touch()
    assert [figure.path.name for figure in missing(figures)] == ["a.svg", "b.svg"], (
        "one without an image, one without code"
    )


# ---- sizes


@pytest.mark.parametrize(
    ("views", "size"),
    [
        (["curve"], (4.8, 2.9)),
        (["slices"], (4.8, 2.9)),
        (["contour"], (4.8, 3.75)),  # with equal units, over a square
        (["heatmap"], (4.8, 3.75)),
        (["wireframe"], (4.8, 3.6)),
        (["surface"], (4.8, 3.6)),
        (["curve", "contour"], (7.0, 3.1)),
        (["curve"] * 3, (7.0, 6.2)),
        (["curve"] * 4, (7.0, 6.2)),
        (["curve"] * 5, (7.0, 9.3)),
    ],
)
def test_default_size(views: list[str], size: tuple[float, float]) -> None:
    shape = 1.0 if views in (["contour"], ["heatmap"]) else None
    assert canvas.default_size(views, shape) == pytest.approx(size)
    assert canvas.make_figure(job(*map(panel, views))).get_size_inches() == pytest.approx(size)


@pytest.mark.parametrize(
    ("views", "size"),
    [
        (["curve"], [0.5, 0.5]),
        (["contour"], [0.5, 0.5]),
        (["surface"], [0.5, 0.5]),
        (["curve", "contour"], [1.0, 40.0]),
        (["curve", "contour"], [40.0, 1.0]),
        (list(VIEWS), [3.0, 2.0]),
        (list(VIEWS), [40.0, 40.0]),
    ],
    ids=str,
)
def test_size_is_what_the_author_wrote_and_axes_fit_in(views: list[str], size: list[float]) -> None:
    figure = canvas.make_figure(job(*map(panel, views), size=size, title="Title"))
    assert list(figure.get_size_inches()) == size
    assert len(figure.axes) == len(views)
    for axes in figure.axes:
        box = axes.get_position()
        assert 0 <= box.x0 < box.x1 <= 1
        assert 0 <= box.y0 < box.y1 <= 1


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_panels_do_not_overlap_and_have_letters_when_there_are_several(count: int) -> None:
    figure = canvas.make_figure(job(*[panel("curve")] * count))
    for one, other in combinations([axes.get_position() for axes in figure.axes], 2):
        assert not one.overlaps(other)
    letters = [text.get_text() for text in figure.texts]
    assert letters == ([] if count == 1 else ["(a)", "(b)", "(c)", "(d)", "(e)", "(f)"][:count])


# ---- files


SOME_FILES = [*product(VIEWS, ["svg"]), ("contour", "pdf"), ("surface", "png")]
MORE_FILES = [*product(VIEWS, ["svg"]), *product(["curve", "contour", "surface"], ["pdf", "png"])]


@pytest.mark.parametrize(("view", "suffix"), sampled(product(VIEWS, SUFFIXES), SOME_FILES))
def test_every_view_becomes_a_file_of_every_format(tmp_path: Path, view: str, suffix: str) -> None:
    path = tmp_path / "new" / f"figure.{suffix}"
    assert canvas.answer(job(panel(view), path=path, format=suffix)) == {"kind": "drawn", "refused": {}}
    code = path.with_suffix(".py")
    assert sorted(path.parent.iterdir()) == sorted([path, code])
    compile(
        re.sub("«([^»]*)»", lambda name: re.sub(r"\W", "_", name[1]), code.read_text(encoding="utf-8")), code, "exec"
    )
    content = path.read_bytes()
    width, height = canvas.default_size([view], 1.0 if view in ("contour", "heatmap") else None)
    if suffix == "svg":
        root = ET.fromstring(content)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("viewBox") == f"0 0 {width * 72:g} {height * 72:g}"
        assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 10
    elif suffix == "pdf":
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")
    else:
        with Image.open(BytesIO(content)) as image:
            image.load()
            assert image.size == (round(width * 200), round(height * 200))
            assert len(image.convert("RGB").getcolors(1 << 24) or []) > 10


def test_file_that_cannot_be_drawn_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Unknown symbol"):
        canvas.answer(job(panel("curve"), title=r"$\nosuchsymbol$", path=tmp_path / "figure.svg"))
    assert list(tmp_path.iterdir()) == []


def figures_of_all_views(folder: Path, files: list[tuple[str, str]]) -> list[Figure]:
    """Figures of views and in formats, with everything on them that there is."""
    figures = []
    for view, suffix in files:
        at = {"curve": (0.5,), "slices": ()}.get(view, (0.5, -0.5))
        drawn = panel(view, notes=(("point", at),) if at else ())
        drawn["points"] = [
            {"kind": kind, "degenerate": degenerate, "global": False, "at": list(at), "value": 0.1}
            for kind in ("minimum", "saddle")
            for degenerate in (False, True)
        ]
        drawn["lines"] = [{"kind": "valley", "at": [[0.0, -1.0], [0.0, 1.0]]}] if len(at) == 2 else []
        full = job(drawn, format=suffix, title="Title", legend="best")
        data = [item.pop("values") for item in full["panels"][0]["series"]]
        results = {(0, number): result_with({"f": Array((), values[0])}) for number, values in enumerate(data)}
        figures.append(Figure(folder / f"{view}.{suffix}", view, full, results))
    return figures


@pytest.mark.parametrize("files", [SOME_FILES, pytest.param(MORE_FILES, marks=pytest.mark.slow)], ids=len)
def test_files_are_the_same_bytes_from_process_to_process_and_in_any_order(
    tmp_path: Path, files: list[tuple[str, str]]
) -> None:
    """Nothing of the time, the folder, the process, or what it drew before gets into them."""
    contents = []
    for name, step in (("one", 1), ("two", -1)):
        figures = figures_of_all_views(tmp_path / name, files)[::step]
        done = list(DrawingPool(1).draw(figures))
        assert {error for _, error, _ in done} == {""}
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert len(contents[0]) == len(contents[1]) == len(files) + len(VIEWS), "an image each, and code for each view"
    assert [name for name in contents[0] if contents[0][name] != contents[1][name]] == []
    assert not any(str(tmp_path).encode() in content for content in contents[0].values())


def test_figure_that_cannot_be_drawn_keeps_no_other_from_being_drawn(tmp_path: Path) -> None:
    figures = figures_of_all_views(tmp_path, SOME_FILES[:3])
    figures[1] = replace(figures[1], job={**figures[1].job, "title": r"$\nosuchsymbol$"})
    done = {figure.path: error for figure, error, _ in DrawingPool(2).draw(figures)}
    assert "nosuchsymbol" in done.pop(figures[1].path)
    assert set(done.values()) == {""}
    assert sorted(tmp_path.iterdir()) == sorted({*done, *(path.with_suffix(".py") for path in done)})


# ---- numbers of every kind


def only(number: int, value: Numbers) -> Numbers:
    """Everything NaN but one."""
    return np.where(np.arange(value.size).reshape(value.shape) == number, value, np.nan)


KINDS: dict[str, Callable[[Numbers], Numbers]] = {
    "nan": lambda value: value * np.nan,
    "infinite": lambda value: value * 0 + np.inf,
    "some nan": lambda value: np.where(value > 0.1, np.nan, value),
    "some infinite": lambda value: np.where(value > 0.1, np.inf, np.where(value < -0.3, -np.inf, value)),
    "one finite": lambda value: only(5, value),
    "constant": lambda value: value * 0 + 3,
    "huge": lambda value: value * 1e300,
    "one huge": lambda value: np.where(value == value.max(), 1e300, value),
    "tiny": lambda value: value * 1e-300,
    "denormal": lambda value: value * 1e-310,
    "tiny range": lambda value: 1 + value * 1e-15,
    "two neighbours": lambda value: np.where(value > 0, np.nextafter(1, 2), 1.0),
}


def with_views(*others: str) -> list[Any]:
    """Parameters: each of *others* and every view; in each run it is a curve, a plane and a space with each of them."""
    views = (("curve", "heatmap", "surface"), ("slices", "contour", "wireframe"))  # in turns
    in_each_run = [(other, view) for number, other in enumerate(others) for view in views[number % 2]]
    return sampled(product(others, VIEWS), in_each_run)


@pytest.mark.parametrize(("kind", "view"), with_views(*KINDS))
def test_numbers_of_every_kind_are_drawn_without_a_warning(tmp_path: Path, kind: str, view: str) -> None:
    at = {"curve": (0.1,), "slices": ()}.get(view, (0.1, 0.1))
    drawn = panel(view, KINDS[kind], notes=(("point", at),) if at else ())
    canvas.answer(job(drawn, path=tmp_path / "figure.svg"))
    ET.parse(tmp_path / "figure.svg")


@pytest.mark.parametrize("view", ["contour", "heatmap"])
@pytest.mark.parametrize("kind", ["some nan", "some infinite", "constant", "huge", "tiny", "tiny range"])
def test_colours_reach_over_all_finite_numbers(kind: str, view: str) -> None:
    drawn = panel(view, KINDS[kind])
    (axes,) = canvas.make_figure(job(drawn)).axes
    filled = next(item for item in axes.get_children() if isinstance(item, ScalarMappable))
    values = np.frombuffer(drawn["series"][0]["values"][0])
    finite = values[np.isfinite(values)]
    low, high = filled.get_clim()
    assert low is not None
    assert high is not None
    assert -np.inf < low <= finite.min() <= finite.max() <= high < np.inf


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("kind", "expected"), [("nan", 1), ("infinite", 1), ("one finite", 0), ("constant", 0)])
def test_figure_without_a_finite_number_says_so(kind: str, expected: int, view: str) -> None:
    (axes,) = canvas.make_figure(job(panel(view, KINDS[kind]))).axes
    assert [text.get_text() for text in axes.texts] == ["no finite values"] * expected


DOMAINS = {"huge": (0.0, 1e300), "tiny": (0.0, 1e-300), "close": (1e16, 1e16 + 2), "far": (1e9, 1e9 + 1)}


@pytest.mark.parametrize(("domain", "view"), with_views(*DOMAINS))
def test_domains_of_every_kind_are_drawn_without_a_warning(tmp_path: Path, domain: str, view: str) -> None:
    low, high = DOMAINS[domain]
    drawn = panel(view)
    for item in drawn["series"]:
        item["axes"] = [[name, low, high if count > 1 else low, count] for name, _, _, count in item["axes"]]
    canvas.answer(job(drawn, path=tmp_path / "figure.svg"))
    ET.parse(tmp_path / "figure.svg")


@pytest.mark.parametrize("view", FLAT)
def test_smallest_grid_is_drawn(tmp_path: Path, view: str) -> None:
    grid = series([["x", 0.0, 1.0, 2], ["y", 0.0, 1.0, 2]], np.array([[0.0, 1.0], [2.0, 4.0]]))
    canvas.answer(job({"view": view, "series": [grid], "annotations": []}, path=tmp_path / "figure.svg"))
    ET.parse(tmp_path / "figure.svg")


# ---- words


WORDS = ["costs $5", "a_b", "100 %", "x < y & z", '"quoted"', "$x^2$", "back\\slash", "θ", "_hidden", "{braces}"]


@pytest.mark.parametrize("words", WORDS)
def test_words_of_authors_are_drawn_wherever_they_stand(tmp_path: Path, words: str) -> None:
    drawn = panel("curve", notes=((words, (0.1,)),))
    drawn["series"] = [series([["x", -1.0, 1.0, COUNT]], LINE, -LINE, labels=(words, ""))]
    canvas.answer(job(drawn, title=words, legend="best", path=tmp_path / "figure.svg"))
    ET.parse(tmp_path / "figure.svg")


NAMES = ["x", "_", "θ", "é", "learning_rate", "x1"]
IN_A_VIEW = [*product(["curve"], NAMES[1::2]), *product(["contour"], NAMES[::2])]


@pytest.mark.parametrize(("view", "name"), sampled(product(["curve", "contour"], NAMES), IN_A_VIEW))
def test_names_of_variables_and_functions_are_drawn(tmp_path: Path, view: str, name: str) -> None:
    drawn = panel(view)
    for item in drawn["series"]:
        item["axes"][0][0] = name
        item["functions"] = [name]
    canvas.answer(job(drawn, path=tmp_path / "figure.svg"))
    ET.parse(tmp_path / "figure.svg")


@pytest.mark.parametrize(
    ("legend", "curves", "shown"), [("", 1, False), ("", 2, True), ("none", 2, False), ("upper left", 1, True)]
)
def test_legend_is_there_when_it_is_wanted_or_needed(legend: str, curves: int, *, shown: bool) -> None:
    drawn = panel("curve")
    drawn["series"] *= curves
    (axes,) = canvas.make_figure(job(drawn, legend=legend)).axes
    assert (axes.get_legend() is not None) == shown


def test_legend_names_every_curve() -> None:
    drawn = panel("curve")
    drawn["series"] = [
        series([["x", -1.0, 1.0, COUNT]], LINE, -LINE, labels=("first label", ""), functions=("f", "second_curve")),
        series([["x", -1.0, 1.0, COUNT]], LINE**2),
    ]
    (axes,) = canvas.make_figure(job(drawn)).axes
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["first label", "second curve", "Title"]


# ---- what is drawn


def test_curve_goes_through_the_numbers() -> None:
    (axes,) = canvas.make_figure(job(panel("curve"))).axes
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), LINE)
    np.testing.assert_array_equal(line.get_ydata(), LINE**3 - LINE)
    assert axes.get_xlim() == (-1.0, 1.0)


def test_curves_with_domains_of_their_own_are_all_in_sight() -> None:
    drawn = panel("curve")
    drawn["series"].append(series([["x", 0.0, 5.0, 3]], np.array([1.0, 2.0, 3.0])))
    (axes,) = canvas.make_figure(job(drawn)).axes
    assert axes.get_xlim() == (-1.0, 5.0)


def test_heatmap_has_the_first_variable_along_x() -> None:
    grid = series([["x", 0.0, 2.0, 3], ["y", 0.0, 1.0, 2]], np.array([[0.0, 10.0], [1.0, 11.0], [2.0, 12.0]]))
    (axes,) = canvas.make_figure(job({"view": "heatmap", "series": [grid], "annotations": []})).axes
    (image,) = axes.images
    shown = image.get_array()
    assert shown is not None
    np.testing.assert_array_equal(np.ma.getdata(shown), [[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]])
    assert image.origin == "lower"
    assert axes.get_xlabel() == "x"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("w", "w"),
        ("w_1", "$w_{1}$"),
        ("b_10", "$b_{10}$"),
        ("x_a", "$x_{a}$"),
        ("w_", "w "),
        ("step_size", "step size"),
    ],
)
def test_variable_with_an_index_is_set_with_it(name: str, label: str) -> None:
    grid = series([[name, 0.0, 2.0, 3], ["y", 0.0, 1.0, 2]], np.arange(6.0).reshape(3, 2))
    for view in ("contour", "wireframe"):
        axes = canvas.make_figure(job({"view": view, "series": [grid], "annotations": []})).axes[0]
        assert axes.get_xlabel() == label


def test_value_of_variables_with_an_index_is_named_by_them() -> None:
    grid = series([["w_1", 0.0, 2.0, 3], ["w_2", 0.0, 1.0, 2]], np.arange(6.0).reshape(3, 2))
    axes: Any = canvas.make_figure(job({"view": "surface", "series": [grid], "annotations": []})).axes[0]
    assert axes.get_zlabel() == "$f(w_{1}, w_{2})$"


def test_slices_have_each_variable_along_x() -> None:
    (axes,) = canvas.make_figure(job(panel("slices"))).axes
    assert [line.get_label() for line in axes.lines] == ["along $x$, $y$ = 0", "along $y$, $x$ = 0"]
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), -(LINE**2))


# ---- annotations

X = ["x", -2.0, 2.0, 201]
POINTS = np.linspace(-2.0, 2.0, 201)
CURVES: dict[str, tuple[Numbers, list[float]]] = {
    "parabola": (POINTS**2, [0.0]),
    "both ends": (POINTS**3, [-2.0, 2.0]),
    "flat": (POINTS * 0, [-1.0, 0.0, 1.0]),
    "minima": (POINTS * np.cos(np.pi * POINTS), [-1.1, 1.1, 0.3, -0.3]),
    "neighbours": (np.sin(5 * POINTS), [0.0, 0.1, 0.2]),
    "same point": (POINTS, [0.5, 0.5, 0.5]),
    "steep": (np.tanh(20 * POINTS), [-0.05, 0.0, 0.05, 1.5]),
    "many": (np.cos(3 * POINTS), [-1.9, -1.2, -0.4, 0.4, 1.2, 1.9]),
}


def boxes_of(figure: DrawnFigure) -> list[Bbox]:
    """Where the texts of the annotations are, in pixels."""
    renderer = rendered(figure).get_renderer()  # type: ignore[no-untyped-call]
    notes = [note for axes in figure.axes for note in axes.texts if isinstance(note, DrawnNote)]
    return [patch.get_window_extent(renderer) for note in notes if (patch := note.get_bbox_patch()) is not None]


def assert_in_good_places(figure: DrawnFigure, count: int) -> None:
    """All texts inside the figure, none over another."""
    boxes = boxes_of(figure)
    assert len(boxes) == count
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
    overlapping = [(one, other) for one, other in combinations(range(count), 2) if boxes[one].overlaps(boxes[other])]
    assert overlapping == []


TEXTS = ["local minimum {}", "a rather long remark, number {}", "two\nlines"]
WITH_A_TEXT = [(name, TEXTS[number % 3]) for number, name in enumerate(CURVES)]


@pytest.mark.parametrize(("name", "text"), sampled(product(CURVES, TEXTS), WITH_A_TEXT))
def test_annotations_of_a_curve_are_inside_the_figure_and_off_each_other(name: str, text: str) -> None:
    values, places = CURVES[name]
    if len(text) * len(places) > 100:
        places = places[:3]
    notes = [[text.format(number), [place]] for number, place in enumerate(places)]
    drawn = {"view": "curve", "series": [series([X], values)], "annotations": notes}
    style.apply({})
    assert_in_good_places(canvas.make_figure(job(drawn)), len(places))


def test_annotations_of_a_curve_with_very_many_points_do_not_take_long() -> None:
    """With a hundred times as many, half as long again. What else the machine does adds to the one as to the other."""

    def with_points(count: int) -> tuple[float, DrawnFigure]:
        """The processor time that it takes, the least of three."""
        fine = series([["x", -1.0, 1.0, count]], np.sin(5 * np.linspace(-1.0, 1.0, count)))
        notes = [[f"point {place}", [place]] for place in (-0.6, -0.2, 0.2, 0.6)]
        spent = []
        for _ in range(3):
            begin = time.process_time()
            figure = canvas.make_figure(job({"view": "curve", "series": [fine], "annotations": notes}))
            spent.append(time.process_time() - begin)
        return min(spent), figure

    few, _ = with_points(200)
    many, figure = with_points(20_000)
    assert many < 15 * few
    assert_in_good_places(figure, 4)


@pytest.mark.parametrize("view", FLAT)
def test_annotations_of_a_surface_are_inside_the_figure_and_off_each_other(view: str) -> None:
    notes = (("$x^2 - y^2$", (0.0, 0.0)), ("corner", (1.0, 1.0)), ("other corner", (-1.0, -1.0)), ("near", (0.1, 0.1)))
    style.apply({})
    assert_in_good_places(canvas.make_figure(job(panel(view, notes=notes))), 4)


def test_annotations_are_in_good_places_in_a_small_panel_too() -> None:
    notes = (("left end", (-1.0,)), ("right end", (1.0,)))
    style.apply({})
    assert_in_good_places(canvas.make_figure(job(panel("curve", notes=notes), panel("curve"), size=[4.5, 2.0])), 2)


@pytest.mark.parametrize(("at", "tip"), [((0.55,), (0.55, 0.55**3 - 0.55)), ((0.55, 0.1), (0.55, 0.1))])
def test_arrow_points_at_the_curve_or_where_the_author_says(at: tuple[float, ...], tip: tuple[float, float]) -> None:
    (axes,) = canvas.make_figure(job(panel("curve", notes=(("here", at),)))).axes
    (note,) = axes.texts
    assert isinstance(note, DrawnNote)
    assert note.xy == pytest.approx(tip, abs=0.01)
    marks = [np.asarray(line.get_xydata()).tolist() for line in axes.lines if len(np.asarray(line.get_xdata())) == 1]
    assert marks == [[list(note.xy)]]


@pytest.mark.parametrize("view", ["wireframe", "surface"])
def test_arrow_points_at_the_surface_as_it_is_seen(view: str) -> None:
    figure = canvas.make_figure(job(panel(view, notes=(("top", (1.0, 0.0)),))))
    rendered(figure)
    (axes,) = figure.axes
    (note,) = [text for text in axes.texts if isinstance(text, DrawnNote)]
    mark = axes.lines[-1]
    assert list(note.xy) == pytest.approx(np.asarray(mark.get_xydata())[0].tolist(), abs=1e-9)


# ---- the author's style


def test_rcparams_change_the_figure_and_only_it(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    contents = []
    for rcparams in ({}, {"lines.linewidth": 5, "axes.facecolor": "#abcdef"}, {}):
        assert canvas.answer(job(panel("curve"), rcparams=rcparams, path=path))["refused"] == {}
        contents.append(path.read_text(encoding="utf-8"))
    assert "#abcdef" in contents[1]
    assert contents[0] == contents[2] != contents[1]


@pytest.mark.parametrize("view", ["contour", "heatmap", "surface"])
def test_rcparams_may_name_another_colour_map(view: str) -> None:
    style.apply({"image.cmap": "magma"})
    (axes,) = canvas.make_figure(job(panel(view))).axes
    maps = {item.get_cmap().name for item in axes.get_children() if isinstance(item, ScalarMappable)}
    assert "magma" in maps
    assert "viridis" not in maps


REFUSED: dict[str, object] = {
    "no.such.parameter": 1,
    "lines.linewidth": "wide",
    "axes.prop_cycle": "red, green",
    "axes.labelsize": None,
    "axes.xmargin": -3,
    "image.cmap": None,
    "legend.labelcolor": True,
    "mathtext.it": 5,
    "font.size": [9],
    "pdf.fonttype": None,
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is reported of them all, and of one that is right."""
    path = tmp_path_factory.mktemp("refused") / "figure.svg"
    with mpl.rc_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(canvas, "_answered_style", [None, {}])
        answer = canvas.answer(job(panel("curve"), rcparams={**REFUSED, "axes.facecolor": "#abcdef"}, path=path))
    assert "#abcdef" in path.read_text(encoding="utf-8")
    reported: dict[str, str] = answer["refused"]
    return reported


@pytest.mark.parametrize("name", REFUSED)
def test_rcparams_that_matplotlib_does_not_take_are_reported_and_left_out(refused: dict[str, str], name: str) -> None:
    assert refused[name]


def test_each_rcparam_that_matplotlib_does_not_take_is_reported_once(refused: dict[str, str]) -> None:
    assert list(refused) == list(REFUSED)


def test_refused_rcparams_are_reported_with_every_figure(tmp_path: Path) -> None:
    """Each is drawn by whichever child comes first."""
    for name in ("one", "two"):
        answer = canvas.answer(job(panel("curve"), rcparams={"no.such": 1}, path=tmp_path / f"{name}.svg"))
        assert list(answer["refused"]) == ["no.such"]


def test_author_cannot_make_files_differ_from_build_to_build(tmp_path: Path) -> None:
    contents = set()
    for name in ("one", "two"):
        path = tmp_path / name
        canvas.answer(job(panel("contour"), rcparams={"svg.hashsalt": None}, path=path))
        contents.add(path.read_bytes())
    assert len(contents) == 1


# ---- shorter files


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ('<path d="M 1.23456 -7.8999 L 3 4.5"/>', '<path d="M 1.23 -7.89 L 3 4.5"/>'),
        ('<path id="a" d="M 0.001 0.999"/>', '<path id="a" d="M 0.00 0.99"/>'),
        ('<use x="1.23456" y="2.34567"/>', '<use x="1.23456" y="2.34567"/>'),
        ('<g transform="scale(0.015625)"/>', '<g transform="scale(0.015625)"/>'),
    ],
)
def test_only_coordinates_of_paths_are_cut(long: str, short: str) -> None:
    assert shortened(long) == short


# ---- names of files

# Options each of which changes the picture of a saddle.
CHANGES = [
    *("", ":critical-points:", ":critical-points: minima", ":annotate: here @ saddle", ":annotate: there @ saddle"),
    *(
        ":view: contour",
        ":title: Saddle",
        ":title: Point",
        ":figsize: 4, 3",
        ":x: -1 : 2",
        ":y: -1 : 2",
        ":x: -1 : 1 : 51",
    ),
    *(":view: contour\n   :aspect: auto", ":view: slices", ":view: slices\n   :legend: none"),
]


def test_whatever_changes_the_picture_changes_the_name_of_its_file(make_book: MakeBook) -> None:
    book = make_book()
    book.write("index.rst", page(*(f".. optplot:: saddle\n   {option}\n" for option in CHANGES)))
    built = book.build(warnings=True)
    sources = [str(image["src"]) for image in built.page().all("img")]
    # There are no minima: nothing is marked, and the picture is that of the first.
    different = [source for source, option in zip(sources, CHANGES, strict=True) if not option.endswith("minima")]
    assert len(set(different)) == len(CHANGES) - 1
    assert sources[CHANGES.index(":critical-points: minima")] == sources[0]
