"""From the files that an author names to the pages that are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sphinx_optviz.convert.book import Book, common_folder
from sphinx_optviz.convert.markdown import parsed
from sphinx_optviz.convert.plot_settings import plot_settings
from sphinx_optviz.convert.plots import PlotPage
from sphinx_optviz.convert.restructured import Page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sphinx_optviz.convert.findings import Finding

MARKDOWN, RESTRUCTURED = ".md", ".rst"


class SourceError(ValueError):
    """A source that cannot be taken; the message is for the author."""


@dataclass(slots=True)
class Converted:
    """What came of it: files by their path below the output folder, and what could not be converted."""

    pages: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)  # to be copied
    findings: list[Finding] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)  # lines of conf.py


def converted(sources: Sequence[Path], framework: str = "", output: Path | None = None) -> Converted:
    """Convert *sources*, files and folders; *framework* is whose d2lbook's cells without a mark are.

    What lies in the folder *output*, though it lies in a source, was converted before.

    Raises SourceError, and ImportError where Markdown cannot be parsed.
    """
    found = {path: folder for source in sources for path, folder in _files(source, output)}
    root = common_folder(found.values())
    book = Book(root, {path: path.relative_to(root).with_suffix("").as_posix() for path in found})
    names = list(book.pages.values())
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise SourceError(f"there are two sources for the page {twice}; name one of them")
    outcome = Converted()
    markdown = [path for path in found if path.suffix == MARKDOWN]
    _convert_markdown(markdown, book, framework, outcome)
    settings_told: set[Finding] = set()
    for path in found:
        if path.suffix == RESTRUCTURED:
            settings = plot_settings(path)
            page = PlotPage(path, settings)
            outcome.pages[f"{book.pages[path]}.rst"] = page.text(_read(path))
            settings_told.update(settings.findings)
            outcome.findings += page.findings
    outcome.findings += settings_told
    outcome.findings.sort()
    outcome.files = {path.relative_to(root).as_posix(): path for path in sorted(book.files)}
    return outcome


def _convert_markdown(paths: Sequence[Path], book: Book, framework: str, outcome: Converted) -> None:
    sources = {path: _read(path).removeprefix("\ufeff") for path in paths}
    trees = {path: parsed(text) for path, text in sources.items()}
    for path in paths:
        for bib in sorted(path.parent.glob("*.bib")):
            book.add_bibliography(bib)
    for bib in sorted(book.root.glob("*.bib")):
        book.add_bibliography(bib)
    shows_one = any(":bibliography:`" in text for text in sources.values())
    book.has_bibliography = bool(book.bibliographies) and shows_one
    # Labels may be used before the page that defines them.
    for path, tree in trees.items():
        Page(path, tree, book, framework).text()
    for path, tree in trees.items():
        page = Page(path, tree, book, framework)
        outcome.pages[f"{book.pages[path]}.rst"] = page.text()
        outcome.findings += page.findings
    text = "\n".join(outcome.pages.values())
    outcome.needs += ["numfig = True"] if ":numref:`" in text else []
    if "cite:" in text and book.bibliographies:
        book.files |= book.bibliographies
        bibs = [path.relative_to(book.root).as_posix() for path in sorted(book.bibliographies)]
        outcome.needs += ['extensions += ["sphinxcontrib.bibtex"]', f"bibtex_bibfiles = {bibs!r}".replace("'", '"')]


def _files(source: Path, output: Path | None) -> list[tuple[Path, Path]]:
    """The pages of a source, each with the folder that its place counts from."""
    source = source.absolute()
    if source.is_dir():
        hidden = [".", "_"]
        paths = sorted(path for path in source.rglob("*") if path.suffix in {MARKDOWN, RESTRUCTURED})
        found = [path for path in paths if not any(part[0] in hidden for part in path.relative_to(source).parts)]
        if output and output.absolute() != source:
            found = [path for path in found if not path.is_relative_to(output.absolute())]
        if not found:
            raise SourceError(f"there is no page in {source}: they end in {MARKDOWN} or {RESTRUCTURED}")
        return [(path, source) for path in found]
    if not source.is_file():
        raise SourceError(f"there is no file {source}")
    if source.suffix not in {MARKDOWN, RESTRUCTURED}:
        raise SourceError(f"{source} is no page: it ends neither in {MARKDOWN} nor in {RESTRUCTURED}")
    return [(source, source.parent)]


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error
