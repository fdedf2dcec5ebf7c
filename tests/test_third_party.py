"""A framework of another package: found by its entry point, run and compared like those that are built in."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from conftest import page
from duals import CONF, PLUGIN, installed, write_pair

from sphinx_optviz.frameworks import UnknownFrameworkError, framework, framework_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Book, MakeBook

WAVE = "\n\ndef f(x):\n    return x * np.cos(3 * x) + np.tanh(x) ** 2 - 1 / (2 + x)\n"
BOWL = "\n\ndef f(x, y):\n    return x**2 * np.exp(-y) + np.sin(x * y)\n"
PLANE = "x = [-1, 1]\ny = [0, 2]"


# ---- one that works


@pytest.mark.usefixtures("duals")
def test_framework_of_another_package_is_known_by_its_name() -> None:
    assert framework("duals").label == "Dual numbers"
    assert framework_names()[-1] == "duals"


@pytest.mark.usefixtures("duals")
def test_framework_of_another_package_runs_beside_numpy_and_agrees(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: wave\n\n.. optplot:: bowl\n   :figure: each\n", conf=CONF)
    write_pair(book, "wave", WAVE)
    write_pair(book, "bowl", BOWL, domain=PLANE)
    built = book.build()
    assert built.runs == built.compared == ["bowl (duals)", "bowl (numpy)", "wave (duals)", "wave (numpy)"]
    assert built.drawn == ["bowl (duals)", "bowl (numpy)", "wave (numpy)"]
    shown = built.page()
    tabs = [(tab["aria-selected"], tab.get_text()) for tab in shown.all('[role="tab"]')]
    assert tabs == [("true", "NumPy"), ("false", "Dual numbers")] * 2
    assert shown.text.count("hyperduals") == 2, "the code of its tab, once a plot"
    assert len(shown.notes) == 2
    for note in shown.notes:
        assert re.search(r"NumPy [\d.]+ and Dual numbers 1\.0 agree \(largest difference", note)
    assert "hyperduals" not in sys.modules, "what runs code is not imported by what builds the book"
    again = book.build()
    assert (again.runs, again.compared, again.drawn) == ([], [], [])


@pytest.mark.usefixtures("duals")
def test_fault_in_its_code_is_found(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: wave\n\n.. optplot:: bowl\n", conf=CONF)
    write_pair(book, "wave", WAVE)
    write_pair(book, "bowl", BOWL, other=BOWL.replace("x**2", "x**3"), domain=PLANE)
    built = book.build(warnings=True)
    (warning,) = built.warnings
    assert warning.startswith(
        f"{book.folder / 'index.rst'}:6: WARNING: bowl (duals): the value of f disagrees with NumPy's"
    )
    assert warning.endswith("[optviz.agreement]")
    notes = built.page().notes
    assert ["Dual numbers 1.0 agree" in note for note in notes] == [True, False]
    assert ["Dual numbers 1.0 disagrees" in note for note in notes] == [False, True]


@pytest.mark.usefixtures("duals")
def test_its_derivatives_are_compared_and_not_its_values_alone(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: wave\n", conf=CONF)
    stopped = WAVE.replace("np.tanh(x)", "np.tanh(np.stop_gradient(x))")
    write_pair(book, "wave", WAVE, other=stopped)
    (warning,) = book.build(warnings=True).warnings
    assert "wave (duals): the gradient of f disagrees with NumPy's" in warning
    assert "Hessians disagree too" in warning


@pytest.mark.usefixtures("duals")
def test_its_code_fails_at_its_own_line(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: wave\n", conf=CONF)
    write_pair(book, "wave", WAVE, other="\n\ndef f(x):\n    return np.sinh(x)\n")
    (warning,) = book.build(warnings=True).warnings
    assert warning.startswith(f"{book.folder / 'landscapes/wave/duals.py'}:5: WARNING: wave (duals): AttributeError")
    assert warning.endswith("[optviz.execution]")


@pytest.mark.usefixtures("duals")
def test_it_can_be_the_default_framework(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: wave\n", conf=CONF + "optviz_default_framework = 'duals'\n")
    write_pair(book, "wave", WAVE)
    assert book.build().drawn == ["wave (duals)"]


@pytest.mark.usefixtures("duals")
def test_result_that_is_not_its_own_number_is_an_error(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: wave\n", conf=CONF)
    write_pair(book, "wave", WAVE, other="\n\ndef f(x):\n    return x.value\n")
    warnings = book.build(warnings=True).warnings
    assert "expected a hyperduals.Dual from the function, got ndarray" in warnings[0]


@pytest.mark.usefixtures("duals")
def test_store_stands_in_where_its_library_is_missing(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: wave\n", conf=CONF)
    write_pair(book, "wave", WAVE)
    before = book.build().read("index.html")
    missing: Any = {"optviz_interpreters": {"duals": "/nowhere/python"}}
    assert book.build(**missing).read("index.html") == before
    for entry in book.store:
        entry.unlink()
    built = book.build(warnings=True, **missing)
    (warning,) = built.warnings
    assert "Dual numbers was not run" in warning
    assert "Dual numbers: this code was not run" in built.read("index.html")


def test_library_that_is_not_installed_is_told_without_a_setup_to_offer(make_book: Any) -> None:
    with installed() as patch:
        book: Book = make_book(page=".. optplot:: wave\n\n.. optplot:: bowl\n", conf=CONF)
        write_pair(book, "wave", WAVE)
        write_pair(book, "bowl", BOWL, domain=PLANE)
        absent = PLUGIN / "hyperduals.py"
        patch.setattr("importlib.util.find_spec", _without(absent.stem))
        (warning,) = book.build(warnings=True).warnings
    assert warning.startswith(f"{book.folder / 'index.rst'}:4: WARNING: Dual numbers was not run: there is no module")
    assert "setup" not in warning, "it does not say what to install"
    assert warning.endswith("[optviz.framework_missing]")


def _without(module: str) -> Any:
    import importlib.util

    find_spec = importlib.util.find_spec
    return lambda name, package=None: None if name == module else find_spec(name, package)


# ---- those that do not

HEAD = "from pathlib import Path\n\nfrom sphinx_optviz.frameworks import Framework\n\n"
FRAMEWORK = HEAD + "X = Framework(name='{name}', label='Broken', module='{module}', adapter={adapter})\n"
RIGHT = FRAMEWORK.format(name="broken", module="numpy", adapter="Path(__file__)")

BROKEN_ENTRIES = {
    "no module": (None, "cannot be loaded: ModuleNotFoundError: No module named"),
    "no such name": ("Y = 1\n", "cannot be loaded: AttributeError"),
    "raises": ("raise RuntimeError('not\\ntoday')\n", "cannot be loaded: RuntimeError: not"),
    "exits": ("raise SystemExit('not today')\n", "cannot be loaded: SystemExit: not today"),
    "something else": ("X = 3\n", "must lead to a Framework with this name"),
    "other name": (RIGHT.replace("'broken'", "'another'"), "must lead to a Framework with this name"),
    "no adapter": (RIGHT.replace("__file__", "'nowhere.py'"), "and with an adapter file"),
    "adapter as text": (RIGHT.replace("Path(__file__)", "'adapter.py'"), "and with an adapter file"),
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder to install a package in."""
    return tmp_path / "site"


def install(site: Path, code: str | None, module: str, entry: str = "broken") -> Path:
    """A package with the framework ``broken``; returns *site*. Python imports a *module* once: name a new one."""
    info = site / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[sphinx_optviz.frameworks]\n{entry} = {module}:X\n", encoding="utf-8")
    if code is not None:
        (site / f"{module}.py").write_text(code, encoding="utf-8")
    return site


def slug(fault: str) -> str:
    """The name of the framework whose entry point has *fault*."""
    return f"broken_{fault.replace(' ', '_')}"


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[None]:
    """A package for each fault; its framework is called after the fault."""
    site = tmp_path / "site"
    for fault, (code, _) in BROKEN_ENTRIES.items():
        named = code.replace("name='broken'", f"name='{slug(fault)}'") if code else code
        install(site, named, f"optviz_test_{slug(fault)}", entry=slug(fault))
    with installed(site):
        yield


@pytest.mark.usefixtures("only_numpy", "broken")
def test_entry_point_that_is_broken_costs_the_option_that_names_it(make_book: MakeBook) -> None:
    book = make_book(page=".. toctree::\n   :glob:\n\n   *\n")
    for fault in BROKEN_ENTRIES:
        plots = [f".. optplot:: cubic\n   :frameworks: numpy, {slug(fault)}\n", ".. optplot:: saddle\n"]
        book.write(f"{slug(fault)}.rst", page(*plots))
    built = book.build(warnings=True)
    assert built.runs == ["cubic (numpy)", "saddle (numpy)"]
    messages = {message.file: message for message in built.messages}
    assert len(built.messages) == len(messages) == len(BROKEN_ENTRIES)
    for fault, (_, words) in BROKEN_ENTRIES.items():
        message = messages[f"{slug(fault)}.rst"]
        assert (message.line, message.subtype) == (5, "directive")
        assert message.text.startswith(f":frameworks: 'numpy, {slug(fault)}' is not valid")
        assert f"of the framework '{slug(fault)}' " in message.text
        assert words in message.text
        assert len(built.page(f"{slug(fault)}.html").alts) == 2


@pytest.mark.usefixtures("only_numpy", "broken")
def test_entry_point_that_is_broken_costs_the_value_that_names_it(make_book: MakeBook) -> None:
    book = make_book(page=".. optplot:: cubic\n   :frameworks: numpy\n\n.. optplot:: saddle\n")
    for fault, (_, words) in BROKEN_ENTRIES.items():
        built = book.build(
            warnings=True, optviz_default_framework=slug(fault), suppress_warnings=["optviz.framework_missing"]
        )
        (message,) = built.messages
        assert (message.file, message.line, message.subtype) == ("conf.py", 1, "config")
        assert message.text.startswith(f"optviz_default_framework = '{slug(fault)}' is not valid")
        assert words in message.text
        assert len(built.page().alts) == 2


@pytest.mark.parametrize("module", ["optviz_test_gone", "optviz_test_gone.inner", "numpy.optviz_test_gone"])
def test_framework_whose_library_is_nowhere_is_missing(make_book: Any, site: Path, module: str) -> None:
    book: Book = make_book(page=".. optplot:: mine\n   :frameworks: numpy, broken\n")
    code = f"import {module}\n\nMETHODS = {{}}\n"
    for name in ("numpy", "broken"):
        book.landscape("mine", "def f(x):\n    return x\n", framework=name)
    name = f"optviz_test_missing_{module.replace('.', '_')}"
    text = FRAMEWORK.format(name="broken", module=module, adapter="Path(__file__).parent / 'adapter.py'")
    install(site, text, name)
    (site / "adapter.py").write_text(code, encoding="utf-8")
    with installed(site):
        (warning,) = book.build(warnings=True).warnings
    assert warning.startswith(f"{book.folder / 'index.rst'}:4: WARNING: Broken was not run: there is no module")
    assert warning.endswith("[optviz.framework_missing]")


def test_adapter_that_does_not_load_is_a_framework_that_is_broken(make_book: Any, site: Path) -> None:
    book: Book = make_book(page=".. optplot:: mine\n   :frameworks: numpy, broken\n\n.. optplot:: cubic\n")
    for name in ("numpy", "broken"):
        book.landscape("mine", "def f(x):\n    return x\n", framework=name)
    text = RIGHT.replace("Path(__file__)", "Path(__file__).parent / 'adapter.py'")
    install(site, text, "optviz_test_bad_adapter")
    (site / "adapter.py").write_text("def version():\n    return 1 / 0\n", encoding="utf-8")
    with installed(site):
        built = book.build(warnings=True)
    (warning,) = built.warnings
    assert warning.startswith(f"{book.folder / 'index.rst'}:4: WARNING: Broken was not run: ZeroDivisionError")
    assert warning.endswith("[optviz.framework_broken]")
    assert len(built.page().alts) == 2


def test_entry_point_with_capitals_is_found_or_told_of(site: Path) -> None:
    text = RIGHT.replace("'broken'", "'Broken'")
    with installed(install(site, text, "optviz_test_capitals", entry="Broken")):
        for name in ("Broken", "broken"):
            try:
                assert framework(name.lower()).label == "Broken"
            except UnknownFrameworkError as error:
                assert "Did you mean 'Broken'?" not in str(error), "it was just refused"  # noqa: PT017


def test_entry_point_does_not_replace_what_is_built_in(site: Path) -> None:
    with installed(install(site, "raise RuntimeError('imported')\n", "optviz_test_usurper", entry="numpy")):
        assert framework("numpy").label == "NumPy"
        assert framework_names().count("numpy") == 1
    assert "optviz_test_usurper" not in sys.modules
