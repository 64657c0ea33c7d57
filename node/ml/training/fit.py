"""Multi-label logistic regression on sparse features (L-BFGS, one thread), calibration, thresholds and figures."""

import numpy as np
import torch

torch.set_num_threads(1)


def to_torch(matrix):
    return torch.sparse_csr_tensor(torch.from_numpy(matrix.indptr.astype(np.int64)), torch.from_numpy(matrix.indices.astype(np.int64)),
                                   torch.from_numpy(matrix.data), size=matrix.shape)


def logistic(x, y, penalty, column=None, positive=1.0, row_weight=None, steps=40, softmax=False):
    """Fits W [buckets, labels] and b: sum of BCE + penalty/2 |W / column|^2.

    `y` may hold NaN (not labelled: masked). `column` ([buckets] or [buckets, labels]) scales features
    while fitting and is folded back into W. With `softmax`, rows of y sum to one and the loss is the cross entropy.
    """
    many = y.shape[1]
    column = np.ones(x.shape[1]) if column is None else column
    scale = torch.from_numpy(np.broadcast_to(column.reshape(x.shape[1], -1), (x.shape[1], many)).astype(np.float32).copy())
    forward, backward = to_torch(x), to_torch(x.T.tocsr())
    target = torch.from_numpy(np.nan_to_num(y).astype(np.float32))
    mask = torch.from_numpy((~np.isnan(y)).astype(np.float32))
    mask = mask * (1 + (positive - 1) * target)
    if row_weight is not None:
        mask = mask * torch.from_numpy(row_weight.astype(np.float32))[:, None]
    prior = ((target * mask).sum(0) + 1) / (mask.sum(0) + 2)
    weight = torch.zeros(x.shape[1] + 1, many)
    weight[-1] = torch.log(prior) if softmax else torch.log(prior / (1 - prior))
    weight.requires_grad_(True)
    solver = torch.optim.LBFGS([weight], lr=1, max_iter=steps, max_eval=steps * 5 // 4 + 4, history_size=8, tolerance_grad=1e-5,
                               tolerance_change=1e-7, line_search_fn="strong_wolfe")
    total = mask.sum()

    def closure():
        with torch.no_grad():
            logits = forward @ (weight[:-1] * scale) + weight[-1]
            if softmax:
                log = torch.log_softmax(logits, 1)
                loss = -(target * log * mask).sum()
                error = (torch.exp(log) - target) * mask
            else:
                loss = (mask * (torch.nn.functional.softplus(logits) - logits * target)).sum()
                error = mask * (torch.sigmoid(logits) - target)
            grad = torch.empty_like(weight)
            grad[:-1] = (backward @ error) * scale + penalty * weight[:-1]
            grad[-1] = error.sum(0)
            loss = loss + penalty / 2 * (weight[:-1] ** 2).sum()
            weight.grad = grad / total
        return loss / total

    solver.step(closure)
    fitted = weight.detach()
    return (fitted[:-1] * scale).numpy(), fitted[-1].numpy().copy()


def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -40, 40)))


def platt(logits, y):
    """(a, b) so that sigmoid(a * logit + b) is calibrated; Newton steps with a weak pull to a = 1."""
    good = ~np.isnan(y)
    z, t = logits[good].astype(np.float64), y[good].astype(np.float64)
    a, b = 1.0, 0.0
    for _ in range(50):
        p = sigmoid(a * z + b)
        w = p * (1 - p) + 1e-9
        gradient = np.array([((p - t) * z).sum() + (a - 1), (p - t).sum()])
        hessian = np.array([[(w * z * z).sum() + 1, (w * z).sum()], [(w * z).sum(), w.sum() + 1e-6]])
        step = np.linalg.solve(hessian, gradient)
        a, b = a - step[0], b - step[1]
        if np.abs(step).max() < 1e-8:
            break
    return float(max(a, 0.05)), float(b)


def best_threshold(p, y, prior=None, strength=0.0):
    """The p that maximises F1; with `prior`, the candidate's F1 is charged for its distance to it."""
    good = ~np.isnan(y)
    p, y = p[good], y[good]
    if y.sum() == 0:
        return 0.5 if prior is None else prior
    order = np.argsort(-p)
    hits = np.cumsum(y[order])
    f1 = 2 * hits / (np.arange(1, len(y) + 1) + y.sum())
    if len(f1) > 50:
        width = max(3, min(len(f1) // 200, int(y.sum()) // 10))
        f1 = np.convolve(np.pad(f1, width, mode="edge"), np.ones(2 * width + 1) / (2 * width + 1), mode="valid")
    sorted_p = p[order]
    cut = (sorted_p + np.append(sorted_p[1:], 0)) / 2
    if prior is not None:
        f1 = f1 - strength * np.abs(np.log(cut / (1 - cut) + 1e-9) - np.log(prior / (1 - prior))) / np.sqrt(max(y.sum(), 1))
    return float(np.clip(cut[np.argmax(f1)], 0.01, 0.95))


def thresholds(p, y, languages=None, strength=0.3):
    """{"default": [...], language: [...]}: per language, pulled to the global one."""
    many = y.shape[1]
    found = {"default": [best_threshold(p[:, label], y[:, label]) for label in range(many)]}
    for language in sorted(set(languages)) if languages is not None else []:
        at = languages == language
        found[str(language)] = [best_threshold(p[at, label], y[at, label], found["default"][label], strength) for label in range(many)]
    return found


def nudged(table, p, y, languages=None, strength=2.0):
    """A threshold table moved by few rows: each threshold is chosen on them, charged for its distance to the one it had."""
    found = {}
    for language, cuts in table.items():
        at = np.ones(len(p), dtype=bool) if language == "default" else languages == language
        found[language] = [best_threshold(p[at, label], y[at, label], cut, strength) for label, cut in enumerate(cuts)]
    return found


def switch_on(p, table, languages=None):
    """The decisions of a threshold table."""
    if languages is None:
        return p >= np.array(table["default"])
    return p >= np.array([table.get(str(language), table["default"]) for language in languages])


def f1_scores(on, y):
    good = ~np.isnan(y)
    hit = (on & (y == 1) & good).sum(0)
    return 2 * hit / np.maximum(1, (on & good).sum(0) + ((y == 1) & good).sum(0))


def macro_f1(on, y):
    """Mean F1 over the labels that occur at all in y."""
    used = np.nansum(y, 0) > 0
    return float(f1_scores(on, y)[used].mean())


def average_precision(y, score):
    """Area under the precision-recall curve of one label, as a step function."""
    hit = y[np.argsort(-score, kind="stable")]
    return float((np.cumsum(hit) / np.arange(1, len(hit) + 1) * hit).sum() / max(1, hit.sum()))


def floor_f1(y):
    """Macro-F1 of answering yes to every label."""
    return macro_f1(np.ones(y.shape, dtype=bool), y)


def calibration_error(p, y, bins=10):
    """Expected calibration error of one label (equal-width bins)."""
    good = ~np.isnan(y)
    p, y = p[good], y[good]
    place = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum(abs(p[place == one].mean() - y[place == one].mean()) * (place == one).mean() for one in range(bins) if (place == one).any()))


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
