"""Children by fork: what makes a suite that starts thousands of interpreters fast.

It takes the place of what ``sphinx-optviz warm`` runs, and answers the same requests: a build's ``launch.py`` asks
through a socket and gets the pipes of an interpreter. Here that is forked from one that has done its imports, of which
there is one for each command, environment and first code. It is forked before the first operation: PyTorch, JAX and
TensorFlow hang when they are forked later. Each child is a process of its own, as ever: it may crash, hang, change
folders and leave processes behind.

Interpreters that a test has made, and those with modules of a test, start as they do for an author. So do all of a test
that takes the fixture ``fresh_interpreters``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sphinx_optviz import environments
from sphinx_optviz.processes import kill_group
from sphinx_optviz.processes.warm import received

if TYPE_CHECKING:
    from types import TracebackType

_TESTS = Path(__file__).parent
_ZYGOTE = _TESTS / "zygote.py"
_INHERITED = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]

# Variables that are read while modules are imported: what a child gets later would be too late for them.
_EARLY = (b"PYTHON", b"MPL", b"HOME", b"XDG_", b"JAX_", b"XLA_", b"TF_", b"KERAS_", b"MXNET_", b"OMP_", b"OPENBLAS_")

_Key = tuple[bytes, ...]


class Zygote:
    """An interpreter that has done its imports and is forked from then on."""

    def __init__(self, code: bytes, command: list[bytes], environment: dict[bytes, bytes], folder: Path) -> None:
        """Raises OSError where it does not start, or its imports fail."""
        ours, its = socket.socketpair()
        self._socket = ours
        self._lock = threading.Lock()
        environment = {**environment, b"OMP_NUM_THREADS": b"1", b"MATPLOTLIBRC": os.fsencode(folder)}
        del command[-2:]  # "-c" and execnet's first line
        with its:
            self._process = subprocess.Popen(
                [*command, _ZYGOTE, str(its.fileno())],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                cwd=folder,
                start_new_session=True,
            )
        try:
            self._send([code])
            if ours.recv(1) != b"+":
                raise ConnectionAbortedError("its imports have failed")
        except OSError:
            self.end()
            raise

    def fork(self, words: list[bytes], build: socket.socket) -> int:
        """The group of a new interpreter, whose pipes the build gets. Raises OSError."""
        its_input, to_it = os.pipe()
        from_it, its_output = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._socket, [b"f"], [its_input, its_output])
                self._send(words)
                answer = self._socket.recv(8)
            if len(answer) != 8:
                raise ConnectionAbortedError("the interpreter to fork from has ended")
            socket.send_fds(build, [b"+"], [to_it, from_it])
        finally:
            for pipe in (its_input, to_it, from_it, its_output):
                os.close(pipe)
        return int.from_bytes(answer, "big")

    def reap(self, group: int) -> None:
        """End what *fork* has begun. Until then its number is nobody else's: it may be killed by it."""
        kill_group(group)
        with self._lock:
            self._socket.sendall(b"w" + group.to_bytes(8, "big"))

    def _send(self, words: list[bytes]) -> None:
        request = b"\0".join(words)
        self._socket.sendall(len(request).to_bytes(8, "big") + request)

    def end(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


class Forkserver:
    """Serves the children of all builds in the body of a ``with`` statement."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="forkserver-"))
        (self._folder / "matplotlibrc").touch()
        self._changed = threading.Condition()  # guards all that follows
        self._zygotes: dict[_Key, Zygote | None] = {}  # None: one is starting, or none can be had
        self._starting: set[_Key] = set()
        self.address = str(self._folder / "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen()
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for zygote in self._zygotes.values():
            if zygote is not None:
                zygote.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        while True:
            try:
                build, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(build,), daemon=True).start()

    def _answer(self, build: socket.socket) -> None:
        """One request, and the life of the interpreter that answers it."""
        zygote, group = None, 0
        try:
            with build:
                wanted = received(build)
                command, variables = list(wanted.command), list(wanted.environment)
                zygote = self._zygote(wanted.code, command, variables)
                if zygote is None:
                    build.sendall(b"-")
                else:
                    group = zygote.fork([wanted.folder, command[-1], *variables], build)
                build.recv(1)
        except (OSError, ValueError):
            pass  # the build has ended
        finally:
            if zygote is not None and group:
                with contextlib.suppress(OSError):  # the session ends
                    zygote.reap(group)

    def _zygote(self, code: bytes, command: list[bytes], variables: list[bytes]) -> Zygote | None:
        """None where there can be none: the interpreter itself will say why."""
        if not _is_known(command, variables):
            return None
        early = [entry for entry in variables if entry.startswith(_EARLY)]
        key = (code, *command, *early)
        with self._changed:
            self._changed.wait_for(lambda: key not in self._starting)
            if key in self._zygotes:
                return self._zygotes[key]
            self._starting.add(key)
        zygote = None
        try:
            environment = dict(entry.split(b"=", 1) for entry in variables)
            zygote = Zygote(code, list(command), environment, self._folder)
        except OSError:
            pass
        with self._changed:
            self._zygotes[key] = zygote
            self._starting.discard(key)
            self._changed.notify_all()
        return zygote


def _is_known(command: list[bytes], variables: list[bytes]) -> bool:
    """Whether it is this interpreter or one that ``setup`` has made, and sees no modules that a test has written."""
    python = Path(os.fsdecode(command[0]))
    if python != Path(sys.executable) and not python.is_relative_to(environments.data_folder()):
        return False
    folders = dict(entry.split(b"=", 1) for entry in variables).get(b"PYTHONPATH", b"")
    return all(
        Path(folder).is_relative_to(_TESTS) or folder in _INHERITED
        for folder in os.fsdecode(folders).split(os.pathsep)
        if folder
    )
