"""Reads a packed universe: its index, its manifest, and one cell at a time."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helios.cells import Cells
from helios.errors import StoreError
from helios.grid import CellId, HLGrid
from helios.pack.v1_cell import V1Cell, decode_cell
from helios.pack.v1_index import V1_VERSION, file_name
from helios.universe.paths import INDEX

MANIFEST, PACK, CHECKSUMS = "cells.pack.json", "cells.pack.bin", "cells.pack.sfv"
"""Files of a pack beside the universe's index: where each cell lies in the pack, the pack, and a CRC-32 per cell.

The checksums are no part of v1 and no client needs them: a "simple file verification" text of lines
`L_THETA_PHI.bin 1A2B3C4D`, which common tools read too.
"""

BOUNDS_TOLERANCE = 1e-9
"""Of the cell's half-extent: what the sines of two mathematics libraries may differ by, with room."""


@dataclass(frozen=True)
class Entry:
    """Where one cell lies in the pack, bytes, and what it must hold."""

    id: CellId
    file_name: str
    offset: int
    size: int
    splat_count: int
    crc32: int | None


class V1Pack:
    """A packed universe in a directory; the cells are read from `cells.pack.bin` when they are asked for."""

    def __init__(self, directory: Path, index: dict, entries: tuple[Entry, ...]):
        self.directory, self.index, self.entries = directory, index, entries
        self.grid = HLGrid(_depth(index["config"]))
        self._bounds_m = np.stack(Cells.of_ids(entry.id for entry in entries).bounds_m(), axis=1)  # [M, 2, 3]

    @classmethod
    def open(cls, directory: Path) -> V1Pack:
        """Return the pack of `directory`; cost: its JSON, no cell.

        Raises StoreError where a file is missing, of another version, or does not fit the others.
        """
        directory = Path(directory)
        index, manifest = read_json(directory / INDEX), read_json(directory / MANIFEST)
        if "totals" in index:  # the universe's own manifest
            raise _not_packed(directory)
        for name, document in ((INDEX, index), (MANIFEST, manifest)):
            version = document.get("version")
            if version != V1_VERSION:
                raise StoreError(f"{directory / name}: version {version!r}, this program reads version {V1_VERSION}")
        entries = _join(directory, index, manifest, _read_checksums(directory / CHECKSUMS))
        size = file_size(directory / PACK)
        packed = sum(entry.size for entry in entries)
        if manifest.get("pack_file") != PACK or not size == packed == manifest.get("total_size_bytes"):
            raise StoreError(
                f"{directory / PACK}: truncated or damaged: {size} bytes, {MANIFEST} names "
                f"{manifest.get('pack_file')!r} of {manifest.get('total_size_bytes')!r} with cells of {packed}"
            )
        return cls(directory, index, entries)

    def __len__(self) -> int:
        return len(self.entries)

    def read(self, number: int) -> V1Cell:
        """Return the cell at `number` of the index.

        Raises StoreError as `decode_cell`, and where its bytes do not have the CRC-32 kept for them, or its id,
        count or bounds are not what the index and the grid say.
        """
        entry, path = self.entries[number], self.directory / PACK
        with path.open("rb") as file:
            file.seek(entry.offset)
            return self._decode(number, file.read(entry.size))

    def __iter__(self) -> Iterator[V1Cell]:
        """Every cell in the order of the index, each checked as in `read`; the file is read once, front to back."""
        with (self.directory / PACK).open("rb") as file:
            for number, entry in enumerate(self.entries):
                yield self._decode(number, file.read(entry.size))

    def _decode(self, number: int, data: bytes) -> V1Cell:
        entry = self.entries[number]
        name = f"{self.directory / PACK}: cell {entry.id}"
        if entry.crc32 is not None and zlib.crc32(data) != entry.crc32:
            raise StoreError(
                f"{name}: damaged: CRC-32 {zlib.crc32(data):08X}, {CHECKSUMS} says {entry.crc32:08X} (pack again)"
            )
        cell = decode_cell(data, name, entry.id.depth)
        if (cell.id, len(cell)) != (entry.id, entry.splat_count):
            raise StoreError(f"{name}: holds {len(cell)} splats of {cell.id}, {INDEX} says {entry.splat_count}")
        offset = np.abs(np.array([cell.bounds_min, cell.bounds_max]) - self._bounds_m[number]).max()
        if offset > BOUNDS_TOLERANCE * cell.half_extent:
            raise StoreError(f"{name}: damaged: its bounds are {offset:.3g} m from those of the grid")
        return cell


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds. Raises StoreError where it is missing or holds none."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise StoreError(f"{path}: missing (make it with `helios pack`)") from None
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: damaged: no JSON ({error})") from error
    if not isinstance(document, dict):
        raise StoreError(f"{path}: damaged: holds no JSON object")
    return document


def file_size(path: Path) -> int:
    """Return the bytes of a file. Raises StoreError where there is none."""
    if not path.is_file():
        raise StoreError(f"{path}: missing (make it with `helios pack`)")
    return path.stat().st_size


def _join(directory: Path, index: dict, manifest: dict, checksums: dict[str, int] | None) -> tuple[Entry, ...]:
    """Return the entries; raise StoreError where index, manifest and checksums do not name the same cells."""
    try:
        depth = _depth(index["config"])
        listed = [(c["id"]["l"], c["id"]["theta"], c["id"]["phi"], c["splat_count"]) for c in index["cells"]]
        sizes = [c["file_size_bytes"] for c in index["cells"]]
        packed = [(c["file_name"], c["offset"], c["size"]) for c in manifest["cells"]]
    except (KeyError, TypeError) as error:
        raise StoreError(f"{directory}: damaged: {INDEX} or {MANIFEST} lacks a field ({error!r})") from error
    if any(type(v) is not int or v < 0 for row in listed for v in row):
        raise StoreError(f"{directory / INDEX}: damaged: an id or splat_count is no whole number >= 0")
    if not all(sizes) or len(sizes) != len(packed):
        raise _not_packed(directory)
    entries, offset = [], 0
    for (*cell, count), size, (name, start, length) in zip(listed, sizes, packed):
        cell_id = CellId(depth, *cell)
        if (name, start, length) != (file_name(cell_id), offset, size):
            raise StoreError(
                f"{directory / MANIFEST}: cell {cell_id}: {name!r} at {start} with {length} bytes, "
                f"must be {file_name(cell_id)} at {offset} with {size}, as {INDEX} says"
            )
        if checksums is not None and name not in checksums:
            raise StoreError(f"{directory / CHECKSUMS}: cell {cell_id} is missing")
        entries.append(Entry(cell_id, name, offset, size, count, checksums and checksums[name]))
        offset += size
    return tuple(entries)


def _not_packed(directory: Path) -> StoreError:
    return StoreError(f"{directory}: not packed, or changed since (run `helios pack --universe {directory}`)")


def _depth(config: dict) -> int:
    """The depth of the grid that the index describes; KeyError where it is not one of ours."""
    depth = int(config["n_phi"]).bit_length() - 1
    grid = HLGrid(depth)
    if (grid.n_theta, grid.n_phi) != (config["n_theta"], config["n_phi"]):
        raise KeyError("n_theta")
    return depth


def _read_checksums(path: Path) -> dict[str, int] | None:
    """Return CRC-32 by file name; None where the pack has no such file, as packs by other programs."""
    if not path.is_file():
        return None
    try:
        lines = [line.split() for line in path.read_text("ascii").splitlines()]
        return {name: int(crc, 16) for name, crc in lines}
    except ValueError as error:
        raise StoreError(f"{path}: damaged: {error}") from error
