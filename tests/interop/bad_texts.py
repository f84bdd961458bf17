"""Bad texts through the whole program: every score is null or a number in [0, 1], and a mask changes none.

Usage: python bad_texts.py TAMIS FOLDER [--texts N] [--giant MB]

FOLDER holds .jsonl.zst shards with `text`: its first N texts (200 unless told otherwise) of 500 characters and more,
from all shards in turn. Each is scored as it is and masked: padded with zero-width characters and other unseen ones, its
letters exchanged for look-alikes at 10, 30 and 100%, one script at a time and mixed. A masked text must have the
language and the abstention of its original and a `p_synthetic` within 0.02 of it. Short texts padded to any length
must still abstain as too short. Beside them stand texts of nothing (empty, control characters, emoji, base64, source
code, right to left, one giant document of MB megabytes, 60 unless told otherwise: from 64 on it is refused, with a null), which must only be scored, or not,
without an error. Prints what was compared; ends with 1 if something differs. Needs pyarrow and zstandard.
"""

import argparse
import base64
import io
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import zstandard

NEAR = 0.02
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f\u202a\u202e\u202c\u2066\u2069\u061c\u034f\u0301\u0336\u180e\u3164\U000e0061\U000e0101"
LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
STYLES = {
    "cyrillic": dict(zip("aceijopsxyhdqwABCEHIJKMOPSTX", "асеіјорѕхуһԁԛԝАВСЕНІЈКМОРЅТХ")),
    "greek": dict(zip("aoviuxpkyABEZHIKMNOPTYX", "αονιυχρκγΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")),
    "full-width": {c: chr(ord(c) + 0xFEE0) for c in LATIN},
    "bold": {c: chr(0x1D41A + i if i < 26 else 0x1D400 + i - 26) for i, c in enumerate(LATIN)},
    "sans italic": {c: chr(0x1D622 + i if i < 26 else 0x1D608 + i - 26) for i, c in enumerate(LATIN)},
    "monospace": {c: chr(0x1D68A + i if i < 26 else 0x1D670 + i - 26) for i, c in enumerate(LATIN)},
    "circled": {c: chr(0x24D0 + i if i < 26 else 0x24B6 + i - 26) for i, c in enumerate(LATIN)},
    "small capitals": dict(zip("abcdefghijklmnoprstuvwz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡᴢ")),
}


def corpus(folder, most):
    """The first texts of the shards of a folder, one of each in turn."""
    shards = []
    for path in sorted(Path(folder).glob("**/*.jsonl.zst")):
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(open(path, "rb")), encoding="utf-8", newline="\n")
        shards.append(text for text in (json.loads(line)["text"] for line in lines) if len(text) >= 500)
    found = []
    while shards and len(found) < most:
        for shard in list(shards):
            text = next(shard, None)
            found.append(text) if text is not None else shards.remove(shard)
    return found[:most]


def masks(text, rng):
    """Masked variants of a text by name; look-alikes only where it is mostly of ASCII letters."""
    yield "padded", "".join(c + rng.choice(UNSEEN) if rng.random() < 0.3 else c for c in text)
    yield "padded in front", "\u200b" * 5000 + text
    yield "joined", "\u200d".join(text)
    if sum(c in LATIN for c in text) < 0.7 * sum(c.isalpha() for c in text):
        return
    for rate in (0.1, 0.3, 1.0):
        for name, style in STYLES.items():
            yield f"{name} {rate}", "".join(style.get(c, c) if rng.random() < rate else c for c in text)
        yield f"mixed {rate}", "".join(rng.choice(list(STYLES.values())).get(c, c) if rng.random() < rate else c for c in text)


def nothings(rng, megabytes):
    yield from ["", " ", "\n", "word", "a", "\0", "\u200b", "\ufeff", "\u200b" * 10_000, "\x01\x02\x1b[0m" * 200, "\x7f\x85\u2028" * 200]
    yield from ["😀👍🏽👩‍👩‍👧‍👦🇫🇷" * 100, "✅ ❌ " * 300, "。" * 1000, "." * 5000, "-" * 5000, "1234567890 " * 100, "\u0301" * 3000, "e" + "\u0301" * 5000]
    yield "هذا نص عربي طويل يكتب من اليمين إلى اليسار. " * 20
    yield "זהו טקסט בעברית שנכתב מימין לשמאל. " * 20
    yield "\u202eAll of this is written backwards, it seems.\u202c " * 20
    yield base64.b64encode(rng.randbytes(6000)).decode()
    yield "def f(x):\n    return [y ** 2 for y in x if y % 2 == 0]  # squares\n\n" * 30
    yield "<div class=\"a\"><p>&nbsp;</p></div>\n" * 60
    yield "".join(chr(rng.choice([rng.randrange(0x20, 0xD800), rng.randrange(0xE000, 0x110000)])) for _ in range(5000))
    yield "\U0010ffff\ufffe\uffff" * 500
    yield "one two three, four and five. " * (megabytes * 1_000_000 // 30)
    yield "x" * (megabytes * 1_000_000 // 10)


def score(tamis, texts, folder):
    (folder / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    out = folder / "scores.parquet"
    subprocess.run([tamis, "score", "--quiet", "--loose", folder / "in.jsonl", "--out", out], check=True)
    return pq.read_table(out, columns=["status", "lang", "p_synthetic", "logit", "abstain"]).to_pylist()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tamis")
    parser.add_argument("folder")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--giant", type=int, default=60)
    args = parser.parse_args()
    rng = random.Random(5)
    texts, origin, names = [], [], []
    for text in corpus(args.folder, args.texts):
        first = len(texts)
        for name, variant in [("itself", text), *masks(text, rng)]:
            texts.append(variant), origin.append(first), names.append(name)
    short = len(texts)
    for text in texts[:short:40]:
        texts.append("\u200b".join(text[:150].strip()) + "\u2060" * 1000)
    bad = len(texts)
    texts += nothings(rng, args.giant)
    with tempfile.TemporaryDirectory(prefix="bad-texts-") as folder:
        rows = score(args.tamis, texts, Path(folder))
    assert len(rows) == len(texts)
    faults, worst, judged = [], 0.0, 0
    for i, row in enumerate(rows):
        p = row["p_synthetic"]
        if row["status"] != "ok" or (p is None) == (row["abstain"] is None):
            faults.append(f"text {i}: {row}")
        if p is not None and not (math.isfinite(row["logit"]) and 0 <= p <= 1):
            faults.append(f"text {i}: {row}")
        if i < short:
            own = rows[origin[i]]
            same = (row["lang"], row["abstain"]) == (own["lang"], own["abstain"])
            far = abs(p - own["p_synthetic"]) if same and p is not None else 0.0
            judged += p is not None
            worst = max(worst, far)
            if not same or far > NEAR:
                faults.append(f"text {origin[i]} {names[i]}: {row} for {own}")
        elif i < bad and row["abstain"] != "too_short":
            faults.append(f"short text {i}: {row}")
    print(f"{short} texts and masks of them ({judged} judged), largest difference {worst:.4f}; {bad - short} short ones padded; {len(texts) - bad} of nothing")
    print("\n".join(faults[:20]) or "no fault")
    sys.exit(bool(faults))


main()
