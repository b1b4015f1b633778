"""A universe on disk: its cells, their emitters, and the results of training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.cells import Bounds, CellLike, Cells, Indices, frames_of, half_sides_of
from helios.coords import stacked_positions_m
from helios.errors import InputError, StoreError
from helios.grid import CellId
from helios.splats import Cell, Emitters, Splats
from helios.universe.arrays import attributes_of, read_rows
from helios.universe.emitters import EMITTER_COLUMNS, EmitterColumns
from helios.universe.groups import BOX_COLUMNS, INNER_COLUMNS
from helios.universe.level_columns import Levels
from helios.universe.opening import open_store
from helios.universe.training import TrainedSplats
from helios.universe.tree import InnerCells, Tree

if TYPE_CHECKING:
    import zarr

    from helios import Display
    from helios.regions import Region
    from helios.universe.stars import StarData


class Universe:
    """The universe in the directory `path`, as `Universe.open` returns it; `len(universe)` is its number of cells M.

    `universe["2_2_2_1"]` is the view of a cell, iteration yields the views of all, and `"2_2_2_1" in universe` tests
    for one. Wherever a cell is an argument, it may be an index, a CellId or a name.

    `cells` are the leaves of its `tree`; `depth` is their common depth, None if it is adaptive: then cells with more
    than `leaf_capacity` stars were split. `offsets` int64 [M + 1]: the emitters of cell i are the rows offsets[i] to
    offsets[i + 1] - 1 of the columns `emitter_columns`, most luminous first. `provenance` says what it was made of;
    `fingerprint`, 64 hex digits, identifies what the build wrote. Emitters and splats are read on demand.
    """

    def __init__(self, path: Path, root: zarr.Group, indices: Sequence[NDArray], offsets: NDArray[np.int64]):
        self.path, self.offsets = path, offsets
        attributes: dict[str, Any] = dict(root.attrs)
        self.depth: int | None = attributes["depth"]
        self.leaf_capacity: int | None = attributes["leaf_capacity"]
        self.provenance: dict[str, Any] = attributes["provenance"]
        self.fingerprint: str = attributes["sha256"]
        self._root, self._indices = root, indices
        self._emitters = EmitterColumns(path, root, int(offsets[-1]))
        self.emitter_columns = self._emitters.names

    @classmethod
    def open(cls, path: Path | str) -> Universe:
        """Return the universe at `path`, with its metadata and cells checked; `helios validate` checks the rest.

        Only the store is read: `index.json` is for people and viewers. Raises InputError if there is no universe,
        StoreError if it is damaged, unfinished or of another version.
        """
        path = Path(path)
        return cls(path, *open_store(path))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, cell: CellLike) -> CellView:
        """Return the view of `cell`. Raises InputError as `index_of` does."""
        return CellView(self, self.index_of(cell))

    def __iter__(self) -> Iterator[CellView]:
        return (CellView(self, i) for i in range(len(self)))

    def __contains__(self, cell: object) -> bool:
        try:
            return isinstance(cell, str | CellId) and self.index_of(cell) >= 0
        except InputError:
            return False

    def __repr__(self) -> str:
        least, most = int(self.cells.depth.min()), int(self.cells.depth.max())
        depths = f"depth {least}" if least == most else f"depths {least} to {most}"
        stars, trained = f"{int(self.offsets[-1]):,} stars", f"{int(self.trained.sum()):,} trained"
        return f"<Universe {str(self.path)!r}: {stars} in {len(self):,} cells of {depths}, {trained}>"

    @property
    def bytes_read(self) -> int:
        """Bytes that were read from the files of the store so far."""
        return self._emitters.bytes_read

    @cached_property
    def cells(self) -> Cells:
        """The cells, leaves of the tree, in the order of their keys."""
        return Cells.at(*self._indices)

    @cached_property
    def tree(self) -> Tree:
        """The tree of the cells, which finds them by name and by position."""
        return Tree(self.cells, self.depth)

    @cached_property
    def _boxes(self) -> Bounds:
        low, high = (read_rows(self._root, f"cells/{name}") for name in BOX_COLUMNS)
        if not low.shape == high.shape == (len(self), 3):
            raise StoreError(f"{self.path}: damaged, its cells' boxes do not fit its cells; build the universe again")
        return low, high

    @cached_property
    def _frames(self) -> tuple[NDArray, NDArray, NDArray]:
        origin, half_extent = frames_of(*self._boxes)
        return origin, half_extent, np.linalg.norm(half_sides_of(*self._boxes), axis=-1) / half_extent

    @property
    def radii(self) -> NDArray[np.float64]:
        """Half the diagonals of the boxes around the cells' stars, float64 [M] cell units."""
        return self._frames[2]

    def bounds_m(self, indices: Indices = slice(None)) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (min, max), each float64 [N, 3] metres, of the cells at `indices`; see `Cells.bounds_m`."""
        return self.cells[indices].bounds_m()

    def star_boxes_m(self, indices: Indices = slice(None)) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (min, max), each float64 [N, 3] metres, of the boxes around the stars of the cells at `indices`."""
        return self._boxes[0][indices], self._boxes[1][indices]

    def frames_m(self, indices: Indices = slice(None)) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (origin [N, 3], half_extent [N]), float64 metres, of the cells at `indices`.

        They fit the stars of each cell: see `helios.cells.frames_of`.
        """
        return self._frames[0][indices], self._frames[1][indices]

    @cached_property
    def levels(self) -> Levels:
        """The levels of detail, as training left them. Raises StoreError if they are damaged."""
        return Levels(self._root)

    @cached_property
    def built_levels(self) -> Levels:
        """The levels of detail as they were built. Raises StoreError if they are damaged."""
        return Levels(self._root, built=True)

    def locate(self, position_m: ArrayLike) -> NDArray[np.int64]:
        """Return int64 [N]: the index of the cell that holds each position [N, 3], metres, or -1 if none does."""
        return self.tree.locate(position_m)

    def index_of(self, cell: CellLike) -> int:
        """Return the index of `cell`: an index, counted from the end if negative, a CellId, or a name (`Tree.parse`).

        Raises InputError if it is not a leaf of this universe.
        """
        if isinstance(cell, int | np.integer):
            if not -len(self) <= cell < len(self):
                raise InputError(f"cell of index {cell}: not in {self.path}, which has {len(self):,} cells")
            return int(cell) % len(self)
        cell = self.tree.parse(cell) if isinstance(cell, str) else cell
        i = self.tree.index_of(cell)
        if i < 0:
            leaves = len(self.tree.below(cell))
            split = f", {leaves:,} of them in it" if leaves else ""
            raise InputError(f"cell {cell}: not in {self.path}, which has {len(self):,} cells{split}")
        return i

    def indices_of(self, cells: CellLike | Iterable[CellLike] | None) -> list[int]:
        """Return the indices of `cells`, one or several, ascending and each once; of all for None. See `index_of`."""
        if cells is None:
            return list(range(len(self)))
        one = isinstance(cells, int | np.integer | str | CellId)
        several = cast("Iterable[CellLike]", [cells] if one else cells)
        return sorted({self.index_of(cell) for cell in several})

    @cached_property
    def inner(self) -> InnerCells:
        """The cells above the leaves, coarse ones first. Raises StoreError if they are damaged."""
        depth, l, theta, phi, *rest = (read_rows(self._root, f"inner/{name}") for name in INNER_COLUMNS)
        return InnerCells(Cells.at(depth, l, theta, phi), *rest)

    def cell(self, i: int) -> Cell:
        """Return the cell with index `i` and its emitters. Raises StoreError if these are damaged."""
        origin, half_extent, radius = (values[i] for values in self._frames)
        rows = self.columns(tuple(EMITTER_COLUMNS), int(self.offsets[i]), int(self.offsets[i + 1]))
        light = rows["phot_g_mean_mag"], rows["bp_rp"]
        emitters = Emitters.of_stars(stacked_positions_m(rows), *light, origin, half_extent)
        return Cell(self.cells[i], origin, float(half_extent), float(radius), emitters)

    def stars(
        self,
        columns: Iterable[str] | None = None,
        cells: CellLike | Iterable[CellLike] | None = None,
        within: Region | None = None,
    ) -> StarData:
        """Return the stars of `cells`, one or several, by default all, that are `within` a Cone or a Box.

        `columns` may be any of `emitter_columns` and `ra`, `dec` (ICRS degrees) and `distance_pc`, computed from the
        float64 metres; by default these three, `source_id`, `phot_g_mean_mag` and `bp_rp`. Stars are in the order of
        the store. Only cells that touch the region are read, in blocks of BLOCK_ROWS stars; the result tells their
        number and the bytes. Raises InputError for an unknown column or cell, StoreError for a damaged store.
        """
        from helios.universe.stars import query

        return query(self._emitters, self.cells, self.offsets, columns, self.indices_of(cells), within)

    def sample(self, count: int, seed: int = 0, columns: Iterable[str] | None = None) -> StarData:
        """Return `count` stars, drawn uniformly without replacement, in the order of the store.

        The same seed gives the same stars. `columns` as in `stars`. Raises InputError if there are fewer stars.
        """
        from helios.universe.stars import sample

        return sample(self._emitters, self.offsets, count, seed, columns)

    def columns(self, names: Iterable[str], start: int = 0, stop: int | None = None) -> dict[str, NDArray]:
        """Return the rows [start, stop) of the emitter columns `names`; see `EmitterColumns.rows`."""
        return self._emitters.rows(names, start, int(self.offsets[-1]) if stop is None else stop)

    @cached_property
    def training(self) -> TrainedSplats | None:
        """The results of training; None if no cell is trained. Raises StoreError if they are damaged."""
        if attributes_of(self._root, "splats") is None:
            return None
        return TrainedSplats(self._root, len(self))

    @property
    def trained(self) -> NDArray[np.bool_]:
        """Which cells have trained splats, bool [M]."""
        return np.zeros(len(self), bool) if self.training is None else self.training.trained

    def splats(self, cell: CellLike) -> Splats | None:
        """Return the trained splats of `cell`, in its cell units, or None if it is not trained."""
        return None if self.training is None else self.training.splats(self.index_of(cell))

    def show(self, **options: Any) -> Display:
        """Return it on show, which as the value of a notebook's cell is a frame with its sky; see `helios.show`."""
        import helios  # what shows is above this room, and the package's own names are loaded when they are used

        return helios.show(self, **options)

    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """Return the metrics of training by name: float64 [M] each, NaN for cells that are not trained."""
        return {} if self.training is None else self.training.metrics()


@dataclass(frozen=True)
class CellView:
    """The cell with index `index` of `universe`, as `universe[cell]` returns it; `len(cell)` is its number of stars."""

    universe: Universe
    index: int

    def __len__(self) -> int:
        return int(np.diff(self.universe.offsets[self.index : self.index + 2])[0])

    def __repr__(self) -> str:
        return f"<Cell {self.id} of {str(self.universe.path)!r}: {len(self):,} stars{', trained' * self.trained}>"

    @property
    def id(self) -> CellId:
        """Its place in the grid; `str(cell.id)` is its name."""
        return self.universe.cells[self.index]

    @property
    def bounds_m(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(min, max), float64 [3] metres each, of the smallest box around it; see `Cells.bounds_m`."""
        low, high = self.universe.bounds_m([self.index])
        return low[0], high[0]

    @property
    def frame_m(self) -> tuple[NDArray[np.float64], float]:
        """(origin [3], half_extent), float64 metres, of its stars: x in cell units is origin + half_extent * x."""
        origin, half_extent = self.universe.frames_m([self.index])
        return origin[0], float(half_extent[0])

    @property
    def radius(self) -> float:
        """Half the diagonal of the box around its stars, cell units: the "cell radius" of cameras and viewers."""
        return float(self.universe.radii[self.index])

    def stars(self, columns: Iterable[str] | None = None) -> StarData:
        """Return its stars as a table, the most luminous first; see `Universe.stars`."""
        return self.universe.stars(columns, cells=self.index)

    @property
    def emitters(self) -> Emitters:
        """Its stars as points of light, in cell units."""
        return self.universe.cell(self.index).emitters

    @property
    def trained(self) -> bool:
        """Whether it has splats."""
        return bool(self.universe.trained[self.index])

    @property
    def splats(self) -> Splats | None:
        """Its splats, in cell units; None if it is not trained."""
        return self.universe.splats(self.index)
