"""Writes assets/parser/parser.safetensors (int8), runs every exam on the int8 weights, writes FIGURES.md and parity.json.

export.py DATA_FOLDER --minutes N --seed S --out FILE --work FOLDER
"""

import json
import os
import time

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

import gist
import langid
from command import arguments
from data import LANGUAGES, cached
from features import LIMIT, matrix, vector
from fit import calibration_error, floor_f1, macro_f1, sigmoid, switch_on
from wide import READERS

HERE = os.path.dirname(os.path.abspath(__file__))
EXAM_LANGUAGES = ["en", "es", "zh", "de", "pt", "ru", "hi"]


def quantise(weight, x=None):
    """(int8, scale per column). With rows x, the clipping that changes their logits least is chosen per column."""
    top = np.abs(weight).max(0)
    top[top == 0] = 1
    best, best_error = np.ones(weight.shape[1]), np.full(weight.shape[1], np.inf)
    true = x @ weight if x is not None else None
    for clip in (1.0, 0.8, 0.6, 0.45, 0.35, 0.25, 0.18) if x is not None else (1.0,):
        scale = top * clip / 127
        small = np.clip(np.round(weight / scale), -127, 127)
        error = ((x @ (small * scale).astype(np.float32) - true) ** 2).mean(0) if x is not None else np.zeros(weight.shape[1])
        better = error < best_error
        best[better], best_error[better] = clip, error[better]
    scale = (top * best / 127).astype(np.float32)
    return np.clip(np.round(weight / scale), -127, 127).astype(np.int8), scale


class Parser:
    """The int8 file as the application reads it."""

    def __init__(self, path):
        with safe_open(path, "np") as file:
            self.facts = json.loads(file.metadata()["parser"])
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}
        self.heads = {head["name"]: head for head in self.facts["heads"]}

    def linear(self, name, x, kind="weight"):
        part = x.astype(np.float64) @ self.tensors[f"{name}.{kind}"].astype(np.float64)
        return self.tensors[f"{name}.bias"] + self.tensors[f"{name}.scale"] * part

    def head(self, name, x):
        """Calibrated probabilities."""
        pairs = np.array(self.heads[name]["platt"])
        return sigmoid(self.linear(f"wide.{name}", x) * pairs[:, 0] + pairs[:, 1])

    def language(self, x):
        z = self.linear("langid", x) / self.facts["langid"]["temperature"]
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def gist(self, x):
        return gist.int8(self.linear("gist", x, "table"))


def write(options):
    """The tensors and the metadata of the file."""
    tensors, heads = {}, []
    trained = np.load(f"{options.work}/wide.npz")
    facts = json.load(open(f"{options.work}/wide.npz.json"))
    for name, fact in facts.items():
        rows = cached(options.work, f"wide_{name}", lambda: READERS[name](options.data))
        x = matrix(rows["train_hash"], fact["buckets"])
        x = x[np.random.default_rng(options.seed).permutation(x.shape[0])[:4000]]
        small, scale = quantise(trained[f"{name}.weight"], x)
        tensors |= {f"wide.{name}.weight": small, f"wide.{name}.scale": scale, f"wide.{name}.bias": trained[f"{name}.bias"].astype(np.float32)}
        rounded = {key: [round(value, 4) for value in row] for key, row in fact["threshold"].items()}
        heads.append({"name": name, "buckets": fact["buckets"], "labels": fact["labels"], "platt": [[round(a, 5), round(b, 5)] for a, b in fact["platt"]],
                      "threshold": rounded})
    known = np.load(f"{options.work}/langid.npz")
    rows, _, _ = cached(options.work, f"langid_rows_{options.seed}", lambda: langid.sample(options.data, options.seed))
    from features import hash_many

    x = matrix(hash_many([text for text, _ in rows[:: max(1, len(rows) // 6000)]]), known["weight"].shape[0])
    small, scale = quantise(known["weight"], x)
    tensors |= {"langid.weight": small, "langid.scale": scale, "langid.bias": known["bias"].astype(np.float32)}
    table = np.load(f"{options.work}/gist.npz")["table"]
    _, _, _, _, hashed = cached(options.work, "gist_corpus", lambda: gist.corpus(options.data, options.work))
    x = matrix(hashed, table.shape[0])
    x = x[np.random.default_rng(options.seed).permutation(x.shape[0])[:6000]]
    small, scale = quantise(table, x)
    tensors |= {"gist.table": small, "gist.scale": scale, "gist.bias": np.zeros(table.shape[1], dtype=np.float32)}
    meta = {"format": 1, "heads": heads, "langid": {"buckets": int(known["weight"].shape[0]), "languages": LANGUAGES, "temperature": round(float(known["temperature"]), 5)},
            "gist": {"buckets": int(table.shape[0])}}
    os.makedirs(os.path.dirname(options.out), exist_ok=True)
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, options.out + ".part", {"parser": json.dumps(meta, sort_keys=True)})
    os.replace(options.out + ".part", options.out)


def out_of_fold(head, rows, out):
    """Macro-F1 of the out-of-fold logits; the mean over languages where there are several."""
    at = rows["judged"]
    y, pairs = rows["train_y"][at], np.array(head["platt"])
    languages = None if rows["languages"] is None else rows["languages"][at]
    on = switch_on(sigmoid(out[at] * pairs[:, 0] + pairs[:, 1]), head["threshold"], languages)
    if languages is None:
        return macro_f1(on, y)
    return float(np.mean([macro_f1(on[languages == one], y[languages == one]) for one in sorted(set(languages))]))


def exams(options, parser):
    """[(metric, floor, bar, ours)]."""
    table = []
    add = lambda metric, floor, bar, ours: table.append((metric, floor, bar, ours))
    out = np.load(f"{options.work}/wide.npz")
    for name in parser.heads:
        rows = cached(options.work, f"wide_{name}", lambda: READERS[name](options.data))
        y, languages = rows["test_y"], rows["test_languages"]
        p = parser.head(name, matrix(rows["test_hash"], parser.heads[name]["buckets"]))
        on = switch_on(p, parser.heads[name]["threshold"], languages)
        inside = out_of_fold(parser.heads[name], rows, out[f"{name}.out"])
        if name == "brighter":
            each = {}
            for one in EXAM_LANGUAGES:
                at = languages == one
                each[one] = (floor_f1(y[at]), macro_f1(on[at], y[at]))
            add("BRIGHTER macro-F1, mean of 7 (dev sets)", np.mean([a for a, _ in each.values()]), ".56-.60", np.mean([b for _, b in each.values()]))
            for one, bar in zip(EXAM_LANGUAGES, (".506-.522", ".668", ".469", ".464", ".343-.351", ".760", ".712")):
                add(f"BRIGHTER {one}", each[one][0], bar, each[one][1])
            add("BRIGHTER macro-F1, mean of 7, out of fold (float, thresholds from the same rows)", "-", ".56-.60", inside)
        elif name == "offensive":
            for one, title, bar in (("zh", "COLD", ".794 / .790"), ("en", "Davidson", "- / .901")):
                at = languages == one
                both = lambda on: (macro_f1(on, y[at]) + macro_f1(~on, 1 - y[at])) / 2
                add(f"{title} accuracy", max(y[at].mean(), 1 - y[at].mean()), bar.split(" / ")[0], float((on[at] == y[at]).mean()))
                add(f"{title} macro-F1 of both classes", both(np.ones_like(on[at])), bar.split(" / ")[1], both(on[at]))
        else:
            title, bar = {"goemotions": ("GoEmotions 28 macro-F1 (dev)", ".369; tuned .47"), "ekman": ("Ekman 7 macro-F1 (dev)", ".541; tuned .59"),
                          "xed": ("XED English mood macro-F1, by text, neutrals in", ".44"), "kote": ("KOTE 44 macro-F1", "-")}[name]
            add(title, floor_f1(y), bar, macro_f1(on, y))
            add(f"{title.split(',')[0].split(' macro')[0]} macro-F1, out of fold (float, thresholds from the same rows)", "-", bar, inside)
            if name == "xed":
                for label, mood in enumerate(parser.heads[name]["labels"]):
                    add(f"calibration error, {mood} (at most .05)", "-", "-", calibration_error(p[:, label], y[:, label]))
    _, sentences, short = cached(options.work, f"langid_rows_{options.seed}", lambda: langid.sample(options.data, options.seed))
    weight, bias = parser.tensors["langid.weight"].astype(np.float32) * parser.tensors["langid.scale"], parser.tensors["langid.bias"]
    for title, rows, bar in (("sentences", sentences, ".995"), ("<= 20 characters", short, ".921 (whichlang)")):
        whole, each = langid.accuracy(weight, bias, rows, weight.shape[0])
        add(f"language, 12, {title} ({len(rows)})", 1 / 12, bar, whole)
        for language, value in each.items():
            add(f"language, {language}, {title}", "-", "-", value)
    _, _, _, kept, hashed = cached(options.work, "gist_corpus", lambda: gist.corpus(options.data, options.work))
    x = matrix(hashed, parser.facts["gist"]["buckets"])
    bars = dict(zip([f"stsb {one}" for one in ("en", "es", "it", "de", "fr", "pt", "ru", "zh", "ja")], (".682", ".685", ".679", ".664", ".663", ".663", ".652", ".636", ".599")))
    bars["stsb mean of 9"] = ".658"
    for title, value in gist.exam(lambda ids: parser.gist(x[np.array(ids)]), kept).items():
        language = title.split()[-1]
        many = f" P@1, {len(kept['retrieval'][language])} of 1000" if title.startswith("retrieval") else " Spearman (dev)"
        add(f"int8 gist: {title}{many}", 1e-3 if title.startswith("retrieval") else 0.0, bars.get(title, "tiny"), value)
    return table


def parity(options, parser):
    """Fixed inputs, written for the project, and what Python answers for them from the int8 file."""
    from parity import LINES

    out = []
    for text in LINES:
        order, values = vector(text, 1 << 15)
        row = {"text": text, "features": [[bucket, round(value, 6)] for bucket, value in list(zip(order, values))[:50]], "heads": {}}

        def one(buckets):
            import scipy.sparse as sp

            places, weights = vector(text, buckets)
            return sp.csr_matrix((np.array(weights), np.array(places, dtype=np.int64), [0, len(places)]), shape=(1, buckets))

        for name, head in parser.heads.items():
            row["heads"][name] = [round(float(value), 6) for value in parser.head(name, one(head["buckets"]))[0]]
        row["langid"] = [round(float(value), 6) for value in parser.language(one(parser.facts["langid"]["buckets"]))[0]]
        row["gist"] = [int(value) for value in parser.gist(one(parser.facts["gist"]["buckets"]))[0]]
        out.append(row)
    with open(os.path.join(os.path.dirname(options.out), "parity.json"), "w", encoding="utf-8") as handle:
        json.dump({"format": 1, "buckets": 1 << 15, "limit": LIMIT, "lines": out}, handle, ensure_ascii=False, separators=(",", ":"))


def show(value):
    return value if isinstance(value, str) else f"{value:.3f}"


def main():
    options = arguments(__doc__)
    begin = time.time()
    write(options)
    parser = Parser(options.out)
    parity(options, parser)
    table = exams(options, parser)
    rows = ["| metric | floor | tuned linear baseline | ours, int8 |", "|---|---|---|---|"]
    rows += [f"| {metric} | {show(floor)} | {bar} | {show(ours)} |" for metric, floor, bar, ours in table]
    size = os.path.getsize(options.out)
    text = "\n".join(["# Figures of the linear parser", "", "Measured on the exported int8 weights, on lines held out by text. Printed by", "",
                      "    python export.py DATA_FOLDER --seed 7 --out ../../../assets/parser/parser.safetensors --work WORK_FOLDER", "",
                      f"File: {size} bytes. Floors: every label on (F1), the larger class (accuracy), chance (retrieval, language).", ""] + rows) + "\n"
    with open(f"{HERE}/FIGURES.md", "w") as handle:
        handle.write(text)
    print(text)
    print(f"export: {size} bytes, {time.time() - begin:.0f} s")


if __name__ == "__main__":
    main()
