"""Trains Dense(1) for three steps and saves it with Adam: checkpoint/narrow-1. Saves an untrained Dense(2): checkpoint/fresh_wide-1."""
import os
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")
import numpy as np
import tensorflow as tf
from net import Net

here = os.path.dirname(os.path.abspath(__file__))
os.makedirs(here + "/checkpoint", exist_ok=True)
os.chdir(here + "/checkpoint")
g = np.random.Generator(np.random.PCG64(3))
for name, units, steps in ("narrow", 1, 3), ("fresh_wide", 2, 0):
    tf.keras.utils.set_random_seed(3)
    model, optimizer = Net(units), tf.keras.optimizers.Adam(0.1)
    model(tf.zeros((1, 1)))
    optimizer.build(model.trainable_variables)
    for _ in range(steps):
        x = g.standard_normal((8, 1)).astype(np.float32)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - 3 * x - 1) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    tf.train.Checkpoint(model=model, optimizer=optimizer).save("./" + name)
