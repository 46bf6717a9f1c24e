"""A plain model of the language's operators: what each does to a NumPy array, and random uses of it."""
import itertools
import re

import ml_dtypes
import numpy as np

FLOATS = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16,
          "f8e4m3fn": ml_dtypes.float8_e4m3fn, "f8e5m2": ml_dtypes.float8_e5m2}
INTS = {"i64": np.int64, "i32": np.int32, "i16": np.int16, "i8": np.int8, "i4": ml_dtypes.int4,
        "u64": np.uint64, "u32": np.uint32, "u16": np.uint16, "u8": np.uint8, "u4": ml_dtypes.uint4}
OTHERS = {"bool": np.bool_, "c64": np.complex64, "c128": np.complex128}
DTYPES = {**FLOATS, **INTS, **OTHERS}


def dtype_name(array):
    return next(name for name, dtype in DTYPES.items() if array.dtype == dtype)


def random_array(rng, name, shape):
    """Values that every dtype of the kind holds, so that casts among them are in range."""
    if name in INTS:
        return rng.integers(0, 8, shape).astype(np.int64).astype(DTYPES[name])
    if name == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    values = (rng.standard_normal(shape) * 4).astype(np.float32)
    if name in ("c64", "c128"):
        return (values + 1j * rng.standard_normal(shape).astype(np.float32)).astype(DTYPES[name])
    return values.astype(DTYPES[name])


def bits(array):
    """What is compared: dtype, shape and every bit."""
    return array.dtype.name, array.shape, np.ascontiguousarray(array).tobytes()


# ---- one array to one array: (text, array) -> (text, array), or None where the operator does not apply

def axis_of(rng, rank):
    axis = int(rng.integers(rank))
    return axis, axis if rng.integers(2) else axis - rank


def op_slice(rng, a):
    axis, said = axis_of(rng, a.ndim)
    n = a.shape[axis]
    start, stop, step = int(rng.integers(-n, n + 1)), int(rng.integers(-n, n + 1)), int(rng.choice([-2, -1, 1, 2, 3]))
    index = [slice(None)] * a.ndim
    index[axis] = slice(start, stop, step)
    return "slice(axis=%d, start=%d, stop=%d, step=%d)" % (said, start, stop, step), a[tuple(index)]


def op_transpose(rng, a):
    order = [int(i) for i in rng.permutation(a.ndim)]
    return ("transpose", a.T) if rng.integers(3) == 0 else ("transpose(%s)" % ", ".join(map(str, order)), a.transpose(order))


def op_reshape(rng, a):
    if a.size == 0:
        return None
    rest, shape = a.size, []
    for p in (2, 3, 5):
        while rest % p == 0 and rng.integers(2):
            shape.append(p)
            rest //= p
    shape.insert(int(rng.integers(len(shape) + 1)), -1)
    return "reshape(%s)" % ", ".join(map(str, shape)), np.ascontiguousarray(a).reshape(shape)


def op_rearrange(rng, a):
    if a.ndim < 2 or 0 in a.shape:
        return None
    names = "abcdef"[:a.ndim]
    i = int(rng.integers(a.ndim - 1))
    if rng.integers(2):  # merge two neighbours, in either order, and move the result to the front
        pair = names[i:i + 2][::int(rng.choice([-1, 1]))]
        right = names.replace(names[i:i + 2], "")
        order = [names.index(c) for c in pair + right]
        text = "%s -> (%s) %s" % (" ".join(names), " ".join(pair), " ".join(right))
        out = a.transpose(order).reshape((-1,) + tuple(a.shape[names.index(c)] for c in right))
        return 'rearrange("%s")' % text.strip(), out
    n = a.shape[i]
    part = next((p for p in (2, 3) if n % p == 0), 1)  # split one axis, the parts go to the end
    split = a.reshape(a.shape[:i] + (part, n // part) + a.shape[i + 1:])
    left = [c if j != i else "(x %s)" % c for j, c in enumerate(names)]
    return 'rearrange("%s -> %s x", x=%d)' % (" ".join(left), " ".join(names), part), np.moveaxis(split, i, -1)


def op_squeeze(rng, a):
    ones = [i for i, n in enumerate(a.shape) if n == 1]
    return ("squeeze(%d)" % ones[0], a.squeeze(ones[0])) if ones else None


def op_unsqueeze(rng, a):
    axis = int(rng.integers(a.ndim + 1))
    return "unsqueeze(axis=%d)" % axis, np.expand_dims(a, axis)


def op_flip(rng, a):
    axis, said = axis_of(rng, a.ndim)
    return "flip(%d)" % said, np.flip(a, axis)


def op_roll(rng, a):
    axis, said = axis_of(rng, a.ndim)
    by = int(rng.integers(-9, 10))
    return "roll(axis=%d, by=%d)" % (said, by), np.roll(a, by, axis)


def op_take(rng, a):
    axis, said = axis_of(rng, a.ndim)
    n = a.shape[axis]
    if not n:
        return None
    indices = [int(i) for i in rng.integers(-n, n, int(rng.integers(1, 6)))]
    return "take(axis=%d, %s)" % (said, indices), np.take(a, [i % n for i in indices], axis)


def op_tile(rng, a):
    axis, said = axis_of(rng, a.ndim)
    n = int(rng.integers(1, 4))
    return "tile(axis=%d, n=%d)" % (said, n), np.concatenate([a] * n, axis)


def op_repeat(rng, a):
    axis, said = axis_of(rng, a.ndim)
    n = int(rng.integers(1, 4))
    return "repeat(%d, %d)" % (said, n), np.repeat(a, n, axis)


def block(a, axis, n, value):
    shape = list(a.shape)
    shape[axis] = n
    return np.full(shape, value, a.dtype)


def op_pad(rng, a):
    axis, said = axis_of(rng, a.ndim)
    fill, value = [("zeros", 0), ("ones", 1), ("const(2)", 2)][int(rng.integers(3))]
    if dtype_name(a) == "bool" and value == 2:
        fill, value = "ones", 1
    if rng.integers(4) == 0:
        multiple = int(rng.integers(1, 6))
        after = -a.shape[axis] % multiple
        return "pad(axis=%d, multiple=%d, with=%s)" % (said, multiple, fill), np.concatenate([a, block(a, axis, after, value)], axis)
    before, after = int(rng.integers(0, 3)), int(rng.integers(0, 3))
    parts = [block(a, axis, before, value), a, block(a, axis, after, value)]
    return "pad(axis=%d, before=%d, after=%d, with=%s)" % (said, before, after, fill), np.concatenate(parts, axis)


def mean_of(a, axis):
    """In f64, one after another."""
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    total = np.atleast_1d(np.zeros(a.shape[:axis] + a.shape[axis + 1:], wide))
    for i in range(a.shape[axis]):
        total = total + np.take(a, i, axis).astype(wide)
    # Part by part: NumPy divides complex numbers by multiplying with a reciprocal, which rounds twice.
    return (total.view(np.float64) / a.shape[axis]).view(wide).astype(a.dtype).reshape(a.shape[:axis] + a.shape[axis + 1:])


def op_grow(rng, a):
    axis, said = axis_of(rng, a.ndim)
    n = a.shape[axis]
    to = n + int(rng.integers(0, 4))
    if rng.integers(3) == 0 and n and (dtype_name(a) in FLOATS or a.dtype.kind == "c"):
        row = np.expand_dims(mean_of(a, axis), axis)
        return "grow(axis=%d, to=%d, with=mean)" % (said, to), np.concatenate([a] + [row] * (to - n), axis)
    return "grow(axis=%d, to=%d)" % (said, to), np.concatenate([a, block(a, axis, to - n, 0)], axis)


def op_cast(rng, a):
    source = dtype_name(a)
    targets = {"c64": ["c64", "c128"], "c128": ["c64", "c128"]}.get(source, list(FLOATS) + list(INTS) + ["c64", "c128"])
    target = str(rng.choice(targets))
    if target in INTS and source in FLOATS:
        low, high = (int(x) for x in (ml_dtypes.iinfo(DTYPES[target]).min, ml_dtypes.iinfo(DTYPES[target]).max))
        wide = np.trunc(a.astype(np.float64))
        return "cast(%s, overflow=saturate)" % target, np.clip(wide, low, high).astype(np.int64).astype(DTYPES[target])
    if source in INTS:
        big = a.astype(np.int64)
        if big.size and (big.max() > 7 or big.min() < 0):
            return None
        a = big  # ml_dtypes has no cast from u4 to i4
    return "cast(%s)" % target, a.astype(DTYPES[target])


def arithmetic(a, b, function):
    wide = a.dtype if dtype_name(a) in ("f64", "c128", "c64", "f32") else np.float32
    return function(a.astype(wide), b.astype(wide) if isinstance(b, np.ndarray) else wide.type(b) if isinstance(wide, np.dtype) else wide(b)).astype(a.dtype)


def op_scale(rng, a):
    x = float(rng.choice([0.5, 2.0, -1.25]))
    return ("scale(%r)" % x, arithmetic(a, x, np.multiply)) if dtype_name(a) in FLOATS or a.dtype.kind == "c" else None


def op_shift(rng, a):
    x = float(rng.choice([0.5, 2.0, -1.25]))
    return ("shift(x=%r)" % x, arithmetic(a, x, np.add)) if dtype_name(a) in FLOATS or a.dtype.kind == "c" else None


def op_mean(rng, a):
    axis, said = axis_of(rng, a.ndim)
    if not a.shape[axis] or not (dtype_name(a) in FLOATS or a.dtype.kind == "c"):
        return None
    return "mean(axis=%d)" % said, mean_of(a, axis)


UNARY = [op_slice, op_transpose, op_reshape, op_rearrange, op_squeeze, op_unsqueeze, op_flip, op_roll, op_take, op_tile, op_repeat,
         op_pad, op_grow, op_cast, op_scale, op_shift, op_mean]


def random_index(rng, a):
    """[...] after a source."""
    index, text = [], []
    for n in a.shape[:int(rng.integers(1, a.ndim + 1))]:
        kind = int(rng.integers(3)) if n else 1
        if kind == 0:
            i = int(rng.integers(-n, n))
            index.append(i)
            text.append(str(i))
        else:
            parts = [int(rng.integers(-n - 1, n + 2)) if rng.integers(2) else None for _ in range(2)] + [int(rng.choice([-1, 1, 2]))]
            index.append(slice(*parts))
            text.append("%s:%s:%d" % ("" if parts[0] is None else parts[0], "" if parts[1] is None else parts[1], parts[2]))
    return "[%s]" % ", ".join(text), a[tuple(index)]


def random_chain(rng, text, a, length, limit=5000):
    """Applies up to `length` random operators."""
    for _ in range(length):
        used = False
        for op in rng.permutation(UNARY):
            if a.ndim == 0 and op not in (op_unsqueeze, op_cast, op_scale, op_shift):
                continue
            done = op(rng, a)
            if done and done[1].size <= limit and done[1].ndim <= 6 and np.isfinite(done[1].astype(np.complex128)).all():
                text, a, used = text + " | " + done[0], done[1], True
                break
        if not used:
            break
    return text, a
