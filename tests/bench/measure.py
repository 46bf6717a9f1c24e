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


def counted(side):
    """Instructions of a run, and the bytes that it read and wrote through system calls; None where the machine does not tell."""
    remove(side.outputs)
    perf = shutil.which("perf")
    done = subprocess.run([perf, "stat", "-x,", "-e", "instructions", "--", *side.command], capture_output=True, text=True) if perf else None
    number = next((line.split(",")[0] for line in done.stderr.splitlines() if "instructions" in line), "") if done else ""
    strace = shutil.which("strace")
    moved = None
    if strace:
        remove(side.outputs)
        log = "/tmp/ckmig-bench-%d.strace" % os.getpid()
        calls = "trace=read,write,pread64,pwrite64,copy_file_range"
        subprocess.run([strace, "-f", "-qq", "-o", log, "-e", calls, "-e", "signal=none", *side.command], capture_output=True)
        # Line by line: what this process has in memory when it starts another counts as that one's peak.
        with open(log, errors="replace") as f:
            moved = sum(int(line.rsplit("= ", 1)[1]) for line in f if line.rsplit("= ", 1)[-1].strip().isdigit())
        remove([log])
    remove(side.outputs)
    return int(number) if number.isdigit() else None, moved


def profile(side, n=12):
    """[(share, symbol)] of the n symbols that a run spends most time in; empty without perf."""
    perf = shutil.which("perf")
    if not perf:
        return []
    remove(side.outputs)
    data = "/tmp/ckmig-bench-%d.perf" % os.getpid()
    subprocess.run([perf, "record", "-q", "-o", data, "--", *side.command], capture_output=True)
    report = subprocess.run([perf, "report", "-i", data, "--stdio", "--sort", "dso,sym", "-t", "|"], capture_output=True, text=True).stdout
    remove([data, *side.outputs])
    rows = [line.split("|") for line in report.splitlines() if line.strip() and not line.startswith("#")]
    return [(float(row[0].strip().rstrip("%")), "%s (%s)" % (row[2].split("]", 1)[-1].strip(), row[1].strip())) for row in rows[:n] if len(row) == 3]


def warm_memory(n_bytes):
    """The first write to a page that the machine has not handed out yet takes several times as long as later ones."""
    size = min(n_bytes, int(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 0.6))
    subprocess.run(["python3", "-c", "b = bytearray(%d)\nfor i in range(0, len(b), 4096): b[i] = 1" % size], check=False)


def alternate(sides, pairs, written=0):
    """[side][run]: the sides in turn, after one turn that does not count; each turn with so many bytes of memory warm."""
    runs = [[] for _ in sides]
    for turn in range(pairs + 1):
        if written:
            warm_memory(written)
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
