"""What authors claim: a true claim is silent, a false one is a warning at its own line that says what is true."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conftest import page, with_duals
from hypothesis import given
from hypothesis import strategies as st

from sphinx_optviz.claims import (
    Quantities,
    check_at_place,
    check_at_spots,
    check_points,
    check_quantity,
    tolerance_of,
)
from sphinx_optviz.critical import CriticalPoint, CriticalPoints, Extremum, Plateau
from sphinx_optviz.grammar import claim
from sphinx_optviz.model import KINDS, Claim, Where

if TYPE_CHECKING:
    from conftest import Book, Built, MakeBook

pytestmark = pytest.mark.usefixtures("shared_duals")

PLANE = "x = [-1, 1]\ny = [-1, 1]"

# name: code, domain
LANDSCAPES = {
    "minima": ("def f(x):\n    return x * np.cos(math.pi * x)\n", "x = [-1, 2]"),
    "two": (
        "def f(x):\n    return x * np.cos(math.pi * x)\n\n\ndef g(x):\n    return x**2\n",
        "x = [-1, 2]\n[functions.f]\n[functions.g]",
    ),
    "himmelblau": (
        "def f(x, y):\n    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2\n",
        "x = [-5, 5]\ny = [-5, 5]",
    ),
    "saddle": ("def f(x, y):\n    return x**2 - y**2\n", PLANE),
    "cubic": ("def f(x):\n    return x**3\n", "x = [-2, 2]"),
    "valley": ("def f(x, y):\n    return x**2 + 0 * y\n", "x = [-1, 1]\ny = [-2, 3]"),
    "flat": ("def f(x):\n    return 0 * x + 3\n", "x = [-1, 2]"),
    "kink": ("def f(x):\n    return np.where(x.value < 0, -x, x)\n", "x = [-1, 2]"),
    "rise": ("def f(x):\n    return np.tanh(x)\n", "x = [-2, 5]"),
    "circle": ("def f(x, y):\n    return (x**2 + y**2 - 1) ** 2\n", "x = [-1.5, 1.5]\ny = [-1.5, 1.5]"),
    "monkey": ("def f(x, y):\n    return x**3 - 3 * x * y**2\n", PLANE),
    "step": ("def f(x):\n    return np.where(x.value < 1, x**2, x**2 - 3)\n", "x = [-2, 2]"),
    "root": ("def f(x):\n    return x**0.5\n", "x = [-1, 2]"),
    "fast": ("def f(x):\n    return np.sin(1 / x)\n", "x = [-1000, 1100]"),
    "tall": ("def f(x):\n    return 1e6 * x**2 + 3\n", "x = [-1, 2]"),
    "broken": ("def f(x):\n    raise ValueError('no')\n", "x = [-1, 2]"),
}


@pytest.fixture
def book(make_book: MakeBook) -> Book:
    return with_duals(make_book(), LANDSCAPES)


@pytest.fixture(scope="module")
def claimed(make_shared_book: MakeBook, shared_duals: None) -> Built:  # noqa: ARG001
    """A page for each landscape of the tables below, and for each place where a claim may stand."""
    book = with_duals(make_shared_book(page=".. toctree::\n   :glob:\n\n   *\n"), LANDSCAPES)
    pages = {
        **{f"true-{name}": page(plot_with(name, *claims)) for name, claims in TRUE.items()},
        **{f"false-{name}": page(plot_with(name, *claims)) for name, claims in FALSE.items()},
        **{f"zero-{number}": page(plot_with(name, said)) for number, (name, said) in enumerate(ZEROS)},
        **{f"nested-{place}": page(text) for place, text in NESTED.items()},
        "small": page(plot_with("tall", *SMALL)),
        "not-zero": page(plot_with("minima", "value @ 0.50001 = 0", "gradient @ 1.09041 = 0")),
        "option": ON_THE_LINE_OF_THE_OPTION,
        "including": page(".. include:: part.txt\n\nEnd.\n"),
        "twice": page(plot_with("minima", "3 minima", "2 minima", "3 minima")),
        "domain": page(plot_with("minima", "1 minimum").replace("   :expect", "   :x: 0 : 2\n   :expect")),
        "broken": page(plot_with("broken", "3 minima", "value @ 0 = 7")),
        "no-claims": page(plot_with("minima", "2 minima", *BAD, "1 maximum")),
        "empty": page(".. optplot:: minima\n   :figure: none\n   :expect:\n"),
    }
    for name, text in pages.items():
        book.write(f"{name}.rst", text)
    book.write("part.txt", "One.\n\n" + plot_with("minima", "2 minima", "7 minima"))
    return book.build("text", warnings=True)


def plot_with(name: str, *claims: str, indent: str = "") -> str:
    lines = [f".. optplot:: {name}", "   :figure: none", "   :expect:", *(f"      {text}" for text in claims)]
    return "".join(f"{indent}{line}\n" for line in lines)


FIRST = 7  # the line of the first claim of the first plot of a page


TRUE = {
    "minima": [
        *("global minimum @ 1.0904", "local minimum @ -0.27385", "minimum @ 1.09041", "local maximum @ 0.27385"),
        *("2 minima", "two local minima", "1 global minimum", "one maximum", "no saddles", "0 inflection points"),
        *("3 critical points", "no global maximum", "edge maximum @ 2", "2 edge maxima", "no edge minimum"),
        *("value @ 1 = -1", "value @ 1 = −1", "value @ -1 = 1.0", "Value @ 0.25 = 0.1768"),
        *("gradient @ 0 = 1", "slope @ -1 = -1", "grad of f @ 0 = 1.00", "gradient @ global minimum = 0"),
        *("Hessian @ 0.5 = -6.28", "curvature @ 0 = 0", "hess @ 0.5 = -6.2832", "eigenvalue @ 0.5 = -6.28319"),
        *("value @ global minimum = -1.0467", "value of minima @ minimum near 0 = -0.179", "gradient @ minimum = 0"),
        *("minimum near 1 @ 1.0904", "global minimum @ 1 ± 0.1", "global minimum @ 1.1 +- 0.01", "3 Critical  Points"),
        *("value @ 1 = -0.9 +/- 0.2", "global minimum @ 1.09", "minimum of f @ -0.274", "global minimum @ 109.04e-2"),
    ],
    "two": [
        *("2 minima of two.f", "1 minimum of g", "minimum of g @ 0", "value of two.g @ 2 = 4", "2 minima of two"),
        *("eigenvalues of g @ 1 = 2", "value of g @ global minimum = 0", "1 global minimum of g"),
    ],
    "himmelblau": [
        *("4 global minima", "four minima", "4 saddles", "one maximum", "9 critical points", "minimum @ (3, 2)"),
        *("global minimum @ 3, 2", "maximum @ (-0.27084, -0.92304)", "value @ (3, 2) = 0"),
        *("gradient @ (0, 0) = (-14, -22)", "gradient @ (3, 2) = 0, 0", "Hessian @ (3, 2) = 74 20 20 34"),
        *("Hessian @ minimum near (3, 2) = [[74, 20], [20, 34]]", "eigenvalues @ (3, 2) = 25.716, 82.284"),
        *("eigenvalues @ minimum near (3, 2) = 82.284 25.716", "saddle near (3, 0) @ (3.3852, 0.0739)"),
        *("value @ maximum = 181.6", "value @ maximum = 181.617", "6 edge maxima", "value @ (1, 1) = 106"),
    ],
    "saddle": [
        *("saddle @ (0, 0)", "saddle point @ 0, 0", "eigenvalues @ saddle = -2, 2", "Hessian @ saddle = 2 0 0 -2"),
        *("no minima", "1 saddle point", "gradient @ (0.5, 0.25) = 1, -0.5", "eigenvalues @ (0, 0) = 2, -2"),
    ],
    "cubic": ["inflection @ 0", "1 inflection point", "degenerate @ 0", "no minimum", "1 degenerate point"],
    "valley": [
        "valley @ (0, 1)",
        "valley @ (0, -0.7) ± 0.1",
        "1 valley",
        "no critical points",
        "no minima",
        "no ridges",
        "value @ valley = 0",
    ],
    "flat": [
        "plateau @ -0.5",
        "plateau @ 1.9",
        "1 plateau",
        "no critical points",
        "value @ plateau = 3",
        "value @ 0 = 3",
    ],
    "kink": ["1 kink", "kink @ 0", "minimum @ 0", "global minimum @ 0", "no critical points"],
    "rise": ["no critical points", "edge minimum @ -2", "edge maximum @ 5", "value @ 0 = 0", "gradient @ 0 = 1"],
    "circle": [
        "valley @ (1, 0)",
        "valley @ (0.6, 0.8)",
        "1 valley",
        "maximum @ (0, 0)",
        "0 minima",
        "value @ (0, 0) = 1",
    ],
    "monkey": ["1 monkey saddle", "monkey saddle @ (0, 0)", "1 saddle", "degenerate @ (0, 0)"],
}


@pytest.mark.parametrize("name", TRUE)
def test_true_claims_are_silent(claimed: Built, name: str) -> None:
    assert claimed.messages_in(f"true-{name}.rst") == []


def test_true_claims_are_silent_where_nothing_runs(book: Book) -> None:
    book.write("index.rst", page(*(plot_with(name, *claims) for name, claims in TRUE.items())))
    assert book.build("dummy").warnings == []


# landscape: claim, and what the warning says
FALSE = {
    "minima": {
        "global minimum @ -0.27385": "the global minimum is at 1.09041; at -0.273853 there is a local minimum",
        "local minimum @ 1.0905": "1.09041",
        "minimum @ 1.1 ± 0.001": "the minima are at -0.273853, 1.09041",
        "global minimum @ 1.0": "the global minimum is at 1.09041",
        "3 minima": "there are 2 minima: -0.273853, 1.09041",
        "one minimum": "there are 2 minima",
        "no maximum": "there is 1 maximum: 0.273853",
        "1 saddle": "there is no saddle",
        "global maximum @ 2": "there is no global maximum; at 2 there is an edge maximum",
        "value @ global maximum = 2": "there is no global maximum",
        "value @ 1 = -1.01": "the value is -1",
        "value @ 1 = -0.99999": "the value is -1",
        "value @ 1 = 1": "the value is -1",
        "value @ minimum = -1.0468": "at -0.273853 the value is -0.178",
        "gradient @ 0 = 2": "the gradient is 1",
        "Hessian @ 0.5 = -6.29": "the Hessian is -6.28319",
        "eigenvalue @ 0.5 = 6.28": "the eigenvalue is -6.28319",
        "gradient @ 0 = 1, 2": "the gradient is 1, and not 2 number(s)",
        "global minimum @ (1, 2)": "one variable",
        "value @ (1, 2) = 3": "(1, 2) is no point of a function of 1 variable",
        "value of g @ 1 = 3": "there is no function 'g'",
        "value of f g @ 1 = 2": "there is no function 'f g'",
        "edge minimum @ -1": "there is no edge minimum; at -1 there is an edge maximum",
    },
    "two": {
        "1 minimum": "there are 2 minima",
        "2 minima of g": "there is 1 minimum: 0",
        "value of g @ 2 = 5": "the value is 4",
    },
    "himmelblau": {
        "3 global minima": "there are 4 global minima: (-3.77931, -3.28319), ",
        "saddle @ (3, 2)": "at (3, 2) there is a global minimum, with the eigenvalues 25.7157, 82.2843",
        "eigenvalues @ (3, 2) = 25, 82": "the eigenvalues are 25.7157, 82.2843",
        "value @ maximum = 181.5": "the value is 181.617",
        "gradient @ (0, 0) = -14, 22": "the gradient is -14, -22",
        "Hessian @ (3, 2) = 74 20 20 35": "the Hessian is 74, 20, 20, 34",
        "10 critical points": "there are 9 critical points",
        "maximum @ 3": "two variables",
        "minimum @ (3.01, 2)": "(3, 2)",
    },
    "saddle": {
        "minimum @ (0, 0)": "there is no minimum; at (0, 0) there is a saddle, with the eigenvalues -2, 2",
        "eigenvalues @ saddle = 2, 2": "the eigenvalues are -2, 2",
        "saddle @ (0.5, 0)": "the saddle is at (0, 0)",
    },
    "cubic": {
        "minimum @ 0": "there is no minimum; at 0 there is an inflection",
        "no degenerate points": "there is 1 degenerate",
    },
    "valley": {
        "1 minimum": "there is no minimum; there is a valley from (0, ",
        "no valleys": "there is 1 valley",
        "valley @ (0.1, 1)": "the valley is at (0, 1)",
    },
    "step": {
        "global minimum @ 0": "that cannot be told: the function jumps, or has a pole, at 1",
        "value @ global minimum = 0": "that cannot be told: the function jumps",
    },
    "root": {"no global maximum": "that cannot be told: the function is not finite everywhere in the domain"},
    "flat": {"plateau @ 3": "the plateau is at 2", "1 minimum": "there is no minimum; there is a plateau from -1 to 2"},
    "kink": {"critical point @ 0": "there is no critical point; at 0 there is a kink"},
    "rise": {"global minimum @ -2": "there is no global minimum; at -2 there is an edge minimum"},
    "circle": {"4 minima": "there is no minimum; there is a valley, closed, through ("},
    "monkey": {
        "2 monkey saddles": "there is 1 monkey saddle: (0, 0)",
        "minimum @ (0, 0)": "at (0, 0) there is a degenerate monkey saddle",
    },
    "fast": {"no saddles": "that cannot be told: "},
}


@pytest.mark.parametrize(
    ("name", "line", "said", "truth"),
    [
        pytest.param(name, FIRST + number, said, truth, id=f"{name}: {said}")
        for name, claims in FALSE.items()
        for number, (said, truth) in enumerate(claims.items())
    ],
)
def test_false_claims_are_told_at_their_lines_with_what_is_true(
    claimed: Built, name: str, line: int, said: str, truth: str
) -> None:
    (found,) = (message for message in claimed.messages_in(f"false-{name}.rst") if message.line == line)
    assert found.subtype == "claim"
    assert found.text.startswith(f"claim {said!r} does not hold: ")
    assert truth in found.text


@pytest.mark.parametrize("name", FALSE)
def test_each_false_claim_is_one_message(claimed: Built, name: str) -> None:
    found = [message.line for message in claimed.messages_in(f"false-{name}.rst") if message.subtype == "claim"]
    assert found == [FIRST + number for number in range(len(FALSE[name]))]


def test_there_are_enough_of_them() -> None:
    assert sum(map(len, TRUE.values())) >= 60
    assert sum(map(len, FALSE.values())) >= 40


ABOUT_LANDSCAPES = [
    ("false-fast.rst", "domain"),
    ("landscapes/broken/duals.py", "execution"),
    ("landscapes/root/duals.py", "not_finite"),
]


def test_all_else_that_is_reported_is_about_landscapes(claimed: Built) -> None:
    found = {(message.file, message.subtype) for message in claimed.messages}
    assert sorted(pair for pair in found if pair[1] not in ("claim", "directive")) == ABOUT_LANDSCAPES


ZEROS = [
    ("minima", "value @ 0.5 = 0"),
    ("himmelblau", "value @ minimum = 0"),
    ("kink", "value @ kink = 0"),
    ("circle", "value @ valley = 0"),
    ("minima", "gradient @ 1.09040822193603 = 0"),
    ("himmelblau", "gradient @ (-3.7793102533777469, -3.2831859912861696) = 0, 0"),
]


@pytest.mark.parametrize("number", range(len(ZEROS)), ids=map(": ".join, ZEROS))
def test_zero_may_be_off_by_rounding(claimed: Built, number: int) -> None:
    assert claimed.messages_in(f"zero-{number}.rst") == []


SMALL = ["value @ 0 = 3", "value @ 0 = 3.4", "value @ global minimum = 3", "value @ global minimum = 4"]


def test_value_that_is_small_against_the_function_has_to_be_right(claimed: Built) -> None:
    assert [message.line for message in claimed.messages_in("small.rst")] == [FIRST + 1, FIRST + 3]


def test_number_that_is_not_zero_is_not_taken_for_it(claimed: Built) -> None:
    assert len(claimed.messages_in("not-zero.rst")) == 2


# ---- where claims stand

ON_THE_LINE_OF_THE_OPTION = page(
    ".. optplot:: minima",
    "   :figure: none",
    "   :expect: 3 minima",
    "      2 minima",
    "      1 saddle",
    "   :code: below",
    "",
)


def test_claim_on_the_line_of_the_option_itself(claimed: Built) -> None:
    assert [(message.line, message.text[:20]) for message in claimed.messages_in("option.rst")] == [
        (6, "claim '3 minima' doe"),
        (8, "claim '1 saddle' doe"),
    ]


def test_claim_in_an_included_file_is_told_there(claimed: Built) -> None:
    (found,) = claimed.messages_in("part.txt")
    assert (found.line, found.subtype) == (7, "claim")
    assert "7 minima" in found.text
    assert claimed.messages_in("including.rst") == []


SAID = ("2 minima", "7 minima", "1 maximum", "8 minima")
NESTED = {
    "list": "- One.\n\n  - Two.\n\n" + plot_with("minima", *SAID, indent="    "),
    "admonition": ".. note::\n\n   One.\n\n" + plot_with("minima", *SAID, indent="   "),
    "table": ".. list-table::\n\n   * - One.\n\n" + plot_with("minima", *SAID, indent="       "),
}


@pytest.mark.parametrize("place", NESTED)
def test_claim_in_a_nested_place_is_told_at_its_line(claimed: Built, place: str) -> None:
    lines = [line.strip() for line in page(NESTED[place]).splitlines()]
    expected = [lines.index(said) + 1 for said in ("7 minima", "8 minima")]
    assert [message.line for message in claimed.messages_in(f"nested-{place}.rst")] == expected


def test_same_claim_twice_is_told_twice(claimed: Built) -> None:
    assert [message.line for message in claimed.messages_in("twice.rst")] == [FIRST, FIRST + 2]


def test_claim_is_about_the_domain_of_the_plot(claimed: Built) -> None:
    assert claimed.messages_in("domain.rst") == []


def test_claim_about_code_that_failed_is_neither_true_nor_false(claimed: Built) -> None:
    assert claimed.messages_in("broken.rst") == []
    assert {message.subtype for message in claimed.messages_in("landscapes/broken/duals.py")} == {"execution"}


# ---- from build to build


def test_claims_are_checked_again_when_the_code_changes_and_the_page_does_not(book: Book) -> None:
    book.write("index.rst", page(plot_with("minima", "2 minima")))
    book.build("text")
    book.replace("landscapes/minima/duals.py", "x * np.cos", "2.5 + x + 1 * np.cos")
    (found,) = book.build("text", warnings=True).messages
    assert (found.line, found.subtype) == (FIRST, "claim")


def test_false_claim_is_told_in_each_build(book: Book) -> None:
    book.write("index.rst", page(plot_with("minima", "3 minima")))
    first, second = (book.build(warnings=True).warnings for _ in range(2))
    assert first == second != []


def test_claims_need_no_run_when_the_store_has_them(book: Book) -> None:
    book.write("index.rst", page(plot_with("minima", "2 minima", "value @ 1 = -1", "gradient @ 0 = 1")))
    built = book.build("text")
    assert built.searched == ["minima (duals)"]
    again = book.build("text", optviz_execute="never")
    assert (again.runs, again.searched) == ([], [])
    book.replace("index.rst", "2 minima", "3 minima")
    (found,) = book.build("text", optviz_execute="never", warnings=True).messages
    assert found.line == FIRST


# ---- what is no claim

BAD = {
    "minimum": "'minimum' is no claim: write ",
    "2 minimums @": "",
    "value @ 1": "says no number: write 'value @ PLACE = NUMBER'",
    "value @ 1 =": "says no number after '='",
    "value @ 1 = one": "'one' is not a number",
    "value @ = 1": "'' is not a number",
    "globl minimum @ 1": "unknown kind of point 'globl minimum'. Did you mean 'global minimum'?",
    "2 minmia": "unknown kind of point 'minmia'",
    "eleven minima": "is no claim",
    "-1 minima": "is no claim",
    "2.5 minima": "",
    "2 minima ± 1": "is no claim",
    "minimum @ (1, 2, 3)": "has more than two coordinates",
    "minimum @ here": "'here' is not a number",
    "value @ 1 = nan": "'nan' is not a finite number",
    "value @ 1 = 1e999": "'1e999' is not a finite number",
    "@ 1": "",
    "@": "",
    "=": "is no claim",
}


@pytest.mark.parametrize(
    ("line", "said"), [pytest.param(FIRST + 1 + number, said, id=said) for number, said in enumerate(BAD)]
)
def test_what_is_no_claim_is_a_wrong_directive_at_its_line(claimed: Built, line: int, said: str) -> None:
    (found,) = (message for message in claimed.messages_in("no-claims.rst") if message.line == line)
    assert found.subtype == "directive"
    assert found.text.startswith(":expect: ")
    assert BAD[said] in found.text


def test_each_that_is_no_claim_is_one_message(claimed: Built) -> None:
    assert len(claimed.messages_in("no-claims.rst")) == len(BAD)


def test_empty_list_of_claims_claims_nothing(claimed: Built) -> None:
    assert claimed.messages_in("empty.rst") == []


# ---- what was written is read

NAMES = st.sampled_from(["", "f", "two.g", "my-landscape"])
NUMBERS = st.floats(-1e300, 1e300).map(repr) | st.integers(-(10**6), 10**6).map(str)
TOLERANCES = st.none() | st.floats(0, 1e300)
SIGNS = st.sampled_from(["±", "+-", "+/-"])
BLANKS = st.sampled_from([" ", "  "])


def written(subject: str, of: str, blank: str, rest: str, tolerance: float | None, sign: str) -> str:
    name = f" of {of}" if of else ""
    end = "" if tolerance is None else f" {sign} {tolerance!r}"
    return f"{subject}{name}{blank}{rest}{end}"


@given(
    st.sampled_from([*KINDS, *KINDS.values()]),
    NAMES,
    st.lists(NUMBERS, min_size=1, max_size=2),
    TOLERANCES,
    SIGNS,
    BLANKS,
)
def test_claim_of_a_point_is_read(
    kind: str, of: str, place: list[str], tolerance: float | None, sign: str, blank: str
) -> None:
    found = claim(written(kind, of, blank, f"@ ({', '.join(place)})", tolerance, sign), 7)
    one = next(name for name, many in KINDS.items() if kind in (name, many))
    assert (found.subject, found.where, found.count, found.line) == ("points", Where(one, of), None, 7)
    assert (list(found.numbers), found.tolerance) == (place, tolerance)


@given(st.integers(0, 10**6), st.sampled_from([*KINDS, *KINDS.values()]), NAMES, BLANKS)
def test_claim_of_a_count_is_read(count: int, kind: str, of: str, blank: str) -> None:
    found = claim(written(f"{count}{blank}{kind}", of, "", "", None, ""), 3)
    one = next(name for name, many in KINDS.items() if kind in (name, many))
    assert (found.subject, found.where, found.count, found.numbers) == ("points", Where(one, of), count, ())


@given(
    st.sampled_from(["value", "gradient", "hessian", "eigenvalues"]),
    NAMES,
    st.lists(NUMBERS, min_size=1, max_size=2),
    st.lists(NUMBERS, min_size=1, max_size=4),
    TOLERANCES,
    SIGNS,
)
def test_claim_of_a_quantity_is_read(
    subject: str, of: str, place: list[str], numbers: list[str], tolerance: float | None, sign: str
) -> None:
    text = written(subject, of, " ", f"@ ({', '.join(place)}) = {', '.join(numbers)}", tolerance, sign)
    found = claim(text, 1)
    assert (found.subject, found.where) == (subject, Where("place", of, tuple(map(float, place))))
    assert (list(found.numbers), found.tolerance, found.count) == (numbers, tolerance, None)


@given(st.text() | st.text("0123456789.,@=()±+- \nemnima valuofsd", max_size=40))
def test_any_text_is_a_claim_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(claim(text, 1), Claim)


# ---- how exact a number has to be


@pytest.mark.parametrize(
    ("number", "scale", "tolerance"),
    [
        ("2", 1, 1e-6),
        ("2", 10, 1e-5),
        ("-2", 1, 1e-6),
        ("−2", 1, 1e-6),
        ("1.1", 1, 1e-6),
        ("20.5", 1, 0.05),
        ("1.09", 1, 0.005),
        ("1.0904", 1, 5e-5),
        ("-0.27385", 3, 5e-6),
        ("0.25", 1, 0.005),
        ("0.1", 1, 1e-6),
        ("0.00", 1, 0.005),
        ("1.05e3", 1, 5),
        ("1.05E-3", 1, 5e-6),
        ("1e3", 1, 1e-6),
        ("100", 1e3, 1e-3),
        ("0", 7, 7e-6),
        ("1.0904082219", 1, 1e-6),
    ],
)
def test_number_has_to_be_right_to_its_last_digit(number: str, scale: float, tolerance: float) -> None:
    assert tolerance_of(number, scale) == pytest.approx(tolerance, rel=1e-3)


@given(st.floats(-1e6, 1e6), st.integers(2, 8))
def test_rounded_number_is_right(number: float, decimals: int) -> None:
    text = f"{number:.{decimals}f}"
    assert abs(float(text) - number) <= tolerance_of(text, 0.0) + 1e-15 * abs(number)


def point(*at: float, kind: str = "minimum") -> CriticalPoint:
    return CriticalPoint(
        at=at, value=0.0, kind=kind, degenerate=False, valleys=0, eigenvalues=(1.0,) * len(at), eigenvectors=()
    )


def all_of(*points: CriticalPoint, doubts: tuple[str, ...] = ()) -> CriticalPoints:
    return CriticalPoints(points=points, lines=(), plateaus=(), kinks=(), edges=(), doubts=doubts)


@pytest.mark.parametrize(
    ("said", "width", "true"),
    [
        ("minimum @ 1.23", 1.0, True),
        ("minimum @ 1.24", 1.0, False),
        ("minimum @ 1.2346", 1.0, True),
        ("minimum @ 1.2345", 1.0, False),
        ("minimum @ 1.2", 1.0, False),
        ("minimum @ 1.2345", 1e3, True),
        ("minimum @ 1.2 ± 0.05", 1.0, True),
        ("minimum @ 1.2 ± 0.03", 1.0, False),
        ("minimum @ 1.23456789 ± 0", 1.0, True),
        ("minimum @ 1.2345678 ± 0", 1.0, False),
    ],
)
def test_place_has_to_be_right_to_a_part_of_the_domain(said: str, width: float, *, true: bool) -> None:
    assert (check_points(claim(said, 1), all_of(point(1.23456789)), [width]) == "") is true


@pytest.mark.parametrize(
    ("said", "at", "width", "true"),
    [
        ("minimum @ 1000000", 1e6, 2.0, True),
        ("minimum @ 1000000.5", 1e6, 2.0, False),
        ("minimum @ 1000001", 1e6, 2.0, False),
        ("minimum @ 1990", 1990.0, 20.0, True),
        ("minimum @ 1990.001", 1990.0, 20.0, False),
        ("minimum @ 1990.00", 1990.004, 20.0, True),
    ],
)
def test_place_far_from_zero_has_to_be_right_to_a_part_of_the_domain(
    said: str, at: float, width: float, *, true: bool
) -> None:
    assert (check_points(claim(said, 1), all_of(point(at)), [width]) == "") is true


def test_large_value_has_to_be_right_to_a_part_of_what_the_function_rises_by() -> None:
    true = Quantities(value=1e9, gradient=(0.0,), hessian=(2.0,), eigenvalues=(2.0,), height=11.0)
    assert check_quantity(claim("value @ 0.3 = 1000000000", 1), true) == ""
    assert check_quantity(claim("value @ 0.3 = 1000000001", 1), true) == "the value is 1000000000"


@pytest.mark.parametrize("subject", ["gradient", "hessian", "eigenvalues"])
def test_there_is_no_gradient_on_a_kink(subject: str) -> None:
    true = Quantities(value=1.0, gradient=(0.0, 0.0), hessian=(0.0,) * 4, eigenvalues=(0.0, 0.0), height=1.0)
    zeros = "0 0 0 0" if subject == "hessian" else "0, 0"
    crease = replace(all_of(), creases=(((0.0, -3.0), (0.0, 0.0), (0.0, 3.0)),))
    kink = replace(all_of(), kinks=(Extremum(at=(0.0, 0.5), kind="", value=0.0),))
    said = claim(f"{subject} @ (0, 0.5) = {zeros}", 1)
    for critical, there in ((crease, True), (kink, True), (all_of(), False)):
        assert ("the gradient jumps there" in check_at_place(said, true, critical, [6.0, 6.0])) is there
    beside = claim(f"{subject} @ (0.001, 0.5) = {zeros}", 1)
    assert check_at_place(beside, true, crease, [6.0, 6.0]) == ""
    assert check_at_place(claim("value @ (0, 0.5) = 1", 1), true, crease, [6.0, 6.0]) == ""


def test_kink_is_anywhere_on_a_crease() -> None:
    crease = ((0.0, -3.0), (0.0, 0.0), (0.0, 3.0))
    found = replace(all_of(), creases=(crease,), kinks=(Extremum(at=(0.0, 0.0), kind="minimum", value=0.0),))
    assert check_points(claim("kink @ (0, 0.5)", 1), found, [6.0, 6.0]) == ""
    assert check_points(claim("kink @ (0, 0)", 1), found, [6.0, 6.0]) == ""
    assert check_points(claim("1 kink", 1), found, [6.0, 6.0]) == ""
    assert check_points(claim("kink @ (0.5, 0.5)", 1), found, [6.0, 6.0])
    assert "not the same all along" in check_at_spots(claim("value @ kink = 0", 1), found)


def test_plateau_is_where_it_is() -> None:
    boxes = (((-3.0, -3.0), (-1.5, 3.0)), ((1.5, -3.0), (3.0, 3.0)))
    plateau = Plateau(
        low=(-3.0, -3.0), high=(3.0, 3.0), inside=(2.0, 0.0), boxes=boxes, known_to=(0.1, 0.1), part=0.5, value=2.0
    )
    found = replace(all_of(), plateaus=(plateau,))
    assert check_points(claim("plateau @ (-2, 1)", 1), found, [6.0, 6.0]) == ""
    assert "known to (0.1, 0.1) only" in check_points(claim("plateau @ (1.45, 1)", 1), found, [6.0, 6.0])
    assert "the plateau is at" in check_points(claim("plateau @ (0, 0)", 1), found, [6.0, 6.0])


def test_long_lists_are_cut() -> None:
    points = [point(float(number)) for number in range(20)]
    assert check_points(claim("3 minima", 1), all_of(*points), [20.0]) == (
        "there are 20 minima: 0, 1, 2, 3, 4, 5, 6, 7, 8 and 11 more"
    )


def test_count_that_differs_from_what_was_found_is_false_whatever_was_missed() -> None:
    found = all_of(point(1.0), point(2.0), doubts=("too fast",))
    assert check_points(claim("1 minimum", 1), found, [3.0])
    assert "too fast" in check_points(claim("2 minima", 1), found, [3.0])
    assert check_points(claim("minimum @ 2", 1), found, [3.0]) == ""


def test_eigenvalues_may_come_in_any_order_and_others_may_not() -> None:

    true = Quantities(value=0.0, gradient=(1.0, 2.0), hessian=(1.0, 2.0, 2.0, 3.0), eigenvalues=(-1.0, 2.0), height=1.0)
    assert check_quantity(claim("eigenvalues @ (0, 0) = 2, -1", 1), true) == ""
    assert check_quantity(claim("gradient @ (0, 0) = 2, 1", 1), true) == "the gradient is 1, 2"
    assert check_quantity(claim("hessian @ (0, 0) = 1 2 2 3", 1), true) == ""
    assert "the Hessian is 1, 2, 2, 3" in check_quantity(claim("hessian @ (0, 0) = 1", 1), true)
