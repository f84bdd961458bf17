"""The classifier beside two baselines on text of domains, and of generators, that none has seen.

    pip install -r tests/study/requirements.txt
    tamis train classifier SHARDS.. --folds 20 --held-out held-out.parquet --out model.bin
    python tests/study/leave_one_out.py held-out.parquet SHARDS.. --out comparison --scores scores.jsonl

SHARDS are files or folders. `held-out.parquet` says which rows are left out together, and holds the
classifier's own log-odds of each row by a model that never saw its fold. Here fastText (dim 16, word
bigrams, else its defaults, raw text) and a plain linear model (hashed word counts of raw text, logistic
regression) are trained on the same rows outside each fold, without those that share a group with a row
inside it, and judge the same rows inside it: the first 1,000 characters of each, as the classifier does.
English and the other languages are apart, as they are in the classifier.

A cell is a domain, a language and a subset of machine text with at least 30 documents of each label; its
human side is the domain's in that language or, where that has too few, the language's human documents of the
same fold. Figures are means over cells. What is trained is kept nowhere; the scores of finished folds are kept
in the file of `--scores`, so that a run that was stopped goes on. It ends with 1 if the classifier is not ahead.
"""

import argparse
import collections
import gzip
import io
import json
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import zstandard
from blake3 import blake3

CHARS = 1_000
LEAST = 30
FPR = 0.01
GROUPINGS = ["domain", "generator"]
MODELS = ["tamis", "fasttext", "linear"]


# Reading.


def read_shard(path):
    """The texts of a shard, one a row."""
    if path.endswith(".parquet"):
        return pq.read_table(path, columns=["text"])["text"].to_pylist()
    raw = open(path, "rb")
    if path.endswith(".zst"):
        raw = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    elif path.endswith(".gz"):
        raw = gzip.GzipFile(fileobj=raw)
    lines = io.TextIOWrapper(raw, encoding="utf-8", newline="\n")
    return [json.loads(line)["text"] for line in lines if line.strip()]


def read_shards(paths):
    """Texts by their BLAKE3."""
    texts = {}
    for path in map(Path, paths):
        files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
        for file in files:
            for text in read_shard(str(file)):
                if isinstance(text, str):
                    texts[blake3(text.encode()).hexdigest()] = text
    return texts


class Rows:
    """The rows of one part and grouping, with their texts."""

    def __init__(self, table, texts):
        def column(name):
            return np.array(table[name].to_pylist(), dtype=object)

        self.machine = column("label") == "machine"
        self.lang, self.domain, self.subset = column("lang"), column("domain"), column("subset")
        self.group, self.fold = column("group"), table["fold"].to_numpy()
        self.logits = table["logit_1000"].to_numpy()
        self.texts = [texts[digest] for digest in table["text_blake3"].to_pylist()]
        self.counts = None

    def split(self, fold):
        """Rows to train on, and rows to judge."""
        inside = self.fold == fold
        groups = set(self.group[inside]) - {""}
        related = np.array([group in groups for group in self.group])
        return np.flatnonzero(~inside & ~related), np.flatnonzero(inside)

    def count_words(self):
        """Hashed word counts of the texts, and of their beginnings: the same for every fold."""
        from sklearn.feature_extraction.text import HashingVectorizer

        words = HashingVectorizer(n_features=1 << 20, alternate_sign=False, token_pattern=r"(?u)\b\w+\b")
        self.counts = words.transform(self.texts), words.transform(text[:CHARS] for text in self.texts)


def load(held_out, shards, sample):
    """Rows by (part, grouping)."""
    table, texts = pq.read_table(held_out), read_shards(shards)
    english = np.array(table["lang"].to_pylist(), dtype=object) == "en"
    groupings = np.array(table["grouping"].to_pylist(), dtype=object)
    # A document is in all groupings or in none.
    drawn = np.array([int(digest[:8], 16) < sample * 2**32 for digest in table["text_blake3"].to_pylist()])
    parts = {}
    for part, of in (("English", english), ("other languages", ~english)):
        for grouping in GROUPINGS:
            chosen = np.flatnonzero(of & drawn & (groupings == grouping))
            if len(chosen):
                parts[part, grouping] = Rows(table.take(chosen), texts)
    return parts


# Training and judging.


def one_line(text):
    return " ".join(text.split("\n"))


def fasttext_scores(rows, train, test):
    """Log-odds by a fastText model with the defaults of its supervised training."""
    import fasttext

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", delete=False) as file:
        for i in train:
            label = "machine" if rows.machine[i] else "human"
            file.write(f"__label__{label} {one_line(rows.texts[i])}\n")
    try:
        model = fasttext.train_supervised(file.name, dim=16, wordNgrams=2, thread=1, verbose=0)
    finally:
        os.unlink(file.name)
    scores = []
    for i in test:
        labels, shares = model.predict(one_line(rows.texts[i][:CHARS]), k=2)
        share = dict(zip(labels, shares))
        human, machine = (share.get(f"__label__{name}", 0.0) for name in ("human", "machine"))
        # Both ends of the scale are kept apart, where the larger share is rounded to 1.
        scores.append(np.log(max(machine, 1e-12)) - np.log(max(human, 1e-12)))
    return scores


def linear_scores(rows, train, test):
    """Log-odds by logistic regression on hashed word counts."""
    from sklearn.linear_model import SGDClassifier

    whole, beginnings = rows.counts
    model = SGDClassifier(loss="log_loss", random_state=0)
    model.fit(whole[train], rows.machine[train])
    return model.decision_function(beginnings[test]).tolist()


TRAINED = {"fasttext": fasttext_scores, "linear": linear_scores}
PARTS = {}


def judge_fold(task):
    """Scores of the rows inside a fold by a baseline that was trained outside it."""
    key, fold, model = task
    rows = PARTS[key]
    train, test = rows.split(fold)
    began = time.time()
    scores = TRAINED[model](rows, train, test)
    return task, test.tolist(), scores, time.time() - began


def judge_all(parts, jobs, kept):
    """Scores by (part, grouping) and model."""
    PARTS.update(parts)
    scores = {key: {"tamis": rows.logits} for key, rows in parts.items()}
    for key, rows in parts.items():
        for model in TRAINED:
            scores[key][model] = np.full(len(rows.texts), np.nan)
    done = set()
    if kept and kept.exists():
        for line in kept.read_text().splitlines():
            record = json.loads(line)
            task = tuple(record["part"]), record["fold"], record["model"]
            scores[task[0]][task[2]][record["rows"]] = record["scores"]
            done.add(task)
    tasks = [(key, fold, model) for key, rows in parts.items() for fold in sorted(set(rows.fold.tolist())) for model in TRAINED]
    tasks = [task for task in tasks if task not in done]
    for key in sorted({key for key, _, model in tasks if model == "linear"}):
        parts[key].count_words()
    # Forked, so that texts and counts are there without being copied.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        for count, (task, rows, found, seconds) in enumerate(pool.map(judge_fold, tasks), 1):
            key, fold, model = task
            scores[key][model][rows] = found
            print(f"{count}/{len(tasks)} {', '.join(key)} {fold}, {model} {seconds:.0f} s", file=sys.stderr)
            if kept:
                record = {"part": key, "fold": fold, "model": model, "rows": rows, "scores": [round(x, 6) for x in found]}
                with kept.open("a") as file:
                    file.write(json.dumps(record) + "\n")
    return scores


# Figures.


def auroc(human, machine):
    """The chance that a machine document's score is above a human one's, ties counted half."""
    human = np.sort(human)
    wins = np.searchsorted(human, machine, "left") + np.searchsorted(human, machine, "right")
    return float(wins.mean() / 2 / len(human))


def found_at(human, machine, fpr):
    """The share of machine documents above the lowest threshold that `fpr` of the human ones exceed."""
    threshold = np.sort(human)[len(human) - 1 - int(len(human) * fpr + 1e-9)]
    return float((machine > threshold).mean())


def cells(rows):
    """(name, human rows, machine rows, whose human rows) of every cell with enough documents.

    Both sides of a cell were judged by the same model: that of their fold.
    """
    human = collections.defaultdict(list)
    human_of_fold = collections.defaultdict(list)
    machine = collections.defaultdict(list)
    for i in range(len(rows.texts)):
        if rows.machine[i]:
            machine[rows.domain[i], rows.lang[i], rows.subset[i], rows.fold[i]].append(i)
        else:
            human[rows.domain[i], rows.lang[i], rows.fold[i]].append(i)
            human_of_fold[rows.fold[i], rows.lang[i]].append(i)
    found = []
    for (domain, lang, subset, fold), inside in sorted(machine.items()):
        own = human.get((domain, lang, fold), [])
        against = "domain"
        if len(own) < LEAST:
            own = human_of_fold.get((fold, lang), [])
            against = "language"
        if min(len(own), len(inside)) >= LEAST:
            found.append(((domain, lang, subset), own, inside, against))
    return found


def compare(rows, scores):
    """Figures of every cell, and their means."""
    listed = []
    for (domain, lang, subset), human, machine, against in cells(rows):
        figures = {}
        for model in MODELS:
            of = scores[model]
            figures[model] = [auroc(of[human], of[machine]), found_at(of[human], of[machine], FPR)]
        counts = {"human": len(human), "machine": len(machine)}
        listed.append({"domain": domain, "lang": lang, "subset": subset, "against": against, **counts, **figures})
    means = {model: np.mean([cell[model] for cell in listed], axis=0).tolist() for model in MODELS if listed}
    return {"folds": len(set(rows.fold)), "rows": len(rows.texts), "cells": listed, "means": means}


def table(results):
    """The means as a Markdown table."""
    lines = ["| part | left out | folds | cells | " + " | ".join(f"{m} AUROC | T1" for m in MODELS) + " |"]
    lines.append("| --- | --- | ---: | ---: |" + " ---: | ---: |" * len(MODELS))
    for result in results:
        figures = " | ".join("{:.3f} | {:.3f}".format(*result["means"][m]) for m in MODELS if result["means"])
        lines.append(f"| {result['part']} | {result['grouping']} | {result['folds']} | {len(result['cells'])} | {figures} |")
    return "\n".join(lines)


def ahead(results):
    """Whether the means are ahead of fastText by .005 and .05, and of the plain model at all."""
    faults = []
    for result in results:
        if not result["means"]:
            faults.append(f"{result['part']} {result['grouping']}: no cell has enough documents")
            continue
        own = result["means"]["tamis"]
        for model, margins in (("fasttext", (0.005, 0.05)), ("linear", (0.0, 0.0))):
            for name, ours, theirs, margin in zip(("AUROC", "T1"), own, result["means"][model], margins):
                if ours - theirs < margin or ours <= theirs:
                    faults.append(f"{result['part']} {result['grouping']}: {name} {ours:.3f}, {model} {theirs:.3f}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("held_out", help="what `tamis train classifier --held-out` wrote")
    parser.add_argument("shards", nargs="+", help="what it was trained on: shards, or folders of them")
    parser.add_argument("--out", required=True, help="OUT.json and OUT.md are written")
    parser.add_argument("--scores", type=Path, help="keep the scores of finished folds here, and go on from them")
    parser.add_argument("--sample", type=float, default=1.0, help="share of the rows that the baselines get, for a first look")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    parts = load(args.held_out, args.shards, args.sample)
    scores = judge_all(parts, args.jobs, args.scores)
    results = [
        {"part": part, "grouping": grouping, **compare(parts[part, grouping], scores[part, grouping])}
        for part, grouping in parts
    ]
    versions = {name: version(name) for name in ("scikit-learn", "fasttext-numpy2-wheel", "numpy")}
    text = json.dumps({"versions": versions, "sample": args.sample, "results": results}, indent=1)
    Path(f"{args.out}.json").write_text(text + "\n")
    Path(f"{args.out}.md").write_text(table(results) + "\n")
    print(table(results))
    faults = ahead(results)
    for fault in faults:
        print(f"not ahead: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
