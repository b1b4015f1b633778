"""The progress of long work, as events that it passes to a callback and that a program shows as it likes.

Every function that may run for long takes `on_event` and prints nothing. It passes on Stage, then Advance and Note as
often as there is something to say, and Done once, at the end. Kinds of work with values of their own subclass these, so
that whoever shows progress needs to know these four only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Stage:
    """The stage `name` of the work begins: `done` of `total` `unit` are done already; the total is None if unknown."""

    name: str
    total: float | None = None
    unit: str = "pieces"
    done: float = 0.0


@dataclass(frozen=True)
class Advance:
    """`done` of the current stage are done, fractions included; `values` are worth showing beside that.

    A value's name says what it measures (`loss`) or, if it ends in `/s`, its unit; NaN is not shown. `curve` holds
    positive numbers that a screen may draw small beside them, NaN where there is none yet.
    """

    done: float
    values: Mapping[str, float | str] = field(default_factory=dict)
    curve: Sequence[float] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class Note:
    """Something worth a line that is neither an error nor progress; `text` is that line."""

    text: str


@dataclass(frozen=True)
class Done:
    """The work has ended; `result` is what its function returns."""

    result: Any


Event = Stage | Advance | Note | Done
OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The `on_event` of whoever does not want to know."""
