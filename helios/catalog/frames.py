"""The frames of positions other than ICRS: which are understood, and their conversion, by astropy."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.catalog.declared import Coordinates
from helios.coords import unit_vectors
from helios.errors import InputError

Floats = NDArray[np.float64]

ICRS = "ICRS"

_FRAMES = {
    "icrs": ICRS,
    "eq_fk5": "FK5",
    "fk5": "FK5",
    "eq_fk4": "FK4",
    "fk4": "FK4",
    "fk4-no-e": "FK4NoETerms",
    "fk4noeterms": "FK4NoETerms",
    "galactic": "Galactic",
    "supergalactic": "Supergalactic",
}
"""Astropy's frames by the names that VOTable 1.4 (COOSYS), FITS 4.0 (RADESYS, section 8.3) and astropy write."""

EQUINOXES = {"FK5": "J2000", "FK4": "B1950", "FK4NoETerms": "B1950"}
"""The frames that have an equinox, and what it is where a file says none (VOTable 1.4, section 3.1)."""

STEP_YR = 1.0
"""Years before and after between which a proper motion is taken."""


@dataclass(frozen=True)
class Frame:
    """A frame that is not ICRS: astropy's name of it, `equinox` and, for FK4, `obstime`, as texts for astropy's Time.

    Both are empty where the frame has none or the file says none.
    """

    name: str
    equinox: str = ""
    obstime: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.equinox}".rstrip()

    def to_icrs(self, ra: Floats, dec: Floats, pmra: Floats, pmdec: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the ICRS columns [N] of stars with these coordinates and proper motions in this frame.

        Degrees, and mas per year with the cosine of the latitude; NaN stays NaN, and a direction that is none is
        returned as it is. The motion is that of the places a year before and a year after, each at its own time: FK4
        turns against the stars.
        """
        usable = np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90.0)
        result = [np.array(column, np.float64) for column in (ra, dec, pmra, pmdec)]
        if not usable.any():
            return result[0], result[1], result[2], result[3]
        at = self._icrs_directions(unit_vectors(ra[usable], dec[usable]), 0.0)
        longitude, latitude, east, north = _angles_and_axes(at)
        result[0][usable], result[1][usable] = longitude, latitude
        moving = usable & np.isfinite(pmra) & np.isfinite(pmdec)
        if moving.any():
            chosen = moving[usable]
            here = unit_vectors(ra[moving], dec[moving])
            _, _, to_east, to_north = _angles_and_axes(here)
            mas = np.deg2rad(1.0 / 3_600_000.0)
            moved = mas * STEP_YR * (pmra[moving, None] * to_east + pmdec[moving, None] * to_north)
            after, before = (self._icrs_directions(_unit(here + s * moved), s * STEP_YR) for s in (1.0, -1.0))
            change = (after - before) / (2.0 * STEP_YR * mas)
            result[2][moving] = np.sum(change * east[chosen], axis=-1)
            result[3][moving] = np.sum(change * north[chosen], axis=-1)
        return result[0], result[1], result[2], result[3]

    def _icrs_directions(self, directions: Floats, years: float) -> Floats:
        """Return ICRS unit vectors [N, 3] of `directions` [N, 3] in this frame, `years` after the epoch of the file."""
        import astropy.coordinates as coordinates
        import astropy.units as u

        options: dict[str, Any] = {}
        if self.equinox:
            options["equinox"] = time_of(self.equinox)
        if self.name.startswith("FK4"):
            options["obstime"] = time_of(self.obstime or self.equinox) + years * u.yr
        longitude, latitude, _, _ = _angles_and_axes(directions)
        place = coordinates.UnitSphericalRepresentation(longitude * u.deg, latitude * u.deg)
        made = getattr(coordinates, self.name)(place, **options).transform_to(coordinates.ICRS())
        return _unit(made.cartesian.xyz.value.T)


def frame_of(told: Coordinates, where: str) -> Frame | None:
    """Return the frame that a file tells, None for ICRS. Raises InputError for one that is not understood."""
    if not told.system.strip():
        return None
    name = _FRAMES.get(told.system.strip().lower())
    remedy = "turn the positions to ICRS, or say otherwise by `frame` in a --schema file"
    if name is None:
        known = "ICRS, FK5, FK4 and galactic are understood"
        raise InputError(f"{where}: its positions are in {told.system[:40]!r} by its {told.source}; {known}: {remedy}")
    if name == ICRS:
        return None
    equinox = told.equinox.strip() or EQUINOXES.get(name, "") if name in EQUINOXES else ""
    frame = Frame(name, equinox, told.epoch.strip() if name.startswith("FK4") else "")
    for text in filter(None, (frame.equinox, frame.obstime)):
        if julian_year(text, besselian=name.startswith("FK4")) is None:
            raise InputError(f"{where}: {text[:40]!r} in its {told.source} is no equinox or epoch; {remedy}")
    if name.startswith("FK4"):
        frame = Frame(name, *(f"B{t}" if _number(t) is not None else t for t in (frame.equinox, frame.obstime)))
    return frame


def julian_year(text: str, besselian: bool = False) -> float | None:
    """Return the Julian year of an epoch such as "J2016.0", "B1950" or "2015.5"; None where it is none.

    A bare number is a Julian year, or a Besselian one where `besselian`: VOTable 1.4, section 3.1.
    """
    number = _number(text)
    if number is not None:
        text = f"{'B' if besselian else 'J'}{text.strip()}"
    if re.fullmatch(r"[Jj]\s*[+-]?\d+(\.\d*)?", text.strip()):
        return float(text.strip()[1:])
    try:
        year = float(time_of(text).jyear)
    except ValueError:
        return None
    return year if math.isfinite(year) else None


def time_of(text: str) -> Any:
    """Return astropy's Time of an epoch: B1950.0, J2000, a bare Julian year, JD2451545.0 (TT) or an ISO date."""
    from astropy.time import Time

    text = text.strip()
    if text[:2].upper() == "JD":
        return Time(float(text[2:]), format="jd", scale="tt")
    if _number(text) is not None:
        return Time(float(text), format="jyear", scale="tt")
    if text[:1] in "JjBb" and _number(text[1:]) is not None:
        return Time(float(text[1:]), format="jyear" if text[:1] in "Jj" else "byear", scale="tt")
    return Time(text, scale="tt")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _unit(vectors: Floats) -> Floats:
    return vectors / np.linalg.norm(vectors, axis=-1)[..., None]


def _angles_and_axes(at: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return longitude in [0, 360) and latitude [N], degrees, of unit vectors [N, 3], and the axes east and north."""
    x, y, z = at.T
    across = np.hypot(x, y)
    longitude = np.arctan2(y, x)
    sine, cosine = np.sin(longitude), np.cos(longitude)
    east = np.stack([-sine, cosine, np.zeros_like(sine)], axis=-1)
    north = np.stack([-z * cosine, -z * sine, across], axis=-1)
    # For a tiny negative angle, % 360 gives 360 itself.
    return np.rad2deg(longitude) % 360.0 % 360.0, np.rad2deg(np.arctan2(z, across)), east, north
