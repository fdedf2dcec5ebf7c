import math

import numpy as np


def f(x):
    return x * np.cos(math.pi * x)
