"""Memory and seconds of a data set of 200 photographs of 12 megapixels, reduced by 4, until the first picture and all.

Run as `python -m tests.bench.bench_photos_data`. The photographs are 8 JPEGs of noise over shades under 200 names, in a
folder that is removed; each is decoded by itself. A process of its own opens the data set, takes the first 4 pictures,
then all 200 in random order, twice; its peak memory is what the system says. The baseline decodes every JPEG whole
before it is reduced. Then the whole `helios scene train`, its first step and all that is written after it, in a process
of its own; and the first steps of a training, how long they wait for photographs, against the same ones that decode
when they ask. The bars: under 2 GB, and the first step within 20 s.
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
STEPS = 40


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


def train(folder: Path) -> dict[str, float]:
    """Train one step in this process, as the command does; return seconds and bytes, imports among them."""
    began, cpu = time.perf_counter(), time.process_time()
    from click.testing import CliRunner

    from helios.cli import main

    with tempfile.TemporaryDirectory() as output:
        words = ["scene", "train", str(folder), "-o", output, "--data-factor", str(FACTOR), "--test-every", "0"]
        done = CliRunner().invoke(main, [*words, "--backend", "numba", "--max-steps", "1"], catch_exceptions=False)
    if done.exit_code:
        raise SystemExit(done.output)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"seconds": seconds, "cpu": cpu, "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}


def waiting(folder: Path, ahead: bool) -> dict[str, float]:
    """Train STEPS steps; return their seconds, and those in which they waited for photographs."""
    import contextlib

    import torch

    from helios.photos.data.dataset import DataOptions, load_dataset
    from helios.photos.fit.ahead import Ahead
    from helios.photos.fit.fit import Fit
    from helios.photos.fit.options import SceneOptions
    from helios.rendering.opaque import choose

    torch.set_num_threads(1)
    take, waited = Ahead.take, 0.0

    def timed(self, one):
        nonlocal waited
        began = time.perf_counter()
        try:
            return take(self, one)
        finally:
            waited += time.perf_counter() - began

    Ahead.take = timed
    if not ahead:
        Ahead.expect = lambda self, which: None
    data = load_dataset(folder, DataOptions(data_factor=FACTOR, test_every=0))
    with contextlib.closing(Fit(data, SceneOptions(), choose("numba"))) as fit:
        fit.advance()
        waited, began, cpu = 0.0, time.perf_counter(), time.process_time()
        for _ in range(STEPS):
            fit.advance()
        return {
            "seconds": time.perf_counter() - began,
            "cpu": time.process_time() - cpu,
            "waited": waited,
            "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }


def main() -> None:
    if len(sys.argv) == 3:
        ways = {"train": train, "ahead": lambda folder: waiting(folder, True)}
        ways |= {"asked": lambda folder: waiting(folder, False)}
        ways |= {way: lambda folder, way=way: measure(folder, way == "whole") for way in ("whole", "reduced")}
        print(json.dumps(ways[sys.argv[2]](Path(sys.argv[1]))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        make(Path(scratch))
        size = sum(file.stat().st_size for file in (Path(scratch) / "images").iterdir())
        print(f"{COUNT} photographs of {WIDTH} x {HEIGHT} px, {size / 1e6:,.0f} MB, at factor {FACTOR}")
        results = {}

        def run(way: str) -> dict[str, float]:
            command = [sys.executable, "-m", "tests.bench.bench_photos_data", scratch, way]
            return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)

        for way in ("whole", "reduced"):
            found = results[way] = run(way)
            print(
                f"{way:8}: opened {found['opened']:.1f} s, first picture {found['first']:.1f} s"
                f" ({found['first_cpu']:.1f} s of the processor), 4 more {found['batch']:.1f} s;"
                f" all twice {found['all_cpu']:.1f} s of the processor; peak {found['peak'] / 1e9:.2f} GB,"
                f" cache {found['cache'] / 1e9:.2f} GB"
            )
        print(f"reduced decoding is {results['whole']['all_cpu'] / results['reduced']['all_cpu']:.2f}x whole decoding")
        found = run("train")
        print(
            f"helios scene train: first step and result after {found['seconds']:.1f} s"
            f" ({found['cpu']:.1f} s of the processor), peak {found['peak'] / 1e9:.2f} GB"
        )
        for way, words in (("asked", "decoded when asked for"), ("ahead", "decoded ahead")):
            found = results[way] = run(way)
            print(
                f"{STEPS} steps, {words}: {found['seconds']:.1f} s ({found['cpu']:.1f} s of the processor), waiting"
                f" {found['waited']:.2f} s for photographs, peak {found['peak'] / 1e9:.2f} GB"
            )
        print(f"decoding ahead waits {results['ahead']['waited'] / results['asked']['waited']:.2f}x as long")


if __name__ == "__main__":
    main()
