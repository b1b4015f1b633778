"""Gives the usable rows of a catalogue their positions and their buckets in the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.building.runs import Columns
from helios.building.sorting import Sorting
from helios.catalog.counts import Counts
from helios.catalog.positions import at_epoch, positions_m, velocities_m_per_yr, with_edsd_distances
from helios.catalog.row_cuts import EDSD, Cuts
from helios.catalog.table import StarTable
from helios.grid import BEYOND_GRID, INSIDE_R_MIN, MAX_DEPTH, HLGrid
from helios.light import luminosity
from helios.spherical import morton_keys

MOVED, ACROSS, UNMOVED = range(3)
"""Values of a run's column `motion`: full velocity, no radial velocity, no proper motion."""


class Placed(NamedTuple):
    """N stars inside the grid: the `columns` of a run, `buckets` uint64 [N], and the catalogue's `row` int64 [N].

    `counts` are of the stars outside the grid, which are left out.
    """

    columns: Columns
    buckets: NDArray[np.uint64]
    row: NDArray[np.int64]
    counts: Counts


@dataclass(frozen=True)
class Placing:
    """How stars are placed: `cuts` and `length_scale_pc` give their distances, `epoch_jyear` the Julian year.

    With None for the epoch, stars stay at their catalogued positions.
    """

    cuts: Cuts
    length_scale_pc: float
    epoch_jyear: float | None
    sorting: Sorting

    def place(self, stars: StarTable, ref_epoch: ArrayLike, label: str) -> Placed:
        """Return the `stars` inside the grid, placed, and the Counts of the others.

        `stars` are as catalogued for `ref_epoch`, Julian years, [N] or one; `label` precedes a row's number in
        messages.
        """
        if self.cuts.distance == EDSD:
            stars = with_edsd_distances(stars, self.length_scale_pc)
        if self.epoch_jyear is not None:
            stars = at_epoch(stars, ref_epoch, self.epoch_jyear)
        return self.settle(stars, label)

    def settle(self, stars: StarTable, label: str) -> Placed:
        """As `place`, for `stars` that already have their distances and are at the epoch."""
        position = positions_m(stars)
        cells = HLGrid(MAX_DEPTH).locate(position)
        counts = Counts()
        if np.any(cells[0] < 0):
            kept = cells[0] >= 0
            counts = _count_outside(stars, cells[0], label)
            stars, position, cells = stars[kept], position[kept], (cells[0][kept], cells[1][kept], cells[2][kept])
        columns = self._columns(stars, position, morton_keys(*cells))
        light = None
        if self.sorting.by_light:
            light = luminosity(columns["phot_g_mean_mag"], np.linalg.norm(position, axis=-1))
        return Placed(columns, self.sorting.buckets(columns["key"], light), stars.row, counts)

    def _columns(self, stars: StarTable, position: NDArray[np.float64], keys: NDArray[np.uint64]) -> Columns:
        with np.errstate(over="ignore"):
            bp_rp = stars.bp_rp.astype(np.float32)
        bp_rp[~np.isfinite(bp_rp)] = np.nan
        x, y, z = np.ascontiguousarray(position.T)
        columns = {
            "key": keys,
            "source_id": stars.source_id,
            "x_m": x,
            "y_m": y,
            "z_m": z,
            "phot_g_mean_mag": stars.phot_g_mean_mag.astype(np.float32),
            "bp_rp": bp_rp,
        }
        if self.cuts.distance == EDSD:
            for name in ("distance_lower_pc", "distance_upper_pc"):
                columns[name] = getattr(stars, name).astype(np.float32)
        if self.epoch_jyear is not None:
            velocity = velocities_m_per_yr(stars)
            columns |= {f"velocity_{axis}": velocity[:, i] for i, axis in enumerate("xyz")}
            unmoved = np.isnan(stars.pmra) | np.isnan(stars.pmdec)
            across = np.isnan(stars.radial_velocity) & ~unmoved
            columns["motion"] = np.where(unmoved, UNMOVED, np.where(across, ACROSS, MOVED)).astype(np.uint8)
        return columns


def _count_outside(stars: StarTable, shell: NDArray[np.int32], label: str) -> Counts:
    counts = Counts()
    far = "parallax" if "distance_pc" in stars.absent else "distance_pc"
    for code, why in ((INSIDE_R_MIN, "inside the grid's inner"), (BEYOND_GRID, "beyond the grid's outer")):
        rows = np.flatnonzero(shell == code)
        if len(rows):
            first = f"{label} {stars.row[rows[0]]}, {far} {getattr(stars, far)[rows[0]]}"
            counts += Counts.rejecting(f"{why} radius", len(rows), first)
    return counts
