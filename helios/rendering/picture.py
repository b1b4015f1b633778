"""Pictures of a universe from anywhere: its ground truth, or what stands for its cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios.cells import from_cell_units
from helios.constants import ICRS_TO_ECLIPTIC, PARSEC_M
from helios.coords import icrs_to_ecliptic_m
from helios.errors import InputError
from helios.splats import Splats

if TYPE_CHECKING:
    from helios.universe import Universe

Vector = tuple[float, float, float]

_POINT_OPACITY = 1e6
"""That of a star as a splat: so small that it is a point in any picture."""

_COLUMNS = ("x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp")


@dataclass(frozen=True)
class Camera:
    """A pinhole camera at `position_pc` that looks at `look_at_pc`, with `up` upwards in the picture.

    Parsecs along the axes of the barycentric mean ecliptic J2000; `fov_deg` degrees are seen across the picture's
    width. Raises InputError where it looks at itself or along `up`, and for a field of view outside 0 to 180 degrees.
    """

    position_pc: Vector
    look_at_pc: Vector
    up: Vector = (0.0, 0.0, 1.0)
    fov_deg: float = 60.0

    def __post_init__(self):
        if not 0.0 < self.fov_deg < 180.0:
            raise InputError(f"camera's fov_deg {self.fov_deg}: must be between 0 and 180 degrees")
        across = np.cross(np.subtract(self.look_at_pc, self.position_pc), self.up)
        if not np.linalg.norm(across) > 0:
            raise InputError(
                f"camera at {self.position_pc} to {self.look_at_pc}: must not look at itself or along its up {self.up}"
            )

    @classmethod
    def sky(cls, ra: float, dec: float, fov_deg: float = 60.0) -> Camera:
        """The view from the Sun towards (`ra`, `dec`), ICRS degrees, north up (not of a pole itself)."""
        ahead, north = icrs_to_ecliptic_m(ra, dec, 1.0), ICRS_TO_ECLIPTIC[:, 2]
        return cls((0.0, 0.0, 0.0), tuple(ahead.tolist()), tuple(north.tolist()), fov_deg)

    @property
    def rotation(self) -> NDArray[np.float64]:
        """Ecliptic axes to OpenCV's, float64 [3, 3]: x right, y down, z ahead."""
        ahead = np.subtract(self.look_at_pc, self.position_pc)
        ahead = ahead / np.linalg.norm(ahead)
        right = np.cross(ahead, self.up)
        right = right / np.linalg.norm(right)
        return np.stack([right, np.cross(ahead, right), ahead])

    def intrinsics(self, height: int, width: int) -> NDArray[np.float64]:
        """The camera's matrix K, float64 [3, 3], pixels, for a picture of this size."""
        focal = 0.5 * width / math.tan(math.radians(self.fov_deg) / 2.0)
        return np.array([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]])


def draw(
    universe: Universe,
    camera: Camera,
    size: tuple[int, int],
    cells: Sequence[int],
    splats: bool = False,
    exposure: float = 1.0,
    backend: str = "auto",
) -> NDArray[np.float32]:
    """Return what `camera` sees of the cells of these indices: float32 [height, width, 3], linear RGB on black.

    `size` is (height, width). Stars are drawn as the ground truth of training is (`helios.rendering.truth`); with
    `splats`, `backend` draws the splats of trained cells and the stars of the others as splats. What is nearer than a
    thousandth of a parsec is not drawn. Positions are taken relative to the camera in float64. Raises InputError for a
    size below 1 pixel, BackendError where the backend cannot work here.
    """
    height, width = size
    if min(size) < 1:
        raise InputError(f"picture of {height} x {width} pixels: must be at least 1 x 1")
    viewmat = np.eye(4)
    viewmat[:3, :3] = camera.rotation
    view = viewmat[None], camera.intrinsics(height, width)[None]
    eye_m = np.asarray(camera.position_pc, np.float64) * PARSEC_M
    if splats:
        return _splats(universe, cells, eye_m, view, size, exposure, backend)
    return _truth(universe, cells, eye_m, view, size, exposure)


def _truth(universe: Universe, cells, eye_m, view, size, exposure: float) -> NDArray[np.float32]:
    from helios.color import color_from_bp_rp
    from helios.light import luminosity
    from helios.rendering.truth import render_truth

    stars = universe.stars(_COLUMNS, cells)
    position_m = np.stack([stars[name] for name in ("x_m", "y_m", "z_m")], axis=-1)
    lights = luminosity(stars["phot_g_mean_mag"], np.linalg.norm(position_m, axis=-1) / PARSEC_M)
    means, colors = (position_m - eye_m) / PARSEC_M, color_from_bp_rp(stars["bp_rp"])
    (viewmats, intrinsics), (height, width) = view, size
    return render_truth(means, lights, colors, viewmats, intrinsics, width, height, exposure)[0]


def _splats(universe: Universe, cells, eye_m, view, size, exposure: float, backend: str) -> NDArray[np.float32]:
    import torch

    from helios.rendering import pick_backend

    origins, half_extents = universe.frames_m(list(cells))
    parts = [
        _seen(_standing_for(universe, i), origin - eye_m, half_extent)
        for i, origin, half_extent in zip(cells, origins, half_extents)
    ]
    height, width = size
    if not parts:
        return np.zeros((height, width, 3), np.float32)
    picked = pick_backend(backend)
    means, quats, scales, opacities, colors = (np.concatenate(column) for column in zip(*parts))
    columns = (means, quats, scales, exposure * opacities, colors, *view)
    m, q, s, o, c, viewmats, intrinsics = (
        torch.as_tensor(np.ascontiguousarray(column, np.float32), device=picked.device)[None] for column in columns
    )
    with torch.no_grad():
        return picked.render(m, q, s, o, c, viewmats, intrinsics, width, height)[0, 0].cpu().numpy()


def _standing_for(universe: Universe, i: int) -> Splats:
    trained = universe.splats(i)
    return Splats.points(universe.cell(i).emitters, _POINT_OPACITY) if trained is None else trained


def _seen(splats: Splats, origin_m: NDArray[np.float64], half_extent_m: float) -> tuple[NDArray, ...]:
    """The columns of `splats` in parsecs around the camera, from which the origin of their cell is at `origin_m`."""
    means = from_cell_units(splats.means, origin_m, half_extent_m) / PARSEC_M
    scales = splats.scales.astype(np.float64) * (half_extent_m / PARSEC_M)
    return means, splats.quats, scales, splats.opacities, splats.colors
