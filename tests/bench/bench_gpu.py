"""Cells per second on a GPU: `python -m tests.bench.bench_gpu [catalogue.csv.gz]`; needs CUDA and gsplat.

256 x 256 pixels, 4 views, 500 iterations, the whole loss. Batches of 100 and of 1000 splats per cell against a loop
that trains one cell at a time with the same rasteriser and loss, in one run. Beside it the floor: the bytes that no
step can avoid over the bandwidth of a large copy, measured here. With a catalogue: all its cells of two stars and more
at depth 5, from the store and back into it.
"""

import argparse
import functools
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.progress import Event, Note
from helios.rendering import pick_backend
from helios.training.config import TrainConfig
from helios.training.run.engine import train_batch
from helios.training.run.run import train
from helios.training.run.universe import UniverseTraining
from helios.universe import Universe
from tests.unit.training.scenes import cluster

FLOATS_PER_PIXEL = 3 * (1 + 1 + 1 + 1 + 1 + 0.5)
"""A step's least traffic: the image written, read by the loss and again by the rasteriser's backward pass, its gradient
written and read, and the truth read in half precision."""


def seconds(work) -> float:
    torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - began


def copy_bandwidth() -> float:
    """Bytes per second, read and written, of a copy of 4 GiB."""
    source = torch.empty(1 << 30, dtype=torch.float32, device="cuda")
    target = torch.empty_like(source)
    target.copy_(source)
    return 2 * source.nbytes / statistics.median(seconds(lambda: target.copy_(source)) for _ in range(5))


def batches(backend, config: TrainConfig, bandwidth: float, at_once: int) -> list[dict[str, float]]:
    print("    N   cells/s in batches   one at a time   ratio   floor   of the floor")

    def train(cells, size: int) -> None:
        for first in range(0, len(cells), size):
            train_batch(cells[first : first + size], config, backend)

    rows = []
    for splats, count in ((100, 4 * at_once), (1000, at_once)):
        cells = [cluster(round(splats / config.ratio), seed) for seed in range(count)]
        train_batch(cells[:2], TrainConfig(iterations=2), backend)
        fast = count / seconds(functools.partial(train, cells, at_once))
        slow = 2 / seconds(functools.partial(train, cells[:2], 1))
        step = 4 * FLOATS_PER_PIXEL * config.image_size**2 * config.views_per_iter
        floor = bandwidth / (step * config.iterations)
        print(f"{splats:5d} {fast:20.1f} {slow:15.2f} {fast / slow:7.0f} {floor:7.0f} {fast / floor:13.0%}", flush=True)
        rows.append(
            {"splats": splats, "cells_per_s": fast, "one_at_a_time": slow, "ratio": fast / slow, "floor": floor}
        )
    return rows


def print_note(event: Event) -> None:
    if isinstance(event, Note):
        print(event.text)


def universe(catalogue: Path, backend, config: TrainConfig) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "universe"
        build_universe(
            BuildConfig(stars=(catalogue,), depth=5),
            source,
            [],
        )
        store = Universe.open(source)
        cells = np.flatnonzero(np.diff(store.offsets) >= 2).tolist()
        began = time.perf_counter()
        result = train(UniverseTraining(source, Path(folder) / "trained", cells, config, backend), print_note)
        took, done = time.perf_counter() - began, len(result.results)
        print(f"{catalogue.name}: {done} cells of {len(store)} in {took:.0f} s, {done / took:.1f} cells/s")
        return {"cells": done, "seconds": took, "cells_per_s": done / took}


def measure(catalogue: Path | None = None, at_once: int = 128) -> dict[str, object]:
    """Measure and print; return the figures."""
    backend, config = pick_backend("gsplat"), TrainConfig(iterations=500)
    bandwidth = copy_bandwidth()
    print(f"{torch.cuda.get_device_name()}, copy {bandwidth / 1e12:.2f} TB/s")
    figures = {"device": torch.cuda.get_device_name(), "copy_bytes_per_s": bandwidth}
    figures["batches"] = batches(backend, config, bandwidth, at_once)
    if catalogue:
        figures["universe"] = universe(catalogue, backend, config)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path, nargs="?")
    parser.add_argument("--at-once", type=int, default=128)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("no CUDA device is visible: this benchmark needs one")
    measure(arguments.catalogue, arguments.at_once)


if __name__ == "__main__":
    main()
