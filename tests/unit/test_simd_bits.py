"""Masks, sets of bits and folded sums of vectors in kernels, against numpy."""

import numpy as np
from numba import njit

from helios.simd import (
    LANES,
    any_lane,
    bits_of_rows,
    broadcast,
    iota,
    load,
    lowest_bit,
    prefetch,
    select,
    store_hsums,
)


@njit
def some_above(array, limit):
    return any_lane(load(array, 0) > limit)


@njit
def row_bits(ends):
    return bits_of_rows(load(ends, 0))


@njit
def places(bits, out):
    n = 0
    while bits:
        prefetch(out, n)
        out[n] = lowest_bit(bits)
        bits &= bits - np.uint64(1)
        n += 1
    return n


@njit
def write_sums(array, out):
    rows = load(array, 0), load(array, LANES), load(array, 2 * LANES), broadcast(np.float32(0.5))
    four = rows[0] - rows[1], iota(np.float32(1.0)), select(rows[0] > rows[1], rows[0], rows[1]), rows[0] * rows[2]
    store_hsums(out, 3, (*rows, *four, *rows, *four))


def test_a_mask_holds_anywhere_or_nowhere():
    array = np.zeros(LANES, np.float32)
    assert not some_above(array, np.float32(0.0))
    for lane in range(LANES):
        array[:] = np.nan
        array[lane] = 1.0
        assert some_above(array, np.float32(0.0))


def test_the_bits_of_rows_are_those_between_their_ends():
    draw = np.random.default_rng(0)
    for _ in range(100):
        first = draw.integers(0, 9, 8)
        behind = np.array([draw.integers(k, 9) for k in first])
        wanted = sum(1 << (8 * row + bit) for row in range(8) for bit in range(first[row], behind[row]))
        bits = row_bits(np.concatenate([behind, first]).astype(np.float32))
        assert int(bits) == wanted
        out = np.empty(65, np.int64)
        n = places(np.uint64(wanted), out)
        assert out[:n].tolist() == [k for k in range(64) if wanted >> k & 1]


def test_sixteen_sums_are_written_where_asked():
    array = np.random.default_rng(1).normal(size=3 * LANES).astype(np.float32)
    out = np.full(3 + LANES + 1, 7.0, np.float32)
    write_sums(array, out)
    a, b, c = array.reshape(3, LANES).astype(float)
    half = np.full(LANES, 0.5)
    sums = [v.sum() for v in (a, b, c, half, a - b, 1.0 + np.arange(LANES), np.maximum(a, b), a * c)] * 2
    np.testing.assert_allclose(out[3:-1], sums, rtol=1e-5, atol=1e-5)
    assert (out[:3] == 7.0).all()
    assert out[-1] == 7.0
