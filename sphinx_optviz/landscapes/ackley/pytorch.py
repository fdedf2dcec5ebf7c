import math

import torch


def f(x, y):
    distance = torch.sqrt((x**2 + y**2) / 2)
    waves = (torch.cos(2 * math.pi * x) + torch.cos(2 * math.pi * y)) / 2
    return 20 + math.e - 20 * torch.exp(-0.2 * distance) - torch.exp(waves)
