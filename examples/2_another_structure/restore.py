"""The new program restores a migrated checkpoint: it computes what the old one did, and trains.

restore.py OLD NEW [with_optimizer]
"""
import sys
import numpy as np
import tensorflow as tf
from two_layers import TwoLayers

old = tf.train.load_checkpoint(sys.argv[1])
value = lambda key: old.get_tensor(key + "/.ATTRIBUTES/VARIABLE_VALUE")
w, b = value("model/w"), value("model/b")

model, optimizer = TwoLayers(), tf.keras.optimizers.Adam(0.1)
x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(8, 1)
model(x)
optimizer.build(model.trainable_variables)
with_optimizer = sys.argv[3:] == ["with_optimizer"]
checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer) if with_optimizer else tf.train.Checkpoint(model=model)
checkpoint.restore(sys.argv[2]).assert_existing_objects_matched().assert_consumed()

np.testing.assert_array_equal(model.dense1.kernel, w)
np.testing.assert_array_equal(model.dense1.bias, b)
np.testing.assert_allclose(model(x), x @ w + b, rtol=1e-6)
if with_optimizer:
    # In the old program slots are listed as the variables were: w, b.
    for i, new in enumerate(optimizer._momentums[:2]):
        np.testing.assert_array_equal(new.numpy(), value("optimizer/_variables/%d" % (2 + 2 * i)))
    assert all(not slot.numpy().any() for slot in optimizer._momentums[2:] + optimizer._velocities[2:])
assert int(optimizer.iterations) == (3 if with_optimizer else 0)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - 3 * x - 1) ** 2)
optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
print("restored: dense1 has the old values, the network computes what it did, optimizer at step", int(optimizer.iterations))
