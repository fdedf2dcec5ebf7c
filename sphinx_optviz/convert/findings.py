"""What could not be converted, for the author."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One thing that is not as it was: where, what, and what to do."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def kept_as_comment(lines: Sequence[str], what: str) -> list[str]:
    """*lines* that could not be converted, as a comment, which builds and loses nothing; *what* has no ``::``."""
    return [f".. Not converted, {what}:", "", *(f"   {line}".rstrip() for line in lines)]


def noted(what: Sequence[str]) -> list[str]:
    """What had to become plain text, as it was written, in a comment below it."""
    return ["", f".. Not converted: {' '.join(what)}"] if what else []
