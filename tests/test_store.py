"""The store: what was put in comes out, and whatever else lies there is a miss with one problem."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import math
import os
import pickle
import platform
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_optviz.files import write_file
from sphinx_optviz.runs import RUN_SCHEMA, Array, Axis, NonFinite, Result, Run, Source
from sphinx_optviz.store import Entry, Store, pack_result

RUN = Run(
    framework="numpy",
    source=Source(Path("bowl/numpy.py"), "def f(x): ...\ndef g(x): ...\n"),
    functions=("f", "g"),
    operations=("values",),
    axes=(Axis("x", 0.0, 1.0, 3),),
    label="bowl",
)
OTHER_RUN = replace(RUN, framework="jax")


def array(*numbers: float, shape: tuple[int, ...] | None = None) -> Array:
    return Array(shape or (len(numbers),), struct.pack(f"<{len(numbers)}d", *numbers))


def message_of(run: Run = RUN, **arrays: Array) -> dict[str, Any]:
    """What a child answers to *run*: the same numbers for every operation."""
    arrays = arrays or {"f": array(0.0, 0.25, 1.0), "g": array(1.0, math.nan, -math.inf)}
    return {
        "kind": "result",
        "arrays": [[operation, name, item.data] for operation in run.operations for name, item in arrays.items()],
        "dtypes": [[name, "float64"] for name in arrays],
        "methods": [[operation, "by hand"] for operation in run.operations if operation != "values"],
        "errors": [],
        "noise": [],
        "non_finite": [["g", 2, 3, [0.5], 2]],
    }


def entry_of(run: Run = RUN, **arrays: Array) -> Entry:
    return pack_result(run, version="2.1.0", message=message_of(run, **arrays))


def same(one: Result, other: Result) -> bool:
    """``==`` does not look into the arrays that are decoded on demand."""
    plain = [replace(result, arrays=dict(result.arrays), errors=dict(result.errors)) for result in (one, other)]
    return plain[0] == plain[1]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "_optviz")


@pytest.fixture
def entry(store: Store) -> Path:
    """The file of RUN's entry, written."""
    store.put(RUN, entry_of())
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
    message = message_of(run, f=array(*numbers, shape=shape)) | {"non_finite": []}
    entry = pack_result(run, version=word, message=message)
    with tempfile.TemporaryDirectory() as folder:
        Store(Path(folder)).put(run, entry)
        fresh = Store(Path(folder))
        found = fresh.get(run)
        assert fresh.problems == []
    assert found is not None
    assert same(found, entry.result)
    assert found.arrays["values", "f"] == array(*numbers, shape=shape)
    assert (found.version, found.dtypes, found.methods) == (word, {"f": "float64"}, {})


def test_result_comes_out_with_all_its_parts(store: Store, entry: Path) -> None:
    found = store.get(RUN)
    assert found is not None
    assert same(found, entry_of().result)
    assert found.non_finite == (NonFinite("g", 2, 3, (0.5,), 2),)
    assert list(found.arrays) == [("values", "f"), ("values", "g")]
    assert len(found.arrays) == 2
    assert entry.exists()


def test_errors_and_noise_come_out_as_they_were_given(store: Store) -> None:
    run = replace(RUN, operations=("values", "gradients"), samples=1)
    numbers = array(1.0, 2.0, 3.0, 4.0)
    errors = [["gradients", "g", array(0.0, 1e-9, math.inf, math.nan).data]]
    noise = [["values", "f", array(1.23456e-17, 0.0).data], ["values", "g", array(5e-324, 1e300).data]]
    message = message_of(run, f=numbers, g=numbers) | {"errors": errors, "noise": noise}
    entry = pack_result(run, version="1", message=message)
    store.put(run, entry)
    found = store.get(run)
    assert store.problems == []
    assert found is not None
    assert same(found, entry.result)
    assert {**found.errors} == {("gradients", "g"): array(0.0, 1e-9, math.inf, math.nan)}
    # Three digits of a noise are enough.
    assert found.noise == {("values", "f"): (1.23e-17, 0.0), ("values", "g"): (4.94e-324, 1e300)}


def test_entry_with_errors_is_what_other_programs_can_read(store: Store) -> None:
    message = message_of() | {"errors": [["values", "g", array(1.0, 2.0, 3.0).data]]}
    store.put(RUN, pack_result(RUN, version="1", message=message))
    _, about, *lines = map(json.loads, store.path(RUN).read_text(encoding="utf-8").splitlines())
    assert about["inexact"] == [["values", "g"]]
    assert [(line["function"], line["quantity"]) for line in lines] == [
        ("f", "values"),
        ("g", "values"),
        ("g", "error of values"),
    ]
    assert base64.b64decode(lines[2]["data"]) == array(1.0, 2.0, 3.0).data


@pytest.mark.parametrize("size", [0, 16, 25, 32])
def test_answer_without_an_error_for_each_point_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="no complete array"):
        pack_result(RUN, version="1", message=message_of() | {"errors": [["values", "f", bytes(size)]]})


def test_what_is_not_there_is_a_miss_without_a_problem(store: Store) -> None:
    assert store.get(RUN) is None
    assert store.problems == []


def test_entry_is_what_people_can_read_and_other_programs_too(entry: Path) -> None:
    """The layout itself, so that a change of it is a choice: then RUN_SCHEMA has to be raised."""
    head, *lines = map(json.loads, entry.read_text(encoding="utf-8").splitlines())
    assert head == {"optviz": RUN_SCHEMA, "key": RUN.key, "digest": entry_of().result.digest}
    assert lines == [
        {
            "landscape": "bowl",
            "framework": "numpy",
            "source": hashlib.sha256(RUN.source.text.encode()).hexdigest(),
            "functions": ["f", "g"],
            "operations": ["values"],
            "axes": [[0.0, 1.0, 3]],
            "through": None,
            "samples": 0,
            "version": "2.1.0",
            "dtypes": {"f": "float64", "g": "float64"},
            "methods": {},
            "inexact": [],
            "noise": [],
            "non_finite": [["g", 2, 3, [0.5], 2]],
            "ranges": [["values", "f", [0.0, 1.0]], ["values", "g", [1.0, 1.0]]],
        },
        {
            "function": "f",
            "quantity": "values",
            "shape": [3],
            "data": base64.b64encode(array(0.0, 0.25, 1.0).data).decode(),
        },
        {
            "function": "g",
            "quantity": "values",
            "shape": [3],
            "data": base64.b64encode(array(1.0, math.nan, -math.inf).data).decode(),
        },
    ]
    body = entry.read_bytes().partition(b"\n")[2]
    assert hashlib.sha256(body).hexdigest() == head["digest"]


def test_equal_results_are_equal_bytes(entry: Path, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    message = message_of()
    turned = message | {"arrays": message["arrays"][::-1]}
    other.put(RUN, pack_result(RUN, version="2.1.0", message=turned))
    assert other.path(RUN).read_bytes() == entry.read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"dtypes": [["f", "float64"], ["g", "float32"]]},
        {"errors": [["values", "g", array(0.0, 0.0, 1e-9).data]]},
        {"noise": [["values", "g", array(1e-16, 2e-16).data]]},
        {"non_finite": []},
        {"arrays": [["values", "f", array(0.0, 0.25, 1.0).data], ["values", "g", array(1.0, 2.0, 3.0).data]]},
        {"arrays": [["values", "f", array(-0.0, 0.25, 1.0).data], ["values", "g", message_of()["arrays"][1][2]]]},
    ],
    ids=["dtypes", "errors", "noise", "non-finite", "numbers", "sign-of-zero"],
)
def test_digest_of_a_result_changes_with_every_part(change: dict[str, Any]) -> None:
    changed = pack_result(RUN, version="2.1.0", message=message_of() | change)
    assert changed.result.digest != entry_of().result.digest


def test_digest_of_a_result_changes_with_the_version_and_the_method() -> None:
    run = replace(RUN, operations=("gradients",))
    message = message_of(run)
    other = message | {"methods": [["gradients", "by machine"]]}
    entries = [
        pack_result(run, version=version, message=it) for version, it in (("1", message), ("2", message), ("1", other))
    ]
    assert len({entry.result.digest for entry in entries}) == 3


@pytest.mark.parametrize(
    "arrays",
    [
        [["values", "f", bytes(24)]],
        [["values", "f", bytes(24)], ["values", "h", bytes(24)]],
        [["values", "f", bytes(24)], ["gradients", "g", bytes(24)]],
        [["values", "f", bytes(24)], ["values", "g", bytes(16)]],
        [["values", "f", bytes(24)], ["values", "g", bytes(25)]],
        [["values", "f", bytes(24)], ["values", "g", b""]],
    ],
    ids=["missing", "misnamed", "of-another-quantity", "short", "not-whole-numbers", "empty"],
)
def test_answer_without_a_whole_array_for_each_function_is_refused(arrays: list[Any]) -> None:
    with pytest.raises(ValueError, match="no complete array for the values of g"):
        pack_result(RUN, version="2.1.0", message=message_of() | {"arrays": arrays})


def test_put_leaves_nothing_but_the_entry(entry: Path) -> None:
    assert list(entry.parent.iterdir()) == [entry]


def test_put_replaces_a_damaged_entry(store: Store, entry: Path) -> None:
    entry.write_bytes(b"damaged")
    store.put(RUN, entry_of())
    found = store.get(RUN)
    assert found is not None
    assert same(found, entry_of().result)


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
    store.put(OTHER_RUN, entry_of(OTHER_RUN))
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
        {"source": "0" * 64},
        {"operations": ["gradients"]},
        {"axes": [[0.0, 1.0, 4]]},
        {"samples": 1},
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
    assert_refused(store, "not a regular file")


needs_posix = pytest.mark.skipif(os.name == "nt", reason="there are no pipes and devices among files")


def in_place_of(path: Path, what: str) -> None:
    """Put something hostile where an entry should be."""
    path.parent.mkdir(exist_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "endless device":
        path.symlink_to("/dev/zero")
    elif what == "terminal":
        path.symlink_to("/dev/tty")
    elif what == "socket":
        with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(path.parent):  # its address must be short
            server.bind(path.name)
    elif what == "gigabyte":
        with path.open("wb") as file:
            file.truncate(1 << 30)
    elif what == "circle":
        path.symlink_to(path.name)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(path.parent)


HOSTILE = ["pipe", "endless device", "terminal", "socket", "gigabyte", "circle", "folder", "folder elsewhere"]


@needs_posix
@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_file_is_a_problem_at_once(store: Store, what: str) -> None:
    in_place_of(store.path(RUN), what)
    begin = time.monotonic()
    assert_refused(store, "the stored result")
    assert time.monotonic() - begin < 1


@needs_posix
@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_file_is_replaced_if_that_takes_nothing_away(store: Store, what: str) -> None:
    in_place_of(store.path(RUN), what)
    store.put(RUN, entry_of())
    store.put(OTHER_RUN, entry_of(OTHER_RUN))
    assert store.get(OTHER_RUN) is not None
    if what == "folder":
        assert [problem.path for problem in store.problems] == [store.path(RUN)]
        assert "cannot be stored" in store.problems[0].message
        assert store.path(RUN).is_dir()
    else:
        assert store.problems == []
        assert store.get(RUN) is not None


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be counted")
def test_reading_leaves_no_file_open(store: Store) -> None:
    for what in HOSTILE:
        path = store.path(RUN)
        in_place_of(path, what)
        before = open_files()
        assert store.get(RUN) is None
        assert open_files() == before, what
        path.rmdir() if what == "folder" else path.unlink()


def test_entry_may_be_as_large_as_it_has_to_be(store: Store) -> None:
    """Many functions with long names, and numbers that take as many letters as numbers can."""
    names = tuple(f"function_{number}_{'x' * 60}" for number in range(20))
    run = replace(RUN, functions=names, operations=("values", "gradients", "hessians"))
    message = message_of(run, **{name: array(-1.2345678901234567e-308, math.nan, 1.0) for name in names})
    message["non_finite"] = [[name, 1, 3, [0.1234567890123456], 10_000] for name in names]
    store.put(run, pack_result(run, version="2.1.0" * 20, message=message))
    assert store.get(run) is not None
    assert store.problems == []


def test_link_to_an_entry_is_as_good_as_the_entry(store: Store, entry: Path, tmp_path: Path) -> None:
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    assert store.get(RUN) is not None


ABOUT: dict[str, Any] = {
    "landscape": "bowl",
    "framework": "numpy",
    "source": RUN.source.digest,
    "functions": ["f", "g"],
    "operations": ["values"],
    "axes": [[0.0, 1.0, 3]],
    "samples": 0,
    "version": "2.1.0",
    "dtypes": {"f": "float64", "g": "float64"},
    "methods": {},
    "inexact": [],
    "noise": [],
    "non_finite": [],
    "ranges": [],
}
THREE = base64.b64encode(bytes(24)).decode()
F = {"function": "f", "quantity": "values", "shape": [3], "data": THREE}
G = {"function": "g", "quantity": "values", "shape": [3], "data": THREE}


INEXACT = ABOUT | {"inexact": [["values", "f"]]}
ERROR = {"function": "f", "quantity": "error of values", "shape": [3], "data": THREE}


def numbers_of(store: Store) -> dict[tuple[str, str], Array] | None:
    """The numbers of RUN; None if the entry is refused, which may be as late as when they are read."""
    result = store.get(RUN)
    if result is None:
        return None
    try:
        return dict(result.arrays.items())
    except ValueError:
        return None


def test_forged_entry_that_fits_is_taken(store: Store) -> None:
    """The entries of the next test are refused for their faults alone."""
    forge(store.path(RUN), ABOUT, F, G)
    assert numbers_of(store) == {("values", name): array(0.0, 0.0, 0.0) for name in "fg"}


def test_forged_entry_with_errors_that_fits_is_taken(store: Store) -> None:
    forge(store.path(RUN), INEXACT, F, G, ERROR)
    assert numbers_of(store) is not None


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
    **{
        f"about-without-{part}": [{name: value for name, value in ABOUT.items() if name != part}, F, G]
        for part in ("version", "dtypes", "inexact", "noise", "non_finite", "framework", "source", "samples")
    },
    "dtypes-a-list": [ABOUT | {"dtypes": ["float64", "float64"]}, F, G],
    "dtypes-null": [ABOUT | {"dtypes": None}, F, G],
    "dtypes-of-one-function": [ABOUT | {"dtypes": {"f": "float64"}}, F, G],
    "inexact-without-its-error": [ABOUT | {"inexact": [["values", "f"]]}, F, G],
    "inexact-null": [ABOUT | {"inexact": None}, F, G],
    "inexact-a-number": [ABOUT | {"inexact": 3}, F, G],
    "error-of-an-exact-one": [ABOUT, F, G, ERROR],
    "error-too-short": [INEXACT, F, G, ERROR | {"shape": [2], "data": THREE[:-12]}],
    "error-of-another": [INEXACT, F, G, ERROR | {"function": "g"}],
    "noise-null": [ABOUT | {"noise": None}, F, G],
    "noise-a-number": [ABOUT | {"noise": 3}, F, G],
    "noise-too-short": [ABOUT | {"noise": [["values", "f"]]}, F, G],
    "noise-a-word": [ABOUT | {"noise": [["values", "f", ["much"]]]}, F, G],
    "noise-of-null": [ABOUT | {"noise": [["values", "f", [None]]]}, F, G],
    "noise-of-a-list": [ABOUT | {"noise": [[["values"], "f", [0.0]]]}, F, G],
    "quantity-another": [ABOUT, F, G | {"quantity": "gradients"}],
    "no-quantity": [ABOUT, F, {"function": "g", "shape": [3], "data": THREE}],
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
        store.put(run, entry_of(run))
    assert [problem.path for problem in store.problems] == [tmp_path / "file"]
    assert "cannot be stored" in store.problems[0].message
    assert (tmp_path / "file").read_text(encoding="utf-8") == "not a folder"


def test_store_that_can_be_neither_read_nor_written_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    store = Store(tmp_path / "file")
    for run in (RUN, OTHER_RUN):
        assert store.get(run) is None
        store.put(run, entry_of(run))
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


# ---- several processes


def ended_process() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


@pytest.mark.skipif(os.name == "nt", reason="whether a process lives cannot be asked")
def test_first_put_removes_what_killed_writers_have_left_and_nothing_else(store: Store, entry: Path) -> None:
    here, dead = platform.node(), ended_process()
    left = [f".{entry.name}.{here}.{dead}.tmp", f".another.jsonl.{here}.{dead}.tmp"]
    kept = [
        f".{entry.name}.{here}.{os.getppid()}.tmp",  # somebody writes it now
        f".{entry.name}.{here}.1.tmp",  # of another user
        f".{entry.name}.elsewhere.{dead}.tmp",  # on a shared disk
        f".{entry.name}.{here}.{'9' * 30}.tmp",  # of a system with larger numbers
        f".{entry.name}.{here}.tmp",
        f".{entry.name}.{dead}.tmp",
        f"{entry.name}.{here}.{dead}.tmp",
        f".{entry.name}.{here}.{dead}.txt",
        "notes.txt",
    ]
    for name in [*left, *kept]:
        (store.folder / name).write_bytes(b"half")
    (store.folder / f".folder.{here}.{dead}.tmp").mkdir()
    fresh = Store(store.folder)
    fresh.get(RUN)
    assert all((store.folder / name).exists() for name in left), "who only reads changes nothing"
    fresh.put(RUN, entry_of())
    assert not any((store.folder / name).exists() for name in left)
    assert all((store.folder / name).exists() for name in kept)
    assert fresh.problems == []


WRITER = """\
import os, pickle, sys
from pathlib import Path
from sphinx_optviz.store import Store
folder, parcel, go = map(Path, sys.argv[1:])
run, entry = pickle.loads(parcel.read_bytes())
while not go.exists():
    pass
store = Store(folder)
for _ in range(300):
    store.put(run, entry)
sys.exit(len(store.problems))
"""


def test_two_builds_may_write_the_same_entry_at_once_while_others_read_it(store: Store, tmp_path: Path) -> None:
    run = replace(RUN, axes=(Axis("x", 0.0, 1.0, 10_000),))
    arrays = {name: array(*range(10_000)) for name in "fg"}
    parcel, go = tmp_path / "parcel", tmp_path / "go"
    parcel.write_bytes(pickle.dumps((run, entry_of(run, **arrays))))
    command = [sys.executable, "-c", WRITER, str(store.folder), str(parcel), str(go)]
    writers = [subprocess.Popen(command) for _ in range(2)]
    go.touch()
    reads = 0
    while any(writer.poll() is None for writer in writers):
        found = store.get(run)
        reads += found is not None
    assert [writer.returncode for writer in writers] == [0, 0]
    assert store.problems == []
    assert reads > 0
    assert [path.name for path in store.folder.iterdir()] == [store.path(run).name]


def test_writer_that_is_killed_leaves_no_half_entry(store: Store, entry: Path) -> None:
    """What it had begun goes with the next put."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom sphinx_optviz.files import write_file\n"
        "Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_file(Path(sys.argv[1]), b'half')\n"
    )
    before = entry.read_bytes()
    done = subprocess.run([sys.executable, "-c", code, str(entry)], check=False)
    assert done.returncode != 0
    assert entry.read_bytes() == before
    assert len(list(entry.parent.iterdir())) == 2
    Store(store.folder).put(OTHER_RUN, entry_of(OTHER_RUN))
    assert sorted(entry.parent.iterdir()) == sorted([entry, store.path(OTHER_RUN)])
