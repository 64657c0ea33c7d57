"""The two simple rivals: python plain.py CORPUS.npz --out FILE.pt --minutes 4

A plain conditional DCGAN that draws colours (tanh, batch norm, no paired loss), whose pixels are then moved to the nearest colour of the
stone's palette; and the sampler that draws each pixel's role from how often it has that role among stones of the same strongest mood.
"""

import argparse
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from palette import NIGHT, palette

NOISE = 56


class Plain(nn.Module):
    """Noise [n, 56] and mood [n, 8] -> colours [n, 3, 32, 32] in -1..1."""

    def __init__(self):
        super().__init__()

        def up(into, out):
            return nn.Sequential(nn.ConvTranspose2d(into, out, 4, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())

        self.start = nn.Sequential(nn.Linear(NOISE + 8, 96 * 16), nn.ReLU())
        self.body = nn.Sequential(up(96, 64), up(64, 32), nn.ConvTranspose2d(32, 3, 4, 2, 1), nn.Tanh())

    def forward(self, noise, mood):
        return self.body(self.start(torch.cat([noise, mood], 1)).view(-1, 96, 4, 4))


class Critic(nn.Module):
    """Colours and mood -> a score."""

    def __init__(self):
        super().__init__()
        act = nn.LeakyReLU(0.2)
        self.body = nn.Sequential(
            nn.Conv2d(11, 32, 4, 2, 1), act, nn.Conv2d(32, 64, 4, 2, 1), act, nn.Conv2d(64, 96, 4, 2, 1), act, nn.Flatten(), nn.Linear(96 * 16, 1),
        )

    def forward(self, x, mood):
        return self.body(torch.cat([x, mood[:, :, None, None].expand(-1, -1, 32, 32)], 1))[:, 0]


def palettes(mood):
    """Colours [n, 16, 3] of moods, the sky as the night."""
    colours = np.stack([palette(m, 0) for m in mood]).astype(np.int16)
    colours[:, 0] = NIGHT
    return colours


def coloured(roles, mood):
    """Stones as colours [n, 3, 32, 32] in -1..1."""
    colours = palettes(mood)
    rgb = colours[np.arange(len(roles))[:, None, None], roles]
    return torch.from_numpy(rgb.astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2)


def train(mood, roles, minutes, seed):
    """The generator after so many minutes, non-saturating loss as in the DCGAN paper."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    maker, critic = Plain(), Critic()
    by_maker = torch.optim.Adam(maker.parameters(), 2e-4, (0.5, 0.999))
    by_critic = torch.optim.Adam(critic.parameters(), 2e-4, (0.5, 0.999))
    start, step = time.time(), 0
    while time.time() - start < minutes * 60:
        rows = rng.integers(0, len(mood), 64)
        unit = torch.from_numpy(mood[rows].astype(np.float32) / 255)
        real, fake = coloured(roles[rows], mood[rows]), maker(torch.randn(64, NOISE), unit)
        loss = F.softplus(-critic(real, unit)).mean() + F.softplus(critic(fake.detach(), unit)).mean()
        by_critic.zero_grad(set_to_none=True)
        loss.backward()
        by_critic.step()
        loss = F.softplus(-critic(fake, unit)).mean()
        by_maker.zero_grad(set_to_none=True)
        loss.backward()
        by_maker.step()
        step += 1
    print(f"plain: {step} steps in {minutes} minutes")
    return maker.eval()


def draw(maker, mood, seed):
    """Roles [n, 32, 32] of the plain generator, by the nearest colour of each stone's palette."""
    torch.manual_seed(seed)
    parts = []
    for i in range(0, len(mood), 200):
        m = mood[i : i + 200]
        with torch.no_grad():
            rgb = maker(torch.randn(len(m), NOISE), torch.from_numpy(m.astype(np.float32) / 255))
        rgb = ((rgb + 1) * 127.5).permute(0, 2, 3, 1).numpy()
        colours = palettes(m).astype(np.float32)
        distance = ((rgb[:, :, :, None] - colours[:, None, None]) ** 2).sum(-1)
        parts.append(distance.argmin(-1).astype(np.uint8))
    return np.concatenate(parts)


def marginal(mood, roles, wanted, seed):
    """Each pixel drawn by itself, given the strongest mood (or none)."""
    rng = np.random.default_rng(seed)

    def kind(m):
        return np.where(m.max(1) < 64, 8, m.argmax(1))

    out = np.empty((len(wanted), 32, 32), np.uint8)
    for k in range(9):
        known, asked = np.flatnonzero(kind(mood) == k), np.flatnonzero(kind(wanted) == k)
        picked = rng.choice(known, (len(asked), 32, 32))
        out[asked] = roles[picked, np.arange(32)[None, :, None], np.arange(32)[None, None]]
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = np.load(options.corpus)
    maker = train(data["mood"], data["roles"], options.minutes, options.seed)
    torch.save(maker.state_dict(), options.out)


if __name__ == "__main__":
    main()
