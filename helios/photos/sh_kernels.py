"""What splats show a camera, in machine code, a vector's worth of splats at once: sizes, opacities and colours.

Tensors are flat float32 arrays here: colours and what is asked of them [C N 3], positions, scales and sh0 [N 3], shN
[N width], the cameras' centres [C 3]. The colours are those of `helios.photos.sh_basis.torch_colors`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from helios.photos import sh_basis as sh
from helios.photos.sh_functions import fill_basis, slope_of, unit
from helios.rendering.rows import exp
from helios.simd import BARE, JIT, LANES, broadcast, load, load_pixels, prefetch, select, store, store_pixels, transpose

C0, HALF, ONE, ZERO = np.float32(sh.C0), np.float32(0.5), np.float32(1.0), np.float32(0.0)

BASIS = sh.coefficients(sh.MOST_DEGREE)
ROOM = LANES * 3 * BASIS
"""Numbers of LANES splats' shN, and as many more as vectors at their end may reach beyond it."""

SLOPES = 9 * LANES
"""Numbers of LANES splats: the derivatives of red, of green and of blue in the direction as given."""

AHEAD = 8 * LANES
"""How many splats before their turn coefficients are fetched: the cache does not foresee rows read side by side."""


@njit(**JIT)
def buffers():
    """What one thread needs for LANES splats: basis functions, shN by columns, and a spare one of their size."""
    return np.empty(BASIS * LANES, np.float32), np.empty(ROOM, np.float32), np.zeros(ROOM, np.float32)


@njit(**BARE)
def share_of(stripe, stripes, count):
    """The first of a stripe's share of `count` splats, whole vectors of them, and the first behind it."""
    blocks = (count + LANES - 1) // LANES
    return stripe * blocks // stripes * LANES, min(count, (stripe + 1) * blocks // stripes * LANES)


@njit(**BARE)
def take_threes(rows, at, spare):
    """Three vectors: the numbers from `at` on of rows of three; the last rows, which are fewer, go through `spare`."""
    if at + 3 * LANES <= len(rows):
        return load_pixels(rows, at)
    for i in range(at, len(rows)):
        spare[i - at] = rows[i]
    return load_pixels(spare, 0)


@njit(**BARE)
def asked(colors, upstream, at, spare):
    """What is asked of the colours from `at` on, three vectors; nothing where one was cut at 0."""
    none = broadcast(ZERO)
    color, up = take_threes(colors, at, spare), take_threes(upstream, at, spare)
    red, green = select(color[0] > none, up[0], none), select(color[1] > none, up[1], none)
    return red, green, select(color[2] > none, up[2], none)


@njit(**BARE)
def direction(place, centres, view):
    """The unit vectors from a camera's centre to `place`, three vectors, and one over the distances."""
    return unit((place[0] - centres[3 * view], place[1] - centres[3 * view + 1], place[2] - centres[3 * view + 2]))


@njit(**BARE)
def _give_threes(rows, at, count, spare, a, b, c):
    """Write the numbers of `count` rows of three, at most LANES, from three vectors."""
    if count >= LANES:
        store_pixels(rows, at, a, b, c)
    else:
        store_pixels(spare, 0, a, b, c)
        for i in range(3 * count):
            rows[at + i] = spare[i]


@njit(**BARE)
def _fill_columns(columns, shN, first, count, width, degree, spare):
    """Write the coefficients of LANES splats to `columns` [ROOM], a vector for each."""
    for k in range((first + AHEAD) * width, min(first + AHEAD + LANES, count) * width, LANES):
        prefetch(shN, k)
    used = 3 * (degree + 1) ** 2 - 3
    if first + LANES < count:
        for k in range(0, used, LANES):
            transpose(shN, first * width + k, width, columns, k * LANES, LANES)
    else:
        for i in range(first * width, count * width):
            spare[i - first * width] = shN[i]
        for k in range(0, used, LANES):
            transpose(spare, k, width, columns, k * LANES, LANES)


@njit(**BARE)
def _size(x):
    """e^x; what is not finite must reach the loss."""
    root = exp(HALF * x)
    return root * root + ZERO * x


@njit(**BARE)
def _opacity(x):
    return ONE / (ONE + exp(ZERO - x)) + ZERO * x


@njit(**BARE)
def _activate(values, inputs, first, end, sigmoid):
    """Fill the numbers `first` to `end` of `values` by e^x, or by the sigmoid, of those of `inputs`."""
    i = first
    while i + LANES <= end:
        x = load(inputs, i)
        store(values, i, _opacity(x) if sigmoid else _size(x))
        i += LANES
    while i < end:
        values[i] = _opacity(inputs[i]) if sigmoid else _size(inputs[i])
        i += 1


@njit(**JIT)
def show(stripe, stripes, count, width, degree, centres, trained, shown):
    """Fill what is `shown`, (scales, opacities, colors, slopes), of this stripe's share of the splats.

    `trained` = (means, log-scales, logits of opacities, sh0, shN). Where there is no room for `slopes`, [C blocks
    SLOPES], they are left out.
    """
    _show_share(stripe, stripes, count, width, degree, centres, trained, shown, buffers())


@njit(**BARE)
def _show_share(stripe, stripes, count, width, degree, centres, trained, shown, own):
    means, log_scales, logits, sh0, shN = trained
    scales, opacities, colors, slopes = shown
    basis, columns, spare = own
    none, blocks = broadcast(ZERO), (count + LANES - 1) // LANES
    begin, end = share_of(stripe, stripes, count)
    _activate(scales, log_scales, 3 * begin, 3 * end, False)
    _activate(opacities, logits, begin, end, True)
    for first in range(begin, end, LANES):
        _fill_columns(columns, shN, first, count, width, degree, spare)
        flat, place = take_threes(sh0, 3 * first, spare), take_threes(means, 3 * first, spare)
        for view in range(len(centres) // 3):
            x, y, z, over = direction(place, centres, view)
            fill_basis(basis, x, y, z, degree)
            red, green, blue = HALF + C0 * flat[0], HALF + C0 * flat[1], HALF + C0 * flat[2]
            for k in range(1, (degree + 1) ** 2):
                factor, at = load(basis, k * LANES), 3 * (k - 1) * LANES
                red = red + factor * load(columns, at)
                green = green + factor * load(columns, at + LANES)
                blue = blue + factor * load(columns, at + 2 * LANES)
            red, green = select(red > none, red, none), select(green > none, green, none)
            blue = select(blue > none, blue, none)
            _give_threes(colors, 3 * (view * count + first), count - first, spare, red, green, blue)
            if len(slopes) > 0:
                at = (view * blocks + first // LANES) * SLOPES
                for i in range(3):
                    dx, dy, dz = slope_of(columns, i * LANES, x, y, z, degree)
                    along = dx * x + dy * y + dz * z
                    store(slopes, at + 3 * i * LANES, over * (dx - along * x))
                    store(slopes, at + (3 * i + 1) * LANES, over * (dy - along * y))
                    store(slopes, at + (3 * i + 2) * LANES, over * (dz - along * z))


@njit(**BARE)
def add_slopes(d_place, slopes, at, red, green, blue):
    """The gradient in the places, three vectors, with what is asked of the colours times their slopes from `at` on."""
    dx, dy, dz = d_place
    far = 3 * LANES
    dx = dx + red * load(slopes, at) + green * load(slopes, at + far) + blue * load(slopes, at + 2 * far)
    at += LANES
    dy = dy + red * load(slopes, at) + green * load(slopes, at + far) + blue * load(slopes, at + 2 * far)
    at += LANES
    dz = dz + red * load(slopes, at) + green * load(slopes, at + far) + blue * load(slopes, at + 2 * far)
    return dx, dy, dz


@njit(**BARE)
def add_products(columns, basis, degree, view, red, green, blue):
    """Add the gradient in shN to `columns`, or of view 0 write it: what is asked times the functions in `basis`."""
    for k in range(1, (degree + 1) ** 2):
        factor, at = load(basis, k * LANES), 3 * (k - 1) * LANES
        if view == 0:
            store(columns, at, factor * red)
            store(columns, at + LANES, factor * green)
            store(columns, at + 2 * LANES, factor * blue)
        else:
            store(columns, at, load(columns, at) + factor * red)
            store(columns, at + LANES, load(columns, at + LANES) + factor * green)
            store(columns, at + 2 * LANES, load(columns, at + 2 * LANES) + factor * blue)


@njit(**BARE)
def columns_to_rows(rows, columns, width):
    """Write `columns` to `rows` of `width` numbers, one splat after the other."""
    # From the last columns to the first: what a row's last vector writes into the next is written over.
    for k in range((width - 1) // LANES * LANES, -1, -LANES):
        transpose(columns, k * LANES, LANES, rows, k, width)
