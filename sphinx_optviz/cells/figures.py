"""Figures of cells: Matplotlib's open figures become image files, when a cell shows them and at its end."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import io
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx_optviz.cells.artists import artists_of
    from sphinx_optviz.cells.outputs import PRINTED

# Bytes from which on a drawing of lines and areas is too large for a page, and becomes one of dots.
LARGEST_DRAWING = 2_000_000

# No date and no program's name in the files: they would differ from day to day.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}

_PADDING = 0.1  # inches around a figure

_BACKEND = "optviz_backend"

FORMATS: list[str] = []  # in which figures are wanted; none if nobody looks at them


class _Backend:
    """Finds and loads the module that Matplotlib, once somebody imports it, asks to draw."""

    def find_spec(self, name: str, *_: Any) -> Any:
        return importlib.util.spec_from_loader(name, self) if name == _BACKEND else None  # type: ignore[arg-type]

    def create_module(self, _spec: Any) -> None:
        """A usual one."""

    def exec_module(self, module: Any) -> None:
        from matplotlib.backend_bases import FigureManagerBase
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        vars(module).update(FigureCanvas=FigureCanvasAgg, FigureManager=FigureManagerBase, show=show_figures)


class _Style:
    """Waits for the import of Matplotlib, and then sets the author's rcParams."""

    def __init__(self, rcparams: dict[str, Any]) -> None:
        self._rcparams = rcparams

    def find_spec(self, name: str, *_: Any) -> Any:
        if name != "matplotlib":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        loader: Any = spec.loader if spec else None
        if loader is not None:
            load = loader.exec_module

            def styled(module: Any) -> None:
                load(module)
                _set(module, self._rcparams)

            loader.exec_module = styled
        return spec


def _set(matplotlib: Any, rcparams: dict[str, Any]) -> None:
    for key, value in rcparams.items():
        with contextlib.suppress(Exception):  # a wrong one is told where figures of landscapes are drawn
            matplotlib.rcParams[key] = value


def install_backend(rcparams: dict[str, Any]) -> None:
    """Let Matplotlib draw for the page, in the author's style; it is not imported before a cell does."""
    backend = os.environ["MPLBACKEND"] = f"module://{_BACKEND}"
    sys.meta_path.append(_Backend())
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        sys.meta_path.insert(0, _Style(rcparams))
    else:  # the framework has imported it, or somebody did so to save time
        _set(matplotlib, {"backend": backend, **rcparams})


def _go_to_the_end(figure: Any) -> None:
    """Draw the last frame of each animation in *figure*, as its ``save`` would get there."""
    animation = sys.modules.get("matplotlib.animation")
    if animation is None:
        return
    found = [item for item in gc.get_objects() if issubclass(type(item), animation.Animation)]
    for moving in found:
        if getattr(moving, "_fig", None) is figure and not moving._draw_was_started:
            moving._draw_was_started = True  # it would complain of not having been shown
            moving._init_draw()
            for frame in moving.new_saved_frame_seq():
                moving._draw_next_frame(frame, blit=False)


def show_figures(*_arguments: Any, **_options: Any) -> None:
    """What ``plt.show()`` does: all open figures become outputs of the cell, and are closed."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    from matplotlib import _pylab_helpers

    for manager in _pylab_helpers.Gcf.get_all_fig_managers():
        try:
            show_figure(manager.canvas.figure)
        finally:
            pyplot.close(manager.canvas.figure)


def show_figure(figure: Any) -> None:
    """One figure becomes an output of the cell."""
    outputs = PRINTED.outputs
    # Code that draws an animation's frames may leave values behind, so they are drawn in any case.
    _go_to_the_end(figure)
    if not outputs.has_room_for_a_figure():
        return
    files = {}
    box: Any = "tight"
    for name in FORMATS:
        files[name], box = _drawn(figure, name, box)
        if len(files[name]) > LARGEST_DRAWING and name != "png":
            files = {"png": _drawn(figure, "png", box)[0]}
            break
    if not files:
        figure.draw_without_rendering()  # some artists get their numbers only then
    outputs.figure(files, artists_of(figure))


def _drawn(figure: Any, name: str, box: Any) -> tuple[bytes, Any]:
    """The bytes of *figure* in a format, the same in every build, and the *box* that they show, in inches.

    "tight", as notebooks have it, cuts off no text that stands beyond the edge; to find it takes as long as to draw.
    """
    import matplotlib

    find, found = figure.get_tightbbox, []

    def noted(*arguments: Any, **options: Any) -> Any:
        found.append(find(*arguments, **options))
        return found[-1]

    file = io.BytesIO()
    fixed: dict[Any, Any] = {"svg.hashsalt": "optviz"}
    figure.get_tightbbox = noted
    try:
        with matplotlib.rc_context(), contextlib.suppress(KeyError):
            matplotlib.rcParams.update(fixed)
            figure.savefig(file, format=name, metadata=_METADATA[name], bbox_inches=box, pad_inches=_PADDING)
    finally:
        del figure.get_tightbbox
    return file.getvalue(), found[-1].padded(_PADDING) if found else box
