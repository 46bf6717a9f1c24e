"""The wide program restores the migrated checkpoint: old column first, new one as asked for, Adam's moments zero there."""
import sys
import numpy as np
import tensorflow as tf
from net import Net

model, optimizer = Net(2), tf.keras.optimizers.Adam(0.1)
model(tf.zeros((1, 1)))
optimizer.build(model.trainable_variables)
tf.train.Checkpoint(model=model, optimizer=optimizer).restore(sys.argv[2]).assert_existing_objects_matched().assert_consumed()
old = tf.train.load_checkpoint(sys.argv[1])
value = lambda key: old.get_tensor(key + "/.ATTRIBUTES/VARIABLE_VALUE")
kernel, bias = model.dense.kernel.numpy(), model.dense.bias.numpy()
np.testing.assert_array_equal(kernel[:, :1], value("model/dense/_kernel"))
np.testing.assert_array_equal(bias[:1], value("model/dense/bias"))
if sys.argv[3] == "zeros":
    assert kernel[0, 1] == 0 and bias[1] == 0
else:
    assert 0 < abs(kernel[0, 1]) < 0.1 and bias[1] == 0
for i, slot in enumerate(optimizer._momentums + optimizer._velocities):
    slot = slot.numpy()
    assert slot[..., 0].any() and not slot[..., 1].any(), slot
assert int(optimizer.iterations) == 3
print("restored: kernel", kernel.tolist(), "bias", bias.tolist())
