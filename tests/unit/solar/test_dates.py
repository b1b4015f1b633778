"""Proves that dates become the Julian dates of TDB that ERFA, the library of the IAU's standards, has for them."""

import erfa
import numpy as np
import pytest

from helios.errors import InputError
from helios.solar.dates import (
    LEAP_DAYS,
    UTC_BEGINS_JD,
    calendar_date,
    format_date,
    parse_date,
    tdb_of_utc,
    tt_minus_utc_s,
    utc_of_tdb,
)

LAST_JD = 2_459_580.5
"""2022: ERFA calls years beyond its table dubious, which is a warning."""


def erfa_tdb(first, second):
    """TDB, days in two parts, of UTC in two parts."""
    first, second = erfa.taitt(*erfa.utctai(first, second))
    return first, second + erfa.dtdb(first, second, 0, 0, 0, 0) / 86_400


def erfa_date(*when):
    return erfa_tdb(*erfa.dtf2d("UTC", *when))


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2000-01-01", (2000, 1, 1, 0, 0, 0)),
        ("2017-01-01T00:00", (2017, 1, 1, 0, 0, 0)),
        ("2016-12-31T23:59:59.5Z", (2016, 12, 31, 23, 59, 59.5)),
        ("1972-06-30T12:00:00", (1972, 6, 30, 12, 0, 0)),
        ("1987-04-10T19:21Z", (1987, 4, 10, 19, 21, 0)),
    ],
)
def test_text_becomes_erfas_date(text, when):
    first, second = erfa_date(*when)
    assert abs(parse_date(text) - first - second) * 86_400 < 1e-4  # a float64 has 4e-5


def test_tdb_is_erfas_since_1972():
    starts = np.random.default_rng(2).integers(int(UTC_BEGINS_JD), int(LAST_JD), 5000) + 0.5
    leap_days = [parse_date(day) - 1 for day in LEAP_DAYS]
    starts = starts[np.abs(starts[:, None] - leap_days).min(axis=1) > 0.01]  # ERFA's days with leap seconds are longer
    days = np.random.default_rng(3).random(len(starts))
    first, second = erfa_tdb(starts, days)
    offset_s = (tdb_of_utc(starts, days) - tdb_of_utc(0 * starts + LAST_JD, 0 * days)) * 86_400
    of_erfa = (first - LAST_JD + second - (erfa_tdb(LAST_JD, 0.0)[1] + erfa_tdb(LAST_JD, 0.0)[0] - LAST_JD)) * 86_400
    assert np.abs(offset_s - of_erfa).max() < 2e-4
    assert np.abs(utc_of_tdb(tdb_of_utc(starts, days)) - starts - days).max() * 86_400 < 1e-4


def test_solar_time_before_1972():
    """ERFA's UTC of 1960 to 1972 followed the Sun; before it, the polynomials of Espenak & Meeus 2006."""
    dates = np.linspace(2_436_935, UTC_BEGINS_JD - 1, 300)
    first, second = erfa_tdb(dates, 0 * dates)
    assert np.abs((first - dates + second) * 86_400 - tt_minus_utc_s(dates)).max() < 1
    for base, years, terms in (
        (1900, (1900, 1920), (-2.79, 1.494119, -0.0598939, 0.0061966, -0.000197)),
        (1920, (1920, 1941), (21.20, 0.84493, -0.0761, 0.0020936)),
        (1950, (1941, 1961), (29.07, 0.407, -1 / 233, 1 / 2547)),
    ):
        t = np.linspace(*years, 100) - base
        seconds = tt_minus_utc_s(2_451_545 + (base + t - 2000) * 365.25)
        assert np.abs(np.polynomial.polynomial.polyval(t, terms) - seconds).max() < 1


def test_there_and_back_in_every_kind_of_year():
    for text in ("1900-01-01T00:00:00Z", "1955-02-28T23:59:59Z", "2016-12-31T23:59:59Z", "2100-12-31T12:30:01Z"):
        assert format_date(parse_date(text)) == text
    for jd in (-3_000_000.25, 0.0, 9_999_999.5):
        assert parse_date(format_date(jd)) == jd
    assert calendar_date(2_451_544.5) == "2000-01-01"
    assert calendar_date(5_373_484.4) == "9999-12-31"
    assert calendar_date(5_373_484.5) == "JD 5373484.5"
    assert calendar_date(float("nan")) == "JD nan"


def test_now_is_between_two_moments():
    before = parse_date("now")
    assert before <= parse_date(" NOW ") < before + 1
    assert before > parse_date("2026-01-01")


@pytest.mark.parametrize(
    "text",
    [
        *("", "tomorrow", "2026", "2026-11", "2026-13-01", "2026-02-30", "2026-11-29T25:00", "2026-11-29T20"),
        *("29.11.2026", "2026-11-29T20:00+01:00", "JD", "JDnan", "2461374.5", "2016-12-31T23:59:60"),
    ],
)
def test_other_texts_are_refused(text):
    with pytest.raises(InputError, match=r"must be 2026-11-29, 2026-11-29T20:00, .*JD2461374\.5"):
        parse_date(text)
