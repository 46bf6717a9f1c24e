"""Random checkpoints and migrations, compared bit by bit with the model in model.py; a failure prints its seed and keeps its files.

Each round writes a checkpoint with TensorFlow, runs one migration of random rules, and asks:
  the result is what NumPy computes; the same plan gives the same bytes with other threads, memory and tiles;
  a plan that went through its file gives the same bytes; the order of statements changes no byte of the code.
"""
import json
import os
import sys

import numpy as np

from model import DTYPES, FLOATS, arithmetic, bits, dtype_name, mean_of, random_array, random_chain, random_index
from tool import ckmig, load, run_cases, same_files, save

ROUNDS, SEED = int(os.environ.get("PROP_ROUNDS", 60)), int(os.environ.get("PROP_SEED", 1))
PARTS = ["w", "b", "kernel", "layer 1", "a.b", "größe", "x[0]", "q?", "{c}", "s*", "é" * 20, "back\\slash"]


def quote(name):
    """A name as a literal pattern or template."""
    out = "".join("[%s]" % c if c in "*?[{}@" else c for c in name)
    return '"%s"' % out.replace("\\", "\\\\").replace('"', '\\"')


class Round:
    def __init__(self, seed):
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.sources, self.rules, self.expected = {}, [], {}

    def source(self, dtype=None, shape=None):
        """A new source variable under a random name."""
        rng = self.rng
        parts = [str(p) for p in rng.choice(PARTS, int(rng.integers(1, 4)))]
        name = "s%d/" % len(self.sources) + "/".join(parts)
        dtype = dtype or str(rng.choice(list(DTYPES)))
        if shape is None:
            shape = tuple(int(n) for n in rng.choice([0, 1, 2, 3, 4, 6, 7], int(rng.integers(0, 4)), p=[.02, .12, .2, .2, .2, .16, .1]))
        self.sources[name] = random_array(rng, dtype, shape)
        return name, self.sources[name]

    def rule(self, text, array, also=""):
        name = "t%d/%s" % (len(self.expected), self.rng.choice(PARTS))
        self.rules.append("map %s%s -> %s : %s[...]" % (also, text, quote(name), dtype_name(array)))
        self.expected[name] = array

    def rename(self):
        name, array = self.source()
        self.rule(quote(name), array)

    def chain(self):
        name, array = self.source()
        text = quote(name)
        if array.ndim and self.rng.integers(3) == 0:
            index, array = random_index(self.rng, array)
            text += index
        self.rule(*random_chain(self.rng, text, array, int(self.rng.integers(1, 5))))

    def join(self):
        """A tuple of two or three, joined."""
        rng = self.rng
        dtype, rank = str(rng.choice(list(DTYPES))), int(rng.integers(1, 4))
        shape = [int(n) for n in rng.integers(1, 5, rank)]
        axis, kind = int(rng.integers(rank)), str(rng.choice(["concat", "stack", "add", "mean"]))
        kind = kind if dtype in FLOATS or kind in ("concat", "stack") else "concat"
        members = []
        for _ in range(2 if kind == "add" else int(rng.integers(2, 4))):
            own = list(shape)
            if kind == "concat":
                own[axis] = int(rng.integers(0, 4))
            if kind == "add" and rng.integers(2):
                own[axis] = 1
            members.append(self.source(dtype, tuple(own)))
        arrays = [a for _, a in members]
        text = "(%s)" % ", ".join(quote(n) for n, _ in members)
        if kind == "add":
            self.rule(text + " | add", arithmetic(arrays[0], arrays[1], np.add))
        elif kind == "mean":
            self.rule(text + " | mean", mean_of(np.stack(arrays), 0))
        else:
            out = (np.concatenate if kind == "concat" else np.stack)(arrays, axis)
            self.rule(*random_chain(rng, text + " | %s(axis=%d)" % (kind, axis), out, int(rng.integers(0, 3))))

    def split(self):
        rng = self.rng
        parts = int(rng.integers(1, 4))
        name, array = self.source(shape=(2, 3 * parts, 2))
        if rng.integers(2):
            members, text = np.split(array, parts, 1), "split(axis=1, parts=%d)" % parts
        else:
            members, text = [array[0], array[1]], "unstack(axis=0)"
        i = int(rng.integers(len(members)))
        self.rule("%s | %s | pick(%d)" % (quote(name), text, i - len(members)), members[i])

    def group(self):
        """over= and as=, with more than ten members so that numeric order shows."""
        rng, base = self.rng, "g%d" % len(self.sources)
        layers, experts = int(rng.integers(1, 3)), int(rng.integers(2, 13))
        dtype, table = str(rng.choice(list(FLOATS))), {}
        for layer in range(layers):
            table[layer] = [random_array(rng, dtype, (2, 3)) for _ in range(experts)]
            for e, array in enumerate(table[layer]):
                self.sources["%s/layer_%d/expert_%d/w" % (base, layer, e)] = array
        kind = str(rng.choice(["stack", "concat", "mean"]))
        text = {"stack": "stack(axis=1, over=e)", "concat": "concat(axis=0, over=e)", "mean": "mean(over=e)"}[kind]
        self.rules.append('map "%s/layer_{i:int}/expert_{e:int}/w" | %s -> "%s/{i+1}/w"' % (base, text, base))
        for layer in range(layers):
            out = {"stack": lambda a: np.stack(a, 1), "concat": np.concatenate, "mean": lambda a: mean_of(np.stack(a), 0)}[kind](table[layer])
            self.expected["%s/%d/w" % (base, layer + 1)] = out
        name = base + "/experts"
        self.sources[name] = array = random_array(rng, dtype, (experts, 2))
        self.rules.append('map "%s" | unstack(0, as=n) -> "%s/expert_{n:02}/w"' % (name, base))
        for e in range(experts):
            self.expected["%s/expert_%02d/w" % (base, e)] = array[e]

    def build(self):
        for _ in range(int(self.rng.integers(4, 12))):
            getattr(self, str(self.rng.choice(["rename", "chain", "chain", "chain", "join", "join", "split", "group"])))()
        for _ in range(2):
            name, array = self.source()
            self.expected["kept/" + name] = array
        self.rules.append('map rest -> "kept/**"')


def compare(found, expected):
    assert sorted(found) == sorted(expected), set(found) ^ set(expected)
    for name, array in expected.items():
        got = np.asarray(found[name])
        assert bits(got) == bits(array), "%s: %s %s\n%s\nwanted %s %s\n%s" % (name, got.dtype, got.shape, got, array.dtype, array.shape, array)


def run_round(seed, folder):
    case = Round(seed)
    case.build()
    paths = {n: os.path.join(folder, n) for n in ("src", "a.ckmig", "b.ckmig", "out1", "out2", "out3", "out4", "plan", "bound")}
    save(paths["src"], case.sources)
    with open(paths["a.ckmig"], "w") as f:
        f.write("ckmig 1\nmigration \"m\"\n" + "\n".join(case.rules) + "\n")
    with open(paths["b.ckmig"], "w") as f:
        f.write("ckmig 1 # other order, other spaces\n" + "\n\n".join("  " + r for r in reversed(case.rules)) + "\nmigration   \"m\"")
    ckmig("run", "-q", "-o", paths["out1"], paths["a.ckmig"], paths["src"])
    compare(load(paths["out1"]), case.expected)
    ckmig("run", "-q", "--jobs", "1", "--memory", "16Mi", "-o", paths["out2"], paths["b.ckmig"], paths["src"])
    same_files(paths["out1"], paths["out2"])
    ckmig("compile", "-q", "-o", paths["plan"], paths["a.ckmig"])
    ckmig("plan", "-q", "-o", paths["bound"], paths["plan"], paths["src"])
    ckmig("run", "-q", "-o", paths["out3"], paths["bound"], paths["src"])
    same_files(paths["out1"], paths["out3"])
    digests = {json.loads(ckmig("compile", "--json", p))["digest"] for p in (paths["a.ckmig"], paths["b.ckmig"])}
    assert len(digests) == 1, "the order of statements changed the digest: %s" % digests
    assert ckmig("disasm", paths["plan"]) == ckmig("disasm", paths["a.ckmig"]), "disasm differs after a plan file"


print("seeds %d to %d" % (SEED, SEED + ROUNDS - 1))
sys.exit(run_cases([("seed %d" % seed, lambda folder, seed=seed: run_round(seed, folder)) for seed in range(SEED, SEED + ROUNDS)]))
