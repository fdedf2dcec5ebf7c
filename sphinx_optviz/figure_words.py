"""The words in figures, in the language of the book: what draws knows nothing of languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.locale import get_translation

from sphinx_optviz.log import CATALOG

if TYPE_CHECKING:
    from collections.abc import Mapping

_ = get_translation(CATALOG)


def figure_words() -> Mapping[str, str]:
    """Those that are not English, by the English ones that the drawing code has."""
    words = {
        "minimum": _("minimum"),
        "maximum": _("maximum"),
        "global minimum": _("global minimum"),
        "global maximum": _("global maximum"),
        "saddle": _("saddle"),
        "inflection": _("inflection"),
        "kink": _("kink"),
        "edge minimum": _("edge minimum"),
        "edge maximum": _("edge maximum"),
        "%s (degenerate)": _("%s (degenerate)"),
        "%s (no gradient)": _("%s (no gradient)"),
        "valley": _("valley"),
        "ridge": _("ridge"),
        "plateau": _("plateau"),
        "line of inflection": _("line of inflection"),
        "line of critical points": _("line of critical points"),
        "distance from (%s)": _("distance from (%s)"),
        "along %(variable)s, %(others)s": _("along %(variable)s, %(others)s"),
        "no finite values": _("no finite values"),
    }
    return {english: str(word) for english, word in words.items() if word != english}
