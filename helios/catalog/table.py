"""The common star table that every reader yields, and the one place where its columns are declared."""

# ruff: noqa: RUF009, fields are made by a function of this module

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_ID = np.iinfo(np.int64).min
"""`source_id` of a row whose identifier is missing in a catalogue that has the column."""

Floats = NDArray[np.float64]


def _column(description: str, unit: str = "", use: str = "", single: bool = False) -> Any:
    """Return the field of a column in `unit`, as astropy spells it.

    `use` is "always" for a measured column that every build reads, "asked" for one that is read only on request, "made"
    for one that no schema defines. `single` says that archives have it in single precision.
    """
    default = None if use in ("asked", "made") else MISSING
    return field(default=default, metadata={"description": description, "unit": unit, "use": use, "single": single})


@dataclass(frozen=True)
class StarTable:
    """N rows of a catalogue as it has them, with nothing cut and nothing repaired.

    Each column is an array [N] under Gaia's name; the metadata of its field has its description and unit. A missing
    identifier is NO_ID, any other missing value NaN. Columns that are not given are all NaN and take no memory;
    `absent` has their names.
    """

    source_id: NDArray[np.int64] = _column("identifier")
    ra: Floats = _column("right ascension, ICRS", "deg", "always")
    dec: Floats = _column("declination, ICRS", "deg", "always")
    parallax: Floats = _column("parallax", "mas", "always")
    phot_g_mean_mag: Floats = _column("apparent magnitude, G", "mag", "always")
    bp_rp: Floats = _column("colour BP - RP", "mag", "always")
    row: NDArray[np.int64] = _column("place in the catalogue, for messages; in a text file the line, from 1")
    parallax_error: Floats = _column("standard error of the parallax", "mas", "asked", single=True)
    pmra: Floats = _column("proper motion in right ascension, times cos dec", "mas/yr", "asked")
    pmdec: Floats = _column("proper motion in declination", "mas/yr", "asked")
    radial_velocity: Floats = _column("radial velocity", "km/s", "asked", single=True)
    ruwe: Floats = _column("misfit of the astrometry (RUWE)", "", "asked", single=True)
    nu_eff_used_in_astrometry: Floats = _column("effective wavenumber", "1/um", "asked", single=True)
    pseudocolour: Floats = _column("effective wavenumber, from the astrometry", "1/um", "asked", single=True)
    astrometric_params_solved: Floats = _column("code of the astrometric solution", "", "asked")
    b_v: Floats = _column("Johnson colour B - V", "mag", "asked")
    ref_epoch: Floats = _column("Julian year of position and motion", "yr", "asked")
    distance_pc: Floats = _column("distance, where it is not 1/parallax", "pc", "made")
    distance_lower_pc: Floats = _column("16 % quantile of the distance", "pc", "made")
    distance_upper_pc: Floats = _column("84 % quantile of the distance", "pc", "made")
    absent: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self):
        absent = frozenset(name for name in COLUMNS if getattr(self, name) is None)
        for name in absent:
            object.__setattr__(self, name, np.broadcast_to(np.nan, len(self)))
        object.__setattr__(self, "absent", absent)

    def __len__(self) -> int:
        return len(self.source_id)

    def __getitem__(self, rows) -> StarTable:
        """Return the table of the given rows: a mask, a slice or indices."""
        return StarTable(**{name: column[rows] for name, column in self.columns().items()})

    def columns(self) -> dict[str, NDArray]:
        """Return the columns that are not absent, by name."""
        return {name: getattr(self, name) for name in COLUMNS if name not in self.absent}

    def with_columns(self, **columns: NDArray | None) -> StarTable:
        """Return the same rows with other values [N] in the given columns; None removes an optional one."""
        changed: dict[str, Any] = {**self.columns(), **columns}
        return StarTable(**changed)

    def with_ids(self, source_id: NDArray[np.int64]) -> StarTable:
        """Return the same rows with other identifiers [N]."""
        return self.with_columns(source_id=source_id)

    @classmethod
    def concatenate(cls, tables: list[StarTable]) -> StarTable:
        """Return the rows of all `tables`, in order, with every column that any of them has."""
        absent = frozenset.intersection(*(table.absent for table in tables))
        names = [name for name in COLUMNS if name not in absent]
        return cls(**{name: np.concatenate([getattr(table, name) for table in tables]) for name in names})


_DECLARED = {column.name: column.metadata for column in fields(StarTable) if column.metadata}

COLUMNS = tuple(_DECLARED)
"""All columns of a star table."""

FLOAT_COLUMNS = tuple(name for name, column in _DECLARED.items() if column["use"] == "always")
"""The measured columns that every build reads."""

OPTIONAL_COLUMNS = tuple(name for name, column in _DECLARED.items() if column["use"] == "asked")
"""The measured columns that are read only on request."""

SINGLE_COLUMNS = frozenset(name for name, column in _DECLARED.items() if column["single"])
"""The optional columns that archives have in single precision."""

UNITS: dict[str, str] = {name: column["unit"] for name, column in _DECLARED.items() if column["use"]}
"""Unit of each column of numbers, and of a file's column where neither the file nor a schema gives one."""

ZERO_POINT_COLUMNS = ("nu_eff_used_in_astrometry", "pseudocolour", "astrometric_params_solved")
"""What the zero point of a parallax depends on, besides position and magnitude."""


def single(values: Floats) -> Floats:
    """Return `values` rounded to float32, as float64, so that all formats give the same single-precision values."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32).astype(np.float64)
