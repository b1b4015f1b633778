"""Trained cameras move as gsplat's CameraOptModule moves them, and find back to where photographs were taken from.

The module: camera to world becomes camera to world times [R, t], R from six numbers by Gram and Schmidt, row by row.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from helios.photos.fit.poses import MOST, WAIT, CameraMotions, inverse_motion
from helios.photos.fit.sightings import Sighting, sight
from tests.support.tiny_scene import DISTANCE, camera_at, draw, ring_of_cameras

WIDTH, HEIGHT = 128, 96
K = np.array([[1.3 * WIDTH, 0, WIDTH / 2], [0, 1.3 * WIDTH, HEIGHT / 2], [0, 0, 1]])


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


def sighting_of(viewmat: Tensor, truth: Tensor) -> Sighting:
    """What `truth` says of a camera, where the picture drawn from there is cast in float64, not rasterised."""
    drawn = (torch.tensor(plane, dtype=torch.float32) for plane in draw(viewmat.double().numpy(), K, WIDTH, HEIGHT))
    found = sight(*drawn, truth, None, torch.tensor(K))
    assert found is not None
    return found


def test_shaken_cameras_find_the_places_that_photographs_were_taken_from():
    """With the thing's true form, by 0.5 degrees and 0.5 %, nearly wholly: nothing but the pixels' size is left.

    A camera's six ways to move differ by some hundreds in what they change, so the found ones are those of all six.
    """
    true = torch.tensor(ring_of_cameras(4), dtype=torch.float32)
    photographs = [torch.tensor(draw(one.double().numpy(), K, WIDTH, HEIGHT)[0], dtype=torch.float32) for one in true]
    generator = torch.Generator().manual_seed(1)
    errors = F.normalize(torch.randn(8, 3, generator=generator), dim=-1).reshape(4, 6)
    start = torch.cat([0.005 * DISTANCE * errors[:, :3], torch.zeros(4, 6)], dim=1)
    axes = np.radians(0.5) * errors[:, 3:]
    # The first two rows of a small rotation about an axis: 1, -z, y and z, 1, -x.
    start[:, 4], start[:, 5], start[:, 6], start[:, 8] = -axes[:, 2], axes[:, 1], axes[:, 2], -axes[:, 0]
    shaken = CameraMotions(4, torch.device("cpu"))
    shaken.motions = start
    given = shaken.moved(true, range(4))
    cameras = CameraMotions(4, torch.device("cpu"))
    for _ in range(20):
        for camera in range(4):
            (now,) = cameras.moved(given[camera : camera + 1], [camera])
            seen = sighting_of(now, photographs[camera])
            cameras.step(camera, seen, 1.0, 1e-6, 1.0)
        values = torch.linalg.eigvalsh(seen.curvature)
        assert 100 < values[-1] / values[0] < 10_000
    for camera, viewmat in enumerate(cameras.moved(given, range(4))):
        before, after = (error_of(one, true[camera]) for one in (given[camera], viewmat))
        assert 0.45 < before[0] < 0.55
        assert 0.45 < before[1] < 0.55
        assert after[0] < 0.01
        assert after[1] < 0.01


def error_of(viewmat: Tensor, true: Tensor) -> tuple[float, float]:
    """Degrees that a camera is turned, and the shift of its centre, % of the distance."""
    turn = (viewmat[:3, :3] @ true[:3, :3].T).double()
    angle = 2 * np.arcsin(min(1.0, (turn - torch.eye(3)).norm().item() / np.sqrt(8)))
    centres = [-(one[:3, :3].T @ one[:3, 3]) for one in (viewmat, true)]
    return float(np.degrees(angle)), 100 * (centres[0] - centres[1]).norm().item() / DISTANCE


def test_a_step_is_of_one_camera_and_of_what_is_asked():
    """Others stay; none moves early, none far at once; what holds cameras holds; the state restores them."""
    photograph = torch.tensor(draw(camera_at(np.array([4.0, 0.02, 1.0])), K, WIDTH, HEIGHT)[0], dtype=torch.float32)
    seen = sighting_of(torch.tensor(camera_at(np.array([4.0, 0.0, 1.0]))), photograph)

    def moved(share: float = 1.0, hold: float = 1e-3, done: float = 1.0, times: int = 1) -> Tensor:
        cameras = CameraMotions(3, torch.device("cpu"))
        for _ in range(times):
            cameras.step(1, seen, share, hold, done)
        assert not cameras.motions[[0, 2]].any()
        other = CameraMotions(3, torch.device("cpu"))
        other.restore(cameras.state())
        cameras.step(0, seen, share, hold, done)
        assert not other.motions[[0, 2]].any()
        return other.motions[1]

    assert not moved(done=WAIT - 1e-9).any()
    assert not moved(share=0.0).any()
    assert moved().norm() > 3 * moved(hold=10.0).norm() > 0
    assert moved().norm() > moved(done=WAIT).norm() > 0
    assert moved(hold=10.0, times=50).norm() < 2 * moved(hold=10.0).norm()
    assert moved(hold=0.0)[:3].norm() <= 1.001 * MOST * seen.distance


def test_what_shows_nothing_says_nothing():
    black = torch.zeros(HEIGHT, WIDTH)
    white = torch.ones(HEIGHT, WIDTH, 3)
    assert sight(white, black, black, white, None, torch.tensor(K)) is None
    assert sight(white, black + 1, black + 1, white, black, torch.tensor(K)) is None


def test_noise_shakes_all_by_its_deviation():
    generator = torch.Generator().manual_seed(0)
    shaken = CameraMotions(400, torch.device("cpu"), 0.01, generator).motions
    assert abs(shaken.std().item() - 0.01) < 0.001
