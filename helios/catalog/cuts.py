"""Which rows of a catalogue can be used; all others are counted, by reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from helios.catalog.table import FLOAT_COLUMNS, NO_ID, StarTable


@dataclass
class Reason:
    """How many rows were turned away for one reason, and the first of them as `FILE line N, VALUE`, or `row N`."""

    count: int = 0
    first: str = ""


@dataclass
class Rejections:
    """The rows turned away so far, by reason; a row counts once, under the first reason that holds."""

    reasons: dict[str, Reason] = field(default_factory=dict)
    rows_read: int = 0
    """The rows looked at, usable or not."""

    @property
    def total(self) -> int:
        """Number of rows turned away."""
        return sum(reason.count for reason in self.reasons.values())

    def add(self, why: str, count: int, first: str) -> None:
        """Count `count` rows under `why`; `first` is kept where it is the first of its kind."""
        reason = self.reasons.setdefault(why, Reason(first=first))
        reason.count += count

    def merge(self, other: Rejections) -> None:
        """Add what `other` has counted, later than this."""
        self.rows_read += other.rows_read
        for why, reason in other.reasons.items():
            self.add(why, reason.count, reason.first)

    def counts(self) -> dict[str, int]:
        """Number of rows by reason, reasons sorted."""
        return {why: self.reasons[why].count for why in sorted(self.reasons)}

    def __str__(self) -> str:
        return "; ".join(f"{why}: {reason.count:,} (first: {reason.first})" for why, reason in self.reasons.items())


@dataclass(frozen=True)
class _Cut:
    why: str
    column: str | None
    """The column whose value a message shows; None where there is nothing to show."""
    holds: Callable[[StarTable], NDArray[np.bool_]]


def _missing(column: str) -> _Cut:
    return _Cut(f"{column} missing", None, lambda table: np.isnan(getattr(table, column)))


def _infinite(column: str) -> _Cut:
    return _Cut(f"{column} not finite", column, lambda table: np.isinf(getattr(table, column)))


_NEEDED = ("ra", "dec", "parallax", "phot_g_mean_mag")

_CUTS = (
    _Cut("empty row", None, lambda table: np.all([np.isnan(getattr(table, c)) for c in FLOAT_COLUMNS], axis=0)),
    _Cut("source_id missing", None, lambda table: table.source_id == NO_ID),
    *(cut(column) for column in _NEEDED for cut in (_missing, _infinite)),
    _Cut("ra outside [0, 360)", "ra", lambda table: (table.ra < 0.0) | (table.ra >= 360.0)),
    _Cut("dec outside [-90, 90]", "dec", lambda table: np.abs(table.dec) > 90.0),
    _Cut("parallax not above 0", "parallax", lambda table: table.parallax <= 0.0),
    # The Sun has -26.9; catalogues write 99 where they have no magnitude.
    _Cut("phot_g_mean_mag outside [-30, 50]", "phot_g_mean_mag", lambda table: np.abs(table.phot_g_mean_mag - 10) > 40),
)


def _fainter_than(max_mag: float) -> _Cut:
    # In float32, as binary archive files have magnitudes: 4.3 is the same star there and in a text file.
    def holds(table: StarTable) -> NDArray[np.bool_]:
        with np.errstate(over="ignore"):
            return table.phot_g_mean_mag.astype(np.float32) > np.float32(max_mag)

    return _Cut("fainter than --max-mag", "phot_g_mean_mag", holds)


def drop_unusable(
    table: StarTable, name: str, rejections: Rejections, max_mag: float | None = None, row_unit: str = "line"
) -> StarTable:
    """Return the rows of `table` that are stars with a place and a brightness; the others go to `rejections`.

    `name` is the catalogue's and `row_unit` what its rows are called, for messages. Rows fainter than `max_mag`
    (apparent G) go too.
    """
    cuts = _CUTS
    if max_mag is not None:
        cuts = (*cuts, _fainter_than(max_mag))
    kept = np.ones(len(table), bool)
    for cut in cuts:
        wrong = cut.holds(table) & kept
        if wrong.any():
            kept &= ~wrong
            first = np.flatnonzero(wrong)[0]
            shown = f", {cut.column} {getattr(table, cut.column)[first]:.10g}" if cut.column else ""
            rejections.add(cut.why, int(wrong.sum()), f"{name} {row_unit} {table.row[first]}{shown}")
    return table if kept.all() else table[kept]


def first_of_each(source_id: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return a mask [N] of the rows whose source_id stands in no row before them."""
    order = np.argsort(source_id, kind="stable")
    ordered = source_id[order]
    kept = np.ones(len(source_id), bool)
    kept[order[1:]] = ordered[1:] != ordered[:-1]
    return kept


def brightest(phot_g_mean_mag: NDArray, source_id: NDArray[np.int64], limit: int) -> NDArray[np.bool_]:
    """Return a mask [N] of the `limit` brightest rows; of equals the one with the smaller source_id."""
    kept = np.zeros(len(source_id), bool)
    kept[np.lexsort((source_id, phot_g_mean_mag))[:limit]] = True
    return kept
