"""Trains the generator: python train.py CORPUS.npz --work FOLDER --out FILE.pt --minutes 65 --seed 7

Three stages by the clock: the generator alone learns the painter's stone for the same mood and numbers (cross-entropy); then it is
trained against the discriminator (hinge loss, spectral norm, straight-through one-hot roles, regression of the mood, matched
features, a diversity term), with a moving average of its weights; at last the same with weights and activations on their integer
grids. Checkpoints and a sheet of samples every five minutes in the work folder, from which it resumes.
"""

import argparse
import copy
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from model import ROLES, Discriminator, Generator, channel_peaks, fit_to_grid
from sheet import sheet
from tidy import labels, speckled, tidy

BATCH = 24
WARM, QUANTISED = 0.16, 0.74
"""Shares of the time at which the adversary comes in and at which quantisation does."""
EVERY_SECONDS = 300


class Corpus:
    """Batches of the corpus in a seeded order."""

    def __init__(self, path, seed):
        data = np.load(path)
        self.mood = torch.from_numpy(data["mood"].astype(np.float32))
        self.numbers = torch.from_numpy(data["numbers"].astype(np.float32))
        self.roles = torch.from_numpy(data["roles"])
        self.rng = torch.Generator().manual_seed(seed)

    def batch(self):
        rows = torch.randint(0, len(self.mood), (BATCH,), generator=self.rng)
        return self.mood[rows], self.numbers[rows], self.roles[rows].long()


def one_hot(roles):
    return F.one_hot(roles, ROLES).to(torch.bfloat16).permute(0, 3, 1, 2)


def straight_through(scores, temperature):
    """The best role as one-hot, with the gradient of the softmax."""
    soft = torch.softmax(scores.float() / temperature, 1)
    hard = one_hot(scores.argmax(1))
    return hard + (soft - soft.detach()).to(hard.dtype), soft


def moved(x, offsets):
    """Each quarter of the batch moved by up to two pixels, sky coming in; no flips, for the light comes from one side."""
    sky = torch.zeros(1, ROLES, 1, 1, dtype=x.dtype)
    sky[:, 0] = 1
    padded = F.pad(x - sky, (2, 2, 2, 2)) + sky
    parts = [part[:, :, dy : dy + 32, dx : dx + 32] for part, (dy, dx) in zip(padded.chunk(4), offsets)]
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)


class Trainer:
    """Everything that a checkpoint holds."""

    def __init__(self, options):
        torch.manual_seed(options.seed)
        self.options = options
        self.corpus = Corpus(options.corpus, options.seed)
        self.generator, self.judge = Generator(), Discriminator()
        self.average = copy.deepcopy(self.generator)
        self.to_generate = torch.optim.Adam(self.generator.parameters(), 2e-3, (0.9, 0.99))
        self.to_judge = torch.optim.Adam(self.judge.parameters(), 4e-4, (0.0, 0.99))
        self.spent, self.step, self.adversarial = 0.0, 0, False
        self.path = os.path.join(options.work, "checkpoint.pt")
        if os.path.exists(self.path):
            self.restore()

    def state(self):
        parts = ("generator", "judge", "average", "to_generate", "to_judge")
        return {name: getattr(self, name).state_dict() for name in parts} | {
            "spent": self.spent, "step": self.step, "adversarial": self.adversarial, "quantised": self.generator.quantised,
        }

    def restore(self):
        state = torch.load(self.path)
        for name in ("generator", "judge", "average", "to_generate", "to_judge"):
            getattr(self, name).load_state_dict(state[name])
        self.spent, self.step, self.adversarial = state["spent"], state["step"], state["adversarial"]
        self.generator.quantised = self.average.quantised = state["quantised"]
        print(f"resumed after {self.spent / 60:.1f} minutes, step {self.step}", flush=True)

    def save(self):
        torch.save(self.state(), self.path + ".part")
        os.replace(self.path + ".part", self.path)

    def set_stage(self, share):
        """Rates and grids by the share of the time that is spent."""
        if share < WARM:
            rate = 2e-3 * min(1, self.step / 200 + 0.02) * (1 - 0.7 * share / WARM)
        else:
            if not self.adversarial:
                self.adversarial = True
                self.to_generate = torch.optim.Adam(self.generator.parameters(), 3e-4, (0.5, 0.99))
            rate = (3e-4 if self.generator.quantised else 5e-4) * min(1, (1 - share) / 0.25 + 0.03)
            for group in self.to_judge.param_groups:
                group["lr"] = 5e-4 * min(1, (1 - share) / 0.25 + 0.03)
        if share >= QUANTISED and not self.generator.quantised:
            peaks = channel_peaks(self.average, self.corpus.numbers[:100], self.corpus.mood[:100])
            fit_to_grid([self.generator, self.average], peaks)
            self.generator.quantised = self.average.quantised = True
            self.to_generate = torch.optim.Adam(self.generator.parameters(), rate, (0.5, 0.99))
        for group in self.to_generate.param_groups:
            group["lr"] = rate

    def judge_step(self, mood, real, fake):
        """The discriminator learns; the features of the painter's stones are kept for the generator."""
        with torch.autocast("cpu", torch.bfloat16):
            local, whole, read, features = self.judge(torch.cat([real, fake]), torch.cat([mood, mood]))
        loss = sum(F.relu(1 - s[:BATCH]).mean() + F.relu(1 + s[BATCH:]).mean() for s in (local, whole))
        loss = loss + 2.0 * F.mse_loss(read[:BATCH], mood)
        self.to_judge.zero_grad(set_to_none=True)
        loss.backward()
        self.to_judge.step()
        return loss.item(), [feature[:BATCH].detach() for feature in features]

    def generator_step(self, share):
        mood, numbers, roles = self.corpus.batch()
        with torch.autocast("cpu", torch.bfloat16):
            scores = self.generator(numbers, mood)
        scores = scores.float()
        paired = F.cross_entropy(scores, roles)
        figures = {"paired": paired.item(), "alike": (scores.argmax(1) == roles).float().mean().item()}
        loss = paired
        if self.adversarial:
            unit = mood / 255
            fake, soft = straight_through(scores, max(0.4, 1.0 - share))
            offsets = torch.randint(0, 5, (4, 2), generator=self.corpus.rng).tolist()
            real, fake = moved(one_hot(roles), offsets), moved(fake, offsets)
            figures["judge"], painted = self.judge_step(unit, real, fake.detach())
            with torch.autocast("cpu", torch.bfloat16):
                local, whole, read, features = self.judge(fake, unit)
            matched = sum((a.float() - b.float()).abs().mean() for a, b in zip(features, painted))
            # Different numbers must not give one stone: the distance of neighbours in the batch, over that of their numbers.
            apart = (soft - soft.roll(1, 0)).abs().mean((1, 2, 3)) / (numbers - numbers.roll(1, 0)).abs().mean(1).clamp_min(1) * 48
            figures |= {"fooled": whole.mean().item(), "locally": local.mean().item(), "matched": matched.item()}
            loss = self.options.paired * paired - local.mean() - whole.mean() + 2.0 * F.mse_loss(read, unit)
            loss = loss + self.options.matched * matched - 0.5 * apart.mean()
        self.to_generate.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 5.0)
        self.to_generate.step()
        keep = min(0.999, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for ours, theirs in zip(self.average.parameters(), self.generator.parameters()):
                ours.lerp_(theirs, 1 - keep)
        self.step += 1
        return figures

    def look(self):
        """A sheet of samples beside the painter's stones, and what the tidying found."""
        mood, numbers, roles = self.corpus.mood[:96], self.corpus.numbers[:96], self.corpus.roles[:96].numpy()
        with torch.no_grad():
            raw = self.average(numbers, mood).argmax(1).numpy().astype(np.uint8)
        order = np.arange(96).reshape(6, 16)
        both, whose = [], []
        for row in order:
            both += [tidy(raw[row]), roles[row]]
            whose += [row, row]
        moods = mood.numpy().astype(np.uint8)[np.concatenate(whose)]
        jewels = (np.concatenate(whose) * 37) % 256
        path = os.path.join(self.options.work, f"samples-{int(self.spent // 60):03d}.png")
        sheet(path, np.concatenate(both), moods, 16, 3, jewels)
        lab = labels(raw > 0)
        first = np.where(lab > 0, lab, 9999).min((1, 2))[:, None, None]
        one = ((lab == first) | (lab == 0)).all((1, 2)).mean()
        print(f"  raw: one body {one:.2f}, speckles {speckled(raw).mean() * 1024:.2f} (painter {speckled(roles).mean() * 1024:.2f})", flush=True)

    def run(self):
        limit = self.options.minutes * 60
        start, spent_before, saved, said = time.time(), self.spent, time.time(), 0
        mean = {}
        while self.spent < limit:
            share = self.spent / limit
            self.set_stage(share)
            for name, value in self.generator_step(share).items():
                mean[name] = 0.98 * mean.get(name, value) + 0.02 * value
            self.spent = spent_before + time.time() - start
            if self.spent - said > 60 or (said == 0 and self.step == 50):
                said = self.spent
                left = f"about {int(self.step / max(self.spent, 1) * limit)} steps in all" if self.spent < 180 else ""
                words = " ".join(f"{name} {value:.3f}" for name, value in mean.items())
                print(f"{self.spent / 60:5.1f} min, step {self.step}: {words} {left}", flush=True)
            if time.time() - saved > EVERY_SECONDS:
                saved = time.time()
                self.save()
                self.look()
        self.save()
        self.look()
        torch.save(self.average.state_dict(), self.options.out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--work", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=65)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--paired", type=float, default=2.0)
    parser.add_argument("--matched", type=float, default=4.0)
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    torch.set_num_threads(1)
    Trainer(options).run()


if __name__ == "__main__":
    main()
