"""Linear heads on hashed n-grams, one per data set: weights, calibration and thresholds from out-of-fold logits.

wide.py DATA_FOLDER --minutes N --seed S --out FILE --work FOLDER
"""

import os
import time

import numpy as np
import scipy.sparse as sp

from command import arguments, save
from data import (BRIGHTER, EKMAN, MOODS, brighter, cached, cold, davidson, folds, goemotions, goemotions_labels, key, kote, share, xed_english,
                  xed_parallel, xed_projected)
from features import hash_many, matrix
from fit import logistic, platt, sigmoid, thresholds

FOLDS = 5
BUCKETS = {"brighter": 1 << 17, "goemotions": 1 << 15, "ekman": 1 << 16, "xed": 1 << 17, "offensive": 1 << 17, "kote": 1 << 14}
PLAIN = [(0.1, 1.0, 0.0)]
SETTINGS = {"brighter": [(0.2, 1.0, 0.5), (0.6, 0.5, 1.0)], "goemotions": PLAIN + [(0.3, 1.0, 0.5)], "ekman": PLAIN + [(0.3, 1.0, 0.5)],
            "xed": [(1.0, 1.0, 0.3)]}
"""Fits of a head, averaged: (penalty, power of the idf, power of the naive Bayes ratio). The others use PLAIN."""
STACKED = {"xed": ["goemotions", "ekman", "brighter"]}
"""Heads that get the logits of earlier heads as inputs."""
STACK_PENALTY = 20.0
STEPS = 60
XED_FOREIGN = 0.3
BRIGHTER_LANGUAGES = ["en", "es", "zh", "de", "pt", "ru", "hi"]


def head(name, labels, train, test, languages=None, test_languages=None, weights=None, judged=None):
    """One head's rows. `judged` marks the train rows that calibration and thresholds are taken from."""
    rows = {"name": name, "labels": labels, "train_hash": hash_many(train[0]), "train_y": train[1], "test_hash": hash_many(test[0]), "test_y": test[1],
            "keys": [key(text) for text in train[0]], "train_texts": list(train[0]), "test_texts": list(test[0])}
    rows["languages"] = np.array(languages) if languages is not None else None
    rows["test_languages"] = np.array(test_languages) if test_languages is not None else None
    rows["weights"] = weights
    rows["judged"] = judged if judged is not None else np.ones(len(train[0]), dtype=bool)
    return rows


def without(texts, banned):
    return np.array([key(text) not in banned for text in texts])


def subset(rows, keep):
    return [text for text, good in zip(rows, keep) if good]


def read_brighter(root):
    """The languages of the application; Portuguese is the Brazilian part."""
    texts, y, languages, codes = brighter(root, "train")
    dev, dev_y, dev_languages, dev_codes = brighter(root, "dev")
    keep = without(texts, {key(text) for text in dev}) & np.isin(languages, BRIGHTER_LANGUAGES) & (codes != "ptmz")
    kept = np.isin(dev_languages, BRIGHTER_LANGUAGES) & (dev_codes != "ptmz")
    return head("brighter", BRIGHTER, (subset(texts, keep), y[keep]), (subset(dev, kept), dev_y[kept]), languages[keep], dev_languages[kept])


def read_goemotions(root, level):
    texts, y, ekman = goemotions(root, "train")
    dev, dev_y, dev_ekman = goemotions(root, "dev")
    keep = without(texts, {key(text) for text in dev})
    if level == "ekman":
        return head("ekman", EKMAN, (subset(texts, keep), ekman[keep]), (dev, dev_ekman))
    return head("goemotions", goemotions_labels(root), (subset(texts, keep), y[keep]), (dev, dev_y))


def xed_held(text_key):
    """True for the English lines that make the XED exam."""
    return share(text_key, "xed") < 0.12


def merged(texts, y):
    """Each text once, with every label that any of its rows has: a tenth of the lines repeats, mostly once with a mood and once as neutral."""
    place, first, labels = {}, [], []
    for text, row in zip(texts, y):
        at = place.setdefault(key(text), len(first))
        if at == len(first):
            first.append(text)
            labels.append(row)
        else:
            labels[at] = np.maximum(labels[at], row)
    return first, np.array(labels)


def read_xed(root):
    texts, y = merged(*xed_english(root))
    held = np.array([xed_held(key(text)) for text in texts])
    banned = {key(text) for text in subset(texts, held)}
    banned |= {key(right) for _, left, right in xed_parallel(root) if key(left) in banned}
    other, other_y, other_languages = xed_projected(root)
    keep = without(other, banned) & np.array([not xed_held(key(text)) for text in other])
    train = subset(texts, ~held) + subset(other, keep)
    labels = np.concatenate([y[~held], other_y[keep]])
    languages = ["en"] * int((~held).sum()) + list(other_languages[keep])
    english = np.arange(len(train)) < (~held).sum()
    weights = np.where(english, 1.0, XED_FOREIGN)
    return head("xed", MOODS, (train, labels), (subset(texts, held), y[held]), None, None, weights, english)


def read_offensive(root):
    chinese, cy = cold(root, "train")
    dev, dev_y = cold(root, "dev")
    keep = without(chinese, {key(text) for text in dev})
    chinese, cy = subset(chinese, keep), cy[keep]
    english, ey = davidson(root)
    held = np.array([share(key(text), "davidson") < 0.2 for text in english])
    train = chinese + subset(english, ~held)
    test = dev + subset(english, held)
    languages = ["zh"] * len(chinese) + ["en"] * int((~held).sum())
    test_languages = ["zh"] * len(dev) + ["en"] * int(held.sum())
    return head("offensive", ["offensive"], (train, np.concatenate([cy, ey[~held]])), (test, np.concatenate([dev_y, ey[held]])), languages, test_languages)


def read_kote(root):
    texts, y = kote(root)
    held = np.array([share(key(text), "kote") < 0.15 for text in texts])
    names = [f"kote_{index}" for index in range(44)]
    return head("kote", names, (subset(texts, ~held), y[~held]), (subset(texts, held), y[held]))


READERS = {
    "brighter": read_brighter,
    "goemotions": lambda root: read_goemotions(root, "all"),
    "ekman": lambda root: read_goemotions(root, "ekman"),
    "xed": read_xed,
    "offensive": read_offensive,
    "kote": read_kote,
}


def rarity(x, power):
    """Feature scale while fitting: (inverse document frequency / its mean) ** power."""
    documents = np.bincount(x.indices, minlength=x.shape[1])
    idf = np.log((1 + x.shape[0]) / (1 + documents))
    return (idf / idf[documents > 0].mean()) ** power


def odds(x, y, power):
    """|log count ratio| of every feature and label, ** power: what naive Bayes thinks of the feature."""
    known = np.nan_to_num(y)
    for_it = x.T @ known + 0.3
    against = x.T @ ((1 - known) * ~np.isnan(y)) + 0.3
    ratio = np.abs(np.log(for_it / for_it.sum(0)) - np.log(against / against.sum(0))) + 0.2
    return (ratio / ratio.mean(0)) ** power


def fit(x, y, setting, weights, steps):
    """(W, b) of one setting."""
    penalty, power, naive = setting
    column = rarity(x, power)[:, None]
    if naive:
        column = column * odds(x, y, naive)
    return logistic(x, y, penalty, column, row_weight=weights, steps=steps)


def train_head(rows, buckets, setting, steps=STEPS, seed=7):
    """(W, b, out-of-fold logits of every train row)."""
    x, y = matrix(rows["train_hash"], buckets), rows["train_y"]
    place = folds(rows["keys"], FOLDS, f"fold{seed}")
    weights = rows["weights"]
    out = np.zeros(y.shape, dtype=np.float32)
    for fold in range(FOLDS):
        at = place != fold
        fitted = fit(x[at], y[at], setting, None if weights is None else weights[at], steps)
        out[~at] = x[~at] @ fitted[0] + fitted[1]
    weight, bias = fit(x, y, setting, weights, steps)
    return weight, bias, out


def train_mean(rows, name, options):
    """The mean of the fits of a head, an ensemble that stays one linear head: {weight, bias, out}. Each fit is kept in the work folder."""
    fits = []
    for setting in SETTINGS.get(name, PLAIN):
        path = f"{options.work}/wide_{name}_{BUCKETS[name]}_{'_'.join(map(str, setting))}_{STEPS}_{options.seed}.npz"
        if not os.path.exists(path):
            weight, bias, out = train_head(rows, BUCKETS[name], setting, seed=options.seed)
            save(path, {"weight": weight.astype(np.float32), "bias": bias, "out": out})
        fits.append(np.load(path))
    return {part: sum(one[part] for one in fits) / len(fits) for part in ("weight", "bias", "out")}


def stacked(rows, own, donors, buckets, seed):
    """A head with the logits of other heads added, which stays one linear head: (W, b, out-of-fold logits).

    The mixing weights are fitted on the judged rows, on out-of-fold logits of the head itself; the donors never saw these rows.
    """
    x = matrix(rows["train_hash"], buckets)
    wide = [np.tile(donor, (buckets // len(donor), 1)) for donor in donors]
    logits = np.concatenate([own["out"]] + [x @ one for one in wide], 1)
    at, y = rows["judged"], rows["train_y"]
    mean, spread = logits[at].mean(0), logits[at].std(0)
    scaled = ((logits - mean) / spread).astype(np.float32)
    mix = lambda some: logistic(sp.csr_matrix(scaled[some]), y[some], STACK_PENALTY, steps=40)
    place = folds(rows["keys"], FOLDS, f"stack{seed}")
    out = np.zeros_like(own["out"])
    for fold in range(FOLDS):
        weight, bias = mix(at & (place != fold))
        out[place == fold] = scaled[place == fold] @ weight + bias
    weight, bias = mix(at)
    weight = weight / spread[:, None]
    bias = bias - mean @ weight + own["bias"] @ weight[: len(own["bias"])]
    parts = np.split(weight, np.cumsum([own["weight"].shape[1]] + [donor.shape[1] for donor in donors])[:-1])
    return sum(one @ part for one, part in zip([own["weight"]] + wide, parts)), bias, out


def calibrate(rows, out):
    """Platt pairs and thresholds on the judged rows."""
    at = rows["judged"]
    y, z = rows["train_y"][at], out[at]
    pairs = np.array([platt(z[:, label], y[:, label]) for label in range(y.shape[1])])
    p = sigmoid(z * pairs[:, 0] + pairs[:, 1])
    return pairs, thresholds(p, y, None if rows["languages"] is None else rows["languages"][at])


def main():
    import json

    options = arguments(__doc__)
    begin = time.time()
    arrays, facts = {}, {}
    for order, (name, read) in enumerate(READERS.items()):
        rows = cached(options.work, f"wide_{name}", lambda: read(options.data))
        kept = train_mean(rows, name, options)
        if name in STACKED:
            donors = [arrays[f"{donor}.weight"] for donor in STACKED[name]]
            kept["weight"], kept["bias"], kept["out"] = stacked(rows, kept, donors, BUCKETS[name], options.seed)
        pairs, table = calibrate(rows, kept["out"])
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = kept["weight"], kept["bias"]
        arrays[f"{name}.out"] = kept["out"]
        facts[name] = {"labels": rows["labels"], "buckets": BUCKETS[name], "platt": pairs.tolist(), "threshold": table}
        spent = time.time() - begin
        print(f"wide: {name} done after {spent:.0f} s, estimate {spent / (order + 1) * len(READERS):.0f} s", flush=True)
    save(options.out, arrays)
    with open(options.out + ".json", "w") as handle:
        json.dump(facts, handle)


if __name__ == "__main__":
    main()
