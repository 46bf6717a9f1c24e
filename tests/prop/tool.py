"""What programs of random rounds share: ckmig as a process, checkpoints as arrays, rounds that are counted."""
import filecmp
import os
import subprocess
import tempfile

import tensorflow as tf

CKMIG = os.path.join(os.environ["B"], "ckmig")


def ckmig(*args):
    """Standard output of a command that must succeed."""
    done = subprocess.run([CKMIG, *args], capture_output=True, text=True)
    assert done.returncode == 0, "%s: exit %d\n%s" % (" ".join(args), done.returncode, done.stderr)
    return done.stdout


def save(prefix, arrays):
    names = list(arrays)
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names),
                      tensors=[tf.constant(arrays[n]) for n in names])


def load(prefix):
    """All variables; NumPy has no variants."""
    reader = tf.train.load_checkpoint(prefix)
    return {n: reader.get_tensor(n) for n, dtype in reader.get_variable_to_dtype_map().items() if dtype != tf.variant}


def same_files(a, b):
    """Data and index of two outputs are the same bytes."""
    for suffix in ".index", ".data-00000-of-00001":
        assert filecmp.cmp(a + suffix, b + suffix, shallow=False), "%s and %s differ in %s" % (a, b, suffix)


def run_cases(cases):
    """cases: (name, function of an empty folder). A failure keeps its files. Returns the exit code."""
    passed = failed = 0
    for name, case in cases:
        folder = tempfile.mkdtemp(prefix="ckmig-prop-")
        try:
            case(folder)
            passed += 1
            subprocess.run(["rm", "-rf", folder])
        except AssertionError as e:
            failed += 1
            print("%s failed, files in %s\n%s" % (name, folder, str(e)[:3000]))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0 or passed == 0
