"""Reads the data folder: emotion and toxicity sets, parallel groups, texts by language, and the held-out splits.

Every split is by text (a hash of the words of a line), never by row: the same line recurs
in other sets and, translated, in other languages.
"""

import csv
import hashlib
import html
import os
import pickle
import random
import re

import numpy as np

from features import hash_many, words

LANGUAGES = ["en", "zh", "es", "de", "fr", "pt", "it", "ru", "hi", "ja", "ko", "tr"]
EKMAN = ["anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral"]
BRIGHTER = ["anger", "disgust", "fear", "joy", "sadness", "surprise"]
MOODS = ["anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust"]
BRIGHTER_FILES = {"eng": "en", "esp": "es", "chn": "zh", "deu": "de", "ptbr": "pt", "rus": "ru", "hin": "hi",
                  "ukr": "uk", "ron": "ro", "swe": "sv", "arq": "ar", "ary": "ar", "ptmz": "pt"}
STSB = ["en", "es", "it", "de", "fr", "pt", "ru", "zh", "ja", "nl", "pl"]
STSB_EXAM = STSB[:9]
XED_PARALLEL = {"de": "de", "es": "es", "fr": "fr", "it": "it", "ja": "ja", "nl": "nl", "pl": "pl", "pt": "pt", "pt_br": "pt",
                "ru": "ru", "tr": "tr", "ze_zh": "zh", "zh_cn": "zh", "zh_tw": "zh", "ar": "ar", "vi": "vi", "id": "id"}
XED_PROJECTIONS = {"br": "pt", "cn": "zh", "de": "de", "es": "es", "fr": "fr", "it": "it", "ja": "ja", "pt": "pt", "ru": "ru",
                   "tr": "tr", "tw": "zh", "zh": "zh", "pl": "pl", "nl": "nl", "ar": "ar", "sv": "sv"}


def key(text):
    """What two lines must share to count as the same text."""
    return "".join(words(text))


def share(text_key, salt):
    """A number in 0..1 that depends on the key alone: the basis of every split."""
    return int.from_bytes(hashlib.blake2b((salt + text_key).encode(), digest_size=4).digest(), "big") / 2**32


def folds(keys, many, salt="fold"):
    """Fold of each line by its key, so that equal lines share one."""
    return np.array([int(share(one, salt) * many) for one in keys])


def table(path, **options):
    with open(path, encoding="utf-8-sig", newline="") as handle:
        yield from csv.DictReader(handle, **options)


def lines(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read().split("\n")


def multi_hot(ids, many):
    row = np.zeros(many, dtype=np.float32)
    row[ids] = 1
    return row


def brighter(root, split):
    """(texts, labels [n, 6] with NaN where unlabelled, languages, file codes)."""
    texts, labels, languages, codes = [], [], [], []
    for code, language in BRIGHTER_FILES.items():
        for row in table(f"{root}/brighter/track_a/{split}/{code}.csv"):
            try:
                values = [float(row[name]) if row.get(name) not in (None, "") else np.nan for name in BRIGHTER]
            except ValueError:
                continue
            texts.append(row["text"])
            labels.append(values)
            languages.append(language)
            codes.append(code)
    return texts, np.array(labels, dtype=np.float32), np.array(languages), np.array(codes)


def goemotions_labels(root):
    return [line for line in lines(f"{root}/goemotions/labels.txt") if line]


def goemotions(root, split):
    """(texts, labels [n, 28], Ekman labels [n, 7])."""
    import json

    names = goemotions_labels(root)
    mapping = json.load(open(f"{root}/goemotions/mapping.json"))["ekman"]
    to_ekman = np.zeros((28, 7), dtype=np.float32)
    for index, name in enumerate(names):
        for target in mapping[name]:
            to_ekman[index, EKMAN.index(target)] = 1
    texts, labels = [], []
    for line in lines(f"{root}/goemotions/{split}.tsv"):
        part = line.split("\t")
        if len(part) >= 2 and part[1]:
            texts.append(part[0])
            labels.append(multi_hot([int(one) for one in part[1].split(",")], 28))
    labels = np.array(labels)
    return texts, labels, (labels @ to_ekman > 0).astype(np.float32)


def kote(root):
    texts, labels = [], []
    for name in ("val", "test"):
        for line in lines(f"{root}/kote/{name}.tsv"):
            part = line.split("\t")
            if len(part) == 3:
                texts.append(part[1])
                labels.append(multi_hot([int(one) for one in part[2].split(",")], 44))
    return texts, np.array(labels)


def spaced(text):
    """Joins what a tokeniser took apart before punctuation and apostrophes."""
    return re.sub(r"\s+([.,!?;:'…])", r"\1", re.sub(r"\s+n't\b", "n't", text)).strip()


def xed_rows(path):
    for line in lines(path):
        part = line.rsplit("\t", 1)
        if len(part) == 2 and re.fullmatch(r"[1-8](,\s*[1-8])*", part[1].strip()):
            yield part[0], multi_hot([int(one) - 1 for one in part[1].split(",")], 8)


def xed_english(root):
    """Annotated and neutral English lines: (texts, moods [n, 8])."""
    texts, labels = [], []
    for text, moods in xed_rows(f"{root}/xed/annotated/en-annotated.tsv"):
        texts.append(spaced(text))
        labels.append(moods)
    for line in lines(f"{root}/xed/annotated/neu_en.txt"):
        part = line.split("\t")
        if len(part) >= 2:
            texts.append(spaced(part[1]))
            labels.append(np.zeros(8, dtype=np.float32))
    return texts, np.array(labels)


def xed_parallel(root):
    """(language, English or other source line, translation) of every parallel line."""
    for code, language in XED_PARALLEL.items():
        for line in lines(f"{root}/xed/parallel/en-{code}.tsv"):
            part = line.split("\t")
            if len(part) == 2 and part[0].strip() and part[1].strip():
                yield language, spaced(part[0]), part[1].strip()


def xed_projected(root):
    """(texts, moods, languages) of the projections (the English one included)."""
    texts, labels, languages = [], [], []
    for code, language in list(XED_PROJECTIONS.items()) + [("en", "en")]:
        name = "tr-projections2" if code == "tr" else f"{code}-projections"
        for text, moods in xed_rows(f"{root}/xed/projections/{name}.tsv"):
            texts.append(spaced(text))
            labels.append(moods)
            languages.append(language)
    return texts, np.array(labels), np.array(languages)


def cold(root, split):
    rows = list(table(f"{root}/cold/{split}.csv"))
    return [row["TEXT"] for row in rows], np.array([[float(row["label"])] for row in rows], dtype=np.float32)


def davidson(root):
    """(texts, offensive or hate = 1)."""
    rows = list(table(f"{root}/davidson/labeled_data.csv"))
    texts = [re.sub(r"\bRT\b|@\w+:?|https?://\S+", " ", html.unescape(row["tweet"])) for row in rows]
    return texts, np.array([[float(row["class"] != "2")] for row in rows], dtype=np.float32)


def stsb(root, split):
    """{language: [(left, right, score 0..5)]}, aligned by line across languages."""
    found = {}
    for language in STSB:
        with open(f"{root}/stsb_multi_mt/stsb-{language}-{split}.csv", encoding="utf-8", newline="") as handle:
            found[language] = [(row[0], row[1], float(row[2])) for row in csv.reader(handle)]
    return found


def unspaced(text):
    return text.replace(" ", "").strip()


def english_tanaka(text):
    return re.sub(r"\s+([.,!?;:])", r"\1", re.sub(r" (n?'\w+)", r"\1", text)).strip()


def tanaka(root, split):
    left, right = lines(f"{root}/tanaka_enja/{split}.en"), lines(f"{root}/tanaka_enja/{split}.ja")
    return [(english_tanaka(a), unspaced(b)) for a, b in zip(left, right) if a.strip() and b.strip()]


def tatoeba(root, language):
    path = f"{root}/tatoeba_enzh/cmn.txt" if language == "zh" else f"{root}/tatoeba_pairs/en-{language}.tsv"
    found = [line.split("\t") for line in lines(path)]
    return [(part[0], part[1]) for part in found if len(part) >= 2 and part[0] and part[1]]


def cached(work, name, build):
    """The pickled result of `build()`, kept in the work folder."""
    os.makedirs(work, exist_ok=True)
    path = f"{work}/{name}.pickle"
    if os.path.exists(path):
        with open(path, "rb") as handle:
            return pickle.load(handle)
    value = build()
    with open(path + ".part", "wb") as handle:
        pickle.dump(value, handle, protocol=4)
    os.replace(path + ".part", path)
    return value


def texts_by_language(root):
    """{language: list of distinct texts} for language identification; other languages under their own code."""
    found = {}

    def add(language, text):
        text = text.strip()
        if len(text) >= 2:
            found.setdefault(language, {})[key(text)] = text

    for split in ("train", "dev"):
        texts, _, languages, _ = brighter(root, split)
        for text, language in zip(texts, languages):
            add(language, text)
        for language, rows in stsb(root, split).items():
            for left, right, _ in rows:
                add(language, left)
                add(language, right)
        for text in goemotions(root, split)[0]:
            add("en", text)
        for left, right in tanaka(root, split):
            add("en", left)
            add("ja", right)
    for language in ("zh", "hi", "ko"):
        for left, right in tatoeba(root, language):
            add("en", left)
            add(language, right)
    for text in kote(root)[0]:
        add("ko", text)
    for language, _, right in xed_parallel(root):
        add(language, right)
    for text in xed_english(root)[0]:
        add("en", text)
    for text in cold(root, "train")[0][:8000]:
        add("zh", text)
    return {language: [text for name, text in sorted(rows.items()) if name] for language, rows in found.items()}
