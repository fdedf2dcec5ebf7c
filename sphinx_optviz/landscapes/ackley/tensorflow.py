import math

import tensorflow as tf


def f(x, y):
    distance = tf.sqrt((x**2 + y**2) / 2)
    waves = (tf.cos(2 * math.pi * x) + tf.cos(2 * math.pi * y)) / 2
    return 20 + math.e - 20 * tf.exp(-0.2 * distance) - tf.exp(waves)
