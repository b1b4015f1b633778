"""Reads a pack v2: its head and pages at once, then one tile at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import StoreError
from helios.grid import CellId
from helios.packing.pack import PackResult
from helios.packing.v2.decode import decode_tile
from helios.packing.v2.files import GLOW, HEAD, SKY, SKY_STEM, shard_stem, tiles_name
from helios.packing.v2.glow import decode_glow
from helios.packing.v2.head import MOST_BYTES, Head, decode_head, palette_bytes
from helios.packing.v2.index import IndexEntry, decode_page, tiles_of
from helios.packing.v2.records import TileRecords
from helios.packing.v2.side import Side, side_block_fault, side_block_range, side_records

REMEDY = "pack again with `helios pack`"


@dataclass(frozen=True)
class Part:
    """A part of a pack that is whole or damaged by itself: `length` bytes with CRC-32 `crc`, at `offset` of a file.

    `file` is its name. Of a tile, `cells` are the entries of its blocks and `stars` how many it has; the side files
    whose names end in `stem` have `first_star` stars and `first_tile` tiles before it. `page_of` is the cell of a page.
    `label` is what messages call a part that is neither. `fault` says why a part that the reader has already seen is
    damaged.
    """

    file: str
    offset: int
    length: int
    crc: int
    cells: tuple[IndexEntry, ...] = ()
    stars: int = 0
    stem: str = ""
    first_star: int = 0
    first_tile: int = 0
    page_of: IndexEntry | None = None
    label: str = ""
    fault: str = ""

    @property
    def what(self) -> str:
        """What messages call the part."""
        if self.label:
            return self.label
        if self.page_of:
            return f"the page of {_name(self.page_of.depth, self.page_of.key)}"
        return f"the tile of {_name(self.cells[0].depth - 1, self.cells[0].key >> 3)}"

    def side_place(self, side: Side) -> tuple[str, int, int]:
        """Return (file, offset, length) of the block of the tile's stars in their `side` file."""
        before = self.first_star, self.first_tile
        return side.file(self.stem), *side_block_range(side.record.itemsize, *before, self.stars)


class V2Pack:
    """A pack v2 in `folder`, a `helios.packing.pack.Pack`; its parts are the sky, the glow map, pages and tiles."""

    format = "v2"
    star_layer = None

    def __init__(self, folder: Path, head: Head, parts: list[Part], cells: int):
        self.folder, self.head, self.parts, self._cells = folder, head, parts, cells
        stems = [SKY_STEM, *map(shard_stem, range(head.n_shards))]
        self._drawn = (HEAD, SKY, GLOW, *map(tiles_name, range(head.n_shards)))
        self.files = (*self._drawn, *(side.file(stem) for side in head.sides for stem in stems))

    @classmethod
    def open(cls, folder: Path) -> V2Pack:
        """Return the pack in `folder`; cost: its index.

        Raises StoreError where the head is damaged. A damaged page is found by `check`; what is below it is not known.
        """
        folder = Path(folder)
        head = decode_head(_bytes(folder / HEAD, 0, MOST_BYTES + 1), str(folder / HEAD))
        if head.palette != palette_bytes():
            raise StoreError(f"{folder / HEAD}: damaged or of another program: its colours are not those of v2")
        sky = Part(SKY, 0, head.sky_length, head.sky_crc, (head.root,), head.sky_stars, SKY_STEM, label="the sky")
        parts = [sky, Part(GLOW, 0, head.glow_length, head.glow_crc, label="the glow map")]
        return cls(folder, head, parts, _walk(folder, head, parts))

    @property
    def result(self) -> PackResult:
        """What the pack holds, as its index says; the bytes are those of all but the side files."""
        return PackResult(
            path=self.folder,
            cells=1 + self._cells,  # the root too, whose stars are the sky
            trained_cells=0,
            splats=self.head.stars,
            size_bytes=sum(map(self._size, self._drawn)),
            raw_splat_bytes=None,
            depth=None,
        )

    def _size(self, name: str) -> int:
        path = self.folder / name
        return path.stat().st_size if path.is_file() else 0

    def __len__(self) -> int:
        return len(self.parts)

    def check(self, number: int) -> None:
        """Read the part at `number`, with its side files. Raises StoreError where any byte is not what was written."""
        part = self.parts[number]
        if part.fault:
            raise StoreError(part.fault)
        if part.cells:
            read_tiles(self.folder, [part])
            for side in self.head.sides:
                read_side(self.folder, side, [part])
        elif part.file == GLOW:
            decode_glow(read_part(self.folder, part), self.head.glow_n, str(self.folder / GLOW))

    def check_sums(self, parts: Sequence[Part]) -> None:
        """Read `parts`, with their side files. Raises StoreError where one does not have its CRC-32."""
        for part in parts:
            if part.fault:
                raise StoreError(part.fault)
        places = [(part.file, part.offset, part.length) for part in parts]
        for part, data in zip(parts, _read(self.folder, places)):
            _checked(self.folder, part, data)
        tiles = [part for part in parts if part.cells]
        for side in self.head.sides:
            for _ in _side_blocks(self.folder, side, tiles):
                pass

    def tiles(self) -> list[Part]:
        """The sky and all tiles, in order."""
        return [part for part in self.parts if part.cells]


def read_part(folder: Path, part: Part) -> bytes:
    """Return the bytes of `part`. Raises StoreError where they are not all there, or do not have their CRC-32."""
    return _checked(folder, part, _bytes(folder / part.file, part.offset, part.length))


def _checked(folder: Path, part: Part, data: bytes) -> bytes:
    """Return `data`, what was read of `part`. Raises StoreError where it is not what was written."""
    if len(data) != part.length:
        fault = f"{len(data)} of its {part.length} bytes are there"
    elif (crc := zlib.crc32(data)) != part.crc:
        fault = f"its CRC-32 is {crc:08x}, not {part.crc:08x}"
    else:
        return data
    raise StoreError(f"{folder / part.file}: {part.what}: damaged: {fault}; {REMEDY}")


def read_tiles(folder: Path, parts: Sequence[Part]) -> TileRecords:
    """Return what the blocks of tiles, or of the sky, hold, those of one part after the other's.

    Raises StoreError where one is damaged.
    """
    name = f"{folder / parts[0].file}: {parts[0].what}" if len(parts) == 1 else f"{folder}: tiles"
    cells = [cell for part in parts for cell in part.cells]
    depth, key = ([getattr(cell, field) for cell in cells] for field in ("depth", "key"))
    places = [(part.file, part.offset, part.length) for part in parts]
    data = b"".join(_checked(folder, part, data) for part, data in zip(parts, _read(folder, places)))
    tile = decode_tile(data, np.array(depth, np.int64), np.array(key, np.uint64), name)
    ends = tile.star_offsets[np.cumsum([0, *(len(part.cells) for part in parts)])]
    if not np.array_equal(stars := np.diff(ends), said := [part.stars for part in parts]):
        raise StoreError(f"{name}: damaged: {stars.tolist()} stars, the index says {said}")
    masks = np.repeat(np.array([cell.child_mask for cell in cells], np.uint8), np.diff(tile.proxy_offsets))
    if not (masks >> tile.proxies.child & 1).all():
        raise StoreError(f"{name}: damaged: has proxies of cells that the index lacks")
    return tile


def read_side(folder: Path, side: Side, parts: Sequence[Part]) -> NDArray:
    """Return the records, [N] or [N, k], in the `side` files of the stars of tiles, or of the sky, in their order.

    Those of one part come after the other's. Raises StoreError where they are damaged.
    """
    found = [side_records(data, side.record) for data in _side_blocks(folder, side, parts)]
    return np.concatenate([np.zeros(0, side.record), *found])


def _side_blocks(folder: Path, side: Side, parts: Sequence[Part]) -> Iterator[bytes]:
    """Yield the block of each of `parts` in their `side` files. Raises StoreError where one is damaged."""
    places = [part.side_place(side) for part in parts]
    for part, (file, *_), data in zip(parts, places, _read(folder, places)):
        if fault := side_block_fault(data, side.record, part.stars, part.crc):
            raise StoreError(f"{folder / file}: {part.what}: {fault}")
        yield data


def _read(folder: Path, places: Sequence[tuple[str, int, int]]) -> Iterator[bytes]:
    """Yield what is in each of `places`, (file, offset, length); what lies side by side is read at once.

    At the end of a file less may be there.

    Raises StoreError where a file cannot be read.
    """
    start = 0
    while start < len(places):
        file, begin, length = places[start]
        stop, end = start + 1, begin + length
        while stop < len(places) and places[stop][:2] == (file, end):
            end += places[stop][2]
            stop += 1
        data = memoryview(_bytes(folder / file, begin, end - begin))
        for _, at, size in places[start:stop]:
            yield bytes(data[at - begin : at - begin + size])
        start = stop


def _walk(folder: Path, head: Head, parts: list[Part]) -> int:
    """Append the pages and tiles of the pack to `parts`, and what is wrong with its files; return how many cells."""
    sizes = {SKY: head.sky_length, GLOW: head.glow_length} | {tiles_name(shard): 0 for shard in range(head.n_shards)}
    ends = {SKY_STEM: (head.sky_stars, 1)} | {shard_stem(shard): (0, 0) for shard in range(head.n_shards)}
    cells, stars, whole = 0, head.sky_stars, True
    waiting: list[IndexEntry] = [head.root]
    while waiting:
        parent = waiting.pop()
        shard, at, page = 0, 0, head.page
        if parent.page is not None:
            shard, at = parent.page.shard, parent.page.offset
            part = Part(tiles_name(shard), at, parent.page.length, parent.page.crc, page_of=parent)
            try:
                data, name = read_part(folder, part), f"{folder / part.file}: {part.what}"
                page = decode_page(data, parent, name)
                _check_shards(page.entries, head, name)
            except StoreError as error:
                parts.append(replace(part, fault=str(error)))
                whole = False
                continue
            parts.append(part)
            at += parent.page.length
        file, stem, first, tiles, begin = tiles_name(shard), shard_stem(shard), page.first_star, page.first_tile, 0
        for cell in tiles_of(parent, page.entries):
            end = begin + cell.child_mask.bit_count()  # breadth first: a family is together, in the order of the tiles
            tile = cell.tile_length, cell.tile_crc, page.entries[begin:end], cell.tile_stars
            parts.append(Part(file, at, *tile, stem, first, tiles))
            begin = end
            at, first, tiles = at + cell.tile_length, first + cell.tile_stars, tiles + 1
            stars += cell.tile_stars
        sizes[file] = max(sizes.get(file, 0), at)
        ends[stem] = max(ends.get(stem, (0, 0)), (first, tiles))
        cells += len(page.entries)
        waiting += [entry for entry in reversed(page.entries) if entry.page is not None]
    if whole and stars != head.stars:
        raise StoreError(f"{folder / HEAD}: damaged: {head.stars} stars, those of its tiles are {stars}; {REMEDY}")
    for side in head.sides:
        blocks = {stem: side_block_range(side.record.itemsize, *end, 0) for stem, end in ends.items()}
        sizes |= {side.file(stem): end for stem, (end, _) in blocks.items()}
    for name, size in sizes.items() if whole else ():
        found = (folder / name).stat().st_size if (folder / name).is_file() else 0
        if found > size:
            fault = f"{folder / name}: damaged: {found} bytes, {size} of them of its parts; {REMEDY}"
            parts.append(Part(name, size, found - size, 0, label="its end", fault=fault))
    return cells


def _check_shards(entries: Iterable[IndexEntry], head: Head, name: str) -> None:
    if any(entry.page is not None and entry.page.shard >= head.n_shards for entry in entries):
        raise StoreError(f"{name}: damaged: a page lies outside the {head.n_shards} shards")


def _name(depth: int, key: int) -> str:
    """What messages call a cell."""
    return "the root" if depth < 0 else f"cell {CellId.of_key(depth, key)}"


def _bytes(path: Path, offset: int, length: int) -> bytes:
    """Return up to `length` bytes of the file at `path`. Raises StoreError where it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except FileNotFoundError as error:
        raise StoreError(f"{path}: missing; {REMEDY}") from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; {REMEDY}") from error
