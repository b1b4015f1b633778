"""Writes a pack v2: branch by branch, then the upper part of the tree, the index, and all of it in its place."""

from __future__ import annotations

import itertools
import operator
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from helios.errors import StoreError
from helios.packing.v2.branch import STAR_COLUMNS, BranchTask, PackedBranch, encode_cells, star_records
from helios.packing.v2.files import GLOW, HEAD, SHARD_BYTES, SKY, SKY_STEM, shard_stem, tiles_name
from helios.packing.v2.glow import encode_glow
from helios.packing.v2.head import Head, encode_head, palette_bytes
from helios.packing.v2.index import TABLE_BYTES, IndexEntry, Page, PagePointer, encode_page
from helios.packing.v2.pages import PAGE_HEADER_BYTES, POINTER_BYTES, entry_bytes
from helios.packing.v2.quantities import error_steps, nearest_colors
from helios.packing.v2.side import Side, encode_side_block, side_block_range, sides_of
from helios.packing.v2.tree import PackTree
from helios.universe import Universe

_UPPER = -1
"""The source of tiles of the upper part of the tree, which are in memory."""


@dataclass(frozen=True)
class Tiles:
    """Where the tiles of the pack lie, in its order: bytes `offset` to `offset` + `length` of the files of `source`.

    `source` int64 [T] is the number of a branch, or _UPPER. A tile has `stars` stars; before it its source has
    `first_star` stars and `first_tile` tiles, all int64 [T].
    """

    source: NDArray[np.int64]
    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    crc: NDArray[np.uint32]
    stars: NDArray[np.int64]
    first_star: NDArray[np.int64]
    first_tile: NDArray[np.int64]


def assemble(
    universe: Universe, tree: PackTree, tasks: Sequence[BranchTask], done: Sequence[PackedBranch], folder: Path
) -> Tiles:
    """Write the pack into `folder` from what the branches gave, and return its tiles; cost: a copy of all tiles."""
    upper = _Upper(universe, tree, done)
    (folder / SKY).write_bytes(upper.sky)
    for side, data in upper.sky_sides.items():
        (folder / side.file(SKY_STEM)).write_bytes(data)
    glow = encode_glow(universe.levels.glow)
    (folder / GLOW).write_bytes(glow)
    tiles = _placed(tree, upper, done)
    layout = Layout(tree, tiles.length)
    entries = _Entries(tree, layout, tiles)
    _write_shards(folder, layout, tiles, entries.pages, upper, tasks)
    head = Head(
        n_shards=layout.shards,
        stars=int(tree.own.sum()),
        light=float(np.sum([branch.light for branch in done])),
        sky_length=len(upper.sky),
        sky_crc=zlib.crc32(upper.sky),
        sky_stars=int(tree.own[0]),
        glow_length=len(glow),
        glow_crc=zlib.crc32(glow),
        glow_color=int(nearest_colors(universe.levels.tint)[0]),
        glow_n=universe.levels.glow.shape[1],
        sides=tuple(upper.sides),
        palette=palette_bytes(),
        root=entries.root,
        page=Page(0, 0, tuple(entries.below(0))),
    )
    (folder / HEAD).write_bytes(encode_head(head))
    return tiles


class _Upper:
    """The sky, and the tiles of the upper part of the tree, from the stars of the branches that they keep."""

    def __init__(self, universe: Universe, tree: PackTree, done: Sequence[PackedBranch]):
        columns = {name: np.concatenate([branch.upper[name] for branch in done]) for name in STAR_COLUMNS}
        keeper = np.concatenate([branch.upper_cells for branch in done])
        upper = tree.upper[np.argsort(tree.parent[tree.upper], kind="stable")]
        blocks, order = encode_cells(universe, upper, star_records(columns), columns, np.arange(len(keeper)), keeper)
        ends = np.r_[0, np.cumsum(tree.own[upper])]
        below = tree.parent[upper[1:]]
        starts = 1 + (np.flatnonzero(np.r_[True, np.diff(below) > 0]) if len(below) else np.zeros(0, np.int64))
        self.cells = tree.parent[upper[starts]]
        lengths, crcs = blocks.tiles(np.r_[0, starts, len(upper)] if len(starts) else [0, 1])
        begins = np.r_[0, np.cumsum(lengths)]
        self.sky = blocks.data[: begins[1]].tobytes()
        self.tiles, self.lengths, self.crcs = blocks.data[begins[1] :].tobytes(), lengths[1:], crcs[1:]
        stops = ends[np.r_[starts, len(upper)]].tolist()
        self.sky_sides: dict[Side, bytes] = {}
        self.sides: dict[Side, bytes] = {}
        for side in sides_of(universe.emitter_columns):
            records = np.concatenate([branch.upper_sides[side] for branch in done])[order]
            self.sky_sides[side] = encode_side_block(records[: ends[1]], int(crcs[0]))
            parts = zip(stops[:-1], stops[1:], self.crcs.tolist())
            self.sides[side] = b"".join(encode_side_block(records[begin:end], crc) for begin, end, crc in parts)


def _placed(tree: PackTree, upper: _Upper, done: Sequence[PackedBranch]) -> Tiles:
    groups: list[tuple[int, _Upper | PackedBranch]] = [(_UPPER, upper), *enumerate(done)]
    cells = np.concatenate([group.cells for _, group in groups])
    source = np.concatenate([np.full(len(group.cells), number) for number, group in groups])
    stars = [tree.tile_stars[group.cells] for _, group in groups]
    order = np.argsort(cells, kind="stable")
    if not np.array_equal(cells[order], np.sort(tree.tiles)):
        raise StoreError("the levels of the universe are damaged: branches do not have its cells; build it again")
    rows = order[np.searchsorted(cells[order], tree.tiles)]
    return Tiles(
        source=source[rows],
        offset=_offsets([group.lengths for _, group in groups])[rows],
        length=np.concatenate([group.lengths for _, group in groups])[rows],
        crc=np.concatenate([group.crcs for _, group in groups])[rows],
        stars=np.concatenate(stars)[rows],
        first_star=_offsets(stars)[rows],
        first_tile=np.concatenate([np.arange(len(each)) for each in stars])[rows],
    )


def _offsets(lengths: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return where each part begins in its file; `lengths` are those of the parts of each file."""
    return np.concatenate([np.cumsum(each) - each for each in lengths])


class Layout:
    """Where groups, each of a page and its tiles, lie in shards.

    `roots` int64 [G] are the cells of the pages, the root first, whose page is in the head; `first` int64 [G + 1] where
    the tiles of each begin in the order of the tiles. `shard`, `offset`, `length` int64 [G] are the place of each page,
    `first_star` and `first_tile` int64 [G] what its shard has before.
    """

    def __init__(self, tree: PackTree, tile_length: NDArray[np.int64]):
        page, stars = tree.page[tree.tiles], tree.tile_stars[tree.tiles]
        self.roots, first = np.unique(page, return_index=True)
        self.first = np.r_[first, len(page)]
        lengths = np.zeros(len(tree), np.int64)
        lengths[tree.tiles] = tile_length
        own_page = np.zeros(len(tree), bool)
        own_page[self.roots[1:]] = True
        entry = entry_bytes(tree.extent, tree.child_mask, lengths, tree.tile_stars) + POINTER_BYTES * own_page
        parent_page = tree.page[tree.parent[1:]]
        self.length = PAGE_HEADER_BYTES + np.bincount(parent_page, entry[1:], len(tree)).astype(np.int64)[self.roots]
        self.length[:1] = 0
        sizes = self.length + np.add.reduceat(tile_length, first) if len(first) else self.length
        self.shard, self.offset, self.first_star, self.first_tile = (np.zeros(len(first), np.int64) for _ in range(4))
        group_stars = np.add.reduceat(stars, first).tolist() if len(first) else []
        group_tiles = np.diff(self.first).tolist()
        shard = at = star = tile = 0
        for group, size in enumerate(sizes.tolist()):
            if at and at + size > SHARD_BYTES:
                shard, at, star, tile = shard + 1, 0, 0, 0
            self.shard[group], self.offset[group] = shard, at
            self.first_star[group], self.first_tile[group] = star, tile
            at, star, tile = at + size, star + group_stars[group], tile + group_tiles[group]
        self.shards = shard + 1 if len(first) else 0


class _Entries:
    """The entries of all cells, and the bytes of all pages, `pages`, by group."""

    def __init__(self, tree: PackTree, layout: Layout, tiles: Tiles):
        self._tree, self._layout = tree, layout
        raw, step = error_steps(tree.levels.table).tobytes(), TABLE_BYTES
        tables = [raw[step * i : step * (i + 1)] if said else b"" for i, said in enumerate(tree.extent.tolist())]
        tile = np.zeros((3, len(tree)), np.int64)
        tile[:, tree.tiles] = tiles.length, tree.tile_stars[tree.tiles], tiles.crc
        columns = (tree.depth, tree.key, tree.child_mask, tree.extent)
        self._entries = list(
            map(IndexEntry, *(column.tolist() for column in columns), tables, *(row.tolist() for row in tile))
        )
        self._group = {int(root): group for group, root in enumerate(layout.roots.tolist())}
        self.pages = [b""] * len(layout.roots)
        shard, offset, star, where = (
            column.tolist() for column in (layout.shard, layout.offset, layout.first_star, layout.first_tile)
        )
        for group in range(len(layout.roots) - 1, 0, -1):  # those below a page come after it: their CRCs are in it
            root = int(layout.roots[group])
            data = encode_page(self._entries[root], star[group], where[group], self.below(root))
            self.pages[group] = data
            pointer = PagePointer(shard[group], offset[group], len(data), zlib.crc32(data))
            self._entries[root] = self._entries[root]._replace(page=pointer)

    @property
    def root(self) -> IndexEntry:
        """The entry of the root."""
        return self._entries[0]

    def below(self, root: int) -> list[IndexEntry]:
        """The entries of the page of `root`, breadth first."""
        group = self._group.get(root)
        if group is None:
            return []
        parents = self._tree.tiles[self._layout.first[group] : self._layout.first[group + 1]]
        return [self._entries[cell] for cell in self._tree.families(parents)[0].tolist()]


def _write_shards(
    folder: Path, layout: Layout, tiles: Tiles, pages: list[bytes], upper: _Upper, tasks: Sequence[BranchTask]
) -> None:
    """Write shards, group by group, and their side files."""
    for shard in range(layout.shards):
        groups = np.flatnonzero(layout.shard == shard).tolist()
        files = [task.tiles for task in tasks]
        with (folder / tiles_name(shard)).open("xb") as out:
            for group in groups:
                out.write(pages[group])
                rows = slice(int(layout.first[group]), int(layout.first[group + 1]))
                _copy(tiles.source[rows], tiles.offset[rows], tiles.length[rows], upper.tiles, files, out)
        rows = slice(int(layout.first[groups[0]]), int(layout.first[groups[-1] + 1]))
        for side, data in upper.sides.items():
            offset, length = side_block_range(side.record.itemsize, tiles.first_star, tiles.first_tile, tiles.stars)
            files = [task.side(side) for task in tasks]
            with (folder / side.file(shard_stem(shard))).open("xb") as out:
                _copy(tiles.source[rows], offset[rows], length[rows], data, files, out)


def _copy(source, offset, length, upper: bytes, files: list[Path], out: BinaryIO) -> None:
    """Append parts of the `files` that `source` names, or of `upper`, to `out`; neighbours go at once."""
    runs = np.flatnonzero(np.r_[True, (source[1:] != source[:-1]) | (offset[1:] != offset[:-1] + length[:-1])])
    lasts = np.r_[runs[1:] - 1, len(source) - 1]
    places = zip(source[runs].tolist(), offset[runs].tolist(), (offset + length)[lasts].tolist())
    for number, of_source in itertools.groupby(places, operator.itemgetter(0)):
        if number == _UPPER:
            out.writelines(upper[first:end] for _, first, end in of_source)
            continue
        with files[number].open("rb") as file:
            for _, first, end in of_source:
                file.seek(first)
                out.write(file.read(end - first))
