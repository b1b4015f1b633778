"""One class over every registered catalogue reader: whatever the format, the same promises hold.

Each reader gets 50 stars of its own kind; a file reader gets those of the made sky, written in its format by
`catalogue_files`, where what has no value is left out as the format does.
"""

import dataclasses
import json
import sys

import numpy as np
import pytest

from helios.catalog import READERS, csv_reader, open_catalog, row_label
from helios.catalog.counts import Counts
from helios.catalog.cuts import drop_unusable
from helios.catalog.schema_file import choose_schema
from helios.catalog.synthetic import Synthetic
from helios.catalog.table import COLUMNS, FLOAT_COLUMNS, NO_ID, OPTIONAL_COLUMNS, SINGLE_COLUMNS, StarTable, single
from helios.errors import InputError
from tests.contract.catalogue_files import WRITERS

COUNT = 50


def made_sky() -> StarTable:
    return StarTable.concatenate(list(Synthetic(COUNT, seed=5).chunks()))


def without_colour(table: StarTable) -> StarTable:
    return dataclasses.replace(table, bp_rp=np.full(len(table), np.nan))


@pytest.fixture(params=READERS.names())
def kind(request):
    return request.param


@pytest.fixture
def reader(kind, tmp_path):
    if kind == "synthetic":
        return Synthetic(COUNT, seed=5)
    assert kind in WRITERS, "a new reader needs a line in WRITERS"
    WRITERS[kind](tmp_path / f"sky{kind}", made_sky())
    return open_catalog(tmp_path / f"sky{kind}")


class TestReader:
    def test_chunks_are_star_tables_of_one_length(self, reader):
        for chunk in reader.chunks():
            lengths = {name: len(getattr(chunk, name)) for name in COLUMNS}
            assert set(lengths.values()) == {len(chunk)}
            assert chunk.source_id.dtype == chunk.row.dtype == np.int64
            assert {getattr(chunk, name).dtype for name in FLOAT_COLUMNS} == {np.dtype(np.float64)}

    def test_every_format_gives_the_same_stars(self, kind, reader):
        table, expected = StarTable.concatenate(list(reader.chunks())), made_sky()
        if kind.startswith(".dat"):  # Hipparcos has no BP-RP
            expected = without_colour(expected)
        for name in ("source_id", *FLOAT_COLUMNS):
            np.testing.assert_array_equal(getattr(table, name), getattr(expected, name))

    def test_reading_twice_gives_the_same(self, reader):
        first, second = (StarTable.concatenate(list(reader.chunks())) for _ in range(2))
        for name in COLUMNS:
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))

    def test_rows_are_numbered_upwards(self, reader):
        table = StarTable.concatenate(list(reader.chunks()))
        assert (np.diff(table.row) == 1).all()

    def test_all_rows_of_a_sound_catalogue_pass_the_cuts(self, reader):
        for chunk in reader.chunks():
            kept, counts = drop_unusable(chunk, row_label(reader))
            assert (len(kept), counts) == (len(chunk), Counts(rows_read=len(chunk)))
        assert sum(map(len, reader.chunks())) == COUNT

    def test_provenance_is_plain_and_names_no_folder(self, reader, tmp_path):
        text = json.dumps(reader.provenance())
        assert str(tmp_path) not in text
        assert reader.provenance() == json.loads(text)

    def test_its_name_fits_the_start_of_a_message(self, reader):
        assert reader.name
        assert "/" not in reader.name
        assert reader.row_unit in ("line", "row")

    def test_what_is_missing_is_nan_and_counted_by_its_row(self, kind, tmp_path):
        if kind == "synthetic":
            pytest.skip("a made sky misses nothing")
        table = made_sky()
        table.source_id[3], table.parallax[5], table.dec[7], table.bp_rp[9] = NO_ID, np.nan, np.nan, np.nan
        path = tmp_path / f"gaps{kind}"
        WRITERS[kind](path, table)
        reader = open_catalog(path)
        read = StarTable.concatenate(list(reader.chunks()))
        np.testing.assert_array_equal(read.source_id, table.source_id)
        for name in FLOAT_COLUMNS[:4]:
            np.testing.assert_array_equal(getattr(read, name), getattr(table, name))
        assert np.isnan(read.bp_rp[9])
        _, counts = drop_unusable(read, row_label(reader))
        assert counts.by_reason() == {"dec missing": 1, "parallax missing": 1, "source_id missing": 1}
        row = read.row[5]
        assert counts.rejections["parallax missing"].first == f"{path.name} {reader.row_unit} {row}"

    def test_chunks_do_not_change_what_is_read(self, kind, reader, monkeypatch):
        whole = StarTable.concatenate(list(reader.chunks()))
        for module in {sys.modules[base.__module__] for base in type(reader).__mro__}:
            for size in ("CHUNK_ROWS", "BATCH_ROWS"):
                if hasattr(module, size):
                    monkeypatch.setattr(module, size, 7)
        monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 1024)
        pieces = list(reader.chunks())
        assert kind == "synthetic" or len(pieces) > 1
        for name in COLUMNS:
            joined = np.concatenate([getattr(piece, name) for piece in pieces])
            np.testing.assert_array_equal(joined, getattr(whole, name))

    def test_a_missing_column_is_named_with_the_remedy(self, kind, tmp_path):
        if kind == "synthetic" or kind.startswith(".dat"):
            pytest.skip("its columns have no names in the file")
        path = tmp_path / f"sky{kind}"
        WRITERS[kind](path, made_sky())
        with pytest.raises(InputError) as raised:
            open_catalog(path, choose_schema(columns=["parallax=plx"]))
        assert str(raised.value).startswith(str(path))
        assert "no column plx (for parallax)" in str(raised.value)
        assert "--column" in str(raised.value)

    def test_a_column_may_come_from_another(self, kind, tmp_path):
        if kind == "synthetic":
            pytest.skip("a made sky has no columns")
        path = tmp_path / f"sky{kind}"
        WRITERS[kind](path, made_sky())
        other = "Vmag" if kind.startswith(".dat") else "PHOT_G_MEAN_MAG"
        reader = open_catalog(path, choose_schema(columns=[f"bp_rp={other}"]))
        table = StarTable.concatenate(list(reader.chunks()))
        np.testing.assert_array_equal(table.bp_rp, table.phot_g_mean_mag)

    def test_what_is_not_asked_for_is_not_read(self, reader):
        table = next(iter(reader.chunks()))
        assert table.absent >= set(OPTIONAL_COLUMNS)
        assert all(np.isnan(getattr(table, name)).all() for name in OPTIONAL_COLUMNS)

    def test_columns_that_are_asked_for_are_read(self, kind, tmp_path):
        if kind == "synthetic":
            pytest.skip("a made sky has no such columns")
        rng = np.random.default_rng(3)
        expected = made_sky().with_columns(**{name: rng.uniform(0.1, 9.0, COUNT) for name in OPTIONAL_COLUMNS})
        expected.parallax_error[4], expected.pmra[6] = np.nan, np.nan
        path = tmp_path / f"sky{kind}"
        WRITERS[kind](path, expected)
        reader = open_catalog(path, choose_schema(optional=OPTIONAL_COLUMNS))
        table = StarTable.concatenate(list(reader.chunks()))
        for name in OPTIONAL_COLUMNS:
            # Hipparcos has no others, and Gaia no B-V.
            known = name in ("parallax_error", "pmra", "pmdec", "b_v") if kind.startswith(".dat") else name != "b_v"
            if not known:
                assert np.isnan(getattr(table, name)).all()
            else:
                column = getattr(expected, name)
                column = single(column) if name in SINGLE_COLUMNS else column
                np.testing.assert_array_equal(getattr(table, name), column)
