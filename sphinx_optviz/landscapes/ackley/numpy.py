import math

import numpy as np


def f(x, y):
    distance = np.sqrt((x**2 + y**2) / 2)
    waves = (np.cos(2 * math.pi * x) + np.cos(2 * math.pi * y)) / 2
    return 20 + math.e - 20 * np.exp(-0.2 * distance) - np.exp(waves)
