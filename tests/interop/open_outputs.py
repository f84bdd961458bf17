"""Opens the data of a finished run as its readers will, and compares it with the inputs.

Usage: python open_outputs.py RUN [RUN ...]

For each shard that inputs.json names: pyarrow (Parquet) or the json module (JSONL) reads input and output;
every column of the input must be there in its order, with its type, and with its values in each written row,
but for the text of a row whose provenance says that it was edited. Then Hugging Face `datasets` loads the
output with its parquet or json loader, and `zstdcat | jq` reads `.jsonl.zst`, where they are installed.
Prints OK, or one line a difference and ends with 1. Needs pyarrow and zstandard.
"""

import gzip
import io
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import zstandard

try:
    import datasets
except ImportError:
    datasets = None


def read_lines(path):
    """The records of a JSONL file, compressed or not."""
    data = path.read_bytes()
    if path.suffix == ".zst":
        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True)
        data = reader.read()
    elif path.suffix == ".gz":
        data = gzip.decompress(data)
    lines = data.decode("utf-8-sig", "replace").split("\n")
    rows = []
    for line in lines:
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError:
                rows.append(None)  # quarantined: no output row comes from it
    return rows


def read_parquet(path, differences):
    """The rows of a Parquet file, and its fields by name in order."""
    table = pq.ParquetFile(path).read()
    fields = {name: str(table.schema.field(i).type) for i, name in enumerate(table.schema.names)}
    if len(fields) != len(table.schema.names):
        differences.append(f"{path}: two columns of one name")
    return table.to_pylist(), fields


def compare_rows(name, text, before, after, differences):
    """Every written row against the input row that it names."""
    for place, row in enumerate(after):
        tamis = row["tamis"]
        original = before[tamis["row"]]
        if original is None:
            differences.append(f"{name}: row {place} comes from a row that cannot be read")
            continue
        wanted = [key for key in original if key != "tamis"]
        if [key for key in row if key != "tamis"] != wanted:
            differences.append(f"{name}: row {place} has other columns than its original")
            continue
        edited = tamis["edit"]["changed"] > 0
        for key in wanted:
            same = row[key] == original[key] and type(row[key]) is type(original[key])
            if same == (edited and key == text):
                differences.append(f"{name}: row {place}: `{key}` is {'the same' if same else 'not the same'}")


def load(path, original, rows, differences, cache):
    """The loaders of `datasets`. What they cannot load of the input is no fault of the output."""
    kind = "parquet" if path.suffix == ".parquet" else "json"

    def count(file):
        return len(datasets.load_dataset(kind, data_files=str(file), split="train", cache_dir=cache))

    try:
        found = count(path)
        if found != rows:
            differences.append(f"{path}: datasets reads {found} rows of {rows}")
    except Exception as error:  # any exception is what a reader would meet
        try:
            count(original)
        except Exception:
            return
        differences.append(f"{path}: datasets fails: {type(error).__name__}: {str(error)[:200]}")


def pipe(path, rows, differences):
    """zstdcat | jq"""
    cat = subprocess.Popen(["zstdcat", str(path)], stdout=subprocess.PIPE)
    out = subprocess.run(["jq", "-r", ".tamis.origin"], stdin=cat.stdout, capture_output=True)
    count = len(out.stdout.splitlines())
    if cat.wait() != 0 or out.returncode != 0 or count != rows:
        differences.append(f"{path}: zstdcat | jq reads {count} rows of {rows}")


def check_shard(run, entry, text, differences, cache):
    name = f"{entry['source']}/{entry['shard']}"
    before_path, after_path = Path(entry["path"]), run / "data" / entry["source"] / entry["shard"]
    if after_path.suffix == ".parquet":
        before, fields = read_parquet(before_path, differences)
        after, found = read_parquet(after_path, differences)
        fields.pop("tamis", None)
        found.pop("tamis", None)
        if list(found.items()) != list(fields.items()):
            differences.append(f"{name}: columns {found}, not {fields}")
            return 0
    else:
        before, after = read_lines(before_path), read_lines(after_path)
    compare_rows(name, text, before, after, differences)
    # `datasets` gives up on a file of no rows, whoever wrote it.
    if datasets and after:
        load(after_path, before_path, len(after), differences, cache)
    if after_path.suffix == ".zst" and shutil.which("zstdcat") and shutil.which("jq"):
        pipe(after_path, len(after), differences)
    return len(after)


def text_columns(run):
    """The text column of each source, from the resolved configuration."""
    import tomllib

    config = tomllib.loads((run / "config.toml").read_text())
    return {source["name"]: source.get("text", "text") for source in config["source"]}


def main(runs):
    if not runs:
        sys.exit(__doc__)
    differences, rows = [], 0
    with tempfile.TemporaryDirectory() as cache:
        for run in map(Path, runs):
            texts = text_columns(run)
            for entry in json.loads((run / "inputs.json").read_text())["inputs"]:
                rows += check_shard(run, entry, texts[entry["source"]], differences, cache)
    for line in differences:
        print(line)
    if not differences:
        print(f"OK: {rows} rows" + ("" if datasets else " (without `datasets`, which is not installed)"))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
