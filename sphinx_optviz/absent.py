"""PLAN: frameworks that are nowhere, and that the author has not asked for, get no tab. Knows nothing of Sphinx."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sphinx_optviz.frameworks import framework
from sphinx_optviz.interpreters import cannot_start
from sphinx_optviz.staleness import description

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_optviz.model import Settings


def without_absent(settings: Settings) -> tuple[Settings, str]:
    """*settings* without them, and a line that says so, "" where there are none.

    The default framework stays in any case, and so does one that the store has had results of: that it is missing is
    a warning.
    """
    if settings.names_frameworks:
        return settings, ""
    nowhere = {
        name
        for name in settings.frameworks
        if name != settings.default_framework and cannot_start(name, settings) is not None
    }
    nowhere -= _stored(settings.store, nowhere)
    if not nowhere:
        return settings, ""
    left = tuple(name for name in settings.frameworks if name not in nowhere) or (settings.default_framework,)
    labels = [framework(name).label for name in settings.frameworks if name in nowhere]
    listed = " and ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))
    have = "have" if len(labels) > 1 else "has"
    message = (
        f"{listed} {have} no tabs: not installed, not set up, and without stored results. "
        f"'sphinx-optviz setup {' '.join(name for name in settings.frameworks if name in nowhere)}' installs what is "
        "missing; to be warned instead, name the frameworks in optviz_frameworks"
    )
    return replace(settings, frameworks=left), message


def _stored(folder: Path, names: set[str]) -> set[str]:
    """Those of *names* that the store has, or once had, a result of."""
    found: set[str] = set()
    for path in folder.glob("*.jsonl") if names else ():
        if names <= found:
            break
        said = description(path)
        if said is not None:
            found.add(str(said.get("framework")))
    return found & names
