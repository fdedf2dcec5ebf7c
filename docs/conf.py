"""Sphinx configuration of the documentation, and an example of one for a book."""

from __future__ import annotations

import sphinx_optviz

project = "sphinx-optviz"
author = "The sphinx-optviz developers"
copyright = "2026, the sphinx-optviz developers"
release = sphinx_optviz.__version__
version = release

extensions = ["sphinx_optviz", "myst_parser"]
myst_enable_extensions = ["dollarmath"]
# Snippets are shown and included by the pages of the guide; they are no pages themselves.
exclude_patterns = ["_build", "_optviz", "snippets"]

# Figures have numbers, and :numref: refers to them. "Fig. 3", not "Fig. 2.3": a manual has no chapters to count.
numfig = True
numfig_secnum_depth = 0

html_theme = "furo"
html_title = f"sphinx-optviz {release}"

# Footnotes with the addresses of links are noise on a small screen.
epub_show_urls = "no"
# Without -d, sphinx-build keeps the doctrees in the output folder, and the EPUB builder wonders what they are.
suppress_warnings = ["epub.unknown_project_files"]

# Pages have signs of mathematics that pdflatex does not know; its index needs no program beside TeX's own.
latex_engine = "xelatex"
latex_use_xindy = False
