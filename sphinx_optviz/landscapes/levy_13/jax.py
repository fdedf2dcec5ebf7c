import math

import jax.numpy as jnp


def f(x, y):
    return (
        jnp.sin(3 * math.pi * x) ** 2
        + (x - 1) ** 2 * (1 + jnp.sin(3 * math.pi * y) ** 2)
        + (y - 1) ** 2 * (1 + jnp.sin(2 * math.pi * y) ** 2)
    )
