"""Many files as one universe, with bad ones and nameless rows among them: all rows are stars or counted.

Files of two or three rows, so that every count can be seen in the test.
"""

import pytest

from helios.catalog.synthetic import Synthetic
from helios.errors import InputError
from helios.universe import Universe
from tests.contract.catalogue_files import WRITERS

HEADER = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp"
UNNAMED = "ra,dec,parallax,phot_g_mean_mag"


def ids_of(report):
    return sorted(Universe.open(report.path).columns(("source_id",))["source_id"].tolist())


@pytest.fixture
def survey(tmp_path):
    """A folder for catalogues."""
    (tmp_path / "survey").mkdir()
    return tmp_path / "survey"


@pytest.fixture
def hundred(survey):
    """A hundred files of two stars, of which number 37 breaks in its second row."""
    for i in range(100):
        second = "x" if i == 37 else "3"
        rows = f"{2 * i},1,2,3,4,5\n{2 * i + 1},1,2,{second},-4,5\n"
        (survey / f"{i:03}.csv").write_text(f"{HEADER}\n{rows}")
    return survey


def test_one_bad_file_among_a_hundred_is_named(make, hundred):
    with pytest.raises(InputError) as raised:
        make(stars=(hundred,))
    assert str(raised.value).startswith(f"{hundred / '037.csv'} line 3: parallax 'x': must be a number")


def test_one_bad_file_among_a_hundred_is_skipped_whole_and_counted(make, hundred):
    report = make(stars=(hundred,), skip_bad_files=True)
    assert ids_of(report) == [i for i in range(200) if i not in (74, 75)]
    assert report.counts.rows_read == 198
    assert [(name, "line 3: parallax 'x'" in message) for name, message in report.bad_files] == [("037.csv", True)]
    assert [source["file"] for source in report.inputs] == [f"{i:03}.csv" for i in range(100) if i != 37]


def test_a_file_that_is_bad_from_its_header_is_skipped_too(make, hundred):
    (hundred / "099.csv").write_text("a,b\n1,2\n")
    (hundred / "100.vot").write_text("<VOTABLE>")
    report = make(stars=(hundred,), skip_bad_files=True)
    assert [name for name, _ in report.bad_files] == ["099.csv", "100.vot", "037.csv"]


@pytest.mark.parametrize("content", ["a,b\n1,2\n", f"{HEADER}\n1,2,x,3,4,5\n"])
def test_where_every_file_is_bad_nothing_is_skipped_in_silence(make, survey, content):
    (survey / "a.csv").write_text(content)
    with pytest.raises(InputError, match=r"none of 1 files could be read; the first: .*a\.csv line"):
        make(stars=(survey,), skip_bad_files=True)


def test_rows_without_identifiers_are_numbered_on_from_file_to_file(make, survey):
    for name in ("a.csv", "b.csv"):
        (survey / name).write_text(f"{UNNAMED}\n1,2,3,4\n5,6,7,8\n9,1,-2,3\n")
    report = make(stars=(survey,))
    assert ids_of(report) == [2, 3, 6, 7]
    assert report.counts.rejections["parallax not above 0"].first == "a.csv line 4, parallax -2"


def test_rows_of_a_file_in_another_unit_say_row_and_the_files_place(make, survey):
    (table,) = Synthetic(3, seed=5).chunks()
    table.parallax[1] = -1.0
    (survey / "deep").mkdir()
    WRITERS[".parquet"](survey / "deep/a.parquet", table)
    report = make(stars=(survey,))
    assert report.counts.rejections["parallax not above 0"].first == "deep/a.parquet row 2, parallax -1"
