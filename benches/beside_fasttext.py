"""The throughput of the fastText library beside that of the embedded classifier, on the same documents.

Usage: python benches/beside_fasttext.py FOLDER [--model FILE] [--documents N] [--rounds N]

FOLDER holds .jsonl.zst shards with `text` and `label`. The first N documents (3,000 unless told otherwise) of English
text are what both read. The library has its model loaded, runs in one thread and is asked once a document; without
--model it is trained on the shards first (dim 16, pairs of words). The classifier is that of `cargo bench --bench
classifier`, features and score, one thread; fastText reads all of a document, the classifier its first 4,000
characters, which is its rule. Prints documents and megabytes a second of both, best of N rounds that take turns, and the
ratio; the criterion runs come between the library's. Needs fasttext-numpy2-wheel==0.9.2 and zstandard.
"""

import argparse
import io
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import fasttext
import zstandard

HOUSE = Path(__file__).resolve().parent.parent


def documents(folder):
    for path in sorted(Path(folder).glob("**/*.jsonl.zst")):
        with open(path, "rb") as raw, io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8", newline="\n") as lines:
            for line in lines:
                row = json.loads(line)
                if row.get("lang", "en") == "en" and len(row["text"]) >= 200:
                    yield row


def line(text):
    return text.replace("\n", " ")


def trained(folder, work):
    path = work / "train.txt"
    with open(path, "w", encoding="utf-8") as out:
        for row, _ in zip(documents(folder), range(20_000)):
            out.write(f"__label__{row['label']} {line(row['text'])}\n")
    return fasttext.train_supervised(input=str(path), dim=16, wordNgrams=2, minCount=3, epoch=2, thread=2, verbose=0)


def library_seconds(model, texts):
    start = time.process_time()
    for text in texts:
        model.predict(text)
    return time.process_time() - start


def classifier_seconds(path):
    environment = dict(os.environ, CLASSIFIER_TEXTS=str(path))
    subprocess.run(["cargo", "bench", "--quiet", "--bench", "classifier", "--", "named/features and score"], cwd=HOUSE, env=environment, check=True, stdout=subprocess.DEVNULL)
    found = HOUSE / "target/criterion/named/features and score/new/estimates.json"
    return json.loads(found.read_text())["median"]["point_estimate"] / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--model")
    parser.add_argument("--documents", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fasttext-bench-") as work:
        model = fasttext.load_model(args.model) if args.model else trained(args.folder, Path(work))
        texts = [row["text"].replace("\0", " ") for row, _ in zip(documents(args.folder), range(args.documents))]
        named = Path(work) / "texts"
        named.write_text("\0".join(texts), encoding="utf-8")
        lines, size = [line(text) for text in texts], sum(len(text.encode()) for text in texts)
        library, classifier = [], []
        for _ in range(args.rounds):
            library.append(library_seconds(model, lines))
            classifier.append(classifier_seconds(named))
    for name, seconds in (("fastText library", min(library)), ("embedded classifier", min(classifier))):
        print(f"{name:20} {len(texts) / seconds:10.0f} documents/s {size / seconds / 1e6:8.1f} MB/s")
    print(f"ratio {min(library) / min(classifier):.2f}")


main()
