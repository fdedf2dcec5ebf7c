"""The finder of critical points, run here instead of in a child."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sphinx_optviz
from sphinx_optviz.critical import CriticalPoints
from sphinx_optviz.frameworks import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy

    Array = numpy.ndarray[Any, numpy.dtype[numpy.float64]]
    Columns = list[Array]

ROOT = Path(sphinx_optviz.__file__).parent


@cache
def programs() -> dict[str, Any]:
    """What a child that runs NumPy's adapter has loaded."""
    namespace: dict[str, Any] = {"__name__": "__optviz__"}
    for name, text in BUILT_IN["numpy"].programs():
        exec(compile(text, name, "exec"), namespace)
    return namespace


def find(
    values: Callable[[Columns], Array],
    gradients: Callable[[Columns], Array],
    hessians: Callable[[Columns], Array],
    low: Sequence[float],
    high: Sequence[float],
) -> CriticalPoints:
    """All critical points of a function with exact derivatives, in the box from *low* to *high*."""
    found = programs()["critical_points"](
        values, lambda columns: (gradients(columns), None), lambda columns: (hessians(columns), None), low, high
    )
    return CriticalPoints.from_plain(found)
