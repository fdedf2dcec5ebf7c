import math

import jax.numpy as jnp


def f(x, y):
    distance = (x - math.pi) ** 2 + (y - math.pi) ** 2
    return -jnp.cos(x) * jnp.cos(y) * jnp.exp(-distance)
