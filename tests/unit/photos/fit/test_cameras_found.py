"""Cameras that were shaken find back: by 0.5 degrees and 0.5 % of their distance, on photographs of an ellipsoid.

A pixel of these is 0.7 degrees wide, and a small turn looks much like a small shift: rotations come back by more than
half, the picture nearly wholly. That the rest is the surface's, not the method's, `test_photo_bundle` says, where the
thing's form is the true one.
"""

import dataclasses

import pytest

from helios.photos.data.dataset import load_dataset
from helios.photos.fit.config import Cameras, Colour, FitConfig, Rates, Size, Steps
from tests.support.shaken_cameras import shaken, trained
from tests.support.tiny_scene import write_tiny_scene

STEPS = 800


@pytest.mark.slow
def test_shaken_cameras_find_back(tmp_path):
    data = load_dataset(write_tiny_scene(tmp_path / "data", views=24, width=64, height=48, points=800).folder)
    moved = shaken(data, 0)
    steps = Steps(30_000, STEPS / 30_000)
    slow = Rates(1.6e-4 * steps.steps_scaler**0.5)  # as in a whole training: so few splats have not far to go
    config = FitConfig(steps, Size(max_gaussians=800), colour=Colour(1), rates=slow)
    finding = dataclasses.replace(config, cameras=Cameras(pose_opt=True))
    best, *_ = trained(data, data, config)
    worst, before, *_ = trained(moved, data, config)
    found, after, *_ = trained(moved, data, finding)
    print(f"{best:.2f} dB, shaken {worst:.2f} dB, found {found:.2f} dB; {before:.3f}, {after:.3f} degrees")
    assert 0.4 < before < 0.6
    assert best - worst > 1.0
    assert after < 0.5 * before
    assert found - worst > 0.85 * (best - worst)
