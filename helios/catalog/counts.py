"""What became of a catalogue's rows, in counts that are summed from chunks to the universe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from helios.rejections import Rejection, RowCounts, summed


@dataclass(frozen=True)
class Counts(RowCounts):
    """What became of the rows of catalogues.

    `corrected` rows had the zero point subtracted from their parallax; `uncorrected` have a parallax without a zero
    point; `converted` rows had V and B-V, from which G and BP-RP were made. Of the stars of a universe, `white` have no
    colour, `unmoved` no proper motion, and `across` a proper motion but no radial velocity. `unused` are values of
    stars that were not used, by reason. Add Counts in the order of the rows: a sum keeps the first row of each reason.
    """

    corrected: int = 0
    uncorrected: int = 0
    white: int = 0
    unmoved: int = 0
    across: int = 0
    converted: int = 0
    unused: Mapping[str, Rejection] = field(default_factory=dict)

    @classmethod
    def rejecting(cls, why: str, count: int, first: str) -> Counts:
        """Return the Counts of `count` rows rejected for the reason `why`, of which `first` is the first."""
        return cls(rejections={why: Rejection(count, first)})

    def __add__(self, later: Counts) -> Counts:
        return Counts(
            self.rows_read + later.rows_read,
            summed(self.rejections, later.rejections),
            self.corrected + later.corrected,
            self.uncorrected + later.uncorrected,
            self.white + later.white,
            self.unmoved + later.unmoved,
            self.across + later.across,
            self.converted + later.converted,
            summed(self.unused, later.unused),
        )
