"""Numbers between those of a grid, where a straight line between two neighbours is too coarse for thin contours."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


def doubled(z: Array) -> Array:
    """*z*, shape (M, N), with a value between any two neighbours, shape (2 M - 1, 2 N - 1); NaN where it has none.

    None is beyond the least and the greatest that *z* has.
    """
    return np.clip(_doubled(_doubled(z).T).T, np.nanmin(z), np.nanmax(z))


def _doubled(z: Array) -> Array:
    """On a parabola with the smaller one of the bends at both neighbours: it does not swing over at a kink."""
    bends = np.zeros_like(z)
    with np.errstate(invalid="ignore", over="ignore"):
        bends[1:-1] = z[2:] - 2 * z[1:-1] + z[:-2]
        one, other = bends[:-1], bends[1:]
        bend = np.where(np.sign(one) == np.sign(other), np.sign(one) * np.minimum(np.abs(one), np.abs(other)), 0.0)
        middle = z[:-1] / 2 + z[1:] / 2
        curved = middle - bend / 8
    fine = np.empty((2 * len(z) - 1, z.shape[1]))
    fine[::2] = z
    fine[1::2] = np.where(np.isfinite(curved), curved, middle)
    return fine
