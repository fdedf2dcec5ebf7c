"""Start a child's interpreter so that it can be ended whatever it does.

Called as ``python launch.py FOLDER INTERPRETER ARGUMENT...``, this process becomes the interpreter. Before that it
makes a group of its own, says in FOLDER who it is, and keeps what is printed on standard error from the build's
terminal and from filling the disk.
"""

from __future__ import annotations

import os
import resource
import sys

OUTPUT_LIMIT = 1 << 20  # bytes


def main(folder: str, command: list[str]) -> None:
    if os.getpgrp() != os.getpid():
        os.setsid()
    # Written under another name first: a reader must not find an empty file.
    with open(f"{folder}/pid.new", "w", encoding="ascii") as file:  # noqa: PTH123 - without pathlib it starts in half the time
        file.write(str(os.getpid()))
    os.rename(f"{folder}/pid.new", f"{folder}/pid")  # noqa: PTH104
    errors = os.open(f"{folder}/errors", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(errors, 2)
    # The soft limit alone: loop.py lifts it again.
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_LIMIT, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        os.execvp(command[0], command)  # noqa: S606 - the author names it
    except OSError as error:
        sys.exit(f"{command[0]}: {error}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
