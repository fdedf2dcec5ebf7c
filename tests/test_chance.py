"""Nothing that pages show depends on chance: sets and hashes are the same in each child and each build."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from duals import CONF

if TYPE_CHECKING:
    from conftest import MakeBook

HASHES = """\
.. optplot::

   .. framework:: numpy, duals

      words = {f"word {number}" for number in range(20)}
      print(list(words), hash("a"), hash((1.5, "b")), [hash(b"c")])
      [float(hash(word) % 1000) for word in words]

.. optplot:: salted
"""

SALTED = "\n\ndef f(x):\n    return x * (hash('salt') % 7 + 1)\n"

INTERPRETERS = {"own": "", "path": sys.executable, "spec": f"popen//python={sys.executable}"}


@pytest.mark.usefixtures("duals", "fresh_interpreters")
@pytest.mark.parametrize("interpreter", INTERPRETERS.values(), ids=INTERPRETERS)
def test_hashes_are_the_same_in_every_child_and_build(make_book: MakeBook, interpreter: str) -> None:
    config: dict[str, Any] = {"optviz_frameworks": ["numpy", "duals"]}
    if interpreter:
        config["optviz_interpreters"] = {"duals": interpreter}
    found = []
    for folder in ("one", "other"):
        book = make_book(page=HASHES, folder=folder)
        book.write("conf.py", CONF)
        book.landscape("salted", f"import numpy as np{SALTED}")
        book.landscape("salted", f"import hyperduals as np{SALTED}", framework="duals")
        shown = book.build("html", **config).page()
        assert len(shown.outputs) == 4
        assert shown.outputs[:2] == shown.outputs[2:], "both frameworks print the same"
        assert not any("disagree" in note for note in shown.notes)
        found.append({path.name: path.read_bytes() for path in book.store})
    assert found[0] == found[1]
