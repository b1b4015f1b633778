"""A small COLMAP data set whose truth is known: photographs of a painted ellipsoid before black, without noise.

Each pixel is the mean of 3 x 3 rays, cast in float64, so pictures, silhouettes and depths are exact to about 1/255 and
owe nothing to a rasteriser. `write_tiny_scene` makes the folder in milliseconds, wherever a test wants it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

AXES = np.array([1.0, 0.8, 0.65])
"""Half axes of the ellipsoid, which lies at the origin."""
DISTANCE = 4.0
RAYS = 3
"""Rays along each side of a pixel."""


def paint(points: np.ndarray) -> np.ndarray:
    """Return the colour in [0, 1], [N, 3], of points [N, 3] of the surface: stripes of three scales, and light."""
    x, y, z = np.moveaxis(points / AXES, -1, 0)
    stripes = [
        0.5 + 0.25 * np.sin(7 * x + 3 * y) + 0.2 * np.sin(19 * y - 5 * z),
        0.5 + 0.25 * np.sin(6 * y + 4 * z + 1) + 0.2 * np.sin(17 * z + 9 * x),
        0.5 + 0.25 * np.sin(8 * z - 3 * x + 2) + 0.2 * np.sin(15 * x - 11 * y),
    ]
    normals = points / AXES**2
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    light = 0.7 + 0.3 * normals @ (np.array([2.0, -1.0, 2.0]) / 3.0)
    return np.stack(stripes, -1) * light[..., None]


def camera_at(eye: np.ndarray, roll: float = 0.0) -> np.ndarray:
    """Return the viewmat [4, 4] of a camera at `eye` [3] that looks at the origin; `roll` radians about its axis."""
    ahead = -eye / np.linalg.norm(eye)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(ahead, right)
    turn = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    viewmat = np.eye(4)
    viewmat[:3, :3] = turn @ np.stack([right, down, ahead])
    viewmat[:3, 3] = -viewmat[:3, :3] @ eye
    return viewmat


def ring_of_cameras(count: int, seed: int = 0) -> np.ndarray:
    """Return viewmats [count, 4, 4] all around, 15 to 35 degrees above and below the equator in turn."""
    rng = np.random.default_rng(seed)
    longitude = 2 * np.pi * np.arange(count) / count
    latitude = np.radians(rng.uniform(15, 35, count)) * np.where(np.arange(count) % 2, 1, -1)
    eyes = DISTANCE * np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], -1
    )
    return np.stack([camera_at(eye) for eye in eyes])


def draw(viewmat: np.ndarray, K: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return image [H, W, 3] in [0, 1] over black, alpha [H, W] and depth [H, W], 0 where nothing is seen."""
    u, v = pixel_grid(width, height)
    return cast(viewmat, np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1]], -1))


def pixel_grid(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the rays of a picture meet it, px, two [RAYS H, RAYS W]."""
    u = (np.arange(RAYS * width) + 0.5) / RAYS
    v = (np.arange(RAYS * height) + 0.5) / RAYS
    return tuple(np.meshgrid(u, v))


def cast(viewmat: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what `draw` does for rays through (x, y) on the plane z = 1 of the camera, [RAYS H, RAYS W, 2]."""
    rays = np.concatenate([directions, np.ones_like(directions[..., :1])], -1)
    turn = viewmat[:3, :3]
    eye = -turn.T @ viewmat[:3, 3]
    ways, start = rays @ turn / AXES, eye / AXES
    a, b, c = (ways**2).sum(-1), ways @ start, start @ start - 1
    square = b**2 - a * c
    hit = square > 0
    depth = np.where(hit, (-b - np.sqrt(np.maximum(square, 0))) / a, 0.0)
    colors = np.where(hit[..., None], paint((start + depth[..., None] * ways) * AXES), 0.0)

    def mean(values: np.ndarray) -> np.ndarray:
        rows, columns = values.shape[:2]
        return values.reshape(rows // RAYS, RAYS, columns // RAYS, RAYS, *values.shape[2:]).mean((1, 3))

    alpha = mean(hit.astype(float))
    return mean(colors), alpha, np.divide(mean(depth), alpha, out=np.zeros_like(alpha), where=alpha > 0)


def surface_points(count: int, seed: int = 0) -> np.ndarray:
    """Return `count` points [N, 3] of the surface, evenly spread in direction."""
    directions = np.random.default_rng(seed).normal(size=(count, 3))
    return AXES * directions / np.linalg.norm(directions, axis=-1, keepdims=True)


@dataclass(frozen=True, eq=False)
class TinyScene:
    """The truth of the data set in `folder`."""

    folder: Path
    names: tuple[str, ...]
    viewmats: np.ndarray  # [V, 4, 4]
    K: np.ndarray  # [3, 3]
    width: int
    height: int
    points: np.ndarray = field(repr=False)  # [P, 3]

    def truth(self, viewmat: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what a camera of the data set sees from `viewmat`, as `draw` does."""
        return draw(viewmat, self.K, self.width, self.height)


def quaternion(turn: np.ndarray) -> np.ndarray:
    """Return the quaternion wxyz of the rotation matrix [3, 3], its largest part positive."""
    t = np.array([np.trace(turn), *np.diag(turn)])
    i = int(np.argmax(t))
    q = np.empty(4)
    if i == 0:
        q[:] = 1 + t[0], turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]
    else:
        i, j, k = i - 1, i % 3, (i + 1) % 3
        q[0] = turn[k, j] - turn[j, k]
        q[1 + i] = 1 + turn[i, i] - turn[j, j] - turn[k, k]
        q[1 + j], q[1 + k] = turn[j, i] + turn[i, j], turn[k, i] + turn[i, k]
    return q / np.linalg.norm(q)


def write_tiny_scene(
    folder: Path,
    views: int = 20,
    width: int = 64,
    height: int = 48,
    points: int = 400,
    masks: bool = False,
    model: str = "sparse/0",
) -> TinyScene:
    """Make the data set in `folder`: images/, sparse/0 as text and, with `masks`, masks/NAME.png; return its truth."""
    K = np.array([[1.3 * width, 0, width / 2], [0, 1.3 * width, height / 2], [0, 0, 1]])
    viewmats = ring_of_cameras(views)
    names = tuple(f"{view:03d}.png" for view in range(views))
    surface = surface_points(points)
    (folder / "images").mkdir(parents=True)
    (folder / model).mkdir(parents=True)
    if masks:
        (folder / "masks").mkdir()
    for name, viewmat in zip(names, viewmats):
        image, alpha, _ = draw(viewmat, K, width, height)
        Image.fromarray(np.rint(255 * image).astype(np.uint8)).save(folder / "images" / name)
        if masks:
            Image.fromarray(np.where(alpha >= 0.5, 255, 0).astype(np.uint8)).save(folder / "masks" / name)
    lines = [f"1 PINHOLE {width} {height} {K[0, 0]} {K[1, 1]} {K[0, 2]} {K[1, 2]}\n"]
    (folder / model / "cameras.txt").write_text("".join(lines))
    lines = []
    for number, (name, viewmat) in enumerate(zip(names, viewmats), start=1):
        pose = " ".join(f"{value:.17g}" for value in (*quaternion(viewmat[:3, :3]), *viewmat[:3, 3]))
        lines.append(f"{number} {pose} 1 {name}\n\n")
    (folder / model / "images.txt").write_text("".join(lines))
    lines = []
    for number, (point, color) in enumerate(zip(surface, np.rint(255 * paint(surface)).astype(int)), start=1):
        place = " ".join(f"{value:.17g}" for value in point)
        lines.append(f"{number} {place} {' '.join(map(str, color))} 0.5\n")
    (folder / model / "points3D.txt").write_text("".join(lines))
    return TinyScene(folder, names, viewmats, K, width, height, surface)
