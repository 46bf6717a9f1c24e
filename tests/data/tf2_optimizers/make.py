"""
Makes the checkpoints here, with Keras 3 and Keras 2: `two` and `other` have two optimizers of one model, `twins` one optimizer of two
models whose variables have the same full names, `factored` the values of an Adafactor that are no slots. Usage: make.py FOLDER
"""
import os
import sys

import keras
import numpy as np
import tensorflow as tf
import tf_keras

out = sys.argv[1]
g = np.random.Generator(np.random.PCG64(77))


def dense(k):
    m = k.Sequential([k.layers.Dense(3, name="dense")])
    m.build((None, 3))
    m.set_weights([g.standard_normal(w.shape).astype(np.float32) for w in m.get_weights()])
    return m


def step(optimizer, variables):
    optimizer.build(variables)
    optimizer.apply_gradients([(tf.constant(g.standard_normal(v.shape).astype(np.float32)), v) for v in variables])


for name, paths in ("two", ("one", "two")), ("other", ("a", "b")):
    model, optimizers = dense(keras), {p: keras.optimizers.Adam(0.1) for p in paths}
    for optimizer in optimizers.values():
        step(optimizer, model.trainable_variables)
    tf.train.Checkpoint(model=model, **optimizers).save(os.path.join(out, name))
encoder, decoder, optimizer = dense(tf_keras), dense(tf_keras), tf_keras.optimizers.Adam(0.1)
step(optimizer, encoder.trainable_variables + decoder.trainable_variables)
tf.train.Checkpoint(encoder=encoder, decoder=decoder, optimizer=optimizer).save(os.path.join(out, "twins"))
model, optimizer = dense(keras), keras.optimizers.Adafactor(0.1)
step(optimizer, model.trainable_variables)
tf.train.Checkpoint(model=model, optimizer=optimizer).save(os.path.join(out, "factored"))
os.remove(os.path.join(out, "checkpoint"))
