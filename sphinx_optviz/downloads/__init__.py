"""PLACE: what readers take home: for each page and framework a notebook and a script that need nothing of ours."""
