"""Labels of all built-in landscapes in all views: where they are drawn, measured on the figures of a build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pytest
from conftest import page
from test_draw_labels import measured, problems

from sphinx_optviz.draw import FigureMaker, canvas, style
from sphinx_optviz.landscapes import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Book

    from sphinx_optviz.draw import Figure

# Each with its coordinates, kind and flags.
POINTS: dict[str, list[list[Any]]] = json.loads(
    (Path(__file__).parent / "data" / "gallery_points.json").read_text(encoding="utf-8")
)

# The chapter's, which are not among those.
NOTES = {
    "cubic": ["inflection point @ inflection"],
    "local_minima": ["global minimum @ global minimum", "local minimum @ minimum near -0.3", "maximum @ maximum"],
    "risk": ["risk @ global minimum of risk", "empirical risk @ global minimum of empirical_risk"],
    "saddle": ["saddle point @ saddle"],
    "vanishing_gradient": ["vanishing gradient @ 4"],
}

VIEWS = ("contour", "heatmap", "surface", "wireframe")


@pytest.fixture(autouse=True)
def house_style() -> Iterator[None]:
    with mpl.rc_context():
        style.apply({})
        yield


def notes_of(name: str) -> list[str]:
    """Labels for up to eight points of a landscape."""
    if name in NOTES:
        return NOTES[name]
    points = POINTS[name][:: len(POINTS[name]) // 8 + 1]
    return [f"{kind} {index} @ {', '.join(map(str, at))}" for index, (*at, kind, _) in enumerate(points)]


def plots() -> Iterator[str]:
    """Every landscape in each view that it has; with marks, if these leave any room."""
    for name in Catalogue([]).names():
        for view in ("curve",) if len(Catalogue([]).get(name).axes) == 1 else VIEWS:
            marks = "   :critical-points:\n" if len(POINTS.get(name, [])) < 20 else ""
            notes = "".join(f"      {note}\n" for note in notes_of(name))
            yield f".. optplot:: {name}\n   :view: {view}\n{marks}   :annotate:\n{notes}"


@pytest.mark.framework
def test_labels_of_the_gallery_are_over_nothing_and_inside(
    needs: Callable[[str], None], make_book: Any, gallery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("pytorch")
    drawn: list[Figure] = []
    figure = FigureMaker.figure

    def recorded(self: FigureMaker, *arguments: Any) -> Figure:
        drawn.append(figure(self, *arguments))
        return drawn[-1]

    monkeypatch.setattr(FigureMaker, "figure", recorded)
    book: Book = make_book(conf="optviz_frameworks = ['pytorch']\noptviz_default_framework = 'pytorch'\n")
    book.write("index.rst", page(*plots()))
    assert book.build(optviz_store=str(gallery)).warnings == []
    assert len(drawn) == 6 + 4 * 19
    told = {}
    for one in drawn:
        (panel,) = measured(canvas.make_figure(one.message()))
        assert len(panel.labels) == len(one.job["panels"][0]["annotations"]) > 0
        told[one.label, one.job["panels"][0]["view"]] = problems(panel)
    assert {key: found for key, found in told.items() if found} == {}
