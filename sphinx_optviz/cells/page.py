"""The cells of one page in one framework: set up once, then one request a cell, all in the same namespace."""

from __future__ import annotations

import hashlib
import itertools
import linecache
import os
import random
import site
import sys
import sysconfig
import time
import traceback
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.cells.figures import FORMATS, install_backend, show_figures
    from sphinx_optviz.cells.ipython import make_shell
    from sphinx_optviz.cells.outputs import PRINTED, Outputs
    from sphinx_optviz.cells.results import RETURNED

    FRAMEWORK: Any = None  # its module, as the host has imported it in a text before these

# Frames of a traceback that the page shows.
_MOST_FRAMES = 4

_PAGE: dict[str, Any] = {}


def version() -> str:
    return str(getattr(FRAMEWORK, "__version__", "")).split("+")[0]


def begin(request: dict[str, Any]) -> None:
    """What the first cell of the page finds."""
    # Matplotlib and IPython look for the user's own settings, which are not the book's.
    Path("matplotlibrc").touch()
    os.environ["MATPLOTLIBRC"] = os.environ["IPYTHONDIR"] = os.getcwd()  # noqa: PTH109
    if os.path.isdir(request["folder"]):  # noqa: PTH112 - not on another machine
        os.chdir(request["folder"])
    # Appended: an author's struct.py or random.py must not shadow what libraries import.
    sys.path += request["path"]
    # Python takes a compiled module for one of the same second and length, and leaves it beside the author's text.
    sys.dont_write_bytecode = True
    install_backend(request["rcparams"])
    _PAGE["shell"] = make_shell()
    sys.stdout = PRINTED


def seed(number: int) -> None:
    """Let every random number that follows be the same in each build."""
    generator, made = numpy.random.Generator, itertools.count()
    bits = numpy.random.PCG64

    def default_rng(seed: Any = None) -> Any:
        """NumPy's, but without a seed the next of a fixed row of generators."""
        return _PAGE["default_rng"](seed) if seed is not None else generator(bits([number, next(made)]))

    _PAGE.setdefault("default_rng", numpy.random.default_rng)
    numpy.random.default_rng = default_rng
    random.seed(number)
    numpy.random.seed(number % 2**32)  # noqa: NPY002 - the generator that cells are likely to use
    torch, tensorflow, mxnet = map(sys.modules.get, ("torch", "tensorflow", "mxnet"))
    if torch is not None:
        torch.manual_seed(number)
    if tensorflow is not None:
        tensorflow.random.set_seed(number)
    if mxnet is not None:
        mxnet.random.seed(number)


def _random_states() -> dict[str, Any]:
    """What changes when a random number is drawn, by library. MXNet's cannot be asked for; JAX has none."""
    own: Any = numpy.random.get_state(legacy=False)  # noqa: NPY002
    numbers = [part.tobytes() if isinstance(part, numpy.ndarray) else part for part in own["state"].values()]
    states: dict[str, Any] = {"python": random.getstate(), "numpy": [*numbers, own["has_gauss"], own["gauss"]]}
    torch, tensorflow = map(sys.modules.get, ("torch", "tensorflow.python.eager.context"))
    if torch is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    # Not public: Python's generator, from which operations without a seed get theirs.
    generator = getattr(tensorflow.context(), "_rng", None) if tensorflow is not None else None
    if generator is not None:
        states["tensorflow"] = generator.getstate()
    return states


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run one cell."""
    if not _PAGE:
        begin(request)
    if request["seed"] is not None:
        seed(request["seed"])
    outputs = PRINTED.outputs = Outputs() if request["draws"] else Outputs(most_figures=0)
    RETURNED.clear()
    FORMATS[:] = request["formats"]
    # Tracebacks show the lines of a cell, which is no file.
    lines = request["code"].splitlines(keepends=True)
    linecache.cache[request["name"]] = (len(request["code"]), None, lines, request["name"])
    noted: list[list[Any]] = []
    warnings.showwarning = lambda message, category, filename, line, *_: noted.append(
        [category.__name__, str(message), filename, line]
    )
    before = _random_states()
    started = time.perf_counter()
    error = _PAGE["shell"].run(request["code"], request["name"])
    if error is None:
        try:
            show_figures()
        except Exception as raised:  # noqa: BLE001 - Matplotlib draws when it is asked to save, and may fail then
            error = raised
    seconds = time.perf_counter() - started
    # A library that the cell has imported had no state before.
    drew = any(before.get(library, state) != state for library, state in _random_states().items())
    return {
        "kind": "cell",
        "outputs": outputs.finished(),
        "artists": outputs.artists,
        "dropped": outputs.dropped,
        "returned": list(RETURNED),
        "warnings": noted[:100],
        "random": drew,
        "modules": local_modules(),
        "seconds": seconds,
        "error": None if error is None else described(error, request["name"]),
    }


def described(error: BaseException, name: str) -> dict[str, Any]:
    """A failure in plain values: in a line, where it happened in the cell, a short traceback and the whole one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [index for index, frame in enumerate(frames) if frame.filename == name]
    seen = frames[own[0] :] if own else frames[-1:]
    if isinstance(error, SyntaxError) and error.filename in ("", name):
        line = error.lineno or 1
        text = error.msg
        short = [f"  line {line}\n    {linecache.getline(name, line).strip()}\n"]
    else:
        line = frames[own[-1]].lineno or 1 if own else 0
        text = _text_of(error)
        short = traceback.format_list(map(_without_folders, seen[:1] + seen[1:][-_MOST_FRAMES + 1 :]))
    kind = type(error).__name__
    first = next(iter(text.strip().splitlines()), "")
    return {
        "message": f"{kind}: {first}"[:500] if first else kind,
        "line": line,
        "short": "".join(short) + (f"{kind}: {text}"[:2000] if text else kind),
        "whole": "".join(traceback.format_exception(type(error), error, error.__traceback__))[-20000:],
    }


def _without_folders(frame: traceback.FrameSummary) -> traceback.FrameSummary:
    """*frame* with the file's place in its package alone: the rest is another one on each machine."""
    tops = (top for top in _INSTALLED if frame.filename.startswith(top))
    frame.filename = frame.filename[len(next(tops, "")) :]
    return frame


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - exceptions of user code may do anything
        return ""


# Where modules lie that no author of a book writes.
_INSTALLED = tuple(
    sorted(
        {
            os.path.realpath(path) + os.sep
            for path in (
                *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
                *site.getsitepackages(),
                site.getusersitepackages(),
            )
        },
        key=len,
        reverse=True,
    )
)


@cache
def _own_path(path: str) -> str:
    """The real path of a module's file, "" if it is installed; asked for each of some thousand modules a cell."""
    if path.startswith(_INSTALLED):  # as most are; to follow links takes twenty times as long
        return ""
    real = os.path.realpath(path)
    return "" if real.startswith(_INSTALLED) else real


def local_modules() -> list[list[str]]:
    """Path and digest of each module that is imported and not installed."""
    found = []
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or not path.endswith(".py"):
            continue
        own = _own_path(path)
        if own and Path(own).is_file():
            found.append([own, hashlib.sha256(Path(own).read_bytes()).hexdigest()])
    return sorted(found)
