"""One model, hidden and out, as programs of the four generations of optimizers write and train it."""

import numpy as np
import tensorflow as tf
import tf_keras
import keras

tf1 = tf.compat.v1
RATE, EPSILON = 0.01, 1e-7
SIZES = {"hidden/kernel": (3, 4), "hidden/bias": (4,), "out/kernel": (4, 2), "out/bias": (2,)}


def rng(seed):
    return np.random.Generator(np.random.PCG64(seed))


def weights(seed, sizes=None):
    g = rng(seed)
    return {n: (g.standard_normal(s) * 0.5).astype(np.float32) for n, s in (sizes or SIZES).items()}


def batches(seed, n):
    g = rng(seed)
    return [(g.standard_normal((8, 3)).astype(np.float32), g.standard_normal((8, 2)).astype(np.float32)) for _ in range(n)]


# Slots by their common names, and what each generation calls them. None: it has no such optimizer.
SLOTS = {
    "adam": ["m", "v"], "amsgrad": ["m", "v", "vhat"], "adamw": ["m", "v"], "sgd": [], "momentum": ["momentum"], "nesterov": ["momentum"],
    "rmsprop": ["rms", "momentum"], "centered": ["rms", "mg", "momentum"], "adagrad": ["accumulator"], "adadelta": ["accum_grad", "accum_var"],
    "ftrl": ["accumulator", "linear"], "nadam": ["m", "v"], "adamax": ["m", "v"], "lion": ["m"], "ema": ["m", "v", "ema"],
    "accumulating": ["m", "v", "gradient_accumulator"], "lamb": ["m", "v"],
}


def optimizer_tf1(name):
    t = tf1.train
    return {
        "adam": lambda: t.AdamOptimizer(RATE, epsilon=EPSILON), "sgd": lambda: t.GradientDescentOptimizer(RATE),
        "momentum": lambda: t.MomentumOptimizer(RATE, 0.9), "nesterov": lambda: t.MomentumOptimizer(RATE, 0.9, use_nesterov=True),
        "rmsprop": lambda: t.RMSPropOptimizer(RATE, 0.9, 0.8, EPSILON), "centered": lambda: t.RMSPropOptimizer(RATE, 0.9, 0.8, EPSILON, centered=True),
        "adagrad": lambda: t.AdagradOptimizer(RATE), "adadelta": lambda: t.AdadeltaOptimizer(RATE, 0.95, EPSILON), "ftrl": lambda: t.FtrlOptimizer(RATE),
        "ema": lambda: t.AdamOptimizer(RATE, epsilon=EPSILON),
    }[name]()


def optimizer_tf2(name):
    k = tf_keras.optimizers.legacy
    return {
        "adam": lambda: k.Adam(RATE, epsilon=EPSILON), "amsgrad": lambda: k.Adam(RATE, epsilon=EPSILON, amsgrad=True), "sgd": lambda: k.SGD(RATE),
        "momentum": lambda: k.SGD(RATE, 0.9), "nesterov": lambda: k.SGD(RATE, 0.9, nesterov=True),
        "rmsprop": lambda: k.RMSprop(RATE, 0.9, 0.8, EPSILON), "centered": lambda: k.RMSprop(RATE, 0.9, 0.8, EPSILON, centered=True),
        "adagrad": lambda: k.Adagrad(RATE, epsilon=EPSILON), "adadelta": lambda: k.Adadelta(RATE, 0.95, EPSILON), "ftrl": lambda: k.Ftrl(RATE),
        "nadam": lambda: k.Nadam(RATE, epsilon=EPSILON), "adamax": lambda: k.Adamax(RATE, epsilon=EPSILON),
    }[name]()


def optimizer_keras(k, name):
    return {
        "adam": lambda: k.Adam(RATE, epsilon=EPSILON), "amsgrad": lambda: k.Adam(RATE, epsilon=EPSILON, amsgrad=True),
        "adamw": lambda: k.AdamW(RATE, weight_decay=0.1, epsilon=EPSILON), "sgd": lambda: k.SGD(RATE), "momentum": lambda: k.SGD(RATE, 0.9),
        "nesterov": lambda: k.SGD(RATE, 0.9, nesterov=True), "rmsprop": lambda: k.RMSprop(RATE, 0.9, 0.8, EPSILON),
        "centered": lambda: k.RMSprop(RATE, 0.9, 0.8, EPSILON, centered=True), "adagrad": lambda: k.Adagrad(RATE, epsilon=EPSILON),
        "adadelta": lambda: k.Adadelta(RATE, 0.95, EPSILON), "ftrl": lambda: k.Ftrl(RATE), "nadam": lambda: k.Nadam(RATE, epsilon=EPSILON),
        "adamax": lambda: k.Adamax(RATE, epsilon=EPSILON), "lion": lambda: k.Lion(RATE),
        "ema": lambda: k.Adam(RATE, epsilon=EPSILON, use_ema=True, ema_momentum=0.9), "lamb": lambda: k.Lamb(RATE),
        "accumulating": lambda: k.Adam(RATE, epsilon=EPSILON, gradient_accumulation_steps=2),
    }[name]()


class Tf1:
    """A graph, a session and a Saver of all variables."""
    kind = "tf1"

    def __init__(self, optimizer, start, names=None, forward=None, build=None):
        self.graph = tf.Graph()
        names = names or {n: n for n in start}
        with self.graph.as_default():
            self.session = tf1.Session()
            self.x, self.y = tf1.placeholder(tf.float32, (None, 3)), tf1.placeholder(tf.float32, (None, 2))
            self.variables = {n: tf1.get_variable(names[n], initializer=v) for n, v in start.items()}
            self.loss = tf.reduce_mean((self.forward(self.x) - self.y) ** 2)
            step = tf1.train.get_or_create_global_step()
            self.optimizer = optimizer_tf1(optimizer)
            self.train = self.optimizer.minimize(self.loss, step)
            if optimizer == "ema":
                average = tf1.train.ExponentialMovingAverage(0.9)
                with tf.control_dependencies([self.train]):
                    self.train = average.apply(list(self.variables.values()))
            self.saver = tf1.train.Saver(tf1.global_variables())
            self.session.run(tf1.global_variables_initializer())

    def forward(self, x):
        v = self.variables
        return tf.nn.relu(x @ v["hidden/kernel"] + v["hidden/bias"]) @ v["out/kernel"] + v["out/bias"]

    def step(self, x, y):
        return float(self.session.run([self.loss, self.train], {self.x: x, self.y: y})[0])

    def save(self, prefix):
        with self.graph.as_default():
            return self.saver.save(self.session, prefix, write_meta_graph=False, write_state=False)

    def restore(self, prefix):
        with self.graph.as_default():
            self.saver.restore(self.session, prefix)
        return lambda: None

    def values(self):
        return self.session.run({v.op.name: v for v in self.graph.get_collection("variables")})


class Objects:
    """Keras models in a tf.train.Checkpoint(model=, optimizer=)."""

    def __init__(self, optimizer, start, make=None):
        self.model = (make or self.make)()
        self.model(tf.zeros((1, 3)))
        for name, value in start.items():
            layer, attribute = name.split("/")
            getattr(getattr(self.model, layer), attribute).assign(value)
        self.optimizer = self.make_optimizer(optimizer)
        self.build()
        self.checkpoint = tf.train.Checkpoint(model=self.model, optimizer=self.optimizer)

    def make(self):
        k = self.keras

        class Net(k.Model):
            def __init__(self):
                super().__init__()
                self.hidden, self.out = k.layers.Dense(4, "relu"), k.layers.Dense(2)

            def call(self, x):
                return self.out(self.hidden(x))
        return Net()

    def build(self):
        self.optimizer.build(self.model.trainable_variables)

    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.model(x) - y) ** 2)
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return float(loss)

    def save(self, prefix):
        return self.checkpoint.save(prefix)

    def restore(self, prefix):
        """The restored values are asserted to be all there are, and all that the program wants."""
        status = self.checkpoint.restore(prefix)
        status.assert_existing_objects_matched().assert_consumed()
        return status.assert_consumed


class Tf2(Objects):
    kind, keras = "tf2", tf_keras

    def make_optimizer(self, name):
        return optimizer_tf2(name)

    def build(self):
        self.optimizer._create_all_weights(self.model.trainable_variables)


class Keras2(Objects):
    kind, keras = "keras2", tf_keras

    def make_optimizer(self, name):
        return optimizer_keras(tf_keras.optimizers, name)


class Keras3(Objects):
    kind, keras = "keras3", keras

    def make_optimizer(self, name):
        return optimizer_keras(keras.optimizers, name)


PROGRAMS = {p.kind: p for p in (Tf1, Tf2, Keras2, Keras3)}
HAS = {
    "tf1": ["adam", "sgd", "momentum", "nesterov", "rmsprop", "centered", "adagrad", "adadelta", "ftrl"],
    "tf2": ["adam", "amsgrad", "sgd", "momentum", "nesterov", "rmsprop", "centered", "adagrad", "adadelta", "ftrl", "nadam", "adamax"],
    "keras2": ["adam", "amsgrad", "adamw", "sgd", "momentum", "nesterov", "rmsprop", "centered", "adagrad", "adadelta", "ftrl", "nadam", "adamax", "lion", "ema"],
    "keras3": ["adam", "amsgrad", "adamw", "sgd", "momentum", "nesterov", "rmsprop", "centered", "adagrad", "adadelta", "ftrl", "nadam", "adamax", "lion", "ema"],
}
