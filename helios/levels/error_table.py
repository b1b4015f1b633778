"""How far the proxies of a cell are from the stars they stand for, by the width of what is looked at.

A block of the picture is so many metres wide at the cell. The cell's stars and its proxies are drawn in blocks of its
extent D, D/2 ... D/32, seen along the line from the Sun and across it; the share of light that falls into the wrong
block is the error.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.simd import EXACT

WIDTHS = 6
"""Widths of blocks in a table: the extent of the cell, and each half of the one before."""

EXTENTS = 4.0
"""The extent D of a cell, in root mean square radii of its proxies' light."""

BLOCKS = 32
"""The pictures have as many blocks a side, around the centre of light."""

_SHIFT = (0.2897, 0.3571)
"""Where the centre of light lies in the blocks of width D: no edge of a block of any width runs through it, or near."""

_BLUR = 0.7071067811865476 / 32.0
"""Standard deviation of the pixel filter (the root of EPS_PX2) in blocks of 32 px."""

_HALVINGS = np.array([halves.bit_length() for halves in range(BLOCKS)])
"""How often a place so many half pictures of finest blocks from the middle is halved until it is in the picture."""

_AT_ONCE = 256
"""Points whose blocks are found together, several in one step of the processor."""

_FAR = 4.5
"""Standard deviations beyond which a Gaussian has no light that matters (7e-6)."""

_STEPS = 32
"""Pieces of the cumulative normal distribution to a standard deviation."""


def _normal_pieces() -> NDArray[np.float64]:
    """Return the cumulative normal distribution from -_FAR to _FAR as cubics [pieces, 4], right to 4e-9.

    They have its values and slopes at their ends (Hermite): c0 + f (c1 + f (c2 + f c3)), f from 0 to 1 in each.
    """
    z = np.arange(-_FAR * _STEPS, _FAR * _STEPS + 1) / _STEPS
    value = np.array([0.5 + 0.5 * math.erf(each / math.sqrt(2.0)) for each in z])
    slope = np.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi) / _STEPS
    rise = np.diff(value)
    c2, c3 = 3.0 * rise - 2.0 * slope[:-1] - slope[1:], slope[:-1] + slope[1:] - 2.0 * rise
    return np.stack([value[:-1], slope[:-1], c2, c3], axis=1)


_NORMAL = _normal_pieces()


@njit(**EXACT)
def frame_of(position, luminosity, sigma, center, axes):
    """Write the `center` [3] of the light of N proxies, metres, and the `axes` [3, 3] of views; return the extent D.

    axes[0] points from the Sun to the centre; the others are across.
    """
    total = 0.0
    center[:] = 0.0
    for i in range(len(luminosity)):
        total += luminosity[i]
        for k in range(3):
            center[k] += luminosity[i] * position[i, k]
    for k in range(3):
        center[k] /= total
    square = 0.0
    for i in range(len(luminosity)):
        s = 3.0 * sigma[i] ** 2
        for k in range(3):
            s += (position[i, k] - center[k]) ** 2
        square += luminosity[i] / total * s
    r = max(np.sqrt(center[0] ** 2 + center[1] ** 2 + center[2] ** 2), 1e-300)
    for k in range(3):
        axes[0, k] = center[k] / r
    # Across: the axis of the frame that is least along, made perpendicular.
    least = 0
    for k in range(1, 3):
        if abs(axes[0, k]) < abs(axes[0, least]):
            least = k
    norm = np.sqrt(1.0 - axes[0, least] ** 2)
    for k in range(3):
        axes[1, k] = ((1.0 if k == least else 0.0) - axes[0, least] * axes[0, k]) / norm
    axes[2, 0] = axes[0, 1] * axes[1, 2] - axes[0, 2] * axes[1, 1]
    axes[2, 1] = axes[0, 2] * axes[1, 0] - axes[0, 0] * axes[1, 2]
    axes[2, 2] = axes[0, 0] * axes[1, 1] - axes[0, 1] * axes[1, 0]
    return EXTENTS * np.sqrt(square)


@njit(**EXACT)
def _seen(position, luminosity, center, axes, out):
    """Write (u, v, light, enlargement) of one light in both views into `out` [2, 4]: metres at the cell's distance."""
    a, b, c, distance, r = 0.0, 0.0, 0.0, 0.0, 0.0
    depth = 0.0
    for k in range(3):
        a += position[k] * axes[1, k]
        b += position[k] * axes[2, k]
        c += (position[k] - center[k]) * axes[1, k]
        depth += (position[k] - center[k]) * axes[0, k]
        distance += position[k] ** 2
        r += center[k] ** 2
    distance, r = max(np.sqrt(distance), 1e-300), np.sqrt(r)
    near = r / distance
    out[0, 0], out[0, 1], out[0, 2], out[0, 3] = a * near, b * near, luminosity * near * near, near
    out[1, 0], out[1, 1], out[1, 2], out[1, 3] = depth, c, luminosity, 1.0


@njit(**EXACT)
def add_points(position, luminosity, owner, least, first, stop, center, axes, extent, images, rows, light):
    """Add the light of the points `first` to `stop` - 1 whose `owner` is `least` or more to `light` [2] and `images`.

    `images` [2, WIDTHS, BLOCKS, BLOCKS] get each once, where it is finest: blocks of one width are pairs, along both
    axes, of blocks of the next, and `gather` adds up what the wider ones lack. The bits of `rows` int64 [2, WIDTHS] are
    set of the rows of `images` that have light.
    """
    # `_seen`, with all that is the same for every point outside of the loops: of one that is without branches.
    x0, y0, z0 = center[0], center[1], center[2]
    ax, ay, az, bx, by, bz = axes[1, 0], axes[1, 1], axes[1, 2], axes[2, 0], axes[2, 1], axes[2, 2]
    dx, dy, dz = axes[0, 0], axes[0, 1], axes[0, 2]
    r = np.sqrt(x0 * x0 + y0 * y0 + z0 * z0)
    finest = (1 << WIDTHS - 1) / extent
    u0, v0 = _SHIFT[0] * (1 << WIDTHS - 1), _SHIFT[1] * (1 << WIDTHS - 1)
    light0, light1 = light[0], light[1]
    px, py, pz, whole, seen, u, v, s, t = np.empty((9, _AT_ONCE))
    row = first
    while row < stop:
        count = 0
        while row < stop and count < _AT_ONCE:
            px[count], py[count], pz[count] = position[row, 0], position[row, 1], position[row, 2]
            whole[count] = luminosity[row]
            count += owner[row] >= least
            row += 1
        for i in range(count):
            x, y, z = px[i], py[i], pz[i]
            near = r / max(np.sqrt(x * x + y * y + z * z), 1e-300)
            a, b = x * ax + y * ay + z * az, x * bx + y * by + z * bz
            seen[i] = whole[i] * near * near
            u[i], v[i] = np.floor(a * near * finest + u0), np.floor(b * near * finest + v0)
            x, y, z = x - x0, y - y0, z - z0
            depth, across = x * dx + y * dy + z * dz, x * ax + y * ay + z * az
            s[i], t[i] = np.floor(depth * finest + u0), np.floor(across * finest + v0)
        for i in range(count):
            light0 += seen[i]
            light1 += whole[i]
            _add(images[0], rows[0], u[i], v[i], seen[i])
            _add(images[1], rows[1], s[i], t[i], whole[i])
    light[0], light[1] = light0, light1


@njit(**EXACT)
def _add(images, rows, u, v, light):
    """Add `light` to `images` [WIDTHS, BLOCKS, BLOCKS] of one view at the finest block (u, v), or a wider around it."""
    half, most = BLOCKS // 2, BLOCKS << WIDTHS - 2
    if -most <= u < most and -most <= v < most:
        x, y = int(u), int(v)
        far = _HALVINGS[((x ^ x >> 63) | (y ^ y >> 63)) // half]
        width, x, y = WIDTHS - 1 - far, (x >> far) + half, (y >> far) + half
        images[width, y, x] += light
        rows[width] |= 1 << y


@njit(**EXACT)
def gather(images, rows):
    """Add the light of narrow blocks to the wider blocks around them, of the `rows` [2, WIDTHS] that have any."""
    quarter = BLOCKS // 4
    for view in range(2):
        for width in range(WIDTHS - 1, 0, -1):
            narrow, wide = images[view, width], images[view, width - 1]
            for y in range(BLOCKS // 2):
                if not rows[view, width] >> 2 * y & 3:
                    continue
                rows[view, width - 1] |= 1 << quarter + y
                for x in range(BLOCKS // 2):
                    light = wide[quarter + y, quarter + x]
                    light += narrow[2 * y, 2 * x]
                    light += narrow[2 * y, 2 * x + 1]
                    light += narrow[2 * y + 1, 2 * x]
                    wide[quarter + y, quarter + x] = light + narrow[2 * y + 1, 2 * x + 1]


@njit(**EXACT)
def add_gaussians(position, sigma, luminosity, center, axes, extent, images, rows, sign):
    """Add `sign` times the light of N proxies to `images` [2, WIDTHS, BLOCKS, BLOCKS], and mark their `rows`."""
    seen = np.empty((2, 4))
    share = np.empty((2, BLOCKS))
    for i in range(len(luminosity)):
        _seen(position[i], luminosity[i], center, axes, seen)
        for view in range(2):
            scale = 1.0 / extent
            for width in range(WIDTHS):
                u = seen[view, 0] * scale + _SHIFT[0] * (1 << width) + BLOCKS // 2
                v = seen[view, 1] * scale + _SHIFT[1] * (1 << width) + BLOCKS // 2
                light = sign * seen[view, 2]
                if sigma[i] == 0.0:
                    x, y = np.floor(u), np.floor(v)
                    if 0 <= x < BLOCKS and 0 <= y < BLOCKS:
                        images[view, width, int(y), int(x)] += light
                        rows[view, width] |= 1 << int(y)
                else:
                    s = np.sqrt((sigma[i] * seen[view, 3] * scale) ** 2 + _BLUR**2)
                    x0, x1 = shares_of(u, s, share[0])
                    y0, y1 = shares_of(v, s, share[1])
                    rows[view, width] |= (1 << y1) - (1 << y0)
                    for y in range(y0, y1):
                        for x in range(x0, x1):
                            images[view, width, y, x] += light * share[1, y] * share[0, x]
                scale *= 2.0


@njit(**EXACT)
def shares_of(center, sigma, share):
    """Write the shares of a Gaussian in the blocks of one axis; return the first block and the one behind the last."""
    first = int(min(max(np.floor(center - _FAR * sigma), 0.0), float(BLOCKS)))
    stop = int(min(max(np.floor(center + _FAR * sigma) + 1.0, 0.0), float(BLOCKS)))
    if first >= stop:
        return first, first
    if stop == first + 1 and center - _FAR * sigma >= first and center + _FAR * sigma <= stop:
        share[first] = 1.0
        return first, stop
    narrow = 1.0 / sigma
    before = _normal((first - center) * narrow)
    for x in range(first, stop):
        after = _normal((x + 1 - center) * narrow)
        share[x] = after - before
        before = after
    return first, stop


@njit(**EXACT)
def _normal(z):
    """Return the cumulative normal distribution at `z` standard deviations, 0 and 1 beyond _FAR of them."""
    at = (z + _FAR) * _STEPS
    if at <= 0.0:
        return 0.0
    if at >= 2.0 * _FAR * _STEPS:
        return 1.0
    i = int(at)
    f = at - i
    return _NORMAL[i, 0] + f * (_NORMAL[i, 1] + f * (_NORMAL[i, 2] + f * _NORMAL[i, 3]))


@njit(**EXACT)
def table_of(images, rows, light, table):
    """Write into `table` [2, WIDTHS] the shares of `light` [2] that differences of images misplace, and blank these.

    Nothing is in other than the `rows` [2, WIDTHS] of bits.
    """
    for view in range(2):
        # Each sum waits for its last addition: several at a time wait together.
        for width in range(0, WIDTHS, 3):
            some = rows[view, width] | rows[view, width + 1] | rows[view, width + 2]
            wrong0, wrong1, wrong2 = 0.0, 0.0, 0.0
            for y in range(BLOCKS):
                if not some >> y & 1:
                    continue
                for x in range(BLOCKS):
                    wrong0 += abs(images[view, width, y, x])
                    wrong1 += abs(images[view, width + 1, y, x])
                    wrong2 += abs(images[view, width + 2, y, x])
                images[view, width : width + 3, y] = 0.0
            all_light = max(light[view], 1e-300)
            table[view, width] = wrong0 / all_light
            table[view, width + 1] = wrong1 / all_light
            table[view, width + 2] = wrong2 / all_light
    rows[:] = 0


def blank_images() -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return empty (images [2, WIDTHS, BLOCKS, BLOCKS], rows [2, WIDTHS], light [2]) to add to."""
    return np.zeros((2, WIDTHS, BLOCKS, BLOCKS)), np.zeros((2, WIDTHS), np.int64), np.zeros(2)
