"""Trains the linear model for three steps and saves it with its optimizer: checkpoint/linear-1."""
import os
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")
import numpy as np
import tensorflow as tf
from linear import Linear, train_step

tf.keras.utils.set_random_seed(1)
model, optimizer = Linear(), tf.keras.optimizers.Adam(0.1)
g = np.random.Generator(np.random.PCG64(1))
for _ in range(3):
    x = g.standard_normal((8, 1)).astype(np.float32)
    train_step(model, optimizer, x, 3 * x + 1)
here = os.path.dirname(os.path.abspath(__file__))
os.makedirs(here + "/checkpoint", exist_ok=True)
os.chdir(here + "/checkpoint")
tf.train.Checkpoint(model=model, optimizer=optimizer).save("./linear")
for key, shape in tf.train.list_variables("./linear-1"):
    print(key, shape)
