"""Where a cell is looked at from: cameras on a sphere around it, some along the line from the Sun."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.splats import Cell, rotation_rows

FIELD_OF_VIEW_DEG = 60.0
NEAREST_RADII, FARTHEST_RADII = 1.5, 10.0
HELD_OUT_RADII = (2.5, 5.0, 10.0)
"""Distances, in cell radii, at which a cell is judged."""

REFERENCE_RADII = 5.0
"""Distance, in cell radii, that exposure, the merging of stars and the opacities of pruning refer to."""

TRAINING_VIEWS = 128
"""Cameras of a cell. With 32 the light of blocks is learnt by heart: from elsewhere it is a quarter further off."""

LOSS_EVERY = 4
"""Of the training views, the loss of a cell before and after training is taken over one in so many."""

HELD_OUT_DIRECTIONS = 4
_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))


@dataclass(frozen=True)
class Views:
    """Cameras of one cell: `viewmats` float32 [V, 4, 4] world (cell units) to camera, `Ks` float32 [V, 3, 3] px."""

    viewmats: NDArray[np.float32]
    Ks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.viewmats)

    @property
    def distances(self) -> NDArray[np.float64]:
        """How far the cameras are from the cell's origin, cell units, [V]."""
        return np.linalg.norm(self.viewmats[:, :3, 3].astype(np.float64), axis=1)


def focal_px(image_size: int) -> float:
    """The focal length, pixels, of an image of `image_size` pixels across FIELD_OF_VIEW_DEG."""
    return 0.5 * image_size / np.tan(np.deg2rad(FIELD_OF_VIEW_DEG) / 2.0)


def fibonacci_sphere(count: int) -> NDArray[np.float64]:
    """Return `count` directions [count, 3], evenly spread (Swinbank & Purser 2006, doi:10.1256/qj.05.227)."""
    index = np.arange(count) + 0.5
    z = 1.0 - 2.0 * index / count
    rho = np.sqrt(1.0 - z * z)
    angle = _GOLDEN_ANGLE * index
    return np.stack([rho * np.cos(angle), rho * np.sin(angle), z], axis=1)


def look_at_origin(positions: NDArray[np.float64], rolls: NDArray[np.float64], image_size: int) -> Views:
    """Return cameras at `positions` [V, 3] cell units that look at the cell's origin, turned by `rolls` [V] radians.

    OpenCV axes: x right, y down, z forward. Square images of FIELD_OF_VIEW_DEG.
    """
    forward = -positions / np.linalg.norm(positions, axis=1, keepdims=True)
    helper = np.where(np.abs(forward[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    right = np.cross(forward, helper)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    down = np.cross(forward, right)
    cos, sin = np.cos(rolls)[:, None], np.sin(rolls)[:, None]
    rotation = np.stack([cos * right + sin * down, cos * down - sin * right, forward], axis=1)
    viewmats = np.tile(np.eye(4), (len(positions), 1, 1))
    viewmats[:, :3, :3] = rotation
    viewmats[:, :3, 3] = -np.einsum("vij,vj->vi", rotation, positions)
    focal = focal_px(image_size)
    K = np.array([[focal, 0.0, image_size / 2.0], [0.0, focal, image_size / 2.0], [0.0, 0.0, 1.0]])
    return Views(viewmats.astype(np.float32), np.tile(K, (len(positions), 1, 1)).astype(np.float32))


def training_views(cell: Cell, image_size: int, rng: np.random.Generator) -> Views:
    """Return TRAINING_VIEWS cameras at 1.5 to 10 cell radii, one in eight on the Sun's line."""
    directions = fibonacci_sphere(TRAINING_VIEWS) @ _random_rotation(rng).T
    sun = _direction_to_sun(cell)
    directions[::8] = np.where(np.arange(len(directions[::8]))[:, None] % 2 == 0, sun, -sun)
    strata = (rng.permutation(TRAINING_VIEWS) + rng.random(TRAINING_VIEWS)) / TRAINING_VIEWS
    radii = NEAREST_RADII * (FARTHEST_RADII / NEAREST_RADII) ** strata * cell.radius
    return look_at_origin(directions * radii[:, None], rng.uniform(0, 2 * np.pi, TRAINING_VIEWS), image_size)


def held_out_views(cell: Cell, image_size: int, rng: np.random.Generator) -> Views:
    """Return the cameras a cell is judged from: HELD_OUT_DIRECTIONS at each of HELD_OUT_RADII, distance slowest.

    Their directions are drawn anew for every distance, so none is a training view's.
    """
    directions = np.concatenate(
        [fibonacci_sphere(HELD_OUT_DIRECTIONS) @ _random_rotation(rng).T for _ in HELD_OUT_RADII]
    )
    radii = np.repeat(HELD_OUT_RADII, HELD_OUT_DIRECTIONS) * cell.radius
    return look_at_origin(directions * radii[:, None], rng.uniform(0, 2 * np.pi, len(radii)), image_size)


def _direction_to_sun(cell: Cell) -> NDArray[np.float64]:
    distance = np.linalg.norm(cell.origin_m)
    return -cell.origin_m / distance if distance > 0 else np.array([1.0, 0.0, 0.0])


def _random_rotation(rng: np.random.Generator) -> NDArray[np.float64]:
    """A rotation matrix uniform over all rotations (Shoemake 1992, Graphics Gems III: a random unit quaternion)."""
    q = rng.standard_normal(4)
    return np.array(rotation_rows(*(q / np.linalg.norm(q))))
