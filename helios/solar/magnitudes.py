"""How bright, how large and of which colour the bodies of the solar system are.

The numbers and formulas of `client_export/src/solar/planets.ts` and `ring.ts`, whose sources stand there; a test
compares them. The moons of `catalogs/moons.json` have the geometric albedos of JPL's Planetary Satellite Physical
Parameters (https://ssd.jpl.nasa.gov/sats/phys_par/), from which their magnitude follows (Harris & Harris 1997, Icarus
126, 450), and the phase law of Lambert's sphere: within some 0.2 mag.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Color = tuple[float, float, float]
Law = Callable[[float], float]


@dataclass(frozen=True)
class World:
    """A large body: `radius_m` at its equator, `flat` polar over equatorial, `pole_deg` its north pole, ICRS.

    `color` is linear RGB of luminance 1; `magnitude` V at 1 au from the Sun and from the eye at a phase angle, degrees,
    to which it is known up to `known_deg`.
    """

    name: str
    kind: str
    radius_m: float
    flat: float
    pole_deg: tuple[float, float]
    color: Color
    magnitude: Law
    known_deg: float


def _poly(*terms: float) -> Law:
    def law(a: float) -> float:
        total = 0.0
        for term in reversed(terms):
            total = total * a + term
        return total

    return law


def _split(at: float, below: Law, above: Law) -> Law:
    return lambda a: below(a) if a <= at else above(a)


def _rgb(r: float, g: float, b: float) -> Color:
    light = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return r / light, g / light, b / light


def _jupiter_far(a: float) -> float:
    x = a / 180.0
    shape = 1.0 - 1.507 * x - 0.363 * x**2 - 0.062 * x**3 + 2.809 * x**4 - 1.876 * x**5
    return -9.428 - 2.5 * math.log10(shape)


def _world(
    name: str,
    kind: str,
    km: float,
    polar_km: float,
    pole: tuple[float, float],
    color: Color,
    law: Law,
    known_deg: float,
) -> World:
    return World(name, kind, 1e3 * km, polar_km / km, pole, color, law, known_deg)


_MERCURY = _poly(-0.613, 6.328e-2, -1.6336e-3, 3.3644e-5, -3.4265e-7, 1.6893e-9, -3.0334e-12)
_VENUS = _split(163.7, _poly(-4.384, -1.044e-3, 3.687e-4, -2.814e-6, 8.938e-9), _poly(236.05828, -2.81914, 8.39034e-3))
_MARS = _split(50.0, _poly(-1.601, 2.267e-2, -1.302e-4), _poly(-0.367, -2.573e-2, 3.445e-4))
_JUPITER = _split(12.0, _poly(-9.395, -3.7e-4, 6.16e-4), _jupiter_far)
_SATURN = _split(6.0, _poly(-8.95, -3.7e-4, 6.16e-4), _poly(-8.94, 2.446e-4, 2.672e-4, -1.506e-6, 4.767e-9))

WORLDS = (
    _world("Mercury", "planet", 2440.53, 2438.26, (281.01, 61.41), _rgb(1, 0.9, 0.78), _MERCURY, 170),
    _world("Venus", "planet", 6051.8, 6051.8, (272.76, 67.16), _rgb(1, 0.93, 0.78), _VENUS, 179),
    _world("Earth", "planet", 6378.14, 6356.75, (0, 90), _rgb(0.62, 0.78, 1), _poly(-3.99, -1.06e-3, 2.054e-4), 170),
    _world("Moon", "moon", 1737.4, 1737.4, (269.99, 66.54), _rgb(1, 0.93, 0.84), _poly(0.21, 2.6e-2, 0, 0, 4e-9), 150),
    _world("Mars", "planet", 3396.19, 3376.2, (317.68, 52.89), _rgb(1, 0.55, 0.3), _MARS, 120),
    _world("Jupiter", "planet", 71492, 66854, (268.06, 64.5), _rgb(1, 0.86, 0.7), _JUPITER, 130),
    _world("Saturn", "planet", 60268, 54364, (40.59, 83.54), _rgb(1, 0.85, 0.6), _SATURN, 150),
    _world(
        "Uranus", "planet", 25559, 24973, (257.31, -15.18), _rgb(0.6, 0.88, 0.95), _poly(-7.11, 6.587e-3, 1.045e-4), 154
    ),
    _world(
        "Neptune", "planet", 24764, 24341, (299.36, 43.46), _rgb(0.4, 0.62, 1), _poly(-7.0, 7.944e-3, 9.617e-5), 133
    ),
    _world("Pluto", "dwarf planet", 1188.3, 1188.3, (132.99, -6.16), _rgb(1, 0.85, 0.7), _poly(-0.45, 3.7e-2), 2),
)

GREY: Color = (1.06, 0.99, 0.93)
"""Of bodies whose colour is not known: that of sunlight."""

USUAL_G, USUAL_N = 0.15, 4.0
"""G of an asteroid, and n of a comet, of which it is not known."""

ALBEDO = 0.14
"""The mean albedo of asteroids: Pravec & Harris 2007, Icarus 190, 250."""
UNKNOWN_RADIUS_M = 500.0

MOON_ALBEDOS = {
    **{"Phobos": 0.071, "Deimos": 0.068, "Io": 0.63, "Europa": 0.67, "Ganymede": 0.43, "Callisto": 0.17},
    **{"Metis": 0.061, "Adrastea": 0.1, "Amalthea": 0.09, "Thebe": 0.047, "Mimas": 0.962, "Enceladus": 1.375},
    **{"Tethys": 1.229, "Dione": 0.998, "Rhea": 0.949, "Titan": 0.2, "Hyperion": 0.3, "Iapetus": 0.6, "Phoebe": 0.081},
    **{"Miranda": 0.32, "Ariel": 0.39, "Umbriel": 0.21, "Titania": 0.27, "Oberon": 0.23, "Puck": 0.11},
    **{"Larissa": 0.091, "Proteus": 0.096, "Triton": 0.719, "Nereid": 0.155, "Charon": 0.372},
}

RINGED = "Saturn"
RINGS_OUT = 2.269
"""Equatorial radii of it."""
RING_BANDS = (
    *((1.239, 1.527, 0.1), (1.527, 1.66, 1.0), (1.66, 1.951, 2.2), (1.951, 2.027, 0.12), (2.027, RINGS_OUT, 0.55)),
)
"""From and to, equatorial radii, and the optical depth straight through."""
RING_BACK = 0.63


def lambert(phase: ArrayLike) -> NDArray[np.float64]:
    """Return the phase law of a Lambert sphere at phase angles, radians, any shape: 1 at full phase."""
    a = np.asarray(phase, np.float64)
    return (np.sin(a) + (np.pi - a) * np.cos(a)) / np.pi


def world_magnitude(world: World, sun_au: float, eye_au: float, phase: float) -> float:
    """Return V of a world `sun_au` from the Sun and `eye_au` from the eye, at a phase angle, radians; without rings."""
    known = math.radians(world.known_deg)
    held = min(phase, known)
    beyond = -2.5 * math.log10(max(float(lambert(phase) / lambert(known)), 1e-9)) if phase > known else 0.0
    return world.magnitude(math.degrees(held)) + beyond + 5.0 * math.log10(sun_au * eye_au)


def moon_world(name: str, radius_km: float) -> World:
    """Return what is known of one of MOON_ALBEDOS: a sphere of sunlight's colour."""
    h = 5.0 * math.log10(1329.0 / (2.0 * radius_km * math.sqrt(MOON_ALBEDOS[name])))
    return _world(name, "moon", radius_km, radius_km, (0.0, 90.0), GREY, lambda a: h, 0.0)


def small_magnitudes(
    is_comet: ArrayLike, h_mag: ArrayLike, slope: ArrayLike, sun_au: ArrayLike, eye_au: ArrayLike, phase: ArrayLike
) -> NDArray[np.float64]:
    """Return V of small bodies [N], NaN where `h_mag` is; H and slope as in `Orbits`, phase angles in radians.

    H, G of Bowell et al. 1989; of comets m = M1 + 5 log d + 2.5 n log r.
    """
    h, slopes = np.asarray(h_mag, np.float64), np.asarray(slope, np.float64)
    r, d = np.asarray(sun_au, np.float64), np.asarray(eye_au, np.float64)
    n, g = np.where(np.isnan(slopes), USUAL_N, slopes), np.where(np.isnan(slopes), USUAL_G, slopes)
    tan = np.tan(np.minimum(np.asarray(phase, np.float64), 3.1) / 2.0)
    shine = (1.0 - g) * np.exp(-3.33 * tan**0.63) + g * np.exp(-1.87 * tan**1.22)
    asteroid = h + 5.0 * np.log10(r * d) - 2.5 * np.log10(np.maximum(shine, 1e-12))
    return np.where(is_comet, h + 5.0 * np.log10(d) + 2.5 * n * np.log10(r), asteroid)


def small_radius_m(h_mag: ArrayLike) -> NDArray[np.float64]:
    """Return the radii, metres, of asteroids of absolute magnitudes [N] and the mean albedo."""
    h = np.asarray(h_mag, np.float64)
    return np.where(np.isnan(h), UNKNOWN_RADIUS_M, 1.329e6 / math.sqrt(ALBEDO) / 2.0 * 10.0 ** (-h / 5.0))


def ring_glow(depth: ArrayLike, mu: ArrayLike, mu0: float, lit_side: ArrayLike) -> NDArray[np.float64]:
    """Return the radiance of rings of an optical `depth` over that of a white sheet that faces the Sun.

    Seen at `mu` and lit at `mu0`, sines of the heights over their plane: single scattering, Chandrasekhar 1960, 80.
    """
    depth, mu = np.asarray(depth, np.float64), np.maximum(np.asarray(mu, np.float64), 1e-4)
    if mu0 < 1e-4:
        return np.zeros(np.broadcast_shapes(depth.shape, mu.shape))
    before = RING_BACK * mu0 * -np.expm1(-depth / mu - depth / mu0) / (mu + mu0)
    apart = np.maximum(np.abs(mu - mu0), 1e-3)
    behind = RING_BACK * mu0 * np.abs(np.exp(-depth / mu) - np.exp(-depth / mu0)) / apart
    return np.where(lit_side, before, behind)


def ring_light(mu: float, mu0: float, lit_side: bool) -> float:
    """Return the light of all rings over that of a white sheet, a square of the planet's equatorial radius."""
    if mu <= 0.0 or mu0 <= 0.0:
        return 0.0
    return sum(
        math.pi * (end**2 - start**2) * mu * float(ring_glow(depth, mu, mu0, lit_side))
        for start, end, depth in RING_BANDS
    )
