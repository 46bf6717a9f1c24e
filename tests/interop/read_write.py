"""What TensorFlow writes and ckmig reads, and the other way: every fixture, shards, reports, random numbers."""
import json
import os
import struct
import sys

import jsonschema
import numpy as np
import tensorflow as tf

from common import DATA, GRAPH, SUFFIX, cases_of, ckmig, load, migrate, rng, run, same
from modules import Model


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


def case_keep_everything(folder):
    """Each fixture kept as it is: every tensor has the same bytes, and verify accepts the result."""
    n = 0
    for prefix, variables in golden_prefixes():
        out = migrate(folder, "keep optional rest\n", prefix, name="k%d" % n)
        readable = [v["key"] for v in variables if "error" not in v and v["key"] != GRAPH]
        a, b = tf.train.load_checkpoint(prefix), tf.train.load_checkpoint(out)
        # A key that led through an optimizer becomes the model's path, which is the variable's name.
        keys = {r["key"]: r["name"] + SUFFIX if "/_trainable_variables/" in r["key"] else r["key"]
                for r in json.loads(ckmig("ls", "--json", "--slots", prefix))["variables"]}
        assert sorted(keys.get(k, k) for k in a.get_variable_to_shape_map()) == sorted(b.get_variable_to_shape_map()), prefix
        same({keys[k]: a.get_tensor(k) for k in readable}, {keys[k]: b.get_tensor(keys[k]) for k in readable})
        ckmig("verify", out + ".report.json", out)
        n += 1
    assert n > 10


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


sys.exit(run(cases_of(globals())))
