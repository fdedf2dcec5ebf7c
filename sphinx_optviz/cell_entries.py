"""Entries of the store for cells: JSON lines, one an output, then one for what was drawn and returned."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from math import prod
from typing import TYPE_CHECKING, Any

from sphinx_optviz.cell_runs import Artist, CellError, CellResult, CodeWarning, Output
from sphinx_optviz.runs import Array
from sphinx_optviz.store import line_of, with_head

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_optviz.cell_runs import CellRun

# Bytes that an entry may have.
LONGEST = 200_000_000

_TEXTS = ("text/", "svg", "image/svg+xml")  # the beginnings of forms that are kept as text


def about(run: CellRun) -> dict[str, Any]:
    """What was run, in the words of the entry's second line; a stored entry must say the same."""
    return {
        "framework": run.framework,
        "code": hashlib.sha256(run.code.encode("utf-8", "surrogatepass")).hexdigest(),
        "chain": run.chain,
        "seed": run.seed,
        "formats": list(run.formats),
    }


def pack_cell(
    run: CellRun, version: str, message: Mapping[str, Any], modules: Sequence[tuple[str, str]]
) -> tuple[CellResult, bytes]:
    """Result and bytes of the entry for a child's answer *message* to *run*."""
    own = [
        CodeWarning(category, text, line if name == run.name else 0)
        for category, text, name, line in message["warnings"]
    ]
    error = message["error"]
    described = {
        "cell": next(iter(run.code.strip().splitlines()), "")[:100],
        **about(run),
        "version": version,
        "random": message["random"],
        "dropped": message["dropped"],
        "warnings": [asdict(warning) for warning in own],
        "modules": [list(module) for module in modules],
        "error": error and {name: error[name] for name in ("message", "line", "short", "whole")},
    }
    outputs = [_packed_output(output) for output in message["outputs"]]
    drawn = [
        [number, axes, kind, name, [_packed(shape, data) for shape, data in arrays]]
        for number, figure in enumerate(message["artists"])
        for axes, kind, name, arrays in figure
    ]
    numbers = {"drawn": drawn, "returned": [_packed(shape, data) for shape, data in message["returned"]]}
    body = b"".join(map(line_of, [described, *outputs, numbers]))
    digest, content = with_head(run.key, body)
    return unpack_cell(run, digest, body), content


def _packed(shape: Sequence[int], data: bytes) -> list[Any]:
    return [list(shape), base64.b64encode(data).decode()]


def _packed_output(output: Mapping[str, Any]) -> dict[str, Any]:
    if output["kind"] == "text":
        return {"kind": "text", "forms": {"text/plain": output["text"]}}
    forms = output["data"] if output["kind"] == "result" else output["files"]
    return {"kind": output["kind"], "forms": {name: _form(name, given) for name, given in forms.items()}}


def _form(name: str, given: str | bytes) -> str | dict[str, str]:
    """Text as it is, so that two entries can be compared by eye; whatever else in base64."""
    data = given.encode("utf-8", "replace") if isinstance(given, str) else given
    if name.startswith(_TEXTS):
        return data.decode("utf-8", "replace")
    return {"base64": base64.b64encode(data).decode()}


def _output(stored: Mapping[str, Any]) -> Output:
    """Raises KeyError, TypeError or ValueError if it is none."""
    if stored["kind"] not in ("text", "result", "figure"):
        raise ValueError(f"there is no output of the kind {stored['kind']!r}")
    forms = {
        str(name): given.encode() if isinstance(given, str) else base64.b64decode(given["base64"], validate=True)
        for name, given in stored["forms"].items()
    }
    return Output(stored["kind"], forms)


def _array(stored: Sequence[Any]) -> Array:
    shape, text = stored
    array = Array(tuple(map(int, shape)), base64.b64decode(text, validate=True))
    if len(array.data) % 8 or len(array.data) > prod(array.shape) * 8:
        raise ValueError("it holds no complete array")
    return array


def unpack_cell(run: CellRun, digest: str, body: bytes) -> CellResult:
    """Raises ValueError, KeyError or TypeError for whatever is not an entry of *run*."""
    first, *outputs, last = map(json.loads, body.splitlines())
    if {name: first.get(name) for name in about(run)} != about(run):
        raise ValueError("it says that something else was run")
    return CellResult(
        version=str(first["version"]),
        outputs=tuple(map(_output, outputs)),
        artists=tuple(
            Artist(int(figure), int(axes), str(kind), str(name), tuple(map(_array, arrays)))
            for figure, axes, kind, name, arrays in last["drawn"]
        ),
        returned=tuple(map(_array, last["returned"])),
        warnings=tuple(CodeWarning(**warning) for warning in first["warnings"]),
        dropped={str(name): int(count) for name, count in first["dropped"].items()},
        random=bool(first["random"]),
        modules=tuple((str(path), str(digest)) for path, digest in first["modules"]),
        error=None if first["error"] is None else CellError(**first["error"]),
        digest=digest,
    )
