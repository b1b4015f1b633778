"""How well cells of real stars train: `python -m tests.bench.bench_train CATALOGUE.csv.gz`.

The table that `helios train-all` prints, over all cells of 400 stars and more, at depths 2 and 3, and seconds per cell.
With `--by-heart` cells are trained on the very views that judge them: what these splats could reach at most.
"""

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.cli.training_report import summary
from helios.rendering import pick_backend
from helios.threads import map_threads
from helios.training.config import TrainConfig
from helios.training.run.engine import train_batch, train_scenes
from helios.training.scene import Scene
from helios.universe import Universe


def large_cells(catalogue: Path, depth: int, least: int = 400):
    """The cells of at least so many stars of a catalogue at a depth, those with most stars first."""
    with tempfile.TemporaryDirectory() as folder:
        build_universe(
            BuildConfig(stars=(catalogue,), depth=depth),
            Path(folder) / "universe",
            [],
        )
        universe = Universe.open(Path(folder) / "universe")
        stars = np.diff(universe.offsets)
        order = np.argsort(-stars, kind="stable")
        return [universe.cell(int(i)) for i in order if stars[i] >= least]


def train_by_heart(cells, config, backend):
    def learn(cell):
        scene = Scene.of(cell, config)
        known = dataclasses.replace(scene, views=scene.judge_views, truth=scene.judge_truth)
        return train_scenes([known], config, backend)[0]

    return map_threads(learn, cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--depth", type=int, nargs="*", default=[2, 3])
    parser.add_argument("--ratio", type=float, default=0.1)
    parser.add_argument("--by-heart", action="store_true")
    parser.add_argument("--iterations", type=int, default=TrainConfig.iterations)
    arguments = parser.parse_args()
    config, backend = TrainConfig(ratio=arguments.ratio, iterations=arguments.iterations), pick_backend()
    train = train_by_heart if arguments.by_heart else train_batch
    for depth in arguments.depth:
        cells = large_cells(arguments.catalogue, depth)
        began = time.perf_counter()
        results = train(cells, config, backend)
        seconds = (time.perf_counter() - began) / len(cells)
        print(f"{len(cells)} cells of {arguments.catalogue.name} at depth {depth}, ratio {arguments.ratio:g}:")
        print(f"{seconds:.2f} s per cell, {backend.name}")
        summary(results, Console(highlight=False, soft_wrap=True))
        for measure, unit in (("psnr", "dB"), ("flux_error", "%")):
            gains = [
                np.median([r.metrics[f"{measure}_{d}_trained"] - r.metrics[f"{measure}_{d}_start"] for r in results])
                for d in ("2.5", "5", "10")
            ]
            print(f"trained against start, median over cells: {', '.join(f'{g:+.2f} {unit}' for g in gains)}")


if __name__ == "__main__":
    main()
