"""Figures that code drew against images in the output, for each combination of the options that place them."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from duals import CONF
from reading import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Built, MakeBook

pytestmark = pytest.mark.usefixtures("duals")


@dataclass(frozen=True)
class Combination:
    """Options of one directive; what it is called in the page."""

    caption: bool
    name: bool
    figure: str
    code: str
    tabs: str  # "" none, or the frameworks of each block
    figures: int  # that its code draws
    hide_output: bool = False
    landscape: bool = False

    @property
    def frameworks(self) -> int:
        """How many tabs there are."""
        return 2 if self.tabs else 1

    def images(self, builder: str) -> int:
        """How many images the output has."""
        if self.figure == "none" or (self.hide_output and not (self.caption or self.name)):
            return 0
        if self.figure == "shared":
            return self.figures
        return self.figures * (1 if builder == "latex" else self.frameworks)


def combinations() -> Iterator[Combination]:
    for caption, name, figure in itertools.product([False, True], [False, True], ["shared", "each", "none"]):
        for code in ("above", "below", "hidden"):
            for number, tabs in enumerate(("", "numpy, duals", "numpy|duals", "numpy|duals|all")):
                # Each way of tabs with one figure and with two, over the places of the code.
                figures = 1 + (number + ("above", "below", "hidden").index(code) + caption) % 2
                yield Combination(caption, name, figure, code, tabs, figures)
            if not (figure == "none" and code == "hidden"):
                yield Combination(caption, name, figure, code, "numpy, duals", 1, landscape=True)
        for tabs in ("", "numpy, duals"):
            yield Combination(caption, name, figure, "above", tabs, 2, hide_output=True)


COMBINATIONS = list(combinations())
DRAW = "import matplotlib.pyplot as plt"


def directive(number: int, its: Combination) -> str:
    lines = [".. optplot:: bowl" if its.landscape else ".. optplot::"]
    options = {
        "name": f"fig-{number}" if its.name else "",
        "figure": its.figure if its.figure != "shared" else "",
        "code": its.code if its.code != "above" else "",
    }
    lines += [f"   :{name}: {value}" for name, value in options.items() if value]
    if its.landscape:
        return "\n".join([*lines, *(["", f"   Caption of {number}."] if its.caption else []), ""])
    if its.caption:
        lines.append(f"   :caption: Caption of {number}.")
    if its.hide_output:
        lines.append("   :hide-output:")
    if not its.tabs:
        lines.append("   :framework: numpy")
    lines.append("")
    draw = [f"plt.figure(); plt.plot([{number}, {index}])" for index in range(its.figures)]
    blocks = its.tabs.split("|") if its.tabs else []
    if not blocks:
        lines += [f"   {line}" for line in (DRAW, *draw)]
    elif blocks[-1] == "all":
        blocks = [*blocks[:-1]]
        for framework in blocks:
            lines += [f"   .. framework:: {framework}", "", f"      {DRAW}", ""]
        lines += ["   .. framework:: all", "", *(f"      {line}" for line in draw), ""]
    else:
        for framework in blocks:
            lines += [f"   .. framework:: {framework}", "", *(f"      {line}" for line in (DRAW, *draw)), ""]
    return "\n".join([*lines, ""])


def page(start: int, count: int) -> str:
    """A section for each directive; the title of a section says where its part of the output begins."""
    parts = [f"Page {start}\n========\n"]
    parts += [
        f"Case {number};\n----------\n\n{directive(number, COMBINATIONS[number])}\nEnd {number};\n"
        for number in range(start, min(start + count, len(COMBINATIONS)))
    ]
    return "\n".join(parts)


A_PAGE = 40
BUILDERS = ["html", "latex", "epub", "text"]


@pytest.fixture(scope="module")
def book(make_shared_book: MakeBook) -> Any:
    made = make_shared_book(page=".. toctree::\n   :glob:\n\n   page*\n")
    small = "optviz_rcparams = {'figure.figsize': (1, 1)}\n"
    made.write("conf.py", CONF + f"numfig = True\nversion = copyright = '1'\nsuppress_warnings = ['epub']\n{small}")
    made.landscape("bowl", "import numpy as np\n\n\ndef f(x):\n    return x**2\n")
    made.landscape("bowl", "import hyperduals as np\n\n\ndef f(x):\n    return x**2\n", framework="duals")
    for start in range(0, len(COMBINATIONS), A_PAGE):
        made.write(f"page{start:03}.rst", page(start, A_PAGE))
    return made


def sections(built: Built, builder: str) -> dict[int, str]:
    """What of the output belongs to each directive."""
    pattern = {"html": "page*.html", "epub": "page*.xhtml", "latex": "*.tex", "text": "page*.txt"}[builder]
    folder = Path(built.app.outdir)
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob(pattern)))
    body = r"Case (\d+);(?:(?!Case \d+;).)*?End \1;"
    return {int(found[1]): found[0] for found in re.finditer(body, text, re.DOTALL)}


IMAGE = {"html": "<img ", "epub": "<img ", "latex": r"\sphinxincludegraphics", "text": "[image: "}


@pytest.mark.parametrize("builder", BUILDERS)
def test_each_figure_that_was_drawn_is_on_the_page_once(book: Any, builder: str) -> None:
    built = book.build(builder)
    found = sections(built, builder)
    assert sorted(found) == list(range(len(COMBINATIONS)))
    wrong = {}
    for number, its in enumerate(COMBINATIONS):
        text = words(found[number])
        images = text.count(IMAGE[builder])
        captions = text.count(f"Caption of {number}.")
        if (images, captions) != (its.images(builder), int(its.caption)):
            wrong[number] = (its, f"{images} images for {its.images(builder)}, {captions} captions")
    assert wrong == {}
