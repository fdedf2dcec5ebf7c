"""What the pages that are converted together know of each other: their places, labels, files and citations."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY = re.compile(r"^\s*@\w+\s*[{(]\s*([^\s,]+)\s*,", re.MULTILINE)

# What a label stands at decides how it can be referred to.
Kind = Literal["section", "figure", "table", "equation", "other"]


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label stands: at what, on which page, and the title there."""

    kind: Kind
    page: Path
    title: str


@dataclass(slots=True)
class Book:
    """All pages that one call converts."""

    root: Path  # the folder that all pages lie in
    pages: dict[Path, str] = field(default_factory=dict)  # source -> path below the output folder, without suffix
    labels: dict[str, Label] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)  # of all bibliographies
    bibliographies: set[Path] = field(default_factory=set)
    has_bibliography: bool = False  # a page shows one
    in_toc: set[Path] = field(default_factory=set)  # pages that a table of contents leads to
    files: set[Path] = field(default_factory=set)  # that pages need beside them

    def add_bibliography(self, path: Path) -> None:
        """Learn the keys of a ``.bib`` file, if it is there."""
        if path.is_file() and path not in self.bibliographies:
            self.bibliographies.add(path)
            self.keys.update(_KEY.findall(path.read_text(encoding="utf-8", errors="replace")))

    @property
    def root_page(self) -> Path | None:
        """The page that the book begins with, if it is among these."""
        return next((path for path, name in self.pages.items() if name == "index"), None)

    @staticmethod
    def place(page: Path, address: str) -> Path:
        """The source that *page* names by *address*."""
        return Path(os.path.normpath(page.parent / address))

    def page_at(self, page: Path, address: str) -> str | None:
        """How the document *page* names the converted one at *address*; None if there is none."""
        name = self.pages.get(self.place(page, address))
        return None if name is None else _relative(name, self.pages[page])

    def file_at(self, page: Path, address: str) -> str | None:
        """How *page* names the file at *address*, if it is there and below the root; it is then needed."""
        path = self.place(page, address)
        if not path.is_file() or not path.is_relative_to(self.root):
            return None
        self.files.add(path)
        return _relative(path.relative_to(self.root).as_posix(), self.pages[page])


def _relative(name: str, page: str) -> str:
    """*name*, a path from the root, as seen from the folder of *page*."""
    return Path(os.path.relpath(name, Path(page).parent)).as_posix()


def common_folder(folders: Iterable[Path]) -> Path:
    """The folder that all *folders* lie in. Raises ValueError if there is none."""
    return Path(os.path.commonpath([str(folder) for folder in folders]))
