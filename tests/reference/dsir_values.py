"""Log importance by the pipeline of DSIR's authors (`data-selection`), with tamis' buckets.

Their package hashes n-grams with SHA-256 and tamis with a hash of its own, so the package gets tamis' hash here
(buckets.py), and words parted by `str.split`. Everything else is their code: counting n-grams, fitting, weighing. Two
things are changed, which tamis states: a count of one more in each bucket, and the human probabilities as its reference
file holds them, in steps of 2^-11 nats. The column is their weight over the number of n-grams.
"""

import json
import os
import tempfile
from pathlib import Path

os.environ["TQDM_DISABLE"] = "1"

import numpy as np
from data_selection import HashedNgramDSIR, hashed_ngram_dsir

from buckets import STEP, bucket

hashed_ngram_dsir.hash_buckets = bucket


class Dsir(HashedNgramDSIR):
    """Theirs, with tamis' smoothing of both pools and the steps of its reference file."""

    smoothed = True

    def _fit_bow(self, paths, **options):
        counts = super()._fit_bow(paths, **options)
        if not self.smoothed:
            return counts
        counts = counts + 1
        if paths is self.target_datasets:
            return np.exp(-np.round(-np.log(counts / counts.sum()) * STEP) / STEP)
        return counts


def written(folder, name, texts):
    path = Path(folder) / name
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return str(path)


def fitted(folder, human, pool, smoothed):
    dsir = Dsir([written(folder, "pool.jsonl", pool)], [written(folder, "human.jsonl", human)], folder, num_proc=1)
    dsir.tokenizer, dsir.smoothed = str.split, smoothed
    dsir.fit_importance_estimator("all")
    return dsir


def values(human, pool):
    """Mean log importance of each text of `pool`, nats an n-gram; and the same without tamis' smoothing."""
    with tempfile.TemporaryDirectory() as folder:
        both = []
        for smoothed in (True, False):
            dsir = fitted(folder, human, pool, smoothed)
            features = [dsir.featurizer(text) for text in pool]
            both.append([float(dsir.importance_estimator(x) / x.sum()) if x.sum() else None for x in features])
    return both
