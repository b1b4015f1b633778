"""SSIM of a strip of an image, and its gradient, in one sweep down the rows, for the numba image loss.

Segments, strips and masks are those of `fused_segments`. Where truth and prediction are zero in the whole window,
SSIM is 1 and its gradient 0, and nothing is computed.

The window is separable, and both of its passes over the images and both of those over SSIM's derivatives go along y
first: the sum over rows needs no more than the rows themselves, which are read where they are, GROUP sums from one
window of GROUP + 2 REACH rows. What a run of segments gets from that lies in a few kB, and a segment is blurred along
x as soon as its right neighbour is there. What must wait, five rows long, is SSIM's derivatives: they go into a ring,
which holds every row twice, RING rows apart, so that the rows of a window always lie one after the other.
"""

import math

import numpy as np
from numba import njit

from helios.simd import (
    BARE,
    JIT,
    broadcast,
    first_n,
    hsum,
    load_first,
    load_rows,
    select,
    slide,
    store_first,
    store_rows,
    take_rows,
)
from helios.training.loss.fused_segments import GROUP, MARGIN, OWN, REACH, SEGMENT, SPAN, ZERO, next_run
from helios.training.loss.image_terms import C1, C2, WINDOW_SIGMA

WINDOW = GROUP + 2 * REACH
RING = 16  # rows: the least multiple of GROUP that holds a window
PLANES = 3  # of SSIM's derivatives
STRIDE = SPAN * SEGMENT
PITCH = PLANES * STRIDE  # of a row of the ring

ROW_BUFFER = 16  # segments of a run that are at hand at a time
ROW_PITCH = (ROW_BUFFER + 1) * SEGMENT  # of these, and one more so that rows do not lie a power of two apart
PLANE_PITCH = GROUP * ROW_PITCH

_TAPS = [math.exp(-((k - REACH) ** 2) / (2 * WINDOW_SIGMA**2)) for k in range(2 * REACH + 1)]
# Along y the middle tap is 1, which spares a product; the taps along x make up for it.
Y0, Y1, Y2, Y3, Y4 = (np.float32(tap) for tap in _TAPS[:REACH])
X0, X1, X2, X3, X4, X5 = (np.float32(tap / sum(_TAPS) ** 2) for tap in _TAPS[: REACH + 1])
K1 = np.float32(C1)
K2 = np.float32(C2)
ONE = np.float32(1.0)
TWO = np.float32(2.0)


@njit(**JIT)
def _aligned(n):
    """n zeros on a 64-byte boundary: a vector that straddles two cache lines costs two loads."""
    raw = np.zeros(n + SEGMENT, np.float32)
    skip = -raw.ctypes.data % (4 * SEGMENT) // 4
    return raw[skip : skip + n]


@njit(**JIT)
def sweep_buffers():
    """Buffers of one thread for sweeps: ring, row buffer, a window of either image at the edge."""
    return (
        _aligned(2 * RING * PITCH),
        _aligned((PLANES + 1) * PLANE_PITCH),
        _aligned(WINDOW * SEGMENT),
        _aligned(WINDOW * SEGMENT),
    )


@njit(**BARE)
def _along_y(window):
    """GROUP rows blurred along y, from the WINDOW rows around them, times the sum of the taps."""
    return (
        take_rows(window, 5, 4)
        + Y4 * (take_rows(window, 4, 4) + take_rows(window, 6, 4))
        + Y3 * (take_rows(window, 3, 4) + take_rows(window, 7, 4))
        + Y2 * (take_rows(window, 2, 4) + take_rows(window, 8, 4))
        + Y1 * (take_rows(window, 1, 4) + take_rows(window, 9, 4))
        + Y0 * (take_rows(window, 0, 4) + take_rows(window, 10, 4))
    )


@njit(**BARE)
def _along_x(row_buffer, i):
    """The segment at float i of a row of the row buffer, blurred along x as well.

    Half of the neighbours are shuffled out of aligned loads, half loaded as they are: the processor does both at once.
    """
    left, here, right = load_rows(row_buffer, i - SEGMENT), load_rows(row_buffer, i), load_rows(row_buffer, i + SEGMENT)
    return (
        X5 * here
        + X4 * (load_rows(row_buffer, i - 3) + load_rows(row_buffer, i + 3))
        + X3 * (load_rows(row_buffer, i - 6) + load_rows(row_buffer, i + 6))
        + X2 * (slide(left, here, 7) + slide(here, right, 9))
        + X1 * (slide(left, here, 4) + slide(here, right, 12))
        + X0 * (slide(left, here, 1) + slide(here, right, 15))
    )


@njit(**BARE)
def _blur_images(pred, truth, i, pitch, row_buffer, at):
    """Blur the segment at float i along y: GROUP rows each of t, p - t, (p - t)^2 and p t, to the row buffer."""
    t = load_rows(truth, i, pitch, WINDOW)
    store_rows(row_buffer, at, _along_y(t), ROW_PITCH)
    store_rows(row_buffer, at + 3 * PLANE_PITCH, _along_y(load_rows(pred, i, pitch, WINDOW) * t), ROW_PITCH)
    d = load_rows(pred, i, pitch, WINDOW) - load_rows(truth, i, pitch, WINDOW)
    store_rows(row_buffer, at + PLANE_PITCH, _along_y(d), ROW_PITCH)
    store_rows(row_buffer, at + 2 * PLANE_PITCH, _along_y(d * d), ROW_PITCH)


@njit(**BARE)
def _ssim(mu_t, mu_d, square, product):
    """Half of SSIM's derivatives by the blurred p, p t and -2 (p - t)^2, and 1 - SSIM, of the four blurred planes.

    SSIM = (An / Ad) (Bn / Bd). Of blurred p - t and (p - t)^2, the differences Ad - An and Bd - Bn keep their digits
    in float32 where prediction and truth are close; of blurred p and p^2 they would not.
    """
    mu_p = mu_t + mu_d
    mu_pt = mu_p * mu_t
    gap_a = mu_d * mu_d
    a_n = TWO * mu_pt + K1
    a_d = a_n + gap_a
    gap_b = square - gap_a
    b_n = TWO * (product - mu_pt) + K2
    b_d = b_n + gap_b
    inverse = ONE / (a_d * b_d)
    inv_a, inv_b = b_d * inverse, a_d * inverse
    rest_a, rest_b = gap_a * inv_a, gap_b * inv_b
    s_a, s_b = ONE - rest_a, ONE - rest_b
    by_a, by_b = s_b * inv_a, s_a * inv_b
    by_mean = by_a * (mu_p * rest_a - mu_d) + by_b * (mu_d - mu_p * rest_b)
    return by_mean, by_b * rest_b, by_b * s_b, rest_a + rest_b * s_a


@njit(**BARE)
def _put(ring, at, value):
    store_rows(ring, at, value)
    store_rows(ring, at + RING * PITCH, value)


@njit(**BARE)
def _copy_window(image, top, begin, out):
    """Write rows `top` to `top` + WINDOW of the segment at float `begin`; what is not in the image is 0."""
    height, width3 = image.shape
    there = min(SEGMENT, width3 - begin)
    for r in range(WINDOW):
        line = broadcast(ZERO, 1)
        if 0 <= top + r < height:
            at = (top + r) * width3 + begin
            line = load_rows(image, at) if there == SEGMENT else load_first(image, at, there)
        store_rows(out, r * SEGMENT, line)


@njit(**BARE)
def _roll(row_buffer, rows):
    """Bring the last two segments of the row buffer's first `rows` rows to its beginning."""
    for r in range(rows):
        for k in range(2):
            to = r * ROW_PITCH + k * SEGMENT
            store_rows(row_buffer, to, load_rows(row_buffer, to + (ROW_BUFFER - 2) * SEGMENT))


@njit(**BARE)
def ssim_rows(pred, truth, first, j, near, judged, blank, want_gradient, buffers):
    """Sum of 1 - SSIM over group j of the rows of the strip that begins at float `first`; derivatives to the ring.

    `near`, `judged`, `blank`: the group's masks 0, 1 and 3 of `fill_masks`.
    """
    ring, row_buffer, edge_pred, edge_truth = buffers
    height, width3 = pred.shape
    ring_row = GROUP * j % RING * PITCH
    nothing = broadcast(ZERO, 1)
    a, b = next_run(blank, 0)
    while a < SPAN:
        for r in range(GROUP):
            for q in range(PLANES):
                for s in range(a, b):
                    _put(ring, ring_row + r * PITCH + q * STRIDE + s * SEGMENT, nothing)
        a, b = next_run(blank, b)
    top = GROUP * j - REACH
    whole_rows = top >= 0 and top + WINDOW <= height
    result = 0.0
    a, b = next_run(judged, 0)
    while a < SPAN:
        rest = nothing
        head, tail = a - 1, a - 1  # segments [head, tail) are in the row buffer
        while tail <= b:
            if tail > head:
                _roll(row_buffer, (PLANES + 1) * GROUP)
                head = tail - 2
            for s in range(tail, min(b + 1, head + ROW_BUFFER)):
                at = (s - head) * SEGMENT
                begin = first + (s - MARGIN) * SEGMENT
                if not (near >> s) & 1:
                    for r in range((PLANES + 1) * GROUP):
                        store_rows(row_buffer, r * ROW_PITCH + at, nothing)
                elif whole_rows and begin + SEGMENT <= width3:
                    _blur_images(pred, truth, top * width3 + begin, width3, row_buffer, at)
                else:
                    _copy_window(pred, top, begin, edge_pred)
                    _copy_window(truth, top, begin, edge_truth)
                    _blur_images(edge_pred, edge_truth, 0, SEGMENT, row_buffer, at)
            tail = min(b + 1, head + ROW_BUFFER)
            for s in range(head + 1, tail - 1):
                there = width3 - first - (s - MARGIN) * SEGMENT
                image = first_n(there)
                counts = (OWN >> s) & 1
                to = ring_row + s * SEGMENT
                for r in range(GROUP):
                    i = r * ROW_PITCH + (s - head) * SEGMENT
                    by_mean, by_product, by_square, off = _ssim(
                        _along_x(row_buffer, i),
                        _along_x(row_buffer, i + PLANE_PITCH),
                        _along_x(row_buffer, i + 2 * PLANE_PITCH),
                        _along_x(row_buffer, i + 3 * PLANE_PITCH),
                    )
                    if GROUP * j + r >= height:
                        by_mean = by_product = by_square = off = nothing
                    elif there < SEGMENT:
                        by_mean, by_product = select(image, by_mean, nothing), select(image, by_product, nothing)
                        by_square, off = select(image, by_square, nothing), select(image, off, nothing)
                    if counts:
                        rest = rest + off
                    if want_gradient:
                        _put(ring, to + r * PITCH, by_mean)
                        _put(ring, to + r * PITCH + STRIDE, by_product)
                        _put(ring, to + r * PITCH + 2 * STRIDE, by_square)
        result += hsum(rest)
        a, b = next_run(judged, b)
    return result


@njit(**BARE)
def add_gradient_rows(pred, truth, first, j, asked, inside, weight, buffers, grad):
    """Add `weight` times the gradient of the sum of 1 - SSIM to `grad`, REACH rows above group j of the strip.

    `asked`: the group's mask 2 of `fill_masks`; `inside`: segments inside the image.
    """
    ring, row_buffer, _, _ = buffers
    height, width3 = pred.shape
    window = (GROUP * j - 2 * REACH) % RING * PITCH
    double = TWO * weight
    nothing = broadcast(ZERO, 1)
    a, b = next_run(asked, 0)
    while a < SPAN:
        head, tail = a - 1, a - 1
        while tail <= b:
            if tail > head:
                _roll(row_buffer, PLANES * GROUP)
                head = tail - 2
            for s in range(tail, min(b + 1, head + ROW_BUFFER)):
                at = (s - head) * SEGMENT
                if (inside >> s) & 1:
                    for q in range(PLANES):
                        blurred = _along_y(load_rows(ring, window + q * STRIDE + s * SEGMENT, PITCH, WINDOW))
                        store_rows(row_buffer, at + q * PLANE_PITCH, blurred, ROW_PITCH)
                else:
                    for r in range(PLANES * GROUP):
                        store_rows(row_buffer, r * ROW_PITCH + at, nothing)
            tail = min(b + 1, head + ROW_BUFFER)
            for s in range(head + 1, tail - 1):
                begin = first + (s - MARGIN) * SEGMENT
                for r in range(GROUP):
                    y = GROUP * j - REACH + r
                    if not 0 <= y < height:
                        continue
                    i = r * ROW_PITCH + (s - head) * SEGMENT
                    by_mean = _along_x(row_buffer, i)
                    by_product = _along_x(row_buffer, i + PLANE_PITCH)
                    by_square = _along_x(row_buffer, i + 2 * PLANE_PITCH)
                    here = y * width3 + begin
                    if begin + SEGMENT <= width3:
                        t = load_rows(truth, here)
                        slope = by_mean + t * by_product - (load_rows(pred, here) - t) * by_square
                        store_rows(grad, here, load_rows(grad, here) - double * slope)
                    else:
                        n = width3 - begin
                        t = load_first(truth, here, n)
                        slope = by_mean + t * by_product - (load_first(pred, here, n) - t) * by_square
                        store_first(grad, here, load_first(grad, here, n) - double * slope, n)
        a, b = next_run(asked, b)
