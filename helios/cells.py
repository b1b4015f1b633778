"""Many cells of the grid, of any depths: their keys, indices, names, boxes and frames."""

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
            l, theta, phi = (int(index) for index in cells_of_keys(self.key[which]))
            return CellId(int(self.depth[which]), l, theta, phi)
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

    def frames_m(self) -> Bounds:
        """Return (origin [M, 3], half_extent [M]) of the cells, float64 metres; see `frames_of`."""
        return frames_of(*self.bounds_m())


def frames_of(low_m: NDArray[np.float64], high_m: NDArray[np.float64]) -> Bounds:
    """Return (origin [M, 3], half_extent [M]), float64 metres, which map the boxes [M, 3] to cell units.

    The origin is the centre of the box and the half-extent is half its longest side: x = (X - origin) / half_extent is
    from -1 to 1 on each axis for every position X in the box, and keeps proportions.
    """
    return (low_m + high_m) / 2, np.max(high_m - low_m, axis=-1) / 2


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
