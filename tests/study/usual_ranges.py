"""The usual range of every measure in human text, by language: the table of config/reference.toml.

Usage: python tests/study/usual_ranges.py TAMIS FOLDER.. [--human label=human] [--languages en,de,..] [--words 200 999]

FOLDER holds .jsonl.zst and .parquet shards with `text`, `lang` and a label. Scores them with `tamis score --loose`, takes the
human documents of 200 to 999 words (many measures depend on length), and prints for each measure and language the 5% and
the 95% quantile. Needs pyarrow and zstandard.
"""

import argparse
import json
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import zstandard

LANGUAGES = ["en", "de", "fr", "es", "pt", "ru", "ar", "ko", "zh", "ja"]
# Columns that are no measure of a text, or that depend on the profile of a source.
OTHER = {"row", "lang_p", "generation", "tokens", "logit", "p_synthetic", "log_importance", "bytes", "chars", "words"}


def labels(path, column):
    if path.suffix == ".parquet":
        table = pq.read_table(path, columns=["lang", column]).to_pydict()
        yield from zip(table["lang"], table[column])
        return
    with zstandard.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            if line.strip():
                row = json.loads(line)
                yield row.get("lang"), row.get(column)


def scored(tamis, path, work):
    out = Path(work) / "scores.parquet"
    subprocess.run([tamis, "score", "--loose", path, "--out", out, "--quiet"], check=True)
    return pq.read_table(out)


def quantiles(values):
    values = sorted(values)
    return values[int(0.05 * (len(values) - 1))], values[int(0.95 * (len(values) - 1) + 0.5)]


def shown(value):
    if abs(value) >= 10:
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}".removeprefix("0")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tamis")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--human", default="label=human")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--words", nargs=2, type=int, default=(200, 999))
    args = parser.parse_args()
    column, value = args.human.split("=")
    languages = args.languages.split(",")
    values, documents, names = defaultdict(list), defaultdict(int), []
    with tempfile.TemporaryDirectory() as work:
        for path in sorted(p for folder in args.folders for p in folder.glob("**/*") if p.suffix in (".zst", ".parquet")):
            table = scored(args.tamis, path, work)
            rows = list(labels(path, column))
            assert len(rows) == table.num_rows, path
            names = [f.name for f in table.schema if str(f.type) in ("double", "float") and f.name not in OTHER]
            words = table["words"].to_pylist()
            wanted = [
                i for i, (lang, label) in enumerate(rows)
                if label == value and lang in languages and args.words[0] <= words[i] <= args.words[1]
            ]
            for i in wanted:
                documents[rows[i][0]] += 1
            for name in names:
                measured = table[name].to_pylist()
                for i in wanted:
                    if measured[i] is not None:
                        values[name, rows[i][0]].append(measured[i])
    print("#   " + " " * 21 + "".join(f"{lang:>12}" for lang in languages))
    print(f"#   {'documents':<21}" + "".join(f"{documents[lang]:>12}" for lang in languages))
    for name in (name for name in names if any(values[name, lang] for lang in languages)):
        ranges = [quantiles(values[name, lang]) if values[name, lang] else None for lang in languages]
        print(f"#   {name:<21}" + "".join(f"{f'{shown(r[0])}-{shown(r[1])}' if r else '-':>12}" for r in ranges))


main()
