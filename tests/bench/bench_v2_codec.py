"""Bytes a star of pack v2, and how fast its cells are encoded and decoded: `python -m tests.bench.bench_v2_codec`.

Synthetic cells, as those of a million stars are: 500 stars of a depth, anywhere in their cell, magnitudes crowding at
the faint end, black-body colours, and 96 proxies in every fourth. Baselines, in the columns named after them, are
`numpy.packbits` of the same fields without Rice codes, and zlib -6 of the same fields as columns of whole bytes, one
stream per cell. One thread, best of 3; the last lines are the decoders of the viewer in Node and, where there is one,
in headless Chromium: the first run is cold.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from helios.grid import cells_of_keys
from helios.packing.v2.decode import decode_tile
from helios.packing.v2.encode import Blocks, encode_blocks
from helios.packing.v2.records import ProxyRecords, StarRecords

CELLS, STARS, PROXIES = 400, 500, 96
DEPTHS = (2, 5, 8)
CELLS_PER_TILE = 4
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (23, 23, 25)


def places(rng: np.random.Generator, depth: int, keys: np.ndarray, each: int) -> list[np.ndarray]:
    """lon, col, rad of `each` places in every cell."""
    l, theta, phi = cells_of_keys(keys)
    left = 23 - (depth + 1), 23 - depth, 25 - (depth + 1)
    return [
        (np.repeat(index.astype(np.int64), each) << width | rng.integers(0, 1 << width, len(keys) * each)).astype("u4")
        for index, width in zip((theta, phi, l), left)
    ]


class Scene:
    """Cells of one depth and their records."""

    def __init__(self, depth: int, seed: int = 1):
        rng = np.random.default_rng(seed)
        self.depth = np.full(CELLS, depth)
        self.key = rng.choice(1 << (3 * min(depth, 6)), CELLS).astype(np.uint64)  # of the first shell of depth 0
        total = CELLS * STARS
        mag = 100 * (119 - rng.exponential(1.4, total) - rng.exponential(0.4, total))
        color = np.clip(rng.normal(40, 18, total), 0, 126).astype(np.uint8)
        self.stars = StarRecords(*places(rng, depth, self.key, STARS), mag.astype(np.uint16), color)
        self.star_offsets = np.arange(CELLS + 1) * STARS
        parents = self.key[::4]
        child = np.sort(rng.integers(0, 8, (len(parents), PROXIES)), axis=1).astype(np.uint8)
        below = (parents[:, None] << np.uint64(3) | child.astype(np.uint64)).ravel()
        proxy_mag = 2 * (50 * (114 - rng.exponential(1.5, child.size))).astype(np.uint16)
        size, tint = (rng.normal(mean, 10, child.size).clip(0, 126).astype(np.uint8) for mean in (70, 45))
        self.proxies = ProxyRecords(child.ravel(), *places(rng, depth + 1, below, 1), proxy_mag, size, tint)
        self.proxy_offsets = np.cumsum([0, *(PROXIES * (np.arange(CELLS) % 4 == 0))])

    def encode(self, proxies: bool) -> Blocks:
        some = (self.proxies, self.proxy_offsets) if proxies else ()
        return encode_blocks(self.depth, self.key, self.stars, self.star_offsets, *some)

    def decode(self, data: np.ndarray) -> None:
        decode_tile(data, self.depth, self.key, "bench")

    def packbits(self) -> int:
        """The same fixed fields, and 16 bits of magnitude, through `numpy.packbits`; the bytes of it."""
        stars, size = self.stars, 0
        left = 23 - (self.depth[0] + 1), 23 - self.depth[0], 25 - (self.depth[0] + 1)
        columns = (stars.lon, left[0]), (stars.col, left[1]), (stars.rad, left[2]), (stars.color, 7), (stars.mag, 16)
        for start in range(0, len(stars), STARS):
            own = slice(start, start + STARS)
            order = np.argsort(stars.mag[own], kind="stable")
            bits = [(column[own][order][:, None] >> np.arange(width)) & 1 for column, width in columns]
            size += len(np.packbits(np.concatenate([part.ravel() for part in bits]), bitorder="little"))
        return size

    def zlib6(self) -> int:
        """The same fields as columns of whole bytes, and steps of magnitude, through zlib -6; the bytes of it."""
        stars, size = self.stars, 0
        for start in range(0, len(stars), STARS):
            own = slice(start, start + STARS)
            order = np.argsort(stars.mag[own], kind="stable")
            planes = [np.diff(stars.mag[own][order], prepend=0).astype("<u2"), stars.color[own][order]]
            planes += [
                (column[own][order] & np.uint32((1 << (width - self.depth[0])) - 1)).view(np.uint8).reshape(-1, 4).T
                for column, width in zip((stars.lon, stars.col, stars.rad), WIDTHS)
            ]
            size += len(zlib.compress(b"".join(plane.tobytes() for plane in planes), 6))
        return size


def best(action: Callable[[], object]) -> float:
    """The least of the seconds that `action` takes."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def viewer_jobs(scene: Scene, blocks: Blocks) -> list[dict]:
    """Tiles of four cells for the viewer's decoders."""
    ends = np.concatenate([[0], np.cumsum(blocks.lengths)])
    l, theta, phi = cells_of_keys(scene.key)
    index = np.stack([scene.depth, l, theta, phi], axis=1)
    jobs = []
    for first in range(0, CELLS, CELLS_PER_TILE):
        data = blocks.data[ends[first] : ends[first + CELLS_PER_TILE]].tobytes()
        cells = index[first : first + CELLS_PER_TILE].tolist()
        jobs.append({"data": base64.b64encode(data).decode(), "cells": cells, "crc": zlib.crc32(data)})
    return jobs


def viewer(jobs: list[dict]) -> None:
    """Print how fast Node and Chromium decode and check `jobs`."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    job = json.dumps({"jobs": jobs, "rounds": 7, "chromium": chromium})
    script = Path(__file__).with_suffix("").with_name("v2_decode.mjs")
    done = subprocess.run(["node", str(script)], input=job, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    print(f"decoders of the viewer, minified: {seen['bytes']:,} bytes")
    for where in ("node", "chromium"):
        if run := seen[where]:
            ms = [1e5 * each / run["records"] for each in run["ms"]]
            print(f"{where:>9}: 100,000 records decoded and checked in {ms[0]:.0f} ms cold, {min(ms[1:]):.0f} ms warm")


def measure(depth: int) -> str:
    """The line of cells of one depth."""
    scene = Scene(depth)
    total = len(scene.stars)
    blocks = scene.encode(proxies=False)
    scene.decode(blocks.data)
    stars = int(blocks.lengths.sum())
    proxies = int(scene.encode(proxies=True).lengths.sum()) - stars
    encode, decode = best(lambda: scene.encode(proxies=False)), best(lambda: scene.decode(blocks.data))
    numpy_seconds = best(scene.packbits)
    return (
        f"{depth:>5} {stars / total:>7.2f} {scene.packbits() / stars:>8.2f}x {scene.zlib6() / stars:>7.2f}x "
        f"{proxies / len(scene.proxies):>8.2f} {total / encode / 1e6:>10.1f} M/s "
        f"{numpy_seconds / encode:>8.0f}x {total / decode / 1e6:>6.1f} M/s"
    )


def main() -> None:
    """Print a line for each depth, then the viewer's."""
    sizes = f"{'depth':>5} {'B/star':>7} {'packbits':>9} {'zlib -6':>8} {'B/proxy':>8}"
    print(f"{sizes} {'encode stars':>14} {'packbits':>9} {'decode':>10}")
    for depth in DEPTHS:
        print(measure(depth))
    scene = Scene(5)
    viewer(viewer_jobs(scene, scene.encode(proxies=True)))


if __name__ == "__main__":
    main()
