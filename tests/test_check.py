"""``-b optcheck``: what it says of each framework of each plot, what it writes, and what it leaves alone."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from conftest import page
from duals import CONF, write_pair
from reading import words
from sphinx.cmd.build import main as sphinx_build

from sphinx_optviz.check_report import Row, as_junit
from sphinx_optviz.runs import RUN_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import Book, Built, MakeBook

pytestmark = pytest.mark.usefixtures("shared_duals")

WAVE = "\n\ndef f(x):\n    return x * np.cos(3 * x)\n"
HILL = "\n\ndef f(x):\n    return np.exp(-(x**2))\n"
OTHER_WAVE = WAVE.replace("3 * x", "4 * x")


def made_whole(book: Book) -> Book:
    """Let it have two plots, each in both frameworks; all is well."""
    book.write("conf.py", CONF)
    book.write("index.rst", page(".. optplot:: wave\n", ".. optplot:: hill\n   :x: 0 : 1\n"))
    write_pair(book, "wave", WAVE)
    write_pair(book, "hill", HILL)
    return book


@pytest.fixture
def book(make_book: MakeBook) -> Book:
    """Nothing of it was run."""
    return made_whole(make_book())


@dataclass(frozen=True)
class Check:
    """What a check has done, and its reports."""

    built: Built
    json: str
    xml: str
    store: dict[str, bytes]


@pytest.fixture(scope="module")
def checks(make_shared_book: MakeBook) -> list[Check]:
    """The same book, with a page more, checked three times; the last time in parallel."""
    made = made_whole(make_shared_book())
    made.write("again.rst", ":orphan:\n\n" + page(".. optplot:: wave\n", ".. optplot:: wave\n   :figure: none\n"))
    found = []
    for parallel in (0, 0, 2):
        built = made.build("optcheck", parallel=parallel)
        store = {path.name: path.read_bytes() for path in made.store}
        found.append(Check(built, built.read("optcheck.json"), built.read("optcheck.xml"), store))
    return found


@pytest.fixture
def checked(book: Book, checks: list[Check]) -> Book:
    """The store has all that the book needs."""
    (book.folder / "_optviz").mkdir()
    for name, content in checks[0].store.items():
        (book.folder / "_optviz" / name).write_bytes(content)
    return book


Rows = dict[tuple[str, str], dict[str, Any]]


def rows_in(report: str) -> Rows:
    """The rows of a report, those of the page "again" left out, by landscape and framework."""
    found = [row for row in json.loads(report)["rows"] if row["document"] != "again"]
    rows = {(" ".join(row["landscapes"]), row["framework"]): row for row in found}
    assert len(rows) == len(found)
    return rows


def rows_of(built: Built) -> Rows:
    return rows_in(built.read("optcheck.json"))


def statuses_in(rows: Rows) -> dict[str, str]:
    """Such as ``{"wave numpy": "ran"}``."""
    return {" ".join(place): row["status"] for place, row in rows.items()}


def statuses(built: Built) -> dict[str, str]:
    return statuses_in(rows_of(built))


def cases_in(report: str) -> dict[str, ElementTree.Element]:
    """The cases of a report for JUnit by name; counts are checked on the way."""
    root = ElementTree.fromstring(report)
    assert root.tag == "testsuites"
    for suite in root:
        counts = {kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "skipped")}
        assert int(suite.attrib["tests"]) == len(suite)
        assert (int(suite.attrib["failures"]), int(suite.attrib["skipped"])) == (counts["failure"], counts["skipped"])
    cases = {case.attrib["name"]: case for case in root.iter("testcase")}
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")}) == sum(
        map(len, root)
    )
    return cases


def junit(built: Built) -> dict[str, ElementTree.Element]:
    return cases_in(built.read("optcheck.xml"))


OF_DUALS = '"framework": "duals"'


# ---- statuses


@pytest.mark.oldest_sphinx
def test_first_check_runs_all_and_the_second_nothing(checks: list[Check]) -> None:
    built, rows = checks[0].built, rows_in(checks[0].json)
    assert set(statuses_in(rows).values()) == {"ran"}
    assert {row["why"] for row in rows.values()} == {"never run"}
    assert all(row["seconds"] is not None for row in rows.values())
    assert len(built.runs) == len(built.compared) == len(built.searched) == len(checks[0].store) / 3 == 4
    again, rows = checks[1].built, rows_in(checks[1].json)
    assert set(statuses_in(rows).values()) == {"stored"}
    assert (again.runs, again.compared, again.searched) == ([], [], [])
    assert {(row["why"], row["seconds"]) for row in rows.values()} == {("", None)}


def test_reports_are_the_same_bytes_from_check_to_check(checks: list[Check]) -> None:
    assert checks[1].json == checks[2].json
    assert checks[1].xml == checks[2].xml
    assert checks[0].store == checks[2].store


def test_row_says_what_there_is_to_know(checks: list[Check]) -> None:
    row = rows_in(checks[0].json)["hill", "duals"]
    assert (row["document"], row["source"], row["line"]) == ("index", "index.rst", 6)
    assert (row["version"], row["dtype"], row["agreement"], row["finding"]) == ("1.0", "float64", "agrees", "")
    assert row["differences"]["values"] <= 1e-15
    assert row["differences"]["gradients"] <= 1e-8
    assert set(row["differences"]) == {"values", "gradients", "hessians"}


def test_table_has_a_line_for_each_framework_of_each_plot(checks: list[Check]) -> None:
    status = checks[0].built.status
    lines = re.findall(
        r"^index\.rst:(\d+) +(\w+) +(NumPy|Dual numbers) +[\d.]+ +ran +(reference|agrees)", status, re.MULTILINE
    )
    assert [(line, name, label) for line, name, label, _ in lines] == [
        ("4", "wave", "NumPy"),
        ("4", "wave", "Dual numbers"),
        ("6", "hill", "NumPy"),
        ("6", "hill", "Dual numbers"),
    ]
    assert "8 results of 4 plots: 8 ran." in status


def test_same_run_in_two_plots_is_run_once_and_reported_twice(checks: list[Check]) -> None:
    built = checks[0].built
    assert built.runs == ["hill (duals)", "hill (numpy)", "wave (duals)", "wave (numpy)"]
    assert built.compared == built.searched == built.runs
    rows = json.loads(checks[0].json)["rows"]
    assert [(row["document"], row["line"]) for row in rows if row["framework"] == "duals"] == [
        ("again", 6),
        ("again", 8),
        ("index", 4),
        ("index", 6),
    ]


def test_nothing_is_drawn_or_shown(checks: list[Check]) -> None:
    for check in checks:
        assert check.built.drawn == []
    built = checks[0].built
    assert built.files("**/*.svg") == built.files("**/*.html") == []
    assert not list(Path(built.app.doctreedir).glob("optviz/figures/*"))


# ---- a book in which a page is right, and each of the others is not

PAGES: dict[str, str] = {"fine": ".. optplot:: wave\n"}  # what stands in the line 4 of each
RESULTS: dict[str, str] = {"wave numpy": "ran", "wave duals": "ran"}
FAILURES: list[str] = []  # of JUnit's cases
MESSAGES: Counter[str] = Counter()  # by file
LANDSCAPES: dict[str, tuple[str, str | None]] = {"wave": (WAVE, WAVE), "hill": (HILL, HILL)}  # of NumPy and the other


@pytest.fixture(scope="module")
def faults(make_shared_book: MakeBook) -> Built:
    made = make_shared_book(page=".. toctree::\n   :glob:\n\n   *\n", folder="faults")
    made.write("conf.py", CONF)
    for name, text in PAGES.items():
        made.write(f"{name}.rst", page(text))
    for name, (code, other) in LANDSCAPES.items():
        write_pair(made, name, code, other=other or "")
        if other is None:
            (made.folder / f"landscapes/{name}/duals.py").unlink()
    return made.build("optcheck", warnings=True)


def test_all_that_is_right_is_there_beside_what_is_wrong(faults: Built) -> None:
    assert statuses(faults) == RESULTS
    assert sorted(name for name, case in junit(faults).items() if case.find("failure") is not None) == sorted(FAILURES)
    assert Counter(message.file for message in faults.messages) == MESSAGES


LANDSCAPES["alone"] = (WAVE, None)
PAGES["alone"] = ".. optplot:: alone\n"
RESULTS |= {"alone numpy": "ran", "alone duals": "no code"}


def test_framework_without_code_is_a_row_that_names_the_file(faults: Built) -> None:
    row = rows_of(faults)["alone", "duals"]
    assert (row["status"], row["why"]) == ("no code", "alone has no duals.py")
    assert junit(faults)["alone (duals)"][0].tag == "skipped"


LANDSCAPES["failing"] = (WAVE, "\n\ndef f(x):\n    raise ValueError('a \\x01 < b & \"c\"')\n")
PAGES["failing"] = ".. optplot:: failing\n"
RESULTS |= {"failing numpy": "ran", "failing duals": "failed"}
MESSAGES["landscapes/failing/duals.py"] += 1


def test_code_that_fails_is_a_row_and_a_failure(faults: Built) -> None:
    row = rows_of(faults)["failing", "duals"]
    assert row["status"] == "failed"
    assert row["why"].startswith("ValueError: a")
    (failure,) = junit(faults)["failing (duals)"]
    assert failure.tag == "failure"
    assert '< b & "c"' in failure.attrib["message"]
    assert statuses(faults)["wave duals"] == "ran"


# A framework's plain values may come out where its derivatives do not.
LANDSCAPES["half"] = (
    HILL,
    "\n\ndef f(x):\n    if len(x.value) > 1000:\n        raise OSError('too much')\n    return np.exp(-(x**2))\n",
)
PAGES["half"] = ".. optplot:: half\n"
RESULTS |= {"half numpy": "ran", "half duals": "failed"}
MESSAGES["landscapes/half/duals.py"] += 1


def test_code_of_one_framework_that_cannot_be_differentiated_still_ran(faults: Built) -> None:
    row = rows_of(faults)["half", "duals"]
    assert row["status"] == "failed"
    assert row["why"] == "OSError: too much"
    assert os.linesep not in row["why"]


LANDSCAPES["different"] = (WAVE, OTHER_WAVE)
PAGES["different"] = ".. optplot:: different\n"
RESULTS |= {"different numpy": "ran", "different duals": "ran"}
MESSAGES["different.rst"] += 1


def test_disagreement_is_a_failure_in_all_reports(faults: Built) -> None:
    (message,) = faults.messages_in("different.rst")
    assert message.line == 4
    assert message.text.startswith("different (duals): the value of f disagrees")
    row = rows_of(faults)["different", "duals"]
    assert row["agreement"] == "disagrees"
    assert row["finding"].startswith("different (duals): the value of f disagrees with NumPy's at ")
    assert rows_of(faults)["different", "numpy"]["agreement"] == "reference"
    (failure,) = junit(faults)["different (duals)"]
    assert failure.tag == "failure"
    assert "disagrees" in failure.attrib["message"]
    assert "1 disagree" in faults.status


LANDSCAPES["Hügel<山>"] = (HILL, HILL)
PAGES["letters"] = ".. optplot:: Hügel<山>\n"
RESULTS |= {"Hügel<山> numpy": "ran", "Hügel<山> duals": "ran"}


def test_names_with_other_letters_reach_the_reports(faults: Built) -> None:
    assert {"Hügel<山> (numpy)", "Hügel<山> (duals)"} < set(junit(faults))


PAGES["unknown"] = ".. optplot:: wafe\n"
MESSAGES["unknown.rst"] += 1


def test_directive_that_is_wrong_does_not_hide_the_others(faults: Built) -> None:
    (message,) = faults.messages_in("unknown.rst")
    assert "unknown landscape 'wafe'" in message.text
    assert set(statuses(faults)) == set(RESULTS)


PAGES["claim"] = ".. optplot:: hill\n   :x: -1 : 1\n   :expect: 2 maxima\n"
RESULTS |= {"hill numpy": "ran", "hill duals": "ran"}
MESSAGES["claim.rst"] += 1


def test_claim_that_does_not_hold_is_a_warning_of_the_check(faults: Built) -> None:
    (message,) = faults.messages_in("claim.rst")
    assert message.line == 6
    assert message.text.startswith("claim '2 maxima' does not hold: there is 1 maximum: ")


FAILURES += [*(f"{name} (duals)" for name in ("different", "failing", "half")), "claim: 2 maxima"]
FAILURES += ["no warning: landscape"]  # of a landscape that there is not


# ---- what is not there


def test_interpreter_that_is_not_there_is_a_failure(checked: Book) -> None:
    for entry in stored(checked, OF_DUALS):
        entry.unlink()
    built = checked.build("optcheck", warnings=True, optviz_interpreters={"duals": "/nowhere/python"})
    row = rows_of(built)["wave", "duals"]
    assert row["status"] == "failed", "an interpreter that the author names and that is not there"
    assert "/nowhere/python" in row["why"]


def test_library_that_is_not_installed_is_missing(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
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


def stored(book: Book, *words: str) -> dict[Path, bytes]:
    """The entries of its store in which all of *words* are."""
    entries = {entry: entry.read_bytes() for entry in book.store}
    return {entry: content for entry, content in entries.items() if all(word.encode() in content for word in words)}


def of_landscape(name: str) -> str:
    return f'"landscape": "{name}"'


def with_another_version(entry: str) -> str:
    """A whole entry that says that it was recorded with another version."""
    first, _, body = entry.partition("\n")
    body = re.sub(r'"version": "[^"]+"', '"version": "0.9"', body, count=1)
    head = {**json.loads(first), "digest": hashlib.sha256(body.encode()).hexdigest()}
    return json.dumps(head) + "\n" + body


def record_with_another_version(entries: Iterable[Path]) -> None:
    for entry in entries:
        entry.write_text(with_another_version(entry.read_text(encoding="utf-8")), encoding="utf-8")


CHANGED = ("source", "arguments", "both", "damaged", "version")  # what changes for a landscape of this name


@dataclass(frozen=True)
class Changed:
    """A book that was checked, changed and checked twice."""

    book: Book
    before: dict[Path, bytes]  # its store
    built: Built
    rows: Rows
    unused: list[str]
    again: Rows


@pytest.fixture(scope="module")
def changed(make_shared_book: MakeBook) -> Changed:
    made = make_shared_book(page=".. toctree::\n   :glob:\n\n   *\n", folder="changed")
    made.write("conf.py", CONF)
    for number, name in enumerate(CHANGED):
        write_pair(made, name, WAVE.replace("3 * x", f"{number} * x"))
        made.write(f"{name}.rst", page(f".. optplot:: {name}\n   :x: 0 : 1\n"))
    made.build("optcheck")
    before = stored(made)
    made.replace("landscapes/source/duals.py", "0 * x", "x * 0")
    made.replace("arguments.rst", ":x: 0 : 1", ":x: 0 : 2")
    made.replace("both.rst", ":x: 0 : 1", ":x: 0 : 2")
    made.replace("landscapes/both/numpy.py", "2 * x", "x * 2")
    entry, *_ = stored(made, of_landscape("damaged"), '"framework": "numpy"')
    entry.write_bytes(before[entry][:-9])
    record_with_another_version(stored(made, of_landscape("version"), OF_DUALS))
    made.write("_optviz/notes.jsonl", "mine")
    built = made.build("optcheck", warnings=True)
    rows, unused = rows_of(built), json.loads(built.read("optcheck.json"))["unused_entries"]
    return Changed(made, before, built, rows, unused, rows_of(made.build("optcheck")))


def test_what_has_not_changed_is_stored(changed: Changed) -> None:
    assert {" ".join(place) for place, row in changed.rows.items() if row["status"] != "stored"} == {
        "source duals",
        "arguments numpy",
        "arguments duals",
        "both numpy",
        "both duals",
        "damaged numpy",
        "version duals",
    }
    assert {(row["status"], row["why"]) for row in changed.again.values()} == {("stored", "")}


def test_source_that_changed_is_the_reason(changed: Changed) -> None:
    row = changed.rows["source", "duals"]
    assert (row["status"], row["why"]) == ("ran", "source changed")


def test_arguments_that_changed_are_the_reason_with_old_and_new(changed: Changed) -> None:
    for name in ("numpy", "duals"):
        why = changed.rows["arguments", name]["why"]
        assert why == "arguments changed: axes [[0.0, 1.0, 201]], now [[0.0, 2.0, 201]]"


def test_source_and_arguments_that_changed_are_the_reason(changed: Changed) -> None:
    assert changed.rows["both", "numpy"]["why"] == "source and arguments changed"


def test_entry_that_is_damaged_is_the_reason_and_fixed(changed: Changed) -> None:
    (message,) = changed.built.messages
    damaged = changed.book.folder / message.file
    assert of_landscape("damaged").encode() in changed.before[damaged]
    assert (message.line, message.subtype) == (1, "store")
    assert message.text.startswith("the stored result is damaged")
    why = [row["why"] for (name, _), row in changed.rows.items() if name == "damaged" and row["status"] != "stored"]
    assert why == ["the stored result is damaged"]
    its = stored(changed.book, of_landscape("damaged"))
    assert its == {entry: changed.before[entry] for entry in its}
    assert damaged in its


def test_unused_entries_are_counted_and_stay(changed: Changed) -> None:
    assert len(changed.unused) == 5 * 3, "of each run the values, what is compared, and the critical points"
    assert {changed.book.folder / "_optviz" / name for name in changed.unused} < set(changed.before)
    assert "15 entries of the store are used by no page" in changed.built.status
    assert set(changed.before) < set(changed.book.store)
    assert (changed.book.folder / "_optviz/notes.jsonl").read_text() == "mine"


def test_version_that_changed_is_the_reason_and_is_run_again(changed: Changed) -> None:
    row = changed.rows["version", "duals"]
    assert (row["status"], row["why"]) == ("ran", "recorded with Dual numbers 0.9, this is 1.0")
    assert row["version"] == "1.0"
    assert changed.rows["version", "numpy"]["status"] == "stored"
    its = stored(changed.book, of_landscape("version"))
    assert its == {entry: changed.before[entry] for entry in its}, "the numbers are the same, and so is the version"
    assert len(its) == 6
    assert changed.again["version", "duals"]["status"] == "stored"


def test_entries_of_an_older_format_are_the_reason(checked: Book) -> None:
    for entry in checked.store:
        first, _, rest = entry.read_text(encoding="utf-8").partition("\n")
        head = json.loads(first)
        key = f"{int(head['key'], 16) ^ 1:032x}"
        (entry.parent / f"{key}.jsonl").write_text(json.dumps({**head, "optviz": 1, "key": key}) + "\n" + rest)
        entry.unlink()
    built = checked.build("optcheck")
    assert {row["why"] for row in rows_of(built).values()} == {
        f"schema changed: stored in format 1, this version needs {RUN_SCHEMA}"
    }


def test_force_is_the_reason(checked: Book) -> None:
    built = checked.build("optcheck", optviz_execute="force")
    assert {row["why"] for row in rows_of(built).values()} == {"optviz_execute is 'force'"}
    assert len(built.runs) == len(built.compared) == len(built.searched) == 4


def test_versions_are_not_asked_for_when_nothing_may_run(checked: Book) -> None:
    record_with_another_version(checked.store)
    assert set(statuses(checked.build("optcheck", optviz_execute="never")).values()) == {"stored"}


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


# ---- exit codes, files, other builders


@pytest.mark.oldest_sphinx
@pytest.mark.parametrize("wrong", [False, True], ids=["agreeing", "disagreeing"])
def test_exit_code_tells_of_a_disagreement_with_warnings_as_errors(
    checked: Book, capsys: pytest.CaptureFixture[str], wrong: bool
) -> None:
    if wrong:
        write_pair(checked, "wave", WAVE, other=OTHER_WAVE)
    code = sphinx_build(["-W", "--keep-going", *arguments_for(checked)])
    errors = capsys.readouterr().err
    assert code == int(wrong), errors
    assert "Traceback" not in errors
    assert (checked.folder / "_build/check/optcheck.json").is_file()
    if not wrong:
        assert errors == ""


def arguments_for(book: Book) -> list[str]:
    return ["-b", "optcheck", str(book.folder), str(book.folder / "_build/check")]


@pytest.mark.oldest_sphinx
def test_quiet_check_prints_nothing_and_writes_its_files(checked: Book) -> None:
    """As authors call it, in a process of its own."""
    command = [sys.executable, "-m", "sphinx", "-q", *arguments_for(checked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (checked.folder / "_build/check/optcheck.xml").is_file()


def test_what_one_builder_ran_the_other_takes_from_the_store(checked: Book) -> None:
    """It was filled by a check."""
    built = checked.build("html")
    assert (built.runs, built.compared, built.searched) == ([], [], [])
    assert len(built.files("_images/*.svg")) == 2
    assert set(statuses(checked.build("optcheck")).values()) == {"stored"}
    assert checked.build("html").written == [], "the check does not make pages out of date"


def test_pages_are_whole_after_a_check_that_read_the_changed_sources(checked: Book) -> None:
    checked.build("text")
    checked.replace("index.rst", ":x: 0 : 1", ":x: 0 : 3")
    checked.build("optcheck")
    built = checked.build("text")
    assert built.written == ["index"]
    assert "x from 0 to 3" in words(built.read("index.txt"))


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
    assert "5 claims and numbers in the prose, 3 of them wrong." in built.status
    book.replace("index.rst", "Page\n", "Page\n====\n\nMore\n")
    again = ElementTree.fromstring(book.build("optcheck", warnings=True).read("optcheck.xml"))
    assert [case.get("name") for case in again.iter("testcase")] == names


def test_numbers_in_the_prose_are_used_and_their_runs_are_no_rows(make_book: MakeBook) -> None:
    """There is no plot; the numbers have entries of the store all the same."""
    book = make_book(page=":optval:`hill.max`, :optval:`hill.value(0.5)`\n", conf=CONF)
    write_pair(book, "hill", HILL)
    book.build("text")
    assert len(book.store) == 2
    built = book.build("optcheck")
    found = json.loads(built.read("optcheck.json"))
    assert (found["rows"], found["unused_entries"]) == ([], [])
    start = {"document": "index", "kind": "optval", "source": "index.rst", "line": 4, "wrong": ""}
    assert found["checks"] == [{**start, "text": text} for text in ("hill.max", "hill.value(0.5)")]


def test_book_without_plots_has_an_empty_report(make_book: MakeBook) -> None:
    empty = make_book(page="Nothing.", conf=CONF)
    built = empty.build("optcheck")
    assert json.loads(built.read("optcheck.json")) == {"format": 1, "rows": [], "checks": [], "unused_entries": []}
    assert junit(built) == {}
    assert "The book has no plots." in built.status
    assert not (empty.folder / "_optviz").exists()


def test_agreement_that_is_off_runs_no_comparison(checked: Book) -> None:
    write_pair(checked, "wave", WAVE, other=OTHER_WAVE)
    built = checked.build("optcheck", optviz_agreement="off")
    assert (built.runs, built.compared) == (["wave (duals)"], [])
    assert {row["agreement"] for row in rows_of(built).values()} == {""}


def test_report_for_junit_is_xml_whatever_is_said() -> None:
    said = "a \x00 b \x1b[0m < & \" ' \ud800 \uffff \n ü 山"
    row = Row(document="d", source="d.rst", line=1, landscapes=("a",), framework="numpy", status="failed", why=said)
    (case,) = ElementTree.fromstring(as_junit([row], [], [], {"failed"}, Path())).iter("testcase")
    assert case[0].attrib["message"].endswith("ü 山")
