"""Results on disk, one text file a run, meant to be committed: JSON lines, no pickle, same result, same bytes.

Line 1 holds schema, key, and the SHA-256 of all that follows; line 2 says what was run and how; then comes one line an
array with its numbers, little-endian float64 in base64. Whatever does not fit is a miss with a problem to report.
"""

from __future__ import annotations

import base64
import hashlib
import json
import string
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, TypeVar

from sphinx_optviz.critical import CriticalPoints
from sphinx_optviz.files import read_regular_file, remove_leftovers, write_file
from sphinx_optviz.runs import RUN_SCHEMA, Array, NonFinite, Operation, Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sphinx_optviz.cell_runs import CellRun
    from sphinx_optviz.runs import Run

T = TypeVar("T")

# Bytes that the critical points of one function may take: some ten thousand of them.
_MAX_CRITICAL = 20_000_000

# Bytes that the first two lines of an entry may take.
_MAX_ABOUT = 100_000

_CRITICAL = "critical points"  # in the place of an array's quantity

Place = tuple[Operation, str]  # of an array: what it holds, and of which function


@dataclass(frozen=True, slots=True)
class StoreProblem:
    """Something that the author has to be told, and the file or folder that it is about."""

    message: str
    path: Path


@dataclass(frozen=True, slots=True)
class Entry:
    """A result, and the file that holds it."""

    result: Result
    content: bytes


class _StoredArrays(Mapping[Place, Array]):
    """The numbers of an entry, decoded when somebody wants them."""

    def __init__(self, lines: dict[Place, tuple[tuple[int, ...], bytes]]) -> None:
        self._lines = lines  # shape, base64

    def __getitem__(self, place: Place) -> Array:
        shape, text = self._lines[place]
        return Array(shape, base64.b64decode(text))

    def __iter__(self) -> Iterator[Place]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def line_of(value: object) -> bytes:
    """*value* as one line of an entry."""
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def places(run: Run) -> list[Place]:
    """The arrays of *run*, in the order of their lines."""
    operations = [operation for operation in run.operations if operation != "critical_points"]
    return [(operation, name) for operation in operations for name in run.functions]


def searched(run: Run) -> tuple[str, ...]:
    """The functions whose critical points *run* gives, in the order of their lines, which follow those of arrays."""
    return run.functions if run.searches else ()


def _about(run: Run) -> dict[str, Any]:
    """What was run, in the words of the entry's second line; a stored entry must say the same."""
    return {
        "framework": run.framework,
        "source": run.source.digest,
        "functions": list(run.functions),
        "operations": list(run.operations),
        "axes": [[axis.low, axis.high, axis.count] for axis in run.axes],
        "through": run.through and [list(part) for part in run.through],
        "samples": run.samples,
    }


_ARRAY_END = b'"}\n'
_BASE64 = (string.ascii_letters + string.digits + "+/").encode()


def _array_start(what: tuple[str, str], shape: tuple[int, ...]) -> bytes:
    """The beginning of an array's line, up to its numbers; *what* they are, and of which function."""
    quantity, name = what
    value = {"function": name, "quantity": quantity, "shape": list(shape), "data": ""}
    return json.dumps(value).encode()[:-2]


def _unpack_array(what: tuple[str, str], shape: tuple[int, ...], line: bytes) -> tuple[tuple[int, ...], bytes]:
    """Shape and base64 of a line; it must be what we would have written. Raises ValueError."""
    start = _array_start(what, shape)
    text = line[len(start) : -len(_ARRAY_END)]
    size = prod(shape) * 8
    padding = b"=" * (-size % 3)
    fits = line.startswith(start) and line.endswith(padding + _ARRAY_END) and len(text) == -(-size // 3) * 4
    # The fastest of all ways to look at each letter: this is done for every entry that a build reads.
    if not fits or text.translate(None, _BASE64) != padding:
        raise ValueError(f"it holds no complete array for the {what[0]} of {what[1]}")
    return shape, text


def _unpack_critical(name: str, line: bytes) -> CriticalPoints:
    """Raises ValueError, KeyError or TypeError if *line* does not hold those of the function *name*."""
    content = json.loads(line)
    if (content["function"], content["quantity"]) != (name, _CRITICAL):
        raise ValueError(f"it does not hold the critical points of {name}")
    return CriticalPoints.from_plain(content["found"])


def _longest(run: Run) -> int:
    """Bytes that an entry of *run* can have."""
    # Beside each array there may be one of its errors.
    sizes = [prod(run.shape(operation)) + prod(run.shape("values")) for operation, _ in places(run)]
    return _MAX_ABOUT + sum(size * 11 + 2000 for size in sizes) + _MAX_CRITICAL * len(searched(run))


def _range(data: bytes) -> list[float] | None:
    """The smallest and the largest finite number of an array, for people who compare two entries."""
    import numpy

    numbers = numpy.frombuffer(data, dtype="<f8")
    finite = numbers[numpy.isfinite(numbers)]
    return [float(finite.min()), float(finite.max())] if finite.size else None


def _plain(data: bytes) -> list[float]:
    """The numbers of a noise, with three digits: no more of them means anything."""
    return [float(f"{number:.2e}") for (number,) in struct.iter_unpack("<d", data)]


def pack_result(run: Run, *, version: str, message: Mapping[str, Any]) -> Entry:
    """The entry for a child's answer *message* to *run*. Raises ValueError if arrays are not what was asked."""
    given = {(operation, name): data for operation, name, data in message["arrays"]}
    errors = {(operation, name): data for operation, name, data in message["errors"]}
    inexact = [place for place in places(run) if place in errors]
    arrays = {place: Array(run.shape(place[0]), given.get(place, b"")) for place in places(run)}
    off = {place: Array(run.shape("values"), errors[place]) for place in inexact}
    critical = dict(message["critical"]) if run.searches else {}
    found = {name: CriticalPoints.from_plain(critical[name]) for name in searched(run)}
    for (operation, name), array in [*arrays.items(), *off.items()]:
        if len(array.data) != prod(array.shape) * 8:
            raise ValueError(f"the answer holds no complete array for the {operation} of {name}")
    about = {
        "landscape": run.label,
        **_about(run),
        "version": version,
        "dtypes": dict(message["dtypes"]),
        "methods": dict(message["methods"]),
        "inexact": [list(place) for place in inexact],
        "noise": [[operation, name, _plain(data)] for operation, name, data in message["noise"]],
        "non_finite": message["non_finite"],
        "ranges": [[*place, _range(arrays[place].data)] for place in places(run)],
    }
    lines = [line_of(about)]
    for (operation, name), array in arrays.items():
        lines.append(_array_start((operation, name), array.shape) + base64.b64encode(array.data) + _ARRAY_END)
    for (operation, name), array in off.items():
        start = _array_start((f"error of {operation}", name), array.shape)
        lines.append(start + base64.b64encode(array.data) + _ARRAY_END)
    lines += [line_of({"function": name, "quantity": _CRITICAL, "found": asdict(found[name])}) for name in found]
    body = b"".join(lines)
    digest, content = with_head(run.key, body)
    return Entry(_result(run, about, arrays, off, found, digest), content)


def _result(
    run: Run,
    about: Mapping[str, Any],
    arrays: Mapping[Place, Array],
    errors: Mapping[Place, Array],
    critical: Mapping[str, CriticalPoints],
    digest: str,
) -> Result:
    """Raises ValueError, KeyError or TypeError if *about* does not say what it should."""
    return Result(
        version=str(about["version"]),
        dtypes={name: str(about["dtypes"][name]) for name in run.functions},
        methods={
            operation: str(about["methods"][operation])
            for operation in run.operations
            if operation in ("gradients", "hessians")
        },
        errors=errors,
        noise={(operation, name): tuple(map(float, cells)) for operation, name, cells in about["noise"]},
        arrays=arrays,
        critical=critical,
        non_finite=tuple(
            NonFinite(name, count, total, tuple(first), line) for name, count, total, first, line in about["non_finite"]
        ),
        digest=digest,
    )


class Store:
    """The folder of entries. ``problems`` collects what the author should know."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[StoreProblem] = []
        self._writable = True
        self._tidy = False

    def path(self, run: Run | CellRun) -> Path:
        """Where the entry of *run* lies."""
        return self.folder / f"{run.key}.jsonl"

    def get(self, run: Run) -> Result | None:
        """The stored result, checked; None if there is none, or a damaged one, which is then a problem."""
        return self.load(run, _longest(run), partial(_unpack, run))

    def put(self, run: Run, entry: Entry) -> None:
        """Store *entry*. A store that cannot be written is one problem, not an error."""
        self.save(run, entry.content)

    def load(self, run: Run | CellRun, longest: int, unpack: Callable[[str, bytes], T]) -> T | None:
        """As ``get``, for an entry of at most *longest* bytes that *unpack* makes of the digest and what it is of.

        *unpack* may raise ValueError, KeyError, TypeError, AttributeError and RecursionError.
        """
        path = self.path(run)
        try:
            return unpack(*_body(run.key, read_regular_file(path, longest)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self.problems.append(StoreProblem(f"the stored result cannot be read: {error}", path))
            return None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            message = f"the stored result is damaged ({error}) and is not used; remove the file, or let it be rewritten"
            self.problems.append(StoreProblem(message, path))
            return None

    def save(self, run: Run | CellRun, content: bytes) -> None:
        """As ``put``, for the bytes of an entry."""
        if not self._writable:
            return
        if not self._tidy:
            remove_leftovers(self.folder)
            self._tidy = True
        path = self.path(run)
        try:
            write_file(path, content)
        except OSError as error:
            if path.is_dir():  # in the way of this one alone
                self.problems.append(StoreProblem(f"the result cannot be stored: {error}", path))
                return
            self._writable = False
            message = f"results cannot be stored ({error}); they are used for this build only"
            self.problems.append(StoreProblem(message, self.folder))


def with_head(key: str, body: bytes) -> tuple[str, bytes]:
    """The digest of an entry's *body*, and the whole entry."""
    digest = hashlib.sha256(body).hexdigest()
    return digest, line_of({"optviz": RUN_SCHEMA, "key": key, "digest": digest}) + body


def _body(key: str, content: bytes) -> tuple[str, bytes]:
    """Digest and body of an entry. Raises ValueError, KeyError or TypeError if it is none of this *key*."""
    first, _, body = content.partition(b"\n")
    head = json.loads(first)
    if head["optviz"] != RUN_SCHEMA or head["key"] != key:
        raise ValueError("it belongs to another run")
    if hashlib.sha256(body).hexdigest() != head["digest"]:
        raise ValueError("its digest does not fit")
    return head["digest"], body


def _unpack(run: Run, digest: str, body: bytes) -> Result:
    """Raises ValueError, KeyError or TypeError for whatever is not an entry of *run*."""
    second, *lines = body.splitlines(keepends=True)
    about = json.loads(second)
    if {name: about.get(name) for name in _about(run)} != _about(run):
        raise ValueError("it says that something else was run")
    inexact = [place for place in places(run) if list(place) in about["inexact"]]
    wanted = [(place, run.shape(place[0])) for place in places(run)]
    off = [((f"error of {operation}", name), run.shape("values")) for operation, name in inexact]
    names = searched(run)
    cut = len(lines) - len(names)
    critical = {name: _unpack_critical(name, line) for name, line in zip(names, lines[cut:], strict=True)}
    found = [_unpack_array(*item, line) for item, line in zip([*wanted, *off], lines[:cut], strict=True)]
    arrays = dict(zip(places(run), found, strict=False))
    errors = dict(zip(inexact, found[len(wanted) :], strict=True))
    return _result(run, about, _StoredArrays(arrays), _StoredArrays(errors), critical, digest)
