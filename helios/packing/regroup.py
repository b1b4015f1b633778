"""A universe as cells of one depth that are not its own, for a format whose grid is uniform and whose cells are small.

Leaves are sorted on the Morton curve: those in one cell of that depth follow each other, and a leaf that is larger
holds a run of such cells alone. So one pass over the leaves makes the cells in the order of their keys, and no more
than one of them, or one large leaf, is held at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios.cells import Cells, boxes_around, frames_of, from_cell_units, to_cell_units, widened
from helios.constants import R_MIN_M
from helios.coords import stacked_positions_m
from helios.grid import BEYOND_GRID, INSIDE_R_MIN, MAX_DEPTH, CellId, HLGrid, cell_keys, keys_at
from helios.light import luminosity
from helios.packing.pack_cells import OPACITY_LIMIT, PackCell, shown_splats
from helios.splats import Emitters, Splats

if TYPE_CHECKING:
    from helios.universe import Universe

SOME_SHELL_M = 2 * R_MIN_M
"""Where the grid has a cell in every direction."""

STAR_COLUMNS = ("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp")


class RegroupedCells:
    """The cells of `depth` that a universe fills, as `helios.packing.pack_cells.PackCells` describes them.

    A leaf of `depth` or deeper gives all it has to the cell that it lies in. A larger one is scattered: each splat
    goes to the cell in which its mean lies or, strayed out of the leaf, to that of the leaf's cells that is nearest.
    So splats stay with the stars of their leaf. Stars are placed by their float64 positions and sorted as in a universe
    of `depth`, behind the splats of trained leaves: without training the cells are those of such a universe.
    `stars_only` takes the stars of trained leaves too.
    """

    def __init__(self, universe: Universe, stars_only: bool, depth: int):
        self._grid = HLGrid(depth)
        self._universe = universe
        self._trained = universe.trained
        self._shown = np.zeros_like(self._trained) if stars_only else self._trained
        self._origins, self._half_extents = universe.frames_m()
        first = keys_at(MAX_DEPTH, universe.cells.first_keys, depth)
        self._starts = np.flatnonzero(np.r_[True, first[1:] != first[:-1], True])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def step(self, number: int) -> Iterator[PackCell]:
        """The cells that one run of leaves fills and no other leaf does, in the order of their keys."""
        leaves = range(int(self._starts[number]), int(self._starts[number + 1]))
        parts = [self._splats(i) for i in leaves if self._shown[i]]
        trained = sum(len(part.keys) for part in parts)
        untrained = [i for i in leaves if not self._shown[i]]
        if untrained:
            parts.append(self._stars(untrained))
        order = np.argsort(np.concatenate([part.keys for part in parts]), kind="stable")
        sorted_keys = np.concatenate([part.keys for part in parts])[order]
        keys, starts = np.unique(sorted_keys, return_index=True)
        above = self._grid.depth - int(self._universe.cells.depth[leaves.start])
        if above > 0:
            boxes = boxes_around(np.concatenate([part.position_m for part in parts])[order], starts)
        else:
            low, high = self._universe.star_boxes_m(slice(leaves.start, leaves.stop))
            boxes = low.min(axis=0, keepdims=True), high.max(axis=0, keepdims=True)
        (origins, half_extents), (low, high) = frames_of(*boxes), widened(*boxes)
        places = [np.searchsorted(keys, part.keys) for part in parts]
        splats = _joined([part.splats_in(origins[at], half_extents[at]) for part, at in zip(parts, places)])
        cells = Cells(np.full(len(keys), self._grid.depth, np.uint8), keys)
        levels_up = above if above > 0 and self._trained[leaves.start] else 0
        for n, (start, stop) in enumerate(zip(starts, [*starts[1:], len(order)])):
            yield PackCell(
                id=cells[n],
                origin_m=origins[n],
                half_extent_m=float(half_extents[n]),
                bounds_m=(low[n], high[n]),
                splats=_taken(splats, order[start:stop]),
                trained=bool(order[start] < trained),
                levels_up=levels_up,
            )

    def _splats(self, i: int) -> _Part:
        """The trained splats of leaf `i`."""
        splats, size = shown_splats(self._universe, i), self._half_extents[i]
        position_m = from_cell_units(splats.means, self._origins[i], size)

        def splats_in(origins_m, half_extents_m):
            return replace(
                splats,
                means=to_cell_units(position_m, origins_m, half_extents_m),
                scales=(splats.scales.astype(np.float64) * (size / half_extents_m)[:, None]).astype(np.float32),
            )

        return _Part(keys_in(self._universe.cells[i], position_m, self._grid), position_m, splats_in)

    def _stars(self, leaves: Sequence[int]) -> _Part:
        """The stars of `leaves` as splats, brightest first."""
        offsets = self._universe.offsets
        parts = [self._universe.columns(STAR_COLUMNS, int(offsets[i]), int(offsets[i + 1])) for i in leaves]
        rows = {name: np.concatenate([part[name] for part in parts]) for name in STAR_COLUMNS}
        position_m = stacked_positions_m(rows)
        distance_m = np.linalg.norm(position_m, axis=-1)
        order = np.lexsort((rows["source_id"], -luminosity(rows["phot_g_mean_mag"], distance_m)))
        position_m = position_m[order]
        mag, bp_rp = rows["phot_g_mean_mag"][order], rows["bp_rp"][order]

        def splats_in(origins_m, half_extents_m):
            return Splats.points(Emitters.of_stars(position_m, mag, bp_rp, origins_m, half_extents_m), OPACITY_LIMIT)

        return _Part(cell_keys(*self._grid.locate(position_m)), position_m, splats_in)


@dataclass(frozen=True)
class _Part:
    """N splats: the keys uint64 [N] of their cells, their places float64 [N, 3] metres, and what gives them in frames.

    `splats_in(origins_m [N, 3], half_extents_m [N])` returns the Splats in units of these frames.
    """

    keys: NDArray[np.uint64]
    position_m: NDArray[np.float64]
    splats_in: Callable[[NDArray[np.float64], NDArray[np.float64]], Splats]


def keys_in(leaf: CellId, position_m: NDArray[np.float64], grid: HLGrid) -> NDArray[np.uint64]:
    """Return the keys uint64 [N], in `grid`, of those of the cells in `leaf` that are nearest to positions [N, 3].

    That is the cell that holds the position wherever the leaf does; from elsewhere the one that is the fewest cells
    away along each axis of the grid, around the circle in longitude. A leaf that is no larger than a cell of `grid`
    has but one: the cell that it lies in.
    """
    if leaf.depth >= grid.depth:
        return np.full(len(position_m), keys_at(leaf.depth, leaf.key, grid.depth))
    width = 1 << grid.depth - leaf.depth
    r = np.linalg.norm(position_m, axis=-1, keepdims=True)
    # The direction of a place inside r_min, or beyond the grid, is that of the place above or below it in a shell.
    _, theta, phi = grid.locate(np.divide(position_m, r, out=np.ones_like(position_m), where=r > 0) * SOME_SHELL_M)
    l = grid.locate(position_m)[0]
    l = np.where(l == INSIDE_R_MIN, 0, np.where(l == BEYOND_GRID, grid.n_l - 1, l))
    ahead = (theta - leaf.theta * width) % grid.n_theta
    behind = grid.n_theta - ahead
    theta_in = np.where(ahead < width, ahead, np.where(ahead - (width - 1) <= behind, width - 1, 0))
    return cell_keys(
        np.clip(l, leaf.l * width, (leaf.l + 1) * width - 1),
        leaf.theta * width + theta_in,
        np.clip(phi, leaf.phi * width, (leaf.phi + 1) * width - 1),
    )


def _joined(parts: Sequence[Splats]) -> Splats:
    return Splats(*(np.concatenate(columns) for columns in zip(*(vars(part).values() for part in parts))))


def _taken(splats: Splats, order: NDArray[np.intp]) -> Splats:
    return Splats(*(column[order] for column in vars(splats).values()))
