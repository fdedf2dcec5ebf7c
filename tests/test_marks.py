"""What the build puts where critical points are: labels, slices, panels' letters, descriptions, and what plots hide."""

from __future__ import annotations

import json
import math
import re
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ALL_FRAMEWORKS, page, with_duals
from reading import numbers, words
from test_locales import catalogue_of, messages_of

from sphinx_optviz.landscapes import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conftest import Book, Built, MakeBook
    from reading import Message

pytestmark = pytest.mark.usefixtures("shared_duals")

approx: Any = pytest.approx

BOTH: dict[str, Any] = {"optviz_frameworks": ["numpy", "duals"], "optviz_default_framework": "duals"}

PLANE = "x = [-1, 1]\ny = [-1, 1]"

LANDSCAPES = {
    "minima": ("def f(x):\n    return x * np.cos(math.pi * x)\n", "x = [-1, 2]"),
    "two": (
        "def f(x):\n    return x * np.cos(math.pi * x)\n\n\ndef g(x):\n    return x**2\n",
        "x = [-1, 2]\n[functions.f]\nlabel = 'F'\n[functions.g]\nlabel = 'G'",
    ),
    "himmelblau": (
        "def f(x, y):\n    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2\n",
        "x = [-5, 5]\ny = [-5, 5]",
    ),
    "saddle": ("def f(x, y):\n    return x**2 - y**2\n", PLANE),
    "turned": ("def f(x, y):\n    return (x - 0.1) * (y - 0.2)\n", PLANE),
    "cubic": ("def f(x):\n    return x**3\n", "x = [-2, 2]"),
    "valley": ("def f(x, y):\n    return x**2 + 0 * y\n", "x = [-1, 1]\ny = [-2, 3]"),
    "circle": ("def f(x, y):\n    return (x**2 + y**2 - 1) ** 2\n", "x = [-1.5, 1.5]\ny = [-1.5, 1.5]"),
    "slope": ("def f(x, y):\n    return x + 0.5 * y\n", PLANE),
    "flat": ("def f(x):\n    return 0 * x + 3\n", "x = [-1, 2]"),
    "rise": ("def f(x):\n    return np.tanh(x)\n", "x = [-2, 5]"),
    "monkey": ("def f(x, y):\n    return x**3 - 3 * x * y**2\n", PLANE),
    "waves": ("def f(x):\n    return np.sin(20 * x)\n", "x = [0, 6]"),
    "needle": ("def f(x):\n    return np.exp(-(1e5 * x**2))\n", "x = [-1, 1.01]"),
    "needles": (
        "def f(x, y):\n    return np.exp(-(1e3 * x**2) - 1e3 * y**2) - np.exp(-(1e3 * (x - 0.5) ** 2) - 1e3 * y**2)\n",
        PLANE,
    ),
    "spikes": (
        "def f(x, y):\n    return 1 / (1 + 1e3 * (x**2 + y**2)) - 1 / (1 + 1e3 * ((x - 0.5) ** 2 + y**2))\n",
        PLANE,
    ),
    "ripples": ("def f(x, y):\n    return np.sin(4 * x) * np.sin(4 * y)\n", "x = [-3, 3]\ny = [-3, 3]"),
    "needle_in_plane": (
        "def f(x, y):\n    return 0.1 * x - np.exp(-(400 * (x - 0.33) ** 2) - 400 * (y - 0.22) ** 2)\n",
        "x = [-3, 3]\ny = [-3, 3]",
    ),
    "corner": ("def f(x):\n    return 5 * ((x - 0.1) ** 2) ** 0.5 - 4 * x\n", "x = [-3, 3]"),
}


def filled(book: Book, pages: dict[str, str] | None = None) -> Book:
    """*book* with each landscape in the dual numbers and in NumPy, and with *pages*."""
    with_duals(book, LANDSCAPES, conf="numfig = True\n", frameworks=("duals", "numpy"))
    for name, text in (pages or {}).items():
        book.write(f"{name}.rst", text)
    return book


ALL_PAGES = page(".. toctree::\n   :glob:\n\n   *\n")


@pytest.fixture
def book(make_book: MakeBook) -> Book:
    return filled(make_book())


@pytest.fixture(scope="module")
def marked(make_shared_book: MakeBook, shared_duals: None) -> Built:  # noqa: ARG001
    """A page for each case of the tables below, as text: without figures, with their alternative texts."""
    pages = {
        "index": ALL_PAGES,
        **of_each("label", (plot(name, f":annotate: {text}") for name, text in ANNOTATED)),
        **of_each("none", (plot(name, f":annotate: {text}") for name, text in NONE)),
        **of_each("wrong", (plot(name, f":annotate: {text}") for name, text in WRONG)),
        "part": page(plot("minima", ":x: -1 : 0.5", ":annotate: a @ global minimum")),
        "smaller": page(plot("minima", ":x: 0 : 0.5", ":annotate: a @ global minimum")),
        "many": page(plot("himmelblau", ":annotate: a @ critical point")),
        "mixed": page(plot("minima", *MIXED)),
        **of_each("through", (plot(name, ":view: slices", option) for name, option in THROUGH)),
        "turned": page(plot("turned", ":view: slices")),
        "both": page(plot("saddle", ":view: contour slices")),
        "no-slices": page(plot("saddle", ":through: saddle")),
        **of_each("counts", map(plot, COUNTS)),
        "shared-name": page(plot("flat cubic")),
        "points": page(plot("turned")),
        "valleys": page(plot("valley"), plot("circle")),
        "kinds": page(plot("valley", ":view: slices", ":title: Cut", ":critical-points: saddles, valleys")),
        "spikes": page(plot("spikes", *TOO_WIDE)),
        "views": page(plot("ripples", ":view: contour surface slices", ":x: -3 : 3 : 9", ":y: -3 : 3 : 9")),
        "looks-flat": page(plot("needle", ":x: -1 : 1.01 : 4001"), plot("needles", ":view: surface")),
        "no-figure": page(plot("waves", ":x: 0 : 6 : 40", ":figure: none")),
    }
    return filled(make_shared_book(folder="marked"), pages).build("text", warnings=True)


@pytest.fixture(scope="module")
def drawn(make_shared_book: MakeBook, shared_duals: None) -> Built:  # noqa: ARG001
    """Some plots with their figures."""
    pages = {
        "index": ALL_PAGES,
        "slope": page(plot("slope", ":view: slices")),
        "valley": page(plot("valley", ":view: slices")),
        "turned": page(plot("turned", ":view: slices", ":through: minimum")),
        "words": page(plot("minima", ":alt: My words.")),
        "no-figure": page(plot("rise", ":figure: none")),
    }
    return filled(make_shared_book(folder="drawn"), pages).build(warnings=True)


@pytest.fixture(scope="module")
def german(make_shared_book: MakeBook, shared_duals: None) -> Built:  # noqa: ARG001
    pages = {
        "index": page(
            plot("minima", ":annotate: tief @ global minimum"),
            plot("himmelblau"),
            plot("rise"),
            ".. toctree::\n\n   panels\n",
        ),
        "panels": page(
            plot("himmelblau", ":view: contour, slices", ":name: fig-h", "", "Caption."), referring("fig-h-b")
        ),
    }
    return filled(make_shared_book(folder="german"), pages).build(language="de")


def of_each(start: str, plots: Iterable[str]) -> dict[str, str]:
    """A page for each of *plots*, named by a number."""
    return {f"{start}{number}": page(text) for number, text in enumerate(plots)}


def plot(name: str, *options: str) -> str:
    return "\n".join([f".. optplot:: {name}", *(f"   {line}" for line in options), ""])


def alts(built: Built, name: str = "index.html") -> list[str]:
    """The alternative text of each figure, which stands in place of it in a text."""
    if name.endswith(".txt"):
        return re.findall(r"\[image: (.*?)\]\[image\]", words(built.read(name)))
    return built.page(name).alts


def labels(built: Built, name: str = "index.html") -> list[list[str]]:
    """What is marked in each figure."""
    found = [re.search(r"Marked: (.*?)\.(?: \(|$)", text) for text in alts(built, name)]
    return [match[1].split("; ") if match else [] for match in found]


def described(built: Built, name: str) -> str:
    """The words of a text, without those in place of figures."""
    return re.sub(r"\[image: (.*?)\]\[image\]", "", words(built.read(name)))


def only_message(built: Built, name: str) -> Message:
    """The message of a page that has one alone."""
    (message,) = built.messages_in(f"{name}.rst")
    return message


def test_what_is_right_is_silent(marked: Built) -> None:
    """All messages are about pages of which a test below expects one."""
    reported = ["smaller", "many", "mixed", "no-slices", "kinds", "spikes", "views", "looks-flat"]
    numbered = [f"none{number}" for number in range(len(NONE))] + [f"wrong{number}" for number in range(len(WRONG))]
    assert {message.file for message in marked.messages} == {f"{name}.rst" for name in [*reported, *numbered]}


# ---- annotations by words

ANNOTATED: dict[tuple[str, str], list[str]] = {
    ("minima", "a @ global minimum"): ["a at (1.09, −1.047)"],
    ("minima", "a @ local minimum"): ["a at (−0.2739, −0.1786)"],
    ("minima", "a @ minimum"): ["a at (−0.2739, −0.1786)", "a at (1.09, −1.047)"],
    ("minima", "a @ minima"): ["a at (−0.2739, −0.1786)", "a at (1.09, −1.047)"],
    ("minima", "a @ local maximum"): ["a at (0.2739, 0.1786)"],
    ("minima", "a @ minimum near 0"): ["a at (−0.2739, −0.1786)"],
    ("minima", "a @ minimum of minima near 2"): ["a at (1.09, −1.047)"],
    ("minima", "a @ edge maximum"): ["a at (−1, 1)", "a at (2, 2)"],
    ("minima", "a @ edge maximum near 2"): ["a at (2, 2)"],
    ("two", "a @ minimum of g"): ["a at (0, 0)"],
    ("two", "a @ global minimum of two.f"): ["a at (1.09, −1.047)"],
    ("himmelblau", "a @ global minimum"): [
        *("a at (−3.779, −3.283)", "a at (−2.805, 3.131)", "a at (3, 2)", "a at (3.584, −1.848)")
    ],
    ("himmelblau", "a @ saddle near (3, 0)"): ["a at (3.385, 0.07385)"],
    ("himmelblau", "a @ maximum"): ["a at (−0.2708, −0.923)"],
    ("saddle", "a @ saddle point"): ["a at (0, 0)"],
    ("monkey", "a @ monkey saddle"): ["a at (0, 0)"],
    ("monkey", "a @ degenerate"): ["a at (0, 0)"],
    ("cubic", "a @ inflection"): ["a at (0, 0)"],
    ("minima turned", "a @ saddle of turned"): ["a at (0.1, 0.2)"],
}


@pytest.mark.parametrize("number", range(len(ANNOTATED)), ids=map(": ".join, ANNOTATED))
def test_label_is_where_the_words_say(marked: Built, number: int) -> None:
    assert labels(marked, f"label{number}.txt") == [list(ANNOTATED.values())[number]]


def test_label_follows_the_code(book: Book) -> None:
    book.write("index.rst", page(plot("minima", ":annotate: a @ global minimum")))
    book.build()
    for framework in ("duals", "numpy"):
        book.replace(f"landscapes/minima/{framework}.py", "return x", "return 2 * x")
    built = book.build()
    assert (labels(built), built.drawn) == ([["a at (1.09, −2.093)"]], ["minima (duals)"])


@pytest.mark.framework
@pytest.mark.parametrize("framework", [*ALL_FRAMEWORKS, "numpy"])
def test_labels_are_at_the_same_places_in_every_framework(
    needs: Callable[[str], None], make_book: Any, gallery: Path, framework: str
) -> None:
    if framework != "numpy":
        needs(framework)
    text = page(
        plot("local_minima", ":annotate:", "   a @ global minimum", "   b @ local minimum"),
        plot("saddle", ":annotate: c @ saddle"),
        plot("himmelblau", ":annotate: d @ global minimum"),
    )
    made: Book = make_book(conf=f"optviz_frameworks = [{framework!r}]\noptviz_default_framework = {framework!r}\n")
    made.write("index.rst", text)
    assert labels(made.build(optviz_store=str(gallery))) == [
        ["a at (1.09, −1.047)", "b at (−0.2739, −0.1786)"],
        ["c at (0, 0)"],
        ["d at (−3.779, −3.283)", "d at (−2.805, 3.131)", "d at (3, 2)", "d at (3.584, −1.848)"],
    ]


NONE: dict[tuple[str, str], str] = {
    ("minima", "a @ saddle"): "annotation 'a': minima has no saddle in its domain, x from -1 to 2",
    ("minima", "a @ global maximum"): (
        "annotation 'a': minima has no global maximum in its domain, x from -1 to 2: it is highest at 2 (edge maximum)"
    ),
    ("saddle", "a @ global minimum"): (
        "annotation 'a': saddle has no global minimum in its domain, x from -1 to 1, y from -1 to 1: "
        "it is lowest at (0, -1) (edge minimum)"
    ),
    ("valley", "a @ minimum"): "annotation 'a': valley has no minimum in its domain, x from -1 to 1, y from -2 to 3",
    ("rise", "a @ critical point near 0"): ("annotation 'a': rise has no critical point in its domain, x from -2 to 5"),
}


@pytest.mark.parametrize("number", range(len(NONE)), ids=map(": ".join, NONE))
def test_label_for_a_point_that_there_is_not_is_told_as_the_domains_fault(marked: Built, number: int) -> None:
    message = only_message(marked, f"none{number}")
    assert message.subtype == "domain"
    assert message.text.startswith(list(NONE.values())[number])
    assert labels(marked, f"none{number}.txt") == [[]]


def test_domain_that_hides_the_point_is_told_with_its_bounds(marked: Built) -> None:
    assert labels(marked, "part.txt") == [["a at (−0.2739, −0.1786)"]], "the lowest in this domain"
    message = only_message(marked, "smaller")
    assert message.subtype == "domain"
    assert "x from 0 to 0.5" in message.text


def test_label_for_too_many_points_asks_which(marked: Built) -> None:
    message = only_message(marked, "many")
    assert message.subtype == "directive"
    assert message.text.startswith(
        "annotation 'a': there are 9 critical points; say which, as in 'critical point near (-3.77931, -3.28319)'"
    )
    assert labels(marked, "many.txt") == [[]]


WRONG = {
    ("minima", "a @ minimum of g"): "there is no function 'g'. There are: f, minima.f, minima.",
    ("two", "a @ minimum of h"): "there is no function 'h'",
    ("minima", "a @ 7"): "7 is no point of the plot, and is left out",
}


@pytest.mark.parametrize("number", range(len(WRONG)), ids=map(": ".join, WRONG))
def test_label_that_is_wrong_is_told(marked: Built, number: int) -> None:
    message = only_message(marked, f"wrong{number}")
    assert message.subtype == "directive"
    assert message.text.startswith("annotation 'a': ")
    assert list(WRONG.values())[number] in message.text


MIXED = [":annotate:", "   a @ global minimum", "   b @ global minmum", "   c @ 0.5", "   d @ saddle"]


def test_wrong_line_leaves_the_other_labels(marked: Built) -> None:
    assert labels(marked, "mixed.txt") == [["a at (1.09, −1.047)", "c at 0.5"]]
    assert [(message.line, message.subtype) for message in marked.messages_in("mixed.rst")] == [
        (7, "directive"),
        (9, "domain"),
    ]


# ---- slices

Line = tuple[str, tuple[float, ...], tuple[float, ...]]


def runs_along_lines(book: Path, landscape: str) -> list[dict[str, Any]]:
    """What the store says of each line along which it has values of *landscape*."""
    entries = sorted((book / "_optviz").glob("*.jsonl"))
    abouts = [json.loads(path.read_text(encoding="utf-8").splitlines()[1]) for path in entries]
    return [about for about in abouts if about["through"] and about["landscape"] == landscape]


def lines_in(book: Path, landscape: str) -> list[Line]:
    """Framework, point and direction of each line along which the store has values of *landscape*."""
    return sorted(
        (about["framework"], tuple(about["through"][0]), tuple(about["through"][1]))
        for about in runs_along_lines(book, landscape)
    )


def test_slices_go_through_the_saddle_along_the_eigenvectors_in_all_frameworks(book: Book) -> None:
    book.write("index.rst", page(plot("turned", ":view: slices")))
    built = book.build(**BOTH)
    assert built.runs == ["turned (duals)"] * 2 + ["turned (numpy)"] * 2
    s = math.sqrt(0.5)
    lines = lines_in(book.folder, "turned")
    for framework in ("duals", "numpy"):
        its = [item for item in lines if item[0] == framework]
        assert [at for _, at, _ in its] == [approx((0.1, 0.2), abs=1e-9)] * 2
        assert [(abs(x), abs(y)) for _, _, (x, y) in its] == [approx((s, s))] * 2
        assert sorted(math.copysign(1, x * y) for _, _, (x, y) in its) == [-1, 1]
    assert len({item[1:] for item in lines}) == 2, "the same lines in both"
    again = book.build(**BOTH)
    assert again.runs == again.searched == again.drawn == []


def test_slices_that_differ_between_frameworks_are_told(book: Book) -> None:
    book.write("index.rst", page(plot("turned", ":view: slices")))
    book.replace("landscapes/turned/numpy.py", "(y - 0.2)", "(y - 0.2) * 1.001")
    (message,) = book.build("text", warnings=True, **BOTH).messages
    assert message.subtype == "agreement"
    assert "turned (numpy): the value of f disagrees" in message.text


THROUGH: dict[tuple[str, str], tuple[float, float]] = {
    ("himmelblau", ":through: maximum"): (-0.270845, -0.923039),
    ("himmelblau", ":through: global minimum near (3, 2)"): (3.0, 2.0),
    ("himmelblau", ":through: saddle near (3, 0)"): (3.385154, 0.073852),
    ("himmelblau", ":through: (3, 0)"): (3.385154, 0.073852),
    ("himmelblau", ":code: above"): (-3.073026, -0.081353),  # a saddle
    ("saddle", ":through: (0.5, 0.5)"): (0.0, 0.0),
    ("monkey", ":code: above"): (0.0, 0.0),
}


@pytest.mark.parametrize("number", range(len(THROUGH)), ids=map(" ".join, THROUGH))
def test_slices_go_through_the_point_that_the_author_names(marked: Built, number: int) -> None:
    (name, _), at = list(THROUGH.items())[number]
    (text,) = alts(marked, f"through{number}.txt")
    said = ", ".join(f"{x:.4g}" for x in at).replace("-", "−")
    assert f"The slices go through ({said}), along " in text
    assert [its for _, its, _ in lines_in(Path(marked.app.srcdir), name)].count(approx(at, abs=1e-5)) == 2


@pytest.mark.parametrize("name", ["himmelblau", "saddle", "monkey"])
def test_slices_go_through_no_other_point(marked: Built, name: str) -> None:
    points = {at for (its, _), at in THROUGH.items() if its == name}
    assert len(lines_in(Path(marked.app.srcdir), name)) == 2 * len(points)


def test_slices_reach_to_the_edge_of_the_domain(marked: Built) -> None:
    abouts = runs_along_lines(Path(marked.app.srcdir), "turned")
    assert len(abouts) == 2
    for about in abouts:
        (at, way), ((low, high, count),) = about["through"], about["axes"]
        assert count >= 201
        for distance in (low, high):
            end = [x + distance * step for x, step in zip(at, way, strict=True)]
            assert max(map(abs, end)) == approx(1.0)


@pytest.mark.parametrize("name", ["slope", "valley"])
def test_slices_without_a_point_go_through_the_middle(drawn: Built, name: str) -> None:
    assert lines_in(Path(drawn.app.srcdir), name) == []
    assert drawn.drawn.count(f"{name} (duals)") == len(alts(drawn, f"{name}.html")) == 1
    assert drawn.messages_in(f"{name}.rst") == []


def test_slices_through_a_point_that_there_is_not_are_told_and_go_through_another(drawn: Built) -> None:
    (message,) = drawn.messages
    assert (message.file, message.line, message.subtype) == ("turned.rst", 6, "domain"), "the line of the option"
    assert "minimum" in message.text
    assert [at for _, at, _ in lines_in(Path(drawn.app.srcdir), "turned")] == [approx((0.1, 0.2))] * 2
    assert drawn.drawn.count("turned (duals)") == len(alts(drawn, "turned.html")) == 1


def test_through_without_slices_is_told(marked: Built) -> None:
    message = only_message(marked, "no-slices")
    assert message.subtype == "directive"
    assert ":through:" in message.text


def test_slices_are_checked_and_pruned_as_other_runs_are(book: Book) -> None:
    from sphinx_optviz import cli

    book.write("index.rst", page(plot("turned", ":view: slices")))
    book.build("text")
    built = book.build("optcheck")
    assert json.loads(built.read("optcheck.json"))["unused_entries"] == []
    before = book.store
    assert cli.main(["prune", str(book.folder)]) == 0
    assert book.store == before
    again = book.build("text", optviz_execute="never")
    assert again.runs == []
    assert again.warnings == []


# ---- panels

PANELS = (
    plot("himmelblau", ":view: contour, surface, slices", ":name: fig-h", "", "Caption.")
    + "\n"
    + plot("minima", ":name: fig-m", "", "One panel.")
    + "\n.. figure:: picture.png\n   :name: fig-p\n\n   No plot.\n\n"
)

# reference: text
RIGHT = {
    "fig-h": "Fig. 1",
    "fig-h-a": "Fig. 1(a)",
    "fig-h-b": "Fig. 1(b)",
    "fig-h-c": "Fig. 1(c)",
    "Panel %s <fig-h-c>": "Panel 1(c)",
    "{number} of {name} <fig-h-b>": "1(b) of Caption.",
}
OWN_LABEL = (
    plot("saddle", ":view: contour, heatmap", ":name: fig-o", "", "Two panels.")
    + "\n"
    + plot("minima", ":name: fig-o-a", "", "My own.")
)
NO_PANELS = ["fig-h-d", "fig-h-z", "fig-m-a", "fig-m-b", "fig-p-a", "fig-x-a", "fig-h-1", "fig-h-aa"]


def referring(*names: str) -> str:
    return "".join(f"Number {number} = :numref:`{name}`;\n\n" for number, name in enumerate(names))


@pytest.fixture(scope="module")
def panels(make_shared_book: MakeBook, shared_duals: None) -> Callable[..., Built]:  # noqa: ARG001
    """Build a book with references to panels from their own page and from others, once for each builder."""
    pages = {
        "index": page(PANELS, referring(*RIGHT), ".. toctree::\n\n   wrong\n   other\n   own\n   alone\n"),
        "wrong": page(referring(*NO_PANELS)),
        "other": page("Number 0 = :numref:`fig-h-b`; Number 1 = :numref:`fig-h-x`;\n"),
        "own": page(OWN_LABEL, referring("fig-o-a", "fig-o-b")),
        "alone": page(plot("minima")),
    }
    book = filled(make_shared_book(folder="panels"), pages)
    (book.folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    @cache
    def built(builder: str, nitpicky: bool) -> Built:
        shutil.rmtree(book.folder / "_build" / builder, ignore_errors=True)  # every page is written
        return book.build(builder, warnings=True, nitpicky=nitpicky)

    def build(builder: str, *, nitpicky: bool = False) -> Built:
        return built(builder, nitpicky)

    return build


@pytest.mark.oldest_sphinx
def test_panels_are_referred_to_by_letters(panels: Callable[..., Built]) -> None:
    built = panels("html", nitpicky=True)
    assert [warning for warning in built.warnings if "index.rst" in warning] == []
    assert dict(zip(RIGHT, numbers(built.page().text, len(RIGHT)), strict=True)) == RIGHT
    assert len(built.page().all('a[href="#fig-h"]')) >= 6


@pytest.mark.oldest_sphinx
def test_panels_are_referred_to_from_another_page(panels: Callable[..., Built]) -> None:
    built = panels("html")
    other = built.page("other.html")
    assert numbers(other.text, 1) == ["Fig. 1(b)"]
    assert other.all('a[href="index.html#fig-h"]')
    (warning,) = (warning for warning in built.warnings if "other.rst" in warning)
    assert "other.rst:4: WARNING: undefined label: 'fig-h-x'" in warning


@pytest.mark.oldest_sphinx
def test_panels_in_latex(panels: Callable[..., Built]) -> None:
    built = panels("latex", nitpicky=True)
    assert [warning for warning in built.warnings if "index.rst" in warning] == []
    (name,) = built.files("*.tex")
    tex = built.read(name)
    for letter in "abc":
        assert f"\\ref{{\\detokenize{{index:fig-h}}}}({letter})" in tex
    assert "Panel \\ref{\\detokenize{index:fig-h}}(c)" in tex


@pytest.mark.oldest_sphinx
@pytest.mark.parametrize("builder", ["html", "latex", "text"])
@pytest.mark.parametrize("name", NO_PANELS)
def test_panel_that_there_is_not_is_told(panels: Callable[..., Built], builder: str, name: str) -> None:
    place = f"wrong.rst:{4 + 2 * NO_PANELS.index(name)}: "
    (warning,) = (warning for warning in panels(builder).warnings if place in warning)
    assert f"undefined label: '{name}'" in warning


@pytest.mark.parametrize(
    ("builder", "nitpicky"), [("html", False), ("html", True), ("latex", False), ("latex", True), ("text", False)]
)
def test_each_panel_that_there_is_not_is_one_message(
    panels: Callable[..., Built], builder: str, *, nitpicky: bool
) -> None:
    assert len(panels(builder, nitpicky=nitpicky).warnings) == len([*NO_PANELS, "fig-h-x"])


@pytest.mark.oldest_sphinx
def test_label_of_the_author_comes_before_a_panel(panels: Callable[..., Built]) -> None:
    assert numbers(panels("html").page("own.html").text, 2) == ["Fig. 5", "Fig. 4(b)"]


@pytest.mark.oldest_sphinx
def test_panels_letters_are_in_the_language_of_the_book(german: Built) -> None:
    assert numbers(german.page("panels.html").text, 1) == ["Abb. 1(b)"]


# ---- alternative texts and descriptions

COUNTS = {
    "minima": "Curve of minima, f(x); x from −1 to 2. 2 minima and 1 maximum.",
    "two": "Curve of two, f(x); x from −1 to 2. F: 2 minima and 1 maximum. G: 1 minimum.",
    "himmelblau": (
        "Contour plot of himmelblau, f(x); x from −5 to 5, y from −5 to 5. 4 minima, 1 maximum and 4 saddles."
    ),
    "valley": "Contour plot of valley, f(x); x from −1 to 1, y from −2 to 3. 1 valley.",
    "rise": "Curve of rise, f(x); x from −2 to 5. No critical points.",
    "flat": "Curve of flat, f(x); x from −1 to 2. 1 plateau.",
    "monkey": "Contour plot of monkey, f(x); x from −1 to 1, y from −1 to 1. 1 saddle.",
    "cubic": "Curve of cubic, f(x); x from −2 to 2. 1 flat inflection.",
}


@pytest.mark.parametrize("name", COUNTS)
def test_alternative_text_counts_what_there_is(marked: Built, name: str) -> None:
    assert alts(marked, f"counts{list(COUNTS).index(name)}.txt") == [COUNTS[name]]


def test_alternative_text_names_the_landscapes_when_functions_share_a_name(marked: Built) -> None:
    (text,) = alts(marked, "shared-name.txt")
    assert "flat: 1 plateau." in text
    assert "cubic: 1 flat inflection." in text


def test_description_tells_the_way_and_the_points(panels: Callable[..., Built], marked: Built) -> None:
    (text,) = panels("html").page("alone.html").descriptions
    assert text.startswith("Description of the figure From x = −1 to −0.2739 it falls, from 1 to −0.1786. From x = ")
    assert "Minimum at −0.2739, value −0.1786, second derivative 6.526." in text
    assert "Global minimum at 1.09, value −1.047, second derivative 12.09." in text
    saddle = described(marked, "points.txt")
    start = r"Saddle at \(0\.1, 0\.2\), value 0, eigenvalues −1 and 1; "
    ways = re.search(start + r"it falls along (.*?\)) and rises along (.*?\))", saddle)
    assert ways is not None
    # The product of the distances from it falls where they have different signs.
    assert ways[1] in ("(−0.7071, 0.7071)", "(0.7071, −0.7071)")
    assert ways[2] in ("(−0.7071, −0.7071)", "(0.7071, 0.7071)")


def test_description_tells_where_valleys_begin_and_end(marked: Built) -> None:
    text = described(marked, "valleys.txt")
    assert re.search(r"Valley from \(0, (−2\) to \(0, 3|3\) to \(0, −2)\), value 0\.", text)
    assert "Valley, closed, through (" in text


def test_slices_are_told_by_their_point_and_directions(marked: Built) -> None:
    for text in (*alts(marked, "turned.txt"), described(marked, "turned.txt")):
        found = re.search(r"The slices go through \(0\.1, 0\.2\), along (.*?)\.( |$)", text)
        assert found is not None, text
        assert re.fullmatch(r"\(−?0\.7071, −?0\.7071\) and \(−?0\.7071, −?0\.7071\)", found[1])
    said = "The slices go through (0, 0), along ("
    (alt,) = alts(marked, "both.txt")
    assert alt.partition("(b) ")[2].count(said) == alt.count(said) == 1
    assert described(marked, "both.txt").count(said) == 1


def test_description_opens_in_html_and_is_plain_text_elsewhere(panels: Callable[..., Built]) -> None:
    shown_in_html = panels("html").page("alone.html")
    assert shown_in_html.texts("details > summary") == ["Description of the figure"]
    assert [element.name for element in shown_in_html.all("figure, details")] == ["figure", "details"]
    assert "From x = −1 to −0.2739 it falls" in words(panels("text").read("alone.txt"))
    latex = panels("latex")
    (name,) = latex.files("*.tex")
    assert "it falls" not in latex.read(name)


def test_plot_without_a_figure_has_no_description(drawn: Built) -> None:
    assert drawn.page("no-figure.html").descriptions == []


def test_alternative_text_of_the_author_stays(drawn: Built) -> None:
    shown_in_html = drawn.page("words.html")
    assert (shown_in_html.alts, shown_in_html.descriptions) == (["My words."], [])
    assert "minima (duals)" not in drawn.searched


def test_words_are_german_in_a_german_book(german: Built) -> None:
    words = messages_of(catalogue_of("de"))
    texts = alts(german)
    assert f"2 {words['minima']}" in texts[0]
    assert words["Marked: %s."].partition("%s")[0] in texts[0]
    assert words["Contour plot"] in texts[1]
    told = german.page().descriptions
    assert told[0].startswith(words["Description of the figure"])
    assert words["The gradient vanishes nowhere."] in told[2]
    english = {
        "minima",
        "maximum",
        "saddles",
        "falls",
        "rises",
        "from",
        "Marked",
        "eigenvalues",
        "Description",
        "Curve",
    }
    titles = {"minima"}  # of the landscape
    for text in [*texts, *told]:
        assert set(re.findall(r"\w+", text)) & english <= titles, text


# ---- marks


def test_kind_that_no_view_can_mark_is_told_at_the_line_of_the_option(marked: Built) -> None:
    message = only_message(marked, "kinds")
    assert message.line == 7
    assert message.text.startswith(":critical-points: valleys cannot be marked in the view slices")


# ---- what plots hide

# page: landscape, options, with a number of points that is too small, and what is told
TOO_FEW: dict[str, tuple[str, list[str], str]] = {
    "waves": ("waves", [":x: 0 : 6 : 40"], "waves: 40 points are too few: the curve misses "),
    "corner": ("corner", [":x: -3 : 3 : 10"], "corner: 10 points are too few: the curve misses "),
    **{
        f"{name} {view}": (
            name,
            [f":x: -3 : 3 : {count}", f":y: -3 : 3 : {count}", f":view: {view}"],
            f"{name}: {count} × {count} points are too few: the figure misses ",
        )
        for name, count in (("ripples", 9), ("needle_in_plane", 40))
        for view in ("contour", "surface", "wireframe", "heatmap")
    },
}


@pytest.fixture(scope="module")
def few_and_enough(make_shared_book: MakeBook, shared_duals: None) -> tuple[Built, Built]:  # noqa: ARG001
    """Two builds of the same book: with too few points, and with as many as the first one asks for."""
    plots = [plot(name, *options) for name, options, _ in TOO_FEW.values()]
    book = filled(make_shared_book(folder="few"), {"index": ALL_PAGES, **of_each("few", plots)})
    few = book.build("text", warnings=True)
    for number, (name, options, _) in enumerate(TOO_FEW.values()):
        advice = [option for message in few.messages_in(f"few{number}.rst") for option in advised(message)]
        views = [option for option in options if option.startswith(":view:")]
        book.write(f"few{number}.rst", page(plot(name, *advice, *views)))
    return few, book.build("text", warnings=True)


def advised(message: Message) -> list[str]:
    """The options that *message* tells the author to write."""
    found = re.search(r"; write (:x: .*?), or narrow the domain$", message.text)
    return found[1].split(" and ") if found else []


@pytest.mark.parametrize("number", range(len(TOO_FEW)), ids=TOO_FEW)
def test_too_few_points_are_told_with_the_numbers_that_are_enough(
    few_and_enough: tuple[Built, Built], number: int
) -> None:
    few, enough = few_and_enough
    _, options, start = list(TOO_FEW.values())[number]
    message = only_message(few, f"few{number}")
    assert message.subtype == "domain"
    assert message.text.startswith(start)
    domains = [option.rpartition(" : ")[0] for option in options if not option.startswith(":view:")]
    assert [option.rpartition(" : ")[0] for option in advised(message)] == domains
    assert enough.messages_in(f"few{number}.rst") == []


def test_nothing_is_told_where_there_are_enough_points(few_and_enough: tuple[Built, Built]) -> None:
    _, enough = few_and_enough
    assert enough.warnings == []


TOO_WIDE = [":view: contour", ":x: -8 : 8.3 : 40", ":y: -8 : 8.1 : 40"]


def check_too_thin(message: Message, name: str) -> None:
    assert message.text.startswith(f"{name}: 40 × 40 points are too few: the figure misses 2 of 2 minima and maxima")
    assert message.text.endswith(" % of its height; narrow the domain")


def test_needle_too_thin_for_any_number_of_points(marked: Built) -> None:
    check_too_thin(only_message(marked, "spikes"), "spikes")


@pytest.mark.slow
def test_needle_too_thin_in_a_plain_too_flat(book: Book) -> None:
    """Beside the needles the numbers are too small for a float: the search takes longest there."""
    book.write("index.rst", page(plot("needles", *TOO_WIDE)))
    (message,) = book.build("text", warnings=True, optviz_timeout=600).messages
    check_too_thin(message, "needles")


def test_one_message_for_all_views_of_a_plane(marked: Built) -> None:
    only_message(marked, "views")


def test_plot_that_looks_flat_is_told(marked: Built) -> None:
    curve, surface = marked.messages_in("looks-flat.rst")
    assert curve.subtype == surface.subtype == "domain"
    assert curve.text.startswith("needle: nine tenths of the curve lie within ")
    assert curve.text.endswith("and look flat; narrow the domain")
    assert surface.text.startswith("needles: nine tenths of the surface lie within ")
    assert surface.text.endswith(", or take the view contour")


def test_what_no_figure_shows_hides_nothing(marked: Built) -> None:
    assert marked.messages_in("no-figure.rst") == []


BUILT_IN = Catalogue([]).names()

# Those of one variable, and those of two in which critical points are soon found without a framework's derivatives.
QUICK = [
    *("cubic", "double_well", "local_minima", "plateau_and_cliff", "risk", "vanishing_gradient"),
    *("booth", "himmelblau", "ill_conditioned", "matyas", "ravine", "rosenbrock", "saddle", "sphere"),
]


def test_quick_built_in_landscapes_hide_nothing_in_numpy(make_book: MakeBook) -> None:
    made = make_book(conf="optviz_timeout = 300\n", page="\n".join(map(plot, QUICK)))
    built = made.build("text")
    assert len(alts(built, "index.txt")) == len(QUICK)
    assert built.searched == sorted(f"{name} (numpy)" for name in QUICK)


@pytest.mark.slow
def test_built_in_landscapes_hide_nothing_in_numpy(make_book: Any) -> None:
    made: Book = make_book(conf="optviz_timeout = 300\n")
    made.write("index.rst", page(*map(plot, BUILT_IN)))
    assert len(alts(made.build())) == len(BUILT_IN)


@pytest.mark.framework
@pytest.mark.parametrize("framework", ALL_FRAMEWORKS)
def test_built_in_landscapes_hide_nothing(
    needs: Callable[[str], None], make_book: Any, gallery: Path, framework: str
) -> None:
    needs(framework)
    made: Book = make_book(conf=f"optviz_frameworks = [{framework!r}]\noptviz_default_framework = {framework!r}\n")
    made.write("index.rst", page(*map(plot, BUILT_IN)))
    assert len(alts(made.build(optviz_store=str(gallery)))) == len(BUILT_IN)
