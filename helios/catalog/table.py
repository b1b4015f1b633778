"""The common star table that every reader yields."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

NO_ID = np.iinfo(np.int64).min
"""`source_id` of a row whose identifier is missing in a catalogue that has the column."""

FLOAT_COLUMNS = ("ra", "dec", "parallax", "phot_g_mean_mag", "bp_rp")
"""Gaia's names of the measured columns; NaN where there is no value."""


@dataclass(frozen=True)
class StarTable:
    """N rows of a catalogue as they stand in it, nothing cut and nothing repaired.

    `source_id` int64 [N], NO_ID where missing. float64 [N]: `ra` and `dec` ICRS degrees, `parallax` mas,
    `phot_g_mean_mag` and `bp_rp` magnitudes; NaN where missing. `row` int64 [N]: the row's place in its
    catalogue, for messages; in a text file its line number, the first line being 1.
    """

    source_id: NDArray[np.int64]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    parallax: NDArray[np.float64]
    phot_g_mean_mag: NDArray[np.float64]
    bp_rp: NDArray[np.float64]
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.source_id)

    def __getitem__(self, rows) -> StarTable:
        """The table of the given rows: a mask, a slice or indices."""
        return StarTable(*(getattr(self, f.name)[rows] for f in fields(self)))

    def with_ids(self, source_id: NDArray[np.int64]) -> StarTable:
        """The same rows with other identifiers [N]."""
        return replace(self, source_id=source_id)

    @classmethod
    def concatenate(cls, tables: list[StarTable]) -> StarTable:
        """The rows of all `tables`, in order."""
        return cls(*(np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(cls)))
