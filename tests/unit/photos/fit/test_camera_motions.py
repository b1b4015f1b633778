"""Trained cameras move as gsplat's CameraOptModule moves them, and each remembers its own past.

The module: camera to world becomes camera to world times [R, t], R from six numbers by Gram and Schmidt, row by row.
"""

import numpy as np
import torch

from helios.photos.fit.poses import CameraMotions, inverse_motion


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


def test_a_step_moves_the_cameras_that_were_seen_towards_where_the_loss_is_least():
    """Only they step; each by its rate at its first, as Adam does, whenever that is; the state restores all of it."""
    cameras = CameraMotions(3, torch.device("cpu"))
    fixed, goal = torch.eye(4).expand(1, 4, 4), torch.tensor([0.3, -0.2, 0.1])

    def step(camera: int) -> float:
        loss = (cameras.moved(fixed, [camera])[0, :3, 3] - goal).square().sum()
        loss.backward()
        cameras.step([camera], 1e-2, 0.0)
        return loss.item()

    losses = [step(1) for _ in range(50)]
    assert losses[-1] < 0.2 * losses[0]
    assert (cameras.motions[[0, 2]] == 0).all()
    kept = cameras.state()
    step(2)
    assert abs(cameras.motions[2, :3].detach().abs() - 1e-2).max() < 1e-6
    after = cameras.motions.detach().clone()
    other = CameraMotions(3, torch.device("cpu"))
    other.restore(kept)
    cameras = other
    step(2)
    assert torch.equal(cameras.motions.detach(), after)


def test_noise_shakes_all_by_its_deviation():
    generator = torch.Generator().manual_seed(0)
    shaken = CameraMotions(400, torch.device("cpu"), 0.01, generator).motions
    assert abs(shaken.std().item() - 0.01) < 0.001
