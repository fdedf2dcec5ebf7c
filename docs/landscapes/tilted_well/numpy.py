# Plain arithmetic: the same line in every framework.
def f(x):
    return (x**2 - 1) ** 2 + x / 4
