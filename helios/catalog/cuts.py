"""Which rows of a catalogue can be used; all others are counted, by reason."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from helios.catalog.row_cuts import Cuts, row_cuts
from helios.catalog.table import StarTable


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


def drop_unusable(
    table: StarTable, name: str, rejections: Rejections, cuts: Cuts | None = None, row_unit: str = "line"
) -> StarTable:
    """Return the rows of `table` that are stars with a place and a brightness; the others go to `rejections`.

    `name` is the catalogue's and `row_unit` what its rows are called, for messages. `cuts` says what else goes, and
    how distances are found; by default from parallaxes, and nothing else goes.
    """
    kept = np.ones(len(table), bool)
    for cut in row_cuts(cuts or Cuts()):
        wrong = cut.holds(table) & kept
        if wrong.any():
            kept &= ~wrong
            first = np.flatnonzero(wrong)[0]
            shown = f", {cut.label} {cut.value(table)[first]:.10g}" if cut.label else ""
            rejections.add(cut.why, int(wrong.sum()), f"{name} {row_unit} {table.row[first]}{shown}")
    return table if kept.all() else table[kept]


def first_of_each(source_id: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return a mask [N] of the rows whose source_id stands in no row before them."""
    order = np.argsort(source_id, kind="stable")
    ordered = source_id[order]
    kept = np.ones(len(source_id), bool)
    kept[order[1:]] = ordered[1:] != ordered[:-1]
    return kept
