"""EXECUTE: runs become outcomes, from the store or from the framework's interpreter. Knows nothing of Sphinx."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from typing import TYPE_CHECKING

from sphinx_optviz.frameworks import FRAMEWORKS
from sphinx_optviz.processes import Answer, Pool, Program
from sphinx_optviz.runs import Failure
from sphinx_optviz.store import pack_result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sphinx_optviz.model import Settings
    from sphinx_optviz.processes import ChildError, Message
    from sphinx_optviz.runs import Outcome, Run
    from sphinx_optviz.store import Store


def look_up(runs: Iterable[Run], settings: Settings, store: Store) -> tuple[dict[str, Outcome], list[Run]]:
    """What is known without running anything, by key, and what has to run, each run once, in a fixed order."""
    known: dict[str, Outcome] = {}
    missing: dict[str, Run] = {}
    for run in runs:
        if run.key in known or run.key in missing:
            continue
        result = None if settings.execute == "force" else store.get(run)
        if result is not None:
            known[run.key] = result
        elif settings.execute == "never":
            message = "there is no stored result, and optviz_execute is 'never'"
            known[run.key] = Failure(subtype="not_run", message=message)
        elif (failure := _cannot_start(run.framework, settings)) is not None:
            known[run.key] = failure
        else:
            missing[run.key] = run
    return known, sorted(missing.values(), key=lambda run: (run.label, run.framework, run.key))


def run_all(runs: Sequence[Run], settings: Settings, store: Store) -> Iterator[tuple[Run, Outcome]]:
    """Run each of *runs* in its framework, several at once; store what succeeds; give each outcome as it comes."""
    names = sorted({run.framework for run in runs})
    programs = {
        name: Program(texts=FRAMEWORKS[name].programs(), interpreter=interpreter_of(name, settings)) for name in names
    }
    pool: Pool[Run] = Pool(programs, request=_request, timeout=settings.timeout, limit=settings.jobs)
    for answer in pool.run([(run.framework, run) for run in runs]):
        outcome = _outcome(answer, settings)
        if not isinstance(outcome, Failure):
            store.put(answer.job, outcome)
        yield answer.job, outcome


def interpreter_of(framework: str, settings: Settings) -> str:
    """The interpreter that *framework* runs in, a path or an execnet spec; "" is the one that runs this."""
    variable = f"OPTVIZ_INTERPRETER_{framework.upper()}"
    return settings.interpreters.get(framework) or os.environ.get(variable, "")


def _cannot_start(framework: str, settings: Settings) -> Failure | None:
    """Why *framework* cannot run here, as far as that shows without starting its interpreter."""
    known = FRAMEWORKS[framework]
    if not known.has_adapter:
        able = ", ".join(framework.name for framework in FRAMEWORKS.values() if framework.has_adapter)
        message = f"{known.label} was not run: this version runs {able}; the code is shown all the same"
        return Failure(subtype="framework_missing", message=message)
    if interpreter_of(framework, settings) == "" and importlib.util.find_spec(known.module) is None:
        return _not_installed(framework, known.module, settings)
    return None


def _not_installed(framework: str, module: str, settings: Settings) -> Failure:
    label = FRAMEWORKS[framework].label
    interpreter = interpreter_of(framework, settings)
    where = f"in {interpreter}" if interpreter else f"beside Sphinx ({sys.executable})"
    message = (
        f"{label} was not run: there is no module {module!r} {where}. "
        f"Install it there, or name an interpreter that has it in optviz_interpreters[{framework!r}]"
    )
    return Failure(subtype="framework_missing", message=message)


def _request(run: Run) -> Message:
    return {
        "source": run.source.text,
        "path": str(run.source.path),
        "functions": list(run.functions),
        "operation": run.operation,
        "axes": [[axis.low, axis.high, axis.count] for axis in run.axes],
    }


def _outcome(answer: Answer[Run], settings: Settings) -> Outcome:
    run, message = answer.job, answer.message
    path = str(run.source.path)
    if answer.error is not None:
        return _child_failure(run, answer.error, settings, started=answer.started)
    assert message is not None
    if message["kind"] == "failure":
        details = message["details"] + ("\nprinted before:\n" + message["output"] if message["output"] else "")
        line = message["line"] or 1
        return Failure(subtype="execution", message=message["message"], path=path, line=line, details=details)
    try:
        return pack_result(run, version=answer.version, message=message)
    except (KeyError, TypeError, ValueError) as error:
        return Failure(subtype="execution", message=str(error), path=path, line=1)


def _child_failure(run: Run, error: ChildError, settings: Settings, *, started: bool) -> Failure:
    label = FRAMEWORKS[run.framework].label
    if not started:
        if error.missing in (FRAMEWORKS[run.framework].module, "numpy"):
            return _not_installed(run.framework, error.missing, settings)
        message = f"{label} was not run: {error}"
        return Failure(subtype="framework_broken", message=message, details=error.details)
    path = str(run.source.path)
    # What the child's faulthandler wrote, in ASCII: the most recent call first.
    written = path.encode("ascii", "backslashreplace").decode()
    frame = re.search(rf'File "{re.escape(written)}", line (\d+)', error.details)
    line = int(frame[1]) if frame else 1
    if error.timed_out:
        message = f"still running after {settings.timeout:g} seconds (optviz_timeout), and was ended"
        return Failure(subtype="timeout", message=message, path=path, line=line, details=error.details)
    return Failure(subtype="execution", message=str(error), path=path, line=line, details=error.details)
