"""The clean-up that every stone goes through, painted or generated: mirrors `node/ml/src/generator/tidy.rs`.

1. The largest connected body (eight neighbours) stays, the rest becomes sky. Ties go to the body met first.
2. A sky pixel with no other sky among its four neighbours is filled with the commonest role among its eight.
3. Speckles: a pixel unlike all of its eight neighbours takes the commonest role among them (ties: the lowest), unless it is a
   glint or an ember, which are meant to be single. All pixels at once, sky and outline left alone.
4. The outline: a pixel of the body with sky among its four neighbours is outline, lit where sky lies above it or to its left and
   none lies below it or to its right, otherwise dark.
"""

import numpy as np

SKY, OUTLINE, LIT, EMBER, GLINT = 0, 1, 2, 14, 15


def shifted(a, dy, dx, fill=0):
    """What lies dy below and dx to the right of each pixel."""
    out = np.full_like(a, fill)
    h, w = a.shape[-2:]
    out[..., max(-dy, 0) : h - max(dy, 0), max(-dx, 0) : w - max(dx, 0)] = a[..., max(dy, 0) : h - max(-dy, 0), max(dx, 0) : w - max(-dx, 0)]
    return out


FOUR = [(-1, 0), (0, -1), (0, 1), (1, 0)]
EIGHT = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


def labels(solid):
    """For each solid pixel the lowest index (from 1) in its connected body, 0 for sky; [n, 32, 32]."""
    n, h, w = solid.shape
    big = h * w + 1
    lab = np.where(solid, np.arange(1, big)[None].reshape(1, h, w), big)
    while True:
        low = lab.copy()
        for dy, dx in EIGHT:
            np.minimum(low, shifted(lab, dy, dx, big), out=low)
        low = np.where(solid, low, big)
        # Pointer jumping: a label's own pixel may know a lower one.
        flat = np.concatenate([low.reshape(n, -1), np.full((n, 1), big)], 1)
        low = np.take_along_axis(flat, low.reshape(n, -1) - 1, 1).reshape(n, h, w)
        low = np.where(solid, np.minimum(low, flat[:, :-1].reshape(n, h, w)), big)
        if (low == lab).all():
            return np.where(solid, lab, 0)
        lab = low


def largest(roles):
    """Only the largest body."""
    lab = labels(roles > 0)
    n = len(roles)
    counts = np.zeros((n, 32 * 32 + 1), np.int32)
    np.add.at(counts, (np.repeat(np.arange(n), 1024), lab.reshape(-1)), 1)
    counts[:, 0] = 0
    best = counts.argmax(1)
    return np.where(lab == best[:, None, None], roles, 0)


def commonest(roles):
    """The commonest role among the eight neighbours, the lowest on ties; sky does not count. Also its count."""
    around = np.stack([shifted(roles, dy, dx) for dy, dx in EIGHT])
    best, most = np.zeros_like(roles), np.zeros_like(roles)
    for role in range(1, 16):
        count = (around == role).sum(0).astype(roles.dtype)
        better = count > most
        best, most = np.where(better, role, best), np.where(better, count, most)
    return best.astype(roles.dtype)


def sky_beside(roles):
    """Up, left, right, down: whether sky lies there; outside of the picture is sky."""
    return [shifted(roles, dy, dx) == SKY for dy, dx in FOUR]


def speckled(roles):
    """Pixels unlike all of their eight neighbours, whatever their role but sky."""
    alike = sum((shifted(roles, dy, dx, 255) == roles).astype(np.uint8) for dy, dx in EIGHT)
    return (alike == 0) & (roles != SKY)


def tidy(roles):
    """uint8 [n, 32, 32] -> the same shape."""
    roles = largest(roles.astype(np.uint8))
    up, left, right, down = sky_beside(roles)
    lonely = (roles == SKY) & ~up & ~left & ~right & ~down
    # At the border of the picture the outside counts as sky.
    roles = np.where(lonely, commonest(roles), roles)
    speckle = speckled(roles) & (roles != EMBER) & (roles != GLINT) & (roles > LIT)
    roles = np.where(speckle, commonest(roles), roles)
    up, left, right, down = sky_beside(roles)
    border = (roles != SKY) & (up | left | right | down)
    lit = border & (up | left) & ~(right | down)
    return np.where(lit, LIT, np.where(border, OUTLINE, roles)).astype(np.uint8)
