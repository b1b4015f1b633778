"""The ephemeris that ships: Chebyshev polynomials over intervals of each body's own length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.solar.ephemeris import Ephemeris
from helios.solar.ephemeris_file import Series, read_file


class ChebyshevEphemeris(Ephemeris):
    """The ephemeris of a file in the form of `catalogs/ephemeris.bin.gz`. It is read whole: a few milliseconds.

    Costs half a microsecond per position of many at once, of Mercury one.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. Raises InputError where it is truncated, edited, or of another format."""
        file = read_file(path)
        self.source = file.source
        self.jd_tdb = file.jd_tdb
        self._series = file.series
        self._moon_share = file.moon_share

    def _barycentric(self, body: str, jd_tdb: NDArray[np.float64], derivative: int) -> NDArray[np.float64]:
        if body == "Earth":
            return self._of("Earth-Moon", jd_tdb, derivative) - self._moon_share * self._of("Moon", jd_tdb, derivative)
        if body == "Moon":
            share = 1 - self._moon_share
            return self._of("Earth-Moon", jd_tdb, derivative) + share * self._of("Moon", jd_tdb, derivative)
        return self._of(body, jd_tdb, derivative)

    def _of(self, name: str, jd_tdb: NDArray[np.float64], derivative: int) -> NDArray[np.float64]:
        series = self._series[name]
        place = evaluate(series, jd_tdb - self.jd_tdb[0], derivative)
        return place + self._of("Sun", jd_tdb, derivative) if series.centre == "Sun" else place


def evaluate(series: Series, days: NDArray[np.float64], derivative: int) -> NDArray[np.float64]:
    """Return the sums [N, 3] at `days` [N] after the first date, or with `derivative` 1 their change per day.

    Clenshaw's recurrence and its derivative: C. W. Clenshaw 1955, Math. Comp. 9, 118.
    """
    interval = np.minimum((days / series.days).astype(np.int64), series.coefficients.shape[1] - 1)
    x = (2 * (days - interval * series.days) / series.days - 1)[:, None]
    shape = (len(days), 3)
    one, two = np.zeros(shape), np.zeros(shape)
    slope_one, slope_two = np.zeros(shape), np.zeros(shape)
    for coefficients in series.coefficients[:0:-1]:
        if derivative:
            slope_one, slope_two = 2 * (one + x * slope_one) - slope_two, slope_one
        one, two = 2 * x * one - two + coefficients[interval], one
    if derivative:
        return (one + x * slope_one - slope_two) * (2 / series.days)
    return x * one - two + series.coefficients[0][interval]
