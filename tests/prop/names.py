"""Random patterns against a model that tries every way to match a name. Each round is one pattern, many names, one dry run.

The model reads the reference literally: alternatives are chosen first; then each `**` is one or more characters, or is taken out
together with a slash beside it; then characters are tried one by one. What is captured is read off the targets that a plan lists.
"""
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import tempfile

import numpy as np
import tensorflow as tf

CKMIG = os.path.join(os.environ["B"], "ckmig")
ALPHABET = "ab/_1"
POOL = ["".join(t) for n in range(1, 5) for t in itertools.product(ALPHABET, repeat=n)]


class Piece:
    """kind: text ? * ** class, alt (unnamed), or a capture: seg int uniq group choice. items: alternatives, or the group's pieces."""

    def __init__(self, kind, text="", items=(), name=None):
        self.kind, self.text, self.items, self.name = kind, text, list(items), name
        self.mark = None

    def __str__(self):
        inside = ",".join("".join(map(str, a)) for a in self.items)
        if self.kind == "alt":
            return "{%s}" % inside
        if self.name:
            return "{%s}" % self.name if self.kind == "seg" else "{%s:%s}" % (self.name, self.kind if self.kind in ("int", "uniq") else inside)
        return self.text


def text_of(pieces):
    return "".join(map(str, pieces))


# ---- random patterns

def random_piece(rng, depth, captures):
    """captures: name -> (kind, items) of those so far; None inside braces, where nothing captures."""
    roll = rng.randrange(100)
    if roll < 36:
        return Piece("text", rng.choice(["a", "b", "/", "_", "1", "ab", "a/", "/b", "_1"]))
    if roll < 66:
        sign = rng.choice(["?", "*", "*", "**", "**", "[ab]", "[!a]", "[a-z_]", "[!0-9_]", "[/1]"])
        return Piece("class" if sign[0] == "[" else sign, sign)
    if roll < 80 and depth < 2:
        return Piece("alt", items=[[random_piece(rng, depth + 1, None) for _ in range(rng.randrange(3))] for _ in range(rng.randrange(2, 4))])
    if captures is None:
        return Piece("text", rng.choice("ab1"))
    name = rng.choice("xyz")
    if name not in captures:
        kind = rng.choice(["seg", "int", "uniq", "group", "choice"])
        items = []
        if kind == "group":
            items = [[Piece("*", "*")] + [random_piece(rng, 2, None) for _ in range(rng.randrange(2))]]
        if kind == "choice":
            items = [[random_piece(rng, 2, None) for _ in range(rng.randrange(2))] for _ in range(2)]
        captures[name] = (kind, items)
    kind, items = captures[name]
    return Piece(kind, items=items, name=name)


def has_stars_in_a_row(pieces):
    rows = [pieces] + [a for p in pieces for a in p.items]
    return any("***" in text_of(row) or any({x.kind, y.kind} <= {"*", "**"} for x, y in zip(row, row[1:])) for row in rows) or \
        any(has_stars_in_a_row(a) for p in pieces for a in p.items)


def is_beside_braces(pieces):
    """A slash and a `**` with a brace between them: whether they are neighbours is a matter of taste."""
    return any(p.items and "**" in near and "/" in near for i, p in enumerate(pieces) for near in [text_of(pieces[max(0, i - 1):i + 2])])


def random_pattern(rng):
    while True:
        captures = {}
        pieces = [random_piece(rng, 0, captures) for _ in range(rng.randrange(1, 6))]
        if not has_stars_in_a_row(pieces) and not is_beside_braces(pieces):
            break
    wildcards, alternations = itertools.count(1), itertools.count(1)
    for p in pieces:
        p.mark = p.name or ("{%d}" % next(alternations) if p.kind == "alt" else None if p.kind == "text" else "*%d" % next(wildcards))
    return pieces


# ---- the model

def choices(pieces):
    """Every way to choose alternatives, as a list of characters, wildcards and marks where captures begin and end."""
    if not pieces:
        yield []
        return
    p = pieces[0]
    if p.kind in ("alt", "choice", "group"):
        middles = [(i, way) for i, a in enumerate(p.items) for way in choices(a)]
    else:
        middles = [(0, [("char", c) for c in p.text] if p.kind == "text" else [("wild", p.kind, p.text)])]
    for rest in choices(pieces[1:]):
        for i, way in middles:
            yield ([("open", p.mark, i)] + way + [("close", p.mark)] if p.mark else way) + rest


def without_empty_stars(tokens):
    """Every way to take out some `**`, with a slash where there is one beside. What is left of them matches one character at least."""
    results = set()

    def neighbours(tokens, at):
        real = [i for i, t in enumerate(tokens) if t[0] in ("char", "wild")]
        k = real.index(at)
        return real[k - 1] if k else None, real[k + 1] if k + 1 < len(real) else None

    def take_out(tokens, todo):
        if not todo:
            results.add(tuple(tokens))
        for at in todo:
            left, right = neighbours(tokens, at)
            slashes = [i for i in (left, right) if i is not None and tokens[i] == ("char", "/")]
            if left in slashes and right is None:
                continue  # a/** matches what is in a, not a
            for slash in [i for i in slashes if i != left or right is not None] or ([] if slashes else [None]):
                gone = [("gone",) if i in (at, slash) else t for i, t in enumerate(tokens)]
                take_out(gone, [i for i in todo if i != at])

    stars = [i for i, t in enumerate(tokens) if t[:2] == ("wild", "**")]
    for n in range(len(stars) + 1):
        for some in itertools.combinations(stars, n):
            take_out(list(tokens), list(some))
    return results


def in_class(text, c):
    negated = text[1] == "!"
    return not (negated and c == "/") and bool(re.fullmatch("[%s]" % text[1 + negated:-1], c)) != negated


def lengths(token, name, at):
    """How many characters a wildcard may take here."""
    rest = name[at:]
    segment = len(rest.split("/")[0])
    kind, text = token[1:]
    if kind == "?":
        return range(1, 1 + min(segment, 1))
    if kind == "class":
        return [1] if rest and in_class(text, rest[0]) else []
    if kind in ("*", "seg"):
        return range(kind == "seg", segment + 1)
    if kind == "int":
        return range(1, len(re.match("[0-9]*", rest).group()) + 1)
    if kind == "uniq":
        number = re.match("_[1-9][0-9]*", rest)
        return [0] + (list(range(2, len(number.group()) + 1)) if number else [])
    return range(1, len(rest) + 1)


def same(kind, a, b):
    return int(a[0]) == int(b[0]) if kind == "int" else a[1] == b[1] if kind == "choice" else a[0] == b[0]


def matches(tokens, kinds, name):
    """All that a pattern captures of a name, as mark -> (text, alternative)."""
    found = []

    def go(i, at, opened, captured):
        if i == len(tokens):
            if at == len(name):
                found.append(captured)
            return
        t = tokens[i]
        if t[0] == "open":
            go(i + 1, at, opened + [(at, t[2])], captured)
        elif t[0] == "close":
            value = (name[opened[-1][0]:at], opened[-1][1])
            if t[1] not in captured:
                go(i + 1, at, opened[:-1], {**captured, t[1]: value})
            elif same(kinds.get(t[1]), captured[t[1]], value):
                go(i + 1, at, opened[:-1], captured)
        elif t[0] == "char":
            if name[at:at + 1] == t[1]:
                go(i + 1, at + 1, opened, captured)
        elif t[0] == "wild":
            for n in lengths(t, name, at):
                go(i + 1, at + n, opened, captured)
        else:
            go(i + 1, at, opened, captured)

    go(0, 0, [], {})
    return found


def target(pieces, captured=None):
    """The target's template, or the name it makes: every capture once, between signs that no name has."""
    parts, seen = [], set()
    for p in pieces:
        if p.kind == "text" or p.mark in seen:
            continue
        seen.add(p.mark)
        numbers = "".join(["{", p.name + ":" if p.name else "", ",".join(str(i) for i in range(len(p.items))), "}"])
        if p.kind != "alt":
            parts.append(captured[p.mark][0] if captured else "{%s}" % p.name if p.name else p.text)
        if p.kind in ("alt", "choice"):
            parts.append(str(captured[p.mark][1]) if captured else numbers)
    return "T;" + ";".join(parts) + ";"


def model(pieces, names):
    """Name -> the set of targets that it may become."""
    kinds = {p.name: p.kind for p in pieces if p.name}
    ways = set().union(*(without_empty_stars(tokens) for tokens in choices(pieces)))
    return {name: {target(pieces, c) for way in ways for c in matches(way, kinds, name)} for name in names}


# ---- rounds

def random_names(rng, pieces):
    fill = {"?": "a", "*": ["", "a", "b1"], "**": ["", "a", "a/b", "/"], "class": "b", "seg": ["a", "1_"], "int": ["1", "01"], "uniq": ["", "_1"]}
    names = set(rng.sample(POOL, 40))
    for tokens in itertools.islice(choices(pieces), 8):
        for _ in range(4):
            name = "".join(t[1] if t[0] == "char" else rng.choice(fill[t[1]]) for t in tokens if t[0] in ("char", "wild"))
            names |= {name, name.replace("//", "/")}
    return sorted(n for n in names if 0 < len(n) <= 10)


def plan(folder, text, names):
    prefix, path = os.path.join(folder, "src"), os.path.join(folder, "m.ckmig")
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=[np.zeros(1, np.float32)] * len(names))
    with open(path, "w") as f:
        f.write("ckmig 1\n" + text)
    return subprocess.run([CKMIG, "plan", "--json", path, prefix], capture_output=True, text=True)


def problems_of(seed, folder):
    rng = random.Random(seed)
    pieces = random_pattern(rng)
    text = 'map optional "%s" -> "%s"\nkeep rest\n' % (text_of(pieces), target(pieces))
    expected = model(pieces, random_names(rng, pieces) + ["T"])
    becomes = {}
    for name, targets in expected.items():
        if len(targets) <= 1:
            becomes.setdefault(min(targets, default=name), name)  # of two that become one only the first is asked for
    if not becomes:
        return []
    done = plan(folder, text, sorted(becomes.values()))
    if done.returncode:
        return [text + done.stderr]
    found = {t["name"]: t["sources"][0]["name"] for t in json.loads(done.stdout)["targets"]}
    problems = ["%s%s becomes %s" % (text, source, name) for name, source in found.items() if becomes.get(name) != source]
    for name in [n for n, targets in expected.items() if len(targets) > 1][:2]:
        done = plan(folder, text, [name])
        if done.returncode != 4 or "E0403" not in done.stderr:
            problems.append("%s%s may become %s\n%s" % (text, name, sorted(expected[name])[:2], done.stderr))
    return problems


def main():
    rounds, seed = int(os.environ.get("PROP_ROUNDS", 60)) * 4, int(os.environ.get("PROP_SEED", 1))
    failed = 0
    folder = tempfile.mkdtemp(prefix="ckmig-names-")
    for i in range(seed, seed + rounds):
        problems = problems_of(i, folder)
        if problems:
            failed += 1
            print("seed %d:\n%s" % (i, "\n".join(problems[:6])))
    shutil.rmtree(folder)
    print("%d passed, %d failed" % (rounds - failed, failed))
    return failed > 0


if __name__ == "__main__":
    raise SystemExit(main())
