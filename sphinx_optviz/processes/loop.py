"""The child's side: answer requests over an execnet channel until the host hangs up.

Sent as text to whatever interpreter is asked for, so it needs nothing but Python 3.10 and execnet's own bootstrap, and
imports nothing of this package. Messages are plain values. The first one carries the *programs*: texts that together
define ``version()``, ``answer(request)`` and, optionally, ``spoilt()``, which says whether the child should be replaced
before the next request; each later one is a request. Nothing that user code prints can reach the
build's terminal: file descriptors 1 and 2 go to a bounded file.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from typing import Any

OUTPUT_LIMIT = 1 << 20  # bytes that the file of printed text may hold before it is emptied
TAIL = 4000  # characters of it that a failure carries


def capture_output(path: str) -> int:
    """Send file descriptors 1 and 2, and with them all that code prints, to the file *path*."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:  # over ssh the host's folder does not exist here
        fd = os.open(os.devnull, os.O_RDWR)
    for target in (1, 2):
        os.dup2(fd, target)
    sys.stdout = os.fdopen(1, "w", 1, errors="replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="replace", closefd=False)
    return fd


def lift_limits() -> None:
    """Files may be as large as they like again: launch.py has kept them small while nobody watched."""
    with contextlib.suppress(ImportError):  # there is no such module on Windows, and no launch.py
        import resource

        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def watch(fd: int, parent: int, folder: str) -> None:
    """For ever: keep the file of printed text small, and end the whole group and its folder when the host has gone."""
    while True:
        time.sleep(0.05)
        with contextlib.suppress(OSError):  # user code may close any descriptor
            if os.fstat(fd).st_size > OUTPUT_LIMIT:
                os.ftruncate(fd, 0)
        # A killed host cannot end us, and user code in a loop does not see that the channel is closed.
        if os.getppid() != parent:
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
            if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
                os.killpg(os.getpid(), signal.SIGKILL)
            os._exit(1)


def tail_of(fd: int) -> str:
    """The end of what was printed; the file is empty afterwards."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # user code may have closed or replaced the stream
            stream.flush()
    try:
        os.lseek(fd, max(0, os.fstat(fd).st_size - TAIL), os.SEEK_SET)
        text = os.read(fd, TAIL).decode("utf-8", "replace")
        os.ftruncate(fd, 0)
    except OSError:  # /dev/null
        return ""
    return text


def line_in(path: str, error: BaseException) -> int:
    """The line of the file *path* that *error* is about: the innermost frame there; 0 where there is none."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or 0
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return (lines[-1] or 0) if lines else getattr(error, "optviz_line", 0)


def sendable(text: str) -> str:
    """*text* as execnet takes it, which is UTF-8, and as a terminal can show it."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in plain)


def describe(error: BaseException, path: str, output: str) -> dict[str, Any]:
    """A failure in plain values."""
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001 - exceptions of user code may do anything
        text = ""
    first = next(iter(text.strip().splitlines()), "")
    details = "".join(traceback.format_exception(type(error), error, error.__traceback__))[-20000:]
    return {
        "kind": "failure",
        "message": sendable(f"{type(error).__name__}: {first}"[:500] if first else type(error).__name__),
        "line": line_in(path, error),
        "details": sendable(details),
        "output": output,
    }


def load(start: dict[str, Any], fd: int) -> dict[str, Any]:
    """Run the programs in one namespace, and add to it, as ``ready``, the message that says how that went."""
    programs: dict[str, Any] = {"__name__": "__optviz__"}
    try:
        for name, text in start["programs"]:
            exec(compile(text, name, "exec"), programs)  # noqa: S102 - our own files
        ready = {"kind": "ready", "version": programs["version"]()}
    except BaseException as error:  # noqa: BLE001 - whatever an import does, the host must hear of it
        ready = describe(error, "", tail_of(fd))
        name = getattr(error, "name", None) if isinstance(error, ImportError) else None
        ready["missing"] = name or ""
    programs["ready"] = ready
    return programs


def is_spoilt(programs: dict[str, Any]) -> bool:
    """Whether a program says that this child should be replaced."""
    try:
        return "spoilt" in programs and bool(programs["spoilt"]())
    except BaseException:  # noqa: BLE001 - the folder is gone, or what it looks with was replaced
        return True


def serve(channel: Any) -> None:
    """Load the programs, then answer until the channel closes."""
    start = channel.receive()
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):  # an ssh server may have done it already
            os.setsid()  # a group of its own: the host can end it with all that user code started
    channel.send(os.getpid())
    if start["folder"]:
        os.chdir(start["folder"])
    # The current folder must not shadow a framework: a folder called "jax" there breaks `import keras`.
    sys.path[:] = [entry for entry in sys.path if entry not in ("", ".", os.getcwd())]  # noqa: PTH109 - as sys.path has it
    os.environ.pop("PYTHONSAFEPATH", None)  # meant for this process alone
    sys.path.extend(entry for entry in start["path"] if entry not in sys.path)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # many children run side by side
    lift_limits()
    fd = capture_output(start["output"])
    threading.Thread(target=watch, args=(fd, os.getppid(), start["folder"]), daemon=True).start()
    faulthandler.enable(fd)  # after a crash in native code the host finds there where it was
    programs = load(start, fd)
    channel.send(programs["ready"])
    for request in channel:
        tail_of(fd)  # what an earlier request printed is nobody's business now
        # The host will kill what takes longer, and wants to know what it was doing. Written without the GIL.
        faulthandler.dump_traceback_later(request["last_words"], file=fd)
        try:
            answer = programs["answer"](request)
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of user code too
            answer = describe(error, request.get("path", ""), tail_of(fd))
        faulthandler.cancel_dump_traceback_later()
        if is_spoilt(programs):
            answer["spoilt"] = True
        channel.send(answer)


if __name__ == "__channelexec__":
    serve(channel)  # type: ignore[name-defined]  # noqa: F821 - execnet defines it
