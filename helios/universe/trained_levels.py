"""What training takes of the levels of detail of a universe, and what it makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

import numpy as np
import zarr
from numpy.typing import NDArray

from helios.cells import CellLike
from helios.grid import MAX_DEPTH, CellId, deepest_keys, keys_at
from helios.levels.branch import LIGHT_COLUMNS, stars_as_lights
from helios.levels.choice import PlaceGain, choose
from helios.levels.cut import LevelTree
from helios.levels.proxies import Lights
from helios.levels.standing import Standing
from helios.splats import CellResult
from helios.universe.arrays import write_array
from helios.universe.level_columns import LIGHT_COLUMNS_OF_PROXIES, TRAINED_CELLS, TRAINED_GROUP, Levels, trained_digest

if TYPE_CHECKING:
    from helios.universe.store import Universe

MOST_STARS = 1 << 20
"""Stars below a cell up to which what stands for it is trained: pictures of more take minutes to draw."""

BLOCK_ROWS = 1 << 18
"""Stars that are read together to judge what is trained."""


def trainable_levels(levels: Levels) -> NDArray[np.int64]:
    """Return the cells whose proxies training may change: those for which not only single stars stand, ascending."""
    return np.flatnonzero((levels.extent_m > 0) & (levels.below <= MOST_STARS))


def levels_around(universe: Universe, leaves: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the trainable cells of the levels that hold, or lie in, one of the `leaves`, indices into the universe."""
    cells = trainable_levels(universe.levels)
    asked, among = universe.cells[np.sort(leaves)], universe.levels.cells[cells - 1]  # which leave out the root
    begins = np.searchsorted(asked.end_keys, among.first_keys, side="right")
    return cells[np.searchsorted(asked.first_keys, among.end_keys) > begins]


def training_indices(universe: Universe, cells: CellLike | Iterable[CellLike] | None, levels: bool) -> list[int]:
    """Return the indices of what is trained for `cells`, one or several, or for all: see TrainingJournal.

    These are the cells themselves and, with `levels`, those of the levels that hold or lie in one of them. A cell that
    is split, but is one of the levels, stands for itself alone. Raises InputError for a cell that is neither.
    """
    count = len(universe)
    if cells is None:
        return [*range(count), *(count + trainable_levels(universe.levels) if levels else ())]
    one = isinstance(cells, int | np.integer | str | CellId)
    leaves, inner, trainable = set(), set(), set(trainable_levels(universe.levels).tolist())
    for cell in cast("Iterable[CellLike]", [cells] if one else cells):
        found = universe.levels.index_of(universe.tree.parse(cell) if isinstance(cell, str) else cell)
        if found in trainable and cell not in universe:
            inner.add(found)
        else:
            leaves.add(universe.index_of(cell))
    if levels and leaves:
        inner |= set(levels_around(universe, np.array(sorted(leaves))).tolist())
    return [*sorted(leaves), *(count + i for i in sorted(inner))]


def standing_of(universe: Universe, cell: int) -> Standing:
    """Return what stood for the `cell` of the levels before any training, and the stars that it stands for.

    Raises StoreError if they are damaged.
    """
    levels = universe.built_levels
    rows = levels.standing_rows(cell)
    proxies, _ = levels.proxies(int(rows[0]), int(rows[-1]) + 1)
    depth, key = int(levels.depth[cell]), int(levels.key[cell])
    leaves = universe.tree.span(universe.levels.cells[cell - 1])
    start, stop = int(universe.offsets[leaves.start]), int(universe.offsets[leaves.stop])
    stars = stars_as_lights(universe.columns(LIGHT_COLUMNS, start, stop))
    mine = levels.owner(start, stop) >= depth
    mine &= keys_at(MAX_DEPTH, deepest_keys(stars.position_m), depth) == np.uint64(key)
    return Standing(depth, key, proxies, stars.take(mine))


def write_trained_levels(
    root: zarr.Group, universe: Universe, results: Mapping[int, CellResult], settings: np.uint64
) -> tuple[int, list[PlaceGain]]:
    """Write TRAINED_GROUP into the store `root`, which has none: what `universe` has, and `results` by their cells.

    The splats of a result, in units of the frame of what stood for its cell, take its place where views of the whole
    are nearer to the stars for it (`helios.levels.choice`); return in how many cells, and what that gains at each
    place. Reads the stars. Raises StoreError if they are damaged.
    """
    levels, built = universe.levels, universe.built_levels
    lights, _ = levels.proxies()
    before, _ = built.proxies()
    extent_m, table, taken, codes = (
        column.copy() for column in (levels.extent_m, levels.table, levels.taken, levels.settings)
    )
    fits, tables = {}, {}
    for cell in sorted(results):
        rows = levels.standing_rows(cell)
        for name, column in vars(lights).items():
            column[rows] = getattr(before, name)[rows]
        extent_m[cell], table[cell], taken[cell], codes[cell] = built.extent_m[cell], built.table[cell], False, settings
        standing = standing_of(universe, cell)
        better = results[cell].outcome in ("trained", "mixed") and standing.trainable
        fit = standing.fit(results[cell].splats) if better else None
        if fit is not None:
            fits[cell], tables[cell] = fit, standing.table(fit)
    tree = LevelTree(levels.parent, levels.cells, levels.own, extent_m, table, lights, levels.proxy_cells)
    chosen, gains = choose(tree, fits, lambda: _star_blocks(universe))
    for cell in chosen:
        rows = levels.standing_rows(cell)
        for name, column in vars(lights).items():
            column[rows] = getattr(fits[cell], name)
        taken[cell], (extent_m[cell], table[cell]) = True, tables[cell]
    group = root.create_group(TRAINED_GROUP)
    columns = dict(zip(TRAINED_CELLS, (codes, taken, extent_m, table)))
    for name, column in (columns | {name: getattr(lights, name) for name in LIGHT_COLUMNS_OF_PROXIES}).items():
        write_array(group, name, column)
    group.attrs.put({"sha256": trained_digest(root)})
    return len(chosen), gains


def _star_blocks(universe: Universe) -> Iterator[tuple[Lights, NDArray[np.int64]]]:
    count = int(universe.offsets[-1])
    for start in range(0, count, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, count)
        stars = stars_as_lights(universe.columns(LIGHT_COLUMNS, start, stop))
        owner = universe.levels.owner(start, stop)
        yield stars, universe.levels.cells_of(deepest_keys(stars.position_m), owner)
