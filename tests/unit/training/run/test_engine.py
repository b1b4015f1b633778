"""Training lowers the loss, conserves light, and gives the same bytes whatever the batch.

Random clusters over 7 magnitudes have what makes real cells hard: a few stars hold most of the light, many faint
ones the rest. The needles are rows of stars that a splat fits best by collapsing into one.
"""

import dataclasses

import numpy as np
import pytest
import torch

from helios.errors import InputError
from helios.rendering import pick_backend
from helios.rendering.gsplat_backend import GsplatBackend
from helios.splats import LOSS_CURVE, rotation_rows
from helios.training.cameras import fibonacci_sphere
from helios.training.config import TrainConfig
from helios.training.optim.optimise import Optimisation
from helios.training.regularisers.collapse import Collapse
from helios.training.run import outcome
from helios.training.run.engine import start_of, train_batch, train_scenes
from helios.training.run.outcome import is_worse
from helios.training.scene import Scene
from tests.gsplat_imitation import rasterization
from tests.unit.training.scenes import cell_of, cluster, needles

QUICK = TrainConfig(iterations=60, image_size=64)


@pytest.fixture(scope="module")
def numba_backend():
    return pick_backend("numba")


def same(first, second):
    return all(np.array_equal(getattr(first, f.name), getattr(second, f.name)) for f in dataclasses.fields(first))


def test_training_lowers_the_loss_and_betters_the_flux(numba_backend):
    """Of the start and of the brightest stars, at all distances; some cells may go only some of the way, or none."""
    config = TrainConfig(iterations=150)
    stars = (60, 100, 130, 150)
    results = train_batch([cluster(count, seed) for seed, count in enumerate(stars)], config, numba_backend)
    assert sum(result.outcome in ("trained", "mixed") for result in results) >= 3
    for result, count in zip(results, stars):
        assert len(result.splats) == round(0.25 * count)
        if result.outcome != "start":
            assert result.metrics["last_loss"] < result.metrics["first_loss"]
        for radii in ("2.5", "5", "10"):
            flux = result.metrics[f"flux_error_{radii}_trained"]
            assert flux <= result.metrics[f"flux_error_{radii}_start"]
            assert flux < result.metrics[f"flux_error_{radii}_brightest"]
        np.testing.assert_allclose(np.linalg.norm(result.splats.quats, axis=1), 1.0, atol=1e-6)
        assert all(np.isfinite(getattr(result.splats, f.name)).all() for f in dataclasses.fields(result.splats))


def test_a_cell_trains_to_the_same_bytes_in_any_batch(numba_backend):
    cells = [cluster(48, seed) for seed in (1, 2, 3)]
    together = train_batch(cells, QUICK, numba_backend)
    (alone,) = train_batch(cells[1:2], QUICK, numba_backend)
    assert same(alone.splats, together[1].splats)
    assert alone.metrics == together[1].metrics
    (reseeded,) = train_batch(cells[1:2], dataclasses.replace(QUICK, seed=1), numba_backend)
    assert not same(reseeded.splats, alone.splats)


def test_kept_stars_stay_as_they_are(numba_backend):
    """They end where they were, to the last digit of a cell's unit, with the light they had to 0.01 mmag."""
    cell, config = cluster(150, 4), TrainConfig(iterations=50, start="mixture:kept_share=0.25")
    scene = Scene.of(cell, config)
    start, kept = start_of(scene, config)
    assert kept >= 3
    (result,) = train_batch([cell], config, numba_backend)
    assert result.outcome in ("trained", "mixed")
    for mean in scene.frame.leave(start).means[:kept]:
        star = np.argmin(np.linalg.norm(cell.emitters.means - mean, axis=1))
        nearest = np.argmin(np.linalg.norm(result.splats.means - mean, axis=1))
        np.testing.assert_allclose(result.splats.means[nearest], cell.emitters.means[star], atol=2e-7)
        assert result.splats.luminosities[nearest] == pytest.approx(cell.emitters.luminosities[star], rel=1e-5)


def test_a_splat_per_star_is_exact(numba_backend):
    (result,) = train_batch([cluster(12, 5)], dataclasses.replace(QUICK, ratio=1.0), numba_backend)
    assert result.outcome == "exact"
    assert result.metrics["flux_error_5_trained"] < 0.1
    assert result.metrics["psnr_5_trained"] > 60


def test_cells_that_would_end_worse_keep_their_start(numba_backend):
    """A rate that throws every splat about makes the loss worse; the start must come back, unchanged."""
    wild = dataclasses.replace(QUICK, learning_rate=1.0, iterations=5)
    cell = cluster(40, 6)
    (result,) = train_batch([cell], wild, numba_backend)
    assert result.outcome == "start"
    assert result.metrics["last_loss"] == result.metrics["first_loss"]
    for measure in ("psnr", "flux_error"):
        assert result.metrics[f"{measure}_5_trained"] == result.metrics[f"{measure}_5_start"]


@pytest.mark.parametrize("means", [[[0, 0, 0]], [[0.1, 0, 0], [0.1, 0, 0]], [[1, 1, 1], [-1, -1, -1]]])
def test_tiny_and_degenerate_cells(numba_backend, means):
    """One star, two identical stars, stars in the very corners: no cell is too small to train."""
    (result,) = train_batch([cell_of(means, [1e-12] * len(means))], QUICK, numba_backend)
    assert len(result.splats) == 1
    assert (result.outcome == "exact") == (len(means) == 1)
    assert all(np.isfinite(value) for name, value in result.metrics.items() if name not in LOSS_CURVE)
    assert np.isfinite([result.metrics[name] for name in LOSS_CURVE]).all() == (result.outcome != "exact")
    assert abs(result.metrics["light_error_trained"]) < 0.01


@pytest.mark.parametrize("strategy", ["fixed", "default", "mcmc"])
def test_the_light_of_the_stars_is_held_exactly(numba_backend, strategy):
    """Counted here in 64 directions from infinity: what each splat covers is tau times its shadow's area, 2 for pi."""
    config = dataclasses.replace(QUICK, strategy=strategy, densify_interval=20, lambda_isotropy=0.0)
    for cell, result in zip(cells := [cluster(60, 1), needles(8, 40)], train_batch(cells, config, numba_backend)):
        splats, directions = result.splats, fibonacci_sphere(64)
        axes = np.stack([np.stack(row, -1) for row in rotation_rows(*splats.quats.astype(np.float64).T)], -2)
        seen = np.einsum("di,kij->kdj", directions, axes)
        a, b, c = splats.scales.astype(np.float64).T
        shadows = np.sqrt((seen**2 * np.stack([b * c, a * c, a * b], -1)[:, None] ** 2).sum(-1))
        light = (2 * np.pi * splats.opacities[:, None] * shadows).sum(axis=0).mean()
        stars = cell.emitters.luminosities.sum(dtype=np.float64)
        # Exact in the mean over all directions; 64 of them sample a splat's shadow to 1e-4.
        assert light == pytest.approx(stars, rel=2e-4)
        assert abs(result.metrics["light_error_trained"]) < 0.01
        assert result.metrics["light"] == pytest.approx(stars * cell.half_extent_m**2, rel=1e-6)


def test_a_cell_goes_only_as_far_from_its_start_as_does_no_harm(numba_backend, monkeypatch):
    """Flux that gets worse in proportion to the way from the start: allowed up to half of it."""
    cell = cluster(60, 1)
    scene = Scene.of(cell, QUICK)
    start, kept = start_of(scene, QUICK)
    run = Optimisation([scene], [start], [kept], QUICK, numba_backend)
    first = run.objective.losses().tolist()
    for _ in range(QUICK.iterations):
        run.advance()
    (end,) = run.splats()

    def judged(candidates, scenes):
        moved = [abs(np.log(s.scales).mean() - np.log(start.scales).mean()) for s in candidates]
        return [{"light_error": 0.0, "flux_error_2.5": m, "flux_error_5": 0.0, "flux_error_10": 0.0} for m in moved]

    (whole,) = judged([end], [scene])
    limit = {"light_error": 0.0, "flux_error_2.5": 0.6 * whole["flux_error_2.5"], "flux_error_5": 0, "flux_error_10": 0}
    monkeypatch.setattr(outcome, "evaluate", judged)
    (fit,) = outcome.settle(run, [scene], [start], [limit], first)
    assert fit.way == 0.5
    assert fit.measures["flux_error_2.5"] == pytest.approx(0.5 * whole["flux_error_2.5"], rel=0.01)
    assert fit.loss < first[0]


def test_worse_is_any_distance_or_the_light():
    start = {"light_error": 0.0, "flux_error_2.5": 2.0, "flux_error_5": 1.0, "flux_error_10": 0.5}
    assert not is_worse(start, start)
    for name, value in (("flux_error_2.5", 2.01), ("flux_error_5", 1.01), ("flux_error_10", 0.51)):
        assert is_worse(start | {name: value}, start)
    for error in (1.0, -1.0):
        assert is_worse(start | {"light_error": error}, start)


def test_the_gpu_engine_ends_where_the_cpu_engine_does(numba_backend):
    """The path a GPU takes (gsplat's arguments, autograd, padded batches), on a CPU with a stand-in."""
    cells = [cluster(40, 8), cluster(44, 9)]
    quick = dataclasses.replace(QUICK, iterations=20, image_size=48)
    ours = train_batch(cells, quick, numba_backend)
    gsplat = GsplatBackend(device="cpu", rasterization=rasterization)
    theirs = train_scenes([Scene.of(cell, quick) for cell in cells], quick, gsplat)
    for cpu, gpu in zip(ours, theirs):
        assert len(cpu.splats) == len(gpu.splats)
        assert abs(gpu.metrics["light_error_trained"]) < 0.01
        for radii in ("2.5", "5", "10"):
            assert gpu.metrics[f"psnr_{radii}_trained"] == pytest.approx(cpu.metrics[f"psnr_{radii}_trained"], abs=0.5)
            flux, start = (gpu.metrics[f"flux_error_{radii}_{name}"] for name in ("trained", "start"))
            assert flux <= start == cpu.metrics[f"flux_error_{radii}_start"]


@pytest.mark.gpu
def test_a_gpu_trains(numba_backend):
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device")
    cells = [cluster(60, 1), cluster(64, 2)]
    for cpu, gpu in zip(train_batch(cells, QUICK, numba_backend), train_batch(cells, QUICK, pick_backend("gsplat"))):
        assert gpu.metrics["psnr_5_trained"] == pytest.approx(cpu.metrics["psnr_5_trained"], abs=0.5)


def axis_ratios(splats):
    return splats.scales.max(axis=1) / splats.scales.min(axis=1)


def test_regularisers_prevent_the_collapse_that_happens_without_them(numba_backend):
    cell = needles(8, 40)
    defaults = TrainConfig(iterations=2000, image_size=192, ratio=8 / 320)
    free = dataclasses.replace(defaults, lambda_isotropy=0.0, lambda_collapse=0.0)
    collapsed, round_ = (axis_ratios(end_of(cell, config, numba_backend)) for config in (free, defaults))
    assert np.median(collapsed) > 1 / Collapse().min_scale_ratio
    assert np.median(round_) < 0.5 * np.median(collapsed)
    assert (1 / round_).min() >= Collapse().min_scale_ratio


def end_of(cell, config, backend):
    """What training leads to, whether or not the cell is left with it."""
    scene = Scene.of(cell, config)
    start, kept = start_of(scene, config)
    run = Optimisation([scene], [start], [kept], config, backend)
    for _ in range(config.iterations):
        run.advance()
    return run.splats()[0]


@pytest.mark.parametrize(
    ("option", "value"),
    [("iterations", -1), ("ratio", 0.0), ("ratio", 2.0), ("image_size", 8), ("lambda_dssim", 1.5), ("seed", -1)],
)
def test_settings_that_cannot_be_are_refused(option, value):
    with pytest.raises(InputError, match=rf"--{option.replace('_', '-')} .*must be from"):
        TrainConfig(**{option: value})
