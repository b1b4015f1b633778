"""The test vectors that both readers share: they are made again to the byte, and lead back to their float64 sources.

The vectors are read here as a viewer reads them, from the head to pages, tiles and side files. `client_export/test/
v2.test.ts` reads the same files and expects the same values.
"""

import json
import zlib

import numpy as np
import pytest

from helios.constants import R_MIN_M
from helios.grid import cell_keys
from helios.packing.v2.decode import decode_tile
from helios.packing.v2.glow import decode_glow
from helios.packing.v2.head import decode_head
from helios.packing.v2.index import decode_page, tiles_of
from helios.packing.v2.quantities import magnitudes, positions_m
from helios.packing.v2.side import side_block_fault, side_block_range, side_records
from tests.data.v2.vectors import FIRST_ID, FOLDER, make

RADIAN_ARCSEC = 180 * 3600 / np.pi


def read(name):
    return (FOLDER / name).read_bytes()


def test_the_vectors_are_made_again_to_the_byte():
    made = make()
    kept = (".bin", ".json", ".f64", ".tile")
    assert sorted(made) == sorted(path.name for path in FOLDER.iterdir() if path.suffix in kept)
    for name, data in made.items():
        if name == "glow.bin":  # zlib's own choices may differ from build to build, and with them the head's CRC
            data, kept = zlib.decompress(data), zlib.decompress(read(name))
            assert data == kept
        elif name in ("head.bin", "sources.f64", "expected.json") and made["glow.bin"] != read("glow.bin"):
            continue
        else:
            assert data == read(name), f"{name}: python -m tests.data.v2.vectors"


def walk():
    """Yield (what holds the stars, records by side file) of the sky and of every tile, checking each CRC on the way."""
    head, shard = decode_head(read("head.bin"), "head.bin"), read("tiles-00000.bin")
    sky = read("sky.bin")
    assert (len(sky), zlib.crc32(sky)) == (head.sky_length, head.sky_crc)
    yield decode_tile(sky, [-1], [0], "sky"), sides("sky", 0, 0, head.sky_stars, head.sky_crc)
    pages = [(head.root, head.page, 0)]
    for parent, page, at in pages:
        first_star, number = page.first_star, page.first_tile
        for cell in tiles_of(parent, page.entries):
            data = shard[at : at + cell.tile_length]
            assert zlib.crc32(data) == cell.tile_crc
            own = sides("00000", first_star, number, cell.tile_stars, cell.tile_crc)
            depths = [cell.depth + 1] * len(cell.children)
            yield decode_tile(data, depths, cell.children, f"tile at {at}"), own
            at, first_star, number = at + cell.tile_length, first_star + cell.tile_stars, number + 1
        for entry in page.entries:
            if pointer := entry.page:
                end = pointer.offset + pointer.length
                data = shard[pointer.offset : end]
                assert zlib.crc32(data) == pointer.crc
                pages.append((entry, decode_page(data, entry, "page"), end))
    assert at == len(shard)


def sides(stem, first_star, number, stars, crc):
    """Of each kind of side file the records of a tile's stars; `stars` and tiles before it as its page says."""
    found = {}
    for name, record in (("ids", "<u8"), ("motion", "3<f4"), ("distances", "2<f4")):
        dtype = np.dtype(record)
        start, length = side_block_range(dtype.itemsize, first_star, number, stars)
        data = read(f"{name}-{stem}.bin")[start : start + length]
        assert side_block_fault(data, dtype, stars, crc) is None
        found[name] = side_records(data, dtype)
    return found


def test_every_star_comes_back_once_and_as_near_as_the_format_says():
    source = np.frombuffer(read("sources.f64"), "<f8").reshape(-1, 4)
    rows, place, g = [], [], []
    for records, of_stars in walk():
        row = (of_stars["ids"] - np.uint64(FIRST_ID)).astype(int)
        np.testing.assert_array_equal(of_stars["motion"], np.stack([row, -2 * row, row / 4], axis=1))
        distances = np.stack([row + 0.25, row + 0.5], axis=1)
        distances[row % 7 == 0] = np.nan
        np.testing.assert_array_equal(of_stars["distances"], distances)
        rows.append(row)
        place.append(positions_m(records.stars.lon, records.stars.col, records.stars.rad))
        g.append(magnitudes(records.stars.mag))
    rows, place, g = (np.concatenate(each) for each in (rows, place, g))
    assert sorted(rows.tolist()) == list(range(len(source)))
    true = source[rows, :3]
    off = np.arctan2(np.linalg.norm(np.cross(true, place), axis=1), (true * place).sum(axis=1))
    assert off.max() * RADIAN_ARCSEC <= 0.1
    assert np.abs(np.linalg.norm(place, axis=1) / np.linalg.norm(true, axis=1) - 1).max() <= 1e-6
    assert np.abs(g - source[rows, 3]).max() <= 0.005 + 1e-9


def test_colours_of_any_spread_are_those_from_which_the_blocks_were_made():
    held = json.loads(read("expected.json"))["colors"]
    l, theta, phi = np.array([block["cell"][1:] for block in held]).T
    depth = [block["cell"][0] for block in held]
    found = decode_tile(read("colors.tile"), depth, cell_keys(l, theta, phi), "colors.tile")
    for cell, block in enumerate(held):
        for kind, color, offsets in (
            ("stars", found.stars.color, found.star_offsets),
            ("proxies", found.proxies.color, found.proxy_offsets),
        ):
            assert color[offsets[cell] : offsets[cell + 1]].tolist() == block[kind]


def test_the_head_says_what_is_in_the_pack():
    head = decode_head(read("head.bin"), "head.bin")
    source = np.frombuffer(read("sources.f64"), "<f8").reshape(-1, 4)
    assert [side.name for side in head.sides] == ["ids", "motion", "distances"]
    assert head.stars == len(source) == json.loads(read("expected.json"))["stars"]
    assert head.light == pytest.approx((7e-6 * 10 ** (-0.4 * source[:, 3])).sum(), rel=1e-12)
    glow = decode_glow(read("glow.bin"), head.glow_n, "glow.bin")
    rest = (7e-6 * 10 ** (-0.4 * source[head.sky_stars :, 3])).sum()
    assert glow.sum() == pytest.approx(rest, rel=1e-5)
    assert np.linalg.norm(source[:, :3], axis=1).min() > R_MIN_M
