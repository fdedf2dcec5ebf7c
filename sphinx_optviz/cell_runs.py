"""What cells have to run and what came of it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sphinx_optviz.model import digest_of, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx_optviz.runs import Array

# In every key: bump it when the same code may give other outputs, or outputs laid out differently.
CELL_SCHEMA = 2

# What figures are stored as: a builder takes one of them.
FIGURE_FORMATS = ("svg", "pdf")


@dataclass(frozen=True, kw_only=True, slots=True)
class CellRun:
    """One cell run in one framework, after those before it on its page. Two with the same key give the same.

    ``before`` is the chain of the cell before it on the page, ``depends`` the digests of files, by name.
    """

    framework: str
    code: str
    before: str
    seed: int | None
    depends: tuple[tuple[str, str], ...]
    formats: tuple[str, ...]
    timeout: float = field(compare=False)
    expects_error: bool = field(compare=False)
    name: str = field(compare=False)  # in tracebacks, and for people
    lines: tuple[tuple[str, int], ...] = field(compare=False)  # file and number of each line of the code
    chain: str = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        content = [CELL_SCHEMA, self.framework, self.before, self.code, self.seed, list(map(list, self.depends))]
        object.__setattr__(self, "chain", digest_of(content)[:32])
        object.__setattr__(self, "key", digest_of([self.chain, list(self.formats)])[:32])

    def place(self, line: int) -> tuple[str, int]:
        """File and line of the *line* of the code, counted from 1; of its first where there is none."""
        return place_of(line, self.lines)


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that a cell shows; of a result, and of a figure, one entry for each form that it has."""

    kind: Literal["text", "result", "figure"]
    forms: Mapping[str, bytes]  # by MIME type or, of a figure, by format


@dataclass(frozen=True, slots=True)
class Artist:
    """What one artist drew: in which axes of its figure, of which kind, its name, and its arrays."""

    figure: int
    axes: int
    kind: str
    name: str
    arrays: tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class CellError:
    """What a cell raised: in one line, where, the part of the traceback that the page shows, and all of it."""

    message: str
    line: int  # of the code; 0 if it is not known
    short: str
    whole: str


@dataclass(frozen=True, slots=True)
class CodeWarning:
    """A warning that a cell's code raised."""

    category: str
    message: str
    line: int  # of the code; 0 if it was raised elsewhere


@dataclass(frozen=True, kw_only=True, slots=True)
class CellResult:
    """What a cell gave."""

    version: str  # of the framework
    outputs: tuple[Output, ...]
    artists: tuple[Artist, ...]
    returned: tuple[Array, ...]
    warnings: tuple[CodeWarning, ...]
    dropped: Mapping[str, int]  # characters of text, and figures, that were too many
    random: bool  # whether random numbers were drawn in it
    modules: tuple[tuple[str, str], ...]  # local modules that are imported: path relative to conf.py, and digest
    error: CellError | None
    digest: str
