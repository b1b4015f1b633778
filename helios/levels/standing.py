"""What stands for one cell of the levels, beside the stars that it stands for: where its training starts and ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from helios.cells import boxes_around, frames_of, half_sides_of, to_cell_units
from helios.grid import MAX_DEPTH, deepest_keys, keys_at
from helios.levels.branch import draw_stars, flux_of, table_from
from helios.levels.proxies import Lights
from helios.splats import Emitters, Splats

_LIGHT_AGREES = 1e-6
"""How far the light of proxies may be from that of the stars that they stand for, relatively."""


@dataclass(frozen=True)
class Standing:
    """The proxies `lights` [P] that stand for the cell of `depth` and `key`, and the `stars` [N] that they stand for.

    A proxy that is one star alone, a point, stays as it is: the others, `soft`, and the stars that these stand for,
    `merged`, are what is trained. Their frame is that of a cell with these stars (`helios.cells.frames_of`): X =
    origin_m + half_extent_m * x.
    """

    depth: int
    key: int
    lights: Lights
    stars: Lights

    @cached_property
    def soft(self) -> Lights:
        """The proxies that are no points."""
        return self.lights.take(self.lights.sigma_m > 0)

    @cached_property
    def merged(self) -> Lights:
        """The stars that `soft` stand for."""
        points = self.lights.position_m[self.lights.sigma_m == 0]
        alone = np.ones(len(self.stars), bool)
        for axis in range(3):
            alone &= np.isin(self.stars.position_m[:, axis], points[:, axis])
        return self.stars.take(~alone)

    @property
    def trainable(self) -> bool:
        """Whether there is something to train: fewer soft proxies than stars, which have the same light.

        They have not where two stars at one place are a point.
        """
        light, wanted = self.soft.luminosity.sum(), self.merged.luminosity.sum()
        return 0 < len(self.soft) < len(self.merged) and bool(abs(light - wanted) <= _LIGHT_AGREES * wanted)

    @cached_property
    def _box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return boxes_around(self.merged.position_m, np.array([0]))

    @cached_property
    def frame_m(self) -> tuple[NDArray[np.float64], float]:
        """(origin [3], half_extent), metres."""
        origin, half_extent = frames_of(*self._box)
        return origin[0], float(half_extent[0])

    @property
    def radius(self) -> float:
        """Half the diagonal of the box around the stars, in units of the frame."""
        return float(np.linalg.norm(half_sides_of(*self._box)[0]) / self.frame_m[1])

    def emitters(self) -> Emitters:
        """Return the stars as points of light, in units of the frame."""
        origin, half_extent = self.frame_m
        light = (self.merged.luminosity / half_extent**2).astype(np.float32)
        return Emitters(to_cell_units(self.merged.position_m, origin, half_extent), light, self.merged.color)

    def fit(self, splats: Splats) -> Lights | None:
        """Return all proxies of the cell with `splats`, in units of the frame, as the soft ones.

        Each is isotropic, of the splat's mean square size and light. Together they have the light that they had, from
        afar and, all moved along the lines from the Sun, from there. None where this puts more of them outside of the
        cell than there were.
        """
        origin, half_extent = self.frame_m
        position = origin + half_extent * splats.means.astype(np.float64)
        sigma = half_extent * np.sqrt((splats.scales.astype(np.float64) ** 2).mean(axis=1))
        luminosity = splats.luminosities * (self.soft.luminosity.sum() / splats.luminosities.sum())
        position, sigma, luminosity, color = self._as_many(position, sigma, luminosity, splats.colors)
        flux = np.sum(luminosity / (position**2).sum(axis=1))
        position = position * np.sqrt(flux / flux_of(self.soft).sum())
        if self._outside(position) > self._outside(self.soft.position_m):
            return None
        columns = {name: column.copy() for name, column in vars(self.lights).items()}
        soft = self.lights.sigma_m > 0
        new = Lights(position, sigma, luminosity, color.astype(np.float32))
        for name, column in columns.items():
            column[soft] = getattr(new, name)
        return Lights(**columns)

    def _as_many(self, *columns: NDArray) -> list[NDArray]:
        """Return `columns` with as many rows as there are soft proxies: the brightest splats are halved until then."""
        position, sigma, luminosity, color = columns
        while len(luminosity) < len(self.soft):
            brightest = int(np.argmax(luminosity))
            luminosity[brightest] /= 2
            position, sigma, luminosity, color = (
                np.concatenate([column, column[brightest : brightest + 1]])
                for column in (position, sigma, luminosity, color)
            )
        return [position, sigma, luminosity, color]

    def _outside(self, position_m: NDArray[np.float64]) -> int:
        return int(np.count_nonzero(keys_at(MAX_DEPTH, deepest_keys(position_m), self.depth) != np.uint64(self.key)))

    def table(self, lights: Lights) -> tuple[float, NDArray[np.float32]]:
        """Return (extent_m, table) of the cell with `lights` as its proxies (`helios.levels.error_table`)."""
        return table_from(lights, *draw_stars(lights, self.stars))
