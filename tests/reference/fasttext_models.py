"""Makes the fastText fixtures: two tiny models of generated text, and the probabilities that the
reference implementation (fasttext-numpy2-wheel 0.9.2) gives for texts with all sorts of spaces.

    pip install fasttext-numpy2-wheel==0.9.2 && python tests/reference/fasttext_models.py
"""

import json
import os
import random
import tempfile

import fasttext

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = {
    "human": "dog rain kitchen uncle ferry mud laugh Tuesday broken cheap bread 42 , . ' we he was".split(),
    "machine": "crucial tapestry delve leverage foster holistic vibrant realm in conclusion , . moreover it is".split(),
}
SHARED = "the a of and to in über naïve 你好 мир ! ?".split()


def text(rng, label, length):
    return " ".join(rng.choice(WORDS[label] if rng.random() < 0.5 else SHARED) for _ in range(length))


def cases(rng):
    out = [text(rng, label, n) for label in WORDS for n in (1, 5, 40, 200)]
    out += ["", " ", "\n", "dog\nrain\n\nkitchen", "  delve\tfoster\r\n", "nothing known here", "你好世界"]
    out += ["dog </s> rain", "__label__human dog", "zero\0byte", "dog\u00a0rain", "line\u2028separator"]
    return out


def main():
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "train.txt")
        with open(path, "w", encoding="utf-8") as out:
            for _ in range(400):
                label = rng.choice(sorted(WORDS))
                out.write(f"__label__{label} {text(rng, label, rng.randrange(3, 30))}\n")
        common = dict(input=path, seed=1, thread=1, verbose=0, minCount=1, epoch=20, lr=0.5)
        models = {
            "words.bin": fasttext.train_supervised(dim=8, wordNgrams=2, bucket=500, **common),
            "chars.bin": fasttext.train_supervised(dim=8, minn=2, maxn=3, bucket=500, loss="hs", **common),
            "words.ftz": fasttext.train_supervised(dim=8, wordNgrams=2, bucket=500, **common),
        }
        models["words.ftz"].quantize(input=path, qnorm=True, retrain=False, cutoff=400)
        expected = []
        for name, model in models.items():
            model.save_model(os.path.join(HERE, "fasttext-" + name))
            for case in cases(random.Random(8)):
                labels, probabilities = model.predict(case.replace("\n", " "), k=-1)
                found = dict(zip(labels, map(float, probabilities)))
                expected.append({"model": name, "text": case, "machine": found.get("__label__machine")})
    with open(os.path.join(HERE, "fasttext.json"), "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(json.dumps(row, ensure_ascii=True) for row in expected) + "\n]\n")


main()
