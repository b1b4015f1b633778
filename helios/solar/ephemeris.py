"""Where the Sun, the planets and the Moon are: the ephemeris that ships, or any `.bsp` of JPL."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.catalogs_path import embedded
from helios.errors import InputError
from helios.gzipped import is_gzip
from helios.solar.dates import calendar_date

BODIES = ("Sun", "Mercury", "Venus", "Earth", "Moon", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune", "Pluto")
"""What every ephemeris has. Mars and all beyond are the barycentres of the planets with their moons, as JPL's planetary
ephemerides have them: Mars itself is within 1e-11 au of it, Pluto within 1.5e-5, the others within 2.4e-5."""


class Ephemeris(ABC):
    """Positions and velocities of `bodies` at dates within `jd_tdb`, geometric: without light time or aberration.

    The axes are those of the universe (`helios.constants.ICRS_TO_ECLIPTIC` of ICRS). `barycentric` is from the Solar
    System's barycentre, where universes have their origin; `heliocentric` is from the centre of the Sun.

    >>> import numpy as np
    >>> from helios.solar.ephemeris import load_ephemeris
    >>> ephemeris = load_ephemeris()
    >>> ephemeris.heliocentric_au("Earth", 2451545.0).round(6)
    array([-1.77135e-01,  9.67242e-01, -4.00000e-06])
    >>> round(float(np.linalg.norm(ephemeris.barycentric_au("Sun", 2451545.0))), 4)
    0.0077
    """

    source: str
    """What it was made from, or the name of the file."""
    bodies: tuple[str, ...] = BODIES
    jd_tdb: tuple[float, float]
    """First and last Julian date, TDB."""

    def barycentric_au(self, body: str, jd_tdb: ArrayLike) -> NDArray[np.float64]:
        """Return positions [..., 3] at the Julian dates [...], au from the Solar System's barycentre.

        Raises InputError for a body that is none of `bodies` and for a date outside `jd_tdb`.
        """
        return self._checked(body, jd_tdb, 0)

    def heliocentric_au(self, body: str, jd_tdb: ArrayLike) -> NDArray[np.float64]:
        """Return positions [..., 3], au from the centre of the Sun; otherwise as `barycentric_au`."""
        return self._checked(body, jd_tdb, 0) - self._checked("Sun", jd_tdb, 0)

    def barycentric_au_per_day(self, body: str, jd_tdb: ArrayLike) -> NDArray[np.float64]:
        """Return velocities [..., 3] against the barycentre, au per day of TDB; otherwise as `barycentric_au`."""
        return self._checked(body, jd_tdb, 1)

    def heliocentric_au_per_day(self, body: str, jd_tdb: ArrayLike) -> NDArray[np.float64]:
        """Return velocities [..., 3] against the Sun, au per day of TDB; otherwise as `barycentric_au`."""
        return self._checked(body, jd_tdb, 1) - self._checked("Sun", jd_tdb, 1)

    @abstractmethod
    def _barycentric(self, body: str, jd_tdb: NDArray[np.float64], derivative: int) -> NDArray[np.float64]:
        """Return positions, or with `derivative` 1 velocities, [N, 3] of a known body at dates [N] within the range."""

    def _checked(self, body: str, jd_tdb: ArrayLike, derivative: int) -> NDArray[np.float64]:
        if body not in self.bodies:
            near = difflib.get_close_matches(body.capitalize(), self.bodies) or self.bodies
            raise InputError(
                f"{body!r}: no body of the ephemeris; {'nearest' if len(near) < 4 else 'there are'}: {', '.join(near)}"
            )
        dates = np.asarray(jd_tdb, dtype=np.float64)
        first, last = self.jd_tdb
        wrong = ~((dates >= first) & (dates <= last))  # NaN too
        if wrong.any():
            at = float(dates[wrong].flat[0])
            raise InputError(
                f"date {calendar_date(at)} (JD {at} TDB): outside the ephemeris {self.source}, which has "
                f"{calendar_date(first)} to {calendar_date(last)}; give one that has it: --ephemeris FILE.bsp"
            )
        return self._barycentric(body, dates.ravel(), derivative).reshape(*dates.shape, 3)


def load_ephemeris(path: Path | None = None) -> Ephemeris:
    """Return the ephemeris of a file, JPL's `.bsp` or one like `catalogs/ephemeris.bin.gz`; without a path that one.

    What ships has 1900 to 2100 within 1e-6 au of DE440, the Moon within 1e-7 au of the Earth's centre; it is read once.
    Raises InputError where the file is missing, truncated, edited, of another format, or lacks one of `BODIES`.
    """
    if path is None:
        return _shipped()
    try:
        compressed = is_gzip(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if compressed:
        from helios.solar.chebyshev import ChebyshevEphemeris

        return ChebyshevEphemeris(path)
    from helios.solar.spk import SpkEphemeris

    return SpkEphemeris(path)


@cache
def _shipped() -> Ephemeris:
    from helios.solar.chebyshev import ChebyshevEphemeris

    return ChebyshevEphemeris(embedded("ephemeris.bin.gz"))
