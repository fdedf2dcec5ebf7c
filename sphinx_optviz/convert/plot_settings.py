"""What the ``conf.py`` of a book says of Matplotlib's ``plot`` directive; it is read and never run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_optviz.convert.findings import Finding

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = ("plot_include_source", "plot_pre_code", "plot_basedir")
_NO_EQUAL = {
    "plot_rcparams": "put its values into optviz_rcparams",
    "plot_apply_rcparams": "rcParams stay as a cell leaves them, up to the end of the page",
}


@dataclass(frozen=True, slots=True)
class PlotSettings:
    """The settings that decide what a directive means."""

    confdir: Path | None = None
    include_source: bool = False
    pre_code: str | None = None  # None for the directive's own
    basedir: str | None = None
    findings: tuple[Finding, ...] = ()

    def find(self, name: str, page: Path) -> Path | None:
        """The file that a directive of *page* names; None if there is none."""
        folders = [page.parent]
        if self.confdir:
            # With a slash it is relative to the sources; plots are relative to conf.py, and many to their page.
            folders = [self.confdir / (self.basedir or ""), self.confdir, page.parent]
        paths = [folder / name.lstrip("/") for folder in folders]
        return next((path for path in paths if path.is_file()), None)


def plot_settings(page: Path) -> PlotSettings:
    """The settings for *page*: those of the nearest ``conf.py`` above it."""
    conf = next((folder / "conf.py" for folder in page.resolve().parents if (folder / "conf.py").is_file()), None)
    if conf is None:
        return PlotSettings()
    values: dict[str, object] = {}
    findings: list[Finding] = []
    try:
        body = ast.parse(conf.read_text(encoding="utf-8")).body
    except (SyntaxError, UnicodeDecodeError) as error:
        return PlotSettings(conf.parent, findings=(Finding(conf, 1, f"it cannot be read: {error}"),))
    for statement in body:
        if not isinstance(statement, ast.Assign):
            continue
        for target in statement.targets:
            if isinstance(target, ast.Name) and target.id in _NO_EQUAL:
                message = f"{target.id} has no part in pages that are converted: {_NO_EQUAL[target.id]}"
                findings.append(Finding(conf, statement.lineno, message))
            if isinstance(target, ast.Name) and target.id in _NAMES:
                try:
                    values[target.id] = ast.literal_eval(statement.value)
                except ValueError:
                    message = f"{target.id} is computed: its default is taken; put a plain value there"
                    findings.append(Finding(conf, statement.lineno, message))
    pre_code, basedir = values.get("plot_pre_code"), values.get("plot_basedir")
    return PlotSettings(
        conf.parent,
        include_source=bool(values.get("plot_include_source", False)),
        pre_code=None if pre_code is None else str(pre_code),
        basedir=None if basedir is None else str(basedir),
        findings=tuple(findings),
    )
