"""How far `--pose-opt` brings back cameras that were shaken by 0.5 degrees and 0.5 % of their distance.

    python -m tests.bench.bench_cameras DATA --data-factor 2 --splats 12000 --steps 2000 --seeds 0 1

Prints PSNR on held-out photographs with the true cameras, and for each seed of the shaking degrees, in the median, and
PSNR with the shaken cameras and with those found, and which share of the PSNR lost is back.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

import torch

from helios.photos.data.dataset import load_dataset
from helios.photos.data.options import DataOptions
from helios.photos.fit.config import Cameras, FitConfig, Size, Steps
from tests.support.shaken_cameras import shaken, trained


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--data-factor", type=int, default=1)
    parser.add_argument("--splats", type=int, default=12_000)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = load_dataset(given.data, DataOptions(data_factor=given.data_factor))
    config = FitConfig(Steps(steps_scaler=given.steps / Steps.max_steps), Size(max_gaussians=given.splats))
    finding = dataclasses.replace(config, cameras=Cameras(pose_opt=True))
    best, _, least = _timed(data, data, config)
    print(f"true cameras: {best:.2f} dB, {least:.0f} s of the processor", flush=True)
    for seed in given.seeds:
        moved = shaken(data, seed)
        worst, before, _ = _timed(moved, data, config)
        found, after, seconds = _timed(moved, data, finding)
        back = (found - worst) / (best - worst)
        print(
            f"seed {seed}: {before:.3f} -> {after:.3f} degrees, {worst:.2f} -> {found:.2f} dB, {back:.0%} back, "
            f"{seconds:.0f} s",
            flush=True,
        )


def _timed(*arguments) -> tuple[float, float, float]:
    began = time.process_time()
    psnr, degrees = trained(*arguments)
    return psnr, degrees, time.process_time() - began


if __name__ == "__main__":
    main()
