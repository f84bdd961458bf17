"""tamis beside datatrove, lexicalrichness, lexical_diversity and DSIR, on real documents and on the corners of Unicode.

    python differential.py FOLDER --make                       # with the packages of requirements.txt
    python differential.py [FOLDER] --check --tamis PATH       # with pyarrow and zstandard

FOLDER holds .jsonl.zst and .parquet shards of a corpus with the fields id, text, lang. `--make` takes 150 documents of
each of 16 languages by a hash of id and text, lets the packages measure them, and stores the values by that hash, with
the versions that made them, in differential.parquet; of the texts it keeps nothing. The texts of corners.py and their
values go to corners.json. `--check` finds the documents again, runs the binary over them and compares; without FOLDER
the corners alone. It prints for each column how many values were compared and how far apart the worst are, and ends
with 1 if one is further than it may be: 1e-9 (relative above 1), and for log_importance, which sums steps of 2^-20, half
a step.

Three sorts of columns are compared:
- compat.*: the texts as they are, under `--compat datatrove`, with what datatrove's filters compute;
- default.*: the texts as plain words and lines (corners.plain), which all readers part alike, with datatrove's and the
  diversity packages' values;
- dsir.*: those of four languages again, as pools of a run with a reference of its own;
- kept: the texts that a run with `filters.preset = "fineweb"` and `score.compat = "datatrove"` writes, with those that
  datatrove's three filters keep as they come.
"""

import argparse
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from buckets import reference_file
from corners import CORNERS, plain

HERE = Path(__file__).parent
STORED, CORNER_FILE = HERE / "differential.parquet", HERE / "corners.json"
LANGUAGES = "ar de el en es fi fr he hi ja ko ru th tr vi zh".split()
DSIR_LANGUAGES = ["de", "en", "ru", "zh"]
EACH = 150
NEAR = 1e-9
HALF_STEP = 2.0**-21
# Where the default's definition is datatrove's once the words and lines are plain ones.
ALIKE = [
    "dup_line_frac", "dup_line_char_frac", "dup_para_frac", "dup_para_char_frac",
    *(f"top_{n}_gram_char_frac" for n in (2, 3, 4)), *(f"dup_{n}_gram_char_frac" for n in range(5, 11)),
    "mean_word_length", "short_line_frac", "char_dup_ratio", "newline_word_ratio",
]


def documents(folder):
    """(key, language, text) of every document."""
    for path in sorted(Path(folder).rglob("*")):
        if path.name.endswith(".parquet"):
            records = pq.read_table(path, columns=["id", "text", "lang"]).to_pylist()
        elif path.name.endswith(".jsonl.zst"):
            stream = zstandard.ZstdDecompressor().stream_reader(path.open("rb"))
            records = map(json.loads, io.TextIOWrapper(stream, encoding="utf-8", newline="\n"))
        else:
            continue
        for record in records:
            key = hashlib.blake2b(f"{record['id']}\0{record['text']}".encode(), digest_size=8).hexdigest()
            yield key, record["lang"], record["text"]


def picked(folder):
    """The documents with the smallest keys of each language, by key."""
    by_language = {lang: {} for lang in LANGUAGES}
    for key, lang, text in documents(folder):
        if lang in by_language:
            by_language[lang][key] = text
    return {
        key: (lang, texts[key]) for lang, texts in by_language.items() for key in sorted(texts)[:EACH]
    }


def pools(chosen):
    """Plain texts by DSIR language: {lang: ([human texts], {key: text})}, every other document in the reference."""
    found = {}
    for lang in DSIR_LANGUAGES:
        keys = [key for key, (of, _) in chosen.items() if of == lang]
        texts = {key: plain(chosen[key][1]) for key in keys}
        found[lang] = ([texts[key] for key in keys[::2]], texts)
    return found


def reference(text):
    """All reference values of one text but DSIR's."""
    import datatrove_values
    import diversity_values

    reduced = plain(text)
    words = reduced.split()
    found = {f"compat.{name}": value for name, value in datatrove_values.values(text).items()}
    theirs = datatrove_values.values(reduced)
    found |= {f"default.{name}": theirs[name] for name in ALIKE}
    found |= {f"default.{name}": value for name, value in diversity_values.values(words).items()}
    return found | {"default.words": len(words), "kept": float(datatrove_values.kept(text))}


def versions():
    import unicodedata
    from importlib.metadata import version

    packages = ["datatrove", "lexicalrichness", "lexical_diversity", "data-selection"]
    found = {name: version(name) for name in packages}
    return found | {"python": sys.version.split()[0], "unicode": unicodedata.unidata_version}


def make(folder):
    import diversity_values
    import dsir_values

    chosen = picked(folder)
    values = {key: reference(text) for key, (_, text) in chosen.items()}
    for lang, (human, pool) in pools(chosen).items():
        ours, theirs = dsir_values.values(human, list(pool.values()))
        for key, value in zip(pool, ours):
            values[key]["dsir.log_importance"] = value
        print(f"dsir, {lang}: correlation with their smoothing {correlation(ours, theirs):.4f}")
    apart = [abs(diversity_values.other_mtld(w) / v["default.mtld"] - 1)
             for (_, t), v in zip(chosen.values(), values.values()) if v["default.mtld"] and (w := plain(t).split())]
    print(f"lexical_diversity's MTLD is apart from the column on {sum(x > NEAR for x in apart)} of {len(apart)} texts, most by {max(apart):.0%}")
    columns = {"key": list(values), "lang": [chosen[key][0] for key in values]}
    for name in sorted({name for row in values.values() for name in row}):
        columns[name] = pa.array([row.get(name) for row in values.values()], pa.float64())
    table = pa.table(columns).replace_schema_metadata({"versions": json.dumps(versions())})
    pq.write_table(table, STORED, compression="zstd", compression_level=19)
    cases = [{"text": text, "values": reference(text)} for text in CORNERS]
    lines = ",\n".join(map(json.dumps, cases))
    CORNER_FILE.write_text(f'{{"versions": {json.dumps(versions())}, "cases": [\n{lines}\n]}}\n')
    print(f"{len(values)} documents of {len(LANGUAGES)} languages, {len(cases)} corners, {STORED.stat().st_size} bytes")


def correlation(a, b):
    import numpy as np

    pairs = [(x, y) for x, y in zip(a, b) if x is not None]
    return np.corrcoef(np.array(pairs).T)[0, 1]


def write_lines(path, texts):
    path.write_text("".join(json.dumps({"id": key, "text": text}) + "\n" for key, text in texts.items()))


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\nends with {done.returncode}: {done.stderr}")


def loose(tamis, texts, *flags):
    """Score rows by id."""
    with tempfile.TemporaryDirectory() as folder:
        shard, out = Path(folder) / "texts.jsonl", Path(folder) / "scores.parquet"
        write_lines(shard, texts)
        call(tamis, "score", "--loose", shard, "--out", out, "--no-language", "--quiet", *flags)
        return {row["id"]: row for row in pq.read_table(out).to_pylist()}


def log_importance(tamis, chosen):
    """The column of a run whose sources are the pools, by id."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        by_language = pools(chosen)
        (folder / "human.bin").write_bytes(reference_file({k: v[0] for k, v in by_language.items()}))
        lines = ['out = "run"', "[mix]", "human = 1", "[profile]", 'reference = "human.bin"', 'sample = "1GiB"', 'sample_per_shard = "1GiB"']
        for lang, (_, texts) in by_language.items():
            write_lines(folder / f"{lang}.jsonl", texts)
            lines += ["[[source]]", f'name = "{lang}"', f'paths = ["{lang}.jsonl"]', f'lang = "{lang}"', 'origin = "human"']
        config = folder / "mix.toml"
        config.write_text("\n".join(lines))
        call(tamis, "profile", config, "--quiet")
        call(tamis, "score", config, "--quiet")
        tables = [pq.read_table(path, columns=["id", "log_importance"]) for path in (folder / "run" / "scores").rglob("*.parquet")]
        return {row["id"]: row["log_importance"] for table in tables for row in table.to_pylist()}


def kept(tamis, chosen):
    """1 for a text that a run with datatrove's rules writes, else 0, by id."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_lines(folder / "texts.jsonl", {key: text for key, (_, text) in chosen.items()})
        config = folder / "mix.toml"
        config.write_text("""out = "run"
[mix]
human = 1
[filters]
preset = "fineweb"
[score]
language = false
compat = "datatrove"
[[source]]
name = "texts"
paths = ["texts.jsonl"]
origin = "human"
""")
        call(tamis, "run", config, "--quiet")
        lines = (folder / "run" / "data" / "texts" / "texts.jsonl").read_text().split("\n")
        written = {json.loads(line)["id"] for line in lines if line}
        return {key: float(key in written) for key in chosen}


def found_values(tamis, texts):
    """What tamis says, under the names of the stored values."""
    compat = loose(tamis, texts, "--compat", "datatrove")
    default = loose(tamis, {key: plain(text) for key, text in texts.items()})
    return {
        key: {f"compat.{name}": value for name, value in compat[key].items()}
        | {f"default.{name}": value for name, value in default[key].items()}
        for key in texts
    }


class Comparison:
    def __init__(self):
        self.columns, self.missed = {}, 0

    def add(self, key, name, expected, found):
        if expected is None or found is None:
            apart = 0.0 if expected is found else float("inf")
        else:
            apart = abs(found - expected) / max(1.0, abs(expected))
        count, worst = self.columns.get(name, (0, 0.0))
        self.columns[name] = (count + 1, max(worst, apart))
        if apart > (HALF_STEP if name.startswith("dsir.") else NEAR):
            self.missed += 1
            if self.missed <= 20:
                print(f"MISS {key} {name}: {found}, expected {expected}")

    def tell(self, what):
        print(f"\n{what}\n{'column':34} {'values':>8} {'worst':>10}")
        for name, (count, worst) in sorted(self.columns.items()):
            print(f"{name:34} {count:8} {worst:10.1e}")
        print(f"{self.missed} too far apart")


def compare(what, expected, found):
    comparison = Comparison()
    for key, row in expected.items():
        for name, value in row.items():
            if name in found[key]:
                comparison.add(key, name, value, found[key][name])
    comparison.tell(what)
    return comparison.missed


def check_corners(tamis):
    cases = json.loads(CORNER_FILE.read_text())["cases"]
    texts = {f"corner {place}": case["text"] for place, case in enumerate(cases)}
    expected = dict(zip(texts, (case["values"] for case in cases)))
    return compare(f"{len(cases)} corners", expected, found_values(tamis, texts))


def check_corpus(tamis, folder):
    table = pq.read_table(STORED)
    rows = {row.pop("key"): row for row in table.to_pylist()}
    chosen = {key: (rows[key]["lang"], text) for key, _, text in documents(folder) if key in rows}
    if len(chosen) < len(rows):
        sys.exit(f"{len(rows) - len(chosen)} of {len(rows)} documents are not in {folder}: make the values anew with --make")
    chosen = {key: chosen[key] for key in rows}
    found = found_values(tamis, {key: text for key, (_, text) in chosen.items()})
    for name, values in [("dsir.log_importance", log_importance(tamis, chosen)), ("kept", kept(tamis, chosen))]:
        for key, value in values.items():
            found[key][name] = value
    languages = {row.pop("lang") for row in rows.values()}
    made_by = table.schema.metadata[b"versions"].decode()
    return compare(f"{len(rows)} documents of {len(languages)} languages, values of {made_by}", rows, found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", help="the corpus; without it only the corners are checked")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--make", action="store_true", help="compute and store the reference values")
    what.add_argument("--check", action="store_true", help="compare the binary with the stored values")
    parser.add_argument("--tamis", default=HERE.parents[1] / "target/release/tamis", help="the binary")
    args = parser.parse_args()
    if args.make:
        if not args.folder:
            parser.error("--make needs the corpus")
        if os.environ.get("PYTHONHASHSEED") != "0":
            # lexical_diversity sums over a set: in another order the last digit is another.
            sys.exit(subprocess.call([sys.executable, *sys.argv], env=os.environ | {"PYTHONHASHSEED": "0"}))
        return make(args.folder)
    missed = check_corners(args.tamis)
    if args.folder:
        missed += check_corpus(args.tamis, args.folder)
    sys.exit(1 if missed else 0)


main()
