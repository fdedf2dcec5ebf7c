"""The command ``sphinx-optviz``: what is needed beside the build."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_optviz import environments
from sphinx_optviz.frameworks import BUILT_IN, UnknownFrameworkError, framework, framework_name, framework_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_optviz.frameworks import Framework
    from sphinx_optviz.model import Settings


# Signals that `warm` passes on to its command, and those that a terminal sends to both.
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP) if os.name == "posix" else ()
_OF_TERMINAL = (signal.SIGINT, signal.SIGQUIT) if os.name == "posix" else ()


class CommandError(Exception):
    """A call that cannot be carried out; the message is for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command; return its exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.command(parsed)
    except CommandError as error:
        print(f"sphinx-optviz {parsed.name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sphinx-optviz", description="Frameworks, landscapes and the store of a book."
    )
    parser.add_argument("--version", action="version", version=f"sphinx-optviz {version('sphinx-optviz')}")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help="try each framework in its interpreter, and say what is missing")
    doctor.add_argument("sourcedir", nargs="?", help="the folder of a book's conf.py; without it, the defaults hold")
    doctor.set_defaults(command=_doctor)

    setup = commands.add_parser("setup", help="make a virtual environment for a framework, for all your books")
    setup.add_argument("frameworks", nargs="+", metavar="FRAMEWORK", help=", ".join(BUILT_IN))
    setup.add_argument("--python", default="", metavar="PATH", help="the interpreter to make it with")
    setup.set_defaults(command=_setup)

    listing = commands.add_parser("list", help="list landscapes, with formula and frameworks")
    listing.add_argument("sourcedir", nargs="?", help="the folder of a book's conf.py, to list its own ones too")
    listing.set_defaults(command=_list)

    convert = commands.add_parser(
        "convert", help="turn pages of d2lbook and of Matplotlib's plot directive into optplot"
    )
    convert.add_argument("sources", nargs="+", metavar="SOURCE", help="a .md or .rst file, or a folder of them")
    convert.add_argument("-o", "--output", metavar="FOLDER", help="where to write; without it, one page is printed")
    convert.add_argument("--overwrite", action="store_true", help="replace files that are there, sources too")
    convert.add_argument("--framework", default="", help="whose the cells of d2lbook are that have no mark")
    convert.set_defaults(command=_convert)

    warm = commands.add_parser("warm", help="keep interpreters ready for the builds that a command starts")
    warm.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="for instance sphinx-autobuild, or sh")
    warm.set_defaults(command=_warm)

    prune = commands.add_parser("prune", help="remove the entries of a book's store that no page uses")
    prune.add_argument("sourcedir", help="the folder of the book's conf.py")
    prune.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    prune.set_defaults(command=_prune)
    return parser


def _read(sourcedir: str | None) -> tuple[Settings, list[str]]:
    """The settings of the book in *sourcedir*, and what is wrong in them."""
    from sphinx.errors import ConfigError

    from sphinx_optviz.config import read_settings

    if sourcedir is not None and not Path(sourcedir, "conf.py").is_file():
        raise CommandError(f"there is no conf.py in {sourcedir}; name the folder that holds your book's")
    try:
        return read_settings(None if sourcedir is None else Path(sourcedir).absolute())
    except ConfigError as error:
        raise CommandError(f"conf.py cannot be read: {error}") from error


def _settings(sourcedir: str | None) -> Settings:
    settings, problems = _read(sourcedir)
    for problem in problems:
        print(f"{sourcedir}/conf.py: {problem}", file=sys.stderr)
    return settings


# ---- doctor


def _doctor(parsed: argparse.Namespace) -> int:
    from sphinx_optviz.execute import try_out
    from sphinx_optviz.interpreters import interpreter_of
    from sphinx_optviz.runs import Failure
    from sphinx_optviz.tables import table

    settings = _settings(parsed.sourcedir)
    names = list(dict.fromkeys([*settings.frameworks, settings.default_framework, *framework_names()]))
    needed = names if parsed.sourcedir is None else [*settings.frameworks, settings.default_framework]
    rows, advice = [], []
    broken = {}
    for name in names:
        try:
            framework(name)
        except UnknownFrameworkError as error:
            broken[name] = str(error)
    outcomes = try_out([name for name in names if name not in broken], settings)
    for name in names:
        if name in broken:
            rows.append([name, "-", "broken", "-"])
            advice += [broken[name]] if name in needed else []
            continue
        outcome, interpreter = outcomes[name], interpreter_of(name, settings)
        where = f"{interpreter.spec or sys.executable} ({interpreter.origin})"
        if not isinstance(outcome, Failure):
            rows.append([framework(name).label, outcome.version, "works", where])
            continue
        rows.append([framework(name).label, "-", outcome.subtype.removeprefix("framework_"), where])
        if name in needed:
            advice.append(f"{outcome.message}.\n{outcome.details}".strip())
    print("\n".join(table(("framework", "version", "state", "interpreter"), rows)))
    for text in advice:
        print(f"\n{text}")
    return 1 if advice else 0


# ---- setup


def _setup(parsed: argparse.Namespace) -> int:
    try:
        names = list(dict.fromkeys(framework_name(name) for name in parsed.frameworks))
    except UnknownFrameworkError as error:
        raise CommandError(str(error)) from error
    code = 0
    for name in names:
        known = framework(name)
        if known.requirements:
            print(f"{known.label}: installing {' '.join(known.requirements)}; this can take some minutes", flush=True)
        try:
            made = environments.make(name, python=parsed.python, try_out=_what_is_wrong)
        except environments.SetupError as error:
            print(f"{known.label}: {error}", file=sys.stderr)
            code = 1
        else:
            print(f"{known.label}: ready in {made.python}, for all books of this user")
    return code


def _what_is_wrong(known: Framework, python: str) -> str:
    from dataclasses import replace

    from sphinx_optviz.execute import try_out
    from sphinx_optviz.runs import Failure

    settings = replace(_settings(None), interpreters={known.name: python})
    outcome = try_out([known.name], settings)[known.name]
    return f"{outcome.message}\n{outcome.details}".strip() if isinstance(outcome, Failure) else ""


# ---- list


def _list(parsed: argparse.Namespace) -> int:
    from sphinx_optviz.landscapes import Catalogue, LandscapeError
    from sphinx_optviz.tables import table

    catalogue = Catalogue(_settings(parsed.sourcedir).landscape_path if parsed.sourcedir else ())
    known = framework_names()
    rows, broken = [], []
    for name in catalogue.names():
        try:
            landscape = catalogue.get(name)
        except LandscapeError as error:
            broken.append(f"{error.path}:{max(error.line, 1)}: {error}")
            continue
        domain = ", ".join(f"{axis.name} in [{axis.low:g}, {axis.high:g}]" for axis in landscape.axes)
        frameworks = [item for item in known if item in landscape.sources]
        rows.append([name, landscape.formula, domain, " ".join(frameworks)])
    print("\n".join(table(("landscape", "formula", "domain", "frameworks"), rows)))
    for problem in broken:
        print(problem, file=sys.stderr)
    return 1 if broken else 0


# ---- convert


def _convert(parsed: argparse.Namespace) -> int:
    from sphinx_optviz.convert.pages import SourceError, converted
    from sphinx_optviz.files import write_file

    try:
        default = framework_name(parsed.framework) if parsed.framework else ""
        folder = None if parsed.output is None else Path(parsed.output)
        outcome = converted([Path(source) for source in parsed.sources], default, folder)
    except (SourceError, UnknownFrameworkError) as error:
        raise CommandError(str(error)) from error
    except ImportError as error:
        advice = "Markdown needs a parser: python -m pip install 'sphinx-optviz[convert]'"
        raise CommandError(f"{advice} ({error})") from error
    if folder is None:
        if len(outcome.pages) > 1:
            raise CommandError("several pages need a folder to be written to: name it with -o")
        sys.stdout.write(next(iter(outcome.pages.values())))
    else:
        contents = {name: text.encode() for name, text in outcome.pages.items()}
        contents |= {name: path.read_bytes() for name, path in outcome.files.items()}
        # A file that is to be what it is already is no loss.
        changed = {name: content for name, content in contents.items() if not _is_there(folder / name, content)}
        there = [folder / name for name in changed if (folder / name).exists()]
        if there and not parsed.overwrite:
            raise CommandError(f"{there[0]} is there already; --overwrite replaces it, and {len(there) - 1} more")
        for name, content in changed.items():
            write_file(folder / name, content)
    for finding in outcome.findings:
        print(finding, file=sys.stderr)
    if outcome.needs:
        print("\n".join(["conf.py needs, beside sphinx_optviz:", *outcome.needs]), file=sys.stderr)
    return 1 if outcome.findings else 0


def _is_there(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


# ---- warm


def _warm(parsed: argparse.Namespace) -> int:
    words = parsed.words[1:] if parsed.words[:1] == ["--"] else parsed.words
    if not words:
        raise CommandError("name the command whose builds are to be faster: sphinx-optviz warm sphinx-autobuild ...")
    if os.name != "posix":
        raise CommandError("this needs pipes that one process can give to another, which Windows does not have")
    from sphinx_optviz.processes.warm import Warm

    try:
        with Warm() as warm:
            code = _ended(words, warm.environment())
    except OSError as error:
        raise CommandError(f"{tempfile.gettempdir()}: {error}; let TMPDIR name another folder") from error
    return code if code >= 0 else 128 - code


def _ended(words: list[str], environment: dict[str, str]) -> int:
    """The exit code of a command, which gets the signals that this one gets."""
    try:
        process = subprocess.Popen(words, env=environment)  # noqa: S603 - the author names it
    except OSError as error:
        raise CommandError(f"{words[0]} does not start: {error.strerror}") from error
    before = [
        # To ignore them would be inherited.
        *((number, signal.signal(number, lambda *_: None)) for number in _OF_TERMINAL),
        *((number, signal.signal(number, lambda sent, _: process.send_signal(sent))) for number in _PASSED_ON),
    ]
    try:
        return process.wait()
    finally:
        for number, handler in before:
            signal.signal(number, handler)


# ---- prune


def _prune(parsed: argparse.Namespace) -> int:
    from sphinx_optviz.files import remove_leftovers
    from sphinx_optviz.staleness import unused_entries

    store, used = _store_and_used(parsed.sourcedir)
    total = len(unused_entries(store, ()))
    unused = unused_entries(store, used)
    size, code = 0, 0
    for path in unused:
        print(path)
        try:
            size += path.lstat().st_size
            if not parsed.dry_run:
                path.unlink()
        except OSError as error:
            print(f"cannot be removed: {error}", file=sys.stderr)
            code = 1
    if not parsed.dry_run:
        remove_leftovers(store)
    done = "would be removed" if parsed.dry_run else "removed"
    print(f"{len(unused)} of {total} entries {done}, {size / 1e6:.1f} MB")
    return code


def _store_and_used(sourcedir: str) -> tuple[Path, set[str]]:
    """The folder of the store of the book in *sourcedir*, and the keys of the entries that it uses."""
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    from sphinx_optviz.check import CheckBuilder
    from sphinx_optviz.config import settings_of

    not_sure = "so it cannot be told which entries are used; build the book, mend what it warns of, and call this again"
    if _read(sourcedir)[1]:
        raise CommandError(f"a value in conf.py is not valid, {not_sure}")
    with tempfile.TemporaryDirectory(prefix="optviz-") as folder, patch_docutils(sourcedir), docutils_namespace():
        try:
            app = Sphinx(
                sourcedir,
                sourcedir,
                str(Path(folder, "out")),
                str(Path(folder, "doctrees")),
                "optcheck",
                confoverrides={"optviz_execute": "never"},
                status=None,
                warning=None,
            )
            app.build()
        except SphinxError as error:
            raise CommandError(f"the book cannot be read: {error}") from error
    builder = app.builder
    assert isinstance(builder, CheckBuilder)
    if not builder.complete:
        raise CommandError(f"some directives are not valid, {not_sure}")
    return settings_of(app.config, Path(app.confdir)).store, builder.used
