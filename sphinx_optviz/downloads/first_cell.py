"""The first code cell of a download: whatever the others need to give what the book shows."""

from __future__ import annotations

import ast
import base64
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_optviz.draw import looks
from sphinx_optviz.draw.literals import literal
from sphinx_optviz.frameworks import framework

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTE = "# Set-up, so that what follows gives what the book shows.\n"

_MODULES = """\
# The book's own modules.
folder = pathlib.Path(tempfile.mkdtemp())
modules = {files}
for name, text in modules.items():
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
sys.path[:0] = [str(folder / name) for name in {folders}]
"""

_FILES = """\
# Files that the code reads.
files = {files}
for name, content in files.items():
    path = pathlib.Path(name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
"""

_ABSENT = "# The code reads this file too, which has to be put here: {path}\n"

_BOOK_STYLE = """\
# The book's own parameters, as far as this Matplotlib knows them.
book_style = {values}
book_style = {{name: value for name, value in book_style.items() if name in plt.rcParams}}
"""

_STYLE_OF_CELLS = """\
# Figures look as in the book, whatever settings this machine has.
matplotlib.rcdefaults()
"""

_SEED = """\
def {set_seed}(number{default}):
    \"\"\"Let the random numbers that follow be those of the book.\"\"\"
    import random

    import numpy
{more}
    random.seed(number)
    numpy.random.seed(number)
"""

_DEFAULT_RNG = """\

    # Generators without a seed of their own are taken from a fixed row.
    row = itertools.count()

    def default_rng(seed=None):
        if seed is not None:
            return original(seed)
        return numpy.random.Generator(numpy.random.PCG64([number, next(row)]))

    numpy.random.default_rng = default_rng
"""

_SEEDED = {
    "pytorch": ("torch", "    torch.manual_seed(number)\n"),
    "tensorflow": ("tensorflow", "    tensorflow.random.set_seed(number)\n"),
    "mxnet": ("mxnet", "    mxnet.random.seed(number)\n"),
}

_PRECISION = {
    "pytorch": """\
@contextlib.contextmanager
def {double_precision}():
    \"\"\"Let PyTorch compute in float64, and afterwards in what it was set to.\"\"\"
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


""",
    "jax": """\
@contextlib.contextmanager
def {double_precision}():
    \"\"\"Let JAX compute in float64, and afterwards in what it was set to.\"\"\"
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


""",
}

_EVALUATE = """\
def {evaluate}(f, *points):
    \"\"\"The values of f at points, computed by {label} in double precision.\"\"\"
    import numpy as np
{imports}
    points = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in points))
{compute}    return np.reshape(values, points[0].shape)
"""

# What a framework is imported as, and how it computes values of columns of points.
_COMPUTE = {
    "numpy": ("", '    with np.errstate(all="ignore"):\n        values = f(*(part.flatten() for part in points))\n'),
    "pytorch": (
        "    import torch\n",
        """\
    with {double_precision}():
        values = f(*(torch.from_numpy(part.flatten()) for part in points)).detach().numpy()
""",
    ),
    "jax": (
        "    import jax.numpy as jnp\n",
        """\
    with {double_precision}():
        values = np.asarray(f(*(jnp.asarray(part.flatten()) for part in points)))
""",
    ),
    "tensorflow": (
        "    import tensorflow as tf\n",
        "    values = f(*(tf.constant(part.flatten()) for part in points)).numpy()\n",
    ),
    "mxnet": (
        "    import mxnet\n",
        """\
    with mxnet.util.np_shape(True), mxnet.util.np_array(True):
        columns = (mxnet.np.array(part.flatten(), dtype="float64") for part in points)
        values = f(*columns).asnumpy()
""",
    ),
}

# The beginning of a line that IPython takes for a prompt, and drops, in a text too.
_PROMPT = re.compile(r"^([ \t]*)([>.I])(?=>>|\.\.|n \[)", re.MULTILINE)

# What would end a text in triple quotes.
_QUOTES = re.compile(r"'{3,}|'+\Z")

CAN_EVALUATE = tuple(_COMPUTE)
HAS_PRECISION = tuple(_PRECISION)  # where the type of new arrays is a setting


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What the cells of one download need; names of helpers as they are called in it."""

    framework: str
    names: Mapping[str, str]  # of the helpers
    modules: Mapping[str, str]  # text by path, as seen from conf.py
    files: Mapping[str, bytes | None]  # that the code reads, by path; None: it is not to be in the download
    folders: tuple[str, ...]  # from where they are imported, likewise
    has_cells: bool
    cells_draw: bool
    has_default_rng: bool
    evaluated: frozenset[str]  # the frameworks that landscapes are computed in
    has_figures: bool  # of landscapes
    has_finer: bool  # whether some of them are drawn on a finer grid
    rcparams: Mapping[str, object]


def first_cell(needs: Needs) -> str:
    """The text; "" if nothing is needed."""
    parts, imports = _brought_along(needs)
    if needs.rcparams and (needs.cells_draw or needs.has_figures):
        imports |= {"matplotlib.pyplot as plt"}
        parts.append(_BOOK_STYLE.format(values=_dict(needs.rcparams)))
    if needs.cells_draw:
        imports |= {"matplotlib", "matplotlib.pyplot as plt"}
        parts.append(_STYLE_OF_CELLS + ("plt.rcParams.update(book_style)\n" if needs.rcparams else ""))
    if needs.has_cells:
        imports |= {"itertools", "numpy"} if needs.has_default_rng else set()
        parts.append(_seeding(needs))
    if needs.has_figures:
        imports |= {"matplotlib.pyplot as plt"}
        parts.append(_book_style(needs))
    if needs.has_finer:
        parts.append(_doubling(needs.names["doubled"]))
    for name in sorted(needs.evaluated):
        imports |= {"contextlib"} if name in _PRECISION else set()
        lines, compute = _COMPUTE[name]
        text = _PRECISION.get(name, "") + _EVALUATE
        helpers = {**needs.names, "evaluate": needs.names["evaluate" if name == needs.framework else "evaluate_numpy"]}
        words = {"label": framework(name).label, "imports": lines, "compute": compute.format(**helpers)}
        parts.append(text.format(**helpers, **words))
    if not parts:
        return ""
    head = "".join(f"import {name}\n" for name in sorted(imports))
    return "\n".join([_NOTE, *([head] if head else []), "\n\n".join(parts)])


def _brought_along(needs: Needs) -> tuple[list[str], set[str]]:
    """The book's files that the code uses, and what their code imports."""
    parts = []
    imports: set[str] = set()
    if needs.modules:
        imports |= {"pathlib", "sys", "tempfile"}
        texts = "".join(f"    {literal(path)}: {quoted(text)},\n" for path, text in needs.modules.items())
        folders = literal(list(needs.folders))
        parts.append(_MODULES.replace("{folders}", folders).replace("{files}", f"{{\n{texts}}}"))
    if files := {path: content for path, content in needs.files.items() if content is not None}:
        contents = {path: _bytes(content) for path, content in files.items()}
        imports |= {"pathlib"} | {"base64" for text in contents.values() if text.startswith("base64")}
        texts = "".join(f"    {literal(path)}: {text},\n" for path, text in contents.items())
        parts.append(_FILES.replace("{files}", f"{{\n{texts}}}"))
    if absent := [path for path, content in needs.files.items() if content is None]:
        parts.append("".join(_ABSENT.format(path=literal(path)) for path in absent))
    return parts, imports


def _seeding(needs: Needs) -> str:
    module, line = _SEEDED.get(needs.framework, ("", ""))
    more = f"    import {module}\n" if module else ""
    text = _SEED.format(
        set_seed=needs.names["set_seed"],
        default=", original=numpy.random.default_rng" if needs.has_default_rng else "",
        more=more,
    )
    return f"{text}{line}{_DEFAULT_RNG if needs.has_default_rng else ''}\n\n{needs.names['set_seed']}(0)\n"


def _doubling(name: str) -> str:
    """The code that draws contours on a finer grid, as functions that stand alone."""
    tree = ast.parse(Path(looks.__file__).with_name("finer.py").read_text(encoding="utf-8"))
    texts = []
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        function.returns = None
        for argument in function.args.args:
            argument.annotation = None
        function.body.insert(1, ast.parse("import numpy as np").body[0])  # behind the docstring
        texts.append(f"{ast.unparse(function)}\n")
    return re.sub(r"\b(_?)doubled\b", lambda found: f"{name}_down" if found[1] else name, "\n\n".join(texts))


def _book_style(needs: Needs) -> str:
    """What a figure of a landscape is drawn in."""
    colours, lines = literal(looks.COLOURS), literal(looks.LINES)
    cycle = f'style["axes.prop_cycle"] = plt.cycler(\n    color={colours},\n    linestyle={lines},\n)\n'
    changes = ", book_style" if needs.rcparams else ""
    name = needs.names["in_book_style"]
    return (
        f"# What the book's plots of landscapes look like.\nstyle = {_dict(looks.RCPARAMS)}\n{cycle}"
        f'{name} = plt.style.context(["default", style{changes}])\n'
    )


def _dict(values: Mapping[str, object]) -> str:
    lines = "".join(f"    {literal(key)}: {literal(value)},\n" for key, value in values.items())
    return f"{{\n{lines}}}"


def _bytes(content: bytes) -> str:
    """An expression for *content*, which can be read where it is text."""
    try:
        return f"{quoted(content.decode('utf-8'))}.encode()"
    except UnicodeDecodeError:
        return f"base64.b64decode({base64.b64encode(content).decode()!r})"


def quoted(text: str) -> str:
    """*text* as a literal over several lines."""
    inside = _QUOTES.sub(lambda run: "\\'" * len(run[0]), text.replace("\\", "\\\\"))
    inside = "".join(sign if sign == "\n" or sign.isprintable() else ascii(sign)[1:-1] for sign in inside)
    inside = _PROMPT.sub(lambda found: f"{found[1]}\\x{ord(found[2]):02x}", inside)
    return f"'''\\\n{inside}'''"
