import math

import jax.numpy as jnp


def f(x, y):
    waves = jnp.cos(2 * math.pi * x) + jnp.cos(2 * math.pi * y)
    return 20 + x**2 + y**2 - 10 * waves
