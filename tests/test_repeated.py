"""A build that warned warns again, whatever it takes from its memory, its store, or pages that have not changed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from conftest import page
from duals import CONF

if TYPE_CHECKING:
    from conftest import Book, MakeBook

pytestmark = pytest.mark.usefixtures("duals", "only_numpy")

# For each subtype a page that provokes it, and values of conf.py.
PAGES: dict[str, str] = {
    "directive": ".. optplot:: bowl\n   :veiw: curve\n\n.. framework:: numpy\n\n   x = 1\n",
    "landscape": ".. optplot:: bowll\n\n.. optplot:: broken\n",
    "framework_missing": ".. optplot:: bowl\n   :frameworks: duals, jax\n",
    "execution": ".. optplot:: raises\n\n.. optplot::\n   :framework: numpy\n\n   1 / 0\n",
    "timeout": ".. optplot::\n   :framework: numpy\n   :timeout: 0.5\n\n   while True: pass\n",
    "not_finite": ".. optplot:: logarithm\n",
    "claim": ".. optplot:: bowl\n   :expect: 2 minima\n\nIt is :optval:`bowl.saddles`.\n",
    "domain": ".. optplot:: bowl\n   :annotate: here @ saddle\n",
    "parity": (
        ".. optplot::\n\n   .. framework:: numpy, duals\n\n      x = 1\n\n"
        ".. optplot::\n\n   .. framework:: numpy\n\n      x\n"
    ),
    "code_warning": ".. optplot::\n   :framework: numpy\n\n   import warnings\n   warnings.warn('mind', UserWarning)\n",
    "agreement": ".. optplot:: differs\n   :frameworks: numpy, duals\n",
    "drawing": ".. optplot:: bowl\n   :title: $\\nonsense$\n",
}
CONFIG: dict[str, Any] = {"optviz_jobs": 0, "optviz_code_warnings": ["UserWarning"]}
# These depend on what lies around a book, and have a test of their own.
ELSEWHERE = {"framework_broken", "not_run", "store"}


def landscapes(book: Book) -> None:
    for name, code in {"bowl": "x**2", "raises": "1 / 0", "logarithm": "np.log(x)", "differs": "x**3"}.items():
        other = "x**2" if name == "differs" else code
        book.landscape(name, f"import numpy as np\n\n\ndef f(x):\n    return {code}\n")
        book.landscape(name, f"import hyperduals as np\n\n\ndef f(x):\n    return {other}\n", framework="duals")
    book.landscape("bowl", "def f(x):\n    return x**2\n", framework="jax")
    book.write("landscapes/broken/landscape.toml", "title =\n")


@pytest.fixture
def book(make_book: MakeBook) -> Book:
    made = make_book(page=".. toctree::\n   :glob:\n\n   *\n")
    made.write("conf.py", CONF)
    landscapes(made)
    for name, text in PAGES.items():
        made.write(f"{name}.rst", page(text))
    return made


def test_each_subtype_has_a_page() -> None:
    from sphinx_optviz.log import SUBTYPES

    assert {*PAGES, *ELSEWHERE, "config"} == set(SUBTYPES)


@pytest.mark.parametrize("builder", ["html", "text", "optcheck"])
def test_builds_warn_of_the_same_each_time(book: Book, builder: str) -> None:
    first, *others = (book.build(builder, warnings=True, **CONFIG).messages for _ in range(3))
    nowhere = {"drawing"} if builder != "html" else set()
    assert {message.subtype for message in first} >= {*PAGES, "config"} - nowhere
    for messages in others:
        assert sorted(map(str, messages)) == sorted(map(str, first))


@pytest.mark.parametrize("builder", ["dummy", "gettext", "linkcheck"])
def test_builders_that_run_nothing_warn_of_what_they_read_each_time(book: Book, builder: str) -> None:
    first, second = (book.build(builder, warnings=True, **CONFIG).messages for _ in range(2))
    assert {message.subtype for message in first} == {"directive", "config"}
    assert first == second


def test_exit_status_is_that_of_the_first_build(make_book: MakeBook) -> None:
    book = make_book(page=".. optplot:: cubic\n   :veiw: curve\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(book.folder), str(book.folder / "out")]
    done = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(3)]
    assert [one.returncode for one in done] == [1, 1, 1]
    assert len({one.stderr for one in done}) == 1
