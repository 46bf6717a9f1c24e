"""The ways in which users restore what ckmig writes: readers, statuses, Savers, load_weights, managers, SavedModels, fit()."""
import os
import shutil
import sys
import time

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from common import SUFFIX, cases_of, ckmig, load, migrate, rng, rows_of, run, same, write_text
from modules import Model

tf1 = tf.compat.v1


def saved(folder, seed=1, **more):
    model = Model(rng(seed))
    return model, tf.train.Checkpoint(model=model, **more).save(os.path.join(folder, "src"))


RENAME = 'map "model/blocks/{i}/kernel" -> "model/layers/{i}/weight"\nmap "model/blocks/{i}/bias" -> "model/layers/{i}/bias"\nkeep rest'


# ---- readers

def case_reader(folder):
    old, source = saved(folder)
    out = migrate(folder, 'map "model/table" | cast(bf16) -> "model/half"\nmap "model/blocks/{i}/kernel" [0] -> "model/row/{i}"\nkeep rest', source)
    reader = tf.train.load_checkpoint(out)
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    assert shapes["model/half" + SUFFIX] == [5, 3] and dtypes["model/half" + SUFFIX] == tf.bfloat16
    assert reader.has_tensor("model/row/1" + SUFFIX) and not reader.has_tensor("model/table" + SUFFIX)
    np.testing.assert_array_equal(reader.get_tensor("model/row/1" + SUFFIX), old.blocks[1].kernel[0])
    assert dict(tf.train.list_variables(out))["model/row/0" + SUFFIX] == [3]
    np.testing.assert_array_equal(tf.train.load_variable(out, "model/blocks/0/bias" + SUFFIX), old.blocks[0].bias)
    assert tf1.train.checkpoint_exists(out) and len(tf1.train.get_checkpoint_mtimes([out])) == 1
    assert tf1.train.NewCheckpointReader(out).debug_string()


# ---- Checkpoint.read and restore

def case_read_and_restore(folder):
    old, source = saved(folder)
    out = migrate(folder, RENAME, source)
    new = Model(rng(2), "layers", "weight")
    checkpoint = tf.train.Checkpoint(model=new)
    checkpoint.read(out).assert_existing_objects_matched()
    np.testing.assert_array_equal(new.layers[0].weight, old.blocks[0].kernel)
    assert int(checkpoint.save_counter) == 1
    written = migrate(folder, RENAME, tf.train.Checkpoint(model=old).write(os.path.join(folder, "written")), name="w")
    tf.train.Checkpoint(model=Model(rng(3), "layers", "weight")).read(written).assert_consumed()


def case_partial(folder):
    """A program that wants less, and one that wants more."""
    old, source = saved(folder)
    out = migrate(folder, RENAME, source)
    table = tf.Module()
    table.table = tf.Variable(tf.zeros((5, 3)))
    status = tf.train.Checkpoint(model=table).restore(out)
    status.assert_existing_objects_matched()
    status.assert_nontrivial_match()
    status.expect_partial()
    np.testing.assert_array_equal(table.table, old.table)
    more = Model(rng(2), "layers", "weight")
    more.extra = tf.Variable([1.0])
    status = tf.train.Checkpoint(model=more).restore(out)
    try:
        status.assert_existing_objects_matched()
    except AssertionError:
        return
    raise AssertionError("a variable that the checkpoint does not have was matched")


def case_restore_on_create(folder):
    """Restored before there are variables: a layer that is built later finds its values, and a slot with it."""
    for k, make in (tf_keras, tf_keras.optimizers.legacy.Adam), (tf_keras, tf_keras.optimizers.Adam), (keras, keras.optimizers.Adam):
        legacy = make is tf_keras.optimizers.legacy.Adam
        old, optimizer = k.layers.Dense(2), make(0.1)
        old.build((None, 3))
        optimizer.apply_gradients([(tf.ones_like(tf.convert_to_tensor(v)), v) for v in old.trainable_variables])
        source = tf.train.Checkpoint(dense=old, optimizer=optimizer).save(os.path.join(folder, "src"))
        out = migrate(folder, 'map "dense/**" -> "late/**"\nkeep rest', source, "--force")
        new, again = k.layers.Dense(2), make(0.2)
        status = tf.train.Checkpoint(late=new, optimizer=again).restore(out)
        new.build((None, 3))
        if legacy:
            again._create_all_weights(new.trainable_variables)
        else:
            again.build(new.trainable_variables)
        if k is tf_keras:
            status.assert_consumed()
            np.testing.assert_array_equal(new.kernel, old.kernel)
        else:
            # Keras 3 makes variables that TensorFlow does not restore late: it is to be built first.
            status = tf.train.Checkpoint(late=new, optimizer=again).restore(out).assert_consumed()
            np.testing.assert_array_equal(new.kernel, old.kernel)
        assert int(again.iterations) == 1


def case_distributed(folder):
    """Variables of a strategy."""
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        old = Model(rng(1))
        source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, RENAME, source)
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        new = Model(rng(2), "layers", "weight")
        tf.train.Checkpoint(model=new).restore(out).assert_consumed()
    np.testing.assert_array_equal(new.layers[1].bias, old.blocks[1].bias)


# ---- TF1

def tf1_source(folder):
    g = rng(7)
    values = {"dense/kernel": g.standard_normal((3, 2)).astype(np.float32), "dense/bias": g.standard_normal(2).astype(np.float32)}
    for name in list(values):
        values[name + "/Adam"], values[name + "/Adam_1"] = values[name] * 0.1, values[name] ** 2
    values.update({"beta1_power": np.float32(0.9), "beta2_power": np.float32(0.999), "global_step": np.int64(7)})
    source = os.path.join(folder, "src")
    with tf.Graph().as_default(), tf1.Session() as session:
        made = {n: tf1.get_variable(n, initializer=v) for n, v in values.items()}
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver(made).save(session, source, write_meta_graph=False)
    return values, source


def renamed_tf1(folder):
    values, source = tf1_source(folder)
    out = migrate(folder, 'map "dense/kernel" | transpose -> "out/weight"\nmap "dense/bias" -> "out/bias"\nkeep rest', source)
    return {n.replace("dense/kernel", "out/weight").replace("dense/bias", "out/bias"): v.T if "kernel" in n else v for n, v in values.items()}, out


def case_saver(folder):
    expected, out = renamed_tf1(folder)
    same(load(out), expected)
    with tf.Graph().as_default(), tf1.Session() as session:
        made = {n: tf1.get_variable(n, v.shape, v.dtype) for n, v in expected.items()}
        tf1.train.Saver(made).restore(session, out)
        for name, variable in made.items():
            np.testing.assert_array_equal(session.run(variable), expected[name])
        # Some of them, under names of the program's own; and by the state file.
        other = tf1.get_variable("mine", (2, 3))
        tf1.train.Saver({"out/weight": other}).restore(session, tf.train.latest_checkpoint(folder))
        np.testing.assert_array_equal(session.run(other), expected["out/weight"])


def case_init_from_checkpoint(folder):
    expected, out = renamed_tf1(folder)
    with tf.Graph().as_default(), tf1.Session() as session:
        with tf1.variable_scope("model/out"):
            weight, bias = tf1.get_variable("weight", (2, 3)), tf1.get_variable("bias", (2,))
        tf1.train.init_from_checkpoint(out, {"out/": "model/out/"})
        session.run(tf1.global_variables_initializer())
        np.testing.assert_array_equal(session.run(weight), expected["out/weight"])
        np.testing.assert_array_equal(session.run(bias), expected["out/bias"])


def case_monitored_session(folder):
    """A training session that finds the latest checkpoint itself, and writes the next one."""
    expected, out = renamed_tf1(folder)
    named = os.path.join(folder, "run", "model.ckpt-7")
    os.mkdir(os.path.dirname(named))
    ckmig("run", "-q", "-o", named, write_text(folder, "keep rest", "again"), out)
    with tf.Graph().as_default():
        made = {n: tf1.get_variable(n, v.shape, v.dtype, tf1.zeros_initializer()) for n, v in expected.items() if n != "global_step"}
        step = tf1.train.get_or_create_global_step()
        add = tf1.assign_add(step, 1)
        with tf1.train.MonitoredTrainingSession(checkpoint_dir=os.path.dirname(named), save_checkpoint_steps=1, log_step_count_steps=None) as session:
            np.testing.assert_array_equal(session.run(made["out/weight"]), expected["out/weight"])
            assert session.run(add) == 8
    assert tf.train.latest_checkpoint(os.path.dirname(named)).endswith("model.ckpt-8")


class Partitioned:
    """A program whose kernel is stored in parts, or is not, with Adam's slots."""

    def __init__(self, scope, n_parts, seed):
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf1.set_random_seed(seed)
            self.x, partitioner = tf1.placeholder(tf.float32, (None, 3)), tf1.fixed_size_partitioner(n_parts, axis=1) if n_parts else None
            with tf1.variable_scope(scope, partitioner=partitioner):
                kernel = tf.convert_to_tensor(tf1.get_variable("kernel", (3, 5), initializer=tf1.random_normal_initializer()))
            loss = tf.reduce_mean(tf.tanh(self.x @ kernel) ** 2)
            self.ops = loss, tf1.train.AdamOptimizer(0.1).minimize(loss)
            self.saver, self.session = tf1.train.Saver(), tf1.Session()
            self.session.run(tf1.global_variables_initializer())

    def save(self, prefix):
        with self.graph.as_default():
            return self.saver.save(self.session, prefix, write_meta_graph=False)

    def restore(self, prefix):
        with self.graph.as_default():
            self.saver.restore(self.session, prefix)

    def losses(self, seed):
        return [self.session.run(self.ops, {self.x: x})[0] for x in rng(seed).standard_normal((3, 8, 3)).astype(np.float32)]


def case_partitioned(folder):
    """A variable in parts is one variable: renamed, and on its way to programs with other parts or none, with and without a template."""
    for n_parts, n_new_parts, onto in (2, 2, False), (2, 0, True), (0, 3, True), (2, 5, False):
        old, new = Partitioned("old", n_parts, 1), Partitioned("new", n_new_parts, 2)
        old.losses(1)
        source, fresh = old.save(os.path.join(folder, "src")), new.save(os.path.join(folder, "fresh"))
        text = 'map "old/kernel" -> "new/kernel"\nkeep rest'
        out = migrate(folder, text, source, "--force", *(["--onto", fresh] if onto else []))
        new.restore(out)
        np.testing.assert_array_equal(old.losses(2), new.losses(2))


# ---- state files

def case_latest_checkpoint(folder):
    """latest_checkpoint finds the output; earlier entries stay; --no-state leaves the file alone."""
    _, source = saved(folder)
    out = migrate(folder, "keep rest", source)
    assert tf.train.latest_checkpoint(folder) == out
    state = tf.train.get_checkpoint_state(folder)
    assert [os.path.basename(p) for p in state.all_model_checkpoint_paths] == ["src-1", "out"], state
    migrate(folder, "keep rest", source, "--no-state", name="other")
    assert tf.train.latest_checkpoint(folder) == out


def case_manager(folder):
    """A manager's folder: its entries and their times stay, and the new one is restored, counted on from and deleted like its own."""
    old, home = Model(rng(1)), os.path.join(folder, "run")
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(model=old), home, max_to_keep=3)
    for _ in range(6):
        manager.save()
    before, began = tf.train.get_checkpoint_state(home), time.time()
    out = os.path.join(home, "ckpt-7")
    ckmig("run", "-q", "-o", out, write_text(folder, RENAME), manager.latest_checkpoint)
    state = tf.train.get_checkpoint_state(home)
    assert [os.path.basename(p) for p in state.all_model_checkpoint_paths] == ["ckpt-4", "ckpt-5", "ckpt-6", "ckpt-7"], state
    assert tf.train.latest_checkpoint(home) == out
    assert list(state.all_model_checkpoint_timestamps)[:3] == list(before.all_model_checkpoint_timestamps)
    assert abs(state.all_model_checkpoint_timestamps[3] - began) < 600
    with open(os.path.join(home, "checkpoint")) as f:
        text = f.read()
    assert home not in text, text
    # The folder may move: paths in the file are relative.
    moved = os.path.join(folder, "moved")
    os.rename(home, moved)
    new = Model(rng(2), "layers", "weight")
    checkpoint = tf.train.Checkpoint(model=new)
    manager = tf.train.CheckpointManager(checkpoint, moved, max_to_keep=3)
    assert manager.latest_checkpoint == os.path.join(moved, "ckpt-7") and manager.restore_or_initialize() == manager.latest_checkpoint
    np.testing.assert_array_equal(new.layers[0].weight, old.blocks[0].kernel)
    assert int(checkpoint.save_counter) == 6
    checkpoint.save_counter.assign(7)
    assert manager.save().endswith("ckpt-8")
    assert [os.path.basename(p) for p in manager.checkpoints] == ["ckpt-6", "ckpt-7", "ckpt-8"], manager.checkpoints
    assert os.path.exists(os.path.join(moved, "ckpt-7.index")) and not os.path.exists(os.path.join(moved, "ckpt-5.index"))


# ---- load_weights and fit of Keras 2

def net(k, *names):
    model = k.Sequential([k.layers.Dense(4, "relu", name=names[0]), k.layers.Dense(2, name=names[1])])
    model.build((None, 3))
    return model


def data():
    g = rng(3)
    return g.standard_normal((32, 3)).astype(np.float32), g.standard_normal((32, 2)).astype(np.float32)


def fit(model, **more):
    x, y = data()
    return model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0, **more).history["loss"][0]


def case_load_weights(folder):
    """save_weights in TensorFlow's format, with the optimizer of a compiled model; load_weights goes on training."""
    for number, make in enumerate((tf_keras.optimizers.Adam, tf_keras.optimizers.legacy.Adam)):
        old = net(tf_keras, "hidden", "out")
        old.compile(make(0.01), "mse")
        fit(old)
        source = os.path.join(folder, "weights%d" % number)
        old.save_weights(source, save_format="tf")
        out = migrate(folder, 'map "layer_with_weights-0/kernel" | flip(1) -> same\nmap "layer_with_weights-0/bias" | flip(0) -> same\n'
                              'map "layer_with_weights-1/kernel" | flip(0) -> same\nkeep rest', source, name="out%d" % number)
        # The hidden units are in another order, which changes nothing. The functional interface is another class with the same paths.
        inputs = tf_keras.Input((3,))
        functional = tf_keras.Model(inputs, tf_keras.layers.Dense(2)(tf_keras.layers.Dense(4, "relu")(inputs)))
        functional.load_weights(out).expect_partial()
        np.testing.assert_allclose(functional(data()[0]), old(data()[0]), rtol=1e-5, atol=1e-6)
        new = net(tf_keras, "hidden", "out")
        new.compile(make(0.01), "mse")
        status = new.load_weights(out)
        a, b = fit(old), fit(new)
        status.assert_consumed()
        assert abs(a - b) <= 1e-6 * a, (a, b)


def case_model_checkpoint(folder):
    """What a ModelCheckpoint callback writes goes on in another one's folder."""
    old = net(tf_keras, "a", "b")
    old.compile(tf_keras.optimizers.SGD(0.01, 0.9), "mse")
    fit(old, callbacks=[tf_keras.callbacks.ModelCheckpoint(os.path.join(folder, "w-{epoch:02d}"), save_weights_only=True)])
    out = migrate(folder, "keep rest", os.path.join(folder, "w-01"))
    new = net(tf_keras, "c", "d")
    new.compile(tf_keras.optimizers.SGD(0.01, 0.9), "mse")
    new.load_weights(tf.train.latest_checkpoint(folder)).expect_partial()
    assert tf.train.latest_checkpoint(folder) == out
    a, b = fit(old), fit(new)
    assert abs(a - b) <= 1e-6 * a, (a, b)


def case_compiled(folder):
    """The optimizer of a compiled model is below the model; layers are renamed around it, and fit() goes on."""
    for k in tf_keras, keras:
        def make(first, second):
            class Net(k.Model):
                def __init__(self):
                    super().__init__()
                    setattr(self, first, k.layers.Dense(4, "relu"))
                    setattr(self, second, k.layers.Dense(2))

                def call(self, x):
                    return getattr(self, second)(getattr(self, first)(x))
            model = Net()
            model(tf.zeros((1, 3)))
            model.compile(k.optimizers.Adam(0.01), "mse")
            return model
        old, new = make("hidden", "out"), make("body", "head")
        fit(old)
        source = tf.train.Checkpoint(model=old).save(os.path.join(folder, k.__name__))
        rows = rows_of(source)
        assert any(r["key"].startswith("model/optimizer/") and "slot" in r for r in rows.values()), sorted(rows)
        out = migrate(folder, 'map "model/hidden/**" -> "model/body/**"\nmap "model/out/**" -> "model/head/**"\nkeep rest', source, name=k.__name__ + "-out")
        new.optimizer.build(new.trainable_variables)
        status = tf.train.Checkpoint(model=new).restore(out)
        a, b = fit(old), fit(new)
        status.assert_consumed()
        assert abs(a - b) <= 1e-6 * a, (k.__name__, a, b)


# ---- SavedModel

class Served(tf.Module):
    def __init__(self, g):
        super().__init__()
        self.weight, self.bias = tf.Variable(g.standard_normal((3, 2)), dtype=tf.float32), tf.Variable(g.standard_normal(2), dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec((None, 3))])
    def __call__(self, x):
        return tf.matmul(x, self.weight) + self.bias


def case_saved_model(folder):
    """The variables of a SavedModel, migrated in their place."""
    old, source, out = Served(rng(1)), os.path.join(folder, "model"), os.path.join(folder, "new")
    tf.saved_model.save(old, source)
    shutil.copytree(source, out, ignore=lambda _, names: [n for n in names if n.startswith("variables.")])
    ckmig("run", "-q", "--no-state", "-o", os.path.join(out, "variables", "variables"), write_text(folder, 'map "weight" | scale(2) -> same\nkeep rest'),
          os.path.join(source, "variables", "variables"))
    x = rng(2).standard_normal((4, 3)).astype(np.float32)
    np.testing.assert_allclose(tf.saved_model.load(out)(x), x @ (old.weight.numpy() * 2) + old.bias.numpy(), rtol=1e-6)


sys.exit(run(cases_of(globals())))
