"""A site: what it is made of, what it refuses to write over, and that damage to it is named before it is served.

Sites are made of packs of both formats of the half-trained universe, where the splats of v1 and the exact stars differ,
and of one without training, where they do not. The viewer is two small files.
"""

import gzip
import hashlib
import json
import os

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.errors import InputError, StoreError
from helios.packing.pack import open_pack, pack_universe
from helios.packing.site import SOLAR, check_site, require_place_for_site, write_site
from helios.packing.solar import SOLAR_FILES
from helios.packing.v1_reader import V1Pack
from helios.pieces import digest_of
from helios.universe import Universe
from tests.unit.packing.scene import (
    OWN_CELLS,
    copy,
    kill_before_each_change,
    make_clumps,
    make_stars,
    make_trained,
    tree,
)

LANDMARKS = "universe/landmarks.json.gz"
FIGURES = "universe/constellations.json.gz"


def make_site(packed, viewer, tmp_path_factory):
    path = tmp_path_factory.mktemp("sites") / "site"
    write_site(Universe.open(packed), path, viewer=viewer)
    return path


@pytest.fixture(scope="module")
def packed_v1(trained, tmp_path_factory):
    """The directory of the half-trained universe, packed in its own cells."""
    path = copy(trained.path, tmp_path_factory.mktemp("packed") / "universe")
    pack_universe(Universe.open(path), format=OWN_CELLS)
    return path


@pytest.fixture(scope="module")
def packed_v2(trained, tmp_path_factory):
    path = copy(trained.path, tmp_path_factory.mktemp("packed") / "universe")
    pack_universe(Universe.open(path), format="v2")
    return path


@pytest.fixture(scope="module")
def site_v1(packed_v1, viewer, tmp_path_factory):
    return make_site(packed_v1, viewer, tmp_path_factory)


@pytest.fixture(scope="module")
def site_v2(packed_v2, viewer, tmp_path_factory):
    return make_site(packed_v2, viewer, tmp_path_factory)


@pytest.fixture(scope="module", params=["v2", "v1"])
def packed(request):
    return request.getfixturevalue(f"packed_{request.param}")


@pytest.fixture(scope="module")
def site(packed, request):
    return request.getfixturevalue(f"site_{open_pack(packed / 'pack').format}")


def test_it_is_the_viewer_the_pack_the_landmarks_and_with_v1_the_stars(site, packed, viewer):
    files, pack = tree(site), open_pack(packed / "pack")
    folders = {"v2": ["universe"], "v1": ["stars", "universe"]}[pack.format]
    expected = [*tree(viewer), "site.json", "files.json", LANDMARKS]
    expected += [f"{folder}/{name}" for folder in folders for name in pack.files]
    lookup = {"lookup": "universe/lookup.bin"} if pack.format == "v2" else {}
    expected += ["universe/lookup.bin", "universe/lookup-00000.bin"] if lookup else []
    expected += SOLAR.values()
    assert sorted(files) == sorted(expected)
    for name, data in tree(viewer).items():
        assert files[name] == data
    for name in pack.files:
        assert files[f"universe/{name}"] == (packed / "pack" / name).read_bytes()
    manifest = json.loads(files["site.json"])
    assert [(layer["folder"], layer["format"]) for layer in manifest["layers"]] == [(f, pack.format) for f in folders]
    assert manifest == {"version": 1, "layers": manifest["layers"], "landmarks": LANDMARKS} | lookup | SOLAR
    counted = json.loads(gzip.decompress(files[LANDMARKS]))
    assert all(place.pop("stars") >= 0 for place in counted if place["id"] != "sun")
    assert counted == json.loads((packed / "landmarks.json").read_bytes())
    assert files[LANDMARKS][:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "neither a name nor a time"
    listing = json.loads(files["files.json"])["files"]
    listed = {file["path"]: file["size"] for file in listing}
    assert listed == {name: len(data) for name, data in files.items() if name != "files.json"}
    sums = {file["path"]: file["sha256"] for file in listing}
    assert sums == {name: hashlib.sha256(files[name]).hexdigest() for name in listed}


def test_a_universe_without_landmarks_has_a_site_that_names_none(viewer, tmp_path):
    build_universe(BuildConfig(synthetic=20, depth=1), tmp_path / "universe")
    universe = Universe.open(tmp_path / "universe")
    pack_universe(universe)
    site = write_site(universe, tmp_path / "site", viewer=viewer).path
    assert json.loads((site / "site.json").read_text()).keys() == {"version", "layers", "lookup", *SOLAR}
    assert not (site / LANDMARKS).exists()
    assert check_site(site) > 0


def test_a_sky_that_is_not_made_up_has_the_constellations(viewer, tmp_path):
    universe = make_clumps(tmp_path / "universe", depth=1)
    pack_universe(universe)
    site = write_site(universe, tmp_path / "site", viewer=viewer).path
    assert json.loads((site / "site.json").read_text())["constellations"] == FIGURES
    assert len(json.loads(gzip.decompress((site / FIGURES).read_bytes()))["figures"]) == 88
    assert check_site(site) > 0


def test_its_stars_are_the_exact_stars_of_all_cells(site_v1, trained):
    pack = V1Pack.open(site_v1 / "stars")
    assert pack.cell_ids == tuple(trained.cells)
    assert not any(entry.trained for entry in pack.entries)
    assert pack.result.splats == trained.offsets[-1]
    for i, cell in enumerate(pack):
        emitters = trained.cell(i).emitters
        origin, half_extent = trained.frames_m([i])
        distance = np.linalg.norm(emitters.means + origin / half_extent, axis=1)
        assert (np.linalg.norm(cell.splats.means - emitters.means, axis=1) < 1e-6 * distance + 2e-7).all()  # in float32
        np.testing.assert_allclose(cell.splats.luminosities, emitters.luminosities, rtol=1e-6)


def test_a_universe_without_training_has_no_second_copy_of_its_stars(stars, viewer, tmp_path):
    path = copy(stars.path, tmp_path / "universe")
    pack_universe(Universe.open(path), format="v1")
    written = write_site(Universe.open(path), tmp_path / "deep" / "site", viewer=viewer)
    assert not (tmp_path / "deep" / "site" / "stars").exists()
    layers = json.loads((written.path / "site.json").read_text())["layers"]
    assert [layer["folder"] for layer in layers] == ["universe"]
    assert written.splats == stars.offsets[-1]
    assert check_site(written.path) == len(V1Pack.open(path / "pack"))


def test_a_trained_universe_deeper_than_any_regrouping_has_its_stars_beside_it(viewer, tmp_path):
    make_stars(tmp_path / "stars", count=8, depth=12)
    universe = make_trained(tmp_path / "stars", tmp_path / "trained")
    pack_universe(universe, format="v1")
    site = write_site(universe, tmp_path / "site", viewer=viewer).path
    for layer in ("universe", "stars"):
        assert V1Pack.open(site / layer).cell_ids == tuple(universe.cells)


def test_writing_again_gives_the_same_bytes_and_nothing_beside_it(site, packed, viewer, tmp_path):
    path = copy(site, tmp_path / "site")
    (path / "assets" / "viewer.js").write_text("an older viewer")
    write_site(Universe.open(packed), path, viewer=viewer)
    assert tree(path) == tree(site)
    assert os.listdir(tmp_path) == ["site"]


def test_killed_before_any_of_its_changes_it_leaves_a_whole_site_and_a_rerun_makes_the_new_one(viewer, tmp_path):
    make_stars(tmp_path / "stars", count=8, depth=1)
    universe = make_trained(tmp_path / "stars", tmp_path / "trained")
    pack_universe(universe)
    other = copy(viewer, tmp_path / "other_viewer")
    (other / "assets" / "viewer.js").write_text("an older viewer")
    write_site(universe, tmp_path / "older", viewer=other)
    write_site(universe, tmp_path / "newer", viewer=viewer)
    old, new = tree(tmp_path / "older"), tree(tmp_path / "newer")
    places = [tmp_path / f"{n}" / "site" for n in range(60)]
    for place in places:
        copy(tmp_path / "older", place)
    rewrite = f"write_site(Universe.open({str(universe.path)!r}), path, viewer=Path({str(viewer)!r}))"
    killed = kill_before_each_change(rewrite, places)
    outcomes = set()
    for place in places[:killed]:
        found = tree(place) if place.exists() else None
        assert found in (old, new, None)
        outcomes.add("old" if found == old else "new" if found == new else "none")
        write_site(universe, place, viewer=viewer)
        assert tree(place) == new
        assert os.listdir(place.parent) == ["site"]
    assert {"old", "new"} <= outcomes


def test_an_empty_directory_is_filled(packed, viewer, tmp_path):
    (tmp_path / "site").mkdir()
    write_site(Universe.open(packed), tmp_path / "site", viewer=viewer)
    assert check_site(tmp_path / "site") > 0


def test_it_is_the_package_that_brings_the_viewer(packed, tmp_path, monkeypatch):
    monkeypatch.setattr("helios.packing.site.files", lambda package: tmp_path / package)
    with pytest.raises(StoreError, match="build the viewer"):
        write_site(Universe.open(packed), tmp_path / "site")
    assert not (tmp_path / "site").exists()


def put(path, text="mine"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("inside", ["notes.txt", "index.html", "universe/index.json", ".git/HEAD"])
def test_a_directory_of_something_else_is_refused_and_stays(packed, viewer, tmp_path, inside):
    put(tmp_path / "site" / inside)
    before = tree(tmp_path)
    with pytest.raises(InputError, match="is not empty and no site of Helios"):
        write_site(Universe.open(packed), tmp_path / "site", viewer=viewer)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("inside", ["CNAME", "universe/notes.txt", ".git/HEAD"])
def test_a_site_with_a_file_of_someone_else_is_refused_and_stays(site, packed, viewer, tmp_path, inside):
    path = copy(site, tmp_path / "site")
    put(path / inside)
    before = tree(tmp_path)
    with pytest.raises(InputError, match=f"holds {inside}, which is no part of the site"):
        write_site(Universe.open(packed), path, viewer=viewer)
    assert tree(tmp_path) == before


def test_a_link_in_a_site_is_someone_elses_too(site, packed, viewer, tmp_path):
    path = copy(site, tmp_path / "site")
    put(tmp_path / "treasure" / "gold.txt")
    (path / "linked").symlink_to(tmp_path / "treasure")
    with pytest.raises(InputError, match="holds linked, which is no part"):
        write_site(Universe.open(packed), path, viewer=viewer)
    assert (tmp_path / "treasure" / "gold.txt").exists()


def test_a_file_in_its_place_is_refused_and_stays(packed, viewer, tmp_path):
    put(tmp_path / "site")
    with pytest.raises(InputError, match="is a file, a site is a directory"):
        write_site(Universe.open(packed), tmp_path / "site", viewer=viewer)
    assert (tmp_path / "site").read_text() == "mine"


@pytest.mark.parametrize("place", [".", "site", "universe.zarr/site", ".."])
def test_a_site_in_or_around_its_universe_is_refused(packed, place):
    with pytest.raises(InputError, match="must not lie in each other"):
        require_place_for_site(packed / place, packed)
    with pytest.raises(InputError, match="must not lie in each other"):
        write_site(Universe.open(packed), packed / place)


@pytest.mark.parametrize("name", ["v2", f"{OWN_CELLS},loose_cells=false"])
def test_a_site_of_a_pack_elsewhere_is_that_of_the_pack_in_the_universe(
    site_v1, site_v2, trained, viewer, tmp_path, name
):
    pack_universe(trained, tmp_path / "elsewhere", name)
    files = open_pack(tmp_path / "elsewhere").files
    assert sorted(tree(tmp_path / "elsewhere")) == sorted((*files, "landmarks.json", *SOLAR_FILES))
    write_site(trained, tmp_path / "site", pack=tmp_path / "elsewhere", viewer=viewer)
    assert tree(tmp_path / "site") == tree(site_v2 if name == "v2" else site_v1)
    with pytest.raises(InputError, match="must not lie in each other"):
        write_site(trained, tmp_path / "elsewhere" / "site", pack=tmp_path / "elsewhere", viewer=viewer)


def test_an_unpacked_universe_is_refused(trained, viewer, tmp_path):
    with pytest.raises(StoreError, match="helios pack"):
        write_site(trained, tmp_path / "site", viewer=viewer)
    assert not (tmp_path / "site").exists()


def test_a_sound_site_is_read_whole(site_v1, site_v2, trained):
    assert check_site(site_v1) == 2 * len(trained)
    assert check_site(site_v2) == open_pack(site_v2 / "universe").result.cells > 0


def test_a_directory_with_a_page_of_someone_else_can_be_served(tmp_path):
    put(tmp_path / "index.html")
    assert check_site(tmp_path) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such directory"),
        (lambda path: path.mkdir(), r"has no index\.html"),
        (lambda path: put(path), "no such directory"),
    ],
)
def test_what_is_no_site_says_how_to_make_one(tmp_path, make, message):
    make(tmp_path / "site")
    with pytest.raises(InputError, match=rf"{message} \(make a site with `helios pack --site"):
        check_site(tmp_path / "site")


def signed(files) -> str:
    manifest = {"version": 1, "files": files}
    return json.dumps(manifest | {"sha256": digest_of(manifest)})


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda s: flip(s / "universe" / "head.bin"), r"universe/head\.bin: damaged, its SHA-256"),
        (lambda s: flip(s / "universe" / "ids-sky.bin"), r"universe/ids-sky\.bin: damaged, its SHA-256"),
        (lambda s: flip(s / "assets" / "viewer.js"), r"viewer\.js: damaged, its SHA-256"),
        (lambda s: flip(s / LANDMARKS), r"landmarks\.json\.gz: damaged, its SHA-256"),
        (lambda s: (s / LANDMARKS).unlink(), r"landmarks\.json\.gz: missing"),
        (
            lambda s: put(s / "universe" / "more.html"),
            r"more\.html: is not in files\.json, and would be",
        ),
        (
            lambda s: edit(s / "files.json", '"size"', '"sise"'),
            r"files\.json: damaged, it does not have its own",
        ),
        (lambda s: os.truncate(s / "universe" / "sky.bin", 50), r"sky\.bin: 50 bytes"),
        (lambda s: (s / "assets" / "viewer.js").unlink(), r"viewer\.js: missing"),
        (lambda s: (s / "universe" / "glow.bin").unlink(), r"universe/glow\.bin: missing"),
        (lambda s: put(s / "files.json", "{"), r"files\.json: damaged, not JSON"),
        (lambda s: put(s / "files.json", '{"version": 2, "files": []}'), r"files\.json: version 2"),
        (lambda s: put(s / "files.json", signed([7])), r"files\.json: damaged: its list"),
        (lambda s: put(s / "files.json", signed([{"path": "../x", "size": 1, "sha256": ""}])), "outside the site"),
        (lambda s: put(s / "files.json", signed([{"path": "x", "size": 1e999, "sha256": ""}])), "damaged: its list"),
    ],
)
def test_damage_to_a_site_is_named(site_v2, tmp_path, damage, message):
    path = copy(site_v2, tmp_path / "site")
    damage(path)
    with pytest.raises(StoreError, match=message) as caught:
        check_site(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("folder", ["universe", "stars"])
def test_damage_to_either_pack_of_v1_is_named(site_v1, tmp_path, folder):
    path = copy(site_v1, tmp_path / "site")
    flip(path / folder / "cells.pack.bin")
    with pytest.raises(StoreError, match=rf"{folder}/cells\.pack\.bin: damaged, its SHA-256"):
        check_site(path)
