"""What a cell of pack v2 holds, as arrays of the format's integers: stars, proxies and splats with shape.

Kernels take records as one uint32 array [rows, N]; the first five rows of every kind are child, lon, col, rad, mag.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

CHILD, LON, COL, RAD, MAG = range(5)


class _Records(ABC):
    """Arrays of one length, N: the fields of a frozen dataclass."""

    ROWS: ClassVar[int]

    def __len__(self) -> int:
        return len(self.lon)  # type: ignore[attr-defined]

    def __getitem__(self, which: slice | NDArray) -> Self:
        """Return the records at `which`: a slice, a mask or indices."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))  # type: ignore[arg-type]

    @classmethod
    @abstractmethod
    def from_rows(cls, rows: NDArray[np.uint32]) -> Self:
        """Return the records that `rows` [ROWS, N] holds."""

    @classmethod
    def none(cls) -> Self:
        """Return no records."""
        return cls.from_rows(np.empty((cls.ROWS, 0), np.uint32))


@dataclass(frozen=True, eq=False)
class StarRecords(_Records):
    """N stars: `lon`, `col`, `rad` uint32 [N], `mag` uint16 [N] and `color` uint8 [N], by `quantities`."""

    ROWS: ClassVar[int] = 6

    lon: NDArray[np.uint32]
    col: NDArray[np.uint32]
    rad: NDArray[np.uint32]
    mag: NDArray[np.uint16]
    color: NDArray[np.uint8]

    def rows(self) -> NDArray[np.uint32]:
        """Return uint32 [6, N]: child 0, lon, col, rad, mag, color."""
        return _rows(0, self.lon, self.col, self.rad, self.mag, self.color)

    @classmethod
    def from_rows(cls, rows: NDArray[np.uint32]) -> StarRecords:
        return cls(rows[LON], rows[COL], rows[RAD], rows[MAG].astype(np.uint16), rows[5].astype(np.uint8))


@dataclass(frozen=True, eq=False)
class ProxyRecords(_Records):
    """N proxies: `child` uint8 [N], 0 to 7, is the child of their cell for whose light they stand; `mag` is even.

    `lon`, `col` and `rad` are integers of full width, uint32 [N]; a block keeps their upper bits. `size` and `color`
    uint8 [N].
    """

    ROWS: ClassVar[int] = 7

    child: NDArray[np.uint8]
    lon: NDArray[np.uint32]
    col: NDArray[np.uint32]
    rad: NDArray[np.uint32]
    mag: NDArray[np.uint16]
    size: NDArray[np.uint8]
    color: NDArray[np.uint8]

    def rows(self) -> NDArray[np.uint32]:
        """Return uint32 [7, N]: child, lon, col, rad, mag, size, color."""
        return _rows(self.child, self.lon, self.col, self.rad, self.mag, self.size, self.color)

    @classmethod
    def from_rows(cls, rows: NDArray[np.uint32]) -> ProxyRecords:
        small = (row.astype(np.uint8) for row in (rows[CHILD], rows[5], rows[6]))
        child, size, color = small
        return cls(child, rows[LON], rows[COL], rows[RAD], rows[MAG].astype(np.uint16), size, color)


@dataclass(frozen=True, eq=False)
class ShapedRecords(_Records):
    """N splats with shape: `lon`, `col`, `rad` uint32 [N], `mag` uint16 [N], and by `shapes` `scales` uint16 [N, 3],
    `rotation` uint32 [N] and `rgb` uint8 [N, 3].
    """

    ROWS: ClassVar[int] = 12

    lon: NDArray[np.uint32]
    col: NDArray[np.uint32]
    rad: NDArray[np.uint32]
    scales: NDArray[np.uint16]
    rotation: NDArray[np.uint32]
    mag: NDArray[np.uint16]
    rgb: NDArray[np.uint8]

    def rows(self) -> NDArray[np.uint32]:
        """Return uint32 [12, N]: child 0, lon, col, rad, mag, three scales, rotation, red, green, blue."""
        return _rows(0, self.lon, self.col, self.rad, self.mag, *self.scales.T, self.rotation, *self.rgb.T)

    @classmethod
    def from_rows(cls, rows: NDArray[np.uint32]) -> ShapedRecords:
        scales, rgb = rows[5:8].T.astype(np.uint16), rows[9:12].T.astype(np.uint8)
        return cls(rows[LON], rows[COL], rows[RAD], scales, rows[8], rows[MAG].astype(np.uint16), rgb)


@dataclass(frozen=True, eq=False)
class TileRecords:
    """What the blocks of M cells hold, cell after cell: those of cell i are `offsets`[i] to `offsets`[i + 1] - 1.

    Offsets are int64 [M + 1].
    """

    stars: StarRecords
    proxies: ProxyRecords
    shaped: ShapedRecords
    star_offsets: NDArray[np.int64]
    proxy_offsets: NDArray[np.int64]
    shaped_offsets: NDArray[np.int64]


def _rows(first: ArrayLike, *columns: NDArray) -> NDArray[np.uint32]:
    rows = np.empty((1 + len(columns), len(columns[0])), np.uint32)
    rows[0] = first
    for row, column in zip(rows[1:], columns, strict=True):
        row[:] = column
    return rows
