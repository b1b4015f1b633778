"""Stars of a universe as Arrow, pandas and astropy tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from helios.cells import Cells
from helios.constants import PARSEC_M
from helios.coords import ecliptic_m_to_icrs, stacked_positions_m
from helios.errors import InputError
from helios.regions import Region
from helios.universe.emitters import EmitterColumns

if TYPE_CHECKING:
    import pandas
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable


DEFAULT_COLUMNS = ("source_id", "ra", "dec", "distance_pc", "phot_g_mean_mag", "bp_rp")
"""Columns of stars that are requested without naming columns."""

POSITION = ("x_m", "y_m", "z_m")

DERIVED = ("ra", "dec", "distance_pc")
"""Columns that are computed from POSITION, not stored: ICRS degrees, parsecs."""

UNITS = {
    **dict.fromkeys(POSITION, "m"),
    **dict.fromkeys(("ra", "dec"), "deg"),
    **dict.fromkeys(("distance_pc", "distance_lower_pc", "distance_upper_pc"), "pc"),
    **dict.fromkeys(("phot_g_mean_mag", "bp_rp"), "mag"),
    "velocity": "m / yr",
}
"""Units of columns, as astropy reads them; other columns have none."""


class StarData:
    """A table of N stars, as returned by `Universe.stars`; `len(stars)` is N.

    `table` is the pyarrow.Table: `ra` and `dec` are ICRS degrees, `distance_pc` parsecs, `x_m`, `y_m` and `z_m`
    barycentric mean ecliptic J2000 metres, all float64; units are in the metadata of the fields. `stars["ra"]` is a
    column as a numpy array. Libraries that read Arrow C streams (polars, duckdb, pyarrow) accept a StarData directly.
    The stars come from `cells_read` cells of the universe, for which `bytes_read` bytes of its store were read.
    """

    def __init__(self, table: pa.Table, cells_read: int, bytes_read: int):
        self.table, self.cells_read, self.bytes_read = table, cells_read, bytes_read

    def __len__(self) -> int:
        return self.table.num_rows

    def __getitem__(self, column: str) -> NDArray:
        """Return the values of `column`, [N] or [N, 3]. Raises KeyError, naming the columns, if there is none."""
        if column not in self.columns:
            raise KeyError(f"no column {column} (there are {', '.join(self.columns)})")
        values = self.table[column].combine_chunks()
        if pa.types.is_fixed_size_list(values.type):
            return values.flatten().to_numpy().reshape(-1, values.type.list_size)
        return values.to_numpy()

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __repr__(self) -> str:
        return f"<StarData: {len(self):,} stars with {', '.join(self.columns)}>"

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.table.column_names)

    def to_arrow(self) -> pa.Table:
        """Return the stars as a pyarrow.Table, without a copy."""
        return self.table

    def to_pandas(self) -> pandas.DataFrame:
        """Return the stars as a pandas.DataFrame; needs pandas."""
        return self.table.to_pandas()

    def to_astropy(self) -> QTable:
        """Return the stars as an astropy QTable: columns with a unit are Quantities, `meta["frame"]` is `icrs`.

        `SkyCoord.guess_from_table` reads it, and `to_skycoord` returns the coordinates themselves.
        """
        from astropy.table import QTable

        units = {name: UNITS[name] for name in self.columns if name in UNITS}
        return QTable({name: self[name] for name in self}, units=units, meta={"frame": "icrs"})

    def to_skycoord(self) -> SkyCoord:
        """Return the positions of the stars as a SkyCoord [N] in the ICRS frame, with distances.

        Raises InputError unless `ra`, `dec` and `distance_pc` are among the columns.
        """
        from astropy import units as u
        from astropy.coordinates import SkyCoord

        absent = [name for name in DERIVED if name not in self.columns]
        if absent:
            raise InputError(f"no column {', '.join(absent)}: coordinates need {', '.join(DERIVED)}")
        ra, dec, distance_pc = (self[name] for name in DERIVED)
        return SkyCoord(ra * u.deg, dec * u.deg, distance_pc * u.pc, frame="icrs")


def query(
    emitters: EmitterColumns,
    cells: Cells,
    offsets: NDArray[np.int64],
    columns: Iterable[str] | None,
    indices: Sequence[int],
    within: Region | None,
) -> StarData:
    """Return the stars of those of `cells` [M] of these `indices` that are `within`, all if that is None.

    The stars of cell i are the rows offsets[i] to offsets[i + 1] of `emitters`.
    """
    chosen = np.zeros(len(cells), bool)
    chosen[list(indices)] = True
    if within is not None:
        chosen[chosen] = within.touches(cells[chosen])
    edges = np.flatnonzero(np.diff(np.r_[False, chosen, False]))
    starts, stops = offsets[edges[::2]], offsets[edges[1::2]]
    return _read(emitters, columns, starts, stops, within, int(chosen.sum()))


def sample(
    emitters: EmitterColumns, offsets: NDArray[np.int64], count: int, seed: int, columns: Iterable[str] | None
) -> StarData:
    """Return `count` of the `emitters`, drawn uniformly without replacement, in the order of the store."""
    total = emitters.count
    if not 0 <= count <= total:
        raise InputError(f"a sample of {count:,} stars: must be from 0 to {total:,}, the stars of {emitters.path}")
    rows = np.sort(np.random.default_rng(seed).choice(total, count, replace=False, shuffle=False))
    cells = np.unique(np.searchsorted(offsets, rows, side="right"))
    return _read(emitters, columns, rows, rows + 1, None, len(cells))


def _read(emitters: EmitterColumns, columns, starts, stops, within: Region | None, cells_read: int) -> StarData:
    """Return the stars of the rows [start, stop) that are `within`."""
    names = DEFAULT_COLUMNS if columns is None else tuple([columns] if isinstance(columns, str) else columns)
    known = (*emitters.names, *DERIVED)
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise InputError(f"{emitters.path}: no column {unknown} (it has {', '.join(known)})")
    derived = [name for name in names if name in DERIVED]
    place = POSITION if derived or within is not None else ()
    stored = tuple(dict.fromkeys((*place, *(name for name in names if name not in DERIVED))))
    before = emitters.bytes_read
    parts: list[dict[str, NDArray]] = [emitters.rows(stored, 0, 0)]
    for number in np.unique(_ranges(starts // emitters.block_rows, -(-stops // emitters.block_rows))).tolist():
        low, high = number * emitters.block_rows, min((number + 1) * emitters.block_rows, emitters.count)
        own = slice(np.searchsorted(stops, low, side="right"), np.searchsorted(starts, high, side="left"))
        rows = _ranges(np.maximum(starts[own], low), np.minimum(stops[own], high)) - low
        block = emitters.rows(place, low, high)
        if within is not None:
            rows = rows[within.holds(stacked_positions_m({name: block[name][rows] for name in place}))]
        if len(rows):
            block |= emitters.rows([name for name in stored if name not in place], low, high)
            parts.append({name: values[rows] for name, values in block.items()})
    values = {name: np.concatenate([part[name] for part in parts]) for name in stored}
    if derived:
        ra, dec, distance_m = ecliptic_m_to_icrs(stacked_positions_m(values))
        values |= {"ra": ra, "dec": dec, "distance_pc": distance_m / PARSEC_M}
    return StarData(_arrow({name: values[name] for name in names}), cells_read, emitters.bytes_read - before)


def _ranges(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the concatenated integers of all ranges [start, stop)."""
    counts = stops - starts
    ends = np.cumsum(counts)
    return np.arange(counts.sum()) + np.repeat(starts - (ends - counts), counts)


def _arrow(columns: dict[str, NDArray]) -> pa.Table:
    fields, arrays = [], []
    for name, values in columns.items():
        array: Any = pa.array(values.reshape(-1))
        if values.ndim > 1:
            array = pa.FixedSizeListArray.from_arrays(array, values.shape[1])
        metadata = {"unit": UNITS[name]} if name in UNITS else None
        fields.append(pa.field(name, array.type, nullable=False, metadata=metadata))
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"frame": "icrs"}))
