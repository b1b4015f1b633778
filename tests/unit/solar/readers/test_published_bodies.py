"""Rows as they are published, against what others read in them: skyfield, JPL, and the Minor Planet Center's words.

The rows in `tests/data/bodies` have all that the whole files have: designations of every form, blank columns, sections,
open orbits, fragments, and a planet.
"""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time

from helios.catalogs_path import embedded
from helios.solar.conics import semi_major_axes_au
from helios.solar.orbits import Orbits
from helios.solar.readers import open_bodies
from helios.solar.readers.joining import read_bodies
from helios.solar.twobody import heliocentric_au

REPOSITORY = Path(__file__).parents[4]
BODIES = REPOSITORY / "tests" / "data" / "bodies"
SHARED = REPOSITORY.parent / "shared" / "data" / "solar_system"

TILT = np.deg2rad(84381.448 / 3600)


@pytest.fixture(scope="module")
def minor():
    return read_bodies([BODIES / "mpcorb.dat"])


@pytest.fixture(scope="module")
def comets():
    return read_bodies([BODIES / "comets.txt"])


def row(orbits, designation):
    at = orbits.designation.tolist().index(designation)
    return {field.name: getattr(orbits, field.name)[at] for field in fields(Orbits)}


def test_every_row_of_mpcorb_is_used_or_counted_by_reason(minor):
    assert minor.counts.rows_read == 15
    assert minor.counts.by_reason() == {"a planet, which the ephemeris moves": 1, "elements missing": 1}
    assert minor.counts.rejections["elements missing"].first == "mpcorb.dat line 22"
    assert {why: r.count for why, r in minor.counts.assumed.items()} == {"semi-major axis from the mean motion": 1}
    assert len(minor.orbits) == 13


def test_designations_of_every_form(minor):
    expected = ["1", "2", "4", "433", "50000", "90377", "136108", "136472", "541132", "620000"]
    assert minor.orbits.designation.tolist() == [*expected, "2017 MB7", "1995 XA", "2014 WT625"]
    assert minor.orbits.name.tolist()[:6] == ["Ceres", "Pallas", "Vesta", "Eros", "Quaoar", "Sedna"]
    assert minor.orbits.name.tolist()[-3:] == ["", "", ""]
    assert (minor.orbits.kind == "dwarf planet").sum() == 5


def test_blank_columns_are_unknown_or_taken_from_others(minor):
    blank = row(minor.orbits, "1995 XA")
    assert np.isnan(blank["h_mag"])
    assert np.isnan(blank["slope"])
    # n has eight decimals, here four digits, so that a is good to 1 in 10,000.
    whole, from_motion = (row(minor.orbits, d)["perihelion_au"] for d in ("90377", "2017 MB7"))
    assert from_motion == pytest.approx(whole, rel=1e-4)


def test_axes_beyond_999_au_are_printed_or_blank(tmp_path):
    # Of the edition of 2020-05-31, which prints it with a decimal less.
    (tmp_path / "far.dat").write_text(
        "U8933    7.8   0.15 K205V   0.15468  122.42735  197.35895   19.46487  0.9760678  0.00003074 1009.359975  0 "
        "MPO386277    99   8 2005-2015 0.18 M-v 38h MPCLINUX   000A (308933) 2006 SQ372         20150725\n"
    )
    orbits = read_bodies([tmp_path / "far.dat"]).orbits
    assert (orbits.designation[0], orbits.name[0]) == ("308933", "")
    assert orbits.perihelion_au[0] == 1009.359975 * (1 - 0.9760678)


def test_orbits_of_mpcorb_are_those_that_jpl_has(minor):
    # Small-Body Database, epoch 2461200.5: q, e, i, node, argument, Tp. The two fit orbits by themselves.
    for designation, expected in {
        "1": (2.54516, 0.079692295, 10.588028, 80.248627, 73.294215, 2461599.841467),
        "4": (2.14836, 0.090203744, 7.143926, 103.701293, 151.468648, 2460901.58738),
        "433": (1.13323, 0.222877963, 10.828544, 304.267971, 178.918132, 2461088.813494),
    }.items():
        orbit = row(minor.orbits, designation)
        names = ("perihelion_au", "eccentricity", "inclination_deg", "node_deg", "argument_deg")
        assert [orbit[name] for name in names] == pytest.approx(expected[:5], abs=5e-5)
        assert orbit["epoch_jd_tdb"] == 2461200.5
        assert orbit["epoch_jd_tdb"] + orbit["perihelion_days"] == pytest.approx(expected[5], abs=3e-4)


def test_places_are_those_that_skyfield_reads_of_the_same_rows(minor, comets):
    mpc = pytest.importorskip("skyfield.data.mpc")
    api = pytest.importorskip("skyfield.api")
    from skyfield.constants import GM_SUN_Pitjeva_2005_km3_s2 as GM

    scale = api.load.timescale(builtin=True)
    turn = np.array([[1, 0, 0], [0, np.cos(TILT), np.sin(TILT)], [0, -np.sin(TILT), np.cos(TILT)]])
    lines = (BODIES / "mpcorb.dat").read_bytes().splitlines(keepends=True)[5:]
    with_axis = b"".join(line for line in lines if line[92:103].strip() and not line.startswith(b"D4340"))
    cases = [
        (minor.orbits, mpc.load_mpcorb_dataframe, mpc.mpcorb_orbit, with_axis, ["2017 MB7"]),
        (comets.orbits, mpc.load_comets_dataframe_slow, mpc.comet_orbit, (BODIES / "comets.txt").read_bytes(), []),
    ]
    for orbits, load, orbit_of, data, left_out in cases:
        from io import BytesIO

        frame = load(BytesIO(data))
        kept = orbits[~np.isin(orbits.designation, left_out)]
        assert len(frame) == len(kept)
        ours = heliocentric_au(kept, 2461200.5)
        for n in range(len(frame)):
            theirs = orbit_of(frame.iloc[n], scale, GM).at(scale.tdb_jd(2461200.5)).position.au
            # Of which 5e-12 per revolution are GM of the Sun; in axes that differ by the frame's bias, 0.04 arcseconds.
            assert np.abs(turn @ theirs - ours[n]).max() < 2.5e-7 * np.linalg.norm(ours[n]), kept.designation[n]


def test_comets_are_called_as_people_call_them(comets):
    called = list(zip(comets.orbits.designation.tolist(), comets.orbits.name.tolist(), comets.orbits.kind.tolist()))
    assert called == [
        ("C/1995 O1", "Hale-Bopp", "comet"),
        ("C/2004 C1", "Larsen", "comet"),
        ("P/2004 V5-A", "LINEAR-Hill", "comet"),
        ("C/2014 R3", "PANSTARRS", "comet"),
        ("C/2014 UN271", "Bernardinelli-Bernstein", "comet"),
        ("A/2019 N2", "", "comet"),
        ("1P", "Halley", "comet"),
        ("18D", "Perrine-Mrkos", "comet"),
        ("73P-BT", "Schwassmann-Wachmann", "comet"),
        ("1I", "ʻOumuamua", "interstellar"),
        ("2I", "Borisov", "interstellar"),
        ("3I", "ATLAS", "interstellar"),
    ]


def test_the_packed_designations_of_comets_say_the_same(comets):
    from mpc_designation import unpack

    for line, designation in zip((BODIES / "comets.txt").read_text().splitlines(), comets.orbits.designation.tolist()):
        if line[4] != "I":  # of which mpc-designation knows nothing
            packed = line[:5] + line[5:12].strip() if line[0] != " " else line[4:12]
            assert unpack(packed) == designation


def test_open_orbits_are_data_and_a_blank_epoch_is_perihelion(comets):
    orbits = comets.orbits
    assert (orbits.eccentricity >= 1).sum() == 5
    assert row(orbits, "3I")["eccentricity"] == 6.139884
    axes = semi_major_axes_au(orbits)
    assert axes[orbits.designation.tolist().index("C/2014 R3")] == np.inf
    # JPL has -1.2723 au of a solution with other observations.
    assert axes[orbits.designation.tolist().index("1I")] == pytest.approx(-1.2723, rel=0.01)
    blank = row(orbits, "C/2004 C1")
    assert blank["perihelion_days"] == 0
    assert blank["epoch_jd_tdb"] == pytest.approx(Time("2003-03-19", scale="tdb").jd + 0.3321, abs=1e-9)
    assert {why: r.first for why, r in comets.counts.assumed.items()} == {
        "epoch from the time of perihelion": "comets.txt line 2"
    }
    assert row(orbits, "C/1995 O1")["epoch_jd_tdb"] == Time("2026-01-03", scale="tdb").jd


def test_the_small_bodies_that_ship_are_read_and_are_those_of_their_sources(minor):
    shipped = read_bodies([embedded("small_bodies.csv")]).orbits
    kinds = shipped.kind.tolist()
    assert len(shipped) >= 100
    assert (kinds.count("dwarf planet"), kinds.count("interstellar")) == (8, 3)
    assert kinds.count("comet") >= 30
    assert {"Vesta", "Eros", "Apophis", "Bennu", "Ryugu", "Itokawa", "Halley", "Hale-Bopp"} <= set(
        shipped.name.tolist()
    )
    rows = open_bodies(REPOSITORY / "catalogs" / "published_bodies" / "comets.txt")
    published = read_bodies([rows.path]).orbits
    for orbits in (minor.orbits[np.isin(minor.orbits.designation, shipped.designation)], published):
        at = [shipped.designation.tolist().index(d) for d in orbits.designation.tolist()]
        for field in fields(Orbits):
            np.testing.assert_array_equal(getattr(shipped, field.name)[at], getattr(orbits, field.name))


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data with ten thousand minor planets")
def test_gaps_of_kirkwood_are_in_ten_thousand_orbits():
    bodies = read_bodies([SHARED / "mpcorb_10k.txt.gz"])
    assert (bodies.counts.rows_read, bodies.counts.rejected) == (10_000, 0)
    axes = semi_major_axes_au(bodies.orbits)
    # Jupiter's axis by the period ratio; 5.2026 au is its mean one (Standish & Williams 1992, table 8.10.2).
    for far, near in ((3, 1), (5, 2), (7, 3), (2, 1)):
        gap = 5.2026 * (near / far) ** (2 / 3)
        inside = np.sum(np.abs(axes - gap) < 0.015)
        beside = np.sum(np.abs(np.abs(axes - gap) - 0.045) < 0.015) / 2
        assert inside < beside / 3, (far, near, inside, beside)
