"""Damages a finished run in every way, and asks `tamis verify` each time.

Usage: python corrupt.py TAMIS [--fast] [--seed N] [--formats parquet,jsonl,..] [--only damage|tampers]

Damage: for each format of shards, 20,000 single bits flipped, 3,000 files cut short and 5,000 blocks zeroed, all over the
run directory but log/, and a tenth of that over the inputs. `verify` (for inputs with `--inputs`) must end with 3 and
name the file, every time; no other ending counts, a crash least of all.

Tampers: changes of rows, provenance, scores, plan, counts and reports by somebody who then makes every digest anew; see
corrupt_tampers.py. Ends with 1 if one change of either kind is not found, and says which. `--fast` does a
fiftieth of the damage and all tampers. Needs pyarrow, zstandard and blake3.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import corrupt_tampers
from corrupt_victim import FORMATS, Victim

DAMAGES = {"flip": 20000, "cut": 3000, "zero": 5000}
WORKERS = 2


def flip(draw, data):
    """One bit, anywhere."""
    damaged = bytearray(data)
    damaged[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def cut(draw, data):
    """The end lost, or all."""
    return data[: draw.randrange(len(data))]


def zero(draw, data):
    """A block zeroed: one that held something."""
    while True:
        size = draw.choice([16, 512, 4096])
        start = draw.randrange(len(data)) // size * size
        block = data[start : start + size]
        if block.strip(b"\0"):
            return data[:start] + bytes(len(block)) + data[start + len(block) :]


KINDS = {"flip": flip, "cut": cut, "zero": zero}


def damage_all(tamis, form, counts, seed):
    """Damages a run of its own so many times; what was not found."""
    draw, missed, done = random.Random(seed), [], 0
    with tempfile.TemporaryDirectory(dir=shared_memory()) as folder:
        victim = Victim(tamis, Path(folder), [form])
        outputs = [file for file in victim.outputs() if file.stat().st_size]
        for kind, count in counts.items():
            for n in range(count + -(-count // 10)):
                file = draw.choice(outputs if n < count else victim.inputs())
                data = file.read_bytes()
                file.write_bytes(KINDS[kind](draw, data))
                code, told = victim.verify(inputs=n >= count)
                file.write_bytes(data)
                done += 1
                if code != 3 or victim.name(file) not in told:
                    missed.append(f"{form}: {kind} {n} in {victim.name(file)}: exit code {code}: {told.strip()[:200]}")
        code, told = victim.verify(inputs=True)
        if code:
            missed.append(f"{form}: the run mended is not whole: {told}")
    return form, done, missed


def shared_memory():
    """A folder in memory, where there is one: a process start is dear enough."""
    folder = Path("/dev/shm")
    return folder if os.access(folder, os.W_OK) else None


def damage(arguments):
    """All damage to all formats, shared among workers; true if all was found."""
    share = 50 if arguments.fast else 1
    counts = {kind: count // share // WORKERS for kind, count in DAMAGES.items()}
    whole, begun = True, time.monotonic()
    with ProcessPoolExecutor(WORKERS) as pool:
        jobs = [
            pool.submit(damage_all, arguments.tamis, form, counts, f"{arguments.seed} {form} {worker}")
            for form in arguments.formats
            for worker in range(WORKERS)
        ]
        for job in jobs:
            form, done, missed = job.result()
            whole &= not missed
            print(f"{form:10} {done:6} damages, {len(missed)} not found", flush=True)
            print("".join(f"    {line}\n" for line in missed[:20]), end="")
    print(f"{time.monotonic() - begun:.0f} s")
    return whole


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("tamis")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--formats", type=lambda names: names.split(","), default=FORMATS)
    parser.add_argument("--only", choices=["damage", "tampers"])
    arguments = parser.parse_args()
    whole = True
    if arguments.only != "tampers":
        whole &= damage(arguments)
    if arguments.only != "damage":
        with tempfile.TemporaryDirectory(dir=shared_memory()) as folder:
            whole &= corrupt_tampers.all_found(arguments.tamis, Path(folder), arguments.seed)
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
