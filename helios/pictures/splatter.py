"""Lights into pixels: the law of light for points and Gaussians, in any of the projections, added up in float64.

A point is what `helios.rendering.truth` draws with `even`; a test holds the two against each other. A Gaussian is
projected by the derivative of its view's projection at its centre (EWA, Zwicker et al. 2002) and seen through the
pixels' filter; one so wide that the projection bends within it goes to `helios.pictures.wide` instead.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from helios.constants import EPS_PX2
from helios.pictures.projection import derivative, place, turned
from helios.rendering.truth import LOST
from helios.simd import EXACT

REACH = math.sqrt(2.0 * math.log(1.0 / LOST))
"""Standard deviations from the centre at which a Gaussian is cut: the share LOST of its light lies outside."""

BENDS = 0.08
"""Angular standard deviation, over how upright the projection is there, from which on a Gaussian is drawn by rays."""

SOFT_PX = 0.7
"""Gaussians narrower than this, pixels on the axis, are never: the filter hides their shape."""

SEEN = np.dtype(
    [
        ("x", np.float64),  # pixels
        ("y", np.float64),
        ("xx", np.float64),  # inverse of the covariance, 1 / px^2
        ("xy", np.float64),
        ("yy", np.float64),
        ("peak", np.float64),  # weight of the colour at the centre; 0: not seen; -1: to be drawn by rays
        ("wide", np.float64),  # reach from the centre, pixels
        ("high", np.float64),
        ("light", np.float64),  # steradians, at the camera
        ("sigma", np.float64),  # angular standard deviation, radians; 0 of points
    ],
    align=True,
)

BANDS = 16
"""Pieces of a picture, of whole rows, that threads draw."""


@njit(**EXACT)
def find(stripe, stripes, seen, position, luminosity, opacity, covariance, eye, axes, kind, focal, width, height):
    """Fill part `stripe` of `stripes` of `seen` (SEEN [N]) from lights as in `helios.pictures.lights.Block`.

    Of points, `covariance` and `opacity` have no rows.
    """
    n = len(position)
    jacobian = np.zeros((2, 3))
    for i in range(stripe * n // stripes, (stripe + 1) * n // stripes):
        light = seen[i]
        light.peak = 0.0
        x, y, z = turned(axes, position[i, 0] - eye[0], position[i, 1] - eye[1], position[i, 2] - eye[2])
        square = x * x + y * y + z * z
        if not square > 0.0:
            continue
        light.sigma = 0.0
        a, b, c = EPS_PX2, 0.0, EPS_PX2
        if len(covariance) == 0:
            light.light = luminosity[i] / square
            if kind == 0 and z <= 1e-3 * math.sqrt(square):
                continue
        else:
            _measure(light, x, y, z, square, opacity[i], covariance[i], axes)
            upright = _upright(kind, x, y, z, square)
            if light.sigma > BENDS * upright and light.sigma * focal > SOFT_PX:
                light.peak = -1.0
                light.x, light.y = place(kind, focal, width, height, x, y, z)
                continue
            if upright <= 1e-3:
                continue
            if upright > 0.03:
                derivative(kind, focal, x, y, z, jacobian)
                a, b, c = _spread(jacobian, covariance[i], axes, square)
                a, c = a + EPS_PX2, c + EPS_PX2
        light.x, light.y = place(kind, focal, width, height, x, y, z)
        light.wide, light.high = REACH * math.sqrt(a), REACH * math.sqrt(c)
        if kind == 0 and not (
            -light.wide < light.x < width + light.wide and -light.high < light.y < height + light.high
        ):
            continue
        det = a * c - b * b
        light.xx, light.xy, light.yy = c / det, -b / det, a / det
        light.peak = light.light * focal * focal / (2.0 * math.pi * math.sqrt(det))


@njit(**EXACT)
def _upright(kind, x, y, z, square):
    if kind == 0:
        return z / math.sqrt(square)
    return math.sqrt((x * x + y * y) / square)


@njit(**EXACT)
def _measure(light, x, y, z, square, opacity, covariance, axes):
    """Fill in the light, steradians, and the angular size of a Gaussian at (x, y, z) along the axes.

    What it covers, 2 pi tau times the root of the determinant of its angular covariance, is no more from within its
    size than from its size away.
    """
    trace = (covariance[0] + covariance[1] + covariance[2]) / 3.0
    r = math.sqrt(square)
    # Two directions across the line of sight.
    ux, uy, uz = x / r, y / r, z / r
    if abs(uz) < 0.9:
        px, py, pz = -uy, ux, 0.0
    else:
        px, py, pz = 0.0, -uz, uy
    size = math.sqrt(px * px + py * py + pz * pz)
    px, py, pz = px / size, py / size, pz / size
    qx, qy, qz = uy * pz - uz * py, uz * px - ux * pz, ux * py - uy * px
    p = np.empty(3)
    q = np.empty(3)
    for k in range(3):
        p[k] = px * axes[0, k] + py * axes[1, k] + pz * axes[2, k]
        q[k] = qx * axes[0, k] + qy * axes[1, k] + qz * axes[2, k]
    pp, pq, qq = _form(covariance, p, p), _form(covariance, p, q), _form(covariance, q, q)
    light.light = 2.0 * math.pi * opacity * math.sqrt(max(pp * qq - pq * pq, 0.0)) / max(square, trace)
    light.sigma = math.sqrt(trace / square)


@njit(**EXACT)
def _form(s, p, q):
    """p' S q of the symmetric S = (xx, yy, zz, xy, xz, yz)."""
    return (
        p[0] * (s[0] * q[0] + s[3] * q[1] + s[4] * q[2])
        + p[1] * (s[3] * q[0] + s[1] * q[1] + s[5] * q[2])
        + p[2] * (s[4] * q[0] + s[5] * q[1] + s[2] * q[2])
    )


@njit(**EXACT)
def _spread(jacobian, covariance, axes, square):
    """The covariance in pixels, xx, xy, yy."""
    across, down = np.empty(3), np.empty(3)
    for k in range(3):
        across[k] = jacobian[0, 0] * axes[0, k] + jacobian[0, 1] * axes[1, k] + jacobian[0, 2] * axes[2, k]
        down[k] = jacobian[1, 0] * axes[0, k] + jacobian[1, 1] * axes[1, k] + jacobian[1, 2] * axes[2, k]
    xx, xy, yy = _form(covariance, across, across), _form(covariance, across, down), _form(covariance, down, down)
    return xx / square, xy / square, yy / square


@njit(**EXACT)
def draw(stripe, stripes, picture, seen, colors, around):
    """Add lights that `find` has found, and their `colors` [N, 3], to part `stripe` of the rows of `picture` [H, W, 3].

    With `around` rows go on behind the right and left edges, and columns over the poles.
    """
    height, width = picture.shape[:2]
    low, high = stripe * height // stripes, (stripe + 1) * height // stripes
    across = np.empty(width)
    for i in range(len(seen)):
        s = seen[i]
        if not s.peak > 0.0:
            continue
        top, bottom = math.ceil(s.y - s.high - 0.5), math.floor(s.y + s.high - 0.5) + 1
        left, right = math.ceil(s.x - s.wide - 0.5), math.floor(s.x + s.wide - 0.5) + 1
        if around:
            top, bottom = max(top, -height), min(bottom, 2 * height)
            if right - left > width:
                left = math.ceil(s.x - 0.5 * width)
                right = left + width
        else:
            top, bottom = max(top, low), min(bottom, high)
            left, right = max(left, 0), min(right, width)
        if bottom <= top or right <= left or (not around and (bottom <= low or top >= high)):
            continue
        if around and top >= 0 and bottom <= height and (bottom <= low or top >= high):
            continue
        alone = s.xy == 0.0
        if alone:
            for column in range(left, right):
                d = column + 0.5 - s.x
                across[column - left] = math.exp(-0.5 * s.xx * d * d)
        red, green, blue = colors[i, 0], colors[i, 1], colors[i, 2]
        for y in range(top, bottom):
            row, shift = y, 0
            if around and y < 0:
                row, shift = -1 - y, width // 2
            elif around and y >= height:
                row, shift = 2 * height - 1 - y, width // 2
            if row < low or row >= high:
                continue
            e = y + 0.5 - s.y
            weight = s.peak * math.exp(-0.5 * s.yy * e * e)
            for column in range(left, right):
                if alone:
                    here = weight * across[column - left]
                else:
                    d = column + 0.5 - s.x
                    here = s.peak * math.exp(-0.5 * (s.xx * d * d + 2.0 * s.xy * d * e + s.yy * e * e))
                pixel = picture[row, (column + shift) % width if around else column]
                pixel[0] += here * red
                pixel[1] += here * green
                pixel[2] += here * blue
