import math

import jax.numpy as jnp


def f(x, y):
    first = jnp.sin(x) * jnp.sin(x**2 / math.pi) ** 20
    second = jnp.sin(y) * jnp.sin(2 * y**2 / math.pi) ** 20
    return -first - second
