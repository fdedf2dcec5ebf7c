import math

import jax.numpy as jnp


def f(x):
    return jnp.cos(math.pi * x)
