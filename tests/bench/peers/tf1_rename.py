"""The well-known TF1 script: a variable for each tensor, then Saver.save. Fails above 2 GB, where the graph holds too much."""
import sys

import tensorflow.compat.v1 as tf

tf.disable_eager_execution()
source, output = sys.argv[1:]
reader = tf.train.load_checkpoint(source)
with tf.Session() as session:
    for name in reader.get_variable_to_shape_map():
        if not name.startswith("cls/"):
            tf.Variable(reader.get_tensor(name), name=name.replace("bert/", "model/", 1))
    session.run(tf.global_variables_initializer())
    tf.train.Saver().save(session, output, write_meta_graph=False)
