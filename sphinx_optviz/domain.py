"""PLAN: what each document asks for, kept with the environment. Merges what was read, never what was derived."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.domains import Domain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from docutils import nodes

    from sphinx_optviz.model import Number, Place, Placement, Record, Settings, TabStyle


class OptvizDomain(Domain):
    """The records of all directives, by document, in the order in which they stand there."""

    name = "optviz"
    label = "optviz"
    data_version = 5  # bump it when a record or a spec changes its shape
    initial_data = {"records": {}, "questions": {}, "problems": {}}  # noqa: RUF012 - Sphinx copies it

    # What the pages show, by (docname, index). Not part of the data: it is made anew in each build, and stays None
    # for builders that write no pages.
    placements: Mapping[Place, Placement] | None = None
    numbers: Mapping[tuple[str, str], Number] = {}  # by (docname, expression)
    # Where the image files lie, and their MIME type; "" when the builder takes none that we can draw.
    figures: tuple[Path, str] = (Path(), "")
    tab_style: TabStyle = "labelled"
    output: tuple[str, str] = ("", "")  # the builder's format and name
    settings: Settings | None = None
    downloads: Path = Path()  # where the builder keeps files to download

    @property
    def records(self) -> dict[str, list[Record]]:
        records: dict[str, list[Record]] = self.data["records"]
        return records

    @property
    def placed(self) -> dict[Place, Record]:
        """All records, in a fixed order."""
        return {
            (docname, index): record
            for docname in sorted(self.records)
            for index, record in enumerate(self.records[docname])
        }

    def note(self, docname: str, record: Record) -> int:
        """Keep *record*; return its index in the document."""
        of_document = self.records.setdefault(docname, [])
        of_document.append(record)
        return len(of_document) - 1

    @property
    def questions(self) -> dict[tuple[str, str], tuple[str, int]]:
        """What the prose asks for with ``optval``, by document and expression: file and line of the first time."""
        by_document: dict[str, dict[str, tuple[str, int]]] = self.data["questions"]
        return {
            (docname, expression): place
            for docname in sorted(by_document)
            for expression, place in by_document[docname].items()
        }

    def ask(self, docname: str, expression: str, source: str, line: int) -> None:
        """Keep that *docname* shows the value of *expression*."""
        self.data["questions"].setdefault(docname, {}).setdefault(expression, (source, line))

    def report(self, docname: str, message: str, location: str) -> None:
        """Keep what is wrong in a directive: each build warns of it, also one that does not read *docname* again."""
        self.data["problems"].setdefault(docname, []).append((message, location))

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Message and location of all that is wrong in directives, in a fixed order."""
        by_document: dict[str, list[tuple[str, str]]] = self.data["problems"]
        return [problem for docname in sorted(by_document) for problem in by_document[docname]]

    def clear_doc(self, docname: str) -> None:
        for its in self.data.values():
            if isinstance(its, dict):  # and not the version
                its.pop(docname, None)

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, dict[str, Any]]) -> None:
        for name in self.initial_data:
            for docname, its in otherdata[name].items():
                if docname in docnames:
                    self.data[name][docname] = its

    # The base class raises for `any`; there is nothing here to refer to.
    def resolve_any_xref(self, *_args: object) -> list[tuple[str, nodes.reference]]:
        return []
