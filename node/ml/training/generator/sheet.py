"""Contact sheets as PNG, with nothing but the standard library and numpy."""

import struct
import zlib

import numpy as np

from palette import NIGHT, palette


def png(path, rgb):
    """Writes uint8 [height, width, 3]."""
    height, width, _ = rgb.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), rgb.reshape(height, -1)], 1)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + chunk(b"IEND", b"")
    with open(path, "wb") as handle:
        handle.write(b"\x89PNG\r\n\x1a\n" + body)


def sheet(path, sprites, moods, columns, scale=4, jewels=None):
    """Roles [n, 32, 32] with their moods [n, 8] (bytes), row by row."""
    count = len(sprites)
    rows = -(-count // columns)
    canvas = np.empty((rows * 36, columns * 36, 3), np.uint8)
    canvas[:] = NIGHT
    for i, (sprite, mood) in enumerate(zip(sprites, moods)):
        colours = palette(mood, int(jewels[i]) if jewels is not None else (i * 37) % 256)
        colours[0] = NIGHT
        y, x = i // columns * 36 + 2, i % columns * 36 + 2
        canvas[y : y + 32, x : x + 32] = colours[sprite]
    png(path, canvas.repeat(scale, 0).repeat(scale, 1))
