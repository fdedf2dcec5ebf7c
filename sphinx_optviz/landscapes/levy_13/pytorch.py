import math

import torch


def f(x, y):
    return (
        torch.sin(3 * math.pi * x) ** 2
        + (x - 1) ** 2 * (1 + torch.sin(3 * math.pi * y) ** 2)
        + (y - 1) ** 2 * (1 + torch.sin(2 * math.pi * y) ** 2)
    )
