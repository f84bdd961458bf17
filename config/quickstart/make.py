#!/usr/bin/env python3
"""Makes the shards of the quick start from documents.jsonl: `python3 make.py`.

Needs pyarrow, and is needed only after documents.jsonl was changed: the shards are kept beside it. The
same documents give the same bytes under the same version of pyarrow.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
COLUMNS = ["id", "lang", "topic", "text", "note"]


def main():
    lines = (HERE / "documents.jsonl").read_text(encoding="utf-8").splitlines()
    sources = {}
    for line in lines:
        document = json.loads(line)
        sources.setdefault(document.pop("source"), []).append(document)
    for name, documents in sources.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        # Every second document goes into the other format.
        table = pa.table({column: [d[column] for d in documents[::2]] for column in COLUMNS})
        pq.write_table(table, folder / "even.parquet", compression="zstd")
        with pa.CompressedOutputStream(str(folder / "odd.jsonl.zst"), "zstd") as out:
            for document in documents[1::2]:
                out.write(json.dumps(document, ensure_ascii=False).encode() + b"\n")


if __name__ == "__main__":
    main()
