"""A new program of the same architecture restores the migrated checkpoint and trains on as if nothing had happened."""
import sys
import numpy as np
import tensorflow as tf
from linear import Linear, train_step


def program(path):
    """A fresh model and optimizer, restored from path."""
    tf.keras.utils.clear_session()
    model, optimizer = Linear(), tf.keras.optimizers.Adam(0.1)
    optimizer.build([model.w, model.b])
    status = tf.train.Checkpoint(model=model, optimizer=optimizer).restore(path)
    status.assert_existing_objects_matched().assert_consumed()
    return model, optimizer


(old, old_optimizer), (new, new_optimizer) = program(sys.argv[1]), program(sys.argv[2])
for a, b in zip(old.variables + old_optimizer.variables, new.variables + new_optimizer.variables):
    np.testing.assert_array_equal(a.numpy(), b.numpy())
x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(8, 1)
for _ in range(3):
    a, b = train_step(old, old_optimizer, x, 3 * x + 1), train_step(new, new_optimizer, x, 3 * x + 1)
    assert float(a) == float(b), (a, b)
print("restored: %d values equal, three further training steps equal" % len(new.variables + new_optimizer.variables))
