"""Directories and patterns of names as one catalogue: which files they stand for, in which order.

Files of one row, so that the order in which they are read is that of their stars.
"""

import os

import pytest

from helios.catalog import files
from helios.catalog.files import BadFiles, catalogue_files, open_catalogs
from helios.catalog.usable import usable_stars
from helios.errors import InputError

HEADER = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp"


@pytest.fixture
def survey(tmp_path):
    """Three files at two depths, two that are none, and a hidden one."""
    (tmp_path / "part/deep").mkdir(parents=True)
    for number, name in enumerate(["b.csv", "a.csv", "part/deep/c.csv"], 1):
        (tmp_path / name).write_text(f"{HEADER}\n{number},1,2,3,4,5\n")
    for name in ("MD5SUM.txt", "README", "_metadata.csv", ".hidden.csv"):
        (tmp_path / name).write_text("no catalogue")
    return tmp_path


def names(path):
    return [name for _, name in catalogue_files(path)]


def read(path):
    readers = open_catalogs([path])
    return [int(i) for reader in readers for usable in usable_stars(reader) for i in usable.stars.source_id]


def test_a_directory_stands_for_the_catalogues_in_it(survey):
    assert names(survey) == ["a.csv", "b.csv", "part/deep/c.csv"]
    assert read(survey) == [2, 1, 3]


def test_files_of_a_folder_that_are_no_catalogues_are_counted(survey):
    (survey / "part/stars.xml").write_text("<VOTABLE/>")
    bad_files = BadFiles()
    open_catalogs([survey], None, bad_files)
    why = "has 3 files that are no catalogues by their names, passed over"
    assert bad_files.notes == [f"{survey.name} {why}: MD5SUM.txt, README, part/stars.xml"]


def test_hats_catalogues_in_a_folder_are_read_as_such(survey, monkeypatch):
    """Their `partition_info.csv` is no catalogue."""
    hats = survey / "part/hats"
    (hats / "dataset").mkdir(parents=True)
    (hats / "hats.properties").write_text("")
    (hats / "partition_info.csv").write_text("Norder,Npix\n0,1\n")
    pixel = hats / "dataset/Npix=1.parquet"
    monkeypatch.setattr(files, "hats_files", lambda path: [(pixel, "dataset/Npix=1.parquet")] if path == hats else [])
    assert names(survey) == ["a.csv", "b.csv", "part/deep/c.csv", "part/hats/dataset/Npix=1.parquet"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(InputError, match="is no regular file"):
        open_catalogs([tmp_path / "x.csv"])


def test_a_pattern_stands_for_what_it_matches(survey):
    assert names(survey / "*.csv") == ["_metadata.csv", "a.csv", "b.csv"]
    assert names(survey / "**/c.csv") == ["c.csv"]
    assert names(survey / "pa*") == ["part/deep/c.csv"]


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path):
    (tmp_path / "a[1].csv").write_text(f"{HEADER}\n7,1,2,3,4,5\n")
    assert read(tmp_path / "a[1].csv") == [7]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none*", "matches no file"),
        ("nowhere.csv", "no such file"),
        ("empty", "is a directory without a star catalogue (.csv, "),
    ],
)
def test_what_stands_for_no_file_is_refused_even_where_bad_files_are_skipped(survey, name, expected):
    (survey / "empty").mkdir()
    with pytest.raises(InputError) as raised:
        open_catalogs([survey / name], None, BadFiles(skip=True))
    assert expected in str(raised.value)
    assert str(survey / name) in str(raised.value)
