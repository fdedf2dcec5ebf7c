"""PARSE: the directive ``optplot``: with an argument a plot of landscapes, without one a cell of code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from sphinx.util.docutils import SphinxDirective

from sphinx_optviz.cell_directive import CellDirective
from sphinx_optviz.options import AnyOption
from sphinx_optviz.plot_directive import PlotDirective

if TYPE_CHECKING:
    from docutils import nodes

OPTIONS = tuple(dict.fromkeys([*PlotDirective.known_options, *CellDirective.known_options]))


class OptplotDirective(SphinxDirective):
    """Hands over to what is meant."""

    has_content = True
    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True
    # docutils takes an empty mapping for "no options".
    option_spec: ClassVar[Any] = AnyOption.of(OPTIONS)

    def run(self) -> list[nodes.Node]:
        has_code = not self.arguments and bool(self.content)
        meant = (CellDirective if has_code else PlotDirective)(
            self.name,
            self.arguments,
            self.options,
            self.content,
            self.lineno,
            self.content_offset,
            self.block_text,
            self.state,
            self.state_machine,
        )
        return self._once(meant)

    def _once(self, meant: SphinxDirective) -> list[nodes.Node]:
        """Inside of tabs that another extension parses twice, the same nodes both times."""
        if not self.env.temp_data.get("tabs_stack"):
            return list(meant.run())
        parsed = cast("dict[tuple[str, int], list[nodes.Node]]", self.env.temp_data.setdefault("optviz_parsed", {}))
        place = self.get_source_info()
        if place not in parsed:
            parsed[place] = list(meant.run())
        return parsed[place]
