"""Random expressions of the language with what they make, by language.py. Operators are written in every way the language allows."""
import math

import numpy as np

import language as L


class Text:
    """Writes numbers as a person might: as they are, by a let, or by dimensions that a type has bound."""

    def __init__(self, rng, names=None):
        self.rng, self.names = rng, dict(names or {})

    def int(self, n):
        roll = self.rng.integers(8)
        if roll == 0 and self.names:
            name = str(self.rng.choice(sorted(self.names)))
            other = n - self.names[name]
            return "%s %s %d" % (name, "+" if other >= 0 else "-", abs(other))
        if roll == 1 and n > 0:
            for name in sorted(self.names):
                if self.names[name] and n % self.names[name] == 0:
                    return "%s * %d" % (name, n // self.names[name])
        if roll == 2 and n >= 0:
            return "0%d" % n
        if roll == 3:
            return "(%d)" % n
        return str(n)

    def axis(self, axis, rank):
        return self.int(axis - rank if self.rng.integers(3) == 0 else axis)

    def call(self, name, positional, keywords=()):
        """positional: (name, text) in order; some become keywords. keywords: only by keyword, in any order."""
        cut = int(self.rng.integers(len(positional) + 1))
        words = ["%s=%s" % pair for pair in [*positional[cut:], *keywords]]
        self.rng.shuffle(words)
        args = [text for _, text in positional[:cut]] + words
        return name + ("(%s)" % ", ".join(args) if args else "")


def array_of(rng, dtype, shape, finite=False):
    """Random elements: small ones, edges of the range, infinities, NaNs."""
    n = math.prod(shape)
    with np.errstate(all="ignore"):
        if dtype in L.RANGES:
            low, high = L.RANGES[dtype]
            pool = [low, high, 0, 1, high // 2, max(low, -1)] + [int(rng.integers(max(low, -99), min(high, 99) + 1)) for _ in range(20)]
            values = np.array([pool[i] for i in rng.integers(len(pool), size=n)], dtype=object)
            return values.astype(L.DTYPES[dtype]).reshape(shape) if n else np.zeros(shape, L.DTYPES[dtype])
        if dtype in L.COMPLEX:
            out = np.empty(shape, L.DTYPES[dtype])
            out.real, out.imag = (array_of(rng, L.COMPLEX[dtype], shape, finite) for _ in range(2))
            return out
        largest = float(L.FLOATS[dtype][2])
        values = rng.normal(size=n) * 10.0 ** rng.integers(-3, 3, size=n)
        edges = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, largest / 3, -largest / 7]
        if not finite:
            edges += [largest, -largest, np.inf, -np.inf, np.nan]
        odd = rng.random(n) < 0.2
        values[odd] = rng.choice(edges, size=int(odd.sum()))
        return values.astype(L.DTYPES[dtype]).reshape(shape)


def moves(rng, text, a):
    """Operators that move elements, which fit a, by name: (text, function). Functions take an array and whether it is a slot."""
    rank, out = a.ndim, {}
    order = [int(i) for i in rng.permutation(rank)]
    out["transpose"] = ("transpose", lambda x, slot: x.T) if rng.integers(3) == 0 or not rank else (
        "transpose(%s)" % ", ".join(text.axis(i, rank) for i in order), lambda x, slot: x.transpose(order))
    new = int(rng.integers(rank + 1))
    out["unsqueeze"] = (text.call("unsqueeze", [("axis", text.axis(new, rank + 1))]), lambda x, slot: np.expand_dims(x, new))
    shape = factors(rng, a.size, 6)
    written = [text.int(n) for n in shape]
    if a.size and shape and rng.integers(2):
        written[int(rng.integers(len(shape)))] = "-1"
    out["reshape"] = ("reshape(%s)" % ", ".join(written) if written else "reshape", lambda x, slot: x.reshape(shape))
    pattern, sizes = einops(rng, a.shape)
    if pattern:
        words = ["%s=%s" % (n, text.int(s)) for n, s in sizes.items()]
        out["rearrange"] = ("rearrange(%s)" % ", ".join(['"%s"' % pattern] + words), lambda x, slot: L.rearrange(x, pattern, sizes))
    ones = [i for i in range(rank) if a.shape[i] == 1]
    if ones:
        one = int(rng.choice(ones))
        out["squeeze"] = (text.call("squeeze", [("axis", text.axis(one, rank))]), lambda x, slot: x.squeeze(one))
    if rank:
        out.update(moves_along(rng, text, a, int(rng.integers(rank))))
    return out


def moves_along(rng, text, a, axis):
    n, at, out = a.shape[axis], ("axis", text.axis(axis, a.ndim)), {}
    out["flip"] = (text.call("flip", [at]), lambda x, slot: np.flip(x, axis))
    by = int(rng.integers(-9, 10))
    out["roll"] = (text.call("roll", [at, ("by", text.int(by))]), lambda x, slot: np.roll(x, by, axis))
    start, stop = (int(rng.integers(-n - 2, n + 3)) for _ in range(2))
    step = int(rng.choice([1, 1, 2, 3, -1, -2]))
    steps = [("step", text.int(step))] if step != 1 or rng.integers(2) else []
    index = (slice(None),) * axis + (slice(start, stop, step),)
    out["slice"] = (text.call("slice", [at, ("start", text.int(start)), ("stop", text.int(stop)), *steps]), lambda x, slot: x[index])
    times = int(rng.integers(1, 4))
    if a.size * times < 3000:
        out["tile"] = (text.call("tile", [at, ("n", text.int(times))]), lambda x, slot: np.concatenate([x] * times, axis))
        out["repeat"] = (text.call("repeat", [at, ("n", text.int(times))]), lambda x, slot: np.repeat(x, times, axis))
    if n:
        picked = [int(i) for i in rng.integers(-n, n, size=int(rng.integers(0, 7)))]
        written = "[%s%s]" % (", ".join(map(str, picked)), "," if picked and rng.integers(4) == 0 else "")
        out["take"] = (text.call("take", [at, ("indices", written)]), lambda x, slot: np.take(x, picked, axis).astype(x.dtype))
    out.update(extensions(rng, text, a, axis, at))
    return out


def fill(rng, text, dtype):
    """A fill that is one number everywhere: (text, number)."""
    kind = int(rng.integers(4))
    if kind < 2 or dtype == "bool":
        return ("zeros", 0) if kind != 1 else ("ones", 1)
    if dtype in L.INTS:
        x = int(rng.integers(max(L.INTS[dtype][0], -100), min(L.INTS[dtype][1], 100) + 1))
        return "const(%s)" % text.int(x), x
    x = float(rng.choice([0.5, -1.25, 3, 1e-3, 0.1]))
    return "const(%s%r)" % (rng.choice(["", "x="]), x), x


def extend(a, axis, before, after, value):
    def rows(n):
        shape = list(a.shape)
        shape[axis] = n
        rows = np.empty(shape, a.dtype)
        # ml_dtypes rounds a Python number twice.
        rows[...] = L.cast(np.float64([value]), L.name_of(a), "allow")[0] if not isinstance(value, int) else np.array(value).astype(a.dtype)
        return rows
    return np.concatenate([rows(before), a, rows(after)], axis)


def extensions(rng, text, a, axis, at):
    """What fills: of a slot with zeros, whatever is written."""
    out, dtype, n = {}, L.name_of(a), a.shape[axis]
    written, value = fill(rng, text, dtype)
    words = [("with", written)] if written != "zeros" or rng.integers(2) else []
    before, after = (int(rng.integers(4)) for _ in range(2))
    if rng.integers(3):
        sides = [p for p in (("before", text.int(before)), ("after", text.int(after))) if not p[1] == "0" or rng.integers(2)]
        out["pad"] = (text.call("pad", [at], sides + words), lambda x, slot: extend(x, axis, before, after, 0 if slot else value))
    else:
        multiple = int(rng.integers(1, 7))
        out["pad"] = (text.call("pad", [at], [("multiple", text.int(multiple))] + words),
                      lambda x, slot: extend(x, axis, 0, -n % multiple, 0 if slot else value))
    if dtype in L.REALS and n and rng.integers(2):
        def grown(x, slot):
            rows = np.zeros_like(x.take([0], axis)) if slot else np.expand_dims(L.mean_axis(x, axis), axis)
            return np.concatenate([x] + [rows] * after, axis)
        out["grow"] = (text.call("grow", [at, ("to", text.int(n + after))], [("with", "mean")]), grown)
    else:
        out["grow"] = (text.call("grow", [at, ("to", text.int(n + after))], words), lambda x, slot: extend(x, axis, 0, after, 0 if slot else value))
    return out


def factors(rng, n, most):
    """A random shape of n elements."""
    if n == 0:
        shape = [int(rng.integers(4)) for _ in range(int(rng.integers(1, 5)))]
        shape[int(rng.integers(len(shape)))] = 0
        return shape
    shape = [1] * int(rng.integers(0 if n == 1 else 1, most + 1))
    for p in (2, 3, 5, 7, 11, 13):
        while n % p == 0:
            n //= p
            shape[int(rng.integers(len(shape)))] *= p
    if n > 1:
        shape[int(rng.integers(len(shape)))] *= n
    return shape


def einops(rng, shape):
    """A pattern that fits, and the sizes that it needs; None when the shape has an empty axis in a group."""
    if 0 in shape or len(shape) > 5:
        return None, {}
    left, atoms, sizes, letters = [], [], {}, iter("abcdefghijklmnopqrstuvwxyz")
    rest = sorted(int(i) for i in rng.integers(len(shape) + 1, size=2)) if rng.integers(3) == 0 else None
    for i, n in enumerate(shape):
        if rest and rest[0] <= i < rest[1]:
            continue
        if n == 1 and rng.integers(2):
            left.append("1" if rng.integers(2) else "()")
            continue
        parts = (factors(rng, n, 3) or [1]) if rng.integers(2) else [n]
        names = [next(letters) + str(rng.choice(["", "x", "_1"])) for _ in parts]
        open_one = int(rng.integers(len(parts)))
        for j, (name, part) in enumerate(zip(names, parts)):
            if j != open_one or rng.integers(4) == 0:
                sizes[name] = part
        atoms += names
        ones = " 1" if len(parts) > 1 and rng.integers(4) == 0 else ""
        left.append(names[0] if len(parts) == 1 and rng.integers(2) else "(%s%s)" % (" ".join(names), ones))
    if rest:
        left.insert(rest[0], "...")
    right = [atoms[i] for i in rng.permutation(len(atoms))]
    if rest:
        right.insert(int(rng.integers(len(right) + 1)), "...")
    out = []
    while right:
        take = int(rng.integers(1, 4)) if rng.integers(2) else 1
        group, right = right[:take], right[take:]
        out.append(group[0] if take == 1 and rng.integers(3) else "(%s)" % " ".join(group))
        if rng.integers(6) == 0:
            out.append(str(rng.choice(["1", "()"])))
    return (" " * int(rng.integers(2))).join(["", " ".join(left)]) + " -> " + " ".join(out), sizes


def can_be_negated(a):
    try:
        L.neg(a)
        return True
    except L.Overflow:
        return False


def numbers(rng, text, a):
    """Operators that compute; slots have no image under them."""
    dtype, out = L.name_of(a), {}
    if dtype in L.REALS or dtype in L.INTS and can_be_negated(a):
        out["neg"] = ("neg()" if rng.integers(4) == 0 else "neg", lambda v, slot: L.neg(v))
    if dtype not in L.REALS:
        return out
    x = float(rng.choice([0.5, -2, 0.1, 3, 1e-3])) if rng.integers(3) else int(rng.integers(-3, 4))
    out["scale"] = (text.call("scale", [("x", repr(x))]), lambda v, slot: L.scale(v, x))
    out["shift"] = (text.call("shift", [("x", repr(x))]), lambda v, slot: L.shift(v, x))
    if a.ndim and min(a.shape) > 0:
        axis = int(rng.integers(a.ndim))
        weights = [float(w) for w in rng.choice([0.5, 1, 2, 3], size=a.shape[axis])] if rng.integers(2) and a.shape[axis] < 9 else None
        words = [("axis", text.axis(axis, a.ndim))] + ([("weights", "[%s]" % ", ".join(map(repr, weights)))] if weights else [])
        out["mean"] = (text.call("mean", [], words), lambda v, slot: L.mean_axis(v, axis, weights))
    return out


def casts(rng, text, a, overflow=None):
    dtype = L.name_of(a)
    to = str(rng.choice([*L.COMPLEX] if dtype in L.COMPLEX else [*L.DTYPES]))
    overflow = overflow or str(rng.choice(["error", "saturate", "allow"]))
    try:
        L.cast(a, to, overflow)
    except L.Overflow:
        overflow = str(rng.choice(["saturate", "allow"]))
    words = [("overflow", overflow)] if overflow != "error" or rng.integers(3) == 0 else []
    return {"cast": (text.call("cast", [("dtype", to)], words), lambda x, slot: L.cast(x, to, overflow))}


def step(rng, text, a, for_slots=False):
    """One operator: (text, function). for_slots: of those that slots follow through."""
    able = moves(rng, text, a)
    roll = rng.integers(6)
    if roll == 0 and not for_slots:
        able = numbers(rng, text, a) or able
    elif roll == 1:
        # What a slot holds is not asked when the overflow is chosen.
        able = casts(rng, text, a, "saturate" if for_slots else None)
    return able[str(rng.choice(sorted(able)))]


def index(rng, text, a):
    """[...] after a source: (text, result)."""
    items, at = [], []
    for n in a.shape[:int(rng.integers(1, a.ndim + 1))]:
        if n and rng.integers(4) == 0:
            at.append(int(rng.integers(-n, n)))
            items.append(text.int(at[-1]))
            continue
        parts = [None if rng.integers(3) == 0 else int(rng.integers(-n - 2, n + 3)) for _ in range(2)]
        by = None if rng.integers(2) else int(rng.choice([1, 2, 3, -1, -2]))
        at.append(slice(*parts, by))
        written = [text.int(p) if p is not None else "" for p in parts]
        items.append(":".join(written) + (":" + text.int(by) if by is not None else ":" if rng.integers(4) == 0 else ""))
    return "[%s]" % ", ".join(items), a[tuple(at)]
