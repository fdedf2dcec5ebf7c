"""What a figure shows, in words: the sentences on one function, whatever was found of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from finder import find

from sphinx_optviz import description
from sphinx_optviz.critical import CriticalPoint, CriticalPoints, Extremum
from sphinx_optviz.runs import Axis

if TYPE_CHECKING:
    from collections.abc import Callable

    from finder import Array


def told(critical: CriticalPoints, low: float, high: float) -> str:
    """The description of a function of one variable."""
    axis = Axis("x", low, high, 201)
    return " ".join(str(sentence) for sentence in description._of_function(critical, [axis]))


def of_curve(
    values: Callable[[Array], Array],
    slopes: Callable[[Array], Array],
    low: float = -3.0,
    high: float = 3.0,
    curvatures: Callable[[Array], Array] = np.zeros_like,
) -> str:
    """The description of what is found in a function of one variable."""
    critical = find(
        lambda columns: values(columns[0]),
        lambda columns: slopes(columns[0])[:, None],
        lambda columns: curvatures(columns[0])[:, None, None],
        [low],
        [high],
    )
    return told(critical, low, high)


def point(*at: float, kind: str = "minimum", value: float = 0.0) -> CriticalPoint:
    vectors = ((1.0, 0.0), (0.0, 1.0)) if len(at) == 2 else ((1.0,),)
    return CriticalPoint(
        at=at,
        value=value,
        kind=kind,
        degenerate=False,
        valleys=2,
        eigenvalues=(2.0,) * len(at),
        eigenvectors=vectors,
    )


def found(*points: CriticalPoint, **more: object) -> CriticalPoints:
    empty = CriticalPoints(points=points, lines=(), plateaus=(), kinks=(), edges=(), doubts=())
    return replace(empty, **more)  # type: ignore[arg-type]


# ---- counts


@pytest.mark.parametrize(
    ("points", "doubts", "text"),
    [
        ([point(0.0)], (), "1 minimum"),
        ([point(0.0)], ("it varies too fast",), "at least 1 minimum"),
        ([point(0.0), point(1.0, kind="maximum")], ("it varies too fast",), "at least 1 minimum and 1 maximum"),
        ([], (), "no critical points"),
        ([], ("it varies too fast",), ""),
    ],
)
def test_count_is_firm_only_where_nothing_may_be_missing(
    points: list[CriticalPoint], doubts: tuple[str, ...], text: str
) -> None:
    assert description._counted(found(*points, doubts=doubts)) == text


# ---- the way from left to right

WAYS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array], str]] = {
    "relu": (
        lambda x: np.maximum(x, 0),
        lambda x: np.where(x > 0, 1.0, 0.0),
        "Flat from −3 to 0, value 0. From x = 0 to 3 it rises, from 0 to 3. It has a kink at 0.",
    ),
    "hinge": (
        lambda x: np.maximum(1 - x, 0),
        lambda x: np.where(x < 1, -1.0, 0.0),
        "From x = −3 to 1 it falls, from 4 to 0. Flat from 1 to 3, value 0. It has a kink at 1.",
    ),
    "clamp": (
        lambda x: np.clip(x, -1, 1),
        lambda x: np.where(abs(x) < 1, 1.0, 0.0),
        (
            "Flat from −3 to −1, value −1. From x = −1 to 1 it rises, from −1 to 1. Flat from 1 to 3, value 1. "
            "It has kinks at −1 and 1."
        ),
    ),
    "deadzone": (
        lambda x: np.sign(x) * np.maximum(abs(x) - 1, 0),
        lambda x: np.where(abs(x) > 1, 1.0, 0.0),
        (
            "From x = −3 to −1 it rises, from −2 to 0. Flat from −1 to 1, value 0. "
            "From x = 1 to 3 it rises, from 0 to 2. It has kinks at −1 and 1."
        ),
    ),
    "leaky": (
        lambda x: np.where(x > 0, x, 0.1 * x),
        lambda x: np.where(x > 0, 1.0, 0.1),
        "From x = −3 to 3 it rises, from −0.3 to 3. It has a kink at 0. The gradient vanishes nowhere.",
    ),
    "constant": (lambda x: 0 * x + 3, lambda x: 0 * x, "Flat from −3 to 3, value 3."),
}


@pytest.mark.parametrize("name", WAYS)
def test_way_goes_over_plateaus_and_kinks_are_told_where_they_are(name: str) -> None:
    values, slopes, text = WAYS[name]
    assert of_curve(values, slopes) == text


def test_way_is_not_told_where_something_between_is_missing() -> None:
    text = told(found(point(-1.0), point(1.0)), -2.0, 2.0)
    assert "rises" not in text
    assert "falls" not in text


def test_many_kinks_are_not_told_one_by_one() -> None:
    kinks = tuple(Extremum(at=(float(x),), kind="", value=float(x)) for x in range(13))
    text = told(found(kinks=kinks), -1.0, 14.0)
    assert "It is not differentiable everywhere." in text
    assert "kink" not in text


# ---- numbers


def parabola(middle: float, height: float = 0.0) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    return lambda x: (x - middle) ** 2 + height, lambda x: 2 * (x - middle)


@pytest.mark.parametrize(
    ("middle", "text"),
    [
        (12345.0, "From x = 12344 to 12345 it falls, from 1 to 0. From x = 12345 to 12346 it rises, from 0 to 1."),
        (1e6, "From x = 999999 to 1000000 it falls, from 1 to 0. From x = 1000000 to 1000001 it rises, from 0 to 1."),
        (0.25, "From x = −0.75 to 0.25 it falls, from 1 to 0. From x = 0.25 to 1.25 it rises, from 0 to 1."),
    ],
)
def test_coordinates_far_from_zero_have_the_digits_that_tell_them_apart(middle: float, text: str) -> None:
    values, slopes = parabola(middle)
    curvatures: Callable[[Array], Array] = lambda x: 0 * x + 2  # noqa: E731
    assert of_curve(values, slopes, middle - 1, middle + 1, curvatures).startswith(text)


def test_values_far_from_zero_have_the_digits_that_tell_them_apart() -> None:
    values, slopes = parabola(0.0, 1e6)
    text = of_curve(values, slopes, -1, 1, lambda x: 0 * x + 2)
    assert text.startswith("From x = −1 to 0 it falls, from 1000001 to 1000000. ")
    assert "Global minimum at 0, value 1000000, second derivative 2." in text


@pytest.mark.parametrize(
    ("number", "span", "part", "text"),
    [
        (2.34567, 6.0, 1e-4, "2.346"),
        (1.016983, 1.0, 1e-4, "1.017"),
        (-99.987, 100.0, 1e-4, "−99.99"),
        (123456.0, 2e5, 1e-4, "1.235e+05"),
        (12345.6789, 2.0, 1e-4, "12345.6789"),
        (12345.6789, 2.0, 1e-3, "12345.679"),
        (12345.6789, 0.0, 1e-3, "1.235e+04"),
        (3.0000000000000004, 4e-16, 1e-3, "3"),
        (5e-13, 1.0, 1e-3, "0"),
        (5e-13, 1e-12, 1e-3, "5e−13"),
        (5e3, 1e16, 1e-3, "0"),
    ],
)
def test_digits_follow_from_the_span(number: float, span: float, part: float, text: str) -> None:
    assert description._number(number, span, part) == text
