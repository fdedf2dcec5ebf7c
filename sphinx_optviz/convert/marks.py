"""d2lbook's marks in Markdown, as rules of the Markdown parser: tabs of prose, labels, widths, slides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

# Marks that stand in lines of their own, below what they speak of.
BELOW = ("label", "eqlabel", "width", "height", "bibliography")

MARK = re.compile(r":([A-Za-z][\w:.-]*):(`+)([^`\n]+)\2")
_MARK_LINE = re.compile(rf"(?:(?::(?:{'|'.join(BELOW)}):(`+)[^`\n]+\1)\s*)+$")
_BEGIN = re.compile(r":begin_tab: *(?:`([^`]*)`|(\w*))\s*$")
_END = re.compile(r":end_tab:\s*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")

# Tabs that d2lbook makes itself, from tables of contents.
_MADE_BY_TOOL = "toc"


def _between(begin: str, end: str) -> re.Pattern[str]:
    begin, end = re.escape(begin), re.escape(end)
    return re.compile(rf"{begin}((?:(?!{begin}).)+?){end}", re.DOTALL)


_SLIDES = (_between("(**", "**)"), _between("[**", "**]"))
_SLIDES_ALONE = (_between("(~~", "~~)"), _between("[~~", "~~]"))


def without_slides(text: str) -> str:
    """*text* without the marks of d2lbook's slides, and without what stands on slides alone; its lines stay."""
    parts: list[str] = []
    prose: list[str] = []
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence:
            parts.append(line)
            if found and found[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
            continue
        if found:
            parts += [_without_slides("\n".join(prose))] if prose else []
            prose = []
            parts.append(line)
            fence = found[1]
            continue
        prose.append(line)
    return "\n".join([*parts, *([_without_slides("\n".join(prose))] if prose else [])])


def _without_slides(prose: str) -> str:
    def text(found: re.Match[str]) -> str:
        is_link = found[0].endswith("]") and found.string.startswith("(", found.end())
        return found[0] if is_link else found[1]

    for pattern in _SLIDES:
        prose = pattern.sub(text, prose)
    for pattern in _SLIDES_ALONE:
        prose = pattern.sub(lambda found: "\n" * found[0].count("\n"), prose)
    return prose


def d2l_plugin(parser: MarkdownIt) -> None:
    """Teach *parser* the marks that are blocks: ``tab`` with its names in ``meta``, and ``mark``."""
    # Where a line ends what stands above it: a mark needs no empty line before it.
    above = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "d2l_tab", _tab, above)
    parser.block.ruler.before("fence", "d2l_mark", _mark, above)


def _line(state: StateBlock, number: int) -> str:
    return str(state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]])


def _tab(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's interface
    line = _line(state, start)
    if not line.startswith((":begin_tab:", ":end_tab:")) or state.is_code_block(start):
        return False
    begin = _BEGIN.match(line)
    if not begin:
        # An end without a beginning says nothing.
        if _END.match(line) and not silent:
            state.line = start + 1
        return bool(_END.match(line))
    if silent:
        return True
    last = next((number for number in range(start + 1, end) if _END.match(_line(state, number))), end)
    names = (begin[1] or begin[2] or "").lower()
    if names != _MADE_BY_TOOL:
        token = state.push("tab_open", "", 1)
        token.map = [start, last]
        token.meta = {"frameworks": [name for name in re.split(r"[,\s]+", names) if name]}
        line_max, state.lineMax = state.lineMax, last
        state.md.block.tokenize(state, start + 1, last)
        state.lineMax = line_max
        state.push("tab_close", "", -1)
    state.line = min(last + 1, end)
    return True


def _mark(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: ARG001, FBT001 - likewise
    if not _MARK_LINE.match(_line(state, start)) or state.is_code_block(start):
        return False
    if silent:
        return True
    token = state.push("mark", "", 0)
    token.map = [start, start + 1]
    token.meta = {"marks": [(found[1], found[3].strip()) for found in MARK.finditer(_line(state, start))]}
    state.line = start + 1
    return True


def display_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - likewise
    """The rule of ``dollarmath`` for display formulas, which does not know how to be asked only."""
    from mdit_py_plugins.dollarmath.index import math_block_dollar

    line = _line(state, start).rstrip()
    if not line.startswith("$$"):
        return False
    if silent:
        return line.endswith("$$") if "$$" in line[2:] else not state.is_code_block(start)
    return bool(math_block_dollar(allow_labels=False, allow_blank_lines=True)(state, start, end, silent))
