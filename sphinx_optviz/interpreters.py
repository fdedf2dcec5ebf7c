"""Which interpreter a framework's code runs in, and whether it can run at all. Knows nothing of Sphinx."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_optviz import environments
from sphinx_optviz.frameworks import framework
from sphinx_optviz.runs import Failure

if TYPE_CHECKING:
    from sphinx_optviz.model import Settings


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Where a framework's code runs: a path or an execnet spec, "" for Sphinx's own; and who said so, for people."""

    spec: str
    origin: str


def interpreter_of(name: str, settings: Settings) -> Interpreter:
    """The interpreter that the framework *name* runs in."""
    variable = f"OPTVIZ_INTERPRETER_{name.upper()}"
    if spec := settings.interpreters.get(name):
        return Interpreter(spec, f"optviz_interpreters[{name!r}]")
    if spec := os.environ.get(variable, ""):
        return Interpreter(spec, f"the environment variable {variable}")
    if made := environments.find(name):
        return Interpreter(made.python, "sphinx-optviz setup")
    return Interpreter("", "the Python that runs Sphinx")


def cannot_start(name: str, settings: Settings) -> Failure | None:
    """Why the framework *name* cannot run here, as far as that shows without starting its interpreter."""
    known = framework(name)
    if interpreter_of(name, settings).spec == "" and importlib.util.find_spec(known.module.partition(".")[0]) is None:
        return not_installed(name, known.module, settings)
    return None


def not_installed(name: str, module: str, settings: Settings) -> Failure:
    """The failure of a framework whose *module* its interpreter does not have."""
    known = framework(name)
    interpreter = interpreter_of(name, settings)
    where = f"in {interpreter.spec} ({interpreter.origin})" if interpreter.spec else f"beside Sphinx ({sys.executable})"
    advice = f"Run 'sphinx-optviz setup {name}', or name" if known.requirements else "Name"
    message = (
        f"{known.label} was not run: there is no module {module!r} {where}. "
        f"{advice} an interpreter that has it in optviz_interpreters[{name!r}]"
    )
    return Failure(subtype="framework_missing", message=message)
