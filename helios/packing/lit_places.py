"""Counts the stars that a universe has at its landmarks, so that a viewer knows which of them give light."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from helios.constants import R_MIN_M
from helios.coords import stacked_positions_m
from helios.landmarks.files import landmarks_text

if TYPE_CHECKING:
    from helios.universe import Universe

STARS = ("star", "exoplanet_host")
"""Kinds of landmarks that are one star."""

SAME_ANGLE = 5e-4
SAME_DISTANCE = 0.1
"""A landmark that is a star and a star of the universe are one if, from the Sun, they agree to this angle (radians) and
share of distance: what the viewer holds too, as catalogues differ by parallaxes and epochs."""

_ROWS = 1 << 16
"""Rows that are read at once, as they are stored."""


class Place(NamedTuple):
    """A landmark away from the Sun: `position_m` [3] and `radius_m`, metres; whether it `is_star`."""

    position_m: NDArray[np.float64]
    radius_m: float
    is_star: bool

    def holds(self, position_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of the stars at `position_m` [K, 3], metres, are at this place, bool [K]."""
        if not self.is_star:
            return np.linalg.norm(position_m - self.position_m, axis=-1) <= self.radius_m
        distance, own = np.linalg.norm(position_m, axis=-1), np.linalg.norm(self.position_m)
        aside = np.linalg.norm(np.cross(position_m, self.position_m), axis=-1)
        near = (aside <= np.sin(SAME_ANGLE) * own * distance) & (position_m @ self.position_m > 0)
        return near & (np.abs(distance / own - 1.0) <= SAME_DISTANCE)

    def may_meet(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of the boxes from `low` to `high` [M, 3] may have stars of this place, bool [M]."""
        if not self.is_star:
            return np.linalg.norm(np.clip(self.position_m, low, high) - self.position_m, axis=-1) <= self.radius_m
        middle, reach = (low + high) / 2.0, np.linalg.norm(high - low, axis=-1) / 2.0
        own = np.linalg.norm(self.position_m)
        along = np.clip(middle @ self.position_m / own**2, 1.0 - SAME_DISTANCE, 1.0 + SAME_DISTANCE)
        off = np.linalg.norm(middle - along[:, None] * self.position_m, axis=-1)
        return off <= reach + 2.0 * SAME_ANGLE * own


def with_star_counts(universe: Universe, landmarks: bytes) -> bytes:
    """Return the text of a universe's `landmarks`, each entry with `stars`: how many stars the universe has there.

    These are the stars within `radius_hint` of the place; of a landmark of a kind of STARS, those that may be itself.
    A place inside the grid's inner radius, where no universe can have stars, is left without a count: the Sun. Cost:
    one pass over the cells' boxes for each landmark, and reading the cells that a place shares.
    """
    entries = json.loads(landmarks)
    counted = [entry for entry in entries if np.linalg.norm(_position(entry)) >= R_MIN_M]
    places = [Place(_position(entry), float(entry["radius_hint"]), entry["kind"] in STARS) for entry in counted]
    for entry, count in zip(counted, count_stars(universe, places).tolist()):
        entry["stars"] = count
    return landmarks_text(entries).encode()


def count_stars(universe: Universe, places: list[Place]) -> NDArray[np.int64]:
    """Return how many stars of `universe` each of P `places` holds, int64 [P]; see `with_star_counts`."""
    counts = np.zeros(len(places), np.int64)
    low, high = universe.star_boxes_m()
    met = [np.flatnonzero(place.may_meet(low, high)) for place in places]
    cell = np.concatenate([np.empty(0, np.int64), *met])
    place = np.repeat(np.arange(len(places)), [len(cells) for cells in met])
    start, stop = universe.offsets[cell], universe.offsets[cell + 1]
    for first in range(0, int(universe.offsets[-1]), _ROWS):
        last = min(first + _ROWS, int(universe.offsets[-1]))
        shared = np.flatnonzero((start < last) & (stop > first))
        if not len(shared):
            continue
        position = stacked_positions_m(universe.columns(("x_m", "y_m", "z_m"), first, last))
        for pair in shared.tolist():
            rows = slice(max(int(start[pair]), first) - first, min(int(stop[pair]), last) - first)
            counts[place[pair]] += int(places[place[pair]].holds(position[rows]).sum())
    return counts


def _position(entry: dict[str, Any]) -> NDArray[np.float64]:
    return np.array([entry["pos_meters"][axis] for axis in "xyz"], np.float64)
