"""Scenes from photographs: what each strategy makes of each start, and what a step costs beside its rasteriser.

    python -m tests.bench.bench_scene table DATA --data-factor 2 --splats 12000 --steps 2000
    python -m tests.bench.bench_scene step DATA --splats 50000 --steps 300

`table` trains once for each strategy and start, and prints the rows of the table in docs/howto/photographs.md. `step`
prints the processor's time of a whole step over that of drawing and differentiating a picture of the same splats alone,
in turns: first the figure that is meant where one is, of what `default` has made of the SfM points after so many steps
on photographs as large as they are asked for; beside it that of splats strewn at random, most of them hidden by others,
and both at half the size. All photographs are decoded before, as they are once in a training.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from pathlib import Path

import torch

from helios.photos.data.dataset import Dataset, load_dataset
from helios.photos.data.options import DataOptions
from helios.photos.fit.config import Colour, FitConfig, Size, Steps
from helios.photos.fit.fit import Fit
from helios.photos.fit.options import SceneOptions
from helios.photos.judging import judge_photographs, metrics_named
from helios.rendering.opaque import choose

STRATEGIES, STARTS = ("default", "mcmc", "spectral"), ("sfm", "random")
GUIDES_STEPS = 30_000
RANDOM_POINTS, RANDOM_EXTENT = 3000, 0.5
REPEATS = 45


def begin(data: Dataset, strategy: str, start: str, splats: int, steps: int) -> Fit:
    size = Size(start, RANDOM_POINTS, RANDOM_EXTENT, strategy=strategy, max_gaussians=splats)
    config = FitConfig(Steps(GUIDES_STEPS, steps / GUIDES_STEPS), size)
    return Fit(data, SceneOptions(config), choose("numba"))


def table(data: Dataset, splats: int, steps: int) -> None:
    """Print PSNR / SSIM on held-out photographs, and the processor's seconds, of all strategies and starts."""
    masked = ["inside the mask"] * any(view.mask() is not None for view in data.test)
    headings = ("strategy", "start", "splats", "held out", *masked, "processor")
    print(f"| {' | '.join(headings)} |\n{'|---' * len(headings)}|")
    metrics = metrics_named(("psnr", "ssim"))
    for strategy, start in itertools.product(STRATEGIES, STARTS):
        fit, began = begin(data, strategy, start, splats, steps), time.process_time()
        while fit.step < fit.last_step:
            fit.advance()
        seconds = time.process_time() - began
        rows = [one.scores for one in judge_photographs(fit.trained(), data.test, fit.backend, metrics)]
        means = {name: sum(row[name].value for row in rows) / len(rows) for name in rows[0]}
        judged = [f"{means[f'psnr{of}']:.2f} dB / {means[f'ssim{of}']:.3f}" for of in ("", *["_masked"] * len(masked))]
        cells = (f"`{strategy}`", f"`{start}`", f"{len(fit.table):,}", *judged, f"{seconds:.0f} s")
        print(f"| {' | '.join(cells)} |", flush=True)


def step(folder: Path, factor: int, splats: int, steps: int) -> None:
    """Print the whole step over drawing and differentiating a picture, with `splats` as trained and at random."""
    strewn = Size("random", splats, RANDOM_EXTENT, max_gaussians=splats, strategy="mcmc")
    for reduced in (factor, 2 * factor):
        data = load_dataset(folder, DataOptions(data_factor=reduced))
        for view in data.train:
            view.image(), view.mask()
        compare(
            "the step: trained" if reduced == factor else "trained", begin(data, "default", "sfm", splats, steps), steps
        )
        options = SceneOptions(FitConfig(Steps(), strewn, colour=Colour(3, 1)))
        compare("strewn", Fit(data, options, choose("numba")), REPEATS + 5)


def compare(name: str, fit: Fit, steps: int) -> None:
    """Print the medians of the last of so many `steps`."""
    for _ in range(steps - REPEATS):
        fit.advance()
    whole, alone = [], []
    for repeat in range(REPEATS):
        began = time.process_time()
        fit.advance()
        whole.append(time.process_time() - began)
        alone.append(drawing(fit, fit.data.train[repeat % len(fit.data.train)]))
    ms, alone_ms = (1e3 * statistics.median(times) for times in (whole, alone))
    ratio = f"step {ms:.1f} ms, rasteriser {alone_ms:.1f} ms, ratio {ms / alone_ms:.2f}"
    view = fit.data.train[0]
    print(f"{name}, {len(fit.table):,} splats, {view.width} x {view.height}, medians: {ratio}", flush=True)


def drawing(fit: Fit, view) -> float:
    """The seconds of the processor for one picture, forward and backward, with colours that are there already."""
    params = {name: param.detach() for name, param in fit.table.params.items()}
    camera = [torch.as_tensor(values, dtype=torch.float32)[None] for values in (view.viewmat, view.K)]
    inputs = (params["means"], params["quats"], params["scales"].exp(), params["opacities"].sigmoid())
    colors = torch.rand(1, len(params["means"]), 3)
    leaves = [tensor.clone().requires_grad_() for tensor in (*inputs, colors)]
    began = time.process_time()
    drawn = fit.backend.draw(*leaves, *camera, view.width, view.height)
    drawn.images.backward(torch.full_like(drawn.images, 1e-6))
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("table", "step"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--data-factor", type=int, default=1)
    parser.add_argument("--splats", type=int, default=12_000)
    parser.add_argument("--steps", type=int, default=2000)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.what == "step":
        return step(given.data, given.data_factor, given.splats, given.steps)
    table(load_dataset(given.data, DataOptions(data_factor=given.data_factor)), given.splats, given.steps)


if __name__ == "__main__":
    main()
