"""Pages and the head of pack v2: all comes back, to the byte of the format, and no damage passes.

Indexes are random trees of cells with and without tables, tiles and pages of their own. Damage is tried with the CRC
made right again, so that every check of the decoders is reached.
"""

import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

from helios.errors import InputError, StoreError
from helios.packing.v2.head import MOST_BYTES, Head, decode_head, encode_head, palette_bytes
from helios.packing.v2.index import IndexEntry, Page, PagePointer, decode_page, encode_page, tiles_of
from helios.packing.v2.quantities import palette
from helios.packing.v2.side import SIDES
from tests.unit.packing.v2.scene import random_entries, random_entry


def random_page(seed, depth=3, levels=2):
    rng = np.random.default_rng(seed)
    parent = random_entry(rng, depth, 0o2345 if depth == 3 else 0, 0b0101_0101, paged=depth >= 0)
    if depth < 0:
        parent = parent._replace(extent=0, table=b"")
    return parent, random_entries(rng, parent, levels)


def random_head(seed):
    root, entries = random_page(seed, depth=-1, levels=1)
    numbers = dict(n_shards=3, stars=5_000_000_000, light=0.25, sky_length=70_000, sky_crc=1, sky_stars=8000)
    glow = dict(glow_length=19_000, glow_crc=2**32 - 1, glow_color=60, glow_n=64, sides=SIDES[::2])
    return Head(**numbers, **glow, palette=palette_bytes(), root=root, page=Page(0, 0, tuple(entries)))


def refused(data, decode):
    try:
        decode(data)
    except StoreError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("seed", range(20))
def test_a_page_comes_back(seed):
    parent, entries = random_page(seed)
    data = encode_page(parent, 17, 4, entries)
    assert decode_page(data, parent, "page") == Page(17, 4, tuple(entries))


def test_the_bytes_of_a_page_are_those_of_the_format():
    parent = IndexEntry(2, 5, 0b10000010, page=PagePointer(0, 0, 0, 0))
    table = bytes(range(12))
    pointer = PagePointer(258, 1, 2, 3)
    entries = [
        IndexEntry(3, 5 * 8 + 1, 0b1, 9, table, 200, 70_000, 0xDEADBEEF),
        IndexEntry(3, 5 * 8 + 7, 0b10, 0, b"", 1, 0, 6, pointer),
        IndexEntry(4, 5 * 64 + 8),
    ]
    tail = bytes((0x90, 0x03, 0xF0, 0xA2, 0x04)) + struct.pack("<I", 0xDEADBEEF)
    paged = bytes((2, 0, 3, 0)) + struct.pack("<IHIII", 6, 258, 1, 2, 3)
    expected = struct.pack("<II", 11, 12) + bytes((1, 9)) + table + tail + paged + bytes(2)
    assert encode_page(parent, 11, 12, entries) == expected
    assert list(tiles_of(parent, entries)) == [parent, entries[0]]


def test_entries_that_are_not_the_cells_of_the_page_are_refused():
    parent, entries = random_page(1)
    for wrong, message in (
        (entries[:-1], "holds nothing where cell"),
        (entries[1:], "holds cell .* where cell"),
        ([*entries, entries[0]], "some of no cell"),
        ([entries[0]._replace(extent=7, table=b"")], "has extent 7, table of 0"),
    ):
        with pytest.raises(InputError, match=message):
            encode_page(parent, 0, 0, wrong)


def test_every_shortened_or_lengthened_page_is_refused():
    parent, entries = random_page(2)
    data = encode_page(parent, 0, 0, entries)
    for length in range(len(data)):
        assert refused(data[:length], lambda part: decode_page(part, parent, "page 3")).startswith("page 3: damaged: ")
    assert "its cells take" in refused(data + b"\0", lambda part: decode_page(part, parent, "page 3"))


def test_cells_that_cannot_be_are_refused():
    deep = IndexEntry(19, 5, 1, page=PagePointer(0, 0, 0, 0))
    with pytest.raises(StoreError, match="cell 20:40 has children 00000001, which cannot be"):
        decode_page(encode_page(deep, 0, 0, [IndexEntry(20, 40, 1), IndexEntry(21, 320)]), deep, "page")
    spare = encode_page(deep, 0, 0, [IndexEntry(20, 40)])[:8] + bytes((0, 1))
    with pytest.raises(StoreError, match="ends at byte 10, 12 more were due"):
        decode_page(spare, deep, "page")


@pytest.mark.parametrize("seed", range(20))
def test_a_head_comes_back(seed):
    head = random_head(seed)
    data = encode_head(head)
    assert decode_head(data, "head.bin") == head
    assert len(data) <= MOST_BYTES
    assert struct.unpack_from("<IQd", data, 12) == (3, 5_000_000_000, 0.25)
    assert data[55] == 0b101
    assert zlib.crc32(data[12:]) == struct.unpack_from("<I", data, 8)[0]


def test_a_head_without_cells_comes_back():
    head = replace(random_head(1), n_shards=0, stars=8000, root=IndexEntry(-1, 0), page=Page(0, 0, ()))
    assert decode_head(encode_head(head), "head.bin") == head


def test_the_colours_of_a_head_are_the_palette():
    colors = np.frombuffer(palette_bytes(), "<u2").reshape(127, 3) / 8192
    assert np.abs(colors - palette()[:127]).max() <= 0.5 / 8192 + 1e-12


def test_a_head_that_is_too_large_is_refused():
    root = IndexEntry(-1, 0, 0b01010101, 0, b"", 10, 1, 0)
    entries, above = [], [root]
    for depth in range(4):
        mask = 255 if depth < 3 else 0
        above = [IndexEntry(depth, key, mask, 1, bytes(12)) for cell in above for key in cell.children]
        entries += above
    with pytest.raises(InputError, match=r"head of \d+ bytes, at most 8192: put more of its cells into pages"):
        encode_head(replace(random_head(1), root=root, page=Page(0, 0, tuple(entries))))


def test_heads_that_cannot_be_are_refused():
    head = random_head(3)
    data = encode_head(head)
    for damaged, message in (
        (b"HELIOSv3" + data[8:], "head.bin: not the head of a v2 pack: begins with b'HELIOSv3'"),
        (b"", "head.bin: not the head of a v2 pack"),
        (data[:10], "ends at byte"),
        (data[:-1] + bytes((data[-1] ^ 1,)), "its CRC-32 is"),
        (encode_head(replace(head, light=float("nan"))), "light nan"),
        (encode_head(replace(head, light=-1.0)), "light -1.0"),
        (encode_head(replace(head, stars=7999)), "7999 stars, 8000 of them in the sky"),
        (encode_head(replace(head, glow_color=128)), "glow of colour 128"),
        (encode_head(replace(head, glow_n=0)), "and 0 texels a side"),
        (with_sides(data, 0b1001), "head.bin: side files 00001001, of which this Helios knows 00000111"),
        (with_sides(data, 0b110), "head.bin: side files 00000110"),
        (encode_head(replace(head, n_shards=0)), "outside its 0 shards"),
        (encode_head(replace(head, root=head.root._replace(page=PagePointer(0, 0, 0, 0)))), "damaged"),
    ):
        assert message in refused(damaged, lambda part: decode_head(part, "head.bin"))


def with_sides(data, mask):
    """The head `data` with other bits of side files, at byte 55."""
    body = data[12:55] + bytes((mask,)) + data[56:]
    return data[:8] + struct.pack("<I", zlib.crc32(body)) + body


def test_every_flipped_byte_of_a_head_is_refused():
    data = encode_head(random_head(4))
    for at in range(len(data)):
        damaged = data[:at] + bytes((data[at] ^ (1 + at % 255),)) + data[at + 1 :]
        assert refused(damaged, lambda part: decode_head(part, "head.bin")).startswith("head.bin: ")


def test_damage_of_a_head_whose_crc_is_right_is_an_error_or_another_head():
    data = encode_head(random_head(5))
    rng = np.random.default_rng(6)
    messages = []
    for _ in range(1000):
        damaged = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            damaged[rng.integers(12, len(data)) if rng.random() < 0.5 else rng.integers(820, 850)] = rng.integers(256)
        if rng.random() < 0.2:
            del damaged[rng.integers(12, len(data)) :]
        damaged[8:12] = struct.pack("<I", zlib.crc32(damaged[12:]))
        message = refused(bytes(damaged), lambda part: decode_head(part, "head.bin"))
        if message:
            messages.append(message)
        else:
            assert encode_head(decode_head(bytes(damaged), "head.bin")) == damaged
    assert len(messages) > 100
    assert not any("\n" in message for message in messages)
