import numpy as np


def f(x):
    return np.tanh(x)
