"""Any elements, written in the Minor Planet Center's columns by Python's own formatting, are read back to the digit.

And any designation that mpc-designation packs is unpacked to what it was.
"""

import re
from contextlib import suppress
from datetime import date

import mpc_designation
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios.errors import InputError
from helios.solar.readers.designations import unpack
from helios.solar.readers.fixed_width import parse_numbers
from helios.solar.readers.joining import read_bodies

angle = st.integers(0, 35_999_999).map(lambda n: n / 100_000)
rows = st.lists(
    st.tuples(
        st.integers(1, 15_000_000).filter(lambda n: n != 134_340),
        st.integers(-300, 4_000).map(lambda n: n / 100),
        angle,
        angle,
        angle,
        st.integers(0, 18_000_000).map(lambda n: n / 100_000),
        st.integers(0, 9_999_999).map(lambda n: n / 10_000_000),
        st.integers(1_000_000, 9_999_999_999).map(lambda n: n / 10_000_000),
        st.dates(date(1800, 1, 1), date(2199, 12, 31)),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[0],
)

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"


def packed_date(day):
    return f"{'IJKL'[day.year // 100 - 18]}{day.year % 100:02}{LETTERS[day.month]}{LETTERS[day.day]}"


@settings(max_examples=30, deadline=None)
@given(rows)
def test_rows_of_mpcorb_are_read_to_the_digit(tmp_path_factory, made):
    path = tmp_path_factory.mktemp("rows") / "rows.dat"
    path.write_text(
        "".join(
            f"{mpc_designation.pack_permanent(n):7} {h:5.2f}  0.15 {packed_date(day)} {m:9.5f}  {w:9.5f}  "
            f"{node:9.5f}  {i:9.5f}  {e:9.7f}  0.00000001 {a:11.7f}  0 MPO980521\n"
            for n, h, m, w, node, i, e, a, day in made
        )
    )
    orbits = read_bodies([path]).orbits
    for k, (number, h, m, w, node, i, e, a, day) in enumerate(made):
        assert orbits.designation[k] == str(number)
        assert (orbits.h_mag[k], orbits.argument_deg[k], orbits.node_deg[k], orbits.inclination_deg[k]) == (
            h,
            w,
            node,
            i,
        )
        assert orbits.eccentricity[k] == e
        assert orbits.perihelion_au[k] == a * (1 - e)
        assert orbits.slope[k] == 0.15
        assert orbits.epoch_jd_tdb[k] == day.toordinal() + 1_721_424.5
        # Kepler's third law with Gauss's constant in degrees, and M in (-180, 180].
        days = orbits.perihelion_days[k] * 0.9856076686014 / a**1.5
        assert (days + m + 180) % 360 - 180 == pytest.approx(0, abs=1e-7)


provisional = st.builds(
    lambda year, half, second, count: f"{year} {half}{second}{count or ''}",
    st.integers(1800, 2099),
    st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXY"),
    st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXYZ"),
    st.integers(0, 700),
).filter(lambda text: int(re.sub(r"^\d+ \D+", "", text) or 0) < 620 or "2000" <= text < "2062")


@settings(deadline=None)
@given(st.lists(st.one_of(provisional, st.integers(1, 15_396_335).map(str)), min_size=1, max_size=30))
def test_designations_are_unpacked_to_what_was_packed(designations):
    packed = [mpc_designation.pack_asteroid(text).ljust(7) for text in designations]
    found, bad = unpack(np.frombuffer("".join(packed).encode(), dtype=np.uint8).reshape(-1, 7))
    assert found.tolist() == designations
    assert not bad.any()


@settings(deadline=None)
@given(st.text("0123456789.+- eExna_", min_size=1, max_size=12))
def test_numbers_are_those_that_python_reads_or_none(text):
    (value,), (bad,) = parse_numbers(np.frombuffer(text.encode(), dtype=np.uint8)[None])
    if re.fullmatch(r" *[-+]?(\d+\.?\d*|\.\d+) *", text):
        assert not bad
        assert value == float(text)
    else:
        assert np.isnan(value) if not text.strip() else bad


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_end_in_anything_but_bodies_or_a_message(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "odd.dat"
    header = (
        b"Des'n     H     G   Epoch     M        Peri.      Node       Incl.       e            n           a\n-----\n"
    )
    path.write_bytes(header + data)
    with suppress(InputError):
        read_bodies([path])
