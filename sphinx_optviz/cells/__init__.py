"""The child's side of cells: texts that are sent to a page's interpreter, one for each page and framework.

They share one namespace there and import nothing of this package. What they need beside Python is NumPy, and, where
the author's code draws, Matplotlib; where there is IPython, its shell runs the cells.
"""
