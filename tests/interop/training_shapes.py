"""
Training goes on through a change of the model, in each generation: layers renamed, the model written the other way round, q, k and v
fused, widths grown, heads dropped, layers that change places. The losses are those of the program that never stopped.
"""
import os
import sys

import keras
import numpy as np
import tensorflow as tf

from common import ckmig, migrate, refuse, rows_of, run, write_text
from programs import HAS, Keras2, Keras3, Tf1, Tf2, batches, rng, weights

STEPS = 3
OBJECTS = [Tf2, Keras2, Keras3]


def close(program, other, x_y, tolerance=1e-6, steps=None):
    """Both train on; their losses are the same."""
    for i, (x, y) in enumerate(x_y):
        a, b = program.step(x, y), other.step(x, y)
        assert abs(a - b) <= tolerance * max(abs(a), abs(b)), "step %d: %.9g, the program that never stopped has %.9g" % (i, b, a)


def trained(program, n=STEPS):
    for x, y in batches(2, n):
        program.step(x, y)
    return program


def go_on(folder, old, new, text, *options, tolerance=1e-6):
    """Migrates what `old` saves, restores it in `new`, and compares their losses."""
    source = old.save(os.path.join(folder, "src"))
    out = migrate(folder, text, source, *options)
    consumed = new.restore(out)
    close(old, new, batches(3, STEPS), tolerance)
    consumed()
    return out


# ---- models of Keras, by what they are made of

def subclass(k, layers, call):
    """A model with these attributes, in this order, and this call(model, x)."""
    class Net(k.Model):
        def __init__(self):
            super().__init__()
            for name, make in layers:
                setattr(self, name, make())

        def call(self, x):
            return call(self, x)
    return Net()


class Program:
    """Any Keras model in a tf.train.Checkpoint; `loss` and `variables` may be the caller's."""

    def __init__(self, base, optimizer, model, x=tf.zeros((1, 3)), loss=None, variables=None):
        self.model, self.x = model, x
        model(x)
        self.variables = variables or (lambda: model.trainable_variables)
        self.optimizer = base.make_optimizer(self, optimizer)
        base.build(self if variables is None else Listed(self))
        self.loss = loss or (lambda m, x, y: tf.reduce_mean((m(x) - y) ** 2))
        self.checkpoint = tf.train.Checkpoint(model=model, optimizer=self.optimizer)

    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.loss(self.model, x, y)
        variables = self.variables()
        # Dense gradients: of sparse ones Keras 3 moves the rows that were read, Keras 2 all of them.
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
        self.optimizer.apply_gradients(zip(gradients, variables))
        return float(loss)

    def save(self, prefix):
        return self.checkpoint.save(prefix)

    def restore(self, prefix):
        status = self.checkpoint.restore(prefix)
        status.assert_existing_objects_matched().assert_consumed()
        return status.assert_consumed


class Listed:
    """What base.build() looks at, for an optimizer of some of the variables."""

    def __init__(self, program):
        self.optimizer = program.optimizer
        self.model = type("Model", (), {"trainable_variables": program.variables()})


def dense(k, units, activation=None, **more):
    return lambda: k.layers.Dense(units, activation, **more)


def each(generations, optimizers=("adam", "momentum")):
    """Makes a case of each generation and optimizer of a function case(folder, program class, optimizer)."""
    def make(function):
        for base in generations:
            for optimizer in optimizers:
                if optimizer in HAS[base.kind]:
                    CASES["%s_%s_%s" % (function.__name__, base.kind, optimizer)] = lambda f, b=base, o=optimizer: function(f, b, o)
        return function
    return make


CASES = {}


def kernel(base):
    return "_kernel" if base is Keras3 else "kernel"


def two_layers(base, first="hidden", second="out", activation="relu"):
    k = base.keras
    return subclass(k, [(first, dense(k, 4, activation)), (second, dense(k, 2))], lambda m, x: getattr(m, second)(getattr(m, first)(x)))


# ---- the cases

@each(OBJECTS, ("adam", "amsgrad", "momentum", "rmsprop", "centered", "adagrad", "adadelta", "ftrl", "ema"))
def renamed(folder, base, optimizer):
    old = trained(Program(base, optimizer, two_layers(base)))
    new = Program(base, optimizer, two_layers(base, "body", "head"))
    go_on(folder, old, new, 'map "model/hidden/**" -> "model/body/**"\nmap "model/out/**" -> "model/head/**"\nkeep rest')


@each([Tf1], ("adam", "momentum", "rmsprop", "centered", "adagrad", "adadelta", "ftrl", "ema"))
def renamed_tf1(folder, base, optimizer):
    old = trained(Tf1(optimizer, weights(1)))
    new = Tf1(optimizer, weights(9), {n: n.replace("hidden", "body/dense").replace("kernel", "weight") for n in weights(1)})
    go_on(folder, old, new, 'map "hidden/kernel" -> "body/dense/weight"\nmap "hidden/bias" -> "body/dense/bias"\nmap "out/kernel" -> "out/weight"\nkeep rest')


def backwards(base):
    """The hidden layer with a kernel of [out, in], in a layer of its own."""
    k = base.keras

    class Linear(k.layers.Layer):
        def build(self, shape):
            self.weight = self.add_weight(shape=(4, shape[-1]), name="weight")
            self.shift = self.add_weight(shape=(4,), name="shift")

        def call(self, x):
            return tf.nn.relu(tf.matmul(x, self.weight, transpose_b=True) + self.shift)
    return subclass(k, [("first", Linear), ("out", dense(k, 2))], lambda m, x: m.out(m.first(x)))


@each(OBJECTS, ("adam", "momentum", "rmsprop"))
def transposed(folder, base, optimizer):
    old, new = trained(Program(base, optimizer, two_layers(base))), Program(base, optimizer, backwards(base))
    go_on(folder, old, new, 'map "model/hidden/%s" | transpose -> "model/first/weight"\nmap "model/hidden/bias" -> "model/first/shift"\nkeep rest' % kernel(base))


class Tf1Backwards(Tf1):
    def forward(self, x):
        v = self.variables
        return tf.matmul(tf.nn.relu(tf.matmul(x, v["w1"], transpose_b=True) + v["b1"]), v["w2"], transpose_b=True) + v["b2"]


@each([Tf1], ("adam", "momentum", "rmsprop"))
def transposed_tf1(folder, base, optimizer):
    start = {n: np.zeros(s, np.float32) for n, s in (("w1", (4, 3)), ("b1", 4), ("w2", (2, 4)), ("b2", 2))}
    old, new = trained(Tf1(optimizer, weights(1))), Tf1Backwards(optimizer, start)
    go_on(folder, old, new, 'map "hidden/kernel" | transpose -> "w1"\nmap "hidden/bias" -> "b1"\nmap "out/kernel" | transpose -> "w2"\nmap "out/bias" -> "b2"\nkeep rest')


def attention(q, k, v):
    """Rows attend to each other."""
    scores = tf.nn.softmax(tf.matmul(q, k, transpose_b=True))
    return tf.matmul(scores, v)


def separate(base):
    k = base.keras
    return subclass(k, [(n, dense(k, 4)) for n in ("query", "key", "value")] + [("out", dense(k, 2))],
                    lambda m, x: m.out(attention(m.query(x), m.key(x), m.value(x))))


def fused(base):
    k = base.keras
    return subclass(k, [("qkv", dense(k, 12)), ("out", dense(k, 2))], lambda m, x: m.out(attention(*tf.split(m.qkv(x), 3, -1))))


QKV = 'map ("model/query/%s", "model/key/%s", "model/value/%s") | concat(axis=-1) -> "model/qkv/%s"\n'


@each(OBJECTS, ("adam", "momentum", "rmsprop"))
def fused_qkv(folder, base, optimizer):
    old, new = trained(Program(base, optimizer, separate(base))), Program(base, optimizer, fused(base))
    text = "".join(QKV % ((n,) * 4) for n in (kernel(base), "bias")) + "keep rest"
    if base is Tf2:
        go_on(folder, old, new, text, tolerance=2e-6)
        return
    # A new order: without a template nothing tells it.
    source = old.save(os.path.join(folder, "first"))
    assert "--onto" in refuse(folder, text, source)
    fresh = Program(base, optimizer, fused(base)).save(os.path.join(folder, "fresh"))
    go_on(folder, old, new, text, "--onto", fresh, tolerance=2e-6)


@each(OBJECTS, ("adam", "momentum"))
def parted_qkv(folder, base, optimizer):
    """The way back: one to many."""
    old, new = trained(Program(base, optimizer, fused(base))), Program(base, optimizer, separate(base))
    text = 'map "model/qkv/{x}" | split(axis=-1, parts=3) -> ("model/query/{x}", "model/key/{x}", "model/value/{x}")\nkeep rest'
    fresh = Program(base, optimizer, separate(base)).save(os.path.join(folder, "fresh"))
    go_on(folder, old, new, text, *([] if base is Tf2 else ["--onto", fresh]), tolerance=2e-6)


class Tf1Attention(Tf1):
    def forward(self, x):
        v = self.variables
        parts = tf.split(x @ v["qkv"], 3, -1) if "qkv" in v else [x @ v[n] for n in "qkv"]
        return attention(*parts) @ v["out"]


@each([Tf1], ("adam", "momentum"))
def fused_qkv_tf1(folder, base, optimizer):
    old = trained(Tf1Attention(optimizer, weights(1, {"q": (3, 4), "k": (3, 4), "v": (3, 4), "out": (4, 2)})))
    new = Tf1Attention(optimizer, weights(2, {"qkv": (3, 12), "out": (4, 2)}))
    go_on(folder, old, new, 'map ("q", "k", "v") | concat(axis=1) -> "qkv"\nkeep rest', tolerance=2e-6)


@each([Keras3], ("adam",))
def tf1_attention_to_keras3(folder, base, optimizer):
    """Everything at once: another generation, kernels transposed and fused, names of another framework."""
    old = trained(Tf1Attention(optimizer, {n: v.T.copy() if n == "x" else v for n, v in weights(1, {"q": (3, 4), "k": (3, 4), "v": (3, 4), "out": (4, 2)}).items()}))

    def model():
        class Fused(keras.layers.Layer):
            def build(self, shape):
                self.weight = self.add_weight(shape=(12, 3), name="weight")

            def call(self, x):
                return attention(*tf.split(tf.matmul(x, self.weight, transpose_b=True), 3, -1))
        return subclass(keras, [("attend", Fused), ("out", dense(keras, 2, use_bias=False))], lambda m, x: m.out(m.attend(x)))
    fresh = Program(base, optimizer, model()).save(os.path.join(folder, "fresh"))
    go_on(folder, old, Program(base, optimizer, model()),
          'map ("q", "k", "v") | concat(axis=1) | transpose -> "model/attend/weight"\nmap "out" -> "model/out/_kernel"\n'
          'map "global_step" -> "optimizer/_iterations"\ndrop "beta{1,2}_power" because "computed"\nnew rest = template', "--onto", fresh, tolerance=2e-6)


def wide(base, units):
    k = base.keras
    return subclass(k, [("hidden", dense(k, units, "relu")), ("out", dense(k, 2))], lambda m, x: m.out(m.hidden(x)))


@each(OBJECTS, ("adam", "momentum", "rmsprop", "ema"))
def grown(folder, base, optimizer):
    """New units begin and stay at zero, their slots too: the function is the old one."""
    old, new = trained(Program(base, optimizer, two_layers(base))), Program(base, optimizer, wide(base, 7))
    text = 'map "model/hidden/%s" | grow(axis=1, to=7) -> same\nmap "model/hidden/bias" | grow(axis=0, to=7) -> same\n' \
           'map "model/out/%s" | grow(axis=0, to=7) -> same\nkeep rest' % (kernel(base), kernel(base))
    go_on(folder, old, new, text)


@each([Tf1], ("adam", "momentum"))
def grown_tf1(folder, base, optimizer):
    old = trained(Tf1(optimizer, weights(1)))
    new = Tf1(optimizer, weights(2, {"hidden/kernel": (3, 7), "hidden/bias": (7,), "out/kernel": (7, 2), "out/bias": (2,)}))
    go_on(folder, old, new, 'map "hidden/kernel" | grow(axis=1, to=7) -> same\nmap "hidden/bias" | grow(axis=0, to=7) -> same\n'
                            'map "out/kernel" | grow(axis=0, to=7) -> same\nkeep rest')


def headed(base, *heads):
    k = base.keras
    return subclass(k, [("trunk", dense(k, 4, "relu"))] + [(h, dense(k, 2)) for h in heads], lambda m, x: [getattr(m, h)(m.trunk(x)) for h in heads])


def all_heads(m, x, y):
    return tf.add_n([tf.reduce_mean((out - y * (i + 1)) ** 2) for i, out in enumerate(m(x))])


def last_head(m, x, y):
    return tf.reduce_mean((m(x)[-1] - y * 2) ** 2)


@each(OBJECTS, ("adam", "momentum", "rmsprop", "amsgrad"))
def dropped_head(folder, base, optimizer):
    """The first head goes, and its slots from the middle of the optimizer's lists; the old program goes on without it too."""
    old = trained(Program(base, optimizer, headed(base, "first", "second"), loss=all_heads))
    old.loss, old.variables = last_head, lambda: old.model.trunk.trainable_variables + old.model.second.trainable_variables
    new = Program(base, optimizer, headed(base, "second"), loss=last_head)
    out = go_on(folder, old, new, 'drop "model/first/**" because "not trained any more"\nkeep rest')
    assert not [n for n in rows_of(out) if "first" in n]


@each(OBJECTS, ("adam", "momentum"))
def changed_places(folder, base, optimizer):
    """Two layers change places. Positions would not: they want a template."""
    def model(order):
        k = base.keras
        return subclass(k, [("a", dense(k, 3, "tanh")), ("b", dense(k, 3, "tanh")), ("out", dense(k, 2))],
                        lambda m, x: m.out(getattr(m, order[1])(getattr(m, order[0])(x))))
    old, new = trained(Program(base, optimizer, model("ab"))), Program(base, optimizer, model("ba"))
    text = 'map "model/a/*" -> "model/b/*"\nmap "model/b/*" -> "model/a/*"\nkeep rest'
    if base is Tf2:
        go_on(folder, old, new, text)
        return
    source = old.save(os.path.join(folder, "first"))
    assert "--onto" in refuse(folder, text, source)
    fresh = Program(base, optimizer, model("ba")).save(os.path.join(folder, "fresh"))
    go_on(folder, old, new, text, "--onto", fresh)


@each(OBJECTS, ("adam",))
def new_layer(folder, base, optimizer):
    """A layer that adds nothing yet, with slots of zeros from the template."""
    k = base.keras

    def model():
        return subclass(k, [("hidden", dense(k, 4, "relu")), ("extra", dense(k, 2, kernel_initializer="zeros")), ("out", dense(k, 2))],
                        lambda m, x: m.out(m.hidden(x)) + 0 * m.extra(x))
    old, new = trained(Program(base, optimizer, two_layers(base))), Program(base, optimizer, model())
    fresh = Program(base, optimizer, model()).save(os.path.join(folder, "fresh"))
    text = 'keep rest\nnew "model/extra/*" = template'
    report = ckmig("plan", "--onto", fresh, write_text(folder, text, "plan"), old.save(os.path.join(folder, "first")))
    assert "zeros for the template's slot model/extra/bias@m" in report, report
    go_on(folder, old, new, text, "--onto", fresh)


@each(OBJECTS, ("adam", "momentum"))
def frozen_layer(folder, base, optimizer):
    """A layer that is not trained has no slots; the layers around it are renamed."""
    def model(first):
        k = base.keras
        m = subclass(k, [(first, dense(k, 4, "tanh")), ("still", dense(k, 4, "tanh", trainable=False)), ("out", dense(k, 2))],
                     lambda m, x: m.out(m.still(getattr(m, first)(x))))
        return m
    old, new = trained(Program(base, optimizer, model("a"))), Program(base, optimizer, model("z"))
    go_on(folder, old, new, 'map "model/a/**" -> "model/z/**"\nmap "model/still/{x}" -> "model/still/{x}"\nkeep rest')


@each(OBJECTS, ("adam",))
def two_optimizers(folder, base, optimizer):
    """They take turns; two steps, so that each is where it was."""
    class Turns(Program):
        def __init__(self, model):
            super().__init__(base, "adam", model, loss=all_heads)
            self.one, self.two = self.optimizer, base.make_optimizer(self, "adam")
            self.optimizer = self.two
            base.build(self)
            self.checkpoint = tf.train.Checkpoint(model=model, one=self.one, two=self.two)
            self.n = 0

        def step(self, x, y):
            self.optimizer = (self.one, self.two)[self.n % 2]
            self.n += 1
            return super().step(x, y * (1 + self.n % 2))
    old, new = trained(Turns(headed(base, "first", "second"))), Turns(headed(base, "first", "other"))
    new.n = old.n
    out = go_on(folder, old, new, 'map "model/second/**" -> "model/other/**"\nkeep rest')
    assert "model/trunk/bias@one/m" in rows_of(out) and "model/other/bias@two/v" in rows_of(out), sorted(rows_of(out))


@each([Tf2], ("adam",))
def statements_beat_following(folder, base, optimizer):
    """Slots that statements are about go their own ways; what some members lack counts as zeros."""
    old = trained(Program(base, optimizer, two_layers(base)))
    source = old.save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/hidden/kernel@m" | scale(2) -> "model/hidden/kernel@m"\ndrop "model/out/*@v" because "anew"\n'
                          'drop "model/hidden/bias@*" because "none"\nmap ("model/hidden/bias", "model/out/bias") | concat(axis=0) -> "model/both"\nkeep rest', source)
    rows, reader, was = rows_of(out), tf.train.load_checkpoint(out), tf.train.load_checkpoint(source)

    def value(name):
        return reader.get_tensor(rows[name]["key"])

    def before(name):
        return was.get_tensor(rows_of(source)[name]["key"])
    np.testing.assert_array_equal(value("model/hidden/kernel@m"), before("model/hidden/kernel@m") * 2)
    np.testing.assert_array_equal(value("model/hidden/kernel@v"), before("model/hidden/kernel@v"))
    np.testing.assert_array_equal(value("model/both@m"), np.append(np.zeros(4, np.float32), before("model/out/bias@m")))
    assert "model/both@v" not in rows and "model/out/kernel@v" not in rows


@each(OBJECTS, ("adam", "momentum"))
def slots_dropped(folder, base, optimizer):
    """A fresh optimizer: as if the new program had been given the weights alone."""
    old = trained(Program(base, optimizer, two_layers(base)))
    source = old.save(os.path.join(folder, "src"))
    out = migrate(folder, 'slots drop because "anew"\ndrop "optimizer/**" because "anew"\nkeep rest', source)
    assert not [n for n in rows_of(out) if "@" in n or n.startswith("optimizer")]
    new, by_hand = Program(base, optimizer, two_layers(base)), Program(base, optimizer, two_layers(base))
    tf.train.Checkpoint(model=new.model).restore(out).assert_consumed()
    by_hand.model.set_weights(old.model.get_weights())
    close(by_hand, new, batches(3, STEPS), 0)


def sequence_model(k):
    """Embedding, attention, normalisation of both kinds, a recurrent cell in a layer, dropout."""
    layers = k.layers

    class Net(k.Model):
        def __init__(self):
            super().__init__()
            self.table, self.attend, self.norm = layers.Embedding(10, 8), layers.MultiHeadAttention(2, 4), layers.LayerNormalization()
            self.recur, self.batch, self.drop, self.out = layers.LSTM(6), layers.BatchNormalization(), layers.Dropout(0.0), layers.Dense(2)

        def call(self, x):
            h = self.table(x)
            h = self.recur(self.norm(h + self.attend(h, h)))
            return self.out(self.drop(self.batch(h, training=True), training=True))
    return Net()


def sequences(seed, n):
    g = rng(seed)
    return [(g.integers(0, 10, (8, 5)).astype(np.int32), g.standard_normal((8, 2)).astype(np.float32)) for _ in range(n)]


def sequence_case(a, b):
    def case(folder):
        x = tf.zeros((1, 5), tf.int32)
        old = Program(a, "adam", sequence_model(a.keras), x)
        for batch in sequences(2, STEPS):
            old.step(*batch)
        source, new = old.save(os.path.join(folder, "src")), Program(b, "adam", sequence_model(b.keras), x)
        fresh = Program(b, "adam", sequence_model(b.keras), x).save(os.path.join(folder, "fresh"))
        text = "keep rest\n"
        if a.keras is not b.keras:
            names = {"old": "" if b is Keras3 else "_", "new": "_" if b is Keras3 else ""}
            text += 'map "model/attend/{d}/%(old)skernel" -> "model/attend/{d}/%(new)skernel"\nmap "model/out/%(old)skernel" -> "model/out/%(new)skernel"\n' \
                    'map "model/table/%(old)sembeddings" -> "model/table/%(new)sembeddings"\n' % names
        if a is Tf2 and b is not Tf2:
            text += 'map "optimizer/iter" -> "optimizer/_iterations"\nmap "optimizer/learning_rate" -> "optimizer/_learning_rate"\n' \
                    'drop "optimizer/{beta_1,beta_2,decay}" because "of the program"'
        if b is Tf2 and a is not Tf2:
            text += 'map "optimizer/_iterations" -> "optimizer/iter"\nmap "optimizer/_learning_rate" -> "optimizer/learning_rate"\nnew "optimizer/*" = template'
        out = migrate(folder, text, source, "--onto", fresh)
        consumed = new.restore(out)
        close(old, new, sequences(3, STEPS), 5e-6)
        consumed()
    return case


for a in OBJECTS:
    for b in OBJECTS:
        CASES["sequence_model_%s_to_%s" % (a.kind, b.kind)] = sequence_case(a, b)


# ---- from one convention to another without a template

@each([Keras2, Keras3], ("adam", "amsgrad", "momentum", "rmsprop", "centered", "adagrad", "adadelta", "ftrl"))
def as_tf2(folder, base, optimizer):
    """`slots follow as tf2`: a legacy optimizer goes on."""
    old = trained(Program(base, optimizer, two_layers(base)))
    new = Program(Tf2, optimizer, two_layers(Tf2))
    hyper = {"adam": ["beta_1", "beta_2"], "amsgrad": ["beta_1", "beta_2"], "momentum": ["momentum"], "rmsprop": ["rho", "momentum"],
             "centered": ["rho", "momentum"], "adagrad": [], "adadelta": ["rho"],
             "ftrl": ["beta", "l1_regularization_strength", "l2_regularization_strength", "learning_rate_power"]}[optimizer]
    text = 'slots follow as tf2\nmap "model/{hidden,out}/{%s,bias}" -> "model/{hidden,out}/{kernel,bias}"\n' % kernel(base)
    text += 'map "optimizer/_iterations" -> "optimizer/iter"\nmap "optimizer/_learning_rate" -> "optimizer/learning_rate"\nkeep rest\n'
    for name in hyper + ["decay"]:
        text += 'new "optimizer/%s" : f32[] = const(%.9g)\n' % (name, float(new.optimizer._get_hyper(name)))
    go_on(folder, old, new, text)


@each([Keras2, Keras3], ("adam", "amsgrad", "adamw", "momentum", "rmsprop", "centered", "adagrad", "adadelta", "ftrl", "ema"))
def as_other_keras(folder, base, optimizer):
    """Positions of one generation of Keras become those of the other: the order is the same, but for the learning rate."""
    other = Keras3 if base is Keras2 else Keras2
    old, new = trained(Program(base, optimizer, two_layers(base))), Program(other, optimizer, two_layers(other))
    out = go_on(folder, old, new, 'slots follow as %s\nmap "model/{hidden,out}/{%s,bias}" -> "model/{hidden,out}/{%s,bias}"\nkeep rest'
                % (other.kind, kernel(base), kernel(other)))
    # And back: ckmig reads what it wrote.
    again = Program(base, optimizer, two_layers(base))
    back = migrate(folder, 'slots follow as %s\nmap "model/{hidden,out}/{%s,bias}" -> "model/{hidden,out}/{%s,bias}"\nkeep rest'
                   % (base.kind, kernel(other), kernel(base)), out, name="back")
    again.restore(back)()
    for name, row in rows_of(os.path.join(folder, "src-1")).items():
        np.testing.assert_array_equal(tf.train.load_variable(back, rows_of(back)[name]["key"]),
                                      tf.train.load_variable(os.path.join(folder, "src-1"), row["key"]))


@each([Keras2, Keras3], ("ema",))
def kind_dropped(folder, base, optimizer):
    """The moving averages go, all of them: the new optimizer has none."""
    old = Program(base, "ema", two_layers(base))
    for x, y in batches(2, STEPS):
        old.step(x, y)
    new = Program(base, "adam", two_layers(base))
    old.optimizer.ema_overwrite_frequency = None
    go_on(folder, old, new, 'drop "**@ema" because "not averaged any more"\nkeep rest')


@each(OBJECTS, ("adam", "momentum", "rmsprop", "centered", "adagrad", "adadelta", "ftrl"))
def as_tf1(folder, base, optimizer):
    """`target names`: a Saver restores."""
    old, new = trained(Program(base, optimizer, two_layers(base))), Tf1(optimizer, weights(5))
    count = "iter" if base is Tf2 else "_iterations"
    text = 'target names\nmap "model/{hidden,out}/{%s,bias}" -> "{hidden,out}/{kernel,bias}"\nmap "optimizer/%s" -> "global_step"\n' % (kernel(base), count)
    if optimizer == "adam":
        for n, beta in (1, 0.9), (2, 0.999):
            text += 'new "beta%d_power" : f32[] = const(%.9g)\n' % (n, np.float64(np.float32(beta)) ** (STEPS + 1))
    if optimizer == "momentum":
        text += 'map "model/{hidden,out}/{%s,bias}@momentum" | scale(-100.0) -> "{hidden,out}/{kernel,bias}@momentum"\n' % kernel(base)
    go_on(folder, old, new, text + 'drop rest because "of the optimizer"')


@each([Tf1], ("adam", "momentum", "rmsprop", "centered", "adagrad", "adadelta", "ftrl"))
def tf1_as_tf2(folder, base, optimizer):
    """`target objects`: a legacy optimizer reads; there is no save_counter."""
    old, new = trained(Tf1(optimizer, weights(1))), Program(Tf2, optimizer, two_layers(Tf2))
    text = 'target objects\nmap "{hidden,out}/*" -> "model/{hidden,out}/*"\nmap "global_step" -> "optimizer/iter"\ndrop optional "beta*" because "computed"\n'
    for name in sorted(new.optimizer._hyper):
        text += 'new "optimizer/%s" : f32[] = const(%.9g)\n' % (name, float(new.optimizer._get_hyper(name)))
    if optimizer == "momentum":
        text += 'map "{hidden,out}/*@momentum" | scale(-0.01) -> "model/{hidden,out}/*@momentum"\n'
    source = old.save(os.path.join(folder, "src"))
    out = migrate(folder, text, source)
    new.checkpoint.read(out).assert_existing_objects_matched().assert_consumed()
    close(old, new, batches(3, STEPS))


sys.exit(run(CASES))
