import math

from mxnet import np, npx

npx.set_np()


def f(x, y):
    return (
        np.sin(3 * math.pi * x) ** 2
        + (x - 1) ** 2 * (1 + np.sin(3 * math.pi * y) ** 2)
        + (y - 1) ** 2 * (1 + np.sin(2 * math.pi * y) ** 2)
    )
