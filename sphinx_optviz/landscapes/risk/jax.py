import math

import jax.numpy as jnp


def risk(x):
    return x * jnp.cos(math.pi * x)


def empirical_risk(x):
    return risk(x) + 0.2 * jnp.cos(5 * math.pi * x)
