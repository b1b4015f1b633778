"""Lit globes with their rings in a picture, before which nothing behind them is seen.

A Lambert sphere, flattened at its poles, with an edge as soft as the pixels' filter makes that of a point, and the
light of its magnitude: the shader of `client_export/src/solar/layer.ts` and the sum of `globe.ts` with their numbers. A
pixel has the light that falls into it, as from any other source, so that what the globe gives is the same in any
projection.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from helios.solar.magnitudes import RING_BANDS, RINGS_OUT, ring_glow

Array = NDArray[np.float64]

SOFT_PX = 0.39
REACH_PX = 14 * SOFT_PX
STEPS, AROUND = 96, 96
FINE = 4
"""Rings are looked at in so many places across and down a pixel: from the side their edges are narrower than one."""
EVEN_PX = 6.0
"""A whole globe below this radius has the light of its magnitude to the last digit; larger ones, and Saturn, have its
surface, which is that to 2 %, of crescents of flattened globes to 20 %."""


class Globe(NamedTuple):
    """A globe: `to` [3] the unit vector to it, `size` radius over distance, `pole` [3] and `flat` its shape, `sun` [3]
    where the Sun is from it.

    `light_sr` is all its light, steradians, `peak` that of a pixel where the Sun stands over it, `sheet` that of a
    white sheet per steradian, 0 without rings; `color` linear RGB, `share` how much of it is drawn.
    """

    to: Array
    size: float
    pole: Array
    flat: float
    sun: Array
    light_sr: float
    peak: float
    sheet: float
    color: tuple[float, float, float]
    share: float

    @property
    def reach(self) -> float:
        """Its angular radius, with its rings, radians."""
        return math.asin(min(self.size * (RINGS_OUT if self.sheet > 0 else 1.0), 1.0))


def globe_sum(radius_px: float, phase: float) -> float:
    """Return the sum, px^2, over a picture of a far globe at a phase angle, radians, 1 where the Sun stands over it."""
    t = (np.arange(STEPS) + 0.5) / STEPS
    end = radius_px + REACH_PX
    r, width = end * (2.0 * t - t * t), end * (2.0 - 2.0 * t) / STEPS  # denser towards the edge
    q = r / radius_px
    z = np.sqrt(np.maximum(1.0 - q * q * radius_px**2 / (radius_px**2 + 2.0), 0.0))
    x = q[:, None] * np.cos(2.0 * np.pi * (np.arange(AROUND) + 0.5) / AROUND)
    lit = np.maximum(x * math.sin(phase) + (z * math.cos(phase))[:, None], 0.0) / np.hypot(q, z)[:, None]
    return float((_edge(q, radius_px) * lit.mean(axis=1) * 2.0 * np.pi * r * width).sum())


def draw_globe(light: Array, globe: Globe, rays: Array, part: Array, focal_px: float) -> None:
    """Draw `globe` over `light` [H, W, 3], of which `rays` [H, W, 3] and `part` [H, W] are those of `ray_map`."""
    near = rays @ globe.to >= math.cos(min(globe.reach + (REACH_PX + 2.0) / focal_px, math.pi))
    near &= part > 0.0
    if not near.any():
        return
    radius = focal_px * globe.size / math.sqrt(max(1.0 - globe.size**2, 1e-3))
    parts = [_shade(globe, _unit(ray), radius) for ray in _rays_in(rays, near, FINE if globe.sheet > 0.0 else 1)]
    shown, ring, cover = np.stack(parts).mean(axis=0)
    lit = globe.peak * shown
    whole = not (near[0].any() or near[-1].any() or near[:, 0].any() or near[:, -1].any())
    if radius < EVEN_PX and globe.sheet == 0.0 and whole and lit.any():
        # Few pixels sample a crescent badly.
        lit *= globe.light_sr * focal_px**2 / (part[near] * lit).sum()
    seen = lit + globe.sheet * ring
    behind = light[near] * (1.0 - globe.share * cover)[:, None]
    light[near] = behind + (globe.share * part[near] * seen)[:, None] * np.array(globe.color)


def _rays_in(rays: Array, near: NDArray[np.bool_], fine: int) -> Iterator[Array]:
    """Yield directions [N, 3] of any length in the N pixels `near`: those of `fine` x `fine` places in each."""
    rows, columns = (np.flatnonzero(near.any(axis=axis)) for axis in (1, 0))
    box = slice(max(rows[0] - 1, 0), rows[-1] + 2), slice(max(columns[0] - 1, 0), columns[-1] + 2)
    within, inside = rays[box], near[box]
    if fine == 1 or min(inside.shape) < 2:
        yield within[inside]
        return
    down, across = (np.asarray(np.gradient(within, axis=axis))[inside] for axis in (0, 1))
    steps = (np.arange(fine) + 0.5) / fine - 0.5
    for y in steps:
        for x in steps:
            yield within[inside] + y * down + x * across


def _edge(q: Array, radius_px: float) -> Array:
    return 1.0 / (1.0 + np.exp(np.clip((q - 1.0) * radius_px / SOFT_PX, -80.0, 80.0)))


def _shade(globe: Globe, view: Array, radius_px: float) -> tuple[Array, Array, Array]:
    """Return the light of the globe, over its peak, of its rings, over the sheet's, and what both hide, all [N]."""
    pole, sun = globe.pole, globe.sun

    def rounded(a: Array) -> Array:
        """What makes the globe a sphere."""
        return a + np.multiply.outer(a @ pole, pole) * (1.0 / globe.flat - 1.0)

    centre = rounded(globe.to)
    along = _unit(rounded(view))
    # From the centre to the point of the ray that is nearest to it, in radii.
    e = np.cross(along, np.cross(along, centre)) / globe.size
    q = np.linalg.norm(e, axis=1)
    edge = np.where(along @ centre > 0.0, _edge(q, radius_px), 0.0)
    z = np.sqrt(np.maximum(1.0 - q * q * radius_px**2 / (radius_px**2 + 2.0), 0.0))
    n = _unit(e - along * z[:, None])
    shown = np.maximum(_unit(rounded(n)) @ sun, 0.0) * edge
    if globe.sheet == 0.0:
        return shown, np.zeros(len(q)), edge
    top = n + np.multiply.outer(n @ pole, pole) * (globe.flat - 1.0)
    over = float(sun @ pole)
    mu0 = max(abs(over), 1e-4)
    to_ring = -(top @ pole) / (over if over != 0.0 else 1e-12)
    shadow = np.exp(-_ring_depth(np.linalg.norm(top + to_ring[:, None] * sun, axis=1), 0.01) / mu0)
    shown = np.where(to_ring > 0.0, shown * shadow, shown)
    down = view @ pole
    far = float(globe.to @ pole) / np.where(down == 0.0, 1e-12, down)
    h = (far[:, None] * view - globe.to) / globe.size
    mu = np.maximum(np.abs(down), 1e-4)
    depth = np.where(far > 0.0, _ring_depth(np.linalg.norm(h, axis=1), max(1.5 / radius_px, 0.003)), 0.0)
    through = np.exp(-depth / mu)
    beside = np.linalg.norm(np.cross(rounded(h), _unit(rounded(sun))), axis=1)
    shade = np.where(h @ sun < 0.0, _smooth(0.995, 1.005, beside), 1.0)
    ring = shade * ring_glow(depth, mu, mu0, over * down < 0.0)
    before = np.einsum("ni,ni->n", view, h) < np.einsum("ni,ni->n", view, top)
    return (
        np.where(before, shown * through, shown),
        np.where(before, ring, ring * (1.0 - edge)),
        1.0 - (1.0 - edge) * through,
    )


def _unit(a: Array) -> Array:
    return a / np.linalg.norm(a, axis=-1, keepdims=True)


def _smooth(low: float, high: float, x: Array) -> Array:
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _ring_depth(r: Array, blur: float) -> Array:
    total = np.zeros_like(r)
    for start, end, depth in RING_BANDS:
        total += depth * (_smooth(start - blur, start + blur, r) - _smooth(end - blur, end + blur, r))
    return total
