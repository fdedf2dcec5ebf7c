"""What goes wrong is a warning with a type, a file and a line; the page says so; the rest of the book is built."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import page

if TYPE_CHECKING:
    from conftest import Book, Built, MakeBook

CODE_FAULTS = {
    "syntax": ("def f(x):\n    return x +*\n", 2, "execution", "SyntaxError"),
    "raises": ("def f(x):\n    y = 1\n    raise RuntimeError('boom')\n", 3, "execution", "RuntimeError: boom"),
    "import": ("import nonsense_module\n\ndef f(x):\n    return x\n", 1, "execution", "nonsense_module"),
    "endless": ("def f(x):\n    while True:\n        pass\n", 2, "timeout", "still running after 2 seconds"),
    "os_exit": ("import os\n\ndef f(x):\n    os._exit(7)\n", 1, "execution", "ended in the middle"),
    "sys_exit": ("import sys\n\ndef f(x):\n    sys.exit(0)\n", 4, "execution", "SystemExit"),
    "crash": ("import ctypes\n\ndef f(x):\n    return ctypes.string_at(0)\n", 4, "execution", "ended in the middle"),
    "shape": ("def f(x):\n    return x[:3]\n", 1, "execution", "shape (3,)"),
    "scalar": ("def f(x):\n    return x.sum()\n", 1, "execution", "elementwise"),
    "complex": ("def f(x):\n    return x + 1j\n", 1, "execution", "complex128"),
    "nothing": ("def f(x):\n    pass\n", 1, "execution", "elementwise"),
    "other_name": ("def g(x):\n    return x\n", 1, "execution", "no function 'f'"),
    "recursion": ("def f(x):\n    return f(x)\n", 2, "execution", "RecursionError"),
}


@pytest.fixture(scope="module")
def with_code_faults(make_shared_book: MakeBook) -> Built:
    """A page for each fault, with a plot that is right below it."""
    book = make_shared_book(page=".. toctree::\n   :glob:\n\n   *\n", conf="optviz_timeout = 2\n", folder="code")
    for fault, (code, *_) in CODE_FAULTS.items():
        book.landscape(fault, code)
        book.write(f"{fault}.rst", page(f".. optplot:: {fault}\n", ".. optplot:: cubic\n"))
    built = book.build(warnings=True)
    assert len(book.store) == 2, "the values and the critical points of what is right: a failure is not stored"
    return built


@pytest.mark.parametrize("fault", CODE_FAULTS)
def test_code_that_fails(with_code_faults: Built, fault: str) -> None:
    _, line, subtype, words = CODE_FAULTS[fault]
    built = with_code_faults
    (told,) = (message for message in built.messages if message.text.startswith(f"{fault} (numpy): "))
    assert told.file == f"landscapes/{fault}/numpy.py"
    assert told.line in ([line, line + 1] if fault == "endless" else [line]), "of a loop, its head or its body"
    assert told.subtype == subtype
    assert words in told.text
    assert f"{Path(built.app.srcdir, fault)}.rst:4" in told.text
    shown = built.page(f"{fault}.html")
    assert f"There is no figure: {fault} failed in NumPy" in shown.text
    assert str(built.app.srcdir) not in built.read(f"{fault}.html")
    assert len(shown.alts) == 1, "the other plot is there"


def test_each_fault_of_code_is_one_message(with_code_faults: Built) -> None:
    assert len(with_code_faults.messages) == len(CODE_FAULTS)


def test_what_code_prints_reaches_nobody_unless_it_fails(make_book: Any, capfd: pytest.CaptureFixture[str]) -> None:
    flood = (
        "import os\n\ndef f(x):\n    for _ in range(3):\n        print('y' * 1_000_000)\n    os.write(2, b'noise')\n"
    )
    book: Book = make_book(page=".. optplot:: loud\n\n.. optplot:: failing\n")
    book.landscape("loud", flood + "    return x\n")
    book.landscape("failing", "def f(x):\n    print('last words')\n    raise ValueError('no')\n")
    (warning,) = book.build(warnings=True).warnings
    assert capfd.readouterr() == ("", "")
    details = re.search(r"details in (\S+)", warning)
    assert details is not None
    assert "last words" in Path(details[1]).read_text()


def test_values_that_are_not_finite(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: mine\n")
    book.landscape("mine", "import numpy as np\n\n\ndef f(x):\n    return np.log(x)\n")
    for _ in range(2):  # the second build finds the result in the store
        (warning,) = book.build(warnings=True).warnings
        assert warning.startswith(f"{book.folder / 'landscapes/mine/numpy.py'}:4: WARNING: ")
        assert "f is not finite at 101 of 201 points, the first at x = -1" in warning
        assert warning.endswith("[optviz.not_finite]")


LANDSCAPE_FAULTS = {
    "nothing": (None, 1, "has no landscape.toml"),
    "toml": ("title = 'a'\nformula =\n", 2, "not valid TOML"),
    "no_title": ("formula = 'f'\n[domain]\nx = [0, 1]\n", 1, "'title' must be given"),
    "no_domain": ("title = 'a'\nformula = 'f'\n", 1, "[domain] table must be given"),
    "bad_domain": ("title = 'a'\nformula = 'f'\n[domain]\nx = [1, 0]\n", 4, "low < high"),
    "key": ("title = 'a'\nformula = 'f'\nveiw = 'curve'\n[domain]\nx = [0, 1]\n", 3, "Did you mean 'view'?"),
    "view": ("title = 'a'\nformula = 'f'\nview = 'contour'\n[domain]\nx = [0, 1]\n", 3, "unknown view 'contour'"),
    "no_code": ("title = 'a'\nformula = 'f'\n[domain]\nx = [0, 1]\n", 1, "has no code"),
}


@pytest.fixture(scope="module")
def with_landscape_faults(make_shared_book: MakeBook) -> Built:
    """A page for each fault, with two plots of the broken landscape and one of another."""
    book = make_shared_book(page=".. toctree::\n   :glob:\n\n   *\n", folder="landscapes")
    for fault, (toml, *_) in LANDSCAPE_FAULTS.items():
        if fault != "no_code":
            book.write(f"landscapes/{fault}/numpy.py", "def f(x):\n    return x\n")
        if toml is not None:
            book.write(f"landscapes/{fault}/landscape.toml", toml)
        book.write(f"{fault}.rst", page(*[f".. optplot:: {fault}\n"] * 2, ".. optplot:: cubic\n"))
    return book.build(warnings=True)


@pytest.mark.parametrize("fault", LANDSCAPE_FAULTS)
def test_landscape_folders_that_are_broken(with_landscape_faults: Built, fault: str) -> None:
    _, line, words = LANDSCAPE_FAULTS[fault]
    built = with_landscape_faults
    (told,) = (message for message in built.messages if message.file == f"landscapes/{fault}/landscape.toml")
    assert (told.line, told.subtype) == (line, "landscape")
    assert words in told.text
    shown = built.page(f"{fault}.html")
    assert shown.text.count(f"{fault}/landscape.toml: ") == 2
    assert len(shown.alts) == 1


def test_each_landscape_that_is_broken_is_one_message(with_landscape_faults: Built) -> None:
    assert len(with_landscape_faults.messages) == len(LANDSCAPE_FAULTS)


DIRECTIVE_FAULTS = {
    ".. optplot:: sadle": (0, "landscape", "unknown landscape 'sadle'. Did you mean 'saddle'?"),
    ".. optplot:: ../saddle": (0, "landscape", "unknown landscape '../saddle'"),
    ".. optplot::": (0, "directive", "name a landscape"),
    ".. optplot:: saddle\n   :frameworks: numpi": (1, "directive", "Did you mean 'numpy'?"),
    ".. optplot:: saddle\n   :frameworks:": (1, "directive", "name at least one framework"),
    ".. optplot:: saddle\n   :view: contuor": (1, "directive", "Did you mean 'contour'?"),
    ".. optplot:: cubic\n   :view: contour": (0, "directive", "cannot show a function of one variable"),
    ".. optplot:: saddle\n   :x: 1 : 0": (1, "directive", "1 is not below 0"),
    ".. optplot:: saddle\n   :x: 0 : 1 : many": (1, "directive", "not a number of points"),
    ".. optplot:: cubic\n   :y: 0 : 1": (0, "directive", "needs a function of two variables"),
    ".. optplot:: cubic\n   :name: a\n   :annotate: here": (2, "directive", "'TEXT @ x'"),
    ".. optplot:: cubic\n   :annotate:\n      in @ 0\n      in\n      too @ 1": (
        3,
        "directive",
        ":annotate: 'in' is not",
    ),
    ".. optplot:: cubic\n   :annotate:\n      in @ 0\n      far @ 9\n      too @ 1": (3, "directive", "no point of"),
    ".. optplot:: cubic\n   :annotate: far @ 9": (1, "directive", "no point of the plot"),
    ".. optplot:: cubic\n   :figure: all": (1, "directive", "There are: shared, each, none."),
    ".. optplot:: cubic\n   :code: hiden": (1, "directive", "Did you mean 'hidden'?"),
    ".. optplot:: cubic\n   :figsize: 5": (1, "directive", "'width, height'"),
    ".. optplot:: cubic\n   :legend: nowhere": (1, "directive", "not valid"),
    ".. optplot:: cubic\n   :align: top": (1, "directive", "There are: left, center, right."),
    ".. optplot:: cubic\n   :width: wide": (1, "directive", "is not valid: "),
    ".. optplot:: cubic\n   :widht: 3cm": (1, "directive", "unknown option :widht:. Did you mean 'width'?"),
    ".. optplot:: cubic\n\n   - a list": (0, "directive", "must begin with a paragraph"),
    ".. optplot:: cubic\n   :figure: none\n   :code: hidden": (0, "directive", "nothing to show"),
}


@pytest.fixture(scope="module")
def with_directive_faults(make_shared_book: MakeBook) -> Built:
    """A page for each fault, with a plot that is right below it."""
    book = make_shared_book(page=".. toctree::\n   :glob:\n\n   *\n", folder="directives")
    for number, text in enumerate(DIRECTIVE_FAULTS):
        book.write(f"page{number}.rst", page(f"{text}\n", ".. optplot:: cubic\n   :x: 0 : 7\n"))
    return book.build(warnings=True)


@pytest.mark.oldest_sphinx
@pytest.mark.parametrize("number", range(len(DIRECTIVE_FAULTS)), ids=DIRECTIVE_FAULTS)
def test_directives_that_are_wrong(with_directive_faults: Built, number: int) -> None:
    offset, subtype, words = list(DIRECTIVE_FAULTS.values())[number]
    (told,) = (message for message in with_directive_faults.messages if message.file == f"page{number}.rst")
    assert (told.line, told.subtype) == (4 + offset, subtype)
    assert words in told.text
    shown = with_directive_faults.page(f"page{number}.html")
    assert len(shown.errors) == 1, "the page says it, once"
    assert len(shown.alts) >= 1


CONFIG_FAULTS: dict[str, Any] = {
    "frameworks": ["numpi"],
    "default_framework": "torch",
    "interpreters": {"numpy": 3},
    "execute": "sometimes",
    "store": 5,
    "landscape_path": 7,
    "agreement": "sometimes",
    "tolerances": {"float64": 1},
    "timeout": 0,
    "code_warnings": ["Deprecation Warning"],
    "jobs": 0,
    "rcparams": {"lines.linewidth": object()},
    "downloads": 2,
    "colab_base": "example.org",
}


def test_every_value_has_a_fault() -> None:
    from sphinx_optviz.config import VALUES

    assert set(CONFIG_FAULTS) == set(VALUES)


@pytest.fixture(scope="module")
def with_config_faults(make_shared_book: MakeBook) -> Built:
    """Every value of conf.py is wrong."""
    book = make_shared_book(page=".. optplot:: cubic\n   :frameworks: numpy\n", folder="values")
    wrong = {f"optviz_{name}": value for name, value in CONFIG_FAULTS.items()}
    return book.build("text", warnings=True, **wrong)


@pytest.mark.oldest_sphinx
@pytest.mark.parametrize("name", CONFIG_FAULTS)
def test_values_of_conf_that_are_wrong(with_config_faults: Built, name: str) -> None:
    of_value = f"optviz_{name} = "
    (told,) = (message for message in with_config_faults.messages if message.text.startswith(of_value))
    assert (told.file, told.line, told.subtype) == ("conf.py", 1, "config")
    assert "is not valid, and the default" in told.text


def test_each_wrong_value_of_conf_is_one_message(with_config_faults: Built) -> None:
    """All warnings are ours, and those of the configuration are these."""
    assert [told.subtype for told in with_config_faults.messages].count("config") == len(CONFIG_FAULTS)


def test_rcparams_that_matplotlib_refuses(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n")
    built = book.build(
        warnings=True, optviz_rcparams={"lines.linewidht": 3, "lines.linewidth": "thick", "font.size": 11}
    )
    assert [line.rpartition("WARNING: ")[2].partition(" is not used")[0] for line in built.warnings] == [
        "optviz_rcparams['lines.linewidht']",
        "optviz_rcparams['lines.linewidth']",
    ]
    assert len(built.files("_images/*.svg")) == 1


def _interpreter_without_torch(tmp_path: Path) -> str:
    """A Python that finds no installed packages but NumPy."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    return str(tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python")


@pytest.mark.usefixtures("only_numpy")
def test_frameworks_that_are_missing_are_one_warning_each(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n\n.. optplot:: saddle\n")
    config: Any = {"optviz_frameworks": ["numpy", "jax", "tensorflow"]}
    built = book.build(warnings=True, **config)
    for warning, label, name in zip(built.warnings, ("JAX", "TensorFlow"), ("jax", "tensorflow"), strict=True):
        assert warning.startswith(f"{book.folder / 'index.rst'}:4: WARNING: {label} was not run: there is no module")
        assert f"{name!r} beside Sphinx" in warning
        assert f"Run 'sphinx-optviz setup {name}', or name an interpreter" in warning
        assert warning.endswith("[optviz.framework_missing]")
    html = built.read("index.html")
    assert html.count("JAX: this code was not run") == 2
    assert html.count("JAX and TensorFlow were not run.") == 2
    assert built.runs == built.compared == built.searched == ["cubic (numpy)", "saddle (numpy)"]


def test_a_framework_that_is_missing_is_one_warning_and_numpy_is_drawn(make_book: Any, tmp_path: Path) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n\n.. optplot:: saddle\n")
    config: Any = {
        "optviz_frameworks": ["pytorch"],
        "optviz_default_framework": "pytorch",
        "optviz_interpreters": {"pytorch": _interpreter_without_torch(tmp_path)},
    }
    built = book.build(warnings=True, **config)
    (warning,) = built.warnings
    assert "index.rst:4: WARNING: PyTorch was not run: there is no module" in warning
    assert warning.endswith("[optviz.framework_missing]")
    html = built.read("index.html")
    assert html.count("The figure shows the numbers of NumPy, because PyTorch was not run.") == 2
    assert html.count("PyTorch: this code was not run") == 2
    assert len(built.files("_images/*-numpy-*.svg")) == 2
    # The author says that this is fine.
    assert book.build(suppress_warnings=["optviz.framework_missing"], **config).warnings == []


def test_an_interpreter_that_is_not_there(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n   :frameworks: pytorch\n")
    built = book.build(warnings=True, optviz_interpreters={"pytorch": "/nowhere/python"}, optviz_frameworks=["pytorch"])
    (warning,) = built.warnings
    assert "'/nowhere/python' does not start" in warning
    assert warning.endswith("[optviz.framework_broken]")
    assert len(built.files("_images/*-numpy-*.svg")) == 1


def test_never_runs_nothing(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n")
    built = book.build(warnings=True, optviz_execute="never")
    (warning,) = built.warnings
    assert warning.endswith("[optviz.not_run]")
    assert (built.runs, book.store) == ([], [])
    assert "There is no figure: NumPy was not run." in built.read("index.html")
    # With a store that has it, it is as good as run.
    assert book.build().runs == ["cubic (numpy)"]
    again = book.build(optviz_execute="never")
    assert (again.runs, again.searched, again.warnings) == ([], [], [])
    forced = book.build(optviz_execute="force")
    assert forced.runs == forced.searched == ["cubic (numpy)"]


@pytest.mark.parametrize("damaged", [0, 1])
def test_a_damaged_store_is_reported_and_mended(make_book: Any, damaged: int) -> None:
    """One entry has the values, the other the critical points."""
    book: Book = make_book(page=".. optplot:: cubic\n")
    book.build()
    assert len(book.store) == 2
    entry = book.store[damaged]
    content = entry.read_bytes()
    entry.write_bytes(content[:-40])
    built = book.build(warnings=True)
    (warning,) = built.warnings
    assert warning.startswith(f"{entry}:1: WARNING: the stored result is damaged")
    assert warning.endswith("[optviz.store]")
    assert [*built.runs, *built.searched] == ["cubic (numpy)"]
    assert entry.read_bytes() == content


def test_a_store_that_cannot_be_written(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n\n.. optplot:: saddle\n")
    book.write("_optviz", "a file where the folder should be")
    built = book.build(warnings=True)
    assert {line.rpartition("[")[2] for line in built.warnings} == {"optviz.store]"}
    assert len([line for line in built.warnings if "cannot be stored" in line]) == 1
    assert len(built.files("_images/*.svg")) == 2


def test_no_process_is_left_behind(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: mine\n\n.. optplot:: thread\n", conf="optviz_timeout = 2\n")
    marker = f"{time.time_ns() % 10**9}.5"
    start = f"import subprocess\n\ndef f(x):\n    subprocess.Popen(['sleep', '{marker}'])\n"
    book.landscape("mine", start + "    while True:\n        pass\n")
    book.landscape("thread", start + "    return x\n")
    book.build(warnings=True)
    left = subprocess.run(["pgrep", "-f", f"sleep {marker}"], capture_output=True, text=True, check=False)
    assert left.stdout == ""


@pytest.mark.oldest_sphinx
def test_warnings_as_errors_fail_the_build(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: sadle\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(book.folder), str(book.folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Did you mean 'saddle'?" in done.stderr


@pytest.mark.oldest_sphinx
def test_quiet_builds_print_nothing(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: saddle\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(book.folder), str(book.folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


SPOILERS = {
    "numpy": "import numpy\n\nnumpy.linspace = None\n\ndef f(x):\n    return x\n",
    "builtins": "import builtins\n\nbuiltins.len = lambda _: 3\n\ndef f(x):\n    return x\n",
    "folder": "import os, shutil\n\nshutil.rmtree(os.getcwd())\n\ndef f(x):\n    return x\n",
    "stdout": "import os, sys\n\nsys.stdout.close()\nos.close(1)\n\ndef f(x):\n    return x\n",
}


@pytest.mark.parametrize("name", SPOILERS)
def test_code_that_changes_its_interpreter_does_so_for_itself_alone(make_book: Any, name: str) -> None:
    book: Book = make_book(page=".. optplot:: a_first\n\n.. optplot:: b_second\n\n.. optplot:: saddle\n")
    book.landscape("a_first", SPOILERS[name])
    book.landscape("b_second", "import numpy as np\n\n\ndef f(x):\n    return np.linspace(0, 1, len(x))\n")
    built = book.build(warnings=True)
    assert [warning for warning in built.warnings if "a_first" not in warning] == []
    assert len(book.store) >= 2
    assert built.read("index.html").count("<img") >= 2


def test_code_runs_in_the_main_thread_of_a_module_that_can_be_found(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: mine\n\n.. optplot:: other\n")
    code = (
        "from __future__ import annotations\n\nimport pickle\nimport signal\nfrom dataclasses import dataclass\n\n\n"
        "@dataclass\nclass Scale:\n    by: int = 2\n\n\n"
        "def f(x):\n    signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        "    return pickle.loads(pickle.dumps(Scale())).by * x\n"
    )
    book.landscape("mine", code)
    book.landscape("other", code.replace("= 2", "= 3"))
    assert book.build(optviz_jobs="1").runs == ["mine (numpy)", "other (numpy)"]
