"""SavedModels: migrated ones load in TensorFlow, by the object graph and by RestoreV2, with the migrated values; what does not fit is refused."""
import json
import os
import sys

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from common import DATA, cases_of, ckmig, rng, run, write_text

tf1 = tf.compat.v1
# Models that TensorFlow Serving publishes; not copied into the project.
PUBLIC = os.path.abspath(os.environ.get("PUBLIC_FIXTURES", "../shared/fixtures/public"))


def migrate(folder, text, source, *options, name="out"):
    """Runs a migration of a SavedModel; the folder of the result."""
    out = os.path.join(folder, name)
    ckmig("run", "-q", *options, "-o", out, write_text(folder, text, name), source)
    assert sorted(f for f in os.listdir(folder) if f.startswith((name, ".", "checkpoint"))) == [name, name + ".ckmig", name + ".report.json"], os.listdir(folder)
    ckmig("verify", name and os.path.join(folder, name + ".report.json"), out)
    return out


def refuse(folder, text, source, *options, code=4, out="refused"):
    path = write_text(folder, text, "refuse")
    before = sorted(os.listdir(folder))
    messages = ckmig("run", "-q", *options, "-o", os.path.join(folder, out), path, source, code=code)
    after = sorted(f for f in os.listdir(folder) if not f.endswith(".report.json"))
    assert after == [f for f in before if not f.endswith(".report.json")], (before, after)
    return messages


def files(folder):
    """path -> bytes of all but the checkpoint."""
    out = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.relpath(os.path.join(base, name), folder)
            if not path.startswith("variables/variables."):
                with open(os.path.join(base, name), "rb") as f:
                    out[path] = f.read()
    return out


class Layer(tf.Module):
    def __init__(self, width, seed):
        super().__init__()
        self.w = tf.Variable(rng(seed).standard_normal((4, width)).astype(np.float32))
        self.b = tf.Variable(rng(seed + 1).standard_normal(width).astype(np.float32))


class Model(tf.Module):
    """Layers in a list, a counter, and a table that an asset fills."""

    def __init__(self, folder, words=("a", "b", "c")):
        super().__init__()
        path = os.path.join(folder, "words.txt")
        with open(path, "w") as f:
            f.write("\n".join(words) + "\n")
        self.layers = [Layer(4, 1), Layer(4, 3), Layer(3, 5)]
        self.calls = tf.Variable(7, dtype=tf.int64)
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), -1)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def __call__(self, x):
        for layer in self.layers:
            x = tf.matmul(x, layer.w) + layer.b
        return x

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def lookup(self, words):
        return self.table.lookup(words)


X = np.arange(8, dtype=np.float32).reshape(2, 4)


def save_model(folder, name="model"):
    model, path = Model(folder), os.path.join(folder, name)
    tf.saved_model.save(model, path, signatures={"serving_default": model.__call__})
    os.makedirs(os.path.join(path, "assets.extra", "deep"))
    for extra in "assets.extra/notes.txt", "assets.extra/deep/more.bin", "variables/notes":
        with open(os.path.join(path, extra), "w") as f:
            f.write(extra)
    return model, path


def forward(layers, x=X):
    for w, b in layers:
        x = x @ w + b
    return x


# ---- what fits

def case_fixture(folder):
    source = os.path.join(DATA, "savedmodel")
    out = migrate(folder, 'map "w" | scale(2.0) -> "w"\nkeep rest\ncheck finite("**")\n', source)
    assert files(out) == files(source)
    old, new = tf.saved_model.load(source), tf.saved_model.load(out)
    np.testing.assert_array_equal(new.w.numpy(), 2 * old.w.numpy())
    np.testing.assert_array_equal(new.b.numpy(), old.b.numpy())
    assert new.calls.numpy() == old.calls.numpy()
    report = json.load(open(out + ".report.json"))
    assert report["output"]["name"] == "out", report["output"]


def case_module_with_assets(folder):
    model, source = save_model(folder)
    text = 'map "layers/{i:int}/w" | scale(0.5) -> "layers/{i}/w"\nkeep rest\n'
    out = migrate(folder, text, source)
    assert files(out) == files(source) and "variables/notes" in files(out)
    loaded = tf.saved_model.load(out)
    wanted = forward([(0.5 * l.w.numpy(), l.b.numpy()) for l in model.layers])
    np.testing.assert_allclose(loaded(X).numpy(), wanted, rtol=1e-6)
    np.testing.assert_allclose(list(loaded.signatures["serving_default"](tf.constant(X)).values())[0].numpy(), wanted, rtol=1e-6)
    np.testing.assert_array_equal(loaded.lookup(tf.constant(["c", "x"])).numpy(), [2, -1])
    # The way of TensorFlow Serving: the program's own RestoreV2 finds every key.
    with tf1.Session(graph=tf.Graph()) as session:
        meta = tf1.saved_model.loader.load(session, ["serve"], out)
        signature = meta.signature_def["serving_default"]
        feed = {next(iter(signature.inputs.values())).name: X}
        np.testing.assert_allclose(session.run(next(iter(signature.outputs.values())).name, feed), wanted, rtol=1e-6)


def case_swapped_layers(folder):
    """Names may trade places, as long as all of them stay."""
    model, source = save_model(folder)
    out = migrate(folder, 'map "layers/0/{w,b}" -> "layers/1/{w,b}"\nmap "layers/1/{w,b}" -> "layers/0/{w,b}"\nkeep rest\n', source)
    layers = [(l.w.numpy(), l.b.numpy()) for l in model.layers]
    loaded = tf.saved_model.load(out)
    np.testing.assert_allclose(loaded(X).numpy(), forward([layers[1], layers[0], layers[2]]), rtol=1e-6)


def case_links_clones_copies(folder):
    model, source = save_model(folder)
    text = 'map "layers/2/b" | scale(3.0) -> "layers/2/b"\nkeep rest\n'
    for how in "link", "auto", "copy":
        out = migrate(folder, text, source, "--data=" + how, name="out_" + how)
        same = os.path.samefile(os.path.join(out, "saved_model.pb"), os.path.join(source, "saved_model.pb"))
        assert same == (how == "link"), how
        assert files(out) == files(source)
        np.testing.assert_array_equal(tf.saved_model.load(out).layers[2].b.numpy(), 3 * model.layers[2].b.numpy())


def case_bound_plan(folder):
    model, source = save_model(folder)
    plan, out = os.path.join(folder, "p.ckplan"), os.path.join(folder, "out")
    ckmig("plan", "-q", "-o", plan, write_text(folder, 'map "layers/0/b" | scale(2.0) -> "layers/0/b"\nkeep rest\n'), source)
    ckmig("run", "-q", "-o", out, plan)
    np.testing.assert_array_equal(tf.saved_model.load(out).layers[0].b.numpy(), 2 * model.layers[0].b.numpy())


def case_symbolic_links(folder):
    """As what they lead to: a model in a mounted volume is made of links."""
    _, source = save_model(folder)
    linked = os.path.join(folder, "linked")
    os.makedirs(os.path.join(linked, "variables"))
    for name in os.listdir(source):
        if name != "variables":
            os.symlink(os.path.join(source, name), os.path.join(linked, name))
    for name in os.listdir(os.path.join(source, "variables")):
        os.symlink(os.path.join(source, "variables", name), os.path.join(linked, "variables", name))
    for how in "copy", "link":
        out = migrate(folder, "keep rest\n", linked, "--data=" + how, name="out_" + how)
        assert files(out) == files(source)
        assert not any(os.path.islink(os.path.join(b, n)) for b, d, f in os.walk(out) for n in d + f)
        tf.saved_model.load(out)


def case_keras_3_export(folder):
    """An export holds each variable twice: as the layers' and as the archive's."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, name="hidden"), keras.layers.Dense(2, name="out")])
    source = os.path.join(folder, "exported")
    model.export(source, verbose=False)
    rows = json.loads(ckmig("ls", "--json", source))["variables"]
    kernels = [r["name"] for r in rows if r["shape"] == [5, 2]]
    out = migrate(folder, "".join('map "%s" | scale(2.0) -> same\n' % k for k in kernels) + "keep rest\n", source)
    weights = [w.numpy() for w in model.weights]
    wanted = (X @ weights[0] + weights[1]) @ (2 * weights[2]) + weights[3]
    loaded = tf.saved_model.load(out)
    np.testing.assert_allclose(loaded.serve(X).numpy(), wanted, rtol=1e-5)


def case_tf_keras_with_optimizer(folder):
    """keras_metadata.pb goes along, and the optimizer's slots follow."""
    tf_keras.utils.set_random_seed(1)
    model = tf_keras.Sequential([tf_keras.layers.Dense(5, input_shape=(4,)), tf_keras.layers.Dense(2)])
    model.compile(tf_keras.optimizers.Adam(0.1), "mse")
    model.fit(X, np.ones((2, 2)), epochs=2, verbose=0)
    source = os.path.join(folder, "kept")
    model.save(source, save_format="tf")
    assert os.path.exists(os.path.join(source, "keras_metadata.pb"))
    out = migrate(folder, 'map "layer_with_weights-0/kernel" | flip(axis=1) -> "layer_with_weights-0/kernel"\nkeep rest\n', source)
    assert files(out) == files(source)
    loaded = tf_keras.models.load_model(out)
    weights = [w.numpy() for w in model.weights]
    weights[0] = weights[0][:, ::-1]
    for found, wanted in zip(loaded.get_weights(), weights):
        np.testing.assert_array_equal(found, wanted)
    old, new = (tf.train.load_checkpoint(os.path.join(p, "variables/variables")) for p in (source, out))
    rows = {r["name"]: r["key"] for r in json.loads(ckmig("ls", "--json", "--slots", source))["variables"]}
    for slot in "m", "v":
        key = rows["layer_with_weights-0/kernel@" + slot]
        np.testing.assert_array_equal(new.get_tensor(key), old.get_tensor(key)[:, ::-1])
        assert old.get_tensor(key).any()
    loaded.fit(X, np.ones((2, 2)), epochs=1, verbose=0)


def case_onto_another_program(folder):
    """With --onto a SavedModel the result is that program, with the old values."""
    old, source = save_model(folder)

    class Other(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(tf.zeros((4, 4)))
            self.bias = tf.Variable(tf.ones(6))

        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
        def __call__(self, x):
            return tf.matmul(x, self.kernel) + self.bias[:4]

    onto = os.path.join(folder, "other")
    tf.saved_model.save(Other(), onto)
    text = ('map "layers/0/w" -> "kernel"\nmap "layers/0/b" | grow(axis=0, to=6) -> "bias"\n'
            'drop "layers/**" because "one layer is left"\ndrop "calls" because "not counted"\n')
    text = text.replace('drop "layers/**"', 'drop rest:"layers/**"')
    out = migrate(folder, text, source, "--onto", onto)
    assert files(out) == files(onto)
    layer = old.layers[0]
    loaded = tf.saved_model.load(out)
    np.testing.assert_allclose(loaded(X).numpy(), forward([(layer.w.numpy(), layer.b.numpy())]), rtol=1e-6)
    # Its values may be asked for too.
    text = 'new "bias" = template\nmap "layers/0/w" -> "kernel"\ndrop rest:"layers/**" because "x"\ndrop "calls" because "x"\n'
    out = migrate(folder, text, source, "--onto", onto, name="again")
    np.testing.assert_array_equal(tf.saved_model.load(out).bias.numpy(), np.ones(6))


def case_tf1(folder):
    """A TF1 SavedModel, and one of TensorFlow Serving: y = a x + b."""
    source = os.path.join(folder, "tf1")
    with tf1.Session(graph=tf.Graph()) as session:
        x = tf1.placeholder(tf.float32, [None], "x")
        a = tf1.get_variable("a", initializer=0.5)
        b = tf1.get_variable("scope/b", initializer=2.0)
        y = tf.add(a * x, b, name="y")
        session.run(tf1.global_variables_initializer())
        tf1.saved_model.simple_save(session, source, {"x": x}, {"y": y})
    sources = [source] + [os.path.join(PUBLIC, "serving_half_plus_two_cpu")] * os.path.isdir(PUBLIC)
    for i, path in enumerate(sources):
        out = migrate(folder, 'map "a" | scale(4.0) -> "a"\nkeep rest\n', path, name="out%d" % i)
        assert files(out) == files(path)
        with tf1.Session(graph=tf.Graph()) as session:
            meta = tf1.saved_model.loader.load(session, ["serve"], out)
            signature = meta.signature_def.get("serving_default") or meta.signature_def["predict"]
            name, output = signature.inputs["x"].name, signature.outputs["y"].name
            value = np.float32([[3.0]]) if len(signature.inputs["x"].tensor_shape.dim) == 2 else np.float32([3.0])
            np.testing.assert_allclose(session.run(output, {name: value}).ravel(), [8.0])


def case_tf2_of_serving(folder):
    source = os.path.join(PUBLIC, "serving_half_plus_two_tf2")
    if not os.path.isdir(source):
        return
    out = migrate(folder, 'map "a" | scale(4.0) -> "a"\nkeep rest\n', source)
    loaded = tf.saved_model.load(out)
    result = loaded.signatures["serving_default"](tf.constant([[3.0]]))
    np.testing.assert_allclose(list(result.values())[0].numpy().ravel(), [8.0])


# ---- what does not

def case_refused(folder):
    _, source = save_model(folder)
    rows = [
        ('map "layers/{i:int}/**" -> "blocks/{i}/**"\nkeep rest\n', 'has no variable "blocks/0/b"'),
        ('map "layers/0/w" | slice(axis=0, start=0, stop=2) -> same\nkeep rest\n', "[2, 4] but the template has [4, 4]"),
        ('map "layers/0/w" | cast(f16) -> same\nkeep rest\n', "f16"),
        ('drop "calls" because "x"\nkeep rest\n', '"calls"'),
        ('new "more" : f32[2] = zeros\nkeep rest\n', 'has no variable "more"'),
    ]
    for text, message in rows:
        messages = refuse(folder, text, source)
        assert message in messages and "is a SavedModel" in messages and "name that with --onto" in messages, messages
        assert "variables/variables" in messages, messages
        # A plain checkpoint is made all the same, when that is what is asked for.
        out = os.path.join(folder, "plain", "ckpt-1")
        ckmig("run", "-q", "--force", "-o", out, write_text(folder, text), os.path.join(source, "variables/variables"))
        assert os.path.exists(out + ".index") and tf.train.latest_checkpoint(os.path.dirname(out)) == out


def case_plan_tells_before(folder):
    _, source = save_model(folder)
    messages = ckmig("plan", write_text(folder, 'map "calls" -> "count"\nkeep rest\n'), source, code=4)
    assert "is a SavedModel" in messages, messages


def case_a_check_that_fails(folder):
    _, source = save_model(folder)
    refuse(folder, 'keep rest\ncheck max("calls") < 7\n', source, code=6)
    refuse(folder, 'map "layers/0/b" | scale(inf) -> same\nkeep rest\ncheck finite("**")\n', source, code=6)


def case_outputs(folder):
    _, source = save_model(folder)
    keep = "keep rest\n"
    out = migrate(folder, keep, source)
    assert "exists" in refuse(folder, keep, source, code=7, out="out")
    migrate(folder, keep, source, "--force")
    os.mkdir(os.path.join(folder, "empty"))
    migrate(folder, keep, source, name="empty")
    for name, message in (("model", "is, or holds, the input"), (".", "is, or holds, the input"), ("model/assets/new", "would lie in"),
                          ("model/new", "would lie in"), ("model/variables", "is, or holds")):
        assert message in refuse(folder, keep, source, "--force", code=7, out=name), name
    other = os.path.join(folder, "other")
    os.mkdir(other)
    with open(os.path.join(other, "precious"), "w"):
        pass
    for name in "other", "other/precious":
        assert "no SavedModel" in refuse(folder, keep, source, "--force", code=7, out=name)
    assert os.path.exists(os.path.join(other, "precious"))
    os.symlink(other, os.path.join(folder, "alias"))
    assert "no SavedModel" in refuse(folder, keep, source, "--force", code=7, out="alias")
    refuse(folder, keep, source, "--report", os.path.join(folder, "new/report.json"), code=2, out="new")
    # Slashes at the end, folders above that are not there.
    ckmig("run", "-q", "-o", os.path.join(folder, "a/b/c") + "//", write_text(folder, keep), source)
    assert sorted(os.listdir(os.path.join(folder, "a/b"))) == ["c", "c.report.json"]
    tf.saved_model.load(os.path.join(folder, "a/b/c"))


def case_force_replaces_a_link(folder):
    """The name is replaced, not what it leads to."""
    _, source = save_model(folder)
    kept = migrate(folder, "keep rest\n", source, name="kept")
    os.symlink(kept, os.path.join(folder, "current"))
    ckmig("run", "-q", "--force", "-o", os.path.join(folder, "current"), write_text(folder, "keep rest\n"), source)
    assert not os.path.islink(os.path.join(folder, "current"))
    tf.saved_model.load(kept)
    tf.saved_model.load(os.path.join(folder, "current"))


if __name__ == "__main__":
    sys.exit(run(cases_of(globals())))
