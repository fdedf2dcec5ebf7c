"""PARSE: the directive ``optplot``. It records what the author wrote and leaves placeholders; it runs nothing."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from sphinx_optviz import grammar
from sphinx_optviz.frameworks import did_you_mean, framework_name
from sphinx_optviz.log import warn
from sphinx_optviz.model import VIEWS, Claim, Interval, PlotRecord, PlotSpec
from sphinx_optviz.nodes import optplot_code, optplot_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_optviz.domain import OptvizDomain

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


def parse_names(text: str) -> tuple[str, ...]:
    """Names separated by blanks or commas, without repetition."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def _frameworks(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(framework_name(name) for name in parse_names(text)))
    if not names:
        raise ValueError("name at least one framework")
    return names


def _views(text: str) -> tuple[str, ...]:
    names = parse_names(text.lower())
    for name in names:
        if name not in VIEWS:
            raise ValueError(f"unknown view {name!r}. {did_you_mean(name, list(VIEWS))}")
    if not names:
        raise ValueError(f"name at least one of {', '.join(VIEWS)}")
    return names


def _choice(*known: str) -> Callable[[str], Any]:
    def check(text: str) -> str:
        word = " ".join(text.lower().split())
        if word not in known:
            raise ValueError(did_you_mean(word, list(known)))
        return word

    return check


def _legend(text: str) -> str:
    word = " ".join(text.lower().split())
    return cast("str", _choice(*_LEGENDS)({"": "best", "off": "none", "false": "none"}.get(word, word)))


def _figsize(text: str) -> tuple[float, float]:
    parts = re.split(r"\s*[,x]\s*|\s+", text.strip())
    if len(parts) != 2:
        raise ValueError("write it as 'width, height', in inches")
    width, height = grammar.number(parts[0]), grammar.number(parts[1])
    if not (0.5 <= width <= _MAX_INCHES and 0.5 <= height <= _MAX_INCHES):
        raise ValueError(f"width and height are in inches, from 0.5 to {_MAX_INCHES:g}")
    return width, height


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return " ".join(text.split())


# What becomes part of the PlotSpec: option -> (field, check).
_PLOT_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "frameworks": ("frameworks", _frameworks),
    "view": ("views", _views),
    "x": ("x", parse_interval),
    "y": ("y", parse_interval),
    "critical-points": ("critical_points", grammar.kinds_named),
    "through": ("through", grammar.through),
    "annotate": ("annotations", grammar.annotation_lines),
    "code": ("code", _choice("above", "below", "hidden")),
    "figure": ("figure", _choice("shared", "each", "none")),
    "figsize": ("figsize", _figsize),
    "legend": ("legend", _legend),
    "title": ("title", _text),
    "alt": ("alt", _text),
}

# As in docutils' figure: they shape the nodes and are no part of the plot.
_FIGURE_OPTIONS: dict[str, Callable[[str], Any]] = {
    "name": _text,
    "align": _choice("left", "center", "right"),
    "width": directives.length_or_percentage_or_unitless,
    "class": directives.class_option,
    "figclass": directives.class_option,
}

# Each line of it is checked, and warned of, by itself.
_EXPECT = "expect"

OPTIONS = (*_FIGURE_OPTIONS, *_PLOT_OPTIONS, _EXPECT)


def _as_text(argument: str | None) -> str:
    return argument or ""


class _AnyOption(dict[str, Any]):
    """Accepts every option as text, so that an unknown or wrong one is our warning and not the end of the directive."""

    def __missing__(self, name: str) -> Callable[[str | None], str]:
        return _as_text


def group_id(docname: str, index: int) -> str:
    """A part of ids that is the same in every build and that no other directive of the book has."""
    return f"optviz-{hashlib.sha256(docname.encode()).hexdigest()[:8]}-{index}"


class OptplotDirective(SphinxDirective):
    """Becomes a figure with a placeholder for the image, and one for the code beside it or, with ``each``, in it."""

    has_content = True
    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True
    # docutils takes an empty mapping for "no options".
    option_spec: ClassVar[Any] = _AnyOption(dict.fromkeys(OPTIONS, _as_text))

    def run(self) -> list[nodes.Node]:
        self._problems: list[str] = []
        names = parse_names(self.arguments[0]) if self.arguments else ()
        if not names:
            self._problem("name a landscape, as in '.. optplot:: saddle'")
        spec = self._spec(names)
        shape = {name: self._checked(name, check) for name, check in _FIGURE_OPTIONS.items() if name in self.options}
        shape = {name: value for name, value in shape.items() if value is not None}
        content = self.parse_content_to_nodes()

        if spec.figure == "none" and spec.code == "hidden":
            self._problem("with ':figure: none' and ':code: hidden' there is nothing to show")
        built, placeholders = self._build(spec, shape, content)
        source, line = self.get_source_info()
        record = PlotRecord(spec=spec, line=line, source=source, problems=tuple(self._problems))
        domain = cast("OptvizDomain", self.env.get_domain("optviz"))
        docname = self.env.docname
        index = domain.note(docname, record)
        group = group_id(docname, index)
        for placeholder in placeholders:
            placeholder["docname"] = docname
            placeholder["index"] = index
            placeholder["group"] = group
        for node in built:
            # Sphinx would call an unnamed figure "id1" in each document, and singlehtml joins them.
            if isinstance(node, nodes.figure) and not node["ids"]:
                node["ids"].append(group)
        return built

    # ---- options

    def _spec(self, names: tuple[str, ...]) -> PlotSpec:
        fields: dict[str, Any] = {}
        for option in self.options:
            if option in _PLOT_OPTIONS:
                field, check = _PLOT_OPTIONS[option]
                value = self._checked(option, check)
                if value is not None:
                    fields[field] = value
            elif option == _EXPECT:
                fields["claims"] = self._claims()
            elif option not in _FIGURE_OPTIONS:
                self._problem(f"unknown option :{option}:. {did_you_mean(option, list(OPTIONS))}", option)
        return PlotSpec(landscapes=names, **fields)

    def _checked(self, option: str, check: Callable[[str], T]) -> T | None:
        """The option's value; a wrong one is a problem and is left out."""
        try:
            return check(self.options[option])
        except ValueError as error:
            reason = " ".join(str(error).split())  # docutils' own go over several lines
            self._problem(f":{option}: {self.options[option]!r} is not valid: {reason}", option)
            return None

    def _claims(self) -> tuple[Claim, ...]:
        """What ``:expect:`` says, a line each; a line that is no claim is a problem and is left out."""
        claims = []
        offset = self._offset(_EXPECT)
        lines = self.block_text.splitlines()
        for text in filter(None, map(str.strip, self.options[_EXPECT].splitlines())):
            at = next((number for number in range(offset, len(lines)) if lines[number].strip().endswith(text)), offset)
            try:
                claims.append(grammar.claim(text, self.get_source_info()[1] + at))
            except ValueError as error:
                self._problem(f":{_EXPECT}: {error}", lines_below=at)
            offset = at
        return tuple(claims)

    def _offset(self, option: str) -> int:
        """How many lines below the directive *option* stands."""
        lines = self.block_text.splitlines()
        starts = (number for number, text in enumerate(lines) if text.strip().startswith(f":{option}:"))
        return next(starts, 0) if option else 0

    def _problem(self, message: str, option: str = "", lines_below: int = 0) -> None:
        """Warn at the line of *option*, or at another, and keep the message for the page."""
        source, line = self.get_source_info()
        warn("directive", message, location=f"{source}:{line + (lines_below or self._offset(option))}")
        self._problems.append(message)

    # ---- nodes

    def _build(
        self, spec: PlotSpec, shape: dict[str, Any], content: list[nodes.Node]
    ) -> tuple[list[nodes.Node], list[nodes.Element]]:
        """The nodes to return, and those among them that ``PlacePlots`` replaces."""
        code = optplot_code(each=spec.figure == "each")
        self.set_source_info(code)
        if spec.figure == "none":
            container = nodes.container("", code, *content, classes=["optviz", *shape.get("figclass", [])])
            self._name(container, shape)
            return [container], [code]

        # The URI only has to look like one that is not a local file, so that Sphinx does not search for it.
        image = optplot_image(uri=f"optviz://{'/'.join(spec.landscapes)}", classes=shape.get("class", []))
        self.set_source_info(image)
        if spec.alt:
            image["alt"] = spec.alt
        if "width" in shape:
            image["width"] = shape["width"]
        placeholder: nodes.Element = code if spec.figure == "each" else image
        if placeholder is code:
            code["image"] = {name: image[name] for name in ("alt", "width", "classes") if name in image}
        figure = nodes.figure("", placeholder, classes=["optviz", *shape.get("figclass", [])])
        self.set_source_info(figure)
        if "align" in shape:
            figure["align"] = shape["align"]
        self._name(figure, shape)
        figure += self._caption(content)
        if placeholder is code:
            return [figure], [code]
        placeholders: list[nodes.Element] = [code, image]
        if spec.code == "hidden":
            return [figure], [image]
        return ([figure, code] if spec.code == "below" else [code, figure]), placeholders

    def _name(self, node: nodes.Element, shape: dict[str, Any]) -> None:
        # add_name reads the option itself.
        self.options.pop("name", None)
        if "name" in shape:
            self.options["name"] = shape["name"]
            self.add_name(node)

    def _caption(self, content: list[nodes.Node]) -> list[nodes.Node]:
        """First paragraph and rest, as docutils' figure has them."""
        content = [node for node in content if not isinstance(node, nodes.comment)]
        if not content:
            return []
        first, *rest = content
        if not isinstance(first, nodes.paragraph):
            self._problem("the content must begin with a paragraph, the caption")
            return [nodes.legend("", *content)]
        caption = nodes.caption(first.rawsource, "", *first.children)
        caption.source, caption.line = first.source, first.line
        return [caption, nodes.legend("", *rest)] if rest else [caption]
