"""Vectors inside kernels against numpy, lane by lane: whatever the compiler makes of them on this machine's registers.

The numbers are whole or halves, so that every result is exact and a lane in the wrong place shows.
"""

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from helios.render.lane_memory import add_bits, add_totals, load, load_pixels, store, store_pixels, total
from helios.render.lanes import LANES, bounded, ceil, choose, floor, nearest, ramp, root, spread, times_power_of_two

A = np.arange(-8, 8, dtype=np.float32) / 2
B = np.arange(16, dtype=np.float32)[::-1] - 5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_operators_and_functions_are_those_of_numpy(dtype):
    @njit
    def kernel(a, b, two, half, out):
        x, y = load(a, 0), load(b, 0)
        n = out.shape[1]
        store(out, 0, x + y * two)
        store(out, n, half - x / two)
        store(out, 2 * n, floor(x))
        store(out, 3 * n, ceil(x))
        store(out, 4 * n, nearest(x))
        store(out, 5 * n, root(y * y))
        store(out, 6 * n, choose(x, half, y, two))
        store(out, 7 * n, bounded(x, -half, two))
        store(out, 8 * n, ramp(half))

    count = LANES * 4 // np.dtype(dtype).itemsize
    a, b, out = A[-count:].astype(dtype), B[:count].astype(dtype), np.empty((9, count), dtype)
    kernel(a, b, dtype(2), dtype(0.5), out)
    expected = [
        a + 2 * b, 0.5 - a / 2, np.floor(a), np.ceil(a), np.rint(a), abs(b), np.where(a >= 0.5, b, 2),
        np.clip(a, -0.5, 2), 0.5 + np.arange(count),
    ]  # fmt: skip
    np.testing.assert_array_equal(out, expected)


def test_nan_is_never_at_least_and_is_bounded_by_the_lower_bound():
    @njit
    def kernel(a, out):
        x = load(a, 0)
        store(out, 0, choose(x, x, np.float32(1.0), np.float32(0.0)))
        store(out, LANES, bounded(x, np.float32(2.0), np.float32(3.0)))

    out = np.empty((2, LANES), np.float32)
    kernel(np.full(LANES, np.nan, np.float32), out)
    np.testing.assert_array_equal(out, [[0.0] * LANES, [2.0] * LANES])


def test_powers_of_two_reach_the_bits_of_the_exponent():
    @njit
    def kernel(a, out):
        store(out, 0, times_power_of_two(spread(np.float32(1.5)), load(a, 0)))

    whole, out = np.linspace(-126, 114, LANES, dtype=np.float32), np.empty(LANES, np.float32)
    kernel(whole, out)
    np.testing.assert_array_equal(out, 1.5 * 2.0 ** whole.astype(np.float64))


def test_sums_over_lanes_are_added_to_their_places():
    @njit
    def kernel(table, sums):
        xs = (
            load(table, 0), load(table, 16), load(table, 32), load(table, 48), load(table, 64), load(table, 80),
            load(table, 96), load(table, 112),
        )  # fmt: skip
        add_totals(sums, 1, xs)
        sums[9] += total(xs[3])

    table = np.random.default_rng(0).integers(-99, 99, (8, LANES)).astype(np.float32)
    sums = np.ones(10)
    kernel(table, sums)
    np.testing.assert_array_equal(sums, 1 + np.r_[0, table.sum(axis=1), table[3].sum()])


def test_pixels_are_taken_apart_and_put_together():
    @njit
    def kernel(image, channels, copy):
        red, green, blue = load_pixels(image, 3)
        store(channels, 0, red)
        store(channels, LANES, green)
        store(channels, 2 * LANES, blue)
        store_pixels(copy, 3, red, green, blue)

    image = np.arange(3.0 * (LANES + 2), dtype=np.float32).reshape(-1, 3)
    channels, copy = np.empty((3, LANES), np.float32), np.full_like(image, -1)
    kernel(image, channels, copy)
    np.testing.assert_array_equal(channels, image[1:-1].T)
    np.testing.assert_array_equal(copy[1:-1], image[1:-1])
    assert (copy[[0, -1]] == -1).all()


def test_bits_are_set_from_the_first_to_before_the_end():
    @njit
    def kernel(first, end, masks):
        add_bits(masks, 0, load(first, 0), load(end, 0))

    first, end = np.array([0.0, 3, 5, 7, 0, 50, 61, 9]), np.array([0.0, 4, 9, 7, 62, 52, 62, 40])
    masks = np.full(8, 1 << 10, np.int64)
    kernel(first, end, masks)
    assert masks.tolist() == [(1 << 10) | (1 << int(e)) - (1 << int(f)) for f, e in zip(first, end)]


def test_what_is_not_contiguous_or_not_of_one_type_is_refused():
    @njit
    def kernel(a, number):
        return total(load(a, 0) + number)

    with pytest.raises(TypingError):
        kernel(np.zeros((LANES, 2), np.float32)[:, 0], np.float32(1.0))
    with pytest.raises(TypingError):
        kernel(np.zeros(LANES, np.float32), 1.0)
