import math

from mxnet import np, npx

npx.set_np()


def f(x, y):
    distance = (x - math.pi) ** 2 + (y - math.pi) ** 2
    return -np.cos(x) * np.cos(y) * np.exp(-distance)
