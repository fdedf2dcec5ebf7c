# Plain arithmetic: the same line in every framework.
def f(x, y):
    return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2
