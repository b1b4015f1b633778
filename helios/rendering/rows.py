"""The innermost loops: one splat over a band of rows of pixels, float32, in explicit vectors (`helios.simd`).

A band of the image is three buffers, red, green and blue, which stay in the L1 cache while every splat that touches the
band is added to it. Rows of the buffers are longer than the image is wide by two vectors: a splat's span is rounded up
to whole vectors, and so is what is cleared. A splat meets the same row again only after the other
rows of the band: its stores have then left the store buffer, which could not hand them on to loads at other offsets.
"""

import numpy as np
from numba import njit

from helios.simd import (
    JIT,
    LANES,
    add_hsums,
    broadcast,
    ceil,
    clamp,
    floor,
    hsum,
    iota,
    ldexp,
    load,
    rint,
    select,
    sqrt,
    store,
)

BAND = LANES // 2
"""Rows of a band: what a splat covers of each is one lane of a float64 vector."""

BUFFERS = 3
"""Channels of a band: red, green and blue of the image or, in the backward pass, what the loss asks of them."""

FLOOR_LOG2, CEILING_LOG2 = np.float32(-126.0), np.float32(126.0)
ZERO, LOG2_E = np.float32(0.0), np.float32(1.4426950408889634)

# 2^f for |f| <= 1/2, least maximal relative error (7.5e-8), found by iterated reweighted least squares.
P0, P1, P2 = np.float32(1.000000071654871), np.float32(0.6931469670643285), np.float32(0.24022119722914037)
P3, P4, P5 = np.float32(0.05550713273760185), np.float32(0.009675541384703487), np.float32(0.0013276472049217648)

START, VECTORS = 0, BAND
FIRST, TOP, DY = 0, BAND, 2 * BAND


@njit(**JIT)
def band_workspace(width):
    """What laying splats over a band takes: (buffers [BUFFERS, BAND, width + 2 LANES] float32, spans).

    `spans`, what one splat covers of the band's rows, is (whole [2 BAND] int32, real [3 BAND] float32): from START and
    VECTORS on the first pixel and the number of vectors of each row, 0 where the splat is not; from FIRST, TOP and DY
    on, first pixel's centre from where the splat peaks on this row, log2 of the peak, and the row's centre from the
    splat's.
    """
    spans = np.zeros(2 * BAND, np.int32), np.zeros(3 * BAND, np.float32)
    return np.zeros((BUFFERS, BAND, width + 2 * LANES), np.float32), spans


@njit(**JIT)
def exp2(t):
    """2^t as float32 for float32 t in [-126, 127), relative error below 2.5e-7; a number or a vector."""
    whole = rint(t)
    f = t - whole
    return ldexp(P0 + f * (P1 + f * (P2 + f * (P3 + f * (P4 + f * P5)))), whole)


@njit(**JIT)
def exp(x):
    """e^x as float32, a number or a vector, between 2^-126 and 2^126; relative error below (|x| + 4) 2^-24."""
    return exp2(clamp(x * LOG2_E, FLOOR_LOG2, CEILING_LOG2))


@njit(**JIT)
def brightness(t, t_min):
    """The vector 2^t, at most 2^126, and 0 where t < t_min."""
    return select(t >= t_min, exp2(clamp(t, FLOOR_LOG2, CEILING_LOG2)), ZERO)


@njit(**JIT)
def fill_spans(spans, splat, y, width, log2_weight_min):
    """Fill `spans` with what a splat (a PROJECTED record) covers of the band whose first row is y.

    Returns the first pixels and the numbers of vectors, of each row a lane.
    """
    whole, real = spans
    dy = iota(y + 0.5 - splat.y)
    top = splat.top - splat.fall * dy * dy
    room = top - log2_weight_min
    half = sqrt(select(room >= 0.0, room, 0.0) * (1.0 / splat.curve))
    middle = splat.x - 0.5 + splat.shear * dy
    start = ceil(clamp(middle - half, 0.0, float(width)))
    stop = floor(clamp(middle + half, -1.0, width - 1.0)) + 1.0
    vectors = select(room >= 0.0, ceil(clamp(stop - start, 0.0, float(width)) * (1.0 / LANES)), 0.0)
    store(whole, START, start)
    store(whole, VECTORS, vectors)
    store(real, FIRST, start - middle)
    store(real, TOP, top)
    store(real, DY, dy)
    return start, vectors


@njit(**JIT)
def add_splat(buffers, spans, splat, t_min):
    """Add a splat's light to the pixels of its spans."""
    whole, real = spans
    stride = buffers.shape[2]
    plane = BAND * stride
    curve, r, g, b = np.float32(splat.curve), splat.red, splat.green, splat.blue
    for row in range(BAND):
        at, first, top = row * stride + whole[START + row], real[FIRST + row], real[TOP + row]
        for k in range(whole[VECTORS + row]):
            u = iota(first + np.float32(k * LANES))
            weight = brightness(top - curve * u * u, t_min)
            store(buffers, at, load(buffers, at) + weight * r)
            store(buffers, at + plane, load(buffers, at + plane) + weight * g)
            store(buffers, at + 2 * plane, load(buffers, at + 2 * plane) + weight * b)
            at += LANES


@njit(**JIT)
def add_splat_gradient(moments, index, buffers, spans, splat, t_min):
    """Add to `moments` [V, 9], row `index`, the sums that a splat's gradient is made of; `buffers` hold dL/d(pixel).

    They are of q, q u, q u^2, q dy, q u dy, q dy^2, with q = weight dL/d(weight), where weight is what the splat's
    colour counts in a pixel, and u the pixel from the row's peak; and of weight times dL/d(red, green, blue).
    """
    whole, real = spans
    stride = buffers.shape[2]
    plane = BAND * stride
    curve, r, g, b = np.float32(splat.curve), splat.red, splat.green, splat.blue
    q0, q1, q2 = broadcast(ZERO), broadcast(ZERO), broadcast(ZERO)
    y0, y1, y2 = broadcast(ZERO), broadcast(ZERO), broadcast(ZERO)
    s_red, s_green, s_blue = broadcast(ZERO), broadcast(ZERO), broadcast(ZERO)
    for row in range(BAND):
        at, first, top = row * stride + whole[START + row], real[FIRST + row], real[TOP + row]
        dy = real[DY + row]
        for k in range(whole[VECTORS + row]):
            u = iota(first + np.float32(k * LANES))
            weight = brightness(top - curve * u * u, t_min)
            d_red, d_green = load(buffers, at), load(buffers, at + plane)
            d_blue = load(buffers, at + 2 * plane)
            q = weight * (d_red * r + d_green * g + d_blue * b)
            qu, qy = q * u, q * dy
            q0 = q0 + q
            q1 = q1 + qu
            q2 = q2 + qu * u
            y0 = y0 + qy
            y1 = y1 + qu * dy
            y2 = y2 + qy * dy
            s_red = s_red + weight * d_red
            s_green = s_green + weight * d_green
            s_blue = s_blue + weight * d_blue
            at += LANES
    add_hsums(moments, 9 * index, (q0, q1, q2, y0, y1, y2, s_red, s_green))
    moments[index, 8] += hsum(s_blue)


@njit(**JIT)
def recentre_moments(moments, shear):
    """The sums of g, g dx, g dy, g dx^2, g dx dy, g dy^2 about the splat's centre, in place: dx = u + shear dy."""
    qu, quu, qy, quy, qyy = moments[1], moments[2], moments[3], moments[4], moments[5]
    moments[1] = qu + shear * qy
    moments[2] = qy
    moments[3] = quu + shear * (2.0 * quy + shear * qyy)
    moments[4] = quy + shear * qyy
