import math

import jax.numpy as jnp


def f(x, y):
    distance = jnp.sqrt((x**2 + y**2) / 2)
    waves = (jnp.cos(2 * math.pi * x) + jnp.cos(2 * math.pi * y)) / 2
    return 20 + math.e - 20 * jnp.exp(-0.2 * distance) - jnp.exp(waves)
