"""Reads a pack v2: its head and pages at once, then one tile at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import StoreError
from helios.packing.pack import PackResult
from helios.packing.v2.decode import decode_tile
from helios.packing.v2.files import GLOW, HEAD, SKY, SKY_IDS, ids_name, tiles_name
from helios.packing.v2.glow import decode_glow
from helios.packing.v2.head import MOST_BYTES, Head, decode_head, palette_bytes
from helios.packing.v2.index import IndexEntry, decode_page, tiles_of
from helios.packing.v2.records import TileRecords
from helios.packing.v2.side import ID_BYTES, decode_side_block, side_block_range

REMEDY = "pack again with `helios pack`"


@dataclass(frozen=True)
class Part:
    """A part of a pack that is whole or damaged by itself: `length` bytes with CRC-32 `crc`, at `offset` of a file.

    `file` is its name. Of a tile, `cells` are the entries of its blocks and `stars` how many it has; its identifiers
    begin at `id_offset` of `id_file`. `label` is what messages call a part that is no tile. `fault` says why a part
    that the reader has already seen is damaged.
    """

    file: str
    offset: int
    length: int
    crc: int
    cells: tuple[IndexEntry, ...] = ()
    stars: int = 0
    id_file: str = ""
    id_offset: int = 0
    label: str = ""
    fault: str = ""

    @property
    def what(self) -> str:
        """What messages call the part."""
        return self.label or f"the tile of {_name(self.cells[0].depth - 1, self.cells[0].key >> 3)}"


class V2Pack:
    """A pack v2 in `folder`, a `helios.packing.pack.Pack`; its parts are the sky, the glow map, pages and tiles."""

    format = "v2"
    star_layer = None

    def __init__(self, folder: Path, head: Head, parts: list[Part], cells: int):
        self.folder, self.head, self.parts, self._cells = folder, head, parts, cells
        tiles, ids = ([name(shard) for shard in range(head.n_shards)] for name in (tiles_name, ids_name))
        self.files = (HEAD, SKY, GLOW, *tiles, SKY_IDS, *ids)

    @classmethod
    def open(cls, folder: Path) -> V2Pack:
        """Return the pack in `folder`; cost: its index.

        Raises StoreError where the head is damaged. A damaged page is found by `check`; what is below it is not known.
        """
        folder = Path(folder)
        head = decode_head(_bytes(folder / HEAD, 0, MOST_BYTES + 1), str(folder / HEAD))
        if head.palette != palette_bytes():
            raise StoreError(f"{folder / HEAD}: damaged or of another program: its colours are not those of v2")
        sky = Part(SKY, 0, head.sky_length, head.sky_crc, (head.root,), head.sky_stars, SKY_IDS, label="the sky")
        parts = [sky, Part(GLOW, 0, head.glow_length, head.glow_crc, label="the glow map")]
        return cls(folder, head, parts, _walk(folder, head, parts))

    @property
    def result(self) -> PackResult:
        """What the pack holds, as its index says; the bytes are those of all but the identifiers."""
        return PackResult(
            path=self.folder,
            cells=1 + self._cells,  # the root too, whose stars are the sky
            trained_cells=0,
            splats=self.head.stars,
            size_bytes=sum(self._size(name) for name in self.files if not name.startswith("ids-")),
            raw_splat_bytes=None,
            depth=None,
        )

    def _size(self, name: str) -> int:
        path = self.folder / name
        return path.stat().st_size if path.is_file() else 0

    def __len__(self) -> int:
        return len(self.parts)

    def check(self, number: int) -> None:
        """Read the part at `number`, with its identifiers. Raises StoreError where any byte is not what was written."""
        part = self.parts[number]
        if part.fault:
            raise StoreError(part.fault)
        if part.cells:
            read_tiles(self.folder, [part])
            read_ids(self.folder, [part])
        elif part.file == GLOW:
            decode_glow(read_part(self.folder, part), self.head.glow_n, str(self.folder / GLOW))

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


def read_ids(folder: Path, parts: Sequence[Part]) -> NDArray[np.uint64]:
    """Return the identifiers of the stars of tiles, or of the sky, in their order; those of one part after the other's.

    Raises StoreError where they are damaged.
    """
    places = [(part.id_file, part.id_offset, ID_BYTES * part.stars + 4) for part in parts]
    found = [np.zeros(0, np.uint64)]
    for part, data in zip(parts, _read(folder, places)):
        name = f"{folder / part.id_file}: {part.what}"
        found.append(decode_side_block(data, np.dtype(np.uint64), part.stars, part.crc, name))
    return np.concatenate(found)


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
    sizes = {SKY: head.sky_length, GLOW: head.glow_length, SKY_IDS: ID_BYTES * head.sky_stars + 4}
    sizes |= {name(shard): 0 for shard in range(head.n_shards) for name in (tiles_name, ids_name)}
    cells, stars, whole = 0, head.sky_stars, True
    waiting: list[IndexEntry] = [head.root]
    while waiting:
        parent = waiting.pop()
        shard, at, page = 0, 0, head.page
        if parent.page is not None:
            shard, at = parent.page.shard, parent.page.offset
            label = f"the page of {_name(parent.depth, parent.key)}"
            part = Part(tiles_name(shard), at, parent.page.length, parent.page.crc, label=label)
            try:
                page = decode_page(read_part(folder, part), parent, f"{folder / part.file}: {part.what}")
                _check_shards(page.entries, head, f"{folder / part.file}: {part.what}")
            except StoreError as error:
                parts.append(replace(part, fault=str(error)))
                whole = False
                continue
            parts.append(part)
            at += parent.page.length
        children: dict[tuple[int, int], list[IndexEntry]] = {}
        for entry in page.entries:
            children.setdefault((entry.depth, entry.key >> 3), []).append(entry)
        first, tiles = page.first_star, page.first_tile
        for cell in tiles_of(parent, page.entries):
            below = tuple(children[cell.depth + 1, cell.key])
            where, _ = side_block_range(ID_BYTES, first, tiles, cell.tile_stars)
            parts.append(
                Part(
                    *(tiles_name(shard), at, cell.tile_length, cell.tile_crc, below, cell.tile_stars),
                    *(ids_name(shard), where),
                )
            )
            at, first, tiles = at + cell.tile_length, first + cell.tile_stars, tiles + 1
            stars += cell.tile_stars
        sizes[tiles_name(shard)] = max(sizes.get(tiles_name(shard), 0), at)
        sizes[ids_name(shard)] = max(sizes.get(ids_name(shard), 0), ID_BYTES * first + 4 * tiles)
        cells += len(page.entries)
        waiting += [entry for entry in reversed(page.entries) if entry.page is not None]
    if whole and stars != head.stars:
        raise StoreError(f"{folder / HEAD}: damaged: {head.stars} stars, those of its tiles are {stars}; {REMEDY}")
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
    """What messages call a cell; without arrays, as every part has a name."""
    l, theta, phi = (sum((key >> 3 * bit + axis & 1) << bit for bit in range(depth + 1)) for axis in (2, 1, 0))
    return "the root" if depth < 0 else f"cell {depth}_{l}_{theta}_{phi}"


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
