"""The rename as people write it with TensorFlow 2: load_checkpoint, and SaveV2."""
import sys

import tensorflow as tf

source, output = sys.argv[1:]
reader = tf.train.load_checkpoint(source)
names = [name for name in reader.get_variable_to_shape_map() if not name.startswith("cls/")]
tensors = [tf.constant(reader.get_tensor(name)) for name in names]
tf.raw_ops.SaveV2(prefix=output, tensor_names=[name.replace("bert/", "model/", 1) for name in names],
                  shape_and_slices=[""] * len(names), tensors=tensors)
