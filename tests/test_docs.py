"""What the documentation shows is true: its snippets build, its results are complete, and so are its tables."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import ALL_FRAMEWORKS, numpy_alone
from sphinx.testing.util import SphinxTestApp

from sphinx_optviz.cell_runs import CellResult
from sphinx_optviz.config import VALUES, settings_of
from sphinx_optviz.directive import OPTIONS
from sphinx_optviz.execute import look_up
from sphinx_optviz.log import SUBTYPES
from sphinx_optviz.pipeline import Build
from sphinx_optviz.points import points_of
from sphinx_optviz.runs import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conftest import Book, Built, MakeBook

    from sphinx_optviz.runs import Outcome

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
STORE = DOCS / "_optviz"

# Sentences that say that something is amiss.
AMISS = ["not run", "disagree", "failed", "not compared", "There is no figure"]


# ---- snippets of the guide, and the chapter of the README

SNIPPETS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((DOCS / "snippets").glob("*.rst"))}
README = re.findall(r"```rst\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

# The cells of a page go on from those above them: these stand on one page, as they do in the guide.
TOGETHER = {"from-page": "cells"}

# No page of the guide runs it, so it has no results: it is shown as what the converter makes of moved.md.
NOT_STORED = "moved"
STORED = [name for name in SNIPPETS if name != NOT_STORED]

FOUR: dict[str, Any] = {"optviz_frameworks": ALL_FRAMEWORKS, "optviz_default_framework": "pytorch"}
# Where the demo book has been run anew, as by `tox run -e frameworks`, that counts.
JUST_RUN: dict[str, Any] = (
    {"optviz_store": os.environ["OPTVIZ_TEST_STORE"]} if "OPTVIZ_TEST_STORE" in os.environ else {}
)


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) >= 8
    assert README


def page_of(name: str) -> str:
    """The page on which a snippet stands."""
    return TOGETHER.get(name, name)


def with_snippets(make: MakeBook, names: Iterable[str], folder: str) -> Book:
    """A book with a page for each snippet and for each chapter of the README."""
    book = make(page=".. toctree::\n   :glob:\n\n   *\n", conf="numfig = True\n", folder=folder)
    pages: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: name in TOGETHER):  # these come second
        pages.setdefault(page_of(name), []).append(SNIPPETS[name])
    for name, texts in pages.items():
        book.write(f"{name}.rst", "\n\n".join(["Snippet\n=======", *texts]))
    for number, chapter in enumerate(README):
        book.write(f"readme{number}.rst", chapter)
    return book


def assert_right(built: Built, name: str) -> None:
    """Nothing is wrong with a page, neither for its author nor for its readers."""
    assert [warning for warning in built.warnings if f"/{name}.rst:" in warning] == []
    page = built.page(f"{name}.html")
    assert page.errors == []
    assert [words for words in AMISS if words in page.text] == []


@pytest.fixture(scope="module")
def stored_snippets(make_shared_book: MakeBook, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Where there is no framework, from the committed results."""
    book = with_snippets(make_shared_book, STORED, "stored")
    with pytest.MonkeyPatch.context() as patch:
        numpy_alone(patch, tmp_path_factory.mktemp("environments") / "none")
        return book.build(warnings=True, optviz_store=str(STORE), optviz_execute="never", **FOUR)


@pytest.mark.parametrize("name", STORED)
def test_snippets_show_the_committed_results(stored_snippets: Built, name: str) -> None:
    assert_right(stored_snippets, page_of(name))


@pytest.mark.parametrize("number", range(len(README)))
def test_the_chapter_of_the_readme_shows_the_committed_results(stored_snippets: Built, number: int) -> None:
    assert_right(stored_snippets, f"readme{number}")


def test_no_snippet_has_a_warning(stored_snippets: Built) -> None:
    assert stored_snippets.warnings == []
    assert stored_snippets.runs == []


# What has no results is run with NumPy in the place of its frameworks.
IN_NUMPY = {
    ".. framework:: pytorch\n": ".. framework:: numpy\n",
    " import torch\n": " import numpy as torch\n",
    ".. framework:: jax\n": ".. framework:: duals\n",
    " from jax import numpy as jnp\n": " import numpy as jnp\n",
}


@pytest.mark.usefixtures("duals")
def test_snippet_without_results_runs_in_numpy(make_book: MakeBook) -> None:
    text = SNIPPETS[NOT_STORED]
    for theirs, ours in IN_NUMPY.items():
        assert text.count(theirs) == 1
        text = text.replace(theirs, ours)
    built = make_book(page=text).build(optviz_frameworks=["numpy", "duals"])
    assert_right(built, "index")
    assert built.page().outputs == ["[-2.0, -1.0, 0.0, 1.0, 2.0]"] * 2


@pytest.fixture(scope="module")
def run_snippets(make_shared_book: MakeBook, needs: Callable[[str], None]) -> Built:
    """With all frameworks."""
    for name in ALL_FRAMEWORKS:
        needs(name)
    return with_snippets(make_shared_book, SNIPPETS, "run").build(warnings=True, **FOUR, **JUST_RUN)


@pytest.mark.framework
@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_of_the_guide_build(run_snippets: Built, name: str) -> None:
    assert_right(run_snippets, page_of(name))


@pytest.mark.framework
@pytest.mark.parametrize("number", range(len(README)))
def test_the_chapter_of_the_readme_builds(run_snippets: Built, number: int) -> None:
    assert_right(run_snippets, f"readme{number}")


@pytest.mark.framework
def test_no_snippet_has_a_warning_when_it_runs(run_snippets: Built) -> None:
    assert run_snippets.warnings == []


# ---- the demo book

# Pages with hundreds of critical points: it takes three quarters of a build to compare, name and describe these. They
# are built by `tox run -e docs`, and here in a slow test; otherwise their results are only looked up.
CROWDED = ["gallery/ackley", "gallery/levy_13", "gallery/rastrigin"]


@dataclass(frozen=True)
class Demo:
    """The demo book as built without any framework, from the committed results."""

    app: SphinxTestApp
    stages: list[Build]  # of what ran; none if the builder runs nothing
    warnings: str
    status: str


def demo_book(folder: Path, builder: str, is_whole: Callable[[str], bool]) -> Demo:
    """Build it in *folder*; of the pages that are not to be whole only the titles are left."""
    status, warning = StringIO(), StringIO()
    stages: list[Build] = []
    run = Build.run

    def recording(build: Build) -> Any:
        stages.append(build)
        return run(build)

    def shortened(_: object, docname: str, content: list[str]) -> None:
        if not is_whole(docname):
            content[0] = "\n".join(content[0].split("\n")[:2]) + "\n"

    with pytest.MonkeyPatch.context() as patch:
        numpy_alone(patch, folder / "no environments")
        patch.setattr(Build, "run", recording)
        app = SphinxTestApp(
            builder,
            srcdir=DOCS,
            builddir=folder,
            status=status,
            warning=warning,
            # The theme is one that every environment has.
            confoverrides={"optviz_execute": "never", "html_theme": "alabaster"},
        )
        app.connect("source-read", shortened)
        try:
            app.build()
        finally:
            app.cleanup()
    return Demo(app, stages, warning.getvalue(), status.getvalue())


def absent(build: Build, outcomes: Mapping[str, Outcome]) -> list[str]:
    """What plots and numbers want, and has no result. Not all of it is worth a warning."""
    wanted = [run for run in build.wanted if not isinstance(outcomes[run.key], Result)]
    return [f"{run.label} ({run.framework}): {', '.join(run.operations)}" for run in wanted]


def assert_complete(demo: Demo) -> None:
    assert demo.warnings == ""
    assert "running landscapes" not in demo.status
    assert "running cells" not in demo.status
    (build,) = demo.stages
    assert absent(build, build.outcomes) == []
    assert {type(outcome) for outcome in build.cells.outcomes.values()} == {CellResult}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demo_book(tmp_path_factory.mktemp("demo"), "text", lambda docname: docname not in CROWDED)


def test_the_committed_store_is_complete(demo: Demo) -> None:
    """The demo book shows the results of all its frameworks where there is none."""
    assert_complete(demo)
    chapter = Path(demo.app.outdir, "optimization/intro.txt").read_text(encoding="utf-8")
    agreements = re.findall(
        r"PyTorch [\d.]+,\s+MXNet [\d.]+,\s+JAX [\d.]+\s+and\s+TensorFlow\s+[\d.]+\s+agree", chapter
    )
    assert len(agreements) == chapter.count("**MXNet**") == 7
    assert [words for words in AMISS if words in chapter] == []


def test_the_committed_store_has_all_of_crowded_pages(tmp_path: Path) -> None:
    app = demo_book(tmp_path, "dummy", CROWDED.__contains__).app
    settings = settings_of(app.config, Path(app.confdir))
    build = Build(app.builder, app.env, settings)
    build.plan()
    assert sorted(work.record.source for work, _ in build.planned) == [str(DOCS / f"{name}.rst") for name in CROWDED]
    assert not any(plot.slices(name) for _, plot in build.planned for name in plot.involved), "they need points first"
    outcomes, missing = look_up(build.wanted, settings, build.store)
    assert missing == []
    assert len(outcomes) >= len(CROWDED) * 2 * len(ALL_FRAMEWORKS), "values and critical points"
    assert absent(build, outcomes) == []


@pytest.mark.slow
def test_the_committed_store_is_complete_for_the_whole_book(tmp_path: Path) -> None:
    assert_complete(demo_book(tmp_path, "text", lambda _: True))


# Of docs/optimization/intro-cells.rst: the place of the cell, the landscape, and its functions as the cell draws them.
PLACES = [
    (2, "risk", ("risk", "empirical_risk")),
    (3, "local_minima", ("f",)),
    (4, "cubic", ("f",)),
    (5, "saddle", ("f",)),
    (6, "vanishing_gradient", ("f",)),
]


def test_cells_of_the_chapter_draw_the_numbers_of_the_named_landscapes(demo: Demo) -> None:
    (build,) = demo.stages
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
