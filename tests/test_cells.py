"""Cells: code of the author's own, run a page and framework at a time with the habits of notebooks.

Most tests look at a page of a book that is built once, or at a section of it: what stands there is written above the
test.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import pytest
from conftest import page
from duals import CONF
from reading import Page, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Book, Built, MakeBook
    from reading import Message

pytestmark = pytest.mark.usefixtures("shared_duals")

WITHOUT_IPYTHON = Path(__file__).parent / "without_ipython"

PLT = "import numpy as np\nfrom matplotlib import pyplot as plt"


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


class Pages:
    """The pages of a book; what stands on them is written above the test that looks at it."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.warnings: Counter[str] = Counter()  # by page, how many there have to be

    def add(self, name: str, *parts: str, section: str = "", warnings: int = 0) -> None:
        """Add a page, or a section to it: its cells are then of the same notebook as those above them."""
        title = [section, "-" * len(section), ""] if section else []
        self.texts[name] = self.texts.get(name, page()) + "\n".join([*title, *parts, "", ""])
        self.warnings[f"{name}.rst"] += warnings

    def write(self, book: Book) -> None:
        book.write("index.rst", page(".. toctree::\n   :glob:\n\n   *\n"))
        for name, text in self.texts.items():
            book.write(f"{name}.rst", text)

    def directives(self, name: str, title: str) -> list[int]:
        """The line of each ``optplot`` in a section of a page."""
        return [line for line in directives_of(self.texts[name]) if self.section_at(name, line) == title]

    def section_at(self, name: str, line: int) -> str:
        """The title of the section of a page that a line of its text is in."""
        lines = self.texts[name].split("\n")
        return next((lines[n - 1] for n in range(line - 1, 3, -1) if lines[n] and set(lines[n]) == {"-"}), "")


def outputs(built: Built, name: str = "index.html") -> list[str]:
    """The texts that cells of a page have printed and returned, in order."""
    return built.page(name).outputs


def section(built: Built, name: str, title: str) -> Page:
    """A section of a page."""
    return sections(Path(built.app.outdir, f"{name}.html"))[title.replace(" ", "-")]


@cache
def sections(page: Path) -> dict[str, Page]:
    """All sections of a page that is not written again."""
    found = Page(page.read_text(encoding="utf-8")).all("section > section")
    return {str(part["id"]): Page(str(part)) for part in found}


def ran(built: Built, name: str = "") -> list[str]:
    """The notebooks that were run, as ``index (numpy)``, of the page *name* if there is one."""
    found = re.findall(r"running cells\.\.\. \[ *\d+/\d+\] (\S+) (\(\w+\))", built.status)
    return sorted(f"{its} {framework}" for its, framework in found if name in ("", its))


def directives_of(text: str) -> list[int]:
    """The line of each ``optplot`` in the text of a page."""
    return [number for number, line in enumerate(text.split("\n"), 1) if line.startswith(".. optplot::")]


# ---- two books

FINE = Pages()  # without warnings
WRONG = Pages()


@pytest.fixture
def book(make_book: MakeBook) -> Book:
    made = make_book()
    made.write("conf.py", CONF)
    return made


@pytest.fixture(scope="module")
def fine_book(make_shared_book: MakeBook) -> Book:
    made = make_shared_book(folder="fine")
    made.write("conf.py", CONF + STYLE + "numfig = True\n")
    FINE.write(made)
    return made


@pytest.fixture(scope="module")
def fine(fine_book: Book) -> Built:
    """Its pages in HTML."""
    return fine_book.build()


@pytest.fixture(scope="module")
def fine_text(fine_book: Book, fine: Built) -> Built:
    """The same as text, from the store that the HTML has filled."""
    assert fine.warnings == []
    return fine_book.build("text", optviz_execute="never")


@pytest.fixture(scope="module")
def fine_latex(fine_book: Book, fine: Built) -> Built:
    """The same in LaTeX, from the store that the HTML has filled."""
    assert fine.warnings == []
    return fine_book.build("latex", optviz_execute="never")


@pytest.fixture(scope="module")
def wrong(make_shared_book: MakeBook) -> Built:
    made = make_shared_book(folder="wrong")
    made.write("conf.py", CONF)
    made.write("part.txt", PART)
    WRONG.write(made)
    return made.build(warnings=True)


def messages(wrong: Built, name: str, title: str = "") -> list[Message]:
    """The warnings about a page, or a section of it."""
    found = wrong.messages_in(f"{name}.rst")
    return [message for message in found if not title or WRONG.section_at(name, message.line) == title]


def test_each_mistake_is_reported_once(wrong: Built) -> None:
    assert Counter(message.file for message in wrong.messages) == +WRONG.warnings + Counter({"part.txt": 1})


# ---- with IPython and without


@dataclass(frozen=True)
class Shell:
    """What became of some pages in one of the shells."""

    name: str
    outputs: dict[str, list[str]]  # in each section of one page
    messages: list[Message]


@pytest.fixture(scope="module", params=["IPython", "plain"])
def shell(request: pytest.FixtureRequest, make_shared_book: MakeBook) -> Shell:
    """Cells have run in IPython's shell, or as if the interpreter had none."""
    name: str = request.param
    made = make_shared_book(folder=name)
    made.write("conf.py", CONF)
    IN_SHELLS.write(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIRTUAL_ENV", "/nowhere/active")
        if name == "plain":
            patch.setenv("PYTHONPATH", str(WITHOUT_IPYTHON), prepend=os.pathsep)
        else:
            pytest.importorskip("IPython")
        built = made.build(warnings=True)
    shown = sections(Path(built.app.outdir, "cells.html"))
    return Shell(name, {title: part.outputs for title, part in shown.items()}, built.messages)


IN_SHELLS = Pages()

IN_SHELLS.add("cells", cell("'get_ipython' in globals()"), section="shell")


def test_shell_is_the_one_that_is_there(shell: Shell) -> None:
    assert shell.outputs["shell"] == [str(shell.name == "IPython")]


IN_SHELLS.add("cells", cell("import sys\n[entry for entry in sys.path if 'active' in entry]"), section="path")


def test_environment_that_is_active_is_none_of_the_cells(shell: Shell) -> None:
    assert shell.outputs["path"] == ["[]"]


OUTPUTS: dict[str, list[str]] = {
    "1 + 1": ["2"],
    "1 + 1;": [],
    "1 + 1;  # said": [],
    "x = 3": [],
    "None": [],
    "print('a')\nprint('b')\n'c'": ["a\nb", "'c'"],
    "for i in range(3):\n    i": [],
    "print('\\x1b[31mred\\x1b[0m')": ["red"],
    "for i in range(5):\n    print(f'\\r{i}', end='')": ["4"],
    "print(object())": ["<object object at 0x...>"],
    "import sys\nprint('hidden', file=sys.stderr)": [],
    "display(1)\ndisplay(2)": ["1", "2"],
    "%matplotlib inline\n%config InlineBackend.figure_format = 'svg'\n3": ["3"],
    "# only a comment": [],
    "'ä € 中'": ["'ä € 中'"],
}

for number, code in enumerate(OUTPUTS):
    IN_SHELLS.add("cells", cell(code), section=f"case {number}")


@pytest.mark.parametrize("code", OUTPUTS)
def test_outputs_are_those_of_a_notebook(shell: Shell, code: str) -> None:
    assert shell.outputs[f"case-{list(OUTPUTS).index(code)}"] == OUTPUTS[code]


IN_SHELLS.add("cells", cell("'y' * 10**6"), section="long")


def test_value_that_is_too_long_is_cut(shell: Shell) -> None:
    (text,) = shell.outputs["long"]
    assert re.fullmatch(r"'y{99999}\n\.\.\. and 900002 characters more", text)


IN_SHELLS.add("failing", cell("class A:\n    def __repr__(self): return 1 / 0\nA()"))


def test_value_whose_text_fails_is_an_error(shell: Shell) -> None:
    (message,) = shell.messages
    assert (message.file, message.subtype) == ("failing.rst", "execution")
    assert "ZeroDivisionError" in message.text


# ---- what cells show

FINE.add("names", cell("x = 3"), "Text.\n", cell("x += 1\nprint(x)"), cell("x * 2"))


def test_cells_of_a_page_share_their_names(fine: Built) -> None:
    assert outputs(fine, "names.html") == ["4", "8"]
    assert ran(fine, "names") == ["names (numpy)"]


FINE.add(
    "spoils",
    cell("x = 3\nimport matplotlib as mpl\nmpl.rcParams['lines.linewidth'] = 9"),
    cell(
        "import builtins, os, threading, time\nimport numpy\nbuiltins.print = None\nnumpy.sin = None\nos.chdir('/')\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()"
    ),
)
FINE.add(
    "spared",
    cell("import matplotlib as mpl\nprint('x' in globals(), mpl.rcParams['lines.linewidth'])"),
    cell("import os, numpy\nprint(numpy.sin(0.0), os.getcwd() != '/')"),
)


def test_pages_share_nothing(fine: Built) -> None:
    assert outputs(fine, "spared.html")[0] == "False 1.5"


def test_nothing_of_a_cell_reaches_the_next_page(fine: Built) -> None:
    assert outputs(fine, "spared.html")[1:] == ["0.0 True"]


FINE.add("blocks", tabs({"numpy": "x = 1", "duals": "x = 2", "all": "y = x * 10", "duals, numpy": "print(y)"}))


def test_blocks_are_joined_and_shared(fine: Built) -> None:
    shown = fine.page("blocks.html")
    assert shown.outputs == ["10", "20"]
    assert "y" in shown.texts("span.n")
    assert ran(fine, "blocks") == ["blocks (duals)", "blocks (numpy)"]


FINE.add("all-so-far", tabs({"duals": "x = 1"}), tabs({"all": "print(x)"}))


def test_all_means_the_frameworks_of_the_page_so_far(fine: Built) -> None:
    assert outputs(fine, "all-so-far.html") == ["1"]
    assert ran(fine, "all-so-far") == ["all-so-far (duals)"]


FORMS = {"_repr_html_": "<b>bold</b>", "_repr_latex_": "$x^2$", "__repr__": "plain"}
METHODS = "".join(f"    def {name}(self): return {text!r}\n" for name, text in FORMS.items())

FINE.add("results", cell(f"class T:\n{METHODS}T()", ":hide-code:"), section="rich")


@pytest.mark.oldest_sphinx
def test_rich_results_go_to_the_builders_that_can_show_them(fine: Built, fine_text: Built, fine_latex: Built) -> None:
    assert section(fine, "results", "rich").texts("b") == ["bold"]
    assert "plain" in fine_text.read("results.txt")
    (name,) = fine_latex.files("*.tex")
    assert "x^2" in fine_latex.read(name)
    assert "bold" not in fine_latex.read(name)


FINE.add("results", cell(r"print('a\ud800b')"), section="escapes")


def test_halves_of_characters_are_printed_as_escapes(fine: Built) -> None:
    assert section(fine, "results", "escapes").outputs == [r"a\ud800b"]


FINE.add(
    "results",
    cell("for i in range(30_000): print('0123456789')"),
    cell(f"{PLT}\nplt.rcParams['figure.max_open_warning'] = 0\nfor i in range(100): plt.figure(figsize=(1, 1))"),
    section="much",
)


def test_what_is_too_much_is_counted(fine: Built) -> None:
    text = section(fine, "results", "much").text
    assert "… and 230000 characters more." in text
    assert "… and 60 figures more." in text
    assert len(fine.read("results.html")) < 300_000


COUNTING = cell("count = globals().get('count', 0) + 1\nprint(count)")

FINE.add(
    "nested",
    f"#. One\n\n{indent(COUNTING, '   ')}",
    f".. note::\n\n{indent(COUNTING, '   ')}",
    f".. tabs::\n\n   .. tab:: T\n\n{indent(COUNTING, '      ')}",
)


@pytest.mark.oldest_sphinx
def test_cells_in_lists_and_admonitions_and_tabs_run_once(fine: Built, fine_text: Built) -> None:
    assert outputs(fine, "nested.html") == ["1", "2", "3"]
    text = words(fine_text.read("nested.txt"))
    assert [text.count(f"print(count) {number}") for number in (1, 2, 3, 4)] == [1, 1, 1, 0]


# ---- figures

FINE.add(
    "shows",
    cell(f"{PLT}\nplt.plot([1, 2])\nplt.show()\nprint('between')\nplt.plot([2, 1])\nplt.figure()\nplt.plot([2, 3]);"),
)


def test_show_ends_a_figure_and_the_rest_comes_at_the_end(fine: Built) -> None:
    shown = fine.page("shows.html")
    assert len(fine.files("_images/shows-*.svg")) == 3
    order = [element.name for element in shown.all("div.body img, div.body .optviz-output")]
    assert order == ["img", "div", "img", "img"]
    assert shown.outputs == ["between"]
    assert "Plot with line 1." in shown.alts


def test_figure_for_latex_comes_from_the_store(fine_latex: Built) -> None:
    assert len(fine_latex.files("shows-*.pdf")) == 3


FINE.add(
    "caption",
    cell(f"{PLT}\nplt.plot([1, 2], label='one');", ":name: fig-one", ":caption: The *one*."),
    "See :numref:`fig-one`.\n",
)


@pytest.mark.oldest_sphinx
def test_caption_and_name_make_a_figure_with_a_number(fine: Built) -> None:
    shown = fine.page("caption.html")
    (image,) = shown.all("figure#fig-one > img:first-child")
    assert image["alt"] == "Plot with line 1 ('one')."
    assert shown.texts("figure#fig-one span.caption-text") == ["The one."]
    assert shown.texts("figure#fig-one span.caption-text em") == ["one"]
    assert shown.texts("a > span.std-numref") == ["Fig. 1"]


WRONG.add("options", cell("x = 1", ":caption: Nothing"), section="caption", warnings=1)


def test_caption_without_a_figure_is_reported(wrong: Built) -> None:
    (message,) = messages(wrong, "options", "caption")
    assert (message.line, message.subtype) == (WRONG.directives("options", "caption")[0], "directive")
    assert message.text == "the cell has a caption and draws no figure"


FINE.add("chance", cell(f"{PLT}\nplt.plot(np.random.rand(5))\nplt.title(str(np.random.default_rng().random()));"))


def test_figures_are_the_same_in_every_build(fine: Built, book: Book) -> None:
    book.write("conf.py", CONF + STYLE)
    again = Pages()
    again.texts["chance"] = FINE.texts["chance"]
    again.write(book)
    built = book.build()
    (name,) = fine.files("_images/chance-*.svg")
    assert built.files("_images/*.svg") == [name]
    assert built.read(f"_images/{name}") == fine.read(f"_images/{name}")


START = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M 0.12345 0"/></svg>'

FINE.add(
    "drawings",
    cell(f"{PLT}\nplt.plot([1, 2])\nplt.title('a b');"),
    cell(f"class Drawing:\n    def _repr_svg_(self): return {START + SVG!r}\nDrawing()"),
)


def test_images_have_nothing_that_epub_refuses(fine: Built) -> None:
    names = fine.files("_images/drawings-*.svg")
    shown, drawn = sorted((fine.read(f"_images/{name}") for name in names), key=len)
    assert shown == SVG
    assert "<!DOCTYPE" not in drawn
    assert re.findall(r'<path id="[^"]*"/>', drawn) == []


FINE.add(
    "frames",
    cell(
        f"{PLT}\nfrom matplotlib import animation\nfig, ax = plt.subplots()\nline, = ax.plot([0, 1], [0, 0])\n"
        "def update(i):\n    line.set_ydata([0, i])\n    return [line]\n"
        "moving = animation.FuncAnimation(fig, update, frames=5)"
    ),
    cell("print(line.get_ydata())"),
)


def test_frame_that_was_drawn_last_is_what_is_shown(fine: Built) -> None:
    assert outputs(fine, "frames.html") == ["[0, 4]"]
    assert len(fine.files("_images/frames-*.svg")) == 1


STYLE = "optviz_rcparams = {'lines.markersize': 7}\n"

FINE.add(
    "style",
    cell(f"{PLT}\nprint(plt.rcParams['lines.markersize'])\nplt.rcParams['figure.figsize'] = (1, 2)"),
    cell("print(plt.rcParams['figure.figsize'])"),
)


def test_authors_style_is_used(fine: Built) -> None:
    assert outputs(fine, "style.html")[0] == "7.0"


def test_settings_of_matplotlib_carry_from_cell_to_cell(fine: Built) -> None:
    assert outputs(fine, "style.html")[1:] == ["[1.0, 2.0]"]


# ---- options

FINE.add(
    "options",
    cell("secret = 1\nprint('shown')", ":hide-code:"),
    cell("print('hidden')", ":hide-output:"),
    section="parts",
)


def test_code_and_output_can_be_hidden(fine: Built) -> None:
    assert section(fine, "options", "parts").outputs == ["shown"]
    assert "secret" not in fine.read("options.html")


FINE.add("options", cell("x = 1", ":code-fold: Show it"), section="folded")


@pytest.mark.oldest_sphinx
def test_code_can_be_folded(fine: Built, fine_text: Built) -> None:
    shown = section(fine, "options", "folded")
    assert shown.texts("details.optviz-fold > summary:first-child") == ["Show it"]
    assert "Show it" not in fine_text.read("options.txt")


FINE.add("options", cell("a = 1\nb = 2\nc = 3", ":lineno-start: 7", ":emphasize-lines: 2"), section="lines")


@pytest.mark.oldest_sphinx
def test_lines_are_numbered_and_emphasized(fine: Built) -> None:
    shown = section(fine, "options", "lines")
    assert shown.texts("span.linenos") == ["7", "8", "9"]
    assert shown.texts("span.hll span.n") == ["b"]


SEEDED = "import random\nimport numpy as np\nprint(random.random(), np.random.rand())"

FINE.add("options", cell(SEEDED, ":seed: 5"), cell(SEEDED, ":seed: 5"), cell(SEEDED), section="seeds")


def test_seed_is_fixed_and_can_be_given(fine: Built) -> None:
    first, second, third = section(fine, "options", "seeds").outputs
    assert first == second != third


FINE.add("options", cell("x = 1\n1 / 0", ":expect-error:"), cell("print(x)"), section="expected")


def test_error_that_is_expected_is_the_output(fine: Built) -> None:
    error, after = section(fine, "options", "expected").outputs
    assert error.endswith("ZeroDivisionError: division by zero")
    assert after == "1"


WRONG.add("options", cell("x = 1", ":expect-error:"), section="expected", warnings=1)


def test_error_that_is_expected_and_does_not_come_is_reported(wrong: Built) -> None:
    (message,) = messages(wrong, "options", "expected")
    assert (message.line, message.subtype) == (WRONG.directives("options", "expected")[0], "execution")
    assert message.text.endswith("no error was raised, though one is expected")


OPTIONS = {
    ":seed: -1": "whole number",
    ":timeout: 0": "more than 0",
    ":expect-error: yes": "takes no value",
    ":hide-cod:": "Did you mean 'hide-code'?",
    ":depends: nothing.csv": "cannot be read",
    ":code: beside": "",
    ":framework: pytorhc": "Did you mean 'pytorch'?",
}

for number, option in enumerate(OPTIONS):
    named = [] if option.startswith(":framework:") else ["   :framework: numpy"]
    text = "\n".join([".. optplot::", *named, f"   {option}", "", "   print('still run')"])
    WRONG.add("options", text, section=f"case {number}", warnings=1)


@pytest.mark.parametrize("option", OPTIONS)
def test_option_that_is_wrong_is_reported(wrong: Built, option: str) -> None:
    title = f"case {list(OPTIONS).index(option)}"
    (message,) = messages(wrong, "options", title)
    assert message.subtype == "directive"
    assert OPTIONS[option] in message.text
    assert section(wrong, "options", title).outputs == ["still run"]


# ---- what runs again

EDITED = Pages()

Change = tuple[str, str, str]  # file, old text and new
OTHER_WORDS: list[Change] = []
OTHER_CODE: list[Change] = []


@dataclass(frozen=True)
class Step:
    """A build of the book of these pages."""

    ran: list[str]
    outputs: dict[str, list[str]]  # by page
    images: list[str]
    messages: list[Message]

    def ran_on(self, name: str) -> list[str]:
        return [label for label in self.ran if label.startswith(f"{name} ")]


@dataclass(frozen=True)
class History:
    """Its builds, in this order."""

    folder: Path
    first: Step
    unchanged: Step
    other_words: Step
    other_code: Step


@pytest.fixture(scope="module")
def history(make_shared_book: MakeBook) -> History:
    made = make_shared_book(folder="edited")
    made.write("conf.py", CONF)
    EDITED.write(made)
    for name, text in BESIDE.items():
        made.write(name, text)

    def step(*changes: Change, warnings: bool = False) -> Step:
        for change in changes:
            made.replace(*change)
        built = made.build(warnings=warnings)
        shown = {name: outputs(built, f"{name}.html") for name in EDITED.texts}
        return Step(ran(built), shown, built.files("_images/*"), built.messages)

    first, unchanged, other_words = step(), step(), step(*OTHER_WORDS)
    # Within the second in which the first build read it, of the same length.
    written = (made.folder / "deeper.py").stat().st_mtime
    made.replace("deeper.py", "value = 1", "value = 2")
    os.utime(made.folder / "deeper.py", (written, written))
    (entry,) = (path for path in made.store if "again" in path.read_text())
    entry.write_text(entry.read_text().replace("again", "wrong"))
    return History(made.folder, first, unchanged, other_words, step(*OTHER_CODE, warnings=True))


def test_book_that_has_not_changed_runs_nothing(history: History) -> None:
    assert {label.partition(" ")[0] for label in history.first.ran} == set(EDITED.texts)
    assert history.unchanged.ran == []
    assert history.unchanged.outputs == history.first.outputs


for name in ("same", "other"):
    EDITED.add(name, tabs({"numpy": "x = 1", "duals": "x = 2"}), cell("print(x)", framework="duals"), "Words.\n")
OTHER_WORDS += [("other.rst", "Words.", "Other words.\n\nMore.")]
OTHER_CODE += [("other.rst", "x = 2", "x = 3")]


def test_prose_runs_nothing_and_an_edited_cell_its_page_alone(history: History) -> None:
    for name in ("same", "other"):
        assert history.first.ran_on(name) == [f"{name} (duals)", f"{name} (numpy)"]
    assert history.other_words.ran == []
    assert history.other_code.ran_on("same") == []
    assert history.other_code.ran_on("other") == ["other (duals)"]
    assert history.other_code.outputs["other"] == ["3"]


FIGURE = f"""{PLT}
class Counted(plt.Figure):
    drawn = 0
    def savefig(self, *arguments, **options):
        Counted.drawn += 1
        super().savefig(*arguments, **options)
plt.figure(FigureClass=Counted).gca().plot([1, 2]);"""

EDITED.add(
    "last-cell",
    cell("import time\nstarted = time.time_ns()\nprint(started)"),
    cell(FIGURE),
    cell("print(Counted.drawn > 0, started > 0)"),
)
OTHER_CODE += [("last-cell.rst", "started > 0)", "started > 0)  # edited")]


def test_cells_before_the_edited_one_run_for_their_names_and_keep_their_outputs(history: History) -> None:
    clock, seen = history.first.outputs["last-cell"]
    assert seen == "True True"
    assert history.other_code.ran_on("last-cell") == ["last-cell (numpy)"]
    assert history.other_code.outputs["last-cell"] == [clock, "False True"]
    assert len([name for name in history.other_code.images if name.startswith("last-cell-")]) == 1


BESIDE = {"helper.py": "import deeper\nvalue = deeper.value\n", "deeper.py": "value = 1\n", "data.txt": "1"}

EDITED.add("imports", cell("def later():\n    import helper\n    return helper.value"), cell("later()"))


def test_helper_module_is_found_and_its_change_runs_what_uses_it(history: History) -> None:
    assert history.first.outputs["imports"] == ["1"]
    assert history.unchanged.ran_on("imports") == []
    assert not list(history.folder.rglob("__pycache__"))
    assert history.other_code.ran_on("imports") == ["imports (numpy)"]
    assert history.other_code.ran_on("same") == []
    assert history.other_code.outputs["imports"] == ["2"]


EDITED.add("depends", cell("print(open('data.txt').read())", ":depends: data.txt"))
OTHER_CODE += [("data.txt", "1", "2")]


def test_file_that_a_cell_depends_on(history: History) -> None:
    assert history.first.outputs["depends"] == ["1"]
    assert history.other_code.ran_on("depends") == ["depends (numpy)"]
    assert history.other_code.outputs["depends"] == ["2"]


EDITED.add("damaged", "Words.\n", cell("print('again')"))
OTHER_CODE += [("damaged.rst", "Words.", "New.")]


def test_damaged_entry_is_a_miss(history: History) -> None:
    assert history.other_code.ran_on("damaged") == ["damaged (numpy)"]
    assert history.other_code.outputs["damaged"] == ["again"]
    assert [message.subtype for message in history.other_code.messages] == ["store"]


def test_stored_cells_stand_where_the_interpreter_does_not_start(book: Book) -> None:
    book.write("index.rst", page(cell("print(1)")))
    book.build()
    book.write("index.rst", page(cell("print(1)"), cell("print(2)")))
    built = book.build(warnings=True, optviz_interpreters={"numpy": "/nowhere/python"})
    assert outputs(built) == ["1"]
    assert [message.subtype for message in built.messages] == ["framework_broken"]


def test_helper_module_beside_conf_py_is_found_wherever_the_store_is(book: Book) -> None:
    book.write("conf.py", CONF + "optviz_store = '../elsewhere'\n")
    book.write("helper.py", "value = 7\n")
    book.write("part/index.rst", page(cell("import helper; helper.value")))
    book.write("index.rst", "Start\n=====\n\n.. toctree::\n\n   part/index\n")
    assert outputs(book.build(), "part/index.html") == ["7"]


def test_store_is_enough_and_a_failed_cell_is_not_in_it(book: Book) -> None:
    book.write("index.rst", page(cell("print('kept')"), cell("1 / 0")))
    book.build("text", warnings=True)
    built = book.build(warnings=True, optviz_execute="never")
    assert outputs(built)[0] == "kept"
    assert [message.subtype for message in built.messages] == ["not_run"]


# ---- errors

WRONG.add(
    "fails",
    "Text.\n",
    cell("def f(x):\n    return x / 0"),
    cell("a = 1\nf(a)"),
    cell("print('never')"),
    warnings=1,
)


def test_error_is_reported_at_its_line_with_a_short_traceback(wrong: Built) -> None:
    (message,) = messages(wrong, "fails")
    assert message.subtype == "execution"
    assert WRONG.texts["fails"].splitlines()[message.line - 1].strip() == "f(a)"
    assert message.text.startswith("cell 2 of fails (numpy): ZeroDivisionError: division by zero; details in ")
    shown = wrong.page("fails.html")
    (traceback,) = shown.outputs
    assert 'File "cell 2 of fails", line 2' in traceback
    assert 'File "cell 1 of fails", line 2, in f' in traceback
    assert "not run, because an earlier cell failed" in shown.text


NO_PYTHON = {"x = = 3": 7, "def f(:\n    pass": 7, "y = 1\n  z = 2": 8}  # the line

for number, code in enumerate(NO_PYTHON):
    WRONG.add(f"no-python-{number}", cell(code), warnings=1)


@pytest.mark.parametrize("code", NO_PYTHON)
def test_syntax_error_is_reported_at_its_line(wrong: Built, code: str) -> None:
    (message,) = messages(wrong, f"no-python-{list(NO_PYTHON).index(code)}")
    assert message.line == NO_PYTHON[code]
    assert "Error" in message.text


PART = "Text.\n\n" + cell("x = 1\n1 / 0")

WRONG.add("includes", ".. include:: part.txt\n")


@pytest.mark.oldest_sphinx
def test_line_of_an_error_in_an_included_file(wrong: Built) -> None:
    (line,) = (message.line for message in wrong.messages if message.file == "part.txt")
    assert line == 7


HOSTILE = {
    "os._exit": ("import os\nos._exit(3)", "the interpreter ended in the middle"),
    "sys.exit": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "signal": ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "the interpreter ended in the middle"),
    "loop": ("while True: pass", "still running after 0.2 seconds"),
    "flood": ("while True: print('x' * 1000)", "still running after 0.2 seconds"),
}

for name, (code, said) in HOSTILE.items():
    limit = [":timeout: 0.2"] if "0.2 seconds" in said else []  # none for those that end before it
    WRONG.add(name, cell(code, *limit), warnings=1)
WRONG.add("nearby", cell("print('fine')"))


@pytest.mark.parametrize("name", HOSTILE)
def test_cell_that_ends_its_interpreter_ends_nothing_else(wrong: Built, name: str) -> None:
    (message,) = messages(wrong, name)
    assert HOSTILE[name][1] in message.text
    assert outputs(wrong, "nearby.html") == ["fine"]


# ---- agreement

FINE.add(
    "agreement",
    tabs({"all": f"{PLT}\nx = np.linspace(0, 1, 5)\nplt.plot(x, x**2, label='s')\nx.sum()"}),
    section="same",
)


def test_frameworks_that_draw_and_return_the_same_agree(fine: Built) -> None:
    (note,) = section(fine, "agreement", "same").notes
    assert "agree (largest difference 0)" in note


DIFFERENT = {
    "plt.plot([0, 1], [0, 1 + off], label='s');": (
        "line 1 ('s') of axes 1 of figure 1: 1 of 2 numbers differ, most of all at x = 1: "
    ),
    "plt.scatter([0, 1], [0, 1 + off]);": "points 1 of axes 1 of figure 1: 1 of 4 numbers differ",
    "plt.imshow([[0, 1 + off]]);": "image 1 of axes 1 of figure 1: 1 of 2 numbers differ",
    "plt.bar([0, 1], [1, 1 + off]);": "patch 2 of axes 1 of figure 1",
    (
        "axes = plt.subplots(subplot_kw={'projection': '3d'})[1]\n"
        "axes.plot_wireframe(*np.meshgrid([0, 1.], [0, 1.]), np.array([[0, 1], [2, 3 + off]]));"
    ): "surface 1",
    "np.array([1.0, 2 + off])": "the value it returns: 1 of 2 numbers differ",
    "(1.0, [2 + off])": "the value it returns",
    "np.zeros(2 + bool(off))": "the value it returns: shape (3,), and (2,) with ",
    "[plt.plot([1, 2]) for _ in range(1 + bool(off))];": "it draws 2 artists, and ",
    "1.0 if off else None": "the value it returns: 1 array, and no array with ",
}

SMALL = f"{PLT}\nplt.rcParams['figure.figsize'] = (1, 1)"  # drawn in half the time

WRONG.add("different", tabs({"all": SMALL, "numpy": "off = 0", "duals": "off = 0.1"}))
for number, code in enumerate(DIFFERENT):
    cells = (tabs({"all": code}, *options) for options in ([":no-agreement:", ":figure: none"], []))
    WRONG.add("different", *cells, section=f"case {number}", warnings=1)


@pytest.mark.parametrize("code", DIFFERENT)
def test_artist_or_value_that_differs_is_named(wrong: Built, code: str) -> None:
    title = f"case {list(DIFFERENT).index(code)}"
    (message,) = messages(wrong, "different", title)
    _, compared = WRONG.directives("different", title)
    assert (message.line, message.subtype) == (compared, "agreement")
    assert DIFFERENT[code] in message.text


WRONG.add(
    "different",
    tabs({"numpy": "{'a': 1, 'b': [2.0]}", "duals": "{'a': 1, 'b': [2.5]}"}),
    section="dictionary",
    warnings=1,
)


def test_numbers_in_a_dictionary_are_compared(wrong: Built) -> None:
    assert [message.subtype for message in messages(wrong, "different", "dictionary")] == ["agreement"]


LATE = {
    "quiver": f"{PLT}\nplt.quiver([0, 1], [0, 1], [1, 1], [1, 2]);",
    "contours in space": (
        f"{PLT}\nx, y = np.meshgrid([0, 1, 2], [0, 1, 2])\nplt.axes(projection='3d').contour(x, y, x * y);"
    ),
}

for name, code in LATE.items():
    FINE.add("agreement", tabs({"numpy": code, "duals": code}), section=name)


@pytest.mark.parametrize("name", LATE)
def test_what_artists_hold_only_when_they_are_drawn_is_compared(fine: Built, name: str) -> None:
    (note,) = section(fine, "agreement", name).notes
    assert "agree (largest difference " in note


FINE.add(
    "agreement",
    tabs({"numpy": f"{PLT}\nnp.random.rand(2)", "duals": f"{PLT}\nnp.random.rand(3)"}),
    section="random",
)


def test_random_numbers_are_no_disagreement(fine: Built) -> None:
    assert "Random numbers were drawn" in section(fine, "agreement", "random").text


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
    assert "Random numbers were drawn" in built.page().text


WRONG.add(
    "after-chance",
    tabs({"numpy": f"{PLT}\nx = np.random.rand(2)", "duals": f"{PLT}\nx = np.random.rand(3)"}),
    tabs({"numpy": "y = x + 1\ny.sum()", "duals": "y = x + 1\ny.sum()"}),
    tabs({"numpy": "def f(x): return 2 * x\nf(3)", "duals": "def f(x): return 3 * x\nf(3)"}),
    warnings=1,
)


def test_what_does_not_depend_on_chance_is_compared_after_it(wrong: Built) -> None:
    (message,) = messages(wrong, "after-chance")
    assert message.subtype == "agreement"
    assert "cell 3" in message.text
    assert wrong.page("after-chance.html").text.count("Random numbers were drawn") == 1


# ---- where cells stand

WRONG.add("outside", ".. framework:: numpy\n\n   print('lost')\n", warnings=1)


def test_framework_block_outside_of_a_cell_is_reported(wrong: Built) -> None:
    (message,) = messages(wrong, "outside")
    assert (message.line, message.subtype) == (4, "directive")
    assert "does not run" in message.text


@pytest.mark.oldest_sphinx
def test_parallel_reading_keeps_the_order(book: Book) -> None:
    pages = Pages()
    for number in range(8):
        pages.add(f"p{number}", cell("a = [1]"), cell("a.append(2)"), cell("a"))
    pages.write(book)
    built = book.build(parallel=2)
    assert [outputs(built, f"{name}.html") for name in pages.texts] == [["[1, 2]"]] * 8


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


# The last framework is not there.
THREE = CONF.replace("'duals'", "'duals', 'jax'") + (
    "optviz_interpreters = {'jax': '/nowhere/python'}\nsuppress_warnings = ['optviz.framework_broken']\n"
)


@pytest.fixture(scope="module")
def with_tabs_that_do_not_go_together(make_shared_book: MakeBook) -> Built:
    """A page for each case; nothing of it is run."""
    made = make_shared_book(folder="parity")
    made.write("conf.py", THREE)
    pages = Pages()
    for name, (groups, _) in PARITY.items():
        pages.add(name.replace(" ", "-"), *groups)
    pages.write(made)
    without: Any = {"optviz_execute": "never", "suppress_warnings": ["optviz.not_run"]}
    built = made.build("text", warnings=True, **without)
    without["suppress_warnings"] += ["optviz.parity"]
    assert made.build("text", **without).warnings == [], "an author may want it so"
    return built


@pytest.mark.parametrize("name", PARITY)
def test_tabs_that_do_not_go_together_are_reported(with_tabs_that_do_not_go_together: Built, name: str) -> None:
    groups, expected = PARITY[name]
    starts = directives_of(page(*groups))
    found = messages(with_tabs_that_do_not_go_together, name.replace(" ", "-"))
    assert [(message.line, message.text, message.subtype) for message in found] == [
        (starts[index], text, "parity") for index, text in expected
    ]


def test_tabs_are_checked_where_one_framework_does_not_start(book: Book) -> None:
    """The others run."""
    groups, expected = PARITY["a name is missing"]
    book.write("conf.py", THREE)
    book.write("index.rst", page(*groups))
    built = book.build("text", warnings=True)
    assert ran(built) == ["index (duals)", "index (jax)", "index (numpy)"]
    assert [(message.text, message.subtype) for message in built.messages] == [(text, "parity") for _, text in expected]


def test_nothing_else_is_reported_of_tabs(with_tabs_that_do_not_go_together: Built) -> None:
    assert len(with_tabs_that_do_not_go_together.messages) == sum(len(expected) for _, expected in PARITY.values())


def test_warnings_of_code_are_reported_where_the_author_wants_it(book: Book) -> None:
    code = "import warnings\n\nwarnings.warn('old', DeprecationWarning)\nwarnings.warn('other')"
    book.write("index.rst", page(cell(code)))
    assert book.build("text").warnings == []
    for wanted, expected in ((["DeprecationWarning"], [(9, "old")]), (["all"], [(9, "old"), (10, "other")])):
        found = book.build("text", warnings=True, optviz_code_warnings=wanted).messages
        assert [(message.line, message.text.rpartition(": ")[2]) for message in found] == expected


# ---- functions of the page as landscapes

PLOTTED = Pages()


@pytest.fixture(scope="module")
def plotted(make_shared_book: MakeBook) -> tuple[Book, Built]:
    """A book whose cells define functions, and what came of it in HTML."""
    made = make_shared_book(folder="plotted")
    made.write("conf.py", CONF)
    PLOTTED.write(made)
    return made, made.build()


PLOTTED.add(
    "edited",
    tabs(
        {
            "numpy, duals": "import hyperduals as hd\nfrom numpy import pi",
            "all": "print('once')\nscale = 2\ndef g(x):\n    return scale * x\ndef f(x):\n    return g(x) ** 2 - pi",
        }
    ),
    ".. optplot:: f\n   :from: page\n   :x: -1 : 2\n   :expect:\n      global minimum @ 0\n      1 minimum\n",
)


def test_function_of_a_cell_is_plotted_with_all_that_landscapes_have(plotted: tuple[Book, Built]) -> None:
    book, built = plotted
    shown = built.page("edited.html")
    assert "Curve of f; x from −1 to 2. 1 minimum." in shown.alts
    assert [run for run in built.runs if run.startswith("f ")] == ["f (duals)", "f (numpy)"]
    assert shown.outputs == ["once", "once"]
    book.replace("edited.rst", "print('once')", "print('twice')")
    assert book.build("text").runs == []
    book.replace("edited.rst", "scale = 2", "scale = 3")
    assert book.build("text").runs == ["f (duals)", "f (numpy)"]


PLOTTED.add(
    "several",
    cell("import numpy as np\nk = lambda x: np.sin(x)\ng = lambda x: np.cos(x)\ndef h(x, y):\n    return x * y"),
    ".. optplot:: k g\n   :from: page\n   :x: 0.5 : 3\n",
    ".. optplot:: h\n   :from: page\n   :view: contour\n   :x: -1 : 1\n   :y: -1 : 1\n",
)


def test_functions_of_a_page_share_axes_and_may_have_two_variables(plotted: tuple[Book, Built]) -> None:
    curves, contours = plotted[1].page("several.html").alts
    assert curves == "Curve of k, g; x from 0.5 to 3. k: 1 maximum. g: no critical points."
    assert contours.endswith(" of h; x from −1 to 1, y from −1 to 1. 1 saddle.")


NOT_PLOTTED = {
    ".. optplot:: k\n   :from: page\n   :x: 0 : 1\n": "no cell of this page before it defines the function k",
    ".. optplot:: f\n   :from: page\n": "a function of the page has no domain of its own: give :x:",
    ".. optplot:: f h\n   :from: page\n   :x: 0 : 1\n": "have to take the same number of variables",
}

WRONG.add("not-plotted", cell("def f(x):\n    return x\ndef h(x, y):\n    return x"))
for number, text in enumerate(NOT_PLOTTED):
    WRONG.add("not-plotted", text, section=f"case {number}", warnings=1)


@pytest.mark.parametrize("plot", NOT_PLOTTED)
def test_function_of_a_page_that_cannot_be_plotted_is_reported(wrong: Built, plot: str) -> None:
    (message,) = messages(wrong, "not-plotted", f"case {list(NOT_PLOTTED).index(plot)}")
    assert message.subtype == "landscape"
    assert NOT_PLOTTED[plot] in message.text


WRONG.add(
    "raises",
    cell("x = 1\n\ndef f(x):\n    return x.nothing"),
    ".. optplot:: f\n   :from: page\n   :x: 0 : 1\n",
    warnings=1,
)


def test_error_in_a_function_of_the_page_is_reported_at_its_line(wrong: Built) -> None:
    (message,) = messages(wrong, "raises")
    assert (message.line, message.subtype) == (10, "execution")
    assert "nothing" in message.text


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


@pytest.mark.oldest_sphinx
def test_cells_in_markdown(book: Book) -> None:
    pytest.importorskip("myst_parser")
    start = (
        CONF.replace("extensions = [", "extensions = ['myst_parser', ")
        + "numfig = True\nmyst_enable_extensions = ['colon_fence']\n"
    )
    book.write("conf.py", start)
    fine, failing = MARKDOWN.replace("LINE", "1;"), MARKDOWN.replace("LINE", "1 / 0").replace("fig-m", "fig-f")
    Pages().write(book)
    book.write("fine.md", fine)
    book.write("wrong.md", failing)
    built = book.build(warnings=True)
    shown = built.page("fine.html")
    assert shown.outputs == ["one", "3"]
    assert shown.texts("figcaption em") == ["figure"]
    assert shown.texts("a > span.std-numref") == ["Fig. 1"]
    lines = failing.splitlines()
    assert [(message.file, lines[message.line - 1]) for message in built.messages] == [("wrong.md", "1 / 0")] * 2


def test_error_that_was_expected_is_one_when_the_author_no_longer_expects_it(book: Book) -> None:
    book.write("index.rst", page(cell("1 / 0", ":expect-error:")))
    book.build("text")
    book.write("index.rst", page(cell("1 / 0")))
    (message,) = book.build("text", warnings=True).messages
    assert message.subtype == "execution"
    assert "ZeroDivisionError" in message.text


def test_drawing_that_is_too_large_for_a_page_is_one_of_dots_in_every_builder(book: Book) -> None:
    many = "plt.rcParams['path.simplify'] = False\nplt.plot(np.random.rand(120_000));"
    book.write("index.rst", page(cell(f"{PLT}\n{many}")))
    assert [Path(name).suffix for name in book.build().files("_images/*")] == [".png"]
    latex = book.build("latex")
    assert [name for name in latex.files("index-*") if not name.endswith(".png")] == []
    assert latex.files("index-*.png") != []


def test_warning_of_a_library_is_reported_at_the_cell_and_not_at_the_librarys_line(book: Book) -> None:
    book.write("library.py", "import warnings\n\n\ndef f():\n    warnings.warn('old')\n")
    book.write("index.rst", page(cell("import library\n\n\n\nlibrary.f()\nx = 1")))
    (message,) = book.build("text", warnings=True, optviz_code_warnings=["all"]).messages
    assert (message.file, message.line, message.subtype) == ("index.rst", 7, "code_warning")
