"""Adapter for tiny."""

import numpy as np
import tiny

METHODS = {"gradients": DIFFERENCES, "hessians": DIFFERENCES}


def version():
    return tiny.__version__


def prepare():
    np.random.seed(0)


def values(f, columns):
    return f(*(tiny.array(column) for column in columns))


def gradients(f, columns):
    found = [difference(lambda c: (values(f, c), None), columns, i) for i in range(len(columns))]
    return np.stack([rows for rows, _ in found], axis=-1), np.max([error for _, error in found], axis=0)


def hessians(f, columns):
    found = [difference(lambda c: gradients(f, c), columns, i) for i in range(len(columns))]
    return np.stack([rows for rows, _ in found], axis=1), np.max([error for _, error in found], axis=0)
