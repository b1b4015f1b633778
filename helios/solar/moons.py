"""Where thirty moons are: series about the planes that their orbits turn in, of `catalogs/moons.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.catalogs_path import embedded
from helios.constants import ICRS_TO_ECLIPTIC
from helios.errors import InputError
from helios.solar.ephemeris import Ephemeris

Terms = NDArray[np.float64]
"""[K, 3]: amplitude, phase in radians at the epoch, radians a day."""


@dataclass(frozen=True)
class Moon:
    """A moon and how it moves: sums of few terms, of a precessing ellipse one each.

    With t days of TDB after the epoch: the semi-major axis is the sum of A cos(B + C t), the mean longitude a
    polynomial and the sum of A sin(B + C t), e exp(i varpi) and sin(i/2) exp(i Omega) are sums of A exp(i (B + C t)).
    Longitudes are counted in the plane of reference from its ascending node on the equator of ICRS.
    """

    name: str
    planet: str
    radius_km: float
    mass_share: float
    """By the mass of the planet with its moons; 0 where it moves the planet by less than 20 km."""
    error_deg: float
    """How far the place may be from the true one, seen from the planet, from 1950 to 2050: no limit that is kept at all
    times, but what comparisons with JPL and with rotations lead to expect."""
    epoch_jd_tdb: float
    pole_deg: tuple[float, float]
    """Right ascension and declination, ICRS, of the pole of the plane of reference."""
    longitude: NDArray[np.float64]
    """[2 or 3], radians, radians a day, and radians a day squared."""
    a: Terms
    """Semi-major axis, au."""
    l: Terms
    """What is added to the longitude, radians."""
    z: Terms
    zeta: Terms


@cache
def load_moons() -> dict[str, Moon]:
    """Return the moons that ship, by name; the Earth's Moon is in the ephemeris."""
    path = embedded("moons.json")
    moons = {}
    for row in json.loads(path.read_text("utf-8"))["moons"]:
        for key in ("a", "l", "z", "zeta"):
            row[key] = np.array(row[key], np.float64).reshape(-1, 3)
        row["longitude"], row["pole_deg"] = np.array(row["longitude"], np.float64), tuple(row["pole_deg"])
        moons[row["name"]] = Moon(**row)
    return moons


def planetocentric_au(name: str, jd_tdb: ArrayLike) -> NDArray[np.float64]:
    """Return places [..., 3] of a moon from the centre of its planet at Julian dates [...], au, universe axes.

    Geometric, at any date, though the error grows with the centuries. Raises InputError for another name.

    >>> from helios.solar.moons import planetocentric_au
    >>> float(round(np.linalg.norm(planetocentric_au("Charon", 2451545.0)) * 149597870.7))
    19594.0
    """
    moon = _named(name)
    dates = np.asarray(jd_tdb, np.float64)
    days = dates.ravel() - moon.epoch_jd_tdb
    longitude = np.polynomial.polynomial.polyval(days, moon.longitude) + _sum(moon.l, days).imag
    place = _of_elements(_sum(moon.a, days).real, longitude, _sum(moon.z, days), _sum(moon.zeta, days))
    return np.einsum("ij,nj->ni", ICRS_TO_ECLIPTIC @ _axes(moon.pole_deg), place).reshape(*dates.shape, 3)


def moon_barycentric_au(name: str, jd_tdb: ArrayLike, ephemeris: Ephemeris) -> NDArray[np.float64]:
    """Return places [..., 3] of a moon from the Solar System's barycentre, au.

    Raises InputError for another name, and for dates that the ephemeris lacks.
    """
    centre = planet_centre_barycentric_au(_named(name).planet, jd_tdb, ephemeris)
    return centre + planetocentric_au(name, jd_tdb)


def planet_centre_barycentric_au(planet: str, jd_tdb: ArrayLike, ephemeris: Ephemeris) -> NDArray[np.float64]:
    """Return places [..., 3], au, of a planet's own centre, which its moons move about the place of the ephemeris."""
    place = ephemeris.barycentric_au(planet, jd_tdb)
    for moon in load_moons().values():
        if moon.planet == planet and moon.mass_share > 0:
            place = place - moon.mass_share * planetocentric_au(moon.name, jd_tdb)
    return place


def _named(name: str) -> Moon:
    moons = load_moons()
    if name not in moons:
        raise InputError(f"{name!r}: no moon with an orbit; there are: {', '.join(moons)}")
    return moons[name]


def _sum(terms: Terms, days: NDArray[np.float64]) -> NDArray[np.complex128]:
    total = np.zeros(len(days), np.complex128)
    for amplitude, phase, rate in terms:
        total += amplitude * np.exp(1j * (phase + rate * days))
    return total


def _axes(pole_deg: tuple[float, float]) -> NDArray[np.float64]:
    """The axes of the plane of reference as columns, ICRS: its node on the equator, what is 90 degrees on, its pole."""
    ra, dec = np.radians(pole_deg)
    node = np.array([-np.sin(ra), np.cos(ra), 0.0])
    pole = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    return np.stack([node, np.cross(pole, node), pole], axis=1)


def _of_elements(
    a: NDArray[np.float64], longitude: NDArray[np.float64], z: NDArray[np.complex128], zeta: NDArray[np.complex128]
) -> NDArray[np.float64]:
    """Places [N, 3] of equinoctial elements: Broucke & Cefola 1972, Celest. Mech. 5, 303."""
    k, h, q, p = z.real, z.imag, zeta.real, zeta.imag
    mean = np.mod(longitude, 2 * np.pi)
    f = mean + k * np.sin(mean) - h * np.cos(mean)
    for _ in range(12):
        f = f - (f - k * np.sin(f) + h * np.cos(f) - mean) / (1 - k * np.cos(f) - h * np.sin(f))
    cos, sin = np.cos(f), np.sin(f)
    across = (h * cos - k * sin) / (1 + np.sqrt(1 - k * k - h * h))
    x, y = a * (cos - k - h * across), a * (sin - h + k * across)
    lift = 2 * np.sqrt(1 - q * q - p * p)
    return np.stack(
        [x * (1 - 2 * p * p) + y * 2 * p * q, x * 2 * p * q + y * (1 - 2 * q * q), (q * y - p * x) * lift], axis=1
    )
