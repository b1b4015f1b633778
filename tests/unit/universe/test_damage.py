"""A store with one bit flipped, cut short, or with a file gone is refused in one line, never read as something else.

A universe of 30 stars has small files, so that one array can be damaged in every one of its bytes, and every file of
the universe in a sample of its own.
"""

import shutil

import numpy as np
import pytest

from helios.errors import HeliosError, StoreError
from helios.solar.bodies_file import bodies_of
from helios.universe import Universe
from helios.universe.arrays import open_root, read_rows
from helios.universe.emitters import EMITTER_COLUMNS
from helios.universe.groups import BOX_COLUMNS, CELL_COLUMNS
from helios.universe.index import read_bodies
from helios.universe.paths import bodies_path
from tests.reading import read_everything

CHUNKS = [f"universe.zarr/emitters/{name}/c/0" for name in EMITTER_COLUMNS]
CHUNKS += [f"universe.zarr/cells/{name}/c/0" for name in CELL_COLUMNS]
CHUNKS += [f"universe.zarr/cells/{name}/c/0/0" for name in BOX_COLUMNS]


@pytest.fixture
def path(copy_of):
    return copy_of(synthetic=30, depth=2)


def content(path):
    universe = Universe.open(path)
    read_everything(universe)
    bodies_of(read_bodies(path), bodies_path(path))
    return universe.fingerprint, universe.provenance, [*universe.columns(EMITTER_COLUMNS).values(), *universe.cells]


def files_of(path):
    """All that the universe is read from.

    The manifest is for people and jq: nothing reads it, and `helios validate` compares it with the store.
    """
    return sorted(p for p in path.rglob("*") if p.is_file() and p.name != "index.json")


def flip(file, bit):
    data = bytearray(file.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    file.write_bytes(data)


def assert_one_line(error, path):
    assert str(path) in str(error)
    assert len(str(error).splitlines()) == 1


def test_every_byte_of_a_column_is_guarded(path):
    file = path / CHUNKS[1]
    sound, group = file.read_bytes(), open_root(path / "universe.zarr")["emitters"]
    rng = np.random.default_rng(8)
    for byte in range(len(sound)):
        flip(file, 8 * byte + int(rng.integers(8)))
        with pytest.raises(StoreError, match="emitters/x_m: damaged"):
            read_rows(group, "x_m")
        file.write_bytes(sound)
    assert len(read_rows(group, "x_m")) == 30


def test_a_flipped_bit_of_any_file_is_seen_or_changes_nothing(path):
    before = content(path)
    rng = np.random.default_rng(9)
    for file in files_of(path):
        sound = file.read_bytes()
        for bit in rng.integers(0, 8 * len(sound), 5):
            flip(file, int(bit))
            try:
                after = content(path)
            except HeliosError as error:
                assert_one_line(error, path)
            else:
                # White space between the words of a JSON file.
                assert file.suffix == ".json"
                assert after[:2] == before[:2]
                for got, expected in zip(after[2], before[2], strict=True):
                    np.testing.assert_array_equal(got, expected)
            file.write_bytes(sound)
    assert content(path)[:2] == before[:2]


def test_any_file_cut_short_is_seen(path):
    for file in files_of(path):
        sound = file.read_bytes()
        for length in {0, 1, len(sound) // 2, len(sound) - 2}:
            file.write_bytes(sound[:length])
            with pytest.raises(StoreError) as raised:
                content(path)
            assert_one_line(raised.value, path)
        file.write_bytes(sound)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_missing_chunk_is_not_read_as_zeros(path, chunk):
    (path / chunk).unlink()
    with pytest.raises(StoreError, match=r"c/0(/0)?: missing or empty; build the universe again"):
        content(path)


def test_columns_of_another_universe_are_seen(path, make):
    other = make("other", synthetic=40, depth=2).path
    shutil.rmtree(path / "universe.zarr/emitters")
    shutil.copytree(other / "universe.zarr/emitters", path / "universe.zarr/emitters")
    with pytest.raises(StoreError, match="damaged"):
        content(path)


@pytest.mark.parametrize(("one", "other"), [("emitters/x_m", "emitters/y_m"), ("cells/theta", "cells/phi")])
def test_a_chunk_in_the_place_of_another_is_noticed_by_who_reads_it(path, one, other):
    """It is sound in itself, and of the same type and length."""
    store = path / "universe.zarr"
    shutil.copyfile(store / one / "c/0", store / other / "c/0")
    message = f"{other}: damaged, its chunks do not have their checksums; build the universe again"
    with pytest.raises(StoreError, match=message):
        read_rows(open_root(store), other)
    with pytest.raises(StoreError, match=message):
        Universe.open(path).cell(0)
