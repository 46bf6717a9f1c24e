"""What the interop tests share. Every function called case_* is a test: it gets an empty folder and fails by an exception."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

import numpy as np
import tensorflow as tf

CKMIG = os.path.abspath(os.path.join(os.environ["B"], "ckmig"))
DATA = os.path.abspath("tests/data")
SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def ckmig(*args, code=0):
    done = subprocess.run([CKMIG, *args], capture_output=True, text=True)
    assert done.returncode == code, "ckmig %s: exit %d\n%s%s" % (" ".join(args), done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def write_text(folder, text, name="out"):
    path = os.path.join(folder, name + ".ckmig")
    with open(path, "w") as f:
        f.write("ckmig 1\n" + text)
    return path


def migrate(folder, text, source, *options, name="out"):
    """Runs a migration given as text; the path of the output."""
    out = os.path.join(folder, name)
    ckmig("run", "-q", *options, "-o", out, write_text(folder, text, name), source)
    return out


def refuse(folder, text, source, *options, code=4):
    """The messages of a migration that is refused; it leaves no output."""
    out = os.path.join(folder, "refused")
    messages = ckmig("run", "-q", *options, "-o", out, write_text(folder, text, "refused"), source, code=code)
    assert not [f for f in os.listdir(folder) if f.startswith("refused.") and f != "refused.ckmig"], os.listdir(folder)
    return messages


def rows_of(prefix):
    """name -> row of `ckmig ls`, slots as x@m."""
    return {r["name"]: r for r in json.loads(ckmig("ls", "--json", "--slots", prefix))["variables"]}


def load(prefix):
    reader = tf.train.load_checkpoint(prefix)
    return {n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map() if n != GRAPH}


def same(a, b):
    assert sorted(a) == sorted(b), "keys differ: %s" % sorted(set(a) ^ set(b))
    for name in a:
        x, y = np.asarray(a[name]), np.asarray(b[name])
        assert x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes() if x.dtype != object else (x == y).all(), name


def rng(seed):
    return np.random.Generator(np.random.PCG64(seed))


def run(cases):
    """Runs cases, name -> function, or those that are named on the command line. The exit code."""
    passed = failed = 0
    for name, case in sorted(cases.items()):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        folder = tempfile.mkdtemp(prefix="ckmig-interop-")
        try:
            case(folder)
            passed += 1
        except Exception:
            failed += 1
            print("%s failed\n%s" % (name, traceback.format_exc()[-3000:]))
        shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0 or passed == 0


def cases_of(names):
    return {n: f for n, f in names.items() if n.startswith("case_")}
