"""Run a piece of code and some operations of it in the child; the adapter of the framework shares this namespace.

Needs NumPy of any age and Python 3.10.
"""

from __future__ import annotations

import builtins
import contextlib
import linecache
import math
import os
import sys
import time
import types
from typing import Any

import numpy

ADAPTER = globals()
CLEAN: list[dict[tuple[str, str], Any]] = []  # what _names() gave before the first run


def _names() -> dict[tuple[str, str], Any]:
    """What user code could replace for all that runs here later, and the folder that it could leave."""
    modules = [builtins, math, os, *(item for item in ADAPTER.values() if isinstance(item, types.ModuleType))]
    names = {(module.__name__, name): item for module in modules for name, item in vars(module).items()}
    public = {key: item for key, item in names.items() if not key[1].startswith("_")}
    return public | {("", "folder"): os.stat(".").st_ino}  # noqa: PTH116 - pathlib may be replaced too


def spoilt() -> bool:
    """Whether a run has left this interpreter in another state than it found: the next one needs a new one."""
    ADAPTER["prepare"]()
    names = _names()
    # A framework may add names to itself as it is used; it does not replace them.
    return any(names.get(key) is not item and names.get(key) != item for key, item in CLEAN[0].items())


def check(name: str, operation: str, array: Any, shape: Any) -> Any:
    """*array* as float64; raise ValueError unless it holds one real number, vector or matrix for each point."""
    if array.dtype.kind not in "fiu" or array.shape != shape:
        what = name if operation == "values" else f"the {operation[:-1]} of {name}"
        raise ValueError(
            f"{what} returned an array of shape {array.shape} and type {array.dtype} for {shape[0]} points; "
            f"it must work elementwise and return real numbers of shape {shape}" + hint(array.shape, shape)
        )
    return numpy.ascontiguousarray(array, dtype="<f8")


def hint(shape: Any, wanted: Any) -> str:
    """What kind of mistake gives *shape* where *wanted* is asked for; "" if it is none of the usual ones."""
    count = wanted[0]
    if shape == ():
        return "; a constant has to become an array, as in 0 * x + 1"
    if shape in ((count, 1), (1, count)):
        return "; it has one axis too many: remove it with reshape(-1)"
    if shape == (count, count):
        return "; the points of one variable were combined with all points of the other: the arrays are no grid"
    if len(wanted) > 1 and shape == tuple(reversed(wanted)):
        return "; it is the transpose of that"
    return ""


def columns_of(points: Any) -> Any:
    """The points: one float64 array of shape (N,) for each variable."""
    return [numpy.frombuffer(column, dtype="<f8").astype(numpy.float64) for column in points]


def load(path: str, source: str) -> dict[str, Any]:
    """Run the text of a file; return what it defines."""
    # Tracebacks then show the code even where this interpreter cannot see the file.
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    # A module that can be found: dataclasses and pickle look for the one that a class was made in.
    module = sys.modules["__optviz__"] = types.ModuleType("__optviz__")
    module.__file__ = path
    exec(compile(source, path, "exec"), vars(module))  # noqa: S102 - this is what the extension is for
    return vars(module)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What each operation of the request gives for each function, as little-endian float64 bytes."""
    started = time.perf_counter()
    ADAPTER["prepare"]()
    if not CLEAN:  # after prepare: to set PyTorch's default dtype replaces names of torch
        CLEAN.append(_names())
    namespace = load(request["path"], request["source"])
    columns = columns_of(request["points"])
    parts = ("arrays", "errors", "noise", "dtypes", "non_finite", "critical")
    found: dict[str, list[Any]] = {part: [] for part in parts}
    for name in request["functions"]:
        function = namespace.get(name)
        if not callable(function):
            raise NameError(f"the file defines no function {name!r}, which landscape.toml asks for")
        line = getattr(getattr(function, "__code__", None), "co_firstlineno", 1)
        try:
            evaluate(name, function, columns, request, found, line)
        except Exception as error:
            with contextlib.suppress(AttributeError, TypeError):  # some types take no attributes
                error.optviz_line = line  # type: ignore[attr-defined]
            raise
    derivatives = [operation for operation in request["operations"] if operation in ADAPTER["METHODS"]]
    methods = [[operation, ADAPTER["METHODS"][operation]] for operation in derivatives]
    return {"kind": "result", "methods": methods, "seconds": time.perf_counter() - started, **found}


def evaluate(name: str, function: Any, columns: Any, request: dict[str, Any], found: dict[str, Any], line: int) -> None:
    """Add to *found* what the operations give for one function."""
    count, variables = len(columns[0]), len(columns)
    tails: dict[str, tuple[int, ...]] = {"values": (), "gradients": (variables,), "hessians": (variables, variables)}
    arrays: dict[str, Any] = {}
    exact: dict[str, Any] = {}
    # The values first, also before derivatives: only those of an elementwise function mean anything.
    for operation in dict.fromkeys(["values", *request["operations"]]):
        if operation == "critical_points":
            found["critical"].append([name, search_of(function, request["low"], request["high"])])
            continue
        rows = rows_of(operation, function)
        given, errors = rows(columns)
        raw = numpy.asarray(given)
        array = check(name, operation, raw, (count, *tails[operation]))
        if operation == "values":
            found["dtypes"].append([name, str(raw.dtype)])
            bad = ~numpy.isfinite(array)
            if bad.any():
                where = [float(column[bad.argmax()]) for column in columns]
                found["non_finite"].append([name, int(bad.sum()), count, where, line])
        if operation not in request["operations"]:
            continue
        found["arrays"].append([operation, name, array.tobytes()])
        if errors is not None:
            found["errors"].append([operation, name, numpy.asarray(errors, dtype="<f8").tobytes()])
        elif request["cells"]:
            exact[operation] = rows
        arrays[operation] = array
    cells = numpy.frombuffer(request["cells"], dtype="<i4")
    for operation, rows in exact.items():
        sizes = ADAPTER["sizes_of"](arrays[operation], [arrays[other] for other in arrays if other != operation])
        given = ADAPTER["noise"](lambda moved, rows=rows: rows(moved)[0], columns, sizes, cells, request["cell_count"])
        found["noise"].append([operation, name, given.astype("<f8").tobytes()])


def search_of(function: Any, low: Any, high: Any) -> Any:
    """All critical points of *function* in a box, in plain values."""
    if "compiled" in ADAPTER:
        gradients, hessians = ADAPTER["compiled"](function, len(low))
    else:
        gradients, hessians = (
            lambda columns, name=name: ADAPTER[name](function, columns) for name in ("gradients", "hessians")
        )
    return ADAPTER["critical_points"](
        lambda columns: ADAPTER["values"](function, columns), gradients, hessians, low, high, ADAPTER.get("SIZES", ())
    )


def rows_of(operation: str, function: Any) -> Any:
    """The adapter's operation on *function*: from columns to numbers and errors."""
    if operation == "values":
        return lambda columns: (ADAPTER["values"](function, columns), None)
    return lambda columns: ADAPTER[operation](function, columns)
