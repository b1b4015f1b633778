"""One class over every registered catalogue reader: whatever the format, the same promises hold.

Each reader gets 50 stars of its own kind; a file reader gets those of the made sky, written in its format.
"""

import dataclasses
import gzip
import json

import numpy as np
import pytest

from helios.catalog import READERS, open_catalog
from helios.catalog.cuts import Rejections, drop_unusable
from helios.catalog.synthetic import Synthetic
from helios.catalog.table import FLOAT_COLUMNS, StarTable

COUNT = 50


def made_sky() -> StarTable:
    return StarTable.concatenate(list(Synthetic(COUNT, seed=5).chunks()))


def csv_text() -> str:
    table = made_sky()
    columns = ["source_id", *FLOAT_COLUMNS]
    lines = [",".join(columns)]
    lines += [",".join(repr(getattr(table, c)[i].item()) for c in columns) for i in range(COUNT)]
    return "\n".join(lines) + "\n"


def sample_csv(folder):
    (folder / "sky.csv").write_text(csv_text())
    return open_catalog(folder / "sky.csv")


def sample_csv_gz(folder):
    (folder / "sky.csv.gz").write_bytes(gzip.compress(csv_text().encode()))
    return open_catalog(folder / "sky.csv.gz")


def sample_synthetic(folder):
    return Synthetic(COUNT, seed=5)


SAMPLES = {".csv": sample_csv, ".csv.gz": sample_csv_gz, "synthetic": sample_synthetic}


@pytest.fixture(params=READERS.names())
def reader(request, tmp_path):
    assert request.param in SAMPLES, "a new reader needs a line in SAMPLES"
    return SAMPLES[request.param](tmp_path)


class TestReader:
    def test_chunks_are_star_tables_of_one_length(self, reader):
        for chunk in reader.chunks():
            lengths = {f.name: len(getattr(chunk, f.name)) for f in dataclasses.fields(chunk)}
            assert set(lengths.values()) == {len(chunk)}
            assert chunk.source_id.dtype == chunk.row.dtype == np.int64
            assert {getattr(chunk, name).dtype for name in FLOAT_COLUMNS} == {np.dtype(np.float64)}

    def test_every_format_gives_the_same_stars(self, reader):
        table, expected = StarTable.concatenate(list(reader.chunks())), made_sky()
        for name in ("source_id", *FLOAT_COLUMNS):
            np.testing.assert_array_equal(getattr(table, name), getattr(expected, name))

    def test_reading_twice_gives_the_same(self, reader):
        first, second = (StarTable.concatenate(list(reader.chunks())) for _ in range(2))
        for field in dataclasses.fields(first):
            np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))

    def test_rows_are_numbered_upwards(self, reader):
        table = StarTable.concatenate(list(reader.chunks()))
        assert (np.diff(table.row) == 1).all()

    def test_all_rows_of_a_sound_catalogue_pass_the_cuts(self, reader):
        rejections = Rejections()
        kept = sum(len(drop_unusable(chunk, reader.name, rejections)) for chunk in reader.chunks())
        assert (kept, rejections.total) == (COUNT, 0)

    def test_provenance_is_plain_and_names_no_folder(self, reader, tmp_path):
        text = json.dumps(reader.provenance())
        assert str(tmp_path) not in text
        assert reader.provenance() == json.loads(text)

    def test_its_name_fits_the_start_of_a_message(self, reader):
        assert reader.name
        assert "/" not in reader.name
