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
from data import LANGUAGES, cached, key, xed_english
from deep import TASKS, held_out, ranges
from features import LIMIT, hash_many, matrix, vector
from fit import calibration_error, floor_f1, macro_f1, nudged, platt, quantise, sigmoid, switch_on
from tokens import TOKENS, token_features, tokenise
from wide import READERS

HERE = os.path.dirname(os.path.abspath(__file__))
GAINS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
EXAM_LANGUAGES = ["en", "es", "zh", "de", "pt", "ru", "hi"]


class Parser:
    """The int8 file as the application reads it."""

    def __init__(self, path):
        with safe_open(path, "np") as file:
            self.facts = json.loads(file.metadata()["parser"])
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}
        self.heads = {head["name"]: head for head in self.facts["heads"]}
        self.ready = {}

    def linear(self, name, x, kind="weight"):
        part = x.astype(np.float64) @ self.tensors[f"{name}.{kind}"].astype(np.float64)
        return self.tensors[f"{name}.bias"] + self.tensors[f"{name}.scale"] * part

    def real(self, name):
        """A tensor in float, dequantised once."""
        if name not in self.ready:
            value, scale = self.tensors[name].astype(np.float32), None
            if name == "gist.table":
                scale = self.tensors["gist.scale"]
            elif name == "deep.embed":
                scale = self.tensors["deep.embed.scale"]
            elif self.tensors[name].dtype == np.int8:
                scale = self.tensors[name.replace(".weight", ".scale")][:, None]
            self.ready[name] = value if scale is None else value * scale
        return self.ready[name]

    def dense(self, name, x):
        return x @ self.real(f"{name}.weight").T + self.real(f"{name}.bias")

    def norm(self, name, x):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * self.real(f"{name}.weight") + self.real(f"{name}.bias")

    def pooled(self, tokens, rows):
        """The deep vectors [rows, 2 d] of windows that have the same number of tokens, at least one."""
        facts = self.facts["deep"]
        heads, d = facts["heads"], facts["d"]
        many = int(tokens.texts[rows[0] + 1] - tokens.texts[rows[0]])
        used, place = np.unique(tokens.ids[tokens.texts[rows][:, None] + np.arange(many)], return_inverse=True)
        sizes = np.diff(tokens.offsets)[used]
        hashes = tokens.hashes[ranges(tokens.offsets[used], sizes)]
        mean = lambda table: np.add.reduceat(table[hashes & np.uint32(len(table) - 1)], np.cumsum(sizes) - sizes) / sizes[:, None].astype(np.float32)
        x = np.concatenate([mean(self.real("gist.table")), mean(self.real("deep.embed"))], 1)[place.reshape(len(rows), many)]
        x = self.dense("deep.in", x) + self.real("deep.position")[:many]
        split = lambda z: z.reshape(len(rows), many, heads, d // heads).transpose(0, 2, 1, 3)
        for at in range(facts["layers"]):
            y = self.norm(f"deep.L{at}.ln1", x)
            q, k, v = (split(self.dense(f"deep.L{at}.{one}", y)) for one in "qkv")
            mixed = softmax(q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(d / heads))) @ v
            x = x + self.dense(f"deep.L{at}.o", mixed.transpose(0, 2, 1, 3).reshape(len(rows), many, d))
            x = x + self.dense(f"deep.L{at}.ff2", np.maximum(self.dense(f"deep.L{at}.ff1", self.norm(f"deep.L{at}.ln2", x)), 0))
        x = self.norm("deep.ln", x)
        weight = softmax(x @ self.real("deep.pool"))
        return np.concatenate([x.mean(1), (weight[:, None] @ x)[:, 0]], 1)

    def pooled_many(self, tokens, rows):
        """`pooled` of rows of a `Tokens`, zero where a text has no token; and which have one."""
        rows = np.asarray(rows)
        out, lengths = np.zeros((len(rows), 2 * self.facts["deep"]["d"]), np.float32), np.diff(tokens.texts)[rows]
        for many in np.unique(lengths[lengths > 0]):
            same = np.flatnonzero(lengths == many)
            for part in np.array_split(same, -(-len(same) * many // 4096)):
                if len(part):
                    out[part] = self.pooled(tokens, rows[part])
        return out, lengths > 0

    def extra(self, name, deep):
        """What the deep branch adds to the logits of a head."""
        pooled, some = deep
        return self.dense(f"deep.head.{name}", pooled) * some[:, None]

    def calibrated(self, name, logits):
        pairs = np.array(self.heads[name]["platt"])
        return sigmoid(logits * pairs[:, 0] + pairs[:, 1])

    def head(self, name, x, deep=None):
        """Calibrated probabilities."""
        return self.calibrated(name, self.linear(f"wide.{name}", x) + (0 if deep is None else self.extra(name, deep)))

    def language(self, x):
        return softmax(self.linear("langid", x) / self.facts["langid"]["temperature"])

    def gist(self, x, deep=None):
        z = self.linear("gist", x, "table")
        if deep is not None and self.facts["deep"]["gist"]:
            pooled, some = deep
            z = gist.unit(z) + self.dense("deep.gist", pooled) * some[:, None]
        return gist.int8(z)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def wide_tensors(options, tensors):
    trained = np.load(f"{options.work}/wide.npz")
    heads = []
    for name, fact in json.load(open(f"{options.work}/wide.npz.json")).items():
        rows = cached(options.work, f"wide_{name}", lambda: READERS[name](options.data))
        x = matrix(rows["train_hash"], fact["buckets"])
        x = x[np.random.default_rng(options.seed).permutation(x.shape[0])[:4000]]
        small, scale = quantise(trained[f"{name}.weight"], x)
        tensors |= {f"wide.{name}.weight": small, f"wide.{name}.scale": scale, f"wide.{name}.bias": trained[f"{name}.bias"].astype(np.float32)}
        heads.append({"name": name, "buckets": fact["buckets"], "labels": fact["labels"], "platt": fact["platt"], "threshold": fact["threshold"]})
    return heads


def deep_tensors(options, tensors):
    """Adds the deep branch; its part of the metadata."""
    kept = np.load(f"{options.work}/deep.npz")
    layers = 1 + max(int(name.split(".")[1]) for name in kept.files if name.startswith("layers."))

    def dense(name, weight, bias):
        small, scale = quantise(weight.T)
        tensors.update({f"{name}.weight": small.T, f"{name}.scale": scale, f"{name}.bias": bias})

    width = kept["embed"].shape[1]
    inner = kept["inner.weight"].copy()
    split = inner.shape[1] - width
    inner[:, :split] *= kept["gain"][0]
    loud = np.abs(inner[:, :split]).mean() / np.abs(inner[:, split:]).mean()
    inner[:, split:] *= loud
    tensors["deep.embed"], tensors["deep.embed.scale"] = quantise(kept["embed"] * kept["gain"][1] / loud)
    dense("deep.in", inner, kept["inner.bias"])
    for at in range(layers):
        for one in ("q", "k", "v", "o", "ff1", "ff2"):
            dense(f"deep.L{at}.{one}", kept[f"layers.{at}.{one}.weight"], kept[f"layers.{at}.{one}.bias"])
        for one in ("ln1", "ln2"):
            tensors |= {f"deep.L{at}.{one}.{kind}": kept[f"layers.{at}.{one}.{kind}"] for kind in ("weight", "bias")}
    tensors |= {"deep.ln.weight": kept["ln.weight"], "deep.ln.bias": kept["ln.bias"], "deep.position": kept["position"], "deep.pool": kept["pool"]}
    for name in [name for heads in TASKS.values() for name in heads]:
        dense(f"deep.head.{name}", kept[f"heads.{name}.weight"], kept[f"heads.{name}.bias"])
    has_gist = bool(np.abs(kept["gist.weight"]).max() > 0)
    if has_gist:
        dense("deep.gist", kept["gist.weight"], kept["gist.bias"])
    return {"buckets": len(kept["embed"]), "width": width, "d": len(kept["pool"]), "layers": layers, "heads": int(kept["attention"]), "tokens": TOKENS,
            "gist": has_gist}


def held_rows(options, name):
    """(rows of the head, places of the calibration slice, tokens of the train texts)."""
    rows = cached(options.work, f"wide_{name}", lambda: READERS[name](options.data))
    task = next(task for task, heads in TASKS.items() if name in heads)
    return rows, np.flatnonzero(held_out(rows["keys"]) & rows["judged"]), cached(options.work, f"deep_{task}", lambda: tokenise(rows["train_texts"]))


def tempered(wide, extra, y):
    """The factor on what the deep branch adds that gives the smallest log loss after calibration."""

    def loss(gain):
        logits = wide + gain * extra
        total = 0.0
        for label in range(y.shape[1]):
            good = ~np.isnan(y[:, label])
            a, b = platt(logits[:, label], y[:, label])
            z = a * logits[good, label] + b
            total += float((np.logaddexp(0, z) - z * y[good, label]).mean())
        return total

    return min(GAINS, key=loss)


def recalibrate(options, parser, heads, tensors):
    """Factor, Platt pairs and thresholds of the sum, from the slice that the deep branch never saw; its macro-F1 by head, wide alone and sum."""
    trained = np.load(f"{options.work}/wide.npz")
    found, slices = {}, {}
    for head in heads:
        name = head["name"]
        rows, at, tokens = held_rows(options, name)
        task = next(task for task, names in TASKS.items() if name in names)
        if task not in slices:
            slices[task] = parser.pooled_many(tokens, at)
        y, languages = rows["train_y"][at], None if rows["languages"] is None else rows["languages"][at]
        wide, extra = trained[f"{name}.out"][at], parser.extra(name, slices[task])
        gain = tempered(wide, extra, y)
        print(f"export: {name} takes {gain} of the deep branch", flush=True)
        for kind in ("scale", "bias"):
            tensors[f"deep.head.{name}.{kind}"] = tensors[f"deep.head.{name}.{kind}"] * np.float32(gain)
        scores = []
        for logits in (wide, wide + gain * extra):
            pairs = np.array([platt(logits[:, label], y[:, label]) for label in range(y.shape[1])])
            p = sigmoid(logits * pairs[:, 0] + pairs[:, 1])
            cuts = nudged(head["threshold"], p, y, languages)
            scores.append(by_language(switch_on(p, cuts, languages), y, languages))
        found[name] = scores
        head["platt"] = [[round(float(a), 5), round(float(b), 5)] for a, b in pairs]
        head["threshold"] = {one: [round(value, 4) for value in row] for one, row in cuts.items()}
    return found


def by_language(on, y, languages):
    """Macro-F1, or its mean over languages where there are several."""
    if languages is None:
        return macro_f1(on, y)
    return float(np.mean([macro_f1(on[languages == one], y[languages == one]) for one in sorted(set(languages))]))


def write(options):
    """The tensors and the metadata of the file; the macro-F1 of each head on the calibration slice."""
    tensors = {}
    heads = wide_tensors(options, tensors)
    known = np.load(f"{options.work}/langid.npz")
    rows, _, _ = cached(options.work, f"langid_rows_{options.seed}", lambda: langid.sample(options.data, options.seed))
    x = matrix(hash_many([text for text, _ in rows[:: max(1, len(rows) // 6000)]]), known["weight"].shape[0])
    small, scale = quantise(known["weight"], x)
    tensors |= {"langid.weight": small, "langid.scale": scale, "langid.bias": known["bias"].astype(np.float32)}
    small, scale = gist.quantised(options)
    tensors |= {"gist.table": small, "gist.scale": scale, "gist.bias": np.zeros(len(scale), dtype=np.float32)}
    meta = {"format": 2, "heads": heads, "langid": {"buckets": int(known["weight"].shape[0]), "languages": LANGUAGES, "temperature": round(float(known["temperature"]), 5)},
            "gist": {"buckets": int(small.shape[0])}, "deep": deep_tensors(options, tensors)}
    os.makedirs(os.path.dirname(options.out), exist_ok=True)

    def put():
        arrays = {name: np.ascontiguousarray(value if value.dtype == np.int8 else value.astype(np.float32)) for name, value in tensors.items()}
        save_file(arrays, options.out + ".part", {"parser": json.dumps(meta, sort_keys=True)})
        os.chmod(options.out + ".part", 0o644)
        os.replace(options.out + ".part", options.out)

    put()
    found = recalibrate(options, Parser(options.out), heads, tensors)
    put()
    return found


def exams(options, parser, slices):
    """[(metric, floor, bar, wide branch alone, sum)]."""
    table = []
    add = lambda metric, floor, bar, alone, ours: table.append((metric, floor, bar, alone, ours))
    pooled = {}
    for name, head in parser.heads.items():
        rows = cached(options.work, f"wide_{name}", lambda: READERS[name](options.data))
        task = next(task for task, names in TASKS.items() if name in names)
        if task not in pooled:
            tokens = tokenise(rows["test_texts"])
            pooled[task] = parser.pooled_many(tokens, np.arange(len(rows["test_texts"])))
        y, languages = rows["test_y"], rows["test_languages"]
        x = matrix(rows["test_hash"], head["buckets"])
        p = parser.head(name, x, pooled[task])
        on = switch_on(p, head["threshold"], languages)
        fact = json.load(open(f"{options.work}/wide.npz.json"))[name]
        pairs = np.array(fact["platt"])
        off = switch_on(sigmoid(parser.linear(f"wide.{name}", x) * pairs[:, 0] + pairs[:, 1]), fact["threshold"], languages)
        title, bar = {"brighter": ("BRIGHTER macro-F1, mean of 7", ".56-.60"), "goemotions": ("GoEmotions 28 macro-F1", ".369; tuned .47"),
                      "ekman": ("Ekman 7 macro-F1", ".541; tuned .59"), "xed": ("XED English mood macro-F1, by text, neutrals in", ".44 (neutrals out)"),
                      "offensive": ("offensive", ""), "kote": ("KOTE 44 macro-F1", "-")}[name]
        if name == "brighter":
            each = {}
            for one in EXAM_LANGUAGES:
                at = languages == one
                each[one] = (floor_f1(y[at]), macro_f1(off[at], y[at]), macro_f1(on[at], y[at]))
            floor, alone, ours = np.mean(list(each.values()), 0)
            add(f"{title} (dev sets)", floor, bar, alone, ours)
            for one, bar in zip(EXAM_LANGUAGES, (".506-.522", ".668", ".469", ".464", ".343-.351", ".760", ".712")):
                add(f"BRIGHTER {one}", each[one][0], bar, *each[one][1:])
        elif name == "offensive":
            for one, title, bar in (("zh", "COLD", ".794 / .790"), ("en", "Davidson", "- / .901")):
                at = languages == one
                right = lambda on: float((on[at] == y[at]).mean())
                both = lambda on: (macro_f1(on[at], y[at]) + macro_f1(~on[at], 1 - y[at])) / 2
                add(f"{title} accuracy", max(y[at].mean(), 1 - y[at].mean()), bar.split(" / ")[0], right(off), right(on))
                add(f"{title} macro-F1 of both classes", both(np.ones_like(on)), bar.split(" / ")[1], both(off), both(on))
            title = "offensive F1, mean of 2"
        else:
            add(f"{title} (held out)", floor_f1(y), bar, macro_f1(off, y), macro_f1(on, y))
        add(f"{title}, calibration slice (thresholds from the slice too)", "-", "-", *slices[name])
        if name == "xed":
            some = y.sum(1) > 0
            place = {key(text): index for index, text in enumerate(rows["test_texts"])}
            each = [(place[key(text)], moods) for text, moods in zip(*xed_english(options.data)) if key(text) in place]
            again, own = np.array([index for index, _ in each]), np.array([moods for _, moods in each])
            add("XED English, the same decisions, every row of a repeated line by its own label", floor_f1(own), "-", macro_f1(off[again], own), macro_f1(on[again], own))
            add("XED English, the same decisions, neutrals out", floor_f1(y[some]), ".44", macro_f1(off[some], y[some]), macro_f1(on[some], y[some]))
            for label, mood in enumerate(head["labels"]):
                add(f"calibration error, {mood} (at most .05)", "-", "-", "-", calibration_error(p[:, label], y[:, label]))
    _, sentences, short = cached(options.work, f"langid_rows_{options.seed}", lambda: langid.sample(options.data, options.seed))
    weight, bias = parser.tensors["langid.weight"].astype(np.float32) * parser.tensors["langid.scale"], parser.tensors["langid.bias"]
    for title, rows, bar in (("sentences", sentences, ".995"), ("<= 20 characters", short, ".921 (whichlang)")):
        whole, each = langid.accuracy(weight, bias, rows, weight.shape[0])
        add(f"language, 12, {title} ({len(rows)})", 1 / 12, bar, whole, "-")
        for language, value in each.items():
            add(f"language, {language}, {title}", "-", "-", value, "-")
    gist_exams(options, parser, add)
    return table


def gist_exams(options, parser, add):
    texts, _, _, kept, hashed = cached(options.work, "gist_corpus", lambda: gist.corpus(options.data, options.work))
    x = matrix(hashed, parser.facts["gist"]["buckets"])
    bars = dict(zip([f"stsb {one}" for one in ("en", "es", "it", "de", "fr", "pt", "ru", "zh", "ja")], (".682", ".685", ".679", ".664", ".663", ".663", ".652", ".636", ".599")))
    bars["stsb mean of 9"] = ".658"
    alone = gist.exam(lambda ids: parser.gist(x[np.array(ids)]), kept)
    both = {}
    if parser.facts["deep"]["gist"]:
        tokens = cached(options.work, "deep_gist", lambda: tokenise(texts))
        both = gist.exam(lambda ids: parser.gist(x[np.array(ids)], parser.pooled_many(tokens, ids)), kept)
    for title, value in alone.items():
        language = title.split()[-1]
        many = f" P@1, {len(kept['retrieval'][language])} of 1000" if title.startswith("retrieval") else " Spearman (dev)"
        add(f"int8 gist: {title}{many}", 1e-3 if title.startswith("retrieval") else 0.0, bars.get(title, "tiny"), value, both.get(title, "-"))


def parity(options, parser):
    """Fixed inputs, written for the project, and what Python answers for them from the int8 file."""
    import scipy.sparse as sp

    from parity import LINES

    out = []
    for text in LINES:
        order, values = vector(text, 1 << 15)
        row = {"text": text, "features": [[bucket, round(value, 6)] for bucket, value in list(zip(order, values))[:50]], "heads": {}}
        found = token_features(text)
        row["tokens"], row["token_features"] = len(found), found[:3]
        deep = parser.pooled_many(tokenise([text]), [0])

        def one(buckets):
            places, weights = vector(text, buckets)
            return sp.csr_matrix((np.array(weights), np.array(places, dtype=np.int64), [0, len(places)]), shape=(1, buckets))

        for name, head in parser.heads.items():
            row["heads"][name] = [round(float(value), 6) for value in parser.head(name, one(head["buckets"]), deep)[0]]
        row["langid"] = [round(float(value), 6) for value in parser.language(one(parser.facts["langid"]["buckets"]))[0]]
        row["gist"] = [int(value) for value in parser.gist(one(parser.facts["gist"]["buckets"]), deep)[0]]
        out.append(row)
    with open(os.path.join(os.path.dirname(options.out), "parity.json"), "w", encoding="utf-8") as handle:
        json.dump({"format": 2, "buckets": 1 << 15, "limit": LIMIT, "lines": out}, handle, ensure_ascii=False, separators=(",", ":"))


def show(value):
    return value if isinstance(value, str) else f"{value:.3f}"


def main():
    options = arguments(__doc__)
    begin = time.time()
    slices = write(options)
    parser = Parser(options.out)
    parity(options, parser)
    table = exams(options, parser, slices)
    rows = ["| metric | floor | tuned linear baseline | linear branch alone, int8 | sum, int8 |", "|---|---|---|---|---|"]
    rows += [f"| {metric} | {show(floor)} | {bar} | {show(alone)} | {show(ours)} |" for metric, floor, bar, alone, ours in table]
    size = os.path.getsize(options.out)
    text = "\n".join(["# Figures of the parser", "", "Measured on the exported int8 weights, on lines held out by text. Printed by", "",
                      "    python export.py DATA_FOLDER --seed 7 --out ../../../assets/parser/parser.safetensors --work WORK_FOLDER", "",
                      f"File: {size} bytes. Floors: every label on (F1), the larger class (accuracy), chance (retrieval, language).",
                      "The linear branch alone is measured with its own out-of-fold calibration and thresholds. On the calibration slice (a tenth of the train rows, by text,",
                      "never shown to the deep branch) its logits are out-of-fold, and for both columns calibration and thresholds come from the same rows.", ""] + rows) + "\n"
    with open(f"{HERE}/FIGURES.md", "w") as handle:
        handle.write(text)
    print(text)
    print(f"export: {size} bytes, {time.time() - begin:.0f} s")


if __name__ == "__main__":
    main()
