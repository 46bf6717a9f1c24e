"""q, k and v fused, kernels transposed, all of it bfloat16: TensorFlow 2 and NumPy."""
import re
import sys

import numpy as np
import tensorflow as tf

source, output = sys.argv[1:]
reader = tf.train.load_checkpoint(source)
out = {}
for name in reader.get_variable_to_shape_map():
    if name.startswith("cls/"):
        continue
    layer = re.match(r"bert/encoder/layer_(\d+)/", name)
    if re.search(r"attention/self/(key|value)/kernel$", name):
        continue
    if name.endswith("attention/self/query/kernel"):
        parts = [reader.get_tensor(name.replace("query", part)) for part in ("query", "key", "value")]
        out["model/%s/attention/qkv" % layer.group(1)] = tf.cast(np.concatenate(parts, axis=1).T, tf.bfloat16)
    elif layer and name.endswith("dense/kernel"):
        out[name.replace("bert/", "model/", 1)] = tf.cast(reader.get_tensor(name).T, tf.bfloat16)
    else:
        out[name.replace("bert/", "model/", 1)] = tf.cast(reader.get_tensor(name), tf.bfloat16)
tf.raw_ops.SaveV2(prefix=output, tensor_names=list(out), shape_and_slices=[""] * len(out), tensors=list(out.values()))
