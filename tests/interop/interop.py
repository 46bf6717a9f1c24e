"""Every function called case_* is a test: it gets an empty folder and fails by an exception."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback

import jsonschema
import numpy as np
import tensorflow as tf

CKMIG = os.path.abspath(os.path.join(os.environ["B"], "ckmig"))
DATA = os.path.abspath("tests/data")
tf1 = tf.compat.v1
SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def ckmig(*args, code=0):
    done = subprocess.run([CKMIG, *args], capture_output=True, text=True)
    assert done.returncode == code, "ckmig %s: exit %d\n%s%s" % (" ".join(args), done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def migrate(folder, text, source, *options, name="out"):
    """Runs a migration given as text; the path of the output."""
    path, out = os.path.join(folder, name + ".ckmig"), os.path.join(folder, name)
    with open(path, "w") as f:
        f.write("ckmig 1\n" + text)
    ckmig("run", "-q", *options, "-o", out, path, source)
    return out


def load(prefix):
    reader = tf.train.load_checkpoint(prefix)
    return {n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map() if n != GRAPH}


def same(a, b):
    assert sorted(a) == sorted(b), "keys differ: %s" % sorted(set(a) ^ set(b))
    for name in a:
        x, y = np.asarray(a[name]), np.asarray(b[name])
        assert x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes() if x.dtype != object else (x == y).all(), name


def golden_prefixes():
    """Checkpoints in tests/data that TensorFlow wrote and this version can migrate, with what TensorFlow reads from them."""
    for folder in sorted(os.listdir(DATA)):
        path = os.path.join(DATA, folder, "golden.json")
        if folder == "corrupt" or not os.path.exists(path):
            continue
        for prefix, body in json.load(open(path))["checkpoints"].items():
            if body.get("format") == "V1" or body["endianness"] == "big" or any("slices" in v for v in body["variables"]):
                continue
            if os.path.exists(os.path.join(DATA, folder, prefix + ".index")):
                yield os.path.join(DATA, folder, prefix), body["variables"]


# ---- TensorFlow writes, ckmig reads

def case_ls_agrees_with_tensorflow(folder):
    n = 0
    for prefix, variables in golden_prefixes():
        rows = json.loads(ckmig("ls", "--json", "--slots", prefix))["variables"]
        found = {r["key"]: (r["dtype_tensorflow"], r["shape"]) for r in rows}
        wanted = {v["key"]: (v["dtype"], v["shape"]) for v in variables if v["key"] != GRAPH}
        assert found == wanted, "%s: %s" % (prefix, {k for k in set(found) | set(wanted) if found.get(k) != wanted.get(k)})
        n += 1
    assert n > 10, "only %d checkpoints found" % n


def case_verify_all(folder):
    for prefix, _ in golden_prefixes():
        ckmig("verify", prefix)


def case_show_exports_npy(folder):
    rng = np.random.Generator(np.random.PCG64(1))
    arrays = {"f": rng.standard_normal((3, 4)).astype(np.float32), "i": np.arange(6, dtype=np.int64).reshape(2, 3), "z": np.array(1.5)}
    source = os.path.join(folder, "src")
    tf.raw_ops.SaveV2(prefix=source, tensor_names=list(arrays), shape_and_slices=[""] * 3, tensors=list(arrays.values()))
    for name, array in arrays.items():
        ckmig("show", "--npy", os.path.join(folder, name + ".npy"), source, name)
        np.testing.assert_array_equal(np.load(os.path.join(folder, name + ".npy")), array)


# ---- ckmig writes, TensorFlow reads

def case_keep_everything(folder):
    """Each fixture kept as it is: every tensor has the same bytes, and verify accepts the result."""
    n = 0
    for prefix, variables in golden_prefixes():
        out = migrate(folder, "keep optional rest\n", prefix, name="k%d" % n)
        readable = [v["key"] for v in variables if "error" not in v and v["key"] != GRAPH]
        a, b = tf.train.load_checkpoint(prefix), tf.train.load_checkpoint(out)
        # A key that led through an optimizer becomes the model's path, which is the variable's name.
        keys = {r["key"]: r["name"] + SUFFIX if r["key"].startswith("optimizer/_trainable_variables/") else r["key"]
                for r in json.loads(ckmig("ls", "--json", "--slots", prefix))["variables"]}
        assert sorted(keys.get(k, k) for k in a.get_variable_to_shape_map()) == sorted(b.get_variable_to_shape_map()), prefix
        same({keys[k]: a.get_tensor(k) for k in readable}, {keys[k]: b.get_tensor(keys[k]) for k in readable})
        ckmig("verify", out + ".report.json", out)
        n += 1
    assert n > 10


class Block(tf.Module):
    def __init__(self, g, kernel="kernel"):
        super().__init__()
        setattr(self, kernel, tf.Variable(g.standard_normal((3, 3)), dtype=tf.float32, name="kernel"))
        self.bias = tf.Variable(g.standard_normal(3), dtype=tf.float32, name="bias")


class Model(tf.Module):
    """block/0, block/1 and a table that is reachable by two paths."""

    def __init__(self, g, blocks="blocks", kernel="kernel", head="head"):
        super().__init__()
        setattr(self, blocks, [Block(g, kernel), Block(g, kernel)])
        self.table = tf.Variable(g.standard_normal((5, 3)), dtype=tf.float32, name="table")
        setattr(self, head, self.table)


def rng(seed):
    return np.random.Generator(np.random.PCG64(seed))


def case_rename_objects(folder):
    """Inner nodes, leaves and an alias are renamed; the new program restores with assert_consumed()."""
    old, new = Model(rng(1)), Model(rng(2), "layers", "weight")
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/blocks/{i}/kernel" -> "model/layers/{i}/weight"\nmap "model/blocks/{i}/bias" -> "model/layers/{i}/bias"\nkeep rest', source)
    tf.train.Checkpoint(model=new).restore(out).assert_existing_objects_matched().assert_consumed()
    np.testing.assert_array_equal(new.layers[1].weight, old.blocks[1].kernel)
    np.testing.assert_array_equal(new.table, old.table)


def case_rename_root(folder):
    old, new = Model(rng(1)), Model(rng(2))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/**" -> "net/body/**"\nkeep rest', source)
    tf.train.Checkpoint(net=tf.train.Checkpoint(body=new)).restore(out).assert_consumed()
    np.testing.assert_array_equal(new.blocks[0].bias, old.blocks[0].bias)


def case_swap(folder):
    old, new = Model(rng(1)), Model(rng(2))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/blocks/0/kernel" -> "model/blocks/1/kernel"\nmap "model/blocks/1/kernel" -> "model/blocks/0/kernel"\nkeep rest', source)
    tf.train.Checkpoint(model=new).restore(out).assert_consumed()
    np.testing.assert_array_equal(new.blocks[0].kernel, old.blocks[1].kernel)
    np.testing.assert_array_equal(new.blocks[1].kernel, old.blocks[0].kernel)


def case_drop_and_new(folder):
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'drop "model/blocks/**" because "gone"\nnew "model/scale" : f32[3] = ones\nkeep rest', source)

    class Small(tf.Module):
        def __init__(self):
            super().__init__()
            self.table = self.head = tf.Variable(tf.zeros((5, 3)))
            self.scale = tf.Variable(tf.zeros(3))
    new = Small()
    tf.train.Checkpoint(model=new).restore(out).assert_existing_objects_matched().assert_consumed()
    np.testing.assert_array_equal(new.scale, np.ones(3))


def case_onto_template(folder):
    old, new = Model(rng(1)), Model(rng(2), "layers", "weight")
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    fresh = tf.train.Checkpoint(model=new).save(os.path.join(folder, "fresh"))
    bias = new.layers[0].bias.numpy()
    text = 'map "model/blocks/{i}/kernel" | transpose -> "model/layers/{i}/weight"\nmap "model/blocks/1/bias" -> "model/layers/1/bias"\n' \
           'drop "model/blocks/0/bias" because "taken from the new model"\nnew "model/layers/0/bias" = template\nkeep rest'
    out = migrate(folder, text, source, "--onto", fresh)
    again = Model(rng(3), "layers", "weight")
    tf.train.Checkpoint(model=again).restore(out).assert_existing_objects_matched().assert_consumed()
    np.testing.assert_array_equal(again.layers[0].weight, old.blocks[0].kernel.numpy().T)
    np.testing.assert_array_equal(again.layers[0].bias, bias)


def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return float(loss)


def dense_model(keras, first, second):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            setattr(self, first, keras.layers.Dense(4, "relu"))
            setattr(self, second, keras.layers.Dense(2))

        def call(self, x):
            return getattr(self, second)(getattr(self, first)(x))
    return Net()


def continue_training(folder, keras, optimizer):
    """Layers are renamed in mid-training; the losses go on as those of the program that never stopped."""
    keras.utils.set_random_seed(5)
    g = rng(5)
    data = [(g.standard_normal((8, 3)).astype(np.float32), g.standard_normal((8, 2)).astype(np.float32)) for _ in range(6)]
    old, old_optimizer = dense_model(keras, "hidden", "out"), optimizer()
    old(data[0][0])
    for x, y in data[:3]:
        train(old, old_optimizer, x, y)
    source = tf.train.Checkpoint(model=old, optimizer=old_optimizer).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/hidden/**" -> "model/body/**"\nmap "model/out/**" -> "model/head/**"\nkeep rest', source)
    new, new_optimizer = dense_model(keras, "body", "head"), optimizer()
    new(data[0][0])
    getattr(new_optimizer, "build", lambda _: None)(new.trainable_variables)
    status = tf.train.Checkpoint(model=new, optimizer=new_optimizer).restore(out)
    for x, y in data[3:]:
        a, b = train(old, old_optimizer, x, y), train(new, new_optimizer, x, y)
        assert abs(a - b) <= 1e-6, (a, b)
    status.assert_consumed()


def case_continue_keras3(folder):
    import keras
    continue_training(folder, keras, lambda: keras.optimizers.Adam(0.01))


def case_continue_keras2(folder):
    import tf_keras
    continue_training(folder, tf_keras, lambda: tf_keras.optimizers.Adam(0.01))


def case_continue_legacy(folder):
    import tf_keras
    continue_training(folder, tf_keras, lambda: tf_keras.optimizers.legacy.Adam(0.01))


def case_tf1_saver_and_slots(folder):
    """TF1: renamed, transposed, slots follow; Saver.restore into a graph with the new names."""
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
    out = migrate(folder, 'map "dense/kernel" | transpose -> "out/weight"\nmap "dense/bias" -> "out/bias"\nkeep rest', source)
    expected = {n.replace("dense/kernel", "out/weight").replace("dense/bias", "out/bias"): v.T if "kernel" in n else v for n, v in values.items()}
    same(load(out), expected)
    with tf.Graph().as_default(), tf1.Session() as session:
        made = {n: tf1.get_variable(n, v.shape, v.dtype) for n, v in expected.items()}
        tf1.train.Saver(made).restore(session, out)
        for name, variable in made.items():
            np.testing.assert_array_equal(session.run(variable), expected[name])


def case_state_file(folder):
    """latest_checkpoint finds the output; earlier entries stay; --no-state leaves the file alone."""
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, "keep rest", source)
    assert tf.train.latest_checkpoint(folder) == out
    state = tf.train.get_checkpoint_state(folder)
    assert [os.path.basename(p) for p in state.all_model_checkpoint_paths] == ["src-1", "out"], state
    migrate(folder, "keep rest", source, "--no-state", name="other")
    assert tf.train.latest_checkpoint(folder) == out


def case_several_shards(folder):
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, "keep rest", source, "--shard-size", "60")
    assert len([f for f in os.listdir(folder) if f.startswith("out.data")]) > 2
    same(load(source), load(out))


def case_report_matches_schema(folder):
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/table" | grow(axis=0, to=9, with=mean) -> "model/big"\nmap "model/blocks/{i}/kernel" | cast(bf16) -> "model/blocks/{i}/half"\n'
                          'drop "model/blocks/1/bias" because "not needed"\nkeep rest\ncheck finite("**")\ncheck count("**") == 5', source)
    report = json.load(open(out + ".report.json"))
    schema = json.load(open("man/ckmig-report.schema.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(report, schema)
    broken = dict(report, surprise=1)
    try:
        jsonschema.validate(broken, schema)
    except jsonschema.ValidationError:
        return
    raise AssertionError("the schema accepts fields that it does not know")


def case_same_bytes_twice(folder):
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    text = 'map "model/**" -> "net/**"\nnew "net/noise" : f32[100, 7] = normal(stddev=0.1, seed=3)\nkeep rest'
    a, b = migrate(folder, text, source, name="a"), migrate(folder, text, source, "--jobs", "1", "--memory", "32Mi", name="b")
    for suffix in ".index", ".data-00000-of-00001":
        assert open(a + suffix, "rb").read() == open(b + suffix, "rb").read(), suffix
    noise = load(a)["net/noise" + SUFFIX]
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 0.1) < 0.01, (noise.mean(), noise.std())


def philox_normal(label, seed, n):
    """The language's random numbers, in Python integers."""
    import hashlib
    import math
    key = struct.unpack("<2I", hashlib.sha256(struct.pack("<Q", seed) + label.encode()).digest()[:8])
    out = []
    for block in range((n + 3) // 4):
        c, k = [block & 0xFFFFFFFF, block >> 32, 0, 0], list(key)
        for _ in range(10):
            a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
            k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
        u = [(x + 0.5) * 2.0 ** -32 for x in c]
        for i in (0, 2):
            radius = math.sqrt(-2 * math.log(u[i]))
            out += [radius * math.cos(2 * math.pi * u[i + 1]), radius * math.sin(2 * math.pi * u[i + 1])]
    return np.array(out[:n])


def case_random_numbers(folder):
    source = os.path.join(folder, "src")
    tf.raw_ops.SaveV2(prefix=source, tensor_names=["x"], shape_and_slices=[""], tensors=[tf.zeros((2, 3))])
    text = 'keep rest\nnew "n" : f32[5, 7] = normal(stddev=0.5, mean=1, seed=42)\nmap also "x" | grow(axis=0, to=4, with=normal(seed=9)) -> "g"'
    found = load(migrate(folder, text, source))
    np.testing.assert_allclose(found["n"].ravel(), (1 + 0.5 * philox_normal("n", 42, 35)).astype(np.float32), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found["g"][2:].ravel(), philox_normal("g", 9, 12)[6:].astype(np.float32), rtol=1e-6, atol=1e-7)


def main():
    passed = failed = 0
    for name, case in sorted((n, f) for n, f in globals().items() if n.startswith("case_")):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        folder = tempfile.mkdtemp(prefix="ckmig-interop-")
        try:
            case(folder)
            passed += 1
        except Exception:
            failed += 1
            print("%s failed\n%s" % (name, traceback.format_exc()[-3000:]))
        shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0 or passed == 0


sys.exit(main())
