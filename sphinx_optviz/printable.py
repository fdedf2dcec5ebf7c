"""Text of strangers, as a terminal, a log and XML can show it."""

from __future__ import annotations


def printable(text: str, keep: str = "") -> str:
    """*text* with visible escapes for what is no letter, sign or blank: line ends, control and half characters.

    Those in *keep* stay.
    """
    return "".join(letter if letter.isprintable() or letter in keep else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    if letter.isspace():
        return " "
    return letter.encode("unicode_escape").decode("ascii")
