"""Scaffolds of random checkpoints onto changed copies of them, where the true mapping is known.

Each round makes a checkpoint with layers, embeddings, heads, an optimizer; changes it (new names, kernels the other way round, q, k
and v fused, larger tables, another dtype, lost layers, other heads); and asks of `ckmig scaffold SOURCE --onto CHANGED`:
  twice the same text; it compiles; the plan fails at the open statements and nowhere else;
  what is called sure or likely is true; a change of names alone leaves nothing open and gives the bytes that it should.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import traceback

import ml_dtypes
import numpy as np
import tensorflow as tf

CKMIG = os.path.join(os.environ["B"], "ckmig")
ROUNDS, SEED = int(os.environ.get("PROP_ROUNDS", 60)), int(os.environ.get("PROP_SEED", 1))


def ckmig(*args, codes=(0,)):
    done = subprocess.run([CKMIG, *args], capture_output=True, text=True)
    assert done.returncode in codes, "ckmig %s: exit %d\n%s%s" % (" ".join(args), done.returncode, done.stdout, done.stderr)
    return done


def save(prefix, arrays):
    names = sorted(arrays)
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=[tf.constant(arrays[n]) for n in names])


# ---- models

def transformer(rng, sizes):
    d, h, n = sizes["d"], sizes["h"], int(rng.choice([1, 2, 3, 11]))
    out = {"bert/embeddings/word_embeddings": (sizes["v"], d), "bert/embeddings/position_embeddings": (sizes["p"], d),
           "bert/embeddings/LayerNorm/gamma": (d,), "bert/embeddings/LayerNorm/beta": (d,)}
    for i in range(n):
        base = "bert/encoder/layer_%d/" % i
        for part in "query", "key", "value":
            out[base + "attention/self/%s/kernel" % part] = (d, d)
            out[base + "attention/self/%s/bias" % part] = (d,)
        for part, shape in (("attention/output", (d, d)), ("intermediate", (d, h)), ("output", (h, d))):
            out[base + part + "/dense/kernel"] = shape
            out[base + part + "/dense/bias"] = shape[1:]
        for part in "attention/output", "output":
            out[base + part + "/LayerNorm/gamma"] = out[base + part + "/LayerNorm/beta"] = (d,)
    return out


def convolutions(rng, sizes):
    out, channels = {}, 3
    for i in range(int(rng.integers(1, 5))):
        to = int(rng.integers(4, 40))
        unit = "conv2d_%d" % i if i else "conv2d"
        out["net/%s/kernel" % unit], out["net/%s/bias" % unit] = (3, 3, channels, to), (to,)
        norm = unit.replace("conv2d", "batch_normalization")
        for part in "gamma", "beta", "moving_mean", "moving_variance":
            out["net/%s/%s" % (norm, part)] = (to,)
        channels = to
    return out


def dense(rng, sizes):
    out, width = {}, int(rng.integers(2, 30))
    for i in range(int(rng.integers(1, 5))):
        to = int(rng.integers(2, 30))
        unit = "dense_%d" % i if i else "dense"
        out["%s/kernel" % unit], out["%s/bias" % unit] = (width, to), (to,)
        width = to
    return out


def experts(rng, sizes):
    out = {}
    for i in range(int(rng.integers(1, 4))):
        for e in range(sizes["e"]):
            out["moe/layer_%d/expert_%d/up/kernel" % (i, e)] = (sizes["d"], sizes["h"])
    return out


# ---- changes: from {name: (sources, function)} to the same; names must stay unique

def renamed(mapping, rules):
    out = {}
    for name, what in mapping.items():
        for pattern, to in rules:
            name = re.sub(pattern, to, name)
        assert name not in out, name
        out[name] = what
    return out


RENAMES = {
    "prefix": [(r"^", "model/")],
    "prefix_changed": [(r"^(bert|net|moe|dense)", r"outer/\1")],
    "prefix_lost": [(r"^(bert|net|moe)/", "")],
    "leaves": [(r"/gamma$", "/scale"), (r"/beta$", "/offset"), (r"/kernel$", "/w"), (r"/bias$", "/b")],
    "layers": [(r"/layer_(\d+)/", r"/blocks/\1/"), (r"/encoder/", "/enc/")],
    "layers_padded": [(r"layer_(\d+)/", lambda m: "block_%03d/" % int(m.group(1)))],
    "layers_from_one": [(r"layer_(\d+)/", lambda m: "layer%d/" % (int(m.group(1)) + 1))],
    "parts": [(r"attention/self/query", "attn/q"), (r"attention/self/key", "attn/k"), (r"attention/self/value", "attn/v"),
              (r"attention/output", "attn/out"), (r"LayerNorm", "norm")],
    "numbered": [(r"(conv2d|batch_normalization|dense)(?:_(\d+))?/", lambda m: "%s_%d/" % (m.group(1), int(m.group(2) or 0) + 1))],
}


def transposed(mapping, rng):
    return {n: (s, (lambda f: lambda *a: f(*a).T)(f)) if re.search(r"/(dense|attention/self/\w+|up)/kernel$", n) else (s, f) for n, (s, f) in mapping.items()}


def fused(mapping, rng):
    out = dict(mapping)
    for name in mapping:
        m = re.match(r"(.*/)self/query/(kernel|bias)$", name)
        if not m:
            continue
        parts = [m.group(1) + "self/%s/" % p + m.group(2) for p in ("query", "key", "value")]
        sources = [out.pop(p)[0][0] for p in parts]
        out[m.group(1) + "qkv/" + m.group(2)] = (sources, lambda *a: np.concatenate(a, -1))
    return out


def stacked(mapping, rng):
    out, groups = {}, {}
    for name, what in mapping.items():
        m = re.match(r"(.*)/expert_(\d+)/(.*)$", name)
        if m:
            groups.setdefault((m.group(1), m.group(3)), {})[int(m.group(2))] = what[0][0]
        else:
            out[name] = what
    for (before, after), members in groups.items():
        out[before + "/experts/" + after] = ([members[e] for e in sorted(members)], lambda *a: np.stack(a))
    return out


def grown(mapping, rng):
    return {n: (s, lambda a: np.concatenate([a, np.zeros((5,) + a.shape[1:], a.dtype)])) if n.endswith("word_embeddings") else (s, f)
            for n, (s, f) in mapping.items()}


def halved(mapping, rng):
    return {n: (s, lambda *a: f(*a).astype(ml_dtypes.bfloat16)) if n.endswith("kernel") else (s, f) for n, (s, f) in mapping.items()}


def shallower(mapping, rng):
    return {n: w for n, w in mapping.items() if not re.search(r"layer_[1-9]", n)}


CHANGES = [transposed, fused, stacked, grown, halved, shallower]
MODELS = [transformer, convolutions, dense, experts]


class Round:
    def __init__(self, seed):
        self.rng = rng = np.random.Generator(np.random.PCG64(seed))
        values = [int(n) for n in rng.choice(np.arange(7, 60), 8, replace=False)]
        sizes = dict(zip("dhvpe", values), e=int(rng.integers(2, 14)))
        shapes = {}
        for model in rng.choice(len(MODELS), int(rng.integers(1, 3)), replace=False):
            shapes.update(MODELS[model](rng, sizes))
        self.sources = {n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}
        if rng.integers(2):
            self.sources["global_step"] = np.int64(rng.integers(1000))
        self.mapping = {n: ([n], lambda a: a) for n in self.sources}
        self.only_names = rng.integers(2) == 0
        self.changes = []
        if not self.only_names:
            for change in rng.choice(len(CHANGES), int(rng.integers(1, 3)), replace=False):
                self.changes.append(CHANGES[change].__name__)
                self.mapping = CHANGES[change](self.mapping, rng)
        for rule in rng.choice(sorted(RENAMES), int(rng.integers(0, 3)), replace=False):
            if "shallower" in self.changes and rule in ("layers_from_one", "numbered"):
                continue    # which layers were lost nobody can tell then
            try:
                self.mapping = renamed(self.mapping, RENAMES[rule])
                self.changes.append(str(rule))
            except AssertionError:
                pass    # two names became one
        if not self.only_names and rng.integers(2):
            self.sources["cls/old_head/kernel"] = rng.standard_normal((61, 3)).astype(np.float32)
        if not self.only_names and rng.integers(2):
            self.mapping["new_head/kernel"] = ([], lambda: rng.standard_normal((62, 5)).astype(np.float32))
        if rng.integers(2):
            self.add_slots()

    def add_slots(self):
        """Adam's slots of both sides. Slots of what grew have zeros there, as those of the variables here."""
        self.changes.append("slots")
        for name in [n for n in self.sources if n != "global_step"]:
            for suffix in "/adam_m", "/adam_v":
                self.sources[name + suffix] = self.rng.standard_normal(self.sources[name].shape).astype(np.float32)
        for name, (sources, function) in list(self.mapping.items()):
            for suffix in ("/adam_m", "/adam_v") if "global_step" not in sources else ():
                self.mapping[name + suffix] = ([s + suffix for s in sources], function) if sources else ([], lambda: np.zeros((62, 5), np.float32))

    def check_run(self, folder, source, onto, file):
        ckmig("run", "-q", "--onto", onto, "-o", folder + "/out", file, source)
        reader = tf.train.load_checkpoint(folder + "/out")
        for name, (sources, function) in self.mapping.items():
            found, wanted = np.asarray(reader.get_tensor(name)), np.asarray(function(*[self.sources[s] for s in sources]))
            assert found.dtype == wanted.dtype and found.shape == wanted.shape and found.tobytes() == wanted.tobytes(), name

    def check_claims(self, statements):
        """What is not open is true."""
        for statement in statements:
            if statement["kind"] not in ("map", "keep") or statement["certainty"] == "open" or not statement["targets"]:
                continue
            each = len(statement["sources"]) // len(statement["targets"])
            assert each * len(statement["targets"]) == len(statement["sources"]), statement
            for i, target in enumerate(statement["targets"]):
                wanted, found = self.mapping[target][0], statement["sources"][i * each:i * each + each]
                assert found == wanted, "%s: %s is made of %s, not of %s" % (statement["certainty"], target, wanted, found)

    def check_plan(self, source, onto, file, scaffold):
        """Errors are at open statements, one at least for each, and nowhere else."""
        ckmig("compile", "-q", file)
        lines, open_lines = scaffold["text"].split("\n"), set()
        done = ckmig("plan", "-q", "--format=gcc", "--onto", onto, file, source, codes=(0, 4))
        starts = [i for i, line in enumerate(lines) if re.match(r"[a-z]", line)]
        statement_of = lambda number: max(s for s in starts if s < number)
        errors = {statement_of(int(n)) for n in re.findall(r"^[^:]*:(\d+):\d+: error", done.stderr, re.M)}
        for i in starts:
            end = min([s for s in starts if s > i] + [len(lines)])
            if any('"%s/' % scaffold["marker"] in line for line in lines[i:end] if not line.startswith("#")):
                open_lines.add(i)
        assert errors == open_lines, "errors in lines %s, open are %s\n%s" % (sorted(errors), sorted(open_lines), done.stderr)
        assert len(open_lines) == scaffold["open"] and (done.returncode == 4) == bool(open_lines)

    def check_alone(self, source, file):
        """Without --onto everything is kept, and what comments propose fits when the # is taken off."""
        text = ckmig("scaffold", source).stdout
        lines = text.split("\n")
        wanted = [i for i, line in enumerate(lines) if re.match(r"# (map|drop|slots|new) ", line)]
        groups = []
        for i in wanted:
            # Lines that follow each other belong together, but for those about another variable each.
            joined = groups and groups[-1][-1] == i - 1 and (" where " in lines[i])
            groups[-1].append(i) if joined else groups.append([i])
        for group in [[]] + groups:
            with open(file, "w") as f:
                f.write("\n".join(line[2:] if i in group else line for i, line in enumerate(lines)))
            ckmig("plan", "-q", file, source)
        return len(groups)

    def run(self, folder):
        source, onto, file = (os.path.join(folder, n) for n in ("source", "onto", "made.ckmig"))
        save(source, self.sources)
        assert self.check_alone(source, file) > 0
        save(onto, {n: np.zeros_like(np.asarray(f(*[self.sources[x] for x in s]))) for n, (s, f) in self.mapping.items()})
        first, second = (ckmig("scaffold", "--json", "--onto", onto, source).stdout for _ in range(2))
        assert first == second
        scaffold = json.loads(first)
        with open(file, "w") as f:
            f.write(scaffold["text"])
        assert ckmig("scaffold", "--onto", onto, source).stdout == scaffold["text"]
        self.check_plan(source, onto, file, scaffold)
        self.check_claims(scaffold["statements"])
        if self.only_names:
            assert scaffold["open"] == 0, "a change of names is left open"
        if scaffold["open"] == 0:
            self.check_run(folder, source, onto, file)
        return scaffold["open"]


def main():
    passed = failed = n_open = 0
    for seed in range(SEED, SEED + ROUNDS):
        with tempfile.TemporaryDirectory(prefix="ckmig-scaffold-") as folder:
            test = Round(seed)
            try:
                n_open += test.run(folder) > 0
                passed += 1
            except Exception:
                failed += 1
                keep = tempfile.mkdtemp(prefix="ckmig-scaffold-failed-")
                for name in os.listdir(folder):
                    os.rename(os.path.join(folder, name), os.path.join(keep, name))
                print("PROP_SEED=%d PROP_ROUNDS=1 (%s), files in %s:\n%s" % (seed, ", ".join(test.changes), keep, traceback.format_exc(limit=2)))
    print("%d of them with open statements" % n_open)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
