"""The new program restores the migrated checkpoint: it computes what the old one did, and trains."""
import sys
import numpy as np
import tensorflow as tf
from two_layers import TwoLayers

model, optimizer = TwoLayers(), tf.keras.optimizers.Adam(0.1)
x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(8, 1)
model(x)
tf.train.Checkpoint(model=model, optimizer=optimizer).restore(sys.argv[2]).assert_existing_objects_matched().assert_consumed()
old = tf.train.load_checkpoint(sys.argv[1])
w, b = (old.get_tensor("model/%s/.ATTRIBUTES/VARIABLE_VALUE" % name) for name in "wb")
np.testing.assert_array_equal(model.dense1.kernel, w)
np.testing.assert_array_equal(model.dense1.bias, b)
np.testing.assert_allclose(model(x), x @ w + b, rtol=1e-6)
assert int(optimizer.iterations) == 3
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - 3 * x - 1) ** 2)
optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
print("restored: dense1 has the old values, the network computes what it did, optimizer at step", int(optimizer.iterations))
