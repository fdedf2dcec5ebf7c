"""The ``optviz_*`` values of conf.py: declared once, checked once, then frozen into ``Settings``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_optviz.frameworks import did_you_mean, framework_name
from sphinx_optviz.log import warn
from sphinx_optviz.model import TOLERANCES, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sphinx.application import Sphinx
    from sphinx.config import Config


def _frameworks(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("it must be a list of frameworks, with at least one")
    return tuple(dict.fromkeys(framework_name(item) for item in value))


def _interpreters(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) and item for item in value.values()):
        raise ValueError(
            "it must be a dictionary from a framework to the path of a Python interpreter, or an execnet spec"
        )
    return {framework_name(key): item for key, item in value.items()}


def _execute(value: object) -> str:
    known = ["auto", "force", "never"]
    if value not in known:
        raise ValueError(did_you_mean(str(value), known))
    return str(value)


def _folder(value: object) -> str:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise ValueError("it must be a folder, as text, relative to conf.py")
    return str(value)


def _folders(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("it must be a list of folders")
    return tuple(_folder(item) for item in value)


def _timeout(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError("it must be a number of seconds, more than 0")
    return float(value)


def _jobs(value: object) -> int:
    if isinstance(value, str) and value.isdecimal():  # from sphinx-build -D
        value = int(value)
    if value == "auto":
        return max(2, os.cpu_count() or 2)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("it must be 'auto' or a number of processes, at least 1")
    return value


def _agreement(value: object) -> str:
    known = ["warn", "off"]
    if value not in known:
        raise ValueError(did_you_mean(str(value), known))
    return str(value)


def _tolerances(value: object) -> dict[str, float]:
    def fits(item: object) -> bool:
        return isinstance(item, int | float) and not isinstance(item, bool) and 0 <= item < 1

    if not isinstance(value, dict) or not all(fits(item) for item in value.values()):
        raise ValueError("it must be a dictionary from a dtype to a relative difference, such as {'float32': 1e-4}")
    for dtype in value:
        if dtype not in TOLERANCES:
            raise ValueError(f"unknown dtype {dtype!r}. {did_you_mean(str(dtype), list(TOLERANCES))}")
    return {dtype: float(item) for dtype, item in value.items()}


def _rcparams(value: object) -> dict[str, object]:
    # Plain values only: they are part of a figure's key and are sent to the process that draws.
    def plain(item: object) -> bool:
        if isinstance(item, list | tuple):
            return all(plain(part) for part in item)
        return item is None or isinstance(item, str | int | float | bool)

    if not isinstance(value, dict) or not all(isinstance(key, str) and plain(item) for key, item in value.items()):
        raise ValueError(
            "it must be a dictionary of Matplotlib parameters with plain values: text, numbers, lists of them"
        )
    return value


def _is_true(value: object) -> bool:
    if value in ("0", "1"):  # from sphinx-build -D
        return value == "1"
    if not isinstance(value, bool):
        raise ValueError("it must be True or False")
    return value


def _address(value: object) -> str:
    if not isinstance(value, str) or (value and not value.startswith(("https://", "http://"))):
        raise ValueError("it must be an address that begins with https://, or empty")
    return value and f"{value.rstrip('/')}/"


def _categories(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item.isidentifier() for item in value):
        raise ValueError("it must be a list of categories of warnings, such as ['DeprecationWarning'], or ['all']")
    return tuple(value)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of conf.py. *check* returns what is used, or raises ValueError with what is wrong."""

    default: Any
    check: Callable[[object], Any]


# Rebuild "" for all: which pages change is found by comparing content, after reading (see pipeline.py).
VALUES: dict[str, Value] = {
    "frameworks": Value(["pytorch", "mxnet", "jax", "tensorflow"], _frameworks),
    "default_framework": Value("pytorch", framework_name),
    "interpreters": Value({}, _interpreters),
    "execute": Value("auto", _execute),
    "store": Value("_optviz", _folder),
    "landscape_path": Value(["landscapes"], _folders),
    "agreement": Value("warn", _agreement),
    "tolerances": Value({}, _tolerances),
    "timeout": Value(60, _timeout),
    "code_warnings": Value([], _categories),
    "jobs": Value("auto", _jobs),
    "rcparams": Value({}, _rcparams),
    "downloads": Value(True, _is_true),  # noqa: FBT003 - the default, as for the others
    "colab_base": Value("", _address),
}


def add_values(app: Sphinx) -> None:
    """Register them; the types are checked here and not by Sphinx, so that there is one warning and not two."""
    for name, value in VALUES.items():
        app.add_config_value(f"optviz_{name}", value.default, "", types=Any)


def problems_in(config: Config) -> Iterator[tuple[str, str]]:
    """The name of each value that is not valid, and what to say; it gets its default."""
    for name, value in VALUES.items():
        given = config[f"optviz_{name}"]
        try:
            value.check(given)
        except ValueError as error:
            config[f"optviz_{name}"] = value.default
            yield name, f"optviz_{name} = {given!r} is not valid, and the default {value.default!r} is used: {error}"


def check_values(app: Sphinx, config: Config) -> None:
    """At ``config-inited``: a value that is not valid is a warning, and the default is used."""
    for _, message in problems_in(config):
        warn("config", message, location=conf_py(Path(app.confdir)))
    store = Path(app.confdir, config.optviz_store)
    if store.is_relative_to(app.srcdir):
        # Sphinx would look at each of its files for documents, in every build.
        config.exclude_patterns = [*config.exclude_patterns, store.relative_to(app.srcdir).as_posix()]


def _resolved(interpreter: str, confdir: Path) -> str:
    """A path relative to conf.py made absolute; the name of a program and an execnet spec stay as they are."""
    if "//" in interpreter or "=" in interpreter or Path(interpreter).name == interpreter:
        return interpreter
    return str(confdir / Path(interpreter).expanduser())


def conf_py(confdir: Path) -> str:
    """The place of warnings about conf.py; Sphinx does not know the lines of its values."""
    return f"{confdir / 'conf.py'}:1"


def settings_of(config: Config, confdir: Path) -> Settings:
    """The checked values, with folders made absolute."""
    checked = {name: value.check(config[f"optviz_{name}"]) for name, value in VALUES.items()}
    checked["store"] = confdir / checked["store"]
    checked["landscape_path"] = tuple(confdir / folder for folder in checked["landscape_path"])
    checked["interpreters"] = {name: _resolved(path, confdir) for name, path in checked["interpreters"].items()}
    named = config["optviz_frameworks"] is not VALUES["frameworks"].default
    return Settings(**checked, names_frameworks=named, confdir=confdir)


def read_settings(confdir: Path | None) -> tuple[Settings, list[str]]:
    """The settings of a book without building it, and what is wrong in them; those of no book for None.

    Raises sphinx.errors.ConfigError if there is no conf.py, or if it cannot be read.
    """
    from sphinx.config import Config
    from sphinx.util.tags import Tags

    config = Config.read(confdir, overrides={}, tags=Tags()) if confdir is not None else Config({}, {})
    for name, value in VALUES.items():
        config.add(f"optviz_{name}", value.default, "", Any)
    problems = [message for _, message in problems_in(config)]
    return settings_of(config, (confdir or Path()).absolute()), problems
