"""PLACE: the files of each page, and the line of links before its first plot; runs nothing."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from docutils import nodes
from sphinx import addnodes
from sphinx.locale import admonitionlabels, get_translation
from sphinx.transforms.post_transforms import SphinxPostTransform

from sphinx_optviz.downloads.ipynb import ipynb
from sphinx_optviz.downloads.markdown import Writer
from sphinx_optviz.downloads.notebook import Page, folder_of, notebook_cells
from sphinx_optviz.downloads.percent import percent
from sphinx_optviz.files import write_file
from sphinx_optviz.frameworks import framework
from sphinx_optviz.log import CATALOG
from sphinx_optviz.nodes import optplot_code, optplot_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

    from sphinx_optviz.domain import OptvizDomain
    from sphinx_optviz.model import Download, Placement, Settings

_ = get_translation(CATALOG)

_FOLDER = "optviz"  # in the folder of downloads
_LARGEST_IMAGE = 2_000_000
_LARGEST_FILE = 500_000  # bytes of a file that cells read


def _file(docname: str, name: str, suffix: str) -> str:
    """The path of a file below the folder of all downloads."""
    return f"{_FOLDER}/{docname}-{name}.{suffix}"


def _frameworks(placements: Iterable[Placement]) -> list[str]:
    """Those that have code among *placements*, in the order in which they come."""
    placed = [one for one in placements if one.download is not None]
    names = [tab.framework for one in placed for tab in one.tabs if one.download and tab.framework in one.download.code]
    return list(dict.fromkeys(names))


def _is_wanted(domain: OptvizDomain) -> bool:
    """Whether the builder makes pages to click on, on which there may be links."""
    return domain.output[0] == "html" and domain.tab_style == "live" and bool(domain.placements)


class PlaceDownloads(SphinxPostTransform):
    """Write the files of the document, or of all that singlehtml has joined, and put in the links."""

    # After references and numbers have got their texts, before PlacePlots takes the placeholders out.
    default_priority = 89

    def run(self, **_: Any) -> None:
        domain = cast("OptvizDomain", self.env.get_domain("optviz"))
        if not _is_wanted(domain):
            return
        for docname, root in _documents(self.document, self.env.docname):
            placeholders = [node for node in _of_document(root) if isinstance(node, optplot_image | optplot_code)]
            placed = [domain.placements[node["docname"], node["index"]] for node in placeholders]  # type: ignore[index]
            names = _frameworks(placed)
            if names:
                assert domain.settings is not None
                self._write(docname, root, names, domain.settings)
                first: nodes.Element = next(
                    node for node, one in zip(placeholders, placed, strict=True) if _frameworks([one])
                )
                while isinstance(first.parent, nodes.figure) or "optviz-cell" in first.parent.get("classes", ()):
                    first = first.parent
                first.parent.insert(first.parent.index(first), self._links(docname, names, domain.settings))

    # ---- files

    def _write(self, docname: str, root: nodes.Element, names: list[str], settings: Settings) -> None:
        domain = cast("OptvizDomain", self.env.get_domain("optviz"))
        assert domain.placements is not None
        placements = domain.placements
        images: dict[str, Path] = {}
        seen: set[int] = set()

        def instead(node: nodes.Element) -> Download | str | None:
            if isinstance(node, addnodes.start_of_file):
                return ""
            if not isinstance(node, optplot_image | optplot_code):
                return None
            if node["index"] in seen:
                return ""
            seen.add(node["index"])
            return placements[node["docname"], node["index"]].download or ""

        def image(node: nodes.image) -> str:
            uri = str(node["uri"])
            path = Path(self.env.srcdir, uri)
            if "://" in uri or uri.startswith("data:"):
                return uri
            if not path.is_file() or path.stat().st_size > _LARGEST_IMAGE:
                return ""
            images[path.name] = path
            return f"attachment:{path.name}"

        writer: Writer[Download | str] = Writer(
            instead=instead,
            number=lambda node: self._number(docname, node),
            image=image,
            titles={name: str(label) for name, label in admonitionlabels.items()},
        )
        parts = [part for part in writer.write(root) if part != ""]
        prefix = os.path.relpath(self.env.srcdir, settings.confdir).replace(os.sep, "/")
        for name in names:
            page = Page(
                framework=name,
                parts=parts,
                folder=folder_of(docname, prefix),
                rcparams=settings.rcparams,
                drawing=lambda file: _text(domain.figures[0] / file) or "",
                module=lambda path: _text(settings.confdir / path),
                file=partial(_small_file, Path(self.env.doc2path(docname)).parent),
            )
            cells = notebook_cells(page)
            write_file(domain.downloads / _file(docname, name, "ipynb"), ipynb(cells, images))
            write_file(domain.downloads / _file(docname, name, "py"), percent(cells))

    def _number(self, docname: str, node: nodes.Element) -> str:
        """What *node* is called in the text around it: "Fig. 3", or the number of a formula."""
        if isinstance(node, nodes.math_block):
            number = str(node["number"]) if node.get("number") else ""
            numbers = self.env.toc_fignumbers.get(docname, {}).get("displaymath", {})
        else:
            number = ""
            kind = self.env.get_domain("std").get_enumerable_node_type(node)
            numbers = self.env.toc_fignumbers.get(docname, {}).get(kind or "", {})
        found = next((numbers[one] for one in node["ids"] if one in numbers), None)
        if found is None:
            return number
        joined = ".".join(map(str, found))
        return joined if isinstance(node, nodes.math_block) else self.config.numfig_format[kind] % joined

    # ---- links

    def _links(self, docname: str, names: list[str], settings: Settings) -> nodes.paragraph:
        line = nodes.paragraph("", "", nodes.Text(_("Download:")), classes=["optviz-downloads"])
        for number, name in enumerate(names):
            line += nodes.Text(" · " if number else " ")
            line += nodes.strong("", framework(name).label)
            for suffix in ("py", "ipynb"):
                line += nodes.Text(" ")
                line += addnodes.download_reference(
                    "", "", nodes.inline("", f".{suffix}"), filename=_file(docname, name, suffix)
                )
            if settings.colab_base:
                address = settings.colab_base + quote(f"_downloads/{_file(docname, name, 'ipynb')}")
                line += nodes.Text(" ")
                line += nodes.reference("", "Colab", refuri=address, internal=False, reftitle=_("Open in Colab"))
        return line


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _small_file(folder: Path, name: str) -> bytes | None:
    """The content of a file of the book that is to be in downloads; None if it is too large, or outside of *folder*."""
    path = Path(os.path.normpath(folder / name))
    try:
        if not path.is_relative_to(folder) or path.stat().st_size > _LARGEST_FILE:
            return None
        return path.read_bytes()
    except OSError:
        return None


def _documents(document: nodes.document, docname: str) -> Iterator[tuple[str, nodes.Element]]:
    """Each document in *document*, which is one itself or, in singlehtml, has others in it."""
    yield docname, document
    for node in document.findall(addnodes.start_of_file):
        yield node["docname"], node


def _of_document(root: nodes.Element) -> Iterator[nodes.Element]:
    """The elements of one document without those of others that are in it."""
    for child in root.children:
        if isinstance(child, nodes.Element) and not isinstance(child, addnodes.start_of_file):
            yield child
            yield from _of_document(child)


def tidy(app: Sphinx, exception: Exception | None) -> None:
    """At ``build-finished``: remove the files of pages and frameworks that are gone."""
    folder = Path(app.outdir, "_downloads", _FOLDER)
    if exception is not None or app.builder.format != "html" or not folder.is_dir():
        return
    domain = cast("OptvizDomain", app.env.get_domain("optviz"))
    of_document: dict[str, list[Placement]] = defaultdict(list)
    for (docname, _index), one in (domain.placements or {}).items():
        of_document[docname].append(one)
    wanted = {
        Path(app.outdir, "_downloads", _file(docname, name, suffix))
        for docname, placed in of_document.items()
        for name in _frameworks(placed)
        for suffix in ("py", "ipynb")
    }
    for path in [*sorted(folder.rglob("*"), reverse=True), folder]:  # what is in a folder before the folder itself
        if path.is_dir():
            with contextlib.suppress(OSError):  # it is not empty
                path.rmdir()
        elif path not in wanted:
            path.unlink(missing_ok=True)
