"""Reading CSV as archives and people write it: any column order, comments, byte-order marks, gzip, missing values.

Files of two or three rows, so that every expected value and line number can be seen in the test.
"""

import gzip
import hashlib

import numpy as np
import pytest

from helios.catalog import csv_reader, open_catalog
from helios.catalog.table import NO_ID, StarTable

HEADER = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp"
ROW = "7,10.5,-20.25,3.5,4.75,0.5"


def read(path) -> StarTable:
    return StarTable.concatenate(list(open_catalog(path).chunks()))


def write(folder, text: str | bytes, name="stars.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def assert_is_the_row(table: StarTable, source_id=7):
    assert table.source_id.tolist() == [source_id]
    assert (table.ra.item(), table.dec.item(), table.parallax.item()) == (10.5, -20.25, 3.5)
    assert (table.phot_g_mean_mag.item(), table.bp_rp.item()) == (4.75, 0.5)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{ROW}\n",
        f"{HEADER}\n{ROW}",
        f"{HEADER}\r\n{ROW}\r\n",
        f"\ufeff{HEADER}\n{ROW}\n",
        f"\ufeff{HEADER}\r\n{ROW}",
        f"# Szene: caf\u00e9\n{HEADER}\n{ROW}\n".encode("latin-1"),
        f"\n{HEADER}\n{ROW}\n",
        f"{HEADER.upper()}\n{ROW}\n",
        'source_id, ra ,dec,parallax,phot_g_mean_mag,"bp_rp"\n7, 10.5 ,-20.25,3.5,"4.75",0.5\n',
        "bp_rp,phot_g_mean_mag,name,parallax,dec,ra,source_id\n0.5,4.75,Éta,3.5,-20.25,10.5,7\n",
        f"{HEADER}\n7,1.05e1,-2025e-2,+3.5,4.750,.5\n",
        f"{HEADER}\r{ROW}\r",
        f"# one\r# two\n# three\r\n{HEADER}\r{ROW}\n",
        f"{HEADER},name\n{ROW},{'x' * 10_000}\n",
        f"{HEADER}\n{ROW}\n".replace(",", "\t"),
        f"{HEADER}\n{ROW}\n".replace(",", ";"),
        f"{HEADER}\n ,deg,deg,mas,mag,mag\n----,---,----,---,---,---\n{ROW}\n".replace(",", "\t"),
        f"{HEADER}\n ,deg,deg,uas,mmag,mmag\n-,-,-,-,-,-\n7,10.5,-20.25,3500,4750,500\n",
    ],
    ids=range(18),
)
def test_the_same_star_however_it_is_written(tmp_path, text):
    assert_is_the_row(read(write(tmp_path, text)))


@pytest.mark.parametrize("name", ["stars.csv.gz", "stars.CSV", "stars.csv"])
def test_gzip_is_known_by_its_bytes_not_its_name(tmp_path, name):
    assert_is_the_row(read(write(tmp_path, gzip.compress(f"{HEADER}\n{ROW}\n".encode()), name)))


def test_gzip_of_several_members_is_one_file(tmp_path):
    members = gzip.compress(f"{HEADER}\n".encode()) + gzip.compress(f"{ROW}\n".encode())
    assert_is_the_row(read(write(tmp_path, members, "stars.csv.gz")))


def test_row_id_stands_in_for_source_id(tmp_path):
    text = f"{HEADER}\n{ROW}\n".replace("source_id", "row_id")
    assert_is_the_row(read(write(tmp_path, text)))


def test_source_id_is_preferred_to_row_id(tmp_path):
    assert_is_the_row(read(write(tmp_path, f"row_id,{HEADER}\n99,{ROW}\n")))


def test_without_an_identifier_the_line_number_is_one(tmp_path):
    text = f"{HEADER}\n{ROW}\n".replace("source_id,", "").replace("7,10.5", "10.5")
    assert_is_the_row(read(write(tmp_path, text)), source_id=2)


def test_without_bp_rp_stars_have_no_colour(tmp_path):
    table = read(write(tmp_path, "source_id,ra,dec,parallax,phot_g_mean_mag\n7,1,2,3,4\n"))
    assert np.isnan(table.bp_rp).all()


def test_identifiers_of_19_digits_keep_every_digit(tmp_path):
    table = read(write(tmp_path, f"{HEADER}\n4357027756659697664,1,2,3,4,5\n4357027756659697665,1,2,3,4,5\n"))
    assert table.source_id.tolist() == [4357027756659697664, 4357027756659697665]


@pytest.mark.parametrize("missing", ["", "null", "NULL", "nan", "NaN", '""', "       "])
def test_what_archives_write_for_no_value_is_nan(tmp_path, missing):
    table = read(write(tmp_path, f"{HEADER}\n7,1,2,{missing},4,{missing}\n"))
    assert np.isnan([table.parallax, table.bp_rp]).all()


def test_a_missing_identifier_is_marked(tmp_path):
    assert read(write(tmp_path, f"{HEADER}\n,1,2,3,4,5\n")).source_id.tolist() == [NO_ID]


def test_infinities_are_handed_on(tmp_path):
    assert read(write(tmp_path, f"{HEADER}\n7,1,2,inf,-inf,5\n")).parallax.tolist() == [np.inf]


def test_row_numbers_are_line_numbers_past_comments_and_empty_lines(tmp_path):
    table = read(write(tmp_path, f"# one\n# two\n{HEADER}\n{ROW}\n\n{ROW}\n"))
    assert table.row.tolist() == [4, 5, 6]
    assert table.source_id.tolist() == [7, NO_ID, 7]


def test_chunks_do_not_change_what_is_read(tmp_path, monkeypatch):
    text = HEADER + "\n" + "".join(f"{i},{i / 3},{i / 7},{i / 11},{i / 13},{i / 17}\n" for i in range(1, 3000))
    path = write(tmp_path, gzip.compress(text.encode()), "stars.csv.gz")
    whole = read(path)
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 4096)
    chunks = list(open_catalog(path).chunks())
    assert len(chunks) > 10
    pieces = StarTable.concatenate(chunks)
    np.testing.assert_array_equal(pieces.row, np.arange(2, 3001))
    np.testing.assert_array_equal(pieces.parallax, whole.parallax)
    np.testing.assert_array_equal(pieces.source_id, whole.source_id)


def test_provenance_is_the_files_hash_and_size(tmp_path):
    path = write(tmp_path, f"{HEADER}\n{ROW}\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    expected = {"file": "stars.csv", "size_bytes": len(path.read_bytes()), "sha256": digest}
    reader = open_catalog(path)
    assert reader.provenance() == expected | {"schema": reader.sources.provenance()}
