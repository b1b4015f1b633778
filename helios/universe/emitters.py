"""The columns of a universe's emitters, read in blocks of which the last are kept."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.universe.arrays import CountedStore, read_rows

if TYPE_CHECKING:
    import zarr

EMITTER_COLUMNS = {
    "source_id": np.int64,
    "x_m": np.float64,
    "y_m": np.float64,
    "z_m": np.float64,
    "phot_g_mean_mag": np.float32,
    "bp_rp": np.float32,
}
"""Columns of the group `emitters`: positions in barycentric mean ecliptic J2000 metres, magnitudes as catalogued."""

OPTIONAL_EMITTER_COLUMNS = {"distance_lower_pc": np.float32, "distance_upper_pc": np.float32, "velocity": np.float32}
"""Columns that a universe has only with certain options of its build.

With `--distance edsd`, the 16 % and 84 % quantiles of each star's distance, parsecs, NaN for stars merged from the
embedded list, which has no errors; with `--epoch`, its `velocity` [N, 3], metres per Julian year along the axes of its
position.
"""

BLOCK_ROWS = 1 << 16
"""Number of rows of a column that are read together: 40 bytes each for all of EMITTER_COLUMNS."""

BLOCKS_KEPT = 16
"""Number of blocks of each column that are cached."""

BLOCKS_AT_ONCE = 4
"""From this number of blocks on, rows are read at once, in a third of the time, and not kept."""


class EmitterColumns:
    """The `count` emitters in the store `root` of the universe at `path`; `names` are those of their columns.

    They are read `block_rows` at a time.
    """

    def __init__(self, path: Path, root: zarr.Group, count: int):
        self.path, self.count, self.block_rows, self._root = path, count, BLOCK_ROWS, root
        optional = (name for name in OPTIONAL_EMITTER_COLUMNS if f"emitters/{name}" in root)
        self.names = (*EMITTER_COLUMNS, *optional)
        self._block = lru_cache(maxsize=BLOCKS_KEPT * len(self.names))(self._read_block)

    @property
    def bytes_read(self) -> int:
        """Bytes that were read from the files of the store so far."""
        return cast(CountedStore, self._root.store).bytes_read

    def rows(self, names: Iterable[str], start: int, stop: int) -> dict[str, NDArray]:
        """Return rows [start, stop) of the columns `names`, all of them in `self.names`, as they are stored.

        Reads whole blocks and caches the last ones, so that going through the cells in order reads each once; it does
        neither for BLOCKS_AT_ONCE and more. Raises InputError for a column that this universe does not have, StoreError
        if the store is damaged.
        """
        names = tuple(names)
        unknown = next((name for name in names if name not in self.names), None)
        if unknown is not None:
            raise InputError(f"{self.path}: no column {unknown} (it has {', '.join(self.names)})")
        first, last = start // self.block_rows, max(-(-stop // self.block_rows), start // self.block_rows + 1)
        rows = slice(start - first * self.block_rows, stop - first * self.block_rows)
        if last - first >= BLOCKS_AT_ONCE:
            return {name: read_rows(self._root, f"emitters/{name}", start, stop) for name in names}
        columns = {}
        for name in names:
            blocks = [self._block(name, number) for number in range(first, last)]
            columns[name] = (blocks[0] if len(blocks) == 1 else np.concatenate(blocks))[rows]
        return columns

    def _read_block(self, name: str, number: int) -> NDArray:
        start = number * self.block_rows
        stop = min(start + self.block_rows, self.count)
        return read_rows(self._root, f"emitters/{name}", start, stop)
