"""Dates of the calendar and the Minor Planet Center's packed dates as Julian dates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FIRST_GREGORIAN = 15_821_015
"""Year, month and day as one number; the Julian calendar holds before it, as the Minor Planet Center has it."""

MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def julian_dates(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the Julian dates, [N], of days with a fraction, and which of them are no dates of the calendar.

    Year 0 is 1 BC. Fliegel & Van Flandern 1968, CACM 11, 657, for March-based years; scale as that of the dates.
    """
    whole = np.floor(np.nan_to_num(day, nan=0.0)).astype(np.int64)
    gregorian = year * 10_000 + month * 100 + whole >= FIRST_GREGORIAN
    known = (month >= 1) & (month <= 12)
    leap = (year % 4 == 0) & (~gregorian | (year % 100 != 0) | (year % 400 == 0))
    last = MONTH_DAYS[np.where(known, month, 0)] - ((month == 2) & ~leap)
    bad = ~known | (whole < 1) | (whole > last) | np.isnan(day)
    early = month <= 2
    y, m = year + 4800 - early, month + 12 * early - 3
    days = (153 * m + 2) // 5 + 365 * y + y // 4
    days += np.where(gregorian, y // 400 - y // 100 - 32_045, -32_083)
    return days + day - 0.5, bad


def packed_dates(chars: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the Julian dates of packed dates, `chars` [N, 5] uint8 such as `K2669`, and which are none.

    Century, two digits of the year, month and day of one character each, as
    minorplanetcenter.net/iau/info/PackedDates.html says.
    """
    letter = chars.astype(np.int64)
    number = np.where(letter >= ord("A"), letter - ord("A") + 10, letter - ord("0"))
    century, tens, units, month, day = number.T
    bad = (century < 10) | (century > 35) | (letter < ord("0")).any(axis=1) | (number < 0).any(axis=1)
    bad |= (letter[:, 1:3] > ord("9")).any(axis=1) | ((letter > ord("9")) & (letter < ord("A"))).any(axis=1)
    dates, none = julian_dates(century * 100 + tens * 10 + units, month, day.astype(np.float64))
    return dates, bad | none
