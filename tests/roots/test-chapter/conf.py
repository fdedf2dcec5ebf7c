project = "Chapter"
copyright = "2026"
version = release = "1"
extensions = ["sphinx_optviz"]
numfig = True
optviz_frameworks = ["numpy", "mxnet", "jax", "tensorflow"]
optviz_default_framework = "numpy"
man_pages = [("index", "chapter", "Chapter", ["us"], 1)]
epub_show_urls = "no"
suppress_warnings = ["optviz.framework_missing"]
