"""Whole builds: what each builder gets, what is run and drawn, and what is not."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ALL_FRAMEWORKS, ROOTS, Book, numpy_alone, page
from reading import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Built, MakeBook

pytestmark = pytest.mark.oldest_sphinx


@pytest.fixture(autouse=True)
def same_everywhere(request: pytest.FixtureRequest) -> None:
    """Unless a test needs frameworks there are none, so that books are the same wherever the tests run."""
    if request.node.get_closest_marker("framework") is None:
        request.getfixturevalue("only_numpy")


CHAPTER_RUNS = ["cubic (numpy)", "local_minima (numpy)", "risk (numpy)", "saddle (numpy)", "vanishing_gradient (numpy)"]
CHAPTER_SEARCHES = [run for run in CHAPTER_RUNS if not run.startswith("risk")]  # which has no figure


@pytest.fixture(scope="module")
def first(make_shared_book: MakeBook) -> Built:
    """The first build of the chapter, as HTML."""
    book = make_shared_book("chapter")
    with pytest.MonkeyPatch.context() as patch:
        numpy_alone(patch, book.folder.parent / "no environments")
        return book.build()


@pytest.fixture
def chapter(first: Built, tmp_path: Path) -> Iterator[Book]:
    """The chapter after its first build; afterwards, too, with its sources, doctrees, store and output."""
    folder = Path(first.app.srcdir)
    shutil.copytree(folder, tmp_path / "kept")
    yield Book(folder)
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "kept", folder)


# ---- builders


def _check(built: Built, builder: str) -> None:
    """Each builder's output, as far as the chapter is concerned."""
    if builder in ("html", "dirhtml"):
        shown = built.page("one.html" if builder == "html" else "one/index.html")
        tabs, panels = shown.all('[role="tab"]'), shown.all('[role="tabpanel"]')
        assert [tab["id"] for tab in tabs] == [panel["aria-labelledby"] for panel in panels]
        assert len(tabs) == 8
        assert [tab["aria-selected"] for tab in tabs] == ["true", "false", "false", "false"] * 2
        assert [alt.split(",")[0] for alt in shown.alts] == ["Wireframe of Saddle", "Curve of Cubic"]
    elif builder == "singlehtml":
        shown = built.page()
        ids = [element["id"] for element in shown.all("[id]")]
        assert len(set(ids)) == len(ids)
        assert len(shown.alts) == 5
        assert len(shown.tabs) == 8 + 10
    elif builder == "latex":
        text = built.read("chapter.tex")
        assert text.count(r"\sphinxincludegraphics") == 5
        assert len(built.files("*.pdf")) == 5
        assert "jax" not in text, "only the default framework is printed"
    elif builder in ("text", "man"):
        text = words("\n".join(map(built.read, built.files("*.txt" if builder == "text" else "*.1"))))
        assert text.count("JAX: this code was not run") == 5
        assert text.count("MXNet, JAX and TensorFlow were not run.") == 5
        assert text.count("Wireframe of Saddle, f(x, y)") >= 1
    elif builder == "epub":
        assert len(built.files("_images/*.svg")) == 5
        shown = built.page("one.xhtml")
        assert shown.tabs == []
        assert shown.texts("strong").count("TensorFlow") == 2
    elif builder == "texinfo":
        assert len(list(Path(built.app.outdir).rglob("*.png"))) == 5
    else:
        assert builder in ("linkcheck", "dummy")


BUILDERS = ["html", "dirhtml", "singlehtml", "latex", "text", "man", "epub", "texinfo", "linkcheck", "dummy"]

# There and back: neighbours in both orders, and the first that runs code is HTML once and Texinfo once. The slow ones
# start with other builders.
ORDERS = [
    pytest.param(BUILDERS, id="there"),
    pytest.param(BUILDERS[::-1], id="back"),
    *[
        pytest.param(BUILDERS[i:] + BUILDERS[:i], id=f"{BUILDERS[i]} first", marks=pytest.mark.slow)
        for i in range(3, 10, 3)
    ],
]


@pytest.mark.parametrize("order", ORDERS)
def test_builders_share_their_doctrees_in_any_order(make_book: Any, order: list[str]) -> None:
    book: Book = make_book("chapter")
    has_run = False
    for builder in order:
        built = book.build(builder)
        if builder in ("linkcheck", "dummy"):
            assert built.runs == built.compared == built.searched == built.drawn == []
        else:
            assert built.runs == built.compared == ([] if has_run else CHAPTER_RUNS)
            assert built.searched == ([] if has_run else CHAPTER_SEARCHES)
            has_run = True
        if builder in ("text", "man"):
            assert built.drawn == []
        _check(built, builder)


def test_all_pairs_of_orders_are_covered() -> None:
    always: list[Any] = [order.values[0] for order in ORDERS if not order.marks]
    pairs = {pair for order in always for pair in itertools.pairwise(order)}
    assert len(pairs) == 18
    assert {(after, before) for before, after in pairs} == pairs


def test_gettext_runs_nothing_and_finds_the_captions(make_book: Any) -> None:
    # Sphinx refuses to share its doctrees with those of other builders.
    book: Book = make_book("chapter")
    built = book.build("gettext")
    assert (built.runs, built.searched, built.drawn, book.store) == ([], [], [], [])
    assert "The saddle :math:`x^2 - y^2`." in built.read("one.pot")
    assert "A legend." in built.read("one.pot")


def test_an_alt_of_the_author_is_translatable_and_used(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: saddle\n   :alt: My own words.\n")
    assert "My own words." in book.build("gettext").read("index.pot")
    other: Book = make_book(page=".. optplot:: saddle\n   :alt: My own words.\n", folder="other")
    assert other.build().page().alts == ["My own words."]


# ---- what the first build gives


def test_figures_are_numbered_and_referred_to(first: Built) -> None:
    assert first.page().texts("span.std.std-numref") == ["Fig. 1", "Fig. 3"]
    one = first.page("one.html")
    assert len(one.all("#fig-saddle")) == 1
    assert "A legend." in one.texts("p")


def test_each_has_a_figure_in_every_tab_that_ran(first: Built) -> None:
    sources = [str(image["src"]) for image in first.page("two.html").all("img")]
    assert [name.rsplit("/", 1)[1].split("-numpy")[0] for name in sources] == [
        "local_minima",
        "vanishing_gradient",
        "saddle",
    ]


def test_values_are_drawn_and_derivatives_compared_once_for_all_pages(first: Built, chapter: Book) -> None:
    """Two pages of the chapter have the saddle."""
    assert first.runs == first.compared == CHAPTER_RUNS
    assert first.searched == CHAPTER_SEARCHES
    assert len(chapter.store) == 5 + 5 + 4
    chapter.write("three.rst", f":orphan:\n\n{page('.. optplot:: saddle', '   :view: contour, surface')}")
    again = chapter.build()
    assert again.runs == again.compared == again.searched == []
    assert again.drawn == ["saddle (numpy)"]
    assert len(chapter.store) == 5 + 5 + 4


def test_frameworks_that_are_not_compared_are_not_run_for_it(make_book: Any) -> None:
    built = make_book("chapter").build("text", optviz_agreement="off")
    assert (built.runs, built.compared, built.searched) == (CHAPTER_RUNS, [], CHAPTER_SEARCHES)
    assert "were not run." not in words(built.read("one.txt"))


# ---- what is done again


def test_a_rebuild_without_changes_does_nothing(chapter: Book) -> None:
    again = chapter.build()
    assert again.runs == again.compared == again.searched == again.drawn == again.written == []


def test_prose_runs_and_draws_nothing(chapter: Book) -> None:
    chapter.replace("one.rst", "A legend.", "Another legend.")
    again = chapter.build()
    assert again.runs == again.compared == again.searched == again.drawn == []
    assert again.written == ["index", "one"]  # Sphinx writes the page with the toctree too


def test_code_of_one_framework_runs_that_and_writes_the_pages_that_show_it(chapter: Book) -> None:
    chapter.landscape("mine", "def f(x):\n    return x**2\n")
    chapter.landscape("mine", "def f(x):\n    return x**2\n", framework="jax")
    chapter.write("three.rst", f":orphan:\n\n{page('.. optplot:: mine')}")
    chapter.build()
    chapter.write("landscapes/mine/numpy.py", "def f(x):\n    return x**4\n")
    again = chapter.build()
    assert again.runs == again.searched == again.drawn == ["mine (numpy)"]
    assert set(again.written) - {"index"} == {"three"}  # Sphinx 8 writes pages with a toctree too
    assert [text for text in again.page("three.html").texts("pre") if "return x**4" in text] != []
    assert again.compared == ["mine (numpy)"]
    chapter.write("landscapes/mine/jax.py", "def f(x):\n    return x * x\n")
    again = chapter.build()
    assert again.runs == again.compared == again.searched == again.drawn == []
    assert set(again.written) - {"index"} == {"three"}


def test_a_change_reaches_every_builder_though_another_one_saw_it_first(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: mine\n")
    book.landscape("mine", "def f(x):\n    return x**2\n")
    for builder in ("html", "text"):
        book.build(builder)
    book.write("landscapes/mine/numpy.py", "def f(x):\n    return 7 * x\n")
    assert "7 * x" in book.build("text").read("index.txt")
    assert book.build("html").page().texts("pre .mi") == ["7"]


def test_rcparams_redraw_and_run_nothing(chapter: Book) -> None:
    again = chapter.build(optviz_rcparams={"lines.linewidth": 3})
    assert again.runs == again.searched == []
    assert len(again.drawn) == 5
    assert again.written == ["index", "one", "two"]  # Sphinx writes the page with the toctree too
    image = again.page("two.html").all("img")[0]
    assert "stroke-width: 3;" in again.read(str(image["src"]))


def test_parallel_and_serial_builds_are_the_same(make_book: Any) -> None:
    """Seven pages are read by four processes: two read what has the same saddle."""
    serial_book, parallel_book = books = [make_book("chapter", folder=name) for name in ("serial", "parallel")]
    for book in books:
        for number in range(4):
            book.write(f"extra{number}.rst", f":orphan:\n\n{page('.. optplot:: cubic', f'   :x: -1 : {number + 2}')}")
    serial, parallel = serial_book.build(), parallel_book.build(parallel=4)
    assert serial.runs == parallel.runs
    assert serial.compared == parallel.compared
    assert serial.searched == parallel.searched
    assert len(serial.runs) == 5 + 4
    assert len(serial.searched) == 4 + 4
    names = serial.files("*.html")
    assert names == parallel.files("*.html")
    assert [serial.read(name) for name in names] == [parallel.read(name) for name in names]
    images = serial.files("_images/*")
    assert images == parallel.files("_images/*")
    for name in images:
        left, right = (Path(built.app.outdir, "_images", name).read_bytes() for built in (serial, parallel))
        assert left == right, name
    # Touch a page and build again in parallel.
    parallel_book.replace("extra3.rst", "====\n", "====\n\nMore.\n")
    again = parallel_book.build(parallel=4)
    assert again.runs == again.compared == again.searched == again.drawn == []
    assert "More." in again.page("extra3.html").texts("p")


def test_a_removed_page_takes_its_plots_along(chapter: Book) -> None:
    chapter.write("three.rst", f":orphan:\n\n{page('.. optplot:: missing')}")
    (message,) = chapter.build(warnings=True).messages
    assert message.file == "three.rst"
    (chapter.folder / "three.rst").unlink()
    assert chapter.build().warnings == []


def test_included_files_point_at_themselves(make_book: Any) -> None:
    book: Book = make_book(page=".. include:: part.txt\n")
    book.write("part.txt", "One.\n\n.. optplot:: saddle\n   :view: nothing\n")
    (message,) = book.build("dummy", warnings=True).messages
    assert (message.file, message.line) == ("part.txt", 4)


# ---- all frameworks


@pytest.fixture
def all_frameworks(needs: Callable[[str], None]) -> None:
    for name in ALL_FRAMEWORKS:
        needs(name)


@pytest.mark.framework
@pytest.mark.usefixtures("all_frameworks")
def test_all_frameworks_are_run_and_agree_in_every_builder(tmp_path: Path) -> None:
    book = Book(tmp_path / "together")
    shutil.copytree(ROOTS / "test-chapter", book.folder)
    config: Any = {"optviz_frameworks": [*ALL_FRAMEWORKS, "numpy"], "optviz_default_framework": "pytorch"}
    built = book.build(**config)

    def everywhere(runs: list[str]) -> list[str]:
        names = [run.partition(" ")[0] for run in runs]
        frameworks = {"vanishing_gradient": ["jax", "numpy"]}
        return sorted(
            f"{name} ({framework})" for name in names for framework in frameworks.get(name, [*ALL_FRAMEWORKS, "numpy"])
        )

    assert built.runs == built.compared == everywhere(CHAPTER_RUNS)
    assert built.searched == everywhere(CHAPTER_SEARCHES)
    one, two = built.page("one.html"), built.page("two.html")
    sentences = re.findall(
        r"PyTorch [\d.]+, MXNet [\d.]+, JAX [\d.]+, TensorFlow [\d.]+ and NumPy [\d.]+ agree", one.text
    )
    assert len(sentences) == 3
    assert "disagree" not in one.text + two.text
    assert re.search(r"NumPy [\d.]+ and JAX [\d.]+ agree", two.text)
    for builder in ("text", "latex", "epub"):
        again = book.build(builder, **config)
        assert (again.runs, again.compared, again.searched) == ([], [], [])
    assert "this code was not run" not in one.text + two.text
