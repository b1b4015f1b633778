"""What a cell holds: emitters (its exact stars) and splats (what training makes of them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.cells import to_cell_units
from helios.color import color_from_bp_rp
from helios.grid import CellId
from helios.light import luminosity, splat_luminosity


def rotation_rows(w, x, y, z):
    """Return the three rows of the rotation matrix of the unit quaternion (w, x, y, z): of numbers, arrays or tensors.

    Kernels compile this function too.
    """
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )


@dataclass(frozen=True)
class Emitters:
    """N points of light of one cell, in cell units.

    `means` float64 [N, 3]: float32 would move stars on the sky of the Sun, to which they may be nearer than to each
    other. `luminosities` float32 [N], d_0^2 Omega(m), steradians x cell units^2; `colors` float32 [N, 3] linear RGB of
    luminance 1.
    """

    means: NDArray[np.float64]
    luminosities: NDArray[np.float32]
    colors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.means)

    @classmethod
    def of_stars(
        cls,
        position_m: NDArray[np.float64],
        phot_g_mean_mag: NDArray[np.float32],
        bp_rp: NDArray[np.float32],
        origin_m: NDArray[np.float64],
        half_extent_m: ArrayLike,
    ) -> Emitters:
        """Return the emitters of stars at `position_m` [N, 3], with magnitudes and colours [N] as catalogued.

        `origin_m` [3] and `half_extent_m`, metres, are the cell's frame; [N, 3] and [N] give each star its own.
        """
        half_extent_m = np.asarray(half_extent_m)
        distance = np.linalg.norm(position_m, axis=-1) / half_extent_m
        return cls(
            means=to_cell_units(position_m, origin_m, half_extent_m),
            luminosities=luminosity(phot_g_mean_mag, distance).astype(np.float32),
            colors=color_from_bp_rp(bp_rp),
        )


@dataclass(frozen=True)
class Splats:
    """K Gaussians of one cell, float32, in cell units, at exposure 1.

    `means` [K, 3], float64 where they are those of exact stars (`points`); `quats` [K, 4] wxyz of norm 1; `scales`
    [K, 3] standard deviations; `opacities` [K] tau > 0, not limited to 1; `colors` [K, 3] linear RGB.
    """

    means: NDArray[np.floating]
    quats: NDArray[np.float32]
    scales: NDArray[np.float32]
    opacities: NDArray[np.float32]
    colors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.means)

    @property
    def luminosities(self) -> NDArray[np.float64]:
        """2 pi tau sigma^2, float64 [K], steradians x cell units^2."""
        return splat_luminosity(self.opacities, self.scales)

    @classmethod
    def points(cls, emitters: Emitters, opacity: float) -> Splats:
        """Return one isotropic splat per emitter with the emitter's light, of the size that gives it this `opacity`."""
        n = len(emitters)
        sigma = np.sqrt(emitters.luminosities.astype(np.float64) / (2.0 * np.pi * opacity))
        return cls(
            means=emitters.means,
            quats=np.tile(np.array([1, 0, 0, 0], np.float32), (n, 1)),
            scales=np.repeat(sigma[:, None], 3, axis=1).astype(np.float32),
            opacities=np.full(n, opacity, np.float32),
            colors=emitters.colors,
        )


LOSS_CURVE = tuple(f"loss_{part:02}" for part in range(16))
"""Metrics of a trained cell: its mean loss over each sixteenth of the steps, NaN where no step was made."""


@dataclass(frozen=True)
class CellResult:
    """What training made of the cell of this `index` in its universe: `splats` in cell units.

    `metrics`: `light`, the luminosity of its stars (steradians x m^2); `first_loss` and `last_loss` over all training
    views, LOSS_CURVE between them; PSNR and flux error at held-out views and the error of the total light of the
    `trained` splats, of their `start` and of the K `brightest` stars (`helios.training.run.evaluate`).
    `outcome` is "trained"; "mixed" if only some of the way from the start did no harm; "exact" if there are as many
    splats as emitters and nothing to train; "start" if training did no good, or "diverged" if it reached no finite
    loss: then the splats are those of the start.
    """

    index: int
    splats: Splats
    metrics: Mapping[str, float]
    outcome: str


@dataclass(frozen=True)
class Cell:
    """One cell of a universe with its frame: X = origin_m + half_extent_m * x.

    The frame fits the cell's stars (`helios.cells.frames_of`). `origin_m` float64 [3], barycentric mean ecliptic J2000
    metres; `half_extent_m` metres; `radius` is the half-diagonal of the stars' box in cell units, 1 to sqrt(3): the
    "cell radius" of cameras and viewers.
    """

    id: CellId
    origin_m: NDArray[np.float64]
    half_extent_m: float
    radius: float
    emitters: Emitters

    @property
    def name(self) -> str:
        """What tells it from all that trains beside it."""
        return str(self.id)

    @property
    def given_start(self) -> Splats | None:
        """The splats from which its training starts, in its units, where these are given; else the settings say."""
        return None

    def settle(self, splats: Splats) -> Splats | None:
        """Return trained `splats`, in its units, as it can keep them; None where it cannot."""
        return splats
