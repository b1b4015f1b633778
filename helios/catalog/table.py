"""The common star table that every reader yields."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

NO_ID = np.iinfo(np.int64).min
"""`source_id` of a row whose identifier is missing in a catalogue that has the column."""

FLOAT_COLUMNS = ("ra", "dec", "parallax", "phot_g_mean_mag", "bp_rp")
"""Gaia's names of the measured columns that every build reads; NaN where there is no value."""

ZERO_POINT_COLUMNS = ("nu_eff_used_in_astrometry", "pseudocolour", "astrometric_params_solved")
"""What the zero point of a parallax depends on, beside place and magnitude."""

OPTIONAL_COLUMNS = ("parallax_error", "pmra", "pmdec", "radial_velocity", "ruwe", *ZERO_POINT_COLUMNS)
"""Gaia's names of the measured columns that are read where they are asked for."""

DISTANCE_COLUMNS = ("distance_pc", "distance_lower_pc", "distance_upper_pc")
"""Distances that are not 1/parallax, and their 16 % and 84 % quantiles."""


@dataclass(frozen=True)
class StarTable:
    """N rows of a catalogue as they stand in it, nothing cut and nothing repaired.

    `source_id` int64 [N], NO_ID where missing. float64 [N]: `ra` and `dec` ICRS degrees, `parallax` mas,
    `phot_g_mean_mag` and `bp_rp` magnitudes; NaN where missing. `row` int64 [N]: the row's place in its
    catalogue, for messages; in a text file its line number, the first line being 1.

    The others, float64 [N], are NaN in a table made without them: `parallax_error` mas, `pmra` (with cos dec) and
    `pmdec` mas per Julian year, `radial_velocity` km/s, `ruwe` a number, `nu_eff_used_in_astrometry` and `pseudocolour`
    1/micrometre, `astrometric_params_solved` a code, and distances in parsecs. `absent` has the names of those that it
    was made without; they take no memory.
    """

    source_id: NDArray[np.int64]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    parallax: NDArray[np.float64]
    phot_g_mean_mag: NDArray[np.float64]
    bp_rp: NDArray[np.float64]
    row: NDArray[np.int64]
    parallax_error: NDArray[np.float64] = None
    pmra: NDArray[np.float64] = None
    pmdec: NDArray[np.float64] = None
    radial_velocity: NDArray[np.float64] = None
    ruwe: NDArray[np.float64] = None
    nu_eff_used_in_astrometry: NDArray[np.float64] = None
    pseudocolour: NDArray[np.float64] = None
    astrometric_params_solved: NDArray[np.float64] = None
    distance_pc: NDArray[np.float64] = None
    distance_lower_pc: NDArray[np.float64] = None
    distance_upper_pc: NDArray[np.float64] = None

    def __post_init__(self):
        absent = frozenset(f.name for f in fields(self) if getattr(self, f.name) is None)
        for name in absent:
            object.__setattr__(self, name, np.broadcast_to(np.nan, len(self)))
        object.__setattr__(self, "absent", absent)

    def __len__(self) -> int:
        return len(self.source_id)

    def __getitem__(self, rows) -> StarTable:
        """The table of the given rows: a mask, a slice or indices."""
        return StarTable(**{name: column[rows] for name, column in self._columns().items()})

    def with_columns(self, **columns: NDArray) -> StarTable:
        """The same rows with other values [N] in the given columns; None takes an optional one away."""
        return StarTable(**{**self._columns(), **columns})

    def with_ids(self, source_id: NDArray[np.int64]) -> StarTable:
        """The same rows with other identifiers [N]."""
        return self.with_columns(source_id=source_id)

    @classmethod
    def concatenate(cls, tables: list[StarTable]) -> StarTable:
        """The rows of all `tables`, in order."""
        absent = frozenset.intersection(*(table.absent for table in tables))
        names = [f.name for f in fields(cls) if f.name not in absent]
        return cls(**{name: np.concatenate([getattr(table, name) for table in tables]) for name in names})

    def _columns(self) -> dict[str, NDArray]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in self.absent}
