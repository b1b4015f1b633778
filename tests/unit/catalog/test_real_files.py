"""Real files of archives, read as they come; values that are seen in the files' text.

The small ones are in tests/data; the large ones are not part of the project and skip where they are not beside it.
"""

from pathlib import Path

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.catalog import open_catalog, row_label
from helios.catalog.cuts import drop_unusable
from helios.catalog.files import open_catalogs
from helios.catalog.schema_file import choose_schema
from helios.catalog.table import FLOAT_COLUMNS, OPTIONAL_COLUMNS, StarTable
from helios.constants import PARSEC_M
from helios.universe import Universe
from tests.reading import read_everything

FORMATS = Path(__file__).parents[2] / "data/formats"
SHARED = Path(__file__).parents[3].parent / "shared/data"

ONE_ROW = [FORMATS / f"1714556098855O-result.{kind}" for kind in ("csv", "ecsv", "fits", "vot")]
POC = ["stars/gaia_poc.csv"] + [
    f"formats/gaia_poc{rest}" for rest in (".csv.gz", ".ecsv", ".fits", ".parquet", "_tabledata.vot", "_binary2.vot")
]


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not part of the project and not beside it")
    return SHARED / name


def read(path, optional=()) -> StarTable:
    return StarTable.concatenate(list(open_catalog(path, choose_schema(optional=optional)).chunks()))


@pytest.mark.parametrize("path", ONE_ROW, ids=lambda path: path.suffix)
def test_one_row_of_the_archive_in_four_formats(path):
    table = read(path)
    assert table.source_id.tolist() == [5929246508730155392]
    assert (table.ra.item(), table.parallax.item()) == (253.45840143189537, 0.14694054668014928)
    # Single precision in binary files, its shortest decimals in text.
    assert np.float32(table.phot_g_mean_mag.item()) == np.float32(14.18208)
    assert np.float32(table.bp_rp.item()) == np.float32(1.6681738)


def test_a_table_of_texts_with_columns_in_capitals():
    table = read(FORMATS / "1710099405832VAL-result.vot")
    assert table.source_id.tolist() == [4583627001381815936, 5348723816842275584]
    assert table.parallax[0] == 2.3034086430210925
    assert table.row.tolist() == [1, 2]


def test_empty_and_nan_are_both_no_value():
    table = read(FORMATS / "1712337806100O-result.ecsv")
    assert table.row.tolist() == [1040, 1041, 1042, 1043, 1044]
    assert np.isnan(table.parallax).tolist() == [False, True, False, True, False]


def test_a_bulk_file_with_its_comments_and_nulls():
    reader = open_catalog(FORMATS / "GaiaSource_style_100.csv.gz")
    table = StarTable.concatenate(list(reader.chunks()))
    assert (len(table), table.row[0]) == (100, reader.header.line + 1)
    assert (table.source_id[0], table.parallax[0], table.bp_rp[0]) == (86693915665280, 7.9457636260696125, 0.7679758)


def test_data_release_2_has_its_colour_from_two_magnitudes():
    table = read(FORMATS / "gaia_dr2_40.fits")
    assert table.source_id.tolist() == list(range(1, 41))
    assert table.bp_rp[0] == pytest.approx(2.33343, abs=1e-5)


def test_hipparcos_has_v_and_no_colour():
    reader = open_catalog(FORMATS / "hip_main_13.dat")
    (table,) = reader.chunks()
    assert table.source_id[[0, 11]].tolist() == [19, 120412]
    assert (table.ra[0], table.dec[0], table.parallax[0], table.phot_g_mean_mag[0]) == (
        0.05331696,
        38.30408636,
        4.12,
        6.53,
    )
    assert np.isnan(table.bp_rp).all()
    assert (reader.schema.ref_epoch, reader.schema.band) == (1991.25, "V (Johnson)")
    _, counts = drop_unusable(table, row_label(reader))
    assert {why: rejection.first for why, rejection in counts.rejections.items()} == {
        "empty row": "hip_main_13.dat line 12",
        "ra missing": "hip_main_13.dat line 13",
        "parallax not above 0": "hip_main_13.dat line 11, parallax -0.17",
    }


def test_hipparcos_has_errors_and_motions():
    table = read(FORMATS / "hip_main_13.dat", OPTIONAL_COLUMNS)
    first = [getattr(table, name)[0] for name in ("parallax_error", "pmra", "pmdec")]
    assert first == [np.float32(0.64), -2.5, -15.07]
    assert table.absent >= {"radial_velocity", "ruwe"}


@pytest.mark.parametrize("path", ONE_ROW, ids=lambda path: path.suffix)
def test_errors_and_motions_of_one_row_of_the_archive(path):
    table = read(path, OPTIONAL_COLUMNS)
    assert (table.pmra.item(), table.pmdec.item()) == (-2.950498099557908, -3.037819310632311)
    seen = [np.float32(getattr(table, name).item()) for name in ("parallax_error", "radial_velocity", "ruwe")]
    assert seen == [np.float32(0.020311432), np.float32(-43.568333), np.float32(1.0821289)]


def test_all_of_the_small_files_are_one_catalogue():
    readers = open_catalogs([FORMATS])
    assert [reader.name for reader in readers] == sorted(path.name for path in FORMATS.iterdir())
    assert sum(len(chunk) for reader in readers for chunk in reader.chunks()) == 4 + 2 + 5 + 100 + 40 + 40 + 13


def contents(path: Path) -> dict[str, bytes]:
    """Every byte of a universe but its provenance, which the store keeps with its attributes."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file() and file.relative_to(path).as_posix() != "universe.zarr/zarr.json"
    }


@pytest.mark.parametrize("cuts", [{}, {"max_mag": 4.3}, {"limit": 700}], ids=str)
def test_seven_forms_of_one_sample_give_one_universe(tmp_path, cuts):
    made = []
    for number, path in enumerate([shared(name) for name in POC]):
        config = BuildConfig(stars=(path,), depth=3, **cuts)
        report = build_universe(config, tmp_path / str(number))
        assert report.counts.rows_read == 2000
        made.append((contents(tmp_path / str(number)), report.counts.by_reason()))
    assert len(made[0][0]) > 10
    assert all(other == made[0] for other in made[1:])


def test_the_whole_of_hipparcos():
    table = read(shared("stars/hip_main_9933.dat.gz"))
    assert len(table) == 9933
    assert np.isnan(table.parallax).sum() == 5


def test_the_same_ten_thousand_rows_in_bulk_style_and_parquet():
    text, binary = (
        read(shared("formats/GaiaSource_style_10k.csv.gz")),
        read(shared("stars/gaia_dr3_10k_errors.parquet")),
    )
    np.testing.assert_array_equal(text.source_id, binary.source_id)
    for name in FLOAT_COLUMNS:
        one, other = (getattr(table, name).astype(np.float32) for table in (text, binary))
        np.testing.assert_array_equal(one, other)
    assert np.isnan(text.bp_rp).sum() == 135


def test_ten_thousand_real_stars_with_distances_cuts_and_another_epoch(tmp_path):
    path = shared("stars/gaia_dr3_10k_errors.parquet")
    table = read(path, OPTIONAL_COLUMNS)
    assert np.isnan(table.radial_velocity).sum() == 5114
    options = {"distance": "edsd", "epoch": "2026.9", "max_ruwe": 1.4, "min_parallax_over_error": 200.0}
    report = build_universe(BuildConfig(stars=(path,), **options), tmp_path / "u")
    bad = table.ruwe > np.float32(1.4)
    noisy = table.parallax / table.parallax_error < 200
    assert report.counts.by_reason() == {
        "below --min-parallax-over-error": noisy.sum(),
        "ruwe above --max-ruwe": (bad & ~noisy).sum(),
    }
    kept = table[~bad & ~noisy]
    assert (report.stars, report.counts.unmoved, report.counts.across) == (
        len(kept),
        0,
        np.isnan(kept.radial_velocity).sum(),
    )
    universe = Universe.open(tmp_path / "u")
    read_everything(universe)
    rows = universe.columns(universe.emitter_columns)
    distance_pc = np.linalg.norm([rows["x_m"], rows["y_m"], rows["z_m"]], axis=0) / PARSEC_M
    # At 200 sigma the posterior is narrow: its mode lies inside, and a few years change no distance by that much.
    assert (rows["distance_lower_pc"] < distance_pc).all()
    assert (distance_pc < rows["distance_upper_pc"]).all()
    assert np.isfinite(rows["velocity"]).all()


def test_the_same_archive_rows_in_csv_and_fits():
    text = read(shared("formats/gaia_archive_2000.csv"))
    binary = read(shared("formats/gaia_archive_upload_join_2000.fits"))
    for name in ("source_id", *FLOAT_COLUMNS):
        np.testing.assert_array_equal(getattr(text, name), getattr(binary, name))
