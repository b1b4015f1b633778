"""L1, the block pyramid and the gradient of 32 x 32 pixel tiles, and the sums of a cell's parts, as Triton kernels.

The pyramid's widest block is 32 pixels, so each tile is a problem of its own: add p - t over 2 x 2 neighbours five
times, then hand the derivative of every level back down. The tile takes one channel after the other, so that a block
of pixels is a block of a square tensor; the last blur of SSIM's derivatives, along x, is done on the way to the
gradient, which is written once.
"""

import triton
import triton.language as tl

from helios.training.loss.image_terms import BLOCKS_PX
from helios.training.loss.triton_ssim import CHUNK, REACH, STRIP, TAPS, pick_truth

TILE = BLOCKS_PX[-1]
LEVELS = len(BLOCKS_PX)
_TILE = tl.constexpr(TILE)
_WEIGHTS_EACH = tl.constexpr(LEVELS)
_STRIP = tl.constexpr(STRIP)
_CHUNK = tl.constexpr(CHUNK)


@triton.jit
def _fold(values, SIDE: tl.constexpr):
    """Sum 2 x 2 neighbours of [SIDE, SIDE]."""
    return tl.sum(tl.sum(tl.reshape(values, [SIDE // 2, 2, SIDE // 2, 2]), axis=3), axis=1)


@triton.jit
def _spread(values, SIDE: tl.constexpr):
    """[SIDE, SIDE] to [2 SIDE, 2 SIDE], each value four times."""
    quads = tl.broadcast_to(values[:, None, :, None], [SIDE, 2, SIDE, 2])
    return tl.reshape(quads, [2 * SIDE, 2 * SIDE])


@triton.jit
def _inverse(first, SIZE: tl.constexpr, SIDE: tl.constexpr):
    """One over the pixels of SIZE in each block of SIDE of a tile that begins at `first`, 0 for a block outside."""
    pixels = tl.minimum(SIZE - (first + tl.arange(0, _TILE // SIDE) * SIDE), SIDE)
    return tl.where(pixels > 0, 1.0 / tl.maximum(pixels, 1).to(tl.float32), 0.0)


@triton.jit
def _sign(values):
    return tl.where(values > 0.0, 1.0, tl.where(values < 0.0, -1.0, 0.0))


@triton.jit
def _pyramid(d, top, left, weights, by_flux, by_pixel, HEIGHT: tl.constexpr, WIDTH: tl.constexpr, LEVELS: tl.constexpr):
    """The loss of a tile of differences, zero outside the image, and its gradient [TILE, TILE].

    `weights`: two rows of what the sums of squared and of absolute differences of a level's blocks count, to be
    taken `by_flux`; `by_pixel` is what the pixels' absolute differences count besides.
    """
    sums = (d,)
    for k in tl.static_range(1, LEVELS):
        sums += (_fold(sums[k - 1], _TILE >> (k - 1)),)  # type: ignore[assignment]
    value = 0.0
    slope = d
    for k in tl.static_range(LEVELS - 1, -1, -1):
        square = tl.load(weights + k) * by_flux
        absolute = tl.load(weights + _WEIGHTS_EACH + k) * by_flux
        if k == 0:
            absolute += by_pixel
        if HEIGHT % (1 << k) == 0 and WIDTH % (1 << k) == 0:
            inverse = 1.0 / (1 << (2 * k))
        else:
            inverse = _inverse(top, HEIGHT, 1 << k)[:, None] * _inverse(left, WIDTH, 1 << k)[None, :]
        mean = sums[k] * inverse
        value += tl.sum((square * mean) * mean + absolute * tl.abs(mean))
        own = (2.0 * square * mean + absolute * _sign(mean)) * inverse
        slope = own if k == LEVELS - 1 else own + _spread(slope, _TILE >> (k + 1))
    return value, slope


@triton.jit
def _along_x(values, x, inside, WIDTH: tl.constexpr):
    """Blur a plane along x at the columns x, zero outside."""
    total = tl.load(values, mask=inside, other=0.0) * TAPS[0]
    for k in tl.static_range(1, 6):
        before = tl.load(values - k, mask=inside & (x >= k), other=0.0)
        after = tl.load(values + k, mask=inside & (x < WIDTH - k), other=0.0)
        total += (before + after) * TAPS[k]
    return total


@triton.jit
def _ssim_slope(planes, x, inside, t, d, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """The derivative of the sum of SSIM of a channel by its pixels."""
    by_mean = _along_x(planes, x, inside, WIDTH)
    by_product = _along_x(planes + 3 * HEIGHT * WIDTH, x, inside, WIDTH)
    by_square = _along_x(planes + 6 * HEIGHT * WIDTH, x, inside, WIDTH)
    return by_mean + t * by_product + 2.0 * d * by_square


@triton.jit
def _slopes_lit(light, top, left, WIDTH: tl.constexpr):
    """Not 0 where the slopes that reach a tile may be other than 0. The strips it touches are one or two."""
    STRIPS: tl.constexpr = (3 * WIDTH + _STRIP - 1) // _STRIP
    first = tl.maximum(3 * (left - REACH), 0) // _STRIP
    last = (tl.minimum(3 * (left + _TILE + REACH), 3 * WIDTH) - 1) // _STRIP
    row = light + top // _CHUNK * STRIPS
    return tl.load(row + first) | tl.load(row + last)


# Given slopes on a 16-byte boundary, the compiler hands a lane four neighbouring floats. Of the eleven shifted loads
# three are better for it; the others lose their coalescing.
@triton.jit(do_not_specialize_on_alignment=["slopes"])
def add_tiles(
    pred,  # float32 [N, H, W, 3]
    truth,  # [B V, H, W, 3], in steps of UNIT
    views,  # int64 [N]
    weights,  # float32 [B V, 2, LEVELS]
    light,  # int32 [N, parts of the march]
    slopes,  # float32 [N, 3, 3, H, W]
    gradient,  # float32 [N, H, W, 3]
    partials,  # float32 [N, pitch]
    by_ssim,
    by_flux,
    by_pixel,
    per_cell,
    pool,
    pitch,
    first,
    HEIGHT: tl.constexpr,
    WIDTH: tl.constexpr,
    UNIT: tl.constexpr,
    LEVELS: tl.constexpr,
    SSIM: tl.constexpr,
    GRADIENT: tl.constexpr,
):
    """Write the L1 and pyramid loss of each tile to `partials` from `first` on, and with GRADIENT the gradient.

    With SSIM, `by_ssim` times the derivative of the sum of 1 - SSIM, from `light` and `slopes` as `march_ssim` leaves
    them, is in the gradient. The grid is the tiles of the images, in one axis.
    """
    ACROSS: tl.constexpr = (WIDTH + _TILE - 1) // _TILE
    TILES: tl.constexpr = (HEIGHT + _TILE - 1) // _TILE * ACROSS
    program = tl.program_id(0)
    tile = program % TILES
    n = (program // TILES).to(tl.int64)
    chosen, poison = pick_truth(views, n, per_cell, pool)
    by_ssim += poison
    by_flux += poison
    by_pixel += poison
    top, left = tile // ACROSS * _TILE, tile % ACROSS * _TILE
    y = top + tl.arange(0, _TILE)[:, None]
    x = left + tl.arange(0, _TILE)[None, :]
    inside = (y < HEIGHT) & (x < WIDTH)
    pixel = y * WIDTH + x
    pred += n * (HEIGHT * WIDTH * 3)
    gradient += n * (HEIGHT * WIDTH * 3)
    truth += chosen * (HEIGHT * WIDTH * 3)
    weights += chosen * (2 * _WEIGHTS_EACH)
    slopes += n * (HEIGHT * WIDTH * 9)
    lit = 0
    if SSIM:
        PARTS: tl.constexpr = (3 * WIDTH + _STRIP - 1) // _STRIP * ((HEIGHT + _CHUNK - 1) // _CHUNK)
        lit = _slopes_lit(light + n * PARTS, top, left, WIDTH)
    total = 0.0
    for channel in tl.range(0, 3):
        p = tl.load(pred + pixel * 3 + channel, mask=inside, other=0.0)
        t = tl.load(truth + pixel * 3 + channel, mask=inside, other=0.0).to(tl.float32) * UNIT
        d = p - t
        value, slope = _pyramid(d, top, left, weights, by_flux, by_pixel, HEIGHT, WIDTH, LEVELS)
        total += value
        if GRADIENT:
            if lit != 0:
                planes = slopes + channel * (HEIGHT * WIDTH) + pixel
                slope -= by_ssim * _ssim_slope(planes, x, inside, t, d, HEIGHT, WIDTH)
            tl.store(gradient + pixel * 3 + channel, slope, mask=inside)
    tl.store(partials + n * pitch + first + tile, total)


@triton.jit
def sum_parts(partials, loss, COUNT: tl.constexpr, BLOCK: tl.constexpr):
    """Sum the COUNT floats of each cell, always in the same order."""
    cell = tl.program_id(0)
    i = tl.arange(0, BLOCK)
    partials += cell.to(tl.int64) * COUNT
    total = tl.zeros([BLOCK], tl.float32)
    for first in tl.range(0, COUNT, BLOCK):
        total += tl.load(partials + first + i, mask=first + i < COUNT, other=0.0)
    tl.store(loss + cell, tl.sum(total))


@triton.jit
def scale_cells(gradient, upstream, stride, COUNT: tl.constexpr, BLOCK: tl.constexpr):
    """Multiply the COUNT floats of each cell by its number; where that is 1, touch nothing."""
    BLOCKS: tl.constexpr = (COUNT + BLOCK - 1) // BLOCK
    program = tl.program_id(0)
    cell = (program // BLOCKS).to(tl.int64)
    factor = tl.load(upstream + cell * stride)
    if factor != 1.0:
        i = program % BLOCKS * BLOCK + tl.arange(0, BLOCK)
        here = gradient + cell * COUNT + i
        tl.store(here, tl.load(here, mask=i < COUNT, other=0.0) * factor, mask=i < COUNT)
