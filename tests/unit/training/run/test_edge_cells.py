"""Cells that are as small, as crowded, as lopsided or as large as cells get all come to finite splats with their light.

The smallest are exact; to have something to train, others take a tenth of their stars as budget.
"""

import dataclasses

import numpy as np
import pytest

from helios.rendering import pick_backend
from helios.rendering.mean_light import mean_light
from helios.splats import LOSS_CURVE
from helios.training.config import TrainConfig
from helios.training.run.engine import train_batch
from tests.unit.training.scenes import cell_of, cluster

CONFIG = TrainConfig(iterations=12, image_size=48, ratio=0.1)
LIGHT = 1e-12
EDGE = float(np.nextafter(np.float32(1), np.float32(0)))


@pytest.fixture(scope="module")
def backend():
    return pick_backend("numba")


def train(cell, backend, **changes):
    (result,) = train_batch([cell], dataclasses.replace(CONFIG, **changes), backend)
    assert all(np.isfinite(getattr(result.splats, f.name)).all() for f in dataclasses.fields(result.splats))
    steps = dataclasses.replace(CONFIG, **changes).iterations if result.outcome != "exact" else 0
    parts = {step * len(LOSS_CURVE) // steps for step in range(steps)}
    known = {part for part, name in enumerate(LOSS_CURVE) if np.isfinite(result.metrics[name])}
    assert known == parts, "those of the steps that were made"
    measured = {name: value for name, value in result.metrics.items() if name not in LOSS_CURVE}
    assert np.isfinite([value for name, value in measured.items() if "psnr" not in name]).all()
    assert not np.isnan(list(measured.values())).any()
    light = mean_light(result.splats.opacities, result.splats.scales).sum()
    assert light == pytest.approx(cell.emitters.luminosities.sum(dtype=np.float64), rel=1e-5)
    return result


SMALL = {
    "one star": [[0.1, 0.2, 0.3]],
    "one star in a corner": [[1, 1, 1]],
    "two identical stars": [[0.1, 0, 0]] * 2,
    "two stars in opposite corners": [[1, 1, 1], [-1, -1, -1]],
    "two stars as near as float32 has them": [[EDGE, 0, 0], [1, 0, 0]],
}


@pytest.mark.parametrize("means", SMALL.values(), ids=SMALL.keys())
@pytest.mark.parametrize("size", [17, 48])
def test_the_smallest_cells_keep_their_stars_if_they_may(backend, means, size):
    cell = cell_of(means, [LIGHT] * len(means))
    assert len(train(cell, backend, image_size=size).splats) == 1
    result = train(cell, backend, image_size=size, ratio=1.0)
    assert result.outcome == "exact"
    np.testing.assert_allclose(np.sort(result.splats.means, axis=0), np.sort(cell.emitters.means, axis=0), atol=1e-6)


RNG = np.random.default_rng(0)
CROWDED = {
    "all stars in one place": np.tile([[0.3, -0.2, 0.9]], (100, 1)),
    "two places": np.repeat([[0.5, 0.5, 0.5], [-0.5, 0.5, 0.5]], 50, axis=0),
    "one star far from all others": np.concatenate([[[1, 1, 1]], 1e-6 * RNG.standard_normal((99, 3)) - 0.9]),
    "all on the faces": np.where(np.arange(3) == RNG.integers(3, size=(100, 1)), 1.0, RNG.uniform(-1, 1, (100, 3))),
    "a line": np.linspace(-1, 1, 100)[:, None] * [[1.0, 0, 0]],
}


@pytest.mark.parametrize("means", CROWDED.values(), ids=CROWDED.keys())
def test_crowded_and_lopsided_cells(backend, means):
    result = train(cell_of(means, LIGHT * 10.0 ** RNG.uniform(-3, 0, len(means))), backend)
    assert len(result.splats) <= 10
    assert result.outcome in ("trained", "mixed", "start")


@pytest.mark.parametrize("size", [16, 17, 50, 257])
def test_image_sizes(backend, size):
    result = train(cluster(100, 3), backend, image_size=size)
    assert result.metrics["last_loss"] <= result.metrics["first_loss"]


def test_stars_of_very_different_light(backend):
    """25 magnitudes between the brightest and the faintest."""
    cell = cluster(100, 4)
    light = (1e-12 * 10.0 ** np.linspace(-10, 0, 100)).astype(np.float32)
    train(dataclasses.replace(cell, emitters=dataclasses.replace(cell.emitters, luminosities=light)), backend)


@pytest.mark.slow
def test_fifty_thousand_stars(backend):
    result = train(cluster(50_000, 5), backend, iterations=3, image_size=256, ratio=0.25)
    assert len(result.splats) == 12_500
