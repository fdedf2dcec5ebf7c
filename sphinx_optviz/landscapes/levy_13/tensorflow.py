import math

import tensorflow as tf


def f(x, y):
    return (
        tf.sin(3 * math.pi * x) ** 2
        + (x - 1) ** 2 * (1 + tf.sin(3 * math.pi * y) ** 2)
        + (y - 1) ** 2 * (1 + tf.sin(2 * math.pi * y) ** 2)
    )
