import math

import jax.numpy as jnp


def f(x):
    return x * jnp.cos(math.pi * x)
