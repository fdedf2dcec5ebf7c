"""Time Sphinx builds of the same pages with plain Sphinx, Matplotlib's plot_directive and sphinx_optviz.

The three tools take turns within each repetition, and ratios are taken within a repetition, so that whatever else the
machine does meets all of them. README.md says what the cases are and what came out.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import html.parser
import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from projects import FIGURES_A_PAGE, TOOLS, edit_figure, edit_text, page_names, text_was_edited, write_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# What is timed, in this order, and its name in the tables.
CASES = {
    "cold": "cold",
    "cold-j2": "cold, -j 2",
    "nothing": "nothing changed",
    "text": "one word of prose",
    "figure": "one figure's code",
}

_ORPHAN_SECONDS = 10.0  # how long a process may outlive the build that started it before that is an error


class Limit(NamedTuple):
    """optviz shall take at most *factor* times what *tool* takes."""

    tool: str
    factor: float


def limit_of(case: str, pages: int) -> Limit | None:
    """What the design asks of a case; None where it asks nothing."""
    if case == "nothing":
        return Limit("plain", 1.05)
    return {
        ("cold", 1): Limit("plot_directive", 1.1),
        ("cold", 40): Limit("plot_directive", 0.6),
        ("cold-j2", 40): Limit("plot_directive", 0.8),
    }.get((case, pages))


class Sample(NamedTuple):
    """Seconds of one build: on the clock, and of processor time in all its processes."""

    wall: float
    cpu: float


class BenchmarkError(Exception):
    """A build that did not do its work, so that its time means nothing."""


# ---- one build


def adopt_orphans() -> None:
    """Have processes whose parent ends become children of this one, so that their processor time is counted.

    Only Linux can. Elsewhere the time of a process that outlives the build is missed.
    """
    if sys.platform == "linux":
        set_child_subreaper = 36
        ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def timed(command: Sequence[str], log: Path) -> Sample:
    """Run *command*; anything that it writes is an error. Its clock stops when it ends, not when its children do."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with log.open("wb") as file:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment())
        process.wait()
        wall = time.perf_counter() - start
    _wait_for_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    written = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode or written.strip():
        raise BenchmarkError(f"{' '.join(command)} ended with {process.returncode} and wrote:\n{written}")
    return Sample(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def environment() -> dict[str, str]:
    """This process's, but with compiled modules kept, as an installed package has them."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _wait_for_orphans() -> None:
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            time.sleep(0.01)
    raise BenchmarkError(f"a process still runs {_ORPHAN_SECONDS:g} seconds after the build that started it")


# ---- one project


@dataclass
class Project:
    """The pages of one tool, built in a folder of their own."""

    tool: str
    pages: int
    folder: Path

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def output(self) -> Path:
        return self.folder / "html"

    @property
    def _complete(self) -> Path:
        """A copy of everything after a complete build."""
        return self.folder.with_name(f"{self.folder.name}-complete")

    def create(self) -> None:
        """Write it, build it once untimed, and keep that state."""
        for folder in (self.folder, self._complete):
            shutil.rmtree(folder, ignore_errors=True)
        write_project(self.source, self.tool, self.pages)
        self.build()
        self.check()
        shutil.copytree(self.folder, self._complete)

    def restore(self) -> None:
        """Back to the complete build, with the times of all files."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._complete, self.folder)

    def clear(self) -> None:
        """Leave only what an author writes. Matplotlib's font cache lies elsewhere, and stays."""
        self.restore()
        shutil.rmtree(self.source / "_optviz", ignore_errors=True)
        for path in self.folder.iterdir():
            if path != self.source:
                shutil.rmtree(path)

    def build(self, *options: str) -> Sample:
        # plot_directive puts its files beside the doctrees' folder, hence not in the output's.
        doctrees = self.folder / "doctrees"
        command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", *options, "-d", str(doctrees)]
        return timed([*command, str(self.source), str(self.output)], self.folder.with_name(f"{self.tool}.log"))

    def html_of(self, page: str) -> str:
        return (self.output / f"{page}.html").read_text(encoding="utf-8")

    def figures_of(self, page: str) -> list[str]:
        """A digest for each figure of a page, of what is drawn in it."""
        return [_digest(path) for path in _svg_files(self.html_of(page), self.output)]

    def check(self) -> None:
        """Raise BenchmarkError unless every page has its code and its figures, and no two figures are the same."""
        wanted = 0 if self.tool == "plain" else FIGURES_A_PAGE
        drawn: set[str] = set()
        for page in page_names(self.pages):
            figures = self.figures_of(page)
            blocks = self.html_of(page).count('<div class="highlight-')
            if len(figures) != wanted or blocks != FIGURES_A_PAGE:
                raise BenchmarkError(f"{self.tool}: {page} has {len(figures)} figures and {blocks} blocks of code")
            drawn.update(figures)
        if len(drawn) != wanted * self.pages:
            raise BenchmarkError(f"{self.tool}: only {len(drawn)} of {wanted * self.pages} figures differ")


class _ImageParser(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = dict(attrs).get("src") or ""
        if tag == "img" and source.endswith(".svg"):
            self.sources.append(source)


def _svg_files(page: str, folder: Path) -> list[Path]:
    parser = _ImageParser()
    parser.feed(page)
    return [folder / source for source in parser.sources]


def _digest(path: Path) -> str:
    """Of an SVG that has paths, without its date. Raises BenchmarkError for anything else."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(f"a page shows a figure that is not there: {error}") from error
    if "<svg" not in text or text.count("<path") < FIGURES_A_PAGE:
        raise BenchmarkError(f"{path.name} has nothing in it")
    return hashlib.sha256(re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL).encode()).hexdigest()


# ---- the cases


def cold(project: Project, *options: str) -> Sample:
    """Nothing but the sources is there."""
    project.clear()
    sample = project.build(*options)
    project.check()
    return sample


def nothing_changed(project: Project) -> Sample:
    project.restore()
    sample = project.build()
    project.check()
    return sample


def text_edited(project: Project) -> Sample:
    project.restore()
    page = edit_text(project.source, project.pages)
    sample = project.build()
    project.check()
    if not text_was_edited(project.html_of(page)):
        raise BenchmarkError(f"{project.tool}: {page} does not show the word that was changed")
    return sample


def figure_edited(project: Project) -> Sample:
    project.restore()
    page = edit_figure(project.source, project.tool, project.pages)
    before = project.figures_of(page)
    sample = project.build()
    project.check()
    changed = [old for old, new in zip(before, project.figures_of(page), strict=True) if old != new]
    if project.tool != "plain" and len(changed) != 1:
        raise BenchmarkError(f"{project.tool}: {len(changed)} figures of {page} changed, and not one")
    return sample


RUN: dict[str, Callable[[Project], Sample]] = {
    "cold": cold,
    "cold-j2": lambda project: cold(project, "-j", "2"),
    "nothing": nothing_changed,
    "text": text_edited,
    "figure": figure_edited,
}

Samples = dict[str, dict[str, list[Sample]]]  # by case and tool, one a repetition


def measure(pages: int, cases: Sequence[str], repeats: int, work: Path) -> Samples:
    """All repetitions with *pages* pages; case by case, the tools in turn."""
    projects = [Project(tool, pages, work / f"{pages}-pages" / tool) for tool in TOOLS]
    for project in projects:
        progress(f"{pages} pages: first build of {project.tool}")
        project.create()
    samples: Samples = {case: {tool: [] for tool in TOOLS} for case in cases}
    for repeat in range(repeats):
        for case in cases:
            for project in projects:
                sample = RUN[case](project)
                samples[case][project.tool].append(sample)
                progress(f"{pages} pages, {repeat + 1}/{repeats}, {CASES[case]}, {project.tool}: {sample.wall:.2f} s")
    return samples


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ---- the tables


def spread(values: Sequence[float]) -> str:
    """Median, smallest and largest."""
    return f"{statistics.median(values):.2f} [{min(values):.2f}-{max(values):.2f}]"


def ratios(samples: Samples, case: str, tool: str, what: str = "wall") -> list[float]:
    """optviz against *tool*, repetition by repetition."""
    pairs = zip(samples[case]["optviz"], samples[case][tool], strict=True)
    return [getattr(ours, what) / getattr(theirs, what) for ours, theirs in pairs]


def verdict(samples: Samples, case: str, pages: int) -> str:
    """The limit, and whether the median of the ratios keeps it."""
    limit = limit_of(case, pages)
    if limit is None:
        return ""
    met = statistics.median(ratios(samples, case, limit.tool)) <= limit.factor
    return f"at most {limit.factor:g} of {limit.tool}: {'met' if met else '**missed**'}"


def table(samples: Samples, pages: int) -> Iterator[str]:
    """Lines of Markdown: seconds on the clock, then processor seconds."""
    figures = pages * FIGURES_A_PAGE
    for what, title in (("wall", "seconds"), ("cpu", "processor seconds of all processes")):
        yield f"{'1 page' if pages == 1 else f'{pages} pages'}, {figures} figures: {title}, median [min-max]"
        yield ""
        head = ["case", *TOOLS, "optviz / plot_directive", "optviz / plain", *(["limit"] if what == "wall" else [])]
        yield f"| {' | '.join(head)} |"
        yield "|---" * len(head) + "|"
        for case, of_tool in samples.items():
            cells = [spread([getattr(sample, what) for sample in of_tool[tool]]) for tool in TOOLS]
            cells += [spread(ratios(samples, case, tool, what)) for tool in ("plot_directive", "plain")]
            cells += [verdict(samples, case, pages)] if what == "wall" else []
            yield f"| {CASES[case]} | {' | '.join(cells)} |"
        yield ""


def machine() -> str:
    """What the numbers depend on, without naming the machine."""
    names = ("sphinx", "docutils", "sphinx-tabs", "matplotlib", "numpy", "sphinx-optviz")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = platform.system()
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}, {versions}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, nargs="+", default=[1, 10, 40], help="numbers of pages")
    parser.add_argument("--repeats", type=int, default=5)
    work = Path(__file__).parent / "_work"
    parser.add_argument("--work", type=Path, default=work, help="a folder to build in; what is in it is replaced")
    parser.add_argument("--only", default=",".join(CASES), help=f"cases, with commas between: {', '.join(CASES)}")
    parsed = parser.parse_args()
    parsed.cases = [case for case in parsed.only.lower().split(",") if case]
    if unknown := sorted(set(parsed.cases) - set(CASES)):
        parser.error(f"unknown case {', '.join(unknown)}; there are {', '.join(CASES)}")
    if parsed.repeats < 1 or min(parsed.pages) < 1:
        parser.error("--repeats and --pages must be at least 1")
    return parsed


def main() -> int:
    options = arguments()
    adopt_orphans()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    print(f"{time.strftime('%Y-%m-%d')}: {machine()}; {options.repeats} repetitions\n")
    try:
        for pages in options.pages:
            samples = measure(pages, options.cases, options.repeats, work)
            (work / f"samples-{pages}.json").write_text(json.dumps(samples), encoding="utf-8")
            print("\n".join(table(samples, pages)), flush=True)
    except BenchmarkError as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
