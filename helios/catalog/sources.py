"""Which columns of a file make the star table, and how their values become its values."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.catalog.declared import Declared
from helios.catalog.frames import Frame, frame_of
from helios.catalog.schema import Column, Schema, shown
from helios.catalog.table import FLOAT_COLUMNS, NO_ID, SINGLE_COLUMNS, UNITS, StarTable, single
from helios.errors import InputError

REQUIRED = ("ra", "dec", "parallax", "phot_g_mean_mag")
"""Columns that a file must have; `bp_rp` may be absent, and then every star is white.

Where a schema has `distance_pc`, it is needed instead of `parallax`.
"""

NAMED = 10
"""Most columns of a file that a message names."""


class NoStars(InputError):
    """A table lacks rows, or columns that are needed or that the user named: another one of the file may have them."""


@dataclass(frozen=True)
class Conversion:
    """From a file's unit to that of UNITS: times `factor`, and then, of a distance in pc, the parallax in mas."""

    factor: float = 1.0
    parallax_of: bool = False

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the converted `values` [N]; a distance of 0 gives an infinite parallax."""
        values = values * self.factor if self.factor != 1.0 else values
        if not self.parallax_of:
            return values
        with np.errstate(divide="ignore"):
            return 1000.0 / values


@dataclass(frozen=True)
class Sources:
    """The columns of one file that are read, under the file's own names.

    For each column of the star table, `of` has one name, or two whose difference is taken, and `conversions` their
    conversions. `masks` has the columns of truth values that say where another column, the key, has no value. `frame`
    is that of the positions and proper motions, None for ICRS.
    """

    schema: Schema
    id_column: str | None
    of: Mapping[str, tuple[str, ...]]
    conversions: Mapping[str, tuple[Conversion, ...]]
    masks: Mapping[str, str] = field(default_factory=dict)
    frame: Frame | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of all columns of numbers, each once."""
        return tuple(dict.fromkeys(name for names in self.of.values() for name in names))

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the columns of truth values."""
        return tuple(self.masks.values())

    @property
    def all(self) -> tuple[str, ...]:
        """Names of all columns that are read, each once."""
        return (*([self.id_column] if self.id_column else []), *self.numbers, *self.flags)

    def table(self, values: Mapping[str, NDArray], first: int) -> StarTable:
        """Return the star table of N rows, numbered from `first`.

        `values` has, by column of the file, float64 [N] with NaN for missing values, for the identifier int64 [N] with
        NO_ID for them, and for a mask bool [N]. What is masked, or a null number of the schema, is missing. A file
        without identifiers gets its row numbers instead. Columns that archives have in single precision are rounded
        to it.
        """
        count = len(next(iter(values.values())))
        row = np.arange(first, first + count, dtype=np.int64)
        absent = np.full(count, np.nan)
        floats = dict.fromkeys(FLOAT_COLUMNS, absent)
        for name, sources in self.of.items():
            nulls = self.schema.nulls_of(name)
            parts = [
                convert(self._without(_without_nulls(values[source], nulls), source, values, np.nan))
                for source, convert in zip(sources, self.conversions[name])
            ]
            floats[name] = parts[0] - parts[1] if len(parts) == 2 else parts[0]
        if self.frame is not None:
            motion = (floats.get("pmra", absent), floats.get("pmdec", absent))
            icrs = self.frame.to_icrs(floats["ra"], floats["dec"], *motion)
            floats |= {n: c for n, c in zip(("ra", "dec", "pmra", "pmdec"), icrs) if n in floats}
        floats |= {name: single(floats[name]) for name in SINGLE_COLUMNS if name in floats}
        return StarTable(source_id=self._ids(values) if self.id_column else row, row=row, **floats)

    def _ids(self, values: Mapping[str, NDArray]) -> NDArray[np.int64]:
        assert self.id_column is not None
        ids = values[self.id_column]
        nulls = [int(value) for value in self.schema.nulls_of("source_id") if abs(value) < 2**63]
        ids = np.where(np.isin(ids, nulls), NO_ID, ids) if nulls else ids
        return self._without(ids, self.id_column, values, NO_ID)

    def _without(self, column: NDArray, source: str, values: Mapping[str, NDArray], missing: float | int) -> NDArray:
        """Return `column` [N], read from `source`, with `missing` where the file masks it."""
        mask = self.masks.get(source)
        return column if mask is None else np.where(values[mask], missing, column)

    @property
    def notes(self) -> list[str]:
        """Sentences on columns of which one is of no use without the other."""
        pair = ("pmra", "pmdec")
        found = [name for name in pair if name in self.of]
        if len(found) != 1:
            return []
        other = next(name for name in pair if name not in found)
        return [f"has {found[0]} but no {other}: no proper motion is used"]

    def provenance(self) -> dict[str, Any]:
        """Return name, epoch, band and frame of the schema, and the file's columns by column of the star table."""
        columns = {name: " - ".join(sources) for name, sources in self.of.items()}
        if self.id_column:
            columns = {"source_id": self.id_column, **columns}
        made = {"name": self.schema.name, "ref_epoch": self.schema.ref_epoch, "band": self.schema.band}
        return made | ({} if self.frame is None else {"frame": str(self.frame)}) | {"columns": columns}


def _without_nulls(values: NDArray[np.float64], nulls: tuple[float, ...]) -> NDArray[np.float64]:
    """Return `values` [N] with NaN for `nulls`; a value that is a float32 is compared as one, for -999.9 is none."""
    if not nulls:
        return values
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
        same = np.isin(values, nulls) | ((narrow == values) & np.isin(narrow, np.array(nulls, np.float32)))
    return np.where(same, np.nan, values)


def find_sources(schema: Schema, declared: Declared, where: str) -> Sources:
    """Return which of a file's columns make the star table under `schema`, and how, by what the file has `declared`.

    `where` begins every message. Raises NoStars where a needed column, or one that the user named, is absent,
    and InputError for one that is ambiguous, a unit that is unknown or not convertible, and a frame that is unknown.
    """
    spellings: dict[str, list[str]] = {}
    for name in declared.names:
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
        elif column.named:
            raise _absent(name, column, [n for n in column.sources if not find(n)], declared, where)
    _check_present(schema, found, where)
    found = {name: sources for name, sources in found.items() if not schema.columns[name].unread}
    id_column = found.pop("source_id")[0] if "source_id" in found else None
    shared = next((name for name, sources in found.items() if id_column in sources), None)
    if id_column and shared:
        raise InputError(f"{where}: column {shown(id_column)} cannot be both source_id and {shared}; name another")
    conversions = {
        name: tuple(
            _conversion(schema.columns[name].unit or declared.units.get(s, ""), name, s, where) for s in sources
        )
        for name, sources in found.items()
    }
    read = [*([id_column] if id_column else []), *(source for sources in found.values() for source in sources)]
    masks = {source: mask for source in read if (mask := declared.mask_of(source)) is not None}
    return Sources(schema, id_column, found, conversions, masks, _frame(schema, found, declared, where))


def _frame(schema: Schema, found: Mapping[str, tuple[str, ...]], declared: Declared, where: str) -> Frame | None:
    if schema.frame is not None:
        return frame_of(schema.frame, where)
    ra, dec = (declared.coordinates.get(found[name][0]) for name in ("ra", "dec"))
    if ra != dec:
        raise InputError(f"{where}: its ra and dec are not in one frame by what it says; say which in a --schema file")
    return None if ra is None else frame_of(ra, where)


def _absent(name: str, column: Column, wanted: list[str], declared: Declared, where: str) -> NoStars:
    near: list[str] = []
    lower = {have.lower(): have for have in declared.names}
    for one in wanted:
        near += difflib.get_close_matches(one.lower(), list(lower), 3, 0.4)
    close = [lower[one] for one in dict.fromkeys(near)] or list(declared.names[:NAMED])
    label = " or ".join(column.names) or " - ".join(column.difference or ())
    return NoStars(
        f"{where}: no column {', '.join(shown(n)[1:-1] for n in wanted) or label} (for {name}), which --column or the "
        f"schema names; {'nearest' if near else 'there are'}: {', '.join(shown(n)[1:-1] for n in close)}"
    )


def _check_present(schema: Schema, found: Mapping[str, Any], where: str) -> None:
    def wanted(name: str) -> str:
        column = schema.columns.get(name, Column((name,)))
        return name if name in column.names else f"{column.label} (for {name})"

    required = ["distance_pc" if n == "parallax" and "distance_pc" in schema.columns else n for n in REQUIRED]
    if "distance_pc" in required and "distance_pc" not in found:
        label = schema.columns["distance_pc"].label
        raise NoStars(f"{where}: no column {label} in the header: --distance must be inverse, edsd or a column")
    absent = [wanted(name) for name in required if name not in found]
    if absent:
        needed = ", ".join(wanted(name) for name in required)
        raise NoStars(
            f"{where}: no column {', '.join(absent)} in the header (needed: {needed}); where it has another name, "
            "say so with --column"
        )


def _conversion(unit: str, name: str, source: str, where: str) -> Conversion:
    if unit.strip().lower() in ("", UNITS[name]):
        return Conversion()
    import astropy.units as u

    remedy = "give the right one in a --schema file"
    try:
        parsed = u.Unit(unit)
        if name == "parallax" and parsed.is_equivalent(u.pc):
            return Conversion(float(parsed.to(u.pc)), parallax_of=True)
        return Conversion(float(parsed.to(UNITS[name])))
    except u.UnitConversionError as error:
        raise InputError(f"{where}: column {shown(source)} is in {shown(unit)}, no {UNITS[name]}; {remedy}") from error
    except (ValueError, TypeError) as error:
        raise InputError(f"{where}: column {shown(source)} has the unknown unit {shown(unit)}; {remedy}") from error
