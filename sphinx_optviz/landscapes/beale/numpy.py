# Plain arithmetic: the same lines in every framework.
def f(x, y):
    first = 1.5 - x + x * y
    second = 2.25 - x + x * y**2
    third = 2.625 - x + x * y**3
    return first**2 + second**2 + third**2
