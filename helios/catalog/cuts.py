"""Which rows of a catalogue can be used; all others are counted, by reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helios.catalog.counts import Counts
from helios.catalog.row_cuts import Cuts, row_cuts
from helios.catalog.table import StarTable


def drop_unusable(table: StarTable, label: str, cuts: Cuts | None = None) -> tuple[StarTable, Counts]:
    """Return the rows of `table` that are stars with a place and a brightness, and the Counts of all its rows.

    `label` is what stands before a row's number in messages, such as "stars.csv line". `cuts` says what else goes, and
    how distances are found; by default from parallaxes, and nothing else goes.
    """
    kept = np.ones(len(table), bool)
    counts = Counts(rows_read=len(table))
    for cut in row_cuts(cuts or Cuts()):
        wrong = cut.holds(table) & kept
        if wrong.any():
            kept &= ~wrong
            first = np.flatnonzero(wrong)[0]
            value = f", {cut.label} {_decimal(cut.value(table)[first])}" if cut.label else ""
            counts += Counts.rejecting(cut.why, int(wrong.sum()), f"{label} {table.row[first]}{value}")
    return (table if kept.all() else table[kept]), counts


def first_of_each(source_id: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return a mask [N] of the rows whose source_id stands in no row before them."""
    order = np.argsort(source_id, kind="stable")
    ordered = source_id[order]
    kept = np.ones(len(source_id), bool)
    kept[order[1:]] = ordered[1:] != ordered[:-1]
    return kept


def _decimal(value: np.float64) -> str:
    """`value` in decimals; the fewest that tell it from its neighbours where it has single precision."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return f"{float(str(single)) if single == value else value:.10g}"
