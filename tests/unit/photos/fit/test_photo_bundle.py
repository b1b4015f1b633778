"""Photographs that are held against one another tell where they were taken from, by 0.5 degrees and 0.5 % off at first.

They are of an ellipsoid, whose depth is the true one here: what is left is what pixels and patches do. A similarity of
all cameras together is nobody's error.
"""

import numpy as np
import pytest
import torch

from helios.photos.align import align_cameras
from helios.photos.fit.bundle import Shot, adjust
from helios.photos.fit.poses import exponential
from tests.support.tiny_scene import DISTANCE, draw, ring_of_cameras

WIDTH, HEIGHT, VIEWS = 128, 96, 18
K = np.array([[1.3 * WIDTH, 0, WIDTH / 2], [0, 1.3 * WIDTH, HEIGHT / 2], [0, 0, 1]])


@pytest.fixture(scope="module")
def true() -> torch.Tensor:
    return torch.tensor(ring_of_cameras(VIEWS))


@pytest.fixture(scope="module")
def shots(true) -> list[Shot]:
    planes = [draw(viewmat.numpy(), K, WIDTH, HEIGHT) for viewmat in true]
    float32 = {"dtype": torch.float32}
    return [
        Shot(torch.tensor(color.mean(-1), **float32), torch.tensor(depth, **float32),
             torch.tensor(alpha > 0.99, **float32), torch.tensor(K, **float32))
        for color, alpha, depth in planes
    ]  # fmt: skip


@pytest.fixture(scope="module")
def given(true) -> torch.Tensor:
    ways = np.random.default_rng(0).normal(size=(2, VIEWS, 3))
    shift, turn = ways / np.linalg.norm(ways, axis=-1, keepdims=True)
    steps = torch.tensor(np.concatenate([0.005 * shift, np.radians(0.5) * turn], axis=1))
    return exponential(steps, torch.full((VIEWS,), DISTANCE, dtype=torch.float64)) @ true


def found(shots, given, share=1.0, hold=1e-4) -> torch.Tensor:
    return adjust(shots, given, share, hold, torch.Generator().manual_seed(0))


def error(viewmats, true) -> float:
    """Degrees, the median, where the worlds are laid over each other."""
    aligned = align_cameras(viewmats.numpy(), true.numpy(), DISTANCE)
    assert aligned is not None
    assert aligned.agreeing.all()
    return aligned.degrees


def test_all_cameras_are_found_at_once(shots, given, true):
    assert 0.4 < error(given, true) < 0.6
    once = found(shots, given)
    print(f"{error(given, true):.3f} degrees, found {error(once, true):.3f}")
    assert error(once, true) < 0.12


def test_photographs_may_be_brighter_than_others(shots, given, true):
    light = np.random.default_rng(1).uniform(-0.15, 0.15, VIEWS)
    lit = [Shot(one.tones + by * one.solid, one.depth, one.solid, one.K) for one, by in zip(shots, light)]
    assert error(found(lit, given), true) < 0.2


def test_cameras_stay_where_they_are_held_or_shown_nothing(shots, given):
    few, given = shots[:4], given[:4]
    assert torch.equal(found(few, given, share=0.0), given)
    torch.testing.assert_close(found(few, given, hold=1e9), given, atol=1e-5, rtol=0)
    assert (found(few, given) - given).abs().max() > 1e-3
    assert torch.equal(found(few, given), found(few, given))
    nothing = [Shot(one.tones, one.depth, 0 * one.solid, one.K) for one in few]
    torch.testing.assert_close(found(nothing, given), given, atol=1e-9, rtol=0)
