"""The frameworks that tabs can show, and the programs that run their code.

Beside this file lies what runs in the *child* interpreter, sent there as text and never imported here: ``evaluate.py``,
the same for all, and one adapter a framework. An adapter is a module with

- ``version() -> str``
- ``prepare()``: put the framework's global state (default dtype, seeds) back to what every run starts from
- ``values(f, columns)``, ``gradients(f, columns)``, ``hessians(f, columns)``: *columns* is one float64 NumPy array of
  shape (N,) for each variable; the results have shapes (N,), (N, d) and (N, d, d), in the dtype of the computation
- ``METHOD``: how derivatives are taken
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Framework:
    """One framework: its name in files and options, its name for readers, the module it is imported as."""

    name: str
    label: str
    module: str
    has_adapter: bool

    def programs(self) -> list[tuple[str, str]]:
        """Name and text of what a child must load to run this framework's code; only where ``has_adapter``."""
        files = ("evaluate.py", f"{self.name}.py")
        return [(name, (_HERE / name).read_text(encoding="utf-8")) for name in files]


FRAMEWORKS: dict[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework("pytorch", "PyTorch", "torch", has_adapter=True),
        Framework("mxnet", "MXNet", "mxnet", has_adapter=False),
        Framework("jax", "JAX", "jax", has_adapter=False),
        Framework("tensorflow", "TensorFlow", "tensorflow", has_adapter=False),
        Framework("numpy", "NumPy", "numpy", has_adapter=True),
    )
}


def did_you_mean(word: str, known: list[str]) -> str:
    """A sentence that names the nearest of *known*, or else all of them."""
    import difflib  # only a mistake needs it

    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"There are: {', '.join(known)}."


def framework_name(value: object) -> str:
    """*value* as the name of a framework. Raises ValueError."""
    if not isinstance(value, str) or value.strip().lower() not in FRAMEWORKS:
        raise ValueError(f"unknown framework {value!r}. {did_you_mean(str(value), list(FRAMEWORKS))}")
    return value.strip().lower()
