"""SSIM of images and the first three of its four blurs, in one march down the rows, as Triton kernels.

SSIM needs the blurred t, p - t, (p - t)^2 and p t of a pixel; its gradient needs SSIM's derivatives by three blurs
(`_derivatives`), blurred once more. A program marches down a strip of columns, one lane to a float of a row, and holds
the last eleven rows of what it needs in registers: it blurs a row along x straight from the images, the window's rows
along y, and the derivatives of the window's rows along y. What needs other lanes once more, the derivatives' blur
along x, is left to the tiles (`triton_tiles`), and only that goes through memory. Eleven taps along x take 22 loads,
most of them from the first-level cache, and the four products are formed again for every tap: that is cheaper than
to load four planes.

Where truth and prediction are zero in the whole window, SSIM is 1 and its gradient 0. So a part, a strip of a chunk of
rows, that has no light within reach is not marched through.

Images are rows of 3 W floats: the next pixel is three lanes away, and a strip may end between two channels.
"""

import math

import triton
import triton.language as tl

from helios.training.loss.image_terms import C1, C2, WINDOW, WINDOW_SIGMA

STRIP = 128
"""Floats of a row: four warps, a lane to a float. A part reads 15 more on each side."""

CHUNK = 64
"""Rows of a part, a multiple of a tile's; it reads 10 more above and below."""

_REACH = WINDOW // 2
_WEIGHTS = [math.exp(-(k**2) / (2 * WINDOW_SIGMA**2)) for k in range(_REACH + 1)]
REACH = tl.constexpr(_REACH)
TAPS = tl.constexpr(tuple(weight / (2 * sum(_WEIGHTS) - 1) for weight in _WEIGHTS))
_STRIP = tl.constexpr(STRIP)
_CHUNK = tl.constexpr(CHUNK)
_K1 = tl.constexpr(C1)
_K2 = tl.constexpr(C2)


def march_parts(height: int, width: int) -> int:
    """How many parts an image has: strips first, then chunks of rows."""
    return -(-height // CHUNK) * -(-3 * width // STRIP)


@triton.jit
def pick_truth(views, n, per_cell, pool):
    """The truth of prediction n of [B, per_cell], counted through [B, pool], and 0, or NaN where there is none."""
    view = tl.load(views + n)
    known = (view >= 0) & (view < pool)
    return (n // per_cell) * pool + tl.where(known, view, 0), tl.where(known, 0.0, float("nan"))


@triton.jit
def _end(y, first, last, WIDTH3: tl.constexpr):
    """The floats of row y that count: none where it is not from `first` to before `last`."""
    return tl.where((y >= first) & (y < last), WIDTH3, 0)


@triton.jit
def _push(window, row):
    return (
        window[1],
        window[2],
        window[3],
        window[4],
        window[5],
        window[6],
        window[7],
        window[8],
        window[9],
        window[10],
        row,
    )


@triton.jit
def _blur(window):
    total = window[5] * TAPS[0]
    for k in tl.static_range(1, 6):
        total += (window[5 - k] + window[5 + k]) * TAPS[k]
    return total


@triton.jit
def _along_x(pred, truth, i, end, UNIT: tl.constexpr):
    """Blur floats i of a row that ends at `end`, 0 for a dark one: t / UNIT, p - t, (p - t)^2 and p t / UNIT."""
    inside = i < end
    p = tl.load(pred, mask=inside, other=0.0)
    t = tl.load(truth, mask=inside, other=0.0).to(tl.float32)
    d = p - t * UNIT
    mu_t, mu_d, dd, pt = t * TAPS[0], d * TAPS[0], d * d * TAPS[0], p * t * TAPS[0]
    for k in tl.static_range(1, 6):
        left = inside & (i >= 3 * k)
        right = i < end - 3 * k
        p = tl.load(pred - 3 * k, mask=left, other=0.0)
        q = tl.load(pred + 3 * k, mask=right, other=0.0)
        t = tl.load(truth - 3 * k, mask=left, other=0.0).to(tl.float32)
        s = tl.load(truth + 3 * k, mask=right, other=0.0).to(tl.float32)
        d = p - t * UNIT
        e = q - s * UNIT
        mu_t += (t + s) * TAPS[k]
        mu_d += (d + e) * TAPS[k]
        dd += (d * d + e * e) * TAPS[k]
        pt += (p * t + q * s) * TAPS[k]
    return mu_t, mu_d, dd, pt


@triton.jit
def _derivatives(mu_t, mu_d, dd, pt):
    """SSIM's derivatives by the blurred p, p t and (p - t)^2, and 1 - SSIM.

    SSIM = (An / Ad) (Bn / Bd), Wang et al. 2004, eq. 13. Of blurred p - t and (p - t)^2, the differences Ad - An and
    Bd - Bn keep their digits in float32 where prediction and truth are close; of blurred p and p^2 they would not.
    """
    mu_p = mu_t + mu_d
    gap_a = mu_d * mu_d
    a_n = 2.0 * mu_p * mu_t + _K1
    inv_a = 1.0 / (a_n + gap_a)
    gap_b = dd - gap_a
    b_n = 2.0 * (pt - mu_p * mu_t) + _K2
    inv_b = 1.0 / (b_n + gap_b)
    s_a, s_b = a_n * inv_a, b_n * inv_b
    rest_a, rest_b = gap_a * inv_a, gap_b * inv_b
    by_mean = 2.0 * (s_b * inv_a * (mu_p * rest_a - mu_d) + s_a * inv_b * (mu_d - mu_p * rest_b))
    return by_mean, 2.0 * s_a * rest_b * inv_b, -s_a * s_b * inv_b, rest_a + rest_b - rest_a * rest_b


@triton.jit
def _has_light(image, i, top, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """1 where floats i of a chunk, or what is within two windows' reach up and down and one to the sides, shine."""
    SIDE: tl.constexpr = 3 * REACH
    ROWS: tl.constexpr = _CHUNK if HEIGHT > _CHUNK else HEIGHT
    seen = tl.zeros([_STRIP], tl.int32)
    row = image + (top - 2 * REACH) * (3 * WIDTH) + i
    for step in tl.range(0, ROWS + 4 * REACH, loop_unroll_factor=12):
        end = _end(top - 2 * REACH + step, 0, HEIGHT, 3 * WIDTH)
        before = tl.load(row - SIDE, mask=(i >= SIDE) & (i < end + SIDE), other=0.0)
        after = tl.load(row + SIDE, mask=i < end - SIDE, other=0.0)
        seen |= ((before != 0.0) | (after != 0.0)).to(tl.int32)
        row += 3 * WIDTH
    return tl.max(seen, axis=0)


@triton.jit
def _march(
    pred, truth, slopes, i, top, HEIGHT: tl.constexpr, WIDTH: tl.constexpr, UNIT: tl.constexpr, GRADIENT: tl.constexpr
):
    """The sum of 1 - SSIM over floats i of a chunk of an image; with GRADIENT, writes its slopes."""
    WIDTH3: tl.constexpr = 3 * WIDTH
    # So many rows above the chunk reach its first row's SSIM, or that row's gradient.
    LEAD: tl.constexpr = 2 * REACH if GRADIENT else REACH
    ROWS: tl.constexpr = _CHUNK if HEIGHT > _CHUNK else HEIGHT
    bottom = tl.minimum(top + _CHUNK, HEIGHT)
    pred += (top - LEAD) * WIDTH3 + i
    truth += (top - LEAD) * WIDTH3 + i
    slopes += (i % 3) * (HEIGHT * WIDTH) + (top - 2 * LEAD) * WIDTH + i // 3
    zero = tl.zeros([_STRIP], tl.float32)
    dark = (zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero)
    rows_t, rows_d, rows_dd, rows_pt = dark, dark, dark, dark
    rows_0, rows_1, rows_2 = dark, dark, dark
    total = zero
    for step in tl.range(0, ROWS + 2 * LEAD, loop_unroll_factor=11):
        y = top - LEAD + step
        mu_t, mu_d, dd, pt = _along_x(pred, truth, i, _end(y, 0, HEIGHT, WIDTH3), UNIT)
        rows_t = _push(rows_t, mu_t)
        rows_d = _push(rows_d, mu_d)
        rows_dd = _push(rows_dd, dd)
        rows_pt = _push(rows_pt, pt)
        y -= REACH
        by_mean, by_product, by_square, loss = _derivatives(
            _blur(rows_t) * UNIT, _blur(rows_d), _blur(rows_dd), _blur(rows_pt) * UNIT
        )
        total += tl.where(i < _end(y, top, bottom, WIDTH3), loss, 0.0)
        if GRADIENT:
            lit = i < _end(y, 0, HEIGHT, WIDTH3)
            rows_0 = _push(rows_0, tl.where(lit, by_mean, 0.0))
            rows_1 = _push(rows_1, tl.where(lit, by_product, 0.0))
            rows_2 = _push(rows_2, tl.where(lit, by_square, 0.0))
            own = i < _end(y - REACH, top, bottom, WIDTH3)
            tl.store(slopes, _blur(rows_0), mask=own)
            tl.store(slopes + 3 * HEIGHT * WIDTH, _blur(rows_1), mask=own)
            tl.store(slopes + 6 * HEIGHT * WIDTH, _blur(rows_2), mask=own)
            slopes += WIDTH
        pred += WIDTH3
        truth += WIDTH3
    return tl.sum(total, axis=0)


@triton.jit
def _darken(slopes, i, top, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """Write zeros to the slopes of a part."""
    slopes += (i % 3) * (HEIGHT * WIDTH) + top * WIDTH + i // 3
    zero = tl.zeros([_STRIP], tl.float32)
    for step in tl.range(0, _CHUNK):
        own = i < _end(top + step, 0, HEIGHT, 3 * WIDTH)
        tl.store(slopes, zero, mask=own)
        tl.store(slopes + 3 * HEIGHT * WIDTH, zero, mask=own)
        tl.store(slopes + 6 * HEIGHT * WIDTH, zero, mask=own)
        slopes += WIDTH


@triton.jit
def find_light(images, light, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """Write to `light` int32 [N, parts] where there is light within reach of the parts of `images` [N, H, 3 W]."""
    STRIPS: tl.constexpr = (3 * WIDTH + _STRIP - 1) // _STRIP
    PARTS: tl.constexpr = STRIPS * ((HEIGHT + _CHUNK - 1) // _CHUNK)
    program = tl.program_id(0)
    part = program % PARTS
    i = part % STRIPS * _STRIP + tl.arange(0, _STRIP)
    image = images + (program // PARTS).to(tl.int64) * (HEIGHT * WIDTH * 3)
    tl.store(light + program, _has_light(image, i, part // STRIPS * _CHUNK, HEIGHT, WIDTH))


@triton.jit
def march_ssim(
    pred,  # float32 [N, H, 3 W]
    truth,  # [B V, H, 3 W], in steps of UNIT
    views,  # int64 [N]
    truth_light,  # int32 [B V, parts], as `find_light` has it
    light,  # int32 [N, parts]
    slopes,  # float32 [N, 3, 3, H, W]: derivative, channel, row, column
    partials,  # float32 [N, pitch]
    weight,
    per_cell,
    pool,
    pitch,
    HEIGHT: tl.constexpr,
    WIDTH: tl.constexpr,
    UNIT: tl.constexpr,
    GRADIENT: tl.constexpr,
):
    """Write `weight` times the sum of 1 - SSIM of each part of the images to `partials`; images go on with zeros.

    With GRADIENT also SSIM's derivatives (`_derivatives`) of all pixels, blurred along y, to `slopes`, and to `light`
    whether they can be other than 0 for what lies within a window's reach of a part to the sides. The grid is the
    parts of the images, in one axis.
    """
    STRIPS: tl.constexpr = (3 * WIDTH + _STRIP - 1) // _STRIP
    PARTS: tl.constexpr = STRIPS * ((HEIGHT + _CHUNK - 1) // _CHUNK)
    program = tl.program_id(0)
    part = program % PARTS
    n = (program // PARTS).to(tl.int64)
    chosen, poison = pick_truth(views, n, per_cell, pool)
    i = part % STRIPS * _STRIP + tl.arange(0, _STRIP)
    top = part // STRIPS * _CHUNK
    image = pred + n * (HEIGHT * WIDTH * 3)
    planes = slopes + n * (HEIGHT * WIDTH * 9)
    lit = tl.load(truth_light + chosen * PARTS + part)
    if lit == 0:
        lit = _has_light(image, i, top, HEIGHT, WIDTH)
    total = 0.0
    if lit != 0:
        total = _march(image, truth + chosen * (HEIGHT * WIDTH * 3), planes, i, top, HEIGHT, WIDTH, UNIT, GRADIENT)
    elif GRADIENT:
        _darken(planes, i, top, HEIGHT, WIDTH)
    tl.store(light + program, lit)
    tl.store(partials + n * pitch + part, total * weight + poison)
