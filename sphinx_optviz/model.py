"""What authors write and what pages show, as plain values. Nothing here knows Sphinx, a framework or the disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CodePlace = Literal["above", "below", "hidden"]
FigureKind = Literal["shared", "each", "none"]
TabStyle = Literal["live", "labelled", "open"]
Place = tuple[str, int]  # of a directive: its document, and its index there

# Which views there are, and of how many variables the function has to be.
VIEWS: Mapping[str, int] = {
    "curve": 1,
    "contour": 2,
    "surface": 2,
    "wireframe": 2,
    "heatmap": 2,
    "slices": 2,
}

# What authors can call points, and what more than one of them is called.
KINDS: Mapping[str, str] = {
    "critical point": "critical points",
    "minimum": "minima",
    "local minimum": "local minima",
    "global minimum": "global minima",
    "maximum": "maxima",
    "local maximum": "local maxima",
    "global maximum": "global maxima",
    "saddle": "saddles",
    "monkey saddle": "monkey saddles",
    "inflection": "inflections",
    "degenerate": "degenerate points",
    "edge minimum": "edge minima",
    "edge maximum": "edge maxima",
    "valley": "valleys",
    "ridge": "ridges",
    "plateau": "plateaus",
    "kink": "kinks",
}

# The largest number in a domain: twice as much, the width of a domain, must still be finite.
MAX_COORDINATE = 1e300

# The images that can be drawn, as Sphinx's builders name them, and their suffixes.
IMAGE_FORMATS: Mapping[str, str] = {"image/svg+xml": "svg", "application/pdf": "pdf", "image/png": "png"}

# Points along an axis when neither the author nor the landscape says how many, by the number of variables.
DEFAULT_COUNTS: Mapping[int, int] = {1: 201, 2: 101}

# By the dtype of a computation: how far the numbers of two frameworks may be apart, relative to the number. What
# rounding does on top of that, where large terms cancel, is measured.
TOLERANCES: Mapping[str, float] = {"float64": 1e-10, "float32": 1e-4, "float16": 1e-2}


def image_type(builder: Any) -> str:
    """The MIME type that *builder* likes best of those that can be drawn; "" if it takes none."""
    return next((mime for mime in builder.supported_image_types if mime in IMAGE_FORMATS), "")


def digest_of(value: object) -> str:
    """The SHA-256, in hexadecimal, of a JSON-able *value*; equal values give equal digests on any machine."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def place_of(line: int, places: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """File and number of the *line* of a text, counted from 1; *places* are those of all its lines."""
    return places[min(max(line, 1), len(places)) - 1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The ``optviz_*`` values of conf.py after validation."""

    frameworks: tuple[str, ...]
    names_frameworks: bool  # whether the author does, and not the default
    default_framework: str
    interpreters: Mapping[str, str]
    execute: Literal["auto", "force", "never"]
    confdir: Path  # the folder of conf.py
    store: Path
    landscape_path: tuple[Path, ...]
    agreement: Literal["warn", "off"]
    tolerances: Mapping[str, float]  # those that the author gives, by dtype
    timeout: float  # seconds, for one run
    code_warnings: tuple[str, ...]  # categories that become warnings of the build
    jobs: int  # child processes at once
    rcparams: Mapping[str, object]
    downloads: bool
    colab_base: str  # the address under which Colab finds the notebooks, "" if it does not


# ---- what an author wrote


@dataclass(frozen=True, slots=True)
class Interval:
    """An axis as an author writes it: ``low : high``, optionally ``: count``."""

    low: float
    high: float
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """Points by what they are, as in KINDS, or "place": the point ``near``.

    ``of`` a function or a landscape, "" for the first; ``near`` a place: of several points the one nearest to it.
    """

    kind: str
    of: str = ""
    near: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotation:
    """A label, and what its arrow points at: ``(x,)`` on a curve, an exact ``(x, y)``, or points by what they are."""

    text: str
    at: tuple[float, ...] | Where
    line: int = field(default=0, compare=False)  # in the file, for warnings


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One line of ``:expect:``: what the author says, to be checked against what was computed."""

    text: str
    line: int  # in the file, for the warning
    subject: str  # "points", "value", "gradient", "hessian" or "eigenvalues"
    where: Where  # the points claimed, or the place of a quantity
    count: int | None = None  # how many points there are
    numbers: tuple[str, ...] = ()  # as written: coordinates of the points, or components of the quantity
    tolerance: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlotSpec:
    """One ``optplot`` directive, checked for its form only; ``None`` and ``()`` mean "not given"."""

    landscapes: tuple[str, ...]
    of_page: bool = False  # the names are of functions that cells of the page define
    frameworks: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    x: Interval | None = None
    y: Interval | None = None
    critical_points: tuple[str, ...] = ()  # the kinds to mark; "all" for all
    annotations: tuple[Annotation, ...] = ()
    claims: tuple[Claim, ...] = ()
    through: Where | None = None  # the critical point that slices go through
    figure: FigureKind = "shared"
    code: CodePlace = "above"
    figsize: tuple[float, float] | None = None  # inches
    aspect: str | float | None = None  # "equal", "auto", or the length of a unit of y by one of x
    legend: str | None = None  # a place of Matplotlib's, or "none"
    title: str | None = None
    alt: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)  # of the options, in the file


@dataclass(frozen=True, kw_only=True, slots=True)
class _Written:
    """Where a directive stands, and what was wrong in it; pickled with the environment."""

    line: int
    source: str  # the file that holds the directive; another than the document's own where it was included
    problems: tuple[str, ...] = ()

    @property
    def location(self) -> str:
        """For warnings."""
        return f"{self.source}:{self.line}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlotRecord(_Written):
    """A directive, and the plot that it asks for."""

    spec: PlotSpec


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of an author's code, for some frameworks; ``("all",)`` for all of the page."""

    frameworks: tuple[str, ...]
    lines: tuple[str, ...]
    source: str  # the file
    first_line: int  # in it


@dataclass(frozen=True, kw_only=True, slots=True)
class CellSpec:
    """One ``optplot`` directive with code; ``None`` and ``()`` mean "not given"."""

    blocks: tuple[Block, ...]
    has_tabs: bool  # whether the blocks say for which frameworks they are
    frameworks: tuple[str, ...] = ()  # the tabs; for a cell without tabs, the one that runs it
    figure: FigureKind = "shared"
    code: CodePlace = "above"
    alt: str | None = None
    is_captioned: bool = False
    is_named: bool = False
    hide_output: bool = False
    fold: str | None = None  # what to click on for the code
    first_number: int | None = None  # of the lines of code
    emphasized: tuple[int, ...] = ()
    expect_error: bool = False
    timeout: float | None = None  # seconds
    seed: int | None = None
    agreement: bool = True
    depends: tuple[str, ...] = ()  # files, relative to the page

    @property
    def is_figure(self) -> bool:
        """Whether the directive is a figure that can be numbered or referred to."""
        return self.is_captioned or self.is_named

    @property
    def has_image(self) -> bool:
        """Whether figures stand apart from code and outputs: with tabs, and in a figure, there is one set for all."""
        return self.figure == "shared" and (self.has_tabs or self.is_figure)


@dataclass(frozen=True, kw_only=True, slots=True)
class CellRecord(_Written):
    """A directive, and the cell that it asks for."""

    spec: CellSpec


Record = PlotRecord | CellRecord


# ---- what is shown


@dataclass(frozen=True, slots=True)
class Shown:
    """One output of a cell: its forms, by MIME type, the best first; of an image the name of its file."""

    kind: Literal["text", "result", "image", "error"]
    forms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tab:
    """One framework's code, and what became of it."""

    framework: str
    label: str
    code: tuple[str, ...]
    note: str = ""  # for readers, when the code was not run
    error: str = ""  # for readers, when it failed
    image: str | None = None  # file of the figure from its own numbers, with ``:figure: each``; "" as in Placement
    outputs: tuple[Shown, ...] = ()  # of a cell


@dataclass(frozen=True, slots=True)
class Number:
    """What the role ``optval`` shows: as plain text, and as LaTeX."""

    text: str
    latex: str
    is_matrix: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """What of one directive goes into the files that readers download."""

    code: Mapping[str, tuple[str, ...]]  # by framework, one without a tab too: of a cell, or of each landscape
    landscapes: tuple[tuple[str, tuple[str, ...]], ...] = ()  # of a plot: the name and the functions of each
    of_page: bool = False  # the functions are those of the page's cells
    drawings: Mapping[str, str] = field(default_factory=dict)  # by framework: names of files that hold code
    seeds: Mapping[str, int] = field(default_factory=dict)  # by framework: set before the cell
    modules: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)  # path, from conf.py; digest
    files: tuple[tuple[str, str], ...] = ()  # that the cell depends on: path, from the page's folder; digest
    draws: bool = False  # the cell leaves figures to be shown
    expects_error: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """All that the page shows for one directive, decided before the first page is written."""

    tabs: tuple[Tab, ...] = ()
    open_tab: str = ""  # framework
    images: tuple[str, ...] = ()  # file names of the shared figures; a name is "" where the builder takes no images
    image_error: str = ""  # for readers: why there is no figure
    alt: str = ""
    description: tuple[str, ...] = ()  # of the figure, for those who cannot see it: a heading, and paragraphs
    panels: int = 0
    notes: tuple[str, ...] = ()  # for readers: whose numbers are shown, and whether the frameworks agree
    problems: tuple[str, ...] = ()  # for readers: what was wrong in the directive
    download: Download | None = None
