"""Memory and seconds of a data set of 200 photographs of 12 megapixels, reduced by 4, until the first picture and all.

Run as `python -m tests.bench.bench_photos_data`. The photographs are 8 JPEGs of noise over shades under 200 names, in a
folder that is removed; each is decoded by itself. A process of its own opens the data set, takes the first 4 pictures,
then all 200 in random order, twice; its peak memory is what the system says. The baseline decodes every JPEG whole
before it is reduced. The bars: under 2 GB, and the first picture well within 20 s.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

COUNT, DISTINCT = 200, 8
WIDTH, HEIGHT = 4000, 3000
FACTOR = 4


def make(folder: Path) -> None:
    """Write the data set: images/, and a text model of cameras on a ring and 1,000 points."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir()
    shades = np.asarray(
        Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).resize((WIDTH, HEIGHT), 3), np.int16
    )
    for number in range(COUNT):
        file = folder / "images" / f"{number:03d}.jpg"
        if number >= DISTINCT:
            os.link(folder / "images" / f"{number % DISTINCT:03d}.jpg", file)
            continue
        noise = rng.integers(-12, 13, (HEIGHT, WIDTH, 1), np.int16)
        Image.fromarray(np.clip(np.roll(shades, 97 * number, 1) + noise, 0, 255).astype(np.uint8)).save(
            file, quality=92
        )
    model = folder / "sparse/0"
    model.mkdir(parents=True)
    (model / "cameras.txt").write_text(f"1 SIMPLE_RADIAL {WIDTH} {HEIGHT} 3200 {WIDTH / 2} {HEIGHT / 2} -0.05\n")
    turns = np.pi * np.arange(COUNT) / COUNT
    rows = [f"{n + 1} {np.cos(t)} 0 {np.sin(t)} 0 0 0 4 1 {n:03d}.jpg\n\n" for n, t in enumerate(turns)]
    (model / "images.txt").write_text("".join(rows))
    points = rng.normal(size=(1000, 3))
    (model / "points3D.txt").write_text("".join(f"{n} {x} {y} {z} 90 90 90 1\n" for n, (x, y, z) in enumerate(points)))


def measure(folder: Path, whole: bool) -> dict[str, float]:
    """Open the data set in this process, `whole` with JPEGs decoded in full; return seconds and bytes."""
    began, cpu = time.perf_counter(), time.process_time()
    from helios.photos.data.dataset import DataOptions, load_dataset

    if whole:
        from PIL import JpegImagePlugin

        JpegImagePlugin.JpegImageFile.draft = lambda *_: None
    dataset = load_dataset(folder, DataOptions(data_factor=FACTOR, test_every=0))
    opened = time.perf_counter() - began
    dataset.train[0].image()
    first, first_cpu = time.perf_counter() - began, time.process_time() - cpu
    order = np.random.default_rng(1).permutation(np.tile(np.arange(COUNT), 2))
    for number, view in enumerate(order):
        dataset.train[view].image()
        if number == 3:
            batch = time.perf_counter() - began
    return {
        "opened": opened,
        "first": first,
        "first_cpu": first_cpu,
        "batch": batch,
        "all_cpu": time.process_time() - cpu,
        "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "cache": dataset.train[0].pixels.cache.size,
    }


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2] == "whole")))
        return
    with tempfile.TemporaryDirectory() as scratch:
        make(Path(scratch))
        size = sum(file.stat().st_size for file in (Path(scratch) / "images").iterdir())
        print(f"{COUNT} photographs of {WIDTH} x {HEIGHT} px, {size / 1e6:,.0f} MB, at factor {FACTOR}")
        results = {}
        for way in ("whole", "reduced"):
            command = [sys.executable, "-m", "tests.bench.bench_photos_data", scratch, way]
            found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            results[way] = found
            print(
                f"{way:8}: opened {found['opened']:.1f} s, first picture {found['first']:.1f} s"
                f" ({found['first_cpu']:.1f} s of the processor), 4 more {found['batch']:.1f} s;"
                f" all twice {found['all_cpu']:.1f} s of the processor; peak {found['peak'] / 1e9:.2f} GB,"
                f" cache {found['cache'] / 1e9:.2f} GB"
            )
        print(f"reduced decoding is {results['whole']['all_cpu'] / results['reduced']['all_cpu']:.2f}x whole decoding")


if __name__ == "__main__":
    main()
