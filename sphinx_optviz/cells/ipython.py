"""Run a cell by IPython's shell, which the interpreter need not have: its outputs become ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx_optviz.cells.figures import show_figure
    from sphinx_optviz.cells.outputs import PRINTED
    from sphinx_optviz.cells.plain import PlainShell
    from sphinx_optviz.cells.results import returned, show


def make_shell() -> Any:
    """The best shell that this interpreter has."""
    try:
        return NotebookShell()
    except ImportError:
        return PlainShell()


class NotebookShell:
    """IPython's shell behind the one method that the plain one has too."""

    def __init__(self) -> None:
        """Raises ImportError where there is no IPython."""
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        settings = Config()
        settings.HistoryManager.enabled = False
        settings.InteractiveShell.colors = "nocolor"
        settings.InteractiveShell.autoindent = False
        self._shell = _shell_class().instance(config=settings)
        # Code asks the class for the shell that there is.
        InteractiveShell._instance = self._shell
        formatter = self._shell.display_formatter.ipython_display_formatter
        formatter.for_type_by_name("matplotlib.figure", "Figure", show_figure)

    def run(self, code: str, path: str) -> BaseException | None:
        """Run a cell; what it raised, if it did."""
        self._shell.compile.get_code_name = lambda *_: path
        found = self._shell.run_cell(code, store_history=True)
        error: BaseException | None = found.error_before_exec or found.error_in_exec
        return error


def _shell_class() -> Any:
    """A shell without history, colours and terminal."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type

    class Shell(InteractiveShell):  # type: ignore[misc]
        displayhook_class = Type(_results_class())
        display_pub_class = Type(_publisher_class())

        def showtraceback(self, *_arguments: Any, **_options: Any) -> None:
            """The error is told by whoever runs the cell."""

        showsyntaxerror = showindentationerror = showtraceback

        def init_virtualenv(self) -> None:
            """An environment that is active where Sphinx runs is none of this interpreter's."""

        def system(self, cmd: str) -> Any:
            return self.system_piped(cmd)

        def enable_gui(self, *_: Any) -> None:
            """There is none."""

        def enable_matplotlib(self, *_: Any) -> Any:
            """Figures are taken care of."""
            return None, ""

    return Shell


def _results_class() -> Any:
    """Takes the last value of a cell."""
    from IPython.core.displayhook import DisplayHook

    class Results(DisplayHook):  # type: ignore[misc]
        found: Any = None

        def write_output_prompt(self) -> None:
            """There are no prompts on a page."""

        def write_format_data(self, format_dict: Any, _md_dict: Any = None) -> None:
            self.found = dict(format_dict)

        def log_output(self, _format_dict: Any) -> None:
            """There is no log."""

        def finish_displayhook(self) -> None:
            self._is_active = False

        def __call__(self, result: Any = None) -> None:
            self.found = None
            super().__call__(result)
            if result is None:
                return
            if self.found:
                returned(result)
                show(result, self.found)
            else:  # it has displayed itself, or IPython keeps to itself what its text raises
                repr(result)

    return Results


def _publisher_class() -> Any:
    """Takes what cells display."""
    from IPython.core.displaypub import DisplayPublisher

    class Publisher(DisplayPublisher):  # type: ignore[misc]
        def publish(self, data: Any, *_arguments: Any, **_options: Any) -> None:
            show(None, dict(data))

        def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001,FBT002 - as IPython calls it
            PRINTED.outputs.clear(wait=wait)

    return Publisher
