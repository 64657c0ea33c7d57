"""The networks that stones are judged by: python reader.py CORPUS.npz --out FILE.pt --minutes 4

A small convolutional classifier that learns which moods a painted stone carries (each mood above a third of full, or not) and, in a
second head, how strong each is. It sees the painter's stones only, never a generated one, and is frozen before any comparison; the layer
before its heads gives the features for the Frechet distance, precision and recall.
"""

import argparse
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ROLES = 16
PRESENT = 85
"""A mood counts as carried from a third of full on."""


class Reader(nn.Module):
    """One-hot roles [n, 16, 32, 32] -> scores [n, 8], strengths [n, 8]; `features` gives [n, 64]."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(ROLES, 32, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(64, 64, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(64, 96, 4, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(96 * 16, 64), nn.ReLU(),
        )
        self.carried, self.strength = nn.Linear(64, 8), nn.Linear(64, 8)

    def features(self, x):
        return self.body(x)

    def forward(self, x):
        features = self.features(x)
        return self.carried(features), self.strength(features)


def one_hot(roles):
    """uint8 [n, 32, 32] -> float [n, 16, 32, 32]."""
    x = F.one_hot(torch.from_numpy(np.ascontiguousarray(roles)).long(), ROLES).permute(0, 3, 1, 2).float()
    return x.contiguous(memory_format=torch.channels_last)


def in_batches(function, roles, size=500):
    """A network over many stones, as numpy."""
    with torch.no_grad():
        parts = [function(one_hot(roles[i : i + size])) for i in range(0, len(roles), size)]
    return torch.cat([part.float() for part in parts]).numpy()


def train(mood, roles, minutes, seed):
    """A reader of the moods of painted stones."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    reader = Reader()
    optimiser = torch.optim.Adam(reader.parameters(), 2e-3)
    start, share, step = time.time(), 0.0, 0
    while share < 1:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - share) + 1e-5
        rows = rng.integers(0, len(mood), 64)
        target = torch.from_numpy(mood[rows].astype(np.float32))
        with torch.autocast("cpu", torch.bfloat16):
            scores, strength = reader(one_hot(roles[rows]))
        loss = F.binary_cross_entropy_with_logits(scores.float(), (target >= PRESENT).float()) + 4 * F.mse_loss(strength.float(), target / 255)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        step += 1
        share = (time.time() - start) / (minutes * 60)
        if step % 500 == 0:
            print(f"reader: step {step}, loss {loss.item():.3f}", flush=True)
    return reader.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = np.load(options.corpus)
    reader = train(data["mood"], data["roles"], options.minutes, options.seed)
    torch.save(reader.state_dict(), options.out)


if __name__ == "__main__":
    main()
