"""Surveys differ by a table: names, units, nulls, epoch and band, built in, of a TOML file, or of the command line.

Files of one row, whose values after conversion are worked out by hand.
"""

import numpy as np
import pytest
from astropy.table import Table

from helios.catalog import open_catalog
from helios.catalog.schema_file import choose_schema, read_schema
from helios.catalog.schemas import SCHEMAS
from helios.catalog.table import FLOAT_COLUMNS, StarTable
from helios.errors import InputError


def read(path, choice=None) -> StarTable:
    return StarTable.concatenate(list(open_catalog(path, choice).chunks()))


def values(table: StarTable) -> dict:
    return {name: getattr(table, name).tolist() for name in ("source_id", *FLOAT_COLUMNS)}


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("id,RAJ2000,DEJ2000,plx,V,BT,VT\n7,0.5,-0.25,-999,4.5,6,5.5\n8,0.5,-0.25,0.025,99,6,5.5\n")
    return path


def test_columns_of_ones_own_are_named_on_the_command_line(own):
    sources = {"source_id": "id", "ra": "raj2000", "dec": "DEJ2000", "parallax": "plx", "phot_g_mean_mag": "V"}
    table = read(own, choose_schema(columns=[f"{name} = {source}" for name, source in sources.items()]))
    assert table.source_id.tolist() == [7, 8]
    assert table.ra.tolist() == [0.5, 0.5]
    assert table.parallax.tolist() == [-999.0, 0.025]
    assert np.isnan(table.bp_rp).all()


SCHEMA = """
name = "mine"
ref_epoch = 2017.5
band = "V"
null = ["", "-999", "99"]
[columns]
source_id = "id"
ra = { names = ["nowhere", "RAJ2000"], unit = "rad" }
dec = { names = ["DEJ2000"], unit = "rad" }
parallax = { names = ["plx"], unit = "arcsec" }
phot_g_mean_mag = "V"
bp_rp = { difference = ["BT", "VT"] }
"""


def test_a_schema_file_says_names_units_nulls_and_differences(own, tmp_path):
    (tmp_path / "mine.toml").write_text(SCHEMA)
    reader = open_catalog(own, choose_schema(str(tmp_path / "mine.toml")))
    table = StarTable.concatenate(list(reader.chunks()))
    assert np.isnan(table.parallax[0])
    assert table.parallax[1] == pytest.approx(25.0, rel=1e-15)
    np.testing.assert_allclose([table.ra[0], table.dec[0]], np.degrees([0.5, -0.25]), rtol=1e-15)
    assert np.isnan(table.phot_g_mean_mag[1])
    assert table.bp_rp.tolist() == [0.5, 0.5]
    assert reader.sources.provenance() == {
        "name": "mine",
        "ref_epoch": 2017.5,
        "band": "V",
        "columns": {
            "source_id": "id",
            "ra": "RAJ2000",
            "dec": "DEJ2000",
            "parallax": "plx",
            "phot_g_mean_mag": "V",
            "bp_rp": "BT - VT",
        },
    }


def test_the_command_line_overrules_the_file(own, tmp_path):
    (tmp_path / "mine.toml").write_text(SCHEMA)
    table = read(own, choose_schema(str(tmp_path / "mine.toml"), ["phot_g_mean_mag=VT", "parallax=V"]))
    assert table.phot_g_mean_mag.tolist() == [5.5, 5.5]
    assert table.parallax[0] == pytest.approx(4500.0)


def test_nulls_that_are_numbers_hold_in_binary_files(tmp_path):
    (tmp_path / "mine.toml").write_text('null = ["-999", "-1"]')
    columns = {"source_id": [5, -1], "ra": [1.0, 2.0], "dec": [1.0, 2.0]}
    columns |= {"parallax": [-999.0, 3.0], "phot_g_mean_mag": [4.0, 5.0]}
    for ending in (".fits", ".parquet"):
        path = tmp_path / f"a{ending}"
        table = Table(columns)
        table.write(path) if ending == ".fits" else table.to_pandas().to_parquet(path)
        table = read(path, choose_schema(str(tmp_path / "mine.toml")))
        assert np.isnan(table.parallax).tolist() == [True, False]
        assert table.source_id.tolist() == [5, np.iinfo(np.int64).min]


@pytest.mark.parametrize("ending", [".fits", ".ecsv", ".vot"])
def test_units_that_the_file_declares_are_converted(tmp_path, ending):
    table = Table({"source_id": [7], "ra": [0.5], "dec": [900.0], "parallax": [0.025], "phot_g_mean_mag": [4.0]})
    for name, unit in {"ra": "rad", "dec": "arcmin", "parallax": "arcsec", "phot_g_mean_mag": "mag"}.items():
        table[name].unit = unit
    path = tmp_path / f"a{ending}"
    table.write(path, format="votable") if ending == ".vot" else table.write(path)
    read_back = read(path)
    assert read_back.ra[0] == pytest.approx(np.degrees(0.5), rel=1e-15)
    assert read_back.dec[0] == pytest.approx(15.0, rel=1e-15)
    assert read_back.parallax[0] == pytest.approx(25.0, rel=1e-15)


@pytest.mark.parametrize(("unit", "expected"), [("kg", "is in 'kg', no mas"), ("furlongs", "unknown unit 'furlongs'")])
def test_units_that_mean_nothing_are_refused(tmp_path, unit, expected):
    columns = "".join(
        f"# - {{name: {n}, datatype: float64, unit: {unit if n == 'parallax' else ''}}}\n"
        for n in ("ra", "dec", "parallax", "phot_g_mean_mag")
    )
    path = tmp_path / "a.ecsv"
    path.write_text(
        f"# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n{columns}ra,dec,parallax,phot_g_mean_mag\n1,2,3,4\n"
    )
    with pytest.raises(InputError, match=expected):
        open_catalog(path)
    (tmp_path / "s.toml").write_text('[columns]\nparallax = {names = ["parallax"], unit = "mas"}')
    assert read(path, choose_schema(str(tmp_path / "s.toml"))).parallax.tolist() == [3.0]


def test_a_future_release_is_a_table(tmp_path):
    (tmp_path / "dr9.toml").write_text('base = "gaia_dr3"\nref_epoch = 2020.0\n[columns]\nparallax = "plx"')
    schema = read_schema(tmp_path / "dr9.toml")
    assert (schema.name, schema.ref_epoch, schema.band) == ("dr9", 2020.0, "G")
    assert schema.columns["ra"] == SCHEMAS["gaia_dr3"].columns["ra"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "no TOML"),
        ("\x00", "no TOML"),
        ("a = " + "[" * 5000, "no TOML"),
        ("epoch = 2016", "unknown key 'epoch' (choose from base, name,"),
        ("base = 'gaia'", "base 'gaia': must be one of gaia_dr3,"),
        ("base = []", "base '[]': must be one of"),
        ("ref_epoch = 'J2000'", "ref_epoch 'J2000': must be a Julian year"),
        ("ref_epoch = true", "must be a Julian year"),
        ("ref_epoch = nan", "must be a Julian year"),
        ("null = 3", "null: '3': must be a list of texts"),
        ("null = [3]", "must be a list of texts"),
        ("band = ''", "band: '': must be a text that is not empty"),
        ("columns = 3", "columns: must be a table"),
        ("[columns]\nRA = 'x'", "columns: unknown key 'RA'"),
        ("[columns]\nra = 3", "ra: must be a column's name or a table of names,"),
        ("[columns.ra]\nname = 'x'", "ra: unknown key 'name'"),
        ("[columns.ra]\nunit = 'deg'", "ra: must have names or a difference"),
        ("[columns.ra]\ndifference = ['a']", "ra.difference: 1 columns, must be 2"),
        ("[columns.ra]\nnames = 'x'\nunit = 3", "ra.unit: '3': must be a text"),
    ],
)
def test_a_bad_schema_file_is_one_line(tmp_path, text, expected):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        choose_schema(str(path))
    assert expected in str(raised.value)
    assert str(raised.value).startswith(str(path))
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("schema", "columns", "expected"),
    [
        ("nothing.toml", [], "--schema nothing.toml: must be gaia_dr3,"),
        (None, ["parallax"], "--column parallax: must be NAME=SOURCE"),
        (None, ["plx=parallax"], "NAME one of source_id, ra,"),
        (None, ["ra="], "must be NAME=SOURCE"),
        (None, ["ra=a", "ra=b"], "--column ra=b: ra is already a; give it once"),
    ],
)
def test_bad_choices_are_refused(schema, columns, expected):
    with pytest.raises(InputError) as raised:
        choose_schema(schema, columns)
    assert expected in str(raised.value)


def test_an_identifier_cannot_be_a_number_too(tmp_path):
    (tmp_path / "a.csv").write_text("source_id,ra,dec,phot_g_mean_mag\n1,2,3,4\n")
    with pytest.raises(InputError, match="column 'source_id' cannot be both source_id and parallax"):
        open_catalog(tmp_path / "a.csv", choose_schema(columns=["parallax=source_id"]))
