"""Schemas: which columns of a file make the star table, in which units, and how missing values are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.catalog.table import FLOAT_COLUMNS, NO_ID, OPTIONAL_COLUMNS, SINGLE_COLUMNS, UNITS, StarTable, single
from helios.errors import InputError

REQUIRED = ("ra", "dec", "parallax", "phot_g_mean_mag")
"""Columns that a file must have; `bp_rp` may be absent, and then every star is white.

Where a schema has `distance_pc`, it is needed instead of `parallax`.
"""

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
    """

    names: tuple[str, ...]
    difference: tuple[str, str] | None = None
    unit: str | None = None

    @property
    def label(self) -> str:
        """What a message calls the column if a file lacks it."""
        return self.names[0] if self.names else " - ".join(self.difference or ())


@dataclass(frozen=True)
class Schema:
    """How one survey writes its stars; a new survey is a new Schema, not a new reader.

    `ref_epoch` is the Julian year of its positions, None if unknown; `band` is the photometric band of
    `phot_g_mean_mag`. `columns` has one Column per column of the star table. `null` has the spellings of a missing
    value in a text file; those that are numbers are missing values in a binary file too.
    """

    name: str
    ref_epoch: float | None
    band: str
    columns: Mapping[str, Column]
    null: tuple[str, ...] = MISSING

    @property
    def null_numbers(self) -> tuple[float, ...]:
        """The finite numbers among `null`."""
        return tuple(value for value in map(_number, self.null) if np.isfinite(value))

    def with_columns(self, sources: Mapping[str, str]) -> Schema:
        """Return this schema with other source names, given by column of the star table."""
        changed = {
            name: Column((source,), unit=self.columns[name].unit if name in self.columns else None)
            for name, source in sources.items()
        }
        return replace(self, columns={**self.columns, **changed})


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


@dataclass(frozen=True)
class SchemaChoice:
    """A user's choice: a `schema`, or None for that of the format, with other source names from `columns`.

    `optional` are the OPTIONAL_COLUMNS to read: the others are not read, as a file may have nonsense in them.
    `distance` is the name of a file's distance column, to be read instead of parallaxes.
    """

    schema: Schema | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    distance: str | None = None

    def over(self, default: Schema) -> Schema:
        """Return the schema to read with; `default` is that of the format."""
        schema = (self.schema or default).with_columns(self.columns)
        unread = set(OPTIONAL_COLUMNS) - set(self.optional)
        columns = {name: column for name, column in schema.columns.items() if name not in unread}
        if self.distance is not None:
            columns["distance_pc"] = Column((self.distance,))
        return replace(schema, columns=columns)


@dataclass(frozen=True)
class Sources:
    """The columns of one file that are read, under the file's own names.

    For each column of the star table, `of` has one name, or two whose difference is taken, and `factors` the factor
    from the file's unit to that of UNITS.
    """

    schema: Schema
    id_column: str | None
    of: Mapping[str, tuple[str, ...]]
    factors: Mapping[str, float]

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of all columns of numbers, each once."""
        return tuple(dict.fromkeys(name for names in self.of.values() for name in names))

    @property
    def all(self) -> tuple[str, ...]:
        """Names of all columns that are read, each once."""
        return (*([self.id_column] if self.id_column else []), *self.numbers)

    def table(self, values: Mapping[str, NDArray], first: int) -> StarTable:
        """Return the star table of N rows, numbered from `first`.

        `values` has, by column of the file, float64 [N] with NaN for missing values, and for the identifier int64 [N]
        with NO_ID for them. A file without identifiers gets its row numbers instead. Columns that archives have in
        single precision are rounded to it.
        """
        count = len(next(iter(values.values())))
        row = np.arange(first, first + count, dtype=np.int64)
        absent = np.full(count, np.nan)
        floats = dict.fromkeys(FLOAT_COLUMNS, absent)
        for name, sources in self.of.items():
            parts = [values[source] for source in sources]
            column = parts[0] - parts[1] if len(parts) == 2 else parts[0]
            column = column * self.factors[name] if self.factors.get(name, 1.0) != 1.0 else column
            floats[name] = single(column) if name in SINGLE_COLUMNS else column
        return StarTable(source_id=values[self.id_column] if self.id_column else row, row=row, **floats)

    def without_nulls(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `values` [N] with NaN for the schema's null numbers; for readers that get numbers, not text."""
        nulls = self.schema.null_numbers
        return np.where(np.isin(values, nulls), np.nan, values) if nulls else values

    def ids_without_nulls(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return `ids` [N] with NO_ID for the schema's null numbers."""
        nulls = [int(value) for value in self.schema.null_numbers if abs(value) < 2**63]
        return np.where(np.isin(ids, nulls), NO_ID, ids) if nulls else ids

    def provenance(self) -> dict[str, Any]:
        """Return name, epoch and band of the schema, and the file's columns by column of the star table."""
        columns = {name: " - ".join(sources) for name, sources in self.of.items()}
        if self.id_column:
            columns = {"source_id": self.id_column, **columns}
        return {
            "name": self.schema.name,
            "ref_epoch": self.schema.ref_epoch,
            "band": self.schema.band,
            "columns": columns,
        }


def find_sources(schema: Schema, names: Iterable[str], where: str, units: Mapping[str, str] | None = None) -> Sources:
    """Return which of a file's columns `names` make the star table under `schema`.

    `where` begins every message; `units` are those that the file declares, by its column names. Raises InputError for
    a needed column that is absent or ambiguous, and for a unit that is unknown or not convertible.
    """
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(name.lower(), []).append(name)

    def find(wanted: str) -> str | None:
        same = spellings.get(wanted.lower(), [])
        if len(same) > 1:
            raise InputError(f"{where}: column {shown(wanted)} stands there twice; rename one of them")
        return same[0] if same else None

    found: dict[str, tuple[str, ...]] = {}
    for name, column in schema.columns.items():
        one = next(filter(None, map(find, column.names)), None)
        pair = tuple(filter(None, map(find, column.difference or ())))
        if one:
            found[name] = (one,)
        elif len(pair) == 2:
            found[name] = pair
    _check_present(schema, found, where)
    id_column = found.pop("source_id")[0] if "source_id" in found else None
    shared = next((name for name, sources in found.items() if id_column in sources), None)
    if id_column and shared:
        raise InputError(f"{where}: column {shown(id_column)} cannot be both source_id and {shared}; name another")
    factors = {
        name: _factor(schema.columns[name].unit or (units or {}).get(sources[0], ""), name, sources[0], where)
        for name, sources in found.items()
    }
    return Sources(schema, id_column, found, factors)


def _check_present(schema: Schema, found: Mapping[str, Any], where: str) -> None:
    def wanted(name: str) -> str:
        column = schema.columns.get(name, Column((name,)))
        return name if name in column.names else f"{column.label} (for {name})"

    required = ["distance_pc" if n == "parallax" and "distance_pc" in schema.columns else n for n in REQUIRED]
    if "distance_pc" in required and "distance_pc" not in found:
        label = schema.columns["distance_pc"].label
        raise InputError(f"{where}: no column {label} in the header: --distance must be inverse, edsd or a column")
    absent = [wanted(name) for name in required if name not in found]
    if absent:
        needed = ", ".join(wanted(name) for name in required)
        raise InputError(
            f"{where}: no column {', '.join(absent)} in the header (needed: {needed}); where it has another name, "
            "say so with --column"
        )


def _factor(unit: str, name: str, source: str, where: str) -> float:
    if unit.strip().lower() in ("", UNITS[name]):
        return 1.0
    import astropy.units as u

    remedy = "give the right one in a --schema file"
    try:
        return float(u.Unit(unit).to(UNITS[name]))
    except u.UnitConversionError as error:
        raise InputError(f"{where}: column {shown(source)} is in {shown(unit)}, no {UNITS[name]}; {remedy}") from error
    except (ValueError, TypeError) as error:
        raise InputError(f"{where}: column {shown(source)} has the unknown unit {shown(unit)}; {remedy}") from error
