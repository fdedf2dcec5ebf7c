"""DRAW: results become image files, in child processes, each file once. Knows nothing of Sphinx.

This file is the host's side and imports no Matplotlib: it says which figures there are and what their files are called,
and hands the missing ones to children. ``canvas``, ``views``, ``labels`` and ``style`` are the child's side.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_optviz.model import IMAGE_FORMATS, digest_of
from sphinx_optviz.processes import Pool, Program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sphinx_optviz.plan import Mark, Panel, Plot, Series
    from sphinx_optviz.processes import Child, Message
    from sphinx_optviz.runs import Result

_HERE = Path(__file__).parent

# Seconds for one figure, far more than any takes.
_TIMEOUT = 120.0

# A further process costs its import of Matplotlib, about as much as this many figures.
_FIGURES_A_PROCESS = 10

_GROUP = "draw"


@dataclass(frozen=True, slots=True)
class Figure:
    """One image file to be: what is drawn, without the numbers, and the results that have them, by (panel, series)."""

    path: Path
    label: str
    job: Mapping[str, Any]
    results: Mapping[tuple[int, int], Result]

    @property
    def code(self) -> Path:
        """The file with the code that draws it again, for readers."""
        return self.path.with_suffix(".py")

    def message(self) -> Message:
        """The job with its numbers, for a child."""
        job = {**self.job, "path": str(self.path), "panels": [dict(panel) for panel in self.job["panels"]]}
        for index, panel in enumerate(job["panels"]):
            panel["series"] = [dict(series) for series in panel["series"]]
            for number, series in enumerate(panel["series"]):
                arrays = self.results[index, number].arrays
                series["values"] = [arrays["values", name].data for name in series["functions"]]
        return job


class FigureMaker:
    """Names figures so that everything which changes the picture changes the name, and nothing else does."""

    def __init__(self, folder: Path, mime: str, rcparams: Mapping[str, object], words: Mapping[str, str]) -> None:
        self._folder = folder
        self._suffix = IMAGE_FORMATS[mime]
        self._rcparams = dict(rcparams)
        self._words = dict(words)
        code = b"".join(path.read_bytes() for path in sorted(_HERE.glob("*.py")))
        self._drawn_by = [importlib.metadata.version("matplotlib"), hashlib.sha256(code).hexdigest()]

    def figure(self, plot: Plot, framework: str, results: Mapping[str, Result]) -> Figure:
        """The figure of *plot* with the numbers of *framework*; *results* by key of run."""
        spec = plot.spec
        places = [(index, number) for index, panel in enumerate(plot.panels) for number in range(len(panel.series))]
        by_place = {place: results[run.key] for place, run in zip(places, plot.runs(framework), strict=True)}
        job = {
            "format": self._suffix,
            "rcparams": self._rcparams,
            "words": self._words,
            "size": list(spec.figsize) if spec.figsize else None,
            "aspect": spec.aspect,
            "title": spec.title or "",
            "legend": spec.legend or "",
            "panels": [_panel(panel) for panel in plot.panels],
        }
        numbers = [by_place[place].digest for place in sorted(by_place)]
        key = digest_of([job, numbers, self._drawn_by])[:16]
        name = "-".join(landscape.name for landscape in plot.landscapes)
        label = f"{name} ({framework})"
        return Figure(self._folder / f"{name[:60]}-{framework}-{key}.{self._suffix}", label, job, by_place)


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "view": panel.view,
        "series": [_series(series) for series in panel.series],
        "annotations": [[label.text, list(label.at)] for label in panel.labels],
        "points": [_point(mark) for mark in panel.marks],
        "lines": [{"kind": line.kind, "at": [list(at) for at in line.at]} for line in panel.lines],
    }


def _point(mark: Mark) -> dict[str, Any]:
    return {
        "kind": mark.kind,
        "degenerate": mark.degenerate,
        "smooth": mark.smooth,
        "global": mark.is_global,
        "at": list(mark.at),
        "value": mark.value,
        "curve": mark.curve,
    }


def _series(series: Series) -> dict[str, Any]:
    landscape = series.landscape
    along = {}
    if series.through is not None:
        at, direction = series.through
        along = {"along": {"at": list(at), "direction": list(direction), "name": series.name}}
    return {
        **along,
        "axes": [[axis.name, axis.low, axis.high, axis.count] for axis in series.axes],
        "functions": [function.name for function in landscape.functions],
        "labels": [function.label for function in landscape.functions],
        "title": landscape.title,
        "landscape": landscape.name,
    }


class DrawingPool:
    """The processes that draw. They may be started before it is known what is to be drawn."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._started = 0
        text = "from sphinx_optviz.draw.canvas import answer, version\n"
        # The child starts from an empty folder: it finds this package and Matplotlib where this process does.
        path = [str(Path(entry).resolve()) for entry in sys.path if entry]
        program = Program(texts=[("draw", text)], path=path, imports=f"import sys\nsys.path[:] = {path}\n{text}")
        self._pool: Pool[Figure] = Pool({_GROUP: program}, ask=_drawn, limit=limit)

    def warm_up(self, figures: int) -> None:
        """Start as many processes as *figures* figures are worth."""
        wanted = min(self._limit, -(-figures // _FIGURES_A_PROCESS))
        while self._started < wanted:
            self._started += 1
            self._pool.start(_GROUP)

    def draw(self, figures: Sequence[Figure]) -> Iterator[tuple[Figure, str, dict[str, str]]]:
        """Draw all; give each when it is done, with what went wrong ("" if nothing) and the refused rcParams."""
        self.warm_up(len(figures))
        for answer in self._pool.run([(_GROUP, figure) for figure in figures]):
            message = answer.message or {"kind": "failure", "message": str(answer.error)}
            if message["kind"] == "failure":
                yield answer.job, message["message"], {}
            else:
                yield answer.job, "", message["refused"]

    def close(self) -> None:
        """End the processes."""
        self._pool.close()


def _drawn(child: Child, figure: Figure) -> Message:
    return child.request(figure.message(), _TIMEOUT)


def missing(figures: Iterable[Figure]) -> list[Figure]:
    """Those of *figures* whose files are not there, each once."""
    by_path = {figure.path: figure for figure in figures}
    return [figure for path, figure in sorted(by_path.items()) if not (path.is_file() and figure.code.is_file())]
