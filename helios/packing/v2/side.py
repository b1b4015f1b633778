"""Side files of pack v2: what is fetched of single stars when it is used, in the order of the tiles."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from helios.errors import StoreError

ID_BYTES = 8
"""Bytes of a star in the side file `ids`: its identifier, uint64."""

_CRC_BYTES = 4


def encode_side_block(records: NDArray, tile_crc: int) -> bytes:
    """Return the block of one tile: its `records` [N] as they are, little-endian, and their CRC-32.

    The CRC-32 goes on from `tile_crc`, that of the tile whose stars these are: a block beside another tile is noticed.
    """
    raw = records.astype(records.dtype.newbyteorder("<")).tobytes()
    return raw + struct.pack("<I", zlib.crc32(raw, tile_crc))


def side_block_range(record_bytes: int, first_star: int, tile: int, stars: int) -> tuple[int, int]:
    """Return (offset, length) in a side file of the block of the tile number `tile` of its shard.

    The shard has `first_star` stars before that tile, and the tile `stars`.
    """
    return record_bytes * first_star + _CRC_BYTES * tile, record_bytes * stars + _CRC_BYTES


def decode_side_block(data: bytes, dtype: np.dtype, stars: int, tile_crc: int, name: str) -> NDArray:
    """Return the records [stars] of a block; `name` is what messages call it. Raises StoreError where it is damaged."""
    raw = data[:-_CRC_BYTES]
    if len(data) != dtype.itemsize * stars + _CRC_BYTES:
        raise StoreError(f"{name}: damaged: {len(data)} bytes for {stars} stars of {dtype.itemsize}")
    (crc,) = struct.unpack("<I", data[-_CRC_BYTES:])
    if zlib.crc32(raw, tile_crc) != crc:
        raise StoreError(f"{name}: damaged, or of another tile: its CRC-32 is not {crc:08x}")
    return np.frombuffer(raw, dtype.newbyteorder("<"))
