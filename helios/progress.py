"""How far long work has come: events that it tells a callback, and that a program shows as it likes.

Everything that takes long takes `on_event`, prints nothing, and tells Stage, then Advance and Note as often as there
is something to say, and Done once at its end. Values of its own kind of work are subclasses of these, so that whoever
shows progress needs to know these four alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Stage:
    """A stretch of work called `name` begins: `total` of `unit` are to be done, None where nobody knows, `done` are."""

    name: str
    total: float | None = None
    unit: str = "pieces"
    done: float = 0.0


@dataclass(frozen=True)
class Advance:
    """Of the stage under way `done` are done, parts of one counted; `values` are worth showing beside that.

    A number's name is what it is of (`loss`), or, ending in `/s`, its unit; NaN is not shown.
    """

    done: float
    values: Mapping[str, float | str] = field(default_factory=dict)


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
