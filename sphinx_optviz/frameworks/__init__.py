"""The frameworks that tabs can show, and the programs that run their code.

Beside this file lies what runs in the *child* interpreter, sent there as text and never imported here: ``evaluate.py``,
``differences.py`` and ``noise.py``, the same for all, and one adapter a framework. An adapter is a module with

- ``version() -> str``
- ``prepare()``: put the framework's global state (default dtype, seeds) back to what every run starts from
- ``values(f, columns)``: *columns* is one float64 NumPy array of shape (N,) for each variable; the result has shape
  (N,), in the dtype of the computation
- ``gradients(f, columns)`` and ``hessians(f, columns)``: an array of shape (N, d) or (N, d, d), and how far its numbers
  may be off at each point: None for automatic differentiation, otherwise shape (N,), as ``difference`` gives it
- ``METHODS``: how each of ``"gradients"`` and ``"hessians"`` is taken, for people
- optionally, for a framework that is slow in many calls, ``compiled(f, variables)``: ``gradients`` and ``hessians`` of
  *f* that a search calls with *columns* alone; and ``SIZES``, numbers of points to which these calls are rounded up

Other packages add frameworks through the entry point group ``sphinx_optviz.frameworks``: each entry point is named
after its framework and leads to a ``Framework``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_FINDER = _HERE.with_name("critical_points")
# Its texts, in the order in which a child loads them.
FINDER_TEXTS = (
    *("field", "groups", "hull", "search", "kinks", "kinds"),
    *("curves", "lines", "plateaus", "edges", "breaks", "find"),
)
_CELLS = _HERE.with_name("cells")
_ENTRY_POINTS = "sphinx_optviz.frameworks"

# What the code of a page's cells is likely to want; landscapes need neither.
_FOR_CELLS = ("matplotlib==3.11.2", "ipython==9.18.1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Framework:
    """One framework: its name in files and options, its name for readers, the module it is imported as."""

    name: str
    label: str
    module: str
    adapter: Path
    requirements: tuple[str, ...] = ()  # as pip takes them, known to work together; for `sphinx-optviz setup`
    newest_python: tuple[int, int] | None = None  # the last version that the requirements can be installed on
    precision: str = "float64"  # the dtype that the adapter asks the framework to compute in

    def programs(self) -> list[tuple[str, str]]:
        """Name and text of what a child must load to run this framework's code."""
        finder = (_FINDER / f"{name}.py" for name in FINDER_TEXTS)
        paths = (*(_HERE / name for name in ("differences.py", "noise.py", "evaluate.py")), *finder, self.adapter)
        return [(path.name, path.read_text(encoding="utf-8")) for path in paths]

    def cell_programs(self) -> list[tuple[str, str]]:
        """Name and text of what a child must load to run the cells of a page."""
        paths = [
            _CELLS / f"{name}.py" for name in ("outputs", "artists", "figures", "results", "plain", "ipython", "page")
        ]
        texts = [(path.name, path.read_text(encoding="utf-8")) for path in paths]
        # Otherwise JAX would take most of a graphics card's memory at once, and other frameworks run beside it.
        start = "import os\nos.environ.setdefault('XLA_PYTHON_CLIENT_PREALLOCATE', 'false')\n"
        return [("framework", f"{start}import {self.module} as FRAMEWORK\n"), *texts]


BUILT_IN: dict[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework(
            name="pytorch",
            label="PyTorch",
            module="torch",
            adapter=_HERE / "pytorch.py",
            requirements=("torch==2.13.0", "numpy==2.4.6", *_FOR_CELLS),
            newest_python=(3, 14),
        ),
        Framework(
            name="mxnet",
            label="MXNet",
            module="mxnet",
            adapter=_HERE / "mxnet.py",
            # Its last release. It uses names that NumPy 1.24 removed, and that NumPy has no wheels for Python 3.12.
            requirements=("mxnet==1.9.1", "numpy==1.23.5", "matplotlib==3.10.9", "ipython==9.18.1"),
            newest_python=(3, 11),
        ),
        Framework(
            name="jax",
            label="JAX",
            module="jax",
            adapter=_HERE / "jax.py",
            requirements=("jax==0.10.2", "jaxlib==0.10.2", "numpy==2.4.6", *_FOR_CELLS),
            newest_python=(3, 14),
        ),
        Framework(
            name="tensorflow",
            label="TensorFlow",
            module="tensorflow",
            adapter=_HERE / "tensorflow.py",
            requirements=("tensorflow-cpu==2.21.0", "numpy==2.4.6", *_FOR_CELLS),
            newest_python=(3, 13),
        ),
        Framework(
            name="numpy",
            label="NumPy",
            module="numpy",
            adapter=_HERE / "numpy.py",
            requirements=("numpy==2.4.6", *_FOR_CELLS),
            newest_python=(3, 14),
        ),
    )
}


class UnknownFrameworkError(ValueError):
    """A name that is no framework's; the message is for the author."""


@cache
def framework(name: str) -> Framework:
    """The framework called *name*, built in or of another package. Raises UnknownFrameworkError."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    import importlib.metadata  # only a name that is not built in needs it

    for entry_point in importlib.metadata.entry_points(group=_ENTRY_POINTS, name=name):
        where = f"the entry point {entry_point.value!r} of the framework {name!r}"
        try:
            found = entry_point.load()
        except (Exception, SystemExit) as error:  # it is another package's code
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise UnknownFrameworkError(f"{where} cannot be loaded: {reason}") from error
        if not isinstance(found, Framework) or found.name != name or not Path(found.adapter).is_file():
            raise UnknownFrameworkError(f"{where} must lead to a Framework with this name, and with an adapter file")
        return found
    raise UnknownFrameworkError(f"unknown framework {name!r}. {did_you_mean(name, framework_names())}")


def framework_names() -> list[str]:
    """All names of frameworks, the built-in ones first."""
    import importlib.metadata

    others = {entry_point.name for entry_point in importlib.metadata.entry_points(group=_ENTRY_POINTS)}
    # Options are written in small letters: a name with others cannot be asked for.
    return [*BUILT_IN, *sorted(name for name in others - BUILT_IN.keys() if name == name.lower())]


def did_you_mean(word: str, known: list[str]) -> str:
    """A sentence that names the nearest of *known*, or else all of them."""
    import difflib  # only a mistake needs it

    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"There are: {', '.join(known)}."


def framework_name(value: object) -> str:
    """*value* as the name of a framework. Raises ValueError."""
    if not isinstance(value, str):
        raise UnknownFrameworkError(f"unknown framework {value!r}. {did_you_mean(str(value), framework_names())}")
    return framework(value.strip().lower()).name
