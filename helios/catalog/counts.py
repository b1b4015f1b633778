"""What became of a catalogue's rows, in counts that are summed from chunks to the universe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rejection:
    """How many rows were rejected for one reason, and the first of them for messages, such as `FILE line N, VALUE`."""

    count: int
    first: str


@dataclass(frozen=True)
class Counts:
    """Numbers of rows: `rows_read`, and of these the rejected, each under the first reason that applies.

    `corrected` rows had the zero point subtracted from their parallax; `uncorrected` have a parallax without a zero
    point; `converted` rows had V and B-V, from which G and BP-RP were made. Of the stars of a universe, `white` have no
    colour, `unmoved` no proper motion, and `across` a proper motion but no radial velocity. `unused` are values of
    stars that were not used, by reason. Add Counts in the order of the rows: a sum keeps the first row of each reason.
    """

    rows_read: int = 0
    rejections: Mapping[str, Rejection] = field(default_factory=dict)
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
            _summed(self.rejections, later.rejections),
            self.corrected + later.corrected,
            self.uncorrected + later.uncorrected,
            self.white + later.white,
            self.unmoved + later.unmoved,
            self.across + later.across,
            self.converted + later.converted,
            _summed(self.unused, later.unused),
        )

    @property
    def rejected(self) -> int:
        """The number of rejected rows."""
        return sum(rejection.count for rejection in self.rejections.values())

    def by_reason(self) -> dict[str, int]:
        """Return the number of rejected rows by reason, with the reasons sorted."""
        return {why: self.rejections[why].count for why in sorted(self.rejections)}

    def reasons(self) -> str:
        """Return all reasons on one line, each with its number of rows and the first of them."""
        return "; ".join(f"{why}: {r.count:,} (first: {r.first})" for why, r in self.rejections.items())


def _summed(first: Mapping[str, Rejection], later: Mapping[str, Rejection]) -> dict[str, Rejection]:
    summed = dict(first)
    for why, rejection in later.items():
        former = summed.get(why, Rejection(0, rejection.first))
        summed[why] = Rejection(former.count + rejection.count, former.first)
    return summed
