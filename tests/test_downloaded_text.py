"""What downloads are made of, piece by piece: names changed in code, scripts, literals."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sphinx_optviz.downloads.first_cell import quoted
from sphinx_optviz.downloads.notebook import NotebookCell, Page, notebook_cells
from sphinx_optviz.downloads.percent import percent
from sphinx_optviz.downloads.renaming import renamed, top_names
from sphinx_optviz.draw.literals import Code, call, literal
from sphinx_optviz.model import Download

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(x):\n    return f(x)  # f\n", "def g(x):\n    return g(x)  # f\n"),
        ("def h(f):\n    return f\n\nf = 1\n", "def h(f):\n    return f\n\ng = 1\n"),
        ("def h():\n    f = 1\n    return f\n", "def h():\n    f = 1\n    return f\n"),
        ("def h():\n    global f\n    f = 1\nf = 2\n", None),
        (
            "f = [f for f in range(3)]\nh = lambda x, y=f: f + x.f",
            "g = [f for f in range(3)]\nh = lambda x, y=g: g + x.f",
        ),
        ("import numpy as f\nf.f(f=1)", "import numpy as g\ng.f(f=1)"),
        ("from jax import f, h\nf", "from jax import f as g, h\ng"),
        (
            "class A:\n    f = 1\n    def h(self):\n        return f\nf = 2",
            "class A:\n    f = 1\n    def h(self):\n        return g\ng = 2",
        ),
        ("async  def  f(): pass", "async  def  g(): pass"),
        ("@f\ndef f(x: f = f) -> f: 'é', f", "@g\ndef g(x: g = g) -> g: 'é', g"),
        ("é = 'é'; f = é", "é = 'é'; g = é"),
    ],
)
def test_names_are_changed_where_they_are_meant(code: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="cannot be changed"):
            renamed(code, {"f": "g"})
    else:
        assert renamed(code, {"f": "g"} if "f" in top_names(code) else {}) == expected


@pytest.mark.parametrize("code", ["try:\n    1\nexcept E as f:\n    pass\nf = 1", "import numpy as  f"])
def test_names_that_cannot_be_changed_in_the_text_are_told(code: str) -> None:
    with pytest.raises(ValueError, match="cannot be changed"):
        renamed(code, {"f": "g"})


def test_names_are_known_with_what_they_import() -> None:
    code = "import a.b\nimport c as d\nfrom e import f\nfrom g import h as i\nj = 1\n(k, l), m = 1, 2\nd = 2"
    assert top_names(code) == {
        "a": "a",
        "d": "",
        "f": "e.f",
        "i": "g.h",
        "j": "",
        "k": "",
        "l": "",
        "m": "",
    }
    assert top_names("import jax.numpy as jnp") == top_names("from jax import numpy as jnp")
    assert top_names("not python") == {}


def script(*codes: str, raises: bool = False) -> str:
    return percent([NotebookCell(text=code, is_code=True, is_authors=True, raises=raises) for code in codes]).decode()


def printed(text: str, folder: Path) -> str:
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    return subprocess.run([sys.executable, str(path)], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1 + 1", "2\n"),
        ("1, 2", "(1, 2)\n"),
        ("(1), 2  # two", "(1, 2)\n"),
        ("x = (\n  'é' ,\n)\nx", "('é',)\n"),
        ("1;", ""),
        ("None", ""),
        ("print(3)", "3\n"),
        ("display(4)", "4\n"),
        ("%matplotlib inline\n1", "1\n"),
        ("if True:\n    %time x = 5\nx", "5\n"),
        ("if True:\n    !ls\nx = !ls\n6", "6\n"),
        ("%%time\n7", "7\n"),
        ("%%bash\necho 8", ""),
        ("x = 10\n9 \\\n% x", "9\n"),
        ("int?", ""),
        ("", ""),
    ],
)
def test_script_prints_what_the_notebook_shows(code: str, expected: str, tmp_path: Path) -> None:
    assert printed(script(code), tmp_path) == expected


@pytest.mark.parametrize("code", ["x = [\n  1,\n]\n1 / 0", "1 +"])
def test_script_runs_on_behind_an_error_that_is_meant(code: str, tmp_path: Path) -> None:
    found = printed(script(code, raises=True) + script("print('on')"), tmp_path)
    assert found.endswith("on\n")
    assert ("division" in found) == ("/ 0" in code)


def test_imports_from_the_future_begin_a_script(tmp_path: Path) -> None:
    text = script("x = 1", "from __future__ import annotations\ndef f(x: Nothing): return x\nf(2)")
    assert text.startswith("# %%\nfrom __future__ import annotations\n")
    assert printed(text, tmp_path) == "2\n"


@pytest.mark.parametrize("code", ["import asyncio\nawait asyncio.sleep(0)", "return 5"])
@pytest.mark.parametrize("raises", [False, True])
def test_code_that_only_a_notebook_can_run_is_a_comment(code: str, raises: bool, tmp_path: Path) -> None:
    assert printed(script(code, raises=raises) + script("3"), tmp_path) == "3\n"


def test_question_is_a_comment_and_the_rest_runs(tmp_path: Path) -> None:
    assert printed(script("x = 1\nx?\nx + 1"), tmp_path) == "2\n"


def test_prose_is_a_comment_without_pictures() -> None:
    cell = NotebookCell(text="# Title\n\n![a \\[b\\]](attachment:c.png)")
    assert percent([cell]).decode() == "# %% [markdown]\n# # Title\n#\n# [a \\[b\\]]\n"


@pytest.mark.parametrize("text", ["a\n", "'''", "\\n", "it's'", "''''", 'é"\t\x00\\', ""])
def test_text_of_a_module_comes_back(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text


def test_values_come_back_in_few_digits() -> None:
    values = [0.1, 1 / 3, 1e300, -2.0, 12345678.0, 0.1 + 0.2]
    assert [ast.literal_eval(literal(value)) for value in values] == values
    assert literal([2.0, (1.5,), {"a": None}, True, "é\"'", Code("x")]) == '[2, (1.5,), {"a": None}, True, "é\\"\'", x]'
    assert literal(float("nan")) == "np.nan"
    assert call("f", 1, a="b") == 'f(1, a="b")'
    long = call("f", *range(60), name="x" * 30)
    assert max(map(len, long.split("\n"))) <= 88
    compile(long, "", "eval")


def page_of(*parts: str | Download, framework: str = "numpy", **more: Any) -> str:
    """The script of a page; the drawing of a landscape prints its function at 3."""
    drawing = "def «plot»():\n    print(«evaluate»(«{}», 3.0))\n\n\n«plot»()\n"
    given: dict[str, Any] = {"rcparams": {}, "folder": ".", "module": lambda _: "", "file": lambda _: None} | more
    page = Page(framework=framework, parts=parts, drawing=drawing.format, **given)
    return percent(notebook_cells(page)).decode()


def cell(code: str) -> Download:
    return Download(code={"numpy": (code,), "pytorch": (code,)})


def plot(name: str, code: str, function: str = "f", framework: str = "numpy") -> Download:
    return Download(
        code={framework: (code,)}, landscapes=((name, (function,)),), drawings={framework: f"{name}.{function}"}
    )


SCALED = "import math as m\n\nscale = {}\n\n\ndef f(x):\n    return scale * x + m.floor(0.5)\n"


def test_landscapes_and_cells_keep_their_names_apart(tmp_path: Path) -> None:
    text = page_of(
        cell("scale = 7\nm = 8\nf = 9\nevaluate = 10"),
        plot("one", SCALED.format(2)),
        "Between.",
        plot("two", SCALED.format(4)),
        plot("one", SCALED.format(2)),
        plot("math", "import math\n\n\ndef f(x):\n    return math.ceil(0.5) * x\n"),
        cell("print(scale, m, f, evaluate)"),
        cell("plot_one_3 = one_2 = two_2 = 0"),
    )
    assert printed(text, tmp_path) == "6.0\n12.0\n6.0\n3.0\n7 8 9 10\n"
    assert text.count("def one(") == 1, "what is defined is not defined again"
    assert "import math as one_m\n" in text


def test_names_of_one_landscape_stay_as_they_are() -> None:
    code = "import numpy as np\n\n\ndef risk(x):\n    return np.cos(x)\n"
    assert code in page_of(cell("import numpy as np"), plot("risk", code, "risk"))


@pytest.mark.parametrize(
    ("code", "computes"),
    [
        ("import torch\nc = torch.tensor(0.1)\ndef f(x):\n    return c * x", True),
        ("import math\nc = math.sqrt(2) / 3\ndef f(x):\n    return c * x", False),
    ],
)
def test_constants_of_landscapes_are_made_in_double_precision(code: str, computes: bool) -> None:
    text = page_of(plot("one", code, framework="pytorch"), framework="pytorch")
    assert ("with double_precision():\n    import torch\n    c = " in text) == computes


def test_parameters_that_a_matplotlib_does_not_know_are_left_out(tmp_path: Path) -> None:
    draws = cell("from matplotlib import pyplot as plt\nprint(plt.rcParams['font.size'])")
    text = page_of(draws, rcparams={"font.size": 3.5, "no.such": 1})
    assert printed(text, tmp_path) == "3.5\n"


def test_prose_alone_needs_no_code() -> None:
    assert page_of("Words.") == "# %% [markdown]\n# Words.\n"
