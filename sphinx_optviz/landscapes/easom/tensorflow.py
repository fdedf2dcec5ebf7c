import math

import tensorflow as tf


def f(x, y):
    distance = (x - math.pi) ** 2 + (y - math.pi) ** 2
    return -tf.cos(x) * tf.cos(y) * tf.exp(-distance)
