"""Downloads: the files that readers take home run by themselves and give what the page shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from conftest import ALL_FRAMEWORKS, Book, page, settings_with
from duals import installed
from test_cells import cell, tabs

import sphinx_optviz
from sphinx_optviz.cells import artists
from sphinx_optviz.draw import Figure, FigureMaker, canvas, marks, style
from sphinx_optviz.interpreters import interpreter_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Built, MakeBook

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


@pytest.fixture(scope="module", autouse=True)
def _duals() -> Iterator[None]:
    """All children of this file find what those of ``duals`` find, and are forked from the same interpreters."""
    with installed():
        yield


@dataclass(frozen=True)
class Drawn:
    """A book that is built, and its figures, by the names of the files with the code that draws them again."""

    built: Built
    figures: dict[str, Figure]

    def artists(self, docname: str) -> Artists:
        """What the figures of a page hold, each drawn again from its numbers."""
        placed = self.built.app.env.get_domain("optviz").placements  # type: ignore[attr-defined]
        downloads = [one.download for (its_docname, _), one in sorted(placed.items()) if its_docname == docname]
        names: dict[str, Any] = {"packed": artists.packed}
        exec(COLOURS, names)
        found = []
        with mpl.rc_context():
            for name in [name for download in downloads for name in download.drawings.values()]:
                style.apply(self.figures[name].job["rcparams"])
                made = canvas.make_figure(self.figures[name].message())
                its = artists.artists_of(made) + names["colours_of"](made)
                found.append([[*one[:3], [unpacked(a, b.hex()) for a, b in one[3]]] for one in its])
        return found


def build_drawn(book: Book, **config: Any) -> Drawn:
    """Build *book* and keep its figures."""
    figures: dict[str, Figure] = {}
    figure_of = FigureMaker.figure

    def recording(*arguments: Any) -> Figure:
        figure = figure_of(*arguments)
        figures[figure.code.name] = figure
        return figure

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureMaker, "figure", recording)
        return Drawn(book.build(**config), figures)


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


# Nothing is said of critical points where there is an :alt:, and none are looked for: that takes longest.
CUBIC = ".. optplot:: cubic\n   :alt: A curve.\n"
MINIMA = ".. optplot:: local_minima\n   :alt: Another.\n"

# Every view, marks of all kinds, labels, lines of critical points, bands, a key, a title, several panels and functions.
LANDSCAPES = [
    ".. optplot:: risk\n   :critical-points: minima, maxima, edge maxima\n   :annotate:\n      here @ global minimum",
    ".. optplot:: plateau_and_cliff\n   :critical-points:\n   :title: A title",
    ".. optplot:: cubic local_minima\n   :alt: Curves.\n   :legend: lower right\n   :figsize: 5, 3",
    ".. optplot:: saddle\n   :view: contour wireframe slices\n   :annotate:\n      saddle point @ saddle",
    ".. optplot:: rosenbrock\n   :alt: -\n   :view: contour surface heatmap\n   :x: -2 : 2 : 160\n   :y: -1 : 3 : 161",
    ".. optplot:: ravine\n   :view: surface contour\n   :critical-points:\n   :figsize: 6, 3",
    ".. optplot:: himmelblau\n   :view: slices\n   :through: saddle",
    ".. optplot:: beale rosenbrock\n   :alt: Two valleys.\n   :view: contour",
    ".. optplot:: rosenbrock himmelblau\n   :alt: Colours.\n   :view: heatmap",
]
LANDSCAPES_PAGE = page(*(f"{text}\n" for text in LANDSCAPES))


def with_landscapes(make: MakeBook, folder: str) -> Book:
    book = make(folder=folder)
    book.write("index.rst", LANDSCAPES_PAGE)
    return book


@pytest.fixture(scope="module")
def landscapes(make_shared_book: MakeBook) -> Drawn:
    return build_drawn(with_landscapes(make_shared_book, "landscapes"))


def test_panels_in_space_are_as_large_as_in_the_book(landscapes: Drawn) -> None:
    assert "zoom=0.88" in download(landscapes.built, "index-numpy.py").read_text()


def test_landscapes_are_drawn_again_from_the_same_numbers(landscapes: Drawn, tmp_path: Path) -> None:
    printed, found = run(download(landscapes.built, "index-numpy.py"), tmp_path / "elsewhere")
    assert printed == ""
    assert_same(found, landscapes.artists("index"))


def test_files_are_the_same_in_every_build(landscapes: Drawn, make_book: MakeBook) -> None:
    again = with_landscapes(make_book, "again").build()
    contents = [
        [download(built, name).read_bytes() for name in ("index-numpy.py", "index-numpy.ipynb")]
        for built in (landscapes.built, again)
    ]
    for one, other in zip(*contents, strict=True):
        assert one.splitlines(keepends=True) == other.splitlines(keepends=True)
    assert str(Path(sphinx_optviz.__file__).parent).encode() not in b"".join(contents[0])


def test_key_of_a_figure_has_one_order_in_every_build() -> None:
    """Python gives the texts in a set another order in each process."""
    looks = list(product(("minimum", "maximum", "saddle"), (True, False), (False, True), (True, False)))
    points = [
        {"kind": kind, "global": is_global, "degenerate": degenerate, "smooth": smooth, "at": [0.0], "value": 0.0}
        for kind, is_global, degenerate, smooth in looks
    ]
    key = marks.key_of([{"view": "curve", "points": points}])
    assert [sample.get_label() for sample in key] == [
        f"{'global ' * is_global}{kind}"
        + ("" if smooth and not degenerate else " (degenerate)" if smooth else " (no gradient)")
        for kind, is_global, degenerate, smooth in looks
    ]


@pytest.mark.framework
@pytest.mark.parametrize("name", ALL_FRAMEWORKS)
def test_landscapes_are_drawn_again_in_each_framework(
    make_book: MakeBook, needs: Callable[[str], None], tmp_path: Path, name: str
) -> None:
    needs(name)
    book = with_landscapes(make_book, "book")
    drawn = build_drawn(book, optviz_frameworks=[name], optviz_default_framework=name)
    interpreter = interpreter_of(name, settings_with()).spec or sys.executable
    _, found = run(download(drawn.built, f"index-{name}.py"), tmp_path / "elsewhere", interpreter)
    assert_same(found, drawn.artists("index"))


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


@dataclass(frozen=True)
class Rerun:
    """A book, and what the script of its page prints and draws."""

    book: Book
    drawn: Drawn
    printed: str
    found: Artists


@pytest.fixture(scope="module")
def cells(make_shared_book: MakeBook, tmp_path_factory: pytest.TempPathFactory) -> Rerun:
    """A page of cells with plots between them."""
    book = make_shared_book(conf="optviz_rcparams = {'lines.linewidth': 5.0}\n", folder="cells")
    book.write("helper.py", "'''A \\\\ module.'''\nimport inner.most\n\ndef g(x):\n    return inner.most.TWO * x\n")
    book.write("inner/__init__.py", "")
    book.write("inner/most.py", "TWO = 2.5\n")
    parts = [
        cell(AUTHORS),
        CUBIC,  # its f is not the author's
        cell("print(f(1.25), x[1])\nplt.rcParams['lines.linewidth'] + x[1] / 8;"),
        cell("np.random.rand(), np.random.default_rng().normal()", ":seed: 42"),
        cell("raise ValueError('no')", ":expect-error:", ":hide-code:"),
        cell("plt.rcParams['lines.linewidth']"),
        cell("def wells(x):\n    return x**4 - x**2"),
        ".. optplot:: wells\n   :from: page\n   :x: -1 : 1\n   :critical-points:\n\n   The caption.\n",
    ]
    book.write("index.rst", page(*parts))
    drawn = build_drawn(book)
    folder = tmp_path_factory.mktemp("cells") / "elsewhere"
    return Rerun(book, drawn, *run(download(drawn.built, "index-numpy.py"), folder))


def test_cells_give_the_numbers_of_the_page(cells: Rerun) -> None:
    shown = re.findall(r'"text/plain": ?"([^"]*)"', "".join(path.read_text() for path in cells.book.store))
    numbers = re.findall(r"-?\d+\.\d+", " ".join(shown))
    assert sorted(numbers) == sorted(re.findall(r"-?\d+\.\d+", cells.printed))
    assert "ValueError: no" in cells.printed
    authors, *plots = cells.found
    assert len(authors) == 1
    assert authors[0][3][1][1].tolist() == [0.0, 0.625, 1.25, 1.875, 2.5]
    assert len(plots) == 2
    assert_same(plots, cells.drawn.artists("index"))


def test_functions_of_the_page_are_the_author_s(cells: Rerun) -> None:
    text = download(cells.drawn.built, "index-numpy.py").read_text()
    assert text.count("def wells") == 1
    assert_same(cells.found[-1:], cells.drawn.artists("index")[-1:])


def test_caption_stands_below_the_code_without_a_number_where_figures_have_none(cells: Rerun) -> None:
    sources = [one.source for one in cells_of(cells.drawn.built, "index-numpy.ipynb")]
    assert sources[-1] == "The caption."


READS = """\
import helper, common
for name in ("data/words.csv", "bytes.bin"):
    print(open(name, "rb").read())
"""


def test_files_that_cells_depend_on_come_along(make_book: MakeBook, tmp_path: Path) -> None:
    book = make_book()
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


def test_figure_is_numpy_s_where_the_framework_has_no_code(make_book: MakeBook, tmp_path: Path) -> None:
    book = make_book()
    mine = tabs({"numpy": "x = 1", "duals": "x = 2", "all": "print(x)"})
    book.write("index.rst", page(mine, CUBIC))
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
   :alt: A curve.

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
   :alt: A curve.
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


TABS = """\
.. tabs::

   .. group-tab:: NumPy

      One.

   .. group-tab:: Other

      Two.

.. optplot:: cubic
   :alt: A curve.
"""

MARKDOWN = """\
# Page

Here $a_1$ is.

$$
b
$$

```{optplot} cubic
:alt: A curve.

The *caption*.
```

```{optplot}
print(1)
```
"""

HAS_MYST = find_spec("myst_parser") is not None


@pytest.fixture(scope="module")
def html(make_shared_book: MakeBook) -> Built:
    """Pages of all kinds of prose, one in a folder, and one without a plot."""
    myst = "extensions += ['myst_parser']\nmyst_enable_extensions = ['dollarmath']\n" if HAS_MYST else ""
    names = ["prose", "tabs", *(["markdown"] if HAS_MYST else []), "sub/two", "plain"]
    toctree = ".. toctree::\n\n" + "".join(f"   {name}\n" for name in names)
    book = make_shared_book(
        page=f"Before.\n\n{toctree}\n{CUBIC}",
        conf=f"{myst}numfig = True\nsuppress_warnings = ['epub']\nversion = copyright = '1'\n",
        folder="site",
    )
    book.write("prose.rst", PROSE)
    (book.folder / "pic.png").write_bytes(PIXEL)
    book.write("tabs.rst", page(TABS))
    if HAS_MYST:
        book.write("markdown.md", MARKDOWN)
    book.write("sub/two.rst", f"Two\n===\n\nInside.\n\n{MINIMA}\n{CUBIC}")
    book.write("plain.rst", "Words\n=====\n")
    return book.build()


@pytest.fixture(scope="module")
def site(html: Built) -> Book:
    """The same for other builders. It is read for HTML: sphinx-tabs makes something else of tabs for others."""
    return Book(Path(html.app.srcdir))


@pytest.mark.oldest_sphinx
def test_notebook_holds_the_prose_of_the_page(html: Built) -> None:
    cells = cells_of(html, "prose-numpy.ipynb")
    prose = [one.source for one in cells if one.cell_type == "markdown"]
    assert prose == [FIRST, "**Fig. 1** The caption.", LAST]
    (picture,) = [one for one in cells if one.get("attachments")]
    assert list(picture.attachments["pic.png"]) == ["image/png"]
    assert [one.metadata.get("tags", []) for one in cells if one.source == "1 / 0"] == [["raises-exception"]]
    kinds = [one.cell_type for one in cells]
    assert kinds == ["markdown", "code", "code", "code", "markdown", "markdown", "code", "code"]
    assert "\n# > Be careful.\n" in download(html, "prose-numpy.py").read_text()


def test_tabs_of_the_prose_have_their_names_above_them(html: Built) -> None:
    text = "\n".join(str(cell.source) for cell in cells_of(html, "tabs-numpy.ipynb"))
    assert "**NumPy**\n\nOne.\n\n**Other**\n\nTwo." in text


@pytest.mark.oldest_sphinx
@pytest.mark.skipif(not HAS_MYST, reason="myst-parser is not installed")
def test_markdown_pages_have_downloads_too(html: Built) -> None:
    cells = cells_of(html, "markdown-numpy.ipynb")
    prose = [one.source for one in cells if one.cell_type == "markdown"]
    assert prose == ["# Page\n\nHere $a_1$ is.\n\n$$\nb\n$$", "**Fig. 2** The *caption*."]
    assert cells[-1].source == "print(1)"


def links_in(built: Built, name: str = "index.html") -> list[str]:
    """The addresses of the only line of links of a page."""
    (line,) = built.page(name).all("p.optviz-downloads")
    return [str(link["href"]) for link in line.select("a")]


def has_downloads(built: Built, name: str = "index.html") -> bool:
    return bool(built.page(name).all(".optviz-downloads"))


LINKS = {
    "html": ("sub/two.html", "plain.html"),
    "dirhtml": ("sub/two/index.html", "plain/index.html"),
}


@pytest.mark.oldest_sphinx
@pytest.mark.parametrize("builder", LINKS)
def test_links_lead_to_the_files(site: Book, builder: str) -> None:
    name, without = LINKS[builder]
    built = site.build(builder)
    links = links_in(built, name)
    assert len(links) == 2
    for link in links:
        assert Path(built.app.outdir, name).parent.joinpath(link).resolve().is_file()
    assert not has_downloads(built, without)


@pytest.mark.oldest_sphinx
def test_singlehtml_has_the_links_of_each_page(site: Book) -> None:
    built = site.build("singlehtml")
    links = [str(link["href"]) for link in built.page().all("a[href$=ipynb]")]
    names = ["index", *(["markdown"] if HAS_MYST else []), "prose", "sub/two", "tabs"]
    assert sorted(links) == [f"_downloads/optviz/{name}-numpy.ipynb" for name in names]
    text = download(built, "index-numpy.py").read_text()
    assert "Before." in text
    assert "Inside." not in text
    assert "Inside." in download(built, "sub/two-numpy.py").read_text()


@pytest.mark.oldest_sphinx
@pytest.mark.parametrize("builder", ["epub", "latex", "text"])
def test_other_builders_have_no_downloads(site: Book, builder: str) -> None:
    built = site.build(builder)
    assert not Path(built.app.outdir, "_downloads/optviz").exists()


@dataclass(frozen=True)
class Seen:
    """What there was after a build."""

    written: list[str]
    links: list[str]  # [] where the page has no line of them
    exists: bool  # the folder of files
    changed: int  # when the script was


@pytest.fixture(scope="module")
def builds(make_shared_book: MakeBook) -> dict[str, Seen]:
    """One book, built again and again."""
    book = make_shared_book(page=CUBIC, folder="builds")

    def seen(**config: Any) -> Seen:
        built = book.build(**config)
        script = download(built, "index-numpy.py")
        return Seen(
            built.written,
            links_in(built) if has_downloads(built) else [],
            script.parent.exists(),
            script.stat().st_mtime_ns if script.exists() else 0,
        )

    return {
        "first": seen(),
        "again": seen(),
        "off": seen(optviz_downloads=False),
        "on": seen(),
        "colab": seen(optviz_colab_base="https://example.org/blob/gh-pages"),
    }


def test_nothing_is_done_when_nothing_has_changed(builds: dict[str, Seen]) -> None:
    assert builds["first"].written == ["index"]
    assert builds["again"].written == []
    assert builds["again"].changed == builds["first"].changed > 0


def test_downloads_can_be_turned_off_and_on(builds: dict[str, Seen]) -> None:
    assert [bool(builds[name].links) for name in ("first", "off", "on")] == [True, False, True]
    assert [builds[name].exists for name in ("first", "off", "on")] == [True, False, True]


def test_colab_finds_the_notebook_under_the_address_given(builds: dict[str, Seen]) -> None:
    links = builds["colab"].links
    assert links[-1] == "https://example.org/blob/gh-pages/_downloads/optviz/index-numpy.ipynb"


@pytest.mark.parametrize(("name", "value"), [("downloads", "yes"), ("colab_base", "example.org"), ("colab_base", None)])
def test_values_that_are_not_valid_are_told(make_book: MakeBook, name: str, value: object) -> None:
    book = make_book(page=CUBIC, conf=f"optviz_{name} = {value!r}\n")
    (told,) = book.build("dummy", warnings=True).messages
    assert (told.file, told.subtype) == ("conf.py", "config")
    assert f"optviz_{name}" in told.text


@pytest.mark.oldest_sphinx
def test_files_follow_the_page_and_go_with_it(make_book: MakeBook) -> None:
    book = make_book(page=".. toctree::\n   :glob:\n\n   *\n")
    book.write("two.rst", f"Two\n===\n\nOld words.\n\n{CUBIC}")
    book.write("three.rst", f"Three\n=====\n\n{MINIMA}")
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


def test_seed_of_a_later_cell_counts_in_the_script(make_book: MakeBook, tmp_path: Path) -> None:
    """Also 0, which is that of the first cell in any case."""
    book = make_book()
    draw = "import random\nprint(random.random())"
    book.write("index.rst", page(cell(draw), cell(draw, ":seed: 0"), cell(draw), cell(draw, ":seed: 7")))
    built = book.build()
    printed, _ = run(download(built, "index-numpy.py"), tmp_path / "elsewhere")
    assert printed.split() == built.page().outputs
    assert printed.split()[0] == printed.split()[1]
