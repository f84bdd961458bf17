"""tamis' buckets of words and pairs of words, and the file of a human reference, written anew from their descriptions."""

import math
import struct

BUCKETS = 10_000
STEP = 2048
WHOLE = (1 << 64) - 1


def folded_product(a, b):
    product = a * b
    return (product & WHOLE) ^ (product >> 64)


def word_hash(word):
    text = word.encode()
    state = 0x9E3779B97F4A7C15
    for at in range(0, len(text), 8):
        state = folded_product(state ^ int.from_bytes(text[at : at + 8], "little"), 0xD6E8FEB86659FD93)
    return folded_product(state ^ len(text), 0xA0761D6478BD642F)


def pair_hash(first, second):
    turned = (second << 32 | second >> 32) & WHOLE
    return folded_product(first ^ 0xD6E8FEB86659FD93, turned ^ 0xA0761D6478BD642F)


def bucket(ngram, num_buckets=BUCKETS):
    """The bucket of a word, or of two words with a space between."""
    hashes = [word_hash(word) for word in ngram.split(" ")]
    value = hashes[0] if len(hashes) == 1 else pair_hash(*hashes)
    return ((value >> 32) * num_buckets) >> 32


def reference_file(humans):
    """The bytes of a human reference of these texts by language, as `tamis train profile` makes them."""
    out = b"TAMISREF\x01" + struct.pack("<I", len(humans))
    for lang, texts in sorted(humans.items()):
        counts = [0] * BUCKETS
        for text in texts:
            words = text.split()
            for ngram in words + [" ".join(pair) for pair in zip(words, words[1:])]:
                counts[bucket(ngram)] += 1
        whole = sum(counts) + BUCKETS
        steps = [min(round(-math.log((count + 1) / whole) * STEP), 65535) for count in counts]
        out += lang.encode().ljust(8, b"\0") + struct.pack("<Q", sum(counts)) + struct.pack(f"<{BUCKETS}H", *steps)
    return out
