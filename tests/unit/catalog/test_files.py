"""Directories, patterns and many files as one catalogue, with bad, missing and overlapping ones among them.

Files of one or two rows, so that every count can be seen in the test.
"""

import pytest

from helios.catalog.cuts import Rejections
from helios.catalog.files import BadFiles, catalogue_files, open_catalogs, usable_chunks
from helios.errors import InputError

HEADER = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp"
UNNAMED = "ra,dec,parallax,phot_g_mean_mag"


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


def read(paths, skip=False):
    bad_files, rejections = BadFiles(skip), Rejections()
    readers = open_catalogs(paths, None, bad_files)
    chunks = list(usable_chunks(readers, rejections, bad_files))
    return [int(i) for chunk in chunks for i in chunk.stars.source_id], rejections, bad_files


def test_a_directory_stands_for_the_catalogues_in_it(survey):
    assert names(survey) == ["a.csv", "b.csv", "part/deep/c.csv"]
    assert read([survey])[0] == [2, 1, 3]


def test_a_pattern_stands_for_what_it_matches(survey):
    assert names(survey / "*.csv") == ["_metadata.csv", "a.csv", "b.csv"]
    assert names(survey / "**/c.csv") == ["c.csv"]
    assert names(survey / "pa*") == ["part/deep/c.csv"]


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path):
    (tmp_path / "a[1].csv").write_text(f"{HEADER}\n7,1,2,3,4,5\n")
    assert read([tmp_path / "a[1].csv"])[0] == [7]


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
        read([survey / name], skip=True)
    assert expected in str(raised.value)
    assert str(survey / name) in str(raised.value)


@pytest.fixture
def hundred(tmp_path):
    """A hundred files of two stars, of which number 37 breaks in its second row."""
    for i in range(100):
        second = "x" if i == 37 else "3"
        rows = f"{2 * i},1,2,3,4,5\n{2 * i + 1},1,2,{second},-4,5\n"
        (tmp_path / f"{i:03}.csv").write_text(f"{HEADER}\n{rows}")
    return tmp_path


def test_one_bad_file_among_a_hundred_is_named(hundred):
    with pytest.raises(InputError) as raised:
        read([hundred])
    assert str(raised.value).startswith(f"{hundred / '037.csv'} line 3: parallax 'x': must be a number")


def test_one_bad_file_among_a_hundred_is_skipped_whole_and_counted(hundred):
    ids, rejections, bad_files = read([hundred], skip=True)
    assert ids == [i for i in range(200) if i not in (74, 75)]
    assert rejections.rows_read == 198
    assert [(name, "line 3: parallax 'x'" in message) for name, message in bad_files.found] == [("037.csv", True)]
    assert [reader.name for reader in bad_files.readers] == ["037.csv"]


def test_a_file_that_is_bad_from_its_header_is_skipped_too(hundred):
    (hundred / "099.csv").write_text("a,b\n1,2\n")
    (hundred / "100.vot").write_text("<VOTABLE>")
    _, _, bad_files = read([hundred], skip=True)
    assert [name for name, _ in bad_files.found] == ["099.csv", "100.vot", "037.csv"]


@pytest.mark.parametrize("content", ["a,b\n1,2\n", f"{HEADER}\n1,2,x,3,4,5\n"])
def test_where_every_file_is_bad_nothing_is_skipped_in_silence(tmp_path, content):
    (tmp_path / "a.csv").write_text(content)
    bad_files = BadFiles(True)
    with pytest.raises(InputError, match=r"none of 1 files could be read; the first: .*a\.csv line"):
        bad_files.check(list(usable_chunks(open_catalogs([tmp_path], None, bad_files), Rejections(), bad_files)))


def test_rows_without_identifiers_are_numbered_on_from_file_to_file(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"{UNNAMED}\n1,2,3,4\n5,6,7,8\n9,1,-2,3\n")
    ids, rejections, _ = read([tmp_path])
    assert ids == [2, 3, 6, 7]
    assert rejections.reasons["parallax not above 0"].first == "a.csv line 4, parallax -2"


def test_rows_of_a_file_in_another_unit_say_row_and_the_files_place(tmp_path):
    from helios.catalog.synthetic import Synthetic
    from tests.contract.catalogue_files import WRITERS

    (table,) = Synthetic(3, seed=5).chunks()
    table.parallax[1] = -1.0
    (tmp_path / "deep").mkdir()
    WRITERS[".parquet"](tmp_path / "deep/a.parquet", table)
    _, rejections, _ = read([tmp_path])
    assert rejections.reasons["parallax not above 0"].first == "deep/a.parquet row 2, parallax -1"
