"""Sentence encoder for the gist: a bag of hashed n-grams over a table of 64 columns, trained on parallel lines.

gist.py DATA_FOLDER --minutes N --seed S --out FILE --work FOLDER
"""

import math
import os
import time

import numpy as np
import torch
from scipy.stats import spearmanr
from torch.nn import functional as F

from command import arguments, save
from data import LANGUAGES, STSB_EXAM, cached, key, share, stsb, tanaka, tatoeba, xed_parallel
from features import hash_many, matrix
from fit import quantise

torch.set_num_threads(1)
BUCKETS = 1 << 16
WIDTH = 64
BATCH = 512
SCORED = 128
RATE = 0.01
GENTLE = 0.5
"""Factor on the rate when a run starts from trained weights."""
WARMTH = 0.05
START = 0.06
DROP = 0.4
SALADS = 16000
SALAD_WORDS = (1, 6)
"""Entries of the lexicon in one made-up line."""


def english_only(rows, work):
    """Keeps the parallel lines whose first column is English by our own langid weights (some are not)."""
    path = f"{work}/langid.npz"
    if not os.path.exists(path):
        return rows
    known = np.load(path)
    guess = matrix(hash_many([left for _, left, _ in rows]), known["weight"].shape[0]) @ known["weight"] + known["bias"]
    good = guess.argmax(1) == LANGUAGES.index("en")
    return [row for row, keep in zip(rows, good) if keep]


def lexicon():
    """Entries of `written/lexicon.txt`: {language: ways to say it}."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "written", "lexicon.txt"), encoding="utf-8") as handle:
        rows = [line.rstrip("\n").split("|") for line in handle]
    return [{language: cell.split(",") for language, cell in zip(rows[0], row)} for row in rows[1:]]


def salads(clean):
    """Groups of made-up lines: a few entries of the lexicon in a row, in English, often Russian, which has the fewest parallel lines, and some others."""
    dice = np.random.default_rng(7)
    entries = [{language: [one for one in ways if clean(one)] for language, ways in entry.items()} for entry in lexicon()]
    entries = [entry for entry in entries if all(entry.values())]
    groups = []
    for _ in range(SALADS):
        chosen = [entries[at] for at in dice.choice(len(entries), dice.integers(*SALAD_WORDS, endpoint=True), replace=False)]
        others = list(dice.permutation([language for language in chosen[0] if language not in ("en", "ru")])[:3])
        spoken = ["en"] + ["ru"] * int(dice.random() < 0.7) + others
        groups.append([(str(language), " ".join(entry[language][dice.integers(len(entry[language]))] for entry in chosen)) for language in spoken])
    return groups


def corpus(root, work):
    """Texts, training groups {source: [[(language, text id), ...]]}, scored pairs and exams."""
    ids, texts = {}, []

    def number(text):
        if text not in ids:
            ids[text] = len(texts)
            texts.append(text)
        return ids[text]

    exams = {"retrieval": {}, "stsb": {}}
    banned = set()

    def hold(name, pairs, wanted, least=2):
        chosen, seen = [], set()
        for left, right in pairs:
            a, b = key(left), key(right)
            if len(left.split()) < least or a in seen or b in seen or not a or not b:
                continue
            seen.update((a, b))
            chosen.append((number(left), number(right)))
            if len(chosen) == wanted:
                break
        for left, right in chosen:
            banned.update((key(texts[left]), key(texts[right])))
        exams["retrieval"][name] = chosen

    mixed = lambda pairs: sorted(pairs, key=lambda pair: share(key(pair[0]), "gist"))
    sets = {"ja": tanaka(root, "train"), "zh": tatoeba(root, "zh"), "hi": tatoeba(root, "hi"), "ko": tatoeba(root, "ko")}
    hold("ja", mixed(tanaka(root, "dev") + tanaka(root, "test")) + mixed(sets["ja"]), 1000)
    hold("zh", mixed(sets["zh"]), 1000)
    hold("hi", mixed(sets["hi"]), 300)
    hold("ko", mixed(sets["ko"]), 300)
    parallel = english_only(list(xed_parallel(root)), work)
    for language in ("es", "fr", "de", "pt", "it", "ru", "tr"):
        own = [(a, b) for name, a, b in parallel if name == language and share(key(a), "gist") < 0.12]
        hold(language, mixed(own), 1000, 3)

    dev, train = stsb(root, "dev"), stsb(root, "train")
    for language in STSB_EXAM:
        exams["stsb"][language] = [(number(a), number(b), score) for a, b, score in dev[language]]
        for a, b, _ in dev[language]:
            banned.update((key(a), key(b)))
    clean = lambda text: key(text) and key(text) not in banned

    groups = {"stsb": [], "xed": []}
    scored = []
    seen = set()
    for row in range(len(train["en"])):
        sides = [{language: train[language][row][side] for language in train} for side in (0, 1)]
        if not all(clean(side["en"]) for side in sides):
            continue
        scored.append(([{language: number(text) for language, text in side.items()} for side in sides], train["en"][row][2]))
        for side in sides:
            if key(side["en"]) not in seen:
                seen.add(key(side["en"]))
                groups["stsb"].append([(language, number(text)) for language, text in side.items() if clean(text)])
    for language, pairs in sets.items():
        groups[language] = [[("en", number(a)), (language, number(b))] for a, b in pairs if clean(a) and clean(b)]
    by_line = {}
    for language, left, right in parallel:
        if clean(left) and clean(right) and len(key(left)) >= 3:
            by_line.setdefault(key(left), {"en": number(left)})[language] = number(right)
    groups["xed"] = [list(line.items()) for _, line in sorted(by_line.items()) if len(line) > 1]
    groups["russian"] = [[("en", line["en"]), ("ru", line["ru"])] for _, line in sorted(by_line.items()) if "ru" in line]
    groups["words"] = [[(language, number(text)) for language, text in group] for group in salads(clean)]
    groups = {name: [group for group in rows if len(group) > 1] for name, rows in groups.items()}
    exams["pool"] = distractors(groups, exams["retrieval"])
    return texts, groups, scored, exams, hash_many(texts)


def distractors(groups, retrieval):
    """Training pairs that fill the candidates of each retrieval exam up to 1,000, so that small exams are not easier."""
    pool = {}
    for language, pairs in retrieval.items():
        rows = groups[language] if language in groups else groups["xed"] + groups["stsb"]
        found = [(dict(row)["en"], dict(row)[language]) for row in rows if {"en", language} <= dict(row).keys()]
        pool[language] = found[: 1000 - len(pairs)]
    return pool


def int8(z):
    """round(127 x / max |x|) of each row."""
    top = np.abs(z).max(1, keepdims=True)
    return np.round(127 * z / np.where(top == 0, 1, top)).astype(np.int8)


def unit(z):
    z = z.astype(np.float32)
    return z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-9)


def exam(encode, exams):
    """Figures of an encoder `encode(ids) -> int8 [n, 64]`."""
    out = {}
    for language, rows in exams["stsb"].items():
        a, b = unit(encode([row[0] for row in rows])), unit(encode([row[1] for row in rows]))
        out[f"stsb {language}"] = float(spearmanr((a * b).sum(1), [row[2] for row in rows]).statistic)
    out["stsb mean of 9"] = float(np.mean([out[f"stsb {language}"] for language in exams["stsb"]]))
    for language, rows in exams["retrieval"].items():
        a, b = unit(encode([row[0] for row in rows])), unit(encode([row[1] for row in rows]))
        right, pool = np.arange(len(rows)), exams["pool"][language]
        more = [unit(encode([row[side] for row in pool])) if pool else np.zeros((0, a.shape[1]), np.float32) for side in (0, 1)]
        there, back = a @ np.concatenate([b, more[1]]).T, b @ np.concatenate([a, more[0]]).T
        out[f"retrieval {language}"] = float((np.mean(there.argmax(1) == right) + np.mean(back.argmax(1) == right)) / 2)
    return out


MIX = {"stsb": 0.24, "xed": 0.29, "ja": 0.12, "zh": 0.14, "hi": 0.03, "ko": 0.04, "russian": 0.03, "words": 0.11}


class Batches:
    """Draws pairs and scored pairs; slices feature rows for embedding_bag."""

    def __init__(self, features, groups, scored, seed):
        self.x, self.groups, self.scored = features, groups, scored
        self.rng = np.random.default_rng(seed)
        self.names = list(MIX)
        self.odds = np.array([MIX[name] for name in self.names])

    def pairs(self, many):
        left, right = [], []
        for name, count in zip(self.names, self.rng.multinomial(many, self.odds / self.odds.sum())):
            rows = self.groups[name]
            for place in self.rng.choice(len(rows), size=min(count, len(rows)), replace=False):
                group = rows[place]
                if len(group) == 2 or self.rng.random() < 0.6:
                    english = next((at for at, (language, _) in enumerate(group) if language == "en"), 0)
                    other = self.rng.integers(len(group) - 1)
                    a, b = english, other + (other >= english)
                else:
                    a, b = self.rng.choice(len(group), 2, replace=False)
                if self.rng.random() < 0.5:
                    a, b = b, a
                left.append(group[a][1])
                right.append(group[b][1])
        return np.array(left), np.array(right)

    def similar(self, many):
        left, right, scores = [], [], []
        for place in self.rng.choice(len(self.scored), many, replace=False):
            sides, score = self.scored[place]
            names = list(sides[0])
            a = names[self.rng.integers(len(names))] if self.rng.random() < 0.8 else "en"
            b = a if self.rng.random() < 0.8 else names[self.rng.integers(len(names))]
            left.append(sides[0][a])
            right.append(sides[1][b])
            scores.append(score)
        return np.array(left), np.array(right), np.array(scores, dtype=np.float32)

    def bag(self, rows, drop):
        part = self.x[rows]
        stay = self.rng.random(len(part.data), dtype=np.float32) >= drop
        ends = np.concatenate([[0], np.cumsum(stay)])[part.indptr]
        return torch.from_numpy(part.indices[stay].astype(np.int64)), torch.from_numpy(ends[:-1].astype(np.int64)), torch.from_numpy(part.data[stay])


def pair_loss(z, left, right, score):
    """Symmetric InfoNCE of unit rows z (left, right, then scored pairs) + 1.5 (1 - correlation with the scores); and both parts."""
    many, near = len(left), len(score)
    logits = z[:many] @ z[many : 2 * many].T / WARMTH
    same = torch.from_numpy((right[None, :] == right[:, None]) | (left[None, :] == left[:, None]))
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, -1e4)
    target = torch.arange(many)
    contrast = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    cosine = (z[2 * many : 2 * many + near] * z[2 * many + near :]).sum(1)
    wanted = torch.from_numpy(score)
    c, w = cosine - cosine.mean(), wanted - wanted.mean()
    agreement = 1 - (c * w).sum() / (c.norm() * w.norm() + 1e-6)
    return contrast + 1.5 * agreement, np.array([float(contrast.detach()), float(agreement.detach())])


def quantised(options):
    """(int8 table, scale per column) of the trained table."""
    table = np.load(f"{options.work}/gist.npz")["table"]
    _, _, _, _, hashed = cached(options.work, "gist_corpus", lambda: corpus(options.data, options.work))
    x = matrix(hashed, table.shape[0])
    return quantise(table, x[np.random.default_rng(options.seed).permutation(x.shape[0])[:6000]])


def main():
    options = arguments(__doc__)
    begin = time.time()
    texts, groups, scored, exams, hashed = cached(options.work, "gist_corpus", lambda: corpus(options.data, options.work))
    x = matrix(hashed, BUCKETS)
    print("gist:", len(texts), "texts,", {name: len(rows) for name, rows in groups.items()}, len(scored), "scored", f"{time.time() - begin:.0f} s", flush=True)
    torch.manual_seed(options.seed)
    documents = np.bincount(x.indices, minlength=BUCKETS)
    rarity = np.log((1 + x.shape[0]) / (1 + documents)).astype(np.float32)
    table = torch.nn.Parameter(torch.randn(BUCKETS, WIDTH) * torch.from_numpy(rarity / rarity.mean())[:, None] * START)
    if options.start:
        table.data.copy_(torch.from_numpy(np.load(options.start)["table"]))
    solver = torch.optim.Adam([table], lr=RATE, betas=(0.9, 0.99))
    average = table.detach().clone()
    batches = Batches(x, groups, scored, options.seed)
    checkpoint = f"{options.work}/gist_checkpoint.pt"
    done, spent = 0, 0.0
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint)
        table.data.copy_(state["table"])
        average, done, spent = state["average"], state["done"], state["spent"]
        solver.load_state_dict(state["solver"])
        print("gist: resumed at step", done, flush=True)

    def figures():
        weights = average.numpy()
        return exam(lambda ids: int8(x[np.array(ids)] @ weights), exams)

    def show(name):
        print(name, {one: round(value, 3) for one, value in figures().items()}, flush=True)

    def keep():
        save(options.out, {"table": average.numpy()})
        torch.save({"table": table.detach(), "average": average, "done": done, "spent": spent, "solver": solver.state_dict()}, checkpoint + ".part")
        os.replace(checkpoint + ".part", checkpoint)

    show("gist before")
    limit, last, loss_sum = options.minutes * 60, time.time(), np.zeros(2)
    clock = time.time() - spent
    told = False
    while True:
        spent = time.time() - clock
        part = spent / limit
        if part >= 1:
            break
        for group in solver.param_groups:
            group["lr"] = (GENTLE if options.start else 1) * RATE * min(1, (done + 1) / 100) * max(0.02, 0.5 * (1 + math.cos(math.pi * part)))
        left, right = batches.pairs(BATCH)
        near_left, near_right, score = batches.similar(SCORED)
        rows = np.concatenate([left, right, near_left, near_right])
        ids, offsets, values = batches.bag(rows, DROP)
        z = F.embedding_bag(ids, table, offsets, mode="sum", per_sample_weights=values)
        z = F.normalize(z, dim=1)
        loss, parts = pair_loss(z, left, right, score)
        solver.zero_grad()
        loss.backward()
        solver.step()
        decay = min(0.998, (done + 1) / (done + 50))
        average.mul_(decay).add_(table.detach(), alpha=1 - decay)
        done += 1
        loss_sum += parts
        if not told and done == 50:
            told = True
            print(f"gist: {spent / done * 1000:.0f} ms a step, estimate {limit / (spent / done):.0f} steps in {options.minutes} minutes", flush=True)
        if time.time() - last > 120:
            print(f"gist: step {done}, {spent:.0f} s, contrast and agreement loss", loss_sum / max(1, done), flush=True)
            show("gist")
            keep()
            last = time.time()
    show("gist after")
    keep()


if __name__ == "__main__":
    main()
