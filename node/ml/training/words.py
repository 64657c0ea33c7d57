"""Word lists as hashes: writes `words.bin` for the parser's floor under tone and its sexual flag.

    python words.py DATA_FOLDER --out FILE

Reads the sets `profanity_en` (MIT; severity and categories) and `ldnoobw` (CC BY 4.0; 12 languages, no categories). Only hashes of
the terms are written, sorted: 8 bytes of FNV-1a (see features.py), 1 byte of floor in 255ths, 1 byte of flags (1 = sexual).
"""

import argparse
import csv
import pathlib
import struct

from features import FNV_OFFSET, FNV_PRIME, MASK64, words

LANGUAGES = ["en", "zh", "es", "de", "fr", "pt", "it", "ru", "hi", "ja", "ko", "tr"]
# Floors: a mild word alone veils nothing, a severe one does.
FLOOR_BY_SEVERITY = {1: 0.35, 2: 0.60, 3: 0.80}
FLOOR_UNRATED = 0.55
SEXUAL = "sexual anatomy / sexual acts"


def hash_of(term):
    """The hash of a term: its words with one space between, after the key byte `l`."""
    value = FNV_OFFSET
    for byte in b"l" + " ".join(words(term)).encode():
        value = ((value ^ byte) * FNV_PRIME) & MASK64
    return value ^ (value >> 32)


def english(folder):
    """(term, floor, sexual) of the rated English list."""
    with open(folder / "profanity_en" / "profanity_en.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            severity = min(3, max(1, round(float(row["severity_rating"]))))
            sexual = severity >= 2 and SEXUAL in (row["category_1"], row["category_2"], row["category_3"])
            yield row["text"], FLOOR_BY_SEVERITY[severity], sexual


def unrated(folder):
    """(term, floor, sexual) of the other languages."""
    for language in LANGUAGES[1:]:
        for term in (folder / "ldnoobw" / language).read_text(encoding="utf-8").splitlines():
            yield term, FLOOR_UNRATED, False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    entries = {}
    for term, floor, sexual in [*english(arguments.data), *unrated(arguments.data)]:
        parts = words(term)
        wide = any(letter >= "\u2e80" for letter in term)
        # One letter, or a number, says nothing.
        if not parts or all(part.isdigit() for part in parts) or (len("".join(parts)) < (2 if wide else 3)):
            continue
        key = hash_of(term)
        old_floor, old_sexual = entries.get(key, (0.0, False))
        entries[key] = (max(floor, old_floor), sexual or old_sexual)
    packed = b"".join(
        struct.pack("<QBB", key, round(floor * 255), int(sexual)) for key, (floor, sexual) in sorted(entries.items())
    )
    arguments.out.write_bytes(packed)
    print(f"{len(entries)} terms, {len(packed)} bytes")


if __name__ == "__main__":
    main()
