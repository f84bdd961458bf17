#!/usr/bin/env python3
"""Kills the program at many moments and proves that nothing is lost, spoiled or different afterwards.

    tests/endurance/kill.py [--binary target/release/tamis] [--moments 200] [--terms 50] [--seed 1] [--fast]

An undisturbed run tells what every file must be and how long a run takes. Then, for JSONL and Parquet and for
1 and 4 threads: `kill -9` at seeded shares of that time, a look at every file under a final name, and a second
call, after which the run directory must be the same to the last byte (`log/` apart); the same with SIGTERM, which
must end with 75 within 20 seconds. Then the same input in 1, 3 and 8 tasks, in any order, one killed and run
again, one run twice at the same time, and with a `run` beside them. Prints a table; ends with 1 if anything is
not as it must be. Shares are of processor time, so that a busy machine moves no moment to another stage.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import corpus

FORMATS = ["jsonl", "parquet"]
THREADS = [1, 4]
STAGES = ["profile", "score", "plan", "write", "report"]
TERM_LIMIT = 20.0
TICK = 1 / os.sysconf("SC_CLK_TCK")


def tree(run):
    """Every file but those of `log/`, by its path."""
    files = (path for path in run.rglob("*") if path.is_file())
    names = ((path.relative_to(run).as_posix(), path) for path in files)
    return {name: path.read_bytes() for name, path in names if not name.startswith("log/")}


def temporary(name):
    return name.rsplit("/", 1)[-1].startswith(".tmp-")


def without_digests(text):
    listed = json.loads(text)
    for line in listed["inputs"]:
        line["digest"] = None
    return listed


def stage_of(files):
    """The stage that was at work when only these files were there."""
    if "manifest.json" in files:
        return "report"
    if "plan.json" in files:
        return "write"
    scored = any(name.startswith("scores/") for name in files)
    return "score" if scored else "profile"


def work_until(child, seconds):
    """Waits until a process has worked for so long, or has ended; the kernel counts in ticks, so the rest is slept."""
    while child.poll() is None:
        fields = pathlib.Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        worked = (int(fields[11]) + int(fields[12])) * TICK
        if worked + TICK > seconds:
            time.sleep(seconds % TICK)
            return
        time.sleep(0.001)


class Setting:
    """One input with a number of threads, and what an undisturbed run makes of it."""

    def __init__(self, binary, folder, kind, threads):
        self.binary, self.folder, self.name = binary, folder, f"{kind}, {threads} threads"
        self.threads, self.run = threads, folder / "mix"
        self.faults, self.stages = [], {}
        shutil.rmtree(self.run, ignore_errors=True)
        before = os.times()
        code = self.start("run", "mix.toml").wait()
        after = os.times()
        if code != 0:
            sys.exit(f"{self.name}: the undisturbed run ends with {code}")
        self.seconds = after.children_user + after.children_system - before.children_user - before.children_system
        self.expected = tree(self.run)

    def start(self, *args, threads=None):
        """Starts the program; what it says goes to a file, for whoever looks into a fault."""
        command = [self.binary, *args, "--threads", str(threads or self.threads)]
        with open(self.folder / "said.txt", "ab") as said:
            return subprocess.Popen(command, cwd=self.folder, stdout=said, stderr=said)

    def fault(self, what):
        self.faults.append(what)
        print(f"FAULT {self.name}: {what}", flush=True)

    def look(self, moment):
        """No file under a final name is anything but what it will be in the end."""
        files = tree(self.run) if self.run.exists() else {}
        for name, data in files.items():
            if temporary(name):
                continue
            same = data == self.expected.get(name)
            if name == "inputs.json" and not same:
                same = without_digests(data) == without_digests(self.expected[name])
            if not same:
                self.fault(f"{name} is not what it must be after a stop at {moment:.4f}")
        stage = stage_of(files)
        self.stages[stage] = self.stages.get(stage, 0) + 1
        return files

    def resume(self, moment):
        code = self.start("run", "mix.toml").wait()
        if code != 0:
            self.fault(f"the second call ends with {code} after a stop at {moment:.4f}")
        self.compare(f"after a stop at {moment:.4f}")

    def compare(self, when):
        found = tree(self.run)
        for name in sorted(found.keys() | self.expected.keys()):
            if found.get(name) != self.expected.get(name):
                self.fault(f"{name} differs {when}")

    def stop(self, moment, how):
        """Runs, stops at a share of the time of a run, looks, and resumes."""
        shutil.rmtree(self.run, ignore_errors=True)
        child = self.start("run", "mix.toml")
        work_until(child, moment * self.seconds)
        while how == signal.SIGTERM and child.poll() is None and not self.run.exists():
            time.sleep(0.001)  # it may not yet listen
        child.send_signal(how)
        start = time.monotonic()
        code = child.wait()
        seconds = time.monotonic() - start
        files = self.look(moment)
        if how == signal.SIGTERM:
            if code not in (75, 0) or code == 0 and "manifest.json" not in files:
                self.fault(f"SIGTERM at {moment:.4f} ends with {code}")
            if seconds > TERM_LIMIT:
                self.fault(f"SIGTERM at {moment:.4f} took {seconds:.1f} s")
            if any(map(temporary, files)):
                self.fault(f"SIGTERM at {moment:.4f} leaves temporary files")
        self.resume(moment)
        return seconds


def moments(draw, count):
    """Shares of a run, one in each of `count` equal parts, in any order."""
    shares = [(part + draw.random()) / count for part in range(count)]
    draw.shuffle(shares)
    return shares


def dealt(count, place, places):
    """How many of `count` fall to one of the places."""
    return count // places + (place < count % places)


def stops(setting, draw, kills, terms):
    """A row of the table: kills and SIGTERMs of one setting."""
    for moment in moments(draw, kills):
        setting.stop(moment, signal.SIGKILL)
    longest = max([setting.stop(moment, signal.SIGTERM) for moment in moments(draw, terms)], default=0.0)
    where = " ".join(f"{stage} {setting.stages.get(stage, 0)}" for stage in STAGES if stage in setting.stages)
    return f"{setting.name:<22}{setting.seconds:>7.2f}{kills:>7}{terms:>7}{longest:>9.2f}{len(setting.faults):>8}  {where}"


def end_well(setting, children):
    for args, child in children:
        code = child.wait()
        if code != 0:
            setting.fault(f"{' '.join(args)} ends with {code}")


def in_tasks(setting, draw, count, stage):
    """One stage in tasks, two at a time: one killed and run again, one run twice at the same time."""
    order = list(range(count))
    draw.shuffle(order)
    killed, doubled = order[0], order[-1]
    task = lambda index: [stage, "mix.toml", "--task", str(index), "--of", str(count)]
    child = setting.start(*task(killed))
    work_until(child, draw.uniform(0.1, 0.9) * setting.seconds / 2 / count)
    child.kill()
    child.wait()
    setting.look(-1.0)
    queue = order + [doubled]
    while queue:
        pair, queue = queue[-2:], queue[:-2]
        end_well(setting, [(task(index), setting.start(*task(index), threads=draw.choice(THREADS))) for index in pair])
        setting.look(-1.0)


def tasks(setting, draw, count, beside):
    """A whole run in tasks; with `beside`, a `run` of the same at the same time as the tasks of `score`."""
    shutil.rmtree(setting.run, ignore_errors=True)
    before = len(setting.faults)
    end_well(setting, [(["profile"], setting.start("profile", "mix.toml"))])
    other = setting.start("run", "mix.toml") if beside else None
    in_tasks(setting, draw, count, "score")
    if other:
        end_well(setting, [(["run"], other)])
    end_well(setting, [(["plan"], setting.start("plan", "mix.toml"))])
    in_tasks(setting, draw, count, "write")
    end_well(setting, [(["report"], setting.start("report", "mix.toml"))])
    setting.compare(f"in {count} tasks")
    what = f"{count} tasks" + (" beside a run" if beside else "")
    return f"{setting.name:<22}{what:<24}{len(setting.faults) - before:>8}"


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", default="target/release/tamis")
    parser.add_argument("--moments", type=int, default=200, help="of kill -9, over all settings")
    parser.add_argument("--terms", type=int, default=50, help="moments of SIGTERM, over all settings")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=6_000_000, help="bytes of text of an input")
    parser.add_argument("--fast", action="store_true", help="a subset for every change: 12 kills, 4 SIGTERMs, less text")
    args = parser.parse_args()
    if args.fast:
        args.moments, args.terms, args.size = 12, 4, 1_000_000
    args.binary = os.path.abspath(args.binary)
    return args


def main():
    args = parsed()
    draw = random.Random(args.seed)
    settings, rows = [], []
    with tempfile.TemporaryDirectory(prefix="tamis-kill-") as scratch:
        for kind in FORMATS:
            for threads in THREADS:
                folder = pathlib.Path(scratch) / f"{kind}{threads}"
                corpus.make(folder, kind, args.size, args.seed)
                settings.append(Setting(args.binary, folder, kind, threads))
        print(f"{'setting':<22}{'cpu s':>7}{'kill':>7}{'term':>7}{'slowest':>9}{'faults':>8}  stopped in")
        for place, setting in enumerate(settings):
            kills, terms = (dealt(count, place, len(settings)) for count in (args.moments, args.terms))
            print(stops(setting, draw, kills, terms), flush=True)
        for setting in [settings[1], settings[3]]:
            for count, beside in [(1, False), (3, False), (8, False), (3, True)]:
                if not args.fast or count == 3:
                    rows.append(tasks(setting, draw, count, beside))
                    print(rows[-1], flush=True)
        said = [setting.folder / "said.txt" for setting in settings if setting.faults]
        for path in said:
            sys.stdout.write(path.read_text(errors="replace")[-4000:])
    faults = sum(len(setting.faults) for setting in settings)
    print(f"{faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
