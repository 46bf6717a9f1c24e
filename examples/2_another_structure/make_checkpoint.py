"""Saves the new program as it is before any training, with its optimizer: checkpoint/fresh_two-1."""
import os
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")
import tensorflow as tf
from two_layers import TwoLayers

tf.keras.utils.set_random_seed(2)
model, optimizer = TwoLayers(), tf.keras.optimizers.Adam(0.1)
model(tf.zeros((1, 1)))
# Without this a fresh save has no moments, and nobody can tell where they would be.
optimizer.build(model.trainable_variables)
here = os.path.dirname(os.path.abspath(__file__))
os.makedirs(here + "/checkpoint", exist_ok=True)
os.chdir(here + "/checkpoint")
tf.train.Checkpoint(model=model, optimizer=optimizer).save("./fresh_two")
