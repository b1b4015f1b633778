"""What became of the rows of files of small bodies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from helios.rejections import Rejection, RowCounts, summed


@dataclass(frozen=True)
class BodyCounts(RowCounts):
    """What became of the rows of files of small bodies.

    `assumed` are used rows that lack something and took it from elsewhere, by what they took. Add BodyCounts in the
    order of the rows: a sum keeps the first row of each reason.
    """

    assumed: Mapping[str, Rejection] = field(default_factory=dict)

    def __add__(self, later: BodyCounts) -> BodyCounts:
        return BodyCounts(
            self.rows_read + later.rows_read,
            summed(self.rejections, later.rejections),
            summed(self.assumed, later.assumed),
        )
