"""Measures the peak memory of `tamis run` on the worst shapes that a shard can have.

Usage: python memory.py TAMIS [--fast] [--memory 1GiB] [--big 5GB] [--work FOLDER] [--only SHAPE,..] [--stages]

Makes each shape, runs a mix of it that takes everything (`human=100`) and one with edited variants, and holds
the highest resident memory of the process against `--memory` and the embedded models. The big shapes are
also made as ten files of a tenth: the same data in one file may take 5% more memory at most (not with `--fast`:
files smaller than a row group being written say nothing of larger ones). Prints one line a
run and ends with 1 if one of them fails. `--stages` runs the five stages one by one, to see where
memory goes. `--fast` makes the big shapes smaller, for three minutes in all.

Everything in a shape follows from `--memory` and `--big`, so a smaller limit is tried as hard as a larger one:
`limits.max_document` is 1/16 of the memory, as 64 MiB are of 1 GiB. Needs pyarrow and zstandard.
"""

import argparse
import json
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from prose import Prose

MIB = 1 << 20
MODELS = Path(__file__).parents[2] / "models"
STAGES = ["profile", "score", "plan", "write", "report"]
# 0: all done. 3: the shard, or a row of it, is refused by name.
DONE, REFUSED = {0}, {0, 3}


@dataclass
class Sizes:
    """What shapes are made of, in bytes."""

    big: int
    document: int  # `limits.max_document`


@dataclass
class Shape:
    """A way to make a bad shard."""

    file: str
    make: callable
    codes: set
    # It holds prose that can be edited.
    prose: bool = True
    # Made as ten files of a tenth as well.
    compared: bool = False


def block_of_lines(size, seed=1):
    """About `size` bytes of JSON lines of 0.2 to 6 kB."""
    prose = Prose(seed)
    lines, made = [], 0
    while made < size:
        record = {"id": f"d{len(lines)}", "text": prose.text(prose.random.randint(200, 6000)), "n": len(lines)}
        lines.append(json.dumps(record) + "\n")
        made += len(lines[-1])
    return "".join(lines).encode()


def one_frame(path, sizes):
    """One zstd frame of `big` bytes."""
    import zstandard

    block = block_of_lines(min(64 * MIB, sizes.big // 10))
    with path.open("wb") as file, zstandard.ZstdCompressor(level=1).stream_writer(file) as frame:
        for _ in range(-(-sizes.big // len(block))):
            frame.write(block)


def one_group(path, sizes):
    """One Parquet row group of `big` bytes of text."""
    import pyarrow
    import pyarrow.parquet

    records = [json.loads(line) for line in block_of_lines(min(64 * MIB, sizes.big // 10)).splitlines()]
    block = pyarrow.table({key: [record[key] for record in records] for key in ("id", "text", "n")})
    table = pyarrow.concat_tables([block] * -(-sizes.big // block.nbytes))
    pyarrow.parquet.write_table(table, path, row_group_size=table.num_rows, compression="zstd")


def endless_lines(path, sizes):
    """Ordinary lines between some that are half as long again as the longest document may be."""
    ordinary = block_of_lines(4 * MIB)
    prose = Prose(2)
    with path.open("wb") as file:
        for _ in range(5):
            file.write(ordinary)
            file.write(json.dumps({"text": prose.text(sizes.document * 3 // 2)}).encode() + b"\n")
        file.write(ordinary)


def long_lines(path, sizes):
    """Every line just below the longest document."""
    prose = Prose(3)
    with path.open("wb") as file:
        for n in range(16):
            file.write(json.dumps({"id": n, "text": prose.text(sizes.document * 15 // 16)}).encode() + b"\n")


def long_rows(path, sizes):
    """Every text of a Parquet file just below the longest document."""
    import pyarrow
    import pyarrow.parquet

    prose = Prose(4)
    schema = pyarrow.schema([("id", pyarrow.int64()), ("text", pyarrow.string())])
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd", use_dictionary=False, write_batch_size=1) as writer:
        for n in range(4):
            texts = [prose.text(sizes.document * 15 // 16) for _ in range(4)]
            writer.write_table(pyarrow.table({"id": range(4 * n, 4 * n + 4), "text": texts}, schema))


def uneven_rows(path, sizes):
    """A row group whose rows are short, but for the last ones: their mean size says nothing of them."""
    import pyarrow
    import pyarrow.parquet

    prose = Prose(5)
    short = pyarrow.table({"text": [prose.text(100) for _ in range(1000)]})
    long = pyarrow.table({"text": [prose.text(sizes.document // 3) for _ in range(8)]})
    table = pyarrow.concat_tables([short] * 200 + [long] * 8)
    pyarrow.parquet.write_table(table, path, row_group_size=table.num_rows, compression="zstd", use_dictionary=False, write_batch_size=1)


def dictionary(path, sizes):
    """130 rows of one long text, which a dictionary holds once."""
    import pyarrow
    import pyarrow.parquet

    text = pyarrow.array(["x" * (sizes.document // 3)])
    table = pyarrow.table({"text": pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 130, "int32"), text)})
    pyarrow.parquet.write_table(table, path, compression="zstd", dictionary_pagesize_limit=sizes.document)


def zeros_zst(path, sizes):
    """Zeros without a line end, four times the memory, in some kilobytes of zstd."""
    import zstandard

    with path.open("wb") as file, zstandard.ZstdCompressor(level=1).stream_writer(file) as frame:
        for _ in range(64 * sizes.document // MIB):
            frame.write(bytes(MIB))


def zeros_gz(path, sizes):
    """The same in gzip, in members."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    member = packer.compress(bytes(4 * sizes.document)) + packer.flush()
    path.write_bytes(member * 16)


def large_page(path, _):
    """A Parquet page of 144 MiB. Its header has five-byte sizes, which `lying_page` needs."""
    import pyarrow
    import pyarrow.parquet

    text = Prose(6).text(48000) * 1000
    table = pyarrow.table({"text": [str(n) + text for n in range(3)]})
    options = {"use_dictionary": False, "compression": "none", "write_statistics": False}
    pyarrow.parquet.write_table(table, path, data_page_size=1 << 30, write_batch_size=1000, **options)


def lying_page(path, sizes):
    """A page whose header claims 2 GiB once decompressed, and as much compressed."""
    large_page(path, sizes)
    header = bytearray(path.read_bytes()[:64])
    # After the magic: field 1, the page's type; field 2 and 3, its sizes, as zigzag varints.
    assert header[4:7] == b"\x15\x00\x15", header[4:7]
    size = header[7:12]
    assert header[12:13] == b"\x15" and header[13:18] == size and size[4] < 0x80, header
    with path.open("r+b") as file:
        file.seek(7)
        file.write(b"\xfe\xff\xff\xff\x0f\x15\xfe\xff\xff\xff\x0f")


def short_lines(path, sizes):
    """Millions of the shortest documents: a block of them is many rows."""
    path.write_bytes(b'{"text":"a"}\n' * (sizes.document // 32))


def bad_lines(path, sizes):
    """Millions of the shortest bad rows."""
    path.write_bytes(b"{}\n" * (sizes.document // 16) + block_of_lines(MIB))


def many_keys(path, sizes):
    """Lines of nothing but members, just below the longest document."""
    keys = "".join(f'"{n}":0,' for n in range(sizes.document // 10 * 9 // 10))
    line = "{" + keys[: sizes.document * 15 // 16].rpartition(",")[0] + ',"text":"Some words of a text."}\n'
    path.write_text(line * 4)


# What a writer holds of a shard at most, raw: a Parquet row group.
GROUP = 128 * MIB

SHAPES = {
    "one-frame": Shape("a.jsonl.zst", one_frame, DONE, compared=True),
    "one-group": Shape("a.parquet", one_group, DONE, compared=True),
    "endless-lines": Shape("a.jsonl", endless_lines, DONE),
    "long-lines": Shape("a.jsonl", long_lines, DONE),
    "long-rows": Shape("a.parquet", long_rows, DONE),
    "uneven-rows": Shape("a.parquet", uneven_rows, DONE),
    "dictionary": Shape("a.parquet", dictionary, REFUSED, prose=False),
    "zeros-zst": Shape("a.jsonl.zst", zeros_zst, {3}, prose=False),
    "zeros-gz": Shape("a.jsonl.gz", zeros_gz, REFUSED | {4}, prose=False),
    "large-page": Shape("a.parquet", large_page, REFUSED),
    "lying-page": Shape("a.parquet", lying_page, {3}),
    "short-lines": Shape("a.jsonl", short_lines, DONE, prose=False),
    "bad-lines": Shape("a.jsonl", bad_lines, DONE),
    "many-keys": Shape("a.jsonl", many_keys, DONE, prose=False),
}
MIXES = {"all": "human = 100", "edited": "human = 80\nsemi_synthetic = 20"}


def size_of(text):
    """`1GiB`, `5GB` or a number, in bytes."""
    number, unit = re.fullmatch(r"([\d.]+)\s*(|[kKMG]i?B)", text).groups()
    power = "kMG".index(unit[0].replace("K", "k")) + 1 if unit else 0
    return int(float(number) * (1024 if "i" in unit else 1000) ** power)


def make(shape, folder, sizes, files):
    """Makes a shape in a process of its own: what a process holds counts as the peak of its children."""
    folder.mkdir(parents=True)
    first = folder / f"0-{SHAPES[shape].file}"
    process = multiprocessing.get_context("spawn").Process(target=SHAPES[shape].make, args=(first, sizes))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{shape} could not be made")
    for n in range(1, files):
        shutil.copyfile(first, folder / f"{n}-{SHAPES[shape].file}")


def peak_of(command, log):
    """Runs a command to its end; its exit code, peak resident bytes and seconds."""
    begun = time.monotonic()
    with log.open("wb") as errors:
        to = [(os.POSIX_SPAWN_DUP2, errors.fileno(), 1), (os.POSIX_SPAWN_DUP2, errors.fileno(), 2)]
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=to)
        _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024, time.monotonic() - begun


class Bench:
    """One program under one limit."""

    def __init__(self, arguments):
        self.program = str(Path(arguments.tamis).resolve())
        self.memory = size_of(arguments.memory)
        self.threads = arguments.threads
        self.stages = arguments.stages
        self.limit = self.memory + sum(file.stat().st_size for file in MODELS.glob("*.bin"))
        self.failed = False

    def say(self, name, peak, code, seconds, faults):
        self.failed |= bool(faults)
        line = f"{name:32} {peak / MIB:8.0f} MiB of {self.limit / MIB:.0f}   exit {code:3} {seconds:6.1f} s   "
        print(line + (", ".join(faults) or "ok"), flush=True)

    def run(self, name, shape, folder, mix):
        """Runs the mix over the one shard of `folder`; its peak."""
        config, out = folder / f"{mix}.toml", folder / mix
        config.write_text(
            f"out = {json.dumps(str(out))}\n[mix]\n{MIXES[mix]}\n[limits]\nmax_document = {self.memory // 16}\nquarantine = 1.0\n"
            f'[[source]]\nname = "human"\npaths = ["in"]\norigin = "human"\n'
        )
        flags = ["--quiet", "--memory", str(self.memory), "--threads", str(self.threads)]
        highest = 0
        for command in STAGES if self.stages else ["run"]:
            log = folder / "log"
            code, peak, seconds = peak_of([self.program, command, str(config), *flags], log)
            faults = []
            if peak > self.limit:
                faults.append("too much memory")
            if code not in shape.codes:
                faults.append(f"exit code not in {sorted(shape.codes)}: {log.read_text(errors='replace').strip()[-300:]}")
            self.say(f"{name} {command}" if self.stages else name, peak, code, seconds, faults)
            highest = max(highest, peak)
            if code:
                break
        shutil.rmtree(out, ignore_errors=True)
        return highest

    def measure(self, name, sizes, work):
        """One shape under every mix, and the same data in ten files where that tells something."""
        shape, peaks = SHAPES[name], {}
        for files in (1, 10)[: 1 + shape.compared]:
            folder = work / f"{name}-{files}"
            make(name, folder / "in", Sizes(sizes.big // files, sizes.document), files)
            for mix in MIXES if shape.prose else ["all"]:
                label = f"{name} {mix}" if files == 1 else f"{name} {mix} in {files}"
                peaks[files, mix] = self.run(label, shape, folder, mix)
            shutil.rmtree(folder)
        # Smaller files than a row group being written say nothing of a larger one.
        for mix in MIXES if shape.compared and sizes.big // 10 >= GROUP else []:
            ratio = peaks[1, mix] / peaks[10, mix]
            self.failed |= ratio > 1.05
            print(f"{name} {mix}: {ratio:.3f} times the peak of ten files" + (": too much" if ratio > 1.05 else ""))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("tamis")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--memory", default="1GiB")
    parser.add_argument("--big", default="5GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--only", type=lambda names: names.split(","), default=list(SHAPES))
    parser.add_argument("--stages", action="store_true")
    arguments = parser.parse_args()
    if arguments.fast:
        arguments.big = "300MB"
    bench = Bench(arguments)
    sizes = Sizes(size_of(arguments.big), bench.memory // 16)
    with tempfile.TemporaryDirectory(dir=arguments.work) as work:
        for name in arguments.only:
            bench.measure(name, sizes, Path(work))
    return int(bench.failed)


if __name__ == "__main__":
    sys.exit(main())
