import math

import numpy as np


def f(x):
    return np.cos(math.pi * x)
