"""Time Sphinx builds of the same notebooks as cells of optplot and of myst-nb with its cache, and of the text alone.

The tools take turns within each repetition, and ratios are taken within a repetition. "warm" is optplot under
``sphinx-optviz warm``; a pause before each build stands for the author who writes, and lets its interpreters come up.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_optviz.processes.warm import Warm

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOLS = ("plain", "myst-nb", "optviz", "warm")

_PROSE = "Follow it from the right, one small step at a time, and ask at each step what is known there.\n\n" * 3
_EDITED = "plt.title('cubic');"

_SETUP = {
    "numpy": "import numpy as np\nfrom matplotlib import pyplot as plt\nx = np.linspace(-2, 2.{page:03}, 201)",
    "pytorch": "import torch as np\nfrom matplotlib import pyplot as plt\nx = np.linspace(-2, 2.{page:03}, 201)",
}
_CELLS = (
    "def f(x):\n    return x * np.cos(3 * x)\nprint(f(x)[0])",
    "plt.figure(figsize=(4.5, 2.5))\nplt.plot(x, f(x))\nplt.xlabel('x');",
    f"plt.figure(figsize=(4.5, 2.5))\nplt.plot(x, x**3)\n{_EDITED}",
    "plt.figure(figsize=(4.5, 2.5))\nfor k in range(3):\n    plt.plot(x, f(x) * k)\nf(x).mean()",
)

_OPTVIZ = 'extensions = ["sphinx_optviz"]\noptviz_frameworks = ["{0}"]\noptviz_default_framework = "{0}"\n'
_CONF = {
    "plain": "",
    "myst-nb": 'extensions = ["myst_nb"]\nnb_execution_mode = "cache"\n',
    "optviz": _OPTVIZ,
    "warm": _OPTVIZ,
}
# Without a format of Jupytext's it is no notebook.
_FORMAT = "jupytext:\n  text_representation:\n    extension: .md\n    format_name: myst\n"
_HEAD = f"---\n{_FORMAT}kernelspec:\n  name: python3\n  display_name: Python 3\n---\n\n# Page {{page}}\n\n"


def write_book(folder: Path, tool: str, framework: str, pages: int) -> None:
    """*pages* pages of five cells and three figures, and an index."""
    folder.mkdir(parents=True)
    conf = 'html_theme = "alabaster"\n' + _CONF[tool].format(framework)
    (folder / "conf.py").write_text(conf, encoding="utf-8")
    index = "Book\n====\n\n.. toctree::\n   :glob:\n\n   page*\n"
    (folder / "index.rst").write_text(index, encoding="utf-8")
    for page in range(pages):
        cells = [_SETUP[framework].format(page=page), *_CELLS]
        if tool == "myst-nb":
            blocks = [f"{_PROSE}```{{code-cell}} ipython3\n{cell}\n```\n\n" for cell in cells]
            path, head = folder / f"page{page:03}.md", _HEAD.format(page=page)
        else:
            directive = ".. code-block:: python" if tool == "plain" else ".. optplot::"
            blocks = [f"{_PROSE}{directive}\n\n{_indented(cell)}\n" for cell in cells]
            path, head = folder / f"page{page:03}.rst", f"Page {page}\n=========\n\n"
        path.write_text(head + "".join(blocks), encoding="utf-8")


def _indented(code: str) -> str:
    return "".join(f"   {line}\n" for line in code.split("\n"))


def edit_cell(folder: Path, number: int) -> None:
    """Change the fourth cell of one page."""
    (path,) = folder.glob("page001.*")
    path.write_text(path.read_text(encoding="utf-8").replace(_EDITED, f"plt.title('{number}');{_EDITED}"), "utf-8")


def build(folder: Path, output: Path, environment: Mapping[str, str] | None = None) -> float:
    """Seconds. What myst-nb's kernels say on standard error is not looked at; a build that fails is an error."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(folder), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(done.stderr)
    figures = len(list((output / "_images").glob("*"))) if (output / "_images").is_dir() else 0
    if "plain" not in folder.name and figures < 3 * len(list(folder.glob("page*"))):
        raise RuntimeError(f"{folder.name}: {figures} figures")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--frameworks", nargs="+", default=["numpy", "pytorch"], choices=list(_SETUP))
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "_work" / "cells")
    parser.add_argument("--pause", type=float, default=10.0, help="seconds before each build")
    asked = parser.parse_args()
    for framework in asked.frameworks:
        shutil.rmtree(asked.folder, ignore_errors=True)
        print(f"\n{framework}, {asked.pages} pages, {5 * asked.pages} cells: seconds, median [min-max]\n")
        heads = ["case", *TOOLS, "optviz / myst-nb", "warm / myst-nb"]
        print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        for tool in TOOLS:
            write_book(asked.folder / tool, tool, framework, asked.pages)
        with Warm() as warm:
            cases = {"cold": 1, "one cell edited": asked.repeats, "nothing changed": asked.repeats}
            for case, repeats in cases.items():
                times: dict[str, list[float]] = {tool: [] for tool in TOOLS}
                for number, tool in itertools.product(range(repeats), TOOLS):
                    if case == "one cell edited":
                        edit_cell(asked.folder / tool, number)
                    time.sleep(asked.pause)
                    environment = warm.environment() if tool == "warm" else None
                    times[tool].append(build(asked.folder / tool, asked.folder / f"{tool}-html", environment))
                _row(case, times)


def _row(case: str, times: dict[str, list[float]]) -> None:
    ratios = [
        [own / theirs for own, theirs in zip(times[tool], times["myst-nb"], strict=True)] for tool in ("optviz", "warm")
    ]
    print(f"| {case} | {' | '.join(map(_range, [*times.values(), *ratios]))} |", flush=True)


def _range(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} [{min(values):.2f}-{max(values):.2f}]"


if __name__ == "__main__":
    main()
