"""Compares the migrated checkpoint with NumPy, then restores it by a TF1 Saver into a graph with the new names."""
import sys
import numpy as np
import tensorflow as tf

old, new = tf.train.load_checkpoint(sys.argv[1]), tf.train.load_checkpoint(sys.argv[2])
o = old.get_tensor
for slot in "", "/adam_m", "/adam_v":
    for i in range(4):
        layer = "bert/encoder/layer_%d/" % i
        kernels = [o(layer + "attention/self/%s/kernel" % p + slot) for p in ("query", "key", "value")]
        np.testing.assert_array_equal(new.get_tensor("encoder/%d/attention/qkv/weight" % i + slot), np.concatenate(kernels, 1).T)
        np.testing.assert_array_equal(new.get_tensor("encoder/%d/up/weight" % i + slot), o(layer + "intermediate/dense/kernel" + slot).T)
        np.testing.assert_array_equal(new.get_tensor("encoder/%d/attention/norm/scale" % i + slot),
                                      o(layer + "attention/output/LayerNorm/gamma" + slot))
    words, table = o("bert/embeddings/word_embeddings" + slot), new.get_tensor("embed/word" + slot)
    np.testing.assert_array_equal(table[:32], words)
    fill = np.zeros(8, np.float32) if slot else words.astype(np.float64).mean(0).astype(np.float32)
    np.testing.assert_array_equal(table[32:], np.tile(fill, (8, 1)))
assert not any("seq_relationship" in name for name in new.get_variable_to_shape_map())

with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    names = {n: s for n, s in tf.train.list_variables(sys.argv[2])}
    variables = {n: tf.compat.v1.get_variable(n, s, new.get_variable_to_dtype_map()[n]) for n, s in names.items()}
    tf.compat.v1.train.Saver(variables).restore(session, sys.argv[2])
    for name, variable in variables.items():
        np.testing.assert_array_equal(session.run(variable), new.get_tensor(name))
print("restored: %d variables, equal to what NumPy computes" % len(names))
