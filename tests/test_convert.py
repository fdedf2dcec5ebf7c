"""Pages of d2lbook and of Matplotlib's plot directive become pages that build."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from hypothesis import given
from hypothesis import strategies as st

from sphinx_optviz import cli
from sphinx_optviz.convert.branches import BranchError, for_framework
from sphinx_optviz.convert.cells import Block, grouped
from sphinx_optviz.convert.escaping import Piece, joined, link, literal, paragraph
from sphinx_optviz.convert.pages import SourceError, converted

if TYPE_CHECKING:
    from conftest import Book

SNIPPETS = Path(__file__).parent.parent / "docs/snippets"


@pytest.fixture
def convert(tmp_path: Path) -> Any:
    """Converts a page of Markdown, beside files such as ``a_svg="..."``; gives its text, and what was found."""

    def convert(text: str, **others: str) -> tuple[str, list[str]]:
        (tmp_path / "page.md").write_text(text, encoding="utf-8")
        for name, content in others.items():
            (tmp_path / name.replace("_", ".")).write_text(content, encoding="utf-8")
        outcome = converted([tmp_path])
        found = [f"{finding.line}: {finding.message}" for finding in outcome.findings]
        return outcome.pages["page.rst"], found

    return convert


def read(text: str) -> nodes.document:
    """*text* as docutils reads it; it has to be content with it."""
    return publish_doctree(text, settings_overrides={"report_level": 1, "halt_level": 1, "_disable_config": True})


# ---- text


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs", "Cf"]) | st.just(" "), min_size=1)
MARKED = st.text("ab1.:;-_*`|\\[](){}<>'\"#+=~^@/ \n", min_size=1, max_size=30)


@given(TEXT | MARKED)
def test_text_stays_the_same_text(text: str) -> None:
    wanted = " ".join(text.split())
    read_back = read("\n".join(paragraph(joined([Piece(text)]))) + "\n")
    assert " ".join(read_back.astext().split()) == wanted
    assert len(read_back.children) <= 1


@given(MARKED, MARKED, MARKED)
def test_markup_between_text_is_markup(before: str, code: str, after: str) -> None:
    code = f"a{' '.join(code.split())}b"
    document = read("\n".join(paragraph(joined([Piece(before), Piece(literal(code), is_markup=True), Piece(after)]))))
    [found] = document.findall(nodes.literal)
    assert found.astext() == code
    assert " ".join(document.astext().split()) == " ".join(f"{before}{code}{after}".split())


@given(MARKED)
def test_the_text_of_a_link_stays_the_same(text: str) -> None:
    text = f"a{text}b"
    document = read(link(text, "//example.org/a_b_"))
    [found] = document.findall(nodes.reference)
    assert found["refuri"] == "//example.org/a_b_"
    assert found.astext() == " ".join(text.split())


@pytest.mark.parametrize(
    ("markdown", "wanted"),
    [
        ("a*b*c", "a\\ *b*\\ c"),
        ("**bold** and *em $x$ on*", "**bold** and *em* :math:`x` *on*"),
        ("the $n$-th, $x$s", "the :math:`n`-th, :math:`x`\\ s"),
        ("2$\\times$2", "2\\ :math:`\\times`\\ 2"),
        ("snake_case and trailing_", "snake_case and trailing\\_"),
        ("see [here](https://example.org)", "see `here <https://example.org>`__"),
        ("`x`s", "``x``\\ s"),
        ("ends with::", "ends with:\\:"),
        ("(i) first", "\\(i) first"),
        ("(**for slides $x$**) and [**more**]", "for slides :math:`x` and more"),
        ("stays (~~on the slide~~)", "stays"),
        ("**特別**な文字", "**特別**\\ な文字"),
        ("[**a**](https://example.org)", "`a <https://example.org>`__"),
        ("# 図\n:label:`z`\n\n見よ:ref:`z`を", ".. _z:\n\n図\n===\n\n見よ\\ :ref:`z`\\ を"),
    ],
)
def test_inline_markup(convert: Any, markdown: str, wanted: str) -> None:
    text, found = convert(markdown)
    assert text == f"{wanted}\n"
    assert found == []


# ---- blocks


def test_labels_references_figures_tables_and_equations(convert: Any) -> None:
    text, found = convert(
        "# Slopes\n:label:`sec_s`\n\nSee :numref:`sec_s`, :numref:`fig_a`, :numref:`tab_t`, :eqref:`eq_e`.\n\n"
        "![A *nice* one.](a.svg)\n:width:`40px`\n:label:`fig_a`\n\n$$x = 1\n\n+ 2$$\n:eqlabel:`eq_e`\n\n"
        ":Numbers $n$.\n\n| a | b |\n|---|---|\n| 1 | |\n:label:`tab_t`\n",
        a_svg="<svg/>",
    )
    assert ".. _sec_s:\n\nSlopes\n======\n" in text
    assert "See :ref:`sec_s`, :numref:`fig_a`, :numref:`tab_t`, :eq:`eq_e`." in text
    assert ".. math::\n   :label: eq_e\n\n   x = 1\n   + 2\n" in text
    assert ".. list-table:: Numbers :math:`n`.\n   :header-rows: 1\n   :name: tab_t\n\n   * - a\n     - b\n" in text
    assert ".. figure:: a.svg\n   :width: 40px\n   :name: fig_a\n\n   A *nice* one.\n" in text
    assert found == []


def test_a_formula_ends_the_paragraph_above(convert: Any) -> None:
    text, found = convert("so\n$$x\n\n+ y$$\nis $$z$$ here")
    assert text == "so\n\n.. math::\n\n   x\n   + y\n\nis\n\n.. math::\n\n   z\n\nhere\n"
    assert found == []


def test_what_is_not_there_is_told_and_plain_text(convert: Any) -> None:
    text, found = convert("One :numref:`x`, :eqref:`y`, :cite:`z` and [a](b.md).\n\n![Fig](c.svg)\n:label:`f`\n")
    assert text == (
        "One ``x``, ``y``, [z] and a.\n\n.. Not converted: :numref:`x` :eqref:`y` :cite:`z` [a](b.md)\n\n"
        "Fig\n\n.. Not converted: ![Fig](c.svg) :label:`f`\n"
    )
    assert [line.partition(":")[0] for line in found] == ["1", "1", "1", "1", "3"]


def test_what_stands_below_another_is_not_read_as_a_part_of_it(convert: Any) -> None:
    text, _ = convert("- a\n\n* b\n\n> c\n\nd\n\n> e\n")
    assert text == "- a\n\n..\n\n- b\n\n..\n\n   c\n\nd\n\n   e\n"


def test_levels_of_titles_do_not_jump(convert: Any) -> None:
    text, _ = convert("# a\n\n### b\n\n## c\n\n# 題\n")
    assert text == "a\n===\n\nb\n---\n\nc\n---\n\n題\n===\n"


# ---- cells


def test_cells_for_several_frameworks_are_paired_in_order() -> None:
    names = [("mxnet",), ("mxnet",), ("pytorch",), ("jax", "pytorch"), ("mxnet",)]
    cells = grouped([Block(frameworks, str(number)) for number, frameworks in enumerate(names)])
    assert [[block.code for block in cell] for cell in cells] == [["0", "2"], ["1", "3"], ["4"]]


def test_tabs_of_code_and_prose(convert: Any) -> None:
    text, found = convert(
        "```{.python .input}\n%load_ext d2lbook.tab\ntab.interact_select(['pytorch', 'jax'])\n```\n\n"
        ":begin_tab:`jax, pytorch`\nFor *both*.\n:end_tab:\n\n"
        "```{.python .input  n=2}\n%%tab pytorch\nimport torch\n```\n\n"
        "```{.python .input}\n#@tab jax\nimport jax\n```\n\n"
        "```{.python .input}\n%%tab all\nprint(1)\n```\n"
    )
    assert found == []
    assert ".. tabs::\n\n   .. group-tab:: JAX\n\n      For *both*.\n\n   .. group-tab:: PyTorch\n" in text
    assert text.endswith(
        ".. optplot::\n\n   .. framework:: pytorch\n\n      import torch\n\n"
        "   .. framework:: jax\n\n      import jax\n\n"
        ".. optplot::\n\n   .. framework:: all\n\n      print(1)\n"
    )


def test_cells_for_all_are_for_all_that_readers_can_select(convert: Any) -> None:
    """Also where a framework has no cell that is its own."""
    select = "```{.python .input}\n%load_ext d2lbook.tab\ntab.interact_select(['pytorch', 'jax'])\n```\n\n"
    own = "```{.python .input}\n%%tab pytorch\na = 1\n```\n"
    text, _ = convert(select + own + "\nText.\n\n```{.python .input}\n%%tab all\nprint(1)\n```\n")
    assert text.endswith(".. framework:: pytorch, jax\n\n      print(1)\n")
    text, _ = convert(select + own)
    assert text == ".. optplot::\n   :framework: pytorch\n\n   a = 1\n"


def test_cells_without_marks_are_those_of_what_they_import(convert: Any) -> None:
    text, _ = convert("```{.python .input}\nfrom mxnet import np\n```\n")
    assert text == ".. optplot::\n   :framework: mxnet\n\n   from mxnet import np\n"


BRANCHES = """\
def f(x):
    if tab.selected('mxnet', 'jax'):
        # why
        y = 1
        # end
    elif tab.selected("pytorch"):
        y = '''
    text'''
    else:
        y = 3
    if not tab.selected('jax') and x:
        y += 1
    return y"""


@pytest.mark.parametrize(
    ("name", "body"),
    [("mxnet", "    # why\n    y = 1\n    # end\n"), ("tensorflow", "    y = 3\n")],
)
def test_branches_for_a_framework(name: str, body: str) -> None:
    code = BRANCHES.replace(" and x", "")
    assert for_framework(code, name) == f"def f(x):\n{body}    y += 1\n    return y"
    assert "y += 1" not in for_framework(code, "jax")


def test_texts_in_a_branch_keep_their_blanks() -> None:
    code = 'if tab.selected("jax"):\n    q = """\n  two\n    four"""\n    b = 1'
    assert for_framework(code, "jax") == 'q = """\n  two\n    four"""\nb = 1'


def test_framework_in_an_expression_is_told() -> None:
    with pytest.raises(BranchError, match="elsewhere than in an 'if'"):
        for_framework("d = 3 if tab.selected('jax') else 4", "jax")


def test_conditions_on_the_framework_are_joined_by_and_and_or() -> None:
    code = "if tab.selected('jax') and not tab.selected('mxnet', 'jax') or tab.selected('numpy'):\n    x"
    assert [for_framework(code, name) for name in ("jax", "numpy", "mxnet")] == ["", "x", ""]


def test_a_branch_with_another_condition_is_not_decided() -> None:
    with pytest.raises(BranchError, match="mixes the framework"):
        for_framework(BRANCHES, "jax")


def test_a_mark_that_hides_is_for_all_frameworks_or_told(convert: Any) -> None:
    cells = ["%%tab pytorch\n# hide code\na = 1", "%%tab jax\na = 2"]
    text, found = convert("".join(f"```{{.python .input}}\n{cell}\n```\n\n" for cell in cells))
    assert ":hide-code:" not in text
    assert found == ["2: ':hide-code:' is for all frameworks of a cell: it is left out"]


def test_a_caption_with_a_label_stands_above_a_table(convert: Any) -> None:
    made = convert("See :numref:`tab_d`.\n\n:Data and memory\n:label:`tab_d`\n\n|a|b|\n|-|-|\n|1|2|\n\n|c|d|\n|-|-|\n")
    text = str(made)
    assert "list-table:: Data and memory" in text
    assert ":name: tab_d" in text
    assert ":numref:`tab_d`" in text
    assert ":header-rows: 0" in text


def test_a_framework_that_is_not_known_is_kept_as_a_comment(convert: Any) -> None:
    text, found = convert("```{.python .input}\n#@tab paddle\nimport paddle\n```\n")
    assert text == ".. Not converted, code for paddle:\n\n   #@tab paddle\n   import paddle\n"
    assert found == [
        "2: there is no framework paddle: the code is kept as a comment; a package can add one",
    ]


# ---- whole pages


PAGE = """\
# Slopes and `code`
:label:`sec_slopes`

Text with $x_i$, *emphasis with $y$ in it*, snake_case, a*b and footnotes[^1]; 1. and so on::

:begin_tab:`numpy`
Install *it*:

```bash
pip install numpy
```
:end_tab:

```{.python .input}
%matplotlib inline
import numpy as np
```

As $$f(x) = x^2$$, and
$$\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}$$
:eqlabel:`eq_f`

see :eqref:`eq_f` in :numref:`sec_slopes` and :numref:`fig_one`.

![One *image*, $x$](img/one.svg)
:label:`fig_one`
:width:`10px`

```{.python .input}
x = np.arange(3)
x * 2
```

1. First
    * nested
    * more $z$

      with a paragraph
1. Second

* Another list

> Quoted

---

```python
%not python at all ?
```

    indented code

| a | b |
|:--|--:|
| *x* | `y` |

<div>raw</div>

<!-- a comment -->

## Exercises

Inline ![one](img/one.svg) image, [local](other.md), [out](https://example.org/_a_) and <br> a break.

[^1]: The *note*.
"""


def test_a_whole_page_builds_without_warnings(make_book: Any, tmp_path: Path) -> None:
    (tmp_path / "in/img").mkdir(parents=True)
    (tmp_path / "in/img/one.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>")
    (tmp_path / "in/page.md").write_text(PAGE)
    (tmp_path / "in/other.md").write_text("# Other\n\n:begin_tab:toc\n - [x](x)\n:end_tab:\n")
    (tmp_path / "in/index.md").write_text("# Book\n\n```toc\n:maxdepth: 2\n\npage\nother\n```\n")
    book: Book = make_book(conf="numfig = True\n")
    assert cli.main(["convert", str(tmp_path / "in"), "-o", str(book.folder), "--overwrite"]) == 0
    shown = book.build(nitpicky=True).page("page.html")
    assert "Fig. 1" in shown.text
    assert "array([0, 2, 4])" in shown.text
    assert "with a paragraph" in shown.text


PLOTS = """\
Page
====

Kept   `as`  it is.

.. plot::
   :include-source:

   x = np.linspace(0, 1, 5)
   plt.plot(x, x**2)

* In a list:

  .. plot::
     :context: close-figs
     :alt: Two lines.

     >>> import matplotlib.pyplot as plt
     >>> for i in range(2):
     ...     plt.plot([i, 2])
     [<Line>]
     >>> plt.title("a")  # why
     Text(0.5, 1.0, 'a')

.. code-block:: rst

   .. plot::

      not this

Literal::

   .. plot:: nor.this

.. plot:: pyplots/a.py draw

   A *caption*.

.. plot::
   :nofigs:

   y = 1
"""


def test_a_page_of_plots_builds_without_warnings(make_book: Any, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "in/pyplots").mkdir(parents=True)
    (tmp_path / "in/pyplots/a.py").write_text(
        "import matplotlib.pyplot as plt\n\n\ndef draw():\n    plt.plot([1, 2])\n"
    )
    (tmp_path / "in/conf.py").write_text("plot_include_source = False\n")
    (tmp_path / "in/index.rst").write_text(PLOTS)
    assert cli.main(["convert", str(tmp_path / "in/index.rst")]) == 0
    text = capsys.readouterr().out
    assert text.startswith(
        "Page\n====\n\nKept   `as`  it is.\n\n.. optplot::\n   :framework: numpy\n   :hide-code:\n\n"
    )
    assert (
        "   import numpy as np\n   from matplotlib import pyplot as plt\n\n.. optplot::\n   :framework: numpy\n\n"
        in text
    )
    assert '     for i in range(2):\n         plt.plot([i, 2])\n     plt.title("a");  # why\n' in text
    assert PLOTS[PLOTS.index(".. code-block") : PLOTS.index(".. plot:: pyplots")] in text
    assert "   :caption: A *caption*.\n" in text
    assert "    plt.plot([1, 2])\n\n   draw();\n" in text
    book: Book = make_book(page="")
    book.write("index.rst", text)
    assert len(book.build(nitpicky=True).page().all("svg, img")) >= 3


def test_what_a_plot_says_that_has_no_equal_is_told(tmp_path: Path, capsys: Any) -> None:
    page = tmp_path / "page.rst"
    page.write_text(
        ".. plot:: missing.py\n\n.. plot::\n   :scale: 50\n\n   plt.rcParams['axes.grid'] = True\n   plt.plot([1])\n"
    )
    assert cli.main(["convert", str(page)]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(".. Not converted, a plot:\n\n   .. plot:: missing.py\n\n.. optplot::\n")
    assert [line.partition("page.rst:")[2].partition(":")[0] for line in err.splitlines()] == ["1", "3", "3"]


def test_text_in_a_session_is_kept(tmp_path: Path, capsys: Any) -> None:
    page = tmp_path / "page.rst"
    page.write_text(
        "..  plot::\n    :include-source:\n\n    Make *it*:\n\n    >>> x = [1, 2]\n    >>> x\n    [1, 2]\n\n"
        "    Plot it.\n\n    >>> plt.plot(x)\n\n..  note::\n\n   .. plot::\n\n      y = 1\n"
    )
    assert cli.main(["convert", str(page)]) == 1
    out, err = capsys.readouterr()
    assert "   # Make *it*:\n\n   x = [1, 2]\n   x\n\n   # Plot it.\n\n   plt.plot(x);\n" in out
    assert "..  note::\n\n   .. optplot::\n" in out
    assert "page.rst:1: the text in this session is comments" in err


def test_what_conf_py_says_of_plots(tmp_path: Path, capsys: Any) -> None:
    conf = "plot_include_source = True\nplot_pre_code = 'import numpy'\nplot_basedir = find()\nplot_rcparams = {}\n"
    (tmp_path / "conf.py").write_text(conf)
    page = tmp_path / "page.rst"
    page.write_bytes(b"A\r\n\r\n.. plot::\r\n\r\n   numpy.pi\r\n")
    assert cli.main(["convert", str(page), "-o", str(tmp_path / "out")]) == 1
    assert (tmp_path / "out/page.rst").read_bytes() == (
        b"A\r\n\r\n.. optplot::\r\n   :framework: numpy\r\n   :hide-code:\r\n\r\n   import numpy\r\n\r\n"
        b".. optplot::\r\n   :framework: numpy\r\n\r\n   numpy.pi;\r\n"
    )
    said = capsys.readouterr().err
    assert "conf.py:3: plot_basedir is computed" in said
    assert "conf.py:4: plot_rcparams has no part in pages that are converted: put its values into" in said


def test_files_may_have_any_name(make_book: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a b.svg", "図.svg"):
        (source / name).write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    (source / "章.md").write_text("# Other\n")
    (source / "index.md").write_text(
        "# A\n\n![One.](a%20b.svg)\n\n![Two.](図.svg)\n\n[Next](章.md)\n\n```toc\n章\n```\n"
    )
    book: Book = make_book(conf="numfig = True\n")
    assert cli.main(["convert", str(source), "-o", str(book.folder), "--overwrite"]) == 0
    built = book.build()
    assert len(built.files("_images/*.svg")) == 2


# ---- the command


def test_what_was_written_into_a_source_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# Page\n")
    for _ in range(2):
        assert cli.main(["convert", str(tmp_path), "-o", str(tmp_path / "out"), "--overwrite"]) == 0
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["page.rst"]


def test_a_missing_parser_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    (tmp_path / "page.md").write_text("text\n")
    assert cli.main(["convert", str(tmp_path / "page.md")]) == 2
    assert "sphinx-optviz[convert]" in capsys.readouterr().err


def test_several_pages_need_a_folder(tmp_path: Path, capsys: Any) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("text\n")
    assert cli.main(["convert", str(tmp_path)]) == 2
    assert "-o" in capsys.readouterr().err


def test_nothing_is_overwritten_unless_told(tmp_path: Path, capsys: Any) -> None:
    page = tmp_path / "a.rst"
    page.write_text(".. plot::\n\n   plt.plot([1])\n")
    before = page.read_text()
    assert cli.main(["convert", str(page), "-o", str(tmp_path)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert page.read_text() == before
    assert cli.main(["convert", str(page), "-o", str(tmp_path), "--overwrite"]) == 0
    assert page.read_text().startswith(".. optplot::")


@pytest.mark.parametrize("name", ["nowhere.md", "a.py"])
def test_a_source_that_is_no_page_is_a_wrong_call(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.py").write_text("")
    with pytest.raises(SourceError, match=re.escape(name)):
        converted([tmp_path / name])


def test_a_framework_that_is_missing_in_a_branch_is_told(convert: Any) -> None:
    text, found = convert(
        "```{.python .input}\n#@tab pytorch, jax\ndef f():\n    if tab.selected('jax'):\n        return 1\n```\n"
    )
    assert found == ["2: nothing is left of a branch for pytorch: write what it does there"]
    assert "   .. framework:: jax\n\n      def f():\n          return 1\n" in text


def test_prose_for_two_frameworks_has_its_labels_once(convert: Any) -> None:
    text, found = convert(":begin_tab:`pytorch, jax`\n$$x$$\n:eqlabel:`e`\n:end_tab:\n\nSee :eqref:`e`.\n")
    assert text.count(":label: e") == 1
    assert text.count("      .. math::") == 2
    assert found == []


def test_citations_are_of_the_bibliographies_that_are_there(convert: Any) -> None:
    bib = "@article{a.1, title={T}}\n@book{b, title={U}}\n"
    text, found = convert("As :citet:`a.1` and :cite:`b,c`.\n", refs_bib=bib)
    assert text.startswith("As :footcite:t:`a.1` and :footcite:p:`b` [c].\n")
    assert text.endswith(".. rubric:: References\n\n.. footbibliography::\n")
    assert found == ["1: no bibliography here has c: the citation is plain text now"]
    text, _ = convert("As :cite:`b`.\n\n:bibliography:`refs.bib`\n", refs_bib=bib)
    assert text == "As :cite:p:`b`.\n\n.. bibliography::\n"


def test_a_page_that_no_table_of_contents_leads_to_builds(convert: Any) -> None:
    text, found = convert("# Page\n", index_md="# Book\n\n```toc\n:maxdepth: 2\nnowhere\n```\n")
    assert text.startswith(":orphan:\n\nPage\n====\n")
    assert [line.partition(",")[0] for line in found] == [
        "5: the page nowhere is not among those that are converted: it is left out",
        "1: no table of contents that is converted leads to this page: it is marked as an orphan",
    ]


# ---- what the guide shows


def test_the_example_of_the_guide_is_what_the_command_makes() -> None:
    outcome = converted([SNIPPETS / "moved.md"])
    assert outcome.pages == {"moved.rst": (SNIPPETS / "moved.rst").read_text(encoding="utf-8")}
    assert outcome.findings == []
