"""Numbers in the prose: every expression in every kind of page, and where it can stand."""

from __future__ import annotations

import html
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Book, Built

pytestmark = pytest.mark.usefixtures("duals")

CONF = "extensions = ['sphinx_optviz']\noptviz_frameworks = ['duals']\noptviz_default_framework = 'duals'\n"

LANDSCAPES = {
    "minima": ("def f(x):\n    return x * np.cos(math.pi * x)\n", "x = [-1, 2]"),
    "two": (
        "def f(x):\n    return x * np.cos(math.pi * x)\n\n\ndef g(x):\n    return 1e-7 * x**2 - 4\n",
        "x = [-1, 2]",
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
    "fast": ("def f(x):\n    return np.sin(1 / x)\n", "x = [-1, 1.1]"),
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
}

# expression: text
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
}

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

# expression: what the warning says
WRONG = {
    "": "write it as ",
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
    "minima.minima[2]": "there are 2, and the first is [0]",
    "minima.minima[-3]": "there are 2, and the first is [0]",
    "minima.minima.value": "there are 2 points of kind 'minimum': pick one, the first is [0]",
    "minima.value(minima)": "there are 2 points of kind 'minimum'",
    "minima.saddles": "there is no saddle in the landscape's domain",
    "minima.value(saddle)": "there is no saddle in the landscape's domain",
    "minima.minima[0].y": "the function has one variable",
    "minima.minima[0].eigenvalues[1]": "there are 1 eigenvalues, and the first is [0]",
    "minima.eigenvalues(1)[1]": "there are 1, and the first is [0]",
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


@pytest.fixture
def book(make_book: Any) -> Book:
    made: Book = make_book()
    made.write("conf.py", CONF)
    for name, (code, domain) in LANDSCAPES.items():
        made.landscape(name, f"import math\n\nimport hyperduals as np\n\n\n{code}", framework="duals", domain=domain)
    toml = (made.folder / "landscapes/two/landscape.toml").read_text(encoding="utf-8")
    made.write("landscapes/two/landscape.toml", toml + "[functions.f]\n[functions.g]\n")
    return made


def page(*expressions: str) -> str:
    return "Page\n====\n\n" + "".join(f"Number {i} = :optval:`{text}`;\n\n" for i, text in enumerate(expressions))


def shown(built: Built, name: str, count: int) -> list[str]:
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", "", built.read(name))).split())
    found = [re.search(rf"Number {index} = (.*?);", text) for index in range(count)]
    return [match[1] if match else "" for match in found]


# ---- expressions


def test_every_quantity_is_shown(book: Book) -> None:
    book.write("index.rst", page(*ANSWERS))
    built = book.build("text")
    found = shown(built, "index.txt", len(ANSWERS))
    assert dict(zip(ANSWERS, found, strict=True)) == ANSWERS


def test_what_is_rounding_only_is_zero(book: Book) -> None:
    book.write("index.rst", page(*DUST))
    found = shown(book.build("text"), "index.txt", len(DUST))
    assert dict(zip(DUST, found, strict=True)) == DUST


def test_numbers_are_written_as_the_format_says(book: Book) -> None:
    book.write("index.rst", page(*FORMATS))
    found = shown(book.build("text"), "index.txt", len(FORMATS))
    assert dict(zip(FORMATS, found, strict=True)) == FORMATS


def test_expression_that_means_nothing_is_a_warning_at_its_line_and_a_question_mark(book: Book) -> None:
    expressions = [text for text in WRONG if text]
    book.write("index.rst", page(*expressions))
    built = book.build("text", warnings=True)
    told = {}
    for warning in built.warnings:
        found = re.fullmatch(r".*/index\.rst:(\d+): WARNING: (optval .*) \[optviz\.(?:claim|landscape)\]", warning)
        assert found is not None, warning
        told[int(found[1])] = found[2]
    assert sorted(told) == [4 + 2 * index for index in range(len(expressions))]
    for line, text in zip(sorted(told), expressions, strict=True):
        assert told[line].startswith(f"optval {text!r}"), text
        assert WRONG[text] in told[line], text
    assert shown(built, "index.txt", len(expressions)) == ["?"] * len(expressions)


def test_quantity_at_one_of_several_points(book: Book) -> None:
    book.write(
        "index.rst", page("himmelblau.hess(minima)[2]", "minima.value(minima)[0]", "himmelblau.value(saddles)[-1]")
    )
    found = shown(book.build("text"), "index.txt", 3)
    assert found[:2] == ["[[74, 20], [20, 34]]", "−0.1786"]


def test_same_expression_is_told_once_a_page(book: Book) -> None:
    book.write("index.rst", page("minima.saddles", "minima.min", "minima.saddles") + ".. toctree::\n\n   other\n")
    book.write("other.rst", page("minima.saddles"))
    built = book.build("text", warnings=True)
    assert [re.sub(r".*/(\w+\.rst:\d+): .*", r"\1", line) for line in built.warnings] == ["index.rst:4", "other.rst:4"]
    assert shown(built, "index.txt", 3) == ["?", "−1.047", "?"]


def test_one_run_is_enough_for_all_that_is_asked_of_a_landscape(book: Book) -> None:
    book.write(
        "index.rst",
        page("minima.min", "minima.argmin | .2f", "minima.minima.count", "minima.value(1)", "minima.grad(1)"),
    )
    built = book.build("text")
    assert (built.searched, built.runs) == (["minima (duals)"], ["minima (duals)"])


def test_code_that_fails_leaves_question_marks(book: Book) -> None:
    book.landscape("broken", "def f(x):\n    raise ValueError('no')\n", framework="duals")
    book.write("index.rst", page("broken.min", "broken.value(0)", "minima.value(1)"))
    built = book.build("text", warnings=True)
    assert shown(built, "index.txt", 3) == ["?", "?", "−1"]
    assert {re.sub(r".*\[(.*)\]", r"\1", line) for line in built.warnings} == {"optviz.execution", "optviz.claim"}
    assert len([line for line in built.warnings if "optviz.execution" in line]) == 1


# ---- builders

SOME = {
    "minima.min": ("−1.047", "-1.047"),
    "two.g.hess(0)": ("2·10⁻⁷", "2 \\cdot 10^{-7}"),
    "himmelblau.minima[0]": ("(−3.779, −3.283)", "(-3.779, -3.283)"),
    "saddle.hess(0, 0)": ("[[2, 0], [0, −2]]", "\\begin{pmatrix} 2 & 0 \\\\ 0 & -2 \\end{pmatrix}"),
    "saddle.eigenvalues(0, 0)": ("−2, 2", "-2,\\ 2"),
    "minima.minima.count": ("2", "2"),
}


def test_html_has_text_and_matrices_as_mathematics(book: Book) -> None:
    book.write("index.rst", page(*SOME))
    built = book.build("html", extensions=["sphinx_optviz", "sphinx.ext.mathjax"])
    texts = shown(built, "index.html", len(SOME))
    latex = SOME["saddle.hess(0, 0)"][1]
    assert texts == [text if "hess(0, 0)" not in name else f"\\({latex}\\)" for name, (text, _) in SOME.items()]
    assert "mathjax@" in built.read("index.html"), "the page loads what shows it"
    assert "optval" not in built.read("index.html")


@pytest.mark.parametrize("builder", ["text", "man", "epub", "texinfo", "singlehtml", "dirhtml"])
def test_other_builders_have_text(book: Book, builder: str) -> None:
    book.write("index.rst", page(*SOME))
    built = book.build(builder, **(EPUB if builder == "epub" else {}))
    (name,) = built.files(
        {"text": "*.txt", "man": "*.1", "epub": "index.xhtml", "texinfo": "*.texi"}.get(builder, "index.html")
    )
    content = " ".join(re.sub(r"<[^>]+>|\\fP|\\fI|\\fB", "", built.read(name)).split())
    for expression, (text, latex) in SOME.items():
        if builder in ("singlehtml", "dirhtml") and "hess(0, 0)" in expression:
            assert latex.replace("&", "&amp;") in content
        else:
            assert text in content, expression
    assert "optval" not in content
    assert "?" not in "".join(re.findall(r"Number \d = (.*?);", content))


def test_latex_has_mathematics(book: Book) -> None:
    book.write("index.rst", page(*SOME))
    built = book.build("latex")
    (name,) = built.files("*.tex")
    assert shown(built, name, len(SOME)) == [f"\\({latex}\\)" for _, latex in SOME.values()]


def test_percent_in_latex(book: Book) -> None:
    book.write("index.rst", page("minima.max | .1%"))
    built = book.build("latex")
    (name,) = built.files("*.tex")
    assert shown(built, name, 1) == ["\\(200.0\\%\\)"]


def test_gettext_runs_nothing_and_keeps_the_expression(book: Book) -> None:
    book.write("index.rst", page("minima.min", "saddle.hess(0, 0)", "nonsense.min"))
    built = book.build("gettext")
    assert (built.runs, built.searched, book.store) == ([], [], [])
    pot = built.read("index.pot")
    for expression in ("minima.min", "saddle.hess(0, 0)", "nonsense.min"):
        assert f":optval:`{expression}`" in pot


@pytest.mark.parametrize("builder", ["dummy", "linkcheck"])
def test_builders_that_write_no_pages_ask_for_nothing(book: Book, builder: str) -> None:
    book.write("index.rst", page("minima.value(1)"))
    built = book.build(builder)
    assert (built.runs, built.searched) == ([], [])


# ---- places

EPUB: dict[str, Any] = {"copyright": "2026", "version": "1"}

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


@pytest.mark.parametrize("builder", ["html", "text", "singlehtml"])
def test_number_may_stand_wherever_words_may(book: Book, builder: str) -> None:
    book.write("index.rst", PLACES)
    (book.folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    book.write(
        "other.rst",
        ".. _there:\n\nOther with :optval:`minima.max | .2f`\n=========================================\n\nText.\n",
    )
    built = book.build(builder)
    text = re.sub(r"<[^>]+>", "", built.read({"text": "index.txt"}.get(builder, "index.html")))
    flat = " ".join(text.split())
    numbers = re.findall(r"(?:with|:) (−1\.\d+)", flat)
    assert set(DIGITS) <= set(numbers)
    assert "Legend with 2.0." in flat
    assert "optval" not in text
    assert "minima.m" not in text


def test_number_in_titles_reaches_the_contents_the_sidebar_and_the_browsers_title(book: Book) -> None:
    book.write(
        "index.rst",
        "Page\n====\n\n.. toctree::\n   :caption: Contents\n\n   other\n\nSee :doc:`other` and :ref:`there`.\n",
    )
    book.write(
        "other.rst",
        ".. _there:\n\nOther with :optval:`minima.max | .2f`\n=========================================\n\n"
        "Part with :optval:`minima.max | .3f`\n------------------------------------\n\nText.\n",
    )
    built = book.build()
    index, other = built.read("index.html"), built.read("other.html")
    assert "optval" not in re.sub("<[^>]+>", "", index + other)
    assert "minima.max" not in index + other
    assert len(re.findall(r"Other with (?:<[^>]+>)*2\.00", index)) >= 3, "contents, sidebar and references"
    assert re.search(r"Part with (?:<[^>]+>)*2\.000", index)
    assert re.search(r"<title>Other with 2\.00", other)


def test_number_in_titles_reaches_the_contents_of_other_builders(book: Book) -> None:
    book.write("index.rst", "Page\n====\n\n.. toctree::\n\n   other\n")
    book.write(
        "other.rst", "Other with :optval:`minima.max | .2f`\n=========================================\n\nText.\n"
    )
    epub = book.build("epub", **EPUB)
    for name in ("toc.ncx", "nav.xhtml", "index.xhtml"):
        assert "minima.max" not in epub.read(name), name
    assert "Other with 2.00" in re.sub("<[^>]+>", "", epub.read("index.xhtml"))
    assert "Other with 2.00" in book.build("text").read("index.txt")


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


def test_expression_in_an_included_file_is_told_there(book: Book) -> None:
    book.write("index.rst", "Page\n====\n\n.. include:: part.txt\n\nEnd.\n")
    book.write("part.txt", "One.\n\nTwo :optval:`minima.min`\nand :optval:`minima.saddles`.\n")
    (warning,) = book.build("text", warnings=True).warnings
    assert re.search(r"part\.txt:[34]: WARNING: optval 'minima.saddles'", warning)


# ---- from build to build


def test_page_is_written_again_when_the_number_changes_and_only_then(book: Book) -> None:
    book.write("index.rst", page("minima.value(1)") + ".. toctree::\n\n   other\n   third\n")
    book.write("other.rst", page("minima.value(1)", "saddle.hess(0, 0)"))
    book.write("third.rst", page("saddle.max"))
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
    book.write("index.rst", page("minima.value(1)", "minima.min"))
    book.build(builder)
    book.write("index.rst", page("minima.value(1)", "minima.min") + "More.\n")
    built = book.build(builder)
    assert built.runs == built.searched == []
    assert shown(built, {"html": "index.html", "text": "index.txt"}[builder], 2) == ["−1", "−1.047"]


def test_change_that_another_builder_saw_first(book: Book) -> None:
    book.write("index.rst", page("minima.value(1)"))
    book.build("html")
    book.build("text")
    book.replace("landscapes/minima/duals.py", "return x", "return 2 * x")
    assert shown(book.build("text"), "index.txt", 1) == ["−2"]
    assert shown(book.build("html"), "index.html", 1) == ["−2"]


def test_number_that_is_no_longer_asked_for_is_forgotten(book: Book) -> None:
    book.write("index.rst", page("minima.saddles"))
    assert len(book.build(warnings=True).warnings) == 1
    book.write("index.rst", page("minima.max"))
    built = book.build()
    assert shown(built, "index.html", 1) == ["2"]


def test_parallel_and_serial_builds_are_the_same(make_book: Any, book: Book) -> None:
    expressions = list(ANSWERS)
    for number in range(8):
        book.write(f"extra{number}.rst", ":orphan:\n\n" + page(*expressions[number::8]))
    book.write("index.rst", page(*SOME))
    serial = book.build("text")
    names = serial.files("*.txt")
    texts = [serial.read(name) for name in names]
    other: Book = make_book(folder="other")
    for path in book.folder.rglob("*"):
        if path.is_file() and "_build" not in path.parts and path.suffix in (".rst", ".py", ".toml"):
            other.write(str(path.relative_to(book.folder)), path.read_text(encoding="utf-8"))
    parallel = other.build("text", parallel=2)
    assert parallel.searched == serial.searched
    assert [parallel.read(name) for name in names] == texts
    assert not [text for text in texts if "optval" in text]


def test_never_takes_numbers_from_the_store(book: Book) -> None:
    book.write("index.rst", page("minima.min", "minima.value(1)"))
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
    book.write("index.rst", page("minima.value(1)", "alone.value(1)"))
    assert shown(book.build("text"), "index.txt", 2) == ["−1", "8"]
    config: Any = {"optviz_frameworks": ["numpy", "duals"], "optviz_default_framework": "numpy"}
    assert shown(book.build("text", **config), "index.txt", 2) == ["7", "8"]


def test_number_does_not_depend_on_the_domain_of_a_plot(book: Book) -> None:
    book.write("index.rst", page("minima.argmin") + ".. optplot:: minima\n   :x: -1 : 0\n")
    assert shown(book.build("text"), "index.txt", 1) == ["1.09"]
