"""What authors and readers get, taken apart: messages of a build, pages of a book."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from bs4 import Tag

_MESSAGE = re.compile(r"(?P<file>.+?):(?P<line>\d+): WARNING: (?P<text>.*) \[optviz\.(?P<subtype>\w+)\]")


@dataclass(frozen=True)
class Message:
    """A warning of ours, with its place."""

    file: str  # relative to the book; absolute where it lies elsewhere
    line: int
    subtype: str
    text: str


def message(warning: str, folder: Path) -> Message:
    """*warning* taken apart; it has to have a file, a line and a subtype."""
    match = _MESSAGE.fullmatch(warning)
    assert match is not None, warning
    # docutils names included files relative to the current folder, where that is possible.
    path = Path(os.path.normpath(Path.cwd() / match["file"]))
    file = path.relative_to(folder) if path.is_relative_to(folder) else path
    return Message(file.as_posix(), int(match["line"]), match["subtype"], match["text"])


def words(text: str) -> str:
    """*text* with single blanks between its words, as a browser shows it."""
    return " ".join(text.split())


class Page:
    """An HTML or XHTML page."""

    def __init__(self, text: str) -> None:
        self.soup = BeautifulSoup(text, "html.parser")

    def all(self, selector: str) -> list[Tag]:
        """The elements that a CSS selector finds, in the order of the page."""
        return list(self.soup.select(selector))

    def texts(self, selector: str) -> list[str]:
        """The words of each element that a CSS selector finds."""
        return [words(element.get_text()) for element in self.all(selector)]

    @cached_property
    def text(self) -> str:
        """The words of the whole page."""
        return words(self.soup.get_text())

    @property
    def title(self) -> str:
        """The browser's title."""
        (title,) = self.texts("head > title")
        return title

    @property
    def alts(self) -> list[str]:
        """The alternative text of each image."""
        return [str(image["alt"]) for image in self.all("img")]

    @property
    def descriptions(self) -> list[str]:
        """The words of each description of a figure, its summary included."""
        return [words(element.get_text(" ")) for element in self.all("details.optviz-description")]

    @property
    def notes(self) -> list[str]:
        """The sentence below each plot that says what ran and who agrees."""
        return self.texts("p.optviz-note")

    @property
    def errors(self) -> list[str]:
        """What stands in place of what is wrong."""
        return self.texts(".optviz-error")

    @property
    def outputs(self) -> list[str]:
        """What cells have printed and returned, and how they failed, with its lines."""
        found = self.all(".optviz-output pre, .optviz-error-output pre")
        return [element.get_text().strip("\n") for element in found]

    @property
    def tabs(self) -> list[str]:
        """The names of tabs, in the order of the page."""
        return self.texts('[role="tab"]')


def numbers(text: str, count: int) -> list[str]:
    """What stands behind ``Number 0 =`` and so on in the words of a page; "" where nothing does."""
    found = [re.search(rf"Number {index} = (.*?);", text) for index in range(count)]
    return [match[1] if match else "" for match in found]
