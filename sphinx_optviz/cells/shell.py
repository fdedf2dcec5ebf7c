"""Run a cell as a notebook would: by IPython's shell where there is one, else by plain Python with the same results."""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
import tokenize
import types
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_optviz.cells.artists import packed
    from sphinx_optviz.cells.figures import show_figure
    from sphinx_optviz.cells.outputs import PRINTED, without_chance

# What a result can look like, the best first; the page takes what its builder can show.
_REPRESENTATIONS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "text/latex": "_repr_latex_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
}

# Characters of one representation.
_MOST = 500_000

# Of the values that cells return, so many numbers are compared.
_MOST_NUMBERS = 100_000


class PlainShell:
    """Python, with the few habits of notebooks that need no library."""

    def __init__(self) -> None:
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.names: dict[str, Any] = vars(module)
        builtins.display = self.display  # type: ignore[attr-defined]

    def display(self, *things: Any) -> None:
        """As IPython's function of that name."""
        for thing in things:
            show(thing, _represented(thing))

    def run(self, code: str, path: str) -> BaseException | None:
        """Run a cell; what it raised, if it did."""
        try:
            tree = ast.parse(_without_magics(code), path)
            last = tree.body[-1] if tree.body else None
            shown = isinstance(last, ast.Expr) and not _is_silenced(code)
            value = tree.body.pop() if shown else None
            exec(compile(tree, path, "exec"), self.names)  # noqa: S102 - this is what the extension is for
            if isinstance(value, ast.Expr):
                result = eval(compile(ast.Expression(value.value), path, "eval"), self.names)  # noqa: S307
                if result is not None:
                    self.names["_"] = result
                    returned(result)
                    show(result, _represented(result))
        except BaseException as error:  # noqa: BLE001 - SystemExit too: the page has to go on
            return error
        return None


def _without_magics(code: str) -> str:
    """*code* without the lines that only IPython knows. Raises SyntaxError for those that it would need to run."""
    lines = code.split("\n")
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith(("%%time", "%%capture", "%matplotlib", "%config", "%load_ext", "%autoreload", "%pylab")):
            lines[number] = ""
        elif text.startswith(("%time ", "%timeit ")):
            lines[number] = line[: len(line) - len(line.lstrip())] + text.partition(" ")[2]
        elif text.startswith(("%%", "!")) or (text.startswith("%") and not _continues(lines, number)):
            word = text.split()[0]
            raise SyntaxError(f"{word} needs IPython, which this interpreter does not have", ("", number + 1, 1, line))
    return "\n".join(lines)


def _continues(lines: list[str], number: int) -> bool:
    """Whether a line stands inside of brackets or a text, where a percent sign is an operator."""
    try:
        ast.parse("\n".join(lines[:number]))
    except SyntaxError:
        return True
    return False


def _is_silenced(code: str) -> bool:
    """Whether a semicolon ends the cell, comments aside."""
    last = ""
    try:
        for token in tokenize.generate_tokens(StringIO(code).readline):
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER):
                last = token.string
    except (tokenize.TokenError, SyntaxError):
        return False
    return last == ";"


def _represented(thing: Any) -> dict[str, Any]:
    """By MIME type: how *thing* shows itself."""
    found: dict[str, Any] = {"text/plain": repr(thing)}
    if isinstance(thing, type):
        return found
    for mime, name in _REPRESENTATIONS.items():
        try:
            given = getattr(thing, name)()
        except Exception:  # noqa: BLE001,S112 - it has none, or a faulty one: there is always the text
            continue
        if given is not None:
            found[mime] = given[0] if isinstance(given, tuple) else given
    return found


def show(thing: Any, represented: dict[str, Any]) -> None:
    """Add a result to the outputs, a figure as a figure."""
    if _is_figure(thing):
        show_figure(thing)
        return
    kept = {mime: given for mime, given in represented.items() if mime in ("text/plain", *_REPRESENTATIONS)}
    kept = {mime: given for mime, given in kept.items() if isinstance(given, (str, bytes)) and len(given) <= _MOST}
    if "text/plain" in kept:
        kept["text/plain"] = without_chance(str(kept["text/plain"]))
    if kept:
        PRINTED.outputs.add({"kind": "result", "data": kept})


def _is_figure(thing: Any) -> bool:
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(thing, module.Figure)


RETURNED: list[list[Any]] = []  # of the cell that runs, as ``packed`` gives it


def returned(value: Any) -> None:
    """Note the numbers of a cell's last value."""
    RETURNED[:] = [packed(array) for array in _numbers_in(value)]


def _numbers_in(value: Any) -> list[Any]:
    """The arrays in *value*: itself, or those of a tuple or list; whatever is none is left out."""
    if isinstance(value, (str, bytes, dict, types.ModuleType, type)) or callable(value):
        return []
    for name in ("detach", "asnumpy", "numpy"):
        method = getattr(value, name, None)
        if callable(method):
            value = method()
    try:
        array = numpy.asarray(value)
    except Exception:  # noqa: BLE001 - of unequal lengths, or anything else that is no array
        array = numpy.asarray(None)
    if array.dtype.kind in "fiub" and array.size <= _MOST_NUMBERS:
        return [array.astype(float)]
    if isinstance(value, (tuple, list)) and len(value) <= 100:  # noqa: PLR2004 - more are data, and no results
        return [array for item in value for array in _numbers_in(item)]
    return []


def ipython_shell() -> Any:
    """IPython's shell with our outputs. Raises ImportError where there is none."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class Results(DisplayHook):
        """Takes the last value of a cell."""

        def write_output_prompt(self) -> None:
            """There are no prompts on a page."""

        def write_format_data(self, format_dict: Any, _md_dict: Any = None) -> None:
            self._found = dict(format_dict)

        def log_output(self, _format_dict: Any) -> None:
            """There is no log."""

        def finish_displayhook(self) -> None:
            self._is_active = False

        def __call__(self, result: Any = None) -> None:
            self._found: dict[str, Any] = {}
            super().__call__(result)
            if result is not None and self._found:
                returned(result)
                show(result, self._found)

    class Published(DisplayPublisher):
        """Takes what cells display."""

        def publish(self, data: Any, *_arguments: Any, **_options: Any) -> None:
            show(None, dict(data))

        def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001,FBT002 - as IPython calls it
            PRINTED.outputs.clear(wait=wait)

    class Shell(InteractiveShell):
        """A shell without history, colours and terminal."""

        displayhook_class = Type(Results)
        display_pub_class = Type(Published)

        def showtraceback(self, *_arguments: Any, **_options: Any) -> None:
            """The error is told by whoever runs the cell."""

        showsyntaxerror = showindentationerror = showtraceback

        def system(self, cmd: str) -> Any:
            return self.system_piped(cmd)

        def enable_gui(self, gui: Any = None) -> None:
            """There is none."""

        def enable_matplotlib(self, gui: Any = None) -> Any:
            """Figures are taken care of."""
            return None, f"module://{'optviz_backend'}"

    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    settings.InteractiveShell.autoindent = False
    settings.InteractiveShell.ast_node_interactivity = "last_expr"
    shell = Shell.instance(config=settings)
    InteractiveShell._instance = shell
    shell.display_formatter.ipython_display_formatter.for_type_by_name("matplotlib.figure", "Figure", show_figure)
    return NotebookShell(shell)


class NotebookShell:
    """IPython's shell behind the same two names as the plain one."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.names: dict[str, Any] = shell.user_ns

    def run(self, code: str, path: str) -> BaseException | None:
        """Run a cell; what it raised, if it did."""
        self._shell.compile.get_code_name = lambda *_: path
        found = self._shell.run_cell(code, store_history=True)
        error: BaseException | None = found.error_before_exec or found.error_in_exec
        return error


def make_shell() -> Any:
    """The best shell that this interpreter has."""
    try:
        return ipython_shell()
    except ImportError:
        return PlainShell()


def remember_lines(path: str, code: str) -> None:
    """Let tracebacks show the lines of a cell, which is no file."""
    linecache.cache[path] = (len(code), None, code.splitlines(keepends=True), path)


if TYPE_CHECKING:
    _: Callable[[], Any] = make_shell
