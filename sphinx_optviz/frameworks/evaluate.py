"""Run a piece of code and one operation of it in the child; the adapter of the framework shares this namespace.

Needs NumPy of any age and Python 3.10.
"""

from __future__ import annotations

import builtins
import contextlib
import linecache
import math
import os
import sys
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


def column_arrays(axes: Any) -> Any:
    """The points of the grid: one flat float64 array for each variable."""
    points = [numpy.linspace(low, high, count) for low, high, count in axes]
    return [grid.ravel() for grid in numpy.meshgrid(*points, indexing="ij")]


def check(name: str, array: Any, shape: Any) -> Any:
    """*array* as float64; raise ValueError unless it holds one real number, vector or matrix for each point."""
    if array.dtype.kind not in "fiu" or array.shape != shape:
        raise ValueError(
            f"{name} returned an array of shape {array.shape} and type {array.dtype} for {shape[0]} points; "
            f"it must work elementwise and return real numbers of shape {shape}"
        )
    return numpy.ascontiguousarray(array, dtype="<f8")


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The operation's arrays by function, as shape and little-endian float64 bytes."""
    ADAPTER["prepare"]()
    if not CLEAN:  # after prepare: to set PyTorch's default dtype replaces names of torch
        CLEAN.append(_names())
    path, source = request["path"], request["source"]
    # Tracebacks then show the code even where this interpreter cannot see the file.
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    # A module that can be found: dataclasses and pickle look for the one that a class was made in.
    module = sys.modules["__optviz__"] = types.ModuleType("__optviz__")
    module.__file__ = path
    namespace = vars(module)
    exec(compile(source, path, "exec"), namespace)  # noqa: S102 - this is what the extension is for

    columns = column_arrays(request["axes"])
    count, variables = len(columns[0]), len(columns)
    tail = {"values": (), "gradients": (variables,), "hessians": (variables, variables)}[request["operation"]]
    arrays: dict[str, Any] = {}
    dtypes = set()
    non_finite = []
    for name in request["functions"]:
        function = namespace.get(name)
        if not callable(function):
            raise NameError(f"the file defines no function {name!r}, which landscape.toml asks for")
        line = getattr(getattr(function, "__code__", None), "co_firstlineno", 1)
        try:
            # The values first, also before derivatives: only those of an elementwise function mean anything.
            raw = numpy.asarray(ADAPTER["values"](function, columns))
            array = check(name, raw, (count,))
            if tail:
                raw = numpy.asarray(ADAPTER[request["operation"]](function, columns))
                array = check(name, raw, (count, *tail))
        except Exception as error:
            with contextlib.suppress(AttributeError, TypeError):  # some types take no attributes
                error.optviz_line = line  # type: ignore[attr-defined]
            raise
        dtypes.add(str(raw.dtype))
        bad = ~numpy.isfinite(array.reshape(count, -1)).all(axis=1)
        if bad.any():
            where = [float(column[bad.argmax()]) for column in columns]
            non_finite.append([name, int(bad.sum()), count, where, line])
        shape = [axis[2] for axis in request["axes"]] + list(tail)
        arrays[name] = [shape, array.tobytes()]
    return {
        "kind": "result",
        "arrays": arrays,
        "dtype": ", ".join(sorted(dtypes)),
        "method": "" if request["operation"] == "values" else ADAPTER["METHOD"],
        "non_finite": non_finite,
    }
