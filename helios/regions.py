"""Regions of space that stars are asked for by: a cone of the sky as seen from the Sun, and a box."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from helios.cells import Cells
from helios.constants import PARSEC_M
from helios.coords import icrs_to_ecliptic_m
from helios.errors import InputError

_SLACK = 1e-7
"""Radians, and share of a length, by which a region is widened when it is compared with cells: their arithmetic rounds.
The stars in these cells are compared with the region as it is."""


class Region(Protocol):
    """A set of places: which of them, and which cells may have some of them."""

    def holds(self, position_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return bool [N]: which positions [N, 3], ecliptic J2000 metres, are in the region."""
        ...

    def touches(self, cells: Cells) -> NDArray[np.bool_]:
        """Return bool [M]: which cells may have a place in the region. No cell that has one is left out."""
        ...


@dataclass(frozen=True)
class Cone:
    """All places within `radius_deg` degrees of the direction (`ra`, `dec`), ICRS degrees, as seen from the Sun.

    `min_distance_pc` and `max_distance_pc` bound the distance, both included; the latter may be infinite. Raises
    InputError for other numbers that are not finite, a declination outside -90 to 90, a radius outside 0 to 180, and a
    `max_distance_pc` below `min_distance_pc`.
    """

    ra: float
    dec: float
    radius_deg: float
    min_distance_pc: float = 0.0
    max_distance_pc: float = math.inf

    def __post_init__(self):
        if not (math.isfinite(self.ra) and -90.0 <= self.dec <= 90.0):
            raise InputError(f"cone at ra {self.ra} dec {self.dec}: must be degrees, dec from -90 to 90")
        if not 0.0 <= self.radius_deg <= 180.0:
            raise InputError(f"cone of radius {self.radius_deg}: must be from 0 to 180 degrees")
        if not 0.0 <= self.min_distance_pc <= self.max_distance_pc:
            raise InputError(
                f"cone from {self.min_distance_pc} to {self.max_distance_pc} pc: must be 0 or more, "
                "the second not below the first"
            )

    @property
    def _axis(self) -> NDArray[np.float64]:
        return icrs_to_ecliptic_m(self.ra, self.dec, 1.0)

    def holds(self, position_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return bool [N]: which positions [N, 3], ecliptic J2000 metres, are in the cone; the apex is in none."""
        distance_pc = np.linalg.norm(position_m, axis=-1) / PARSEC_M
        inside = (distance_pc >= self.min_distance_pc) & (distance_pc <= self.max_distance_pc) & (distance_pc > 0)
        # By sine and cosine: the cosine alone has no digits left for small angles.
        sine = np.linalg.norm(np.cross(position_m, self._axis), axis=-1)
        return inside & (np.arctan2(sine, position_m @ self._axis) <= math.radians(self.radius_deg))

    def touches(self, cells: Cells) -> NDArray[np.bool_]:
        """Return bool [M]: which cells come as near to the axis, and to the distances, as the cone reaches."""
        inner_m, outer_m = cells.shell_edges_m()
        near = (outer_m >= self.min_distance_pc * PARSEC_M * (1 - _SLACK)) & (
            inner_m <= self.max_distance_pc * PARSEC_M * (1 + _SLACK)
        )
        near[near] = _angle_to(cells[near], self._axis) <= math.radians(self.radius_deg) + _SLACK
        return near


def _angle_to(cells: Cells, axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least angle, radians [M], between the unit vector `axis` and a direction in each cell."""
    longitude, colatitude = cells.angles()
    x, y, z = axis
    own_longitude, own_colatitude = math.atan2(y, x), math.atan2(math.hypot(x, y), z)
    middle, half = longitude.mean(axis=-1), (longitude[:, 1] - longitude[:, 0]) / 2
    # How far, around the circle, the axis is from the nearer meridian of the cell's two; 0 where it is between them.
    turn = np.maximum(np.abs((own_longitude - middle + np.pi) % (2 * np.pi) - np.pi) - half, 0.0)
    # On a meridian at `turn` the colatitude c has the cosine A cos(c - nearest); the best of its interval is an end, or
    # `nearest` itself.
    nearest = np.arctan2(math.sin(own_colatitude) * np.cos(turn), math.cos(own_colatitude))
    best = np.clip(nearest, colatitude[:, 0], colatitude[:, 1])
    candidates = np.stack([best, colatitude[:, 0], colatitude[:, 1]])
    cosine = np.cos(candidates) * math.cos(own_colatitude) + np.sin(candidates) * (
        math.sin(own_colatitude) * np.cos(turn)
    )
    return np.arccos(np.clip(cosine.max(axis=0), -1.0, 1.0))


@dataclass(frozen=True)
class Box:
    """All places between the corners `low_pc` and `high_pc`, (x, y, z) each, both included.

    Parsecs from the barycentre along the axes of the mean ecliptic J2000. Raises InputError where a corner is not three
    numbers, or one of `high_pc` is below that of `low_pc`.
    """

    low_pc: tuple[float, float, float]
    high_pc: tuple[float, float, float]

    def __post_init__(self):
        corners = (self.low_pc, self.high_pc)
        if any(len(corner) != 3 for corner in corners) or not all(a <= b for a, b in zip(*corners)):
            raise InputError(
                f"box from {self.low_pc} to {self.high_pc} pc: must be two (x, y, z), the second not below the first"
            )

    @property
    def _corners_m(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.array(self.low_pc, np.float64) * PARSEC_M, np.array(self.high_pc, np.float64) * PARSEC_M

    def holds(self, position_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return bool [N]: which positions [N, 3], ecliptic J2000 metres, are in the box."""
        low, high = self._corners_m
        return np.logical_and.reduce((low <= position_m) & (position_m <= high), axis=-1)

    def touches(self, cells: Cells) -> NDArray[np.bool_]:
        """Return bool [M]: which cells have a box that meets this one, and shells that it reaches."""
        (low, high), (cell_low, cell_high) = self._corners_m, cells.bounds_m()
        inner_m, outer_m = cells.shell_edges_m()
        nearest_m = np.linalg.norm(np.clip(0.0, low, high))
        farthest_m = np.linalg.norm(np.maximum(np.abs(low), np.abs(high)))
        reached = (inner_m <= farthest_m * (1 + _SLACK)) & (outer_m >= nearest_m * (1 - _SLACK))
        meets = np.logical_and.reduce((cell_low <= high) & (low <= cell_high), axis=-1)
        return reached & meets
