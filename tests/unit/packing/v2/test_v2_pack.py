"""A pack of the format v2 is its universe: each star once, to the accuracy of the format, and the light of all levels.

What is read is compared with the float64 columns of the universe by the formulas of `client_export/FORMAT.md`, written
down here again. The scene has clusters, so that there are cells of many depths, pages and, with small shards, several
of these.
"""

import dataclasses
import shutil

import numpy as np
import pytest

from helios.errors import StoreError
from helios.grid import HLGrid, cell_keys
from helios.packing.pack import open_pack, pack_universe
from helios.packing.solar import SOLAR_FILES
from helios.packing.v2 import branch
from helios.packing.v2.accuracy import DISTANCE, PLACE_ARCSEC, star_difference
from helios.packing.v2.files import tiles_name
from helios.packing.v2.format import V2
from helios.packing.v2.quantities import COL_BITS, LON_BITS, RAD_BITS, magnitudes, positions_m
from helios.packing.v2.reader import V2Pack, read_side, read_tiles
from helios.packing.v2.records import StarRecords
from helios.packing.v2.side import IDS
from tests.unit.packing.v2.pack_scene import make_universe

R_MIN_M, OMEGA_0_SR = 4.6e10, 7e-6


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    return make_universe(tmp_path_factory.mktemp("v2") / "universe")


@pytest.fixture(scope="module")
def packed(universe, tmp_path_factory):
    return V2().write(universe, tmp_path_factory.mktemp("packed"))


def columns_of(universe):
    columns = universe.columns(["source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp"])
    position = np.stack([columns["x_m"], columns["y_m"], columns["z_m"]], axis=1)
    return columns, position, np.sqrt((position**2).sum(axis=1))


def stars_of(pack: V2Pack) -> tuple[np.ndarray, StarRecords]:
    """Identifiers and records of all stars of a pack."""
    tiles = [(read_side(pack.folder, IDS, [part]), read_tiles(pack.folder, [part]).stars) for part in pack.tiles()]
    rows = np.concatenate([stars.rows() for _, stars in tiles], axis=1)
    return np.concatenate([ids for ids, _ in tiles]), StarRecords.from_rows(rows)


def flux(mag):
    return OMEGA_0_SR * 10.0 ** (-0.4 * (np.asarray(mag, np.float64) / 100.0 - 100.0))


def test_every_star_is_there_once_and_where_it_was(universe, packed):
    columns, position, r = columns_of(universe)
    ids, stars = stars_of(packed)
    assert len(ids) == len(set(ids.tolist())) == len(r)
    at, of = np.argsort(ids), np.argsort(columns["source_id"])
    np.testing.assert_array_equal(ids[at].astype(np.int64), columns["source_id"][of])
    longitude = (stars.lon[at] + 0.5) / 2**23 * 2 * np.pi - np.pi
    colatitude = (stars.col[at] + 0.5) / 2**23 * np.pi
    distance = R_MIN_M * 2.0 ** ((stars.rad[at] + 0.5) / 2**25 * 64)
    unit = np.stack(
        [np.sin(colatitude) * np.cos(longitude), np.sin(colatitude) * np.sin(longitude), np.cos(colatitude)], axis=1
    )
    across = np.linalg.norm(np.cross(unit, position[of] / r[of, None]), axis=1)
    assert np.degrees(across).max() * 3600 < 0.1
    assert np.abs(distance / r[of] - 1).max() < 1e-6
    mag = columns["phot_g_mean_mag"][of].astype(np.float64)
    assert np.abs(stars.mag[at] / 100.0 - 100.0 - mag).max() < 0.0051
    bp_rp = columns["bp_rp"][of].astype(np.float64)
    steps = np.rint((np.clip(bp_rp, -0.5, 5.1) + 0.5) / 5.6 * 126)
    np.testing.assert_array_equal(stars.color[at], np.where(np.isnan(bp_rp), 127, steps))
    assert abs(-2500 * np.log10(packed.head.light / flux(100 * (mag + 100)).sum())) < 1e-6


def test_the_light_of_the_levels_is_that_of_the_stars_from_the_sun(universe, packed):
    columns, position, _ = columns_of(universe)
    light = flux(100.0 * (columns["phot_g_mean_mag"].astype(np.float64) + 100.0))
    levels = universe.levels
    kept_by = levels.cells_of(cell_keys(*HLGrid(20).locate(position)), levels.owner())
    own = np.bincount(kept_by, light, len(levels))
    below = own.copy()
    for cell in range(len(levels) - 1, 0, -1):
        below[levels.parent[cell]] += below[cell]
    number = {(int(d), int(k)): i for i, (d, k) in enumerate(zip(levels.depth, levels.key))}
    shown = {depth: 0.0 for depth in range(-1, int(levels.depth.max()) + 1)}
    holders = 0
    for part in packed.tiles():
        tile = read_tiles(packed.folder, [part])
        for i, entry in enumerate(part.cells):
            stars = flux(tile.stars.mag[tile.star_offsets[i] : tile.star_offsets[i + 1]]).sum()
            proxies = flux(tile.proxies.mag[tile.proxy_offsets[i] : tile.proxy_offsets[i + 1]]).sum()
            cell = number[entry.depth, entry.key]
            rest = below[cell] - own[cell]
            assert (proxies > 0) == (rest > 1e-12 * below[cell])
            if proxies:
                holders += 1
                assert abs(-2500 * np.log10(proxies / rest)) < 3
            for depth in shown:
                shown[depth] += stars * (entry.depth <= depth) + proxies * (entry.depth == depth)
    assert holders > 5
    # A cut through the tree at any depth has the light of the catalogue.
    assert max(abs(-2500 * np.log10(total / light.sum())) for total in shown.values()) < 1


def test_neither_workers_nor_branches_nor_where_it_lies_change_the_bytes(universe, packed, tmp_path):
    for name, arguments in (("two", {"workers": 2, "branch_rows": 500}), ("one", {"workers": 1, "branch_rows": 500})):
        (tmp_path / name).mkdir()
        other = V2().write(universe, tmp_path / name, **arguments)
        assert other.files == packed.files
    for name in packed.files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        if name != "head.bin":  # the sum of the light is taken branch by branch
            assert (tmp_path / "one" / name).read_bytes() == (packed.folder / name).read_bytes()
    assert other.head.page == packed.head.page
    assert other.head.light == pytest.approx(packed.head.light, rel=1e-12)


def test_shards_are_cut_between_page_groups(universe, packed, tmp_path, monkeypatch):
    monkeypatch.setattr("helios.packing.v2.write.SHARD_BYTES", 8000)
    monkeypatch.setattr("helios.packing.v2.pages.PAGE_CELLS", 8)
    monkeypatch.setattr("helios.packing.v2.pages.MOST_BYTES", 1200)
    pack = V2().write(universe, tmp_path)
    assert pack.head.n_shards > 3
    for shard in range(pack.head.n_shards):
        parts = [part for part in pack.parts if part.file == tiles_name(shard)]
        ends = [part.offset + part.length for part in parts]
        assert [part.offset for part in parts] == [0, *ends[:-1]]
        assert ends[-1] == (tmp_path / tiles_name(shard)).stat().st_size
        pages = [part for part in parts if not part.cells]
        assert ends[-1] <= 8000 or len(pages) <= 1
    (ids, stars), (other_ids, others) = stars_of(pack), stars_of(packed)
    one, other = np.argsort(ids), np.argsort(other_ids)
    np.testing.assert_array_equal(stars.rows()[:, one], others.rows()[:, other])
    assert list(V2().differences(universe, pack)) == []


def test_a_universe_of_naked_eye_stars_has_a_sky_and_no_shard(tmp_path):
    universe = make_universe(tmp_path / "bright", stars=30, faintest=5.0)
    pack = V2().write(universe, tmp_path)
    assert (pack.head.n_shards, pack.head.sky_stars, len(pack.tiles())) == (0, 30, 1)
    assert list(V2().differences(universe, open_pack(tmp_path))) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["x_m"].__imul__(1 + 1.2e-6), "its place|its distance"),
        (lambda c: c["z_m"].__iadd__(1e-6 * np.abs(c["x_m"]) + 1e12), "its place|its distance"),
        (lambda c: c["phot_g_mean_mag"].__iadd__(np.float32(0.011)), "its magnitude"),
        (lambda c: c["bp_rp"].__iadd__(np.float32(0.05)), "its colour"),
    ],
)
def test_what_is_off_by_more_than_the_format_rounds_is_told(universe, packed, change, message):
    columns, _, _ = columns_of(universe)
    ids, stars = stars_of(packed)
    order = np.argsort(columns["source_id"])
    columns = {name: column[order].copy() for name, column in columns.items()}
    stars = stars[np.argsort(ids)]
    assert star_difference(stars, columns) is None
    change(columns)
    with np.errstate(invalid="ignore"):
        assert any(word in star_difference(stars, columns) for word in message.split("|"))


def test_how_far_stars_are_off_is_counted_from_where_a_reader_finds_them():
    """The check decodes by tables of its own: they must be the format's places, over all of the sky and all depths."""
    rng = np.random.default_rng(5)
    bits = (LON_BITS, COL_BITS, RAD_BITS)
    lon, col, rad = (np.append(rng.integers(0, 1 << n, 4096), [0, (1 << n) - 1]).astype(np.uint32) for n in bits)
    stars = StarRecords(lon, col, rad, rng.integers(0, 65536, len(lon)).astype(np.uint16), np.zeros(len(lon), np.uint8))
    there = positions_m(lon, col, rad)
    columns = dict(zip(("x_m", "y_m", "z_m"), there.T))
    columns |= {"source_id": np.arange(len(lon)), "phot_g_mean_mag": magnitudes(stars.mag)}
    columns["bp_rp"] = np.full(len(lon), -0.5)
    assert star_difference(stars, columns) is None
    east = np.stack([-there[:, 1], there[:, 0], 0 * lon], axis=1) / np.hypot(*there.T[:2])[:, None]
    north = np.cross(there / np.linalg.norm(there, axis=1)[:, None], east)
    most = np.radians(PLACE_ARCSEC / 3600) * np.linalg.norm(there, axis=1)[:, None]
    away = [(there + share * most * way, share) for share in (0.999, -0.999, 1.001, -1.001) for way in (east, north)]
    away += [(there * (1 + share * DISTANCE), share) for share in (0.999, -0.999, 1.001, -1.001)]
    for moved, share in away:
        moved_columns = columns | dict(zip(("x_m", "y_m", "z_m"), np.ascontiguousarray(moved.T)))
        for row in (0, 17, 4095, 4096, 4097):
            one = {name: column[row : row + 1] for name, column in moved_columns.items()}
            assert (star_difference(stars[row : row + 1], one) is None) == (abs(share) < 1), (row, share)
        assert (star_difference(stars, moved_columns) is None) == (abs(share) < 1)


@pytest.mark.parametrize("wrong", ["places", "magnitudes", "light of proxies"])
def test_what_is_packed_wrong_is_told_as_it_is_written(universe, tmp_path, monkeypatch, wrong):
    """Records are compared with the stars they were made of: two that were rounded alike would be equal and wrong."""
    quantised, steps, records = branch.quantised, branch.magnitude_steps, branch.proxy_records

    def moved(position_m):
        lon, col, rad = quantised(position_m)
        return lon, np.clip(col + np.uint32(2), 0, 2**23 - 1), rad

    def fainter(*given):
        found = records(*given)
        return dataclasses.replace(found, mag=found.mag + np.uint32(4))

    patches = {
        "places": ("quantised", moved),
        "magnitudes": ("magnitude_steps", lambda mag: steps(mag) + np.uint32(1)),
        "light of proxies": ("proxy_records", fainter),
    }
    monkeypatch.setattr(branch, *patches[wrong])
    with pytest.raises(StoreError, match=r"arcsec from its place|5 mmag from its magnitude|do not have the light"):
        V2().write(universe, tmp_path, workers=1)


def test_another_universe_differs(universe, packed, tmp_path):
    other = make_universe(tmp_path / "other", stars=5999)
    assert "6,000 stars, the universe 5,999" in next(V2().differences(other, packed))
    moved = make_universe(tmp_path / "moved", faintest=12.5)
    assert list(V2().differences(moved, packed))


def test_a_pack_of_one_format_replaces_one_of_another(universe, tmp_path):
    for name in ("v1", "v2", "v1", "v2"):
        pack_universe(universe, tmp_path / "pack", name)
        assert open_pack(tmp_path / "pack").format == name
    assert {path.name for path in (tmp_path / "pack").iterdir()} == {
        *open_pack(tmp_path / "pack").files,
        "landmarks.json",
        *SOLAR_FILES,
    }


def test_a_tile_that_is_not_written_as_it_was_to_be_is_noticed(universe, tmp_path, monkeypatch):
    write = V2.open

    def spoilt(self, folder):
        path = folder / tiles_name(0)
        data = bytearray(path.read_bytes())
        data[-1] ^= 128
        path.write_bytes(data)
        return write(self, folder)

    monkeypatch.setattr(V2, "open", spoilt)
    with pytest.raises(StoreError, match=r"tiles-00000\.bin: the tile of cell .* damaged"):
        V2().write(universe, tmp_path)
    shutil.rmtree(tmp_path)
