"""Many cells of the grid, of any depths: their keys, indices, names and boxes, and the frames of what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.grid import MAX_DEPTH, CellId, cell_keys, cells_of_keys, keys_at, shell_edges_m

CellLike = int | str | CellId
"""What names a cell of a universe: its index, its name (`5_30_12_7`) or its CellId."""

Indices = slice | Sequence[int] | NDArray
"""What picks several cells: a slice, indices or a mask."""

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]

LEAST_SHARE = 1e-6
"""Least half side of a frame as a share of its distance from the barycentre, 0.2 arcsec: the box of a single star has
no size."""


@dataclass(frozen=True, eq=False)
class Cells:
    """M cells of any depths: `depth` uint8 [M], and `key` uint64 [M], the Morton key of each at its depth.

    `cells[i]` is a CellId, `cells[rows]` the Cells of a slice, a mask or an array of indices; iteration gives CellIds.
    """

    depth: NDArray[np.uint8]
    key: NDArray[np.uint64]

    @classmethod
    def at(cls, depth: ArrayLike, l: ArrayLike, theta: ArrayLike, phi: ArrayLike) -> Cells:
        """Return the cells with these indices [M] at `depth`, a number or [M]."""
        keys = cell_keys(l, theta, phi)
        return cls(np.broadcast_to(np.asarray(depth, np.uint8), keys.shape), keys)

    @classmethod
    def of_ids(cls, ids: Iterable[CellId]) -> Cells:
        """The cells of these `ids`."""
        columns = np.array([(cell.depth, cell.l, cell.theta, cell.phi) for cell in ids], np.int32).reshape(-1, 4)
        return cls.at(*columns.T)

    def __len__(self) -> int:
        return len(self.key)

    @overload
    def __getitem__(self, which: int | np.integer) -> CellId: ...

    @overload
    def __getitem__(self, which: Indices) -> Cells: ...

    def __getitem__(self, which):
        if isinstance(which, int | np.integer):
            return CellId.of_key(int(self.depth[which]), int(self.key[which]))
        return Cells(self.depth[which], self.key[which])

    def __iter__(self) -> Iterator[CellId]:
        columns = (self.depth, self.l, self.theta, self.phi)
        return map(CellId, *(column.tolist() for column in columns))

    @cached_property
    def _indices(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        return cells_of_keys(self.key)

    @property
    def l(self) -> NDArray[np.int32]:  # noqa: E743
        """Index of the shell, int32 [M]."""
        return self._indices[0]

    @property
    def theta(self) -> NDArray[np.int32]:
        """Index of the longitude, int32 [M]."""
        return self._indices[1]

    @property
    def phi(self) -> NDArray[np.int32]:
        """Index of the colatitude, int32 [M]."""
        return self._indices[2]

    @property
    def first_keys(self) -> NDArray[np.uint64]:
        """The key at MAX_DEPTH of each cell's first descendant, uint64 [M]: the order of cells of all depths."""
        return keys_at(self.depth, self.key, MAX_DEPTH)

    @property
    def end_keys(self) -> NDArray[np.uint64]:
        """The key at MAX_DEPTH after that of each cell's last descendant, uint64 [M]."""
        return keys_at(self.depth, self.key + np.uint64(1), MAX_DEPTH)

    def shell_edges_m(self) -> Bounds:
        """Return the (inner, outer) radii of the cells, float64 [M] metres."""
        return shell_edges_m(self.depth, self.l)

    def angles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (longitude, colatitude), each float64 [M, 2] radians: the intervals that the cells span.

        Longitudes are from -pi to pi, colatitudes from 0 at the north ecliptic pole to pi.
        """
        step = np.ldexp(np.pi, -self.depth.astype(np.int64))[:, None]
        theta, phi = (np.stack([index, index + 1], axis=-1) for index in (self.theta, self.phi))
        return theta * step - np.pi, phi * step

    def bounds_m(self) -> Bounds:
        """Return (min, max), each float64 [M, 3] metres: the smallest axis-aligned boxes around the cells.

        A cell is a product of intervals in r, longitude and colatitude, and x, y and z are products of one function of
        each. Their extremes are therefore products of the functions' extremes, and curved faces are exactly inside.
        The box is widened by 1e-12 of the outer radius, a few units in the last place of a star's position.
        """
        r = np.stack(self.shell_edges_m(), axis=-1)
        longitude, colatitude = self.angles()
        sin_colatitude = _range(np.sin(colatitude), 1.0, _contains(colatitude, np.pi / 2))
        cos_longitude = _range(np.cos(longitude), 1.0, _contains(longitude, 0.0))
        sin_longitude = _range(
            np.sin(longitude), 1.0, _contains(longitude, np.pi / 2), -1.0, _contains(longitude, -np.pi / 2)
        )
        r_sin = r * sin_colatitude
        boxes = [
            _product(r_sin, cos_longitude),
            _product(r_sin, sin_longitude),
            _product(r, np.sort(np.cos(colatitude), axis=-1)),
        ]
        low, high = (np.stack([box[..., i] for box in boxes], axis=-1) for i in (0, 1))
        slack = 1e-12 * r[..., 1:]
        return low - slack, high + slack


def boxes_around(position_m: NDArray[np.float64], starts: NDArray[np.integer]) -> Bounds:
    """Return (min, max), each float64 [M, 3] metres: the boxes around M runs of the positions [N, 3].

    `starts` [M] ascend; each run ends where the next begins. The boxes touch the positions: nothing is rounded.
    """
    return np.minimum.reduceat(position_m, starts), np.maximum.reduceat(position_m, starts)


def half_sides_of(low_m: NDArray[np.float64], high_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return half the sides of boxes, float64 [M, 3] metres, each at least LEAST_SHARE of the centre's distance.

    None is below one metre, which only a cell around the barycentre itself could be.
    """
    least = LEAST_SHARE * np.linalg.norm((low_m + high_m) / 2, axis=-1, keepdims=True)
    return np.maximum((high_m - low_m) / 2, np.maximum(least, 1.0))


def frames_of(low_m: NDArray[np.float64], high_m: NDArray[np.float64]) -> Bounds:
    """Return (origin [M, 3], half_extent [M]), float64 metres, of the frames that fit boxes of stars [M, 3].

    The origin is the centre of the box and the half-extent is half its longest side (`half_sides_of`): cell units
    x = (X - origin) / half_extent are from -1 to 1 on each axis for every position X in the box, and keep proportions.
    The box is that of what is in a cell, never that of the cell, which may be 10^13 parsecs wide.
    """
    return (low_m + high_m) / 2, np.max(half_sides_of(low_m, high_m), axis=-1)


def widened(low_m: NDArray[np.float64], high_m: NDArray[np.float64]) -> Bounds:
    """Return (min, max), each float64 [M, 3] metres: boxes of stars with `half_sides_of`, so that all have a size."""
    centre, half = (low_m + high_m) / 2, half_sides_of(low_m, high_m)
    return centre - half, centre + half


def to_cell_units(position_m: ArrayLike, origin_m: ArrayLike, half_extent_m: ArrayLike) -> NDArray[np.float64]:
    """Return the positions [N, 3], metres, in units of one frame, [3] and a number, or one for each, [N, 3] and [N].

    In float64: a cell may reach much farther than its nearest star is from the Sun, and what float32 loses of the size
    of the cell would move that star across the sky.
    """
    return (np.asarray(position_m) - origin_m) / np.asarray(half_extent_m)[..., None]


def from_cell_units(means: ArrayLike, origin_m: ArrayLike, half_extent_m: ArrayLike) -> NDArray[np.float64]:
    """Return the positions, float64 [N, 3] metres, of `means` [N, 3]: the inverse of `to_cell_units`."""
    return np.asarray(origin_m, np.float64) + np.asarray(half_extent_m)[..., None] * np.asarray(means, np.float64)


def _contains(interval, value):
    return (interval[..., 0] <= value) & (value <= interval[..., 1])


def _range(ends, top, has_top, bottom=None, has_bottom=False):
    low, high = np.min(ends, axis=-1), np.where(has_top, top, np.max(ends, axis=-1))
    if bottom is not None:
        low = np.where(has_bottom, bottom, low)
    return np.stack([low, high], axis=-1)


def _product(positive, signed):
    low = np.where(signed[..., 0] < 0, positive[..., 1], positive[..., 0]) * signed[..., 0]
    high = np.where(signed[..., 1] > 0, positive[..., 1], positive[..., 0]) * signed[..., 1]
    return np.stack([low, high], axis=-1)
