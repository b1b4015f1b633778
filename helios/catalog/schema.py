"""Schemas: which columns of a file make the star table, in which units, and how missing values are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from helios.catalog.declared import Coordinates
from helios.catalog.table import OPTIONAL_COLUMNS

MISSING = ("", "null", "NULL", "nan", "NaN", "NAN")
"""How archives write a missing value; in text, blanks alone mean the same."""

SHOWN = 40
"""Most characters of a wrong value that a message shows."""


def shown(value: str) -> str:
    """Return `value` quoted on one line, cut after SHOWN characters."""
    return repr(value if len(value) <= SHOWN else value[:SHOWN] + "...")


@dataclass(frozen=True)
class Column:
    """Where one column of the star table comes from.

    `names` are the accepted names in a file, in order of preference, ignoring case; `difference` is two columns whose
    difference is used if the file has none of them. `unit`, as astropy spells it, overrides what the file declares.
    `null` are further spellings of a missing value, in this column alone. A column that the user has `named` must be
    there; one that is `unread` is not read.
    """

    names: tuple[str, ...]
    difference: tuple[str, str] | None = None
    unit: str | None = None
    null: tuple[str, ...] = ()
    named: bool = False
    unread: bool = False

    @property
    def label(self) -> str:
        """What a message calls the column if a file lacks it."""
        return self.names[0] if self.names else " - ".join(self.difference or ())

    @property
    def sources(self) -> tuple[str, ...]:
        """All names of columns of a file that are looked for."""
        return (*self.names, *(self.difference or ()))


@dataclass(frozen=True)
class Schema:
    """How one survey writes its stars; a new survey is a new Schema, not a new reader.

    `ref_epoch` is the Julian year of its positions, None if unknown; what a file says of its epoch comes first, unless
    `epoch_named`: then the user has named it. `band` is the photometric band of `phot_g_mean_mag`. `columns` has one
    Column per column of the star table. `null` has the spellings of a missing value in a text file; those that are
    numbers are missing values, in whatever spelling, in every file. `frame` is what the user says of the frame of the
    positions, None for what the file says. A file without a schema is read with this one where it mentions `release`.
    """

    name: str
    ref_epoch: float | None
    band: str
    columns: Mapping[str, Column]
    null: tuple[str, ...] = MISSING
    frame: Coordinates | None = None
    release: str | None = None
    epoch_named: bool = False

    def nulls_of(self, column: str) -> tuple[float, ...]:
        """Return the finite numbers that mean no value in `column` of the star table."""
        return tuple(value for value in map(_number, self.texts_of(column)) if np.isfinite(value))

    def texts_of(self, column: str) -> tuple[str, ...]:
        """Return the spellings of a missing value in `column` of the star table."""
        return (*self.null, *(self.columns[column].null if column in self.columns else ()))

    def with_columns(self, sources: Mapping[str, str]) -> Schema:
        """Return this schema with other source names, given by column of the star table; "" for none at all."""
        columns = dict(self.columns)
        for name, source in sources.items():
            former = columns.pop(name, Column(()))
            if source:
                columns[name] = Column((source,), unit=former.unit, null=former.null, named=True)
        return replace(self, columns=columns)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


@dataclass(frozen=True)
class SchemaChoice:
    """A user's choice: a `schema`, or None for that of the file, with other source names from `columns`.

    `optional` are the OPTIONAL_COLUMNS to read: the others are not read, as a file may have nonsense in them.
    `distance` is the name of a file's distance column, to be read instead of parallaxes, in the unit that the schema
    has for that column.
    """

    schema: Schema | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    distance: str | None = None

    def over(self, schema: Schema) -> Schema:
        """Return the schema to read with: `schema` with the chosen columns, of which only those asked for are read."""
        schema = schema.with_columns(self.columns)
        unread = {*OPTIONAL_COLUMNS, "distance_pc"} - set(self.optional)
        columns = {
            name: replace(column, unread=name in unread)
            for name, column in schema.columns.items()
            if name not in unread or (column.named and name != "distance_pc")
        }
        if self.distance is not None:
            told = schema.columns.get("distance_pc", Column(()))
            same = self.distance.lower() in ("distance_pc", *(name.lower() for name in told.names))
            names = told.names if self.distance == "distance_pc" and told.names else (self.distance,)
            columns["distance_pc"] = Column(names, unit=told.unit, null=told.null) if same else Column(names)
        return replace(schema, columns=columns)
