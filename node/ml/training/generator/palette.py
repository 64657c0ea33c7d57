"""The colours of the sixteen roles: mirrors `node/ml/src/generator/palette.rs`, integer for integer (the parity test compares them)."""

import numpy as np

ROLES = [
    "sky", "outline", "outline lit", "deep", "dark", "body", "light", "bright",
    "vein deep", "vein", "vein light", "vein bright", "gem", "gem light", "ember", "glint",
]
NIGHT = (11, 16, 38)

# By mood in wire order: joy, trust, fear, surprise, sadness, disgust, anger, anticipation; last: a neutral stone.
# Hue at its purest for the stone's shadow, its body and its light; then of the vein ramp's two ends; then of the gem and the ember.
THEMES = np.array([
    [[96, 48, 72], [168, 116, 72], [255, 226, 140], [214, 112, 20], [255, 232, 96], [255, 150, 190], [255, 196, 64]],
    [[44, 64, 78], [104, 132, 92], [214, 232, 160], [40, 120, 84], [176, 236, 120], [120, 220, 190], [200, 255, 150]],
    [[30, 28, 58], [58, 78, 88], [140, 190, 160], [16, 92, 84], [88, 240, 170], [150, 110, 220], [120, 255, 160]],
    [[44, 50, 110], [92, 118, 168], [200, 232, 250], [24, 110, 190], [110, 232, 255], [255, 110, 200], [255, 232, 110]],
    [[34, 44, 108], [80, 104, 164], [190, 214, 250], [44, 84, 196], [160, 214, 255], [130, 160, 255], [150, 200, 255]],
    [[62, 40, 84], [112, 88, 122], [206, 190, 170], [116, 44, 160], [206, 130, 250], [170, 220, 60], [190, 240, 70]],
    [[60, 22, 44], [118, 60, 60], [232, 150, 110], [176, 22, 30], [255, 132, 44], [255, 80, 80], [255, 200, 70]],
    [[76, 38, 66], [146, 92, 72], [250, 196, 130], [190, 76, 24], [255, 176, 60], [90, 200, 220], [255, 160, 60]],
    [[44, 44, 72], [104, 100, 116], [214, 204, 196], [70, 74, 112], [170, 180, 204], [150, 170, 210], [220, 200, 170]],
], np.int64)

# Luma of each role, 0 to 255, before the mood moves it: neighbours in a ramp stay at least 24 apart whatever their hue.
LUMA = np.array([0, 25, 66, 42, 62, 88, 126, 176, 64, 100, 146, 200, 96, 184, 176, 244], np.int64)
# Which theme colours a role lies between, and how far (of 8).
BETWEEN = [
    (0, 0, 0), (0, 0, 0), (0, 1, 3), (0, 0, 0), (0, 1, 4), (1, 1, 0), (1, 2, 4), (2, 2, 0),
    (3, 3, 0), (3, 4, 3), (3, 4, 6), (4, 4, 0), (5, 5, 0), (5, 5, 0), (6, 6, 0), (2, 2, 0),
]
MOST = 255


def luma(rgb):
    """Rec. 601 weights in 256ths."""
    return (77 * rgb[..., 0] + 150 * rgb[..., 1] + 29 * rgb[..., 2]) >> 8


def brought_to(rgb, target):
    """The colour with its luma brought near the target: darker by scaling, lighter by scaling and then mixing with white."""
    now = max(int(luma(rgb)), 1)
    scaled = [min(int(c) * target // now, MOST) for c in rgb]
    now = int(luma(np.array(scaled)))
    missing, room = max(target - now, 0), max(MOST - now, 1)
    return [c + (MOST - c) * missing // room for c in scaled]


def palette(mood, jewel):
    """RGB of the sixteen roles, uint8 [16, 3], of a mood (8 bytes) and one byte of the seed."""
    mood = [int(m) for m in mood]
    weights = [m * m for m in mood]
    # A neutral stone weighs as much as a mood at three tenths.
    weights.append(76 * 76)
    body = sum(w * THEMES[k] for k, w in enumerate(weights)) // sum(weights)
    # Veins, gems and embers are purer than the body: the cube keeps two strong moods from turning grey.
    cubes = [w * m for w, m in zip(weights, mood + [50])]
    pure = sum(w * THEMES[k] for k, w in enumerate(cubes)) // sum(cubes)
    theme = np.concatenate([body[:3], pure[3:]])
    # Gems carry the seed's own colour, the more of it the more surprise there is.
    own = JEWELS[jewel % len(JEWELS)]
    share = 64 + mood[3] // 2
    theme[5] = (theme[5] * (256 - share) + own * share) >> 8
    turn = (jewel >> 4) - 8
    shift = (mood[0] - mood[2]) // 32
    colours = [[0, 0, 0]]
    for role in range(1, 16):
        a, b, at = BETWEEN[role]
        rgb = (theme[a] * (8 - at) + theme[b] * at) // 8
        if role <= 7:
            rgb = np.clip(rgb + np.array([turn, 0, -turn]), 0, 255)
        target = int(LUMA[role]) + (shift if 3 <= role <= 13 else 0)
        colours.append(brought_to(rgb, target))
    return np.array(colours, np.uint8)


JEWELS = np.array([
    [255, 90, 150], [90, 220, 255], [190, 130, 255], [255, 190, 80], [110, 255, 170], [255, 120, 90],
], np.int64)
