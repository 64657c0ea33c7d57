"""Writes `BLAKE3SUMS` beside the exported files: python sums.py ASSETS_FOLDER"""

import pathlib
import sys

from blake3 import blake3

FILES = ["parser.safetensors", "words.bin"]


def main():
    folder = pathlib.Path(sys.argv[1])
    lines = [f"{blake3((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES]
    (folder / "BLAKE3SUMS").write_text("".join(lines))


if __name__ == "__main__":
    main()
