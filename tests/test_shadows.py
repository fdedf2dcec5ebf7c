"""Files beside conf.py that are called like modules of Python's or of a library are none of the children's."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from duals import CONF

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Book, MakeBook

# What execnet, the children's own code, Matplotlib and NumPy import.
NAMES = ["struct", "numpy", "threading", "io", "random", "traceback", "matplotlib", "queue", "execnet", "six", "typing"]

PAGE = """\
.. optplot:: saddle

.. optplot::
   :framework: numpy

   import matplotlib.pyplot as plt
   import helper
   plt.plot([1, helper.TWO]);
"""


@pytest.fixture
def book(make_book: MakeBook) -> Book:
    made = make_book(page=PAGE)
    made.write("conf.py", CONF.replace("['numpy', 'duals']", "['numpy']"))
    for name in NAMES:
        made.write(f"{name}.py", f"raise SystemExit('{name}.py of the book was imported')\n")
    made.write("helper.py", "TWO = 2\n")
    return made


@pytest.mark.usefixtures("fresh_interpreters")
@pytest.mark.parametrize("interpreter", ["", sys.executable, f"popen//python={sys.executable}"])
def test_names_of_modules_beside_conf_py_do_no_harm(
    book: Book, monkeypatch: pytest.MonkeyPatch, interpreter: str
) -> None:
    monkeypatch.chdir(book.folder)
    config: dict[str, Any] = {"optviz_interpreters": {"numpy": interpreter}} if interpreter else {}
    built = book.build(**config)
    assert len(built.page().alts) == 2


@pytest.mark.usefixtures("fresh_interpreters")
def test_folders_of_pythonpath_may_be_relative(
    make_book: MakeBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the folder from which the book is built."""
    book = make_book(page=".. optplot:: mine\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/optviz_seven.py").write_text("SEVEN = 7\n")
    book.landscape("mine", "from optviz_seven import SEVEN\n\n\ndef f(x):\n    return SEVEN * x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "lib", prepend=os.pathsep)
    assert book.build().runs == ["mine (numpy)"]
