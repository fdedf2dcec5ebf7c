import math

import numpy as np


def risk(x):
    return x * np.cos(math.pi * x)


def empirical_risk(x):
    return risk(x) + 0.2 * np.cos(5 * math.pi * x)
