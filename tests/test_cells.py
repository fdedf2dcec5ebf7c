"""Cells: code of the author's own, run a page and framework at a time with the habits of notebooks."""

from __future__ import annotations

import html
import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from conftest import page
from duals import CONF

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Book, Built

pytestmark = pytest.mark.usefixtures("duals")


@pytest.fixture
def book(make_book: Any) -> Book:
    made: Book = make_book()
    made.write("conf.py", CONF)
    return made


@pytest.fixture(params=["IPython", "plain"])
def shell(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Cells run in IPython's shell, or as if the interpreter had none."""
    if request.param == "plain":
        (tmp_path / "without").mkdir()
        (tmp_path / "without/IPython.py").write_text("raise ImportError\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "without"), prepend=os.pathsep)
    else:
        pytest.importorskip("IPython")
    name: str = request.param
    return name


def test_shell_is_the_one_that_is_there(shell: str, book: Book) -> None:
    book.write("index.rst", page(cell("'get_ipython' in globals()")))
    assert outputs(book.build()) == [str(shell == "IPython")]


def cell(code: str, *options: str, framework: str = "numpy") -> str:
    """A cell without tabs."""
    lines = [".. optplot::", f"   :framework: {framework}", *(f"   {option}" for option in options), ""]
    return "\n".join([*lines, *(f"   {line}" for line in code.strip("\n").split("\n")), "", ""])


def tabs(blocks: dict[str, str], *options: str) -> str:
    """A cell with framework blocks."""
    lines = [".. optplot::", *(f"   {option}" for option in options), ""]
    for names, code in blocks.items():
        lines += [f"   .. framework:: {names}", "", *(f"      {line}" for line in code.strip("\n").split("\n")), ""]
    return "\n".join([*lines, ""])


def outputs(built: Built, name: str = "index.html") -> list[str]:
    """The texts that cells have printed and returned, in order."""
    found = re.findall(
        r'<div class="optviz-(?:error-)?output highlight-none notranslate"><div class="highlight"><pre>(.*?)</pre>',
        built.read(name),
        re.DOTALL,
    )
    return [html.unescape(re.sub(r"<[^>]+>", "", text)).strip("\n") for text in found]


def ran(built: Built) -> list[str]:
    """The notebooks that were run, as ``index (numpy)``."""
    return sorted(re.findall(r"running cells\.\.\. \[ *\d+/\d+\] (\S+ \(\w+\))", built.status))


def messages(built: Built) -> list[tuple[int, str, str]]:
    """Line, text and subtype of each warning."""
    found = []
    for warning in built.warnings:
        match = re.fullmatch(r".*?:(\d+): WARNING: (.*) \[optviz\.(\w+)\]", warning)
        assert match is not None, warning
        found.append((int(match[1]), match[2], match[3]))
    return found


PLT = "import numpy as np\nfrom matplotlib import pyplot as plt"


# ---- what cells show


def test_cells_of_a_page_share_their_names(book: Book) -> None:
    book.write("index.rst", page(cell("x = 3"), "Text.\n", cell("x += 1\nprint(x)"), cell("x * 2")))
    built = book.build()
    assert outputs(built) == ["4", "8"]
    assert ran(built) == ["index (numpy)"]


def test_pages_share_nothing(book: Book) -> None:
    book.write(
        "index.rst",
        page(
            cell("x = 3\nimport matplotlib as mpl\nmpl.rcParams['lines.linewidth'] = 9"), ".. toctree::\n\n   other\n"
        ),
    )
    book.write(
        "other.rst", page(cell("import matplotlib as mpl\nprint('x' in globals(), mpl.rcParams['lines.linewidth'])"))
    )
    assert outputs(book.build(), "other.html") == ["False 1.5"]


def test_environment_that_is_active_is_none_of_the_cells(
    monkeypatch: pytest.MonkeyPatch, shell: str, book: Book
) -> None:
    assert shell
    monkeypatch.setenv("VIRTUAL_ENV", "/nowhere/active")
    book.write("index.rst", page(cell("import sys\n[entry for entry in sys.path if 'active' in entry]")))
    assert outputs(book.build()) == ["[]"]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1 + 1", ["2"]),
        ("1 + 1;", []),
        ("1 + 1;  # said", []),
        ("x = 3", []),
        ("None", []),
        ("print('a')\nprint('b')\n'c'", ["a\nb", "'c'"]),
        ("for i in range(3):\n    i", []),
        ("print('\\x1b[31mred\\x1b[0m')", ["red"]),
        ("for i in range(5):\n    print(f'\\r{i}', end='')", ["4"]),
        ("print(object())", ["<object object at 0x...>"]),
        ("import sys\nprint('hidden', file=sys.stderr)", []),
        ("display(1)\ndisplay(2)", ["1", "2"]),
        ("%matplotlib inline\n%config InlineBackend.figure_format = 'svg'\n3", ["3"]),
        ("# only a comment", []),
        ("'ä € 中'", ["'ä € 中'"]),
    ],
)
def test_outputs_are_those_of_a_notebook(shell: str, book: Book, code: str, shown: list[str]) -> None:
    assert shell
    book.write("index.rst", page(cell(code)))
    assert outputs(book.build()) == shown


def test_blocks_are_joined_and_shared(book: Book) -> None:
    text = tabs({"numpy": "x = 1", "duals": "x = 2", "all": "y = x * 10", "duals, numpy": "print(y)"})
    book.write("index.rst", page(text))
    built = book.build()
    assert outputs(built) == ["10", "20"]
    assert '<span class="n">y</span>' in built.read("index.html")
    assert ran(built) == ["index (duals)", "index (numpy)"]


def test_all_means_the_frameworks_of_the_page_so_far(book: Book) -> None:
    book.write("index.rst", page(tabs({"duals": "x = 1"}), tabs({"all": "print(x)"})))
    built = book.build()
    assert outputs(built) == ["1"]
    assert ran(built) == ["index (duals)"]


def test_rich_results_go_to_the_builders_that_can_show_them(book: Book) -> None:
    forms = {"_repr_html_": "<b>bold</b>", "_repr_latex_": "$x^2$", "__repr__": "plain"}
    methods = "".join(f"    def {name}(self): return {text!r}\n" for name, text in forms.items())
    code = f"class T:\n{methods}T()"
    book.write("index.rst", page(cell(code, ":hide-code:")))
    assert "<b>bold</b>" in book.build().read("index.html")
    assert "plain" in book.build("text").read("index.txt")
    latex = book.build("latex")
    (name,) = latex.files("*.tex")
    assert "x^2" in latex.read(name)
    assert "bold" not in latex.read(name)


# ---- figures


def test_show_ends_a_figure_and_the_rest_comes_at_the_end(book: Book) -> None:
    code = f"{PLT}\nplt.plot([1, 2])\nplt.show()\nprint('between')\nplt.plot([2, 1])\nplt.figure()\nplt.plot([2, 3]);"
    book.write("index.rst", page(cell(code)))
    built = book.build()
    text = built.read("index.html").partition("</pre>")[2]
    assert len(built.files("_images/*.svg")) == 3
    assert text.index("<img") < text.index("between") < text.rindex("<img")
    assert 'alt="Plot with line 1."' in text


def test_caption_and_name_make_a_figure_with_a_number(book: Book) -> None:
    book.write("conf.py", CONF + "numfig = True\n")
    code = f"{PLT}\nplt.plot([1, 2], label='one');"
    book.write("index.rst", page(cell(code, ":name: fig-one", ":caption: The *one*."), "See :numref:`fig-one`.\n"))
    text = html.unescape(book.build().read("index.html"))
    assert re.search(r'<figure[^>]*id="fig-one">\s*<img[^>]*alt="Plot with line 1 \(\'one\'\)\."', text)
    assert "The <em>one</em>." in text
    assert ">Fig. 1</span>" in text


def test_caption_without_a_figure_is_told(book: Book) -> None:
    book.write("index.rst", page(cell("x = 1", ":caption: Nothing")))
    ((line, text, subtype),) = messages(book.build(warnings=True))
    assert (line, subtype) == (4, "directive")
    assert text == "the cell has a caption and draws no figure"


def test_figures_are_the_same_in_every_build(make_book: Any) -> None:
    found = []
    for folder in ("one", "two"):
        made: Book = make_book(folder=folder)
        made.write("conf.py", CONF)
        made.write(
            "index.rst",
            page(cell(f"{PLT}\nplt.plot(np.random.rand(5))\nplt.title(str(np.random.default_rng().random()));")),
        )
        built = made.build()
        (name,) = built.files("_images/*.svg")
        found.append((name, built.read(f"_images/{name}")))
    assert found[0] == found[1]


def test_images_have_nothing_that_epub_refuses(book: Book) -> None:
    start = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M 0.12345 0"/></svg>'
    result = f"class Drawing:\n    def _repr_svg_(self): return {start + svg!r}\nDrawing()"
    book.write("index.rst", page(cell(f"{PLT}\nplt.plot([1, 2])\nplt.title('a b');"), cell(result)))
    built = book.build()
    shown, drawn = sorted((built.read(f"_images/{name}") for name in built.files("_images/*.svg")), key=len)
    assert shown == svg
    assert "<!DOCTYPE" not in drawn
    assert re.findall(r'<path id="[^"]*"/>', drawn) == []


def test_figure_for_latex_comes_from_the_store(book: Book) -> None:
    book.write("index.rst", page(cell(f"{PLT}\nplt.plot([1, 2]);")))
    book.build()
    latex = book.build("latex", optviz_execute="never")
    assert latex.files("*.pdf") != []


def test_frame_that_was_drawn_last_is_what_is_shown(book: Book) -> None:
    code = (
        f"{PLT}\nfrom matplotlib import animation\nfig, ax = plt.subplots()\nline, = ax.plot([0, 1], [0, 0])\n"
        "def update(i):\n    line.set_ydata([0, i])\n    return [line]\n"
        "moving = animation.FuncAnimation(fig, update, frames=5)"
    )
    book.write("index.rst", page(cell(code), cell("print(line.get_ydata())")))
    built = book.build()
    assert outputs(built) == ["[0, 4]"]
    assert len(built.files("_images/*.svg")) == 1


def test_settings_of_matplotlib_carry_from_cell_to_cell(book: Book) -> None:
    book.write(
        "index.rst",
        page(cell(f"{PLT}\nplt.rcParams['figure.figsize'] = (1, 2)"), cell("print(plt.rcParams['figure.figsize'])")),
    )
    assert outputs(book.build()) == ["[1.0, 2.0]"]


def test_authors_style_is_used(book: Book) -> None:
    book.write("index.rst", page(cell(f"{PLT}\nprint(plt.rcParams['lines.linewidth'])")))
    assert outputs(book.build(optviz_rcparams={"lines.linewidth": 7})) == ["7.0"]


# ---- options


def test_code_and_output_can_be_hidden(book: Book) -> None:
    book.write(
        "index.rst", page(cell("secret = 1\nprint('shown')", ":hide-code:"), cell("print('hidden')", ":hide-output:"))
    )
    built = book.build()
    assert outputs(built) == ["shown"]
    assert "secret" not in built.read("index.html")


def test_code_can_be_folded(book: Book) -> None:
    book.write("index.rst", page(cell("x = 1", ":code-fold: Show it")))
    assert '<details class="optviz-fold"><summary>Show it</summary>' in book.build().read("index.html")
    assert "Show it" not in book.build("text").read("index.txt")


def test_lines_are_numbered_and_emphasized(book: Book) -> None:
    book.write("index.rst", page(cell("a = 1\nb = 2\nc = 3", ":lineno-start: 7", ":emphasize-lines: 2")))
    text = book.build().read("index.html")
    assert '<span class="linenos">7</span>' in text
    assert re.search(r'<span class="hll">.*?>b<', text)


def test_seed_is_fixed_and_can_be_given(book: Book) -> None:
    code = "import random\nimport numpy as np\nprint(random.random(), np.random.rand())"
    book.write("index.rst", page(cell(code, ":seed: 5"), cell(code, ":seed: 5"), cell(code)))
    first, second, third = outputs(book.build())
    assert first == second != third


def test_error_that_is_expected_is_the_output(book: Book) -> None:
    book.write("index.rst", page(cell("x = 1\n1 / 0", ":expect-error:"), cell("print(x)")))
    error, after = outputs(book.build())
    assert error.endswith("ZeroDivisionError: division by zero")
    assert after == "1"


def test_error_that_is_expected_and_does_not_come_is_told(book: Book) -> None:
    book.write("index.rst", page(cell("x = 1", ":expect-error:")))
    ((line, text, subtype),) = messages(book.build(warnings=True))
    assert (line, subtype) == (4, "execution")
    assert text.endswith("no error was raised, though one is expected")


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        (":seed: -1", "whole number"),
        (":timeout: 0", "more than 0"),
        (":expect-error: yes", "takes no value"),
        (":hide-cod:", "Did you mean 'hide-code'?"),
        (":depends: nothing.csv", "cannot be read"),
        (":code: beside", ""),
        (":framework: pytorhc", "Did you mean 'pytorch'?"),
    ],
)
def test_option_that_is_wrong_is_told(book: Book, option: str, reason: str) -> None:
    book.write(
        "index.rst",
        page(
            cell("print('still run')", option)
            if "framework" not in option
            else f".. optplot::\n   {option}\n\n   print('still run')\n"
        ),
    )
    built = book.build(warnings=True)
    ((_, text, subtype),) = messages(built)
    assert subtype == "directive"
    assert reason in text
    assert outputs(built) == ["still run"]


# ---- what runs again


def test_prose_runs_nothing_and_an_edited_cell_its_page_alone(book: Book) -> None:
    for name in ("index", "other"):
        more = ".. toctree::\n\n   other\n" if name == "index" else ""
        book.write(
            f"{name}.rst",
            page(tabs({"numpy": "x = 1", "duals": "x = 2"}), cell("print(x)", framework="duals"), more, "Words.\n"),
        )
    assert len(ran(book.build())) == 4
    assert ran(book.build()) == []
    book.replace("other.rst", "Words.", "Other words.\n\nMore.")
    assert ran(book.build()) == []
    book.replace("other.rst", "x = 2", "x = 3")
    built = book.build()
    assert ran(built) == ["other (duals)"]
    assert outputs(built, "other.html") == ["3"]


def test_value_that_is_too_long_is_cut(shell: str, book: Book) -> None:
    assert shell
    book.write("index.rst", page(cell("'y' * 10**6")))
    (text,) = outputs(book.build())
    assert re.fullmatch(r"'y{99999}\n\.\.\. and 900002 characters more", text)


def test_value_whose_text_fails_is_an_error(shell: str, book: Book) -> None:
    assert shell
    book.write("index.rst", page(cell("class A:\n    def __repr__(self): return 1 / 0\nA()")))
    ((_, said, subtype),) = messages(book.build(warnings=True))
    assert subtype == "execution"
    assert "ZeroDivisionError" in said


def test_halves_of_characters_are_printed_as_escapes(book: Book) -> None:
    book.write("index.rst", page(cell(r"print('a\ud800b')")))
    assert outputs(book.build()) == [r"a\ud800b"]


def test_cells_before_the_edited_one_run_for_their_names_and_keep_their_outputs(book: Book) -> None:
    first = "import time\nstarted = time.time_ns()\nprint(started)"
    figure = f"""{PLT}
class Counted(plt.Figure):
    drawn = 0
    def savefig(self, *arguments, **options):
        Counted.drawn += 1
        super().savefig(*arguments, **options)
plt.figure(FigureClass=Counted).gca().plot([1, 2]);"""
    last = "print(Counted.drawn > 0, started > 0)"
    book.write("index.rst", page(cell(first), cell(figure), cell(last)))
    built = book.build()
    clock, seen = outputs(built)
    assert seen == "True True"
    book.write("index.rst", page(cell(first), cell(figure), cell(f"{last}  # edited")))
    built = book.build()
    assert ran(built) == ["index (numpy)"]
    assert outputs(built) == [clock, "False True"]
    assert len(built.files("_images/*.svg")) == 1


def test_stored_cells_stand_where_the_interpreter_does_not_start(book: Book) -> None:
    book.write("index.rst", page(cell("print(1)")))
    book.build()
    book.write("index.rst", page(cell("print(1)"), cell("print(2)")))
    built = book.build(warnings=True, optviz_interpreters={"numpy": "/nowhere/python"})
    assert outputs(built) == ["1"]
    assert [subtype for _, _, subtype in messages(built)] == ["framework_broken"]


def test_helper_module_is_found_and_its_change_runs_what_uses_it(book: Book) -> None:
    book.write("helper.py", "import deeper\nvalue = deeper.value\n")
    book.write("deeper.py", "value = 1\n")
    book.write(
        "index.rst",
        page(
            cell("def later():\n    import helper\n    return helper.value"),
            cell("later()"),
            ".. toctree::\n\n   other\n",
        ),
    )
    book.write("other.rst", page(cell("1")))
    assert outputs(book.build()) == ["1"]
    assert ran(book.build()) == []
    assert not list(book.folder.rglob("__pycache__"))
    # A change within the second in which the first build read it, of the same length, is seen too.
    written = (book.folder / "deeper.py").stat().st_mtime
    book.write("deeper.py", "value = 2\n")
    os.utime(book.folder / "deeper.py", (written, written))
    built = book.build()
    assert ran(built) == ["index (numpy)"]
    assert outputs(built) == ["2"]


def test_helper_module_beside_conf_py_is_found_wherever_the_store_is(book: Book) -> None:
    book.write("conf.py", CONF + "optviz_store = '../elsewhere'\n")
    book.write("helper.py", "value = 7\n")
    book.write("part/index.rst", page(cell("import helper; helper.value")))
    book.write("index.rst", "Start\n=====\n\n.. toctree::\n\n   part/index\n")
    assert outputs(book.build(), "part/index.html") == ["7"]


def test_file_that_a_cell_depends_on(book: Book) -> None:
    book.write("data.txt", "1")
    book.write("index.rst", page(cell("print(open('data.txt').read())", ":depends: data.txt")))
    assert outputs(book.build()) == ["1"]
    book.write("data.txt", "2")
    built = book.build()
    assert ran(built) == ["index (numpy)"]
    assert outputs(built) == ["2"]


def test_store_is_enough_and_a_failed_cell_is_not_in_it(book: Book) -> None:
    book.write("index.rst", page(cell("print('kept')"), cell("1 / 0")))
    book.build(warnings=True)
    built = book.build(warnings=True, optviz_execute="never")
    assert outputs(built)[0] == "kept"
    assert [subtype for _, _, subtype in messages(built)] == ["not_run"]


def test_damaged_entry_is_a_miss(book: Book) -> None:
    book.write("index.rst", page(cell("print('again')")))
    book.build()
    (entry,) = (book.folder / "_optviz").iterdir()
    entry.write_text(entry.read_text().replace("again", "wrong"))
    book.write("index.rst", page("New.\n", cell("print('again')")))
    built = book.build(warnings=True)
    assert ran(built) == ["index (numpy)"]
    assert outputs(built) == ["again"]
    assert [subtype for _, _, subtype in messages(built)] == ["store"]


# ---- errors


def test_error_is_told_at_its_line_with_a_short_traceback(book: Book) -> None:
    book.write(
        "index.rst", page("Text.\n", cell("def f(x):\n    return x / 0"), cell("a = 1\nf(a)"), cell("print('never')"))
    )
    built = book.build(warnings=True)
    ((line, text, subtype),) = messages(built)
    assert subtype == "execution"
    assert (book.folder / "index.rst").read_text().splitlines()[line - 1].strip() == "f(a)"
    assert text.startswith("cell 2 of index (numpy): ZeroDivisionError: division by zero; details in ")
    (shown,) = outputs(built)
    assert 'File "cell 2 of index", line 2' in shown
    assert 'File "cell 1 of index", line 2, in f' in shown
    assert "not run, because an earlier cell failed" in built.read("index.html")


@pytest.mark.parametrize("code", ["x = = 3", "def f(:\n    pass", "y = 1\n  z = 2"])
def test_syntax_error_is_told_at_its_line(book: Book, code: str) -> None:
    book.write("index.rst", page(cell(code)))
    ((line, text, _),) = messages(book.build(warnings=True))
    assert line == 7 + ("  z" in code)
    assert "Error" in text


def test_line_of_an_error_in_an_included_file(book: Book) -> None:
    book.write("part.txt", "Text.\n\n" + cell("x = 1\n1 / 0"))
    book.write("index.rst", page(".. include:: part.txt\n"))
    (warning,) = book.build(warnings=True).warnings
    assert "part.txt:7: " in warning


HOSTILE = {
    "os._exit": ("import os\nos._exit(3)", "the interpreter ended in the middle"),
    "sys.exit": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "signal": ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "the interpreter ended in the middle"),
    "loop": ("while True: pass", "still running after 2 seconds"),
    "flood": ("while True: print('x' * 1000)", "still running after 2 seconds"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_cell_that_ends_its_interpreter_ends_nothing_else(book: Book, name: str) -> None:
    code, said = HOSTILE[name]
    book.write("index.rst", page(cell(code, ":timeout: 2"), ".. toctree::\n\n   other\n"))
    book.write("other.rst", page(cell("print('fine')")))
    built = book.build(warnings=True)
    ((_, text, _),) = messages(built)
    assert said in text
    assert outputs(built, "other.html") == ["fine"]


def test_what_is_too_much_is_counted(book: Book) -> None:
    book.write(
        "index.rst",
        page(
            cell("for i in range(30_000): print('0123456789')"),
            cell(
                f"{PLT}\nplt.rcParams['figure.max_open_warning'] = 0\nfor i in range(100): plt.figure(figsize=(1, 1))"
            ),
        ),
    )
    built = book.build()
    text = built.read("index.html")
    assert "… and 230000 characters more." in text
    assert "… and 60 figures more." in text
    assert len(text) < 300_000


def test_nothing_of_a_cell_reaches_the_next_page(book: Book) -> None:
    code = (
        "import builtins, os, threading, time\nimport numpy\nbuiltins.print = None\nnumpy.sin = None\nos.chdir('/')\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()"
    )
    book.write("index.rst", page(cell(code), ".. toctree::\n\n   other\n"))
    book.write("other.rst", page(cell("import os, numpy\nprint(numpy.sin(0.0), os.getcwd() != '/')")))
    assert outputs(book.build(), "other.html") == ["0.0 True"]


# ---- agreement


def test_frameworks_that_draw_and_return_the_same_agree(book: Book) -> None:
    book.write(
        "index.rst", page(tabs({"all": f"{PLT}\nx = np.linspace(0, 1, 5)\nplt.plot(x, x**2, label='s')\nx.sum()"}))
    )
    assert "agree (largest difference 0)" in book.build(optviz_frameworks=["numpy", "duals"]).read("index.html")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "plt.plot([0, 1], [0, 1 + off], label='s');",
            "line 1 ('s') of axes 1 of figure 1: 1 of 2 numbers differ, most of all at x = 1: ",
        ),
        ("plt.scatter([0, 1], [0, 1 + off]);", "points 1 of axes 1 of figure 1: 1 of 4 numbers differ"),
        ("plt.imshow([[0, 1 + off]]);", "image 1 of axes 1 of figure 1: 1 of 2 numbers differ"),
        ("plt.bar([0, 1], [1, 1 + off]);", "patch 2 of axes 1 of figure 1"),
        (
            (
                "axes = plt.subplots(subplot_kw={'projection': '3d'})[1]\n"
                "axes.plot_wireframe(*np.meshgrid([0, 1.], [0, 1.]), np.array([[0, 1], [2, 3 + off]]));"
            ),
            "surface 1",
        ),
        ("np.array([1.0, 2 + off])", "the value it returns: 1 of 2 numbers differ"),
        ("(1.0, [2 + off])", "the value it returns"),
        ("np.zeros(2 + bool(off))", "the value it returns: shape (3,), and (2,) with "),
        ("[plt.plot([1, 2]) for _ in range(1 + bool(off))];", "it draws 2 artists, and "),
        ("1.0 if off else None", "the value it returns: 1 array, and no array with "),
    ],
)
def test_artist_or_value_that_differs_is_named(book: Book, code: str, said: str) -> None:
    start = tabs({"numpy": f"{PLT}\noff = 0", "duals": f"{PLT}\noff = 0.1"})
    book.write("index.rst", page(start, tabs({"all": code})))
    config: dict[str, Any] = {"optviz_frameworks": ["numpy", "duals"], "optviz_default_framework": "numpy"}
    ((_, text, subtype),) = messages(book.build(warnings=True, **config))
    assert subtype == "agreement"
    assert said in text
    book.write("index.rst", page(start, tabs({"all": code}, ":no-agreement:")))
    assert book.build(**config).warnings == []


def test_random_numbers_are_no_disagreement(book: Book) -> None:
    book.write("index.rst", page(tabs({"numpy": f"{PLT}\nnp.random.rand(2)", "duals": f"{PLT}\nnp.random.rand(3)"})))
    assert "Random numbers were drawn" in book.build(optviz_frameworks=["numpy", "duals"]).read("index.html")


@pytest.mark.framework
@pytest.mark.parametrize(
    ("framework", "code"),
    [
        ("pytorch", "import torch\ntorch.rand(2)"),
        ("tensorflow", "import tensorflow as tf\ntf.random.normal((2,))"),
        ("tensorflow", "import tensorflow as tf\nlist(tf.data.Dataset.range(9).shuffle(9))[:2]"),
        ("tensorflow", "import tensorflow as tf\ntf.keras.layers.Dense(2)(tf.ones((1, 3)))"),
    ],
)
def test_random_numbers_of_the_framework_are_no_disagreement(
    needs: Callable[[str], None], book: Book, framework: str, code: str
) -> None:
    needs(framework)
    book.write("index.rst", page(tabs({"numpy": "import numpy as np\nnp.array([[7.0, 7.0]])", framework: code})))
    built = book.build(optviz_frameworks=["numpy", framework])
    assert "Random numbers were drawn" in built.read("index.html")


def test_what_does_not_depend_on_chance_is_compared_after_it(book: Book) -> None:
    draws = tabs({"numpy": f"{PLT}\nx = np.random.rand(2)", "duals": f"{PLT}\nx = np.random.rand(3)"})
    uses = tabs({"numpy": "y = x + 1\ny.sum()", "duals": "y = x + 1\ny.sum()"})
    wrong = tabs({"numpy": "def f(x): return 2 * x\nf(3)", "duals": "def f(x): return 3 * x\nf(3)"})
    book.write("index.rst", page(draws, uses, wrong))
    built = book.build(optviz_frameworks=["numpy", "duals"], warnings=True)
    ((_, said, subtype),) = messages(built)
    assert subtype == "agreement"
    assert "cell 3" in said
    assert built.read("index.html").count("Random numbers were drawn") == 1


@pytest.mark.parametrize(
    "code",
    [
        f"{PLT}\nplt.quiver([0, 1], [0, 1], [1, 1], [1, 2]);",
        f"{PLT}\nx, y = np.meshgrid([0, 1, 2], [0, 1, 2])\nplt.axes(projection='3d').contour(x, y, x * y);",
    ],
    ids=["quiver", "contours in space"],
)
def test_what_artists_hold_only_when_they_are_drawn_is_compared(book: Book, code: str) -> None:
    book.write("index.rst", page(tabs({"numpy": code, "duals": code})))
    assert book.build(optviz_frameworks=["numpy", "duals"]).warnings == []


def test_numbers_in_a_dictionary_are_compared(book: Book) -> None:
    book.write("index.rst", page(tabs({"numpy": "{'a': 1, 'b': [2.0]}", "duals": "{'a': 1, 'b': [2.5]}"})))
    built = book.build(optviz_frameworks=["numpy", "duals"], warnings=True)
    assert [subtype for _, _, subtype in messages(built)] == ["agreement"]


# ---- where cells stand


def test_framework_block_outside_of_a_cell_is_told(book: Book) -> None:
    book.write("index.rst", page(".. framework:: numpy\n\n   print('lost')\n"))
    ((line, said, subtype),) = messages(book.build(warnings=True))
    assert (line, subtype) == (4, "directive")
    assert "does not run" in said


def test_cells_in_lists_and_admonitions_and_tabs_run_once(book: Book) -> None:
    inner = cell("count = globals().get('count', 0) + 1\nprint(count)")
    indented = "".join(f"   {line}\n" if line else "\n" for line in inner.splitlines())
    deeper = "".join(f"      {line}\n" if line else "\n" for line in inner.splitlines())
    book.write(
        "index.rst",
        page(f"#. One\n\n{indented}", f".. note::\n\n{indented}", f".. tabs::\n\n   .. tab:: T\n\n{deeper}"),
    )
    assert outputs(book.build()) == ["1", "2", "3"]
    text = " ".join(book.build("text").read("index.txt").split())
    assert [text.count(f"print(count) {number}") for number in (1, 2, 3, 4)] == [1, 1, 1, 0]


def test_parallel_reading_keeps_the_order(book: Book) -> None:
    names = [f"p{number}" for number in range(8)]
    book.write("index.rst", page(".. toctree::\n\n" + "".join(f"   {name}\n" for name in names)))
    for name in names:
        book.write(f"{name}.rst", page(cell("a = [1]"), cell("a.append(2)"), cell("a")))
    built = book.build(parallel=2)
    assert [outputs(built, f"{name}.html") for name in names] == [["[1, 2]"]] * 8


def test_check_builder_has_a_row_for_each_cell(book: Book) -> None:
    book.write("index.rst", page(cell("x = 1"), cell("x")))
    built = book.build("optcheck")
    rows = json.loads(built.read("optcheck.json"))["rows"]
    assert [(row["landscapes"], row["status"], row["why"]) for row in rows] == [
        (["cell 1"], "ran", "never run"),
        (["cell 2"], "ran", "never run"),
    ]
    book.replace("index.rst", "x = 1", "x = 2")
    rows = json.loads(book.build("optcheck").read("optcheck.json"))["rows"]
    assert [row["why"] for row in rows] == [
        "never run",
        "a cell before it, a file that it depends on, or its seed has changed",
    ]


# ---- do the tabs go together?


def three(numpy: str, duals: str, jax: str) -> str:
    return tabs({name: code for name, code in (("numpy", numpy), ("duals", duals), ("jax", jax)) if code})


PARITY = {
    "a framework is missing": (
        [three("a = 1", "a = 1", "a = 1"), three("b = a", "b = a", "")],
        [(1, "there is no code for JAX, which 1 of the 2 cells with tabs on this page have")],
    ),
    "a name is missing": (
        [three("a = 1", "a = 1", "b = 1"), three("print(a)", "print(a)", "print(a)")],
        [(1, "JAX: no earlier cell defines a")],
    ),
    "a name comes too late": (
        [three("a = 1\nprint(a)", "a = 1\nprint(a)", "print(a)"), three("a = 1", "a = 1", "a = 1")],
        [(0, "JAX: a is defined by a later cell only")],
    ),
    "blocks are shifted": (
        [
            three("import math as a", "import math as a", "f = 1"),
            three("f = 1", "f = 1", "g = 2"),
            three("g = 2", "g = 2", "h = 3"),
        ],
        [
            (0, "JAX defines f here, and the others in the cell after"),
            (1, "JAX defines g here, and the others in the cell after"),
        ],
    ),
    "all is well": (
        [
            three("import math\na = 1", "import math\na = 1", "import math\na = 1"),
            three(*["def f(x): return math.sin(x + a)"] * 3),
        ],
        [],
    ),
    "a star may define anything": ([three("a = 1", "a = 1", "from b import *"), three("a", "a", "a")], []),
    "code that is no Python": ([three("a = 1", "a = 1", "a = = 1"), three("a", "a", "a")], []),
}


@pytest.mark.parametrize("name", PARITY)
def test_tabs_that_do_not_go_together_are_told(monkeypatch: pytest.MonkeyPatch, book: Book, name: str) -> None:
    groups, expected = PARITY[name]
    monkeypatch.delenv("OPTVIZ_INTERPRETER_JAX", raising=False)
    book.write("conf.py", CONF + "suppress_warnings = ['optviz.framework_missing', 'optviz.framework_broken']\n")
    book.write("index.rst", page(*groups))
    config: dict[str, Any] = {
        "optviz_frameworks": ["numpy", "duals", "jax"],
        "optviz_interpreters": {"jax": "/nowhere/python"},
    }
    starts = [number for number, line in enumerate(page(*groups).split("\n"), 1) if line.startswith(".. optplot::")]
    built = book.build(warnings=True, **config)
    assert messages(built) == [(starts[index], text, "parity") for index, text in expected]
    config["suppress_warnings"] = ["optviz.framework_broken", "optviz.parity"]
    assert book.build(warnings=True, **config).warnings == []


def test_warnings_of_code_are_told_where_the_author_wants_it(book: Book) -> None:
    code = "import warnings\n\nwarnings.warn('old', DeprecationWarning)\nwarnings.warn('other')"
    book.write("index.rst", page(cell(code)))
    assert book.build().warnings == []
    for wanted, expected in ((["DeprecationWarning"], [(9, "old")]), (["all"], [(9, "old"), (10, "other")])):
        found = messages(book.build(warnings=True, optviz_code_warnings=wanted))
        assert [(line, text.rpartition(": ")[2]) for line, text, _ in found] == expected


# ---- functions of the page as landscapes


def test_function_of_a_cell_is_plotted_with_all_that_landscapes_have(book: Book) -> None:
    start = tabs(
        {
            "numpy, duals": "import hyperduals as hd\nfrom numpy import pi",
            "all": "print('once')\nscale = 2\ndef g(x):\n    return scale * x\ndef f(x):\n    return g(x) ** 2 - pi",
        }
    )
    plot = ".. optplot:: f\n   :from: page\n   :x: -1 : 2\n   :expect:\n      global minimum @ 0\n      1 minimum\n"
    book.write("index.rst", page(start, plot))
    built = book.build(optviz_frameworks=["numpy", "duals"])
    text = html.unescape(built.read("index.html"))
    assert 'alt="Curve of f; x from −1 to 2. 1 minimum."' in text
    assert built.runs == ["f (duals)", "f (numpy)"]
    assert outputs(built) == ["once", "once"]
    book.replace("index.rst", "print('once')", "print('twice')")
    assert book.build(optviz_frameworks=["numpy", "duals"]).runs == []
    book.replace("index.rst", "scale = 2", "scale = 3")
    assert book.build(optviz_frameworks=["numpy", "duals"]).runs == ["f (duals)", "f (numpy)"]


def test_functions_of_a_page_share_axes_and_may_have_two_variables(book: Book) -> None:
    book.write(
        "index.rst",
        page(
            cell(
                "import numpy as np\nf = lambda x: np.sin(x)\ng = lambda x: np.cos(x)\ndef h(x, y):\n    return x * y"
            ),
            ".. optplot:: f g\n   :from: page\n   :x: 0.5 : 3\n",
            ".. optplot:: h\n   :from: page\n   :view: contour\n   :x: -1 : 1\n   :y: -1 : 1\n",
        ),
    )
    text = html.unescape(book.build().read("index.html"))
    assert 'alt="Curve of f, g; x from 0.5 to 3. f: 1 maximum. g: no critical points."' in text
    assert ' of h; x from −1 to 1, y from −1 to 1. 1 saddle."' in text


@pytest.mark.parametrize(
    ("plot", "said"),
    [
        (".. optplot:: k\n   :from: page\n   :x: 0 : 1\n", "no cell of this page before it defines the function k"),
        (".. optplot:: f\n   :from: page\n", "a function of the page has no domain of its own: give :x:"),
        (".. optplot:: f h\n   :from: page\n   :x: 0 : 1\n", "have to take the same number of variables"),
    ],
)
def test_function_of_a_page_that_cannot_be_plotted_is_told(book: Book, plot: str, said: str) -> None:
    book.write("index.rst", page(cell("def f(x):\n    return x\ndef h(x, y):\n    return x"), plot))
    ((_, text, subtype),) = messages(book.build(warnings=True))
    assert subtype == "landscape"
    assert said in text


def test_error_in_a_function_of_the_page_is_told_at_its_line(book: Book) -> None:
    book.write(
        "index.rst",
        page(cell("x = 1\n\ndef f(x):\n    return x.nothing"), ".. optplot:: f\n   :from: page\n   :x: 0 : 1\n"),
    )
    ((line, text, subtype),) = messages(book.build(warnings=True))
    assert (line, subtype) == (10, "execution")
    assert "nothing" in text


# ---- Markdown


MARKDOWN = """\
# Page

```{optplot}
:framework: numpy
:seed: 3

import numpy as np
from matplotlib import pyplot as plt
print('one')
```

````{optplot}
:caption: A *figure*
:name: fig-m

```{framework} numpy
x = np.arange(3)
```

:::{framework} duals
import numpy as np
from matplotlib import pyplot as plt
x = np.arange(3)
:::

```{framework} all
plt.plot(x, x**2)
LINE
```
````

- in a list

  ```{optplot}
  :framework: numpy

  print(x.sum())
  ```

See {numref}`fig-m`.
"""


def test_cells_in_markdown(book: Book) -> None:
    pytest.importorskip("myst_parser")
    start = (
        CONF.replace("extensions = [", "extensions = ['myst_parser', ")
        + "numfig = True\nmyst_enable_extensions = ['colon_fence']\n"
    )
    book.write("conf.py", start)
    (book.folder / "index.rst").unlink()
    book.write("index.md", MARKDOWN.replace("LINE", "1;"))
    built = book.build(optviz_frameworks=["numpy", "duals"])
    text = html.unescape(built.read("index.html"))
    assert outputs(built) == ["one", "3"]
    assert "A <em>figure</em>" in text
    assert '<span class="std std-numref">Fig. 1</span>' in text
    book.write("index.md", MARKDOWN.replace("LINE", "1 / 0"))
    lines = (book.folder / "index.md").read_text().splitlines()
    found = messages(book.build(warnings=True, optviz_frameworks=["numpy", "duals"]))
    assert [lines[line - 1] for line, _, _ in found] == ["1 / 0"] * 2
