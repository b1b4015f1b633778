"""The projections of views, compiled: directions to pixels, their derivatives, and pixels back to directions.

A pinhole projects from a point on a plane. Mollweide's map of equal areas: Snyder 1987, Map Projections - A Working
Manual (USGS Professional Paper 1395), equations 31-1 to 31-5; the plate carree: equations 12-1 and 12-2 there.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from helios.simd import EXACT

PINHOLE, MOLLWEIDE, EQUIRECTANGULAR = 0, 1, 2


@njit(**EXACT)
def _auxiliary(b):
    """Mollweide's auxiliary angle of latitude `b`: 2 t + sin 2t = pi sin b, by Newton's steps."""
    wanted = math.pi * math.sin(b)
    # Near a pole 2t is pi - (6 pi (1 - sin b))^(1/3): from there, and from b itself, Newton's steps run in quickly.
    rest = 6.0 * math.pi * (1.0 - abs(math.sin(b)))
    start = 0.5 * (math.pi - rest ** (1.0 / 3.0)) if abs(b) > 1.2 else abs(b)
    t = math.copysign(start, b)
    for _ in range(50):
        slope = 2.0 + 2.0 * math.cos(2.0 * t)
        if slope < 1e-14:
            break
        step = (2.0 * t + math.sin(2.0 * t) - wanted) / slope
        t -= step
        if abs(step) < 1e-14:
            break
    return min(max(t, -0.5 * math.pi), 0.5 * math.pi)


@njit(**EXACT)
def turned(axes, x, y, z):
    """(x, y, z) along the view's axes."""
    return (
        axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z,
        axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z,
        axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z,
    )


@njit(**EXACT)
def place(kind, focal, width, height, x, y, z):
    """Pixels of a direction along the view's axes; NaN behind a pinhole, and where there is no direction."""
    if kind == 0:
        if z <= 0.0:
            return math.nan, math.nan
        return 0.5 * width + focal * x / z, 0.5 * height + focal * y / z
    across = math.sqrt(x * x + y * y)
    if across == 0.0 and z == 0.0:
        return math.nan, math.nan
    l, b = math.atan2(y, x), math.atan2(z, across)
    if kind == 2:
        return 0.5 * width - focal * l, 0.5 * height - focal * b
    t = _auxiliary(b)
    k = 2.0 * math.sqrt(2.0) / math.pi
    return 0.5 * width - focal * k * l * math.cos(t), 0.5 * height - focal * math.sqrt(2.0) * math.sin(t)


@njit(**EXACT)
def derivative(kind, focal, x, y, z, out):
    """Fill `out` [2, 3] with the pixels that a small turn of a direction, in units of its length, goes right and down.

    Returns the cosine of the angle from a pinhole's axis, or of a latitude.
    """
    r = math.sqrt(x * x + y * y + z * z)
    if kind == 0:
        s = focal * r / z
        out[0, 0], out[0, 1], out[0, 2] = s, 0.0, -s * x / z
        out[1, 0], out[1, 1], out[1, 2] = 0.0, s, -s * y / z
        return z / r
    across = max(math.sqrt(x * x + y * y), 1e-300)
    cos_b, sin_b, cos_l, sin_l = across / r, z / r, x / across, y / across
    # Of an angle to the east, and to the north.
    east_x, east_y = -sin_l, cos_l
    north_x, north_y, north_z = -sin_b * cos_l, -sin_b * sin_l, cos_b
    l = math.atan2(y, x)
    if kind == 2:
        ex, nx, ny = -focal / max(cos_b, 1e-9), 0.0, -focal
    else:
        t = _auxiliary(math.atan2(z, across))
        k, cos_t = 2.0 * math.sqrt(2.0) / math.pi, max(math.cos(t), 1e-9)
        slope = math.pi * cos_b / (4.0 * cos_t * cos_t)
        ex, nx = -focal * k * cos_t / max(cos_b, 1e-9), focal * k * l * math.sin(t) * slope
        ny = -focal * math.sqrt(2.0) * cos_t * slope
    out[0, 0] = ex * east_x + nx * north_x
    out[0, 1] = ex * east_y + nx * north_y
    out[0, 2] = nx * north_z
    out[1, 0], out[1, 1], out[1, 2] = ny * north_x, ny * north_y, ny * north_z
    return cos_b


@njit(**EXACT)
def places(directions, axes, kind, focal, width, height, out):
    """Fill `out` [N, 2] with the pixels of ecliptic directions [N, 3]."""
    for i in range(len(directions)):
        x, y, z = turned(axes, directions[i, 0], directions[i, 1], directions[i, 2])
        out[i, 0], out[i, 1] = place(kind, focal, width, height, x, y, z)


@njit(**EXACT)
def rays(axes, kind, focal, width, height, out, share):
    """Fill `out` [H, W, 3] with the ecliptic unit vectors of the middles of pixels, `share` [H, W] with how much of
    the sky each covers, 1 being 1 / focal^2 steradians; 0 outside of the map."""
    for row in range(height):
        for column in range(width):
            x, y = (column + 0.5 - 0.5 * width) / focal, (row + 0.5 - 0.5 * height) / focal
            if kind == 0:
                d = 1.0 / math.sqrt(x * x + y * y + 1.0)
                u, v, w = x * d, y * d, d
                part = d * d * d
            else:
                if kind == 2:
                    l, sin_b = -x, math.sin(-y)
                    part = math.cos(y)
                else:
                    s = -y / math.sqrt(2.0)
                    t = math.asin(min(max(s, -1.0), 1.0))
                    l = -x * math.pi / (2.0 * math.sqrt(2.0) * max(math.cos(t), 1e-9))
                    sin_b = (2.0 * t + math.sin(2.0 * t)) / math.pi
                    part = 1.0 if abs(s) <= 1.0 and abs(l) <= math.pi else 0.0
                cos_b = math.sqrt(max(0.0, 1.0 - sin_b * sin_b))
                u, v, w = cos_b * math.cos(l), cos_b * math.sin(l), sin_b
            share[row, column] = part
            for k in range(3):
                out[row, column, k] = u * axes[0, k] + v * axes[1, k] + w * axes[2, k]


def ray_map(view) -> tuple[np.ndarray, np.ndarray]:
    """Return (directions float64 [H, W, 3], shares float64 [H, W]) of the pixels of `view`; see `rays`."""
    out, share = np.empty((view.height, view.width, 3)), np.empty((view.height, view.width))
    rays(view.axes, *view.numbers, out, share)
    return out, share
