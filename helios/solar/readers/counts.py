"""What became of the rows of files of small bodies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rejection:
    """How many rows there are of one kind, and the first of them for messages, such as `FILE line N`."""

    count: int
    first: str


@dataclass(frozen=True)
class BodyCounts:
    """Numbers of rows: `rows_read`, and of these the rejected, each under one reason.

    `assumed` are used rows that lack something and took it from elsewhere, by what they took. Add BodyCounts in the
    order of the rows: a sum keeps the first row of each reason.
    """

    rows_read: int = 0
    rejections: Mapping[str, Rejection] = field(default_factory=dict)
    assumed: Mapping[str, Rejection] = field(default_factory=dict)

    def __add__(self, later: BodyCounts) -> BodyCounts:
        return BodyCounts(
            self.rows_read + later.rows_read,
            _summed(self.rejections, later.rejections),
            _summed(self.assumed, later.assumed),
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
