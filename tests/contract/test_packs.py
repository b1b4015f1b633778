"""What every registered pack format promises: the universe comes back, damage is found, and packing is all or nothing.

One class runs over the registry through the contract alone, and over a format of somebody else's that has adaptive
cells. The universes are half trained, in small cells, in large ones and adaptive; an old pack is that of the stars
alone, so that it has other bytes than the new one.
"""

import dataclasses
import json
import re
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from helios.errors import InputError, StoreError
from helios.packing import PACKS
from helios.packing.pack import check_pack, is_pack, open_pack, pack_universe, packed_bytes
from helios.packing.pack_cells import shown_counts
from helios.packing.site import check_site, write_site
from helios.progress import Advance, Done, Stage
from helios.universe import Universe
from helios.universe.findings import Findings
from helios.universe.validate import Validation
from tests.unit.packing import scene

EVERY = (*PACKS.names(), "toy")
"""All that are registered, and one that shows what a new one takes: `helios_toys/pack.py` and a line."""


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    target = "tests.contract.helios_toys.pack:ToyFormat"
    monkeypatch.setitem(PACKS._entries, "toy", EntryPoint("toy", target, PACKS.group))


@pytest.fixture(scope="module", params=[{"depth": 5}, {"depth": 2}, {"leaf_capacity": 16}], ids=str)
def universe(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    scene.make_clumps(folder / "universe", **request.param)
    return scene.make_trained(folder / "universe", folder / "universe_trained")


def check(pack) -> None:
    """Read all of a pack."""
    for number in range(len(pack)):
        pack.check(number)


def content(pack) -> list:
    """All that a pack holds, to be compared, after every part of it was checked."""
    check(pack)
    files = [(pack.folder / name).read_bytes() for name in pack.files]
    return [len(pack), pack.files, dataclasses.replace(pack.result, path=None), files]


def write_site_of(universe: Universe, folder, name: str):
    """Write pack and site of a universe in a format, and return the pack."""
    pack_universe(universe, folder / "pack", name)
    viewer = scene.make_viewer(folder / "web")
    write_site(universe, folder / "site", pack=folder / "pack", viewer=viewer)
    return open_pack(folder / "pack")


@pytest.mark.parametrize("name", EVERY)
class TestPack:
    def test_the_universe_comes_back(self, universe, tmp_path, name):
        result = pack_universe(universe, tmp_path / "pack", name)
        pack = open_pack(tmp_path / "pack")
        check(pack)
        assert result == pack.result
        assert (result.path, pack.folder) == (tmp_path / "pack",) * 2
        assert pack.format == name
        assert list(PACKS.make(name).differences(universe, pack)) == []
        stars = pack.star_layer is None and name != "toy"
        assert result.splats == (universe.offsets[-1] if stars else shown_counts(universe).sum())
        assert 0 < result.size_bytes <= sum(map(len, scene.tree(tmp_path / "pack").values()))

    def test_the_pack_of_another_universe_differs(self, universe, tmp_path, name):
        pack_universe(scene.make_clumps(tmp_path / "other", leaf_capacity=40), tmp_path / "pack", name)
        pack_universe(scene.make_stars(tmp_path / "stars", count=30), tmp_path / "small", name)
        differences = PACKS.make(name).differences
        assert list(differences(universe, open_pack(tmp_path / "small")))
        assert name == "v2" or list(differences(universe, open_pack(tmp_path / "pack")))

    def test_its_files_are_all_that_a_viewer_needs(self, universe, tmp_path, name):
        pack_universe(universe, tmp_path / "pack", name)
        whole = open_pack(tmp_path / "pack")
        sound = content(whole)
        (tmp_path / "site").mkdir()
        for file in whole.files:
            (tmp_path / "pack" / file).replace(tmp_path / "site" / file)
        assert content(open_pack(tmp_path / "site")) == sound

    def test_the_landmarks_lie_beside_the_cells(self, universe, tmp_path, name):
        pack_universe(universe, tmp_path / "pack", name)
        landmarks = (universe.path / "landmarks.json").read_bytes()
        assert (tmp_path / "pack" / "landmarks.json").read_bytes() == landmarks

    def test_the_same_universe_gives_the_same_bytes(self, universe, tmp_path, name):
        for folder in ("one", "two", "one"):
            pack_universe(universe, tmp_path / folder, name)
        assert scene.tree(tmp_path / "one") == scene.tree(tmp_path / "two")

    def test_with_stars_alone_it_has_the_stars_of_trained_cells_too(self, universe, tmp_path, name):
        pack = PACKS.make(name).write(universe, tmp_path, stars_only=True)
        assert (pack.result.trained_cells, pack.result.splats) == (0, universe.offsets[-1])

    def test_it_tells_how_far_it_is(self, universe, tmp_path, name):
        events = []
        result = pack_universe(universe, tmp_path / "pack", name, on_event=events.append)
        assert [event.name for event in events if isinstance(event, Stage)] == ["packing", "reading back"]
        assert events[-1] == Done(result)
        totals = [event.total for event in events if isinstance(event, Stage)]
        steps = [done for total in totals for done in range(1, total + 1)]
        assert [event.done for event in events if isinstance(event, Advance)] == steps

    def test_every_flipped_bit_is_found_or_changes_nothing(self, universe, tmp_path, name):
        sound = content(PACKS.make(name).write(universe, tmp_path))
        rng = np.random.default_rng(7)
        for file in sorted(path for path in tmp_path.rglob("*") if path.is_file())[-8:]:
            data, found = file.read_bytes(), 0
            for bit in rng.integers(0, 8 * len(data), 8).tolist():
                flipped = bytearray(data)
                flipped[bit // 8] ^= 1 << bit % 8
                file.write_bytes(flipped)
                try:
                    check(pack := open_pack(tmp_path))
                    assert content(pack)[:3] == sound[:3], (file, bit)
                except StoreError:
                    found += 1
            assert found, file
            file.write_bytes(data)
        assert content(open_pack(tmp_path)) == sound

    def test_a_file_cut_short_is_found(self, universe, tmp_path, name):
        for file in PACKS.make(name).write(universe, tmp_path).files:
            data = (tmp_path / file).read_bytes()
            for length in (0, len(data) // 2, len(data) - 3):
                (tmp_path / file).write_bytes(data[:length])
                with pytest.raises(StoreError):
                    check(open_pack(tmp_path))
            (tmp_path / file).write_bytes(data)

    def test_damage_of_a_pack_in_its_universe_is_a_finding(self, universe, tmp_path, name):
        path = scene.copy(universe.path, tmp_path / "universe")

        def found():
            validation = Validation(Findings(5))
            check_pack(path, validation)
            return validation.findings

        assert (found().counts, packed_bytes(path)) == ({}, 0)
        result = pack_universe(Universe.open(path), format=name)
        assert (found().counts, packed_bytes(path)) == ({}, result.size_bytes)
        pack_universe(scene.make_stars(tmp_path / "other", count=30), path / "pack", name)
        assert found().counts == {"pack": 1}
        assert re.search("it holds 30 (splats|stars), the universe ", found().lines()[0])
        for file in sorted(path for path in (path / "pack").rglob("*") if path.is_file()):
            file.write_bytes(b"damaged")
        assert list(found().counts) == ["pack"]

    def test_a_file_that_is_gone_from_the_pack_of_a_universe_is_a_finding(self, universe, tmp_path, name):
        path = scene.copy(universe.path, tmp_path / "universe")
        pack_universe(Universe.open(path), format=name)
        assert {entry.name for entry in (path / "pack").iterdir()} >= PACKS.get(name).written
        for file in sorted(PACKS.get(name).written):
            data = (path / "pack" / file).read_bytes()
            (path / "pack" / file).unlink()
            validation = Validation(Findings(5))
            check_pack(path, validation)
            assert list(validation.findings.counts) == ["pack"], file
            (path / "pack" / file).write_bytes(data)

    def test_a_site_shows_it(self, universe, tmp_path, name):
        pack = write_site_of(universe, tmp_path, name)
        layers = json.loads((tmp_path / "site" / "site.json").read_text())["layers"]
        assert [layer["format"] for layer in layers] == [name] * (1 if pack.star_layer is None else 2)
        assert [layer["folder"] for layer in layers][-1] == "universe"
        assert content(open_pack(tmp_path / "site" / "universe")) == content(pack)
        assert (layers[-1]["radii"] is None) == (pack.star_layer is None)
        cells = [open_pack(tmp_path / "site" / layer["folder"]).result.cells for layer in layers]
        assert check_site(tmp_path / "site") == sum(cells)

    def test_only_a_pack_is_replaced(self, universe, tmp_path, name):
        pack_universe(universe, tmp_path / "pack", name)
        assert is_pack(tmp_path / "pack")
        (tmp_path / "pack" / "viewer.html").write_text("mine")
        before = scene.tree(tmp_path)
        assert not is_pack(tmp_path / "pack")
        with pytest.raises(InputError, match="left as it is"):
            pack_universe(universe, tmp_path / "pack", name)
        assert scene.tree(tmp_path) == before


@pytest.mark.parametrize("name", PACKS.names())
def test_killed_before_any_of_its_changes_it_leaves_the_old_pack_or_the_new_one(name, tmp_path):
    stars = scene.make_stars(tmp_path / "stars", count=8, depth=1)
    trained = scene.make_trained(stars.path, tmp_path / "trained")
    other = scene.make_stars(tmp_path / "other", count=12, depth=1)
    for universe in (other, trained):
        pack_universe(universe, universe.path / "pack", name)
    old, new = (scene.tree(universe.path / "pack") for universe in (other, trained))
    assert old != new
    places = [scene.copy(other.path / "pack", tmp_path / f"{n}" / "pack") for n in range(4 * len(trained) + 80)]
    statement = f"pack_universe(Universe.open({str(trained.path)!r}), path, {name!r})"
    killed = scene.kill_before_each_change(statement, places)
    assert killed > len(trained)
    outcomes = set()
    for place in places[:killed]:
        check(open_pack(place))
        found = scene.tree(place)
        assert found in (old, new)
        outcomes.add("old" if found == old else "new")
        pack_universe(trained, place, name)
        assert scene.tree(place.parent) == {f"pack/{file}": data for file, data in new.items()}
    assert outcomes == {"old", "new"}


def test_an_unknown_format_names_the_choices():
    with pytest.raises(InputError, match=f"unknown pack format 'v9' .choose from {', '.join(PACKS.names())}"):
        PACKS.make("v9")


@pytest.mark.parametrize("spec", ["v1:depth=11", "v1:depth=deep", "v1:levels=3"])
def test_options_that_are_none_are_refused(spec):
    with pytest.raises(InputError, match="pack format v1"):
        PACKS.make(spec)
