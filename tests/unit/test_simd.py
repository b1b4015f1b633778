"""Vectors inside kernels against numpy, lane by lane: whatever the compiler makes of them on this machine's registers.

The numbers are whole or halves, so that every result is exact and a lane in the wrong place shows; NaN, infinities and
zeros of both signs stand where an operation says what becomes of them. Stacks of rows have other numbers in each row.
"""

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from helios import simd
from helios.simd import (
    LANES,
    add_hsums,
    broadcast,
    ceil,
    clamp,
    fabs,
    first_n,
    floor,
    frexp,
    hsum,
    iota,
    ldexp,
    load,
    load_first,
    load_pixels,
    load_rows,
    repeat_pixels,
    rint,
    select,
    set_bits,
    sign,
    slide,
    sqrt,
    store,
    store_first,
    store_pixels,
    store_rows,
    sum_pixel_pairs,
    take_rows,
    transpose,
)
from tests.unit import test_simd_bits

A = np.arange(-8, 8, dtype=np.float32) / 2
B = np.arange(16, dtype=np.float32)[::-1] - 5
SPECIAL = np.resize(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -2.5], np.float32), LANES)
TABLE = np.arange(12 * LANES, dtype=np.float32).reshape(12, LANES) - 50
PITCH = 2 * LANES
ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)


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
        store(out, 4 * n, rint(x))
        store(out, 5 * n, sqrt(y * y))
        store(out, 6 * n, select(x >= half, y, two))
        store(out, 7 * n, clamp(x, -half, two))
        store(out, 8 * n, iota(half))
        store(out, 9 * n, fabs(x))
        store(out, 10 * n, sign(x))
        store(out, 11 * n, broadcast(half))
        store(out, 12 * n, two / (y * two + half))

    count = LANES * 4 // np.dtype(dtype).itemsize
    a, b, out = A[-count:].astype(dtype), B[:count].astype(dtype), np.empty((13, count), dtype)
    kernel(a, b, dtype(2), dtype(0.5), out)
    expected = [
        a + 2 * b, 0.5 - a / 2, np.floor(a), np.ceil(a), np.rint(a), abs(b), np.where(a >= 0.5, b, 2),
        np.clip(a, -0.5, 2), 0.5 + np.arange(count), abs(a), np.sign(a), np.full(count, 0.5),
    ]  # fmt: skip
    np.testing.assert_array_equal(out[:-1], expected)
    # By way of a reciprocal that is estimated and refined: a last digit or two.
    np.testing.assert_allclose(out[-1], 2 / (2 * b + 0.5), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_comparisons_are_those_of_numpy_and_never_hold_for_nan(dtype):
    @njit
    def kernel(a, b, one, zero, out):
        x, y = load(a, 0), load(b, 0)
        n = out.shape[1]
        store(out, 0, select(x >= y, one, zero))
        store(out, n, select(x > y, one, zero))
        store(out, 2 * n, select(x <= y, one, zero))
        store(out, 3 * n, select(x < y, one, zero))
        store(out, 4 * n, select(one > y, x, zero))

    count = LANES * 4 // np.dtype(dtype).itemsize
    a, b = SPECIAL[:count].astype(dtype), SPECIAL[-count:].astype(dtype)
    a[::3] = b[::3]
    out = np.empty((5, count), dtype)
    kernel(a, b, dtype(1), dtype(0), out)
    np.testing.assert_array_equal(out, [a >= b, a > b, a <= b, a < b, np.where(b < 1, a, 0)])


def test_special_values_survive():
    @njit
    def kernel(a, out):
        x = load(a, 0)
        store(out, 0, clamp(x, TWO, np.float32(3)))
        store(out, LANES, sqrt(x))
        store(out, 2 * LANES, fabs(x))
        store(out, 3 * LANES, sign(x))
        store(out, 4 * LANES, floor(x) + ceil(x) - rint(x))
        store(out, 5 * LANES, x / ZERO)

    out = np.empty((6, LANES), np.float32)
    kernel(SPECIAL, out)
    with np.errstate(all="ignore"):
        clamped = np.where(np.isnan(SPECIAL), 2, np.clip(SPECIAL, 2, 3))
        whole = np.floor(SPECIAL) + np.ceil(SPECIAL) - np.rint(SPECIAL)
        signs = np.nan_to_num(np.sign(SPECIAL), nan=0)
        expected = [clamped, np.sqrt(SPECIAL), abs(SPECIAL), signs, whole, SPECIAL / ZERO]
    # A zero may lose its sign, and 1 / 0 with it.
    np.testing.assert_array_equal(out[:5], expected[:5])
    np.testing.assert_array_equal(abs(out[5]), abs(expected[5]))


def test_powers_of_two_reach_the_bits_of_the_exponent():
    @njit
    def kernel(a, out):
        store(out, 0, ldexp(broadcast(np.float32(1.5)), load(a, 0)))
        out[LANES] = ldexp(np.float32(1.5), a[3])

    whole, out = np.linspace(-126, 114, LANES, dtype=np.float32), np.empty(LANES + 1, np.float32)
    kernel(whole, out)
    np.testing.assert_array_equal(out, 1.5 * 2.0 ** np.r_[whole, whole[3]].astype(np.float64))


def test_functions_work_on_numbers_as_on_vectors():
    @njit
    def kernel(x):
        return rint(x), floor(x), ceil(x), sqrt(x), fabs(x), clamp(x, np.float32(0), np.float32(1))

    assert kernel(np.float32(2.25)) == (2.0, 2.0, 3.0, 1.5, 2.25, 1.0)


def test_float64_is_stored_as_the_array_wants_it():
    @njit
    def kernel(a, floats, integers):
        store(floats, 1, load(a, 0))
        store(integers, 1, load(a, 0))

    a = np.array([0.1, -0.1, 2.9, -2.9, 7.0, 1e6, 0.0, 3.5])
    floats, integers = np.zeros(10, np.float32), np.zeros(10, np.int32)
    kernel(a, floats, integers)
    np.testing.assert_array_equal(floats[1:-1], a.astype(np.float32))
    np.testing.assert_array_equal(integers[1:-1], a.astype(np.int32))
    assert floats[0] == floats[-1] == integers[0] == integers[-1] == 0


def test_stacks_of_rows_are_read_worked_on_and_written_row_by_row():
    @njit
    def kernel(a, out):
        x = load_rows(a, LANES, PITCH, 3)
        y = x * TWO - load_rows(a, 0, PITCH, 3)
        store_rows(out, 0, y, LANES)
        store_rows(out, 3 * LANES, fabs(y) / TWO + sign(x), LANES)
        store_rows(out, 6 * LANES, take_rows(x, 1, 2), LANES)
        store_rows(out, 8 * LANES, broadcast(TWO, 2), LANES)
        store_rows(out, 10 * LANES, select(x > y, x, y), LANES)
        store_rows(out, 13 * LANES, load_rows(a, 5))
        store_rows(out, 14 * LANES, select(first_n(3), take_rows(x, 0, 1), broadcast(ZERO, 1)))
        return hsum(x)

    out = np.empty((15, LANES), np.float32)
    total = kernel(TABLE, out)
    x, before = TABLE[1:6:2], TABLE[0:5:2]
    y = 2 * x - before
    assert total == x.sum()
    np.testing.assert_array_equal(out[:3], y)
    np.testing.assert_array_equal(out[3:6], abs(y) / 2 + np.sign(x))
    np.testing.assert_array_equal(out[6:8], x[1:])
    np.testing.assert_array_equal(out[8:10], 2)
    np.testing.assert_array_equal(out[10:13], np.maximum(x, y))
    np.testing.assert_array_equal(out[13], TABLE.ravel()[5 : 5 + LANES])
    np.testing.assert_array_equal(out[14], np.where(np.arange(LANES) < 3, x[0], 0))


@pytest.mark.parametrize("n", range(LANES + 1))
def test_tails_touch_no_more_than_their_lanes(n):
    @njit
    def kernel(a, out, n):
        line = load_first(a, len(a) - n, n)
        store_rows(out, 0, line)
        store_first(out, LANES, line + broadcast(ONE, 1), n)
        store(out, 2 * LANES, select(first_n(n), ONE, ZERO))

    a, out = np.arange(1, 40, dtype=np.float32), np.full(3 * LANES, -1, np.float32)
    kernel(a, out, n)
    tail = a[len(a) - n :]
    np.testing.assert_array_equal(out[:LANES], np.r_[tail, np.zeros(LANES - n)])
    np.testing.assert_array_equal(out[LANES : 2 * LANES], np.r_[tail + 1, -np.ones(LANES - n)])
    np.testing.assert_array_equal(out[2 * LANES :], np.arange(LANES) < n)


def test_a_window_slides_over_two_neighbours():
    @njit
    def kernel(a, out):
        low, high = load_rows(a, 0, PITCH, 2), load_rows(a, LANES, PITCH, 2)
        store_rows(out, 0, slide(low, high, 1), LANES)
        store_rows(out, 2 * LANES, slide(low, high, 13), LANES)
        store_rows(out, 4 * LANES, slide(low, high, LANES), LANES)

    out = np.empty((6, LANES), np.float32)
    kernel(TABLE, out)
    lines = TABLE[:4].reshape(2, 2 * LANES)
    np.testing.assert_array_equal(out, np.concatenate([lines[:, n : n + LANES] for n in (1, 13, 16)]))


def test_pixels_of_a_line_are_added_in_pairs_and_repeated():
    @njit
    def kernel(a, out):
        store_rows(out, 0, sum_pixel_pairs(load_rows(a, 0, LANES, 6)), LANES)
        store_rows(out, 3 * LANES, sum_pixel_pairs(load_rows(a, 0, LANES, 3)), LANES)
        store_rows(out, 6 * LANES, repeat_pixels(load_rows(a, 0, LANES, 3), 6), LANES)
        store_rows(out, 12 * LANES, repeat_pixels(load_rows(a, 0, LANES, 3), 3), LANES)

    out = np.empty((15, LANES), np.float32)
    kernel(TABLE, out)
    line, short = TABLE[:6].reshape(-1, 2, 3), TABLE[:3].reshape(-1, 2, 3)
    twice = np.repeat(TABLE[:3].reshape(-1, 3), 2, axis=0).ravel()
    np.testing.assert_array_equal(out[:3].ravel(), line.sum(axis=1).ravel())
    np.testing.assert_array_equal(out[3:6].ravel(), np.r_[short.sum(axis=1).ravel(), np.zeros(24)])
    np.testing.assert_array_equal(out[6:12].ravel(), twice)
    np.testing.assert_array_equal(out[12:].ravel(), twice[: 3 * LANES])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_over_lanes(dtype):
    @njit
    def kernel(a):
        return hsum(load(a, 0))

    numbers = np.arange(LANES * 4 // np.dtype(dtype).itemsize, dtype=dtype)
    assert kernel(numbers) == numbers.sum()
    numbers[3] = np.nan
    assert np.isnan(kernel(numbers))


def test_sums_over_lanes_are_added_to_their_places():
    @njit
    def kernel(table, sums):
        xs = (
            load(table, 0), load(table, 16), load(table, 32), load(table, 48), load(table, 64), load(table, 80),
            load(table, 96), load(table, 112),
        )  # fmt: skip
        add_hsums(sums, 1, xs)
        sums[9] += hsum(xs[3])

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


def test_rows_become_columns():
    """Rows 45 apart become columns 20 apart, from odd places; what lies between is left alone."""

    @njit
    def kernel(source, target):
        transpose(source, 3, 45, target, 2, 20)

    source, target = np.arange(1000, dtype=np.float32), np.full(400, -1, np.float32)
    kernel(source, target)
    i, k = np.mgrid[:LANES, :LANES]
    np.testing.assert_array_equal(target[2 + 20 * k + i], source[3 + 45 * i + k])
    assert (target == -1).sum() == 400 - LANES * LANES


def test_numbers_are_split_as_by_numpy():
    @njit
    def kernel(x, out, single):
        m, e = frexp(load(x, 0))
        store(out, 0, m)
        store(out, 8, e)
        return frexp(single)

    x, out = np.array([1.0, 0.5, 1.999, 3.0, 1e-300, 1e300, 2.0**52 + 1, 1 / 255]), np.empty((2, 8))
    single = kernel(x, out, 0.3)
    m, e = np.frexp(x)
    np.testing.assert_array_equal(out, [2 * m, e - 1])
    assert single == (1.2, -2.0)


def test_bits_are_set_from_the_first_to_before_the_end():
    @njit
    def kernel(first, end, masks):
        set_bits(masks, 0, load(first, 0), load(end, 0))

    first, end = np.array([0.0, 3, 5, 7, 0, 50, 61, 9]), np.array([0.0, 4, 9, 7, 62, 52, 62, 40])
    masks = np.full(8, 1 << 10, np.int64)
    kernel(first, end, masks)
    assert masks.tolist() == [(1 << 10) | (1 << int(e)) - (1 << int(f)) for f, e in zip(first, end)]


def test_what_is_not_contiguous_or_not_of_one_type_is_refused():
    @njit
    def kernel(a, number):
        return hsum(load(a, 0) + number)

    @njit
    def mixed(a):
        return hsum(load_rows(a, 0) + load(a, 0))

    @njit
    def wide(a):
        store_rows(a, 0, load_rows(a, 0, LANES, 2))

    with pytest.raises(TypingError):
        kernel(np.zeros((LANES, 2), np.float32)[:, 0], np.float32(1.0))
    with pytest.raises(TypingError):
        kernel(np.zeros(LANES, np.float32), 1.0)
    with pytest.raises(TypingError):
        mixed(np.zeros(LANES, np.float32))
    with pytest.raises(TypingError):
        wide(np.zeros(2 * LANES, np.float32))


def test_every_operation_is_tested_here_or_with_the_bits():
    assert set(simd.__all__) - {"BARE", "EXACT", "JIT"} <= {*globals(), *vars(test_simd_bits)}
