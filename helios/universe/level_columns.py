"""The levels of detail in the store: the groups `levels` and `proxies`, and who keeps each star."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import zarr
from numba import njit
from numpy.typing import DTypeLike, NDArray

from helios.cells import Cells
from helios.errors import StoreError
from helios.grid import MAX_DEPTH, CellId
from helios.levels.branch import LevelCells
from helios.levels.cut import LevelTree, stars_below
from helios.levels.error_table import WIDTHS
from helios.levels.glow import GLOW_N
from helios.levels.proxies import Lights
from helios.levels.top import Top
from helios.simd import EXACT
from helios.universe.arrays import attributes_of, folder_of, metadata_digest, read_rows, write_array, write_pieces

CELL_COLUMNS: dict[str, tuple[DTypeLike, tuple[int, ...]]] = {
    "depth": (np.int8, ()),
    "key": (np.uint64, ()),
    "own": (np.int64, ()),
    "extent_m": (np.float64, ()),
    "table": (np.float32, (2, WIDTHS)),
}
"""Columns [C] of the group `levels`, as in `helios.levels.branch.LevelCells`, the root first; beside them stand
`starts` int64 [C + 1], `owner` int8 [N], the depth of the cell that keeps each star, -1 for the root, and `glow`
float64 [6, n, n], the light, steradians, of all stars that the root does not keep, with its mean color `tint` float64
[3]."""

PROXY_COLUMNS: dict[str, tuple[DTypeLike, tuple[int, ...]]] = {
    "position_m": (np.float64, (3,)),
    "sigma_m": (np.float64, ()),
    "luminosity": (np.float64, ()),
    "color": (np.float32, (3,)),
    "child": (np.uint8, ()),
}
"""Columns [P] of the group `proxies`."""

LEVEL_GROUPS = ("levels", "proxies")

TRAINED_GROUP = "trained_levels"
"""The group with what training made of the levels: the columns of proxies but `child`, and of cells `extent_m` and
`table`, in place of those of the build; with which `settings` uint64 [C] each cell was trained, 0 for none, and
whether its proxies are `taken` bool [C], or those of the build because training made its table no better."""

TRAINED_CELLS: dict[str, tuple[DTypeLike, tuple[int, ...]]] = {
    "settings": (np.uint64, ()),
    "taken": (np.bool_, ()),
    "extent_m": CELL_COLUMNS["extent_m"],
    "table": CELL_COLUMNS["table"],
}

LIGHT_COLUMNS_OF_PROXIES = tuple(name for name in PROXY_COLUMNS if name != "child")


@dataclass(frozen=True)
class LevelParts:
    """The levels as they were made: those above the branches, each branch, and who keeps its stars.

    `above` has a cell for each of `top`; that of a branch stands for the first cell of the branch, whose error is not
    in it. `glow` float64 [6 n^2] is the light of the glow map, steradians, `tint` float64 [3] the sum of its light by
    color.
    """

    top: Top
    above: LevelCells
    branches: Sequence[LevelCells]
    owners: Sequence[NDArray[np.int8]]
    glow: NDArray[np.float64]
    tint: NDArray[np.float64]

    def write(self, root: zarr.Group) -> None:
        """Write the groups `levels` and `proxies` of `root`, replacing what a killed process left of them."""
        levels, proxies = (root.create_group(name, overwrite=True) for name in LEVEL_GROUPS)
        self._put(levels, CELL_COLUMNS, lambda level, name: getattr(level, name))
        self._put(proxies, PROXY_COLUMNS, _proxy_column)
        counts = np.concatenate([np.diff(level.starts) for level in self._ordered()])
        write_array(levels, "starts", np.r_[0, np.cumsum(counts)])
        write_pieces(levels, "owner", np.int8, (), self.owners)
        write_array(levels, "glow", np.ascontiguousarray(self.glow.reshape(6, GLOW_N, GLOW_N)))
        write_array(levels, "tint", self.tint / max(float(self.glow.sum()), 1e-300))

    def _put(self, group: zarr.Group, columns: dict[str, Any], of: Callable[[LevelCells, str], NDArray]) -> None:
        for name, (dtype, shape) in columns.items():
            write_pieces(group, name, dtype, shape, [of(level, name) for level in self._ordered()])

    def _ordered(self) -> Iterator[LevelCells]:
        """All cells in order, in pieces; a branch with the error of its first cell in place."""
        number = {int(cell): i for i, cell in enumerate(self.top.branches)}
        for cell in range(len(self.above)):
            if cell not in number:
                yield _part(self.above, cell)
                continue
            branch = self.branches[number[cell]]
            if len(branch):
                extent_m, table = branch.extent_m.copy(), branch.table.copy()
                extent_m[0], table[0] = self.above.extent_m[cell], self.above.table[cell]
                yield LevelCells(**vars(branch) | {"extent_m": extent_m, "table": table})


def _part(level: LevelCells, cell: int) -> LevelCells:
    rows = slice(int(level.starts[cell]), int(level.starts[cell + 1]))
    columns = {name: getattr(level, name)[cell : cell + 1] for name in CELL_COLUMNS}
    starts = level.starts[cell : cell + 2] - level.starts[cell]
    return LevelCells(**columns, proxies=level.proxies.take(rows), child=level.child[rows], starts=starts)


def _proxy_column(level: LevelCells, name: str) -> NDArray:
    return level.child if name == "child" else getattr(level.proxies, name)


def trained_digest(root: zarr.Group) -> str:
    """Return the SHA-256, in hex, of the metadata of the arrays of TRAINED_GROUP."""
    names = (*TRAINED_CELLS, *LIGHT_COLUMNS_OF_PROXIES)
    return metadata_digest(root, tuple(f"{TRAINED_GROUP}/{name}" for name in names), {})


class Levels:
    """The levels of detail of a universe; `len(levels)` is the number C of their cells, the root first.

    `depth` int8, -1 for the root, `key` uint64 and `own` int64 [C]: the cells, each before those below it, in Morton
    order, and how many stars each keeps. `starts` int64 [C + 1]: which rows of the proxies each holds for its children.
    `extent_m` float64 [C] and `table` float32 [C, 2, WIDTHS]: the error of what stands for each
    (`helios.levels.error_table`). `glow` float64 [6, n, n] and `tint` float64 [3]: the glow map, and its color.
    `settings` uint64 [C] and `taken` bool [C]: as in TRAINED_GROUP, 0 and False where nothing is trained.

    Proxies, extents and tables are those that training left, if any, as `trained` says; with `built` those that it
    starts from. Raises StoreError where they are damaged.
    """

    def __init__(self, root: zarr.Group, built: bool = False):
        attributes = attributes_of(root, TRAINED_GROUP)
        trained = attributes is not None
        if attributes is not None and attributes.get("sha256") != trained_digest(root):
            raise StoreError(
                f"{folder_of(root)}: damaged, its trained levels' metadata do not have their checksum; train it again"
            )
        self.trained = trained and not built
        self._root, self._lights = root, TRAINED_GROUP if self.trained else "proxies"
        self.depth, self.key, self.own = (read_rows(root, f"levels/{name}") for name in ("depth", "key", "own"))
        errors = TRAINED_GROUP if self.trained else "levels"
        self.extent_m, self.table = (read_rows(root, f"{errors}/{name}") for name in ("extent_m", "table"))
        self.starts = read_rows(root, "levels/starts")
        self.settings, self.taken = (
            read_rows(root, f"{TRAINED_GROUP}/{name}") if trained else np.zeros(len(self.depth), dtype)
            for name, dtype in (("settings", np.uint64), ("taken", bool))
        )
        if not all(len(c) == len(self) for c in (self.extent_m, self.table, self.settings, self.taken)):
            raise StoreError(f"{folder_of(root)}: damaged, its levels and what is trained of them do not agree")

    def __len__(self) -> int:
        return len(self.depth)

    @cached_property
    def glow(self) -> NDArray[np.float64]:
        return read_rows(self._root, "levels/glow")

    @cached_property
    def tint(self) -> NDArray[np.float64]:
        return read_rows(self._root, "levels/tint")

    @cached_property
    def parent(self) -> NDArray[np.int64]:
        """The index of the parent of each cell, int64 [C]; -1 for the root."""
        parent, last = np.full(len(self), -1), [0] * (MAX_DEPTH + 2)
        for cell, depth in enumerate(self.depth.tolist()):
            last[depth + 1] = cell
            if depth >= 0:
                parent[cell] = last[depth]
        return parent

    def owner(self, start: int = 0, stop: int | None = None) -> NDArray[np.int8]:
        """Return the depth of the cell that keeps each of the stars of the rows [start, stop), -1 for the root."""
        return read_rows(self._root, "levels/owner", start, stop)

    def proxies(self, start: int = 0, stop: int | None = None) -> tuple[Lights, NDArray[np.uint8]]:
        """Return the proxies of the rows [start, stop), and for which child of its cell each is, uint8."""
        columns = (read_rows(self._root, f"{self._lights}/{name}", start, stop) for name in LIGHT_COLUMNS_OF_PROXIES)
        return Lights(*columns), read_rows(self._root, "proxies/child", start, stop)

    def standing_rows(self, cell: int) -> NDArray[np.int64]:
        """Return the rows of the proxies that stand for `cell`, which is not the root."""
        start, stop = (int(row) for row in self.starts[self.parent[cell] : self.parent[cell] + 2])
        child = read_rows(self._root, "proxies/child", start, stop)
        return start + np.flatnonzero(child == (int(self.key[cell]) & 7))

    @cached_property
    def below(self) -> NDArray[np.int64]:
        """How many stars each cell and those below it keep together, int64 [C]."""
        return stars_below(self.own, self.parent)

    def cells_of(self, keys: NDArray[np.uint64], owner: NDArray[np.int8]) -> NDArray[np.int64]:
        """Return int64 [N]: the cells that keep stars with `keys` at MAX_DEPTH, whose `owner` [N] is known."""
        order, first = self._by_depth
        found = np.zeros(len(keys), np.int64)
        ordered = self.key.view(np.int64)[order]
        _find(keys.view(np.int64), owner.astype(np.int8, copy=False), order, ordered, first, found)
        return found

    @cached_property
    def _by_depth(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The cells in the order of depths and of keys, and where those of each depth from 0 on begin."""
        order = np.lexsort((self.key, self.depth))
        return order, np.searchsorted(self.depth[order], np.arange(MAX_DEPTH + 2, dtype=np.int8))

    @cached_property
    def proxy_cells(self) -> NDArray[np.int64]:
        """For which cell each proxy stands, int64 [P]."""
        child = read_rows(self._root, "proxies/child")
        holder = np.repeat(np.arange(len(self)), np.diff(self.starts))
        # Children of a cell follow each other as their numbers do.
        pairs = self.parent[1:] * 8 + (self.key[1:] & np.uint64(7)).astype(np.int64)
        order = np.argsort(pairs)
        return 1 + order[np.searchsorted(pairs[order], holder * 8 + child)]

    @cached_property
    def soft_counts(self) -> NDArray[np.int64]:
        """How many proxies that are no points stand for each cell, int64 [C]."""
        soft = read_rows(self._root, f"{self._lights}/sigma_m") > 0
        return np.bincount(self.proxy_cells[soft], minlength=len(self))

    def index_of(self, cell: object) -> int:
        """Return the index of `cell`, a CellId; -1 where it is none, or no cell of the levels."""
        if not isinstance(cell, CellId):
            return -1
        found = np.flatnonzero((self.depth == cell.depth) & (self.key == np.uint64(cell.key)))
        return int(found[0]) if len(found) else -1

    def tree(self) -> LevelTree:
        """Return cells and all proxies as `helios.levels.cut` cuts them; memory: 80 bytes a proxy."""
        proxies, _ = self.proxies()
        return LevelTree(self.parent, self.cells, self.own, self.extent_m, self.table, proxies, self.proxy_cells)

    @property
    def cells(self) -> Cells:
        """The cells without the root."""
        return Cells(self.depth[1:].astype(np.uint8), self.key[1:])


@njit(**EXACT)
def _find(keys, owner, order, ordered, first, found):
    """Fill `found` with the cells of `order` whose key, `ordered`, is that of `keys` at the depth `owner`."""
    last = first[:-1].copy()  # most stars lie in a cell of one before them
    for star in range(len(keys)):
        depth = owner[star]
        if depth < 0 or depth > MAX_DEPTH or first[depth] == first[depth + 1]:
            continue
        key = keys[star] >> 3 * (MAX_DEPTH - depth)
        low, high = first[depth], first[depth + 1] - 1
        if ordered[last[depth]] == key:
            low = high = last[depth]
        while low < high:
            middle = (low + high) // 2
            if ordered[middle] < key:
                low = middle + 1
            else:
                high = middle
        last[depth] = low
        found[star] = order[low]
