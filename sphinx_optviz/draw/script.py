"""The code with which readers draw a figure again: plain Matplotlib, and the landscape's functions for the numbers.

What was found or placed by a search comes from the figure that was drawn: marks, labels, legends, levels, the places of
axes. Between « and » stand names that the page decides: of the landscapes' functions, of this one, and of helpers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.legend import Legend
from matplotlib.text import Annotation

from sphinx_optviz.draw import looks, space
from sphinx_optviz.draw.levels import STEPS
from sphinx_optviz.draw.literals import DOUBLED, EVALUATE, IN_BOOK_STYLE, PLOT, Code, call, function, literal
from sphinx_optviz.draw.panels import values_of
from sphinx_optviz.draw.views import BAR_BEGIN, BAR_END, is_coarse, levels_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sphinx_optviz.draw.panels import Panel

_SIZE_OF_LETTERS = 9.0


def script(job: dict[str, Any], figure: Figure) -> str:
    """A function without arguments that draws and shows *figure*, the one that was made of *job*."""
    body = _Body()
    width, height = figure.get_size_inches()
    body.add(call("fig = plt.figure", figsize=(_rounded(width), _rounded(height))))
    for panel, axes in zip(job["panels"], figure.axes, strict=False):
        body.blank()
        _PanelScript(body, panel, axes).write()
    _around(body, figure)
    imports = ["import matplotlib.pyplot as plt", "import numpy as np", *sorted(body.imports)]
    lines = [f"@{IN_BOOK_STYLE}", f"def {PLOT}():", *(f"    {line}" for line in imports), ""]
    lines += [f"    {line}" if line else "" for part in body.parts for line in part.split("\n")]
    return "\n".join([*lines, "    plt.show()", "", "", f"{PLOT}()", ""])


def _rounded(value: float, digits: int = 4) -> float:
    return round(float(value), digits)


class _Body:
    """The statements of the function so far."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.imports: set[str] = set()
        self.known: dict[str, str] = {}  # what names stand for now

    def add(self, statement: str) -> None:
        self.parts.append(statement)

    def blank(self) -> None:
        self.parts.append("")

    def define(self, name: str, value: str) -> None:
        """Let *name* be *value*; nothing is written if it is already."""
        if self.known.get(name) != value:
            self.known[name] = value
            self.add(f"{name} = {value}")


def _around(body: _Body, figure: Figure) -> None:
    """Letters of the panels, key and title."""
    title = figure.get_suptitle()
    if figure.texts or figure.legends or title:
        body.blank()
    height = float(figure.get_size_inches()[1])
    for text in figure.texts:
        if text.get_text() == title:
            continue
        x, y = map(_rounded, text.get_position())
        body.add(call("fig.text", x, y, text.get_text(), ha="center", va="bottom", fontsize=10))
    for legend in figure.legends:
        body.imports.add("from matplotlib.lines import Line2D")
        samples = [
            call("Line2D", [], [], label=str(sample.get_label()), **_look(sample))
            for sample in legend.legend_handles
            if sample is not None
        ]
        body.add("samples = [")
        body.parts += [f"    {line}" for sample in samples for line in f"{sample},".split("\n")]
        body.add("]")
        below = _rounded(legend.get_bbox_to_anchor().y1 / figure.bbox.height)
        columns = legend._ncols  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public name
        body.add(call("fig.legend", handles=Code("samples"), bbox_to_anchor=(0.5, below), ncols=columns, **looks.KEY))
    if title:
        body.add(call("fig.suptitle", title, y=_rounded(1 - 0.08 / height), va="top", fontsize=11))


def _look(line: Any) -> dict[str, Any]:
    """The style of a line or of marks, as the arguments that gave it."""
    look: dict[str, Any] = {}
    if line.get_marker() not in (None, "None", "none", ""):
        look = {"marker": line.get_marker(), "linestyle": "none", "markersize": _rounded(line.get_markersize())}
        look["markerfacecolor"] = line.get_markerfacecolor()
        if line.get_fillstyle() != "full":
            look |= {"fillstyle": line.get_fillstyle(), "markerfacecoloralt": line.get_markerfacecoloralt()}
        look |= {
            "markeredgecolor": line.get_markeredgecolor(),
            "markeredgewidth": _rounded(line.get_markeredgewidth()),
        }
    else:
        offset, dashes = line._unscaled_dash_pattern  # noqa: SLF001 - get_linestyle says "--" for all dashes
        look = {"color": line.get_color(), "linestyle": (offset, tuple(dashes)) if dashes else "solid"}
        look["linewidth"] = line.get_linewidth()
        if line.get_solid_capstyle() != "projecting":
            look["solid_capstyle"] = str(line.get_solid_capstyle())
    if line.get_alpha() not in (None, 1.0):
        look["alpha"] = line.get_alpha()
    return look


class _PanelScript:
    """Writes what draws one panel."""

    def __init__(self, body: _Body, panel: Panel, axes: Any) -> None:
        self.body = body
        self.panel = panel
        self.axes = axes
        self.in_space = hasattr(axes, "get_zlim")

    def write(self) -> None:
        box = tuple(map(_rounded, self.axes.get_position(original=True).bounds))
        options = {"projection": "3d"} if self.in_space else {}
        self.body.add(call("ax = fig.add_axes", box, **options))
        view = self.panel["view"]
        drawn = 0
        if view == "curve":
            drawn = self._curves()
        elif view == "slices":
            drawn = self._slices()
        elif self.in_space:
            self._surface()
        else:
            self._plane()
        if not self.in_space:
            self._names("x", "y")
        for line in self.axes.lines[drawn:]:
            self._mark(line)
        if view in ("curve", "slices"):
            self.body.add(call("ax.set", xlim=_limits(self.axes.get_xlim()), ylim=_limits(self.axes.get_ylim())))
            self._legend()
        for text in self.axes.texts:
            self._text(text)

    # ---- numbers

    def _evaluate(self, series: dict[str, Any], name: str, *arguments: str) -> Code:
        return Code(f"{EVALUATE}({function(series['landscape'], name)}, {', '.join(arguments)})")

    def _linspace(self, name: str, axis: list[Any], count: int = 0) -> None:
        _, low, high, its = axis
        self.body.define(name, call("np.linspace", low, high, count or its))

    # ---- curves

    def _curves(self) -> int:
        number = 0
        for series in self.panel["series"]:
            self._linspace("x", series["axes"][0])
            for name in series["functions"]:
                label = str(self.axes.lines[number].get_label())
                values = self._evaluate(series, name, "x")
                self.body.add(call("ax.plot", Code("x"), values, label=label))
                number += 1
        return number

    def _slices(self) -> int:
        for index, series in enumerate(self.panel["series"]):
            if "along" in series:
                self._linspace("t", series["axes"][0])
                along = series["along"]
                arguments = list(map(_along, along["at"], along["direction"]))
            else:
                self._linspace("t", series["axes"][index])
                arguments = ["t" if i == index else literal(axis[1]) for i, axis in enumerate(series["axes"])]
            values = self._evaluate(series, series["functions"][0], *arguments)
            self.body.add(call("ax.plot", Code("t"), values, label=str(self.axes.lines[index].get_label())))
        return len(self.panel["series"])

    # ---- planes

    def _plane(self) -> None:
        series = self.panel["series"][0]
        z = np.ma.masked_invalid(values_of(series)[0])
        self.body.imports.add("from matplotlib.ticker import MaxNLocator")
        if z.count():
            is_image = bool(self.axes.images)
            levels = None if z.min() == z.max() else levels_for(self.panel, z)
            finer = not is_image and levels is not None and levels.norm is not None and is_coarse(z.shape)
            self._grid(series)
            values = self._evaluate(series, series["functions"][0], "X", "Y")
            is_whole = z.count() == z.size
            self.body.add(f"z = {values}" if is_whole else call("z = np.ma.masked_invalid", values))
            if finer:
                between = f"{DOUBLED}(np.ma.filled(z, np.nan))"
                self.body.add(f"z = {between}" if is_whole else f"z = np.ma.masked_invalid({between})")
                self._grid(series, finer=True)
            norm = self._norm(levels)
            if is_image:
                x, y = series["axes"]
                extent = (*x[1:3], *y[1:3])
                look = {"origin": "lower", "aspect": "auto", "interpolation": "none"}
                self.body.add(call("drawn = ax.imshow", Code("z"), extent=extent, **norm, **look))
            elif levels is not None:
                self._contours(levels, norm)
            self._bar(is_even=not norm)
        self.body.add("ax.grid(visible=False)")
        for axis in ("xaxis", "yaxis"):
            self.body.add(call(f"ax.{axis}.set_major_locator", Code(call("MaxNLocator", 5, steps=STEPS))))

    def _grid(self, series: dict[str, Any], *, finer: bool = False) -> None:
        for name, axis in zip("xy", series["axes"], strict=True):
            self._linspace(name, axis, 2 * axis[3] - 1 if finer else 0)
        self.body.add("X, Y = np.meshgrid(x, y)")

    def _norm(self, levels: Any) -> dict[str, Any]:
        """Colours that change by the same step from level to level; none for even levels."""
        if levels is None or levels.norm is None:
            return {}
        self.body.imports.add("from matplotlib.colors import FuncNorm")
        self._levels(levels)
        self.body.define("steps", "np.linspace(0, 1, len(levels))")
        self.body.known.pop("norm", None)
        # As defaults: another panel gives the names another meaning, and colours are looked up when all is drawn.
        ways = (
            Code("lambda z, levels=levels, steps=steps: np.interp(z, levels, steps)"),
            Code("lambda s, levels=levels, steps=steps: np.interp(s, steps, levels)"),
        )
        ends = {"vmin": Code("levels[0]"), "vmax": Code("levels[-1]")}
        self.body.add(call("norm = FuncNorm", ways, **ends))
        return {"norm": Code("norm")}

    def _levels(self, levels: Any) -> None:
        text = call("np.array", _short(levels.values))
        if self.body.known.get("levels") != text:
            self.body.known.pop("steps", None)
        self.body.define("levels", text)

    def _contours(self, levels: Any, norm: dict[str, Any]) -> None:
        self._levels(levels)
        self.body.add(call("drawn = ax.contourf", Code("X"), Code("Y"), Code("z"), levels=Code("levels"), **norm))
        widths: Any = 0.5
        if len(levels.through):
            widths = np.where(np.isin(levels.values, levels.through), 1.0, 0.5)
        look = {"colors": "white", "linewidths": widths, "linestyles": "solid"}
        self.body.add(call("ax.contour", Code("X"), Code("Y"), Code("z"), levels=Code("levels"), **look))

    def _bar(self, *, is_even: bool) -> None:
        (bar,) = self.axes.child_axes
        place = call("ax.inset_axes", (1 + BAR_BEGIN, 0, _rounded(BAR_END - BAR_BEGIN), 1))
        spacing = "proportional" if is_even else "uniform"
        self.body.add(call("bar = fig.colorbar", Code("drawn"), cax=Code(place), spacing=spacing))
        ticks = [float(f"{tick:.12g}") for tick in bar.yaxis.get_major_locator()()]
        labels = bar.yaxis.get_major_formatter().format_ticks(ticks)
        self.body.add(call("bar.set_ticks", ticks, labels=list(labels)))
        self.body.add("bar.minorticks_off()")
        self.body.add("bar.outline.set_visible(False)")
        self._name("bar.set_label", bar.yaxis.label)

    # ---- space

    def _surface(self) -> None:
        series = self.panel["series"][0]
        z = values_of(series)[0]
        is_surface = self.panel["view"] == "surface"
        self.body.imports.add("from matplotlib.ticker import MaxNLocator")
        for name, axis in zip("xy", series["axes"], strict=True):
            kept = space.kept(axis[3], space.FACES + 1 if is_surface else space.LINES)
            whole = call("np.linspace", *axis[1:])
            if len(set(np.diff(kept))) == 1:
                step = int(kept[1] - kept[0])
                self.body.define(name, f"{whole}[::{step}]" if step > 1 else whole)
            else:
                some = call("np.linspace", 0, axis[3] - 1, len(kept))
                self.body.define(name, f"{whole}[{some}.round().astype(int)]")
        self.body.add('X, Y = np.meshgrid(x, y, indexing="ij")')
        if np.isfinite(z).any():
            self.body.add(f"z = {self._evaluate(series, series['functions'][0], 'X', 'Y')}")
            if not np.isfinite(z).all():
                self.body.add("z[~np.isfinite(z)] = np.nan")
            if is_surface:
                masked = np.ma.masked_invalid(z)
                norm = self._norm(None if masked.min() == masked.max() else levels_for(self.panel, masked))
                look = {
                    "rstride": 1,
                    "cstride": 1,
                    "cmap": Code('plt.rcParams["image.cmap"]'),
                    **norm,
                    **space.SURFACE,
                }
                self.body.add(call("ax.plot_surface", Code("X"), Code("Y"), Code("z"), **look))
            else:
                look = {"rstride": 1, "cstride": 1, **space.WIRES}
                self.body.add(call("ax.plot_wireframe", Code("X"), Code("Y"), Code("z"), **look))
        for letter in "xyz":
            self._name(
                f"ax.set_{letter}label", getattr(self.axes, f"{letter}axis").label, labelpad=2 if letter == "z" else 1
            )
        self.body.add("for axis in (ax.xaxis, ax.yaxis, ax.zaxis):")
        self.body.add(f"    axis.set_major_locator(MaxNLocator(5, steps={literal(STEPS)}))")
        self.body.add("    axis.set_pane_color((1, 1, 1, 0))")
        self.body.add("ax.tick_params(labelsize=8, pad=0)")
        limits = {f"{letter}lim": _limits(getattr(self.axes, f"get_{letter}lim")()) for letter in "xyz"}
        self.body.add(call("ax.set", **limits))
        self.body.add(call("ax.view_init", elev=self.axes.elev, azim=self.axes.azim))
        self.body.add(call("ax.set_box_aspect", space.BOX, zoom=self.axes.zoom))

    # ---- what stands on all of them

    def _names(self, *letters: str) -> None:
        for letter in letters:
            self._name(f"ax.set_{letter}label", getattr(self.axes, f"{letter}axis").label)

    def _name(self, setter: str, label: Any, **more: Any) -> None:
        if not label.get_text():
            return
        look: dict[str, Any] = {}
        if looks.MATHS["family"] in label.get_fontfamily():
            look = dict(looks.MATHS)
        elif label.get_text().startswith("$"):
            look = {"size": looks.MATHS["size"]}
        self.body.add(call(setter, label.get_text(), **look, **more))

    def _mark(self, line: Any) -> None:
        data = [np.asarray(part, dtype=float) for part in (line.get_data_3d() if self.in_space else line.get_data())]
        if not any(part.size for part in data):
            return
        points = len(data[0]) == 1 or line.get_marker() not in (None, "None", "none", "")
        numbers: list[Any] = [part if points else [float(f"{value:.13g}") for value in part] for part in data]
        if len(data[0]) > 4:
            self.body.define("line", call("np.array", numbers))
            numbers = [Code("*line")]
        clip = {} if line.get_clip_on() else {"clip_on": False}
        self.body.add(call("ax.plot", *numbers, **_look(line), zorder=line.get_zorder(), **clip))

    def _legend(self) -> None:
        legend = self.axes.get_legend()
        if legend is None:
            return
        code = legend._loc_real  # noqa: SLF001 - there is no public name
        size = float(legend.get_texts()[0].get_fontsize())
        letters = {} if size == looks.RCPARAMS["legend.fontsize"] else {"fontsize": size}
        loc = next(name for name, known in Legend.codes.items() if known == code)
        self.body.add(call("ax.legend", loc=loc, **letters))

    def _text(self, text: Any) -> None:
        if not isinstance(text, Annotation):
            x, y = text.get_position()
            where = {"ha": "center", "va": "center", "transform": Code("ax.transAxes")}
            self.body.add(call("ax.text2D" if self.in_space else "ax.text", x, y, text.get_text(), **where))
            return
        self.body.imports.add("from matplotlib.patheffects import withStroke")
        halo = Code(call("withStroke", **looks.HALO))
        self.body.define("arrow", call("dict", **looks.ARROW, path_effects=[halo]))
        self.body.define("note", call("dict", **looks.NOTE, bbox=looks.GROUND))
        size = float(text.get_fontsize())
        offset = tuple(round(float(part), 1) for part in text.xyann)
        given = text.arrowprops or {}
        self.body.add(
            call(
                "ax.annotate",
                text.get_text(),
                tuple(_rounded(part, 8) if self.in_space else float(part) for part in text.xy),
                offset,
                **({} if size == _SIZE_OF_LETTERS else {"fontsize": size}),
                arrowprops=Code(f'{{**arrow, "shrinkB": {literal(_rounded(given["shrinkB"]))}}}'),
                note=Code("note"),
            ).replace("note=note", "**note")
        )


def _short(levels: Any) -> list[float]:
    """Without what rounding has left behind the twelfth digit; the ends stay, for they are those of the values."""
    first, *inner, last = levels.tolist()
    return [first, *(float(f"{value:.12g}") for value in inner), last]


def _along(start: float, step: float) -> str:
    """A coordinate on a line that goes through *start*."""
    if not step:
        return literal(start)
    way = "t" if step == 1 else f"t * {literal(step)}"
    return f"{literal(start)} + {way}" if start else way


def _limits(ends: Any) -> tuple[float, float]:
    low, high = ends
    return float(f"{low:.6g}"), float(f"{high:.6g}")
