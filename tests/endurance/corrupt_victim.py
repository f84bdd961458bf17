"""A small finished run with something of everything, for those who damage it and ask `tamis verify`."""

import gzip
import json
import random
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from prose import Prose

FORMATS = ["parquet", "jsonl", "jsonl.gz", "jsonl.zst"]

CONFIG = """
seed = 7
[mix]
human = 60
semi_synthetic = 20
synthetic = 20
total = {total}
strata = ["input.topic"]
[mix.weight]
column = "words"
power = 0.1
[filters]
[[filters.rule]]
column = "words"
min = 5
[limits]
quarantine = 0.5
[[source]]
name = "human"
paths = ["human"]
origin = "human"
[[source]]
name = "made"
paths = ["made"]
origin = "synthetic"
kind_column = "topic"
[[source]]
name = "found"
paths = ["found"]
"""


def records(prose, count, start):
    """Documents of two topics, one of them too short for the filter and one without a text."""
    rows = []
    for n in range(count):
        text = prose.text(prose.random.randint(200, 500))
        rows.append({"id": f"d{start + n}", "text": text, "topic": ["a", "b"][n % 2], "n": n, "x": [n / 7]})
    rows[3]["text"] = "Too short."
    rows[5]["text"] = None
    return rows


def write_shard(path, rows):
    """Rows in the format of the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return
    write_lines(path, [json.dumps(row).encode() for row in rows])


def write_lines(path, lines):
    data = b"".join(line + b"\n" for line in lines)
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    elif path.suffix == ".zst":
        data = zstandard.ZstdCompressor(write_checksum=True).compress(data)
    path.write_bytes(data)


def read_lines(path):
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True).decompress(data)
    return data.split(b"\n")[:-1]


class Victim:
    """The run, its inputs, and how to damage a file for a moment."""

    def __init__(self, tamis, folder, formats, rows=24):
        self.tamis, self.folder, self.run = str(Path(tamis).resolve()), folder, folder / "run"
        prose = Prose(5)
        for n, form in enumerate(formats):
            for source in ("human", "made", "found"):
                write_shard(folder / source / f"s{n}.{form}", records(prose, rows, 100 * n))
        (folder / "mix.toml").write_text(CONFIG.format(total=len(formats) * rows * 120))
        self.call("run", str(folder / "mix.toml"), "--out", str(self.run), code=0)
        self.call("verify", str(self.run), "--inputs", code=0)

    def call(self, *arguments, code):
        done = subprocess.run([self.tamis, *arguments, "--quiet", "--threads", "1"], capture_output=True, text=True)
        if done.returncode != code:
            raise SystemExit(f"tamis {' '.join(arguments)} gave {done.returncode}: {done.stdout}{done.stderr}")

    def outputs(self):
        """Every file of the run but its logs."""
        files = [file for file in self.run.rglob("*") if file.is_file() and file.parts[len(self.run.parts)] != "log"]
        return sorted(files)

    def inputs(self):
        return sorted(file for source in ("human", "made", "found") for file in (self.folder / source).iterdir())

    def verify(self, inputs):
        """Exit code and faults."""
        command = [self.tamis, "verify", str(self.run), "--quiet", "--threads", "1"] + ["--inputs"] * inputs
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        return done.returncode, done.stdout + done.stderr

    def name(self, file):
        """What a fault calls a file."""
        inside = file.is_relative_to(self.run)
        return str(file.relative_to(self.run if inside else self.folder))


def other_char(draw: random.Random, char):
    return draw.choice([c for c in "abcdef0123456789" if c != char])
