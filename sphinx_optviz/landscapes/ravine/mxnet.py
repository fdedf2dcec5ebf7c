from mxnet import np, npx

npx.set_np()


def f(x, y):
    return np.abs(x) + 0.1 * y**2
