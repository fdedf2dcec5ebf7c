"""What the build puts where critical points are: labels, slices, panels' letters, descriptions, and what plots hide."""

from __future__ import annotations

import html
import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ALL_FRAMEWORKS
from test_locales import catalogue_of, messages_of

from sphinx_optviz.landscapes import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Book, Built

pytestmark = pytest.mark.usefixtures("duals")

approx: Any = pytest.approx

CONF = (
    "extensions = ['sphinx_optviz']\noptviz_frameworks = ['duals']\noptviz_default_framework = 'duals'\nnumfig = True\n"
)
BOTH: dict[str, Any] = {"optviz_frameworks": ["numpy", "duals"], "optviz_default_framework": "duals"}

PLANE = "x = [-1, 1]\ny = [-1, 1]"

LANDSCAPES = {
    "minima": ("def f(x):\n    return x * np.cos(math.pi * x)\n", "x = [-1, 2]"),
    "two": ("def f(x):\n    return x * np.cos(math.pi * x)\n\n\ndef g(x):\n    return x**2\n", "x = [-1, 2]"),
    "himmelblau": (
        "def f(x, y):\n    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2\n",
        "x = [-5, 5]\ny = [-5, 5]",
    ),
    "saddle": ("def f(x, y):\n    return x**2 - y**2\n", PLANE),
    "turned": ("def f(x, y):\n    return (x - 0.1) * (y - 0.2)\n", PLANE),
    "cubic": ("def f(x):\n    return x**3\n", "x = [-2, 2]"),
    "valley": ("def f(x, y):\n    return x**2 + 0 * y\n", "x = [-1, 1]\ny = [-2, 3]"),
    "circle": ("def f(x, y):\n    return (x**2 + y**2 - 1) ** 2\n", "x = [-1.5, 1.5]\ny = [-1.5, 1.5]"),
    "slope": ("def f(x, y):\n    return x + 0.5 * y\n", PLANE),
    "flat": ("def f(x):\n    return 0 * x + 3\n", "x = [-1, 2]"),
    "rise": ("def f(x):\n    return np.tanh(x)\n", "x = [-2, 5]"),
    "monkey": ("def f(x, y):\n    return x**3 - 3 * x * y**2\n", PLANE),
    "waves": ("def f(x):\n    return np.sin(20 * x)\n", "x = [0, 6]"),
    "needle": ("def f(x):\n    return np.exp(-(1e5 * x**2))\n", "x = [-1, 1.01]"),
    "needles": (
        "def f(x, y):\n    return np.exp(-(1e3 * x**2) - 1e3 * y**2) - np.exp(-(1e3 * (x - 0.5) ** 2) - 1e3 * y**2)\n",
        PLANE,
    ),
    "ripples": ("def f(x, y):\n    return np.sin(4 * x) * np.sin(4 * y)\n", "x = [-3, 3]\ny = [-3, 3]"),
    "needle_in_plane": (
        "def f(x, y):\n    return 0.1 * x - np.exp(-(400 * (x - 0.33) ** 2) - 400 * (y - 0.22) ** 2)\n",
        "x = [-3, 3]\ny = [-3, 3]",
    ),
    "corner": ("def f(x):\n    return 5 * ((x - 0.1) ** 2) ** 0.5 - 4 * x\n", "x = [-3, 3]"),
}


@pytest.fixture
def book(make_book: Any) -> Book:
    """Each landscape in the dual numbers and in NumPy."""
    made: Book = make_book()
    made.write("conf.py", CONF)
    for name, (code, domain) in LANDSCAPES.items():
        for framework, module in (("duals", "hyperduals"), ("numpy", "numpy")):
            text = f"import math\n\nimport {module} as np\n\n\n{code}"
            made.landscape(name, text, framework=framework, domain=domain)
    toml = (made.folder / "landscapes/two/landscape.toml").read_text(encoding="utf-8")
    made.write("landscapes/two/landscape.toml", toml + "[functions.f]\nlabel = 'F'\n[functions.g]\nlabel = 'G'\n")
    return made


def page(*plots: str) -> str:
    return "Page\n====\n\n" + "\n".join(plots)


def plot(name: str, *options: str) -> str:
    return "\n".join([f".. optplot:: {name}", *(f"   {line}" for line in options), ""])


def alts(built: Built, name: str = "index.html") -> list[str]:
    return [html.unescape(text) for text in re.findall(r'<img[^>]* alt="([^"]*)"', built.read(name))]


def descriptions(built: Built) -> list[str]:
    found = re.findall(r'<details class="optviz-description">(.*?)</details>', built.read("index.html"), re.DOTALL)
    return [html.unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split())) for text in found]


def labels(built: Built) -> list[list[str]]:
    """What is marked in each figure."""
    found = [re.search(r"Marked: (.*?)\.(?: \(|$)", text) for text in alts(built)]
    return [match[1].split("; ") if match else [] for match in found]


def warnings(built: Built) -> list[tuple[str, str]]:
    """Subtype and text of each; all stand at lines of the page."""
    found = []
    for warning in built.warnings:
        match = re.fullmatch(r".*/index\.rst:\d+: WARNING: (.*) \[optviz\.(\w+)\]", warning)
        assert match is not None, warning
        found.append((match[2], match[1]))
    return found


# ---- annotations by words

ANNOTATED: dict[tuple[str, str], list[str]] = {
    ("minima", "a @ global minimum"): ["a at (1.09, −1.047)"],
    ("minima", "a @ local minimum"): ["a at (−0.2739, −0.1786)"],
    ("minima", "a @ minimum"): ["a at (−0.2739, −0.1786)", "a at (1.09, −1.047)"],
    ("minima", "a @ minima"): ["a at (−0.2739, −0.1786)", "a at (1.09, −1.047)"],
    ("minima", "a @ local maximum"): ["a at (0.2739, 0.1786)"],
    ("minima", "a @ minimum near 0"): ["a at (−0.2739, −0.1786)"],
    ("minima", "a @ minimum of minima near 2"): ["a at (1.09, −1.047)"],
    ("minima", "a @ edge maximum"): ["a at (−1, 1)", "a at (2, 2)"],
    ("minima", "a @ edge maximum near 2"): ["a at (2, 2)"],
    ("two", "a @ minimum of g"): ["a at (0, 0)"],
    ("two", "a @ global minimum of two.f"): ["a at (1.09, −1.047)"],
    ("himmelblau", "a @ global minimum"): [
        *("a at (−3.779, −3.283)", "a at (−2.805, 3.131)", "a at (3, 2)", "a at (3.584, −1.848)")
    ],
    ("himmelblau", "a @ saddle near (3, 0)"): ["a at (3.385, 0.07385)"],
    ("himmelblau", "a @ maximum"): ["a at (−0.2708, −0.923)"],
    ("saddle", "a @ saddle point"): ["a at (0, 0)"],
    ("monkey", "a @ monkey saddle"): ["a at (0, 0)"],
    ("monkey", "a @ degenerate"): ["a at (0, 0)"],
    ("cubic", "a @ inflection"): ["a at (0, 0)"],
    ("minima turned", "a @ saddle of turned"): ["a at (0.1, 0.2)"],
}


def test_label_is_where_the_words_say(book: Book) -> None:
    book.write("index.rst", page(*(plot(name, f":annotate: {text}") for name, text in ANNOTATED)))
    built = book.build()
    assert dict(zip(ANNOTATED, labels(built), strict=True)) == ANNOTATED


def test_label_follows_the_code(book: Book) -> None:
    book.write("index.rst", page(plot("minima", ":annotate: a @ global minimum")))
    book.build()
    for framework in ("duals", "numpy"):
        book.replace(f"landscapes/minima/{framework}.py", "return x", "return 2 * x")
    built = book.build()
    assert (labels(built), built.drawn) == ([["a at (1.09, −2.093)"]], ["minima (duals)"])


@pytest.mark.framework
@pytest.mark.parametrize("framework", [*ALL_FRAMEWORKS, "numpy"])
def test_labels_are_at_the_same_places_in_every_framework(
    needs: Callable[[str], None], make_book: Any, framework: str
) -> None:
    if framework != "numpy":
        needs(framework)
    text = page(
        plot("local_minima", ":annotate:", "   a @ global minimum", "   b @ local minimum"),
        plot("saddle", ":annotate: c @ saddle"),
        plot("himmelblau", ":annotate: d @ global minimum"),
    )
    made: Book = make_book(conf=f"optviz_frameworks = [{framework!r}]\noptviz_default_framework = {framework!r}\n")
    made.write("index.rst", text)
    assert labels(made.build()) == [
        ["a at (1.09, −1.047)", "b at (−0.2739, −0.1786)"],
        ["c at (0, 0)"],
        ["d at (−3.779, −3.283)", "d at (−2.805, 3.131)", "d at (3, 2)", "d at (3.584, −1.848)"],
    ]


NONE: dict[tuple[str, str], str] = {
    ("minima", "a @ saddle"): "annotation 'a': minima has no saddle in its domain, x from -1 to 2",
    ("minima", "a @ global maximum"): (
        "annotation 'a': minima has no global maximum in its domain, x from -1 to 2: it is highest at 2 (edge maximum)"
    ),
    ("saddle", "a @ global minimum"): (
        "annotation 'a': saddle has no global minimum in its domain, x from -1 to 1, y from -1 to 1: "
        "it is lowest at (0, -1) (edge minimum)"
    ),
    ("valley", "a @ minimum"): "annotation 'a': valley has no minimum in its domain, x from -1 to 1, y from -2 to 3",
    ("rise", "a @ critical point near 0"): ("annotation 'a': rise has no critical point in its domain, x from -2 to 5"),
}


def test_label_for_a_point_that_there_is_not_is_told_as_the_domains_fault(book: Book) -> None:
    book.write("index.rst", page(*(plot(name, f":annotate: {text}") for name, text in NONE)))
    built = book.build(warnings=True)
    found = warnings(built)
    assert [subtype for subtype, _ in found] == ["domain"] * len(NONE)
    for (_, message), expected in zip(found, NONE.values(), strict=True):
        assert message.startswith(expected)
    assert labels(built) == [[]] * len(NONE)


def test_domain_that_hides_the_point_is_told_with_its_bounds(book: Book) -> None:
    book.write("index.rst", page(plot("minima", ":x: -1 : 0.5", ":annotate: a @ global minimum")))
    built = book.build()
    assert labels(built) == [["a at (−0.2739, −0.1786)"]], "the lowest in this domain"
    book.write("index.rst", page(plot("minima", ":x: 0 : 0.5", ":annotate: a @ global minimum")))
    ((subtype, message),) = warnings(book.build(warnings=True))
    assert subtype == "domain"
    assert "x from 0 to 0.5" in message


def test_label_for_too_many_points_asks_which(book: Book) -> None:
    book.write("index.rst", page(plot("himmelblau", ":annotate: a @ critical point")))
    built = book.build(warnings=True)
    ((subtype, message),) = warnings(built)
    assert subtype == "directive"
    assert message.startswith(
        "annotation 'a': there are 9 critical points; say which, as in 'critical point near (-3.77931, -3.28319)'"
    )
    assert labels(built) == [[]]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("minima", "a @ minimum of g", "there is no function 'g'. There are: f, minima.f, minima."),
        ("two", "a @ minimum of h", "there is no function 'h'"),
        ("minima", "a @ 7", "7 is no point of the plot, and is left out"),
    ],
)
def test_label_that_is_wrong_is_told(book: Book, name: str, text: str, message: str) -> None:
    book.write("index.rst", page(plot(name, f":annotate: {text}")))
    ((subtype, told),) = warnings(book.build(warnings=True))
    assert subtype == "directive"
    assert told.startswith("annotation 'a': ")
    assert message in told


# ---- slices


def lines_in(book: Book) -> list[tuple[str, tuple[float, ...], tuple[float, ...]]]:
    """Framework, point and direction of each line along which there are values in the store."""
    abouts = [json.loads(path.read_text(encoding="utf-8").splitlines()[1]) for path in book.store]
    return sorted(
        (about["framework"], tuple(about["through"][0]), tuple(about["through"][1]))
        for about in abouts
        if about["through"]
    )


def test_slices_go_through_the_saddle_along_the_eigenvectors_in_all_frameworks(book: Book) -> None:
    book.write("index.rst", page(plot("turned", ":view: slices")))
    built = book.build(**BOTH)
    assert built.runs == ["turned (duals)"] * 2 + ["turned (numpy)"] * 2
    s = math.sqrt(0.5)
    for framework, expected in (("duals", [(s, -s), (s, s)]), ("numpy", [(s, -s), (s, s)])):
        its = [item for item in lines_in(book) if item[0] == framework]
        assert [at for _, at, _ in its] == [approx((0.1, 0.2), abs=1e-9)] * 2
        assert [(abs(x), abs(y)) for _, _, (x, y) in its] == [approx((s, s))] * 2
        assert sorted(math.copysign(1, x * y) for _, _, (x, y) in its) == [-1, 1]
        assert len(its) == len(expected)
    assert len({item[1:] for item in lines_in(book)}) == 2, "the same lines in both"
    again = book.build(**BOTH)
    assert again.runs == again.searched == again.drawn == []


def test_slices_that_differ_between_frameworks_are_told(book: Book) -> None:
    book.write("index.rst", page(plot("turned", ":view: slices")))
    book.replace("landscapes/turned/numpy.py", "(y - 0.2)", "(y - 0.2) + 1e-3 * (x + y - 0.3) ** 4")
    (warning,) = book.build(warnings=True, **BOTH).warnings
    assert warning.endswith("[optviz.agreement]")
    assert "turned (numpy): the value of f disagrees" in warning


THROUGH: dict[tuple[str, str], tuple[float, float]] = {
    ("himmelblau", ":through: maximum"): (-0.270845, -0.923039),
    ("himmelblau", ":through: global minimum near (3, 2)"): (3.0, 2.0),
    ("himmelblau", ":through: saddle near (3, 0)"): (3.385154, 0.073852),
    ("himmelblau", ":through: (3, 0)"): (3.385154, 0.073852),
    ("himmelblau", ":code: above"): (-3.073026, -0.081353),  # a saddle
    ("saddle", ":through: (0.5, 0.5)"): (0.0, 0.0),
    ("monkey", ":code: above"): (0.0, 0.0),
}


@pytest.mark.parametrize(("name", "option"), THROUGH)
def test_slices_go_through_the_point_that_the_author_names(book: Book, name: str, option: str) -> None:
    book.write("index.rst", page(plot(name, ":view: slices", option)))
    book.build()
    assert [at for _, at, _ in lines_in(book)] == [approx(THROUGH[name, option], abs=1e-5)] * 2


def test_slices_reach_to_the_edge_of_the_domain(book: Book) -> None:
    book.write("index.rst", page(plot("turned", ":view: slices")))
    book.build()
    abouts = [json.loads(path.read_text(encoding="utf-8").splitlines()[1]) for path in book.store]
    for about in (about for about in abouts if about["through"]):
        (at, way), ((low, high, count),) = about["through"], about["axes"]
        assert count >= 201
        for distance in (low, high):
            end = [x + distance * step for x, step in zip(at, way, strict=True)]
            assert max(map(abs, end)) == approx(1.0)


@pytest.mark.parametrize("name", ["slope", "valley"])
def test_slices_without_a_point_go_through_the_middle(book: Book, name: str) -> None:
    book.write("index.rst", page(plot(name, ":view: slices")))
    built = book.build()
    assert lines_in(book) == []
    assert len(built.drawn) == 1


def test_slices_through_a_point_that_there_is_not_are_told_and_go_through_another(book: Book) -> None:
    book.write("index.rst", page(plot("turned", ":view: slices", ":through: minimum")))
    built = book.build(warnings=True)
    ((subtype, message),) = warnings(built)
    assert subtype == "domain"
    assert "minimum" in message
    assert "index.rst:6: " in built.warnings[0], "the line of the option"
    assert [at for _, at, _ in lines_in(book)] == [approx((0.1, 0.2))] * 2
    assert len(built.drawn) == 1


def test_through_without_slices_is_told(book: Book) -> None:
    book.write("index.rst", page(plot("saddle", ":through: saddle")))
    ((subtype, message),) = warnings(book.build(warnings=True))
    assert subtype == "directive"
    assert ":through:" in message


def test_slices_are_checked_and_pruned_as_other_runs_are(book: Book) -> None:
    from sphinx_optviz import cli

    book.write("index.rst", page(plot("turned", ":view: slices")))
    book.build()
    built = book.build("optcheck")
    assert json.loads(built.read("optcheck.json"))["unused_entries"] == []
    before = book.store
    assert cli.main(["prune", str(book.folder)]) == 0
    assert book.store == before
    again = book.build(optviz_execute="never")
    assert again.runs == []
    assert again.warnings == []


# ---- panels

PANELS = (
    plot("himmelblau", ":view: contour, surface, slices", ":name: fig-h", "", "Caption.")
    + "\n"
    + plot("minima", ":name: fig-m", "", "One panel.")
    + "\n.. figure:: picture.png\n   :name: fig-p\n\n   No plot.\n\n"
)


def references(book: Book, *names: str, builder: str = "html", config: dict[str, Any] | None = None) -> Built:
    (book.folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    text = "".join(f"Number {index} = :numref:`{name}`;\n\n" for index, name in enumerate(names))
    book.write("index.rst", page(PANELS, text))
    return book.build(builder, warnings=True, **(config or {}))


def shown(built: Built, name: str, count: int) -> list[str]:
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", "", built.read(name))).split())
    found = [re.search(rf"Number {index} = (.*?);", text) for index in range(count)]
    return [match[1] if match else "" for match in found]


RIGHT = {
    "fig-h": "Fig. 1",
    "fig-h-a": "Fig. 1(a)",
    "fig-h-b": "Fig. 1(b)",
    "fig-h-c": "Fig. 1(c)",
    "Panel %s <fig-h-c>": "Panel 1(c)",
    "{number} of {name} <fig-h-b>": "1(b) of Caption.",
}


def test_panels_are_referred_to_by_letters(book: Book) -> None:
    built = references(book, *RIGHT, config={"nitpicky": True})
    assert built.warnings == []
    assert dict(zip(RIGHT, shown(built, "index.html", len(RIGHT)), strict=True)) == RIGHT
    assert built.read("index.html").count('href="#fig-h"') >= 6


def test_panels_are_referred_to_from_another_page(book: Book) -> None:
    book.write("other.rst", ":orphan:\n\nOther\n=====\n\nNumber 0 = :numref:`fig-h-b`; Number 1 = :numref:`fig-h-x`;\n")
    built = references(book, "fig-h-a")
    assert shown(built, "other.html", 1) == ["Fig. 1(b)"]
    assert 'href="index.html#fig-h"' in built.read("other.html")
    (warning,) = built.warnings
    assert "other.rst:6: WARNING: undefined label: 'fig-h-x'" in warning


def test_panels_in_latex(book: Book) -> None:
    built = references(book, *RIGHT, builder="latex", config={"nitpicky": True})
    assert built.warnings == []
    (name,) = built.files("*.tex")
    tex = built.read(name)
    for letter in "abc":
        assert f"\\ref{{\\detokenize{{index:fig-h}}}}({letter})" in tex
    assert "Panel \\ref{\\detokenize{index:fig-h}}(c)" in tex


@pytest.mark.parametrize("builder", ["html", "latex", "text"])
@pytest.mark.parametrize(
    "name", ["fig-h-d", "fig-h-z", "fig-m-a", "fig-m-b", "fig-p-a", "fig-x-a", "fig-h-1", "fig-h-aa"]
)
def test_panel_that_there_is_not_is_told(book: Book, builder: str, name: str) -> None:
    (warning,) = references(book, name, builder=builder).warnings
    assert f"undefined label: '{name}'" in warning


def test_label_of_the_author_comes_before_a_panel(book: Book) -> None:
    text = ".. optplot:: minima\n   :name: fig-h-a\n\n   My own.\n\n"
    (book.folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    book.write("index.rst", page(PANELS, text, "Number 0 = :numref:`fig-h-a`;\n"))
    assert shown(book.build(), "index.html", 1) == ["Fig. 4"]


def test_panels_letters_are_in_the_language_of_the_book(book: Book) -> None:
    built = references(book, "fig-h-b", config={"language": "de"})
    assert shown(built, "index.html", 1) == ["Abb. 1(b)"]


# ---- alternative texts and descriptions


def test_alternative_text_counts_what_there_is(book: Book) -> None:
    book.write(
        "index.rst", page(*map(plot, ["minima", "two", "himmelblau", "valley", "rise", "flat", "monkey", "cubic"]))
    )
    assert alts(book.build()) == [
        "Curve of minima, f(x); x from −1 to 2. 2 minima and 1 maximum.",
        "Curve of two, f(x); x from −1 to 2. F: 2 minima and 1 maximum. G: 1 minimum.",
        "Contour plot of himmelblau, f(x); x from −5 to 5, y from −5 to 5. 4 minima, 1 maximum and 4 saddles.",
        "Contour plot of valley, f(x); x from −1 to 1, y from −2 to 3. 1 valley.",
        "Curve of rise, f(x); x from −2 to 5. No critical points.",
        "Curve of flat, f(x); x from −1 to 2. 1 plateau.",
        "Contour plot of monkey, f(x); x from −1 to 1, y from −1 to 1. 1 saddle.",
        "Curve of cubic, f(x); x from −2 to 2. 1 flat inflection.",
    ]


def test_alternative_text_names_the_landscapes_when_functions_share_a_name(book: Book) -> None:
    book.write("index.rst", page(plot("flat cubic")))
    (text,) = alts(book.build())
    assert "flat: 1 plateau." in text
    assert "cubic: 1 flat inflection." in text


def test_description_tells_the_way_and_the_points(book: Book) -> None:
    book.write("index.rst", page(plot("minima"), plot("turned")))
    first, second = descriptions(book.build())
    assert first.startswith("Description of the figure From x = −1 to −0.2739 it falls, from 1 to −0.1786. From x = ")
    assert "Minimum at −0.2739, value −0.1786, second derivative 6.526." in first
    assert "Global minimum at 1.09, value −1.047, second derivative 12.09." in first
    assert "Saddle at (0.1, 0.2), value 0, eigenvalues −1 and 1; it falls along " in second


def test_description_tells_where_valleys_begin_and_end(book: Book) -> None:
    book.write("index.rst", page(plot("valley"), plot("circle")))
    first, second = descriptions(book.build())
    assert re.search(r"Valley from \(0, (−2\) to \(0, 3|3\) to \(0, −2)\), value 0\.", first)
    assert "Valley, closed, through (" in second


def test_slices_are_told_by_their_point_and_directions(book: Book) -> None:
    book.write("index.rst", page(plot("turned", ":view: slices"), plot("saddle", ":view: contour slices")))
    built = book.build()
    point, both = r"The slices go through \(0\.1, 0\.2\), along (.*?)\.( |$)", "The slices go through (0, 0), along ("
    for text in (alts(built)[0], descriptions(built)[0]):
        found = re.search(point, text)
        assert found is not None, text
        assert re.fullmatch(r"\(−?0\.7071, −?0\.7071\) and \(−?0\.7071, −?0\.7071\)", found[1])
    assert alts(built)[1].partition("(b) ")[2].count(both) == alts(built)[1].count(both) == 1
    assert descriptions(built)[1].count(both) == 1


def test_description_opens_in_html_and_is_plain_text_elsewhere(book: Book) -> None:
    book.write("index.rst", page(plot("minima")))
    page_html = book.build().read("index.html")
    assert page_html.count("<details") == page_html.count("</details>") == 1
    assert "<summary>Description of the figure</summary>" in page_html
    assert page_html.index("<figure") < page_html.index("<details")
    assert "From x = −1 to −0.2739 it falls" in " ".join(book.build("text").read("index.txt").split())
    latex = book.build("latex")
    (name,) = latex.files("*.tex")
    assert "it falls" not in latex.read(name)


def test_plot_without_a_figure_has_no_description(book: Book) -> None:
    book.write("index.rst", page(plot("minima", ":figure: none")))
    assert descriptions(book.build()) == []


def test_alternative_text_of_the_author_stays(book: Book) -> None:
    book.write("index.rst", page(plot("minima", ":alt: My words.")))
    built = book.build()
    assert alts(built) == ["My words."]
    assert (built.searched, descriptions(built)) == ([], [])


def test_words_are_german_in_a_german_book(book: Book) -> None:
    book.write("index.rst", page(plot("minima", ":annotate: tief @ global minimum"), plot("himmelblau"), plot("rise")))
    built = book.build(language="de")
    words = messages_of(catalogue_of("de"))
    texts = alts(built)
    assert f"2 {words['minima']}" in texts[0]
    assert words["Marked: %s."].partition("%s")[0] in texts[0]
    assert words["Contour plot"] in texts[1]
    told = descriptions(built)
    assert told[0].startswith(words["Description of the figure"])
    assert words["The gradient vanishes nowhere."] in told[2]
    english = {
        "minima",
        "maximum",
        "saddles",
        "falls",
        "rises",
        "from",
        "Marked",
        "eigenvalues",
        "Description",
        "Curve",
    }
    titles = {"minima"}  # of the landscape
    for text in [*texts, *told]:
        assert set(re.findall(r"\w+", text)) & english <= titles, text


def test_wrong_line_leaves_the_other_labels(book: Book) -> None:
    lines = [":annotate:", "   a @ global minimum", "   b @ global minmum", "   c @ 0.5", "   d @ saddle"]
    book.write("index.rst", page(plot("minima", *lines)))
    built = book.build(warnings=True)
    assert labels(built) == [["a at (1.09, −1.047)", "c at 0.5"]]
    assert [re.sub(r".*index.rst:(\d+): WARNING: .*\[(.*)\]", r"\1 \2", line) for line in built.warnings] == [
        "7 optviz.directive",
        "9 optviz.domain",
    ]


# ---- marks


def test_kind_that_no_view_can_mark_is_told_at_the_line_of_the_option(book: Book) -> None:
    kinds = plot("valley", ":view: slices", ":title: Cut", ":critical-points: saddles, valleys")
    book.write("index.rst", page(kinds))
    (warning,) = book.build(warnings=True).warnings
    assert "index.rst:7: WARNING: :critical-points: valleys cannot be marked in the view slices" in warning


# ---- what plots hide


def test_curve_with_too_few_points_is_told_with_the_number_that_is_enough(book: Book) -> None:
    book.write("index.rst", page(plot("waves", ":x: 0 : 6 : 40")))
    ((subtype, message),) = warnings(book.build(warnings=True))
    assert subtype == "domain"
    assert message.startswith("waves: 40 points are too few: the curve misses ")
    found = re.search(r"write :x: 0 : 6 : (\d+), or narrow the domain", message)
    assert found is not None
    book.write("index.rst", page(plot("waves", f":x: 0 : 6 : {found[1]}")))
    assert book.build().warnings == []


@pytest.mark.parametrize("view", ["contour", "surface", "wireframe", "heatmap"])
@pytest.mark.parametrize(("name", "count"), [("ripples", 9), ("needle_in_plane", 40)])
def test_plane_with_too_few_points_is_told_with_the_numbers_that_are_enough(
    book: Book, view: str, name: str, count: int
) -> None:
    few = (f":view: {view}", f":x: -3 : 3 : {count}", f":y: -3 : 3 : {count}")
    book.write("index.rst", page(plot(name, *few)))
    ((subtype, message),) = warnings(book.build(warnings=True))
    assert subtype == "domain"
    assert message.startswith(f"{name}: {count} × {count} points are too few: the figure misses ")
    found = re.search(r"write (:x: -3 : 3 : \d+) and (:y: -3 : 3 : \d+), or narrow the domain", message)
    assert found is not None
    book.write("index.rst", page(plot(name, f":view: {view}", *found.groups())))
    assert book.build(warnings=view == "surface").warnings == []


def test_curve_with_too_few_points_at_a_corner(book: Book) -> None:
    book.write("index.rst", page(plot("corner", ":x: -3 : 3 : 10")))
    ((_, message),) = warnings(book.build(warnings=True))
    found = re.search(r"write (:x: -3 : 3 : \d+), or narrow the domain", message)
    assert found is not None
    book.write("index.rst", page(plot("corner", found[1])))
    assert book.build().warnings == []


def test_needle_too_thin_for_any_number_of_points(book: Book) -> None:
    book.write("index.rst", page(plot("needles", ":view: contour", ":x: -8 : 8.3 : 40", ":y: -8 : 8.1 : 40")))
    ((_, message),) = warnings(book.build(warnings=True))
    assert message.startswith("needles: 40 × 40 points are too few: the figure misses 2 of 2 minima and maxima")
    assert message.endswith(" % of its height; narrow the domain")


def test_one_message_for_all_views_of_a_plane(book: Book) -> None:
    few = (":view: contour surface slices", ":x: -3 : 3 : 9", ":y: -3 : 3 : 9")
    book.write("index.rst", page(plot("ripples", *few)))
    assert len(warnings(book.build(warnings=True))) == 1


def test_plot_that_looks_flat_is_told(book: Book) -> None:
    book.write("index.rst", page(plot("needle", ":x: -1 : 1.01 : 4001"), plot("needles", ":view: surface")))
    found = warnings(book.build(warnings=True))
    assert [subtype for subtype, _ in found] == ["domain"] * 2
    assert found[0][1].startswith("needle: nine tenths of the curve lie within ")
    assert found[0][1].endswith("and look flat; narrow the domain")
    assert found[1][1].startswith("needles: nine tenths of the surface lie within ")
    assert found[1][1].endswith(", or take the view contour")


def test_what_no_figure_shows_hides_nothing(book: Book) -> None:
    book.write("index.rst", page(plot("waves", ":x: 0 : 6 : 40", ":figure: none")))
    assert book.build().warnings == []


BUILT_IN = Catalogue([]).names()


def test_built_in_landscapes_hide_nothing_in_numpy(make_book: Any) -> None:
    made: Book = make_book(conf="optviz_timeout = 300\n")
    made.write("index.rst", page(*map(plot, BUILT_IN)))
    assert len(alts(made.build())) == len(BUILT_IN)


@pytest.mark.framework
@pytest.mark.parametrize("framework", ALL_FRAMEWORKS)
def test_built_in_landscapes_hide_nothing(needs: Callable[[str], None], make_book: Any, framework: str) -> None:
    needs(framework)
    made: Book = make_book(conf=f"optviz_frameworks = [{framework!r}]\noptviz_default_framework = {framework!r}\n")
    made.write("index.rst", page(*map(plot, BUILT_IN)))
    assert len(alts(made.build())) == len(BUILT_IN)
