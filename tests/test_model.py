"""Keys and digests: which runs are the same run, on any machine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_optviz import runs
from sphinx_optviz.model import digest_of
from sphinx_optviz.runs import Axis, Run, Source

if TYPE_CHECKING:
    from sphinx_optviz.runs import Operation

TEXT = "def f(x, y):\n    return x * y\n"
AXES = (Axis("x", -1.0, 1.0, 5), Axis("y", 0.0, 2.0, 7))
RUN = Run(
    framework="numpy",
    source=Source(Path("landscapes/product/numpy.py"), TEXT),
    functions=("f", "g"),
    operations=("values",),
    axes=AXES,
    label="product",
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


def backwards(value: Any) -> Any:
    """*value* with the entries of every dictionary in it in reverse order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "change",
    [
        {"label": "another name"},
        {"source": Source(Path("elsewhere/numpy.py"), TEXT)},
        {"axes": (replace(AXES[0], name="u"), AXES[1])},
    ],
    ids=["label", "path", "name-of-axis"],
)
def test_key_stays_when_only_words_for_people_change(change: dict[str, Any]) -> None:
    assert replace(RUN, **change).key == RUN.key


@pytest.mark.parametrize(
    "change",
    [
        {"source": Source(RUN.source.path, TEXT + "\n")},
        {"framework": "pytorch"},
        {"functions": ("f",)},
        {"functions": ("g", "f")},
        {"functions": ("fg",)},
        {"operations": ("gradients",)},
        {"operations": ("values", "gradients")},
        {"samples": 1},
        {"axes": AXES[:1]},
        {"axes": AXES[::-1]},
        {"axes": (replace(AXES[0], low=-1.5), AXES[1])},
        {"axes": (replace(AXES[0], high=1.5), AXES[1])},
        {"axes": (AXES[0], replace(AXES[1], count=8))},
    ],
    ids=[
        "source",
        "framework",
        "fewer-functions",
        "order-of-functions",
        "joined-functions",
        "operation",
        "more-operations",
        "samples",
        "fewer-axes",
        "order-of-axes",
        "low",
        "high",
        "count",
    ],
)
def test_key_changes_with_every_part_of_the_content(change: dict[str, Any]) -> None:
    assert replace(RUN, **change).key != RUN.key


def test_key_changes_with_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RUN_SCHEMA", runs.RUN_SCHEMA + 1)
    assert replace(RUN).key != RUN.key


@pytest.mark.parametrize(
    ("samples", "axes", "operation", "shape"),
    [
        (0, AXES, "values", (5, 7)),
        (0, AXES, "gradients", (5, 7, 2)),
        (0, AXES, "hessians", (5, 7, 2, 2)),
        (0, AXES[:1], "values", (5,)),
        (0, AXES[:1], "hessians", (5, 1, 1)),
        (3, AXES, "values", (38,)),
        (3, AXES, "gradients", (38, 2)),
        (3, AXES, "hessians", (38, 2, 2)),
        (3, AXES[:1], "hessians", (8, 1, 1)),
    ],
)
def test_shape_is_the_grids_or_one_row_a_point(
    samples: int, axes: tuple[Axis, ...], operation: Operation, shape: tuple[int, ...]
) -> None:
    assert replace(RUN, axes=axes, samples=samples).shape(operation) == shape


def test_digest_of_a_source_is_that_of_its_text_and_any_text_has_one() -> None:
    assert RUN.source.digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert Source(Path("a"), "\udcff").digest != Source(Path("a"), "\udcfe").digest


def test_key_can_be_the_name_of_a_file() -> None:
    assert len(RUN.key) == 32
    assert set(RUN.key) <= set("0123456789abcdef")


def test_digest_is_the_same_on_every_machine_and_in_every_release() -> None:
    """Committed stores rest on it: a change of this number is a change of every key."""
    given_value = {"b": [1, 2.5, None, True], "a": "x² + y²"}
    assert digest_of(given_value) == "c1ba1b792a7f2966850871dfac425a17a4cd048e06e7b1b7b094790e85177037"


@given(JSON_VALUES)
def test_digest_does_not_depend_on_the_order_of_dictionaries(value: object) -> None:
    assert digest_of(backwards(value)) == digest_of(value)


@given(JSON_VALUES, JSON_VALUES)
def test_digests_are_equal_only_for_equal_values(one: object, other: object) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest_of(one) == digest_of(other)) == same


@given(st.lists(st.integers()))
def test_digest_does_not_tell_lists_from_tuples(items: list[int]) -> None:
    """What went through JSON, or over to a child and back, has lists where there were tuples."""
    assert digest_of(tuple(items)) == digest_of(items)
