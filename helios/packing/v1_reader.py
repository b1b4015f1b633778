"""Reads a v1 pack: its lists, and one cell at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.cells import Cells
from helios.errors import StoreError
from helios.files import crc32, read_json
from helios.packing.pack import PackResult
from helios.packing.pack_cells import PackCell
from helios.packing.v1_cell import DEEPEST, RECORD, V1Cell, decode_cell
from helios.packing.v1_index import CELLS, CHECKSUMS, INDEX, MANIFEST, PACK, V1_VERSION, Entry, join_lists

REMEDY = "pack again with `helios pack`"


class V1Pack:
    """A v1 pack in a folder, a `helios.packing.pack.Pack`; the cells are read from `cells.pack.bin`."""

    format = "v1"

    def __init__(self, folder: Path, entries: tuple[Entry, ...]):
        self.folder, self.entries = folder, entries
        self.cell_ids = tuple(entry.id for entry in entries)
        self.files = tuple(name for name in (INDEX, MANIFEST, PACK, CHECKSUMS) if (folder / name).is_file())
        self.depth = entries[0].id.depth
        self._loose = (folder / CELLS).is_dir()

    @classmethod
    def open(cls, folder: Path) -> V1Pack:
        """Return the pack in `folder`; cost: its JSON, no cell.

        Raises StoreError where a file is missing, of another version, or does not fit the others.
        """
        folder = Path(folder)
        index, manifest = read_json(folder / INDEX, REMEDY), read_json(folder / MANIFEST, REMEDY)
        for name, document in ((INDEX, index), (MANIFEST, manifest)):
            version = document.get("version")
            if version != V1_VERSION:
                raise StoreError(f"{folder / name}: version {version!r}, this program reads version {V1_VERSION}")
        checksums = _read_checksums(folder / CHECKSUMS)
        for name in (INDEX, MANIFEST):
            if checksums is not None and checksums.get(name) != (found := crc32(folder / name)):
                raise StoreError(f"{folder / name}: damaged: its CRC-32 {found:08X} is not in {CHECKSUMS}; {REMEDY}")
        entries = join_lists(folder, index, manifest, checksums)
        if not (folder / PACK).is_file():
            raise StoreError(f"{folder / PACK}: missing; {REMEDY}")
        size = (folder / PACK).stat().st_size
        packed = sum(entry.size for entry in entries)
        if manifest.get("pack_file") != PACK or not size == packed == manifest.get("total_size_bytes"):
            raise StoreError(
                f"{folder / PACK}: truncated or damaged: {size} bytes, {MANIFEST} names "
                f"{manifest.get('pack_file')!r} of {manifest.get('total_size_bytes')!r} with cells of {packed}"
            )
        return cls(folder, entries)

    @property
    def result(self) -> PackResult:
        """What the pack holds, as its lists say."""
        return PackResult(
            path=self.folder,
            cells=len(self.entries),
            trained_cells=sum(entry.trained for entry in self.entries),
            splats=sum(entry.splat_count for entry in self.entries),
            size_bytes=sum(entry.size for entry in self.entries),
            raw_splat_bytes=RECORD.itemsize,
            depth=self.depth,
        )

    @property
    def star_layer(self) -> str:
        """A v1 cell is either trained splats or stars: a viewer needs the stars of trained cells as a second pack."""
        return f"v1:loose_cells=false,depth={min(self.depth, DEEPEST)}"

    def __len__(self) -> int:
        return len(self.entries)

    def check(self, number: int) -> None:
        """Read the cell at `number` of the index, checked as `decode` checks it."""
        self.read(number)

    def read(self, number: int) -> PackCell:
        """Return the cell at `number` of the index, checked as `decode` checks it."""
        entry, cell = self.entries[number], self.decode(number)
        bounds = cell.bounds_min, cell.bounds_max
        return PackCell(
            *(cell.id, cell.centroid, cell.half_extent, bounds, cell.splats()), entry.trained, entry.levels_up
        )

    def __iter__(self) -> Iterator[PackCell]:
        return map(self.read, range(len(self)))

    def decode(self, number: int) -> V1Cell:
        """Return the cell at `number` of the index in the format's own units.

        Raises StoreError as `decode_cell`; where its bytes do not have the CRC-32 kept for them, or its id or count are
        not what the index says; where its bounds do not touch the cell in the grid, which only those of a part of a
        leaf may not; and where the file of its own, if it has one, is not the same.
        """
        entry, path = self.entries[number], self.folder / PACK
        with path.open("rb") as file:
            file.seek(entry.offset)
            data = file.read(entry.size)
        name = f"{path}: cell {entry.id}"
        if entry.crc32 is not None and zlib.crc32(data) != entry.crc32:
            raise StoreError(
                f"{name}: damaged: CRC-32 {zlib.crc32(data):08X}, {CHECKSUMS} says {entry.crc32:08X} ({REMEDY})"
            )
        cell = decode_cell(data, name, entry.id.depth)
        if (cell.id, len(cell)) != (entry.id, entry.splat_count):
            raise StoreError(f"{name}: holds {len(cell)} splats of {cell.id}, {INDEX} says {entry.splat_count}")
        low, high = self._bounds_m[number]
        if not entry.levels_up and ((cell.bounds_min > high) | (cell.bounds_max < low)).any():
            raise StoreError(f"{name}: damaged: its bounds lie outside of the cell in the grid")
        loose = self.folder / CELLS / entry.file_name
        if self._loose and not (loose.is_file() and loose.read_bytes() == data):
            raise StoreError(f"{loose}: missing or damaged: is not the cell of the pack ({REMEDY})")
        return cell

    @cached_property
    def _bounds_m(self) -> NDArray[np.float64]:
        """Boxes of the cells in the grid, float64 [M, 2, 3] metres."""
        return np.stack(Cells.of_ids(self.cell_ids).bounds_m(), axis=1)


def _read_checksums(path: Path) -> dict[str, int] | None:
    """Return CRC-32 by file name; None where the pack has no such file, as packs by other programs."""
    if not path.is_file():
        return None
    try:
        lines = [line.split() for line in path.read_text("ascii").splitlines()]
        return {name: int(crc, 16) for name, crc in lines}
    except ValueError as error:
        raise StoreError(f"{path}: damaged: {error}") from error
