"""Measures ckmig against its peers in one run and writes what it found; README.md says how to read it.

bench.py [--pairs N] [--gib G] [--only WORD] [--no-curves] [--no-peers] [--work FOLDER] [--record]
"""
import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys

import checkpoints
from measure import Side, alternate, counted, median, profile, ratio, remove

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RESULTS = os.path.join(HERE, "results.md")
BINARIES = os.environ.get("B", "build")
CKMIG = os.path.abspath(os.path.join(BINARIES, "ckmig"))
PYTHON = os.path.abspath(os.path.join(os.environ.get("VENV", "build/venv"), "bin", "python"))
GIB = 2**30


def migration(name):
    return os.path.join(HERE, "migrations", name + ".ckmig")


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = options.work
        self.out = os.path.join(self.work, "out")
        self.rows, self.curves, self.profiles = [], {}, {}
        os.makedirs(self.work, exist_ok=True)
        os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

    # ---- sides

    def run(self, name, source, *more, sync=False):
        """ckmig running a migration; without waiting for the disk unless sync says so."""
        options = ["--no-state", "-q"] + ([] if sync else ["--no-sync"]) + list(more)
        return Side("ckmig", [CKMIG, "run", "-o", os.path.join(self.out, "new"), *options, migration(name), source], [self.out])

    def cp(self, source, sync=False):
        """cp of all files of a checkpoint; with sync as dd and others do it, with the data on disk when it ends."""
        folder, target = os.path.dirname(source), os.path.join(self.work, "copy")
        files = sorted(os.path.join(folder, f) for f in os.listdir(folder)
                       if f.startswith(os.path.basename(source) + ".") and (".data-" in f or f.endswith(".index")))
        command = 'mkdir -p "$0" && cp "$@" "$0"' + (' && sync "$0"/* "$0"' if sync else "")
        return Side("cp + sync" if sync else "cp", ["sh", "-c", command, target, *files], [target])

    def cat(self, source):
        return Side("cat", ["sh", "-c", 'cat "$0" > /dev/null', source + ".data-00000-of-00001"])

    def peer(self, script, source, *more):
        os.makedirs(os.path.join(self.work, "peer"), exist_ok=True)
        return Side(script, [PYTHON, os.path.join(HERE, "peers", script + ".py"), source, os.path.join(self.work, "peer", "new"), *more],
                    [os.path.join(self.work, "peer", f) for f in ("new", "new.index", "new.data-00000-of-00001", "checkpoint")])

    # ---- rows

    def compare(self, work, ours, theirs, goal, pairs=None, times=False, written=0):
        """A row of the table; goal is what the ratio is to be at most (with times: how many times faster at least)."""
        if self.options.only and self.options.only not in work:
            return
        try:
            a, b = alternate([ours, theirs], pairs or self.options.pairs, written)
        except RuntimeError as e:
            self.rows.append({"work": work, "against": theirs.name, "goal": goal, "error": str(e).splitlines()[-1][:200]})
            print("%-46s %-16s failed: %s" % (work, theirs.name, self.rows[-1]["error"]), flush=True)
            return
        middle, least, most = ratio(a, b) if not times else tuple(1 / r for r in ratio(a, b))
        row = {"work": work, "against": theirs.name, "seconds": median(a), "seconds_against": median(b), "ratio": middle,
               "ratio_least": min(least, most), "ratio_most": max(least, most), "goal": goal, "times": times,
               "peak_bytes": max(run.peak for run in a), "peak_bytes_against": max(run.peak for run in b),
               "cpu_seconds": median(a, "user") + median(a, "system"), "pairs": len(a)}
        row["instructions"], row["moved_bytes"] = counted(ours)
        self.rows.append(row)
        print("%-46s %-16s %8.3f s %8.3f s  %s  (%.3f to %.3f)  goal %s  %4.0f MiB"
              % (work, theirs.name, row["seconds"], row["seconds_against"], self.said(row), row["ratio_least"], row["ratio_most"],
                 ("%g times" if times else "%g") % goal, row["peak_bytes"] / 2**20), flush=True)

    @staticmethod
    def said(row):
        return "%.1f times" % row["ratio"] if row["times"] else "%.3f" % row["ratio"]

    def table(self):
        big, n_bytes = checkpoints.bert(CKMIG, self.work, self.options.gib)
        print("checkpoint: %.2f GiB, %d processors" % (n_bytes / GIB, os.cpu_count()))
        warm = {"written": 2 * n_bytes}
        self.compare("rename and drop, --data=link", self.run("rename", big, "--data=link"), self.cp(big), 0.01, **warm)
        self.compare("rename and drop, --data=copy", self.run("rename", big, "--data=copy"), self.cp(big), 0.8, **warm)
        self.compare("rename and drop, --data=copy, on disk", self.run("rename", big, "--data=copy", sync=True), self.cp(big, sync=True),
                     1.05, **warm)
        self.compare("transpose, fuse, cast to bf16, verified", self.run("bf16", big), self.cp(big), 0.9, **warm)
        square, _ = checkpoints.matrix(CKMIG, self.work, 16384)
        self.compare("transpose one matrix of 1 GiB", self.run("transpose", square), self.cp(square), 1.0, **warm)
        self.compare("verify every byte", Side("ckmig", [CKMIG, "verify", "-q", big]), self.cat(big), 0.6, pairs=3 * self.options.pairs)
        if self.options.peers:
            self.compare("rename and drop, --data=copy (TensorFlow 2)", self.run("rename", big), self.peer("tf2_rename", big), 1, 1, True, **warm)
            self.compare("rename and drop, --data=copy (TF1 Saver)", self.run("rename", big), self.peer("tf1_rename", big), 1, 1, True, **warm)
            self.compare("transpose, fuse, cast (TensorFlow 2, NumPy)", self.run("bf16", big), self.peer("tf2_bf16", big), 20, 2, True, **warm)
            self.compare("transpose one matrix of 1 GiB (NumPy)", self.run("transpose", square),
                         self.peer("numpy_transpose", square + ".data-00000-of-00001", "16384"), 1, 2, True, **warm)
        self.startup()

    def startup(self):
        """Milliseconds beyond those of the smallest process."""
        index = "tests/data/tf1_bert_tiny/bert_model.ckpt"
        self.compare("start-up: ls of 235 variables", Side("ckmig", [CKMIG, "ls", index]), Side("true", ["true"]), float("inf"), 20)

    # ---- curves

    def curve(self, name, points, measure):
        if self.options.only and self.options.only not in name:
            return
        self.curves[name] = []
        for point in points:
            try:
                row = dict(measure(point), point=point)
            except (RuntimeError, subprocess.CalledProcessError) as e:
                print("%-28s %s failed: %s" % (name, point, str(e)[:500]), flush=True)
                continue
            self.curves[name].append(row)
            print("%-28s %s" % (name, "  ".join("%s %s" % (k, "%.4g" % v if isinstance(v, float) else v) for k, v in row.items())), flush=True)

    def by_size(self, gib):
        source, n_bytes = checkpoints.bert(CKMIG, self.work, gib)
        sides = [self.run("rename", source, "--data=link"), self.run("bf16", source), self.run("rename", source)]
        link, bf16, copy = alternate(sides, 3, 2 * n_bytes)
        return {"GiB": n_bytes / GIB, "link_s": median(link), "copy_s": median(copy), "bf16_s": median(bf16),
                "peak_MiB": max(r.peak for r in link + bf16 + copy) / 2**20}

    def by_variables(self, n):
        source, _ = checkpoints.many(CKMIG, self.work, n)
        text = os.path.join(self.work, "many.ckmig")
        with open(text, "w") as f:
            f.write('ckmig 1\nmap "model/layer_{i:int}/**/kernel" -> "new/{i}/**/w"\n')
        plan = Side("plan", [CKMIG, "plan", "-q", text, source])
        run = Side("run", [CKMIG, "run", "-q", "--no-sync", "--no-state", "-o", os.path.join(self.out, "new"), text, source], [self.out])
        a, b = alternate([plan, run], 3)
        return {"plan_s": median(a), "run_s": median(b), "peak_MiB": max(r.peak for r in b) / 2**20}

    def by_rules(self, n):
        source, _ = checkpoints.many(CKMIG, self.work, 100000)
        text = os.path.join(self.work, "rules.ckmig")
        with open(text, "w") as f:
            f.write("ckmig 1\n" + "".join('map "model/layer_%d/**/kernel" -> "new/%d/**/w"\n' % (i, i) for i in range(n)))
            f.write("drop optional rest because \"the rest of the curve\"\n")
        plan, = alternate([Side("plan", [CKMIG, "plan", "-q", text, source])], 5)
        return {"plan_s": median(plan), "peak_MiB": max(r.peak for r in plan) / 2**20}

    def by_threads(self, jobs):
        """Compute-bound: what is written is half of what is read, and stays in the page cache."""
        source, n_bytes = checkpoints.bert(CKMIG, self.work, self.options.gib)
        verify = Side("verify", [CKMIG, "verify", "-q", "--jobs", str(jobs), source])
        bf16, check = alternate([self.run("bf16", source, "--jobs", str(jobs)), verify], 3, n_bytes)
        return {"bf16_s": median(bf16), "verify_s": median(check)}

    def by_memory(self, mib):
        square, n_bytes = checkpoints.matrix(CKMIG, self.work, 16384)
        runs, = alternate([self.run("transpose", square, "--memory", "%dMi" % mib)], 3, 2 * n_bytes)
        return {"transpose_s": median(runs), "peak_MiB": max(r.peak for r in runs) / 2**20}

    def where_time_goes(self):
        """The shares of what takes most, of the run that computes most and of the one that only carries."""
        big, _ = checkpoints.bert(CKMIG, self.work, self.options.gib)
        for name in "bf16", "rename":
            self.profiles[name] = profile(self.run(name, big))
            for share, symbol in self.profiles[name]:
                print("%-28s %5.1f %%  %s" % ("profile of " + name, share, symbol), flush=True)

    def draw_curves(self):
        self.curve("by size, GiB", [0.1, 0.5, 1.8, 4], self.by_size)
        self.curve("by variables", [100, 1000, 10000, 100000, 1000000], self.by_variables)
        self.curve("by rules, 100,000 variables", [1, 10, 100, 1000], self.by_rules)
        self.curve("by threads", [1, 2], self.by_threads)
        self.curve("by memory, MiB", [16, 64, 256, 1024], self.by_memory)

    # ---- results

    def head(self):
        commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
        with open("/proc/cpuinfo") as f:
            model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
        return {"date": datetime.date.today().isoformat(), "commit": commit, "machine": "%s, %d processors, %.0f GiB" % (
            model, os.cpu_count(), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB)}

    def record(self):
        head = self.head()
        with open(os.path.join(self.work, "results.json"), "w") as f:
            json.dump(dict(head, rows=self.rows, curves=self.curves, profiles=self.profiles), f, indent=1)
        print("as JSON: %s" % os.path.join(self.work, "results.json"))
        if not self.options.record:
            return
        with open(RESULTS, "a") as f:
            f.write("\n## %(date)s, %(commit)s, %(machine)s\n\n" % head)
            f.write("| work | against | ckmig, s | other, s | ratio | least to most | goal | peak, MiB | moved, MiB |\n|---|---|---|---|---|---|---|---|---|\n")
            for row in self.rows:
                if "error" in row:
                    f.write("| %(work)s | %(against)s | - | - | failed | %(error)s | - | - | - |\n" % row)
                    continue
                moved = "-" if row["moved_bytes"] is None else "%.0f" % (row["moved_bytes"] / 2**20)
                f.write("| %s | %s | %.3f | %.3f | %s | %.3f to %.3f | %g | %.0f | %s |\n" % (
                    row["work"], row["against"], row["seconds"], row["seconds_against"], self.said(row), row["ratio_least"],
                    row["ratio_most"], row["goal"], row["peak_bytes"] / 2**20, moved))
            for name, points in self.curves.items():
                keys = [k for k in points[0] if k != "point"] if points else []
                f.write("\n| %s | %s |\n|%s\n" % (name, " | ".join(keys), "---|" * (len(keys) + 1)))
                for row in points:
                    f.write("| %g | %s |\n" % (row["point"], " | ".join("%.4g" % row[k] for k in keys)))
            for name, shares in self.profiles.items():
                f.write("\nWhere the time of `%s` goes: %s.\n" % (name, ", ".join("%s %.0f %%" % (symbol, share) for share, symbol in shares)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--gib", type=float, default=1.8)
    parser.add_argument("--only", help="only what has this word in its name")
    parser.add_argument("--no-curves", dest="curves", action="store_false")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave the TensorFlow and NumPy scripts out")
    parser.add_argument("--work", default=os.path.join(BINARIES, "bench"), help="folder for checkpoints, about 8 GiB")
    parser.add_argument("--record", action="store_true", help="append the tables to results.md")
    options = parser.parse_args()
    bench = Bench(options)
    bench.table()
    if options.curves:
        bench.draw_curves()
        bench.where_time_goes()
    bench.record()
    remove([bench.out, os.path.join(bench.work, "copy"), os.path.join(bench.work, "peer")])
    shutil.rmtree(bench.out, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
