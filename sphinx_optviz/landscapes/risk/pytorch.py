import math

import torch


def risk(x):
    return x * torch.cos(math.pi * x)


def empirical_risk(x):
    return risk(x) + 0.2 * torch.cos(5 * math.pi * x)
