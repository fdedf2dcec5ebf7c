"""What the documentation shows is true: its snippets build, its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sphinx_optviz.config import VALUES
from sphinx_optviz.directive import OPTIONS
from sphinx_optviz.log import SUBTYPES

if TYPE_CHECKING:
    from conftest import Book

ROOT = Path(__file__).parent.parent
SNIPPETS = sorted((ROOT / "docs/snippets").glob("*.rst"))


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) >= 8


@pytest.mark.framework
@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda path: path.stem)
def test_snippets_of_the_guide_build(make_book: Any, snippet: Path) -> None:
    pytest.importorskip("torch")
    book: Book = make_book(page=snippet.read_text(encoding="utf-8"), conf="numfig = True\n")
    frameworks = ["pytorch", "mxnet", "jax", "tensorflow"]
    book.build(optviz_frameworks=frameworks, optviz_default_framework="pytorch")


@pytest.mark.framework
def test_the_chapter_of_the_readme_builds(make_book: Any) -> None:
    pytest.importorskip("torch")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```rst\n(.*?)```", readme, re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        book: Book = make_book(conf="numfig = True\n", folder=f"book{number}")
        book.write("index.rst", block)
        frameworks = ["pytorch", "mxnet", "jax", "tensorflow"]
        book.build(optviz_frameworks=frameworks, optviz_default_framework="pytorch")


def test_the_reference_names_everything() -> None:
    reference = (ROOT / "docs/reference.rst").read_text(encoding="utf-8")
    missing = [name for name in OPTIONS if f":{name}:" not in reference]
    missing += [name for name in VALUES if f"optviz_{name}" not in reference]
    assert missing == []


def test_the_table_of_warnings_is_that_of_the_code() -> None:
    reference = (ROOT / "docs/reference.rst").read_text(encoding="utf-8")
    found = dict(re.findall(r"\* - ``optviz\.(\w+)``\s+- ([^*]+?)(?=\n\s*\* -|\n\n|\Z)", reference))
    assert {name: " ".join(text.split()) for name, text in found.items()} == SUBTYPES
