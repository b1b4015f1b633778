"""The zero point of parallaxes through a whole build, with a stand-in for the package that holds it.

The stand-in gives -0.04 mas for five parameters and -0.02 mas for six, so that what was subtracted is seen.
"""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from helios.catalog import zero_point
from helios.constants import PARSEC_M
from helios.coords import icrs_to_ecliptic_m
from helios.errors import InputError
from helios.universe import Universe

COLUMNS = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp,parallax_error,"
COLUMNS += "nu_eff_used_in_astrometry,pseudocolour,astrometric_params_solved"
ROWS = ["1,10,20,5,9,0.5,0.1,1.5,,31", "2,11,20,5,9,0.5,0.1,,1.5,95", "3,12,20,5,9,0.5,0.1,,,3"]
ROWS += ["4,13,20,-0.01,9,0.5,0.1,1.5,,31", "5,14,-70,,9,0.5,0.1,1.5,,31"]


@pytest.fixture
def csv(tmp_path) -> Path:
    path = tmp_path / "stars.csv"
    path.write_text("\n".join([COLUMNS, *ROWS]) + "\n")
    return path


@pytest.fixture
def latitudes(monkeypatch):
    """The stand-in; returns the ecliptic latitudes that it was asked for."""
    asked = []

    def get_zpt(magnitude, nu_eff, pseudocolour, latitude, solved, _warnings):
        asked.extend(latitude.tolist())
        return np.where(solved == 31, -0.04, -0.02)

    package = ModuleType("zero_point")
    package.zpt = SimpleNamespace(get_zpt=get_zpt, load_tables=lambda: None)
    monkeypatch.setitem(sys.modules, "zero_point", package)
    zero_point._package.cache_clear()
    yield asked
    zero_point._package.cache_clear()


def test_it_is_subtracted_before_anything_is_cut(make, csv, latitudes):
    assert make("plain", stars=(csv,)).counts.by_reason() == {"parallax missing": 1, "parallax not above 0": 1}
    report = make(stars=(csv,), zero_point=True)
    assert report.counts.by_reason() == {"parallax missing": 1}
    assert (report.counts.corrected, report.counts.uncorrected) == (3, 1)
    universe = Universe.open(report.path)
    rows = universe.columns(universe.emitter_columns)
    distance_pc = (
        np.linalg.norm([rows["x_m"], rows["y_m"], rows["z_m"]], axis=0)[np.argsort(rows["source_id"])] / PARSEC_M
    )
    np.testing.assert_allclose(1000.0 / distance_pc, [5.04, 5.02, 5.0, 0.03], rtol=1e-12)
    assert universe.provenance["options"]["zero_point"] is True
    assert (universe.provenance["zero_point_subtracted"], universe.provenance["without_zero_point"]) == (3, 1)


def test_it_is_asked_for_with_ecliptic_latitudes(make, csv, latitudes):
    make(stars=(csv,), zero_point=True)
    ecliptic = icrs_to_ecliptic_m([10, 11, 13, 14], [20, 20, 20, -70], 1.0)
    np.testing.assert_allclose(latitudes, np.rad2deg(np.arcsin(ecliptic[:, 2])), atol=1e-9)


def test_edsd_takes_corrected_parallaxes(make, csv, latitudes):
    report = make(stars=(csv,), zero_point=True, distance="edsd")
    assert (report.stars, report.counts.corrected, report.counts.uncorrected) == (4, 3, 1)


def test_a_catalogue_without_the_columns_is_left_as_it_is(make, gaia_csv, latitudes):
    report = make(stars=(gaia_csv,), zero_point=True)
    assert (report.counts.corrected, report.counts.uncorrected) == (0, 200)
    plain = make("plain", stars=(gaia_csv,))
    one, other = (Universe.open(r.path).columns(("x_m", "y_m", "z_m")) for r in (report, plain))
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])


def test_without_the_package_it_is_refused_at_once(make, csv, monkeypatch):
    monkeypatch.setitem(sys.modules, "zero_point", None)
    zero_point._package.cache_clear()
    with pytest.raises(InputError, match="needs the package gaiadr3-zeropoint"):
        make(stars=(csv,), zero_point=True, skip_bad_files=True)


@pytest.mark.parametrize("options", [{"synthetic": 5}, {"stars": ("a.csv",), "distance": "r_med"}])
def test_where_no_parallax_was_measured_it_is_refused(make, options):
    with pytest.raises(InputError, match="--zero-point with --synthetic or a column of distances"):
        make(zero_point=True, **options)
