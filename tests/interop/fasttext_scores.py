"""Scores by fastText models: tamis beside the fastText library, on every loss and sort of file.

Usage: python fasttext_scores.py TAMIS [--texts SHARD.jsonl.zst] [--lines N]

Small models are trained on generated text: every loss, n-grams of words and of characters, few labels and many, and
quantised with and without norms, output table, pruning and a width that the parts do not divide. Each scores N lines
(2,000 unless told otherwise) of generated text and Unicode corner cases, and texts of a shard if one is named; the
column that `tamis score` writes must be the library's probability, cut to [0, 1], to 1e-5. A null must be where the
library answers nothing. Prints the largest difference of each model; ends with 1 if one is too large.
Needs fasttext-numpy2-wheel==0.9.2, pyarrow, and zstandard for a shard.
"""

import argparse
import io
import json
import math
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import fasttext
import pyarrow.parquet as pq

NEAR = 1e-5
CORNERS = [
    "", " ", "\n", "\t\t", "a", "</s>", "a </s> b", "__label__0 a", "__label__unknown a", "__label__", "a\0b", "a\x0bb\x0cc", "\u00a0", "a\u00a0b",
    "\u3000", "a\u2028b", "\ufeffa", "é e\u0301", "ﬁﬂ", "İıßẞ", "你好世界", "你好 世界", "مرحبا بالعالم", "नमस्ते दुनिया", "👩‍👩‍👧‍👦 👍🏽", "\U0010ffff",
    "\u200bpad\u200bded", "<s> > <", "< >", "a" * 5000, "ab " * 3000, "é" * 700, "\x7f\x80\u0080", "０１２", "don't", "x\r\ny",
]


def word(rng):
    letters = rng.choice(["etaoinshrdlu", "оеаинтсрвл", "αεηιοτσν", "的一是不了人", "éèüñçß"]) if rng.random() < 0.2 else "etaoinshrdlu"
    return "".join(rng.choice(letters) for _ in range(1 + min(rng.randrange(9), rng.randrange(9))))


class Language:
    """Words of which each label likes some more than others."""

    def __init__(self, seed, labels):
        self.rng = random.Random(seed)
        self.words = [word(self.rng) for _ in range(1500)]
        self.labels = labels

    def line(self, label):
        rng = self.rng
        liked = [self.words[(label * 37 + i * 11) % len(self.words)] for i in range(40)]
        draw = lambda: rng.choice(liked) if rng.random() < 0.4 else self.words[min(rng.randrange(1500), rng.randrange(1500))]
        return " ".join(draw() for _ in range(rng.randrange(1, 60)))

    def train(self, path, lines):
        with open(path, "w", encoding="utf-8") as out:
            for _ in range(lines):
                # Labels of uneven frequency, so that a tree over them is no even one.
                label = min(self.rng.randrange(self.labels), self.rng.randrange(self.labels))
                out.write(f"__label__{label} {self.line(label)}\n")


PLAIN = dict(dim=10, bucket=3000, wordNgrams=1, minn=0, maxn=0, loss="softmax", labels=5)
MODELS = {
    "softmax": dict(dim=16),
    "softmax_grams": dict(wordNgrams=3, dim=16),
    "softmax_chars": dict(minn=2, maxn=5),
    "hs": dict(loss="hs", labels=17, wordNgrams=2),
    "hs_chars": dict(loss="hs", labels=40, minn=1, maxn=3),
    "hs_two": dict(loss="hs", labels=2, dim=3),
    "ns": dict(loss="ns", wordNgrams=2),
    "ova": dict(loss="ova", minn=3, maxn=3, wordNgrams=2),
    "many": dict(labels=300, dim=7, wordNgrams=2),
    "one_gram_quantised": dict(quantise=dict()),
    "grams_quantised": dict(wordNgrams=2, quantise=dict(qnorm=True)),
    "pruned": dict(wordNgrams=2, quantise=dict(cutoff=900)),
    "pruned_normed_odd": dict(wordNgrams=2, minn=2, maxn=3, quantise=dict(cutoff=700, qnorm=True, dsub=3)),
    "hs_quantised": dict(loss="hs", labels=9, wordNgrams=2, quantise=dict(qnorm=True, dsub=4)),
    "ova_quantised": dict(loss="ova", wordNgrams=2, quantise=dict(cutoff=800, dsub=2)),
    "ns_quantised": dict(loss="ns", minn=2, maxn=4, quantise=dict(dsub=5)),
    "many_output_quantised": dict(labels=300, dim=9, quantise=dict(qnorm=True, qout=True, dsub=2)),
    "hs_many_output_quantised": dict(labels=300, dim=9, loss="hs", quantise=dict(qout=True, dsub=4)),
}


def trained(lines, path, asked, wanted, quantise, attempt):
    """Trains and saves a model; whether its answers vary. The library reads memory that it never wrote: now and then, and
    then for as long as the process lives, training ends in numbers beyond all bounds. So each attempt has a process."""
    try:
        lr = 0.1 * 0.8 ** (attempt % 10)
        model = fasttext.train_supervised(input=lines, seed=attempt, thread=1, verbose=0, minCount=1, epoch=10, lr=lr, **wanted)
        if quantise is not None:
            model.quantize(input=lines, retrain=False, **quantise)
        answers = [dict(zip(*model.predict(line, k=-1))) for line in asked]
    except RuntimeError:
        return False
    model.save_model(path)
    varied = lambda label: len({of[label] for of in answers if math.isfinite(of.get(label, math.nan))}) > 10
    return varied(model.labels[0]) and varied(model.labels[-1])


def train(name, folder, seed):
    wanted = {**PLAIN, **MODELS[name]}
    labels, quantise = wanted.pop("labels"), wanted.pop("quantise", None)
    language = Language(seed, labels)
    lines = folder / "train.txt"
    language.train(lines, 800 if labels < 100 else 4000)
    path = folder / f"{name}.{'ftz' if quantise is not None else 'bin'}"
    asked = [language.line(i % labels) for i in range(60)]
    for attempt in range(30):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            if alone.submit(trained, str(lines), str(path), asked, wanted, quantise, attempt).result():
                return fasttext.load_model(str(path)), path, language
    raise SystemExit(f"no model of {wanted} can be trained")


def shard_texts(path, most):
    import zstandard

    with open(path, "rb") as raw, io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8", newline="\n") as lines:
        return [json.loads(line)["text"] for line, _ in zip(lines, range(most))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tamis")
    parser.add_argument("--texts")
    parser.add_argument("--lines", type=int, default=2000)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fasttext-scores-"))
    models, texts = {}, list(CORNERS)
    for seed, name in enumerate(MODELS):
        model, path, language = train(name, folder, seed)
        models[name] = model, path
        while len(texts) < args.lines * (seed + 1) / len(MODELS):
            line = language.line(language.rng.randrange(language.labels))
            texts.append(" ".join(word(language.rng) if language.rng.random() < 0.1 else w for w in line.split(" ")))
    if args.texts:
        texts += shard_texts(args.texts, args.lines)
    (folder / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    config = f'out = "{folder}/run"\n[mix]\nhuman = 1\n[[source]]\nname = "web"\npaths = ["{folder}/in.jsonl"]\norigin = "human"\n'
    columns = {}
    for name, (model, path) in models.items():
        for which, label in (("first", model.labels[0]), ("last", model.labels[-1])):
            columns[f"{name}_{which}"] = model, label
            config += f'[[model]]\nname = "{name}_{which}"\npath = "{path}"\nlabel = "{label}"\n'
    (folder / "mix.toml").write_text(config)
    for stage in ("profile", "score"):
        subprocess.run([args.tamis, stage, "--quiet", folder / "mix.toml"], check=True)
    scores = pq.read_table(folder / "run/scores/web/in.jsonl.parquet").to_pydict()
    failed = False
    for name, (model, label) in columns.items():
        worst, nulls = 0.0, 0
        for text, score in zip(texts, scores[f"model_{name}"], strict=True):
            labels, found = model.predict(text.replace("\n", " "), k=-1)
            if not labels or score is None:
                nulls += 1
                worst = max(worst, 0.0 if not labels and score is None else 1.0)
            else:
                expected = min(1.0, max(0.0, dict(zip(labels, map(float, found))).get(label, 0.0)))
                worst = max(worst, abs(score - expected) if math.isfinite(expected) else 1.0)
        # A model whose training went astray says 0 or 1 of everything, and proves nothing.
        varied = len(set(scores[f"model_{name}"])) > 20
        failed |= not (worst <= NEAR and varied)
        print(f"{'ok ' if worst <= NEAR and varied else 'BAD'} {name:32} {len(texts)} lines, {nulls} without an answer, largest difference {worst:.1e}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
