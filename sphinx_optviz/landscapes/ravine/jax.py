import jax.numpy as jnp


def f(x, y):
    return jnp.abs(x) + 0.1 * y**2
