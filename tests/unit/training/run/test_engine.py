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
from helios.rendering.torch_reference import TorchBackend
from helios.training.config import TrainConfig
from helios.training.regularisers.collapse import Collapse
from helios.training.run.engine import start_of, train_batch, train_scenes
from helios.training.scene import Scene
from tests.unit.training.scenes import cell_of, cluster, needles

QUICK = TrainConfig(iterations=60, image_size=96)


@pytest.fixture(scope="module")
def numba_backend():
    return pick_backend("numba")


def same(first, second):
    return all(np.array_equal(getattr(first, f.name), getattr(second, f.name)) for f in dataclasses.fields(first))


def test_training_lowers_the_loss_and_betters_the_flux_of_the_brightest(numba_backend):
    results = train_batch([cluster(60, 1), cluster(64, 2)], QUICK, numba_backend)
    for result, stars in zip(results, (60, 64)):
        assert result.outcome == "trained"
        assert len(result.splats) == round(0.25 * stars)
        assert result.metrics["last_loss"] < result.metrics["first_loss"]
        assert result.metrics["flux_error_5_trained"] < result.metrics["flux_error_5_brightest"]
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
    cell = cluster(60, 4)
    _, kept = start_of(Scene.of(cell, QUICK), QUICK)
    assert kept >= 3
    (result,) = train_batch([cell], QUICK, numba_backend)
    assert result.outcome == "trained"
    for star in np.argsort(-cell.emitters.luminosities)[:kept]:
        nearest = np.argmin(np.linalg.norm(result.splats.means - cell.emitters.means[star], axis=1))
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
    assert len(result.splats) == len(means)
    assert result.outcome == "exact"
    assert np.isfinite(list(result.metrics.values())).all()


def gsplat_stand_in(**scene):
    """What gsplat 1.5.3 draws, from the reference: coverage below 1/255 is dropped."""
    names = ("means", "quats", "scales", "opacities", "colors", "viewmats", "Ks", "width", "height")
    return TorchBackend(alpha_min=1 / 255).render(*(scene[name] for name in names)), None, {}


def test_the_gpu_engine_ends_where_the_cpu_engine_does(numba_backend):
    """The path a GPU takes (gsplat's arguments, autograd, padded batches), on a CPU with a stand-in."""
    cells = [cluster(40, 8), cluster(44, 9)]
    quick = dataclasses.replace(QUICK, iterations=20, image_size=48)
    ours = train_batch(cells, quick, numba_backend)
    gsplat = GsplatBackend(device="cpu", rasterization=gsplat_stand_in)
    theirs = train_scenes([Scene.of(cell, quick) for cell in cells], quick, gsplat)
    for cpu, gpu in zip(ours, theirs):
        assert len(cpu.splats) == len(gpu.splats)
        assert gpu.outcome == "trained"
        # What gsplat drops is a larger share of the light the farther the camera, and those count most.
        assert gpu.metrics["last_loss"] == pytest.approx(cpu.metrics["last_loss"], rel=0.25)
        assert gpu.splats.luminosities.sum() == pytest.approx(cpu.splats.luminosities.sum(), rel=0.05)
        assert gpu.metrics["psnr_5_trained"] == pytest.approx(cpu.metrics["psnr_5_trained"], abs=0.5)


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
    free = TrainConfig(iterations=2000, image_size=96, ratio=8 / 320, lambda_isotropy=0.0, lambda_collapse=0.0)
    (collapsed,) = train_batch([cell], free, numba_backend)
    assert np.median(axis_ratios(collapsed.splats)) > 1 / Collapse().min_scale_ratio
    defaults = TrainConfig(iterations=2000, image_size=96, ratio=8 / 320)
    (round_,) = train_batch([cell], defaults, numba_backend)
    assert np.median(axis_ratios(round_.splats)) < 0.5 * np.median(axis_ratios(collapsed.splats))
    assert (1 / axis_ratios(round_.splats)).min() >= Collapse().min_scale_ratio


@pytest.mark.parametrize(
    ("option", "value"),
    [("iterations", -1), ("ratio", 0.0), ("ratio", 2.0), ("image_size", 8), ("lambda_dssim", 1.5), ("seed", -1)],
)
def test_settings_that_cannot_be_are_refused(option, value):
    with pytest.raises(InputError, match=rf"--{option.replace('_', '-')} .*must be from"):
        TrainConfig(**{option: value})
