"""The planets along a span of time, as polynomials that a kernel evaluates in tens of nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.fixed_order import product
from helios.solar.ephemeris import Ephemeris
from helios.solar.gravity import GM

Array = NDArray[np.float64]

PERTURBERS = ("Mercury", "Venus", "Earth", "Moon", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune", "Pluto")

SEGMENT_DAYS = 16.0
TERMS = 11
"""Of each polynomial: those of the Moon, whose month is the shortest of the periods, are then right to 4e-8 au."""

_SHAPES = np.array(
    [
        [0.38709927, 0.20563593],
        [0.72333566, 0.00677672],
        [1.00000261, 0.01671123],
        [1.00000261, 0.01671123],
        [1.52371034, 0.09339410],
        [5.20288700, 0.04838624],
        [9.53667594, 0.05386179],
        [19.18916464, 0.04725744],
        [30.06992276, 0.00859048],
        [39.48211675, 0.24882730],
    ]
)
"""Semi-major axis, au, and eccentricity of each of PERTURBERS, the Moon's those of Earth: Standish, Approximate
Positions of the Planets, table 1, of which three digits matter here."""

GM_PERTURBERS = np.array([GM[body] for body in PERTURBERS])
"""[B], au^3 / day^2."""

_PERIHELIA_AU = _SHAPES[:, 0] * (1.0 - _SHAPES[:, 1])

FASTEST_AU_PER_DAY = 1.05 * np.sqrt(GM["Sun"] * (2.0 / _PERIHELIA_AU - 1.0 / _SHAPES[:, 0]))
"""[B], the speed around the Sun that each of PERTURBERS never exceeds: at perihelion, and one part in 20 for the Moon's
around Earth and for what planets do to each other."""

HILL_AU = _PERIHELIA_AU * np.cbrt(GM_PERTURBERS / (3.0 * GM["Sun"]))
HILL_AU[PERTURBERS.index("Moon")] = 0.00243 * np.cbrt(GM["Moon"] / (3.0 * GM["Earth"]))
"""[B], radius of the Hill sphere of each of PERTURBERS, au, at perihelion; of the Moon in the field of Earth, at its
perigee of 0.00243 au."""


@dataclass(frozen=True)
class Tracks:
    """Places of PERTURBERS, and the pull on the Sun, from `first_jd_tdb` on.

    A heliocentric frame falls with the Sun, so the pull of the perturbers on it is taken off every body's.
    """

    first_jd_tdb: float
    segment_days: float
    powers: Array
    """[segments, TERMS, 3 B + 3]: coefficients of x^k, x from -1 to 1 over a segment: x, then y, then z of each of B
    perturbers, au, heliocentric, and then of the acceleration of the Sun, au per day^2."""


def follow(ephemeris: Ephemeris, first_jd_tdb: float, last_jd_tdb: float) -> Tracks:
    """Return the tracks from the first to the last date, which must be later.

    Raises InputError where the ephemeris does not reach.
    """
    segments = max(1, int(np.ceil((last_jd_tdb - first_jd_tdb) / SEGMENT_DAYS)))
    days = (last_jd_tdb - first_jd_tdb) / segments
    nodes = np.cos(np.pi * (np.arange(TERMS) + 0.5) / TERMS)
    dates = first_jd_tdb + days * (np.arange(segments)[:, None] + 0.5 * (nodes + 1.0))
    places = np.stack([ephemeris.heliocentric_au(body, dates.ravel()) for body in PERTURBERS], axis=-1)
    pull = np.einsum("nkb,nb->nk", places, GM_PERTURBERS / np.linalg.norm(places, axis=1) ** 3)
    values = np.concatenate([places.reshape(len(places), -1), pull], axis=1).reshape(segments, TERMS, -1)
    # Through Chebyshev's nodes exactly: coefficients of his polynomials by their orthogonality, then of powers.
    chebyshev = np.polynomial.chebyshev.chebvander(nodes, TERMS - 1) * (2.0 / TERMS)
    chebyshev[:, 0] *= 0.5
    powers = np.array([np.pad(np.polynomial.chebyshev.cheb2poly(row), (0, TERMS))[:TERMS] for row in np.eye(TERMS)])
    fit = product(chebyshev, powers)  # [node, power]
    return Tracks(first_jd_tdb, days, np.ascontiguousarray(np.einsum("np,snc->spc", fit, values)))
