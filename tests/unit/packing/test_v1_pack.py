"""A packed universe: what it holds, that damage of any of its files is named, and that packing is all or nothing.

The universe is half trained, with splats on both sides of the opacity limit, so that trained cells and exact stars
go through the same pack. What every format promises is in `tests/contract/test_packs.py`.
"""

import json
import os
import re
import shutil
import zlib

import numpy as np
import pytest

from helios.errors import InputError, StoreError
from helios.packing import v1, v1_cell
from helios.packing.pack import open_pack, pack_universe
from helios.packing.sight import misplaced
from helios.packing.solar import SOLAR_FILES
from helios.packing.v1_reader import V1Pack
from helios.progress import Done
from helios.universe import Universe
from tests.unit.packing.scene import OWN_CELLS, copy, make_trained, tree

PACK_FILES = {"cells.pack.bin", "cells.pack.json", "cells.pack.sfv", "index.json"}


def edit_json(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.fixture
def folder(packed, tmp_path):
    """A copy of the pack, to damage."""
    return copy(packed / "pack", tmp_path / "pack")


def test_it_holds_the_splats_of_trained_cells_and_the_stars_of_others(packed, trained):
    pack = V1Pack.open(packed / "pack")
    assert len(pack) == len(trained)
    assert 0 < trained.trained.sum() < len(trained)
    for i, read in enumerate(pack):
        source, splats, cell = trained.cell(i), trained.splats(i), pack.decode(i)
        assert cell.id == trained.cells[i] == source.id == read.id
        np.testing.assert_array_equal(cell.centroid, source.origin_m)
        emitted = source.emitters.luminosities if splats is None else splats.luminosities
        np.testing.assert_allclose(cell.splats().luminosities, emitted, rtol=1e-6)
        means = source.emitters.means if splats is None else splats.means
        offsets_m = means.astype(np.float64) * source.half_extent_m
        assert not misplaced(source.origin_m + offsets_m, source.origin_m + cell.means, source.origin_m).any()
        assert cell.opacities.max() <= np.float32(0.95)
        assert read.splats.means.tobytes() == cell.splats().means.tobytes() == pack.read(i).splats.means.tobytes()
        assert (read.origin_m.tolist(), read.half_extent_m) == (cell.centroid.tolist(), cell.half_extent)
        assert (read.trained, read.levels_up) == (splats is not None, 0)


def test_index_manifest_and_checksums_describe_the_bytes(folder, trained):
    packed = folder
    index, manifest = (json.loads((packed / name).read_text()) for name in ("index.json", "cells.pack.json"))
    data = (packed / "cells.pack.bin").read_bytes()
    assert sorted(manifest) == ["cells", "pack_file", "total_size_bytes", "version"]
    assert (manifest["version"], manifest["pack_file"]) == (1, "cells.pack.bin")
    assert manifest["total_size_bytes"] == index["total_size_bytes"] == len(data)
    blobs = [data[c["offset"] : c["offset"] + c["size"]] for c in manifest["cells"]]
    assert b"".join(blobs) == data
    names = [f"{cell.index_name}.bin" for cell in trained.cells]
    assert [c["file_name"] for c in manifest["cells"]] == [c["file_name"] for c in index["cells"]] == names
    assert [c["file_size_bytes"] for c in index["cells"]] == [len(blob) for blob in blobs]
    assert sorted(p.name for p in (packed / "cells").iterdir()) == sorted(names)
    assert [(packed / "cells" / name).read_bytes() for name in names] == blobs
    lines = (packed / "cells.pack.sfv").read_text().splitlines()
    whole = {name: (packed / name).read_bytes() for name in ("cells.pack.json", "index.json")}
    summed = {**dict(zip(names, blobs)), **whole}
    assert lines == [f"{name} {zlib.crc32(content):08X}" for name, content in summed.items()]


def test_the_universe_stays_the_universe(packed, trained):
    before, after = tree(trained.path), tree(packed)
    added = {name: data for name, data in after.items() if name not in before}
    assert {name for name in added if not name.startswith("pack/cells/")} == {
        f"pack/{name}" for name in (*PACK_FILES, "landmarks.json", *SOLAR_FILES)
    }
    assert added["pack/landmarks.json"] == before["landmarks.json"]
    assert all(before[name] == after[name] for name in before)
    again = Universe.open(packed)
    assert again.fingerprint == trained.fingerprint
    assert list(again.cells) == list(trained.cells)
    assert (again.trained == trained.trained).all()


def test_what_changes_the_universe_takes_its_pack_away(packed, stars, tmp_path):
    path = copy(packed, tmp_path / "u")
    trained_anew = make_trained(stars.path, path)
    assert not (path / "pack").exists()
    with pytest.raises(StoreError, match="no pack there"):
        open_pack(path / "pack")
    pack_universe(trained_anew, format=OWN_CELLS)
    assert tree(path) == tree(packed)


def test_packing_again_gives_the_same_bytes(packed, trained, tmp_path):
    path = copy(packed, tmp_path / "again")
    report = pack_universe(Universe.open(path), format=OWN_CELLS)
    assert tree(path) == tree(packed)
    assert report.path == path / "pack"
    assert report.splats == sum(entry.splat_count for entry in V1Pack.open(path / "pack").entries)
    assert (report.cells, report.trained_cells) == (len(trained), trained.trained.sum())
    assert report.size_bytes == (path / "pack" / "cells.pack.bin").stat().st_size


@pytest.mark.parametrize("inside", ["notes.txt", "cells.pack.json", "universe.zarr/zarr.json"])
def test_a_folder_with_something_else_is_refused_and_stays(trained, tmp_path, inside):
    for name in (inside, "viewer.html"):
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(InputError, match="left as it is"):
        pack_universe(trained, tmp_path / "mine")
    with pytest.raises(InputError, match="left as it is"):
        pack_universe(trained, trained.path)
    assert tree(tmp_path) == before


def test_every_flipped_byte_of_the_pack_is_named_with_its_cell(folder):
    path = folder
    file = path / "cells.pack.bin"
    data = file.read_bytes()
    entries = V1Pack.open(path).entries
    for position in np.random.default_rng(3).integers(0, len(data), 60):
        flipped = bytearray(data)
        flipped[position] ^= 0x10
        file.write_bytes(flipped)
        number = sum(entry.offset + entry.size <= position for entry in entries)
        pack = V1Pack.open(path)
        with pytest.raises(StoreError, match=rf"cells\.pack\.bin: cell {entries[number].id}: damaged: CRC-32"):
            pack.read(number)
        with pytest.raises(StoreError, match=rf"cell {entries[number].id}: damaged"):
            list(pack)


DAMAGE = {
    "a truncated pack": lambda u: os.truncate(u / "cells.pack.bin", (u / "cells.pack.bin").stat().st_size - 1),
    "a pack that is too long": lambda u: os.truncate(u / "cells.pack.bin", (u / "cells.pack.bin").stat().st_size + 1),
    "no pack": lambda u: (u / "cells.pack.bin").unlink(),
    "no manifest": lambda u: (u / "cells.pack.json").unlink(),
    "a manifest cut short": lambda u: os.truncate(u / "cells.pack.json", 200),
    "a manifest of another kind": lambda u: (u / "cells.pack.json").write_text("[]"),
    "a newer manifest": lambda u: edit_json(u / "cells.pack.json", lambda d: d.update(version=2)),
    "another pack file": lambda u: edit_json(u / "cells.pack.json", lambda d: d.update(pack_file="../secret.bin")),
    "a cell less": lambda u: edit_json(u / "cells.pack.json", lambda d: d["cells"].pop()),
    "two cells swapped": lambda u: edit_json(u / "cells.pack.json", lambda d: d["cells"].reverse()),
    "a wrong offset": lambda u: edit_json(u / "cells.pack.json", lambda d: d["cells"][1].update(offset=1)),
    "a negative offset": lambda u: edit_json(u / "cells.pack.json", lambda d: d["cells"][0].update(offset=-4)),
    "a wrong size": lambda u: edit_json(u / "cells.pack.json", lambda d: d["cells"][1].update(size=1)),
    "a size that is text": lambda u: edit_json(u / "cells.pack.json", lambda d: d["cells"][1].update(size="9")),
    "a cell without a size": lambda u: edit_json(u / "cells.pack.json", lambda d: d["cells"][1].pop("size")),
    "a wrong total": lambda u: edit_json(u / "cells.pack.json", lambda d: d.update(total_size_bytes=5)),
    "no index": lambda u: (u / "index.json").unlink(),
    "a newer index": lambda u: edit_json(u / "index.json", lambda d: d.update(version=2)),
    "an index of another grid": lambda u: edit_json(u / "index.json", lambda d: d["config"].update(n_phi=3)),
    "an index with a cell renamed": lambda u: edit_json(u / "index.json", lambda d: d["cells"][0]["id"].update(l=9)),
    "a cell without training": lambda u: edit_json(u / "index.json", lambda d: d["cells"][0].pop("trained")),
    "training of another kind": lambda u: edit_json(u / "index.json", lambda d: d["cells"][0].update(trained="yes")),
    "a total of splats that is not theirs": lambda u: edit_json(u / "index.json", lambda d: d.update(total_splats=1)),
    "another file name": lambda u: edit_json(u / "index.json", lambda d: d["cells"][0].update(file_name="x.bin")),
    "an index of another radius": lambda u: edit_json(u / "index.json", lambda d: d["config"].update(r_min=4.5e10)),
    "more levels than there are": lambda u: edit_json(u / "index.json", lambda d: d["cells"][0].update(levels_up=3)),
    "one part of a leaf alone": lambda u: edit_json(u / "index.json", lambda d: d["cells"][0].update(levels_up=2)),
    "an index without cells": lambda u: edit_json(u / "index.json", lambda d: d.pop("cells")),
    "a checksum missing": lambda u: os.truncate(u / "cells.pack.sfv", 0),
    "checksums of another kind": lambda u: (u / "cells.pack.sfv").write_text("a b c\n"),
    "checksums that are no text": lambda u: (u / "cells.pack.sfv").write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_named_when_the_pack_is_opened(folder, what):
    DAMAGE[what](folder)
    with pytest.raises(StoreError, match=str(folder)) as caught:
        V1Pack.open(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("n_phi", [float("inf"), float("nan"), "many", None, -4, 1e300])
def test_a_grid_that_is_none_is_named_without_checksums_too(folder, n_phi):
    (folder / "cells.pack.sfv").unlink()
    edit_json(folder / "index.json", lambda d: d["config"].update(n_phi=n_phi))
    with pytest.raises(StoreError, match=r"index\.json or cells\.pack\.json lacks a field"):
        V1Pack.open(folder)


def test_a_count_that_the_cell_does_not_hold_is_named(folder):
    def change(index):
        index["cells"][2]["splat_count"] += 1
        index["cells"][3]["splat_count"] -= 1

    edit_json(folder / "index.json", change)
    with pytest.raises(StoreError, match=r"index\.json: damaged: its CRC-32 .* is not in cells\.pack\.sfv; pack again"):
        V1Pack.open(folder)
    (folder / "cells.pack.sfv").unlink()
    with pytest.raises(StoreError, match=r"splats of .*, index\.json says \d+"):
        V1Pack.open(folder).read(2)


def test_a_cell_that_is_not_in_its_place_of_the_grid_is_named(folder):
    (folder / "cells.pack.sfv").unlink()  # so that only the grid can tell
    shutil.rmtree(folder / "cells")
    pack = V1Pack.open(folder)
    data, cell = (folder / "cells.pack.bin").read_bytes(), pack.decode(0)
    length = 4 + int.from_bytes(data[:4], "little")
    moved = re.sub(rb"e\+\d\d", b"e+29", data[:length])
    assert np.linalg.norm(cell.centroid) < 1e22
    (folder / "cells.pack.bin").write_bytes(moved + data[length:])
    with pytest.raises(StoreError, match=f"cell {pack.entries[0].id}: damaged: its bounds lie outside"):
        V1Pack.open(folder).read(0)


def test_a_pack_without_checksums_is_read_too(folder, packed):
    (folder / "cells.pack.sfv").unlink()
    assert len(list(V1Pack.open(folder))) == len(V1Pack.open(packed / "pack"))


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(b"x"), lambda file: file.unlink()])
def test_a_file_of_its_own_that_is_not_the_cell_is_named(folder, damage):
    name = V1Pack.open(folder).entries[1].file_name
    damage(folder / "cells" / name)
    with pytest.raises(StoreError, match=f"cells/{name}: missing or damaged"):
        list(open_pack(folder))


def test_an_unpacked_universe_says_what_to_do(trained):
    with pytest.raises(StoreError, match=r"cells\.pack\.json: missing; pack again with `helios pack`"):
        V1Pack.open(trained.path)
    with pytest.raises(StoreError, match="pack: no pack there; make one with `helios pack`"):
        open_pack(trained.path / "pack")


@pytest.mark.parametrize("part", ["means", "scales", "quats", "colors", "opacities", "origin_m"])
def test_what_is_read_back_is_compared_and_a_difference_keeps_the_old_pack(packed, tmp_path, monkeypatch, part):
    path = copy(packed, tmp_path / "u")
    before = tree(path)

    def encode_wrongly(cell_id, origin_m, half_extent_m, bounds_m, splats):
        if part == "origin_m":
            origin_m = origin_m * (1 + 1e-12)
        else:
            object.__setattr__(splats, part, getattr(splats, part) * np.float32(0.99999))
        return v1_cell.encode_cell(cell_id, origin_m, half_extent_m, bounds_m, splats)

    monkeypatch.setattr(v1, "encode_cell", encode_wrongly)
    with pytest.raises(StoreError, match=r"is the disk sound\?"):
        pack_universe(Universe.open(path), format=OWN_CELLS)
    assert tree(path) == before
    monkeypatch.undo()
    pack_universe(Universe.open(path), format=OWN_CELLS)
    assert tree(path) == before


def test_two_at_once_are_refused(packed, tmp_path):
    path = copy(packed, tmp_path / "u")

    def again(event):
        if isinstance(event, Done):
            return
        with pytest.raises(InputError, match="another process is"):
            pack_universe(Universe.open(path), format=OWN_CELLS)

    pack_universe(Universe.open(path), format=OWN_CELLS, on_event=again)
    assert tree(path) == tree(packed)
