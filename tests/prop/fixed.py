"""What random chains may miss: every operator on every dtype, casts at the edges of ranges, random fills, what is refused and when."""
import decimal
import os

import numpy as np
import tensorflow as tf

import language as L
from operators import ckmig, differ, load, save

D = decimal.Decimal
decimal.getcontext().prec = 45


def run(folder, text, source, *options):
    """Exit code, what it said, and what it wrote."""
    path, out = os.path.join(folder, "m.ckmig"), os.path.join(folder, "out")
    with open(path, "w") as f:
        f.write("ckmig 1\n" + text)
    done = ckmig("run", "-q", "--force", "--no-sync", *options, "-o", out, path, source)
    return done.returncode, done.stderr, load(out) if done.returncode == 0 else None


def compare(folder, text, source, expected, made=True):
    code, said, found = run(folder, text, source)
    if code:
        return ["exit %d\n%s" % (code, said)]
    out = []
    for name, array in expected.items():
        what = differ(found[name], array, made) if name in found else "is not there"
        if what:
            out.append("%s: %s" % (name, what))
    return out


# ---- every operator on every dtype

def matrix(dtype):
    values = np.arange(24) % 5 - (0 if dtype.startswith("u") else 2)
    return (values % 2 if dtype == "bool" else values).astype(L.DTYPES[dtype]).reshape(4, 6)


def everywhere(dtype):
    """(text, result) of operators that every dtype has, on matrix(dtype) as $."""
    a = matrix(dtype)
    one = L.DTYPES[dtype](1)
    s = "\"m/%s\"" % dtype
    yield s + "[1:4:2, -1]", a[1:4:2, -1]
    yield s + "[::-1, ::3]", a[::-1, ::3]
    yield s + " | slice(1, 5, 0, -2)", a[:, 5:0:-2]
    yield s + " | transpose", a.T
    yield s + " | transpose(-1, 0)", a.T
    yield s + " | reshape(2, -1, 3)", a.reshape(2, -1, 3)
    yield s + " | rearrange(\"a (b c) -> c 1 (b a)\", b=2)", a.reshape(4, 2, 3).transpose(2, 1, 0).reshape(3, 1, 8)
    yield s + " | rearrange(\"... c -> c ...\")", a.T
    yield s + " | unsqueeze(1) | squeeze(-2)", a
    yield s + " | unsqueeze(-1)", a[..., None]
    yield s + " | flip(-1)", a[:, ::-1]
    yield s + " | roll(1, by=-2)", np.roll(a, -2, 1)
    yield "(%s, %s | flip(0)) | concat(-1)" % (s, s), np.concatenate([a, a[::-1]], -1)
    yield "(%s, %s | flip(0)) | stack(-1)" % (s, s), np.stack([a, a[::-1]], -1)
    yield s + " | split(1, sizes=[1, 5]) | pick(-1)", a[:, 1:]
    yield s + " | split(0, parts=2) | concat(1)", np.concatenate([a[:2], a[2:]], 1)
    yield s + " | unstack(0) | pick(2)", a[2]
    yield s + " | split(0, parts=2) | split(1, parts=2) | pick(2)", a[2:, :3]
    yield s + " | take(0, [3, 0, -1, 3])", a[[3, 0, -1, 3]]
    yield s + " | pad(0, before=1, after=2, with=ones)", np.pad(a, ((1, 2), (0, 0)), constant_values=one)
    yield s + " | pad(1, multiple=4)", np.pad(a, ((0, 0), (0, 2)))
    yield s + " | pad(1, multiple=3)", a
    yield s + " | grow(axis=0, to=5, with=const(1))", np.pad(a, ((0, 1), (0, 0)), constant_values=one)
    yield s + " | grow(axis=1, to=8, with=eye)", np.concatenate([a, L.eye(dtype, (4, 8))[:, 6:]], 1)
    yield s + " | tile(0, 2)", np.concatenate([a, a], 0)
    yield s + " | repeat(1, 3)", np.repeat(a, 3, 1)
    yield s + " | cast(%s)" % dtype, a
    for fill, x in (("zeros", 0), ("ones", 1), ("const(1)", 1)):
        yield "(%s, %s : %s[1, 6]) | concat(0)" % (s, fill, dtype), np.concatenate([a, np.full((1, 6), x).astype(a.dtype)], 0)
    yield "(%s, eye : %s[6, 6]) | concat(0)" % (s, dtype), np.concatenate([a, L.eye(dtype, (6, 6))], 0)
    for to in L.COMPLEX if dtype in L.COMPLEX else L.DTYPES:
        yield s + " | cast(%s, overflow=saturate)" % to, L.cast(a, to, "saturate")


def numbers(dtype):
    a, s = matrix(dtype), "\"m/%s\"" % dtype
    if dtype != "bool":
        yield "(%s, %s | slice(0, 0, 1)) | add" % (s, s), L.add(a, a[:1])
    if dtype in L.INTS:
        yield s + " | cast(i64, overflow=allow) | neg", L.neg(L.cast(a, "i64", "allow"))
        yield s + " | slice(0, 0, 0) | neg", a[:0]
    if dtype not in L.REALS:
        return
    yield s + " | neg | neg", L.neg(L.neg(a))
    yield s + " | transpose | neg", L.neg(a.T)
    yield s + " | scale(0.1)", L.scale(a, 0.1)
    yield s + " | shift(-3)", L.shift(a, -3)
    yield s + " | mean(axis=0)", L.mean_axis(a, 0)
    yield s + " | mean(axis=-1, weights=[1, 2, 3, 4, 5, 0.5])", L.mean_axis(a, 1, [1, 2, 3, 4, 5, .5])
    yield "(%s, %s | flip(0)) | mean(weights=[3, 1])" % (s, s), L.mean([a, a[::-1]], [3, 1])
    yield s + " | grow(1, to=8, with=mean)", np.concatenate([a] + [L.mean_axis(a, 1)[:, None]] * 2, 1)
    yield s + " | pad(0, before=1, with=mean)", np.concatenate([L.mean_axis(a, 0)[None], a], 0)


def every_dtype(folder):
    sources = {"m/" + d: matrix(d) for d in L.DTYPES}
    for shape, kind in (((), "s"), ((0, 3), "e"), ((2, 1, 3, 1, 2, 2), "r")):
        sources.update({"%s/%s" % (kind, d): np.resize(matrix(d), shape) for d in L.DTYPES})
    rules, expected = [], {}
    for d in L.DTYPES:
        more = [("\"s/%s\" | unsqueeze(0) | tile(0, 3)" % d, np.resize(sources["s/" + d], 3)), ("\"s/%s\" | transpose" % d, sources["s/" + d]),
                ("\"s/%s\" | reshape(1, 1)" % d, sources["s/" + d].reshape(1, 1)), ("(\"s/%s\",) | stack(0)" % d, sources["s/" + d][None]),
                ("\"e/%s\" | transpose" % d, sources["e/" + d].T), ("\"e/%s\" | grow(0, to=2)" % d, np.zeros((2, 3), L.DTYPES[d])),
                ("\"e/%s\" | reshape(3, -1)" % d, sources["e/" + d].reshape(3, 0)), ("(\"e/%s\", \"e/%s\") | concat(1)" % (d, d), np.zeros((0, 6), L.DTYPES[d])),
                ("\"r/%s\" | transpose" % d, sources["r/" + d].T), ("\"r/%s\" | squeeze(3) | squeeze(1) | reshape(-1)" % d, sources["r/" + d].reshape(-1)),
                ("\"r/%s\" | rearrange(\"a 1 (c d) ... -> (... a) c d\", d=1)" % d,
                 sources["r/" + d].reshape(2, 3, 1, 1, 2, 2).transpose(3, 4, 5, 0, 1, 2).reshape(8, 3, 1))]
        for text, array in [*everywhere(d), *numbers(d), *more]:
            name = "t/%d" % len(rules)
            rules.append("map also %s -> \"%s\"" % (text, name))
            expected[name] = array
    source = os.path.join(folder, "dtypes")
    save(source, sources)
    return compare(folder, "\n".join(rules) + "\ndrop optional rest because \"none\"\n", source, expected)


def strings(folder):
    """Only what leaves every byte in its place; all else is refused before data is read."""
    source, a = os.path.join(folder, "strings"), np.array([b"a", b"", b"\xff\0x", b"long" * 50], object).reshape(2, 1, 2)
    save(source, {"s": tf.constant(a), "f": np.float32([1])})
    keep = "keep \"f\"\nmap also \"s\" | %s -> \"t\"\nnew \"n\" : string[2] = zeros\n"
    out = []
    for text, array in (("reshape(-1)", a.reshape(-1)), ("squeeze(1)", a.squeeze(1)), ("unsqueeze(0)", a[None])):
        code, said, found = run(folder, keep % text, source)
        if code or found["t"].tolist() != array.tolist() or found["n"].tolist() != [b"", b""]:
            out.append("strings | %s: exit %d\n%s" % (text, code, said))
    for text in ("transpose", "flip(0)", "tile(0, 2)", "take(0, [0])", "grow(0, to=3)", "cast(f32)", "scale(2)", "mean(axis=0)"):
        code, said, _ = run(folder, keep % text, source)
        if code != 4 or said.count("error[") != 1:
            out.append("strings | %s: exit %d\n%s" % (text, code, said))
    return out


# ---- casts at the edges

def just_beyond(dtype):
    """The largest number that a dtype holds after rounding, and the next that it does not, as fractions or integers; below zero too."""
    if dtype in L.RANGES:
        low, high = L.RANGES[dtype]
        return [(low, low - 1), (high, high + 1)]
    digits, _, largest, _ = L.FLOATS[dtype]
    step = 2 ** (largest.numerator.bit_length() - digits)
    # Halfway to the next number ties to even: it stays in the range when the last digit of the largest one is 0.
    half = largest + step // 2
    inside = half if largest.numerator // step % 2 == 0 else half - 1
    return [(s * inside, s * (inside + 1)) for s in (1, -1)]


def edge_cases():
    for a in L.DTYPES:
        for b in L.COMPLEX if a in L.COMPLEX else L.DTYPES:
            for inside, outside in just_beyond(L.COMPLEX.get(b, b)):
                kind = L.COMPLEX.get(a, a)
                for x, fits in ((inside, True), (outside, False)):
                    low, high = L.RANGES.get(kind, (0, 0))
                    held = low <= x <= high if kind in L.RANGES else L.nearest(L.Fraction(x), kind) == x
                    if held and a != b:
                        yield a, b, x, fits


def as_array(x, dtype):
    """Beside others, so that one bad element is found among good ones."""
    if dtype in L.RANGES:
        return np.array([0, x, 1], object).astype(L.DTYPES[dtype])
    kind = L.COMPLEX.get(dtype, dtype)
    return np.array([0.0, float(x), 1.0], L.DTYPES[kind]).astype(L.DTYPES[dtype])


def casts(folder):
    """What fits is cast; what does not is an error that leaves no output, and what `saturate` and `allow` say it becomes."""
    cases = list(edge_cases())
    source, sources = os.path.join(folder, "edges"), {"x/%d" % i: as_array(x, a) for i, (a, _, x, _) in enumerate(cases)}
    save(source, sources)
    good = ["map also \"x/%d\" | cast(%s) -> \"y/%d\"" % (i, b, i) for i, (_, b, _, fits) in enumerate(cases) if fits]
    expected = {"y/%d" % i: L.cast(sources["x/%d" % i], b) for i, (_, b, _, fits) in enumerate(cases) if fits}
    for how in ("saturate", "allow"):
        for i, (_, b, _, _) in enumerate(cases):
            good.append("map also \"x/%d\" | cast(%s, overflow=%s) -> \"%s/%d\"" % (i, b, how, how, i))
            expected["%s/%d" % (how, i)] = L.cast(sources["x/%d" % i], b, how)
    out = compare(folder, "\n".join(good) + "\ndrop optional rest because \"none\"\n", source, expected)
    os.remove(os.path.join(folder, "out.index"))
    # Each is a process of its own: where those are slow, every tenth does.
    beyond = [(i, case) for i, case in enumerate(cases) if not case[3]][::10 if "SLOWDOWN" in os.environ else 1]
    for i, (a, b, x, _) in beyond:
        code, said, _ = run(folder, "map \"x/%d\" | cast(%s) -> \"y\"\ndrop rest because \"none\"\n" % (i, b), source)
        if code != 6 or "E0702" not in said or os.path.exists(os.path.join(folder, "out.index")):
            out.append("%s of %s to %s: exit %d\n%s" % (x, a, b, code, said))
    return out


def sums(folder):
    """Integers beyond their range are an error, also where one member is broadcast."""
    out, source = [], os.path.join(folder, "sums")
    for dtype, (low, high) in L.INTS.items():
        if dtype == "i4":
            continue
        one = np.array([[0, high], [low, 1]], object).astype(L.DTYPES[dtype])
        save(source, {"a": one, "b": np.array([[0], [0]], object).astype(L.DTYPES[dtype]), "c": np.array(1, object).astype(L.DTYPES[dtype])})
        code, said, found = run(folder, "map (\"a\", \"b\") | add -> \"y\"\ndrop rest because \"none\"\n", source)
        if code or differ(found["y"], one, False):
            out.append("%s: exit %d\n%s" % (dtype, code, said))
        code, said, _ = run(folder, "map (\"a\", \"c\") | add -> \"y\"\ndrop rest because \"none\"\n", source)
        if code != 6 or "E0702" not in said:
            out.append("%s beyond its range: exit %d\n%s" % (dtype, code, said))
    return out


def negatives(folder):
    """The least signed integer has no negative, and of unsigned ones only 0 has; other numbers have one."""
    out, source = [], os.path.join(folder, "negatives")
    for dtype, (low, high) in L.INTS.items():
        good = np.array([[0, 0, 0], [0, 0, 0]] if low == 0 else [[0, high, -high], [1, -1, 2]], object).astype(L.DTYPES[dtype])
        save(source, {"a": good, "b": np.array([0, low or 1, 0], object).astype(L.DTYPES[dtype])})
        code, said, found = run(folder, "map \"a\" | transpose | neg -> \"y\"\ndrop rest because \"none\"\n", source)
        if code or differ(found["y"], L.neg(good.T), False):
            out.append("%s: exit %d\n%s" % (dtype, code, said))
        code, said, _ = run(folder, "map \"b\" | neg -> \"y\"\ndrop rest because \"none\"\n", source)
        if code != 6 or "E0702" not in said:
            out.append("%s without a negative: exit %d\n%s" % (dtype, code, said))
    return out


# ---- random numbers

def turn(x):
    """Cosine and sine of 2 pi x, by their series, to 40 digits."""
    pi = D("3.14159265358979323846264338327950288419716939937510")
    angle = 2 * pi * (x - (x + D("0.5")).to_integral_value(decimal.ROUND_FLOOR))
    cos, sin, term = D(0), D(0), D(1)
    for n in range(0, 60, 2):
        cos += term
        sin += term * angle / (n + 1)
        term *= -angle * angle / ((n + 1) * (n + 2))
    return cos, sin


def exact_normals(name, n, seed):
    out = []
    for word in range(0, n, 2):
        u = L.draws("uniform", name, (n + n % 2,), 0.0, 1.0, seed)
        r = (-2 * D(float(u[word])).ln()).sqrt()
        out += [r * part for part in turn(D(float(u[word + 1])))]
    return out[:n]


def random_fills(folder):
    source, n = os.path.join(folder, "one"), 403
    save(source, {"x": np.float32([[1, 2, 3]])})
    rules, wanted = [], {}
    for seed in (0, 7, -3):
        for dtype in L.FLOATS:
            name = "n/%s/%d" % (dtype, seed)
            rules.append("new \"%s\" : %s[%d, 1] = normal%s" % (name, dtype, n, "(seed=%d)" % seed if seed else ""))
            wanted[name] = (exact_normals(name, n, seed), 1, 0)
    rules.append("new \"scaled\" : f64[5] = normal(0.5, stddev=1e-3, seed=1)")
    wanted["scaled"] = (exact_normals("scaled", 5, 1), D("0.001"), D("0.5"))
    code, said, found = run(folder, "\n".join(rules) + "\nmap \"x\" | grow(0, to=3, with=uniform(-1, 1, seed=5)) -> \"g\"\n"
                            "map also \"x\" | pad(1, before=2, with=uniform(2, 3)) -> \"p\"\n", source)
    if code:
        return ["exit %d\n%s" % (code, said)]
    out = []
    for name, (draws, scale, shift) in wanted.items():
        dtype = L.name_of(found[name])
        for got, z in zip(found[name].reshape(-1), draws):
            exact = z * scale + shift
            # Four roundings of f64, then one to the dtype.
            room = D(4) * abs(exact) * D(2) ** -52 + D(2) ** -60 + (abs(exact) * D(2) ** -(L.FLOATS[dtype][0] - 1) / 2 if dtype != "f64" else 0)
            least = D(2) ** (L.FLOATS[dtype][1] - L.FLOATS[dtype][0])
            if abs(D(float(got)) - exact) > room + least:
                out.append("%s: %r, expected %s" % (name, float(got), exact))
                break
    # Elements are numbered in the whole result, so that growing twice is growing once.
    whole = L.draws("uniform", "g", (3, 3), -1.0, 1.0, 5).astype(np.float32)
    out += ["grow: %s" % w for w in [differ(found["g"], np.concatenate([np.float32([[1, 2, 3]]), whole[1:]]), False)] if w]
    whole = L.draws("uniform", "p", (1, 5), 2.0, 3.0, 0).astype(np.float32)
    out += ["pad: %s" % w for w in [differ(found["p"], np.concatenate([whole[:, :2], np.float32([[1, 2, 3]])], 1), False)] if w]
    return out


# ---- what is refused: code, exit code, text. a: f32[4, 6], i: i32[4, 6], e: f32[0, 3], s: f32[]

REFUSED = """
E0303 4 map "a" | flip(2) -> "y"
E0303 4 map "a" | unsqueeze(-4) -> "y"
E0303 4 map "s" | flip(0) -> "y"
E0302 4 map "a" | transpose(0) -> "y"
E0303 3 map "a" | transpose(0, 0) -> "y"
E0304 4 map "a" | reshape(5, -1) -> "y"
E0304 4 map "a" | squeeze(0) -> "y"
E0304 4 map "a" | split(0, parts=3) | concat(0) -> "y"
E0304 4 map "a" | split(0, sizes=[1, 2]) | concat(0) -> "y"
E0304 4 map ("a", "a" | transpose) | concat(0) -> "y"
E0304 4 map ("a", "e") | stack(0) -> "y"
E0302 4 map ("a", "s") | concat(0) -> "y"
E0302 4 map ("s", "s") | concat(0) -> "y"
E0301 4 map ("a", "i") | concat(0) -> "y"
E0304 4 map ("a", "e") | add -> "y"
E0215 3 map ("a", "a", "a") | add -> "y"
E0301 4 map "i" | scale(2) -> "y"
E0301 4 map "i" | mean(axis=0) -> "y"
E0301 4 map "i" | grow(0, to=9, with=mean) -> "y"
E0301 4 map "i" | grow(0, to=9, with=normal) -> "y"
E0301 4 map "i" | pad(0, after=1, with=const(0.5)) -> "y"
E0304 4 map "e" | mean(axis=0) -> "y"
E0304 4 map "e" | grow(0, to=2, with=mean) -> "y"
E0304 4 map "a" | mean(axis=0, weights=[1, 2]) -> "y"
E0206 3 map "a" | mean(axis=0, weights=[1, -1]) -> "y"
E0306 4 map "a" | grow(0, to=3) -> "y"
E0306 4 map "a" | take(0, [4]) -> "y"
E0306 4 map "a"[4] -> "y"
E0302 4 map "a"[0, 0, 0] -> "y"
E0306 3 map "a"[::0] -> "y"
E0306 3 map "a" | split(0, parts=2) | pick(2) -> "y"
E0215 4 map "a" | unstack(0) -> ("y", "z")
E0304 4 map "a" | transpose -> "y" : f32[4, 6]
E0301 4 map "a" : f16[4, 6] -> "y"
E0305 4 map "a" : f32[n, n] -> "y"
E0304 4 map "a" : f32[n, n * 2] -> "y"
E0304 4 map ("a" : f32[n, m], "i" : i32[n * 2, m]) | pick(0) -> "y"
E0302 4 map "a" | rearrange("x -> x") -> "y"
E0304 4 map "a" | rearrange("(x y) z -> x y z", x=3) -> "y"
E0206 3 map "a" | rearrange("x y -> x") -> "y"
E0301 3 new "y" : i32[3] = const(0.5)
E0301 3 new "y" : u8[3] = const(256)
E0302 3 new "y" : f32[3] = eye
E0301 3 new "y" : c64[3] = uniform(0, 1)
E0206 3 new "y" : f32[3] = uniform(1, 0)
E0214 3 map "a" | clip(0, 1) -> "y"
E0214 3 new "y" : f32[3] = arange
"""


def refused(folder):
    """By the text or the index alone, without the data, and each by one error."""
    source, out = os.path.join(folder, "refused"), []
    save(source, {"a": np.zeros((4, 6), np.float32), "i": np.zeros((4, 6), np.int32), "e": np.zeros((0, 3), np.float32), "s": np.float32(0)})
    os.remove(source + ".data-00000-of-00001")
    for line in REFUSED.strip().split("\n"):
        wanted, code, text = line.split(" ", 2)
        path = os.path.join(folder, "r.ckmig")
        with open(path, "w") as f:
            f.write("ckmig 1\n%s\ndrop optional rest because \"none\"\n" % text)
        done = ckmig("plan", path, source)
        if done.returncode != int(code) or done.stderr.count("error[") != 1 or "error[%s]" % wanted not in done.stderr:
            out.append("%s: exit %d\n%s" % (line, done.returncode, done.stderr))
    return out


# ---- bugs of the past

def bugs(folder):
    source, a = os.path.join(folder, "bugs"), np.float32(np.arange(10)).reshape(5, 1, 2)
    b = np.float32(np.arange(24)).reshape(8, 3)
    save(source, {"x": a, "y": b})
    rules = [("cast(f64) | reshape(-1, 2) | rearrange(\"(a b) c -> b c a\", b=5)", a.astype(np.float64).reshape(1, 5, 2).transpose(1, 2, 0)),
             ("scale(2) | reshape(5, 2) | transpose", 2 * a.reshape(5, 2).T)]
    rules = [("\"x\" | " + text, array) for text, array in rules]
    # As many operators as a pipe may have; means that are made of means.
    deep = a
    for _ in range(190):
        deep = np.concatenate([deep, L.mean_axis(deep, 0)[None]])
    rules.append(("\"x\"" + " | pad(0, after=1, with=mean)" * 190, deep))
    # Members of a tuple that use each other's dimensions, in any order.
    rules += [("(\"y\" | slice(0, 0, n) | slice(1, 0, m), \"x\" : f32[n, _, m] | squeeze(1)) | concat(0)", np.concatenate([b[:5, :2], a[:, 0]])),
              ("(\"y\"[n - 1], \"x\" : f32[n, _, m]) | pick(0)", b[4]),
              ("(\"y\" : f32[n + 3, m + 1], \"x\" : f32[n, _, m], ones : f32[n, m]) | pick(-1)", np.ones((5, 2), np.float32)),
              ("(\"y\" : f32[k, _] | slice(0, 0, n), \"x\" : f32[n, 1, 2] | grow(0, to=k)) | pick(1)", np.pad(a, ((0, 3), (0, 0), (0, 0))))]
    text = "\n".join("map also %s -> \"t/%d\"" % (r, i) for i, (r, _) in enumerate(rules))
    return compare(folder, text, source, {"t/%d" % i: array for i, (_, array) in enumerate(rules)})


TESTS = [every_dtype, strings, casts, sums, negatives, random_fills, refused, bugs]
