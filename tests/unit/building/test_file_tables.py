"""All tables of a file are read, or named as left out; and a user can choose one of them.

Three tables of one or two stars each, and one that is no catalogue, in one FITS file or VOTable.
"""

import gzip

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import Resource, VOTableFile
from astropy.table import Table

from helios.errors import InputError
from tests.unit.building.said import stars_of


def table_of(*numbers: int) -> Table:
    count = len(numbers)
    columns = {"source_id": list(numbers), "ra": [10.0 * n for n in numbers], "dec": np.zeros(count)}
    return Table({**columns, "parallax": np.full(count, 10.0), "phot_g_mean_mag": np.full(count, 7.0)})


META = Table({"keyword": ["author"], "value": [1.0]})
TABLES = {"META": META, "NORTH": table_of(1, 2), "EMPTY": table_of(1)[:0], "SOUTH": table_of(3)}


def write_fits(path, tables, image=False):
    hdus = [fits.BinTableHDU(table, name=name) for name, table in tables]
    between = [fits.ImageHDU(np.zeros((3, 3)))] if image else []
    fits.HDUList([fits.PrimaryHDU(), *between, *hdus]).writeto(path)


def write_votable(path, tables, resources=True):
    file = VOTableFile()
    for name, table in tables:
        made = from_table(table).resources[0].tables[0]
        made.name, made.ID = name, None
        if resources or not file.resources:
            file.resources.append(Resource())
        file.resources[-1].tables.append(made)
    file.to_xml(str(path))


WRITERS = {"a.fits": write_fits, "a.vot": write_votable}


@pytest.mark.parametrize("name", WRITERS)
def test_every_table_with_the_columns_is_read_and_the_others_are_named(make, tmp_path, name):
    WRITERS[name](tmp_path / name, TABLES.items())
    report = make(stars=(tmp_path / name,))
    assert set(stars_of(report.path)) == {1, 2, 3}
    assert [file["file"] for file in report.inputs] == [f"{name}[NORTH]", f"{name}[SOUTH]"]
    (note,) = report.notes
    empty = "has no rows" if name == "a.fits" else "it has no table with rows"
    absent = "no column ra, dec, parallax, phot_g_mean_mag"
    assert note == f"{name} has tables that are left out: META ({absent}); EMPTY ({empty})"


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("choice", ["SOUTH", "south", "4"])
def test_a_user_chooses_a_table(make, tmp_path, name, choice):
    WRITERS[name](tmp_path / name, TABLES.items())
    report = make(stars=(tmp_path / f"{name}[{choice}]",))
    assert set(stars_of(report.path)) == {3}
    assert report.notes == []


@pytest.mark.parametrize("name", WRITERS)
def test_tables_without_a_name_of_their_own_have_numbers(make, tmp_path, name):
    WRITERS[name](tmp_path / name, [("A", table_of(1)), ("A", table_of(2)), ("", table_of(3))])
    report = make(stars=(tmp_path / name,))
    assert set(stars_of(report.path)) == {1, 2, 3}
    assert [file["file"] for file in report.inputs] == [f"{name}[{number}]" for number in (1, 2, 3)]


def test_an_extension_of_fits_has_the_number_that_others_give_it(make, tmp_path):
    write_fits(tmp_path / "a.fits", [("", table_of(1)), ("", table_of(2))], image=True)
    assert set(stars_of(make(stars=(tmp_path / "a.fits[3]",)).path)) == {2}
    packed = tmp_path / "b.fits.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    assert set(stars_of(make(stars=(packed,)).path)) == {1, 2}


def test_tables_of_one_resource(make, tmp_path):
    write_votable(tmp_path / "a.vot", [("N", table_of(1)), ("S", table_of(2))], resources=False)
    assert set(stars_of(make(stars=(tmp_path / "a.vot",)).path)) == {1, 2}


def test_tables_may_have_columns_in_other_places_and_units(make, tmp_path):
    south = table_of(3)["dec", "parallax", "source_id", "phot_g_mean_mag", "ra"]
    south["parallax"] = [0.1]
    south["parallax"].unit = "arcsec"
    for name in WRITERS:
        WRITERS[name](tmp_path / name, [("N", table_of(1)), ("S", south)])
        stars = stars_of(make(stars=(tmp_path / name,)).path)
        np.testing.assert_allclose([stars[1]["at"].distance.pc, stars[3]["at"].distance.pc], [100.0, 10.0])


def test_a_star_in_two_tables_is_one_star(make, tmp_path):
    write_fits(tmp_path / "a.fits", [("N", table_of(1, 2)), ("S", table_of(2, 3))])
    report = make(stars=(tmp_path / "a.fits",))
    assert (report.stars, report.counts.rows_read) == (3, 4)
    assert report.counts.rejections["duplicate source_id"].first == "a.fits[S] row 1, source_id 2"


def test_rows_without_identifiers_are_numbered_through_all_tables(make, tmp_path):
    tables = [("N", table_of(1, 2)), ("S", table_of(3))]
    for _, table in tables:
        table.remove_column("source_id")
    write_fits(tmp_path / "a.fits", tables)
    assert set(stars_of(make(stars=(tmp_path / "a.fits",)).path)) == {1, 2, 3}


@pytest.mark.parametrize(
    ("name", "choice", "expected"),
    [
        ("a.fits", "EAST", "no table 'EAST' in this FITS file (META, NORTH, EMPTY, SOUTH)"),
        ("a.fits", "9", "no table '9' in this FITS file (META,"),
        ("a.fits", "META", "no column ra, dec, parallax, phot_g_mean_mag in the header"),
        ("a.vot", "EAST", "no table 'EAST' in this VOTable (META, NORTH, EMPTY, SOUTH)"),
        ("a.csv", "1", "a.csv: is one table; leave [1] away"),
    ],
)
def test_a_table_that_is_not_there_or_no_catalogue_is_refused(make, tmp_path, name, choice, expected):
    write_fits(tmp_path / "a.fits", TABLES.items())
    write_votable(tmp_path / "a.vot", TABLES.items())
    TABLES["NORTH"].write(tmp_path / "a.csv")
    with pytest.raises(InputError) as raised:
        make(stars=(tmp_path / f"{name}[{choice}]",))
    assert expected in str(raised.value)


@pytest.mark.parametrize("name", WRITERS)
def test_where_no_table_has_the_columns_all_are_named(make, tmp_path, name):
    WRITERS[name](tmp_path / name, [("A", META), ("B", META)])
    with pytest.raises(InputError) as raised:
        make(stars=(tmp_path / name,))
    assert "no column ra, dec, parallax, phot_g_mean_mag" in str(raised.value)
    assert str(raised.value).endswith("(so of table A; there are A, B)")


def test_a_second_table_that_is_damaged_ends_the_build(make, tmp_path):
    write_fits(tmp_path / "a.fits", [("N", table_of(1)), ("S", table_of(*range(2, 600)))])
    data = (tmp_path / "a.fits").read_bytes()
    (tmp_path / "b.fits").write_bytes(data[:-5760])
    with pytest.raises(InputError, match="ends after row"):
        make(stars=(tmp_path / "b.fits",))
