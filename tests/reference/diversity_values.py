"""Lexical diversity of a list of words by the two packages, under the names of tamis' columns.

They agree on TTR, MATTR and HD-D, which is asserted. On MTLD they do not: lexicalrichness ends a string of words where
the ratio is .72 or less, lexical_diversity where it is below .72 and the string has ten words. The column is
lexicalrichness's. Null where tamis has no value: MATTR under 50 words, HD-D under 42, MTLD under 100, all of no words.
"""

import math
import warnings
from collections import Counter

warnings.filterwarnings("ignore")

from lexical_diversity import lex_div
from lexicalrichness import LexicalRichness


def entropy_and_hapax(words):
    counts = Counter(words)
    entropy = -sum(n / len(words) * math.log2(n / len(words)) for n in counts.values())
    return {
        "word_entropy": abs(entropy),
        "hapax_ratio": sum(n == 1 for n in counts.values()) / len(counts),
    }


def values(words):
    names = ["ttr", "mattr", "mtld", "hdd", "word_entropy", "hapax_ratio"]
    found = dict.fromkeys(names)
    if not words:
        return found
    rich = LexicalRichness(words, preprocessor=None, tokenizer=None)
    found["ttr"] = rich.ttr
    assert abs(lex_div.ttr(words) - rich.ttr) < 1e-12
    if len(words) >= 50:
        found["mattr"] = rich.mattr(window_size=50)
        assert abs(lex_div.mattr(words, 50) - found["mattr"]) < 1e-9
    if len(words) >= 42:
        # With exact binomials; the other package's log-gamma form agrees to nine digits.
        found["hdd"] = lex_div.hdd(words)
        assert abs(rich.hdd(draws=42) - found["hdd"]) < 1e-9
    if len(words) >= 100:
        found["mtld"] = rich.mtld(threshold=0.72)
    return found | entropy_and_hapax(words)


def other_mtld(words):
    """MTLD as lexical_diversity defines it."""
    return lex_div.mtld(words)
