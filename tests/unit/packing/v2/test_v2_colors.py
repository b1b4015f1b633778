"""Colours of stars and proxies in pack v2, Rice codes around a colour of the block: any come back, others are refused.

A colour may take a single bit, so what a reader believes of a count is tried here too.
"""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from helios.errors import StoreError
from helios.packing.v2.decode import decode_tile
from helios.packing.v2.encode import encode_blocks
from helios.packing.v2.records import StarRecords
from tests.unit.packing.v2.format_words import costs, lead_of
from tests.unit.packing.v2.scene import random_proxies, random_stars


@pytest.mark.parametrize("seed", range(12))
def test_colours_of_any_spread_come_back_in_the_fewest_bits_around_their_lower_median(seed):
    rng = np.random.default_rng((10, seed))
    count = int(rng.choice([1, 2, 3, 30, 120]))
    spread = [
        rng.integers(0, 128, count),
        np.full(count, 127),
        127 * rng.integers(0, 2, count),
        127 * (rng.random(count) < 0.02),
        np.where(rng.random(count) < 0.1, 127, rng.normal(40, 12, count).clip(0, 126)).astype(int),
    ]
    for colors in spread:
        for some in (random_stars, random_proxies):
            records = some(rng, 4, 0o1234, count)
            records = replace(records, color=colors.astype(np.uint8))
            none, kind = StarRecords.none(), (records, [0, count])
            arguments = kind if some is random_stars else (none, [0, 0], *kind)
            data = encode_blocks([4], [0o1234], *arguments).data.tobytes()
            back = decode_tile(data, [4], [0o1234], "tile")
            found = (back.stars if some is random_stars else back.proxies).color
            assert found.tolist() == colors[np.argsort(records.mag, kind="stable")].tolist()
            reference = sorted(colors.tolist())[(count - 1) // 2]
            cost = costs([2 * (c - reference) if c >= reference else 2 * (reference - c) - 1 for c in colors.tolist()])
            assert lead_of(data)[2:] == [reference, cost.index(min(cost))]


def block_of_a_star(reference, code):
    """The root's block of a star, with a reference colour and what is in place of the Rice code of its colour."""
    fields = [(11000, 16), (0, 4), (reference, 7), (0, 4), (0, 23), (0, 23), (0, 25)]
    text = "".join(f"{value:0{width}b}"[::-1] for value, width in fields) + code
    text += "0" * (-len(text) % 8)
    return bytes([1, 0, 0, *(int(text[i : i + 8][::-1], 2) for i in range(0, len(text), 8))])


def test_a_colour_that_cannot_be_is_refused():
    escaped = "1" * 24 + f"{2 * 127:016b}"[::-1]
    for reference, code, color in ((127, "0", 127), (1, "10", 0), (125, "11110", 127), (0, escaped, 127)):
        assert decode_tile(block_of_a_star(reference, code), [-1], [0], "t").stars.color.tolist() == [color]
    beyond = "1" * 24 + f"{65535:016b}"[::-1]
    for reference, code in ((127, "110"), (0, "10"), (1, "1110"), (1, escaped), (64, beyond)):
        with pytest.raises(StoreError, match="t: damaged: the block of its cell 0 has a colour outside 0 to 127"):
            decode_tile(block_of_a_star(reference, code), [-1], [0], "t")


def test_a_count_is_believed_only_where_so_many_records_can_be():
    stars = [np.full(6, value, np.uint8) for value in (0, 0, 0, 0, 50)]
    data = encode_blocks([20], [0], StarRecords.from_rows(np.array([stars[0], *stars], np.uint32)), [0, 6]).data
    assert len(data) == 3 + (31 + 6 * (2 + 3 + 4) + 6 + 5) // 8  # to the bit: each code has one
    assert len(decode_tile(data, [20], [0], "t").stars) == 6
    for kind in range(3):
        for count in (7, 100, 1 << 34):
            counts = [varint(count if each == kind else 0) for each in range(3)]
            tracemalloc.start()
            with pytest.raises(StoreError, match="ends before the records it announces"):
                decode_tile(b"".join(counts) + data[3:].tobytes(), [20 if kind == 0 else 15], [0], "t")
            assert tracemalloc.get_traced_memory()[1] < 100_000
            tracemalloc.stop()


def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)
