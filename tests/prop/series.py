"""Several migrations in one run: whatever they are, the same bytes as one run after the other, with nothing written in between."""
import itertools
import json
import os
import sys

import numpy as np

from model import FLOATS, arithmetic, bits, dtype_name, random_array, random_chain
from tool import ckmig, load, run_cases, same_files, save

ROUNDS, SEED = int(os.environ.get("PROP_ROUNDS", 40)), int(os.environ.get("PROP_SEED", 1))
DATA = os.path.join("tests", "data")

# (source, migrations): optimizers in every convention, object graphs, tables, strings, parts. Each migration reads what the one before makes.
FIXED = [
    ("tf2_legacy_adam/adam-1", [
        'map "model/layer_with_weights-{i:int}/kernel" -> "net/w_{i}" keep rest',
        'map "net/w_{i:int}" | pad(axis=1, after=2, with=normal(seed=7)) -> same keep rest check finite("**")',
        'map "net/w_0" | transpose -> "net/first/w" drop "model/layer_with_weights-1/bias" because "no use" keep rest']),
    ("tf2_legacy_adam/adam-1", [
        'map "model/layer_with_weights-{i:int}/kernel" -> "net/w_{i}" keep rest',
        'slots drop because "fresh start" drop "optimizer/*" because "fresh start" keep rest']),
    ("tf2_keras3/adam-1", [
        'map "model/_functional/_operations/{i:int}/**" -> "model/layer_{i}/**" keep rest',
        'map "model/layer_1/bias" -> "model/layer_1/offset" keep rest check count("model/**") == 4',
        'map "model/layer_{i:int}/**" -> "m/{i}/**" keep rest check equal("m/1/offset", source:"model/layer_1/offset")']),
    ("tf2_keras211/adamw-1", [
        'slots follow as tf2 keep rest',
        'map "model/layer_with_weights-0/kernel" | scale(2) -> same map "model/layer_with_weights-0/kernel@*" -> same keep rest']),
    ("tf1_partitioned/model.ckpt", [
        'map "emb/table" | cast(f64) -> same keep rest',
        'map "emb/table" | cast(bf16) -> "table" map "proj/kernel" | transpose -> "proj/w" keep rest check max("table") < 1000',
        'target objects keep rest']),
    ("tf2_tables/model", [
        'map "model/v" -> "model/w" keep rest check finite("**")',
        'map "model/w" | unsqueeze(0) -> "model/ww" keep rest check finite(source:"**") check absent("model/w")']),
    ("tf2_optimizers/two-1", ['keep rest', 'keep rest']),
    ("dtypes/dtypes", ['map rest -> "a/**"', 'map "a/**" -> "b/**"']),
]


class Step:
    """One random migration of what is there, and what it makes."""

    def __init__(self, rng, number, arrays):
        self.rng, self.number, self.left, self.made, self.rules = rng, number, dict(arrays), {}, []

    def take(self, wants=lambda array: True):
        names = [n for n, a in sorted(self.left.items()) if wants(a)]
        if not names:
            return None
        name = str(self.rng.choice(names))
        return name, self.left.pop(name)

    def rule(self, text, array):
        """A target under a new name, or under one that the step before had for something else."""
        gone = sorted(n for n in self.taken if n not in self.left and n not in self.made)
        name = str(self.rng.choice(gone)) if gone and self.rng.integers(4) == 0 else "t%d/%d" % (self.number, len(self.made))
        self.rules.append('map %s -> "%s" : %s[...]' % (text, name, dtype_name(array)))
        self.made[name] = array

    def chain(self):
        found = self.take()
        if found:
            self.rule(*random_chain(self.rng, '"%s"' % found[0], found[1], int(self.rng.integers(0, 4))))

    def join(self):
        first = self.take(lambda a: a.ndim > 0)
        second = first and self.take(lambda a: a.dtype == first[1].dtype and a.shape == first[1].shape)
        if not second:
            if first:
                self.left[first[0]] = first[1]
            return
        text = '("%s", "%s")' % (first[0], second[0])
        if dtype_name(first[1]) in FLOATS and self.rng.integers(2):
            self.rule(text + " | add", arithmetic(first[1], second[1], np.add))
        else:
            self.rule(text + " | concat(axis=0)", np.concatenate([first[1], second[1]]))

    def twice(self):
        found = self.take()
        if found:
            names = ["t%d/%d%s" % (self.number, len(self.made), c) for c in "ab"]
            self.rules.append('map "%s" -> ("%s", "%s")' % (found[0], *names))
            self.made.update((n, found[1]) for n in names)

    def drop(self):
        found = self.take()
        if found:
            self.rules.append('drop "%s" because "step %d"' % (found[0], self.number))

    def fill(self):
        self.rules.append('new "t%d/%d" : f32[2, 3] = normal(seed=%d)' % (self.number, len(self.made), self.rng.integers(9)))
        self.made["t%d/%d" % (self.number, len(self.made))] = None

    def pad(self):
        found = self.take(lambda a: a.ndim > 0 and a.dtype == np.float32 and a.size)
        if found:
            self.rules.append('map "%s" | pad(axis=0, after=1, with=uniform(-1, 1, seed=2)) -> "t%d/%d"' % (found[0], self.number, len(self.made)))
            self.made["t%d/%d" % (self.number, len(self.made))] = None

    def check(self):
        """What names and types tell, and what only values do, on both sides."""
        self.rules.append('check count("**") == %d' % (len(self.made) + len(self.left)))
        self.rules.append('check finite("**") && bytes(source:"**") > 0')
        for name, array in itertools.islice(sorted((n, a) for n, a in self.left.items() if a.size), 2):
            self.rules.append('check equal("%s", source:"%s") && shape("%s") == [%s]' % (name, name, name, ", ".join(map(str, array.shape))))
        numbers = sorted(n for n, a in self.made.items() if a is not None and a.size and a.dtype.name in ("float32", "float64"))
        if numbers:
            self.rules.append('check max("%s") <= 1e30 && close("%s", "%s" | scale(1))' % (numbers[0], numbers[0], numbers[0]))

    def build(self):
        self.taken = set(self.left)
        for _ in range(int(self.rng.integers(2, 8))):
            getattr(self, str(self.rng.choice(["chain", "chain", "join", "twice", "drop", "fill", "pad"])))()
        self.rules.append("keep rest")
        self.check()
        return "ckmig 1\nmigration \"step%d\"\n" % self.number + "\n".join(self.rules) + "\n"


def check_report(path):
    """Both sides balance, and every variable that is gone has a reason."""
    with open(path + ".report.json") as f:
        report = json.load(f)
    sources, targets = report["totals"]["sources"], report["totals"]["targets"]
    assert sources["all"] == sources["used"] + sources["kept"] + sources["dropped"] == len(report["sources"]), sources
    assert targets["all"] == targets["mapped"] + targets["kept"] + targets["new"] == len(report["targets"]), targets
    for source in report["sources"]:
        assert (source["use"] == "dropped") == (not source["targets"]), source
        assert source["use"] != "dropped" or source["because"] or source["rules"], source
    assert all(check["result"] == "ok" for check in report["checks"])


def together(folder, source, files, wanted):
    """All at once, in every way there is, gives what one by one gave."""
    path = lambda name: os.path.join(folder, name)
    ckmig("run", "-q", "-o", path("all"), *files, source)
    same_files(path("all"), wanted)
    check_report(path("all"))
    ckmig("run", "-q", "--jobs", "1", "--memory", "16Mi", "-o", path("slow"), *files, source)
    same_files(path("slow"), wanted)
    ckmig("compile", "-q", "-o", path("series.ckplan"), *files)
    ckmig("plan", "-q", "-o", path("bound.ckplan"), path("series.ckplan"), source)
    ckmig("run", "-q", "-o", path("plan"), path("bound.ckplan"))
    same_files(path("plan"), wanted)
    assert ckmig("disasm", path("series.ckplan")), "no listing"
    assert ckmig("plan", path("bound.ckplan")).split("\n", 1)[1] == ckmig("plan", *files, source).split("\n", 1)[1], "a bound plan shows otherwise"
    ckmig("compile", "-q", "-o", path("head.ckplan"), *files[:-1])
    ckmig("run", "-q", "-o", path("parts"), path("head.ckplan"), files[-1], source)
    same_files(path("parts"), wanted)
    ckmig("run", "-q", "--data=link", "-o", path("link"), *files, source)
    found, expected = load(path("link")), load(wanted)
    assert sorted(found) == sorted(expected) and all(np.array_equal(bits_of(found[n]), bits_of(expected[n])) for n in found), "links differ"


def bits_of(value):
    array = np.asarray(value)
    return array if array.dtype == object else np.frombuffer(bits(array)[2], np.uint8)


def one_by_one(folder, source, texts):
    """Runs one migration after the other; the files of migrations, and what the last one made."""
    files, at = [], source
    for i, text in enumerate(texts):
        files.append(os.path.join(folder, "%d.ckmig" % i))
        with open(files[-1], "w") as f:
            f.write(text)
        ckmig("run", "-q", "-o", os.path.join(folder, "one%d" % i), files[-1], at)
        at = os.path.join(folder, "one%d" % i)
    return files, at


def run_round(seed, folder):
    rng = np.random.Generator(np.random.PCG64(seed))
    arrays = {}
    for i in range(int(rng.integers(6, 14))):
        shape = tuple(int(n) for n in rng.choice([1, 2, 3, 4], int(rng.integers(0, 4))))
        dtype = str(rng.choice(["f32", "f32", "f32", "f64", "bf16", "f16", "i32", "u8", "bool", "c64"]))
        arrays["v%d/%s" % (i, rng.choice(["w", "b", "x y"]))] = random_array(rng, dtype, shape)
    source = os.path.join(folder, "src")
    save(source, arrays)
    files, at = [], source
    for number in range(int(rng.integers(2, 5))):
        step = Step(rng, number, load(at))
        files.append(os.path.join(folder, "%d.ckmig" % number))
        with open(files[-1], "w") as f:
            f.write(step.build())
        ckmig("run", "-q", "-o", os.path.join(folder, "one%d" % number), files[-1], at)
        at = os.path.join(folder, "one%d" % number)
        found = load(at)
        for name, array in step.made.items():
            assert array is None or bits(np.asarray(found[name])) == bits(array), name
    together(folder, source, files, at)


def cases():
    for seed in range(SEED, SEED + ROUNDS):
        yield "seed %d" % seed, lambda folder, seed=seed: run_round(seed, folder)
    for source, texts in FIXED:
        path, texts = os.path.join(DATA, source), ["ckmig 1\n" + text + "\n" for text in texts]
        yield source, lambda folder, path=path, texts=texts: together(folder, path, *one_by_one(folder, path, texts))


sys.exit(run_cases(cases()))
