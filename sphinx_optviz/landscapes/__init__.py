"""Landscapes as folders of data: find them by name, read and check ``landscape.toml``, read the code as text.

The built-in ones lie beside this file. Their code is never imported: the text that a tab shows is the text that runs.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_optviz.frameworks import BUILT_IN, did_you_mean
from sphinx_optviz.model import DEFAULT_COUNTS, MAX_COORDINATE, VIEWS
from sphinx_optviz.runs import Axis, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_HERE = Path(__file__).parent
_ENTRY_POINTS = "sphinx_optviz.landscapes"
_FILE = "landscape.toml"
_MAX_COUNT = 100_000  # points along an axis: beyond it a typing error is likelier than a wish


class LandscapeError(Exception):
    """A landscape that is not there or not right; ``path`` and ``line`` say where, or are empty."""

    def __init__(self, message: str, path: Path | None = None, line: int = 0) -> None:
        super().__init__(message)
        self.path = path
        self.line = line


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a landscape: its name in the code, and its label in legends ("" when none was given)."""

    name: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Landscape:
    """A landscape as its folder says."""

    name: str
    title: str
    formula: str  # LaTeX
    axes: tuple[Axis, ...]
    view: str
    functions: tuple[Function, ...]
    sources: Mapping[str, Source]  # by framework


class Catalogue:
    """All landscapes that a project can name. Folders are read when asked for, once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """*folders* are the author's own, in the order of the search."""
        self._folders = [*folders, _HERE]
        self._known: dict[str, Landscape | LandscapeError] = {}
        self._tried: dict[str, list[Path]] = {}

    def get_all(self, names: Iterable[str]) -> tuple[Landscape, ...]:
        """Those called *names*, each once. Raises LandscapeError."""
        return tuple(map(self.get, dict.fromkeys(names)))

    def get(self, name: str) -> Landscape:
        """The landscape called *name*. Raises LandscapeError."""
        if name not in self._known:
            try:
                self._known[name] = _read(self._find(name), name)
            except LandscapeError as error:
                self._known[name] = error
        found = self._known[name]
        if isinstance(found, LandscapeError):
            raise found
        return found

    def _find(self, name: str) -> Path:
        tried = self._tried[name] = []
        # A name is one folder: "../other" must not lead out of the search path.
        if name and Path(name).name == name and name != "..":
            for folder in self._all_folders():
                tried.append(folder / name)
                if os.path.isdir(tried[-1]):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
                    return tried[-1]
        raise LandscapeError(f"unknown landscape {name!r}. {did_you_mean(name, self.names())}")

    def paths(self) -> list[Path]:
        """All files and folders that decide what was found, those that are not there included."""
        paths = [path for tried in self._tried.values() for path in tried]
        for name, landscape in self._known.items():
            if isinstance(landscape, Landscape):
                folder = self._tried[name][-1]
                paths += [folder / _FILE, *(folder / f"{framework}.py" for framework in landscape.sources)]
        return paths

    def names(self) -> list[str]:
        """Of all landscapes that there are, sorted."""
        return sorted({path.parent.name for folder in self._all_folders() for path in folder.glob(f"*/{_FILE}")})

    def _all_folders(self) -> Iterator[Path]:
        yield from self._folders
        # Last, and only when needed: listing entry points reads the metadata of every installed package.
        for entry_point in importlib.metadata.entry_points(group=_ENTRY_POINTS):
            # find_spec would import the parents of a dotted name: ask for the outermost package alone.
            package, *inner = entry_point.value.partition(":")[0].strip().split(".")
            spec = importlib.util.find_spec(package) if package.isidentifier() else None
            for place in (spec.submodule_search_locations or ()) if spec else ():
                yield Path(place, *inner)


def _read(folder: Path, name: str) -> Landscape:
    path = folder / _FILE
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise LandscapeError(f"the landscape {name!r} has no {_FILE}", path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise LandscapeError(f"cannot read it: {error}", path) from error
    try:
        data = tomllib.loads(text)
    except RecursionError as error:
        raise LandscapeError("not valid TOML: it is nested too deeply", path, len(text.splitlines())) from error
    except ValueError as error:  # TOMLDecodeError, and int's own for thousands of digits
        at = re.search(r"at line (\d+)", str(error))
        raise LandscapeError(f"not valid TOML: {error}", path, int(at[1]) if at else text.count("\n") + 1) from error
    try:
        return _check(data, name, folder)
    except _FieldError as error:
        raise LandscapeError(str(error), path, _line_of(error.field, text)) from error


class _FieldError(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


# Values that are text, and comments: a name in them is not a key.
_WORDS = re.compile(r"""(=\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*')|\#.*""")


def _line_of(field: str, text: str) -> int:
    """The line of *text* where the key or table *field* stands; 1 when it is missing."""
    pattern = re.compile(rf"""(?:^|[\s\[{{.,])["']?{re.escape(field)}["']?\s*[]=.]""")
    for number, line in enumerate(text.splitlines(), 1):
        bare = _WORDS.sub(r"\1", line)
        if pattern.search(bare):
            return number
    return 1


def _check(data: dict[str, Any], name: str, folder: Path) -> Landscape:
    """Raises _FieldError for the first thing that is wrong."""
    known = ["title", "formula", "domain", "view", "functions"]
    for key in data:
        if key not in known:
            raise _FieldError(key, f"unknown key {key!r}. {did_you_mean(key, known)}")
    for key in ("title", "formula"):
        if not isinstance(data.get(key), str) or not data[key].strip():
            raise _FieldError(key, f"{key!r} must be given, as text")
    axes = _axes(data.get("domain"))
    fitting = [view for view, variables in VIEWS.items() if variables == len(axes)]
    view = data.get("view", "curve" if len(axes) == 1 else "contour")
    if view not in fitting:
        raise _FieldError(
            "view", f"unknown view {view!r} for {len(axes)} variable(s). {did_you_mean(str(view), fitting)}"
        )
    functions = data.get("functions", {"f": {}})
    if not isinstance(functions, dict) or not functions:
        raise _FieldError("functions", "'functions' must hold one table a function, such as [functions.f]")
    return Landscape(
        name=name,
        title=data["title"],
        formula=data["formula"],
        axes=axes,
        view=view,
        functions=tuple(_function(function, table) for function, table in functions.items()),
        sources=_sources(folder),
    )


def _axes(domain: object) -> tuple[Axis, ...]:
    if not isinstance(domain, dict) or not domain:
        raise _FieldError("domain", "a [domain] table must be given, with one entry a variable: x = [low, high]")
    if len(domain) not in DEFAULT_COUNTS:
        raise _FieldError("domain", f"a landscape has one or two variables, not {len(domain)}")
    axes = []
    for variable, value in domain.items():
        numbers = value if isinstance(value, list) else []
        real = all(type(number) in (int, float) and abs(number) <= MAX_COORDINATE for number in numbers)
        if len(numbers) not in (2, 3) or not real or numbers[0] >= numbers[1]:
            raise _FieldError(variable, f"{variable!r} must be [low, high] or [low, high, count] with low < high")
        count = numbers[2] if len(numbers) == 3 else DEFAULT_COUNTS[len(domain)]
        if not isinstance(count, int) or not 2 <= count <= _MAX_COUNT:
            raise _FieldError(variable, f"the number of points of {variable!r} must be from 2 to {_MAX_COUNT}")
        if not variable.isidentifier():
            raise _FieldError(variable, f"{variable!r} is not a name of a variable")
        axes.append(Axis(variable, float(numbers[0]), float(numbers[1]), count))
    return tuple(axes)


def _function(name: str, table: object) -> Function:
    if not name.isidentifier():
        raise _FieldError(name, f"{name!r} is not a name of a function")
    if not isinstance(table, dict) or set(table) - {"label"} or not isinstance(table.get("label", ""), str):
        raise _FieldError(name, f"[functions.{name}] may hold a label, as text, and nothing else")
    return Function(name, table.get("label", ""))


def _sources(folder: Path) -> dict[str, Source]:
    """The text of each Python file by its name, which is a framework's; other packages can add frameworks."""
    sources = {}
    for path in sorted(folder.glob("*.py")):
        try:
            sources[path.stem] = Source(path.resolve(), path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise LandscapeError(f"cannot read it: {error}", path) from error
    if not sources:
        files = ", ".join(f"{framework}.py" for framework in BUILT_IN)
        raise LandscapeError(
            f"the landscape {folder.name!r} has no code; it needs one or more of {files}", folder / _FILE
        )
    return sources
