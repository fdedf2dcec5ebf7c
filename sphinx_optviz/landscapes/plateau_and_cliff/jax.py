import jax.numpy as jnp


def f(x):
    return jnp.exp(4 * (x - 2)) - jnp.tanh(2 * x)
