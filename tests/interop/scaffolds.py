"""
Scaffolds between programs of every pair of conventions: where nothing is left open, a program of the other generation restores the
result with assert_consumed() and trains on as the program that never stopped. What depends on values or on the author's will is left
open, and no statement is silently wrong about it.
"""
import itertools
import json
import os
import re
import shutil
import sys
import tempfile

import tensorflow as tf

from common import ckmig, run
from programs import HAS, PROGRAMS, SLOTS, batches, weights

STEPS = 3
# The losses differ for reasons of the optimizers: see training_pairs.py.
OTHER_RULE = {("nadam", a, b) for a in PROGRAMS for b in PROGRAMS}


def must_be_open(a, b, optimizer):
    """What of a pair nobody can know from names, shapes and dtypes: a regular expression for the open statement; None: nothing."""
    if optimizer in ("momentum", "nesterov") and (a == "tf1") != (b == "tf1"):
        return "@momentum"
    if optimizer in ("adam", "ema") and b == "tf1" and a != "tf1":
        return "beta1_power"
    if optimizer == "lion" and {a, b} == {"keras2", "keras3"}:
        return "@m"
    return None


def pair(a, b, optimizer, folder, sources):
    prefix, losses = source_of(a, optimizer, sources)
    fresh = PROGRAMS[b](optimizer, weights(4)).save(os.path.join(folder, "fresh"))
    made = json.loads(ckmig("scaffold", "--json", "--onto", fresh, prefix))
    opened = [s["text"] for s in made["statements"] if s["certainty"] == "open"]
    wanted = must_be_open(a, b, optimizer)
    assert bool(opened) == bool(wanted) and (not wanted or re.search(wanted, "\n".join(opened))), made["text"]
    file, out = os.path.join(folder, "made.ckmig"), os.path.join(folder, "out")
    with open(file, "w") as f:
        f.write(made["text"])
    if opened:
        ckmig("plan", "-q", "--onto", fresh, file, prefix, code=4)
        return
    ckmig("run", "-q", "--onto", fresh, "-o", out, file, prefix)
    program = PROGRAMS[b](optimizer, weights(5))
    consumed = program.restore(out)
    found = [program.step(x, y) for x, y in batches(3, STEPS)]
    consumed()
    if (optimizer, a, b) not in OTHER_RULE:
        assert all(abs(x - y) <= 1e-6 * max(abs(x), abs(y)) for x, y in zip(losses, found)), "%s, wanted %s\n%s" % (found, losses, made["text"])


def nested(folder):
    """Two towers whose parts have the same full names: what stands around a place has gone where its neighbours went."""
    def save(prefix, stack, norm, mlp):
        def tower(value):
            part, inner, dense = tf.Module(), tf.Module(), [tf.Module(), tf.Module()]
            inner.gamma = tf.Variable(tf.fill((6,), value), name="gamma")
            for d, (name, n, m) in zip(dense, (("up", 6, 9), ("down", 9, 6))):
                d.kernel, d.bias = tf.Variable(tf.fill((n, m), value), name=name + "/kernel"), tf.Variable(tf.fill((m,), value), name=name + "/bias")
            setattr(part, norm, inner)
            setattr(part, mlp, dense)
            return part
        model = tf.Module()
        setattr(model, stack, {"first": tower(1.0), "second": tower(2.0)})
        return tf.train.Checkpoint(model=model).save(os.path.join(folder, prefix))
    source, fresh = save("src", "stack", "ln", "ff"), save("fresh", "towers", "norm", "mlp")
    made = ckmig("scaffold", "--onto", fresh, source)
    assert "TODO/" not in made and "# open" not in made, made
    with open(os.path.join(folder, "made.ckmig"), "w") as f:
        f.write(made)
    out = os.path.join(folder, "out")
    ckmig("run", "-q", "--onto", fresh, "-o", out, os.path.join(folder, "made.ckmig"), source)
    reader = tf.train.load_checkpoint(out)
    for name in reader.get_variable_to_shape_map():
        if "towers" in name:
            assert (reader.get_tensor(name) == (1 if "/first/" in name else 2)).all(), name


SOURCES = {}


def source_of(a, optimizer, folder):
    """The program that never stops, trained and saved once, with the losses that it goes on to have."""
    if (a, optimizer) not in SOURCES:
        program = PROGRAMS[a](optimizer, weights(1))
        for x, y in batches(2, STEPS):
            program.step(x, y)
        prefix = program.save(os.path.join(folder, "%s-%s" % (a, optimizer)))
        SOURCES[a, optimizer] = prefix, [program.step(x, y) for x, y in batches(3, STEPS)]
    return SOURCES[a, optimizer]


def main():
    sources, cases = tempfile.mkdtemp(prefix="ckmig-interop-"), {"nested": nested}
    for optimizer in SLOTS:
        for a, b in itertools.product(PROGRAMS, PROGRAMS):
            if optimizer in HAS[a] and optimizer in HAS[b]:
                cases["%s_%s_to_%s" % (optimizer, a, b)] = lambda folder, a=a, b=b, o=optimizer: pair(a, b, o, folder, sources)
    code = run(cases)
    shutil.rmtree(sources, ignore_errors=True)
    return code


sys.exit(main())
