"""The model of this example: y = w x + b, as raw variables called weight and bias."""
import tensorflow as tf


class Linear(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([[0.5]], name="weight")
        self.b = tf.Variable([0.0], name="bias")

    def call(self, x):
        return tf.matmul(x, self.w) + self.b


def train_step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    variables = [model.w, model.b]
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss
