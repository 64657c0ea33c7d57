"""The generator and the discriminator.

Generator (about 300,000 weights): 32 globals and 8 moods -> dense 4 x 4 x 96, to which a convolution adds the coarse lattice;
conv 3 x 3; then three times [nearest x 2, conv 3 x 3] to 80, 64 and 40 channels, the first of which also sees the fine lattice;
conv 3 x 3 to 32; 1 x 1 to 16 role scores. Each layer from 8 x 8 on has a bias by mood, the two at 32 x 32 one by the place in
a 2 x 2 tile, so that dithering has something to hold on to. ReLU, no normalisation: the integer form (integer.py) is then exact.

All activations share one scale, 1/32: numbers and moods enter as integers over 32, so that every sum of a layer has one scale.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

SCALE = 32.0
MOST = 255.0
ROLES = 16
WIDTHS = (96, 80, 64, 40, 32)
SHIFT_MAX = 12
"""Weights are multiples of 2^-shift, by output channel; shift at most this."""


def weight_shift(weights):
    """By output channel the largest shift at which all of its weights fit in int8; weights [(out, ...)], joined."""
    most = torch.stack([w.detach().float().flatten(1).abs().amax(1) for w in weights]).amax(0).clamp_min(1e-9)
    return torch.floor(torch.log2(127.0 / most)).clamp(0, SHIFT_MAX)


def snap(weight, shift):
    """Rounded to the grid, gradient straight through."""
    grid = torch.exp2(shift).view(-1, *[1] * (weight.dim() - 1))
    hard = (weight * grid).round().clamp(-127, 127) / grid
    return weight + (hard - weight).detach()


def activate(x, quantised):
    """ReLU, cut at what eight bits hold; rounded to 1/32 where quantised."""
    return Grid.apply(x) if quantised else F.relu(x, inplace=True)


class Grid(torch.autograd.Function):
    """Rounding to 0..255 over 32; the gradient passes where nothing was cut."""

    @staticmethod
    def forward(ctx, x):
        hard = (x * SCALE).add_(0.5).floor_()
        ctx.save_for_backward((hard > 0) & (hard < MOST))
        return hard.clamp_(0, MOST).mul_(1 / SCALE)

    @staticmethod
    def backward(ctx, gradient):
        (inner,) = ctx.saved_tensors
        return gradient * inner


class Generator(nn.Module):
    """Numbers [n, 320] and moods [n, 8], integers as float -> role scores [n, 16, 32, 32]."""

    def __init__(self):
        super().__init__()
        a, c, d, e, f = WIDTHS
        self.dense = nn.Parameter(torch.randn(a, 16, 40) * 0.16)
        self.dense_bias = nn.Parameter(torch.zeros(a, 16))
        self.coarse = nn.Parameter(torch.randn(a, 6, 3, 3) * 0.12)
        self.b = self.kernel(a, a)
        self.b_bias = nn.Parameter(torch.zeros(a))
        self.c, self.fine = self.kernel(c, a), nn.Parameter(torch.randn(c, 3, 3, 3) * 0.15)
        self.d, self.e, self.f = self.kernel(d, c), self.kernel(e, d), self.kernel(f, e)
        for name, width in zip("cdef", (c, d, e, f)):
            setattr(self, name + "_bias", nn.Parameter(torch.zeros(width)))
            setattr(self, name + "_mood", nn.Parameter(torch.randn(width, 8) * 0.05))
        self.e_tile = nn.Parameter(torch.zeros(e, 2, 2))
        self.f_tile = nn.Parameter(torch.zeros(f, 2, 2))
        self.out = nn.Parameter(torch.randn(ROLES, f) * 0.1)
        self.out_bias = nn.Parameter(torch.zeros(ROLES))
        self.quantised = False

    @staticmethod
    def kernel(out, into):
        return nn.Parameter(torch.randn(out, into, 3, 3) * (2 / (into * 9)) ** 0.5)

    def fitted(self, *weights, one_shift=False):
        """The weights of one layer, on the grid that they share where quantised."""
        if not self.quantised:
            return weights
        shift = weight_shift(weights)
        if one_shift:
            shift = shift.amin().expand_as(shift)
        return [snap(w, shift) for w in weights]

    def layer(self, name, x, mood, extra=None):
        """One convolution with its bias by mood, place and lattice."""
        parts = [getattr(self, name), getattr(self, name + "_mood")]
        kernels = self.fitted(*parts, *([self.fine] if extra is not None else []))
        y = F.conv2d(x, kernels[0], getattr(self, name + "_bias"), padding=1)
        if extra is not None:
            y = y + F.conv2d(extra, kernels[2], padding=1)
        y.add_((mood @ kernels[1].T)[:, :, None, None].to(y.dtype))
        if name in "ef":
            y.add_(getattr(self, name + "_tile").repeat(1, 16, 16).to(y.dtype))
        return activate(y, self.quantised)

    def forward(self, numbers, mood):
        n = len(mood)
        z, mood = numbers / SCALE, torch.floor(mood / 2) / SCALE
        glob, coarse, fine = z[:, :32], z[:, 32:128].view(n, 6, 4, 4), z[:, 128:].view(n, 3, 8, 8)
        channels_last = torch.channels_last
        coarse, fine = coarse.contiguous(memory_format=channels_last), fine.contiguous(memory_format=channels_last)
        dense, kernel = self.fitted(self.dense, self.coarse)
        x = (torch.cat([glob, mood], 1) @ dense.reshape(-1, 40).T + self.dense_bias.reshape(-1)).view(n, -1, 4, 4)
        x = x.contiguous(memory_format=channels_last)
        x = activate(x + F.conv2d(coarse, kernel, padding=1), self.quantised)
        (b,) = self.fitted(self.b)
        x = activate(F.conv2d(x, b, self.b_bias, padding=1), self.quantised)
        x = self.layer("c", twice(x), mood, fine)
        x = self.layer("d", twice(x), mood)
        x = self.layer("e", twice(x), mood)
        x = self.layer("f", x, mood)
        (out,) = self.fitted(self.out, one_shift=True)
        return F.conv2d(x, out[:, :, None, None], self.out_bias)


def twice(x):
    """Nearest neighbour, twice the size."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


class Discriminator(nn.Module):
    """Roles as one-hot [n, 16, 32, 32] and moods [n, 8] in 0..1 -> scores of places and of the whole, the moods it reads, features."""

    def __init__(self):
        super().__init__()
        sn = spectral_norm
        self.steps = nn.ModuleList([
            sn(nn.Conv2d(ROLES, 16, 3, padding=1)),
            sn(nn.Conv2d(16, 64, 4, 2, 1)),
            sn(nn.Conv2d(64, 64, 3, padding=1)),
            sn(nn.Conv2d(64, 96, 4, 2, 1)),
            sn(nn.Conv2d(96, 128, 4, 2, 1)),
            sn(nn.Conv2d(129, 128, 3, padding=1)),
        ])
        self.local, self.local_mood = sn(nn.Conv2d(64, 1, 1)), sn(nn.Linear(8, 64, bias=False))
        self.whole, self.whole_mood = sn(nn.Linear(128, 1)), sn(nn.Linear(8, 128, bias=False))
        self.read = nn.Linear(128, 8)

    def forward(self, x, mood):
        features = []
        for k, step in enumerate(self.steps):
            if k == 5:
                spread = (x.float().var(0, unbiased=False) + 1e-6).sqrt().mean()
                x = torch.cat([x, spread.to(x.dtype).expand(len(x), 1, 4, 4)], 1)
            x = F.leaky_relu(step(x), 0.2, inplace=True)
            features.append(x)
        places = features[2]
        # One score for each place: a weight vector plus what the mood adds to it.
        score = self.local.weight.view(1, 64) + self.local_mood(mood).float()
        local = torch.einsum("nchw,nc->nhw", places, score.to(places.dtype)) + self.local.bias
        pooled = x.sum((2, 3)) / 4
        whole = self.whole(pooled)[:, 0] + (pooled * self.whole_mood(mood)).sum(1)
        return local.float(), whole.float(), self.read(pooled / 4).float(), features


LAYERS = [
    ("a", ("dense", "coarse", "dense_bias"), "b"),
    ("b", ("b", "b_bias"), "c"),
    ("c", ("c", "c_bias", "c_mood", "fine"), "d"),
    ("d", ("d", "d_bias", "d_mood"), "e"),
    ("e", ("e", "e_bias", "e_mood", "e_tile"), "f"),
    ("f", ("f", "f_bias", "f_mood", "f_tile"), "out"),
]
"""Each layer, what makes its channels, and the kernel that reads them."""


def channel_peaks(generator, numbers, mood, part=0.9995):
    """For each layer the value that all but a few of a channel's values stay below."""
    peaks, before = [], F.relu

    def watched(x, inplace=False):
        y = before(x)
        flat = y.float().transpose(0, 1).flatten(1)
        peaks.append(torch.sort(flat, 1).values[:, int(part * (flat.shape[1] - 1))])
        return y

    F.relu = watched
    try:
        with torch.no_grad():
            generator(numbers, mood)
    finally:
        F.relu = before
    return peaks


def fit_to_grid(generators, peaks):
    """Scales every channel so that its peak is what eight bits hold, and the next kernel against it: the function stays the same."""
    with torch.no_grad():
        for (_, makers, reader), peak in zip(LAYERS, peaks):
            factor = torch.where(peak > 1e-3, (MOST / SCALE) / peak.clamp_min(1e-3), torch.ones_like(peak))
            for generator in generators:
                for maker in makers:
                    weight = getattr(generator, maker)
                    weight.mul_(factor.view(-1, *[1] * (weight.dim() - 1)))
                weight = getattr(generator, reader)
                weight.div_(factor.view(1, -1, *[1] * (weight.dim() - 2)))
