"""Takes the place of IPython, and is not there either."""

raise ImportError
