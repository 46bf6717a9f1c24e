"""Saves a tiny BERT with the original variable names and its Adam moments: checkpoint/bert_model.ckpt (TF1 Saver)."""
import os
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")
import numpy as np
import tensorflow as tf

HIDDEN, INNER, VOCABULARY, LAYERS = 8, 32, 32, 4


def shapes():
    """name -> shape, as google-research/bert names them."""
    out = {"bert/embeddings/word_embeddings": (VOCABULARY, HIDDEN), "bert/embeddings/position_embeddings": (16, HIDDEN),
           "bert/embeddings/token_type_embeddings": (2, HIDDEN)}

    def dense(name, n_in, n_out):
        out[name + "/kernel"], out[name + "/bias"] = (n_in, n_out), (n_out,)

    def norm(name):
        out[name + "/LayerNorm/gamma"] = out[name + "/LayerNorm/beta"] = (HIDDEN,)

    norm("bert/embeddings")
    for i in range(LAYERS):
        layer = "bert/encoder/layer_%d/" % i
        for part in "query", "key", "value":
            dense(layer + "attention/self/" + part, HIDDEN, HIDDEN)
        dense(layer + "attention/output/dense", HIDDEN, HIDDEN)
        norm(layer + "attention/output")
        dense(layer + "intermediate/dense", HIDDEN, INNER)
        dense(layer + "output/dense", INNER, HIDDEN)
        norm(layer + "output")
    dense("bert/pooler/dense", HIDDEN, HIDDEN)
    dense("cls/predictions/transform/dense", HIDDEN, HIDDEN)
    norm("cls/predictions/transform")
    out["cls/predictions/output_bias"] = (VOCABULARY,)
    out["cls/seq_relationship/output_weights"], out["cls/seq_relationship/output_bias"] = (2, HIDDEN), (2,)
    return out


g = np.random.Generator(np.random.PCG64(4))
draw = lambda shape, scale: (g.standard_normal(shape) * scale).astype(np.float32)
values = {"global_step": np.int64(1000)}
for name, shape in shapes().items():
    values[name] = draw(shape, 0.02)
    values[name + "/adam_m"] = draw(shape, 1e-3)
    values[name + "/adam_v"] = draw(shape, 1e-3) ** 2
here = os.path.dirname(os.path.abspath(__file__))
os.makedirs(here + "/checkpoint", exist_ok=True)
os.chdir(here + "/checkpoint")
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    variables = [tf.compat.v1.get_variable(name, initializer=value) for name, value in values.items()]
    session.run(tf.compat.v1.global_variables_initializer())
    tf.compat.v1.train.Saver().save(session, "./bert_model.ckpt", write_meta_graph=False)
