"""Files of arrays are to the byte those that zarr writes of the same rows, and what it writes is read as by itself.

zarr is the independent one: it is handed the same numbers and shares no code with what is tested but the codecs.
"""

import json

import numpy as np
import pytest
import zarr

from helios.errors import StoreError
from helios.universe import arrays
from helios.universe.arrays import create_array, open_root, read_rows, write_array, write_pieces, write_shard

SHAPES = [(1,), (9,), (64,), (65,), (300, 3), (250, 2, 6)]
DTYPES = [np.float64, np.float32, np.uint64, np.int8, np.bool_]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Chunks of 16 rows, shards of 64."""
    monkeypatch.setattr(arrays, "CHUNK_ROWS", 16)
    monkeypatch.setattr(arrays, "SHARD_ROWS", 64)


def numbers(shape, dtype):
    return (np.random.default_rng(5).normal(size=shape) * 40).astype(dtype)


def files_of(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.name.isdigit() and p.is_file()
    }


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_files_are_those_of_zarr(tmp_path, shape, dtype):
    data = numbers(shape, dtype)
    ours, theirs = (open_root(tmp_path / name, mode="a") for name in ("ours", "theirs"))
    write_array(ours, "a", data)
    write_pieces(ours, "b", dtype, shape[1:], np.array_split(data, 7))
    create_array(ours, "c", shape, dtype, [])
    for number in range(-(-len(data) // 64)):
        write_shard(ours, "c", number, data[64 * number : 64 * number + 64])
    with zarr.config.set({"array.write_empty_chunks": True}):
        for name in "abc":
            create_array(theirs, name, shape, dtype, [])[...] = data
    assert files_of(tmp_path / "ours") == files_of(tmp_path / "theirs")
    assert len(files_of(tmp_path / "ours")) == 3 * -(-len(data) // 64)
    for name in "abc":
        np.testing.assert_array_equal(np.asarray(ours[name][...]), data)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_zarr_wrote_is_read_as_zarr_reads_it(tmp_path, shape):
    data = numbers(shape, np.float64)
    root = open_root(tmp_path, mode="a")
    with zarr.config.set({"array.write_empty_chunks": True}):
        create_array(root, "a", shape, data.dtype, arrays.chunk_sums(data))[...] = data
    for start, stop in [(0, None), (0, 1), (len(data) // 3, len(data) // 2), (len(data) - 1, len(data)), (0, 0)]:
        np.testing.assert_array_equal(read_rows(root, "a", start, stop), np.asarray(root["a"][start:stop]))
    assert root.store.bytes_read > 0


@pytest.mark.parametrize("change", ["chunk", "codec", "order of codecs", "place of the index"])
def test_an_array_that_is_cut_or_encoded_otherwise_is_refused(tmp_path, change):
    root = open_root(tmp_path, mode="a")
    write_array(root, "a", numbers((40, 2), np.float64))
    file = tmp_path / "a" / "zarr.json"
    said = json.loads(file.read_text())
    within = said["codecs"][0]["configuration"]
    if change == "chunk":
        within["chunk_shape"] = [16, 1]
    elif change == "codec":
        within["codecs"][1] = {"name": "gzip", "configuration": {"level": 1}}
    elif change == "order of codecs":
        within["codecs"][1:] = within["codecs"][:0:-1]
    else:
        within["index_location"] = "start"
    file.write_text(json.dumps(said))
    with pytest.raises(StoreError, match=r"a: damaged .*not cut or encoded as arrays of universes are"):
        read_rows(root, "a")


def test_a_shard_that_lacks_a_chunk_is_refused(tmp_path):
    """zarr would read zeros there."""
    root = open_root(tmp_path, mode="a")
    data = np.r_[np.zeros(16), np.ones(16)]
    with zarr.config.set({"array.write_empty_chunks": False}):
        create_array(root, "a", (32,), data.dtype, arrays.chunk_sums(data))[...] = data
    np.testing.assert_array_equal(np.asarray(root["a"][...]), data)
    with pytest.raises(StoreError, match=r"a: damaged .*its shard 0 lacks a chunk"):
        read_rows(root, "a")
