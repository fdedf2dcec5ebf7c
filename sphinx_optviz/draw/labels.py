"""Labels: a text beside its point, with an arrow, where it covers nothing; in smaller letters if there is no place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patheffects import withStroke
from matplotlib.textpath import text_to_path

from sphinx_optviz.draw import looks
from sphinx_optviz.draw.layout import Box, Layout, Page, Points, Raster, lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.legend import Legend
    from matplotlib.transforms import Bbox

# Tried in this order: sizes of letters, for curves with the room above and below, in parts of what they take.
_SIZES = (9.0, 8.0, 7.0)
_ROOMY = ((9.0, 0.0), (9.0, 0.3), (8.0, 0.3), (8.0, 0.45), (7.0, 0.45))
_LINES = (0.6, 0.45, 0.3, 0.2)  # how much of the frame's width a line of a text may take

_GAP = 2.0  # points that stay free around it
_HINTED = np.array([1.06, 1.0])  # how much larger a text may become where its letters are fitted to pixels
_INSET = 2.0  # points between texts and the edge of the axes
_LEGENDS = 3  # places of the legend that are tried
_WORD = re.compile(r"(?:\$[^$\n]*\$|[^\s$]|\$)+")

# Matplotlib's "best" looks at curves only, and anew each time; this is its order.
_PLACES: tuple[Any, ...] = (
    *("upper right", "upper left", "lower left", "lower right", "center right", "center left"),
    *("lower center", "upper center", "center"),
)


@dataclass(frozen=True, slots=True)
class Note:
    """A text that points at *tip*, in data coordinates; a mark of *radius* points stands there."""

    text: str
    tip: tuple[float, float]
    radius: float


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What else is in the axes: lines, shape (N, 2) each, and marks, both in data coordinates."""

    lines: list[Points]
    marks: Points  # shape (M, 2)
    radius: float  # of a mark, in points
    strict: bool = True  # whether texts have to keep off the lines
    legend_at: str = ""  # where the author wants the legend; "" for where the labels want it
    growing: bool = False  # whether there may be more room above and below the lines


def text_size(text: str, size: float) -> tuple[float, float]:
    """Width and height of *text* in points at the font *size*, without a renderer."""
    lines = [
        text_to_path.get_text_width_height_descent(line, FontProperties(size=size), is_math_text(line))
        for line in text.split("\n")
    ]
    return max(line[0] for line in lines), sum(max(1.25 * size, 1.1 * line[1]) for line in lines)


def drawable(words: dict[str, str]) -> dict[str, str]:
    """*words* if the fonts have all of their letters, otherwise none."""
    paths = [findfont(FontProperties(family=[name])) for name in matplotlib.rcParams["font.family"]]
    known = set().union(*(get_font(path).get_charmap() for path in paths))
    return words if known.issuperset(map(ord, "".join(words.values()))) else {}


def wrapped(text: str, size: float, width: float) -> str:
    """*text* with its lines broken at blanks so that they are at most *width* wide, if they can be."""
    lines = []
    for line in text.split("\n"):
        words = _WORD.findall(line) if is_math_text(line) else line.split()
        begun = ""
        for word in words:
            longer = f"{begun} {word}" if begun else word
            if begun and text_size(longer, size)[0] > width:
                lines.append(begun)
                longer = word
            begun = longer
        lines.append(begun)
    return "\n".join(lines)


def place_labels(axes: Any, notes: list[Note], around: Surroundings) -> None:
    """Draw *notes* where they cover neither what is *around* nor each other.

    If there is no such place, the axes of a curve give more room above and below it, then the letters become smaller.
    """
    if not notes:
        return
    best = _best(axes, notes, around)
    if around.growing:
        _give_room(axes, best.room)
    if best.legend_at:
        _put_legend(axes, best.legend_at, best.letters)
    for note, text, offset in zip(notes, best.texts, best.layout.middles - best.tips, strict=True):
        _draw(axes, text, note, tuple(offset), best.letters)


def _best(axes: Any, notes: list[Note], around: Surroundings) -> _Attempt:
    """The first attempt with which nothing is wrong, or else the least bad one."""
    attempts = []
    for attempt in _attempts(axes, notes, around):
        if attempt.layout.wrong == 0:
            return attempt
        attempts.append(attempt)
    return min(attempts, key=lambda attempt: attempt.layout.wrong)


def _attempts(axes: Any, notes: list[Note], around: Surroundings) -> Iterator[_Attempt]:
    room = axes.margins()[1]
    for letters, wider in _ROOMY if around.growing else [(letters, 0.0) for letters in _SIZES]:
        if wider > room:
            room = wider
            _give_room(axes, room)
        yield from _Scene(axes, notes, around, letters).attempts(room)


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """A layout and what it was made for."""

    layout: Layout
    texts: list[str]
    tips: Points
    letters: float
    room: float
    legend_at: Any


def _give_room(axes: Any, room: float) -> None:
    """Leave *room* above and below the curves, in parts of what they take."""
    if axes.margins()[1] != room:
        axes.margins(y=room)
        axes.autoscale_view()


def _put_legend(axes: Any, place: Any, letters: float) -> Legend:
    """Put the legend at *place*, in smaller letters if those of the labels are."""
    legend: Legend = axes.get_legend()
    if letters < min(_SIZES[0], float(legend.get_texts()[0].get_fontsize())):
        legend = axes.legend(loc=place, fontsize=letters)
    legend.set_loc(place)
    return legend


class _Scene:
    """What is where on the page, in points, while the axes show what they show."""

    def __init__(self, axes: Any, notes: list[Note], around: Surroundings, letters: float) -> None:
        self.letters = letters
        self._scale = 72.0 / axes.figure.dpi  # pixels to points
        to_page = axes.transData.transform
        self._notes = notes
        self._strict = around.strict
        self._size = np.array([axes.figure.bbox.width, axes.figure.bbox.height]) * self._scale
        self._frame = _frame(axes)
        self._tips = to_page([note.tip for note in notes]) * self._scale
        self._lines = Raster(self._size, _dense([to_page(line) * self._scale for line in around.lines], self._frame))
        self._fixed = [
            _discs(to_page(around.marks.reshape(-1, 2)) * self._scale, around.radius + 1),
            *(_discs(tip[None], note.radius + 1) for tip, note in zip(self._tips, notes, strict=True)),
            *(_filled(box, self._scale) for box in _words_in_space(axes)),
        ]
        self._legend_places = self._places_of_legend(axes, around.legend_at)

    def _places_of_legend(self, axes: Any, wanted: str) -> list[tuple[Any, Bbox | None]]:
        """Where the legend may stand and its box there in pixels, those first where it covers least."""
        if axes.get_legend() is None:
            return [("", None)]
        renderer = _renderer(axes)
        solid = Raster(self._size, np.concatenate(self._fixed))
        options = []
        for number, place in enumerate([wanted] if wanted else _PLACES):
            box = _put_legend(axes, place, self.letters).get_window_extent(renderer)
            corners = np.array([box.x0, box.y0]) * self._scale, np.array([box.x1, box.y1]) * self._scale
            covers = float(self._lines.inside(*corners)) + 10 * float(solid.inside(*corners))
            options.append((covers, number, place, box))
        options.sort(key=lambda option: option[:2])
        free = [option for option in options if option[0] == 0] or options[:1]
        return [(place, box) for _, _, place, box in free[:_LEGENDS]]

    def attempts(self, room: float) -> Iterator[_Attempt]:
        """Layouts, until one is good, with the texts broken more and more and the legend in several places."""
        letters = self.letters
        tried: list[list[str]] = []
        for part in _LINES:
            texts = [wrapped(note.text, letters, part * (self._frame[1] - self._frame[0])[0]) for note in self._notes]
            if texts in tried:
                continue
            tried.append(texts)
            boxes = [
                Box(tip, np.array(text_size(text, letters)) * _HINTED / 2 + looks.PAD * letters + _GAP, note.radius + 1)
                for note, text, tip in zip(self._notes, texts, self._tips, strict=True)
            ]
            for place, box in self._legend_places:
                solid = [*self._fixed, *([_filled(box, self._scale)] if box else [])]
                page = Page(self._frame, Raster(self._size, np.concatenate(solid)), self._lines, self._strict)
                layout = lay_out(boxes, page)
                yield _Attempt(layout, texts, self._tips, letters, room, place)
                if layout.wrong == 0:
                    return


def _draw(axes: Any, text: str, note: Note, offset: tuple[float, ...], letters: float) -> None:
    axes.annotate(
        text,
        xy=note.tip,
        xytext=offset,
        fontsize=letters,
        arrowprops={**looks.ARROW, "shrinkB": note.radius, "path_effects": [withStroke(**looks.HALO)]},
        bbox=looks.GROUND,
        **looks.NOTE,
    )


def _frame(axes: Any) -> tuple[Points, Points]:
    """The lower left and the upper right corner of what texts may fill, in points."""
    width, height = axes.figure.get_size_inches() * 72
    # Axes in space make themselves square, but the rest of what they were given is free.
    box = axes.get_position(original=True)
    low, high = np.array([box.x0 * width, box.y0 * height]), np.array([box.x1 * width, box.y1 * height])
    return np.maximum(low, 0) + _INSET, np.minimum(high, np.array([width, height])) - _INSET


def _dense(lines: Iterable[Points], frame: tuple[Points, Points]) -> Points:
    """Points on *lines*, shapes (N, 2), about one apart, as far as they are near the *frame*."""
    starts = [line[:-1] for line in lines]
    ends = [line[1:] for line in lines]
    if not starts:
        return np.zeros((0, 2))
    start, end = np.concatenate(starts), np.concatenate(ends)
    there = np.isfinite(start).all(axis=1) & np.isfinite(end).all(axis=1)
    start, end = (np.clip(part[there], frame[0] - 10, frame[1] + 10) for part in (start, end))
    lengths = np.hypot(*(end - start).T)
    step = max(1.0, float(lengths.sum()) / 400_000)
    counts = np.ceil(lengths / step).astype(int) + 1
    which = np.repeat(np.arange(len(counts)), counts)
    parts = (np.arange(len(which)) - np.repeat(counts.cumsum() - counts, counts)) / counts[which]
    dense: Points = start[which] + parts[:, None] * (end - start)[which]
    return dense


def _discs(middles: Points, radius: float) -> Points:
    """Points that fill a disc around each of *middles*."""
    steps = np.arange(-np.ceil(radius), np.ceil(radius) + 1)
    square = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    disc = square[np.hypot(*square.T) <= radius]
    filled: Points = (middles[:, None, :] + disc).reshape(-1, 2)
    return filled


def _filled(box: Bbox, scale: float) -> Points:
    """Points that fill *box*, which is in pixels."""
    x0, x1, y0, y1 = (value * scale for value in (box.x0, box.x1, box.y0, box.y1))
    x, y = np.append(np.arange(x0, x1), x1), np.append(np.arange(y0, y1), y1)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _renderer(axes: Any) -> RendererAgg:
    """Something that can tell how large legends and numbers at axes are."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer: RendererAgg = FigureCanvasAgg(axes.figure).get_renderer()  # type: ignore[no-untyped-call]
    return renderer


def _words_in_space(axes: Any) -> Iterator[Bbox]:
    """The boxes of the numbers and names at the axes of a space, in pixels."""
    if not hasattr(axes, "get_zlim"):
        return
    renderer = _renderer(axes)
    hidden = [artist for artist in (*axes.collections, *axes.lines) if artist.get_visible()]
    for artist in hidden:
        artist.set_visible(False)
    axes.draw(renderer)  # only then they have their places
    for artist in hidden:
        artist.set_visible(True)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        low, high = sorted(axis.get_view_interval())
        slack = 1e-9 * (high - low)
        words = [tick.label1 for tick in axis.get_major_ticks() if low - slack <= tick.get_loc() <= high + slack]
        for text in (*words, axis.label, axis.get_offset_text()):
            if text.get_visible() and text.get_text():
                yield text.get_window_extent(renderer)
