"""Prints every figure of the generator: python evaluate.py TRAINED.pt CORPUS.npz HELD.npz --reader READER.pt --plain PLAIN.pt

CORPUS is what was trained on, HELD stones of the same painter with another seed. Features come from the reader (frozen, it saw the
painter's stones only) and from the same network with random weights. Generated stones are the integer reference's, tidied, as on a device.
"""

import argparse

import numpy as np
import torch
import torch.nn.functional as F

import integer
from painter import moods, paint
from plain import Plain, draw as draw_plain, marginal
from reader import PRESENT, Reader, in_batches, one_hot
from seeds import draw
from tidy import labels, speckled, tidy

HALF_STEP = 32
"""Half of the quarter of full scale at which a mood begins to be named."""


class Exam:
    """What all rivals are measured against."""

    def __init__(self, options):
        held = np.load(options.held)
        self.count = min(options.count, len(held["mood"]) // 2)
        self.mood, self.roles = held["mood"], held["roles"]
        self.real, self.other = self.roles[: self.count], self.roles[self.count : 2 * self.count]
        self.wanted = self.mood[self.count : 2 * self.count]
        self.reader = Reader()
        self.reader.load_state_dict(torch.load(options.reader))
        torch.manual_seed(0)
        self.random = Reader()
        self.nets = {"reader": self.reader.eval(), "random": self.random.eval()}
        self.known = {name: in_batches(net.features, self.real) for name, net in self.nets.items()}
        # Random weights give features of a tiny scale: brought to a mean variance of one.
        self.scale = {"reader": 1.0, "random": 1 / np.sqrt(self.known["random"].var(0).mean())}
        self.known["random"] *= self.scale["random"]

    def row(self, name, stones):
        """The figures that every rival has."""
        figures = {}
        for net_name, net in self.nets.items():
            features = in_batches(net.features, stones) * self.scale[net_name]
            figures[f"frechet {net_name}"] = frechet(self.known[net_name], features)
            if net_name == "reader":
                figures["precision"], figures["recall"] = precision_recall(self.known[net_name][:2000], features[:2000])
        figures["told apart"] = told_apart(self.real, stones)
        figures["mood"], figures["labels"] = self.mood_read(stones, self.wanted)
        figures["speckles"] = float(speckled(stones).sum((1, 2)).mean())
        figures["one body"] = one_body(stones)
        body = (stones > 0).mean((1, 2))
        figures["coverage"] = float(((body >= 0.25) & (body <= 0.75)).mean())
        print(name, {key: round(value, 4) for key, value in figures.items()}, flush=True)
        return figures

    def mood_read(self, stones, mood):
        """Of stones with one mood of at least half that leads by a fifth: how often it is read as the strongest; and the share of right labels."""
        scores, strength = (in_batches(lambda x, k=k: self.reader(x)[k], stones) for k in range(2))
        ranked = np.sort(mood, 1)
        clear = (ranked[:, -1] >= 128) & (ranked[:, -1] - ranked[:, -2] >= 51)
        right = (strength.argmax(1) == mood.argmax(1))[clear].mean()
        return float(right), float(((scores > 0) == (mood >= PRESENT)).mean())


def frechet(a, b):
    """Between two sets of features (Heusel et al. 2017)."""
    cov_a, cov_b = np.cov(a.T.astype(np.float64)), np.cov(b.T.astype(np.float64))
    values = np.linalg.eigvals(cov_a @ cov_b)
    root = np.sqrt(np.clip(values.real, 0, None)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * root)


def precision_recall(real, made, k=3):
    """Shares that lie within the other set's k-nearest radii (Kynkaanniemi et al. 2019)."""
    real, made = torch.from_numpy(real), torch.from_numpy(made)

    def radius(x):
        return torch.cdist(x, x).kthvalue(k + 1, 1).values

    across = torch.cdist(made, real)
    precision = (across <= radius(real)[None]).any(1).float().mean()
    recall = (across <= radius(made)[:, None]).any(0).float().mean()
    return float(precision), float(recall)


def told_apart(real, made, steps=400):
    """How often a fresh network tells painted from made on stones that it has not seen; three quarters to learn from."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    net = torch.nn.Sequential(Reader().body, torch.nn.Linear(64, 1))
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    cut = len(made) * 3 // 4
    for _ in range(steps):
        rows = rng.integers(0, cut, 48)
        x = one_hot(np.concatenate([real[rows], made[rows]]))
        target = torch.cat([torch.ones(48), torch.zeros(48)])
        with torch.autocast("cpu", torch.bfloat16):
            scores = net(x)[:, 0]
        loss = F.binary_cross_entropy_with_logits(scores.float(), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    net.eval()
    said = [in_batches(lambda x: net(x)[:, 0], stones[cut:]) > 0 for stones in (real[: len(made)], made)]
    return float((said[0].mean() + 1 - said[1].mean()) / 2)


def one_body(stones):
    """Share of stones that are one connected body."""
    lab = labels(stones > 0)
    first = np.where(lab > 0, lab, 9999).min((1, 2))[:, None, None]
    return float(((lab == first) | (lab == 0)).all((1, 2)).mean())


def forged(arrays, numbers, mood, size=250):
    """Raw and tidied roles by the integer reference."""
    raw = np.concatenate([integer.roles(arrays, numbers[i : i + size], mood[i : i + size]) for i in range(0, len(mood), size)])
    return raw, tidy(raw)


def spread(stones):
    """Mean share of pixels in which two stones differ."""
    n = len(stones)
    return float(np.mean([(stones[i + 1 :] != stones[i]).mean() for i in range(n - 1)]))


def more(arrays, generator, options, rng):
    """The figures that only the generator has."""
    figures = {}
    alike, real = [], []
    for k in range(8):
        mood = np.zeros((48, 8), np.uint8)
        mood[:, k] = 200
        numbers = draw(rng, 48)
        alike.append(spread(forged(arrays, numbers, mood)[1]))
        real.append(spread(paint(mood, draw(rng, 48))))
    figures["pairwise within a mood, of the painter's"] = np.mean(alike) / np.mean(real)
    mood, numbers = moods(rng, 400), draw(rng, 400)
    raw, stones = forged(arrays, numbers, mood)
    painted = paint(mood, numbers)
    for step in (HALF_STEP, 2 * HALF_STEP, 4 * HALF_STEP):
        moved = mood.astype(int)
        rows, which = np.arange(400), rng.integers(0, 8, 400)
        moved[rows, which] += np.where(moved[rows, which] > 127, -step, step)
        moved = moved.clip(0, 255).astype(np.uint8)
        figures[f"pixels changed by {step} of 255 in one mood"] = float((forged(arrays, numbers, moved)[1] != stones).mean())
        figures[f"the same for the painter, {step}"] = float((paint(moved, numbers) != painted).mean())
    with torch.no_grad():
        generator.quantised = False
        said = generator(torch.from_numpy(numbers.astype(np.float32)), torch.from_numpy(mood.astype(np.float32)))
    figures["float and int8 agree"] = float((said.argmax(1).numpy() == raw).mean())
    figures["pixels as the painter's for the same numbers"] = float((stones == painted).mean())
    figures["speckles before tidying"] = float(speckled(raw).sum((1, 2)).mean())
    figures["one body before tidying"] = one_body(raw)
    figures["pixels that tidying changes"] = float((raw != stones).mean())
    train = np.load(options.corpus)["roles"].reshape(-1, 1024)
    nearest = np.array([min((part != stone.reshape(-1)).mean(1).min() for part in np.array_split(train, 12)) for stone in stones[:150]])
    figures["nearest training stone over 5 % away"] = float((nearest > 0.05).mean())
    figures["nearest training stone, least"] = float(nearest.min())
    return figures


BARS = {
    "frechet reader": "<= 3 x split", "frechet random": "<= 3 x split", "precision": ">= .7", "recall": ">= .5", "told apart": "<= .75",
    "mood": ">= .85, painter >= .95", "speckles": "<= painter + 10 %", "one body": ">= .98", "coverage": "25 to 75 % of the picture",
}
MORE_BARS = {
    "pairwise within a mood, of the painter's": ">= .9", f"pixels changed by {HALF_STEP} of 255 in one mood": "<= .25", "float and int8 agree": ">= .98",
    "nearest training stone over 5 % away": ">= .99",
}


def report(rows, figures, command):
    """FIGURES.md."""
    names = list(rows)
    lines = ["# Figures of the generator", "", "Printed by", "", f"    {command}", ""]
    lines += ["| figure | " + " | ".join(names) + " | bar |", "|---|" + "---|" * (len(names) + 1)]
    for key in next(iter(rows.values())):
        cells = " | ".join(f"{rows[name][key]:.3f}" for name in names)
        lines.append(f"| {key} | {cells} | {BARS.get(key, '')} |")
    lines += ["", "The painter's column is the ceiling (stones of the same painter against others of it: the real/real split), the marginal sampler's the floor.", ""]
    lines += ["| figure of the generator alone | value | bar |", "|---|---|---|"]
    lines += [f"| {key} | {value:.3f} | {MORE_BARS.get(key, '')} |" for key, value in figures.items()]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained")
    parser.add_argument("corpus")
    parser.add_argument("held")
    parser.add_argument("--reader", required=True)
    parser.add_argument("--plain", required=True)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(options.seed)
    generator = integer.load(options.trained)
    arrays = integer.integers(generator)
    exam = Exam(options)
    count = exam.count
    stones = forged(arrays, draw(rng, count), exam.wanted)[1]
    rows = {"generator": exam.row("generator", stones), "painter": exam.row("painter", exam.other)}
    maker = Plain()
    maker.load_state_dict(torch.load(options.plain))
    rows["plain DCGAN"] = exam.row("plain DCGAN", draw_plain(maker.eval(), exam.wanted, options.seed))
    corpus = np.load(options.corpus)
    rows["marginal"] = exam.row("marginal", marginal(corpus["mood"], corpus["roles"], exam.wanted, options.seed))
    figures = more(arrays, generator, options, rng)
    text = report(rows, figures, f"python evaluate.py TRAINED.pt CORPUS.npz HELD.npz --reader READER.pt --plain PLAIN.pt --count {count} --seed {options.seed}")
    print(text)
    if options.figures:
        with open(options.figures, "w") as handle:
            handle.write(text)


if __name__ == "__main__":
    main()
