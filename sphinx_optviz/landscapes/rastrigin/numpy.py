import math

import numpy as np


def f(x, y):
    waves = np.cos(2 * math.pi * x) + np.cos(2 * math.pi * y)
    return 20 + x**2 + y**2 - 10 * waves
