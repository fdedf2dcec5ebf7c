"""Killed builds, damaged and shared stores, interpreters that misbehave: the book is right, or says so."""

from __future__ import annotations

import importlib.util
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ALL_FRAMEWORKS, Book, page
from duals import CONF, PLUGIN, installed, write_pair

from sphinx_optviz import environments, processes
from sphinx_optviz.frameworks import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Built, MakeBook

pytestmark = pytest.mark.usefixtures("duals")

ONE = "def f(x):\n    return {}\n"
TWO = "def f(x, y):\n    return {}\n"
PLANE = "x = [-1, 1, 41]\ny = [-1, 1, 41]"

PAGE = """\
Page
====

.. optplot:: one
   :name: fig-one

   The first.

.. optplot:: two
   :figure: each

.. optplot:: three one
   :code: below

.. optplot:: four

.. optplot:: five
   :view: contour heatmap

.. optplot:: six
   :figure: none
"""

FILES_OF_SIX = ("one", "two", "three", "four", "five", "six")


def write_book(folder: Path) -> Book:
    """Six plots in two frameworks, all right."""
    book = Book(folder)
    book.write("conf.py", CONF)
    book.write("index.rst", PAGE)
    for index, name in enumerate(FILES_OF_SIX[:3]):
        write_pair(book, name, ONE.format(f"np.cos({index + 1} * x) + x**2"))
    for index, name in enumerate(FILES_OF_SIX[3:]):
        write_pair(book, name, TWO.format(f"np.cos({index + 1} * x) * y + x * y**2"), domain=PLANE)
    return book


def start(book: Book, out: str = "_build/html", *arguments: str) -> subprocess.Popen[str]:
    """A build in a process of its own."""
    folder = str(book.folder)
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-d", f"{folder}/{out}-doctrees"]
    return subprocess.Popen(
        [*command, *arguments, folder, f"{folder}/{out}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(build: subprocess.Popen[str]) -> None:
    """Wait for it; it has to be a success without a word."""
    said, _ = build.communicate(timeout=120)
    assert (build.returncode, said) == (0, "")


def pages_of(book: Book, out: str = "_build/html") -> dict[str, bytes]:
    """All that readers get, by name."""
    folder = book.folder / out
    found = [*folder.glob("**/*.html"), *folder.glob("_images/*")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def store_of(book: Book) -> dict[str, bytes]:
    """All that lies in the store, leftovers included."""
    return {path.name: path.read_bytes() for path in (book.folder / "_optviz").iterdir()}


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, bytes], float]:
    """Pages and store of a build that nobody disturbs, and the seconds that it takes."""
    book = write_book(tmp_path_factory.mktemp("undisturbed") / "book")
    with installed():
        started = time.monotonic()
        finish(start(book))
        took = time.monotonic() - started
    pages, store = pages_of(book), store_of(book)
    assert len(store) == 34  # drawn and compared in both, and searched but for the one without a figure
    assert len([name for name in pages if name.endswith(".svg")]) == 6
    return pages, store, took


# ---- killed


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))])
def test_build_after_some_that_were_killed_is_whole(
    tmp_path: Path, undisturbed: tuple[dict[str, bytes], dict[str, bytes], float], seed: int
) -> None:
    pages, store, took = undisturbed
    book = write_book(tmp_path / "book")
    chance = random.Random(seed)
    for _ in range(3):
        build = start(book)
        time.sleep(chance.uniform(0.2, 1.0) * took)
        build.kill()
        build.communicate()
        for path in (book.folder / "_optviz").glob("*.jsonl"):
            assert path.read_bytes() == store[path.name], "what is there is whole"
    finish(start(book, "_build/html", "-W"))
    assert pages_of(book) == pages
    assert store_of(book) == store


def test_killed_build_leaves_no_process(tmp_path: Path) -> None:
    book = write_book(tmp_path / "book")
    marker = f"{time.time_ns() % 10**9}.25"
    code = f"import subprocess\n\n\ndef f(x):\n    subprocess.run(['sleep', '{marker}'])\n    return x\n"
    book.landscape("one", code)
    build = start(book)
    until = time.monotonic() + 30
    while not pids(marker) and time.monotonic() < until:
        time.sleep(0.05)
    assert pids(marker)
    build.kill()
    build.communicate()
    until = time.monotonic() + 10
    while pids(marker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not pids(marker)


def pids(marker: str) -> str:
    found = subprocess.run(["pgrep", "-f", f"sleep {marker}"], capture_output=True, text=True, check=False)
    return found.stdout


def test_two_builds_at_once_share_a_store(
    tmp_path: Path, undisturbed: tuple[dict[str, bytes], dict[str, bytes], float]
) -> None:
    pages, store, _ = undisturbed
    book = write_book(tmp_path / "book")
    builds = [start(book, out, "-W") for out in ("_build/first", "_build/second")]
    for build in builds:
        finish(build)
    assert pages_of(book, "_build/first") == pages
    assert pages_of(book, "_build/second") == pages
    assert store_of(book) == store


def test_build_takes_what_another_one_that_was_killed_has_left_behind_away(
    tmp_path: Path, undisturbed: tuple[dict[str, bytes], dict[str, bytes], float]
) -> None:
    import platform

    pages, store, _ = undisturbed
    book = write_book(tmp_path / "book")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    leftover = f".{'0' * 32}.jsonl.{platform.node()}.{ended.pid}.tmp"
    book.write(f"_optviz/{leftover}", "half of it")
    finish(start(book))
    assert (pages_of(book), store_of(book)) == (pages, store)


# ---- entries that are not what they should be


@pytest.fixture(scope="module")
def built_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book that was built; tests copy it."""
    book = write_book(tmp_path_factory.mktemp("built") / "book")
    with installed():
        book.build()
    return book.folder


class Trap:
    """Unpickled, it leaves a sign."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.sign,)


def whole(content: bytes, how: str, path: Path, other: Path, sign: Path) -> bytes | None:
    """What to write in place of an entry's *content*; None if it is to be no file."""
    at = len(content) - 100
    return {
        "truncated": content[: len(content) // 2],
        "bit": content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
        "another run's": other.read_bytes(),
        "another run's, renamed inside": other.read_bytes().replace(other.stem.encode(), path.stem.encode(), 1),
        "pickle": pickle.dumps(Trap(sign)),
        "empty": b"",
    }.get(how)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "folder": os.mkdir,
    "link to itself": lambda path: path.symlink_to(path),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
}

HOW = ["truncated", "bit", "another run's", "another run's, renamed inside", "pickle", "empty", *NO_FILES]


def damage(path: Path, how: str, other: Path, sign: Path) -> None:
    """Put something else in the place of the entry *path*."""
    content = whole(path.read_bytes(), how, path, other, sign)
    path.unlink()
    if content is None:
        NO_FILES[how](path)
    else:
        path.write_bytes(content)


@pytest.mark.parametrize("how", HOW)
def test_entry_that_is_not_what_it_should_be_is_told_and_not_trusted(
    tmp_path: Path, built_folder: Path, how: str
) -> None:
    shutil.copytree(built_folder, tmp_path / "book")
    book = Book(tmp_path / "book")
    shutil.rmtree(book.folder / "_build")
    store = store_of(book)
    of_duals = [path for path in book.store if '"framework": "duals"' in path.read_text()]
    values = [path for path in of_duals if '"operations": ["values"]' in path.read_text()]
    derivatives = [path for path in of_duals if path not in values]
    sign = tmp_path / "sign"
    chosen = [values[0], derivatives[0]]
    for path, other in zip(chosen, (values[1], derivatives[1]), strict=True):
        damage(path, how, other, sign)
    built = book.build(warnings=True)
    assert all(warning.endswith("[optviz.store]") for warning in built.warnings)
    told = [path for path in chosen for warning in built.warnings if warning.startswith(f"{path}:1: WARNING: ")]
    # What cannot be replaced is told when it is read and when it is to be written.
    assert told == [path for path in chosen for _ in range(2 if how == "folder" else 1)]
    assert len(built.warnings) == len(told)
    assert len(built.runs) == len(built.compared) == 1
    assert not sign.exists()
    shown = {path.relative_to(built_folder): path.read_bytes() for path in built_folder.glob("_build/html/**/*.html")}
    assert shown
    for name, content in shown.items():
        assert (book.folder / name).read_bytes() == content
    if how == "folder":
        assert all(path.is_dir() for path in chosen)
    else:
        assert store_of(book) == store
        assert book.build().warnings == []


@pytest.mark.parametrize("how", ["truncated", "bit", "pickle", "folder"])
def test_entry_that_is_damaged_between_two_builds_is_noticed(tmp_path: Path, built_folder: Path, how: str) -> None:
    shutil.copytree(built_folder, tmp_path / "book")
    book = Book(tmp_path / "book")
    book.build()
    book.build()  # now it may remember that nothing has changed
    path = book.store[0]
    times = path.stat()
    damage(path, how, book.store[1], tmp_path / "sign")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    warnings = book.build(warnings=True).warnings
    assert warnings
    assert all(str(path) in warning for warning in warnings)


def test_entry_that_is_removed_between_two_builds_is_made_again(tmp_path: Path, built_folder: Path) -> None:
    shutil.copytree(built_folder, tmp_path / "book")
    book = Book(tmp_path / "book")
    book.build()
    book.build()
    store = store_of(book)
    book.store[0].unlink()
    built = book.build()
    assert len(built.runs) + len(built.compared) == 1
    assert store_of(book) == store


# ---- interpreters and libraries that misbehave


# Seconds: what is started afresh here imports NumPy, in a tenth of them; what imports more is forked.
PATIENCE = 3.0


@pytest.fixture
def impatient(duals: object, monkeypatch: pytest.MonkeyPatch, make_book: MakeBook) -> None:  # noqa: ARG001 - before it
    """Nobody waits for an interpreter for longer than that. Those to fork from are there before."""
    two_plots(make_book, folder="before").build()
    monkeypatch.setattr(processes, "START_TIMEOUT", PATIENCE)
    monkeypatch.setattr(processes, "_SPEAK_TIMEOUT", PATIENCE)


def two_plots(make_book: MakeBook, folder: str = "book") -> Book:
    """A plot in both frameworks, and one in NumPy."""
    text = ".. optplot:: mine\n\n.. optplot:: fine\n   :frameworks: numpy\n"
    book = make_book(page=text, conf=CONF, folder=folder)
    write_pair(book, "mine", ONE.format("np.cos(x)"))
    book.landscape("fine", "def f(x):\n    return x**2\n")
    return book


def check_that_only_its_own_tab_suffers(built: Built, words: str) -> None:
    (message,) = built.messages
    assert (message.file, message.line, message.subtype) == ("index.rst", 4, "framework_broken")
    assert message.text.startswith("Dual numbers was not run: ")
    assert words in message.text
    shown = built.page()
    assert len(shown.alts) == 2
    assert shown.text.count("Dual numbers: this code was not run when the page was built.") == 1
    assert shown.text.count("hyperduals") == 1, "its code is shown"
    assert str(built.app.srcdir) not in built.read("index.html")


SCRIPTS = {
    "ends at once": "#!/bin/sh\nexit 0\n",
    "fails at once": "#!/bin/sh\nexit 3\n",
    "crashes": "#!/bin/sh\nkill -SEGV $$\n",
    "says something else": "#!/bin/sh\necho 'starting a container'\nexec sleep 1000\n",
    "hangs": "#!/bin/sh\nexec sleep 1000\n",
    "is no program": "nothing to run\n",
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", SCRIPTS)
def test_interpreter_that_misbehaves_costs_its_own_tab_and_nothing_else(
    make_book: Any, tmp_path: Path, name: str
) -> None:
    script = tmp_path / "python"
    script.write_text(SCRIPTS[name])
    script.chmod(0o755)
    built = two_plots(make_book).build(warnings=True, optviz_interpreters={"duals": str(script)})
    reason = f"did not answer in {PATIENCE:g} seconds" if name == "hangs" else ""
    check_that_only_its_own_tab_suffers(built, f"the interpreter {str(script)!r} {reason}")


@pytest.mark.usefixtures("impatient")
def test_interpreter_that_is_given_up_takes_along_what_it_has_started(make_book: Any, tmp_path: Path) -> None:
    script, marker = tmp_path / "python", f"{time.time_ns() % 10**6}.75"
    script.write_text(f"#!/bin/sh\nsleep {marker}\n")
    script.chmod(0o755)
    built = two_plots(make_book).build(warnings=True, optviz_interpreters={"duals": str(script)})
    left = pids(marker).split()
    for process in left:
        os.kill(int(process), 9)
    assert left == []
    check_that_only_its_own_tab_suffers(built, f"did not answer in {PATIENCE:g} seconds")


IMPATIENT = f"""\
import sys

from sphinx.cmd.build import main

from sphinx_optviz import processes

processes.START_TIMEOUT = processes._SPEAK_TIMEOUT = {PATIENCE}
sys.exit(main(sys.argv[1:]))
"""


def test_interpreter_that_hangs_once_it_is_asked_something_costs_its_own_tab(make_book: Any, tmp_path: Path) -> None:
    script = tmp_path / "python"
    # It runs a program that is given as text, and hangs when it has to listen.
    script.write_text(f'#!/bin/sh\n[ -z "$2" ] && exec {sys.executable} "$@"\nexec sleep 1000\n')
    script.chmod(0o755)
    book = two_plots(make_book)
    book.write("conf.py", CONF + f"optviz_interpreters = {{'duals': {str(script)!r}}}\n")
    # In a process of its own, which can be ended if it waits for ever.
    command = [sys.executable, "-c", IMPATIENT, "-q", str(book.folder), str(book.folder / "_build")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0
    assert "Dual numbers was not run: the interpreter" in done.stderr
    assert done.stderr.count("WARNING") == 1


@pytest.mark.parametrize("interpreter", ["{tmp}", "{tmp}/nothing", "optviz-test-no-such-program"])
def test_interpreter_that_is_not_there_costs_its_own_tab_and_nothing_else(
    make_book: Any, tmp_path: Path, interpreter: str
) -> None:
    interpreter = interpreter.format(tmp=tmp_path)
    built = two_plots(make_book).build(warnings=True, optviz_interpreters={"duals": interpreter})
    check_that_only_its_own_tab_suffers(built, f"the interpreter {interpreter!r} does not start")


LIBRARIES = {
    "exits": ("import os\nos._exit(3)\n", "the interpreter ended in the middle"),
    "aborts": ("import os\nos.abort()\n", "the interpreter ended in the middle"),
    "raises": ("raise RuntimeError('no licence')\n", "RuntimeError: no licence"),
    "stops": ("raise SystemExit(0)\n", "SystemExit"),
    "hangs": ("import time\ntime.sleep(1000)\n", f"no answer within {PATIENCE:g} seconds"),
    "spins": ("while True:\n    pass\n", f"no answer within {PATIENCE:g} seconds"),
    "is not Python": ("def f(:\n", "SyntaxError"),
    "closes everything": ("import os\nos.closerange(0, 256)\n", "the interpreter ended in the middle"),
    "needs another module": ("import optviz_test_gone\n", "No module named 'optviz_test_gone'"),
}


def with_library(text: str, tmp_path: Path) -> dict[str, Any]:
    """Values of conf.py: an interpreter of the dual numbers whose library begins with *text*."""
    site, script = tmp_path / "site", tmp_path / "python"
    site.mkdir()
    library = (PLUGIN / "hyperduals.py").read_text()
    (site / "hyperduals.py").write_text(library.replace("import numpy as np\n", text + "import numpy as np\n", 1))
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{site}:$PYTHONPATH" exec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    return {"optviz_interpreters": {"duals": str(script)}}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", LIBRARIES)
def test_library_that_misbehaves_when_it_is_imported_costs_its_own_tab_and_nothing_else(
    make_book: MakeBook, tmp_path: Path, name: str
) -> None:
    text, words = LIBRARIES[name]
    built = two_plots(make_book).build(warnings=True, **with_library(text, tmp_path))
    check_that_only_its_own_tab_suffers(built, words)


def test_library_that_prints_without_measure_disturbs_nobody(
    make_book: MakeBook, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    flood = "import os\nfor _ in range(200):\n    print('x' * 100_000)\n    os.write(2, b'y' * 100_000)\n"
    built = two_plots(make_book).build(**with_library(flood, tmp_path))
    assert "mine (duals)" in built.runs
    assert " agree " in built.page().text
    assert capfd.readouterr() == ("", "")


# ---- no interpreter at all


@pytest.fixture
def spies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every framework has an interpreter that leaves a sign when it is started; the sign."""
    sign, script = tmp_path / "started", tmp_path / "spy"
    script.write_text(f'#!/bin/sh\ntouch "{sign}"\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    for name in (*BUILT_IN, "duals"):
        monkeypatch.setenv(f"OPTVIZ_INTERPRETER_{name.upper()}", str(script))
    return sign


def test_never_starts_no_interpreter_with_and_without_a_store(tmp_path: Path, spies: Path) -> None:
    book = write_book(tmp_path / "book")
    without = book.build(warnings=True, optviz_execute="never")
    assert {warning.rpartition("[")[2] for warning in without.warnings} == {"optviz.not_run]"}
    assert not spies.exists()
    shown = without.page()
    assert shown.alts == []
    assert shown.text.count("There is no figure: NumPy was not run.") == 4
    book.build()
    assert spies.exists(), "the spies work"
    spies.unlink()
    shutil.rmtree(book.folder / "_build")
    built = book.build(optviz_execute="never")
    assert len(built.page().alts) == 6
    assert not spies.exists()


def test_whole_store_needs_no_interpreter(tmp_path: Path, built_folder: Path, spies: Path) -> None:
    shutil.copytree(built_folder, tmp_path / "book")
    book = Book(tmp_path / "book")
    shutil.rmtree(book.folder / "_build")
    built = book.build(parallel=2)
    assert not spies.exists()
    assert built.read("index.html") == (built_folder / "_build/html/index.html").read_text()


def hide_frameworks(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """From now on there is no framework but NumPy."""
    for name in ALL_FRAMEWORKS:
        patch.delenv(f"OPTVIZ_INTERPRETER_{name.upper()}", raising=False)
    patch.setattr(environments, "data_folder", lambda: folder / "no environments")
    modules = {BUILT_IN[name].module for name in ALL_FRAMEWORKS} | {"hyperduals"}
    find_spec = importlib.util.find_spec
    patch.setattr(
        importlib.util, "find_spec", lambda name, package=None: None if name in modules else find_spec(name, package)
    )


CHAPTER = ["cubic", "local_minima", "risk", "saddle", "vanishing_gradient"]


@pytest.mark.framework
def test_store_of_all_frameworks_is_as_good_as_the_frameworks_and_numpy_draws_without_it(
    needs: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ALL_FRAMEWORKS:
        needs(name)
    book = Book(tmp_path / "book")
    # Named: otherwise those that are nowhere would have no tabs and no warnings.
    book.write("conf.py", f"extensions = ['sphinx_optviz']\noptviz_frameworks = {ALL_FRAMEWORKS}\n")
    book.write("index.rst", page(*(f".. optplot:: {name}\n" for name in CHAPTER)))
    with_all = book.build()
    assert len(with_all.runs) == len(with_all.compared) == 20
    pages = pages_of(book)
    assert with_all.read("index.html").count(" agree (largest difference") == 5

    hide_frameworks(monkeypatch, tmp_path)
    shutil.rmtree(book.folder / "_build")
    without = book.build()
    assert (without.runs, without.compared) == ([], [])
    assert pages_of(book) == pages

    shutil.rmtree(book.folder / "_build")
    shutil.rmtree(book.folder / "_optviz")
    bare = book.build(warnings=True)
    assert [re.findall(r"WARNING: (\w+) was not run", warning) for warning in bare.warnings] == [
        [BUILT_IN[name].label] for name in ALL_FRAMEWORKS
    ]
    assert all(warning.endswith("[optviz.framework_missing]") for warning in bare.warnings)
    assert bare.runs == [f"{name} (numpy)" for name in CHAPTER]
    html = bare.read("index.html")
    assert html.count("<img") == 5
    assert html.count("The figure shows the numbers of NumPy, because PyTorch was not run.") == 5
    for name in ALL_FRAMEWORKS:
        assert html.count(f"{BUILT_IN[name].label}: this code was not run when the page was built.") == 5
    assert " agree" not in html
    for module in ("torch", "jax", "tensorflow", "mxnet"):
        assert module in html
