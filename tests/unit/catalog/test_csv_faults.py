"""Every way in which a CSV file is no star catalogue, and the one line that says so.

One table of damaged files drives the test: content, name, and what the message must name. Files are as small as the
fault allows; a fault far down a long file is tested apart, as its line number is what a user needs.
"""

import gzip

import numpy as np
import pytest

from helios.catalog import csv_reader, csv_text, open_catalog
from helios.catalog.schema_file import choose_schema
from helios.catalog.table import StarTable
from helios.errors import InputError

HEADER = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp"
ROW = "7,10.5,-20.25,3.5,4.75,0.5"
PACKED = gzip.compress("".join([HEADER, "\n", *[f"{i},{i / 7},2,3,4,5\n" for i in range(5000)]]).encode())
NOISE = np.random.default_rng(6).bytes(3000)

FAULTS = {
    "empty": (b"", "stars.csv", "stars.csv: empty, must be a CSV file with a header and a row per star"),
    "only empty lines": (b"\n\n", "stars.csv", "stars.csv: empty"),
    "only comments": (b"# one\n# two\n", "stars.csv", "stars.csv: empty"),
    "header only": (HEADER, "stars.csv", "stars.csv: has a header but no rows"),
    "header and newline": (HEADER + "\n", "stars.csv", "stars.csv: has a header but no rows"),
    "no parallax": (
        "source_id,ra,dec,phot_g_mean_mag\n1,2,3,4\n",
        "stars.csv",
        "stars.csv line 1: no column parallax in the header (needed: ra, dec, parallax, phot_g_mean_mag)",
    ),
    "no columns at all": ("a;b\n1;2\n", "stars.csv", "no column ra, dec, parallax, phot_g_mean_mag in the header"),
    "column twice": (f"{HEADER},RA\n{ROW},1\n", "stars.csv", "line 1: column 'ra' stands there twice"),
    "text in a number": (
        f"{HEADER}\n{ROW}\n8,1,abc,3,4,5\n",
        "stars.csv",
        "stars.csv line 3: dec 'abc': must be a number, or empty where it is missing; mend or remove the line",
    ),
    "text after comments": (f"# one\n# two\n{HEADER}\n{ROW}\n8,1,abc,3,4,5\n", "stars.csv", "line 5: dec 'abc'"),
    "text after an empty line": (f"{HEADER}\n\n8,1,2,x,4,5\n", "stars.csv", "line 3: parallax 'x'"),
    "long text": (f"{HEADER}\n8,{'x' * 99},2,3,4,5\n", "stars.csv", f"line 2: ra '{'x' * 40}...'"),
    "underscore": (f"{HEADER}\n8,1_0,2,3,4,5\n", "stars.csv", "line 2: ra '1_0'"),
    "fraction as identifier": (f"{HEADER}\n1.5,1,2,3,4,5\n", "stars.csv", "line 2: source_id '1.5': must be a whole"),
    "identifier too large": (f"{HEADER}\n{2**63},1,2,3,4,5\n", "stars.csv", f"line 2: source_id '{2**63}'"),
    "identifier of 5000 digits": (f"{HEADER}\n{'9' * 5000},1,2,3,4,5\n", "stars.csv", "must be a whole number below"),
    "row too short": (
        f"{HEADER}\n{ROW}\n8,1,2\n",
        "stars.csv",
        "stars.csv line 3: 3 values, the header has 6 columns; mend or remove the line",
    ),
    "row too long": (f"{HEADER}\n{ROW},9\n", "stars.csv", "line 2: 7 values, the header has 6 columns"),
    "open quote": (f'{HEADER}\n{ROW}\n8,1,"2\n', "stars.csv", "line 3: 3 values"),
    "noise": (NOISE, "stars.csv", "not text, must be the column names of a CSV file"),
    "noise after the header": (f"{HEADER}\n{ROW}\n".encode() + NOISE, "stars.csv", "stars.csv line 3: not text ("),
    "gzip cut in the middle": (PACKED[:9000], "stars.csv.gz", "damaged gzip file after line "),
    "gzip cut by one byte": (PACKED[:-1], "stars.csv.gz", "damaged gzip file after line 5001 "),
    "gzip cut in the header": (PACKED[:12], "stars.csv.gz", "damaged gzip file ("),
    "gzip of nothing": (gzip.compress(b""), "stars.csv.gz", "stars.csv.gz: empty"),
    "gzip with a wrong checksum": (
        PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:],
        "stars.csv.gz",
        "damaged gzip file after line 5001 (CRC check failed",
    ),
    "type changes halfway": (
        HEADER + "\n" + f"{ROW}\n" * 500 + "8,1,2,G2V,4,5\n" + f"{ROW}\n" * 500,
        "stars.csv",
        "stars.csv line 502: parallax 'G2V': must be a number",
    ),
    "text after line ends of three kinds": (
        f"# one\r# two\r\n{HEADER}\r{ROW}\r\n{ROW}\n8,1,abc,3,4,5\r",
        "stars.csv",
        "stars.csv line 6: dec 'abc'",
    ),
    "a field of 10,000 characters": (f"{HEADER}\n8,1,2,{'9' * 9999}x,4,5\n", "stars.csv", f"parallax '{'9' * 40}...'"),
    "a column name of 10,000 characters": (f"{'x' * 10_000},dec\n1,2\n", "stars.csv", "no column ra, parallax,"),
    "a line without end": (HEADER + "\n" + "1" * (1 << 25), "stars.csv", "line 2: longer than 16,777,216 bytes"),
    "UTF-16": (f"\ufeff{HEADER}\n{ROW}\n".encode("utf-16-le"), "stars.csv", "line 1: not text"),
    "NUL in a number": (f"{HEADER}\n8,1,2\0,3,4,5\n", "stars.csv", "line 2: "),
    "unknown ending": (f"{HEADER}\n{ROW}\n", "stars.xlsx", "stars.xlsx: not a kind of star catalogue that can be read"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_that_names_it(tmp_path, fault):
    content, name, expected = FAULTS[fault]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as raised:
        list(open_catalog(path).chunks())
    message = str(raised.value)
    assert expected in message
    assert message.startswith(str(path))
    assert len(message.splitlines()) == 1
    assert len(message) < len(str(path)) + 300


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.csv: no such file"):
        open_catalog(tmp_path / "nowhere.csv")


def test_a_directory_is_no_catalogue(tmp_path):
    with pytest.raises(InputError, match="is a directory, must be a star catalogue file"):
        open_catalog(tmp_path)


def test_a_fault_far_down_is_found_in_whatever_chunk_it_lies(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 1024)
    path = tmp_path / "stars.csv"
    path.write_text(f"{HEADER}\n" + f"{ROW}\n" * 810 + "8,1,2,three,4,5\n" + f"{ROW}\n" * 500)
    with pytest.raises(InputError, match="line 812: parallax 'three'"):
        list(open_catalog(path).chunks())


def test_a_header_that_is_a_comment_is_told(tmp_path):
    """numpy.savetxt writes a `#` before the names of the columns."""
    columns = "source_id,ra,dec,parallax,phot_g_mean_mag"
    np.savetxt(tmp_path / "a.csv", [[1, 2.0, 3.0, 4.0, 5.0], [2, 3.0, 4.0, 5.0, 6.0]], delimiter=",", header=columns)
    with pytest.raises(InputError) as raised:
        open_catalog(tmp_path / "a.csv")
    assert str(raised.value).endswith(f"; the line before it, '# {columns}', is a comment: take its # away")


@pytest.mark.parametrize("blanks", [" ", "  ", "\t ", " " * 70])
def test_what_is_missing_may_have_blanks_around_it(tmp_path, monkeypatch, blanks):
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 4096)
    sound = [f"{i},10.5,-20.25,3.5,4.75,0.5" for i in range(200)]
    odd = f"200,10.5,{blanks}null{blanks},3.5,{blanks}4.75,{blanks}NaN"
    rows = [*sound, odd, "201,1,2,3,4,5"]
    (tmp_path / "a.csv").write_text("\n".join(["source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp", *rows]) + "\n")
    table = StarTable.concatenate(list(open_catalog(tmp_path / "a.csv").chunks()))
    assert table.source_id.tolist() == list(range(202))
    assert table.row.tolist() == list(range(2, 204))
    assert np.flatnonzero(np.isnan(table.dec)).tolist() == [200]
    assert np.flatnonzero(np.isnan(table.bp_rp)).tolist() == [200]
    assert (table.phot_g_mean_mag[200], table.ra[201]) == (4.75, 1.0)


def test_a_header_of_aliases_is_refused_by_what_it_would_hold(tmp_path):
    names = ("source_id", "ra", "dec", "parallax", "phot_g_mean_mag", "bp_rp")
    columns = "".join(f"# - {{name: {name}, datatype: float64}}\n" for name in names)

    def header(extra: str) -> str:
        return f"# %ECSV 1.0\n# ---\n{extra}# delimiter: ','\n# datatype:\n{columns}{','.join(names)}\n1,1,1,10,5,1\n"

    levels = ["# a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"]
    levels += [f"# a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)]
    path = tmp_path / "a.ecsv"
    for extra, message in (
        ("".join(levels), r"a\.ecsv: the ECSV header has 4,194,304 characters with its aliases written out"),
        ("# a: &a [*a]\n", r"a\.ecsv: the ECSV header has 4,194,304 characters with its aliases written out"),
    ):
        path.write_text(header(extra))
        with pytest.raises(InputError, match=message):
            open_catalog(path)
    path.write_text(header("".join(levels[:4])))  # as astropy writes a unit that two columns share
    (table,) = open_catalog(path).chunks()
    assert len(table) == 1


def test_millions_of_empty_lines_are_no_catalogue(tmp_path, monkeypatch):
    """Here of thousands."""
    monkeypatch.setattr(csv_reader, "EMPTY_ROWS", 1000)
    monkeypatch.setattr(csv_text, "LONGEST_HEADER", 2000)
    header, row = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n", "1,1,1,10,5,1\n"
    path = tmp_path / "a.csv.gz"
    for content, message in (
        (header + "\n" * 3000, r"a\.csv\.gz line 2: 3,000 rows without a value follow, must be stars"),
        ("#\n" * 1500 + header + row, r"a\.csv\.gz line 1001: 2,000 bytes without a header"),
        ("\n" * 3000 + header + row, r"a\.csv\.gz line 2001: 2,000 bytes without a header"),
    ):
        path.write_bytes(gzip.compress(content.encode()))
        with pytest.raises(InputError, match=message):
            list(open_catalog(path).chunks())
    path.write_bytes(gzip.compress(("#\n" * 900 + header + row + "\n" * 900).encode()))
    assert sum(len(table) for table in open_catalog(path).chunks()) == 901


def test_a_schema_without_a_place_is_told_in_one_line(tmp_path):
    (tmp_path / "s.toml").write_text('[columns]\nra = ""\n')
    (tmp_path / "a.csv").write_text("source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n1,1,1,10,5,1\n")
    with pytest.raises(InputError) as caught:
        open_catalog(tmp_path / "a.csv", choose_schema(str(tmp_path / "s.toml")))
    assert "ra" in str(caught.value)
    assert "\n" not in str(caught.value)
