"""Child processes: start an interpreter through execnet, ask it things with a time limit, end it with all it started.

Both running code and drawing figures stand on this. execnet is imported only when the first child starts.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sphinx_optviz.processes.launch import HASH_SEED, SAFE_PATH, SOCKET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_HERE = Path(__file__).parent

# Seconds that an interpreter may take to come up: the first import of a framework from a cold disk is slow.
START_TIMEOUT = 120.0

# Seconds that an interpreter may take to say its first word, before it has imported anything.
_SPEAK_TIMEOUT = 30.0

# Seconds: more than the clocks of the C library take is no limit either.
_LONGEST = 1e6

# How an execnet spec begins; anything else is the path of an interpreter.
_SPECS = ("popen", "ssh=", "vagrant_ssh=", "socket=")

# Seconds that one request may take, while others of its group wait, before a further child is started for these.
_PATIENCE = 2.0

Message = dict[str, Any]
Job = TypeVar("Job")


class ChildError(Exception):
    """A child that cannot go on: it did not start, ended by itself, or ran out of time."""

    def __init__(self, message: str, *, timed_out: bool = False, missing: str = "", details: str = "") -> None:
        super().__init__(message)
        self.timed_out = timed_out
        self.missing = missing  # the module that is not installed there, if that is why
        self.details = details


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What a child runs: the texts it loads, the interpreter it needs, the folders it may import from."""

    texts: Sequence[tuple[str, str]]
    interpreter: str = ""  # a path, or an execnet spec; "" for the interpreter that runs this
    path: Sequence[str] = ()
    imports: str = ""  # code for what takes long to import: under `sphinx-optviz warm` it has run before


def gateway_spec(interpreter: str, folder: Path) -> str:
    """The execnet spec for *interpreter*: a path quoted, ``""`` for the running interpreter, a spec nearly as it is.

    One that is given by its path is started by ``launch.py``, which notes in *folder* who it is. All of them hash with
    a fixed seed, so that sets have the same order in each child: execnet's "env:" would come too late for that.
    """
    if interpreter.startswith(_SPECS):
        return _with_fixed_hashes(interpreter)
    command = [os.path.normpath(interpreter or sys.executable)]
    if os.name == "posix":
        command = [sys.executable, "-I", "-S", str(_HERE / "launch.py"), str(folder), *command]
    # In a spec "//" separates the parts.
    return f"popen//python={' '.join(map(shlex.quote, command))}"


def _with_fixed_hashes(spec: str) -> str:
    """*spec* with the variable before its Python, where a shell or execnet itself starts that."""
    kind, *parts = spec.split("//")
    if kind.startswith("socket=") or (kind == "popen" and os.name != "posix"):  # it is there already, or has no "env"
        return spec
    python = next((part for part in parts if part.startswith("python=")), "")
    others = [part for part in parts if part != python]
    default = "python" if kind != "popen" else shlex.quote(sys.executable)
    # The other variable, which loop.py removes, keeps execnet from importing what lies in the current folder.
    command = f"env {HASH_SEED}=0 {SAFE_PATH}=1 {python.removeprefix('python=') or default}"
    return "//".join([kind, f"python={command}", *others])


class Child:
    """One interpreter that has loaded a program. Made first and started then, so that another thread can end it."""

    def __init__(self, program: Program) -> None:
        self.version = ""  # of the program
        self._program = program
        self._pid = 0
        self._probe: subprocess.Popen[bytes] | None = None
        self._local = False
        self._channel: Any = None
        self._group: Any = None
        self._folder = Path()

    def start(self) -> None:
        """Raises ChildError, after which nothing of it is left."""
        try:
            self._start()
        except ChildError:
            self.end()
            raise
        except Exception as error:
            said = self._output("errors").strip()
            self.end()
            # execnet's own words for a pipe that is closed help nobody.
            reason = said.splitlines()[-1] if said else "it ended" if isinstance(error, OSError) else str(error)
            message = f"the interpreter {self._program.interpreter or sys.executable!r} does not start: {reason}"
            raise ChildError(message, details=said) from error

    def _start(self) -> None:
        import execnet

        interpreter = self._program.interpreter
        if interpreter and not interpreter.startswith(_SPECS) and shutil.which(interpreter) is None:
            raise ChildError(f"the interpreter {interpreter!r} does not start: there is no such program")
        self._folder = Path(tempfile.mkdtemp(prefix="optviz-"))
        self._group = execnet.Group()
        # No "chdir=" in the spec: execnet would run code for it first, and ours might then not get the main thread.
        spec = gateway_spec(self._program.interpreter, self._folder)
        self._local = spec.startswith("popen")
        if interpreter and not interpreter.startswith(_SPECS):
            self._probe_interpreter(spec)
        if SOCKET in os.environ and self._program.imports:
            (self._folder / "warm").write_text(self._program.imports, encoding="utf-8")
        gateway = self._connect(spec)
        self._channel = gateway.remote_exec((_HERE / "loop.py").read_text(encoding="utf-8"))
        start = {
            "programs": [list(text) for text in self._program.texts],
            "path": list(self._program.path),
            "folder": str(self._folder) if self._local else "",
            "output": str(self._folder / "output"),
        }
        self._channel.send(start)
        self._pid = self._receive(START_TIMEOUT)
        ready = self._receive(START_TIMEOUT)
        if ready["kind"] != "ready":
            raise ChildError(ready["message"], missing=ready["missing"], details=ready["details"] + ready["output"])
        self.version = ready["version"]

    def _probe_interpreter(self, spec: str) -> None:
        """Let it run nothing first: most that is wrong with an interpreter shows here, and can be told in its words."""
        command = [*shlex.split(spec.partition("python=")[2]), "-c", ""]
        # In a group of its own, also where there is no launch.py.
        probe = self._probe = subprocess.Popen(  # noqa: S603 - the author names it
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = probe.wait(_SPEAK_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise self._silent() from None
        if code:
            raise RuntimeError(f"exit code {code}")

    def _connect(self, spec: str) -> Any:
        """The gateway of execnet, which itself waits without end for an interpreter that never says a word."""
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def connect() -> None:
            try:
                answer.put(self._group.makegateway(spec))
            except BaseException as error:  # noqa: BLE001 - whatever it is, somebody waits for it
                _close_pipes(error)
                answer.put(error)

        threading.Thread(target=connect, daemon=True).start()
        try:
            found = answer.get(timeout=_SPEAK_TIMEOUT)
        except queue.Empty:
            raise self._silent() from None
        if isinstance(found, BaseException):
            raise RuntimeError("it does not answer as Python does") from found
        return found

    def _silent(self) -> ChildError:
        message = f"the interpreter {self._program.interpreter!r} did not answer in {_SPEAK_TIMEOUT:g} seconds"
        return ChildError(message, details=self._output("errors"))

    def request(self, message: Message, timeout: float) -> Message:
        """The child's answer. Raises ChildError when it ends or takes more than *timeout* seconds."""
        timeout = min(timeout, _LONGEST)
        try:
            self._channel.send({**message, "last_words": timeout - _last_words(timeout)})
        except Exception as error:  # execnet's own types: it has ended, or the message is not plain
            raise ChildError(f"the interpreter cannot be asked: {error}") from error
        answer: Message = self._receive(timeout)
        return answer

    def _receive(self, timeout: float) -> Any:
        started = time.monotonic()
        late = f"no answer within {timeout:g} seconds"
        try:
            return self._channel.receive(timeout)
        except self._channel.TimeoutError:
            raise ChildError(late, timed_out=True, details=self._output()) from None
        except EOFError:
            # What the child writes down then is written without the GIL, which may end it.
            if time.monotonic() - started >= timeout - _last_words(timeout):
                raise ChildError(late, timed_out=True, details=self._output()) from None
            message = "the interpreter ended in the middle (os._exit, a crash in native code, or out of memory)"
            if (self._folder / "warm").exists() and not Path(os.environ[SOCKET]).exists():
                message = "the interpreter ended with the command `sphinx-optviz warm`; build again"
            raise ChildError(message, details=self._output()) from None
        except self._channel.RemoteError as error:
            raise ChildError("the interpreter failed", details=str(error)) from None

    def _output(self, name: str = "output") -> str:
        """The end of what it printed; "" where that cannot be seen from here."""
        try:
            return (self._folder / name).read_bytes()[-4000:].decode("utf-8", "replace")
        except OSError:
            return ""

    def end(self) -> None:
        """Kill it and every process in its group; return when it is gone."""
        pid = self._pid or int(self._output("pid") or 0)
        if pid and self._local:
            kill_group(pid)
        if self._probe is not None:
            kill_group(self._probe.pid)
            self._probe.kill()
            self._probe.wait()
        if self._group is not None:
            self._group.terminate(timeout=0.5)
            shutil.rmtree(self._folder, ignore_errors=True)


def _last_words(timeout: float) -> float:
    """How many seconds before its time is over a child writes down where it is."""
    return min(0.5, timeout / 2)


def kill_group(pid: int) -> None:
    """Kill a process that leads a group, with all that are in it; one that has ended is no error."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it may have ended by itself
            os.killpg(pid, signal.SIGKILL)


def _close_pipes(error: BaseException) -> None:
    """Close what execnet leaves open when it raises *error*: a process that nobody waits for, and its pipes."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        process = getattr(frame.f_locals.get("io"), "popen", None)
        if process is not None:
            process.kill()
            process.communicate()


@dataclass(frozen=True, slots=True)
class Answer(Generic[Job]):
    """What became of a job: the child's answer and version, or the error that kept it from answering."""

    job: Job
    message: Message | None
    version: str = ""
    error: ChildError | None = None
    started: bool = True  # False: the child did not even come up


class Pool(Generic[Job]):
    """Do many jobs in few children. Jobs of one group share a program, and so the children that loaded it.

    Each child is served by a thread of its own; the thread ends with its child, and ``close`` leaves none of either.
    """

    def __init__(self, programs: Mapping[str, Program], *, ask: Callable[[Child, Job], Message], limit: int) -> None:
        """*ask* asks a child what a job needs; *limit* children live at once."""
        self._programs = programs
        self._ask = ask
        self._limit = limit
        self._changed = threading.Condition()  # guards all that follows
        self._waiting: dict[str, deque[Job]] = {group: deque() for group in programs}
        self._threads: dict[threading.Thread, str] = {}
        self._busy_since: dict[threading.Thread, float] = {}
        self._children: set[Child] = set()
        self._broken: dict[str, ChildError] = {}
        self._filled = False
        self._closing = False
        self._answers: queue.SimpleQueue[Answer[Job]] = queue.SimpleQueue()

    def start(self, group: str) -> None:
        """Start one more child for *group* now, so that it comes up while other things happen."""
        thread = threading.Thread(target=self._serve, args=(group,), daemon=True)
        with self._changed:
            self._threads[thread] = group
        thread.start()

    def run(self, jobs: Sequence[tuple[str, Job]]) -> Iterator[Answer[Job]]:
        """Do all (group, job) pairs, once; give the answers as they come."""
        with self._changed:
            for group, job in jobs:
                if group in self._broken:
                    self._answers.put(Answer(job, None, error=self._broken[group], started=False))
                else:
                    self._waiting[group].append(job)
            self._filled = True
            self._changed.notify_all()
        try:
            for _ in jobs:
                while True:
                    self._grow()
                    try:
                        yield self._answers.get(timeout=0.1)
                        break
                    except queue.Empty:
                        continue
        finally:
            self.close()

    def close(self) -> None:
        """End every child, also in the middle of a job."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            threads, children = list(self._threads), list(self._children)
        for child in children:
            child.end()
        for thread in threads:
            thread.join()

    def _grow(self) -> None:
        """Start children for groups that have jobs and no child, or whose children have all been busy for long."""
        now = time.monotonic()
        wanted: list[str] = []
        with self._changed:
            room = self._limit - len(self._threads)
            for group, jobs in self._waiting.items():
                serving = [thread for thread, its_group in self._threads.items() if its_group == group]
                stuck = all(now - self._busy_since.get(thread, now) > _PATIENCE for thread in serving)
                if jobs and stuck and len(wanted) < room:
                    wanted.append(group)
        for group in wanted:
            self.start(group)

    def _serve(self, group: str) -> None:
        """The life of one child, and of those that replace it when a job ends it."""
        me = threading.current_thread()
        child: Child | None = None
        try:
            child = self._new_child(group)
            while (job := self._take(group)) is not None:
                if child is None:
                    try:
                        child = self._new_child(group)
                    except ChildError:
                        with self._changed:
                            self._waiting[group].appendleft(job)
                        raise
                with self._changed:
                    self._busy_since[me] = time.monotonic()
                try:
                    message = self._ask(child, job)
                    self._answers.put(Answer(job, message, version=child.version))
                    spoilt = bool(message.get("spoilt"))
                except Exception as error:  # noqa: BLE001 - a job without an answer would be waited for without end
                    known = error if isinstance(error, ChildError) else ChildError(f"it cannot be asked for: {error!r}")
                    self._answers.put(Answer(job, None, error=known))
                    spoilt = True
                if spoilt:
                    self._end(child)
                    child = None
                with self._changed:
                    self._busy_since.pop(me)
        except ChildError as error:
            self._give_up(group, error)
        finally:
            if child is not None:
                self._end(child)
            with self._changed:
                self._threads.pop(me)

    def _take(self, group: str) -> Job | None:
        """The next job of *group*; None when there will be none. Waits while ``run`` has not been called."""
        with self._changed:
            self._changed.wait_for(lambda: self._filled or self._closing)
            if self._closing or not self._waiting[group]:
                return None
            return self._waiting[group].popleft()

    def _new_child(self, group: str) -> Child:
        child = Child(self._programs[group])
        with self._changed:
            if self._closing:
                raise ChildError("the build ends")
            self._children.add(child)
        try:
            child.start()
        except ChildError:
            self._end(child)
            raise
        return child

    def _end(self, child: Child) -> None:
        with self._changed:
            self._children.discard(child)
        child.end()

    def _give_up(self, group: str, error: ChildError) -> None:
        """Answer all that waits for a program that does not come up, unless another child has it running."""
        with self._changed:
            if list(self._threads.values()).count(group) > 1:
                return
            self._broken[group] = error
            while self._waiting[group]:
                job = self._waiting[group].popleft()
                self._answers.put(Answer(job, None, error=error, started=False))
