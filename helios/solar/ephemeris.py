"""What an ephemeris is: where the Sun, the planets and the Moon are at a date."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.errors import InputError
from helios.solar.dates import calendar_date

BODIES = ("Sun", "Mercury", "Venus", "Earth", "Moon", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune", "Pluto")
"""What every ephemeris has. Mars and all beyond are the barycentres of the planets with their moons, as JPL's planetary
ephemerides have them: Mars itself is within 1e-11 au of it, Pluto within 1.5e-5, the others within 2.4e-5."""


class Ephemeris(ABC):
    """Positions and velocities of `bodies` at dates within `jd_tdb`, geometric: without light time or aberration.

    The axes are those of the universe (`helios.constants.ICRS_TO_ECLIPTIC` of ICRS). `barycentric` is from the Solar
    System's barycentre, where universes have their origin; `heliocentric` is from the centre of the Sun.

    >>> import numpy as np
    >>> from helios.solar.ephemerides import load_ephemeris
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
