"""The one way to warn: a type, a subtype from a closed list, and a place that nobody can forget."""

from __future__ import annotations

from typing import Literal

from sphinx.util import logging

logger = logging.getLogger("sphinx_optviz")

# What an author can name in ``suppress_warnings``, as ``optviz`` or ``optviz.SUBTYPE``.
# The texts are also the table in docs/reference.rst; a test compares the two.
SUBTYPES: dict[str, str] = {
    "config": "a value in conf.py is not valid; the default is used",
    "directive": "the argument or an option of a directive is not valid; it is left out",
    "landscape": "a landscape is unknown, or its folder is broken",
    "framework_missing": "a framework is not installed in its interpreter, or this version cannot run it",
    "framework_broken": "a framework or its interpreter is there, and fails to start",
    "execution": "the code of a landscape failed",
    "timeout": "the code of a landscape took longer than optviz_timeout",
    "not_finite": "a landscape has values that are NaN or infinite",
    "not_run": "there is no stored result, and optviz_execute forbids to run the code",
    "store": "a stored result is damaged, or the store cannot be written",
    "drawing": "a figure could not be drawn",
}

Subtype = Literal[
    "config",
    "directive",
    "landscape",
    "framework_missing",
    "framework_broken",
    "execution",
    "timeout",
    "not_finite",
    "not_run",
    "store",
    "drawing",
]


def warn(subtype: Subtype, message: str, *, location: str) -> None:
    """Tell the author what is wrong and what to do, at *location*: ``FILE:LINE``."""
    # Not as a format: messages hold what authors wrote, percent signs included.
    logger.warning("%s", message, type="optviz", subtype=subtype, location=location)
