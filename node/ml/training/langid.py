"""Language identification: hashed n-gram softmax regression over 12 languages.

langid.py DATA_FOLDER --minutes N --seed S --out FILE --work FOLDER
"""

import random
import time

import numpy as np

from command import arguments, save
from data import LANGUAGES, cached, key, share, texts_by_language
from features import hash_many, matrix
from fit import logistic
from wide import rarity

BUCKETS = 1 << 16
PER_LANGUAGE = 10000
SHORT = 30000
EXAM = 400
PENALTY = 0.05


def pieces(text, rng, language):
    """A random short piece of a text: whole words up to 20 characters, or a run of characters where words are not spaced."""
    if language in ("zh", "ja"):
        size = rng.randint(3, 14)
        begin = rng.randrange(max(1, len(text) - size + 1))
        return text[begin : begin + size]
    parts = text.split()
    begin = rng.randrange(len(parts)) if parts else 0
    most, out = rng.randint(5, 20), ""
    for part in parts[begin:]:
        if out and len(out) + 1 + len(part) > most:
            break
        out = f"{out} {part}".strip()
    return out[:24]


def sample(root, seed):
    """Train lines and the two exams (sentences, at most 20 characters), each [(text, language)]."""
    rng = random.Random(seed)
    train, sentences, short = [], [], []
    for language, texts in sorted(texts_by_language(root).items()):
        if language not in LANGUAGES:
            continue
        exam = [text for text in texts if share(key(text), "langid") < 0.08]
        rest = [text for text in texts if share(key(text), "langid") >= 0.08]
        rng.shuffle(exam)
        rng.shuffle(rest)
        whole = [text for text in exam if (12 if language in ("zh", "ja", "ko") else 25) <= len(text) <= 200][:EXAM]
        sentences += [(text, language) for text in whole]
        brief = [text for text in exam if len(text) <= 20 and len(text) >= (4 if language in ("zh", "ja", "ko") else 8)]
        brief += [piece for piece in (pieces(text, rng, language) for text in exam) if len(piece) >= 6 and len(piece) <= 20]
        rng.shuffle(brief)
        short += [(text, language) for text in brief[:EXAM]]
        kept = rest[:PER_LANGUAGE]
        cut = [pieces(rng.choice(rest), rng, language) for _ in range(SHORT)]
        train += [(text, language) for text in kept] + [(text, language) for text in cut if len(text) >= 2]
    return train, sentences, short


def labels(rows):
    return np.array([LANGUAGES.index(language) for _, language in rows])


def accuracy(weight, bias, rows, buckets):
    """(accuracy, {language: accuracy})."""
    x = matrix(hash_many([text for text, _ in rows]), buckets)
    truth = labels(rows)
    right = (x @ weight + bias).argmax(1) == truth
    return float(right.mean()), {name: round(float(right[truth == index].mean()), 4) for index, name in enumerate(LANGUAGES)}


def temperature(weight, bias, rows, buckets):
    """The temperature that minimises the cross entropy of held-out rows."""
    z = matrix(hash_many([text for text, _ in rows]), buckets) @ weight + bias
    truth = labels(rows)

    def loss(t):
        s = z / t
        top = s.max(1)
        return float((top + np.log(np.exp(s - top[:, None]).sum(1)) - s[np.arange(len(s)), truth]).mean())

    return float(min(np.geomspace(0.2, 5, 60), key=loss))


def main():
    options = arguments(__doc__)
    begin = time.time()
    train, sentences, short = cached(options.work, f"langid_rows_{options.seed}", lambda: sample(options.data, options.seed))
    x = matrix(hash_many([text for text, _ in train]), BUCKETS)
    truth = labels(train)
    y = np.eye(len(LANGUAGES), dtype=np.float32)[truth]
    balance = (len(truth) / len(LANGUAGES) / np.bincount(truth))[truth]
    print(f"langid: {x.shape[0]} lines, estimate 3 minutes", flush=True)
    weight, bias = logistic(x, y, PENALTY, rarity(x, 0.5), steps=60, row_weight=balance, softmax=True)
    warmth = temperature(weight, bias, sentences + short, BUCKETS)
    for name, rows in (("sentences", sentences), ("<= 20 characters", short)):
        print("langid", name, len(rows), *accuracy(weight, bias, rows, BUCKETS), flush=True)
    save(options.out, {"weight": weight, "bias": bias, "temperature": np.array(warmth)})
    print(f"langid: {time.time() - begin:.0f} s")


if __name__ == "__main__":
    main()
