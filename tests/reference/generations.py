"""Collapse metrics as a few lines of Python have them, for tests/generations.rs.

    python tests/reference/generations.py > tests/reference/generations.json

Only the standard library. The texts come from the seeded generator below: words of several scripts, odd
case, and every character that Python or Unicode takes for white space.
"""

import json
import math
import random
import statistics
import sys
from collections import Counter
from fractions import Fraction
from math import comb

SPACES = [" ", " ", " ", "\n", "\t", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0",
          "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff"]
WORDS = ["The", "the", "THE", "cat", "Cat.", "don't", "ΟΔΟΣ", "ΟΔΟΣ.", "οδος", "ΣΑΣ", "Σ", "İstanbul", "istanbul",
         "I", "ı", "STRASSE", "straße", "ẞ", "ǅ", "Привет", "привет", "МИР", "语言", "言", "한국어", "ﬁne", "é",
         "e\u0301", "\u0345", "Ⅷ", "Ꭰ", "\U00010400", "a\u200bb", "3.14", "--", "ΑΣ\u0301", "ΑΣ-Β", "ΑΣ\u00ad"]


def text(rng):
    said = [rng.choice(SPACES) if rng.random() < 0.3 else ""]
    for _ in range(rng.randrange(0, 60)):
        said.append(rng.choice(WORDS) if rng.random() < 0.7 else "w%d" % int(rng.paretovariate(0.7)))
        said.append(rng.choice(SPACES) * rng.choice([1, 1, 1, 2]))
    return "".join(said)


def metrics(texts):
    documents = [text.lower().split() for text in texts]
    lengths = [len(document) for document in documents]
    counts = Counter(token for document in documents for token in document)
    n = sum(lengths)
    return {
        "documents": len(documents),
        "tokens": n,
        "unique_tokens": len(counts),
        "type_token_ratio": len(counts) / n if n else None,
        "entropy": -sum(c / n * math.log2(c / n) for c in counts.values()) if n else None,
        "hapax_ratio": sum(c == 1 for c in counts.values()) / len(counts) if n else None,
        "length_variance": float(statistics.pvariance(map(Fraction, lengths))) if documents else None,
        "avg_length": n / len(documents) if documents else None,
        "at_10000_tokens": rarefied(counts, n, 10_000) if n >= 10_000 else None,
    }


def rarefied(counts, n, draws):
    """Expected metrics of so many tokens drawn without replacement, in exact fractions."""
    whole = comb(n, draws)
    unique = once = Fraction(0)
    entropy = 0.0
    for count, types in sorted(Counter(counts.values()).items()):
        for k in range(max(0, draws - (n - count)), min(count, draws) + 1):
            chance = Fraction(comb(count, k) * comb(n - count, draws - k), whole)
            if k:
                unique += types * chance
                entropy -= types * float(chance) * (k / draws) * math.log2(k / draws)
            if k == 1:
                once += types * chance
    return {
        "unique_tokens": float(unique),
        "type_token_ratio": float(unique / draws),
        "entropy": entropy,
        "hapax_ratio": float(once / unique),
    }


def main():
    rng = random.Random(20261121)
    sets = [[], [""], ["\x1f \u3000"], ["one"], ["ΟΔΟΣ"], ["a" + space + "b" for space in SPACES]]
    sets += [[text(rng) for _ in range(rng.randrange(1, 30))] for _ in range(10)]
    # Too long to be stored: made again from the numbers by the test.
    sizes = [(10_000, 50), (10_001, 3_000), (14_000, 7)]
    word = lambda i, modulus: i if i % 5 == 0 else i * i % modulus
    large = [[" ".join("w%d" % word(i, modulus) for i in range(length))] for length, modulus in sizes]
    json.dump(
        {
            "python": sys.version.split()[0],
            "sets": [{"texts": texts, "metrics": metrics(texts)} for texts in sets],
            "large": [
                {"length": length, "modulus": modulus, "metrics": metrics(texts)}
                for (length, modulus), texts in zip(sizes, large)
            ],
        },
        sys.stdout,
        indent=1,
    )
    print()


main()
