"""Small tf.Modules, whose variables are made of random numbers."""
import tensorflow as tf


class Block(tf.Module):
    def __init__(self, g, kernel="kernel"):
        super().__init__()
        setattr(self, kernel, tf.Variable(g.standard_normal((3, 3)), dtype=tf.float32, name="kernel"))
        self.bias = tf.Variable(g.standard_normal(3), dtype=tf.float32, name="bias")


class Model(tf.Module):
    """block/0, block/1 and a table that is reachable by two paths."""

    def __init__(self, g, blocks="blocks", kernel="kernel", head="head"):
        super().__init__()
        setattr(self, blocks, [Block(g, kernel), Block(g, kernel)])
        self.table = tf.Variable(g.standard_normal((5, 3)), dtype=tf.float32, name="table")
        setattr(self, head, self.table)
