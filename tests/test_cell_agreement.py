"""Whether what the frameworks of a cell drew and returned is the same, on results made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sphinx_optviz.cell_agreement import judge_cell
from sphinx_optviz.cell_runs import CellResult
from sphinx_optviz.notebooks import Tabs
from sphinx_optviz.runs import Array

NAMES = ("pytorch", "jax", "tensorflow")


def result(*returned: float) -> CellResult:
    numbers = np.array(returned)
    return CellResult(
        version="1",
        outputs=(),
        artists=(),
        returned=(Array(numbers.shape, numbers.astype("<f8").tobytes()),),
        warnings=(),
        dropped={},
        random=False,
        modules=(),
        error=None,
        digest="",
    )


# Values of the three, those with random numbers; those reported, those excused, and whose numbers are the reference.
CHANCE = {
    "nothing random": ((1, 2, 1), (), ["jax"], [], "pytorch"),
    "another one is random": ((1, 2, 5), ("tensorflow",), ["jax"], ["tensorflow"], "pytorch"),
    "the wrong one is random": ((1, 2, 1), ("jax",), [], ["jax"], "pytorch"),
    "the default is random": ((7, 1, 2), ("pytorch",), ["tensorflow"], ["pytorch"], "jax"),
    "all are random": ((1, 2, 3), NAMES, [], ["jax", "tensorflow"], "pytorch"),
    "random and equal": ((1, 1, 1), NAMES, [], [], "pytorch"),
}


@pytest.mark.parametrize("case", CHANCE)
def test_chance_excuses_those_alone_that_drew_by_it(case: str) -> None:
    values, chance, wrong, excused, reference = CHANCE[case]
    outcomes = {name: result(float(value)) for name, value in zip(NAMES, values, strict=True)}
    found = judge_cell(Tabs(NAMES, "pytorch"), outcomes, {}, compared=True, chance=chance)
    assert [name for name, _ in found.wrong] == wrong
    assert list(found.at_random) == excused
    assert found.verdict.reference == reference
