"""How fast the CPU draws opaque scenes and differentiates them: the numba backend against named baselines, in one run.

    python -m tests.bench.bench_opaque

400 x 300 pixels, one view, forward and backward; medians of the processor's seconds on one thread. Baselines: `scalar`
is a rasteriser of OpenSplat's kind, scalar C++ compiled with -O2 between torch's projection and its gradients, RGB
only; `gsplat torch` is gsplat's own torch reference, with the pairs of splat and pixel given for free. Before anything
is timed, the three pictures are compared.

Then one image on two threads against one, with the same bytes: by the clock, which tells nothing on a busy machine, and
by the processor: each stripe's seconds are measured alone, and given to two threads in turn as they would take them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from helios.rendering.opaque import numba_opaque
from helios.rendering.opaque.numba_opaque import NumbaOpaque
from helios.threads import STRIPES_PER_THREAD
from tests import gsplat_torch
from tests.bench import scalar_rasteriser
from tests.bench.opaque_scenes import HEIGHT, WIDTH, scene

WANTED = {10_000: (10, 20), 50_000: (10, 20), 200_000: (8, 15)}


def median_ms(work: Callable[[], object], repeats: int, clock: Callable[[], float] = time.process_time) -> float:
    """Return the median time of `work` in ms, after one run that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = clock()
        work()
        times.append(clock() - start)
    return 1e3 * float(np.median(times))


def compare(kind: str, splats: int, code, module) -> list[float]:
    """Return ms of numba, scalar and gsplat's torch code, forward and backward, and print nothing."""
    leaves = {name: t.requires_grad_(name not in ("viewmats", "Ks")) for name, t in scene(kind, splats).items()}
    weights = torch.randn(HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(1))
    backend, reference = NumbaOpaque(threads=1), gsplat_torch.GsplatTorch(module, WIDTH, HEIGHT)
    pictures = (
        lambda: backend.draw(**leaves, width=WIDTH, height=HEIGHT).images[0],
        lambda: scalar_rasteriser.draw(code, leaves, WIDTH, HEIGHT),
        lambda: reference.draw(**leaves)[0],
    )
    images = [picture().detach() for picture in pictures]
    for other in images[1:]:
        difference = (other - images[0]).abs().mean().item()
        assert difference < 1e-4, f"{kind} {splats}: pictures differ by {difference:.1e} in the mean"

    def step(picture) -> None:
        for t in leaves.values():
            t.grad = None
        picture().backward(weights)

    return [median_ms(lambda p=p: step(p), n) for p, n in zip(pictures, (15, 3, 3))]


class _Stripes:
    """Runs stripes one after the other, and adds up what they would take on two threads that each take the next."""

    def __init__(self) -> None:
        self.alone, self.shared = 0.0, 0.0

    def __call__(self, kernel, items, threads, *args) -> None:
        stripes = min(items, 2 * STRIPES_PER_THREAD)
        free_at = [0.0, 0.0]
        for stripe in range(stripes):
            start = time.thread_time()
            kernel(stripe, stripes, *args)
            took = time.thread_time() - start
            self.alone += took
            free_at[free_at.index(min(free_at))] += took
        self.shared += max(free_at)


def two_threads(kind: str, splats: int) -> tuple[float, float]:
    """Return one image's time on one thread over that on two, by the clock and by the processor; check the bytes."""
    tensors = scene(kind, splats)
    weights, results, times = torch.ones(1, HEIGHT, WIDTH, 3), [], []

    def step(leaves: dict, threads: int) -> None:
        for t in leaves.values():
            t.grad = None
        NumbaOpaque(threads=threads).draw(**leaves, width=WIDTH, height=HEIGHT).images.backward(weights)

    for threads in (1, 2):
        leaves = {name: t.clone().requires_grad_() for name, t in tensors.items()}
        times.append(median_ms(lambda n=threads, t=leaves: step(t, n), 15, time.perf_counter))
        results.append([t.grad.numpy().tobytes() for name, t in leaves.items() if name != "Ks"])
    assert results[0] == results[1], "two threads gave other bytes than one"
    ratios, ordinary = [], numba_opaque.run_striped
    for _ in range(9):
        numba_opaque.run_striped = stripes = _Stripes()
        start = time.process_time()
        step(leaves, 2)
        total = time.process_time() - start
        ratios.append(total / (total - stripes.alone + stripes.shared))
    numba_opaque.run_striped = ordinary
    return times[0] / times[1], float(np.median(ratios))


def main() -> None:
    torch.set_num_threads(1)
    code, module = scalar_rasteriser.compiled(), gsplat_torch.load()
    print(f"{'scene':>15} {'helios':>8} {'scalar':>8} {'gsplat torch':>13}   ratios (wanted)   two threads: clock, cpu")
    for splats, (least_scalar, least_gsplat) in WANTED.items():
        for kind in ("init", "trained"):
            ours, scalar, torch_ms = compare(kind, splats, code, module)
            clock, processor = two_threads(kind, splats)
            print(
                f"{kind + ' ' + str(splats):>15} {ours:8.1f} {scalar:8.0f} {torch_ms:13.0f}   "
                f"{scalar / ours:5.1f} ({least_scalar}) {torch_ms / ours:6.1f} ({least_gsplat})   "
                f"{clock:10.2f} {processor:10.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
