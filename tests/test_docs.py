"""What the documentation shows is true: its snippets build, its tables are complete."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import ALL_FRAMEWORKS
from sphinx.testing.util import SphinxTestApp

from sphinx_optviz.cell_runs import CellResult
from sphinx_optviz.config import VALUES, settings_of
from sphinx_optviz.directive import OPTIONS
from sphinx_optviz.log import SUBTYPES
from sphinx_optviz.pipeline import Build
from sphinx_optviz.points import points_of
from sphinx_optviz.runs import Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Book

ROOT = Path(__file__).parent.parent
# For an environment without the theme.
BARE = {"optviz_execute": "never", "html_theme": "alabaster"}
SNIPPETS = sorted((ROOT / "docs/snippets").glob("*.rst"))


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) >= 8


@pytest.mark.framework
@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda path: path.stem)
def test_snippets_of_the_guide_build(make_book: Any, needs: Callable[[str], None], snippet: Path) -> None:
    for name in ALL_FRAMEWORKS:
        needs(name)
    book: Book = make_book(page=snippet.read_text(encoding="utf-8"), conf="numfig = True\n")
    book.build(optviz_frameworks=ALL_FRAMEWORKS, optviz_default_framework="pytorch")


@pytest.mark.framework
def test_the_chapter_of_the_readme_builds(make_book: Any, needs: Callable[[str], None]) -> None:
    for name in ALL_FRAMEWORKS:
        needs(name)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```rst\n(.*?)```", readme, re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        book: Book = make_book(conf="numfig = True\n", folder=f"book{number}")
        book.write("index.rst", block)
        book.build(optviz_frameworks=ALL_FRAMEWORKS, optviz_default_framework="pytorch")


# Sentences that say that something is amiss.
AMISS = ["not run", "disagree", "failed", "not compared", "There is no figure"]


@pytest.mark.usefixtures("only_numpy")
def test_the_committed_store_is_complete(tmp_path: Path) -> None:
    """The demo book shows the results of all its frameworks where there is none."""
    status, warning = StringIO(), StringIO()
    app = SphinxTestApp(
        "text", srcdir=ROOT / "docs", builddir=tmp_path, status=status, warning=warning, confoverrides=BARE
    )
    try:
        app.build()
    finally:
        app.cleanup()
    assert warning.getvalue() == ""
    assert "running landscapes" not in status.getvalue()
    chapter = Path(app.outdir, "optimization/intro.txt").read_text(encoding="utf-8")
    agreements = re.findall(
        r"PyTorch [\d.]+,\s+MXNet [\d.]+,\s+JAX [\d.]+\s+and\s+TensorFlow\s+[\d.]+\s+agree", chapter
    )
    assert len(agreements) == chapter.count("**MXNet**") == 7
    assert [words for words in AMISS if words in chapter] == []


# Of docs/optimization/intro-cells.rst: the place of the cell, the landscape, and its functions as the cell draws them.
PLACES = [
    (2, "risk", ("risk", "empirical_risk")),
    (3, "local_minima", ("f",)),
    (4, "cubic", ("f",)),
    (5, "saddle", ("f",)),
    (6, "vanishing_gradient", ("f",)),
]


@pytest.mark.usefixtures("only_numpy")
def test_cells_of_the_chapter_draw_the_numbers_of_the_named_landscapes(tmp_path: Path) -> None:
    app = SphinxTestApp("dummy", srcdir=ROOT / "docs", builddir=tmp_path, confoverrides=BARE)
    try:
        app.build()
        build = Build(app.builder, app.env, settings_of(app.config, Path(app.confdir)))
    finally:
        app.cleanup()
    build.plan()
    build.execute()
    build.cells.execute()
    named = {work.record.spec.landscapes[0]: plot for work, plot in build.planned if "intro" in work.record.source}
    compared = 0
    for index, landscape, functions in PLACES:
        outcomes = build.cells.outcomes_at(("optimization/intro-cells", index))
        assert list(outcomes) == ["pytorch", "mxnet", "jax", "tensorflow"]
        for framework, outcome in outcomes.items():
            run = named[landscape].runs(framework)[0]
            expected = build.outcomes[run.key]
            assert isinstance(outcome, CellResult)
            assert isinstance(expected, Result)
            kind = "surface" if landscape == "saddle" else "line"
            drawn = [artist for artist in outcome.artists if artist.kind == kind]
            for artist, function in zip(drawn, functions, strict=False):
                values = np.frombuffer(expected.arrays["values", function].data)
                if kind == "surface":  # lengths of the lines, then all points: each tenth line of the grid
                    x, y, z = np.frombuffer(artist.arrays[1].data).reshape(-1, 3).T
                    assert len(z) == 2 * 11 * 101
                    step = [np.rint((values_of + 1) * 50).astype(int) for values_of in (x, y)]
                    values = values.reshape(101, 101)[step[0], step[1]]
                else:
                    x, z = (np.frombuffer(array.data) for array in artist.arrays)
                    assert np.abs(x - points_of(run)[0]).max() <= 1e-15 * 8
                assert np.abs(z - values).max() <= 1e-12
                compared += 1
    assert compared == 4 * 6


def test_the_reference_names_everything() -> None:
    reference = (ROOT / "docs/reference.rst").read_text(encoding="utf-8")
    missing = [name for name in OPTIONS if f":{name}:" not in reference]
    missing += [name for name in VALUES if f"optviz_{name}" not in reference]
    assert missing == []


def test_the_table_of_warnings_is_that_of_the_code() -> None:
    reference = (ROOT / "docs/reference.rst").read_text(encoding="utf-8")
    found = dict(re.findall(r"\* - ``optviz\.(\w+)``\s+- ([^*]+?)(?=\n\s*\* -|\n\n|\Z)", reference))
    assert {name: " ".join(text.split()) for name, text in found.items()} == SUBTYPES
