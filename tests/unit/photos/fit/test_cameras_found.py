"""Cameras that were shaken find back: by 0.5 degrees and 0.5 % of their distance, on photographs of an ellipsoid.

All of it is asked in the world that the cameras agree on, a similarity from that of the truth, which is nobody's error:
rotations, and what photographs show that were held out. A pixel of these is 0.7 degrees wide, and a small turn looks
much like a small shift: rotations come back by more than half, the picture nearly wholly. That the rest is the
surface's, not the method's, `test_photo_bundle` says, where the thing's form is the true one.
"""

import dataclasses

import numpy as np
import pytest
import torch

from helios.photos.align import align_cameras
from helios.photos.data.dataset import load_dataset
from helios.photos.fit.config import Cameras, Colour, FitConfig, Rates, Size, Steps
from helios.photos.fit.fit import Fit
from helios.photos.fit.options import SceneOptions
from helios.photos.judging import judge_photographs, metrics_named
from helios.rendering.opaque import choose
from tests.support.tiny_scene import DISTANCE, write_tiny_scene

DEGREES, SHARE, STEPS = 0.5, 0.005, 800


def turn(axis: np.ndarray) -> np.ndarray:
    """The rotation by |axis| radians about `axis`, by the formula of Rodrigues."""
    angle = np.linalg.norm(axis)
    x, y, z = axis / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def shaken(photograph, rng):
    """The photograph with a camera that is turned and moved, each in a direction by chance."""
    unit = [way / np.linalg.norm(way) for way in rng.normal(size=(2, 3))]
    viewmat = photograph.viewmat.copy()
    centre = -viewmat[:3, :3].T @ viewmat[:3, 3]
    centre = centre + SHARE * np.linalg.norm(centre) * unit[1]
    viewmat[:3, :3] = turn(np.radians(DEGREES) * unit[0]) @ viewmat[:3, :3]
    viewmat[:3, 3] = -viewmat[:3, :3] @ centre
    return dataclasses.replace(photograph, viewmat=viewmat)


def median_error(found: np.ndarray, truth: np.ndarray) -> float:
    """Degrees between the rotations of viewmats [V, 4, 4], the median, where the worlds are laid over each other."""
    aligned = align_cameras(found, truth, DISTANCE)
    assert aligned is not None
    turns = aligned.sim3.viewmats(found)[:, :3, :3] @ np.swapaxes(truth[:, :3, :3], 1, 2)
    cosines = (np.trace(turns, axis1=1, axis2=2) - 1) / 2
    return float(np.degrees(np.median(np.arccos(np.clip(cosines, -1, 1)))))


def trained(data, pose_opt: bool, truth: np.ndarray) -> tuple[float, float]:
    """PSNR on held-out photographs, and how far the cameras that were trained on are from the truth, degrees."""
    steps = Steps(30_000, STEPS / 30_000)
    slow = Rates(1.6e-4 * steps.steps_scaler**0.5)  # as in a whole training: so few splats have not far to go
    config = FitConfig(steps, Size(max_gaussians=800), colour=Colour(1), rates=slow, cameras=Cameras(pose_opt))
    fit = Fit(data, SceneOptions(config), choose("numba"))
    while fit.step < fit.last_step:
        fit.advance()
    viewmats = torch.tensor(np.stack([one.viewmat for one in data.train]))
    if fit.motions is not None:
        viewmats = fit.motions.moved(viewmats.float(), range(len(viewmats))).double()
    aligned = align_cameras(truth, viewmats.numpy(), DISTANCE)
    assert aligned is not None
    held_out = tuple(dataclasses.replace(one, viewmat=aligned.sim3.viewmats(one.viewmat)) for one in data.test)
    rows = judge_photographs(fit.trained(), held_out, fit.backend, metrics_named(("psnr",)))
    psnr = float(np.mean([one.scores["psnr"].value for one in rows]))
    return psnr, median_error(viewmats.numpy(), truth)


@pytest.mark.slow
def test_shaken_cameras_find_back(tmp_path):
    data = load_dataset(write_tiny_scene(tmp_path / "data", views=24, width=64, height=48, points=800).folder)
    rng = np.random.default_rng(0)
    moved = dataclasses.replace(data, train=tuple(shaken(one, rng) for one in data.train))
    truth = np.stack([one.viewmat for one in data.train])
    best, _ = trained(data, False, truth)
    worst, before = trained(moved, False, truth)
    found, after = trained(moved, True, truth)
    print(f"{best:.2f} dB, shaken {worst:.2f} dB, found {found:.2f} dB; {before:.3f}, {after:.3f} degrees")
    assert 0.4 < before < 0.6
    assert best - worst > 1.0
    assert after < 0.5 * before
    assert found - worst > 0.85 * (best - worst)
