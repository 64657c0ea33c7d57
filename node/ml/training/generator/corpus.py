"""Paints the corpus: python corpus.py --out FILE.npz --count 60000 --seed 7

Moods uint8 [n, 8], numbers int8 [n, NUMBERS], roles uint8 [n, 32, 32].
"""

import argparse

import numpy as np

from painter import moods, paint
from seeds import draw

BATCH = 500


def corpus(count, seed):
    """Moods, numbers and roles of `count` stones; the same for the same seed."""
    rng = np.random.default_rng(seed)
    mood, numbers = moods(rng, count), draw(rng, count)
    roles = [paint(mood[i : i + BATCH], numbers[i : i + BATCH]) for i in range(0, count, BATCH)]
    return mood, numbers, np.concatenate(roles)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--count", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    mood, numbers, roles = corpus(options.count, options.seed)
    np.savez_compressed(options.out, mood=mood, numbers=numbers, roles=roles)
    body = (roles > 0).mean((1, 2))
    print(f"{options.count} stones, coverage {body.mean():.3f} ({body.min():.2f} to {body.max():.2f})")


if __name__ == "__main__":
    main()
