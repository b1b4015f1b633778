"""A universe as it lies on disk: its cells, their emitters, and what training made of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError, StoreError
from helios.grid import CellId, HLGrid, cell_keys
from helios.splats import Cell, Emitters, Splats
from helios.universe.arrays import metadata_digest, open_root, read_rows
from helios.universe.index import check_version, grid_config, read_index
from helios.universe.paths import index_path, store_path
from helios.universe.replace import restore

if TYPE_CHECKING:
    from helios.universe.training import TrainedSplats

VERSION = 1
"""Version of the store that this program writes, and the newest that it reads."""

EMITTER_COLUMNS = {
    "source_id": np.int64,
    "x_m": np.float64,
    "y_m": np.float64,
    "z_m": np.float64,
    "phot_g_mean_mag": np.float32,
    "bp_rp": np.float32,
}
"""Columns of the group `emitters`: position in barycentric mean ecliptic J2000 metres, magnitudes as catalogued."""

OPTIONAL_EMITTER_COLUMNS = {"distance_lower_pc": np.float32, "distance_upper_pc": np.float32, "velocity": np.float32}
"""Columns that only some universes have, by the options of their build.

With `--distance edsd` the 16 % and 84 % quantiles of each star's distance, parsecs; with `--epoch` its `velocity`
[N, 3], units of its cell per Julian year along the axes of its position.
"""

CELL_COLUMNS = {"l": np.int32, "theta": np.int32, "phi": np.int32, "offsets": np.int64}
"""Columns of the group `cells`; `offsets` has one more row than there are cells."""

BUILT_GROUPS = ("cells", "emitters")
"""What a build writes and nothing changes afterwards."""

BLOCK_ROWS = 1 << 16
"""Emitters of a column that are read together: 40 bytes each for all of EMITTER_COLUMNS."""

BLOCKS_KEPT = 16
"""Blocks of each column that are kept."""


class Cells(NamedTuple):
    """The indices of M cells, each int32 [M], sorted by Morton key."""

    l: NDArray[np.int32]
    theta: NDArray[np.int32]
    phi: NDArray[np.int32]

    def name(self, i: int) -> str:
        """L_THETA_PHI of the cell of index `i`."""
        return "_".join(str(column[i]) for column in self)


class Universe:
    """The universe in the directory `path`; `len(universe)` is its number of cells M. Made by `Universe.open`.

    `grid` is its HLGrid; `cells` its Cells, also as `l`, `theta` and `phi`; `offsets` int64 [M + 1]: the emitters
    of cell i are the rows offsets[i] to offsets[i + 1] of the emitter columns, most luminous first; `emitter_columns`
    names these. `index` is the manifest as read, `provenance` says what it was made of, and `fingerprint` names that
    in 64 hex digits. Emitters and splats are read when they are asked for.
    """

    def __init__(self, path: Path, root, grid: HLGrid, cells: Cells, offsets: NDArray[np.int64], index: dict[str, Any]):
        self.path, self.grid, self.cells, self.offsets, self.index = path, grid, cells, offsets, index
        self.l, self.theta, self.phi = cells
        self.provenance: dict[str, Any] = root.attrs["provenance"]
        self.fingerprint: str = root.attrs["sha256"]
        self._root = root
        optional = tuple(name for name in OPTIONAL_EMITTER_COLUMNS if name in root["emitters"])
        self.emitter_columns = (*EMITTER_COLUMNS, *optional)
        self._block = lru_cache(maxsize=BLOCKS_KEPT * len(self.emitter_columns))(self._read_block)

    @classmethod
    def open(cls, path: Path | str) -> Universe:
        """Return the universe at `path`, its manifest, metadata and cells checked; see `verify` for the rest.

        Raises InputError where there is none, StoreError where it is damaged, unfinished or of a newer version.
        """
        path = Path(path)
        restore(path)
        store = store_path(path)
        if not path.is_dir():
            raise InputError(f"{path}: no universe there (make one with `helios build -o {path}`)")
        if not (store / "zarr.json").exists():
            if not index_path(path).exists():
                raise InputError(f"{path}: not a universe (make one with `helios build`)")
            raise StoreError(f"{store}: missing; build the universe again")
        root = open_root(store)
        attributes = dict(root.attrs)
        check_version(store, attributes.get("version"), VERSION)
        if attributes.pop("sha256", None) != metadata_digest(root, BUILT_GROUPS, attributes):
            raise StoreError(f"{store}: damaged, its metadata do not have their checksum; build the universe again")
        columns = [read_rows(root["cells"], name) for name in CELL_COLUMNS]
        index = read_index(index_path(path))
        universe = cls(path, root, HLGrid(attributes["depth"]), Cells(*columns[:3]), columns[3], index)
        universe._check_index()
        return universe

    def __len__(self) -> int:
        return len(self.cells.l)

    @property
    def depth(self) -> int:
        """Depth of the grid."""
        return self.grid.depth

    @cached_property
    def cell_ids(self) -> tuple[CellId, ...]:
        """The cells' ids, in order."""
        return tuple(CellId(self.depth, *index) for index in zip(*(c.tolist() for c in self.cells)))

    @cached_property
    def _keys(self) -> NDArray[np.uint64]:
        return cell_keys(*self.cells)

    @cached_property
    def _frames(self) -> tuple[NDArray, NDArray, NDArray]:
        low, high = self.grid.bounds_m(*self.cells)
        origin, half_extent = self.grid.frames_m(*self.cells)
        return origin, half_extent, np.linalg.norm((high - low) / 2, axis=-1) / half_extent

    def index_of(self, cell: CellId) -> int:
        """The place of `cell` among the cells. Raises InputError where this universe does not have it."""
        if cell.depth == self.depth:
            i = int(np.searchsorted(self._keys, np.uint64(cell.key)))
            if i < len(self) and self._keys[i] == cell.key:
                return i
        raise InputError(f"cell {cell} at depth {cell.depth}: not in {self.path}, which has {len(self)} cells")

    def cell(self, i: int) -> Cell:
        """The cell of index `i` with its emitters. Raises StoreError where they are damaged."""
        from helios.color import color_from_bp_rp
        from helios.light import luminosity

        origin, half_extent, radius = (values[i] for values in self._frames)
        rows = self.columns(tuple(EMITTER_COLUMNS), int(self.offsets[i]), int(self.offsets[i + 1]))
        position = np.stack([rows["x_m"], rows["y_m"], rows["z_m"]], axis=-1)
        distance = np.linalg.norm(position, axis=-1) / half_extent
        return Cell(
            id=CellId(self.depth, *(int(column[i]) for column in self.cells)),
            origin_m=origin,
            half_extent_m=float(half_extent),
            radius=float(radius),
            emitters=Emitters(
                means=((position - origin) / half_extent).astype(np.float32),
                luminosities=luminosity(rows["phot_g_mean_mag"], distance).astype(np.float32),
                colors=color_from_bp_rp(rows["bp_rp"]),
            ),
        )

    def columns(self, names: Iterable[str], start: int = 0, stop: int | None = None) -> dict[str, NDArray]:
        """Rows [start, stop) of the emitter columns `names`, of those in `emitter_columns`, as they are stored.

        Reads whole blocks and keeps the last of them, so that going through the cells in order reads each once.
        Raises InputError for a column that this universe does not have, StoreError where the store is damaged.
        """
        stop = int(self.offsets[-1]) if stop is None else stop
        names = tuple(names)
        unknown = next((name for name in names if name not in self.emitter_columns), None)
        if unknown is not None:
            raise InputError(f"{self.path}: no column {unknown} (it has {', '.join(self.emitter_columns)})")
        first, last = start // BLOCK_ROWS, max(-(-stop // BLOCK_ROWS), start // BLOCK_ROWS + 1)
        rows = slice(start - first * BLOCK_ROWS, stop - first * BLOCK_ROWS)
        columns = {}
        for name in names:
            blocks = [self._block(name, number) for number in range(first, last)]
            columns[name] = (blocks[0] if len(blocks) == 1 else np.concatenate(blocks))[rows]
        return columns

    def _read_block(self, name: str, number: int) -> NDArray:
        start = number * BLOCK_ROWS
        stop = min(start + BLOCK_ROWS, int(self.offsets[-1]))
        return read_rows(self._root["emitters"], name, start, stop)

    @cached_property
    def training(self) -> TrainedSplats | None:
        """What training made of this universe; None where it is not trained."""
        if "splats" not in self._root:
            return None
        from helios.universe.training import TrainedSplats

        return TrainedSplats(self._root, self.index, np.diff(self.offsets))

    @property
    def trained(self) -> NDArray[np.bool_]:
        """Which cells have trained splats, bool [M]."""
        return np.zeros(len(self), bool) if self.training is None else self.training.trained

    def splats(self, i: int) -> Splats | None:
        """The trained splats of the cell of index `i`; None where it is not trained."""
        return None if self.training is None else self.training.splats(i)

    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """What training measured, by name: float64 [M] each, NaN where a cell is not trained."""
        return {} if self.training is None else self.training.metrics()

    def verify(self) -> None:
        """Read every emitter and every splat. Raises StoreError, naming the file, where one is damaged."""
        for number in range(-(-int(self.offsets[-1]) // BLOCK_ROWS)):
            for name in self.emitter_columns:
                self._read_block(name, number)
        for i in np.flatnonzero(self.trained):
            self.splats(i)

    def _check_index(self) -> None:
        cells, path = self.index["cells"], index_path(self.path)
        listed = np.array([[c["id"]["l"], c["id"]["theta"], c["id"]["phi"]] for c in cells]).reshape(-1, 3)
        problem = None
        if self.index.get("config") != grid_config(self.grid):
            problem = "its grid is not the store's"
        elif not np.array_equal(listed, np.stack(self.cells, axis=-1)):
            problem = "its cells are not the store's"
        else:
            trained = np.array([c["trained"] for c in cells])
            counts = np.array([c["splat_count"] for c in cells])
            wrong = np.flatnonzero(~trained & (counts != np.diff(self.offsets)))
            if len(wrong):
                problem = f"cell {self.cell_ids[wrong[0]]} has {counts[wrong[0]]} splats, the store has another number"
        if problem:
            raise StoreError(f"{path}: damaged, {problem}; build the universe again")
