"""Test vectors of pack v2, which the readers in Python and in TypeScript share: `python -m tests.data.v2.vectors`.

A small pack: the thousand brightest stars of the embedded naked-eye list as the sky tile, and 600 random far ones in a
tree of some levels with a page of its own in the shard. `expected.json` says what a reader must find, `sources.f64`
from what it was made: a row (x, y, z in metres, G) for each star, little-endian float64. A star's identifier is its row
r and FIRST_ID, its motion (r, -2 r, r / 4), its distances are (r + 0.25, r + 0.5), NaN where r is a multiple of 7.
`colors.tile` is no part of the pack: a tile of blocks whose stars and proxies have colours spread in every way.
`tests/unit/packing/v2/test_v2_vectors.py` makes all of it again and compares.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import numpy as np

from helios.catalogs_path import embedded
from helios.constants import ICRS_TO_ECLIPTIC, PARSEC_M
from helios.grid import cell_keys, cells_of_keys
from helios.levels.glow import texels_of
from helios.light import solid_angle_sr
from helios.packing.v2 import quantities as v2
from helios.packing.v2.decode import decode_tile
from helios.packing.v2.encode import encode_blocks
from helios.packing.v2.glow import decode_glow, encode_glow
from helios.packing.v2.head import Head, encode_head, palette_bytes
from helios.packing.v2.index import IndexEntry, Page, PagePointer, encode_page, tiles_of
from helios.packing.v2.records import ProxyRecords, ShapedRecords, StarRecords
from helios.packing.v2.shapes import rgb_steps, rotation_steps, rotations_of, scale_steps
from helios.packing.v2.side import SIDES, encode_side_block

FOLDER = Path(__file__).parent
FIRST_ID = 1 << 60
SKY_STARS, OWN_STARS, DEEPEST = 1000, 30, 9
PAGE_DEPTH = 3
"""A cell of this depth with children has a page of its own, with all below it."""

GLOW_N = 8


def sources() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions [N, 3] metres, G and BP-RP, float64 [N], of all stars, those of the sky first."""
    with gzip.open(embedded("bright_stars.csv.gz"), "rt") as lines:
        table = np.genfromtxt(lines, delimiter=",", names=True, dtype=None, encoding="utf-8")
    table = table[np.isfinite(table["parallax"])]
    table = table[np.argsort(table["phot_g_mean_mag"], kind="stable")][:SKY_STARS]
    ra, dec = np.radians(table["ra"]), np.radians(table["dec"])
    unit = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    bright = np.einsum("ni,ji->nj", unit * (1000 / table["parallax"] * PARSEC_M)[:, None], ICRS_TO_ECLIPTIC)

    rng = np.random.default_rng(20)
    far = rng.normal(size=(300, 3))
    far *= (PARSEC_M * 10 ** rng.uniform(1, 8, 300) / np.linalg.norm(far, axis=1))[:, None]
    cluster = PARSEC_M * (np.array([120.0, -80.0, 310.0]) + rng.normal(0, 2.0, (300, 3)))
    g = np.concatenate([rng.uniform(6.5, 21, 300), 17 + 1.5 * np.log2(rng.uniform(1e-3, 1, 300))])
    bp_rp = np.where(rng.random(600) < 0.1, np.nan, rng.normal(1.2, 0.8, 600))
    return (
        np.concatenate([bright, far, cluster]),
        np.concatenate([table["phot_g_mean_mag"], g]),
        np.concatenate([table["bp_rp"], bp_rp]),
    )


def side_records(rows: np.ndarray) -> dict[str, np.ndarray]:
    """The records of the stars of these rows, by the name of their side file."""
    distances = rows[:, None] + np.array([0.25, 0.5], "<f4")
    return {
        "ids": np.uint64(FIRST_ID) + rows.astype(np.uint64),
        "motion": (rows[:, None] * np.array([1, -2, 0.25])).astype("<f4"),
        "distances": np.where(rows[:, None] % 7 == 0, np.nan, distances).astype("<f4"),
    }


class _Tree:
    """The cells of the random stars: own stars, rest, and proxies for the rest of each child."""

    def __init__(self, position, g, bp_rp):
        self.position, self.g, self.bp_rp = position, g, bp_rp
        self.lon, self.col, self.rad = v2.quantised(position)
        self.rng = np.random.default_rng(21)
        self.own: dict[tuple[int, int], np.ndarray] = {}
        self.proxies: dict[tuple[int, int], ProxyRecords] = {}
        self.children: dict[tuple[int, int], list[int]] = {}
        self._divide(-1, 0, np.arange(SKY_STARS, len(g)))

    def keys(self, depth: int, rows: np.ndarray) -> np.ndarray:
        """Morton keys at `depth` of stars."""
        return cell_keys(
            self.rad[rows] >> np.uint32(24 - depth),
            self.lon[rows] >> np.uint32(22 - depth),
            self.col[rows] >> np.uint32(23 - depth),
        )

    def _divide(self, depth: int, key: int, rows: np.ndarray) -> None:
        rows = rows[np.argsort(self.g[rows], kind="stable")]
        kept = 0 if depth < 0 else len(rows) if depth == DEEPEST or len(rows) <= 2 * OWN_STARS else OWN_STARS
        self.own[depth, key], rest = np.sort(rows[:kept]), rows[kept:]
        below = self.keys(depth + 1, rest)
        self.children[depth, key] = sorted(set(below.tolist()))
        groups = {child: rest[below == child] for child in self.children[depth, key]}
        self.proxies[depth, key] = self._proxies(groups)
        for child, stars in groups.items():
            self._divide(depth + 1, child, stars)

    def _proxies(self, groups) -> ProxyRecords:
        """For each child two of its stars, larger and brighter than they are: nothing here is physics."""
        rows = np.concatenate([np.zeros(0, np.int64), *(stars[:2] for stars in groups.values())]).astype(np.int64)
        child = np.repeat([key & 7 for key in groups], [min(len(stars), 2) for stars in groups.values()])
        return ProxyRecords(
            child.astype(np.uint8),
            *(self.lon[rows], self.col[rows], self.rad[rows]),
            v2.proxy_magnitude_steps(self.g[rows] - 1),
            v2.size_steps(np.where(rows % 5, 2.0 ** self.rng.uniform(-12, -2, len(rows)), 0)),
            v2.nearest_colors(self.rng.uniform(0.5, 1.5, (len(rows), 3))),
        )

    def stars(self, rows: np.ndarray) -> StarRecords:
        mag, color = v2.magnitude_steps(self.g[rows]), v2.color_indices(self.bp_rp[rows])
        return StarRecords(self.lon[rows], self.col[rows], self.rad[rows], mag, color)

    def shaped(self, depth: int, key: int) -> ShapedRecords:
        """Three splats with shape in cells of depth 4, at their first stars."""
        rows = self.own[depth, key][: 3 if depth == 4 else 0]
        n = len(rows)
        return ShapedRecords(
            *(self.lon[rows], self.col[rows], self.rad[rows]),
            scale_steps(2.0 ** self.rng.uniform(-20, 5, (n, 3))),
            rotation_steps(self.rng.normal(size=(n, 4))),
            v2.magnitude_steps(self.g[rows]),
            rgb_steps(self.rng.uniform(0, 3, (n, 3))),
        )

    def entry(self, depth: int, key: int) -> IndexEntry:
        mask = sum(1 << (child & 7) for child in self.children[depth, key])
        extent = 0 if depth < 0 or not len(self.proxies[depth, key]) else 100 + depth
        return IndexEntry(depth, key, mask, extent, self.rng.bytes(12) if extent else b"")


def _block(tree: _Tree, cells: list[tuple[int, int]]) -> tuple[bytes, np.ndarray]:
    """The bytes of `cells`, and the rows of their stars in the order of the bytes."""
    parts = [(tree.stars(tree.own[cell]), tree.proxies[cell], tree.shaped(*cell)) for cell in cells]
    arguments = []
    for kind, records in zip((StarRecords, ProxyRecords, ShapedRecords), zip(*parts)):
        rows = np.concatenate([each.rows() for each in records], axis=1)
        arguments += [kind.from_rows(rows), np.cumsum([0, *(len(each) for each in records)])]
    depth, key = (np.array(part) for part in zip(*cells))
    blocks = encode_blocks(depth, key.astype(np.uint64), *arguments)
    return blocks.data.tobytes(), np.concatenate([tree.own[cell] for cell in cells])[blocks.star_order]


class _Shard:
    """The one shard, with its side files and what is expected of its tiles."""

    def __init__(self, tree: _Tree):
        self.tree, self.data, self.tiles = tree, b"", []
        self.rows: list[tuple[np.ndarray, int]] = []
        """Of each tile the rows of its stars, and its CRC-32."""
        self.stars = 0

    def subtree(self, depth: int, key: int, last_depth: int) -> tuple[IndexEntry, list[IndexEntry]]:
        """The entry of a cell, and those of a page down to `last_depth`, without tiles as yet."""
        top = self.tree.entry(depth, key)
        entries, queue = [], [top]
        while queue:
            above = queue.pop(0)
            for child in above.children:
                entries.append(self.tree.entry(above.depth + 1, child))
                if entries[-1].child_mask and above.depth + 1 < last_depth:
                    queue.append(entries[-1])
        return top, entries

    def put(self, at: int, cells: list[IndexEntry]) -> dict[tuple[int, int], IndexEntry]:
        """Make the tiles of `cells`, of which the first begins at byte `at`; return their entries."""
        done = {}
        for cell in cells:
            name = (cell.depth, cell.key)
            children = [(cell.depth + 1, child) for child in cell.children]
            data, rows = _block(self.tree, children)
            crc = zlib.crc32(data)
            done[name] = cell._replace(tile_length=len(data), tile_stars=len(rows), tile_crc=crc)
            said = {"parent": _cell(*name), "offset": at, "number": len(self.tiles), "first_star": self.stars}
            self.tiles.append((said, children, data))
            self.rows.append((rows, crc))
            self.stars += len(rows)
            at += len(data)
            self.data += data
        return done


def _cell(depth: int, key: int) -> list[int]:
    """[depth, l, theta, phi]."""
    return [depth, *(int(index[0]) for index in cells_of_keys([key]))]


def make() -> dict[str, bytes]:
    """Return the bytes of every file, by name."""
    position, g, bp_rp = sources()
    tree = _Tree(position, g, bp_rp)
    shard = _Shard(tree)

    root, entries = shard.subtree(-1, 0, PAGE_DEPTH)
    with_page = next(entry for entry in entries if entry.depth == PAGE_DEPTH and entry.child_mask)
    plain = [entry for entry in entries if entry.depth < PAGE_DEPTH]
    done = shard.put(0, list(tiles_of(root, plain)))
    first_star, first_tile = shard.stars, len(shard.tiles)
    _, below = shard.subtree(with_page.depth, with_page.key, DEEPEST)
    # The page lies before its tiles, and says their lengths: its own length settles in the second round.
    before, length = (shard.data, list(shard.rows), list(shard.tiles), shard.stars), 0
    for _ in range(2):
        shard.data, shard.rows, shard.tiles, shard.stars = before[0], list(before[1]), list(before[2]), before[3]
        tree.rng = np.random.default_rng(22)
        tiles = shard.put(len(before[0]) + length, list(tiles_of(with_page, below)))
        filled = [tiles.get((entry.depth, entry.key), entry) for entry in below]
        page = encode_page(with_page, first_star, first_tile, filled)
        length = len(page)
    shard.data = before[0] + page + shard.data[len(before[0]) :]
    pointer = PagePointer(0, len(before[0]), length, zlib.crc32(page))
    last = tiles[with_page.depth, with_page.key]._replace(page=pointer)

    def final(entry: IndexEntry) -> IndexEntry:
        if (entry.depth, entry.key) == (last.depth, last.key):
            return last
        if entry.depth == PAGE_DEPTH:  # only one cell of this depth goes on
            return entry._replace(child_mask=0)
        return done.get((entry.depth, entry.key), entry)

    sky_rows = np.arange(SKY_STARS)
    proxies = tree.proxies[-1, 0]
    blocks = encode_blocks([-1], [0], tree.stars(sky_rows), [0, SKY_STARS], proxies, [0, len(proxies)])
    sky, sky_order = blocks.data.tobytes(), blocks.star_order
    flux = np.bincount(texels_of(position[SKY_STARS:], GLOW_N), solid_angle_sr(g[SKY_STARS:]), 6 * GLOW_N**2)
    glow = encode_glow(flux.reshape(6, GLOW_N, GLOW_N))
    head = Head(
        *(1, len(g), float(solid_angle_sr(g).sum())),
        *(len(sky), zlib.crc32(sky), SKY_STARS, len(glow), zlib.crc32(glow), 60, GLOW_N, SIDES),
        palette_bytes(),
        done[-1, 0],
        Page(0, 0, tuple(final(entry) for entry in entries)),
    )
    colors, colored = _colors()
    files = {
        "head.bin": encode_head(head),
        "sky.bin": sky,
        "glow.bin": glow,
        "colors.tile": colors,
        "tiles-00000.bin": shard.data,
        **_side_files("sky", [(sky_order, zlib.crc32(sky))]),
        **_side_files("00000", shard.rows),
        "sources.f64": np.column_stack([position, g]).astype("<f8").tobytes(),
    }
    return files | {"expected.json": _expected(head, [*head.page.entries, *filled], shard, files, colored)}


def spreads() -> list[np.ndarray]:
    """Colours of blocks: none, one, all alike, few far from the others, which are escaped, any, all that there are."""
    rng = np.random.default_rng(24)
    return [
        np.array(colors, np.uint8)
        for colors in (
            [], [0], [127], [127] * 40, [0, 127], [127, 0, 127], [0] * 60 + [127], [127] * 60 + [0], [0, 127] * 30,
            [64] * 30 + [0, 127], rng.integers(0, 128, 50), rng.permutation(128), rng.normal(40, 9, 99).clip(0, 126),
        )
    ]  # fmt: skip


def _colors() -> tuple[bytes, list[dict]]:
    """A tile of a block for each of `spreads`, of stars and, in reverse order, of proxies; and what it holds.

    The last block is as short as one of six stars can be: they are alike, and their cell is of depth 20.
    """
    depth, key = np.array([(3, key) for key in range(len(spreads()))] + [(20, 0)]).T
    stars, proxies = [*spreads(), np.full(6, 50, np.uint8)], [*spreads()[::-1], np.zeros(0, np.uint8)]
    arguments: list = []
    for kind, colors in ((StarRecords, stars), (ProxyRecords, proxies)):
        counts = np.array([len(each) for each in colors])
        l, theta, phi = (index.astype(np.uint32) for index in cells_of_keys(key))
        corner = [theta << (22 - depth), phi << (23 - depth), l << (24 - depth)]
        rows = [np.zeros(counts.sum()), *np.repeat(corner, counts, axis=1), np.full(counts.sum(), 11000)]
        sizes = [np.zeros(counts.sum())] if kind is ProxyRecords else []
        records = kind.from_rows(np.array([*rows, *sizes, np.concatenate(colors)], np.uint32))
        arguments += [records, np.concatenate([[0], np.cumsum(counts)])]
    data = encode_blocks(depth, key.astype(np.uint64), *arguments).data.tobytes()
    held = zip(depth.tolist(), key.tolist(), stars, proxies)
    return data, [{"cell": _cell(d, k), "stars": s.tolist(), "proxies": p.tolist()} for d, k, s, p in held]


def _side_files(stem: str, tiles: list[tuple[np.ndarray, int]]) -> dict[str, bytes]:
    """The side files of tiles, of each the rows of its stars and its CRC-32."""
    blocks = [{side: encode_side_block(each, crc) for side, each in side_records(rows).items()} for rows, crc in tiles]
    return {f"{side.name}-{stem}.bin": b"".join(block[side.name] for block in blocks) for side in SIDES}


def _expected(
    head: Head, entries: list[IndexEntry], shard: _Shard, files: dict[str, bytes], colors: list[dict]
) -> bytes:
    glow = decode_glow(files["glow.bin"], GLOW_N, "glow.bin")
    said = {
        "stars": head.stars,
        "light": head.light,
        "sky_stars": SKY_STARS,
        "glow": glow.ravel().tolist(),
        "palette": v2.palette()[[0, 63, 126]].round(4).tolist(),
        "entries": [_entry(entry) for entry in entries],
        "sky": _contents(files["sky.bin"], [(-1, 0)]),
        "tiles": [
            {**tile, "cells": [_cell(*cell) for cell in cells], **_contents(data, cells)}
            for tile, cells, data in shard.tiles
        ],
        "colors": colors,
    }
    return (json.dumps(said, separators=(",", ":")) + "\n").encode()


def _entry(entry: IndexEntry) -> dict:
    errors = v2.errors_of(list(entry.table)).tolist()
    page = entry.page and [entry.page.shard, entry.page.offset, entry.page.length, entry.page.crc]
    tile = [entry.tile_length, entry.tile_stars, entry.tile_crc] if entry.child_mask else None
    extent = float(v2.extents_m(entry.extent))
    cell = _cell(entry.depth, entry.key)
    return {"cell": cell, "mask": entry.child_mask, "extent": extent, "errors": errors, "tile": tile, "page": page}


def _contents(data: bytes, cells: list[tuple[int, int]]) -> dict:
    """What the blocks of `cells` hold, in metres and magnitudes; of the sky's stars only the first ten."""
    depth, key = (list(part) for part in zip(*cells))
    found = decode_tile(data, depth, key, "vectors")
    stars, proxies, shaped = found.stars, found.proxies, found.shaped
    shown = slice(10 if depth[0] < 0 else None)
    sigma = v2.sizes(proxies.size) * v2.distances_m(proxies.rad)
    return {
        "star_offsets": found.star_offsets.tolist(),
        "star_places": v2.positions_m(stars.lon, stars.col, stars.rad)[shown].tolist(),
        "star_mags": stars.mag[shown].tolist(),
        "star_colors": stars.color[shown].tolist(),
        "proxy_offsets": found.proxy_offsets.tolist(),
        "proxy_places": v2.positions_m(proxies.lon, proxies.col, proxies.rad).tolist(),
        "proxy_children": proxies.child.tolist(),
        "proxy_mags": proxies.mag.tolist(),
        "proxy_sigmas": sigma.tolist(),
        "proxy_colors": proxies.color.tolist(),
        "shaped_offsets": found.shaped_offsets.tolist(),
        "shaped_places": v2.positions_m(shaped.lon, shaped.col, shaped.rad).tolist(),
        "shaped_mags": shaped.mag.tolist(),
        "shaped_quats": rotations_of(shaped.rotation).tolist(),
        "shaped_rgb": (shaped.rgb / 32).tolist(),
    }


if __name__ == "__main__":
    for name, data in make().items():
        (FOLDER / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")
