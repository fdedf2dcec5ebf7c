"""What a newcomer gets, who has set no frameworks: tabs for those that are somewhere, and no warnings."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ALL_FRAMEWORKS

from sphinx_optviz.frameworks import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Book, MakeBook

ROOT = Path(__file__).parent.parent
CONF = "extensions = ['sphinx_optviz']\nnumfig = True\n"
LEFT_OUT = "have no tabs: not installed, not set up, and without stored results."


@pytest.fixture
def chapter(make_book: MakeBook) -> Book:
    """The chapter of the README, with its configuration."""
    book = make_book()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```rst\n(.*?)```", readme, re.DOTALL)
    book.write("index.rst", text)
    book.write("conf.py", CONF)
    return book


@pytest.mark.usefixtures("only_numpy")
def test_frameworks_that_are_nowhere_have_no_tabs_and_no_warnings(chapter: Book) -> None:
    chapter.write("conf.py", CONF + "optviz_default_framework = 'numpy'\n")
    built = chapter.build()
    assert f"PyTorch, MXNet, JAX and TensorFlow {LEFT_OUT}" in built.status
    assert built.page().tabs == []
    assert len(built.page().alts) == 1
    assert not any("not run" in note for note in built.page().notes)


@pytest.mark.usefixtures("only_numpy")
def test_default_framework_is_never_left_out(chapter: Book) -> None:
    built = chapter.build(warnings=True)
    assert f"MXNet, JAX and TensorFlow {LEFT_OUT}" in built.status
    (message,) = built.messages
    assert (message.subtype, message.text[:20]) == ("framework_missing", "PyTorch was not run:")
    assert "because PyTorch was not run" in built.page().text


@pytest.mark.usefixtures("only_numpy")
@pytest.mark.parametrize("where", ["conf.py", "option", "block"])
def test_framework_that_the_author_names_is_missed(chapter: Book, where: str) -> None:
    chapter.write("conf.py", CONF + "optviz_default_framework = 'numpy'\n")
    if where == "conf.py":
        chapter.write("conf.py", CONF + "optviz_default_framework = 'numpy'\noptviz_frameworks = ['numpy', 'jax']\n")
    elif where == "option":
        chapter.write("index.rst", "Page\n====\n\n.. optplot:: saddle\n   :frameworks: numpy, jax\n")
    else:
        chapter.write("index.rst", "Page\n====\n\n.. optplot::\n\n   .. framework:: numpy, jax\n\n      x = 1\n")
    built = chapter.build(warnings=True)
    (message,) = built.messages
    assert (message.subtype, message.text[:16]) == ("framework_missing", "JAX was not run:")
    assert built.page().tabs == ["NumPy", "JAX"]


@pytest.mark.usefixtures("only_numpy")
def test_framework_that_the_store_once_had_is_missed(chapter: Book) -> None:
    chapter.write("conf.py", CONF + "optviz_default_framework = 'numpy'\n")
    chapter.build()
    entries = (ROOT / "docs/_optviz").glob("*.jsonl")
    of_jax = next(path for path in entries if '"framework": "jax"' in path.read_text(encoding="utf-8")[:4000])
    shutil.copy(of_jax, chapter.folder / "_optviz")
    built = chapter.build(warnings=True)
    assert f"PyTorch, MXNet and TensorFlow {LEFT_OUT}" in built.status
    assert [message.subtype for message in built.messages] == ["framework_missing"]


@pytest.mark.usefixtures("only_numpy")
def test_pipe_in_the_store_is_not_waited_for(chapter: Book) -> None:
    chapter.write("conf.py", CONF + "optviz_default_framework = 'numpy'\n")
    (chapter.folder / "_optviz").mkdir()
    os.mkfifo(chapter.folder / "_optviz" / f"{'0' * 32}.jsonl")
    assert LEFT_OUT in chapter.build().status


@pytest.mark.usefixtures("only_numpy")
def test_check_says_it_too(chapter: Book) -> None:
    chapter.write("conf.py", CONF + "optviz_default_framework = 'numpy'\n")
    built = chapter.build("optcheck")
    assert LEFT_OUT in built.status
    assert '"jax"' not in built.read("optcheck.json")


@pytest.mark.framework
def test_pytorch_alone_is_enough_for_the_readme(
    chapter: Book, needs: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from sphinx_optviz import environments

    needs("pytorch")
    others = [BUILT_IN[name].module for name in ALL_FRAMEWORKS if name != "pytorch"]
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, package=None: None if name in others else find_spec(name, package)
    )
    monkeypatch.setattr(environments, "data_folder", lambda: tmp_path / "no environments")
    built = chapter.build()
    assert built.page().tabs == []
    assert built.drawn == ["saddle (pytorch)"]
