import tensorflow as tf


def f(x, y):
    return tf.abs(x) + 0.1 * y**2
