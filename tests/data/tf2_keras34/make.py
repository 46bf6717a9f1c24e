"""
Makes the checkpoints here with Keras 3.4 on TensorFlow 2.21: its optimizers call their step count `iterations` and leave their lists of
slots empty. Usage: PYTHONPATH=FOLDER_WITH_KERAS_3.4 make.py FOLDER
"""
import os
import sys

import keras
import numpy as np
import tensorflow as tf

assert keras.__version__ == "3.4.1"
g = np.random.Generator(np.random.PCG64(34))
data = [(g.standard_normal((8, 3)).astype(np.float32), g.standard_normal((8, 2)).astype(np.float32)) for _ in range(3)]
optimizers = {"adam": keras.optimizers.Adam(0.01, amsgrad=True, use_ema=True), "rmsprop": keras.optimizers.RMSprop(0.01, momentum=0.9, centered=True)}
for name, optimizer in optimizers.items():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu", name="hidden"), keras.layers.Dense(2, name="out")])
    for x, y in data:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    tf.train.Checkpoint(model=model, optimizer=optimizer).save(os.path.join(sys.argv[1], name))
os.remove(os.path.join(sys.argv[1], "checkpoint"))
