"""The projects that are built: the same pages three times, as plain Sphinx, plot_directive and optplot write them.

Every figure of a project has a domain of its own, so that no tool can draw one and show it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

import sphinx_optviz.landscapes
from sphinx_optviz.draw import canvas, style

TOOLS = ("plain", "plot_directive", "optviz")
FIGURES_A_PAGE = 5

_BUILT_IN = Path(sphinx_optviz.landscapes.__file__).parent
_OWN = "own_cubic"  # the landscape of one figure on the last page, there to be edited

_WORD, _OTHER_WORD = "slowly", "quickly"
_CODE, _OTHER_CODE = "return x**3\n", "return x**3 + x\n"

_PROSE = """\
The curve tells most of the story. Follow it from the right, one small step at a time, and ask at each step what an
optimiser can know there: the value, the slope, and perhaps the curvature. It cannot know what is behind the next hill.

*Gradient descent* moves {word} where the slope is small, whatever the reason is: :math:`x \\leftarrow x - \\eta f'(x)`.
A small slope may mean that the goal is near, or that the ground is flat for a long way. The two look alike from where
the optimiser stands, and the number of steps that it takes tells them apart only afterwards.

- Start left of the marked place, and note where the path ends.
- Start right of it, and note whether it ends in the same place.
- Double the learning rate :math:`\\eta`, and do both again.
"""


@dataclass(frozen=True)
class Mark:
    """A label with an arrow; *offset* is where a person would put the text, in points from the arrow's tip."""

    text: str
    at: tuple[float, ...]
    offset: tuple[int, int]


@dataclass(frozen=True)
class Figure:
    """One figure of every page: the section that it stands in, its domain, and what it shows."""

    landscape: str
    heading: str
    caption: str
    low: float
    high: float
    functions: dict[str, str]  # name in the code -> label
    marks: tuple[Mark, ...]
    view: str = "curve"


FIGURES = (
    Figure(
        "risk",
        "Risk and empirical risk",
        "The minimum of the empirical risk is not the minimum of the risk.",
        0.5,
        1.5,
        {"risk": "risk", "empirical_risk": "empirical risk"},
        (
            Mark("minimum of risk", (1.09041,), (-16, 38)),
            Mark("minimum of empirical risk", (1.01698, -1.20846), (-102, 0)),
        ),
    ),
    Figure(
        "local_minima",
        "Local and global minima",
        "A local and a global minimum.",
        -1.0,
        2.0,
        {"f": ""},
        (Mark("local minimum", (-0.27385,), (34, 34)), Mark("global minimum", (1.09041,), (-68, 0))),
    ),
    Figure(
        "cubic",
        "A flat point",
        "The curve is flat at 0.",
        -2.0,
        2.0,
        {"f": ""},
        (Mark("flat point", (0.0,), (38, 16)),),
    ),
    Figure(
        "saddle",
        "A saddle",
        "Lowest along one axis, highest along the other.",
        -1.0,
        1.0,
        {"f": ""},
        (Mark("saddle point", (0.0, 0.0), (34, 34)),),
        view="wireframe",
    ),
    Figure(
        "vanishing_gradient",
        "Vanishing gradients",
        "On the right the gradient has almost vanished.",
        -2.0,
        5.0,
        {"f": ""},
        (Mark("vanishing gradient", (4.0,), (-52, -20)),),
    ),
)


def write_project(folder: Path, tool: str, pages: int) -> None:
    """Write ``conf.py``, the index and *pages* pages of *tool* into *folder*."""
    folder.mkdir(parents=True)
    (folder / "conf.py").write_text(_conf(tool), encoding="utf-8")
    names = "\n".join(f"   {_page(number)}" for number in range(pages))
    index = f"Landscapes\n==========\n\n.. toctree::\n\n{names}\n"
    (folder / "index.rst").write_text(index, encoding="utf-8")
    for number in range(pages):
        text = _page_text(tool, number, last=number == pages - 1)
        (folder / f"{_page(number)}.rst").write_text(text, encoding="utf-8")
    if tool == "optviz":
        own = folder / "landscapes" / _OWN
        own.mkdir(parents=True)
        for name in ("landscape.toml", "numpy.py"):
            (own / name).write_text((_BUILT_IN / "cubic" / name).read_text(encoding="utf-8"), encoding="utf-8")


def page_names(pages: int) -> list[str]:
    """The documents, without the index."""
    return [_page(number) for number in range(pages)]


def edit_text(folder: Path, pages: int) -> str:
    """Change one word of prose on one page; return the page's name."""
    name = _page(pages // 2)
    _replace(folder / f"{name}.rst", _WORD, _OTHER_WORD)
    return name


def edit_figure(folder: Path, tool: str, pages: int) -> str:
    """Change the code of one figure, where its author would; return the name of the page that shows it."""
    name = _page(pages - 1)
    file = folder / "landscapes" / _OWN / "numpy.py" if tool == "optviz" else folder / f"{name}.rst"
    _replace(file, _CODE, _OTHER_CODE)
    return name


def text_was_edited(html: str) -> bool:
    """Whether the page's HTML shows the other word."""
    return _OTHER_WORD in html


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path.name} does not contain {old!r}")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _page(number: int) -> str:
    return f"page{number:03}"


def _conf(tool: str) -> str:
    lines = ['project = "Landscapes"', 'html_theme = "alabaster"']
    if tool == "plot_directive":
        lines += [
            "from cycler import cycler",
            'extensions = ["matplotlib.sphinxext.plot_directive"]',
            'plot_formats = ["svg"]',
            "plot_include_source = True",
            "plot_html_show_source_link = False",
            "plot_html_show_formats = False",
            f"plot_rcparams = {_house_style()!r}",
        ]
    elif tool == "optviz":
        lines += [
            'extensions = ["sphinx_optviz"]',
            'optviz_frameworks = ["numpy"]',
            'optviz_default_framework = "numpy"',
        ]
    return "\n".join(lines) + "\n"


def _house_style() -> dict[str, object]:
    """The rcParams that optviz sets, so that plot_directive draws the same picture."""
    style.apply({})
    changed: dict[str, object] = {
        name: value for name, value in mpl.rcParams.items() if name != "backend" and value != mpl.rcParamsDefault[name]
    }
    mpl.rcdefaults()
    return changed


def _page_text(tool: str, number: int, *, last: bool) -> str:
    title = f"Landscapes, part {number + 1}"
    parts = [title, "=" * len(title), ""]
    for index, figure in enumerate(FIGURES):
        # The upper end differs by a thousandth from figure to figure of the whole book.
        high = figure.high + (number * FIGURES_A_PAGE + index + 1) / 1000
        parts += [figure.heading, "-" * len(figure.heading), "", _PROSE.format(word=_WORD)]
        code = (_BUILT_IN / figure.landscape / "numpy.py").read_text(encoding="utf-8")
        if tool == "plain":
            parts += [".. code-block:: python", "", _indented(code), figure.caption, ""]
        elif tool == "plot_directive":
            parts += [
                ".. plot::",
                f"   :alt: {figure.heading}",
                f"   :caption: {figure.caption}",
                "",
                _indented(code + "\n\n" + _drawing_code(figure, high)),
            ]
        else:
            name = _OWN if last and figure.landscape == "cubic" else figure.landscape
            parts += [_optplot(figure, name, high)]
    return "\n".join(parts)


def _indented(code: str) -> str:
    return "".join(f"   {line}\n" if line else "\n" for line in code.rstrip().split("\n"))


def _optplot(figure: Figure, landscape: str, high: float) -> str:
    marks = "\n".join(f"      {mark.text} @ {_numbers(mark.at)}" for mark in figure.marks)
    return (
        f".. optplot:: {landscape}\n"
        f"   :alt: {figure.heading}\n"
        f"   :x: {figure.low} : {high:.3f}\n"
        f"   :annotate:\n{marks}\n\n"
        f"   {figure.caption}\n"
    )


def _numbers(values: tuple[float, ...]) -> str:
    return f"{values[0]}" if len(values) == 1 else f"({', '.join(map(str, values))})"


def _drawing_code(figure: Figure, high: float) -> str:
    """What an author types to get the picture that optplot draws."""
    width, height = canvas.default_size([figure.view])
    size = f"figsize=({width}, {height})"
    if figure.view == "wireframe":
        return _wireframe_code(figure, high, size)
    left, right, bottom, top = 0.68 / width, 1 - 0.14 / width, 0.5 / height, 1 - 0.14 / height
    curves = [
        f'ax.plot(x, {name}(x), label="{label}")\n' if label else f"ax.plot(x, {name}(x))\n"
        for name, label in figure.functions.items()
    ]
    code = (
        "import matplotlib.pyplot as plt\n"
        f"x = np.linspace({figure.low}, {high:.3f}, 201)\n"
        f"fig, ax = plt.subplots({size})\n"
        f"fig.subplots_adjust({left:.3f}, {bottom:.3f}, {right:.3f}, {top:.3f})\n"
        f"{''.join(curves)}"
        'ax.set_xlabel("$x$")\n'
        f"{'' if len(curves) > 1 else _VALUE_LABEL}"
        "ax.set_xlim(x[0], x[-1])\n"
        "ax.margins(y=0.16)\n"
        f"{'ax.legend()' if len(curves) > 1 else ''}\n"
    )
    first = next(iter(figure.functions))
    for mark in figure.marks:
        y = str(mark.at[1]) if len(mark.at) > 1 else f"{first}(np.array({mark.at[0]}))"
        code += f'ax.plot({mark.at[0]}, {y}, "o", color="#222222", markersize=4, zorder=5)\n'
        code += _ANNOTATE.format(text=mark.text, x=mark.at[0], y=y, offset=mark.offset)
    return code


def _wireframe_code(figure: Figure, high: float, size: str) -> str:
    mark = figure.marks[0]
    x, y = mark.at
    return (
        "import matplotlib.pyplot as plt\n"
        "from matplotlib.ticker import MaxNLocator\n"
        "from mpl_toolkits.mplot3d import proj3d\n"
        f"x, y = np.meshgrid(np.linspace({figure.low}, {high:.3f}, 101), np.linspace(-1, 1, 101), indexing='ij')\n"
        f"fig = plt.figure({size})\n"
        'ax = fig.add_axes((0, 0.039, 0.929, 0.961), projection="3d")\n'
        'ax.set_xlabel("$x$")\n'
        'ax.set_ylabel("$y$")\n'
        'ax.set_zlabel("$f(x, y)$", labelpad=2)\n'
        "ax.view_init(elev=26, azim=-58)\n"
        "ax.xaxis.labelpad = ax.yaxis.labelpad = 1\n"
        "ax.set_box_aspect((1, 1, 0.75), zoom=1.0)\n"
        "for axis in (ax.xaxis, ax.yaxis, ax.zaxis):\n"
        "    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))\n"
        "    axis.set_pane_color((1, 1, 1, 0))\n"
        "ax.tick_params(labelsize=8, pad=0)\n"
        "z = f(x, y)\n"
        "x, y, z = x[::5, ::5], y[::5, ::5], z[::5, ::5]\n"
        'ax.plot_wireframe(x, y, z, rstride=1, cstride=1, linewidth=0.8, color="#0072B2")\n'
        f'ax.plot([{x}], [{y}], [f({x}, {y})], "o", color="#D55E00", markersize=5, zorder=10)\n'
        f"u, v, _ = proj3d.proj_transform({x}, {y}, f({x}, {y}), ax.get_proj())\n"
        + _ANNOTATE.format(text=mark.text, x="u", y="v", offset=mark.offset)
    )


_VALUE_LABEL = 'ax.set_ylabel("$f(x)$")\n'
_ANNOTATE = """\
ax.annotate("{text}", xy=({x}, {y}), xytext={offset}, textcoords="offset points", ha="center", va="center",
            arrowprops=dict(arrowstyle="-|>", color="#222222", linewidth=0.9, shrinkA=1, shrinkB=0.5),
            bbox=dict(boxstyle="round,pad=0.15", facecolor="white", edgecolor="none", alpha=0.85),
            fontsize=9, zorder=6, annotation_clip=False)
"""
