"""A packed universe: what it holds, that damage of any of its files is named, and that packing is all or nothing.

The universe is half trained, with splats on both sides of the opacity limit, so that trained cells and exact stars
go through the same pack. Old packs are made with another LZ4 level: sound, but of other bytes.
"""

import json
import os
import zlib

import lz4.block
import numpy as np
import pytest

from helios.errors import InputError, StoreError
from helios.files import locked
from helios.pack import v1_cell, v1_writer
from helios.pack.v1_reader import V1Pack
from helios.pack.v1_writer import STAGE, pack_universe
from helios.universe import Universe
from tests.unit.pack.scene import copy, kill_before_each_change, make_stars, make_trained, tree

PACK_FILES = {"cells.pack.bin", "cells.pack.json", "cells.pack.sfv", "index.json"}


def edit_json(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_it_holds_the_splats_of_trained_cells_and_the_stars_of_others(packed, trained):
    pack = V1Pack.open(packed)
    assert len(pack) == len(trained)
    assert 0 < trained.trained.sum() < len(trained)
    for i, cell in enumerate(pack):
        source, splats = trained.cell(i), trained.splats(i)
        assert cell.id == trained.cell_ids[i] == source.id
        np.testing.assert_array_equal(cell.centroid, source.origin_m)
        emitted = source.emitters.luminosities if splats is None else splats.luminosities
        np.testing.assert_allclose(cell.splats().luminosities, emitted, rtol=1e-6)
        means = source.emitters.means if splats is None else splats.means
        np.testing.assert_allclose(cell.means, means * source.half_extent_m, rtol=1e-6)
        assert cell.opacities.max() <= np.float32(0.95)
        assert pack.read(i).means.tobytes() == cell.means.tobytes()


def test_index_manifest_and_checksums_describe_the_bytes(packed, trained):
    index, manifest = (json.loads((packed / name).read_text()) for name in ("index.json", "cells.pack.json"))
    data = (packed / "cells.pack.bin").read_bytes()
    assert sorted(manifest) == ["cells", "pack_file", "total_size_bytes", "version"]
    assert (manifest["version"], manifest["pack_file"]) == (1, "cells.pack.bin")
    assert manifest["total_size_bytes"] == index["total_size_bytes"] == len(data)
    blobs = [data[c["offset"] : c["offset"] + c["size"]] for c in manifest["cells"]]
    assert b"".join(blobs) == data
    names = [f"{cell.index_name}.bin" for cell in trained.cell_ids]
    assert [c["file_name"] for c in manifest["cells"]] == [c["file_name"] for c in index["cells"]] == names
    assert [c["file_size_bytes"] for c in index["cells"]] == [len(blob) for blob in blobs]
    assert sorted(p.name for p in (packed / "cells").iterdir()) == sorted(names)
    assert [(packed / "cells" / name).read_bytes() for name in names] == blobs
    lines = (packed / "cells.pack.sfv").read_text().splitlines()
    assert lines == [f"{name} {zlib.crc32(blob):08X}" for name, blob in zip(names, blobs)]


def test_the_universe_stays_the_universe(packed, trained):
    before, after = tree(trained.path), tree(packed)
    added = {name for name in after if name not in before}
    assert {name for name in added if not name.startswith("cells/")} == PACK_FILES - {"index.json"}
    assert [name for name in before if before[name] != after[name]] == ["index.json"]
    again = Universe.open(packed)
    assert again.fingerprint == trained.fingerprint
    assert again.cell_ids == trained.cell_ids
    assert (again.trained == trained.trained).all()


def test_what_changes_the_universe_takes_its_pack_away(packed, stars, tmp_path):
    path = copy(packed, tmp_path / "u")
    trained_anew = make_trained(stars.path, path)
    assert not PACK_FILES - {"index.json"} & set(tree(path))
    with pytest.raises(StoreError, match="missing"):
        V1Pack.open(path)
    pack_universe(trained_anew)
    assert tree(path) == tree(packed)


def test_packing_again_gives_the_same_bytes(packed, trained, tmp_path):
    path = copy(packed, tmp_path / "again")
    report = pack_universe(Universe.open(path))
    assert tree(path) == tree(packed)
    assert report.path == path
    assert report.splats == sum(cell["splat_count"] for cell in V1Pack.open(path).index["cells"])
    assert (report.cells, report.trained_cells) == (len(trained), trained.trained.sum())
    assert report.size_bytes == (path / "cells.pack.bin").stat().st_size


def test_every_flipped_byte_of_the_pack_is_named_with_its_cell(packed, tmp_path):
    path = copy(packed, tmp_path / "u")
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
    "an index without cells": lambda u: edit_json(u / "index.json", lambda d: d.pop("cells")),
    "a checksum missing": lambda u: os.truncate(u / "cells.pack.sfv", 0),
    "checksums of another kind": lambda u: (u / "cells.pack.sfv").write_text("a b c\n"),
    "checksums that are no text": lambda u: (u / "cells.pack.sfv").write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_named_when_the_pack_is_opened(packed, tmp_path, what):
    path = copy(packed, tmp_path / "u")
    DAMAGE[what](path)
    with pytest.raises(StoreError, match=str(path)) as caught:
        V1Pack.open(path)
    assert "\n" not in str(caught.value)


def test_a_count_that_the_cell_does_not_hold_is_named(packed, tmp_path):
    path = copy(packed, tmp_path / "u")
    edit_json(path / "index.json", lambda d: d["cells"][2].update(splat_count=999))
    with pytest.raises(StoreError, match=r"splats of .*, index\.json says 999"):
        V1Pack.open(path).read(2)


def test_a_cell_that_is_not_in_its_place_of_the_grid_is_named(packed, tmp_path):
    path = copy(packed, tmp_path / "u")
    (path / "cells.pack.sfv").unlink()  # so that only the grid can tell
    data, entry, cell = (path / "cells.pack.bin").read_bytes(), V1Pack.open(path).entries[0], V1Pack.open(path).read(0)
    digits = max((repr(float(v)) for v in (*cell.bounds_min, *cell.bounds_max)), key=len)  # one in exponent form
    place = digits.index(".") + 4
    moved = digits[:place] + ("7" if digits[place] != "7" else "2") + digits[place + 1 :]
    assert abs(float(moved) - float(digits)) > 1e-6 * cell.half_extent
    (path / "cells.pack.bin").write_bytes(data.replace(digits.encode(), moved.encode(), 1))
    with pytest.raises(StoreError, match=f"cell {entry.id}: damaged: its bounds"):
        V1Pack.open(path).read(0)


def test_a_pack_without_checksums_is_read_too(packed, tmp_path):
    path = copy(packed, tmp_path / "u")
    (path / "cells.pack.sfv").unlink()
    assert len(list(V1Pack.open(path))) == len(V1Pack.open(packed))


def test_an_unpacked_universe_says_what_to_do(trained):
    with pytest.raises(StoreError, match=r"cells\.pack\.json: missing \(make it with `helios pack`\)"):
        V1Pack.open(trained.path)


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

    monkeypatch.setattr(v1_writer, "encode_cell", encode_wrongly)
    with pytest.raises(StoreError, match=r"is the disk sound\?"):
        pack_universe(Universe.open(path))
    assert tree(path) == before
    monkeypatch.undo()
    pack_universe(Universe.open(path))
    assert tree(path) == before


def test_two_at_once_are_refused(packed, tmp_path):
    path = copy(packed, tmp_path / "u")
    with locked(path / STAGE), pytest.raises(InputError, match="another process is packing it"):
        pack_universe(Universe.open(path))
    pack_universe(Universe.open(path))


def test_killed_before_any_of_its_changes_it_leaves_a_pack_or_none_and_a_rerun_makes_it(tmp_path, monkeypatch):
    make_stars(tmp_path / "stars", count=8, depth=1)
    universe = make_trained(tmp_path / "stars", tmp_path / "trained")
    fresh, packed = (copy(universe.path, tmp_path / name) for name in ("fresh", "packed"))
    pack_universe(Universe.open(packed))
    compress = lz4.block.compress
    monkeypatch.setattr(lz4.block, "compress", lambda data, **_: compress(data, store_size=True))
    pack_universe(Universe.open(fresh))
    monkeypatch.undo()
    old, new = tree(fresh), tree(packed)
    assert old["cells.pack.bin"] != new["cells.pack.bin"]

    copies = [copy(fresh, tmp_path / f"killed_{n}") for n in range(4 * len(universe) + 20)]
    killed = kill_before_each_change("pack_universe(Universe.open(path))", copies)
    assert killed > 2 * len(universe)
    outcomes = set()
    for path in copies[:killed]:
        found = {name: data for name, data in tree(path).items() if not name.startswith((STAGE, f".{STAGE}"))}
        if found in (old, new):
            outcomes.add("old" if found == old else "new")
        else:
            with pytest.raises(StoreError, match=r"not packed|missing"):
                V1Pack.open(path)
            outcomes.add("none")
        pack_universe(Universe.open(path))
        assert tree(path) == new
    assert outcomes == {"old", "none", "new"}
