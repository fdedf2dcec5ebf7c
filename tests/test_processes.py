"""Children and the pool: what they answer, and that nothing of them is left, however they end."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sphinx_optviz import processes
from sphinx_optviz.processes import Answer, Child, ChildError, Pool, Program, gateway_spec
from sphinx_optviz.processes.launch import SOCKET
from sphinx_optviz.processes.loop import OUTPUT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = pytest.mark.usefixtures("fresh_interpreters")

Job = dict[str, Any]

# Does what the request says, so that one program serves most tests.
TEXT = """\
import ctypes, os, subprocess, sys, time

def version():
    return "1.2"

def answer(request):
    if "pid_to" in request:
        with open(request["pid_to"], "a") as file:
            file.write(f"{os.getpid()}\\n")
    if "start" in request:
        sleeper = subprocess.Popen(["sleep", "60"])
        with open(request["start"], "a") as file:
            file.write(f"{sleeper.pid}\\n")
    if "print" in request:
        for _ in range(request["print"]):
            print("printed " * 125)
            print("printed " * 125, file=sys.stderr)
    if "shout" in request:
        subprocess.run(["echo", request["shout"]], check=True)
    if "say" in request:
        print(request["say"])
    if "sleep" in request:
        time.sleep(request["sleep"])
    while "until" in request and not os.path.exists(request["until"]):
        time.sleep(0.01)
    if "exit" in request:
        os._exit(request["exit"])
    if "crash" in request:
        ctypes.string_at(0)
    if "raise" in request:
        raise ValueError(request["raise"])
    if "unspeakable" in request:
        return object()
    return {"kind": "done", "name": request.get("name", ""), "pid": os.getpid()}
"""
PROGRAM = Program(texts=[("program.py", TEXT)])
BROKEN = Program(texts=[("broken.py", "import optviz_test_gone.part\n")])

SOON = 10.0  # seconds: far more than anything here takes, and far less than what is ended takes


def line_of(text: str) -> int:
    """The line of the first program that holds *text*."""
    return next(number for number, line in enumerate(TEXT.splitlines(), 1) if text in line)


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return not Path("/proc/self").exists()


def becomes(condition: Callable[[], bool], seconds: float = SOON) -> bool:
    """Whether *condition* holds soon."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def pids_in(path: Path) -> list[int]:
    return [int(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []


def serving() -> set[threading.Thread]:
    """The threads that serve children."""
    return {thread for thread in threading.enumerate() if "_serve" in thread.name}


@pytest.fixture(autouse=True)
def folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where children get their folders; after each test neither a folder nor a thread may be left."""
    folder = tmp_path_factory.mktemp("children")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    threads = serving()
    yield folder
    assert list(folder.iterdir()) == []
    assert serving() <= threads


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child(PROGRAM)
    child.start()
    yield child
    child.end()


@pytest.fixture(scope="module")
def lasting() -> Iterator[Child]:
    """One that is only asked for what leaves it whole, and so serves several tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(SOCKET, raising=False)
        child = Child(PROGRAM)
        child.start()
    yield child
    child.end()


def failure_of(program: Program) -> ChildError:
    with pytest.raises(ChildError) as caught:
        Child(program).start()
    return caught.value


# ---- one child


def test_child_tells_its_version_and_answers(lasting: Child) -> None:
    assert lasting.version == "1.2"
    assert lasting.request({"name": "a"}, SOON)["name"] == "a"
    assert lasting.request({"name": "b"}, SOON)["name"] == "b"


def test_child_is_another_process_that_ends(child: Child) -> None:
    pid = child.request({}, SOON)["pid"]
    assert pid != os.getpid()
    assert alive(pid)
    child.end()
    assert not alive(pid)


def test_child_can_be_ended_twice(child: Child) -> None:
    pid = child.request({}, SOON)["pid"]
    child.end()
    child.end()
    assert not alive(pid)


def test_child_that_dies_as_its_time_runs_out_was_still_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes down where it is when its time is nearly over, here after a tenth of a second, and dies of that."""
    monkeypatch.setattr(processes, "_last_words", lambda timeout: timeout - 0.1)
    text = "import os, time\ndef version(): return ''\ndef answer(request): time.sleep(0.2); os._exit(1)"
    child = Child(Program(texts=[("t", text)]))
    child.start()
    with pytest.raises(ChildError, match=f"no answer within {SOON:g} seconds") as raised:
        child.request({}, SOON)
    assert raised.value.timed_out
    child.end()


@pytest.mark.parametrize(("timeout", "before"), [(0.2, 0.1), (1.0, 0.5), (60.0, 0.5)])
def test_last_words_come_shortly_before_the_end(timeout: float, before: float) -> None:
    assert processes._last_words(timeout) == before


def test_programs_share_one_namespace() -> None:
    texts = [("one", "def version(): return name"), ("two", "name = 'both'\ndef answer(request): return {}")]
    child = Child(Program(texts=texts))
    child.start()
    child.end()
    assert child.version == "both"


def test_child_imports_from_the_folders_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "optviz_test_module.py").write_text("NUMBER = '7'\n", encoding="utf-8")
    text = "import optviz_test_module\ndef version(): return optviz_test_module.NUMBER\ndef answer(request): return {}"
    child = Child(Program(texts=[("t", text)], path=[str(tmp_path)]))
    child.start()
    child.end()
    assert child.version == "7"


def test_child_does_not_import_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder called like a framework must not hide it, whether beside conf.py or where code has gone."""
    (tmp_path / "optviz_test_module.py").touch()
    monkeypatch.chdir(tmp_path)
    for text in ("", f"import os; os.chdir({str(tmp_path)!r})\n"):
        error = failure_of(Program(texts=[("t", f"{text}import optviz_test_module")]))
        assert error.missing == "optviz_test_module"


def test_error_in_the_code_is_an_answer_and_not_the_end(lasting: Child) -> None:
    answer = lasting.request({"raise": "no root"}, SOON)
    assert (answer["kind"], answer["message"], answer["line"]) == ("failure", "ValueError: no root", 0)
    assert f'File "program.py", line {line_of("raise ValueError")}, in answer' in answer["details"]
    assert lasting.request({"name": "after"}, SOON)["name"] == "after"


def test_error_of_several_lines_keeps_its_type(lasting: Child) -> None:
    assert lasting.request({"raise": "first\nsecond"}, SOON)["message"].startswith("ValueError: first")


def test_line_of_an_error_is_the_innermost_one_in_the_file_that_was_asked_for(lasting: Child) -> None:
    answer = lasting.request({"raise": "x", "path": "program.py"}, SOON)
    assert answer["line"] == line_of("raise ValueError")


def test_what_was_printed_before_an_error_comes_with_it(lasting: Child) -> None:
    assert lasting.request({"say": "almost there", "raise": "x"}, SOON)["output"] == "almost there\n"


def test_what_was_printed_in_an_earlier_request_does_not(lasting: Child) -> None:
    lasting.request({"say": "earlier"}, SOON)
    assert lasting.request({"say": "now", "raise": "x"}, SOON)["output"] == "now\n"


def test_request_that_takes_too_long_tells_where_it_was(child: Child) -> None:
    begin = time.monotonic()
    with pytest.raises(ChildError, match=r"no answer within 0\.5 seconds") as caught:
        child.request({"sleep": 60}, 0.5)
    assert caught.value.timed_out
    assert f'File "program.py", line {line_of("time.sleep")} in answer' in caught.value.details
    assert time.monotonic() - begin < SOON


@pytest.mark.parametrize("seconds", [1e9, 1e12])
def test_time_limit_may_be_as_long_as_one_likes(lasting: Child, seconds: float) -> None:
    assert lasting.request({"name": "a"}, seconds)["name"] == "a"


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups")
def test_end_takes_along_what_the_code_has_started(child: Child, tmp_path: Path) -> None:
    with pytest.raises(ChildError):
        child.request({"start": str(tmp_path / "pids"), "sleep": 60}, 0.5)
    (sleeper,) = pids_in(tmp_path / "pids")
    assert alive(sleeper)
    child.end()
    assert becomes(lambda: not alive(sleeper))


def test_exit_in_the_code_is_an_error(child: Child) -> None:
    with pytest.raises(ChildError, match="ended in the middle") as caught:
        child.request({"exit": 0}, SOON)
    assert not caught.value.timed_out


def test_request_after_the_end_is_an_error(child: Child) -> None:
    with pytest.raises(ChildError):
        child.request({"exit": 0}, SOON)
    with pytest.raises(ChildError):
        child.request({}, SOON)


def test_crash_in_native_code_tells_where_it_was(child: Child) -> None:
    with pytest.raises(ChildError, match="ended in the middle") as caught:
        child.request({"crash": True}, SOON)
    assert f'File "program.py", line {line_of("string_at")} in answer' in caught.value.details


def test_answer_that_cannot_be_sent_is_an_error(child: Child) -> None:
    with pytest.raises(ChildError, match="the interpreter failed") as caught:
        child.request({"unspeakable": True}, SOON)
    assert "can't serialize <class 'object'>" in caught.value.details


def test_request_that_cannot_be_sent_is_an_error(child: Child) -> None:
    with pytest.raises(ChildError):
        child.request({"name": "\udcff"}, SOON)


def test_flood_of_output_reaches_neither_the_terminal_nor_the_disk(
    child: Child, folders: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert child.request({"print": 10_000}, 6 * SOON)["kind"] == "done"  # 20 MB
    (output,) = folders.glob("*/output")
    assert becomes(lambda: output.stat().st_size <= OUTPUT_LIMIT)
    assert capfd.readouterr() == ("", "")


def test_output_of_a_child_that_ends_in_the_middle_does_not_reach_the_terminal(
    child: Child, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ChildError) as caught:
        child.request({"print": 3, "exit": 1}, SOON)
    assert capfd.readouterr() == ("", "")
    assert "printed printed" in caught.value.details


def test_output_of_what_the_code_has_started_goes_where_its_own_goes(
    lasting: Child, capfd: pytest.CaptureFixture[str]
) -> None:
    assert lasting.request({"shout": "from a program", "raise": "x"}, SOON)["output"] == "from a program\n"
    assert capfd.readouterr() == ("", "")


HOST = """\
import sys
from sphinx_optviz.processes import Child, Program
child = Child(Program(texts=[("program.py", sys.argv[1])]))
child.start()
child.request({"pid_to": sys.argv[2], "start": sys.argv[2], "sleep": 60}, 60.0)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups")
def test_child_ends_with_all_it_started_when_the_host_is_killed(tmp_path: Path) -> None:
    """And in the middle of a request, where it does not look at the channel."""
    pids = tmp_path / "pids"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", HOST, TEXT, str(pids)], env=environment) as host:
        assert becomes(lambda: len(pids_in(pids)) == 2)
        assert all(map(alive, pids_in(pids)))
        host.kill()
    assert becomes(lambda: not any(map(alive, pids_in(pids))))


# ---- a child that does not start


@pytest.mark.parametrize("interpreter", ["/nowhere/bin/python", "no-such-python", "."], ids=["path", "name", "folder"])
def test_interpreter_that_is_not_there_is_an_error_that_names_it(interpreter: str) -> None:
    error = failure_of(Program(texts=PROGRAM.texts, interpreter=interpreter))
    assert f"the interpreter {interpreter!r} does not start" in str(error)
    assert (error.missing, error.timed_out) == ("", False)


@pytest.mark.skipif(os.name == "nt", reason="a script cannot be an interpreter")
# execnet forgets the process that did not answer, and Python tells so when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interpreter_that_is_no_python_is_an_error(tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    script.chmod(0o755)
    message = str(failure_of(Program(texts=PROGRAM.texts, interpreter=str(script))))
    gc.collect()  # now, so that no later test is told
    assert "does not start" in message


def script(path: Path, text: str) -> str:
    """An interpreter that does something else."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(os.name == "nt", reason="a script cannot be an interpreter")
def test_interpreter_that_never_says_a_word_is_given_up_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_SPEAK_TIMEOUT", 0.5)
    interpreter = script(tmp_path / "python", f"echo $$ > {tmp_path}/pid\nexec sleep 60")
    begin = time.monotonic()
    error = failure_of(Program(texts=PROGRAM.texts, interpreter=interpreter))
    assert str(error) == f"the interpreter {interpreter!r} did not answer in 0.5 seconds"
    assert time.monotonic() - begin < SOON
    (pid,) = pids_in(tmp_path / "pid")
    assert not alive(pid)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups")
def test_interpreter_that_is_given_up_ends_with_all_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrapper script that does not replace itself, as many do."""
    monkeypatch.setattr(processes, "_SPEAK_TIMEOUT", 0.5)
    interpreter = script(tmp_path / "python", f"sleep 60 &\necho $! > {tmp_path}/pid\nwait")
    failure_of(Program(texts=PROGRAM.texts, interpreter=interpreter))
    (sleeper,) = pids_in(tmp_path / "pid")
    try:
        assert becomes(lambda: not alive(sleeper))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(sleeper, signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="a script cannot be an interpreter")
def test_interpreter_that_talks_without_end_does_not_fill_the_disk(
    tmp_path: Path, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_SPEAK_TIMEOUT", 0.5)
    interpreter = script(tmp_path / "python", "head -c 40000000 /dev/zero\nexec sleep 60")
    ended = threading.Event()
    largest = 0

    def watch() -> None:
        nonlocal largest
        while not ended.wait(0.05):
            with contextlib.suppress(OSError):  # removed meanwhile
                largest = max([largest, *(path.stat().st_size for path in folders.rglob("*"))])

    watcher = threading.Thread(target=watch)
    watcher.start()
    failure_of(Program(texts=PROGRAM.texts, interpreter=interpreter))
    ended.set()
    watcher.join()
    assert largest <= 4 * OUTPUT_LIMIT


@pytest.mark.skipif(os.name == "nt", reason="a script cannot be an interpreter")
def test_interpreter_that_fails_at_once_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    interpreter = script(tmp_path / "python", "echo No module named encodings >&2\nexit 3")
    error = failure_of(Program(texts=PROGRAM.texts, interpreter=interpreter))
    assert str(error) == f"the interpreter {interpreter!r} does not start: No module named encodings"
    assert "No module named encodings" in error.details


@pytest.mark.skipif(os.name == "nt", reason="a script cannot be an interpreter")
def test_words_of_an_interpreter_do_not_reach_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    failure_of(Program(texts=PROGRAM.texts, interpreter=script(tmp_path / "python", "echo one\necho two >&2\nexit 1")))
    assert capfd.readouterr() == ("", "")


def test_module_that_is_not_installed_is_named() -> None:
    error = failure_of(BROKEN)
    assert error.missing == "optviz_test_gone"
    assert "No module named 'optviz_test_gone'" in str(error)
    assert 'File "broken.py", line 1' in error.details


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("def", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise ImportError('libcuda.so')", "libcuda.so"),
        ("from os import nothing", "cannot import name 'nothing'"),
        ("x = 1", "version"),
        ("import os; os._exit(3)", "ended in the middle"),
    ],
)
def test_program_that_fails_to_load_is_an_error(text: str, message: str) -> None:
    assert message in str(failure_of(Program(texts=[("t", text)])))


def test_what_a_program_printed_before_it_failed_is_in_the_details() -> None:
    error = failure_of(Program(texts=[("t", "print('about to fail', flush=True)\n1 / 0")]))
    assert "about to fail" in error.details


def test_program_that_takes_too_long_to_load_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "START_TIMEOUT", 0.1)
    receive = Child._receive

    def once_it_loads(child: Child, timeout: float) -> Any:
        """The clock does not begin before the program, on a machine that is busy."""
        return receive(child, timeout if child._pid and becomes(lambda: bool(pids_in(tmp_path / "pid"))) else SOON)

    monkeypatch.setattr(Child, "_receive", once_it_loads)
    text = f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(f'{{os.getpid()}}\\n')\ntime.sleep(60)"
    assert failure_of(Program(texts=[("t", text)])).timed_out
    assert not alive(pids_in(tmp_path / "pid")[0])


LAUNCH = f"{sys.executable} -I -S {Path(processes.__file__).with_name('launch.py')}"


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the interpreter is started as it is")
@pytest.mark.parametrize(
    ("interpreter", "spec"),
    [
        ("", f"popen//python={LAUNCH} '/a folder' {sys.executable}"),
        ("/opt/py/bin/python", f"popen//python={LAUNCH} '/a folder' /opt/py/bin/python"),
        ("/opt/my py/python", f"popen//python={LAUNCH} '/a folder' '/opt/my py/python'"),
        ("/opt//py/bin/python", f"popen//python={LAUNCH} '/a folder' /opt/py/bin/python"),
        ("ssh=gpu-box//python=python3", "ssh=gpu-box//python=env PYTHONHASHSEED=0 PYTHONSAFEPATH=1 python3"),
        ("ssh=gpu-box", "ssh=gpu-box//python=env PYTHONHASHSEED=0 PYTHONSAFEPATH=1 python"),
        ("ssh=gpu-box//chdir=/x", "ssh=gpu-box//python=env PYTHONHASHSEED=0 PYTHONSAFEPATH=1 python//chdir=/x"),
        ("popen//python=/x", "popen//python=env PYTHONHASHSEED=0 PYTHONSAFEPATH=1 /x"),
        ("socket=192.168.1.4:8888", "socket=192.168.1.4:8888"),
    ],
)
def test_interpreter_is_a_path_or_a_spec(interpreter: str, spec: str) -> None:
    assert gateway_spec(interpreter, Path("/a folder")) == spec


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_interpreter_may_have_blanks_in_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "my python's folder"
    folder.mkdir()
    (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (folder / "python").chmod(0o755)
    child = Child(Program(texts=PROGRAM.texts, interpreter=str(folder / "python")))
    child.start()
    child.end()
    assert child.version == "1.2"


# ---- a pool


def pool_of(
    programs: Mapping[str, Program], *, limit: int = 2, timeout: float = SOON, request: Any = dict
) -> Pool[Job]:
    """A job may have a timeout of its own."""
    return Pool(programs, ask=lambda child, job: child.request(request(job), job.get("timeout", timeout)), limit=limit)


def by_name(answers: list[Answer[Job]]) -> dict[str, Answer[Job]]:
    """The answers by their job's name, each job answered once."""
    found = {answer.job["name"]: answer for answer in answers}
    assert len(found) == len(answers)
    return found


def within_reason(pool: Pool[Job], jobs: list[tuple[str, Job]]) -> dict[str, Answer[Job]]:
    """The pool's answers; fails, and does not wait for ever, when some do not come."""
    answers: list[Answer[Job]] = []

    def collect() -> None:
        answers.extend(pool.run(jobs))

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    thread.join(SOON)
    stuck = thread.is_alive()
    pool.close()
    assert not stuck, "some jobs are never answered"
    return by_name(answers)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_jobs_of_several_groups_are_each_answered_by_their_own_program(limit: int) -> None:
    programs = {
        name: Program(texts=[("t", f"def version(): return {name!r}\ndef answer(request): return {{'by': {name!r}}}")])
        for name in ("one", "two", "three")
    }
    jobs = [(group, {"name": f"{group} {number}"}) for number in range(4) for group in programs]
    found = by_name(list(pool_of(programs, limit=limit).run(jobs)))
    assert set(found) == {job["name"] for _, job in jobs}
    for group, job in jobs:
        answer = found[job["name"]]
        assert answer.message == {"by": group}
        assert (answer.version, answer.error, answer.started) == (group, None, True)


def test_nothing_to_do_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "Child", None)
    assert list(pool_of({"a": PROGRAM}).run([])) == []


def test_jobs_of_a_group_share_a_child() -> None:
    answers = pool_of({"a": PROGRAM}).run([("a", {"name": str(number)}) for number in range(5)])
    assert len({answer.message["pid"] for answer in answers if answer.message}) == 1


def test_group_that_does_not_start_answers_all_of_its_jobs_and_keeps_no_other_waiting() -> None:
    jobs = [("broken", {"name": "a"}), ("good", {"name": "b"}), ("broken", {"name": "c"})]
    found = by_name(list(pool_of({"broken": BROKEN, "good": PROGRAM}, limit=1).run(jobs)))
    for name in "ac":
        error = found[name].error
        assert error is not None
        assert error.missing == "optviz_test_gone"
        assert not found[name].started
    assert found["b"].message is not None


def test_group_that_did_not_start_early_answers_later_all_the_same() -> None:
    pool = pool_of({"broken": BROKEN})
    pool.start("broken")
    assert becomes(lambda: not serving())
    (answer,) = pool.run([("broken", {"name": "a"})])
    assert answer.error is not None
    assert not answer.started


def test_child_that_was_started_early_does_the_jobs(tmp_path: Path) -> None:
    text = TEXT + f"open({str(tmp_path / 'pids')!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
    pool = pool_of({"a": Program(texts=[("t", text)])})
    pool.start("a")
    assert becomes(lambda: bool(pids_in(tmp_path / "pids")))
    answers = list(pool.run([("a", {"name": "x"}), ("a", {"name": "y"})]))
    assert [answer.message["pid"] for answer in answers if answer.message] == pids_in(tmp_path / "pids") * 2


@pytest.mark.parametrize(
    ("deadly", "word"),
    [
        ({"exit": 1}, "ended in the middle"),
        ({"crash": True}, "ended in the middle"),
        ({"unspeakable": True}, "the interpreter failed"),
        ({"sleep": 60, "timeout": 0.2}, "no answer within"),
    ],
    ids=["exit", "crash", "unspeakable", "timeout"],
)
def test_job_that_ends_its_child_takes_no_other_along(deadly: Job, word: str) -> None:
    jobs: list[tuple[str, Job]] = [
        ("a", {"name": "first"}),
        ("a", {"name": "deadly", **deadly}),
        ("a", {"name": "last"}),
    ]
    found = by_name(list(pool_of({"a": PROGRAM}, limit=1).run(jobs)))
    assert found["first"].message is not None
    assert found["last"].message is not None
    error = found["deadly"].error
    assert error is not None
    assert word in str(error)
    assert found["deadly"].started


def test_child_that_says_it_is_spoilt_is_replaced_before_the_next_job() -> None:
    text = f"{TEXT}\nlast = {{}}\ndo = answer\ndef answer(request):\n    last.update(request)\n    return do(request)\n"
    text += "def spoilt(): return last['name'] == 'bad'\n"
    jobs: list[tuple[str, Job]] = [("a", {"name": name}) for name in ("one", "bad", "three", "four")]
    found = by_name(list(pool_of({"a": Program(texts=[("t", text)])}, limit=1).run(jobs)))
    pids = [message["pid"] for name in ("one", "bad", "three", "four") if (message := found[name].message)]
    assert len(pids) == 4
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_job_that_ends_the_last_child_that_can_be_had_leaves_no_job_unanswered(tmp_path: Path) -> None:
    flag = tmp_path / "started"
    text = TEXT + f"open({str(flag)!r}, 'x').close()\n"  # the second time it fails
    jobs: list[tuple[str, Job]] = [
        ("a", {"name": "first", "exit": 1}),
        *[("a", {"name": str(number)}) for number in range(3)],
    ]
    found = within_reason(pool_of({"a": Program(texts=[("t", text)])}, limit=1), jobs)
    assert found["first"].started
    assert [found[name].started for name in "012"] == [False] * 3


@pytest.mark.parametrize("problem", ["raises", "cannot-be-sent"])
def test_job_that_cannot_be_asked_for_is_answered_with_an_error_and_takes_no_other_along(problem: str) -> None:
    """Numbers that cannot be read, a path that is no Unicode: whatever it is, the build must not hang."""

    def request(job: Job) -> Job:
        if job["name"] == "bad" and problem == "raises":
            raise KeyError("no numbers")
        return {**job, "what": object()} if job["name"] == "bad" else job

    jobs: list[tuple[str, Job]] = [("a", {"name": name}) for name in ("before", "bad", "after")]
    found = within_reason(pool_of({"a": PROGRAM}, limit=1, request=request), jobs)
    assert found["bad"].error is not None
    assert found["before"].message is not None
    assert found["after"].message is not None


def test_job_that_takes_long_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "_PATIENCE", 0.1)
    jobs: list[tuple[str, Job]] = [
        ("a", {"name": "slow", "until": str(tmp_path / "others")}),
        *[("a", {"name": str(number)}) for number in range(3)],
    ]
    running = pool_of({"a": PROGRAM}, limit=2).run(jobs)
    answers = [next(running) for _ in range(3)]
    assert [answer.job["name"] for answer in answers] == ["0", "1", "2"]
    (tmp_path / "others").touch()
    answers += running
    assert answers[3].job["name"] == "slow"
    assert len({answer.message["pid"] for answer in answers if answer.message}) == 2


def test_there_are_never_more_children_than_the_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "_PATIENCE", 0.0)
    looked, grow = 0, Pool._grow

    def counted(pool: Pool[Job]) -> None:
        """The slow job ends when the pool has looked several times whether it should start another child."""
        nonlocal looked
        grow(pool)
        looked += (tmp_path / "begun").exists()
        if looked == 4:
            (tmp_path / "enough").touch()

    monkeypatch.setattr(Pool, "_grow", counted)
    jobs: list[tuple[str, Job]] = [
        ("a", {"name": "slow", "pid_to": str(tmp_path / "begun"), "until": str(tmp_path / "enough")}),
        ("a", {"name": "other"}),
        ("b", {"name": "third"}),
    ]
    answers = list(pool_of({"a": PROGRAM, "b": PROGRAM}, limit=1).run(jobs))
    assert answers[0].job["name"] == "slow"
    assert len(answers) == 3


# ---- the end of a pool


@pytest.mark.parametrize("how", ["close-pool", "close-generator"])
def test_pool_that_is_closed_in_the_middle_leaves_no_process(tmp_path: Path, how: str) -> None:
    pids = tmp_path / "pids"
    pool = pool_of({"a": PROGRAM, "b": PROGRAM}, timeout=60.0)
    jobs: list[tuple[str, Job]] = [
        ("a", {"name": "quick"}),
        ("a", {"name": "slow", "pid_to": str(pids), "start": str(pids), "sleep": 60}),
        ("b", {"name": "too", "pid_to": str(pids), "start": str(pids), "sleep": 60}),
    ]
    answers = pool.run(jobs)
    assert next(answers).job["name"] == "quick"
    assert becomes(lambda: len(pids_in(pids)) == 4)
    begin = time.monotonic()
    if how == "close-pool":
        pool.close()
    else:
        answers.close()  # type: ignore[attr-defined]
    assert time.monotonic() - begin < SOON
    assert becomes(lambda: not any(map(alive, pids_in(pids))))


def test_pool_that_is_closed_while_a_child_starts_does_not_wait_for_it(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    text = f"import os, time\nopen({str(path)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n" + TEXT
    pool = pool_of({"a": Program(texts=[("t", text)])})
    pool.start("a")
    assert becomes(lambda: bool(pids_in(path)))
    begin = time.monotonic()
    pool.close()
    assert time.monotonic() - begin < SOON
    assert not alive(pids_in(path)[0])


def test_pool_can_be_closed_again_when_all_is_done() -> None:
    pool = pool_of({"a": PROGRAM})
    assert len(list(pool.run([("a", {"name": "x"})]))) == 1
    pool.close()
    assert serving() == set()


def test_pool_that_was_never_asked_anything_leaves_nothing(folders: Path) -> None:
    pool = pool_of({"a": PROGRAM})
    pool.start("a")
    assert becomes(lambda: any(folders.iterdir()))
    pool.close()
    assert (serving(), list(folders.iterdir())) == (set(), [])
