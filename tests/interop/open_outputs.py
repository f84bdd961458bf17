"""Opens the data of a finished run as its readers will, and compares it with the inputs.

Usage: python open_outputs.py RUN [RUN ...]

For each shard that inputs.json names, every written row is held against the input row that its provenance names:

- Parquet, by pyarrow: the same columns in the same order with the same types and metadata, and the same values;
- JSONL, byte by byte: the input's own line with one member `tamis` put in (decompressed by the zstd and gzip programs).

The text alone may differ, where provenance says that it was edited, and then it must. Then Hugging Face `datasets`
loads the output with its parquet or json loader, and `jq` reads the lines, where they are installed. Prints OK, or
one line a difference and ends with 1. Needs pyarrow and the programs zstd and gzip.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

try:
    import datasets
except ImportError:
    datasets = None

# Control characters inside strings are taken: the program's own parser decides what a good line is.
PARSER = json.JSONDecoder(strict=False)
BOM = b"\xef\xbb\xbf"


def decompressed(path):
    """The bytes of a JSONL shard."""
    if path.stat().st_size == 0:
        return b""
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", "--long=31", str(path)], check=True, stdout=subprocess.PIPE).stdout
    if path.suffix == ".gz":
        return subprocess.run(["gzip", "-dc", str(path)], check=True, stdout=subprocess.PIPE).stdout
    return path.read_bytes()


def lines_of(path):
    """The rows of a JSONL shard as bytes with their line ends, the last of them if need be with a new one."""
    data = decompressed(path).removeprefix(BOM)
    lines = [line + b"\n" for line in data.split(b"\n") if line.strip()]
    return lines


def segments(path):
    """`messages[].content` as `["messages", "[]", "content"]`."""
    return path.replace("[]", ".[]").split(".")


def skip_space(line, at):
    while line[at] in " \t\r\n":
        at += 1
    return at


def members(line, at):
    """Key, start and end of each value of the object or array at `at`; the key of an element is `[]`."""
    is_object = line[at] == "{"
    at = skip_space(line, at + 1)
    while line[at] not in "}]":
        key = "[]"
        if is_object:
            key, at = PARSER.raw_decode(line, at)
            at = skip_space(line, skip_space(line, at) + 1)
        _, end = PARSER.raw_decode(line, at)
        yield key, at, end
        at = skip_space(line, end)
        if line[at] == ",":
            at = skip_space(line, at + 1)


def text_spans(line, path, at):
    """Where the string literals that `path` names stand in the value at `at`."""
    if line[at] not in "{[":
        return
    for key, start, end in members(line, at):
        if key == path[0]:
            if len(path) > 1:
                yield from text_spans(line, path[1:], start)
            elif line[start] == '"':
                yield start, end


def without_texts(line, texts):
    """A line with its texts cut out, and those texts by path."""
    start = skip_space(line, 0)
    spans = sorted((*span, path) for path in texts for span in text_spans(line, segments(path), start))
    rest, found, at = [], {}, 0
    for start, end, path in spans:
        rest.append(line[at:start])
        found.setdefault(path, []).append(line[start:end])
        at = end
    return rest + [line[at:]], found


def without_provenance(line):
    """A written line as it came in, and its `tamis`."""
    at = line.rindex(b',"tamis":{"origin":')
    text = line[at:].decode()
    tamis, end = PARSER.raw_decode(text, len(',"tamis":'))
    return line[:at] + text[end:].encode(), tamis


def compare_line(before, line, texts):
    """The provenance of a written line, and what differs from the line that came in."""
    after, tamis = without_provenance(line)
    if tamis["edit"]["changed"] == 0:
        return tamis, None if after == before else "its line is not the input's"
    rest, found = without_texts(before.decode(), texts)
    other_rest, other_found = without_texts(after.decode(), texts)
    if rest != other_rest or found.keys() != other_found.keys():
        return tamis, "bytes beside the text are not the input's"
    tamis["edited paths"] = {path for path, literals in found.items() if literals != other_found[path]}
    return tamis, None if tamis["edited paths"] else "it was edited, and its text is the same"


def compare_lines(before_path, after_path, texts, prepare):
    """The provenance of each written row, and what differs."""
    before = [prepare(line) for line in lines_of(before_path)]
    data = decompressed(after_path)
    if data and not data.endswith(b"\n"):
        return [], ["the last line has no end"]
    rows, differences = [], []
    for place, line in enumerate(data.split(b"\n")[:-1]):
        row = without_provenance(line + b"\n")[1]["row"]
        tamis, difference = compare_line(before[row], line + b"\n", texts)
        rows.append(tamis)
        if difference:
            differences.append(f"row {place}: {difference}")
    return rows, differences


def texts_at(value, path):
    """The texts that a path leads to in a value."""
    if not path:
        return [value]
    if path[0] == "[]":
        return [text for element in value or [] for text in texts_at(element, path[1:])]
    return texts_at(value[path[0]], path[1:]) if value is not None else []


def blanked(value, path):
    """A value with the texts that `path` names taken out."""
    if not path:
        return None
    if path[0] == "[]" and isinstance(value, list):
        return [blanked(element, path[1:]) for element in value]
    if isinstance(value, dict) and path[0] in value:
        return value | {path[0]: blanked(value[path[0]], path[1:])}
    return value


def without_text(row, texts):
    for path in texts:
        row = blanked(row, segments(path))
    return row


def fields_of(schema):
    """Name, type, nullability and metadata of each field but `tamis`, in order."""
    names = [name for name in schema.names if name != "tamis"]
    fields = [schema.field(at) for at, name in enumerate(schema.names) if name != "tamis"]
    return [(name, str(f.type), f.nullable, without_ids(f.metadata)) for name, f in zip(names, fields)]


def without_ids(metadata):
    """A field's own metadata: Parquet readers add the number that the field has in its file."""
    return {key: value for key, value in (metadata or {}).items() if key != b"PARQUET:field_id"}


def compare_metadata(before, after):
    """Key-value metadata must stay; `datasets` is told of the new column."""
    before, after = dict(before.metadata or {}), dict(after.metadata or {})
    if b"huggingface" in before:
        features = json.loads(after.pop(b"huggingface"))["info"]["features"]
        wanted = json.loads(before.pop(b"huggingface"))["info"]["features"]
        if {key: value for key, value in features.items() if key != "tamis"} != wanted or "tamis" not in features:
            return ["the metadata of `datasets` tells of other columns"]
    return [] if before == after else [f"metadata {sorted(after)}, not {sorted(before)}, or with other values"]


def printed(column):
    """Each value as text: so NaN is NaN, -0.0 is not 0.0, and 1 is not 1.0."""
    if pa.types.is_temporal(column.type):
        # As numbers: Python has no nanoseconds.
        column = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
    return [repr(value) for value in column.to_pylist()]


def columns_of(table):
    """The values of each column but `tamis`."""
    kept = [at for at, name in enumerate(table.schema.names) if name != "tamis"]
    return [(table.schema.names[at], printed(table.column(at))) for at in kept]


def read_table(path):
    """A Parquet file group by group: of several groups at once pyarrow cannot read every nested type.

    A file of no bytes, which pyarrow does not read, is a table of no rows."""
    if path.stat().st_size == 0:
        return pa.table({"text": pa.array([], "string")})
    file = pq.ParquetFile(path)
    groups = [file.read_row_group(group) for group in range(file.num_row_groups)]
    return pa.concat_tables(groups) if groups else file.read()


def compare_tables(before_path, after_path, texts):
    """The provenance of each written row, and what differs."""
    before, after = (read_table(path) for path in (before_path, after_path))
    differences = compare_metadata(before.schema, after.schema)
    if fields_of(before.schema) != fields_of(after.schema):
        return [], differences + [f"columns {fields_of(after.schema)}, not {fields_of(before.schema)}"]
    tamis = after.column("tamis").to_pylist()
    rows = [row["row"] for row in tamis]
    edited = {place for place, row in enumerate(tamis) if row["edit"]["changed"] > 0}
    roots = {segments(path)[0] for path in texts}
    for (name, old), (_, new) in zip(columns_of(before), columns_of(after)):
        other = [place for place, row in enumerate(rows) if new[place] != old[row]]
        if name not in roots and other:
            differences.append(f"column {name}: values of {len(other)} rows, such as {other[0]}")
        elif name in roots and set(other) - edited:
            differences.append(f"column {name}: texts of {len(set(other) - edited)} rows that were not edited")
    if edited:
        old, new = before.select(sorted(roots)).to_pylist(), after.select(sorted(roots)).to_pylist()
        for place in edited:
            mine, theirs = old[rows[place]], new[place]
            tamis[place]["edited paths"] = {path for path in texts if texts_at(mine, segments(path)) != texts_at(theirs, segments(path))}
            if not tamis[place]["edited paths"]:
                differences.append(f"row {place}: it was edited, and its text is the same")
            elif without_text(mine, texts) != without_text(theirs, texts):
                differences.append(f"row {place}: more than its text was edited")
    return tamis, differences


def compare_shard(before_path, after_path, texts, prepare=lambda line: line):
    """The provenance of each row of a written shard, and what differs from the shard that came in."""
    if after_path.suffix == ".parquet":
        return compare_tables(before_path, after_path, texts)
    return compare_lines(before_path, after_path, texts, prepare)


def load(path, original, rows, cache):
    """The loaders of `datasets`. What they cannot load of the input is no fault of the output."""
    kind = "parquet" if path.suffix == ".parquet" else "json"

    def count(file):
        return len(datasets.load_dataset(kind, data_files=str(file), split="train", cache_dir=cache))

    try:
        found = count(path)
        return [] if found == rows else [f"datasets reads {found} rows of {rows}"]
    except Exception as error:  # any exception is what a reader would meet
        try:
            count(original)
        except Exception:
            return []
        return [f"datasets fails: {type(error).__name__}: {str(error)[:200]}"]


def query(path, rows):
    """What `jq` reads."""
    out = subprocess.run(["jq", "-r", ".tamis.origin"], input=decompressed(path), capture_output=True)
    count = len(out.stdout.splitlines())
    return [] if out.returncode == 0 and count == rows else [f"jq reads {count} rows of {rows}"]


def texts_of(run):
    """The paths of the texts of each source, from the resolved configuration."""
    config = tomllib.loads((run / "config.toml").read_text())
    texts = {source["name"]: source.get("text", "text") for source in config["source"]}
    return {name: [text] if isinstance(text, str) else text for name, text in texts.items()}


def shards_of(run):
    """Source, shard, input and output of each input shard of a run."""
    for entry in json.loads((run / "inputs.json").read_text())["inputs"]:
        yield entry["source"], entry["shard"], Path(entry["path"]), run / "data" / entry["source"] / entry["shard"]


def main(runs):
    if not runs:
        sys.exit(__doc__)
    differences, count = [], 0
    with tempfile.TemporaryDirectory() as cache:
        for run in map(Path, runs):
            texts = texts_of(run)
            for source, shard, before, after in shards_of(run):
                rows, found = compare_shard(before, after, texts[source])
                # `datasets` gives up on a file of no rows, whoever wrote it.
                if datasets and rows:
                    found += load(after, before, len(rows), cache)
                if after.suffix != ".parquet" and shutil.which("jq"):
                    found += query(after, len(rows))
                differences += [f"{source}/{shard}: {difference}" for difference in found]
                count += len(rows)
    for line in differences:
        print(line)
    if not differences:
        print(f"OK: {count} rows" + ("" if datasets else " (without `datasets`, which is not installed)"))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
