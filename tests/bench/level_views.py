"""Views for judging levels of detail: places, directions, what the ground truth and what a cut shows there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from helios.constants import EPS_PX2, PARSEC_M
from helios.coords import icrs_to_ecliptic_m
from helios.levels.proxies import Lights
from helios.rendering.truth import render_truth

SIZE, BLOCK = 1024, 32
FOCAL = 0.5 * SIZE / math.tan(math.radians(30))
"""Pictures of 1024 x 1024 px and 60 degrees."""

NEAREST = 0.2
"""What is nearer than this share of its distance to the plane of the camera is outside of any such picture."""


def _icrs(ra: float, dec: float, pc: float) -> np.ndarray:
    return icrs_to_ecliptic_m([ra], [dec], [pc * PARSEC_M])[0]


def _galactic(l: float, b: float, pc: float) -> np.ndarray:
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    place = SkyCoord(l=l * u.deg, b=b * u.deg, frame="galactic").icrs
    return _icrs(place.ra.deg, place.dec.deg, pc)


def places() -> dict[str, np.ndarray]:
    """21 places from the Sun to 100 kpc, ecliptic metres."""
    return {
        "Sun": np.zeros(3),
        "alpha Cen": _icrs(219.9, -60.8, 1.3),
        "Sirius": _icrs(101.3, -16.7, 2.6),
        "10 pc": _galactic(40, 20, 10),
        "UMa 25 pc": _icrs(193.5, 55.96, 25),
        "Hyades": _icrs(66.7, 15.9, 47),
        "100 pc": _galactic(120, -10, 100),
        "Pleiades": _icrs(56.75, 24.12, 135),
        "Praesepe": _icrs(130.1, 19.67, 187),
        "300 pc": _galactic(270, 3, 300),
        "Orion 400 pc": _icrs(83.8, -5.4, 400),
        "700 pc": _galactic(10, -2, 700),
        "1 kpc centre": _galactic(0, 0, 1000),
        "1 kpc pole": _galactic(0, 90, 1000),
        "1 kpc l=180": _galactic(180, 0, 1000),
        "1 kpc l=90": _galactic(90, 0, 1000),
        "2.5 kpc": _galactic(60, 5, 2500),
        "5 kpc": _galactic(200, 30, 5000),
        "10 kpc up": _galactic(0, 90, 10000),
        "10 kpc l=90": _galactic(90, 0, 10000),
        "100 kpc": _galactic(300, 45, 100000),
    }


def rotations(place_m: np.ndarray, seed: int) -> list[np.ndarray]:
    """World to camera (rows right, down, forward): all around within 1.8 kpc, else towards the Sun and beside it."""
    axes = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    distance = np.linalg.norm(place_m)
    if distance < 1800 * PARSEC_M:
        forward = [*axes, *-axes]
    else:
        home = -place_m / distance
        forward = [home, home + 0.15 * axes[0], home + 0.25 * axes[1], home + 0.1 * axes[2]]
    return [looking(f) for f in forward]


def looking(forward) -> np.ndarray:
    """World to camera of a camera that looks along `forward`, upright where it can be."""
    f = np.asarray(forward, float) / np.linalg.norm(forward)
    up = np.array([0.0, 0.0, 1.0] if abs(f[2]) < 0.95 else [1.0, 0.0, 0.0])
    right = np.cross(f, up) / np.linalg.norm(np.cross(f, up))
    return np.stack([right, np.cross(f, right), f])


@dataclass(frozen=True)
class View:
    """A camera at `camera_m` that sees `rotation` [3, 3]."""

    camera_m: np.ndarray
    rotation: np.ndarray

    def place(self, lights: Lights) -> tuple[np.ndarray, np.ndarray]:
        """Return (x, y, sigma, light) float64 [N, 4], pixels, of isotropic lights, and which of them touch the picture.

        A light has its part of the picture's pixels per steradian; sigma includes the pixel filter.
        """
        x = (lights.position_m - self.camera_m) @ self.rotation.T
        distance = np.sqrt((x**2).sum(axis=1))
        depth = x[:, 2]
        with np.errstate(all="ignore"):
            px = FOCAL * x[:, :2] / depth[:, None] + SIZE / 2
            sigma = np.sqrt((FOCAL * lights.sigma_m / depth) ** 2 + EPS_PX2)
            light = lights.luminosity * distance / depth**3
            reach = 3.0 * sigma[:, None]
            seen = (depth > NEAREST * distance) & ((px > -reach) & (px < SIZE + reach)).all(axis=1)
        return np.column_stack([px, sigma, light]), seen

    def truth(self, stars: Lights) -> np.ndarray:
        """Return the light in blocks [32, 32] that the ground truth draws of stars, steradians."""
        x = stars.position_m - self.camera_m
        distance = np.sqrt((x**2).sum(axis=1))
        near = (x @ self.rotation[2] > NEAREST * distance) & (distance > 0)
        viewmat = np.eye(4)
        viewmat[:3, :3] = self.rotation
        k = np.array([[FOCAL, 0, SIZE / 2], [0, FOCAL, SIZE / 2], [0, 0, 1.0]])
        means, omega = x[near] / distance[near][:, None], stars.luminosity[near] / distance[near] ** 2
        unit = 1.0 / max(omega.max(initial=1e-30), 1e-30)
        image = render_truth(means, omega * unit, np.ones((len(omega), 3)), viewmat[None], k[None], SIZE, SIZE)
        picture = image[0, :, :, 0].astype(np.float64) / (unit * FOCAL**2)
        return picture.reshape(32, BLOCK, 32, BLOCK).sum(axis=(1, 3))


@njit(cache=True)
def blocks(lights):
    """Light in blocks [32, 32] of (x, y, sigma, light) [N, 4], integrated over each block."""
    out = np.zeros((32, 32))
    share = np.empty((2, 32))
    for i in range(len(lights)):
        sigma = lights[i, 2]
        bounds = np.empty((2, 2), np.int64)
        for axis in range(2):
            low = max(0, math.floor((lights[i, axis] - 5.0 * sigma) / 32.0))
            high = min(31, math.floor((lights[i, axis] + 5.0 * sigma) / 32.0))
            bounds[axis, 0], bounds[axis, 1] = low, high
            before = math.erf((low * 32.0 - lights[i, axis]) / (1.4142135623730951 * sigma))
            for b in range(low, high + 1):
                after = math.erf(((b + 1) * 32.0 - lights[i, axis]) / (1.4142135623730951 * sigma))
                share[axis, b] = 0.5 * (after - before)
                before = after
        for y in range(bounds[1, 0], bounds[1, 1] + 1):
            for x in range(bounds[0, 0], bounds[0, 1] + 1):
                out[y, x] += lights[i, 3] * share[1, y] * share[0, x]
    return out


@njit(cache=True)
def apertures(lights, x, y, half):
    """Light in squares of 2 `half` pixels around each of (`x`, `y`), of (x, y, sigma, light) [N, 4]."""
    out = np.zeros(len(x))
    for i in range(len(lights)):
        s = lights[i, 2]
        w = 1.4142135623730951 * s
        for k in range(len(x)):
            dx, dy = lights[i, 0] - x[k], lights[i, 1] - y[k]
            if abs(dx) < 5.0 * s + half and abs(dy) < 5.0 * s + half:
                across = math.erf((half - dx) / w) + math.erf((half + dx) / w)
                out[k] += lights[i, 3] * 0.25 * across * (math.erf((half - dy) / w) + math.erf((half + dy) / w))
    return out
