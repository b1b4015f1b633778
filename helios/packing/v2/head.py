"""The head of a pack v2: its totals, what the first sky needs, the colours, and the first page of the index."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from helios.errors import InputError, StoreError
from helios.packing.v2.index import (
    IndexEntry,
    Page,
    Reader,
    decode_page,
    encode_entry_tail,
    encode_page,
    read_entry,
)
from helios.packing.v2.quantities import UNKNOWN_COLOR, palette
from helios.packing.v2.side import IDS, SIDES, Side

MAGIC = b"HELIOSv2"
MOST_BYTES = 8192
"""Most bytes of a head: what does not fit into its page is in pages of the shards."""

MOST_GLOW_N = 256
_FIXED = "<IQdIIIIIBHB"
_FIELDS = (
    *("n_shards", "stars", "light", "sky_length", "sky_crc", "sky_stars"),
    *("glow_length", "glow_crc", "glow_color", "glow_n", "side_mask"),
)
_COLOR_STEPS = 8192
_PALETTE_BYTES = 2 * 3 * UNKNOWN_COLOR


@dataclass(frozen=True)
class Head:
    """What `head.bin` says.

    `stars` and `light` are those of the whole pack, light being the sum of Omega, steradians, of all stars from the
    Sun. `sky_*` describe `sky.bin`, `glow_*` `glow.bin`: its colour index and its faces of `glow_n` x `glow_n`.
    `sides` are the kinds of side files that the pack has, in the order of SIDES. `palette` are the 762 bytes of the
    colours. `root` is the root's entry, `page` its page, whose tiles begin at the first byte of the first shard.
    """

    n_shards: int
    stars: int
    light: float
    sky_length: int
    sky_crc: int
    sky_stars: int
    glow_length: int
    glow_crc: int
    glow_color: int
    glow_n: int
    sides: tuple[Side, ...]
    palette: bytes
    root: IndexEntry
    page: Page

    @property
    def side_mask(self) -> int:
        """Bit i is set where the pack has side files of the kind i."""
        return sum(1 << SIDES.index(side) for side in self.sides)


def palette_bytes() -> bytes:
    """Return the colours of the indices 0 to 126 as a head has them: uint16 [127, 3], linear RGB x 8192."""
    steps = np.clip(np.rint(palette()[:UNKNOWN_COLOR] * _COLOR_STEPS), 0, 65535)
    return steps.astype("<u2").tobytes()


def head_bytes() -> int:
    """Return the bytes of a head without the root's tile and without entries."""
    return len(MAGIC) + 4 + struct.calcsize(_FIXED) + _PALETTE_BYTES + 1 + 8


def encode_head(head: Head) -> bytes:
    """Return the bytes of `head`. Raises InputError where they are more than 8192, or the page is not the root's."""
    body = struct.pack(_FIXED, *(getattr(head, name) for name in _FIELDS))
    body += head.palette + bytes((head.root.child_mask,))
    if head.root.child_mask:
        body += encode_entry_tail(head.root)
    body += encode_page(head.root, head.page.first_star, head.page.first_tile, head.page.entries)
    data = MAGIC + struct.pack("<I", zlib.crc32(body)) + body
    if len(data) > MOST_BYTES:
        raise InputError(f"head of {len(data)} bytes, at most {MOST_BYTES}: put more of its cells into pages")
    return data


def decode_head(data: bytes, name: str) -> Head:
    """Return the head that `data` holds; `name` is what messages call it. Raises StoreError where it is damaged."""
    if data[: len(MAGIC)] != MAGIC:
        raise StoreError(f"{name}: not the head of a v2 pack: begins with {data[: len(MAGIC)]!r}")
    reader = Reader(data[len(MAGIC) :], name)
    (crc,) = reader.take("<I")
    if len(data) > MOST_BYTES:
        reader.fail(f"{len(data)} bytes, at most {MOST_BYTES}")
    if zlib.crc32(body := data[len(MAGIC) + 4 :]) != crc:
        reader.fail(f"its CRC-32 is {zlib.crc32(body):08x}, not {crc:08x}")
    fixed = dict(zip(_FIELDS, reader.take(_FIXED)))
    sides = _sides(fixed.pop("side_mask"), name)
    colors = reader.raw(_PALETTE_BYTES)
    (mask,) = reader.take("<B")
    root = read_entry(reader, -1, 0, mask)
    head = Head(**fixed, sides=sides, palette=colors, root=root, page=decode_page(reader.rest(), root, name))
    if not (math.isfinite(head.light) and head.light >= 0 and head.sky_stars <= head.stars):
        reader.fail(f"light {head.light}, {head.stars} stars, {head.sky_stars} of them in the sky")
    if head.glow_color > UNKNOWN_COLOR or not 1 <= head.glow_n <= MOST_GLOW_N:
        reader.fail(f"glow of colour {head.glow_color} and {head.glow_n} texels a side")
    shards = [entry.page.shard for entry in head.page.entries if entry.page] + [0] * (mask > 0)
    if root.page or max(shards, default=-1) >= head.n_shards:
        reader.fail(f"its cells lie outside its {head.n_shards} shards")
    return head


def _sides(mask: int, name: str) -> tuple[Side, ...]:
    """Return the kinds of side files in `mask`."""
    sides = tuple(side for bit, side in enumerate(SIDES) if mask >> bit & 1)
    if mask >> len(SIDES) or IDS not in sides:
        raise StoreError(f"{name}: side files {mask:08b}, of which this Helios knows {(1 << len(SIDES)) - 1:08b}")
    return sides
