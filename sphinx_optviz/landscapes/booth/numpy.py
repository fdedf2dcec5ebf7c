# Plain arithmetic: the same line in every framework.
def f(x, y):
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2
