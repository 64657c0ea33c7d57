"""From a stone's seed to its random numbers: the same bytes as `meteorite-ml::generator::seed`.

BLAKE3's extendable output over the label and the seed gives one byte for each number; a table of 256 integers turns a byte
into a draw from a normal distribution (standard deviation 48, cut at 127). Nothing here is a float, so that every device draws
the same numbers.
"""

import numpy as np
from blake3 import blake3

LABEL = b"meteorite/1/stone"
GLOBALS = 32
"""Numbers that shape the whole stone."""
COARSE = (6, 4, 4)
"""Channels, rows, columns: one place is 8 x 8 pixels."""
FINE = (3, 8, 8)
"""Channels, rows, columns: one place is 4 x 4 pixels."""
NUMBERS = GLOBALS + 6 * 16 + 3 * 64


def normal_table():
    """The 256 integers, rising: round(48 * inverse normal of (i + .5) / 256)."""
    from statistics import NormalDist

    return np.array([round(48 * NormalDist().inv_cdf((i + 0.5) / 256)) for i in range(256)], np.int16).clip(-127, 127).astype(np.int8)


TABLE = normal_table()


def numbers(seed):
    """The numbers of one 32-byte seed, int8 [NUMBERS]."""
    stream = blake3(LABEL + seed).digest(length=NUMBERS)
    return TABLE[np.frombuffer(stream, np.uint8)]


def draw(rng, count):
    """As many sets of numbers, int8 [count, NUMBERS], from a numpy generator: the same distribution as from seeds."""
    return TABLE[rng.integers(0, 256, (count, NUMBERS))]


def split(z):
    """Globals [n, 32], coarse [n, 6, 4, 4], fine [n, 3, 8, 8]."""
    n = len(z)
    a, b = GLOBALS, GLOBALS + 96
    return z[:, :a], z[:, a:b].reshape(n, *COARSE), z[:, b:].reshape(n, *FINE)
