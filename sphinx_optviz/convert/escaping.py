"""Text as reStructuredText that reads the same: what has to be escaped, and where markup may stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALWAYS = re.compile(r"[\\*`|]|_(?![^\W_])")
_BLANKS = re.compile(r"[ \t\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")

# What begins something else than a paragraph, if it begins one: list items, fields, options, literal and line
# blocks, tables, explicit markup, lines of punctuation.
_START = re.compile(
    r"[-+*\u2022\u2023\u2043](?=\s|$)"
    r"|\(?(?:#|[0-9]+|[a-zA-Z]|[ivxlcdmIVXLCDM]+)[.)](?=\s|$)"
    r"|:(?![: ])"
    r"|(?:--?|\+|/)\w"
    r"|>>>(?=\s|$)"
    r"|\.\.(?=\s|$)"
    r"|__(?=\s|$)"
    r"|\+[-=]"
    r"|={2,}(?=\s|$)"
    r"|([!-/:-@\[-`{-~])\1*\s*$"
)
_RULE = re.compile(r"([!-/:-@\[-`{-~])\1*\s*$")

_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = ".,;:!?)]}'\"-/"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a paragraph: plain text, or markup that is ready."""

    text: str
    is_markup: bool = False


def escaped(text: str) -> str:
    """*text* so that nothing within it is taken for markup."""
    return _ALWAYS.sub(lambda found: "\\" + found[0], _BLANKS.sub(" ", text.replace("\0", "\ufffd")))


def joined(pieces: Iterable[Piece]) -> str:
    """The pieces one after the other, with an empty escape where docutils would not see markup begin or end."""
    whole = ""
    after_markup = False
    for piece in pieces:
        text = piece.text if piece.is_markup else escaped(piece.text)
        if not text:
            continue
        if (piece.is_markup and not _may_begin_after(whole, text)) or (after_markup and not _may_end_before(text)):
            whole += "\\ "
        whole += text
        after_markup = piece.is_markup
    return whole


def _may_begin_after(before: str, markup: str) -> bool:
    if not before or before[-1].isspace():
        return not before.endswith("\\ ")
    inner = markup.partition("`")[2] or markup.lstrip("*")
    return before[-1] in _OPENING and inner[:1] != _OPENING[before[-1]]


def _may_end_before(text: str) -> bool:
    # A name between colons would be a second role.
    return text[0].isspace() or text[0] == "\\" or (text[0] in _CLOSING and not re.match(r":\w", text))


def paragraph(text: str) -> list[str]:
    """The lines of a paragraph of *text*, which is joined pieces: nothing in it is taken for the start of a block."""
    lines = [line.strip(" ") for line in text.strip("\n ").split("\n")]
    lines = [line for line in lines if line] or [""]
    # A backslash before a letter or a space would not protect, or vanish with it.
    lines = [_without_start(line) if number == 0 else _without_rule(line) for number, line in enumerate(lines)]
    if re.search(r"(?<!\\)(?:\\\\)*::$", lines[-1]):
        lines[-1] = lines[-1][:-1] + "\\:"
    return lines


def _without_start(line: str) -> str:
    # A role at the beginning is what is meant.
    is_start = _START.match(line) and not re.match(r":[\w:+.-]+:`", line)
    return _protected(line) if is_start else line


def _without_rule(line: str) -> str:
    return _protected(line) if _RULE.match(line) else line


def _protected(line: str) -> str:
    return ("\\ " if line.startswith("\\") else "\\") + line


def literal(code: str) -> str:
    """*code* as inline literal."""
    code = _BLANKS.sub(" ", code.replace("\n", " ")).strip()
    if not code:
        return ""
    if "`" in code or code.endswith("\\"):
        inner = re.sub(r"[\\`]", lambda found: "\\" + found[0], code)
        return f":literal:`{inner}`"
    return f"``{code}``"


def formula(tex: str) -> str:
    """*tex* as inline mathematics."""
    # In LaTeX, a back quote is a quotation mark, which has a name too.
    tex = " ".join(tex.split()).replace("`", r"\lq ").strip()
    # A backslash before the closing quote would escape it.
    tex = f"{tex} {{}}" if re.search(r"(?<!\\)(?:\\\\)*\\$", tex) else tex
    return f":math:`{tex}`" if tex else ""


def link(text: str, address: str) -> str:
    """A link to *address* that reads *text*."""
    plain = re.sub(r"[\\`<>]", lambda found: "\\" + found[0], _BLANKS.sub(" ", text.replace("\n", " ")).strip())
    safe = re.sub(r"[\s<>`\\]", lambda found: f"%{ord(found[0]):02X}", address)
    safe = safe[:-1] + "\\_" if safe.endswith("_") else safe
    return f"`{plain} <{safe}>`__" if plain else f"`<{safe}>`__"


def role(name: str, target: str, text: str = "") -> str:
    """A reference to *target*; it reads *text*, if there is any."""
    plain = re.sub(r"[\\`<>]", lambda found: "\\" + found[0], " ".join(text.split()))
    return f":{name}:`{plain} <{target}>`" if plain else f":{name}:`{target}`"


def target(label: str) -> str:
    """The line that puts *label* before what follows."""
    return f".. _{label}:" if re.fullmatch(r"\w+(?:[-.+]\w+)*", label) else f".. _`{label}`:"
