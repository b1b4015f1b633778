"""Writes cells as a table of stars in CSV, for whatever reads tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow.csv import CSVWriter, WriteOptions

from helios.cells import from_cell_units
from helios.constants import PARSEC_M
from helios.coords import ecliptic_m_to_icrs, stacked_positions_m
from helios.errors import InputError
from helios.light import apparent_magnitude
from helios.options import option
from helios.packing.export import Exported
from helios.packing.pack_cells import trained_splats
from helios.packing.shown import Shown

if TYPE_CHECKING:
    from helios.universe import Universe

SCHEMA = pa.schema(
    [
        ("source_id", pa.int64()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        ("distance_pc", pa.float64()),
        ("phot_g_mean_mag", pa.float32()),
        ("bp_rp", pa.float32()),
    ]
)


@dataclass(frozen=True)
class StarCsv:
    """One row per star: source_id, ra, dec (ICRS, degrees), distance_pc (from the barycentre), phot_g_mean_mag, bp_rp.

    The rows are the exact stars of the cells, trained or not, at the universe's epoch; bp_rp is empty where it is not
    measured. Numbers have as many digits as it takes to read them back unchanged.
    """

    splats: bool = option(False, "Splats of trained cells instead of their stars, without source_id and bp_rp.")

    def write(self, shown: Shown, file: BinaryIO) -> Exported:
        """Write the stars of the cells that are `shown` and say how many rows these are. Memory: one cell.

        The row of a splat has its mean, and the magnitude that its light has seen from the barycentre.
        """
        if shown.stars_of is None:
            raise InputError("csv: has the stars of cells, which a cut is not (choose ply, spz, glb or gltf)")
        rows = 0
        with CSVWriter(file, SCHEMA, write_options=WriteOptions(quoting_style="none")) as writer:
            for i in shown.stars_of:
                table = self._table(shown.universe, i)
                writer.write_table(table)
                rows += len(table)
        return Exported(rows)

    def _table(self, universe: Universe, i: int) -> pa.Table:
        splats = trained_splats(universe, i) if self.splats else None
        if splats is None:
            names = ("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp")
            stars = universe.columns(names, int(universe.offsets[i]), int(universe.offsets[i + 1]))
            position_m = stacked_positions_m(stars)
            ids, mag, color = stars["source_id"], stars["phot_g_mean_mag"], stars["bp_rp"]
        else:
            ((origin_m,), (half_extent_m,)) = universe.frames_m([i])
            position_m = from_cell_units(splats.means, origin_m, half_extent_m)
            distance = np.linalg.norm(position_m, axis=-1) / half_extent_m
            mag = apparent_magnitude(splats.luminosities, distance).astype(np.float32)
            ids, color = pa.nulls(len(splats), pa.int64()), np.full(len(splats), np.nan, np.float32)
        ra, dec, distance_m = ecliptic_m_to_icrs(position_m)
        columns: tuple[NDArray | pa.Array, ...] = (ids, ra, dec, distance_m / PARSEC_M, mag, color)
        return pa.table([pa.array(column, from_pandas=True) for column in columns], SCHEMA)
