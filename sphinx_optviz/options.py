"""PARSE: what the directives share: options checked one by one, problems told at their lines, figures around images."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from sphinx_optviz.frameworks import did_you_mean, framework_name
from sphinx_optviz.nodes import optplot_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sphinx_optviz.domain import OptvizDomain
    from sphinx_optviz.model import Record

    T = TypeVar("T")


def parse_names(text: str) -> tuple[str, ...]:
    """Names separated by blanks or commas, without repetition."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def framework_list(text: str) -> tuple[str, ...]:
    """Names of frameworks, at least one. Raises ValueError."""
    names = tuple(dict.fromkeys(framework_name(name) for name in parse_names(text)))
    if not names:
        raise ValueError("name at least one framework")
    return names


def choice(*known: str) -> Callable[[str], Any]:
    """A check that takes one of some words."""

    def check(text: str) -> str:
        word = " ".join(text.lower().split())
        if word not in known:
            raise ValueError(did_you_mean(word, list(known)))
        return word

    return check


def some_text(text: str) -> str:
    """*text* on one line. Raises ValueError if there is none."""
    if not text.strip():
        raise ValueError("it is empty")
    return " ".join(text.split())


# As in docutils' figure: they shape the nodes and are no part of what is run.
FIGURE_OPTIONS: dict[str, Callable[[str], Any]] = {
    "name": some_text,
    "align": choice("left", "center", "right"),
    "width": directives.length_or_percentage_or_unitless,
    "class": directives.class_option,
    "figclass": directives.class_option,
}


def _as_text(argument: str | None) -> str:
    return argument or ""


class AnyOption(dict[str, Any]):
    """Accepts every option as text, so that an unknown or wrong one is our warning and not the end of the directive."""

    @classmethod
    def of(cls, known: Sequence[str]) -> AnyOption:
        """With an entry for each *known* one."""
        return cls(dict.fromkeys(known, _as_text))

    def __missing__(self, name: str) -> Callable[[str | None], str]:
        return _as_text


def group_id(docname: str, index: int) -> str:
    """A part of ids that is the same in every build and that no other directive of the book has."""
    return f"optviz-{hashlib.sha256(docname.encode()).hexdigest()[:8]}-{index}"


class RecordingDirective(SphinxDirective):
    """Takes options as text, tells what is wrong in them, and leaves placeholders for what a record asks for."""

    has_content = True
    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True
    known_options: ClassVar[Sequence[str]] = ()
    problems: list[str]

    # ---- options

    def checked(self, option: str, check: Callable[[str], T]) -> T | None:
        """The option's value; a wrong one is a problem and is left out."""
        try:
            return check(self.options[option])
        except ValueError as error:
            reason = " ".join(str(error).split())  # docutils' own go over several lines
            self.problem(f":{option}: {self.options[option]!r} is not valid: {reason}", option)
            return None

    def fields(self, known: Mapping[str, tuple[str, Callable[[str], Any]]]) -> dict[str, Any]:
        """Fields of a spec, from the options that are given and right; *known* says which field, and the check."""
        found: dict[str, Any] = {}
        for option in self.options:
            if option in known:
                field, check = known[option]
                value = self.checked(option, check)
                if value is not None:
                    found[field] = value
            elif option not in self.known_options:
                self.unknown(option)
        return found

    def shape(self) -> dict[str, Any]:
        """The options of the figure that are given and right."""
        given = {name: self.checked(name, check) for name, check in FIGURE_OPTIONS.items() if name in self.options}
        return {name: value for name, value in given.items() if value is not None}

    def unknown(self, option: str) -> None:
        """Tell of an option that there is not."""
        self.problem(f"unknown option :{option}:. {did_you_mean(option, list(self.known_options))}", option)

    def offset(self, option: str) -> int:
        """How many lines below the directive *option* stands."""
        lines = self.block_text.splitlines()
        starts = (number for number, text in enumerate(lines) if text.strip().startswith(f":{option}:"))
        return next(starts, 0) if option else 0

    def problem(self, message: str, option: str = "", lines_below: int = 0) -> None:
        """Report *message* at the line of *option*, or at another, and keep it for the page."""
        source, line = self.get_source_info()
        domain = cast("OptvizDomain", self.env.get_domain("optviz"))
        domain.report(self.env.docname, message, f"{source}:{line + (lines_below or self.offset(option))}")
        self.problems.append(message)

    # ---- nodes

    def note(self, record: Record, built: list[nodes.Node], placeholders: Iterable[nodes.Element]) -> list[nodes.Node]:
        """Keep *record*, and let *placeholders* know it; return the nodes to put in the document."""
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

    def image(self, name: str, alt: str | None, shape: dict[str, Any]) -> optplot_image:
        """The placeholder for an image of what is called *name*."""
        # The URI only has to look like one that is not a local file, so that Sphinx does not search for it.
        image = optplot_image(uri=f"optviz://{name}", classes=shape.get("class", []))
        self.set_source_info(image)
        if alt:
            image["alt"] = alt
        if "width" in shape:
            image["width"] = shape["width"]
        return image

    def figure_around(self, placeholder: nodes.Element, shape: dict[str, Any]) -> nodes.figure:
        """A figure without a caption yet."""
        figure = nodes.figure("", placeholder, classes=["optviz", *shape.get("figclass", [])])
        self.set_source_info(figure)
        if "align" in shape:
            figure["align"] = shape["align"]
        self.set_name(figure, shape)
        return figure

    def set_name(self, node: nodes.Element, shape: dict[str, Any]) -> None:
        """Let *node* be what a reference to ``:name:`` leads to."""
        # add_name reads the option itself.
        self.options.pop("name", None)
        if "name" in shape:
            self.options["name"] = shape["name"]
            self.add_name(node)
