"""The cameras of a cell: spread in all directions around it, some on the line through the Sun."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.fixed_order import norm, product
from helios.splats import Cell, rotation_rows

FIELD_OF_VIEW_DEG = 60.0
NEAREST_RADII, FARTHEST_RADII = 2.0, 14.0
"""Distances, in cell radii, between which training cameras stand: a little beyond HELD_OUT_RADII on either side, for
what is learnt at an end of the range only is learnt from few views."""

HELD_OUT_RADII = (2.5, 5.0, 10.0)
"""Distances, in cell radii, of the cameras from which a cell is judged."""

REFERENCE_RADII = 5.0
"""Distance, in cell radii, to which exposure, the merging of stars and the opacities of pruning refer."""

TRAINING_VIEWS = 256
"""Training cameras of a cell. With fewer, training overfits to them: the error of the light of blocks in other views is
5 % larger with 128, a third with 32."""

LOSS_EVERY = 4
"""The loss of a cell before and after training is taken over every LOSS_EVERY-th training view."""

HELD_OUT_DIRECTIONS = 4
_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))


@dataclass(frozen=True)
class Views:
    """V cameras of one cell.

    `viewmats` float32 [V, 4, 4] map cell units to camera coordinates; `Ks` float32 [V, 3, 3] are intrinsics, pixels.
    """

    viewmats: NDArray[np.float32]
    Ks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.viewmats)

    @property
    def distances(self) -> NDArray[np.float64]:
        """The distances [V] of the cameras from the cell's origin, cell units."""
        return np.linalg.norm(self.viewmats[:, :3, 3].astype(np.float64), axis=1)


def focal_px(image_size: int) -> float:
    """Return the focal length, pixels, of a square image of `image_size` pixels that spans FIELD_OF_VIEW_DEG."""
    return 0.5 * image_size / np.tan(np.deg2rad(FIELD_OF_VIEW_DEG) / 2.0)


def fibonacci_sphere(count: int) -> NDArray[np.float64]:
    """Return `count` evenly spread unit vectors [count, 3] (Swinbank & Purser 2006, doi:10.1256/qj.05.227)."""
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
    """Return TRAINING_VIEWS cameras at 2 to 14 cell radii, one in eight on the line through the cell and the Sun."""
    directions = product(fibonacci_sphere(TRAINING_VIEWS), _random_rotation(rng).T)
    sun = _direction_to_sun(cell)
    directions[::8] = np.where(np.arange(len(directions[::8]))[:, None] % 2 == 0, sun, -sun)
    strata = (rng.permutation(TRAINING_VIEWS) + rng.random(TRAINING_VIEWS)) / TRAINING_VIEWS
    radii = NEAREST_RADII * (FARTHEST_RADII / NEAREST_RADII) ** strata * cell.radius
    return look_at_origin(directions * radii[:, None], rng.uniform(0, 2 * np.pi, TRAINING_VIEWS), image_size)


def held_out_views(cell: Cell, image_size: int, rng: np.random.Generator) -> Views:
    """Return the cameras from which a cell is judged: HELD_OUT_DIRECTIONS for each of HELD_OUT_RADII in turn.

    Their directions are drawn anew for every distance, and coincide with none of the training views.
    """
    directions = np.concatenate(
        [product(fibonacci_sphere(HELD_OUT_DIRECTIONS), _random_rotation(rng).T) for _ in HELD_OUT_RADII]
    )
    radii = np.repeat(HELD_OUT_RADII, HELD_OUT_DIRECTIONS) * cell.radius
    return look_at_origin(directions * radii[:, None], rng.uniform(0, 2 * np.pi, len(radii)), image_size)


def _direction_to_sun(cell: Cell) -> NDArray[np.float64]:
    distance = norm(cell.origin_m)
    return -cell.origin_m / distance if distance > 0 else np.array([1.0, 0.0, 0.0])


def _random_rotation(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a random rotation matrix [3, 3], uniform over all rotations, from a random unit quaternion.

    Source: Shoemake 1992, Graphics Gems III.
    """
    q = rng.standard_normal(4)
    return np.array(rotation_rows(*(q / norm(q))))
