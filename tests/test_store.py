"""The store: what was put in comes out, and whatever else lies there is a miss with one problem."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import pickle
import struct
import tempfile
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_optviz.files import write_file
from sphinx_optviz.runs import RUN_SCHEMA, Array, Axis, NonFinite, Result, Run, Source
from sphinx_optviz.store import Store, pack_result

RUN = Run(
    framework="numpy",
    source=Source(Path("bowl/numpy.py"), "def f(x): ...\ndef g(x): ...\n"),
    functions=("f", "g"),
    operation="values",
    axes=(Axis("x", 0.0, 1.0, 3),),
    label="bowl",
)
OTHER_RUN = replace(RUN, framework="jax")


def array(*numbers: float, shape: tuple[int, ...] | None = None) -> Array:
    return Array(shape or (len(numbers),), struct.pack(f"<{len(numbers)}d", *numbers))


def result_of(run: Run = RUN, **arrays: Array) -> Result:
    arrays = arrays or {"f": array(0.0, 0.25, 1.0), "g": array(1.0, math.nan, -math.inf)}
    message = {
        "kind": "result",
        "arrays": {name: [list(item.shape), item.data] for name, item in arrays.items()},
        "dtype": "float64",
        "method": "",
        "non_finite": [["g", 2, 3, [0.5], 2]],
    }
    return pack_result(run, version="2.1.0", message=message)


def same(one: Result, other: Result) -> bool:
    """``==`` does not look into the arrays that are decoded on demand."""
    return replace(one, arrays={}) == replace(other, arrays={}) and dict(one.arrays) == dict(other.arrays)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "_optviz")


@pytest.fixture
def entry(store: Store) -> Path:
    """The file of RUN's entry, written."""
    store.put(RUN, result_of())
    assert store.problems == []
    return store.path(RUN)


def forge(path: Path, *lines: object, schema: object = RUN_SCHEMA, key: str = RUN.key) -> None:
    """An entry with a right head and digest, whatever its *lines* hold."""
    body = b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    head = {"optviz": schema, "key": key, "digest": hashlib.sha256(body).hexdigest()}
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(json.dumps(head).encode() + b"\n" + body)


# ---- what fits


def shaped(shape: list[int]) -> st.SearchStrategy[tuple[tuple[int, ...], list[float]]]:
    size = prod(shape)
    return st.tuples(st.just(tuple(shape)), st.lists(st.floats(), min_size=size, max_size=size))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4).flatmap(shaped), st.text(st.characters(codec="utf-8")))
def test_what_was_put_comes_out_bit_by_bit(shape_and_numbers: tuple[tuple[int, ...], list[float]], word: str) -> None:
    shape, numbers = shape_and_numbers
    run = replace(RUN, functions=("f",), axes=tuple(Axis(f"x{i}", 0.0, 1.0, count) for i, count in enumerate(shape)))
    result = replace(result_of(run, f=array(*numbers, shape=shape)), version=word, non_finite=())
    with tempfile.TemporaryDirectory() as folder:
        Store(Path(folder)).put(run, result)
        fresh = Store(Path(folder))
        found = fresh.get(run)
        assert fresh.problems == []
    assert found is not None
    assert found.arrays["f"] == result.arrays["f"]
    assert (found.version, found.dtype, found.method) == (word, "float64", "")


def test_result_comes_out_with_all_its_parts(store: Store, entry: Path) -> None:
    found = store.get(RUN)
    assert found is not None
    assert same(found, result_of())
    assert found.non_finite == (NonFinite("g", 2, 3, (0.5,), 2),)
    assert list(found.arrays) == ["f", "g"]
    assert len(found.arrays) == 2
    assert entry.exists()


def test_what_is_not_there_is_a_miss_without_a_problem(store: Store) -> None:
    assert store.get(RUN) is None
    assert store.problems == []


def test_entry_is_what_people_can_read_and_other_programs_too(entry: Path) -> None:
    """The layout itself, so that a change of it is a choice: then RUN_SCHEMA has to be raised."""
    head, *lines = map(json.loads, entry.read_text(encoding="utf-8").splitlines())
    assert head == {"optviz": RUN_SCHEMA, "key": RUN.key, "digest": result_of().digest}
    assert lines == [
        {
            "framework": "numpy",
            "functions": ["f", "g"],
            "operation": "values",
            "axes": [[0.0, 1.0, 3]],
            "version": "2.1.0",
            "dtype": "float64",
            "method": "",
            "non_finite": [["g", 2, 3, [0.5], 2]],
        },
        {"function": "f", "shape": [3], "data": base64.b64encode(array(0.0, 0.25, 1.0).data).decode()},
        {"function": "g", "shape": [3], "data": base64.b64encode(array(1.0, math.nan, -math.inf).data).decode()},
    ]
    body = entry.read_bytes().partition(b"\n")[2]
    assert hashlib.sha256(body).hexdigest() == head["digest"]


def test_equal_results_are_equal_bytes(entry: Path, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    turned = dict(reversed(list(result_of().arrays.items())))
    other.put(RUN, result_of(RUN, **turned))
    assert other.path(RUN).read_bytes() == entry.read_bytes()


def test_putting_what_was_got_changes_nothing(store: Store, entry: Path) -> None:
    before = entry.read_bytes()
    found = store.get(RUN)
    assert found is not None
    store.put(RUN, found)
    assert entry.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2.1.1"},
        {"dtype": "float32"},
        {"method": "by hand"},
        {"non_finite": ()},
        {"arrays": {"f": array(0.0, 0.25, 1.0), "g": array(1.0, 2.0, 3.0)}},
        {"arrays": {"f": array(-0.0, 0.25, 1.0), "g": array(1.0, math.nan, -math.inf)}},
    ],
    ids=["version", "dtype", "method", "non-finite", "numbers", "sign-of-zero"],
)
def test_digest_of_a_result_changes_with_every_part(store: Store, change: dict[str, Any]) -> None:
    store.put(RUN, replace(result_of(), **change))
    changed = store.get(RUN)
    assert changed is not None
    assert changed.digest != result_of().digest


@pytest.mark.parametrize(
    "arrays",
    [
        {"f": array(1.0, 2.0, 3.0)},
        {"f": array(1.0, 2.0, 3.0), "h": array(1.0, 2.0, 3.0)},
        {"f": array(1.0, 2.0, 3.0), "g": Array((3,), bytes(16))},
        {"f": array(1.0, 2.0, 3.0), "g": Array((3,), bytes(25))},
        {"f": array(1.0, 2.0, 3.0), "g": array(1.0, 2.0)},
    ],
    ids=["missing", "misnamed", "short", "not-whole-numbers", "another-shape"],
)
def test_answer_without_a_whole_array_for_each_function_is_refused(arrays: dict[str, Array]) -> None:
    with pytest.raises(ValueError, match="no complete array for g"):
        result_of(RUN, **arrays)


def test_put_leaves_nothing_but_the_entry(entry: Path) -> None:
    assert list(entry.parent.iterdir()) == [entry]


def test_put_replaces_a_damaged_entry(store: Store, entry: Path) -> None:
    entry.write_bytes(b"damaged")
    store.put(RUN, result_of())
    found = store.get(RUN)
    assert found is not None
    assert same(found, result_of())


# ---- what does not fit


def assert_refused(store: Store, word: str = "damaged") -> None:
    """A miss, and one problem that names the file."""
    fresh = Store(store.folder)
    assert fresh.get(RUN) is None
    assert [problem.path for problem in fresh.problems] == [store.path(RUN)]
    assert word in fresh.problems[0].message


def test_entry_that_was_cut_off_is_refused(store: Store, entry: Path) -> None:
    content = entry.read_bytes()
    for length in [*range(0, len(content), 50), len(content) - 1]:
        entry.write_bytes(content[:length])
        assert_refused(store)


def test_entry_with_any_bit_flipped_is_refused(store: Store, entry: Path) -> None:
    content = bytearray(entry.read_bytes())
    for position in range(len(content)):
        bit = 1 << position % 8
        content[position] ^= bit
        entry.write_bytes(content)
        assert_refused(store)
        content[position] ^= bit


def test_entry_with_something_after_its_end_is_refused(store: Store, entry: Path) -> None:
    entry.write_bytes(entry.read_bytes() + b"\n")
    assert_refused(store)


def test_entry_of_another_run_is_refused(store: Store, entry: Path) -> None:
    store.put(OTHER_RUN, result_of(OTHER_RUN))
    store.path(OTHER_RUN).replace(entry)
    assert_refused(store, "belongs to another run")


@pytest.mark.parametrize("schema", [RUN_SCHEMA + 1, 0, "1", None, [RUN_SCHEMA]])
def test_entry_of_another_schema_is_refused(store: Store, entry: Path, schema: object) -> None:
    _, *lines = entry.read_bytes().splitlines()
    forge(entry, *lines, schema=schema)
    assert_refused(store, "belongs to another run")


@pytest.mark.parametrize(
    "change",
    [
        {"framework": "jax"},
        {"functions": ["f"]},
        {"operation": "gradients"},
        {"axes": [[0.0, 1.0, 4]]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_entry_that_says_it_is_of_another_run_is_refused(store: Store, entry: Path, change: dict[str, Any]) -> None:
    _, about, *lines = entry.read_bytes().splitlines()
    forge(entry, json.loads(about) | change, *lines)
    assert_refused(store, "something else was run")


NESTED = b"[" * 200_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\n\n\n\n",
        b"[]\n",
        b"3\n",
        b"null\n",
        b'"optviz"\n',
        b"{}\n",
        b'{"optviz": 1}\n',
        b"\xff\xfe\x00",
        bytes(1000),
        NESTED,
        b'{"optviz": ' + NESTED + b"]" * len(NESTED) + b"}\n",
        b'{"optviz": 1' + b"0" * 10_000 + b"}\n",
    ],
    ids=[
        "empty",
        "empty-line",
        "empty-lines",
        "list",
        "number",
        "null",
        "text",
        "empty-object",
        "half-a-head",
        "not-utf8",
        "zeros",
        "nested",
        "nested-in-object",
        "long-number",
    ],
)
def test_file_that_is_no_entry_is_refused(store: Store, entry: Path, content: bytes) -> None:
    entry.write_bytes(content)
    assert_refused(store)


class Trap:
    """Unpickled, it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.path,)


def test_pickle_is_refused_and_not_loaded(store: Store, entry: Path, tmp_path: Path) -> None:
    entry.write_bytes(pickle.dumps(Trap(tmp_path / "loaded")))
    assert_refused(store)
    assert not (tmp_path / "loaded").exists()


def test_folder_in_place_of_an_entry_is_a_problem(store: Store) -> None:
    store.path(RUN).mkdir(parents=True)
    assert_refused(store, "cannot be read")


ABOUT = {
    "framework": "numpy",
    "functions": ["f", "g"],
    "operation": "values",
    "axes": [[0.0, 1.0, 3]],
    "version": "2.1.0",
    "dtype": "float64",
    "method": "",
    "non_finite": [],
}
THREE = base64.b64encode(bytes(24)).decode()
F = {"function": "f", "shape": [3], "data": THREE}
G = {"function": "g", "shape": [3], "data": THREE}


def numbers_of(store: Store) -> dict[str, Array] | None:
    """The numbers of RUN; None if the entry is refused, which may be as late as when they are read."""
    result = store.get(RUN)
    if result is None:
        return None
    try:
        return dict(result.arrays)
    except ValueError:
        return None


def test_forged_entry_that_fits_is_taken(store: Store) -> None:
    """The entries of the next test are refused for their faults alone."""
    forge(store.path(RUN), ABOUT, F, G)
    assert numbers_of(store) == {"f": array(0.0, 0.0, 0.0), "g": array(0.0, 0.0, 0.0)}


WRONG_LINES: dict[str, list[object]] = {
    "nothing": [],
    "no-numbers": [ABOUT],
    "one-function-missing": [ABOUT, F],
    "one-function-too-many": [ABOUT, F, G, G],
    "functions-swapped": [ABOUT, G, F],
    "empty-line": [ABOUT, F, b""],
    "not-json": [ABOUT, F, b"not JSON"],
    "nested": [ABOUT, F, NESTED],
    "number": [ABOUT, F, 3],
    "list": [ABOUT, F, []],
    "empty-object": [ABOUT, F, {}],
    "shape-too-large": [ABOUT, F, G | {"shape": [4]}],
    "shape-too-small": [ABOUT, F, G | {"shape": [2]}],
    "shape-with-one-axis-more": [ABOUT, F, G | {"shape": [3, 2]}],
    "shape-negative": [ABOUT, F, G | {"shape": [-3, -1]}],
    "shape-a-number": [ABOUT, F, G | {"shape": 3}],
    "shape-a-text": [ABOUT, F, G | {"shape": "3"}],
    "shape-null": [ABOUT, F, G | {"shape": None}],
    "data-too-short": [ABOUT, F, G | {"data": THREE[:-4]}],
    "data-cut-off": [ABOUT, F, G | {"data": THREE[:-1]}],
    "data-padded": [ABOUT, F, G | {"data": THREE[:-2] + "=="}],
    "data-empty": [ABOUT, F, G | {"data": ""}],
    "data-a-number": [ABOUT, F, G | {"data": 24}],
    "data-not-ascii": [ABOUT, F, G | {"data": "ü" * 32}],
    "about-nested": [NESTED, F, G],
    "about-a-list": [[], F, G],
    "about-a-number": [3, F, G],
    "about-without-version": [{name: value for name, value in ABOUT.items() if name != "version"}, F, G],
    "about-without-non-finite": [{name: value for name, value in ABOUT.items() if name != "non_finite"}, F, G],
    "non-finite-null": [ABOUT | {"non_finite": None}, F, G],
    "non-finite-a-number": [ABOUT | {"non_finite": [3]}, F, G],
    "non-finite-too-short": [ABOUT | {"non_finite": [["g", 2, 3]]}, F, G],
    "non-finite-without-a-point": [ABOUT | {"non_finite": [["g", 2, 3, 0.5, 2]]}, F, G],
}


@pytest.mark.parametrize("lines", WRONG_LINES.values(), ids=WRONG_LINES)
def test_entry_with_a_right_digest_and_wrong_lines_is_refused(store: Store, lines: list[object]) -> None:
    forge(store.path(RUN), *lines)
    assert numbers_of(store) is None


# ---- a store that cannot be used


def test_store_that_cannot_be_written_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    store = Store(tmp_path / "file")
    for run in (RUN, OTHER_RUN):
        store.put(run, result_of(run))
    assert [problem.path for problem in store.problems] == [tmp_path / "file"]
    assert "cannot be stored" in store.problems[0].message
    assert (tmp_path / "file").read_text(encoding="utf-8") == "not a folder"


def test_store_that_can_be_neither_read_nor_written_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    store = Store(tmp_path / "file")
    for run in (RUN, OTHER_RUN):
        assert store.get(run) is None
        store.put(run, result_of(run))
    assert len(store.problems) == 1


def test_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(OSError, match="target"):
        write_file(tmp_path / "target", b"content")
    assert list(tmp_path.iterdir()) == [tmp_path / "target"]


def test_write_that_is_interrupted_keeps_the_old_content_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "entry"
    path.write_bytes(b"old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_file(path, b"new")
    assert {found.name: found.read_bytes() for found in tmp_path.iterdir()} == {"entry": b"old"}


def test_write_makes_the_folders_it_needs(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "b" / "c", b"content")
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"content"
