"""What a page of d2lbook has of other files: tables of contents, bibliographies, and what reStructuredText names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sphinx_optviz.convert.findings import kept_as_comment
from sphinx_optviz.convert.lines import apart

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sphinx_optviz.convert.book import Book

_NAMED_FILE = re.compile(r"(?::file:|\.\. (?:image|figure|include|literalinclude)::) +(?!\w+:)(\S+)")


class Others:
    """Writes them for one page."""

    def __init__(self, page: Path, book: Book, tell: Callable[[int, str], None]) -> None:
        self._page = page
        self._book = book
        self._tell = tell

    def toc(self, content: Sequence[str], line: int) -> list[str]:
        """The table of contents that *content* is, from *line* on."""
        options, entries, lost = [], [], []
        for number, entry in enumerate(text.strip() for text in content):
            if entry.startswith(":"):
                options.append(f"   {entry}")
            elif entry:
                name = self._book.page_at(self._page, f"{entry}.md")
                if name is None:
                    self._tell(line + number, f"the page {entry} is not among those that are converted: it is left out")
                    lost.append(entry)
                else:
                    entries.append(f"   {name}")
                    self._book.in_toc.add(self._book.place(self._page, f"{entry}.md"))
        kept = kept_as_comment(lost, "pages of a table of contents") if lost else []
        return apart([("toc", [".. toctree::", *options, "", *entries] if entries else []), ("comment", kept)])

    def restructured(self, content: list[str], line: int) -> list[str]:
        """Text that is reStructuredText already, if the files that it names are there."""
        files = _NAMED_FILE.findall("\n".join(content))
        missing = [name for name in files if self._book.file_at(self._page, name) is None]
        if not missing:
            return content
        self._tell(line, f"the file {missing[0]} is not there: what needs it is kept as a comment")
        return kept_as_comment(content, "it needs a file that is not there")

    def bibliography(self, address: str, line: int) -> list[str]:
        """The bibliography of the ``.bib`` file at *address*."""
        if self._book.file_at(self._page, address) is None:
            self._tell(line, f"the bibliography {address} is not there: it is left out")
            return kept_as_comment([address], "a bibliography")
        return [".. bibliography::"]
