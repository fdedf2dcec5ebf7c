"""Start a child's interpreter so that it can be ended whatever it does.

Called as ``python launch.py FOLDER INTERPRETER ARGUMENT...``, this process becomes the interpreter. Before that it
makes a group of its own, says in FOLDER who it is, and keeps what is printed on standard error from the build's
terminal and from filling the disk.

Under ``sphinx-optviz warm`` an interpreter may be waiting that has run the code in ``FOLDER/warm`` already; then this
process stays, and passes on what the build and that interpreter say to each other.
"""

from __future__ import annotations

import os
import sys

OUTPUT_LIMIT = 1 << 20  # bytes
SOCKET = "OPTVIZ_WARM"  # the variable that holds the address of what keeps interpreters warm
HASH_SEED = "PYTHONHASHSEED"  # read when an interpreter starts, and never again
SAFE_PATH = "PYTHONSAFEPATH"  # likewise, from Python 3.11 on


def main(folder: str, command: list[str]) -> None:
    if os.getpgrp() != os.getpid():
        os.setsid()
    try:
        errors = os.open(f"{folder}/errors", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(errors, 2)
        # Written under another name first: a reader must not find an empty file.
        with open(f"{folder}/pid.new", "w", encoding="ascii") as file:  # noqa: PTH123 - without pathlib it starts in half the time
            file.write(str(os.getpid()))
        os.rename(f"{folder}/pid.new", f"{folder}/pid")  # noqa: PTH104
    except FileNotFoundError:  # nobody waits for this interpreter any more
        return
    os.environ[HASH_SEED] = "0"
    address = os.environ.pop(SOCKET, "")
    if address and os.path.exists(f"{folder}/warm") and pass_on(address, folder, command):  # noqa: PTH110
        return
    # Python looks in the current folder first, and execnet imports from there before anybody can help it.
    folders = os.environ.get("PYTHONPATH", "")
    if folders:
        os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, filter(None, folders.split(os.pathsep))))
    if os.sep in command[0]:
        command[0] = os.path.abspath(command[0])  # noqa: PTH100
    os.chdir(folder)
    import resource  # Windows has none

    # The soft limit alone: loop.py lifts it again.
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_LIMIT, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        os.execvp(command[0], command)  # noqa: S606 - the author names it
    except OSError as error:
        sys.exit(f"{command[0]}: {error}")


def pass_on(address: str, folder: str, command: list[str]) -> bool:
    """Let a warm interpreter serve this process's caller until one of them ends; False where there is none."""
    import socket
    import threading

    build = os.getppid()
    keeper = socket.socket(socket.AF_UNIX)
    try:
        with open(f"{folder}/warm", "rb") as file:  # noqa: PTH123
            parts = [file.read(), os.getcwdb(), str(len(command)).encode()]  # noqa: PTH109
        parts += [*map(os.fsencode, command), *(b"%b=%b" % pair for pair in sorted(os.environb.items()))]
        request = b"\0".join(parts)
        keeper.connect(address)
        keeper.sendall(len(request).to_bytes(8, "big") + request)
        _, pipes, _, _ = socket.recv_fds(keeper, 1, 2)
    except OSError:  # the keeper has ended
        return False
    # When this connection is closed, also because this process was killed, the keeper ends the interpreter. One that
    # this process becomes inherits it: the keeper then knows that the build goes on.
    keeper.set_inheritable(True)
    if not pipes:
        return False
    to_it, from_it = pipes

    def hear() -> None:
        copy(0, to_it)
        tidy(folder, build)
        os._exit(0)

    threading.Thread(target=hear, daemon=True).start()
    copy(from_it, 1)
    return True


def copy(source: int, target: int) -> None:
    """Pass bytes on until *source* ends or nobody takes them any more."""
    try:
        while data := os.read(source, 1 << 16):
            while data:
                data = data[os.write(target, data) :]
    except OSError:
        return


def tidy(folder: str, build: int) -> None:
    """Remove the folder of a build that was killed; its pipes end some moments before it does."""
    import shutil
    import time

    for _ in range(20):
        if os.getppid() != build:
            shutil.rmtree(folder, ignore_errors=True)
            return
        time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
