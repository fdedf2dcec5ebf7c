"""Code that is shown and not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def code_block(lines: Sequence[str], language: str) -> list[str]:
    """A block of *lines*, highlighted as *language* if they can be read as such."""
    name = language if language and _can_be_read("\n".join(lines), language) else "text"
    return [f".. code-block:: {name}", "", *(f"   {line}".rstrip() for line in lines)]


def _can_be_read(code: str, language: str) -> bool:
    """Whether Sphinx highlights it without a warning."""
    from pygments.filters import ErrorToken, RaiseOnErrorTokenFilter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language)
        lexer.add_filter(RaiseOnErrorTokenFilter())
        list(lexer.get_tokens(code))
    except (ClassNotFound, ErrorToken):
        return False
    return True
