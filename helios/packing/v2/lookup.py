"""The identifiers of all stars of a pack in order, with their places: where the star of an identifier is, by one range.

`client_export/FORMAT.md` describes the files to the byte. They are made of a pack as it lies on the disk, in pieces.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import StoreError
from helios.packing.v2.files import shard_stem
from helios.packing.v2.reader import Part, V2Pack, read_side, read_tiles
from helios.packing.v2.side import IDS
from helios.work_folders import own_folder, remove_folder

LOOKUP = "lookup.bin"
MAGIC = b"HELIOSid"
BLOCK_STARS, SHARD_BLOCKS = 2048, 6144
RECORD = np.dtype([("id", "<u8"), ("lon", "<u4"), ("col", "<u4"), ("rad", "<u4"), ("mag", "<u2"), ("color", "<u2")])
BLOCK = np.dtype([("first", "<u8"), ("crc", "<u4")])

PIECE_STARS = 1 << 20
"""About so many stars are in memory at once."""

_SAMPLES = 64


def lookup_shard(shard: int) -> str:
    """The file of the records of blocks `shard` * SHARD_BLOCKS and on."""
    return f"lookup-{shard_stem(shard)}.bin"


def write_lookup(pack: V2Pack, folder: Path) -> list[str]:
    """Write the files of the stars of `pack` into `folder` and return their names, that of the table first.

    The same pack gives the same bytes. Memory: some pieces of PIECE_STARS stars; disk: once more what is written, for a
    while. Raises StoreError where the pack is damaged.
    """
    blocks, names = [], [LOOKUP]
    for number, block in enumerate(_blocks(_pieces(pack, folder))):
        if number % SHARD_BLOCKS == 0:
            names.append(lookup_shard(number // SHARD_BLOCKS))
        data = block.tobytes()
        with (folder / names[-1]).open("ab") as file:
            file.write(data)
        blocks.append((block["id"][0], zlib.crc32(data)))
    body = struct.pack("<Q", pack.head.stars) + np.array(blocks, BLOCK).tobytes()
    (folder / LOOKUP).write_bytes(MAGIC + struct.pack("<I", zlib.crc32(body)) + body)
    return names


def read_lookup(folder: Path) -> Iterator[NDArray]:
    """Yield the blocks of the files in `folder`, RECORD [N], in order.

    Raises StoreError where one is missing, damaged or out of order, and where there is more than the blocks.
    """
    path = folder / LOOKUP
    data = path.read_bytes()
    if data[:8] != MAGIC or struct.pack("<I", zlib.crc32(data[12:])) != data[8:12]:
        raise StoreError(f"{path}: damaged: its CRC-32 is another; make the site again")
    (stars,) = struct.unpack("<Q", data[12:20])
    blocks = np.frombuffer(data[20:], BLOCK)
    if len(blocks) != -(-stars // BLOCK_STARS):
        raise StoreError(f"{path}: damaged: {len(blocks)} blocks of {stars} stars; make the site again")
    before = 0
    for number, (first, crc) in enumerate(blocks.tolist()):
        shard, at = divmod(number, SHARD_BLOCKS)
        path, size = folder / lookup_shard(shard), min(BLOCK_STARS, stars - number * BLOCK_STARS) * RECORD.itemsize
        with path.open("rb") as file:
            file.seek(at * BLOCK_STARS * RECORD.itemsize)
            block = file.read(size)
            last = number + 1 == len(blocks) or at + 1 == SHARD_BLOCKS
            if len(block) != size or zlib.crc32(block) != crc or (last and file.read(1)):
                raise StoreError(f"{path}: damaged: block {number} is not what was written; make the site again")
        records = np.frombuffer(block, RECORD)
        ids = records["id"]
        if ids[0] != first or first < before or (ids[1:] < ids[:-1]).any():
            raise StoreError(f"{path}: damaged: identifiers of block {number} are not in order; make the site again")
        before = int(ids[-1])
        yield records


def _batches(pack: V2Pack) -> Iterator[list[Part]]:
    batch: list[Part] = []
    for part in pack.tiles():
        if batch and sum(each.stars for each in batch) + part.stars > PIECE_STARS // 4:
            yield batch
            batch = []
        batch.append(part)
    yield batch


def _splitters(pack: V2Pack) -> NDArray[np.uint64]:
    """Return identifiers between which about PIECE_STARS stars lie."""
    pieces = -(-pack.head.stars // PIECE_STARS)
    if pieces <= 1:
        return np.zeros(0, np.uint64)
    step = max(1, pack.head.stars // (pieces * _SAMPLES))
    sample, at = [], 0
    for batch in _batches(pack):
        ids = read_side(pack.folder, IDS, batch)
        sample.append(ids[-at % step :: step])
        at += len(ids)
    ordered = np.sort(np.concatenate(sample))
    return np.unique(ordered[[len(ordered) * piece // pieces for piece in range(1, pieces)]])


def _records(pack: V2Pack) -> Iterator[NDArray]:
    """Yield the records of all stars, some tiles at a time."""
    for batch in _batches(pack):
        stars = read_tiles(pack.folder, batch).stars
        records = np.zeros(len(stars), RECORD)
        records["id"] = read_side(pack.folder, IDS, batch)
        for name in ("lon", "col", "rad", "mag", "color"):
            records[name] = getattr(stars, name)
        yield records


def _pieces(pack: V2Pack, folder: Path) -> Iterator[NDArray]:
    """Yield the records of all stars, those of a piece before those of the next by identifier.

    Where there are several, they lie for a while in a folder of their own in `folder`.
    """
    splitters = _splitters(pack)
    if not len(splitters):
        yield np.concatenate(list(_records(pack)))
        return
    parts = folder / "lookup-parts"
    own_folder(parts)
    pieces = [parts / f"{number:06d}" for number in range(len(splitters) + 1)]
    for records in _records(pack):
        piece = np.searchsorted(splitters, records["id"], "right")
        for number in np.unique(piece).tolist():
            with pieces[number].open("ab") as file:
                file.write(records[piece == number].tobytes())
    for path in pieces:
        if path.is_file():
            yield np.fromfile(path, RECORD)
    remove_folder(parts)


def _blocks(pieces: Iterator[NDArray]) -> Iterator[NDArray]:
    """Yield blocks of BLOCK_STARS stars, the last of fewer: by identifier, of one identifier the brightest first."""
    left = np.zeros(0, RECORD)
    for found in pieces:
        order = np.lexsort([found[name] for name in ("color", "rad", "col", "lon", "mag", "id")])
        records = np.concatenate([left, found[order]])
        whole = len(records) - len(records) % BLOCK_STARS
        for start in range(0, whole, BLOCK_STARS):
            yield records[start : start + BLOCK_STARS]
        left = records[whole:]
    if len(left):
        yield left
