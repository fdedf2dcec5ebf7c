"""Landscapes: found by name, checked with the line of what is wrong, and the built-in ones in all their languages."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy
import pytest
from conftest import ALL_FRAMEWORKS, outcomes_of, settings_with

import sphinx_optviz.landscapes
from sphinx_optviz.comparison import Pair, compare
from sphinx_optviz.frameworks import BUILT_IN as FRAMEWORKS
from sphinx_optviz.landscapes import Catalogue, LandscapeError
from sphinx_optviz.model import PlotSpec
from sphinx_optviz.plan import plan
from sphinx_optviz.runs import Axis, Operation, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUILT_IN = (
    "ackley",
    "beale",
    "booth",
    "cubic",
    "double_well",
    "easom",
    "goldstein_price",
    "himmelblau",
    "ill_conditioned",
    "levy_13",
    "local_minima",
    "matyas",
    "michalewicz",
    "monkey_saddle",
    "plateau_and_cliff",
    "rastrigin",
    "ravine",
    "risk",
    "rosenbrock",
    "saddle",
    "six_hump_camel",
    "sphere",
    "styblinski_tang",
    "three_hump_camel",
    "vanishing_gradient",
)
# Differences between frameworks, relative to the largest number. NumPy's derivatives are differences of values: where
# a function oscillates they have fewer digits.
LARGEST: Mapping[Operation, float] = {"values": 1e-14, "gradients": 1e-6, "hessians": 1e-5}
HEAD = 'title = "Bowl"\nformula = "f(x) = x^2"\n'
TOML = HEAD + "[domain]\nx = [-1, 1]\n"
CODE = "def f(x):\n    return x**2\n"


def write(folder: Path, name: str = "bowl", toml: str | bytes = TOML, code: dict[str, str] | None = None) -> Path:
    """A landscape below *folder*; returns *folder*."""
    place = folder / name
    place.mkdir(parents=True)
    (place / "landscape.toml").write_bytes(toml.encode() if isinstance(toml, str) else toml)
    for framework, text in ({"numpy": CODE} if code is None else code).items():
        (place / f"{framework}.py").write_text(text, encoding="utf-8")
    return folder


def error_of(folder: Path, name: str = "bowl") -> LandscapeError:
    with pytest.raises(LandscapeError) as caught:
        Catalogue([folder]).get(name)
    return caught.value


# ---- what is built in


def test_built_in_landscapes_are_those_of_this_file() -> None:
    folder = Path(sphinx_optviz.landscapes.__file__).parent
    assert tuple(sorted(path.parent.name for path in folder.glob("*/landscape.toml"))) == BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_landscape_has_code_for_every_framework(name: str) -> None:
    assert list(Catalogue([]).get(name).sources) == sorted(FRAMEWORKS)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_code_defines_the_functions_with_one_argument_a_variable(name: str, framework: str) -> None:
    landscape = Catalogue([]).get(name)
    module = ast.parse(landscape.sources[framework].text)
    defined = {
        node.name: [arg.arg for arg in node.args.args] for node in module.body if isinstance(node, ast.FunctionDef)
    }
    variables = [axis.name for axis in landscape.axes]
    assert defined == {function.name: variables for function in landscape.functions}


@pytest.mark.framework
@pytest.mark.parametrize("framework", ALL_FRAMEWORKS)
def test_built_in_code_of_every_framework_agrees_with_numpys(
    needs: Callable[[str], None], gallery: Path, framework: str
) -> None:
    needs(framework)
    settings = settings_with(frameworks=(framework, "numpy"), default_framework=framework)
    plots = [plan(PlotSpec(landscapes=(name,)), settings, Catalogue([]).get_all([name])) for name in BUILT_IN]
    runs = [run for plot in plots for name in (framework, "numpy") for run in plot.comparisons(name)]
    results = outcomes_of(runs, settings, gallery)
    for plot in plots:
        (mine,), (reference,) = plot.comparisons(framework), plot.comparisons("numpy")
        pair = Pair(mine, result_in(results[mine.key]), result_in(results[reference.key]))
        comparison = compare([pair], {})
        assert comparison.disagreements == (), mine.label
        assert comparison.uncompared == (), mine.label
        for operation, allowed in LARGEST.items():
            assert comparison.largest[operation] <= allowed * largest_in(pair.reference, operation), mine.label


def result_in(outcome: Outcome) -> Result:
    assert isinstance(outcome, Result), outcome
    return outcome


def largest_in(result: Result, operation: Operation) -> float:
    arrays = [numpy.frombuffer(array.data) for key, array in result.arrays.items() if key[0] == operation]
    return max(float(numpy.abs(array[numpy.isfinite(array)]).max()) for array in arrays)


# ---- finding


def test_folder_becomes_a_landscape(tmp_path: Path) -> None:
    toml = (
        'title = "Two"\nformula = "f, g"\nview = "heatmap"\n'
        "[domain]\nu = [-1, 1.5]\nv = [0, 2, 11]\n"
        '[functions.f]\nlabel = "first"\n[functions.g]\n'
    )
    folder = write(tmp_path, "two", toml, {"jax": CODE, "pytorch": CODE})
    landscape = Catalogue([folder]).get("two")
    assert (landscape.name, landscape.title, landscape.formula) == ("two", "Two", "f, g")
    assert landscape.axes == (Axis("u", -1.0, 1.5, 101), Axis("v", 0.0, 2.0, 11))
    assert landscape.view == "heatmap"
    assert [(function.name, function.label) for function in landscape.functions] == [("f", "first"), ("g", "")]
    assert list(landscape.sources) == ["jax", "pytorch"]
    assert landscape.sources["jax"].text == CODE
    assert landscape.sources["jax"].path == (folder / "two" / "jax.py").resolve()


@pytest.mark.parametrize(
    ("domain", "view", "counts"),
    [("x = [-1, 1]", "curve", [201]), ("x = [-1, 1]\ny = [0, 1]", "contour", [101, 101])],
    ids=["one-variable", "two-variables"],
)
def test_what_is_left_out_has_a_default(tmp_path: Path, domain: str, view: str, counts: list[int]) -> None:
    landscape = Catalogue([write(tmp_path, toml=f"{HEAD}[domain]\n{domain}\n")]).get("bowl")
    assert landscape.view == view
    assert [axis.count for axis in landscape.axes] == counts
    assert [(function.name, function.label) for function in landscape.functions] == [("f", "")]


def test_the_authors_folder_comes_before_the_built_in_one(tmp_path: Path) -> None:
    assert Catalogue([write(tmp_path, "saddle")]).get("saddle").title == "Bowl"


def test_folders_are_searched_in_their_order(tmp_path: Path) -> None:
    first = write(tmp_path / "one", toml=TOML.replace("Bowl", "First"))
    second = write(tmp_path / "two")
    assert Catalogue([first, second]).get("bowl").title == "First"


def test_folder_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    assert Catalogue([tmp_path / "nothing"]).get("saddle").title == "Saddle"


def test_folder_is_read_once(tmp_path: Path) -> None:
    catalogue = Catalogue([write(tmp_path)])
    before = catalogue.get("bowl")
    (tmp_path / "bowl" / "landscape.toml").unlink()
    assert catalogue.get("bowl") is before


def test_error_is_the_same_each_time(tmp_path: Path) -> None:
    catalogue = Catalogue([write(tmp_path, toml="title = 1\n")])
    errors = []
    for _ in range(2):
        with pytest.raises(LandscapeError) as caught:
            catalogue.get("bowl")
        errors.append(caught.value)
    assert errors[0] is errors[1]


@pytest.mark.parametrize(("name", "nearest"), [("sadle", "saddle"), ("Cubic", "cubic"), ("bowle", "bowl")])
def test_unknown_name_gets_the_nearest_one_there_is(tmp_path: Path, name: str, nearest: str) -> None:
    error = error_of(write(tmp_path), name)
    assert str(error) == f"unknown landscape {name!r}. Did you mean {nearest!r}?"
    assert (error.path, error.line) == (None, 0)


def test_unknown_name_that_is_like_none_gets_them_all(tmp_path: Path) -> None:
    assert str(error_of(write(tmp_path), "qqq")).endswith(f"There are: {', '.join(sorted([*BUILT_IN, 'bowl']))}.")


@pytest.mark.parametrize(
    "name",
    ["../outside", "inside/../../outside", "..", ".", "", "inside/bowl", "{tmp}/outside", "bowl/", "bowl\0", "b" * 300],
)
def test_name_is_the_name_of_one_folder(tmp_path: Path, name: str) -> None:
    write(tmp_path, "outside")
    write(tmp_path / "inside")
    for folder in (tmp_path, tmp_path / "inside"):
        (folder / "landscape.toml").write_text(TOML, encoding="utf-8")
    error = error_of(tmp_path / "inside", name.format(tmp=tmp_path))
    assert "unknown landscape" in str(error)
    assert error.path is None


# ---- landscape.toml


@pytest.mark.parametrize(
    ("toml", "line", "message"),
    [
        ('formula = "x"\n[domain]\nx = [0, 1]\n', 1, "'title' must be given"),
        ('title = ""\nformula = "x"\n[domain]\nx = [0, 1]\n', 1, "'title' must be given"),
        ('title = "t"\n[domain]\nx = [0, 1]\n', 1, "'formula' must be given"),
        ('title = "t"\n\nformula = 3\n[domain]\nx = [0, 1]\n', 3, "'formula' must be given"),
        (HEAD, 1, r"a \[domain\] table must be given"),
        (HEAD + "domain = 3\n", 3, r"a \[domain\] table must be given"),
        (HEAD + "\n[domain]\n", 4, r"a \[domain\] table must be given"),
        (HEAD + "[domain]\nx = [0, 1]\ny = [0, 1]\nz = [0, 1]\n", 3, "one or two variables, not 3"),
        (HEAD + "[domain]\nx = [0, 1]\ny = [1, 0]\n", 5, "'y' must be .* with low < high"),
        (HEAD + "[domain]\nx = [1, 1]\n", 4, "'x' must be"),
        (HEAD + "[domain]\nx = [1]\n", 4, "'x' must be"),
        (HEAD + "[domain]\nx = [0, 1, 5, 7]\n", 4, "'x' must be"),
        (HEAD + "[domain]\nx = 3\n", 4, "'x' must be"),
        (HEAD + '[domain]\nx = ["0", "1"]\n', 4, "'x' must be"),
        (HEAD + "[domain]\nx = [false, true]\n", 4, "'x' must be"),
        (HEAD + "[domain]\nx = [0, inf]\n", 4, "'x' must be"),
        (HEAD + "[domain]\nx = [nan, 1]\n", 4, "'x' must be"),
        ("formula = 'f(x) = \\sin x.'\ntitle = 't'\n[domain]\nx = [2, 1]\n", 4, "'x' must be"),
        ("title = 'About f.'\nformula = 'x'\n[domain]\nx = [1, 2]\n[functions.f]\nlabel = 3\n", 5, "may hold a label"),
        ('# view = "curve"\nview = "contour"\n' + TOML, 2, "unknown view 'contour'"),
        (HEAD + f"[domain]\nx = [0, 1{'0' * 5000}]\n", 5, "not valid TOML"),
        (HEAD + f"[domain]\nx = [0, 1{'0' * 400}]\n", 4, "'x' must be"),
        (HEAD + "[domain]\nx = [0, 1, 1]\n", 4, "the number of points of 'x'"),
        (HEAD + "[domain]\nx = [0, 1, 100001]\n", 4, "the number of points of 'x'"),
        (HEAD + "[domain]\nx = [0, 1, 10.5]\n", 4, "the number of points of 'x'"),
        (HEAD + '[domain]\n"x y" = [0, 1]\n', 4, "'x y' is not a name of a variable"),
        (HEAD + "\ndomain = { x = [1, 0] }\n", 4, "'x' must be"),
        (HEAD + "\ndomain.x = [1, 0]\n", 4, "'x' must be"),
        (TOML + '[domian]\nx = "y"\n', 5, "unknown key 'domian'. Did you mean 'domain'?"),
        ('# A comment.\nauthor = "me"\n' + TOML, 2, "unknown key 'author'. There are: title"),
        ('view = "contour"\n' + TOML, 1, r"unknown view 'contour' for 1 variable\(s\)"),
        ('view = "curv"\n' + TOML, 1, "Did you mean 'curve'?"),
        ("view = 3\n" + TOML, 1, "unknown view 3"),
        ('view = "curve"\n' + TOML + "y = [0, 1]\n", 1, "unknown view 'curve' for 2"),
        ("functions = 3\n" + TOML, 1, "'functions' must hold one table a function"),
        (TOML + "[functions]\n", 5, "'functions' must hold one table a function"),
        (TOML + "[functions.f]\nlabel = 3\n", 5, r"\[functions.f\] may hold a label, as text, and nothing else"),
        (TOML + '[functions.f]\n[functions.g]\nlable = "g"\n', 6, r"\[functions.g\] may hold a label"),
        (TOML + '[functions."f g"]\n', 5, "'f g' is not a name of a function"),
        (HEAD + "[domain]\nx = [0, 1\ny = 3\n", 5, "not valid TOML"),
        (TOML + "x = [0, 1]\n", 5, "not valid TOML"),
        (TOML + "[functions", 5, "not valid TOML"),
        (TOML + "deep = " + "[" * 100_000, 5, "not valid TOML"),
    ],
    ids=lambda value: value.splitlines()[-1][:40] if isinstance(value, str) and "\n" in value else "",
)
def test_what_is_wrong_in_landscape_toml_is_told_with_its_line(
    tmp_path: Path, toml: str, line: int, message: str
) -> None:
    error = error_of(write(tmp_path, toml=toml))
    assert (error.path, error.line) == (tmp_path / "bowl" / "landscape.toml", line)
    with pytest.raises(LandscapeError, match=message):
        raise error


def test_landscape_toml_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    error = error_of(write(tmp_path, toml=TOML.replace("Bowl", "Böwl").encode("latin-1")))
    assert "cannot read it" in str(error)
    assert error.path == tmp_path / "bowl" / "landscape.toml"


def test_folder_without_landscape_toml_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bowl").mkdir()
    error = error_of(tmp_path)
    assert "has no landscape.toml" in str(error)
    assert error.path == tmp_path / "bowl" / "landscape.toml"


def test_landscape_toml_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bowl" / "landscape.toml").mkdir(parents=True)
    error = error_of(tmp_path)
    assert "cannot read it" in str(error)


def test_landscape_without_code_is_an_error_that_names_the_files_it_may_have(tmp_path: Path) -> None:
    folder = write(tmp_path, code={})
    (folder / "bowl" / "julia.jl").write_text("f(x) = x^2", encoding="utf-8")
    error = error_of(folder)
    assert str(error).endswith(
        "has no code; it needs one or more of pytorch.py, mxnet.py, jax.py, tensorflow.py, numpy.py"
    )


def test_any_python_file_is_code_for_some_framework_may_be_called_like_it(tmp_path: Path) -> None:
    landscape = Catalogue([write(tmp_path, code={"numpy": CODE, "another": "# mine\n"})]).get("bowl")
    assert {name: source.text for name, source in landscape.sources.items()} == {"another": "# mine\n", "numpy": CODE}


def test_code_that_is_not_utf8_is_an_error_at_its_file(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "bowl" / "jax.py").write_bytes("# Kurve für alle".encode("latin-1"))
    error = error_of(tmp_path)
    assert "cannot read it" in str(error)
    assert error.path == tmp_path / "bowl" / "jax.py"


def test_code_is_the_same_text_with_the_line_ends_of_any_system(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "bowl" / "numpy.py").write_bytes(CODE.replace("\n", "\r\n").encode())
    assert Catalogue([tmp_path]).get("bowl").sources["numpy"].text == CODE


# ---- landscapes of installed packages


def install(site: Path, monkeypatch: pytest.MonkeyPatch, module: str, entry: str) -> None:
    """A distribution whose package *module* cannot be imported, with the landscape ``bowl`` beside its code."""
    info = site / "lands-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lands\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[sphinx_optviz.landscapes]\nlands = {entry}\n", encoding="utf-8")
    package = site
    for part in module.split("."):
        package /= part
        package.mkdir()
        (package / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    write(package)
    monkeypatch.syspath_prepend(site)


@pytest.mark.parametrize("module", ["optviz_test_lands", "optviz_test_pack.lands"], ids=["package", "subpackage"])
def test_landscapes_of_an_entry_point_are_found_and_their_package_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    install(tmp_path / "site", monkeypatch, module, module)
    assert Catalogue([]).get("bowl").title == "Bowl"
    assert module.partition(".")[0] not in sys.modules


def test_landscapes_of_an_entry_point_come_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", monkeypatch, "optviz_test_lands", "optviz_test_lands")
    own = write(tmp_path / "own", toml=TOML.replace("Bowl", "Own"))
    assert Catalogue([own]).get("bowl").title == "Own"


@pytest.mark.parametrize("entry", ["optviz_test_gone", "optviz_test_gone.lands", "not a module", "sys"])
def test_entry_point_that_leads_nowhere_does_not_keep_others_from_being_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    install(tmp_path / "site", monkeypatch, "optviz_test_lands", entry)
    with pytest.raises(LandscapeError, match="Did you mean 'saddle'"):
        Catalogue([]).get("sadle")
