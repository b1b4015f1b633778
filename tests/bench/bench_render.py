"""How fast the CPU draws: the numba backend against the torch reference, and the ground truth, in one run.

    python tests/bench/bench_render.py

One thread, one cell, 256 x 256 pixels, splats of 2 to 5 pixels; medians per image, forward and backward. The reference
is the baseline: dense float32 torch, the time a trainer without a rasteriser of its own would take; it draws one view
only, and at K = 1000 takes about 4 GB.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch

from helios.rendering.backend import Backend
from helios.rendering.numba_backend import NumbaBackend
from helios.rendering.torch_reference import TorchBackend
from helios.rendering.truth import render_truth

SIDE, VIEWS, DISTANCE = 256, 4, 5.0
FOCAL = SIDE / 2 / math.tan(math.radians(30))


def scene(splats: int, seed: int = 0) -> list[torch.Tensor]:
    """Return the seven tensors of `Backend.render` of one cell seen by `VIEWS` cameras turned at random."""
    draw = np.random.default_rng(seed)
    viewmats = np.tile(np.eye(4), (1, VIEWS, 1, 1))
    turns = np.linalg.qr(draw.normal(size=(VIEWS, 3, 3)))[0]
    viewmats[0, :, :3, :3] = turns * np.linalg.det(turns)[:, None, None]
    viewmats[..., 2, 3] = DISTANCE
    arrays = (
        draw.uniform(-1, 1, (1, splats, 3)),
        draw.normal(size=(1, splats, 4)),
        draw.uniform(2, 5, (1, splats, 3)) * DISTANCE / FOCAL,
        draw.uniform(0.01, 0.5, (1, splats)),
        draw.uniform(0.3, 1.3, (1, splats, 3)),
        viewmats,
        np.tile([[FOCAL, 0, SIDE / 2], [0, FOCAL, SIDE / 2], [0, 0, 1]], (1, VIEWS, 1, 1)),
    )
    return [torch.tensor(a, dtype=torch.float32) for a in arrays]


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """Return the median time of `work` in ms, after one run that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def forward_and_both(backend: Backend, tensors: list[torch.Tensor], repeats: int) -> tuple[float, float]:
    """Return ms per image of a forward pass, and of a forward and backward pass."""
    leaves = [t.clone().requires_grad_() for t in tensors[:5]]
    views = tensors[5].shape[1]
    weights = torch.randn(1, views, SIDE, SIDE, 3, generator=torch.Generator().manual_seed(1))

    def forward():
        return backend.render(*leaves, *tensors[5:], SIDE, SIDE)

    both = median_ms(lambda: forward().backward(weights), repeats)
    return median_ms(forward, repeats) / views, both / views


def main() -> None:
    torch.set_num_threads(1)
    print(
        f"{'K':>6} {'numba fwd':>10} {'fwd+bwd':>10} {'torch fwd':>10} {'fwd+bwd':>10}   torch/numba   (ms per image)"
    )
    for splats, repeats in ((10, 5), (16, 5), (100, 3), (1000, 1)):
        tensors = scene(splats)
        fast = forward_and_both(NumbaBackend(threads=1), tensors, 30)
        slow = forward_and_both(TorchBackend(), [*tensors[:5], *(t[:, :1] for t in tensors[5:])], repeats)
        print(f"{splats:6} {fast[0]:10.3f} {fast[1]:10.3f} {slow[0]:10.1f} {slow[1]:10.1f} {slow[1] / fast[1]:13.0f}")
    print(f"{'N':>6} {'truth':>10}")
    for emitters in (64, 1000, 50_000):
        means, _, _, opacities, colors, viewmats, Ks = (t[0].numpy() for t in scene(emitters))
        arguments = (means, 1e-3 * opacities, colors, viewmats, Ks, SIDE, SIDE)
        print(f"{emitters:6} {median_ms(lambda a=arguments: render_truth(*a, threads=1), 10) / VIEWS:10.3f}")


if __name__ == "__main__":
    main()
