"""Scratch disks, and what bin/disktest leaves on them, computed here once more."""
import array
import os
import sys

SECTOR = 512
WORDS = SECTOR // 4
LAST = 0xFFFF  # the last generation that disktest writes


def make_disk(folder, number, size):
    """A file of that size (16M, 512K, ...) that takes no room as yet. Its path."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    path = os.path.join(folder, "disk%d.img" % number)
    with open(path, "wb") as f:
        f.truncate(int(size[:-1]) * units[size[-1]] if size[-1] in units else int(size))
    return path


def pattern(sector):
    """The words of a sector in the last generation."""
    words = array.array("I")
    x = (sector * 2654435761 + LAST * 97) & 0xFFFFFFFF
    for _ in range(WORDS):
        words.append(x ^ x >> 15)
        x = (x + 40503) & 0xFFFFFFFF
    if sys.byteorder != "little":
        words.byteswap()
    return words.tobytes()


def wrong_sector(path, first, count):
    """The first sector that does not hold its pattern, or None."""
    with open(path, "rb") as f:
        f.seek(first * SECTOR)
        for sector in range(first, first + count):
            if f.read(SECTOR) != pattern(sector):
                return sector
    return None
