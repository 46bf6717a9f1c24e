"""Random chains of operators against language.py: one migration of many rules a round, restored by TensorFlow, compared bit by bit.

Every round also runs with one thread and little memory, and asks for the same bytes; casts are compared with the report's counts.
"""
import json
import math
import os
import shutil
import subprocess
import tempfile

import numpy as np
import tensorflow as tf

import chains
import language as L

CKMIG = os.path.join(os.environ["B"], "ckmig")


def ckmig(*args):
    return subprocess.run([CKMIG, *args], capture_output=True, text=True)


def save(prefix, arrays):
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=list(arrays), shape_and_slices=[""] * len(arrays), tensors=list(arrays.values()))


def load(prefix):
    reader = tf.train.load_checkpoint(prefix)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def bytes_of(array):
    return np.ascontiguousarray(array).view(np.uint8).reshape(-1)


def differ(found, expected, made):
    """What is wrong with an array, or None. made: computed, so that any NaN is as good as another."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return "%s%s, expected %s%s" % (found.dtype, found.shape, expected.dtype, expected.shape)
    if np.array_equal(bytes_of(found), bytes_of(expected)):
        return None
    if made and found.dtype.kind in "fcV":
        def parts(a):
            return a.view(np.float32 if a.dtype == np.complex64 else np.float64) if a.dtype.kind == "c" else a
        a, b = parts(np.ascontiguousarray(found).reshape(-1)), parts(np.ascontiguousarray(expected).reshape(-1))
        wrong = ~((a == b) & (np.signbit(a) == np.signbit(b)) | np.isnan(a) & np.isnan(b))
        if not wrong.any():
            return None
        return "%s, expected %s (and %d more)" % (a[wrong][0], b[wrong][0], wrong.sum() - 1)
    wrong = np.flatnonzero((bytes_of(found) != bytes_of(expected)).reshape(found.size, -1).any(1))
    return "element %d is %s, expected %s (and %d more)" % (wrong[0], found.reshape(-1)[wrong[0]], expected.reshape(-1)[wrong[0]], len(wrong) - 1)


class Migration:
    def __init__(self, seed):
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.seed, self.sources, self.rules, self.expected, self.casts, self.n = seed, {}, [], {}, {}, 0

    def shape(self, least=0):
        rank = int(self.rng.choice([0, 1, 2, 3, 4, 5, 6], p=[.05, .15, .25, .25, .15, .1, .05]))
        return tuple(int(n) for n in self.rng.choice([0, 1, 2, 3, 4, 5, 6], size=max(rank, least), p=[.03, .17, .2, .2, .2, .1, .1]))

    def source(self, dtype=None, shape=None, name=None, finite=False):
        """A new source: its pattern's text and its array."""
        dtype = dtype or str(self.rng.choice([*L.DTYPES]))
        array = chains.array_of(self.rng, dtype, self.shape() if shape is None else shape, finite)
        name = name or "s/%d" % len(self.sources)
        self.sources[name] = array
        return '"%s"' % name, array

    def typed(self, array, text, names):
        """Perhaps a type that binds dimensions, which arguments then use."""
        if self.rng.integers(3):
            return ""
        dims = []
        for i, n in enumerate(array.shape):
            roll = self.rng.integers(4)
            if roll == 0:
                dims.append("_")
            elif roll == 1:
                dims.append(text.int(n))
            else:
                name = next((k for k, v in names.items() if v == n and self.rng.integers(2)), "d%d" % len(names))
                names[name] = n
                text.names[name] = n
                dims.append(name)
        if array.ndim and self.rng.integers(4) == 0:
            cut = sorted(int(i) for i in self.rng.integers(array.ndim + 1, size=2))
            lost = [d for d in dims[cut[0]:cut[1]]]
            if not any(d.startswith("d") or d.isidentifier() for d in lost):
                dims[cut[0]:cut[1]] = ["..."]
        return " : %s[%s]" % (L.name_of(array) if self.rng.integers(2) else "_", ", ".join(dims))

    def term(self, text, names, **wanted):
        """A source, with an index and a type where they fit."""
        written, a = self.source(**wanted)
        if a.ndim and self.rng.integers(4) == 0:
            at, a = chains.index(self.rng, text, a)
            written += at
        return written + self.typed(a, text, names), a

    def pipe(self, text, a, n_steps):
        written = ""
        for _ in range(n_steps):
            if a.size > 2000:
                break
            op, function = chains.step(self.rng, text, a)
            written += " | " + op
            a = function(a, False)
        return written, a

    def add_rule(self, expr, results, made=True):
        targets = []
        for a in results:
            self.n += 1
            targets.append("t/%d" % self.n)
            self.expected[targets[-1]] = (a, made)
        written = ['"%s"' % t + (" : %s[%s]" % (L.name_of(self.expected[t][0]), ", ".join(map(str, self.expected[t][0].shape)))
                                 if self.rng.integers(4) == 0 else "") for t in targets]
        self.rules.append("map %s -> %s" % (expr, written[0] if len(written) == 1 else "(%s)" % ", ".join(written)))

    # ---- kinds of rules

    def chain(self):
        text, names = chains.Text(self.rng, {"heads": 3, "width": 8}), {}
        written, a = self.term(text, names)
        more, a = self.pipe(text, a, int(self.rng.integers(1, 9)))
        self.add_rule(written + more, [a])

    def with_slots(self):
        """A variable with Adam's moments under TF1's names: they go where it goes."""
        text, arrays = chains.Text(self.rng, {"heads": 3, "width": 8}), []
        dtype, shape, name = str(self.rng.choice([*L.FLOATS])), self.shape(), "a/%d" % len(self.sources)
        for suffix in ("", "/Adam", "/Adam_1"):
            arrays.append(self.source(dtype, shape, name + suffix, finite=True)[1])
        written = '"%s"' % name + self.typed(arrays[0], text, {})
        for _ in range(int(self.rng.integers(0, 6))):
            if arrays[0].size > 2000:
                break
            op, function = chains.step(self.rng, text, arrays[0], for_slots=True)
            arrays = [function(a, i > 0) for i, a in enumerate(arrays)]
            written += " | " + op
        self.add_rule(written, [arrays[0]])
        for suffix, a in zip(("/Adam", "/Adam_1"), arrays[1:]):
            self.expected["t/%d%s" % (self.n, suffix)] = (a, True)

    def members(self, n, least=0):
        """n sources of one dtype and shape, each through operators that keep both."""
        dtype, shape = str(self.rng.choice([*L.DTYPES])), self.shape(least)
        out = []
        for _ in range(n):
            written, a = self.source(dtype, shape)
            text = chains.Text(self.rng)
            if a.ndim and self.rng.integers(3) == 0:
                axis = int(self.rng.integers(a.ndim))
                written += " | flip(%s)" % text.axis(axis, a.ndim)
                a = np.flip(a, axis)
            out.append((written, a))
        return out

    def join(self):
        text = chains.Text(self.rng, {"heads": 3, "width": 8})
        n = int(self.rng.integers(1, 5))
        concat = bool(self.rng.integers(2))
        members = self.members(n, least=1 if concat else 0)
        rank = members[0][1].ndim
        axis = int(self.rng.integers(rank)) if concat else int(self.rng.integers(rank + 1))
        if concat:
            members = [self.longer(w, a, axis, text) for w, a in members]
            a, call = np.concatenate([a for _, a in members], axis), text.call("concat", [("axis", text.axis(axis, rank))])
        else:
            a, call = np.stack([a for _, a in members], axis), text.call("stack", [("axis", text.axis(axis, rank + 1))])
        if a.ndim > 7:
            return
        comma = "," if n == 1 else ""
        more, a = self.pipe(text, a, int(self.rng.integers(0, 5)))
        self.add_rule("(%s%s) | %s%s" % (", ".join(w for w, _ in members), comma, call, more), [a])

    def longer(self, written, a, axis, text):
        """Another size along axis."""
        n, by = a.shape[axis], int(self.rng.integers(3))
        return written + " | grow(axis=%s, to=%s)" % (text.axis(axis, a.ndim), text.int(n + by)), chains.extend(a, axis, 0, by, 0)

    def split(self):
        text = chains.Text(self.rng, {"heads": 3, "width": 8})
        written, a = self.term(text, {})
        if not a.ndim or 0 in a.shape:
            return
        axis = int(self.rng.integers(a.ndim))
        n, at = a.shape[axis], ("axis", text.axis(axis, a.ndim))
        kind = int(self.rng.integers(3))
        if kind == 0:
            parts = int(self.rng.choice([p for p in range(1, n + 1) if n % p == 0]))
            call, results = text.call("split", [at], [("parts", text.int(parts))]), np.split(a, parts, axis)
        elif kind == 1:
            cuts = sorted(int(i) for i in self.rng.integers(n + 1, size=int(self.rng.integers(0, 4))))
            sizes = [b - c for b, c in zip([*cuts, n], [0, *cuts])]
            call, results = text.call("split", [at], [("sizes", "[%s]" % ", ".join(map(text.int, sizes)))]), np.split(a, cuts, axis)
        else:
            call, results = text.call("unstack", [at]), [np.take(a, i, axis) for i in range(n)]
        self.after_split(text, "%s | %s" % (written, call), results)

    def after_split(self, text, written, results):
        """A tuple: one member, all as targets, each through an operator, or joined again."""
        kind = int(self.rng.integers(4))
        if kind == 0:
            n = int(self.rng.integers(-len(results), len(results)))
            more, a = self.pipe(text, results[n], 2)
            self.add_rule("%s | %s%s" % (written, text.call("pick", [("n", text.int(n))]), more), [a])
        elif kind == 1:
            self.add_rule(written + " | transpose" + " | unsqueeze(-1)", [np.expand_dims(a.T, -1) for a in results])
        elif kind == 2 and results[0].ndim:
            self.add_rule(written + " | concat(axis=0)" if len({a.shape[1:] for a in results}) == 1 else written,
                          [np.concatenate(results, 0)] if len({a.shape[1:] for a in results}) == 1 else results)
        elif L.name_of(results[0]) in L.REALS and len({a.shape for a in results}) == 1:
            self.add_rule(written + " | mean", [L.mean(results)])
        else:
            self.add_rule(written, results)

    def add(self):
        text = chains.Text(self.rng)
        dtype = str(self.rng.choice([d for d in L.DTYPES if d != "bool"]))
        full = self.shape()
        shapes = [tuple(n if self.rng.integers(3) else 1 for n in full)[int(self.rng.integers(len(full) + 1)) if k else 0:] for k in range(2)]
        (w, a), (v, b) = (self.source(dtype, s) for s in shapes)
        try:
            made = L.add(a, b)
        except L.Overflow:
            # Small enough, whatever they are.
            for name in list(self.sources)[-2:]:
                small = [int(x) // 4 for x in self.sources[name].reshape(-1)]
                self.sources[name] = np.array(small, dtype=object).reshape(self.sources[name].shape).astype(L.DTYPES[dtype])
            a, b = list(self.sources.values())[-2:]
            made = L.add(a, b)
        more, made = self.pipe(text, made, 1)
        self.add_rule("(%s, %s) | add%s%s" % (w, v, "()" if self.rng.integers(2) else "", more), [made])

    def mean_of_tuple(self):
        dtype, shape, n = str(self.rng.choice(L.REALS)), self.shape(), int(self.rng.integers(1, 5))
        members = [self.source(dtype, shape) for _ in range(n)]
        weights = [float(w) for w in self.rng.choice([0.5, 1, 2, 3], size=n)] if self.rng.integers(2) else None
        call = "mean(weights=[%s])" % ", ".join(map(repr, weights)) if weights else "mean"
        self.add_rule("(%s,) | %s" % (", ".join(w for w, _ in members), call), [L.mean([a for _, a in members], weights)])

    def over(self):
        """A group that a capture makes, numbers not in the order of text; or one that becomes many."""
        base, dtype, shape = "g%d" % self.n, str(self.rng.choice([*L.DTYPES])), self.shape(1)
        n = int(self.rng.integers(1, 13))
        arrays = [self.source(dtype, shape, "%s/e%d/w" % (base, i))[1] for i in self.rng.permutation(n)]
        arrays = [self.sources["%s/e%d/w" % (base, i)] for i in range(n)]
        text, rank = chains.Text(self.rng), len(shape)
        kind = int(self.rng.integers(3))
        words = [("over", "e")] + ([("count", text.int(n))] if self.rng.integers(2) else [])
        if kind == 0:
            axis = int(self.rng.integers(rank))
            call, a = text.call("concat", [("axis", text.axis(axis, rank))], words), np.concatenate(arrays, axis)
        elif kind == 1 or dtype not in L.REALS:
            axis = int(self.rng.integers(rank + 1))
            call, a = text.call("stack", [("axis", text.axis(axis, rank + 1))], words), np.stack(arrays, axis)
        else:
            weights = [float(w) for w in self.rng.choice([0.5, 1, 2, 3], size=n)] if self.rng.integers(2) else None
            words += [("weights", "[%s]" % ", ".join(map(repr, weights)))] if weights else []
            call, a = text.call("mean", [], words), L.mean(arrays, weights)
        self.add_rule('"%s/e{e:int}/w" | %s' % (base, call), [a])

    def into_capture(self):
        base = "h%d" % self.n
        text, shape = chains.Text(self.rng), tuple(max(n, 1) for n in self.shape(1))
        written, a = self.source(shape=shape)
        axis = int(self.rng.integers(len(shape)))
        at = ("axis", text.axis(axis, len(shape)))
        self.n += 1
        if self.rng.integers(2):
            call, results = text.call("unstack", [at], [("as", "e")]), [np.take(a, i, axis) for i in range(shape[axis])]
        else:
            parts = int(self.rng.choice([p for p in range(1, shape[axis] + 1) if shape[axis] % p == 0]))
            call, results = text.call("split", [at], [("parts", text.int(parts)), ("as", "e")]), np.split(a, parts, axis)
        self.rules.append('map %s | %s -> "%s/e{e}/w"' % (written, call, base))
        for i, r in enumerate(results):
            self.expected["%s/e%d/w" % (base, i)] = (r, False)

    def capture(self):
        """A capture of a name as a number."""
        base, i = "c%d" % self.n, int(self.rng.integers(1, 4))
        dtype, shape = str(self.rng.choice([*L.DTYPES])), (int(self.rng.integers(4, 7)), 2)
        _, a = self.source(dtype, shape, "%s/%d" % (base, i))
        self.n += 1
        kind = int(self.rng.integers(3))
        call, made = (("slice(0, i, i + 2)", a[i:i + 2]), ("roll(axis=0, by=-i)", np.roll(a, -i, 0)),
                      ("tile(1, n=i * 2)", np.concatenate([a] * (2 * i), 1)))[kind]
        self.rules.append('map "%s/{i:int}" | %s -> "%s/{i}"' % (base, call, base))
        self.expected["%s/%d" % (base, i)] = (made, False)

    def take_file(self, folder):
        self.n += 1
        written, a = self.source(shape=(int(self.rng.integers(1, 6)), *self.shape()[:3]))
        axis = int(self.rng.integers(a.ndim))
        if a.shape[axis] == 0:
            return
        picked = [int(i) for i in self.rng.integers(-a.shape[axis], a.shape[axis], size=int(self.rng.integers(1, 9)))]
        end = str(self.rng.choice(["\n", "\r\n"]))
        body = end.join(map(str, picked)) + (end if self.rng.integers(2) else "")
        name = "order-%d.txt" % self.n
        with open(os.path.join(folder, name), "w", newline="") as f:
            f.write(body)
        self.add_rule('%s | take(axis=%d, file="%s")' % (written, axis, name), [np.take(a, picked, axis).astype(a.dtype)], made=False)

    def one_cast(self):
        """Only a cast, whose counts the report has."""
        dtype = str(self.rng.choice([*L.DTYPES]))
        written, a = self.source(dtype)
        to = str(self.rng.choice([*L.COMPLEX] if dtype in L.COMPLEX else [*L.DTYPES]))
        overflow, counts = str(self.rng.choice(["saturate", "allow"])), L.Counts()
        self.add_rule("%s | cast(%s, overflow=%s)" % (written, to, overflow), [L.cast(a, to, overflow, counts)])
        if dtype != to:
            self.casts["t/%d" % self.n] = counts

    def new(self):
        self.n += 1
        name, dtype, shape = "n/%d" % self.n, str(self.rng.choice([*L.DTYPES])), self.shape()
        text = chains.Text(self.rng, {"heads": 3, "width": 8})
        kind, made = int(self.rng.integers(4)), False
        if kind == 0 and len(shape) > 1:
            fill, a = "eye", L.eye(dtype, shape)
        elif kind == 1 and dtype in L.FLOATS:
            # Whole ones: the sums and products are exact in f64 then.
            lo, hi, seed = int(self.rng.integers(-4, 1)), int(self.rng.integers(1, 5)), int(self.rng.choice([0, 1, -1, 2 ** 40]))
            words = [("seed", str(seed))] if seed or self.rng.integers(2) else []
            fill = text.call("uniform", [("lo", text.int(lo)), ("hi", text.int(hi))], words)
            a = L.narrow(L.draws("uniform", name, shape, lo, hi, seed), dtype)
        else:
            fill, value = chains.fill(self.rng, text, dtype)
            a = chains.extend(np.zeros((0, *shape), L.DTYPES[dtype]), 0, 1, 0, value)[0]
        self.rules.append('new "%s" : %s[%s] = %s' % (name, dtype, ", ".join(map(text.int, shape)), fill))
        self.expected[name] = (a, made)

    def text(self):
        rules = [str(r) for r in self.rng.permutation(self.rules)]
        return "ckmig 1\nlet heads = 3\nlet width = heads + 5\n" + "\n".join(rules) + "\ndrop optional rest because \"none\"\n"


def build(seed, folder, n_rules=60):
    m = Migration(seed)
    kinds = [m.chain] * 6 + [m.with_slots] * 2 + [m.join] * 2 + [m.split] * 2 + [m.add, m.mean_of_tuple, m.over, m.into_capture, m.capture, m.one_cast, m.one_cast,
                                                           m.new, lambda: m.take_file(folder)]
    for _ in range(n_rules):
        kinds[int(m.rng.integers(len(kinds)))]()
    return m


def problems_of(seed, folder):
    m = build(seed, folder)
    path, out = os.path.join(folder, "m.ckmig"), os.path.join(folder, "out/model.ckpt")
    with open(path, "w") as f:
        f.write(m.text())
    save(os.path.join(folder, "src"), m.sources)
    done = ckmig("run", "-q", "-o", out, path, os.path.join(folder, "src"))
    if done.returncode:
        return ["exit %d\n%s" % (done.returncode, done.stderr)]
    found = load(out)
    problems = ["%s is not expected" % n for n in found if n not in m.expected]
    for name, (expected, made) in m.expected.items():
        what = differ(found[name], expected, made) if name in found else "is not there"
        if what:
            problems.append("%s: %s\n  %s" % (name, what, next((r for r in m.rules if '"%s"' % name in r), "")))
    with open(out + ".report.json") as f:
        casts = {t["name"]: t["casts"] for t in json.load(f)["targets"]}
    for name, counts in m.casts.items():
        told = {k: casts[name][k] for k in counts.fields()} if casts[name] else None
        if told != counts.fields():
            problems.append("%s: the report counts %s, expected %s\n  %s" % (name, told, counts.fields(), next(r for r in m.rules if '"%s"' % name in r)))
    again = os.path.join(folder, "again/model.ckpt")
    done = ckmig("run", "-q", "--jobs", "1", "--memory", "16Mi", "-o", again, path, os.path.join(folder, "src"))
    for suffix in (".index", ".data-00000-of-00001", ".report.json"):
        if done.returncode or open(out + suffix, "rb").read() != open(again + suffix, "rb").read():
            problems.append("another result with one thread and little memory")
            break
    return problems


def attempt(name, function):
    """Runs it in a folder of its own; whether it found nothing wrong. The folder stays if it did."""
    folder = tempfile.mkdtemp(prefix="ckmig-operators-")
    problems = function(folder)
    if problems:
        print("%s, files in %s:\n%s" % (name, folder, "\n".join(problems[:12])))
    else:
        shutil.rmtree(folder)
    return not problems


def main():
    import fixed
    rounds, seed = int(os.environ.get("PROP_ROUNDS", 60)), int(os.environ.get("PROP_SEED", 1))
    results = [attempt(test.__name__, test) for test in fixed.TESTS]
    results += [attempt("seed %d" % i, lambda folder, i=i: problems_of(i, folder)) for i in range(seed, seed + rounds)]
    print("%d passed, %d failed" % (sum(results), len(results) - sum(results)))
    return not all(results)


if __name__ == "__main__":
    raise SystemExit(main())
