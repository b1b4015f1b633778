"""What a metric returns."""

from __future__ import annotations

from dataclasses import dataclass

EMPTY = "no pixel counts"


@dataclass(frozen=True)
class Score:
    """A metric's value, or None with the reason why there is none: exactly one of the two is None."""

    value: float | None
    reason: str | None = None
