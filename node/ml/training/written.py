"""Heads for what no data set at hand has: spam, sexual, despair, unkind, and the moods of Japanese. Trained on texts written for the project (written/*.tsv).

written.py DATA_FOLDER --seed S --out FILE --work FOLDER

Adds the heads to the FILE that export.py wrote (so that it runs after it), writes parity.json anew and prints figures out of fold. Everyday sentences of the
data folder (Tatoeba, Tanaka, STS-B) are further examples of what is none of these, and so are calm Japanese lines; thresholds let half of one in a hundred of them through. Each head is linear in the n-grams and in the deep vector, like the others; a few hundred lines in four or twelve languages are
enough because the deep vector lies alike in all of them.
"""

import csv
import json
import os

import numpy as np
import scipy.sparse as sp
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression

from command import arguments
from data import LANGUAGES, MOODS, folds, key, stsb, tanaka, tatoeba
from export import HERE, Parser, parity, quantise
from features import hash_many, matrix
from fit import best_threshold, floor_f1, macro_f1, platt, sigmoid
from tokens import tokenise
from wide import fit

BUCKETS = 1 << 13
FOLDS = 5
HEADS = {"spam": "spam", "sexual": "sexual", "despair": "despair", "unkind": "tone"}
"""Head and file; the label is the file's second column."""
PRECISION = {"spam": 0.9, "sexual": 0.9, "despair": 0.85, "unkind": 0.72}
"""Wanted out of fold; the threshold is the lowest that reaches it."""
EVERYDAY = {"en": 3000, "zh": 2000, "ja": 2000}
"""Sentences that are taken for none of these; 250 of every other language."""
ALARMS = {"spam": 0.004, "sexual": 0.004, "despair": 0.006, "unkind": 0.015}
"""Share of plain lines, out of fold, that may be flagged: of each language with enough of them, and of all others together."""
ENOUGH = 1000
"""Plain lines from which on a language has a threshold of its own."""
PHRASED = {"spam": 0.5, "sexual": 0.5}
"""Heads that also learn from the phrases of the application, and the weight of one; a phrase is never judged."""
CALM = {"joy", "trust", "anticipation", "surprise", "neutral"}
"""Lines on Japanese moods that have only these are plain."""
WEIGHTS = [(1.0, 0.15, 3.0), (1.0, 0.3, 1.0), (2.0, 0.15, 1.0), (1.0, 0.08, 10.0), (4.0, 0.05, 3.0)]
"""Scale of the n-grams, of the deep vector, and the inverse penalty; tried out of fold."""

MOOD_BUCKETS = 1 << 15
MOOD_SETTING = (0.03, 1.0, 0.5)
"""Penalty, power of the idf, power of the naive Bayes ratio; tried out of fold."""
MOOD_LEVEL = 0.25
"""From here on a mood counts, as in the application."""


def read_moods(name):
    """(texts, labels [n, 8])."""
    with open(f"{HERE}/written/{name}.tsv", encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [row[1] for row in rows], np.array([[float(mood in row[0].split(",")) for mood in MOODS] for row in rows])


def train_moods(parser, seed):
    """(tensors, metadata) of the Japanese moods. Linear in the n-grams alone: the deep vector over-fits a thousand lines. Words help in every fold and are never judged."""
    texts, y = read_moods("moods_ja")
    words, word_y = read_moods("moods_ja_words")
    x, more = (matrix(hash_many(one), MOOD_BUCKETS).astype(np.float32) for one in (texts, words))
    place = folds([key(text) for text in texts], FOLDS, f"moods{seed}")
    learn = lambda at: fit(sp.vstack([x[at], more]).tocsr(), np.concatenate([y[at], word_y]), MOOD_SETTING, None, 60)
    out = np.zeros(y.shape)
    for fold in range(FOLDS):
        weight, bias = learn(place != fold)
        out[place == fold] = x[place == fold] @ weight + bias
    pairs = np.array([platt(out[:, label], y[:, label]) for label in range(len(MOODS))])
    p = sigmoid(out * pairs[:, 0] + pairs[:, 1])
    cuts = [best_threshold(p[:, label], y[:, label]) for label in range(len(MOODS))]
    print(f"moods: {len(texts)} lines and {len(words)} words, out of fold macro-F1 {macro_f1(p >= MOOD_LEVEL, y):.3f} at {MOOD_LEVEL}, "
          f"{macro_f1(p >= np.array(cuts), y):.3f} at tuned levels, floor {floor_f1(y):.3f}")
    weight, bias = learn(np.ones(len(texts), dtype=bool))
    small, scale = quantise(weight.astype(np.float32), x)
    many, inner = len(MOODS), 2 * parser.facts["deep"]["d"]
    tensors = {"wide.moods.weight": small, "wide.moods.scale": scale, "wide.moods.bias": bias.astype(np.float32),
               "deep.head.moods.weight": np.zeros((many, inner), np.int8), "deep.head.moods.scale": np.ones(many, np.float32), "deep.head.moods.bias": np.zeros(many, np.float32)}
    fact = {"name": "moods", "buckets": MOOD_BUCKETS, "labels": MOODS, "platt": [[round(float(a), 5), round(float(b), 5)] for a, b in pairs],
            "threshold": {"default": [round(float(cut), 4) for cut in cuts]}}
    return tensors, fact


def read(name):
    """(texts, labels, languages)."""
    with open(f"{HERE}/written/{name}.tsv", encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [row[2] for row in rows], np.array([float(row[1]) for row in rows]), np.array([row[0] for row in rows])


def everyday(root, seed):
    """(texts, languages): plain sentences."""
    found = {language: [text for pair in rows for text in pair[:2]] for language, rows in stsb(root, "dev").items() if language in LANGUAGES}
    for left, right in tanaka(root, "train"):
        found["en"].append(left)
        found["ja"].append(right)
    for language in ("zh", "hi", "ko"):
        for left, right in tatoeba(root, language):
            found["en"].append(left)
            found.setdefault(language, []).append(right)
    texts, languages = [], []
    dice = np.random.default_rng(seed)
    for language, lines in sorted(found.items()):
        lines = sorted(set(lines))
        for at in dice.permutation(len(lines))[: EVERYDAY.get(language, 250)]:
            texts.append(lines[at])
            languages.append(language)
    return texts, np.array(languages)


def calm():
    """Plain Japanese lines of the file on moods."""
    with open(f"{HERE}/written/moods_ja.tsv", encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [row[1] for row in rows if set(row[0].split(",")) <= CALM]


def phrases(name):
    """Phrases that say enough by themselves."""
    with open(f"{HERE}/../src/parser/phrases/{name}.txt", encoding="utf-8") as handle:
        lines = handle.read().splitlines()
    return [line.rstrip("*").replace("#", "50") for line in lines if line and line[0] not in "~/"]


def learn(x, y, weight, penalty):
    return LogisticRegression(C=penalty, max_iter=2000).fit(x, y, weight)


def out_of_fold(x, y, place, penalty, weight):
    """Logits by models that did not see the row; rows of place -1 only teach."""
    out = np.zeros(len(y))
    for fold in range(FOLDS):
        at = place != fold
        out[~at] = learn(x[at], y[at], weight[at], penalty).decision_function(x[~at])
    return out


def cut(p, y, precision):
    """The lowest threshold from which on precision is reached; the one of the best F1 where none does."""
    order = np.argsort(-p)
    hits = np.cumsum(y[order])
    sure = np.flatnonzero(hits / np.arange(1, len(y) + 1) >= precision)
    sure = sure[sure >= 9]
    at = sure[-1] if len(sure) else np.argmax(2 * hits / (np.arange(1, len(y) + 1) + y.sum()))
    return float(np.clip(p[order][at] - 1e-4, 0.05, 0.95))


def train(name, parser, plain, seed):
    """(tensors, metadata) of one head."""
    texts, y, languages = read(HEADS[name])
    written = len(texts)
    # What is harmless in one file is none of the others either.
    for other in sorted(set(HEADS.values()) - {HEADS[name]}):
        more, label, spoken = read(other)
        texts += [text for text, one in zip(more, label) if one == 0]
        languages = np.concatenate([languages, spoken[label == 0]])
    texts, languages = texts + plain[0], np.concatenate([languages, plain[1]])
    y = np.concatenate([y, np.zeros(len(texts) - written)])
    judged = len(texts)
    if name in PHRASED:
        said = phrases(name)
        texts, languages, y = texts + said, np.concatenate([languages, [""] * len(said)]), np.concatenate([y, np.ones(len(said))])
    weight = np.where(np.arange(len(texts)) < judged, 1.0, PHRASED.get(name, 1.0))
    own = np.arange(len(texts)) < written
    grams = matrix(hash_many(texts), BUCKETS)
    pooled, some = parser.pooled_many(tokenise(texts), np.arange(len(texts)))
    middle, spread = pooled.mean(0), pooled.std(0) + 1e-3
    deep = (pooled - middle) / spread * some[:, None]
    place = folds([key(text) for text in texts], FOLDS, f"written{seed}")
    place[judged:] = -1
    best = None
    for wide_scale, deep_scale, penalty in WEIGHTS:
        x = sp.hstack([grams * wide_scale, sp.csr_matrix(deep * deep_scale)]).tocsr()
        out = out_of_fold(x, y, place, penalty, weight)
        loss = float((np.logaddexp(0, out) - out * y)[:judged].mean())
        if best is None or loss < best[0]:
            best = loss, wide_scale, deep_scale, penalty, x, out
    _, wide_scale, deep_scale, penalty, x, out = best
    model = learn(x, y, weight, penalty)
    out, y, own, languages = out[:judged], y[:judged], own[:judged], languages[:judged]
    wide, inner = model.coef_[0, :BUCKETS] * wide_scale, model.coef_[0, BUCKETS:] * deep_scale / spread
    a, b = platt(out, y)
    p = sigmoid(a * out + b)
    sure = cut(p[own], y[own], PRECISION[name])
    cuts = {"default": max(sure, float(np.quantile(p[~own], 1 - ALARMS[name])))}
    for language in sorted(set(languages)):
        mine = ~own & (languages == language)
        if mine.sum() >= ENOUGH:
            cuts[language] = max(sure, float(np.quantile(p[mine], 1 - ALARMS[name])))
    at = np.array([cuts.get(language, cuts["default"]) for language in languages])
    on = p >= at
    print(f"{name}: {written} + {judged - written} lines, scales {wide_scale} {deep_scale} {penalty}, out of fold precision {y[on & own].mean():.2f} "
          f"recall {on[y == 1].mean():.2f}, alarms on plain lines {on[~own].mean():.4f}, thresholds "
          + ", ".join(f"{language} {one:.2f}" for language, one in cuts.items()))
    for one in sorted(set(languages[own])):
        mine = (languages == one) & own
        print(f"  {one}: precision {y[on & mine].sum() / max(1, (on & mine).sum()):.2f} recall {on[(y == 1) & mine].mean():.2f}")
    small, scale = quantise(wide[:, None].astype(np.float32))
    row, row_scale = quantise(inner[:, None].astype(np.float32))
    bias = np.float32(model.intercept_[0] - inner @ middle)
    tensors = {f"wide.{name}.weight": small, f"wide.{name}.scale": scale, f"wide.{name}.bias": np.zeros(1, np.float32),
               f"deep.head.{name}.weight": row.T, f"deep.head.{name}.scale": row_scale, f"deep.head.{name}.bias": np.array([bias])}
    fact = {"name": name, "buckets": BUCKETS, "labels": [name], "platt": [[round(float(a), 5), round(float(b), 5)]], "threshold": {language: [round(one, 4)] for language, one in cuts.items()}}
    return tensors, fact


def main():
    options = arguments(__doc__)
    parser = Parser(options.out)
    own = [*HEADS, "moods"]
    tensors = {name: value for name, value in parser.tensors.items() if not any(name.split(".")[-2] == head for head in own)}
    heads = [head for head in parser.facts["heads"] if head["name"] not in own]
    plain = everyday(options.data, options.seed)
    quiet = calm()
    plain = plain[0] + quiet, np.concatenate([plain[1], ["ja"] * len(quiet)])
    for name in HEADS:
        added, fact = train(name, parser, plain, options.seed)
        tensors |= added
        heads.append(fact)
    added, fact = train_moods(parser, options.seed)
    tensors |= added
    heads.append(fact)
    facts = parser.facts | {"heads": heads}
    arrays = {name: np.ascontiguousarray(value if value.dtype == np.int8 else value.astype(np.float32)) for name, value in tensors.items()}
    save_file(arrays, options.out + ".part", {"parser": json.dumps(facts, sort_keys=True)})
    os.chmod(options.out + ".part", 0o644)
    os.replace(options.out + ".part", options.out)
    parity(options, Parser(options.out))
    print(f"written: {os.path.getsize(options.out)} bytes")


if __name__ == "__main__":
    main()
