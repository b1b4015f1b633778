"""Every star is found by its identifier, where the universe has it; the files are the same however they are made.

The bytes are read here by the words of `client_export/FORMAT.md`, with `struct`, not by the code that writes them.
"""

import struct
import zlib

import numpy as np
import pytest

from helios.errors import StoreError
from helios.packing.v2 import lookup
from helios.packing.v2.format import V2
from helios.packing.v2.lookup import read_lookup, write_lookup
from helios.packing.v2.quantities import positions_m
from tests.unit.packing.v2.pack_scene import make_universe

STARS = 6000


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lookup")
    universe = make_universe(folder / "universe", STARS)
    (folder / "pack").mkdir()
    return universe, V2().write(universe, folder / "pack")


@pytest.fixture(scope="module")
def files(packed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    assert write_lookup(packed[1], folder) == ["lookup.bin", "lookup-00000.bin"]
    assert sorted(path.name for path in folder.iterdir()) == ["lookup-00000.bin", "lookup.bin"]
    return folder


def test_every_star_is_there_once_in_order_and_where_it_is(packed, files):
    table, data = ((files / name).read_bytes() for name in ("lookup.bin", "lookup-00000.bin"))
    assert table[:8] == b"HELIOSid"
    assert struct.unpack("<I", table[8:12]) == (zlib.crc32(table[12:]),)
    assert struct.unpack("<Q", table[12:20]) == (STARS,)
    assert len(data) == 24 * STARS
    records = list(struct.iter_unpack("<QIIIHH", data))
    ids = [record[0] for record in records]
    assert ids == sorted(ids)
    blocks = list(struct.iter_unpack("<QI", table[20:]))
    assert blocks == [(ids[at], zlib.crc32(data[24 * at : 24 * (at + 2048)])) for at in range(0, STARS, 2048)]
    columns = packed[0].columns(("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag"))
    order = np.argsort(columns["source_id"])
    assert ids == columns["source_id"][order].tolist()
    lon, col, rad, mag = (np.array(column) for column in list(zip(*records))[1:5])
    there = np.column_stack([columns[f"{axis}_m"] for axis in "xyz"])[order]
    # 0.09 arcsec and 7e-7 of the distance.
    apart = np.linalg.norm(positions_m(lon, col, rad) - there, axis=1) / np.linalg.norm(there, axis=1)
    assert apart.max() < 1e-6
    assert np.abs(mag / 100 - 100 - columns["phot_g_mean_mag"][order]).max() < 0.0051


def test_small_pieces_give_the_same_records_and_shards_their_share(packed, files, tmp_path, monkeypatch):
    monkeypatch.setattr(lookup, "PIECE_STARS", 700)
    write_lookup(packed[1], tmp_path)
    for name in ("lookup.bin", "lookup-00000.bin"):
        assert (tmp_path / name).read_bytes() == (files / name).read_bytes()
    monkeypatch.setattr(lookup, "SHARD_BLOCKS", 2)
    (tmp_path / "two").mkdir()
    assert write_lookup(packed[1], tmp_path / "two") == ["lookup.bin", "lookup-00000.bin", "lookup-00001.bin"]
    shards = [(tmp_path / "two" / f"lookup-0000{number}.bin").read_bytes() for number in range(2)]
    assert len(shards[0]) == 2 * 2048 * 24
    assert b"".join(shards) == (files / "lookup-00000.bin").read_bytes()
    assert sum(map(len, read_lookup(tmp_path / "two"))) == STARS


def test_any_changed_byte_is_told(files, tmp_path):
    rng = np.random.default_rng(1)
    for name in ("lookup.bin", "lookup-00000.bin"):
        sound = (files / name).read_bytes()
        for other in ("lookup.bin", "lookup-00000.bin"):
            (tmp_path / other).write_bytes((files / other).read_bytes())
        for at in rng.integers(0, len(sound), 60).tolist():
            damaged = bytearray(sound)
            damaged[at] ^= 1 << int(rng.integers(8))
            (tmp_path / name).write_bytes(damaged)
            with pytest.raises(StoreError, match=name):
                list(read_lookup(tmp_path))
        for data in (sound[:-1], sound + b"\0"):
            (tmp_path / name).write_bytes(data)
            with pytest.raises(StoreError, match=name):
                list(read_lookup(tmp_path))
