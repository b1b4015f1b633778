"""Density strategies against starts, at an equal budget: `python -m tests.bench.bench_density CATALOGUE.csv.gz`.

Every 8th of the cells of 400 to 1500 stars is trained by every strategy from every start. Medians over cells of PSNR
and flux error at held-out views; how far PSNR is behind that of the mixture which no strategy touches (at most 1 dB is
wanted of a start that does not know where the light is); splats in use; seconds per cell.
"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np

from helios.rendering import pick_backend
from helios.splats import CellResult
from helios.training.cameras import HELD_OUT_RADII
from helios.training.config import TrainConfig
from helios.training.optim.model import slots_for
from helios.training.registries import STARTS, STRATEGIES
from helios.training.run.engine import train_batch
from tests.bench.bench_train import large_cells

MOST_STARS = 1500


def train(cells, config, backend) -> tuple[list[CellResult], float]:
    """The results of `cells`, those with most stars first, and seconds per cell."""
    began, results = time.perf_counter(), []
    for _, batch in itertools.groupby(cells, lambda cell: slots_for(config.splat_count(len(cell.emitters)))):
        results += train_batch(list(batch), config, backend)
    return results, (time.perf_counter() - began) / len(cells)


def medians(results: list[CellResult], measure: str, who: str = "trained") -> np.ndarray:
    """The median over cells of a measure at each of HELD_OUT_RADII, [3]."""
    return np.median([[r.metrics[f"{measure}_{radii:g}_{who}"] for radii in HELD_OUT_RADII] for r in results], axis=0)


def row(name: str, results: list[CellResult], who: str, rest: str = "") -> None:
    pairs = zip(medians(results, "psnr", who), medians(results, "flux_error", who))
    print(f"{name:20s}" + "".join(f"{psnr:9.2f} dB {flux:6.2f} %" for psnr, flux in pairs) + rest, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--ratio", type=float, default=0.1)
    parser.add_argument("--iterations", type=int, default=1000)
    parser.add_argument("--every", type=int, default=8)
    arguments = parser.parse_args()
    until = round(0.8 * arguments.iterations)
    base = TrainConfig(ratio=arguments.ratio, iterations=arguments.iterations, densify_until=until)
    backend = pick_backend()
    cells = [c for c in large_cells(arguments.catalogue, arguments.depth) if len(c.emitters) <= MOST_STARS]
    cells = cells[:: arguments.every]
    train(cells[-1:], base, backend)  # compiles

    stars = sorted(len(cell.emitters) for cell in cells)
    print(f"{len(cells)} cells of {stars[0]} to {stars[-1]} stars, ratio {base.ratio:g}, {base.iterations} iterations")
    print(f"{'at':20s}" + "".join(f"{f'{radii:g} radii':>21s}" for radii in HELD_OUT_RADII) + f"{'behind':>19s}")
    reference = None
    for start, strategy in itertools.product(STARTS.names(), STRATEGIES.names()):
        config = TrainConfig(**(vars(base) | {"start": start, "strategy": strategy}))
        results, seconds = train(cells, config, backend)
        if reference is None:
            row("the brightest stars", results, "brightest")
        if strategy == STRATEGIES.names()[0]:
            row(f"{start}, untrained", results, "start")
        reference = medians(results, "psnr") if reference is None else reference
        behind = "".join(f"{gap:6.2f}" for gap in reference - medians(results, "psnr"))
        used = np.median([len(result.splats) for result in results])
        row(f"{start}, {strategy}", results, "trained", f"{behind} dB {used:5.0f} splats {seconds:6.2f} s/cell")


if __name__ == "__main__":
    main()
