"""The index of pack v2: what is said of each cell, and the pages that say it, each before its tiles in a shard."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from helios.errors import InputError, StoreError
from helios.grid import MAX_DEPTH

TABLE_BYTES = 12
"""Errors of a cell's proxies in blocks of its extent D, D/2, ... D/32, for views along the line from the Sun, then
across it."""


@dataclass(frozen=True)
class PagePointer:
    """Where the page of a cell lies: bytes `offset` to `offset` + `length` of a shard, with their CRC-32."""

    shard: int
    offset: int
    length: int
    crc: int


class IndexEntry(NamedTuple):
    """What the index says of the cell `key` of `depth`; the root is key 0 of depth -1.

    Bit k of `child_mask` is set where it has a child k; only with children has it a tile, in which these lie:
    `tile_length` bytes with `tile_stars` stars and CRC-32 `tile_crc`. `extent` is 0, with an empty `table`, or the
    extent with the 12 bytes of the table (`quantities`). `page` is where the entries of its children are, if they
    are not in the same page.
    """

    depth: int
    key: int
    child_mask: int = 0
    extent: int = 0
    table: bytes = b""
    tile_length: int = 0
    tile_stars: int = 0
    tile_crc: int = 0
    page: PagePointer | None = None

    @property
    def children(self) -> list[int]:
        """The keys of its children, ascending."""
        return [self.key << 3 | k for k in range(8) if self.child_mask >> k & 1]


@dataclass(frozen=True)
class Page:
    """A page: its entries in the order of the format, and the stars and tiles that its shard has before its tiles."""

    first_star: int
    first_tile: int
    entries: tuple[IndexEntry, ...]


def tiles_of(parent: IndexEntry, entries: Iterable[IndexEntry]) -> Iterator[IndexEntry]:
    """Yield the cells whose tiles follow the page of `parent` with these `entries`, in the order of the tiles."""
    if parent.child_mask:
        yield parent
    yield from (entry for entry in entries if entry.child_mask and entry.page is None)


def encode_entry_tail(entry: IndexEntry) -> bytes:
    """Return what the format says of the tile and the page of a cell with children."""
    tail = _varint(entry.tile_length * 2 + (entry.page is not None)) + _varint(entry.tile_stars)
    tail += struct.pack("<I", entry.tile_crc)
    if entry.page is None:
        return tail
    return tail + struct.pack("<HIII", entry.page.shard, entry.page.offset, entry.page.length, entry.page.crc)


def encode_page(parent: IndexEntry, first_star: int, first_tile: int, entries: Sequence[IndexEntry]) -> bytes:
    """Return the page of `parent`. Raises InputError where `entries` are not its cells, breadth first."""
    out, given = [struct.pack("<II", first_star, first_tile)], iter(entries)
    queue, cell = deque([parent]), None
    while queue:
        above = queue.popleft()
        for key in above.children:
            cell = next(given, None)
            if cell is None or (cell.depth, cell.key) != (above.depth + 1, key):
                said = "nothing" if cell is None else f"cell {cell.depth}:{cell.key}"
                raise InputError(f"page: holds {said} where cell {above.depth + 1}:{key} is due")
            if len(cell.table) != (TABLE_BYTES if cell.extent else 0):
                raise InputError(f"page: cell {cell.depth}:{key} has extent {cell.extent}, table of {len(cell.table)}")
            out.append(bytes((cell.child_mask, cell.extent)) + cell.table)
            if cell.child_mask:
                out.append(encode_entry_tail(cell))
                if cell.page is None:
                    queue.append(cell)
    if next(given, None) is not None:
        raise InputError(f"page of cell {parent.depth}:{parent.key}: {len(entries)} entries, some of no cell of it")
    return b"".join(out)


def decode_page(data: bytes, parent: IndexEntry, name: str) -> Page:
    """Return the page of `parent` that `data` holds; `name` is what messages call it.

    Raises StoreError where the bytes are not a page and nothing but it. The caller has compared its CRC-32.
    """
    reader = Reader(data, name)
    first_star, first_tile = reader.take("<II")
    entries, queue = [], deque([parent])
    while queue:
        above = queue.popleft()
        for key in above.children:
            mask, extent = reader.raw(2)
            child = read_entry(reader, above.depth + 1, key, mask, extent, reader.raw(TABLE_BYTES) if extent else b"")
            entries.append(child)
            if mask and child.page is None:
                queue.append(child)
    reader.finish()
    return Page(first_star, first_tile, tuple(entries))


def read_entry(reader: Reader, depth: int, key: int, mask: int, extent: int = 0, table: bytes = b"") -> IndexEntry:
    """Return the entry of a cell, with its tile and page, which `reader` reads if it has children."""
    if not mask:
        return IndexEntry(depth, key, mask, extent, table)
    if depth >= MAX_DEPTH or (depth < 0 and mask & 0xAA):
        reader.fail(f"cell {depth}:{key} has children {mask:08b}, which cannot be")
    coded, stars = reader.varint(), reader.varint()
    (crc,) = reader.take("<I")
    page = PagePointer(*reader.take("<HIII")) if coded & 1 else None
    return IndexEntry(depth, key, mask, extent, table, coded >> 1, stars, crc, page)


class Reader:
    """Reads numbers from bytes, one after the other; raises StoreError with `name` at their end."""

    def __init__(self, data: bytes, name: str):
        self._data, self._name, self._at = data, name, 0

    def fail(self, why: str) -> NoReturn:
        """Raise the StoreError that says `why` these bytes are damaged."""
        raise StoreError(f"{self._name}: damaged: {why}")

    def _pass(self, count: int) -> int:
        """Return where the next `count` bytes are, which are then behind."""
        at = self._at
        if at + count > len(self._data):
            self.fail(f"ends at byte {len(self._data)}, {count} more were due at {at}")
        self._at = at + count
        return at

    def raw(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        begin, end = self._at, self._at + count
        if end > len(self._data):
            self._pass(count)
        self._at = end
        return self._data[begin:end]

    def take(self, form: str) -> tuple:
        """Return the next numbers, in the form of `struct`."""
        return struct.unpack_from(form, self._data, self._pass(struct.calcsize(form)))

    def varint(self) -> int:
        """Return the next unsigned LEB128, of at most 5 bytes and none of them spare."""
        data, value = self._data, 0
        for shift in range(0, 35, 7):
            at = self._at
            if at == len(data):
                self._pass(1)
            byte = data[at]
            self._at = at + 1
            value |= (byte & 127) << shift
            if byte < 128 and not (byte == 0 and shift):
                return value
            if byte == 0:
                break
        self.fail(f"holds no number at byte {self._at}")

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.raw(len(self._data) - self._at)

    def finish(self) -> None:
        """Raise StoreError where something is left."""
        if self._at != len(self._data):
            self.fail(f"{len(self._data)} bytes, its cells take {self._at}")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
