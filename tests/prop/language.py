"""A second model of the operators, written from the reference of the language alone: plain, slow and exact.

It shares nothing with model.py, which follows NumPy. Numbers are rounded here as fractions, so that no library's own rounding
(ml_dtypes goes through float32, for one) is taken for the truth.
"""
import hashlib
import math
from fractions import Fraction

import ml_dtypes
import numpy as np

DTYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16, "f8e4m3fn": ml_dtypes.float8_e4m3fn,
          "f8e5m2": ml_dtypes.float8_e5m2, "i64": np.int64, "i32": np.int32, "i16": np.int16, "i8": np.int8, "i4": ml_dtypes.int4,
          "u64": np.uint64, "u32": np.uint32, "u16": np.uint16, "u8": np.uint8, "u4": ml_dtypes.uint4, "bool": np.bool_,
          "c64": np.complex64, "c128": np.complex128}
# Bits of the significand, least exponent, largest finite value, and whether there are infinities.
FLOATS = {"f64": (53, -1022, Fraction(2 ** 53 - 1) * 2 ** 971, True), "f32": (24, -126, Fraction(2 ** 24 - 1) * 2 ** 104, True),
          "f16": (11, -14, Fraction(65504), True), "bf16": (8, -126, Fraction(255) * 2 ** 120, True),
          "f8e4m3fn": (4, -6, Fraction(448), False), "f8e5m2": (3, -14, Fraction(57344), True)}
COMPLEX = {"c64": "f32", "c128": "f64"}
INTS = {"%s%d" % (s, n): (-2 ** (n - 1) if s == "i" else 0, 2 ** (n - (s == "i")) - 1) for s in "iu" for n in (4, 8, 16, 32, 64)}
RANGES = dict(INTS, bool=(0, 1))
REALS = [*FLOATS, *COMPLEX]


class Overflow(Exception):
    pass


class Counts:
    """What a report says of casts."""

    def __init__(self):
        self.inexact = self.overflow = self.underflow = self.nan_made = 0

    def fields(self):
        return {"inexact": self.inexact, "overflow": self.overflow, "underflow": self.underflow, "nan_made": self.nan_made}


def name_of(array):
    return next(n for n, t in DTYPES.items() if np.dtype(t) == array.dtype)


# ---- one number

def nearest(value, dtype):
    """A finite fraction in a floating dtype, ties to even; None when it is beyond the range."""
    digits, least, largest, _ = FLOATS[dtype]
    if value == 0:
        return Fraction(0)
    exponent = abs(value).numerator.bit_length() - abs(value).denominator.bit_length()
    if abs(value) < Fraction(2) ** exponent:
        exponent -= 1
    step = Fraction(2) ** (max(exponent, least) - digits + 1)
    rounded = round(value / step) * step
    return rounded if abs(rounded) <= largest else None


def to_float(x, dtype, overflow, counts):
    """x is a float or an integer; returns a float."""
    largest, infinite = float(FLOATS[dtype][2]), FLOATS[dtype][3]
    if isinstance(x, float) and math.isnan(x):
        return x
    if isinstance(x, float) and math.isinf(x):
        if infinite:
            return x
        rounded = None
    else:
        rounded = nearest(Fraction(x), dtype)
    if rounded is None:
        counts.overflow += 1
        if overflow == "saturate":
            return math.copysign(largest, x)
        counts.nan_made += not infinite and overflow == "allow"
        return math.copysign(math.inf, x) if infinite else math.nan
    counts.inexact += rounded != x
    counts.underflow += rounded == 0 and x != 0
    return math.copysign(float(rounded), x)


def to_bool(x, counts):
    """As NumPy: all but zero is true. Numbers beyond [0, 1] and NaN overflow."""
    counts.overflow += not 0 <= x <= 1
    counts.inexact += 0 < x < 1
    return int(x != 0)


def to_int(x, dtype, overflow, counts):
    low, high = RANGES[dtype]
    if dtype == "bool":
        return to_bool(x, counts)
    if isinstance(x, float) and not math.isfinite(x):
        counts.overflow += 1
        return 0 if math.isnan(x) else high if x > 0 else low
    whole = math.trunc(x)
    if low <= whole <= high:
        counts.inexact += whole != x
        counts.underflow += whole == 0 and x != 0
        return whole
    counts.overflow += 1
    if overflow == "allow" and not isinstance(x, float):
        whole &= high - low
        return whole - (high - low + 1) if whole > high else whole
    return high if whole > high else low


def number(x):
    """An element as a Python number."""
    if isinstance(x, (np.floating, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2)):
        return float(x)
    return int(x)


def cast(array, to, overflow="error", counts=None):
    """Raises Overflow where the language has it."""
    counts = counts or Counts()
    before, made = counts.overflow, []
    for x in array.reshape(-1):
        if to in COMPLEX:
            parts = [float(x.real), float(x.imag)] if array.dtype.kind == "c" else [number(x), 0.0]
            one = Counts()
            made.append(complex(*(to_float(p, COMPLEX[to], overflow, one) for p in parts)))
            for field, n in one.fields().items():
                setattr(counts, field, getattr(counts, field) + n)
        elif to in FLOATS:
            made.append(to_float(number(x), to, overflow, counts))
        else:
            made.append(to_int(number(x), to, overflow, counts))
    if overflow == "error" and counts.overflow > before:
        raise Overflow
    with np.errstate(all="ignore"):
        # Every number is one of the dtype, so that nothing is rounded here.
        return np.array(made, dtype=object).reshape(array.shape).astype(DTYPES[to]) if made else np.zeros(array.shape, DTYPES[to])


# ---- arithmetic

def wider(dtype):
    return {"f64": np.float64, "c128": np.complex128, "c64": np.complex64}.get(dtype, np.float32)


def narrow(values, dtype):
    """f32 or f64 values to a floating dtype, infinity beyond the range."""
    return cast(values, dtype, "allow") if np.dtype(DTYPES[dtype]) != values.dtype else values


def scale(array, x):
    dtype = name_of(array)
    with np.errstate(all="ignore"):
        return narrow(array.astype(wider(dtype)) * wider(dtype)(x), dtype)


def shift(array, x):
    dtype = name_of(array)
    with np.errstate(all="ignore"):
        return narrow(array.astype(wider(dtype)) + wider(dtype)(x), dtype)


def neg(array):
    dtype = name_of(array)
    if dtype in INTS:
        low, high = INTS[dtype]
        negatives = [-int(x) for x in array.reshape(-1)]
        if any(not low <= x <= high for x in negatives):
            raise Overflow
        return np.array(negatives, dtype=object).reshape(array.shape).astype(DTYPES[dtype]) if negatives else np.zeros(array.shape, DTYPES[dtype])
    with np.errstate(all="ignore"):
        return narrow(-array.astype(wider(dtype)), dtype)


def add(a, b):
    dtype = name_of(a)
    if dtype in INTS:
        a, b = np.broadcast_arrays(a.astype(object), b.astype(object))
        sums = [int(x) + int(y) for x, y in zip(a.reshape(-1), b.reshape(-1))]
        low, high = INTS[dtype]
        if any(not low <= s <= high for s in sums):
            raise Overflow
        return np.array(sums, dtype=object).reshape(a.shape).astype(DTYPES[dtype]) if sums else np.zeros(a.shape, DTYPES[dtype])
    with np.errstate(all="ignore"):
        return narrow(a.astype(wider(dtype)) + b.astype(wider(dtype)), dtype)


def mean(members, weights=None):
    """Of equal shapes, one after another in f64."""
    dtype = name_of(members[0])
    exact = np.complex128 if dtype in COMPLEX else np.float64
    sums, total = np.zeros(members[0].shape, exact), 0.0
    with np.errstate(all="ignore"):
        for i, member in enumerate(members):
            weight = 1.0 if weights is None else float(weights[i])
            parts = member.astype(exact)
            if dtype in COMPLEX:
                sums.real += weight * parts.real
                sums.imag += weight * parts.imag
            else:
                sums += weight * parts
            total += weight
        if dtype in COMPLEX:
            return two_parts(sums, total, dtype)
        return narrow(sums / total, dtype)


def two_parts(sums, total, dtype):
    real, imag = (narrow(part / total, COMPLEX[dtype]) for part in (sums.real, sums.imag))
    out = np.empty(sums.shape, DTYPES[dtype])
    out.real, out.imag = real, imag
    return out


def mean_axis(array, axis, weights=None):
    return mean([np.take(array, i, axis) for i in range(array.shape[axis])], weights)


# ---- random numbers

def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xd2511f53 * c[0], 0xcd9e8d57 * c[2]
        c = [b >> 32 ^ c[1] ^ k[0], b & 0xffffffff, a >> 32 ^ c[3] ^ k[1], a & 0xffffffff]
        k = [(k[0] + 0x9e3779b9) & 0xffffffff, (k[1] + 0xbb67ae85) & 0xffffffff]
    return c


def draws(kind, name, shape, a, b, seed):
    """uniform from a to b, or normal with mean a and deviation b, in f64."""
    digest = hashlib.sha256((seed % 2 ** 64).to_bytes(8, "little") + name.encode()).digest()
    key = int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")
    out = []
    for group in range((math.prod(shape) + 3) // 4):
        u = [(w + 0.5) * 2.0 ** -32 for w in philox([group & 0xffffffff, group >> 32, 0, 0], key)]
        if kind == "uniform":
            out += [a + (b - a) * x for x in u]
            continue
        for radius, turn in ((u[0], u[1]), (u[2], u[3])):
            r = math.sqrt(-2 * math.log(radius))
            out += [a + b * (r * math.cos(2 * math.pi * turn)), a + b * (r * math.sin(2 * math.pi * turn))]
    return np.array(out[:math.prod(shape)]).reshape(shape)


def eye(dtype, shape):
    out = np.zeros(shape, DTYPES[dtype])
    for i in range(min(shape[-2:])):
        out[..., i, i] = 1
    return out


# ---- einops notation

def rearrange(array, pattern, sizes):
    """Each axis of the left side is split into atoms, atoms are permuted, groups of the right side merge."""
    sides = []
    for side in pattern.split("->"):
        groups, inside = [], None
        for word in side.replace("(", " ( ").replace(")", " ) ").split():
            if word == "(":
                inside = []
            elif word == ")":
                groups.append(inside)
                inside = None
            elif inside is None:
                groups.append(word if word == "..." else [] if word == "1" else [word])
            elif word != "1":
                inside.append(word)
        sides.append(groups)
    left, right = sides
    n_rest = array.ndim - sum(g != "..." for g in left)
    rest = ["...%d" % i for i in range(n_rest)]

    def unfold(groups):
        return [h for g in groups for h in ([[r] for r in rest] if g == "..." else [g])]
    left, sizes = unfold(left), dict(sizes)
    right = [[a for atom in g for a in (rest if atom == "..." else [atom])] for g in unfold(right)]
    for group, n in zip(left, array.shape):
        known = math.prod(sizes[a] for a in group if a in sizes)
        for atom in group:
            if atom not in sizes:
                sizes[atom] = n // known
    atoms = [a for g in left for a in g]
    out = array.reshape([sizes[a] for a in atoms]).transpose([atoms.index(a) for g in right for a in g])
    return out.reshape([math.prod(sizes[a] for a in g) for g in right])
