"""Distances and epochs through a whole build: from the text of a tiny catalogue to the columns of the store.

The expected places are astropy's own: `apply_space_motion` and its barycentric mean ecliptic. The stars are Barnard's,
Groombridge 1830, a slow giant, and one without motion or radial velocity.
"""

import json
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.table import Table
from astropy.time import Time

from helios.catalog.distances import edsd_distances_pc
from helios.constants import PARSEC_M
from helios.errors import InputError, StoreError
from helios.universe import Universe
from helios.universe.emitters import EMITTER_COLUMNS
from tests.reading import read_everything

COLUMNS = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp,parallax_error,pmra,pmdec,radial_velocity,ruwe,r_med"
ROWS = """\
1,269.448502525438,4.739420051112,546.975939730948,8.193974,2.8339696,0.040116355,-801.55097,10362.394,-110.4,1.16,1.83
2,178.244875,37.718678,109.0296,6.2,0.93,0.0195,4002.567,-5817.856,-98.0,1.0,9.2
3,88.79,7.407,2.5,5.1,1.9,0.25,27.33,10.86,21.0,1.3,390
4,10,-85,-0.4,12,0.5,0.2,,,,1.1,4000
"""
MOVING = [1, 2, 3]


@pytest.fixture
def csv(tmp_path) -> Path:
    path = tmp_path / "stars.csv"
    path.write_text(f"{COLUMNS}\n{ROWS}")
    return path


def stored(report) -> dict[str, np.ndarray]:
    """The store's columns by source_id, with `position`."""
    universe = Universe.open(report.path)
    read_everything(universe)
    rows = universe.columns(universe.emitter_columns)
    rows["position"] = np.stack([rows["x_m"], rows["y_m"], rows["z_m"]], axis=-1)
    order = np.argsort(rows["source_id"])
    return {name: values[order] for name, values in rows.items()}


def seen_by_astropy(distance_pc, from_year: float, to_year: float) -> np.ndarray:
    """Ecliptic metres [3, 3] of the moving stars."""
    table = Table.read([COLUMNS, *ROWS.splitlines()], format="ascii.csv")[:3]
    stars = SkyCoord(
        ra=table["ra"] * u.deg,
        dec=table["dec"] * u.deg,
        distance=np.asarray(distance_pc) * u.pc,
        pm_ra_cosdec=table["pmra"] * u.mas / u.yr,
        pm_dec=table["pmdec"] * u.mas / u.yr,
        radial_velocity=table["radial_velocity"] * u.km / u.s,
        obstime=Time(from_year, format="jyear", scale="tdb"),
    )
    moved = stars.apply_space_motion(new_obstime=Time(to_year, format="jyear", scale="tdb"))
    moved = SkyCoord(ra=moved.ra, dec=moved.dec, distance=moved.distance)
    return moved.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T


def assert_near(position_m, expected_m) -> None:
    # 1 microarcsecond is 5e-12. Radial velocities are used in float32: at 110 km/s that is 3.8 mm/s at most, in 25
    # years 3 Mm, 5.3e-11 of the distance of Barnard's star.
    error = np.linalg.norm(position_m - expected_m, axis=-1) / np.linalg.norm(expected_m, axis=-1)
    assert error.max() < 6e-11


@pytest.mark.parametrize(("epoch", "year"), [("J2000", 2000.0), ("2026.9", 2026.9), ("2016", 2016.0)])
def test_stars_are_where_astropy_moves_them(make, csv, epoch, year):
    rows = stored(make(stars=(csv,), epoch=epoch))
    assert rows["source_id"].tolist() == MOVING
    assert_near(rows["position"], seen_by_astropy([1000 / 546.975939730948, 1000 / 109.0296, 400], 2016.0, year))


def test_a_column_of_distances_takes_the_place_of_parallaxes(make, csv):
    rows = stored(make(stars=(csv,), distance="r_med", epoch="J2000"))
    assert rows["source_id"].tolist() == [*MOVING, 4]
    assert_near(rows["position"][:3], seen_by_astropy([1.83, 9.2, 390], 2016.0, 2000.0))
    assert np.linalg.norm(rows["position"][3]) == pytest.approx(4000 * PARSEC_M, rel=1e-12)
    still = stored(make("still", stars=(csv,), distance="r_med"))
    np.testing.assert_allclose(np.linalg.norm(still["position"], axis=1) / PARSEC_M, [1.83, 9.2, 390, 4000], rtol=1e-12)


def test_parallaxes_need_not_be_there_where_distances_are(make, tmp_path):
    (tmp_path / "kpc.ecsv").write_text(
        "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n"
        "# - {name: ra, datatype: float64}\n# - {name: dec, datatype: float64}\n"
        "# - {name: phot_g_mean_mag, datatype: float64}\n# - {name: dist, unit: kpc, datatype: float64}\n"
        "ra,dec,phot_g_mean_mag,dist\n10,20,5,0.25\n11,20,5,\n12,20,5,-1\n13,20,5,0\n"
    )
    report = make(stars=(tmp_path / "kpc.ecsv",), distance="dist")
    assert report.counts.by_reason() == {"dist missing": 1, "dist not above 0": 2}
    assert np.linalg.norm(stored(report)["position"]) == pytest.approx(250 * PARSEC_M, rel=1e-12)
    with pytest.raises(InputError, match=r"no column dits in the header: --distance must be inverse, edsd or a column"):
        make("other", stars=(tmp_path / "kpc.ecsv",), distance="dits")


def test_edsd_keeps_negative_parallaxes_and_stores_its_quantiles(make, csv):
    assert make("inverse", stars=(csv,)).counts.by_reason() == {"parallax not above 0": 1}
    report = make(stars=(csv,), distance="edsd", length_scale=1000.0)
    assert report.counts.rejected == 0
    rows = stored(report)
    expected = edsd_distances_pc([546.975939730948, 109.0296, 2.5, -0.4], [0.040116355, 0.0195, 0.25, 0.2], 1000.0)
    np.testing.assert_allclose(np.linalg.norm(rows["position"], axis=1) / PARSEC_M, expected.mode, rtol=1e-6)
    np.testing.assert_allclose(rows["distance_lower_pc"], expected.lower, rtol=1e-6)
    np.testing.assert_allclose(rows["distance_upper_pc"], expected.upper, rtol=1e-6)
    assert rows["distance_lower_pc"].dtype == np.float32
    assert (rows["distance_lower_pc"] < rows["distance_upper_pc"]).all()


def test_edsd_counts_the_rows_without_an_error(make, csv, gaia_csv):
    csv.write_text(csv.read_text().replace(",0.25,", ",,"))
    assert make(stars=(csv,), distance="edsd").counts.by_reason() == {"parallax_error missing": 1}
    with pytest.raises(InputError, match=r"no star left of 200 rows: parallax_error missing: 200"):
        make("none", stars=(gaia_csv,), distance="edsd")


def test_edsd_distances_move_too(make, csv):
    rows = stored(make(stars=(csv,), distance="edsd", epoch="J2000"))
    mode = edsd_distances_pc([546.975939730948, 109.0296, 2.5], np.float32([0.040116355, 0.0195, 0.25]), 1350.0).mode
    assert_near(rows["position"][:3], seen_by_astropy(mode, 2016.0, 2000.0))


def test_velocities_run_time(make, csv):
    """From one year to the next a star moves by its velocity, to its float32; light's travel changes v/c of it."""
    now, later = (stored(make(year, stars=(csv,), epoch=year, distance="r_med")) for year in ("2026", "2027"))
    assert now["velocity"].dtype == np.float32
    assert now["velocity"].shape == (4, 3)
    moved = later["position"] - now["position"]
    speed = np.linalg.norm(now["velocity"], axis=1)
    assert (np.linalg.norm(moved - now["velocity"], axis=1)[:3] < 2e-3 * speed[:3]).all()
    assert not now["velocity"][3].any()


def test_stars_without_motion_are_counted_and_stay(make, csv):
    report = make(stars=(csv,), epoch="2100", distance="r_med")
    assert (report.config.epoch_jyear, report.counts.unmoved, report.counts.across) == (2100.0, 1, 0)
    provenance = Universe.open(report.path).provenance
    assert provenance["options"]["epoch"] == 2100.0
    assert (provenance["without_proper_motion"], provenance["moved_across_only"]) == (1, 0)
    still = stored(make("still", stars=(csv,), distance="r_med"))
    # Its distance goes to a parallax and back.
    np.testing.assert_allclose(stored(report)["position"][3], still["position"][3], rtol=1e-14)


def test_each_file_is_moved_from_its_own_epoch(make, csv, tmp_path):
    (tmp_path / "old.toml").write_text("ref_epoch = 1991.25\n")
    rows = stored(make(stars=(csv,), schema=str(tmp_path / "old.toml"), epoch="2016"))
    assert_near(rows["position"], seen_by_astropy([1000 / 546.975939730948, 1000 / 109.0296, 400], 1991.25, 2016.0))


def test_a_file_without_an_epoch_is_refused(make, csv, tmp_path):
    (tmp_path / "own.toml").write_text("ref_epoch = 'unknown'\n")
    schema = str(tmp_path / "own.toml")
    with pytest.raises(InputError) as raised:
        make(stars=(csv,), schema=schema, epoch="J2000")
    message = (
        f"{csv}: --epoch J2000: the schema own has no ref_epoch to move stars from; give it one in a --schema file"
    )
    assert str(raised.value) == message
    assert make(stars=(csv,), schema=schema).stars == 3


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({"min_parallax_over_error": 100.0}, {"below --min-parallax-over-error": 1, "parallax not above 0": 1}),
        ({"min_parallax_over_error": -3.0, "distance": "edsd"}, {}),
        ({"max_ruwe": 1.1}, {"parallax not above 0": 1, "ruwe above --max-ruwe": 2}),
        ({"max_ruwe": 1.1, "distance": "r_med"}, {"ruwe above --max-ruwe": 2}),
    ],
)
def test_cuts_are_counted_and_remembered(make, csv, options, counts):
    report = make(stars=(csv,), **options)
    assert report.counts.by_reason() == counts
    provenance = Universe.open(report.path).provenance
    assert provenance["rejected"] == counts
    assert options.items() <= provenance["options"].items()


def test_what_is_not_asked_for_leaves_no_trace(make, csv, tmp_path):
    """A file with all columns gives the bytes of one without them, but for what the provenance says of the file."""
    plain = tmp_path / "plain.csv"
    plain.write_text("".join(",".join(line.split(",")[:6]) + "\n" for line in csv.read_text().splitlines()))
    reports = [make(name, stars=(path,)) for name, path in (("full", csv), ("few", plain))]
    files = [{p.relative_to(r.path): p.read_bytes() for p in r.path.rglob("*") if p.is_file()} for r in reports]
    (full, few) = [json.loads(f.pop(Path("universe.zarr/zarr.json")))["attributes"] for f in files]
    assert files[0] == files[1]
    assert Universe.open(reports[0].path).emitter_columns == tuple(EMITTER_COLUMNS)
    for attributes in (full, few):
        attributes.pop("sha256")
        for key in ("file", "size_bytes", "sha256"):
            attributes["provenance"]["inputs"][0].pop(key)
    assert full == few


def test_every_format_moves_stars_to_the_same_place(make, csv, tmp_path):
    table = Table.read(csv, format="ascii.csv")
    for name in ("phot_g_mean_mag", "bp_rp", "parallax_error", "radial_velocity", "ruwe"):
        table[name] = table[name].astype(np.float32)
    table.filled(np.nan).write(tmp_path / "stars.fits")
    options = {"distance": "edsd", "epoch": "J2000", "max_ruwe": 1.3, "min_parallax_over_error": -2.0}
    text, binary = (stored(make(p.suffix[1:], stars=(p,), **options)) for p in (csv, tmp_path / "stars.fits"))
    for name, values in text.items():
        np.testing.assert_array_equal(values, binary[name])


def test_a_column_that_a_universe_has_not_is_named(make, csv):
    with pytest.raises(InputError, match=r"no column velocity \(it has source_id, x_m"):
        Universe.open(make(stars=(csv,)).path).columns(("velocity",))


def test_a_damaged_velocity_is_found(make, csv):
    path = make(stars=(csv,), epoch="J2000").path
    (file,) = (f for f in (path / "universe.zarr/emitters/velocity/c").rglob("*") if f.is_file())
    data = bytearray(file.read_bytes())
    data[5] ^= 4
    file.write_bytes(data)
    with pytest.raises(StoreError, match="emitters/velocity: damaged"):
        read_everything(Universe.open(path))


def test_the_order_of_the_rows_does_not_matter(make, csv, tmp_path):
    header, *rows = csv.read_text().splitlines()
    (tmp_path / "other.csv").write_text("\n".join([header, *rows[::-1]]) + "\n")
    options = {"distance": "edsd", "epoch": "2026.9"}
    one, other = (stored(make(p.stem, stars=(p,), **options)) for p in (csv, tmp_path / "other.csv"))
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])
