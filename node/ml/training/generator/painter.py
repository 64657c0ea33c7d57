"""The procedural painter: the corpus from which the generator learns.

A stone is a function of its mood (eight bytes) and of its numbers (`seeds.py`), of the very kind that the generator gets: globals
shape the whole stone, the coarse and fine lattices are values of smooth noise and places of craters. All traits grow continuously
with their mood. One light, from the top left. Everything is vectorised over a batch; no other randomness than the numbers.
"""

import numpy as np

from seeds import GLOBALS, draw, split
from tidy import tidy

JOY, TRUST, FEAR, SURPRISE, SADNESS, DISGUST, ANGER, ANTICIPATION = range(8)
SIZE = 32
LIGHT = np.array([-0.56, -0.66, 0.50])

_axis = (np.arange(SIZE) + 0.5 - SIZE / 2) / (SIZE / 2)
X, Y = np.meshgrid(_axis, _axis)
R = np.hypot(X, Y)
THETA = np.arctan2(Y, X)
ROW, COLUMN = np.mgrid[:SIZE, :SIZE]
CHECK = ((ROW + COLUMN) % 2) * 2.0 - 1.0


def spline(places):
    """Cubic B-spline weights [32, places], made to hit about the lattice's own values; edges repeat."""
    at = (np.arange(SIZE) + 0.5) / SIZE * places - 0.5
    weights = np.zeros((SIZE, places))
    for k in range(-2, places + 2):
        t = np.abs(at - k)
        w = np.where(t < 1, (4 - 6 * t**2 + 3 * t**3) / 6, np.where(t < 2, (2 - t) ** 3 / 6, 0))
        weights[:, np.clip(k, 0, places - 1)] += w
    return weights


COARSE, FINE = spline(4) , spline(8)


def smooth(lattice, weights):
    """Noise [n, 32, 32] with about unit spread."""
    return np.einsum("ya,nab,xb->nyx", weights, lattice, weights) * 1.7


def slope(field):
    """Central differences per pixel."""
    padded = np.pad(field, ((0, 0), (1, 1), (1, 1)), mode="edge")
    return (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2, (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2


def ramp(value, low, high):
    """0 below low, 1 above high, straight between."""
    return np.clip((value - low) / (high - low), 0, 1)


def at(values):
    """[n] -> [n, 1, 1]."""
    return values[:, None, None]


def pick(values, index):
    """values [n, k] at index [32, 32] -> [n, 32, 32]."""
    return values[:, index]


class Stone:
    """A batch of stones while they are painted."""

    def __init__(self, mood, numbers):
        z, coarse, fine = split(numbers.astype(np.float64) / 48)
        self.n = len(z)
        self.mood = mood.astype(np.float64) / 255
        # A trait shows from about a fifth of its mood on and is full at four fifths.
        self.trait = [at(ramp(self.mood[:, k], 0.12, 0.80)) for k in range(8)]
        self.z, self.coarse = z, coarse
        self.low = [smooth(coarse[:, k], COARSE) for k in range(6)]
        self.high = [smooth(fine[:, k], FINE) for k in range(3)]

    def outline_radius(self):
        """The silhouette: a polygon of twelve corners, rounder where the moods are, with the moods' own outgrowths."""
        t, z = self.trait, self.z
        calm = np.clip(t[TRUST] + t[SADNESS] + 0.6 * t[DISGUST] - t[ANGER] - t[FEAR], 0, 1)
        wild = 0.075 + 0.075 * t[ANGER] + 0.02 * t[FEAR] - 0.045 * calm
        corners = wild * z[:, None, :12]
        zigzag = np.where(np.arange(12) % 2 == 0, 1.0, -1.0)[None, None] * t[ANGER] * 0.045
        corners = corners + zigzag
        size = at(0.80 + 0.05 * np.tanh(z[:, 12])) - 0.07 * (t[JOY] + t[SURPRISE]) - 0.09 * t[FEAR] - 0.02 * t[ANGER] - 0.04 * t[SADNESS]
        corners = (size + corners)[:, 0]
        turn = THETA / (2 * np.pi) * 12 % 12
        k, part = np.floor(turn).astype(int) % 12, turn % 1
        a, b = pick(corners, k), pick(corners, (k + 1) % 12)
        step = 2 * np.pi / 12
        # The straight edge between two corners, in polar form.
        edge = a * b * np.sin(step) / (a * np.sin(part * step) + b * np.sin((1 - part) * step))
        ease = part * part * (3 - 2 * part)
        curve = a + (b - a) * ease
        radius = edge + (curve - edge) * calm
        # Long stones, and those that lean forward with anticipation: from bottom left to top right.
        radius = radius * (1 + 0.07 * (at(z[:, 13]) * np.cos(2 * THETA) + at(z[:, 14]) * np.sin(2 * THETA)) * (1 - 0.5 * calm))
        self.lean = t[ANTICIPATION]
        radius = radius * (1 - 0.09 * self.lean * np.sin(2 * THETA))
        self.body = radius
        return radius

    def silhouette(self):
        """Whether a pixel is stone, and how far inside, in pixels."""
        t, z = self.trait, self.z
        radius = self.outline_radius()
        self.inside = (radius - R) * 16
        solid = self.inside > 0
        self.spikes = self.fear_spikes()
        self.fins = self.fins_of_anticipation()
        self.drip = self.drips()
        self.solid = solid | self.spikes | (self.fins > 0) | self.drip
        return self.solid

    def fear_spikes(self):
        """Thin dark thorns all around."""
        z, t = self.z, self.trait[FEAR]
        turn = (THETA / (2 * np.pi) * 9 + at(z[:, 15]) * 0.5) % 9
        k, off = np.floor(turn).astype(int) % 9, np.abs(turn % 1 - 0.5)
        length = np.take_along_axis(z[:, 18:27], k.reshape(self.n, -1), 1).reshape(self.n, SIZE, SIZE)
        length = (0.24 + 0.08 * length) * ramp(t, 0.2, 0.9)
        tip = self.body - 0.04 + length * 1.25
        width = (tip - R) * 0.48
        return (off * 2 * np.pi / 9 * R * 1.0 < np.clip(width, 0, 0.15)) & (R < tip) & (length > 0.03)

    def fins_of_anticipation(self):
        """Swept blades at the top right: 0 none, 1 blade, 2 its hot tip, 3 its bright middle."""
        t, z = self.trait[ANTICIPATION], self.z
        along, across = (X - Y) / np.sqrt(2), (X + Y) / np.sqrt(2)
        fins = np.zeros((self.n, SIZE, SIZE), int)
        for k, place in enumerate((-0.42, 0.0, 0.40)):
            length = (1.02 + 0.08 * at(z[:, 18 + k])) + (0.08 if k == 1 else 0)
            centre = place + 0.05 * at(z[:, 21 + k])
            width = 0.26 * (length - 0.06 + 0.30 * ramp(t, 0.1, 1) - along)
            # Blades curve: the outer ones bend towards the middle.
            bend = centre - place * 0.25 * np.clip(along, 0, 1) ** 2
            blade = (np.abs(across - bend) < np.clip(width, 0, 0.17)) & (along > 0) & (t > 0.15) & (width > 0.05)
            fins = np.where(blade, np.where((width < 0.085) & (t > 0.35), 2, np.where(np.abs(across - bend) < 0.45 * np.clip(width, 0, 0.17), 3, 1)), fins)
        return fins

    def drips(self):
        """Icicles and slime that hang from the underside: eight slots of four columns."""
        t, z = self.trait, self.z
        amount = np.maximum(t[SADNESS], 1.6 * t[DISGUST] - 0.7)
        hang = self.coarse[:, 5].reshape(self.n, 16)[:, :8]
        k = (COLUMN // 4)[:1]
        length = (3.2 + 2.6 * hang)[:, COLUMN // 4] * ramp(amount, 0.2, 1.0)
        length = np.where((COLUMN // 4 == 0) | (COLUMN // 4 == 7), 0, length)
        # The lower edge of the body in each column.
        rows = np.where(self.inside > 0, ROW, 0).max(1)
        below = ROW - rows[:, None, :]
        off = np.abs((COLUMN % 4) - 1.5)
        width = np.where(below < length * 0.5, 1.6, 0.6)
        # An icicle thins out; slime ends in a round drop.
        return (below > 0) & (below <= length) & (off < width) & (rows[:, None, :] > 16) & (length > 1.2)

    def craters(self):
        """Height of the craters, their floors and their rims; candidates in a grid of 4 x 4, some present."""
        t, z = self.trait, self.z
        height = np.zeros((self.n, SIZE, SIZE))
        floor = np.zeros((self.n, SIZE, SIZE))
        fewer = 0.5 * (t[SADNESS] + t[DISGUST] + t[SURPRISE]) + 0.6 * t[TRUST] + 0.3 * t[JOY] + 0.4 * t[ANTICIPATION]
        for cy in range(4):
            for cx in range(4):
                jx, jy, present = (at(self.coarse[:, c, cy, cx]) for c in range(3))
                x0, y0 = (cx + 0.5) / 2 - 1 + 0.09 * jx, (cy + 0.5) / 2 - 1 + 0.09 * jy
                size = present - 0.25 - fewer + 0.35 * at(z[:, 16])
                radius = np.clip(0.105 + 0.075 * size, 0, 0.26) * (size > 0)
                # Foreshortened towards the rim.
                far = np.clip(np.hypot(x0, y0), 0, 0.9)
                dx, dy = X - x0, Y - y0
                out = (dx * x0 + dy * y0) / np.maximum(far, 1e-6)
                q2 = dx**2 + dy**2 + out**2 * (1 / (1.15 - far**2) - 1)
                q = np.sqrt(q2) / np.maximum(radius, 1e-6)
                bowl = np.where(q < 1, q**2 - 1, 0) * radius * 3.4 + np.exp(-((q - 1.12) ** 2) * 30) * radius * 0.5
                here = radius > 0
                height += np.where(here, bowl, 0)
                floor = np.maximum(floor, np.where(here, ramp(0.85 - q, 0, 0.3), 0))
        self.floor = floor
        return height

    def shade(self):
        """Tones 3 to 7 of the body from the one light."""
        t, z = self.trait, self.z
        reach = np.clip(R / np.maximum(self.body, 0.2), 0, 1.15)
        bulge = np.clip(1 - reach**2.4, 0.0, 1)
        height = self.craters()
        rough = 0.050 + 0.05 * t[ANGER] + 0.02 * t[FEAR] - 0.035 * np.clip(t[SADNESS] + t[TRUST] + t[DISGUST], 0, 1)
        relief = rough * (self.high[0] + 0.6 * self.low[3])
        # Faceted rock: slopes in steps.
        dy, dx = slope(height + relief)
        dx, dy = dx * 16, dy * 16
        nx = 0.86 * X / np.maximum(self.body, 0.2) - dx * 0.9
        ny = 0.86 * Y / np.maximum(self.body, 0.2) - dy * 0.9
        nz = np.sqrt(np.clip(bulge, 0.05, 1)) + 0.25
        length = np.sqrt(nx**2 + ny**2 + nz**2)
        lit = (nx * LIGHT[0] + ny * LIGHT[1] + nz * LIGHT[2]) / length
        self.lit = lit
        value = lit + 0.06 * at(z[:, 17]) - 0.10 * self.floor - 0.10 * t[FEAR] - 0.16 * t[ANGER]
        steps = [-0.12, 0.22, 0.52, 0.78]
        tone = np.zeros((self.n, SIZE, SIZE), int) + 3
        for k, step in enumerate(steps):
            # A dithered rim between body tones only, two thin bands.
            band = 0.020 if k in (1, 2) else 0.0
            tone += value + band * CHECK > step
        # Light thrown back from below: a thin rim in the mood's colour on the shadow's edge.
        rim = (tone == 3) & (self.inside < 2.3) & (X + Y > 0.1)
        feeling = at(self.mood.max(1)) > 0.3
        return np.where(rim, np.where(feeling, 8, 4), tone)

    def veins(self, roles):
        """Cracks; with anger they fill with lava."""
        t, z = self.trait, self.z
        heat = t[ANGER]
        field = self.high[1] * (1 - 0.35 * heat) + 0.9 * self.low[4]
        dy, dx = slope(field)
        steep = np.maximum(np.hypot(dx, dy), 0.10)
        distance = np.abs(field - 0.1) / steep
        # Heat opens a second net of cracks.
        second = np.minimum(np.abs(field + 1.0), np.abs(field - 1.25)) / steep
        distance = np.where(heat > 0.15, np.minimum(distance, second + 0.3), distance)
        where = ramp(self.low[3] + 1.9 * heat - 0.55, -0.15, 0.15) * (self.inside > 1.6)
        crack = (distance < 0.55) & (where > 0.5) & (heat <= 0.1) & (self.mood.max(1)[:, None, None] < 0.75)
        roles = np.where(crack, np.maximum(roles - 2, 3), roles)
        wide = 0.55 + 0.45 * heat
        lava = (distance < wide) & (where > 0.5) & (heat > 0.1)
        hot = distance / np.maximum(wide, 0.01)
        level = np.where(hot < 0.40, np.where(self.low[5] > -0.2, 11, 10), np.where(hot < 0.75, 10, 9))
        roles = np.where((distance < wide + 0.75) & (heat > 0.25) & (where > 0.5) & (roles > 3), 3, roles)
        roles = np.where(lava, level, roles)
        ember = lava & (hot < 0.55) & (self.high[2] > 0.8)
        return np.where(ember, 14, roles)

    def ice(self, roles):
        """A smooth crust of ice over the lower part, with bright edges; icicles hang below."""
        t = self.trait[SADNESS]
        line = 0.55 - 1.15 * t + 0.22 * self.low[5] + 0.10 * self.high[2]
        depth = (Y - line) * 16
        ice = (depth > 0) & (t > 0.08) & (self.inside > 0) | self.drip & (self.trait[SADNESS] >= self.trait[DISGUST])
        glassy = np.clip(np.floor((self.lit * 1.05 + 0.10) * 3.6), 0, 3).astype(int) + 8
        field = self.high[1] + 0.7 * self.low[4]
        dy, dx = slope(field)
        crack = np.abs(field + 0.3) / np.maximum(np.hypot(dx, dy), 0.12) < 0.5
        glassy = np.where(crack & (self.low[3] > -0.3) & (self.inside > 2), np.maximum(glassy - 1, 8), glassy)
        glassy = np.where(depth < 1.1, 11, glassy)
        # Slanting reflections.
        streak = (np.abs(((X - Y) * 16 / 1.414 + 5 * self.coarse[:, 5, 3, 3][:, None, None]) % 15 - 5) < 0.9) & (self.lit > 0.1)
        glassy = np.where(streak, np.minimum(glassy + 1, 11), glassy)
        return np.where(ice, glassy, roles)

    def slime(self, roles):
        """Slime poured over the top, ending in tongues, with bubbles and a wet shine."""
        t = self.trait[DISGUST]
        tongues = self.coarse[:, 4].reshape(self.n, 16)[:, :8][:, (COLUMN // 4)[0]][:, None, :]
        # Rounded ends, four columns wide, a notch between two.
        off = np.abs((COLUMN % 4) - 1.5)[:1]
        wave = 0.20 * np.maximum(tongues, -0.6) + np.where(off > 1, -0.16, 0) + 0.14 * smooth_row(self.coarse[:, 4, 3])
        edge = -0.90 + 1.15 * t + wave * (0.4 + 0.6 * t)
        depth = (edge - Y) * 16
        slime = (depth > 0) & (t > 0.08) & (self.inside > 0) | self.drip & (self.trait[DISGUST] > self.trait[SADNESS])
        tone = np.where(depth < 1.2, 8, np.where(self.lit > 0.62, 11, np.where(self.lit > 0.12, 10, 9)))
        tone = np.where((depth > 1.2) & (depth < 2.4), 9, tone)
        bubbles = self.high[0] + 0.3 * self.high[1]
        tone = np.where((bubbles > 1.35) & (depth > 3), 12, tone)
        tone = np.where((bubbles > 1.80) & (depth > 3), 13, tone)
        tone = np.where(self.drip & ~(depth > 0), 9, tone)
        return np.where(slime, tone, roles)

    def agate(self, roles):
        """Trust: a polished window with rings of agate; together with joy it becomes a heart."""
        t, z = self.trait[TRUST], self.z
        x0, y0 = 0.10 * at(z[:, 26]), 0.10 * at(z[:, 27]) + 0.05
        size = 0.18 + 0.40 * t
        x, y = (X - x0) / size, (Y - y0) / size
        round_ = np.hypot(x * 0.92, y * 1.05) + 0.10 * self.low[4]
        love = ramp(np.minimum(self.trait[JOY], t), 0.25, 0.55)
        y2 = -(y * 1.05) + 0.62 * np.sqrt(np.abs(x) + 1e-9) - 0.18
        heart = np.sqrt((x * 1.02) ** 2 + y2**2)
        q = round_ + (heart - round_) * love
        bands = q * (2.6 + 2.2 * t) + 0.25 * at(z[:, 28])
        ring = np.array([11, 9, 10, 8, 10, 9])[np.floor(bands).astype(int) % 6]
        window = (q < 1) & (t > 0.08) & (self.inside > 1.2)
        edge = (q >= 1) & (q < 1 + 0.085 / np.maximum(size, 0.1)) & (t > 0.08) & (self.inside > 1)
        # The rim of the window: dark where it turns from the light, bright where it faces it.
        roles = np.where(edge, np.where(X - x0 + Y - y0 < 0, 3, 7), roles)
        return np.where(window, ring, roles)

    def strata(self, roles):
        """Anticipation: layers that run with the flight, every other one bright."""
        t, z = self.trait[ANTICIPATION], self.z
        across = (X + Y) / np.sqrt(2) + 0.05 * self.low[4] + 0.03 * self.high[1]
        phase = across * (4.6) + 0.6 * at(z[:, 29])
        part = phase % 1
        line = (part < 0.30) & (ramp(self.low[3] + 2.2 * t - 1.0, 0, 0.2) > 0.5) & (self.inside > 1.5) & (t > 0.08)
        level = np.clip(np.round((self.lit + 0.25) * 3), 0, 3).astype(int) + 8
        roles = np.where(line, level, roles)
        roles = np.where((part >= 0.30) & (part < 0.48) & (t > 0.3) & (self.inside > 1.5) & (roles < 8), np.maximum(roles - 1, 3), roles)
        roles = np.where((self.fins > 0) & (self.inside < 1.0), np.array([9, 9, 11, 10])[self.fins], roles)
        return np.where((self.fins == 2) & (self.inside < -2.0), 14, roles)

    def hollow(self, roles):
        """Fear: two hollow pits that may look back, and thorns."""
        t, z = self.trait[FEAR], self.z
        roles = np.where(self.spikes & (self.inside < 0.8), np.where(self.lit > 0.25, 5, 3), roles)
        apart = 0.24 + 0.04 * at(z[:, 30])
        up = 0.06 + 0.08 * at(z[:, 31])
        for side in (-1, 1):
            x, y = X - side * apart - 0.05 * at(z[:, 26]), Y + up
            tilt = y - side * 0.30 * (x)
            size = 0.02 + 0.17 * t
            q = np.hypot(x / 1.15, tilt * 1.5) / size
            pit = (q < 1) & (t > 0.12)
            roles = np.where((q >= 1) & (q < 1 + 0.09 / size) & (t > 0.12) & (tilt > 0), 6, roles)
            roles = np.where((q >= 1) & (q < 1 + 0.09 / size) & (t > 0.12) & (tilt <= 0), 3, roles)
            roles = np.where(pit, 1, roles)
            glow = (np.hypot(x, tilt) < 0.075) & (t > 0.35)
            roles = np.where(glow, np.where((x < 0) == (side < 0), 14, 11), roles)
        return roles

    def crystals(self, roles):
        """Joy's golden crystals on the upper side, surprise's gem burst from a point on the face."""
        t, z = self.trait, self.z
        solid = np.zeros((self.n, SIZE, SIZE), bool)
        for k in range(7):
            angle = -np.pi / 2 + (k - 3) * 0.47 + 0.10 * at(z[:, 11 - k]) + 0.30 * at(z[:, 28])
            grow = ramp(t[JOY] * 1.25 + 0.22 * at(z[:, 18 + k]) - 0.12, 0.10, 0.9) * (t[JOY] > 0.08)
            root = 0.30 + 0.09 * at(z[:, 3 + k])
            face, here = prism(X - 0.10 * at(z[:, 26]), Y - 0.08 - 0.08 * at(z[:, 27]), angle, root, root + 0.05 + 0.52 * grow, 0.045 + 0.085 * grow)
            here &= grow > 0.15
            tone = np.where(face < -0.2, 11, np.where(face < 0.25, 10, 9))
            tone = np.where(face > 0.75, 8, tone)
            roles, solid = np.where(here, tone, roles), solid | here
        x0, y0 = 0.12 * at(z[:, 26]), 0.12 * at(z[:, 27])
        for k in range(8):
            angle = k * np.pi / 4 + 0.16 * at(z[:, k]) + 0.3
            grow = ramp(t[SURPRISE] * 1.2 + 0.25 * at(z[:, 18 + k % 8]) - 0.1, 0.1, 1.0) * (t[SURPRISE] > 0.08)
            face, here = prism(X - x0, Y - y0, angle, 0.05, 0.22 + 0.68 * grow, 0.05 + 0.10 * grow)
            here &= grow > 0.12
            lights, darks = ([13, 11, 14, 11], [12, 9, 12, 9])
            bright = (np.cos(angle) * LIGHT[1] - np.sin(angle) * LIGHT[0]) > 0
            lit = (face < 0) == ~bright
            tone = np.where(lit, lights[k % 4], darks[k % 4])
            roles, solid = np.where(here, tone, roles), solid | here
        centre = (np.hypot(X - x0, Y - y0) < 0.09) & (t[SURPRISE] > 0.2)
        roles = np.where(centre, 15, roles)
        self.solid = self.solid | solid
        return roles

    def glints(self, roles):
        """Sparkles: a plus of light where the stone faces the light, with joy, ice or gems; a single one on wet slime."""
        t, z = self.trait, self.z
        shine = np.clip(t[JOY] + 0.6 * t[SADNESS] + 0.7 * t[SURPRISE] + 0.7 * t[DISGUST], 0, 1)
        x0 = np.round((-0.30 + 0.07 * at(z[:, 30])) * 16) / 16 + 1 / 32
        y0 = np.round((-0.34 + 0.07 * at(z[:, 31])) * 16) / 16 + 1 / 32
        d = (np.abs(X - x0) + np.abs(Y - y0)) * 16
        roles = np.where((d < 0.5) & (shine > 0.2), 15, roles)
        roles = np.where((d > 0.5) & (d < 1.5) & (shine > 0.55), 15, roles)
        return roles

    def paint(self):
        """uint8 [n, 32, 32]."""
        self.silhouette()
        roles = self.shade()
        roles = self.veins(roles)
        roles = self.strata(roles)
        roles = self.agate(roles)
        roles = self.ice(roles)
        roles = self.slime(roles)
        roles = self.crystals(roles)
        roles = self.hollow(roles)
        roles = self.glints(roles)
        return tidy(np.where(self.solid, roles, 0).astype(np.uint8))


def smooth_row(values):
    """Four numbers [n, 4] along the columns, [n, 1, 32]."""
    return (values @ COARSE.T)[:, None, :] * 1.3


def prism(x, y, angle, start, end, width):
    """A pointed crystal along a direction: which side of its ridge (-1 to 1, positive right of the direction), and whether it is here."""
    along = x * np.cos(angle) + y * np.sin(angle)
    across = -x * np.sin(angle) + y * np.cos(angle)
    taper = np.clip((end - along) / np.maximum(0.20, width * 2.0), 0, 1)
    half = width * np.minimum(taper, 1)
    return across / np.maximum(half, 1e-6), (np.abs(across) < half) & (along > start) & (along < end)


def paint(mood, numbers):
    """Roles, uint8 [n, 32, 32], of moods uint8 [n, 8] and numbers int8 [n, NUMBERS]."""
    return Stone(mood, numbers).paint()


def moods(rng, count):
    """Moods as messages have them: a quarter neutral or faint, then one mood, two, and wide mixtures; uint8 [count, 8]."""
    kind = rng.choice(4, count, p=[0.24, 0.34, 0.27, 0.15])
    mood = rng.random((count, 8)) * 0.10
    faint = rng.random((count, 8)) ** 3 * 0.30
    order = np.argsort(rng.random((count, 8)), 1)
    first, second = order[:, 0], order[:, 1]
    rows = np.arange(count)
    one = mood.copy()
    one[rows, first] = 0.3 + 0.7 * rng.random(count) ** 0.8
    two = mood.copy()
    two[rows, first] = 0.3 + 0.7 * rng.random(count)
    two[rows, second] = 0.2 + 0.7 * rng.random(count)
    many = rng.dirichlet(np.full(8, 0.6), count) * (0.6 + 0.8 * rng.random((count, 1)))
    mixed = np.choose(kind[:, None], [faint, one, two, many])
    return (np.clip(mixed, 0, 1) * 255).round().astype(np.uint8)


if __name__ == "__main__":
    import sys

    from sheet import sheet

    rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    rows = []
    for k in range(8):
        m = np.zeros((8, 8))
        m[:, k] = np.linspace(0.35, 1, 8)
        rows.append(m)
    rows.append(np.zeros((8, 8)))
    mood = (np.concatenate(rows) * 255).astype(np.uint8)
    mood = np.concatenate([mood, moods(rng, 16)])
    sheet(sys.argv[1], paint(mood, draw(rng, len(mood))), mood, 8, 4)
