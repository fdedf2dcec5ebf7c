"""What one cell shows, in the order in which it came: printed text, results, figures."""

from __future__ import annotations

import re
import sys
from typing import Any

# Characters of printed text, and figures, that one cell may show. What is beyond is counted and dropped.
MOST_TEXT = 100_000
MOST_FIGURES = 40

_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n|$)")  # a carriage return begins the line anew
_ADDRESS = re.compile(r"(?<= at 0x)[0-9a-f]{6,16}\b")  # of an object: another one in each build
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Outputs:
    """The outputs of the cell that runs now."""

    def __init__(self, most_figures: int = MOST_FIGURES) -> None:
        self.items: list[dict[str, Any]] = []
        self.artists: list[list[Any]] = []
        self.dropped = {"text": 0, "figures": 0}
        self._most_figures = most_figures
        self._printed = 0
        self._figures = 0
        self._clear_first = False

    def add(self, item: dict[str, Any]) -> None:
        """Put *item* behind the others, or in their place if they were to be cleared."""
        if self._clear_first:
            self._clear_first = False
            self.clear(wait=False)
        self.items.append(item)

    def print(self, text: str) -> None:
        """Add printed *text*."""
        room = MOST_TEXT - self._printed
        self._printed += len(text)
        if len(text) > room:
            self.dropped["text"] += len(text) - max(room, 0)
            text = text[: max(room, 0)]
        if not text:
            return
        if self.items and self.items[-1]["kind"] == "text" and not self._clear_first:
            self.items[-1]["text"] += text
        else:
            self.add({"kind": "text", "text": text})

    def figure(self, files: dict[str, Any], artists: list[Any]) -> None:
        """Add a figure as *files*, by format, and what was drawn in it."""
        self.add({"kind": "figure", "files": files})
        self.artists.append(artists)
        self._figures += 1

    def has_room_for_a_figure(self) -> bool:
        """Whether one more may be shown; if not, it is counted."""
        if self._figures < self._most_figures:
            return True
        self.dropped["figures"] += 1
        return False

    def clear(self, *, wait: bool) -> None:
        """Forget all outputs, now or, with *wait*, when the next one comes: how notebooks show things that move."""
        if wait:
            self._clear_first = True
            return
        self.items.clear()
        self.artists.clear()
        self._figures = self._printed = 0

    def finished(self) -> list[dict[str, Any]]:
        """All of them, with text as a terminal would show it in the end."""
        for item in self.items:
            if item["kind"] == "text":
                item["text"] = without_chance(_OVERWRITTEN.sub("", item["text"].replace("\r\n", "\n")))
        return [item for item in self.items if item["kind"] != "text" or item["text"]]


def without_chance(text: str) -> str:
    """*text* without what differs between builds, without a terminal's colours, and as UTF-8 can hold it."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return _ADDRESS.sub("...", _COLOURS.sub("", text))


class Printed:
    """In the place of ``sys.stdout``: what is printed becomes an output of the cell that runs."""

    encoding = "utf-8"
    errors = "replace"
    closed = False

    def __init__(self) -> None:
        self.outputs = Outputs()

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.outputs.print(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Somebody who closes it would leave the next cell without one."""

    @property
    def buffer(self) -> Any:
        """For those who write bytes: the file of what is not shown."""
        return sys.__stdout__.buffer if sys.__stdout__ else None

    def fileno(self) -> int:
        return 1


PRINTED = Printed()
