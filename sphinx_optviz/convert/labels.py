"""The labels that one page defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_optviz.convert.book import Label
from sphinx_optviz.convert.escaping import target
from sphinx_optviz.convert.lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sphinx_optviz.convert.book import Book, Kind


class Labels:
    """Each label stands once in a book, wherever it is defined first."""

    def __init__(self, page: Path, book: Book, tell: Callable[[str], None]) -> None:
        self._page = page
        self._book = book
        self._tell = tell
        self._here: set[str] = set()

    def defined(self, labels: Iterable[str], kind: Kind, title: str) -> list[str]:
        """Those of *labels* that are not defined yet; now they are."""
        mine = []
        for label in labels:
            known = self._book.labels.setdefault(label, Label(kind, self._page, title))
            if known.page != self._page or label in self._here:
                self._tell(f"the label {label} is there twice: this one is left out")
                continue
            self._here.add(label)
            mine.append(label)
        return mine

    def targets(self, labels: Iterable[str], kind: Kind, title: str) -> list[str]:
        """The lines that put those of *labels* that are not defined yet before what follows."""
        return lines_of(target(label) for label in self.defined(labels, kind, title))
