"""How a pack v2 is checked as soon as it is written: all that is kept of it is read, and its index by its numbers.

What a branch encodes it decodes at once and compares with its stars (`helios.packing.v2.branch.encode_cells`), and
gives each tile its CRC-32; then the files need only have these bytes. `helios.packing.v2.compare` is for packs of which
nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from helios.grid import MAX_DEPTH, keys_at
from helios.packing.v2.index import IndexEntry
from helios.packing.v2.quantities import error_steps
from helios.packing.v2.reader import V2Pack
from helios.packing.v2.tree import PackTree
from helios.packing.v2.write import Tiles
from helios.progress import Advance, OnEvent, Stage

_PARTS = 1 << 10
"""Parts that are read together, some 20 MB."""


def written_differences(pack: V2Pack, tree: PackTree, tiles: Tiles, on_event: OnEvent) -> Iterator[str]:
    """Say where the index of a pack is not that of the `tree`, its tiles being `tiles`.

    Raises StoreError where a part, or the block of a tile in a side file, does not have its CRC-32.
    """
    groups = [pack.parts[i : i + _PARTS] for i in range(0, len(pack), _PARTS)]
    on_event(Stage("reading back", len(groups), "parts"))
    for number, group in enumerate(groups):
        pack.check_sums(group)
        on_event(Advance(number + 1))
    _, *parts = pack.tiles()
    entries = [pack.head.root, *(entry for part in parts for entry in part.cells)]
    fields = dict(zip(IndexEntry._fields, zip(*entries)))
    said = np.array([fields[name] for name in ("depth", "child_mask", "extent")]).T
    key = np.array(fields["key"], np.uint64)
    cells = tree.levels.cells_of(keys_at(np.maximum(said[:, 0], 0), key, MAX_DEPTH), said[:, 0])
    due = np.stack([tree.depth, tree.child_mask, tree.extent], axis=1)[cells]
    if not (
        np.array_equal(np.sort(cells), np.arange(len(tree)))
        and np.array_equal(said, due)
        and np.array_equal(key, tree.key[cells])
    ):
        yield "it has other cells than the universe"
        return
    steps = error_steps(tree.levels.table[cells[said[:, 2] > 0]])
    if b"".join(fields["table"]) != steps.tobytes():
        yield "its cells have other errors than in the universe"
    place = np.full(len(tree), -1)
    place[tree.tiles] = np.arange(len(tree.tiles))
    first = 1 + np.cumsum([0, *(len(part.cells) for part in parts)])[:-1]
    rows = place[tree.parent[cells[first]]]
    found = np.array([(part.length, part.stars, part.crc) for part in parts], np.int64).reshape(-1, 3)
    wanted = np.stack([tiles.length, tiles.stars, tiles.crc.astype(np.int64)], axis=1)
    if not (np.array_equal(np.sort(rows), np.arange(len(wanted))) and np.array_equal(found, wanted[rows])):
        yield "its tiles are not those that were written"
