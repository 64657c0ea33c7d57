"""Writes the weights and the parity figures: python export.py FINAL.pt --out ../../../../assets/generator

generator.safetensors (int8 weights, i32 biases, u8 shifts; the metadata key `generator` holds format and art version as JSON),
parity.json (stones of fixed seeds, by the integer reference and the palette), and BLAKE3SUMS over the first.
"""

import argparse
import json
import pathlib

import numpy as np
from blake3 import blake3
from safetensors.numpy import save_file

from integer import integers, load, roles
from painter import moods
from palette import palette
from seeds import numbers
from tidy import tidy

FORMAT, ART = 1, 1
FILE = "generator.safetensors"
PARITY = 48


def parity(arrays):
    """Seeds, moods and what must come out of them."""
    rng = np.random.default_rng(11)
    seeds = [blake3(b"parity" + bytes([k])).digest() for k in range(PARITY)]
    mood = moods(rng, PARITY)
    mood[:8] = np.eye(8, dtype=np.uint8) * 255
    mood[8] = 0
    z = np.stack([numbers(seed) for seed in seeds])
    raw = roles(arrays, z, mood)
    clean = tidy(raw)
    rows = zip(seeds, mood, z, raw, clean)
    return [{
        "seed": seed.hex(), "mood": m.tolist(), "numbers": blake3(n.tobytes()).hexdigest(), "raw": blake3(r.tobytes()).hexdigest(),
        "roles": blake3(c.tobytes()).hexdigest(), "palette": palette(m, seed[0]).reshape(-1).tolist(),
    } for seed, m, n, r, c in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    folder = pathlib.Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.ascontiguousarray(array) for name, array in integers(load(options.trained)).items()}
    save_file(arrays, folder / FILE, {"generator": json.dumps({"format": FORMAT, "art": ART})})
    (folder / "parity.json").write_text(json.dumps(parity(arrays)) + "\n")
    data = (folder / FILE).read_bytes()
    (folder / "BLAKE3SUMS").write_text(f"{blake3(data).hexdigest()}  {FILE}\n")
    count = sum(array.size for array in arrays.values())
    print(f"{count} numbers, {len(data)} bytes, {blake3(data).hexdigest()}")


if __name__ == "__main__":
    main()
