"""SVG that is fit for every page: without what EPUB refuses, and without digits that nobody sees."""

from __future__ import annotations

import re

# One that declares nothing by itself: what a text in brackets declares, the drawing may need.
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]*>\n?")
_EMPTY_PATH = re.compile(r'<path (id="[^"]*")/>')
_PATH = re.compile(r'(?<= d=")[^"]*')
_LONG_NUMBER = re.compile(r"(\.\d\d)\d+")


def without_doctype(svg: str) -> str:
    """*svg* without its DOCTYPE: EPUB allows none with an address."""
    return _DOCTYPE.sub("", svg, count=1)


def shortened(svg: str) -> str:
    """Matplotlib's *svg* with the coordinates of paths cut to a hundredth of a point, and fit for EPUB.

    EPUB allows no path without ``d``, as which Matplotlib writes a blank.
    """
    svg = _EMPTY_PATH.sub(r'<path d="" \1/>', without_doctype(svg))
    return _PATH.sub(lambda path: _LONG_NUMBER.sub(r"\1", path[0]), svg)
