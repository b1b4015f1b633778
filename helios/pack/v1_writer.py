"""Writes a universe in the v1 layout, checks it by reading it back, and puts it in place whole or not at all."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from helios.errors import StoreError
from helios.files import locked
from helios.pack.pack_cells import Exported, OwnCells, PackCell, PackCells
from helios.pack.regroup import RegroupedCells
from helios.pack.v1_cell import V1Cell, encode_cell
from helios.pack.v1_index import V1_VERSION, file_name, index_text
from helios.pack.v1_reader import CHECKSUMS, INDEX, MANIFEST, PACK, V1Pack
from helios.universe import Universe
from helios.universe.writer import manifest_of

CELLS = "cells"
STAGE = "pack.tmp"
"""Where a pack is written before it takes the place of the old one; a killed command leaves it, the next removes it."""

RELATIVE_TOLERANCE = 1e-6
"""Of a position or of a splat's flux after float32 metres: at most four roundings of 6e-8, with room."""

Track = Callable[[Iterable[int], str], Iterable[int]]
"""Passes the cells' indices on and shows how far the work named by the text has come."""


def untracked(indices: Iterable[int], what: str) -> Iterable[int]:
    """The `Track` that shows nothing."""
    return indices


def pack_universe(universe: Universe, track: Track = untracked) -> Exported:
    """Write the v1 pack of a universe into its own directory and return what it holds.

    Adds `cells/`, `cells.pack.bin`, `cells.pack.json` and `cells.pack.sfv`; `index.json` becomes the list of the cells,
    in the place of the universe's own manifest, which no program needs. Killed at any moment it leaves the old pack, or
    the manifest, which says "not packed"; a rerun gives the same bytes as an undisturbed run. Raises StoreError where
    what is read back is not what the universe holds.
    """
    root = Path(universe.path)
    stage = root / STAGE
    with locked(stage, f"{root}: another process is packing it; try again when it has ended"):
        if stage.exists():
            shutil.rmtree(stage)
        stage.mkdir()
        try:
            exported = write_pack(universe, stage, loose_cells=True, track=track)
            _put_in_place(universe, stage, root)
        finally:
            shutil.rmtree(stage)
    return replace(exported, path=root)


def _put_in_place(universe: Universe, stage: Path, root: Path) -> None:
    # From here to the last rename old and new files may stand side by side: no one may take them for a pack.
    write_text(stage / "unpacked.json", manifest_of(universe))
    (stage / "unpacked.json").replace(root / INDEX)
    if (root / CELLS).exists():
        (root / CELLS).rename(stage / "replaced")
    for name in (CELLS, PACK, CHECKSUMS, MANIFEST, INDEX):
        (stage / name).replace(root / name)


def write_pack(
    universe: Universe,
    directory: Path,
    *,
    stars_only: bool = False,
    loose_cells: bool = False,
    track: Track = untracked,
) -> Exported:
    """Write the pack of a universe into an empty directory, read it back and return what it holds.

    The cells are those of a universe of one depth, and of V1_DEPTH where it is adaptive. `stars_only` takes the exact
    stars of trained cells too; `loose_cells` adds one file per cell under `cells/`, as the original's client may ask
    for. Memory: one cell, and a line for each. Raises StoreError where what is read back is not what was to be written.
    """
    source = (RegroupedCells if universe.depth is None else OwnCells)(universe, stars_only)
    ids, counts, sizes, checksums, trained, levels_up = columns = [], [], [], [], [], []
    if loose_cells:
        (directory / CELLS).mkdir()
    with (directory / PACK).open("xb") as pack:
        for cell in _cells(source, track, "packing"):
            data = encode_cell(cell.id, cell.origin_m, cell.half_extent_m, cell.bounds_m, cell.splats)
            pack.write(data)
            if loose_cells:
                (directory / CELLS / file_name(cell.id)).write_bytes(data)
            row = cell.id, len(cell.splats), len(data), zlib.crc32(data), cell.trained, cell.levels_up
            for column, value in zip(columns, row):
                column.append(value)
    names = [file_name(cell) for cell in ids]
    write_text(directory / MANIFEST, _manifest_text(names, sizes))
    write_text(directory / INDEX, index_text(source.grid, ids, counts, sizes, trained, levels_up))
    write_text(directory / CHECKSUMS, "".join(f"{name} {crc:08X}\n" for name, crc in zip(names, checksums)))
    _check(source, directory, loose_cells, track)
    return Exported(directory, len(ids), sum(trained), sum(counts), sum(sizes))


def _cells(source: PackCells, track: Track, what: str) -> Iterator[PackCell]:
    for number in track(range(len(source)), what):
        yield from source.step(number)


def write_text(path: Path, text: str) -> None:
    """Write a text file that has the same bytes on every system."""
    path.write_text(text, "utf-8", newline="\n")


def _manifest_text(names: Sequence[str], sizes: Sequence[int]) -> str:
    """Return the text of `cells.pack.json`, one line per cell."""
    offsets = np.cumsum([0, *sizes]).tolist()
    lines = [json.dumps({"file_name": n, "offset": o, "size": s}) for n, o, s in zip(names, offsets, sizes)]
    head = f'{{"version": {V1_VERSION}, "pack_file": "{PACK}", "total_size_bytes": {offsets[-1]}, "cells": [\n'
    return head + ",\n".join(lines) + "\n]}\n"


def _check(source: PackCells, directory: Path, loose_cells: bool, track: Track) -> None:
    pack = V1Pack.open(directory)
    for expected, cell, entry in zip(_cells(source, track, "reading back"), pack, pack.entries, strict=True):
        problem = _difference(expected, cell)
        if problem:
            raise StoreError(f"{directory / PACK}: cell {cell.id}: {problem} (is the disk sound?)")
        loose = directory / CELLS / entry.file_name
        if loose_cells and zlib.crc32(loose.read_bytes()) != entry.crc32:
            raise StoreError(f"{loose}: is not what was written (is the disk sound?)")


def _difference(made: PackCell, cell: V1Cell) -> str | None:
    """Return in words where a cell that was read back is not the splats that it was made of; None where it is."""
    expected, found = made.splats, cell.splats()
    if cell.id != made.id:
        return f"it is {cell.id}, not {made.id}"
    if not np.array_equal(cell.centroid, made.origin_m):
        return f"its centroid is {cell.centroid.tolist()}, not {made.origin_m.tolist()}"
    if not np.allclose(found.means, expected.means, rtol=RELATIVE_TOLERANCE, atol=0):
        return "positions differ"
    if not np.allclose(found.luminosities, expected.luminosities, rtol=RELATIVE_TOLERANCE, atol=0):
        return "light differs"
    if not (np.array_equal(found.quats, expected.quats) and np.array_equal(found.colors, expected.colors)):
        return "rotations or colours differ"
    return None
