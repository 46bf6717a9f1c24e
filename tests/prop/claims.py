"""What the reference of the language says about names and statements, sentence by sentence: each ok() and bad() is a test.

Checkpoints are written and restored by TensorFlow, names and bytes compared. A source that is given by its name alone holds two
floats made from the name.
"""
import hashlib
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
FOLDER = tempfile.mkdtemp(prefix="ckmig-claims-")
REST = "\nkeep rest"
count = {True: 0, False: 0}


def value(name, shape=(2,), dtype=np.float32):
    seed = hashlib.sha256(name if isinstance(name, bytes) else name.encode()).digest()
    return (np.random.default_rng(list(seed)).standard_normal(shape) * 100).astype(dtype)


def variables(sources):
    return sources if isinstance(sources, dict) else {name: value(name) for name in (sources.split() if isinstance(sources, str) else sources)}


def save(prefix, arrays):
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=list(arrays), shape_and_slices=[""] * len(arrays), tensors=list(arrays.values()))


def restore(prefix, arrays):
    names = list(arrays)
    return dict(zip(names, tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names),
                                                dtypes=[arrays[n].dtype for n in names])))


def run(command, text, sources, options=()):
    source, path, out = (os.path.join(FOLDER, name) for name in ("src", "m.ckmig", "out"))
    save(source, variables(sources))
    with open(path, "wb") as f:
        f.write(b"ckmig 1\n" + text.encode())
    done = subprocess.run([CKMIG, command, *options, *(["--no-sync", "--force", "-o", out] if command == "run" else []), path, source],
                          capture_output=True, text=True)
    return done, out


def tell(text, problem):
    count[problem is None] += 1
    if problem is not None:
        print("%s\n  %s\n" % (text, problem.replace("\n", "\n  ")))


def ok(text, sources, targets, *options, warns=()):
    """targets: name -> the source that it is, or an array."""
    sources = variables(sources)
    done, out = run("run", text, sources, options)
    if done.returncode:
        return tell(text, "exit %d\n%s" % (done.returncode, done.stderr))
    expected = {name: sources[of] if isinstance(of, (str, bytes)) else of for name, of in targets.items()}
    try:
        found = restore(out, expected)
    except tf.errors.OpError as e:
        return tell(text, str(e))
    for name, array in expected.items():
        if found[name].numpy().tobytes() != array.tobytes() or found[name].shape != array.shape:
            return tell(text, "%r is %r, not %r" % (name, found[name].numpy(), array))
    with open(out + ".report.json") as f:
        n = json.load(f)["totals"]["targets"]["all"]
    if n != len(expected):
        return tell(text, "%d targets, not %d" % (n, len(expected)))
    found = re.findall(r"^warning\[(\w+)\]", done.stderr, re.M)
    return tell(text, None if found == list(warns) else "warns of %s\n%s" % (found, done.stderr))


def bad(text, sources, code, *options, says="", exits=None):
    """Only errors of one code, with these words in the message."""
    done, _ = run("run", text, sources, options)
    codes = set(re.findall(r"^error\[(\w+)\]", done.stderr, re.M))
    exits = exits or (4 if code.startswith("E04") else 3)
    good = codes == {code} and done.returncode == exits and all(w in done.stderr for w in ([says] if isinstance(says, str) else says))
    return tell(text, None if good else "exit %d, not %d with %s %s\n%s" % (done.returncode, exits, code, says, done.stderr))


def cat(*names):
    return np.concatenate([value(n) for n in names])


def stack(*names):
    return np.stack([value(n) for n in names])


# ---- Lexical structure

def lexical():
    ok(r'map "a\"b\\c\n\t\u{e9}\u{1F600}" -> "x\u{e9}\"\\\n\t"', ["a\"b\\c\n\té😀"], {"xé\"\\\n\t": "a\"b\\c\n\té😀"})
    ok(r'map "a\x{ff}b" -> "c\x{fe}"', {b"a\xffb": value("q")}, {b"c\xfe": b"a\xffb"})
    ok(r'map "a?b" -> "c?"', {b"a\xffb": value("q")}, {b"c\xff": b"a\xffb"})
    ok(r'map "a\u{2A}" -> "c\u{2a}"', "ax", {"cx": "ax"})
    ok(r'map "a[\u{2A}]" -> "c"', ["a*"], {"c": "a*"})
    ok(r'map "a\u{000041}" -> "c"', "aA", {"c": "aA"})
    for escape in (r"\q", r"\u{D800}", r"\u{110000}", r"\u{0000041}", r"\u{}", r"\x{123}"):
        bad('map "a%s" -> "c"' % escape, "a", "E0103")
    ok('# hi\nmap "a" # x\n -> "c" # "y"', "a", {"c": "a"})
    ok('map "a#b" -> "c#d"', ["a#b"], {"c#d": "a#b"})
    ok('map"a"->"b"keep "c"keep rest', "a c d", {"b": "a", "c": "c", "d": "d"})
    for text, number in [("007", 7), ("1_000", 1000), ("2K", 2000), ("3Ki", 3072), ("1M", 10 ** 6), ("1Mi", 2 ** 20), ("1G", 10 ** 9), ("1Gi", 2 ** 30),
                         ("9223372036854775807", 2 ** 63 - 1), ("7 / 7", 1), ("-7 % 3", 2), ("7 % -3", -2), ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20),
                         ("6 / 3 / 2", 1), ("10 - 3 - 2", 5), ("-0", 0), ("-9223372036854775807 - 1", -2 ** 63)]:
        ok('let n = %s\nmap "a" -> "x{n}"' % text, "a", {"x%d" % number: "a"})
    for text in ("9223372036854775808", "10000000000G", "12abc", "1__0", "1_", "1.", "1.5K", "1k"):
        bad('let n = %s\nmap "a" -> "x{n}"' % text, "a", "E0104")
    for text in ("9223372036854775807 + 1", "7/2", "7/0", "7%0", "[1, 2]", "1 == 1", "f32"):
        bad('let n = %s\nmap "a" -> "x{n}"' % text, "a", "E0213")
    for text, number in [("1.5", 1.5), ("1e2", 100.0), ("1.5e-3", 1.5e-3), ("inf", np.inf), ("-inf", -np.inf), ("3 + 0.5", 3.5), ("7 / 2.0", 3.5)]:
        ok('let x = %s\nkeep rest\nnew "n" : f64[] = const(x)' % text, "a", {"a": "a", "n": np.array(number)})
    for word in ("map", "source", "inf"):
        bad("let %s = 1" % word + REST, "a", "E0107")
    ok('let follow = 2\nlet as = 3\nlet names = 4\nlet objects = 5\nlet within = 6\nmap "a" -> "b{follow}{as}{names}{objects}{within}"', "a", {"b23456": "a"})


# ---- let, param, --set

def lets():
    bad("let n = m\nlet m = n" + REST, "a", "E0208")
    bad("let n = n" + REST, "a", "E0208")
    for text in ("let n = 1\nlet n = 2", "let n = 1\nparam n = 2", "let f32 = 1", "let dtype = 1", "let size = 1", "param rank = 1"):
        bad(text + REST, "a", "E0207")
    for pattern in ("a{n:int}", "a{n}", "a{n:x,y}"):
        bad('let n = 1\nkeep "%s"' % pattern + REST, "a1", "E0207")
    bad('keep "a{map}"' + REST, "a1", "E0107")
    bad('keep "a{f32}"' + REST, "a1", "E0207")
    ok('let m = n + 1\nlet n = 2\nmap "a" -> "b{m}"', "a", {"b3": "a"})
    ok('let n = 5\nparam p = "z"\nmap "a" -> "b_{n}/{p}/{n+1}/{n:03}"', "a", {"b_5/z/6/005": "a"})
    ok('let n = 5\nparam p = "z"\nmap "a" -> "b_{n}/{p}/{n+1}/{n:03}"', "a", {"b_5/yy/6/005": "a"}, "--set", "p=yy")
    ok('param heads = 4\nlet d = heads * 2\nmap "a" -> "b{d}"', "a", {"b16": "a"}, "--set", "heads=8")
    ok('param heads = 4\nmap "a" -> "b{heads}"', "a", {"b-8": "a"}, "--set", "heads=-8")
    ok('param p = "x"\nmap "a" -> "b{p}"', "a", {"b8": "a"}, "--set", "p=8")
    for setting in ("head=8", "heads=x", "heads=1.5", "heads"):
        bad('param heads = 4\nmap "a" -> "b{heads}"', "a", "E0901", "--set", setting, says="heads", exits=2)
    bad('let heads = 4\nmap "a" -> "b{heads}"', "a", "E0901", "--set", "heads=8", says="param", exits=2)
    ok('let u = 4' + REST, "a", {"a": "a"}, warns=["W0201"])
    ok('let u = 4 # ckmig: allow(W0201) why' + REST, "a", {"a": "a"})


# ---- Patterns

def wildcards():
    ok('map "?" -> "x/?"', "a b", {"x/a": "a", "x/b": "b"})
    ok('map "a*" -> "b*"', "a abc a1", {"b": "a", "bbc": "abc", "b1": "a1"})
    bad('map "a*" -> "b*"', "a a/b", "E0402", says="a/b")
    ok('map "a/**/b" -> "c/**/d"', "a/b a/x/b a/x/y/b", {"c/d": "a/b", "c/x/d": "a/x/b", "c/x/y/d": "a/x/y/b"})
    ok('map "**/b" -> "**/c"', "b x/b", {"c": "b", "x/c": "x/b"})
    ok('map "**/b" -> "z/**"', "b x/b", {"z": "b", "z/x": "x/b"})
    bad('map "a/**" -> "c/**"', "a a/x", "E0402", says='"a"')
    bad('map "a/**" -> "c/**"', "a/ a/x", "E0402", says='"a/"')
    ok('map "a/{x:**}/b" -> "c/{x}/d"', "a/b a/x/y/b", {"c/d": "a/b", "c/x/y/d": "a/x/y/b"})
    ok('map "{x:**}/b" -> "{x}/c"', "b x/b", {"c": "b", "x/c": "x/b"})
    ok('map "**b" -> "c**d"', "b x/b", {"cd": "b", "cx/d": "x/b"})
    ok('map "layer[_.]{i}" -> "l[_.]{i}"', "layer_1 layer.2", {"l_1": "layer_1", "l.2": "layer.2"})
    ok('map "[!0-9]x" -> "y[!0-9]"' + REST, "ax 1x /x", {"ya": "ax", "1x": "1x", "/x": "/x"})
    ok('map "[]]x" -> "y[]]"', ["]x"], {"y]": "]x"})
    ok('map "[!]x" -> "y[!]"', "!x", {"y!": "!x"})
    ok('map "a[*]b[?]c[[]d[{]e[}]f[@]g" -> "y[{]z[}][@][*][?][[]"', ["a*b?c[d{e}f@g"], {"y{z}@*?[": "a*b?c[d{e}f@g"})
    ok('map "a{[,],x}b" -> "c{[:],2}"', ["a,b", "axb"], {"c:": "a,b", "c2": "axb"})
    for pattern in ("[]", "***", "a{b", "a}b", "[ab", "[!]]", "a@", "@m", "a@m@v", "{0}", "{}", "{a}b{", "", "{a, b}", "{a ,b}", "a{i:itn}", "{i:{j},b}",
                    "{{j},b}", "a{i:}", "a{i:03}", "a{i+1}"):
        bad('keep "%s"' % pattern + REST, "a", "E0201")
    for template in ("x***", "x{", "x}", "x[]", "x@m@v", "@v", "x@", "", "{}", "{-}", "{(1}", "{1:x}"):
        bad('map "a" -> "%s"' % template, "a", "E0210")
    for pattern, template in [("a", "x/*"), ("*", "x/**"), ("*", "x/[a-z]"), ("[a-z]", "x/[a-y]"), ("?", "x/*"), ("a", "x/{a,b}"), ("{a,c}", "x/{1,2,3}")]:
        bad('map "%s" -> "%s"' % (pattern, template), "a c", "E0204")


def alternations():
    ok('map "n/{gamma,beta}" -> "m/{scale,offset}"', "n/gamma n/beta", {"m/scale": "n/gamma", "m/offset": "n/beta"})
    ok('map "dense{,_1}/k" -> "d{0,}x/k"', "dense/k dense_1/k", {"d0x/k": "dense/k", "dx/k": "dense_1/k"})
    ok('map "d/{a*,b?}x" -> "e/{1,2}"', "d/azzx d/bqx", {"e/1": "d/azzx", "e/2": "d/bqx"})
    ok('map "d/{a,{b,c}d}x" -> "e/{1,2}"', "d/ax d/bdx", {"e/1": "d/ax", "e/2": "d/bdx"})
    bad('map "d/{a,{b,c}d}x" -> "e/{1,2}"', "d/ax d/bdx d/cdx", "E0212", exits=4)
    ok('map "{a b,c}" -> "{x y,z}"', ["a b", "c"], {"x y": "a b", "z": "c"})
    ok('map "{p:q,k}/w" -> "{p:Q,K}/w_{p}"', "q/w k/w", {"Q/w_q": "q/w", "K/w_k": "k/w"})
    ok('map "{p:int,float}/w" -> "{p}/z"', "int/w float/w", {"int/z": "int/w", "float/z": "float/w"})
    ok('map "{p:q,k}/{p:Q,K}" -> "{p}"' + REST, "q/Q k/K q/K", {"q": "q/Q", "k": "k/K", "q/K": "q/K"})
    bad('map "{a,c}" -> "x"', "a c", "E0203")


def numbers():
    huge = "9" * 30
    ok('map "l_{i:int}" -> "m_{i}"', "l_0 l_007 l_" + huge, {"m_0": "l_0", "m_007": "l_007", "m_" + huge: "l_" + huge})
    ok('map "l_{i:int}" -> "m_{i+0}"', "l_0 l_007", {"m_0": "l_0", "m_7": "l_007"})
    bad('map "l_{i:int}" -> "m_{i+0}"', "l_0 l_" + huge, "E0210", exits=4)
    ok('map "l_{i:int}" -> "m_{i+1}/{i*2}/{i/1}/{i%4}/{(i+1)*3}/{-i+9}"', "l_5", {"m_6/10/5/1/18/4": "l_5"})
    bad('map "l_{i:int}" -> "m_{i/2}"', "l_5", "E0210", exits=4)
    ok('map "l_{i:int}" -> "m_{i:03}/{i+1:03}"', "l_5 l_1234 l_0006", {"m_005/006": "l_5", "m_1234/1235": "l_1234", "m_006/007": "l_0006"})
    ok('map "d{i:uniq}/k" -> "e{i}/k"' + REST, "d/k d_1/k d_10/k d_01/k d_0/k", {"e/k": "d/k", "e_1/k": "d_1/k", "e_10/k": "d_10/k", "d_01/k": "d_01/k", "d_0/k": "d_0/k"})
    ok('map "d{i:uniq}/k" -> "e{i+0}/{i:03}/k"', "d/k d_1/k d_10/k", {"e0/000/k": "d/k", "e1/001/k": "d_1/k", "e10/010/k": "d_10/k"})
    ok('map "d{i:uniq}" -> "e{i:03}/{i:uniq}"', "d_" + huge, {"e%s/_%s" % (huge, huge): "d_" + huge})
    ok('map "d{i:int}/k" -> "e{i:uniq}/k"', "d0/k d1/k d10/k", {"e/k": "d0/k", "e_1/k": "d1/k", "e_10/k": "d10/k"})
    ok('map "d{i:int}/k" -> "e{i-1:uniq}/k"', "d1/k d2/k", {"e/k": "d1/k", "e_1/k": "d2/k"})
    bad('map "d{i:int}/k" -> "e{i-1:uniq}/k"', "d0/k", "E0210", exits=4)
    ok('map "{i:int}/{i}/{i}" -> "v/{i}"' + REST, "1/01/001 a/a/a", {"v/1": "1/01/001", "a/a/a": "a/a/a"})
    ok('map "{i}/{i:int}" -> "v/{i}"' + REST, "7/07 a/a", {"v/7": "7/07", "a/a": "a/a"})
    bad('map "a{i:int}" -> "x/{i:int}"', "a1", "E0210", says="{i}")
    ok('map "l{i:int}" where i < 100 -> "m{i}"' + REST, "l1 l" + huge, {"m1": "l1", "l" + huge: "l" + huge})
    ok('map ("l{i:int}", "k{j:int}") where i == j | stack(axis=0) -> "m{i}"', "l%s k00%s" % (huge, huge), {"m" + huge: stack("l" + huge, "k00" + huge)})
    bad('map "l{i:int}" where i % 2 == 0 -> "m{i}"' + REST, "l" + huge, "E0213", exits=4)


def two_ways():
    bad('map "{a}_{b}" -> "{a}/{b}"', "x_y_z", "E0403", says=["x_y", "y_z"])
    ok('map "{a}_{b}" -> "{a}_{b}/k"', "x_y_z", {"x_y_z/k": "x_y_z"})
    ok('map "*_*" -> "*_*/k"', "x_y_z", {"x_y_z/k": "x_y_z"})
    ok('map "**/**" -> "z/**/**"', "x/b", {"z/x/b": "x/b"})
    ok('drop "*_*" because "x"' + REST, "x_y_z q", {"q": "q"})
    bad('drop "{a}_*" where a == "x" because "x"' + REST, "x_y_z q", "E0403")
    ok('drop "{a}_*" where a != "q" because "x"' + REST, "x_y_z q", {"q": "q"})
    bad('map ("{a}_{b}", "q") | stack(axis=0) -> "{a}_{b}/k"', "x_y_z q", "E0403")
    bad('map "{a}_{b}" | pad(axis=0, after=size) -> "{a}_{b}/k"', "x_y_z", "E0202")
    bad('map "{a*,?}{x:int}" -> "{1,2}/{x}"', "aa01", "E0403")
    ok('map "{a}_{b}" | unstack(axis=0, as=k) -> "{a}_{b}/{k}"', "x_y_z", {"x_y_z/0": value("x_y_z")[0], "x_y_z/1": value("x_y_z")[1]})
    bad('map "{a}_{b}" | unstack(axis=0, as=k) -> "{a}{k}_{b}"', "x_y_z", "E0403")


# ---- Tuples, over= and as=

def tuples():
    four = "l0/q l0/k l1/q l1/k"
    both = {"l%d/qk" % i: cat("l%d/q" % i, "l%d/k" % i) for i in (0, 1)}
    for members in ('"l{i:int}/q", "l{i}/k"', '"l{i}/q", "l{i:int}/k"', '"l{i}/q", "l{i}/k",'):
        ok("map (%s) | concat(axis=0) -> \"l{i}/qk\"" % members, four, both)
    ok('map ("*/q", "*/k") | concat(axis=0) -> "*/qk"', four, both)
    ok('map ("l{i:int}/q", "l{i}/k") | concat(axis=0) -> "l{i}"', "l0/q l00/k", {"l0": cat("l0/q", "l00/k")})
    bad('map ("l{i}/q", "l{i}/k") | concat(axis=0) -> "l{i}"', "l0/q l00/k", "E0404", says="l0/q")
    bad('map ("l{i:int}/q", "l{i}/k") | concat(axis=0) -> "l{i}/qk"', "l0/q l0/k l1/q", "E0404", says="l1/q")
    bad('map ("l{i:int}/q", "l{i}/k") | concat(axis=0) -> "l{i}/qk"', "l0/q l0/k l1/k", "E0404", says="l1/k")
    ok('map ("q/{g,b}", "k/{G,B}") | concat(axis=0) -> "x/{u,v}"', "q/g q/b k/G k/B", {"x/u": cat("q/g", "k/G"), "x/v": cat("q/b", "k/B")})
    bad('map ("q/{g,b}", "k/{G,B,C}") | concat(axis=0) -> "x/{u,v}"', "q/g", "E0204")
    bad('map ("q/*", "k/?") | concat(axis=0) -> "x/*"', "q/g", "E0204")
    bad('map ("?", rest) | concat(axis=0) -> "x/**"', "q/g", "E0204")
    for members in ('"l{i:int}", "a"', '"a", "l{i:int}"'):
        order = ("l%d", "a") if members[1] == "l" else ("a", "l%d")
        ok("map (%s) | concat(axis=0) -> \"m{i}\"" % members, "a l0 l1", {"m%d" % i: cat(*(n % i if "%" in n else n for n in order)) for i in (0, 1)})
    ok('map ("a{i:int}", "b{j:int}") | concat(axis=0) -> "m{i}_{j}"', "a0 a1 b0 b1", {"m%d_%d" % (i, j): cat("a%d" % i, "b%d" % j) for i in (0, 1) for j in (0, 1)})
    # a partner of all others, whatever the order of the members
    for members in (("a{i:int}", "b{j:int}", "c{i}_{j}"), ("c{i}_{j}", "a{i:int}", "b{j:int}"), ("b{j:int}", "a{i:int}", "c{i}_{j}")):
        names = [[re.sub("{.*?}", str(i), m) for m in members] for i in (0, 1)]
        ok("map (%s) | concat(axis=0) -> \"m{i}_{j}\"" % ", ".join('"%s"' % m for m in members), "a0 a1 b0 b1 c0_0 c1_1", {"m0_0": cat(*names[0]), "m1_1": cat(*names[1])})
        bad("map (%s) | concat(axis=0) -> \"m{i}_{j}\"" % ", ".join('"%s"' % m for m in members), "a0 a1 a2 b0 b1 c0_0 c1_1", "E0404", says='"a2"')
    bad('map ("a{i:int}_{j:int}", "b{j}_{k:int}", "c{k}_{i}") | concat(axis=0) -> "m{i}_{j}_{k}"', "a0_0 b0_1 c1_1", "E0404")
    ok('map ("{x:**}/b", rest) | concat(axis=0) -> "{x}/**"', "a/b c", {"a/c": cat("a/b", "c")})
    ok('map ("a{i:int}", const(i) : f32[i]) | concat(axis=0) -> "b{i}"', "a1 a2", {"b%d" % i: np.concatenate([value("a%d" % i), np.full(i, i, "f4")]) for i in (1, 2)})
    ok('map ("a{i:int}" : f32[n], zeros : f32[n]) | concat(axis=0) -> "b{i}"', "a1", {"b1": np.concatenate([value("a1"), np.zeros(2, "f4")])})


def groups():
    four = ["layer_%d/e_%d/w" % (i, e) for i in (0, 1) for e in (0, 1)]
    ok('map "layer_{i:int}/e_{e:int}/w" | stack(axis=0, over=e) -> "layer_{i}"', four, {"layer_%d" % i: stack("layer_%d/e_0/w" % i, "layer_%d/e_1/w" % i) for i in (0, 1)})
    ok('map "layer_{i:int}/e_{e:int}/w" | stack(axis=0, over=e) | stack(axis=0, over=i) -> "all"', four, {"all": np.stack([stack(*four[:2]), stack(*four[2:])])})
    ok('map "e{i}" | stack(axis=0, over=i) -> "es"', "e0 e1 e10 e11 e2", {"es": stack("e0", "e1", "e10", "e11", "e2")})
    bad('map "e{i:int}" | stack(axis=0, over=i) -> "es"', "e0 e1 e10 e11 e2", "E0405", says=["3 to 9", "gaps=allow"])
    ok('map "e{i:int}" | stack(axis=0, over=i, gaps=allow) -> "es"', "e0 e1 e10 e11 e2", {"es": stack("e0", "e1", "e2", "e10", "e11")})
    bad('map "e{i:int}" | stack(axis=0, over=i, count=3) -> "es"', "e0 e1", "E0405", says=["2", "3"])
    ok('map "e{i:int}" | stack(axis=0, over=i, count=2) -> "es"', "e0 e1", {"es": stack("e0", "e1")})
    bad('map "e{i:uniq}" | stack(axis=0, over=i) -> "es"', "e e_2", "E0405", says="`i` = 1 is missing")
    ok('map "e{i:uniq}" | stack(axis=0, over=i, gaps=allow) -> "es"', "e e_1 e_2 e_10", {"es": stack("e", "e_1", "e_2", "e_10")})
    for allow in ("", ", gaps=allow, ragged=allow"):
        bad('map "e{i:int}" | stack(axis=0, over=i%s) -> "es"' % allow, "e1 e01", "E0405", says="twice")
    bad('map "{x}/{i:int}" | stack(axis=0, over=i) -> "{x}"', "a/0 a/1 b/0", "E0405", says="ragged=allow")
    ok('map "{x}/{i:int}" | stack(axis=0, over=i, ragged=allow) -> "{x}"', "a/0 a/1 b/0", {"a": stack("a/0", "a/1"), "b": stack("b/0")})
    bad('map "{x}/{i:int}" | stack(axis=0, over=i, gaps=allow) -> "{x}"', "a/0 a/1 a/2 b/0 b/2", "E0405", says="ragged=allow")
    bad('map "{x}/{i:int}" | stack(axis=0, over=i, ragged=allow) -> "{x}"', "a/0 a/1 a/2 b/0 b/2", "E0405", says="gaps=allow")
    ok('map "{x}/{p:v,k,q}" | concat(axis=0, over=p) -> "{x}"', "a/q a/k a/v", {"a": cat("a/v", "a/k", "a/q")})
    bad('map "{x}/{p:v,k,q}" | concat(axis=0, over=p) -> "{x}"', "a/q a/v", "E0405", says="k")
    ok('map "{x}/{p:v,k,q}" | concat(axis=0, over=p, gaps=allow) -> "{x}"', "a/q a/v", {"a": cat("a/v", "a/q")})
    ok('map "a/{x}" | stack(axis=0, over=x) -> "b"', "a/é a/z a/B", {"b": stack("a/B", "a/z", "a/é")})
    ok('map "e{i:int}" | stack(axis=0, over=i) -> "x"', "e%d e%d" % (10 ** 25, 10 ** 25 + 1), {"x": stack("e%d" % 10 ** 25, "e%d" % (10 ** 25 + 1))})
    bad('map "e{i:int}" | stack(axis=0, over=j) -> "es"', "e0", "E0202", says="`i`")
    bad('map "e{i:int}" | stack(axis=0, over=i) -> "es{i}"', "e0", "E0210")
    bad('map "e{i:int}" | stack(axis=0) -> "es"', "e0", "E0215")
    wide = {"l%d" % i: value("l%d" % i, (3, 2)) for i in (0, 1)}
    ok('map "l{i:int}" | unstack(axis=0, as=e) -> "l{i}/e{e+1:02}/w{e:uniq}"', wide,
       {"l%d/e%02d/w%s" % (i, e + 1, "_%d" % e if e else ""): wide["l%d" % i][e] for i in (0, 1) for e in range(3)})
    ok('map "l{i:int}" | split(axis=1, parts=2, as=e) -> "l{i}/{e}"', wide, {"l%d/%d" % (i, e): wide["l%d" % i][:, e:e + 1] for i in (0, 1) for e in (0, 1)})
    ok('map "l{i:int}" | unstack(axis=0) -> ("l{i}/a", "l{i}/b", "l{i}/c")', wide, {"l%d/%s" % (i, "abc"[e]): wide["l%d" % i][e] for i in (0, 1) for e in range(3)})
    bad('map "l{i:int}" | unstack(axis=0, as=i) -> "l{i}"', wide, "E0207")
    bad('let e = 4\nmap "l{i:int}" | unstack(axis=0, as=e) -> "l{i}/{e}"', wide, "E0207")
    bad('map "l{i:int}" | unstack(axis=0, as=e) -> "l{i}/x"', wide, "E0203")


# ---- rest, same, also, optional, where

def statements():
    bad('map "a" -> "b"', "a c", "E0402", says='"c"')
    bad('map "a" -> "b"\nmap "a" -> "c"', "a", "E0211")
    for first, second in (("", "also "), ("also ", ""), ("also ", "also ")):
        ok('map %s"a" -> "b"\nmap %s"a" -> "c"' % (first, second), "a", {"b": "a", "c": "a"})
    ok('map "a" -> (same, "c")', "a", {"a": "a", "c": "a"})
    ok('keep "a"\nmap also "a" -> "c"', "a", {"a": "a", "c": "a"})
    bad('keep "a"\nmap also "a" -> "a"', "a", "E0212", exits=4)
    bad('map "a" -> "b"\nmap "c" -> "b"', "a c", "E0212")
    bad('map "a*" -> "b"', "a1 a2", "E0203")
    bad('map "a{i:int}" -> "b{i%1}"', "a1 a2", "E0212", exits=4)
    bad('drop "a" because "x"\nmap "a" -> "b"', "a", "E0211")
    bad('drop "a*" because "x"\nmap "a1" -> "b"', "a1", "E0211")
    bad('drop "a*" because "x"\nmap "*1" -> "b*"', "a1", "E0211", exits=4)
    ok('map optional "old" -> "new"\nmap optional "older" -> "new"', "older", {"new": "older"})
    bad('map optional "old" -> "new"\nmap optional "older" -> "new"', "old older", "E0212", exits=4)
    ok('map rest -> "m/**"', "a b/c", {"m/a": "a", "m/b/c": "b/c"})
    ok('map rest:"l{i:int}/**" -> "b{i}/**"\nmap "l{i:int}/w" -> "c{i}"\nmap rest -> "r/**"', "l0/w l0/x q", {"c0": "l0/w", "b0/x": "l0/x", "r/q": "q"})
    bad('map rest:"l*" -> "b*"\nmap rest:"*0" -> "c*"', "l0", "E0211", exits=4)
    bad('keep rest\nmap rest -> "m/**"', "l0", "E0211")
    ok('keep rest where rank == 1\nmap rest where rank == 2 -> "m/**"', {"a": value("a"), "c": value("c", (2, 3))}, {"a": "a", "m/c": "c"})
    bad('keep rest where rank == 1\nmap rest where rank >= 1 -> "m/**"', {"a": value("a"), "c": value("c", (2, 3))}, "E0211", exits=4)
    bad('keep rest where rank == 1', {"a": value("a"), "c": value("c", (2, 3))}, "E0402")
    bad('keep rest:"zz*"' + REST, "a", "E0401")
    ok('map "a" -> "b"' + REST, "a", {"b": "a"})
    ok('map "l{i:int}" where i == 0 -> "m{i}"\nmap rest:"l*" -> "n*"', "l0 l1", {"m0": "l0", "n1": "l1"})
    wide = {name: value(name, (2, 3)) for name in "ab"}
    ok('map "*" | transpose -> same', wide, {name: wide[name].T for name in "ab"})
    bad('map ("a", "b") | concat(axis=0) -> same', "a b", "E0215")
    for text in ('map optional "zz" -> "y"', 'drop optional "zz/**" because "x"', 'keep optional "zz"', 'map optional ("zz", "yy") | concat(axis=0) -> "y"',
                 'map also optional "zz" -> "y"', 'map optional "a{i:int}" where i == 7 -> "y{i}"'):
        ok(text + REST, "a a1", {"a": "a", "a1": "a1"})
    bad('map optional ("a", "yy") | concat(axis=0) -> "y"' + REST, "a", "E0401")
    ok('keep "a{x}"', "a2", {"a2": "a2"}, warns=["W0201"])
    ok('drop "a{i:int}" because "x"' + REST, "a2 b", {"b": "b"})


def conditions():
    shapes = {"a": value("a", (3, 2)), "c": value("c", dtype=np.int32), "d": value("d", ())}
    for condition, names in [("rank == 2", "a"), ("size == 6", "a"), ("rank > 0 && dim(0) == 3", "a"), ("dtype == i32", "c"), ("dtype != f32 && dim(-1) == 2", "c"),
                             ('n == "d"', "d"), ("rank within (1, 2)", "ac"), ("!(rank == 0)", "ac"), ("rank == 0 || rank == 2", "ad"), ("size % 2 == 1", "d")]:
        ok('map "{n}" where %s -> "b/{n}"' % condition + REST, shapes, {("b/" if n in names else "") + n: n for n in shapes})
    ok('map "{n}/w" where exists("{n}/b") -> "z/{n}/w"' + REST, "a/w a/b c/w", {"z/a/w": "a/w", "a/b": "a/b", "c/w": "c/w"})
    ok('map "*/w" where !exists("*/b") -> "z/*/w"' + REST, "a/w a/b c/w", {"a/w": "a/w", "a/b": "a/b", "z/c/w": "c/w"})
    four = "l0/q l0/k l1/q l1/k"
    for text in ('("l{i:int}/q" where i == 0, "l{i}/k" where i < 1)', '("l{i:int}/q", "l{i}/k") where i == 0'):
        ok('map %s | concat(axis=0) -> "l{i}/qk"' % text + REST, four, {"l0/qk": cat("l0/q", "l0/k"), "l1/q": "l1/q", "l1/k": "l1/k"})
    bad('map ("l{i:int}/q" where i == 0, "l{i}/k") | concat(axis=0) -> "l{i}/qk"' + REST, four, "E0404", says="l1/k")
    bad('map ("l{i:int}/q", "l{i}/k") where i == 0 | concat(axis=0) -> "l{i}/qk"', four, "E0402", says="l1/q")
    bad('map ("l{i:int}/q", "l{i}/k") where i == 7 | concat(axis=0) -> "l{i}/qk"' + REST, four, "E0413")
    bad('map "l{i:int}/q" where i == 7 -> "l{i}/z"' + REST, four, "E0413")
    ok('map ("a{i:int}", "b{j:int}") where i + 1 == j | concat(axis=0) -> "c{i}"' + REST, "a1 a2 b1 b2", {"c1": cat("a1", "b2"), "a2": "a2", "b1": "b1"})
    bad('map ("a{i:int}" where j == 1, "b{j:int}") | concat(axis=0) -> "c{i}{j}"', "a1 b1", "E0202")
    bad('map ("a{i:int}" where exists("b{j}"), "b{j:int}") | concat(axis=0) -> "c{i}{j}"', "a1 b1", "E0202")
    for condition in ("1", "rank", "size + 1", 'dim(0) == "x"', "dtype == 3", "n < 3", "n + 1 == 2", "rank && rank == 1", "!rank", "rank == [1]", "n"):
        bad('map "{n}" where %s -> "b/{n}"' % condition, shapes, "E0213")
    bad('map "{n}" where 1 < 2 < 3 -> "b/{n}"', shapes, "E0101")
    bad('map "{n}" where dim(1) == 2 -> "b/{n}"' + REST, shapes, "E0213", exits=4, says="rank == ")


# ---- inputs, the template, checks

def others():
    teacher, fresh = os.path.join(FOLDER, "teacher"), os.path.join(FOLDER, "fresh")
    t = {"t/a": value("t/a"), "t/b": value("t/b"), "a": value("tea")}
    f = {"a": np.zeros(2, "f4"), "b": np.ones((2, 3), "f4"), "head/w": np.full(3, 5, "f4"), "head/b": np.full(1, 6, "f4")}
    save(teacher, t)
    save(fresh, f)
    given, onto, start = ("--input", "teacher=" + teacher), ("--onto", fresh), "input teacher\n"
    left = '\ndrop teacher:rest because "x"'
    ok(start + 'keep rest\nmap teacher:"t/{x}" -> "from/{x}"' + left, "a", {"a": "a", "from/a": t["t/a"], "from/b": t["t/b"]}, *given)
    ok(start + 'map (source:"a", teacher:"a") | concat(axis=0) -> "a"' + left, "a", {"a": np.concatenate([value("a"), t["a"]])}, *given)
    ok(start + 'map teacher:"t/{x}" where exists("{x}") -> "y/{x}"' + REST + left, "a", {"a": "a", "y/a": t["t/a"]}, *given)
    ok(start + 'map "{x}" where exists(teacher:"t/{x}") -> "y/{x}"' + REST + left, "a c", {"y/a": "a", "c": "c"}, *given)
    bad(start + 'keep rest\nmap teacher:"t/{x}" -> "from/{x}"', "a", "E0402", *given, says="teacher")
    bad(start + "keep rest\nkeep teacher:rest", "a", "E0212", *given, exits=4)
    bad(start + "keep rest" + left, "a", "E0901", says="--input teacher=", exits=2)
    bad(start + "keep rest" + left, "a", "E0901", "--input", "techer=" + teacher, says="teacher", exits=2)
    bad(start + 'map techer:"a" -> "b"' + left, "a", "E0209", *given, says="`teacher`")
    heads = {"head/w": f["head/w"], "head/b": f["head/b"]}
    ok('keep "a"\nnew rest = template', "a", {**f, "a": "a"}, *onto)
    ok('keep "a"\nnew "b" = zeros\nnew "head/**" = template', "a", {"a": "a", "b": f["b"] * 0, **heads}, *onto)
    ok('keep "a"\nnew "head/{x}" = ones\nnew rest = template', "a", {"a": "a", "b": f["b"], **{n: v * 0 + 1 for n, v in heads.items()}}, *onto)
    ok('keep "a"\nmap template:"head/{x}" -> "head/{x}"\nnew rest = template', "a", {**f, "a": "a"}, *onto)
    ok('map ("a", template:"head/b") | concat(axis=0) -> "head/w"\nmap also "a" -> "a"\nnew rest = template', "a",
       {**f, "a": "a", "head/w": np.concatenate([value("a"), f["head/b"]])}, *onto)
    bad('keep "a"\nnew "b" = template', "a", "E0408", *onto, says="head/w")
    bad('map "a" -> "head/ww"\nnew rest = template', "a", "E0407", *onto, says="head/w")
    bad('map "a" -> "head/b"\nnew rest = template', "a", "E0304", *onto, exits=4)
    bad('map "a" | cast(f16) -> "a"\nnew rest = template', "a", "E0301", *onto, exits=4)
    bad('keep rest\nnew "z*" = ones\nnew rest = template', "a", "E0401", *onto)
    for two in ('"head/*" = ones\nnew "*/w" = zeros', '"head/*" = zeros\nnew "**" = ones', '"**" = ones\nnew "head/*" = zeros', "rest = ones\nnew rest = zeros"):
        bad('keep "a"\nnew ' + two, "a", "E0212", *onto, exits=4)
    ok('keep "a"\nnew rest = zeros\nnew "head/*" = template\nnew "head/w" = ones', "a", {"a": "a", "b": f["b"] * 0, **heads, "head/w": f["head/w"] * 0 + 1}, *onto)
    for text in ('new "x" = template', 'new "x/**" = ones', 'new rest = ones', 'map template:"a" -> "b"', 'check count(template:"*") == 2'):
        bad("keep rest\n" + text, "a", "E0901", says="--onto", exits=2)
    ok('keep rest\nnew "n" : i32[2, 3] = const(7)', "a", {"a": "a", "n": np.full((2, 3), 7, "i4")})
    bad('keep rest\nnew "a" : f32[1] = ones', "a", "E0212", exits=4)


def checks():
    two = {"a1": "a1", "b": "b"}
    for check in ('count("a*") == 1 && finite("**")', 'count("a{i:int}") == 1 && finite("{i:a,b}*")', 'params("*") == 4 && bytes("*") == 16', 'shape("*") == [2]',
                  'dtype("**") == f32', 'absent("zz") && count("z") == 0', 'params("z") == 0 || bytes("z") == 1', 'equal("*", source:"*") && equal("?1", source:"?1")',
                  'min("**") > -1e6 && max("**") within (-1e6, 1e6)', 'count(source:"*") == 2', 'close("a1", source:"a1" | scale(1.0), atol=0.1)'):
        ok("keep rest\ncheck " + check, "a1 b", two)
    for check, code, exits in [('count("*") == 3', "E0701", 4), ('shape("zz") == [2]', "E0701", 4), ('min("**") > 1000', "E0701", 6), ("count(rest) == 1", "E0216", 3),
                               ('equal("a1", source:"b")', "E0701", 6), ('count("**")', "E0216", 3), ("1 == 1", "E0216", 3), ('count("**") == "x"', "E0213", 3),
                               ('dtype("**") == 3', "E0213", 3), ('shape("**") < [2]', "E0213", 3), ('finite("a", "b")', "E0206", 3), ('equal("a1")', "E0206", 3)]:
        bad("keep rest\ncheck " + check, "a1 b", code, exits=exits)
    ok('map "a{i:int}" -> "z{i+0}"\ncheck count("z*") == 2 && equal("z{i}", source:"a{i:int}") && equal("z1", source:"a1")', "a1 a02", {"z1": "a1", "z2": "a02"})


# ---- suggestions

def spelling():
    names = "embedding/w layer_0/kernel layer_0/bias layer_1/kernel layer_1/bias"
    for text, code, says in [
            ('map "embeding/w" -> "x"', "E0401", '"embedding/w"'), ('drop "embeding/*" because "x"', "E0401", "embedding"), ('keep "Embedding/w"', "E0401", '"embedding/w"'),
            ('map "layer_{i:int}/kernal" -> "x/{i}"', "E0401", "kernel"), ('map "layr_{i:int}/kernel" -> "x/{i}"', "E0401", "layer_"),
            ('map "layer{i:int}/kernel" -> "x/{i}"', "E0401", "layer_"), ('map "kernel" -> "x"', "E0401", "**/kernel"), ('keep "model/layer_0/kernel"', "E0401", "layer_0/kernel"),
            ('mpa "a" -> "b"', "E0101", "`map`"), ('map "a" | tranpose -> "b"', "E0205", "`transpose`"), ('map "a" | slice(axs=0, start=0, stop=1) -> "b"', "E0206", "`axis`"),
            ('map "a" | cast(f31) -> "b"', "E0205", "`f32`"), ('map "a" | cast(f16, overflw=allow) -> "b"', "E0206", "`overflow`"),
            ('map "a" | cast(f16, overflow=alow) -> "b"', "E0206", "`allow`"), ('new "b" : f32[1] = onse', "E0205", "`ones`"), ('new "b" : f32[1] = normal(stdev=1)', "E0206", "`stddev`"),
            ('check finit("**")', "E0205", "`finite`"), ("keep rset", "E0101", "`rest`"), ('map reste:"a" -> "b"', "E0209", "`rest`"), ('map pth:"a" -> "b"', "E0209", "`path`"),
            ("target name", "E0101", "`names`"), ("slots folow", "E0101", "`follow`"), ('map "a_{idx:int}" -> "b_{ixd}"', "E0202", "`idx`"),
            ('map "a_{idx:int}" where ixd == 1 -> "b_{idx}"', "E0202", "`idx`"), ('map "a_{i:int}" where exsits("b") -> "b_{i}"', "E0205", "`exists`"),
            ('map "a" where rnk == 1 -> "b"', "E0202", "`rank`"), ('map "a{i:itn}" -> "b{i}"', "E0201", "`int`"), ('map "a{i:unic}" -> "b{i}"', "E0201", "`uniq`"),
            ('map "a" : f23[2] -> "b"', "E0205", "`f32`")]:
        bad(text + REST, names, code, says=says)


# ---- what the text's form changes, and what it does not

def digest(text):
    path = os.path.join(FOLDER, "digest-%d.ckmig" % len(text))
    with open(path, "w") as f:
        f.write("ckmig 1\n" + text)
    done = subprocess.run([CKMIG, "compile", "-q", "--json", path], capture_output=True, text=True)
    return json.loads(done.stdout)["digest"] if done.returncode == 0 else done.stderr


def forms():
    for a, b in [("keep rest", "# c\n  keep\n\trest # x\n"), ('let n = 3\nmap "a" | tile(axis=0, n=n) -> "b"', 'map "a" | tile(axis=0, n=3) -> "b"'),
                 ('let n = 3 * 4\nmap "a" | tile(axis=0, n=n) -> "b"', 'map "a" | tile(0, 12) -> "b"'),
                 ('map "a" | slice(axis=0, start=1, stop=2) -> "b"', 'map "a" | slice(stop=2, axis=0, start=1, step=1) -> "b"'),
                 ('map "a" | pad(axis=0, after=1) -> "b"', 'map "a" | pad(0, before=0, after=1, with=zeros) -> "b"'),
                 ('map ("a","b") | concat(axis=0) -> "c"', 'map (\n"a"\n, "b",) | concat(axis = 0) -> ("c")'), ('map "a\\u{41}" -> "c"', 'map "aA" -> "c"'),
                 ('map "a[x]" -> "c"', 'map "ax" -> "c"'), ('map "a" -> "c{1+1}"', 'map "a" -> "c2"'), ('let t = "z"\nmap "a" -> "c{t}"', 'map "a" -> "cz"'),
                 ('map "a" | tile(0, 1K) -> "b"', 'map "a" | tile(0, 1_000) -> "b"'), ('map also optional "a" -> "b"', 'map optional also "a" -> "b"'),
                 ('map (("a","b") | concat(axis=0)) | tile(0,2) -> "b"', 'map ("a","b") | concat(axis=0) | tile(0,2) -> "b"'),
                 ('map "a" where (rank == 1) -> "b"', 'map "a" where rank == 1 -> "b"'), ('map source:"a" -> "b"', 'map "a" -> "b"'),
                 ('check count("*") == 12\nkeep rest', 'keep rest\ncheck count("*")==3*4')]:
        tell("%s\n~\n%s" % (a, b), None if digest(a) == digest(b) else "two digests: %s, %s" % (digest(a), digest(b)))
    for a, b in [("keep rest", 'keep "**"'), ('map "a" -> "b"', 'map "a" -> "c"'), ('map "a" where rank == 1 -> "b"', 'map "a" where rank == 2 -> "b"')]:
        tell("%s\n~\n%s" % (a, b), None if digest(a) != digest(b) else "one digest")


def order():
    statements = ['migration "m"', "let heads = 4", "param p = 2", "target names", 'map "a{i:int}/w" | tile(0, heads) -> "b{i}/w"', 'map rest:"a{i:int}/**" -> "c{i}/**"',
                  'new "n" : f32[p] = ones', 'drop "z*" because "no"', "keep rest", 'check finite("**")', 'check count("b*/w") == 2', 'map also "q" | flip(0) -> "qt"',
                  'map "q" -> ("q1", "q2")']
    seen = set()
    for seed in range(8):
        text = "\n".join(random.Random(seed).sample(statements, len(statements)))
        done, out = run("run", text, "a0/w a1/w a0/x a1/y/z zz q other")
        parts = [open(out + suffix, "rb").read() for suffix in (".index", ".data-00000-of-00001")] if done.returncode == 0 else [done.stderr]
        seen.add((digest(text), *parts))
    tell("\n".join(statements), None if len(seen) == 1 and len(min(seen)) == 3 else "the order of statements matters")


# ---- bugs of other tools

def past_bugs():
    ok('map "encoder.{x}" -> "enc.{x}"', "encoder.encoder.x", {"enc.encoder.x": "encoder.encoder.x"})
    ok('map "**encoder.x" -> "**enc.x"', "encoder.encoder.x", {"encoder.enc.x": "encoder.encoder.x"})
    ok('map "a" -> "b"\nmap "b" -> "a"', "a b", {"a": "b", "b": "a"}, warns=["W0202"])
    twelve = ["layer_%d" % i for i in (0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9)]
    ok('map "layer_{i:int}" | stack(axis=0, over=i) -> "layers"', twelve, {"layers": stack(*("layer_%d" % i for i in range(12)))})
    ok('map "l_{i}" -> "m_{i}"', "l_1 l_norm l_1b", {"m_1": "l_1", "m_norm": "l_norm", "m_1b": "l_1b"})
    ok('map "l_{i:int}" -> "m_{i+1}"' + REST, "l_1 l_norm l_1b", {"m_2": "l_1", "l_norm": "l_norm", "l_1b": "l_1b"})
    experts = ["l%d/e%d" % (i, e) for i in (0, 1) for e in range(3)]
    for missing in ("l0/e1", "l1/e2", "l0/e0"):
        bad('map "l{i:int}/e{e:int}" | stack(axis=0, over=e) -> "l{i}"', [e for e in experts if e != missing], "E0405")
    bad('map "l{i:int}/e{e:int}" | stack(axis=0, over=e, count=3) -> "l{i}"', [e for e in experts if e[-1] != "2"], "E0405")
    ok('map "l" | unstack(axis=0, as=e) -> "l/{e}"', {"l": value("l", (1, 2))}, {"l/0": value("l", (1, 2))[0]})
    bad('map ("a", "b") | concat(axis=0) -> "c"', {"a": value("a", (2, 3)), "b": value("b", (2, 2))}, "E0304", exits=4)
    big = "x" * 4096
    odd = ["a b", "a//b", "/a", "a/", "日本/語", "é", big, "layer 1/w", "a\nb", "a\tb", "a\\b", 'a"b', "*", "{i}", "x@m", "[a]", "?"]
    ok('map rest -> "n/**"', odd, {"n/" + name: name for name in odd})
    ok('keep "**"', odd, {name: name for name in odd})
    ok('map "x*" -> "y*"', [big], {"y" + big[1:]: big})
    ok('map "a//b" -> "c//d"\nmap "a b" -> "c d  e"\nmap "日本/*" -> "å/*"', ["a//b", "a b", "日本/語"], {"c//d": "a//b", "c d  e": "a b", "å/語": "日本/語"})
    ok('map "a/*/b" -> "c/*/d"', ["a//b"], {"c//d": "a//b"})
    ok('map "layer_{i:int}/**" where i % 2 == 0 -> "layer_{i/2}/**"\ndrop "layer_{i:int}/**" where i % 2 == 1 because "half the depth"',
       ["layer_%d/w" % i for i in range(4)], {"layer_0/w": "layer_0/w", "layer_1/w": "layer_2/w"})
    done, out = run("run", "keep rest", "a b")
    path, source = os.path.join(FOLDER, "m.ckmig"), os.path.join(FOLDER, "src")
    done = subprocess.run([CKMIG, "run", "--force", "-o", source, path, source], capture_output=True, text=True)
    tell("the output is the source", None if done.returncode == 7 and "E0904" in done.stderr else done.stderr)


def main():
    for section in (lexical, lets, wildcards, alternations, numbers, two_ways, tuples, groups, statements, conditions, others, checks, spelling, forms, order, past_bugs):
        section()
    shutil.rmtree(FOLDER)
    print("%d passed, %d failed" % (count[True], count[False]))
    return count[False] > 0


if __name__ == "__main__":
    raise SystemExit(main())
