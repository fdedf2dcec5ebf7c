"""EXECUTE: runs become outcomes, from the store or from the framework's interpreter. Knows nothing of Sphinx."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_optviz.frameworks import framework
from sphinx_optviz.interpreters import cannot_start, interpreter_of, not_installed
from sphinx_optviz.points import cell_count, cells_of, points_of
from sphinx_optviz.processes import Pool, Program
from sphinx_optviz.runs import Axis, Failure, Run, Source
from sphinx_optviz.store import pack_result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sphinx_optviz.model import Settings
    from sphinx_optviz.processes import Answer, ChildError, Message
    from sphinx_optviz.runs import Outcome
    from sphinx_optviz.store import Store


def look_up(runs: Iterable[Run], settings: Settings, store: Store) -> tuple[dict[str, Outcome], list[Run]]:
    """What is known without running anything, by key, and what has to run, each run once, in a fixed order."""
    known: dict[str, Outcome] = {}
    missing: dict[str, Run] = {}
    blocked = cache(partial(not_runnable, settings=settings))
    for run in runs:
        if run.key in known or run.key in missing:
            continue
        result = None if settings.execute == "force" else store.get(run)
        if result is not None:
            known[run.key] = result
        elif failure := blocked(run.framework):
            known[run.key] = failure
        else:
            missing[run.key] = run
    return known, sorted(missing.values(), key=lambda run: (run.label, run.framework, run.operations, run.key))


def not_runnable(name: str, settings: Settings) -> Failure | None:
    """Why what the store lacks is not run in the framework *name*; None if it is."""
    if settings.execute == "never":
        return Failure(subtype="not_run", message="there is no stored result, and optviz_execute is 'never'")
    return cannot_start(name, settings)


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a run, and how many seconds its code took."""

    run: Run
    outcome: Outcome
    seconds: float = 0.0


def run_all(runs: Sequence[Run], settings: Settings, store: Store | None) -> Iterator[Ran]:
    """Run each of *runs* in its framework, several at once; *store* what succeeds; give each outcome as it comes."""
    names = sorted({run.framework for run in runs})
    pool: Pool[Run] = Pool(
        {name: _program(name, settings) for name in names},
        ask=lambda child, run: child.request(_request(run), settings.timeout),
        limit=settings.jobs,
    )
    for answer in pool.run([(run.framework, run) for run in runs]):
        seconds = answer.message.get("seconds", 0.0) if answer.message else 0.0
        yield Ran(answer.job, _outcome(answer, settings, store), seconds)


def _program(name: str, settings: Settings) -> Program:
    texts = framework(name).programs()
    # The adapter is the last one, and uses what the others define.
    imports = "".join(f"exec({text!r})\n" for _, text in texts)
    return Program(texts=texts, interpreter=interpreter_of(name, settings).spec, imports=imports)


def try_out(names: Sequence[str], settings: Settings) -> dict[str, Outcome]:
    """What each framework makes of x² and its derivatives at -1, 0 and 1, in its own interpreter."""
    found: dict[str, Outcome] = {}
    runs = []
    for name in names:
        run = Run(
            framework=name,
            source=Source(Path("x_squared.py"), "def f(x):\n    return x**2\n"),
            functions=("f",),
            operations=("values", "gradients", "hessians"),
            axes=(Axis("x", -1.0, 1.0, 3),),
            label="x squared",
        )
        failure = cannot_start(name, settings)
        if failure is None:
            runs.append(run)
        else:
            found[name] = failure
    for ran in run_all(runs, settings, None):
        found[ran.run.framework] = _right(ran.outcome)
    return found


def _right(outcome: Outcome) -> Outcome:
    """*outcome* of x squared; a failure if its numbers are wrong, as with libraries built for another processor."""
    if isinstance(outcome, Failure):
        return outcome
    expected = {"values": [1.0, 0.0, 1.0], "gradients": [-2.0, 0.0, 2.0], "hessians": [2.0, 2.0, 2.0]}
    for (operation, _), stored in outcome.arrays.items():
        numbers = struct.unpack("<3d", stored.data)
        if any(abs(number - right) > 1e-6 for number, right in zip(numbers, expected[operation], strict=True)):
            message = f"the {operation} of x squared at -1, 0 and 1 come out as {numbers}"
            return Failure(subtype="framework_broken", message=message)
    return outcome


def _request(run: Run) -> Message:
    columns = points_of(run)
    return {
        "source": run.source.text,
        "path": str(run.source.path),
        "functions": list(run.functions),
        "operations": list(run.operations),
        "cells": cells_of(run.axes, columns).astype("<i4").tobytes() if run.samples else b"",
        "cell_count": cell_count(run.axes),
        "low": [axis.low for axis in run.axes],
        "high": [axis.high for axis in run.axes],
        "points": [column.astype("<f8").tobytes() for column in columns],
    }


def _outcome(answer: Answer[Run], settings: Settings, store: Store | None) -> Outcome:
    run, message = answer.job, answer.message
    if answer.error is not None:
        return _child_failure(run, answer.error, settings, started=answer.started)
    assert message is not None
    if message["kind"] == "failure":
        details = message["details"] + ("\nprinted before:\n" + message["output"] if message["output"] else "")
        path, line = run.source.place(message["line"] or 1)
        return Failure(subtype="execution", message=message["message"], path=path, line=line, details=details)
    try:
        entry = pack_result(run, version=answer.version, message=message)
    except (KeyError, TypeError, ValueError) as error:
        path, line = run.source.place(1)
        return Failure(subtype="execution", message=str(error), path=path, line=line)
    if store is not None:
        store.put(run, entry)
    return entry.result


def start_failure(name: str, error: ChildError, settings: Settings) -> Failure:
    """Why the interpreter of the framework *name* has not come up."""
    known = framework(name)
    if error.missing in (known.module, known.module.partition(".")[0], "numpy"):
        return not_installed(name, error.missing, settings)
    interpreter = interpreter_of(name, settings)
    message = f"{known.label} was not run: {error} (from {interpreter.origin})"
    return Failure(subtype="framework_broken", message=message, details=error.details)


def _child_failure(run: Run, error: ChildError, settings: Settings, *, started: bool) -> Failure:
    if not started:
        return start_failure(run.framework, error, settings)
    # What the child's faulthandler wrote, in ASCII: the most recent call first.
    written = str(run.source.path).encode("ascii", "backslashreplace").decode()
    frame = re.search(rf'File "{re.escape(written)}", line (\d+)', error.details)
    path, line = run.source.place(int(frame[1]) if frame else 1)
    if error.timed_out:
        message = f"still running after {settings.timeout:g} seconds (optviz_timeout), and was ended"
        return Failure(subtype="timeout", message=message, path=path, line=line, details=error.details)
    return Failure(subtype="execution", message=str(error), path=path, line=line, details=error.details)
