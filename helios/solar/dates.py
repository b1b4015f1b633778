"""Dates as people write them, and Julian dates.

People's dates are Gregorian, at all times, and UTC; before 1972, when UTC as it is began, mean solar time at Greenwich.
Ephemerides go by TDB. `client_export/src/solar/dates.ts` does the same with the same numbers.

Errors: 0.05 ms since 1972, 1 s from 1900 to 1972. Leap seconds to come are not known: it is as if none came. Before
1900 the difference of 1900 holds, which is wrong by 12 s in 1700 and by hours two thousand years ago.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.errors import InputError

DAY_S = 86_400.0
J2000 = 2_451_545.0
UNIX_JD = 2_440_587.5
"""Julian date of 1970-01-01T00:00."""
UTC_BEGINS_JD = 2_441_317.5
"""1972-01-01: from here on UTC differs from TAI by whole seconds."""

LEAP_DAYS = (
    *("1972-01-01", "1972-07-01", "1973-01-01", "1974-01-01", "1975-01-01", "1976-01-01", "1977-01-01", "1978-01-01"),
    *("1979-01-01", "1980-01-01", "1981-07-01", "1982-07-01", "1983-07-01", "1985-07-01", "1988-01-01", "1990-01-01"),
    *("1991-01-01", "1992-07-01", "1993-07-01", "1994-07-01", "1996-01-01", "1997-07-01", "1999-01-01", "2006-01-01"),
    *("2009-01-01", "2012-07-01", "2015-07-01", "2017-01-01"),
)
"""TAI - UTC is 10 s from the first of these days on, and 1 s more from each other. Source: IERS Bulletin C."""
TT_TAI_S = 32.184

SOLAR_TIME_S = (-2.7, 3.9, 10.5, 17.2, 21.2, 23.6, 24.0, 23.9, 24.3, 26.8, 29.1, 31.1, 33.1, 35.7, 40.2)
"""TT - UT at the start of 1900, 1905 and so on to 1970, seconds: Espenak & Meeus 2006, NASA/TP-2006-214141, table 3."""

FORMS = "2026-11-29, 2026-11-29T20:00, 2026-11-29T20:00:30Z (UTC), now, or a Julian date of TDB, JD2461374.5"
DAY_JDS = np.array([date.fromisoformat(day).toordinal() + 1_721_424.5 for day in LEAP_DAYS])
SOLAR_JDS = np.array([*(date(1900 + 5 * i, 1, 1).toordinal() + 1_721_424.5 for i in range(15)), UTC_BEGINS_JD])
SOLAR_S = np.array([*SOLAR_TIME_S, 10 + TT_TAI_S])


def parse_date(text: str) -> float:
    """Return the Julian date, TDB, that a text says: UTC in ISO 8601, `now`, or `JD` and a number.

    Raises InputError for any other text, and for days that do not exist.

    >>> round(parse_date("2000-01-01T11:58:55.816"), 6)
    2451545.0
    >>> parse_date("JD2451545.25")
    2451545.25
    """
    plain = text.strip()
    if plain.lower() == "now":
        return float(tdb_of_utc(datetime.now(UTC).timestamp() / DAY_S + UNIX_JD))
    julian = re.fullmatch(r"JD ?(-?\d{1,8}(?:\.\d+)?)", plain, re.IGNORECASE)
    if julian:
        return float(julian[1])
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z?)?", plain):
        raise InputError(f"date {text!r}: must be {FORMS}")
    moment = plain.removesuffix("Z")
    moment, _, fraction = moment.partition(".")
    try:
        whole = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InputError(f"date {text!r}: {error}; must be {FORMS}") from error
    second = whole.hour * 3600 + whole.minute * 60 + whole.second + float(f"0.{fraction or 0}")
    return float(tdb_of_utc(whole.toordinal() + 1_721_424.5, second / DAY_S))


def tdb_of_utc(jd_utc: ArrayLike, days: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Return Julian dates in TDB of Julian dates in UTC, any shape, of which `days` may be a part.

    A single float64 has steps of 40 microseconds. TDB - TT: Astronomical Almanac, two terms, within 0.05 ms.
    """
    start, days = np.asarray(jd_utc, np.float64), np.asarray(days, np.float64)
    offset = tt_minus_utc_s(start + days)
    anomaly = np.radians(357.53 + 0.98560028 * (start - J2000 + days))
    periodic = 0.001658 * np.sin(anomaly) + 0.000014 * np.sin(2 * anomaly)
    return np.asarray(start + (days + (offset + periodic) / DAY_S))


def utc_of_tdb(jd_tdb: ArrayLike) -> NDArray[np.float64]:
    """Return Julian dates in UTC of Julian dates in TDB, any shape. Within a leap second it is the second after."""
    dates = np.asarray(jd_tdb, np.float64)
    guess = dates - tt_minus_utc_s(dates - tt_minus_utc_s(dates) / DAY_S) / DAY_S
    return np.asarray(dates - (tdb_of_utc(guess) - guess))


def tt_minus_utc_s(jd_utc: ArrayLike) -> NDArray[np.float64]:
    """Return TT - UTC, seconds, at Julian dates in UTC, any shape; before 1972 TT - UT, by straight lines."""
    dates = np.asarray(jd_utc, np.float64)
    since = 9 + np.searchsorted(DAY_JDS, dates, side="right") + TT_TAI_S
    return np.where(dates < UTC_BEGINS_JD, np.interp(dates, SOLAR_JDS, SOLAR_S), since)


def calendar_date(jd: float) -> str:
    """Return the day of a Julian date, as `2026-11-29`, or of years without four digits `JD` and the number."""
    ordinal = jd - 1_721_424.5
    if not 1 <= ordinal < date.max.toordinal() + 1:
        return f"JD {jd:.1f}"
    return date.fromordinal(int(ordinal)).isoformat()


def format_date(jd_tdb: float) -> str:
    """Return a Julian date of TDB as UTC to the second, as `parse_date` reads it.

    >>> format_date(parse_date("2026-11-29T20:00:30"))
    '2026-11-29T20:00:30Z'
    """
    seconds = round((float(utc_of_tdb(jd_tdb)) - UNIX_JD) * DAY_S)
    day, second = divmod(seconds, int(DAY_S))
    shown = calendar_date(day + UNIX_JD)
    if shown.startswith("JD"):
        return f"JD{jd_tdb!r}"
    return f"{shown}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
