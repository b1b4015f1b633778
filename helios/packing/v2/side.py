"""Side files of pack v2: what is fetched of single stars when it is used, in the order of the tiles."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_CRC_BYTES = 4
Count = TypeVar("Count", int, NDArray[np.int64])


@dataclass(frozen=True)
class Side:
    """A kind of side file: of each star a `record` of little-endian numbers, those of `columns` of the universe."""

    name: str
    columns: tuple[str, ...]
    record: np.dtype

    def file(self, stem: str) -> str:
        """The file of the stars of the shard `stem`, as `00000`, or of the `sky`."""
        return f"{self.name}-{stem}.bin"

    def records(self, columns: Mapping[str, NDArray]) -> NDArray:
        """Return the records of N stars, [N] or [N, k] numbers, of emitter `columns` of a universe."""
        numbers = np.column_stack([columns[name] for name in self.columns]).astype(self.record.base)
        return numbers.reshape(-1, *self.record.shape)


IDS = Side("ids", ("source_id",), np.dtype("<u8"))
"""Which star it is: what every pack has."""

MOTION = Side("motion", ("velocity",), np.dtype(("<f4", (3,))))
"""How it moves, if the universe says so: metres per Julian year along the axes of places."""

SIDES = (
    IDS,
    MOTION,
    Side("distances", ("distance_lower_pc", "distance_upper_pc"), np.dtype(("<f4", (2,)))),
)
"""All kinds. A head has bit i set where its pack has the kind i: new ones come last."""


def sides_of(columns: Collection[str]) -> tuple[Side, ...]:
    """Return the kinds of side files of a universe with these emitter `columns`."""
    return tuple(side for side in SIDES if all(name in columns for name in side.columns))


def encode_side_block(records: NDArray, tile_crc: int) -> bytes:
    """Return the block of one tile: its `records` [N] or [N, k] as they are, little-endian, and their CRC-32.

    The CRC-32 goes on from `tile_crc`, that of the tile whose stars these are: a block beside another tile is noticed.
    """
    raw = records.astype(records.dtype.newbyteorder("<")).tobytes()
    return raw + struct.pack("<I", zlib.crc32(raw, tile_crc))


def side_block_range(record_bytes: int, first_star: Count, first_tile: Count, stars: Count) -> tuple[Count, Count]:
    """Return (offset, length) in a side file of the block of a tile of `stars` stars, or of tiles [T].

    The file has `first_star` stars and `first_tile` tiles before it.
    """
    return record_bytes * first_star + _CRC_BYTES * first_tile, record_bytes * stars + _CRC_BYTES


def side_block_fault(data: bytes, record: np.dtype, stars: int, tile_crc: int) -> str | None:
    """Say in words what is damaged of the block `data` of a tile of `stars` stars; None if nothing is."""
    if len(data) != record.itemsize * stars + _CRC_BYTES:
        return f"damaged: {len(data)} bytes for {stars} stars of {record.itemsize}"
    (crc,) = struct.unpack("<I", data[-_CRC_BYTES:])
    if zlib.crc32(data[:-_CRC_BYTES], tile_crc) != crc:
        return f"damaged, or of another tile: its CRC-32 is not {crc:08x}"
    return None


def side_records(data: bytes, record: np.dtype) -> NDArray:
    """Return the records of a sound block, [stars] or [stars, k]."""
    return np.frombuffer(data[:-_CRC_BYTES], record)
