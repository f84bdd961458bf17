"""Reference values for the text measures, from packages that this project did not write.

    pip install datatrove==0.10.1 nltk tokenizers tldextract lexicalrichness==0.5.1 lexical-diversity==0.1.1
    python tests/reference/heuristics.py > tests/reference/heuristics.json

The texts come from the seeded generator below. Their words are lower-case letters parted by white
space, so that `text.split()` gives every package the words that the program sees; each word ends in
`e` and has no other `e`, so that joining words without spaces (as datatrove does) is unambiguous.
The texts of "marked" have punctuation too, and are for measures of lines alone.
"""

import json
import random
import re
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore")

from datatrove.data import Document
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)
from datatrove.pipeline.stats import LineStats
from lexical_diversity import lex_div
from lexicalrichness import LexicalRichness


def vocabulary(rng, size, letters):
    words = set()
    while len(words) < size:
        words.add("".join(rng.choice(letters) for _ in range(rng.randint(1, 7))) + "e")
    return sorted(words)


def generate(rng, length, size, letters, loops):
    """Words with Zipf-like frequencies; `loops` is the chance that a stretch is said again."""
    words = vocabulary(rng, size, letters)
    weights = [1 / (rank + 1) for rank in range(size)]
    said = []
    while len(said) < length:
        if said and rng.random() < loops:
            start = rng.randrange(len(said))
            said += said[start : start + rng.randint(3, 14)]
        else:
            said += rng.choices(words, weights, k=1)
    return said[:length]


def laid_out(rng, words, marks):
    """The words as text: spaces, line ends and empty lines, some lines and paragraphs twice."""
    lines, line = [], []
    for word in words:
        line.append(word)
        if rng.random() < 0.12:
            lines.append(" ".join(line))
            line = []
    lines.append(" ".join(line) if line else words[0])
    if marks:
        lines = [rng.choice(["", "", "- ", "• "]) + x + rng.choice(["", ".", "?", "!", ",", "..."]) for x in lines]
    text = ""
    for place, line in enumerate(lines):
        text += line + rng.choice(["\n", "\n", "\n\n", "\n\n\n"])
        if rng.random() < 0.15:
            text += lines[rng.randrange(place + 1)] + rng.choice(["\n", "\n\n"])
    return text.strip("\n")


def repetition(text):
    words, chars = text.split(), len(text)
    lines, paragraphs = re.split(r"\n+", text), re.split(r"\n{2,}", text)
    values = {}
    count, covered = find_duplicates(lines)
    values["dup_line_frac"], values["dup_line_char_frac"] = count / len(lines), covered / chars
    count, covered = find_duplicates(paragraphs)
    values["dup_para_frac"], values["dup_para_char_frac"] = count / len(paragraphs), covered / chars
    for n in (2, 3, 4):
        ngrams = get_n_grams(words, n)
        values[f"top_{n}_gram_char_frac"] = find_top_duplicate(ngrams) / chars if ngrams else 0
    for n in range(5, 11):
        values[f"dup_{n}_gram_char_frac"] = find_all_duplicate(words, n) / chars
    return values


def diversity(text):
    words = text.split()
    rich = LexicalRichness(" ".join(words), preprocessor=None, tokenizer=lambda text: text.split())
    values = {"ttr": lex_div.ttr(words), "mattr": None, "mtld": None, "hdd": None}
    if len(words) >= 50:
        values["mattr"] = rich.mattr(window_size=50)
        assert abs(lex_div.mattr(words, 50) - values["mattr"]) < 1e-12
    if len(words) >= 100:
        values["mtld"] = rich.mtld(threshold=0.72)
    if len(words) >= 42:
        # With exact binomials; the other package's log-gamma form agrees to nine digits.
        values["hdd"] = lex_div.hdd(words)
        assert abs(rich.hdd(draws=42) - values["hdd"]) < 1e-9
    return values


def lines(text):
    stats = LineStats("/tmp", ignore_empty_lines=True).extract_stats(Document(text=text, id="0"))
    return {
        "short_line_frac": stats["short_line_ratio_chars_30"],
        "line_end_punct_frac": stats["lines_ending_with_terminal_mark_ratio"],
        "bullet_line_frac": stats["bullet_point_lines_ratio"],
    }


def main():
    rng = random.Random(20)
    plain, marked = [], []
    for length, size, letters, loops in [
        (1, 5, "ab", 0), (3, 9, "abc", 0), (41, 60, "abcd", 0), (42, 30, "abcd", 0),
        (60, 400, "abcdfghi", 0), (99, 40, "abcd", 0.02), (100, 40, "abcd", 0.02), (120, 8, "abc", 0),
        (150, 900, "abcdfghijklm", 0), (200, 60, "abcd", 0.1), (300, 80, "жшюбг", 0.05), (300, 200, "àöüß", 0),
        (400, 30, "abcdfg", 0.3), (500, 300, "abcdfghij", 0.02), (600, 1000, "abcdfghij", 0.01),
    ]:
        words = generate(rng, length, size, letters, loops)
        text = laid_out(rng, words, marks=False)
        plain.append({"text": text, "values": repetition(text) | diversity(text)})
        text = laid_out(rng, words[:200], marks=True)
        marked.append({"text": text, "values": lines(text)})
    packages = ["datatrove", "lexicalrichness", "lexical-diversity"]
    versions = {name: version(name) for name in packages}
    print(json.dumps({"versions": versions, "plain": plain, "marked": marked}, ensure_ascii=False, indent=0))


main()
