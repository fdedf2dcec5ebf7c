"""Interpreters that wait with their imports done: ``sphinx-optviz warm`` keeps them for the builds of a command.

A build's ``launch.py`` asks through a socket, and gets the two pipes of an interpreter that has been started in the
same way: with the same command, environment and first code. Each serves one build, as any child does, and ends with it;
another one is started when the builds are over. Nothing outlives the command.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sphinx_optviz.processes import kill_group
from sphinx_optviz.processes.launch import SOCKET

if TYPE_CHECKING:
    from types import TracebackType

# Seconds without a build before interpreters are started: a build that has its answers still writes its pages.
_QUIET = 1.0

# Seconds that a build waits for imports that have begun; less than it waits for the first word of an interpreter.
_PATIENCE = 20.0

# Interpreters that wait at once: those of the last requests. One with a framework takes some 300 MB.
_MOST = 8

# Bytes of a request: more than code, a command and an environment have.
_LARGEST = 1 << 24

# Run before execnet's own first line. What imports print must not come between the build and the interpreter.
_FIRST = """\
import os, sys
kept, null = os.dup(1), os.open(os.devnull, os.O_RDWR)
os.dup2(null, 1)
sys.path[:] = [entry for entry in sys.path if entry not in ("", ".")]
try:
    os.chdir({folder!r})
    exec(open({code!r}, encoding="utf-8").read(), {{"__name__": "__optviz__"}})
    sys.stdout.flush()
except BaseException:
    os._exit(1)  # one that starts when it is needed will tell why
os.dup2(kept, 1)
for fd in (kept, null):
    os.close(fd)
os.write({done}, b"+")
os.close({done})
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an interpreter is started with; another one that was started with the same is as good."""

    code: bytes  # Python, which it runs at once
    folder: bytes  # the current one: Python looks there for what PYTHONPATH names
    command: tuple[bytes, ...]
    environment: tuple[bytes, ...]  # NAME=VALUE


class _Interpreter:
    """One that waits, or will when its imports are done."""

    def __init__(self, wanted: Wanted, folder: Path) -> None:
        """Raises OSError where it cannot be started."""
        *command, last = wanted.command  # which is code, after "-c"
        environment = {name: value for name, _, value in (entry.partition(b"=") for entry in wanted.environment)}
        # As loop.py and cells/page.py have it, for what reads it on import.
        environment.setdefault(b"OMP_NUM_THREADS", b"1")
        environment[b"MATPLOTLIBRC"] = os.fsencode(folder)
        # In a file: an argument may have a hundred thousand characters.
        code = folder / f"{hashlib.sha256(wanted.code).hexdigest()}.py"
        code.write_bytes(wanted.code)
        self._done, done = os.pipe()
        try:
            self.process = subprocess.Popen(  # noqa: S603 - the author names it
                [*command, _FIRST.format(code=str(code), folder=str(folder), done=done).encode() + last],
                env=environment,
                cwd=wanted.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[done],
                start_new_session=True,
            )
        except OSError:
            os.close(self._done)
            raise
        finally:
            os.close(done)

    def is_ready(self) -> bool:
        """Whether its imports are done, or will be soon."""
        select.select([self._done], [], [], _PATIENCE)
        os.set_blocking(self._done, False)
        try:
            return os.read(self._done, 1) == b"+"
        except BlockingIOError:
            return False

    def hand_over(self, build: socket.socket) -> None:
        """Give its pipes to the build, and keep none: the build must see that they end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.process.stdin as to_it, self.process.stdout as from_it:
            socket.send_fds(build, [b"+"], [to_it.fileno(), from_it.fileno()])

    def end(self) -> None:
        """With all that it has started."""
        kill_group(self.process.pid)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        os.close(self._done)


class Warm:
    """Keeps interpreters warm in the body of a ``with`` statement, for processes that have ``environment()``."""

    def __enter__(self) -> Self:
        """Raises OSError where the folder for temporary files takes no socket."""
        self._folder = Path(tempfile.mkdtemp(prefix="optviz-"))
        (self._folder / "matplotlibrc").touch()
        self._changed = threading.Condition()  # guards all that follows
        self._waiting: dict[Wanted, _Interpreter | None] = {}  # None: to be started
        self._builds = 0  # connections that are open
        self._last = time.monotonic()
        self._closing = False
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._listener.bind(str(self._folder / "socket"))
        except OSError:
            self._listener.close()
            shutil.rmtree(self._folder)
            raise
        self._listener.listen()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._start)]
        for thread in self._threads:
            thread.start()
        return self

    def environment(self) -> dict[str, str]:
        """That of this process, and where to ask for warm interpreters."""
        return {**os.environ, SOCKET: str(self._folder / "socket")}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that listens
        self._listener.close()
        for thread in self._threads:
            thread.join()
        for wanted in list(self._waiting):
            self._end(wanted)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        while True:
            try:
                build, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self._builds += 1
            threading.Thread(target=self._serve, args=(build,), daemon=True).start()

    def _serve(self, build: socket.socket) -> None:
        """One request, and the life of the interpreter that answers it."""
        interpreter = None
        try:
            with build:
                interpreter = self._take(received(build))
                if interpreter is not None and interpreter.is_ready():
                    interpreter.hand_over(build)
                else:
                    build.sendall(b"-")
                build.recv(1)
        except (OSError, ValueError):
            pass  # the build has ended
        finally:
            if interpreter is not None:
                interpreter.end()
            with self._changed:
                self._builds -= 1
                self._last = time.monotonic()
                self._changed.notify_all()

    def _take(self, wanted: Wanted) -> _Interpreter | None:
        """One that waits, if one does. In any case there will be one for the next build."""
        with self._changed:
            interpreter = self._waiting.pop(wanted, None)
            self._waiting[wanted] = None  # the last now
            for oldest in list(self._waiting)[:-_MOST]:
                self._end(oldest)
        return interpreter

    def _end(self, wanted: Wanted) -> None:
        interpreter = self._waiting.pop(wanted)
        if interpreter is not None:
            interpreter.end()

    def _start(self) -> None:
        """For ever: start what is missing when it has been quiet for a while."""
        with self._changed:
            while not self._closing:
                missing = [wanted for wanted, process in self._waiting.items() if process is None]
                quiet = time.monotonic() - self._last
                if self._builds or not missing:
                    self._changed.wait()
                elif quiet < _QUIET:
                    self._changed.wait(_QUIET - quiet)
                else:
                    for wanted in missing:
                        self._start_one(wanted)

    def _start_one(self, wanted: Wanted) -> None:
        try:
            self._waiting[wanted] = _Interpreter(wanted, self._folder)
        except OSError:  # there is none any more; a build will say so
            del self._waiting[wanted]


def received(build: socket.socket) -> Wanted:
    """What launch.py asks for. Raises ValueError for half a request."""
    with build.makefile("rb") as file:
        size = int.from_bytes(file.read(8), "big")
        if size > _LARGEST:
            raise ValueError("no request is that large")
        code, folder, count, *rest = file.read(size).split(b"\0")
    return Wanted(code, folder, tuple(rest[: int(count)]), tuple(rest[int(count) :]))
