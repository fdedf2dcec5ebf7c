"""Numbers in the prose: every expression in every kind of page, and where it can stand."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import page, settings_with, with_duals
from reading import Page, numbers, words

from sphinx_optviz.expressions import ExpressionError
from sphinx_optviz.landscapes import Catalogue
from sphinx_optviz.optval import question

if TYPE_CHECKING:
    from conftest import Book, Built, MakeBook

pytestmark = pytest.mark.usefixtures("shared_duals")

LANDSCAPES = {
    "minima": ("def f(x):\n    return x * np.cos(math.pi * x)\n", "x = [-1, 2]"),
    "two": (
        "def f(x):\n    return x * np.cos(math.pi * x)\n\n\ndef g(x):\n    return 1e-7 * x**2 - 4\n",
        "x = [-1, 2]\n[functions.f]\n[functions.g]",
    ),
    "saddle": ("def f(x, y):\n    return x**2 - y**2\n", "x = [-1, 1]\ny = [-1, 1]"),
    "himmelblau": (
        "def f(x, y):\n    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2\n",
        "x = [-5, 5]\ny = [-5, 5]",
    ),
    "cubic": ("def f(x):\n    return x**3\n", "x = [-2, 2]"),
    "rise": ("def f(x):\n    return np.tanh(x)\n", "x = [-2, 5]"),
    "kink": ("def f(x):\n    return np.where(x.value < 0, 1 - x, 1 + x)\n", "x = [-1, 2]"),
    "crease": (
        "def f(x, y):\n    r = 1 - x - y\n    return np.where(r.value < 0, 0 * r, r) + 0.1 * (x**2 + y**2)\n",
        "x = [-3, 3]\ny = [-3, 3]",
    ),
    "valley": ("def f(x, y):\n    return x**2 + 0 * y\n", "x = [-3, 3]\ny = [-3, 3]"),
    "fast": ("def f(x):\n    return np.sin(1 / x)\n", "x = [-1000, 1100]"),
    "ring": ("def f(x, y):\n    return (x**2 + y**2 - 1) ** 2 + 3\n", "x = [-1.5, 1.5]\ny = [-1.5, 1.5]"),
    "dusty": (
        "def f(x, y):\n    return (x - 1e-16) ** 2 + 100 * y**2 + 1e-14 * x * y + 2e-32\n",
        "x = [-1, 1]\ny = [-1, 1]",
    ),
    "line": ("def f(x, y):\n    return x**2 + 1e-14 * y**2\n", "x = [-1, 1]\ny = [-1, 1]"),
    "clamp": (
        "def f(x):\n    return np.where(x.value < -1, 0 * x - 1, np.where(x.value > 1, 0 * x + 1, x))\n",
        "x = [-3, 3]",
    ),
    "broken": ("def f(x):\n    raise ValueError('no')\n", "x = [-1, 1]"),
}


@pytest.fixture
def book(make_book: MakeBook) -> Book:
    return with_duals(make_book(), LANDSCAPES)


@pytest.fixture(scope="module")
def asked(make_shared_book: MakeBook, shared_duals: None) -> Built:  # noqa: ARG001
    """All expressions of the tables below, and some pages of one test each."""
    book = with_duals(make_shared_book(page=".. toctree::\n   :glob:\n\n   *\n", folder="asked"), LANDSCAPES)
    pages = {
        **{name: numbered(*expressions) for name, expressions in EXPRESSIONS.items()},
        "once": numbered("minima.saddles", "minima.min", "minima.saddles"),
        "again": numbered("minima.saddles"),
        "broken": numbered("broken.min", "broken.value(0)", "minima.value(1)"),
        "including": page(".. include:: part.txt\n\nEnd.\n"),
        "plot": numbered("minima.argmin") + ".. optplot:: minima\n   :x: -1 : 0\n",
    }
    for name, text in pages.items():
        book.write(f"{name}.rst", text)
    book.write("part.txt", "One.\n\nTwo :optval:`minima.min`\nand :optval:`minima.saddles`.\n")
    return book.build("text", warnings=True)


@pytest.fixture(scope="module")
def answers(asked: Built) -> dict[str, str]:
    """What is shown, by expression."""
    found: dict[str, str] = {}
    for name, expressions in EXPRESSIONS.items():
        found |= dict(zip(expressions, shown(asked, f"{name}.txt", len(expressions)), strict=True))
    return found


def numbered(*expressions: str) -> str:
    return page(*(f"Number {i} = :optval:`{text}`;\n" for i, text in enumerate(expressions)), "")


def line_of(number: int) -> int:
    """Where an expression stands on a page of them."""
    return 4 + 2 * number


def shown(built: Built, name: str, count: int) -> list[str]:
    """What a page shows of its expressions."""
    text = built.read(name)
    return numbers(Page(text).text if "html" in name else words(text), count)


# ---- expressions

ANSWERS = {
    "minima.value(1)": "−1",
    "minima.value( -1 )": "1",
    "minima.value(−1)": "1",
    "minima.f.value(1)": "−1",
    "minima.value(1.09)": "−1.047",
    "minima.value(argmin)": "−1.047",
    "minima.value(global minimum)": "−1.047",
    "minima.value(global_minimum)": "−1.047",
    "minima.value(1e-3)": "0.001",
    "minima.grad(0)": "1",
    "minima.gradient(0.5)": "−1.571",
    "minima.grad(argmin)": "0",
    "minima.hess(0.5)": "−6.283",
    "minima.hessian(argmin)": "12.09",
    "minima.eigenvalues(0.5)": "−6.283",
    "minima.argmin": "1.09",
    "minima.min": "−1.047",
    "minima.argmax": "2",
    "minima.max": "2",
    "minima.minima": "−0.2739, 1.09",
    "minima.maxima": "0.2739",
    "minima.local_minima": "−0.2739, 1.09",
    "minima.global_minima": "1.09",
    "minima.critical_points": "−0.2739, 0.2739, 1.09",
    "minima.minima.count": "2",
    "minima.saddles.count": "0",
    "minima.global_maxima.count": "0",
    "minima.minima[0]": "−0.2739",
    "minima.minima[1].at": "1.09",
    "minima.minima[-1].at": "1.09",
    "minima.minima[0].value": "−0.1786",
    "minima.minima[0].x": "−0.2739",
    "minima.minima[0].eigenvalues": "6.526",
    "minima.minima[0].eigenvalues[0]": "6.526",
    "minima.global_minima.value": "−1.047",
    "two.g.value(2)": "−4",
    "two.g.min": "−4",
    "two.g.hess(0)": "2·10⁻⁷",
    "two.f.argmin": "1.09",
    "two.argmin": "1.09",
    "saddle.value(0.5, 1)": "−0.75",
    "saddle.grad(0.5, 0.25)": "(1, −0.5)",
    "saddle.hess(0, 0)": "[[2, 0], [0, −2]]",
    "saddle.hess(saddle)": "[[2, 0], [0, −2]]",
    "saddle.hessian(0.5, 0.5)": "[[2, 0], [0, −2]]",
    "saddle.eigenvalues(0, 0)": "−2, 2",
    "saddle.eigenvalues(saddle)[1]": "2",
    "saddle.saddles": "(0, 0)",
    "saddle.saddles.eigenvalues": "−2, 2",
    "saddle.saddles[0].y": "0",
    "saddle.max": "1",
    "himmelblau.minima": "(−3.779, −3.283), (−2.805, 3.131), (3, 2), (3.584, −1.848)",
    "himmelblau.argmin[2]": "(3, 2)",
    "himmelblau.argmin[-1]": "(3.584, −1.848)",
    "himmelblau.minima[3].eigenvalues[1] | .6f": "105.418908",
    "himmelblau.value(0, 0)": "170",
    "himmelblau.saddles.count": "4",
    "cubic.inflections": "0",
    "cubic.degenerate.count": "1",
    "rise.argmin": "−2",
    "rise.min": "−0.964",
    "kink.argmin": "0",
    "kink.min": "1",
    "kink.minima.count": "1",
    "kink.kinks": "0",
    "kink.kinks.count": "1",
    "kink.kinks.value": "1",
    "kink.kinks[0].x": "0",
    "kink.value(0)": "1",
    "kink.grad(0.5)": "1",
    "crease.kinks.count": "1",
    "crease.min": "0.05",
    "crease.argmin": "(0.5, 0.5)",
    "crease.grad(0, 0)": "(−1, −1)",
    "valley.max": "9",
    "valley.min": "0",
    "valley.edge_maxima.count": "2",
    "ring.kinks.count": "0",
    "kink.edge_maxima": "−1, 2",
    "kink.edge_maxima.count": "2",
    "kink.edge_maxima[-1].value": "3",
    "kink.edge_minima.count": "0",
    "ring.valleys.count": "1",
    "ring.valleys.value": "3",
    "ring.ridges.count": "0",
    "ring.value(valley)": "3",
    "clamp.plateaus.count": "2",
    "clamp.plateaus[0].value": "−1",
    "clamp.plateaus[1].value": "1",
    "clamp.kinks": "−1, 1",
    "saddle.edge_maxima": "(−1, 0), (1, 0)",
    "saddle.edge_minima[0].y": "−1",
    "saddle.monkey_saddles.count": "0",
    "saddle.grad(0.5, 0.25)[0]": "1",
    "saddle.grad(0.5, 0.25)[-1]": "−0.5",
    "saddle.grad(0.5, 0.25).y": "−0.5",
    "saddle.hess(0, 0)[1]": "(0, −2)",
    "saddle.hess(0, 0)[1][1]": "−2",
    "saddle.hess(saddle)[0][0]": "2",
    "minima.hess(0.5)[0][0]": "−6.283",
    "minima.grad(0)[0]": "1",
    "minima.argmin.x": "1.09",
    "minima.argmin.value": "−1.047",
    "saddle.saddles.at": "(0, 0)",
    "saddle.saddles.at[1]": "0",
    "himmelblau.argmin[2].x": "3",
    "himmelblau.argmin.count": "4",
    "himmelblau.grad(minima[2])": "(0, 0)",
    "himmelblau.eigenvalues(minima[3])[1]": "105.4",
}


@pytest.mark.parametrize("expression", ANSWERS)
def test_every_quantity_is_shown(answers: dict[str, str], expression: str) -> None:
    assert answers[expression] == ANSWERS[expression]


# What rounding has left.
DUST = {
    "dusty.min": "0",
    "dusty.minima.value": "0",
    "dusty.value(minimum)": "0",
    "dusty.hess(minimum)": "[[2, 0], [0, 200]]",
    "dusty.hess(0, 0)": "[[2, 0], [0, 200]]",
    "dusty.value(0, 0)": "3·10⁻³²",
    "dusty.minima": "(0, 0)",
    "line.eigenvalues(0, 0)": "0, 2",
}


@pytest.mark.parametrize("expression", DUST)
def test_what_is_rounding_only_is_zero(answers: dict[str, str], expression: str) -> None:
    assert answers[expression] == DUST[expression]


FORMATS = {
    "minima.min | .2f": "−1.05",
    "minima.min|.2f": "−1.05",
    "minima.min | .3e": "−1.047·10⁰",
    "minima.max | .1e": "2.0·10⁰",
    "himmelblau.value(0, 0) | .3e": "1.700·10²",
    "minima.min | +.2f": "−1.05",
    "minima.max | +.2f": "+2.00",
    "himmelblau.value(5, 5) | ,.1f": "890.0",
    "himmelblau.value(-5, -5) | .10g": "250",
    "minima.value(0.5) | .3f": "0.000",
    "minima.value(-0.5) | .3f": "0.000",
    "minima.minima | .1f": "−0.3, 1.1",
    "saddle.hess(0, 0) | .1f": "[[2.0, 0.0], [0.0, −2.0]]",
    "two.g.hess(0) | .0e": "2·10⁻⁷",
    "minima.minima.count | d": "2",
    "minima.minima.count | 03d": "002",
    "minima.minima.count | .1f": "2.0",
    "minima.saddles.count | d": "0",
}


@pytest.mark.parametrize("expression", FORMATS)
def test_numbers_are_written_as_the_format_says(answers: dict[str, str], expression: str) -> None:
    assert answers[expression] == FORMATS[expression]


SEVERAL = {
    "himmelblau.hess(minima[2])": "[[74, 20], [20, 34]]",
    "minima.value(minima[0])": "−0.1786",
    "himmelblau.value(saddles[-1])": "13.31",
}


@pytest.mark.parametrize("expression", SEVERAL)
def test_quantity_at_one_of_several_points(answers: dict[str, str], expression: str) -> None:
    assert answers[expression] == SEVERAL[expression]


# expression: what the warning says
WRONG = {
    "minima": "write it as ",
    "minima.": "write it as ",
    "minima.value": "value of what point? Write 'value(0, 0)' or 'value(argmin)'",
    "minima.value()": "value of what point?",
    "minima.valu(1)": "unknown quantity 'valu'. Did you mean 'value'?",
    "minima.value(1, 2)": "the function has 1 variable(s), and (1, 2) has 2 coordinate(s)",
    "saddle.value(1)": "the function has 2 variable(s), and (1) has 1 coordinate(s)",
    "minima.value(one)": "unknown kind of point 'one'",
    "minima.value(nan)": "'nan'",
    "minima.value(1,)": "'' is not a number",
    "minma.value(1)": "unknown landscape 'minma'. Did you mean 'minima'?",
    "minima.h.value(1)": "minima has no function 'h'. There are: f.",
    "minima.argmin(1)": "argmin takes no place",
    "minima.minima(1)": "minima takes no place",
    "minima.minima.cuont": "minima has no 'cuont'. Did you mean 'count'?",
    "minima.min.count": "min has no 'count'",
    "minima.value(1)[0]": "value is one number: leave out [0]",
    "minima.min[0]": "min is one number: leave out [0]",
    "saddle.grad(1, 1)[2]": "there are 2 components, and the first is [0]",
    "saddle.grad(1, 1)[7]": "there are 2 components, and the first is [0]",
    "saddle.hess(1, 1)[2]": "there are 2 rows, and the first is [0]",
    "saddle.hess(1, 1)[0][5]": "there are 2 columns, and the first is [0]",
    "saddle.hess(1, 1)[x]": "[x] is not an index",
    "saddle.hess(1, 1).x": "hess has no 'x'",
    "saddle.grad(1, 1).z": "grad has no 'z'",
    "himmelblau.argmin.x": "there are 4 points of kind 'argmin': pick one, the first is [0]",
    "himmelblau.hess(minima)[1]": "there are 4 points of kind 'minimum': pick one, as in 'hess(minima[0])'",
    "himmelblau.hess(minima[4])": "there are 4, and the first is [0]",
    "minima.value(1).x": "value has no 'x'",
    "minima.argmin[0][0]": "it is one point",
    "minima.value(1)(2)": "a place in parentheses stands behind a quantity",
    "minima[0].value": "an index stands behind a quantity",
    "minima.value(1": "cannot be read",
    "minima.f": "is a function: ask for a quantity of it",
    "minima.minima[2]": "there are 2, and the first is [0]",
    "minima.minima[-3]": "there are 2, and the first is [0]",
    "minima.minima.value": "there are 2 points of kind 'minimum': pick one, the first is [0]",
    "minima.value(minima)": "there are 2 points of kind 'minimum'",
    "minima.saddles": "there is no saddle in the landscape's domain",
    "minima.value(saddle)": "there is no saddle in the landscape's domain",
    "minima.minima[0].y": "the function has one variable",
    "minima.minima[0].eigenvalues[1]": "there is 1 eigenvalue, and the first is [0]",
    "minima.eigenvalues(1)[1]": "there is 1 eigenvalue, and the first is [0]",
    "kink.hess(argmin)": "there is no hessian at this point",
    "minima.min | .2q": "the format '.2q' is not valid",
    "minima.min | s": "the format 's' is not valid",
    "minima.min | d": "the format 'd' is not valid",
    "minima.minima.count | c": "the format 'c' is not valid: it shows no digits",
    "ring.valleys": "a valley is not a point: ask for its value, or for the count",
    "ring.valleys[0].x": "a valley is not a point",
    "clamp.plateaus.at": "a plateau is not a point",
    "clamp.plateaus[0].at": "a plateau is not a point",
    "clamp.plateaus.value": "there are 2 points of kind 'plateau'",
    "clamp.ridges.value": "there is no ridge in the landscape's domain",
    "kink.kinks.eigenvalues": "there are no eigenvalues at this point",
    "kink.edge_maxima[0].eigenvalues[0]": "there are no eigenvalues at this point",
    "kink.grad(0)": "there is no grad at this point: the gradient jumps there",
    "kink.hess(0)": "there is no hess at this point: the gradient jumps there",
    "crease.grad(0.5, 0.5)": "there is no grad at this point: the gradient jumps there",
    "crease.kinks": "a kink is not a point: ask for its value, or for the count",
    "crease.kinks.value": "it is not the same all along the line of kinks",
    "valley.argmax": "it is reached all along an edge, and not at a point",
    "kink.hess(kink)": "there is no hessian at this point",
    "fast.minima.count": "that cannot be told",
    "rise.global_minima": "there is no global minimum in the landscape's domain",
}


@pytest.mark.parametrize("expression", WRONG)
def test_expression_that_means_nothing_is_a_warning_at_its_line_and_a_question_mark(
    asked: Built, answers: dict[str, str], expression: str
) -> None:
    line = line_of(list(WRONG).index(expression))
    (found,) = (message for message in asked.messages_in("wrong.rst") if message.line == line)
    assert found.subtype in ("claim", "landscape")
    assert found.text.startswith(f"optval {expression!r}")
    assert WRONG[expression] in found.text
    assert answers[expression] == "?"


def test_each_expression_that_means_nothing_is_one_message(asked: Built) -> None:
    assert len(asked.messages_in("wrong.rst")) == len(WRONG)


def test_empty_expression_means_nothing() -> None:
    with pytest.raises(ExpressionError, match=r"^write it as "):
        question("", "index.rst:1", settings_with(), Catalogue([]))


# By page: those of the table in eight pages, which a parallel build reads in several processes.
EXPRESSIONS = {
    **{f"answers{number}": list(ANSWERS)[number::8] for number in range(8)},
    "dust": list(DUST),
    "formats": list(FORMATS),
    "several": list(SEVERAL),
    "wrong": list(WRONG),
}


def test_same_expression_is_told_once_a_page(asked: Built) -> None:
    for name in ("once", "again"):
        (found,) = asked.messages_in(f"{name}.rst")
        assert found.line == line_of(0)
    assert shown(asked, "once.txt", 3) == ["?", "−1.047", "?"]


def test_code_that_fails_leaves_question_marks(asked: Built) -> None:
    assert shown(asked, "broken.txt", 3) == ["?", "?", "−1"]
    assert {message.subtype for message in asked.messages_in("broken.rst")} == {"claim"}
    assert [message.subtype for message in asked.messages_in("landscapes/broken/duals.py")] == ["execution"]


@pytest.mark.oldest_sphinx
def test_expression_in_an_included_file_is_told_there(asked: Built) -> None:
    (found,) = asked.messages_in("part.txt")
    assert found.line in (3, 4)
    assert found.text.startswith("optval 'minima.saddles'")


def test_number_does_not_depend_on_the_domain_of_a_plot(asked: Built) -> None:
    assert shown(asked, "plot.txt", 1) == ["1.09"]


def test_nothing_else_is_reported(asked: Built) -> None:
    places = {message.file for message in asked.messages}
    assert places == {
        *("wrong.rst", "once.rst", "again.rst", "part.txt", "broken.rst"),
        "landscapes/broken/duals.py",
    }


def reported(built: Built) -> list[tuple[str, int, str, str]]:
    """The messages of a build, without the folder of its book."""
    folder = str(built.app.srcdir)
    return sorted((found.file, found.line, found.subtype, found.text.replace(folder, "")) for found in built.messages)


def test_parallel_and_serial_builds_are_the_same(asked: Built, make_book: MakeBook) -> None:
    serial, sources = asked, Path(asked.app.srcdir)
    other = make_book(folder="other")
    for path in sources.rglob("*"):
        if "_build" not in path.parts and path.suffix in (".rst", ".txt", ".py", ".toml"):
            other.write(str(path.relative_to(sources)), path.read_text(encoding="utf-8"))
    parallel = other.build("text", warnings=True, parallel=2)
    assert parallel.searched == serial.searched
    texts = {name: serial.read(name) for name in serial.files("*.txt")}
    assert {name: parallel.read(name) for name in parallel.files("*.txt")} == texts
    assert len(texts) >= 8
    assert not [text for text in texts.values() if "optval" in text]
    assert reported(parallel) == reported(serial)


def test_one_run_is_enough_for_all_that_is_asked_of_a_landscape(book: Book) -> None:
    book.write(
        "index.rst",
        numbered("minima.min", "minima.argmin | .2f", "minima.minima.count", "minima.value(1)", "minima.grad(1)"),
    )
    built = book.build("text")
    assert (built.searched, built.runs) == (["minima (duals)"], ["minima (duals)"])


@pytest.mark.slow
def test_count_among_thousands_of_points_cannot_be_told(book: Book) -> None:
    book.landscape(
        "faster",
        "import hyperduals as np\n\n\ndef f(x):\n    return np.sin(1 / x)\n",
        framework="duals",
        domain="x = [-1, 1.1]",
    )
    book.write("index.rst", numbered("faster.minima.count"))
    (found,) = book.build("text", warnings=True).messages
    assert found.text.startswith("optval 'faster.minima.count': that cannot be told for certain: ")


# ---- builders

# expression: as text, and as mathematics
SOME = {
    "minima.min": ("−1.047", "-1.047"),
    "two.g.hess(0)": ("2·10⁻⁷", "2 \\cdot 10^{-7}"),
    "himmelblau.minima[0]": ("(−3.779, −3.283)", "(-3.779, -3.283)"),
    "saddle.hess(0, 0)": ("[[2, 0], [0, −2]]", "\\begin{pmatrix} 2 & 0 \\\\ 0 & -2 \\end{pmatrix}"),
    "saddle.eigenvalues(0, 0)": ("−2, 2", "-2,\\ 2"),
    "minima.minima.count": ("2", "2"),
    "minima.max | .1%": ("200.0%", "200.0\\%"),
}
MATRIX = "saddle.hess(0, 0)"


@pytest.fixture(scope="module")
def for_builders(make_shared_book: MakeBook, shared_duals: None) -> Book:  # noqa: ARG001
    """The first page has numbers in its text, the second in its titles."""
    book = with_duals(make_shared_book(folder="builders"), LANDSCAPES, conf="copyright = '2026'\nversion = '1'\n")
    book.write(
        "index.rst",
        numbered(*SOME) + ".. toctree::\n   :caption: Contents\n\n   other\n\nSee :doc:`other` and :ref:`there`.\n",
    )
    book.write(
        "other.rst",
        ".. _there:\n\nOther with :optval:`minima.max | .2f`\n=========================================\n\n"
        "Part with :optval:`minima.max | .3f`\n------------------------------------\n\nText.\n",
    )
    return book


@pytest.mark.oldest_sphinx
def test_html_has_text_and_matrices_as_mathematics(for_builders: Book) -> None:
    built = for_builders.build("html")
    texts = shown(built, "index.html", len(SOME))
    assert texts == [text if name != MATRIX else f"\\({latex}\\)" for name, (text, latex) in SOME.items()]
    shown_on = built.page()
    scripts = [str(script.get("src")) for script in shown_on.all("script")]
    assert any("mathjax@" in script for script in scripts), "the page loads what shows it"
    paragraphs = [str(paragraph) for paragraph in shown_on.all("p") if paragraph.get_text().startswith("Number ")]
    assert len(paragraphs) == len(SOME)
    assert "optval" not in "".join(paragraphs) + shown_on.text


FILES = {
    "text": "index.txt",
    "man": "*.1",
    "epub": "index.xhtml",
    "texinfo": "*.texi",
    "singlehtml": "index.html",
    "dirhtml": "index.html",
}


@pytest.mark.oldest_sphinx
@pytest.mark.parametrize("builder", FILES)
def test_other_builders_have_text(for_builders: Book, builder: str) -> None:
    built = for_builders.build(builder)
    (name,) = built.files(FILES[builder])
    text = built.read(name)
    content = Page(text).text if "html" in name else words(re.sub(r"\\fP|\\fI|\\fB", "", text))
    for expression, (plain, latex) in SOME.items():
        has_mathematics = builder in ("singlehtml", "dirhtml") and expression == MATRIX
        assert (latex if has_mathematics else plain) in content, expression
    assert "optval" not in content
    found = numbers(content, len(SOME))
    assert all(found)
    assert "?" not in "".join(found)


@pytest.mark.oldest_sphinx
def test_latex_has_mathematics(for_builders: Book) -> None:
    built = for_builders.build("latex")
    (name,) = built.files("*.tex")
    assert shown(built, name, len(SOME)) == [f"\\({latex}\\)" for _, latex in SOME.values()]


@pytest.mark.oldest_sphinx
def test_number_in_titles_reaches_the_contents_the_sidebar_and_the_browsers_title(for_builders: Book) -> None:
    built = for_builders.build("html")
    index, other = built.page("index.html"), built.page("other.html")
    assert "optval" not in index.text + other.text
    assert "minima.max" not in built.read("index.html") + built.read("other.html")
    links = index.texts("a")
    assert links.count("Other with 2.00") >= 3, "contents, sidebar and references"
    assert "Part with 2.000" in links
    assert other.title.startswith("Other with 2.00")


@pytest.mark.oldest_sphinx
def test_number_in_titles_reaches_the_contents_of_other_builders(for_builders: Book) -> None:
    epub = for_builders.build("epub")
    for name in ("toc.ncx", "nav.xhtml", "index.xhtml"):
        assert "minima.max" not in epub.read(name), name
    assert "Other with 2.00" in epub.page("index.xhtml").text
    assert "Other with 2.00" in for_builders.build("text").read("index.txt")


@pytest.mark.oldest_sphinx
def test_gettext_runs_nothing_and_keeps_the_expression(book: Book) -> None:
    book.write("index.rst", numbered("minima.min", "saddle.hess(0, 0)", "nonsense.min"))
    built = book.build("gettext")
    assert (built.runs, built.searched, book.store) == ([], [], [])
    pot = built.read("index.pot")
    for expression in ("minima.min", "saddle.hess(0, 0)", "nonsense.min"):
        assert f":optval:`{expression}`" in pot


@pytest.mark.parametrize("builder", ["dummy", "linkcheck"])
def test_builders_that_write_no_pages_ask_for_nothing(book: Book, builder: str) -> None:
    book.write("index.rst", numbered("minima.value(1)"))
    built = book.build(builder)
    assert (built.runs, built.searched) == ([], [])


# ---- places

PLACES = """\
Title with :optval:`minima.min | .1f` in it
===========================================

.. toctree::

   other

.. figure:: picture.png

   Caption with :optval:`minima.min | .2f`.

.. list-table::

   * - Cell with :optval:`minima.min | .3f`

.. note:: Note with :optval:`minima.min | .4f`

Term with :optval:`minima.min | .5f`
   Definition with :optval:`minima.min | .6f`

Text [#]_ and a |word|.

.. [#] Footnote with :optval:`minima.min | .7f`

.. |word| replace:: substitution with :optval:`minima.min | .8f`

**Strong** *and* :ref:`a link <there>`.

.. optplot:: minima
   :name: fig

   Caption of a plot with :optval:`minima.min | .9f`.

   Legend with :optval:`minima.max | .1f`.
"""

LOWEST = 1.0904082219360 * math.cos(math.pi * 1.0904082219360)
DIGITS = [f"{LOWEST:.{digits}f}".replace("-", "−") for digits in range(1, 10)]


@pytest.fixture(scope="module")
def with_places(make_shared_book: MakeBook, shared_duals: None) -> Book:  # noqa: ARG001
    book = with_duals(make_shared_book(folder="places"), LANDSCAPES)
    book.write("index.rst", PLACES)
    (book.folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    book.write(
        "other.rst",
        ".. _there:\n\nOther with :optval:`minima.max | .2f`\n=========================================\n\nText.\n",
    )
    return book


@pytest.mark.oldest_sphinx
@pytest.mark.parametrize("builder", ["html", "text", "singlehtml"])
def test_number_may_stand_wherever_words_may(with_places: Book, builder: str) -> None:
    built = with_places.build(builder)
    text = words(built.read("index.txt")) if builder == "text" else built.page("index.html").text
    assert set(DIGITS) <= set(re.findall(r"(?:with|:) (−1\.\d+)", text))
    assert "Legend with 2.0." in text
    assert "optval" not in text
    assert "minima.m" not in text


@pytest.mark.oldest_sphinx
def test_number_in_a_translated_paragraph(book: Book) -> None:
    pytest.importorskip("babel")
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo

    book.write(
        "index.rst", "Page\n====\n\nThe minimum is :optval:`minima.min`, there.\n\nOther :optval:`minima.max`.\n"
    )
    catalogue = Catalog(locale="de")
    catalogue.add(
        "The minimum is :optval:`minima.min`, there.",
        "Dort liegt das Minimum: :optval:`minima.min` bei :optval:`minima.argmin | .3f`.",
    )
    folder: Path = book.folder / "locale/de/LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "index.mo").open("wb") as file:
        write_mo(file, catalogue)
    text = book.build("text", language="de", locale_dirs=["locale"]).read("index.txt")
    assert "Dort liegt das Minimum: −1.047 bei 1.090." in text
    assert "Other 2." in text


# ---- from build to build


@pytest.mark.oldest_sphinx
def test_page_is_written_again_when_the_number_changes_and_only_then(book: Book) -> None:
    book.write("index.rst", numbered("minima.value(1)") + ".. toctree::\n\n   other\n   third\n")
    book.write("other.rst", numbered("minima.value(1)", "saddle.hess(0, 0)"))
    book.write("third.rst", numbered("saddle.max"))
    first = book.build()
    assert shown(first, "other.html", 1) == ["−1"]
    again = book.build()
    assert again.runs == again.searched == again.written == []
    book.replace("landscapes/minima/duals.py", "return x", "return 2 * x")
    changed = book.build()
    assert changed.runs == ["minima (duals)"]
    assert set(changed.written) == {"index", "other"}
    assert shown(changed, "index.html", 1) == shown(changed, "other.html", 1) == ["−2"]
    book.replace("landscapes/minima/duals.py", "2 * x", "(1 + 1) * x")
    same = book.build()
    assert same.runs == ["minima (duals)"]
    assert same.written == [], "the number is the same"


@pytest.mark.parametrize("builder", ["html", "text"])
def test_number_stays_when_the_prose_around_it_changes(book: Book, builder: str) -> None:
    book.write("index.rst", numbered("minima.value(1)", "minima.min"))
    book.build(builder)
    book.write("index.rst", numbered("minima.value(1)", "minima.min") + "More.\n")
    built = book.build(builder)
    assert built.runs == built.searched == []
    assert shown(built, {"html": "index.html", "text": "index.txt"}[builder], 2) == ["−1", "−1.047"]


def test_change_that_another_builder_saw_first(book: Book) -> None:
    book.write("index.rst", numbered("minima.value(1)"))
    book.build("html")
    book.build("text")
    book.replace("landscapes/minima/duals.py", "return x", "return 2 * x")
    assert shown(book.build("text"), "index.txt", 1) == ["−2"]
    assert shown(book.build("html"), "index.html", 1) == ["−2"]


def test_number_that_is_no_longer_asked_for_is_forgotten(book: Book) -> None:
    book.write("index.rst", numbered("minima.saddles"))
    assert len(book.build(warnings=True).warnings) == 1
    book.write("index.rst", numbered("minima.max"))
    built = book.build()
    assert shown(built, "index.html", 1) == ["2"]


def test_number_that_is_added_is_shown_by_a_build_that_remembers_the_others(book: Book) -> None:
    book.write("index.rst", numbered("minima.max"))
    for _ in range(2):
        book.build()
    book.write("index.rst", numbered("minima.max", "minima.value(1)"))
    assert shown(book.build(), "index.html", 2) == ["2", "−1"]


def test_never_takes_numbers_from_the_store(book: Book) -> None:
    book.write("index.rst", numbered("minima.min", "minima.value(1)"))
    missing = book.build("text", warnings=True, optviz_execute="never")
    assert shown(missing, "index.txt", 2) == ["?", "?"]
    assert all("optviz_execute is 'never'" in warning for warning in missing.warnings)
    assert book.store == []
    book.build("text")
    again = book.build("text", optviz_execute="never")
    assert (again.runs, again.searched) == ([], [])
    assert shown(again, "index.txt", 2) == ["−1.047", "−1"]


def test_number_is_of_the_default_framework_or_of_the_first_that_has_code(book: Book) -> None:
    book.landscape("minima", "def f(x):\n    return 7 + 0 * x\n", domain="x = [-1, 2]")
    book.landscape("alone", "def f(x):\n    return 8 + 0 * x\n", domain="x = [-1, 2]")
    book.write("index.rst", numbered("minima.value(1)", "alone.value(1)"))
    assert shown(book.build("text"), "index.txt", 2) == ["−1", "8"]
    config: Any = {"optviz_frameworks": ["numpy", "duals"], "optviz_default_framework": "numpy"}
    assert shown(book.build("text", **config), "index.txt", 2) == ["7", "8"]
