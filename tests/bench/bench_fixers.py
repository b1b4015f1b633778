"""How much of what six photographs lack a fixer makes good: held-out PSNR without one, with it, and with the truth.

    python -m tests.bench.bench_fixers [SEEDS [FIXERS [STEPS]]]      # 0,1,2 none,consensus,truth 1500

Six of the 48 photographs of Phobos, evenly spaced from the first to the last, at 200 x 200, and 6,000 splats. A third
of the others is held out; of the rest only the cameras are known, as novel views, but to `truth`, which is given the
photographs themselves. The gap is what `truth` gains over none; a fixer's share of it is the figure. Also printed: the
seconds of the processor of each training.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from functools import cache, partial
from pathlib import Path

import numpy as np

from helios.photos.data.dataset import DataOptions, Dataset, load_dataset
from helios.photos.fit.config import Colour, FitConfig, Losses, Size, Steps
from helios.photos.fit.fit import Fit
from helios.photos.fit.options import SceneOptions
from helios.photos.fixers.options import FixOptions
from helios.photos.fixers.rounds import FixRounds
from helios.rendering.opaque import choose

PHOBOS = Path(__file__).parents[2] / "../shared/data/photos/phobos"
SPECS = {"consensus": "consensus", "truth": f"truth:renderer={__file__}:photograph_from"}
ROUNDS = (0.2, 0.4, 0.6)


@cache
def scene() -> tuple[Dataset, np.ndarray, tuple]:
    """Return the data set of six photographs, the cameras of novel views [T, 4, 4], and the photographs there."""
    data = load_dataset(PHOBOS, DataOptions(data_factor=2, test_every=0))
    chosen = np.linspace(0, len(data.train) - 1, 6).astype(int)
    rest = [photograph for place, photograph in enumerate(data.train) if place not in chosen]
    unseen = tuple(photograph for place, photograph in enumerate(rest) if place % 3)
    six = tuple(data.train[place] for place in chosen)
    known = dataclasses.replace(data, train=six, test=tuple(rest[::3]))
    return known, np.stack([photograph.viewmat for photograph in unseen]), unseen


def photograph_from(viewmat, K, width, height):
    """Return the photograph that was taken with `viewmat`: what `truth` is given."""
    _, viewmats, unseen = scene()
    return unseen[int(np.abs(viewmats - viewmat).sum((1, 2)).argmin())].image()


def train(fixer: str, seed: int, steps: int) -> tuple[float, float]:
    """Return (mean PSNR of the held-out photographs in dB, seconds of the processor)."""
    began = time.process_time()
    data, targets, _ = scene()
    fix = FixOptions(fixer=SPECS.get(fixer, "consensus"))
    options = SceneOptions(
        FitConfig(
            Steps(max_steps=steps, seed=seed),
            Size(
                strategy=f"mcmc:refine_start_iter=75,refine_every=25,refine_stop_iter={round(0.83 * steps)}",
                max_gaussians=6_000,
            ),
            colour=Colour(sh_degree_interval=steps // 8),
            losses=Losses(opacity_reg=0.01, scale_reg=0.01),
        ),
        fix=fix,
    )
    backend = choose("numba")
    fit = Fit(data, options, backend)
    with tempfile.TemporaryDirectory() as folder:
        at = tuple(round(share * steps) for share in ROUNDS) if fixer != "none" else ()
        rounds = FixRounds(fix, Path(folder), data.train, at, targets)
        while fit.step < fit.last_step:
            fit.advance()
            if fit.step in at:
                trained = fit.trained()
                fit.novel = rounds.fix(fit.step, partial(trained.draw, backend))
    trained = fit.trained()
    return psnr(trained, backend, data.test), time.process_time() - began


def psnr(trained, backend, photographs) -> float:
    """Return the mean PSNR, dB, of the trained scene in the places of `photographs`."""
    found = []
    for one in photographs:
        image = trained.draw(backend, one.viewmat, one.K, one.width, one.height).images[0].numpy().clip(0, 1)
        found.append(-10 * np.log10(np.mean((image - one.image() / 255.0) ** 2)))
    return float(np.mean(found))


def main(seeds: str = "0,1,2", fixers: str = "none,consensus,truth", steps: str = "1500") -> None:
    levels: dict[str, list[float]] = {name: [] for name in fixers.split(",")}
    print("seed fixer      held-out PSNR    CPU s")
    for seed in map(int, seeds.split(",")):
        for name, found in levels.items():
            level, seconds = train(name, seed, int(steps))
            found.append(level)
            print(f"{seed:>4} {name:<10} {level:>10.2f} dB {seconds:>8.0f}", flush=True)
    if {"none", "truth"} <= levels.keys():
        low, high = np.mean(levels["none"]), np.mean(levels["truth"])
        for name, found in levels.items():
            share = (np.mean(found) - low) / (high - low)
            least = np.min(np.subtract(found, levels["none"]))
            print(f"mean {name:<10} {np.mean(found):>10.2f} dB: {share:4.0%} of the gap, least gain {least:+.2f} dB")


if __name__ == "__main__":
    main(*sys.argv[1:])
