"""Results on disk, one text file a run, meant to be committed: JSON lines, no pickle, same result, same bytes.

Line 1 holds schema, key, and the SHA-256 of all that follows; line 2 says what was run and how; then comes one line a
function with its numbers, little-endian float64 in base64. Whatever does not fit is a miss with a problem to report.
"""

from __future__ import annotations

import base64
import hashlib
import json
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from sphinx_optviz.files import write_file
from sphinx_optviz.runs import RUN_SCHEMA, Array, NonFinite, Result

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_optviz.runs import Run


@dataclass(frozen=True, slots=True)
class StoreProblem:
    """Something that the author has to be told, and the file or folder that it is about."""

    message: str
    path: Path


class _StoredArrays(Mapping[str, Array]):
    """The numbers of an entry, decoded when somebody wants them."""

    def __init__(self, lines: dict[str, tuple[tuple[int, ...], bytes]]) -> None:
        self._lines = lines  # function -> shape, base64

    def __getitem__(self, name: str) -> Array:
        shape, text = self._lines[name]
        return Array(shape, base64.b64decode(text))

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _non_finite(items: Any) -> tuple[NonFinite, ...]:
    return tuple(NonFinite(name, count, total, tuple(first), line) for name, count, total, first, line in items)


def _about(run: Run) -> dict[str, Any]:
    """What was run, in the words of the entry's second line; a stored entry must say the same."""
    return {
        "framework": run.framework,
        "functions": list(run.functions),
        "operation": run.operation,
        "axes": [[axis.low, axis.high, axis.count] for axis in run.axes],
    }


def _pack(run: Run, result: Result) -> tuple[str, bytes]:
    """The digest and the lines from the second on."""
    bad = [[item.function, item.count, item.total, list(item.first), item.line] for item in result.non_finite]
    about = _about(run) | {
        "version": result.version,
        "dtype": result.dtype,
        "method": result.method,
        "non_finite": bad,
    }
    lines = [_line(about)]
    for name in run.functions:
        array = result.arrays[name]
        lines.append(_array_start(name, array.shape) + base64.b64encode(array.data) + _ARRAY_END)
    body = b"".join(lines)
    return hashlib.sha256(body).hexdigest(), body


_ARRAY_END = b'"}\n'
_BASE64 = (string.ascii_letters + string.digits + "+/").encode()


def _array_start(name: str, shape: tuple[int, ...]) -> bytes:
    """The beginning of a function's line, up to its numbers."""
    return json.dumps({"function": name, "shape": list(shape), "data": ""}).encode()[:-2]


def _shape(run: Run) -> tuple[int, ...]:
    """Of each array that *run* gives."""
    variables = len(run.axes)
    tail = {"values": (), "gradients": (variables,), "hessians": (variables, variables)}[run.operation]
    return (*(axis.count for axis in run.axes), *tail)


def _unpack_array(run: Run, name: str, line: bytes) -> tuple[tuple[int, ...], bytes]:
    """Shape and base64 of a line; it must be what we would have written. Raises ValueError."""
    shape = _shape(run)
    start = _array_start(name, shape)
    text = line[len(start) : -len(_ARRAY_END)]
    size = prod(shape) * 8
    padding = b"=" * (-size % 3)
    fits = line.startswith(start) and line.endswith(padding + _ARRAY_END) and len(text) == -(-size // 3) * 4
    # The fastest of all ways to look at each letter: this is done for every entry in every build.
    if not fits or text.translate(None, _BASE64) != padding:
        raise ValueError(f"it holds no complete array for {name}")
    return shape, text


def pack_result(run: Run, *, version: str, message: Mapping[str, Any]) -> Result:
    """The result that a child's answer *message* to *run* holds. Raises ValueError if arrays are not what was asked."""
    arrays = {name: Array(tuple(shape), data) for name, (shape, data) in message["arrays"].items()}
    for name in run.functions:
        if name not in arrays or arrays[name].shape != _shape(run) or len(arrays[name].data) != prod(_shape(run)) * 8:
            raise ValueError(f"the answer holds no complete array for {name}")
    result = Result(
        version=version,
        dtype=message["dtype"],
        method=message["method"],
        arrays=arrays,
        non_finite=_non_finite(message["non_finite"]),
        digest="",
    )
    return replace(result, digest=_pack(run, result)[0])


class Store:
    """The folder of entries. ``problems`` collects what the author should know."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[StoreProblem] = []
        self._writable = True

    def path(self, run: Run) -> Path:
        """Where the entry of *run* lies."""
        return self.folder / f"{run.key}.jsonl"

    def get(self, run: Run) -> Result | None:
        """The stored result, checked; None if there is none, or a damaged one, which is then a problem."""
        path = self.path(run)
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self.problems.append(StoreProblem(f"the stored result cannot be read: {error}", path))
            return None
        try:
            return self._unpack(run, content)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            message = f"the stored result is damaged ({error}) and is not used; remove the file, or let it be rewritten"
            self.problems.append(StoreProblem(message, path))
            return None

    def put(self, run: Run, result: Result) -> None:
        """Store *result*. A store that cannot be written is one problem, not an error."""
        if not self._writable:
            return
        digest, body = _pack(run, result)
        head = _line({"optviz": RUN_SCHEMA, "key": run.key, "digest": digest})
        try:
            write_file(self.path(run), head + body)
        except OSError as error:
            self._writable = False
            message = f"results cannot be stored ({error}); they are used for this build only"
            self.problems.append(StoreProblem(message, self.folder))

    def _unpack(self, run: Run, content: bytes) -> Result:
        """Raises ValueError, KeyError or TypeError for whatever is not an entry of *run*."""
        first, _, body = content.partition(b"\n")
        head = json.loads(first)
        if head["optviz"] != RUN_SCHEMA or head["key"] != run.key:
            raise ValueError("it belongs to another run")
        if hashlib.sha256(body).hexdigest() != head["digest"]:
            raise ValueError("its digest does not fit")
        second, *lines = body.splitlines(keepends=True)
        about = json.loads(second)
        if {name: about[name] for name in _about(run)} != _about(run):
            raise ValueError("it says that something else was run")
        pairs = zip(run.functions, lines, strict=True)
        return Result(
            version=about["version"],
            dtype=about["dtype"],
            method=about["method"],
            arrays=_StoredArrays({name: _unpack_array(run, name, line) for name, line in pairs}),
            non_finite=_non_finite(about["non_finite"]),
            digest=head["digest"],
        )
