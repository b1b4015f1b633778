"""What became of a catalogue's rows, in numbers that add up from chunk to universe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rejection:
    """How many rows were turned away for one reason, and the first of them as `FILE line N, VALUE`, or `row N`."""

    count: int
    first: str


@dataclass(frozen=True)
class Counts:
    """Numbers of rows: all that were read, and of these the rejected, by reason, each under the first that holds.

    `corrected` had the zero point subtracted from their parallax, and `uncorrected` have a parallax without one. Of
    the stars of a universe, `white` have no colour, `unmoved` no proper motion, and `across` one but no radial
    velocity. Sums are in the order of the rows: of each reason the first row is that of the first term which has one.
    """

    rows_read: int = 0
    rejections: Mapping[str, Rejection] = field(default_factory=dict)
    corrected: int = 0
    uncorrected: int = 0
    white: int = 0
    unmoved: int = 0
    across: int = 0

    @classmethod
    def rejecting(cls, why: str, count: int, first: str) -> Counts:
        """The Counts of `count` rows turned away for one reason, of which `first` is the first."""
        return cls(rejections={why: Rejection(count, first)})

    def __add__(self, later: Counts) -> Counts:
        rejections = dict(self.rejections)
        for why, rejection in later.rejections.items():
            former = rejections.get(why, Rejection(0, rejection.first))
            rejections[why] = Rejection(former.count + rejection.count, former.first)
        return Counts(
            self.rows_read + later.rows_read,
            rejections,
            self.corrected + later.corrected,
            self.uncorrected + later.uncorrected,
            self.white + later.white,
            self.unmoved + later.unmoved,
            self.across + later.across,
        )

    @property
    def rejected(self) -> int:
        """Number of rows turned away."""
        return sum(rejection.count for rejection in self.rejections.values())

    def by_reason(self) -> dict[str, int]:
        """Number of rows turned away by reason, reasons sorted."""
        return {why: self.rejections[why].count for why in sorted(self.rejections)}

    def reasons(self) -> str:
        """All reasons on one line, with the number of rows and the first of them."""
        return "; ".join(f"{why}: {r.count:,} (first: {r.first})" for why, r in self.rejections.items())
