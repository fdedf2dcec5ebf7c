"""What the author sees on the terminal: warnings with a type, a subtype and a place, and the progress of long work."""

from __future__ import annotations

import sys
from typing import Literal

from sphinx.util import logging

from sphinx_optviz.printable import printable

# The translations of what readers see lie in locales/, under this name.
CATALOG = "sphinx_optviz"

logger = logging.getLogger("sphinx_optviz")

# What an author can name in ``suppress_warnings``, as ``optviz`` or ``optviz.SUBTYPE``.
# The texts are also the table in docs/reference.rst; a test compares the two.
SUBTYPES: dict[str, str] = {
    "config": "a value in conf.py is not valid; the default is used",
    "directive": "the argument or an option of a directive is not valid; it is left out",
    "landscape": "a landscape is unknown, or its folder is broken",
    "framework_missing": "a framework is not installed in its interpreter",
    "framework_broken": "a framework or its interpreter is there, and fails to start",
    "execution": "the code of a landscape or a cell failed",
    "timeout": "the code of a landscape or a cell took longer than optviz_timeout",
    "not_finite": "a landscape has values that are NaN or infinite",
    "claim": "a claim of an author is false, or a number that he asks for does not exist",
    "domain": "the domain or the number of points of a plot hides what it should show",
    "parity": "the tabs of a page do not go together: a framework or a name is missing, or a block is misplaced",
    "code_warning": "the code of a cell raised a warning that optviz_code_warnings names",
    "agreement": "the numbers of two frameworks disagree, or one computes in too few digits",
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
    "claim",
    "domain",
    "parity",
    "code_warning",
    "agreement",
    "not_run",
    "store",
    "drawing",
]


def warn(subtype: Subtype, message: str, *, location: str) -> None:
    """Tell the author what is wrong and what to do, at *location*: ``FILE:LINE``."""
    # Not as a format: messages hold what authors wrote, percent signs included.
    logger.warning("%s", printable(message), type="optviz", subtype=subtype, location=printable(location))


class Progress:
    """A counter in the manner of Sphinx's status lines; silent under ``-q``, a single line on a terminal."""

    def __init__(self, what: str, total: int, verbosity: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._one_line = verbosity < 1 and sys.stdout.isatty()

    def step(self, item: str) -> None:
        """One more is done."""
        self._done += 1
        logger.info("%s... ", self._what, nonl=True, color="bold")
        logger.info("[%*d/%d] ", len(str(self._total)), self._done, self._total, nonl=True)
        end = "\x1b[K\r" if self._one_line else ""
        logger.info("%s%s", item, end, nonl=self._one_line, color="darkgreen")

    def end(self) -> None:
        """All is done."""
        if self._one_line:
            logger.info("")
