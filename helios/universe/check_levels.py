"""Checks of the levels of detail: that no star is lost or told twice, that all light is there, that errors are true."""

from __future__ import annotations

import numpy as np
import zarr
from numpy.typing import NDArray

from helios.cells import Cells
from helios.errors import StoreError
from helios.grid import MAX_DEPTH, deepest_keys, keys_at
from helios.levels.branch import LIGHT_COLUMNS, draw_stars, flux_of, stars_as_lights, table_from
from helios.levels.error_table import WIDTHS
from helios.levels.glow import GLOW_N, texels_of
from helios.levels.own_stars import ROOT_DEPTH
from helios.levels.proxies import Lights
from helios.levels.top import ROOT_MAGNITUDE, root_stars
from helios.universe.arrays import read_rows, shape_of
from helios.universe.check_columns import Column, rows_of
from helios.universe.findings import Finding, Findings
from helios.universe.level_columns import CELL_COLUMNS, PROXY_COLUMNS, Levels

BLOCK_ROWS = 1 << 16
"""Stars or proxies held at a time."""

TOLERANCE = 1e-6
"""Of the light of proxies and of the glow map against that of the stars."""

REDRAWN, MOST_REDRAWN = 12, 1 << 17
"""How many cells' errors are measured again, and the most stars that such a cell has."""


def check_levels(root: zarr.Group, leaves: Cells, offsets: NDArray[np.int64], sound: bool, findings: Findings) -> None:
    """Add to `findings` what is wrong with the levels of a store whose sound cells are `leaves` [M], at `offsets`.

    Where the stars are not `sound`, only what does not depend on them is checked. Reads all stars and proxies once, of
    trained levels those that were built, too; holds 100 bytes for each cell of the levels.
    """
    levels = _read(root, int(offsets[-1]), findings)
    if levels is None or not _check_cells(levels, findings) or not sound:
        return
    before = len(findings)
    try:
        light, kept, glow, sky = _light_of_stars(root, levels, findings)
        # What is wrong in one part would be found again in those that stand on it.
        if len(findings) == before:
            _check_own(levels, kept, sky, findings)
        # Another training begins from what was built.
        both = [levels, Levels(root, built=True)] if levels.trained else [levels]
        if len(findings) == before:
            for each in both:
                _check_proxies(each, light, findings)
            _check_glow(levels, glow, findings)
        if len(findings) == before:
            for each in both:
                _check_errors(root, each, leaves, offsets, findings)
    except StoreError as error:
        findings.add(Finding("files", str(error)))


def _read(root: zarr.Group, stars: int, findings: Findings) -> Levels | None:
    """Return the levels where all of their columns are there, with the right types and lengths."""
    groups = {
        "levels": {name: Column(*column) for name, column in CELL_COLUMNS.items()}
        | {"starts": Column(np.int64), "owner": Column(np.int8), "tint": Column(np.float64)}
        | {"glow": Column(np.float64, (GLOW_N, GLOW_N))},
        "proxies": {name: Column(*column) for name, column in PROXY_COLUMNS.items()},
    }
    before = len(findings)
    lengths = {name: rows_of(root, name, columns, findings) for name, columns in groups.items()}
    if len(findings) > before:
        return None
    cells = {lengths["levels"][name] for name in CELL_COLUMNS} | {lengths["levels"]["starts"] - 1}
    proxies = set(lengths["proxies"].values())
    try:
        levels = Levels(root)
        _ = levels.glow, levels.tint
    except StoreError as error:
        findings.add(Finding("files", str(error)))
        return None
    starts = levels.starts
    fits: bool = len(cells) == 1 and len(proxies) == 1 and lengths["levels"]["owner"] == stars
    fits = fits and bool(starts[0] == 0 and (np.diff(starts) >= 0).all() and starts[-1] == proxies.pop())
    if not fits or shape_of(root, "levels/glow")[0] != (6, GLOW_N, GLOW_N) or lengths["levels"]["tint"] != 3:
        findings.add(Finding("levels", "columns of lengths that do not fit each other or the stars"))
        return None
    return levels


def _check_cells(levels: Levels, findings: Findings) -> bool:
    """Return whether the cells are a tree in its order; add to `findings` where they are not."""
    before = len(findings)
    depth, key = levels.depth.astype(np.int64), levels.key
    if depth[0] != ROOT_DEPTH or key[0] != 0 or (depth[1:] < 0).any() or (depth > MAX_DEPTH).any():
        findings.add(Finding("levels", "the first cell is not the root, or a depth is none"))
        return False
    deep = levels.depth[1:]
    first = keys_at(deep, key[1:], MAX_DEPTH)
    fall = (first[1:] < first[:-1]) | ((first[1:] == first[:-1]) & (deep[1:] <= deep[:-1]))
    parent = levels.parent
    child = np.flatnonzero(depth > 0)
    # A cell whose parent is missing would hang on one that does not hold it.
    orphan = child[(depth[parent[child]] != depth[child] - 1) | (key[child] >> np.uint64(3) != key[parent[child]])]
    for wrong in (np.flatnonzero(fall) + 2, orphan):
        findings.add_each("levels", wrong, lambda i: Finding("levels", f"cell {i:,} is not where the tree has it"))
    inner = np.zeros(len(levels), bool)
    inner[parent[1:]] = True
    inner[0] = False
    # Those that pass stars on keep equally many; how many is the rule of the program that built them.
    usual = np.median(levels.own[inner]) if inner.any() else 0
    count = np.flatnonzero(inner & (levels.own != usual) | (levels.own < 0))
    findings.add_each("levels", count, lambda i: Finding("levels", f"cell {i:,} keeps {levels.own[i]:,} stars"))
    return len(findings) == before


def _light_of_stars(root: zarr.Group, levels: Levels, findings: Findings):
    """Return (light [C, 2] in and below each cell, from afar and from the Sun, kept [C], glow, sky).

    `sky` are how many stars the naked eye sees, the least light of a star that the root keeps, and the most of one that
    it does not. A star that is kept by a cell that is not there ends it.
    """
    light, kept = np.zeros((len(levels), 2)), np.zeros(len(levels), np.int64)
    glow = np.zeros(6 * GLOW_N**2)
    naked, faintest, brightest = 0, np.inf, 0.0
    stars = shape_of(root, "levels/owner")[0][0]
    for start in range(0, stars, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, stars)
        lights, keys, mag = _stars(root, start, stop)
        owner = levels.owner(start, stop)
        cell = levels.cells_of(keys, owner)
        wrong = (levels.depth[cell] != owner) | (
            (owner >= 0) & (levels.key[cell] != keys_at(MAX_DEPTH, keys, np.maximum(owner, 0)))
        )
        if wrong.any():
            row = start + int(np.argmax(wrong))
            findings.add(
                Finding(
                    "levels",
                    f"kept at depth {owner[row - start]}, where there is no cell for it",
                    row=row,
                    table="emitters",
                )
            )
            return light, kept, glow, (naked, faintest, brightest)
        flux = flux_of(lights)
        kept += np.bincount(cell, minlength=len(levels))
        for column, values in enumerate((lights.luminosity, flux)):
            light[:, column] += np.bincount(cell, values, len(levels))
        unseen = owner != ROOT_DEPTH
        glow += np.bincount(texels_of(lights.position_m[unseen]), flux[unseen], 6 * GLOW_N**2)
        naked += int(np.count_nonzero(mag < ROOT_MAGNITUDE))
        faintest = min(faintest, flux[~unseen].min(initial=np.inf))
        brightest = max(brightest, flux[unseen].max(initial=0.0))
    parent = levels.parent
    for i in range(len(levels) - 1, 0, -1):
        light[parent[i]] += light[i]
    return light, kept, glow, (naked, faintest, brightest)


def _check_own(levels: Levels, kept: NDArray[np.int64], sky: tuple[int, float, float], findings: Findings) -> None:
    wrong = np.flatnonzero(kept != levels.own)
    findings.add_each(
        "levels",
        wrong,
        lambda i: Finding("levels", f"cell {i:,} says {levels.own[i]:,} stars, {kept[i]:,} are its own"),
    )
    naked, faintest, brightest = sky
    wanted = root_stars(int(kept.sum()), naked)
    if kept[0] != wanted:
        findings.add(Finding("levels", f"the root keeps {kept[0]:,} stars, the brightest {wanted:,} are its own"))
    elif faintest < brightest:
        findings.add(Finding("levels", "the root keeps a star that is fainter than one that it does not keep"))


def _check_proxies(levels: Levels, light: NDArray[np.float64], findings: Findings) -> None:
    """Compare the light of proxies with that of the stars, for each cell that they stand for."""
    parent = levels.parent
    shown = np.zeros_like(light)
    of_child = {(int(p), int(k) & 7): i for i, (p, k) in enumerate(zip(parent, levels.key)) if i}
    for start in range(0, int(levels.starts[-1]), BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, int(levels.starts[-1]))
        proxies, child = levels.proxies(start, stop)
        bad = ~(np.isfinite(proxies.position_m).all(axis=1) & (proxies.luminosity > 0) & (proxies.sigma_m >= 0))
        if bad.any() or not (np.isfinite(proxies.color).all() and np.isfinite(proxies.sigma_m).all()):
            findings.add(Finding("level light", f"a proxy among {start:,} to {stop:,} has no place, size or light"))
            return
        holder = np.searchsorted(levels.starts, np.arange(start, stop), side="right") - 1
        cells = np.array([of_child.get(pair, 0) for pair in zip(holder.tolist(), child.tolist())], np.int64)
        if (cells == 0).any():
            findings.add(Finding("level light", f"a proxy among {start:,} to {stop:,} stands for no cell"))
            return
        for column, values in enumerate((proxies.luminosity, flux_of(proxies))):
            shown[:, column] += np.bincount(cells, values, len(levels))
    off = (np.abs(shown[1:] - light[1:]) > TOLERANCE * light[1:]).any(axis=1)

    def finding(i: int) -> Finding:
        (afar, near), (true_afar, true_near) = shown[i], light[i]
        return Finding(
            "level light",
            f"cell {i:,} of the levels: its proxies have {afar / true_afar:.7g} of its stars' light, "
            f"{near / true_near:.7g} from the Sun",
        )

    findings.add_each("level light", np.flatnonzero(off) + 1, finding)


def _check_glow(levels: Levels, glow: NDArray[np.float64], findings: Findings) -> None:
    found = levels.glow.ravel()
    if not (np.abs(found - glow) <= TOLERANCE * np.maximum(glow, glow.mean())).all():
        findings.add(Finding("level light", "the glow map is not the light of the stars that the root does not keep"))


def _check_errors(
    root: zarr.Group, levels: Levels, leaves: Cells, offsets: NDArray[np.int64], findings: Findings
) -> None:
    """Measure the errors of some cells again: the first ones, and others spread evenly over the tree."""
    first = leaves.first_keys
    begin, end = levels.cells.first_keys, levels.cells.end_keys
    rows = np.stack([offsets[np.searchsorted(first, begin)], offsets[np.searchsorted(first, end)]], axis=1)
    small = np.flatnonzero((np.diff(rows, axis=1)[:, 0] <= MOST_REDRAWN) & (levels.extent_m[1:] > 0)) + 1
    if not len(small):
        return
    parent = levels.parent
    for cell in np.unique(small[np.linspace(0, len(small) - 1, REDRAWN).astype(np.int64)]).tolist():
        start, stop = (int(row) for row in rows[cell - 1])
        if stop <= start:  # all in a leaf of the universe that is larger
            continue
        lights, keys, _ = _stars(root, start, stop)
        below = (levels.owner(start, stop) >= levels.depth[cell]) & (
            keys_at(MAX_DEPTH, keys, int(levels.depth[cell])) == levels.key[cell]
        )
        holder = int(parent[cell])
        proxies, child = levels.proxies(int(levels.starts[holder]), int(levels.starts[holder + 1]))
        own: Lights = proxies.take(child == (int(levels.key[cell]) & 7))
        extent_m, table = table_from(own, *draw_stars(own, lights.take(below)))
        if not np.allclose(table, levels.table[cell], rtol=1e-3, atol=1e-4) or not np.isclose(
            extent_m, levels.extent_m[cell], rtol=1e-6
        ):
            text = f"cell {cell:,} of the levels: {levels.table[cell].ravel()[:WIDTHS]} ..., drawn again "
            findings.add(Finding("level error", f"{text}{table.ravel()[:WIDTHS]} ..."))


def _stars(root: zarr.Group, start: int, stop: int) -> tuple[Lights, NDArray[np.uint64], NDArray]:
    """Return the stars of rows [start, stop) as lights, their keys at MAX_DEPTH, and their magnitudes."""
    columns = {name: read_rows(root, f"emitters/{name}", start, stop) for name in LIGHT_COLUMNS}
    lights = stars_as_lights(columns)
    return lights, deepest_keys(lights.position_m), columns["phot_g_mean_mag"]
