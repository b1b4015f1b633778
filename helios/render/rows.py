"""The innermost loops: one splat over one row of pixels, float32, in a form that the compiler vectorises.

A row of the image is a few contiguous buffers, one per channel, which stay in the L1 cache while every splat that
touches the row is laid over it, front to back. Buffers are `LANES` longer than the image is wide, so that a span may
be rounded up to whole vectors.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from helios.constants import ALPHA_MAX
from helios.render.jit import JIT

LANES = 16
"""Spans are processed in multiples of this: one AVX-512 register of float32."""

SPAN = np.dtype(
    [
        ("splat", np.int64),  # index into the projected splats
        ("start", np.int64),  # first pixel
        ("stop", np.int64),  # past the last pixel; stop - start is a multiple of LANES
        ("first", np.float32),  # first pixel's centre, from where the splat peaks on this row
        ("curve", np.float32),  # log2 alpha = top - curve u^2
        ("top", np.float32),
        ("shift", np.float64),  # the row's peak, from the splat's centre, pixels
        ("dy", np.float64),  # the row's centre, from the splat's centre, pixels
    ],
    align=True,
)
"""What one splat covers of one row: log2 alpha = top - curve u^2 at pixel i of the span, where u = first + i."""

T_MIN = np.float32(1e-6)
"""Where less light than this passes, nothing further is drawn: no denormals, and at most this much is missing."""

CLIP = np.float32(ALPHA_MAX)
CLIP_LOG2 = np.float32(np.log2(ALPHA_MAX))
FLOOR_LOG2 = np.float32(-126.0)
ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)

# 2^f for |f| <= 1/2, least maximal relative error (7.5e-8), found by iterated reweighted least squares.
P0, P1, P2 = np.float32(1.000000071654871), np.float32(0.6931469670643285), np.float32(0.24022119722914037)
P3, P4, P5 = np.float32(0.05550713273760185), np.float32(0.009675541384703487), np.float32(0.0013276472049217648)


@intrinsic
def power_of_two(typingctx, whole):
    """2^whole as float32, for a whole float32 in [-126, 127]: the number is written into the exponent bits."""

    def codegen(context, builder, signature, args):
        word = ir.IntType(32)
        exponent = builder.add(builder.fptosi(args[0], word), ir.Constant(word, 127))
        return builder.bitcast(builder.shl(exponent, ir.Constant(word, 23)), ir.FloatType())

    return types.float32(types.float32), codegen


@njit(**JIT)
def exp2(t):
    """2^t as float32 for float32 t in [-126, 127), relative error below 2.5e-7."""
    whole = np.floor(t + HALF)
    f = t - whole
    return (P0 + f * (P1 + f * (P2 + f * (P3 + f * (P4 + f * P5))))) * power_of_two(whole)


@njit(**JIT)
def coverage(t, t_min):
    """alpha = min(0.999, 2^t), and 0 where t < t_min."""
    alpha = min(CLIP, exp2(max(FLOOR_LOG2, min(ZERO, t))))
    return alpha if t >= t_min else ZERO


@njit(**JIT)
def attenuate(passing, weight):
    """What still passes behind a splat of this weight."""
    passing -= weight
    return passing if passing >= T_MIN else ZERO


@njit(**JIT)
def lay_row(passing, red, green, blue, span, t_min, color):
    """Lay a splat over the pixels of its span; the buffers take its light, `passing` what it lets through."""
    start, stop, first, curve, top = span.start, span.stop, span.first, span.curve, span.top
    r, g, b = color
    passing, red, green, blue = passing[start:stop], red[start:stop], green[start:stop], blue[start:stop]
    for i in range(stop - start):
        u = first + np.float32(i)
        weight = passing[i] * coverage(top - curve * u * u, t_min)
        red[i] += weight * r
        green[i] += weight * g
        blue[i] += weight * b
        passing[i] = attenuate(passing[i], weight)


@njit(**JIT)
def lay_row_gradient(passing, behind, d_red, d_green, d_blue, span, t_min, color):
    """The sums over the row that the splat's gradient is made of: of q, q u, q u^2 with q = alpha dL/dalpha, and of
    weight times dL/d(red, green, blue).

    `behind` holds, per pixel, dL/d(pixel) . (light of this splat and of all behind it), and is left holding the same
    for the next splat; with it, dL/dalpha = T dL/d(pixel).colour - behind_next / (1 - alpha) without walking back.
    """
    start, stop, first, curve, top = span.start, span.stop, span.first, span.curve, span.top
    r, g, b = color
    passing, behind = passing[start:stop], behind[start:stop]
    d_red, d_green, d_blue = d_red[start:stop], d_green[start:stop], d_blue[start:stop]
    q0 = q1 = q2 = s_red = s_green = s_blue = ZERO
    for i in range(stop - start):
        u = first + np.float32(i)
        t = top - curve * u * u
        alpha = coverage(t, t_min)
        before = passing[i]
        weight = before * alpha
        asked = r * d_red[i] + g * d_green[i] + b * d_blue[i]
        rest = behind[i] - weight * asked
        q = weight * asked - rest * (alpha / (ONE - alpha))
        q = q if t < CLIP_LOG2 else ZERO
        q = q if before > ZERO else ZERO
        q0 += q
        q1 += q * u
        q2 += q * u * u
        s_red += weight * d_red[i]
        s_green += weight * d_green[i]
        s_blue += weight * d_blue[i]
        behind[i] = rest
        passing[i] = attenuate(before, weight)
    return q0, q1, q2, s_red, s_green, s_blue
