"""The files of a zarr array that is cut into chunks and shards along its rows: from rows to bytes and back.

zarr describes arrays, and anyone can read them with it. But its own way to a shard, by asynchronous tasks and threads,
takes longer than all codecs: here each chunk goes through these once. The bytes are those that zarr writes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numcodecs.zstd import Zstd
from numpy.typing import NDArray

from helios.files import unlocked

_ABSENT = -1
"""Offset and length of a chunk that a shard does not have, as signed integers."""

_CRC_BYTES = 4


@dataclass(frozen=True)
class Layout:
    """How the array in the folder `place` lies in its files.

    It has `shape` [N, ...] and `dtype`. A chunk has `chunk` rows, a shard `shard` rows; a shard is a file of compressed
    chunks, then the offset and length of each, uint64, then the CRC-32C of these. The last chunk is filled up with
    zeros.
    """

    place: Path
    shape: tuple[int, ...]
    dtype: np.dtype
    chunk: int
    shard: int
    level: int
    attributes: dict[str, Any]

    @classmethod
    def of(cls, place: Path) -> Layout:
        """Return the layout of the array in the folder `place`.

        Raises OSError where it has no metadata, ValueError, KeyError or TypeError where they are damaged or those of an
        array that is not cut, or encoded, as those of universes are.
        """
        said = json.loads((place / "zarr.json").read_bytes())
        shape, (outer,) = tuple(said["shape"]), said["codecs"]
        within, shards = outer["configuration"], said["chunk_grid"]["configuration"]["chunk_shape"]
        names = [[codec["name"] for codec in within[kind]] for kind in ("codecs", "index_codecs")]
        known = outer["name"] == "sharding_indexed" and names == [["bytes", "zstd", "crc32c"], ["bytes", "crc32c"]]
        endians = {codec.get("configuration", {}).get("endian", "little") for codec in within["codecs"]}
        rows = [shards, within["chunk_shape"]]
        cut = all(tuple(each[1:]) == shape[1:] for each in rows) and not rows[0][0] % rows[1][0]
        if not (known and cut and endians == {"little"} and within["index_location"] == "end"):
            raise ValueError("not cut or encoded as arrays of universes are")
        level = within["codecs"][1]["configuration"]["level"]
        return cls(place, shape, np.dtype(said["data_type"]), rows[1][0], rows[0][0], level, said.get("attributes", {}))

    def file(self, number: int) -> Path:
        """Return the file of the shard `number`."""
        return self.place.joinpath("c", str(number), *["0"] * (len(self.shape) - 1))

    def write(self, number: int, rows: NDArray) -> Path:
        """Write `rows`, those of the shard `number`, whole or not at all; return its file.

        Raises OSError where it cannot be written.
        """
        codec, parts = Zstd(level=self.level), []
        index = np.full((self.shard // self.chunk, 2), _ABSENT, "<i8")
        at = 0
        for i, start in enumerate(range(0, len(rows), self.chunk)):
            chunk = np.ascontiguousarray(rows[start : start + self.chunk], self.dtype)
            if len(chunk) < self.chunk:
                chunk = np.concatenate([chunk, np.zeros((self.chunk - len(chunk), *self.shape[1:]), self.dtype)])
            data = codec.encode(chunk)
            parts += [data, _crc(data)]
            index[i] = at, len(data) + _CRC_BYTES
            at += len(data) + _CRC_BYTES
        parts += [index.tobytes(), _crc(index.tobytes())]
        file = self.file(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        with unlocked(file) as new, new.open("wb") as out:
            out.writelines(parts)
        return file

    def read(self, first: int, after: int) -> tuple[NDArray, int]:
        """Return the rows of the chunks `first` to `after` - 1, and how many bytes were read for them.

        Raises OSError, ValueError or RuntimeError where a shard is missing or damaged, or lacks a chunk.
        """
        codec, per_shard, read = Zstd(level=self.level), self.shard // self.chunk, 0
        rows = np.empty(((after - first) * self.chunk, *self.shape[1:]), self.dtype)
        for number in range(first // per_shard, -(-after // per_shard)):
            begin, end = max(first, number * per_shard), min(after, (number + 1) * per_shard)
            with self.file(number).open("rb") as file:
                index = self._index(file)[begin - number * per_shard : end - number * per_shard]
                if (index == _ABSENT).any():
                    raise ValueError(f"its shard {number} lacks a chunk")
                start, stop = int(index[:, 0].min()), int(index.sum(axis=1).max())
                file.seek(start)
                data = np.frombuffer(file.read(stop - start), np.uint8)
            read += len(data) + 16 * per_shard + _CRC_BYTES
            for chunk, (offset, length) in enumerate((index - [[start, 0]]).tolist(), begin - first):
                encoded, crc = np.split(data[offset : offset + length], [length - _CRC_BYTES])
                if _crc(encoded) != crc.tobytes():
                    raise ValueError("a chunk does not have its CRC-32C")
                codec.decode(encoded, rows[chunk * self.chunk : (chunk + 1) * self.chunk])
        return rows[: max(self.shape[0] - first * self.chunk, 0)], read

    def _index(self, file: Any) -> NDArray[np.int64]:
        """Return the offset and length of each chunk of an open shard, int64 [chunks, 2]."""
        size = 16 * (self.shard // self.chunk)
        file.seek(-size - _CRC_BYTES, 2)
        data = file.read(size + _CRC_BYTES)
        if _crc(data[:size]) != data[size:]:
            raise ValueError("the index of a shard does not have its CRC-32C")
        return np.frombuffer(data, "<i8", size // 8).reshape(-1, 2)


def _crc(data: Any) -> bytes:
    return int(google_crc32c.value(data)).to_bytes(_CRC_BYTES, "little")
