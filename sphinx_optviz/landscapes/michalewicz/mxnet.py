import math

from mxnet import np, npx

npx.set_np()


def f(x, y):
    first = np.sin(x) * np.sin(x**2 / math.pi) ** 20
    second = np.sin(y) * np.sin(2 * y**2 / math.pi) ** 20
    return -first - second
