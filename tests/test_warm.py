"""Interpreters that are kept warm: they serve as others do, and nothing of them outlives the command."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_processes import HOST, SOON, alive, becomes, pids_in

from sphinx_optviz import cli
from sphinx_optviz.processes import Child, ChildError, Program, warm

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes that can be given away"),
    pytest.mark.usefixtures("fresh_interpreters"),
]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Book

    from sphinx_optviz.processes import Message

TEXT = """\
import os, subprocess, sys, time

def version():
    return "1.2"

def answer(request):
    if "pid_to" in request:
        child = subprocess.Popen(["sleep", "60"])
        with open(request["pid_to"], "a") as file:
            file.write(f"{os.getpid()} {child.pid}\\n")
    if "exit" in request:
        os._exit(request["exit"])
    time.sleep(request.get("sleep", 0))
    print("printed")
    return {"kind": "done", "warm": hasattr(sys, "warm"), "pid": os.getpid(), "echo": request.get("echo", b"")}
"""
PROGRAM = Program(texts=[("program.py", TEXT)], imports="import sys\nsys.warm = True\nprint('said on import')\n")


@pytest.fixture(autouse=True)
def folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where folders are made; after each test none is left."""
    folder = tmp_path_factory.mktemp("f")  # short: the address of a socket has some hundred characters
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[warm.Warm]:
    """Keeps interpreters warm for the children of this process."""
    monkeypatch.setattr(warm, "_QUIET", 0.05)
    with warm.Warm() as keeper:
        for name, value in keeper.environment().items():
            monkeypatch.setenv(name, value)
        yield keeper


def ask(program: Program, **request: object) -> Message:
    """The answer of a child that ends then."""
    child = Child(program)
    child.start()
    try:
        return child.request(request, SOON)
    finally:
        child.end()


def waiting(keeper: warm.Warm) -> list[int]:
    """The processes that wait."""
    found = [interpreter.process for interpreter in keeper._waiting.values() if interpreter is not None]
    return [process.pid for process in found if alive(process.pid)]


def ready(keeper: warm.Warm) -> int:
    """How many processes wait whose imports are done."""
    with keeper._changed:
        found = [interpreter._done for interpreter in keeper._waiting.values() if interpreter is not None]
        return len(select.select(found, [], [], 0)[0])


def warmed(keeper: warm.Warm, program: Program = PROGRAM) -> int:
    """Ask once; the process that waits then."""
    assert not ask(program)["warm"]
    assert becomes(lambda: len(waiting(keeper)) == 1)
    return waiting(keeper)[0]


@pytest.mark.parametrize("interpreter", ["", sys.executable], ids=["own", "named"])
def test_second_build_finds_a_warm_interpreter(keeper: warm.Warm, interpreter: str) -> None:
    program = replace(PROGRAM, interpreter=interpreter)
    pid = warmed(keeper, program)
    data = bytes(range(256)) * 40_000  # 10 MB, each way
    answer = ask(program, echo=data)
    assert (answer["warm"], answer["pid"], answer["echo"] == data) == (True, pid, True)
    assert becomes(lambda: not alive(pid))
    assert becomes(lambda: len(waiting(keeper)) == 1)  # for the third


def test_several_children_at_once_share_what_waits(keeper: warm.Warm) -> None:
    warmed(keeper)
    children = [Child(PROGRAM), Child(PROGRAM)]
    for child in children:
        child.start()
    assert [child.request({}, SOON)["warm"] for child in children] == [True, False]
    time.sleep(0.3)
    assert waiting(keeper) == []  # builds go on: nothing is started beside them, however long it is quiet
    for child in children:
        child.end()
    assert becomes(lambda: len(waiting(keeper)) == 1)


@pytest.mark.parametrize("change", ["environment", "imports", "interpreter"])
def test_what_was_started_in_another_way_does_not_serve(
    keeper: warm.Warm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    warmed(keeper)
    program = PROGRAM
    if change == "environment":
        monkeypatch.setenv("XLA_FLAGS", "another")
    elif change == "imports":
        program = replace(PROGRAM, imports=PROGRAM.imports + "\n")
    else:
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        program = replace(PROGRAM, interpreter=str(python))
    assert not ask(program)["warm"]
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    assert ask(PROGRAM)["warm"]


def test_folders_in_pythonpath_are_those_of_the_build(
    keeper: warm.Warm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("one", "other"):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "src/optviz_here.py").write_text(f"NAME = {name!r}")
    monkeypatch.setenv("PYTHONPATH", "src")
    text = TEXT.replace('hasattr(sys, "warm")', '(hasattr(sys, "warm"), __import__("optviz_here").NAME)')
    program = replace(PROGRAM, texts=[("program.py", text)])
    found = []
    for name in ("one", "one", "other"):
        monkeypatch.chdir(tmp_path / name)
        found.append(tuple(ask(program)["warm"]))
        assert becomes(lambda: waiting(keeper) != [])
    assert found == [(False, "one"), (True, "one"), (False, "other")]


def test_programs_without_imports_are_not_kept(keeper: warm.Warm) -> None:
    ask(replace(PROGRAM, imports=""))
    assert keeper._waiting == {}  # it was never asked


@pytest.mark.parametrize(
    "code", ["import optviz_test_gone", "raise SystemExit(3)", "def (", "import os\nos._exit(1)", "time.sleep(60)"]
)
def test_interpreter_whose_imports_fail_or_hang_is_not_given_away(
    keeper: warm.Warm, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(warm, "_PATIENCE", 0.3)
    program = replace(PROGRAM, imports=f"import sys, time\nsys.warm = True\n{code}")
    assert not ask(program)["warm"]
    assert becomes(lambda: list(keeper._waiting.values()) != [None])
    assert not ask(program)["warm"]


def test_time_limit_ends_all_that_a_warm_interpreter_has_started(keeper: warm.Warm, tmp_path: Path) -> None:
    warmed(keeper)
    child = Child(PROGRAM)
    child.start()
    with pytest.raises(ChildError) as caught:
        child.request({"pid_to": str(tmp_path / "pids"), "sleep": 60}, 0.5)
    child.end()
    assert caught.value.timed_out
    assert 'File "program.py", line 13 in answer' in caught.value.details
    pids = pids_in(tmp_path / "pids")
    assert len(pids) == 2
    assert becomes(lambda: not any(map(alive, pids)))


def test_warm_interpreter_that_ends_in_the_middle_is_told(keeper: warm.Warm) -> None:
    warmed(keeper)
    with pytest.raises(ChildError, match="ended in the middle"):
        ask(PROGRAM, exit=3)
    assert becomes(lambda: len(waiting(keeper)) == 1)


def test_warm_interpreter_ends_when_its_build_is_killed(keeper: warm.Warm, tmp_path: Path, folders: Path) -> None:
    """And in the middle of a request, where it does not look at the channel."""
    host = HOST.replace("sys.argv[1])])", f"sys.argv[1])], imports={PROGRAM.imports!r})")
    command = [sys.executable, "-c", host, TEXT, str(tmp_path / "pids")]
    for _ in range(2):
        known = len(pids_in(tmp_path / "pids"))
        was_waiting = waiting(keeper)
        with subprocess.Popen(command) as process:
            assert becomes(lambda: len(pids_in(tmp_path / "pids")) == known + 2)  # noqa: B023 - called at once
            process.kill()
        assert becomes(lambda: not any(map(alive, pids_in(tmp_path / "pids"))))
        assert becomes(lambda: len(waiting(keeper)) == 1)
    assert was_waiting == [pids_in(tmp_path / "pids")[-2]]  # the second was a warm one
    (own,) = folders.iterdir()  # the keeper's; the fixture sees that this goes too
    assert (own / "socket").exists()


def test_at_most_eight_wait(keeper: warm.Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "_MOST", 2)
    programs = [replace(PROGRAM, imports=f"{PROGRAM.imports}{number}") for number in range(3)]
    for program in programs:
        ask(program)
    assert becomes(lambda: len(waiting(keeper)) == 2)
    assert [ask(program)["warm"] for program in programs[::-1]] == [True, True, False]


@pytest.mark.parametrize("said", [b"", b"hello", b"\xff" * 20, (3).to_bytes(8, "big") + b"a\0b"])
def test_what_is_no_request_does_no_harm(keeper: warm.Warm, said: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as build:
        build.connect(keeper.environment()["OPTVIZ_WARM"])
        build.sendall(said)
        build.shutdown(socket.SHUT_WR)
        assert build.recv(1) == b""
    warmed(keeper)
    assert ask(PROGRAM)["warm"]


def test_build_that_outlives_the_command_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(warm, "_QUIET", 0.05)
    with warm.Warm() as keeper:
        monkeypatch.setenv("OPTVIZ_WARM", keeper.environment()["OPTVIZ_WARM"])
        warmed(keeper)
        child = Child(PROGRAM)
        child.start()

        # Here the interpreter would not see that its parent has ended.
        def end() -> None:
            becomes(lambda: len(pids_in(tmp_path / "pids")) == 2)
            shutil.rmtree(keeper._folder)
            os.kill(child._pid, 9)

        ended = threading.Thread(target=end)
        ended.start()
        with pytest.raises(ChildError, match="ended with the command"):
            child.request({"pid_to": str(tmp_path / "pids"), "sleep": 60}, 2 * SOON)
        ended.join()
        child.end()


def test_without_the_keeper_children_start_as_ever(keeper: warm.Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTVIZ_WARM", keeper.environment()["OPTVIZ_WARM"] + "-gone")
    assert ask(PROGRAM)["kind"] == "done"


# ---- the command

COMMAND = [sys.executable, "-c", "from sphinx_optviz.cli import main; raise SystemExit(main())"]
PROGRAM_OF_A_BUILD = f"""\
import json, os, sys, time
from sphinx_optviz.processes import Child, Program
def ask(folder, request):
    imports = {PROGRAM.imports!r} + f"open({{folder + '/imported'!r}}, 'w').close()"
    child = Child(Program(texts={list(PROGRAM.texts)!r}, imports=imports))
    child.start()
    print(json.dumps(child.request(request, 60.0)["warm"]), flush=True)
    child.end()
    return folder + "/imported"
"""
ASKS_TWICE = f"""\
{PROGRAM_OF_A_BUILD}
imported = ask(sys.argv[1], {{}})
end = time.monotonic() + 60
while not os.path.exists(imported) and time.monotonic() < end:
    time.sleep(0.01)
ask(sys.argv[1], {{}})
raise SystemExit(7)
"""


def test_command_runs_another_one_and_ends_as_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(warm, "_QUIET", 0.05)
    assert cli.main(["warm", sys.executable, "-c", ASKS_TWICE, str(tmp_path)]) == 7
    assert capfd.readouterr().out.split() == ["false", "true"]


@pytest.mark.parametrize("dashes", [[], ["--"]])
def test_options_of_the_other_command_are_its_own(capfd: pytest.CaptureFixture[str], dashes: list[str]) -> None:
    assert cli.main(["warm", *dashes, sys.executable, "--version"]) == 0
    assert capfd.readouterr().out.startswith("Python 3")


def test_command_that_a_signal_ends(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["warm", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]) == 128 + 9
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "problem"),
    [([], "name the command"), (["no-such-program", "x"], "no-such-program does not start: No such file")],
)
def test_command_that_cannot_be_run(capfd: pytest.CaptureFixture[str], words: list[str], problem: str) -> None:
    assert cli.main(["warm", *words]) == 2
    assert problem in capfd.readouterr().err


def test_folder_whose_name_is_too_long_for_a_socket_is_told(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        (folders / ("f" * 100)).mkdir()
        patch.setattr(tempfile, "tempdir", str(folders / ("f" * 100)))
        assert cli.main(["warm", sys.executable, "--version"]) == 2
    assert "let TMPDIR name another folder" in capfd.readouterr().err
    (folders / ("f" * 100)).rmdir()  # nothing is in it


def test_signals_have_their_handlers_again(capfd: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    cli.main(["warm", sys.executable, "--version"])
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    assert capfd.readouterr().err == ""


def test_nothing_is_left_when_the_command_is_ended(tmp_path: Path, folders: Path) -> None:
    """By a signal, while one interpreter waits and another one works."""
    request = {"pid_to": str(tmp_path / "pids"), "sleep": 60}
    script = f"{PROGRAM_OF_A_BUILD}\nask(sys.argv[1], {request})"
    command = [*COMMAND, "warm", sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(folders)}) as process:
        assert becomes(lambda: len(pids_in(tmp_path / "pids")) == 2)
        process.terminate()
        assert process.wait(SOON) == 128 + 15
    assert becomes(lambda: not any(map(alive, pids_in(tmp_path / "pids"))))
    for left in folders.glob("optviz-*/"):
        shutil.rmtree(left)


# ---- whole builds

CELLS = """\
.. optplot::

   import matplotlib
   import random
   import numpy as np
   from matplotlib import pyplot as plt
   print(matplotlib.get_backend(), plt.rcParams["lines.linewidth"], plt.rcParams["font.size"])
   random.random(), np.random.rand()

.. optplot::

   fig, axes = plt.subplots(1, 2)
   axes[0].plot(np.sin(np.linspace(0, 3)), label=r"$\\sqrt{x}$")
   axes[0].legend()
   axes[1].contourf(np.add.outer(range(4), range(4)))
   plt.show()
   plt.rcdefaults()
   plt.rcParams["lines.linewidth"], matplotlib.get_backend()

.. optplot:: saddle
"""


def test_book_is_the_same_byte_for_byte(keeper: warm.Warm, make_book: Callable[..., Book]) -> None:
    def contents(book: Book) -> dict[str, bytes]:
        figures = (book.folder / "_build").glob("doctrees/optviz/figures/*")
        images = (book.folder / "_build/html").glob("_images/*")
        return {path.name: path.read_bytes() for path in (*book.store, *figures, *images) if path.is_file()}

    conf = "optviz_rcparams = {'lines.linewidth': 2.5}\n"
    found = []
    for folder in ("cold", "warm"):
        book = make_book(page=CELLS, conf=conf, folder=folder)
        pids = waiting(keeper)
        html = book.build().read("index.html")
        assert "module://optviz_backend 2.5 10.0" in html
        found.append(contents(book))
        assert not any(map(alive, pids))  # each of them was used
        if folder == "cold":
            # For cells, for the landscape, for its figure; they have done what they do first.
            assert becomes(lambda: len(waiting(keeper)) == ready(keeper) == 3, 6 * SOON)
    assert len(pids) == 3
    assert {Path(name).suffix for name in found[0]} >= {".jsonl", ".svg"}
    assert found[0] == found[1]
