"""Hashed n-gram features: the contract between the training scripts and `meteorite-ml`.

The Rust side re-implements exactly what this file does; see README.md for the text of
the contract and `assets/parser/parity.json` for the fixed inputs both sides must agree on.
`raw_hashes` is the readable reference, `hash_many` the fast batch form (same result).
"""

import math
import string
import unicodedata

import numpy as np
import scipy.sparse as sp

FNV_OFFSET = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3
MASK64 = 0xFFFFFFFFFFFFFFFF
LIMIT = 6000
PAD = "\u0001"
MARKS = "!?¡¿"
SINGLES_FROM = 0x2E80
"""Single code points from here on are features too: Chinese and Japanese words are long, and longer n-grams never see a character alone."""
EXTRA = set("¡¿«»“”‘’…·")
PUNCTUATION = set(string.punctuation) - {"'"}


def is_separator(char):
    """True where a word ends: white space, Cc, Cf, ASCII punctuation but the apostrophe, and some more."""
    code = ord(char)
    return (
        char.isspace()
        or unicodedata.category(char) in ("Cc", "Cf")
        or char in PUNCTUATION
        or 0x2000 <= code <= 0x206F
        or 0x3000 <= code <= 0x303F
        or char in EXTRA
    )


class _Separators(dict):
    def __missing__(self, char):
        self[char] = value = is_separator(char)
        return value


_SEPARATORS = _Separators()


def words(text):
    """Words in order: maximal runs of non-separators, and each of ! ? ¡ ¿ as a word of its own."""
    text = unicodedata.normalize("NFKC", text).lower()
    found, start = [], None
    for place, char in enumerate(text):
        if _SEPARATORS[char]:
            if start is not None:
                found.append(text[start:place])
                start = None
            if char in MARKS:
                found.append(char)
        elif start is None:
            start = place
    if start is not None:
        found.append(text[start:])
    return found


def fnv(data, state=FNV_OFFSET):
    """FNV-1a, 64 bits, over bytes."""
    for byte in data:
        state = ((state ^ byte) * FNV_PRIME) & MASK64
    return state


def fold(state):
    """The 32 bits a bucket is taken from: (h ^ h >> 32) & 0xFFFFFFFF."""
    return (state ^ (state >> 32)) & 0xFFFFFFFF


def raw_hashes(text, limit=LIMIT):
    """Folded hashes of the features of a text, in order, at most `limit` of them (the reference)."""
    found, previous = [], None
    for word in words(text):
        found.append(fold(fnv(b"w" + word.encode())))
        if previous is not None:
            found.append(fold(fnv(b"b" + previous.encode() + b" " + word.encode())))
        previous = word
        padded = PAD + word + PAD
        for size in range(1, 6):
            for start in range(len(padded) - size + 1):
                if size == 1 and ord(padded[start]) < SINGLES_FROM:
                    continue
                found.append(fold(fnv(b"c" + padded[start : start + size].encode())))
                if len(found) >= limit:
                    return found[:limit]
        if len(found) >= limit:
            return found[:limit]
    return found[:limit]


def vector(text, buckets):
    """Sorted buckets and their values: ln(1 + count), L2-normalised (double precision)."""
    counts = {}
    for value in raw_hashes(text):
        bucket = value & (buckets - 1)
        counts[bucket] = counts.get(bucket, 0) + 1
    order = sorted(counts)
    values = [math.log(1 + counts[bucket]) for bucket in order]
    norm = math.sqrt(sum(value * value for value in values)) or 1.0
    return order, [value / norm for value in values]


_SEED_C = fnv(b"c")
_SEED_W = fnv(b"w")
_SEED_B = fnv(b"b")


def _char_grams(vocabulary):
    """Folded hashes of the 1..5-grams of every padded word (single code points from SINGLES_FROM on): (offsets, hashes), n then position within a word."""
    padded = [PAD + word + PAD for word in vocabulary]
    lengths = np.array([len(word) for word in padded], dtype=np.int64)
    codes = np.frombuffer("".join(padded).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    total = len(codes)
    size = np.where(codes < 0x80, 1, np.where(codes < 0x800, 2, np.where(codes < 0x10000, 3, 4)))
    bytes_ = np.zeros((4, total), dtype=np.uint64)
    low = lambda shift: ((codes >> np.uint64(shift)) & np.uint64(0x3F)) | np.uint64(0x80)
    for many, lead in ((1, 0x00), (2, 0xC0), (3, 0xE0), (4, 0xF0)):
        at = size == many
        bytes_[0][at] = (codes[at] >> np.uint64(6 * (many - 1))) | np.uint64(lead)
        for index in range(1, many):
            bytes_[index][at] = low(6 * (many - 1 - index))[at]
    ends = np.cumsum(lengths)
    word_of = np.repeat(np.arange(len(padded)), lengths)
    left = ends[word_of] - np.arange(total)
    prime = np.uint64(FNV_PRIME)
    state = np.full(total, _SEED_C, dtype=np.uint64)
    grams, owners, keys = [], [], []
    for step in range(5):
        alive = np.flatnonzero(left > step)
        if not len(alive):
            break
        here = alive + step
        value = state[alive]
        for index in range(4):
            on = size[here] > index
            value = np.where(on, (value ^ bytes_[index][here]) * prime, value)
        state[alive] = value
        if step == 0:
            alive = alive[codes[alive] >= SINGLES_FROM]
            value = state[alive]
        grams.append(((value ^ (value >> np.uint64(32))) & np.uint64(0xFFFFFFFF)).astype(np.uint32))
        owners.append(word_of[alive])
        keys.append(np.full(len(alive), step))
    grams, owners, keys = map(np.concatenate, (grams, owners, keys))
    order = np.lexsort((keys, owners))
    counts = np.bincount(owners, minlength=len(padded))
    return np.concatenate([[0], np.cumsum(counts)]), grams[order]


def hash_many(texts, chunk=20000):
    """`raw_hashes` of many texts: (offsets int64 [n + 1], hashes uint32)."""
    all_counts, all_hashes = [], []
    for begin in range(0, len(texts), chunk):
        part = [words(text) for text in texts[begin : begin + chunk]]
        vocabulary = {}
        for line in part:
            for word in line:
                vocabulary.setdefault(word, len(vocabulary))
        if not vocabulary:
            all_counts.append(np.zeros(len(part), dtype=np.int64))
            continue
        listed = list(vocabulary)
        offsets, grams = _char_grams(listed)
        encoded = [word.encode() for word in listed]
        single = [fold(fnv(word, _SEED_W)) for word in encoded]
        bigram_state = {}
        pieces, counts = [], []
        for line in part:
            total, previous, mine = 0, None, []
            for word in line:
                place = vocabulary[word]
                head = [single[place]]
                if previous is not None:
                    state = bigram_state.get(previous)
                    if state is None:
                        state = bigram_state[previous] = fnv(encoded[previous] + b" ", _SEED_B)
                    head.append(fold(fnv(encoded[place], state)))
                previous = place
                mine.append(np.array(head, dtype=np.uint32))
                mine.append(grams[offsets[place] : offsets[place + 1]])
                total += len(head) + len(mine[-1])
                if total >= LIMIT:
                    break
            if mine:
                pieces.append(np.concatenate(mine)[:LIMIT])
            counts.append(min(total, LIMIT))
        all_counts.append(np.array(counts, dtype=np.int64))
        all_hashes.extend(pieces)
    counts = np.concatenate(all_counts) if all_counts else np.zeros(0, dtype=np.int64)
    hashes = np.concatenate(all_hashes) if all_hashes else np.zeros(0, dtype=np.uint32)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), hashes


def matrix(hashed, buckets):
    """CSR matrix (float32) of the feature values of hashed texts."""
    offsets, hashes = hashed
    data = np.ones(len(hashes), dtype=np.float32)
    out = sp.csr_matrix(((data, (hashes & np.uint32(buckets - 1)).astype(np.int32), offsets)), shape=(len(offsets) - 1, buckets))
    out.sum_duplicates()
    out.data = np.log1p(out.data.astype(np.float64))
    squares = np.zeros(out.shape[0])
    rows = np.repeat(np.arange(out.shape[0]), np.diff(out.indptr))
    np.add.at(squares, rows, out.data**2)
    norm = np.sqrt(squares)
    norm[norm == 0] = 1.0
    out.data = (out.data / norm[rows]).astype(np.float32)
    return out


def features(texts, buckets):
    """`matrix(hash_many(texts), buckets)`."""
    return matrix(hash_many(list(texts)), buckets)


if __name__ == "__main__":
    trials = ["", "!?", "Hello, World! It's 5 o'clock…", "Привет, мир", "今日は、いい天気ですね。", "a😀b 🧑‍🚀 ¡Hola! \u0001x", "न हीं " * 900, "x" * 3000]
    offsets, hashes = hash_many(trials)
    for index, trial in enumerate(trials):
        assert raw_hashes(trial) == hashes[offsets[index] : offsets[index + 1]].tolist(), index
        row = features([trial], 1 << 15)
        order, values = vector(trial, 1 << 15)
        assert row.indices.tolist() == order and np.allclose(row.data, values, atol=1e-6), index
    print("features: reference and batch agree on", len(trials), "texts")
