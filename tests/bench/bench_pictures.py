"""How many stars a second a picture takes, over a plain histogram of numpy: `python -m tests.bench.bench_pictures`.

Both begin with positions, light and colours in memory and end with linear RGB on a grid of pixels. The histogram,
`numpy.histogram2d` of each colour, gives a star to one pixel and forgets where in it the star is; the picture draws
each through the pixels' filter, 81 pixels. Medians of three, on all cores; then the same from a universe on disk.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import helios
from helios.pictures.lights import Block, stars_of
from helios.pictures.picture import take
from helios.pictures.tone import shown
from helios.pictures.views import View, all_sky, pinhole

SIZE = (1600, 800)


def timed(work: Callable[[], object]) -> float:
    """Seconds, the median of three after one that compiles."""
    work()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def histogram(view: View, block: Block) -> np.ndarray:
    """The same light by numpy alone, each star in one pixel."""
    to = block.position_m - view.eye_m
    square = (to**2).sum(axis=1)
    x, y, z = view.axes @ to.T
    if view.projection == "pinhole":
        ahead = z > 1e-3 * np.sqrt(square)
        across, down = x[ahead] / z[ahead], y[ahead] / z[ahead]
    else:
        ahead = square > 0
        across, down = -np.arctan2(y, x), -np.arcsin(z / np.sqrt(square))
    places = view.height / 2 + view.focal_px * down, view.width / 2 + view.focal_px * across
    light = (block.luminosity[ahead] / square[ahead] * view.focal_px**2)[:, None] * block.color[ahead]
    edges = ((0, view.height), (0, view.width))
    grid = (view.height, view.width)
    return np.stack([np.histogram2d(*places, grid, edges, weights=light[:, i])[0] for i in range(3)], axis=-1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=1_000_000)
    parser.add_argument("--disk", type=int, default=200_000, help="stars of the universe on disk")
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    position = rng.normal(size=(given.stars, 3)) * 3e18
    block = Block(position, np.ones((given.stars, 3), np.float32), 10 ** rng.uniform(26, 31, given.stars))
    views = {
        "pinhole of 60 degrees": pinhole(np.zeros(3), [1, 0.2, 0.1], 60.0, SIZE),
        "map of all the sky": all_sky(np.zeros(3), "equirectangular", SIZE),
    }
    for name, view in views.items():
        plain, ours = timed(lambda v=view: histogram(v, block)), timed(lambda v=view: take(v, [block]))
        rate = given.stars / ours
        print(f"{name}: {rate / 1e6:.2f} million stars/s, {ours / plain:.2f} x the time of numpy.histogram2d")
    picture = take(views["map of all the sky"], [block])
    tone = timed(lambda: shown(picture.exposed(0.0)))
    print(f"glare and tone curve: {SIZE[0] * SIZE[1] / tone / 1e6:.2f} million pixels/s")
    with tempfile.TemporaryDirectory() as folder:
        universe = helios.build(output=Path(folder) / "u", synthetic=given.disk)
        for name, view in views.items():
            seconds = timed(lambda v=view: take(v, stars_of(universe, v)))
            print(f"from disk, {name}: {given.disk / seconds / 1e6:.2f} million stars/s of {given.disk:,}")


if __name__ == "__main__":
    main()
