"""The command ``sphinx-optviz``: what it prints, its exit codes, and what it changes on disk."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ALL_FRAMEWORKS, Book, page, settings_with
from duals import CONF, installed, write_pair
from sphinx.util.docutils import docutils_namespace

from sphinx_optviz import __version__, cli, environments, frameworks, landscapes
from sphinx_optviz.frameworks import BUILT_IN
from sphinx_optviz.interpreters import interpreter_of
from sphinx_optviz.processes.launch import SOCKET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import MakeBook

WAVE = "\n\ndef f(x):\n    return x * np.cos(3 * x)\n"


@contextlib.contextmanager
def at_home(folder: Path) -> Iterator[None]:
    """This user's environments lie in *folder*, no other interpreter is named, and hyper-dual numbers are installed."""
    with installed() as patch:
        patch.setattr(environments, "data_folder", lambda: folder)
        for name in (*BUILT_IN, "duals"):
            patch.delenv(f"OPTVIZ_INTERPRETER_{name.upper()}", raising=False)
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """Where this user's environments lie: nowhere yet."""
    folder = tmp_path / "home" / "sphinx-optviz" / "environments"
    with at_home(folder):
        yield folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Calls the command in this process; gives its exit code and what it printed."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        with docutils_namespace():
            code = cli.main([str(argument) for argument in arguments])
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreters of all frameworks but NumPy are not there, so that the doctor is quick."""
    for name in ALL_FRAMEWORKS:
        monkeypatch.setenv(f"OPTVIZ_INTERPRETER_{name.upper()}", "/nowhere/python")


def command(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command as users call it; *home* is where their environments would lie."""
    environment = {**os.environ, "XDG_DATA_HOME": str(home.parents[1])}
    del environment[SOCKET]
    program: list[str | Path] = [Path(sys.executable).with_name("sphinx-optviz")]
    if not Path(program[0]).exists():  # the package is on the path, and not installed
        program = [sys.executable, "-c", "from sphinx_optviz.cli import main; raise SystemExit(main())"]
    return subprocess.run([*program, *arguments], capture_output=True, text=True, check=False, env=environment)


def made(book: Book) -> Book:
    """Let it have one plot, in two frameworks."""
    book.write("conf.py", CONF)
    book.write("index.rst", page(".. optplot:: wave\n   :figure: none\n"))
    write_pair(book, "wave", WAVE)
    return book


@pytest.fixture
def book(make_book: MakeBook) -> Book:
    return made(make_book())


# ---- calls


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"sphinx-optviz {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: COMMAND"),
        (["docter"], "invalid choice: 'docter'"),
        (["setup"], "required: FRAMEWORK"),
        (["prune"], "required: sourcedir"),
        (["prune", "a", "b"], "unrecognized arguments: b"),
    ],
)
def test_call_that_is_not_complete_is_explained(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("name", ["doctor", "list", "prune"])
def test_folder_without_conf_py_is_refused(
    call: Callable[..., tuple[int, str, str]], tmp_path: Path, name: str
) -> None:
    code, out, err = call(name, tmp_path)
    assert (code, out) == (2, "")
    assert err == f"sphinx-optviz {name}: there is no conf.py in {tmp_path}; name the folder that holds your book's\n"


@pytest.mark.parametrize("name", ["doctor", "list", "prune"])
def test_conf_py_that_cannot_be_read_is_refused(
    call: Callable[..., tuple[int, str, str]], book: Book, name: str
) -> None:
    book.write("conf.py", "import nonsense_module\n")
    code, out, err = call(name, book.folder)
    assert (code, out) == (2, "")
    assert err.startswith(f"sphinx-optviz {name}: conf.py cannot be read: ")
    assert "nonsense_module" in err


def test_value_of_conf_py_that_is_wrong_is_told(call: Callable[..., tuple[int, str, str]], book: Book) -> None:
    book.write("conf.py", CONF + "optviz_jobs = 'many'\n")
    code, _, err = call("list", book.folder)
    assert code == 0
    assert err.startswith(f"{book.folder}/conf.py: optviz_jobs = 'many' is not valid")


@pytest.mark.usefixtures("nowhere")
def test_commands_as_users_call_them(book: Book, home: Path) -> None:
    done = command(home, "doctor", book.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "NumPy" in done.stdout
    done = command(home, "list", book.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "wave" in done.stdout
    book.build("text")
    done = command(home, "prune", book.folder)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "0 of 4 entries removed, 0.0 MB\n")
    done = command(home, "setup", "numpi")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sphinx-optviz setup: unknown framework 'numpi'. Did you mean 'numpy'?\n"
    assert not home.exists()


# ---- list


def test_list_has_the_built_in_landscapes(call: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = call("list")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["landscape", "formula", "domain", "frameworks"]
    folders = Path(landscapes.__file__).parent.iterdir()
    names = sorted(path.name for path in folders if (path / "landscape.toml").is_file())
    assert [line.split()[0] for line in lines[2:]] == names
    assert {"cubic", "local_minima", "risk", "saddle", "vanishing_gradient", "rosenbrock"} < set(names)
    (saddle,) = [line for line in lines if line.startswith("saddle ")]
    assert "f(x, y) = x^2 - y^2" in saddle
    assert "x in [-1, 1], y in [-1, 1]" in saddle
    assert saddle.endswith("pytorch mxnet jax tensorflow numpy")


def test_list_has_the_landscapes_of_a_book_and_frameworks_of_other_packages(
    call: Callable[..., tuple[int, str, str]], book: Book
) -> None:
    code, out, _ = call("list", book.folder)
    assert code == 0
    (wave,) = [line for line in out.splitlines() if line.startswith("wave ")]
    assert wave.endswith(" numpy duals")


def test_list_tells_of_broken_landscapes_and_lists_the_others(
    call: Callable[..., tuple[int, str, str]], book: Book
) -> None:
    book.write("landscapes/bad/landscape.toml", "title = 'a'\nformula = 3\n")
    code, out, err = call("list", book.folder)
    assert code == 1
    assert err == f"{book.folder / 'landscapes/bad/landscape.toml'}:2: 'formula' must be given, as text\n"
    assert "wave " in out
    assert "saddle " in out


# ---- doctor


@pytest.mark.usefixtures("nowhere")
def test_doctor_of_a_book_in_good_health(call: Callable[..., tuple[int, str, str]], book: Book) -> None:
    code, out, err = call("doctor", book.folder)
    assert (code, err) == (0, "")
    (numpy,) = [line for line in out.splitlines() if line.startswith("NumPy ")]
    assert numpy.split()[2] == "works"
    assert numpy.endswith(f"{sys.executable} (the Python that runs Sphinx)")
    (duals,) = [line for line in out.splitlines() if line.startswith("Dual numbers ")]
    assert duals.split()[2:4] == ["1.0", "works"]


@pytest.mark.usefixtures("only_numpy")
def test_doctor_says_what_is_missing_and_what_mends_it(call: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = call("doctor")
    assert (code, err) == (1, "")
    table, *advice = out.split("\n\n")
    for name in ALL_FRAMEWORKS:
        label = BUILT_IN[name].label
        (line,) = [line for line in table.splitlines() if line.startswith(label + " ")]
        assert line.split()[1:3] == ["-", "missing"]
        (its,) = [text for text in advice if text.startswith(f"{label} was not run")]
        assert f"Run 'sphinx-optviz setup {name}', or name an interpreter" in its


@pytest.mark.usefixtures("only_numpy")
def test_doctor_of_a_book_asks_only_for_what_the_book_needs(
    call: Callable[..., tuple[int, str, str]], book: Book
) -> None:
    code, out, _ = call("doctor", book.folder)
    assert code == 0
    assert "\n\n" not in out, "no advice"
    assert "MXNet" in out, "but all are listed"


@pytest.mark.usefixtures("nowhere")
def test_doctor_says_why_an_interpreter_is_broken(
    call: Callable[..., tuple[int, str, str]], book: Book, tmp_path: Path
) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho 'no licence found' >&2\nexit 3\n")
    script.chmod(0o755)
    book.write("conf.py", CONF + f"optviz_interpreters = {{'duals': {str(script)!r}}}\n")
    code, out, _ = call("doctor", book.folder)
    assert code == 1
    table, advice = out.split("\n\n")
    (line,) = [line for line in table.splitlines() if line.startswith("Dual numbers ")]
    assert line.split()[2:4] == ["-", "broken"]
    assert line.endswith(f"{script} (optviz_interpreters['duals'])")
    assert f"the interpreter {str(script)!r} does not start: no licence found" in advice
    assert "no licence found" in advice


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ("self.value", "(-1.0, 0.0, 1.0)"),
        ("power * self.value ** (power - 1) - 1", "(-3.0, -1.0, 1.0)"),
        ("power * self.value ** (power - 1) + 1", "(-1.0, 1.0, 3.0)"),
    ],
)
def test_doctor_finds_numbers_that_are_wrong(
    call: Callable[..., tuple[int, str, str]], book: Book, tmp_path: Path, wrong: str, shown: str
) -> None:
    # A library built for another processor: it loads, and squares wrongly.
    plugin = tmp_path / "plugin"
    shutil.copytree(Path(__file__).parent / "plugin", plugin)
    text = (plugin / "hyperduals.py").read_text()
    assert "power * self.value ** (power - 1)" in text
    (plugin / "hyperduals.py").write_text(text.replace("power * self.value ** (power - 1)", wrong))
    sys.modules.pop("optviz_hyperduals", None)
    with installed(plugin):
        code, out, _ = call("doctor", book.folder)
    sys.modules.pop("optviz_hyperduals", None)
    assert code == 1
    assert f"the gradients of x squared at -1, 0 and 1 come out as {shown}" in out


@pytest.mark.usefixtures("nowhere")
def test_doctor_survives_an_entry_point_that_is_broken(
    call: Callable[..., tuple[int, str, str]], book: Book, tmp_path: Path
) -> None:
    info = tmp_path / "site" / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sphinx_optviz.frameworks]\nbroken = optviz_test_nowhere:X\n")
    with installed(tmp_path / "site", Path(__file__).parent / "plugin"):
        code, of_book, _ = call("doctor", book.folder)
        _, of_all, _ = call("doctor")
    assert code == 0, "the book does not need it"
    (line,) = [line for line in of_book.splitlines() if line.startswith("broken ")]
    assert line.split() == ["broken", "-", "broken", "-"]
    assert "cannot be loaded: ModuleNotFoundError: No module named 'optviz_test_nowhere'" in of_all
    assert "NumPy" in of_book


# ---- which interpreter


def test_interpreter_is_that_of_conf_py_then_the_variable_then_setup_then_sphinxs_own(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with()
    assert (interpreter_of("jax", settings).spec, interpreter_of("jax", settings).origin) == (
        "",
        "the Python that runs Sphinx",
    )
    (home / "jax").mkdir(parents=True)
    (home / "jax" / "optviz.json").write_text(json.dumps({"python": sys.executable, "requirements": ["jax"]}))
    assert interpreter_of("jax", settings).spec == sys.executable
    assert interpreter_of("jax", settings).origin == "sphinx-optviz setup"
    monkeypatch.setenv("OPTVIZ_INTERPRETER_JAX", "/variable/python")
    assert interpreter_of("jax", settings).spec == "/variable/python"
    assert "OPTVIZ_INTERPRETER_JAX" in interpreter_of("jax", settings).origin
    settings = replace(settings, interpreters={"jax": "/conf/python"})
    assert interpreter_of("jax", settings).spec == "/conf/python"
    assert interpreter_of("jax", settings).origin == "optviz_interpreters['jax']"
    assert interpreter_of("tensorflow", settings).spec == "", "each framework has its own"


MARKS = {
    "none": None,
    "empty": "",
    "not JSON": "{",
    "a list": "[]",
    "without an interpreter": '{"requirements": []}',
    "interpreter that has gone": '{"python": "/nowhere/python", "requirements": []}',
}


@pytest.mark.parametrize("mark", MARKS)
def test_environment_that_is_not_whole_is_not_used(home: Path, mark: str) -> None:
    (home / "jax").mkdir(parents=True)
    text = MARKS[mark]
    if text is not None:
        (home / "jax" / "optviz.json").write_text(text)
    assert environments.find("jax") is None


# ---- setup


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Makes environments for real, and only says that it installs; returns the calls."""
    calls: list[list[str]] = []
    run = environments._run

    def fake(command: list[str], problem: str) -> None:
        calls.append(command)
        if command[1:3] == ["-m", "venv"]:
            run([command[0], "-m", "venv", "--system-site-packages", "--without-pip", *command[3:]], problem)
            link_packages(Path(command[-1]))

    monkeypatch.setattr(environments, "_run", fake)
    return calls


def link_packages(folder: Path) -> None:
    """Let the environment see what is installed where the tests run."""
    import numpy

    (site,) = folder.glob("lib/python*/site-packages")
    (site / "optviz_test.pth").write_text(str(Path(numpy.__file__).parents[1]) + "\n")


@pytest.fixture
def installable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hyper-dual numbers say what to install."""
    known = frameworks.framework("duals")
    wanted = replace(known, requirements=("hyperduals==1.0", "numpy"))
    original = frameworks.framework
    for module in (cli, environments, frameworks, sys.modules["sphinx_optviz.execute"]):
        monkeypatch.setattr(module, "framework", lambda name: wanted if name == "duals" else original(name))


@pytest.mark.usefixtures("installable", "nowhere")
def test_setup_makes_an_environment_that_books_then_use(
    call: Callable[..., tuple[int, str, str]], home: Path, pip: list[list[str]], book: Book
) -> None:
    code, out, err = call("setup", "duals")
    assert (code, err) == (0, "")
    python = home / "duals/bin/python"
    assert out.splitlines() == [
        "Dual numbers: installing hyperduals==1.0 numpy; this can take some minutes",
        f"Dual numbers: ready in {python}, for all books of this user",
    ]
    assert pip[0][1:] == ["-m", "venv", str(home / "duals")]
    assert pip[1][:4] == [str(python), "-m", "pip", "install"]
    assert pip[1][-2:] == ["hyperduals==1.0", "numpy"]
    found = environments.find("duals")
    assert found is not None
    assert (found.python, found.requirements) == (str(python), ("hyperduals==1.0", "numpy"))
    code, out, _ = call("doctor", book.folder)
    assert code == 0
    assert f"{python} (sphinx-optviz setup)" in out
    assert "wave (duals)" in book.build("text").runs


@pytest.mark.usefixtures("installable")
def test_setup_with_an_interpreter_of_ones_own(
    call: Callable[..., tuple[int, str, str]], pip: list[list[str]], tmp_path: Path
) -> None:
    own = tmp_path / "own python"
    own.symlink_to(sys.executable)
    assert call("setup", "--python", own, "duals")[0] == 0
    assert pip[0][0] == str(own)


@pytest.mark.usefixtures("installable")
@pytest.mark.parametrize("at", ["venv", "pip", "try out"])
def test_setup_that_is_interrupted_is_not_registered(
    call: Callable[..., tuple[int, str, str]],
    pip: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    run = environments._run

    def interrupted(command: list[str], problem: str) -> None:
        if command[2] == at:
            raise KeyboardInterrupt
        run(command, problem)

    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(environments, "_run", interrupted)
    if at == "try out":
        monkeypatch.setattr(cli, "_what_is_wrong", stop)
    assert call("setup", "duals")[0] == 130
    assert environments.find("duals") is None
    assert at == "venv" or pip
    # And then it can be made.
    monkeypatch.undo()


@pytest.mark.usefixtures("installable", "pip")
def test_setup_can_be_called_again_after_an_interruption_and_after_a_success(
    call: Callable[..., tuple[int, str, str]], home: Path
) -> None:
    (home / "duals/lib").mkdir(parents=True)
    (home / "duals/lib/leftover").write_text("half of it")
    for _ in range(2):
        assert call("setup", "duals")[0] == 0
        assert environments.find("duals") is not None
        assert not (home / "duals/lib/leftover").exists()


@pytest.mark.usefixtures("installable")
def test_setup_that_pip_refuses_says_what_pip_said(
    call: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = environments._run
    pip = tmp_path / "pip.py"
    said = "\n".join(["noise"] * 30 + ["ERROR: no matching distribution"])
    pip.write_text(f"import sys\nprint({said!r})\nsys.exit(1)\n")

    def refusing(command: list[str], problem: str) -> None:
        fake, without_pip = [command[0], str(pip)], [*command[:3], "--without-pip", *command[3:]]
        run(fake if command[2] == "pip" else without_pip, problem)

    monkeypatch.setattr(environments, "_run", refusing)
    code, _, err = call("setup", "duals")
    assert code == 1
    assert err.startswith("Dual numbers: pip cannot install hyperduals==1.0 numpy:\n")
    assert err.endswith("noise\nERROR: no matching distribution\n")
    assert len(err.splitlines()) <= 20
    assert environments.find("duals") is None


@pytest.mark.usefixtures("installable")
def test_setup_of_something_that_does_not_work_says_why(
    call: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = environments._run

    def without_anything(command: list[str], problem: str) -> None:
        if command[2] == "venv":
            run([*command[:3], "--without-pip", *command[3:]], problem)

    monkeypatch.setattr(environments, "_run", without_anything)
    code, _, err = call("setup", "duals")
    assert code == 1
    assert "was installed and does not work" in err
    assert "there is no module 'numpy'" in err
    assert environments.find("duals") is None


def test_setup_without_a_fitting_python_names_the_option(
    call: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    newer = types.SimpleNamespace(version_info=(3, 99, 0), executable=sys.executable)
    monkeypatch.setattr(environments, "sys", newer)
    code, _, err = call("setup", "mxnet")
    assert code == 1
    assert (
        "mxnet==1.9.1 numpy==1.23.5 matplotlib==3.10.9 ipython==9.18.1 needs Python 3.11 or older, and this is 3.99"
        in err
    )
    assert "sphinx-optviz setup --python PATH mxnet" in err
    assert not (home / "mxnet").exists()


@pytest.mark.usefixtures("installable")
def test_setup_with_an_interpreter_that_is_not_there_says_so(call: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = call("setup", "--python", "/nowhere/python", "duals")
    assert code == 1
    assert "/nowhere/python cannot make a virtual environment" in err


@pytest.mark.usefixtures("installable", "pip")
def test_setup_into_a_folder_that_cannot_be_written_says_so(
    call: Callable[..., tuple[int, str, str]], home: Path
) -> None:
    home.parent.mkdir(parents=True)
    home.write_text("a file")
    code, _, err = call("setup", "duals")
    assert code == 1
    assert "cannot be written" in err


def test_setup_of_a_framework_that_says_nothing_of_requirements_promises_nothing(
    call: Callable[..., tuple[int, str, str]],
) -> None:
    code, out, err = call("setup", "duals")
    assert code == 1
    assert "does not say what to install" in err
    assert "installing ;" not in out


@pytest.mark.usefixtures("installable", "pip")
def test_setup_goes_on_after_one_that_fails(
    call: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = environments.make

    def failing(name: str, **more: Any) -> environments.Environment:
        if name == "mxnet":
            raise environments.SetupError("no")
        return make(name, **more)

    monkeypatch.setattr(environments, "make", failing)
    code, out, err = call("setup", "mxnet", "duals", "mxnet")
    assert code == 1
    assert err == "MXNet: no\n", "once, though it was named twice"
    assert "Dual numbers: ready" in out


# ---- prune


@pytest.fixture(scope="module")
def to_prune(make_shared_book: MakeBook) -> Book:
    """A book whose store has four entries that are used, two of a former text of the code, and files of others."""
    book = made(make_shared_book())
    with at_home(book.folder / "nowhere"):
        book.build("text")
        book.replace("landscapes/wave/numpy.py", "3 * x", "x * 3")
        book.build("text")
    shutil.rmtree(book.folder / "_build")
    book.write("_optviz/README", "mine")
    book.write("_optviz/notes.jsonl", "mine")
    book.write(f"_optviz/{'A' * 32}.jsonl", "mine: no key has capitals")
    book.write(f"_optviz/.{'0' * 32}.jsonl.elsewhere.99.tmp", "being written on another machine")
    return book


@pytest.fixture
def pruned(to_prune: Book, tmp_path: Path) -> Book:
    """A copy of it, for one test."""
    return Book(shutil.copytree(to_prune.folder, tmp_path / "book"))


def files_of(book: Book) -> set[str]:
    return {path.name for path in (book.folder / "_optviz").iterdir()}


def test_prune_removes_what_no_page_uses_and_nothing_else(
    call: Callable[..., tuple[int, str, str]], pruned: Book
) -> None:
    before = files_of(pruned)
    code, out, err = call("prune", "--dry-run", pruned.folder)
    assert (code, err) == (0, "")
    *named, summary = out.splitlines()
    assert len(named) == 2
    assert summary.startswith("2 of 6 entries would be removed")
    assert files_of(pruned) == before
    code, out, err = call("prune", pruned.folder)
    assert (code, err) == (0, "")
    assert out.splitlines()[:-1] == named
    assert out.splitlines()[-1].startswith("2 of 6 entries removed")
    assert before - files_of(pruned) == {Path(name).name for name in named}
    built = pruned.build("optcheck")
    assert {row["status"] for row in json.loads(built.read("optcheck.json"))["rows"]} == {"stored"}
    assert call("prune", pruned.folder)[1].startswith("0 of 4 entries removed")


def test_prune_runs_nothing_and_writes_nothing_beside_the_store(
    call: Callable[..., tuple[int, str, str]], pruned: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned.write("landscapes/wave/numpy.py", "import numpy as np\n\n\ndef f(x):\n    return 0 * x\n")
    before = {path: path.stat().st_mtime_ns for path in pruned.folder.rglob("*") if path.is_file()}
    monkeypatch.setattr("sphinx_optviz.processes.Child.start", lambda _: pytest.fail("started"))
    assert call("prune", "--dry-run", pruned.folder)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in pruned.folder.rglob("*") if path.is_file()} == before


def test_prune_keeps_what_numpy_stands_in_with(
    call: Callable[..., tuple[int, str, str]], make_book: Any, tmp_path: Path
) -> None:
    book: Book = make_book(page=".. optplot:: cubic\n", conf="optviz_frameworks = ['pytorch']\n")
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    book.build(
        "text",
        warnings=True,
        optviz_default_framework="pytorch",
        optviz_interpreters={"pytorch": str(tmp_path / "python")},
    )
    book.write("conf.py", (book.folder / "conf.py").read_text() + "optviz_default_framework = 'pytorch'\n")
    assert len(book.store) == 1
    assert call("prune", book.folder)[:2] == (0, "0 of 1 entries removed, 0.0 MB\n")


BAD_TEXTS = {
    "unknown landscape": (".. optplot:: wave", ".. optplot:: wafe"),
    "no landscape": (".. optplot:: wave", ".. optplot::"),
    "bad interval": (":figure: none", ":x: 1 : 0"),
    "unknown framework": (":figure: none", ":frameworks: numpi"),
    "unknown option": (":figure: none", ":z: 0 : 1"),
    "bad claim": (":figure: none", ":expect: minimum"),
    "bad place to slice through": (":figure: none", ":through: top"),
}


@pytest.mark.parametrize("fault", BAD_TEXTS)
def test_prune_refuses_while_a_directive_is_not_valid(
    call: Callable[..., tuple[int, str, str]], pruned: Book, fault: str
) -> None:
    before = files_of(pruned)
    pruned.replace("index.rst", *BAD_TEXTS[fault])
    code, out, err = call("prune", pruned.folder)
    assert (code, out) == (2, "")
    assert err.startswith("sphinx-optviz prune: ")
    assert "not valid" in err
    assert files_of(pruned) == before


OF_FIGURES = [":annotate: far @ 99", ":annotate: top @ global maximum", ":expect: 7 minima"]


@pytest.fixture(scope="module")
def entries_for_figures(to_prune: Book, make_shared_book: MakeBook) -> list[Path]:
    """What the same book needs with one of these options or another, and more."""
    book = made(make_shared_book(folder="figures"))
    shutil.copytree(to_prune.folder, book.folder, dirs_exist_ok=True)
    book.write("index.rst", page(*(f".. optplot:: wave\n   {option}\n" for option in OF_FIGURES)))
    with at_home(book.folder / "nowhere"):
        book.build("text", warnings=True)
    return book.store


@pytest.mark.parametrize("option", OF_FIGURES)
def test_prune_minds_nothing_that_does_not_change_what_is_run(
    call: Callable[..., tuple[int, str, str]], pruned: Book, entries_for_figures: list[Path], option: str
) -> None:
    for entry in entries_for_figures:
        shutil.copy(entry, pruned.folder / "_optviz")
    pruned.replace("index.rst", ":figure: none", option)
    entries = pruned.store
    assert call("prune", pruned.folder)[0] == 0
    kept = pruned.store
    assert set(kept) < set(entries)
    built = pruned.build("optcheck", warnings=True)
    assert (built.runs, built.searched, pruned.store) == ([], [], kept)


def test_prune_refuses_while_conf_py_is_not_valid(call: Callable[..., tuple[int, str, str]], pruned: Book) -> None:
    before = files_of(pruned)
    pruned.write("conf.py", CONF + "optviz_landscape_path = 'landscapes'\n")
    code, _, err = call("prune", pruned.folder)
    assert code == 2
    assert "a value in conf.py is not valid" in err
    assert files_of(pruned) == before


def test_prune_refuses_while_a_landscape_is_broken(call: Callable[..., tuple[int, str, str]], pruned: Book) -> None:
    before = files_of(pruned)
    pruned.write("landscapes/wave/landscape.toml", "title =\n")
    assert call("prune", pruned.folder)[0] == 2
    assert files_of(pruned) == before


def test_prune_refuses_a_book_without_the_extension(call: Callable[..., tuple[int, str, str]], pruned: Book) -> None:
    before = files_of(pruned)
    pruned.write("conf.py", "")
    code, _, err = call("prune", pruned.folder)
    assert code == 2
    assert "optcheck" in err
    assert files_of(pruned) == before


def test_prune_looks_at_the_store_that_the_build_uses(call: Callable[..., tuple[int, str, str]], pruned: Book) -> None:
    before = files_of(pruned)
    change = "\n\ndef setup(app):\n    app.connect('config-inited', move, priority=1)\n"
    move = "\n\ndef move(app, config):\n    config.optviz_store = '_other'\n"
    pruned.write("conf.py", CONF + move + change)
    pruned.build("text")
    other = pruned.folder / "_other"
    unused = other / f"{'0' * 32}.jsonl"
    unused.write_text("junk")
    assert call("prune", pruned.folder)[0] == 0
    assert files_of(pruned) == before
    assert not unused.exists()


def test_prune_passes_over_folders_and_removes_pipes_that_are_named_like_entries(
    call: Callable[..., tuple[int, str, str]], pruned: Book
) -> None:
    store = pruned.folder / "_optviz"
    folder, pipe = store / f"{'0' * 32}.jsonl", store / f"{'f' * 32}.jsonl"
    folder.mkdir()
    os.mkfifo(pipe)
    code, _, _ = call("prune", pruned.folder)
    assert code == 0
    assert folder.exists()
    assert not pipe.exists()
    assert "notes.jsonl" in files_of(pruned)


def test_prune_of_a_book_without_a_store(call: Callable[..., tuple[int, str, str]], book: Book) -> None:
    assert call("prune", book.folder)[:2] == (0, "0 of 0 entries removed, 0.0 MB\n")
    assert not (book.folder / "_optviz").exists()


def test_prune_removes_what_killed_writers_have_left(call: Callable[..., tuple[int, str, str]], pruned: Book) -> None:
    import platform

    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    leftover = pruned.folder / f"_optviz/.{'0' * 32}.jsonl.{platform.node()}.{done.pid}.tmp"
    leftover.write_text("half of it")
    assert call("prune", "--dry-run", pruned.folder)[0] == 0
    assert leftover.exists()
    assert call("prune", pruned.folder)[0] == 0
    assert not leftover.exists()
