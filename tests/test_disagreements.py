"""Faults planted in one framework of a book are found and told in full; what is right is never reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, pi, sin, tanh
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ALL_FRAMEWORKS, Book, Built
from duals import CONF, IMPORTS, PLUGIN, installed, write_pair

import sphinx_optviz.landscapes
from sphinx_optviz.frameworks import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Function = Callable[..., float]

SQUARE = "x = [-1, 1, 21]\ny = [-1, 1, 21]"
OBLONG = "x = [-1, 1, 21]\ny = [0, 3, 31]"
ONE = "def f(x):\n    return {}\n"
TWO = "def f(x, y):\n    return {}\n"

# A page with one plot for each name; what is right stands between what is wrong.
HEAD = "Page\n====\n\n"


def page_of(plots: Mapping[str, str]) -> str:
    """Directives for *plots*, name to option."""
    return HEAD + "\n".join(f".. optplot:: {name}\n   {option}\n" for name, option in plots.items())


def line_of(page: str, name: str) -> int:
    """Where the directive of the landscape *name* stands."""
    return page.splitlines().index(f".. optplot:: {name}") + 1


@dataclass
class Told:
    """A warning of a disagreement, taken apart."""

    line: int
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
    rest: str


WARNING = re.compile(
    r"(?P<file>[^ ]+index\.rst):(?P<line>\d+): WARNING: (?P<landscape>\w+) \((?P<framework>\w+)\): the "
    r"(?P<quantity>value|gradient|Hessian) of (?P<function>\w+) disagrees with [\w ]+'s "
    r"at (?P<points>\d+) of (?P<total>\d+) points: "
    r"(?:the largest difference, (?P<difference>\S+), is )?at (?P<where>(?:\w+ = [-+.\de]+(?:, )?)+),? "
    r"(?:where )?it is (?P<mine>[-+.\w]+?),? and [\w ]+'s is (?P<its>[-+.\w]+?)"
    r"(?P<rest>(?: \(|;).*) \[optviz\.agreement\]"
)


def parse(warning: str) -> Told:
    found = WARNING.fullmatch(warning)
    assert found is not None, warning
    fields = found.groupdict()
    assert fields["rest"].endswith(
        f"{fields['landscape']}/{fields['framework']}.py against {fields['rest'].split()[-1]}"
    )
    return Told(
        line=int(fields["line"]),
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
        rest=fields["rest"],
    )


def warnings_at(built: Built, line: int) -> list[str]:
    return [warning for warning in built.warnings if f"index.rst:{line}:" in warning or f"index.rst:{line})" in warning]


def note_of(html: str, index: int) -> str:
    """The sentence below the plot number *index* that says who agrees."""
    notes: list[str] = re.findall(r'<p class="optviz-note">(.*?)</p>', html)
    return notes[index]


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
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, str]:
    """A book with all faults, a plot each, and its page's source."""
    book = Book(tmp_path_factory.mktemp("faulty"))
    names = list(FAULTS)
    for name, fault in FAULTS.items():
        code, other = (_of(text, fault.domain) for text in (fault.right, fault.wrong))
        write_pair(book, name, code, other=other, domain=fault.domain)
    for name, (text, domain) in RIGHT.items():
        write_pair(book, name, _of(text, domain), domain=domain)
    order = [names[0], "fine", *names[1:], "fine_plane"]
    page = page_of(dict.fromkeys(order, ":figure: none"))
    book.write("conf.py", CONF)
    book.write("index.rst", page)
    with installed():
        return book.build(warnings=True), page


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_told_in_full(faulty: tuple[Built, str], name: str) -> None:
    built, page = faulty
    fault = FAULTS[name]
    (warning,) = warnings_at(built, line_of(page, name))
    told = parse(warning)
    assert (told.line, told.landscape, told.framework, told.function) == (line_of(page, name), name, "duals", "f")
    assert told.quantity == fault.quantity
    assert told.mine == pytest.approx(fault.mine(*told.where), rel=2e-5, abs=1e-6 * abs(told.its) + 1e-300)
    assert told.its == pytest.approx(fault.its(*told.where), rel=2e-5, abs=1e-6 * abs(told.mine) + 1e-8)
    assert told.difference == pytest.approx(abs(told.mine - told.its), rel=1e-2)
    assert told.points <= told.total
    if fault.points is not None:
        assert told.points == fault.points
    assert fault.words in warning
    if "everywhere" not in fault.words:
        assert " everywhere" not in warning, "a hint that is not true"
    if fault.also:
        assert f"{fault.also} disagree too" in warning


@pytest.mark.parametrize("name", [*FAULTS, *RIGHT])
def test_page_says_who_disagrees(faulty: tuple[Built, str], name: str) -> None:
    built, page = faulty
    names = re.findall(r"^\.\. optplot:: (\w+)$", page, re.MULTILINE)
    note = note_of(built.read("index.html"), names.index(name))
    if name in FAULTS:
        assert re.fullmatch(r"Dual numbers 1\.0 disagrees with NumPy [\d.]+\.", note)
    else:
        assert re.fullmatch(r"NumPy [\d.]+ and Dual numbers 1\.0 agree \(largest difference .*\)\.", note)


def test_nothing_else_is_told(faulty: tuple[Built, str]) -> None:
    built, _ = faulty
    assert len(built.warnings) == len(FAULTS)


def test_what_is_told_is_told_again_from_the_store(faulty: tuple[Built, str]) -> None:
    built, _ = faulty
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


def build_pair(make_book: Any, right: str, wrong: str, domain: str = "x = [-1, 1]", **config: Any) -> Built:
    """A book with a plot that has a fault, and one that has none after it."""
    book: Book = make_book(page=".. optplot:: mine\n\n.. optplot:: fine\n   :figure: none\n", conf=CONF)
    write_pair(book, "mine", right, other=wrong, domain=domain)
    write_pair(book, "fine", ONE.format("np.cos(x) - x"))
    return book.build(warnings=True, **config)


@pytest.mark.usefixtures("duals")
@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_number_that_is_not_finite_at_one_point(make_book: Any, number: str) -> None:
    wrong = ONE.format(f"np.where(x.value == 0.5, 0 * x + float({number!r}), x**2)")
    built = build_pair(make_book, ONE.format("x**2"), wrong)
    not_finite, disagreement = built.warnings
    assert "f is not finite at 1 of 201 points, the first at x = 0.5" in not_finite
    told = parse(disagreement)
    assert (told.line, told.quantity, told.points, told.where, told.its) == (4, "value", 1, [0.5], 0.25)
    assert str(told.mine) == number
    assert "times the others" not in disagreement
    assert note_of(built.read("index.html"), 0).startswith("Dual numbers 1.0 disagrees with NumPy")


@pytest.mark.usefixtures("duals")
def test_infinities_of_opposite_sign_differ_and_equal_ones_do_not(make_book: Any) -> None:
    pole = "def f(x):\n    return np.where({} == 0.5, 0 * x + float('{}'), x**2)\n"
    built = build_pair(make_book, pole.format("x", "inf"), pole.format("x.value", "-inf"))
    assert parse(built.warnings[-1]).where == [0.5]
    same = build_pair(
        lambda **more: make_book(folder="other", **more), pole.format("x", "inf"), pole.format("x.value", "inf")
    )
    assert [warning for warning in same.warnings if not warning.endswith("[optviz.not_finite]")] == []


@pytest.mark.usefixtures("duals")
def test_float32_to_the_end_is_told_as_such_and_not_as_a_disagreement(make_book: Any) -> None:
    wrong = ONE.format("(np.cos(x) ** 2).astype('float32')")
    built = build_pair(make_book, ONE.format("np.cos(x) ** 2"), wrong)
    (warning,) = built.warnings
    assert ":4: WARNING: mine (duals): f is computed in float32, though its points are float64" in warning
    assert "optviz_tolerances = {'float32': ...}" in warning
    assert warning.endswith("[optviz.agreement]")
    assert " agree " in note_of(built.read("index.html"), 0)


@pytest.mark.usefixtures("duals")
def test_float32_in_both_is_told_of_each_and_of_nothing_else(make_book: Any) -> None:
    code = ONE.format("(np.cos(x) ** 2).astype('float32')")
    first, second = build_pair(make_book, code, code).warnings
    assert "mine (numpy): f is computed in float32" in first
    assert "mine (duals): f is computed in float32" in second


@pytest.mark.usefixtures("duals")
def test_float32_does_not_cover_a_real_fault(make_book: Any) -> None:
    wrong = ONE.format("1.01 * (np.cos(x) ** 2).astype('float32')")
    (warning,) = build_pair(make_book, ONE.format("np.cos(x) ** 2"), wrong).warnings
    assert parse(warning).quantity == "value"


@pytest.mark.usefixtures("duals")
def test_float32_with_a_tolerance_of_its_own_is_meant(make_book: Any) -> None:
    wrong = ONE.format("(np.cos(x) ** 2).astype('float32')")
    tolerances = {"float32": 1e-4}
    assert build_pair(make_book, ONE.format("np.cos(x) ** 2"), wrong, optviz_tolerances=tolerances).warnings == []


DUAL = "def f(x, y):\n    z = x * y\n    return np.Dual({}, z.gradient, z.hessian)\n"
SHAPES = {
    "column": (DUAL.format("z.value[:, None]"), "shape (441, 1)", "remove it with reshape(-1)"),
    "row": (DUAL.format("z.value[None]"), "shape (1, 441)", "remove it with reshape(-1)"),
    "all with all": (DUAL.format("z.value + z.value[:, None]"), "shape (441, 441)", "the arrays are no grid"),
    "scalar": (DUAL.format("z.value.sum()"), "shape ()", "a constant has to become an array"),
    "grid": (DUAL.format("z.value.reshape(21, 21).T"), "shape (21, 21)", "must work elementwise"),
    "some": (DUAL.format("z.value[1:]"), "shape (440,)", "must work elementwise"),
    "complex": (DUAL.format("z.value + 0j"), "type complex128", "return real numbers"),
}


@pytest.mark.usefixtures("duals")
@pytest.mark.parametrize("name", SHAPES)
def test_shape_that_is_wrong_is_told_once_at_the_function(make_book: Any, name: str) -> None:
    wrong, shape, hint = SHAPES[name]
    built = build_pair(make_book, TWO.format("x * y"), wrong, SQUARE)
    (warning,) = built.warnings
    assert warning.startswith(
        f"{built.app.srcdir / 'landscapes/mine/duals.py'}:2: WARNING: mine (duals): ValueError: f "
    )
    assert shape in warning
    assert hint in warning
    assert f"(used at {built.app.srcdir / 'index.rst'}:4)" in warning
    assert warning.endswith("[optviz.execution]")
    html = built.read("index.html")
    assert "mine failed in Dual numbers" in html
    assert " agree " in note_of(html, html.count("optviz-note") - 1)


@pytest.mark.usefixtures("duals")
def test_grid_that_is_transposed_by_hand_is_found(make_book: Any) -> None:
    # Right shape, wrong order: no test of shapes finds it.
    wrong = (
        "def f(x, y):\n    z = x * y**2\n    if len(z.value) < 441:\n        return z\n"
        "    grid = z.value[:441].reshape(21, 21).T.ravel()\n    import numpy\n"
        "    return np.Dual(numpy.concatenate([grid, z.value[441:]]), z.gradient, z.hessian)\n"
    )
    (warning,) = build_pair(make_book, TWO.format("x * y**2"), wrong, SQUARE).warnings
    assert "Dual numbers's grid is the transpose: x and y are exchanged" in warning


# ---- kinds of plots


def two_functions(make_book: Any, first: str, second: str) -> Built:
    book: Book = make_book(page=".. optplot:: both\n", conf=CONF)
    code = "def f(x):\n    return {}\n\n\ndef g(x):\n    return {}\n"
    right = code.format("np.cos(x)", "np.exp(x)")
    write_pair(book, "both", right, other=code.format(first, second))
    toml = (book.folder / "landscapes/both/landscape.toml").read_text()
    book.write("landscapes/both/landscape.toml", toml + "[functions.f]\n[functions.g]\n")
    return book.build(warnings=True)


@pytest.mark.usefixtures("duals")
def test_each_function_of_a_file_is_compared(make_book: Any) -> None:
    (warning,) = two_functions(make_book, "np.cos(x)", "2 * np.exp(x)").warnings
    assert parse(warning).function == "g"
    both = two_functions(lambda **more: make_book(folder="other", **more), "np.cos(2 * x)", "2 * np.exp(x)")
    assert [parse(warning).function for warning in both.warnings] == ["f", "g"]


@pytest.mark.usefixtures("duals")
def test_landscapes_of_one_directive_are_compared_each(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: one two three\n", conf=CONF)
    for name, wrong in (("one", "np.cos(x) + 1"), ("two", "np.cos(x)"), ("three", "np.cos(x) + 2")):
        write_pair(book, name, ONE.format("np.cos(x)"), other=ONE.format(wrong))
    built = book.build(warnings=True)
    assert [parse(warning).landscape for warning in built.warnings] == ["one", "three"]
    assert {parse(warning).line for warning in built.warnings} == {4}
    assert "disagrees" in note_of(built.read("index.html"), 0)


@pytest.mark.usefixtures("duals")
def test_slices_find_what_is_wrong_off_the_lines_too(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: mine\n   :view: slices\n", conf=CONF)
    write_pair(book, "mine", TWO.format("x + y"), other=TWO.format("x + y + x * y"), domain=SQUARE)
    told = parse(book.build(warnings=True).warnings[0])
    assert (told.quantity, abs(told.where[0] * told.where[1])) == ("value", 1.0), "in a corner; both lines are right"


@pytest.mark.usefixtures("duals")
@pytest.mark.parametrize("figure", ["shared", "each", "none"])
def test_fault_is_told_whatever_figure_there_is(make_book: Any, figure: str) -> None:
    book: Book = make_book(page=f".. optplot:: mine\n   :figure: {figure}\n", conf=CONF)
    write_pair(book, "mine", ONE.format("np.cos(x)"), other=ONE.format("np.sin(x)"))
    built = book.build(warnings=True)
    (warning,) = built.warnings
    assert parse(warning).quantity == "value"
    assert built.drawn == {"shared": ["mine (numpy)"], "each": ["mine (duals)", "mine (numpy)"], "none": []}[figure]
    assert "Dual numbers 1.0 disagrees" in note_of(built.read("index.html"), 0)


@pytest.mark.usefixtures("duals")
def test_default_framework_outside_the_tabs_is_the_one_to_compare_with(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: mine\n", conf=CONF + "optviz_frameworks = ['duals']\n")
    write_pair(book, "mine", ONE.format("np.cos(x)"), other=ONE.format("np.sin(x)"))
    built = book.build(warnings=True)
    told = parse(built.warnings[0])
    assert told.framework == "duals"
    assert "disagrees with NumPy's" in built.warnings[0]
    assert built.drawn == ["mine (numpy)"]


@pytest.mark.usefixtures("duals")
def test_one_framework_alone_is_compared_with_nobody(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: mine\n   :frameworks: duals\n", conf=CONF)
    write_pair(book, "mine", ONE.format("np.cos(x)"), other=ONE.format("np.sin(x)"))
    built = book.build()
    assert built.compared == []
    assert "optviz-note" not in built.read("index.html")


@pytest.mark.usefixtures("duals")
def test_same_fault_on_other_points_is_told_where_it_is_new(make_book: Any) -> None:
    page = ".. optplot:: mine\n\n.. optplot:: mine\n   :code: below\n\n.. optplot:: mine\n   :x: 0 : 5\n"
    book: Book = make_book(page=page, conf=CONF)
    write_pair(book, "mine", ONE.format("np.cos(x)"), other=ONE.format("np.sin(x)"))
    built = book.build(warnings=True)
    assert [parse(warning).line for warning in built.warnings] == [4, 9]
    assert len(re.findall("Dual numbers 1.0 disagrees", built.read("index.html"))) == 3


# ---- what the author can say


@pytest.mark.usefixtures("duals")
def test_agreement_off_compares_nothing(make_book: Any) -> None:
    built = build_pair(make_book, ONE.format("np.cos(x)"), ONE.format("np.sin(x)"), optviz_agreement="off")
    assert (built.warnings, built.compared) == ([], [])
    assert "optviz-note" not in built.read("index.html")
    assert built.runs == ["fine (duals)", "fine (numpy)", "mine (duals)", "mine (numpy)"]
    assert built.searched == ["mine (numpy)"], "where there is a figure, by the framework that is drawn"


@pytest.mark.usefixtures("duals")
def test_agreement_that_is_suppressed_is_not_told_and_still_on_the_page(make_book: Any) -> None:
    built = build_pair(
        make_book, ONE.format("np.cos(x)"), ONE.format("np.sin(x)"), suppress_warnings=["optviz.agreement"]
    )
    assert built.warnings == []
    assert "Dual numbers 1.0 disagrees" in note_of(built.read("index.html"), 0)


@pytest.mark.usefixtures("duals")
def test_tolerances_are_those_of_the_author(make_book: Any) -> None:
    right, wrong = ONE.format("np.exp(x)"), ONE.format("1.001 * np.exp(x)")
    wide = build_pair(make_book, right, wrong, optviz_tolerances={"float64": 1e-2})
    assert wide.warnings == []
    assert re.search(r"agree \(largest difference 3·10⁻³\)", wide.read("index.html"))
    other = lambda **more: make_book(folder="other", **more)  # noqa: E731
    narrow = build_pair(other, ONE.format("np.exp(x)"), ONE.format("np.exp(1.0000000000001 * x)"))
    assert narrow.warnings == []
    strict = Book(Path(narrow.app.srcdir)).build(warnings=True, optviz_tolerances={"float64": 1e-15})
    assert parse(strict.warnings[0]).quantity == "value", "the memory of comparisons does not hide the change"


TWINS = """\
from pathlib import Path

from sphinx_optviz.frameworks import Framework

TWINS = Framework(name="twins", label="Twins", module="hyperduals", adapter=Path({adapter!r}))
"""


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[None]:
    """A third framework: the same numbers under another name."""
    site = tmp_path / "site"
    info = site / "optviz_twins-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: optviz-twins\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sphinx_optviz.frameworks]\ntwins = optviz_test_twins:TWINS\n")
    adapter = str(PLUGIN / "optviz_hyperduals" / "adapter.py")
    (site / "optviz_test_twins.py").write_text(TWINS.format(adapter=adapter))
    with installed(site, PLUGIN):
        yield


@pytest.mark.usefixtures("twins")
@pytest.mark.parametrize(
    ("first", "second", "third", "who", "blamed"),
    [
        ("np.sin(x)", "np.cos(x)", "np.cos(x)", ["duals", "twins"], True),
        ("np.sin(x)", "np.cos(x)", "np.exp(x)", ["duals", "twins"], False),
        ("np.cos(x)", "np.cos(x)", "np.exp(x)", ["twins"], False),
        ("np.cos(x)", "np.cos(x)", "np.cos(x)", [], False),
    ],
    ids=["all against the default", "all different", "one alone", "none"],
)
def test_default_is_suspected_when_all_others_agree_with_each_other(
    make_book: Any, first: str, second: str, third: str, who: list[str], blamed: bool
) -> None:
    book: Book = make_book(page=".. optplot:: mine\n", conf=CONF + "optviz_frameworks = ['numpy', 'duals', 'twins']\n")
    write_pair(book, "mine", ONE.format(first), other=ONE.format(second))
    book.landscape("mine", IMPORTS["duals"] + ONE.format(third), framework="twins")
    built = book.build(warnings=True)
    assert [re.findall(r"WARNING: (.*?):", warning) for warning in built.warnings] == [
        [f"mine ({name})"] for name in who
    ]
    suspicion = "The frameworks that differ from NumPy agree with each other, so look at NumPy first"
    assert [suspicion in warning for warning in built.warnings] == [blamed] * len(who)
    note = note_of(built.read("index.html"), 0)
    if len(who) == 2:
        assert re.fullmatch(r"Dual numbers 1\.0 and Twins 1\.0 disagree with NumPy [\d.]+\.", note)
    elif who:
        assert note.endswith(f"Twins 1.0 disagrees with NumPy {note.split()[1]}.")
        assert note.startswith("NumPy ")
    else:
        assert re.match(r"NumPy [\d.]+, Dual numbers 1\.0 and Twins 1\.0 agree", note)


# ---- no false alarms

LANDSCAPES = Path(sphinx_optviz.landscapes.__file__).parent
BUILT_IN_ONES = ("cubic", "local_minima", "risk", "saddle", "vanishing_gradient")

DOMAINS = [
    "-1 : 1",
    "-1 : 1 : 2",
    "0 : 1 : 1001",
    "-2 : 5",
    "-0.001 : 0.002",
    "0 : 1e-6",
    "-1e-9 : 1e-9",
    "-1e-100 : 1e-100",
    "0.333 : 0.334",
    "-5 : -4",
    "10 : 11",
    "-20 : 20",
    "100 : 101",
    "1000 : 1001",
    "-1000.5 : -1000",
    "12345.6 : 12345.7",
    "1e6 : 1000001",
    "1e6 : 1000000.001",
    "0 : 100",
    "0 : 10000",
    "-1e8 : 1e8",
    "1e10 : 1.1e10",
    "-1e50 : 1e50",
    "1e90 : 2e90",
]


def name_of(domain: str) -> str:
    return re.sub(r"\W", "_", domain)


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, dict[str, list[int]]]:
    """All built-in landscapes over all domains in both frameworks; and the lines of each domain's plots."""
    book = Book(tmp_path_factory.mktemp("built_in"))
    for name in BUILT_IN_ONES:
        for path in (LANDSCAPES / name).iterdir():
            if path.name in ("numpy.py", "landscape.toml"):
                book.write(f"landscapes/{name}/{path.name}", path.read_text())
        code = (LANDSCAPES / name / "numpy.py").read_text()
        book.write(f"landscapes/{name}/duals.py", code.replace("import numpy as np", "import hyperduals as np"))
    page, lines = over_domains(DOMAINS)
    book.write("conf.py", CONF)
    book.write("index.rst", page)
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


@pytest.mark.parametrize("domain", DOMAINS, ids=name_of)
def test_built_in_landscapes_raise_no_false_alarm(built_in: tuple[Built, dict[str, list[int]]], domain: str) -> None:
    built, lines = built_in
    assert [warning for line in lines[domain] for warning in warnings_at(built, line)] == []


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
def hard(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, str]:
    book = Book(tmp_path_factory.mktemp("hard"))
    for name, (text, domain) in HARD.items():
        write_pair(book, name, _of(text, domain), domain=domain)
    page = page_of(dict.fromkeys(HARD, ":figure: none"))
    book.write("conf.py", CONF + "suppress_warnings = ['optviz.not_finite']\n")
    book.write("index.rst", page)
    with installed():
        return book.build(warnings=True), page


@pytest.mark.parametrize("name", HARD)
def test_code_that_is_right_and_hard_to_differentiate_raises_no_false_alarm(hard: tuple[Built, str], name: str) -> None:
    built, page = hard
    assert warnings_at(built, line_of(page, name)) == []


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
def really_faulty(needs: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, str]:
    """A book with all faults of the real frameworks, a plot each."""
    need_all(needs)
    book = Book(tmp_path_factory.mktemp("really_faulty"))
    for name, fault in REAL_FAULTS.items():
        for framework in ALL_FRAMEWORKS:
            text = fault.wrong if framework == fault.framework else fault.right
            book.landscape(name, MODULES[framework] + _of(text, fault.domain), framework=framework, domain=fault.domain)
    page = page_of(dict.fromkeys(REAL_FAULTS, ":figure: none"))
    book.write("conf.py", REAL_CONF)
    book.write("index.rst", page)
    return book.build(warnings=True), page


@pytest.mark.framework
@pytest.mark.parametrize("name", REAL_FAULTS)
def test_fault_of_a_real_framework_is_told(really_faulty: tuple[Built, str], name: str) -> None:
    built, page = really_faulty
    fault = REAL_FAULTS[name]
    found = warnings_at(built, line_of(page, name))
    others = [other for other in ALL_FRAMEWORKS if other != "pytorch"]
    blamed = others if name.startswith("default") else [fault.framework]
    assert [re.findall(r"WARNING: \w+ \((\w+)\)", warning)[0] for warning in found] == blamed
    for warning in found:
        assert fault.words in warning
        assert warning.endswith(f"[optviz.{fault.subtype}]")
    names = list(REAL_FAULTS)
    if fault.subtype == "agreement" and "precision" not in fault.words and not name.startswith("single"):
        sentences = [note_of(built.read("index.html"), index) for index in [names.index(name)]]
        for framework in blamed:
            assert BUILT_IN[framework].label in sentences[0].rpartition(" disagree")[0]


# As each takes a second in some frameworks: what libraries' own functions may differ in.
REAL_DOMAINS = ["-2 : 5", "-20 : 20", "0 : 1e-6", "1e6 : 1000001", "1000 : 1001", "0 : 10000", "-1e-100 : 1e-100"]


@pytest.mark.framework
def test_real_frameworks_raise_no_false_alarm(needs: Callable[[str], None], tmp_path: Path) -> None:
    """All built-in landscapes over several domains, in all frameworks and NumPy."""
    need_all(needs)
    book = Book(tmp_path / "book")
    page, lines = over_domains(REAL_DOMAINS)
    book.write("conf.py", REAL_CONF + "optviz_frameworks = ['pytorch', 'mxnet', 'jax', 'tensorflow', 'numpy']\n")
    book.write("index.rst", page)
    built = book.build(warnings=True)
    by_line = {
        line: f"{name} on {domain}" for domain in lines for name, line in zip(BUILT_IN_ONES, lines[domain], strict=True)
    }
    told = [f"{what}: {warning}" for line, what in by_line.items() for warning in warnings_at(built, line)]
    assert told == []
    assert built.warnings == []
    assert built.read("index.html").count(" agree (largest difference") == len(by_line)
