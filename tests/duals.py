"""A framework of another package, for tests: installed as any such package is, by its metadata and entry point."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sphinx_optviz.frameworks import framework

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Book

PLUGIN = Path(__file__).parent / "plugin"

# A book that needs nothing but NumPy, and still has two frameworks.
CONF = "extensions = ['sphinx_optviz']\noptviz_frameworks = ['numpy', 'duals']\noptviz_default_framework = 'numpy'\n"

IMPORTS = {"numpy": "import numpy as np\n", "duals": "import hyperduals as np\n"}


@contextlib.contextmanager
def installed(*sites: Path) -> Iterator[pytest.MonkeyPatch]:
    """Put *sites*, by default the one with hyper-dual numbers, before all that is installed, here and in children."""
    places = [str(site) for site in sites or (PLUGIN,)]
    with pytest.MonkeyPatch.context() as patch:
        for place in places:
            patch.syspath_prepend(place)
        inherited = os.environ.get("PYTHONPATH")
        patch.setenv("PYTHONPATH", os.pathsep.join([*places, *([inherited] if inherited else [])]))
        framework.cache_clear()
        yield patch
    framework.cache_clear()


def write_pair(book: Book, name: str, code: str, *, other: str | None = None, domain: str = "x = [-1, 1]") -> None:
    """Give *book* the landscape *name* with *code* in both frameworks; *other* is the code of the dual numbers."""
    book.landscape(name, IMPORTS["numpy"] + code, domain=domain)
    book.landscape(name, IMPORTS["duals"] + (code if other is None else other), framework="duals", domain=domain)
