"""Reference values for the figures of a detector, from packages that this project did not write.

    pip install scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6
    python tests/reference/detection.py > tests/reference/detection.json

Log-odds come from a seeded generator; some cases have many ties. Both labels have the same number of
documents where calibration is compared, so that equal weights of labels are equal weights of documents.
"""

import json
from importlib.metadata import version

import numpy as np
from scipy.special import expit
from scipy.stats import bootstrap
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve

BINS = 15


def found_at(labels, logits, rate):
    """The largest share found among thresholds that flag at most `rate` of the human documents."""
    false, true, _ = roc_curve(labels, logits, drop_intermediate=False)
    return float(true[false <= rate + 1e-12].max())


def calibration_error(labels, probabilities):
    right, said = calibration_curve(labels, probabilities, n_bins=BINS, strategy="uniform")
    edges = np.linspace(0, 1, BINS + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], probabilities), minlength=BINS)
    counts = counts[counts > 0]
    return float(np.sum(counts * np.abs(right - said)) / len(labels))


def case(rng, count, shift, step, threshold):
    human = rng.normal(-1, 1.5, count)
    machine = rng.normal(-1 + shift, 1.2, count)
    if step:
        human, machine = np.round(human / step) * step, np.round(machine / step) * step
    human, machine = np.round(human, 6), np.round(machine, 6)
    logits = np.concatenate([human, machine])
    labels = np.repeat([0, 1], count)
    probabilities = expit(logits)

    def auroc(chosen):
        return roc_auc_score(labels[chosen], logits[chosen])

    indices = np.arange(2 * count)
    options = dict(method="percentile", n_resamples=9_999, vectorized=False, rng=np.random.default_rng(5))
    auroc_interval = bootstrap((indices,), auroc, **options).confidence_interval
    flagged = (human >= threshold).astype(float)
    fpr_interval = bootstrap((flagged,), np.mean, **options).confidence_interval
    return {
        "human": human.tolist(),
        "machine": machine.tolist(),
        "threshold": threshold,
        "auroc": float(roc_auc_score(labels, logits)),
        "tpr_at_1": found_at(labels, logits, 0.01),
        "tpr_at_5": found_at(labels, logits, 0.05),
        "ece": calibration_error(labels, probabilities),
        "brier": float(brier_score_loss(labels, probabilities)),
        "fpr": float(flagged.mean()),
        "tpr": float((machine >= threshold).mean()),
        "auroc_interval": [float(x) for x in auroc_interval],
        "fpr_interval": [float(x) for x in fpr_interval],
    }


def main():
    rng = np.random.default_rng(20240607)
    cases = [
        case(rng, 100, 1.0, 0.0, 0.0),
        case(rng, 250, 3.0, 0.0, 1.46),
        case(rng, 250, 2.0, 0.5, 0.5),
        case(rng, 60, 0.0, 0.25, -1.0),
    ]
    versions = {name: version(name) for name in ("scikit-learn", "scipy", "numpy")}
    print(json.dumps({"versions": versions, "cases": cases}))


if __name__ == "__main__":
    main()
