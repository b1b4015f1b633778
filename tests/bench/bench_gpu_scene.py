"""Scenes from photographs on a GPU: `python -m tests.bench.bench_gpu_scene`; needs CUDA and gsplat.

A step of our trainer with a million splats, seen in pictures of a megapixel, over one of gsplat's own loop
(`tests/bench/gsplat_loop.py`) from the same start on the same photographs, packed and not, with both of gsplat's
strategies: a hundred steps with a round among them, in turn. The bar: 1.05. Then PSNR on held-out photographs of a
small scene, trained by the gsplat backend and by numba on the CPU: the bar is 0.2 dB. The small scene is Phobos where
../shared/data/photos is there, else a painted ellipsoid.
"""

from __future__ import annotations

import contextlib
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from helios.photos.data.dataset import DataOptions, Dataset, HeldPixels, Photograph, load_dataset
from helios.photos.fit.config import Colour, Drawing, FitConfig, Size, Steps
from helios.photos.fit.fit import Fit
from helios.photos.fit.options import SceneOptions
from helios.photos.judging import judge_photographs, metrics_named
from helios.rendering.opaque import OpaqueBackend, choose
from tests.support.tiny_scene import draw, paint, ring_of_cameras, surface_points, write_tiny_scene

PHOBOS = Path(__file__).parents[2].parent / "shared" / "data" / "photos" / "phobos"
SPLATS, VIEWS, STEPS, REPEATS = 1_000_000, 8, 100, 3
WIDTH, HEIGHT, ENLARGED = 600, 400, 2
STILL = {"default": "grow_grad2d=1e9,prune_opa=0,reset_every=1000000000", "mcmc": "min_opacity=0.005"}
"""Options that keep the number of splats, of which our `default` has a cap and gsplat's has none."""


def ellipsoid(splats: int, views: int, width: int, height: int, enlarged: int) -> Dataset:
    """A painted ellipsoid in memory: `views` photographs of `enlarged` times the size, and as many points as splats."""
    K = np.array([[1.3 * width, 0, width / 2], [0, 1.3 * width, height / 2], [0, 0, 1]])
    larger = K * np.array([[enlarged], [enlarged], [1]])
    photographs = []
    for number, viewmat in enumerate(ring_of_cameras(views)):
        image = np.rint(255 * draw(viewmat, K, width, height)[0]).astype(np.uint8)
        pixels = HeldPixels(image.repeat(enlarged, axis=0).repeat(enlarged, axis=1))
        shape = (larger, enlarged * width, enlarged * height)
        photographs.append(Photograph(f"{number:03d}.png", viewmat, *shape, 1, pixels))
    points = surface_points(splats)
    colors = np.rint(255 * paint(points)).astype(np.uint8)
    return Dataset(tuple(photographs), (), points, colors, np.zeros(splats, np.float32), np.eye(4), 4.0)


def config(strategy: str, splats: int, packed: bool = False, every: int = STEPS) -> SceneOptions:
    """All harmonics from the fourth step on, and a round at every multiple of `every` steps."""
    size = Size(strategy=f"{strategy}:refine_start_iter=0,refine_every={every},{STILL[strategy]}", max_gaussians=splats)
    return SceneOptions(FitConfig(Steps(), size, Drawing(packed=packed), Colour(3, 1)))


def seconds(work: Callable[[], Any], steps: int) -> float:
    """Of one of so many steps."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(steps):
        work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - began) / steps


def in_turn(ours: Callable[[], Any], theirs: Callable[[], Any], steps: int, repeats: int) -> dict[str, float]:
    """Seconds of a step of both, and the median of ratios of blocks that follow each other, after a block of each."""
    blocks = [(seconds(ours, steps), seconds(theirs, steps)) for _ in range(1 + repeats)][1:]
    ratio = statistics.median(one / other for one, other in blocks)
    return {"ours_s": min(one for one, _ in blocks), "gsplat_s": min(other for _, other in blocks), "ratio": ratio}


def bytes_of_step(work: Callable[[], Any]) -> int:
    """What a step needs of the GPU's memory beyond what is there before it."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    return torch.cuda.max_memory_allocated() - before


def trained_psnr(data: Dataset, options: SceneOptions, backend: OpaqueBackend) -> float:
    """The mean PSNR, dB, on the held-out photographs of `data` after a training."""
    with contextlib.closing(Fit(data, options, backend)) as fit:
        while fit.step < fit.last_step:
            fit.advance()
        metrics = metrics_named(("psnr",))
        scores = [one.scores["psnr"].value for one in judge_photographs(fit.trained(), data.test, backend, metrics)]
    return statistics.mean(scores)


def agreement(data: Dataset, backends: Mapping[str, OpaqueBackend], splats: int, steps: int) -> dict[str, float]:
    """PSNR by the names of backends, and `apart`, how much of it depends on the backend, dB."""
    guides = FitConfig().steps.max_steps
    options = SceneOptions(FitConfig(Steps(steps_scaler=steps / guides), Size(max_gaussians=splats)))
    found = {name: trained_psnr(data, options, backend) for name, backend in backends.items()}
    return found | {"apart": max(found.values()) - min(found.values())}


@contextlib.contextmanager
def small_scene() -> Iterator[tuple[str, Dataset]]:
    """Phobos at 200 x 200, or where it is not, an ellipsoid of about as many pixels."""
    if PHOBOS.is_dir():
        yield "Phobos", load_dataset(PHOBOS, DataOptions(data_factor=2))
        return
    with tempfile.TemporaryDirectory() as folder:
        scene = write_tiny_scene(Path(folder) / "ellipsoid", views=32, width=200, height=200, points=3000)
        yield "ellipsoid", load_dataset(scene.folder)


def steps_of_both(data: Dataset, strategy: str, packed: bool, splats: int) -> dict[str, Any]:
    """The figures of `in_turn`, with gsplat's own rasteriser and strategy. Needs CUDA."""
    from gsplat import DefaultStrategy, MCMCStrategy, rasterization

    from tests.bench.gsplat_loop import GsplatLoop, loss_of_its_trainer

    rounds = {"refine_start_iter": 0, "refine_every": STEPS}
    if strategy == "mcmc":
        other = MCMCStrategy(cap_max=splats, **rounds)
    else:
        other = DefaultStrategy(grow_grad2d=1e9, prune_opa=0.0, reset_every=1_000_000_000, **rounds)
    ssim, loss = loss_of_its_trainer()
    backend = choose("gsplat", packed)
    with contextlib.closing(Fit(data, config(strategy, splats, packed), backend)) as fit:
        loop = GsplatLoop(fit, rasterization, other, loss)
        found = in_turn(fit.advance, loop.advance, STEPS, REPEATS)
        assert len(fit.table) == len(loop.splats["means"]) == splats
        memory = {"ours_bytes": bytes_of_step(fit.advance), "gsplat_bytes": bytes_of_step(loop.advance)}
    return {"strategy": strategy, "packed": packed, "ssim": ssim, **found, **memory}


def measure(splats: int = SPLATS) -> dict[str, Any]:
    """Measure and print; return the figures."""
    data = ellipsoid(splats, VIEWS, WIDTH, HEIGHT, ENLARGED)
    size = f"{ENLARGED * WIDTH} x {ENLARGED * HEIGHT}"
    print(f"{torch.cuda.get_device_name()}: {splats:,} splats, {size} px, milliseconds per step, rounds included")
    rows = []
    for strategy, packed in itertools.product(STILL, (False, True)):
        row = steps_of_both(data, strategy, packed, splats)
        rows.append(row)
        words = "packed" if packed else "not packed"
        print(
            f"{strategy:8} {words:10}: ours {1e3 * row['ours_s']:.2f}, gsplat's loop {1e3 * row['gsplat_s']:.2f} with"
            f" {row['ssim']}, ratio {row['ratio']:.3f} (bar 1.05); memory of a step {row['ours_bytes'] / 1e9:.2f}"
            f" and {row['gsplat_bytes'] / 1e9:.2f} GB",
            flush=True,
        )
    with small_scene() as (name, scene):
        found = agreement(scene, {"gsplat": choose("gsplat"), "numba": choose("numba")}, 12_000, 600)
    print(
        f"{name}: gsplat {found['gsplat']:.2f} dB, numba {found['numba']:.2f} dB, {found['apart']:.2f} apart (bar 0.2)"
    )
    return {"steps": rows, "agreement": {"scene": name, **found}}


def main() -> None:
    if not torch.cuda.is_available():
        sys.exit("bench_gpu_scene needs a CUDA device; torch sees none")
    measure()


if __name__ == "__main__":
    main()
