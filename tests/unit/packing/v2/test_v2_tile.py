"""Blocks and tiles of pack v2: all comes back as it was, in the order and the size that the format says.

A second reader, `format_words`, must find the same numbers. Damage beyond the reach of a CRC is tried a thousand times.
"""

import zlib
from itertools import pairwise

import numpy as np
import pytest

from helios.errors import InputError, StoreError
from helios.packing.v2.decode import decode_tile
from helios.packing.v2.encode import encode_blocks
from helios.packing.v2.quantities import distances_m, positions_m
from helios.packing.v2.records import ProxyRecords, ShapedRecords, StarRecords
from tests.unit.packing.v2.format_words import costs, lead_of, read_block
from tests.unit.packing.v2.scene import random_key, random_proxies, random_shaped, random_stars

DEPTHS = (-1, 0, 1, 5, 11, 19, 20)


def scene(depth, seed=0, sizes=(0, 1, 2, 7, 60, 500)):
    """(keys, records of every cell) of cells of one depth, with so many stars."""
    rng = np.random.default_rng((seed, depth + 1))
    keys = [random_key(rng, depth) for _ in sizes]
    proxies = [0 if depth == 20 else int(n) for n in rng.integers(0, 130, len(sizes)) * rng.integers(0, 2, len(sizes))]
    kinds = (random_stars, sizes), (random_proxies, proxies), (random_shaped, [0, 3, 0, 0, 1, 40][: len(sizes)])
    return keys, [[make(rng, depth, key, n) for key, n in zip(keys, counts)] for make, counts in kinds]


def joined(kind, records):
    rows = np.concatenate([each.rows() for each in records], axis=1)
    return kind.from_rows(rows), np.cumsum([0, *(len(each) for each in records)])


def encoded(depth, keys, records):
    kinds = zip((StarRecords, ProxyRecords, ShapedRecords), records)
    return encode_blocks([depth] * len(keys), keys, *(part for kind, each in kinds for part in joined(kind, each)))


def sorted_rows(records):
    """The rows of records of one cell, sorted as the format says."""
    rows = records.rows()
    return rows[:, np.argsort(records.mag, kind="stable")]


@pytest.mark.parametrize("depth", DEPTHS)
def test_another_reader_finds_what_the_format_says(depth):
    keys, records = scene(depth)
    blocks = encoded(depth, keys, records)
    at = 0
    for cell, length in enumerate(blocks.lengths):
        stars, proxies, shaped, size = read_block(blocks.data[at : at + length].tobytes(), depth)
        assert size == length
        at += length
        own = sorted_rows(records[0][cell])
        widths = [23 - (depth + 1), 23 - max(depth, 0), 25 - (depth + 1)]
        for column, row, width in zip(stars[:3], own[1:4], widths):
            assert column == (row & np.uint32((1 << width) - 1)).tolist()
        assert stars[3:] == [own[5].tolist(), own[4].tolist()]
        own = sorted_rows(records[1][cell])
        left = (23 - (depth + 2), 23 - (depth + 1), 25 - (depth + 2))
        assert proxies[0] == own[0].tolist()
        for column, row, width in zip(proxies[1:4], own[1:4], left):
            cut = width - min(11, width)
            assert column == ((row & np.uint32((1 << max(width, 0)) - 1)) >> np.uint32(max(cut, 0))).tolist()
        assert proxies[4:] == [own[5].tolist(), own[6].tolist(), own[4].tolist()]
        own = sorted_rows(records[2][cell])
        for column, row, width in zip(shaped[:3], own[1:4], widths):
            assert column == ((row & np.uint32((1 << width) - 1)) >> np.uint32(max(width - 16, 0))).tolist()
        assert shaped[3:] == own[4:].tolist()
    assert at == len(blocks.data)


@pytest.mark.parametrize("depth", DEPTHS)
def test_all_comes_back(depth):
    keys, records = scene(depth)
    blocks = encoded(depth, keys, records)
    back = decode_tile(blocks.data.tobytes(), [depth] * len(keys), keys, "tile")
    given, offsets = joined(StarRecords, records[0])
    assert back.star_offsets.tolist() == offsets.tolist()
    assert (back.stars.rows() == given.rows()[:, blocks.star_order]).all()
    own = np.concatenate([sorted_rows(each) for each in records[1]], axis=1)
    found = back.proxies.rows()
    assert (found[[0, 4, 5, 6]] == own[[0, 4, 5, 6]]).all()
    for axis, left in ((1, 23 - (depth + 2)), (2, 23 - (depth + 1)), (3, 25 - (depth + 2))):
        step = 1 << max(left - 11, 0)
        assert (np.abs(found[axis].astype(int) - own[axis]) <= step // 2).all()
        assert (found[axis] % step == step // 2).all()
    own = np.concatenate([sorted_rows(each) for each in records[2]], axis=1)
    assert (back.shaped.rows()[4:] == own[4:]).all()
    assert (np.abs(back.shaped.rows()[1:4].astype(int) - own[1:4]) <= 1 << max(8 - depth, 0)).all()


def test_equal_magnitudes_keep_their_order_in_cells_of_any_size():
    rng = np.random.default_rng(8)
    for count in (2, 40, 48, 49, 400, 3000):
        stars = random_stars(rng, 4, 77, count)
        blocks = encode_blocks([4], [77], stars, [0, count])
        assert blocks.star_order.tolist() == np.argsort(stars.mag, kind="stable").tolist()


def test_the_rice_parameter_takes_the_fewest_bits_and_the_least_of_equals():
    rng = np.random.default_rng(9)
    for scale in (0, 0.1, 1, 30, 1000, 6000):
        for count in (1, 2, 9):
            mag = np.minimum(np.cumsum(rng.exponential(scale, count)), 65535).astype(np.uint16)
            stars = StarRecords(*([np.zeros(count, np.uint32)] * 3), mag, np.zeros(count, np.uint8))
            data = encode_blocks([-1], [0], stars, [0, count]).data.tobytes()
            cost = costs(np.diff(mag.astype(int)))
            assert lead_of(data)[1] == cost.index(min(cost))
            assert len(data) == 3 + -(-(31 + 71 * count + count + min(cost)) // 8)


def test_proxies_outside_their_child_are_put_to_its_nearest_edge():
    def encode(lon, col, rad):
        child = np.array([0b010], np.uint8)
        proxy = ProxyRecords(child, *(np.array([v], np.uint32) for v in (lon, col, rad)), *np.zeros((3, 1), np.uint8))
        data = encode_blocks([-1], [0], StarRecords.none(), [0, 0], proxy, [0, 1]).data.tobytes()
        back = decode_tile(data, [-1], [0], "t").proxies
        return int(back.lon[0]), int(back.col[0]), int(back.rad[0])

    half, step = 1 << 22, 1 << 11  # the child is the second half circle of longitude, the first half of distances
    assert encode(half + 5 * step + 3, 14 * step, 9) == (half + 5 * step + step // 2, 15 * step, 1 << 12)
    assert encode(half - 1, 0, (1 << 25) - 1)[0] == half + step // 2
    assert encode(0, 0, 0)[0] == (1 << 23) - step // 2  # the seam is nearer than the other edge
    assert encode(half, 0, (1 << 25) - 1)[2] == (1 << 24) - (1 << 12)


def test_stars_may_be_a_step_outside_their_cell_and_no_more():
    depth, key = 3, 0o2034
    inside = random_stars(np.random.default_rng(3), depth, key, 1)
    width = 23 - (depth + 1)
    edge = (int(inside.lon[0]) >> width) << width

    def encode(lon):
        stars = StarRecords(np.array([lon], np.uint32), inside.col, inside.rad, inside.mag, inside.color)
        return decode_tile(encode_blocks([depth], [key], stars, [0, 1]).data.tobytes(), [depth], [key], "t").stars.lon

    assert encode(edge - 1) == edge
    with pytest.raises(InputError, match=r"cell 3_\d+_\d+_\d+: a star or splat lies outside it"):
        encode(edge - 2)


def test_what_cannot_be_is_refused():
    rng = np.random.default_rng(1)
    stars, proxies = random_stars(rng, 2, 5, 3), random_proxies(rng, 2, 5, 3)
    none = StarRecords.none()
    for message, depth, key, arguments in (
        ("offsets of 3 records go from 0 to 2", [2], [5], (stars, [0, 2])),
        ("depth 21", [21], [5], (none, [0, 0])),
        ("no cell of depth 0", [0], [5], (none, [0, 0])),
        ("has no children", [20], [5], (none, [0, 0], proxies, [0, 3])),
        ("must be 0 to 7, even in the root", [-1], [0], (none, [0, 0], random_proxies(rng, 0, 2, 30), [0, 30])),
        ("more than 7 bits", [2], [5], (StarRecords(*stars.rows()[1:4], stars.mag, stars.color | 128), [0, 3])),
    ):
        with pytest.raises(InputError, match=message):
            encode_blocks(depth, key, *arguments)


def test_tiles_are_their_cells():
    keys, records = scene(5)
    blocks = encoded(5, keys, records)
    lengths, crcs = blocks.tiles([0, 2, 3, 6])
    assert lengths.tolist() == [blocks.lengths[i:j].sum() for i, j in ((0, 2), (2, 3), (3, 6))]
    ends = np.cumsum([0, *lengths])
    assert crcs.tolist() == [zlib.crc32(blocks.data[i:j].tobytes()) for i, j in pairwise(ends)]


def test_every_shortened_or_lengthened_tile_is_refused():
    keys, records = scene(5, sizes=(3, 9))
    data = encoded(5, keys, records).data.tobytes()
    for length in range(len(data)):
        with pytest.raises(StoreError, match=r"tile 7: damaged: .*"):
            decode_tile(data[:length], [5, 5], keys, "tile 7")
    with pytest.raises(StoreError, match=r"tile 7: damaged: \d+ bytes, its cells take \d+"):
        decode_tile(data + b"\0", [5, 5], keys, "tile 7")


@pytest.mark.parametrize("depth", [-1, 5, 20])
def test_damage_that_no_crc_sees_is_an_error_or_other_records_of_no_more_bytes(depth):
    keys, records = scene(depth, sizes=(0, 1, 60, 20))
    whole = encoded(depth, keys, records).data.tobytes()
    rng = np.random.default_rng(11)
    messages = []
    for _ in range(1000):
        data = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(0, len(data)) if rng.random() < 0.7 else rng.integers(0, 12)] = rng.integers(0, 256)
        if rng.random() < 0.2:
            del data[rng.integers(0, len(data)) :]
        try:
            back = decode_tile(bytes(data), [depth] * len(keys), keys, "tile")
        except StoreError as error:
            messages.append(str(error))
            continue
        star, proxy = (11, 12) if depth == 20 else (56, 45)
        assert star * len(back.stars) + proxy * len(back.proxies) + 100 * len(back.shaped) <= 8 * len(data)
        assert (np.diff(back.stars.mag.astype(int)) < 0).sum() < len(keys)
        assert np.isfinite(positions_m(back.stars.lon, back.stars.col, back.stars.rad)).all()
        assert (distances_m(back.proxies.rad) > 0).all()
        assert not (back.proxies.mag & 1).any()
    assert len(messages) > 100
    assert not any("\n" in message for message in messages)
