"""Files that are there as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def file_name(text: str) -> str:
    """*text* with an underline for whatever a file's name may not hold on some system."""
    return re.sub(r"[^\w-]", "_", text)


def write_file(path: Path, content: bytes) -> None:
    """Put *content* at *path* as a whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:  # Ctrl-C too must leave nothing behind
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes of this machine that were killed while they wrote to *folder*."""
    name = re.compile(rf"\..*\.{re.escape(platform.node())}\.(\d+)\.tmp")
    for path in folder.glob(".*.tmp"):
        found = name.fullmatch(path.name)
        if found and not _is_alive(int(found[1])):
            with contextlib.suppress(OSError):
                path.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


def read_regular_file(path: Path, limit: int) -> bytes:
    """The content of *path*. Raises OSError, and ValueError if it is no file, or one of more than *limit* bytes."""
    # Opening a pipe would wait for its other end; and a link to a device may have no end.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is not a regular file")
        if about.st_size > limit:
            raise ValueError(f"it has {about.st_size} bytes, and an entry of this run has at most {limit}")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(descriptor)
