"""``-b optcheck``: what it says of each framework of each plot, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from duals import CONF, IMPORTS, write_pair

from sphinx_optviz.check_report import Row, as_junit
from sphinx_optviz.runs import RUN_SCHEMA

if TYPE_CHECKING:
    from conftest import Book, Built

pytestmark = pytest.mark.usefixtures("duals")

WAVE = "\n\ndef f(x):\n    return x * np.cos(3 * x)\n"
HILL = "\n\ndef f(x):\n    return np.exp(-(x**2))\n"


@pytest.fixture
def book(make_book: Any) -> Book:
    """Two plots, each in both frameworks; all is well."""
    made: Book = make_book(page=".. optplot:: wave\n\n.. optplot:: hill\n   :x: 0 : 1\n", conf=CONF)
    write_pair(made, "wave", WAVE)
    write_pair(made, "hill", HILL)
    return made


def rows_of(built: Built) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of optcheck.json by landscape and framework."""
    found = json.loads(built.read("optcheck.json"))["rows"]
    rows = {(" ".join(row["landscapes"]), row["framework"]): row for row in found}
    assert len(rows) == len(found)
    return rows


def statuses(built: Built) -> dict[str, str]:
    """Such as ``{"wave numpy": "ran"}``."""
    return {" ".join(place): row["status"] for place, row in rows_of(built).items()}


def junit(built: Built) -> dict[str, ElementTree.Element]:
    """The cases of optcheck.xml by name; counts are checked on the way."""
    root = ElementTree.fromstring(built.read("optcheck.xml"))
    assert root.tag == "testsuites"
    for suite in root:
        counts = {kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "skipped")}
        assert int(suite.attrib["tests"]) == len(suite)
        assert (int(suite.attrib["failures"]), int(suite.attrib["skipped"])) == (counts["failure"], counts["skipped"])
    return {case.attrib["name"]: case for case in root.iter("testcase")}


def sphinx_build(book: Book, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "-b", "optcheck", str(book.folder), str(book.folder / "_build/check")]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)


# ---- statuses


def test_first_check_runs_all_and_the_second_nothing(book: Book) -> None:
    built = book.build("optcheck")
    assert set(statuses(built).values()) == {"ran"}
    rows = rows_of(built)
    assert {row["why"] for row in rows.values()} == {"never run"}
    assert all(row["seconds"] is not None for row in rows.values())
    assert len(built.runs) == len(built.compared) == len(built.searched) == len(book.store) / 3 == 4
    again = book.build("optcheck")
    assert set(statuses(again).values()) == {"stored"}
    assert (again.runs, again.compared, again.searched) == ([], [], [])
    assert {(row["why"], row["seconds"]) for row in rows_of(again).values()} == {("", None)}


def test_row_says_what_there_is_to_know(book: Book) -> None:
    row = rows_of(book.build("optcheck"))["hill", "duals"]
    assert (row["document"], row["source"], row["line"]) == ("index", "index.rst", 6)
    assert (row["version"], row["dtype"], row["agreement"], row["finding"]) == ("1.0", "float64", "agrees", "")
    assert row["differences"]["values"] <= 1e-15
    assert row["differences"]["gradients"] <= 1e-8
    assert set(row["differences"]) == {"values", "gradients", "hessians"}


def test_table_has_a_line_for_each_framework_of_each_plot(book: Book) -> None:
    status = book.build("optcheck").status
    lines = re.findall(
        r"^index\.rst:(\d+) +(\w+) +(NumPy|Dual numbers) +[\d.]+ +ran +(reference|agrees)", status, re.MULTILINE
    )
    assert [(line, name, label) for line, name, label, _ in lines] == [
        ("4", "wave", "NumPy"),
        ("4", "wave", "Dual numbers"),
        ("6", "hill", "NumPy"),
        ("6", "hill", "Dual numbers"),
    ]
    assert "4 results of 2 plots: 4 ran." in status


def test_framework_without_code_is_a_row_that_names_the_file(book: Book) -> None:
    (book.folder / "landscapes/wave/duals.py").unlink()
    built = book.build("optcheck")
    row = rows_of(built)["wave", "duals"]
    assert (row["status"], row["why"]) == ("no code", "wave has no duals.py")
    assert junit(built)["wave (duals)"][0].tag == "skipped"


def test_code_that_fails_is_a_row_and_a_failure(book: Book) -> None:
    write_pair(book, "wave", WAVE, other="\n\ndef f(x):\n    raise ValueError('a \\x01 < b & \"c\"')\n")
    built = book.build("optcheck", warnings=True)
    row = rows_of(built)["wave", "duals"]
    assert row["status"] == "failed"
    assert row["why"].startswith("ValueError: a")
    (failure,) = junit(built)["wave (duals)"]
    assert failure.tag == "failure"
    assert '< b & "c"' in failure.attrib["message"]
    assert statuses(built)["hill duals"] == "ran"


def test_what_is_missing_is_skipped_and_not_failed(book: Book) -> None:
    built = book.build("optcheck", warnings=True, optviz_interpreters={"duals": "/nowhere/python"})
    row = rows_of(built)["wave", "duals"]
    assert row["status"] == "failed", "an interpreter that the author names and that is not there"
    assert "/nowhere/python" in row["why"]


def test_library_that_is_not_installed_is_missing(book: Book, duals: pytest.MonkeyPatch) -> None:
    import importlib.util

    find_spec = importlib.util.find_spec
    duals.setattr(
        importlib.util,
        "find_spec",
        lambda name, package=None: find_spec(name, package) if name != "hyperduals" else None,
    )
    built = book.build("optcheck", warnings=True)
    row = rows_of(built)["wave", "duals"]
    assert row["status"] == "missing"
    assert row["why"].startswith("never run; Dual numbers was not run: there is no module 'hyperduals'")
    assert junit(built)["wave (duals)"][0].tag == "skipped"
    assert statuses(built)["wave numpy"] == "ran"


# ---- reasons


def test_source_that_changed_is_the_reason(book: Book) -> None:
    book.build()
    book.replace("landscapes/wave/duals.py", "3 * x", "x * 3")
    rows = rows_of(book.build("optcheck"))
    assert (rows["wave", "duals"]["status"], rows["wave", "duals"]["why"]) == ("ran", "source changed")
    assert [place for place, row in rows.items() if row["status"] == "stored"] == [
        ("wave", "numpy"),
        ("hill", "numpy"),
        ("hill", "duals"),
    ]


def test_arguments_that_changed_are_the_reason_with_old_and_new(book: Book) -> None:
    book.build()
    book.replace("index.rst", ":x: 0 : 1", ":x: 0 : 2")
    rows = rows_of(book.build("optcheck"))
    for name in ("numpy", "duals"):
        assert rows["hill", name]["why"] == "arguments changed: axes [[0.0, 1.0, 201]], now [[0.0, 2.0, 201]]"
        assert rows["wave", name]["status"] == "stored"


def test_source_and_arguments_that_changed_are_the_reason(book: Book) -> None:
    book.build()
    book.replace("index.rst", ":x: 0 : 1", ":x: 0 : 2")
    book.replace("landscapes/hill/numpy.py", "-(x**2)", "-x * x")
    assert rows_of(book.build("optcheck"))["hill", "numpy"]["why"] == "source and arguments changed"


def test_entries_of_an_older_format_are_the_reason(book: Book) -> None:
    book.build()
    for entry in book.store:
        first, _, rest = entry.read_text(encoding="utf-8").partition("\n")
        head = json.loads(first)
        key = f"{int(head['key'], 16) ^ 1:032x}"
        (entry.parent / f"{key}.jsonl").write_text(json.dumps({**head, "optviz": 1, "key": key}) + "\n" + rest)
        entry.unlink()
    built = book.build("optcheck")
    assert {row["why"] for row in rows_of(built).values()} == {
        f"schema changed: stored in format 1, this version needs {RUN_SCHEMA}"
    }


def test_entry_that_is_damaged_is_the_reason_and_mended(book: Book) -> None:
    book.build()
    before = {entry: entry.read_bytes() for entry in book.store}
    damaged = book.store[0]
    damaged.write_bytes(before[damaged][:-9])
    built = book.build("optcheck", warnings=True)
    (warning,) = built.warnings
    assert warning.startswith(f"{damaged}:1: WARNING: the stored result is damaged")
    why = [row["why"] for row in rows_of(built).values() if row["status"] != "stored"]
    assert why == ["the stored result is damaged"]
    assert {entry: entry.read_bytes() for entry in book.store} == before


def test_force_is_the_reason(book: Book) -> None:
    book.build()
    built = book.build("optcheck", optviz_execute="force")
    assert {row["why"] for row in rows_of(built).values()} == {"optviz_execute is 'force'"}
    assert len(built.runs) == len(built.compared) == len(built.searched) == 4


def test_version_that_changed_is_the_reason_and_is_run_again(book: Book) -> None:
    book.build()
    numbers = {entry: entry.read_text().splitlines()[2:] for entry in book.store}
    of_duals = [entry for entry in book.store if '"framework": "duals"' in entry.read_text()]
    for entry in of_duals:
        set_version(entry, "0.9")
    built = book.build("optcheck")
    rows = rows_of(built)
    for name in ("wave", "hill"):
        row = rows[name, "duals"]
        assert (row["status"], row["why"]) == ("ran", "recorded with Dual numbers 0.9, this is 1.0")
        assert row["version"] == "1.0"
        assert rows[name, "numpy"]["status"] == "stored"
    assert {entry: entry.read_text().splitlines()[2:] for entry in book.store} == numbers
    assert all('"version": "1.0"' in entry.read_text() for entry in of_duals)
    assert set(statuses(book.build("optcheck")).values()) == {"stored"}


def set_version(entry: Path, version: str) -> None:
    """Make a whole entry that says that it was recorded with another version."""
    import hashlib

    first, _, body = entry.read_text(encoding="utf-8").partition("\n")
    body = re.sub(r'"version": "[^"]+"', f'"version": "{version}"', body, count=1)
    head = {**json.loads(first), "digest": hashlib.sha256(body.encode()).hexdigest()}
    entry.write_text(json.dumps(head) + "\n" + body, encoding="utf-8")


def test_versions_are_not_asked_for_when_nothing_may_run(book: Book) -> None:
    book.build()
    for entry in book.store:
        set_version(entry, "0.9")
    assert set(statuses(book.build("optcheck", optviz_execute="never")).values()) == {"stored"}


# ---- never


def test_never_starts_no_interpreter(book: Book, tmp_path: Path) -> None:
    sign = tmp_path / "started"
    spy = tmp_path / "spy"
    spy.write_text(f'#!/bin/sh\ntouch "{sign}"\nexec "{sys.executable}" "$@"\n')
    spy.chmod(0o755)
    config: Any = {"optviz_interpreters": {"numpy": str(spy), "duals": str(spy)}}
    never = book.build("optcheck", warnings=True, optviz_execute="never", **config)
    assert set(statuses(never).values()) == {"missing"}
    assert {row["why"] for row in rows_of(never).values()} == {
        "never run; there is no stored result, and optviz_execute is 'never'"
    }
    assert not sign.exists()
    book.build("optcheck", **config)
    assert sign.exists(), "the spy works"
    sign.unlink()
    assert set(statuses(book.build("optcheck", optviz_execute="never", **config)).values()) == {"stored"}
    book.replace("landscapes/wave/numpy.py", "3 * x", "x * 3")
    stale = book.build("optcheck", warnings=True, optviz_execute="never", **config)
    assert statuses(stale)["wave numpy"] == "stale"
    assert rows_of(stale)["wave", "numpy"]["why"].startswith("source changed; ")
    assert junit(stale)["wave (numpy)"][0].tag == "failure", "it is a warning, too"
    assert not sign.exists()


# ---- disagreements, exit codes, files


def test_disagreement_is_a_failure_in_all_reports(book: Book) -> None:
    write_pair(book, "wave", WAVE, other=WAVE.replace("3 * x", "4 * x"))
    built = book.build("optcheck", warnings=True)
    (warning,) = built.warnings
    assert warning.startswith(f"{book.folder / 'index.rst'}:4: WARNING: wave (duals): the value of f disagrees")
    row = rows_of(built)["wave", "duals"]
    assert row["agreement"] == "disagrees"
    assert row["finding"].startswith("wave (duals): the value of f disagrees with NumPy's at ")
    assert rows_of(built)["wave", "numpy"]["agreement"] == "reference"
    cases = junit(built)
    assert cases["wave (duals)"][0].tag == "failure"
    assert "disagrees" in cases["wave (duals)"][0].attrib["message"]
    assert [name for name, case in cases.items() if case.find("failure") is not None] == ["wave (duals)"]
    assert "1 disagree" in built.status


@pytest.mark.parametrize("wrong", [False, True], ids=["agreeing", "disagreeing"])
def test_exit_code_tells_of_a_disagreement_with_warnings_as_errors(book: Book, wrong: bool) -> None:
    if wrong:
        write_pair(book, "wave", WAVE, other=WAVE.replace("3 * x", "4 * x"))
    done = sphinx_build(book, "-W", "--keep-going")
    assert done.returncode == int(wrong), done.stderr
    assert "Traceback" not in done.stderr
    assert (book.folder / "_build/check/optcheck.json").is_file()
    if not wrong:
        assert done.stderr == ""


def test_quiet_check_prints_nothing_and_writes_its_files(book: Book) -> None:
    done = sphinx_build(book, "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (book.folder / "_build/check/optcheck.xml").is_file()


def test_nothing_is_drawn_or_shown(book: Book) -> None:
    built = book.build("optcheck")
    assert built.drawn == []
    assert built.files("**/*.svg") == built.files("**/*.html") == []
    assert not list((book.folder / "_build").glob("doctrees/optviz/figures/*"))


def test_what_one_builder_ran_the_other_takes_from_the_store(book: Book) -> None:
    assert len(book.build("optcheck").runs) == 4
    built = book.build("html")
    assert (built.runs, built.compared, built.searched) == ([], [], [])
    assert len(built.files("_images/*.svg")) == 2
    assert set(statuses(book.build("optcheck")).values()) == {"stored"}
    assert book.build("html").written == [], "the check does not make pages out of date"


def test_pages_are_whole_after_a_check_that_read_the_changed_sources(book: Book) -> None:
    book.build("html")
    book.replace("index.rst", ":x: 0 : 1", ":x: 0 : 3")
    book.build("optcheck")
    built = book.build("html")
    assert built.written == ["index"]
    assert "x from 0 to 3" in built.read("index.html")


def test_same_run_in_two_plots_is_run_once_and_told_twice(book: Book) -> None:
    book.write("again.rst", ":orphan:\n\nAgain\n=====\n\n.. optplot:: wave\n\n.. optplot:: wave\n   :figure: none\n")
    built = book.build("optcheck")
    assert built.runs == ["hill (duals)", "hill (numpy)", "wave (duals)", "wave (numpy)"]
    assert built.compared == built.searched == built.runs
    rows = json.loads(built.read("optcheck.json"))["rows"]
    assert [(row["document"], row["line"]) for row in rows if row["framework"] == "duals"] == [
        ("again", 6),
        ("again", 8),
        ("index", 4),
        ("index", 6),
    ]


def test_unused_entries_are_counted_and_stay(book: Book) -> None:
    book.build()
    used = set(book.store)
    book.replace("landscapes/wave/numpy.py", "3 * x", "x * 3")
    book.build()
    foreign = book.folder / "_optviz/notes.jsonl"
    foreign.write_text("mine")
    built = book.build("optcheck")
    unused = json.loads(built.read("optcheck.json"))["unused_entries"]
    assert len(unused) == 3, "the values, what is compared, and the critical points"
    assert {book.folder / "_optviz" / name for name in unused} < used
    assert "3 entries of the store are used by no page" in built.status
    assert used < set(book.store)


def test_numbers_in_the_prose_are_used_and_their_runs_are_no_rows(make_book: Any) -> None:
    """There is no plot; the numbers have entries of the store all the same."""
    book: Book = make_book(page=":optval:`hill.max`, :optval:`hill.value(0.5)`\n", conf=CONF)
    write_pair(book, "hill", HILL)
    book.build()
    assert len(book.store) == 2
    built = book.build("optcheck")
    found = json.loads(built.read("optcheck.json"))
    assert (found["rows"], found["unused_entries"]) == ([], [])
    start = {"document": "index", "kind": "optval", "source": "index.rst", "line": 4, "wrong": ""}
    assert found["checks"] == [{**start, "text": text} for text in ("hill.max", "hill.value(0.5)")]


CHECKS = """\
.. optplot:: hill
   :expect:
      2 maxima
      1 maximum

It is :optval:`hill.max`, :optval:`hill.maxx`, :optval:`hill.saddles`.

.. optplot:: hill
   :x: 0 : 1 : 3
   :annotate: here @ saddle

.. optplot:: hill
   :veiw: curve
"""


def test_whatever_fails_the_check_is_a_failure_in_junit(make_book: Any) -> None:
    """Whether the same case is named alike when lines move, and whether it holds or not."""
    book: Book = make_book(page=CHECKS, conf=CONF)
    write_pair(book, "hill", HILL)
    built = book.build("optcheck", warnings=True)
    suites = ElementTree.fromstring(built.read("optcheck.xml"))
    failed = {
        case.get("name"): case[0].get("message")
        for case in suites.iter("testcase")
        if len(case) and case[0].tag == "failure"
    }
    assert set(failed) == {
        "claim: 2 maxima",
        "optval: hill.maxx",
        "optval: hill.saddles",
        "no warning: domain",
        "no warning: directive",
    }
    assert len(failed) == len(built.messages)
    assert "there is 1 maximum" in str(failed["claim: 2 maxima"])
    assert "Did you mean 'view'?" in str(failed["no warning: directive"])
    names = [case.get("name") for case in suites.iter("testcase")]
    assert {"claim: 1 maximum", "optval: hill.max", "hill (numpy)", "hill (numpy) [2]"} <= set(names)
    assert len(names) == len(set(names))
    assert suites.find("testsuite").get("failures") == str(len(failed))  # type: ignore[union-attr]
    assert str(book.folder) not in built.read("optcheck.xml").replace(f"{book.folder}/landscapes", "")
    assert "6 claims and numbers in the prose" not in built.status
    book.replace("index.rst", "Page\n", "Page\n====\n\nMore\n")
    again = ElementTree.fromstring(book.build("optcheck", warnings=True).read("optcheck.xml"))
    assert [case.get("name") for case in again.iter("testcase")] == names


def test_claim_that_does_not_hold_is_a_warning_of_the_check(book: Book) -> None:
    book.replace("index.rst", "   :x: 0 : 1", "   :x: -1 : 1\n   :expect: 2 maxima")
    (warning,) = book.build("optcheck", warnings=True).warnings
    assert warning.startswith(
        f"{book.folder / 'index.rst'}:8: WARNING: claim '2 maxima' does not hold: there is 1 maximum: "
    )


def test_book_without_plots_has_an_empty_report(make_book: Any) -> None:
    empty: Book = make_book(page="Nothing.", conf=CONF)
    built = empty.build("optcheck")
    assert json.loads(built.read("optcheck.json")) == {"format": 1, "rows": [], "checks": [], "unused_entries": []}
    assert junit(built) == {}
    assert "The book has no plots." in built.status
    assert not (empty.folder / "_optviz").exists()


def test_directive_that_is_wrong_does_not_hide_the_others(book: Book) -> None:
    book.replace("index.rst", "optplot:: wave", "optplot:: wafe")
    built = book.build("optcheck", warnings=True)
    (warning,) = built.warnings
    assert "unknown landscape 'wafe'" in warning
    assert statuses(built) == {"hill numpy": "ran", "hill duals": "ran"}


def test_agreement_that_is_off_runs_no_comparison(book: Book) -> None:
    write_pair(book, "wave", WAVE, other=WAVE.replace("3 * x", "4 * x"))
    built = book.build("optcheck", optviz_agreement="off")
    assert built.compared == []
    assert {row["agreement"] for row in rows_of(built).values()} == {""}


def test_reports_are_the_same_bytes_from_check_to_check(book: Book) -> None:
    book.build("optcheck")
    first = book.build("optcheck")
    reports = first.read("optcheck.json"), first.read("optcheck.xml")
    second = book.build("optcheck", parallel=2)
    assert (second.read("optcheck.json"), second.read("optcheck.xml")) == reports


def test_names_with_other_letters_reach_the_reports(make_book: Any) -> None:
    book: Book = make_book(page=".. optplot:: Hügel<山>\n", conf=CONF)
    write_pair(book, "Hügel<山>", HILL)
    built = book.build("optcheck")
    assert statuses(built) == {"Hügel<山> numpy": "ran", "Hügel<山> duals": "ran"}
    assert list(junit(built)) == ["Hügel<山> (numpy)", "Hügel<山> (duals)"]


def test_report_for_junit_is_xml_whatever_is_said() -> None:
    said = "a \x00 b \x1b[0m < & \" ' \ud800 \uffff \n ü 山"
    row = Row(document="d", source="d.rst", line=1, landscapes=("a",), framework="numpy", status="failed", why=said)
    (case,) = ElementTree.fromstring(as_junit([row], [], [], {"failed"}, Path())).iter("testcase")
    assert case[0].attrib["message"].endswith("ü 山")


def test_code_of_one_framework_that_cannot_be_differentiated_still_ran(book: Book) -> None:
    code = (
        IMPORTS["duals"]
        + "\n\ndef f(x):\n    if len(x.value) > 1000:\n        raise OSError('too much')\n    return np.exp(-(x**2))\n"
    )
    book.landscape("hill", code, framework="duals")
    built = book.build("optcheck", warnings=True)
    row = rows_of(built)["hill", "duals"]
    assert row["status"] == "failed"
    assert row["why"] == "OSError: too much"
    assert os.linesep not in row["why"]
