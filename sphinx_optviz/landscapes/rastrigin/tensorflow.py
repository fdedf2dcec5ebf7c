import math

import tensorflow as tf


def f(x, y):
    waves = tf.cos(2 * math.pi * x) + tf.cos(2 * math.pi * y)
    return 20 + x**2 + y**2 - 10 * waves
