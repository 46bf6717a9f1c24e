"""Timing whole processes: two sides in turn, medians, ratios pair by pair."""
import os
import resource
import shutil
import statistics
import subprocess
import time


class Side:
    """One thing to time: a command, and what has to be away before it."""

    def __init__(self, name, command, outputs=(), sync=False):
        self.name, self.command, self.outputs, self.sync = name, command, outputs, sync


class Run:
    def __init__(self, seconds, user, system, peak):
        self.seconds, self.user, self.system, self.peak = seconds, user, system, peak


def remove(paths):
    for path in paths:
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)


def run_once(side, quiet=True):
    """Wall, user and system seconds and peak resident memory (mapped file pages count) of one run."""
    remove(side.outputs)
    # What earlier runs have left to write would be charged to this one.
    os.sync()
    with open(os.devnull, "wb") as null:
        begin = time.perf_counter()
        process = subprocess.Popen(side.command, stdout=null, stderr=subprocess.PIPE if quiet else None)
        error = process.stderr.read() if quiet else b""
        _, status, usage = os.wait4(process.pid, 0)
        if side.sync:
            os.sync()
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("%s: exit %d\n%s" % (" ".join(side.command), process.returncode, error.decode(errors="replace")[-2000:]))
    return Run(seconds, usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024)


def warm_memory(n_bytes):
    """The first write to a page that the machine has not handed out yet takes several times as long as later ones."""
    size = min(n_bytes, int(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 0.6))
    subprocess.run(["python3", "-c", "b = bytearray(%d)\nfor i in range(0, len(b), 4096): b[i] = 1" % size], check=False)


def alternate(sides, pairs):
    """[side][run]: the sides in turn, after one turn that does not count."""
    runs = [[] for _ in sides]
    for turn in range(pairs + 1):
        for i, side in enumerate(sides):
            run = run_once(side)
            if turn:
                runs[i].append(run)
    for side in sides:
        remove(side.outputs)
    return runs


def median(runs, what="seconds"):
    return statistics.median(getattr(run, what) for run in runs)


def ratio(runs, others):
    """Median, least and greatest of the ratios of runs that stood side by side."""
    ratios = sorted(a.seconds / b.seconds for a, b in zip(runs, others))
    return statistics.median(ratios), ratios[0], ratios[-1]
