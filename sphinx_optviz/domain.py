"""PLAN: what each document asks for, kept with the environment. Merges what was read, never what was derived."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.domains import Domain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from docutils import nodes

    from sphinx_optviz.model import Placement, PlotRecord, TabStyle


class OptvizDomain(Domain):
    """The records of all directives, by document, in the order in which they stand there."""

    name = "optviz"
    label = "optviz"
    data_version = 1  # bump it when PlotRecord or PlotSpec changes its shape
    initial_data = {"records": {}}  # noqa: RUF012 - Sphinx copies it

    # What the pages show, by (docname, index). Not part of the data: it is made anew in each build, and stays None
    # for builders that write no pages.
    placements: Mapping[tuple[str, int], Placement] | None = None
    # Where the image files lie, and their MIME type; "" when the builder takes none that we can draw.
    figures: tuple[Path, str] = (Path(), "")
    tab_style: TabStyle = "labelled"

    @property
    def records(self) -> dict[str, list[PlotRecord]]:
        records: dict[str, list[PlotRecord]] = self.data["records"]
        return records

    def note(self, docname: str, record: PlotRecord) -> int:
        """Keep *record*; return its index in the document."""
        of_document = self.records.setdefault(docname, [])
        of_document.append(record)
        return len(of_document) - 1

    def clear_doc(self, docname: str) -> None:
        self.records.pop(docname, None)

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, dict[str, list[PlotRecord]]]) -> None:
        for docname, records in otherdata.get("records", {}).items():
            if docname in docnames:
                self.records[docname] = records

    # The base class raises for `any`; there is nothing here to refer to.
    def resolve_any_xref(self, *_args: object) -> list[tuple[str, nodes.reference]]:
        return []
