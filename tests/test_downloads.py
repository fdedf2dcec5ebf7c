"""Downloads: the files that readers take home run by themselves and give what the page shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from conftest import ALL_FRAMEWORKS, page, settings_with
from test_cells import cell, tabs

import sphinx_optviz
from sphinx_optviz.cells import artists
from sphinx_optviz.draw import FigureMaker, canvas, style
from sphinx_optviz.execute import interpreter_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Book, Built

Artists = list[list[list[Any]]]

# What the colours of fills and images are, as ``artists_of`` gives numbers.
COLOURS = """
def colours_of(figure):
    found = []
    for number, axes in enumerate(figure.axes):
        for filled in [] if hasattr(axes, "get_zlim") else axes.collections:
            filled.update_scalarmappable()
            found.append([number, "colours", type(filled).__name__, [packed(filled.get_facecolor())]])
        for image in axes.images:
            found.append([number, "colours", "image", [packed(image.to_rgba(image.get_array()))]])
    return found
"""

# A backend of Matplotlib that writes what each figure holds, and fails where this package was imported.
SHOW = """
import json, os, sys
from matplotlib.backend_bases import FigureManagerBase as FigureManager
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

def show(*_, **__):
    from matplotlib import _pylab_helpers, pyplot
    assert "sphinx_optviz" not in sys.modules
    for manager in _pylab_helpers.Gcf.get_all_fig_managers():
        manager.canvas.draw()
        found = artists_of(manager.canvas.figure) + colours_of(manager.canvas.figure)
        plain = [[*one[:3], [[shape, data.hex()] for shape, data in one[3]]] for one in found]
        with open(os.environ["ARTISTS"], "a") as file:
            print(json.dumps(plain), file=file)
        pyplot.close(manager.canvas.figure)
"""


def download(built: Built, name: str) -> Path:
    return Path(built.app.outdir, "_downloads/optviz", name)


def cells_of(built: Built, name: str) -> list[Any]:
    """The cells of a notebook, which is one."""
    notebook: Any = nbformat.reads(download(built, name).read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    return list(notebook.cells)


def run(path: Path, folder: Path, interpreter: str = sys.executable, **environment: str) -> tuple[str, Artists]:
    """What a script prints, and what it draws, in a folder where nothing else lies."""
    folder.mkdir()
    backend = Path(artists.__file__).read_text(encoding="utf-8") + COLOURS + SHOW
    (folder / "collecting.py").write_text(backend, encoding="utf-8")
    drawn = folder / "artists.jsonl"
    own = {"MPLBACKEND": "module://collecting", "PYTHONPATH": str(folder), "ARTISTS": str(drawn)}
    done = subprocess.run(
        [interpreter, str(path)],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | own | environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = drawn.read_text().splitlines() if drawn.exists() else []
    return done.stdout, [
        [[*one[:3], [unpacked(*array) for array in one[3]]] for one in json.loads(line)] for line in lines
    ]


def unpacked(shape: list[int], data: str) -> Any:
    return shape, np.frombuffer(bytes.fromhex(data), dtype="<f8")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Artists]:
    """What the figures of a build hold, each drawn again from its numbers."""
    known: dict[Path, Any] = {}
    figure_of = FigureMaker.figure

    def recording(*arguments: Any) -> Any:
        figure = figure_of(*arguments)
        known[figure.path] = figure
        return figure

    monkeypatch.setattr(FigureMaker, "figure", recording)

    names: dict[str, Any] = {"packed": artists.packed}
    exec(COLOURS, names)
    colours_of = names["colours_of"]

    def found() -> Artists:
        figures = []
        with mpl.rc_context():
            style.apply({})
            for figure in known.values():
                made = canvas.make_figure(figure.message())
                its = artists.artists_of(made) + colours_of(made)
                figures.append([[*one[:3], [unpacked(a, b.hex()) for a, b in one[3]]] for one in its])
        return figures

    return found


def assert_same(found: Artists, expected: Artists) -> None:
    """Every artist with the same numbers, to twelve digits; no matter which labels are private."""
    assert len(found) == len(expected) > 0
    for its, others in zip(found, expected, strict=True):
        assert [one[:3] for one in its] == [one[:3] for one in others]
        for (_, kind, name, arrays), (*_, wanted) in zip(its, others, strict=True):
            for (shape, data), (wanted_shape, wanted_data) in zip(arrays, wanted, strict=True):
                if kind == "surface" and len(shape) != len(wanted_shape):
                    # Before 3.11 Matplotlib kept corners in columns, with a fourth coordinate; every second is told.
                    corners = np.reshape(wanted_data, (-1, 3)).T
                    wanted_data = np.concatenate([*corners, np.ones(corners.shape[1])])[::2]  # noqa: PLW2901
                    wanted_shape = [4, corners.shape[1]]  # noqa: PLW2901
                assert shape == wanted_shape, name
                # Where a contour crosses a cell is a quotient of small differences.
                digits = 1e-11 if kind == "contour" else 1e-12
                np.testing.assert_allclose(data, wanted_data, rtol=digits, atol=digits, err_msg=name)


# Every view, marks of all kinds, labels, lines of critical points, bands, a key, a title, several panels and functions.
LANDSCAPES = [
    ".. optplot:: risk\n   :critical-points: all, kinks, edge minima\n   :annotate:\n      here @ global minimum",
    ".. optplot:: plateau_and_cliff\n   :critical-points:\n   :title: A title",
    ".. optplot:: cubic local_minima\n   :legend: lower right\n   :figsize: 5, 3",
    ".. optplot:: saddle\n   :view: contour wireframe slices\n   :annotate:\n      saddle point @ saddle",
    ".. optplot:: rosenbrock\n   :view: contour surface heatmap\n   :x: -2 : 2 : 160\n   :y: -1 : 3 : 161",
    ".. optplot:: ravine\n   :view: surface contour\n   :critical-points:",
    ".. optplot:: himmelblau\n   :view: slices\n   :through: saddle",
    ".. optplot:: beale rosenbrock\n   :view: contour",
    ".. optplot:: rosenbrock himmelblau\n   :view: heatmap",
]


def test_panels_in_space_are_as_large_as_in_the_book(make_book: Any) -> None:
    book: Book = make_book()
    book.write("index.rst", page(".. optplot:: saddle\n   :view: contour surface\n   :figsize: 6, 3\n"))
    assert "zoom=0.88" in download(book.build(), "index-numpy.py").read_text()


def test_tabs_of_the_prose_have_their_names_above_them(make_book: Any) -> None:
    book: Book = make_book()
    tabs = ".. tabs::\n\n   .. group-tab:: NumPy\n\n      One.\n\n   .. group-tab:: Other\n\n      Two.\n"
    book.write("index.rst", page(tabs, ".. optplot:: cubic\n"))
    text = "\n".join(str(cell.source) for cell in cells_of(book.build(), "index-numpy.ipynb"))
    assert "**NumPy**\n\nOne.\n\n**Other**\n\nTwo." in text


def landscapes(*options: str) -> str:
    return page(*(f"{text}\n" + "".join(f"   {option}\n" for option in options) for text in LANDSCAPES))


def test_landscapes_are_drawn_again_from_the_same_numbers(
    make_book: Any, drawn: Callable[[], Artists], tmp_path: Path
) -> None:
    book: Book = make_book()
    book.write("index.rst", landscapes())
    built = book.build()
    printed, found = run(download(built, "index-numpy.py"), tmp_path / "elsewhere")
    assert printed == ""
    assert_same(found, drawn())


@pytest.mark.framework
@pytest.mark.parametrize("name", ALL_FRAMEWORKS)
def test_landscapes_are_drawn_again_in_each_framework(
    make_book: Any, needs: Callable[[str], None], drawn: Callable[[], Artists], tmp_path: Path, name: str
) -> None:
    needs(name)
    book: Book = make_book()
    book.write("index.rst", landscapes())
    built = book.build(optviz_frameworks=[name], optviz_default_framework=name)
    interpreter = interpreter_of(name, settings_with()).spec or sys.executable
    _, found = run(download(built, f"index-{name}.py"), tmp_path / "elsewhere", interpreter)
    assert_same(found, drawn())


AUTHORS = """\
import random
import numpy as np
import helper
from matplotlib import pyplot as plt
%matplotlib inline
x = np.linspace(0, 1, 5)
def f(x):
    return x + 1
print(helper.g(1), random.random(), np.random.rand(), np.random.default_rng().normal())
plt.plot(x, helper.g(x))
np.random.default_rng().normal()
"""


def outputs_of(built: Built) -> list[str]:
    text = built.read("index.txt")
    return re.findall(r"-?\d+\.\d+", text)


def test_cells_give_the_numbers_of_the_page(make_book: Any, tmp_path: Path) -> None:
    book: Book = make_book(conf="optviz_rcparams = {'lines.linewidth': 5.0}\n")
    book.write("helper.py", "'''A \\\\ module.'''\nimport inner.most\n\ndef g(x):\n    return inner.most.TWO * x\n")
    book.write("inner/__init__.py", "")
    book.write("inner/most.py", "TWO = 2.5\n")
    parts = [
        cell(AUTHORS),
        ".. optplot:: saddle\n",  # its f is not the author's
        cell("print(f(1.25), x[1])\nplt.rcParams['lines.linewidth'] + x[1] / 8;"),
        cell("np.random.rand(), np.random.default_rng().normal()", ":seed: 42"),
        cell("raise ValueError('no')", ":expect-error:", ":hide-code:"),
        cell("plt.rcParams['lines.linewidth']"),
    ]
    book.write("index.rst", page(*parts))
    built = book.build()
    printed, found = run(download(built, "index-numpy.py"), tmp_path / "elsewhere")
    shown = re.findall(r'"text/plain": ?"([^"]*)"', "".join(path.read_text() for path in book.store))
    numbers = re.findall(r"-?\d+\.\d+", " ".join(shown))
    assert sorted(numbers) == sorted(re.findall(r"-?\d+\.\d+", printed))
    assert "ValueError: no" in printed
    assert [len(figure) for figure in found] == [1, 1]
    assert found[0][0][3][1][1].tolist() == [0.0, 0.625, 1.25, 1.875, 2.5]


READS = """\
import helper, common
for name in ("data/words.csv", "bytes.bin"):
    print(open(name, "rb").read())
"""


def test_files_that_cells_depend_on_come_along(make_book: Any, tmp_path: Path) -> None:
    book: Book = make_book()
    # What looks like a prompt is dropped by IPython, in texts too.
    words = ">>> one,'''\r\n  ... zwölf\\n,\n  >>> In [1]:\nIn [2]: 3\n>>>\n"
    contents = {"data/words.csv": words.encode(), "bytes.bin": b"\x00\xff\n"}
    book.write("part/helper.py", "")
    (book.folder / "part/data").mkdir()
    for name, content in contents.items():
        (book.folder / "part" / name).write_bytes(content)
    (book.folder / "part/large.bin").write_bytes(bytes(500_001))
    book.write("above.txt", "above")
    book.write("index.rst", page(".. toctree::\n\n   part/page\n"))
    book.write("common.py", "")
    options = ":depends: data/words.csv data/../bytes.bin large.bin ../above.txt helper.py ../common.py"
    book.write("part/page.rst", page(cell(READS, options), cell("open('bytes.bin').close()", ":depends: bytes.bin")))
    built = book.build()
    printed, _ = run(download(built, "part/page-numpy.py"), tmp_path / "elsewhere")
    assert printed.splitlines() == [repr(content) for content in contents.values()]
    code = "".join(one.source for one in cells_of(built, "part/page-numpy.ipynb"))
    assert re.findall("which has to be put here: (.*)", code) == ['"../above.txt"', '"large.bin"']
    (set_up,) = (one.source for one in cells_of(built, "part/page-numpy.ipynb") if one.source.startswith("# Set-up"))
    changed = pytest.importorskip("IPython.core.inputtransformer2").TransformerManager().transform_cell(set_up)
    assert changed.strip() == set_up.strip()
    assert code.count("helper.py") == 1  # with the modules

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/bytes.bin").write_bytes(b"the reader's")
    script = [sys.executable, str(download(built, "part/page-numpy.py"))]
    done = subprocess.run(script, cwd=tmp_path / "mine", capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == repr(b"the reader's")

    (book.folder / "part/large.bin").unlink()
    code = download(book.build(warnings=True), "part/page-numpy.py").read_text()
    assert re.findall("which has to be put here: (.*)", code) == ['"../above.txt"', '"large.bin"']
    (book.folder / "part/large.bin").write_bytes(b"small now")
    book.write("part/bytes.bin", "other")
    printed, _ = run(download(book.build(), "part/page-numpy.py"), tmp_path / "again")
    assert printed.splitlines()[1] == "b'other'"


def test_functions_of_the_page_are_the_author_s(make_book: Any, drawn: Callable[[], Artists], tmp_path: Path) -> None:
    book: Book = make_book()
    plot = ".. optplot:: wells\n   :from: page\n   :x: -1 : 1\n   :critical-points:\n"
    book.write("index.rst", page(cell("def wells(x):\n    return x**4 - x**2"), plot))
    built = book.build()
    text = download(built, "index-numpy.py").read_text()
    assert text.count("def wells") == 1
    _, found = run(download(built, "index-numpy.py"), tmp_path / "elsewhere")
    assert_same(found, drawn())


@pytest.mark.usefixtures("duals")
def test_figure_is_numpy_s_where_the_framework_has_no_code(make_book: Any, tmp_path: Path) -> None:
    book: Book = make_book()
    mine = tabs({"numpy": "x = 1", "duals": "x = 2", "all": "print(x)"})
    book.write("index.rst", page(mine, ".. optplot:: cubic\n"))
    built = book.build(optviz_frameworks=["numpy", "duals"])
    text = download(built, "index-duals.py").read_text()
    assert "x = 2" in text
    assert "evaluate_numpy(cubic, x)" in text
    _, found = run(download(built, "index-duals.py"), tmp_path / "elsewhere")
    assert len(found) == 1


PROSE = """\
.. _start:

Page with $ and *emphasis*
==========================

Text with :math:`x_1`, **strong** words, ``a_code``, a_b, `a link <https://example.org>`_, :ref:`here <start>`,
:eq:`eq-one` and a note [1]_; see :numref:`fig-a`. 2 * 3 < 4.
1.5 is no item.

.. [1] The note.

.. math::
   :label: eq-one

   a &= b \\\\
   c &= d

.. optplot:: cubic
   :name: fig-a

   The caption.

Section
-------

.. note::

   Be careful.

- one
- two

  1. inner

.. image:: pic.png
   :alt: A picture

.. code-block:: python

   print(1)

.. table:: Numbers

   === =====
   a   b
   === =====
   1   ``|``
   === =====

.. optplot::
   :framework: numpy
   :expect-error:

   1 / 0

.. optplot:: cubic
   :code: hidden
   :figure: shared
"""

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)

FIRST = """\
# Page with \\$ and *emphasis*

Text with $x_1$, **strong** words, `a_code`, a_b, [a link](https://example.org), here,
(1) and a note [1]; see Fig. 1. 2 \\* 3 < 4.
1.5 is no item.

[1] The note.

$$
\\begin{aligned}
a &= b \\\\
c &= d
\\end{aligned} \\tag{1}
$$"""

LAST = """\
## Section

> **Note**
>
> Be careful.

- one

- two

  1. inner

![A picture](attachment:pic.png)

```python
print(1)
```

**Table 1** Numbers

| a | b |
| --- | --- |
| 1 | `\\|` |"""


def test_notebook_holds_the_prose_of_the_page(make_book: Any) -> None:
    book: Book = make_book(conf="numfig = True\n")
    book.write("index.rst", PROSE)
    (book.folder / "pic.png").write_bytes(PIXEL)
    built = book.build()
    cells = cells_of(built, "index-numpy.ipynb")
    prose = [one.source for one in cells if one.cell_type == "markdown"]
    assert prose == [FIRST, "**Fig. 1** The caption.", LAST]
    (picture,) = [one for one in cells if one.get("attachments")]
    assert list(picture.attachments["pic.png"]) == ["image/png"]
    assert [one.metadata.get("tags", []) for one in cells if one.source == "1 / 0"] == [["raises-exception"]]
    kinds = [one.cell_type for one in cells]
    assert kinds == ["markdown", "code", "code", "code", "markdown", "markdown", "code", "code"]
    assert "\n# > Be careful.\n" in download(built, "index-numpy.py").read_text()


def test_markdown_pages_have_downloads_too(make_book: Any) -> None:
    pytest.importorskip("myst_parser")
    book: Book = make_book(conf="extensions += ['myst_parser']\nmyst_enable_extensions = ['dollarmath']\n")
    (book.folder / "index.rst").unlink()
    plot, code = "```{optplot} cubic\nThe *caption*.\n```", "```{optplot}\nprint(1)\n```"
    text = f"# Page\n\nHere $a_1$ is.\n\n$$\nb\n$$\n\n{plot}\n\n{code}\n"
    book.write("index.md", text)
    cells = cells_of(book.build(), "index-numpy.ipynb")
    prose = [one.source for one in cells if one.cell_type == "markdown"]
    assert prose == ["# Page\n\nHere $a_1$ is.\n\n$$\nb\n$$", "The *caption*."]
    assert cells[-1].source == "print(1)"


def links_in(built: Built, name: str = "index.html") -> list[str]:
    (line,) = re.findall(r'<p class="optviz-downloads">.*?</p>', built.read(name), re.DOTALL)
    return re.findall(r'href="([^"]*)"', line)


@pytest.mark.parametrize(("builder", "name"), [("html", "sub/two.html"), ("dirhtml", "sub/two/index.html")])
def test_links_lead_to_the_files(make_book: Any, builder: str, name: str) -> None:
    book: Book = make_book(page=".. toctree::\n\n   sub/two\n")
    book.write("sub/two.rst", "Two\n===\n\n.. optplot:: saddle\n\n.. optplot:: cubic\n")
    built = book.build(builder)
    links = links_in(built, name)
    assert len(links) == 2
    for link in links:
        assert Path(built.app.outdir, name).parent.joinpath(link).resolve().is_file()
    assert "optviz-downloads" not in built.read("index.html")


def test_singlehtml_has_the_links_of_each_page(make_book: Any) -> None:
    book: Book = make_book(page="Before.\n\n.. toctree::\n\n   sub/two\n\n.. optplot:: cubic\n")
    book.write("sub/two.rst", "Two\n===\n\nInside.\n\n.. optplot:: saddle\n")
    built = book.build("singlehtml")
    links = re.findall(r'href="([^"]*ipynb)"', built.read("index.html"))
    assert sorted(links) == ["_downloads/optviz/index-numpy.ipynb", "_downloads/optviz/sub/two-numpy.ipynb"]
    text = download(built, "index-numpy.py").read_text()
    assert "Before." in text
    assert "Inside." not in text
    assert "Inside." in download(built, "sub/two-numpy.py").read_text()


@pytest.mark.parametrize("builder", ["epub", "latex", "text"])
def test_other_builders_have_no_downloads(make_book: Any, builder: str) -> None:
    book: Book = make_book(
        page=".. optplot:: cubic\n", conf="suppress_warnings = ['epub']\nversion = copyright = '1'\n"
    )
    built = book.build(builder)
    assert not Path(built.app.outdir, "_downloads/optviz").exists()


def test_downloads_can_be_turned_off_and_on(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n")
    assert links_in(book.build())
    built = book.build(optviz_downloads=False)
    assert "optviz-downloads" not in built.read("index.html")
    assert not Path(built.app.outdir, "_downloads/optviz").exists()
    assert links_in(book.build())


def test_colab_finds_the_notebook_under_the_address_given(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n")
    book.build()
    links = links_in(book.build(optviz_colab_base="https://example.org/blob/gh-pages"))
    assert links[-1] == "https://example.org/blob/gh-pages/_downloads/optviz/index-numpy.ipynb"


@pytest.mark.parametrize(("name", "value"), [("downloads", "yes"), ("colab_base", "example.org"), ("colab_base", None)])
def test_values_that_are_not_valid_are_told(make_book: Any, name: str, value: object) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n", conf=f"optviz_{name} = {value!r}\n")
    (warning,) = book.build(warnings=True).warnings
    assert f"optviz_{name}" in warning


def test_nothing_is_done_when_nothing_has_changed(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n")
    built = book.build()
    before = download(built, "index-numpy.py").stat().st_mtime_ns
    again = book.build()
    assert again.written == []
    assert download(again, "index-numpy.py").stat().st_mtime_ns == before


def test_files_follow_the_page_and_go_with_it(make_book: Any) -> None:
    book: Book = make_book(page=".. toctree::\n   :glob:\n\n   *\n")
    book.write("two.rst", "Two\n===\n\nOld words.\n\n.. optplot:: cubic\n")
    book.write("three.rst", "Three\n=====\n\n.. optplot:: saddle\n")
    book.write("helper.py", "ONE = 1\n")
    book.write("four.rst", "Four\n====\n\n" + cell("import helper"))
    built = book.build(parallel=2)
    assert len(built.files("_downloads/optviz/*")) == 6
    assert "ONE = 1" in download(built, "four-numpy.py").read_text()
    book.replace("two.rst", "Old", "New")
    book.write("helper.py", "ONE = 11\n")
    (book.folder / "three.rst").unlink()
    built = book.build()
    assert built.files("_downloads/optviz/*") == [
        "four-numpy.ipynb",
        "four-numpy.py",
        "two-numpy.ipynb",
        "two-numpy.py",
    ]
    assert "New words." in download(built, "two-numpy.py").read_text()
    assert "ONE = 11" in download(built, "four-numpy.py").read_text()
    for name in ("two", "four"):
        book.write(f"{name}.rst", "Words\n=====\n")
    assert book.build().files("_downloads/optviz/*") == []


def test_files_are_the_same_in_every_build(make_book: Any) -> None:
    texts = []
    for folder in ("one", "another"):
        book: Book = make_book(page=landscapes(), folder=folder)
        built = book.build()
        texts.append([download(built, name).read_bytes() for name in ("index-numpy.py", "index-numpy.ipynb")])
    assert texts[0] == texts[1]
    assert str(Path(sphinx_optviz.__file__).parent).encode() not in b"".join(texts[0])
