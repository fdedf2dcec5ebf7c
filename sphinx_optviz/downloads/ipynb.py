"""Cells as a notebook file: Jupyter's format 4.5, the same bytes for the same cells."""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sphinx_optviz.downloads.notebook import NotebookCell

_ATTACHED = re.compile(r"\]\(attachment:([\w.-]+)\)")

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def ipynb(cells: Sequence[NotebookCell], images: Mapping[str, Path]) -> bytes:
    """The file; *images* are the files of images in the prose, by the names that these have there."""
    content = {
        "cells": [_cell(number, cell, images) for number, cell in enumerate(cells, 1)],
        "metadata": _METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _cell(number: int, cell: NotebookCell, images: Mapping[str, Path]) -> dict[str, Any]:
    source = cell.text.rstrip("\n").splitlines(keepends=True)
    found: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}, "source": source}
    if cell.is_code:
        tags = {"tags": ["raises-exception"]} if cell.raises else {}
        return {"cell_type": "code", "execution_count": None, **found, "metadata": tags, "outputs": []}
    attached = {name: _packed(images[name]) for name in _ATTACHED.findall(cell.text) if name in images}
    return {"cell_type": "markdown", **found, **({"attachments": attached} if attached else {})}


def _packed(path: Path) -> dict[str, str]:
    mime = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return {mime: base64.b64encode(path.read_bytes()).decode()}
