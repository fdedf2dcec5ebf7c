import math

import numpy as np


def f(x, y):
    distance = (x - math.pi) ** 2 + (y - math.pi) ** 2
    return -np.cos(x) * np.cos(y) * np.exp(-distance)
