from pathlib import Path

from sphinx_optviz.frameworks import Framework

framework = Framework(
    name="tiny",
    label="Tiny",
    module="tiny",
    adapter=Path(__file__).with_name("adapter.py"),
    requirements=("tiny==1.0", "numpy"),
)
