"""Cameras that were shaken find back: by 0.5 degrees and 0.5 % of their distance, on photographs of an ellipsoid.

What is asked of them is asked in the world that they agree on: one rotation of all of them is nobody's error, and
photographs that were held out, whose cameras were not shaken, say whether it is that of the scene. A pixel of these
photographs is 0.7 degrees wide, and a small turn looks much like a small shift: rotations come back by about half
(0.48 to 0.28 degrees), the picture wholly.
"""

import dataclasses

import numpy as np
import pytest
import torch

from helios.photos.data.dataset import load_dataset
from helios.photos.fit.config import Cameras, Colour, FitConfig, Size, Steps
from helios.photos.fit.fit import Fit
from helios.photos.fit.options import SceneOptions
from helios.photos.judging import judge_photographs, metrics_named
from helios.rendering.opaque import choose
from tests.support.tiny_scene import write_tiny_scene

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
    """Degrees between rotations [V, 3, 3], the median, after the one rotation of the world that makes them agree."""
    u, _, v = np.linalg.svd(np.einsum("vji,vjk->ik", truth, found))
    rest = np.einsum("vij,jk,vlk->vil", truth, u @ v, found)
    cosines = (np.trace(rest, axis1=1, axis2=2) - 1) / 2
    return float(np.degrees(np.median(np.arccos(np.clip(cosines, -1, 1)))))


def trained(data, pose_opt: bool) -> tuple[float, np.ndarray]:
    """PSNR on held-out photographs, and the rotations [V, 3, 3] of the cameras that were trained on."""
    steps = Steps(30_000, STEPS / 30_000)
    config = FitConfig(steps, Size(max_gaussians=800), colour=Colour(1), cameras=Cameras(pose_opt))
    fit = Fit(data, SceneOptions(config), choose("numba"))
    while fit.step < fit.last_step:
        fit.advance()
    rows = judge_photographs(fit.trained(), data.test, fit.backend, metrics_named(("psnr",)))
    psnr = float(np.mean([one.scores["psnr"].value for one in rows]))
    viewmats = torch.tensor(np.stack([one.viewmat for one in data.train]), dtype=torch.float32)
    if fit.motions is not None:
        viewmats = fit.motions.moved(viewmats, range(len(viewmats))).detach()
    return psnr, viewmats[:, :3, :3].double().numpy()


@pytest.mark.slow
def test_shaken_cameras_find_back(tmp_path):
    data = load_dataset(write_tiny_scene(tmp_path / "data", views=24, width=64, height=48, points=800).folder)
    rng = np.random.default_rng(0)
    moved = dataclasses.replace(data, train=tuple(shaken(one, rng) for one in data.train))
    truth = np.stack([one.viewmat[:3, :3] for one in data.train])
    best, _ = trained(data, pose_opt=False)
    worst, before = trained(moved, pose_opt=False)
    found, after = trained(moved, pose_opt=True)
    print(
        f"{best:.2f} dB, shaken {worst:.2f} dB, found {found:.2f} dB;",
        median_error(before, truth),
        median_error(after, truth),
    )
    assert 0.4 < median_error(before, truth) < 0.6
    assert best - worst > 1.0
    assert median_error(after, truth) < 0.65 * median_error(before, truth)
    assert found - worst > 0.8 * (best - worst)
