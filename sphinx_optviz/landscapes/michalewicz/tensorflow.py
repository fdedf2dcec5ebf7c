import math

import tensorflow as tf


def f(x, y):
    first = tf.sin(x) * tf.sin(x**2 / math.pi) ** 20
    second = tf.sin(y) * tf.sin(2 * y**2 / math.pi) ** 20
    return -first - second
