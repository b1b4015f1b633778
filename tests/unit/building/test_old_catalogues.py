"""Hipparcos and HYG under their own column names, V and B-V turned to G and BP-RP where the user wants it.

Rows of HYG 3.5 and of VizieR's Hipparcos are made here; their places are arithmetic on the columns, by astropy.
"""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time

from helios.catalog.johnson import to_gaia
from helios.catalog.table import StarTable
from helios.errors import InputError
from tests.unit.building.said import assert_stars, stars_of

HYG = """\
id,hip,proper,ra,dec,dist,pmra,pmdec,rv,mag,absmag,spect,ci
0,,Sol,0.000000,0.000000,0.0000,0.00,0.00,0.0,-26.700,4.850,G2V,0.656
32263,32349,Sirius,6.752481,-16.716116,2.6371,-546.01,-1223.08,-9.4,-1.440,1.454,A0m...,0.009
71456,71683,Rigil Kentaurus,14.660765,-60.833976,1.3248,-3678.19,481.84,-22.7,-0.010,4.380,G2V,0.710
100000,100272,,20.336900,29.098400,100000.0000,1.00,2.00,0.0,7.050,-12.95,B9,
"""
VIZIER = """\
#
#   VizieR Astronomical Server vizier.cds.unistra.fr
#Coosys\tJ2000:\teq_FK5 J2000
#RESOURCE=yCat_1239
#Name: I/239
#Coosys\tH_1991.250:\tICRS
#Table\tI_239_hip_main:
HIP\tRAICRS\tDEICRS\tVmag\tPlx\tpmRA\tpmDE\te_Plx\tB-V
 \tdeg\tdeg\tmag\tmas\tmas/yr\tmas/yr\tmas\tmag
------\t------------\t------------\t-----\t-------\t--------\t--------\t------\t------
 32349\t101.28854105\t-16.71314306\t-1.44\t 379.21\t -546.01\t-1223.08\t  1.58\t 0.009
 91262\t279.23410832\t+38.78299311\t 0.03\t 128.93\t  201.02\t  287.46\t  0.55\t-0.001
   999\t            \t            \t 8.00\t   1.00\t        \t        \t      \t      
"""


@pytest.fixture
def hyg(tmp_path):
    (tmp_path / "hyg_v35.csv").write_text(HYG)
    return tmp_path / "hyg_v35.csv"


@pytest.fixture
def vizier(tmp_path):
    (tmp_path / "hip.tsv").write_text(VIZIER)
    return tmp_path / "hip.tsv"


def moved(year, to, ra, dec, pc, pmra, pmdec, rv):
    rates = {"pm_ra_cosdec": pmra * u.mas / u.yr, "pm_dec": pmdec * u.mas / u.yr, "radial_velocity": rv * u.km / u.s}
    star = SkyCoord(ra, dec, distance=pc * u.pc, obstime=Time(year, format="jyear", scale="tdb"), **rates)
    return star.apply_space_motion(Time(to, format="jyear", scale="tdb"))


def test_hyg_is_read_as_its_own_words_say(make, hyg):
    report = make(stars=(hyg,), schema="hyg", epoch="2026.9")
    sirius = moved(2000.0, 2026.9, 6.752481 * u.hourangle, -16.716116 * u.deg, 2.6371, -546.01, -1223.08, -9.4)
    toliman = moved(2000.0, 2026.9, 14.660765 * u.hourangle, -60.833976 * u.deg, 1.3248, -3678.19, 481.84, -22.7)
    assert_stars(report.path, {32263: sirius, 71456: toliman})
    assert report.counts.by_reason() == {"parallax missing": 1, "parallax not finite": 1}
    assert report.notes == ["hyg_v35.csv has B-V (ci) and no BP-RP: its stars are white unless --johnson converts them"]


def test_hipparcos_is_read_as_vizier_writes_it(make, vizier):
    report = make(stars=(vizier,), schema="hipparcos", epoch="2026.9")
    sirius = moved(1991.25, 2026.9, 101.28854105 * u.deg, -16.71314306 * u.deg, 1000 / 379.21, -546.01, -1223.08, 0.0)
    vega = moved(1991.25, 2026.9, 279.23410832 * u.deg, 38.78299311 * u.deg, 1000 / 128.93, 201.02, 287.46, 0.0)
    assert_stars(report.path, {32349: sirius, 91262: vega})
    assert report.counts.by_reason() == {"ra missing": 1}
    assert report.notes[0] == "hip.tsv declares several Coosys; its positions are taken as ICRS"


@pytest.mark.parametrize(("name", "schema"), [("hyg_v35.csv", "hyg"), ("hip.tsv", "hipparcos")])
def test_a_schema_that_fits_is_offered(make, hyg, vizier, name, schema):
    with pytest.raises(InputError) as raised:
        make(stars=(hyg.parent / name,))
    assert str(raised.value).endswith(f"; its columns are those of --schema {schema}")


def test_v_and_b_v_are_converted_where_the_user_wants_it(make, hyg):
    report = make(stars=(hyg,), schema="hyg", johnson=True)
    stars = stars_of(report.path)
    # Gaia's published polynomial by hand; the colour lies between those of G5V and G8V in Pecaut & Mamajek's sequence.
    x = 0.710
    assert stars[71456]["G"] == pytest.approx(-0.010 - 0.04749 - 0.0124 * x - 0.2901 * x**2 + 0.02008 * x**3, abs=1e-6)
    assert stars[71456]["bp_rp"] == pytest.approx(0.876, abs=0.04)
    assert (report.counts.converted, report.counts.white, report.notes) == (3, 0, [])


def test_the_relations_agree_with_gaias_measurements():
    """Solar analogues and K dwarfs of the Gaia FGK benchmark and of Pecaut & Mamajek's mean dwarf sequence."""
    b_v, g_minus_v, bp_rp = np.array([[0.30, -0.09, 0.43], [0.65, -0.17, 0.82], [0.90, -0.28, 1.10]]).T
    count = len(b_v)
    rows = StarTable(
        np.arange(count), *np.ones((3, count)), np.full(count, 8.0), np.full(count, np.nan), np.arange(count), b_v=b_v
    )
    made, counts = to_gaia(rows)
    np.testing.assert_allclose(made.phot_g_mean_mag - 8.0, g_minus_v, atol=0.05)
    np.testing.assert_allclose(made.bp_rp, bp_rp, atol=0.06)
    assert counts.converted == count
    assert "b_v" in made.absent


def test_what_has_a_colour_or_no_b_v_is_left_as_it_is():
    b_v, bp_rp = np.array([0.5, np.nan, 9.0]), np.array([0.7, np.nan, np.nan])
    rows = StarTable(np.arange(3), *np.ones((3, 3)), np.full(3, 8.0), bp_rp, np.arange(3), b_v=b_v)
    made, counts = to_gaia(rows)
    np.testing.assert_array_equal(made.phot_g_mean_mag, 8.0)
    np.testing.assert_array_equal(made.bp_rp, bp_rp)
    assert counts.converted == 0


def test_a_conversion_without_its_column_is_refused(make, gaia_csv):
    with pytest.raises(InputError, match="--johnson: no column of B-V; name it with --column b_v=NAME"):
        make(stars=(gaia_csv,), johnson=True)
