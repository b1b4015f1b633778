"""How rows of files are counted: how many were read, and how many were rejected for which reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rejection:
    """How many rows there are of one kind, and the first of them for messages, such as `FILE line N, VALUE`."""

    count: int
    first: str


@dataclass(frozen=True)
class RowCounts:
    """Numbers of rows: `rows_read`, and of these the rejected, each under the first reason that applies."""

    rows_read: int = 0
    rejections: Mapping[str, Rejection] = field(default_factory=dict)

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


def summed(first: Mapping[str, Rejection], later: Mapping[str, Rejection]) -> dict[str, Rejection]:
    """Return both, those of a reason as one, of which the first is that of `first` where it has any."""
    total = dict(first)
    for why, rejection in later.items():
        former = total.get(why, Rejection(0, rejection.first))
        total[why] = Rejection(former.count + rejection.count, former.first)
    return total
