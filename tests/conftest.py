"""Small books, built for real."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from duals import IMPORTS, installed
from forkserver import Forkserver
from hypothesis import settings
from jinja2 import BytecodeCache
from reading import Message, Page, message
from sphinx.jinja2glue import BuiltinTemplateLoader
from sphinx.testing.util import SphinxTestApp

from sphinx_optviz import environments
from sphinx_optviz.execute import look_up, run_all, try_out
from sphinx_optviz.frameworks import BUILT_IN
from sphinx_optviz.model import Settings
from sphinx_optviz.processes.launch import SOCKET
from sphinx_optviz.runs import Failure
from sphinx_optviz.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import CodeType

    from jinja2.bccache import Bucket

    from sphinx_optviz.runs import Outcome, Run

# The same examples in every run: a change is judged by what it changed, and not by chance.
settings.register_profile("suite", derandomize=True)
settings.load_profile("suite")

pytest_plugins = "sphinx.testing.fixtures"
collect_ignore = ["roots"]

ROOTS = Path(__file__).parent / "roots"
_STEP = re.compile(r"(running landscapes|drawing figures)\.\.\. \[ *\d+/\d+\] (\S+ \(\w+\))(.*)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")

ALL_FRAMEWORKS = ["pytorch", "mxnet", "jax", "tensorflow"]  # those of the tabs by default; NumPy is always there

_SETTINGS = Settings(
    frameworks=("pytorch", "mxnet", "jax", "tensorflow"),
    names_frameworks=True,
    default_framework="pytorch",
    code_warnings=(),
    interpreters={},
    execute="auto",
    confdir=Path(),
    store=Path("_optviz"),
    landscape_path=(),
    agreement="warn",
    tolerances={},
    timeout=60.0,
    jobs=2,
    rcparams={},
    downloads=True,
    colab_base="",
)


def settings_with(**changes: Any) -> Settings:
    """The default settings, changed."""
    return replace(_SETTINGS, **changes)


def sampled(every: Iterable[Any], sample: Collection[Any]) -> list[Any]:
    """The parameters *every* of a test, tuples where it takes several; those that are not in the *sample* are slow."""
    return [
        pytest.param(*(item if isinstance(item, tuple) else [item]), marks=() if item in sample else pytest.mark.slow)
        for item in every
    ]


def page(*parts: str) -> str:
    """The text of a page: a title, and *parts* below one another."""
    return "Page\n====\n\n" + "\n".join(parts)


@dataclass
class Built:
    """What came of a build."""

    app: SphinxTestApp
    warnings: list[str]
    status: str

    def _steps(self, what: str, purpose: str = "") -> list[str]:
        return sorted(
            name for start, name, its in _STEP.findall(self.status) if (start, its.rstrip()) == (what, purpose)
        )

    @property
    def runs(self) -> list[str]:
        """What was run to draw it, such as ``saddle (numpy)``, or for numbers at a point, sorted."""
        return self._steps("running landscapes")

    @property
    def compared(self) -> list[str]:
        """What was run to compare frameworks, sorted."""
        return self._steps("running landscapes", " to compare")

    @property
    def searched(self) -> list[str]:
        """What was run for critical points, sorted."""
        return self._steps("running landscapes", " for critical points")

    @property
    def drawn(self) -> list[str]:
        """What was drawn, sorted."""
        return self._steps("drawing figures")

    @property
    def written(self) -> list[str]:
        """The documents whose pages were written."""
        return sorted(set(re.findall(r"writing output\.\.\. \[ *\d+%\] ([\w-]+)", self.status)))

    @property
    def messages(self) -> list[Message]:
        """The warnings, each of which has to be one of ours."""
        return [message(warning, Path(self.app.srcdir)) for warning in self.warnings]

    def messages_in(self, file: str) -> list[Message]:
        """Those of one file, which is named relative to the book."""
        return [message for message in self.messages if message.file == file]

    def page(self, name: str = "index.html") -> Page:
        """An HTML page."""
        return Page(self.read(name))

    def read(self, name: str) -> str:
        """An output file's text."""
        return Path(self.app.outdir, name).read_text(encoding="utf-8")

    def files(self, pattern: str) -> list[str]:
        """Names of output files."""
        return sorted(path.name for path in Path(self.app.outdir).glob(pattern))


class Book:
    """A book's sources in a folder of its own; building it asserts that there are no warnings, unless told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def build(self, builder: str = "html", *, warnings: bool = False, parallel: int = 0, **config: Any) -> Built:
        """Build in this process. Doctrees are shared by all builders of the book."""
        status, warning = StringIO(), StringIO()
        patience = socket.getdefaulttimeout()
        app = SphinxTestApp(
            builder,
            srcdir=self.folder,
            builddir=self.folder / "_build",
            status=status,
            warning=warning,
            parallel=parallel,
            confoverrides=config,
            verbosity=1,
        )
        try:
            app.build()
        finally:
            app.cleanup()
            socket.setdefaulttimeout(patience)  # linkcheck changes it; the sockets of the forkserver have none
        lines = [line for line in _COLOUR.sub("", warning.getvalue()).splitlines() if line.strip()]
        assert warnings or not lines, "\n".join(lines)
        return Built(app, lines, _COLOUR.sub("", status.getvalue()))

    def write(self, name: str, text: str) -> None:
        """Put a file into the book."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Edit a file of the book."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def landscape(self, name: str, code: str, *, framework: str = "numpy", domain: str = "x = [-1, 1]") -> None:
        """Give the book a landscape of its own."""
        toml = f"title = '{name}'\nformula = 'f(x)'\n[domain]\n{domain}\n"
        self.write(f"landscapes/{name}/landscape.toml", toml)
        self.write(f"landscapes/{name}/{framework}.py", code)

    @property
    def store(self) -> list[Path]:
        """The entries of its store."""
        return sorted((self.folder / "_optviz").glob("*.jsonl"))


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of real frameworks' results for the whole run: what one test has run, the others take from it.

    Results are found by the code that gave them. Where the demo book has just been run anew, its store is the one.
    """
    if given := os.environ.get("OPTVIZ_TEST_STORE"):
        return Path(given)
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "gallery"


def outcomes_of(runs: Sequence[Run], settings: Settings, folder: Path) -> dict[str, Outcome]:
    """By key, what became of *runs*, each from the store *folder* or run now and kept there."""
    store = Store(folder)
    known, to_run = look_up(runs, settings, store)
    return known | {ran.run.key: ran.outcome for ran in run_all(to_run, settings, store)}


@pytest.fixture(scope="session")
def needs() -> Callable[[str], None]:
    """Skips the test if a framework, given by its name, is not installed; fails it if it is, and does not work."""
    outcomes: dict[str, Any] = {}

    def needs(name: str) -> None:
        if name not in outcomes:
            outcomes.update(try_out([name], _SETTINGS))  # starts nothing where there is no such module
        outcome = outcomes[name]
        if isinstance(outcome, Failure):
            if outcome.subtype == "framework_missing":
                pytest.skip(f"{BUILT_IN[name].label} is not installed")
            pytest.fail(f"{outcome.message}\n{outcome.details}", pytrace=False)

    return needs


@pytest.fixture(scope="session", autouse=True)
def _forkserver() -> Iterator[None]:
    """Children of builds are forked from interpreters that have done their imports."""
    with Forkserver() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(SOCKET, server.address)
        yield


class TemplateCode(BytecodeCache):
    """What Jinja has compiled, for each text of a template."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], CodeType] = {}

    @staticmethod
    def _key(bucket: Bucket) -> tuple[str, ...]:
        # The key is of the path, the checksum of the text; an extension changes what a text means.
        return bucket.key, bucket.checksum, *sorted(bucket.environment.extensions)

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._known.get(self._key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._known[self._key(bucket)] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def _compiled_templates() -> Iterator[None]:
    """Sphinx compiles a theme's templates anew in each build, which is half of what it does for a small book."""
    code, init = TemplateCode(), BuiltinTemplateLoader.init

    def with_code(loader: BuiltinTemplateLoader, *args: Any, **more: Any) -> None:
        init(loader, *args, **more)
        loader.environment.bytecode_cache = code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BuiltinTemplateLoader, "init", with_code)
        yield


@pytest.fixture
def fresh_interpreters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children start as they do for an author: a new interpreter each."""
    monkeypatch.delenv(SOCKET, raising=False)


@pytest.fixture
def duals() -> Iterator[pytest.MonkeyPatch]:
    """A second framework: NumPy's functions, on hyper-dual numbers where landscapes are differentiated."""
    with installed() as patch:
        yield patch


@pytest.fixture(scope="module")
def shared_duals() -> Iterator[None]:
    """As ``duals``, for all tests of a file."""
    with installed():
        yield


def with_duals(
    book: Book, landscapes: Mapping[str, tuple[str, str]], *, conf: str = "", frameworks: Sequence[str] = ("duals",)
) -> Book:
    """Make *book* one in dual numbers, with *landscapes*: code and domain by name, in each of *frameworks*."""
    start = "extensions = ['sphinx_optviz']\noptviz_frameworks = ['duals']\noptviz_default_framework = 'duals'\n"
    book.write("conf.py", start + conf)
    for name, (code, domain) in landscapes.items():
        for framework in frameworks:
            text = f"import math\n\n{IMPORTS[framework]}\n\n{code}"
            book.landscape(name, text, framework=framework, domain=domain)
    return book


def numpy_alone(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """From now on no other framework is found, whether there is one or not; *folder* is one that does not exist."""
    for name in ALL_FRAMEWORKS:
        patch.delenv(f"OPTVIZ_INTERPRETER_{name.upper()}", raising=False)
    patch.setattr(environments, "data_folder", lambda: folder)
    modules = [BUILT_IN[name].module for name in ALL_FRAMEWORKS]
    find_spec = importlib.util.find_spec
    patch.setattr(
        importlib.util, "find_spec", lambda name, package=None: None if name in modules else find_spec(name, package)
    )


@pytest.fixture
def only_numpy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No other framework is found, whether there is one or not."""
    numpy_alone(monkeypatch, tmp_path / "no environments")


MakeBook = Callable[..., Book]


def _maker(parent: Path) -> MakeBook:
    def make(root: str = "", *, page: str = "", conf: str = "", folder: str = "book") -> Book:
        book = Book(parent / folder)
        if root:
            shutil.copytree(ROOTS / f"test-{root}", book.folder)
        else:
            start = (
                "extensions = ['sphinx_optviz']\noptviz_frameworks = ['numpy']\noptviz_default_framework = 'numpy'\n"
            )
            book.write("conf.py", start + conf)
            book.write("index.rst", f"Page\n====\n\n{page}\n")
        return book

    return make


@pytest.fixture
def make_book(tmp_path: Path) -> MakeBook:
    """Make a book from a root, or from the text of its only page."""
    return _maker(tmp_path)


@pytest.fixture(scope="module")
def make_shared_book(tmp_path_factory: pytest.TempPathFactory) -> MakeBook:
    """As ``make_book``, for a book that is built once and looked at by several tests of a file."""
    return _maker(tmp_path_factory.mktemp("shared"))
