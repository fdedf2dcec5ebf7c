# Plain arithmetic: the same line in every framework.
def f(x):
    return x**3
