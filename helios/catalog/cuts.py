"""Selects the usable rows of a catalogue, and counts the others by reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helios.catalog.counts import Counts
from helios.catalog.row_cuts import COLOURS, Cuts, row_cuts
from helios.catalog.table import StarTable
from helios.rejections import Rejection


def drop_unusable(table: StarTable, label: str, cuts: Cuts | None = None) -> tuple[StarTable, Counts]:
    """Return the rows of `table` that are stars with a position and a magnitude, and the Counts of all its rows.

    `label` precedes a row's number in messages, such as "stars.csv line". `cuts` says which further rows to drop, by
    default none, and how distances are found, by default from parallaxes.
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
    stars, unused = _without_wild_colours(table if kept.all() else table[kept], label)
    return stars, counts + unused


def _without_wild_colours(stars: StarTable, label: str) -> tuple[StarTable, Counts]:
    """Return `stars` without the colours beyond COLOURS, and the Counts of these."""
    least, most = COLOURS
    wild = (stars.bp_rp < least) | (stars.bp_rp > most)
    if not wild.any():
        return stars, Counts()
    first = np.flatnonzero(wild)[0]
    where = f"{label} {stars.row[first]}, bp_rp {_decimal(stars.bp_rp[first])}"
    why = f"bp_rp outside [{least:g}, {most:g}]"
    unused = Counts(unused={why: Rejection(int(wild.sum()), where)})
    return stars.with_columns(bp_rp=np.where(wild, np.nan, stars.bp_rp)), unused


def first_of_each(source_id: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return a mask [N] of the rows whose source_id occurs in no earlier row."""
    order = np.argsort(source_id, kind="stable")
    ordered = source_id[order]
    kept = np.ones(len(source_id), bool)
    kept[order[1:]] = ordered[1:] != ordered[:-1]
    return kept


def _decimal(value: np.float64) -> str:
    """Return `value` as text; if it is a float32, with the fewest digits that identify it among these."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return f"{float(str(single)) if single == value else value:.10g}"
