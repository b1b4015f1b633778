"""What a file says of its columns reaches the universe, in whichever of its format's ways it is said.

Tables of a few stars, written by astropy, whose SkyCoord gives the places that the universe must have.
"""

import astropy.units as u
import numpy as np
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import FK4, FK5, ICRS, Galactic, SkyCoord
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import CooSys
from astropy.table import MaskedColumn, QTable, Table, join
from astropy.time import Time

from helios.errors import InputError
from tests.unit.building.said import assert_stars, stars_of

UNITS = {"parallax": u.arcsec, "ra": u.rad, "dec": u.arcmin, "phot_g_mean_mag": u.mmag, "pmra": u.arcsec / u.yr}


def plain() -> Table:
    return Table(
        {
            "source_id": [101, 102, 103],
            "ra": [10.5, 200.0, 300.0],
            "dec": [-20.25, 45.0, 5.0],
            "parallax": [100.0, 10.0, 20.0],
            "phot_g_mean_mag": [5.0, 7.0, 6.0],
            "bp_rp": [0.8, 1.2, 2.0],
            "pmra": [300.0, -20.0, 0.5],
            "pmdec": [-700.0, 5.0, 1.5],
            "radial_velocity": [30.0, -50.0, 0.0],
        },
        units=["", "deg", "deg", "mas", "mag", "mag", "mas/yr", "mas/yr", "km/s"],
    )


def in_odd_units() -> Table:
    table = plain()
    for name, unit in UNITS.items():
        table[name] = table[name].quantity.to(unit)
    return Table(table)


def places(table: Table, frame=None, epoch: str = "J2016", to: str | None = None) -> dict[int, SkyCoord]:
    """The places by identifier: astropy's, of a table in degrees, mas and mas a year, moved to the epoch `to`."""
    galactic = isinstance(frame, Galactic)
    motion = ("pm_l_cosb", "pm_b") if galactic else ("pm_ra_cosdec", "pm_dec")
    stars = SkyCoord(
        **dict(zip(("l", "b") if galactic else ("ra", "dec"), (table["ra"], table["dec"]))),
        distance=1000.0 / table["parallax"].value * u.pc,
        radial_velocity=table["radial_velocity"],
        frame=ICRS() if frame is None else frame,
        **dict(zip(motion, (table["pmra"], table["pmdec"]))),
    ).icrs
    if to is not None:
        stars = SkyCoord(stars, obstime=Time(epoch, scale="tdb")).apply_space_motion(Time(to, scale="tdb"))
    return dict(zip(table["source_id"].tolist(), stars))


def write_votable_parquet(table, path):
    told = {name: {"unit": str(table[name].unit or "")} for name in table.colnames}
    table.write(path, format="parquet.votable", metadata=told)


def write_feather(table, path):
    table.write(path.with_suffix(".parquet"))
    pyarrow.feather.write_feather(pq.read_table(path.with_suffix(".parquet")), path)


def write_votable(table, path, **coosys):
    votable = from_table(table)
    if coosys:
        resource = votable.resources[0]
        resource.coordinate_systems.append(CooSys(ID="c", **coosys))
        for field in resource.tables[0].fields:
            field.ref = "c" if field.name in ("ra", "dec") else None
    votable.to_xml(str(path))


WAYS = {
    "a.parquet": lambda table, path: table.write(path),
    "b.parquet": write_votable_parquet,
    "a.feather": write_feather,
    "a.ecsv": lambda table, path: table.write(path),
    "a.csv": lambda table, path: table.write(path, format="ascii.ecsv", delimiter=","),
    "space.csv": lambda table, path: table.write(path, format="ascii.ecsv"),
    "quantities.ecsv": lambda table, path: QTable(table).write(path),
    "quantities.parquet": lambda table, path: QTable(table).write(path),
    "a.fits": lambda table, path: table.write(path),
    "a.vot": lambda table, path: write_votable(table, path),
}


@pytest.mark.filterwarnings("ignore::astropy.units.UnitsWarning")
@pytest.mark.parametrize("name", WAYS)
def test_a_unit_is_heeded_in_every_way_of_saying_it(make, tmp_path, name):
    WAYS[name](in_odd_units(), tmp_path / name)
    report = make(stars=(tmp_path / name,), epoch="2026.9")
    assert_stars(report.path, places(plain(), to="J2026.9"))
    found = stars_of(report.path)
    np.testing.assert_allclose([found[i]["G"] for i in (101, 102, 103)], [5.0, 7.0, 6.0], rtol=1e-6)
    np.testing.assert_allclose([found[i]["bp_rp"] for i in (101, 102, 103)], [0.8, 1.2, 2.0], rtol=1e-6)


def test_a_parallax_in_parsecs_is_a_distance(make, tmp_path):
    (tmp_path / "a.csv").write_text("source_id,ra,dec,far,phot_g_mean_mag\n101,10.5,-20.25,32.6156377717,5\n")
    (tmp_path / "s.toml").write_text('[columns]\nparallax = { names = ["far"], unit = "lyr" }')
    report = make(stars=(tmp_path / "a.csv",), schema=str(tmp_path / "s.toml"))
    assert_stars(report.path, {101: SkyCoord(10.5 * u.deg, -20.25 * u.deg, distance=10 * u.pc)})


def masked() -> Table:
    """A left join: 102 has no photometry, and under its mask lies that of 101."""
    left = plain()["source_id", "ra", "dec", "parallax", "pmra", "pmdec", "radial_velocity"]
    return join(left, plain()["source_id", "phot_g_mean_mag", "bp_rp"][[0, 2]], join_type="left")


MASKED_WAYS = {
    "a.parquet": lambda table, path: table.write(path),
    "a.feather": write_feather,
    "a.ecsv": lambda table, path: table.write(path, serialize_method="data_mask"),
    "a.csv": lambda table, path: table.to_pandas().to_csv(path, index=False),
    "mask.csv": lambda table, path: Table(_with_masks(table)).write(path, format="ascii.csv"),
    "a.fits": lambda table, path: table.write(path, serialize_method="data_mask"),
    "null.fits": lambda table, path: table.write(path),
    "a.vot": lambda table, path: write_votable(Table(_with_masks(table)), path),
}


def _with_masks(table):
    masks = {f"{n}.mask": table[n].mask for n in table.colnames if isinstance(table[n], MaskedColumn)}
    return {**{name: np.ma.getdata(table[name]) for name in table.colnames}, **masks}


@pytest.mark.parametrize("name", MASKED_WAYS)
def test_what_is_masked_is_missing(make, tmp_path, name):
    MASKED_WAYS[name](masked(), tmp_path / name)
    report = make(stars=(tmp_path / name,))
    assert report.counts.by_reason() == {"phot_g_mean_mag missing": 1}
    assert_stars(report.path, {i: p for i, p in places(plain()).items() if i != 102})


def test_a_mask_that_is_no_mask_is_refused(make, tmp_path):
    table = plain()
    table["parallax.mask"] = ["a", "b", "c"]
    table.write(tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"'parallax\.mask' is string, must be true or false: it is a mask"):
        make(stars=(tmp_path / "a.parquet",))


FRAMES = {
    "FK5 J2000": (FK5(equinox="J2000"), {"system": "eq_FK5", "equinox": "J2000"}, {"EQUINOX": 2000.0}),
    "FK5 J1975": (
        FK5(equinox="J1975"),
        {"system": "eq_FK5", "equinox": "J1975"},
        {"RADESYS": "FK5", "EQUINOX": 1975.0},
    ),
    "FK4": (FK4(equinox="B1950"), {"system": "eq_FK4", "equinox": "B1950"}, {"EQUINOX": 1950.0}),
    "galactic": (Galactic(), {"system": "galactic"}, {"RADESYS": "GALACTIC"}),
    "ICRS": (ICRS(), {"system": "ICRS"}, {"RADESYS": "ICRS"}),
}


@pytest.mark.parametrize("form", ["vot", "fits", "ecsv", "parquet"])
@pytest.mark.parametrize("name", FRAMES)
def test_positions_and_motions_in_another_frame_are_turned(make, tmp_path, name, form):
    frame, coosys, keywords = FRAMES[name]
    path, column = tmp_path / f"a.{form}", ()
    table = plain()
    if form == "vot":
        write_votable(table, path, **coosys)
    elif form == "fits":
        table.meta.update(keywords)
        table.write(path)
    else:
        table["coord"] = SkyCoord(table["ra"], table["dec"], frame=frame)
        table.remove_columns(["ra", "dec"])
        table.write(path)
        parts = ("l", "b") if isinstance(frame, Galactic) else ("ra", "dec")
        column = tuple(f"{own}=coord.{part}" for own, part in zip(("ra", "dec"), parts))
    # Astropy has no motions in FK4 that are right: test_frames has.
    moved = {} if name == "FK4" else {"epoch": "2026.9"}
    report = make(stars=(path,), column=column, **moved)
    assert_stars(report.path, places(plain(), frame, to="J2026.9" if moved else None))
    assert bool(report.notes) == (name != "ICRS")


def test_a_frame_that_is_not_understood_is_refused_unless_the_user_says_another(make, tmp_path):
    write_votable(plain(), tmp_path / "a.vot", system="ecl_FK5")
    with pytest.raises(InputError, match="'ecl_FK5' by its COOSYS; ICRS, FK5, FK4 and galactic are understood"):
        make(stars=(tmp_path / "a.vot",))
    (tmp_path / "s.toml").write_text('frame = "galactic"')
    report = make(stars=(tmp_path / "a.vot",), schema=str(tmp_path / "s.toml"), epoch="2026.9")
    assert_stars(report.path, places(plain(), Galactic(), to="J2026.9"))


def test_rows_have_their_own_epochs(make, tmp_path):
    table = plain()
    table["ref_epoch"] = MaskedColumn([1991.25, 2015.5, 2000.0], mask=[False, False, True])
    right = [
        places(table[[i]], epoch=epoch, to="J2026.9") for i, epoch in enumerate(["J1991.25", "J2015.5", "J1991.25"])
    ]
    for name in ("a.fits", "a.parquet", "a.ecsv", "a.vot", "a.csv"):
        table.write(tmp_path / name, **({"format": "votable"} if name == "a.vot" else {}))
        report = make(stars=(tmp_path / name,), epoch="2026.9")
        assert_stars(report.path, right[0] | right[1] | right[2])
        assert report.notes == [f"{name} says epoch J1991.25, which is taken"]


def test_an_epoch_that_the_user_names_comes_before_the_files(make, tmp_path):
    table = plain()
    table["ref_epoch"] = 1991.25
    table.write(tmp_path / "a.fits")
    (tmp_path / "s.toml").write_text("ref_epoch = 2000.0")
    report = make(stars=(tmp_path / "a.fits",), schema=str(tmp_path / "s.toml"), epoch="2026.9")
    assert_stars(report.path, places(plain(), epoch="J2000", to="J2026.9"))
    assert report.notes == ["a.fits says epoch J1991.25, the schema J2000.0: the schema's is taken"]


def test_an_epoch_that_is_none_is_counted(make, tmp_path):
    table = plain()
    table["ref_epoch"] = [2016.0, 2457206.0, 2016.0]
    table.write(tmp_path / "a.fits")
    report = make(stars=(tmp_path / "a.fits",), epoch="2026.9")
    assert report.counts.by_reason() == {"ref_epoch outside [1000, 3000]": 1}


RELEASES = {"gaia_dr2": 2015.5, "gaia_dr3": 2016.0, "gaia_dr4": 2017.5}


@pytest.mark.parametrize("form", ["fits", "parquet", "ecsv", "vot", "csv", "feather"])
@pytest.mark.parametrize("name", RELEASES)
def test_a_release_of_gaia_is_known_by_its_epoch(make, tmp_path, name, form):
    table = plain()
    table["ref_epoch"] = RELEASES[name]
    path = tmp_path / f"a.{form}"
    if form == "feather":
        write_feather(table, path)
    else:
        table.write(path, **({"format": "votable"} if form == "vot" else {}))
    report = make(stars=(path,), epoch="2026.9")
    assert_stars(report.path, places(plain(), epoch=f"J{RELEASES[name]}", to="J2026.9"))
    assert report.inputs[0]["schema"]["name"] == name
    assert report.notes == ([] if name == "gaia_dr3" else [f"a.{form} is read as {name}, by what it says of itself"])


@pytest.mark.parametrize("name", ["gaia_edr3", "gaia_dr4"])
def test_a_release_of_gaia_is_known_by_the_name_of_its_table(make, tmp_path, name):
    votable = from_table(plain())
    votable.resources[0].tables[0].name = f"{name.replace('_', '')}.gaia_source"
    votable.to_xml(str(tmp_path / "a.vot"))
    assert make(stars=(tmp_path / "a.vot",)).inputs[0]["schema"]["name"] == name


def test_no_zero_point_is_subtracted_from_another_release(make, tmp_path):
    pytest.importorskip("zero_point")
    table = plain()
    table["phot_g_mean_mag"] = 12.0
    table["nu_eff_used_in_astrometry"], table["astrometric_params_solved"] = 1.5, 31
    table["ref_epoch"] = [2016.0, 2017.5, 2015.5]
    table.write(tmp_path / "a.fits")
    report = make(stars=(tmp_path / "a.fits",), zero_point=True)
    assert (report.counts.corrected, report.counts.uncorrected) == (1, 2)


def test_half_a_proper_motion_is_said(make, tmp_path):
    table = plain()
    table.remove_column("pmdec")
    table.write(tmp_path / "a.fits")
    report = make(stars=(tmp_path / "a.fits",), epoch="2026.9")
    assert report.notes == ["a.fits has pmra but no pmdec: no proper motion is used"]
    assert report.counts.unmoved == 3


def test_identifiers_that_are_none_can_be_left_out(make, tmp_path):
    table = plain()
    table["source_id"] = ["alpha", "beta", "gamma"]
    table.write(tmp_path / "a.ecsv")
    with pytest.raises(InputError):
        make(stars=(tmp_path / "a.ecsv",))
    (tmp_path / "s.toml").write_text('[columns]\nsource_id = ""')
    for options in ({"column": ("source_id=",)}, {"schema": str(tmp_path / "s.toml")}):
        lines = (tmp_path / "a.ecsv").read_text().splitlines()
        numbers = [number for number, line in enumerate(lines, 1) if line.startswith(("alpha", "beta", "gamma"))]
        assert sorted(stars_of(make(stars=(tmp_path / "a.ecsv",), **options).path)) == numbers


def test_a_column_of_fits_may_be_unsigned_and_its_mask_logical(make, tmp_path):
    columns = [fits.Column("source_id", "K", array=np.array([1, 2], np.uint64), bzero=2**63)]
    columns += [
        fits.Column(n, "D", array=np.array(plain()[n][:2])) for n in ("ra", "dec", "parallax", "phot_g_mean_mag")
    ]
    columns += [fits.Column("parallax.mask", "L", array=np.array([False, True]))]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(tmp_path / "a.fits")
    assert make(stars=(tmp_path / "a.fits",)).counts.by_reason() == {"parallax missing": 1}


@pytest.mark.parametrize(("year", "merged"), [(1991.25, 1), (2016.0, 0)])
def test_a_bright_star_is_looked_for_at_the_epoch_of_its_row(make, tmp_path, year, merged):
    """Sirius as Hipparcos has it, which in 2016 is 33 arcsec from there."""
    sirius = f"1,{year},101.28854105,-16.71314306,379.21,1.58,-546.01,-1223.08,-1.44"
    names = "source_id,ref_epoch,ra,dec,parallax,parallax_error,pmra,pmdec,phot_g_mean_mag"
    (tmp_path / "a.csv").write_text(f"{names}\n{sirius}\n5,2016,10,20,5,0.1,1,1,9\n")
    report = make(stars=(tmp_path / "a.csv",), merge_bright=True)
    assert report.merged.provenance()["rows"] == merged
