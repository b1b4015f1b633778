"""Records and indexes of pack v2 for the tests of its parts: random, seeded, of any depth."""

import numpy as np

from helios.grid import cells_of_keys
from helios.packing.v2.index import IndexEntry, PagePointer
from helios.packing.v2.records import ProxyRecords, ShapedRecords, StarRecords


def random_key(rng: np.random.Generator, depth: int) -> int:
    """A cell of `depth`: 3 bits a level, but for the colatitude's, which begins one level later."""
    key = 0
    for level in range(depth + 1):
        key = key << 3 | int(rng.integers(0, 8)) & (6 if level == 0 else 7)
    return key


def places(rng: np.random.Generator, depth: int, key: int, count: int) -> list[np.ndarray]:
    """lon, col, rad of places anywhere in a cell: its prefixes, and random bits below."""
    l, theta, phi = (int(index[0]) for index in cells_of_keys([key]))
    widths = 23 - (depth + 1), 23 - max(depth, 0), 25 - (depth + 1)
    return [
        (prefix << width | rng.integers(0, 1 << width, count)).astype(np.uint32)
        for prefix, width in zip((theta, phi, l), widths)
    ]


def random_stars(rng: np.random.Generator, depth: int, key: int, count: int) -> StarRecords:
    """Stars whose magnitudes crowd at the faint end, as those of the sky do, and often are equal."""
    mag = np.rint(100 * (118 + 1.5 * np.log2(rng.uniform(1e-4, 1, count)))).astype(np.uint16)
    return StarRecords(*places(rng, depth, key, count), mag, rng.integers(0, 128, count).astype(np.uint8))


def random_proxies(rng: np.random.Generator, depth: int, key: int, count: int) -> ProxyRecords:
    """Proxies inside the children for which they stand."""
    child = rng.integers(0, 8, count).astype(np.uint8) & (6 if depth < 0 else 7)
    each = [places(rng, depth + 1, key << 3 | int(k), 1) for k in child]
    lon, col, rad = (np.array([place[axis][0] for place in each], np.uint32) for axis in range(3))
    mag = (2 * rng.integers(5400, 6000, count)).astype(np.uint16)
    size, color = (rng.integers(0, 128, count).astype(np.uint8) for _ in range(2))
    return ProxyRecords(child, lon, col, rad, mag, size, color)


def random_shaped(rng: np.random.Generator, depth: int, key: int, count: int) -> ShapedRecords:
    return ShapedRecords(
        *places(rng, depth, key, count),
        rng.integers(0, 1024, (count, 3)).astype(np.uint16),
        rng.integers(0, 1 << 32, count).astype(np.uint32),
        rng.integers(0, 1 << 16, count).astype(np.uint16),
        rng.integers(0, 256, (count, 3)).astype(np.uint8),
    )


def random_entry(rng: np.random.Generator, depth: int, key: int, mask: int, paged: bool = False) -> IndexEntry:
    """An entry of the cell, with a table three times out of four."""
    extent = int(rng.integers(1, 256)) if rng.random() < 0.75 else 0
    table = rng.bytes(12) if extent else b""
    if not mask:
        return IndexEntry(depth, key, 0, extent, table)
    length, stars, crc = (int(n) for n in rng.integers(0, (1 << 20, 5000, 1 << 32)))
    page = PagePointer(*(int(n) for n in rng.integers(0, (3, 1 << 28, 1 << 16, 1 << 32)))) if paged else None
    return IndexEntry(depth, key, mask, extent, table, length, stars, crc, page)


def random_entries(rng: np.random.Generator, root: IndexEntry, levels: int) -> list[IndexEntry]:
    """The entries of a page of `root`, breadth first, some of them with pages of their own."""
    entries, queue = [], [root]
    while queue:
        above = queue.pop(0)
        for key in above.children:
            depth = above.depth + 1
            mask = int(rng.integers(0, 256)) if depth < root.depth + levels else 0
            paged = depth == root.depth + levels - 1 and rng.random() < 0.5
            entries.append(random_entry(rng, depth, key, mask, paged))
            if mask and entries[-1].page is None:
                queue.append(entries[-1])
    return entries
