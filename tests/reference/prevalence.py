"""Reference values for the share of machine text from a labelled sample, from the package of PPI++'s authors.

    pip install ppi-python==0.2.3 numpy && python tests/reference/prevalence.py > tests/reference/prevalence.json

Probabilities and labels are made by the same arithmetic as in the test that reads the values.
"""

import json
from importlib.metadata import version

import numpy as np
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate


def documents(labelled, rest, seed):
    """Labels of the first documents, their probabilities, and those of the rest."""
    i = np.arange(labelled + rest)
    p = np.round(((i * 7919 + seed * 104729) % 1000 + 0.5) / 1000 * 2**20) / 2**20
    label = (((i * 6151 + seed * 31) % 997) / 997 < 0.7 * p).astype(float)
    return label[:labelled], p[:labelled], p[labelled:]


def case(labelled, rest, seed):
    label, p, others = documents(labelled, rest, seed)
    low, high = ppi_mean_ci(label, p, others, alpha=0.05)
    share = ppi_mean_pointestimate(label, p, others)
    values = {"share": share.item(), "low": low.item(), "high": high.item()}
    return {"labelled": labelled, "rest": rest, "seed": seed} | values


CASES = [(40, 400, 1), (100, 5000, 2), (300, 900, 3), (57, 61, 4)]
print(json.dumps({"ppi-python": version("ppi-python"), "cases": [case(*of) for of in CASES]}, indent=1))
