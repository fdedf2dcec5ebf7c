"""Virtual environments that ``sphinx-optviz setup`` makes: one a framework, for all projects of a user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_optviz.files import write_file
from sphinx_optviz.frameworks import framework

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sphinx_optviz.frameworks import Framework

# Written last: a folder without it is what an interrupted setup left.
_MARK = "optviz.json"

# Lines of pip's own words that an error repeats.
_TAIL = 15


class SetupError(Exception):
    """An environment that could not be made; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A finished environment: its interpreter, and what was installed on purpose."""

    python: str
    requirements: tuple[str, ...]


def data_folder() -> Path:
    """Where the environments of this user lie; it need not exist."""
    import platformdirs  # nothing that only reads the store needs it

    return platformdirs.user_data_path("sphinx-optviz", appauthor=False) / "environments"


def find(name: str) -> Environment | None:
    """The environment of the framework *name*, if it was made and its interpreter is still there."""
    try:
        mark = json.loads((data_folder() / name / _MARK).read_text(encoding="utf-8"))
        found = Environment(str(mark["python"]), tuple(map(str, mark["requirements"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if os.access(found.python, os.X_OK) else None


def make(name: str, *, python: str = "", try_out: Callable[[Framework, str], str]) -> Environment:
    """Make the environment of the framework *name*; replace what is there. Raises SetupError.

    *python* is the interpreter to make it with, by default a fitting one that is found. *try_out* gets the new one and
    returns what is wrong with it, or "". The environment is registered only when nothing is.
    """
    known = framework(name)
    if not known.requirements:
        raise SetupError(f"{known.label} does not say what to install; name an interpreter that has it in conf.py")
    base = python or _fitting_python(known)
    folder = data_folder() / name
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run([base, "-m", "venv", str(folder)], f"{base} cannot make a virtual environment")
        interpreter = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
        install = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *known.requirements]
        _run(install, f"pip cannot install {' '.join(known.requirements)}")
        wrong = try_out(known, interpreter)
        if wrong:
            raise SetupError(f"{known.label} was installed and does not work: {wrong}")
        made = Environment(interpreter, known.requirements)
        content = {"python": made.python, "requirements": list(made.requirements)}
        write_file(folder / _MARK, json.dumps(content, indent=1).encode() + b"\n")
    except OSError as error:
        raise SetupError(f"{folder} cannot be written: {error}") from error
    return made


def _run(command: list[str], problem: str) -> None:
    """Raises SetupError with the end of what *command* printed."""
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    except OSError as error:
        raise SetupError(f"{problem}: {error}") from error
    if done.returncode:
        said = "\n".join(done.stdout.strip().splitlines()[-_TAIL:])
        raise SetupError(f"{problem}:\n{said}")


def _fitting_python(known: Framework) -> str:
    """An interpreter that the requirements fit: this one, or the newest on the path. Raises SetupError."""
    newest = known.newest_python or sys.version_info[:2]
    if sys.version_info[:2] <= newest:
        return sys.executable
    for minor in range(newest[1], 9, -1):
        if found := shutil.which(f"python3.{minor}"):
            return found
    raise SetupError(
        f"{' '.join(known.requirements)} needs Python {newest[0]}.{newest[1]} or older, and this is "
        f"{sys.version_info[0]}.{sys.version_info[1]}. Install one, and name it: "
        f"sphinx-optviz setup --python PATH {known.name}"
    )
