"""Tokens of a window and their hashed features: the contract of the deep branch with `meteorite-ml`.

`token_features` is the readable reference, `tokenise` the fast batch form (same result); see README.md.
"""

from typing import NamedTuple

import numpy as np

from features import PAD, SINGLES_FROM, _char_grams, fnv, fold, words

TOKENS = 128
FEATURES = 64


def is_ideographic(char):
    """True for the code points that are tokens of their own: Han, kana, radicals, Yi; not Hangul."""
    code = ord(char)
    return 0x2E80 <= code <= 0xA4CF or 0xF900 <= code <= 0xFAFF or code >= 0x20000


def pieces(word):
    """Tokens of a word in order: (place in the word, "") of an ideographic one, (-1, run) of every run between them."""
    found, start = [], 0
    for place, char in enumerate(word):
        if is_ideographic(char):
            if start < place:
                found.append((-1, word[start:place]))
            found.append((place, ""))
            start = place + 1
    if start < len(word):
        found.append((-1, word[start:]))
    return found


def _gram(text):
    return fold(fnv(b"c" + text.encode()))


def token_features(text):
    """Folded hashes of the features of every token of a text, in order (the reference)."""
    found = []
    for word in words(text):
        for place, run in pieces(word):
            if len(found) == TOKENS:
                return found
            padded = PAD + (run or word) + PAD
            if run:
                grams = [fold(fnv(b"w" + run.encode()))]
                for size in range(1, 6):
                    starts = [at for at in range(len(padded) - size + 1) if size > 1 or ord(padded[at]) >= SINGLES_FROM]
                    grams += [_gram(padded[at : at + size]) for at in starts]
            else:
                at = place + 1
                grams = [_gram(padded[start : start + size]) for size in (1, 2, 3)
                         for start in range(max(0, at - size + 1), min(at, len(padded) - size) + 1)]
            found.append(grams[:FEATURES])
    return found


def _add(sizes, hashes, own):
    """Appends the features of a token; its id."""
    sizes.append(len(own))
    hashes.append(own)
    return len(sizes) - 1


def _around(at, length, singles):
    """Places in `_char_grams` of a padded word of the 1, 2, 3-grams that contain code point `at`."""
    pairs = singles[-1]
    triples = pairs + length - 1
    last = min(at, length - 3)
    return [singles[at] - 1, pairs + at - 1, pairs + at] + [triples + start for start in range(max(0, at - 2), last + 1)]


class Tokens(NamedTuple):
    """Token ids of texts (`texts` offsets into `ids`) and features of tokens (`offsets` into `hashes`)."""

    texts: np.ndarray
    ids: np.ndarray
    offsets: np.ndarray
    hashes: np.ndarray


def tokenise(texts, chunk=20000):
    """`token_features` of many texts as `Tokens`; equal words share their token ids within a chunk."""
    counts, ids, sizes, hashes = [], [], [], []
    for begin in range(0, len(texts), chunk):
        part = [words(text) for text in texts[begin : begin + chunk]]
        listed, runs, mixed = {}, {}, {}
        for word in (word for line in part for word in line[:TOKENS]):
            if word in listed:
                continue
            listed[word] = split = pieces(word)
            for place, run in split:
                (runs.setdefault(run, len(runs)) if run else mixed.setdefault(word, len(mixed)))
        known = {}
        if runs:
            starts, grams = _char_grams(list(runs))
            for run, at in runs.items():
                own = np.concatenate([[np.uint32(fold(fnv(b"w" + run.encode())))], grams[starts[at] : starts[at + 1]]])[:FEATURES]
                known[run] = _add(sizes, hashes, own)
        if mixed:
            starts, grams = _char_grams(list(mixed))
        token_of = {}
        for word, split in listed.items():
            own = None
            found = []
            for place, run in split:
                if run:
                    found.append(known[run])
                    continue
                if own is None:
                    at = mixed[word]
                    own = grams[starts[at] : starts[at + 1]]
                    padded = PAD + word + PAD
                    singles = np.cumsum([ord(char) >= SINGLES_FROM for char in padded])
                found.append(_add(sizes, hashes, own[_around(place + 1, len(padded), singles)]))
                if len(found) == TOKENS:
                    break
            token_of[word] = found
        for line in part:
            row = []
            for word in line:
                row += token_of.get(word, ())
                if len(row) >= TOKENS:
                    break
            ids.extend(row[:TOKENS])
            counts.append(min(len(row), TOKENS))
    ends = lambda sizes: np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    joined = np.concatenate(hashes).astype(np.uint32) if hashes else np.zeros(0, np.uint32)
    return Tokens(ends(counts), np.array(ids, dtype=np.int64), ends(sizes), joined)


if __name__ == "__main__":
    from parity import LINES

    trials = LINES + ["漢", "あ1い2b𠀀c", "x" * 300, "字" * 300, "한국어 말", "a" + "语" + "b" * 70, "न हीं " * 90]
    found = tokenise(trials, chunk=7)
    for index, trial in enumerate(trials):
        mine = [found.hashes[found.offsets[one] : found.offsets[one + 1]].tolist() for one in found.ids[found.texts[index] : found.texts[index + 1]]]
        assert mine == token_features(trial), index
    print("tokens: reference and batch agree on", len(trials), "texts")
