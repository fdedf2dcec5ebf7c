"""What sphinx_optviz has to know of the framework: the host loads this, and not the library itself."""

from __future__ import annotations

from pathlib import Path

from sphinx_optviz.frameworks import Framework

DUALS = Framework(
    name="duals",
    label="Dual numbers",
    module="hyperduals",
    adapter=Path(__file__).parent / "adapter.py",
)
