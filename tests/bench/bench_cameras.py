"""How far `--pose-opt` brings back cameras that were shaken by 0.5 degrees and 0.5 % of their distance.

    python -m tests.bench.bench_cameras DATA --data-factor 2 --splats 12000 --steps 2000 --seeds 0 1

Prints PSNR on held-out photographs with the true cameras, and for each seed of the shaking PSNR with the shaken cameras
and with those found, which share of the PSNR lost is back, and by how much both are off, medians over the cameras in
the world that they agree on: degrees, pixels by which points of the scene lie elsewhere in the photographs, and
positions in shares of the distance. A turn and a shift that make up for each other are off in degrees, not in pixels.
How far the true cameras can be trusted themselves is told by `bench_camera_truth`.
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
from tests.support.shaken_cameras import Found, shaken, trained


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
    best, _ = _timed(data, data, config)
    print(f"true cameras: {best.psnr:.2f} dB", flush=True)
    for seed in given.seeds:
        moved = shaken(data, seed)
        worst, least = _timed(moved, data, config)
        found, seconds = _timed(moved, data, finding)
        back = (found.psnr - worst.psnr) / (best.psnr - worst.psnr)
        print(
            f"seed {seed}: {worst.degrees:.3f} -> {found.degrees:.3f} degrees, "
            f"{worst.pixels:.2f} -> {found.pixels:.2f} px, {worst.share:.2%} -> {found.share:.2%} of the distance, "
            f"{worst.psnr:.2f} -> {found.psnr:.2f} dB, {back:.0%} back, "
            f"{seconds:.0f} s of the processor, {least:.0f} s without the search",
            flush=True,
        )


def _timed(*arguments) -> tuple[Found, float]:
    began = time.process_time()
    found = trained(*arguments)
    return found, time.process_time() - began


if __name__ == "__main__":
    main()
