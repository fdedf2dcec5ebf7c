# Plain arithmetic: the same line in every framework.
def f(x, y):
    return x**3 - 3 * x * y**2
