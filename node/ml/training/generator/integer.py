"""The generator in whole numbers, the reference of `node/ml/src/generator/network.rs`, and the way there from trained weights.

Every value of a layer is an integer over 32. Weights are int8 over 2^shift, one shift for each output channel (one for all of the
last layer); a sum is an i32 over 32 * 2^shift, so that the next layer's value is (sum + half) >> shift, cut to 0..255. Nearest
doubling and a 3 x 3 convolution are what they are here; the Rust code adds kernels up instead, which gives the same sums.
"""

import numpy as np
import torch

from model import SCALE, SHIFT_MAX, Generator, weight_shift
from seeds import split


def whole(weight, shift):
    """int8 on the grid of the shifts."""
    grid = torch.exp2(shift).view(-1, *[1] * (weight.dim() - 1))
    return (weight.detach().float() * grid).round().clamp(-127, 127).to(torch.int8).numpy()


def sums(bias, shift):
    """Biases as integers over 32 * 2^shift, int32."""
    grid = torch.exp2(shift).view(-1, *[1] * (bias.dim() - 1)) * SCALE
    return (bias.detach().float() * grid).round().to(torch.int32).numpy()


def integers(generator):
    """Every array of the weights file, by name."""
    arrays = {}

    def keep(name, biases, **weights):
        shift = weight_shift(list(weights.values()))
        if name == "out":
            shift = shift.amin().expand_as(shift)
        for part, weight in weights.items():
            arrays[f"{name}.{part}"] = whole(weight, shift)
        for part, bias in biases.items():
            arrays[f"{name}.{part}"] = sums(bias, shift)
        arrays[f"{name}.shift"] = shift.numpy().astype(np.uint8)
        assert arrays[f"{name}.shift"].max() <= SHIFT_MAX

    g = generator
    keep("a", {"bias": g.dense_bias}, dense=g.dense, coarse=g.coarse)
    keep("b", {"bias": g.b_bias}, kernel=g.b)
    keep("c", {"bias": g.c_bias}, kernel=g.c, mood=g.c_mood, fine=g.fine)
    keep("d", {"bias": g.d_bias}, kernel=g.d, mood=g.d_mood)
    keep("e", {"bias": g.e_bias, "tile": g.e_tile}, kernel=g.e, mood=g.e_mood)
    keep("f", {"bias": g.f_bias, "tile": g.f_tile}, kernel=g.f, mood=g.f_mood)
    keep("out", {"bias": g.out_bias}, kernel=g.out)
    return arrays


def convolve(x, kernel):
    """int64 [n, in, h, w], [out, in, 3, 3] -> [n, out, h, w]; zero outside. Sums stay below 2^53, so floats of 64 bits hold them."""
    n, _, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))).astype(np.float64)
    total = np.zeros((n, len(kernel), h, w))
    for dy in range(3):
        for dx in range(3):
            part = padded[:, :, dy : dy + h, dx : dx + w]
            total += np.einsum("oi,nihw->nohw", kernel[:, :, dy, dx].astype(np.float64), part, optimize=True)
    return total.astype(np.int64)


def settle(total, shift):
    """The next layer's values, 0 to 255."""
    shift = shift.astype(np.int64)[:, None, None]
    half = np.where(shift > 0, 1 << np.maximum(shift - 1, 0), 0)
    return ((total + half) >> shift).clip(0, 255)


def twice(x):
    return x.repeat(2, 2).repeat(2, 3)


def scores(arrays, numbers, mood):
    """int64 [n, 16, 32, 32] of int8 [n, NUMBERS] and uint8 [n, 8]."""
    glob, coarse, fine = (part.astype(np.int64) for part in split(numbers))
    mood = (mood >> 1).astype(np.int64)
    n = len(mood)
    width = len(arrays["a.dense"])
    dense = np.concatenate([glob, mood], 1) @ arrays["a.dense"].reshape(-1, 40).astype(np.int64).T
    total = (dense + arrays["a.bias"].reshape(-1)).reshape(n, width, 4, 4) + convolve(coarse, arrays["a.coarse"])
    x = settle(total, arrays["a.shift"])
    x = settle(convolve(x, arrays["b.kernel"]) + arrays["b.bias"][:, None, None], arrays["b.shift"])
    for name in "cdef":
        x = x if name == "f" else twice(x)
        total = convolve(x, arrays[f"{name}.kernel"]) + arrays[f"{name}.bias"][:, None, None]
        total = total + (mood @ arrays[f"{name}.mood"].astype(np.int64).T)[:, :, None, None]
        if name == "c":
            total = total + convolve(fine, arrays["c.fine"])
        if name in "ef":
            total = total + np.tile(arrays[f"{name}.tile"].astype(np.int64), (1, 16, 16))
        x = settle(total, arrays[f"{name}.shift"])
    out = np.einsum("oi,nihw->nohw", arrays["out.kernel"].astype(np.float64), x.astype(np.float64)).astype(np.int64)
    return out + arrays["out.bias"][:, None, None]


def roles(arrays, numbers, mood):
    """Roles before tidying, uint8 [n, 32, 32]; ties go to the lowest role."""
    return scores(arrays, numbers, mood).argmax(1).astype(np.uint8)


def load(path):
    """The trained generator, in float."""
    generator = Generator()
    generator.load_state_dict(torch.load(path))
    return generator.eval()


def shipped(path):
    """The arrays of a weights file."""
    from safetensors.numpy import load_file

    return load_file(path)
