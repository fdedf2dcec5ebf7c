"""Small books, built for real."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sphinx.testing.util import SphinxTestApp

pytest_plugins = "sphinx.testing.fixtures"
collect_ignore = ["roots"]

ROOTS = Path(__file__).parent / "roots"
_STEP = re.compile(r"(running landscapes|drawing figures)\.\.\. \[ *\d+/\d+\] (\S+ \(\w+\))")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")


@dataclass
class Built:
    """What came of a build."""

    app: SphinxTestApp
    warnings: list[str]
    status: str

    @property
    def runs(self) -> list[str]:
        """What was run, such as ``saddle (numpy)``, sorted."""
        return sorted(name for what, name in _STEP.findall(self.status) if what.startswith("running"))

    @property
    def drawn(self) -> list[str]:
        """What was drawn, sorted."""
        return sorted(name for what, name in _STEP.findall(self.status) if what.startswith("drawing"))

    @property
    def written(self) -> list[str]:
        """The documents whose pages were written."""
        return sorted(set(re.findall(r"writing output\.\.\. \[ *\d+%\] ([\w-]+)", self.status)))

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


@pytest.fixture
def make_book(tmp_path: Path) -> Any:
    """Make a book from a root, or from the text of its only page."""

    def make(root: str = "", *, page: str = "", conf: str = "", folder: str = "book") -> Book:
        book = Book(tmp_path / folder)
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
