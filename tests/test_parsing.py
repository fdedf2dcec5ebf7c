"""The text of options: what is right is understood, and what is wrong is a ValueError and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sphinx_optviz import plot_directive
from sphinx_optviz.grammar import annotation, claim
from sphinx_optviz.model import VIEWS, Annotation, Interval, Where
from sphinx_optviz.options import FIGURE_OPTIONS, parse_names
from sphinx_optviz.plot_directive import OPTIONS, parse_interval

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKS: dict[str, Callable[[str], Any]] = {
    **FIGURE_OPTIONS,
    **{name: check for name, (_, check) in plot_directive._PLOT_OPTIONS.items()},
    "annotate": lambda text: annotation(text, 1),
    "expect": lambda text: claim(text, 1),
}

NUMBERS = st.floats(-1e300, 1e300)
BLANKS = st.text(" \t", max_size=3)
# As in the lines of an option: text without line ends, which is not blank.
LABELS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), min_size=1).filter(
    lambda text: text.strip() == text
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Z"), exclude_characters=","), min_size=1)


# ---- intervals


@given(
    st.lists(NUMBERS, min_size=2, max_size=2, unique=True).map(sorted),
    st.none() | st.integers(2, 100_000),
    BLANKS,
    BLANKS,
)
def test_interval_that_was_written_is_read(ends: list[float], count: int | None, before: str, after: str) -> None:
    low, high = ends
    parts = [repr(low), repr(high), *([] if count is None else [str(count)])]
    text = ":".join(f"{before}{part}{after}" for part in parts)
    assert parse_interval(text) == Interval(low, high, count)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "write it as"),
        ("1", "write it as"),
        ("0 : 1 : 2 : 3", "write it as"),
        ("0 1", "write it as"),
        (":", "'' is not a number"),
        ("a : 1", "'a' is not a number"),
        ("0 : 1,5", "'1,5' is not a number"),
        ("0 : inf", "'inf' is not a finite number"),
        ("0 : 1e999", "'1e999' is not a finite number"),
        ("nan : 1", "'nan' is not a finite number"),
        ("1 : 1", "1 is not below 1"),
        ("2 : -2", "2 is not below -2"),
        ("0 : 1 :", "'' is not a number of points"),
        ("0 : 1 : 1", "'1' is not a number of points"),
        ("0 : 1 : 100001", "'100001' is not a number of points"),
        ("0 : 1 : 2.5", "'2.5' is not a number of points"),
        ("0 : 1 : -5", "'-5' is not a number of points"),
        ("0 : 1 : ²", "'²' is not a number of points"),
        ("0 : 1 : ٣", "'٣' is not a number of points"),
    ],
)
def test_interval_that_is_wrong_is_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_interval(text)
    assert str(caught.value).startswith(message)


# ---- annotations


@given(st.lists(st.tuples(LABELS, st.lists(NUMBERS, min_size=1, max_size=2), st.booleans(), BLANKS)))
def test_annotations_that_were_written_are_read(items: list[tuple[str, list[float], bool, str]]) -> None:
    lines = []
    for label, numbers, brackets, blank in items:
        where = f",{blank}".join(map(repr, numbers))
        lines.append(f"{blank}{label}{blank} @{blank}{f'({where})' if brackets else where}{blank}")
    expected = tuple(Annotation(label, tuple(numbers)) for label, numbers, _, _ in items)
    assert tuple(annotation(line, 1) for line in lines) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b @ (2, 3)", Annotation("b", (2.0, 3.0))),
        ("me@example.org @ 1", Annotation("me@example.org", (1.0,))),
        ("f(1, 2) @ 1e-3", Annotation("f(1, 2)", (0.001,))),
        ("$x^2$ @ -.5", Annotation("$x^2$", (-0.5,))),
        ("a @ −1.5", Annotation("a", (-1.5,))),
        ("a @ global minimum", Annotation("a", Where("global minimum"))),
        ("a @  Saddle   Points ", Annotation("a", Where("saddle"))),
        ("a @ minimum of f", Annotation("a", Where("minimum", "f"))),
        ("a @ minimum of saddle.f_1", Annotation("a", Where("minimum", "saddle.f_1"))),
        ("a @ maximum near (1, -2)", Annotation("a", Where("maximum", "", (1.0, -2.0)))),
        ("a @ maximum of f near 1e3", Annotation("a", Where("maximum", "f", (1000.0,)))),
        ("minimum @ 1", Annotation("minimum", (1.0,))),
    ],
)
def test_annotation_that_is_right_is_understood(text: str, expected: Annotation) -> None:
    assert annotation(text, 7) == expected
    assert annotation(text, 7).line == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("minimum", "'minimum' is not of the form"),
        ("@ 1", "'@ 1' is not of the form"),
        ("a @", "'' is not a number"),
        ("a @ here", "unknown kind of point 'here'. There are: critical point, minimum, local minimum"),
        ("a @ global minmum", "unknown kind of point 'global minmum'. Did you mean 'global minimum'?"),
        ("a @ minimum near", "unknown kind of point 'minimum near'"),
        ("a @ minimum near here", "'here' is not a number"),
        ("a @ minimum near (1, 2, 3)", "'(1, 2, 3)' has more than two coordinates"),
        ("a @ minimum of two words", "'two words' is not the name of a function or a landscape"),
        ("a @ minimum of ", "unknown kind of point 'minimum of'"),
        ("a @ (1, 2", "'(1' is not a number"),
        ("a @ 1, 2, 3", "'1, 2, 3' has more than two coordinates"),
        ("a @ (1,)", "'' is not a number"),
        ("a @ nan", "'nan' is not a finite number"),
        ("a @ -1e999", "'-1e999' is not a finite number"),
        ("a @ 1e301", "'1e301' is not a number of at most 1e+300"),
    ],
)
def test_annotation_that_is_wrong_is_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        annotation(text, 1)
    assert str(caught.value).startswith(message)


# ---- names


@given(st.lists(WORDS), st.sampled_from([" ", ",", ", ", "\n", " ,\t"]))
def test_names_that_were_written_are_read_once_each_in_their_order(words: list[str], between: str) -> None:
    assert parse_names(between.join(words)) == tuple(dict.fromkeys(words))


@given(st.text(st.characters(codec="utf-8")) | st.text(" ,\t\n\r\x0b\x0c\xa0\u3000ab"))
def test_names_are_never_empty_and_hold_no_blank(text: str) -> None:
    for name in parse_names(text):
        assert name
        assert not any(character.isspace() or character == "," for character in name)


# ---- every option


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("frameworks", "JAX, pytorch jax", ("jax", "pytorch")),
        ("view", "Contour surface, contour", ("contour", "surface")),
        ("view", " ".join(VIEWS), tuple(VIEWS)),
        ("x", "-1:1", Interval(-1.0, 1.0)),
        ("critical-points", "", ("all",)),
        ("critical-points", "all", ("all",)),
        ("critical-points", "Minima, saddle  points", ("minimum", "saddle")),
        ("critical-points", "global minimum, global minima", ("global minimum",)),
        ("through", "saddle", Where("saddle")),
        ("through", "global minimum near (1, 2)", Where("global minimum", "", (1.0, 2.0))),
        ("through", "(1, 2)", Where("critical point", "", (1.0, 2.0))),
        ("code", " Below ", "below"),
        ("figure", "EACH", "each"),
        ("figsize", "6, 4.5", (6.0, 4.5)),
        ("figsize", "6 4.5", (6.0, 4.5)),
        ("figsize", "6x4.5", (6.0, 4.5)),
        ("legend", "", "best"),
        ("legend", "Upper  Left", "upper left"),
        ("legend", "off", "none"),
        ("legend", "none", "none"),
        ("title", " Two\n  lines ", "Two lines"),
        ("alt", "A curve: 5% above.", "A curve: 5% above."),
        ("align", "CENTER", "center"),
        ("width", "50 %", "50%"),
        ("width", "12cm", "12cm"),
        ("class", "Wide dark", ["wide", "dark"]),
    ],
)
def test_option_that_is_right_is_understood(option: str, text: str, value: object) -> None:
    assert CHECKS[option](text) == value


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("frameworks", "", "name at least one framework"),
        ("frameworks", "jax torch", "unknown framework 'torch'. Did you mean 'pytorch'?"),
        ("view", " , ", "name at least one of curve, contour"),
        ("view", "contour sufrace", "unknown view 'sufrace'. Did you mean 'surface'?"),
        ("critical-points", "minma", "unknown kind of point 'minma'. Did you mean 'minimum'?"),
        ("through", "top", "unknown kind of point 'top'"),
        ("through", "", "'' is not a number"),
        ("code", "", "There are: above, below, hidden."),
        ("code", "belo", "Did you mean 'below'?"),
        ("figure", "shred", "Did you mean 'shared'?"),
        ("figsize", "6", "write it as 'width, height', in inches"),
        ("figsize", "6, 4, 2", "write it as 'width, height', in inches"),
        ("figsize", "6, four", "'four' is not a number"),
        ("figsize", "600, 400", "width and height are in inches, from 0.5 to 40"),
        ("figsize", "0.1, 4", "width and height are in inches, from 0.5 to 40"),
        ("figsize", "nan, 4", "'nan' is not a finite number"),
        ("legend", "top", "There are: best"),
        ("legend", "uper left", "Did you mean 'upper left'?"),
        ("title", " ", "it is empty"),
        ("alt", "", "it is empty"),
        ("name", "", "it is empty"),
        ("align", "middle", "There are: left, center, right."),
    ],
)
def test_option_that_is_wrong_is_explained(option: str, text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        CHECKS[option](text)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["wide", "-5cm", "5 miles", ""])
def test_width_that_is_none_is_refused(text: str) -> None:
    """The words are those of docutils."""
    with pytest.raises(ValueError):
        CHECKS["width"](text)


def test_every_option_is_checked() -> None:
    assert set(CHECKS) == set(OPTIONS)


@pytest.mark.parametrize("option", OPTIONS)
@given(text=st.text() | st.text("0123456789.,:@()-+exinfa% \n\t²٣½", max_size=12))
@example(text="0" * 5000 + ":1:" + "9" * 5000)
@example(text="\x00\ud800\u2028")
def test_any_text_is_understood_or_a_value_error(option: str, text: str) -> None:
    try:
        outcome = CHECKS[option](text)
    except ValueError as error:
        outcome = str(error)
    assert outcome not in (None, "")
