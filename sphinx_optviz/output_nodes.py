"""PLACE: what cells have printed, returned and drawn, as nodes that the builder can show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes

from sphinx_optviz.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_optviz.model import Shown

# Mathematics as results have it, with its delimiters.
_MATHS = re.compile(r"\s*(?:\$\$?|\\\[|\\\()(?P<inside>.*?)(?:\$\$?|\\\]|\\\))\s*", re.DOTALL)

# What each output format shows, the best first; "text/plain" is what the others fall back on.
_SHOWN_BY = {
    "html": ("text/html", "image/svg+xml", "image/png", "text/latex", "text/plain"),
    "latex": ("text/latex", "image/png", "text/plain"),
}
_OTHERS = ("text/plain",)


def output_node(output: Shown, format: str, image: Callable[[str], nodes.image]) -> nodes.Element:  # noqa: A002 - Sphinx's
    """*output* for a builder's output *format*; *image* makes the node of an image file."""
    forms = dict(output.forms)
    if output.kind == "image":
        return image(next(iter(forms.values())))
    if output.kind == "result":
        for mime in _SHOWN_BY.get(format, _OTHERS):
            if mime in forms and (node := _of_form(mime, forms[mime], image)) is not None:
                return node
    return _literal(forms.get("text/plain", ""), "optviz-error-output" if output.kind == "error" else "optviz-output")


def _of_form(mime: str, given: str, image: Callable[[str], nodes.image]) -> nodes.Element | None:
    """A result in one of its forms; None if that is not one we can show."""
    if mime == "text/html":
        return nodes.container("", nodes.raw(given, given, format="html"), classes=["optviz-output", "optviz-rich"])
    if mime.startswith("image/"):
        return image(given)
    if mime == "text/latex":
        maths = _MATHS.fullmatch(given)
        return nodes.math_block(maths["inside"], maths["inside"], nowrap=False, number=None) if maths else None
    return _literal(given, "optviz-output")


def _literal(text: str, name: str) -> nodes.literal_block:
    text = printable(text.rstrip("\n"), keep="\n\t")
    return nodes.literal_block(text, text, language="none", classes=[name])
