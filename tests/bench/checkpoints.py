"""Checkpoints to measure with, made by ckmig itself: nothing is fetched. They are kept in the work folder and used again."""
import os
import subprocess

EMPTY = "tests/data/empty/header_only"
HIDDEN, INNER, VOCABULARY = 1024, 4096, 30522


def bert_variables(layers):
    """Names and shapes of BERT-large: 12.6 million elements a layer, 31 million of embeddings."""
    yield "bert/embeddings/word_embeddings", (VOCABULARY, HIDDEN)
    yield "bert/embeddings/position_embeddings", (512, HIDDEN)
    yield "bert/embeddings/token_type_embeddings", (2, HIDDEN)
    for x in "beta", "gamma":
        yield "bert/embeddings/LayerNorm/" + x, (HIDDEN,)
    for i in range(layers):
        layer = "bert/encoder/layer_%d/" % i
        for x in "query", "key", "value":
            yield layer + "attention/self/%s/kernel" % x, (HIDDEN, HIDDEN)
            yield layer + "attention/self/%s/bias" % x, (HIDDEN,)
        for x, shape in ("attention/output", (HIDDEN, HIDDEN)), ("intermediate", (HIDDEN, INNER)), ("output", (INNER, HIDDEN)):
            yield layer + x + "/dense/kernel", shape
            yield layer + x + "/dense/bias", shape[1:]
        for x in "attention/output", "output":
            for y in "beta", "gamma":
                yield layer + x + "/LayerNorm/" + y, (HIDDEN,)
    yield "bert/pooler/dense/kernel", (HIDDEN, HIDDEN)
    yield "bert/pooler/dense/bias", (HIDDEN,)
    yield "cls/seq_relationship/output_weights", (2, HIDDEN)
    yield "cls/seq_relationship/output_bias", (2,)


def make(ckmig, folder, name, variables, fill="uniform(-0.05, 0.05, seed=%d)"):
    """Prefix and size in bytes of a checkpoint of float32 variables with uniform values, or another fill."""
    prefix = os.path.join(folder, name)
    data = prefix + ".data-00000-of-00001"
    if not os.path.exists(prefix + ".index"):
        text = prefix + ".ckmig"
        with open(text, "w") as f:
            f.write("ckmig 1\nkeep optional rest\n")
            for i, (variable, shape) in enumerate(variables):
                f.write('new "%s":f32%s=%s\n' % (variable, list(shape), fill % i if "%" in fill else fill))
        subprocess.run([ckmig, "run", "-q", "--no-sync", "--no-state", "-o", prefix, text, EMPTY], check=True)
        os.remove(prefix + ".report.json")
    # Into the page cache.
    with open(data, "rb") as f:
        while f.read(1 << 24):
            pass
    return prefix, os.path.getsize(data)


def bert(ckmig, folder, gib):
    """BERT-large shapes with as many layers as make it at least `gib` GiB, and one at least."""
    layers = 1
    while sum(4 * product(shape) for _, shape in bert_variables(layers)) < gib * 2**30:
        layers += 1
    return make(ckmig, folder, "bert-%g" % gib, bert_variables(layers))


def matrix(ckmig, folder, n):
    return make(ckmig, folder, "matrix-%d" % n, [("w", (n, n))])


def many(ckmig, folder, n):
    """n small variables, a hundred a layer. Short statements: a migration has at most 64 MiB."""
    return make(ckmig, folder, "many-%d" % n, (("model/layer_%d/block/var_%d/kernel" % divmod(i, 100), (4,)) for i in range(n)), "zeros")


def product(shape):
    n = 1
    for x in shape:
        n *= x
    return n
