"""Every way in which a file of any format is no star catalogue, and the one line that says so.

Each case starts from a sound file of 50 made stars, or a real one, and damages it in one way. What the message must
hold is the file, and where it can be known the row, column and value. The cases of CSV and VOTables are beside it.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from tests.contract.catalogue_files import WRITERS
from tests.unit.catalog.damage import message_of, read, replaced, sound

FORMATS = Path(__file__).parents[2] / "data/formats"
ENDINGS = list(WRITERS)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_file(tmp_path, ending):
    message_of(tmp_path / f"stars{ending}", b"")


@pytest.mark.parametrize("ending", ENDINGS)
def test_noise(tmp_path, ending):
    message_of(tmp_path / f"stars{ending}", np.random.default_rng(6).bytes(3000))


@pytest.mark.parametrize("ending", [e for e in ENDINGS if e != ".csv"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_file_cut_short(tmp_path, ending, part):
    # In the middle of a line, where text is: a cut between lines leaves a sound file of fewer rows.
    data = sound(tmp_path, ending)
    end = int(len(data) * part)
    between = {".ecsv": b",", ".dat": b"|", ".tsv": b"\t", ".txt": b";"}
    if ending in between:
        end = data.rindex(between[ending], 0, end)
    message_of(tmp_path / f"stars{ending}", data[:end])


@pytest.mark.parametrize("ending", [e for e in ENDINGS if e.endswith(".gz")])
def test_a_gzip_file_with_a_wrong_checksum(tmp_path, ending):
    data = sound(tmp_path, ending)
    message = message_of(tmp_path / f"stars{ending}", data[:-8] + bytes([data[-8] ^ 1]) + data[-7:])
    assert "damaged gzip file" in message


def test_ecsv_without_its_mark(tmp_path):
    data = replaced(tmp_path, ".ecsv", "# %ECSV 1.0", "# table 1.0")
    assert "line 1: must be '# %ECSV 1.0'; name the file .csv" in message_of(tmp_path / "a.ecsv", data)


def test_ecsv_whose_header_is_no_yaml(tmp_path):
    data = replaced(tmp_path, ".ecsv", "# datatype:", "# datatype: ]")
    assert "the ECSV header is no YAML" in message_of(tmp_path / "a.ecsv", data)


def test_ecsv_whose_names_are_not_those_it_declares(tmp_path):
    data = replaced(tmp_path, ".ecsv", "source_id,ra,dec", "source_id,dec,ra")
    assert "line 11: the column names are not those of the ECSV header" in message_of(tmp_path / "a.ecsv", data)


def test_ecsv_with_another_delimiter(tmp_path):
    data = replaced(tmp_path, ".ecsv", "delimiter: ','", "delimiter: '" + ";" * 9999 + "'")
    assert "must be ' ' or ','" in message_of(tmp_path / "a.ecsv", data)


def test_ecsv_code_in_the_header_is_not_run(tmp_path):
    mark = tmp_path / "mark"
    tag = f"# meta: !!python/object/apply:os.system ['touch {mark}']\n# datatype:"
    data = replaced(tmp_path, ".ecsv", "# datatype:", tag)
    message_of(tmp_path / "a.ecsv", data)
    assert not mark.exists()


def test_ecsv_of_spaces_with_quotes(tmp_path):
    lines = ["# %ECSV 1.0", "# ---", "# datatype:", *(f"# - {{name: {n}, datatype: float64}}" for n in "ab")]
    lines[3:] = [f"# - {{name: {n}, datatype: float64}}" for n in ("ra", "dec", "parallax", "phot_g_mean_mag")]
    path = tmp_path / "a.ecsv"
    path.write_text("\n".join([*lines, 'ra dec "parallax" phot_g_mean_mag', '1.5 2 "" 4']) + "\n")
    table = read(path)
    assert (table.ra[0], table.dec[0], table.phot_g_mean_mag[0], table.row[0]) == (1.5, 2.0, 4.0, 9)
    assert np.isnan(table.parallax[0])


def test_hipparcos_of_another_table(tmp_path):
    message = message_of(tmp_path / "a.dat", b"1|2|3\n")
    assert "line 1: '1|2|3': must be a row of the Hipparcos main catalogue" in message


def test_hipparcos_with_text_in_a_number(tmp_path):
    data = (FORMATS / "hip_main_13.dat").read_bytes().replace(b"  13.74", b"  13,74")
    assert "line 2: Plx '13,74': must be a number" in message_of(tmp_path / "a.dat", data)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("NAXIS2  =                   50", "NAXIS2  =                  500", "ends after row"),
        (
            "NAXIS2  =                   50",
            "NAXIS2  =  9999999999999999999",
            "",
        ),
        ("NAXIS2  =                   50", "NAXIS2  =                   -5", "NAXIS2 '-5': must be a whole number"),
        ("NAXIS2  =                   50", "NAXIS2  =                 'ab'", ""),
        ("NAXIS2  =                   50", "NAXIS2  =                    0", "has no rows"),
        ("NAXIS1  =                   48", "NAXIS1  =                   40", "NAXIS1 40: must be 48, the width of its"),
        (
            "TFIELDS =                    6",
            "TFIELDS =            999999999",
            "TFIELDS 999,999,999: must be at most 999",
        ),
        ("TFIELDS =                    6", "TFIELDS =                    9", ""),
        ("XTENSION= 'BINTABLE'", "XTENSION= 'IMAGE   '", "no table in this FITS file"),
        ("TFORM3  = 'D", "TFORM3  = 'Q", ""),
        ("TFORM3  = 'D", "TFORM3  = 'M", ""),
    ],
)
def test_fits_with_a_broken_table(tmp_path, old, new, expected):
    assert expected in message_of(tmp_path / "a.fits", replaced(tmp_path, ".fits", old, new))


def test_fits_cut_in_its_rows_names_the_last_whole_one(tmp_path):
    data = (FORMATS / "gaia_dr2_40.fits").read_bytes()
    start = 2 * 2880 + 2880 * (data[5760:].index(b"END" + b" " * 77) // 2880 + 1)
    row = 6 * 8 + 3 * 4
    message = message_of(tmp_path / "a.fits", data[: start + 7 * row + 11])
    assert "a.fits: ends after row 7 of 40" in message


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array(["a"] * 3), "column 'parallax' is 1A, must be numbers"),
        (np.ones((3, 2)), "column 'parallax' is 2D, must be numbers, one per row"),
        (np.ones(3, bool), "column 'parallax' is L, must be numbers"),
    ],
)
def test_fits_column_that_holds_no_numbers(tmp_path, values, expected):
    columns = {name: np.ones(3) for name in ("ra", "dec", "parallax", "phot_g_mean_mag")}
    Table(columns | {"parallax": values}).write(tmp_path / "sound.fits")
    assert expected in message_of(tmp_path / "a.fits", (tmp_path / "sound.fits").read_bytes())


def parquet_of(path, **columns) -> bytes:
    plain = {name: pa.array([1.0, 2.0]) for name in ("ra", "dec", "parallax", "phot_g_mean_mag")}
    pq.write_table(pa.table(plain | columns), path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"parallax": pa.array(["1", "2"])}, "column 'parallax' is string, must be numbers"),
        ({"source_id": pa.array([1.0, 2.0])}, "column 'source_id' is double, must be whole numbers"),
        ({"ra": pa.array([[1.0], [2.0]])}, "column 'ra' is list<"),
        ({"RA": pa.array([1.0, 2.0])}, "column 'ra' stands there twice"),
        (
            {"source_id": pa.array([1, 2**64 - 1], pa.uint64())},
            "source_id 18446744073709551615: must be a whole number below 2^63",
        ),
    ],
)
def test_parquet_column_of_the_wrong_type(tmp_path, columns, expected):
    assert expected in message_of(tmp_path / "a.parquet", parquet_of(tmp_path / "sound", **columns))


def test_parquet_without_rows(tmp_path):
    none = {n: pa.array([], pa.float64()) for n in ("ra", "dec", "parallax", "phot_g_mean_mag")}
    assert "has no rows" in message_of(tmp_path / "a.parquet", parquet_of(tmp_path / "sound", **none))


@pytest.mark.parametrize("place", [-1, -5, -8, -200])
def test_parquet_with_a_wrong_footer(tmp_path, place):
    data = bytearray(sound(tmp_path, ".parquet"))
    data[place] ^= 0xFF
    message_of(tmp_path / "a.parquet", bytes(data))


def test_feather_without_rows_or_with_text_for_numbers(tmp_path):
    plain = {name: pa.array([1.0, 2.0]) for name in ("ra", "dec", "parallax", "phot_g_mean_mag")}
    for values, expected in ((pa.array(["1", "2"]), "column 'ra' is string, must be numbers"), (None, "has no rows")):
        table = pa.table(plain | {"ra": values}) if values else pa.table(plain)[:0]
        pa.feather.write_feather(table, tmp_path / "sound.feather")
        assert expected in message_of(tmp_path / "a.feather", (tmp_path / "sound.feather").read_bytes())


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_feather_is_read_whatever_its_compression_and_batches(tmp_path, compression):
    values = np.arange(1.0, 8.0)
    names = ("parallax", "text", "ra", "dec", "phot_g_mean_mag")
    table = pa.table({name: list("abcdefg") if name == "text" else values for name in names})
    pa.feather.write_feather(table, tmp_path / "a.feather", compression=compression, chunksize=3)
    assert read(tmp_path / "a.feather").parallax.tolist() == values.tolist()
    assert read(tmp_path / "a.feather").row.tolist() == list(range(1, 8))


def test_a_decimal_parquet_column_is_numbers(tmp_path):
    from decimal import Decimal

    column = pa.array([Decimal("1.25"), None], pa.decimal128(10, 3))
    (tmp_path / "a.parquet").write_bytes(parquet_of(tmp_path / "sound", parallax=column))
    table = read(tmp_path / "a.parquet")
    assert table.parallax[0] == 1.25
    assert np.isnan(table.parallax[1])


def test_fits_nulls_and_unsigned_numbers_of_scaled_columns(tmp_path):
    columns = [fits.Column(name, "D", array=np.array([1.0, 2.0])) for name in ("ra", "dec", "phot_g_mean_mag")]
    columns.append(fits.Column("parallax", "J", null=-9, array=np.array([-9, 6], np.int32)))
    columns.append(fits.Column("source_id", "K", bzero=2**63, array=np.array([5, 6], np.uint64)))
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "a.fits")
    for key, value in {"TSCAL4": 0.5, "TZERO4": 1.0}.items():
        fits.setval(tmp_path / "a.fits", key, value=value, ext=1)
    table = read(tmp_path / "a.fits")
    assert table.source_id.tolist() == [5, 6]
    np.testing.assert_array_equal(table.parallax, [np.nan, 4.0])


def test_fits_identifier_that_is_too_large(tmp_path):
    columns = [fits.Column(name, "D", array=[1.0]) for name in ("ra", "dec", "phot_g_mean_mag", "parallax")]
    columns.append(fits.Column("source_id", "K", bzero=2**63, array=np.array([2**63], np.uint64)))
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "sound.fits")
    message = message_of(tmp_path / "a.fits", (tmp_path / "sound.fits").read_bytes())
    assert "source_id 9223372036854775808: must be a whole number below 2^63" in message


@pytest.mark.parametrize("depth", [900, 100_000])
def test_nesting_without_end_is_refused(tmp_path, depth):
    data = replaced(tmp_path, ".ecsv", "# datatype:", f"# meta: {'[' * depth}{']' * depth}\n# datatype: ]")
    message_of(tmp_path / "a.ecsv", data)
