"""What datatrove's own filters compare with their thresholds, under the names of tamis' columns.

The filters give only a verdict. So each gets a probe for a threshold, which notes what it is compared with and never
objects: every figure is computed by datatrove's code and by no copy of it. Words are `text.split()`.

datatrove has no figure where a text has no words or no line: there it is 0, as in tamis.
"""

import math
import warnings

from datatrove.data import Document
from datatrove.pipeline.filters import fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter

for module in (fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter):
    module.split_into_words = lambda text, language: text.split()


class Probe:
    """A threshold that lets everything pass and remembers what it saw."""

    __array_ufunc__ = None  # numpy numbers leave the comparison to us

    def __init__(self):
        self.seen = []

    def __gt__(self, value):  # value < threshold
        self.seen.append(float(value))
        return False

    __lt__ = __gt__  # value > threshold

    def value(self):
        """The largest figure seen; 0 where the filter did not come so far, or had nothing to divide by."""
        return max((x for x in self.seen if not math.isnan(x)), default=0.0)


def judged(make, probes, text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            make().filter(Document(text=text, id="0"))
        except ZeroDivisionError:
            pass
    return {name: probe.value() for name, probe in probes.items()}


def repetition(text):
    names = ["dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac"]
    whole = {name: Probe() for name in names}
    top = {n: Probe() for n in (2, 3, 4)}
    dup = {n: Probe() for n in range(5, 11)}
    probes = whole | {f"top_{n}_gram_char_frac": p for n, p in top.items()}
    probes |= {f"dup_{n}_gram_char_frac": p for n, p in dup.items()}
    make = lambda: gopher_repetition_filter.GopherRepetitionFilter(
        **whole, top_n_grams=tuple(top.items()), dup_n_grams=tuple(dup.items())
    )
    return judged(make, probes, text)


GOPHER = {
    "min_doc_words": "non_symbol_words",
    "min_avg_word_length": "mean_word_length",
    "max_symbol_word_ratio": "symbol_word_ratio",  # compared twice, hash signs and ellipses: the column is the larger
    "max_bullet_lines_ratio": "bullet_line_frac",
    "max_ellipsis_lines_ratio": "ellipsis_line_frac",
    "max_non_alpha_words_ratio": "alpha_word_frac",
    "min_stop_words": "stop_words",
}
FINEWEB = {
    "line_punct_thr": "line_end_punct_frac",
    "short_line_thr": "short_line_frac",
    "char_duplicates_ratio": "char_dup_ratio",
    "new_line_ratio": "newline_word_ratio",
}


def gopher(text):
    probes = {key: Probe() for key in GOPHER}
    make = lambda: gopher_quality_filter.GopherQualityFilter(max_doc_words=None, max_avg_word_length=None, **probes)
    return {GOPHER[key]: value for key, value in judged(make, probes, text).items()}


def fineweb(text):
    probes = {key: Probe() for key in FINEWEB}
    make = lambda: fineweb_quality_filter.FineWebQualityFilter(**probes)
    return {FINEWEB[key]: value for key, value in judged(make, probes, text).items()}


def values(text):
    """All figures of a text, by column."""
    return repetition(text) | gopher(text) | fineweb(text)


def kept(text):
    """Whether its three filters, as they come, keep a text."""
    document = Document(text=text, id="0")
    filters = [
        gopher_quality_filter.GopherQualityFilter(),
        gopher_repetition_filter.GopherRepetitionFilter(),
        fineweb_quality_filter.FineWebQualityFilter(),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return all(f.filter(document) is True for f in filters)
        except ZeroDivisionError:
            return False
