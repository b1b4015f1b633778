"""The CPU's image loss, where there is light against everywhere: `python -m tests.bench.bench_loss`.

One thread, 256 x 256 pixels, loss and gradient, ms per image, medians of one run. `active` looks at what prediction and
truth light up, and asks for the gradient where the prediction is; `dense` is the same code with all segments lit and
wanted; `torch` is the readable twin (grouped conv2d). Splats are 2 to 10 px across, the truth another draw of as many.
The last column is the largest difference of the two gradients, relative to the largest gradient.
"""

import statistics
import time

import numpy as np
import torch

from helios.training.loss.fused_loss import EVERYWHERE, LEVELS, TruthCache, loss_workspace, view_loss
from helios.training.loss.fused_segments import STRIP, mark_lit
from helios.training.loss.image_terms import image_loss

SIZE, VIEWS, ROUNDS = 256, 4, 25
WEIGHTS = {"lambda_dssim": 0.2, "lambda_flux": 6.0}


def draw(splats: int, seed: int) -> np.ndarray:
    """float32 [VIEWS, SIZE, SIZE, 3]: Gaussians 2 to 10 px across (6 sigma), cut to exact black below 1e-5."""
    rng = np.random.default_rng(seed)
    images = np.zeros((VIEWS, SIZE, SIZE, 3), np.float32)
    pixels = np.arange(SIZE) + 0.5
    for view in images:
        for _ in range(splats):
            (cx, cy), sigma = rng.uniform(0, SIZE, 2), np.hypot(rng.uniform(2, 10) / 6, 0.3**0.5)
            across, down = (np.exp(-((pixels - c) ** 2) / (2 * sigma**2)) for c in (cx, cy))
            spot = rng.lognormal(-2, 1) * np.outer(down, across)
            view += np.where(spot > 1e-5, spot, 0.0)[..., None] * rng.uniform(0.5, 1.0, 3)
    return images


def masks_of(image: np.ndarray) -> np.ndarray:
    masks = np.zeros((-(-3 * SIZE // STRIP), SIZE), np.int64)
    mark_lit(masks, image.reshape(SIZE, 3 * SIZE), 0, SIZE)
    return masks


class Fused:
    """The kernel on all views of a scene, with masks of what is lit and wanted."""

    def __init__(self, pred: np.ndarray, truth: np.ndarray, everywhere: bool):
        cache = TruthCache.of(torch.from_numpy(truth[None]))
        self._weights = (WEIGHTS["lambda_flux"] * cache.weights[0]).astype(np.float32)
        self._weights[:, 1, 0] += (1 - WEIGHTS["lambda_dssim"]) / (3 * SIZE**2)
        wanted = [masks_of(image) for image in pred]
        lit = [mask | other for mask, other in zip(wanted, cache.lit[0])]
        if everywhere:
            wanted = lit = [np.full_like(mask, EVERYWHERE) for mask in wanted]
        self._masks = list(zip(lit, wanted))
        self._images = [(p.reshape(SIZE, -1), t.reshape(SIZE, -1)) for p, t in zip(pred, truth)]
        self.grad = np.zeros((VIEWS, SIZE, 3 * SIZE), np.float32)
        self._workspace = loss_workspace(SIZE)

    def __call__(self) -> None:
        weight = np.float32(WEIGHTS["lambda_dssim"] / (3 * SIZE**2))
        for images, masks, weights, grad in zip(self._images, self._masks, self._weights, self.grad):
            view_loss(*images, *masks, weights, weight, LEVELS, True, self._workspace, grad)


def twin(pred: np.ndarray, truth: np.ndarray):
    images, target = torch.from_numpy(pred[None]).requires_grad_(True), torch.from_numpy(truth[None])

    def work() -> None:
        images.grad = None
        image_loss(images, target, **WEIGHTS).sum().backward()

    return work


def milliseconds(work) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) / VIEWS * 1e3


def main() -> None:
    torch.set_num_threads(1)
    print(
        f"{'scene':12} {'active':>8} {'dense':>8} {'dense / active':>15} {'torch':>8} {'torch / active':>15} {'off':>9}"
    )
    scenes = {f"{n} splats": (draw(n, 0), draw(n, 1)) for n in (1, 3, 10, 100, 1000)}
    noise = np.random.default_rng(0).random((2, VIEWS, SIZE, SIZE, 3), np.float32)
    scenes |= {"all lit": (noise[0], noise[1]), "black": (np.zeros_like(noise[0]), np.zeros_like(noise[0]))}
    for name, (pred, truth) in scenes.items():
        active, dense, slow = Fused(pred, truth, False), Fused(pred, truth, True), twin(pred, truth)
        for work in (active, dense, slow):
            work()
        times = [[milliseconds(work) for work in (active, dense)] for _ in range(ROUNDS)]
        fast, full = (statistics.median(column) for column in zip(*times))
        torch_ms = statistics.median(milliseconds(slow) for _ in range(3))
        lit = (pred != 0).reshape(VIEWS, SIZE, -1)
        off = np.abs(active.grad - dense.grad)[lit].max(initial=0.0) / max(np.abs(dense.grad).max(), 1e-30)
        print(
            f"{name:12} {fast:8.3f} {full:8.3f} {full / fast:15.1f} {torch_ms:8.1f} {torch_ms / fast:15.0f} {off:9.1e}"
        )


if __name__ == "__main__":
    main()
