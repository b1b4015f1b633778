"""The world of the scene: which way is up, where its origin is and how long 1 is, as gsplat's trainer has it.

The steps are those of gsplat's examples/datasets/normalize.py, so that learning rates and thresholds that were tuned
there mean the same here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError

Floats = NDArray[np.float64]

UP = np.array([0.0, -1.0, 0.0])
"""Up in a camera, and where the mean up of the cameras is turned to."""


def normalizing(viewmats: Floats, points: Floats, where: Path) -> Floats:
    """Return the similarity [4, 4] from the world of the files to that of the scene.

    First, of the cameras [V, 4, 4]: their mean up becomes -y, the median of the points on their axes that are nearest
    to the origin becomes the origin, their median distance from it 1. Then, of the points [P, 3]: their median becomes
    the origin, their principal axes x, y, z, longest first; all is turned over where their median lies above their
    mean along z. Raises InputError, naming `where`, for fewer than 3 points, or cameras all in one place.
    """
    if len(points) < 3:
        raise InputError(
            f"{where}: {len(points)} points, must be at least 3 to lay the world along them; "
            "turn normalize_world_space off"
        )
    first = from_cameras(viewmats, where)
    _, placed = moved(viewmats, points, first)
    second = from_points(placed)
    transform = second @ first
    z = points @ transform[2, :3] + transform[2, 3]
    if np.median(z) > np.mean(z):
        transform = np.diag([1.0, -1.0, -1.0, 1.0]) @ transform
    return transform


def from_cameras(viewmats: Floats, where: Path) -> Floats:
    """Return the similarity [4, 4] that the cameras [V, 4, 4] define, see `normalizing`."""
    turns = viewmats[:, :3, :3].transpose(0, 2, 1)  # camera to world
    eyes = eyes_of(viewmats)
    up = (turns @ UP).mean(0)
    length = np.linalg.norm(up)
    turn = _turning(up / length, UP) if length > 1e-9 else np.eye(3)
    eyes, ahead = eyes @ turn.T, (turns @ [0.0, 0.0, 1.0]) @ turn.T
    nearest = eyes - (eyes * ahead).sum(1, keepdims=True) * ahead
    center = np.median(nearest, axis=0)
    distance = np.median(np.linalg.norm(eyes - center, axis=1))
    if not distance > 0:
        raise InputError(f"{where}: its cameras stand in one place, so the world has no scale; make the model again")
    transform = np.eye(4)
    transform[:3, :3] = turn / distance
    transform[:3, 3] = -center / distance
    return transform


def from_points(points: Floats) -> Floats:
    """Return the rigid motion [4, 4] that lays the points [P, 3] along the axes, see `normalizing`.

    The largest component of each of the first two axes is positive, whatever a library's eigenvectors are.
    """
    center = np.median(points, axis=0)
    _, vectors = np.linalg.eigh(np.cov(points - center, rowvar=False))
    first, second = (axis * np.sign(axis[np.argmax(np.abs(axis))]) for axis in vectors.T[:0:-1])  # longest first
    transform = np.eye(4)
    transform[:3, :3] = first, second, np.cross(first, second)
    transform[:3, 3] = -transform[:3, :3] @ center
    return transform


def moved(viewmats: Floats, points: Floats, transform: Floats) -> tuple[Floats, Floats]:
    """Return cameras [V, 4, 4] and points [P, 3] in the world that the similarity `transform` [4, 4] leads to."""
    scale = np.cbrt(np.linalg.det(transform[:3, :3]))
    turn = transform[:3, :3] / scale
    out = viewmats.copy()
    out[:, :3, :3] = viewmats[:, :3, :3] @ turn.T
    out[:, :3, 3] = scale * viewmats[:, :3, 3] - out[:, :3, :3] @ transform[:3, 3]
    return out, points @ transform[:3, :3].T + transform[:3, 3]


def eyes_of(viewmats: Floats) -> Floats:
    """Return where the cameras [V, 4, 4] stand, [V, 3]."""
    return -np.einsum("vij,vi->vj", viewmats[:, :3, :3], viewmats[:, :3, 3])


def scale_of(viewmats: Floats) -> float:
    """Return the largest distance of a camera from the mean of all."""
    eyes = eyes_of(viewmats)
    return float(np.linalg.norm(eyes - eyes.mean(0), axis=1).max())


def _turning(start: Floats, goal: Floats) -> Floats:
    """The shortest rotation [3, 3] from the unit vector `start` to `goal` (Rodrigues' formula)."""
    cosine = start @ goal
    if cosine <= -1 + 1e-12:
        return np.diag([-1.0, -1.0, 1.0])
    x, y, z = np.cross(start, goal)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)
