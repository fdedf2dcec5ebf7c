"""Faults planted in one framework of a book are found and told in full; what is right is never reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, pi, sin, tanh
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ALL_FRAMEWORKS, Book, Built, page
from duals import CONF, IMPORTS, PLUGIN, installed, write_pair
from reading import words

import sphinx_optviz.landscapes
from sphinx_optviz import frameworks
from sphinx_optviz.frameworks import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import MakeBook
    from reading import Message

Function = Callable[..., float]

SQUARE = "x = [-1, 1, 21]\ny = [-1, 1, 21]"
OBLONG = "x = [-1, 1, 21]\ny = [0, 3, 31]"
ONE = "def f(x):\n    return {}\n"
TWO = "def f(x, y):\n    return {}\n"

HEAD = "Page\n====\n\n"


def page_of(plots: Mapping[str, str]) -> str:
    """Directives for *plots*, name to option."""
    return HEAD + "\n".join(f".. optplot:: {name}\n   {option}\n" for name, option in plots.items())


@dataclass
class Plots:
    """A book that has been built: a page with one plot for each name, and the sentences below these."""

    built: Built
    source: str
    notes: list[str]

    def line(self, name: str) -> int:
        """Where the directive of the landscape *name* stands."""
        return self.source.splitlines().index(f".. optplot:: {name}") + 1

    def messages(self, name: str) -> list[Message]:
        """What is told of its plot."""
        return messages_at(self.built, self.line(name))

    def note(self, name: str) -> str:
        """The sentence that says who agrees, of a book whose plots have one each."""
        names = re.findall(r"^\.\. optplot:: (\w+)$", self.source, re.MULTILINE)
        assert len(names) == len(self.notes)
        return self.notes[names.index(name)]


def messages_at(built: Built, line: int) -> list[Message]:
    """What is told of the plot at *line*, there or in its code."""
    return [
        message
        for message in built.messages
        if (message.file, message.line) == ("index.rst", line) or f"index.rst:{line})" in message.text
    ]


def messages_of(built: Built, *names: str) -> list[Message]:
    """What is told of the landscapes *names*."""
    return [message for message in built.messages if message.text.partition(" ")[0] in names]


def notes_of(built: Built, name: str) -> list[str]:
    """The sentences of a page of text that say who agrees."""
    paragraphs = [words(paragraph) for paragraph in built.read(f"{name}.txt").split("\n\n")]
    return [paragraph for paragraph in paragraphs if re.search(r"\b(?:dis)?agrees?\b", paragraph)]


@dataclass
class Told:
    """A message of a disagreement, taken apart."""

    landscape: str
    framework: str
    quantity: str
    function: str
    points: int
    total: int
    difference: float
    where: list[float]
    mine: float
    its: float


TOLD = re.compile(
    r"(?P<landscape>\w+) \((?P<framework>\w+)\): the "
    r"(?P<quantity>value|gradient|Hessian) of (?P<function>\w+) disagrees with [\w ]+'s "
    r"at (?P<points>\d+) of (?P<total>\d+) points: "
    r"(?:the largest difference, (?P<difference>\S+), is )?at (?P<where>(?:\w+ = [-+.\de]+(?:, )?)+),? "
    r"(?:where )?it is (?P<mine>[-+.\w]+?),? and [\w ]+'s is (?P<its>[-+.\w]+?)"
    r"(?P<rest>(?: \(|;).*)"
)


def parse(message: Message) -> Told:
    found = TOLD.fullmatch(message.text)
    assert found is not None, message.text
    assert (message.file.endswith(".rst"), message.subtype) == (True, "agreement")
    fields = found.groupdict()
    assert fields["rest"].endswith(
        f"{fields['landscape']}/{fields['framework']}.py against {fields['rest'].split()[-1]}"
    )
    return Told(
        landscape=fields["landscape"],
        framework=fields["framework"],
        quantity=fields["quantity"],
        function=fields["function"],
        points=int(fields["points"]),
        total=int(fields["total"]),
        difference=float(fields["difference"] or "nan"),
        where=[float(number) for number in re.findall(r"= ([-+.\de]+?)(?=, |$)", fields["where"])],
        mine=float(fields["mine"]),
        its=float(fields["its"]),
    )


# ---- one fault at a time, in a framework that needs no installation


@dataclass(frozen=True)
class Fault:
    """The code of NumPy, what the other framework has instead, and what is told."""

    right: str
    wrong: str
    quantity: str
    mine: Function  # what the other one gives at a point, to 6 digits or so
    its: Function  # what NumPy gives there
    domain: str = "x = [-1, 1]"
    points: int | None = None
    words: str = ""
    also: str = ""


def _of(expression: str, domain: str) -> str:
    return (TWO if "y =" in domain else ONE).format(expression)


FAULTS = {
    "coefficient": Fault(
        "x**3 + 2 * x",
        "x**3 + 4 * x",
        "value",
        lambda x: x**3 + 4 * x,
        lambda x: x**3 + 2 * x,
        also="gradients",
    ),
    "factor": Fault(
        "np.exp(x)",
        "2 * np.exp(x)",
        "value",
        lambda x: 2 * exp(x),
        exp,
        points=201,
        words="Dual numbers's values are 2 times the others everywhere",
        also="gradients and Hessians",
    ),
    "sign": Fault(
        "x + np.cos(x)",
        "x - np.cos(x)",
        "value",
        lambda x: x - cos(x),
        lambda x: x + cos(x),
        points=201,
        also="gradients and Hessians",
    ),
    "opposite": Fault(
        "x**3 - x",
        "x - x**3",
        "value",
        lambda x: x - x**3,
        lambda x: x**3 - x,
        words="values are -1 times the others everywhere",
        also="gradients and Hessians",
    ),
    "offset": Fault(
        "np.tanh(x)",
        "np.tanh(x) + 0.25",
        "value",
        lambda x: tanh(x) + 0.25,
        tanh,
        points=201,
        words="values are larger by 0.25 everywhere",
    ),
    "exchanged_square": Fault(
        "x**2 * np.cos(y)",
        "y**2 * np.cos(x)",
        "value",
        lambda x, y: y**2 * cos(x),
        lambda x, y: x**2 * cos(y),
        domain=SQUARE,
        words="Dual numbers's grid is the transpose: x and y are exchanged",
        also="gradients and Hessians",
    ),
    "exchanged_oblong": Fault(
        "x**2 * np.cos(y)",
        "y**2 * np.cos(x)",
        "value",
        lambda x, y: y**2 * cos(x),
        lambda x, y: x**2 * cos(y),
        domain=OBLONG,
        also="gradients and Hessians",
    ),
    "float32_in_the_middle": Fault(
        "np.cos(x) ** 2",
        "np.cos(x).astype('float32').astype('float64') ** 2",
        "value",
        lambda x: cos(x) ** 2,
        lambda x: cos(x) ** 2,
    ),
    "ninth_digit": Fault(
        "np.cos(3.141592653589793 * x)",
        "np.cos(3.14159265 * x)",
        "value",
        lambda x: cos(pi * x),
        lambda x: cos(pi * x),
    ),
    "stopped_gradient": Fault(
        "x**2 + x",
        "np.stop_gradient(x) ** 2 + x",
        "gradient",
        lambda _: 1.0,
        lambda x: 2 * x + 1,
        also="Hessians",
    ),
    "stopped_all": Fault(
        "np.cos(x)",
        "np.cos(np.stop_gradient(x))",
        "gradient",
        lambda _: 0.0,
        lambda x: -sin(x),
        also="Hessians",
    ),
    "wrong_second_derivative": Fault(
        "x**2",
        "x * np.stop_gradient(x) + (x - np.stop_gradient(x)) * np.stop_gradient(x)",
        "Hessian",
        lambda _: 0.0,
        lambda _: 2.0,
    ),
    "beside_a_kink": Fault(
        "(x**2) ** 0.5 + x**2",
        "(x**2) ** 0.5 + np.stop_gradient(x) ** 2",
        "gradient",
        lambda x: 1.0 if x > 0 else -1.0,
        lambda x: (1.0 if x > 0 else -1.0) + 2 * x,
        also="Hessians",
    ),
    "corner": Fault(
        "x + y",
        "np.where((x.value > 0.97) & (y.value > 0.97), x, x + y)",
        "value",
        lambda x, _: x,
        lambda x, y: x + y,
        domain=SQUARE,
        points=1,
        words="at x = 1, y = 1",
    ),
    "between_the_points": Fault(
        "x + y",
        "np.where((x.value > 0.93) & (x.value < 0.97), x, x + y)",
        "value",
        lambda x, _: x,
        lambda x, y: x + y,
        domain=SQUARE,
        also="gradients",
    ),
    "small": Fault(
        "0 * x",
        "0 * x + 1e-9",
        "value",
        lambda _: 1e-9,
        lambda _: 0.0,
        points=201,
        words="larger by 1e-09 everywhere",
    ),
    "large": Fault(
        "1e9 * x",
        "1e9 * x + 1",
        "value",
        lambda x: 1e9 * x + 1,
        lambda x: 1e9 * x,
        words="larger by 1 everywhere",
    ),
    "beside_large_numbers": Fault(
        "np.exp(x)",
        "np.exp(x) + 1",
        "value",
        lambda x: exp(x) + 1,
        exp,
        domain="x = [-50, 50]",
        words="larger by 1 everywhere",
    ),
    "far_away": Fault(
        "x",
        "x + 0.001",
        "value",
        lambda x: x + 0.001,
        lambda x: x,
        domain="x = [1000, 1001]",
        words="larger by 0.001 everywhere",
    ),
    "narrow": Fault(
        "x",
        "1.0001 * x",
        "value",
        lambda x: 1.0001 * x,
        lambda x: x,
        domain="x = [-1e-9, 1e-9]",
        words="1.0001 times the others everywhere",
    ),
}

RIGHT = {
    "fine": ("np.tanh(x) * x - 1 / (3 + x)", "x = [-1, 1]"),
    "fine_plane": ("x**2 * np.cos(y) + np.exp(x * y)", OBLONG),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Plots:
    """A book with all faults, a plot each; what is right stands between what is wrong."""
    book = Book(tmp_path_factory.mktemp("faulty"))
    names = list(FAULTS)
    for name, fault in FAULTS.items():
        code, other = (_of(text, fault.domain) for text in (fault.right, fault.wrong))
        write_pair(book, name, code, other=other, domain=fault.domain)
    for name, (text, domain) in RIGHT.items():
        write_pair(book, name, _of(text, domain), domain=domain)
    order = [names[0], "fine", *names[1:], "fine_plane"]
    source = page_of(dict.fromkeys(order, ":figure: none"))
    book.write("conf.py", CONF)
    book.write("index.rst", source)
    with installed():
        built = book.build(warnings=True)
    return Plots(built, source, built.page().notes)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_told_in_full(faulty: Plots, name: str) -> None:
    fault = FAULTS[name]
    (message,) = faulty.messages(name)
    assert (message.file, message.line) == ("index.rst", faulty.line(name))
    told = parse(message)
    assert (told.landscape, told.framework, told.function) == (name, "duals", "f")
    assert told.quantity == fault.quantity
    assert told.mine == pytest.approx(fault.mine(*told.where), rel=2e-5, abs=1e-6 * abs(told.its) + 1e-300)
    assert told.its == pytest.approx(fault.its(*told.where), rel=2e-5, abs=1e-6 * abs(told.mine) + 1e-8)
    assert told.difference == pytest.approx(abs(told.mine - told.its), rel=1e-2)
    assert told.points <= told.total
    if fault.points is not None:
        assert told.points == fault.points
    assert fault.words in message.text
    if "everywhere" not in fault.words:
        assert " everywhere" not in message.text, "a hint that is not true"
    if fault.also:
        assert f"{fault.also} disagree too" in message.text


@pytest.mark.parametrize("name", [*FAULTS, *RIGHT])
def test_page_says_who_disagrees(faulty: Plots, name: str) -> None:
    if name in FAULTS:
        assert re.fullmatch(r"Dual numbers 1\.0 disagrees with NumPy [\d.]+\.", faulty.note(name))
    else:
        assert re.fullmatch(r"NumPy [\d.]+ and Dual numbers 1\.0 agree \(largest difference .*\)\.", faulty.note(name))


def test_nothing_else_is_told(faulty: Plots) -> None:
    assert len(faulty.built.messages) == len(FAULTS)


def test_what_is_told_is_told_again_from_the_store(faulty: Plots) -> None:
    built = faulty.built
    book = Book(Path(built.app.srcdir))
    with installed():
        again = book.build(warnings=True)
        assert again.warnings == built.warnings
        assert (again.runs, again.compared) == ([], [])
        # Nor is the memory of comparisons needed for it.
        for path in book.folder.glob("_build/doctrees/optviz/*.json"):
            path.unlink()
        assert book.build(warnings=True).warnings == built.warnings


# ---- not finite, precision, shapes


@dataclass(frozen=True)
class Pair:
    """The code of NumPy, and what the other framework has instead."""

    right: str
    wrong: str
    domain: str = "x = [-1, 1]"


GLOB = ".. toctree::\n   :glob:\n\n   *\n"
FINE = ".. optplot:: fine\n   :figure: none\n"


@pytest.fixture(scope="module")
def odd(make_shared_book: MakeBook) -> Built:
    """A page for each pair of this part, and below it a plot that has no fault."""
    book = make_shared_book(page=GLOB, conf=CONF, folder="odd")
    write_pair(book, "fine", ONE.format("np.cos(x) - x"))
    shapes = {name: Pair(TWO.format("x * y"), wrong, SQUARE) for name, (wrong, *_) in SHAPES.items()}
    for name, pair in (NOT_FINITE | INFINITIES | FLOAT32 | shapes | {"by_hand": BY_HAND}).items():
        write_pair(book, name, pair.right, other=pair.wrong, domain=pair.domain)
        book.write(f"{name}.rst", page(f".. optplot:: {name}\n", FINE))
    with installed():
        return book.build("text", warnings=True)


NOT_FINITE = {
    name: Pair(ONE.format("x**2"), ONE.format(f"np.where(x.value == 0.5, 0 * x + float({number!r}), x**2)"))
    for name, number in (("nan", "nan"), ("inf", "inf"), ("minus_inf", "-inf"))
}


@pytest.mark.parametrize("name", NOT_FINITE)
def test_number_that_is_not_finite_at_one_point(odd: Built, name: str) -> None:
    not_finite, disagreement = messages_of(odd, name)
    assert "f is not finite at 1 of 201 points, the first at x = 0.5" in not_finite.text
    told = parse(disagreement)
    assert (disagreement.file, disagreement.line) == (f"{name}.rst", 4)
    assert (told.quantity, told.points, told.where, told.its) == ("value", 1, [0.5], 0.25)
    assert str(told.mine) == name.replace("minus_", "-")
    assert "times the others" not in disagreement.text
    assert notes_of(odd, name)[0].startswith("Dual numbers 1.0 disagrees with NumPy")


POLE = ONE.format("np.where({0} == 0.5, 0 * x + float('{1}'), {2})")
INFINITIES = {
    "opposite": Pair(POLE.format("x", "inf", "x**4"), POLE.format("x.value", "-inf", "x**4")),
    "equal": Pair(POLE.format("x", "inf", "x**6"), POLE.format("x.value", "inf", "x**6")),
}


def test_infinities_of_opposite_sign_differ_and_equal_ones_do_not(odd: Built) -> None:
    *not_finite, disagreement = messages_of(odd, "opposite")
    assert parse(disagreement).where == [0.5]
    assert [message.subtype for message in [*not_finite, *messages_of(odd, "equal")]] == ["not_finite"] * 4


SINGLE_COSINE = "(np.cos(x) ** 2).astype('float32')"
FLOAT32 = {
    "to_the_end": Pair(ONE.format("np.cos(x) ** 2"), ONE.format(SINGLE_COSINE)),
    "in_both": Pair(ONE.format("np.sin(x).astype('float32')"), ONE.format("np.sin(x).astype('float32')")),
    "covering": Pair(ONE.format("np.cos(x) ** 2"), ONE.format(f"1.01 * {SINGLE_COSINE}")),
}


def test_float32_to_the_end_is_told_as_such_and_not_as_a_disagreement(odd: Built) -> None:
    (message,) = messages_of(odd, "to_the_end")
    assert (message.file, message.line, message.subtype) == ("to_the_end.rst", 4, "agreement")
    assert message.text.startswith("to_the_end (duals): f is computed in float32, though its points are float64")
    assert "optviz_tolerances = {'float32': ...}" in message.text
    assert " agree " in notes_of(odd, "to_the_end")[0]


def test_float32_in_both_is_told_of_each_and_of_nothing_else(odd: Built) -> None:
    first, second = messages_of(odd, "in_both")
    assert first.text.startswith("in_both (numpy): f is computed in float32")
    assert second.text.startswith("in_both (duals): f is computed in float32")


def test_float32_does_not_cover_a_real_fault(odd: Built) -> None:
    (message,) = messages_of(odd, "covering")
    assert parse(message).quantity == "value"


DUAL = "def f(x, y):\n    z = x * y\n    return np.Dual({}, z.gradient, z.hessian)\n"
SHAPES = {
    "column": (DUAL.format("z.value[:, None]"), "shape (441, 1)", "remove it with reshape(-1)"),
    "row": (DUAL.format("z.value[None]"), "shape (1, 441)", "remove it with reshape(-1)"),
    "all_with_all": (DUAL.format("z.value + z.value[:, None]"), "shape (441, 441)", "the arrays are no grid"),
    "scalar": (DUAL.format("z.value.sum()"), "shape ()", "a constant has to become an array"),
    "grid": (DUAL.format("z.value.reshape(21, 21).T"), "shape (21, 21)", "must work elementwise"),
    "some": (DUAL.format("z.value[1:]"), "shape (440,)", "must work elementwise"),
    "complex": (DUAL.format("z.value + 0j"), "type complex128", "return real numbers"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape_that_is_wrong_is_told_once_at_the_function(odd: Built, name: str) -> None:
    _, shape, hint = SHAPES[name]
    (message,) = messages_of(odd, name)
    assert (message.file, message.line, message.subtype) == (f"landscapes/{name}/duals.py", 2, "execution")
    assert message.text.startswith(f"{name} (duals): ValueError: f ")
    assert shape in message.text
    assert hint in message.text
    assert f"(used at {odd.app.srcdir / name}.rst:4)" in message.text
    assert f"{name} failed in Dual numbers" in words(odd.read(f"{name}.txt"))
    assert " agree " in notes_of(odd, name)[-1]


# Right shape, wrong order: no test of shapes finds it.
BY_HAND = Pair(
    TWO.format("x * y**2"),
    "def f(x, y):\n    z = x * y**2\n    if len(z.value) < 441:\n        return z\n"
    "    grid = z.value[:441].reshape(21, 21).T.ravel()\n    import numpy\n"
    "    return np.Dual(numpy.concatenate([grid, z.value[441:]]), z.gradient, z.hessian)\n",
    SQUARE,
)


def test_grid_that_is_transposed_by_hand_is_found(odd: Built) -> None:
    (message,) = messages_of(odd, "by_hand")
    assert "Dual numbers's grid is the transpose: x and y are exchanged" in message.text


def test_nothing_else_is_told_of_what_is_odd(odd: Built) -> None:
    names = [*NOT_FINITE, *INFINITIES, *FLOAT32, *SHAPES, "by_hand"]
    assert len(messages_of(odd, *names)) == len(odd.messages)


# ---- kinds of plots


@pytest.fixture(scope="module")
def kinds(make_shared_book: MakeBook) -> Built:
    """A page for each test of this part; no two have the same code, which would be run once for both."""
    book = make_shared_book(page=GLOB, conf=CONF, folder="kinds")
    code = "def f(x):\n    return {}\n\n\ndef g(x):\n    return {}\n"
    for name, functions in TWO_FUNCTIONS.items():
        write_pair(book, name, code.format("np.cos(x)", "np.exp(x)"), other=code.format(*functions))
        toml = (book.folder / f"landscapes/{name}/landscape.toml").read_text()
        book.write(f"landscapes/{name}/landscape.toml", toml + "[functions.f]\n[functions.g]\n")
        book.write(f"{name}.rst", page(f".. optplot:: {name}"))
    for name, wrong in THREE.items():
        write_pair(book, name, ONE.format("np.cos(x)"), other=ONE.format(wrong))
    book.write("three.rst", page(f".. optplot:: {' '.join(THREE)}"))
    write_pair(book, "bilinear", TWO.format("x + y"), other=TWO.format("x + y + x * y"), domain=SQUARE)
    book.write("bilinear.rst", page(".. optplot:: bilinear", "   :view: slices"))
    for number, (name, text) in enumerate({**FIGURES, **OTHER_PAGES}.items(), start=2):
        write_pair(book, name, ONE.format(f"np.cos({number} * x)"), other=ONE.format(f"np.sin({number} * x)"))
        book.write(f"{name}.rst", page(text))
    with installed():
        return book.build(warnings=True)


TWO_FUNCTIONS = {"second_wrong": ("np.cos(x)", "2 * np.exp(x)"), "both_wrong": ("np.cos(2 * x)", "2 * np.exp(x)")}


def test_each_function_of_a_file_is_compared(kinds: Built) -> None:
    (message,) = messages_of(kinds, "second_wrong")
    assert parse(message).function == "g"
    assert [parse(message).function for message in messages_of(kinds, "both_wrong")] == ["f", "g"]


THREE = {"one": "np.cos(x) + 1", "two": "np.cos(x)", "three": "np.cos(x) + 2"}


def test_landscapes_of_one_directive_are_compared_each(kinds: Built) -> None:
    messages = messages_of(kinds, *THREE)
    assert [parse(message).landscape for message in messages] == ["one", "three"]
    assert {(message.file, message.line) for message in messages} == {("three.rst", 4)}
    assert "disagrees" in kinds.page("three.html").notes[0]


def test_slices_find_what_is_wrong_off_the_lines_too(kinds: Built) -> None:
    (message,) = messages_of(kinds, "bilinear")
    told = parse(message)
    assert (told.quantity, abs(told.where[0] * told.where[1])) == ("value", 1.0), "in a corner; both lines are right"


FIGURES = {
    figure: f".. optplot:: {figure}\n   :figure: {figure.removeprefix('figure_')}"
    for figure in ("figure_shared", "figure_each", "figure_none")
}
DRAWN = {
    "figure_shared": ["figure_shared (numpy)"],
    "figure_each": ["figure_each (duals)", "figure_each (numpy)"],
    "figure_none": [],
}


@pytest.mark.parametrize("name", FIGURES)
def test_fault_is_told_whatever_figure_there_is(kinds: Built, name: str) -> None:
    (message,) = messages_of(kinds, name)
    assert parse(message).quantity == "value"
    assert [drawn for drawn in kinds.drawn if drawn.startswith(f"{name} ")] == DRAWN[name]
    assert "Dual numbers 1.0 disagrees" in kinds.page(f"{name}.html").notes[0]


OTHER_PAGES = {
    "alone": ".. optplot:: alone\n   :frameworks: duals",
    "again": ".. optplot:: again\n\n.. optplot:: again\n   :code: below\n\n.. optplot:: again\n   :x: 0 : 5",
}


def test_one_framework_alone_is_compared_with_nobody(kinds: Built) -> None:
    assert messages_of(kinds, "alone") == []
    assert [run for run in kinds.runs if run.startswith("alone ")] == ["alone (duals)"]
    assert [run for run in kinds.compared if run.startswith("alone ")] == []
    assert kinds.page("alone.html").notes == []


def test_same_fault_on_other_points_is_told_where_it_is_new(kinds: Built) -> None:
    messages = messages_of(kinds, "again")
    assert [parse(message).quantity for message in messages] == ["value", "value"]
    assert [message.line for message in messages] == [4, 9]
    notes = kinds.page("again.html").notes
    assert ["Dual numbers 1.0 disagrees" in note for note in notes] == [True] * 3


def test_nothing_else_is_told_of_these_kinds(kinds: Built) -> None:
    names = [*TWO_FUNCTIONS, *THREE, "bilinear", *FIGURES, "again"]
    assert len(messages_of(kinds, *names)) == len(kinds.messages)


@pytest.mark.usefixtures("duals")
def test_default_framework_outside_the_tabs_is_the_one_to_compare_with(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: mine\n", conf=CONF + "optviz_frameworks = ['duals']\n")
    write_pair(book, "mine", ONE.format("np.cos(x)"), other=ONE.format("np.sin(x)"))
    built = book.build(warnings=True)
    told = parse(built.messages[0])
    assert told.framework == "duals"
    assert "disagrees with NumPy's" in built.messages[0].text
    assert built.drawn == ["mine (numpy)"]


# ---- what the author can say


@pytest.mark.usefixtures("duals")
def test_agreement_off_compares_nothing(make_book: Any) -> None:
    book: Book = make_book(page=f".. optplot:: mine\n\n{FINE}", conf=CONF)
    write_pair(book, "mine", ONE.format("np.cos(x)"), other=ONE.format("np.sin(x)"))
    write_pair(book, "fine", ONE.format("np.cos(x) - x"))
    built = book.build("text", warnings=True, optviz_agreement="off")
    assert (built.warnings, built.compared) == ([], [])
    assert notes_of(built, "index") == []
    assert built.runs == ["fine (duals)", "fine (numpy)", "mine (duals)", "mine (numpy)"]
    assert built.searched == ["mine (numpy)"], "where there is a figure, by the framework that is drawn"


SAID = {
    "other": Pair(ONE.format("np.cos(x)"), ONE.format("np.sin(x)")),
    "thousandth": Pair(ONE.format("np.exp(x)"), ONE.format("1.001 * np.exp(x)")),
    "last_digits": Pair(ONE.format("np.exp(x)"), ONE.format("np.exp(1.0000000000001 * x)")),
    "single": Pair(ONE.format("np.cos(x) ** 2"), ONE.format(SINGLE_COSINE)),
}


@pytest.fixture(scope="module")
def said(make_shared_book: MakeBook) -> Book:
    """A book that is built with several values of ``conf.py``; none of them changes what is run."""
    book = make_shared_book(page="\n".join([*(f".. optplot:: {name}\n" for name in SAID), FINE]), conf=CONF)
    for name, pair in SAID.items():
        write_pair(book, name, pair.right, other=pair.wrong)
    write_pair(book, "fine", ONE.format("np.cos(x) - x"))
    return book


def landscapes_told(built: Built) -> list[str]:
    """The landscapes of all messages."""
    return [message.text.partition(" ")[0] for message in built.messages]


@pytest.mark.usefixtures("duals")
def test_agreement_that_is_suppressed_is_not_told_and_still_on_the_page(said: Book) -> None:
    built = said.build("text", warnings=True, suppress_warnings=["optviz.agreement"])
    assert built.warnings == []
    assert "Dual numbers 1.0 disagrees" in notes_of(built, "index")[list(SAID).index("other")]


@pytest.mark.usefixtures("duals")
def test_float32_with_a_tolerance_of_its_own_is_meant(said: Book) -> None:
    assert landscapes_told(said.build("text", warnings=True)) == ["other", "thousandth", "single"]
    built = said.build("text", warnings=True, optviz_tolerances={"float32": 1e-4})
    assert landscapes_told(built) == ["other", "thousandth"]


@pytest.mark.usefixtures("duals")
def test_tolerances_are_those_of_the_author(said: Book) -> None:
    wide = said.build("text", warnings=True, optviz_tolerances={"float64": 1e-2})
    assert landscapes_told(wide) == ["other", "single"]
    assert "agree (largest difference 3·10⁻³)" in notes_of(wide, "index")[list(SAID).index("thousandth")]
    assert landscapes_told(said.build("text", warnings=True)) == ["other", "thousandth", "single"]
    strict = said.build("text", warnings=True, optviz_tolerances={"float64": 1e-15})
    assert [parse(message).quantity for message in messages_of(strict, "last_digits")] == ["value"], (
        "the memory of comparisons does not hide the change"
    )


TWINS = """\
from pathlib import Path

from sphinx_optviz.frameworks import Framework

TWINS = Framework(name="twins", label="Twins", module="hyperduals", adapter=Path({adapter!r}))
"""


@pytest.fixture(scope="module")
def twins(make_shared_book: MakeBook, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A page for each trio of codes, the third in a third framework: the same numbers under another name."""
    site = tmp_path_factory.mktemp("site")
    info = site / "optviz_twins-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: optviz-twins\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sphinx_optviz.frameworks]\ntwins = optviz_test_twins:TWINS\n")
    adapter = str(PLUGIN / "optviz_hyperduals" / "adapter.py")
    (site / "optviz_test_twins.py").write_text(TWINS.format(adapter=adapter))
    conf = CONF + "optviz_frameworks = ['numpy', 'duals', 'twins']\n"
    book = make_shared_book(page=GLOB, conf=conf, folder="twins")
    for number, (name, trio) in enumerate(TRIOS.items(), start=2):
        mine, its, third = (ONE.format(code.format(f"{number} * x")) for code in trio.codes)
        write_pair(book, name, mine, other=its)
        book.landscape(name, IMPORTS["duals"] + third, framework="twins")
        book.write(f"{name}.rst", page(f".. optplot:: {name}"))
    with installed() as patch:
        patch.syspath_prepend(str(site))  # here alone: children need nothing of it, and can so be forked
        frameworks.framework.cache_clear()
        return book.build("text", warnings=True)


@dataclass(frozen=True)
class Trio:
    """The codes of NumPy, dual numbers and twins; who is told to disagree, and whether NumPy is suspected."""

    codes: tuple[str, str, str]
    who: tuple[str, ...]
    blamed: bool = False


TRIOS = {
    "all_against_the_default": Trio(("np.sin({})", "np.cos({})", "np.cos({})"), ("duals", "twins"), blamed=True),
    "all_different": Trio(("np.sin({})", "np.cos({})", "np.exp({})"), ("duals", "twins")),
    "one_alone": Trio(("np.cos({})", "np.cos({})", "np.exp({})"), ("twins",)),
    "none": Trio(("np.cos({})", "np.cos({})", "np.cos({})"), ()),
}


@pytest.mark.parametrize("name", TRIOS)
def test_default_is_suspected_when_all_others_agree_with_each_other(twins: Built, name: str) -> None:
    who = TRIOS[name].who
    messages = messages_of(twins, name)
    assert [message.text.partition(":")[0] for message in messages] == [f"{name} ({framework})" for framework in who]
    suspicion = "The frameworks that differ from NumPy agree with each other, so look at NumPy first"
    assert [suspicion in message.text for message in messages] == [TRIOS[name].blamed] * len(who)
    note = notes_of(twins, name)[0]
    if len(who) == 2:
        assert re.fullmatch(r"Dual numbers 1\.0 and Twins 1\.0 disagree with NumPy [\d.]+\.", note)
    elif who:
        assert note.endswith(f"Twins 1.0 disagrees with NumPy {note.split()[1]}.")
        assert note.startswith("NumPy ")
    else:
        assert re.match(r"NumPy [\d.]+, Dual numbers 1\.0 and Twins 1\.0 agree", note)


def test_nothing_else_is_told_of_three_frameworks(twins: Built) -> None:
    assert len(twins.messages) == sum(len(trio.who) for trio in TRIOS.values())


# ---- no false alarms

LANDSCAPES = Path(sphinx_optviz.landscapes.__file__).parent
BUILT_IN_ONES = ("cubic", "local_minima", "risk", "saddle", "vanishing_gradient")

DOMAINS = {
    "always": [
        "-1 : 1",
        "-1 : 1 : 2",
        "0 : 1e-6",
        "-1e-100 : 1e-100",
        "1e6 : 1000000.001",
        "1e90 : 2e90",
    ],
    "slow": [
        "0 : 1 : 1001",
        "-2 : 5",
        "-0.001 : 0.002",
        "-1e-9 : 1e-9",
        "0.333 : 0.334",
        "-5 : -4",
        "10 : 11",
        "-20 : 20",
        "100 : 101",
        "1000 : 1001",
        "-1000.5 : -1000",
        "12345.6 : 12345.7",
        "1e6 : 1000001",
        "0 : 100",
        "0 : 10000",
        "-1e8 : 1e8",
        "1e10 : 1.1e10",
        "-1e50 : 1e50",
    ],
}


def name_of(domain: str) -> str:
    return re.sub(r"\W", "_", domain)


@pytest.fixture(scope="module")
def built_in(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Built, dict[str, list[int]]]:
    """All built-in landscapes over some domains in both frameworks; and the lines of each domain's plots."""
    book = Book(tmp_path_factory.mktemp("built_in"))
    for name in BUILT_IN_ONES:
        for path in (LANDSCAPES / name).iterdir():
            if path.name in ("numpy.py", "landscape.toml"):
                book.write(f"landscapes/{name}/{path.name}", path.read_text())
        code = (LANDSCAPES / name / "numpy.py").read_text()
        book.write(f"landscapes/{name}/duals.py", code.replace("import numpy as np", "import hyperduals as np"))
    source, lines = over_domains(DOMAINS[request.param])
    book.write("conf.py", CONF)
    book.write("index.rst", source)
    with installed():
        return book.build(warnings=True), lines


def over_domains(domains: list[str]) -> tuple[str, dict[str, list[int]]]:
    """A page with each built-in landscape on each domain, and the lines of the directives."""
    page = HEAD
    lines: dict[str, list[int]] = {}
    for domain in domains:
        lines[domain] = []
        for name in BUILT_IN_ONES:
            lines[domain].append(page.count("\n") + 1)
            second = f"   :y: {domain}\n" if name == "saddle" else ""
            page += f".. optplot:: {name}\n   :figure: none\n   :x: {domain}\n{second}\n"
    return page, lines


@pytest.mark.parametrize(
    ("built_in", "domain"),
    [
        pytest.param(when, domain, id=name_of(domain), marks=[pytest.mark.slow] if when == "slow" else [])
        for when, domains in DOMAINS.items()
        for domain in domains
    ],
    indirect=["built_in"],
    scope="module",  # else the fixture is made for each domain
)
def test_built_in_landscapes_raise_no_false_alarm(built_in: tuple[Built, dict[str, list[int]]], domain: str) -> None:
    built, lines = built_in
    assert [message for line in lines[domain] for message in messages_at(built, line)] == []


# Right in both frameworks, and hard to differentiate by differences.
HARD = {
    "pole": ("1 / x", "x = [-1, 1, 200]"),
    "pole_in_the_grid": ("1 / x", "x = [-1, 1, 201]"),
    "kink": ("(x**2) ** 0.5", "x = [-1, 1]"),
    "kink_off_the_grid": ("((x - 0.1234) ** 2) ** 0.5", "x = [-1, 1]"),
    "step": ("np.tanh(1e6 * x)", "x = [-1, 1]"),
    "narrow_step": ("np.tanh(1e6 * x)", "x = [-1e-6, 1e-6]"),
    "steep": ("np.tanh(1000 * x)", "x = [-0.01, 0.01]"),
    "ripples": ("np.sin(1000 * x)", "x = [0, 1]"),
    "ripples_with_the_step": ("np.sin(1000 * 3.141592653589793 * x)", "x = [0, 1]"),
    "ripples_of_a_power_of_two": ("np.sin(1024 * 3.141592653589793 * x)", "x = [0, 1]"),
    "spike": ("np.exp(-((x - 0.5) ** 2) / (2 * 0.001**2))", "x = [0, 1]"),
    "logarithm": ("np.log(x)", "x = [1e-6, 1]"),
    "root": ("x**0.5", "x = [0, 1]"),
    "root_of_a_root": ("(x**2 + 1e-12) ** 0.5", "x = [-1, 1]"),
    "large": ("np.exp(x)", "x = [-50, 50]"),
    "huge": ("np.exp(x)", "x = [0, 700]"),
    "cancelling": ("(x + 1e8) - 1e8 + x", "x = [-1, 1]"),
    "valley": ("(1 - x) ** 2 + 100 * (y - x**2) ** 2", "x = [-2, 2]\ny = [-1, 3]"),
    "well": ("-np.exp(-50 * (x**2 + y**2)) + 0.01 * np.cos(40 * x)", "x = [-1, 1]\ny = [-1, 1]"),
    "cone": ("(x**2 + y**2) ** 0.5", "x = [-1, 1]\ny = [-1, 1]"),
    "thin": ("x * y", "x = [-1, 1]\ny = [1e-6, 2e-6]"),
    "constant": ("0 * x + 1", "x = [-1, 1]"),
    "nothing": ("0 * x", "x = [-1, 1]"),
}


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Plots:
    book = Book(tmp_path_factory.mktemp("hard"))
    for name, (text, domain) in HARD.items():
        write_pair(book, name, _of(text, domain), domain=domain)
    source = page_of(dict.fromkeys(HARD, ":figure: none"))
    book.write("conf.py", CONF + "suppress_warnings = ['optviz.not_finite']\n")
    book.write("index.rst", source)
    with installed():
        built = book.build(warnings=True)
    return Plots(built, source, built.page().notes)


@pytest.mark.parametrize("name", HARD)
def test_code_that_is_right_and_hard_to_differentiate_raises_no_false_alarm(hard: Plots, name: str) -> None:
    assert hard.messages(name) == []
    assert " agree" in hard.note(name)


# ---- the real frameworks

MODULES = {
    "pytorch": "import torch as m\n",
    "jax": "import jax\nimport jax.numpy as m\n",
    "tensorflow": "import tensorflow as m\n",
    "mxnet": "import mxnet\nfrom mxnet import np as m, npx\n\nnpx.set_np()\n",
}
STOPPED = {
    "pytorch": "x.detach()",
    "jax": "jax.lax.stop_gradient(x)",
    "tensorflow": "m.stop_gradient(x)",
    "mxnet": "x.detach()",
}
SINGLE = {
    "pytorch": "({}).float()",
    "jax": "({}).astype('float32')",
    "tensorflow": "m.cast({}, m.float32)",
    "mxnet": "({}).astype('float32')",
}
DOUBLE = {
    "pytorch": "{}.double()",
    "jax": "{}.astype('float64')",
    "tensorflow": "m.cast({}, m.float64)",
    "mxnet": "{}.astype('float64')",
}
COLUMN = {"pytorch": "{}[:, None]", "jax": "{}[:, None]", "tensorflow": "{}[:, None]", "mxnet": "{}.reshape(-1, 1)"}
SUM = {"pytorch": "{}.sum()", "jax": "{}.sum()", "tensorflow": "m.reduce_sum({})", "mxnet": "{}.sum()"}


@dataclass(frozen=True)
class RealFault:
    """A fault of one real framework: the code of all, its own, and what is told of it."""

    framework: str
    right: str
    wrong: str
    words: str
    domain: str = "x = [-1, 1]"
    subtype: str = "agreement"


def real_faults() -> dict[str, RealFault]:
    found = {}
    for name in ALL_FRAMEWORKS:
        if name != "pytorch":  # the default; its faults are everybody's
            found[f"coefficient_{name}"] = RealFault(
                name, "m.cos(x) + 2 * x", "m.cos(x) + 4 * x", "the value of f disagrees"
            )
            found[f"exchanged_{name}"] = RealFault(
                name, "x**2 * m.cos(y)", "y**2 * m.cos(x)", "x and y are exchanged", SQUARE
            )
            stopped = "x**2 + m.tanh({})"
            found[f"stopped_{name}"] = RealFault(
                name, stopped.format("x"), stopped.format(STOPPED[name]), "the gradient of f disagrees"
            )
            middle = DOUBLE[name].format(SINGLE[name].format("m.cos(x)"))
            found[f"middle_{name}"] = RealFault(name, "m.cos(x) ** 2", f"{middle} ** 2", "the value of f disagrees")
            found[f"digit_{name}"] = RealFault(
                name, "m.cos(3.141592653589793 * x)", "m.cos(3.14159265 * x)", "the value of f disagrees"
            )
            found[f"sign_{name}"] = RealFault(name, "x - m.exp(y)", "x + m.exp(y)", "the value of f disagrees", OBLONG)
        found[f"single_{name}"] = RealFault(
            name, "m.cos(x) ** 2", SINGLE[name].format("m.cos(x) ** 2"), "f is computed in float32"
        )
        found[f"column_{name}"] = RealFault(
            name, "m.cos(x)", COLUMN[name].format("m.cos(x)"), "remove it with reshape(-1)", subtype="execution"
        )
        found[f"scalar_{name}"] = RealFault(
            name, "m.cos(x)", SUM[name].format("m.cos(x)"), "a constant has to become an array", subtype="execution"
        )
        found[f"raises_{name}"] = RealFault(name, "m.cos(x)", "m.nonsense(x)", "nonsense", subtype="execution")
    found["default"] = RealFault("pytorch", "m.cos(x)", "m.cos(2 * x)", "so look at PyTorch first")
    found["default_stopped"] = RealFault("pytorch", "m.cos(x)", "m.cos(x.detach()) + 0 * x", "so look at PyTorch first")
    return found


REAL_FAULTS = real_faults()


def need_all(needs: Callable[[str], None]) -> None:
    """Skip the test unless all four frameworks can be run."""
    for name in ALL_FRAMEWORKS:
        needs(name)


REAL_CONF = "extensions = ['sphinx_optviz']\n"


@pytest.fixture(scope="session")
def really_faulty(needs: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Plots:
    """A book with all faults of the real frameworks, a plot each."""
    need_all(needs)
    book = Book(tmp_path_factory.mktemp("really_faulty"))
    for name, fault in REAL_FAULTS.items():
        for framework in ALL_FRAMEWORKS:
            text = fault.wrong if framework == fault.framework else fault.right
            book.landscape(name, MODULES[framework] + _of(text, fault.domain), framework=framework, domain=fault.domain)
    source = page_of(dict.fromkeys(REAL_FAULTS, ":figure: none"))
    book.write("conf.py", REAL_CONF)
    book.write("index.rst", source)
    built = book.build(warnings=True)
    return Plots(built, source, built.page().notes)


@pytest.mark.framework
@pytest.mark.parametrize("name", REAL_FAULTS)
def test_fault_of_a_real_framework_is_told(really_faulty: Plots, name: str) -> None:
    fault = REAL_FAULTS[name]
    found = really_faulty.messages(name)
    others = [other for other in ALL_FRAMEWORKS if other != "pytorch"]
    blamed = others if name.startswith("default") else [fault.framework]
    assert [re.findall(r"^\w+ \((\w+)\)", message.text)[0] for message in found] == blamed
    for message in found:
        assert fault.words in message.text
        assert message.subtype == fault.subtype
    if fault.subtype == "agreement" and "precision" not in fault.words and not name.startswith("single"):
        sentence = really_faulty.notes[list(REAL_FAULTS).index(name)]
        for framework in blamed:
            assert BUILT_IN[framework].label in sentence.rpartition(" disagree")[0]


# As each takes a second in some frameworks: what libraries' own functions may differ in.
REAL_DOMAINS = ["-2 : 5", "-20 : 20", "0 : 1e-6", "1e6 : 1000001", "1000 : 1001", "0 : 10000", "-1e-100 : 1e-100"]


@pytest.mark.framework
def test_real_frameworks_raise_no_false_alarm(needs: Callable[[str], None], tmp_path: Path) -> None:
    """All built-in landscapes over several domains, in all frameworks and NumPy."""
    need_all(needs)
    book = Book(tmp_path / "book")
    source, lines = over_domains(REAL_DOMAINS)
    book.write("conf.py", REAL_CONF + "optviz_frameworks = ['pytorch', 'mxnet', 'jax', 'tensorflow', 'numpy']\n")
    book.write("index.rst", source)
    built = book.build(warnings=True)
    by_line = {
        line: f"{name} on {domain}" for domain in lines for name, line in zip(BUILT_IN_ONES, lines[domain], strict=True)
    }
    told = [f"{what}: {message}" for line, what in by_line.items() for message in messages_at(built, line)]
    assert told == []
    assert built.warnings == []
    assert sum(" agree (largest difference" in note for note in built.page().notes) == len(by_line)
