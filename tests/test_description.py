"""What a figure shows, in words: the sentences on one function, whatever was found of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sphinx_optviz import description
from sphinx_optviz.critical import CriticalPoint, CriticalPoints


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
