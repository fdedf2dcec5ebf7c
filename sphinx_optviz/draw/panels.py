"""What a panel of a job says: its points, its numbers, and what they are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from sphinx_optviz.draw import looks

Panel = dict[str, Any]
Array = np.ndarray[Any, np.dtype[np.float64]]

_INDEXED = re.compile(r"([A-Za-z])_([0-9]+|[A-Za-z])")


def points_of(axis: list[Any]) -> Array:
    """The points of ``[name, low, high, count]``."""
    _, low, high, count = axis
    return np.linspace(low, high, count)


def values_of(series: dict[str, Any]) -> list[Array]:
    """One array for each function, of the grid's shape."""
    shape = [axis[3] for axis in series["axes"]]
    return [np.frombuffer(data, dtype="<f8").reshape(shape) for data in series["values"]]


def told(panel: Panel, words: str) -> str:
    """English *words* in the language of the figure."""
    return str(panel.get("words", {}).get(words, words))


@dataclass(frozen=True, slots=True)
class Label:
    """What an axis is called.

    Mathematics without an index is set in an italic font: mathtext would take longer than the curves.
    """

    text: str
    is_maths: bool

    @property
    def _has_index(self) -> bool:
        return self.is_maths and "_" in self.text

    @property
    def alone(self) -> str:
        """For an axis."""
        return self.inline() if self._has_index else self.text

    @property
    def style(self) -> dict[str, Any]:
        """For the methods of Matplotlib that set a label."""
        if self._has_index:
            return {"size": looks.MATHS["size"]}
        return looks.MATHS if self.is_maths else {}

    def inline(self) -> str:
        """For a text that has other words too."""
        return f"${self.text}$" if self.is_maths else self.text


def variable(name: str) -> Label:
    """A variable's name; ``w_1`` is w with an index."""
    if indexed := _INDEXED.fullmatch(name):
        return Label(f"{indexed[1]}_{{{indexed[2]}}}", is_maths=True)
    is_maths = len(name) == 1 and name.isalpha()
    return Label(name if is_maths else name.replace("_", " "), is_maths)


def value_label(series: dict[str, Any]) -> Label:
    """What the function's value is called."""
    if series["labels"][0]:
        return Label(str(series["labels"][0]), is_maths=False)
    words = [variable(name) for name in (series["functions"][0], *(axis[0] for axis in series["axes"]))]
    if "along" not in series and all(word.is_maths for word in words):
        return Label(f"{words[0].text}({', '.join(word.text for word in words[1:])})", is_maths=True)
    return words[0]
