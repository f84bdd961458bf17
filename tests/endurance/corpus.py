"""Shards for the endurance scripts: the same bytes for the same seed, by nothing but Python itself.

JSONL plain and gzipped, and Parquet by a writer of its own: two required text columns, plain encoding,
no compression, several row groups and pages. A few lines are bad, so that there is a quarantine, too.
"""

import gzip
import io
import json
import random
import struct

NOUNS = "river window teacher garden letter harbour winter engine village doctor market bridge music paper".split()
VERBS = "carried opened followed remembered described crossed repaired watched believed answered".split()
PLACES = "behind the old station, near the water, without a word, after the storm, in the early morning".split(", ")
LINKS = "because although while so when since".split()


def sentence(draw):
    """An English sentence of no importance."""
    noun, verb = draw.choice(NOUNS), draw.choice(VERBS)
    text = f"The {noun} {verb} the {draw.choice(NOUNS)} {draw.choice(PLACES)}"
    if draw.random() < 0.5:
        text += f" {draw.choice(LINKS)} a {draw.choice(NOUNS)} {draw.choice(VERBS)} every {draw.choice(NOUNS)}"
    return text + "."


def documents(draw, size):
    """Texts of about `size` bytes in all."""
    texts, total = [], 0
    while total < size:
        text = " ".join(sentence(draw) for _ in range(draw.randint(3, 30)))
        texts.append(text)
        total += len(text)
    return texts


def jsonl(name, texts, bad):
    """Lines with a member on either side of the text; a line in `bad` lacks its end."""
    lines = []
    for row, text in enumerate(texts):
        line = f'{{"id": "{name}-{row}", "text": {json.dumps(text)}, "big": 12345678901234567890.10}}'
        lines.append(line[: len(line) // 2] if row in bad else line)
    return ("\n".join(lines) + "\n").encode()


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def thrift(fields):
    """A struct of Thrift's compact protocol from (id, kind, value) with rising ids."""
    out, last = bytearray(), 0
    for place, kind, value in fields:
        code = {"i32": 5, "i64": 6, "text": 8, "list": 9, "struct": 12}[kind]
        out.append((place - last) << 4 | code)
        last = place
        if kind in ("i32", "i64"):
            out += varint(value << 1)
        elif kind == "text":
            out += varint(len(value)) + value
        elif kind == "struct":
            out += value
        else:
            of, items = value
            head = {"i32": 5, "text": 8, "struct": 12}[of]
            out += bytes([min(len(items), 15) << 4 | head])
            out += varint(len(items)) if len(items) >= 15 else b""
            for item in items:
                out += varint(item << 1) if of == "i32" else varint(len(item)) + item if of == "text" else item
    return bytes(out) + b"\0"


def page(values):
    """A data page of plain byte arrays."""
    body = b"".join(struct.pack("<I", len(value)) + value for value in values)
    data = thrift([(1, "i32", len(values)), (2, "i32", 0), (3, "i32", 3), (4, "i32", 3)])
    head = thrift([(1, "i32", 0), (2, "i32", len(body)), (3, "i32", len(body)), (5, "struct", data)])
    return head + body


def parquet(name, texts, rows_per_page=50, pages_per_group=8):
    """A table with the columns `id` and `text`."""
    out = io.BytesIO()
    out.write(b"PAR1")
    table = {b"id": [f"{name}-{i}".encode() for i in range(len(texts))], b"text": [t.encode() for t in texts]}
    groups, step = [], rows_per_page * pages_per_group
    for first in range(0, len(texts), step):
        rows, chunks, size = min(step, len(texts) - first), [], 0
        for column, values in table.items():
            start = out.tell()
            for at in range(first, first + rows, rows_per_page):
                out.write(page(values[at : min(at + rows_per_page, first + rows)]))
            length = out.tell() - start
            meta = thrift([(1, "i32", 6), (2, "list", ("i32", [0])), (3, "list", ("text", [column])), (4, "i32", 0),
                           (5, "i64", rows), (6, "i64", length), (7, "i64", length), (9, "i64", start)])
            chunks.append(thrift([(2, "i64", start), (3, "struct", meta)]))
            size += length
        groups.append(thrift([(1, "list", ("struct", chunks)), (2, "i64", size), (3, "i64", rows)]))
    leaf = [thrift([(1, "i32", 6), (3, "i32", 0), (4, "text", column), (6, "i32", 0)]) for column in table]
    schema = [thrift([(4, "text", b"schema"), (5, "i32", len(leaf))]), *leaf]
    footer = thrift([(1, "i32", 1), (2, "list", ("struct", schema)), (3, "i64", len(texts)), (4, "list", ("struct", groups))])
    out.write(footer + struct.pack("<I", len(footer)) + b"PAR1")
    return out.getvalue()


# A small sample, so that the time goes into the stages that write shards.
CONFIG = """out = "mix"
[mix]
human = 70
semi_synthetic = 15
synthetic = 15
[limits]
quarantine = 0.05
[profile]
sample = "256KiB"
"""


def make(folder, kind, size, seed):
    """A configuration `mix.toml` and shards of one format, `size` bytes of text in all."""
    draw = random.Random(f"{kind}{seed}")
    shards = [("human", 0.3), ("human", 0.15), ("human", 0.1), ("human", 0.0), ("synthetic", 0.2), ("synthetic", 0.05),
              ("unknown", 0.15), ("unknown", 0.05)]
    config = CONFIG
    for source, origin in [("human", "human"), ("synthetic", "synthetic"), ("unknown", "unknown")]:
        config += f'[[source]]\nname = "{source}"\npaths = ["{source}"]\norigin = "{origin}"\n'
    folder.mkdir(parents=True)
    (folder / "mix.toml").write_text(config)
    for place, (source, share) in enumerate(shards):
        texts = documents(draw, size * share)
        name = f"{source}{place}"
        path = folder / source / name
        path.parent.mkdir(exist_ok=True)
        if kind == "parquet":
            path.with_suffix(".parquet").write_bytes(parquet(name, texts))
            continue
        data = jsonl(name, texts, {row for row in range(len(texts)) if row % 97 == 60})
        if place % 2:
            path.with_suffix(".jsonl.gz").write_bytes(gzip.compress(data, 1, mtime=0))
        else:
            path.with_suffix(".jsonl").write_bytes(data)
