"""How fast one training step of a cell is on the CPU: `python -m tests.bench.bench_step`.

256 x 256 pixels, 4 views, L1 + D-SSIM + isotropy, Adam, splats whose visible diameter is 2 to 10 px, one thread each.
Beside the trainer's step stand two of the same step as one writes it first: a dense torch rasteriser with the SSIM as
grouped convolution, and gsplat's torch reference (projection and accumulation) with the same loss. Then whole cells on
all cores, everything included: 10 of 100 splats for 1000 iterations, and as many a minute as go at 300 iterations.
"""

import dataclasses
import statistics
import time

import numpy as np
import torch

from helios.light import opacity_of
from helios.rendering.numba_backend import NumbaBackend
from helios.rendering.torch_reference import TorchBackend
from helios.splats import Cell, Splats
from helios.training.cameras import REFERENCE_RADII, focal_px
from helios.training.config import TrainConfig
from helios.training.loss.image_terms import dssim, l1
from helios.training.optim.adam import RATES
from helios.training.optim.model import Model, slots_for
from helios.training.optim.optimise import Optimisation
from helios.training.regularisers.isotropy import Isotropy
from helios.training.run.engine import train_batch
from helios.training.scene import Scene
from tests.bench import gsplat_reference
from tests.unit.training.scenes import cell_of, cluster

SIZE, VIEWS, ROUNDS = 256, 4, 5
VISIBLE_SIGMAS = 6.0
"""A splat is seen to about 3 sigma on each side."""

CONFIG = TrainConfig(image_size=SIZE, views_per_iter=VIEWS, lambda_flux=0.0, lambda_collapse=0.0, iterations=1000)


def splats_of(count: int, scene: Scene) -> Splats:
    """Splats at random places, 2 to 10 px across where cameras are at REFERENCE_RADII."""
    draw = np.random.default_rng(count)
    sigma = draw.uniform(2, 10, count) / VISIBLE_SIGMAS * REFERENCE_RADII / focal_px(SIZE)
    light = scene.cell.emitters.luminosities[:count] * len(scene.cell.emitters) / count
    return Splats(
        draw.uniform(-0.7, 0.7, (count, 3)).astype(np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        np.repeat(sigma[:, None], 3, axis=1).astype(np.float32),
        opacity_of(light, sigma).astype(np.float32),
        draw.uniform(0.5, 1.5, (count, 3)).astype(np.float32),
    )


def trainer_step(scene: Scene, splats: Splats):
    run = Optimisation([scene], [splats], [0], CONFIG, NumbaBackend(threads=1))
    return run.advance


def torch_step(scene: Scene, splats: Splats, draw):
    """The step as one writes it first: an image, its loss, backward, view by view; then `torch.optim.Adam`."""
    model = Model.of([splats], slots_for(len(splats)), torch.device("cpu"))
    model.params.requires_grad_(True)
    optimizer = torch.optim.Adam([model.params], lr=CONFIG.learning_rate * max(RATES.values()))
    exposures = torch.tensor([scene.exposure], dtype=torch.float32)
    cameras = [torch.tensor(a) for a in (scene.views.viewmats, scene.views.Ks)]
    truth = torch.from_numpy(scene.truth)

    def step() -> None:
        for v in range(VIEWS):
            arguments = [a[0, : len(splats)] for a in model.render_arguments(exposures)]
            image, target = draw(*arguments, cameras[0][v], cameras[1][v])[None], truth[v : v + 1]
            loss = (1 - CONFIG.lambda_dssim) * l1(image, target) + CONFIG.lambda_dssim * dssim(image, target)
            loss.sum().backward()
        (CONFIG.lambda_isotropy * Isotropy()(model.log_scales, model.mask)).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def dense(means, quats, scales, opacities, colors, viewmat, K):
    tensors = (t[None] for t in (means, quats, scales, opacities, colors, viewmat[None], K[None]))
    return TorchBackend().render(*tensors, SIZE, SIZE)[0, 0]


def reference(*arguments):
    return gsplat_reference.render(*arguments, SIZE)


def median_ms(step, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times)


def steps() -> None:
    print("one step, one thread, ms (median)")
    print(f"{'N':>6} {'trainer':>9} {'dense torch':>13} {'ratio':>7} {'gsplat torch':>13} {'ratio':>7}")
    for count, rounds in ((10, ROUNDS), (100, 3), (1000, 1)):
        scene = Scene.of(cluster(4 * count, seed=1), CONFIG)
        splats = splats_of(count, scene)
        ours, *theirs = (
            trainer_step(scene, splats), torch_step(scene, splats, dense), torch_step(scene, splats, reference)
        )  # fmt: skip
        median_ms(ours, 20)
        first = median_ms(ours, 50)
        slow = [median_ms(step, rounds + (rounds > 1)) for step in theirs]
        fast = statistics.median([first, median_ms(ours, 50)])
        print(
            f"{count:6d} {fast:9.3f} {slow[0]:12.1f} {slow[0] / fast:7.0f} {slow[1]:13.1f} {slow[1] / fast:7.0f}",
            flush=True,
        )


def clumps(count: int, seed: int, each: int = 4) -> Cell:
    """Equal stars in `count` clumps of `each`: what they merge to is as large as the splats of `splats_of`."""
    draw = np.random.default_rng(seed)
    sigma = draw.uniform(2, 10, (count, 1, 1)) / VISIBLE_SIGMAS * REFERENCE_RADII / focal_px(SIZE)
    means = draw.uniform(-0.7, 0.7, (count, 1, 3)) + sigma * draw.standard_normal((count, each, 3))
    return cell_of(means.reshape(-1, 3), np.full(count * each, 1e-12), theta=seed % 16)


def whole_cells() -> None:
    backend = NumbaBackend()
    train_batch([cluster(40, 0)], TrainConfig(iterations=2), backend)
    full = TrainConfig(image_size=SIZE, views_per_iter=VIEWS)
    for name, make, config in (
        ("splats of 2 to 10 px, L1 + D-SSIM + isotropy", lambda seed: clumps(100, seed), CONFIG),
        ("splats of 2 to 10 px, the whole loss", lambda seed: clumps(100, seed), full),
        ("a uniform cloud, splats of 20 px and more, the whole loss", lambda seed: cluster(400, seed), full),
    ):
        for count, iterations in ((10, 1000), (20, 300)):
            cells = [make(seed) for seed in range(count)]
            began = time.perf_counter()
            train_batch(cells, dataclasses.replace(config, iterations=iterations), backend)
            seconds = time.perf_counter() - began
            print(
                f"{count} cells x 100 splats x {iterations} iterations x {VIEWS} views, {name}: {seconds:.1f} s, "
                f"{60 * count / seconds:.0f} cells a minute",
                flush=True,
            )


def main() -> None:
    torch.set_num_threads(1)
    steps()
    whole_cells()


if __name__ == "__main__":
    main()
