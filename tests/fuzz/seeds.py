#!/usr/bin/env python3
"""Inputs to begin with, made of fixtures, golden cases and examples. Usage: seeds.py FOLDER [HARNESS...]

FOLDER/HARNESS gets them, each named by its digest. B is the build folder, whose ckmig makes the plans. case.c says what a case is;
`checkpoint` and `run` are cases, `plan` is a Plan message, `table` an index and a byte of flags.
"""
import glob
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(ROOT, "tests", "golden")
CKMIG = os.path.abspath(os.path.join(os.environ.get("B", "build"), "ckmig"))
PAIR, DATA, TEXT, PLAN, GRAPH, ONTO, FILE, FLAGS, OPTION, TEACHER = range(1, 11)
GRAPH_KEY = b"_CHECKPOINTABLE_OBJECT_GRAPH"
PLAN_FRAME = 8 + 32  # magic and digest
FOOTER, TRAILER = 48, 5
MAX_SIZE = 30000
CASE_OPTIONS = ("--set=", "--data=", "--shard-size=", "--verify=", "--json", "--expand")


# ---- wire format

def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def take_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number, shift, at = number | (byte & 0x7f) << shift, shift + 7, at + 1
        if byte < 0x80:
            return number, at


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def fields(message):
    """Values by number, the last of each; numbers and bytes."""
    found, at = {}, 0
    while at < len(message):
        tag, at = take_varint(message, at)
        if tag & 7 == 0:
            value, at = take_varint(message, at)
        else:
            n, at = take_varint(message, at) if tag & 7 == 2 else ({5: 4, 1: 8}[tag & 7], at)
            value, at = message[at:at + n], at + n
        found[tag >> 3] = value
    return found


# ---- checkpoints

def block_pairs(table, offset, size):
    if table[offset + size] != 0:
        raise ValueError("a compressed block")
    block, at, key = table[offset:offset + size], 0, b""
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    while at < end:
        n_shared, at = take_varint(block, at)
        n_rest, at = take_varint(block, at)
        n_value, at = take_varint(block, at)
        key = key[:n_shared] + block[at:at + n_rest]
        at += n_rest
        yield key, block[at:at + n_value]
        at += n_value


def table_pairs(table):
    at = len(table) - FOOTER
    for _ in range(2):
        _, at = take_varint(table, at)
    offset, at = take_varint(table, at)
    size, _ = take_varint(table, at)
    for _, handle in block_pairs(table, offset, size):
        offset, at = take_varint(handle, 0)
        size, _ = take_varint(handle, at)
        yield from block_pairs(table, offset, size)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def graph_of(entry, shards):
    """The bytes of an object graph: a tensor of one string, its length and the length's checksum before it."""
    values = fields(entry)
    tensor = shards[values.get(3, 0)][values.get(4, 0):][:values.get(5, 0)]
    n, at = take_varint(tensor, 0)
    return tensor[at + 4:at + 4 + n]


def prefixes():
    found = glob.glob(ROOT + "/tests/data/**/*.index", recursive=True) + glob.glob(ROOT + "/examples/*/checkpoint/*.index")
    return sorted(path[:-len(".index")] for path in found)


def checkpoint(path):
    """(fields of a case, object graph or None); None where it is too large or damaged beyond what a case can say."""
    inside = glob.glob(path + "/*.index")
    prefix = inside[0][:-len(".index")] if len(inside) == 1 else path
    try:
        pairs = list(table_pairs(read(prefix + ".index")))
        shards = [read(name) for name in sorted(glob.glob(glob.escape(prefix) + ".data-*"))]
        graph = None
        out = b"".join(field(DATA, shard) for shard in shards)
        for key, value in pairs:
            if key == GRAPH_KEY:
                graph = graph_of(value, shards)
            else:
                out += field(PAIR, field(1, key) + field(2, value))
    except (OSError, ValueError, IndexError, KeyError):
        return None
    return (out, graph) if len(out) <= MAX_SIZE else None


def case(path):
    found = checkpoint(path)
    return found and found[0] + (field(GRAPH, found[1]) if found[1] else b"")


# ---- commands of golden cases

def commands():
    """Words of each `ckmig` in a golden case that can be told without running it."""
    for path in sorted(glob.glob(GOLDEN + "/*.cmd")):
        for line in read(path).decode().split("\n"):
            try:
                words = shlex.split(line.replace(";", " ; ").replace("&&", " ; ").replace(">", " ; "))
            except ValueError:
                continue
            while "ckmig" in words:
                words = words[words.index("ckmig") + 1:]
                yield words[:words.index(";")] if ";" in words else words


def split_words(words):
    """(options with their values joined, operands)"""
    options, operands = [], []
    words = list(words)
    while words:
        word = words.pop(0)
        if word in ("--onto", "--input", "--set", "-o", "--report", "--npy", "--data", "--verify", "--shard-size", "--jobs", "--memory") and words:
            options.append(word + "=" + words.pop(0))
        elif word.startswith("-") and word != "-":
            options.append(word)
        else:
            operands.append(word)
    return options, operands


def others_of(options):
    """Fields of template and declared input, if any."""
    out = b""
    for option in options:
        name, _, value = option.partition("=")
        found = None
        if name == "--onto":
            found, number = case(os.path.join(GOLDEN, value)), ONTO
        if name == "--input":
            found, number = case(os.path.join(GOLDEN, value.partition("=")[2])), TEACHER
        if found:
            out += field(number, found)
    return out


def bound_plan(words):
    with tempfile.TemporaryDirectory(prefix="ckmig-seeds-") as scratch:
        path = os.path.join(scratch, "plan")
        done = subprocess.run([CKMIG, "plan", "-q", *words[1:], "-o", path], cwd=GOLDEN, capture_output=True, stdin=subprocess.DEVNULL)
        return read(path)[PLAN_FRAME:] if done.returncode == 0 and os.path.exists(path) else None


def migrations():
    """(text, fields of the rest, words) of each `plan` and `run`."""
    for words in commands():
        options, operands = split_words(words[1:])
        if words[:1] not in (["plan"], ["run"]) or len(operands) != 2 or not operands[0].endswith(".ckmig"):
            continue
        text, source = os.path.join(GOLDEN, operands[0]), case(os.path.join(GOLDEN, operands[1]))
        if not os.path.exists(text) or not source:
            continue
        allowed = [option for option in options if option.startswith(CASE_OPTIONS)]
        rest = source + others_of(options) + b"".join(field(OPTION, option.encode()) for option in allowed)
        yield read(text), rest, ["plan"] + operands + [o for o in options if o.startswith(("--set=", "--onto=", "--input="))]


# ---- seeds of each harness

def texts():
    for path in sorted(glob.glob(GOLDEN + "/*.ckmig") + glob.glob(ROOT + "/examples/*/*.ckmig")):
        yield read(path)


def plans():
    with tempfile.TemporaryDirectory(prefix="ckmig-seeds-") as scratch:
        path = os.path.join(scratch, "plan")
        for text in texts():
            if subprocess.run([CKMIG, "compile", "-q", "-o", path, "-"], input=text, capture_output=True, cwd=GOLDEN).returncode == 0:
                yield read(path)[PLAN_FRAME:]
    for _, _, words in migrations():
        plan = bound_plan(words)
        if plan:
            yield plan


def tables():
    for prefix in prefixes():
        yield read(prefix + ".index") + b"\0"


def graphs():
    for prefix in prefixes():
        found = checkpoint(prefix)
        if found and found[1]:
            yield found[1]


def states():
    for path in sorted(glob.glob(ROOT + "/tests/data/**/checkpoint", recursive=True)):
        if os.path.isfile(path):
            yield read(path)
    yield b'# a comment\nmodel_checkpoint_path: "a\\303\\244-1" all_model_checkpoint_paths: \'b\' ; last_preserved_timestamp: 1.5e9,\n'


def checkpoints():
    for prefix in prefixes():
        yield case(prefix)
    for words in commands():
        options, operands = split_words(words[1:])
        if words[:1] == ["scaffold"] and len(operands) == 1:
            source = case(os.path.join(GOLDEN, operands[0]))
            yield source and source + others_of(options)
    for name in ("tf1_saver/model.ckpt-200", "tf2_keras3/adam-1", "writer_variants/two_shards"):
        yield reported(b"ckmig 1\nkeep rest\n", ROOT + "/tests/data/" + name)


def reported(text, source):
    """A checkpoint that a run wrote, with its report."""
    with tempfile.TemporaryDirectory(prefix="ckmig-seeds-") as scratch:
        out = os.path.join(scratch, "out")
        done = subprocess.run([CKMIG, "run", "-q", "--no-sync", "-o", out, "-", source], input=text, cwd=GOLDEN, capture_output=True)
        return case(out) + field(FILE, read(out + ".report.json")) if done.returncode == 0 and case(out) else None


def runs():
    for text, rest, words in migrations():
        yield rest + field(TEXT, text)
        plan = bound_plan(words)
        if plan:
            yield rest + field(PLAN, plan)
    # Each text on something small, and the other way round.
    small = case(ROOT + "/tests/data/tf1_saver/model.ckpt-200")
    for text in texts():
        yield small + field(TEXT, text)
    for prefix in prefixes():
        found = case(prefix)
        yield found and found + field(TEXT, b"ckmig 1\nmap \"{x:**}\" | reshape(-1) -> \"y/{x}\"\nkeep rest\n")


HARNESSES = {"text": texts, "plan": plans, "table": tables, "graph": graphs, "state": states, "checkpoint": checkpoints, "run": runs}


def main():
    folder, wanted = sys.argv[1], sys.argv[2:] or list(HARNESSES)
    for name in wanted:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        for seed in HARNESSES[name]():
            if seed is not None and len(seed) <= 2 * MAX_SIZE:
                with open(os.path.join(folder, name, hashlib.sha256(seed).hexdigest()[:16]), "wb") as f:
                    f.write(seed)


main()
