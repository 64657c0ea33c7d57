"""The deep branch: a small Transformer over word tokens that learns what the linear heads lack.

It is trained on top of the out-of-fold logits of `wide.py` (in-sample ones would leave it nothing) and reads the frozen gist table.

deep.py DATA_FOLDER --minutes N --seed S --out FILE --work FOLDER
"""

import math
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import gist
from command import arguments, save
from data import BRIGHTER, BRIGHTER_FILES, cached, key, share, table, xed_parallel
from features import matrix
from fit import average_precision, macro_f1, platt, sigmoid, switch_on, thresholds
from tokens import TOKENS, tokenise
from wide import READERS

torch.set_num_threads(1)
BUCKETS = 1 << 15
WIDTH = 48
D = 128
LAYERS = 3
HEADS = 4
FF = 384
BATCH_TOKENS = 3072
BATCH_ROWS = 160
AVERAGE_EVERY = 4
RATE = 1.5e-3
EMBED_RATE = 5e-3
GENTLE = 0.4
"""Factor on both rates when a run starts from trained weights."""
DECAY = 0.05
DROP = 0.15
DROP_TOKEN = 0.1
DROP_FEATURE = 0.2
DROP_POOLED = 0.35
GIST_GAIN = 8.0
EMBED_GAIN = 4.0
"""Factors on the two means of a token while training; `export.py` folds them into the weights."""
TASKS = {"brighter": ["brighter"], "goemotions": ["goemotions", "ekman"], "xed": ["xed"], "offensive": ["offensive"], "kote": ["kote"]}
"""Heads that share their rows."""
ODDS = {"brighter": 0.7, "goemotions": 1.4, "xed": 0.6, "offensive": 0.4, "kote": 1.0}
"""Factors on the square root of the set size."""
PAIRS = 0.25
"""Share of the steps that learn from parallel lines instead of labels: it aligns the languages in the trunk and keeps the heads from over-fitting."""
PAIR_ROWS = 160
HELD = 0.1


def held_out(keys):
    """The train rows that are kept for calibration, thresholds and early decisions."""
    return np.array([share(one, "deep") < HELD for one in keys])


def translated(root, name, keys):
    """XED rows that translate a held-out line: they would carry its labels into training."""
    if name != "xed":
        return np.zeros(len(keys), dtype=bool)
    pairs = [(key(left), key(right)) for _, left, right in xed_parallel(root)]
    banned = {right for (_, right), held in zip(pairs, held_out([left for left, _ in pairs])) if held}
    return np.array([one in banned for one in keys])


def ranges(starts, lengths):
    """Concatenated aranges."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths) + np.repeat(starts, lengths)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.q, self.k, self.v, self.o = (nn.Linear(D, D) for _ in range(4))
        self.ff1, self.ff2 = nn.Linear(D, FF), nn.Linear(FF, D)

    def forward(self, x, mask, drop):
        rows, length, _ = x.shape
        split = lambda z: z.view(rows, length, HEADS, D // HEADS).transpose(1, 2)
        y = self.ln1(x)
        mixed = F.scaled_dot_product_attention(split(self.q(y)), split(self.k(y)), split(self.v(y)), attn_mask=mask)
        x = x + F.dropout(self.o(mixed.transpose(1, 2).reshape(rows, length, D)), drop)
        return x + F.dropout(self.ff2(F.relu(self.ff1(self.ln2(x)))), drop)


class Deep(nn.Module):
    """Pooled [rows, 2 D] of token features; `heads` add to the logits of the linear heads, `extra` only help training."""

    def __init__(self, gist_table, labels):
        super().__init__()
        self.register_buffer("gist_table", gist_table)
        self.embed = nn.Parameter(torch.randn(BUCKETS, WIDTH) * 0.3)
        self.inner = nn.Linear(gist_table.shape[1] + WIDTH, D)
        self.position = nn.Parameter(torch.randn(TOKENS, D) * 0.02)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.ln = nn.LayerNorm(D)
        self.pool = nn.Parameter(torch.zeros(D))
        self.heads = nn.ModuleDict({name: nn.Linear(2 * D, many) for name, many in labels.items()})
        self.extra = nn.ModuleDict({name: nn.Linear(2 * D, many) for name, many in {**labels, "intensity": len(BRIGHTER), "gist": gist_table.shape[1]}.items()})
        self.gist = nn.Linear(2 * D, gist_table.shape[1])
        for one in [*self.heads.values(), self.gist]:
            nn.init.zeros_(one.weight)
            nn.init.zeros_(one.bias)

    def forward(self, batch):
        hashes, starts, place, mask = batch
        drop = DROP if self.training else 0.0
        size = self.gist_table.shape[0]
        with torch.no_grad():
            g = F.embedding_bag(hashes & (size - 1), self.gist_table, starts, mode="mean")
        e = F.embedding_bag(hashes & (BUCKETS - 1), self.embed, starts, mode="mean") * EMBED_GAIN
        x = self.inner(torch.cat([g, e], 1))[place] + self.position[: place.shape[1]]
        bias = torch.zeros(mask.shape).masked_fill(~mask, -1e9)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, bias, drop)
        x = self.ln(x)
        mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        weight = torch.softmax((x @ self.pool).masked_fill(~mask, -1e9), 1)
        return torch.cat([mean, (weight[..., None] * x).sum(1)], 1)


class Reader:
    """Batches of texts of one `Tokens`."""

    def __init__(self, tokens, rng):
        self.tokens, self.rng = tokens, rng
        self.lengths = np.diff(tokens.texts)

    def batch(self, rows, train):
        """(hashes, bag offsets, token of each place, mask) of texts; features and tokens are dropped in training."""
        lengths = np.maximum(self.lengths[rows], 1)
        ids = self.tokens.ids[ranges(self.tokens.texts[rows], self.lengths[rows])]
        used, inverse = np.unique(ids, return_inverse=True)
        sizes = np.diff(self.tokens.offsets)[used]
        hashes = self.tokens.hashes[ranges(self.tokens.offsets[used], sizes)].astype(np.int64)
        ends = np.concatenate([[0], np.cumsum(sizes)])
        if train:
            stay = self.rng.random(len(hashes)) >= DROP_FEATURE
            ends = np.concatenate([[0], np.cumsum(stay)])[ends]
            hashes = hashes[stay]
        longest = int(lengths.max())
        mask = np.arange(longest) < lengths[:, None]
        place = np.full(mask.shape, len(used), dtype=np.int64)
        full = np.arange(longest) < self.lengths[rows][:, None]
        place[full] = inverse
        if train:
            keep = self.rng.random(mask.shape) >= DROP_TOKEN
            keep[:, 0] |= ~(keep & mask).any(1)
            mask = mask & keep
        return torch.from_numpy(hashes), torch.from_numpy(ends), torch.from_numpy(place), torch.from_numpy(mask)

    def order(self, rows):
        """Batches of rows of like length, in random order."""
        rows = self.rng.permutation(rows)
        out = []
        for begin in range(0, len(rows), 8192):
            part = rows[begin : begin + 8192]
            part = part[np.argsort(self.lengths[part] + self.rng.random(len(part)), kind="stable")]
            at = 0
            while at < len(part):
                many = BATCH_ROWS
                while many > 1 and many * max(1, self.lengths[part[min(at + many, len(part)) - 1]]) > BATCH_TOKENS:
                    many = int(many * 0.8)
                out.append(part[at : at + many])
                at += many
        return [out[index] for index in self.rng.permutation(len(out))]

    def endless(self, rows):
        while True:
            yield from self.order(rows)


def intensities(root, keys):
    """BRIGHTER's intensity labels (0..3) / 3 of the rows that have them, NaN elsewhere."""
    known = {}
    for code in BRIGHTER_FILES:
        path = f"{root}/brighter/track_b/train/{code}.csv"
        if os.path.exists(path):
            for row in table(path):
                known[key(row["text"])] = [float(row[name]) / 3 if row.get(name) not in (None, "") else np.nan for name in BRIGHTER]
    return np.array([known.get(one, [np.nan] * len(BRIGHTER)) for one in keys], dtype=np.float32)


class Task:
    """Rows of one data set with the out-of-fold logits of its heads."""

    def __init__(self, root, work, name, trained, rng):
        rows = cached(work, f"wide_{name}", lambda: READERS[name](root))
        self.name, self.rows = name, rows
        self.reader = Reader(cached(work, f"deep_{name}", lambda: tokenise(rows["train_texts"])), rng)
        self.held = held_out(rows["keys"]) & rows["judged"]
        self.train = np.flatnonzero(~held_out(rows["keys"]) & ~translated(root, name, rows["keys"]))
        self.wide = {head: torch.from_numpy(trained[f"{head}.out"]) for head in TASKS[name]}
        self.y = {}
        for head in TASKS[name]:
            own = rows if head == name else cached(work, f"wide_{head}", lambda: READERS[head](root))
            assert len(own["train_y"]) == len(rows["train_y"])
            self.y[head] = torch.from_numpy(own["train_y"].astype(np.float32))
        self.weights = None if rows["weights"] is None else torch.from_numpy(rows["weights"].astype(np.float32))
        self.extra = {"intensity": torch.from_numpy(intensities(root, rows["keys"]))} if name == "brighter" else {}
        self.batches = self.reader.endless(self.train)
        self.odds = ODDS[name] * len(self.train) ** 0.5


def cross_entropy(logits, target, weights):
    """Binary cross entropy, NaN targets masked: sum over labels / sqrt of their number, mean over rows."""
    known = ~torch.isnan(target)
    loss = F.binary_cross_entropy_with_logits(logits, torch.nan_to_num(target), reduction="none") * known
    loss = loss.sum(1) / target.shape[1] ** 0.5
    return loss.mean() if weights is None else (loss * weights).mean()


def task_loss(model, task, rows):
    """Loss of the sum, plus half of the loss of the deep branch alone against labels mixed with the linear heads' view."""
    pooled = F.dropout(model(task.reader.batch(rows, True)), DROP_POOLED)
    at = torch.from_numpy(rows)
    weights = None if task.weights is None else task.weights[at]
    loss = 0.0
    for head, wide in task.wide.items():
        y = task.y[head][at]
        loss = loss + cross_entropy(wide[at] + model.heads[head](pooled), y, weights)
        loss = loss + 0.5 * cross_entropy(model.extra[head](pooled), 0.6 * y + 0.4 * torch.sigmoid(wide[at]), weights)
    for head, y in task.extra.items():
        loss = loss + 0.5 * cross_entropy(model.extra[head](pooled), y[at], weights)
    return loss


class Pairs:
    """InfoNCE on parallel lines and agreement with similarity scores, for bag + deep and for deep alone."""

    def __init__(self, options, gist_table, rng):
        texts, groups, scored, self.exams, hashed = cached(options.work, "gist_corpus", lambda: gist.corpus(options.data, options.work))
        self.x = matrix(hashed, gist_table.shape[0])
        self.batches = gist.Batches(self.x, groups, scored, options.seed)
        self.reader = Reader(cached(options.work, "deep_gist", lambda: tokenise(texts)), rng)
        self.table = gist_table

    def loss(self, model):
        left, right = self.batches.pairs(PAIR_ROWS)
        near_left, near_right, score = self.batches.similar(48)
        rows = np.concatenate([left, right, near_left, near_right])
        bag = self.batches.bag(rows, 0.5)
        z = F.normalize(F.embedding_bag(bag[0], self.table, bag[1], mode="sum", per_sample_weights=bag[2]), dim=1)
        order = np.argsort(self.reader.lengths[rows], kind="stable")
        pooled = torch.cat([model(self.reader.batch(rows[part], True)) for part in np.array_split(order, 3)])
        pooled = F.dropout(pooled, DROP_TOKEN)[torch.from_numpy(np.argsort(order, kind="stable"))]
        both = F.normalize(z + model.gist(pooled), dim=1)
        alone = F.normalize(model.extra["gist"](pooled), dim=1)
        return gist.pair_loss(both, left, right, score)[0] + 0.5 * gist.pair_loss(alone, left, right, score)[0]

    def figures(self, model):
        def encode(ids):
            ids = np.array(ids)
            z = torch.from_numpy(gist.unit(self.x[ids] @ self.table.numpy()))
            return gist.int8((z + model.gist(pooled_rows(model, self.reader, ids))).numpy())

        with torch.no_grad():
            return gist.exam(encode, self.exams)


def pooled_rows(model, reader, rows):
    """Pooled vectors of texts in evaluation mode."""
    model.eval()
    out = torch.zeros(len(rows), 2 * D)
    order = np.argsort(reader.lengths[rows], kind="stable")
    with torch.no_grad():
        for begin in range(0, len(order), 128):
            part = order[begin : begin + 128]
            out[torch.from_numpy(part)] = model(reader.batch(np.asarray(rows)[part], False))
    model.train()
    return out


def judge(logits, y, languages):
    """(mean average precision, macro-F1) with calibration and thresholds of the same rows: for comparisons only."""
    pairs = np.array([platt(logits[:, label], y[:, label]) for label in range(y.shape[1])])
    p = sigmoid(logits * pairs[:, 0] + pairs[:, 1])
    on = switch_on(p, thresholds(p, y, languages), languages)
    groups = [np.ones(len(y), dtype=bool)] if languages is None else [languages == one for one in sorted(set(languages))]
    precision, f1 = [], []
    for at in groups:
        f1.append(macro_f1(on[at], y[at]))
        good = [label for label in range(y.shape[1]) if np.nansum(y[at, label]) > 0 and not np.isnan(y[at, label]).any()]
        precision.append(np.mean([average_precision(y[at, label], p[at, label]) for label in good]))
    return float(np.mean(precision)), float(np.mean(f1))


def report(model, tasks):
    """Held-out rows: (average precision, macro-F1) of the linear head -> of the sum."""
    for task in tasks:
        rows = np.flatnonzero(task.held)
        pooled = pooled_rows(model, task.reader, rows)
        languages = None if task.rows["languages"] is None else task.rows["languages"][rows]
        for head, wide in task.wide.items():
            y = task.y[head][rows].numpy()
            with torch.no_grad():
                both = (wide[rows] + model.heads[head](pooled)).numpy()
            before, after = judge(wide[rows].numpy(), y, languages), judge(both, y, languages)
            print(f"deep held out: {head} AP {before[0]:.4f} -> {after[0]:.4f}, F1 {before[1]:.4f} -> {after[1]:.4f}", flush=True)


class Trainer:
    """Model, optimiser, averaged weights and checkpoint of one run."""

    def __init__(self, options):
        self.options, self.rng, begin = options, np.random.default_rng(options.seed), time.time()
        trained = np.load(f"{options.work}/wide.npz")
        small, scale = gist.quantised(options)
        frozen = torch.from_numpy(small.astype(np.float32) * scale)
        self.tasks = [Task(options.data, options.work, name, trained, self.rng) for name in TASKS]
        self.pairs = Pairs(options, frozen, self.rng)
        self.model = Deep(frozen * GIST_GAIN, {head: task.y[head].shape[1] for task in self.tasks for head in task.y})
        if options.start:
            trained = np.load(options.start)
            self.model.load_state_dict({name: torch.from_numpy(trained[name]) for name in trained.files if name not in ("gain", "attention")}, strict=False)
        self.gentle = GENTLE if options.start else 1.0
        self.named = list(self.model.named_parameters())
        flat = [one for name, one in self.named if one.ndim == 1 or name == "position"]
        dense = [one for name, one in self.named if one.ndim == 2 and name not in ("position", "embed")]
        groups = [{"params": [self.model.embed], "peak": EMBED_RATE, "weight_decay": 0.0}, {"params": flat, "peak": RATE, "weight_decay": 0.0},
                  {"params": dense, "peak": RATE, "weight_decay": DECAY}]
        self.solver = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98), foreach=True)
        self.average = {name: one.detach().clone() for name, one in self.named}
        self.done, self.spent, self.losses = 0, 0.0, {}
        odds = np.array([task.odds for task in self.tasks])
        self.odds = np.append(odds / odds.sum() * (1 - PAIRS), PAIRS)
        rows = {task.name: len(task.train) for task in self.tasks}
        print("deep:", sum(one.numel() for _, one in self.named), "parameters,", rows, f"{time.time() - begin:.0f} s", flush=True)
        self.checkpoint = f"{os.path.splitext(options.out)[0]}_checkpoint.pt"
        if os.path.exists(self.checkpoint):
            state = torch.load(self.checkpoint)
            self.model.load_state_dict(state["model"])
            self.solver.load_state_dict(state["solver"])
            self.average, self.done, self.spent = state["average"], state["done"], state["spent"]
            print("deep: resumed at step", self.done, flush=True)

    def swap(self):
        """Exchanges the weights and their average."""
        for name, one in self.named:
            kept = one.data.clone()
            one.data.copy_(self.average[name])
            self.average[name].copy_(kept)

    def keep(self):
        """Writes the averaged weights and a checkpoint; prints what they do on held-out rows."""
        recent = {name: round(float(np.mean(values[-100:])), 4) for name, values in sorted(self.losses.items())}
        print(f"deep: step {self.done}, {self.spent:.0f} s, loss", recent, flush=True)
        self.swap()
        facts = {"gain": np.array([GIST_GAIN, EMBED_GAIN]), "attention": np.array(HEADS)}
        save(self.options.out, {name: one.detach().numpy() for name, one in self.named} | facts)
        report(self.model, self.tasks)
        print({one: round(value, 3) for one, value in self.pairs.figures(self.model).items()}, flush=True)
        self.swap()
        state = {"model": self.model.state_dict(), "solver": self.solver.state_dict(), "average": self.average, "done": self.done, "spent": self.spent}
        torch.save(state, self.checkpoint + ".part")
        os.replace(self.checkpoint + ".part", self.checkpoint)

    def step(self, part):
        """One batch of one task, or of parallel lines; `part` of the time is spent."""
        for group in self.solver.param_groups:
            group["lr"] = self.gentle * group["peak"] * min(1, (self.done + 1) / 100) * max(0.01, 0.5 * (1 + math.cos(math.pi * part)))
        drawn = self.rng.choice(len(self.odds), p=self.odds)
        if drawn == len(self.tasks):
            name, loss = "pairs", self.pairs.loss(self.model)
        else:
            name, loss = self.tasks[drawn].name, task_loss(self.model, self.tasks[drawn], next(self.tasks[drawn].batches))
        self.solver.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([one for name, one in self.named if name != "embed"], 1.0)
        self.solver.step()
        self.losses.setdefault(name, []).append(float(loss.detach()))
        self.done += 1
        if self.done % AVERAGE_EVERY == 0:
            decay = min(0.99, self.done / (self.done + 40))
            torch._foreach_mul_(list(self.average.values()), decay)
            torch._foreach_add_(list(self.average.values()), [one.detach() for _, one in self.named], alpha=1 - decay)

    def run(self):
        """Steps until the minutes are spent; held-out reports do not count."""
        limit, last, saved, told = self.options.minutes * 60, time.time(), self.spent, False
        while self.spent < limit:
            self.step(self.spent / limit)
            self.spent += time.time() - last
            last = time.time()
            if not told and self.spent > min(120, limit / 4):
                told = True
                each = self.spent / self.done
                print(f"deep: {each * 1000:.0f} ms a step, estimate {limit / each:.0f} steps in {self.options.minutes} minutes", flush=True)
            if self.spent - saved > 300:
                saved = self.spent
                self.keep()
                last = time.time()
        self.keep()


def main():
    options = arguments(__doc__)
    torch.manual_seed(options.seed)
    Trainer(options).run()


if __name__ == "__main__":
    main()
