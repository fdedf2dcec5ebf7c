"""How long units are in contours and heat maps, measured in the files that readers get."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    from conftest import Built, MakeBook

SVG = "{http://www.w3.org/2000/svg}"

# Options of a plot over -2 to 2 unless they say otherwise; a unit of y by one of x, None where they fill the figure.
LENGTHS: dict[str, float | None] = {
    "": 1.0,
    ":view: heatmap": 1.0,
    ":view: contour, heatmap": 1.0,
    ":view: contour, surface, slices": 1.0,
    ":figsize: 7, 3": 1.0,
    ":figsize: 3, 7": 1.0,
    ":figsize: 1, 0.6": 1.0,
    ":y: -1 : 1": 1.0,
    ":y: -4 : 4": 1.0,
    ":y: -4.1 : 4.1": None,
    ":y: -0.9 : 0.9": None,
    ":y: 0 : 1e-9": None,
    ":aspect: auto": None,
    ":aspect: equal": 1.0,
    ":aspect: equal\n   :y: -5 : 5": 1.0,
    ":aspect: 0.5": 0.5,
    ":aspect: 3\n   :view: heatmap": 3.0,
    ":title: A title\n   :critical-points:": 1.0,
}


def panels(path: Path) -> list[tuple[float, float]]:
    """Width and height of each axes of a plane, on the page."""
    found = []
    for group in ElementTree.parse(path).iter(f"{SVG}g"):
        # The ground of axes is the first thing in them; a colour bar stands in its own axes, further inside.
        if re.fullmatch(r"axes_\d+", group.get("id", "")) and (ground := group.find(f"{SVG}g/{SVG}path")) is not None:
            numbers = [float(text) for text in re.findall(r"-?[\d.]+", ground.get("d", ""))]
            x, y = numbers[::2], numbers[1::2]
            found.append((max(x) - min(x), max(y) - min(y)))
    return found


def file_of(built: Built, number: int) -> Path:
    images = built.page().all("img")
    return Path(built.app.outdir, str(images[number]["src"]))


@pytest.fixture(scope="module")
def built(make_shared_book: MakeBook) -> Built:
    plots = [f".. optplot:: sphere\n   :x: -2 : 2\n   {text}\n" for text in LENGTHS]
    plots = [plot.replace("   :x", "   :y: -2 : 2\n   :x", 1) if ":y:" not in plot else plot for plot in plots]
    return make_shared_book(page="\n".join(plots)).build(warnings=True)


def test_plots_of_unequal_ranges_warn_of_nothing_else(built: Built) -> None:
    assert {message.subtype for message in built.messages} <= {"domain"}


@pytest.mark.parametrize("number", range(len(LENGTHS)), ids=LENGTHS)
def test_units_are_as_long_as_the_option_says(built: Built, number: int) -> None:
    options, expected = list(LENGTHS.items())[number]
    width, height = panels(file_of(built, number))[0]
    written = re.search(r":y: (\S+) : (\S+)", options)
    ratio = (float(written[2]) - float(written[1])) / 4 if written else 1.0
    if expected is None:
        assert height / width != pytest.approx(ratio, rel=0.05)
    else:
        assert height / width == pytest.approx(ratio * expected, rel=0.01)


def test_aspect_that_is_none_is_reported(make_shared_book: MakeBook) -> None:
    wrong = ["", "square", "0", "-1", "1e9", "nan"]
    book = make_shared_book(folder="wrong")
    book.write(
        "index.rst", "Page\n====\n\n" + "".join(f".. optplot:: sphere\n   :aspect: {text}\n\n" for text in wrong)
    )
    messages = book.build("dummy", warnings=True).messages
    assert [(message.line, message.subtype) for message in messages] == [(5 + 3 * i, "directive") for i in range(6)]
    assert all(message.text.startswith(":aspect: ") for message in messages)


def test_figure_with_a_key_is_as_large_as_the_author_says(make_shared_book: MakeBook) -> None:
    plots = [f".. optplot:: {name}\n   :figsize: 5, 4\n   :critical-points:\n" for name in ("himmelblau", "cubic")]
    built = make_shared_book(page="\n".join(plots), folder="sized").build()
    for number in range(2):
        root = ElementTree.parse(file_of(built, number)).getroot()
        assert root.get("viewBox") == "0 0 360 288"
