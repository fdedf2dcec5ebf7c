import math

import torch


def f(x, y):
    first = torch.sin(x) * torch.sin(x**2 / math.pi) ** 20
    second = torch.sin(y) * torch.sin(2 * y**2 / math.pi) ** 20
    return -first - second
