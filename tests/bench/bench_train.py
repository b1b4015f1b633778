"""How fast and how well cells train: `python -m tests.bench.bench_train [catalogue.csv.gz] [--depth 3] [--ratio 0.1]`.

Speed: one training step of the numba engine (fused loss) against the same step with the dense torch rasteriser and the
loss in plain torch, on the same threads in the same run, medians in turn. Quality, where a catalogue is given: the
table that `helios train-all` prints, over all cells of 400 stars and more.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from helios.cli.training_report import summary
from helios.landmarks import write_landmarks
from helios.render import pick_backend
from helios.train.cameras import training_views
from helios.train.config import TrainConfig
from helios.train.engine import train_batch
from helios.train.fused_loss import TruthCache
from helios.train.losses import IMAGE_LOSSES
from helios.train.model import Model, slots_for
from helios.train.run import plan_batches
from helios.train.scene import Frame, cell_exposure, draw_truth
from helios.train.start import mixture
from helios.universe import Universe, paths
from helios.universe.build import BuildConfig, build_universe
from tests.unit.train.scenes import cluster

VIEWS = 4
SIZE = 256
ROUNDS = 5


def stepper(name: str, splats: int):
    """A function that makes one training step of one cell of 4 * `splats` stars."""
    backend, loss = pick_backend(name), IMAGE_LOSSES.get("fused" if name == "numba" else "torch")
    cell = cluster(4 * splats, seed=1)
    cell = Frame.around(cell).enter(cell)
    exposure = cell_exposure(cell, SIZE)
    exposures = torch.tensor([exposure], dtype=torch.float32)
    views = training_views(cell, SIZE, np.random.default_rng(0))
    truth = torch.from_numpy(draw_truth(cell, views, SIZE, exposure))[None]
    truth = TruthCache.of(truth) if name == "numba" else truth
    start, kept = mixture(cell.emitters, splats, cell.radius)
    model = Model.of([start], slots_for(splats), backend.device, [kept])
    model.require_grad()
    optimizer = torch.optim.Adam(model.parameters().values(), lr=1e-3)
    chosen = torch.arange(VIEWS)
    viewmats, Ks = (torch.tensor(a)[None, :VIEWS] for a in (views.viewmats, views.Ks))

    def step() -> None:
        images = backend.render(*model.render_arguments(exposures), viewmats, Ks, SIZE, SIZE)
        loss(images.float(), truth, chosen[None], lambda_dssim=0.2, lambda_flux=1.0).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def seconds(step) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def speed() -> None:
    print("splats   numba ms/step   dense torch ms/step   ratio")
    for splats in (10, 100):
        steps = [stepper(name, splats) for name in ("numba", "torch")]
        for step in steps:
            step()
        ours, theirs = (statistics.median(t) for t in zip(*([seconds(step) for step in steps] for _ in range(ROUNDS))))
        print(f"{splats:6d} {1e3 * ours:15.2f} {1e3 * theirs:21.1f} {theirs / ours:7.0f}")


def quality(catalogue: Path, depth: int, ratio: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        build_universe(
            BuildConfig(stars=(catalogue,), depth=str(depth)),
            Path(folder) / "universe",
            lambda directory: write_landmarks(paths.landmarks_path(directory), []),
        )
        universe = Universe.open(Path(folder) / "universe")
        cells = [i for i in range(len(universe)) if universe.offsets[i + 1] - universe.offsets[i] >= 400]
        config, backend = TrainConfig(ratio=ratio), pick_backend()
        began = time.perf_counter()
        results = []
        for batch in plan_batches(universe, cells, config, backend.device.type):
            results += train_batch([universe.cell(i) for i in batch], config, backend)
        print(f"{len(cells)} cells of {catalogue.name} at depth {depth}, ratio {ratio:g}, {backend.name}:")
        print(f"{(time.perf_counter() - began) / len(cells):.2f} s per cell")
        summary(results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path, nargs="?")
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--ratio", type=float, default=0.1)
    arguments = parser.parse_args()
    speed()
    if arguments.catalogue:
        quality(arguments.catalogue, arguments.depth, arguments.ratio)


if __name__ == "__main__":
    main()
