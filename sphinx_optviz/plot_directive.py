"""PARSE: the directive ``optplot``. It records what the author wrote and leaves placeholders; it runs nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar, cast

from docutils import nodes

from sphinx_optviz import grammar
from sphinx_optviz.frameworks import did_you_mean
from sphinx_optviz.model import VIEWS, Interval, PlotRecord, PlotSpec
from sphinx_optviz.nodes import optplot_code
from sphinx_optviz.options import FIGURE_OPTIONS, RecordingDirective, choice, framework_list, parse_names, some_text

if TYPE_CHECKING:
    from collections.abc import Callable

    T = TypeVar("T")

_LEGENDS = [
    "best",
    "upper right",
    "upper left",
    "lower left",
    "lower right",
    "right",
    "center left",
    "center right",
    "lower center",
    "upper center",
    "center",
    "none",
]
_MAX_INCHES = 40.0
_LEAST_ASPECT = 0.05


def parse_interval(text: str) -> Interval:
    """``low : high`` or ``low : high : count``. Raises ValueError."""
    parts = [part.strip() for part in text.split(":")]
    if len(parts) not in (2, 3):
        raise ValueError("write it as 'low : high' or 'low : high : count'")
    low, high = grammar.number(parts[0]), grammar.number(parts[1])
    if low >= high:
        raise ValueError(f"{low:g} is not below {high:g}")
    if len(parts) == 2:
        return Interval(low, high)
    if not parts[2].isascii() or not parts[2].isdigit() or not 2 <= int(parts[2]) <= 100_000:
        raise ValueError(f"{parts[2]!r} is not a number of points, which is a whole number from 2 to 100000")
    return Interval(low, high, int(parts[2]))


def _views(text: str) -> tuple[str, ...]:
    names = parse_names(text.lower())
    for name in names:
        if name not in VIEWS:
            raise ValueError(f"unknown view {name!r}. {did_you_mean(name, list(VIEWS))}")
    if not names:
        raise ValueError(f"name at least one of {', '.join(VIEWS)}")
    return names


def _legend(text: str) -> str:
    word = " ".join(text.lower().split())
    return cast("str", choice(*_LEGENDS)({"": "best", "off": "none", "false": "none"}.get(word, word)))


def _figsize(text: str) -> tuple[float, float]:
    parts = re.split(r"\s*[,x]\s*|\s+", text.strip())
    if len(parts) != 2:
        raise ValueError("write it as 'width, height', in inches")
    width, height = grammar.number(parts[0]), grammar.number(parts[1])
    if not (0.5 <= width <= _MAX_INCHES and 0.5 <= height <= _MAX_INCHES):
        raise ValueError(f"width and height are in inches, from 0.5 to {_MAX_INCHES:g}")
    return width, height


def _aspect(text: str) -> str | float:
    word = " ".join(text.lower().split())
    if re.search(r"[a-z]{2,}", word):
        return cast("str", choice("equal", "auto")(word))
    number = grammar.number(word)
    if not _LEAST_ASPECT <= number <= 1 / _LEAST_ASPECT:
        raise ValueError(f"a number is from {_LEAST_ASPECT:g} to {1 / _LEAST_ASPECT:g}; otherwise write equal or auto")
    return number


def _from(text: str) -> bool:
    return bool(choice("page")(text))


# What becomes part of the PlotSpec: option -> (field, check).
_PLOT_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "from": ("of_page", _from),
    "frameworks": ("frameworks", framework_list),
    "view": ("views", _views),
    "x": ("x", parse_interval),
    "y": ("y", parse_interval),
    "critical-points": ("critical_points", grammar.kinds_named),
    "through": ("through", grammar.through),
    "code": ("code", choice("above", "below", "hidden")),
    "figure": ("figure", choice("shared", "each", "none")),
    "figsize": ("figsize", _figsize),
    "aspect": ("aspect", _aspect),
    "legend": ("legend", _legend),
    "title": ("title", some_text),
    "alt": ("alt", some_text),
}

# Likewise, with a check for each line, which is told its number.
_LINE_OPTIONS: dict[str, tuple[str, Callable[[str, int], Any]]] = {
    "annotate": ("annotations", grammar.annotation),
    "expect": ("claims", grammar.claim),
}

OPTIONS = (*FIGURE_OPTIONS, *_PLOT_OPTIONS, *_LINE_OPTIONS)


class PlotDirective(RecordingDirective):
    """Becomes a figure with a placeholder for the image, and one for the code beside it or, with ``each``, in it."""

    known_options = OPTIONS

    def run(self) -> list[nodes.Node]:
        self.problems: list[str] = []
        names = parse_names(self.arguments[0]) if self.arguments else ()
        if not names:
            self.problem("name a landscape, as in '.. optplot:: saddle'")
        spec = self._spec(names)
        shape = self.shape()
        content = self.parse_content_to_nodes()

        if spec.figure == "none" and spec.code == "hidden":
            self.problem("with ':figure: none' and ':code: hidden' there is nothing to show")
        built, placeholders = self._build(spec, shape, content)
        source, line = self.get_source_info()
        record = PlotRecord(spec=spec, line=line, source=source, problems=tuple(self.problems))
        return self.note(record, built, placeholders)

    # ---- options

    def _spec(self, names: tuple[str, ...]) -> PlotSpec:
        by_line = {
            option: (field, lambda _, option=option, check=check: self._checked_lines(option, check))
            for option, (field, check) in _LINE_OPTIONS.items()
        }
        fields = self.fields(_PLOT_OPTIONS | by_line)
        if fields.get("of_page"):
            fields.setdefault("code", "hidden")  # the cells have shown it
        first = self.get_source_info()[1]
        lines = {option: first + self.offset(option) for option in self.options}
        return PlotSpec(landscapes=names, lines=lines, **fields)

    def _checked_lines(self, option: str, check: Callable[[str, int], T]) -> tuple[T, ...]:
        """What the lines of an option say; a wrong one is a problem and is left out."""
        found = []
        offset = self.offset(option)
        lines = self.block_text.splitlines()
        for text in filter(None, map(str.strip, self.options[option].splitlines())):
            at = next((number for number in range(offset, len(lines)) if lines[number].strip().endswith(text)), offset)
            try:
                found.append(check(text, self.get_source_info()[1] + at))
            except ValueError as error:
                self.problem(f":{option}: {error}", lines_below=at)
            offset = at + 1
        return tuple(found)

    # ---- nodes

    def _build(
        self, spec: PlotSpec, shape: dict[str, Any], content: list[nodes.Node]
    ) -> tuple[list[nodes.Node], list[nodes.Element]]:
        """The nodes to return, and those among them that ``PlacePlots`` replaces."""
        code = optplot_code(each=spec.figure == "each")
        self.set_source_info(code)
        if spec.figure == "none":
            container = nodes.container("", code, *content, classes=["optviz", *shape.get("figclass", [])])
            self.set_name(container, shape)
            return [container], [code]

        image = self.image("/".join(spec.landscapes), spec.alt, shape)
        placeholder: nodes.Element = code if spec.figure == "each" else image
        if placeholder is code:
            code["image"] = {name: image[name] for name in ("alt", "width", "classes") if name in image}
        figure = self.figure_around(placeholder, shape)
        figure += self._caption(content)
        if placeholder is code:
            return [figure], [code]
        placeholders: list[nodes.Element] = [code, image]
        if spec.code == "hidden":
            return [figure], [image]
        return ([figure, code] if spec.code == "below" else [code, figure]), placeholders

    def _caption(self, content: list[nodes.Node]) -> list[nodes.Node]:
        """First paragraph and rest, as docutils' figure has them."""
        content = [node for node in content if not isinstance(node, nodes.comment)]
        if not content:
            return []
        first, *rest = content
        if not isinstance(first, nodes.paragraph):
            self.problem("the content must begin with a paragraph, the caption")
            return [nodes.legend("", *content)]
        caption = nodes.caption(first.rawsource, "", *first.children)
        caption.source, caption.line = first.source, first.line
        return [caption, nodes.legend("", *rest)] if rest else [caption]
