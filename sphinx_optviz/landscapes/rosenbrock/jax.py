# Plain arithmetic: the same line in every framework.
def f(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2
