"""An interpreter that imports what it is told to, and forks: run by ``forkserver.py``, in any Python since 3.10.

Requests come through the socket whose descriptor is the argument: first code to run, once; then "f" for each child, and
two descriptors, which become its standard input and output, and its folder, first code and environment; and "w" when
one has been killed and is to be waited for.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import sys


def main(control: socket.socket) -> None:
    del sys.path[0]  # the folder of this file
    try:
        exec(received(control)[0].decode(), {"__name__": "__optviz__"})
    except BaseException:  # noqa: BLE001 - whatever it is, another one will say it
        os._exit(1)  # an interpreter that starts as ever will say why
    control.sendall(b"+")
    while True:
        said, pipes, _, _ = socket.recv_fds(control, 1, 2)
        if not said:
            return
        if said == b"w":
            with contextlib.suppress(ChildProcessError):
                os.waitpid(int.from_bytes(read(control, 8), "big"), 0)
            continue
        folder, code, *environment = received(control)
        child = os.fork()
        if child == 0:
            control.close()
            become(pipes, folder, environment)
            with contextlib.suppress(SystemExit):
                exec(code.decode(), {"__name__": "__main__", "__builtins__": __builtins__})
            return
        for pipe in pipes:
            os.close(pipe)
        control.sendall(child.to_bytes(8, "big"))


def received(control: socket.socket) -> list[bytes]:
    """The parts of a request."""
    return read(control, int.from_bytes(read(control, 8), "big")).split(b"\0")


def read(control: socket.socket, count: int) -> bytes:
    """So many bytes; there is nothing left to do where they do not come."""
    data = b""
    while len(data) < count:
        part = control.recv(count - len(data))
        if not part:
            os._exit(0)
        data += part
    return data


def become(pipes: list[int], folder: bytes, environment: list[bytes]) -> None:
    """What an interpreter is like that has just been started."""
    os.setsid()
    for pipe, target in zip(pipes, (0, 1), strict=True):
        os.dup2(pipe, target)
        os.close(pipe)
    sys.stdin, sys.stdout = os.fdopen(0, "r"), os.fdopen(1, "w")
    os.environ.clear()
    for entry in environment:
        name, _, value = entry.partition(b"=")
        os.environb[name] = value
    os.chdir(folder)
    sys.path.insert(0, "")
    sys.argv[:] = ["-c"]
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
