import torch


def f(x, y):
    return torch.abs(x) + 0.1 * y**2
