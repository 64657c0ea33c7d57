"""The command line every training script shares, and atomic saving."""

import argparse
import os
import random

import numpy as np


def arguments(text):
    """DATA_FOLDER --minutes N --seed S --out FILE --work FOLDER [--start FILE]; seeds the generators."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("data")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--start", help="trained weights to go on from (gist.py, deep.py)")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    random.seed(options.seed)
    np.random.seed(options.seed)
    return options


def save(path, arrays):
    """Writes an .npz in one step."""
    with open(path + ".part", "wb") as handle:
        np.savez(handle, **arrays)
    os.replace(path + ".part", path)
