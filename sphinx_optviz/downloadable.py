"""What of a plot or a cell goes into the files that readers download."""

from __future__ import annotations

from posixpath import normpath
from typing import TYPE_CHECKING

from sphinx_optviz.cell_runs import CellResult
from sphinx_optviz.model import Download

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx_optviz.cell_execute import CellOutcome
    from sphinx_optviz.cell_runs import CellRun
    from sphinx_optviz.model import CellSpec
    from sphinx_optviz.plan import Plot


def plot_download(plot: Plot, drawings: Mapping[str, str]) -> Download:
    """Of a plot; *drawings* are, by framework, the files with the code that draws its figure."""
    first, *others = plot.landscapes
    return Download(
        code={
            name: tuple(landscape.sources[name].text for landscape in plot.landscapes)
            for name in first.sources
            if all(name in landscape.sources for landscape in others)
        },
        landscapes=tuple(
            (landscape.name, tuple(function.name for function in landscape.functions)) for landscape in plot.landscapes
        ),
        of_page=plot.spec.of_page,
        drawings=dict(drawings),
    )


def cell_download(spec: CellSpec, runs: Mapping[str, CellRun], outcomes: Mapping[str, CellOutcome]) -> Download:
    """Of a cell; *runs* by framework, *outcomes* by key."""
    results = {name: outcomes[run.key] for name, run in runs.items()}
    # One that is not there has no digest.
    files = {normpath(name): "" for name in spec.depends}
    files |= {normpath(name): digest for run in runs.values() for name, digest in run.depends}
    known = {name: result for name, result in results.items() if isinstance(result, CellResult)}
    return Download(
        code={name: (run.code,) for name, run in runs.items()},
        seeds={name: run.seed for name, run in runs.items() if run.seed is not None},
        modules={name: result.modules for name, result in known.items() if result.modules},
        files=tuple(files.items()),
        draws=any(output.kind == "figure" for result in known.values() for output in result.outputs)
        or any("plt." in run.code for name, run in runs.items() if name not in known),
        expects_error=spec.expect_error,
    )
