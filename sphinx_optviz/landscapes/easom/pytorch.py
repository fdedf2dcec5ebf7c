import math

import torch


def f(x, y):
    distance = (x - math.pi) ** 2 + (y - math.pi) ** 2
    return -torch.cos(x) * torch.cos(y) * torch.exp(-distance)
