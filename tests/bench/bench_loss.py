"""Fused image loss against its torch twin (grouped conv2d SSIM): medians of loss plus gradient, and their ratio.

Run it by hand: `python tests/bench/bench_loss.py [threads]`. Both run on the same images; the truth is
prepared beforehand, as in training. The share of lit pixels is of the prediction.
"""

import statistics
import sys
import time

import numba
import numpy as np
import torch

from helios.train.fused_loss import TruthCache, fused_image_loss
from helios.train.losses import image_loss

SIDE = 256
VIEWS = 8
ROUNDS = 15
WEIGHTS = {"lambda_dssim": 0.2, "lambda_flux": 1.0}


def draw(stars: int, spread: float, seed: int) -> torch.Tensor:
    """float32 [1, VIEWS, SIDE, SIDE, 3]: spots of 0.55 px in the middle `spread` of the image, on exact black."""
    rng = np.random.default_rng(seed)
    images = np.zeros((1, VIEWS, SIDE, SIDE, 3), np.float32)
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    for view in images[0]:
        for cx, cy in SIDE * (0.5 + spread * rng.uniform(-0.5, 0.5, (stars, 2))):
            spot = rng.lognormal(-2, 1) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 0.55**2))
            view += np.where(spot > 1e-6, spot, 0.0)[..., None] * rng.uniform(0.5, 1.0, 3)
    return torch.from_numpy(images)


def milliseconds(loss, pred, truth) -> float:
    pred.grad = None
    begin = time.perf_counter()
    loss(pred, truth, **WEIGHTS).sum().backward()
    return (time.perf_counter() - begin) / VIEWS * 1e3


def main() -> None:
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    numba.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    shape = (1, VIEWS, SIDE, SIDE, 3)
    scenes = {
        f"{n} stars over {spread:.0%}": (draw(n, spread, 0), draw(n, spread, 1))
        for n, spread in ((30, 1.0), (70, 1.0), (150, 1.0), (150, 0.3), (300, 0.5))
    }
    scenes["dense"] = (torch.rand(shape, generator=generator), torch.rand(shape, generator=generator))
    scenes["black"] = (torch.zeros(shape), torch.zeros(shape))
    print(f"{SIDE} x {SIDE} x 3, {VIEWS} views, {threads} thread(s), ms per image, median of {ROUNDS} (least)")
    for name, (pred, truth) in scenes.items():
        lit = (pred.sum(dim=-1) > 0).float().mean().item()
        pred.requires_grad_(True)
        cache = TruthCache.of(truth)
        fused = [milliseconds(fused_image_loss, pred, cache) for _ in range(ROUNDS + 2)][2:]
        twin = [milliseconds(image_loss, pred, truth) for _ in range(ROUNDS + 2)][2:]
        ratio = statistics.median(twin) / statistics.median(fused)
        print(
            f"{name:22} {lit:6.1%} lit   fused {statistics.median(fused):6.3f} ({min(fused):.3f})   "
            f"torch {statistics.median(twin):7.2f} ({min(twin):.2f})   {ratio:5.1f} x"
        )


if __name__ == "__main__":
    main()
