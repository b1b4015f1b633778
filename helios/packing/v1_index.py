"""The lists of a v1 pack: `index.json`, which tells the cells, and `cells.pack.json`, which tells where each lies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helios.cells import Cells
from helios.errors import StoreError
from helios.grid import MAX_DEPTH, CellId, HLGrid, keys_at
from helios.packing.v1_cell import file_name
from helios.universe.index import grid_config

V1_VERSION = 1

INDEX, MANIFEST, PACK, CHECKSUMS = "index.json", "cells.pack.json", "cells.pack.bin", "cells.pack.sfv"
"""Files of a pack: its cells, where each lies in the pack, the pack, and a CRC-32 of each cell and both lists.

The checksums are no part of v1 and no client needs them: a "simple file verification" text of lines
`L_THETA_PHI.bin 1A2B3C4D`, which common tools read too.
"""

CELLS = "cells"
"""Folder with one file per cell, of the same bytes; a pack may lack it."""

_CELL = (
    '    {"id": {"l": %d, "theta": %d, "phi": %d}, "file_name": "%s", '
    '"splat_count": %d, "file_size_bytes": %d, "trained": %s%s}'
)


@dataclass(frozen=True)
class Entry:
    """Where one cell lies in the pack, bytes, and what is said of it; `crc32` is None in packs without checksums."""

    id: CellId
    offset: int
    size: int
    splat_count: int
    trained: bool
    levels_up: int
    crc32: int | None

    @property
    def file_name(self) -> str:
        return file_name(self.id)


def index_text(entries: Sequence[Entry]) -> str:
    """Return the text of the `index.json` of cells of one depth, in their order, one line each.

    `levels_up` (`PackCell.levels_up`) stands only where it is not 0, and only Helios' viewer reads it.
    """
    lines = (
        _CELL
        % (
            *(entry.id.l, entry.id.theta, entry.id.phi, entry.file_name, entry.splat_count, entry.size),
            "true" if entry.trained else "false",
            f', "levels_up": {entry.levels_up}' if entry.levels_up else "",
        )
        for entry in entries
    )
    return (
        "{\n"
        f'  "version": {V1_VERSION},\n'
        f'  "config": {json.dumps(grid_config(HLGrid(entries[0].id.depth)))},\n'
        f'  "total_splats": {sum(entry.splat_count for entry in entries)},\n'
        f'  "total_size_bytes": {sum(entry.size for entry in entries)},\n'
        '  "cells": [\n' + ",\n".join(lines) + "\n  ]\n}\n"
    )


def manifest_text(entries: Sequence[Entry]) -> str:
    """Return the text of `cells.pack.json`, one line per cell."""
    lines = [json.dumps({"file_name": e.file_name, "offset": e.offset, "size": e.size}) for e in entries]
    size = sum(entry.size for entry in entries)
    head = f'{{"version": {V1_VERSION}, "pack_file": "{PACK}", "total_size_bytes": {size}, "cells": [\n'
    return head + ",\n".join(lines) + "\n]}\n"


def join_lists(
    folder: Path, index: dict[str, Any], manifest: dict[str, Any], checksums: dict[str, int] | None
) -> tuple[Entry, ...]:
    """Return the entries of index, manifest and checksums, as they lie in `folder`.

    Raises StoreError where one of them lacks something, has a value of another kind, or they do not agree.
    """
    try:
        depth = _depth(index["config"])
        listed = [(c["id"]["l"], c["id"]["theta"], c["id"]["phi"], c["splat_count"]) for c in index["cells"]]
        rest = [(c["file_name"], c["file_size_bytes"], c["trained"], c.get("levels_up", 0)) for c in index["cells"]]
        packed = [(c["file_name"], c["offset"], c["size"]) for c in manifest["cells"]]
        totals = index["total_splats"], index["total_size_bytes"]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise StoreError(f"{folder}: damaged: {INDEX} or {MANIFEST} lacks a field ({error!r})") from error
    if any(type(v) is not int or v < 0 for row in listed for v in row):
        raise StoreError(f"{folder / INDEX}: damaged: an id or splat_count is no whole number >= 0")
    if len(listed) != len(packed) or not packed:
        raise StoreError(f"{folder}: {len(listed)} cells in {INDEX}, {len(packed)} in {MANIFEST} (pack again)")
    entries, offset = [], 0
    for (*cell, count), (own_name, size, trained, levels_up), (name, start, length) in zip(listed, rest, packed):
        cell_id = CellId(depth, *cell)
        if (own_name, name, start, length) != (file_name(cell_id), file_name(cell_id), offset, size):
            raise StoreError(
                f"{folder / MANIFEST}: cell {cell_id}: {name!r} at {start} with {length} bytes, "
                f"must be {file_name(cell_id)} at {offset} with {size}, as {INDEX} says"
            )
        if type(trained) is not bool or type(levels_up) is not int or not 0 <= levels_up <= depth:
            raise StoreError(f"{folder / INDEX}: cell {cell_id}: trained is {trained!r}, levels_up {levels_up!r}")
        if checksums is not None and name not in checksums:
            raise StoreError(f"{folder / CHECKSUMS}: cell {cell_id} is missing")
        crc32 = None if checksums is None else checksums[name]
        entries.append(Entry(cell_id, offset, size, count, trained, levels_up, crc32))
        offset += size
    sums = sum(entry.splat_count for entry in entries), offset
    if sums != totals:
        raise StoreError(f"{folder / INDEX}: damaged: totals {totals[0]} and {totals[1]}, its cells make {sums}")
    if _parted(entries):
        raise StoreError(f"{folder / INDEX}: damaged: parts of one leaf with different levels_up")
    return tuple(entries)


def _depth(config: dict[str, Any]) -> int:
    """The depth of the grid that the index describes; KeyError where it is not one of ours."""
    depth = min(int(config["n_phi"]).bit_length() - 1, MAX_DEPTH)
    for name, value in grid_config(HLGrid(max(depth, 0))).items():
        if config[name] != value:
            raise KeyError(name)
    return depth


def _parted(entries: Sequence[Entry]) -> bool:
    """Whether cells of one leaf, which follow each other, say of different leaves that they are parts of them."""
    depth, keys = entries[0].id.depth, Cells.of_ids(entry.id for entry in entries).key
    up = np.array([entry.levels_up for entry in entries])
    parts = False
    for levels in (up[:-1], up[1:]):
        one, other = (keys_at(depth, side, depth - levels) for side in (keys[:-1], keys[1:]))
        parts |= bool(((one == other) & (up[:-1] != up[1:])).any())
    return parts
