import math

import tensorflow as tf


def risk(x):
    return x * tf.cos(math.pi * x)


def empirical_risk(x):
    return risk(x) + 0.2 * tf.cos(5 * math.pi * x)
