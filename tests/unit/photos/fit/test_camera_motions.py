"""Trained cameras move as gsplat's CameraOptModule moves them.

The module: camera to world becomes camera to world times [R, t], R from six numbers by Gram and Schmidt, row by row.
"""

import numpy as np
import torch

from helios.photos.fit.poses import CameraMotions, between, exponential, inverse_motion
from tests.support.tiny_scene import ring_of_cameras


def by_hand(motion: np.ndarray) -> np.ndarray:
    """The motion [4, 4] of nine numbers, in numpy."""
    first, second = np.split(motion[3:] + np.eye(3)[:2].ravel(), 2)
    first = first / np.linalg.norm(first)
    second = second - first * (first @ second)
    second = second / np.linalg.norm(second)
    made = np.eye(4)
    made[:3, :3] = np.stack([first, second, np.cross(first, second)])
    made[:3, 3] = motion[:3]
    return made


def viewmats(count: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    made = np.tile(np.eye(4), (count, 1, 1))
    made[:, :3, :3] = np.linalg.qr(rng.normal(size=(count, 3, 3)))[0]
    made[:, :3, 3] = rng.normal(size=(count, 3))
    return made


def test_a_camera_moves_as_gsplats():
    motions = 0.2 * np.random.default_rng(0).normal(size=(4, 9))
    cameras, made = CameraMotions(4, torch.device("cpu")), viewmats(2)
    cameras.motions = torch.tensor(motions)
    found = cameras.moved(torch.tensor(made), [3, 1])
    for result, viewmat, motion in zip(found.numpy(), made, motions[[3, 1]]):
        expected = np.linalg.inv(np.linalg.inv(viewmat) @ by_hand(motion))
        np.testing.assert_allclose(result, expected, atol=1e-12)


def test_a_camera_at_rest_stays():
    made = torch.tensor(viewmats(3))
    found = CameraMotions(3, torch.device("cpu")).moved(made.float(), [0, 1, 2])
    torch.testing.assert_close(found, made.float(), atol=0, rtol=0)


def test_the_gradient_is_right():
    motions = torch.tensor(0.1 * np.random.default_rng(2).normal(size=(2, 9)), requires_grad=True)
    assert torch.autograd.gradcheck(inverse_motion, motions)


def test_cameras_go_where_they_are_found_and_back_to_a_state():
    given = torch.tensor(ring_of_cameras(5))
    steps = torch.tensor(0.1 * np.random.default_rng(3).normal(size=(5, 6)))
    distances = torch.linspace(1.0, 3.0, 5, dtype=torch.float64)
    found = exponential(-steps, distances) @ given
    cameras = CameraMotions(5, torch.device("cpu"))
    rest = cameras.state()
    cameras.move(given, found)
    torch.testing.assert_close(cameras.moved(given, range(5)), found, atol=1e-5, rtol=0)
    cameras.restore(rest)
    torch.testing.assert_close(cameras.moved(given, range(5)), given, atol=0, rtol=0)
    # What is told of how far they went is what they went by, up to the third order.
    torch.testing.assert_close(between(given, found, distances)[1], steps, atol=0.05, rtol=0)
    small = 1e-4 * steps
    told = between(given, exponential(-small, distances) @ given, distances)[1]
    torch.testing.assert_close(told, small, atol=1e-9, rtol=0)


def test_noise_shakes_all_by_its_deviation():
    generator = torch.Generator().manual_seed(0)
    shaken = CameraMotions(400, torch.device("cpu"), 0.01, generator).motions
    assert abs(shaken.std().item() - 0.01) < 0.001
