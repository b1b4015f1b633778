"""The group `splats` of the store of a universe: the results of training its cells."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from helios.errors import StoreError
from helios.splats import CellResult, Splats
from helios.universe.arrays import attributes_of, metadata_digest, read_rows, write_array

GROUP = "splats"

SPLAT_COLUMNS = ("means", "quats", "scales", "opacities", "colors")
"""Columns of the group `splats`, one row per splat, as in `helios.splats.Splats`."""

OUTCOMES = ("", "trained", "start", "exact", "diverged", "mixed")
"""The outcomes of training by their codes in the store (see `CellResult`); 0 is a cell that is not trained."""

BLOCK_ROWS = 1 << 16
"""Number of splats that are read together: 56 bytes each."""


def check_finite(cell: CellResult) -> None:
    """Raise StoreError if the splats of `cell` hold a NaN or an infinity."""
    for name in SPLAT_COLUMNS:
        if not np.isfinite(getattr(cell.splats, name)).all():
            raise StoreError(f"cell of index {cell.index}: {name} of its splats are not all finite; it is not stored")


class TrainedSplats:
    """Splats and metrics in the store `root` of a universe of M = `cells` cells.

    `offsets` int64 [M + 1]: the splats of cell i are the rows offsets[i] to offsets[i + 1] - 1. `settings` uint64 [M]
    identifies the settings with which each cell was trained, `outcomes` uint8 [M] is the index of its outcome in
    OUTCOMES. Raises StoreError if the group is damaged or does not fit the cells.
    """

    def __init__(self, root: Any, cells: int):
        attributes = attributes_of(root, GROUP) or {}
        if attributes.pop("sha256", None) != splats_digest(root, attributes):
            raise StoreError(
                f"{root.store.root}: damaged, its splats' metadata do not have their checksum; train it again"
            )
        self._group, names = root[GROUP], attributes.get("metrics")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise StoreError(f"{root.store.root}: damaged, no names of metrics; train it again")
        self._names = names
        self.offsets = read_rows(self._group, "offsets")
        self.settings = read_rows(self._group, "settings")
        self.outcomes = read_rows(self._group, "outcomes")
        sizes = (len(self.offsets) - 1, len(self.settings), len(self.outcomes))
        if sizes != (cells, cells, cells) or not np.array_equal(np.diff(self.offsets) > 0, self.trained):
            raise StoreError(f"{root.store.root}: damaged, its cells and its splats do not agree; train it again")
        self._block = functools.lru_cache(maxsize=16)(self._read_block)

    @property
    def trained(self) -> NDArray[np.bool_]:
        """Which cells have splats, bool [M]."""
        return self.outcomes > 0

    def splats(self, i: int) -> Splats | None:
        """Return the splats of the cell with index `i`, or None if it is not trained."""
        if not self.outcomes[i]:
            return None
        return Splats(*self._columns_of(i))

    def _columns_of(self, i: int) -> tuple[NDArray, ...]:
        start, stop = int(self.offsets[i]), int(self.offsets[i + 1])
        numbers = range(start // BLOCK_ROWS, (stop - 1) // BLOCK_ROWS + 1)
        first = start // BLOCK_ROWS * BLOCK_ROWS
        joined = (np.concatenate([self._block(n)[c] for n in numbers]) for c in range(len(SPLAT_COLUMNS)))
        return tuple(column[start - first : stop - first] for column in joined)

    def result(self, i: int) -> CellResult:
        """Return the stored result of the trained cell with index `i`."""
        metrics = {name: float(values[i]) for name, values in self._metrics.items()}
        return CellResult(i, Splats(*self._columns_of(i)), metrics, OUTCOMES[self.outcomes[i]])

    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """Return the metrics of training by name: float64 [M] each, NaN for cells that are not trained."""
        return self._metrics

    @functools.cached_property
    def _metrics(self) -> dict[str, NDArray[np.float64]]:
        values = read_rows(self._group, "metrics")
        if values.ndim != 2 or values.shape[1] != len(self._names):
            raise StoreError(
                f"{self._group.store.root}: damaged, {len(self._names)} names of metrics of shape {values.shape}; "
                "train it again"
            )
        return {name: values[:, column] for column, name in enumerate(self._names)}

    def _read_block(self, number: int) -> tuple[NDArray, ...]:
        start, stop = number * BLOCK_ROWS, min((number + 1) * BLOCK_ROWS, int(self.offsets[-1]))
        return tuple(read_rows(self._group, name, start, stop) for name in SPLAT_COLUMNS)


def write_splats(root: zarr.Group, cells: int, trained: Mapping[int, tuple[CellResult, np.uint64]]) -> None:
    """Write the group `splats` into the store `root` of `cells` cells, which has none yet.

    `trained` maps the index of a cell to its result and the code of its settings. Raises StoreError, and writes
    nothing, if splats are not finite.
    """
    results = [trained[i][0] for i in sorted(trained)]
    for cell in results:
        check_finite(cell)
    index = [cell.index for cell in results]
    counts = np.zeros(cells, np.int64)
    counts[index] = [len(cell.splats) for cell in results]
    settings, outcomes = np.zeros(cells, np.uint64), np.zeros(cells, np.uint8)
    settings[index] = [trained[i][1] for i in index]
    outcomes[index] = [OUTCOMES.index(cell.outcome) for cell in results]
    names = sorted({name for cell in results for name in cell.metrics})
    metrics = np.full((cells, len(names)), np.nan)
    metrics[index] = [[cell.metrics.get(name, np.nan) for name in names] for cell in results]
    group = root.create_group(GROUP)
    write_array(group, "offsets", np.concatenate([[0], np.cumsum(counts)]))
    write_array(group, "settings", settings)
    write_array(group, "outcomes", outcomes)
    write_array(group, "metrics", metrics)
    for column in SPLAT_COLUMNS:
        write_array(group, column, np.concatenate([getattr(cell.splats, column) for cell in results], dtype=np.float32))
    attributes = {"metrics": names}
    group.attrs.put(attributes | {"sha256": splats_digest(root, attributes)})


def splats_digest(root: zarr.Group, attributes: dict[str, Any]) -> str:
    """Return the SHA-256, in hex, of the metadata of the group `splats` and its other `attributes`."""
    arrays = ("offsets", "settings", "outcomes", "metrics", *SPLAT_COLUMNS)
    return metadata_digest(root, tuple(f"{GROUP}/{name}" for name in arrays), attributes)
