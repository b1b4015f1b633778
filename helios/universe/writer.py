"""Writes the files of a new universe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.grid import HLGrid, cell_keys, cells_of_keys
from helios.light import luminosity
from helios.universe.arrays import metadata_digest, open_root, write_array
from helios.universe.index import index_text
from helios.universe.paths import index_path, store_path
from helios.universe.store import BUILT_GROUPS, CELL_COLUMNS, EMITTER_COLUMNS, OPTIONAL_EMITTER_COLUMNS, VERSION


@dataclass(frozen=True)
class PlacedStars:
    """N stars that have a cell: `source_id` int64 [N], unique; `position_m` float64 [N, 3], barycentric mean ecliptic
    J2000; `phot_g_mean_mag` and `bp_rp` float32 [N], the latter NaN where missing.

    Stored where they are given: `quantiles_pc` float64 [N, 2], 16 % and 84 % quantiles of the distance, parsecs;
    `velocity_m_per_yr` float64 [N, 3], metres per Julian year.
    """

    source_id: NDArray[np.int64]
    position_m: NDArray[np.float64]
    phot_g_mean_mag: NDArray[np.float32]
    bp_rp: NDArray[np.float32]
    quantiles_pc: NDArray[np.float64] | None = None
    velocity_m_per_yr: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.source_id)


def write_universe(directory: Path, stars: PlacedStars, grid: HLGrid, provenance: dict[str, Any]) -> int:
    """Write `index.json` and `universe.zarr` into the empty `directory`; return the number of cells.

    Emitters are sorted by cell key and, inside a cell, by luminosity, brightest first: a cell is looked at from
    anywhere, so how bright a star is by itself counts, not how bright it is from Earth. Equals are sorted by
    source_id, so that the bytes do not depend on the order of `stars`.
    """
    keys = cell_keys(*grid.locate(stars.position_m))
    light = luminosity(stars.phot_g_mean_mag, np.linalg.norm(stars.position_m, axis=-1))
    order = np.lexsort((stars.source_id, -light, keys))
    cell, counts = np.unique(keys[order], return_counts=True)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    indices = cells_of_keys(cell)
    position = stars.position_m[order]
    emitters = [stars.source_id[order], *position.T, stars.phot_g_mean_mag[order], stars.bp_rp[order]]
    emitter_columns = dict(EMITTER_COLUMNS)
    for name, data in _optional(stars, order, np.repeat(grid.frames_m(*indices)[1], counts)).items():
        emitter_columns[name] = OPTIONAL_EMITTER_COLUMNS[name]
        emitters.append(data)

    root = open_root(store_path(directory), mode="w")
    for group, columns, values in (
        ("cells", CELL_COLUMNS, (*indices, offsets)),
        ("emitters", emitter_columns, emitters),
    ):
        target = root.create_group(group)
        for (name, dtype), data in zip(columns.items(), values):
            write_array(target, name, np.ascontiguousarray(data, dtype))
    attributes = {"version": VERSION, "depth": grid.depth, "provenance": provenance}
    root.attrs.put(attributes | {"sha256": metadata_digest(root, BUILT_GROUPS, attributes)})
    index_path(directory).write_text(index_text(grid, *indices, counts), encoding="utf-8")
    return len(cell)


def _optional(stars: PlacedStars, order: NDArray[np.intp], half_extent_m: NDArray[np.float64]) -> dict[str, NDArray]:
    """The optional columns that `stars` have, in `order`; `half_extent_m` [N] is that of each star's cell, ordered."""
    columns = {}
    if stars.quantiles_pc is not None:
        columns["distance_lower_pc"], columns["distance_upper_pc"] = stars.quantiles_pc[order].T
    if stars.velocity_m_per_yr is not None:
        columns["velocity"] = stars.velocity_m_per_yr[order] / half_extent_m[:, None]
    return columns
