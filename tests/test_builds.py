"""Whole builds: what each builder gets, what is run and drawn, and what is not."""

from __future__ import annotations

import itertools
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ALL_FRAMEWORKS, ROOTS, Book

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Built


@pytest.fixture(autouse=True)
def same_everywhere(request: pytest.FixtureRequest) -> None:
    """Unless a test needs frameworks there are none, so that books are the same wherever the tests run."""
    if request.node.get_closest_marker("framework") is None:
        request.getfixturevalue("only_numpy")


CHAPTER_RUNS = ["cubic (numpy)", "local_minima (numpy)", "risk (numpy)", "saddle (numpy)", "vanishing_gradient (numpy)"]
CHAPTER_SEARCHES = [run for run in CHAPTER_RUNS if not run.startswith("risk")]  # which has no figure


class _Page(HTMLParser):
    """Ids and tabs of an HTML page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tabs: list[dict[str, str | None]] = []
        self.panels: list[dict[str, str | None]] = []
        self.images: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if found.get("role") == "tab":
            self.tabs.append(found)
        if found.get("role") == "tabpanel":
            self.panels.append(found)
        if tag == "img":
            self.images.append(found)


def _check(built: Built, builder: str) -> None:
    """Each builder's output, as far as this book is concerned."""
    if builder in ("html", "dirhtml"):
        page = _Page(built.read("one.html" if builder == "html" else "one/index.html"))
        assert [tab["id"] for tab in page.tabs] == [panel["aria-labelledby"] for panel in page.panels]
        assert len(page.tabs) == 8
        assert [tab["aria-selected"] for tab in page.tabs] == ["true", "false", "false", "false"] * 2
        assert [str(image["alt"]).split(",")[0] for image in page.images] == ["Wireframe of Saddle", "Curve of Cubic"]
    elif builder == "singlehtml":
        page = _Page(built.read("index.html"))
        assert max(Counter(page.ids).values()) == 1
        assert len(page.images) == 5
        assert len(page.tabs) == 8 + 10
    elif builder == "latex":
        text = built.read("chapter.tex")
        assert text.count(r"\sphinxincludegraphics") == 5
        assert len(built.files("*.pdf")) == 5
        assert "jax" not in text, "only the default framework is printed"
    elif builder in ("text", "man"):
        text = "".join(
            path.read_text() for path in Path(built.app.outdir).glob("*.txt" if builder == "text" else "*.1")
        )
        assert text.count("JAX: this code was not run") == 5
        assert " ".join(text.split()).count("MXNet, JAX and TensorFlow were not run.") == 5
        assert text.count("Wireframe of Saddle, f(x, y)") + text.count("Wireframe of Saddle,\nf(x, y)") >= 1
    elif builder == "epub":
        assert len(built.files("_images/*.svg")) == 5
        assert 'role="tab"' not in built.read("one.xhtml")
        assert built.read("one.xhtml").count("<strong>TensorFlow</strong>") == 2
    elif builder == "texinfo":
        assert len(list(Path(built.app.outdir).rglob("*.png"))) == 5
    else:
        assert builder in ("linkcheck", "dummy")


BUILDERS = ["html", "dirhtml", "singlehtml", "latex", "text", "man", "epub", "texinfo", "linkcheck", "dummy"]


# Each builder once first, and neighbours in both orders.
@pytest.mark.parametrize("order", [BUILDERS[i:] + BUILDERS[:i] for i in range(0, 10, 3)] + [BUILDERS[::-1]])
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
    assert 'alt="My own words."' in other.build("html").read("index.html")


def test_figures_are_numbered_and_referred_to(make_book: Any) -> None:
    built = make_book("chapter").build()
    assert re.search(
        r'<span class="std std-numref">Fig\. 1</span>.*<span class="std std-numref">Fig\. 3</span>',
        built.read("index.html"),
    )
    assert 'id="fig-saddle"' in built.read("one.html")
    assert "<p>A legend.</p>" in built.read("one.html")


def test_a_rebuild_without_changes_does_nothing(make_book: Any) -> None:
    book: Book = make_book("chapter")
    book.build()
    again = book.build()
    assert again.runs == again.compared == again.searched == again.drawn == again.written == []


def test_prose_runs_and_draws_nothing(make_book: Any) -> None:
    book: Book = make_book("chapter")
    book.build()
    book.replace("one.rst", "A legend.", "Another legend.")
    again = book.build()
    assert again.runs == again.compared == again.searched == again.drawn == []
    assert again.written == ["index", "one"]  # Sphinx writes the page with the toctree too


def test_code_of_one_framework_runs_that_and_writes_the_pages_that_show_it(make_book: Any) -> None:
    book: Book = make_book("chapter")
    book.landscape("mine", "def f(x):\n    return x**2\n")
    book.landscape("mine", "def f(x):\n    return x**2\n", framework="jax")
    book.write("three.rst", ":orphan:\n\nThree\n=====\n\n.. optplot:: mine\n")
    book.build()
    book.write("landscapes/mine/numpy.py", "def f(x):\n    return x**4\n")
    again = book.build()
    assert again.runs == again.searched == again.drawn == ["mine (numpy)"]
    assert set(again.written) - {"index"} == {"three"}  # Sphinx 8 writes pages with a toctree too
    assert 'x</span><span class="o">**</span><span class="mi">4' in again.read("three.html")
    assert again.compared == ["mine (numpy)"]
    book.write("landscapes/mine/jax.py", "def f(x):\n    return x * x\n")
    again = book.build()
    assert again.runs == again.compared == again.searched == again.drawn == []
    assert set(again.written) - {"index"} == {"three"}


def test_a_change_reaches_every_builder_though_another_one_saw_it_first(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: mine\n")
    book.landscape("mine", "def f(x):\n    return x**2\n")
    for builder in ("html", "text"):
        book.build(builder)
    book.write("landscapes/mine/numpy.py", "def f(x):\n    return 7 * x\n")
    assert "7 * x" in book.build("text").read("index.txt")
    assert '<span class="mi">7</span>' in book.build("html").read("index.html")


def test_rcparams_redraw_and_run_nothing(make_book: Any) -> None:
    book: Book = make_book("chapter")
    book.build()
    again = book.build(optviz_rcparams={"lines.linewidth": 3})
    assert again.runs == again.searched == []
    assert len(again.drawn) == 5
    assert again.written == ["index", "one", "two"]  # Sphinx writes the page with the toctree too
    image = _Page(again.read("two.html")).images[0]
    assert "stroke-width: 3;" in again.read(str(image["src"]))


def test_parallel_and_serial_builds_are_the_same(make_book: Any) -> None:
    books = [make_book("chapter", folder=name) for name in ("serial", "parallel")]
    for book in books:
        for number in range(6):
            book.write(
                f"extra{number}.rst", f":orphan:\n\nExtra\n=====\n\n.. optplot:: saddle\n   :x: -1 : {number + 2}\n"
            )
    serial, parallel = (book.build(parallel=jobs) for book, jobs in zip(books, (0, 4), strict=True))
    assert serial.runs == parallel.runs
    assert serial.compared == parallel.compared
    assert serial.searched == parallel.searched
    assert len(serial.runs) == 5 + 6
    assert len(serial.searched) == 4 + 6
    names = serial.files("*.html")
    assert names == parallel.files("*.html")
    assert [serial.read(name) for name in names] == [parallel.read(name) for name in names]
    for left in sorted(Path(serial.app.outdir, "_images").iterdir()):
        assert left.read_bytes() == Path(parallel.app.outdir, "_images", left.name).read_bytes()
    # Touch a page and build again in parallel.
    books[1].write("extra3.rst", (books[1].folder / "extra3.rst").read_text() + "\nMore.\n")
    again = books[1].build(parallel=4)
    assert again.runs == again.compared == again.searched == again.drawn == []
    assert "<p>More.</p>" in again.read("extra3.html")


def test_a_removed_page_takes_its_plots_along(make_book: Any) -> None:
    book: Book = make_book("chapter")
    book.write("three.rst", ":orphan:\n\nThree\n=====\n\n.. optplot:: missing\n")
    assert len(book.build(warnings=True).warnings) == 1
    (book.folder / "three.rst").unlink()
    assert book.build().warnings == []


def test_each_has_a_figure_in_every_tab_that_ran(make_book: Any) -> None:
    page = _Page(make_book("chapter").build().read("two.html"))
    sources = [str(image["src"]) for image in page.images]
    assert [name.rsplit("/", 1)[1].split("-numpy")[0] for name in sources] == [
        "local_minima",
        "vanishing_gradient",
        "saddle",
    ]


def test_included_files_point_at_themselves(make_book: Any) -> None:
    book: Book = make_book(page=".. include:: part.txt\n")
    book.write("part.txt", "One.\n\n.. optplot:: saddle\n   :view: nothing\n")
    (warning,) = book.build(warnings=True).warnings
    assert "part.txt:4: WARNING" in warning


def test_frameworks_that_are_not_compared_are_not_run_for_it(make_book: Any) -> None:
    built = make_book("chapter").build(optviz_agreement="off")
    assert (built.runs, built.compared, built.searched) == (CHAPTER_RUNS, [], CHAPTER_SEARCHES)
    assert "were not run." not in built.read("one.html")


def test_values_are_drawn_and_derivatives_compared_once_for_all_pages(make_book: Any) -> None:
    book: Book = make_book("chapter")
    book.write("three.rst", ":orphan:\n\nThree\n=====\n\n.. optplot:: saddle\n   :view: contour, surface\n")
    built = book.build()
    assert built.runs == built.compared == CHAPTER_RUNS
    assert built.searched == CHAPTER_SEARCHES
    assert len(book.store) == 5 + 5 + 4


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
    sentences = re.findall(
        r"PyTorch [\d.]+, MXNet [\d.]+, JAX [\d.]+, TensorFlow [\d.]+ and NumPy [\d.]+ agree", built.read("one.html")
    )
    assert len(sentences) == 3
    assert "disagree" not in built.read("one.html") + built.read("two.html")
    assert re.search(r"NumPy [\d.]+ and JAX [\d.]+ agree", built.read("two.html"))
    for builder in ("text", "latex", "epub"):
        again = book.build(builder, **config)
        assert (again.runs, again.compared, again.searched) == ([], [], [])
    assert "this code was not run" not in built.read("one.html") + built.read("two.html")


def test_all_pairs_of_orders_are_covered() -> None:
    pairs = set(itertools.pairwise(BUILDERS)) | set(itertools.pairwise(BUILDERS[::-1]))
    assert len(pairs) == 18
