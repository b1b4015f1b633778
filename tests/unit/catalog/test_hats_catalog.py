"""HATS catalogues: a small one is written by its layout and read through the `hats` library, where that is installed.

Four HEALPix pixels of order 0 hold 20 made stars; what is tested is which files are read, and how a bad catalogue is
told. Without the library only the message that asks for it can be tested.
"""

import importlib.util
import sys

import pytest

from helios.catalog.files import catalogue_files, open_catalogs
from helios.catalog.synthetic import Synthetic
from helios.catalog.usable import usable_stars
from helios.errors import InputError
from tests.contract.catalogue_files import WRITERS

needs_hats = pytest.mark.skipif(importlib.util.find_spec("hats") is None, reason="needs the hats library")
# Of the library's own dependencies, at its import.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

PROPERTIES = """obs_collection=made
dataproduct_type={kind}
hats_nrows=20
hats_col_ra=ra
hats_col_dec=dec
hats_version=v1.0
"""


@pytest.fixture
def catalogue(tmp_path):
    path = tmp_path / "made"
    (table,) = Synthetic(20, seed=5).chunks()
    for pixel in range(4):
        folder = path / "dataset/Norder=0/Dir=0"
        folder.mkdir(parents=True, exist_ok=True)
        WRITERS[".parquet"](folder / f"Npix={pixel}.parquet", table[pixel::4])
    WRITERS[".parquet"](path / "dataset/_common_metadata", table[:0])
    WRITERS[".parquet"](path / "dataset/Norder=0/Dir=0/Npix=9.parquet", table)
    (path / "partition_info.csv").write_text("Norder,Npix\n0,0\n0,1\n0,2\n0,3\n")
    (path / "hats.properties").write_text(PROPERTIES.format(kind="object"))
    return path


@needs_hats
def test_the_files_that_the_catalogue_lists_are_read(catalogue):
    readers = open_catalogs([catalogue])
    assert [reader.name for reader in readers] == [f"dataset/Norder=0/Dir=0/Npix={i}.parquet" for i in range(4)]
    ids = [int(i) for reader in readers for usable in usable_stars(reader) for i in usable.stars.source_id]
    assert sorted(ids) == list(range(1, 21))


@needs_hats
def test_a_listed_file_that_is_not_there_is_named(catalogue):
    (catalogue / "dataset/Norder=0/Dir=0/Npix=2.parquet").unlink()
    with pytest.raises(InputError, match=r"Npix=2\.parquet: no such file"):
        open_catalogs([catalogue])


@needs_hats
@pytest.mark.parametrize("kind", ["margin", "index", "nonsense"])
def test_what_holds_no_stars_of_its_own_is_refused(catalogue, kind):
    (catalogue / "hats.properties").write_text(PROPERTIES.format(kind=kind))
    with pytest.raises(InputError) as raised:
        catalogue_files(catalogue)
    assert str(raised.value).startswith(str(catalogue))
    assert len(str(raised.value).splitlines()) == 1


def test_a_collection_is_refused_and_nothing_it_names_is_opened(tmp_path):
    (tmp_path / "collection.properties").write_text("hats_primary_table_url=http://127.0.0.1:9/\n")
    with pytest.raises(InputError, match="is a collection of HATS catalogues; name the one in it"):
        catalogue_files(tmp_path)


def test_without_the_library_the_message_says_how_to_get_it(catalogue, monkeypatch):
    monkeypatch.setitem(sys.modules, "hats", None)
    with pytest.raises(InputError, match=r"needs the hats library: pip install helios-planetarium\[hats\]"):
        catalogue_files(catalogue)
